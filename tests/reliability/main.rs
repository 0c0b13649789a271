//! What must hold when things go wrong: nothing of what was forgotten is left in any file, and no
//! acknowledged sale is lost, whatever happens to the process, the power, the disk or the clock.
//!
//! A failing seed is printed; `OLVIDO_SEED=<seed>` runs it alone.

mod child;
mod clock;
mod common;
mod damage;
mod disk_full;
mod half_done;
mod kill;
mod lookups;
mod power_cut;
mod program;
mod residue;
mod world;
