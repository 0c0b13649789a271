//! Committing sales: one transaction, durable before it returns.

use std::collections::{HashMap, HashSet};

use chrono::{Datelike, NaiveDate};
use rusqlite::TransactionBehavior;

use crate::domain::customer::Purpose;
use crate::domain::money::Money;
use crate::domain::sale::{Keep, Sale};
use crate::domain::ticket::Ticket;
use crate::seal::{Holds, Lookup, ReceiptCode, Tie};

use super::counts::Pending;
use super::draft::DraftSlot;
use super::error::StoreError;
use super::forget::Stage;
use super::open::Store;
use super::spare::{PlainSpare, PurchaseSpare};
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
    /// Commits all orders in one transaction, or none. When it returns, they are on disk. The open basket, if one
    /// was saved, is none of them, and stays.
    ///
    /// Errors: `DiskFull`, `Busy`, `FilesGone`, `YearImpossible` and whatever SQLite says; then nothing was sold.
    pub fn commit(&mut self, orders: &[Order<'_>]) -> Result<Vec<Outcome>, StoreError> {
        self.commit_ending(false, orders)
    }

    fn commit_ending(&mut self, ends_basket: bool, orders: &[Order<'_>]) -> Result<Vec<Outcome>, StoreError> {
        // RFC 3339 and the chain know years of four digits: a ticket of another could not be read again.
        if orders.iter().any(|order| !(1970..=9999).contains(&order.sale.at.year())) {
            return Err(StoreError::YearImpossible);
        }
        self.require_files()?;
        self.require_ballast()?;
        if self.tally.has_end() {
            // Nobody was idle since: what a sale writes must not grow.
            self.fold_counts()?;
        }
        let mut slots = self.give_slots(orders)?;
        let committed = self.commit_under(ends_basket, orders, &mut slots);
        self.take_back(slots)?;
        committed
    }

    /// The same, under slots that were given for them. Those that are used are taken out.
    fn commit_under(
        &mut self,
        ends_basket: bool,
        orders: &[Order<'_>],
        slots: &mut [Given],
    ) -> Result<Vec<Outcome>, StoreError> {
        let Store { connection, store_key, keys, issuer, issuer_id, policy, spares, tally, clock, .. } = self;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut head = ticket::head(&transaction)?;
        let mut pending = Pending::begin(&transaction, keys)?;
        let mut risen = *clock;
        let mut outcomes = Vec::with_capacity(orders.len());
        let mut doomed = false;
        for (order, given) in orders.iter().zip(slots.iter()) {
            if let Some(request) = &order.request
                && let Some(ticket) = request::answered(&transaction, &request.id)?
            {
                outcomes.push(Outcome::Repeated(Box::new(ticket)));
                continue;
            }
            let sale = order.sale;
            let ticket = ticket::issue(&transaction, &mut head, *issuer_id, issuer, sale)?;
            pending.add(ticket.number, sale)?;
            risen = risen.after_sale(sale);
            let code = match &given.purchase {
                None => ReceiptCode::without_memory(store_key),
                Some(spare) => {
                    if let Keep::ForProfile { customer, purposes } = &sale.promise.keep
                        && let Some(fresh) = &given.profile
                    {
                        let known = keys.slots_of(&profile::lookup(store_key, customer))?;
                        doomed |= profile::put(&transaction, &known, (customer, purposes), fresh)?;
                    }
                    purchase::keep(&transaction, policy, spare, &ticket, sale)?;
                    spare.code.clone()
                }
            };
            if let Some(request) = &order.request {
                request::remember(&transaction, request, ticket.number)?;
            }
            outcomes.push(Outcome::Sold(Box::new(Sold { ticket, code, change: sale.paid.change })));
        }
        // Nothing is counted where every order was answered before.
        let is_sold = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Sold(_)));
        let for_tally = spares.plain.last().filter(|_| is_sold);
        if let Some(for_tally) = for_tally {
            tally.save(&pending, for_tally, &transaction)?;
        }
        risen.save(*clock, &transaction)?;
        let ends_basket = ends_basket && self.draft.is_some();
        if ends_basket {
            DraftSlot::sold(&transaction)?;
        }
        transaction.commit()?;
        if let Some(slot) = for_tally.map(|spare| spare.slot) {
            tally.committed(&pending, slot);
            spares.plain.pop();
        }
        *clock = risen;
        for (outcome, given) in outcomes.iter().zip(slots) {
            if matches!(outcome, Outcome::Sold(_)) {
                *given = Given::default();
            }
        }
        self.sold = true;
        if doomed {
            self.resume_from(Stage::Tombstoned);
        }
        if ends_basket {
            self.draft_sold();
        }
        Ok(outcomes)
    }

    /// Commits the open basket: what was saved of it ends with the sale. Errors: as of [`Store::commit`].
    pub fn commit_basket(&mut self, order: Order<'_>) -> Result<Outcome, StoreError> {
        Ok(self.commit_ending(true, &[order])?.pop().expect("an outcome for each order"))
    }

    /// The same for one without a request. Errors: as of [`Store::commit`].
    pub fn sell(&mut self, sale: &Sale) -> Result<Sold, StoreError> {
        match self.commit_basket(Order { sale, request: None })? {
            Outcome::Sold(sold) => Ok(*sold),
            Outcome::Repeated(_) => unreachable!("an order without a request id is always sold"),
        }
    }

    /// Slots for these orders, durable before the transaction. Where a customer is to be remembered, theirs
    /// are tied to them by one sync: a crash behind it leaves slots without rows, which [`Store::verify`] tells
    /// and [`Store::rest`] zeroes.
    pub(super) fn give_slots(&mut self, orders: &[Order<'_>]) -> Result<Vec<Given>, StoreError> {
        let kept = orders.iter().filter(|o| o.sale.promise.keep != Keep::Nothing).count();
        let profiles =
            orders.iter().filter(|o| matches!(o.sale.promise.keep, Keep::ForProfile { .. })).count();
        self.require_spares(kept, profiles + 1)?;
        // What each customer will have ticked by then.
        let mut ticked: HashMap<Lookup, &[Purpose]> = HashMap::new();
        let (mut slots, mut ties) = (Vec::with_capacity(orders.len()), Vec::new());
        let mut ids = HashSet::new();
        for order in orders {
            let mut given = Given::default();
            if order.sale.promise.keep == Keep::Nothing || self.is_repeated(order, &mut ids)? {
                slots.push(given);
                continue;
            }
            let purchase = self.spares.purchases.pop().expect("required before");
            if let Keep::ForProfile { customer, purposes } = &order.sale.promise.keep {
                given.is_tied = true;
                let customer = profile::lookup(&self.store_key, customer);
                ties.push((purchase.slot, Tie { customer, holds: Holds::Purchase }));
                let is_same = match ticked.insert(customer, purposes) {
                    Some(before) => before == &purposes[..],
                    None => {
                        let known = self.keys.slots_of(&customer)?;
                        let before = profile::purposes(&self.connection, &self.keys, &known)?;
                        before.as_ref() == Some(purposes)
                    }
                };
                if !is_same {
                    let fresh = self.spares.plain.pop().expect("required before");
                    ties.push((fresh.slot, Tie { customer, holds: Holds::Profile }));
                    given.profile = Some(fresh);
                }
            }
            given.purchase = Some(purchase);
            slots.push(given);
        }
        if let Err(error) = self.keys.tie(&ties) {
            self.take_back(slots)?;
            return Err(error.into());
        }
        Ok(slots)
    }

    /// Whether an order sells nothing: its id was answered before, or by an order before it.
    fn is_repeated(&self, order: &Order<'_>, ids: &mut HashSet<[u8; 16]>) -> Result<bool, StoreError> {
        let Some(Request { id, .. }) = order.request else { return Ok(false) };
        Ok(!ids.insert(id) || request::answered(&self.connection, &id)?.is_some())
    }

    /// What no sale used. A slot that was tied to a customer is zeroed: nothing of theirs is kept under it,
    /// and it must not become another's.
    fn take_back(&mut self, slots: Vec<Given>) -> Result<(), StoreError> {
        let mut tied = Vec::new();
        for given in slots {
            if given.is_tied {
                tied.extend(given.purchase.map(|spare| spare.slot));
                tied.extend(given.profile.map(|spare| spare.slot));
            } else {
                self.spares.purchases.extend(given.purchase);
            }
        }
        Ok(self.keys.zero(&tied)?)
    }
}

/// The slots of an order, taken out of the stock.
#[derive(Default)]
pub(super) struct Given {
    /// Where something is to be kept.
    purchase: Option<PurchaseSpare>,
    /// Where the customer is new, or ticked other purposes.
    profile: Option<PlainSpare>,
    /// They are a customer's.
    is_tied: bool,
}
