//! How a sale is paid.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::money::{Money, MoneyError};

/// A way to pay. Of a card nothing is kept but the fact that one was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TenderKind {
    Cash,
    Card,
}

impl TenderKind {
    /// `cash` or `card`, for machines.
    pub fn name(self) -> &'static str {
        match self {
            TenderKind::Cash => "cash",
            TenderKind::Card => "card",
        }
    }
}

/// An amount of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tender {
    pub kind: TenderKind,
    pub amount: Money,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenderError {
    /// Not a positive amount.
    NotPositive,
    /// A card pays no more than what is due.
    CardTooMuch,
    /// The sale is already paid.
    AlreadyPaid,
    /// More cash than anybody hands over: probably a code that was scanned.
    TooMuchCash,
    /// Less was given than is due.
    NotEnough {
        missing: Money,
    },
    Money(MoneyError),
}

/// A payment under way. `due − tendered` is what is missing; cash may exceed it and gives change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    total: Money,
    cash_step: i64,
    tenders: Vec<Tender>,
}

/// A complete payment: `total + rounding = Σ tenders`, net of the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
    /// What the store keeps, one entry a kind, cash first; nothing for a total of zero.
    pub tenders: Vec<Tender>,
    /// What the customer handed over, in the order given.
    pub given: Vec<Tender>,
    /// Cash rounding, between minus and plus half the smallest coin.
    pub rounding: Money,
    /// Cash to give back.
    pub change: Money,
}

impl Payment {
    /// Cash beyond this is refused as a mistake: 100,000 major units at two decimals.
    pub const LARGEST_CASH: Money = Money(10_000_000);

    /// `cash_step`: the smallest coin in minor units where cash is rounded (5), else 1.
    pub fn new(total: Money, cash_step: i64) -> Payment {
        Payment { total, cash_step: cash_step.max(1), tenders: Vec::new() }
    }

    pub fn total(&self) -> Money {
        self.total
    }

    pub fn tenders(&self) -> &[Tender] {
        &self.tenders
    }

    fn tendered(&self) -> Money {
        self.tenders.iter().map(|t| t.amount).sum()
    }

    /// What is missing if the rest is paid by card, to the minor unit.
    pub fn missing(&self) -> Money {
        Money((self.total.0 - self.tendered().0).max(0))
    }

    /// What is missing if the rest is paid in cash, rounded to the smallest coin.
    pub fn missing_cash(&self) -> Money {
        self.missing().rounded_to(self.cash_step).unwrap_or(self.missing())
    }

    /// Whether nothing more is needed. A rest that rounds to nothing in cash is paid.
    pub fn is_complete(&self) -> bool {
        let cash = self.tenders.iter().any(|t| t.kind == TenderKind::Cash);
        self.missing() == Money::ZERO || (cash && self.missing_cash() == Money::ZERO)
    }

    /// Takes one tender. Errors: `NotPositive`, `CardTooMuch`, `AlreadyPaid`, `TooMuchCash`.
    pub fn add(&mut self, tender: Tender) -> Result<(), TenderError> {
        if self.is_complete() {
            return Err(TenderError::AlreadyPaid);
        }
        if tender.amount <= Money::ZERO {
            return Err(TenderError::NotPositive);
        }
        match tender.kind {
            TenderKind::Card if tender.amount > self.missing() => Err(TenderError::CardTooMuch),
            TenderKind::Cash
                if tender.amount.0 > Payment::LARGEST_CASH.0.max(self.total.0.saturating_mul(2)) =>
            {
                Err(TenderError::TooMuchCash)
            }
            _ => {
                self.tenders.push(tender);
                Ok(())
            }
        }
    }

    /// Takes the last tender back.
    pub fn undo(&mut self) -> Option<Tender> {
        self.tenders.pop()
    }

    /// The finished payment. Errors: `NotEnough`.
    pub fn finish(&self) -> Result<Paid, TenderError> {
        if !self.is_complete() {
            return Err(TenderError::NotEnough { missing: self.missing_cash() });
        }
        let sum = |kind| -> Money { self.tenders.iter().filter(|t| t.kind == kind).map(|t| t.amount).sum() };
        let (cash, card) = (sum(TenderKind::Cash), sum(TenderKind::Card));
        let cash_due_exact = self.total.minus(card)?;
        let cash_due =
            if cash > Money::ZERO { cash_due_exact.rounded_to(self.cash_step)? } else { cash_due_exact };
        let rounding = cash_due.minus(cash_due_exact)?;
        let change = cash.minus(cash_due)?;
        let tenders = [(TenderKind::Cash, cash_due), (TenderKind::Card, card)]
            .into_iter()
            .filter(|&(_, amount)| amount != Money::ZERO)
            .map(|(kind, amount)| Tender { kind, amount })
            .collect();
        Ok(Paid { tenders, given: self.tenders.clone(), rounding, change })
    }

