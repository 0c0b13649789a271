//! The keys that seal purchases, and the list of what was erased: apart from the database, because a
//! database keeps what it deletes, in its heap, its logs and its backups. Only a destroyed key counts.
//!
//! One hub has them in files of its own. Several hubs over one database share them in a second, small
//! database, which nobody archives or backs up.

mod file;
mod table;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::HubFiles;
use super::db::Database;
use super::erased::{Erased, Listed};
use super::error::HubError;
use crate::seal::{DataKey, SlotId, SlotSurvey, StoreKey};

use file::FileKeys;
use table::TableKeys;

pub(super) enum Keys {
    File(FileKeys),
    Table(TableKeys),
}

/// What is erased of a store: ids, each with its key's slot where it has one.
pub(super) type Doomed = ([u8; 16], Option<SlotId>);

/// Whose slot it is: one way from the purchase's id, so that the file names no purchase.
pub(super) fn owner(store: &str, id: &[u8; 16]) -> [u8; 16] {
    let digest = Sha256::new()
        .chain_update(b"olvido 1 hub purchase\0")
        .chain_update((store.len() as u64).to_be_bytes())
        .chain_update(store)
        .chain_update(id)
        .finalize();
    let mut owner: [u8; 16] = std::array::from_fn(|place| digest[place]);
    // All zeros is nobody.
    owner[0] |= 1;
    owner
}

impl Keys {
    /// The keys in their file, which is made where there is nothing sealed yet (`is_new`).
    pub(super) fn in_file(files: &HubFiles, key: StoreKey, is_new: bool) -> Result<Keys, HubError> {
        Ok(Keys::File(FileKeys::open(files, key, is_new)?))
    }

    /// The keys in a database of their own, which is made ready where it is empty.
    pub(super) fn in_table(database: Database, key: &StoreKey) -> Result<Keys, HubError> {
        Ok(Keys::Table(TableKeys::open(database, key)?))
    }

    /// Whether this process may write keys, and so takes records.
    pub(super) fn is_keeper(&self) -> bool {
        match self {
            Keys::File(keys) => keys.is_keeper(),
            Keys::Table(_) => true,
        }
    }

    /// Whether nobody else gives keys out meanwhile.
    pub(super) fn is_alone(&self) -> bool {
        match self {
            Keys::File(keys) => keys.is_keeper(),
            Keys::Table(_) => false,
        }
    }

    /// What these keys are told from others by: a copy has the same. Errors: `Keys`, `Database`.
    pub(super) fn id(&self) -> Result<[u8; 16], HubError> {
        match self {
            Keys::File(keys) => keys.id(),
            Keys::Table(keys) => Ok(keys.id()),
        }
    }

    /// How often these keys were opened before; it only rises, whatever the database was put back to.
    pub(super) fn starts(&self) -> Result<u32, HubError> {
        match self {
            Keys::File(keys) => keys.starts(),
            Keys::Table(keys) => Ok(keys.starts()),
        }
    }

    /// A fresh key for each owner, durable on return. Errors: `KeysElsewhere`, `Keys`, `Database`.
    pub(super) fn give(
        &self,
        store: &str,
        owners: &[[u8; 16]],
        now: DateTime<Utc>,
    ) -> Result<Vec<(SlotId, DataKey)>, HubError> {
        match self {
            Keys::File(keys) => keys.give(owners),
            Keys::Table(keys) => keys.give(store, owners, now),
        }
    }

    /// The key in a slot; `None` when it was destroyed. Errors: `Keys`, `Database`.
    pub(super) fn key(&self, store: &str, slot: SlotId) -> Result<Option<DataKey>, HubError> {
        match self {
            Keys::File(keys) => keys.key(slot),
            Keys::Table(keys) => keys.key(store, slot),
        }
    }

    /// Destroys keys that seal nothing. Errors: `KeysElsewhere`, `Keys`, `Database`.
    pub(super) fn destroy(&self, store: &str, slots: &[SlotId]) -> Result<(), HubError> {
        match self {
            Keys::File(keys) => keys.destroy(slots),
            Keys::Table(keys) => keys.destroy(store, slots),
        }
    }

    /// Puts what is to be erased onto the list, durable on return, and then destroys its keys, for good in a
    /// file; for a table see [`Keys::scrub`]. Errors: as [`Keys::destroy`], and `Io`; then it is done again
    /// later.
    pub(super) fn erase(&self, store: &str, doomed: &[Doomed]) -> Result<(), HubError> {
        match self {
            Keys::File(keys) => {
                keys.list(&doomed.iter().map(|(id, _)| (store.to_owned(), *id)).collect::<Vec<_>>())?;
                keys.destroy(&doomed.iter().filter_map(|(_, slot)| *slot).collect::<Vec<_>>())
            }
            Keys::Table(keys) => keys.erase(store, doomed),
        }
    }

    /// Puts onto the list what was erased long ago. Errors: `KeysElsewhere`, `Io`, `Database`.
    pub(super) fn list(&self, erased: &[Erased]) -> Result<(), HubError> {
        match self {
            Keys::File(keys) => keys.list(erased),
            Keys::Table(keys) => keys.list(erased),
        }
    }

    /// The list of what was erased. Errors: `Io`, `Database`.
    pub(super) fn listed(&self) -> Result<Listed, HubError> {
        match self {
            Keys::File(keys) => keys.listed(),
            Keys::Table(keys) => keys.listed(),
        }
    }

    /// Takes destroyed keys out of the logs of their database, where they are in one. It takes seconds, so
    /// it is done now and then. Errors: `Database`.
    pub(super) fn scrub(&self, now: DateTime<Utc>) -> Result<(), HubError> {
        match self {
            Keys::File(_) => Ok(()),
            Keys::Table(keys) => keys.scrub(now),
        }
    }

    /// Whether destroyed keys still stand in a log. Errors: `Database`.
    pub(super) fn has_traces(&self) -> Result<bool, HubError> {
        match self {
            Keys::File(_) => Ok(false),
            Keys::Table(keys) => keys.has_traces(),
        }
    }

    /// Which of these, that are erased, have a destroyed key that still stands in a log. Errors: `Database`.
    pub(super) fn with_traces(&self, store: &str, ids: &[[u8; 16]]) -> Result<HashSet<[u8; 16]>, HubError> {
        match self {
            Keys::File(_) => Ok(HashSet::new()),
            Keys::Table(keys) => keys.with_traces(store, ids),
        }
    }

    /// Destroys the keys that nothing is sealed with. Errors: `KeysElsewhere`, `Keys`, `Database`.
    pub(super) fn reclaim(&self, needed: &HashSet<SlotId>, now: DateTime<Utc>) -> Result<(), HubError> {
        match self {
            Keys::File(keys) => keys.reclaim(needed),
            Keys::Table(keys) => keys.reclaim(needed, now),
        }
    }

    /// Every key, each unwrapped once. Errors: `Keys`, `Database`.
    pub(super) fn check(&self) -> Result<SlotSurvey, HubError> {
        match self {
            Keys::File(keys) => keys.check(),
            Keys::Table(keys) => keys.check(),
        }
    }

    /// The bytes of a key file with these keys only, still wrapped, for a backup. `None` of a table: a
    /// backup of that would bring back what was destroyed. Errors: `Keys`.
    pub(super) fn copy(&self, needed: &HashSet<SlotId>) -> Result<Option<Vec<u8>>, HubError> {
        match self {
            Keys::File(keys) => keys.copy(needed).map(Some),
            Keys::Table(_) => Ok(None),
        }
    }
}
