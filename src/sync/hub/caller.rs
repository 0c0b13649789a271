//! Who asks: sessions, opened by a signature and carried by a token. Nothing of it is stored: what the
//! hub gave out it knows again by its mark.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};

use super::db::{Row, Transaction, Value};
use super::devices::DeviceState;
use super::error::HubError;
use super::{Hub, epoch};
use crate::seal::{DevicePublicKey, DeviceSignature, Marks, random_id};
use crate::sync::enrolment::{is_store_id, signed_for_session};
use crate::sync::record::{Origin, Series};
use crate::sync::wire::{Challenge, SessionAnswer, SessionRequest};

/// A challenge is signed within so many seconds.
pub const CHALLENGE_SECONDS: i64 = 60;
/// A session lasts so many seconds.
pub const SESSION_SECONDS: i64 = 600;

/// Longest text of a version, in bytes.
pub(super) const VERSION_BYTES_MAX: usize = 64;

/// Who asks, as the token says: every statement names this store, whatever the request names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub store: String,
    pub origin: Origin,
}

/// What the hub knows of a device under one epoch.
pub(super) struct Known {
    pub public_key: DevicePublicKey,
    pub state: DeviceState,
    pub incarnation: Option<Vec<u8>>,
}

const KNOWN: &str =
    "SELECT public_key, state, incarnation FROM device WHERE store = $1 AND device = $2 AND epoch = $3";

/// Seconds (8 bytes), device (16), epoch (4); the store's id follows, then the mark.
const TOKEN_HEAD: usize = 28;

impl Hub {
    /// Something to sign, good for [`CHALLENGE_SECONDS`].
    pub fn challenge(&self, now: DateTime<Utc>) -> Challenge {
        let mut bytes = now.timestamp().to_be_bytes().to_vec();
        bytes.extend_from_slice(&random_id());
        let mark = self.challenges.mark(&[&bytes]);
        bytes.extend_from_slice(&mark);
        Challenge { challenge: URL_SAFE_NO_PAD.encode(bytes) }
    }

    /// Opens a session for the till that signed a challenge. Errors: `Unauthorized`; `Revoked` only for
    /// who has the key of a revoked device; `Invalid`, `Database`.
    pub fn open_session(
        &self,
        request: &SessionRequest,
        now: DateTime<Utc>,
    ) -> Result<SessionAnswer, HubError> {
        self.check_challenge(&request.challenge, now)?;
        check_version(&request.version)?;
        let caller = Caller {
            store: request.store.clone(),
            origin: Origin { device: request.device.0, epoch: request.epoch },
        };
        if !is_store_id(&caller.store) {
            return Err(HubError::Unauthorized);
        }
        let signature = request.signature.0.as_slice().try_into().map_err(|_| HubError::Unauthorized)?;
        let signed = signed_for_session(&caller.store, caller.origin, &request.challenge);
        let (known, durable_through) = self.database.write(|tx| {
            let known = known(tx, &caller)?.ok_or(HubError::Unauthorized)?;
            if !known.public_key.verifies(&signed, &DeviceSignature(signature)) {
                return Err(HubError::Unauthorized);
            }
            if known.state != DeviceState::Active {
                return Err(HubError::Revoked);
            }
            tx.execute(
                "UPDATE device SET version = $4, seen_at = $5 WHERE store = $1 AND device = $2 AND epoch = $3",
                &[
                    Value::Text(&caller.store),
                    Value::Bytes(&caller.origin.device),
                    epoch(caller.origin.epoch),
                    Value::Text(&request.version),
                    Value::Int(now.timestamp()),
                ],
            )?;
            let rows = tx.query(
                "SELECT series, through FROM series_head WHERE store = $1 AND device = $2 AND epoch = $3",
                &caller.args(),
            )?;
            let mut through = std::collections::BTreeMap::new();
            for row in &rows {
                let series = Series::from_name(row.text(0)?).ok_or_else(|| super::damaged("series"))?;
                through.insert(series, row.uint(1)?);
            }
            Ok((known, through))
        })?;
        Ok(SessionAnswer {
            token: self.token(&caller, now.timestamp() + SESSION_SECONDS),
            expires_in_seconds: SESSION_SECONDS as u64,
            incarnation: self.incarnation,
            durable_through,
            replay_forgets: known.incarnation.as_deref() != Some(&self.incarnation.0[..]),
        })
    }

