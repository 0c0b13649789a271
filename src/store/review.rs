//! What was sold, added up: what the manager reads, and what an independent sum must equal.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::{Connection, params};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::domain::money::{Currency, Money};
use crate::domain::tax::TaxRate;
use crate::domain::tender::TenderKind;
use crate::domain::ticket::TicketBody;
use crate::seal::KeyFile;

use super::counts::{self, Counted, Sums, UNANSWERED};
use super::error::StoreError;
use super::open::Store;
use super::ticket::day_number;

/// Local days, both included; an open end where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days {
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

/// Sums over the tickets of some days, in the store's present currency. As JSON it holds decimal strings:
/// `{"currency":"EUR","sales":…,"total":"…","by_day":{…},"tax":{…},"department":{…},"department_waiting":"…",
/// "tender":{…},"rounding":"…","choice":{…}}`.
///
/// All but departments is exact: days, and taxes (base and tax), add up to `total`, choices to `sales`, tenders
/// to `total` and `rounding`. Departments are what is released of their products ([`super::counts`]) over windows
/// that lie wholly within the tickets of these days; with `department_waiting` they add up to `total`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    pub currency: Currency,
    pub sales: u64,
    pub total: Money,
    pub by_day: BTreeMap<NaiveDate, DaySum>,
    pub tax: BTreeMap<TaxRate, TaxSum>,
    /// Released sums, by the department that a product is in now.
    pub department: BTreeMap<String, Money>,
    /// What of the total no released sum tells: it waits, or its window reaches beyond these days.
    pub department_waiting: Money,
    /// What stayed in the drawer and on the card machine: change is taken off.
    pub tender: BTreeMap<TenderKind, Money>,
    /// What rounding cash to the smallest coin added to the totals.
    pub rounding: Money,
    /// Sales by what the customer chose. Every choice of the policy in force is here, and
    /// [`Review::UNANSWERED`].
    pub choice: BTreeMap<String, u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DaySum {
    pub sales: u64,
    pub total: Money,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaxSum {
    pub base: Money,
    pub tax: Money,
}

impl Days {
    /// One day alone.
    pub fn of(day: NaiveDate) -> Days {
        Days { from: Some(day), to: Some(day) }
    }

    /// First and last day as the tables hold them.
    fn numbers(self) -> (i32, i32) {
        (self.from.map_or(i32::MIN, day_number), self.to.map_or(i32::MAX, day_number))
    }

    /// First and last day as a ticket's time begins with them.
    fn texts(self) -> (String, String) {
        let text = |day: Option<NaiveDate>, open: &str| day.map_or(open.to_owned(), |day| day.to_string());
        (text(self.from, ""), text(self.to, "~"))
    }

    fn contain(self, number: i32) -> bool {
        let (first, last) = self.numbers();
        (first..=last).contains(&number)
    }
}

impl Review {
    /// Under [`Review::choice`]: sales whose customer did not answer, kept as the bare minimum.
    pub const UNANSWERED: &'static str = "unanswered";

    fn empty(currency: Currency) -> Review {
        Review {
            currency,
            sales: 0,
            total: Money::ZERO,
            by_day: BTreeMap::new(),
            tax: BTreeMap::new(),
            department: BTreeMap::new(),
            department_waiting: Money::ZERO,
            tender: BTreeMap::new(),
            rounding: Money::ZERO,
            choice: BTreeMap::new(),
        }
    }

    fn add(&mut self, day: NaiveDate, total: Money, body: TicketBody) -> Result<(), StoreError> {
        self.sales += 1;
        add(&mut self.total, total)?;
        let of_day = self.by_day.entry(day).or_default();
        of_day.sales += 1;
        add(&mut of_day.total, total)?;
        for tax in body.taxes {
            let sum = self.tax.entry(tax.rate).or_default();
            add(&mut sum.base, tax.base)?;
            add(&mut sum.tax, tax.tax)?;
        }
        add(&mut self.rounding, body.rounding)?;
        for tender in body.tenders {
            add(self.tender.entry(tender.kind).or_default(), tender.amount)?;
        }
        Ok(())
    }

    /// Adds the released windows that lie within these tickets.
    fn departments(
        &mut self,
        connection: &Connection,
        keys: &KeyFile,
        tickets: &Tickets,
    ) -> Result<(), StoreError> {
        let mut released = Money::ZERO;
        let mut products: BTreeMap<u32, Money> = BTreeMap::new();
        if let Some(range) = tickets.range() {
            counts::each(connection, keys, range, |window| {
                if !tickets.hold(window.first, window.last) {
                    return Ok(());
                }
                let amount = Money(window.amount);
                add(&mut released, amount)?;
                match window.counted {
                    Counted::Product(id) => add(products.entry(id).or_default(), amount),
                    Counted::Open(department) => add(self.department.entry(department).or_default(), amount),
                }
            })?;
        }
        let mut department = connection.prepare("SELECT department FROM product WHERE id = ?1")?;
        for (id, amount) in products {
            let department: String = department.query_row([id], |row| row.get(0))?;
            add(self.department.entry(department).or_default(), amount)?;
        }
        self.department_waiting = Money(self.total.0.saturating_sub(released.0));
        Ok(())
    }

    fn count(&mut self, choice: &str, sales: u64) {
        let name = if choice == UNANSWERED { Review::UNANSWERED } else { choice };
        *self.choice.entry(name.to_owned()).or_default() += sales;
    }
}

fn add(sum: &mut Money, amount: Money) -> Result<(), StoreError> {
    let too_large = |_| StoreError::Damaged("the tickets add up to more than money can be".into());
    *sum = sum.plus(amount).map_err(too_large)?;
    Ok(())
}

impl Store {
    /// Adds up the tickets of `days`, with the choices that customers made on them.
    pub fn review(&self, days: Days) -> Result<Review, StoreError> {
        let mut tries = 1..TRIES;
        loop {
            // A till that sells meanwhile gives the counts of its last sales a new key, and zeroes the old.
            let keys = KeyFile::open_to_read(&self.files.keys, &self.store_key)?;
            match self.review_with(&keys, days) {
                Err(StoreError::Damaged(_)) if tries.next().is_some() => {}
                review => return review,
            }
        }
    }

    fn review_with(&self, keys: &KeyFile, days: Days) -> Result<Review, StoreError> {
        // One look at all tables, whatever is written meanwhile.
        let snapshot = self.connection.unchecked_transaction()?;
        let mut review = Review::empty(self.issuer.currency.clone());
        let (first, last) = days.texts();
        let mut statement = snapshot.prepare(
            "SELECT substr(t.at, 1, 10) AS day, t.total, t.body, t.number
             FROM ticket t JOIN issuer i ON i.id = t.issuer
             WHERE day BETWEEN ?1 AND ?2 AND i.currency = ?3 ORDER BY t.number",
        )?;
        let mut tickets = Tickets::default();
        let mut rows = statement.query(params![first, last, self.issuer.currency.code])?;
        while let Some(row) = rows.next()? {
            let damaged = |what: &str| match row.get::<_, u64>(3) {
                Ok(number) => StoreError::Damaged(format!("ticket {number}: {what}")),
                Err(error) => error.into(),
            };
            let day = row.get_ref(0)?.as_str().ok().and_then(|day| day.parse().ok());
            let body = row.get_ref(2)?.as_str().ok().and_then(|body| serde_json::from_str(body).ok());
            let day = day.ok_or_else(|| damaged("its time"))?;
            tickets.add(row.get(3)?);
            review.add(day, Money(row.get(1)?), body.ok_or_else(|| damaged("its amounts"))?)?;
        }
        for choice in &self.policy.choices {
            review.count(&choice.id, 0);
        }
        review.count(UNANSWERED, 0);
        let mut counters = snapshot.prepare(
            "SELECT choice, sum(sales) FROM choice_counter WHERE day BETWEEN ?1 AND ?2 GROUP BY choice",
        )?;
        let (first, last) = days.numbers();
        let mut rows = counters.query([first, last])?;
        while let Some(row) = rows.next()? {
            review.count(row.get_ref(0)?.as_str().unwrap_or_default(), row.get(1)?);
        }
        let sums = Sums::load(&snapshot, keys)?;
        for waiting in sums.choices().iter().filter(|waiting| days.contain(waiting.day)) {
            for (choice, sales) in &waiting.sales {
                review.count(choice, u64::from(*sales));
            }
        }
        review.departments(&snapshot, keys, &tickets)?;
        Ok(review)
    }
}

/// How often a review looks again before it says that something is damaged.
const TRIES: usize = 8;

/// Numbers of tickets, in runs without a gap.
#[derive(Default)]
struct Tickets(Vec<(u64, u64)>);

impl Tickets {
    /// Numbers come in order.
    fn add(&mut self, number: u64) {
        match self.0.last_mut().filter(|(_, last)| last + 1 == number) {
            Some((_, last)) => *last = number,
            None => self.0.push((number, number)),
        }
    }

    fn range(&self) -> Option<(u64, u64)> {
        Some((self.0.first()?.0, self.0.last()?.1))
    }

    fn hold(&self, first: u64, last: u64) -> bool {
        let run = self.0.partition_point(|(_, end)| *end < first);
        self.0.get(run).is_some_and(|(start, end)| *start <= first && last <= *end)
    }
}

/// Names and values, in the order given: numbers sort as numbers, not as text.
struct Pairs<V>(Vec<(String, V)>);

impl<V: Serialize> Serialize for Pairs<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Serialize for Review {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct DayJson {
            sales: u64,
            total: String,
        }
        #[derive(serde::Serialize)]
        struct TaxJson {
            base: String,
            tax: String,
        }
        let decimal = |amount: Money| amount.decimal(self.currency.decimals);
        let by_day = self
            .by_day
            .iter()
            .map(|(day, sum)| (day.to_string(), DayJson { sales: sum.sales, total: decimal(sum.total) }));
        let tax = self
            .tax
            .iter()
            .map(|(rate, sum)| (rate.decimal(), TaxJson { base: decimal(sum.base), tax: decimal(sum.tax) }));
        let department = self.department.iter().map(|(name, sum)| (name.clone(), decimal(*sum)));
        let tender = self.tender.iter().map(|(kind, sum)| (kind.name().to_owned(), decimal(*sum)));
        let mut review = serializer.serialize_struct("Review", 10)?;
        review.serialize_field("currency", &self.currency.code)?;
        review.serialize_field("sales", &self.sales)?;
        review.serialize_field("total", &decimal(self.total))?;
        review.serialize_field("by_day", &Pairs(by_day.collect()))?;
        review.serialize_field("tax", &Pairs(tax.collect()))?;
        review.serialize_field("department", &Pairs(department.collect()))?;
        review.serialize_field("department_waiting", &decimal(self.department_waiting))?;
        review.serialize_field("tender", &Pairs(tender.collect()))?;
        review.serialize_field("rounding", &decimal(self.rounding))?;
        review.serialize_field("choice", &self.choice)?;
        review.end()
    }
}
