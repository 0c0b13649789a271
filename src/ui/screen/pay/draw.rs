//! How paying looks, and where it can be pressed.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::{Pay, answer_title, is_complete, quick_cash};
use crate::domain::money::Money;
use crate::domain::tender::{Payment, TenderKind};
use crate::ui::figures::{self, Size};
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model, ScreenId};
use crate::ui::screen::sell::money_to_look_for;
use crate::ui::widgets::{draw_error, draw_help_bar, draw_status, help_bar, put, put_right, row};

/// Where everything stands.
struct Areas {
    status: Rect,
    /// Total, tenders, rounding.
    account: Rect,
    figures: Rect,
    customer: Rect,
    quick: Rect,
    input: Rect,
    said: Rect,
}

fn areas(model: &Model) -> Areas {
    let whole = model.size;
    let roomy = whole.height >= 30;
    let account_height = if roomy { 10 } else { 6 };
    let account = Rect { x: 2, y: 2, width: whole.width.saturating_sub(4), height: account_height };
    let figures = Rect { y: account.bottom() + u16::from(roomy), height: 5, ..account };
    let customer = Rect { y: figures.bottom() + 1 + u16::from(roomy), height: 1, ..account };
    let quick = Rect { y: customer.bottom() + 1 + u16::from(roomy), height: 2, ..account };
    Areas {
        status: row(whole, 0),
        account: account.intersection(whole),
        figures: figures.intersection(whole),
        customer: customer.intersection(whole),
        quick: quick.intersection(whole),
        input: row(whole, whole.height.saturating_sub(3)),
        said: row(whole, whole.height.saturating_sub(2)),
    }
}

/// Draws the screen.
pub fn draw(model: &Model, pay: &Pay, frame: &mut Frame) {
    let Some(payment) = &model.payment else { return };
    let areas = areas(model);
    let buffer = frame.buffer_mut();
    draw_status(model, areas.status, buffer);
    draw_account(model, payment, areas.account, buffer);
    let beside = Rect { x: 46, width: areas.account.right().saturating_sub(46), ..areas.account };
    draw_basket(model, beside, buffer);
    draw_missing(model, payment, areas.figures, buffer);
    draw_customer(model, areas.customer, buffer);
    if pay.asks_terminal() {
        for (button, text) in answers(model, areas.quick) {
            put(buffer, button.area, &text, model.theme.action);
        }
    } else {
        draw_quick(model, areas.quick, buffer);
    }
    let said = Rect { x: 2, width: areas.said.width.saturating_sub(3), ..areas.said };
    match (&model.error, &model.hint, money_to_look_for(model)) {
        (None, Some(hint), _) => put(buffer, said, hint, model.theme.text),
        (None, None, Some(left)) => put(buffer, said, &format!("! {left}"), model.theme.trouble),
        _ => draw_error(model, said, buffer),
    }
    draw_help_bar(model, model.uncovered_id(), buffer);
    let cursor = draw_input(model, pay, areas.input, buffer);
    if model.overlay.is_none() {
        frame.set_cursor_position(cursor);
    }
}

/// What can be pressed.
pub fn buttons(model: &Model, pay: &Pay) -> Vec<Button> {
    let mut buttons: Vec<Button> =
        help_bar(model, model.uncovered_id()).into_iter().map(|(button, ..)| button).collect();
    let areas = areas(model);
    if pay.asks_terminal() {
        buttons.extend(answers(model, areas.quick).into_iter().map(|(button, _)| button));
        return buttons;
    }
    buttons.extend(quick(model, areas.quick).into_iter().map(|(button, _)| button));
    buttons.push(Button { area: areas.customer, action: Action::Customer });
    if is_complete(model) {
        buttons.push(Button { area: areas.input, action: Action::Accept });
    }
    buttons
}

fn money(model: &Model, amount: Money) -> String {
    model.locale.money(amount, &model.settings.store.currency)
}

fn draw_account(model: &Model, payment: &Payment, area: Rect, buffer: &mut Buffer) {
    let mut y = 0;
    let mut entry = |label: &str, amount: String, style| {
        put(buffer, row(area, y), label, style);
        put_right(buffer, Rect { width: 40.min(area.width), ..row(area, y) }, &amount, style);
        y += 1;
    };
    let (text, quiet) = (model.theme.text, model.theme.quiet);
    entry(&model.locale.text("pay-total"), money(model, payment.total()), text);
    // The first and the last where there are more than fit.
    let room = usize::from(area.height.saturating_sub(2));
    let tenders = payment.tenders();
    for tender in &tenders[tenders.len().saturating_sub(room)..] {
        let label = match tender.kind {
            TenderKind::Cash => model.locale.text("pay-cash"),
            TenderKind::Card => model.locale.text("pay-card"),
        };
        entry(&label, money(model, -tender.amount), text);
    }
    let rounding = Money(payment.missing_cash().0 - payment.missing().0);
    if rounding != Money::ZERO {
        entry(&model.locale.text("pay-rounding"), money(model, rounding), quiet);
    }
}

