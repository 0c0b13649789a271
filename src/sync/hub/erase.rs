//! Erasing at the hub. The order is what makes it hold through a crash at any point:
//!
//! 1. tombstone, row of the feed and list of the doomed, durable: from here on the answer is "erased";
//! 2. the id on the list that is never restored: no backup of the database brings it back;
//! 3. the key destroyed: nobody can open it any more, in no copy of the database;
//! 4. the sealed bytes overwritten and dropped;
//! 5. SQLite's log truncated.
//!
//! A page of SQLite can keep a copy of bytes that it moved before they were overwritten. Their key is
//! gone, so they open nothing; a day after an erasure the file is compacted, and they are gone, too.
//!
//! With the log goes what a killed backup or restore has left: keys can be in it.
//!
//! Whatever a crash or a reader leaves undone is finished at the next start or by [`Hub::tend`], and
//! the hub's own copy does not count as confirmed until then.

use std::collections::HashSet;
use std::sync::{MutexGuard, PoisonError};

use chrono::{DateTime, Duration, Utc};

use super::db::{Engine, Value};
use super::erased::Erased;
use super::error::HubError;
use super::forget::{UNTOLD, bury, entomb};
use super::keys::{Doomed, owner};
use super::purchase::is_buried;
use super::{Hub, damaged, lock_store, meta, set_meta, set_meta_once};
use crate::seal::SlotId;
use crate::store::DOUBTED_DAYS;
use crate::store::directory::{Leftovers, Side};

/// What a forget has left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// Keys to destroy and bytes to drop.
    Erasing,
    /// Somebody reads the database: its log still has the sealed bytes, whose keys are gone. Or a killed backup
    /// has left something that cannot be reached.
    Traces,
}

/// What was dropped from the database and is still in its log.
#[derive(Debug, Default)]
pub(super) struct Traces {
    pub left: HashSet<Erased>,
    /// After a start that could not truncate the log nobody knows of what.
    pub of_before: bool,
}

/// Of the hub itself: since when a compaction is due, in seconds since 1970; empty until [`Hub::tend`]
/// has seen it.
const COMPACTION: &str = "compaction";
const SECONDS_OF_A_DAY: i64 = 24 * 3600;

/// Of the hub itself: the last day that is certain, and when the clock raised it.
const TRUSTED_DAY: &str = "trusted-day";
const SECONDS_OF_AN_HOUR: u64 = 3600;

#[derive(Clone, Copy, PartialEq, Eq)]
struct TrustedDay {
    /// Days since 1970-01-01.
    day: i64,
    /// Seconds since then.
    raised: i64,
}

impl TrustedDay {
    fn bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.day.to_be_bytes());
        bytes[8..].copy_from_slice(&self.raised.to_be_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Option<TrustedDay> {
        let (day, raised) = bytes.split_at_checked(8)?;
        let number = |bytes: &[u8]| bytes.try_into().ok().map(i64::from_be_bytes);
        Some(TrustedDay { day: number(day)?, raised: number(raised)? })
    }
}

/// Rows dropped in one transaction.
const ERASED_AT_ONCE: usize = 1000;

impl Hub {
    /// Finishes erasures, erases purchases whose last day is over everywhere on Earth, and deletes codes
    /// that are over. Returns what is left to do. Called now and then; does nothing in a process beside
    /// the one that keeps the keys.
    pub fn tend(&self, now: DateTime<Utc>) -> Result<Option<Pending>, HubError> {
        if self.is_keeper() {
            self.expire(now)?;
            for store in self.stores()? {
                self.erase(&store)?;
            }
            self.drop_traces()?;
            self.compact(now)?;
            self.keys.scrub(now)?;
            self.drop_codes(now)?;
        }
        self.pending()
    }

