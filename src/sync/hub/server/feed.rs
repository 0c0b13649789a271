//! `GET /v1/feed`: at once where there is something, else when there is.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Query;
use axum::http::{Response, Uri};
use chrono::Utc;
use serde::Deserialize;
use tokio::time::Instant;

use super::answer::{Session, Shared, stopped};
use super::body;
use super::refusal::Refusal;
use crate::sync::wire::{FEED_CHANGES_MAX, FeedPage, WAIT_SECONDS_MAX};

/// Changes on a page where nothing is asked for.
const USUAL_LIMIT: u64 = 200;

#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Asked {
    after: u64,
    limit: Option<u64>,
    /// Seconds.
    #[serde(default)]
    wait: u64,
}

impl Asked {
    /// Reads the query. More than the hub gives at once is as much as it gives.
    pub fn of(uri: &Uri) -> Result<Asked, Refusal> {
        let Query(asked) = Query::<Asked>::try_from_uri(uri).map_err(|_| Refusal::invalid("query"))?;
        if asked.limit == Some(0) || i64::try_from(asked.after).is_err() {
            return Err(Refusal::invalid("query"));
        }
        Ok(asked)
    }

    fn limit(&self) -> usize {
        usize::try_from(self.limit.unwrap_or(USUAL_LIMIT))
            .map_or(FEED_CHANGES_MAX, |n| n.min(FEED_CHANGES_MAX))
    }
}

/// Counts a wait while it lasts, however it ends.
struct Waiting<'a>(&'a Shared);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.metrics.waiting.fetch_sub(1, Relaxed);
    }
}

/// Waits without a thread: the page is read again when the database says that a feed has changed.
pub async fn answer(
    shared: &Arc<Shared>,
    session: Session,
    asked: Asked,
    zstd: bool,
) -> Result<Response<Body>, Refusal> {
    let end = Instant::now() + Duration::from_secs(asked.wait.min(WAIT_SECONDS_MAX));
    let mut changes = shared.hub.database().watcher();
    let mut stop = shared.stop.clone();
    shared.metrics.waiting.fetch_add(1, Relaxed);
    let waiting = Waiting(shared);
    let mut first = true;
    loop {
        // Before the page is read: what comes meanwhile is seen in the next round.
        changes.mark_unchanged();
        let page = page(shared, &session, asked, first).await?;
        first = false;
        if !page.changes.is_empty() || Instant::now() >= end || *stop.borrow() {
            drop(waiting);
            return shared.in_turn(move |_| Ok(body::answer(&page, zstd))).await;
        }
        tokio::select! {
            changed = changes.changed() => if changed.is_err() {
                // Nobody watches any more; the time still ends the wait.
                tokio::time::sleep_until(end).await;
            },
            _ = tokio::time::sleep_until(end) => {}
            () = stopped(&mut stop) => {}
        }
    }
}

async fn page(
    shared: &Arc<Shared>,
    session: &Session,
    asked: Asked,
    first: bool,
) -> Result<FeedPage, Refusal> {
    let (caller, token) = (session.caller.clone(), session.token.clone());
    shared
        .in_turn(move |shared| {
            if !first {
                // The device may have been revoked while it waited.
                shared.hub.caller(&token, Utc::now()).map_err(|error| shared.refusal(error))?;
            }
            shared
                .hub
                .feed(&caller, asked.after, asked.limit(), Utc::now())
                .map_err(|error| shared.refusal(error))
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_is_read() {
        let asked = |query: &str| Asked::of(&format!("/v1/feed{query}").parse().unwrap());
        let one = asked("?after=7&wait=50&unknown=1").unwrap();
        assert_eq!((one.after, one.limit(), one.wait), (7, USUAL_LIMIT as usize, 50));
        assert_eq!(asked("?after=0&limit=18446744073709551615").unwrap().limit(), FEED_CHANGES_MAX);
        for wrong in [
            "",
            "?after=",
            "?after=-1",
            "?after=9223372036854775808",
            "?after=1&limit=0",
            "?after=1&after=2",
            "?after=1&wait=x",
            "?after=99999999999999999999999999",
        ] {
            assert_eq!(asked(wrong).unwrap_err(), Refusal::invalid("query"), "{wrong}");
        }
    }
}
