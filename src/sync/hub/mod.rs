//! The hub: where the tills of a shop, or of a chain, bring their records.
//!
//! - [`db`]: the database, SQLite or PostgreSQL.
//! - `keys`, `erased`: the keys that seal purchases, and the list of what was erased, both apart from it.
//! - `caller`, `enrol`, `devices`: who may ask, and how a till becomes one who may.
//! - `upload`, `judge`, `stored`, `sums`, `purchase`, `forget`: taking records in.
//! - `erase`, `forgets`: forgetting here, and knowing who else has.
//! - `feed`, `publish`: what the tills of a store need to know.
//! - `report`, `verify`, `backup`, `restore`: for whoever runs the hub.
//!
//! Everything here is blocking code, and shared by any number of threads. Time comes in from outside.
//!
//! Order of locks: a store's row, then the device's rows in `series_head`, then the sums by table and day.
//! No transaction is open while a key is written or destroyed, or while the list of what was erased
//! grows; so neither waits for the other.
//!
#![doc = include_str!("operations.md")]

mod backup;
mod caller;
pub mod db;
mod devices;
mod enrol;
mod erase;
mod erased;
mod error;
mod feed;
mod forget;
mod forgets;
mod judge;
mod keys;
mod publish;
mod purchase;
mod report;
mod reread;
mod restore;
pub mod server;
mod stored;
mod sums;
#[cfg(test)]
mod tests;
mod upload;
mod verify;

pub use backup::HubBackupMade;
pub use caller::{CHALLENGE_SECONDS, Caller, SESSION_SECONDS};
pub use devices::{DeviceInfo, DeviceState};
pub use enrol::CODE_SECONDS;
pub use erase::Pending;
pub use error::{DbError, HubError};
pub use publish::{Published, PublishedPolicy};
pub use report::{CurrencySum, DayReport, Report};
pub use restore::HubRestored;
pub use verify::{HubFinding, HubFindingKind, HubVerified};

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use chrono::{DateTime, Utc};

use self::db::{Database, DbHealth, Row, Transaction, Value};
use self::keys::Keys;
use super::wire::{Hex, Id};
use crate::seal::{DataKey, Marks, Purpose, StoreKey, StoreKeyError, private_file, random_id};
use crate::store::directory::Leftovers;

/// Where a hub's own files are. They belong together with its database and are never in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubFiles {
    /// The hub's one secret.
    pub key: PathBuf,
    /// The keys that seal purchases.
    pub keys: PathBuf,
    /// Ids of everything that was ever erased, so that a database from a backup brings nothing back.
    pub erased_log: PathBuf,
    /// Locked by the process that writes the two above.
    pub lock: PathBuf,
}

/// An open hub.
pub struct Hub {
    database: Database,
    files: HubFiles,
    keys: Keys,
    sessions: Marks,
    challenges: Marks,
    /// Seals enrolment codes.
    codes: DataKey,
    /// Marks backups.
    backups: Marks,
    /// What killed work had left in the directory of its files.
    leftovers: Mutex<Leftovers>,
    incarnation: Id,
    tries: Mutex<enrol::Tries>,
    traces: Mutex<erase::Traces>,
    /// Up to which day purchases were last looked at for being over.
    expired: Mutex<Option<i64>>,
}

/// What is derived from `hub.key`.
struct Marked {
    sessions: Marks,
    challenges: Marks,
    codes: DataKey,
    backups: Marks,
}

/// How a hub is, for `/health`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    pub database: DbHealth,
    /// Whether this process has the keys, and so takes records.
    pub is_keeper: bool,
    /// What a forget has left to do.
    pub pending: Option<Pending>,
    /// [`Hub::recovering`] for any of its stores.
    pub recovering: bool,
}

impl HubFiles {
    /// The directory of them all.
    fn directory(&self) -> &Path {
        private_file::directory_of(&self.key)
    }

    /// `hub.key`, `hub.keys`, `erased.log` and `hub.lock` in that directory.
    pub fn of(directory: &Path) -> HubFiles {
        HubFiles {
            key: directory.join("hub.key"),
            keys: directory.join("hub.keys"),
            erased_log: directory.join("erased.log"),
            lock: directory.join("hub.lock"),
        }
    }
}

impl Hub {
    /// Opens a hub; at the first start makes its files. The first process to open one keeps its keys: it
    /// finishes what a crash has left undone, and erases again what the database holds and the list of
    /// what was erased names. A second one beside it can do all but take records and erase.
    ///
    /// Errors: `StoreKey`, `Keys` or `Io` where a file is missing, damaged, of another hub or open to others;
    /// `Invalid("restore")` where a restore was not finished; `Invalid("keys")` where what the database holds
    /// is sealed under other keys; `Database`.
    pub fn open(files: &HubFiles, database: Database, now: DateTime<Utc>) -> Result<Hub, HubError> {
        let key = open_key(files)?;
        let is_new = is_new(&database)?;
        let marks = Marked::of(&key);
        Hub::ready(files, database, Keys::in_file(files, key, is_new)?, marks, now)
    }

