//! The open basket: what is being bought, before it is paid.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::money::{Money, MoneyError};
use super::product::{Product, ProductId};
use super::quantity::{Quantity, QuantityError, Unit};
use super::tax::{TaxAmount, TaxRate};

/// A reduction of a line or of the whole basket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Discount {
    /// Hundredths of a per cent, 1 to 10,000.
    Percent(u16),
    /// A positive amount, no more than what it reduces.
    Amount(Money),
}

impl Discount {
    /// Reads `10%`, `12,5 %` or an amount such as `1,50`.
    /// Errors: `BadDiscount` when it is neither, not positive, or more than 100 %.
    pub fn parse(text: &str, decimals: u8) -> Result<Discount, BasketError> {
        let bad = |_| BasketError::BadDiscount;
        if let Some(percent) = text.trim().strip_suffix('%') {
            let rate = TaxRate::parse(percent).ok_or(BasketError::BadDiscount)?;
            return if rate.0 == 0 { Err(BasketError::BadDiscount) } else { Ok(Discount::Percent(rate.0)) };
        }
        match Money::parse(text, decimals).map_err(bad)? {
            amount if amount > Money::ZERO => Ok(Discount::Amount(amount)),
            _ => Err(BasketError::BadDiscount),
        }
    }

    /// What it takes off `gross`. Errors: `DiscountTooLarge`.
    fn off(self, gross: Money) -> Result<Money, BasketError> {
        match self {
            Discount::Percent(rate) => Ok(gross.scaled(i64::from(rate), 10_000)?),
            Discount::Amount(amount) if amount <= gross => Ok(amount),
            Discount::Amount(_) => Err(BasketError::DiscountTooLarge),
        }
    }
}

/// One line of a basket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// `None` for an open-priced item sold by department.
    pub product: Option<ProductId>,
    pub name: Arc<str>,
    pub department: Arc<str>,
    pub unit: Unit,
    pub quantity: Quantity,
    /// For one unit, tax included.
    pub unit_price: Money,
    pub tax: TaxRate,
    pub discount: Option<Discount>,
    /// Years that the product should last; 0 where the shop says nothing.
    pub durable_years: u8,
}

impl Line {
    /// A line of a catalogue product.
    pub fn of(product: ProductId, item: &Product, quantity: Quantity) -> Result<Line, BasketError> {
        Ok(Line {
            product: Some(product),
            name: item.name.as_str().into(),
            department: item.department.as_str().into(),
            unit: item.unit,
            quantity: quantity.fits(item.unit)?,
            unit_price: item.price,
            tax: item.tax,
            discount: None,
            durable_years: item.durable_years,
        })
    }

    /// An item without a product, sold by department at a price that the cashier gives.
    pub fn open(name: &str, department: &str, price: Money, tax: TaxRate) -> Line {
        Line {
            product: None,
            name: name.into(),
            department: department.into(),
            unit: Unit::Piece,
            quantity: Quantity::ONE,
            unit_price: price,
            tax,
            discount: None,
            durable_years: 0,
        }
    }

    /// Quantity × unit price, before any discount.
    pub fn gross(&self) -> Result<Money, MoneyError> {
        self.quantity.times(self.unit_price)
    }

    /// Whether `other` is the same product again, so that one line can hold both.
    fn repeats(&self, other: &Line) -> bool {
        self.product.is_some()
            && self.product == other.product
            && self.unit == Unit::Piece
            && self.unit_price == other.unit_price
            && self.discount.is_none()
            && other.discount.is_none()
    }

    fn priced(&self) -> Result<PricedLine, BasketError> {
        let gross = self.gross()?;
        let discount = self.discount.map_or(Ok(Money::ZERO), |d| d.off(gross))?;
        Ok(PricedLine { gross, discount, share: Money::ZERO, net: gross.minus(discount)? })
    }
}

/// What a line comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedLine {
    /// Quantity × unit price.
    pub gross: Money,
    /// Taken off by the line's own discount.
    pub discount: Money,
    /// This line's share of the discount on the whole basket.
    pub share: Money,
    /// `gross − discount − share`.
    pub net: Money,
}

