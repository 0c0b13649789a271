//! Kept purchases. Each is sealed whole under a key of its own before it goes near the database, so
//! that destroying the key is all that erasing needs, whatever the database keeps of it.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::caller::Caller;
use super::db::{Row, Transaction, Value};
use super::error::{DbError, HubError};
use super::judge::{self, flag_name};
use super::keys::owner;
use super::stored;
use super::upload::{Incoming, NewRecord, Taking};
use super::{Hub, epoch_of, has_keys, int, lock_store, opt_int};
use crate::seal::{SlotId, aead};
use crate::sync::record::{BodyHash, Origin, Series};
use crate::sync::wire::{Answer, Flag, UploadAnswer};

/// A purchase that came, before it is anywhere.
pub(super) struct Sending {
    pub id: [u8; 16],
    /// Last day, since 1970-01-01.
    pub until: Option<i64>,
    pub flag: Option<Flag>,
}

/// Sealed bytes and where their key is.
type Sealed = (SlotId, Vec<u8>);

/// The purchase in this body. One that cannot be read is kept under its id all the same, so that a forget
/// finds it; where it has none, under one made from its bytes.
pub(super) fn read(body: &str) -> Sending {
    match judge::purchase(body) {
        Ok(purchase) => Sending {
            id: purchase.id.0,
            until: purchase.until.map(|day| i64::from(day.to_epoch_days())),
            flag: None,
        },
        Err(flag) => {
            let id = judge::id(body).map_or_else(|| stand_in(body), |id| id.0);
            Sending { id, until: None, flag: Some(flag) }
        }
    }
}

fn stand_in(body: &str) -> [u8; 16] {
    let digest = Sha256::new().chain_update(b"olvido 1 unread purchase\0").chain_update(body).finalize();
    std::array::from_fn(|place| digest[place])
}

impl Hub {
    pub(super) fn upload_purchases(
        &self,
        caller: &Caller,
        incoming: &Incoming<'_>,
        through: u64,
        now: DateTime<Utc>,
    ) -> Result<UploadAnswer, HubError> {
        let sendings: Vec<Option<Sending>> = incoming.bodies.iter().map(|body| body.map(read)).collect();
        let sealed = self.seal_new(caller, incoming, &sendings, through, now)?;
        let keys = self.keys.id()?;
        let taken = self.database.write(|tx| {
            lock_store(tx, &caller.store)?.ok_or(HubError::Unauthorized)?;
            if !has_keys(tx, &keys)? {
                return Err(HubError::KeysElsewhere);
            }
            take(tx, caller, incoming, &sendings, &sealed, now)
        });
        let unused = |used: &HashSet<usize>| -> Vec<SlotId> {
            sealed.iter().filter(|(place, _)| !used.contains(place)).map(|(_, (slot, _))| *slot).collect()
        };
        match taken {
            Ok((answer, used)) => {
                self.keys.destroy(&caller.store, &unused(&used))?;
                Ok(answer)
            }
            // It may be committed all the same: then the keys are needed. The next start tells.
            Err(error @ HubError::Database(DbError::Unreachable(_) | DbError::NotReplicated)) => Err(error),
            Err(error) => {
                self.keys.destroy(&caller.store, &unused(&HashSet::new()))?;
                Err(error)
            }
        }
    }

    /// Seals what seems new, each under a fresh key, by one write of the keys. By place in the run.
    fn seal_new(
        &self,
        caller: &Caller,
        incoming: &Incoming<'_>,
        sendings: &[Option<Sending>],
        through: u64,
        now: DateTime<Utc>,
    ) -> Result<HashMap<usize, Sealed>, HubError> {
        let store = caller.store.as_str();
        let there = self.database.read(|tx| look_up(tx, store, sendings))?;
        let is_new = |(place, there): &(usize, &Option<There>)| {
            incoming.index(*place) > through
                && there.as_ref().is_some_and(|there| !there.is_buried && there.home.is_none())
        };
        let places = there.iter().enumerate().filter(is_new).map(|(place, _)| place);
        let new: Vec<(usize, &Sending)> =
            places.filter_map(|place| Some((place, sendings[place].as_ref()?))).collect();
        let owners: Vec<[u8; 16]> = new.iter().map(|(_, sending)| owner(store, &sending.id)).collect();
        let keys = self.keys.give(store, &owners, now)?;
        let sealed = new.iter().zip(keys).filter_map(|((place, _), (slot, key))| {
            let body = incoming.bodies[*place]?;
            Some((*place, (slot, aead::seal(&key, &slot.owner, body.as_bytes()))))
        });
        Ok(sealed.collect())
    }
}

