//! What a store of 0.2.0 counted: by product and day, in the clear, and the last sales in a sealed row of
//! another shape. Days are folded into windows as long as the rule's longest; what is left waits.
//!
//! One transaction: a crash before it leaves all as it was, and slots that nobody needs.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use serde::Deserialize;

use crate::domain::policy::Release;
use crate::seal::{DataKey, KeyFile, SlotId, random_id};
use crate::store::columns::slot_id;
use crate::store::error::StoreError;
use crate::store::forget::doom;
use crate::store::rest::await_compaction;
use crate::store::spare::PlainSpare;
use crate::store::ticket;

use super::fold::day_of;
use super::held::Held;
use super::released::{self, Window};
use super::tally::{DayChoices, Sums};
use super::{Counted, Sum, row};

/// How 0.2.0 wrote its last sales.
#[derive(Default, Deserialize)]
struct OldSums {
    day: i32,
    sales: u32,
    /// Product → thousandths of its unit, minor units of money.
    products: BTreeMap<u32, (i64, i64)>,
    choices: BTreeMap<String, u32>,
}

/// The counts of days with neighbouring tickets.
struct Days {
    first: u64,
    last: u64,
    day: i32,
    sums: BTreeMap<u32, Sum>,
}

impl Days {
    fn tickets(&self) -> u64 {
        (self.last + 1).saturating_sub(self.first)
    }

    fn add(&mut self, product: u32, quantity: i64, amount: i64) -> Result<(), StoreError> {
        self.sums.entry(product).or_default().add(Sum { sales: 0, quantity, amount })
    }
}

/// Takes over the counts of 0.2.0, where there are any. Safe to repeat. Returns whether there were: then the
/// database is to be compacted, and its log truncated, before it tells nothing of them.
pub(in crate::store) fn take_over(
    connection: &mut Connection,
    keys: &mut KeyFile,
    rule: &Release,
) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'product_counter')";
    if !connection.query_row(sql, [], |row| row.get(0))? {
        return Ok(false);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let head = ticket::head(&transaction)?.number;
    let (old_slot, tally) = old_tally(&transaction, keys)?;
    let windows = windows(by_day(&transaction, head, &tally)?, u64::from(rule.longest))?;
    let were_some = old_slot.is_some() || !windows.is_empty();
    if were_some {
        let mut spares = spares(keys, windows.len() + 2)?.into_iter();
        write(&transaction, head, windows, &tally, rule, &mut spares)?;
    }
    if let Some(slot) = old_slot {
        doom(&transaction, slot)?;
    }
    // Overwritten before they are dropped, as whatever is.
    transaction.execute_batch(
        "UPDATE product_counter SET quantity = 0, amount = 0;
         DROP TABLE product_counter;
         UPDATE tally_by_day SET sealed = zeroblob(length(sealed));
         DROP TABLE tally_by_day;",
    )?;
    if were_some {
        await_compaction(&transaction)?;
    }
    transaction.commit()?;
    Ok(were_some)
}

fn write(
    transaction: &Transaction<'_>,
    head: u64,
    windows: Vec<Days>,
    tally: &OldSums,
    rule: &Release,
    spares: &mut impl Iterator<Item = PlainSpare>,
) -> Result<(), StoreError> {
    let mut next = || spares.next().expect("one for each row");
    let mut origin = 1;
    let mut rest = BTreeMap::new();
    for days in windows {
        if days.tickets() < u64::from(rule.longest) {
            // The last: what is left.
            rest = days.sums;
            break;
        }
        origin = days.last + 1;
        released::write(transaction, &next(), &released(days))?;
    }
    let mut held = Held::from(origin, head);
    for (product, sum) in rest {
        held.take_rest(Counted::Product(product), sum)?;
    }
    for (product, &(quantity, amount)) in &tally.products {
        held.take_rest(Counted::Product(*product), Sum { sales: 0, quantity, amount })?;
    }
    held.note_days(&[], |ticket| day_of(transaction, ticket))?;
    row::write(transaction, row::HELD, &next(), [], &held.write())?;
    let choices = DayChoices {
        day: tally.day,
        first: (head + 1).saturating_sub(u64::from(tally.sales)),
        last: head,
        sales: tally.choices.clone(),
    };
    let sums = Sums { choices: vec![choices], ..Sums::default() };
    row::write(transaction, row::TALLY, &next(), [], &sums.write())
}

fn released(days: Days) -> Vec<Window> {
    let Days { first, last, day, sums } = days;
    let window = |(product, sum): (u32, Sum)| Window {
        counted: Counted::Product(product),
        first,
        last,
        day,
        quantity: sum.quantity,
        amount: sum.amount,
    };
    sums.into_iter().map(window).collect()
}