/// What was sold in one department at one tax rate, tax included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepartmentAmount {
    pub department: String,
    pub rate: TaxRate,
    pub amount: Money,
}

/// The basket's arithmetic. `total` is the sum of `lines[..].net`, of `departments[..].amount`, and
/// of `taxes[..].base + tax`, always to the minor unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Priced {
    pub lines: Vec<PricedLine>,
    /// Sum of the lines before the discount on the whole basket.
    pub subtotal: Money,
    /// The discount on the whole basket.
    pub discount: Money,
    pub total: Money,
    /// Sorted by department, then rate.
    pub departments: Vec<DepartmentAmount>,
    /// Sorted by rate.
    pub taxes: Vec<TaxAmount>,
    /// Sum of `taxes[..].tax`.
    pub tax_total: Money,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BasketError {
    /// The basket has [`Basket::LARGEST_COUNT`] lines.
    Full,
    /// No line has this number.
    NoSuchLine,
    Quantity(QuantityError),
    Money(MoneyError),
    /// Neither a per cent nor an amount.
    BadDiscount,
    /// More than what it reduces.
    DiscountTooLarge,
}

/// What is being bought. Every change either holds all invariants or is refused whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basket {
    lines: Vec<Line>,
    discount: Option<Discount>,
}

impl Basket {
    pub const LARGEST_COUNT: usize = 999;
    /// 100 million major units at two decimals.
    pub const LARGEST_TOTAL: Money = Money(10_000_000_000);

    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    pub fn discount(&self) -> Option<Discount> {
        self.discount
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Pieces plus one for each weighed line.
    pub fn item_count(&self) -> i64 {
        self.lines
            .iter()
            .map(|l| if l.unit == Unit::Piece { l.quantity.thousandths() / 1000 } else { 1 })
            .sum()
    }

    /// Adds a line at the end, or adds its quantity to the last line when that is the same product
    /// by the piece at the same price without a discount. Returns the line's index.
    pub fn add(&mut self, line: Line) -> Result<usize, BasketError> {
        self.change(|basket| {
            if let Some(last) = basket.lines.last_mut()
                && last.repeats(&line)
            {
                last.quantity = last.quantity.plus(line.quantity)?;
            } else if basket.lines.len() == Basket::LARGEST_COUNT {
                return Err(BasketError::Full);
            } else {
                basket.lines.push(line);
            }
            Ok(basket.lines.len() - 1)
        })
    }

    /// Errors: `NoSuchLine`, `Quantity`.
    pub fn set_quantity(&mut self, index: usize, quantity: Quantity) -> Result<(), BasketError> {
        self.change(|basket| {
            let line = basket.line_mut(index)?;
            line.quantity = quantity.fits(line.unit)?;
            Ok(())
        })
    }

    /// Replaces a line's discount. Errors: `NoSuchLine`, `DiscountTooLarge`.
    pub fn set_line_discount(&mut self, index: usize, discount: Option<Discount>) -> Result<(), BasketError> {
        self.change(|basket| {
            basket.line_mut(index)?.discount = discount;
            Ok(())
        })
    }

    /// Replaces the discount on the whole basket. Errors: `DiscountTooLarge`.
    pub fn set_discount(&mut self, discount: Option<Discount>) -> Result<(), BasketError> {
        self.change(|basket| {
            basket.discount = discount;
            Ok(())
        })
    }

    /// Takes a line out. A discount on the whole basket that the rest no longer bears goes with it.
    /// Errors: `NoSuchLine`.
    pub fn void(&mut self, index: usize) -> Result<Line, BasketError> {
        if index >= self.lines.len() {
            return Err(BasketError::NoSuchLine);
        }
        let line = self.lines.remove(index);
        if self.priced().is_err() {
            self.discount = None;
        }
        Ok(line)
    }

    /// The arithmetic of the whole basket. Errors: `Money` or `DiscountTooLarge`, which a basket
    /// changed only through its methods never gives.
    pub fn priced(&self) -> Result<Priced, BasketError> {
        let mut lines = self.lines.iter().map(Line::priced).collect::<Result<Vec<_>, _>>()?;
        let mut subtotal = Money::ZERO;
        for line in &lines {
            subtotal = subtotal.plus(line.net)?;
        }
        if subtotal > Basket::LARGEST_TOTAL {
            return Err(BasketError::Money(MoneyError::Overflow));
        }
        let discount = self.discount.map_or(Ok(Money::ZERO), |d| d.off(subtotal))?;
        if discount > Money::ZERO {
            let weights: Vec<Money> = lines.iter().map(|l| l.net).collect();
            for (line, share) in lines.iter_mut().zip(discount.allocated(&weights)?) {
                line.share = share;
                line.net = line.net.minus(share)?;
            }
        }
        let total = subtotal.minus(discount)?;
        let (departments, taxes) = self.shares(&lines)?;
        let tax_total = taxes.iter().map(|t| t.tax).sum();
        Ok(Priced { lines, subtotal, discount, total, departments, taxes, tax_total })
    }

    fn shares(&self, lines: &[PricedLine]) -> Result<(Vec<DepartmentAmount>, Vec<TaxAmount>), BasketError> {
        let mut departments: BTreeMap<(&str, TaxRate), Money> = BTreeMap::new();
        let mut rates: BTreeMap<TaxRate, Money> = BTreeMap::new();
        for (line, priced) in self.lines.iter().zip(lines) {
            let department = departments.entry((&line.department, line.tax)).or_default();
            *department = department.plus(priced.net)?;
            let rate = rates.entry(line.tax).or_default();
            *rate = rate.plus(priced.net)?;
        }
        let departments = departments
            .into_iter()
            .map(|((department, rate), amount)| DepartmentAmount {
                department: department.to_owned(),
                rate,
                amount,
            })
            .collect();
        let taxes = rates
            .into_iter()
            .map(|(rate, gross)| {
                let tax = rate.contained_in(gross)?;
                Ok(TaxAmount { rate, base: gross.minus(tax)?, tax })
            })
            .collect::<Result<_, BasketError>>()?;
        Ok((departments, taxes))
    }

    fn line_mut(&mut self, index: usize) -> Result<&mut Line, BasketError> {
        self.lines.get_mut(index).ok_or(BasketError::NoSuchLine)
    }

    /// Tries a change on a copy and keeps it only if the arithmetic still holds.
    fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Basket) -> Result<T, BasketError>,
    ) -> Result<T, BasketError> {
        let mut changed = self.clone();
        let value = change(&mut changed)?;
        changed.priced()?;
        *self = changed;
        Ok(value)
    }
}

