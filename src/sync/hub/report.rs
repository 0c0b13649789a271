//! What was sold in a store, added up: read from the sums that each record raised.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::db::{Transaction, Value};
use super::error::HubError;
use super::{Hub, damaged};
use crate::domain::money::{Currency, Money};
use crate::domain::tax::TaxRate;
use crate::store::Days;

/// Sums over some days of a store. As JSON amounts are decimal strings:
/// `{"store":"…","sales":…,"currency":{"EUR":{"sales":…,"total":"…","tax":{"10":{"base":"…","tax":"…"}}}},
/// "choice":{…},"not_counted":…,"by_day":{"2026-03-02":{…}},"quarantined":{…},"conflicts":…}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub store: String,
    #[serde(flatten)]
    pub all: DayReport,
    pub by_day: BTreeMap<NaiveDate, DayReport>,
    /// Records that break a rule, by which: in none of the sums, and of any day.
    pub quarantined: BTreeMap<String, u64>,
    /// Records under an index that was taken by other bytes, of any day.
    pub conflicts: u64,
}

/// Sums over one day, or over all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DayReport {
    pub sales: u64,
    /// By ISO 4217 code.
    pub currency: BTreeMap<String, CurrencySum>,
    /// Sales by what the customer chose; `_unanswered` for no answer.
    pub choice: BTreeMap<String, u64>,
    /// Sales whose choice is not known yet: tills tell choices some dozen sales at once. Below zero
    /// where a choice came before its ticket.
    pub not_counted: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencySum {
    /// Digits after the decimal sign.
    pub decimals: u8,
    pub sales: u64,
    pub total: Money,
    /// By rate: base and tax.
    pub tax: BTreeMap<TaxRate, (Money, Money)>,
}

impl Hub {
    /// Adds up some days of a store. Errors: `Database`.
    pub fn report(&self, store: &str, days: Days) -> Result<Report, HubError> {
        self.database.read(|tx| {
            let day = |day: Option<NaiveDate>, open| day.map_or(open, |day| i64::from(day.to_epoch_days()));
            let range = [
                Value::Text(store),
                Value::Int(day(days.from, i64::MIN)),
                Value::Int(day(days.to, i64::MAX)),
            ];
            let mut report = Report { store: store.to_owned(), ..Report::default() };
            report.read_sums(tx, &range)?;
            report.read_choices(tx, &range)?;
            for day in report.by_day.values_mut() {
                day.settle();
            }
            report.all.settle();
            report.read_faults(tx, store)?;
            Ok(report)
        })
    }
}

impl Report {
    fn read_sums(&mut self, tx: &mut Transaction<'_>, range: &[Value<'_>; 3]) -> Result<(), HubError> {
        let sql = "SELECT day, currency, sales, total FROM day_sum
                   WHERE store = $1 AND day BETWEEN $2 AND $3";
        for row in &tx.query(sql, range)? {
            let (code, sales, total) = (row.text(1)?, row.uint(2)?, Money(row.int(3)?));
            for report in self.of_day(row.int(0)?)? {
                report.sales += sales;
                let sum = report.currency_sum(code)?;
                sum.sales += sales;
                sum.total = plus(sum.total, total)?;
            }
        }
        let sql = "SELECT day, currency, rate, base, tax FROM day_tax
                   WHERE store = $1 AND day BETWEEN $2 AND $3";
        for row in &tx.query(sql, range)? {
            let rate = u16::try_from(row.int(2)?).map(TaxRate).map_err(|_| damaged("a rate"))?;
            let (base, tax) = (Money(row.int(3)?), Money(row.int(4)?));
            for report in self.of_day(row.int(0)?)? {
                let sum = report.currency_sum(row.text(1)?)?.tax.entry(rate).or_default();
                *sum = (plus(sum.0, base)?, plus(sum.1, tax)?);
            }
        }
        Ok(())
    }

    fn read_choices(&mut self, tx: &mut Transaction<'_>, range: &[Value<'_>; 3]) -> Result<(), HubError> {
        let sql = "SELECT day, choice, sales FROM day_choice WHERE store = $1 AND day BETWEEN $2 AND $3";
        for row in &tx.query(sql, range)? {
            let sales = row.uint(2)?;
            for report in self.of_day(row.int(0)?)? {
                *report.choice.entry(row.text(1)?.to_owned()).or_default() += sales;
            }
        }
        Ok(())
    }

    fn read_faults(&mut self, tx: &mut Transaction<'_>, store: &str) -> Result<(), HubError> {
        let args = [Value::Text(store), Value::Text(super::stored::AGAIN)];
        let rows = tx.query(
            "SELECT flag, count(*) FROM record WHERE store = $1 AND flag IS NOT NULL AND flag <> $2
             GROUP BY flag",
            &args,
        )?;
        for row in &rows {
            self.quarantined.insert(row.text(0)?.to_owned(), row.uint(1)?);
        }
        let row = tx.query_one("SELECT count(*) FROM conflict WHERE store = $1", &args[..1])?;
        self.conflicts = row.map(|row| row.uint(0)).transpose()?.unwrap_or(0);
        Ok(())
    }

    /// What a row of that day is added to.
    fn of_day(&mut self, day: i64) -> Result<[&mut DayReport; 2], HubError> {
        let day = i32::try_from(day).ok().and_then(NaiveDate::from_epoch_days);
        let day = day.ok_or_else(|| damaged("a day"))?;
        Ok([&mut self.all, self.by_day.entry(day).or_default()])
    }
}

impl DayReport {
    fn currency_sum(&mut self, code: &str) -> Result<&mut CurrencySum, HubError> {
        let currency = Currency::from_code(code).ok_or_else(|| damaged("a currency"))?;
        Ok(self.currency.entry(currency.code).or_insert_with(|| CurrencySum {
            decimals: currency.decimals,
            sales: 0,
            total: Money::ZERO,
            tax: BTreeMap::new(),
        }))
    }

    fn settle(&mut self) {
        let counted: u64 = self.choice.values().sum();
        self.not_counted = self.sales as i64 - counted as i64;
    }
}

fn plus(sum: Money, amount: Money) -> Result<Money, HubError> {
    sum.plus(amount).map_err(|_| damaged("more than money can be"))
}

impl Serialize for CurrencySum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct TaxJson {
            base: String,
            tax: String,
        }
        let decimal = |amount: Money| amount.decimal(self.decimals);
        let taxes: Vec<(String, TaxJson)> = self
            .tax
            .iter()
            .map(|(rate, (base, tax))| (rate.decimal(), TaxJson { base: decimal(*base), tax: decimal(*tax) }))
            .collect();
        let mut sum = serializer.serialize_map(Some(3))?;
        sum.serialize_entry("sales", &self.sales)?;
        sum.serialize_entry("total", &decimal(self.total))?;
        sum.serialize_entry("tax", &Pairs(taxes))?;
        sum.end()
    }
}

/// Names and values in the order given: rates sort as numbers, not as text.
struct Pairs<V>(Vec<(String, V)>);

impl<V: Serialize> Serialize for Pairs<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
