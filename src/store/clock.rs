//! The day that the store goes by. What is destroyed does not come back, and a clock may be years off: a
//! flat battery, a wrong year at the set-up, a hub that is ahead. So there is a *trusted day* beside the
//! clock's, on disk:
//!
//! - a ticket raises it to its own day, unless that lies more than [`DOUBTED_DAYS`] beyond it;
//! - the clock raises it by a day an hour at the most, an hour that the machine has run, too, which nobody can set;
//!   where a hub answers not beyond the hub's time;
//! - nothing lowers it but a person who says that the clock is right ([`Store::trust_clock`]).
//!
//! What is past its term by either day is hidden at once. It is destroyed when it is past by both. So a wrong
//! clock destroys nothing on its own, a wrong trusted day destroys nothing on its own, and where nobody
//! answers, the trusted day still catches up.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Days, FixedOffset, NaiveDate, TimeDelta};
use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::policy::Until;
use crate::domain::sale::{Keep, Sale};

use super::error::StoreError;
use super::expire::Expired;
use super::open::Store;
use super::purchase;

/// A clock that is further than this from the trusted day is asked about. A shop may close for a month.
pub const DOUBTED_DAYS: i64 = 35;

/// Between two days that the clock gives to the trusted day.
const RAISED_EVERY: TimeDelta = TimeDelta::hours(1);

/// The two days that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockDays {
    pub clock: NaiveDate,
    pub trusted: NaiveDate,
}

/// What the store knows of time.
#[derive(Clone, Copy, Default)]
pub(super) struct Clock {
    /// `None` until there is a ticket, or a clock was heard.
    trusted: Option<NaiveDate>,
    /// When the clock raised it last, by the clock.
    raised: Option<DateTime<FixedOffset>>,
    /// The same, by what the machine had run.
    raised_at: Option<Running>,
    /// The clock's day as it was heard last. Not on disk.
    heard: Option<NaiveDate>,
    /// The certain day on which terms were kept last. Not on disk.
    kept: Option<NaiveDate>,
}

impl Clock {
    /// In a store of 0.2.0 the trusted day is the last ticket's.
    pub(super) fn load(connection: &Connection) -> Result<Clock, StoreError> {
        let text = |sql: &str| -> Result<Option<String>, StoreError> {
            Ok(connection.query_row(sql, [], |row| row.get(0)).optional()?)
        };
        let stored = text("SELECT value FROM meta WHERE name = 'trusted-day'")?;
        let trusted = match stored.and_then(|day| day.parse().ok()) {
            Some(day) => Some(day),
            None => text("SELECT substr(at, 1, 10) FROM ticket ORDER BY number DESC LIMIT 1")?
                .and_then(|day| day.parse().ok()),
        };
        let raised = text("SELECT value FROM meta WHERE name = 'trusted-raised'")?;
        let raised = raised.and_then(|at| DateTime::parse_from_rfc3339(&at).ok());
        let raised_at = text("SELECT value FROM meta WHERE name = 'trusted-running'")?;
        let raised_at = raised_at.and_then(|running| Running::read(&running));
        Ok(Clock { trusted, raised, raised_at, ..Clock::default() })
    }

    /// See [`Store::trusted_day`].
    pub(super) fn trusted_day(self) -> Option<NaiveDate> {
        self.trusted
    }

    /// The trusted day behind a ticket of this day.
    pub(super) fn after_ticket(self, day: NaiveDate) -> Clock {
        let raises = |trusted: NaiveDate| (1..=DOUBTED_DAYS).contains(&(day - trusted).num_days());
        if self.trusted.is_none_or(raises) { Clock { trusted: Some(day), ..self } } else { self }
    }

    /// The same behind a sale; what is taken in past its term does not stay for a day.
    pub(super) fn after_sale(self, sale: &Sale) -> Clock {
        let after = self.after_ticket(sale.at.date_naive());
        let is_past = after.trusted.is_some_and(|day| sale.promise.until.is_past(day));
        if is_past && sale.promise.keep != Keep::Nothing { Clock { kept: None, ..after } } else { after }
    }

