//! Creating and opening a store.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::domain::money::Currency;
use crate::domain::policy::Policy;
use crate::domain::ticket::Issuer;
use crate::seal::{KeyFile, SlotId, StoreKey, private_file};

use super::clock::Clock;
use super::counts::{self, Tally};
use super::damaged::newest_policy;
use super::directory::{Leftovers, Side};
use super::draft::DraftSlot;
use super::error::StoreError;
use super::forget::Stage;
use super::spare::Spares;
use super::{behind, rest, schema, upgrade};

/// Where a store's files are.
#[derive(Clone, Debug)]
pub struct Files {
    pub database: PathBuf,
    pub keys: PathBuf,
    pub store_key: PathBuf,
    /// Room held back so that a full disk can still forget.
    pub ballast: PathBuf,
}

impl Files {
    /// The directory of all but, where it is elsewhere, the store key.
    pub(super) fn directory(&self) -> &Path {
        private_file::directory_of(&self.database)
    }

    /// The usual names in one directory.
    pub fn of(directory: &Path) -> Files {
        Files {
            database: directory.join("olvido.db"),
            keys: directory.join("olvido.keys"),
            store_key: directory.join("store.key"),
            ballast: directory.join("ballast"),
        }
    }
}

/// Bytes of the ballast: more than a forget and its checkpoint write.
const BALLAST_BYTES: usize = 1 << 20;

/// How long a statement waits for another process before it says [`StoreError::Busy`].
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_millis(250);

/// An open store: the only writer of its files.
pub struct Store {
    pub(super) connection: Connection,
    pub(super) keys: KeyFile,
    pub(super) store_key: StoreKey,
    pub(super) files: Files,
    pub(super) issuer_id: i64,
    pub(super) issuer: Issuer,
    pub(super) policy: Policy,
    pub(super) spares: Spares,
    pub(super) tally: Tally,
    pub(super) clock: Clock,
    pub(super) draft: Option<DraftSlot>,
    /// Something was sold since the catalogue was ranked.
    pub(super) sold: bool,
    /// What stood under the names of its files when it was opened, but for the store key.
    in_use: Vec<InUse>,
    /// The same of the store key, which nobody writes while the store is open.
    store_key_in_use: Option<InUse>,
    /// How far what was forgotten is.
    pub(super) stage: Stage,
    /// What was forgotten and may have a key in another keys file, which is the right one.
    pub(super) keyless: HashSet<SlotId>,
    /// The keys file and the database are not of one moment: another keys file may be the right one.
    pub(super) keys_may_be_older: bool,
    /// Nothing forgotten is complete before the database is compacted.
    pub(super) awaits_compaction: bool,
    /// What crashes before this start had left without use is gone: slots, and profiles without a purchase.
    pub(super) is_reclaimed: bool,
    /// The ballast is on disk, whole.
    ballast_held: bool,
    /// What work that was killed had left in the directory.
    pub(super) leftovers: Leftovers,
}

impl Store {
    /// Makes a new, empty store. Errors: `Io(AlreadyExists)` where one of its files is there.
    pub fn create(
        files: &Files,
        issuer: &Issuer,
        policy_text: &str,
        policy: Policy,
    ) -> Result<Store, StoreError> {
        private_file::create(&files.database, &[])?;
        let store_key = StoreKey::create(&files.store_key)?;
        KeyFile::create(&files.keys, &store_key)?;
        Store::ready(connect(&files.database)?, files, issuer, policy_text, policy)
    }

    /// Opens a store. `policy_text` and `policy` are the policy now in force; `issuer` goes onto
    /// new tickets.
    ///
    /// First of all it erases what work that was killed has left: [`Store::erase_leftovers`].
    ///
    /// Errors: `Missing`, `Damaged`, `DatabaseOlder`, `TooNew`, `Keys`, `StoreKey`, and the two about policy
    /// versions. Nothing of the store is ever overwritten on an error.
    pub fn open(
        files: &Files,
        issuer: &Issuer,
        policy_text: &str,
        policy: Policy,
    ) -> Result<Store, StoreError> {
        Store::over_database(files, |connection| {
            Store::ready(connection, files, issuer, policy_text, policy.clone())
        })
    }

