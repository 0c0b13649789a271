//! Draws the model.

use ratatui::Frame;
use ratatui::widgets::{Clear, Widget};

use super::model::{Button, Model, Screen};
use super::screen::{choice, dissolve, lock, notice, overlay, pay, remember, sell, setup};
use super::widgets::too_small;

/// Draws the whole screen.
pub fn view(model: &Model, frame: &mut Frame) {
    let area = frame.area();
    frame.buffer_mut().set_style(area, model.theme.text);
    if area.width < 80 || area.height < 24 {
        return too_small(model, frame);
    }
    match &model.screen {
        Screen::Sell => sell::draw(model, frame),
        Screen::Pay(pay) => pay::draw(model, pay, frame),
        Screen::Choice(choice) => choice::draw(model, choice, frame),
        Screen::Remember(remember) => remember::draw(model, remember, frame),
        Screen::Notice(notice) => notice::draw(model, notice, frame),
        Screen::Dissolve(dissolve) => dissolve::draw(model, dissolve, frame),
        Screen::Setup(setup) => setup::draw(model, setup, frame),
        Screen::Lock(lock) => lock::draw(model, lock, frame),
    }
    if let Some(shown) = model.overlay {
        let covered = overlay::area(model, shown);
        Clear.render(covered, frame.buffer_mut());
        frame.buffer_mut().set_style(covered, model.theme.text);
        overlay::draw(model, shown, frame);
    }
}

/// What can be pressed now, the uppermost last.
pub fn buttons(model: &Model) -> Vec<Button> {
    if let Some(shown) = model.overlay {
        return overlay::buttons(model, shown);
    }
    match &model.screen {
        Screen::Sell => sell::buttons(model),
        Screen::Pay(pay) => pay::buttons(model, pay),
        Screen::Choice(choice) => choice::buttons(model, choice),
        Screen::Remember(remember) => remember::buttons(model, remember),
        Screen::Notice(notice) => notice::buttons(model, notice),
        Screen::Dissolve(dissolve) => dissolve::buttons(model, dissolve),
        Screen::Setup(setup) => setup::buttons(model, setup),
        Screen::Lock(lock) => lock::buttons(model, lock),
    }
}
