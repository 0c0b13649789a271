//! Selling.

use ratatui::Frame;

use crate::ui::event::{Draft, Effect};
use crate::ui::input::Input;
use crate::ui::key::Key;
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model};

/// What is typed, and what waits.
#[derive(Clone, Debug, Default)]
pub struct Sell {
    pub input: Input,
    unknown: Vec<String>,
}

impl Sell {
    /// Codes that are in no catalogue, oldest first.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Accept => accept(model, false),
        Action::Customer => super::choice::open(model),
        _ => Vec::new(),
    }
}

pub fn typed(model: &mut Model, key: Key, _swift: bool) -> Vec<Effect> {
    model.sell.input.edit(key);
    Vec::new()
}

/// Enter, typed or scanned.
pub fn accept(model: &mut Model, _swift: bool) -> Vec<Effect> {
    model.sell.input.clear();
    Vec::new()
}

/// The catalogue is there: what was scanned before is looked up now.
pub fn catch_up(_model: &mut Model) -> Vec<Effect> {
    Vec::new()
}

/// The basket of before a crash is back.
pub fn resume(_model: &mut Model, _draft: Option<Draft>) -> Vec<Effect> {
    Vec::new()
}

pub fn buttons(_model: &Model) -> Vec<Button> {
    Vec::new()
}

pub fn draw(_model: &Model, _frame: &mut Frame) {}
