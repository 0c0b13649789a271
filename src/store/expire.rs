//! What goes by itself at the end of its term: kept purchases, tickets, counters, request ids.

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::domain::policy::{DataClass, Policy, Until};
use crate::domain::series::Series;

use super::error::StoreError;
use super::forget::{Forgetting, Stage};
use super::open::Store;
use super::purchase;
use super::rest::require_compaction;
use super::ticket::day_number;

/// What an expiry removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    /// Kept purchases forgotten.
    pub purchases: usize,
    /// Tickets removed.
    pub tickets: usize,
    /// Whether the last traces are gone.
    pub forgetting: Forgetting,
    pub waiting: Waiting,
}

/// What of an expiry waits until damage is mended. Purchases never do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Waiting {
    #[default]
    Nothing,
    /// New counts take new keys.
    Counts,
    /// Their terms stand in the kept policies alone; these or their tables are damaged.
    TicketsAndCounts,
}

impl Store {
    /// Removes what is past its term on `today`: forgets purchases, and removes request ids, the
    /// oldest tickets and their counters. The chain goes on from the last ticket removed. The day must have
    /// come for certain, as [`Store::keep_terms`] sees to: a clock alone can be wrong.
    ///
    /// Purchases go whatever else is damaged. Tickets and counts wait where a kept policy is damaged or gone,
    /// since the tax term could be in it, and counts where no key can be made.
    pub fn expire(&mut self, today: NaiveDate) -> Result<Expired, StoreError> {
        // First what nothing else may hold up: the rest reads more, and can be damaged.
        let slots = purchase::past_term(&self.connection, &self.keys, today)?;
        self.forget_all(&slots)?;
        let (tickets, waiting) = match self.expire_requests(today).and_then(|_| self.expire_tickets(today)) {
            Err(error) if error.is_of_database() => {
                log::error!("tickets and counts past their term stay: {error}");
                (0, Waiting::TicketsAndCounts)
            }
            expired => expired?,
        };
        let forgetting = self.finish_forgetting()?;
        Ok(Expired { purchases: slots.len(), tickets, forgetting, waiting })
    }

    /// Tickets and counts. Returns how many tickets went.
    fn expire_tickets(&mut self, today: NaiveDate) -> Result<(usize, Waiting), StoreError> {
        let terms = match Terms::load_whole(&self.connection) {
            Err(error @ StoreError::Damaged(_)) => {
                log::error!("tickets and counts past their term stay: {error}");
                return Ok((0, Waiting::TicketsAndCounts));
            }
            terms => terms?,
        };
        let counts = self.despite_full_disk(|store| store.expire_counts(&terms, today));
        let waiting = match counts {
            Err(error @ (StoreError::Damaged(_) | StoreError::Keys(_))) => {
                log::error!("counts past their term stay: {error}");
                Waiting::Counts
            }
            counts => counts.map(|_| Waiting::Nothing)?,
        };
        let tickets = self.despite_full_disk(|store| store.remove_tickets(&terms, today))?;
        Ok((tickets, waiting))
    }

    fn remove_tickets(&mut self, terms: &Terms, today: NaiveDate) -> Result<usize, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut removed = 0;
        if let Some(last) = last_past_term(&transaction, terms, today)? {
            // A policy may keep tickets for less time than request ids.
            transaction.execute("DELETE FROM request WHERE ticket <= ?1", [last])?;
            transaction.execute(
                "INSERT OR REPLACE INTO anchor (id, number, hash) SELECT 1, number, hash FROM ticket WHERE number = ?1",
                [last],
            )?;
            removed = transaction.execute("DELETE FROM ticket WHERE number <= ?1", [last])?;
        }
        let counters = remove_choices(&transaction, terms, today)?;
        if removed + counters > 0 {
            require_compaction(&transaction)?;
        }
        transaction.commit()?;
        if removed + counters > 0 {
            self.resume_from(Stage::Dropped);
        }
        Ok(removed)
    }
}

