//! Pieces that several screens draw.

pub mod card;
pub mod customer;
pub mod dissolve;
mod sync;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::event::ClockSaid;
use super::key::Key;
use super::keymap::{Action, Binding};
use super::model::{Button, Model, ScreenId};

/// The start of `text` that fits into `width` columns, with `…` where something is left out.
pub fn fitted(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

/// Writes one line of text, shortened to the area's width.
pub fn put(buffer: &mut Buffer, area: Rect, text: &str, style: Style) {
    if area.height > 0 && area.width > 0 {
        buffer.set_stringn(area.x, area.y, fitted(text, area.width.into()), area.width.into(), style);
    }
}

/// Writes one line of text that ends at the area's right edge.
pub fn put_right(buffer: &mut Buffer, area: Rect, text: &str, style: Style) {
    let width = u16::try_from(text.width()).unwrap_or(u16::MAX).min(area.width);
    put(buffer, Rect { x: area.right() - width, width, ..area }, text, style);
}

/// Writes one line of text in the middle of the area.
pub fn put_centred(buffer: &mut Buffer, area: Rect, text: &str, style: Style) {
    let width = u16::try_from(text.width()).unwrap_or(u16::MAX).min(area.width);
    put(buffer, Rect { x: area.x + (area.width - width) / 2, width, ..area }, text, style);
}

/// The `index`th row of an area, of height 0 where there is none.
pub fn row(area: Rect, index: u16) -> Rect {
    let height = u16::from(index < area.height);
    Rect { y: area.y + index.min(area.height), height, ..area }
}

/// The help bar of a screen: where each entry stands, its key and its words. Help stands at the
/// right; an entry for which there is no room is left to the F1 page.
pub fn help_bar(model: &Model, screen: ScreenId) -> Vec<(Button, String, String)> {
    let area = row(model.size, model.size.height.saturating_sub(1));
    let entry = |(binding, keys): (&Binding, &[Key])| {
        let key = keys.first().map(ToString::to_string).unwrap_or_default();
        let label = model.locale.text(binding.label).into_owned();
        let width = u16::try_from(key.width() + 1 + label.width()).unwrap_or(u16::MAX);
        (Button { area: Rect { width, ..area }, action: binding.action }, key, label)
    };
    let shown = model.keymap.rows(screen).filter(|(binding, _)| binding.bar).map(entry);
    let (mut help, others): (Vec<_>, Vec<_>) = shown.partition(|(button, ..)| button.action == Action::Help);
    let mut end = area.right();
    for (button, ..) in &mut help {
        button.area.x = end.saturating_sub(button.area.width + 1);
        end = button.area.x;
    }
    let mut x = area.x + 1;
    let mut entries = Vec::new();
    for (mut button, key, label) in others {
        if x.saturating_add(button.area.width) >= end {
            break;
        }
        button.area.x = x;
        x += button.area.width + 2;
        entries.push((button, key, label));
    }
    entries.extend(help.into_iter().filter(|(button, ..)| button.area.right() <= area.right()));
    entries
}

/// Draws [`help_bar`].
pub fn draw_help_bar(model: &Model, screen: ScreenId, buffer: &mut Buffer) {
    for (button, key, label) in help_bar(model, screen) {
        put(buffer, button.area, &key, model.theme.action);
        let shift = u16::try_from(key.width() + 1).unwrap_or(0);
        let rest =
            Rect { x: button.area.x + shift, width: button.area.width.saturating_sub(shift), ..button.area };
        put(buffer, rest, &label, model.theme.text);
    }
}

/// Draws the error line, if there is something to say: a sign, then what and what next.
pub fn draw_error(model: &Model, area: Rect, buffer: &mut Buffer) {
    if let Some(error) = &model.error {
        put(buffer, area, &format!("! {error}"), model.theme.trouble);
    }
}

/// What stands on a screen that is too small to sell on.
pub fn too_small(model: &Model, frame: &mut Frame) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    let total = model.locale.money_signed(model.till.priced().total, &model.settings.store.currency);
    put(buffer, row(area, 0), &model.locale.text("sell-too-small"), model.theme.trouble);
    put(buffer, row(area, 1), &total, model.theme.strong);
    draw_error(model, row(area, 2), buffer);
}

/// The status line: store and till, who sells, what state, the time.
pub fn draw_status(model: &Model, area: Rect, buffer: &mut Buffer) {
    let store = &model.settings.store;
    let text = format!("{} · {}", store.name, store.till);
    let left = Rect { x: area.x + 1, width: area.width * 2 / 5, ..area };
    put(buffer, left, &text, model.theme.quiet);
    let staff = fitted(&model.staff, 16);
    put(buffer, Rect { x: left.right() + 1, width: 16, ..area }, &staff, model.theme.quiet);
    let time = model.now.map(|now| model.locale.time(now.time())).unwrap_or_default();
    let right = Rect { width: area.width.saturating_sub(1), ..area };
    put_right(buffer, right, &time, model.theme.quiet);
    let x = left.right() + 3 + u16::try_from(staff.width()).unwrap_or(0);
    let state = Rect { x, width: area.right().saturating_sub(x + 8), ..area };
    if let Some(trouble) = &model.trouble {
        put_right(buffer, state, &format!("! {trouble}"), model.theme.trouble);
    } else if let Some(said) = model.clock {
        put_right(buffer, state, &format!("! {}", clock_words(model, said)), model.theme.trouble);
    } else if !model.held.is_empty() {
        let text = model.locale.format("sell-held", &[("count", model.held.len().into())]);
        put_right(buffer, state, &text, model.theme.action);
    } else if model.catalogue.is_none() {
        put_right(buffer, state, &model.locale.text("sell-loading"), model.theme.action);
    } else if let Some(status) = &model.sync {
        sync::draw(model, status, state, buffer);
    }
}

fn clock_words(model: &Model, said: ClockSaid) -> String {
    match said {
        ClockSaid::Back => model.locale.text("sell-clock-back").into_owned(),
        ClockSaid::Ahead => model.locale.text("sell-clock-ahead").into_owned(),
        ClockSaid::Doubt { clock, .. } => {
            model.locale.format("sell-clock-doubt", &[("day", model.locale.date(clock).into())])
        }
    }
}

/// The words of `text` in lines of at most `width` columns; a longer word is cut.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is always a line");
        if last.is_empty() {
            *last = fitted(word, width);
        } else if last.width() + 1 + word.width() <= width {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(fitted(word, width));
        }
    }
    lines
}
