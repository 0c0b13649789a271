//! Restoring. What was forgotten since the backup is forgotten again before anything is put in
//! place; what cannot be known is counted. Everything is made ready in a folder of its own, which
//! one rename declares ready: before it nothing in place has changed, after it the rest is only
//! moved, by this process or, after a crash, by [`finish_restore`].

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset, NaiveDate};
use rusqlite::{OptionalExtension, params};

use super::archive::{self, Head, MANIFEST, Manifest, Unpacked};
use super::doubt::Doubt;
use super::ended::{Ended, RestoredDays};
use super::in_place::InPlace;
use super::{BackupError, CONFIG, DATABASE, KEYS, MEMBERS, POLICY};
use crate::domain::policy::Policy;
use crate::domain::ticket::Issuer;
use crate::seal::{CustomerSlot, Holds, KeyFile, KeysError, SlotId, StoreKey, private_file};
use crate::store::error::StoreError;
use crate::store::forget::{Forgetting, Stage};
use crate::store::open::{Files, Store, connect, connect_to_read, issuer_id, issuer_row};
use crate::store::{forget, hub, profile, schema, ticket, verify};

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
    let files = take_store_key(folder, root, store_key)?;
    let key = StoreKey::load(&files.store_key).map_err(StoreError::from)?;
    let Unpacked { manifest, is_genuine } = archive::unpack(file, folder, &key)?;
    let mut store = open_unpacked(&files, &key, is_genuine)?;
    verify::quick_check_file(&files.database)?;
    let head = ticket::head(&store.connection)?;
    if head_differs(&manifest, &head) {
        return Err(BackupError::Altered(DATABASE.to_owned()));
    }
    let place = Files::of(root);
    let mut in_place = InPlace::look(&place, &store.store_key);
    let (mut needs_new_series, mut last_ticket) = (true, head.number);
    if let Some(here) = in_place.head {
        if here.number > head.number && !in_place.is_usable {
            // Nothing sells with the files in place any more: their newer tickets go on in the backup's.
            store.adopt_tickets(&place.database, head)?;
            in_place.complete = !in_place.is_behind;
            (needs_new_series, last_ticket) = (false, here.number);
        } else {
            needs_new_series = compare(&mut in_place, here, head, &store)?;
        }
        needs_new_series |= in_place.is_torn;
    }
    let mut tickets_lost = 0;
    if let Some(here) = in_place.readable_head.filter(|here| here.number > head.number) {
        match store.adopt_tickets(&place.database, head) {
            // More may have followed: a new series is needed in any case.
            Ok(()) => last_ticket = here.number,
            Err(error) => {
                log::error!("tickets behind the backup cannot be taken over: {error:?}");
                tickets_lost = here.number - head.number;
            }
        }
    }
    let (mut forgotten, mut unknown) = (Vec::new(), Vec::new());
    for slot in super::personal_slots(&store.connection)? {
        match in_place.knows(slot) {
            Some(true) => forgotten.push(slot),
            Some(false) => {}
            None => unknown.push(slot),
        }
    }
    let mut damaged = super::personal_slots(&store.connection)?;
    damaged.retain(|slot| in_place.is_damaged(*slot));
    let backup_days = store.policy.backup_days;
    let last_day = store.last_ticket_at()?.map(|at| at.date_naive());
    let made_on = match is_genuine {
        Some(_) => manifest.at.date_naive(),
        // What it says of itself proves nothing; its tickets are those of the chain.
        None => last_day.unwrap_or_else(|| manifest.at.date_naive()).min(manifest.at.date_naive()),
    };
    // A clock that was set back makes no backup younger. One that is ahead makes it older: nothing is lost by that,
    // the backup can be restored again under the right one.
    let known = [in_place.trusted_day, store.trusted_day()];
    let today = known.into_iter().flatten().fold(today, NaiveDate::max);
    let old = backup_days.filter(|days| (today - made_on).num_days() > i64::from(*days));
    if old.is_some() {
        store.let_go(&unknown)?;
        unknown.clear();
    }
    store.adopt_tombstones(&in_place)?;
    hub::mark_restored(&store.connection)?;
    let renewed = store.renew_changed_profiles(&forgotten, &in_place.tombstones)?;
    forgotten.retain(|slot| !renewed.contains(slot));
    store.forget_all(&forgotten)?;
    // Where its slot was damaged in place, nobody knew whose it was when a customer was forgotten.
    let remains = store.forget_remains(&Vec::from_iter(damaged))?;
    store.compact()?;
    if store.finish_forgetting()? != Forgetting::Complete {
        return Err(StoreError::Busy.into());
    }
    let purchases = crate::store::purchase::all(&store.connection)?;
    let unknown: HashSet<[u8; 16]> = unknown.iter().map(|slot| slot.owner).collect();
    let restoring = Restoring {
        root: root.to_owned(),
        at: manifest.at,
        is_unproven: is_genuine.is_none(),
        last_ticket,
        config: fs::read_to_string(folder.join(CONFIG))
            .map_err(|_| BackupError::Altered(CONFIG.to_owned()))?,
        series: store.series()?,
        needs_new_series,
        past_days: old,
        replayed: forgotten.len() + remains,
        purchases: purchases.len(),
        unknown: purchases.iter().filter(|(slot, _)| unknown.contains(&slot.owner)).count(),
        ended: Ended {
            tickets_taken_over: last_ticket - head.number,
            tickets_lost,
            ..in_place.ended(&store, purchases.iter().map(|(slot, _)| slot.owner).collect())?
        },
    };
    leave_notes(
        &store,
        &in_place,
        &restoring,
        head.number,
        RestoredDays { from: made_on.min(today), to: today },
    )?;
    store.close_quietly()?;
    Ok(restoring)
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