/// The slot of 0.2.0's row and what it holds: nothing, where it does not open.
fn old_tally(connection: &Connection, keys: &KeyFile) -> Result<(Option<SlotId>, OldSums), StoreError> {
    let row = connection
        .query_row("SELECT slot, owner, sealed FROM tally_by_day", [], |row| {
            Ok((slot_id(row, 0, row.get(1)?)?, row.get::<_, Vec<u8>>(2)?))
        })
        .optional()?;
    let Some((slot, sealed)) = row else { return Ok((None, OldSums::default())) };
    let sums = row::open(keys, slot, &sealed)?.and_then(|plain| serde_json::from_slice(&plain).ok());
    if sums.is_none() {
        log::error!("the counts of the last sales cannot be unsealed");
    }
    Ok((Some(slot), sums.unwrap_or_default()))
}

/// What was counted in the clear, by day, in the order of their first tickets. `tally` has the last sales of
/// its day.
fn by_day(connection: &Connection, head: u64, tally: &OldSums) -> Result<Vec<Days>, StoreError> {
    let gone: u64 =
        connection.query_row("SELECT coalesce(max(number), 0) FROM anchor", [], |row| row.get(0))?;
    let mut statement = connection.prepare(
        "SELECT cast(julianday(substr(at, 1, 10)) - 2440587.5 AS INTEGER), min(number), max(number)
         FROM ticket GROUP BY 1",
    )?;
    let tickets = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    let tickets: BTreeMap<i32, (u64, u64)> = tickets.collect::<Result<_, _>>()?;
    let mut statement = connection.prepare("SELECT day, product, quantity, amount FROM product_counter")?;
    let mut rows = statement.query([])?;
    let mut days: BTreeMap<i32, Days> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let day: i32 = row.get(0)?;
        // Where the tickets of a day are gone, they were among the first.
        let (first, mut last) = tickets.get(&day).copied().unwrap_or((1, gone));
        if day == tally.day {
            last = last.min(head.saturating_sub(u64::from(tally.sales)));
        }
        let days = days.entry(day).or_insert(Days { first, last, day, sums: BTreeMap::new() });
        days.add(row.get(1)?, row.get(2)?, row.get(3)?)?;
    }
    let mut days: Vec<Days> = days.into_values().collect();
    days.sort_by_key(|days| days.first);
    Ok(days)
}

/// Windows of at least so many tickets, of whole days; the last may be shorter. None overlaps another, though
/// days do that were imported out of their order.
fn windows(days: Vec<Days>, longest: u64) -> Result<Vec<Days>, StoreError> {
    let mut windows: Vec<Days> = Vec::new();
    for days in days {
        match windows.last_mut().filter(|window| window.tickets() < longest || days.first <= window.last) {
            Some(window) => {
                window.last = window.last.max(days.last);
                window.day = window.day.min(days.day);
                for (product, sum) in days.sums {
                    window.add(product, sum.quantity, sum.amount)?;
                }
            }
            None => {
                // A day without products in between belongs to the window behind it.
                let first = windows.last().map_or(1, |window| window.last + 1);
                windows.push(Days { first, ..days });
            }
        }
    }
    Ok(windows)
}

fn spares(keys: &mut KeyFile, count: usize) -> Result<Vec<PlainSpare>, StoreError> {
    let owners: Vec<[u8; 16]> = (0..count).map(|_| random_id()).collect();
    let given: Vec<(SlotId, DataKey)> = keys.write(&owners)?;
    Ok(given.into_iter().map(|(slot, key)| PlainSpare { slot, key }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(spans: &[(u64, u64)]) -> Vec<Days> {
        let of = |(day, &(first, last)): (i32, &(u64, u64))| Days {
            first,
            last,
            day,
            sums: BTreeMap::from([(7, Sum { sales: 0, quantity: 1000, amount: last as i64 })]),
        };
        (0..).zip(spans).map(of).collect()
    }

    fn spans(given: &[(u64, u64)]) -> Vec<(u64, u64, i64)> {
        let windows = windows(days(given), 1600).unwrap();
        windows.into_iter().map(|window| (window.first, window.last, window.sums[&7].amount)).collect()
    }

    #[test]
    fn days_are_folded_into_windows_of_1600_tickets_and_none_overlaps_another() {
        assert_eq!(spans(&[]), []);
        assert_eq!(spans(&[(1, 5), (6, 10)]), [(1, 10, 15)], "the last is left to wait");
        assert_eq!(spans(&[(1, 1599), (1600, 1604), (1605, 9000)]), [(1, 1604, 3203), (1605, 9000, 9000)]);
        // A day without products is in the window behind it.
        assert_eq!(spans(&[(3, 1700), (1800, 1900)]), [(1, 1700, 1700), (1701, 1900, 1900)]);
        // A day that was imported in between and went on later.
        assert_eq!(spans(&[(1, 4000), (2000, 2100), (4001, 4002)]), [(1, 4000, 6100), (4001, 4002, 4002)]);
        // Tickets of these days are gone.
        assert_eq!(spans(&[(1, 0), (1, 50), (51, 60)]), [(1, 60, 110)]);
    }
}