    /// The trusted day after the clock was heard. `running`: where the machine tells it.
    fn after_hearing(
        self,
        now: DateTime<FixedOffset>,
        hub: Option<DateTime<FixedOffset>>,
        running: Option<Running>,
    ) -> Clock {
        let heard = Some(now.date_naive());
        let until = hub.map_or(now, |hub| now.min(hub)).with_timezone(now.offset()).date_naive();
        let Some(trusted) = self.trusted else { return Clock { trusted: Some(until), heard, ..self } };
        // Before the last time it was set back, and that hour is over, too.
        let is_over = |raised: DateTime<FixedOffset>| now < raised || now - raised >= RAISED_EVERY;
        let has_run = running.is_none_or(|running| running.has_run_an_hour_since(self.raised_at));
        if trusted < until && has_run && self.raised.is_none_or(is_over) {
            let trusted = trusted.checked_add_days(Days::new(1)).or(self.trusted);
            return Clock { trusted, raised: Some(now), raised_at: running, heard, ..self };
        }
        Clock { heard, ..self }
    }

    /// Writes what has changed against `before`, inside the transaction of the caller if there is one.
    pub(super) fn save(self, before: Clock, connection: &Connection) -> Result<(), StoreError> {
        let Some(trusted) = self.trusted else { return Ok(()) };
        if self.trusted == before.trusted && self.raised == before.raised {
            return Ok(());
        }
        let mut statement = connection.prepare_cached(
            "INSERT OR REPLACE INTO meta (name, value) VALUES ('trusted-day', ?1), ('trusted-raised', ?2)",
        )?;
        let raised = self.raised.map(|at| at.to_rfc3339()).unwrap_or_default();
        statement.execute(params![trusted.to_string(), raised])?;
        if self.raised_at != before.raised_at {
            connection.execute(
                "INSERT OR REPLACE INTO meta (name, value) VALUES ('trusted-running', ?1)",
                [self.raised_at.map(|running| running.to_string())],
            )?;
        }
        Ok(())
    }
}

/// How long the machine has run, and since which of its starts: whatever is done to the clock, this goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Running {
    /// The kernel's random id of the start (Linux, `/proc/sys/kernel/random/boot_id`).
    start: u128,
    seconds: u64,
}

impl Running {
    /// `None` where the system does not tell its starts apart.
    fn now() -> Option<Running> {
        if cfg!(test) {
            // There hours pass at once.
            return None;
        }
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let start = u128::from_str_radix(&id.trim().replace('-', ""), 16).ok()?;
        Some(Running { start, seconds: counted().as_secs() })
    }

    fn read(text: &str) -> Option<Running> {
        let (start, seconds) = text.split_once(' ')?;
        Some(Running { start: u128::from_str_radix(start, 16).ok()?, seconds: seconds.parse().ok()? })
    }

    /// After another start, how long it was off is not known, and counts for nothing.
    fn has_run_an_hour_since(self, earlier: Option<Running>) -> bool {
        let Some(earlier) = earlier else { return true };
        let since = if earlier.start == self.start { earlier.seconds } else { 0 };
        self.seconds.saturating_sub(since) >= RAISED_EVERY.num_seconds().unsigned_abs()
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x} {}", self.start, self.seconds)
    }
}

/// Time since the machine started, asleep or not.
pub fn counted() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

impl Store {
    /// The day that this store is sure of: see the module. `None` before the first ticket and the first clock.
    pub fn trusted_day(&self) -> Option<NaiveDate> {
        self.clock.trusted_day()
    }

