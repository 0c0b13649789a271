//! A sale from its first line until it is paid.

use serde::{Deserialize, Serialize};

use super::basket::Basket;
use super::language::Language;
use super::sale::Answer;

/// What is being bought, and what its customer has said of it: one value, so that neither goes
/// anywhere without the other. An empty basket is nobody's, so it has no answer, no language and
/// no discount: consent is given for a purchase, and to no other (GDPR, articles 4(11) and 7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSale {
    basket: Basket,
    /// Not written until 0.2.0, nor is the language.
    #[serde(default)]
    answer: Answer,
    #[serde(default)]
    language: Option<Language>,
}

impl OpenSale {
    /// A basket whose customer has said nothing yet.
    pub fn of(basket: Basket) -> OpenSale {
        let mut sale = OpenSale { basket, ..OpenSale::default() };
        sale.settle();
        sale
    }

    pub fn basket(&self) -> &Basket {
        &self.basket
    }

    pub fn is_empty(&self) -> bool {
        self.basket.is_empty()
    }

    /// What the customer has said so far.
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    /// The language that the customer has chosen, if they have.
    pub fn language(&self) -> Option<Language> {
        self.language
    }

    /// The same sale, whose customer is to be asked again.
    pub fn unanswered(self) -> OpenSale {
        OpenSale { answer: Answer::default(), ..self }
    }

    /// Changes the basket. Once nothing is left in it, it is nobody's again.
    pub fn change<T, E>(&mut self, change: impl FnOnce(&mut Basket) -> Result<T, E>) -> Result<T, E> {
        let changed = change(&mut self.basket);
        self.settle();
        changed
    }

    /// The customer answers. Nobody can answer for an empty basket.
    pub fn answered(&mut self, answer: Answer) {
        self.answer = answer;
        self.settle();
    }

    /// The customer chooses a language. Nobody can for an empty basket.
    pub fn speaks(&mut self, language: Language) {
        self.language = Some(language);
        self.settle();
    }

    fn settle(&mut self) {
        if self.basket.is_empty() {
            *self = OpenSale::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::basket::{BasketError, Discount, Line};
    use crate::domain::money::Money;
    use crate::domain::tax::TaxRate;

    #[test]
    fn an_empty_basket_is_nobodys() {
        let answer = || Answer { choice: Some("remember".to_owned()), ..Answer::default() };
        let bread = || Line::open("Pan", "Panadería", Money(180), TaxRate(400));
        let mut sale = OpenSale::default();
        sale.answered(answer());
        sale.speaks(Language::English);
        assert_eq!(sale, OpenSale::default());

        sale.change(|basket| basket.add(bread())).unwrap();
        sale.change(|basket| basket.add(Line { discount: Some(Discount::Percent(1)), ..bread() })).unwrap();
        sale.change(|basket| basket.set_discount(Some(Discount::Percent(1000)))).unwrap();
        sale.answered(answer());
        sale.speaks(Language::English);
        sale.change(|basket| basket.void(1)).unwrap();
        assert_eq!((sale.answer(), sale.language()), (&answer(), Some(Language::English)), "a line is left");
        assert_eq!(sale.change(|basket| basket.void(1)), Err(BasketError::NoSuchLine));
        sale.change(|basket| basket.void(0)).unwrap();
        assert_eq!(sale, OpenSale::default(), "nor does a discount pass to the next");
    }
}
