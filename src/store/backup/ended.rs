//! What a restore ends: kept in the store in place, and not in the backup. It is counted before anything is put in
//! place. Which receipts these were nobody knows afterwards; the store remembers between which days they were given.

use std::path::Path;

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use crate::store::error::StoreError;
use crate::store::open::connect_to_read;

/// Name in the table `meta`.
const RESTORED: &str = "restored";

/// What becomes of what followed the backup in the store in place, as far as that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Tickets that are taken over, without what was counted of them.
    pub tickets_taken_over: u64,
    /// Tickets that are there and are not taken over: damaged, or behind a damaged one. `None` where nothing tells how
    /// many, since the last one cannot be read.
    pub tickets_lost: Option<u64>,
    /// Kept purchases that are not in the restored store, and were not forgotten.
    pub purchases: usize,
    /// Customers of whom it keeps nothing any more.
    pub customers: usize,
}

/// Between which days something was kept that a restore may have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredDays {
    /// The day of the backup, of the earliest where there were several.
    pub from: NaiveDate,
    /// The day on which it was put back, of the last.
    pub to: NaiveDate,
}

impl RestoredDays {
    /// What a database says of itself. Errors: `Damaged`.
    pub(super) fn load(connection: &Connection) -> Result<Option<RestoredDays>, StoreError> {
        let days: Option<String> = connection
            .query_row("SELECT value FROM meta WHERE name = ?1", [RESTORED], |row| row.get(0))
            .optional()?;
        let damaged = |_| StoreError::Damaged("the days of a restore".into());
        days.map(|days| serde_json::from_str(&days).map_err(damaged)).transpose()
    }

    /// The days of both.
    pub(super) fn and(self, other: RestoredDays) -> RestoredDays {
        RestoredDays { from: self.from.min(other.from), to: self.to.max(other.to) }
    }

    pub(super) fn save(&self, connection: &Connection) -> Result<(), StoreError> {
        let days = serde_json::to_string(self).expect("a note is JSON");
        let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)";
        connection.execute(sql, [RESTORED, &days])?;
        Ok(())
    }
}

/// Where the store of this database was restored, between which days it may have lost what was kept. Errors: `Sql`,
/// `Damaged`.
pub fn restored_days(database: &Path) -> Result<Option<RestoredDays>, StoreError> {
    RestoredDays::load(&connect_to_read(database)?)
}
