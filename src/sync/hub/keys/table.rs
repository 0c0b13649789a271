//! The keys of several hubs, in a database of their own. It holds nothing else, is small, and nobody
//! archives its log or backs it up: so its tables and its log can be written anew until no destroyed
//! key stands in them. The keys in it are wrapped under `hub.key`, which every one of the hubs has.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use crate::seal::{DataKey, KeyWrapper, KeysError, SlotId, SlotSurvey, StoreKey, random_id};
use crate::sync::hub::db::{Database, Engine, Row, Transaction, Value};
use crate::sync::hub::erased::{Erased, Listed};
use crate::sync::hub::error::HubError;
use crate::sync::hub::{KEYS_HEADER, damaged, meta, set_meta, set_meta_once, stores};

use super::Doomed;

pub(in crate::sync::hub) struct TableKeys {
    database: Database,
    wrapper: KeyWrapper,
    id: [u8; 16],
    starts: u32,
}

/// Names in the table `hub`.
const STARTS: &str = "starts";
const SCRUBBED_AT: &str = "scrubbed-at";

/// In PostgreSQL the log is written anew no more often.
const SCRUB_SECONDS: i64 = 60;
/// A key that another hub gave out so lately may be on its way to what it seals.
const YOUNG_SECONDS: i64 = 3600;

/// Steps of an erasure behind the first, at which it is only listed.
const DESTROYED: i64 = 1;
const TRACELESS: i64 = 2;

impl TableKeys {
    /// Errors: `Invalid("keys")` for a database that holds records; `Keys(WrongStoreKey)` where these keys
    /// belong to another `hub.key`; `Database`.
    pub(super) fn open(database: Database, key: &StoreKey) -> Result<TableKeys, HubError> {
        let wrapper = KeyWrapper::new(key);
        let new_header = wrapper.new_header();
        let (header, starts) = database.write(|tx| {
            if !stores(tx)?.is_empty() {
                return Err(HubError::Invalid("keys"));
            }
            set_meta_once(tx, KEYS_HEADER, &new_header)?;
            let header = meta(tx, KEYS_HEADER)?.ok_or_else(|| damaged("hub.keys-header"))?;
            // Locks the row, so that no two hubs count the same.
            set_meta_once(tx, STARTS, &0u32.to_be_bytes())?;
            let sql = "UPDATE hub SET value = value WHERE store = '' AND name = $1 RETURNING value";
            let row = tx.query_one(sql, &[Value::Text(STARTS)])?.ok_or_else(|| damaged("hub.starts"))?;
            let starts = u32::from_be_bytes(row.array(0)?);
            set_meta(tx, STARTS, &starts.saturating_add(1).to_be_bytes())?;
            Ok((header, starts))
        })?;
        let id = wrapper.id_of(&header)?;
        Ok(TableKeys { database, wrapper, id, starts })
    }

    pub(super) fn id(&self) -> [u8; 16] {
        self.id
    }

    pub(super) fn starts(&self) -> u32 {
        self.starts
    }

    pub(super) fn give(
        &self,
        store: &str,
        owners: &[[u8; 16]],
        now: DateTime<Utc>,
    ) -> Result<Vec<(SlotId, DataKey)>, HubError> {
        let (mut given, mut wrapped) = (Vec::with_capacity(owners.len()), Vec::with_capacity(owners.len()));
        for owner in owners {
            // Another hub may give a key to the same owner at this moment: each has a slot of its own.
            let random = random_id();
            let index = u32::from_be_bytes([random[0], random[1], random[2], random[3]]);
            let id = SlotId { index, owner: *owner };
            let (bytes, key) = self.wrapper.give(id);
            wrapped.push(bytes);
            given.push((id, key));
        }
        let rows: Vec<Vec<Value<'_>>> = given
            .iter()
            .zip(&wrapped)
            .map(|((id, _), bytes)| {
                let [store, owner, slot] = place(store, id);
                vec![store, owner, slot, Value::Bytes(bytes), Value::Int(now.timestamp())]
            })
            .collect();
        self.database.write(|tx| {
            let sql = "INSERT INTO hub_key (store, owner, slot, wrapped, given_at)
                       VALUES ($1, $2, $3, $4, $5)";
            Ok(tx.execute_each(sql, &rows)?)
        })?;
        Ok(given)
    }

