//! Forgetting, by [`Stage`]. The order is what makes it hold through a crash at any point, and each stage is
//! where the work of it is: in the list of doomed slots, in the keys file, in the log. So a start resumes
//! where the files say, and nothing is done twice but the zeroing of slots in front of a crash.
//!
//! Nothing of it reads what is sealed: a purchase whose bytes are damaged is forgotten like any other. Whose
//! it was is known from its slot, and a customer's profile goes with the last purchase.
//!
//! Before a forget says complete it erases what a backup or restore that was killed has left: keys can be in it.
//! Whatever a crash, a reader or a full disk leaves undone is finished by [`Store::tend`], and is
//! reported as pending until then. So is all of it where the keys file here may not be the right one: that can come
//! back, and then its slot is zeroed. Where the database is damaged each stage does what it can. *Complete*
//! waits for no compaction: what may still lie in a page that no row uses is sealed under a key that is
//! zero. A store of 0.2.0 is the exception: there, what finds a customer was in the database, and no forget
//! is complete before [`Store::rest`] has compacted it.

use std::collections::HashSet;

use rusqlite::{Connection, TransactionBehavior, params};

use crate::seal::{CustomerSlot, Holds, KeysError, Lookup, ReceiptCode, SlotId};

use super::columns::{NO_INDEX, slot_id};
use super::error::StoreError;
use super::open::Store;
use super::rest::require_compaction;
use super::{hub, outbox, profile, purchase};

/// What is behind the forgets under way: each stage is entered once, after the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The tombstone and the list of doomed slots are durable: from here on the answer is "forgotten".
    Tombstoned,
    /// The key slots are overwritten with zeros and synced, all that the keys file has: with it nobody can open
    /// them any more.
    KeyDestroyed,
    /// The sealed bytes are overwritten, their rows are gone, and no place in the outbox names them.
    Dropped,
    /// So are they from the write-ahead log. Nothing is left to do.
    LogTruncated,
}

/// How far a forget got. It is accepted in either case: with the files here nobody can open the purchase any
/// more.
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
    /// The store was 0.2.0's, and its database is not compacted yet.
    Compaction,
    /// The keys file here is perhaps not the right one, which may still hold the key: it is gone, emptied, cut short,
    /// of another moment than the database, or another store's.
    NoKey,
    /// A slot of the keys file is damaged, and nothing tells whose it is: it may be this customer's.
    Slot,
    /// The database is damaged, and sealed bytes stay in it that nobody can open.
    Damage,
}

impl Reason {
    /// Whether somebody has to do something before the forget can be complete. Else it becomes so by itself, once
    /// another process ends or the till is quiet.
    pub fn needs_somebody(self) -> bool {
        match self {
            Reason::Reader | Reason::Compaction => false,
            Reason::DiskFull | Reason::LeftOver | Reason::NoKey | Reason::Slot | Reason::Damage => true,
        }
    }
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
        .prepare_cached("INSERT INTO doomed (owner, slot) VALUES (?1, ?2) ON CONFLICT (owner) DO NOTHING")?
        .execute(params![slot.owner, slot.index])?;
    Ok(())
}

