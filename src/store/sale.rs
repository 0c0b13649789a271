//! Committing sales: one transaction, durable before it returns.

use chrono::NaiveDate;
use rusqlite::TransactionBehavior;

use crate::domain::money::Money;
use crate::domain::sale::{Keep, Sale};
use crate::domain::ticket::Ticket;
use crate::seal::ReceiptCode;

use super::draft::DraftSlot;
use super::error::StoreError;
use super::open::Store;
use super::{profile, purchase, request, ticket};

/// A sale to commit.
#[derive(Clone, Copy)]
pub struct Order<'a> {
    pub sale: &'a Sale,
    /// Asked again, it sells nothing.
    pub request: Option<Request>,
}

/// A client's own id for an order.
#[derive(Clone, Copy)]
pub struct Request {
    /// From [`Store::request_id`].
    pub id: [u8; 16],
    /// When it was asked, which for an import of the past is not the day of the sale: the id is
    /// known for a while from then on.
    pub day: NaiveDate,
}

/// What became of an order.
#[derive(Debug)]
pub enum Outcome {
    Sold(Box<Sold>),
    /// The request was answered before, with this ticket.
    Repeated(Box<Ticket>),
}

/// A durable sale.
#[derive(Debug)]
pub struct Sold {
    pub ticket: Ticket,
    /// What the receipt shows and the store does not keep.
    pub code: ReceiptCode,
    pub change: Money,
}

impl Store {
    /// Commits all orders in one transaction, or none. When it returns, they are on disk. The open
    /// basket, if one was saved, ends with it.
    ///
    /// Errors: `DiskFull`, `Busy` and whatever SQLite says; then nothing was sold.
    pub fn commit(&mut self, orders: &[Order<'_>]) -> Result<Vec<Outcome>, StoreError> {
        self.require_ballast()?;
        self.require_keys(orders)?;
        let Store { connection, store_key, keys, issuer, issuer_id, policy, spares, tally, .. } = self;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut head = ticket::head(&transaction)?;
        let mut pending = tally.begin();
        let mut outcomes = Vec::with_capacity(orders.len());
        let (mut purchases, mut plain) = (spares.purchases.iter().rev(), spares.plain.iter().rev());
        let (mut purchases_used, mut plain_used, mut doomed) = (0, 0, false);
        for order in orders {
            if let Some(request) = &order.request
                && let Some(ticket) = request::answered(&transaction, &request.id)?
            {
                outcomes.push(Outcome::Repeated(Box::new(ticket)));
                continue;
            }
            let sale = order.sale;
            let ticket = ticket::issue(&transaction, &mut head, *issuer_id, issuer, sale)?;
            pending.add(sale, &transaction)?;
            let code = if sale.promise.keep == Keep::Nothing {
                ReceiptCode::without_memory(store_key)
            } else {
                let spare = purchases.next().expect("required before");
                purchases_used += 1;
                if let Keep::ForProfile { customer, purposes } = &sale.promise.keep {
                    let fresh = plain.next().expect("required before");
                    plain_used += 1;
                    let id = spare.slot.owner;
                    doomed |= profile::add(&transaction, keys, store_key, (customer, purposes), id, fresh)?;
                }
                purchase::keep(&transaction, store_key, policy, spare, &ticket, sale)?;
                spare.code.clone()
            };
            if let Some(request) = &order.request {
                request::remember(&transaction, request, ticket.number)?;
            }
            outcomes.push(Outcome::Sold(Box::new(Sold { ticket, code, change: sale.paid.change })));
        }
        tally.save(&pending, &transaction)?;
        if self.draft.is_some() {
            DraftSlot::sold(&transaction)?;
        }
        transaction.commit()?;
        tally.committed(pending);
        spares.purchases.truncate(spares.purchases.len() - purchases_used);
        spares.plain.truncate(spares.plain.len() - plain_used);
        self.sold = true;
        self.doomed |= doomed;
        self.draft_sold();
        Ok(outcomes)
    }

    /// Commits one sale.
    pub fn sell(&mut self, sale: &Sale) -> Result<Sold, StoreError> {
        match self.commit(&[Order { sale, request: None }])?.pop() {
            Some(Outcome::Sold(sold)) => Ok(*sold),
            _ => unreachable!("an order without a request id is always sold"),
        }
    }

    /// Makes the keys that these orders need durable, before the transaction.
    fn require_keys(&mut self, orders: &[Order<'_>]) -> Result<(), StoreError> {
        let kept = orders.iter().filter(|o| o.sale.promise.keep != Keep::Nothing).count();
        let profiles =
            orders.iter().filter(|o| matches!(o.sale.promise.keep, Keep::ForProfile { .. })).count();
        self.require_spares(kept, profiles + usize::from(self.tally.needs_key()))?;
        if self.tally.needs_key() {
            let spare = self.spares.plain.pop().expect("just required");
            self.tally.give_key(spare.slot, spare.key);
        }
        Ok(())
    }
}
