//! The devices of a store, for whoever runs the hub.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::db::{Transaction, Value};
use super::error::HubError;
use super::{Hub, epoch_of, feed, int, lock_store};
use crate::sync::enrolment::is_store_id;
use crate::sync::record::Series;
use crate::sync::wire::{FeedKind, Hex, Id, RevocationChange};

/// A device under one of its epochs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceInfo {
    pub device: Id,
    pub epoch: u32,
    /// What the shop calls it.
    pub name: String,
    pub state: DeviceState,
    pub enrolled_at: DateTime<Utc>,
    /// When it last opened a session or asked for the feed, to the minute.
    pub seen_at: Option<DateTime<Utc>>,
    /// Of its program.
    pub version: Option<String>,
    /// Changes of the feed that it has not carried out.
    pub waiting: u64,
    /// Last index of each series that the hub has, without a gap before it.
    pub through: BTreeMap<Series, u64>,
    /// Records under an index that was taken by other bytes.
    pub conflicts: u64,
    /// Its tombstones are not known to be complete: the hub was restored from a backup since.
    pub owes_forgets: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceState {
    Active,
    /// The till went on under a later epoch.
    Closed,
    /// It counts no longer; what it holds will never be confirmed.
    Revoked,
}

impl DeviceState {
    pub(super) fn name(self) -> &'static str {
        match self {
            DeviceState::Active => "active",
            DeviceState::Closed => "closed",
            DeviceState::Revoked => "revoked",
        }
    }

    pub(super) fn from_name(name: &str) -> Result<DeviceState, HubError> {
        let all = [DeviceState::Active, DeviceState::Closed, DeviceState::Revoked];
        all.into_iter().find(|state| state.name() == name).ok_or_else(|| super::damaged("device.state"))
    }
}

impl Hub {
    /// The devices of a store, by name and epoch. Errors: `Database`.
    pub fn devices(&self, store: &str) -> Result<Vec<DeviceInfo>, HubError> {
        self.database.read(|tx| {
            let rows = tx.query(
                "SELECT device, epoch, name, state, enrolled_at, seen_at, version, incarnation,
                    (SELECT count(*) FROM feed f WHERE f.store = $1 AND f.seq > d.cursor),
                    (SELECT count(*) FROM conflict c
                     WHERE c.store = $1 AND c.device = d.device AND c.epoch = d.epoch)
                 FROM device d WHERE store = $1 ORDER BY name, device, epoch",
                &[Value::Text(store)],
            )?;
            let mut devices = Vec::with_capacity(rows.len());
            for row in &rows {
                let device: [u8; 16] = row.array(0)?;
                let epoch = epoch_of(row, 1)?;
                devices.push(DeviceInfo {
                    device: Hex(device),
                    epoch,
                    name: row.text(2)?.to_owned(),
                    state: DeviceState::from_name(row.text(3)?)?,
                    enrolled_at: time(row.int(4)?)?,
                    seen_at: row.opt_int(5)?.map(time).transpose()?,
                    version: row.opt_text(6)?.map(str::to_owned),
                    waiting: row.uint(8)?,
                    through: through(tx, store, &device, epoch)?,
                    conflicts: row.uint(9)?,
                    owes_forgets: row.opt_bytes(7)? != Some(&self.incarnation.0[..]),
                });
            }
            Ok(devices)
        })
    }

    /// Revokes a device under all its epochs: from here on nothing it says counts. Returns false where the
    /// store has no such device, or it was revoked before. Errors: `Database`.
    pub fn revoke(&self, store: &str, device: Id) -> Result<bool, HubError> {
        if !is_store_id(store) {
            return Ok(false);
        }
        self.database.write(|tx| {
            if lock_store(tx, store)?.is_none() {
                return Ok(false);
            }
            revoke_all(tx, store, device)
        })
    }

    /// [`Hub::recovering`] for any store: asked of all at once, as [`Hub::health`] must not take longer the
    /// more stores there are.
    pub(super) fn recovering_anywhere(&self) -> Result<bool, HubError> {
        let args = [Value::Bytes(&self.incarnation.0)];
        let owing = self.database.read(|tx| {
            Ok(tx.query_one(
                "SELECT 1 FROM device WHERE state = 'active'
                 AND (incarnation IS NULL OR incarnation <> $1) LIMIT 1",
                &args,
            )?)
        })?;
        Ok(owing.is_some())
    }

    /// Whether the hub was restored from a backup and does not have every till's tombstones again: until
    /// then no purchase may be read out of it. Errors: `Database`.
    pub fn recovering(&self, store: &str) -> Result<bool, HubError> {
        let args = [Value::Text(store), Value::Bytes(&self.incarnation.0)];
        let owing = self.database.read(|tx| {
            Ok(tx.query_one(
                "SELECT 1 FROM device WHERE store = $1 AND state = 'active'
                 AND (incarnation IS NULL OR incarnation <> $2) LIMIT 1",
                &args,
            )?)
        })?;
        Ok(owing.is_some())
    }
}

/// Revokes all epochs of a device that are not, and tells the store's tills. The caller has the store's
/// lock.
pub(super) fn revoke_all(tx: &mut Transaction<'_>, store: &str, device: Id) -> Result<bool, HubError> {
    let revoked = tx.query(
        "UPDATE device SET state = 'revoked' WHERE store = $1 AND device = $2 AND state <> 'revoked'
         RETURNING epoch",
        &[Value::Text(store), Value::Bytes(&device.0)],
    )?;
    let epochs = revoked.iter().map(|row| epoch_of(row, 0)).collect::<Result<Vec<_>, _>>()?;
    let Some(epoch) = epochs.into_iter().max() else { return Ok(false) };
    let change = RevocationChange { v: 1, device, epoch };
    feed::put(tx, store, FeedKind::Revocation, &device.to_string(), &feed::json(&change))?;
    tx.notify_feed(store)?;
    Ok(true)
}

fn through(
    tx: &mut Transaction<'_>,
    store: &str,
    device: &[u8; 16],
    epoch: u32,
) -> Result<BTreeMap<Series, u64>, HubError> {
    let rows = tx.query(
        "SELECT series, through FROM series_head WHERE store = $1 AND device = $2 AND epoch = $3",
        &[Value::Text(store), Value::Bytes(device), int(epoch.into())],
    )?;
    let mut through = BTreeMap::new();
    for row in &rows {
        let series = Series::from_name(row.text(0)?).ok_or_else(|| super::damaged("series_head.series"))?;
        through.insert(series, row.uint(1)?);
    }
    Ok(through)
}

pub(super) fn time(seconds: i64) -> Result<DateTime<Utc>, HubError> {
    DateTime::from_timestamp(seconds, 0).ok_or_else(|| super::damaged("a time"))
}