impl Store {
    /// Forgets the purchase of this code, or goes on with it. `None` when nothing is kept under it.
    pub fn forget(&mut self, code: &ReceiptCode) -> Result<Option<Forgetting>, StoreError> {
        let id = code.purchase_id();
        let slot = match purchase::slot_of(&self.connection, &id) {
            // Its row cannot be found: its key can.
            Err(error) if error.is_of_database() => {
                self.keys.live()?.live.into_iter().find(|slot| slot.owner == id)
            }
            Ok(None) => self.doomed_slots()?.into_iter().find(|slot| slot.owner == id),
            slot => slot?,
        };
        slot.map(|slot| self.forget_all(&[slot])).transpose()
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
            self.require_files_to_forget()?;
            self.despite_full_disk(|store| store.entomb_as(slots, not_held, said))?;
        }
        // An error before this is one: a key that is not gone is not forgotten.
        self.advance(Stage::KeyDestroyed)?;
        self.finish_forgetting()
    }

    /// What is left of the forgets under way, as far as it goes now.
    pub fn finish_forgetting(&mut self) -> Result<Forgetting, StoreError> {
        match self.despite_full_disk(|store| store.advance(Stage::LogTruncated)) {
            Ok(()) if !self.erase_leftovers()? => Ok(Forgetting::Pending(Reason::LeftOver)),
            Ok(()) if !self.keyless.is_empty() => Ok(Forgetting::Pending(Reason::NoKey)),
            Ok(()) if self.awaits_compaction => Ok(Forgetting::Pending(Reason::Compaction)),
            Ok(()) => Ok(Forgetting::Complete),
            Err(StoreError::Busy) => Ok(Forgetting::Pending(Reason::Reader)),
            Err(error) if error.is_disk_full() => Ok(Forgetting::Pending(Reason::DiskFull)),
            Err(error) if error.is_of_database() && self.stage >= Stage::KeyDestroyed => {
                log::error!("what was forgotten cannot be removed: {error}");
                let _ = self.truncate_log();
                let reason = if self.keyless.is_empty() { Reason::Damage } else { Reason::NoKey };
                Ok(Forgetting::Pending(reason))
            }
            Err(error) => Err(error),
        }
    }

    /// Goes on to a stage. Errors: `Busy` where a reader holds the log, and what files and SQLite say; the
    /// stages before it are behind.
    pub fn advance(&mut self, to: Stage) -> Result<(), StoreError> {
        while self.stage < to {
            self.stage = match self.stage {
                Stage::Tombstoned => {
                    let slots = self.doomed_slots()?;
                    let mut keyless = HashSet::new();
                    for slot in self.keys.zero_wherever(&slots)? {
                        // Zeroed before a crash, and perhaps another's since; in a file of another store, by nobody.
                        let was_zeroed = match self.keys.key(slot) {
                            Ok(_) => self.keys.require_ours().is_ok(),
                            Err(KeysError::DamagedSlot(_)) => slot.index == NO_INDEX,
                            Err(error) => return Err(error.into()),
                        };
                        if !was_zeroed {
                            keyless.insert(slot);
                        }
                    }
                    if self.keys_may_be_older {
                        // Zeroed here, and perhaps in a copy: the right file comes back with it.
                        keyless.extend(slots);
                    }
                    self.keyless = keyless;
                    Stage::KeyDestroyed
                }
                Stage::KeyDestroyed => {
                    self.drop_doomed()?;
                    Stage::Dropped
                }
                Stage::Dropped | Stage::LogTruncated => {
                    self.truncate_log()?;
                    Stage::LogTruncated
                }
            };
        }
        Ok(())
    }

    /// Whether the keys or the sealed bytes of something forgotten are still to go: of a forget that was cut short,
    /// mostly.
    pub fn is_forgetting(&self) -> bool {
        self.stage < Stage::Dropped
    }

    /// Says that there is something to do behind that stage.
    pub(super) fn resume_from(&mut self, stage: Stage) {
        self.stage = self.stage.min(stage);
    }

    /// The first stage. A customer's profile is forgotten with the last of their purchases.
    pub fn entomb(&mut self, slots: &[SlotId]) -> Result<(), StoreError> {
        self.entomb_as(slots, &[], Said::Here)
    }

    /// The first stage for what is held, and a tombstone for what is not.
    pub(super) fn entomb_as(
        &mut self,
        slots: &[SlotId],
        not_held: &[[u8; 16]],
        said: Said,
    ) -> Result<(), StoreError> {
        let emptied = self.left_without_purchase(slots)?;
        let doomed: Vec<SlotId> = slots.iter().chain(&emptied).copied().collect();
        match self.entomb_and_tell(&doomed, not_held, said) {
            Err(error) if error.is_of_database() && !doomed.is_empty() => {
                log::error!("a forget is noted in its own tables alone: {error}");
                self.entomb_alone(&doomed, not_held, said)?;
            }
            entombed => entombed?,
        }
        if !doomed.is_empty() {
            self.resume_from(Stage::Tombstoned);
        }
        Ok(())
    }

    fn entomb_and_tell(
        &mut self,
        doomed: &[SlotId],
        not_held: &[[u8; 16]],
        said: Said,
    ) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for slot in doomed {
            // Where a crash left a slot without a row there is nothing that anybody could have heard of.
            if purchase::slot_of(&transaction, &slot.owner)?.is_some()
                || profile::slot_of(&transaction, &slot.owner)?.is_some()
            {
                mark(&transaction, &slot.owner, true, said)?;
            }
            doom(&transaction, *slot)?;
        }
        for id in not_held {
            mark(&transaction, id, false, said)?;
        }
        if !doomed.is_empty() {
            require_compaction(&transaction)?;
        }
        Ok(transaction.commit()?)
    }

    /// The same where the database is damaged: SQLite commits nothing in which it met damage, so that this touches
    /// no other table. What the hub has yet to be told is noted there.
    fn entomb_alone(
        &mut self,
        doomed: &[SlotId],
        not_held: &[[u8; 16]],
        said: Said,
    ) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for slot in doomed {
            match said {
                Said::Here => entomb_untold(&transaction, *slot)?,
                Said::AtHub => {
                    set_tombstone(&transaction, &slot.owner)?;
                    doom(&transaction, *slot)?;
                }
            }
        }
        for id in not_held {
            set_tombstone(&transaction, id)?;
        }
        Ok(transaction.commit()?)
    }

    /// What else is a customer's, where `slots` has the last purchases that are kept of them.
    pub(super) fn left_without_purchase(&mut self, slots: &[SlotId]) -> Result<Vec<SlotId>, StoreError> {
        let going: HashSet<SlotId> = slots.iter().copied().collect();
        let mut customers = HashSet::new();
        for slot in slots {
            customers.extend(self.keys.tie_of(*slot)?.map(|tie| tie.customer));
        }
        let mut emptied = Vec::new();
        for customer in customers {
            let mut left = self.keys.slots_of(&customer)?;
            left.retain(|known| !going.contains(&known.slot));
            if !self.is_any_kept(&left)? && !self.may_have_damaged(&customer, &going)? {
                emptied.extend(left.into_iter().map(|known| known.slot));
            }
        }
        Ok(emptied)
    }

    /// Forgets the profiles of whom no purchase is left. There is one where the slot of the last purchase was
    /// damaged, so that nothing said whose it was.
    pub(super) fn forget_empty_profiles(&mut self) -> Result<(), StoreError> {
        let mut empty = Vec::new();
        for slot in profile::all(&self.connection)? {
            if let Some(tie) = self.keys.tie_of(slot)? {
                let theirs = self.keys.slots_of(&tie.customer)?;
                if !self.is_any_kept(&theirs)? && !self.may_have_damaged(&tie.customer, &HashSet::new())? {
                    empty.push(slot);
                }
            }
        }
        if empty.is_empty() { Ok(()) } else { self.forget_all(&empty).map(drop) }
    }

    /// Forgets, of these slots, what a forget could not find while they were damaged: a remembered purchase whose
    /// customer has no profile any more, and a profile without a purchase. Returns how many.
    pub(super) fn forget_remains(&mut self, slots: &[SlotId]) -> Result<usize, StoreError> {
        if slots.is_empty() || !self.slots_of_nobody()?.is_empty() {
            // What else is damaged may be the profile.
            return Ok(0);
        }
        let mut remains = Vec::new();
        for slot in slots {
            let Some(tie) = self.keys.tie_of(*slot)? else { continue };
            let theirs = self.keys.slots_of(&tie.customer)?;
            let is_alone = match tie.holds {
                Holds::Purchase => theirs.iter().all(|known| known.holds == Holds::Purchase),
                Holds::Profile => !self.is_any_kept(&theirs)?,
            };
            remains.extend(is_alone.then_some(*slot));
        }
        self.forget_all(&remains)?;
        Ok(remains.len())
    }

    /// Whether a slot of theirs may be damaged that is not `going`: then a purchase of theirs may be kept that nothing
    /// shows.
    fn may_have_damaged(&mut self, customer: &Lookup, going: &HashSet<SlotId>) -> Result<bool, StoreError> {
        let goes = |index: u32| going.iter().any(|slot| slot.index == index);
        let of_nobody = self.slots_of_nobody().map(|slots| slots.iter().any(|slot| !goes(slot.index)));
        let theirs = self.keys.damaged_slots_of(customer)?;
        Ok(theirs.into_iter().any(|index| !goes(index)) || despite_damage(of_nobody, true)?)
    }

    /// Whether any of these slots is of a purchase that is kept.
    fn is_any_kept(&self, slots: &[CustomerSlot]) -> Result<bool, StoreError> {
        for CustomerSlot { slot, .. } in slots.iter().filter(|known| known.holds == Holds::Purchase) {
            // Where nobody can tell, their profile stays.
            if despite_damage(purchase::is_kept(&self.connection, &slot.owner), true)? {
                return Ok(true);
            }
        }
        Ok(false)
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

    /// Errors: `Damaged` and `Sql` where some of it stays; what does not is gone.
    fn drop_doomed(&mut self) -> Result<(), StoreError> {
        let slots = self.doomed_slots()?;
        match self.drop_together(&slots) {
            Err(error) if error.is_of_database() => {
                log::error!("what was forgotten is dropped piece by piece: {error}");
                let dropped = slots.iter().map(|slot| self.drop_alone(*slot)).fold(Ok(()), Result::and);
                dropped.and_then(|()| require_compaction(&self.connection))
            }
            dropped => dropped,
        }
    }

    fn drop_together(&mut self, slots: &[SlotId]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tell_untold(&transaction)?;
        for slot in slots {
            for sql in [outbox::LET_GO].iter().chain(&DROPS) {
                transaction.prepare_cached(sql)?.execute([slot.owner])?;
            }
            if !self.keyless.contains(slot) {
                transaction.prepare_cached(DROPPED)?.execute([slot.owner])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Each statement by itself: SQLite commits nothing in which it met damage. A row whose place in the outbox
    /// still names it stays, overwritten: it alone knows the place.
    fn drop_alone(&self, slot: SlotId) -> Result<(), StoreError> {
        let run = |sql: &str| -> Result<(), StoreError> {
            self.connection.prepare_cached(sql)?.execute([slot.owner])?;
            Ok(())
        };
        let mut dropped = run(outbox::LET_GO);
        let is_named = dropped.is_err();
        for sql in DROPS.into_iter().filter(|sql| !is_named || *sql != DELETE_PURCHASE) {
            dropped = dropped.and(run(sql));
        }
        dropped?;
        tell_untold(&self.connection)?;
        if !self.keyless.contains(&slot) {
            self.connection.prepare_cached(DROPPED)?.execute([slot.owner])?;
        }
        Ok(())
    }

    /// Errors: `Busy` while a reader holds the log.
    fn truncate_log(&mut self) -> Result<(), StoreError> {
        // Waiting for a reader would hold up the till: it is tried again later.
        self.connection.busy_timeout(std::time::Duration::ZERO)?;
        let busy =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        self.connection.busy_timeout(super::open::BUSY_TIMEOUT)?;
        if busy? { Err(StoreError::Busy) } else { Ok(()) }
    }

    fn doomed_slots(&self) -> Result<Vec<SlotId>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT slot, owner FROM doomed")?;
        let rows = statement.query_map([], |row| slot_id(row, 0, row.get(1)?))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Overwritten before they are deleted: freed cells hold zeros, whatever SQLite does with them.
const DROPS: [&str; 5] = [
    "UPDATE purchase SET sealed = zeroblob(length(sealed)), slot = 0, day = 0, until = NULL WHERE id = ?1",
    DELETE_PURCHASE,
    "UPDATE profile SET sealed = zeroblob(length(sealed)), slot = 0 WHERE owner = ?1",
    "DELETE FROM profile WHERE owner = ?1",
    "DELETE FROM look WHERE id = ?1",
];
const DELETE_PURCHASE: &str = "DELETE FROM purchase WHERE id = ?1";
const DROPPED: &str = "DELETE FROM doomed WHERE owner = ?1";

/// Sets the tombstone; a new one that was said here goes to the hub.
pub(super) fn mark(connection: &Connection, id: &[u8; 16], held: bool, said: Said) -> Result<(), StoreError> {
    if set_tombstone(connection, id)? && said == Said::Here {
        outbox::queue_forget(connection, id, held)?;
        hub::await_copies(connection, id)?;
    }
    Ok(())
}

/// The tombstone and the place in the list of doomed slots alone. The hub has yet to be told.
pub(super) fn entomb_untold(connection: &Connection, slot: SlotId) -> Result<(), StoreError> {
    let is_new = set_tombstone(connection, &slot.owner)?;
    doom(connection, slot)?;
    if is_new {
        connection.prepare_cached("UPDATE doomed SET untold = 1 WHERE owner = ?1")?.execute([slot.owner])?;
    }
    Ok(())
}

/// Says to the hub what could not be noted for it with its tombstone. May be repeated.
fn tell_untold(connection: &Connection) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("SELECT owner FROM doomed WHERE untold = 1")?;
    let untold = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<[u8; 16]>, _>>()?;
    for id in untold {
        // Noted last: a crash between the three says it twice, which changes nothing.
        outbox::queue_forget(connection, &id, true)?;
        hub::await_copies(connection, &id)?;
        connection.execute("UPDATE doomed SET untold = 0 WHERE owner = ?1", [id])?;
    }
    Ok(())
}

/// Returns whether it is a new one.
fn set_tombstone(connection: &Connection, id: &[u8; 16]) -> Result<bool, StoreError> {
    // `OR IGNORE` would also ignore an index that somebody put there to keep the tombstone out.
    let sql = "INSERT INTO tombstone (id) VALUES (?1) ON CONFLICT (id) DO NOTHING";
    Ok(connection.prepare_cached(sql)?.execute([id])? == 1)
}

/// What is read; `otherwise` where the database is damaged there.
fn despite_damage<T>(read: Result<T, StoreError>, otherwise: T) -> Result<T, StoreError> {
    match read {
        Err(error) if error.is_of_database() => {
            log::error!("a forget does without: {error}");
            Ok(otherwise)
        }
        read => read,
    }
}

fn is_entombed(connection: &Connection, id: &[u8; 16]) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM tombstone WHERE id = ?1)")?;
    Ok(statement.query_row([id], |row| row.get(0))?)
}