    /// Writes SQLite's file anew once a day where something was erased: about a second for each 100 MB.
    fn compact(&self, now: DateTime<Utc>) -> Result<(), HubError> {
        if self.database.engine() != Engine::Sqlite {
            return Ok(());
        }
        let since = self.database.read(|tx| meta(tx, COMPACTION))?;
        let Some(since) = since else { return Ok(()) };
        let Ok(since) = <[u8; 8]>::try_from(since.as_slice()).map(i64::from_be_bytes) else {
            // Noted without a time by what erased.
            let seconds = now.timestamp().to_be_bytes();
            return self.database.write(|tx| set_meta(tx, COMPACTION, &seconds));
        };
        // A clock that was set back waits no longer than one that was not.
        if (now.timestamp().saturating_sub(since)).abs() < SECONDS_OF_A_DAY {
            return Ok(());
        }
        if self.database.compact()? {
            self.database.write(|tx| {
                tx.execute("DELETE FROM hub WHERE store = '' AND name = $1", &[Value::Text(COMPACTION)])?;
                Ok(())
            })?;
        }
        Ok(())
    }

    /// What is left to do.
    pub fn pending(&self) -> Result<Option<Pending>, HubError> {
        for store in self.stores()? {
            if !self.doomed(&store, 1)?.is_empty() {
                return Ok(Some(Pending::Erasing));
            }
        }
        let has_traces = {
            let traces = self.traces();
            traces.of_before || !traces.left.is_empty()
        };
        Ok((has_traces || self.keys.has_traces()?).then_some(Pending::Traces))
    }

    /// At a start: what the list names is erased, what a crash left undone is finished, the list made
    /// whole, keys without use destroyed, records that were not understood read again.
    pub(super) fn finish(&self, now: DateTime<Utc>) -> Result<(), HubError> {
        let listed = self.keys.listed()?;
        self.erase_listed(&listed.erased)?;
        self.expire(now)?;
        for store in self.stores()? {
            self.list_buried(&store, &listed.erased)?;
            self.erase(&store)?;
        }
        self.traces().of_before = true;
        self.drop_traces()?;
        self.reclaim_keys(now)?;
        self.read_again(now)
    }

    /// Erases the doomed of a store now, after their tombstones are durable. Whatever stands in the way
    /// is no reason to refuse the tombstone: the rest is done later.
    pub(super) fn erase_soon(&self, store: &str) {
        if let Err(error) = self.erase(store).and_then(|()| self.drop_traces()) {
            log::warn!("erasing is not finished: {error}");
        }
    }

    /// Steps 2 to 4 for everything doomed in a store.
    fn erase(&self, store: &str) -> Result<(), HubError> {
        loop {
            let doomed = self.doomed(store, ERASED_AT_ONCE)?;
            if doomed.is_empty() {
                return Ok(());
            }
            self.keys.erase(store, &doomed)?;
            self.drop_rows(store, &doomed)?;
            self.traces().left.extend(doomed.iter().map(|(id, _)| (store.to_owned(), *id)));
        }
    }

    /// Step 4. In SQLite bytes are overwritten before they are deleted: freed cells hold zeros, whatever
    /// becomes of them. PostgreSQL would only write another version of the row.
    fn drop_rows(&self, store: &str, doomed: &[Doomed]) -> Result<(), HubError> {
        let overwrites = self.database.engine() == Engine::Sqlite;
        self.database.write(|tx| {
            for (id, _) in doomed {
                let of_id = [Value::Text(store), Value::Bytes(id)];
                if overwrites {
                    let sql = "SELECT length(sealed) FROM purchase WHERE store = $1 AND id = $2";
                    let length = match tx.query_one(sql, &of_id)? {
                        Some(row) => row.opt_int(0)?.unwrap_or(0),
                        None => 0,
                    };
                    let zeros = vec![0; usize::try_from(length).map_err(|_| damaged("a length"))?];
                    tx.execute(
                        "UPDATE purchase SET sealed = $3, slot = 0, until = NULL WHERE store = $1 AND id = $2",
                        &[of_id[0], of_id[1], Value::Bytes(&zeros)],
                    )?;
                }
                tx.execute("DELETE FROM purchase WHERE store = $1 AND id = $2", &of_id)?;
                tx.execute("DELETE FROM doomed WHERE store = $1 AND id = $2", &of_id)?;
            }
            if overwrites {
                set_meta_once(tx, COMPACTION, &[])?;
            }
            Ok(())
        })
    }