/// What is there under the id of a purchase.
struct There {
    is_buried: bool,
    /// The record that it came with.
    home: Option<(Origin, u64)>,
}

/// What is there of each purchase.
fn look_up(
    tx: &mut Transaction<'_>,
    store: &str,
    sendings: &[Option<Sending>],
) -> Result<Vec<Option<There>>, HubError> {
    let args: Vec<Vec<Value<'_>>> = sendings
        .iter()
        .flatten()
        .map(|sending| vec![Value::Text(store), Value::Bytes(&sending.id)])
        .collect();
    let found = tx.query_each(
        "SELECT (SELECT count(*) FROM tombstone t WHERE t.store = $1 AND t.id = $2), p.device, p.epoch, p.idx
         FROM (SELECT 1 AS one) one LEFT JOIN purchase p ON p.store = $1 AND p.id = $2",
        &args,
    )?;
    let mut found = found.iter().flatten();
    let mut there = Vec::with_capacity(sendings.len());
    for sending in sendings {
        let row = sending.as_ref().and_then(|_| found.next());
        there.push(row.map(There::of).transpose()?);
    }
    Ok(there)
}

impl There {
    fn of(row: &Row) -> Result<There, HubError> {
        let home = match row.opt_bytes(1)? {
            Some(_) => Some((Origin { device: row.array(1)?, epoch: epoch_of(row, 2)? }, row.uint(3)?)),
            None => None,
        };
        Ok(There { is_buried: row.int(0)? > 0, home })
    }
}

/// Takes a run inside the transaction, and returns the places whose sealed bytes went into the database.
/// The caller has the store's lock: no tombstone passes.
fn take(
    tx: &mut Transaction<'_>,
    caller: &Caller,
    incoming: &Incoming<'_>,
    sendings: &[Option<Sending>],
    sealed: &HashMap<usize, Sealed>,
    now: DateTime<Utc>,
) -> Result<(UploadAnswer, HashSet<usize>), HubError> {
    let mut taking = Taking::start(tx, caller, incoming, now)?;
    let there = look_up(tx, &caller.store, sendings)?;
    for (answer, there) in taking.answers.iter_mut().zip(&there) {
        if answer.0 != Answer::Conflict && there.as_ref().is_some_and(|there| there.is_buried) {
            *answer = (Answer::Erased, None);
        }
    }
    let mut used = HashSet::new();
    if taking.is_stopped {
        return Ok((taking.answer(incoming), used));
    }
    let (mut records, mut holds): (Vec<NewRecord<'_>>, Vec<Vec<Value<'_>>>) = (Vec::new(), Vec::new());
    // The same id twice in a run.
    let mut before: HashMap<[u8; 16], usize> = HashMap::new();
    for place in taking.known..incoming.len() {
        let answer = match (&sendings[place], &there[place]) {
            (Some(sending), Some(there)) => {
                let [store, device, epoch] = caller.args();
                holds.push(vec![store, Value::Bytes(&sending.id), device, epoch]);
                let hash = match before.get(&sending.id) {
                    Some(place) => Some(incoming.hashes[*place]),
                    None => there.hash(tx, &caller.store)?,
                };
                judge_new(sending, there.is_buried, hash.as_ref(), &incoming.hashes[place])
            }
            _ => (Answer::Erased, None),
        };
        if let Some(sending) = &sendings[place]
            && (answer.0 == Answer::Created || answer == (Answer::Quarantined, sending.flag))
        {
            // It was there when the keys were given, and is not now: a leader that had it was lost.
            sealed.get(&place).ok_or(DbError::Retry)?;
            used.insert(place);
            before.insert(sending.id, place);
        }
        taking.answers.push(answer);
        // Never the body itself: only the sealed bytes are in the database.
        records.push((incoming.index(place), None, answer.1.map(flag_name)));
    }
    tx.execute_each(HOLD, &holds)?;
    insert(tx, caller, incoming, sendings, sealed, &used)?;
    taking.finish(tx, caller, incoming, &records, None)?;
    Ok((taking.answer(incoming), used))
}

