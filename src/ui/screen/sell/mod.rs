//! Selling: the basket, the total, and one line of input that always has the focus.

mod ask;
mod draw;
mod list;
mod scan;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

pub use draw::{buttons, draw};

use ask::Ask;
use scan::Waiting;

use crate::domain::basket::BasketError;
use crate::domain::money::{Money, MoneyError};
use crate::domain::open_sale::OpenSale;
use crate::domain::product::ProductId;
use crate::domain::quantity::QuantityError;
use crate::domain::tender::Payment;
use crate::ui::event::{Draft, Effect};
use crate::ui::input::Input;
use crate::ui::key::Key;
use crate::ui::keymap::Action;
use crate::ui::model::{Model, MoneyLeft, Overlay, Question, Screen, Sold};
use crate::ui::screen::{choice, lock, pay};
use crate::ui::till::{Till, Undone};

/// What is typed, what is asked, and what waits.
#[derive(Clone, Debug, Default)]
pub struct Sell {
    pub input: Input,
    /// How many characters at the end of the input came as one, without a pause.
    run: usize,
    /// What the input line asks for; `None` when it takes codes and names.
    ask: Option<Ask>,
    /// Products that the typed words find, best-seller first.
    hits: Vec<ProductId>,
    /// The row of the list that Enter takes.
    pick: usize,
    unknown: Vec<String>,
    /// Scans from before the catalogue was there.
    early: Vec<Waiting>,
    /// Weighed products that wait for their weight; the first is being asked for.
    weigh: VecDeque<ProductId>,
    show_tax: bool,
    show_sold: bool,
}

impl Sell {
    /// Codes that are in no catalogue, oldest first.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// Weighed products that wait for their weight, oldest first.
    pub fn weighing(&self) -> impl Iterator<Item = ProductId> + '_ {
        self.weigh.iter().copied()
    }

    /// Shows the last sale where the basket stands, until the next scan.
    pub fn show_sold(&mut self) {
        self.show_sold = true;
        self.ask = None;
    }

    /// Whether a code stands in the input line without its end, so that what comes within a few tenths of a second
    /// is its rest, and no person's.
    pub fn awaits_rest(&self) -> bool {
        self.run >= scan::SHORTEST_RUN
    }

    /// Whether something was begun that is not yet in the basket.
    pub fn is_busy(&self) -> bool {
        !(self.unknown.is_empty() && self.weigh.is_empty() && self.early.is_empty() && self.input.is_empty())
    }
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if let Some(first) = asked_first(model, action) {
        refuse(model, first);
        return Vec::new();
    }
    match action {
        Action::Accept => return accept(model, false),
        Action::Back => return back(model),
        Action::Up => step(model, -1),
        Action::Down => step(model, 1),
        Action::PageUp => step(model, -10),
        Action::PageDown => step(model, 10),
        Action::Row(index) => return pressed(model, index.into()),
        Action::Quantity | Action::LineDiscount | Action::SaleDiscount => return ask::change(model, action),
        Action::Department => return ask::department(model),
        Action::Search => ask::search(model),
        Action::VoidLine => return void_line(model),
        Action::Undo => return undo(model),
        Action::Tax => model.sell.show_tax = !model.sell.show_tax,
        Action::VoidSale if model.till.is_empty() && model.held.is_empty() => {
            refuse(model, "sell-nothing-yet")
        }
        Action::VoidSale => model.overlay = Some(Overlay::Confirm(Question::VoidSale)),
        Action::Customer if model.till.is_empty() => refuse(model, "sell-nothing-yet"),
        Action::Customer => return choice::open(model),
        Action::Pay => return open_payment(model),
        Action::LastReceipt if model.receipt.is_empty() => refuse(model, "sell-no-receipt"),
        Action::LastReceipt => model.overlay = Some(Overlay::Receipt { top: 0 }),
        Action::Lock => {
            lock::open(model);
            return vec![Effect::Lock];
        }
        Action::Quit if model.till.is_empty() && !is_recording(model) => return vec![Effect::Quit],
        Action::Quit => model.overlay = Some(Overlay::Confirm(Question::Quit)),
        Action::Help => model.overlay = Some(Overlay::Help { top: 0 }),
        _ => {}
    }
    Vec::new()
}

/// Why this waits: while something is asked, only its answer does anything, so that no key means a line that nobody
/// looks at.
fn asked_first(model: &Model, action: Action) -> Option<&'static str> {
    use Action::{Accept, Back, Down, Help, Lock, PageDown, PageUp, Row, Up};
    let answers = match action {
        Accept | Back | Help | Lock => true,
        Up | Down | PageUp | PageDown | Row(_) => list::len(model) > 0,
        _ => false,
    };
    match (&model.sell.ask, model.sell.weigh.is_empty()) {
        _ if answers => None,
        (Some(_), _) => Some("sell-answer-first"),
        (None, false) => Some("sell-weigh-first"),
        (None, true) => None,
    }
}

