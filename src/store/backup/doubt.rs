//! What a restore cannot know: purchases that it brought back, and that may have been forgotten after the backup.
//! The store remembers that for as long as any of them is kept, and [`Store::verify`] repeats it.
//!
//! [`Store::verify`]: crate::store::Store::verify

use chrono::{DateTime, FixedOffset};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::domain::series::Series;
use crate::store::error::StoreError;

/// Name in the table `meta`.
const DOUBT: &str = "doubt";

/// Purchases of which nobody knows whether they were forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// When the backup was made that brought them back.
    pub backup_at: DateTime<FixedOffset>,
    /// How many of them are kept, at the most.
    pub purchases: u64,
}

/// As it stands in the table.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Noted {
    backup_at: DateTime<FixedOffset>,
    purchases: u64,
    /// The last place of a purchase in the outbox that the backup had: a place is used once.
    through: u64,
}

impl Noted {
    /// That many of the purchases in this database, which is the backup's.
    pub fn of(
        connection: &Connection,
        backup_at: DateTime<FixedOffset>,
        purchases: usize,
    ) -> Result<Noted, StoreError> {
        let sql = "SELECT coalesce(max(idx), 0) FROM outbox WHERE series = ?1";
        let through = connection.query_row(sql, [Series::Purchase.number()], |row| row.get(0))?;
        Ok(Noted { backup_at, purchases: purchases as u64, through })
    }

    /// What a database says of itself. Errors: `Damaged`.
    pub fn load(connection: &Connection) -> Result<Option<Noted>, StoreError> {
        let noted: Option<String> = connection
            .query_row("SELECT value FROM meta WHERE name = ?1", [DOUBT], |row| row.get(0))
            .optional()?;
        let damaged = |_| StoreError::Damaged("the note of a restore".into());
        noted.map(|noted| serde_json::from_str(&noted).map_err(damaged)).transpose()
    }

    pub fn save(&self, connection: &Connection) -> Result<(), StoreError> {
        let noted = serde_json::to_string(self).expect("a note is JSON");
        connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)", [DOUBT, &noted])?;
        Ok(())
    }
}

/// What is still in doubt; `None` where nothing is. Errors: `Damaged`.
pub(in crate::store) fn doubt(connection: &Connection) -> Result<Option<Doubt>, StoreError> {
    let Some(Noted { backup_at, purchases, through }) = Noted::load(connection)? else { return Ok(None) };
    let sql = "SELECT count(id) FROM outbox WHERE series = ?1 AND idx <= ?2";
    let kept: u64 =
        connection.query_row(sql, params![Series::Purchase.number(), through], |row| row.get(0))?;
    let purchases = purchases.min(kept);
    Ok((purchases > 0).then_some(Doubt { backup_at, purchases }))
}
