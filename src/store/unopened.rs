//! What is kept and no key here opens: its slot is damaged, or zero though nobody forgot it. A backup may still have
//! it; without one it stays a row that nobody can open, until somebody says that it is to be forgotten.

use std::collections::{HashMap, HashSet};

use rusqlite::TransactionBehavior;

use crate::domain::policy::Memory;
use crate::seal::{Holds, KeysError, Lookup, SlotId};

use super::error::StoreError;
use super::forget::{Forgetting, Stage};
use super::open::Store;
use super::{counts, profile, purchase};

impl Store {
    /// Forgets what is kept and does not open here, released counts, too, and makes the profile anew of whom only that was lost. Where the
    /// keys file may not be the right one, what has no key stays: the right one may have it. Returns how many, and how
    /// far the forget got; `None` where everything opens.
    pub fn forget_unopened(&mut self) -> Result<Option<(usize, Forgetting)>, StoreError> {
        let survey = if self.is_right_key_file() { self.keys.check()? } else { self.keys.live()? };
        let live: HashSet<SlotId> = survey.live.into_iter().collect();
        let damaged: HashSet<u32> = survey.damaged.into_iter().collect();
        let mut slots = Vec::new();
        for (slot, memory) in self.kept_slots()? {
            let opens = if live.contains(&slot) {
                self.opens(slot, memory)?
            } else {
                !damaged.contains(&slot.index) && !self.is_right_key_file()
            };
            slots.extend((!opens).then_some(slot));
        }
        let count = slots.len() + self.drop_lost_counts()?;
        let forgetting = if count == 0 { None } else { Some(self.forget_all(&slots)?) };
        self.renew_lost_profiles()?;
        Ok(forgetting.map(|forgetting| (count, forgetting)))
    }

    /// How much is kept of a customer that cannot be read, or may be theirs: a key that is gone tells nobody whose it
    /// was. Without a customer, what may be anybody's. Errors: `Damaged` where the rows cannot be read.
    pub(super) fn unread_of(&mut self, customer: Option<&Lookup>) -> Result<usize, StoreError> {
        let survey = self.keys.live()?;
        let live: HashSet<[u8; 16]> = survey.live.iter().map(|slot| slot.owner).collect();
        let mut theirs = self.keys.damaged_slots_of_nobody()?;
        if let Some(customer) = customer {
            theirs.extend(self.keys.damaged_slots_of(customer)?);
        }
        let is_theirs = |slot: &SlotId| {
            let is_damaged = survey.damaged.contains(&slot.index);
            !live.contains(&slot.owner)
                && if is_damaged { theirs.contains(&slot.index) } else { self.is_right_key_file() }
        };
        let remembered = self.kept_slots()?.into_iter().filter(|(_, memory)| *memory == Memory::Profile);
        Ok(remembered.filter(|(slot, _)| is_theirs(slot)).count())
    }

    /// Whether something is kept that cannot be read, and may be any customer's. Errors: as of the database.
    pub fn has_unread_of_nobody(&mut self) -> Result<bool, StoreError> {
        Ok(self.unread_of(None)? > 0)
    }

    /// Whether a key that is not in the keys file is gone for good.
    fn is_right_key_file(&self) -> bool {
        !self.keys_may_be_older && self.keys.require_ours().is_ok()
    }

    /// The slots of what is kept and not forgotten; a profile's is one of a customer's.
    fn kept_slots(&self) -> Result<Vec<(SlotId, Memory)>, StoreError> {
        let forgotten = self.tombstones()?;
        let mut kept = purchase::all(&self.connection)?;
        kept.extend(profile::all(&self.connection)?.into_iter().map(|slot| (slot, Memory::Profile)));
        kept.retain(|(slot, _)| !forgotten.contains(&slot.owner));
        Ok(kept)
    }

    /// Whether what a whole slot is for opens with it. What takes the code of a receipt as well is not tried.
    fn opens(&self, slot: SlotId, memory: Memory) -> Result<bool, StoreError> {
        if memory == Memory::Receipt || !self.is_right_key_file() {
            return Ok(true);
        }
        let opened = profile::customer_of(&self.connection, &self.keys, &self.store_key, slot)
            .and(purchase::customer_of(&self.connection, &self.keys, &self.store_key, slot));
        match opened {
            Err(StoreError::Damaged(_)) => Ok(false),
            opened => opened.map(|_| true),
        }
    }

    /// Dooms the slots of released counts that do not open, and drops their rows. Returns how many. No person is in
    /// them, and nothing brings them back: they need no tombstone.
    fn drop_lost_counts(&mut self) -> Result<usize, StoreError> {
        if !self.is_right_key_file() {
            return Ok(0);
        }
        let mut lost = Vec::new();
        for batch in counts::batches(&self.connection, "true", [])? {
            match batch.open(&self.keys) {
                Ok(_) => {}
                Err(StoreError::Damaged(_) | StoreError::Keys(KeysError::DamagedSlot(_))) => lost.push(batch),
                Err(error) => return Err(error),
            }
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        lost.iter().try_for_each(|batch| batch.remove(&transaction))?;
        transaction.commit()?;
        if !lost.is_empty() {
            self.resume_from(Stage::Tombstoned);
        }
        Ok(lost.len())
    }

    /// Makes the profile anew of each customer whose purchases are kept and who has none. What they ticked is lost:
    /// nothing is ticked in it.
    fn renew_lost_profiles(&mut self) -> Result<(), StoreError> {
        if !self.is_right_key_file() {
            return Ok(());
        }
        let (mut purchases, mut whole) = (HashMap::new(), HashSet::new());
        for (slot, tie) in self.keys.live()?.tied {
            match tie.holds {
                Holds::Purchase => drop(purchases.insert(tie.customer, slot.owner)),
                Holds::Profile => drop(whole.insert(tie.customer)),
            }
        }
        for (customer, id) in purchases.into_iter().filter(|(customer, _)| !whole.contains(customer)) {
            let purchase = self.remembered(&id)?;
            if let Some((text, _)) = purchase.and_then(|purchase| purchase.customer) {
                self.make_profile_anew(customer, text)?;
            }
        }
        Ok(())
    }
}
