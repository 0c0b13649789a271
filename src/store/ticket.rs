//! Tickets: the till's own series, numbered without a gap, chained by hash.

use chrono::{DateTime, NaiveDate};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::domain::sale::Sale;
use crate::domain::ticket::{Issuer, Ticket, TicketHash};

use super::error::StoreError;
use super::open::{Store, issuer_row};

/// The last ticket of the chain.
#[derive(Clone, Copy, Default)]
pub(super) struct Head {
    pub number: u64,
    pub hash: Option<TicketHash>,
}

impl Head {
    /// The chain with this ticket at its end.
    pub fn of(ticket: &Ticket) -> Head {
        Head { number: ticket.number, hash: Some(ticket.hash) }
    }
}

/// Days since 1970-01-01, as days are stored.
pub(super) fn day_number(day: NaiveDate) -> i32 {
    day.to_epoch_days()
}

/// Must be read inside the transaction that appends, or two writers take the same number.
pub(super) fn head(connection: &Connection) -> Result<Head, StoreError> {
    let at = |sql| -> Result<Option<Head>, StoreError> {
        let head = |row: &Row<'_>| Ok(Head { number: row.get(0)?, hash: Some(TicketHash(row.get(1)?)) });
        Ok(connection.prepare_cached(sql)?.query_row([], head).optional()?)
    };
    match at("SELECT number, hash FROM ticket ORDER BY number DESC LIMIT 1")? {
        Some(head) => Ok(head),
        // Numbers go on where all tickets went after their term.
        None => Ok(at("SELECT number, hash FROM anchor")?.unwrap_or_default()),
    }
}

/// Issues the next ticket, inside the sale's transaction.
pub(super) fn issue(
    connection: &Connection,
    head: &mut Head,
    issuer_id: i64,
    issuer: &Issuer,
    sale: &Sale,
) -> Result<Ticket, StoreError> {
    let mut ticket = Ticket {
        issuer: issuer.clone(),
        number: head.number + 1,
        at: sale.at,
        total: sale.priced.total,
        tax_total: sale.priced.tax_total,
        body: sale.ticket_body(),
        previous: head.hash,
        hash: TicketHash([0; 32]),
    };
    ticket.hash = ticket.expected_hash();
    assert!(ticket.adds_up(), "a frozen sale adds up");
    let at = ticket.at.to_rfc3339();
    let body = serde_json::to_string(&ticket.body).expect("a ticket body is JSON");
    insert(connection, issuer_id, &ticket, &at, &body)?;
    *head = Head::of(&ticket);
    Ok(ticket)
}

/// Writes the row of a ticket, with the texts of its time and body.
pub(super) fn insert(
    connection: &Connection,
    issuer_id: i64,
    ticket: &Ticket,
    at: &str,
    body: &str,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO ticket (number, issuer, at, total, tax_total, body, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let Ticket { number, total, tax_total, hash, .. } = ticket;
    statement.execute(params![number, issuer_id, at, total.0, tax_total.0, body, hash.0])?;
    Ok(())
}

const SELECT: &str =
    "SELECT t.number, t.at, t.total, t.tax_total, t.body, t.hash, i.name, i.tax_id, i.series,
    i.currency, coalesce((SELECT p.hash FROM ticket p WHERE p.number = t.number - 1),
        (SELECT a.hash FROM anchor a WHERE a.number = t.number - 1)) AS previous
    FROM ticket t JOIN issuer i ON i.id = t.issuer";

fn ticket_row(row: &Row<'_>) -> Result<Ticket, StoreError> {
    let previous: Option<[u8; 32]> = row.get("previous")?;
    ticket_of(row, issuer_row(row)?, previous.map(TicketHash))
}

fn ticket_of(row: &Row<'_>, issuer: Issuer, previous: Option<TicketHash>) -> Result<Ticket, StoreError> {
    let number: u64 = row.get("number")?;
    let damaged = |what: &str| StoreError::Damaged(format!("ticket {number}: {what}"));
    let at: String = row.get("at")?;
    let body: String = row.get("body")?;
    Ok(Ticket {
        issuer,
        number,
        at: DateTime::parse_from_rfc3339(&at).map_err(|_| damaged("its time"))?,
        total: crate::domain::money::Money(row.get("total")?),
        tax_total: crate::domain::money::Money(row.get("tax_total")?),
        body: serde_json::from_str(&body).map_err(|_| damaged("its amounts"))?,
        previous,
        hash: TicketHash(row.get("hash")?),
    })
}

/// The ticket behind `last` in a database that is not believed, with the texts of its time and body: `None` where it is
/// not there, or has not the hash of its fields behind `last`. Of its issuer the row has the id. Errors: of that row.
pub(super) fn next(
    connection: &Connection,
    last: Head,
    issuer: impl Fn(i64) -> Result<Issuer, StoreError>,
) -> Result<Option<(Ticket, String, String)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, issuer, at, total, tax_total, body, hash FROM ticket WHERE number = ?1",
    )?;
    let mut rows = statement.query([last.number + 1])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let ticket = ticket_of(row, issuer(row.get("issuer")?)?, last.hash)?;
    let is_next = ticket.number == last.number + 1 && ticket.hash == ticket.expected_hash();
    Ok(if is_next { Some((ticket, row.get("at")?, row.get("body")?)) } else { None })
}

/// The stored ticket of that number.
pub(super) fn find(connection: &Connection, number: u64) -> Result<Option<Ticket>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE t.number = ?1"))?;
    let mut rows = statement.query([number])?;
    rows.next()?.map(ticket_row).transpose()
}

impl Store {
    /// The stored ticket of that number in the series.
    pub fn ticket(&self, number: u64) -> Result<Option<Ticket>, StoreError> {
        find(&self.connection, number)
    }

    /// Every ticket, in order. `visit` returning an error stops and gives it back.
    pub fn each_ticket<E: From<StoreError>>(
        &self,
        mut visit: impl FnMut(Ticket) -> Result<(), E>,
    ) -> Result<(), E> {
        let walk =
            || self.connection.prepare(&format!("{SELECT} ORDER BY t.number")).map_err(StoreError::from);
        let mut statement = walk()?;
        let mut rows = statement.query([]).map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            visit(ticket_row(row)?)?;
        }
        Ok(())
    }

    /// The ticket issued last, if one is still there.
    pub fn last_ticket(&self) -> Result<Option<Ticket>, StoreError> {
        find(&self.connection, head(&self.connection)?.number)
    }

    /// When the last ticket was issued: a clock before that was set back.
    pub fn last_ticket_at(&self) -> Result<Option<DateTime<chrono::FixedOffset>>, StoreError> {
        let at: Option<String> = self
            .connection
            .query_row("SELECT at FROM ticket ORDER BY number DESC LIMIT 1", [], |row| row.get(0))
            .optional()?;
        Ok(at.and_then(|at| DateTime::parse_from_rfc3339(&at).ok()))
    }
}
