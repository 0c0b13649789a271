//! `olvido policy show` and `olvido policy check`.

use std::io::Write;

use anyhow::Result;
use chrono::NaiveDate;

use crate::domain::language::Language;
use crate::domain::policy::{Change, FullNotice, Policy, judge, warnings};
use crate::domain::settings::Store;
use crate::locale::policy::{change, effect, refusal, warning};
use crate::locale::{Arg, Locale};

mod record;

/// Columns of what is printed: what a terminal of 80 leaves beside a margin.
const WIDTH: usize = 76;

/// A policy to be printed as of a day.
pub struct Told<'a> {
    pub policy: &'a Policy,
    /// In this language; where it is not given, the shop's.
    pub only: Option<Language>,
    /// Whose policy it is, if there is a store yet.
    pub store: Option<&'a Store>,
    pub today: NaiveDate,
}

impl Told<'_> {
    /// Prints the whole notice as the customer would read it for a sale of today, in one language or
    /// in each of the policy's, the shop's own first.
    ///
    /// Errors: `out` cannot be written.
    pub fn show(&self, out: &mut impl Write) -> Result<()> {
        let first = self.language();
        let others = self.policy.languages.iter().filter(|language| **language != first);
        let others: Vec<Language> = others.copied().filter(|_| self.only.is_none()).collect();
        print(&self.policy.full_notice(first, self.today, self.store), out)?;
        for language in others {
            writeln!(out)?;
            print(&self.policy.full_notice(language, self.today, self.store), out)?;
        }
        Ok(())
    }

    fn language(&self) -> Language {
        let shop = self.store.map_or(self.policy.languages[0], |store| store.language);
        self.policy.language(self.only.unwrap_or(shop))
    }
}

fn print(notice: &FullNotice, out: &mut impl Write) -> Result<()> {
    let version = [("version", Arg::from(notice.version))];
    let title = Locale::of(notice.language).format("policy-version", &version);
    writeln!(out, "{title} · {}", notice.language.own_name())?;
    for section in &notice.sections {
        writeln!(out, "\n{}", section.heading)?;
        for paragraph in &section.paragraphs {
            wrapped("  ", paragraph, out)?;
        }
    }
    Ok(())
}

/// Judges a changed policy: says what it widens, narrows or rewords beside the one in use (its text first), and what
/// in it may steer a customer, or lists its refusals, each with its line, reason and remedy. Returns
/// whether it can be used.
///
/// Errors: `out` cannot be written.
pub fn check(
    (in_use, current): &(String, Policy),
    file_text: &str,
    file_name: &str,
    language: Language,
    out: &mut impl Write,
) -> Result<bool> {
    let locale = Locale::of(language);
    let file = ("file", Arg::from(file_name));
    match judge(current, in_use, file_text) {
        Ok(changes) => {
            writeln!(out, "{}", locale.format("policy-accepted", std::slice::from_ref(&file)))?;
            if changes.is_empty() {
                writeln!(out, "{}", locale.text("policy-same"))?;
            }
            effects(&changes, file_text, file_name, locale, out)?;
            Ok(true)
        }
        Err(refusals) => {
            let count = ("count", Arg::from(refusals.len()));
            writeln!(out, "{}", locale.format("policy-refused", &[file.clone(), count]))?;
            for error in &refusals {
                let words = refusal(locale, error);
                let line = ("line", Arg::from(error.line));
                let reason = ("reason", Arg::from(words.reason));
                writeln!(out, "\n{}", locale.format("policy-line", &[file.clone(), line, reason]))?;
                wrapped("  ", &words.remedy, out)?;
            }
            Ok(false)
        }
    }
}

