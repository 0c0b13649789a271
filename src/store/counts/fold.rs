//! Between sales: moving the tally into what waits, releasing what that ends, and the end of a term.

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::domain::policy::DataClass;
use crate::seal::{KeyFile, SlotId};
use crate::store::error::StoreError;
use crate::store::expire::Terms;
use crate::store::forget::{Stage, doom};
use crate::store::open::Store;
use crate::store::ticket::day_number;

use super::held::Held;
use super::tally::Sums;
use super::{Tally, choices, released, row};

impl Store {
    /// Moves the tally into what waits, and releases the windows that are over. It takes longer the more
    /// products wait, so no sale waits for it.
    pub(in crate::store) fn fold_counts(&mut self) -> Result<(), StoreError> {
        let mut sums = Sums::load_or_lose(&self.connection, &self.keys)?;
        let Some(first) = sums.segments.first().map(|segment| segment.first) else {
            return Ok(());
        };
        self.require_spares(0, 3)?;
        let Store { connection, keys, policy, spares, tally, .. } = self;
        let mut spare = spares.plain.iter().rev();
        let mut next = || spare.next().expect("required before");
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut old = tally.old.clone();
        old.extend(tally.slot);
        let mut held = load_or_lose(&transaction, keys, first, &mut old)?;
        let over = held.fold(&std::mem::take(&mut sums.segments), &policy.release)?;
        let windows = held.note_days(&over, |ticket| day_of(&transaction, ticket))?;
        choices::tell(&transaction, &mut sums.choices)?;
        row::write(&transaction, row::HELD, next(), &old, &held.write())?;
        let for_tally = next();
        row::write(&transaction, row::TALLY, for_tally, [], &sums.write())?;
        let slot = Some(for_tally.slot);
        if !windows.is_empty() {
            released::write(&transaction, next(), &windows)?;
        }
        transaction.commit()?;
        let left = spare.len();
        spares.plain.truncate(left);
        *tally = Tally::of(&sums, slot, old);
        // With the log goes what the rows were before.
        if !windows.is_empty() {
            self.resume_from(Stage::Dropped);
        }
        Ok(())
    }

    /// Removes the counts that are past their term on `today`: released windows, those that wait, and choices
    /// that wait. The term of each counts from its first ticket. What does not open goes with the first of it.
    /// The slots are doomed: the caller zeroes them. Returns whether there were any.
    pub(in crate::store) fn expire_counts(
        &mut self,
        terms: &Terms,
        today: NaiveDate,
    ) -> Result<bool, StoreError> {
        self.fold_counts()?;
        let is_past = |ticket: u64, day: i32| {
            let day = NaiveDate::from_epoch_days(day);
            day.is_some_and(|day| terms.is_past(DataClass::Counters, Some(ticket), day, today))
        };
        let mut batches = released::batches(&self.connection, "day < ?1", [day_number(today)])?;
        batches.retain(|batch| is_past(batch.first, batch.day));
        let mut sums = Sums::load_or_lose(&self.connection, &self.keys)?;
        self.require_spares(0, 2 + batches.len())?;
        let Store { connection, keys, spares, tally, .. } = self;
        let mut spare = spares.plain.iter().rev();
        let mut next = || spare.next().expect("required before");
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut left_in_tally = None;
        if sums.choices.iter().any(|choices| is_past(choices.first, choices.day)) {
            sums.choices.retain(|choices| !is_past(choices.first, choices.day));
            let fresh = next();
            row::write(&transaction, row::TALLY, fresh, &tally.old, &sums.write())?;
            tally.slot.map(|slot| doom(&transaction, slot)).transpose()?;
            left_in_tally = Some(fresh.slot);
        }
        let mut doomed = left_in_tally.is_some() || !batches.is_empty();
        if let Some(held_slot) = row::slot(&transaction, row::HELD)?
            && let Ok(Some(mut held)) = Held::load(&transaction, keys)
            && held.expire(is_past)
        {
            row::write(&transaction, row::HELD, next(), &tally.old, &held.write())?;
            doom(&transaction, held_slot)?;
            doomed = true;
        }
        for batch in &batches {
            let mut windows = batch.open(keys).unwrap_or_default();
            windows.retain(|window| !is_past(window.first, window.day));
            batch.remove(&transaction)?;
            if !windows.is_empty() {
                released::write(&transaction, next(), &windows)?;
            }
        }
        transaction.commit()?;
        let left = spare.len();
        spares.plain.truncate(left);
        if left_in_tally.is_some() {
            *tally = Tally::of(&sums, left_in_tally, std::mem::take(&mut tally.old));
        }
        if doomed {
            self.resume_from(Stage::Tombstoned);
        }
        Ok(doomed)
    }
}

/// What waits, or nothing yet. What does not open is lost, and counting begins anew with ticket `first`. The
/// slot goes to the old ones in either case.
fn load_or_lose(
    connection: &Connection,
    keys: &KeyFile,
    first: u64,
    old: &mut Vec<SlotId>,
) -> Result<Held, StoreError> {
    old.extend(row::slot(connection, row::HELD)?);
    match Held::load(connection, keys) {
        Err(error @ StoreError::Damaged(_)) => {
            log::error!("{error}");
            Ok(Held::behind(first - 1))
        }
        held => Ok(held?.unwrap_or_else(|| Held::behind(first - 1))),
    }
}

/// The local day of a ticket, or of the first behind it that is still there.
pub(super) fn day_of(connection: &Connection, ticket: u64) -> Result<i32, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT substr(at, 1, 10) FROM ticket WHERE number >= ?1 ORDER BY number LIMIT 1")?;
    let day: Option<String> = statement.query_row([ticket], |row| row.get(0)).optional()?;
    let day = day.and_then(|day| day.parse::<NaiveDate>().ok());
    // With no ticket left, the term of what was counted with them is over.
    Ok(day.map_or(0, day_number))
}