    /// Step 5.
    fn drop_traces(&self) -> Result<(), HubError> {
        let left = {
            let traces = self.traces();
            if traces.left.is_empty() && !traces.of_before {
                return Ok(());
            }
            traces.left.clone()
        };
        if self.database.drop_traces()? && self.erase_leftovers()? {
            let mut traces = self.traces();
            traces.of_before = false;
            // What was dropped meanwhile is not among them.
            traces.left.retain(|erased| !left.contains(erased));
        }
        Ok(())
    }

    /// Erases what a killed backup or restore of this hub has left. Returns whether nothing of it is left.
    pub(super) fn erase_leftovers(&self) -> Result<bool, HubError> {
        let found = Leftovers::erase(self.files.directory(), Side::Hub)?;
        for name in &found.erased {
            log::warn!("erased what an interrupted backup or restore had left: {name:?}");
        }
        let mut known = self.leftovers.lock().unwrap_or_else(PoisonError::into_inner);
        known.erased.extend(found.erased);
        known.left = found.left;
        Ok(known.left.is_empty())
    }

    /// Ids that are doomed, each with its key's slot where it has one.
    fn doomed(&self, store: &str, most: usize) -> Result<Vec<Doomed>, HubError> {
        self.database.read(|tx| {
            let rows = tx.query(
                "SELECT id, slot FROM doomed WHERE store = $1 ORDER BY id LIMIT $2",
                &[Value::Text(store), super::int(most as u64)],
            )?;
            let mut doomed = Vec::with_capacity(rows.len());
            for row in &rows {
                let id: [u8; 16] = row.array(0)?;
                let slot = row.opt_int(1)?.map(|index| slot_of(store, &id, index)).transpose()?;
                doomed.push((id, slot));
            }
            Ok(doomed)
        })
    }

    /// Erases again what the list names and the database does not know to be erased.
    fn erase_listed(&self, listed: &HashSet<Erased>) -> Result<(), HubError> {
        let mut listed: Vec<&Erased> = listed.iter().collect();
        listed.sort();
        for of_store in listed.chunk_by(|one, other| one.0 == other.0) {
            let store = of_store[0].0.as_str();
            for ids in of_store.chunks(ERASED_AT_ONCE) {
                let missing = self.database.read(|tx| {
                    let mut missing = Vec::new();
                    for (_, id) in ids {
                        if !is_buried(tx, store, id)? {
                            missing.push(*id);
                        }
                    }
                    Ok(missing)
                })?;
                if !missing.is_empty() {
                    self.database.write(|tx| {
                        // A store that the database does not know has nothing to erase.
                        if lock_store(tx, store)?.is_some() {
                            for id in &missing {
                                entomb(tx, store, id, None)?;
                            }
                        }
                        Ok(())
                    })?;
                }
            }
        }
        Ok(())
    }

    /// Puts onto the list what is buried and not on it: the list was lost, or the hub was moved.
    fn list_buried(&self, store: &str, listed: &HashSet<Erased>) -> Result<(), HubError> {
        let buried: Vec<Erased> = self.database.read(|tx| {
            let rows = tx.query("SELECT id FROM tombstone WHERE store = $1", &[Value::Text(store)])?;
            rows.iter().map(|row| Ok((store.to_owned(), row.array(0)?))).collect()
        })?;
        let missing: Vec<Erased> = buried.into_iter().filter(|erased| !listed.contains(erased)).collect();
        self.keys.list(&missing)
    }

