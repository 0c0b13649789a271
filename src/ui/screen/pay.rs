//! Taking the money.

use ratatui::Frame;

use crate::ui::event::{Committed, Effect, Problem};
use crate::ui::key::Key;
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model, Screen, Sold};

/// What only this screen knows.
#[derive(Clone, Debug, Default)]
pub struct Pay {}

impl Pay {
    /// Whether the shop's own terminal is being waited for.
    pub fn asks_terminal(&self) -> bool {
        false
    }
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Back => model.screen = Screen::Sell,
        Action::Customer => return super::choice::open(model),
        _ => {}
    }
    Vec::new()
}

pub fn typed(_model: &mut Model, _key: Key) -> Vec<Effect> {
    Vec::new()
}

/// The sale is durable.
pub fn committed(model: &mut Model, committed: Committed) -> Vec<Effect> {
    model.sold = Some(Sold::Done(Box::new(committed)));
    Vec::new()
}

/// The sale is not recorded.
pub fn not_committed(model: &mut Model, problem: &Problem) -> Vec<Effect> {
    model.error = Some(problem.what.clone());
    Vec::new()
}

pub fn buttons(_model: &Model, _state: &Pay) -> Vec<Button> {
    Vec::new()
}

pub fn draw(_model: &Model, _state: &Pay, _frame: &mut Frame) {}
