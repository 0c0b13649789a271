//! Tells a person's keys from a scanner's.
//!
//! A scanner is a keyboard that types a code in a few milliseconds, and a code may hold any sign:
//! Code 128 and QR have control signs and escape sequences, which a terminal reports as keys. On the
//! selling screen every character goes into the input line at once. A key that does something there,
//! and every key of every other screen, is held until none came for [`QUIET`], or [`QUIET_TO_ACT`] where it pays,
//! confirms or chooses: alone, or where up to three are written, it was a person's. What ends in Enter, or has a key that presses something among others, was a
//! scanner's, however short, and presses nothing. That is a character, too, where it would pay or choose. So is
//! what comes within [`AFTER_A_BURST`] of such a burst, and where keys pay or choose, a key that presses
//! something within that time of others that came at once: a scanner stutters. A paste is a burst. Only a
//! code of one key cannot be told from a person's.

use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::ui::{Code, Key};

/// Scanners send a character every 0 to 20 ms; people hardly ever two within 60.
pub const QUIET: Duration = Duration::from_millis(60);

/// So long a key waits that pays, confirms or chooses: the first sign of a code that a scanner parts must not be
/// taken for a person's, whose keys are further apart.
const QUIET_TO_ACT: Duration = Duration::from_millis(110);

/// This many characters without a pause were not typed by a person. The shortest barcode has 6.
const SCANNED_CHARACTERS: usize = 4;

/// What follows a burst within this time is its rest: a busy computer may have held it up, or the radio of a
/// scanner without a cable.
pub const AFTER_A_BURST: Duration = Duration::from_millis(350);

/// Keys held until it is clear who typed them.
#[derive(Default)]
pub struct Gather {
    keys: Vec<KeyEvent>,
    /// When the first and the last of them came.
    came: Option<(Instant, Instant)>,
    /// Some of them were pasted.
    pasted: bool,
    /// Some of them would act.
    acts: bool,
    /// When the last burst was over.
    burst_ended: Option<Instant>,
    /// When the last of several keys came that were taken for a person's all the same.
    swift_ended: Option<Instant>,
}

/// Keys that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A person's, one by one.
    Keys(Vec<KeyEvent>),
    /// A scanner's characters, `\n` for each Enter or Tab, U+FFFD for each key that writes nothing.
    Burst(String),
}

impl Gather {
    /// Holds a key with those before it: [`Gather::settle`] comes first. `acts`: it would pay, confirm or choose.
    pub fn hold(&mut self, key: KeyEvent, now: Instant, acts: bool) {
        self.acts |= acts;
        self.keys.push(key);
        self.came = Some((self.came.map_or(now, |(first, _)| first), now));
    }

    /// Holds what was pasted.
    pub fn hold_paste(&mut self, text: &str, now: Instant) {
        self.pasted = true;
        for c in text.chars() {
            let code = if c == '\t' { KeyCode::Tab } else { KeyCode::Char(c) };
            self.hold(KeyEvent::new(code, KeyModifiers::NONE), now, false);
        }
    }

    /// When [`Gather::settle`] will have something, if no key comes.
    pub fn due(&self) -> Option<Instant> {
        let quiet = if self.acts { QUIET_TO_ACT } else { QUIET };
        self.came.map(|(_, last)| last + quiet)
    }

    /// What was held, once no key came for [`QUIET`], or for [`QUIET_TO_ACT`] where one would act. `writes`: whether a
    /// character is written where the cursor stands, [`crate::ui::Model::writes`].
    pub fn settle(&mut self, now: Instant, writes: impl Fn(char) -> bool) -> Option<Typed> {
        if self.due().is_some_and(|due| now >= due) { self.flush(writes) } else { None }
    }