fn draw_missing(model: &Model, payment: &Payment, area: Rect, buffer: &mut Buffer) {
    let currency = &model.settings.store.currency;
    let style = model.theme.strong;
    put(buffer, row(area, 0), &model.locale.text("pay-missing"), style);
    let sign = u16::try_from(currency.sign.width() + 1).unwrap_or(4);
    let figures = Rect { width: area.width.saturating_sub(sign), ..area };
    figures::draw(buffer, figures, &money(model, payment.missing_cash()), Size::Large, style);
    put_right(buffer, row(area, 4), &currency.sign, style);
    if payment.missing() != payment.missing_cash() {
        let by_card =
            model.locale.format("pay-by-card", &[("amount", money(model, payment.missing()).into())]);
        put(buffer, row(area, 1), &by_card, model.theme.quiet);
    }
}

fn draw_customer(model: &Model, area: Rect, buffer: &mut Buffer) {
    let title = answer_title(model, model.till.answer());
    let text = if model.till.answer().choice.is_none() {
        model.locale.format("pay-not-answered", &[("choice", title.into())])
    } else {
        model.locale.format("pay-answered", &[("choice", title.into())])
    };
    put(buffer, area, &text, model.theme.text);
}

/// The two answers of the card terminal, each with its key.
fn answers(model: &Model, area: Rect) -> Vec<(Button, String)> {
    let mut x = area.x;
    let rows = model.keymap.rows(ScreenId::Card).filter(|(binding, _)| binding.is_listed());
    rows.map(|(binding, keys)| {
        let key = keys.first().map(ToString::to_string).unwrap_or_default();
        let text = format!("{key} {}", model.locale.text(binding.label));
        let width = u16::try_from(text.width()).unwrap_or(0).min(area.right().saturating_sub(x));
        let button = Button { area: Rect { x, width, ..row(area, 0) }, action: binding.action };
        x = (x + width + 4).min(area.right());
        (button, text)
    })
    .collect()
}

/// The last lines of the basket, for a customer who asks.
fn draw_basket(model: &Model, area: Rect, buffer: &mut Buffer) {
    let basket = model.till.basket();
    let args = [("lines", basket.lines().len().into()), ("items", basket.item_count().into())];
    put(buffer, row(area, 0), &model.locale.format("sell-counted", &args), model.theme.quiet);
    let room = usize::from(area.height.saturating_sub(1));
    let lines = basket.lines().iter().zip(&model.till.priced().lines);
    let skipped = basket.lines().len().saturating_sub(room);
    for ((line, priced), y) in lines.skip(skipped).zip(1..area.height) {
        let area = row(area, y);
        put(buffer, Rect { width: area.width.saturating_sub(13), ..area }, &line.name, model.theme.quiet);
        put_right(buffer, area, &money(model, priced.net), model.theme.quiet);
    }
}

/// The likely amounts of cash, each with its key.
fn quick(model: &Model, area: Rect) -> Vec<(Button, String)> {
    let mut x = area.x;
    let mut shown = Vec::new();
    for (number, amount) in (1..).zip(quick_cash(model)) {
        let action = Action::Cash(number);
        let key = model.keymap.shown(ScreenId::Pay, action).map(|key| key.to_string()).unwrap_or_default();
        let text = format!("{key} {}", money(model, amount));
        let width = u16::try_from(text.width()).unwrap_or(u16::MAX);
        if x.saturating_add(width) > area.right() {
            break;
        }
        let button = Button { area: Rect { x, y: area.y, width, height: 1 }, action };
        shown.push((button, text));
        x += width + 3;
    }
    shown
}

fn draw_quick(model: &Model, area: Rect, buffer: &mut Buffer) {
    let quick = quick(model, area);
    if !quick.is_empty() {
        put(buffer, row(area, 1), &model.locale.text("pay-quick"), model.theme.quiet);
    }
    for (button, text) in quick {
        let key = text.split(' ').next().unwrap_or_default();
        put(buffer, button.area, &text, model.theme.text);
        put(
            buffer,
            button.area.intersection(Rect { width: u16::try_from(key.width()).unwrap_or(1), ..button.area }),
            key,
            model.theme.action,
        );
    }
}

/// Draws the input line; returns where the cursor stands.
fn draw_input(model: &Model, pay: &Pay, area: Rect, buffer: &mut Buffer) -> (u16, u16) {
    let prompt = match pay.terminal {
        Some(amount) => model.locale.format("pay-at-terminal", &[("amount", money(model, amount).into())]),
        None if is_complete(model) => model.locale.text("pay-complete").into_owned(),
        None => model.locale.text("pay-given").into_owned(),
    };
    put(buffer, Rect { x: 2, width: 2, ..area }, model.theme.prompt, model.theme.action);
    put(buffer, Rect { x: 4, width: area.width.saturating_sub(4), ..area }, &prompt, model.theme.action);
    let x = 5 + u16::try_from(prompt.width()).unwrap_or(0);
    let width = area.width.saturating_sub(x + 2);
    let text = if pay.asks_terminal() { "" } else { pay.amount.tail(width.into()) };
    put(buffer, Rect { x, width, ..area }, text, model.theme.strong);
    ((x + u16::try_from(text.width()).unwrap_or(0)).min(area.right().saturating_sub(1)), area.y)
}
