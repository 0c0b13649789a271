//! Words for what the policy's rules say: refusals with their remedies, changes, terms.

use super::{Arg, Language, Locale};
use crate::domain::policy::{
    Basis, Change, ChangeKind, DataClass, Effect, Expected, Memory, Policy, PolicyError,
    PolicyErrorKind as Kind, PolicyWarning, PolicyWarningKind as Warning, Release, Term, TicketDetail,
};

/// What is wrong with a line of a policy, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub reason: String,
    pub remedy: String,
}

/// The words of one refusal.
pub fn refusal(locale: &'static Locale, error: &PolicyError) -> Refusal {
    let [reason, remedy] = keys(&error.kind);
    let mut args = vec![("key", Arg::from(&error.key))];
    args.extend(details(locale, &error.kind));
    Refusal { reason: locale.format(reason, &args), remedy: locale.format(remedy, &args) }
}

/// The words of one warning.
pub fn warning(locale: &'static Locale, warning: &PolicyWarning) -> Refusal {
    let word = |text: &str| Arg::from(text.to_owned());
    let (id, remedy, own) = match &warning.kind {
        Warning::Word { word: said } => ("policy-steers", "policy-steers-remedy", vec![("word", word(said))]),
        Warning::ForeignLetters { word: said } => {
            ("policy-foreign", "policy-foreign-remedy", vec![("word", word(said))])
        }
        Warning::Denies { word: said } => {
            ("policy-denies", "policy-denies-remedy", vec![("word", word(said))])
        }
        Warning::Nobody { word: said } => {
            ("policy-nobody", "policy-nobody-remedy", vec![("word", word(said))])
        }
        Warning::Sign { sign } => {
            ("policy-sign", "policy-sign-remedy", vec![("sign", word(&sign.to_string()))])
        }
        Warning::Number { number } => {
            ("policy-number", "policy-number-remedy", vec![("number", word(&number.to_string()))])
        }
        Warning::Leading => ("policy-leading", "policy-leading-remedy", vec![]),
        Warning::Exclamation => ("policy-exclamation", "policy-exclamation-remedy", vec![]),
        Warning::Capitals { word: said } => {
            ("policy-capitals", "policy-capitals-remedy", vec![("word", word(said))])
        }
        Warning::Uneven { longest, shortest } => {
            let lengths = vec![("longest", Arg::from(*longest)), ("shortest", Arg::from(*shortest))];
            ("policy-uneven", "policy-uneven-remedy", lengths)
        }
        Warning::LongTerm => ("policy-long-term", "policy-long-term-remedy", vec![]),
        Warning::LongBackups { days } => {
            ("policy-long-backups", "policy-long-backups-remedy", vec![("days", Arg::from(*days))])
        }
    };
    let mut args = vec![("key", word(&warning.key))];
    args.extend(own);
    Refusal { reason: locale.format(id, &args), remedy: locale.text(remedy).into_owned() }
}

