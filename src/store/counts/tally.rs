//! The sales since the last fold, in one sealed row.
//!
//! Each sale writes the row anew, under a key of its own, in its own transaction: one small page, however
//! much waits. Which keys older versions of the row had stands in the row itself until they are zero. That is
//! done in the one write that ends a sold draft, so it costs a sale nothing, and a crash loses none of them.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::domain::sale::Sale;
use crate::seal::{KeyFile, KeysError, SlotId};
use crate::store::error::StoreError;
use crate::store::spare::PlainSpare;
use crate::store::ticket::day_number;

use super::codec::{Reader, Writer};
use super::row;
use super::{Counted, MIX_TICKETS, Sum, choices};

/// Id under which unanswered sales are counted: no policy can use it, ids have no underscore.
pub(in crate::store) const UNANSWERED: &str = "_unanswered";

const FORMAT: u64 = 2;

/// Sales of neighbouring tickets with no end of a window between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Segment {
    pub first: u64,
    pub last: u64,
    pub sums: BTreeMap<Counted, Sum>,
}

/// What customers chose in neighbouring sales of one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct DayChoices {
    /// Days since 1970-01-01, local.
    pub day: i32,
    /// Numbers of the first and last ticket.
    pub first: u64,
    pub last: u64,
    pub sales: BTreeMap<String, u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Sums {
    pub(super) segments: Vec<Segment>,
    /// Told by the day, and a few dozen sales at a time: these wait for more.
    pub(super) choices: Vec<DayChoices>,
}

/// The slots that have to do with the row, and what is to be done with it. What was sold stands in no memory
/// behind its sale: each sale reads the row anew.
#[derive(Default)]
pub(in crate::store) struct Tally {
    /// Of the row, where there is one.
    pub(super) slot: Option<SlotId>,
    /// Slots of older versions, which are still to be zeroed.
    pub(super) old: Vec<SlotId>,
    has_end: bool,
    is_worth_folding: bool,
}

/// Sums inside a transaction, which may or may not be committed.
pub(in crate::store) struct Pending(Sums);

impl Tally {
    /// What the row is, and the old slots of what is held back as well. Errors: as of [`Sums::load_or_lose`].
    pub(in crate::store) fn load(connection: &Connection, keys: &KeyFile) -> Result<Tally, StoreError> {
        let mut old = row::old_slots(connection, row::HELD)?;
        old.extend(row::old_slots(connection, row::TALLY)?);
        let slot = row::slot(connection, row::TALLY)?;
        Ok(Tally::of(&Sums::load_or_lose(connection, keys)?, slot, old))
    }

    pub(super) fn of(sums: &Sums, slot: Option<SlotId>, old: Vec<SlotId>) -> Tally {
        let has_end = sums.segments.iter().any(|segment| segment.last % MIX_TICKETS == 0);
        let is_worth_folding = has_end || choices::can_be_told(&sums.choices);
        Tally { slot, old, has_end, is_worth_folding }
    }

    /// Slots whose rows were written anew: to be zeroed when something else is.
    pub(in crate::store) fn old_slots(&self) -> &[SlotId] {
        &self.old
    }

    /// The old slots are zero, durably.
    pub(in crate::store) fn zeroed(&mut self) {
        self.old.clear();
    }

    /// Whether a window may have ended among these sales.
    pub(in crate::store) fn has_end(&self) -> bool {
        self.has_end
    }

    /// Whether a fold would change what is told. What waits is written whole by it, so that it is not done
    /// after each sale: a forget has to overwrite what lies in the log.
    pub(in crate::store) fn is_worth_folding(&self) -> bool {
        self.is_worth_folding
    }

    /// Writes the row under the key of `spare`, inside a transaction.
    pub(in crate::store) fn save(
        &self,
        pending: &Pending,
        spare: &PlainSpare,
        connection: &Connection,
    ) -> Result<(), StoreError> {
        let old = self.old.iter().chain(&self.slot);
        row::write(connection, row::TALLY, spare, old, &pending.0.write())
    }

    /// Notes what a transaction has committed under the key in `slot`.
    pub(in crate::store) fn committed(&mut self, pending: &Pending, slot: SlotId) {
        let mut old = std::mem::take(&mut self.old);
        old.extend(self.slot);
        *self = Tally::of(&pending.0, Some(slot), old);
    }
}

impl Pending {
    /// The sums as they are, for a sale to be added. Errors: as of [`Sums::load_or_lose`].
    pub(in crate::store) fn begin(connection: &Connection, keys: &KeyFile) -> Result<Pending, StoreError> {
        Sums::load_or_lose(connection, keys).map(Pending)
    }

    /// Adds the sale of that ticket. Errors: `Damaged` where the sums are more than money can be.
    pub(in crate::store) fn add(&mut self, ticket: u64, sale: &Sale) -> Result<(), StoreError> {
        self.0.segment(ticket).add(sale)?;
        let choice = if sale.promise.answered { sale.promise.choice.as_str() } else { UNANSWERED };
        self.0.choose(ticket, day_number(sale.at.date_naive()), choice);
        Ok(())
    }
}

