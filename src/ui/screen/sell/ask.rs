//! What the input line asks for. A scan meanwhile is still a scan, and the question stays.

use super::{Sell, changed, fail, list, refuse, scan};
use crate::domain::basket::{BasketError, Discount, Line};
use crate::domain::money::Money;
use crate::domain::quantity::{Quantity, Unit};
use crate::domain::tax::TaxRate;
use crate::domain::text::{Place, TextError, label, quotable};
use crate::ui::event::Effect;
use crate::ui::keymap::Action;
use crate::ui::model::Model;

/// Grams that are taken as typed without a decimal sign.
const MOST_WITHOUT_SIGN: i64 = 50_000;

/// A question in the input line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// The quantity of this line.
    Quantity {
        line: usize,
    },
    LineDiscount {
        line: usize,
    },
    SaleDiscount,
    /// A product in place of this unknown code.
    Search {
        code: String,
    },
    /// A department, for an unknown code if there is one.
    Department {
        code: Option<String>,
    },
    /// The price and perhaps the name of an item of this department.
    Price {
        department: String,
        tax: TaxRate,
        code: Option<String>,
    },
}

impl Sell {
    /// The unknown code is dealt with.
    pub(super) fn resolve(&mut self, code: &str) {
        if let Some(index) = self.unknown.iter().position(|unknown| unknown == code) {
            self.unknown.remove(index);
        }
    }
}

/// Asks for a quantity or a discount; a number already typed is the answer.
pub(super) fn change(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(line) = model.till.current() else {
        refuse(model, "sell-nothing-yet");
        return Vec::new();
    };
    begin(
        model,
        match action {
            Action::Quantity => Ask::Quantity { line },
            Action::LineDiscount => Ask::LineDiscount { line },
            _ => Ask::SaleDiscount,
        },
    );
    let typed = model.sell.input.text();
    if typed.is_empty() {
        return Vec::new();
    }
    if typed.starts_with(|c: char| c.is_ascii_digit()) && typed.len() < 8 {
        return answer(model);
    }
    model.sell.input.clear();
    Vec::new()
}

/// Asks for the department of an item without a product, the oldest unknown code if there is one.
pub(super) fn department(model: &mut Model) -> Vec<Effect> {
    let code = model.sell.unknown.first().cloned();
    begin(model, Ask::Department { code });
    model.sell.input.clear();
    Vec::new()
}

/// Asks for a product, in place of the oldest unknown code if there is one.
pub(super) fn search(model: &mut Model) {
    let code = model.sell.unknown.first().cloned();
    match code {
        Some(code) => {
            begin(model, Ask::Search { code });
            model.sell.input.clear();
        }
        None => {
            model.sell.ask = None;
            list::refresh(model);
            if model.sell.hits.is_empty() {
                model.sell.input.clear();
                list::best_sellers(model);
            }
        }
    }
}

fn begin(model: &mut Model, ask: Ask) {
    model.error = None;
    model.sell.hits.clear();
    model.sell.pick = 0;
    model.sell.run = 0;
    model.sell.ask = Some(ask);
}

/// Enter on what the line asks for. A wrong answer is said, and asked again.
pub(super) fn answer(model: &mut Model) -> Vec<Effect> {
    let text = model.sell.input.text().trim().to_owned();
    let Some(ask) = model.sell.ask.clone() else { return Vec::new() };
    let result = match &ask {
        Ask::Quantity { line } => set_quantity(model, *line, &text),
        Ask::LineDiscount { line } => {
            discount(model, &text).and_then(|discount| model.till.set_line_discount(*line, discount))
        }
        Ask::SaleDiscount => discount(model, &text).and_then(|discount| model.till.set_discount(discount)),
        Ask::Search { .. } => {
            if model.sell.hits.is_empty() && !text.is_empty() {
                model.error = Some(
                    model
                        .locale
                        .format("sell-no-such-name", &[("name", quotable(&text, Place::Catalogue).into())]),
                );
            }
            return list::take(model);
        }
        Ask::Department { code } => return picked_department(model, code.clone()),
        Ask::Price { department, tax, code } => match open_name(model, &text) {
            Ok(name) => sell_open(model, department, name.as_deref(), *tax, code.as_deref(), &text),
            Err(id) => {
                // What must not be kept does not stay on the screen either.
                model.sell.input.clear();
                refuse(model, id);
                return vec![Effect::Beep];
            }
        },
    };
    match result {
        Ok(()) => {
            model.sell.input.clear();
            model.sell.ask = None;
            changed(model)
        }
        Err(error) => fail(model, error),
    }
}

