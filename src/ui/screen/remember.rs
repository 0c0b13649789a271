//! "Remember it for me": who the customer is, and what for. Nothing is ticked at first, and leaving
//! remembers nothing.
//!
//! What was typed is repeated before it counts, large and in groups, because a wrong digit makes it
//! somebody else's profile. Whoever typed it right goes on with Enter, one key more.
//!
//! The screen never says whether somebody is known already: anyone can type anybody's number, and
//! would learn that this person is a customer here.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use super::choice;
use crate::domain::barcode::Scan;
use crate::domain::customer::{Identifier, IdentifierError, Purpose};
use crate::domain::policy::Card;
use crate::domain::sale::Answer;
use crate::ui::event::Effect;
use crate::ui::figures::{self, Size};
use crate::ui::input::Input;
use crate::ui::key::{Code, Key};
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model, Screen, ScreenId};
use crate::ui::widgets::customer::{self, draw_key_row, key_row};
use crate::ui::widgets::{put, row, wrapped};

/// What only this screen knows.
#[derive(Clone, Debug, Default)]
pub struct Remember {
    /// Id of the choice that asks for it.
    choice: String,
    identifier: Input,
    /// What is repeated to be checked, and what the same digits may be instead.
    read: Option<(Identifier, Option<Identifier>)>,
    /// What the customer has found right.
    checked: Option<Identifier>,
    ticks: Vec<(Purpose, bool)>,
    focus: Focus,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Focus {
    #[default]
    Identifier,
    /// "Is this right?"
    Check,
    /// From 0.
    Tick(usize),
    Confirm,
}

impl Remember {
    /// Whether the cursor stands in the empty field.
    pub fn takes_text(&self) -> bool {
        self.is_in_field() && self.identifier.is_empty()
    }

