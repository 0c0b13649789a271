//! What a forget does without. To forget a purchase takes its key slot, and to forget a customer the store key
//! beside it, which makes of a number what finds their slots. So a damaged configuration, policy or header, a
//! store key that is gone and a wrong number in a row keep nobody from it; and where even the database cannot be
//! read, the key goes ([`destroy_key`]), and a restore knows by the empty slot that it was forgotten.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension};

use crate::domain::customer::Identifier;
use crate::domain::policy::Policy;
use crate::domain::settings::Settings;
use crate::domain::ticket::Issuer;
use crate::seal::{Holds, KeyFile, KeysError, SlotId, StoreKey};

use super::clock::Clock;
use super::counts::{self, Tally};
use super::draft::DraftSlot;
use super::error::StoreError;
use super::open::{Files, Store, issuer_row, log_bytes, with_database};
use super::{behind, forget, profile, purchase, rest, schema, upgrade};

/// As many ids as a table gives that may be damaged.
pub(super) fn readable_ids(connection: &Connection, sql: &str) -> HashSet<[u8; 16]> {
    let mut found = HashSet::new();
    let Ok(mut statement) = connection.prepare(sql) else { return found };
    let Ok(mut rows) = statement.query([]) else { return found };
    while let Ok(Some(row)) = rows.next() {
        found.extend(row.get::<_, [u8; 16]>(0).ok());
    }
    found
}

impl Store {
    /// Opens a store to forget something, with what that takes and no more. It asks neither the configuration
    /// nor the policy file, and puts no policy into force. Returns what it found damaged and does without; where
    /// that is anything, sell nothing with it.
    ///
    /// Errors: `Missing` and `Damaged` where the database cannot be read (see [`destroy_key`]), `TooNew`,
    /// `RestoreUnfinished`, `Keys` where there is no keys file.
    pub fn open_to_forget(files: &Files) -> Result<(Store, Vec<StoreError>), StoreError> {
        let mut without = Vec::new();
        let store = Store::over_database(files, |connection| {
            without.clear();
            Store::ready_to_forget(connection, files, &mut without)
        })?;
        Ok((store, without))
    }

    fn ready_to_forget(
        mut connection: Connection,
        files: &Files,
        without: &mut Vec<StoreError>,
    ) -> Result<Store, StoreError> {
        let log_remains = log_bytes(&files.database) > 0;
        let (mut keys, store_key) = keys(files, without)?;
        let of_one_moment = behind::require_newest(&connection, &keys)
            .and_then(|()| behind::require_reach(&connection, &keys));
        let keys_may_be_older = matches!(
            of_one_moment,
            Err(StoreError::DatabaseOlder | StoreError::Keys(KeysError::DamagedSlot(_)))
        );
        without.extend(of_one_moment.err());
        schema::migrate(&mut connection)?;
        let policy = newest_policy(&connection).unwrap_or_else(|error| {
            without.push(error);
            Policy::shipped()
        });
        if keys.require_ours().is_ok() {
            upgrade::tie_customers(&mut connection, &mut keys, &store_key)?;
            upgrade::seal_looks(&mut connection, &keys)?;
            counts::take_over(&mut connection, &mut keys, &policy.release)?;
        }
        let mut or_without = |error: StoreError| without.push(error);
        let issuer = last_issuer(&connection).unwrap_or_else(|error| {
            or_without(error);
            None
        });
        let issuer = issuer.unwrap_or_else(|| (0, Settings::default().store.issuer()));
        let mut store = Store::over(connection, (keys, store_key), files, issuer, policy);
        store.keys_may_be_older = keys_may_be_older;
        store.tally = Tally::load(&store.connection, &store.keys).unwrap_or_else(|error| {
            or_without(error);
            Tally::default()
        });
        store.draft = DraftSlot::load(&store.connection).unwrap_or_else(|error| {
            or_without(error);
            None
        });
        store.clock = Clock::load(&store.connection)?;
        store.awaits_compaction = rest::is_compaction_awaited(&store.connection)?;
        store.stage = store.stage_on_disk(log_remains)?;
        Ok(store)
    }
}

