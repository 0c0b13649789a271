//! Taking the money: cash, card on the shop's own terminal, or both.

mod draw;
#[cfg(test)]
mod tests;

pub use draw::{buttons, draw};

use crate::domain::money::{Money, MoneyError};
use crate::domain::policy::Memory;
use crate::domain::sale::Answer;
use crate::domain::tender::{Payment, Tender, TenderError, TenderKind};
use crate::ui::event::{Committed, Effect, Problem, SaleInWaiting};
use crate::ui::input::Input;
use crate::ui::key::Key;
use crate::ui::keymap::Action;
use crate::ui::model::{Model, MoneyLeft, Overlay, Question, Screen, ScreenId, Sold};
use crate::ui::screen::{choice, dissolve, sell};
use crate::ui::till::Till;

/// How many likely amounts of cash are offered.
const QUICK: usize = 6;

/// What only this screen knows; the payment itself stays with the basket.
#[derive(Clone, Debug, Default)]
pub struct Pay {
    amount: Input,
    /// The amount that the card terminal was given.
    terminal: Option<Money>,
    /// The sale could not be recorded: it may be tried again.
    failed: bool,
}

impl Pay {
    /// Whether the shop's own terminal is being waited for.
    pub fn asks_terminal(&self) -> bool {
        self.terminal.is_some()
    }

    /// The amount that it was given.
    pub fn at_terminal(&self) -> Option<Money> {
        self.terminal
    }
}

/// Begins the payment of the open basket.
pub fn open(model: &mut Model) -> Vec<Effect> {
    let total = model.till.priced().total;
    model.payment = Some(Payment::new(total, model.settings.selling.cash_step));
    model.error = None;
    model.screen = Screen::Pay(Pay::default());
    if model.settings.customer_screen.turned { choice::open(model) } else { Vec::new() }
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if pay(model).is_some_and(Pay::asks_terminal) {
        return at_terminal(model, action);
    }
    match action {
        Action::Accept => return accept(model),
        Action::Cash(number) => {
            let quick = quick_cash(model);
            if let Some(&amount) = quick.get(usize::from(number).wrapping_sub(1)) {
                return take(model, TenderKind::Cash, amount);
            }
        }
        Action::Card => return ask_terminal(model),
        Action::TakeBack => return take_back(model),
        Action::Retry if is_complete(model) && may_retry(model) => return commit(model),
        Action::Customer => return choice::open(model),
        Action::Back => back(model),
        Action::Help => model.overlay = Some(Overlay::Help { top: 0 }),
        _ => {}
    }
    Vec::new()
}

/// Only what belongs to an amount is written.
pub fn typed(model: &mut Model, key: Key) -> Vec<Effect> {
    let Some(pay) = pay_mut(model).filter(|pay| pay.terminal.is_none()) else { return Vec::new() };
    if key.written().is_some_and(|c| !c.is_ascii_digit() && !matches!(c, ',' | '.')) {
        model.error = Some(model.locale.text("pay-error-amount").into_owned());
    } else if pay.amount.edit(key) {
        model.error = None;
    }
    Vec::new()
}

/// The sale is durable. Where the customer looks on and nothing was kept, the basket dissolves.
pub fn committed(model: &mut Model, mut committed: Committed) -> Vec<Effect> {
    let Some(Sold::Recording(waiting)) = model.sold.take() else { return Vec::new() };
    model.receipt = std::mem::take(&mut committed.receipt);
    let after = committed.after.clone();
    model.sold = Some(Sold::Done(Box::new(committed)));
    model.left = MoneyLeft::default();
    let begun = !model.till.is_empty() || model.sell.is_busy();
    let nothing_kept = match &waiting.sale.answer().choice {
        None => true,
        Some(id) => model.policy.choice(id).is_some_and(|choice| choice.memory == Memory::None),
    };
    let looks_on = model.settings.customer_screen.turned && matches!(model.screen, Screen::Sell);
    if looks_on && nothing_kept && !begun && model.overlay.is_none() {
        dissolve::open(model, waiting.sale.basket().clone(), after, waiting.language);
    }
    if begun { sell::save(model) } else { Vec::new() }
}

