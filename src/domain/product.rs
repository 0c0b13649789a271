//! What a shop sells: one product of the catalogue.

use serde::{Deserialize, Serialize};

use super::barcode::Gtin;
use super::money::{LARGEST_INPUT, Money};
use super::quantity::Unit;
use super::tax::TaxRate;
use super::text::{Place, code_text, label};

/// A product's number in the store's database: its row id. Stable over imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProductId(pub u32);

/// One product as it is imported and stored. At least one of `barcode`, `plu` and `sku` says which
/// product it is; importing again updates by `barcode`, else by `sku`, else by `plu`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The number in the bars, if the product has any.
    pub barcode: Option<Gtin>,
    /// Price look-up number, what a cashier types for loose produce: 1 to 99,999.
    pub plu: Option<u32>,
    /// The shop's own reference; empty when it has none.
    pub sku: String,
    /// Never empty.
    pub name: String,
    /// Never empty.
    pub department: String,
    /// For one `unit`, tax included; never negative.
    pub price: Money,
    pub tax: TaxRate,
    pub unit: Unit,
    /// How many years a durable product is meant to last; 0 for what is used up.
    pub durable_years: u8,
}

/// Largest price look-up number (five digits, as the international produce codes).
pub const LARGEST_PLU: u32 = 99_999;
/// Longest life of a durable product, in years.
pub const LONGEST_LIFE_YEARS: u8 = 100;

impl Product {
    /// The product with its texts as an import would leave them, for one that no import has looked at;
    /// `None` where a field is not as it must be.
    pub fn sound(self) -> Option<Product> {
        let name = label(&self.name, Place::Catalogue).ok()?;
        let department = label(&self.department, Place::Catalogue).ok()?;
        let sku = code_text(&self.sku).ok()?;
        let is_sound = (self.barcode.is_some() || self.plu.is_some() || !sku.is_empty())
            && self.plu.is_none_or(|plu| (1..=LARGEST_PLU).contains(&plu))
            && (Money::ZERO..=LARGEST_INPUT).contains(&self.price)
            && self.tax.0 <= 10_000
            && self.durable_years <= LONGEST_LIFE_YEARS;
        is_sound.then_some(Product { name, department, sku, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_must_be_as_an_import_would_leave_it() {
        let sound = Product {
            barcode: None,
            plu: Some(12),
            sku: String::new(),
            name: "Manzana".into(),
            department: "Frutas".into(),
            price: Money(0),
            tax: TaxRate(400),
            unit: Unit::Kilogram,
            durable_years: 0,
        };
        assert_eq!(sound.clone().sound(), Some(sound.clone()));
        let marked = Product { name: "Man\u{202e}zana\u{200b}".into(), ..sound.clone() };
        assert_eq!(marked.sound(), Some(sound.clone()), "what shows nothing is dropped");
        let spoilt: [fn(&mut Product); 12] = [
            |p| p.name = "  ".into(),
            |p| p.name = "a\u{7}b".into(),
            |p| p.name = "ñ".repeat(201),
            |p| p.department = String::new(),
            |p| p.department = "Ana 4111 1111 1111 1111".into(),
            |p| p.sku = "a\u{1b}b".into(),
            |p| p.plu = None,
            |p| p.plu = Some(0),
            |p| p.plu = Some(100_000),
            |p| p.price = Money(-1),
            |p| p.tax = TaxRate(10_001),
            |p| p.durable_years = 101,
        ];
        for (number, spoil) in spoilt.into_iter().enumerate() {
            let mut product = sound.clone();
            spoil(&mut product);
            assert_eq!(product.sound(), None, "{number}");
        }
    }
}
