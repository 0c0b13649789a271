//! One line of input, made into a sale by the rules that the till itself sells by.

use chrono::{
    DateTime, Datelike, Duration, FixedOffset, Local, NaiveDateTime, SubsecRound, TimeZone, Timelike,
};

use crate::domain::barcode::Scan;
use crate::domain::basket::{Basket, BasketError, Discount, Line};
use crate::domain::catalogue::Catalogue;
use crate::domain::customer::{Identifier, IdentifierError};
use crate::domain::money::Money;
use crate::domain::policy::Policy;
use crate::domain::quantity::{Quantity, QuantityError, Unit};
use crate::domain::sale::{Answer, Promise, PromiseError, Sale, SaleError};
use crate::domain::settings::Settings;
use crate::domain::tax::TaxRate;
use crate::domain::tender::{Payment, Tender, TenderError, TenderKind};
use crate::domain::text::{Place, TextError, label};
use crate::locale::Locale;

use super::json::{Fields, Json, text};
use super::refusal::{Kind, Refusal};

/// What sales are made with.
pub(super) struct Shop<'a> {
    pub catalogue: &'a Catalogue,
    pub settings: &'a Settings,
    pub policy: &'a Policy,
    /// Whether `at` may be given.
    pub import: bool,
}

const KEYS: &[&str] = &["id", "lines", "discount", "tenders", "choice", "customer", "purposes", "at"];
const LINE_KEYS: &[&str] = &["code", "quantity", "unit_price", "discount", "department", "name", "tax"];
const TENDER_KEYS: &[&str] = &["kind", "amount"];
const CUSTOMER_KEYS: &[&str] = &["phone", "email", "card"];

