//! What covers a screen: help, the last receipt, a question.

use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::{pay, sell};
use crate::ui::event::Effect;
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model, MoneyLeft, Overlay, Question, Screen, ScreenId};
use crate::ui::widgets::{put, put_right, row, wrapped};

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(shown) = model.overlay else { return Vec::new() };
    match (shown, action) {
        (Overlay::Confirm(question), Action::Confirm) => {
            model.overlay = None;
            return match question {
                Question::VoidSale => sell::void_sale(model),
                Question::Quit => vec![Effect::Quit],
                Question::MoneyLeft => looked(model),
                Question::Clock { .. } => {
                    model.clock = None;
                    vec![Effect::TrustClock]
                }
            };
        }
        (Overlay::Confirm(Question::Clock { clock, .. }), Action::Back | Action::Accept) => {
            model.overlay = None;
            model.clock_left_open = Some(clock);
        }
        (_, Action::Back | Action::Accept) => model.overlay = None,
        (Overlay::Help { top } | Overlay::Receipt { top }, _) => {
            let page = area(model, shown).height.saturating_sub(4);
            let last = u16::try_from(texts(model, shown).len()).unwrap_or(u16::MAX).saturating_sub(page);
            let top = match action {
                Action::Up => top.saturating_sub(1),
                Action::Down => top + 1,
                Action::PageUp => top.saturating_sub(page),
                Action::PageDown => top.saturating_add(page),
                _ => top,
            };
            let top = top.min(last);
            model.overlay = Some(match shown {
                Overlay::Help { .. } => Overlay::Help { top },
                _ => Overlay::Receipt { top },
            });
        }
        _ => {}
    }
    Vec::new()
}

/// Somebody has looked for the money of before a crash: on with what they were about to do.
fn looked(model: &mut Model) -> Vec<Effect> {
    model.left = MoneyLeft::default();
    model.error = None;
    let mut effects = sell::save(model);
    effects.extend(match model.screen {
        Screen::Sell => sell::act(model, Action::Pay),
        Screen::Pay(_) => pay::act(model, Action::Card),
        _ => Vec::new(),
    });
    effects
}

/// Where it stands.
pub fn area(model: &Model, overlay: Overlay) -> Rect {
    let whole = model.size;
    let (width, height) = match overlay {
        Overlay::Confirm(Question::Clock { .. }) => (60, 11),
        Overlay::Confirm(_) => (60, 9),
        Overlay::Help { .. } | Overlay::Receipt { .. } => (whole.width, whole.height),
    };
    let (width, height) = (whole.width.min(width), whole.height.min(height));
    Rect { x: (whole.width - width) / 2, y: (whole.height - height) / 2, width, height }
}

/// What can be pressed: its answers, and for what is only read the whole of it.
pub fn buttons(model: &Model, overlay: Overlay) -> Vec<Button> {
    let area = area(model, overlay);
    match overlay {
        Overlay::Confirm(question) => {
            answers(model, question, area).into_iter().map(|(button, _)| button).collect()
        }
        _ => vec![Button { area, action: Action::Back }],
    }
}

pub fn draw(model: &Model, overlay: Overlay, frame: &mut Frame) {
    match overlay {
        Overlay::Confirm(question) => draw_question(model, question, area(model, overlay), frame),
        Overlay::Help { top } | Overlay::Receipt { top } => draw_page(model, overlay, top, frame),
    }
}

/// The two answers with their keys, the safe one first.
fn answers(model: &Model, question: Question, area: Rect) -> Vec<(Button, String)> {
    let (stay, go) = match question {
        Question::VoidSale => ("sell-void-keep", "sell-void-do"),
        Question::Quit => ("sell-quit-stay", "sell-quit-go"),
        Question::MoneyLeft => ("sell-left-not-yet", "sell-left-looked"),
        Question::Clock { .. } => ("sell-clock-unsure", "sell-clock-right"),
    };
    let mut x = area.x + 3;
    [(Action::Accept, stay), (Action::Confirm, go)]
        .into_iter()
        .map(|(action, id)| {
            let key =
                model.keymap.shown(ScreenId::Confirm, action).map(|key| key.to_string()).unwrap_or_default();
            let text = format!("{key} {}", model.locale.text(id));
            let width = u16::try_from(text.width()).unwrap_or(0).min(area.right().saturating_sub(x));
            let at = Rect { x, y: area.bottom().saturating_sub(3), width, height: 1 };
            x = (x + width + 4).min(area.right());
            (Button { area: at, action }, text)
        })
        .collect()
}

