//! Connections to PostgreSQL: how they are made, set up, checked, and kept for the next.

use std::collections::HashMap;
use std::error::Error as _;
use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;
use tokio_postgres::config::{Config, Host, TargetSessionAttrs};
use tokio_postgres::error::{DbError as Said, Severity};
use tokio_postgres::{AsyncMessage, Client, NoTls, SimpleQueryMessage, Statement};

use super::DbError;

/// Until a host is connected and set up; then the next is tried.
const HOST_TIMEOUT: Duration = Duration::from_secs(3);

/// What every session is set to. Warnings must come, for one of them says that no standby has a
/// commit. A lock or a transaction left behind by a hub that is gone must not stay.
const SESSION: &str = "SET client_min_messages = warning;
     SET lock_timeout = '5s';
     SET idle_in_transaction_session_timeout = '60s';
     SET tcp_keepalives_idle = 5;
     SET tcp_keepalives_interval = 2;
     SET tcp_keepalives_count = 3;";

const SETTINGS: &str = "SELECT current_setting('server_version_num', true),
     current_setting('server_encoding', true),
     current_setting('synchronous_commit', true)";

/// The hosts of one database, each with the same user, name and limits.
pub(super) struct Hosts {
    each: Vec<Config>,
    /// The one that took writes last.
    leader: AtomicUsize,
}

/// What the pool makes connections with.
pub(super) struct Manager(pub(super) Arc<Hosts>);

/// A connection, for one transaction at a time.
pub(super) struct Connection {
    /// Of its own: whoever waits for an answer carries what is sent and what comes, and is not woken by
    /// another thread for each. Always there until the end.
    runtime: Option<Arc<Runtime>>,
    pub(super) client: Client,
    statements: HashMap<&'static str, Statement>,
    warnings: Arc<Mutex<Vec<String>>>,
    driver: JoinHandle<()>,
    /// A transaction is open, or may be.
    pub(super) open: bool,
    pub(super) broken: bool,
    /// Nothing was done on it yet.
    pub(super) fresh: bool,
}

impl Hosts {
    /// Of a configuration with one host or several.
    pub(super) fn of(config: &Config) -> Hosts {
        let count = config.get_hosts().len().max(config.get_hostaddrs().len());
        Hosts { each: (0..count).map(|i| one_host(config, i)).collect(), leader: AtomicUsize::new(0) }
    }

