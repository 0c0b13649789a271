//! What waits: for each product its window and what was sold in it so far. The rule is here.

use std::collections::btree_map::{BTreeMap, Entry};

use rusqlite::Connection;
use zeroize::Zeroizing;

use crate::domain::policy::Release;
use crate::seal::KeyFile;
use crate::store::error::StoreError;

use super::codec::{Reader, Writer};
use super::released::Window;
use super::row;
use super::tally::Segment;
use super::{Counted, MIX_TICKETS, Sum};

const FORMAT: u64 = 1;

/// A window that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open {
    /// Its first ticket. Behind a window in which nothing was sold it is where *that* began: the windows
    /// between are counted off when the next sale comes.
    pub first: u64,
    pub sum: Sum,
}

/// What waits, of all products. It is read for a fold and dropped after it: nothing of it stays in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Held {
    /// The first ticket that was counted here: the first window of every product begins there.
    origin: u64,
    /// The last ticket that was.
    through: u64,
    /// Of every product that was ever sold since. Where one is silent stands here too, or its next window
    /// would begin where the sale is.
    open: BTreeMap<Counted, Open>,
    /// The local day of the first ticket of each window that something was sold in.
    days: BTreeMap<u64, i32>,
}

impl Held {
    /// Nothing yet; the next ticket is the first that counts.
    pub(super) fn behind(through: u64) -> Held {
        Held::from(through + 1, through)
    }

    /// Nothing yet, of tickets that were counted elsewhere up to `through`, and of which `origin` is the first
    /// that waits.
    pub(super) fn from(origin: u64, through: u64) -> Held {
        Held { origin, through, open: BTreeMap::new(), days: BTreeMap::new() }
    }

    /// What is on disk; `None` where nothing is. Errors: `Damaged`.
    pub(in crate::store) fn load(
        connection: &Connection,
        keys: &KeyFile,
    ) -> Result<Option<Held>, StoreError> {
        let Some(sealed) = row::find(connection, row::HELD)? else { return Ok(None) };
        let damaged = || StoreError::Damaged("the counts that wait cannot be unsealed".into());
        let plain = sealed.open(keys)?.ok_or_else(damaged)?;
        Held::read(&plain).map(Some).ok_or_else(damaged)
    }

    /// Takes in sales, and gives the windows that ended at them. Their days are still to be noted.
    pub(super) fn fold(
        &mut self,
        segments: &[Segment],
        rule: &Release,
    ) -> Result<Vec<(Counted, Open, u64)>, StoreError> {
        let mut over = Vec::new();
        for segment in segments {
            for (counted, sum) in &segment.sums {
                let open = self
                    .open
                    .entry(counted.clone())
                    .or_insert(Open { first: self.origin, sum: Sum::default() });
                if open.sum.is_empty() {
                    // No window ends inside a segment, so the last ticket is in the same one as the sale.
                    open.first = window_of(segment.last, open.first, rule);
                }
                open.sum.add(*sum)?;
            }
            self.through = segment.last;
            if segment.last % MIX_TICKETS == 0 {
                self.end_windows(rule, &mut over);
            }
        }
        Ok(over)
    }

    /// Ends the windows that are over at the last ticket.
    fn end_windows(&mut self, rule: &Release, over: &mut Vec<(Counted, Open, u64)>) {
        let last = self.through;
        for (counted, open) in &mut self.open {
            // In a silent window nothing was sold: it ends unseen.
            if !open.sum.is_empty() && is_over(open, last, rule) {
                over.push((counted.clone(), *open, last));
                *open = Open { first: last + 1, sum: Sum::default() };
            }
        }
    }

    /// Notes the days of windows that something was sold in; `day_of` is asked once for each first ticket.
    pub(super) fn note_days(
        &mut self,
        over: &[(Counted, Open, u64)],
        mut day_of: impl FnMut(u64) -> Result<i32, StoreError>,
    ) -> Result<Vec<Window>, StoreError> {
        let used = self.first_tickets();
        for first in over.iter().map(|(_, open, _)| open.first).chain(used.iter().copied()) {
            if let Entry::Vacant(unknown) = self.days.entry(first) {
                unknown.insert(day_of(first)?);
            }
        }
        let window = |(counted, open, last): &(Counted, Open, u64)| Window {
            counted: counted.clone(),
            first: open.first,
            last: *last,
            day: self.days[&open.first],
            quantity: open.sum.quantity,
            amount: open.sum.amount,
        };
        let windows = over.iter().map(window).collect();
        self.days.retain(|first, _| used.binary_search(first).is_ok());
        Ok(windows)
    }