impl Shop<'_> {
    /// The sale that a request asks for. `now` is when it came.
    pub fn sale(&self, request: &Json, now: DateTime<FixedOffset>) -> Result<Sale, Refusal> {
        let fields = Fields::of(request, request.sign(), KEYS)?;
        fields.string("id")?;
        let at = self.at(&fields, now)?;
        let basket = self.basket(&fields)?;
        let promise = self.promise(&fields, at)?;
        let payment = self.payment(&fields, &basket)?;
        let (detail, goods) = (self.policy.ticket_detail, &self.settings.store.goods);
        Sale::freeze(at, &basket, &payment, promise, detail, goods).map_err(|error| match error {
            SaleError::Empty => Refusal::plain(Kind::NoLines),
            SaleError::Basket(error) => of_basket(error, ""),
            SaleError::Tender(TenderError::NotEnough { missing }) => {
                Refusal::of(Kind::NotEnough, self.decimal(missing))
            }
            SaleError::Tender(error) => of_tender(error, ""),
        })
    }

    fn at(&self, fields: &Fields<'_>, now: DateTime<FixedOffset>) -> Result<DateTime<FixedOffset>, Refusal> {
        let Some(given) = fields.string("at")? else { return Ok(now) };
        if !self.import {
            return Err(Refusal::plain(Kind::AtNotAllowed));
        }
        let at = read_time(given).ok_or_else(|| Refusal::of(Kind::BadTime, given))?;
        if at > now {
            return Err(Refusal::of(Kind::FutureTime, given));
        }
        Ok(at)
    }

    fn basket(&self, fields: &Fields<'_>) -> Result<Basket, Refusal> {
        let lines = fields.list("lines")?.ok_or_else(|| Refusal::of(Kind::MissingKey, "lines"))?;
        if lines.is_empty() {
            return Err(Refusal::plain(Kind::NoLines));
        }
        let mut basket = Basket::default();
        for (index, json) in lines.iter().enumerate() {
            let added = self
                .line(json)
                .and_then(|line| basket.add(line).map_err(|error| of_basket(error, self.discount_of(json))));
            added.map_err(|refusal| refusal.in_line(index))?;
        }
        if let Some(given) = fields.string("discount")? {
            let discount = self.discount(given)?;
            basket.set_discount(Some(discount)).map_err(|error| of_basket(error, given))?;
        }
        Ok(basket)
    }

    fn line(&self, json: &Json) -> Result<Line, Refusal> {
        let fields = Fields::of(json, "lines", LINE_KEYS)?;
        let mut line = match (fields.string("code")?, fields.string("department")?) {
            (Some(code), None) => self.product_line(&fields, code)?,
            (None, Some(department)) => self.open_line(&fields, department)?,
            _ => return Err(Refusal::plain(Kind::CodeOrDepartment)),
        };
        if let Some(given) = fields.string("discount")? {
            line.discount = Some(self.discount(given)?);
        }
        Ok(line)
    }

    fn product_line(&self, fields: &Fields<'_>, code: &str) -> Result<Line, Refusal> {
        for key in ["name", "tax"] {
            if fields.get(key).is_some() {
                return Err(Refusal::of(Kind::UnknownKey, key));
            }
        }
        let scan = Scan::parse(code, &self.settings.barcodes.variable);
        let found = self.catalogue.find(&scan).ok_or_else(|| {
            let kind = if scan.doubt.is_some() { Kind::WrongCheckDigit } else { Kind::UnknownProduct };
            Refusal::of(kind, code)
        })?;
        let (quantity, given) = quantity(fields, found.counted_in())?;
        let mut line = found.line(quantity).map_err(|error| of_basket(error, given))?;
        if let Some(given) = fields.string("unit_price")? {
            line.unit_price = self.price(given)?;
        }
        Ok(line)
    }

    /// An item without a product, in a department that the cashier could choose, at its tax where the
    /// line gives none. A free text would stand in the ticket for years, whatever it says.
    fn open_line(&self, fields: &Fields<'_>, department: &str) -> Result<Line, Refusal> {
        let department = self.label(department)?;
        let (known, tax) = self.department(&department)?;
        let price =
            fields.string("unit_price")?.ok_or_else(|| Refusal::of(Kind::MissingKey, "unit_price"))?;
        let price = self.price(price)?;
        let name = fields.string("name")?.map(|name| self.label(name)).transpose()?;
        let tax = match fields.string("tax")? {
            Some(given) => TaxRate::parse(given).ok_or_else(|| Refusal::of(Kind::BadTax, given))?,
            None => tax,
        };
        let mut line = Line::open(name.as_deref().unwrap_or(&known), &known, price, tax);
        line.quantity = quantity(fields, Unit::Piece)?.0;
        Ok(line)
    }

    /// A department of the catalogue and its tax; where the catalogue has none, the one that the till
    /// offers.
    fn department(&self, given: &str) -> Result<(String, TaxRate), Refusal> {
        let mut known: Vec<(String, TaxRate)> =
            self.catalogue.departments().map(|known| (known.name.to_owned(), known.tax)).collect();
        if known.is_empty() {
            let other = Locale::of(self.settings.store.language).text("sell-department-other");
            known.push((other.into_owned(), self.settings.selling.default_tax));
        }
        let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
        let refusal = Refusal::of(Kind::UnknownDepartment, given).knowing(&names);
        known.into_iter().find(|(name, _)| name == given).ok_or(refusal)
    }

    /// A name as it stands on a receipt.
    fn label(&self, given: &str) -> Result<String, Refusal> {
        let place = Place::Sale { dialling_code: &self.settings.store.dialling_code };
        label(given, place).map_err(|error| match error {
            TextError::PaymentCard => Refusal::plain(Kind::PaymentCard),
            TextError::Email | TextError::Phone => Refusal::plain(Kind::Person),
            TextError::Empty | TextError::TooLong | TextError::ControlSign => {
                Refusal::of(Kind::BadName, given.trim())
            }
        })
    }

    fn promise(&self, fields: &Fields<'_>, at: DateTime<FixedOffset>) -> Result<Promise, Refusal> {
        let mut purposes = Vec::new();
        for json in fields.list("purposes")?.unwrap_or_default() {
            let given = text(json, "purposes")?;
            purposes.push(given.parse().map_err(|_| Refusal::of(Kind::UnknownPurpose, given))?);
        }
        purposes.sort();
        purposes.dedup();
        let choice = fields.string("choice")?.map(str::to_owned);
        let customer = fields.get("customer").map(|json| self.customer(json)).transpose()?;
        let answer = Answer { choice, customer, purposes };
        Promise::of(answer, self.policy, at.date_naive()).map_err(|error| match error {
            PromiseError::UnknownChoice(id) => Refusal::of(Kind::UnknownChoice, id),
            PromiseError::NeedsCustomer => Refusal::plain(Kind::NeedsCustomer),
            PromiseError::CustomerNotKept => Refusal::plain(Kind::CustomerNotKept),
            PromiseError::NeedsPurpose => Refusal::plain(Kind::NeedsPurpose),
            PromiseError::UnknownPurpose(purpose) => Refusal::of(Kind::UnknownPurpose, purpose.as_str()),
        })
    }

    /// Exactly one of the three identifiers. What was given is never quoted back.
    fn customer(&self, json: &Json) -> Result<Identifier, Refusal> {
        let fields = Fields::of(json, "customer", CUSTOMER_KEYS)?;
        let code = &self.settings.store.dialling_code;
        let identifier = match (fields.string("phone")?, fields.string("email")?, fields.string("card")?) {
            (Some(phone), None, None) => Identifier::phone(phone, code),
            (None, Some(email), None) => Identifier::email(email),
            (None, None, Some(card)) => Identifier::card(card),
            _ => return Err(Refusal::plain(Kind::BadCustomer)),
        };
        identifier.map_err(|error| match error {
            IdentifierError::PaymentCard => Refusal::plain(Kind::PaymentCard),
            _ => Refusal::plain(Kind::BadCustomer),
        })
    }

    fn payment(&self, fields: &Fields<'_>, basket: &Basket) -> Result<Payment, Refusal> {
        let total = basket.priced().map_err(|error| of_basket(error, ""))?.total;
        let step = self.settings.selling.cash_step;
        let mut payment = Payment::new(total, step);
        let Some(tenders) = fields.list("tenders")? else {
            if total > Money::ZERO {
                // A total that rounds to nothing is paid with the smallest coin, which comes back.
                let amount = Some(payment.missing_cash()).filter(|due| *due > Money::ZERO);
                let tender = Tender { kind: TenderKind::Cash, amount: amount.unwrap_or(Money(step)) };
                payment.add(tender).map_err(|error| of_tender(error, ""))?;
            }
            return Ok(payment);
        };
        for json in tenders {
            let fields = Fields::of(json, "tenders", TENDER_KEYS)?;
            let kind = fields.string("kind")?.ok_or_else(|| Refusal::of(Kind::MissingKey, "kind"))?;
            let given = fields.string("amount")?.ok_or_else(|| Refusal::of(Kind::MissingKey, "amount"))?;
            let kind = [TenderKind::Cash, TenderKind::Card]
                .into_iter()
                .find(|known| known.name() == kind)
                .ok_or_else(|| Refusal::of(Kind::UnknownTender, kind))?;
            let amount = Money::parse(given, self.settings.store.currency.decimals)
                .map_err(|_| Refusal::of(Kind::BadTender, given))?;
            // Nothing given for nothing due is how other front ends say that it is free.
            if total == Money::ZERO && amount == Money::ZERO {
                continue;
            }
            payment.add(Tender { kind, amount }).map_err(|error| of_tender(error, given))?;
        }
        Ok(payment)
    }

    fn price(&self, given: &str) -> Result<Money, Refusal> {
        match Money::parse(given, self.settings.store.currency.decimals) {
            Ok(price) if price >= Money::ZERO => Ok(price),
            _ => Err(Refusal::of(Kind::BadPrice, given)),
        }
    }

    fn discount(&self, given: &str) -> Result<Discount, Refusal> {
        Discount::parse(given, self.settings.store.currency.decimals).map_err(|error| of_basket(error, given))
    }

    fn discount_of<'j>(&self, line: &'j Json) -> &'j str {
        line.peek("discount").unwrap_or_default()
    }

    fn decimal(&self, amount: Money) -> String {
        amount.decimal(self.settings.store.currency.decimals)
    }
}

