//! What a scanner or a cashier enters: product barcodes and shorter codes.

use serde::{Deserialize, Serialize};

/// A GTIN (Global Trade Item Number), with its check digit, as a number: leading zeros do not count,
/// so that a UPC-A of 12 digits and the same code read as EAN-13 are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Gtin(u64);

impl Gtin {
    /// The number, at most 14 digits.
    pub fn number(self) -> u64 {
        self.0
    }
}