fn set_quantity(model: &mut Model, line: usize, text: &str) -> Result<(), BasketError> {
    let lines = model.till.basket().lines();
    let unit = lines.get(line).ok_or(BasketError::NoSuchLine)?.unit;
    model.till.set_quantity(line, Quantity::parse(text, unit)?)
}

/// `0` takes a discount away.
fn discount(model: &Model, text: &str) -> Result<Option<Discount>, BasketError> {
    let decimals = model.settings.store.currency.decimals;
    if Money::parse(text.trim_end_matches('%'), decimals) == Ok(Money::ZERO) {
        return Ok(None);
    }
    Discount::parse(text, decimals).map(Some)
}

fn picked_department(model: &mut Model, code: Option<String>) -> Vec<Effect> {
    match list::departments(model).into_iter().nth(model.sell.pick) {
        Some((_, department, tax)) => {
            begin(model, Ask::Price { department, tax, code });
            model.sell.input.clear();
        }
        None => refuse(model, "sell-no-such-department"),
    }
    Vec::new()
}

/// The name after an open item's price, if there is one. Errors: the words that refuse it.
fn open_name(model: &Model, text: &str) -> Result<Option<String>, &'static str> {
    let name = text.split_once(char::is_whitespace).map_or("", |(_, name)| name);
    let place = Place::Sale { dialling_code: &model.settings.store.dialling_code };
    match label(name, place) {
        Ok(name) => Ok(Some(name)),
        Err(TextError::Empty) => Ok(None),
        Err(TextError::PaymentCard) => Err("sell-name-payment-card"),
        Err(TextError::Email | TextError::Phone) => Err("sell-name-person"),
        Err(TextError::TooLong | TextError::ControlSign) => Err("sell-name-bad"),
    }
}

fn sell_open(
    model: &mut Model,
    department: &str,
    name: Option<&str>,
    tax: TaxRate,
    code: Option<&str>,
    text: &str,
) -> Result<(), BasketError> {
    let price = text.split_whitespace().next().unwrap_or_default();
    let price = Money::parse(price, model.settings.store.currency.decimals)?;
    if price <= Money::ZERO {
        return Err(BasketError::Money(crate::domain::money::MoneyError::NotANumber));
    }
    model.till.add(Line::open(name.unwrap_or(department), department, price, tax))?;
    if let Some(code) = code {
        model.sell.resolve(code);
    }
    Ok(())
}

/// The weight that the first weighed product waits for.
pub(super) fn weigh(model: &mut Model, text: &str) -> Vec<Effect> {
    let Some(&id) = model.sell.weigh.front() else { return Vec::new() };
    model.error = None;
    // Nobody lays that much on the counter; somebody meant grams.
    if let Ok(weight) = Quantity::parse(text, Unit::Kilogram)
        && weight.thousandths() > MOST_WITHOUT_SIGN
        && !text.contains([',', '.'])
    {
        let weight = model.locale.quantity(weight, Unit::Kilogram);
        model.error = Some(model.locale.format("sell-weigh-kg", &[("weight", weight.into())]));
        return vec![Effect::Beep];
    }
    // It waits no more before the basket is sealed with it; a weight that is refused is asked for again.
    model.sell.weigh.pop_front();
    let effects = scan::put(model, id, None, Some(text));
    if model.error.is_some() {
        model.sell.weigh.push_front(id);
        return effects;
    }
    model.sell.input.clear();
    effects
}
