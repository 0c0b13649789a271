//! The hub's database: one schema and one set of statements, over SQLite or over PostgreSQL and what
//! speaks its protocol.
//!
//! Statements are written with `$1`, `$2`, … and only with what both engines understand alike. Every
//! table leads with the store's id and every statement names it, so that the same schema can be
//! partitioned or sharded by it.
//!
//! All of this is blocking code, for threads that may wait; it must not be called from async code.

mod address;
mod pool;
mod postgres;
pub mod schema;
mod sqlite;
#[cfg(test)]
pub(super) mod tests;
mod value;

pub use address::{DatabaseAddress, DatabaseAddressError};
pub use sqlite::PRAGMAS as SQLITE_PRAGMAS;
pub use value::{Cell, Row, Value};

use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::error::{DbError, HubError};
use crate::sync::record::{Origin, Series};

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// How a database that answers is; one that does not is [`DbError::Unreachable`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DbHealth {
    pub engine: Engine,
    /// PostgreSQL's `synchronous_commit` as it is for the hub.
    pub synchronous_commit: Option<String>,
    /// PostgreSQL's `synchronous_standby_names`; empty where no commit waits for a standby.
    pub synchronous_standby_names: Option<String>,
    pub standbys: Vec<Standby>,
}

impl DbHealth {
    /// Whether commits are to wait for standbys and none of them is there: they wait, then, until one is.
    /// Also where the database's role is not told.
    pub fn lacks_standby(&self) -> bool {
        let waits = self.synchronous_standby_names.as_ref().is_some_and(|names| !names.trim().is_empty());
        let confirms = |standby: &Standby| matches!(standby.sync_state.as_deref(), Some("sync" | "quorum"));
        waits && !self.standbys.iter().any(confirms)
    }
}

/// A standby as PostgreSQL's `pg_stat_replication` shows it. The two states are only told to a role
/// that has `pg_monitor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standby {
    pub application_name: String,
    /// `streaming` where it keeps up.
    pub state: Option<String>,
    /// `sync` or `quorum` where commits wait for it, else `potential` or `async`.
    pub sync_state: Option<String>,
}

/// The hub's database. Several processes may have the same one open.
pub struct Database {
    inner: Inner,
}

enum Inner {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

/// A transaction: all of it is done, or nothing. Once a statement has failed the whole is undone, even
/// where the closure returns `Ok`.
pub struct Transaction<'a> {
    work: Work<'a>,
    failed: bool,
    feed_changed: bool,
}

