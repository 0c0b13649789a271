//! Requests that came with an id of their own: asked again, they get the same ticket and sell
//! nothing. Only a keyed hash of the id is kept, for [`DAYS_KEPT`] days.

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::ticket::Ticket;
use crate::seal::request_lookup;

use super::error::StoreError;
use super::open::Store;
use super::sale::Request;
use super::ticket::{self, day_number};

/// Days after which an id is no longer known.
pub const DAYS_KEPT: i32 = 30;

/// The ticket that a request was answered with.
pub(super) fn answered(connection: &Connection, id: &[u8; 16]) -> Result<Option<Ticket>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT ticket FROM request WHERE id = ?1")?;
    let Some(number) = statement.query_row([id], |row| row.get(0)).optional()? else { return Ok(None) };
    let missing = || StoreError::Damaged(format!("a request points at ticket {number}, which is missing"));
    ticket::find(connection, number)?.ok_or_else(missing).map(Some)
}

pub(super) fn remember(connection: &Connection, request: &Request, ticket: u64) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT INTO request (id, ticket, day) VALUES (?1, ?2, ?3)")?
        .execute(params![request.id, ticket, day_number(request.day)])?;
    Ok(())
}

impl Store {
    /// The keyed hash under which a client's own id is kept.
    pub fn request_id(&self, clients_id: &str) -> [u8; 16] {
        request_lookup(&self.store_key, clients_id)
    }

    /// The ticket that the request of this id was answered with.
    pub fn answered(&self, id: &[u8; 16]) -> Result<Option<Ticket>, StoreError> {
        answered(&self.connection, id)
    }

    /// Drops ids older than [`DAYS_KEPT`]. Returns how many.
    pub(super) fn expire_requests(&mut self, today: NaiveDate) -> Result<usize, StoreError> {
        let oldest = day_number(today) - DAYS_KEPT;
        Ok(self.connection.execute("DELETE FROM request WHERE day < ?1", [oldest])?)
    }
}
