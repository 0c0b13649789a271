//! Kept purchases. Each is sealed whole under a key of its own before it goes near the database, so
//! that destroying the key is all that erasing needs, whatever the database keeps of it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::caller::Caller;
use super::db::{Transaction, Value};
use super::error::{DbError, HubError};
use super::judge::{self, flag_name};
use super::keys::owner;
use super::stored;
use super::upload::{Incoming, NewRecord, Taking};
use super::{Hub, epoch_of, int, lock_store, opt_int};
use crate::seal::{SlotId, aead};
use crate::sync::record::{Origin, Series};
use crate::sync::wire::{Answer, Flag, UploadAnswer};

/// A purchase that came, before it is anywhere.
pub(super) struct Sending {
    pub id: [u8; 16],
    /// Last day, since 1970-01-01.
    pub until: Option<i64>,
    pub flag: Option<Flag>,
}

/// What became of a run, and what is left to do once that is durable.
struct Taken {
    answer: UploadAnswer,
    /// Places of the records whose sealed bytes went into the database.
    used: Vec<usize>,
}

/// Sealed bytes and where their key is.
type Sealed = (SlotId, Vec<u8>);

/// The purchase in this body. One that cannot be read is kept under an id made from its bytes.
pub(super) fn read(body: &str) -> Sending {
    match judge::purchase(body) {
        Ok(purchase) => Sending {
            id: purchase.id.0,
            until: purchase.until.map(|day| i64::from(day.to_epoch_days())),
            flag: None,
        },
        Err(flag) => {
            let digest =
                Sha256::new().chain_update(b"olvido 1 unread purchase\0").chain_update(body).finalize();
            Sending { id: std::array::from_fn(|place| digest[place]), until: None, flag: Some(flag) }
        }
    }
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
        let sealed = self.seal_new(caller, incoming, &sendings, through)?;
        let taken = self.database.write(|tx| {
            lock_store(tx, &caller.store)?.ok_or(HubError::Unauthorized)?;
            take(tx, caller, incoming, &sendings, &sealed, now)
        });
        let unused = |used: &[usize]| -> Vec<SlotId> {
            sealed.iter().filter(|(place, _)| !used.contains(place)).map(|(_, (slot, _))| *slot).collect()
        };
        match taken {
            Ok(taken) => {
                self.keys.destroy(&unused(&taken.used))?;
                Ok(taken.answer)
            }
            // It may be committed all the same: then the keys are needed. The next start tells.
            Err(error @ HubError::Database(DbError::Unreachable(_) | DbError::NotReplicated)) => Err(error),
            Err(error) => {
                self.keys.destroy(&unused(&[]))?;
                Err(error)
            }
        }
    }

    /// Seals what seems new, each under a fresh key, by one write of the key file. By place in the run.
    fn seal_new(
        &self,
        caller: &Caller,
        incoming: &Incoming<'_>,
        sendings: &[Option<Sending>],
        through: u64,
    ) -> Result<HashMap<usize, Sealed>, HubError> {
        let store = caller.store.as_str();
        let new: Vec<(usize, &Sending)> = self.database.read(|tx| {
            let mut new = Vec::new();
            for (place, sending) in sendings.iter().enumerate() {
                let Some(sending) = sending.as_ref().filter(|_| incoming.index(place) > through) else {
                    continue;
                };
                if !is_buried(tx, store, &sending.id)? && home(tx, store, &sending.id)?.is_none() {
                    new.push((place, sending));
                }
            }
            Ok(new)
        })?;
        let owners: Vec<[u8; 16]> = new.iter().map(|(_, sending)| owner(store, &sending.id)).collect();
        let keys = self.keys.give(&owners)?;
        let sealed = new.iter().zip(keys).filter_map(|((place, _), (slot, key))| {
            let body = incoming.bodies[*place]?;
            Some((*place, (slot, aead::seal(&key, &slot.owner, body.as_bytes()))))
        });
        Ok(sealed.collect())
    }
}

