//! The hub's database on PostgreSQL 15 or newer, and what speaks its protocol.
//!
//! A commit counts when PostgreSQL says so and warns of nothing: a wait for a standby that was
//! cancelled ends in success with a warning (`SyncRepWaitForLSN` in PostgreSQL's syncrep.c), and then
//! the commit is on one node only.

use std::future::{Future, poll_fn};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use deadpool::Runtime as PoolRuntime;
use deadpool::managed::{Object, Pool, PoolError};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_postgres::config::Config;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Statement};

use super::pool::{Connection, Hosts, Manager, failure, wait};
use super::{Cell, DbHealth, Engine, Row, Standby, Transaction, Value, schema, tick};
use crate::sync::hub::error::{DbError, HubError};
use crate::sync::record::{Origin, Series};

/// Connections at the most, for each process.
const CONNECTIONS: usize = 16;
/// How long a request waits until one of them is free.
const FREE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may take to be made, over all hosts.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A server that has not answered a statement by then is taken for dead. A commit that waits for a
/// standby does not answer either.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// The same for what only reads: a report over years, a backup.
const READ_TIMEOUT: Duration = Duration::from_secs(300);
/// Statements sent before an answer is waited for.
const SENT_AT_ONCE: usize = 200;
/// A record of the log that holds nothing, and its length.
const FILLER: &str = "SELECT pg_logical_emit_message(false, 'olvido', repeat('-', 1048576))";
const FILLER_BYTES: u64 = 1 << 20;
/// Between tries to listen again.
const LISTEN_PAUSE: Duration = Duration::from_millis(500);

/// An open database.
pub(super) struct Postgres {
    /// Of the pool, and of what listens. Always there until the end.
    runtime: Option<Runtime>,
    hosts: Arc<Hosts>,
    pool: Pool<Manager>,
    changed: watch::Sender<u64>,
    listens: OnceLock<()>,
}

/// A transaction's connection.
pub(super) struct Work<'a> {
    postgres: &'a Postgres,
    connection: &'a mut Connection,
    /// Sent together with the first statement.
    begin: Option<&'static str>,
    /// Nothing was sent yet.
    is_first: bool,
    answer_timeout: Duration,
}

