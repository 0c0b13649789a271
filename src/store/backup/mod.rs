//! `olvido backup` and `olvido restore`: one tar file (POSIX.1-1988 ustar) with a snapshot of the
//! database, the configuration, the policy and, last, the keys that the database needs, still wrapped; before
//! them a manifest with the SHA-256 of each, and its mark, which only the store key makes. `store.key` is not
//! in it: a backup alone reveals nobody and opens nothing.
//!
//! The keys come last so that a backup that was killed holds none, but for the moment between their writing and
//! its end; for that moment [`super::directory`] finds it again.

mod again;
mod archive;
mod doubt;
mod ended;
mod in_place;
mod restore;
mod tickets;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};
use rusqlite::Connection;
use zeroize::Zeroizing;

pub use doubt::Doubt;
pub use ended::{Ended, RestoredDays, restored_days};
pub use restore::{Restoring, finish_restore};

pub(super) use doubt::doubt;
pub(super) use restore::is_unfinished;

use crate::seal::{SlotId, private_file};

use super::columns::slot_id;
use super::directory::{Partial, Side};
use super::error::StoreError;
use super::open::{Store, distrust_schema};
use super::ticket;
use archive::{Head, MANIFEST, MARK, Manifest, Member};

const DATABASE: &str = "olvido.db";
const KEYS: &str = "olvido.keys";
const CONFIG: &str = "config.toml";
const POLICY: &str = "policy.toml";
/// Every member but the manifest and its mark, in the order of the archive.
const MEMBERS: [&str; 4] = [DATABASE, CONFIG, POLICY, KEYS];
const MEMBERS_OF_FORMAT_1: [&str; 4] = [DATABASE, KEYS, CONFIG, POLICY];
/// The copy of the database, until it is in the archive.
const SNAPSHOT: &str = "backup.tmp";

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupMade {
    /// Of the whole file.
    pub bytes: u64,
    /// Number of the last ticket in it, 0 before the first.
    pub last_ticket: u64,
    pub purchases: usize,
}

/// Why a backup cannot be made, or not be restored. Nothing was changed then.
#[derive(Debug)]
pub enum BackupError {
    Store(StoreError),
    /// There is a file of that name.
    Exists(PathBuf),
    /// An earlier backup was interrupted, and what it left cannot be reached: names, or paths outside.
    Unfinished(Vec<String>),
    /// Not a backup of Olvido, or its manifest cannot be read.
    NotABackup,
    /// Written by a newer Olvido.
    TooNew,
    /// This member is missing, cut short, or not what the manifest says.
    Altered(String),
    /// Something was put behind its end.
    BytesBehind,
    /// No `store.key` in place, and none was given.
    NoStoreKey,
    /// The backup was made with another store key.
    WrongStoreKey,
    /// The store key that was given is not the one in place.
    OtherKeyHere,
    /// The store in place is whole and has sales that the backup does not know: numbers of the
    /// last ticket here and there.
    SalesAfter {
        here: u64,
        backup: u64,
    },
    /// The store in place is whole and has other tickets than the backup.
    OtherStore,
    /// The file of the backup.
    File(PathBuf, io::Error),
}

