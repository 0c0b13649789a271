//! The choices as cards: the same size, style and number of lines for each, whatever they say.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Widget};

use super::{put, row, wrapped};
use crate::domain::policy::{Card, Labels, Notice};
use crate::ui::theme::Theme;

/// Where the cards lie, and how much white there is in them. All cards are of the same size, and
/// their parts stand on the same lines, so that none looks like more or less than another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deck {
    /// One for each card, in the policy's order.
    pub cards: Vec<Rect>,
    /// Whether words are missing at the end of a card.
    pub is_cut: bool,
    form: Form,
    parts: Parts,
}

/// How much white a card has: the first that fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    /// An empty line between the parts.
    Roomy,
    /// Key and title on one line, no empty lines.
    Compact,
    /// All parts in one paragraph, each behind its label, and white in place of the border.
    #[default]
    Tight,
}

impl Form {
    /// What a card takes beyond its words, in columns and in rows: border and one cell of white on each
    /// side, or the white alone.
    fn frame(self) -> (u16, u16) {
        if self == Form::Tight { (2, 1) } else { (4, 2) }
    }
}

/// Lines of each part, the most that any card needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Parts {
    title: usize,
    keeps: usize,
    purpose: usize,
    until: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Title,
    Label,
    Text,
}

const NARROWEST: u16 = 18;
const WIDEST: u16 = 40;
/// The key and one cell of white before a title on the same line.
const KEY: u16 = 2;

impl Deck {
    /// Lays the notice's cards out at the top of the area: side by side if they fit so, in rows if
    /// not. Where they do not fit at all, all are as high as there is room.
    pub fn lay(notice: &Notice, area: Rect) -> Deck {
        let count = u16::try_from(notice.cards.len()).unwrap_or(u16::MAX).max(1);
        let mut best: Option<(u16, Shape)> = None;
        for columns in (1..=count).rev() {
            for form in [Form::Roomy, Form::Compact, Form::Tight] {
                let Some(shape) = Shape::of(notice, area.width, columns, count, form) else { continue };
                let missing = shape.rows.saturating_mul(shape.height).saturating_sub(area.height);
                if best.is_none_or(|(least, _)| missing < least) {
                    best = Some((missing, shape));
                }
                if missing == 0 {
                    return shape.deck(area, count);
                }
            }
        }
        let nowhere = || vec![Rect::ZERO; notice.cards.len()];
        best.map_or_else(
            || Deck { cards: nowhere(), ..Deck::default() },
            |(_, shape)| shape.deck(area, count),
        )
    }

    /// Whether all parts stand in one paragraph, for want of room.
    pub fn is_tight(&self) -> bool {
        self.form == Form::Tight
    }

    /// The lines that the cards take.
    pub fn height(&self) -> u16 {
        let top = self.cards.iter().map(|card| card.y).min().unwrap_or(0);
        self.cards.iter().map(|card| card.bottom()).max().unwrap_or(0).saturating_sub(top)
    }

    /// Draws the cards. A text that does not fit ends in `…`; the whole of it is in the notice.
    pub fn draw(&self, notice: &Notice, theme: &Theme, buffer: &mut Buffer) {
        for (card, area) in notice.cards.iter().zip(&self.cards) {
            self.draw_card(card, notice, area.intersection(buffer.area), theme, buffer);
        }
    }

    fn draw_card(&self, card: &Card, notice: &Notice, area: Rect, theme: &Theme, buffer: &mut Buffer) {
        let (columns, rows) = self.form.frame();
        if area.width <= columns || area.height <= rows {
            return;
        }
        if self.form != Form::Tight {
            Block::bordered().border_style(theme.quiet).render(area, buffer);
        }
        let (x, y) = (area.x + columns / 2, area.y + rows / 2);
        let inner = Rect::new(x, y, area.width - columns, area.height - rows);
        let lines = self.lines(card, notice, inner.width);
        for (index, (part, text)) in (0..inner.height).zip(&lines) {
            let cut = index + 1 == inner.height && lines.len() > usize::from(inner.height);
            let indent = if *part == Part::Title && self.form != Form::Roomy { KEY } else { 0 };
            let whole = row(inner, index);
            let at = Rect { x: whole.x + indent, width: whole.width.saturating_sub(indent), ..whole };
            let style = match part {
                Part::Title => theme.strong,
                Part::Label => theme.quiet,
                Part::Text => theme.text,
            };
            // The whole row, so that no card looks different for having shorter words.
            buffer.set_style(whole, style);
            put(buffer, at, if cut { "…" } else { text }, style);
        }
        put(buffer, Rect { width: 1, ..row(inner, 0) }, &card.key.to_string(), theme.action);
    }

