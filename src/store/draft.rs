//! The open basket, sealed so that a crash loses nothing, its key zeroed once it is sold.

use rusqlite::{Connection, OptionalExtension, params};

use crate::seal::{DataKey, SlotId, aead};

use super::columns::slot_id;
use super::error::StoreError;
use super::forget::{Stage, doom};
use super::open::Store;

/// Where the draft's key is. `live` is false once the basket was sold or dropped.
pub(super) struct DraftSlot {
    pub(super) slot: SlotId,
    live: bool,
}

impl DraftSlot {
    pub(super) fn load(connection: &Connection) -> Result<Option<DraftSlot>, StoreError> {
        let row = connection.query_row("SELECT slot, owner, sealed IS NOT NULL FROM draft", [], |row| {
            let slot = slot_id(row, 0, row.get(1)?)?;
            Ok(DraftSlot { slot, live: row.get(2)? })
        });
        Ok(row.optional()?)
    }

    /// Part of the sale's transaction: the draft is no basket any more.
    pub(super) fn sold(connection: &Connection) -> Result<(), StoreError> {
        connection.prepare_cached("UPDATE draft SET sealed = NULL")?.execute([])?;
        Ok(())
    }
}

fn put(connection: &Connection, slot: SlotId, sealed: &[u8]) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO draft (id, slot, owner, sealed) VALUES (1, ?1, ?2, ?3)")?
        .execute(params![slot.index, slot.owner, sealed])?;
    Ok(())
}

impl Store {
    /// Keeps the open basket: `plaintext` is whatever the till needs to show it again.
    pub fn save_draft(&mut self, plaintext: &[u8]) -> Result<(), StoreError> {
        let (slot, key) = self.draft_key()?;
        put(&self.connection, slot, &aead::seal(&key, &slot.owner, plaintext))?;
        self.draft = Some(DraftSlot { slot, live: true });
        Ok(())
    }

    /// Keeps the open basket under a new key and destroys the one before: what is no more in it cannot be read
    /// from what lies in free pages or the log. Either is there whole after a crash, and the next start destroys
    /// the other's key. A full disk is no error while the ballast is there.
    pub fn reseal_draft(&mut self, plaintext: &[u8]) -> Result<(), StoreError> {
        self.retire_draft()?;
        self.despite_full_disk(|store| {
            store.require_files()?;
            store.require_spares(0, 1)?;
            let spare = store.spares.plain.pop().expect("just required");
            let sealed = aead::seal(&spare.key, &spare.slot.owner, plaintext);
            let transaction = store.connection.transaction()?;
            put(&transaction, spare.slot, &sealed)?;
            if let Some(before) = &store.draft {
                doom(&transaction, before.slot)?;
            }
            transaction.commit()?;
            store.draft = Some(DraftSlot { slot: spare.slot, live: true });
            store.resume_from(Stage::Tombstoned);
            Ok(())
        })?;
        self.advance(Stage::KeyDestroyed)
    }

    /// Whether a basket is open.
    pub fn has_draft(&self) -> bool {
        self.draft.as_ref().is_some_and(|draft| draft.live)
    }

    /// The basket that was open when the till stopped, if any.
    pub fn draft(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(DraftSlot { slot, live: true }) = self.draft else {
            return Ok(None);
        };
        let sealed: Vec<u8> = self.connection.query_row("SELECT sealed FROM draft", [], |row| row.get(0))?;
        let Some(key) = self.keys.key(slot)? else {
            return Ok(None);
        };
        let plaintext = aead::open(&key, &slot.owner, &sealed)
            .map_err(|_| StoreError::Damaged("the open basket cannot be unsealed".into()))?;
        Ok(Some(plaintext.to_vec()))
    }

    /// Drops the open basket for good: it was voided, or is empty again.
    pub fn drop_draft(&mut self) -> Result<(), StoreError> {
        if self.has_draft() {
            DraftSlot::sold(&self.connection)?;
            self.draft_sold();
        }
        self.retire_draft()
    }

    /// What is in memory after [`DraftSlot::sold`] was committed.
    pub(super) fn draft_sold(&mut self) {
        if let Some(draft) = &mut self.draft {
            draft.live = false;
        }
    }

    /// Zeroes the key of a draft that is no basket any more, and those that its sale's counts had before, in one
    /// write. Safe to run again after a crash.
    pub(super) fn retire_draft(&mut self) -> Result<(), StoreError> {
        let mut slots = self.tally.old_slots().to_vec();
        let sold = self.draft.as_ref().filter(|draft| !draft.live).map(|draft| draft.slot);
        slots.extend(sold);
        if slots.is_empty() {
            return Ok(());
        }
        self.keys.zero(&slots)?;
        self.tally.zeroed();
        if sold.is_some() {
            self.draft = None;
        }
        Ok(())
    }

    /// The key of the basket that is open, or a new one.
    fn draft_key(&mut self) -> Result<(SlotId, DataKey), StoreError> {
        self.retire_draft()?;
        if let Some(draft) = &self.draft
            && let Some(key) = self.keys.key(draft.slot)?
        {
            return Ok((draft.slot, key));
        }
        self.require_spares(0, 1)?;
        let spare = self.spares.plain.pop().expect("just required");
        Ok((spare.slot, spare.key))
    }
}
