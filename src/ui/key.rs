//! A key press, and its name as people write it.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key with its modifiers. Shift is part of the character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub code: Code,
    pub ctrl: bool,
    pub alt: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    Char(char),
    /// F1 to F24.
    F(u8),
    Enter,
    Esc,
    Backspace,
    Delete,
    Insert,
    Tab,
    BackTab,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
}

/// The text names no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAKey;

const NAMES: [(Code, &str, &str); 16] = [
    (Code::Enter, "Enter", "return"),
    (Code::Esc, "Esc", "escape"),
    (Code::Backspace, "Backspace", "back"),
    (Code::Delete, "Del", "delete"),
    (Code::Insert, "Ins", "insert"),
    (Code::Tab, "Tab", "tabulator"),
    (Code::BackTab, "Shift+Tab", "backtab"),
    (Code::Up, "↑", "up"),
    (Code::Down, "↓", "down"),
    (Code::Left, "←", "left"),
    (Code::Right, "→", "right"),
    (Code::Home, "Home", "pos1"),
    (Code::End, "End", "end"),
    (Code::PageUp, "PgUp", "pageup"),
    (Code::PageDown, "PgDn", "pagedown"),
    (Code::Char(' '), "Space", "spacebar"),
];

impl Key {
    /// A key without modifiers.
    pub const fn plain(code: Code) -> Key {
        Key { code, ctrl: false, alt: false }
    }

    /// A character without modifiers.
    pub const fn char(c: char) -> Key {
        Key::plain(Code::Char(c))
    }

    /// What a terminal reports; `None` for a release and for keys that no screen knows. A line feed
    /// or carriage return is Enter, however the terminal sends it.
    pub fn of(event: KeyEvent) -> Option<Key> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let (ctrl, alt) =
            (event.modifiers.contains(KeyModifiers::CONTROL), event.modifiers.contains(KeyModifiers::ALT));
        let code = match event.code {
            // Raw terminals send Ctrl+J and Ctrl+M for the two line ends, as some scanners do.
            KeyCode::Char('j' | 'm') if ctrl && !alt => return Some(Key::plain(Code::Enter)),
            KeyCode::Char('\n' | '\r') => Code::Enter,
            KeyCode::Char(c) if ctrl || alt => Code::Char(c.to_ascii_lowercase()),
            KeyCode::Char(c) => Code::Char(c),
            KeyCode::F(n) => Code::F(n),
            KeyCode::Enter => Code::Enter,
            KeyCode::Esc => Code::Esc,
            KeyCode::Backspace => Code::Backspace,
            KeyCode::Delete => Code::Delete,
            KeyCode::Insert => Code::Insert,
            KeyCode::Tab => Code::Tab,
            KeyCode::BackTab => Code::BackTab,
            KeyCode::Up => Code::Up,
            KeyCode::Down => Code::Down,
            KeyCode::Left => Code::Left,
            KeyCode::Right => Code::Right,
            KeyCode::Home => Code::Home,
            KeyCode::End => Code::End,
            KeyCode::PageUp => Code::PageUp,
            KeyCode::PageDown => Code::PageDown,
            _ => return None,
        };
        Some(Key { code, ctrl, alt })
    }

    /// The character that this key writes, if it writes one.
    pub fn written(self) -> Option<char> {
        match self {
            Key { code: Code::Char(c), ctrl: false, alt: false } if !c.is_control() => Some(c),
            _ => None,
        }
    }
}

impl FromStr for Key {
    type Err = NotAKey;

    /// Reads `F10`, `Ctrl+P`, `ctrl-p`, `Alt+1`, `Enter`, `a`; case does not matter except for a
    /// single character without modifiers.
    fn from_str(text: &str) -> Result<Key, NotAKey> {
        let (mut key, mut rest) = (Key::char(' '), text.trim());
        if let Some((code, ..)) = NAMES.iter().find(|(_, name, _)| name.eq_ignore_ascii_case(rest)) {
            return Ok(Key::plain(*code));
        }
        while let Some((modifier, after)) = rest.split_once(['+', '-']).filter(|(_, after)| !after.is_empty())
        {
            match modifier.to_ascii_lowercase().as_str() {
                "ctrl" | "control" | "strg" => key.ctrl = true,
                "alt" | "meta" => key.alt = true,
                _ => return Err(NotAKey),
            }
            rest = after;
        }
        let mut chars = rest.chars();
        key.code = match (chars.next(), chars.next()) {
            (Some(c), None) if key.ctrl || key.alt => Code::Char(c.to_ascii_lowercase()),
            (Some(c), None) if !c.is_control() => named(rest).unwrap_or(Code::Char(c)),
            (Some('f' | 'F'), Some(_)) => match rest[1..].parse::<u8>() {
                Ok(n @ 1..=24) => Code::F(n),
                _ => return Err(NotAKey),
            },
            _ => named(rest).ok_or(NotAKey)?,
        };
        Ok(key)
    }
}

fn named(text: &str) -> Option<Code> {
    let found = NAMES
        .iter()
        .find(|(_, name, other)| name.eq_ignore_ascii_case(text) || other.eq_ignore_ascii_case(text));
    found.map(|(code, ..)| *code)
}

/// As the help bar shows it: `F10`, `Ctrl+P`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl+")?;
        }
        if self.alt {
            f.write_str("Alt+")?;
        }
        if let Some((_, name, _)) = NAMES.iter().find(|(code, ..)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            Code::Char(c) if self.ctrl || self.alt => write!(f, "{}", c.to_ascii_uppercase()),
            Code::Char(c) => write!(f, "{c}"),
            Code::F(n) => write!(f, "F{n}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for NotAKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a key")
    }
}

impl std::error::Error for NotAKey {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_by_name() {
        for (text, expected) in [
            ("f10", Some("F10")),
            ("Ctrl+P", Some("Ctrl+P")),
            ("ctrl-p", Some("Ctrl+P")),
            ("alt-1", Some("Alt+1")),
            ("Ctrl+Alt+x", Some("Ctrl+Alt+X")),
            ("enter", Some("Enter")),
            ("PgDn", Some("PgDn")),
            ("up", Some("↑")),
            ("+", Some("+")),
            ("-", Some("-")),
            ("Alt+-", Some("Alt+-")),
            ("shift+tab", Some("Shift+Tab")),
            ("a", Some("a")),
            ("A", Some("A")),
            ("f25", None),
            ("hyper+x", None),
            ("", None),
            ("f", Some("f")),
            ("ab", None),
        ] {
            assert_eq!(text.parse::<Key>().ok().map(|k| k.to_string()).as_deref(), expected, "{text:?}");
        }
    }
}
