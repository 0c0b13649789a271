//! Restoring. What was forgotten since the backup is forgotten again before anything is put in
//! place; what cannot be known is counted. Everything is made ready in a folder of its own, which
//! one rename declares ready: before it nothing in place has changed, after it the rest is only
//! moved, by this process or, after a crash, by [`finish_restore`].

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset, NaiveDate};
use rusqlite::OptionalExtension;

use super::again::Known;
use super::archive::{self, Head, MANIFEST, Manifest, Unpacked};
use super::doubt::Doubt;
use super::ended::{Ended, RestoredDays};
use super::in_place::InPlace;
use super::{BackupError, CONFIG, DATABASE, KEYS, MEMBERS, POLICY, tickets};
use crate::domain::policy::Policy;
use crate::domain::ticket::Issuer;
use crate::seal::{KeyFile, KeysError, StoreKey, private_file};
use crate::store::error::StoreError;
use crate::store::forget::Stage;
use crate::store::open::{Files, Store, connect, issuer_row};
use crate::store::{schema, ticket, verify};

pub(super) const UNPACKED: &str = "restore.tmp";
const READY: &str = "restore.ready";
const STORE_KEY: &str = "store.key";

/// A backup unpacked and checked, everything known to be forgotten forgotten again, not in place
/// yet. Dropped without [`Restoring::install`] it leaves the store as it was.
#[derive(Debug)]
pub struct Restoring {
    root: PathBuf,
    /// When the backup was made.
    pub at: DateTime<FixedOffset>,
    /// It has no mark, as those of 0.1 and 0.2 had none: whoever had it in hand can have changed what it holds, and
    /// when it was made.
    pub is_unproven: bool,
    /// Number of its last ticket, 0 before the first; of the last one in place, where those were taken over.
    pub last_ticket: u64,
    /// Text of its `config.toml`.
    pub config: String,
    /// Series of tickets that were used up to the backup.
    pub series: Vec<String>,
    /// Whether tickets may have followed the backup, whose numbers must not be given again: then
    /// the till needs a series that was never used.
    pub needs_new_series: bool,
    /// The days of its policy, where the backup is older: of purchases and profiles it brings back only
    /// what the files in place hold too.
    pub past_days: Option<u32>,
    /// Purchases and profiles in the backup that were forgotten since, now gone again.
    pub replayed: usize,
    /// Purchases that are restored.
    pub purchases: usize,
    /// Those of them of which nobody knows whether they were forgotten since the backup.
    pub unknown: usize,
    /// What followed the backup in the store in place.
    pub ended: Ended,
}

/// Whether a restore was interrupted after everything was ready.
pub(in crate::store) fn is_unfinished(files: &Files) -> bool {
    files.database.with_file_name(READY).exists()
}

/// Ends a restore that was interrupted after everything was ready. Returns whether there was one.
/// The caller holds the lock. Safe to repeat.
pub fn finish_restore(root: &Path) -> Result<bool, StoreError> {
    let ready = root.join(READY);
    if !ready.exists() {
        return Ok(false);
    }
    for name in MEMBERS.into_iter().chain([STORE_KEY]) {
        let (from, to) = (ready.join(name), root.join(name));
        if !from.exists() {
            continue;
        }
        // What is replaced stays on the disk for a while: not with keys or lookups in it. The others are replaced
        // in one step: every command reads them before it can say that a restore was interrupted.
        if ![CONFIG, POLICY].contains(&name) {
            private_file::erase(&to)?;
        }
        if name == DATABASE {
            // The log of the old database must not be taken for one of the new.
            for log in ["olvido.db-wal", "olvido.db-shm"] {
                private_file::erase(&root.join(log))?;
            }
        }
        fs::rename(&from, &to)?;
    }
    private_file::sync_directory_of(&ready)?;
    private_file::erase_all(&ready)?;
    private_file::sync_directory_of(&ready)?;
    Ok(true)
}

impl Restoring {
    /// Unpacks and checks the backup in `file` for the data directory `root`, whose lock the caller
    /// holds, and forgets again what the files in place know to be forgotten. `store_key`: where
    /// the store key is, if not in `root`. On `today` a backup can be past the days that its policy
    /// gives it.
    pub fn prepare(
        file: &Path,
        root: &Path,
        store_key: Option<&Path>,
        today: NaiveDate,
    ) -> Result<Restoring, BackupError> {
        let folder = root.join(UNPACKED);
        archive::fresh_folder(&folder).map_err(|error| BackupError::Store(error.into()))?;
        let prepared = prepare_in(&folder, file, root, store_key, today);
        if prepared.is_err() {
            // The error before is the one to tell; what stays is found at the next opening.
            let _ = private_file::erase_all(&folder);
        }
        prepared
    }

