//! What covers a screen: help, the last receipt, a question.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::ui::event::Effect;
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model, Overlay};

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if matches!(action, Action::Back | Action::Accept) {
        model.overlay = None;
    }
    Vec::new()
}

/// Where it stands.
pub fn area(model: &Model, _overlay: Overlay) -> Rect {
    model.size
}

pub fn buttons(_model: &Model, _overlay: Overlay) -> Vec<Button> {
    Vec::new()
}

pub fn draw(_model: &Model, _overlay: Overlay, _frame: &mut Frame) {}
