//! How selling looks, and where it can be pressed.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};
use unicode_width::UnicodeWidthStr;

use super::ask::Ask;
use super::{is_recording, list};
use crate::domain::barcode::Scan;
use crate::domain::basket::{Discount, Line};
use crate::domain::quantity::{Quantity, Unit};
use crate::domain::tax::TaxRate;
use crate::domain::text::{Place, quotable};
use crate::ui::figures::{self, Size};
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model, ScreenId, Sold};
use crate::ui::widgets::{
    draw_error, draw_help_bar, draw_status, fitted, help_bar, put, put_right, row, wrapped,
};

const NUMBER: u16 = 7;
const AMOUNT: u16 = 14;
const PRICE: u16 = 24;
/// Columns of the panel that a wide screen has room for.
const SIDE: u16 = 34;

/// Where everything stands.
struct Areas {
    status: Rect,
    lines: Rect,
    summary: Rect,
    figures: Rect,
    input: Rect,
    said: Rect,
    side: Option<Rect>,
    /// What the customer of this basket has chosen.
    customer: Rect,
    size: Size,
}

fn areas(model: &Model) -> Areas {
    let whole = model.size;
    let roomy = whole.width >= 116 && whole.height >= 30;
    let size = if roomy { Size::Large } else { Size::Small };
    let width = if roomy { whole.width - SIDE - 2 } else { whole.width };
    let bottom = whole.height.saturating_sub(4);
    let top = bottom.saturating_sub(size.height());
    let at = |y: u16, height: u16| Rect { x: 0, y, width, height };
    let summary = at(top, size.height()).intersection(whole);
    let left = if roomy { 26 } else { 38 }.min(width);
    Areas {
        status: row(whole, 0),
        lines: at(2, top.saturating_sub(3)).intersection(whole),
        summary: Rect { x: 2, width: left.saturating_sub(2), ..summary },
        figures: Rect { x: left, width: width - left, ..summary },
        input: row(whole, whole.height.saturating_sub(3)),
        said: row(whole, whole.height.saturating_sub(2)),
        customer: Rect { x: 2, width: width.saturating_sub(4), ..row(whole, top.saturating_sub(1)) },
        side: roomy.then(|| Rect { x: width + 1, y: 2, width: SIDE, height: bottom - 2 }),
        size,
    }
}

/// Draws the screen.
pub fn draw(model: &Model, frame: &mut Frame) {
    let areas = areas(model);
    let buffer = frame.buffer_mut();
    draw_status(model, areas.status, buffer);
    if shows_sold(model) {
        draw_sold(model, areas.lines, buffer);
    } else {
        draw_lines(model, areas.lines, buffer);
        draw_summary(model, areas.summary, areas.side.is_none(), buffer);
        draw_total(model, &areas, buffer);
        draw_customer(model, areas.customer, buffer);
    }
    if let Some(side) = areas.side {
        draw_side(model, side, buffer);
    }
    draw_list(model, list_area(model, &areas), buffer);
    draw_said(model, areas.said, buffer);
    draw_help_bar(model, ScreenId::Sell, buffer);
    let cursor = draw_input(model, areas.input, buffer);
    if model.overlay.is_none() {
        frame.set_cursor_position(cursor);
    }
}

/// What can be pressed.
pub fn buttons(model: &Model) -> Vec<Button> {
    let areas = areas(model);
    let mut buttons: Vec<Button> =
        help_bar(model, ScreenId::Sell).into_iter().map(|(button, ..)| button).collect();
    if let Some(side) = areas.side {
        buttons.extend(side_keys(model, side).into_iter().map(|(button, ..)| button));
    }
    let count = list::len(model);
    if count > 0 {
        let area = list_area(model, &areas);
        let (from, rows, _) = list_rows(model, area);
        buttons.extend((from..count).zip(rows.rows()).map(|(index, area)| pressable(index, area)));
    } else if !shows_sold(model) {
        let shown = visible(model, areas.lines);
        buttons.extend(shown.into_iter().map(|(index, area)| pressable(index, area)));
    }
    buttons
}

fn pressable(index: usize, area: Rect) -> Button {
    Button { area, action: Action::Row(u16::try_from(index).unwrap_or(u16::MAX)) }
}

