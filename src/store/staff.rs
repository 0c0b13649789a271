//! Who works at the till. PINs are hashed with a pepper that is not in the database.

use rusqlite::params;

use crate::seal::pin;

use super::error::StoreError;
use super::open::Store;

/// One member of staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffMember {
    pub id: i64,
    pub name: String,
}

impl Store {
    /// Adds a member of staff. `pin`: 4 to 8 digits, checked by the caller.
    pub fn add_staff(&mut self, name: &str, pin: &str) -> Result<StaffMember, StoreError> {
        let hash = pin::hash(pin, &self.store_key);
        self.connection.execute("INSERT INTO staff (name, pin_hash) VALUES (?1, ?2)", params![name, hash])?;
        Ok(StaffMember { id: self.connection.last_insert_rowid(), name: name.to_owned() })
    }

    /// Everybody, in the order they were added.
    pub fn staff(&self) -> Result<Vec<StaffMember>, StoreError> {
        let mut statement = self.connection.prepare("SELECT id, name FROM staff ORDER BY id")?;
        let rows = statement.query_map([], |row| Ok(StaffMember { id: row.get(0)?, name: row.get(1)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes that the till is locked, or that somebody has opened it: a restart opens nothing.
    pub fn set_locked(&mut self, locked: bool) -> Result<(), StoreError> {
        let sql = if locked {
            "INSERT INTO meta (name, value) VALUES ('locked', '1') ON CONFLICT (name) DO NOTHING"
        } else {
            "DELETE FROM meta WHERE name = 'locked'"
        };
        self.connection.execute(sql, [])?;
        Ok(())
    }

    /// Whether the till was locked and nobody has opened it since.
    pub fn is_locked(&self) -> Result<bool, StoreError> {
        Ok(self.connection.prepare("SELECT 1 FROM meta WHERE name = 'locked'")?.exists([])?)
    }

    /// Whose PIN this is, if anybody's. Takes tens of milliseconds for each member of staff.
    pub fn staff_with_pin(&self, pin: &str) -> Result<Option<StaffMember>, StoreError> {
        let mut statement = self.connection.prepare("SELECT id, name, pin_hash FROM staff ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let hash: String = row.get(2)?;
            let matches = pin::verify(pin, &hash, &self.store_key)
                .map_err(|_| StoreError::Damaged("a PIN hash".into()))?;
            if matches {
                return Ok(Some(StaffMember { id: row.get(0)?, name: row.get(1)? }));
            }
        }
        Ok(None)
    }
}
