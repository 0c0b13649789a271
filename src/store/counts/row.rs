//! A table of one sealed row, which is only ever written anew under another key.

use rusqlite::{Connection, OptionalExtension, params};
use zeroize::Zeroizing;

use crate::seal::{KeyFile, SlotId, aead};
use crate::store::columns::slot_id;
use crate::store::error::StoreError;
use crate::store::spare::PlainSpare;

pub(super) const TALLY: &str = "tally";
pub(super) const HELD: &str = "held";

/// Bytes of a slot in the list of old ones: its index, little-endian, and its owner.
const OLD_SLOT: usize = 20;

/// The row as it is on disk.
pub(super) struct Sealed {
    slot: SlotId,
    sealed: Vec<u8>,
}

impl Sealed {
    /// What is sealed; `None` where it does not open. Errors: what the keys file says, but for a damaged slot.
    pub(super) fn open(&self, keys: &KeyFile) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        open(keys, self.slot, &self.sealed)
    }
}

pub(super) fn open(
    keys: &KeyFile,
    slot: SlotId,
    sealed: &[u8],
) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
    let key = match keys.key(slot) {
        Err(crate::seal::KeysError::DamagedSlot(_)) => return Ok(None),
        key => key?,
    };
    Ok(key.and_then(|key| aead::open(&key, &slot.owner, sealed).ok()))
}

pub(super) fn find(connection: &Connection, table: &str) -> Result<Option<Sealed>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT slot, owner, sealed FROM {table}"))?;
    let row = statement.query_row([], |row| {
        let slot = slot_id(row, 0, row.get(1)?)?;
        Ok(Sealed { slot, sealed: row.get(2)? })
    });
    Ok(row.optional()?)
}

pub(super) fn slot(connection: &Connection, table: &str) -> Result<Option<SlotId>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT slot, owner FROM {table}"))?;
    Ok(statement.query_row([], |row| slot_id(row, 0, row.get(1)?)).optional()?)
}

/// Slots of older versions of the row, which may not be zero yet. What is sealed can be long, and opening a
/// store reads none of it.
pub(super) fn old_slots(connection: &Connection, table: &str) -> Result<Vec<SlotId>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT old FROM {table}"))?;
    let old = statement.query_row([], |row| Ok(slots(row.get_ref(0)?.as_blob()?))).optional()?;
    Ok(old.unwrap_or_default())
}

/// Writes the row under the key of `spare`, inside a transaction.
pub(super) fn write<'a>(
    connection: &Connection,
    table: &str,
    spare: &PlainSpare,
    old: impl IntoIterator<Item = &'a SlotId>,
    plain: &[u8],
) -> Result<(), StoreError> {
    let mut list = Vec::new();
    for slot in old {
        list.extend_from_slice(&slot.index.to_le_bytes());
        list.extend_from_slice(&slot.owner);
    }
    let sealed = aead::seal(&spare.key, &spare.slot.owner, plain);
    connection
        .prepare_cached(&format!(
            "INSERT OR REPLACE INTO {table} (id, slot, owner, old, sealed) VALUES (1, ?1, ?2, ?3, ?4)"
        ))?
        .execute(params![spare.slot.index, spare.slot.owner, list, sealed])?;
    Ok(())
}

fn slots(list: &[u8]) -> Vec<SlotId> {
    let (slots, _) = list.as_chunks::<OLD_SLOT>();
    let slot = |bytes: &[u8; OLD_SLOT]| SlotId {
        index: u32::from_le_bytes(std::array::from_fn(|place| bytes[place])),
        owner: std::array::from_fn(|place| bytes[4 + place]),
    };
    slots.iter().map(slot).collect()
}