    /// Puts everything in place, durable on return. `config` becomes `config.toml`: the backup's
    /// own text, or the same with another series.
    pub fn install(self, config: &str) -> Result<(), StoreError> {
        let folder = self.root.join(UNPACKED);
        let path = folder.join(CONFIG);
        let mut file = OpenOptions::new().write(true).truncate(true).open(&path)?;
        file.write_all(config.as_bytes())?;
        file.sync_all()?;
        private_file::sync_directory_of(&path)?;
        fs::rename(&folder, self.root.join(READY))?;
        private_file::sync_directory_of(&folder)?;
        finish_restore(&self.root)?;
        Ok(())
    }
}

impl Drop for Restoring {
    fn drop(&mut self) {
        // Gone already where it was installed.
        let _ = private_file::erase_all(&self.root.join(UNPACKED));
    }
}

fn prepare_in(
    folder: &Path,
    file: &Path,
    root: &Path,
    store_key: Option<&Path>,
    today: NaiveDate,
) -> Result<Restoring, BackupError> {
    let (mut store, unpacked) = unpack(folder, file, root, store_key)?;
    let head = ticket::head(&store.connection)?;
    // Before later tickets are in it.
    let made_on = made_on(&store, &unpacked)?;
    let place = Files::of(root);
    let mut in_place = InPlace::look(&place, &store.store_key);
    let numbers = tickets::go_on(&mut store, &mut in_place, &place.database, head)?;
    // A clock that was set back makes no backup younger. One that is ahead makes it older: nothing is lost by that,
    // the backup can be restored again under the right one.
    let known = [in_place.trusted_day, store.trusted_day()];
    let today = known.into_iter().flatten().fold(today, NaiveDate::max);
    let age_days = (today - made_on).num_days();
    let past_days = store.policy.backup_days.filter(|days| age_days > i64::from(*days));
    let Known { forgotten, mut unknown, damaged } = Known::of(&store, &in_place)?;
    if past_days.is_some() {
        store.let_go(&unknown)?;
        unknown.clear();
    }
    let replayed = store.forget_again(&in_place, forgotten, &damaged)?;
    let purchases: HashSet<[u8; 16]> =
        crate::store::purchase::all(&store.connection)?.iter().map(|(slot, _)| slot.owner).collect();
    let (ended_purchases, ended_customers) = in_place.ended(&store, &purchases)?;
    let restoring = Restoring {
        root: root.to_owned(),
        at: unpacked.manifest.at,
        is_unproven: unpacked.is_genuine.is_none(),
        last_ticket: numbers.last,
        config: fs::read_to_string(folder.join(CONFIG))
            .map_err(|_| BackupError::Altered(CONFIG.to_owned()))?,
        series: store.series()?,
        needs_new_series: numbers.needs_new_series,
        past_days,
        replayed,
        purchases: purchases.len(),
        unknown: unknown.iter().filter(|slot| purchases.contains(&slot.owner)).count(),
        ended: Ended {
            tickets_taken_over: numbers.taken_over,
            tickets_lost: numbers.lost,
            purchases: ended_purchases,
            customers: ended_customers,
        },
    };
    let days = RestoredDays { from: made_on.min(today), to: today };
    leave_notes(&store, &in_place, &restoring, head.number, days)?;
    store.close_quietly()?;
    Ok(restoring)
}

/// Unpacks the backup, and opens the store in it. Refused where it is not whole, or not what its manifest says.
fn unpack(
    folder: &Path,
    file: &Path,
    root: &Path,
    store_key: Option<&Path>,
) -> Result<(Store, Unpacked), BackupError> {
    let files = take_store_key(folder, root, store_key)?;
    let key = StoreKey::load(&files.store_key).map_err(StoreError::from)?;
    let unpacked = archive::unpack(file, folder, &key)?;
    let store = open_unpacked(&files, &key, unpacked.is_genuine)?;
    verify::quick_check_file(&files.database)?;
    if head_differs(&unpacked.manifest, &ticket::head(&store.connection)?) {
        return Err(BackupError::Altered(DATABASE.to_owned()));
    }
    Ok((store, unpacked))
}

/// The day by which a backup is as old as it is.
fn made_on(store: &Store, unpacked: &Unpacked) -> Result<NaiveDate, StoreError> {
    let said = unpacked.manifest.at.date_naive();
    Ok(match unpacked.is_genuine {
        Some(_) => said,
        // What it says of itself proves nothing; its tickets are those of the chain.
        None => store.last_ticket_at()?.map_or(said, |at| at.date_naive().min(said)),
    })
}

