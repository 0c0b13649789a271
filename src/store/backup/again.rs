//! What was forgotten after the backup, forgotten again before the restored store takes its place.

use std::collections::{BTreeSet, HashSet};

use super::in_place::InPlace;
use crate::seal::{CustomerSlot, Holds, SlotId};
use crate::store::error::StoreError;
use crate::store::forget::{self, Forgetting, Stage};
use crate::store::open::Store;
use crate::store::{hub, profile};

/// What the files in place tell of the purchases and profiles in the backup.
pub(super) struct Known {
    /// Forgotten since.
    pub forgotten: Vec<SlotId>,
    /// Of which nothing tells.
    pub unknown: Vec<SlotId>,
    /// Whose slot is damaged there.
    pub damaged: Vec<SlotId>,
}

impl Known {
    pub fn of(store: &Store, in_place: &InPlace) -> Result<Known, StoreError> {
        let mut known = Known { forgotten: Vec::new(), unknown: Vec::new(), damaged: Vec::new() };
        for slot in super::personal_slots(&store.connection)? {
            match in_place.knows(slot) {
                Some(true) => known.forgotten.push(slot),
                Some(false) => {}
                None => known.unknown.push(slot),
            }
            if in_place.is_damaged(slot) {
                known.damaged.push(slot);
            }
        }
        Ok(known)
    }
}

impl Store {
    /// Forgets again what was forgotten since, completely. Returns how many purchases and profiles that were.
    pub(super) fn forget_again(
        &mut self,
        in_place: &InPlace,
        mut forgotten: Vec<SlotId>,
        damaged: &[SlotId],
    ) -> Result<usize, StoreError> {
        self.adopt_tombstones(in_place)?;
        hub::mark_restored(&self.connection)?;
        let renewed = self.renew_changed_profiles(&forgotten, &in_place.tombstones)?;
        forgotten.retain(|slot| !renewed.contains(slot));
        self.forget_all(&forgotten)?;
        // Where its slot was damaged in place, nobody knew whose it was when a customer was forgotten.
        let remains = self.forget_remains(damaged)?;
        self.compact()?;
        if self.finish_forgetting()? != Forgetting::Complete {
            return Err(StoreError::Busy);
        }
        Ok(forgotten.len() + remains)
    }

    /// Takes over what was forgotten since, and says it to the hub, which may not have heard it all.
    fn adopt_tombstones(&mut self, in_place: &InPlace) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        for id in &in_place.tombstones {
            forget::mark(&transaction, id, in_place.held.contains(id), forget::Said::Here)?;
        }
        Ok(transaction.commit()?)
    }

    /// Drops purchases and profiles without a tombstone: nobody said forget, and elsewhere they stay.
    pub(super) fn let_go(&mut self, slots: &[SlotId]) -> Result<(), StoreError> {
        let emptied = self.left_without_purchase(slots)?;
        let transaction = self.connection.transaction()?;
        for &slot in slots {
            forget::doom(&transaction, slot)?;
        }
        for slot in emptied {
            forget::doom(&transaction, slot)?;
        }
        transaction.commit()?;
        self.resume_from(Stage::Tombstoned);
        self.advance(Stage::Dropped)
    }

    /// A profile whose key is gone was forgotten, or it was changed after the backup: changed, if
    /// one of its purchases is still there. Such a profile is kept under a new key, and nothing is
    /// ticked in it, since what was ticked last is not known. Returns the old slots.
    fn renew_changed_profiles(
        &mut self,
        forgotten: &[SlotId],
        tombstones: &BTreeSet<[u8; 16]>,
    ) -> Result<Vec<SlotId>, StoreError> {
        let gone: HashSet<[u8; 16]> = forgotten.iter().map(|slot| slot.owner).collect();
        let mut renewed = Vec::new();
        for slot in profile::all(&self.connection)? {
            if !gone.contains(&slot.owner) || tombstones.contains(&slot.owner) {
                continue;
            }
            let Some(tie) = self.keys.tie_of(slot)? else { continue };
            let theirs = self.keys.slots_of(&tie.customer)?;
            let is_kept =
                |known: &CustomerSlot| known.holds == Holds::Purchase && !gone.contains(&known.slot.owner);
            if theirs.iter().any(is_kept) {
                self.renew_profile(&tie.customer)?;
                renewed.push(slot);
            }
        }
        Ok(renewed)
    }
}
