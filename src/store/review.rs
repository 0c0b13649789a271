//! What was sold, added up: what the manager reads, and what an independent sum must equal.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::params;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::domain::money::{Currency, Money};
use crate::domain::tax::TaxRate;
use crate::domain::tender::TenderKind;
use crate::domain::ticket::TicketBody;

use super::error::StoreError;
use super::open::Store;
use super::tally::{Tally, UNANSWERED};
use super::ticket::day_number;

/// Local days, both included; an open end where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days {
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

/// Sums over the tickets of some days, in the store's present currency. As JSON it holds decimal
/// strings: `{"sales":…,"total":"…","by_day":{…},"tax":{…},"department":{…},"tender":{…},"choice":{…}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    pub currency: Currency,
    pub sales: u64,
    pub total: Money,
    pub by_day: BTreeMap<NaiveDate, DaySum>,
    pub tax: BTreeMap<TaxRate, TaxSum>,
    pub department: BTreeMap<String, Money>,
    /// What stayed in the drawer and on the card machine: change is taken off.
    pub tender: BTreeMap<TenderKind, Money>,
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
            tender: BTreeMap::new(),
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
        for goods in body.goods {
            add(self.department.entry(goods.kind).or_default(), goods.amount)?;
        }
        for tender in body.tenders {
            add(self.tender.entry(tender.kind).or_default(), tender.amount)?;
        }
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
        // One look at all tables, whatever is written meanwhile.
        let snapshot = self.connection.unchecked_transaction()?;
        let mut review = Review::empty(self.issuer.currency.clone());
        let (first, last) = days.texts();
        let mut statement = snapshot.prepare(
            "SELECT substr(t.at, 1, 10) AS day, t.total, t.body, t.number
             FROM ticket t JOIN issuer i ON i.id = t.issuer
             WHERE day BETWEEN ?1 AND ?2 AND i.currency = ?3",
        )?;
        let mut rows = statement.query(params![first, last, self.issuer.currency.code])?;
        while let Some(row) = rows.next()? {
            let damaged = |what: &str| match row.get::<_, u64>(3) {
                Ok(number) => StoreError::Damaged(format!("ticket {number}: {what}")),
                Err(error) => error.into(),
            };
            let day = row.get_ref(0)?.as_str().ok().and_then(|day| day.parse().ok());
            let body = row.get_ref(2)?.as_str().ok().and_then(|body| serde_json::from_str(body).ok());
            let day = day.ok_or_else(|| damaged("its time"))?;
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
        let tally = Tally::load(&snapshot, &self.keys)?;
        let (day, waiting) = tally.choices();
        for (choice, sales) in waiting.iter().filter(|_| days.contain(day)) {
            review.count(choice, u64::from(*sales));
        }
        Ok(review)
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
        let mut review = serializer.serialize_struct("Review", 7)?;
        review.serialize_field("sales", &self.sales)?;
        review.serialize_field("total", &decimal(self.total))?;
        review.serialize_field("by_day", &Pairs(by_day.collect()))?;
        review.serialize_field("tax", &Pairs(tax.collect()))?;
        review.serialize_field("department", &Pairs(department.collect()))?;
        review.serialize_field("tender", &Pairs(tender.collect()))?;
        review.serialize_field("choice", &self.choice)?;
        review.end()
    }
}
