//! The texts of a policy file: each in every language, short enough for its place, and saying
//! what the program decides.

use std::collections::{BTreeMap, BTreeSet};

use super::error::PolicyErrorKind as Kind;
use super::reader::{Located, Reader, Table};
use super::{NoticeWords, Policy, Section};
use crate::domain::language::Language;

/// Longest texts of a card, in characters, so that three fit on 80×24.
pub(super) const TITLE: usize = 22;
pub(super) const CARD: usize = 90;
pub(super) const SHORT: usize = 44;
/// Longest sentences that remain after a choice: three rows of 78.
pub(super) const AFTER: usize = 200;
/// Longest of the other texts.
pub(super) const SENTENCE: usize = 76;
pub(super) const PARAGRAPH: usize = 400;
/// How the copies' section names the days of [`super::Policy::backup_days`], and what they take at most.
const BACKUP_DAYS: (&str, usize) = ("backup-days", "36500".len());
/// What the controller's texts can name of config.toml, and what it takes at most.
pub(super) const STORE: [(&str, usize); 2] = [("store", 60), ("tax-id", 20)];
/// What the section of the controller says.
const CONTROLLER: [(&str, usize); 3] = [("controller", 60), ("tax-id", 20), ("contact", 200)];
/// The rule by which counts are mixed: sales of a product, tickets, and tickets after which fewer
/// sales are enough.
pub(super) const MIX: [(&str, usize); 3] = [("sales", 6), ("tickets", 6), ("longest", 6)];
/// A number of years in words, and what they take at most.
const YEARS: (&str, usize) = ("years", "100 years".len());
/// How a text names the choice that counts without an answer, and what its title takes at most.
const CHOICE: (&str, usize) = ("choice", TITLE);
/// What a date takes at most: `23 Nov 2032`.
pub(super) const DATE: usize = "23 Nov 2032".len();

/// The text tables of each language; a missing one is refused once, as a whole. Texts in a
/// language of the program that the policy does not list may stay in the file, unread.
pub(super) fn per_language<'a>(
    reader: &mut Reader,
    parent: &Table<'a>,
    languages: &[Language],
) -> Vec<(Language, Table<'a>)> {
    reader.only(parent, &Language::ALL.map(Language::code));
    let mut found = Vec::new();
    for &language in languages {
        match reader.find(parent, language.code()) {
            Some(entry) => found.extend(reader.table(&entry).map(|table| (language, table))),
            None => reader.refuse(parent.line, parent.key(language.code()), Kind::MissingText),
        }
    }
    found
}

/// One text of a language: refused where it is missing, blank, too long, names a value that
/// `values` does not have, or does not name one that it must.
pub(super) struct Text<'v> {
    pub limit: usize,
    /// Placeholders with the longest that each can become.
    pub values: &'v [(&'static str, usize)],
    pub required: &'v [&'static str],
}

impl Text<'_> {
    pub const fn plain(limit: usize) -> Text<'static> {
        Text { limit, values: &[], required: &[] }
    }

    pub fn read(&self, reader: &mut Reader, table: &Table<'_>, key: &str) -> String {
        let Some(entry) = reader.find(table, key).filter(|entry| !reader.is_blank(entry)) else {
            reader.refuse(table.line, table.key(key), Kind::MissingText);
            return String::new();
        };
        let text = reader.text(&entry);
        text.map(|text| self.checked(reader, &entry.path, text)).unwrap_or_default()
    }

    fn checked(&self, reader: &mut Reader, path: &str, text: Located) -> String {
        let mut length = text.text.chars().count();
        let mut named = BTreeSet::new();
        for piece in text.text.split('{').skip(1) {
            let name = piece.split('}').next().unwrap_or_default();
            match self.values.iter().find(|(known, _)| *known == name) {
                Some(&(known, longest)) if piece.contains('}') => {
                    length = length + longest - (known.len() + 2);
                    named.insert(known);
                }
                _ => {
                    let name = name.chars().take(32).collect();
                    reader.refuse(text.line, path, Kind::UnknownPlaceholder { name });
                }
            }
        }
        for &name in self.required {
            if !named.contains(name) {
                reader.refuse(text.line, path, Kind::MissingPlaceholder { name });
            }
        }
        if length > self.limit {
            reader.refuse(text.line, path, Kind::TextTooLong { limit: self.limit });
        }
        text.text
    }
}

/// What the policy decides, so that the notice has to say it.
#[derive(Clone, Copy)]
pub(super) struct Values {
    pub format: u32,
    pub backup_days: bool,
    pub last_purchase: bool,
}