/// The key of the reason and that of the remedy.
fn keys(kind: &Kind) -> [&'static str; 2] {
    match kind {
        Kind::NotToml => ["policy-not-toml", "policy-not-toml-remedy"],
        Kind::Duplicate => ["policy-duplicate", "policy-duplicate-remedy"],
        Kind::UnknownKey => ["policy-unknown-key", "policy-unknown-key-remedy"],
        Kind::Missing => ["policy-missing", "policy-missing-remedy"],
        Kind::BadValue(_) => ["policy-bad-value", "policy-bad-value-remedy"],
        Kind::MissingText => ["policy-missing-text", "policy-missing-text-remedy"],
        Kind::TextTooLong { .. } => ["policy-text-too-long", "policy-text-too-long-remedy"],
        Kind::UnknownPlaceholder { .. } => {
            ["policy-unknown-placeholder", "policy-unknown-placeholder-remedy"]
        }
        Kind::MissingPlaceholder { .. } => {
            ["policy-missing-placeholder", "policy-missing-placeholder-remedy"]
        }
        Kind::ClassWithoutPurpose => ["policy-no-purpose", "policy-no-purpose-remedy"],
        Kind::ClassWithoutBasis => ["policy-no-basis", "policy-no-basis-remedy"],
        Kind::ClassWithoutTerm => ["policy-no-term", "policy-no-term-remedy"],
        Kind::NotMixed => ["policy-not-mixed", "policy-not-mixed-remedy"],
        Kind::UnknownClass { .. } => ["policy-unknown-class", "policy-unknown-class-remedy"],
        Kind::UnknownPurpose { .. } => ["policy-unknown-purpose", "policy-unknown-purpose-remedy"],
        Kind::UnknownChoice { .. } => ["policy-unknown-choice", "policy-unknown-choice-remedy"],
        Kind::NotInOrder => ["policy-not-in-order", "policy-not-in-order-remedy"],
        Kind::TooManyChoices { .. } => ["policy-too-many-choices", "policy-too-many-choices-remedy"],
        Kind::NoMinimum => ["policy-no-minimum", "policy-no-minimum-remedy"],
        Kind::DefaultNotMinimum { .. } => ["policy-default-not-minimum", "policy-default-not-minimum-remedy"],
        Kind::AlwaysKept { .. } => ["policy-always-kept", "policy-always-kept-remedy"],
        Kind::MemoryMismatch => ["policy-memory-mismatch", "policy-memory-mismatch-remedy"],
        Kind::TermWithoutMemory => ["policy-term-without-memory", "policy-term-without-memory-remedy"],
        Kind::TermTooLong { .. } => ["policy-term-too-long", "policy-term-too-long-remedy"],
        Kind::LastPurchaseOfNobody => {
            ["policy-last-purchase-of-nobody", "policy-last-purchase-of-nobody-remedy"]
        }
        Kind::PurposesWithoutProfile => {
            ["policy-purposes-without-profile", "policy-purposes-without-profile-remedy"]
        }
        Kind::OldFormat => ["policy-old-format", "policy-old-format-remedy"],
        Kind::KeepsBeforeMinimum { .. } => ["policy-keeps-first", "policy-keeps-first-remedy"],
        Kind::SameTitle { .. } => ["policy-same-title", "policy-same-title-remedy"],
        Kind::NotConsent { .. } => ["policy-not-consent", "policy-not-consent-remedy"],
        Kind::TermBeyondLaw { .. } => ["policy-beyond-law", "policy-beyond-law-remedy"],
        Kind::NoLastDay => ["policy-no-last-day", "policy-no-last-day-remedy"],
        Kind::VersionNotRaised { .. } => ["policy-version-not-raised", "policy-version-not-raised-remedy"],
    }
}

fn details(locale: &'static Locale, kind: &Kind) -> Vec<(&'static str, Arg<'static>)> {
    let text = |text: &str| Arg::from(text.to_owned());
    match kind {
        Kind::BadValue(value) => vec![("expected", text(&expected(locale, *value)))],
        Kind::TextTooLong { limit } | Kind::TooManyChoices { limit } => vec![("limit", Arg::from(*limit))],
        Kind::UnknownPlaceholder { name }
        | Kind::UnknownClass { name }
        | Kind::UnknownPurpose { name }
        | Kind::UnknownChoice { name } => vec![("name", text(name))],
        Kind::MissingPlaceholder { name } => vec![("name", text(name))],
        Kind::TermBeyondLaw { years } => vec![("years", Arg::from(*years))],
        Kind::SameTitle { other } => vec![("other", text(other))],
        Kind::NotConsent { class } => vec![("class", text(class))],
        Kind::DefaultNotMinimum { minimum } | Kind::KeepsBeforeMinimum { minimum } => {
            vec![("minimum", text(minimum))]
        }
        Kind::AlwaysKept { class } | Kind::TermTooLong { class } => vec![("class", text(class))],
        Kind::VersionNotRaised { current } => {
            vec![("current", Arg::from(*current)), ("next", Arg::from(i64::from(*current) + 1))]
        }
        _ => Vec::new(),
    }
}

fn expected(locale: &'static Locale, expected: Expected) -> String {
    let quoted = |ids: &[&str]| ids.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(", ");
    let key = match expected {
        Expected::Number => "policy-expected-number",
        Expected::Release => "policy-expected-release",
        Expected::Text => "policy-expected-text",
        Expected::List => "policy-expected-list",
        Expected::Table => "policy-expected-table",
        Expected::Term => "policy-expected-term",
        Expected::Id => "policy-expected-id",
        Expected::Format => return Policy::FORMAT.to_string(),
        Expected::Basis => return quoted(&Basis::ALL.map(Basis::id)),
        Expected::Memory => return quoted(&Memory::ALL.map(Memory::id)),
        Expected::Detail => return quoted(&TicketDetail::ALL.map(TicketDetail::id)),
        Expected::Language => return quoted(&Language::ALL.map(Language::code)),
    };
    locale.text(key).into_owned()
}

/// The word for an effect: widens, narrows, rewords.
pub fn effect(locale: &'static Locale, effect: Effect) -> String {
    let key = match effect {
        Effect::Widens => "policy-widens",
        Effect::Narrows => "policy-narrows",
        Effect::Rewords => "policy-rewords",
    };
    locale.text(key).into_owned()
}

