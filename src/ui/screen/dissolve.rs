//! The forgotten basket dissolves, and one sentence remains: what stays, and until when.

use ratatui::Frame;

use crate::domain::basket::Basket;
use crate::ui::event::Effect;
use crate::ui::keymap::Action;
use crate::ui::model::{Model, Screen};

/// The basket that goes, how far it has gone, and what remains.
#[derive(Clone, Debug, Default)]
pub struct Dissolve {
    pub basket: Basket,
    pub after: String,
    pub elapsed_ms: u32,
}

impl Dissolve {
    pub fn wants_frames(&self) -> bool {
        false
    }
}

/// Shows the basket dissolving, after its sale was recorded and nothing of it kept.
pub fn open(model: &mut Model, basket: Basket, after: String) {
    model.screen = Screen::Dissolve(Dissolve { basket, after, elapsed_ms: 0 });
}

/// Time has passed.
pub fn frame(_model: &mut Model, _elapsed_ms: u32) {}

pub fn act(model: &mut Model, _action: Action) -> Vec<Effect> {
    model.screen = Screen::Sell;
    Vec::new()
}

pub fn draw(_model: &Model, _state: &Dissolve, _frame: &mut Frame) {}
