//! Value added tax, contained in the prices.

use serde::{Deserialize, Serialize};

use super::money::{Money, MoneyError};

/// A tax rate in hundredths of a per cent: 10 % is 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaxRate(pub u16);

impl TaxRate {
    /// Reads `10`, `5.2` or `5,2` per cent, 0 to 100. `None` for anything else.
    pub fn parse(text: &str) -> Option<TaxRate> {
        let text = text.trim();
        let text = text.strip_suffix('%').unwrap_or(text).trim_end();
        let hundredths = super::money::parse_fixed(text, 2).ok()?;
        u16::try_from(hundredths).ok().filter(|&r| r <= 10_000).map(TaxRate)
    }

    /// The rate without needless decimals: `10`, `5.2`.
    pub fn decimal(self) -> String {
        let text = super::money::format_fixed(i64::from(self.0), 2, '.', None);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// The tax contained in a gross amount: gross × rate ÷ (100 % + rate), rounded once.
    pub fn contained_in(self, gross: Money) -> Result<Money, MoneyError> {
        gross.scaled(i64::from(self.0), 10_000 + i64::from(self.0))
    }
}

/// Tax of one rate on a ticket; `base + tax` is the gross amount at that rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxAmount {
    pub rate: TaxRate,
    pub base: Money,
    pub tax: Money,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        for (text, expected) in [
            ("10", Some("10")),
            ("5,2", Some("5.2")),
            ("21 %", Some("21")),
            ("0", Some("0")),
            ("101", None),
            ("x", None),
            ("-4", None),
        ] {
            assert_eq!(TaxRate::parse(text).map(TaxRate::decimal).as_deref(), expected, "{text}");
        }
        assert_eq!(TaxRate(2100).contained_in(Money(38_900)), Ok(Money(6_751)));
    }
}
