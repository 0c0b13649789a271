//! A database and keys that are not of one moment: somebody has put an earlier `olvido.db` back, or an earlier
//! `olvido.keys`. Nobody knows which. What was sold since may have its keys in the keys file alone, so nothing may be
//! zeroed there that this database does not know, and nothing be sold on it: its next ticket may have a number that
//! was given already. And a key that is zeroed here may still be in the newer keys file, so no forget is complete.
//!
//! It is told by what is gone. Each sale seals the sums of the last sales under another key and zeroes the one
//! before, each forget zeroes its own: a key that the database needs, that is nowhere, and that it does not know as
//! forgotten was zeroed under a later one. A database from before the first sale needs no key yet, so that it cannot
//! be told.

use std::collections::HashSet;

use rusqlite::Connection;

use crate::seal::{KeyFile, KeysError, SlotId, SlotSurvey};

use super::columns::{NO_INDEX, slot_id};
use super::counts::Tally;
use super::damaged::readable_ids;
use super::error::StoreError;
use super::open::Store;

/// Refuses a database whose newest rows, which each sale writes anew, have keys that are gone. It reads three slots;
/// the whole file only where one is not as its row says. A damaged slot says nothing.
///
/// Errors: `DatabaseOlder`, and what SQLite and the keys file say.
pub(super) fn require_newest(connection: &Connection, keys: &KeyFile) -> Result<(), StoreError> {
    for slot in newest_slots(connection)? {
        if let Ok(None) = keys.key(slot)
            && !keys.live()?.live.iter().any(|live| live.owner == slot.owner)
        {
            return Err(StoreError::DatabaseOlder);
        }
    }
    Ok(())
}

/// Refuses keys that end before those rows' slots: the file was cut short, or is of before these were made. Errors:
/// `Keys` with the first slot that is behind the end, and what SQLite says.
pub(super) fn require_reach(connection: &Connection, keys: &KeyFile) -> Result<(), StoreError> {
    let end = keys.slot_count();
    let is_behind_end = |slot: &SlotId| slot.index >= end && slot.index != NO_INDEX;
    match newest_slots(connection)?.into_iter().find(is_behind_end) {
        Some(slot) => Err(KeysError::DamagedSlot(slot.index).into()),
        None => Ok(()),
    }
}

/// The slots of the rows that each sale, fold and open basket writes anew.
fn newest_slots(connection: &Connection) -> Result<Vec<SlotId>, StoreError> {
    if !tells(connection)? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare(
        "SELECT slot, owner FROM tally UNION ALL SELECT slot, owner FROM held
         UNION ALL SELECT slot, owner FROM draft WHERE sealed IS NOT NULL",
    )?;
    let rows = statement.query_map([], |row| slot_id(row, 0, row.get(1)?))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether a key is gone that this database needs and does not know as forgotten: then it may be older than these
/// keys, and what it does not know may have been sold since.
pub(super) fn is_behind(connection: &Connection, survey: &SlotSurvey) -> Result<bool, StoreError> {
    if !tells(connection)? {
        return Ok(false);
    }
    let forgotten = forgotten(connection);
    let live: HashSet<&[u8; 16]> = survey.live.iter().map(|slot| &slot.owner).collect();
    let damaged: HashSet<u32> = survey.damaged.iter().copied().collect();
    let mut statement = connection.prepare(
        "SELECT slot, id FROM purchase UNION ALL SELECT slot, owner FROM profile
         UNION ALL SELECT slot, owner FROM draft WHERE sealed IS NOT NULL
         UNION ALL SELECT slot, owner FROM tally UNION ALL SELECT slot, owner FROM held
         UNION ALL SELECT slot, owner FROM released",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let slot = slot_id(row, 0, row.get(1)?)?;
        if !forgotten.contains(&slot.owner) && !live.contains(&slot.owner) && !damaged.contains(&slot.index) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What needs no key although its row may still be there: it was forgotten, or is to go. As far as that can be read.
pub(super) fn forgotten(connection: &Connection) -> HashSet<[u8; 16]> {
    let mut found = readable_ids(connection, "SELECT id FROM tombstone");
    found.extend(readable_ids(connection, "SELECT owner FROM doomed"));
    found
}

/// Whether the keys are there with which the next sale goes on.
pub(super) fn opens_next(connection: &Connection, keys: &KeyFile) -> Result<bool, StoreError> {
    Ok(!tells(connection)? || Tally::load(connection, keys).is_ok())
}

/// In a database of 0.2.0 a row keeps its key, and what is gone says nothing.
fn tells(connection: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'held')";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// The slots that this database and this process need.
#[derive(Default)]
pub(super) struct Needed {
    owners: HashSet<[u8; 16]>,
    /// A damaged slot is known by its place alone.
    places: HashSet<u32>,
}

impl Needed {
    fn add(&mut self, slot: SlotId) {
        self.owners.insert(slot.owner);
        self.places.insert(slot.index);
    }

    /// By its owner: a row whose slot number was damaged still needs its key, wherever that is.
    pub(super) fn has(&self, slot: &SlotId) -> bool {
        if slot.is_place() { self.places.contains(&slot.index) } else { self.owners.contains(&slot.owner) }
    }
}

impl Store {
    /// Zeroes the keys of what was forgotten, wherever one is again, and the slots that crashes or damage left
    /// without use: these only where the database knows its keys. Reads the whole keys file.
    ///
    /// Returns whether the database knows its keys.
    pub fn reclaim_slots(&mut self) -> Result<bool, StoreError> {
        let forgotten = self.tombstones()?;
        let needed = match self.needed_slots() {
            Err(error) if error.is_of_database() => {
                log::error!("what the database needs cannot be read: {error}");
                None
            }
            needed => needed?,
        };
        if needed.is_none() {
            log::error!("keys that the database needs are gone: what it does not know is left alone");
        }
        let is_needed = |slot: &SlotId| needed.as_ref().is_none_or(|needed| needed.has(slot));
        self.keys.reclaim(|slot| !forgotten.contains(&slot.owner) && is_needed(slot))?;
        self.spares.places_are_known();
        Ok(needed.is_some())
    }

    /// `None` where the database does not know its keys.
    pub(super) fn needed_slots(&self) -> Result<Option<Needed>, StoreError> {
        if is_behind(&self.connection, &self.keys.live()?)? {
            return Ok(None);
        }
        let mut needed = Needed::default();
        let mut statement = self.connection.prepare(
            "SELECT slot, id FROM purchase UNION ALL SELECT slot, owner FROM profile
             UNION ALL SELECT slot, owner FROM draft UNION ALL SELECT slot, owner FROM tally
             UNION ALL SELECT slot, owner FROM held UNION ALL SELECT slot, owner FROM released
             UNION ALL SELECT slot, owner FROM doomed",
        )?;
        let rows = statement.query_map([], |row| slot_id(row, 0, row.get(1)?))?;
        for slot in rows {
            needed.add(slot?);
        }
        self.spares.purchases.iter().for_each(|spare| needed.add(spare.slot));
        self.spares.plain.iter().for_each(|spare| needed.add(spare.slot));
        Ok(Some(needed))
    }
}
