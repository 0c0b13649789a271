//! How the file writes its numbers: decided from the whole column, so that no single price is misread.

use std::borrow::Cow;

use super::header::{Field, Header, Record};
use super::text::Text;
use super::{ImportError, ProblemKind, Settings};
use crate::domain::money::{Money, MoneyError};
use crate::domain::tax::TaxRate;

/// The sign between whole units and cents; the other one groups thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalMark {
    Comma,
    Dot,
}

impl DecimalMark {
    /// The mark that is written `,` or `.`; `None` for any other sign.
    pub fn from_sign(sign: char) -> Option<DecimalMark> {
        match sign {
            ',' => Some(DecimalMark::Comma),
            '.' => Some(DecimalMark::Dot),
            _ => None,
        }
    }

    /// `,` or `.`
    pub fn sign(self) -> char {
        match self {
            DecimalMark::Comma => ',',
            DecimalMark::Dot => '.',
        }
    }
}

/// How the columns of numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amounts {
    pub(super) decimal_mark: Option<DecimalMark>,
    /// Rates are written as parts of one: 0.21 for 21 %.
    fractional_tax: bool,
    decimals: u8,
}

/// What one price tells about its signs.
#[derive(Debug, PartialEq, Eq)]
enum Evidence {
    None,
    Decimal(DecimalMark),
    /// One sign with three digits after it.
    Either,
}

/// What the numbers seen so far tell together: how many prices with each sign, and one of them.
#[derive(Default)]
pub(super) struct Tally {
    comma: (u64, String),
    dot: (u64, String),
    either: Option<(u64, String)>,
    rates: u64,
    whole_rates: u64,
}

/// Lines that are looked at for a first idea of the whole.
const SAMPLE: usize = 200;

impl Amounts {
    /// What the first lines suggest. The whole file has the last word: see [`Tally::verdict`].
    pub(super) fn guess(text: &Text<'_>, header: &Header, settings: &Settings<'_>) -> Amounts {
        let mut tally = Tally::default();
        header.each_record(text, SAMPLE, |record| tally.add(&record, header));
        let unknown = Amounts { decimal_mark: None, fractional_tax: false, decimals: settings.decimals };
        tally.verdict(settings).unwrap_or(unknown)
    }

    /// Reads a price in the file's style: signs of currency and blanks do not count, groups have
    /// three digits.
    pub(super) fn price(&self, value: &str) -> Result<Money, ProblemKind> {
        let number = bare(value);
        let point = self.decimal_mark.unwrap_or(DecimalMark::Dot).sign();
        let group = if point == ',' { '.' } else { ',' };
        let plain = ungrouped(&number, point, group).ok_or(ProblemKind::NotAPrice)?;
        let price = Money::parse(&plain, self.decimals).map_err(|error| match error {
            MoneyError::NotANumber => ProblemKind::NotAPrice,
            MoneyError::TooFine => ProblemKind::PriceTooFine,
            MoneyError::Overflow => ProblemKind::PriceTooLarge,
        })?;
        if price < Money::ZERO { Err(ProblemKind::NegativePrice) } else { Ok(price) }
    }

    /// Reads a rate: `21`, `21 %`, `IVA 21%`, or 0.21 where the whole column is written so.
    pub(super) fn tax(&self, value: &str) -> Option<TaxRate> {
        let rate = TaxRate::parse(value).or_else(|| only_number(value))?;
        if self.fractional_tax { rate.0.checked_mul(100).map(TaxRate) } else { Some(rate) }
    }
}

impl Tally {
    /// Notes the price and the rate of a line.
    pub(super) fn add(&mut self, record: &Record<'_>, header: &Header) {
        let value = |field| header.index(field).and_then(|at| record.fields.get(at));
        if let Some(price) = value(Field::Price) {
            match evidence(price) {
                Evidence::None => {}
                Evidence::Decimal(DecimalMark::Comma) => count(&mut self.comma, price),
                Evidence::Decimal(DecimalMark::Dot) => count(&mut self.dot, price),
                Evidence::Either => {
                    self.either.get_or_insert_with(|| (record.line, price.to_owned()));
                }
            }
        }
        if let Some(rate) = value(Field::Tax).and_then(TaxRate::parse).filter(|rate| rate.0 > 0) {
            self.rates += 1;
            self.whole_rates += u64::from(rate.0 >= 100);
        }
    }