    /// Connects to the host that takes writes, the last known first. `heard` is given what the server
    /// says unasked. Errors: `Unreachable`; `Other` where a server is not set up as it must be.
    pub(super) async fn connect(
        &self,
        heard: impl FnMut(AsyncMessage) + Clone + Send + 'static,
    ) -> Result<(Client, JoinHandle<()>), DbError> {
        let first = self.leader.load(Ordering::Relaxed);
        let mut failures = Vec::new();
        let mut refused = None;
        for i in (first..self.each.len()).chain(0..first) {
            let connected = match timeout(HOST_TIMEOUT, connect(&self.each[i], heard.clone())).await {
                Ok(connected) => connected,
                Err(_) => Err(DbError::Unreachable("no answer".into())),
            };
            match connected {
                Ok(connected) => {
                    self.leader.store(i, Ordering::Relaxed);
                    return Ok(connected);
                }
                Err(DbError::Unreachable(what)) => failures.push(format!("{}: {what}", name(&self.each[i]))),
                // A standby may be behind, and not know the database or the role yet.
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(refused.unwrap_or_else(|| DbError::Unreachable(failures.join("; "))))
    }
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = DbError;

    async fn create(&self) -> Result<Connection, DbError> {
        let warnings = Arc::new(Mutex::new(Vec::new()));
        let (hosts, heard) = (Arc::clone(&self.0), Arc::clone(&warnings));
        let heard = move |message| {
            if let AsyncMessage::Notice(notice) = message
                && is_warning(&notice)
            {
                let mut warnings = heard.lock().unwrap_or_else(PoisonError::into_inner);
                warnings.push(notice.message().to_owned());
            }
        };
        let other = |error: &dyn std::error::Error| DbError::Other(error.to_string());
        let connect = spawn_blocking(move || {
            let runtime =
                Builder::new_current_thread().enable_all().build().map_err(|error| other(&error))?;
            let (client, driver) = runtime.block_on(hosts.connect(heard))?;
            Ok((Some(Arc::new(runtime)), client, driver))
        });
        let (runtime, client, driver) = connect.await.map_err(|error| other(&error))??;
        let statements = HashMap::new();
        Ok(Connection {
            runtime,
            client,
            statements,
            warnings,
            driver,
            open: false,
            broken: false,
            fresh: true,
        })
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<DbError> {
        match connection.open || connection.broken || connection.client.is_closed() {
            true => Err(RecycleError::message("broken")),
            false => Ok(()),
        }
    }
}

impl Connection {
    /// A statement, prepared once on each connection.
    pub(super) async fn statement(&mut self, sql: &'static str) -> Result<Statement, DbError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await.map_err(failure)?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    /// Waits for the server, but not for ever.
    pub(super) fn wait<T>(
        &self,
        most: Duration,
        answer: impl Future<Output = Result<T, DbError>>,
    ) -> Result<T, DbError> {
        wait(&self.runtime(), most, answer)
    }

    /// For [`wait`], where the answer needs all of the connection.
    pub(super) fn runtime(&self) -> Arc<Runtime> {
        Arc::clone(self.runtime.as_ref().expect("taken only when this is dropped"))
    }

    /// What the server has warned of since the last time.
    pub(super) fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Else it would wait for an answer that never comes, and hold the socket.
        if self.open || self.broken {
            self.driver.abort();
        }
        // A runtime must not be waited for where async code drops this.
        if let Some(runtime) = self.runtime.take().and_then(Arc::into_inner) {
            runtime.shutdown_background();
        }
    }
}

/// Waits for the server, but not for ever.
pub(super) fn wait<T>(
    runtime: &Runtime,
    most: Duration,
    answer: impl Future<Output = Result<T, DbError>>,
) -> Result<T, DbError> {
    runtime
        .block_on(async { timeout(most, answer).await })
        .unwrap_or_else(|_| Err(DbError::Unreachable(format!("no answer within {} s", most.as_secs()))))
}

/// The configuration for its host number `i` alone, with limits where it names none: a host that is
/// gone must be missed within seconds.
fn one_host(config: &Config, i: usize) -> Config {
    let mut one = Config::new();
    match config.get_hosts().get(i) {
        Some(Host::Tcp(name)) => drop(one.host(name)),
        Some(Host::Unix(path)) => drop(one.host_path(path)),
        None => {}
    }
    if let Some(address) = config.get_hostaddrs().get(i) {
        one.hostaddr(*address);
    }
    if let Some(port) = config.get_ports().get(i).or(config.get_ports().first()) {
        one.port(*port);
    }
    config.get_user().map(|user| one.user(user));
    config.get_password().map(|password| one.password(password));
    config.get_dbname().map(|name| one.dbname(name));
    config.get_options().map(|options| one.options(options));
    let default_idle = Config::new().get_keepalives_idle();
    let idle = Some(config.get_keepalives_idle()).filter(|idle| *idle != default_idle);
    one.application_name(config.get_application_name().unwrap_or("olvido hub"))
        .ssl_mode(config.get_ssl_mode())
        .channel_binding(config.get_channel_binding())
        .connect_timeout(config.get_connect_timeout().copied().unwrap_or(Duration::from_secs(2)))
        .tcp_user_timeout(config.get_tcp_user_timeout().copied().unwrap_or(Duration::from_secs(5)))
        .keepalives(config.get_keepalives())
        .keepalives_idle(idle.unwrap_or(Duration::from_secs(3)))
        .keepalives_interval(config.get_keepalives_interval().unwrap_or(Duration::from_secs(1)))
        .keepalives_retries(config.get_keepalives_retries().unwrap_or(3))
        .target_session_attrs(TargetSessionAttrs::ReadWrite);
    one
}

fn name(config: &Config) -> String {
    match (config.get_hosts(), config.get_hostaddrs()) {
        ([Host::Tcp(name), ..], _) => name.clone(),
        ([Host::Unix(path), ..], _) => path.display().to_string(),
        ([], addresses) => addresses.first().map(ToString::to_string).unwrap_or_default(),
    }
}

async fn connect(
    config: &Config,
    mut heard: impl FnMut(AsyncMessage) + Send + 'static,
) -> Result<(Client, JoinHandle<()>), DbError> {
    let (client, mut connection) = config.connect(NoTls).await.map_err(failure)?;
    let driver = tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            heard(message);
        }
    });
    client.batch_execute(SESSION).await.map_err(failure)?;
    let answer = client.simple_query(SETTINGS).await.map_err(failure)?;
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let setting = |column| row.and_then(|row| row.get(column));
    check_settings(setting(0), setting(1), setting(2))?;
    Ok((client, driver))
}

