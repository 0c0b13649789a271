//! Opening the store for a command, and what is said when it cannot be opened.

use std::io::Write;
use std::thread;
use std::time::Duration;

use crate::app::Opened;
use crate::domain::settings::Settings;
use crate::locale::{Arg, Locale};
use crate::seal::KeysError;
use crate::store::{Files, Forgetting, Store, StoreError};

use super::paths::{DataDir, Lock, LockError};
use super::problem::Problem;
use super::run::Session;

/// A store opened by a command, locked for as long as this lives.
pub struct Locked {
    pub store: Store,
    pub settings: Settings,
    pub lock: Lock,
    /// What was found damaged, and a forget does without: nothing else is done with such a store.
    pub without: Vec<StoreError>,
}

/// A store whose database cannot be read, locked all the same.
pub struct Unopened {
    pub settings: Settings,
    _lock: Lock,
}

/// Where the files of a data directory are.
pub fn files(data: &DataDir) -> Files {
    Files {
        database: data.database(),
        keys: data.keys(),
        store_key: data.store_key(),
        ballast: data.root().join("ballast"),
    }
}

/// How often it looks again at a lock that names nobody: for half a second.
const UNNAMED_LOOKS: u32 = 5;

/// How often a forget that waits looks whether the backup is made.
const BACKUP_LOOKED_AFTER: Duration = Duration::from_millis(100);

impl Session {
    /// Takes the lock and opens the store, which hears the clock.
    pub fn open_store(&self) -> Result<Locked, Problem> {
        let lock = self.lock()?;
        let Opened { store, settings } = self.opened()?;
        Ok(Locked { store, settings, lock, without: Vec::new() })
    }

    /// The same for a forget, which waits while a backup is being made, and says so.
    ///
    /// It opens whatever else is damaged. Where the database cannot be read, all that is left is to destroy the
    /// key: [`Unopened`].
    pub fn open_store_to_forget(&self, out: &mut impl Write) -> Result<Result<Locked, Unopened>, Problem> {
        let (mut is_told, mut unnamed) = (false, 0);
        loop {
            match Lock::take(&self.data) {
                Err(LockError::Held { is_backup: true, .. }) => {
                    if !is_told {
                        self.say(&self.locale().text("cli-waits-for-backup"), out)?;
                        let _ = out.flush();
                        is_told = true;
                    }
                    thread::sleep(BACKUP_LOOKED_AFTER);
                }
                // Taken or given back at this very moment: whose it is stands there at once.
                Err(LockError::Held { pid: None, .. }) if unnamed < UNNAMED_LOOKS => {
                    unnamed += 1;
                    thread::sleep(BACKUP_LOOKED_AFTER);
                }
                lock => {
                    let lock = lock.map_err(|error| Problem::of_lock(&error, self.locale()))?;
                    return self.open_despite_damage(lock, None, out);
                }
            }
        }
    }

    /// Takes the lock and opens the store to destroy what is past its term. A whole store is opened like any,
    /// its policy in force; a damaged one as for a forget, where the database can be read.
    pub fn open_store_to_expire(&self, out: &mut impl Write) -> Result<Locked, Problem> {
        let lock = self.lock()?;
        match self.opened() {
            Ok(Opened { store, settings }) => Ok(Locked { store, settings, lock, without: Vec::new() }),
            Err(problem) => self.open_despite_damage(lock, Some(&problem), out)?.map_err(|_| problem),
        }
    }

    /// The store with what a forget needs and no more. What else is damaged is said, and keeps nobody from it:
    /// also `refused`, why the store did not open as a whole.
    fn open_despite_damage(
        &self,
        lock: Lock,
        refused: Option<&Problem>,
        out: &mut impl Write,
    ) -> Result<Result<Locked, Unopened>, Problem> {
        let mut damaged: Vec<Problem> = Vec::new();
        let settings = match self.settings() {
            Ok(settings) => settings,
            // Nothing of a store is here: no damage.
            Err(problem) if !self.data.database().exists() && !self.data.keys().exists() => {
                return Err(problem);
            }
            Err(problem) => {
                damaged.push(problem);
                Settings::default()
            }
        };
        damaged.extend(self.policy().err());
        match Store::open_to_forget(&files(&self.data)) {
            Ok((mut store, without)) => {
                damaged.extend(without.iter().map(|error| self.store_problem(error)));
                damaged.extend(refused.cloned());
                for (number, problem) in damaged.iter().enumerate() {
                    // Two that look can meet the same.
                    if !damaged[..number].contains(problem) {
                        self.warn(problem, out)?;
                    }
                }
                match store.hear_clock(crate::app::now(), None) {
                    Err(error) if error.is_of_database() => self.warn(&self.store_problem(&error), out)?,
                    heard => heard.map_err(|error| self.store_problem(&error))?,
                }
                Ok(Ok(Locked { store, settings, lock, without }))
            }
            Err(StoreError::Damaged(_) | StoreError::Sql(_) | StoreError::Missing) => {
                Ok(Err(Unopened { settings, _lock: lock }))
            }
            Err(error) => Err(self.store_problem(&error)),
        }
    }