    /// Makes a store over the database by `ready`, as [`with_database`].
    pub(super) fn over_database(
        files: &Files,
        ready: impl FnMut(Connection) -> Result<Store, StoreError>,
    ) -> Result<Store, StoreError> {
        let (mut store, leftovers) = with_database(files, ready)?;
        store.leftovers = leftovers;
        store.hold_ballast();
        // The keys of what was forgotten, where a crash or another keys file had left them.
        if let Err(error) = store.advance(Stage::KeyDestroyed) {
            log::error!("keys of what was forgotten stay for now: {error}");
        }
        Ok(store)
    }

    /// Overwrites and removes what a backup or restore that was killed has left: there can be keys in it that
    /// a forget does not reach. Returns whether nothing of that is left. What it found stays known to
    /// [`Store::verify`].
    pub(super) fn erase_leftovers(&mut self) -> Result<bool, StoreError> {
        let found = Leftovers::erase(self.files.directory(), Side::Till)?;
        self.leftovers.erased.extend(found.erased);
        self.leftovers.left = found.left;
        Ok(self.leftovers.left.is_empty())
    }

    /// What work that was killed has left and cannot be erased now: names, or paths outside the directory.
    pub fn left_over(&self) -> &[String] {
        &self.leftovers.left
    }

    /// A store over an open database, brought to the newest shape.
    pub(super) fn ready(
        mut connection: Connection,
        files: &Files,
        issuer: &Issuer,
        policy_text: &str,
        policy: Policy,
    ) -> Result<Store, StoreError> {
        // A log that outlived its process may hold what was forgotten just before.
        let log_remains = log_bytes(&files.database) > 0;
        let store_key = StoreKey::load(&files.store_key)?;
        let mut keys = KeyFile::open(&files.keys, &store_key)?;
        behind::require_newest(&connection, &keys)?;
        schema::migrate(&mut connection)?;
        upgrade::tie_customers(&mut connection, &mut keys, &store_key)?;
        upgrade::seal_looks(&mut connection, &keys)?;
        super::policy::adopt(&mut connection, policy_text, &policy)?;
        counts::take_over(&mut connection, &mut keys, &policy.release)?;
        let issuer = (issuer_id(&connection, issuer)?, issuer.clone());
        let mut store = Store::over(connection, (keys, store_key), files, issuer, policy);
        store.tally = Tally::load(&store.connection, &store.keys)?;
        store.draft = DraftSlot::load(&store.connection)?;
        store.clock = Clock::load(&store.connection)?;
        store.awaits_compaction = rest::is_compaction_awaited(&store.connection)?;
        store.stage = store.stage_on_disk(log_remains)?;
        Ok(store)
    }

    /// How far what was forgotten is, by the files. `log_remains`: a log outlived its process.
    pub(super) fn stage_on_disk(&self, log_remains: bool) -> Result<Stage, StoreError> {
        let is_doomed =
            self.connection.query_row("SELECT EXISTS (SELECT 1 FROM doomed)", [], |row| row.get(0))?;
        Ok(match is_doomed {
            true => Stage::Tombstoned,
            false if log_remains || self.awaits_compaction => Stage::Dropped,
            false => Stage::LogTruncated,
        })
    }

    /// A store of which nothing is loaded yet: every forget in it is taken up from its beginning.
    pub(super) fn over(
        connection: Connection,
        (keys, store_key): (KeyFile, StoreKey),
        files: &Files,
        (issuer_id, issuer): (i64, Issuer),
        policy: Policy,
    ) -> Store {
        Store {
            in_use: in_use(&connection, files),
            store_key_in_use: InUse::of(files.store_key.clone()),
            connection,
            keys,
            store_key,
            files: files.clone(),
            issuer_id,
            issuer,
            policy,
            spares: Spares::default(),
            tally: Tally::default(),
            clock: Clock::default(),
            draft: None,
            sold: false,
            stage: Stage::Tombstoned,
            keyless: HashSet::new(),
            keys_may_be_older: false,
            awaits_compaction: false,
            is_reclaimed: false,
            ballast_held: false,
            leftovers: Leftovers::default(),
        }
    }