    pub(super) fn key(&self, store: &str, slot: SlotId) -> Result<Option<DataKey>, HubError> {
        let sql = "SELECT wrapped FROM hub_key WHERE store = $1 AND owner = $2 AND slot = $3";
        let row = self.database.read(|tx| Ok(tx.query_one(sql, &place(store, &slot))?))?;
        row.map(|row| Ok(self.wrapper.open(slot, row.bytes(0)?)?)).transpose()
    }

    pub(super) fn destroy(&self, store: &str, slots: &[SlotId]) -> Result<(), HubError> {
        if slots.is_empty() {
            return Ok(());
        }
        self.database.write(|tx| destroy(tx, store, slots))
    }

    pub(super) fn erase(&self, store: &str, doomed: &[Doomed]) -> Result<(), HubError> {
        let args: Vec<Vec<Value<'_>>> =
            doomed.iter().map(|(id, _)| vec![Value::Text(store), Value::Bytes(id)]).collect();
        self.database.write(|tx| {
            let sql = "INSERT INTO erased (store, id, step) VALUES ($1, $2, 0)
                       ON CONFLICT (store, id) DO NOTHING";
            Ok(tx.execute_each(sql, &args)?)
        })?;
        let slots: Vec<SlotId> = doomed.iter().filter_map(|(_, slot)| *slot).collect();
        let steps: Vec<Vec<Value<'_>>> = doomed
            .iter()
            .map(|(id, slot)| {
                let step = if slot.is_some() { DESTROYED } else { TRACELESS };
                vec![Value::Text(store), Value::Bytes(id), Value::Int(step)]
            })
            .collect();
        self.database.write(|tx| {
            destroy(tx, store, &slots)?;
            let sql = "UPDATE erased SET step = $3 WHERE store = $1 AND id = $2 AND step < $3";
            Ok(tx.execute_each(sql, &steps)?)
        })
    }

    pub(super) fn list(&self, erased: &[Erased]) -> Result<(), HubError> {
        let args: Vec<Vec<Value<'_>>> =
            erased.iter().map(|(store, id)| vec![Value::Text(store), Value::Bytes(id)]).collect();
        if args.is_empty() {
            return Ok(());
        }
        self.database.write(|tx| {
            let sql = "INSERT INTO erased (store, id, step) VALUES ($1, $2, 2)
                       ON CONFLICT (store, id) DO NOTHING";
            Ok(tx.execute_each(sql, &args)?)
        })
    }