    /// Opens one of several hubs over one database, whose keys are in a database of their own. All of them
    /// have the same `hub.key`, and need no other file. None of them is the first: each takes records and
    /// erases. Errors: as [`Hub::open`]; `Invalid("keys")` also where the two databases are one.
    pub fn open_with_keys(
        files: &HubFiles,
        database: Database,
        keys: Database,
        now: DateTime<Utc>,
    ) -> Result<Hub, HubError> {
        let key = open_key(files)?;
        let marks = Marked::of(&key);
        Hub::ready(files, database, Keys::in_table(keys, &key)?, marks, now)
    }

    fn ready(
        files: &HubFiles,
        database: Database,
        keys: Keys,
        marks: Marked,
        now: DateTime<Utc>,
    ) -> Result<Hub, HubError> {
        bind_keys(&database, &keys)?;
        let incarnation = database.write(|tx| {
            set_meta_once(tx, INCARNATION, &random_id())?;
            let value = meta(tx, INCARNATION)?;
            value.and_then(|bytes| bytes.try_into().ok()).map(Hex).ok_or_else(|| damaged("hub.incarnation"))
        })?;
        let Marked { sessions, challenges, codes, backups } = marks;
        let hub = Hub {
            database,
            files: files.clone(),
            keys,
            sessions,
            challenges,
            codes,
            backups,
            leftovers: Mutex::default(),
            incarnation,
            tries: Mutex::default(),
            traces: Mutex::default(),
            expired: Mutex::default(),
        };
        if hub.is_keeper() {
            hub.erase_leftovers()?;
            hub.begin_feeds()?;
            hub.finish(now)?;
        }
        Ok(hub)
    }

    /// A database that was put back has numbers in its feeds that its tills have seen behind other changes.
    /// So each start begins behind every number that an earlier one can have given.
    fn begin_feeds(&self) -> Result<(), HubError> {
        self.database.write(|tx| {
            for store in stores(tx)? {
                let Some(head) = lock_store(tx, &store)? else { continue };
                let begin = self.first_number(head)?;
                if begin > head {
                    let sql = "UPDATE store SET feed_head = $2 WHERE store = $1";
                    tx.execute(sql, &[Value::Text(&store), int(begin)])?;
                }
            }
            Ok(())
        })
    }

    /// What a feed with this head, or a new one, begins behind at this start.
    fn first_number(&self, head: u64) -> Result<u64, HubError> {
        let starts = if self.is_keeper() { u64::from(self.keys.starts()?) } else { 0 };
        Ok(head - head % FEED_LEAP + starts * FEED_STEP)
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    pub fn files(&self) -> &HubFiles {
        &self.files
    }

    /// Whether this process has the keys, and so takes records.
    pub fn is_keeper(&self) -> bool {
        self.keys.is_keeper()
    }

    /// Changes when the hub was restored from a backup.
    pub fn incarnation(&self) -> Id {
        self.incarnation
    }

    /// The stores that this hub knows, in order.
    pub fn stores(&self) -> Result<Vec<String>, HubError> {
        self.database.read(stores)
    }

    /// Errors: what the database says where it does not answer.
    pub fn health(&self) -> Result<Health, HubError> {
        Ok(Health {
            database: self.database.health()?,
            is_keeper: self.is_keeper(),
            pending: self.pending()?,
            recovering: self.recovering_anywhere()?,
        })
    }
}

/// No hub adds so many changes to a feed between two starts.
const FEED_STEP: u64 = 1 << 24;
/// After a restore a feed goes on so far behind what any till can have seen of the hub's former life: behind
/// all its starts. Thousands of restores still leave numbers that JSON carries exactly.
const FEED_LEAP: u64 = 1 << 40;

/// Names in the table `hub`.
const INCARNATION: &str = "incarnation";
const RESTORING: &str = "restoring";
/// Which versions of records were known when those of unknown versions were last looked at.
const VERSIONS_READ: &str = "versions-read";
/// The hub was once restored from a backup.
const RESTORED: &str = "restored";

/// Which keys seal what is in this database.
const KEYS: &str = "keys";
/// Of a database of keys: the header that a key file begins with.
const KEYS_HEADER: &str = "keys-header";

/// The one statement that asks all stores at once: whether there is anything sealed in this database.
const ANY_PURCHASE: &str = "SELECT 1 FROM purchase LIMIT 1";

impl Marked {
    fn of(key: &StoreKey) -> Marked {
        Marked {
            sessions: Marks::new(key, Purpose::HubSession),
            challenges: Marks::new(key, Purpose::HubChallenge),
            codes: key.derive(Purpose::HubEnrolment),
            backups: Marks::new(key, Purpose::HubBackup),
        }
    }
}

/// Whether nothing is sealed in this database. Errors: `Invalid("restore")`, `Invalid("keys")` for one that
/// holds keys.
fn is_new(database: &Database) -> Result<bool, HubError> {
    database.read(|tx| {
        if meta(tx, RESTORING)?.is_some() {
            return Err(HubError::Invalid("restore"));
        }
        if meta(tx, KEYS_HEADER)?.is_some() {
            return Err(HubError::Invalid("keys"));
        }
        Ok(tx.query_one(ANY_PURCHASE, &[])?.is_none())
    })
}

/// One database and one set of keys belong together: under others nothing would open, and what is
/// forgotten would stay.
fn bind_keys(database: &Database, keys: &Keys) -> Result<(), HubError> {
    let is_new = is_new(database)?;
    let id = keys.id()?;
    database.write(|tx| {
        if is_new && keys.is_keeper() {
            set_meta(tx, KEYS, &id)?;
        }
        set_meta_once(tx, KEYS, &id)?;
        has_keys(tx, &id).and_then(|theirs| if theirs { Ok(()) } else { Err(HubError::Invalid("keys")) })
    })
}

fn has_keys(tx: &mut Transaction<'_>, id: &[u8; 16]) -> Result<bool, HubError> {
    Ok(meta(tx, KEYS)?.as_deref() == Some(&id[..]))
}

fn open_key(files: &HubFiles) -> Result<StoreKey, HubError> {
    match fs::symlink_metadata(&files.key) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
            Err(HubError::Io(io::ErrorKind::PermissionDenied.into()))
        }
        Ok(_) => Ok(StoreKey::load(&files.key)?),
        // Keys without the key that wraps them: a new one would lose them.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !files.keys.exists() => {
            match StoreKey::create(&files.key) {
                // Another process was faster.
                Err(StoreKeyError::Io(error)) if error.kind() == io::ErrorKind::AlreadyExists => {
                    Ok(StoreKey::load(&files.key)?)
                }
                key => Ok(key?),
            }
        }
        Err(error) => Err(HubError::StoreKey(StoreKeyError::Io(error))),
    }
}

