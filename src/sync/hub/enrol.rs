//! Enrolment: how a till gets an identity. The code was carried from the hub to the till by a person;
//! see [`crate::sync::enrolment`] for how each side shows that it has it.

use std::collections::HashMap;
use std::sync::PoisonError;

use chrono::{DateTime, Utc};

use super::caller::{Caller, check_version, known};
use super::db::{Transaction, Value};
use super::devices::revoke_all;
use super::error::HubError;
use super::{Hub, damaged, epoch, epoch_of, int, meta, opt_bytes};
use crate::domain::text::{Place, label};
use crate::seal::{DevicePublicKey, DeviceSignature, aead, is_same, random_id};
use crate::sync::enrolment::{EnrolmentCode, is_store_id, signed_for_new_epoch};
use crate::sync::record::{Origin, Series};
use crate::sync::wire::{EnrolAnswer, EnrolRequest, Hex, Id, Previous};

/// A code is good for so many seconds.
pub const CODE_SECONDS: i64 = 600;

/// Wrong proofs for one code, in all, and for one store, in a minute. A code has 128 bits: this is for
/// whoever tries, not for what could come of it.
const WRONG_MAX: u32 = 10;
const WRONG_WINDOW_SECONDS: i64 = 60;

/// What the shop calls a till, in characters.
const NAME_CHARS_MAX: usize = 64;
/// No till ever comes near: indices stay far from the end of 64 bits.
const INDEX_MAX: u64 = 1 << 53;

/// Wrong proofs of late. Only for stores and codes that exist, so that it stays small.
#[derive(Debug, Default)]
pub(super) struct Tries {
    of_code: HashMap<Id, u32>,
    /// Since when, and how many.
    of_store: HashMap<String, (i64, u32)>,
}

/// A row of the table `enrolment`, locked.
struct Offer {
    code: EnrolmentCode,
    expires_at: i64,
    replaces: Option<[u8; 16]>,
    /// Who it was used by.
    used_by: Option<Origin>,
}

impl Hub {
    /// A code for one till of that store, good once and for [`CODE_SECONDS`]. `replaces`: the device that
    /// this till takes the place of; its earlier epochs end when the code is used. The store is made where
    /// there is none of this id. Errors: `Invalid("store")`, also where it looks like a
    /// payment card, `Invalid("device")`, `Database`.
    pub fn new_code(
        &self,
        store: &str,
        replaces: Option<[u8; 16]>,
        now: DateTime<Utc>,
    ) -> Result<EnrolmentCode, HubError> {
        if !is_store_id(store) || label(store, Place::Shop).is_err() {
            return Err(HubError::Invalid("store"));
        }
        let code = EnrolmentCode::new(store, random_id());
        let name = code.name();
        let feed_head = self.first_number(0)?;
        let sealed = aead::seal(&self.codes, &associated(store, &name), code.secret());
        self.database.write(|tx| {
            tx.execute(
                "INSERT INTO store (store, feed_head, created_at) VALUES ($1, $3, $2)
                 ON CONFLICT (store) DO NOTHING",
                &[Value::Text(store), Value::Int(now.timestamp()), int(feed_head)],
            )?;
            if let Some(device) = &replaces {
                last_epoch(tx, store, device)?.ok_or(HubError::Invalid("device"))?;
            }
            tx.execute(
                "INSERT INTO enrolment (store, code, secret, expires_at, replaces, used)
                 VALUES ($1, $2, $3, $4, $5, 0)",
                &[
                    Value::Text(store),
                    Value::Bytes(&name.0),
                    Value::Bytes(&sealed),
                    Value::Int(now.timestamp() + CODE_SECONDS),
                    opt_bytes(replaces.as_ref().map(|device| &device[..])),
                ],
            )?;
            Ok(())
        })?;
        Ok(code)
    }