    /// Amounts of cash a customer is likely to hand over for `due`: exact first, then the next
    /// multiples of the usual notes, at most `most`, rising, without repeats.
    pub fn likely_cash(due: Money, decimals: u8, most: usize) -> Vec<Money> {
        let unit = 10_i64.pow(u32::from(decimals));
        let mut amounts = vec![due];
        for note in [1, 5, 10, 20, 50, 100, 200, 500].map(|n| n * unit) {
            let next =
                due.0.div_euclid(note).saturating_add(i64::from(due.0 % note != 0)).saturating_mul(note);
            if note > unit || next - due.0 < unit {
                amounts.push(Money(next));
            }
        }
        amounts.retain(|a| a.0 > 0);
        amounts.sort_unstable();
        amounts.dedup();
        amounts.truncate(most);
        amounts
    }
}

impl From<MoneyError> for TenderError {
    fn from(error: MoneyError) -> TenderError {
        TenderError::Money(error)
    }
}

impl fmt::Display for TenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TenderError::NotPositive => "not a positive amount",
            TenderError::CardTooMuch => "a card pays no more than is due",
            TenderError::AlreadyPaid => "already paid",
            TenderError::TooMuchCash => "too much cash",
            TenderError::NotEnough { .. } => "not enough",
            TenderError::Money(error) => return error.fmt(f),
        })
    }
}

impl std::error::Error for TenderError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tender(kind: TenderKind, amount: i64) -> Tender {
        Tender { kind, amount: Money(amount) }
    }

    #[test]
    fn cash_gives_change_and_a_card_does_not() {
        let mut payment = Payment::new(Money(1234), 1);
        assert_eq!(payment.add(tender(TenderKind::Card, 1300)), Err(TenderError::CardTooMuch));
        payment.add(tender(TenderKind::Card, 234)).unwrap();
        payment.add(tender(TenderKind::Cash, 2000)).unwrap();
        assert_eq!(payment.add(tender(TenderKind::Cash, 1)), Err(TenderError::AlreadyPaid));
        let paid = payment.finish().unwrap();
        assert_eq!(paid.change, Money(1000));
        assert_eq!(paid.tenders, [tender(TenderKind::Cash, 1000), tender(TenderKind::Card, 234)]);
    }

    #[test]
    fn cash_alone_is_rounded_and_card_is_exact() {
        let mut cash = Payment::new(Money(1232), 5);
        assert_eq!(cash.missing_cash(), Money(1230));
        cash.add(tender(TenderKind::Cash, 1230)).unwrap();
        let paid = cash.finish().unwrap();
        assert_eq!((paid.rounding, paid.change), (Money(-2), Money(0)));
        let mut card = Payment::new(Money(1232), 5);
        card.add(tender(TenderKind::Card, 1232)).unwrap();
        assert_eq!(card.finish().unwrap().rounding, Money(0));
    }

    #[test]
    fn a_scanned_code_is_no_cash() {
        let mut payment = Payment::new(Money(100), 1);
        assert_eq!(payment.add(tender(TenderKind::Cash, 40_001_095_275_500)), Err(TenderError::TooMuchCash));
        assert_eq!(payment.finish(), Err(TenderError::NotEnough { missing: Money(100) }));
    }

    #[test]
    fn nothing_due_is_paid() {
        let paid = Payment::new(Money(0), 5).finish().unwrap();
        assert_eq!((paid.tenders.len(), paid.change), (0, Money(0)));
    }

    #[test]
    fn likely_notes() {
        let amounts = |due| Payment::likely_cash(Money(due), 2, 6).iter().map(|m| m.0).collect::<Vec<_>>();
        assert_eq!(amounts(1234), [1234, 1300, 1500, 2000, 5000, 10000]);
        assert_eq!(amounts(2000), [2000, 5000, 10000, 20000, 50000]);
        assert_eq!(amounts(39_370), [39370, 39400, 39500, 40000, 50000]);
    }

    proptest! {
        #[test]
        fn every_payment_balances(total in 0i64..1_000_000, step in prop::sample::select(vec![1i64, 5, 10]),
                                  given in prop::collection::vec((any::<bool>(), 1i64..500_000), 0..8)) {
            let mut payment = Payment::new(Money(total), step);
            for (cash, amount) in given {
                let _ = payment.add(tender(if cash { TenderKind::Cash } else { TenderKind::Card }, amount));
            }
            if let Ok(paid) = payment.finish() {
                let kept: Money = paid.tenders.iter().map(|t| t.amount).sum();
                let handed: Money = paid.given.iter().map(|t| t.amount).sum();
                prop_assert_eq!(kept, Money(total).plus(paid.rounding).unwrap());
                prop_assert_eq!(handed, kept.plus(paid.change).unwrap());
                prop_assert!(paid.change >= Money::ZERO);
                prop_assert!(paid.rounding.0.abs() * 2 <= step);
            }
        }
    }
}