/// What a whole store in place means for the backup. Returns whether a new series is needed.
fn compare(
    in_place: &mut InPlace,
    here: ticket::Head,
    backup: ticket::Head,
    restored: &Store,
) -> Result<bool, BackupError> {
    if here.number == 0 {
        // A store that never sold anything: its numbers are free.
        in_place.keys = None;
        return Ok(backup.number > 0);
    }
    if here.number > backup.number {
        return Err(BackupError::SalesAfter { here: here.number, backup: backup.number });
    }
    if in_place.is_torn {
        let is_same = restored.ticket(here.number)?.is_none_or(|ticket| Some(ticket.hash) == here.hash);
        return if is_same { Ok(true) } else { Err(BackupError::OtherStore) };
    }
    if here.number == backup.number {
        in_place.complete = !in_place.is_behind;
        return if here.hash == backup.hash { Ok(false) } else { Err(BackupError::OtherStore) };
    }
    // Older than the backup: what its keys do not know yet was not forgotten.
    in_place.keys = None;
    let same = restored.ticket(here.number)?.is_none_or(|ticket| Some(ticket.hash) == here.hash);
    if same { Ok(true) } else { Err(BackupError::OtherStore) }
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
            return Err(BackupError::WrongStoreKey);
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
    /// Takes over what was forgotten since, and says it to the hub, which may not have heard it all.
    fn adopt_tombstones(&mut self, in_place: &InPlace) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        for id in &in_place.tombstones {
            forget::mark(&transaction, id, in_place.held.contains(id), forget::Said::Here)?;
        }
        Ok(transaction.commit()?)
    }

    /// Takes over the tickets that followed `last` in the database in place, which is whole: tax law asks for them,
    /// and the chain goes on behind them. Errors: `OtherStore` where they do not hang on the backup's last one.
    fn adopt_tickets(&mut self, database: &Path, last: ticket::Head) -> Result<(), BackupError> {
        let here = connect_to_read(database)?;
        let next = ticket::find(&here, last.number + 1)?;
        if next.is_none_or(|next| next.previous != last.hash) {
            return Err(BackupError::OtherStore);
        }
        let transaction = self.connection.transaction()?;
        let mut statement = here.prepare(
            "SELECT t.number, t.at, t.total, t.tax_total, t.body, t.hash, i.name, i.tax_id, i.series, i.currency
             FROM ticket t JOIN issuer i ON i.id = t.issuer WHERE t.number > ?1 ORDER BY t.number",
        )?;
        let mut rows = statement.query([last.number])?;
        while let Some(row) = rows.next()? {
            let issuer = issuer_id(&transaction, &issuer_row(row)?)?;
            let (at, body): (String, String) = (row.get(1)?, row.get(4)?);
            let (number, total, tax): (u64, i64, i64) = (row.get(0)?, row.get(2)?, row.get(3)?);
            transaction.execute(
                "INSERT INTO ticket (number, issuer, at, total, tax_total, body, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![number, issuer, at, total, tax, body, row.get::<_, [u8; 32]>(5)?],
            )?;
        }
        Ok(transaction.commit()?)
    }

    /// Drops purchases and profiles without a tombstone: nobody said forget, and elsewhere they stay.
    fn let_go(&mut self, slots: &[SlotId]) -> Result<(), StoreError> {
        let emptied = self.left_without_purchase(slots)?;
        let transaction = self.connection.transaction()?;
        for &slot in slots {
            forget::doom(&transaction, slot)?;
        }
        for slot in emptied {
            forget::doom(&transaction, slot)?;
        }
        transaction.commit()?;
        self.resume_from(Stage::Tombstoned);
        self.advance(Stage::Dropped)
    }

    /// A profile whose key is gone was forgotten, or it was changed after the backup: changed, if
    /// one of its purchases is still there. Such a profile is kept under a new key, and nothing is
    /// ticked in it, since what was ticked last is not known. Returns the old slots.
    fn renew_changed_profiles(
        &mut self,
        forgotten: &[SlotId],
        tombstones: &BTreeSet<[u8; 16]>,
    ) -> Result<Vec<SlotId>, StoreError> {
        let gone: HashSet<[u8; 16]> = forgotten.iter().map(|slot| slot.owner).collect();
        let mut renewed = Vec::new();
        for slot in profile::all(&self.connection)? {
            if !gone.contains(&slot.owner) || tombstones.contains(&slot.owner) {
                continue;
            }
            let Some(tie) = self.keys.tie_of(slot)? else { continue };
            let theirs = self.keys.slots_of(&tie.customer)?;
            let is_kept =
                |known: &CustomerSlot| known.holds == Holds::Purchase && !gone.contains(&known.slot.owner);
            if theirs.iter().any(is_kept) {
                self.renew_profile(&tie.customer)?;
                renewed.push(slot);
            }
        }
        Ok(renewed)
    }

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
