//! Records of a version that was not known when they came: kept raw, and read once it is.

use chrono::{DateTime, Utc};

use super::caller::Caller;
use super::db::{Transaction, Value};
use super::erase::slot_of;
use super::error::HubError;
use super::forget::{UNTOLD, bury, entomb};
use super::judge::{self, VERSION, flag_name};
use super::keys::owner;
use super::purchase::{self, hold, home, is_buried};
use super::sums::Sums;
use super::{Hub, VERSIONS_READ, epoch_of, int, lock_store, meta, opt_int, opt_text, set_meta};
use crate::seal::aead;
use crate::sync::record::{Origin, Series};
use crate::sync::wire::Flag;

/// A record that waits.
struct Waiting {
    caller: Caller,
    series: Series,
    index: u64,
    body: Option<String>,
}

/// Records in one transaction.
const READ_AT_ONCE: usize = 200;

impl Hub {
    /// Looks again at what was of an unknown version, once for each version that this program knows.
    pub(super) fn read_again(&self, now: DateTime<Utc>) -> Result<(), HubError> {
        let known = VERSION.to_string();
        if self.database.read(|tx| meta(tx, VERSIONS_READ))?.as_deref() == Some(known.as_bytes()) {
            return Ok(());
        }
        for store in self.stores()? {
            let waiting = self.database.read(|tx| waiting(tx, &store))?;
            for some in waiting.chunks(READ_AT_ONCE) {
                self.database.write(|tx| {
                    lock_store(tx, &store)?;
                    let mut sums = Sums::default();
                    for record in some.iter().filter(|record| record.series != Series::Purchase) {
                        read_one(tx, record, &mut sums)?;
                    }
                    sums.raise(tx, &store)
                })?;
            }
            for record in waiting.iter().filter(|record| record.series == Series::Purchase) {
                self.read_purchase(record, now)?;
            }
            self.erase_soon(&store);
        }
        self.database.write(|tx| set_meta(tx, VERSIONS_READ, known.as_bytes()))
    }

    /// A purchase that could not be read gets its last day. One of which not even the id could be read was
    /// sealed under one made from its bytes: it is sealed anew under its own, and the other erased.
    fn read_purchase(&self, record: &Waiting, now: DateTime<Utc>) -> Result<(), HubError> {
        let store = record.caller.store.as_str();
        let [of_store, device, epoch] = record.caller.args();
        let args = [of_store, device, epoch, int(record.index)];
        let row = self.database.read(|tx| {
            Ok(tx.query_one(
                "SELECT id, slot, sealed FROM purchase
                 WHERE store = $1 AND device = $2 AND epoch = $3 AND idx = $4",
                &args,
            )?)
        })?;
        let Some(row) = row else { return Ok(()) };
        let stand_in: [u8; 16] = row.array(0)?;
        let slot = slot_of(store, &stand_in, row.int(1)?)?;
        let Some(key) = self.keys.key(store, slot)? else { return Ok(()) };
        let Ok(body) = aead::open(&key, &slot.owner, row.bytes(2)?) else { return Ok(()) };
        let Ok(body) = std::str::from_utf8(&body) else { return Ok(()) };
        let sending = purchase::read(body);
        if sending.id == stand_in {
            return self.database.write(|tx| {
                if set_flag(tx, record, sending.flag)? {
                    tx.execute(
                        "UPDATE purchase SET until = $3 WHERE store = $1 AND id = $2",
                        &[of_store, Value::Bytes(&stand_in), opt_int(sending.until)],
                    )?;
                }
                Ok(())
            });
        }
        let given = self.keys.give(store, &[owner(store, &sending.id)], now)?;
        let Some((own, key)) = given.into_iter().next() else { return Ok(()) };
        let sealed = aead::seal(&key, &own.owner, body.as_bytes());
        let is_used = self.database.write(|tx| {
            lock_store(tx, store)?;
            if !set_flag(tx, record, sending.flag)? {
                return Ok(false);
            }
            bury(tx, store, &stand_in, UNTOLD, false)?;
            hold(tx, store, &sending.id, record.caller.origin)?;
            if is_buried(tx, store, &sending.id)? || home(tx, store, &sending.id)?.is_some() {
                return Ok(false);
            }
            tx.execute(
                "UPDATE purchase SET id = $3, slot = $4, sealed = $5, until = $6 WHERE store = $1 AND id = $2",
                &[
                    of_store,
                    Value::Bytes(&stand_in),
                    Value::Bytes(&sending.id),
                    int(own.index.into()),
                    Value::Bytes(&sealed),
                    opt_int(sending.until),
                ],
            )?;
            Ok(true)
        })?;
        if is_used { Ok(()) } else { self.keys.destroy(store, &[own]) }
    }
}

fn waiting(tx: &mut Transaction<'_>, store: &str) -> Result<Vec<Waiting>, HubError> {
    let rows = tx.query(
        "SELECT device, epoch, series, idx, body FROM record WHERE store = $1 AND flag = $2
         ORDER BY device, epoch, series, idx",
        &[Value::Text(store), Value::Text(flag_name(Flag::UnknownVersion))],
    )?;
    let mut waiting = Vec::with_capacity(rows.len());
    for row in &rows {
        let origin = Origin { device: row.array(0)?, epoch: epoch_of(row, 1)? };
        waiting.push(Waiting {
            caller: Caller { store: store.to_owned(), origin },
            series: Series::from_name(row.text(2)?).ok_or_else(|| super::damaged("record.series"))?,
            index: row.uint(3)?,
            body: row.opt_text(4)?.map(str::to_owned),
        });
    }
    Ok(waiting)
}

/// What it does now that it is understood. Neither the chain nor other epochs are looked at: the
/// tickets beside it were judged without it.
fn read_one(tx: &mut Transaction<'_>, record: &Waiting, sums: &mut Sums) -> Result<(), HubError> {
    let Some(body) = record.body.as_deref() else { return Ok(()) };
    // Only who takes the flag off goes on: another hub may start at the same time.
    match record.series {
        Series::Ticket => {
            let ticket = judge::ticket(body, record.index);
            if set_flag(tx, record, ticket.flag)? && ticket.flag.is_none() {
                sums.add_ticket(&ticket);
            }
        }
        Series::Count => {
            let count = judge::count(body);
            if set_flag(tx, record, count.as_ref().err().copied())?
                && let Ok(count) = count
            {
                sums.add_count(&count);
            }
        }
        Series::Forget => {
            let forget = judge::forget(body);
            if set_flag(tx, record, forget.err())?
                && let Ok(forget) = forget
            {
                let said_held = forget.held.then_some(record.caller.origin);
                entomb(tx, &record.caller.store, &forget.id.0, said_held)?;
            }
        }
        Series::Purchase => {}
    }
    Ok(())
}

/// Takes the flag off, for another or none. Returns whether it was still there.
fn set_flag(tx: &mut Transaction<'_>, record: &Waiting, flag: Option<Flag>) -> Result<bool, HubError> {
    let [store, device, epoch] = record.caller.args();
    let changed = tx.execute(
        "UPDATE record SET flag = $6
         WHERE store = $1 AND device = $2 AND epoch = $3 AND series = $4 AND idx = $5 AND flag = $7",
        &[
            store,
            device,
            epoch,
            Value::Text(record.series.name()),
            int(record.index),
            opt_text(flag.map(flag_name)),
            Value::Text(flag_name(Flag::UnknownVersion)),
        ],
    )?;
    Ok(changed == 1)
}
