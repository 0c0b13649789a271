//! The languages in which Olvido speaks.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

/// A language of screens, receipts and notices, by its ISO 639-1 code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Language {
    #[default]
    #[serde(rename = "es")]
    Spanish,
    #[serde(rename = "en")]
    English,
}

/// The text is not the code of a language in [`Language::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownLanguage;

impl Language {
    pub const ALL: [Language; 2] = [Language::Spanish, Language::English];

    /// ISO 639-1 code, lower case.
    pub fn code(self) -> &'static str {
        match self {
            Language::Spanish => "es",
            Language::English => "en",
        }
    }

    /// What its speakers call it.
    pub fn own_name(self) -> &'static str {
        match self {
            Language::Spanish => "Español",
            Language::English => "English",
        }
    }

    /// A day as people write it: `23.11.2032`, `23 Nov 2032`.
    pub fn date(self, date: NaiveDate) -> String {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (day, month, year) = (date.day(), date.month(), date.year());
        match self {
            Language::Spanish => format!("{day:02}.{month:02}.{year}"),
            Language::English => format!("{day} {} {year}", MONTHS[date.month0() as usize]),
        }
    }
}

impl Language {
    /// A number of years in words: `3 años`, `1 year`.
    pub fn years(self, years: u32) -> String {
        let word = match (self, years) {
            (Language::Spanish, 1) => "año",
            (Language::Spanish, _) => "años",
            (Language::English, 1) => "year",
            (Language::English, _) => "years",
        };
        format!("{years} {word}")
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// Reads a code; case and a region (`es_ES`, `en-GB`) do not matter.
    fn from_str(text: &str) -> Result<Language, UnknownLanguage> {
        let code = text.trim().split(['-', '_', '.']).next().unwrap_or_default();
        Language::ALL.into_iter().find(|l| l.code().eq_ignore_ascii_case(code)).ok_or(UnknownLanguage)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for UnknownLanguage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a language of this program (es, en)")
    }
}

impl std::error::Error for UnknownLanguage {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_with_or_without_region() {
        for (text, expected) in [
            ("es", Ok(Language::Spanish)),
            (" EN ", Ok(Language::English)),
            ("es_ES.UTF-8", Ok(Language::Spanish)),
            ("en-GB", Ok(Language::English)),
            ("fr", Err(UnknownLanguage)),
            ("", Err(UnknownLanguage)),
        ] {
            assert_eq!(text.parse(), expected, "{text:?}");
        }
    }

    #[test]
    fn days() {
        let day = NaiveDate::from_ymd_opt(2032, 2, 3).unwrap();
        assert_eq!(Language::Spanish.date(day), "03.02.2032");
        assert_eq!(Language::English.date(day), "3 Feb 2032");
        assert_eq!([1, 3].map(|n| Language::Spanish.years(n)), ["1 año", "3 años"]);
        assert_eq!([1, 3].map(|n| Language::English.years(n)), ["1 year", "3 years"]);
    }
}
