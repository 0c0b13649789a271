//! Forgetting. The order is what makes it hold through a crash at any point:
//!
//! 1. tombstone and list of doomed slots, durable: from here on the answer is "forgotten";
//! 2. the key slots overwritten with zeros and synced: nobody can open it any more;
//! 3. the sealed bytes overwritten and dropped;
//! 4. the write-ahead log truncated.
//!
//! Before a forget says complete it erases what a backup or restore that was killed has left: keys can be in it.
//! Whatever a crash, a reader or a full disk leaves undone is finished by [`Store::tend`], and is
//! reported as pending until then.

use rusqlite::{Connection, TransactionBehavior, params};

use crate::seal::{ReceiptCode, SlotId};

use super::error::StoreError;
use super::open::Store;
use super::{hub, outbox, profile, purchase};

/// How far a forget got. It is accepted in either case: nobody can open the purchase any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgetting {
    Complete,
    Pending(Reason),
}

/// What keeps a forget from being complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Another process reads the database: its log cannot be truncated yet.
    Reader,
    /// No room to write on the disk.
    DiskFull,
    /// An interrupted backup or restore has left something that cannot be erased: [`Store::left_over`].
    LeftOver,
}

/// Where a forget was said first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// At this till, or by its calendar: the hub has yet to hear of it.
    Here,
    AtHub,
}

/// Puts a slot on the list of those to zero, whose rows are to go, inside a transaction.
pub(super) fn doom(connection: &Connection, slot: SlotId) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO doomed (owner, slot) VALUES (?1, ?2)")?
        .execute(params![slot.owner, slot.index])?;
    Ok(())
}

impl Store {
    /// Forgets the purchase of this code. `None` when nothing is kept under it.
    pub fn forget(&mut self, code: &ReceiptCode) -> Result<Option<Forgetting>, StoreError> {
        match purchase::slot_of(&self.connection, &code.purchase_id())? {
            Some(slot) => Ok(Some(self.forget_all(&[slot])?)),
            None => Ok(None),
        }
    }

    /// The key slot of the purchase kept under this code.
    pub fn slot(&self, code: &ReceiptCode) -> Result<Option<SlotId>, StoreError> {
        purchase::slot_of(&self.connection, &code.purchase_id())
    }

    /// Forgets purchases and profiles, all four steps. On an error before the tombstones are
    /// durable nothing was forgotten; after that the rest is pending.
    pub fn forget_all(&mut self, slots: &[SlotId]) -> Result<Forgetting, StoreError> {
        self.forget_as(slots, &[], Said::Here)
    }

    fn forget_as(
        &mut self,
        slots: &[SlotId],
        not_held: &[[u8; 16]],
        said: Said,
    ) -> Result<Forgetting, StoreError> {
        if !slots.is_empty() || !not_held.is_empty() {
            self.despite_full_disk(|store| store.entomb_as(slots, not_held, said))?;
        }
        if !slots.is_empty() {
            self.zero_doomed()?;
        }
        self.finish_forgetting()
    }

    /// Steps 3 and 4, as far as they go now.
    pub fn finish_forgetting(&mut self) -> Result<Forgetting, StoreError> {
        let finished = self.despite_full_disk(|store| {
            if store.doomed {
                store.zero_doomed()?;
                store.drop_doomed()?;
            }
            if store.log_to_truncate { store.truncate_log() } else { Ok(true) }
        });
        match finished {
            Ok(true) if !self.erase_leftovers()? => Ok(Forgetting::Pending(Reason::LeftOver)),
            Ok(true) => Ok(Forgetting::Complete),
            Ok(false) | Err(StoreError::Busy) => Ok(Forgetting::Pending(Reason::Reader)),
            Err(error) if error.is_disk_full() => Ok(Forgetting::Pending(Reason::DiskFull)),
            Err(error) => Err(error),
        }
    }

    /// Step 1. A purchase leaves its customer's profile in the same transaction.
    pub fn entomb(&mut self, slots: &[SlotId]) -> Result<(), StoreError> {
        self.entomb_as(slots, &[], Said::Here)
    }

    /// Step 1 for what is held, and a tombstone for what is not.
    pub(super) fn entomb_as(
        &mut self,
        slots: &[SlotId],
        not_held: &[[u8; 16]],
        said: Said,
    ) -> Result<(), StoreError> {
        let Store { connection, keys, .. } = self;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for &slot in slots {
            if let Some(lookup) = purchase::customer_of(&transaction, keys, slot)? {
                let last = profile::remove(&transaction, keys, &lookup, &slot.owner)?;
                if let Some(profile_slot) = last {
                    bury(&transaction, profile_slot, said)?;
                }
            }
            bury(&transaction, slot, said)?;
        }
        for id in not_held {
            mark(&transaction, id, false, said)?;
        }
        if !slots.is_empty() {
            transaction
                .prepare_cached("INSERT OR IGNORE INTO meta (name, value) VALUES ('compaction', 'due')")?
                .execute([])?;
        }
        transaction.commit()?;
        self.doomed |= !slots.is_empty();
        self.log_to_truncate |= !slots.is_empty();
        Ok(())
    }

