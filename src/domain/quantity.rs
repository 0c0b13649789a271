//! How much of a product: whole pieces, or kilograms to the gram.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::money::{Money, MoneyError, parse_fixed};

/// What a price is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// One piece.
    #[default]
    Piece,
    /// One kilogram.
    Kilogram,
}

/// A quantity in thousandths of its unit: 2 pieces are 2000, 482 g are 482. Never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity(i64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityError {
    /// Not digits with at most one decimal sign.
    NotANumber,
    /// Zero, negative, or more than [`Quantity::LARGEST`].
    OutOfRange,
    /// Pieces are whole.
    PiecesAreWhole,
}

impl Quantity {
    pub const ONE: Quantity = Quantity(1000);
    /// 100,000 pieces or kilograms.
    pub const LARGEST: Quantity = Quantity(100_000_000);

    /// Whole pieces. Errors: `OutOfRange`.
    pub fn pieces(count: i64) -> Result<Quantity, QuantityError> {
        Quantity::thousandths_checked(count.checked_mul(1000).ok_or(QuantityError::OutOfRange)?)
    }

    /// Grams of a weighed product. Errors: `OutOfRange`.
    pub fn grams(grams: i64) -> Result<Quantity, QuantityError> {
        Quantity::thousandths_checked(grams)
    }

    fn thousandths_checked(value: i64) -> Result<Quantity, QuantityError> {
        if value <= 0 || value > Quantity::LARGEST.0 {
            Err(QuantityError::OutOfRange)
        } else {
            Ok(Quantity(value))
        }
    }

    /// Reads `2`, `0,345` or `0.345` for a product sold by `unit`.
    /// Errors: `NotANumber`, `OutOfRange`, and `PiecesAreWhole` for half a piece.
    pub fn parse(text: &str, unit: Unit) -> Result<Quantity, QuantityError> {
        let value = parse_fixed(text, 3).map_err(|error| match error {
            MoneyError::Overflow => QuantityError::OutOfRange,
            MoneyError::NotANumber | MoneyError::TooFine => QuantityError::NotANumber,
        })?;
        let quantity = Quantity::thousandths_checked(value)?;
        quantity.fits(unit)
    }

    /// The same quantity, if a product sold by `unit` can be sold in it. Errors: `PiecesAreWhole`.
    pub fn fits(self, unit: Unit) -> Result<Quantity, QuantityError> {
        if unit == Unit::Piece && self.0 % 1000 != 0 { Err(QuantityError::PiecesAreWhole) } else { Ok(self) }
    }

    /// Thousandths of the unit: pieces × 1000, or grams.
    pub fn thousandths(self) -> i64 {
        self.0
    }

    /// Both together. Errors: `OutOfRange`.
    pub fn plus(self, other: Quantity) -> Result<Quantity, QuantityError> {
        Quantity::thousandths_checked(self.0 + other.0)
    }

    /// What this much costs at `unit_price`, rounded once (see [`Money::scaled`]).
    pub fn times(self, unit_price: Money) -> Result<Money, MoneyError> {
        unit_price.scaled(self.0, 1000)
    }

    /// For machines: `2`, or `0.345` where `unit` is a kilogram.
    pub fn decimal(self, unit: Unit) -> String {
        match unit {
            Unit::Piece => (self.0 / 1000).to_string(),
            Unit::Kilogram => super::money::format_fixed(self.0, 3, '.', None),
        }
    }
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            QuantityError::NotANumber => "not a quantity",
            QuantityError::OutOfRange => "quantity out of range",
            QuantityError::PiecesAreWhole => "pieces are whole",
        })
    }
}

impl std::error::Error for QuantityError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_as_typed() {
        for (text, unit, expected) in [
            ("2", Unit::Piece, Ok(2000)),
            ("2.0", Unit::Piece, Ok(2000)),
            ("0,345", Unit::Kilogram, Ok(345)),
            ("1.5", Unit::Piece, Err(QuantityError::PiecesAreWhole)),
            ("0", Unit::Piece, Err(QuantityError::OutOfRange)),
            ("-1", Unit::Piece, Err(QuantityError::OutOfRange)),
            ("0.3456", Unit::Kilogram, Err(QuantityError::NotANumber)),
            ("100001", Unit::Piece, Err(QuantityError::OutOfRange)),
            ("x", Unit::Piece, Err(QuantityError::NotANumber)),
        ] {
            assert_eq!(Quantity::parse(text, unit).map(Quantity::thousandths), expected, "{text}");
        }
    }

    #[test]
    fn a_weight_costs_to_the_cent() {
        assert_eq!(Quantity::grams(482).unwrap().times(Money(249)), Ok(Money(120)));
        assert_eq!(Quantity::pieces(2).unwrap().times(Money(115)), Ok(Money(230)));
    }
}