fn shows_sold(model: &Model) -> bool {
    model.sell.show_sold && model.till.is_empty() && model.sold.is_some()
}

/// Rows that a line takes.
fn height(line: &Line) -> u16 {
    1 + u16::from(line.discount.is_some())
}

/// The lines to show, each with its area: so many that the current one is among them, the last as
/// far down as it goes.
fn visible(model: &Model, area: Rect) -> Vec<(usize, Rect)> {
    let lines = model.till.basket().lines();
    let Some(current) = model.till.current() else { return Vec::new() };
    let room = area.height.saturating_sub(u16::from(model.till.basket().discount().is_some()));
    let (mut start, mut used) = (lines.len(), 0);
    while start > 0 && used + height(&lines[start - 1]) <= room {
        start -= 1;
        used += height(&lines[start]);
    }
    start = start.min(current);
    let mut y = area.y;
    let end = area.y + room;
    let mut shown = Vec::new();
    for (index, line) in lines.iter().enumerate().skip(start) {
        if y + height(line) > end {
            break;
        }
        shown.push((index, Rect { y, height: height(line), ..area }));
        y += height(line);
    }
    shown
}

fn draw_lines(model: &Model, area: Rect, buffer: &mut Buffer) {
    let shown = visible(model, area);
    let Some(&(first, _)) = shown.first() else {
        let id = if model.catalogue.is_none() { "sell-loading" } else { "sell-empty" };
        return put(
            buffer,
            Rect { x: area.x + 2, ..row(area, 0) },
            &model.locale.text(id),
            model.theme.quiet,
        );
    };
    if first > 0 {
        let above = Rect {
            y: area.y.saturating_sub(1),
            x: NUMBER,
            height: 1,
            width: area.width.saturating_sub(NUMBER),
        };
        let text = model.locale.format("sell-more-above", &[("count", first.into())]);
        put(buffer, above, &text, model.theme.quiet);
    }
    for &(index, area) in &shown {
        draw_line(model, index, area, buffer);
    }
    let end = shown.last().map_or(area.y, |(_, area)| area.bottom());
    if let Some(discount) = model.till.basket().discount()
        && end < area.bottom()
    {
        let at = Rect { y: end, height: 1, ..area };
        let label = discount_label(model, "sell-sale-discount", discount);
        draw_discount(model, at, &label, model.till.priced().discount, buffer);
    }
}

fn draw_line(model: &Model, index: usize, area: Rect, buffer: &mut Buffer) {
    let (line, priced) = (&model.till.basket().lines()[index], &model.till.priced().lines[index]);
    let currency = &model.settings.store.currency;
    let current = model.till.current() == Some(index);
    let style = if current { model.theme.newest } else { model.theme.text };
    let top = row(area, 0);
    if current {
        buffer.set_style(top, style);
        put(buffer, Rect { width: 1, ..top }, model.theme.mark, style);
    }
    put_right(buffer, Rect { width: NUMBER - 2, ..top }, &(index + 1).to_string(), style);
    let right = Rect { width: area.width - 2, ..top };
    put_right(buffer, right, &model.locale.money(priced.gross, currency), style);
    let one = line.unit == Unit::Piece && line.quantity == Quantity::ONE;
    let times = if one {
        String::new()
    } else {
        let quantity = model.locale.quantity(line.quantity, line.unit);
        format!("{quantity} × {}", model.locale.money(line.unit_price, currency))
    };
    let price = Rect { x: area.right().saturating_sub(AMOUNT + PRICE), width: PRICE - 1, ..top };
    put_right(buffer, price, &times, style);
    let free = if one { PRICE - 1 } else { (PRICE - 1).saturating_sub(columns(&times) + 1) };
    let name = area.width.saturating_sub(NUMBER + AMOUNT + PRICE) + free;
    put(buffer, Rect { x: area.x + NUMBER, width: name, ..top }, &line.name, style);
    if let Some(discount) = line.discount {
        let label = discount_label(model, "sell-discount", discount);
        draw_discount(model, row(area, 1), &label, priced.discount, buffer);
    }
}

