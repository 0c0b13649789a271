//! The store in place, looked at before a backup takes its place: what was forgotten since, what of it goes on, and
//! what ends.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use chrono::NaiveDate;
use rusqlite::Connection;

use super::doubt::Doubt;
use super::ended::RestoredDays;
use crate::seal::{Holds, KeyFile, Lookup, SlotId, SlotSurvey, StoreKey};
use crate::store::clock::Clock;
use crate::store::damaged::readable_ids;
use crate::store::error::StoreError;
use crate::store::open::{Files, Store, connect_to_read};
use crate::store::{behind, outbox, ticket, verify};

/// What the files in place tell, as far as they can be read.
#[derive(Default)]
pub(super) struct InPlace {
    pub tombstones: BTreeSet<[u8; 16]>,
    /// Those of them whose purchase was held here.
    pub held: HashSet<[u8; 16]>,
    /// The last ticket, where the database is whole.
    pub head: Option<ticket::Head>,
    /// The day that the store is sure of.
    pub trusted_day: Option<NaiveDate>,
    /// What an earlier restore could not know.
    pub doubt: Option<Doubt>,
    /// Between which days an earlier one may have ended something.
    pub restored: Option<RestoredDays>,
    /// Kept purchases, and customers who have one.
    kept: HashSet<[u8; 16]>,
    customers: HashSet<Lookup>,
    /// It is whole and up to date: what has no tombstone was not forgotten.
    pub complete: bool,
    /// A key that it needs is gone: something was forgotten that it does not know.
    pub is_behind: bool,
    /// It and the keys are not of one moment: an earlier copy of one of them was put back. Nobody knows which, and
    /// which tickets followed.
    pub is_torn: bool,
    /// The till could go on with it: its keys are there, and open what the next sale needs.
    pub is_usable: bool,
    pub keys: Option<Slots>,
}

/// A keys file in place.
pub(super) struct Slots {
    /// Slot of each owner.
    live: HashMap<[u8; 16], u32>,
    /// Live or zero: whose owner is not among the live ones is no longer there.
    readable: HashSet<u32>,
}

impl InPlace {
    /// Reads what it can, and changes nothing.
    pub fn look(files: &Files, store_key: &StoreKey) -> InPlace {
        let mut found = InPlace::default();
        // The keys in place tell by what is missing: only where they are of this store.
        let keys = KeyFile::open(&files.keys, store_key).ok();
        if files.database.exists() {
            let _ = found.read_database(&files.database, keys.as_ref());
        }
        if let Some(keys) = keys
            && let Ok(survey) = keys.live()
        {
            found.see_customers(&survey);
            let live = survey.live.iter().map(|id| (id.owner, id.index)).collect();
            let readable = survey.live.iter().map(|id| id.index).chain(survey.free).collect();
            found.keys = Some(Slots { live, readable });
        }
        found
    }

    fn read_database(&mut self, path: &Path, keys: Option<&KeyFile>) -> Result<(), StoreError> {
        let connection = connect_to_read(path)?;
        self.read_despite_damage(&connection);
        verify::quick_check_file(path)?;
        if let Some(keys) = keys {
            self.is_torn = match behind::require_newest(&connection, keys) {
                Err(StoreError::DatabaseOlder) => true,
                newest => newest.map(|()| false)?,
            };
            self.is_behind = behind::is_behind(&connection, &keys.live()?)?;
            self.is_usable = !self.is_torn && behind::opens_next(&connection, keys)?;
        }
        self.head = Some(ticket::head(&connection)?);
        Ok(())
    }

    /// What can be read whatever else is damaged, each by itself.
    fn read_despite_damage(&mut self, connection: &Connection) {
        self.tombstones = readable_ids(connection, "SELECT id FROM tombstone").into_iter().collect();
        let forgotten = behind::forgotten(connection);
        self.kept = readable_ids(connection, "SELECT id FROM purchase");
        self.kept.retain(|id| !forgotten.contains(id));
        self.held = match outbox::held_forgets(connection) {
            Ok(Some(held)) => held,
            // There was no hub.
            Ok(None) => self.tombstones.iter().copied().collect(),
            // A hub asks every till where none is known to have had it.
            Err(_) => HashSet::new(),
        };
        self.trusted_day = Clock::load(connection).ok().and_then(Clock::trusted_day);
        self.doubt = Doubt::load(connection).ok().flatten();
        self.restored = RestoredDays::load(connection).ok().flatten();
    }

    /// Takes the customers from the keys; where the database cannot be read as a whole, their purchases, too.
    fn see_customers(&mut self, survey: &SlotSurvey) {
        let purchases = survey.tied.iter().filter(|(_, tie)| tie.holds == Holds::Purchase);
        for (slot, tie) in purchases.filter(|(slot, _)| !self.tombstones.contains(&slot.owner)) {
            if self.head.is_none() {
                self.kept.insert(slot.owner);
            }
            if self.kept.contains(&slot.owner) {
                self.customers.insert(tie.customer);
            }
        }
    }

    /// Whether this slot of the backup is damaged here, or behind the end.
    pub fn is_damaged(&self, slot: SlotId) -> bool {
        self.keys.as_ref().is_some_and(|keys| !keys.readable.contains(&slot.index))
    }

    /// How many purchases and customers are kept here and not in the restored store, which keeps `purchases`.
    pub fn ended(
        &self,
        restored: &Store,
        purchases: &HashSet<[u8; 16]>,
    ) -> Result<(usize, usize), StoreError> {
        let forgotten = restored.tombstones()?;
        let is_ended = |id: &&[u8; 16]| !purchases.contains(*id) && !forgotten.contains(*id);
        let there: HashSet<Lookup> =
            restored.keys.live()?.tied.into_iter().map(|(_, tie)| tie.customer).collect();
        Ok((self.kept.iter().filter(is_ended).count(), self.customers.difference(&there).count()))
    }

    /// Whether this slot of the backup was forgotten since; `None` where nothing tells.
    pub fn knows(&self, slot: SlotId) -> Option<bool> {
        if self.tombstones.contains(&slot.owner) {
            return Some(true);
        }
        if self.complete {
            return Some(false);
        }
        let Slots { live, readable } = self.keys.as_ref()?;
        if live.get(&slot.owner) == Some(&slot.index) {
            return Some(false);
        }
        readable.contains(&slot.index).then_some(true)
    }
}
