//! The hub: its real code over a real SQLite file. Only the sockets before it are missing.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use olvido::sync::client::ClientError;
use olvido::sync::hub::db::{Database, DatabaseAddress};
use olvido::sync::hub::{Caller, DbError, Hub, HubError, HubFiles, Pending};
use olvido::sync::record::Series;
use olvido::sync::wire::{FEED_CHANGES_MAX, FeedPage, ForgetsRequest, SessionRequest, Upload};
use rusqlite::Connection;
use serde::Serialize;
use tempfile::TempDir;

use super::breakage::{self, Breakage};
use super::common::{copy_files, fast_directory};
use super::network::{Ask, Heard};
use super::residue::Sealed;
use super::till::Till;

/// An upload that the hub carried out.
pub struct Carried {
    pub caller: Caller,
    pub series: Series,
    pub body: String,
}

/// The machine that the hub runs on.
pub struct Host {
    directory: TempDir,
    hub: Option<Hub>,
    /// Its clock, beside the true time.
    pub skew: chrono::Duration,
    /// No room on its disk: nothing is taken.
    pub is_full: bool,
    /// Its database was once put back.
    pub was_put_back: bool,
    /// Since its database was last put back.
    pub carried: Vec<Carried>,
    /// Every purchase as it was ever sealed there.
    pub sealed: Sealed,
    /// Its own backups, in a directory of their own.
    backups: TempDir,
    pub backup_count: usize,
    /// Old copies of its database.
    pub copies: Vec<TempDir>,
    pub breakage: Option<Breakage>,
}

/// What the hub does with a request.
pub enum Response {
    Now(Heard),
    /// A long poll with nothing to say yet.
    Waits,
}

const DATABASE: &str = "hub.db";

impl Host {
    pub fn new(breakage: Option<Breakage>, now: DateTime<Utc>) -> Host {
        let mut host = Host {
            directory: fast_directory(),
            hub: None,
            skew: chrono::Duration::zero(),
            is_full: false,
            was_put_back: false,
            carried: Vec::new(),
            sealed: Sealed::default(),
            backups: fast_directory(),
            backup_count: 0,
            copies: Vec::new(),
            breakage,
        };
        host.start(now);
        host
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn hub(&self) -> Option<&Hub> {
        self.hub.as_ref()
    }

    pub fn clock(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.skew
    }

    pub fn start(&mut self, now: DateTime<Utc>) {
        if self.hub.is_none() {
            if self.breakage == Some(Breakage::ErasedLogNotReplayed) {
                let _ = fs::remove_file(self.path().join("erased.log"));
            }
            // A machine asks for the time when it starts.
            self.skew = chrono::Duration::zero();
            let before = breakage::keys_before(self.breakage, &self.files().keys);
            let hub = Hub::open(&self.files(), self.database(), self.clock(now)).unwrap();
            breakage::unzero(before, &self.files().keys);
            self.hub = Some(hub);
        }
    }

    /// What kill -9 leaves: the files as they are. The old process goes on only to free its memory.
    pub fn crash(&mut self) {
        let next = fast_directory();
        copy_files(self.path(), next.path());
        self.hub = None;
        self.directory = next;
    }

    pub fn files(&self) -> HubFiles {
        HubFiles::of(self.path())
    }

    pub fn database(&self) -> Database {
        let address = format!("sqlite:{}", self.path().join(DATABASE).display());
        Database::open(&address.parse::<DatabaseAddress>().unwrap()).unwrap()
    }

    /// A connection of one's own to its database.
    pub fn connect(&self) -> Connection {
        Connection::open(self.path().join(DATABASE)).unwrap()
    }

    /// What it does now and then. Returns what is left to do.
    pub fn tend(&mut self, now: DateTime<Utc>) -> Option<Pending> {
        let before = breakage::keys_before(self.breakage, &self.files().keys);
        let pending = self.hub.as_ref().and_then(|hub| hub.tend(now).unwrap());
        breakage::unzero(before, &self.files().keys);
        pending
    }

    /// Whether the till is one that the hub counts on: known, and no newcomer that has yet to hear of what was
    /// forgotten before it came.
    pub fn knows(&self, till: &Till) -> bool {
        let Some(enrolment) = till.store.enrolment().unwrap() else { return false };
        let sql = "SELECT EXISTS (SELECT 1 FROM device
                   WHERE device = ?1 AND epoch = ?2 AND state = 'active' AND cursor > 0)";
        let args = rusqlite::params![enrolment.device, enrolment.epoch];
        self.connect().query_row(sql, args, |row| row.get(0)).unwrap()
    }

    /// Copies the database alone.
    pub fn copy(&mut self) {
        let copy = fast_directory();
        for name in [DATABASE, "hub.db-wal"] {
            let from = self.path().join(name);
            if from.exists() {
                fs::copy(from, copy.path().join(name)).unwrap();
            }
        }
        self.copies.push(copy);
    }

