//! What the customer's screens have in common: their language, the purchase, the keys below it.

use chrono::NaiveDate;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::{put, put_right, row};
use crate::domain::basket::Basket;
use crate::domain::policy::{FullNotice, Notice};
use crate::domain::quantity::{Quantity, Unit};
use crate::locale::Locale;
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model, ScreenId};

/// The words of the customer's screens.
pub fn words(model: &Model) -> &'static Locale {
    Locale::of(model.customer_language())
}

/// What the customer is told, for a sale of today.
pub fn notice(model: &Model) -> Notice {
    let today = model.now.map_or_else(NaiveDate::default, |now| now.date_naive());
    model.policy.notice(model.customer_language(), today)
}

/// The whole notice, to read.
pub fn full_notice(model: &Model) -> FullNotice {
    let today = model.now.map_or_else(NaiveDate::default, |now| now.date_naive());
    model.policy.full_notice(model.customer_language(), today, Some(&model.settings.store))
}

/// Keys with their words, side by side: where each can be pressed, its key, its words. An entry
/// that no key of the screen does, or that does not fit, is left out.
pub fn key_row(
    model: &Model,
    screen: ScreenId,
    area: Rect,
    locale: &'static Locale,
    entries: &[(Action, &str)],
) -> Vec<(Button, String, String)> {
    let mut x = area.x;
    let mut placed = Vec::new();
    for (action, id) in entries {
        let Some(key) = model.keymap.shown(screen, *action).map(|key| key.to_string()) else { continue };
        let label = locale.text(id).into_owned();
        let width = u16::try_from(key.width() + 2 + label.width()).unwrap_or(u16::MAX);
        if x.saturating_add(width) > area.right() || area.height == 0 {
            break;
        }
        let area = Rect { x, width, height: 1, ..area };
        placed.push((Button { area, action: *action }, key, label));
        x = x.saturating_add(width).saturating_add(4);
    }
    placed
}

/// Draws [`key_row`].
pub fn draw_key_row(model: &Model, entries: &[(Button, String, String)], buffer: &mut Buffer) {
    for (button, key, label) in entries {
        put(buffer, button.area, key, model.theme.action);
        let shift = u16::try_from(key.width() + 2).unwrap_or(0).min(button.area.width);
        let rest = Rect { x: button.area.x + shift, width: button.area.width - shift, ..button.area };
        put(buffer, rest, label, model.theme.text);
    }
}

/// `Your purchase: €411.70   8 items`.
pub fn draw_total(model: &Model, locale: &'static Locale, basket: &Basket, area: Rect, buffer: &mut Buffer) {
    let total = basket.priced().map(|priced| priced.total).unwrap_or_default();
    let total = locale.money_signed(total, &model.settings.store.currency);
    let text = locale.format("choice-your-purchase", &[("total", total.into())]);
    put(buffer, area, &text, model.theme.strong);
    let used = u16::try_from(text.width() + 3).unwrap_or(u16::MAX).min(area.width);
    let count = locale.format("choice-articles", &[("count", basket.item_count().into())]);
    put(buffer, Rect { x: area.x + used, width: area.width - used, ..area }, &count, model.theme.quiet);
}

/// The lines of a basket with what each costs, discounts taken off: as many of the newest as fit,
/// and how many there are before them.
pub fn draw_lines(model: &Model, locale: &'static Locale, basket: &Basket, area: Rect, buffer: &mut Buffer) {
    let Ok(priced) = basket.priced() else { return };
    let (rows, count) = (usize::from(area.height), basket.lines().len());
    if rows == 0 {
        return;
    }
    let hidden = if count > rows { count - (rows - 1) } else { 0 };
    if hidden > 0 {
        let text = locale.format("choice-more-lines", &[("count", hidden.into())]);
        put(buffer, row(area, 0), &text, model.theme.quiet);
    }
    let lines = basket.lines().iter().zip(&priced.lines).skip(hidden);
    for (index, (line, priced)) in (u16::from(hidden > 0)..).zip(lines) {
        let at = row(area, index);
        let amount = locale.money(priced.net, &model.settings.store.currency);
        let quantity = || locale.quantity(line.quantity, line.unit);
        let name = match line.unit {
            Unit::Piece if line.quantity == Quantity::ONE => line.name.to_string(),
            Unit::Piece => format!("{} × {}", quantity(), line.name),
            Unit::Kilogram => format!("{} {}", quantity(), line.name),
        };
        let taken = u16::try_from(amount.width() + 2).unwrap_or(u16::MAX);
        put(buffer, Rect { width: at.width.saturating_sub(taken), ..at }, &name, model.theme.text);
        put_right(buffer, at, &amount, model.theme.text);
    }
}