impl Segment {
    fn add(&mut self, sale: &Sale) -> Result<(), StoreError> {
        let mut lines: BTreeMap<Counted, Sum> = BTreeMap::new();
        for (line, priced) in sale.lines.iter().zip(&sale.priced.lines) {
            let counted = match line.product {
                Some(product) => Counted::Product(product.0),
                None => Counted::Open(line.department.to_string()),
            };
            let quantity = line.quantity.thousandths();
            lines.entry(counted).or_default().add(Sum { sales: 0, quantity, amount: priced.net.0 })?;
        }
        for (counted, sum) in lines {
            self.sums.entry(counted).or_default().add(Sum { sales: 1, ..sum })?;
        }
        Ok(())
    }
}

impl Sums {
    /// What is on disk; nothing where no row is. Errors: `Damaged`.
    pub(in crate::store) fn load(connection: &Connection, keys: &KeyFile) -> Result<Sums, StoreError> {
        let Some(sealed) = row::find(connection, row::TALLY)? else { return Ok(Sums::default()) };
        let damaged = || StoreError::Damaged("the counts of the last sales cannot be unsealed".into());
        let plain = sealed.open(keys)?.ok_or_else(damaged)?;
        Sums::read(&plain).ok_or_else(damaged)
    }

    /// Like [`Sums::load`]; counts that do not open are lost, and sales go on without them. They are a
    /// finding of `verify` until the next sale. Errors: `Keys`, where the keys file was cut short.
    pub(super) fn load_or_lose(connection: &Connection, keys: &KeyFile) -> Result<Sums, StoreError> {
        match Sums::load(connection, keys) {
            Err(error @ StoreError::Damaged(_)) => {
                let slot = row::slot(connection, row::TALLY)?;
                if let Some(slot) = slot.filter(|slot| slot.index >= keys.slot_count()) {
                    return Err(KeysError::DamagedSlot(slot.index).into());
                }
                log::error!("{error}");
                Ok(Sums::default())
            }
            loaded => loaded,
        }
    }

    /// What customers chose in the sales that are not in the tables yet.
    pub(in crate::store) fn choices(&self) -> &[DayChoices] {
        &self.choices
    }

    /// The segment that this ticket is in.
    fn segment(&mut self, ticket: u64) -> &mut Segment {
        let is_over = self.segments.last().is_none_or(|segment| segment.last % MIX_TICKETS == 0);
        if is_over {
            self.segments.push(Segment { first: ticket, ..Segment::default() });
        }
        let segment = self.segments.last_mut().expect("one was just made");
        segment.last = ticket;
        segment
    }

    fn choose(&mut self, ticket: u64, day: i32, choice: &str) {
        if self.choices.last().is_none_or(|last| last.day != day) {
            self.choices.push(DayChoices { day, ..DayChoices::default() });
        }
        let choices = self.choices.last_mut().expect("one was just made");
        if choices.sales.is_empty() {
            choices.first = ticket;
        }
        choices.last = ticket;
        *choices.sales.entry(choice.to_owned()).or_default() += 1;
    }

    pub(super) fn write(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let mut writer = Writer::default();
        writer.number(FORMAT);
        writer.number(self.segments.len() as u64);
        for Segment { first, last, sums } in &self.segments {
            writer.number(*first);
            writer.number(*last);
            writer.number(sums.len() as u64);
            let mut before = 0;
            for (counted, sum) in sums {
                counted.write(&mut writer, &mut before);
                sum.write(&mut writer);
            }
        }
        writer.number(self.choices.len() as u64);
        for DayChoices { day, first, last, sales } in &self.choices {
            writer.signed(i64::from(*day));
            writer.number(*first);
            writer.number(*last);
            writer.number(sales.len() as u64);
            for (choice, sales) in sales {
                writer.string(choice);
                writer.number(u64::from(*sales));
            }
        }
        writer.into_bytes()
    }

    fn read(plain: &[u8]) -> Option<Sums> {
        let mut reader = Reader(plain);
        let mut sums = Sums::default();
        if reader.number()? != FORMAT {
            return None;
        }
        for _ in 0..reader.number()? {
            let mut segment =
                Segment { first: reader.number()?, last: reader.number()?, ..Segment::default() };
            let mut before = 0;
            for _ in 0..reader.number()? {
                segment.sums.insert(Counted::read(&mut reader, &mut before)?, Sum::read(&mut reader)?);
            }
            sums.segments.push(segment);
        }
        for _ in 0..reader.number()? {
            let day = reader.signed()?.try_into().ok()?;
            let (first, last) = (reader.number()?, reader.number()?);
            let mut choices = DayChoices { day, first, last, ..DayChoices::default() };
            for _ in 0..reader.number()? {
                choices.sales.insert(reader.string()?.to_owned(), reader.small()?);
            }
            sums.choices.push(choices);
        }
        reader.is_at_end().then_some(sums)
    }
}
