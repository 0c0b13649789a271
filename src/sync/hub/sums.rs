//! What was sold, by day: raised in the transaction that takes a record, by created records only. A
//! quarantined record is in no sum until somebody has looked at it; the report counts it apart.

use std::collections::BTreeMap;

use super::damaged;
use super::db::{Transaction, Value};
use super::error::HubError;
use super::judge::Ticket;
use crate::sync::wire::CountBody1;

/// Sums of one run. Sorted, so that two transactions raise the same rows in the same order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// By day and currency: sales and total.
    pub sales: BTreeMap<(i64, [u8; 3]), (i64, i64)>,
    /// By day, currency and rate: base and tax.
    pub taxes: BTreeMap<(i64, [u8; 3], u16), (i64, i64)>,
    /// By day and choice: sales.
    pub choices: BTreeMap<(i64, String), i64>,
}

impl Sums {
    pub(super) fn add_ticket(&mut self, ticket: &Ticket<'_>) {
        let sum = self.sales.entry((ticket.day, ticket.currency)).or_default();
        *sum = (sum.0 + 1, sum.1 + ticket.total);
        for (rate, base, tax) in &ticket.taxes {
            let sum = self.taxes.entry((ticket.day, ticket.currency, *rate)).or_default();
            *sum = (sum.0 + base, sum.1 + tax);
        }
    }

    pub(super) fn add_count(&mut self, count: &CountBody1) {
        let day = i64::from(count.day.to_epoch_days());
        for (choice, sales) in &count.choices {
            *self.choices.entry((day, choice.clone())).or_default() += i64::try_from(*sales).unwrap_or(0);
        }
    }

    /// Raises the rows by these sums.
    pub(super) fn raise(&self, tx: &mut Transaction<'_>, store: &str) -> Result<(), HubError> {
        let store = Value::Text(store);
        let sales = self.sales.iter().map(|((day, currency), (sales, total))| {
            vec![store, Value::Int(*day), code(currency), Value::Int(*sales), Value::Int(*total)]
        });
        tx.execute_each(
            "INSERT INTO day_sum (store, day, currency, sales, total) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (store, day, currency) DO UPDATE
             SET sales = day_sum.sales + excluded.sales, total = day_sum.total + excluded.total",
            &sales.collect::<Vec<_>>(),
        )?;
        let taxes = self.taxes.iter().map(|((day, currency, rate), (base, tax))| {
            let (rate, base, tax) = (Value::Int(i64::from(*rate)), Value::Int(*base), Value::Int(*tax));
            vec![store, Value::Int(*day), code(currency), rate, base, tax]
        });
        tx.execute_each(
            "INSERT INTO day_tax (store, day, currency, rate, base, tax) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (store, day, currency, rate) DO UPDATE
             SET base = day_tax.base + excluded.base, tax = day_tax.tax + excluded.tax",
            &taxes.collect::<Vec<_>>(),
        )?;
        let choices = self.choices.iter().map(|((day, choice), sales)| {
            vec![store, Value::Int(*day), Value::Text(choice), Value::Int(*sales)]
        });
        Ok(tx.execute_each(
            "INSERT INTO day_choice (store, day, choice, sales) VALUES ($1, $2, $3, $4)
             ON CONFLICT (store, day, choice) DO UPDATE SET sales = day_choice.sales + excluded.sales",
            &choices.collect::<Vec<_>>(),
        )?)
    }

    /// The sums of a store as they stand.
    pub(super) fn read(tx: &mut Transaction<'_>, store: &str) -> Result<Sums, HubError> {
        let of_store = [Value::Text(store)];
        let mut sums = Sums::default();
        for row in &tx.query("SELECT day, currency, sales, total FROM day_sum WHERE store = $1", &of_store)? {
            sums.sales.insert((row.int(0)?, letters(row.text(1)?)?), (row.int(2)?, row.int(3)?));
        }
        for row in
            &tx.query("SELECT day, currency, rate, base, tax FROM day_tax WHERE store = $1", &of_store)?
        {
            let rate = u16::try_from(row.int(2)?).map_err(|_| damaged("a rate"))?;
            sums.taxes.insert((row.int(0)?, letters(row.text(1)?)?, rate), (row.int(3)?, row.int(4)?));
        }
        for row in &tx.query("SELECT day, choice, sales FROM day_choice WHERE store = $1", &of_store)? {
            sums.choices.insert((row.int(0)?, row.text(1)?.to_owned()), row.int(2)?);
        }
        Ok(sums)
    }
}

fn letters(code: &str) -> Result<[u8; 3], HubError> {
    code.as_bytes().try_into().map_err(|_| damaged("a currency"))
}

fn code(currency: &[u8; 3]) -> Value<'_> {
    // A currency that is known has three letters.
    Value::Text(std::str::from_utf8(currency).unwrap_or("???"))
}