    fn lines(&self, card: &Card, notice: &Notice, width: u16) -> Vec<(Part, String)> {
        let (form, labels) = (self.form, &notice.labels);
        let mut lines = Vec::new();
        let mut add = |part, text: &str, width: u16, height: usize| {
            let mut wrapped = wrapped(text, width.into());
            wrapped.resize(wrapped.len().max(height), String::new());
            lines.extend(wrapped.into_iter().map(|line| (part, line)));
        };
        if form == Form::Roomy {
            add(Part::Title, "", width, 1);
            add(Part::Title, &card.title, width, self.parts.title);
            add(Part::Text, "", width, 1);
        } else {
            add(Part::Title, &card.title, width.saturating_sub(KEY), self.parts.title);
        }
        let parts = [
            (&labels.keeps, &card.keeps, self.parts.keeps),
            (&labels.purpose, &card.purposes, self.parts.purpose),
            (&labels.until, &card.until, self.parts.until),
        ];
        if form == Form::Tight {
            add(Part::Text, &in_one(card, labels), width, self.parts.keeps);
            return lines;
        }
        for (index, (label, texts, height)) in parts.into_iter().enumerate() {
            if form == Form::Roomy && index > 0 {
                lines.push((Part::Text, String::new()));
            }
            lines.push((Part::Label, label.clone()));
            let mut wrapped = each_wrapped(texts, width);
            wrapped.resize(wrapped.len().max(height), String::new());
            lines.extend(wrapped.into_iter().map(|line| (Part::Text, line)));
        }
        lines
    }
}

/// One way of laying the cards out.
#[derive(Clone, Copy, Debug)]
struct Shape {
    columns: u16,
    rows: u16,
    width: u16,
    height: u16,
    form: Form,
    parts: Parts,
}

impl Shape {
    fn of(notice: &Notice, width: u16, columns: u16, count: u16, form: Form) -> Option<Shape> {
        let width = (width / columns).min(WIDEST);
        if width < NARROWEST {
            return None;
        }
        let (frame_columns, frame_rows) = form.frame();
        let inner = width - frame_columns;
        let tallest = |lines: &dyn Fn(&Card) -> Vec<String>| {
            notice.cards.iter().map(|card| lines(card).len()).max().unwrap_or(1)
        };
        let labels = &notice.labels;
        let title_width = if form == Form::Roomy { inner } else { inner - KEY };
        let title = tallest(&|card| wrapped(&card.title, title_width.into()));
        let parts = match form {
            Form::Tight => {
                let all = tallest(&|card| wrapped(&in_one(card, labels), inner.into()));
                Parts { title, keeps: all, purpose: 0, until: 0 }
            }
            Form::Roomy | Form::Compact => Parts {
                title,
                keeps: tallest(&|card| each_wrapped(&card.keeps, inner)),
                purpose: tallest(&|card| each_wrapped(&card.purposes, inner)),
                until: tallest(&|card| each_wrapped(&card.until, inner)),
            },
        };
        let extra = match form {
            // The key, three labels, three empty lines.
            Form::Roomy => 7,
            Form::Compact => 3,
            Form::Tight => 0,
        };
        let lines = parts.title + parts.keeps + parts.purpose + parts.until + extra;
        let height = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(frame_rows);
        Some(Shape { columns, rows: count.div_ceil(columns), width, height, form, parts })
    }

    fn deck(self, area: Rect, count: u16) -> Deck {
        let height = self.height.min(area.height / self.rows.max(1));
        let left = area.x + area.width.saturating_sub(self.columns * self.width) / 2;
        let place = |index: u16| {
            let (row, column) = (index / self.columns, index % self.columns);
            Rect::new(left + column * self.width, area.y + row * height, self.width, height)
        };
        let is_cut = height < self.height;
        Deck { cards: (0..count).map(place).collect(), is_cut, form: self.form, parts: self.parts }
    }
}

/// The texts of a part, each on lines of its own.
fn each_wrapped(texts: &[String], width: u16) -> Vec<String> {
    texts.iter().flat_map(|text| wrapped(text, width.into())).collect()
}

/// All that a card says, in one paragraph.
fn in_one(card: &Card, labels: &Labels) -> String {
    let parts =
        [(&labels.keeps, &card.keeps), (&labels.purpose, &card.purposes), (&labels.until, &card.until)];
    parts.map(|(label, texts)| format!("{label}: {}.", texts.join("; "))).join(" ")
}
