//! `config.toml`: what it may say, and why it is refused.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::domain::barcode::{Embeds, RuleError, VariableRule, VariableRules};
use crate::domain::language::Language;
use crate::domain::money::Currency;
use crate::domain::settings::{ReceiptSettings, Selling, Settings, Store, Theme};
use crate::domain::tax::TaxRate;
use crate::domain::text::{Place, quotable};
use crate::locale::Locale;
use crate::ui::keymap::{KeyError, Keymap};

pub use super::config_error::{ConfigError, ConfigErrorKind, Expected};

/// The file that a new store starts with; every key is there, with a comment above it.
pub const SHIPPED: &str = include_str!("../../assets/config.toml");

/// The keys of each table. `[keys]` has those of the keymap.
const TABLES: [(&str, &[&str]); 7] = [
    ("store", &["name", "tax-id", "goods", "language", "currency", "till", "series", "dialling-code"]),
    ("selling", &["cash-step", "default-tax"]),
    ("barcodes", &["variable"]),
    ("customer-screen", &["turned"]),
    ("display", &["theme", "reduced-motion"]),
    ("receipt", &["columns"]),
    ("keys", &[]),
];
const RULE: [&str; 5] = ["prefix", "item", "value", "holds", "check"];

/// Reads a configuration. A key that is not there has its default, but for those of `[store]`,
/// which are required. Errors: every refusal found, in the order of their lines.
pub fn parse(text: &str) -> Result<Settings, Vec<ConfigError>> {
    let root = DeTable::parse(text).map_err(|error| {
        let duplicate = error.message().contains("duplicate");
        let kind = if duplicate { ConfigErrorKind::Duplicate } else { ConfigErrorKind::NotToml };
        vec![ConfigError {
            line: line_of(text, error.span().map_or(0, |s| s.start)),
            key: String::new(),
            kind,
        }]
    })?;
    let mut reader = Reader { text, root: root.get_ref(), errors: Vec::new() };
    reader.refuse_unknown();
    let mut settings = Settings::default();
    reader.store(&mut settings.store);
    reader.rest(&mut settings);
    reader.keys(&mut settings);
    reader.errors.sort_by_key(|error| error.line);
    if reader.errors.is_empty() { Ok(settings) } else { Err(reader.errors) }
}

/// `template` with the answers of the set-up under `[store]`, all else and all comments as they
/// were. Keys that the template lacks are left out.
pub fn fill(template: &str, store: &Store) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let answers = [
        ("name", quoted(&store.name)),
        ("tax-id", quoted(&store.tax_id)),
        ("goods", quoted(&store.goods)),
        ("language", quoted(store.language.code())),
        ("currency", quoted(&store.currency.code)),
        ("till", quoted(&store.till)),
        ("series", quoted(&store.series)),
        ("dialling-code", quoted(&store.dialling_code)),
    ];
    let mut table = "";
    let mut filled = String::with_capacity(template.len() + 64);
    for line in template.split_inclusive('\n') {
        let trimmed = line.trim();
        if trimmed.starts_with('[') {
            table = trimmed;
        }
        let key = trimmed.split('=').next().unwrap_or_default().trim();
        match answers.iter().find(|(name, _)| table == "[store]" && *name == key) {
            Some((name, value)) => filled.push_str(&format!("{name} = {value}\n")),
            None => filled.push_str(line),
        }
    }
    filled
}

struct Reader<'a> {
    text: &'a str,
    root: &'a DeTable<'a>,
    errors: Vec<ConfigError>,
}

