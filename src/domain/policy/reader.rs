//! Reads TOML tables value by value, remembers the line of each, and collects every refusal
//! instead of stopping at the first.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Expected, PolicyError, PolicyErrorKind};
use crate::domain::text::is_unseen;

/// The refusals so far, and where lines begin.
pub(super) struct Reader {
    line_ends: Vec<usize>,
    errors: Vec<PolicyError>,
    /// Texts are judged as 0.2.0 did: what was in force stays so.
    is_old: bool,
}

/// A table with its dotted name and the line that first names it.
#[derive(Clone)]
pub(super) struct Table<'a> {
    pub path: String,
    pub line: usize,
    table: &'a DeTable<'a>,
}

/// A value with the dotted name of its key and its line.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    pub path: String,
    pub line: usize,
    value: &'a DeValue<'a>,
}

/// A piece of text and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Located {
    pub text: String,
    pub line: usize,
}

impl Reader {
    pub fn new(text: &str) -> Reader {
        let line_ends = text.bytes().enumerate().filter(|&(_, b)| b == b'\n').map(|(at, _)| at).collect();
        Reader { line_ends, errors: Vec::new(), is_old: false }
    }

    /// The file is of format 1.
    pub fn reads_old_texts(&mut self) {
        self.is_old = true;
    }

    fn line(&self, span: Range<usize>) -> usize {
        self.line_ends.partition_point(|&end| end < span.start) + 1
    }

    /// Notes a refusal.
    pub fn refuse(&mut self, line: usize, key: impl Into<String>, kind: PolicyErrorKind) {
        self.errors.push(PolicyError { line, key: key.into(), kind });
    }

    /// Notes what the TOML parser itself refused.
    pub fn refuse_syntax(&mut self, text: &str, error: &toml::de::Error) {
        let span = error.span().unwrap_or(0..0);
        let line = self.line(span.clone());
        if error.message().contains("duplicate") {
            let key = text.get(span).unwrap_or_default();
            self.refuse(line, key, PolicyErrorKind::Duplicate);
        } else {
            self.refuse(line, "", PolicyErrorKind::NotToml);
        }
    }

    pub fn is_clean(&self) -> bool {
        self.errors.is_empty()
    }

    /// All refusals, by line; one mistake named twice is one refusal.
    pub fn into_errors(self) -> Vec<PolicyError> {
        let mut errors = self.errors;
        errors.sort_by_key(|error| error.line);
        errors.dedup();
        errors
    }

    /// The whole document as a table.
    pub fn root<'a>(&self, document: &'a Spanned<DeTable<'a>>) -> Table<'a> {
        Table { path: String::new(), line: 1, table: document.get_ref() }
    }

    /// Refuses every key of the table that is not among `known`.
    pub fn only(&mut self, table: &Table<'_>, known: &[&str]) {
        for (key, _) in table.table {
            if !known.contains(&key.get_ref().as_ref()) {
                let line = self.line(key.span());
                self.refuse(line, table.key(key.get_ref()), PolicyErrorKind::UnknownKey);
            }
        }
    }

