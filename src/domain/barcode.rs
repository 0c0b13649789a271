//! What a scanner or a cashier enters: product barcodes, in-store codes that carry a price or a
//! weight, price look-up numbers, and anything else.
//!
//! The rules are those of the GS1 General Specifications: section 7.9 for check digits, section 2.1
//! for restricted circulation numbers and variable measure.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::money::Money;
use super::product::LARGEST_PLU;
use super::quantity::Quantity;

/// A GTIN (Global Trade Item Number), with its check digit, as a number: leading zeros do not count,
/// so that a UPC-A of 12 digits and the same code read as EAN-13 are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Gtin(u64);

/// Why digits are not a barcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarcodeError {
    /// Something else than the digits 0 to 9, or only zeros.
    NotANumber,
    /// Barcodes have 8, 12, 13 or 14 digits.
    Length(usize),
    /// The last digit does not follow from the others.
    CheckDigit { expected: u8, found: u8 },
    /// The digit that guards the price or weight inside the code does not follow from it.
    ValueCheckDigit { expected: u8, found: u8 },
}

impl Gtin {
    /// Reads EAN-13, EAN-8, UPC-A, UPC-E (8 digits, number system 0) or a GTIN of 14 digits.
    ///
    /// Eight digits that begin with 0 are a UPC-E if its check digit holds, else an EAN-8: GS1 gives
    /// the EAN-8 numbers that begin with 0 to shops for their own use only. [`Scan`] tries both.
    ///
    /// Errors: see [`BarcodeError`]. Any single wrong digit of an EAN or UPC-A is caught; UPC-E,
    /// which expands by its last digit, catches most.
    pub fn parse(text: &str) -> Result<Gtin, BarcodeError> {
        let number = digits(text)?;
        match text.len() {
            8 => upc_e(number).map_or_else(|| Gtin::from_number(number), Ok),
            12..=14 => Gtin::from_number(number),
            length => Err(BarcodeError::Length(length)),
        }
    }

    /// The GTIN with this number, check digit included.
    /// Errors: `NotANumber` for 0, `Length` beyond 14 digits, `CheckDigit`.
    pub fn from_number(number: u64) -> Result<Gtin, BarcodeError> {
        if number == 0 {
            return Err(BarcodeError::NotANumber);
        }
        if number >= 100_000_000_000_000 {
            return Err(BarcodeError::Length(number.ilog10() as usize + 1));
        }
        let (expected, found) = (check_digit(number / 10), digit(number, 0));
        if expected == found { Ok(Gtin(number)) } else { Err(BarcodeError::CheckDigit { expected, found }) }
    }

    /// The number, check digit included, at most 14 digits.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// As printed under the bars: 8 digits for an EAN-8, else 13, or 14 where 13 are too few.
impl fmt::Display for Gtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 100_000_000 { write!(f, "{:08}", self.0) } else { write!(f, "{:013}", self.0) }
    }
}

/// The GS1 check digit that completes these digits: weights 3 and 1 in turn from the right, and what
/// is missing to the next ten.
pub fn check_digit(body: u64) -> u8 {
    let (mut rest, mut sum, mut weight) = (body, 0u64, 3);
    while rest > 0 {
        sum += rest % 10 * weight;
        weight = 4 - weight;
        rest /= 10;
    }
    u8::try_from((10 - sum % 10) % 10).unwrap_or(0)
}

/// The digit at 10^`place`.
fn digit(number: u64, place: u32) -> u8 {
    u8::try_from(number / 10u64.pow(place) % 10).unwrap_or(0)
}

fn digits(text: &str) -> Result<u64, BarcodeError> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BarcodeError::NotANumber);
    }
    text.parse().map_err(|_| BarcodeError::Length(text.len()))
}

/// Expands a UPC-E of eight digits to its UPC-A; `None` where it is none. The last digit before the
/// check digit says where the zeros were left out.
fn upc_e(number: u64) -> Option<Gtin> {
    let (system, code, check) = (number / 10_000_000, number / 10 % 1_000_000, number % 10);
    if system != 0 {
        return None;
    }
    let (first_two, first_three, last) = (code / 10_000, code / 1000, code % 10);
    let body = match last {
        0..=2 => (first_two * 10 + last) * 10_000_000 + code / 10 % 1000,
        3 => first_three * 10_000_000 + code / 10 % 100,
        4 => code / 100 * 1_000_000 + code / 10 % 10,
        _ => code / 10 * 100_000 + last,
    };
    Gtin::from_number(body * 10 + check).ok()
}