impl<'a> Reader<'a> {
    fn store(&mut self, store: &mut Store) {
        use Expected as E;
        let is = |check: fn(&str) -> bool| {
            move |value: &DeValue<'_>| text(value).map(str::trim).filter(|t| check(t)).map(str::to_owned)
        };
        let name = E::Text { longest: Store::LONGEST_NAME };
        self.required(&mut store.name, "name", name, |v| Store::named(text(v)?));
        self.required(&mut store.tax_id, "tax-id", E::TaxId, is(Store::is_tax_id));
        self.required(&mut store.language, "language", E::Language, |v| {
            Language::ALL.into_iter().find(|language| Some(language.code()) == text(v))
        });
        // Files of up to 0.2.0 do not have it.
        store.goods = Locale::of(store.language).text("init-goods").into_owned();
        self.optional(&mut store.goods, "store", "goods", name, |v| Store::named(text(v)?));
        self.required(&mut store.currency, "currency", E::Currency, |v| Currency::from_code(text(v)?));
        self.required(&mut store.till, "till", E::Text { longest: Store::LONGEST_ID }, |v| {
            Store::till_named(text(v)?)
        });
        self.required(&mut store.series, "series", E::Series, is(Store::is_series));
        let code = is(Store::is_dialling_code);
        self.required(&mut store.dialling_code, "dialling-code", E::DiallingCode, code);
    }

    fn rest(&mut self, settings: &mut Settings) {
        use Expected as E;
        let selling = &mut settings.selling;
        self.optional(&mut selling.cash_step, "selling", "cash-step", E::CashStep, |v| {
            integer(v).filter(|step| Selling::CASH_STEPS.contains(step))
        });
        self.optional(&mut selling.default_tax, "selling", "default-tax", E::Rate, rate);
        self.rules(&mut settings.barcodes.variable);
        let turned = &mut settings.customer_screen.turned;
        self.optional(turned, "customer-screen", "turned", E::YesNo, yes_no);
        let display = &mut settings.display;
        self.optional(&mut display.theme, "display", "theme", E::Theme, |v| {
            Theme::ALL.into_iter().find(|theme| Some(theme.id()) == text(v))
        });
        let reduced = &mut display.reduced_motion;
        self.optional(reduced, "display", "reduced-motion", E::YesNo, yes_no);
        self.optional(&mut settings.receipt.columns, "receipt", "columns", E::Columns, |v| {
            u16::try_from(integer(v)?).ok().filter(|columns| ReceiptSettings::COLUMNS.contains(columns))
        });
    }

    /// The keymap judges all new keys together, since two actions may change places.
    fn keys(&mut self, settings: &mut Settings) {
        let Some(table) = self.table("keys") else { return };
        let mut wanted = BTreeMap::new();
        for (name, value) in table {
            let key = || format!("keys.{}", name.get_ref());
            let Some(entries) = value.get_ref().as_array() else {
                self.bad_value(value, key(), Expected::Keys);
                continue;
            };
            let texts: Option<Vec<String>> =
                entries.iter().map(|entry| text(entry.get_ref()).map(str::to_owned)).collect();
            match texts {
                Some(texts) => drop(wanted.insert(name.get_ref().to_string(), texts)),
                None => self.bad_value(value, key(), Expected::Keys),
            }
        }
        while let Err(error) = Keymap::with(&wanted) {
            let (KeyError::UnknownAction { action, .. }
            | KeyError::NotAKey { action, .. }
            | KeyError::NoKey { action }
            | KeyError::Taken { action, .. }
            | KeyError::Writes { action, .. }) = &error;
            // A key taken from an action that keeps its usual ones is the fault of the new one.
            let by = if let KeyError::Taken { by, .. } = &error { *by } else { "" };
            let new = [action.as_str(), by].into_iter().find(|name| wanted.contains_key(*name));
            let Some(at_fault) = new.or(wanted.keys().next().map(String::as_str)).map(str::to_owned) else {
                break;
            };
            self.refuse_key(table, &at_fault, error);
            wanted.remove(&at_fault);
        }
        settings.keys = wanted;
    }

    fn refuse_key(&mut self, table: &DeTable<'a>, action: &str, error: KeyError) {
        let Some((name, value)) = table.get_key_value(action) else { return };
        let key = format!("keys.{action}");
        let kind = match error {
            KeyError::UnknownAction { known, .. } => {
                let known = known.iter().map(|known| (0, format!("keys.{known}")));
                ConfigErrorKind::UnknownKey { suggestion: nearest(action, known) }
            }
            KeyError::NotAKey { .. } | KeyError::NoKey { .. } => {
                return self.bad_value(value, key, Expected::Keys);
            }
            KeyError::Taken { key, action: other, by } => {
                let by = if other == action { by.to_owned() } else { other };
                ConfigErrorKind::KeyTaken { found: key, by }
            }
            KeyError::Writes { key, .. } => ConfigErrorKind::KeyWrites { found: key },
        };
        self.refuse(name.span().start, key, kind);
    }

