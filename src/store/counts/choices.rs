//! What customers chose, by day: told a few dozen sales together, or with the last ones of a day that is over,
//! so that nobody's own choice is in a table. The hub hears of each batch when the next is told.

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::error::StoreError;
use crate::store::outbox;

use super::tally::DayChoices;

/// Sales whose choices are told together while their day lasts.
const SALES_MIXED: u64 = 32;

/// Moves what can be told into the table, inside a transaction; the rest stays.
pub(super) fn tell(connection: &Connection, waiting: &mut Vec<DayChoices>) -> Result<(), StoreError> {
    let Some(mut today) = waiting.pop() else { return Ok(()) };
    for over in waiting.drain(..) {
        add(connection, &over)?;
        outbox::queue_counts(connection, over.day)?;
    }
    if is_mixed(&today) {
        // Those before these: a day's last few are never told to the hub by themselves.
        outbox::queue_counts(connection, today.day)?;
        add(connection, &today)?;
        today.sales.clear();
    }
    // Even without sales: with the next day's first, those told last go to the hub.
    waiting.push(today);
    Ok(())
}

/// Whether [`tell`] would move any.
pub(super) fn can_be_told(waiting: &[DayChoices]) -> bool {
    waiting.len() > 1 || waiting.iter().any(is_mixed)
}

fn is_mixed(choices: &DayChoices) -> bool {
    choices.sales.values().copied().map(u64::from).sum::<u64>() >= SALES_MIXED
}

fn add(connection: &Connection, choices: &DayChoices) -> Result<(), StoreError> {
    let DayChoices { day, first, last, sales } = choices;
    if sales.is_empty() {
        return Ok(());
    }
    for (choice, sales) in sales {
        connection
            .prepare_cached(
                "INSERT INTO choice_counter (day, choice, sales) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET sales = sales + excluded.sales",
            )?
            .execute(params![day, choice, sales])?;
    }
    // Where a day was counted before tickets were noted, its tickets stay unknown.
    connection
        .prepare_cached(
            "INSERT INTO choice_day (day, first, last, unqueued) VALUES (?1, ?2, ?3, ?2)
             ON CONFLICT DO UPDATE SET last = max(last, excluded.last),
                 unqueued = CASE WHEN first IS NULL THEN NULL ELSE coalesce(unqueued, excluded.unqueued) END",
        )?
        .execute(params![day, first, last])?;
    Ok(())
}

/// The tickets of a day whose choices are in the table and not in the outbox yet: first and last. From here on
/// they are in the outbox.
pub(in crate::store) fn queue_tickets(
    connection: &Connection,
    day: i32,
) -> Result<Option<(u64, u64)>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT unqueued, last FROM choice_day WHERE day = ?1 AND unqueued IS NOT NULL")?;
    let tickets = statement.query_row([day], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    connection.prepare_cached("UPDATE choice_day SET unqueued = NULL WHERE day = ?1")?.execute([day])?;
    Ok(tickets)
}
