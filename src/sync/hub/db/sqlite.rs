//! The hub's database as one SQLite file: one connection writes, a few read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement, TransactionBehavior};
use tokio::sync::watch;

use super::{Cell, DbHealth, Engine, Row, Transaction, Value, schema, tick};
use crate::seal::private_file;
use crate::store::distrust_schema;
use crate::sync::hub::error::{DbError, HubError};
use crate::sync::record::{Origin, Series};

/// How long a statement waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// Connections that read at the same time.
const READERS: usize = 3;
/// How often somebody looks for what another process has added to the feed.
const POLL: Duration = Duration::from_millis(250);

/// As at the till: each commit durable, deleted cells zeroed, no temporary file that could hold a row.
/// Pages of 8 KiB take twice the rows a second that those of 4 take, and the log is copied back at
/// 32 MiB: what a run of records adds is small beside it.
pub const PRAGMAS: &str = "PRAGMA page_size = 8192;
     PRAGMA journal_mode = WAL;
     PRAGMA synchronous = FULL;
     PRAGMA foreign_keys = ON;
     PRAGMA secure_delete = ON;
     PRAGMA temp_store = MEMORY;
     PRAGMA wal_autocheckpoint = 4000;";

/// An open file.
pub(super) struct Sqlite {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    reader_free: Condvar,
    changed: watch::Sender<u64>,
    poll: OnceLock<Poll>,
}

/// A transaction's connection.
pub(super) struct Work<'a>(&'a Connection);

/// A thread that looks for changes; it ends with this.
struct Poll {
    end: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Sqlite, DbError> {
        make_private(path).map_err(|error| DbError::Unreachable(format!("{}: {error}", path.display())))?;
        let writer = connect(path).map_err(failure)?;
        Ok(Sqlite {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            readers: Mutex::new(
                (0..READERS).map(|_| reader(path)).collect::<Result<_, _>>().map_err(failure)?,
            ),
            reader_free: Condvar::new(),
            changed: watch::Sender::new(0),
            poll: OnceLock::new(),
        })
    }

    pub(super) fn write<T>(
        &self,
        work: &mut impl FnMut(&mut Transaction<'_>) -> Result<T, HubError>,
    ) -> Result<T, HubError> {
        let mut writer = lock(&self.writer);
        let open = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
        let mut transaction = Transaction::new(super::Work::Sqlite(Work(&open)));
        let result = work(&mut transaction)?;
        transaction.require_sound()?;
        let feed_changed = transaction.feed_changed;
        open.commit().map_err(failure)?;
        if feed_changed {
            tick(&self.changed);
        }
        Ok(result)
    }

    pub(super) fn read<T>(
        &self,
        work: &mut impl FnMut(&mut Transaction<'_>) -> Result<T, HubError>,
    ) -> Result<T, HubError> {
        let mut reader = Reader { sqlite: self, connection: Some(self.take_reader()) };
        let connection = reader.connection.as_mut().expect("taken only when it is dropped");
        let open = connection.transaction().map_err(failure)?;
        let mut transaction = Transaction::new(super::Work::Sqlite(Work(&open)));
        let result = work(&mut transaction)?;
        transaction.require_sound()?;
        Ok(result)
    }

    pub(super) fn drop_traces(&self) -> Result<bool, DbError> {
        let busy: i64 = lock(&self.writer)
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(failure)?;
        Ok(busy == 0)
    }

    pub(super) fn compact(&self) -> Result<bool, DbError> {
        // In a statement of its own, or the lock would be held until the next has it, too.
        let compacted = lock(&self.writer).execute_batch("VACUUM").map_err(failure);
        match compacted {
            Err(DbError::Retry) => Ok(false),
            compacted => compacted.and_then(|()| self.drop_traces()),
        }
    }

    pub(super) fn health(&self) -> Result<DbHealth, DbError> {
        let reader = Reader { sqlite: self, connection: Some(self.take_reader()) };
        let connection = reader.connection.as_ref().expect("taken only when it is dropped");
        connection.query_row("SELECT count(*) FROM hub", [], |_| Ok(())).map_err(failure)?;
        Ok(DbHealth {
            engine: Engine::Sqlite,
            synchronous_commit: None,
            synchronous_standby_names: None,
            standbys: Vec::new(),
        })
    }

    pub(super) fn watcher(&self) -> watch::Receiver<u64> {
        self.poll.get_or_init(|| {
            let (end, ended) = mpsc::channel();
            let (path, changed) = (self.path.clone(), self.changed.clone());
            let look = move || watch_feed(&path, &changed, &ended);
            let thread = thread::Builder::new().name("feed".into()).spawn(look).ok();
            Poll { end: Some(end), thread }
        });
        self.changed.subscribe()
    }

    fn take_reader(&self) -> Connection {
        let mut readers = lock(&self.readers);
        loop {
            if let Some(connection) = readers.pop() {
                return connection;
            }
            readers = self.reader_free.wait(readers).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A connection on loan: goes back whatever happens.
struct Reader<'a> {
    sqlite: &'a Sqlite,
    connection: Option<Connection>,
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        lock(&self.sqlite.readers).extend(self.connection.take());
        self.sqlite.reader_free.notify_one();
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            // It does not panic; and if it did there would be nobody left to tell.
            let _ = thread.join();
        }
    }
}

impl Work<'_> {
    pub(super) fn query(&mut self, sql: &'static str, args: &[Value<'_>]) -> Result<Vec<Row>, DbError> {
        let mut statement = self.0.prepare_cached(sql).map_err(failure)?;
        bind(&mut statement, args)?;
        let columns = statement.column_count();
        let mut found = statement.raw_query();
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(failure)? {
            let cells = (0..columns).map(|column| cell(row.get_ref(column).map_err(failure)?));
            rows.push(Row(cells.collect::<Result<_, _>>()?));
        }
        Ok(rows)
    }