/// The sale is not recorded: basket and payment are back as they were, and a basket that was begun
/// meanwhile waits.
pub fn not_committed(model: &mut Model, problem: &Problem) -> Vec<Effect> {
    let Some(Sold::Recording(waiting)) = model.sold.take() else { return Vec::new() };
    let meanwhile = std::mem::replace(&mut model.till, Till::resume(waiting.sale).unwrap_or_default());
    if !meanwhile.is_empty() {
        model.held.push_front(meanwhile.sale().clone());
    }
    model.payment = Some(waiting.payment);
    model.overlay = None;
    model.screen = Screen::Pay(Pay { failed: true, ..Pay::default() });
    let mut effects = vec![Effect::Beep];
    effects.extend(sell::changed(model));
    model.error = Some(problem.sentences());
    effects
}

fn pay(model: &Model) -> Option<&Pay> {
    match &model.screen {
        Screen::Pay(pay) => Some(pay),
        _ => None,
    }
}

fn pay_mut(model: &mut Model) -> Option<&mut Pay> {
    match &mut model.screen {
        Screen::Pay(pay) => Some(pay),
        _ => None,
    }
}

fn is_complete(model: &Model) -> bool {
    model.payment.as_ref().is_some_and(Payment::is_complete)
}

/// Not for a sale that costs nothing and was not recorded yet: the key that leads here would record it when it is
/// pressed twice.
fn may_retry(model: &Model) -> bool {
    pay(model).is_some_and(|pay| pay.failed)
        || model.payment.as_ref().is_some_and(|payment| !payment.tenders().is_empty())
}

/// The likely amounts of cash for what is missing, the exact one first.
fn quick_cash(model: &Model) -> Vec<Money> {
    match &model.payment {
        Some(payment) if !payment.is_complete() => {
            Payment::likely_cash(payment.missing_cash(), model.settings.store.currency.decimals, QUICK)
        }
        _ => Vec::new(),
    }
}

/// The amount typed, if any. Errors: said in the input line.
fn amount(model: &mut Model) -> Result<Option<Money>, ()> {
    let Some(text) = pay(model).map(|pay| pay.amount.text().to_owned()).filter(|text| !text.is_empty())
    else {
        return Ok(None);
    };
    match Money::parse(&text, model.settings.store.currency.decimals) {
        Ok(amount) => Ok(Some(amount)),
        Err(error) => {
            refuse(model, TenderError::Money(error));
            Err(())
        }
    }
}

/// Enter: the amount typed, in cash. Nothing typed takes no money.
fn accept(model: &mut Model) -> Vec<Effect> {
    if is_complete(model) {
        return commit(model);
    }
    match amount(model) {
        Ok(Some(amount)) => take(model, TenderKind::Cash, amount),
        Ok(None) => {
            let key = model.keymap.shown(ScreenId::Pay, Action::Cash(1)).map(|key| key.to_string());
            let args = [("key", key.unwrap_or_default().into())];
            model.error = Some(model.locale.format("pay-type-amount", &args));
            Vec::new()
        }
        Err(()) => Vec::new(),
    }
}

/// Takes a tender; the sale is recorded as soon as it is paid.
fn take(model: &mut Model, kind: TenderKind, amount: Money) -> Vec<Effect> {
    let Some(payment) = &mut model.payment else { return Vec::new() };
    if let Err(error) = payment.add(Tender { kind, amount }) {
        refuse(model, error);
        return vec![Effect::Beep];
    }
    model.error = None;
    if let Some(pay) = pay_mut(model) {
        *pay = Pay::default();
    }
    if is_complete(model) { commit(model) } else { sell::save(model) }
}

