//! The day that the store goes by. What is destroyed does not come back, and a clock may be years off: a
//! flat battery, a wrong year at the set-up, a hub that is ahead. So there is a *trusted day* beside the
//! clock's, on disk:
//!
//! - a ticket raises it to its own day, unless that lies more than [`DOUBTED_DAYS`] beyond it;
//! - the clock raises it by a day an hour at the most, and where a hub answers not beyond the hub's time;
//! - nothing lowers it but a person who says that the clock is right ([`Store::trust_clock`]).
//!
//! What is past its term by either day is hidden at once. It is destroyed when it is past by both. So a wrong
//! clock destroys nothing on its own, a wrong trusted day destroys nothing on its own, and where nobody
//! answers, the trusted day still catches up.

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
        Ok(Clock { trusted, raised, ..Clock::default() })
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

    /// The trusted day after the clock was heard.
    fn after_hearing(self, now: DateTime<FixedOffset>, hub: Option<DateTime<FixedOffset>>) -> Clock {
        let heard = Some(now.date_naive());
        let until = hub.map_or(now, |hub| now.min(hub)).with_timezone(now.offset()).date_naive();
        let Some(trusted) = self.trusted else { return Clock { trusted: Some(until), heard, ..self } };
        // Before the last time it was set back, and that hour is over, too.
        let is_over = |raised: DateTime<FixedOffset>| now < raised || now - raised >= RAISED_EVERY;
        if trusted < until && self.raised.is_none_or(is_over) {
            let next = trusted.checked_add_days(Days::new(1));
            return Clock { trusted: next.or(self.trusted), raised: Some(now), heard, ..self };
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
        Ok(())
    }
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
        let heard = self.clock.after_hearing(now, hub);
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
        let trusted = Clock { trusted: Some(day), raised: Some(now), heard: Some(day), ..self.clock };
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