    /// What is held, now: the screen changed to one that takes keys at once.
    pub fn flush(&mut self, writes: impl Fn(char) -> bool) -> Option<Typed> {
        let (first, last) = self.came.take()?;
        self.acts = false;
        let (keys, pasted) = (std::mem::take(&mut self.keys), std::mem::take(&mut self.pasted));
        let soon_after = |ended: Option<Instant>| ended.is_some_and(|ended| first - ended < AFTER_A_BURST);
        // Where letters are written, no key pays or chooses.
        let presses = keys.iter().any(|key| acts(key, &writes));
        if pasted
            || is_scanned(&keys, &writes)
            || soon_after(self.burst_ended)
            || presses && soon_after(self.swift_ended)
        {
            (self.burst_ended, self.swift_ended) = (Some(last), None);
            return Some(Typed::Burst(keys.iter().map(character).collect()));
        }
        self.burst_ended = None;
        if !is_one(&keys) {
            self.swift_ended = Some(last);
        }
        Some(Typed::Keys(keys))
    }
}

/// Whether it is one key, perhaps held down, or one of two zeros.
fn is_one(keys: &[KeyEvent]) -> bool {
    keys.windows(2).all(|pair| pair[0].code == pair[1].code)
}

/// Whether keys that came without a pause are a scanner's. One key alone is a person's, and so is one that is held
/// down, unless it writes where nothing is written.
fn is_scanned(keys: &[KeyEvent], writes: impl Fn(char) -> bool) -> bool {
    let is_character = |key: &KeyEvent| !matches!(character(key), '\n' | NO_CHARACTER);
    let written = keys.iter().filter(|key| is_character(key)).count();
    let acts = |key: &KeyEvent| is_character(key) && !writes(character(key));
    written >= SCANNED_CHARACTERS
        || !is_one(keys) && written < keys.len()
        || keys.len() > 1 && keys.iter().any(acts)
}

/// Whether a key changes nothing but where the eye is, so that it needs no waiting when it is held down.
pub fn moves_only(key: &KeyEvent) -> bool {
    use KeyCode::{Backspace, Down, End, Home, Left, PageDown, PageUp, Right, Up};
    matches!(key.code, Up | Down | Left | Right | Home | End | PageUp | PageDown | Backspace)
}

/// Whether a key does something at once on a screen where `writes` says what is written.
pub fn acts(key: &KeyEvent, writes: impl Fn(char) -> bool) -> bool {
    !writes('a') && !writes(character(key)) && !moves_only(key)
}

/// Whether a key writes a character, or ends what was written.
pub fn writes(key: &KeyEvent) -> bool {
    character(key) != NO_CHARACTER
}

/// Whether a key ends a code: scanners are set up to send Enter or Tab.
pub fn ends(key: &KeyEvent) -> bool {
    character(key) == '\n'
}

const NO_CHARACTER: char = char::REPLACEMENT_CHARACTER;

