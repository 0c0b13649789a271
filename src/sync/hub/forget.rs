//! Tombstones. Under the store's lock, so that a purchase and its tombstone cannot pass each other: a
//! purchase that comes after its tombstone is answered as erased, one that came before is erased.

use chrono::{DateTime, Utc};

use super::caller::Caller;
use super::db::{Transaction, Value};
use super::error::HubError;
use super::judge;
use super::purchase::hold;
use super::upload::{Incoming, NewRecord, Taking, quarantined};
use super::{Hub, epoch_of, feed, has_keys, int, lock_store, opt_int};
use crate::sync::record::Origin;
use crate::sync::wire::{Answer, FeedKind, Hex, TombstoneChange, UploadAnswer};

/// In the place of the number in the feed of a tombstone that is not in it: the purchase was past its
/// term, which the tills know by themselves.
pub(super) const UNTOLD: u64 = 0;

impl Hub {
    /// Carries tombstones out. When this returns, the hub's own copies are erased, or a tombstone for them
    /// is durable and [`Hub::tend`] erases them; `POST /v1/forgets` tells which.
    ///
    /// A run without records that follows what is here says that the till has no other tombstone: after
    /// a restore the hub waits for this from every till.
    pub(super) fn upload_forgets(
        &self,
        caller: &Caller,
        incoming: &Incoming<'_>,
        now: DateTime<Utc>,
    ) -> Result<UploadAnswer, HubError> {
        let keys = self.keys.id()?;
        let (answer, must_erase) = self.database.write(|tx| {
            lock_store(tx, &caller.store)?.ok_or(HubError::Unauthorized)?;
            if !has_keys(tx, &keys)? {
                return Err(HubError::KeysElsewhere);
            }
            let mut taking = Taking::start(tx, caller, incoming, now)?;
            if taking.is_stopped {
                return Ok((taking.answer(incoming), false));
            }
            if incoming.len() == 0 && incoming.run.first == taking.head.through + 1 {
                self.note_all_forgets(tx, caller)?;
            }
            let (mut records, mut must_erase): (Vec<NewRecord<'_>>, _) = (Vec::new(), false);
            for place in taking.known..incoming.len() {
                let index = incoming.index(place);
                let (answer, record) = match incoming.bodies[place] {
                    None => ((Answer::Erased, None), (index, None, None)),
                    Some(body) => match judge::forget(body) {
                        Ok(forget) => {
                            let said_held = forget.held.then_some(caller.origin);
                            must_erase |= entomb(tx, &caller.store, &forget.id.0, said_held)?;
                            ((Answer::Created, None), (index, Some(body), None))
                        }
                        // Whatever else it may say: to pass one over would be a lie.
                        Err(flag) => {
                            if let Some(id) = judge::id(body) {
                                must_erase |= entomb(tx, &caller.store, &id.0, None)?;
                            }
                            quarantined(index, body, flag)
                        }
                    },
                };
                taking.answers.push(answer);
                records.push(record);
            }
            taking.finish(tx, caller, incoming, &records, None)?;
            Ok((taking.answer(incoming), must_erase))
        })?;
        if must_erase {
            self.erase_soon(&caller.store);
        }
        Ok(answer)
    }

    fn note_all_forgets(&self, tx: &mut Transaction<'_>, caller: &Caller) -> Result<(), HubError> {
        let [store, device, epoch] = caller.args();
        tx.execute(
            "UPDATE device SET incarnation = $4 WHERE store = $1 AND device = $2 AND epoch = $3",
            &[store, device, epoch, Value::Bytes(&self.incarnation.0)],
        )?;
        Ok(())
    }
}

/// Writes the tombstone of a purchase, tells the store's tills, and dooms what the hub has of it.
/// `said_held`: the till that had it, and destroyed its key. Where nobody is known to have it, every till
/// may. Returns whether the tombstone is new. The caller has the store's lock.
pub(super) fn entomb(
    tx: &mut Transaction<'_>,
    store: &str,
    id: &[u8; 16],
    said_held: Option<Origin>,
) -> Result<bool, HubError> {
    if let Some(origin) = said_held {
        hold(tx, store, id, origin)?;
    }
    let of_id = [Value::Text(store), Value::Bytes(id)];
    let before = tx.query_one("SELECT seq FROM tombstone WHERE store = $1 AND id = $2", &of_id)?;
    let before = before.map(|row| row.uint(0)).transpose()?;
    if before.is_some() && said_held.is_some() {
        tx.execute("UPDATE tombstone SET held = 1 WHERE store = $1 AND id = $2", &of_id)?;
    }
    if before.is_some_and(|seq| seq != UNTOLD) {
        return Ok(false);
    }
    let change = TombstoneChange { v: 1, id: Hex(*id) };
    let seq = feed::put(tx, store, FeedKind::Tombstone, &change.id.to_string(), &feed::json(&change))?;
    if before.is_none() {
        bury(tx, store, id, seq, said_held.is_some())?;
    } else {
        let sql = "UPDATE tombstone SET seq = $3 WHERE store = $1 AND id = $2";
        tx.execute(sql, &[of_id[0], of_id[1], int(seq)])?;
    }
    if tx.query_one("SELECT 1 FROM holder WHERE store = $1 AND id = $2 LIMIT 1", &of_id)?.is_none() {
        let active = "SELECT device, epoch FROM device WHERE store = $1 AND state = 'active'";
        for row in &tx.query(active, &of_id[..1])? {
            hold(tx, store, id, Origin { device: row.array(0)?, epoch: epoch_of(row, 1)? })?;
        }
    }
    tx.notify_feed(store)?;
    Ok(before.is_none())
}

/// Writes a tombstone alone, and dooms what the hub has. `seq` is its number in the feed, or [`UNTOLD`].
pub(super) fn bury(
    tx: &mut Transaction<'_>,
    store: &str,
    id: &[u8; 16],
    seq: u64,
    held: bool,
) -> Result<(), HubError> {
    let of_id = [Value::Text(store), Value::Bytes(id)];
    tx.execute(
        "INSERT INTO tombstone (store, id, seq, held) VALUES ($1, $2, $3, $4)",
        &[of_id[0], of_id[1], int(seq), Value::Int(held.into())],
    )?;
    let row = tx.query_one("SELECT slot FROM purchase WHERE store = $1 AND id = $2", &of_id)?;
    let slot = row.map(|row| row.int(0)).transpose()?;
    tx.execute(
        "INSERT INTO doomed (store, id, slot) VALUES ($1, $2, $3)",
        &[of_id[0], of_id[1], opt_int(slot)],
    )?;
    Ok(())
}