    /// How the columns are written, from all of their lines.
    /// Errors: `AmbiguousDecimal`, `MixedDecimal`, unless the settings say the decimal sign.
    pub(super) fn verdict(self, settings: &Settings<'_>) -> Result<Amounts, ImportError> {
        let fractional_tax = self.rates > 0 && self.whole_rates == 0;
        let decimal_mark = match settings.decimal_mark {
            Some(mark) => Some(mark),
            None => self.decimal_mark(settings.decimals)?,
        };
        Ok(Amounts { decimal_mark, fractional_tax, decimals: settings.decimals })
    }

    /// The mark that most prices show. Where none does, a sign before three digits groups them in a
    /// currency without decimals, and is a question in any other.
    fn decimal_mark(self, decimals: u8) -> Result<Option<DecimalMark>, ImportError> {
        let (comma, dot) = (self.comma.0, self.dot.0);
        if comma == dot && comma > 0 {
            return Err(ImportError::MixedDecimal { comma: self.comma.1, dot: self.dot.1 });
        }
        match self.either {
            _ if comma > dot => Ok(Some(DecimalMark::Comma)),
            _ if dot > comma => Ok(Some(DecimalMark::Dot)),
            Some((_, value)) if decimals == 0 => {
                Ok(Some(if value.contains(',') { DecimalMark::Dot } else { DecimalMark::Comma }))
            }
            Some((line, value)) => Err(ImportError::AmbiguousDecimal { line, value }),
            None => Ok(None),
        }
    }
}

fn count(seen: &mut (u64, String), value: &str) {
    if seen.0 == 0 {
        value.clone_into(&mut seen.1);
    }
    seen.0 += 1;
}

/// What the signs of one price say by themselves.
fn evidence(value: &str) -> Evidence {
    let number = bare(value);
    let digits = number.strip_prefix('-').unwrap_or(&number);
    if !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',') {
        return Evidence::None;
    }
    let (Some(last), Some(first)) = (digits.rfind(['.', ',']), digits.find(['.', ','])) else {
        return Evidence::None;
    };
    let (of_last, of_first) = (&digits[last..=last], &digits[first..=first]);
    let mark = |sign: &str| if sign == "," { DecimalMark::Comma } else { DecimalMark::Dot };
    let other = |sign: &str| if sign == "," { DecimalMark::Dot } else { DecimalMark::Comma };
    if of_last != of_first {
        return Evidence::Decimal(mark(of_last));
    }
    if last != first {
        return Evidence::Decimal(other(of_first));
    }
    let (before, after) = (&digits[..last], digits.len() - last - 1);
    if after == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0') {
        return Evidence::Either;
    }
    Evidence::Decimal(mark(of_last))
}

/// The value without currency signs and letters around it and blanks or apostrophes inside.
fn bare(value: &str) -> Cow<'_, str> {
    if value.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',') {
        return value.into();
    }
    let around = |c: char| c.is_alphabetic() || c.is_whitespace() || "€$£¥¤".contains(c);
    let value = value.trim_matches(around);
    if value.contains([' ', '\'', '’', '\u{a0}', '\u{202f}', '−', '$', '€', '£']) {
        let kept = value.chars().filter(|c| !" '’\u{a0}\u{202f}$€£".contains(*c));
        kept.map(|c| if c == '−' { '-' } else { c }).collect::<String>().into()
    } else {
        value.into()
    }
}

/// The number with a decimal point and no groups; `None` where groups are not of three digits.
fn ungrouped(number: &str, point: char, group: char) -> Option<Cow<'_, str>> {
    if !number.contains(group) {
        return Some(number.into());
    }
    let (whole, fraction) = number.split_once(point).unwrap_or((number, ""));
    if fraction.contains([',', '.']) {
        return None;
    }
    let mut groups = whole.strip_prefix('-').unwrap_or(whole).split(group);
    let first = groups.next().unwrap_or("");
    if !(1..=3).contains(&first.len()) || groups.any(|part| part.len() != 3) {
        return None;
    }
    let mut plain = whole.replace(group, "");
    if number.contains(point) {
        plain.push('.');
        plain.push_str(fraction);
    }
    Some(plain.into())
}

