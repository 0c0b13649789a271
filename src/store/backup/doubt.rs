//! What a restore cannot know: purchases that it brought back, and that may have been forgotten after the backup.
//! The store remembers that for as long as any of them is kept, and [`Store::verify`] repeats it.
//!
//! [`Store::verify`]: crate::store::Store::verify

use chrono::{DateTime, FixedOffset};
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use crate::store::error::StoreError;
use crate::store::ticket::day_number;

/// Name in the table `meta`.
const DOUBT: &str = "doubt";

/// Purchases of which nobody knows whether they were forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// When the backup was made that brought them back.
    pub backup_at: DateTime<FixedOffset>,
    /// How many of them are kept, at the most.
    pub purchases: u64,
}

impl Doubt {
    /// What a database says of itself. Errors: `Damaged`.
    pub(super) fn load(connection: &Connection) -> Result<Option<Doubt>, StoreError> {
        let doubt: Option<String> = connection
            .query_row("SELECT value FROM meta WHERE name = ?1", [DOUBT], |row| row.get(0))
            .optional()?;
        let damaged = |_| StoreError::Damaged("the note of a restore".into());
        doubt.map(|doubt| serde_json::from_str(&doubt).map_err(damaged)).transpose()
    }

    /// Two notes of the same purchases: what both can say at the most.
    pub(super) fn or(self, other: Doubt) -> Doubt {
        Doubt {
            backup_at: self.backup_at.max(other.backup_at),
            purchases: self.purchases.max(other.purchases),
        }
    }

    /// An earlier note, and one of further purchases.
    pub(super) fn and(self, later: Doubt) -> Doubt {
        Doubt { purchases: self.purchases.saturating_add(later.purchases), ..self.or(later) }
    }

    pub(super) fn save(&self, connection: &Connection) -> Result<(), StoreError> {
        let doubt = serde_json::to_string(self).expect("a note is JSON");
        connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)", [DOUBT, &doubt])?;
        Ok(())
    }
}

/// What is still in doubt; `None` where nothing is. Errors: `Damaged`.
pub(in crate::store) fn doubt(connection: &Connection) -> Result<Option<Doubt>, StoreError> {
    let Some(Doubt { backup_at, purchases }) = Doubt::load(connection)? else { return Ok(None) };
    let sql = "SELECT count(*) FROM purchase WHERE day <= ?1";
    let kept: u64 = connection.query_row(sql, [day_number(backup_at.date_naive())], |row| row.get(0))?;
    let purchases = purchases.min(kept);
    Ok((purchases > 0).then_some(Doubt { backup_at, purchases }))
}