/// What the value inside an in-store code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Embeds {
    /// Minor units of the currency.
    Price,
    /// Grams.
    Weight,
}

/// How the shop's scale or packer writes one prefix of in-store codes:
/// prefix, item, perhaps a check digit of the value, value, check digit; 13 digits in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariableRule {
    prefix: u8,
    item_digits: u32,
    value_digits: u32,
    embeds: Embeds,
    value_check: bool,
}

/// Why a rule cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleError {
    /// GS1 leaves 02 and 20 to 29 to the shop for variable measure.
    Prefix,
    /// Prefix, item, value and check digits must make 13; this many were given.
    Length(u32),
    /// GS1 defines the check digit of the value for 4 and 5 digits only.
    ValueCheck,
}

impl VariableRule {
    /// A rule for codes that begin with `prefix` ("02", "20" to "29"). Errors: [`RuleError`].
    pub fn new(
        prefix: &str,
        item_digits: u8,
        value_digits: u8,
        embeds: Embeds,
        value_check: bool,
    ) -> Result<VariableRule, RuleError> {
        let prefix = match prefix.parse() {
            Ok(number @ (2 | 20..=29)) if prefix.len() == 2 => number,
            _ => return Err(RuleError::Prefix),
        };
        let (item_digits, value_digits) = (u32::from(item_digits), u32::from(value_digits));
        let length = 2 + item_digits + u32::from(value_check) + value_digits + 1;
        if length != 13 || item_digits == 0 || value_digits == 0 {
            return Err(RuleError::Length(length));
        }
        if value_check && !matches!(value_digits, 4 | 5) {
            return Err(RuleError::ValueCheck);
        }
        Ok(VariableRule { prefix, item_digits, value_digits, embeds, value_check })
    }

    /// Reads a code whose own check digit is right; `None` when it is not of this rule or its value
    /// is 0. Errors: `ValueCheckDigit`.
    fn read(&self, gtin: Gtin) -> Result<Option<VariableMeasure>, BarcodeError> {
        let number = gtin.number();
        if number / 100_000_000_000 != u64::from(self.prefix) {
            return Ok(None);
        }
        let value = number / 10 % 10u64.pow(self.value_digits);
        let guarded = self.value_digits + u32::from(self.value_check);
        let item = number / 10u64.pow(1 + guarded) % 10u64.pow(self.item_digits);
        if value == 0 {
            return Ok(None);
        }
        if self.value_check {
            let (expected, found) =
                (value_check_digit(value, self.value_digits), digit(number, 1 + self.value_digits));
            if expected != found {
                return Err(BarcodeError::ValueCheckDigit { expected, found });
            }
        }
        let body = number / 10u64.pow(1 + guarded) * 10u64.pow(guarded);
        let amount = i64::try_from(value).unwrap_or(i64::MAX);
        let measure = match self.embeds {
            Embeds::Price => Measure::Price(Money(amount)),
            Embeds::Weight => match Quantity::grams(amount) {
                Ok(weight) => Measure::Weight(weight),
                Err(_) => return Ok(None),
            },
        };
        Ok(Some(VariableMeasure {
            gtin,
            base: Gtin(body * 10 + u64::from(check_digit(body))),
            item: u32::try_from(item).unwrap_or(u32::MAX),
            item_digits: self.item_digits,
            measure,
        }))
    }
}

