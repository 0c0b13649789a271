//! Amounts of money, in whole minor units (cents).

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

/// An amount in minor units of the store's currency: 230 is 2.30 €.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(pub i64);

/// The result does not fit, or the number is no amount of this currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyError {
    /// The sum or product left the range of 64 bits.
    Overflow,
    /// Not digits with at most one decimal sign.
    NotANumber,
    /// More decimals than the currency has.
    TooFine,
}

/// Largest amount that may be typed or imported: 10 million major units at two decimals.
pub const LARGEST_INPUT: Money = Money(1_000_000_000);

impl Money {
    pub const ZERO: Money = Money(0);

    /// Sum. Errors: `Overflow`.
    pub fn plus(self, other: Money) -> Result<Money, MoneyError> {
        self.0.checked_add(other.0).map(Money).ok_or(MoneyError::Overflow)
    }

    /// Difference. Errors: `Overflow`.
    pub fn minus(self, other: Money) -> Result<Money, MoneyError> {
        self.0.checked_sub(other.0).map(Money).ok_or(MoneyError::Overflow)
    }

    /// `self × numerator ÷ denominator`, rounded once to the nearest minor unit, halves away from
    /// zero. This is the only rounding of money in Olvido; Regulation (EC) 1103/97, article 5,
    /// asks for it ("if … exactly half-way, the sum shall be rounded up").
    ///
    /// Errors: `Overflow` when the result does not fit or `denominator` is not positive.
    pub fn scaled(self, numerator: i64, denominator: i64) -> Result<Money, MoneyError> {
        if denominator <= 0 {
            return Err(MoneyError::Overflow);
        }
        let product = i128::from(self.0) * i128::from(numerator);
        let divisor = i128::from(denominator);
        let nearest = (product.abs() * 2 + divisor) / (divisor * 2);
        i64::try_from(nearest * product.signum()).map(Money).map_err(|_| MoneyError::Overflow)
    }

    /// To the nearest multiple of `step` minor units, halves away from zero (cash rounding).
    /// A step of 0 or 1 changes nothing. Errors: `Overflow`.
    pub fn rounded_to(self, step: i64) -> Result<Money, MoneyError> {
        if step <= 1 {
            return Ok(self);
        }
        let steps = self.scaled(1, step)?;
        steps.0.checked_mul(step).map(Money).ok_or(MoneyError::Overflow)
    }

    /// Splits the amount over `weights` so that the parts add up to it exactly: every part is cut
    /// toward zero, and the units left go one each to the largest remainders (the largest
    /// remainder method), earlier parts first. Weights of zero take nothing.
    ///
    /// Errors: `Overflow` when the weights do not add up to a positive number.
    pub fn allocated(self, weights: &[Money]) -> Result<Vec<Money>, MoneyError> {
        let whole: i128 = weights.iter().map(|w| i128::from(w.0)).sum();
        if whole <= 0 || weights.iter().any(|w| w.0 < 0) {
            return if self == Money::ZERO {
                Ok(vec![Money::ZERO; weights.len()])
            } else {
                Err(MoneyError::Overflow)
            };
        }
        let magnitude = i128::from(self.0).abs();
        let mut parts: Vec<i128> = Vec::with_capacity(weights.len());
        let mut remainders: Vec<(i128, usize)> = Vec::with_capacity(weights.len());
        for (index, weight) in weights.iter().enumerate() {
            let product = magnitude * i128::from(weight.0);
            parts.push(product / whole);
            remainders.push((product % whole, index));
        }
        let left = magnitude - parts.iter().sum::<i128>();
        remainders.sort_by_key(|&(remainder, index)| (std::cmp::Reverse(remainder), index));
        for &(_, index) in remainders.iter().take(usize::try_from(left).map_err(|_| MoneyError::Overflow)?) {
            parts[index] += 1;
        }
        let sign = self.0.signum();
        parts
            .into_iter()
            .map(|p| i64::try_from(p).map(|p| Money(p * sign)).map_err(|_| MoneyError::Overflow))
            .collect()
    }

    /// Reads an amount as a person types it: `2`, `2,3`, `2.30`, `-1.20`. A dot and a comma both
    /// stand for the decimal sign; no grouping (see [`crate::domain::import`] for files).
    ///
    /// Errors: `NotANumber`, `TooFine` (more decimals than `decimals`), `Overflow` (beyond
    /// [`LARGEST_INPUT`]).
    pub fn parse(text: &str, decimals: u8) -> Result<Money, MoneyError> {
        let value = parse_fixed(text, decimals)?;
        if value.abs() > LARGEST_INPUT.0 { Err(MoneyError::Overflow) } else { Ok(Money(value)) }
    }

    /// The amount with a decimal point and the currency's decimals, for machines: `-1.20`.
    pub fn decimal(self, decimals: u8) -> String {
        format_fixed(self.0, decimals, '.', None)
    }
}

/// Reads a decimal number as an integer scaled by 10^`decimals`.
pub(crate) fn parse_fixed(text: &str, decimals: u8) -> Result<i64, MoneyError> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-').or_else(|| text.strip_prefix('−')) {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, ""));
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole) || !plain(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return Err(MoneyError::NotANumber);
    }
    let fraction =
        if fraction.len() > usize::from(decimals) { fraction.trim_end_matches('0') } else { fraction };
    if fraction.len() > usize::from(decimals) {
        return Err(MoneyError::TooFine);
    }
    let mut value: i64 = 0;
    let padding = usize::from(decimals) - fraction.len();
    for digit in whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', padding)) {
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(i64::from(digit - b'0')))
            .ok_or(MoneyError::Overflow)?;
    }
    Ok(if negative { -value } else { value })
}

