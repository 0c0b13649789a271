//! Windows that are over, sealed: a batch of rows for each fold that ended some, under a slot of its own.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use zeroize::Zeroizing;

use crate::seal::{KeyFile, SlotId, aead};
use crate::store::columns::slot_id;
use crate::store::error::StoreError;
use crate::store::forget::doom;
use crate::store::spare::PlainSpare;

use super::codec::{Reader, Writer};
use super::{Counted, MIX_TICKETS, row};

const FORMAT: u64 = 1;

/// How much was sold of a product in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Window {
    pub counted: Counted,
    /// Numbers of the first and last ticket.
    pub first: u64,
    pub last: u64,
    /// The local day of the first, as days since 1970-01-01: the term counts from it.
    pub day: i32,
    /// Thousandths of the product's unit.
    pub quantity: i64,
    /// Minor units of money, after every discount.
    pub amount: i64,
}

/// A row of the table: windows that are sealed together.
pub(in crate::store) struct Batch {
    number: i64,
    /// The first ticket of its windows, and the earliest of their days.
    pub first: u64,
    pub day: i32,
    pub slot: SlotId,
    sealed: Vec<u8>,
}

impl Batch {
    /// Errors: `Damaged`.
    pub(in crate::store) fn open(&self, keys: &KeyFile) -> Result<Vec<Window>, StoreError> {
        let damaged = || StoreError::Damaged(format!("released counts {} cannot be unsealed", self.number));
        let plain = row::open(keys, self.slot, &self.sealed)?.ok_or_else(damaged)?;
        read(&plain).ok_or_else(damaged)
    }

    /// Dooms its slot and drops the row, inside a transaction.
    pub(in crate::store) fn remove(&self, connection: &Connection) -> Result<(), StoreError> {
        for sql in [
            "UPDATE released SET sealed = zeroblob(length(sealed)) WHERE number = ?1",
            "DELETE FROM released WHERE number = ?1",
        ] {
            connection.prepare_cached(sql)?.execute([self.number])?;
        }
        doom(connection, self.slot)
    }
}

/// Writes windows as one batch, inside a transaction.
pub(super) fn write(
    connection: &Connection,
    spare: &PlainSpare,
    windows: &[Window],
) -> Result<(), StoreError> {
    let first = windows.iter().map(|window| window.first).min();
    let last = windows.iter().map(|window| window.last).max();
    let day = windows.iter().map(|window| window.day).min();
    connection
        .prepare_cached(
            "INSERT INTO released (slot, owner, first, last, day, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            spare.slot.index,
            spare.slot.owner,
            first,
            last,
            day,
            aead::seal(&spare.key, &spare.slot.owner, &plain(windows))
        ])?;
    Ok(())
}

/// Batches that a condition on the columns in the clear finds. With damage in one of them the others are read.
pub(in crate::store) fn batches(
    connection: &Connection,
    condition: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<Batch>, StoreError> {
    let sql = format!(
        "SELECT number, slot, owner, sealed, day, first FROM released WHERE {condition} ORDER BY number"
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map(values, |row| {
        let slot = slot_id(row, 1, row.get(2)?)?;
        Ok(Batch { number: row.get(0)?, day: row.get(4)?, first: row.get(5)?, slot, sealed: row.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Every window, or those that lie within tickets `first` to `last`. `visit` is given them batch by batch.
/// Errors: `Damaged` where one does not open.
pub(in crate::store) fn each(
    connection: &Connection,
    keys: &KeyFile,
    (first, last): (u64, u64),
    mut visit: impl FnMut(Window) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    for batch in batches(connection, "last >= ?1 AND first <= ?2", [whole(first), whole(last)])? {
        for window in batch.open(keys)? {
            if window.first >= first && window.last <= last {
                visit(window)?;
            }
        }
    }
    Ok(())
}

/// The first tickets of windows that are thinner than the rule allows, or overlap another of their product.
pub(in crate::store) fn thin(mut windows: Vec<Window>) -> Vec<u64> {
    windows.sort_by_key(|window| window.first);
    let mut ends: BTreeMap<Counted, u64> = BTreeMap::new();
    let mut thin = Vec::new();
    for window in windows {
        let end = ends.entry(window.counted).or_default();
        if window.first <= *end || window.last < window.first + MIX_TICKETS - 1 {
            thin.push(window.first);
        }
        *end = window.last.max(*end);
    }
    thin
}

fn plain(windows: &[Window]) -> Zeroizing<Vec<u8>> {
    let mut writer = Writer::default();
    writer.number(FORMAT);
    writer.number(windows.len() as u64);
    let mut before = 0;
    for window in windows {
        window.counted.write(&mut writer, &mut before);
        writer.number(window.first);
        writer.number(window.last);
        writer.signed(i64::from(window.day));
        writer.signed(window.quantity);
        writer.signed(window.amount);
    }
    writer.into_bytes()
}

fn read(plain: &[u8]) -> Option<Vec<Window>> {
    let mut reader = Reader(plain);
    if reader.number()? != FORMAT {
        return None;
    }
    let mut windows = Vec::new();
    let mut before = 0;
    for _ in 0..reader.number()? {
        windows.push(Window {
            counted: Counted::read(&mut reader, &mut before)?,
            first: reader.number()?,
            last: reader.number()?,
            day: reader.signed()?.try_into().ok()?,
            quantity: reader.signed()?,
            amount: reader.signed()?,
        });
    }
    reader.is_at_end().then_some(windows)
}