impl Store {
    /// Writes a backup to a new file of mode 0600, durable on return. `config` and `policy` are the
    /// texts of their files. The open basket is not in it. Errors leave no file behind.
    pub fn backup(
        &mut self,
        file: &Path,
        config: &str,
        policy: &str,
        at: DateTime<FixedOffset>,
    ) -> Result<BackupMade, BackupError> {
        // What waits is left out, so the tally that goes in must hold none of it.
        self.fold_counts()?;
        self.retire_draft()?;
        self.finish_forgetting()?;
        let failed = |error: io::Error| BackupError::File(file.to_owned(), error);
        let begun = Partial::begin(self.files.directory(), Side::Till, file);
        let (partial, out) = begun.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => BackupError::Exists(file.to_owned()),
            io::ErrorKind::ResourceBusy => BackupError::Unfinished(self.leftovers.left.clone()),
            _ => failed(error),
        })?;
        let snapshot = self.files.directory().join(SNAPSHOT);
        let made = self.snapshot(&snapshot).map_err(BackupError::Store).and_then(|keys| {
            self.pack(out, partial.path(), &snapshot, [config.as_bytes(), policy.as_bytes(), &keys], at)
        });
        let erased = private_file::erase(&snapshot);
        let made = made?;
        erased.map_err(StoreError::from)?;
        partial.finish().map_err(failed)?;
        Ok(made)
    }

    /// Copies the database, without the open basket and without counts that wait, to `path`. Returns the
    /// keys file that goes with it: only the slots that the copy needs.
    fn snapshot(&self, path: &Path) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        // SQLite writes into an empty file, and would make one that others can read.
        private_file::create(path, &[])?;
        self.connection.execute("VACUUM INTO ?1", [path.to_string_lossy()])?;
        let copy = Connection::open(path)?;
        distrust_schema(&copy)?;
        copy.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA secure_delete = ON;
             DELETE FROM draft; DELETE FROM held;",
        )?;
        let needed = needed_slots(&copy)?;
        copy.close().map_err(|(_, error)| error)?;
        Ok(Zeroizing::new(self.keys.copy(|slot| needed.contains(slot))?))
    }

    fn pack(
        &self,
        out: File,
        partial: &Path,
        snapshot: &Path,
        [config, policy, keys]: [&[u8]; 3],
        at: DateTime<FixedOffset>,
    ) -> Result<BackupMade, BackupError> {
        let failed = |error| BackupError::File(partial.to_owned(), error);
        let head = ticket::head(&self.connection)?;
        let database = Member::of_file(snapshot).map_err(failed)?;
        let members = [(CONFIG, config), (POLICY, policy), (KEYS, keys)];
        let mut all: BTreeMap<String, Member> =
            members.iter().map(|(name, bytes)| ((*name).to_owned(), Member::of(bytes))).collect();
        all.insert(DATABASE.to_owned(), database);
        let manifest = Manifest {
            format: archive::FORMAT,
            olvido: env!("CARGO_PKG_VERSION").to_owned(),
            at,
            last_ticket: head.hash.map(|hash| Head { number: head.number, hash: hash.to_string() }),
            members: all,
        };
        let mut builder = tar::Builder::new(out);
        let text = serde_json::to_vec_pretty(&manifest).expect("a manifest is JSON");
        let mark = archive::mark(&self.store_key, &text);
        for (name, mut bytes) in [(MANIFEST, text.as_slice()), (MARK, mark.as_bytes())] {
            archive::append(&mut builder, name, bytes.len() as u64, &mut bytes, at).map_err(failed)?;
        }
        let mut file = private_file::open_to_read(snapshot).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        archive::append(&mut builder, DATABASE, bytes, &mut file, at).map_err(failed)?;
        for (name, mut bytes) in members {
            archive::append(&mut builder, name, bytes.len() as u64, &mut bytes, at).map_err(failed)?;
        }
        let mut file = builder.into_inner().map_err(failed)?;
        file.flush().and_then(|()| file.sync_all()).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let purchases = super::purchase::all(&self.connection)?.len();
        Ok(BackupMade { bytes, last_ticket: head.number, purchases })
    }
}

/// The slots without which something in this database does not open, but for what waits of the counts.
fn needed_slots(connection: &Connection) -> Result<HashSet<SlotId>, StoreError> {
    let mut slots = personal_slots(connection)?;
    slots.extend(slots_of(
        connection,
        "SELECT slot, owner FROM tally UNION ALL SELECT slot, owner FROM released",
    )?);
    Ok(slots)
}

/// The slots of what was kept of customers.
fn personal_slots(connection: &Connection) -> Result<HashSet<SlotId>, StoreError> {
    slots_of(connection, "SELECT slot, id FROM purchase UNION ALL SELECT slot, owner FROM profile")
}

fn slots_of(connection: &Connection, sql: &str) -> Result<HashSet<SlotId>, StoreError> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| slot_id(row, 0, row.get(1)?))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> BackupError {
        BackupError::Store(error)
    }
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> BackupError {
        BackupError::Store(error.into())
    }
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BackupError::Store(error) => error.fmt(f),
            BackupError::Exists(path) => write!(f, "{} is there already", path.display()),
            BackupError::Unfinished(left) => write!(f, "an interrupted backup left {}", left.join(", ")),
            BackupError::NotABackup => f.write_str("not a backup"),
            BackupError::TooNew => f.write_str("a backup of a newer version"),
            BackupError::Altered(name) => write!(f, "{name} is missing, cut short or altered"),
            BackupError::BytesBehind => f.write_str("there are bytes behind its end"),
            BackupError::NoStoreKey => f.write_str("no store key"),
            BackupError::WrongStoreKey => f.write_str("made with another store key"),
            BackupError::OtherKeyHere => f.write_str("another store key is in place"),
            BackupError::SalesAfter { here, backup } => {
                write!(f, "the store in place is at ticket {here}, the backup at {backup}")
            }
            BackupError::OtherStore => f.write_str("the store in place has other tickets"),
            BackupError::File(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for BackupError {}