pub(super) fn notice(
    reader: &mut Reader,
    root: &Table<'_>,
    languages: &[Language],
    values: Values,
) -> BTreeMap<Language, NoticeWords> {
    let Some(parent) = reader.need(root, "notice").and_then(|entry| reader.table(&entry)) else {
        return BTreeMap::new();
    };
    let tables = per_language(reader, &parent, languages);
    tables.into_iter().map(|(language, table)| (language, notice_words(reader, &table, values))).collect()
}

fn notice_words(reader: &mut Reader, table: &Table<'_>, values: Values) -> NoticeWords {
    let mut known = vec![
        "question",
        "default",
        "label-keeps",
        "label-purpose",
        "label-basis",
        "label-until",
        "until-last-purchase",
        "who",
        "copies",
        "rights",
        "complaint",
    ];
    let label = Text::plain(TITLE);
    // What counts without an answer is decided by `default` alone, so its words name that choice.
    let of_format_2: &[(&str, usize)] = if values.format == Policy::FORMAT { &[CHOICE] } else { &[] };
    let names: Vec<&str> = of_format_2.iter().map(|(name, _)| *name).collect();
    let default = Text { limit: SENTENCE, values: of_format_2, required: &names };
    let renewed = Text { limit: PARAGRAPH, values: &[YEARS, ("date", DATE)], required: &["years", "date"] };
    let mut words = NoticeWords {
        question: Text::plain(SENTENCE).read(reader, table, "question"),
        default: default.read(reader, table, "default"),
        label_keeps: label.read(reader, table, "label-keeps"),
        label_purpose: label.read(reader, table, "label-purpose"),
        label_basis: label.read(reader, table, "label-basis"),
        label_until: label.read(reader, table, "label-until"),
        until_last_purchase: match values.last_purchase {
            true => renewed.read(reader, table, "until-last-purchase"),
            false => String::new(),
        },
        who: section(reader, table, "who", &[]),
        copies: section(reader, table, "copies", if values.backup_days { &[BACKUP_DAYS] } else { &[] }),
        rights: section(reader, table, "rights", &[]),
        complaint: section(reader, table, "complaint", &[]),
        ..NoticeWords::default()
    };
    if values.format == Policy::FORMAT {
        known.extend(["until-ticket", "until-counts", "until-items", "until-profile", "until-renewed"]);
        known.extend(["until-sooner", "controller", "answer"]);
        let mut until = |key, date| {
            Text { limit: SHORT, values: &[(date, DATE)], required: &[date] }.read(reader, table, key)
        };
        words.until_ticket = until("until-ticket", "ticket-date");
        words.until_counts = until("until-counts", "counts-date");
        words.until_items = until("until-items", "date");
        words.until_profile = until("until-profile", "date");
        if values.last_purchase {
            words.until_renewed = until("until-renewed", "date");
        }
        words.until_sooner = Text::plain(SHORT).read(reader, table, "until-sooner");
        words.controller = section(reader, table, "controller", &CONTROLLER);
        words.answer = section(reader, table, "answer", of_format_2);
    } else {
        known.push("until-customer");
        words.until_customer = Text::plain(SHORT).read(reader, table, "until-customer");
    }
    reader.only(table, &known);
    words
}

/// The texts of a section. Each of `values` must stand in one of them.
fn section(reader: &mut Reader, parent: &Table<'_>, key: &str, values: &[(&'static str, usize)]) -> Section {
    let Some(entry) = reader.find(parent, key) else {
        reader.refuse(parent.line, parent.key(key), Kind::MissingText);
        return Section::default();
    };
    let Some(table) = reader.table(&entry) else { return Section::default() };
    reader.only(&table, &["heading", "text"]);
    let heading = Text::plain(SENTENCE).read(reader, &table, "heading");
    let Some(entry) = reader.find(&table, "text") else {
        reader.refuse(table.line, table.key("text"), Kind::MissingText);
        return Section::default();
    };
    let texts = reader.list(&entry).unwrap_or_default();
    let form = Text { limit: PARAGRAPH, values, required: &[] };
    let paragraphs: Vec<String> =
        texts.into_iter().map(|text| form.checked(reader, &entry.path, text)).collect();
    for &(name, _) in values {
        if !paragraphs.iter().any(|text| text.contains(&format!("{{{name}}}"))) {
            reader.refuse(entry.line, entry.path.clone(), Kind::MissingPlaceholder { name });
        }
    }
    Section { heading, paragraphs }
}