/// A value of the hub itself; its store is the empty one.
fn meta(tx: &mut Transaction<'_>, name: &str) -> Result<Option<Vec<u8>>, HubError> {
    let row = tx.query_one("SELECT value FROM hub WHERE store = '' AND name = $1", &[Value::Text(name)])?;
    Ok(row.map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()?)
}

fn set_meta_once(tx: &mut Transaction<'_>, name: &str, value: &[u8]) -> Result<(), HubError> {
    tx.execute(
        "INSERT INTO hub (store, name, value) VALUES ('', $1, $2) ON CONFLICT (store, name) DO NOTHING",
        &[Value::Text(name), Value::Bytes(value)],
    )?;
    Ok(())
}

fn set_meta(tx: &mut Transaction<'_>, name: &str, value: &[u8]) -> Result<(), HubError> {
    tx.execute(
        "INSERT INTO hub (store, name, value) VALUES ('', $1, $2)
         ON CONFLICT (store, name) DO UPDATE SET value = excluded.value",
        &[Value::Text(name), Value::Bytes(value)],
    )?;
    Ok(())
}

fn stores(tx: &mut Transaction<'_>) -> Result<Vec<String>, HubError> {
    let rows = tx.query("SELECT store FROM store ORDER BY store", &[])?;
    rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}

/// Takes the store's lock to the end of the transaction, and returns the newest row of its feed. `None`
/// where there is no such store.
fn lock_store(tx: &mut Transaction<'_>, store: &str) -> Result<Option<u64>, HubError> {
    let row = tx.query_one(
        "UPDATE store SET feed_head = feed_head WHERE store = $1 RETURNING feed_head",
        &[Value::Text(store)],
    )?;
    Ok(row.map(|row| row.uint(0)).transpose()?)
}

fn damaged(what: &str) -> HubError {
    HubError::Database(DbError::Damaged(what.to_owned()))
}

/// For what the databases keep as 64 bits with a sign. Indices and times never come near the end.
fn int(value: u64) -> Value<'static> {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

fn epoch(value: u32) -> Value<'static> {
    Value::Int(i64::from(value))
}

fn opt_int(value: Option<i64>) -> Value<'static> {
    value.map_or(Value::Null, Value::Int)
}

fn opt_text(value: Option<&str>) -> Value<'_> {
    value.map_or(Value::Null, Value::Text)
}

fn opt_bytes(value: Option<&[u8]>) -> Value<'_> {
    value.map_or(Value::Null, Value::Bytes)
}

fn epoch_of(row: &Row, column: usize) -> Result<u32, HubError> {
    u32::try_from(row.int(column)?).map_err(|_| damaged("an epoch"))
}
