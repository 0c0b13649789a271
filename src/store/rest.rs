//! What waits for a quiet moment: the end of the day, slots without use, compaction.

use chrono::{DateTime, FixedOffset, TimeDelta};
use rusqlite::{Connection, OptionalExtension};

use super::error::StoreError;
use super::forget::{Forgetting, Stage};
use super::open::Store;

/// Names in the table `meta`: why a compaction is due, and when the day was last closed by [`Store::rest`].
const COMPACTION: &str = "compaction";
const CLOSED: &str = "closed";

/// Why: something was forgotten, and its sealed bytes may lie in pages that no row uses.
const DUE: &str = "due";
/// Why: what 0.2.0 wrote in the clear, or under no key of its own, may lie there. Nothing forgotten is
/// complete before.
const AWAITED: &str = "awaited";

/// A compaction takes about a second for each 100 MB.
const BETWEEN_COMPACTIONS: TimeDelta = TimeDelta::hours(1);

/// Notes that the database is to be compacted some time.
pub(super) fn require_compaction(connection: &Connection) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING")?
        .execute([COMPACTION, DUE])?;
    Ok(())
}

/// Notes that nothing forgotten is complete before the database is compacted.
pub(super) fn await_compaction(connection: &Connection) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
        .execute([COMPACTION, AWAITED])?;
    Ok(())
}

/// Whether forgets are pending until the database is compacted.
pub(super) fn is_compaction_awaited(connection: &Connection) -> Result<bool, StoreError> {
    Ok(meta(connection, COMPACTION)?.as_deref() == Some(AWAITED))
}

fn meta(connection: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

impl Store {
    /// Does what waits for a quiet moment: closes the day where one has ended, or where a compaction is due and
    /// the last was not within the hour; once, zeroes the slots that a crash left without use, and forgets
    /// profiles without a purchase; makes the ballast where it is missing. Call it when nobody waits. Errors leave
    /// it for the next time.
    pub fn rest(&mut self, now: DateTime<FixedOffset>) -> Result<Forgetting, StoreError> {
        if !self.is_reclaimed {
            // Purchases that the database does not know can be in the way of a profile's end, too.
            if self.reclaim_slots()? {
                self.forget_empty_profiles()?;
            }
            self.is_reclaimed = true;
        }
        self.hold_ballast();
        let closed = meta(&self.connection, CLOSED)?;
        let closed = closed.and_then(|at| DateTime::parse_from_rfc3339(&at).ok());
        // A clock that was set back must not keep it from being done.
        let since = closed.map(|closed| (now - closed).abs());
        let day_ended = closed.is_none_or(|closed| closed.date_naive() != now.date_naive());
        let is_due = self.is_compaction_due()? && since.is_none_or(|since| since >= BETWEEN_COMPACTIONS);
        if is_due || (day_ended && self.sold) {
            let done = self.close_day();
            // A reader is gone in a minute; what takes long and fails is not tried each minute.
            if !matches!(done, Err(StoreError::Busy)) {
                self.connection
                    .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
                    .execute([CLOSED, &now.to_rfc3339()])?;
            }
            return done;
        }
        self.finish_forgetting()
    }

    /// Ends a day: the best-sellers first in the catalogue, key slots without use given back, and,
    /// where something was forgotten since the last time, the database compacted, so that no page
    /// holds what is no row any more. That takes about a second for each 100 MB.
    pub fn close_day(&mut self) -> Result<Forgetting, StoreError> {
        if self.sold {
            self.rank_catalogue()?;
            self.sold = false;
        }
        if self.is_compaction_due()? {
            // First the bytes of what is doomed, or they would be copied.
            self.advance(Stage::Dropped)?;
            self.compact()?;
        }
        let forgetting = self.finish_forgetting()?;
        self.reclaim_slots()?;
        Ok(forgetting)
    }

    /// Writes the database anew, so that it holds its rows and nothing else. The log has to be truncated after
    /// it.
    pub(super) fn compact(&mut self) -> Result<(), StoreError> {
        self.let_files_shrink();
        self.connection.execute_batch("VACUUM")?;
        self.connection.execute("DELETE FROM meta WHERE name = ?1", [COMPACTION])?;
        self.awaits_compaction = false;
        self.resume_from(Stage::Dropped);
        Ok(())
    }

    /// Whether the files hold nothing but what is kept: not even sealed bytes that nobody can open.
    pub fn is_compact(&self) -> Result<bool, StoreError> {
        Ok(self.stage == Stage::LogTruncated && !self.is_compaction_due()?)
    }

    fn is_compaction_due(&self) -> Result<bool, StoreError> {
        Ok(meta(&self.connection, COMPACTION)?.is_some())
    }
}