    /// Forgets what a hub says was forgotten elsewhere, all four steps; what is not held here gets its
    /// tombstone, so that it never comes back. Safe to repeat. The hub may be told that it is done only when
    /// it is `Complete`.
    pub fn forget_from_hub(&mut self, ids: &[[u8; 16]]) -> Result<Forgetting, StoreError> {
        let (mut slots, mut not_held) = (Vec::new(), Vec::new());
        for id in ids {
            match self.held(id)? {
                Some(slot) => slots.push(slot),
                None if !is_entombed(&self.connection, id)? => not_held.push(*id),
                None => {}
            }
        }
        self.forget_as(&slots, &not_held, Said::AtHub)
    }

    /// Forgets a purchase that may be kept at other tills: here, where it is held, and a tombstone that goes
    /// to the hub in any case.
    pub fn forget_elsewhere(&mut self, id: &[u8; 16]) -> Result<Forgetting, StoreError> {
        match self.held(id)? {
            Some(slot) => self.forget_as(&[slot], &[], Said::Here),
            None => self.forget_as(&[], &[*id], Said::Here),
        }
    }

    /// The key slot of a purchase or profile that is kept here.
    fn held(&self, id: &[u8; 16]) -> Result<Option<SlotId>, StoreError> {
        match purchase::slot_of(&self.connection, id)? {
            None => profile::slot_of(&self.connection, id),
            held => Ok(held),
        }
    }

    /// Step 2: after it nobody can open what was forgotten, with any copy of the database.
    pub fn zero_doomed(&mut self) -> Result<(), StoreError> {
        let slots = self.doomed_slots()?;
        Ok(self.keys.zero(&slots)?)
    }

    /// Step 3. Overwritten before they are deleted: freed cells hold zeros, whatever SQLite does
    /// with them.
    pub fn drop_doomed(&mut self) -> Result<(), StoreError> {
        let slots = self.doomed_slots()?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for slot in &slots {
            for sql in [
                "UPDATE purchase SET sealed = zeroblob(length(sealed)), slot = 0, day = 0, until = NULL WHERE id = ?1",
                "DELETE FROM purchase WHERE id = ?1",
                "UPDATE profile SET sealed = zeroblob(length(sealed)), slot = 0 WHERE owner = ?1",
                "DELETE FROM profile WHERE owner = ?1",
                "DELETE FROM look WHERE id = ?1",
                "DELETE FROM doomed WHERE owner = ?1",
            ] {
                transaction.prepare_cached(sql)?.execute([slot.owner])?;
            }
        }
        transaction.commit()?;
        self.doomed = false;
        Ok(())
    }

    /// Step 4. `false` while a reader holds the log.
    pub fn truncate_log(&mut self) -> Result<bool, StoreError> {
        // Waiting for a reader would hold up the till: it is tried again later.
        self.connection.busy_timeout(std::time::Duration::ZERO)?;
        let busy =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        self.connection.busy_timeout(super::open::BUSY_TIMEOUT)?;
        self.log_to_truncate = busy?;
        Ok(!self.log_to_truncate)
    }

    /// Ends a day: the best-sellers first in the catalogue, key slots without use given back, and,
    /// where something was forgotten since the last time, the database compacted, so that no page
    /// holds what is no row any more. That takes about a second for each 100 MB.
    pub fn close_day(&mut self) -> Result<Forgetting, StoreError> {
        if self.sold {
            self.rank_catalogue()?;
            self.sold = false;
        }
        let due: bool = self.connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM meta WHERE name = 'compaction')",
            [],
            |row| row.get(0),
        )?;
        if due {
            self.connection.execute_batch("VACUUM; DELETE FROM meta WHERE name = 'compaction'")?;
            self.log_to_truncate = true;
        }
        let forgetting = self.finish_forgetting()?;
        self.reclaim_slots()?;
        Ok(forgetting)
    }

    fn doomed_slots(&self) -> Result<Vec<SlotId>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT slot, owner FROM doomed")?;
        let rows = statement.query_map([], |row| Ok(SlotId { index: row.get(0)?, owner: row.get(1)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn bury(connection: &Connection, slot: SlotId, said: Said) -> Result<(), StoreError> {
    mark(connection, &slot.owner, true, said)?;
    doom(connection, slot)
}

/// Sets the tombstone; a new one that was said here goes to the hub.
pub(super) fn mark(connection: &Connection, id: &[u8; 16], held: bool, said: Said) -> Result<(), StoreError> {
    let set = connection.prepare_cached("INSERT OR IGNORE INTO tombstone (id) VALUES (?1)")?.execute([id])?;
    if set == 1 && said == Said::Here {
        outbox::queue_forget(connection, id, held)?;
        hub::await_copies(connection, id)?;
    }
    Ok(())
}

fn is_entombed(connection: &Connection, id: &[u8; 16]) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM tombstone WHERE id = ?1)")?;
    Ok(statement.query_row([id], |row| row.get(0))?)
}
