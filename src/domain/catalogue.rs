//! The products in memory, as the till looks them up and searches them.
//!
//! The whole catalogue is one block of bytes that is built at an import and at the close of the day,
//! kept by the store, and used as it is read: starting the till parses nothing.

mod image;
mod search;
mod words;

use std::cmp::Ordering;
use std::fmt;

pub use image::{WordIndex, build_image, image_with};
pub use words::fold;

use image::{Image, Section};

use super::barcode::{Gtin, Measure, Reading, Scan};
use super::basket::{BasketError, Line};
use super::money::Money;
use super::product::{Product, ProductId};
use super::quantity::{Quantity, QuantityError, Unit};
use super::tax::TaxRate;

/// All products of the store, best-seller first.
#[derive(Clone, Debug)]
pub struct Catalogue {
    image: Image,
}

/// Why bytes are no catalogue. In each case the remedy is to build it again from the products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogueError {
    /// Not an image of this version.
    Format,
    /// The lengths inside do not agree with the bytes there are.
    Length,
    /// The bytes changed since they were built.
    Checksum,
}

/// One product of a catalogue. Cheap to copy.
#[derive(Clone, Copy)]
pub struct ProductView<'a> {
    image: &'a Image,
    rank: u32,
}

/// What a scan found: the product and, from an in-store code, the price or weight in it.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    pub product: ProductView<'a>,
    pub measure: Option<Measure>,
}

impl Found<'_> {
    /// What a quantity given with the code counts: how many codes like it, where the code holds its
    /// own price or weight.
    pub fn counted_in(&self) -> Unit {
        if self.measure.is_some() { Unit::Piece } else { self.product.unit() }
    }

    /// The basket line of `quantity` of what was found. A price in the code is for one piece,
    /// whatever the product's own; a weight counts once for each code.
    /// Errors: `Quantity`.
    pub fn line(&self, quantity: Quantity) -> Result<Line, BasketError> {
        let (id, mut product) = (self.product.id(), self.product.to_product());
        let quantity = quantity.fits(self.counted_in())?;
        match self.measure {
            None => Line::of(id, &product, quantity),
            Some(Measure::Price(price)) => {
                product.price = price;
                product.unit = Unit::Piece;
                Line::of(id, &product, quantity)
            }
            Some(Measure::Weight(weight)) => {
                let codes = quantity.thousandths() / 1000;
                let whole = weight.thousandths().checked_mul(codes).ok_or(QuantityError::OutOfRange)?;
                Line::of(id, &product, Quantity::grams(whole)?)
            }
        }
    }
}

/// A department, with the tax rate that most of its products have (for open-priced items).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Department<'a> {
    pub name: &'a str,
    pub tax: TaxRate,
}

impl Catalogue {
    /// The catalogue in an image made by [`build_image`]. Checks its form, lengths and checksum.
    /// Errors: [`CatalogueError`]; never panics, whatever the bytes.
    pub fn from_image(bytes: Vec<u8>) -> Result<Catalogue, CatalogueError> {
        Image::open(bytes).map(|image| Catalogue { image })
    }

