//! Requests that came with an id of their own: asked again, they get the same ticket and sell
//! nothing. Only a keyed hash of the id is kept, for [`DAYS_KEPT`] days.

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, params};

use crate::seal::request_lookup;

use super::error::StoreError;
use super::open::Store;
use super::ticket::day_number;

/// Days after which an id is no longer known.
pub const DAYS_KEPT: i32 = 30;

pub(super) fn answered(connection: &Connection, id: &[u8; 16]) -> Result<Option<u64>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT ticket FROM request WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| row.get(0)).optional()?)
}

pub(super) fn remember(
    connection: &Connection,
    id: &[u8; 16],
    ticket: u64,
    day: NaiveDate,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT INTO request (id, ticket, day) VALUES (?1, ?2, ?3)")?
        .execute(params![id, ticket, day_number(day)])?;
    Ok(())
}

impl Store {
    /// The keyed hash under which a client's own id is kept.
    pub fn request_id(&self, clients_id: &str) -> [u8; 16] {
        request_lookup(&self.store_key, clients_id)
    }

    /// Drops ids older than [`DAYS_KEPT`]. Returns how many.
    pub(super) fn expire_requests(&mut self, today: NaiveDate) -> Result<usize, StoreError> {
        let oldest = day_number(today) - DAYS_KEPT;
        Ok(self.connection.execute("DELETE FROM request WHERE day < ?1", [oldest])?)
    }
}