    /// Says what the clock shows, and what a hub's showed if one answered. The trusted day may rise by one.
    /// Errors: of SQLite; a full disk is none, it rises later.
    pub fn hear_clock(
        &mut self,
        now: DateTime<FixedOffset>,
        hub: Option<DateTime<FixedOffset>>,
    ) -> Result<(), StoreError> {
        let heard = self.clock.after_hearing(now, hub, Running::now());
        match heard.save(self.clock, &self.connection) {
            Ok(()) => self.clock = heard,
            Err(error) if error.is_disk_full() => self.clock.heard = heard.heard,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Says the clock's day, for one that only reads.
    pub fn hear_day(&mut self, clock: NaiveDate) {
        self.clock.heard = Some(clock);
    }

    /// A person says that the clock is right, which outweighs what the store remembers: the trusted day is the
    /// clock's from now on, also where that is earlier. A store cannot have begun later either: terms of what
    /// it took in from before count from that day.
    pub fn trust_clock(&mut self, now: DateTime<FixedOffset>) -> Result<(), StoreError> {
        let day = now.date_naive();
        let raised_at = Running::now();
        let trusted =
            Clock { trusted: Some(day), raised: Some(now), raised_at, heard: Some(day), ..self.clock };
        let transaction = self.connection.transaction()?;
        trusted.save(self.clock, &transaction)?;
        transaction
            .execute("UPDATE meta SET value = ?1 WHERE name = 'began' AND value > ?1", [day.to_string()])?;
        transaction.commit()?;
        self.clock = trusted;
        Ok(())
    }

    /// The clock's day as it was heard last, and the trusted day, where they are not the same.
    pub fn clock_difference(&self) -> Option<ClockDays> {
        let (clock, trusted) = (self.clock.heard?, self.clock.trusted?);
        (clock != trusted).then_some(ClockDays { clock, trusted })
    }

    /// The same, where they are too far apart for both to be right.
    pub fn clock_doubt(&self) -> Option<ClockDays> {
        self.clock_difference().filter(|days| (days.clock - days.trusted).num_days().abs() > DOUBTED_DAYS)
    }

    /// What a till does each minute: hears the clock ([`Store::hear_clock`]) and, where a day has come for
    /// certain since the last time, destroys what is past its term. `None` where no day has come.
    pub fn keep_terms(
        &mut self,
        now: DateTime<FixedOffset>,
        hub: Option<DateTime<FixedOffset>>,
    ) -> Result<Option<Expired>, StoreError> {
        self.hear_clock(now, hub)?;
        let Some(day) = self.certain_day().filter(|day| self.clock.kept != Some(*day)) else {
            return Ok(None);
        };
        let expired = self.expire(day)?;
        self.clock.kept = Some(day);
        Ok(Some(expired))
    }

    /// Kept purchases that are hidden and not destroyed yet.
    pub fn hidden_purchases(&self) -> Result<usize, StoreError> {
        let day = self.clock.heard.max(self.clock.trusted);
        Ok(day.map_or(Ok(Vec::new()), |day| purchase::past_term(&self.connection, &self.keys, day))?.len())
    }

    /// The day that has come for certain: the earlier one of the clock's and the trusted one.
    pub(super) fn certain_day(&self) -> Option<NaiveDate> {
        let trusted = self.clock.trusted?;
        Some(self.clock.heard.map_or(trusted, |heard| heard.min(trusted)))
    }

    /// Whether what was kept until then is hidden, whatever has become of it.
    pub(super) fn is_hidden(&self, until: Until) -> bool {
        self.clock.heard.max(self.clock.trusted).is_some_and(|day| until.is_past(day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339(text).unwrap()
    }

    /// Whoever sets the clock on by an hour, again and again, gains a day, and one more for each hour that the machine
    /// runs, or runs after another start.
    #[test]
    fn an_hour_is_one_that_the_machine_has_run() {
        let running = |start, seconds| Some(Running { start, seconds });
        let mut clock = Clock { trusted: Some("2026-11-23".parse().unwrap()), ..Clock::default() };
        let mut now = at("2060-01-01T00:00:00+00:00");
        let mut hears = |clock: &mut Clock, running| {
            now += TimeDelta::minutes(61);
            *clock = clock.after_hearing(now, None, running);
            clock.trusted.unwrap().to_string()
        };
        for seconds in 10..500 {
            assert_eq!(hears(&mut clock, running(1, seconds)), "2026-11-24");
        }
        assert_eq!(hears(&mut clock, running(1, 3609)), "2026-11-24");
        assert_eq!(hears(&mut clock, running(1, 3610)), "2026-11-25");
        for seconds in [20, 3599] {
            assert_eq!(hears(&mut clock, running(2, seconds)), "2026-11-25");
        }
        assert_eq!(hears(&mut clock, running(2, 3600)), "2026-11-26");
        let saved = running(2, 3600).unwrap();
        assert_eq!(Running::read(&saved.to_string()), Some(saved));
        assert_eq!(Running::read("nothing"), None);
    }
}