    fn rules(&mut self, rules: &mut VariableRules) {
        let Some(value) = self.table("barcodes").and_then(|table| table.get("variable")) else { return };
        let key = || "barcodes.variable".to_owned();
        let Some(entries) = value.get_ref().as_array() else {
            return self.bad_value(value, key(), Expected::Rules);
        };
        for entry in entries {
            match entry.get_ref().as_table() {
                Some(table) => rules.0.extend(self.rule(entry, table)),
                None => self.bad_value(entry, key(), Expected::Rules),
            }
        }
    }

    fn rule(&mut self, entry: &Spanned<DeValue<'a>>, table: &DeTable<'a>) -> Option<VariableRule> {
        let before = self.errors.len();
        for name in table.keys().filter(|name| !RULE.contains(&name.get_ref().as_ref())) {
            let known = RULE.iter().map(|key| (0, format!("barcodes.variable.{key}")));
            let suggestion = nearest(name.get_ref(), known);
            let key = format!("barcodes.variable.{}", name.get_ref());
            self.refuse(name.span().start, key, ConfigErrorKind::UnknownKey { suggestion });
        }
        let digits = |v: &DeValue<'_>| u8::try_from(integer(v)?).ok().filter(|n| (1..=9).contains(n));
        let prefix = self.part(entry, table, "prefix", Expected::Prefix, |v| Some(text(v)?.to_owned()));
        let item = self.part(entry, table, "item", Expected::Digits, digits);
        let value = self.part(entry, table, "value", Expected::Digits, digits);
        let holds = self.part(entry, table, "holds", Expected::Holds, |v| match text(v)? {
            "price" => Some(Embeds::Price),
            "weight" => Some(Embeds::Weight),
            _ => None,
        });
        let check = self.part(entry, table, "check", Expected::YesNo, yes_no);
        if self.errors.len() > before {
            return None;
        }
        match VariableRule::new(&prefix?, item?, value?, holds?, check?) {
            Ok(rule) => return Some(rule),
            Err(RuleError::Prefix) => {
                let at = table.get("prefix").unwrap_or(entry);
                self.bad_value(at, "barcodes.variable.prefix".to_owned(), Expected::Prefix);
            }
            Err(RuleError::Length(count)) => {
                self.bad_value(entry, "barcodes.variable".to_owned(), Expected::Thirteen { count });
            }
            Err(RuleError::ValueCheck) => {
                self.bad_value(entry, "barcodes.variable.check".to_owned(), Expected::CheckedValue);
            }
        }
        None
    }

