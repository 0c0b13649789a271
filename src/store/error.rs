//! What can go wrong with the shop's files, by what the user can do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::seal::{KeysError, StoreKeyError};

#[derive(Debug)]
pub enum StoreError {
    /// No room left: nothing was written, nothing is half done.
    DiskFull,
    /// Another process holds the database.
    Busy,
    /// The database is not one, or its content contradicts itself.
    Damaged(String),
    /// It and the keys beside it are not of one moment: an earlier copy of one of them was put back, mostly of the
    /// database, and what was sold since is not in it. Or keys were overwritten.
    DatabaseOlder,
    /// Written by a newer Olvido.
    TooNew,
    /// There is no store here yet.
    Missing,
    /// A restore was interrupted after everything was ready: [`super::finish_restore`] ends it.
    RestoreUnfinished,
    /// This file of the store was removed or replaced while this process has it open: what it wrote now would be lost.
    FilesGone(PathBuf),
    /// The clock says a year that no ticket can bear: before 1970, or of more than four digits.
    YearImpossible,
    /// The policy file was changed without a new version number.
    PolicyNeedsNewVersion(u32),
    /// A policy's version is lower than the newest that was in force.
    PolicyVersionTooLow {
        file: u32,
        newest: u32,
    },
    /// The keys file.
    Keys(KeysError),
    /// The store key.
    StoreKey(StoreKeyError),
    Io(io::Error),
    /// Anything else that SQLite says.
    Sql(rusqlite::Error),
}

impl StoreError {
    /// Whether the database is what is at fault: it is damaged, or SQLite refuses for another reason.
    pub fn is_of_database(&self) -> bool {
        matches!(self, StoreError::Damaged(_) | StoreError::Sql(_))
    }

    /// Whether room on the disk is what is missing.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, StoreError::DiskFull)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        use rusqlite::Error::{
            FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
        };
        if let FromSqlConversionFailure(..)
        | IntegralValueOutOfRange(..)
        | InvalidColumnType(..)
        | Utf8Error(..) = error
        {
            return StoreError::Damaged(error.to_string());
        }
        // The index of the log is the one thing for which SQLite says "I/O error" when there is no room.
        if error.sqlite_error().is_some_and(|e| e.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE) {
            return StoreError::DiskFull;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::DiskFull,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Damaged(error.to_string())
            }
            _ => StoreError::Sql(error),
        }
    }
}

impl From<rusqlite_migration::Error> for StoreError {
    fn from(error: rusqlite_migration::Error) -> StoreError {
        match error {
            rusqlite_migration::Error::RusqliteError { err, .. } => err.into(),
            rusqlite_migration::Error::MigrationDefinition(
                rusqlite_migration::MigrationDefinitionError::DatabaseTooFarAhead,
            ) => StoreError::TooNew,
            other => StoreError::Damaged(other.to_string()),
        }
    }
}

impl From<KeysError> for StoreError {
    fn from(error: KeysError) -> StoreError {
        if error.is_disk_full() { StoreError::DiskFull } else { StoreError::Keys(error) }
    }
}

impl From<StoreKeyError> for StoreError {
    fn from(error: StoreKeyError) -> StoreError {
        StoreError::StoreKey(error)
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> StoreError {
        if error.kind() == io::ErrorKind::StorageFull { StoreError::DiskFull } else { StoreError::Io(error) }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::DiskFull => f.write_str("no room left on the disk"),
            StoreError::Busy => f.write_str("another process holds the database"),
            StoreError::Damaged(what) => write!(f, "the database is damaged: {what}"),
            StoreError::DatabaseOlder => f.write_str("the database and its keys are not of one moment"),
            StoreError::TooNew => f.write_str("the database was written by a newer version"),
            StoreError::RestoreUnfinished => f.write_str("a restore was interrupted"),
            StoreError::FilesGone(path) => write!(f, "{} was removed or replaced meanwhile", path.display()),
            StoreError::YearImpossible => f.write_str("no ticket can bear the year that the clock says"),
            StoreError::Missing => f.write_str("there is no store here"),
            StoreError::PolicyNeedsNewVersion(version) => {
                write!(f, "the policy changed but is still version {version}")
            }
            StoreError::PolicyVersionTooLow { file, newest } => {
                write!(f, "policy version {file} is older than {newest}, which was in force")
            }
            StoreError::Keys(error) => error.fmt(f),
            StoreError::StoreKey(error) => error.fmt(f),
            StoreError::Io(error) => error.fmt(f),
            StoreError::Sql(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StoreError {}