/// What a key writes: a character, `\n` for each way of Enter and for Tab.
fn character(key: &KeyEvent) -> char {
    let Some(key) = Key::of(*key) else { return NO_CHARACTER };
    match key {
        Key { code: Code::Enter | Code::Tab, ctrl: false, alt: false } => '\n',
        _ => key.written().unwrap_or(NO_CHARACTER),
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyModifiers;

    use super::*;

    fn key(c: char) -> KeyEvent {
        let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    /// What is written while paying.
    fn is_amount(c: char) -> bool {
        c.is_ascii_digit() || matches!(c, ',' | '.')
    }

    /// Types `text` with `gap_ms` between keys and returns what comes out, in order.
    fn typed(text: &str, gap_ms: u64) -> Vec<Typed> {
        let mut gather = Gather::default();
        let mut now = Instant::now();
        let mut out = Vec::new();
        for c in text.chars() {
            now += Duration::from_millis(gap_ms);
            out.extend(gather.settle(now, is_amount));
            gather.hold(key(c), now, false);
        }
        assert_eq!(gather.settle(now, is_amount), None, "nothing before the pause");
        out.extend(gather.settle(now + QUIET, is_amount));
        assert_eq!(gather.due(), None);
        out
    }

    #[test]
    fn a_person_types_single_keys() {
        assert_eq!(typed("1", 200), [Typed::Keys(vec![key('1')])]);
        assert_eq!(typed("20\n", 150).len(), 3);
        assert_eq!(typed("20", 20), [Typed::Keys(vec![key('2'), key('0')])], "one finger after the other");
        assert_eq!(typed("1111111", 20), [Typed::Burst("1111111".into())]);
    }

    #[test]
    fn a_scanner_types_one_burst() {
        for gap in [0, 5, 20, 59] {
            assert_eq!(typed("0400010952755\n", gap), [Typed::Burst("0400010952755\n".into())], "{gap} ms");
        }
        // Raw terminals report a line feed as Ctrl+J: a scanner that ends in one, or a scan from before the start.
        let mut gather = Gather::default();
        let line_feed = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::CONTROL);
        for key in [key('7'), key('5'), line_feed] {
            gather.hold(key, Instant::now(), false);
        }
        assert_eq!(gather.flush(is_amount), Some(Typed::Burst("75\n".into())));
        let thirty = "0400010952755\n".repeat(30);
        assert_eq!(typed(&thirty, 0), [Typed::Burst(thirty.clone())]);
    }

    /// What comes out of pieces, each at once and so long after the one before, on a screen that writes so.
    fn in_pieces(pieces: &[&str], pause_ms: u64, writes: fn(char) -> bool) -> Vec<Typed> {
        let mut gather = Gather::default();
        let mut now = Instant::now();
        let mut out = Vec::new();
        for piece in pieces {
            out.extend(gather.settle(now, writes));
            piece.chars().for_each(|c| gather.hold(key(c), now, acts(&key(c), writes)));
            now += Duration::from_millis(pause_ms);
        }
        out.extend(gather.settle(now + QUIET_TO_ACT, writes));
        out
    }

    /// A scanner that stutters: what comes of a code in pieces pays, confirms and chooses nothing.
    #[test]
    fn a_code_in_pieces_presses_nothing() {
        let pressed = |typed: &Typed, writes: fn(char) -> bool| match typed {
            Typed::Keys(keys) => keys.iter().any(|key| !writes(character(key))),
            Typed::Burst(_) => false,
        };
        for pause in [60, 100, 120, 180, 250, 300, 349] {
            for (pieces, writes) in [
                (&["a1"][..], is_amount as fn(char) -> bool),
                (&["40", "a", "13\n"], is_amount),
                (&["40", "a"], is_amount),
                (&["40", "\n"], is_amount),
                (&["400001", "a", "b", "\n"], is_amount),
                (&["AB", "a1"], is_amount),
                (&["AB", "a", "1"], is_amount),
                (&["AB", "x3"], |_| false),
                (&["AB", "x"], |_| false),
                (&["AB", "23"], |_| false),
                (&["23"], |_| false),
                (&["AB", "2"], |_| false),
            ] {
                let out = in_pieces(pieces, pause, writes);
                assert!(!out.iter().any(|typed| pressed(typed, writes)), "{pieces:?} {pause} ms: {out:?}");
            }
        }
        // The first sign comes by itself, and the rest before a person's next key would.
        for pause in [60, 80, 100, 109] {
            for (pieces, writes) in [
                (&["o", "345\n"][..], (|_| false) as fn(char) -> bool),
                (&["x", "3"], |_| false),
                (&["2", "00345\n"], |_| false),
                (&["a", "345\n"], is_amount),
                (&["t", "o", "345\n"], is_amount),
            ] {
                let out = in_pieces(pieces, pause, writes);
                assert!(!out.iter().any(|typed| pressed(typed, writes)), "{pieces:?} {pause} ms: {out:?}");
            }
        }
        // A person: some keys at once, and a moment later the next.
        for (pieces, pause, writes) in [
            (&["20", "\n"][..], 360, is_amount as fn(char) -> bool),
            (&["20", "5", "\n"], 180, is_amount),
            (&["2", "00", "\n"], 120, is_amount),
            (&["12", ",", "50"], 120, is_amount),
            (&["2", "0", "\n"], 120, is_amount),
            (&["t", "o"], 120, is_amount),
            (&["an", "a", "\n"], 120, |_| true),
        ] {
            let out = in_pieces(pieces, pause, writes);
            assert!(out.iter().all(|typed| matches!(typed, Typed::Keys(_))), "{pieces:?}: {out:?}");
        }
    }

    /// However short it is.
    #[test]
    fn a_paste_is_a_burst() {
        for (text, read) in [("a", "a"), ("x\t", "x\n"), ("2\r\u{10}", "2\n\u{fffd}")] {
            let mut gather = Gather::default();
            gather.hold_paste(text, Instant::now());
            assert_eq!(gather.flush(|_| false), Some(Typed::Burst(read.into())), "{text:?}");
        }
    }

    #[test]
    fn the_rest_of_a_burst_that_was_held_up_is_no_choice() {
        let mut gather = Gather::default();
        let start = Instant::now();
        for c in "04000109527".chars() {
            gather.hold(key(c), start, false);
        }
        let late = start + Duration::from_millis(150);
        assert_eq!(gather.settle(late, is_amount), Some(Typed::Burst("04000109527".into())));
        gather.hold(key('3'), late, false);
        assert_eq!(gather.settle(late + QUIET, is_amount), Some(Typed::Burst("3".into())));
        let person = late + Duration::from_millis(500);
        gather.hold(key('3'), person, false);
        assert_eq!(gather.settle(person + QUIET, is_amount), Some(Typed::Keys(vec![key('3')])));
    }

    /// However short a code is, and whatever keys are in it, it presses nothing.
    #[test]
    fn a_key_among_others_is_no_persons() {
        let control = KeyEvent::new(KeyCode::Char('p'), KeyModifiers::CONTROL);
        let pay = KeyEvent::new(KeyCode::F(10), KeyModifiers::NONE);
        for (keys, read) in [
            (vec![control, key('a'), key('\n')], "\u{fffd}a\n"),
            (vec![key('a'), key('\n')], "a\n"),
            (vec![pay, key('3')], "\u{fffd}3"),
            (vec![key('2'), pay], "2\u{fffd}"),
            (vec![control, pay], "\u{fffd}\u{fffd}"),
        ] {
            let mut gather = Gather::default();
            let now = Instant::now();
            for key in &keys {
                gather.hold(*key, now, false);
            }
            assert_eq!(gather.flush(is_amount), Some(Typed::Burst(read.into())), "{keys:?}");
        }
        let mut gather = Gather::default();
        gather.hold(pay, Instant::now(), false);
        assert_eq!(gather.flush(is_amount), Some(Typed::Keys(vec![pay])), "alone");
    }

    /// A scanner that ends a code with nothing: where characters pay, choose or answer, two of them do not.
    #[test]
    fn two_characters_at_once_press_nothing() {
        let gathered = |text: &str, writes: fn(char) -> bool| {
            let mut gather = Gather::default();
            text.chars().for_each(|c| gather.hold(key(c), Instant::now(), false));
            gather.flush(writes)
        };
        for text in ["ta", "aa", "5a", "xx", "a."] {
            assert_eq!(gathered(text, is_amount), Some(Typed::Burst(text.into())), "{text}");
        }
        assert_eq!(gathered("12", |_| false), Some(Typed::Burst("12".into())));
        for (text, writes) in [("20", is_amount as fn(char) -> bool), ("2,5", is_amount), ("ana", |_| true)] {
            assert_eq!(gathered(text, writes), Some(Typed::Keys(text.chars().map(key).collect())), "{text}");
        }
        assert_eq!(gathered("a", |_| false), Some(Typed::Keys(vec![key('a')])), "alone");
    }

    #[test]
    fn a_key_held_down_is_a_persons() {
        let mut gather = Gather::default();
        let now = Instant::now();
        for _ in 0..6 {
            gather.hold(KeyEvent::new(KeyCode::Down, KeyModifiers::NONE), now, false);
        }
        assert!(matches!(gather.flush(is_amount), Some(Typed::Keys(keys)) if keys.len() == 6));
    }
}