    /// First tickets of the windows that something was sold in, each once, in order. There are few of them
    /// beside the products.
    fn first_tickets(&self) -> Vec<u64> {
        let mut firsts: Vec<u64> =
            self.open.values().filter(|open| !open.sum.is_empty()).map(|open| open.first).collect();
        firsts.sort_unstable();
        firsts.dedup();
        firsts
    }

    /// Drops what was sold in windows whose first day is past its term. Returns whether anything was.
    pub(super) fn expire(&mut self, is_past: impl Fn(u64, i32) -> bool) -> bool {
        let past: Vec<u64> = self
            .days
            .iter()
            .filter(|(first, day)| is_past(**first, **day))
            .map(|(first, _)| *first)
            .collect();
        for open in self.open.values_mut().filter(|open| !open.sum.is_empty() && past.contains(&open.first)) {
            *open = Open { first: self.through + 1, sum: Sum::default() };
        }
        self.days.retain(|first, _| !past.contains(first));
        !past.is_empty()
    }

    /// Takes in what was sold since `origin`, in how many sales is not known.
    pub(super) fn take_rest(&mut self, counted: Counted, sum: Sum) -> Result<(), StoreError> {
        let first = self.origin;
        self.open.entry(counted).or_insert(Open { first, sum: Sum::default() }).sum.add(sum)
    }

    /// Sales and money that wait.
    #[cfg(test)]
    pub(in crate::store) fn waiting(&self) -> (u32, i64) {
        let sums = self.open.values().map(|open| open.sum);
        sums.fold((0, 0), |(sales, amount), sum| (sales + sum.sales, amount + sum.amount))
    }

    pub(super) fn write(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::default();
        for number in [FORMAT, self.origin, self.through, self.days.len() as u64] {
            writer.number(number);
        }
        for (first, day) in &self.days {
            writer.number(*first);
            writer.signed(i64::from(*day));
        }
        writer.number(self.open.len() as u64);
        let mut before = 0;
        for (counted, open) in &self.open {
            counted.write(&mut writer, &mut before);
            // How far back it began, and whether something was sold in it.
            let age = (self.through + 1).saturating_sub(open.first);
            writer.number(age << 1 | u64::from(!open.sum.is_empty()));
            if !open.sum.is_empty() {
                open.sum.write(&mut writer);
            }
        }
        writer.into_bytes()
    }

    fn read(plain: &[u8]) -> Option<Held> {
        let mut reader = Reader(plain);
        if reader.number()? != FORMAT {
            return None;
        }
        let (origin, through) = (reader.number()?, reader.number()?);
        let mut held = Held { origin, through, open: BTreeMap::new(), days: BTreeMap::new() };
        for _ in 0..reader.number()? {
            held.days.insert(reader.number()?, reader.signed()?.try_into().ok()?);
        }
        let mut before = 0;
        // Built in one go: that takes a fraction of the time of so many insertions.
        let open: Option<Vec<_>> = (0..reader.number()?)
            .map(|_| {
                let counted = Counted::read(&mut reader, &mut before)?;
                let began = reader.number()?;
                let first = through.checked_add(1)?.checked_sub(began >> 1)?;
                let sum = if began & 1 == 1 { Sum::read(&mut reader)? } else { Sum::default() };
                Some((counted, Open { first, sum }))
            })
            .collect();
        held.open = open?.into_iter().collect();
        reader.is_at_end().then_some(held)
    }
}

/// The last ticket of a window that begins at `first` and in which fewer sales were than end it before.
fn last_of(first: u64, rule: &Release) -> u64 {
    (first + u64::from(rule.longest) - 1).next_multiple_of(MIX_TICKETS)
}

/// The first ticket of the window that holds `ticket`, in a row of windows without sales from `first` on.
fn window_of(ticket: u64, first: u64, rule: &Release) -> u64 {
    let last = last_of(first, rule);
    if ticket <= last {
        return first;
    }
    // The others begin behind such a ticket, so that they are all of one length.
    let length = u64::from(rule.longest).next_multiple_of(MIX_TICKETS);
    last + 1 + (ticket - last - 1) / length * length
}

fn is_over(open: &Open, last: u64, rule: &Release) -> bool {
    let tickets = last + 1 - open.first;
    (open.sum.sales >= rule.sales && tickets >= u64::from(rule.tickets)) || last >= last_of(open.first, rule)
}

#[cfg(test)]
#[path = "held_tests.rs"]
mod tests;