impl From<MoneyError> for BasketError {
    fn from(error: MoneyError) -> BasketError {
        BasketError::Money(error)
    }
}

impl From<QuantityError> for BasketError {
    fn from(error: QuantityError) -> BasketError {
        BasketError::Quantity(error)
    }
}

impl fmt::Display for BasketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BasketError::Full => f.write_str("the basket is full"),
            BasketError::NoSuchLine => f.write_str("no such line"),
            BasketError::Quantity(error) => error.fmt(f),
            BasketError::Money(error) => error.fmt(f),
            BasketError::BadDiscount => f.write_str("not a discount"),
            BasketError::DiscountTooLarge => f.write_str("the discount is more than the price"),
        }
    }
}

impl std::error::Error for BasketError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(name: &str, price: i64, rate: u16) -> Line {
        Line::open(name, if rate == 400 { "Pan" } else { "Bazar" }, Money(price), TaxRate(rate))
    }

    fn product(id: u32, price: i64) -> Line {
        Line { product: Some(ProductId(id)), ..line("x", price, 1000) }
    }

    #[test]
    fn the_same_product_twice_is_one_line() {
        let mut basket = Basket::default();
        assert_eq!(basket.add(product(1, 115)), Ok(0));
        assert_eq!(basket.add(product(1, 115)), Ok(0));
        assert_eq!(basket.add(product(2, 115)), Ok(1));
        assert_eq!(basket.add(product(1, 115)), Ok(2), "only the line scanned last takes more");
        assert_eq!(basket.item_count(), 4);
        basket.set_line_discount(2, Some(Discount::Percent(1000))).unwrap();
        assert_eq!(basket.add(product(1, 115)), Ok(3), "a discounted line stays as it is");
    }

    #[test]
    fn a_refused_change_changes_nothing() {
        let mut basket = Basket::default();
        basket.add(line("a", 500, 400)).unwrap();
        let before = basket.clone();
        assert_eq!(
            basket.set_line_discount(0, Some(Discount::Amount(Money(501)))),
            Err(BasketError::DiscountTooLarge)
        );
        assert_eq!(basket.set_quantity(1, Quantity::ONE), Err(BasketError::NoSuchLine));
        assert_eq!(
            basket.set_quantity(0, Quantity::grams(500).unwrap()),
            Err(BasketError::Quantity(QuantityError::PiecesAreWhole))
        );
        assert_eq!(basket, before);
    }

    #[test]
    fn a_void_drops_a_discount_that_the_rest_does_not_bear() {
        let mut basket = Basket::default();
        basket.add(line("a", 500, 400)).unwrap();
        basket.add(line("b", 100, 2100)).unwrap();
        basket.set_discount(Some(Discount::Amount(Money(300)))).unwrap();
        basket.void(0).unwrap();
        assert_eq!(basket.discount(), None);
        assert_eq!(basket.priced().unwrap().total, Money(100));
    }

    #[test]
    fn discounts_read_as_typed() {
        for (text, expected) in [
            ("10%", Ok(Discount::Percent(1000))),
            ("12,5 %", Ok(Discount::Percent(1250))),
            ("1,50", Ok(Discount::Amount(Money(150)))),
            ("0", Err(BasketError::BadDiscount)),
            ("-1", Err(BasketError::BadDiscount)),
            ("101%", Err(BasketError::BadDiscount)),
            ("diez", Err(BasketError::BadDiscount)),
        ] {
            assert_eq!(Discount::parse(text, 2), expected, "{text}");
        }
    }

    fn any_line() -> impl Strategy<Value = Line> {
        let rate = prop::sample::select(vec![0u16, 400, 1000, 2100]);
        let discount = prop::option::of(prop_oneof![
            (1u16..=10_000).prop_map(Discount::Percent),
            (1i64..100).prop_map(|a| Discount::Amount(Money(a))),
        ]);
        (1i64..9000, 0i64..100_000, rate, 0u8..4, discount).prop_map(
            |(grams, price, rate, department, discount)| Line {
                unit: Unit::Kilogram,
                quantity: Quantity::grams(grams).unwrap(),
                department: format!("d{department}").as_str().into(),
                discount,
                ..line("x", price, rate)
            },
        )
    }

    proptest! {
        /// Department amounts, tax per rate and lines add up to the total, for every basket.
        #[test]
        fn everything_adds_up(lines in prop::collection::vec(any_line(), 1..60), percent in 0u16..=10_000, cents in 0i64..5000) {
            let mut basket = Basket::default();
            for line in lines {
                let _ = basket.add(line);
            }
            let discount = if percent % 2 == 0 { Discount::Percent(percent.max(1)) } else { Discount::Amount(Money(cents.max(1))) };
            let _ = basket.set_discount(Some(discount));
            let priced = basket.priced().unwrap();
            let net: Money = priced.lines.iter().map(|l| l.net).sum();
            let departments: Money = priced.departments.iter().map(|d| d.amount).sum();
            let taxes: Money = priced.taxes.iter().flat_map(|t| [t.base, t.tax]).sum();
            prop_assert_eq!(net, priced.total);
            prop_assert_eq!(departments, priced.total);
            prop_assert_eq!(taxes, priced.total);
            prop_assert_eq!(priced.subtotal, priced.total.plus(priced.discount).unwrap());
            for line in &priced.lines {
                prop_assert!(line.net >= Money::ZERO);
                prop_assert_eq!(line.gross.0, line.discount.0 + line.share.0 + line.net.0);
            }
        }
    }
}