    /// Gives a till that has a code its identity. `certificate`: SHA-256 of the public key that this hub
    /// itself serves with, where it does; the till must have seen the same. The same request again, when
    /// the answer was lost, is answered the same while the code lasts.
    ///
    /// Errors: `Unauthorized` whatever is wrong with the code or a proof; `TooMany`;
    /// `Invalid("previous")` where this hub does not know the identity that the till has had, and
    /// `Invalid("begin")` where records before `begin` are not here: the till asks again without it, and
    /// from 1, with the same code; other `Invalid`, `Database`.
    pub fn enrol(
        &self,
        request: &EnrolRequest,
        certificate: Option<Hex<32>>,
        now: DateTime<Utc>,
    ) -> Result<EnrolAnswer, HubError> {
        if !is_store_id(&request.store) {
            return Err(HubError::Unauthorized);
        }
        check_version(&request.version)?;
        let key = request.public_key.0.as_slice().try_into().ok().and_then(DevicePublicKey::from_bytes);
        let key = key.ok_or(HubError::Invalid("public_key"))?;
        if request.name.chars().count() > NAME_CHARS_MAX || request.name.chars().any(char::is_control) {
            return Err(HubError::Invalid("name"));
        }
        let begin = Series::ALL.map(|series| request.begin.get(&series).copied().unwrap_or(1));
        if !begin.iter().all(|first| (1..=INDEX_MAX).contains(first)) {
            return Err(HubError::Invalid("begin"));
        }
        self.check_tries(request, now)?;
        let proven = self.database.write(|tx| {
            let offer = self.offer(tx, request, now)?;
            let proof = offer.code.proof_of_till(request);
            let sees_this_hub = certificate.is_none() || request.certificate == certificate;
            if !is_same(&proof.0, &request.proof.0) || !sees_this_hub {
                return Ok(None);
            }
            let origin = match offer.used_by {
                Some(origin) => self.enrolled_before(tx, request, origin, &key)?,
                None => self.take_in(tx, request, &offer, &key, now)?,
            };
            Ok(Some((offer.code, origin)))
        })?;
        let Some((code, origin)) = proven else {
            self.note_wrong(request, now);
            return Err(HubError::Unauthorized);
        };
        let mut answer = EnrolAnswer {
            device: Hex(origin.device),
            epoch: origin.epoch,
            incarnation: self.incarnation,
            proof: Hex([0; 32]),
        };
        answer.proof = code.proof_of_hub(&request.proof, &answer);
        Ok(answer)
    }

    /// The code as it was given out, its row locked to the end of the transaction.
    fn offer(
        &self,
        tx: &mut Transaction<'_>,
        request: &EnrolRequest,
        now: DateTime<Utc>,
    ) -> Result<Offer, HubError> {
        let row = tx.query_one(
            "UPDATE enrolment SET used = used WHERE store = $1 AND code = $2
             RETURNING secret, expires_at, replaces, device, epoch",
            &[Value::Text(&request.store), Value::Bytes(&request.code.0)],
        )?;
        let row = row.ok_or(HubError::Unauthorized)?;
        let secret = aead::open(&self.codes, &associated(&request.store, &request.code), row.bytes(0)?)
            .map_err(|_| damaged("enrolment.secret"))?;
        let secret = secret.as_slice().try_into().map_err(|_| damaged("enrolment.secret"))?;
        let offer = Offer {
            code: EnrolmentCode::new(&request.store, secret),
            expires_at: row.int(1)?,
            replaces: match row.opt_bytes(2)? {
                Some(_) => Some(row.array(2)?),
                None => None,
            },
            used_by: match row.opt_bytes(3)? {
                Some(_) => Some(Origin { device: row.array(3)?, epoch: epoch_of(&row, 4)? }),
                None => None,
            },
        };
        if offer.expires_at < now.timestamp() { Err(HubError::Unauthorized) } else { Ok(offer) }
    }

    /// A code that was used is still good for the till that used it.
    fn enrolled_before(
        &self,
        tx: &mut Transaction<'_>,
        request: &EnrolRequest,
        origin: Origin,
        key: &DevicePublicKey,
    ) -> Result<Origin, HubError> {
        let caller = Caller { store: request.store.clone(), origin };
        match known(tx, &caller)? {
            Some(known) if known.public_key == *key => Ok(origin),
            _ => Err(HubError::Unauthorized),
        }
    }