impl Postgres {
    /// Connects once, so that what is wrong is said at once.
    pub(super) fn open(config: &Config) -> Result<Postgres, DbError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("postgres")
            .enable_all()
            .build()
            .map_err(|error| DbError::Other(error.to_string()))?;
        let hosts = Arc::new(Hosts::of(config));
        let pool = Pool::builder(Manager(Arc::clone(&hosts)))
            .max_size(CONNECTIONS)
            .wait_timeout(Some(FREE_TIMEOUT))
            .create_timeout(Some(CONNECT_TIMEOUT))
            .runtime(PoolRuntime::Tokio1)
            .build()
            .map_err(|error| DbError::Other(error.to_string()))?;
        let postgres = Postgres {
            runtime: Some(runtime),
            hosts,
            pool,
            changed: watch::Sender::new(0),
            listens: OnceLock::new(),
        };
        drop(postgres.connection()?);
        Ok(postgres)
    }

    pub(super) fn write<T>(
        &self,
        work: &mut impl FnMut(&mut Transaction<'_>) -> Result<T, HubError>,
    ) -> Result<T, HubError> {
        self.run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", WRITE_TIMEOUT, work)
    }

    pub(super) fn read<T>(
        &self,
        work: &mut impl FnMut(&mut Transaction<'_>) -> Result<T, HubError>,
    ) -> Result<T, HubError> {
        self.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", READ_TIMEOUT, work)
    }

    /// One statement, which is a transaction by itself.
    pub(super) fn query(&self, sql: &'static str, args: &[Value<'_>]) -> Result<Vec<Row>, DbError> {
        let mut connection = self.connection()?;
        let connection = &mut connection;
        let answer_timeout = READ_TIMEOUT;
        Work { postgres: self, connection, begin: None, is_first: true, answer_timeout }.query(sql, args)
    }

    fn run<T>(
        &self,
        begin: &'static str,
        answer_timeout: Duration,
        work: &mut impl FnMut(&mut Transaction<'_>) -> Result<T, HubError>,
    ) -> Result<T, HubError> {
        let mut connection = self.connection()?;
        let begun = Work {
            postgres: self,
            connection: &mut connection,
            begin: Some(begin),
            is_first: true,
            answer_timeout,
        };
        let mut transaction = Transaction::new(super::Work::Postgres(begun));
        let result = work(&mut transaction);
        let result = result.and_then(|value| Ok(transaction.require_sound().map(|()| value)?));
        match result {
            Ok(value) => Ok(self.commit(&mut connection).map(|()| value)?),
            Err(error) => {
                self.roll_back(&mut connection);
                Err(error)
            }
        }
    }

    /// Errors: `NotReplicated` where the server warned of anything.
    fn commit(&self, connection: &mut Connection) -> Result<(), DbError> {
        if !connection.open {
            return Ok(());
        }
        connection.take_warnings();
        let answer = async { connection.client.batch_execute("COMMIT").await.map_err(failure) };
        let result = connection.wait(WRITE_TIMEOUT, answer);
        match result {
            Err(DbError::Unreachable(_)) => self.abandon(connection),
            _ => connection.open = false,
        }
        let warnings = connection.take_warnings();
        if !warnings.is_empty() {
            log::warn!("hub: the database warned at a commit: {}", warnings.join("; "));
            return Err(DbError::NotReplicated);
        }
        result
    }

    fn roll_back(&self, connection: &mut Connection) {
        if !connection.open || connection.broken {
            return;
        }
        let answer = async { connection.client.batch_execute("ROLLBACK").await.map_err(failure) };
        match connection.wait(FREE_TIMEOUT, answer) {
            Ok(()) => connection.open = false,
            Err(_) => self.abandon(connection),
        }
    }

    /// Uses a connection no more, nor those that wait for the next request: what is true of one is true
    /// of all.
    fn abandon(&self, connection: &mut Connection) {
        connection.broken = true;
        self.pool.retain(|_, _| false);
    }

    pub(super) fn health(&self) -> Result<DbHealth, DbError> {
        let settings = "SELECT current_setting('synchronous_commit', true),
             current_setting('synchronous_standby_names', true)";
        let standbys = "SELECT coalesce(application_name, ''), state, sync_state
             FROM pg_stat_replication ORDER BY 1, pid";
        let rows = self.read(&mut |transaction: &mut Transaction<'_>| {
            Ok((transaction.query_one(settings, &[])?, transaction.query(standbys, &[])?))
        });
        let (settings, standbys) = rows.map_err(super::database_error)?;
        let setting = |column| settings.as_ref().and_then(|row| row.opt_text(column).ok().flatten());
        let standby = |row: &Row| {
            Ok(Standby {
                application_name: row.text(0)?.to_owned(),
                state: row.opt_text(1)?.map(str::to_owned),
                sync_state: row.opt_text(2)?.map(str::to_owned),
            })
        };
        Ok(DbHealth {
            engine: Engine::Postgres,
            synchronous_commit: setting(0).map(str::to_owned),
            synchronous_standby_names: setting(1).map(str::to_owned),
            standbys: standbys.iter().map(standby).collect::<Result<_, DbError>>()?,
        })
    }

    pub(super) fn scrub_keys(&self) -> Result<bool, DbError> {
        let mut connection = self.connection()?;
        match self.batch(&mut connection, "VACUUM FULL hub_key") {
            Err(DbError::Retry) => return Ok(false),
            done => done?,
        }
        // Or the segment in which a key was written could be the one that the checkpoint is in: that stays, and is
        // given a new name only behind the filling, with the key in it.
        self.fill_log(
            &mut connection,
            "SELECT CAST(setting AS BIGINT) FROM pg_settings WHERE name = 'wal_segment_size'",
        )?;
        // From here on no crash needs the old log: its segments are given new names, and used again.
        self.batch(&mut connection, "CHECKPOINT")?;
        self.fill_log(&mut connection, "SELECT CAST(sum(size) AS BIGINT) FROM pg_ls_waldir()")?;
        self.batch(&mut connection, "CHECKPOINT")?;
        Ok(true)
    }

    /// Writes more into the log than this query says, in bytes.
    fn fill_log(&self, connection: &mut Connection, bytes: &'static str) -> Result<(), DbError> {
        let bytes =
            self.read(&mut |transaction: &mut Transaction<'_>| Ok(transaction.query_one(bytes, &[])?));
        let bytes = bytes.map_err(super::database_error)?.map(|row| row.uint(0)).transpose()?.unwrap_or(0);
        for _ in 0..=bytes / FILLER_BYTES {
            self.batch(connection, FILLER)?;
        }
        Ok(())
    }

    /// A statement outside of a transaction.
    fn batch(&self, connection: &mut Connection, sql: &str) -> Result<(), DbError> {
        let answer = async { connection.client.batch_execute(sql).await.map_err(failure) };
        let result = connection.wait(READ_TIMEOUT, answer);
        if matches!(result, Err(DbError::Unreachable(_))) {
            self.abandon(connection);
        }
        result
    }

    pub(super) fn watcher(&self) -> watch::Receiver<u64> {
        self.listens.get_or_init(|| {
            self.runtime().spawn(listen(Arc::clone(&self.hosts), self.changed.clone()));
        });
        self.changed.subscribe()
    }

    fn connection(&self) -> Result<Object<Manager>, DbError> {
        self.runtime().block_on(self.pool.get()).map_err(|error| match error {
            PoolError::Backend(error) => error,
            error => DbError::Unreachable(error.to_string()),
        })
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("taken only when this is dropped")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.pool.close();
        // A runtime must not be waited for where async code drops this.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

type Param<'a> = Box<dyn ToSql + Sync + 'a>;

impl Work<'_> {
    pub(super) fn query(&mut self, sql: &'static str, args: &[Value<'_>]) -> Result<Vec<Row>, DbError> {
        let rows = self.send(
            sql,
            |types| params(types, args),
            async |client, statement, params| client.query(statement, params).await,
        )?;
        rows.iter().map(row).collect()
    }

    pub(super) fn execute(&mut self, sql: &'static str, args: &[Value<'_>]) -> Result<u64, DbError> {
        self.send(
            sql,
            |types| params(types, args),
            async |client, statement, params| client.execute(statement, params).await,
        )
    }

    pub(super) fn query_each(
        &mut self,
        sql: &'static str,
        args: &[Vec<Value<'_>>],
    ) -> Result<Vec<Vec<Row>>, DbError> {
        let (mut found, mut rest) = (Vec::with_capacity(args.len()), args);
        if self.begin.is_some()
            && let Some((first, others)) = args.split_first()
        {
            found.push(self.query(sql, first)?);
            rest = others;
        }
        for some in rest.chunks(SENT_AT_ONCE) {
            let connection = &mut *self.connection;
            let runtime = connection.runtime();
            let answers = wait(&runtime, self.answer_timeout, async {
                let statement = connection.statement(sql).await?;
                let (client, statement) = (&connection.client, &statement);
                let params = some.iter().map(|args| params(statement.params(), args));
                let params = params.collect::<Result<Vec<_>, _>>()?;
                let answers = params.iter().map(async |params| {
                    let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| &**param).collect();
                    client.query(statement, &params).await.map_err(failure)
                });
                // The first that fails says why; those behind it only that it has.
                all(answers.collect()).await.into_iter().collect::<Result<Vec<_>, _>>()
            });
            if matches!(answers, Err(DbError::Unreachable(_))) {
                self.postgres.abandon(self.connection);
            }
            for rows in answers? {
                found.push(rows.iter().map(row).collect::<Result<_, _>>()?);
            }
        }
        Ok(found)
    }

    /// A statement that is sent once, such as one that makes a table. Not the first of a transaction.
    pub(super) fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        let answer = async { self.connection.client.batch_execute(sql).await.map_err(failure) };
        self.connection.wait(self.answer_timeout, answer)
    }

    pub(super) fn insert_records(
        &mut self,
        store: &str,
        origin: Origin,
        series: Series,
        records: &[(u64, Option<&str>, Option<&str>)],
    ) -> Result<(), DbError> {
        let sql = "INSERT INTO record (store, device, epoch, series, idx, body, flag)
             SELECT $1::TEXT, $2::BYTEA, $3::BIGINT, $4::TEXT, new.idx, new.body, new.flag
             FROM unnest($5::BIGINT[], $6::TEXT[], $7::TEXT[]) AS new (idx, body, flag)";
        let too_large = |_| DbError::Other("an index is too large".into());
        let indices = records.iter().map(|(index, ..)| i64::try_from(*index).map_err(too_large));
        let indices: Vec<i64> = indices.collect::<Result<_, _>>()?;
        let bodies: Vec<Option<&str>> = records.iter().map(|(_, body, _)| *body).collect();
        let flags: Vec<Option<&str>> = records.iter().map(|(.., flag)| *flag).collect();
        let params: Vec<Param<'_>> = vec![
            Box::new(store),
            Box::new(&origin.device[..]),
            Box::new(i64::from(origin.epoch)),
            Box::new(series.name()),
            Box::new(indices),
            Box::new(bodies),
            Box::new(flags),
        ];
        self.send(
            sql,
            |_| Ok(params),
            async |client, statement, params| client.execute(statement, params).await,
        )?;
        Ok(())
    }

    pub(super) fn notify_feed(&mut self, store: &str) -> Result<(), DbError> {
        self.execute("SELECT pg_notify('olvido_feed', $1)", &[Value::Text(store)])?;
        Ok(())
    }

    /// 0 for a database without the hub's tables. No other process changes it until this transaction
    /// ends.
    pub(super) fn schema_version(&mut self) -> Result<i64, DbError> {
        // "olvido" as a number.
        self.execute("SELECT pg_advisory_xact_lock(122537582257263)", &[])?;
        let there = self.query("SELECT to_regclass('hub') IS NOT NULL", &[])?;
        if !matches!(there.first().map(|row| row.int(0)), Some(Ok(1))) {
            return Ok(0);
        }
        let row = self.query(schema::SELECT_VERSION, &[])?;
        schema::read_version(row.first())
    }

    /// Sends a statement, and before the first one what begins the transaction, without waiting for
    /// the answer to that.
    fn send<'p, T>(
        &mut self,
        sql: &'static str,
        params: impl FnOnce(&[Type]) -> Result<Vec<Param<'p>>, DbError>,
        run: impl AsyncFnOnce(&Client, &Statement, &[&(dyn ToSql + Sync)]) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, DbError> {
        let begin = self.begin;
        let may_be_stale = std::mem::take(&mut self.is_first) && !self.connection.fresh;
        let connection = &mut *self.connection;
        let runtime = connection.runtime();
        let result = wait(&runtime, self.answer_timeout, async {
            let statement = connection.statement(sql).await?;
            let params = params(statement.params())?;
            let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| &**param).collect();
            let client = &connection.client;
            let answer = run(client, &statement, &params);
            let Some(begin) = begin else {
                return answer.await.map_err(failure);
            };
            connection.open = true;
            let (begun, answer) = tokio::join!(biased; client.batch_execute(begin), answer);
            begun.and(answer).map_err(failure)
        });
        if self.connection.open {
            self.begin = None;
        }
        self.connection.fresh = false;
        match result {
            Err(DbError::Unreachable(what)) => {
                self.postgres.abandon(self.connection);
                // It may have broken long ago, while it lay in the pool: nothing is lost yet.
                Err(if may_be_stale { DbError::Retry } else { DbError::Unreachable(what) })
            }
            result => result,
        }
    }
}