/// The words of one change.
pub fn change(locale: &'static Locale, change: &Change) -> String {
    let word = |text: &str| Arg::from(text.to_owned());
    let span = |value: Term| Arg::from(term(locale, value));
    let (key, args) = match &change.kind {
        ChangeKind::ChoiceAdded { choice } => ("policy-choice-added", vec![("choice", word(choice))]),
        ChangeKind::ChoiceRemoved { choice } => ("policy-choice-removed", vec![("choice", word(choice))]),
        ChangeKind::ClassAdded { choice, class } => {
            ("policy-class-added", vec![("choice", word(choice)), ("class", class_name(locale, *class))])
        }
        ChangeKind::ClassRemoved { choice, class } => {
            ("policy-class-removed", vec![("choice", word(choice)), ("class", class_name(locale, *class))])
        }
        ChangeKind::MemoryChanged { choice, from, to } => (
            "policy-memory-changed",
            vec![("choice", word(choice)), ("from", word(from.id())), ("to", word(to.id()))],
        ),
        ChangeKind::ChoiceTerm { choice, from, to } => {
            ("policy-choice-term", vec![("choice", word(choice)), ("from", span(*from)), ("to", span(*to))])
        }
        ChangeKind::ClassTerm { class, from, to } => (
            "policy-class-term",
            vec![("class", class_name(locale, *class)), ("from", span(*from)), ("to", span(*to))],
        ),
        ChangeKind::ClassBasis { class, from, to } => (
            "policy-class-basis",
            vec![
                ("class", class_name(locale, *class)),
                ("from", word(from.article(locale.language()))),
                ("to", word(to.article(locale.language()))),
            ],
        ),
        ChangeKind::PurposeAdded { choice, purpose } => {
            ("policy-purpose-added", vec![("choice", word(choice)), ("purpose", word(purpose.as_str()))])
        }
        ChangeKind::PurposeRemoved { choice, purpose } => {
            ("policy-purpose-removed", vec![("choice", word(choice)), ("purpose", word(purpose.as_str()))])
        }
        ChangeKind::Detail { from, to } => {
            ("policy-detail", vec![("from", detail(locale, *from)), ("to", detail(locale, *to))])
        }
        ChangeKind::Default { from, to } => ("policy-default", vec![("from", word(from)), ("to", word(to))]),
        ChangeKind::Order => ("policy-order", vec![]),
        ChangeKind::BackupDays { from, to } => {
            let span = |days: Option<u32>| {
                days.map_or_else(
                    || locale.text("policy-no-end").into_owned(),
                    |days| term(locale, Term::Days(days)),
                )
            };
            ("policy-backup-days", vec![("from", Arg::from(span(*from))), ("to", Arg::from(span(*to)))])
        }
        ChangeKind::Release { from, to } => {
            let rule = |rule: &Release| format!("{}/{}/{}", rule.sales, rule.tickets, rule.longest);
            ("policy-release", vec![("from", Arg::from(rule(from))), ("to", Arg::from(rule(to)))])
        }
        ChangeKind::LanguageAdded { language } => {
            ("policy-language-added", vec![("language", language_name(locale, *language))])
        }
        ChangeKind::LanguageRemoved { language } => {
            ("policy-language-removed", vec![("language", language_name(locale, *language))])
        }
        ChangeKind::Text { place, language } => {
            ("policy-text", vec![("place", word(place)), ("language", language_name(locale, *language))])
        }
    };
    locale.format(key, &args)
}