/// What a purchase is answered that is new in its series. `there`: the hash of what has its id already.
fn judge_new(
    sending: &Sending,
    is_buried: bool,
    there: Option<&BodyHash>,
    hash: &BodyHash,
) -> (Answer, Option<Flag>) {
    match (there, sending.flag) {
        _ if is_buried => (Answer::Erased, None),
        // Another till has it too, or the same under another epoch.
        (Some(there), _) if there == hash => (Answer::Exists, None),
        // Other bytes under this id are not kept: a forget of the id must reach all there is.
        (Some(_), _) => (Answer::Quarantined, Some(Flag::NumberTwice)),
        (None, None) => (Answer::Created, None),
        (None, flag) => (Answer::Quarantined, flag),
    }
}

impl There {
    /// The hash of what is there.
    fn hash(&self, tx: &mut Transaction<'_>, store: &str) -> Result<Option<BodyHash>, HubError> {
        let Some((origin, index)) = self.home.filter(|_| !self.is_buried) else { return Ok(None) };
        let caller = Caller { store: store.to_owned(), origin };
        Ok(stored::hashes(tx, &caller, Series::Purchase, index, index)?.pop())
    }
}

/// Writes the sealed bytes of these places.
fn insert(
    tx: &mut Transaction<'_>,
    caller: &Caller,
    incoming: &Incoming<'_>,
    sendings: &[Option<Sending>],
    sealed: &HashMap<usize, Sealed>,
    used: &HashSet<usize>,
) -> Result<(), HubError> {
    let mut rows: Vec<Vec<Value<'_>>> = Vec::with_capacity(used.len());
    for (place, sending) in sendings.iter().enumerate() {
        let (Some(sending), Some((slot, bytes))) = (sending, sealed.get(&place)) else { continue };
        if used.contains(&place) {
            let [store, device, epoch] = caller.args();
            rows.push(vec![
                store,
                Value::Bytes(&sending.id),
                int(slot.index.into()),
                Value::Bytes(bytes),
                opt_int(sending.until),
                device,
                epoch,
                int(incoming.index(place)),
            ]);
        }
    }
    let sql = "INSERT INTO purchase (store, id, slot, sealed, until, device, epoch, idx)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    Ok(tx.execute_each(sql, &rows)?)
}

const HOLD: &str = "INSERT INTO holder (store, id, device, epoch) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (store, id, device, epoch) DO NOTHING";

/// Notes that this till has the purchase.
pub(super) fn hold(
    tx: &mut Transaction<'_>,
    store: &str,
    id: &[u8; 16],
    origin: Origin,
) -> Result<(), HubError> {
    tx.execute(
        HOLD,
        &[Value::Text(store), Value::Bytes(id), Value::Bytes(&origin.device), super::epoch(origin.epoch)],
    )?;
    Ok(())
}

/// Whether there is a tombstone of this id.
pub(super) fn is_buried(tx: &mut Transaction<'_>, store: &str, id: &[u8; 16]) -> Result<bool, HubError> {
    let sql = "SELECT 1 FROM tombstone WHERE store = $1 AND id = $2";
    Ok(tx.query_one(sql, &[Value::Text(store), Value::Bytes(id)])?.is_some())
}

/// The record that the purchase of this id came with.
pub(super) fn home(
    tx: &mut Transaction<'_>,
    store: &str,
    id: &[u8; 16],
) -> Result<Option<(Origin, u64)>, HubError> {
    let row = tx.query_one(
        "SELECT device, epoch, idx FROM purchase WHERE store = $1 AND id = $2",
        &[Value::Text(store), Value::Bytes(id)],
    )?;
    row.map(|row| Ok((Origin { device: row.array(0)?, epoch: epoch_of(&row, 1)? }, row.uint(2)?))).transpose()
}