    pub(super) fn listed(&self) -> Result<Listed, HubError> {
        let rows = self.database.read(|tx| Ok(tx.query("SELECT store, id FROM erased", &[])?))?;
        let erased = rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.array(1)?)));
        Ok(Listed { erased: erased.collect::<Result<_, HubError>>()?, damaged: 0 })
    }

    pub(super) fn scrub(&self, now: DateTime<Utc>) -> Result<(), HubError> {
        let destroyed = self.at_step(DESTROYED)?;
        if destroyed.is_empty() || !self.has_turn(now)? || !self.database.scrub_keys()? {
            return Ok(());
        }
        let args: Vec<Vec<Value<'_>>> =
            destroyed.iter().map(|(store, id)| vec![Value::Text(store), Value::Bytes(id)]).collect();
        self.database.write(|tx| {
            let sql = "UPDATE erased SET step = 2 WHERE store = $1 AND id = $2";
            Ok(tx.execute_each(sql, &args)?)
        })
    }

    pub(super) fn has_traces(&self) -> Result<bool, HubError> {
        let sql = "SELECT 1 FROM erased WHERE step < 2 LIMIT 1";
        Ok(self.database.read(|tx| Ok(tx.query_one(sql, &[])?))?.is_some())
    }

    pub(super) fn with_traces(&self, store: &str, ids: &[[u8; 16]]) -> Result<HashSet<[u8; 16]>, HubError> {
        let args: Vec<Vec<Value<'_>>> =
            ids.iter().map(|id| vec![Value::Text(store), Value::Bytes(id)]).collect();
        let found = self.database.read(|tx| {
            let sql = "SELECT id FROM erased WHERE store = $1 AND id = $2 AND step < 2";
            Ok(tx.query_each(sql, &args)?)
        })?;
        found.iter().flatten().map(|row| Ok(row.array(0)?)).collect()
    }

    pub(super) fn reclaim(&self, needed: &HashSet<SlotId>, now: DateTime<Utc>) -> Result<(), HubError> {
        let old = Value::Int(now.timestamp() - YOUNG_SECONDS);
        let sql = "SELECT store, owner, slot FROM hub_key WHERE given_at < $1";
        let rows = self.database.read(|tx| Ok(tx.query(sql, &[old])?))?;
        for row in &rows {
            let slot = slot_of(row, 1)?;
            if !needed.contains(&slot) {
                self.destroy(row.text(0)?, &[slot])?;
            }
        }
        Ok(())
    }

    pub(super) fn check(&self) -> Result<SlotSurvey, HubError> {
        let sql = "SELECT owner, slot, wrapped FROM hub_key ORDER BY store, owner, slot";
        let mut survey = SlotSurvey::default();
        for row in &self.database.read(|tx| Ok(tx.query(sql, &[])?))? {
            let slot = slot_of(row, 0)?;
            match self.wrapper.open(slot, row.bytes(2)?) {
                Ok(_) => survey.live.push(slot),
                Err(KeysError::DamagedSlot(index)) => survey.damaged.push(index),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(survey)
    }

    fn at_step(&self, step: i64) -> Result<Vec<Erased>, HubError> {
        let sql = "SELECT store, id FROM erased WHERE step = $1";
        let rows = self.database.read(|tx| Ok(tx.query(sql, &[Value::Int(step)])?))?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.array(1)?))).collect()
    }

    /// Whether no hub has done it within a minute; then this one does. SQLite's log is short: always.
    fn has_turn(&self, now: DateTime<Utc>) -> Result<bool, HubError> {
        if self.database.engine() == Engine::Sqlite {
            return Ok(true);
        }
        self.database.write(|tx| {
            set_meta_once(tx, SCRUBBED_AT, &0i64.to_be_bytes())?;
            let sql = "UPDATE hub SET value = value WHERE store = '' AND name = $1 RETURNING value";
            let row = tx.query_one(sql, &[Value::Text(SCRUBBED_AT)])?;
            let at = row.ok_or_else(|| damaged("hub.scrubbed-at"))?.array(0).map(i64::from_be_bytes)?;
            // A clock that was set back waits no longer.
            let is_due = !(0..SCRUB_SECONDS).contains(&(now.timestamp() - at));
            if is_due {
                set_meta(tx, SCRUBBED_AT, &now.timestamp().to_be_bytes())?;
            }
            Ok(is_due)
        })
    }
}

/// Overwrites, so that SQLite's freed cells hold zeros, and deletes.
fn destroy(tx: &mut Transaction<'_>, store: &str, slots: &[SlotId]) -> Result<(), HubError> {
    let places: Vec<Vec<Value<'_>>> = slots.iter().map(|slot| place(store, slot).to_vec()).collect();
    let zeros = [0; KeyWrapper::LENGTH];
    let overwritten: Vec<Vec<Value<'_>>> = places
        .iter()
        .map(|place| place.iter().copied().chain([Value::Bytes(&zeros[..])]).collect())
        .collect();
    let sql = "UPDATE hub_key SET wrapped = $4 WHERE store = $1 AND owner = $2 AND slot = $3";
    tx.execute_each(sql, &overwritten)?;
    let sql = "DELETE FROM hub_key WHERE store = $1 AND owner = $2 AND slot = $3";
    Ok(tx.execute_each(sql, &places)?)
}

fn place<'a>(store: &'a str, slot: &'a SlotId) -> [Value<'a>; 3] {
    [Value::Text(store), Value::Bytes(&slot.owner), Value::Int(slot.index.into())]
}

fn slot_of(row: &Row, column: usize) -> Result<SlotId, HubError> {
    let index = u32::try_from(row.int(column + 1)?).map_err(|_| damaged("hub_key.slot"))?;
    Ok(SlotId { index, owner: row.array(column)? })
}