    /// Whether the cursor stands in the field.
    pub fn is_in_field(&self) -> bool {
        self.focus == Focus::Identifier
    }
}

/// Opens the empty form for a choice of the policy.
pub fn open(model: &mut Model, choice: &str) {
    let purposes = model.policy.choice(choice).map(|choice| choice.purposes.clone()).unwrap_or_default();
    let ticks = purposes.into_iter().map(|purpose| (purpose, false)).collect();
    model.screen = Screen::Remember(Remember { choice: choice.to_owned(), ticks, ..Remember::default() });
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    model.error = None;
    let Some(state) = state_mut(model) else { return Vec::new() };
    match action {
        Action::Accept => return accept(model),
        Action::Back if state.focus == Focus::Check => state.focus = Focus::Identifier,
        Action::Back => return choice::open(model),
        Action::Up => state.step(false),
        Action::Down => state.step(true),
        Action::Choose(number) => state.tick(usize::from(number).wrapping_sub(1)),
        Action::Row(_) => state.focus = Focus::Identifier,
        Action::Language => return choice::next_language(model),
        _ => {}
    }
    Vec::new()
}

pub fn typed(model: &mut Model, key: Key) -> Vec<Effect> {
    model.error = None;
    let Some(state) = state_mut(model) else { return Vec::new() };
    match (key.code, state.focus) {
        (Code::Tab, _) => state.step(true),
        (Code::BackTab, _) => state.step(false),
        (_, Focus::Identifier) if state.identifier.edit(key) => {
            (state.read, state.checked) = (None, None);
        }
        (_, Focus::Identifier) => {}
        // It takes away the last sign, as it does in the field: else what is typed next stands behind it.
        (Code::Backspace, Focus::Check) => {
            state.focus = Focus::Identifier;
            state.identifier.edit(key);
            state.read = None;
        }
        (_, Focus::Check) => {}
        (Code::Char(' '), Focus::Tick(place)) => state.tick(place),
        (Code::Char(c @ '1'..='9'), _) => state.tick(usize::from(c as u8 - b'1')),
        _ => {}
    }
    Vec::new()
}

pub fn buttons(model: &Model, state: &Remember) -> Vec<Button> {
    let layout = Layout::of(state, model.size);
    if state.focus == Focus::Check {
        return foot(model, state, layout.foot).into_iter().map(|(button, ..)| button).collect();
    }
    let field = Button { area: layout.field, action: Action::Row(0) };
    let ticks = (1..).zip(&layout.ticks).map(|(key, &area)| Button { area, action: Action::Choose(key) });
    let foot = foot(model, state, layout.foot).into_iter().map(|(button, ..)| button);
    std::iter::once(field).chain(ticks).chain(foot).collect()
}

pub fn draw(model: &Model, state: &Remember, frame: &mut Frame) {
    let (words, notice, theme) = (customer::words(model), customer::notice(model), &model.theme);
    let Some(card) = notice.cards.iter().find(|card| card.choice == state.choice) else { return };
    let layout = Layout::of(state, frame.area());
    let buffer = frame.buffer_mut();
    put(buffer, row(layout.inner, 1), &card.title, theme.strong);
    let then = words.format("remember-then", &[("after", card.after.as_str().into())]);
    for (index, line) in (2..5).zip(wrapped(&then, layout.inner.width.into())) {
        put(buffer, row(layout.inner, index), &line, theme.text);
    }
    if let (Focus::Check, Some((identifier, _))) = (state.focus, &state.read) {
        return draw_check(model, state, identifier, &layout, frame);
    }
    put(buffer, row(layout.inner, 6), &words.text("remember-title"), theme.strong);
    put(buffer, row(layout.inner, 7), &words.text("remember-field"), theme.quiet);
    if !state.ticks.is_empty() {
        put(buffer, row(layout.inner, 10), &words.text("remember-ticks"), theme.strong);
    }
    draw_ticks(model, state, card, &layout, frame);
    draw_field(model, state, layout.field, frame);
    let buffer = frame.buffer_mut();
    let foot = foot(model, state, layout.foot);
    if let (Focus::Confirm, Some((button, ..))) = (state.focus, foot.first()) {
        put(buffer, before(button.area), "▸", theme.action);
    }
    draw_key_row(model, &foot, buffer);
    let (text, style) = match &model.error {
        Some(error) => (format!("! {error}"), theme.trouble),
        None if state.focus == Focus::Identifier => {
            (words.text("remember-keys-field").into_owned(), theme.quiet)
        }
        None => (words.text("remember-keys-ticks").into_owned(), theme.quiet),
    };
    for (index, line) in (0..layout.message.height).zip(wrapped(&text, layout.message.width.into())) {
        put(buffer, row(layout.message, index), &line, style);
    }
}

impl Remember {
    /// The field, the ticks, the end, and round again. Where what was read is being checked, its other
    /// reading.
    fn step(&mut self, forwards: bool) {
        if let (Focus::Check, Some((identifier, Some(other)))) = (self.focus, &mut self.read) {
            std::mem::swap(identifier, other);
        }
        let places = self.ticks.len() + 2;
        let now = match self.focus {
            Focus::Check => return,
            Focus::Identifier => 0,
            Focus::Tick(place) => place + 1,
            Focus::Confirm => places - 1,
        };
        let by = if forwards { 1 } else { places - 1 };
        self.focus = match (now + by) % places {
            0 => Focus::Identifier,
            place if place == places - 1 => Focus::Confirm,
            place => Focus::Tick(place - 1),
        };
    }

    fn tick(&mut self, place: usize) {
        if let Some((_, ticked)) = self.ticks.get_mut(place) {
            *ticked = !*ticked;
            self.focus = Focus::Tick(place);
        }
    }

    /// Repeats what was read of the field, with the other kind of number that it may be.
    fn check(&mut self, identifier: Identifier, code: &str, is_product: bool) {
        let text = self.identifier.text();
        let other = match &identifier {
            Identifier::Phone(_) => Identifier::card(text).ok().filter(|_| !is_product),
            Identifier::Card(_) => Identifier::phone(text, code).ok(),
            Identifier::Email(_) => None,
        };
        self.read = Some((identifier, other));
        self.focus = Focus::Check;
    }