    /// Notes the day on which the shop began to use this store.
    pub fn began_on(&mut self, day: chrono::NaiveDate) -> Result<(), StoreError> {
        self.connection
            .execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('began', ?1)", [day.to_string()])?;
        let begun = self.clock.after_ticket(day);
        begun.save(self.clock, &self.connection)?;
        self.clock = begun;
        Ok(())
    }

    /// Closes the store, its log copied into the database and gone. Errors: `Busy` while another
    /// process reads it.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.tend()?;
        self.resume_from(Stage::Dropped);
        self.advance(Stage::LogTruncated)?;
        self.connection.close().map_err(|(_, error)| error.into())
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Where its files are.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Who issues this till's tickets.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Does what no sale should wait for: zeroes the keys of sold drafts and of what was forgotten,
    /// truncates the log where that is still due, makes new slots, folds the counts, bounds the
    /// log, keeps the ballast. Returns whether anything is still pending.
    pub fn tend(&mut self) -> Result<bool, StoreError> {
        // Before the slots that this gives up are zeroed, with those of the draft.
        let folded = if self.tally.is_worth_folding() { self.fold_counts() } else { Ok(()) };
        self.retire_draft()?;
        folded?;
        match self.advance(Stage::LogTruncated) {
            // Pending while somebody reads.
            Err(StoreError::Busy) => {}
            result => result?,
        }
        self.stock_spares()?;
        if log_bytes(&self.files.database) > LOG_BYTES_BEFORE_CHECKPOINT {
            self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        }
        self.hold_ballast();
        if !self.leftovers.left.is_empty() {
            self.erase_leftovers()?;
        }
        let is_done = self.stage == Stage::LogTruncated && self.keyless.is_empty() && !self.awaits_compaction;
        Ok(!is_done || !self.leftovers.left.is_empty())
    }

    /// See [`KeyFile::disable_zeroing_for_mutation_test`].
    #[doc(hidden)]
    pub fn disable_zeroing_for_mutation_test(&mut self) {
        self.keys.disable_zeroing_for_mutation_test();
    }

    /// Commits without waiting for the disk. Only for the power cut test, which has to lose sales then.
    #[doc(hidden)]
    pub fn weaken_durability_for_mutation_test(&mut self) -> Result<(), StoreError> {
        Ok(self.connection.pragma_update(None, "synchronous", "NORMAL")?)
    }

    /// Lets the database grow no further, as on a full disk, or gives the room back. Only for the simulation.
    #[doc(hidden)]
    pub fn fill_disk_for_test(&mut self, is_full: bool) -> Result<(), StoreError> {
        // No less than there is: SQLite takes the size of now for less.
        let pages = if is_full { 1 } else { u32::MAX - 1 };
        Ok(self.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?)
    }

    /// Makes sure that what is written now goes into the files that the next start opens, and opens with the store
    /// key that it finds. Errors: `FilesGone`.
    pub(super) fn require_files(&self) -> Result<(), StoreError> {
        self.require_files_to_forget()?;
        let Some(file) = &self.store_key_in_use else { return Ok(()) };
        let is_untouched = InUse::of(file.path.clone()).is_some_and(|found| found == *file);
        // Written anew, as by a copy that was put back, it may still be the same key.
        if is_untouched || StoreKey::load(&file.path).is_ok_and(|found| found == self.store_key) {
            return Ok(());
        }
        Err(StoreError::FilesGone(file.path.clone()))
    }

    /// The same for a forget, which takes no store key. Errors: `FilesGone`.
    pub(super) fn require_files_to_forget(&self) -> Result<(), StoreError> {
        let is_there = |file: &InUse| {
            InUse::of(file.path.clone()).is_some_and(|found| {
                found.device_and_inode == file.device_and_inode && found.least >= file.least
            })
        };
        match self.in_use.iter().find(|file| !is_there(file)) {
            None => Ok(()),
            Some(gone) => Err(StoreError::FilesGone(gone.path.clone())),
        }
    }

    /// From now on the database may be shorter than it was.
    pub(super) fn let_files_shrink(&mut self) {
        self.in_use.iter_mut().for_each(|file| file.least = 0);
    }