fn draw_question(model: &Model, question: Question, area: Rect, frame: &mut Frame) {
    let buffer = frame.buffer_mut();
    let block = ratatui::widgets::Block::bordered().border_style(model.theme.quiet);
    ratatui::widgets::Widget::render(block, area, buffer);
    let inner = Rect { x: area.x + 3, width: area.width.saturating_sub(6), ..area };
    let (title, text) = match question {
        Question::VoidSale => {
            let total = model.locale.money_signed(model.till.priced().total, &model.settings.store.currency);
            let lines = model.till.basket().lines().len();
            let args = [("lines", lines.into()), ("total", total.into())];
            (model.locale.text("sell-void-question"), model.locale.format("sell-void-what", &args))
        }
        Question::Quit => {
            (model.locale.text("sell-quit-question"), model.locale.text("sell-quit-what").into_owned())
        }
        Question::MoneyLeft => {
            (model.locale.text("sell-left-question"), sell::money_to_look_for(model).unwrap_or_default())
        }
        Question::Clock { clock, trusted } => {
            let day = |day| [("day", model.locale.date(day).into())];
            let title = model.locale.format("sell-clock-question", &day(clock));
            (title.into(), model.locale.format("sell-clock-what", &day(trusted)))
        }
    };
    put(buffer, row(inner, 2), &title, model.theme.strong);
    for (index, line) in (3..area.height.saturating_sub(4)).zip(wrapped(&text, inner.width.into())) {
        put(buffer, row(inner, index), &line, model.theme.text);
    }
    for (button, text) in answers(model, question, area) {
        let safe = button.action == Action::Accept;
        put(buffer, button.area, &text, if safe { model.theme.action } else { model.theme.trouble });
    }
}

/// The lines of what is only read: left, right.
fn texts(model: &Model, overlay: Overlay) -> Vec<(String, String)> {
    match overlay {
        Overlay::Receipt { .. } => model.receipt.iter().map(|line| (line.clone(), String::new())).collect(),
        Overlay::Help { .. } => help(model),
        Overlay::Confirm(_) => Vec::new(),
    }
}

/// What can be done on the screen below, with all keys; rows that say the same stand together.
fn help(model: &Model) -> Vec<(String, String)> {
    let mut rows: Vec<(&str, Vec<String>)> = Vec::new();
    for (binding, keys) in model.keymap.rows(model.uncovered_id()) {
        let keys = keys.iter().map(ToString::to_string);
        match rows.last_mut().filter(|(label, _)| *label == binding.label) {
            Some((_, all)) => all.extend(keys),
            None => rows.push((binding.label, keys.collect())),
        }
    }
    let mut texts: Vec<(String, String)> = rows
        .into_iter()
        .map(|(label, keys)| (model.locale.text(label).into_owned(), keys.join("   ")))
        .collect();
    if model.uncovered_id() == ScreenId::Sell {
        texts.push((String::new(), String::new()));
        let weight = format!("{}*", model.locale.number(345, 3));
        for (what, how) in
            [("sell-help-code", "8412345678905"), ("sell-help-count", "3*"), ("sell-help-weight", &weight)]
        {
            texts.push((model.locale.text(what).into_owned(), how.to_owned()));
        }
    }
    texts
}

fn draw_page(model: &Model, overlay: Overlay, top: u16, frame: &mut Frame) {
    let area = area(model, overlay);
    let buffer = frame.buffer_mut();
    let title = match overlay {
        Overlay::Help { .. } => model.locale.text("sell-help-title"),
        _ => model.locale.text("sell-receipt-title"),
    };
    let width = area.width.min(72);
    let inner = Rect { x: area.x + (area.width - width) / 2, width, ..area };
    put(buffer, row(inner, 0), &title, model.theme.strong);
    let page = area.height.saturating_sub(4);
    let texts = texts(model, overlay);
    for ((left, right), y) in texts.iter().skip(top.into()).zip(2..2 + page) {
        put(buffer, row(inner, y), left, model.theme.text);
        put_right(buffer, row(inner, y), right, model.theme.action);
    }
    let more = usize::from(top) + usize::from(page) < texts.len();
    let id = if more { "sell-page-more" } else { "sell-page-end" };
    put(buffer, row(inner, area.height.saturating_sub(1)), &model.locale.text(id), model.theme.quiet);
}

#[cfg(test)]
mod tests;
