//! The shop's own file: `olvido.db`, and the keys of what is sealed in it. The only home of SQL.
//!
//! One writer, WAL, `synchronous=FULL`: when [`Store::commit`] returns, the sale is on disk. What
//! is personal is ciphertext under a slot of `olvido.keys`, so forgetting is zeroing a slot; the
//! steps before and after it are in [`forget`]. Work that a sale need not wait for (new slots, old
//! keys, counters, the log) is done by [`Store::tend`], which the till calls between sales.

pub mod directory;

mod backup;
mod behind;
mod clock;
mod columns;
mod counts;
mod damaged;
mod draft;
mod error;
mod expire;
mod forget;
mod hub;
mod open;
mod outbox;
mod policy;
mod product;
mod profile;
mod purchase;
mod renewal;
mod request;
mod rest;
mod review;
mod sale;
mod schema;
mod spare;
mod staff;
mod ticket;
mod unopened;
mod upgrade;
mod verify;

#[cfg(test)]
mod tests;

pub use backup::{
    BackupError, BackupMade, Doubt, Ended, RestoredDays, Restoring, finish_restore, restored_days,
};
pub use clock::{ClockDays, DOUBTED_DAYS, counted};
pub use damaged::{destroy_key, destroy_keys_of, has_keys_of, note_forgotten};
pub use directory::Leftovers;
pub use error::StoreError;
pub use expire::{Expired, Waiting};
pub use forget::{Forgetting, Reason, Stage};
pub use hub::{Enrolment, ForgetState, HubState};
pub use open::{Files, PRAGMAS, Store, distrust_schema, is_unused, policy_in_force};
pub use outbox::{CountRow, ForgetRow, Outbox, PurchaseRow, TicketRow};
pub use product::Imported;
pub use profile::Customer;
pub use purchase::{Found, Purchase};
pub use review::{DaySum, Days, Review, TaxSum};
pub use sale::{Order, Outcome, Request, Sold};
pub use staff::StaffMember;
pub use verify::{Finding, FindingKind, Verified, quick_check_file};
