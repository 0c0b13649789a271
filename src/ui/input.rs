//! One line of text that is being typed.

use unicode_width::UnicodeWidthStr;

use super::key::{Code, Key};

/// What is being typed; the cursor stands at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    text: String,
}

impl Input {
    /// More is not taken: the longest text that any field of any screen needs.
    pub const LONGEST: usize = 120;

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub fn clear(&mut self) {
        self.text.clear();
    }

    /// The text, which is then empty.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    pub fn set(&mut self, text: &str) {
        self.text.clear();
        self.text.extend(text.chars().filter(|c| !c.is_control()).take(Input::LONGEST));
    }

    /// Adds a character; whether it was taken.
    pub fn push(&mut self, c: char) -> bool {
        let taken = !c.is_control() && self.text.chars().count() < Input::LONGEST;
        if taken {
            self.text.push(c);
        }
        taken
    }

    /// Writes or deletes; whether the key was one that does.
    pub fn edit(&mut self, key: Key) -> bool {
        if key == Key::plain(Code::Backspace) {
            self.text.pop();
            return true;
        }
        key.written().is_some_and(|c| self.push(c))
    }

    /// The end of the text that fits into `width` columns.
    pub fn tail(&self, width: usize) -> &str {
        let mut from = 0;
        for (index, _) in self.text.char_indices() {
            from = index;
            if self.text[index..].width() <= width {
                break;
            }
        }
        if self.text[from..].width() <= width { &self.text[from..] } else { "" }
    }
}