/// Takes a run inside the transaction. The caller has the store's lock: no tombstone passes.
fn take(
    tx: &mut Transaction<'_>,
    caller: &Caller,
    incoming: &Incoming<'_>,
    sendings: &[Option<Sending>],
    sealed: &HashMap<usize, Sealed>,
    now: DateTime<Utc>,
) -> Result<Taken, HubError> {
    let mut taking = Taking::start(tx, caller, incoming, now)?;
    let mut used = Vec::new();
    for (answer, sending) in taking.answers.iter_mut().zip(sendings) {
        if let Some(sending) = sending
            && answer.0 != Answer::Conflict
            && is_buried(tx, &caller.store, &sending.id)?
        {
            *answer = (Answer::Erased, None);
        }
    }
    if taking.is_stopped {
        return Ok(Taken { answer: taking.answer(incoming), used });
    }
    let mut records: Vec<NewRecord<'_>> = Vec::new();
    for place in taking.known..incoming.len() {
        let index = incoming.index(place);
        let answer = match &sendings[place] {
            None => (Answer::Erased, None),
            Some(sending) => {
                hold(tx, &caller.store, &sending.id, caller.origin)?;
                let answer = take_one(tx, caller, incoming, place, sending, sealed.get(&place))?;
                if answer.0 == Answer::Created || (answer.0, answer.1) == (Answer::Quarantined, sending.flag)
                {
                    used.push(place);
                }
                answer
            }
        };
        taking.answers.push(answer);
        // Never the body itself: only the sealed bytes are in the database.
        records.push((index, None, answer.1.map(flag_name)));
    }
    taking.finish(tx, caller, incoming, &records, None)?;
    Ok(Taken { answer: taking.answer(incoming), used })
}

fn take_one(
    tx: &mut Transaction<'_>,
    caller: &Caller,
    incoming: &Incoming<'_>,
    place: usize,
    sending: &Sending,
    sealed: Option<&Sealed>,
) -> Result<(Answer, Option<Flag>), HubError> {
    let store = caller.store.as_str();
    if is_buried(tx, store, &sending.id)? {
        return Ok((Answer::Erased, None));
    }
    if let Some((origin, index)) = home(tx, store, &sending.id)? {
        // Another till has it too, or the same under another epoch. Other bytes under this id are not kept:
        // a forget of the id must reach all there is.
        let first = Caller { store: store.to_owned(), origin };
        let hash = stored::hashes(tx, &first, Series::Purchase, index, index)?;
        let is_same = hash.first() == Some(&incoming.hashes[place]);
        return Ok(if is_same {
            (Answer::Exists, None)
        } else {
            (Answer::Quarantined, Some(Flag::NumberTwice))
        });
    }
    // It was there when the keys were given, and is not now: a leader that had it was lost.
    let (slot, bytes) = sealed.ok_or(DbError::Retry)?;
    insert(tx, caller, incoming.index(place), sending, *slot, bytes)?;
    Ok(match sending.flag {
        None => (Answer::Created, None),
        Some(flag) => (Answer::Quarantined, Some(flag)),
    })
}

fn insert(
    tx: &mut Transaction<'_>,
    caller: &Caller,
    index: u64,
    sending: &Sending,
    slot: SlotId,
    sealed: &[u8],
) -> Result<(), HubError> {
    let [store, device, epoch] = caller.args();
    tx.execute(
        "INSERT INTO purchase (store, id, slot, sealed, until, device, epoch, idx)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            store,
            Value::Bytes(&sending.id),
            int(slot.index.into()),
            Value::Bytes(sealed),
            opt_int(sending.until),
            device,
            epoch,
            int(index),
        ],
    )?;
    Ok(())
}

/// Notes that this till has the purchase.
pub(super) fn hold(
    tx: &mut Transaction<'_>,
    store: &str,
    id: &[u8; 16],
    origin: Origin,
) -> Result<(), HubError> {
    tx.execute(
        "INSERT INTO holder (store, id, device, epoch) VALUES ($1, $2, $3, $4)
         ON CONFLICT (store, id, device, epoch) DO NOTHING",
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
