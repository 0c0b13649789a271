//! Nobody sells until a PIN is entered.

use ratatui::Frame;

use crate::ui::event::Effect;
use crate::ui::key::Key;
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model};

/// What only this screen knows.
#[derive(Clone, Debug, Default)]
pub struct Lock {}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if action == Action::Back {
        model.leave_customer();
    }
    Vec::new()
}

pub fn typed(_model: &mut Model, _key: Key) -> Vec<Effect> {
    Vec::new()
}

pub fn buttons(_model: &Model, _state: &Lock) -> Vec<Button> {
    Vec::new()
}

pub fn draw(_model: &Model, _state: &Lock, _frame: &mut Frame) {}

/// Whether the PIN was right.
pub fn answered(model: &mut Model, answer: crate::ui::event::PinAnswer) -> Vec<Effect> {
    if let crate::ui::event::PinAnswer::Welcome { staff } = answer {
        model.staff = staff;
        model.screen = crate::ui::model::Screen::Sell;
    }
    Vec::new()
}