    fn reclaim_keys(&self, now: DateTime<Utc>) -> Result<(), HubError> {
        let mut needed: HashSet<SlotId> = HashSet::new();
        for store in self.stores()? {
            needed.extend(self.database.read(|tx| {
                let rows =
                    tx.query("SELECT id, slot FROM purchase WHERE store = $1", &[Value::Text(&store)])?;
                rows.iter()
                    .map(|row| slot_of(&store, &row.array(0)?, row.int(1)?))
                    .collect::<Result<Vec<_>, HubError>>()
            })?);
        }
        self.keys.reclaim(&needed, now)
    }

    /// The day that is over for certain: by the clock, and by a trusted day that the clock raises by one an
    /// hour at the most. So a hub whose clock is years off for an hour, or a night, erases nothing early; see
    /// [`crate::store::Store::trusted_day`] for the tills' own.
    fn day_over(&self, now: DateTime<Utc>) -> Result<i64, HubError> {
        // West of everything it is still the day before.
        let clock = i64::from((now - Duration::hours(12)).date_naive().to_epoch_days());
        let known = self.database.read(|tx| {
            let known = meta(tx, TRUSTED_DAY)?.and_then(|bytes| TrustedDay::read(&bytes));
            if known.is_some() {
                return Ok(known);
            }
            // A hub of before: the tickets that it has say how late it is at least.
            let row = tx.query_one("SELECT max(day) FROM day_sum", &[])?;
            let day = row.map(|row| row.opt_int(0)).transpose()?.flatten();
            Ok(day.map(|day| TrustedDay { day: day.min(clock), raised: 0 }))
        })?;
        let mut trusted = known.unwrap_or(TrustedDay { day: clock, raised: 0 });
        // Since then it may have been set back.
        let is_hour_over = now.timestamp().abs_diff(trusted.raised) >= SECONDS_OF_AN_HOUR;
        if trusted.day < clock && is_hour_over {
            trusted = TrustedDay { day: trusted.day + 1, raised: now.timestamp() };
            if clock - trusted.day > DOUBTED_DAYS {
                log::warn!("the clock is {} days ahead of what is certain", clock - trusted.day);
            }
        }
        if Some(trusted) != known {
            self.database.write(|tx| set_meta(tx, TRUSTED_DAY, &trusted.bytes()))?;
        }
        Ok(trusted.day.min(clock))
    }

    /// Buries purchases whose last day is over, without telling the tills: they know by themselves.
    fn expire(&self, now: DateTime<Utc>) -> Result<(), HubError> {
        let over = self.day_over(now)?;
        // Once a day is enough. A clock that is set back waits no longer than one that is not.
        let mut expired = self.expired.lock().unwrap_or_else(PoisonError::into_inner);
        if *expired == Some(over) {
            return Ok(());
        }
        for store in self.stores()? {
            let args = [Value::Text(&store), Value::Int(over)];
            let sql = "SELECT id FROM purchase WHERE store = $1 AND until < $2";
            let due = self.database.read(|tx| Ok(tx.query(sql, &args)?))?;
            for ids in due.chunks(ERASED_AT_ONCE) {
                self.database.write(|tx| {
                    lock_store(tx, &store)?;
                    for row in ids {
                        let id: [u8; 16] = row.array(0)?;
                        if !is_buried(tx, &store, &id)? {
                            bury(tx, &store, &id, UNTOLD, false)?;
                        }
                    }
                    Ok(())
                })?;
            }
        }
        *expired = Some(over);
        Ok(())
    }

    pub(super) fn traces(&self) -> MutexGuard<'_, Traces> {
        self.traces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The slot in a row of the database.
pub(super) fn slot_of(store: &str, id: &[u8; 16], index: i64) -> Result<SlotId, HubError> {
    let index = u32::try_from(index).map_err(|_| damaged("a slot"))?;
    Ok(SlotId { index, owner: owner(store, id) })
}