/// Writes an integer scaled by 10^`decimals`, with the given decimal and grouping signs.
pub(crate) fn format_fixed(value: i64, decimals: u8, point: char, group: Option<char>) -> String {
    let digits = format!("{:0width$}", value.unsigned_abs(), width = usize::from(decimals) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(decimals));
    let mut out = String::with_capacity(digits.len() + 6);
    if value < 0 {
        out.push('-');
    }
    for (index, digit) in whole.chars().enumerate() {
        if let Some(group) = group
            && index > 0
            && (whole.len() - index).is_multiple_of(3)
        {
            out.push(group);
        }
        out.push(digit);
    }
    if decimals > 0 {
        out.push(point);
        out.push_str(fraction);
    }
    out
}

/// Adds amounts that an invariant already bounds (a basket's lines); anything from outside goes
/// through [`Money::plus`]. Panics on overflow, like every broken invariant.
impl Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, |sum, m| sum.plus(m).expect("amounts bounded by Basket::LARGEST_TOTAL"))
    }
}

impl std::ops::Neg for Money {
    type Output = Money;
    fn neg(self) -> Money {
        Money(-self.0)
    }
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MoneyError::Overflow => "amount too large",
            MoneyError::NotANumber => "not a number",
            MoneyError::TooFine => "too many decimals",
        })
    }
}

impl std::error::Error for MoneyError {}

/// A currency: its ISO 4217 code, the sign shown beside amounts, and its decimals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Currency {
    /// ISO 4217 code, upper case.
    pub code: String,
    /// What people write: `€`.
    pub sign: String,
    /// Digits after the decimal sign, from ISO 4217.
    pub decimals: u8,
}

impl Currency {
    /// The currencies a store can choose, by ISO 4217 code; `None` for any other.
    pub fn from_code(code: &str) -> Option<Currency> {
        let (sign, decimals) = match code {
            "EUR" => ("€", 2),
            "USD" => ("$", 2),
            "GBP" => ("£", 2),
            "CHF" => ("CHF", 2),
            "MXN" => ("$", 2),
            "SEK" | "DKK" | "NOK" => ("kr", 2),
            "PLN" => ("zł", 2),
            "CZK" => ("Kč", 2),
            "JPY" => ("¥", 0),
            _ => return None,
        };
        Some(Currency { code: code.to_owned(), sign: sign.to_owned(), decimals })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn halves_round_away_from_zero() {
        for (amount, numerator, denominator, expected) in [
            (5, 1, 2, 3),
            (-5, 1, 2, -3),
            (4, 1, 3, 1),
            (249, 482, 1000, 120),
            (100, 10, 110, 9),
            (0, 5, 7, 0),
        ] {
            assert_eq!(Money(amount).scaled(numerator, denominator), Ok(Money(expected)), "{amount}");
        }
        assert_eq!(Money(i64::MAX).scaled(2, 1), Err(MoneyError::Overflow));
        assert_eq!(Money(1).scaled(1, 0), Err(MoneyError::Overflow));
    }

    #[test]
    fn cash_rounds_to_five_cents() {
        for (amount, expected) in
            [(101, 100), (102, 100), (103, 105), (107, 105), (108, 110), (-103, -105), (0, 0)]
        {
            assert_eq!(Money(amount).rounded_to(5), Ok(Money(expected)), "{amount}");
        }
    }

    #[test]
    fn amounts_read_as_typed() {
        for (text, expected) in [
            ("2", Ok(200)),
            ("2,3", Ok(230)),
            ("2.30", Ok(230)),
            (" -1.20 ", Ok(-120)),
            (",5", Ok(50)),
            ("1.200", Ok(120)),
            ("1.205", Err(MoneyError::TooFine)),
            ("", Err(MoneyError::NotANumber)),
            ("-", Err(MoneyError::NotANumber)),
            ("1.2.3", Err(MoneyError::NotANumber)),
            ("12a", Err(MoneyError::NotANumber)),
            ("99999999999999999999", Err(MoneyError::Overflow)),
            ("10000001", Err(MoneyError::Overflow)),
        ] {
            assert_eq!(Money::parse(text, 2), expected.map(Money), "{text:?}");
        }
        assert_eq!(Money::parse("250", 0), Ok(Money(250)));
    }

    #[test]
    fn amounts_written_for_machines_and_people() {
        assert_eq!(Money(-5).decimal(2), "-0.05");
        assert_eq!(Money(250).decimal(0), "250");
        assert_eq!(format_fixed(123_456_789, 2, ',', Some('.')), "1.234.567,89");
    }

    proptest! {
        #[test]
        fn parts_add_up(amount in -1_000_000_000i64..1_000_000_000, weights in prop::collection::vec(0i64..1_000_000, 1..40)) {
            prop_assume!(weights.iter().sum::<i64>() > 0);
            let weights: Vec<Money> = weights.into_iter().map(Money).collect();
            let parts = Money(amount).allocated(&weights).unwrap();
            prop_assert_eq!(parts.iter().copied().sum::<Money>(), Money(amount));
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!(weight.0 > 0 || part.0 == 0);
            }
        }

        #[test]
        fn decimal_and_back(amount in -1_000_000_000i64..1_000_000_000, decimals in 0u8..4) {
            prop_assert_eq!(Money::parse(&Money(amount).decimal(decimals), decimals), Ok(Money(amount)));
        }

        #[test]
        fn parse_never_panics(text in "\\PC*", decimals in 0u8..4) {
            let _ = Money::parse(&text, decimals);
        }
    }
}