/// The rate in words such as `IVA 21% (bienes)`: the number before the only per cent sign, else the
/// only number.
pub(super) fn only_number(text: &str) -> Option<TaxRate> {
    let numeric = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
    if let Some((before, after)) = text.split_once('%') {
        if after.contains('%') {
            return None;
        }
        let before = before.trim_end();
        let start = before.trim_end_matches(numeric).len();
        return TaxRate::parse(&before[start..]);
    }
    let mut numbers = text.split(|c| !numeric(c)).filter(|part| part.bytes().any(|b| b.is_ascii_digit()));
    let number = numbers.next()?;
    if numbers.next().is_some() { None } else { TaxRate::parse(number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_tell_their_signs() {
        use DecimalMark::{Comma, Dot};
        for (value, expected) in [
            ("1", Evidence::None),
            ("", Evidence::None),
            ("abc", Evidence::None),
            ("1,5", Evidence::Decimal(Comma)),
            ("1.50 €", Evidence::Decimal(Dot)),
            ("1.234,56", Evidence::Decimal(Comma)),
            ("$1,234.56", Evidence::Decimal(Dot)),
            ("1,234,567", Evidence::Decimal(Dot)),
            ("1.234.567", Evidence::Decimal(Comma)),
            ("1,234", Evidence::Either),
            ("12.345", Evidence::Either),
            ("0,125", Evidence::Decimal(Comma)),
            (",125", Evidence::Decimal(Comma)),
            ("1234.500", Evidence::Decimal(Dot)),
            ("3.000000", Evidence::Decimal(Dot)),
            ("-1,20", Evidence::Decimal(Comma)),
        ] {
            assert_eq!(evidence(value), expected, "{value}");
        }
    }

    #[test]
    fn prices_read() {
        let amounts = |mark| Amounts { decimal_mark: Some(mark), fractional_tax: false, decimals: 2 };
        let (comma, dot) = (amounts(DecimalMark::Comma), amounts(DecimalMark::Dot));
        for (amounts, value, expected) in [
            (&comma, "1.234,56", Ok(123_456)),
            (&comma, "1.234", Ok(123_400)),
            (&comma, "1,2", Ok(120)),
            (&comma, "0", Ok(0)),
            (&comma, "2 €", Ok(200)),
            (&comma, "€ 2,50", Ok(250)),
            (&comma, "1 234,50 EUR", Ok(123_450)),
            (&comma, "1\u{a0}234,50", Ok(123_450)),
            (&comma, "1.20", Err(ProblemKind::NotAPrice)),
            (&comma, "1234.567,00", Err(ProblemKind::NotAPrice)),
            (&comma, "12.3456", Err(ProblemKind::NotAPrice)),
            (&comma, ".123", Err(ProblemKind::NotAPrice)),
            (&comma, "1,2,3", Err(ProblemKind::NotAPrice)),
            (&comma, "-1,20", Err(ProblemKind::NegativePrice)),
            (&comma, "−1,20", Err(ProblemKind::NegativePrice)),
            (&comma, "1,205", Err(ProblemKind::PriceTooFine)),
            (&comma, "99.999.999,00", Err(ProblemKind::PriceTooLarge)),
            (&comma, "gratis", Err(ProblemKind::NotAPrice)),
            (&dot, "1,234.56", Ok(123_456)),
            (&dot, "$4,250.00", Ok(425_000)),
            (&dot, "123,456", Ok(12_345_600)),
            (&dot, "3.000000", Ok(300)),
            (&dot, "1'234.50", Ok(123_450)),
            (&dot, "1,20", Err(ProblemKind::NotAPrice)),
            (&dot, "1.2e3", Err(ProblemKind::NotAPrice)),
        ] {
            assert_eq!(amounts.price(value), expected.map(Money), "{value}");
        }
    }

    #[test]
    fn rates_read() {
        let amounts = |fractional_tax| Amounts { decimal_mark: None, fractional_tax, decimals: 2 };
        for (fractional, value, expected) in [
            (false, "21", Some(2100)),
            (false, "21,0 %", Some(2100)),
            (false, "IVA 21% (bienes)", Some(2100)),
            (false, "IVA 10 %", Some(1000)),
            (false, "E-0%", Some(0)),
            (false, "IVA 4", Some(400)),
            (false, "5.5% y 2%", None),
            (false, "general", None),
            (false, "101", None),
            (true, "0.21", Some(2100)),
            (true, "0,04", Some(400)),
            (true, "0", Some(0)),
        ] {
            assert_eq!(amounts(fractional).tax(value).map(|rate| rate.0), expected, "{value}");
        }
    }
}
