//! The forgotten basket dissolves, and one sentence remains: what stays, and until when.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::domain::basket::Basket;
use crate::domain::language::Language;
use crate::locale::Locale;
use crate::ui::event::Effect;
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model, Screen, ScreenId};
use crate::ui::widgets::customer::{draw_key_row, draw_lines, draw_total, key_row};
use crate::ui::widgets::dissolve::{LENGTH_MS, dissolve};
use crate::ui::widgets::{put, row, wrapped};

/// The basket that goes, how far it has gone, and what remains.
#[derive(Clone, Debug)]
pub struct Dissolve {
    basket: Basket,
    after: String,
    language: Language,
    elapsed_ms: u32,
}

impl Dissolve {
    pub fn wants_frames(&self) -> bool {
        self.elapsed_ms < LENGTH_MS
    }
}

/// Shows the basket dissolving, after its sale was recorded and nothing of it kept; in the
/// customer's language, with the policy's sentence of what stays.
pub fn open(model: &mut Model, basket: Basket, after: String, language: Language) {
    let elapsed_ms = if model.settings.display.reduced_motion { LENGTH_MS } else { 0 };
    model.screen = Screen::Dissolve(Dissolve { basket, after, language, elapsed_ms });
}

/// Time has passed.
pub fn frame(model: &mut Model, elapsed_ms: u32) {
    if let Screen::Dissolve(state) = &mut model.screen {
        state.elapsed_ms = state.elapsed_ms.saturating_add(elapsed_ms);
    }
}

pub fn act(model: &mut Model, _action: Action) -> Vec<Effect> {
    model.screen = Screen::Sell;
    Vec::new()
}

pub fn buttons(model: &Model, _state: &Dissolve) -> Vec<Button> {
    // A touch anywhere is enough: there is nothing to decide.
    vec![Button { area: model.size, action: Action::Back }]
}

pub fn draw(model: &Model, state: &Dissolve, frame: &mut Frame) {
    let words = Locale::of(state.language);
    let area = frame.area();
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }.intersection(area);
    let lines = Rect { y: inner.y + 7, height: inner.height.saturating_sub(9), ..inner }.intersection(inner);
    let lines = Rect { width: lines.width.min(64), ..lines };
    let buffer = frame.buffer_mut();
    draw_total(model, words, &state.basket, row(inner, 0), buffer);
    put(buffer, row(inner, 2), &words.text("choice-forgotten"), model.theme.strong);
    for (index, line) in (3..6).zip(wrapped(&state.after, inner.width.into())) {
        put(buffer, row(inner, index), &line, model.theme.text);
    }
    draw_lines(model, words, &state.basket, lines, buffer);
    dissolve(lines, buffer, state.elapsed_ms);
    let foot = row(inner, inner.height.saturating_sub(1));
    let entries = key_row(model, ScreenId::Dissolve, foot, words, &[(Action::Back, "choice-done")]);
    draw_key_row(model, &entries, buffer);
}

#[cfg(test)]
mod tests;