/// Nothing is asked any more, and what was typed for it is gone with it.
fn close_prompt(model: &mut Model) {
    if model.sell.ask.take().is_some() {
        model.sell.input.clear();
    }
}

/// A key that writes. `swift`: it came without a pause after the one before.
pub fn typed(model: &mut Model, key: Key, swift: bool) -> Vec<Effect> {
    let before = model.sell.input.text().len();
    if !model.sell.input.edit(key) {
        return Vec::new();
    }
    let sell = &mut model.sell;
    sell.run = match (swift, sell.run) {
        (false, _) => 0,
        (true, 0) => 1 + usize::from(before > 0),
        (true, run) => run + 1,
    };
    sell.pick = 0;
    if !swift {
        model.error = None;
    }
    list::refresh(model);
    Vec::new()
}

/// Enter. `swift`: it ended a scan.
pub fn accept(model: &mut Model, swift: bool) -> Vec<Effect> {
    scan::accept(model, swift)
}

/// The catalogue is there: what was scanned before is looked up now.
pub fn catch_up(model: &mut Model) -> Vec<Effect> {
    model.hint = None;
    scan::catch_up(model)
}

/// The basket of before a crash is back, in front of anything scanned since.
pub fn resume(model: &mut Model, draft: Option<Draft>) -> Vec<Effect> {
    let Some(mut draft) = draft else { return Vec::new() };
    // What was begun has been saved in place of the draft, and must be saved with it.
    let begun = !model.is_between_baskets();
    let found = !draft.sale.is_empty();
    let answered = draft.sale.answer().choice.is_some();
    // Nobody is bound by a choice on other terms than they were shown.
    let same_terms = draft.policy_version == model.policy.version;
    if !same_terms {
        draft.sale = draft.sale.unanswered();
        draft.held = draft.held.into_iter().map(OpenSale::unanswered).collect();
    }
    let (mut resumed_here, mut refused) = (false, None);
    match Till::resume(draft.sale) {
        // Whoever is paying or answering goes on with their own basket.
        Ok(resumed) if model.payment.is_some() || !matches!(model.screen, Screen::Sell | Screen::Lock(_)) => {
            model.held.push_front(resumed.sale().clone());
        }
        Ok(resumed) => {
            let early = std::mem::replace(&mut model.till, resumed);
            // It asked about another basket's line.
            close_prompt(model);
            model.held.push_front(early.sale().clone());
            resumed_here = true;
        }
        Err(error) => refused = Some(basket_error(model, error)),
    }
    model.held.extend(draft.held);
    model.held.retain(|sale| !sale.is_empty());
    if model.till.is_empty() {
        model.next_held();
    }
    model.sell.unknown.splice(0..0, draft.unknown);
    draft.weigh.into_iter().rev().for_each(|id| model.sell.weigh.push_front(id));
    if found && refused.is_none() && model.error.is_none() {
        let id = match (answered, same_terms) {
            (false, _) => "sell-resumed",
            (true, true) => "sell-resumed-answered",
            (true, false) => "sell-resumed-ask-again",
        };
        say(model, id);
    }
    let taken = draft.payment.and_then(|payment| resume_payment(model, payment, resumed_here));
    model.left = MoneyLeft { taken: taken.or(draft.taken), terminal: draft.terminal };
    // Money first: a narrow line cuts its end.
    let said = [money_to_look_for(model), refused];
    if said.iter().any(Option::is_some) {
        model.error = Some(said.into_iter().flatten().collect::<Vec<_>>().join(" "));
    }
    if begun { save(model) } else { Vec::new() }
}

/// The payment of before a crash goes on where its basket is the open one again. Else returns what was taken, so
/// that it is given back or counted.
fn resume_payment(model: &mut Model, payment: Payment, resumed_here: bool) -> Option<Money> {
    if resumed_here && payment.total() == model.till.priced().total {
        model.payment = Some(payment);
        if matches!(model.screen, Screen::Sell) {
            model.to_till();
        }
        return None;
    }
    Some(payment.tenders().iter().map(|tender| tender.amount).sum())
}

/// What was taken before a crash, and what the card terminal had.
pub(in crate::ui) fn money_to_look_for(model: &Model) -> Option<String> {
    let MoneyLeft { taken, terminal } = model.left;
    let (id, amount) = match (taken, terminal) {
        (None, None) => return None,
        (Some(taken), None) => ("sell-resumed-paid", taken),
        (None, Some(terminal)) => ("sell-resumed-terminal", terminal),
        (Some(taken), Some(_)) => ("sell-resumed-paid-terminal", taken),
    };
    let text = |amount| model.locale.money_signed(amount, &model.settings.store.currency);
    let card = text(terminal.unwrap_or(Money::ZERO));
    Some(model.locale.format(id, &[("amount", text(amount).into()), ("card", card.into())]))
}

/// After a good act: nothing is wrong any more, and the basket is sealed to disk.
pub(in crate::ui) fn changed(model: &mut Model) -> Vec<Effect> {
    model.error = None;
    model.hint = None;
    if !model.till.is_empty() {
        model.sell.show_sold = false;
    }
    save(model)
}

