//! The whole notice: what is kept, what for, until when, who reads it, and whom to complain to.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::choice;
use crate::ui::event::Effect;
use crate::ui::key::{Code, Key};
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model, Screen, ScreenId};
use crate::ui::theme::Theme;
use crate::ui::widgets::customer::{self, draw_key_row, key_row};
use crate::ui::widgets::{put, put_right, row, wrapped};

/// How far the notice is scrolled.
#[derive(Clone, Debug)]
pub struct Notice {
    top: Top,
}

/// The first line on the screen. Only a drawn width says in which line a section begins.
#[derive(Clone, Copy, Debug)]
enum Top {
    Line(usize),
    /// Where whom to complain to begins.
    Complaints,
}

/// Opens the notice at its start, or at whom to complain to.
pub fn open(model: &mut Model, complaints: bool) {
    let top = if complaints { Top::Complaints } else { Top::Line(0) };
    model.screen = Screen::Notice(Notice { top });
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    model.error = None;
    let pages = Pages::of(model, model.size);
    // One line of the page before stays, so that the eye finds its place.
    let page = usize::from(pages.text.height).saturating_sub(1).max(1);
    let Some(now) = first_line(model, &pages) else { return Vec::new() };
    match action {
        Action::Up => scroll(model, now.saturating_sub(1)),
        Action::Down => scroll(model, (now + 1).min(pages.last)),
        Action::PageUp => scroll(model, now.saturating_sub(page)),
        Action::PageDown => scroll(model, (now + page).min(pages.last)),
        Action::Language => return choice::next_language(model),
        Action::Back => return choice::open(model),
        _ => {}
    }
    Vec::new()
}

pub fn typed(model: &mut Model, key: Key) -> Vec<Effect> {
    match key.code {
        Code::Home => scroll(model, 0),
        Code::End => scroll(model, Pages::of(model, model.size).last),
        _ => {}
    }
    Vec::new()
}

pub fn buttons(model: &Model, _state: &Notice) -> Vec<Button> {
    let pages = Pages::of(model, model.size);
    foot(model, pages.foot).into_iter().map(|(button, ..)| button).collect()
}

pub fn draw(model: &Model, state: &Notice, frame: &mut Frame) {
    let (words, theme) = (customer::words(model), &model.theme);
    let pages = Pages::of(model, frame.area());
    let first = pages.first(state);
    let buffer = frame.buffer_mut();
    put(buffer, pages.head, &words.text("notice-title"), theme.strong);
    let (height, total) = (usize::from(pages.text.height), pages.lines.len());
    let (from, to) = ((first + 1).min(total), (first + height).min(total));
    let place =
        words.format("notice-place", &[("from", from.into()), ("to", to.into()), ("total", total.into())]);
    put_right(buffer, pages.head, &place, theme.quiet);
    for (index, line) in (0..pages.text.height).zip(pages.lines.iter().skip(first)) {
        put(buffer, row(pages.text, index), &line.text, line.style(theme));
    }
    if let Some(error) = &model.error {
        put(buffer, pages.message, &format!("! {error}"), theme.trouble);
    }
    draw_key_row(model, &foot(model, pages.foot), buffer);
}

fn scroll(model: &mut Model, line: usize) {
    model.screen = Screen::Notice(Notice { top: Top::Line(line) });
}

fn first_line(model: &Model, pages: &Pages) -> Option<usize> {
    match &model.screen {
        Screen::Notice(state) => Some(pages.first(state)),
        _ => None,
    }
}

fn foot(model: &Model, area: Rect) -> Vec<(Button, String, String)> {
    let entries = [
        (Action::Back, "choice-back"),
        (Action::PageUp, "notice-up"),
        (Action::PageDown, "notice-down"),
        (Action::Language, "key-language"),
    ];
    key_row(model, ScreenId::Notice, area, customer::words(model), &entries)
}

/// The notice wrapped to a width.
struct Pages {
    lines: Vec<Line>,
    /// The last line that can be the first on the screen.
    last: usize,
    /// Line of the heading of whom to complain to.
    complaints: usize,
    head: Rect,
    text: Rect,
    message: Rect,
    foot: Rect,
}

struct Line {
    text: String,
    heading: bool,
}

/// Longer lines are hard to read.
const WIDEST: u16 = 84;

impl Pages {
    fn of(model: &Model, area: Rect) -> Pages {
        let inner = Rect { x: area.x + 2, width: area.width.saturating_sub(4), ..area }.intersection(area);
        let inner = Rect { width: inner.width.min(WIDEST), ..inner };
        let text =
            Rect { y: inner.y + 2, height: inner.height.saturating_sub(5), ..inner }.intersection(inner);
        let (message, foot) =
            (row(inner, inner.height.saturating_sub(2)), row(inner, inner.height.saturating_sub(1)));
        let notice = customer::full_notice(model);
        let mut lines: Vec<Line> = Vec::new();
        let mut complaints = 0;
        for section in &notice.sections {
            if !lines.is_empty() {
                lines.push(Line { text: String::new(), heading: false });
            }
            if section == &notice.complaint {
                complaints = lines.len();
            }
            let heading = wrapped(&section.heading, text.width.into());
            lines.extend(heading.into_iter().map(|text| Line { text, heading: true }));
            for paragraph in &section.paragraphs {
                let indented = wrapped(paragraph, text.width.saturating_sub(2).into());
                lines.extend(
                    indented.into_iter().map(|text| Line { text: format!("  {text}"), heading: false }),
                );
            }
        }
        let last = lines.len().saturating_sub(text.height.into());
        Pages { lines, last, complaints, head: row(inner, 0), text, message, foot }
    }

    fn first(&self, state: &Notice) -> usize {
        match state.top {
            Top::Line(line) => line.min(self.last),
            Top::Complaints => self.complaints.min(self.last),
        }
    }
}

impl Line {
    fn style(&self, theme: &Theme) -> Style {
        if self.heading { theme.strong } else { theme.text }
    }
}

#[cfg(test)]
mod tests;
