//! Why a configuration is refused: a line, a key and a kind, and the words for them.

use crate::domain::settings::Store;
use crate::locale::Locale;

/// One refusal. A configuration with any refusal is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Line of the file, from 1.
    pub line: usize,
    /// Dotted key that it is about, such as `store.language`; empty where the file cannot be read.
    pub key: String,
    pub kind: ConfigErrorKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigErrorKind {
    /// The line does not follow TOML 1.0.
    NotToml,
    /// A key that is there twice.
    Duplicate,
    /// A key that the program does not know, and the one that may be meant.
    UnknownKey { suggestion: Option<String> },
    /// A key that must be there.
    Missing,
    /// A key of the keyboard that does something else on the same screen.
    KeyTaken {
        found: String,
        /// The other action.
        by: String,
    },
    /// A key of the keyboard that writes, on a screen that takes text.
    KeyWrites { found: String },
    BadValue {
        /// As it stands in the file, cut short.
        found: String,
        expected: Expected,
    },
}

/// What a value should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Table,
    Text {
        longest: usize,
    },
    TaxId,
    Language,
    Currency,
    Series,
    DiallingCode,
    CashStep,
    Rate,
    YesNo,
    Theme,
    Columns,
    Rules,
    Prefix,
    Digits,
    Holds,
    /// The parts of a rule must make 13 digits; they make `count`.
    Thirteen {
        count: u32,
    },
    /// Only a value of 4 or 5 digits has a check digit of its own.
    CheckedValue,
    Keys,
    /// Of proxies, in a hub's configuration.
    Addresses,
    /// Of a certificate, there too.
    Fingerprint,
}

impl ConfigError {
    /// What is wrong, in a sentence.
    pub fn reason(&self, locale: &Locale) -> String {
        let key = [("key", self.key.as_str().into())];
        match &self.kind {
            ConfigErrorKind::NotToml => locale.format("config-not-toml", &[]),
            ConfigErrorKind::Duplicate => locale.format("config-duplicate", &[]),
            ConfigErrorKind::UnknownKey { .. } => locale.format("config-unknown-key", &key),
            ConfigErrorKind::Missing => locale.format("config-missing", &key),
            ConfigErrorKind::KeyTaken { found, by } => locale.format(
                "config-key-taken",
                &[("key", (&self.key).into()), ("found", found.into()), ("by", by.into())],
            ),
            ConfigErrorKind::KeyWrites { found } => {
                locale.format("config-key-writes", &[("key", (&self.key).into()), ("found", found.into())])
            }
            ConfigErrorKind::BadValue { found, .. } => locale
                .format("config-bad-value", &[("key", self.key.as_str().into()), ("found", found.into())]),
        }
    }

    /// What to do about it, in a sentence.
    pub fn remedy(&self, locale: &Locale) -> String {
        match &self.kind {
            ConfigErrorKind::NotToml => locale.format("config-remedy-toml", &[]),
            ConfigErrorKind::Duplicate => locale.format("config-remedy-duplicate", &[]),
            ConfigErrorKind::UnknownKey { suggestion: Some(key) } => {
                locale.format("config-remedy-meant", &[("key", key.into())])
            }
            ConfigErrorKind::UnknownKey { suggestion: None } => locale.format("config-remedy-unknown", &[]),
            ConfigErrorKind::Missing => {
                locale.format("config-remedy-missing", &[("key", (&self.key).into())])
            }
            ConfigErrorKind::KeyTaken { .. } => locale.format("config-remedy-key-taken", &[]),
            ConfigErrorKind::KeyWrites { .. } => locale.format("config-remedy-key-writes", &[]),
            ConfigErrorKind::BadValue { expected, .. } => expected.remedy(locale),
        }
    }
}

impl Expected {
    fn remedy(self, locale: &Locale) -> String {
        let words = |key| locale.format(key, &[]);
        match self {
            Expected::Table => words("config-want-table"),
            Expected::Text { longest } => locale.format("config-want-text", &[("longest", longest.into())]),
            Expected::TaxId => locale.format("config-want-tax-id", &[("longest", Store::LONGEST_ID.into())]),
            Expected::Language => words("config-want-language"),
            Expected::Currency => words("config-want-currency"),
            Expected::Series => locale.format("config-want-series", &[("longest", Store::LONGEST_ID.into())]),
            Expected::DiallingCode => words("config-want-dialling-code"),
            Expected::CashStep => words("config-want-cash-step"),
            Expected::Rate => words("config-want-rate"),
            Expected::YesNo => words("config-want-yes-no"),
            Expected::Theme => words("config-want-theme"),
            Expected::Columns => words("config-want-columns"),
            Expected::Rules => words("config-want-rules"),
            Expected::Prefix => words("config-want-prefix"),
            Expected::Digits => words("config-want-digits"),
            Expected::Holds => words("config-want-holds"),
            Expected::Thirteen { count } => locale.format("config-want-thirteen", &[("count", count.into())]),
            Expected::CheckedValue => words("config-want-checked-value"),
            Expected::Keys => words("config-want-keys"),
            Expected::Addresses => words("config-want-addresses"),
            Expected::Fingerprint => words("config-want-fingerprint"),
        }
    }
}
