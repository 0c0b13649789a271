//! The feed: what the tills of a store need to know, in the order in which it was committed. A row's
//! number is taken from the store's row, under its lock, in the transaction that writes it: so a lower
//! number never appears after a higher one, and a cursor passes over nothing.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;

use super::caller::Caller;
use super::db::{Transaction, Value};
use super::error::HubError;
use super::{Hub, damaged, int};
use crate::sync::wire::{Change, FEED_CHANGES_MAX, FeedKind, FeedPage};

/// Bytes of the bodies of one page; a single longer body has a page of its own.
const PAGE_BYTES_MAX: usize = 1 << 20;
/// `seen_at` is written no more often.
const SEEN_SECONDS: i64 = 60;

impl Hub {
    /// What comes after `after`, `limit` changes at the most. By asking the till says that it has carried
    /// out everything up to there: that is noted before the answer. A cursor beyond the feed's end is of
    /// another time, before a restore: the feed is answered from its start.
    ///
    /// Errors: `Database`.
    pub fn feed(
        &self,
        caller: &Caller,
        after: u64,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<FeedPage, HubError> {
        let limit = limit.clamp(1, FEED_CHANGES_MAX);
        let (page, must_note) = self.database.read(|tx| {
            let [store, device, epoch] = caller.args();
            let row = tx.query_one(
                "SELECT s.feed_head, d.cursor, d.seen_at FROM store s JOIN device d ON d.store = s.store
                 WHERE s.store = $1 AND d.store = $1 AND d.device = $2 AND d.epoch = $3",
                &[store, device, epoch],
            )?;
            let row = row.ok_or(HubError::Unauthorized)?;
            let (head, cursor, seen_at) = (row.uint(0)?, row.uint(1)?, row.opt_int(2)?);
            let after = if after > head { 0 } else { after };
            let is_seen = seen_at.is_some_and(|at| (0..SEEN_SECONDS).contains(&(now.timestamp() - at)));
            let rows = tx.query(
                "SELECT seq, kind, body FROM feed WHERE store = $1 AND seq > $2 ORDER BY seq LIMIT $3",
                &[store, int(after), int(limit as u64 + 1)],
            )?;
            let mut page = FeedPage { changes: Vec::new(), next: after, more: false };
            let mut bytes = 0;
            for row in &rows {
                let body = row.text(2)?;
                bytes += body.len();
                if page.changes.len() == limit || (bytes > PAGE_BYTES_MAX && !page.changes.is_empty()) {
                    page.more = true;
                    break;
                }
                let body = RawValue::from_string(body.to_owned()).map_err(|_| damaged("feed.body"))?;
                page.next = row.uint(0)?;
                page.changes.push(Change { seq: page.next, kind: row.text(1)?.to_owned(), body });
            }
            if !page.more {
                // Rows that were replaced leave numbers behind: the cursor passes over them too.
                page.next = head;
            }
            Ok((page, (after > cursor || !is_seen).then_some(after)))
        })?;
        if let Some(after) = must_note {
            self.database.write(|tx| {
                let [store, device, epoch] = caller.args();
                tx.execute(
                    "UPDATE device SET seen_at = $4, cursor = CASE WHEN cursor < $5 THEN $5 ELSE cursor END
                     WHERE store = $1 AND device = $2 AND epoch = $3",
                    &[store, device, epoch, Value::Int(now.timestamp()), int(after)],
                )?;
                Ok(())
            })?;
        }
        Ok(page)
    }
}

/// Puts a change into the feed, in the place of an older one about the same thing, and returns its
/// number. Takes the store's lock.
pub(super) fn put(
    tx: &mut Transaction<'_>,
    store: &str,
    kind: FeedKind,
    key: &str,
    body: &str,
) -> Result<u64, HubError> {
    let row = tx.query_one(
        "UPDATE store SET feed_head = feed_head + 1 WHERE store = $1 RETURNING feed_head",
        &[Value::Text(store)],
    )?;
    let seq = row.ok_or_else(|| damaged("no such store"))?.uint(0)?;
    put_at(tx, store, seq, kind, key, body)?;
    Ok(seq)
}

/// The same at a number that was taken already.
pub(super) fn put_at(
    tx: &mut Transaction<'_>,
    store: &str,
    seq: u64,
    kind: FeedKind,
    key: &str,
    body: &str,
) -> Result<(), HubError> {
    tx.execute(
        "INSERT INTO feed (store, seq, kind, key, body) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (store, kind, key) DO UPDATE SET seq = excluded.seq, body = excluded.body",
        &[Value::Text(store), int(seq), Value::Text(kind.name()), Value::Text(key), Value::Text(body)],
    )?;
    Ok(())
}

/// The body of a change.
pub(super) fn json(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("a change is JSON")
}
