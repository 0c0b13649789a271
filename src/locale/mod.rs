//! The words and numbers of every screen, in every language: `assets/locale/<code>/*.ftl`,
//! compiled in, parsed at the first use of a language.

use std::borrow::Cow;
use std::sync::OnceLock;

use chrono::{NaiveDate, NaiveTime, Timelike};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use crate::domain::money::{Currency, Money, format_fixed};
use crate::domain::quantity::{Quantity, Unit};
use crate::domain::tax::TaxRate;

pub mod policy;

pub use crate::domain::language::{Language, UnknownLanguage};

/// One line here adds an area; every area has a file in every language.
macro_rules! areas {
    ($($area:literal),+ $(,)?) => {
        const SPANISH: &[&str] = &[$(include_str!(concat!("../../assets/locale/es/", $area, ".ftl"))),+];
        const ENGLISH: &[&str] = &[$(include_str!(concat!("../../assets/locale/en/", $area, ".ftl"))),+];
    };
}

areas![
    "choice", "cli", "common", "error", "hub", "import", "pay", "policy", "receipt", "records", "ring",
    "sell", "setup", "sync",
];

/// The words, and the way of writing numbers and days, of one language.
pub struct Locale {
    language: Language,
    messages: FluentBundle<FluentResource>,
}

/// A value put into a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg<'a> {
    Text(Cow<'a, str>),
    /// Chooses plural forms; written without grouping.
    Number(i64),
}

impl Locale {
    /// The locale of a language; parsed once, then shared by all threads.
    pub fn of(language: Language) -> &'static Locale {
        static LOCALES: [OnceLock<Locale>; 2] = [OnceLock::new(), OnceLock::new()];
        let (slot, sources) = match language {
            Language::Spanish => (&LOCALES[0], SPANISH),
            Language::English => (&LOCALES[1], ENGLISH),
        };
        slot.get_or_init(|| Locale::new(language, sources))
    }

    fn new(language: Language, sources: &[&str]) -> Locale {
        let identifier = language.code().parse().expect("ISO 639-1 codes are language identifiers");
        let mut messages = FluentBundle::new_concurrent(vec![identifier]);
        // Terminals and receipt printers show Unicode isolation marks as rubbish.
        messages.set_use_isolating(false);
        for source in sources {
            // A test proves that the shipped files have no errors; what parses is used anyway.
            let resource =
                FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(resource, _)| resource);
            messages.add_resource_overriding(resource);
        }
        Locale { language, messages }
    }

    /// The language of this locale.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The sentence `key`, or `[key]` where there is none.
    pub fn text(&'static self, key: &str) -> Cow<'static, str> {
        match self.messages.get_message(key).and_then(|message| message.value()) {
            Some(pattern) => self.messages.format_pattern(pattern, None, &mut Vec::new()),
            None => Cow::Owned(format!("[{key}]")),
        }
    }

    /// The sentence `key` with its variables filled in, or `[key]` where there is none.
    pub fn format(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        let Some(pattern) = self.messages.get_message(key).and_then(|message| message.value()) else {
            return format!("[{key}]");
        };
        let args: FluentArgs<'_> = args.iter().map(|(name, arg)| (*name, arg.fluent())).collect();
        self.messages.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned()
    }

    /// An amount without its currency: `1.234,56`, `1,234.56`.
    pub fn money(&self, amount: Money, currency: &Currency) -> String {
        self.number(amount.0, currency.decimals)
    }

    /// An amount with the currency's sign: `2,30 €`, `€2.30`.
    pub fn money_signed(&self, amount: Money, currency: &Currency) -> String {
        let sign = currency.sign.as_str();
        let number = self.money(amount, currency);
        if self.language == Language::Spanish {
            return format!("{number} {sign}");
        }
        let (minus, number) = match number.strip_prefix('−') {
            Some(rest) => ("−", rest),
            None => ("", number.as_str()),
        };
        let gap = if sign.ends_with(char::is_alphabetic) { " " } else { "" };
        format!("{minus}{sign}{gap}{number}")
    }

    /// Pieces as `2`, a weight as `0,482 kg`.
    pub fn quantity(&self, quantity: Quantity, unit: Unit) -> String {
        match unit {
            Unit::Piece => self.number(quantity.thousandths() / 1000, 0),
            Unit::Kilogram => format!("{} kg", self.number(quantity.thousandths(), 3)),
        }
    }

    /// A tax rate: `5,2 %`, `5.2%`.
    pub fn percent(&self, rate: TaxRate) -> String {
        match self.language {
            Language::Spanish => format!("{} %", rate.decimal().replace('.', ",")),
            Language::English => format!("{}%", rate.decimal()),
        }
    }

    /// A day: `23.11.2032`, `23 Nov 2032`.
    pub fn date(&self, date: NaiveDate) -> String {
        self.language.date(date)
    }

    /// Hours and minutes: `18:42`.
    pub fn time(&self, time: NaiveTime) -> String {
        format!("{:02}:{:02}", time.hour(), time.minute())
    }

    /// A whole number scaled by 10^`decimals`, grouped by thousands, with a true minus sign.
    pub fn number(&self, value: i64, decimals: u8) -> String {
        let (point, group) = match self.language {
            Language::Spanish => (',', '.'),
            Language::English => ('.', ','),
        };
        format_fixed(value, decimals, point, Some(group)).replace('-', "−")
    }
}

impl std::fmt::Debug for Locale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Locale({})", self.language)
    }
}

impl Arg<'_> {
    fn fluent(&self) -> FluentValue<'_> {
        match self {
            Arg::Text(text) => FluentValue::String(Cow::Borrowed(text)),
            Arg::Number(number) => FluentValue::from(*number),
        }
    }
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Arg<'a> {
        Arg::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Arg<'a> {
        Arg::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Arg<'_> {
    fn from(text: String) -> Self {
        Arg::Text(Cow::Owned(text))
    }
}

impl From<i64> for Arg<'_> {
    fn from(number: i64) -> Self {
        Arg::Number(number)
    }
}

impl From<u32> for Arg<'_> {
    fn from(number: u32) -> Self {
        Arg::Number(i64::from(number))
    }
}

impl From<usize> for Arg<'_> {
    fn from(number: usize) -> Self {
        Arg::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests;