    /// Makes sure that a forget will find room: a sale must not take the last of it.
    pub(super) fn require_ballast(&mut self) -> Result<(), StoreError> {
        if !self.ballast_held {
            keep_ballast(&self.files.ballast)?;
            self.ballast_held = true;
        }
        Ok(())
    }

    /// Makes the ballast where it is missing. A full disk is no error here: the next sale says it.
    pub(super) fn hold_ballast(&mut self) {
        self.ballast_held = keep_ballast(&self.files.ballast).is_ok();
    }

    /// Gives the held-back room to whatever must be written on a full disk.
    pub(super) fn release_ballast(&mut self) -> bool {
        self.ballast_held = false;
        fs::remove_file(&self.files.ballast).is_ok()
    }

    /// Runs `work`; on a full disk releases the ballast and runs it once more.
    pub(super) fn despite_full_disk<T>(
        &mut self,
        mut work: impl FnMut(&mut Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match work(self) {
            Err(error) if error.is_disk_full() && self.release_ballast() => work(self),
            result => result,
        }
    }
}

/// A file that this process has open.
#[derive(PartialEq, Eq)]
struct InUse {
    path: PathBuf,
    /// Two names with the same are one file.
    device_and_inode: (u64, u64),
    /// How long it is at least, in bytes: a shorter one was cut by somebody else.
    least: u64,
    /// When it was last written to, in seconds and nanoseconds. Tells something of a file that nobody writes.
    written: (i64, i64),
}

impl InUse {
    fn of(path: PathBuf) -> Option<InUse> {
        let metadata = fs::symlink_metadata(&path).ok()?;
        Some(InUse {
            path,
            device_and_inode: (metadata.dev(), metadata.ino()),
            least: metadata.len(),
            written: (metadata.mtime(), metadata.mtime_nsec()),
        })
    }
}

/// The database, its log and the keys, as far as they are there.
fn in_use(connection: &Connection, files: &Files) -> Vec<InUse> {
    let pragma =
        |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).unwrap_or(0);
    // A compaction that was killed is still in the log, and the file will be as short as that says.
    let pages: u64 = pragma("page_count");
    let bytes = pages.saturating_mul(pragma("page_size"));
    let database = InUse::of(files.database.clone());
    let database = database.map(|database| InUse { least: database.least.min(bytes), ..database });
    // The log is emptied all the time.
    let log = InUse::of(log_of(&files.database)).map(|log| InUse { least: 0, ..log });
    [database, log, InUse::of(files.keys.clone())].into_iter().flatten().collect()
}

/// The write-ahead log beside the database.
fn log_of(database: &Path) -> PathBuf {
    let mut path = database.to_owned().into_os_string();
    path.push("-wal");
    path.into()
}

/// Length of the write-ahead log beside the database.
pub(super) fn log_bytes(database: &Path) -> u64 {
    fs::metadata(log_of(database)).map_or(0, |m| m.len())
}

/// The log is copied into the database between sales once it is larger than this.
const LOG_BYTES_BEFORE_CHECKPOINT: u64 = 4 << 20;

/// How every connection is set up: each commit durable, deleted cells zeroed, no temporary file that
/// could hold a row, and the log copied by [`Store::tend`] alone, so that no sale pays for it.
pub const PRAGMAS: &str = "PRAGMA journal_mode = WAL;
     PRAGMA synchronous = FULL;
     PRAGMA foreign_keys = ON;
     PRAGMA secure_delete = ON;
     PRAGMA temp_store = MEMORY;
     PRAGMA wal_autocheckpoint = 0;";

/// Keeps what somebody put into a database from running in it: Olvido's own have no trigger, no view, and in their
/// schema no function that could do harm. See SQLite's "Defense Against The Dark Arts".
pub fn distrust_schema(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false).map(drop)
}

/// Whether this is the database of a store in which nothing was ever sold.
pub fn is_unused(database: &Path) -> bool {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM ticket) AND NOT EXISTS (SELECT 1 FROM anchor)";
    let unused =
        connect_to_read(database).and_then(|connection| connection.query_row(sql, [], |row| row.get(0)));
    unused.unwrap_or(false)
}