    /// The value of a key, if it is there.
    pub fn find<'a>(&self, table: &Table<'a>, key: &str) -> Option<Entry<'a>> {
        let (key, value) = table.table.get_key_value(key)?;
        let table_line = self.line(key.span());
        let line = if value.get_ref().is_table() { table_line } else { self.line(value.span()) };
        Some(Entry { path: table.key(key.get_ref()), line, value: value.get_ref() })
    }

    /// The value of a key that must be there; its absence is refused.
    pub fn need<'a>(&mut self, table: &Table<'a>, key: &str) -> Option<Entry<'a>> {
        let entry = self.find(table, key);
        if entry.is_none() {
            self.refuse(table.line, table.key(key), PolicyErrorKind::Missing);
        }
        entry
    }

    /// The tables inside a table, such as every choice of `choice`, by name.
    pub fn tables<'a>(&mut self, parent: &Table<'a>, key: &str) -> Vec<(String, Table<'a>)> {
        let Some(parent) = self.need(parent, key).and_then(|entry| self.table(&entry)) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for (name, _) in parent.table {
            if let Some(table) = self.find(&parent, name.get_ref()).and_then(|entry| self.table(&entry)) {
                found.push((name.get_ref().to_string(), table));
            }
        }
        found.sort_by_key(|(_, table)| table.line);
        found
    }

    /// The line and the dotted key of a value; where it is not there, of the last table on the way.
    pub fn place(&self, root: &Table<'_>, path: &[&str]) -> (usize, String) {
        let mut table = root.clone();
        let mut line = root.line;
        for name in path {
            let Some(entry) = self.find(&table, name) else { break };
            line = entry.line;
            match entry.value.as_table() {
                Some(inner) => table = Table { path: entry.path, line, table: inner },
                None => break,
            }
        }
        (line, path.join("."))
    }

    /// Every text in the table and below it, with its dotted key and its line.
    pub fn texts(&self, table: &Table<'_>) -> Vec<(String, Located)> {
        let mut found = Vec::new();
        for (key, value) in table.table {
            self.texts_of(&table.key(key.get_ref()), value, &mut found);
        }
        found
    }

    fn texts_of(&self, path: &str, value: &Spanned<DeValue<'_>>, found: &mut Vec<(String, Located)>) {
        match value.get_ref() {
            DeValue::String(text) => {
                let text = Located { text: text.to_string(), line: self.line(value.span()) };
                found.push((path.to_owned(), text));
            }
            DeValue::Array(items) => items.iter().for_each(|item| self.texts_of(path, item, found)),
            DeValue::Table(table) => {
                for (key, value) in table {
                    self.texts_of(&format!("{path}.{}", key.get_ref()), value, found);
                }
            }
            _ => {}
        }
    }

    /// The value as a table.
    pub fn table<'a>(&mut self, entry: &Entry<'a>) -> Option<Table<'a>> {
        match entry.value.as_table() {
            Some(table) => Some(Table { path: entry.path.clone(), line: entry.line, table }),
            None => self.bad(entry, Expected::Table),
        }
    }

    /// The value as one line of printable text, trimmed and not empty.
    pub fn text(&mut self, entry: &Entry<'_>) -> Option<Located> {
        match entry.value.as_str().and_then(|text| clean(text, self.is_old)) {
            Some(text) => Some(Located { text, line: entry.line }),
            None => self.bad(entry, Expected::Text),
        }
    }

    /// Whether the value is text that says nothing: without letter or digit, until 0.2.0 nothing but space.
    pub fn is_blank(&self, entry: &Entry<'_>) -> bool {
        let says = |c: char| if self.is_old { !c.is_whitespace() } else { c.is_alphanumeric() };
        entry.value.as_str().is_some_and(|text| !text.contains(says))
    }

    /// The value as a list of such texts, none of them twice.
    pub fn list(&mut self, entry: &Entry<'_>) -> Option<Vec<Located>> {
        let Some(items) = entry.value.as_array().filter(|items| !items.is_empty()) else {
            return self.bad(entry, Expected::List);
        };
        let mut texts: Vec<Located> = Vec::with_capacity(items.len());
        for item in items.iter() {
            let line = self.line(item.span());
            let item = Entry { path: entry.path.clone(), line, value: item.get_ref() };
            let Some(text) = self.text(&item) else { continue };
            if texts.iter().any(|other| other.text == text.text) {
                self.refuse(line, format!("{}: {}", entry.path, text.text), PolicyErrorKind::Duplicate);
            }
            texts.push(text);
        }
        Some(texts)
    }

    /// The value as a whole number from 1 to `largest`.
    pub fn number(&mut self, entry: &Entry<'_>, largest: u32, expected: Expected) -> Option<u32> {
        let number = entry
            .value
            .as_integer()
            .and_then(|integer| u32::from_str_radix(integer.as_str(), integer.radix()).ok())
            .filter(|number| (1..=largest).contains(number));
        if number.is_none() { self.bad(entry, expected) } else { number }
    }

    /// The value as one of `all`, each known by a name.
    pub fn one_of<T: Copy>(
        &mut self,
        entry: &Entry<'_>,
        all: &[T],
        name: fn(T) -> &'static str,
        expected: Expected,
    ) -> Option<T> {
        let found = entry.value.as_str().and_then(|text| all.iter().copied().find(|&one| name(one) == text));
        if found.is_none() { self.bad(entry, expected) } else { found }
    }

    /// Refuses the value.
    pub fn bad<T>(&mut self, entry: &Entry<'_>, expected: Expected) -> Option<T> {
        self.refuse(entry.line, entry.path.clone(), PolicyErrorKind::BadValue(expected));
        None
    }
}

impl Table<'_> {
    /// The dotted name of one of its keys.
    pub fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

impl Entry<'_> {
    /// The value if it is text, however odd.
    pub fn raw_text(&self) -> Option<&str> {
        self.value.as_str()
    }
}

/// Trimmed text, unless it is empty, or could move a terminal's cursor or turn its text around.
fn clean(text: &str, is_old: bool) -> Option<String> {
    let text = text.trim();
    let is_odd = if is_old { moves_text } else { is_unseen };
    if text.is_empty() || text.contains(is_odd) { None } else { Some(text.to_owned()) }
}

/// What 0.2.0 refused.
fn moves_text(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
