//! `GET /health` and `GET /metrics`: how the hub is, for whoever watches over it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde::Serialize;
use tokio::sync::Mutex;

use super::answer::Shared;
use super::body;
use super::metrics::Gauges;
use super::refusal::Refusal;
use crate::sync::hub::db::{DbHealth, Engine};
use crate::sync::hub::{Health, Pending};

/// The hub asks itself no more often, however many ask it.
const FRESH: Duration = Duration::from_secs(1);
/// A database that says nothing for so long does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether a record that the hub has acknowledged is on more than one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Replication {
    /// One file on one disk.
    None,
    /// A commit waits for another node.
    Synchronous,
    /// It does not.
    Asynchronous,
    /// It should, and no node is seen that could say so: none is there, or the hub's role lacks
    /// `pg_monitor`.
    Unconfirmed,
}

impl Replication {
    /// PostgreSQL waits where `synchronous_commit` is `on`, `remote_write` or `remote_apply` and
    /// `synchronous_standby_names` names somebody.
    pub fn of(health: &DbHealth) -> Replication {
        if health.engine == Engine::Sqlite {
            return Replication::None;
        }
        let waits = health.synchronous_commit.as_deref().is_some_and(|how| !["off", "local"].contains(&how));
        let named = health.synchronous_standby_names.as_deref().is_some_and(|names| !names.trim().is_empty());
        let confirms = |state: &Option<String>| matches!(state.as_deref(), Some("sync" | "quorum"));
        match (waits && named, health.standbys.iter().any(|standby| confirms(&standby.sync_state))) {
            (false, _) => Replication::Asynchronous,
            (true, true) => Replication::Synchronous,
            (true, false) => Replication::Unconfirmed,
        }
    }
}

/// The last [`Report`], and when it was made.
#[derive(Default)]
pub struct HealthCache(Mutex<Option<(Instant, Report)>>);

/// What `/health` says.
#[derive(Clone, Copy, Debug, Serialize)]
struct Report {
    status: Status,
    /// The program's version.
    version: &'static str,
    database: Database,
    /// What is left of forgets at the hub: `erasing`: keys to destroy; `traces`: bytes whose keys are gone,
    /// in the database's log.
    pending: Option<&'static str>,
    /// Restored from a backup, and not sure yet that every tombstone is back.
    recovering: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    /// It serves, and somebody should look.
    Degraded,
    /// It cannot serve.
    Down,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Database {
    reachable: bool,
    /// `sqlite` or `postgres`; none where it is not reachable.
    engine: Option<&'static str>,
    replication: Option<Replication>,
}

impl Report {
    fn of(health: &Health) -> Report {
        let replication = Replication::of(&health.database);
        let engine = match health.database.engine {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        };
        let sound = matches!(replication, Replication::None | Replication::Synchronous);
        let ok = sound && health.pending.is_none() && !health.recovering;
        Report {
            status: if ok { Status::Ok } else { Status::Degraded },
            version: env!("CARGO_PKG_VERSION"),
            database: Database { reachable: true, engine: Some(engine), replication: Some(replication) },
            pending: health.pending.map(|pending| match pending {
                Pending::Erasing => "erasing",
                Pending::Traces => "traces",
            }),
            recovering: health.recovering,
        }
    }

    fn down() -> Report {
        Report {
            status: Status::Down,
            version: env!("CARGO_PKG_VERSION"),
            database: Database { reachable: false, engine: None, replication: None },
            pending: None,
            recovering: false,
        }
    }
}

/// 200 where the hub can serve, even if somebody should look; 503 where it cannot.
pub async fn health(shared: &Arc<Shared>, zstd: bool) -> Response<Body> {
    let report = report(shared).await;
    if report.status == Status::Down {
        let plain = serde_json::to_vec(&report).expect("a report is JSON");
        return body::text(StatusCode::SERVICE_UNAVAILABLE, "application/json", plain, zstd);
    }
    body::answer(&report, zstd)
}

pub async fn metrics(shared: &Arc<Shared>, zstd: bool) -> Response<Body> {
    let report = report(shared).await;
    let text = shared.metrics.text(Gauges {
        forgets_pending: report.pending.is_some(),
        database_up: report.database.reachable,
        recovering: report.recovering,
    });
    body::text(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text.into(), zstd)
}

async fn report(shared: &Arc<Shared>) -> Report {
    let mut last = shared.health.0.lock().await;
    if let Some((at, report)) = *last
        && at.elapsed() < FRESH
    {
        return report;
    }
    let asked = shared.in_turn(|shared| shared.hub.health().map_err(|error| shared.refusal(error)));
    let report = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(health)) => Report::of(&health),
        Ok(Err(Refusal { .. })) | Err(_) => Report::down(),
    };
    *last = Some((Instant::now(), report));
    report
}
