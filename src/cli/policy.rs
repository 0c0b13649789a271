//! `olvido policy show` and `olvido policy check`.

use std::io::Write;

use anyhow::Result;
use chrono::NaiveDate;

use crate::domain::language::Language;
use crate::domain::policy::{Notice, Policy, judge};
use crate::locale::policy::{change, effect, refusal};
use crate::locale::{Arg, Locale};

/// Columns of the printed notice: what a terminal of 80 leaves beside a margin.
const WIDTH: usize = 76;

/// Prints the whole notice as the customer would read it for a sale of today, in one language or
/// in each of the policy's.
///
/// Errors: `out` cannot be written.
pub fn show(
    policy: &Policy,
    language: Option<Language>,
    today: NaiveDate,
    out: &mut impl Write,
) -> Result<()> {
    let languages = match language {
        Some(language) => vec![policy.language(language)],
        None => policy.languages.clone(),
    };
    for (index, language) in languages.into_iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        print(&policy.notice(language, today), out)?;
    }
    Ok(())
}

fn print(notice: &Notice, out: &mut impl Write) -> Result<()> {
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

/// Judges a changed policy: says what it widens, narrows or rewords beside the policy in use, or
/// lists its refusals, each with its line, reason and remedy. Returns whether it can be used.
///
/// Errors: `out` cannot be written.
pub fn check(
    current: &Policy,
    file_text: &str,
    file_name: &str,
    language: Language,
    out: &mut impl Write,
) -> Result<bool> {
    let locale = Locale::of(language);
    let file = ("file", Arg::from(file_name));
    match judge(current, file_text) {
        Ok(changes) => {
            writeln!(out, "{}", locale.format("policy-accepted", &[file]))?;
            if changes.is_empty() {
                writeln!(out, "{}", locale.text("policy-same"))?;
            }
            for found in &changes {
                let line = format!("{}: {}", effect(locale, found.effect), change(locale, found));
                wrapped("  ", &line, out)?;
            }
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
        let good = check(&Policy::shipped(), text, "policy.toml", language, &mut out).unwrap();
        (good, String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_notice_as_the_customer_sees_it() {
        let mut out = Vec::new();
        let today = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        show(&Policy::shipped(), None, today, &mut out).unwrap();
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
}
