//! Mending: damaged slots of `olvido.keys`, written over with the same slots of a backup. All else in the store in
//! place stays as it is, and what was forgotten stays forgotten: its slots are zero, not damaged.

use std::collections::HashSet;
use std::path::Path;

use super::restore::UNPACKED;
use super::{BackupError, KEYS, archive, slots_of};
use crate::seal::{KeyFile, SlotId, private_file};
use crate::store::error::StoreError;
use crate::store::open::{Files, Store};

/// What came of mending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mended {
    /// Slots that are whole again.
    pub mended: usize,
    /// Slots that are damaged and that the backup does not have either.
    pub missing: usize,
    /// Of what was mended: purchases and profiles of customers who were forgotten meanwhile, now gone, too.
    pub forgotten: usize,
}

/// Mends the keys of the store in `root`, whose lock the caller holds, from the backup in `file`. `None` where none
/// that it needs is damaged. Errors: as of [`super::Restoring::prepare`], and then nothing was changed.
pub fn mend_keys(file: &Path, root: &Path) -> Result<Option<Mended>, BackupError> {
    let (mut store, _) = Store::open_to_forget(&Files::of(root))?;
    let damaged = store.damaged_slots()?;
    if damaged.is_empty() {
        return Ok(None);
    }
    let folder = root.join(UNPACKED);
    archive::fresh_folder(&folder).map_err(StoreError::from)?;
    let mended = store.mend_from(file, &folder, &damaged);
    let erased = private_file::erase_all(&folder);
    let mended = mended?;
    erased.map_err(StoreError::from)?;
    Ok(Some(mended))
}

impl Store {
    /// The damaged slots of what is kept, and of released counts.
    fn damaged_slots(&self) -> Result<Vec<SlotId>, StoreError> {
        let damaged: HashSet<u32> = self.keys.live()?.damaged.into_iter().collect();
        let needed = slots_of(
            &self.connection,
            "SELECT slot, owner FROM (
                 SELECT slot, id AS owner FROM purchase UNION ALL SELECT slot, owner FROM profile
                 UNION ALL SELECT slot, owner FROM released)
             WHERE owner NOT IN (SELECT id FROM tombstone) AND owner NOT IN (SELECT owner FROM doomed)",
        )?;
        Ok(needed.into_iter().filter(|slot| damaged.contains(&slot.index)).collect())
    }

    fn mend_from(&mut self, file: &Path, folder: &Path, damaged: &[SlotId]) -> Result<Mended, BackupError> {
        // Whatever its mark is worth: a slot opens for its place and owner alone, or is not taken.
        archive::unpack(file, folder, &self.store_key)?;
        let copy = KeyFile::open(&folder.join(KEYS), &self.store_key).map_err(StoreError::from)?;
        let mended = self.keys.mend(&copy, damaged).map_err(StoreError::from)?;
        let forgotten = self.forget_remains(&mended)?;
        Ok(Mended { mended: mended.len(), missing: damaged.len() - mended.len(), forgotten })
    }
}