    pub(super) fn execute(&mut self, sql: &'static str, args: &[Value<'_>]) -> Result<u64, DbError> {
        let mut statement = self.0.prepare_cached(sql).map_err(failure)?;
        bind(&mut statement, args)?;
        Ok(statement.raw_execute().map_err(failure)? as u64)
    }

    pub(super) fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        self.0.execute_batch(sql).map_err(failure)
    }

    pub(super) fn insert_records(
        &mut self,
        store: &str,
        origin: Origin,
        series: Series,
        records: &[(u64, Option<&str>, Option<&str>)],
    ) -> Result<(), DbError> {
        let sql = "INSERT INTO record (store, device, epoch, series, idx, body, flag)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let mut statement = self.0.prepare_cached(sql).map_err(failure)?;
        // What all have in common stays bound from one to the next.
        statement.raw_bind_parameter(1, store).map_err(failure)?;
        statement.raw_bind_parameter(2, &origin.device[..]).map_err(failure)?;
        statement.raw_bind_parameter(3, origin.epoch).map_err(failure)?;
        statement.raw_bind_parameter(4, series.name()).map_err(failure)?;
        for (index, body, flag) in records {
            statement.raw_bind_parameter(5, index).map_err(failure)?;
            statement.raw_bind_parameter(6, body).map_err(failure)?;
            statement.raw_bind_parameter(7, flag).map_err(failure)?;
            statement.raw_execute().map_err(failure)?;
        }
        Ok(())
    }

    /// 0 for an empty database. Errors: `Damaged` for one that holds something else.
    pub(super) fn schema_version(&mut self) -> Result<i64, DbError> {
        let of_hub = "SELECT name = 'hub' FROM sqlite_schema WHERE type = 'table' ORDER BY 1 DESC LIMIT 1";
        let of_hub = self.query(of_hub, &[])?;
        match of_hub.first() {
            None => Ok(0),
            Some(row) if row.int(0)? == 1 => {
                let row = self.query(schema::SELECT_VERSION, &[])?;
                schema::read_version(row.first())
            }
            Some(_) => Err(DbError::Damaged("it holds something else than a hub's tables".into())),
        }
    }
}

/// SQLite takes `$1` for a name and numbers names as they come; so each is looked up.
fn bind(statement: &mut Statement<'_>, args: &[Value<'_>]) -> Result<(), DbError> {
    let count = statement.parameter_count();
    if count != args.len() {
        return Err(DbError::Other(format!("{} values for a statement of {count}", args.len())));
    }
    for place in 1..=count {
        let number =
            statement.parameter_name(place).and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
        let value = number.and_then(|number| args.get(number.checked_sub(1)?));
        let value = match value.ok_or_else(|| DbError::Other("a statement names no such value".into()))? {
            Value::Null => ValueRef::Null,
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Text(value) => ValueRef::Text(value.as_bytes()),
            Value::Bytes(value) => ValueRef::Blob(value),
        };
        statement.raw_bind_parameter(place, ToSqlOutput::Borrowed(value)).map_err(failure)?;
    }
    Ok(())
}

fn cell(value: ValueRef<'_>) -> Result<Cell, DbError> {
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Blob(value) => Cell::Bytes(value.to_owned()),
        ValueRef::Text(value) => Cell::Text(
            String::from_utf8(value.to_owned()).map_err(|_| DbError::Damaged("a text is no UTF-8".into()))?,
        ),
        ValueRef::Real(_) => return Err(DbError::Damaged("a number has a fraction".into())),
    })
}

/// Makes the file where it is missing, for its owner alone: SQLite would make it for all to read.
fn make_private(path: &Path) -> io::Result<()> {
    match private_file::create(path, &[]) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => private_file::require_own(path),
        made => made.map(drop),
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(128);
    distrust_schema(&connection)?;
    connection.execute_batch(PRAGMAS)?;
    Ok(connection)
}

fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Ticks when another process has added to a feed, until `ended`.
fn watch_feed(path: &Path, changed: &watch::Sender<u64>, ended: &mpsc::Receiver<()>) {
    let mut known = None;
    while let Err(error) = compare_heads(path, changed, ended, &mut known) {
        log::warn!("hub: cannot look for what other processes add to the feed: {error}");
        if ended.recv_timeout(POLL) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

fn compare_heads(
    path: &Path,
    changed: &watch::Sender<u64>,
    ended: &mpsc::Receiver<()>,
    known: &mut Option<i64>,
) -> rusqlite::Result<()> {
    let connection = reader(path)?;
    let mut known_version = None;
    while ended.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
        let version: i64 = connection.query_row("PRAGMA data_version", [], |row| row.get(0))?;
        if known_version.replace(version) == Some(version) {
            continue;
        }
        // Most of what changes is records: only a feed's head is news.
        let sql = "SELECT coalesce(sum(feed_head), 0) FROM store";
        let heads: i64 = connection.query_row(sql, [], |row| row.get(0))?;
        if known.replace(heads) != Some(heads) {
            tick(changed);
        }
    }
    Ok(())
}

/// What a panic left behind is sound: an open transaction was rolled back on the way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failure(error: rusqlite::Error) -> DbError {
    let what = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => DbError::Retry,
        Some(ErrorCode::DiskFull) => DbError::DiskFull,
        Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::PermissionDenied) => {
            DbError::Unreachable(what)
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => DbError::Damaged(what),
        _ => DbError::Other(what),
    }
}
