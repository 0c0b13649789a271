//! Counts that tell no basket: how much of each product was sold, mixed with many other sales.
//!
//! A counter that follows each sale is a list of baskets: who compares two versions of it has what was sold
//! between them, and a ticket's total with a price list does the rest. So a count is told only over a
//! **window** of tickets, and until then it is sealed:
//!
//! - [`tally`]: the sales since the last fold, written in each sale's transaction under a key of its own.
//! - [`held`]: what waits, product by product. A fold moves the tally into it, between sales.
//! - [`released`]: windows that are over. They are what every command, file, JSON and search order reads.
//!
//! # The rule
//!
//! For each product by itself, the tickets of the till are cut into windows, one behind the other, each
//! beginning right behind the last. A window ends only at a ticket number that [`MIX_TICKETS`] divides, and
//! there only
//!
//! - when at least 5 sales of the product and at least 32 tickets are in it, or
//! - when it is 1,600 tickets long, whatever is in it.
//!
//! A policy may ask for more of each ([`Release`]). A product counts by itself because one boundary for all
//! would make the thinnest windows (of 4,246 that were measured so, 655 had fewer than five sales). The
//! boundaries are fixed because a window that ends with the fifth sale names the ticket of that sale. The
//! two kinds of end tell this much of where a sale is:
//!
//! - the first: that the fifth one is among the last 32 tickets, and that four more are before or beside it;
//! - the second: nothing. Such an end is fixed by the window's first ticket alone. That is why windows in
//!   which nothing was sold count too: they end after 1,600 tickets and the next begins, although no row is
//!   written for them. Were the next window to begin with the first sale after a silence, or to be over as
//!   soon as there is one, its end would name the 32 tickets with that sale.
//!
//! So no window is shorter than 32 tickets, none with fewer than five sales is shorter than 1,600, and two
//! windows of a product never overlap. Nothing else ends one: no day, start, forget, backup, export or hub.
//!
//! Open items have no product. Those of a department count as one product: left out, a shop that sells by
//! department would be told nothing, and a count over the items of one department by the same rule tells no
//! more than that of a product does. There is no count of a whole department: beside its products it would
//! tell what the one of them that still waits has sold.

mod choices;
mod codec;
mod fold;
mod held;
mod released;
mod row;
mod tally;
mod upgrade;

use super::error::StoreError;
use codec::{Reader, Writer};

pub(super) use choices::queue_tickets;
pub(super) use held::Held;
#[cfg(test)]
pub(super) use released::Window;
pub(super) use released::{batches, each, thin};
pub(super) use tally::{Pending, Sums, Tally, UNANSWERED};
pub(super) use upgrade::take_over;

/// Only ticket numbers that this divides can end a window.
pub(super) const MIX_TICKETS: u64 = 32;

/// How what is counted is written.
const PRODUCT: u64 = 0;
const OPEN: u64 = 1;

/// What is counted as one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counted {
    /// A product, by its id.
    Product(u32),
    /// The open items of a department.
    Open(String),
}

/// Sales in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    /// Of how many it is known that they are in it.
    pub sales: u32,
    /// Thousandths of the product's unit.
    pub quantity: i64,
    /// Minor units of money, after every discount.
    pub amount: i64,
}

impl Sum {
    fn is_empty(&self) -> bool {
        *self == Sum::default()
    }

    fn add(&mut self, other: Sum) -> Result<(), StoreError> {
        let sum = |one: i64, other: i64| one.checked_add(other);
        let too_large = || StoreError::Damaged("the counts add up to more than money can be".into());
        *self = Sum {
            sales: self.sales.checked_add(other.sales).ok_or_else(too_large)?,
            quantity: sum(self.quantity, other.quantity).ok_or_else(too_large)?,
            amount: sum(self.amount, other.amount).ok_or_else(too_large)?,
        };
        Ok(())
    }

    fn write(&self, writer: &mut Writer) {
        writer.number(u64::from(self.sales));
        writer.signed(self.quantity);
        writer.signed(self.amount);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Sum> {
        Some(Sum { sales: reader.small()?, quantity: reader.signed()?, amount: reader.signed()? })
    }
}

impl Counted {
    /// `before` is the product that was written last: ids in order are close together.
    fn write(&self, writer: &mut Writer, before: &mut u32) {
        match self {
            Counted::Product(id) => {
                writer.number(PRODUCT);
                writer.signed(i64::from(*id) - i64::from(*before));
                *before = *id;
            }
            Counted::Open(department) => {
                writer.number(OPEN);
                writer.string(department);
            }
        }
    }

    fn read(reader: &mut Reader<'_>, before: &mut u32) -> Option<Counted> {
        match reader.number()? {
            PRODUCT => {
                *before = i64::from(*before).checked_add(reader.signed()?)?.try_into().ok()?;
                Some(Counted::Product(*before))
            }
            OPEN => Some(Counted::Open(reader.string()?.to_owned())),
            _ => None,
        }
    }
}
