//! A finished sale, frozen: paid in full, its promise chosen, ready to be committed.

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};

use super::basket::{Basket, BasketError, Line, Priced};
use super::customer::{Identifier, Purpose};
use super::money::Money;
use super::policy::{Memory, Policy, TicketDetail, Until};
use super::quantity::{Quantity, Unit};
use super::tax::TaxRate;
use super::tender::{Paid, Payment, TenderError};
use super::ticket::{TicketBody, TicketLine};

/// How the customer's wish is kept beyond the tax ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Nothing but the ticket and the day's counters.
    Nothing,
    /// The lines, sealed under the receipt's code and a slot at the store: neither opens alone.
    ForReceipt,
    /// The lines, linked to a customer's profile, for the purposes that they ticked.
    ForProfile { customer: Identifier, purposes: Vec<Purpose> },
}

/// What the customer chose, resolved against the policy in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Id of the choice in the policy: the bare minimum's when nobody answered.
    pub choice: String,
    /// Whether the customer said so, or nobody answered.
    pub answered: bool,
    pub keep: Keep,
    /// How long the lines are kept; of no meaning where nothing is.
    pub until: Until,
    /// Version of the policy that was shown.
    pub policy_version: u32,
}

/// What the customer said, if anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Id of a choice in the policy; `None` when nobody answered.
    pub choice: Option<String>,
    /// Only where the choice links the purchase to a customer.
    pub customer: Option<Identifier>,
    /// What they ticked.
    pub purposes: Vec<Purpose>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromiseError {
    /// The policy has no such choice.
    UnknownChoice(String),
    /// The choice links the purchase to a customer, and none was given.
    NeedsCustomer,
    /// A customer was given for a choice that keeps none.
    CustomerNotKept,
    /// The choice does not offer this purpose.
    UnknownPurpose(Purpose),
}

impl Promise {
    /// What `answer` means under `policy` for a sale of this day. No answer is the bare minimum.
    pub fn of(answer: Answer, policy: &Policy, day: NaiveDate) -> Result<Promise, PromiseError> {
        let choice = match &answer.choice {
            None => policy.minimum(),
            Some(id) => policy.choice(id).ok_or_else(|| PromiseError::UnknownChoice(id.clone()))?,
        };
        if let Some(unknown) = answer.purposes.iter().find(|purpose| !choice.purposes.contains(purpose)) {
            return Err(PromiseError::UnknownPurpose(unknown.clone()));
        }
        let keep = match (choice.memory, answer.customer) {
            (Memory::Profile, Some(customer)) => Keep::ForProfile { customer, purposes: answer.purposes },
            (Memory::Profile, None) => return Err(PromiseError::NeedsCustomer),
            (Memory::None | Memory::Receipt, Some(_)) => return Err(PromiseError::CustomerNotKept),
            (Memory::None, None) => Keep::Nothing,
            (Memory::Receipt, None) => Keep::ForReceipt,
        };
        Ok(Promise {
            choice: choice.id.clone(),
            answered: answer.choice.is_some(),
            keep,
            until: choice.keeps_until(day),
            policy_version: policy.version,
        })
    }
}

/// A sale ready to be committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// To the second, with the offset from UTC.
    pub at: DateTime<FixedOffset>,
    pub lines: Vec<Line>,
    pub priced: Priced,
    pub paid: Paid,
    pub promise: Promise,
    pub detail: TicketDetail,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaleError {
    /// Nothing to sell.
    Empty,
    Basket(BasketError),
    Tender(TenderError),
}

impl Sale {
    /// Freezes a paid basket. Errors: `Empty`, `Tender` when less than the total was given.
    pub fn freeze(
        at: DateTime<FixedOffset>,
        basket: &Basket,
        payment: &Payment,
        promise: Promise,
        detail: TicketDetail,
    ) -> Result<Sale, SaleError> {
        if basket.is_empty() {
            return Err(SaleError::Empty);
        }
        let priced = basket.priced().map_err(SaleError::Basket)?;
        assert_eq!(priced.total, payment.total(), "the payment is for this basket");
        let paid = payment.finish().map_err(SaleError::Tender)?;
        let lines = basket.lines().to_vec();
        Ok(Sale { at, lines, priced, paid, promise, detail })
    }

    /// The part of the sale that goes onto the ticket.
    pub fn ticket_body(&self) -> TicketBody {
        let products = match self.detail {
            TicketDetail::Departments => Vec::new(),
            TicketDetail::Products => self.kept_lines().map(KeptLine::into_ticket_line).collect(),
        };
        TicketBody {
            departments: self.priced.departments.clone(),
            products,
            taxes: self.priced.taxes.clone(),
            tenders: self.paid.tenders.clone(),
            rounding: self.paid.rounding,
        }
    }

    /// The lines as a kept purchase and the paper hold them.
    pub fn kept_lines(&self) -> impl Iterator<Item = KeptLine> + '_ {
        self.lines.iter().zip(&self.priced.lines).map(|(line, priced)| KeptLine {
            name: line.name.to_string(),
            department: line.department.to_string(),
            unit: line.unit,
            quantity: line.quantity,
            unit_price: line.unit_price,
            rate: line.tax,
            amount: priced.net,
            gross: priced.gross,
            durable_years: line.durable_years,
        })
    }
}

/// One line of a purchase, as it is sealed and as the paper shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLine {
    pub name: String,
    pub department: String,
    pub unit: Unit,
    pub quantity: Quantity,
    pub unit_price: Money,
    pub rate: TaxRate,
    /// Paid for this line, after every discount.
    pub amount: Money,
    /// Quantity × unit price.
    pub gross: Money,
    #[serde(default)]
    pub durable_years: u8,
}

impl KeptLine {
    /// Taken off this line: its own discount and its share of the discount on the whole sale.
    pub fn discount(&self) -> Money {
        Money(self.gross.0.saturating_sub(self.amount.0))
    }

    fn into_ticket_line(self) -> TicketLine {
        TicketLine {
            name: self.name,
            unit: self.unit,
            quantity: self.quantity,
            rate: self.rate,
            amount: self.amount,
        }
    }
}