    fn take_in(
        &self,
        tx: &mut Transaction<'_>,
        request: &EnrolRequest,
        offer: &Offer,
        key: &DevicePublicKey,
        now: DateTime<Utc>,
    ) -> Result<Origin, HubError> {
        let store = request.store.as_str();
        super::lock_store(tx, store)?.ok_or(HubError::Unauthorized)?;
        if let Some(previous) = &request.previous {
            check_previous(tx, request, previous)?;
        }
        check_begin(tx, request)?;
        let before = request.previous.as_ref().map(|previous| previous.device.0);
        let device = offer.replaces.or(before).unwrap_or_else(random_id);
        let last = last_epoch(tx, store, &device)?.unwrap_or(0);
        if let Some(previous) = &request.previous {
            // It goes on under the new one. A clone of its disk that still uses the old one must enrol, too. One
            // that was never used is that of an answer that was lost.
            tx.execute(
                "UPDATE device SET state = 'closed'
                 WHERE store = $1 AND device = $2 AND state = 'active' AND (epoch <= $3 OR seen_at IS NULL)",
                &[Value::Text(store), Value::Bytes(&previous.device.0), epoch(previous.epoch)],
            )?;
        }
        let of_till = request.previous.as_ref().filter(|previous| previous.device.0 == device);
        let last = last.max(of_till.map_or(0, |previous| previous.epoch));
        let origin = Origin { device, epoch: last.checked_add(1).ok_or_else(|| damaged("an epoch"))? };
        if offer.replaces.is_some() {
            // The same till, by its key, has what it had; of another one what the old one had is lost.
            if before == Some(device) {
                tx.execute(
                    "UPDATE device SET state = 'closed' WHERE store = $1 AND device = $2 AND state = 'active'",
                    &[Value::Text(store), Value::Bytes(&device)],
                )?;
            } else {
                revoke_all(tx, store, Hex(device))?;
            }
        }
        // After a restore nobody's tombstones are known to be complete.
        if let Some(before) = before.filter(|before| *before != device) {
            // What it held as another device it holds as this one.
            tx.execute(
                "INSERT INTO holder (store, id, device, epoch)
                 SELECT store, id, $2, $3 FROM holder WHERE store = $1 AND device = $4
                 ON CONFLICT DO NOTHING",
                &[Value::Text(store), Value::Bytes(&device), epoch(origin.epoch), Value::Bytes(&before)],
            )?;
        }
        let incarnation = meta(tx, super::RESTORED)?.is_none().then_some(&self.incarnation.0[..]);
        tx.execute(
            "INSERT INTO device
                 (store, device, epoch, public_key, name, state, enrolled_at, cursor, version, incarnation)
             VALUES ($1, $2, $3, $4, $5, 'active', $6, 0, $7, $8)",
            &[
                Value::Text(store),
                Value::Bytes(&device),
                epoch(origin.epoch),
                Value::Bytes(key.bytes()),
                Value::Text(&request.name),
                Value::Int(now.timestamp()),
                Value::Text(&request.version),
                opt_bytes(incarnation),
            ],
        )?;
        for series in Series::ALL {
            let begin = request.begin.get(&series).copied().unwrap_or(1);
            tx.execute(
                "INSERT INTO series_head (store, device, epoch, series, begin, through)
                 VALUES ($1, $2, $3, $4, $5, $6)",
                &[
                    Value::Text(store),
                    Value::Bytes(&device),
                    epoch(origin.epoch),
                    Value::Text(series.name()),
                    int(begin),
                    int(begin - 1),
                ],
            )?;
        }
        tx.execute(
            "UPDATE enrolment SET used = 1, device = $3, epoch = $4 WHERE store = $1 AND code = $2",
            &[Value::Text(store), Value::Bytes(&request.code.0), Value::Bytes(&device), epoch(origin.epoch)],
        )?;
        Ok(origin)
    }

    fn check_tries(&self, request: &EnrolRequest, now: DateTime<Utc>) -> Result<(), HubError> {
        let tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.of_code.get(&request.code).is_some_and(|wrong| *wrong >= WRONG_MAX) {
            return Err(HubError::TooMany { seconds: CODE_SECONDS as u64 });
        }
        if let Some((since, wrong)) = tries.of_store.get(&request.store) {
            let left = since + WRONG_WINDOW_SECONDS - now.timestamp();
            if *wrong >= WRONG_MAX && (1..=WRONG_WINDOW_SECONDS).contains(&left) {
                return Err(HubError::TooMany { seconds: left.unsigned_abs() });
            }
        }
        Ok(())
    }

