//! The tax ticket: a simplified invoice, and the chain of hashes that proves none was taken out.
//!
//! Simplified invoice: RD 1619/2012, article 7. Chain: the hash specification of VERI*FACTU,
//! version 0.1.2 of the Spanish tax agency (AEAT), for `RegistroAlta` and `RegistroAnulacion`.
//! Neither names a customer, so the chain verifies after everything personal is gone.

use std::fmt::{self, Write as _};

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::money::{Currency, Money};
use super::quantity::{Quantity, Unit};
use super::tax::{TaxAmount, TaxRate};
use super::tender::Tender;

/// A till's ticket is a simplified invoice (list L2 of the specification).
pub const SIMPLIFIED_INVOICE: &str = "F2";

/// SHA-256 of a ticket's hashed fields.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TicketHash(pub [u8; 32]);

impl fmt::Display for TicketHash {
    /// 64 hexadecimal digits, upper case, as the specification writes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for TicketHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Who issues the tickets of a till: the seller and the till's own series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuer {
    pub name: String,
    /// Tax identification number (Spain: NIF).
    pub tax_id: String,
    /// Before the number on each ticket: `A` gives `A-000001`.
    pub series: String,
    pub currency: Currency,
}

/// A line on the ticket itself, only where the policy sets `ticket-detail = "products"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketLine {
    pub name: String,
    pub unit: Unit,
    pub quantity: Quantity,
    pub rate: TaxRate,
    pub amount: Money,
}

/// What was sold, as far as the policy's ticket detail names it, and what that came to. Invoicing
/// rules ask for the kind of goods (RD 1619/2012, article 7.1.e).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goods {
    /// A department, several, or what the shop says that it sells.
    #[serde(rename = "department")]
    pub kind: String,
    /// Only of a single department: what goes under one kind may have several rates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<TaxRate>,
    /// Tax included.
    pub amount: Money,
}

impl Goods {
    /// Most characters of [`Goods::kind`] where it lists several departments.
    pub const LONGEST: usize = 100;
}

/// What a ticket says of a sale: nothing about who bought, and, unless the policy asks for more,
/// nothing about what was bought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketBody {
    /// Amounts that add up to the total. Stored and sent under the name that they had when each was
    /// a department's, so that every verifier and hub reads them.
    #[serde(rename = "departments")]
    pub goods: Vec<Goods>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<TicketLine>,
    pub taxes: Vec<TaxAmount>,
    pub tenders: Vec<Tender>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rounding: Money,
}

fn is_zero(amount: &Money) -> bool {
    *amount == Money::ZERO
}

/// An issued ticket: exactly what the store keeps, and what the receipt's first part shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub issuer: Issuer,
    /// Position in the series, from 1, without a gap.
    pub number: u64,
    /// When it was issued, to the second, with the offset from UTC.
    pub at: DateTime<FixedOffset>,
    pub total: Money,
    pub tax_total: Money,
    pub body: TicketBody,
    /// Hash of the ticket before; `None` for the first.
    pub previous: Option<TicketHash>,
    pub hash: TicketHash,
}

impl Ticket {
    /// The number as printed and hashed: `A-000001`.
    pub fn number_text(&self) -> String {
        number_text(&self.issuer.series, self.number)
    }

    /// The local day of the sale.
    pub fn day(&self) -> NaiveDate {
        self.at.date_naive()
    }

    /// The hash that these fields must have.
    pub fn expected_hash(&self) -> TicketHash {
        self.registration().hash()
    }

