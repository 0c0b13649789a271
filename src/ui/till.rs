//! The open sale with its arithmetic done, the line chosen in it, and the way back.

use crate::domain::basket::{Basket, BasketError, Discount, Line, Priced};
use crate::domain::language::Language;
use crate::domain::open_sale::OpenSale;
use crate::domain::quantity::Quantity;
use crate::domain::sale::Answer;

/// The open sale. Its prices are worked out once for each change, not for each frame.
#[derive(Clone, Debug, Default)]
pub struct Till {
    sale: OpenSale,
    priced: Priced,
    /// Baskets before the last steps, oldest first, without what was said of them: an answer that
    /// was taken away with its basket is asked for again.
    past: Vec<Basket>,
    /// The line that the next action is for; the last one unless another was chosen.
    chosen: Option<usize>,
    /// The last basket was emptied, and with it went what its customer had chosen.
    answer_gone: bool,
}

/// What undoing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undone {
    Nothing,
    Step,
    /// The basket is back, and not what its customer had chosen.
    WithoutAnswer,
}

impl Till {
    /// How many steps can be undone.
    pub const STEPS: usize = 50;

    /// Goes on with a sale from before. A basket that does not add up is refused.
    pub fn resume(sale: OpenSale) -> Result<Till, BasketError> {
        let priced = sale.basket().priced()?;
        Ok(Till { sale, priced, ..Till::default() })
    }

    pub fn sale(&self) -> &OpenSale {
        &self.sale
    }

    pub fn basket(&self) -> &Basket {
        self.sale.basket()
    }

    /// What the customer has said so far.
    pub fn answer(&self) -> &Answer {
        self.sale.answer()
    }

    pub fn answered(&mut self, answer: Answer) {
        self.sale.answered(answer);
    }

    pub fn speaks(&mut self, language: Language) {
        self.sale.speaks(language);
    }

    pub fn priced(&self) -> &Priced {
        &self.priced
    }

    pub fn is_empty(&self) -> bool {
        self.sale.is_empty()
    }

    /// Index of the line that the next action is for.
    pub fn current(&self) -> Option<usize> {
        let last = self.basket().lines().len().checked_sub(1)?;
        Some(self.chosen.map_or(last, |chosen| chosen.min(last)))
    }

    /// Whether a line other than the last was chosen.
    pub fn has_chosen(&self) -> bool {
        self.chosen.is_some()
    }

    /// Chooses the line, if there is one; the last line means none in particular.
    pub fn choose(&mut self, index: usize) {
        self.chosen = Some(index).filter(|&index| index < self.basket().lines().len().saturating_sub(1));
    }

    /// Chooses `by` lines up or down from the current one.
    pub fn step(&mut self, by: isize) {
        if let Some(current) = self.current() {
            self.choose(current.saturating_add_signed(by));
        }
    }

    /// Adds a line; the current line is then the one that was added to.
    pub fn add(&mut self, line: Line) -> Result<(), BasketError> {
        self.change(|basket| basket.add(line))?;
        self.chosen = None;
        Ok(())
    }

    pub fn set_quantity(&mut self, index: usize, quantity: Quantity) -> Result<(), BasketError> {
        self.change(|basket| basket.set_quantity(index, quantity))
    }

    pub fn set_line_discount(&mut self, index: usize, discount: Option<Discount>) -> Result<(), BasketError> {
        self.change(|basket| basket.set_line_discount(index, discount))
    }

    pub fn set_discount(&mut self, discount: Option<Discount>) -> Result<(), BasketError> {
        self.change(|basket| basket.set_discount(discount))
    }

    pub fn void(&mut self, index: usize) -> Result<Line, BasketError> {
        let line = self.change(|basket| basket.void(index))?;
        self.chosen = None;
        Ok(line)
    }

    /// Empties the basket; it can be undone.
    pub fn void_all(&mut self) {
        let _ = self.change(|basket| {
            *basket = Basket::default();
            Ok(())
        });
        self.chosen = None;
    }

    /// Takes back the last step.
    pub fn undo(&mut self) -> Undone {
        let Some(basket) = self.past.pop() else { return Undone::Nothing };
        // A basket of the past was priced when it was the present.
        self.priced = basket.priced().unwrap_or_default();
        let _ = self.sale.change(|now| {
            *now = basket;
            Ok::<_, BasketError>(())
        });
        self.chosen = None;
        if std::mem::take(&mut self.answer_gone) && !self.is_empty() {
            Undone::WithoutAnswer
        } else {
            Undone::Step
        }
    }

    fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Basket) -> Result<T, BasketError>,
    ) -> Result<T, BasketError> {
        let before = self.basket().clone();
        let answered = self.answer().choice.is_some();
        let value = self.sale.change(change)?;
        // What was voided was perhaps another customer's: it comes back only to an empty basket.
        if before.is_empty() {
            self.past.clear();
        }
        self.answer_gone = answered && self.is_empty();
        self.priced = self.basket().priced()?;
        if self.past.len() == Till::STEPS {
            self.past.remove(0);
        }
        self.past.push(before);
        Ok(value)
    }
}