    /// Who asks with this token; asked anew for each request. Errors: `Unauthorized`, `Revoked`,
    /// `Database`.
    pub fn caller(&self, token: &str, now: DateTime<Utc>) -> Result<Caller, HubError> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| HubError::Unauthorized)?;
        let (said, mark) = bytes.split_last_chunk::<{ Marks::LENGTH }>().ok_or(HubError::Unauthorized)?;
        if !self.sessions.is_mark(&[said], mark) {
            return Err(HubError::Unauthorized);
        }
        let (head, store) = said.split_first_chunk::<TOKEN_HEAD>().ok_or(HubError::Unauthorized)?;
        let until = i64::from_be_bytes(std::array::from_fn(|place| head[place]));
        // A clock that was set back must not give a session a longer life either.
        if !(now.timestamp()..=now.timestamp() + SESSION_SECONDS).contains(&until) {
            return Err(HubError::Unauthorized);
        }
        let origin = Origin {
            device: std::array::from_fn(|place| head[8 + place]),
            epoch: u32::from_be_bytes(std::array::from_fn(|place| head[24 + place])),
        };
        let store = std::str::from_utf8(store).map_err(|_| HubError::Unauthorized)?.to_owned();
        let caller = Caller { store, origin };
        match self.database.query_one(KNOWN, &caller.args())?.map(|row| Known::of(&row)).transpose()? {
            Some(known) if known.state == DeviceState::Active => Ok(caller),
            Some(_) => Err(HubError::Revoked),
            None => Err(HubError::Unauthorized),
        }
    }

    fn token(&self, caller: &Caller, until: i64) -> String {
        let mut bytes = until.to_be_bytes().to_vec();
        bytes.extend_from_slice(&caller.origin.device);
        bytes.extend_from_slice(&caller.origin.epoch.to_be_bytes());
        bytes.extend_from_slice(caller.store.as_bytes());
        let mark = self.sessions.mark(&[&bytes]);
        bytes.extend_from_slice(&mark);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn check_challenge(&self, challenge: &str, now: DateTime<Utc>) -> Result<(), HubError> {
        let bytes = URL_SAFE_NO_PAD.decode(challenge).map_err(|_| HubError::Unauthorized)?;
        let (said, mark) = bytes.split_last_chunk::<{ Marks::LENGTH }>().ok_or(HubError::Unauthorized)?;
        let at = said.first_chunk::<8>().ok_or(HubError::Unauthorized)?;
        let age = now.timestamp().saturating_sub(i64::from_be_bytes(*at));
        match self.challenges.is_mark(&[said], mark) && (0..=CHALLENGE_SECONDS).contains(&age) {
            true => Ok(()),
            false => Err(HubError::Unauthorized),
        }
    }
}

impl Caller {
    /// `$1`, `$2` and `$3` of most statements.
    pub(super) fn args(&self) -> [Value<'_>; 3] {
        [Value::Text(&self.store), Value::Bytes(&self.origin.device), epoch(self.origin.epoch)]
    }
}

pub(super) fn known(tx: &mut Transaction<'_>, caller: &Caller) -> Result<Option<Known>, HubError> {
    tx.query_one(KNOWN, &caller.args())?.map(|row| Known::of(&row)).transpose()
}

impl Known {
    fn of(row: &Row) -> Result<Known, HubError> {
        let public_key = DevicePublicKey::from_bytes(row.array(0)?);
        Ok(Known {
            public_key: public_key.ok_or_else(|| super::damaged("device.public_key"))?,
            state: DeviceState::from_name(row.text(1)?)?,
            incarnation: row.opt_bytes(2)?.map(<[u8]>::to_vec),
        })
    }
}

/// A version that may be stored: short, and nothing but what prints.
pub(super) fn check_version(version: &str) -> Result<(), HubError> {
    match version.len() <= VERSION_BYTES_MAX && !version.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(HubError::Invalid("version")),
    }
}