/// The line's quantity, one where there is none, and how it was given.
fn quantity<'a>(fields: &Fields<'a>, unit: Unit) -> Result<(Quantity, &'a str), Refusal> {
    let Some(given) = fields.string("quantity")? else { return Ok((Quantity::ONE, "1")) };
    let quantity = Quantity::parse(given, unit).map_err(|error| of_quantity(error, given))?;
    Ok((quantity, given))
}

/// Reads RFC 3339, or a local time without an offset, to the second; 1970 to 9999.
fn read_time(given: &str) -> Option<DateTime<FixedOffset>> {
    let at = match DateTime::parse_from_rfc3339(given) {
        Ok(at) => at,
        Err(_) => {
            let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
            let local = local.iter().find_map(|form| NaiveDateTime::parse_from_str(given, form).ok())?;
            local_time(local)?
        }
    };
    // A leap second has no place in a ticket's time.
    let at = at.with_nanosecond(0).unwrap_or_else(|| at.trunc_subsecs(0));
    (1970..=9999).contains(&at.year()).then_some(at)
}

/// A wall-clock time of this machine's zone: the earlier of two when clocks go back; when it was
/// skipped as they went forward, as if they had not yet.
fn local_time(local: NaiveDateTime) -> Option<DateTime<FixedOffset>> {
    if let Some(at) = Local.from_local_datetime(&local).earliest() {
        return Some(at.fixed_offset());
    }
    let before = local.checked_sub_signed(Duration::hours(3))?;
    let offset = *Local.from_local_datetime(&before).earliest()?.fixed_offset().offset();
    offset.from_local_datetime(&local).single()
}

fn of_basket(error: BasketError, given: &str) -> Refusal {
    match error {
        BasketError::Quantity(error) => of_quantity(error, given),
        BasketError::BadDiscount => Refusal::of(Kind::BadDiscount, given),
        BasketError::DiscountTooLarge => Refusal::of(Kind::DiscountTooLarge, given),
        BasketError::Full | BasketError::Money(_) | BasketError::NoSuchLine => Refusal::plain(Kind::TooLarge),
    }
}

fn of_quantity(error: QuantityError, given: &str) -> Refusal {
    let kind = match error {
        QuantityError::PiecesAreWhole => Kind::PiecesAreWhole,
        QuantityError::NotANumber | QuantityError::OutOfRange => Kind::BadQuantity,
    };
    Refusal::of(kind, given)
}

fn of_tender(error: TenderError, given: &str) -> Refusal {
    let kind = match error {
        TenderError::CardTooMuch => Kind::CardTooMuch,
        TenderError::AlreadyPaid => Kind::AlreadyPaid,
        TenderError::TooMuchCash => Kind::TooMuchCash,
        TenderError::NotPositive | TenderError::NotEnough { .. } | TenderError::Money(_) => Kind::BadTender,
    };
    Refusal::of(kind, given)
}
