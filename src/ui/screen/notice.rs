//! The whole notice, and whom to complain to.

use ratatui::Frame;

use crate::ui::event::Effect;
use crate::ui::key::Key;
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model};

/// What only this screen knows.
#[derive(Clone, Debug, Default)]
pub struct Notice {}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if action == Action::Back {
        model.leave_customer();
    }
    Vec::new()
}

pub fn typed(_model: &mut Model, _key: Key) -> Vec<Effect> {
    Vec::new()
}

pub fn buttons(_model: &Model, _state: &Notice) -> Vec<Button> {
    Vec::new()
}

pub fn draw(_model: &Model, _state: &Notice, _frame: &mut Frame) {}
