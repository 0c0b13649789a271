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
use super::ticket::{Goods, TicketBody, TicketLine};

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

/// What the customer said, if anything. Written only into the sealed draft of their basket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Id of a choice in the policy; `None` when nobody answered.
    pub choice: Option<String>,
    /// Only where the choice links the purchase to a customer.
    #[serde(with = "written_customer")]
    pub customer: Option<Identifier>,
    /// What they ticked.
    pub purposes: Vec<Purpose>,
}

/// A customer as [`Identifier::canonical`] writes them, who was read and checked before.
mod written_customer {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    use super::Identifier;

    pub fn serialize<S: Serializer>(customer: &Option<Identifier>, serializer: S) -> Result<S::Ok, S::Error> {
        customer.as_ref().map(Identifier::canonical).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Identifier>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        match text.split_once(':') {
            Some(("phone", text)) => Ok(Some(Identifier::Phone(text.to_owned()))),
            Some(("email", text)) => Ok(Some(Identifier::Email(text.to_owned()))),
            Some(("card", text)) => Ok(Some(Identifier::Card(text.to_owned()))),
            _ => Err(de::Error::custom("not a customer")),
        }
    }
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
    /// The choice remembers somebody for what they tick, and nothing is ticked.
    NeedsPurpose,
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
            // Data about a person are kept for a purpose or not at all (GDPR, article 5(1)(b)).
            (Memory::Profile, Some(_)) if answer.purposes.is_empty() && !choice.purposes.is_empty() => {
                return Err(PromiseError::NeedsPurpose);
            }
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
    /// What the shop sells, in its own words: see [`super::settings::Store::goods`].
    pub shop_goods: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaleError {
    /// Nothing to sell.
    Empty,
    Basket(BasketError),
    Tender(TenderError),
}

impl Sale {
    /// Freezes a paid basket; `shop_goods` is what the shop says that it sells. Errors: `Empty`, `Tender` when less than the total was given.
    pub fn freeze(
        at: DateTime<FixedOffset>,
        basket: &Basket,
        payment: &Payment,
        promise: Promise,
        detail: TicketDetail,
        shop_goods: &str,
    ) -> Result<Sale, SaleError> {
        if basket.is_empty() {
            return Err(SaleError::Empty);
        }
        let priced = basket.priced().map_err(SaleError::Basket)?;
        assert_eq!(priced.total, payment.total(), "the payment is for this basket");
        let paid = payment.finish().map_err(SaleError::Tender)?;
        let lines = basket.lines().to_vec();
        Ok(Sale { at, lines, priced, paid, promise, detail, shop_goods: shop_goods.to_owned() })
    }

    /// The part of the sale that goes onto the ticket.
    pub fn ticket_body(&self) -> TicketBody {
        let products = match self.detail {
            TicketDetail::Products => self.kept_lines().map(KeptLine::into_ticket_line).collect(),
            _ => Vec::new(),
        };
        TicketBody {
            goods: self.goods(),
            products,
            taxes: self.priced.taxes.clone(),
            tenders: self.paid.tenders.clone(),
            rounding: self.paid.rounding,
        }
    }

    fn goods(&self) -> Vec<Goods> {
        let departments = &self.priced.departments;
        let whole = |kind: String| vec![Goods { kind, rate: None, amount: self.priced.total }];
        match self.detail {
            TicketDetail::Shop => whole(self.shop_goods.clone()),
            TicketDetail::DepartmentNames => {
                let mut names: Vec<&str> = departments.iter().map(|d| d.department.as_str()).collect();
                names.dedup();
                let names = names.join(", ");
                let fits = names.chars().count() <= Goods::LONGEST;
                whole(if fits { names } else { self.shop_goods.clone() })
            }
            TicketDetail::Departments | TicketDetail::Products => departments
                .iter()
                .map(|d| Goods { kind: d.department.clone(), rate: Some(d.rate), amount: d.amount })
                .collect(),
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

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = "alimentación y hogar";

    /// The goods on the ticket of a basket of these departments and rates, a euro each.
    fn goods(detail: TicketDetail, departments: &[(&str, u16)]) -> Vec<Goods> {
        let mut basket = Basket::default();
        for &(department, rate) in departments {
            basket.add(Line::open("x", department, Money(100), TaxRate(rate))).unwrap();
        }
        let mut payment = Payment::new(basket.priced().unwrap().total, 1);
        payment
            .add(crate::domain::tender::Tender {
                kind: crate::domain::tender::TenderKind::Cash,
                amount: payment.total(),
            })
            .unwrap();
        let at = DateTime::parse_from_rfc3339("2026-11-23T18:42:07+01:00").unwrap();
        let promise = Promise::of(Answer::default(), &Policy::shipped(), at.date_naive()).unwrap();
        let body = Sale::freeze(at, &basket, &payment, promise, detail, SHOP).unwrap().ticket_body();
        assert_eq!(body.products.is_empty(), detail != TicketDetail::Products);
        let stored = serde_json::to_value(&body).unwrap();
        assert_eq!(stored["departments"].as_array().unwrap().len(), body.goods.len());
        body.goods
    }

    #[test]
    fn the_ticket_names_the_goods_as_far_as_the_policy_says() {
        let basket = [("Pan", 400), ("Bazar", 2100), ("Pan", 400), ("Bazar", 400)];
        let whole = |kind: &str| vec![Goods { kind: kind.to_owned(), rate: None, amount: Money(400) }];
        assert_eq!(goods(TicketDetail::Shop, &basket), whole(SHOP));
        assert_eq!(goods(TicketDetail::DepartmentNames, &basket), whole("Bazar, Pan"));
        for detail in [TicketDetail::Departments, TicketDetail::Products] {
            let parts: Vec<_> = goods(detail, &basket)
                .into_iter()
                .map(|part| (part.kind, part.rate.unwrap().0, part.amount.0))
                .collect();
            let part = |kind: &str, rate, amount| (kind.to_owned(), rate, amount);
            assert_eq!(parts, [part("Bazar", 400, 100), part("Bazar", 2100, 100), part("Pan", 400, 200)]);
        }
    }

    #[test]
    fn a_list_of_departments_that_is_too_long_tells_nothing() {
        let (long, fits) = ("a".repeat(Goods::LONGEST + 1), "á".repeat(Goods::LONGEST));
        assert_eq!(goods(TicketDetail::DepartmentNames, &[(&long, 400)])[0].kind, SHOP);
        assert_eq!(goods(TicketDetail::DepartmentNames, &[(&fits, 400)])[0].kind, fits);
    }
}