fn draw_discount(
    model: &Model,
    area: Rect,
    label: &str,
    off: crate::domain::money::Money,
    buffer: &mut Buffer,
) {
    let name = Rect { x: area.x + NUMBER, width: area.width.saturating_sub(NUMBER + AMOUNT), ..area };
    put(buffer, name, label, model.theme.quiet);
    let amount = model.locale.money(-off, &model.settings.store.currency);
    put_right(buffer, Rect { width: area.width - 2, ..area }, &amount, model.theme.quiet);
}

fn discount_label(model: &Model, id: &str, discount: Discount) -> String {
    match discount {
        Discount::Percent(rate) => {
            format!("{} {}", model.locale.text(id), model.locale.percent(TaxRate(rate)))
        }
        Discount::Amount(_) => model.locale.text(id).into_owned(),
    }
}

fn draw_summary(model: &Model, area: Rect, taxes: bool, buffer: &mut Buffer) {
    let basket = model.till.basket();
    if basket.is_empty() {
        return;
    }
    let lines = basket.lines().len();
    let counted = model
        .locale
        .format("sell-counted", &[("lines", lines.into()), ("items", basket.item_count().into())]);
    put(buffer, row(area, 0), &counted, model.theme.text);
    if model.sell.show_tax && taxes {
        let currency = &model.settings.store.currency;
        let total = model.locale.money(model.till.priced().tax_total, currency);
        let text = model.locale.format("sell-tax-included", &[("amount", total.into())]);
        put(buffer, row(area, 1), &text, model.theme.quiet);
        let rates: Vec<String> = model
            .till
            .priced()
            .taxes
            .iter()
            .map(|t| format!("{} {}", model.locale.percent(t.rate), model.locale.money(t.tax, currency)))
            .collect();
        put(buffer, row(area, 2), &rates.join(" · "), model.theme.quiet);
    }
}

/// What the customer has chosen for this basket, in the words of its card: whoever types on sees
/// that it is this customer's, and not the last one's.
fn draw_customer(model: &Model, area: Rect, buffer: &mut Buffer) {
    let language = model.settings.store.language;
    let choice = model.till.answer().choice.as_deref();
    if let Some(title) = choice.and_then(|choice| model.policy.card_title(choice, language)) {
        let said = model.locale.format("pay-answered", &[("choice", title.into())]);
        put(buffer, area, &said, model.theme.text);
    }
}

fn draw_total(model: &Model, areas: &Areas, buffer: &mut Buffer) {
    let currency = &model.settings.store.currency;
    let amount = model.locale.money(model.till.priced().total, currency);
    let sign = columns(&currency.sign) + 1;
    let area = Rect { width: areas.figures.width.saturating_sub(2), ..areas.figures };
    let figures = Rect { width: area.width.saturating_sub(sign), ..area };
    figures::draw(buffer, figures, &amount, areas.size, model.theme.strong);
    put_right(buffer, row(area, area.height.saturating_sub(1)), &currency.sign, model.theme.strong);
}

fn draw_sold(model: &Model, area: Rect, buffer: &mut Buffer) {
    let area = Rect { x: area.x + 2, width: area.width - 4, ..area };
    match &model.sold {
        Some(Sold::Recording(sale)) => {
            put(buffer, row(area, 1), &model.locale.text("sell-recording"), model.theme.action);
            let total = model.locale.money_signed(sale.payment.total(), &model.settings.store.currency);
            put(buffer, row(area, 3), &total, model.theme.text);
        }
        Some(Sold::Done(sale)) => {
            let sold = model.locale.format("sell-sold", &[("ticket", sale.ticket.as_str().into())]);
            put(buffer, row(area, 1), &sold, model.theme.strong);
            let currency = &model.settings.store.currency;
            let total = model.locale.money_signed(sale.total, currency);
            put_right(buffer, row(area, 1), &total, model.theme.text);
            put(buffer, row(area, 3), &model.locale.text("sell-change"), model.theme.give);
            let sign = columns(&currency.sign) + 1;
            let figures =
                Rect { y: area.y + 3, height: 5, width: area.width - sign, ..area }.intersection(area);
            figures::draw(
                buffer,
                figures,
                &model.locale.money(sale.change, currency),
                Size::Large,
                model.theme.give,
            );
            put_right(buffer, row(area, 7), &currency.sign, model.theme.give);
            for (index, line) in (10..).zip(wrapped(&sale.after, area.width.into())) {
                put(buffer, row(area, index), &line, model.theme.text);
            }
        }
        None => {}
    }
}

