//! The customer's choice: cards of the same size, weight and colour.

use ratatui::Frame;

use crate::ui::event::Effect;
use crate::ui::key::Key;
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model};

/// What only this screen knows.
#[derive(Clone, Debug, Default)]
pub struct Choice {}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if action == Action::Back {
        model.leave_customer();
    }
    Vec::new()
}

pub fn typed(_model: &mut Model, _key: Key) -> Vec<Effect> {
    Vec::new()
}

pub fn buttons(_model: &Model, _state: &Choice) -> Vec<Button> {
    Vec::new()
}

pub fn draw(_model: &Model, _state: &Choice, _frame: &mut Frame) {}

/// Shows the choice to the customer.
pub fn open(model: &mut Model) -> Vec<Effect> {
    model.screen = crate::ui::model::Screen::Choice(Choice::default());
    Vec::new()
}