/// The keys file, and the store key or, where that is gone, one that opens nothing.
fn keys(files: &Files, without: &mut Vec<StoreError>) -> Result<(KeyFile, StoreKey), StoreError> {
    let store_key = StoreKey::load(&files.store_key);
    let is_there = store_key.is_ok();
    let store_key = store_key.unwrap_or_else(|error| {
        without.push(error.into());
        StoreKey::random()
    });
    let keys = KeyFile::open_to_zero(&files.keys, &store_key)?;
    if let Err(error) = keys.require_ours()
        && is_there
    {
        without.push(error.into());
    }
    Ok((keys, store_key))
}

/// The policy that was in force last. Errors: `Damaged` where none was, or it cannot be read.
pub(super) fn newest_policy(connection: &Connection) -> Result<Policy, StoreError> {
    let newest: Option<u32> =
        connection.query_row("SELECT max(version) FROM policy", [], |row| row.get(0))?;
    let policy = newest.map_or(Ok(None), |version| super::policy::kept(connection, version))?;
    policy.ok_or_else(|| StoreError::Damaged("no policy was ever in force".into()))
}

/// Who issued the last tickets, if anybody did.
fn last_issuer(connection: &Connection) -> Result<Option<(i64, Issuer)>, StoreError> {
    let sql = "SELECT id, name, tax_id, series, currency FROM issuer ORDER BY id DESC LIMIT 1";
    Ok(connection.query_row(sql, [], |row| Ok((row.get("id")?, issuer_row(row)?))).optional()?)
}

/// Notes that a purchase is forgotten where there is no keys file: its key is zeroed, and its row goes, when the file
/// is back, and no restore brings it back. `false` where nothing is kept under that id. Errors: `RestoreUnfinished`, and
/// of the database.
pub fn note_forgotten(files: &Files, id: &[u8; 16]) -> Result<bool, StoreError> {
    let noted = with_database(files, |mut connection| {
        schema::migrate(&mut connection)?;
        let Some(slot) = purchase::slot_of(&connection, id)? else { return Ok(false) };
        let transaction = connection.transaction()?;
        forget::entomb_untold(&transaction, slot)?;
        transaction.commit()?;
        Ok(true)
    });
    noted.map(|(noted, _)| noted)
}

/// Destroys the key of a purchase where the database cannot be read: nothing is noted, and what is sealed stays.
/// Its customer's profile goes with the last of their purchases, as far as the slots tell. Returns whether there
/// was such a key. Errors: `Keys`.
pub fn destroy_key(files: &Files, id: &[u8; 16]) -> Result<bool, StoreError> {
    let (mut keys, _) = keys(files, &mut Vec::new())?;
    let survey = keys.live()?;
    let Some(&slot) = survey.live.iter().find(|slot| slot.owner == *id) else { return Ok(false) };
    let mut slots = vec![slot];
    if let Some(tie) = keys.tie_of(slot)? {
        let mut theirs = keys.slots_of(&tie.customer)?;
        theirs.retain(|known| known.slot != slot);
        if theirs.iter().all(|known| known.holds == Holds::Profile) {
            slots.extend(theirs.into_iter().map(|known| known.slot));
        }
    }
    keys.zero(&slots)?;
    Ok(true)
}

/// The same for all that is kept of a customer. Errors: `StoreKey` and `Keys`.
pub fn destroy_keys_of(files: &Files, customer: &Identifier) -> Result<bool, StoreError> {
    let (mut keys, slots) = keys_of(files, customer)?;
    keys.zero(&slots)?;
    Ok(!slots.is_empty())
}

/// Whether there is anything to destroy of a customer. Errors: `StoreKey` and `Keys`, also where the store key is
/// not this store's: then nothing finds them.
pub fn has_keys_of(files: &Files, customer: &Identifier) -> Result<bool, StoreError> {
    let (keys, slots) = keys_of(files, customer)?;
    if slots.is_empty() {
        keys.require_ours()?;
    }
    Ok(!slots.is_empty())
}

fn keys_of(files: &Files, customer: &Identifier) -> Result<(KeyFile, Vec<SlotId>), StoreError> {
    let store_key = StoreKey::load(&files.store_key)?;
    let mut keys = KeyFile::open_to_zero(&files.keys, &store_key)?;
    let customer = profile::lookup(&store_key, customer);
    let mut slots: Vec<SlotId> = keys.slots_of(&customer)?.iter().map(|known| known.slot).collect();
    let damaged = keys.damaged_slots_of(&customer)?;
    slots.extend(damaged.into_iter().map(SlotId::place));
    Ok((keys, slots))
}