    fn purposes(&self) -> Vec<Purpose> {
        self.ticks.iter().filter(|(_, ticked)| *ticked).map(|(purpose, _)| purpose.clone()).collect()
    }
}

fn state_mut(model: &mut Model) -> Option<&mut Remember> {
    match &mut model.screen {
        Screen::Remember(state) => Some(state),
        _ => None,
    }
}

/// Enter: from the field to what was read of it, to the ticks, to the end.
fn accept(model: &mut Model) -> Vec<Effect> {
    let (words, code) = (customer::words(model), model.settings.store.dialling_code.clone());
    let (settings, catalogue) = (model.settings.clone(), model.catalogue.clone());
    let Some(state) = state_mut(model) else { return Vec::new() };
    if state.focus == Focus::Check {
        state.checked = state.read.take().map(|(identifier, _)| identifier);
        state.focus = Focus::Identifier;
    }
    let Some(customer) = state.checked.clone() else {
        let text = state.identifier.text();
        let scan = Scan::parse(text, &settings.barcodes.variable);
        let is_product = catalogue.is_some_and(|catalogue| catalogue.find(&scan).is_some());
        match Identifier::parse(text, &code) {
            Ok(Identifier::Card(_)) if is_product => {
                // The next scan is to find an empty field.
                state.identifier.clear();
                state.focus = Focus::Identifier;
                model.error = Some(words.text("remember-error-product").into_owned());
                return vec![Effect::Beep];
            }
            Ok(identifier) => state.check(identifier, &code, is_product),
            Err(error) => {
                if error == IdentifierError::PaymentCard {
                    state.identifier.clear();
                }
                state.focus = Focus::Identifier;
                model.error = Some(words.text(error_id(error)).into_owned());
                return vec![Effect::Beep];
            }
        }
        return Vec::new();
    };
    let (purposes, asked) = (state.purposes(), !state.ticks.is_empty());
    // Data about a person are kept for a purpose or not at all (GDPR, article 5(1)(b)).
    if asked && purposes.is_empty() {
        let first = state.focus == Focus::Identifier;
        state.focus = Focus::Tick(0);
        if !first {
            model.error = Some(words.text("remember-error-no-tick").into_owned());
        }
        return Vec::new();
    }
    let choice = Some(state.choice.clone());
    choice::confirm(model, Answer { choice, customer: Some(customer), purposes })
}

fn error_id(error: IdentifierError) -> &'static str {
    match error {
        IdentifierError::Empty => "remember-error-empty",
        IdentifierError::NotAPhone => "remember-error-phone",
        IdentifierError::NotAnEmail => "remember-error-email",
        IdentifierError::NotACard => "remember-error-card",
        IdentifierError::PaymentCard => "remember-error-payment-card",
    }
}

fn draw_ticks(model: &Model, state: &Remember, card: &Card, layout: &Layout, frame: &mut Frame) {
    let (buffer, theme) = (frame.buffer_mut(), &model.theme);
    for (place, ((purpose, ticked), &area)) in state.ticks.iter().zip(&layout.ticks).enumerate() {
        let name = card.ticks.iter().find(|tick| tick.purpose == *purpose).map_or("", |tick| &tick.name);
        if state.focus == Focus::Tick(place) {
            put(buffer, before(area), "▸", theme.action);
        }
        // In the field a digit is part of what is typed.
        if state.focus != Focus::Identifier {
            put(buffer, area, &(place + 1).to_string(), theme.action);
        }
        let mark = if *ticked { "[x]" } else { "[ ]" };
        let rest = Rect { x: area.x + 3, width: area.width.saturating_sub(3), ..area };
        put(buffer, rest, &format!("{mark} {name}"), theme.text);
    }
}