    /// The fields that go into the hash, as text.
    pub fn registration(&self) -> Registration {
        let decimals = self.issuer.currency.decimals;
        Registration {
            issuer: self.issuer.tax_id.trim().to_owned(),
            number: self.number_text(),
            date: self.at.format("%d-%m-%Y").to_string(),
            kind: SIMPLIFIED_INVOICE.to_owned(),
            tax_total: self.tax_total.decimal(decimals),
            total: self.total.decimal(decimals),
            previous: self.previous.map_or_else(String::new, |hash| hash.to_string()),
            at: self.at.format("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        }
    }

    /// Whether goods, products, taxes and tenders each add up to the total.
    pub fn adds_up(&self) -> bool {
        let body = &self.body;
        let (total, tax_total, rounding) = (self.total, self.tax_total, body.rounding);
        let goods = body.goods.iter().map(|goods| goods.amount);
        let products = body.products.iter().map(|product| product.amount);
        let taxes = body.taxes.iter().map(|tax| (tax.base, tax.tax));
        let tenders = body.tenders.iter().map(|tender| tender.amount);
        Amounts { total, tax_total, rounding, goods, products, taxes, tenders }.add_up()
    }
}

/// The amounts of a ticket, wherever they are read from: `taxes` gives base and tax of each rate.
pub struct Amounts<Goods, Products, Taxes, Tenders> {
    pub total: Money,
    pub tax_total: Money,
    pub rounding: Money,
    pub goods: Goods,
    pub products: Products,
    pub taxes: Taxes,
    pub tenders: Tenders,
}

impl<Goods, Products, Taxes, Tenders> Amounts<Goods, Products, Taxes, Tenders>
where
    Goods: Iterator<Item = Money>,
    Products: Iterator<Item = Money>,
    Taxes: Iterator<Item = (Money, Money)> + Clone,
    Tenders: Iterator<Item = Money>,
{
    /// Whether goods, products where there are any, and taxes each add up to the total, and the tenders to what
    /// was paid. A sum that leaves 64 bits does not.
    pub fn add_up(self) -> bool {
        let Amounts { total, tax_total, rounding, goods, products, taxes, tenders } = self;
        let mut products = products.peekable();
        sum(goods) == Some(total)
            && (products.peek().is_none() || sum(products) == Some(total))
            && sum(taxes.clone().flat_map(|(base, tax)| [base, tax])) == Some(total)
            && sum(taxes.map(|(_, tax)| tax)) == Some(tax_total)
            && sum(tenders) == total.plus(rounding).ok()
    }
}

fn sum(mut amounts: impl Iterator<Item = Money>) -> Option<Money> {
    amounts.try_fold(Money::ZERO, |sum, amount| sum.plus(amount).ok())
}

/// `A-000001`: series, hyphen, at least six digits.
pub fn number_text(series: &str, number: u64) -> String {
    format!("{series}-{number:06}")
}

/// The hashed fields of a `RegistroAlta`, in the order of the specification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Registration {
    #[serde(rename = "IDEmisorFactura")]
    pub issuer: String,
    #[serde(rename = "NumSerieFactura")]
    pub number: String,
    /// dd-mm-yyyy.
    #[serde(rename = "FechaExpedicionFactura")]
    pub date: String,
    #[serde(rename = "TipoFactura")]
    pub kind: String,
    #[serde(rename = "CuotaTotal")]
    pub tax_total: String,
    #[serde(rename = "ImporteTotal")]
    pub total: String,
    /// Hash of the record before, empty for the first.
    #[serde(rename = "HuellaAnterior")]
    pub previous: String,
    /// ISO 8601 with offset.
    #[serde(rename = "FechaHoraHusoGenRegistro")]
    pub at: String,
}

impl Registration {
    /// SHA-256 over `name=value` pairs joined by `&`.
    pub fn hash(&self) -> TicketHash {
        hash_of(&[
            ("IDEmisorFactura", &self.issuer),
            ("NumSerieFactura", &self.number),
            ("FechaExpedicionFactura", &self.date),
            ("TipoFactura", &self.kind),
            ("CuotaTotal", &self.tax_total),
            ("ImporteTotal", &self.total),
            ("Huella", &self.previous),
            ("FechaHoraHusoGenRegistro", &self.at),
        ])
    }
}

fn hash_of(fields: &[(&str, &str)]) -> TicketHash {
    let mut text = String::with_capacity(256);
    for (index, (name, value)) in fields.iter().enumerate() {
        let separator = if index == 0 { "" } else { "&" };
        let _ = write!(text, "{separator}{name}={}", value.trim());
    }
    TicketHash(Sha256::digest(text.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn official(number: &str, previous: &str, at: &str) -> String {
        Registration {
            issuer: "89890001K".into(),
            number: number.into(),
            date: "01-01-2024".into(),
            kind: "F1".into(),
            tax_total: "12.35".into(),
            total: "123.45".into(),
            previous: previous.into(),
            at: at.into(),
        }
        .hash()
        .to_string()
    }

    #[test]
    fn the_official_examples_of_the_tax_agency() {
        let first = official("12345678/G33", "", "2024-01-01T19:20:30+01:00");
        assert_eq!(first, "3C464DAF61ACB827C65FDA19F352A4E3BDC2C640E9E9FC4CC058073F38F12F60");
        let second = official("12345679/G34", &first, "2024-01-01T19:20:35+01:00");
        assert_eq!(second, "F7B94CFD8924EDFF273501B01EE5153E4CE8F259766F88CF6ACB8935802A2B97");
        let cancelled = hash_of(&[
            ("IDEmisorFacturaAnulada", "89890001K"),
            ("NumSerieFacturaAnulada", "12345679/G34"),
            ("FechaExpedicionFacturaAnulada", "01-01-2024"),
            ("Huella", &second),
            ("FechaHoraHusoGenRegistro", "2024-01-01T19:20:40+01:00"),
        ]);
        assert_eq!(cancelled.to_string(), "177547C0D57AC74748561D054A9CEC14B4C4EA23D1BEFD6F2E69E3A388F90C68");
    }
}