enum Work<'a> {
    Sqlite(sqlite::Work<'a>),
    Postgres(postgres::Work<'a>),
}

/// Work that meets other transactions is done again for so long.
const RETRY_FOR: Duration = Duration::from_secs(10);

impl Database {
    /// Opens a database, makes the hub's tables in an empty one and brings older ones to the newest
    /// shape.
    ///
    /// Errors: `Unreachable`, `DiskFull`, `Damaged` for one that is none of the hub's or of a newer
    /// Olvido, `Other` where PostgreSQL is set up so that what it acknowledges may be lost.
    pub fn open(address: &DatabaseAddress) -> Result<Database, DbError> {
        let inner = match address {
            // Two processes that make it a WAL database at once are in each other's way.
            DatabaseAddress::Sqlite(path) => Inner::Sqlite(
                again(|| sqlite::Sqlite::open(path).map_err(HubError::from)).map_err(database_error)?,
            ),
            DatabaseAddress::Postgres(config) => Inner::Postgres(postgres::Postgres::open(config)?),
        };
        let database = Database { inner };
        database.write(|transaction| Ok(transaction.migrate()?)).map_err(database_error)?;
        Ok(database)
    }

    pub fn engine(&self) -> Engine {
        match &self.inner {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    /// Does `work` in one transaction and commits it when it returns `Ok`. All of `work` is done again
    /// on [`DbError::Retry`], for ten seconds at most; so it must change nothing outside of the
    /// database, or nothing that may not happen twice.
    ///
    /// Errors: those of `work`, and of the commit. After `Unreachable` and `NotReplicated` the work may
    /// have been done or not, and is asked for again by whoever wanted it.
    pub fn write<T>(
        &self,
        mut work: impl FnMut(&mut Transaction<'_>) -> Result<T, HubError>,
    ) -> Result<T, HubError> {
        again(|| match &self.inner {
            Inner::Sqlite(sqlite) => sqlite.write(&mut work),
            Inner::Postgres(postgres) => postgres.write(&mut work),
        })
    }

    /// Does `work` on one state of the database that does not change meanwhile. A statement that
    /// writes fails. Errors: those of `work`.
    pub fn read<T>(
        &self,
        mut work: impl FnMut(&mut Transaction<'_>) -> Result<T, HubError>,
    ) -> Result<T, HubError> {
        again(|| match &self.inner {
            Inner::Sqlite(sqlite) => sqlite.read(&mut work),
            Inner::Postgres(postgres) => postgres.read(&mut work),
        })
    }

    /// The first row of one statement, which is a transaction by itself: it costs a server one trip, not
    /// two. Errors: as [`Transaction::query`].
    pub fn query_one(&self, sql: &'static str, args: &[Value<'_>]) -> Result<Option<Row>, HubError> {
        let rows = again(|| match &self.inner {
            Inner::Sqlite(sqlite) => sqlite.read(&mut |tx: &mut Transaction<'_>| Ok(tx.query(sql, args)?)),
            Inner::Postgres(postgres) => Ok(postgres.query(sql, args)?),
        })?;
        Ok(rows.into_iter().next())
    }

    /// Sees to it that what was overwritten or deleted stands in no log of SQLite's. Returns false
    /// while somebody still reads the old state; then it is called again later. PostgreSQL's log keeps
    /// old rows whatever one does: there only destroyed keys count, and this does nothing.
    pub fn drop_traces(&self) -> Result<bool, DbError> {
        match &self.inner {
            Inner::Sqlite(sqlite) => sqlite.drop_traces(),
            Inner::Postgres(_) => Ok(true),
        }
    }

    /// Writes SQLite's file anew, without what is no row any more. Returns false while somebody is in the
    /// way; then it is called again later. PostgreSQL compacts by itself.
    pub fn compact(&self) -> Result<bool, DbError> {
        match &self.inner {
            Inner::Sqlite(sqlite) => sqlite.compact(),
            Inner::Postgres(_) => Ok(true),
        }
    }

    /// Sees to it that what was overwritten and deleted in the table `hub_key` stands nowhere in the
    /// database's own files: for a database that holds nothing else. Returns false while somebody is in
    /// the way; then it is called again later.
    ///
    /// PostgreSQL writes the table anew and fills its log until every segment of it was written over.
    /// The role owns the table and has `pg_checkpoint` and `pg_monitor`; no log may be archived.
    pub fn scrub_keys(&self) -> Result<bool, DbError> {
        match &self.inner {
            // A page may keep a copy of a key that it moved before it was overwritten.
            Inner::Sqlite(sqlite) => sqlite.compact(),
            Inner::Postgres(postgres) => postgres.scrub_keys(),
        }
    }

    /// Asks the database how it is. Errors: `Unreachable` and whatever else it says.
    pub fn health(&self) -> Result<DbHealth, DbError> {
        match &self.inner {
            Inner::Sqlite(sqlite) => sqlite.health(),
            Inner::Postgres(postgres) => postgres.health(),
        }
    }

    /// Ticks when the feed of any store has changed, here or in another process; now and then also when
    /// it has not.
    pub fn watcher(&self) -> watch::Receiver<u64> {
        match &self.inner {
            Inner::Sqlite(sqlite) => sqlite.watcher(),
            Inner::Postgres(postgres) => postgres.watcher(),
        }
    }
}

impl<'a> Transaction<'a> {
    fn new(work: Work<'a>) -> Transaction<'a> {
        Transaction { work, failed: false, feed_changed: false }
    }

    /// All rows that a statement returns. Errors: `Retry`, `Unreachable`, `DiskFull`, `Damaged`, and
    /// `Other` for a statement or value that the database does not take.
    pub fn query(&mut self, sql: &'static str, args: &[Value<'_>]) -> Result<Vec<Row>, DbError> {
        let result = match &mut self.work {
            Work::Sqlite(work) => work.query(sql, args),
            Work::Postgres(work) => work.query(sql, args),
        };
        self.noted(result)
    }

    /// The first row. Errors: as [`Transaction::query`].
    pub fn query_one(&mut self, sql: &'static str, args: &[Value<'_>]) -> Result<Option<Row>, DbError> {
        Ok(self.query(sql, args)?.into_iter().next())
    }

    /// Returns how many rows were changed. Errors: as [`Transaction::query`].
    pub fn execute(&mut self, sql: &'static str, args: &[Value<'_>]) -> Result<u64, DbError> {
        let result = match &mut self.work {
            Work::Sqlite(work) => work.execute(sql, args),
            Work::Postgres(work) => work.execute(sql, args),
        };
        self.noted(result)
    }

    /// All rows of the same statement with each of these values, in their order. PostgreSQL is sent many
    /// at once, without waiting for the answer to each. Errors: as [`Transaction::query`].
    pub fn query_each(
        &mut self,
        sql: &'static str,
        args: &[Vec<Value<'_>>],
    ) -> Result<Vec<Vec<Row>>, DbError> {
        let result = match &mut self.work {
            Work::Sqlite(work) => args.iter().map(|args| work.query(sql, args)).collect(),
            Work::Postgres(work) => work.query_each(sql, args),
        };
        self.noted(result)
    }

    /// The same for a statement that returns nothing.
    pub fn execute_each(&mut self, sql: &'static str, args: &[Vec<Value<'_>>]) -> Result<(), DbError> {
        let result = match &mut self.work {
            Work::Sqlite(work) => args.iter().try_for_each(|args| work.execute(sql, args).map(drop)),
            Work::Postgres(work) => work.query_each(sql, args).map(drop),
        };
        self.noted(result)
    }

    /// Adds rows to `record`: (index, body, flag) each. Errors: as [`Transaction::query`]; `Other` where
    /// one of them is there already.
    pub fn insert_records(
        &mut self,
        store: &str,
        origin: Origin,
        series: Series,
        records: &[(u64, Option<&str>, Option<&str>)],
    ) -> Result<(), DbError> {
        let result = match &mut self.work {
            Work::Sqlite(work) => work.insert_records(store, origin, series, records),
            Work::Postgres(work) => work.insert_records(store, origin, series, records),
        };
        self.noted(result)
    }

    /// To be called where rows were added to the store's feed: whoever watches learns of it after the
    /// commit.
    pub fn notify_feed(&mut self, store: &str) -> Result<(), DbError> {
        self.feed_changed = true;
        let result = match &mut self.work {
            Work::Sqlite(_) => Ok(()),
            Work::Postgres(work) => work.notify_feed(store),
        };
        self.noted(result)
    }

    fn migrate(&mut self) -> Result<(), DbError> {
        let (engine, version) = match &mut self.work {
            Work::Sqlite(work) => (Engine::Sqlite, work.schema_version()?),
            Work::Postgres(work) => (Engine::Postgres, work.schema_version()?),
        };
        if version > schema::VERSION {
            return Err(DbError::Damaged("it was made by a newer version of Olvido".into()));
        }
        if version == schema::VERSION {
            return Ok(());
        }
        for statement in schema::statements_after(engine, 1, version) {
            match &mut self.work {
                Work::Sqlite(work) => work.batch(&statement)?,
                Work::Postgres(work) => work.batch(&statement)?,
            }
        }
        Ok(())
    }

    fn noted<T>(&mut self, result: Result<T, DbError>) -> Result<T, DbError> {
        self.failed |= result.is_err();
        result
    }

    /// Whether all statements succeeded: PostgreSQL commits nothing after one that failed, and says so
    /// in a word that is easily missed.
    fn require_sound(&self) -> Result<(), DbError> {
        match self.failed {
            true => Err(DbError::Other("a transaction goes on after a statement that failed".into())),
            false => Ok(()),
        }
    }
}

fn tick(changed: &watch::Sender<u64>) {
    changed.send_modify(|count| *count = count.wrapping_add(1));
}

fn database_error(error: HubError) -> DbError {
    match error {
        HubError::Database(error) => error,
        error => DbError::Other(error.to_string()),
    }
}

fn again<T>(mut attempt: impl FnMut() -> Result<T, HubError>) -> Result<T, HubError> {
    let begun = Instant::now();
    let mut tries = 0;
    loop {
        match attempt() {
            Err(HubError::Database(DbError::Retry)) if begun.elapsed() < RETRY_FOR => {
                thread::sleep(pause(tries));
                tries += 1;
            }
            result => return result,
        }
    }
}

/// Between tries: up to 1, 2, 4, … 128 ms, at random so that those in each other's way part.
fn pause(tries: u32) -> Duration {
    let most_us = 1000 << tries.min(7);
    // Without randomness from the system they still wait, only less apart.
    let random = getrandom::u32().unwrap_or(u32::MAX);
    Duration::from_micros(u64::from(random % most_us) + 100)
}