/// The field with what is typed, and the cursor where keys go into it.
fn draw_field(model: &Model, state: &Remember, area: Rect, frame: &mut Frame) {
    if area.width < 2 || area.height == 0 {
        return;
    }
    let (theme, shown) = (&model.theme, state.identifier.tail(usize::from(area.width) - 1));
    let buffer = frame.buffer_mut();
    put(buffer, area, shown, theme.text);
    buffer.set_style(area, theme.text.add_modifier(Modifier::UNDERLINED));
    if state.focus == Focus::Identifier {
        put(buffer, before(area), "▸", theme.action);
        let x = area.x + u16::try_from(shown.width()).unwrap_or(0);
        frame.set_cursor_position(Position::new(x.min(area.right() - 1), area.y));
    }
}

/// What was read, as large as there is room, and in plain signs below.
fn draw_check(model: &Model, state: &Remember, identifier: &Identifier, layout: &Layout, frame: &mut Frame) {
    let (words, theme, inner) = (customer::words(model), &model.theme, layout.inner);
    let question = match identifier {
        Identifier::Phone(_) => "remember-check-phone",
        Identifier::Email(_) => "remember-check-email",
        Identifier::Card(_) => "remember-check-card",
    };
    let buffer = frame.buffer_mut();
    put(buffer, row(inner, 6), &words.text(question), theme.strong);
    let text = identifier.grouped(&model.settings.store.dialling_code);
    let mut below = 8;
    if text.chars().all(|c| matches!(c, '0'..='9' | '+' | ' ')) {
        let roomy = inner.height >= 30 && Size::Large.width(&text) <= inner.width;
        let size = if roomy { Size::Large } else { Size::Small };
        if size.width(&text) <= inner.width {
            let area = Rect { y: inner.y + below, width: size.width(&text), height: size.height(), ..inner };
            figures::draw(buffer, area.intersection(inner), &text, size, theme.strong);
            below += size.height() + 1;
        }
    }
    put(buffer, row(inner, below), &text, theme.strong);
    let other = state.read.as_ref().and_then(|(_, other)| other.as_ref());
    let hint = other.map(|other| match other {
        Identifier::Card(_) => "remember-check-other-card",
        Identifier::Phone(_) | Identifier::Email(_) => "remember-check-other-phone",
    });
    if let Some(error) = &model.error {
        put(buffer, row(inner, below + 2), &format!("! {error}"), theme.trouble);
    } else if let Some(hint) = hint {
        put(buffer, row(inner, below + 2), &words.text(hint), theme.quiet);
    }
    draw_key_row(model, &foot(model, state, layout.foot), buffer);
}

fn foot(model: &Model, state: &Remember, area: Rect) -> Vec<(Button, String, String)> {
    let entries = if state.focus == Focus::Check {
        [(Action::Accept, "remember-check-yes"), (Action::Back, "remember-check-no")]
    } else {
        // An earlier choice stands until another is noted.
        let chosen = model.till.answer().choice.is_some();
        let leave = if chosen { "remember-leave-chosen" } else { "remember-leave" };
        [(Action::Accept, "remember-confirm"), (Action::Back, leave)]
    };
    key_row(model, ScreenId::Remember, area, customer::words(model), &entries)
}

/// The place of the sign before what has the focus.
fn before(area: Rect) -> Rect {
    Rect { x: area.x.saturating_sub(2), width: 1, ..area }
}

struct Layout {
    inner: Rect,
    field: Rect,
    ticks: Vec<Rect>,
    message: Rect,
    foot: Rect,
}

impl Layout {
    fn of(state: &Remember, area: Rect) -> Layout {
        let inner =
            Rect { x: area.x + 3, width: area.width.saturating_sub(6).min(84), ..area }.intersection(area);
        let field = row(inner, 8);
        let field = Rect { width: field.width.min(44), ..field };
        let ticks: Vec<Rect> = (11..).take(state.ticks.len()).map(|index| row(inner, index)).collect();
        let below = 12 + u16::try_from(ticks.len()).unwrap_or(0);
        let message = Rect { y: inner.y + below, height: 2, ..inner }.intersection(inner);
        let foot = row(inner, inner.height.saturating_sub(1));
        Layout { inner, field, ticks, message, foot }
    }
}

#[cfg(test)]
mod tests;