/// The policy in force in the store of this database, which may be in use, its text first. Errors: `Sql`,
/// `Damaged`.
pub fn policy_in_force(database: &Path) -> Result<(String, Policy), StoreError> {
    let connection = connect_to_read(database)?;
    let policy = newest_policy(&connection)?;
    let sql = "SELECT text FROM policy WHERE version = ?1";
    Ok((connection.query_row(sql, [policy.version], |row| row.get(0))?, policy))
}

/// Erases what killed work left, looks at the database, and does `work` over it: twice, where the disk is full. Errors:
/// `RestoreUnfinished`, `Missing`, `Damaged`, and those of `work`.
pub(super) fn with_database<T>(
    files: &Files,
    mut work: impl FnMut(Connection) -> Result<T, StoreError>,
) -> Result<(T, Leftovers), StoreError> {
    let damaged = |what: &str| StoreError::Damaged(what.into());
    if super::backup::is_unfinished(files) {
        return Err(StoreError::RestoreUnfinished);
    }
    let leftovers = Leftovers::erase(files.directory(), Side::Till)?;
    private_file::require_own(&files.database)?;
    match fs::metadata(&files.database) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StoreError::Missing),
        // SQLite takes an empty file for a new database.
        Ok(metadata) if metadata.len() == 0 => return Err(damaged("it is empty")),
        Err(error) => return Err(error.into()),
        Ok(_) => {}
    }
    let mut worked = || {
        let connection = connect(&files.database)?;
        if !schema::is_store(&connection)? {
            return Err(damaged("it holds no store"));
        }
        work(connection)
    };
    let done = match worked() {
        // The index of the log alone takes 32 KiB.
        Err(error) if error.is_disk_full() && fs::remove_file(&files.ballast).is_ok() => worked(),
        result => result,
    }?;
    Ok((done, leftovers))
}

/// Opens the database.
pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(64);
    distrust_schema(&connection)?;
    connection.execute_batch(PRAGMAS)?;
    Ok(connection)
}

/// Opens the database to look at it, also beside who writes it.
pub(super) fn connect_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    distrust_schema(&connection)?;
    Ok(connection)
}

/// The row of this issuer, made when it is new: old tickets keep pointing at the old one.
pub(super) fn issuer_id(connection: &Connection, issuer: &Issuer) -> Result<i64, StoreError> {
    let values = params![issuer.name, issuer.tax_id, issuer.series, issuer.currency.code];
    let found = connection
        .query_row(
            "SELECT id FROM issuer WHERE name = ?1 AND tax_id = ?2 AND series = ?3 AND currency = ?4",
            values,
            |row| row.get(0),
        )
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    connection
        .execute("INSERT INTO issuer (name, tax_id, series, currency) VALUES (?1, ?2, ?3, ?4)", values)?;
    Ok(connection.last_insert_rowid())
}

/// The issuer of that row. Errors: where it is gone, too.
pub(super) fn issuer_of(connection: &Connection, id: i64) -> Result<Issuer, StoreError> {
    let sql = "SELECT name, tax_id, series, currency FROM issuer WHERE id = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([id], issuer_row)?)
}

/// An issuer as it was when a ticket was issued.
pub(super) fn issuer_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Issuer> {
    let code: String = row.get("currency")?;
    let currency =
        Currency::from_code(&code).unwrap_or(Currency { code: code.clone(), sign: code, decimals: 2 });
    Ok(Issuer { name: row.get("name")?, tax_id: row.get("tax_id")?, series: row.get("series")?, currency })
}

/// Makes the ballast where it is missing, or cut short by a crash. Errors: `DiskFull`, `Io`.
fn keep_ballast(path: &Path) -> Result<(), StoreError> {
    if fs::symlink_metadata(path).is_ok_and(|m| m.is_file() && m.len() == BALLAST_BYTES as u64) {
        return Ok(());
    }
    let _ = fs::remove_file(path);
    // Not zeros: some file systems would not give them room of their own.
    private_file::create(path, &vec![0xa5; BALLAST_BYTES])?;
    Ok(())
}