/// Notes in the restored store what nobody can know of it, and the days of which something may be missing.
fn leave_notes(
    store: &Store,
    in_place: &InPlace,
    restoring: &Restoring,
    last_in_backup: u64,
    days: RestoredDays,
) -> Result<(), StoreError> {
    let earlier = [Doubt::load(&store.connection)?, in_place.doubt].into_iter().flatten().reduce(Doubt::or);
    let now = match restoring.unknown {
        0 => None,
        unknown => Some(Doubt { backup_at: restoring.at, purchases: unknown as u64 }),
    };
    if let Some(doubt) = earlier.into_iter().chain(now).reduce(Doubt::and) {
        doubt.save(&store.connection)?;
    }
    // Nothing followed the backup in a whole store with the same last ticket.
    let is_same = in_place.complete && in_place.head.is_some_and(|here| here.number == last_in_backup);
    let all = [RestoredDays::load(&store.connection)?, in_place.restored, (!is_same).then_some(days)];
    match all.into_iter().flatten().reduce(RestoredDays::and) {
        Some(days) => days.save(&store.connection),
        None => Ok(()),
    }
}

fn head_differs(manifest: &Manifest, head: &ticket::Head) -> bool {
    let found = head.hash.map(|hash| (head.number, hash.to_string()));
    let said = manifest.last_ticket.as_ref().map(|Head { number, hash }| (*number, hash.clone()));
    found != said
}

/// Puts the store key beside the unpacked files where it has to be installed too.
fn take_store_key(folder: &Path, root: &Path, given: Option<&Path>) -> Result<Files, BackupError> {
    let own = root.join(STORE_KEY);
    let mut files = Files::of(folder);
    files.store_key = own.clone();
    if let Some(given) = given {
        let bytes = private_file::open_named(given)
            .and_then(|file| private_file::read_at_most(file, StoreKey::LENGTH as u64))
            .map_err(|error| BackupError::File(given.to_owned(), error))?;
        let bytes = zeroize::Zeroizing::new(bytes);
        if !own.exists() {
            files.store_key = folder.join(STORE_KEY);
            private_file::create(&files.store_key, &bytes).map_err(StoreError::from)?;
        } else if private_file::open_to_read(&own)
            .and_then(|file| private_file::read_at_most(file, StoreKey::LENGTH as u64))
            .map_err(StoreError::from)?
            != *bytes
        {
            return Err(BackupError::OtherKeyHere);
        }
    } else if !own.exists() {
        return Err(BackupError::NoStoreKey);
    }
    Ok(files)
}

/// Opens the unpacked store under its own newest policy and issuer. Refused where it is not genuine.
fn open_unpacked(files: &Files, key: &StoreKey, is_genuine: Option<bool>) -> Result<Store, BackupError> {
    let altered = |name: &str| BackupError::Altered(name.to_owned());
    match KeyFile::open(&files.keys, key) {
        Err(KeysError::WrongStoreKey) => return Err(BackupError::WrongStoreKey),
        Err(KeysError::NotAKeyFile) => return Err(altered(KEYS)),
        Ok(_) if is_genuine == Some(false) => return Err(altered(MANIFEST)),
        opened => drop(opened.map_err(StoreError::from)?),
    }
    let connection = connect(&files.database)?;
    if !schema::is_store(&connection)? {
        return Err(altered(DATABASE));
    }
    let text: Option<String> = connection
        .query_row("SELECT text FROM policy ORDER BY version DESC LIMIT 1", [], |row| row.get(0))
        .optional()?;
    let text = text.ok_or_else(|| altered(DATABASE))?;
    let policy = Policy::parse(&text).map_err(|_| altered(POLICY))?;
    let issuer: Option<Issuer> = connection
        .query_row(
            "SELECT name, tax_id, series, currency FROM issuer ORDER BY id DESC LIMIT 1",
            [],
            issuer_row,
        )
        .optional()?;
    let issuer = issuer.ok_or_else(|| altered(DATABASE))?;
    match Store::ready(connection, files, &issuer, &text, policy) {
        Err(StoreError::TooNew) => Err(BackupError::TooNew),
        opened => Ok(opened?),
    }
}

impl Store {
    fn series(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare("SELECT DISTINCT series FROM issuer ORDER BY series")?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Closes without making anything that the archive did not hold.
    fn close_quietly(mut self) -> Result<(), StoreError> {
        self.resume_from(Stage::Dropped);
        self.advance(Stage::LogTruncated)?;
        self.connection.close().map_err(|(_, error)| StoreError::from(error))
    }
}
