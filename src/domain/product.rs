//! What a shop sells: one product of the catalogue.

use serde::{Deserialize, Serialize};

use super::barcode::Gtin;
use super::money::Money;
use super::quantity::Unit;
use super::tax::TaxRate;

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

/// Longest name, department or sku in characters: more is an import gone wrong.
pub const LONGEST_TEXT: usize = 200;
/// Largest price look-up number (five digits, as the international produce codes).
pub const LARGEST_PLU: u32 = 99_999;
