//! Tells a person's keys from a scanner's, on screens where a key alone does something.
//!
//! A scanner is a keyboard that types a code in a few milliseconds. On the selling screen that is
//! all the same: every character goes into the input line at once. On every other screen a digit
//! may choose, so keys are held until none came for [`QUIET`]: a few of them were a person, more
//! were a scanner, and those choose nothing.

use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Scanners send a character every 0 to 20 ms; people hardly ever two within 60.
pub const QUIET: Duration = Duration::from_millis(60);

/// This many characters without a pause were not typed by a person. The shortest barcode has 6.
const SCANNED_CHARACTERS: usize = 4;

/// What follows a burst within this time is its rest: a busy computer may have held it up.
const AFTER_A_BURST: Duration = Duration::from_millis(200);

/// Keys held until it is clear who typed them.
#[derive(Default)]
pub struct Gather {
    keys: Vec<KeyEvent>,
    last: Option<Instant>,
    /// When the last burst was over.
    burst_ended: Option<Instant>,
}

/// Keys that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A person's, one by one.
    Keys(Vec<KeyEvent>),
    /// A scanner's characters, `\n` for each Enter.
    Burst(String),
}

impl Gather {
    /// Holds a key. Returns what was held before, if a pause lies between.
    pub fn hold(&mut self, key: KeyEvent, now: Instant) -> Option<Typed> {
        let earlier = self.settle(now);
        self.keys.push(key);
        self.last = Some(now);
        earlier
    }

    /// When [`Gather::settle`] will have something, if no key comes.
    pub fn due(&self) -> Option<Instant> {
        self.last.map(|last| last + QUIET)
    }

    /// What was held, once no key came for [`QUIET`].
    pub fn settle(&mut self, now: Instant) -> Option<Typed> {
        if self.due().is_some_and(|due| now >= due) { self.flush() } else { None }
    }

    /// What is held, now: the screen changed to one that takes keys at once.
    pub fn flush(&mut self) -> Option<Typed> {
        let last = self.last.take();
        let keys = std::mem::take(&mut self.keys);
        if keys.is_empty() {
            return None;
        }
        let follows = self.burst_ended.zip(last).is_some_and(|(ended, last)| last - ended < AFTER_A_BURST);
        let text: Option<String> = keys.iter().map(character).collect();
        let long = |text: &String| text.chars().filter(|c| !c.is_whitespace()).count() >= SCANNED_CHARACTERS;
        match text.filter(|text| follows || long(text)) {
            Some(text) => {
                self.burst_ended = last;
                Some(Typed::Burst(text))
            }
            None => {
                self.burst_ended = None;
                Some(Typed::Keys(keys))
            }
        }
    }
}

/// The character of a plain key; `None` for keys that no scanner sends.
fn character(key: &KeyEvent) -> Option<char> {
    match key.code {
        KeyCode::Char(c) if key.modifiers.difference(KeyModifiers::SHIFT).is_empty() => Some(c),
        KeyCode::Enter => Some('\n'),
        KeyCode::Tab => Some('\t'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(c: char) -> KeyEvent {
        let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    /// Types `text` with `gap_ms` between keys and returns what comes out, in order.
    fn typed(text: &str, gap_ms: u64) -> Vec<Typed> {
        let mut gather = Gather::default();
        let mut now = Instant::now();
        let mut out = Vec::new();
        for c in text.chars() {
            now += Duration::from_millis(gap_ms);
            out.extend(gather.hold(key(c), now));
        }
        assert_eq!(gather.settle(now), None, "nothing before the pause");
        out.extend(gather.settle(now + QUIET));
        assert_eq!(gather.due(), None);
        out
    }

    #[test]
    fn a_person_types_single_keys() {
        assert_eq!(typed("1", 200), [Typed::Keys(vec![key('1')])]);
        assert_eq!(typed("20\n", 150).len(), 3);
        assert_eq!(typed("20\n", 0), [Typed::Keys(vec![key('2'), key('0'), key('\n')])], "pasted, but short");
    }

    #[test]
    fn a_scanner_types_one_burst() {
        for gap in [0, 5, 20, 59] {
            assert_eq!(typed("0400010952755\n", gap), [Typed::Burst("0400010952755\n".into())], "{gap} ms");
        }
        let thirty = "0400010952755\n".repeat(30);
        assert_eq!(typed(&thirty, 0), [Typed::Burst(thirty.clone())]);
    }

    #[test]
    fn the_rest_of_a_burst_that_was_held_up_is_no_choice() {
        let mut gather = Gather::default();
        let start = Instant::now();
        for c in "04000109527".chars() {
            gather.hold(key(c), start);
        }
        let late = start + Duration::from_millis(150);
        assert_eq!(gather.hold(key('3'), late), Some(Typed::Burst("04000109527".into())));
        assert_eq!(gather.settle(late + QUIET), Some(Typed::Burst("3".into())));
        let person = late + Duration::from_millis(500);
        assert_eq!(gather.hold(key('3'), person), None);
        assert_eq!(gather.settle(person + QUIET), Some(Typed::Keys(vec![key('3')])));
    }

    #[test]
    fn a_key_that_no_scanner_sends_is_a_persons() {
        let mut gather = Gather::default();
        let now = Instant::now();
        for _ in 0..6 {
            gather.hold(KeyEvent::new(KeyCode::Down, KeyModifiers::NONE), now);
        }
        assert!(matches!(gather.flush(), Some(Typed::Keys(keys)) if keys.len() == 6));
    }
}
