//! The keys that seal purchases, and the list of what was erased: apart from the database, because a
//! database keeps what it deletes, in its heap, its logs and its backups. Only a destroyed key counts.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::HubFiles;
use super::erased::{Erased, ErasedLog, Listed};
use super::error::HubError;
use crate::seal::{DataKey, KeyFile, KeysError, SlotId, SlotSurvey, StoreKey};

/// The key file of one hub. Whoever has the lock keeps the keys; anybody else may read.
pub(super) struct Keys {
    files: HubFiles,
    key: StoreKey,
    /// None in a process beside the one that keeps the keys.
    kept: Option<Mutex<Kept>>,
}

struct Kept {
    file: KeyFile,
    log: ErasedLog,
    starts: u32,
    _lock: File,
}

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
    /// Opens the keys, or makes their file where there is nothing sealed yet (`is_new`).
    pub(super) fn open(files: &HubFiles, key: StoreKey, is_new: bool) -> Result<Keys, HubError> {
        let mut options = File::options();
        let lock =
            options.create(true).truncate(false).read(true).write(true).mode(0o600).open(&files.lock)?;
        let kept = match lock.try_lock() {
            Ok(()) => {
                let file = match KeyFile::open(&files.keys, &key) {
                    Err(KeysError::Io(error)) if error.kind() == io::ErrorKind::NotFound && is_new => {
                        KeyFile::create(&files.keys, &key)
                    }
                    file => file,
                }?;
                let (log, starts) = (ErasedLog::open(&files.erased_log)?, count_start(&lock)?);
                Some(Mutex::new(Kept { file, log, starts, _lock: lock }))
            }
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(error)) => return Err(error.into()),
        };
        Ok(Keys { files: files.clone(), key, kept })
    }

    pub(super) fn is_keeper(&self) -> bool {
        self.kept.is_some()
    }

    /// How often these keys were opened before; it only rises, whatever the database was put back to.
    pub(super) fn starts(&self) -> Result<u32, HubError> {
        Ok(self.kept()?.starts)
    }

    /// A fresh key for each owner, durable on return. Errors: `KeysElsewhere`, `Keys`.
    pub(super) fn give(&self, owners: &[[u8; 16]]) -> Result<Vec<(SlotId, DataKey)>, HubError> {
        Ok(self.kept()?.file.write(owners)?)
    }

    /// The key in a slot; `None` when it was destroyed. Errors: `Keys`.
    pub(super) fn key(&self, slot: SlotId) -> Result<Option<DataKey>, HubError> {
        self.with_file(|file| file.key(slot))
    }

    /// Destroys keys, for good on return. Errors: `KeysElsewhere`, `Keys`; then it is done again later.
    pub(super) fn destroy(&self, slots: &[SlotId]) -> Result<(), HubError> {
        if slots.is_empty() {
            return Ok(());
        }
        let mut kept = self.kept()?;
        kept.file.zero(slots)?;
        Ok(())
    }

    /// Destroys the keys that nothing is sealed with, and makes their slots available again.
    pub(super) fn reclaim(&self, is_needed: impl Fn(&SlotId) -> bool) -> Result<usize, HubError> {
        Ok(self.kept()?.file.reclaim(is_needed)?)
    }

    /// Every key, each unwrapped once. Errors: `Keys`.
    pub(super) fn check(&self) -> Result<SlotSurvey, HubError> {
        self.with_file(KeyFile::check)
    }

    /// The bytes of a key file with these keys only, still wrapped. Errors: `Keys`.
    pub(super) fn copy(&self, is_needed: impl Fn(&SlotId) -> bool) -> Result<Vec<u8>, HubError> {
        self.with_file(|file| file.copy(is_needed))
    }

    /// Adds to the list of what was erased, durable on return. Errors: `KeysElsewhere`, `Io`.
    pub(super) fn list_erased(&self, erased: &[Erased]) -> Result<(), HubError> {
        Ok(self.kept()?.log.append(erased)?)
    }

    /// The list of what was erased. Errors: `Io`.
    pub(super) fn erased(&self) -> Result<Listed, HubError> {
        Ok(ErasedLog::read(&self.files.erased_log)?)
    }

    fn kept(&self) -> Result<MutexGuard<'_, Kept>, HubError> {
        let kept = self.kept.as_ref().ok_or(HubError::KeysElsewhere)?;
        // Nothing in it is left half done by a panic.
        Ok(kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Beside the process that keeps them, the file is opened anew: it may have grown.
    fn with_file<T>(&self, read: impl FnOnce(&KeyFile) -> Result<T, KeysError>) -> Result<T, HubError> {
        match &self.kept {
            Some(kept) => Ok(read(&kept.lock().unwrap_or_else(PoisonError::into_inner).file)?),
            None => Ok(read(&KeyFile::open(&self.files.keys, &self.key)?)?),
        }
    }
}

/// Counts a start in the file of the lock, durable on return. Returns how many there were before.
fn count_start(lock: &File) -> io::Result<u32> {
    let mut bytes = [0; 4];
    let before = match lock.read_exact_at(&mut bytes, 0) {
        Ok(()) => u32::from_be_bytes(bytes),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
        Err(error) => return Err(error),
    };
    lock.write_all_at(&before.saturating_add(1).to_be_bytes(), 0)?;
    lock.sync_all()?;
    Ok(before)
}
