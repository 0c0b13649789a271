//! The power goes out: what is on the disk is what was synced, and perhaps some of the rest.
//!
//! `power_cut.c` is preloaded into the till. It keeps, beside the live files, a directory with only
//! what the disk is bound to hold, and kills the till at one of its syncs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::child::{self, Orders};
use super::common::{Rng, fast_directory, seeds, try_open};
use super::world::{Tally, World};

/// Shops, and how often the power goes out in each.
const SHOPS: u64 = 24;
const CUTS_OF_A_SHOP: u64 = 10;
const WEAK_CUTS: u64 = 20;
/// What a till does before it closes by itself, if the power lasts.
const STEPS: usize = 30;
/// About as many syncs as these steps take.
const SYNCS: usize = 60;

#[test]
fn no_acknowledged_sale_is_lost() {
    let mut sum = Tally::default();
    for shop in seeds(SHOPS) {
        let mut random = Rng::new(shop);
        let mut data = fast_directory();
        let mut world = World::default();
        for cut in 0..CUTS_OF_A_SHOP {
            let till = Till { seed: shop * 1000 + cut, weak: false, torn: cut % 2 == 1 };
            // The first syncs are the making of the store: nothing is acknowledged yet.
            let first = if world.opened { 1 } else { 25 };
            data = till.run(&mut world, data, first + random.below(SYNCS), random.percent(50));
            assert!(world.opened, "shop {shop}");
            sum.cuts += 1;
            world.check(data.path(), &format!("shop {shop} (OLVIDO_SEED={shop}), cut {cut}"));
        }
        sum.acknowledged += world.figures().acknowledged;
        sum.forgotten += world.figures().forgotten;
    }
    println!("{sum:?}");
}

/// The test has teeth: commits that do not wait for the disk lose sales.
#[test]
fn without_waiting_for_the_disk_sales_are_lost() {
    let mut sum = Tally::default();
    for seed in 0..WEAK_CUTS {
        let mut world = World::default();
        let till = Till { seed, weak: true, torn: false };
        let data = till.run(&mut world, fast_directory(), 25 + Rng::new(seed).below(SYNCS / 2), true);
        sum.cuts += 1;
        let acknowledged = world.figures().acknowledged;
        // A store that does not open any more has lost them all: its counters can outlive their key.
        sum.lost += try_open(data.path()).map_or(acknowledged, |store| world.lost(&store));
        sum.acknowledged += acknowledged;
    }
    println!("synchronous=NORMAL: {sum:?}");
    assert!(sum.lost > 0);
}

/// Power that fails while the store is made leaves no store that says it is one: either the first
/// till said nothing, or everything is there.
#[test]
fn a_store_that_was_acknowledged_is_there() {
    for cut in 1..30 {
        let mut world = World::default();
        let till = Till { seed: cut, weak: false, torn: cut % 3 == 0 };
        let data = till.run(&mut world, fast_directory(), usize::try_from(cut).unwrap(), cut % 2 == 0);
        if world.opened {
            world.check(data.path(), &format!("cut {cut}"));
        }
    }
}

struct Till {
    seed: u64,
    weak: bool,
    torn: bool,
}

impl Till {
    /// Runs a till on `data` until the power goes out at that sync. Returns what the disk held.
    fn run(
        &self,
        world: &mut World,
        data: tempfile::TempDir,
        cut_at: usize,
        before: bool,
    ) -> tempfile::TempDir {
        let disk = fast_directory();
        let kept = world.kept();
        let orders =
            Orders { data: data.path(), seed: self.seed, steps: STEPS, weak: self.weak, kept: &kept };
        let mut command = child::command(&orders);
        preload(&mut command, data.path(), disk.path());
        command.env("CUT_AT", cut_at.to_string()).env("CUT_BEFORE", u8::from(before).to_string());
        if self.torn {
            command.env("CUT_TORN", (self.seed + 1).to_string());
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(complaint.is_empty(), "seed {}: {said}\n{complaint}", self.seed);
        world.hear(&said);
        fs::remove_dir_all(disk.path().join(".objects")).unwrap();
        disk
    }
}

/// Makes `command` run on a disk that keeps only what was synced.
pub fn preload(command: &mut Command, live: &Path, disk: &Path) {
    command.env("LD_PRELOAD", library()).env("CUT_LIVE", live).env("CUT_DISK", disk);
}

/// The library, compiled once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| compiled("power_cut"))
}

/// A library to preload, compiled. Needs a C compiler, as the bundled SQLite does.
pub fn compiled(name: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/reliability/{name}.c"));
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.so", std::process::id()));
    let status = Command::new("cc")
        .args(["-O1", "-Wall", "-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .status()
        .expect("cc, a C compiler, is installed");
    assert!(status.success(), "{name}.c compiles");
    library
}