fn side_keys(model: &Model, side: Rect) -> Vec<(Button, String, String)> {
    let rows = model.keymap.rows(ScreenId::Sell).filter(|(binding, _)| binding.is_listed());
    let from = side.y + 8;
    rows.zip(from..side.bottom())
        .map(|((binding, keys), y)| {
            let area = Rect { y, height: 1, ..side };
            let shown: Vec<String> = keys.iter().map(ToString::to_string).collect();
            let label = model.locale.text(binding.label).into_owned();
            (Button { area, action: binding.action }, label, shown.join("  "))
        })
        .collect()
}

fn draw_side(model: &Model, side: Rect, buffer: &mut Buffer) {
    let currency = &model.settings.store.currency;
    let priced = model.till.priced();
    if !priced.taxes.is_empty() && !shows_sold(model) {
        put(buffer, row(side, 0), &model.locale.text("sell-tax-heading"), model.theme.quiet);
        put_right(buffer, row(side, 0), &model.locale.money(priced.tax_total, currency), model.theme.quiet);
        for (index, tax) in (1..6).zip(&priced.taxes) {
            let area = row(side, index);
            put(
                buffer,
                Rect { x: area.x + 2, ..area }.intersection(area),
                &model.locale.percent(tax.rate),
                model.theme.quiet,
            );
            put_right(buffer, area, &model.locale.money(tax.tax, currency), model.theme.quiet);
        }
    }
    for (button, label, keys) in side_keys(model, side) {
        put(buffer, Rect { width: 18, ..button.area }, &label, model.theme.text);
        let right = Rect { x: button.area.x + 18, width: button.area.width - 18, ..button.area };
        put(buffer, right, &keys, model.theme.action);
    }
}

/// Where the list stands: just above the big figures, over the last lines of the basket.
fn list_area(model: &Model, areas: &Areas) -> Rect {
    let most = if areas.side.is_some() { 14 } else { 7 };
    let height = u16::try_from(list::len(model)).unwrap_or(u16::MAX).min(most).min(areas.lines.height);
    Rect { y: areas.lines.bottom() - height, height, ..areas.lines }
}

/// Its rows from the first that is shown on, and below them the row that says how many more there are.
fn list_rows(model: &Model, area: Rect) -> (usize, Rect, Option<Rect>) {
    let more = list::len(model) > usize::from(area.height);
    let rows = Rect { height: area.height.saturating_sub(more.into()), ..area };
    let from = (model.sell.pick + 1).saturating_sub(rows.height.into());
    (from, rows, more.then(|| row(area, rows.height)))
}

fn draw_list(model: &Model, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    Clear.render(area, buffer);
    buffer.set_style(area, model.theme.text);
    let (from, rows, more) = list_rows(model, area);
    if let Some(more) = more {
        let below = list::len(model).saturating_sub(from + usize::from(rows.height));
        let said: Vec<String> = [("sell-list-above", from), ("sell-list-below", below)]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(id, count)| model.locale.format(id, &[("count", count.into())]))
            .collect();
        let said = said.join(" · ");
        put(buffer, Rect { x: 3, ..more }.intersection(more), &format!("… {said}"), model.theme.quiet);
    }
    let entries = list::entries(model, from, rows.height.into());
    for ((index, entry), area) in (from..).zip(entries).zip(rows.rows()) {
        let picked = index == model.sell.pick;
        let style = if picked { model.theme.action } else { model.theme.text };
        if picked {
            put(buffer, area, model.theme.mark, style);
        }
        let right = columns(&entry.right) + 2;
        put(buffer, Rect { x: 3, width: area.width.saturating_sub(right + 5), ..area }, &entry.left, style);
        put_right(buffer, Rect { width: area.width - 2, ..area }, &entry.right, style);
    }
}