    /// How many products there are.
    pub fn len(&self) -> usize {
        self.image.products() as usize
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, id: ProductId) -> Option<ProductView<'_>> {
        self.first(Section::ById, |product| product.id().cmp(&id))
    }

    pub fn by_gtin(&self, gtin: Gtin) -> Option<ProductView<'_>> {
        self.first(Section::ByGtin, |product| product.gtin_number().cmp(&gtin.number()))
    }

    pub fn by_plu(&self, plu: u32) -> Option<ProductView<'_>> {
        self.first(Section::ByPlu, |product| product.plu_number().cmp(&plu))
    }

    /// The product with this sku: spelled the same, else differing only in the case of its letters.
    pub fn by_sku(&self, sku: &str) -> Option<ProductView<'_>> {
        let from =
            self.image.partition(Section::BySku, |rank| words::sku_order(self.view(rank).sku(), sku).is_lt());
        let same = (from..self.image.entries(Section::BySku))
            .filter_map(|index| self.image.rank(Section::BySku, index))
            .map(|rank| self.view(rank))
            .take_while(|product| words::sku_order(product.sku(), sku) == Ordering::Equal);
        let mut first = None;
        for product in same {
            if product.sku() == sku {
                return Some(product);
            }
            first = first.or(Some(product));
        }
        first
    }

    /// What was scanned or typed: as a barcode, then as an in-store code (by its code with the value
    /// 0, then its item as PLU or sku), as a PLU, and in the end as a sku, whatever it looked like.
    pub fn find(&self, scan: &Scan) -> Option<Found<'_>> {
        let plain = |product| Found { product, measure: None };
        let coded = match scan.reading {
            Reading::Gtin { gtin, other } => self.by_gtin(gtin).or_else(|| self.by_gtin(other?)).map(plain),
            Reading::Plu(plu) => self.by_plu(plu).map(plain),
            Reading::Variable(code) => self.by_gtin(code.gtin).map(plain).or_else(|| {
                let width = code.item_digits as usize;
                let product = self
                    .by_gtin(code.base)
                    .or_else(|| self.by_plu(code.item))
                    .or_else(|| self.by_sku(&format!("{:0width$}", code.item)))
                    .or_else(|| self.by_sku(&code.item.to_string()))?;
                Some(Found { product, measure: Some(code.measure) })
            }),
            Reading::Text => None,
        };
        coded.or_else(|| self.by_sku(&scan.text).map(plain))
    }

    /// The departments, by name.
    pub fn departments(&self) -> impl Iterator<Item = Department<'_>> {
        (0..self.image.entries(Section::Departments)).map(|index| self.image.department(index))
    }

    /// All products, best-seller first.
    pub fn products(&self) -> impl Iterator<Item = ProductView<'_>> {
        (0..self.image.products()).map(|rank| self.view(rank))
    }

    fn view(&self, rank: u32) -> ProductView<'_> {
        ProductView { image: &self.image, rank }
    }

    /// The first product that compares equal in an index sorted by the same order.
    fn first(
        &self,
        index: Section,
        compare: impl Fn(ProductView<'_>) -> Ordering,
    ) -> Option<ProductView<'_>> {
        let at = self.image.partition(index, |rank| compare(self.view(rank)).is_lt());
        let product = self.view(self.image.rank(index, at)?);
        (compare(product) == Ordering::Equal).then_some(product)
    }
}

impl<'a> ProductView<'a> {
    pub fn id(self) -> ProductId {
        ProductId(self.image.u32_of(self.rank, image::ID))
    }

    pub fn barcode(self) -> Option<Gtin> {
        Gtin::from_number(self.gtin_number()).ok()
    }

    pub fn plu(self) -> Option<u32> {
        Some(self.plu_number()).filter(|&plu| plu != 0)
    }

    pub fn sku(self) -> &'a str {
        self.image.text_of(self.rank, image::SKU, image::SKU_LENGTH)
    }

    pub fn name(self) -> &'a str {
        self.image.text_of(self.rank, image::NAME, image::NAME_LENGTH)
    }

    pub fn department(self) -> &'a str {
        self.image.department(self.image.u32_of(self.rank, image::DEPARTMENT)).name
    }

    /// For one unit, tax included.
    pub fn price(self) -> Money {
        Money(i64::from_le_bytes(self.image.bytes_of(self.rank, image::PRICE)))
    }

    pub fn tax(self) -> TaxRate {
        TaxRate(u16::from_le_bytes(self.image.bytes_of(self.rank, image::TAX)))
    }

    pub fn unit(self) -> Unit {
        let [unit] = self.image.bytes_of(self.rank, image::UNIT);
        if unit == 0 { Unit::Piece } else { Unit::Kilogram }
    }

    pub fn durable_years(self) -> u8 {
        let [years] = self.image.bytes_of(self.rank, image::DURABLE);
        years
    }

    /// Its place among the best-sellers, from 0.
    pub fn rank(self) -> u32 {
        self.rank
    }

    /// A copy that stands by itself.
    pub fn to_product(self) -> Product {
        Product {
            barcode: self.barcode(),
            plu: self.plu(),
            sku: self.sku().to_owned(),
            name: self.name().to_owned(),
            department: self.department().to_owned(),
            price: self.price(),
            tax: self.tax(),
            unit: self.unit(),
            durable_years: self.durable_years(),
        }
    }

    fn gtin_number(self) -> u64 {
        u64::from_le_bytes(self.image.bytes_of(self.rank, image::GTIN))
    }

    fn plu_number(self) -> u32 {
        self.image.u32_of(self.rank, image::PLU)
    }
}

impl fmt::Debug for ProductView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.id(), self.name())
    }
}

/// An empty catalogue: a store before its first import.
impl Default for Catalogue {
    fn default() -> Catalogue {
        Catalogue {
            image: Image::open(build_image::<Product>(&[])).expect("an image just built is well-formed"),
        }
    }
}

impl fmt::Display for CatalogueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CatalogueError::Format => "not a catalogue of this version",
            CatalogueError::Length => "catalogue cut short",
            CatalogueError::Checksum => "catalogue damaged",
        })
    }
}

impl std::error::Error for CatalogueError {}

#[cfg(test)]
mod tests;