/// While a sale is being recorded its own draft must stay as it is.
pub(in crate::ui) fn save(model: &Model) -> Vec<Effect> {
    if is_recording(model) { Vec::new() } else { vec![Effect::SaveDraft(model.draft())] }
}

/// Whether a sale is paid and not yet durable.
pub(in crate::ui) fn is_recording(model: &Model) -> bool {
    matches!(model.sold, Some(Sold::Recording(_)))
}

/// Empties the basket; a basket that was held comes back in its place.
pub(in crate::ui) fn void_sale(model: &mut Model) -> Vec<Effect> {
    model.till.void_all();
    model.sell.unknown.clear();
    model.sell.weigh.clear();
    close_prompt(model);
    // With nothing in its place, what was voided can be brought back.
    let waited = !model.held.is_empty();
    if waited {
        model.next_held();
    }
    let effects = changed(model);
    say(model, if waited { "sell-voided-held" } else { "sell-voided-sale" });
    effects
}

fn step(model: &mut Model, by: isize) {
    let rows = list::len(model);
    if rows > 0 {
        model.sell.pick = model.sell.pick.saturating_add_signed(by).min(rows - 1);
    } else {
        model.till.step(by);
    }
}

fn pressed(model: &mut Model, index: usize) -> Vec<Effect> {
    if list::len(model) == 0 {
        model.till.choose(index);
        return Vec::new();
    }
    model.sell.pick = index;
    list::take(model)
}

/// Esc: takes back one thing, the latest first.
fn back(model: &mut Model) -> Vec<Effect> {
    model.error = None;
    model.sell.run = 0;
    if !model.sell.input.is_empty() || !model.sell.hits.is_empty() {
        model.sell.input.clear();
        model.sell.hits.clear();
    } else if model.sell.ask.take().is_some() {
        // Nothing is asked any more.
    } else if model.sell.weigh.pop_front().is_some() {
        say(model, "sell-not-weighed");
        return save(model);
    } else if !model.sell.unknown.is_empty() {
        model.sell.unknown.remove(0);
        return save(model);
    } else if model.till.has_chosen() {
        model.till.choose(usize::MAX);
    }
    Vec::new()
}

fn void_line(model: &mut Model) -> Vec<Effect> {
    let Some(index) = model.till.current() else {
        refuse(model, "sell-nothing-yet");
        return Vec::new();
    };
    match model.till.void(index) {
        Ok(line) => {
            let effects = changed(model);
            model.hint = Some(model.locale.format("sell-voided", &[("name", (&*line.name).into())]));
            effects
        }
        Err(error) => fail(model, error),
    }
}

fn undo(model: &mut Model) -> Vec<Effect> {
    let said = match model.till.undo() {
        Undone::Nothing => {
            refuse(model, "sell-nothing-to-undo");
            return Vec::new();
        }
        Undone::Step => "sell-undone",
        Undone::WithoutAnswer => "sell-undone-ask-again",
    };
    let effects = changed(model);
    say(model, said);
    effects
}

fn open_payment(model: &mut Model) -> Vec<Effect> {
    let refusal = if is_recording(model) {
        "sell-still-recording"
    } else if !model.sell.early.is_empty() {
        "sell-loading"
    } else if !model.sell.unknown.is_empty() {
        "sell-unknown-first"
    } else if model.till.is_empty() {
        "sell-nothing-yet"
    } else if model.left != MoneyLeft::default() {
        model.overlay = Some(Overlay::Confirm(Question::MoneyLeft));
        return Vec::new();
    } else {
        return pay::open(model);
    };
    refuse(model, refusal);
    Vec::new()
}

/// Says in the input line why not.
fn refuse(model: &mut Model, id: &str) {
    model.error = Some(model.locale.text(id).into_owned());
}

/// Says in the input line what was done.
fn say(model: &mut Model, id: &str) {
    model.hint = Some(model.locale.text(id).into_owned());
}

fn fail(model: &mut Model, error: BasketError) -> Vec<Effect> {
    model.error = Some(basket_error(model, error));
    vec![Effect::Beep]
}

fn basket_error(model: &Model, error: BasketError) -> String {
    let id = match error {
        BasketError::Full => "sell-error-full",
        BasketError::NoSuchLine => "sell-nothing-yet",
        BasketError::Quantity(QuantityError::PiecesAreWhole) => "sell-error-whole",
        BasketError::Quantity(QuantityError::NotANumber) => "sell-error-quantity",
        BasketError::Quantity(QuantityError::OutOfRange) => "sell-error-range",
        BasketError::Money(MoneyError::Overflow) => "sell-error-overflow",
        BasketError::Money(_) => "sell-error-price",
        BasketError::BadDiscount => "sell-error-discount",
        BasketError::DiscountTooLarge => "sell-error-discount-large",
    };
    model.locale.text(id).into_owned()
}