/// The check digit of a price or weight of 4 or 5 digits inside a code (GS1 General Specifications,
/// section 7.9). A weight such as "5−" means: five times the digit, units less tens.
fn value_check_digit(value: u64, value_digits: u32) -> u8 {
    const TWO_MINUS: [u8; 10] = [0, 2, 4, 6, 8, 9, 1, 3, 5, 7];
    const THREE: [u8; 10] = [0, 3, 6, 9, 2, 5, 8, 1, 4, 7];
    const FIVE_PLUS: [u8; 10] = [0, 5, 1, 6, 2, 7, 3, 8, 4, 9];
    const FIVE_MINUS: [u8; 10] = [0, 5, 9, 4, 8, 3, 7, 2, 6, 1];
    let weighed = |place: u32, table: &[u8; 10]| table[usize::from(digit(value, place))];
    if value_digits == 4 {
        let sum =
            weighed(3, &TWO_MINUS) + weighed(2, &TWO_MINUS) + weighed(1, &THREE) + weighed(0, &FIVE_MINUS);
        return sum * 3 % 10;
    }
    let sum = weighed(4, &FIVE_PLUS)
        + weighed(3, &TWO_MINUS)
        + weighed(2, &FIVE_MINUS)
        + weighed(1, &FIVE_PLUS)
        + weighed(0, &TWO_MINUS);
    let missing = (10 - sum % 10) % 10;
    let found = FIVE_MINUS.iter().position(|&product| product == missing).unwrap_or(0);
    u8::try_from(found).unwrap_or(0)
}

/// The rules of one shop, from its configuration; none of them by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VariableRules(pub Vec<VariableRule>);

/// An in-store code taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariableMeasure {
    /// The whole code, as scanned.
    pub gtin: Gtin,
    /// The same code with the value 0: how many shops file such a product.
    pub base: Gtin,
    /// The item's number: a PLU or sku of the shop.
    pub item: u32,
    /// How many digits the item's number is written with.
    pub item_digits: u32,
    pub measure: Measure,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    Price(Money),
    Weight(Quantity),
}

/// What somebody scanned or typed before Enter. Nothing is lost: `text` may still be a sku, whatever
/// the reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// As entered, without surrounding blanks.
    pub text: String,
    pub reading: Reading,
    /// Why digits of a barcode's length are no barcode; to be said when the sku is unknown, too.
    pub doubt: Option<BarcodeError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// `other` is the second reading of eight digits that are both a UPC-E and an EAN-8.
    Gtin {
        gtin: Gtin,
        other: Option<Gtin>,
    },
    Variable(VariableMeasure),
    /// One to five digits.
    Plu(u32),
    /// A sku or words.
    Text,
}

impl Scan {
    /// Says what was entered. Never fails: what is no code is text.
    pub fn parse(text: &str, rules: &VariableRules) -> Scan {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        let (reading, doubt) = match digits(text) {
            Ok(number) if text.len() <= 5 && number > 0 && number <= u64::from(LARGEST_PLU) => {
                (Reading::Plu(u32::try_from(number).unwrap_or(0)), None)
            }
            Ok(number) if matches!(text.len(), 8 | 12..=14) => match Gtin::parse(text) {
                Ok(gtin) => read_gtin(gtin, number, text.len(), rules),
                Err(error) => (Reading::Text, Some(error)),
            },
            _ => (Reading::Text, None),
        };
        Scan { text: text.to_owned(), reading, doubt }
    }
}

fn read_gtin(
    gtin: Gtin,
    number: u64,
    length: usize,
    rules: &VariableRules,
) -> (Reading, Option<BarcodeError>) {
    let other = Gtin::from_number(number).ok().filter(|&other| other != gtin);
    let plain = Reading::Gtin { gtin, other };
    if length < 12 {
        return (plain, None);
    }
    for rule in &rules.0 {
        match rule.read(gtin) {
            Ok(None) => {}
            Ok(Some(variable)) => return (Reading::Variable(variable), None),
            // A damaged price must not be sold as a fixed product; the sku may still match.
            Err(error) => return (Reading::Text, Some(error)),
        }
    }
    (plain, None)
}

impl fmt::Display for BarcodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BarcodeError::NotANumber => f.write_str("not a barcode number"),
            BarcodeError::Length(length) => write!(f, "{length} digits, not 8, 12, 13 or 14"),
            BarcodeError::CheckDigit { expected, found } => {
                write!(f, "check digit {found}, should be {expected}")
            }
            BarcodeError::ValueCheckDigit { expected, found } => {
                write!(f, "price check digit {found}, should be {expected}")
            }
        }
    }
}

impl std::error::Error for BarcodeError {}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RuleError::Prefix => f.write_str("prefix must be 02 or 20 to 29"),
            RuleError::Length(length) => write!(f, "the digits add up to {length}, not 13"),
            RuleError::ValueCheck => f.write_str("a value check digit needs 4 or 5 value digits"),
        }
    }
}

impl std::error::Error for RuleError {}

#[cfg(test)]
mod tests;