    /// Puts an old copy of the database in the place of the one that was there; the keys and the list of
    /// what was erased stay. The hub is stopped.
    pub fn put_back(&mut self, copy: usize) {
        assert!(self.hub.is_none());
        for name in [DATABASE, "hub.db-wal", "hub.db-shm"] {
            let _ = fs::remove_file(self.path().join(name));
        }
        copy_files(self.copies[copy].path(), self.path());
        // Never forward again: keys that an older database does not need are destroyed when it starts.
        self.copies.truncate(copy + 1);
        self.carried.clear();
        self.was_put_back = true;
    }

    /// Makes a backup.
    pub fn back_up(&mut self, now: DateTime<Utc>) {
        if let Some(hub) = &self.hub {
            hub.backup(&self.backup(self.backup_count), self.clock(now)).unwrap();
            self.backup_count += 1;
        }
    }

    fn backup(&self, number: usize) -> PathBuf {
        self.backups.path().join(number.to_string())
    }

    /// Restores a backup into an empty database. With `all_lost` the disk with the keys and the list of what
    /// was erased is lost as well, but for `hub.key`, which is kept elsewhere. The hub is stopped.
    pub fn restore(&mut self, number: usize, all_lost: bool) {
        assert!(self.hub.is_none());
        let files = self.files();
        for name in [DATABASE, "hub.db-wal", "hub.db-shm"] {
            let _ = fs::remove_file(self.path().join(name));
        }
        if all_lost {
            for file in [&files.keys, &files.erased_log, &files.lock] {
                fs::remove_file(file).unwrap();
            }
        }
        Hub::restore(&self.backup(number), &files, &self.database()).unwrap();
        self.carried.clear();
        self.copies.clear();
        self.was_put_back = true;
    }

    /// Answers a request, or holds it. `is_last`: a long poll whose time is over.
    pub fn answer(&mut self, ask: &Ask, is_last: bool, now: DateTime<Utc>) -> Response {
        let now = self.clock(now);
        let Some(hub) = &self.hub else {
            return Response::Now(Err(ClientError::Unreachable("refused".into())));
        };
        if self.is_full && matches!(ask, Ask::Upload { .. }) {
            return Response::Now(Err(refusal(HubError::Database(DbError::DiskFull))));
        }
        let before = breakage::keys_before(self.breakage, &self.files().keys);
        let mut carried = None;
        let result = match ask {
            Ask::Challenge => Ok(json(&hub.challenge(now))),
            Ask::Session(body) => {
                let request: SessionRequest = serde_json::from_str(body).unwrap();
                hub.open_session(&request, now).map(|answer| json(&answer))
            }
            Ask::Upload { token, series, body } => hub.caller(token, now).and_then(|caller| {
                let upload: Upload = serde_json::from_str(body).unwrap();
                let broken = self.breakage;
                let path = self.path().join(DATABASE);
                let answer = breakage::upload(broken, hub, &path, &caller, *series, &upload, now)?;
                carried = Some(Carried { caller, series: *series, body: body.clone() });
                Ok(json(&answer))
            }),
            Ask::Forgets { token, body } => hub.caller(token, now).and_then(|caller| {
                let request: ForgetsRequest = serde_json::from_str(body).unwrap();
                let answer = hub.forgets(&caller, &request.ids)?;
                Ok(json(&breakage::forgets(self.breakage, answer)))
            }),
            Ask::Feed { token, after, wait_seconds } => {
                let page = hub
                    .caller(token, now)
                    .and_then(|caller| hub.feed(&caller, *after, FEED_CHANGES_MAX, now));
                match page {
                    Ok(page) if *wait_seconds > 0 && !is_last && is_empty(&page, *after) => {
                        return Response::Waits;
                    }
                    page => page.map(|page| json(&breakage::page(self.breakage, page))),
                }
            }
        };
        self.carried.extend(carried);
        breakage::unzero(before, &self.files().keys);
        if matches!(ask, Ask::Upload { series: Series::Purchase, .. }) {
            self.collect_sealed();
        }
        Response::Now(result.map_err(refusal))
    }

    /// Copies what is sealed now, as a thief of the file could have at any time.
    fn collect_sealed(&mut self) {
        let connection = self.connect();
        let mut statement =
            connection.prepare("SELECT id, sealed FROM purchase WHERE sealed IS NOT NULL").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        for row in rows {
            let (id, sealed) = row.unwrap();
            self.sealed.add(id, sealed);
        }
    }
}

fn is_empty(page: &FeedPage, after: u64) -> bool {
    page.changes.is_empty() && page.next == after && !page.more
}

pub fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// As the server says it over HTTP.
pub fn refusal(error: HubError) -> ClientError {
    let (status, word, retry_after) = match error {
        HubError::Unauthorized => (401, "unauthorized", None),
        HubError::Revoked => (403, "revoked", None),
        HubError::Invalid(word) => (400, word, None),
        HubError::TooLarge(word) => (413, word, None),
        HubError::TooMany { seconds } => (429, "too-many", Some(seconds)),
        HubError::Gap { .. } => (409, "gap", None),
        HubError::Recovering => (503, "recovering", Some(5)),
        HubError::Database(DbError::DiskFull) => (503, "disk-full", Some(60)),
        HubError::Database(DbError::Retry) => (503, "busy", Some(1)),
        other => panic!("the hub broke: {other}"),
    };
    ClientError::Refused { status, error: word.to_owned(), retry_after }
}