    fn note_wrong(&self, request: &EnrolRequest, now: DateTime<Utc>) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        *tries.of_code.entry(request.code).or_default() += 1;
        let (since, wrong) = tries.of_store.entry(request.store.clone()).or_insert((now.timestamp(), 0));
        if !(*since..*since + WRONG_WINDOW_SECONDS).contains(&now.timestamp()) {
            (*since, *wrong) = (now.timestamp(), 0);
        }
        *wrong += 1;
    }

    /// Deletes the codes that are over, and what was counted of them.
    pub(super) fn drop_codes(&self, now: DateTime<Utc>) -> Result<(), HubError> {
        let over = Value::Int(now.timestamp());
        let is_any = self.database.read(|tx| {
            let mut found = false;
            for store in super::stores(tx)? {
                let sql = "SELECT 1 FROM enrolment WHERE store = $1 AND expires_at < $2 LIMIT 1";
                found |= tx.query_one(sql, &[Value::Text(&store), over])?.is_some();
            }
            Ok(found)
        })?;
        if is_any {
            self.database.write(|tx| {
                for store in super::stores(tx)? {
                    let sql = "DELETE FROM enrolment WHERE store = $1 AND expires_at < $2";
                    tx.execute(sql, &[Value::Text(&store), over])?;
                }
                Ok(())
            })?;
            self.tries.lock().unwrap_or_else(PoisonError::into_inner).of_code.clear();
        }
        Ok(())
    }
}

/// The former identity is known here, and the till has its key.
fn check_previous(
    tx: &mut Transaction<'_>,
    request: &EnrolRequest,
    previous: &Previous,
) -> Result<(), HubError> {
    let caller = caller_before(request, previous);
    let Some(known) = known(tx, &caller)? else {
        // A database that was put back knows the device and not the epoch: the till sends all of it again, and
        // what is known already counts once, since it is the same device.
        let last = last_epoch(tx, &request.store, &previous.device.0)?;
        return last.map(drop).ok_or(HubError::Invalid("previous"));
    };
    let signature = previous.signature.0.as_slice().try_into().map_err(|_| HubError::Unauthorized)?;
    let signed = signed_for_new_epoch(&request.proof);
    match known.public_key.verifies(&signed, &DeviceSignature(signature)) {
        true => Ok(()),
        false => Err(HubError::Unauthorized),
    }
}

/// What lies before `begin` came under the former identity; else it would be missing for ever.
fn check_begin(tx: &mut Transaction<'_>, request: &EnrolRequest) -> Result<(), HubError> {
    for series in Series::ALL {
        let begin = request.begin.get(&series).copied().unwrap_or(1);
        if begin == 1 {
            continue;
        }
        let previous = request.previous.as_ref().ok_or(HubError::Invalid("begin"))?;
        let caller = caller_before(request, previous);
        let [store, device, epoch] = caller.args();
        let row = tx.query_one(
            "SELECT through FROM series_head WHERE store = $1 AND device = $2 AND epoch = $3 AND series = $4",
            &[store, device, epoch, Value::Text(series.name())],
        )?;
        let through = row.map(|row| row.uint(0)).transpose()?.unwrap_or(0);
        if begin > through + 1 {
            return Err(HubError::Invalid("begin"));
        }
    }
    Ok(())
}

fn caller_before(request: &EnrolRequest, previous: &Previous) -> Caller {
    let origin = Origin { device: previous.device.0, epoch: previous.epoch };
    Caller { store: request.store.clone(), origin }
}

/// The last epoch of a device; `None` for one that the store does not have.
fn last_epoch(tx: &mut Transaction<'_>, store: &str, device: &[u8; 16]) -> Result<Option<u32>, HubError> {
    let row = tx.query_one(
        "SELECT epoch FROM device WHERE store = $1 AND device = $2 ORDER BY epoch DESC LIMIT 1",
        &[Value::Text(store), Value::Bytes(device)],
    )?;
    row.map(|row| epoch_of(&row, 0)).transpose()
}

fn associated(store: &str, code: &Id) -> Vec<u8> {
    [&code.0[..], store.as_bytes()].concat()
}
