//! How far forgets are: which copies there are or may be, and which have confirmed.

use std::collections::{BTreeMap, BTreeSet};

use super::caller::Caller;
use super::db::{Transaction, Value};
use super::devices::DeviceState;
use super::error::HubError;
use super::{Hub, epoch_of};
use crate::sync::wire::{FORGETS_MAX, ForgetState, ForgetsAnswer, Id};

/// A device under one epoch, as far as it matters here.
#[derive(Clone, Copy)]
struct Epoch {
    state: DeviceState,
    cursor: u64,
}

/// The epochs of the devices of a store.
type Devices = BTreeMap<[u8; 16], BTreeMap<u32, Epoch>>;

impl Hub {
    /// How far these forgets are; only those that this store knows of. Copies are the hub's own and those
    /// of the tills that sent the purchase, or said that they had it, or, where nobody is known to have
    /// had it, of every till of the time. A till has confirmed when its cursor has passed the tombstone.
    ///
    /// Errors: `TooLarge`, `Database`.
    pub fn forgets(&self, caller: &Caller, ids: &[Id]) -> Result<ForgetsAnswer, HubError> {
        if ids.len() > FORGETS_MAX {
            return Err(HubError::TooLarge("ids"));
        }
        let states = self.database.read(|tx| {
            let devices = devices(tx, &caller.store)?;
            let mut states = Vec::with_capacity(ids.len());
            for id in ids {
                states.extend(state(tx, &caller.store, *id, &devices)?);
            }
            Ok(states)
        })?;
        let erased: Vec<[u8; 16]> =
            states.iter().filter(|state| state.1).map(|(state, _)| state.id.0).collect();
        let keys_left = self.keys.with_traces(&caller.store, &erased)?;
        let traces = self.traces();
        let forgets = states.into_iter().map(|(mut state, is_erased)| {
            let has_trace = traces.of_before
                || traces.left.contains(&(caller.store.clone(), state.id.0))
                || keys_left.contains(&state.id.0);
            state.confirmed += u32::from(is_erased && !has_trace);
            state
        });
        Ok(ForgetsAnswer { forgets: forgets.collect() })
    }
}

/// The state of one forget, the hub's own copy counted but not confirmed, and whether that one is
/// erased but for its traces.
fn state(
    tx: &mut Transaction<'_>,
    store: &str,
    id: Id,
    devices: &Devices,
) -> Result<Option<(ForgetState, bool)>, HubError> {
    let of_id = [Value::Text(store), Value::Bytes(&id.0)];
    let Some(row) = tx.query_one("SELECT seq FROM tombstone WHERE store = $1 AND id = $2", &of_id)? else {
        return Ok(None);
    };
    let seq = row.uint(0)?;
    let is_erased = tx.query_one("SELECT 1 FROM doomed WHERE store = $1 AND id = $2", &of_id)?.is_none();
    let mut copies = BTreeSet::new();
    for row in &tx.query("SELECT device, epoch FROM holder WHERE store = $1 AND id = $2", &of_id)? {
        copies.extend(heirs(devices, row.array(0)?, epoch_of(row, 1)?));
    }
    let mut state = ForgetState { id, confirmed: 0, copies: 1, lost: 0 };
    for (device, epoch) in copies {
        let Some(epoch) = devices.get(&device).and_then(|epochs| epochs.get(&epoch)) else { continue };
        state.copies += 1;
        if epoch.cursor >= seq {
            state.confirmed += 1;
        } else if epoch.state == DeviceState::Revoked {
            state.lost += 1;
        }
    }
    Ok(Some((state, is_erased)))
}

/// Under which epochs a device has today what it had under this one: a closed one went on as the next, and
/// a clone of its disk as the one after that.
fn heirs(devices: &Devices, device: [u8; 16], epoch: u32) -> Vec<([u8; 16], u32)> {
    let Some(epochs) = devices.get(&device) else { return Vec::new() };
    if epochs.get(&epoch).is_some_and(|epoch| epoch.state != DeviceState::Closed) {
        return vec![(device, epoch)];
    }
    let later = epochs.range(epoch..).filter(|(_, epoch)| epoch.state != DeviceState::Closed);
    later.map(|(epoch, _)| (device, *epoch)).collect()
}

fn devices(tx: &mut Transaction<'_>, store: &str) -> Result<Devices, HubError> {
    let rows =
        tx.query("SELECT device, epoch, state, cursor FROM device WHERE store = $1", &[Value::Text(store)])?;
    let mut devices = Devices::new();
    for row in &rows {
        let epoch = Epoch { state: DeviceState::from_name(row.text(2)?)?, cursor: row.uint(3)? };
        devices.entry(row.array(0)?).or_default().insert(epoch_of(row, 1)?, epoch);
    }
    Ok(devices)
}
