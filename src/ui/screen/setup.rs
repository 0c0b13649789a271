//! The first start: language, shop, currency, PIN, products.

use ratatui::Frame;

use crate::ui::event::Effect;
use crate::ui::key::Key;
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model};

/// What only this screen knows.
#[derive(Clone, Debug, Default)]
pub struct Setup {}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if action == Action::Back {
        model.leave_customer();
    }
    Vec::new()
}

pub fn typed(_model: &mut Model, _key: Key) -> Vec<Effect> {
    Vec::new()
}

pub fn buttons(_model: &Model, _state: &Setup) -> Vec<Button> {
    Vec::new()
}

pub fn draw(_model: &Model, _state: &Setup, _frame: &mut Frame) {}

/// What was entered to set up the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetupAnswers {}

/// The store is set up, or is not.
pub fn answered(_model: &mut Model, _result: Result<(), crate::ui::event::Problem>) -> Vec<Effect> {
    Vec::new()
}
