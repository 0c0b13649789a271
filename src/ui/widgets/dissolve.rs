//! What is forgotten, seen to go: the cells of an area dissolve until none is left.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tachyonfx::{Duration, SimpleRng, fx};

/// How long it takes, in milliseconds.
pub const LENGTH_MS: u32 = 1400;

/// Clears the cells that are gone after `elapsed_ms`: none at 0, all from [`LENGTH_MS`] on. The
/// same area and time always give the same cells, so that a redraw never brings one back.
pub fn dissolve(area: Rect, buffer: &mut Buffer, elapsed_ms: u32) {
    let area = area.intersection(buffer.area);
    if elapsed_ms >= LENGTH_MS {
        for position in area.positions() {
            buffer[position].reset();
        }
    } else if elapsed_ms > 0 {
        fx::dissolve(LENGTH_MS).with_rng(SimpleRng::new(SEED)).process(
            Duration::from_millis(elapsed_ms),
            buffer,
            area,
        );
    }
}

/// Any number: it only scatters the cells.
const SEED: u32 = 0x0171_D000;

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn letters_left(elapsed_ms: u32) -> Vec<bool> {
        let area = Rect::new(0, 0, 40, 6);
        let mut buffer = Buffer::empty(area);
        for y in 0..6 {
            buffer.set_string(0, y, "x".repeat(40), Style::new().bold());
        }
        dissolve(area, &mut buffer, elapsed_ms);
        buffer.content().iter().map(|cell| cell.symbol() == "x").collect()
    }

    #[test]
    fn cells_go_and_never_come_back() {
        let mut before = letters_left(0);
        assert!(before.iter().all(|left| *left));
        for elapsed_ms in (100..LENGTH_MS).step_by(100) {
            let now = letters_left(elapsed_ms);
            assert!(now.iter().zip(&before).all(|(now, before)| *before || !now), "{elapsed_ms} ms");
            before = now;
        }
        let half = letters_left(LENGTH_MS / 2).iter().filter(|left| **left).count();
        assert!((80..160).contains(&half), "{half} of 240 at half time");
        assert!(letters_left(LENGTH_MS).iter().all(|left| !left));
    }

    #[test]
    fn an_area_outside_the_screen_is_no_trouble() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
        dissolve(Rect::new(2, 0, 90, 90), &mut buffer, 10);
        dissolve(Rect::new(90, 90, 3, 3), &mut buffer, LENGTH_MS);
    }
}