    /// Says that something is damaged which this command does without.
    ///
    /// It says where, and who says more: the words of a refusal are about a command that did nothing.
    pub(super) fn warn(&self, problem: &Problem, out: &mut impl Write) -> Result<(), Problem> {
        let place = problem.place.as_ref().unwrap_or(&problem.what);
        let said = [
            &self.locale().text("forget-despite"),
            place.as_str(),
            &self.locale().text("forget-despite-next"),
        ];
        self.say(&said.join("\n").replace('\n', "\n  "), out).map(drop)
    }

    /// The whole store, which hears the clock.
    fn opened(&self) -> Result<Opened, Problem> {
        let settings = self.settings()?;
        let mut opened = self.opener(settings)?().map_err(|error| self.store_problem(&error))?;
        opened.store.hear_clock(crate::app::now(), None).map_err(|error| self.store_problem(&error))?;
        Ok(opened)
    }

    /// The right to write in the data directory.
    pub fn lock(&self) -> Result<Lock, Problem> {
        Lock::take(&self.data).map_err(|error| Problem::of_lock(&error, self.locale()))
    }

    /// What opens the store, in whichever thread calls it. Refused where the policy is.
    pub fn opener(
        &self,
        settings: Settings,
    ) -> Result<impl FnOnce() -> Result<Opened, StoreError> + Send + 'static, Problem> {
        let (text, policy) = self.policy()?;
        let files = files(&self.data);
        Ok(move || {
            let store = Store::open(&files, &settings.store.issuer(), &text, policy)?;
            Ok(Opened { store, settings })
        })
    }

    /// What a till does in a quiet moment, at the end of a command, where nobody waits for the store. `None`
    /// where it failed: the next command or the till tries again.
    pub fn rest(&self, locked: &mut Locked) -> Option<Forgetting> {
        let rested = locked.store.rest(crate::app::now());
        rested.inspect_err(|error| log::warn!("closing the day: {error}")).ok()
    }

    /// What the store says, in words.
    pub fn store_problem(&self, error: &StoreError) -> Problem {
        Problem::of_store(error, &self.data, self.locale())
    }
}

impl Problem {
    /// The store cannot be opened, or refuses.
    pub fn of_store(error: &StoreError, data: &DataDir, locale: &'static Locale) -> Problem {
        let place = match error {
            StoreError::Keys(_) => Some(data.keys()),
            StoreError::StoreKey(_) => Some(data.store_key()),
            StoreError::FilesGone(path) => Some(path.clone()),
            StoreError::PolicyNeedsNewVersion(_) | StoreError::PolicyVersionTooLow { .. } => {
                Some(data.policy())
            }
            _ => Some(data.database()),
        };
        let [what, next] = match error {
            StoreError::DiskFull => ["cli-disk-full", "cli-disk-full-next"],
            StoreError::Busy => ["cli-busy", "cli-busy-next"],
            StoreError::DatabaseOlder => ["cli-database-older", "cli-database-older-next"],
            StoreError::TooNew => ["cli-too-new", "cli-too-new-next"],
            StoreError::RestoreUnfinished => ["cli-restore-unfinished", "cli-restore-unfinished-next"],
            StoreError::FilesGone(_) => ["cli-files-gone", "cli-files-gone-next"],
            StoreError::YearImpossible => ["cli-year-impossible", "cli-year-impossible-next"],
            StoreError::Missing => ["cli-database-missing", "cli-damaged-next"],
            StoreError::PolicyNeedsNewVersion(_) => ["cli-policy-version", "cli-policy-version-next"],
            StoreError::PolicyVersionTooLow { .. } => ["cli-policy-old", "cli-policy-version-next"],
            StoreError::Keys(KeysError::WrongStoreKey) => ["cli-wrong-store-key", "cli-wrong-store-key-next"],
            StoreError::StoreKey(_) => ["cli-store-key-gone", "cli-store-key-gone-next"],
            StoreError::Keys(KeysError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                ["cli-keys-missing", "cli-damaged-next"]
            }
            StoreError::Damaged(_) | StoreError::Keys(_) => ["cli-damaged", "cli-damaged-next"],
            StoreError::Io(_) | StoreError::Sql(_) => ["cli-file-failed", "cli-file-failed-next"],
        };
        let versions = match error {
            StoreError::PolicyVersionTooLow { file, newest } => {
                vec![("version", Arg::from(*file)), ("newest", Arg::from(*newest))]
            }
            _ => Vec::new(),
        };
        Problem {
            what: locale.format(what, &versions),
            place: place.map(|path| match error {
                // What the program cannot put into words: for whoever mends it.
                StoreError::Damaged(_)
                | StoreError::Keys(_)
                | StoreError::StoreKey(_)
                | StoreError::Io(_)
                | StoreError::Sql(_) => format!("{}: {error}", path.display()),
                _ => path.display().to_string(),
            }),
            next: Some(locale.text(next).into_owned()),
        }
    }
}
