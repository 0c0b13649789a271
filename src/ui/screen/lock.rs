//! Nobody sells until a PIN is entered. The basket stays.

use std::fmt;

use ratatui::Frame;
use ratatui::layout::Rect;
use zeroize::Zeroizing;

use crate::domain::pin;
use crate::ui::event::{Effect, PinAnswer};
use crate::ui::key::{Code, Key};
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model, Overlay, Question, Screen, ScreenId, Sold};
use crate::ui::widgets::customer::{draw_key_row, key_row};
use crate::ui::widgets::{put_centred, row};

/// The PIN so far.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Lock {
    pin: Zeroizing<String>,
    /// A PIN is being checked; keys wait for the answer.
    checking: bool,
}

/// Nobody works at the till any more. A question about the clock waits until somebody does.
pub fn open(model: &mut Model) {
    model.staff.clear();
    model.overlay = None;
    model.screen = Screen::Lock(Lock::default());
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Accept => return accept(model),
        Action::Row(DELETE) => return typed(model, Key::plain(Code::Backspace)),
        Action::Row(digit @ 0..=9) => {
            let digit = char::from_digit(digit.into(), 10).unwrap_or('0');
            return typed(model, Key::char(digit));
        }
        Action::Quit if model.till.is_empty() && !matches!(model.sold, Some(Sold::Recording(_))) => {
            return vec![Effect::Quit];
        }
        Action::Quit => model.overlay = Some(Overlay::Confirm(Question::Quit)),
        _ => {}
    }
    Vec::new()
}

pub fn typed(model: &mut Model, key: Key) -> Vec<Effect> {
    let Some(state) = state_mut(model).filter(|state| !state.checking) else { return Vec::new() };
    match (key.code, key.written()) {
        (_, Some(c @ '0'..='9')) if state.pin.len() < pin::DIGITS_MAX => state.pin.push(c),
        (Code::Backspace, _) => {
            state.pin.pop();
        }
        (Code::Esc, _) => state.pin = Zeroizing::default(),
        _ => return Vec::new(),
    }
    model.error = None;
    Vec::new()
}

/// Whether the PIN was right.
pub fn answered(model: &mut Model, answer: PinAnswer) -> Vec<Effect> {
    let words = model.locale;
    let Some(state) = state_mut(model) else { return Vec::new() };
    *state = Lock::default();
    model.error = match answer {
        PinAnswer::Welcome { staff } => {
            model.staff = staff;
            model.to_till();
            None
        }
        PinAnswer::Wrong => Some(words.text("lock-wrong").into_owned()),
        PinAnswer::Wait { seconds } => Some(words.format("lock-wait", &[("seconds", seconds.into())])),
        PinAnswer::Failed(problem) => Some(problem.sentences()),
    };
    if model.error.is_some() { vec![Effect::Beep] } else { Vec::new() }
}

pub fn buttons(model: &Model, _state: &Lock) -> Vec<Button> {
    let foot = foot(model, model.size).into_iter().map(|(button, ..)| button);
    pad(model.size).into_iter().map(|(button, _)| button).chain(foot).collect()
}

pub fn draw(model: &Model, state: &Lock, frame: &mut Frame) {
    let (area, words, theme) = (frame.area(), model.locale, &model.theme);
    let buffer = frame.buffer_mut();
    put_centred(buffer, row(area, 1), &model.settings.store.name, theme.quiet);
    put_centred(buffer, row(area, 3), &words.text("lock-title"), theme.strong);
    let items = model.till.basket().item_count();
    if items > 0 {
        put_centred(
            buffer,
            row(area, 4),
            &words.format("lock-basket", &[("count", items.into())]),
            theme.quiet,
        );
    }
    let dots = format!("{}{}", "●".repeat(state.pin.len()), "·".repeat(pin::DIGITS_MAX - state.pin.len()));
    put_centred(buffer, row(area, 6), &format!("{}  {dots}", words.text("lock-pin")), theme.strong);
    let message = row(area, 8);
    match &model.error {
        Some(error) => put_centred(buffer, message, &format!("! {error}"), theme.trouble),
        None if state.checking => put_centred(buffer, message, &words.text("lock-checking"), theme.text),
        None => put_centred(buffer, message, &words.text("lock-keys"), theme.quiet),
    }
    for (button, sign) in pad(area) {
        put_centred(buffer, row(button.area, 1), sign, theme.action);
    }
    draw_key_row(model, &foot(model, area), buffer);
}

fn state_mut(model: &mut Model) -> Option<&mut Lock> {
    match &mut model.screen {
        Screen::Lock(state) => Some(state),
        _ => None,
    }
}

fn accept(model: &mut Model) -> Vec<Effect> {
    let words = model.locale;
    let Some(state) = state_mut(model).filter(|state| !state.checking) else { return Vec::new() };
    if state.pin.len() < pin::DIGITS_MIN {
        model.error = Some(words.text("lock-too-short").into_owned());
        return Vec::new();
    }
    let pin = std::mem::take(&mut *state.pin);
    state.checking = true;
    model.error = None;
    vec![Effect::CheckPin(pin)]
}

fn foot(model: &Model, area: Rect) -> Vec<(Button, String, String)> {
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }.intersection(area);
    let entries = [(Action::Accept, "lock-open"), (Action::Quit, "key-quit")];
    key_row(model, ScreenId::Lock, row(inner, inner.height.saturating_sub(1)), model.locale, &entries)
}

/// The row of [`Action::Row`] that deletes; 0 to 9 are digits.
const DELETE: u16 = 10;

/// Width and height of a key to touch.
const KEY: (u16, u16) = (9, 3);

/// The keys to touch, three in a row.
fn pad(area: Rect) -> Vec<(Button, &'static str)> {
    const KEYS: [(&str, Action); 12] = [
        ("1", Action::Row(1)),
        ("2", Action::Row(2)),
        ("3", Action::Row(3)),
        ("4", Action::Row(4)),
        ("5", Action::Row(5)),
        ("6", Action::Row(6)),
        ("7", Action::Row(7)),
        ("8", Action::Row(8)),
        ("9", Action::Row(9)),
        ("←", Action::Row(DELETE)),
        ("0", Action::Row(0)),
        ("↵", Action::Accept),
    ];
    let (left, top) = (area.x + area.width.saturating_sub(KEY.0 * 3) / 2, area.y + 10);
    let keys = (0..).zip(KEYS).map(|(place, (sign, action))| {
        let at = Rect::new(left + place % 3 * KEY.0, top + place / 3 * KEY.1, KEY.0, KEY.1);
        (Button { area: at.intersection(area), action }, sign)
    });
    keys.collect()
}

/// Without the PIN.
impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("checking", &self.checking).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
