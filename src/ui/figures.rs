//! Big figures, drawn with half blocks, which every terminal and the Linux console have.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// How large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Three rows, four columns a digit.
    Small,
    /// Five rows, eight columns a digit.
    Large,
}

impl Size {
    /// Rows of text in this size.
    pub fn height(self) -> u16 {
        match self {
            Size::Small => 3,
            Size::Large => 5,
        }
    }

    /// Columns of `text` in this size.
    pub fn width(self, text: &str) -> u16 {
        let pixels: u16 = text.chars().map(|c| columns(glyph(c)) + 1).sum();
        match self {
            Size::Small => pixels.saturating_sub(1),
            Size::Large => (pixels * 2).saturating_sub(2),
        }
    }
}

/// Draws digits, signs and separators so that they end at the area's right edge; where they do not
/// fit, the text in letters.
pub fn draw(buffer: &mut Buffer, area: Rect, text: &str, size: Size, style: Style) {
    let width = size.width(text);
    if width > area.width || size.height() > area.height {
        return super::widgets::put_right(buffer, area, text, style);
    }
    let mut x = area.right() - width;
    for c in text.chars() {
        let rows = glyph(c);
        for column in 0..columns(rows) {
            let lit =
                |row: usize| rows.get(row).is_some_and(|line| line.as_bytes()[usize::from(column)] == b'#');
            match size {
                Size::Small => {
                    for (y, row) in (area.y..).zip([0, 2, 4]) {
                        let symbol = match (lit(row), lit(row + 1)) {
                            (true, true) => "█",
                            (true, false) => "▀",
                            (false, true) => "▄",
                            (false, false) => " ",
                        };
                        buffer[(x + column, y)].set_symbol(symbol).set_style(style);
                    }
                }
                Size::Large => {
                    for (y, row) in (area.y..).zip(0..5) {
                        for dx in 0..2 {
                            let symbol = if lit(row) { "█" } else { " " };
                            buffer[(x + column * 2 + dx, y)].set_symbol(symbol).set_style(style);
                        }
                    }
                }
            }
        }
        x += (columns(rows) + 1) * if size == Size::Small { 1 } else { 2 };
    }
}

fn columns(rows: &[&str; 5]) -> u16 {
    u16::try_from(rows[0].len()).unwrap_or(0)
}

fn glyph(c: char) -> &'static [&'static str; 5] {
    match c {
        '0' => &["###", "#.#", "#.#", "#.#", "###"],
        '1' => &[".#.", "##.", ".#.", ".#.", "###"],
        '2' => &["###", "..#", "###", "#..", "###"],
        '3' => &["###", "..#", ".##", "..#", "###"],
        '4' => &["#.#", "#.#", "###", "..#", "..#"],
        '5' => &["###", "#..", "###", "..#", "###"],
        '6' => &["###", "#..", "###", "#.#", "###"],
        '7' => &["###", "..#", "..#", ".#.", ".#."],
        '8' => &["###", "#.#", "###", "#.#", "###"],
        '9' => &["###", "#.#", "###", "..#", "###"],
        ',' => &["..", "..", "..", ".#", "#."],
        '.' => &[".", ".", ".", ".", "#"],
        '+' => &["...", ".#.", "###", ".#.", "..."],
        '-' | '−' => &["...", "...", "###", "...", "..."],
        _ => &["..", "..", "..", "..", ".."],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str, width: u16, height: u16) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        draw(&mut buffer, area, text, Size::Small, Style::new());
        let rows = buffer.content.chunks(width.into());
        rows.map(|row| row.iter().map(|cell| cell.symbol()).collect()).collect()
    }

    #[test]
    fn figures_as_drawn() {
        insta::assert_debug_snapshot!(drawn("−1.234.567,89", 46, 3));
        insta::assert_debug_snapshot!(drawn("0123456789", 40, 3));
        assert_eq!(drawn("1.234,50", 10, 1), ["  1.234,50"]);
    }
}