fn commit(model: &mut Model) -> Vec<Effect> {
    let Some(payment) = model.payment.take() else { return Vec::new() };
    let waiting = SaleInWaiting {
        sale: model.till.sale().clone(),
        payment,
        policy_version: model.policy.version,
        language: model.customer_language(),
    };
    model.next_held();
    model.sold = Some(Sold::Recording(Box::new(waiting.clone())));
    model.sell.show_sold();
    model.error = None;
    model.screen = Screen::Sell;
    vec![Effect::Commit(Box::new(waiting))]
}

/// Asks for the terminal's answer to the amount typed, or to all that is missing.
fn ask_terminal(model: &mut Model) -> Vec<Effect> {
    if model.left != MoneyLeft::default() {
        model.overlay = Some(Overlay::Confirm(Question::MoneyLeft));
        return Vec::new();
    }
    let (Ok(typed), Some(payment)) = (amount(model), model.payment.clone()) else { return Vec::new() };
    let amount = typed.unwrap_or(payment.missing());
    // Refused before anybody presents a card, not after.
    if let Err(error) = payment.clone().add(Tender { kind: TenderKind::Card, amount }) {
        refuse(model, error);
        return vec![Effect::Beep];
    }
    model.error = None;
    if let Some(pay) = pay_mut(model) {
        pay.terminal = Some(amount);
    }
    sell::save(model)
}

fn at_terminal(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(amount) = pay(model).and_then(|pay| pay.terminal) else { return Vec::new() };
    match action {
        Action::Approved => return take(model, TenderKind::Card, amount),
        Action::Declined | Action::Back => {
            if let Some(pay) = pay_mut(model) {
                *pay = Pay::default();
            }
            let id = if action == Action::Declined { "pay-declined" } else { "pay-card-left" };
            model.error = Some(model.locale.text(id).into_owned());
            return sell::save(model);
        }
        Action::Accept => model.error = Some(model.locale.text("pay-approved-or-declined").into_owned()),
        _ => {}
    }
    Vec::new()
}

fn take_back(model: &mut Model) -> Vec<Effect> {
    let Some(tender) = model.payment.as_mut().and_then(Payment::undo) else {
        model.error = Some(model.locale.text("pay-nothing-taken").into_owned());
        return Vec::new();
    };
    let amount = model.locale.money_signed(tender.amount, &model.settings.store.currency);
    let text = match tender.kind {
        TenderKind::Cash => model.locale.format("pay-cash-back", &[("amount", amount.into())]),
        TenderKind::Card => model.locale.format("pay-card-back", &[("amount", amount.into())]),
    };
    model.error = None;
    model.hint = Some(text);
    sell::save(model)
}

/// Esc: first what was typed, then back to the basket, but not with money on the counter.
fn back(model: &mut Model) {
    model.error = None;
    if let Some(pay) = pay_mut(model)
        && !pay.amount.is_empty()
    {
        pay.amount.clear();
    } else if model.payment.as_ref().is_some_and(|payment| !payment.tenders().is_empty()) {
        model.error = Some(model.locale.text("pay-take-back-first").into_owned());
    } else {
        model.payment = None;
        model.screen = Screen::Sell;
    }
}

fn refuse(model: &mut Model, error: TenderError) {
    let id = match error {
        TenderError::NotPositive => "pay-error-zero",
        TenderError::CardTooMuch => "pay-error-card",
        TenderError::AlreadyPaid => "pay-error-paid",
        TenderError::TooMuchCash | TenderError::Money(MoneyError::Overflow) => "pay-error-cash",
        TenderError::NotEnough { .. } => "pay-error-missing",
        TenderError::Money(_) => "pay-error-amount",
    };
    model.error = Some(model.locale.text(id).into_owned());
}

/// The customer's answer, in the words of its card.
fn answer_title<'m>(model: &'m Model, answer: &Answer) -> &'m str {
    let id = answer.choice.as_deref().unwrap_or(&model.policy.minimum().id);
    model.policy.card_title(id, model.settings.store.language).unwrap_or_default()
}
