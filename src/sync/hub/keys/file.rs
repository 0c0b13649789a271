//! The keys of one hub, in files of its own. Whoever has the lock keeps them; anybody else may read.

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::seal::{DataKey, KeyFile, KeysError, SlotId, SlotSurvey, StoreKey, private_file};
use crate::sync::hub::HubFiles;
use crate::sync::hub::erased::{Erased, ErasedLog, Listed};
use crate::sync::hub::error::HubError;

pub(in crate::sync::hub) struct FileKeys {
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

impl FileKeys {
    pub(super) fn open(files: &HubFiles, key: StoreKey, is_new: bool) -> Result<FileKeys, HubError> {
        let mut options = File::options();
        let lock =
            private_file::open(&files.lock, options.create(true).truncate(false).read(true).write(true))?;
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
        Ok(FileKeys { files: files.clone(), key, kept })
    }

    pub(super) fn is_keeper(&self) -> bool {
        self.kept.is_some()
    }

    pub(super) fn id(&self) -> Result<[u8; 16], HubError> {
        self.with_file(KeyFile::id)
    }

    pub(super) fn starts(&self) -> Result<u32, HubError> {
        Ok(self.kept()?.starts)
    }

    pub(super) fn give(&self, owners: &[[u8; 16]]) -> Result<Vec<(SlotId, DataKey)>, HubError> {
        Ok(self.kept()?.file.write(owners)?)
    }

    pub(super) fn key(&self, slot: SlotId) -> Result<Option<DataKey>, HubError> {
        self.with_file(|file| file.key(slot))
    }

    pub(super) fn destroy(&self, slots: &[SlotId]) -> Result<(), HubError> {
        if slots.is_empty() {
            return Ok(());
        }
        Ok(self.kept()?.file.zero(slots)?)
    }

    pub(super) fn reclaim(&self, needed: &HashSet<SlotId>) -> Result<(), HubError> {
        let places: HashSet<u32> = needed.iter().map(|slot| slot.index).collect();
        let is_needed = |slot: &SlotId| {
            if slot.is_place() { places.contains(&slot.index) } else { needed.contains(slot) }
        };
        self.kept()?.file.reclaim(is_needed)?;
        Ok(())
    }

    pub(super) fn check(&self) -> Result<SlotSurvey, HubError> {
        self.with_file(KeyFile::check)
    }

    pub(super) fn copy(&self, needed: &HashSet<SlotId>) -> Result<Vec<u8>, HubError> {
        self.with_file(|file| file.copy(|slot| needed.contains(slot)))
    }

    pub(super) fn list(&self, erased: &[Erased]) -> Result<(), HubError> {
        Ok(self.kept()?.log.append(erased)?)
    }

    pub(super) fn listed(&self) -> Result<Listed, HubError> {
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