    fn part<T>(
        &mut self,
        entry: &Spanned<DeValue<'a>>,
        table: &DeTable<'a>,
        name: &str,
        expected: Expected,
        read: impl Fn(&DeValue<'_>) -> Option<T>,
    ) -> Option<T> {
        let key = format!("barcodes.variable.{name}");
        let Some(value) = table.get(name) else {
            self.refuse(entry.span().start, key, ConfigErrorKind::Missing);
            return None;
        };
        let found = read(value.get_ref());
        if found.is_none() {
            self.bad_value(value, key, expected);
        }
        found
    }

    fn required<T>(
        &mut self,
        place: &mut T,
        name: &str,
        expected: Expected,
        read: impl Fn(&DeValue<'_>) -> Option<T>,
    ) {
        if self.table("store").is_some_and(|table| table.contains_key(name)) {
            return self.optional(place, "store", name, expected, read);
        }
        let at = self.root.get_key_value("store").map_or(0, |(header, _)| header.span().start);
        self.refuse(at, format!("store.{name}"), ConfigErrorKind::Missing);
    }

    fn optional<T>(
        &mut self,
        place: &mut T,
        table: &str,
        name: &str,
        expected: Expected,
        read: impl Fn(&DeValue<'_>) -> Option<T>,
    ) {
        let Some(value) = self.table(table).and_then(|table| table.get(name)) else { return };
        match read(value.get_ref()) {
            Some(read) => *place = read,
            None => self.bad_value(value, format!("{table}.{name}"), expected),
        }
    }

    fn table(&self, name: &str) -> Option<&'a DeTable<'a>> {
        self.root.get(name)?.get_ref().as_table()
    }

    fn refuse_unknown(&mut self) {
        let all = || {
            TABLES
                .iter()
                .flat_map(|(table, keys)| keys.iter().map(move |key| (*table, format!("{table}.{key}"))))
        };
        for (name, value) in self.root {
            let table = name.get_ref().as_ref();
            let Some((_, keys)) = TABLES.iter().find(|(known, _)| *known == table) else {
                let tables = TABLES.iter().map(|(table, _)| (0, (*table).to_owned()));
                let suggestion = nearest(table, tables.chain(all().map(|(_, key)| (1, key))));
                self.refuse(name.span().start, table.to_owned(), ConfigErrorKind::UnknownKey { suggestion });
                continue;
            };
            let Some(entries) = value.get_ref().as_table() else {
                self.bad_value(value, table.to_owned(), Expected::Table);
                continue;
            };
            if table == "keys" {
                continue;
            }
            for entry in entries.keys().filter(|entry| !keys.contains(&entry.get_ref().as_ref())) {
                let known = all().map(|(other, key)| (usize::from(other != table), key));
                let suggestion = nearest(entry.get_ref(), known);
                let key = format!("{table}.{}", entry.get_ref());
                self.refuse(entry.span().start, key, ConfigErrorKind::UnknownKey { suggestion });
            }
        }
    }

    fn bad_value(&mut self, value: &Spanned<DeValue<'_>>, key: String, expected: Expected) {
        let whole = self.text.get(value.span()).unwrap_or_default();
        // A card's number in the wrong place is not repeated.
        let line = quotable(whole.lines().next().unwrap_or_default(), Place::Shop);
        let found: String = line.chars().take(40).collect();
        let found = if found.len() < whole.len() { found + "…" } else { found };
        self.refuse(value.span().start, key, ConfigErrorKind::BadValue { found, expected });
    }

    fn refuse(&mut self, at: usize, key: String, kind: ConfigErrorKind) {
        self.errors.push(ConfigError { line: line_of(self.text, at), key, kind });
    }
}

fn text<'v>(value: &'v DeValue<'_>) -> Option<&'v str> {
    value.as_str()
}

fn yes_no(value: &DeValue<'_>) -> Option<bool> {
    value.as_bool()
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// `21`, `5.2` or `"5,2"`, read as text: no floating point.
fn rate(value: &DeValue<'_>) -> Option<TaxRate> {
    match value {
        DeValue::String(text) => TaxRate::parse(text),
        DeValue::Float(number) => TaxRate::parse(number.as_str()),
        value => TaxRate::parse(&integer(value)?.to_string()),
    }
}

/// Line of a byte, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count()
}

/// The dotted key whose last part is most like `name`, if one is like it; each key comes with a
/// handicap.
pub(super) fn nearest(name: &str, keys: impl Iterator<Item = (usize, String)>) -> Option<String> {
    let name = name.to_lowercase();
    keys.map(|(handicap, key)| {
        let last = key.rsplit('.').next().unwrap_or_default();
        let distance = edit_distance(&name, last);
        (distance, handicap, key)
    })
    .filter(|(distance, _, key)| {
        *distance <= 2 && *distance < key.rsplit('.').next().map_or(0, str::len) / 2 + 1
    })
    .min()
    .map(|(_, _, key)| key)
}

/// Letters to add, take out or change to get from one to the other (Levenshtein). Texts longer
/// than any key are not compared.
fn edit_distance(from: &str, to: &str) -> usize {
    const LONGEST: usize = 40;
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    if from.len() > LONGEST || to.len() > LONGEST {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