/// What the input line asks for.
fn prompt(model: &Model) -> Option<String> {
    let name = |line: &usize| model.till.basket().lines().get(*line).map_or("", |line| &*line.name);
    let named = |id: &'static str, name: &str| model.locale.format(id, &[("name", fitted(name, 30).into())]);
    Some(match &model.sell.ask {
        Some(Ask::Quantity { line }) => named("sell-ask-quantity", name(line)),
        Some(Ask::LineDiscount { line }) => named("sell-ask-line-discount", name(line)),
        Some(Ask::SaleDiscount) => model.locale.text("sell-ask-sale-discount").into_owned(),
        Some(Ask::Search { code }) => named("sell-ask-search", code),
        Some(Ask::Department { code: Some(code) }) => named("sell-ask-department-of", code),
        Some(Ask::Department { code: None }) => model.locale.text("sell-ask-department").into_owned(),
        Some(Ask::Price { department, .. }) => named("sell-ask-price", department),
        None => {
            let product = model.catalogue.as_deref()?.get(*model.sell.weigh.front()?)?;
            named("sell-ask-weight", product.name())
        }
    })
}

/// Draws the input line; returns where the cursor stands.
fn draw_input(model: &Model, area: Rect, buffer: &mut Buffer) -> (u16, u16) {
    let sign = Rect { x: 2, width: 2, ..area };
    put(buffer, sign, model.theme.prompt, model.theme.action);
    let mut x = 4;
    if let Some(prompt) = prompt(model) {
        put(buffer, Rect { x, width: area.width - x, ..area }, &prompt, model.theme.action);
        x += columns(&prompt) + 1;
    } else if model.sell.input.is_empty() {
        let rest = Rect { x: x + 2, width: area.width - x - 2, ..area };
        put(buffer, rest, &model.locale.text("sell-placeholder"), model.theme.quiet);
    }
    let width = area.width.saturating_sub(x + 2);
    let text = model.sell.input.tail(width.into());
    put(buffer, Rect { x, width, ..area }, text, model.theme.strong);
    let waiting = model.sell.unknown.len() + model.sell.early_count();
    if waiting > 1 {
        let text = model.locale.format("sell-waiting", &[("count", waiting.into())]);
        put_right(buffer, Rect { width: area.width - 2, ..area }, &text, model.theme.trouble);
    }
    ((x + columns(text)).min(area.right().saturating_sub(1)), area.y)
}

/// What went wrong, what waits, or what was done.
fn draw_said(model: &Model, area: Rect, buffer: &mut Buffer) {
    let area = Rect { x: 2, width: area.width.saturating_sub(3), ..area };
    if model.error.is_some() {
        return draw_error(model, area, buffer);
    }
    if model.sell.ask.is_some() {
        return put(buffer, area, &model.locale.text("sell-ask-keys"), model.theme.quiet);
    }
    if let Some(code) = model.sell.unknown.first() {
        let text = format!("! {}", unknown_text(model, code));
        return put(buffer, area, &text, model.theme.trouble);
    }
    if let Some(left) = super::money_to_look_for(model) {
        return put(buffer, area, &format!("! {left}"), model.theme.trouble);
    }
    if let Some(hint) = &model.hint {
        return put(buffer, area, hint, model.theme.text);
    }
    if is_recording(model) && !shows_sold(model) {
        put(buffer, area, &model.locale.text("sell-recording"), model.theme.action);
    } else if !model.sell.weigh.is_empty() {
        put(buffer, area, &model.locale.text("sell-ask-keys"), model.theme.quiet);
    }
}

fn unknown_text(model: &Model, code: &str) -> String {
    let key =
        |action| model.keymap.shown(ScreenId::Sell, action).map(|key| key.to_string()).unwrap_or_default();
    let scan = Scan::parse(code, &model.settings.barcodes.variable);
    let id = if scan.doubt.is_some() { "sell-unknown-misread" } else { "sell-unknown" };
    let args = [
        ("code", fitted(&quotable(code, Place::Catalogue), 20).into()),
        ("search", key(Action::Search).into()),
        ("department", key(Action::Department).into()),
    ];
    model.locale.format(id, &args)
}

fn columns(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}
