//! A bar with the remaining time, for what takes longer than a second.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::locale::{Arg, Locale};

/// Cells of the bar.
const WIDTH: usize = 30;
/// Nothing is shown before, and nothing oftener.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(100);

/// A bar on a terminal's line; on anything else it stays silent.
pub struct Bar<W> {
    out: W,
    is_terminal: bool,
    locale: &'static Locale,
    started: Instant,
    drawn: Option<Instant>,
}

impl<W: Write> Bar<W> {
    pub fn new(out: W, is_terminal: bool, locale: &'static Locale) -> Bar<W> {
        Bar { out, is_terminal, locale, started: Instant::now(), drawn: None }
    }

    /// Says that `done` of `total` are done.
    pub fn step(&mut self, done: usize, total: usize) {
        let elapsed = self.started.elapsed();
        let is_soon = self.drawn.is_some_and(|drawn| drawn.elapsed() < PAUSE);
        if !self.is_terminal || elapsed < PATIENCE || is_soon {
            return;
        }
        if let Some(line) = line(done, total, elapsed, self.locale) {
            // A bar that cannot be drawn is no reason to stop.
            let _ = write!(self.out, "\r{line}\x1b[K").and_then(|()| self.out.flush());
            self.drawn = Some(Instant::now());
        }
    }

    /// Takes the bar off the screen.
    pub fn clear(&mut self) {
        if self.drawn.take().is_some() {
            let _ = write!(self.out, "\r\x1b[K").and_then(|()| self.out.flush());
        }
    }
}

/// The bar, the part done and the time left, after `elapsed`. `None` where nothing is known yet.
fn line(done: usize, total: usize, elapsed: Duration, locale: &'static Locale) -> Option<String> {
    let done = done.min(total);
    if done == 0 {
        return None;
    }
    let filled = done * WIDTH / total;
    let left = elapsed.as_millis() * (total - done) as u128 / done as u128;
    let seconds = i64::try_from(left.div_ceil(1000)).unwrap_or(i64::MAX);
    let args = [("percent", Arg::from(done * 100 / total)), ("seconds", Arg::from(seconds))];
    let words = locale.format("import-progress", &args);
    Some(format!("{}{} {words}", "█".repeat(filled), "░".repeat(WIDTH - filled)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::Language;

    #[test]
    fn the_bar_tells_the_part_done_and_the_time_left() {
        let english = Locale::of(Language::English);
        let told = |done, total, seconds| line(done, total, Duration::from_secs(seconds), english);
        assert_eq!(told(0, 10, 1), None);
        assert_eq!(told(0, 0, 1), None);
        let quarter = format!("{}{} 25% · 6 s left", "█".repeat(7), "░".repeat(23));
        assert_eq!(told(25, 100, 2), Some(quarter));
        assert_eq!(told(10, 10, 2), Some(format!("{} 100% · 0 s left", "█".repeat(30))));
    }

    #[test]
    fn it_is_silent_at_first_and_without_a_terminal() {
        let mut written = Vec::new();
        let english = Locale::of(Language::English);
        let mut bar = Bar::new(&mut written, true, english);
        bar.step(1, 2);
        bar.clear();
        let Some(started) = Instant::now().checked_sub(Duration::from_secs(3)) else { return };
        let mut bar = Bar { started, ..Bar::new(&mut written, false, english) };
        bar.step(1, 2);
        bar.clear();
        assert!(written.is_empty());
        let mut bar = Bar { started, ..Bar::new(&mut written, true, english) };
        bar.step(1, 2);
        bar.step(2, 2);
        bar.clear();
        let written = String::from_utf8(written).unwrap();
        assert!(written.contains("50%") && !written.contains("100%") && written.ends_with("\r\u{1b}[K"));
    }
}