/// Refuses a server that acknowledges what a crash would lose, or that cannot hold what it is given.
fn check_settings(
    version: Option<&str>,
    encoding: Option<&str>,
    commit: Option<&str>,
) -> Result<(), DbError> {
    let refuse = |what: String| Err(DbError::Other(what));
    if version.and_then(|version| version.parse::<u32>().ok()).is_some_and(|version| version < 150_000) {
        return refuse("PostgreSQL 15 or newer is needed".into());
    }
    if encoding.is_some_and(|encoding| encoding != "UTF8") {
        return refuse("the database's encoding must be UTF8".into());
    }
    match commit {
        Some(commit @ ("off" | "local")) => refuse(format!(
            "synchronous_commit is {commit}: PostgreSQL would acknowledge what a crash loses; set it to on"
        )),
        _ => Ok(()),
    }
}

/// By the severity, which comes in English whatever the server's language. Its words are not looked at:
/// to set their language takes a superuser.
fn is_warning(notice: &Said) -> bool {
    !matches!(
        notice.parsed_severity(),
        Some(Severity::Notice | Severity::Debug | Severity::Info | Severity::Log)
    )
}

/// What an error of PostgreSQL's means, by its SQLSTATE (PostgreSQL's appendix A). Only its first line
/// is kept: the second may hold values.
pub(super) fn failure(error: tokio_postgres::Error) -> DbError {
    let Some(said) = error.as_db_error() else {
        let cause = error.source().map(ToString::to_string);
        let broken = error.is_closed() || error.source().is_some_and(|cause| cause.is::<io::Error>());
        let what = cause.unwrap_or_else(|| error.to_string());
        return if broken { DbError::Unreachable(what) } else { DbError::Other(what) };
    };
    let what = said.message().to_owned();
    match said.code().code() {
        // Serialization failure, deadlock, lock not available in time.
        "40001" | "40P01" | "55P03" => DbError::Retry,
        "53100" => DbError::DiskFull,
        // A table of that name is there.
        "42P07" => DbError::Damaged(format!("it holds something else: {what}")),
        // A standby, or a leader that has just become one.
        "25006" => DbError::Unreachable(what),
        // This side did nothing for too long inside of a transaction.
        "25P03" => DbError::Unreachable(what),
        // Too many connections, and other want of means; an error of its disk.
        code if code.starts_with("53") || code == "58030" => DbError::Unreachable(what),
        // Connection exceptions, shutting down, crashed, starting up.
        code if code.starts_with("08") || code.starts_with("57P") => DbError::Unreachable(what),
        // Data or index corrupted.
        "XX001" | "XX002" => DbError::Damaged(what),
        code => DbError::Other(format!("{what} (SQLSTATE {code})")),
    }
}