/// Says what a policy changes, and what in it may steer a customer.
///
/// Errors: `out` cannot be written.
pub fn effects(
    changes: &[Change],
    file_text: &str,
    file_name: &str,
    locale: &'static Locale,
    out: &mut impl Write,
) -> Result<()> {
    for found in changes {
        let line = format!("{}: {}", effect(locale, found.effect), change(locale, found));
        wrapped("  ", &line, out)?;
    }
    for found in &warnings(file_text) {
        let words = warning(locale, found);
        let place =
            [("file", Arg::from(file_name)), ("line", found.line.into()), ("reason", words.reason.into())];
        writeln!(out, "\n{}", locale.format("policy-warning", &place))?;
        wrapped("  ", &words.remedy, out)?;
    }
    Ok(())
}

/// Writes a paragraph in lines of at most [`WIDTH`] columns; a longer word stands alone.
fn wrapped(margin: &str, text: &str, out: &mut impl Write) -> Result<()> {
    let mut column = 0;
    for word in text.split(' ') {
        let width = unicode_width::UnicodeWidthStr::width(word);
        if column > 0 && column + 1 + width > WIDTH {
            writeln!(out)?;
            column = 0;
        }
        let before = if column == 0 { margin } else { " " };
        write!(out, "{before}{word}")?;
        column += before.len() + width;
    }
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::SHIPPED;

    fn judged(text: &str, language: Language) -> (bool, String) {
        let mut out = Vec::new();
        let good =
            check(&(SHIPPED.to_owned(), Policy::shipped()), text, "policy.toml", language, &mut out).unwrap();
        (good, String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_notice_as_the_customer_sees_it() {
        let mut out = Vec::new();
        let today = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let store = Store { language: Language::English, ..Store::default() };
        let policy = Policy::shipped();
        let told = Told { policy: &policy, only: None, store: Some(&store), today };
        told.show(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH + 2), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_change_is_judged() {
        let text = SHIPPED
            .replace("version = 2", "version = 3")
            .replace("term = { years = 3 }", "term = { days = 30 }")
            .replace("\"history\", \"offers\"", "\"history\"")
            .replace("ticket-detail = \"shop\"", "ticket-detail = \"products\"")
            .replace("Olvidar esta compra", "Olvidar");
        let (good, words) = judged(&text, Language::English);
        assert!(good);
        insta::assert_snapshot!(words);
        let (good, words) = judged(SHIPPED, Language::Spanish);
        assert!(good);
        assert_eq!(
            words,
            "policy.toml: la política se puede usar.\nGuarda y dice lo mismo que la que está en uso.\n"
        );
    }

    #[test]
    fn a_refusal_names_line_reason_and_remedy() {
        let text = SHIPPED
            .replace("default = \"forget\"", "default = \"remember\"")
            .replace("purpose = \"Solo lo que usted marque.\"\n", "");
        for language in Language::ALL {
            let (good, words) = judged(&text, language);
            assert!(!good);
            insta::assert_snapshot!(format!("refusal_{language}"), words);
        }
    }

    #[test]
    fn what_steers_is_a_warning_and_no_refusal() {
        let text = SHIPPED
            .replace("version = 2", "version = 3")
            .replace("title = \"Forget this purchase\"", "title = \"Lose my guarantee!\"")
            .replace("backup-days = 30", "backup-days = 400");
        for language in Language::ALL {
            let (good, words) = judged(&text, language);
            assert!(good);
            insta::assert_snapshot!(format!("warnings_{language}"), words);
        }
    }

    /// GDPR, article 30: in the shop's language.
    #[test]
    fn the_record_of_processing() {
        let (policy, today) = (Policy::shipped(), NaiveDate::from_ymd_opt(2026, 11, 23).unwrap());
        for language in Language::ALL {
            let store = Store { language, ..Store::default() };
            let mut out = Vec::new();
            Told { policy: &policy, only: None, store: Some(&store), today }.record(&mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.lines().all(|line| line.chars().count() <= WIDTH + 2), "{text}");
            assert!(!text.contains(['{', '[']), "{text}");
            insta::assert_snapshot!(format!("record_{language}"), text);
        }
    }
}
