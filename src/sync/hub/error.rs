//! What can go wrong at a hub, by what the asker can do about it.

use std::fmt;
use std::io;

use crate::seal::{KeysError, StoreKeyError};

/// What the database says.
#[derive(Debug)]
pub enum DbError {
    /// Another transaction was in the way: the same work succeeds when it is done again
    /// (SQLSTATE 40001 and 40P01; SQLite's busy).
    Retry,
    /// The database cannot be reached, or the connection broke: whether a commit took effect is not known.
    Unreachable(String),
    /// The commit is on this node, and no standby has said that it has it: it counts as not done.
    NotReplicated,
    /// Its disk is full.
    DiskFull,
    /// It is none of ours, was made by a newer Olvido, or contradicts itself.
    Damaged(String),
    /// Anything else.
    Other(String),
}

/// Why a request is refused, or could not be carried out.
#[derive(Debug)]
pub enum HubError {
    /// Nobody who may ask: no such store, device or code, a wrong proof or signature. Which of them is not
    /// said.
    Unauthorized,
    /// This device or epoch counts no longer: the till enrols anew.
    Revoked,
    /// The request makes no sense: a fixed word for what is wrong.
    Invalid(&'static str),
    /// It asks for more than is given at once.
    TooLarge(&'static str),
    /// Too many tries; ask again after so many seconds.
    TooMany {
        seconds: u64,
    },
    /// The run does not follow what the hub has: the till sends from this index on.
    Gap {
        durable_through: u64,
    },
    /// The hub was restored from a backup and waits for tombstones.
    Recovering,
    /// Another process keeps this hub's keys: only that one takes records and erases.
    KeysElsewhere,
    Database(DbError),
    Keys(KeysError),
    StoreKey(StoreKeyError),
    Io(io::Error),
}

impl From<DbError> for HubError {
    fn from(error: DbError) -> HubError {
        HubError::Database(error)
    }
}

impl From<KeysError> for HubError {
    fn from(error: KeysError) -> HubError {
        HubError::Keys(error)
    }
}

impl From<StoreKeyError> for HubError {
    fn from(error: StoreKeyError) -> HubError {
        HubError::StoreKey(error)
    }
}

impl From<io::Error> for HubError {
    fn from(error: io::Error) -> HubError {
        HubError::Io(error)
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DbError::Retry => f.write_str("another transaction was in the way"),
            DbError::Unreachable(what) => write!(f, "the database cannot be reached: {what}"),
            DbError::NotReplicated => f.write_str("no standby confirmed the commit"),
            DbError::DiskFull => f.write_str("no room left on the database's disk"),
            DbError::Damaged(what) => write!(f, "the database is damaged: {what}"),
            DbError::Other(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for DbError {}

impl fmt::Display for HubError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HubError::Unauthorized => f.write_str("not known here"),
            HubError::Revoked => f.write_str("revoked"),
            HubError::Invalid(what) => write!(f, "invalid: {what}"),
            HubError::TooLarge(what) => write!(f, "too large: {what}"),
            HubError::TooMany { seconds } => write!(f, "too many requests: again in {seconds} s"),
            HubError::Gap { durable_through } => write!(f, "a gap: send from {}", durable_through + 1),
            HubError::Recovering => f.write_str("restored from a backup, waits for tombstones"),
            HubError::KeysElsewhere => f.write_str("another process keeps the keys"),
            HubError::Database(error) => error.fmt(f),
            HubError::Keys(error) => error.fmt(f),
            HubError::StoreKey(error) => error.fmt(f),
            HubError::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for HubError {}