/// The last of the oldest tickets that are past their term, and, where the till has a hub, known to be
/// there: a clock that was years off dates tickets that nobody has read yet. Only from the beginning: taking
/// one out of the middle would break the chain.
fn last_past_term(
    connection: &Connection,
    terms: &Terms,
    today: NaiveDate,
) -> Result<Option<u64>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT number, substr(at, 1, 10) FROM ticket
         WHERE NOT EXISTS (SELECT 1 FROM hub)
            OR number <= (SELECT coalesce(max(through), 0) FROM durable WHERE series = ?1)
         ORDER BY number",
    )?;
    let mut rows = statement.query([Series::Ticket.number()])?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let number = row.get(0)?;
        let Some(day) = row.get_ref(1)?.as_str().ok().and_then(|day| day.parse().ok()) else { break };
        if !terms.is_past(DataClass::Ticket, Some(number), day, today) {
            break;
        }
        last = Some(number);
    }
    Ok(last)
}

fn remove_choices(connection: &Connection, terms: &Terms, today: NaiveDate) -> Result<usize, StoreError> {
    let mut days = connection.prepare(
        "SELECT DISTINCT c.day, d.first FROM choice_counter c LEFT JOIN choice_day d ON d.day = c.day
         WHERE c.day < ?1",
    )?;
    let days = days.query_map([day_number(today)], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let days: Vec<(i32, Option<u64>)> = days.collect::<Result<_, _>>()?;
    let mut removed = 0;
    for (day, first) in days {
        let date = NaiveDate::from_epoch_days(day);
        if date.is_some_and(|date| terms.is_past(DataClass::Counters, first, date, today)) {
            removed += connection.execute("DELETE FROM choice_counter WHERE day = ?1", [day])?;
            connection.execute("DELETE FROM choice_day WHERE day = ?1", [day])?;
            super::outbox::drop_counts(connection, day)?;
        }
    }
    Ok(removed)
}

/// How long what a ticket began stays, under the policies that were in force since.
pub(super) struct Terms {
    /// By version, with the number of the first ticket that could be sold under it.
    policies: Vec<(u64, Policy)>,
    /// The day on which this store began. What it took in from before counts from then on: it has
    /// been here no longer.
    began: NaiveDate,
}

impl Terms {
    /// The terms of all that was sold. Errors: `Damaged` where a kept policy is, or is gone.
    fn load_whole(connection: &Connection) -> Result<Terms, StoreError> {
        match super::policy::missing(connection)?.pop() {
            Some(which) => Err(StoreError::Damaged(format!("a kept policy is gone: {which}"))),
            None => Terms::load(connection),
        }
    }

    /// Of the policies that are there. Errors: `Damaged` where one of them is.
    pub(super) fn load(connection: &Connection) -> Result<Terms, StoreError> {
        let mut statement = connection.prepare("SELECT version, since FROM policy ORDER BY version")?;
        let versions = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<Vec<(u32, u64)>, _>>()?;
        let mut policies = Vec::with_capacity(versions.len());
        for (version, since) in versions {
            policies.extend(super::policy::kept(connection, version)?.map(|policy| (since, policy)));
        }
        let began: Option<String> = connection
            .query_row("SELECT value FROM meta WHERE name = 'began'", [], |row| row.get(0))
            .optional()?;
        let began = began.and_then(|day| day.parse().ok()).unwrap_or(NaiveDate::MIN);
        Ok(Terms { policies, began })
    }

    /// Whether the last day of what began with the ticket of this number and day is before `today`. It
    /// stays under the policy in force at that ticket, and a later one only shortens it. Numbers tell, since
    /// a clock that was set back dates a later ticket before an earlier one. Where nobody knows the number
    /// any more (`None`), the shortest of all policies counts.
    pub(super) fn is_past(
        &self,
        class: DataClass,
        ticket: Option<u64>,
        day: NaiveDate,
        today: NaiveDate,
    ) -> bool {
        let day = day.max(self.began);
        let own = self.policies.iter().rposition(|(since, _)| Some(*since) <= ticket).unwrap_or(0);
        self.policies
            .iter()
            .skip(own)
            .filter_map(|(_, policy)| policy.classes.get(&class))
            .any(|class| class.term.after(day) < Until::Date(today))
    }
}