fn language_name(locale: &'static Locale, language: Language) -> Arg<'static> {
    let key = match language {
        Language::Spanish => "policy-language-es",
        Language::English => "policy-language-en",
    };
    Arg::from(locale.text(key).into_owned())
}

fn class_name(locale: &'static Locale, class: DataClass) -> Arg<'static> {
    Arg::Text(locale.text(match class {
        DataClass::Ticket => "policy-ticket",
        DataClass::Counters => "policy-counters",
        DataClass::Lines => "policy-lines",
        DataClass::Profile => "policy-profile",
    }))
}

/// What a ticket says of the goods.
fn detail(locale: &'static Locale, detail: TicketDetail) -> Arg<'static> {
    Arg::Text(locale.text(match detail {
        TicketDetail::Shop => "policy-detail-shop",
        TicketDetail::DepartmentNames => "policy-detail-department-names",
        TicketDetail::Departments => "policy-detail-departments",
        TicketDetail::Products => "policy-detail-products",
    }))
}

/// A term in words: `6 years`.
pub fn term(locale: &'static Locale, term: Term) -> String {
    match term {
        Term::Years(years) => locale.format("policy-years", &[("count", Arg::from(years))]),
        Term::Days(days) => locale.format("policy-days", &[("count", Arg::from(days))]),
        Term::YearsAfterLast(years) => {
            locale.format("policy-years-after-last", &[("count", Arg::from(years))])
        }
        Term::Customer => locale.text("policy-customer").into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is_whole(words: &str) {
        assert!(!words.starts_with('[') && !words.contains("{$") && !words.contains("{ $"), "{words}");
    }

    #[test]
    fn every_refusal_has_words_with_nothing_left_out() {
        let name = || "x".to_owned();
        let values = [
            Expected::Number,
            Expected::Release,
            Expected::Text,
            Expected::List,
            Expected::Table,
            Expected::Term,
            Expected::Basis,
            Expected::Memory,
            Expected::Detail,
            Expected::Language,
            Expected::Id,
            Expected::Format,
        ];
        let kinds = values.map(Kind::BadValue).into_iter().chain([
            Kind::NotToml,
            Kind::Duplicate,
            Kind::UnknownKey,
            Kind::Missing,
            Kind::MissingText,
            Kind::TextTooLong { limit: 22 },
            Kind::UnknownPlaceholder { name: name() },
            Kind::MissingPlaceholder { name: "date" },
            Kind::ClassWithoutPurpose,
            Kind::ClassWithoutBasis,
            Kind::ClassWithoutTerm,
            Kind::NotMixed,
            Kind::UnknownClass { name: name() },
            Kind::UnknownPurpose { name: name() },
            Kind::UnknownChoice { name: name() },
            Kind::NotInOrder,
            Kind::TooManyChoices { limit: 4 },
            Kind::NoMinimum,
            Kind::DefaultNotMinimum { minimum: name() },
            Kind::AlwaysKept { class: "ticket" },
            Kind::MemoryMismatch,
            Kind::TermWithoutMemory,
            Kind::TermTooLong { class: "lines" },
            Kind::LastPurchaseOfNobody,
            Kind::PurposesWithoutProfile,
            Kind::KeepsBeforeMinimum { minimum: name() },
            Kind::NotConsent { class: "lines" },
            Kind::TermBeyondLaw { years: 10 },
            Kind::NoLastDay,
            Kind::OldFormat,
            Kind::VersionNotRaised { current: 1 },
        ]);
        for kind in kinds {
            let error = PolicyError { line: 1, key: "class.lines".to_owned(), kind };
            for language in Language::ALL {
                let words = refusal(Locale::of(language), &error);
                is_whole(&words.reason);
                is_whole(&words.remedy);
            }
        }
    }

    #[test]
    fn every_change_has_words_with_nothing_left_out() {
        let choice = || "guarantee".to_owned();
        let (from, to) = (Term::YearsAfterLast(1), Term::Customer);
        let class = DataClass::Profile;
        let purpose: crate::domain::customer::Purpose = "offers".parse().unwrap();
        let kinds = [
            ChangeKind::ChoiceAdded { choice: choice() },
            ChangeKind::ChoiceRemoved { choice: choice() },
            ChangeKind::ClassAdded { choice: choice(), class },
            ChangeKind::ClassRemoved { choice: choice(), class },
            ChangeKind::MemoryChanged { choice: choice(), from: Memory::None, to: Memory::Receipt },
            ChangeKind::ChoiceTerm { choice: choice(), from, to },
            ChangeKind::ClassTerm { class, from, to },
            ChangeKind::ClassBasis { class, from: Basis::Consent, to: Basis::Contract },
            ChangeKind::PurposeAdded { choice: choice(), purpose: purpose.clone() },
            ChangeKind::PurposeRemoved { choice: choice(), purpose },
            ChangeKind::Detail { from: TicketDetail::Shop, to: TicketDetail::Products },
            ChangeKind::Detail { from: TicketDetail::Departments, to: TicketDetail::DepartmentNames },
            ChangeKind::Default { from: choice(), to: choice() },
            ChangeKind::Order,
            ChangeKind::BackupDays { from: Some(30), to: None },
            ChangeKind::Release { from: Release::LEAST, to: Release::LEAST },
            ChangeKind::LanguageAdded { language: Language::English },
            ChangeKind::LanguageRemoved { language: Language::English },
            ChangeKind::Text { place: choice(), language: Language::English },
        ];
        for kind in kinds {
            let found = Change { effect: Effect::Rewords, kind };
            Language::ALL.into_iter().for_each(|language| is_whole(&change(Locale::of(language), &found)));
        }
    }
}