/// What all of these come to, each begun before any is waited for.
async fn all<T>(answers: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = answers.into_iter().map(|answer| (Some(Box::pin(answer)), None)).collect();
    poll_fn(|context| {
        let mut is_over = true;
        for (answer, result) in &mut waiting {
            match answer.as_mut().map(|answer| answer.as_mut().poll(context)) {
                Some(Poll::Ready(value)) => (*answer, *result) = (None, Some(value)),
                Some(Poll::Pending) => is_over = false,
                None => {}
            }
        }
        if is_over { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    waiting.into_iter().filter_map(|(_, result)| result).collect()
}

/// Values as the types that the statement wants.
fn params<'a>(types: &[Type], args: &'a [Value<'_>]) -> Result<Vec<Param<'a>>, DbError> {
    if types.len() != args.len() {
        return Err(DbError::Other(format!("{} values for a statement of {}", args.len(), types.len())));
    }
    types.iter().zip(args).map(|(wanted, value)| param(wanted, value)).collect()
}

fn param<'a>(wanted: &Type, value: &'a Value<'_>) -> Result<Param<'a>, DbError> {
    let no_fit = || DbError::Other(format!("a value that is no {wanted}"));
    Ok(match (*value, wanted) {
        (Value::Int(value), &Type::INT8) => Box::new(value),
        (Value::Int(value), &Type::INT4) => Box::new(i32::try_from(value).map_err(|_| no_fit())?),
        (Value::Text(value), &Type::TEXT) => Box::new(value),
        (Value::Bytes(value), &Type::BYTEA) => Box::new(value),
        (Value::Null, &Type::INT8) => Box::new(None::<i64>),
        (Value::Null, &Type::INT4) => Box::new(None::<i32>),
        (Value::Null, &Type::TEXT) => Box::new(None::<&str>),
        (Value::Null, &Type::BYTEA) => Box::new(None::<&[u8]>),
        _ => return Err(no_fit()),
    })
}

fn row(row: &tokio_postgres::Row) -> Result<Row, DbError> {
    (0..row.len()).map(|column| cell(row, column)).collect::<Result<_, _>>().map(Row)
}

fn cell(row: &tokio_postgres::Row, column: usize) -> Result<Cell, DbError> {
    let cell = match *row.columns()[column].type_() {
        Type::INT8 => row.try_get::<_, Option<i64>>(column).map(|value| value.map(Cell::Int)),
        Type::INT4 => row.try_get::<_, Option<i32>>(column).map(|v| v.map(|v| Cell::Int(v.into()))),
        Type::BOOL => row.try_get::<_, Option<bool>>(column).map(|v| v.map(|v| Cell::Int(v.into()))),
        Type::TEXT | Type::VARCHAR | Type::NAME => {
            row.try_get::<_, Option<String>>(column).map(|value| value.map(Cell::Text))
        }
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(column).map(|value| value.map(Cell::Bytes)),
        ref other => {
            return Err(DbError::Other(format!("a column is {other}: it must be cast to BIGINT or TEXT")));
        }
    };
    Ok(cell.map_err(failure)?.unwrap_or(Cell::Null))
}

/// Ticks whenever a hub has added to a feed. After every new connection too: what happened in between
/// was not heard.
async fn listen(hosts: Arc<Hosts>, changed: watch::Sender<u64>) {
    loop {
        let heard = changed.clone();
        let connected = hosts.connect(move |message| {
            if let AsyncMessage::Notification(_) = message {
                tick(&heard);
            }
        });
        if let Ok((client, driver)) = connected.await {
            if client.batch_execute("LISTEN olvido_feed").await.is_ok() {
                tick(&changed);
                // Ends when the connection breaks.
                let _ = driver.await;
            }
            drop(client);
        }
        sleep(LISTEN_PAUSE).await;
    }
}
