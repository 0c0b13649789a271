use proptest::prelude::*;

use super::error::PolicyErrorKind as Kind;
use super::*;

mod words;

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

/// The shipped policy with its n-th `from` replaced, and the line where that stood.
fn edited(from: &str, nth: usize, to: &str) -> (String, usize) {
    let (at, _) = SHIPPED.match_indices(from).nth(nth).unwrap_or_else(|| panic!("no {nth} of {from:?}"));
    let text = format!("{}{to}{}", &SHIPPED[..at], &SHIPPED[at + from.len()..]);
    (text, SHIPPED[..at].matches('\n').count() + 1)
}

/// The line of the shipped policy that starts with this.
fn line_of(start: &str) -> usize {
    SHIPPED.lines().position(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no {start:?}")) + 1
}

/// The only refusal of an edited policy.
#[track_caller]
fn refused(text: &str) -> PolicyError {
    let mut errors = Policy::parse(text).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    errors.remove(0)
}

#[test]
fn the_shipped_policy_keeps_the_promise_of_its_design() {
    let policy = Policy::shipped();
    let ids: Vec<&str> = policy.choices.iter().map(|choice| choice.id.as_str()).collect();
    assert_eq!(ids, ["forget", "guarantee", "remember"]);
    assert_eq!(policy.minimum().id, "forget");
    assert_eq!((policy.format, policy.ticket_detail), (Policy::FORMAT, TicketDetail::Shop));
    let sale = day(2026, 11, 23);
    for (id, memory, until, purposes) in [
        ("forget", Memory::None, Until::Date(day(2032, 11, 23)), &[][..]),
        ("guarantee", Memory::Receipt, Until::Date(day(2029, 11, 23)), &[]),
        ("remember", Memory::Profile, Until::Date(day(2029, 11, 23)), &["history", "offers"]),
    ] {
        let choice = policy.choice(id).unwrap();
        assert_eq!((choice.memory, choice.keeps_until(sale)), (memory, until), "{id}");
        assert_eq!(choice.purposes.iter().map(Purpose::as_str).collect::<Vec<_>>(), purposes);
    }
    assert_eq!(policy.ticket_until(sale), Until::Date(day(2032, 11, 23)));
    assert!(policy.choice("other").is_none());
}

/// One small edit of the shipped policy, the line and key of its refusal, and the kind.
#[test]
fn every_refusal_names_its_line() {
    let name = |name: &str| name.to_owned();
    let in_place: Vec<(&str, usize, &str, &str, Kind)> = vec![
        ("version = 2", 0, "version 2", "", Kind::NotToml),
        ("default = \"forget\"", 0, "version = 3", "version", Kind::Duplicate),
        ("version = 2", 0, "version = 0", "version", Kind::BadValue(Expected::Number)),
        ("version = 2", 0, "version = \"1\"", "version", Kind::BadValue(Expected::Number)),
        ("version = 2", 0, "version = 2\ncolour = 2", "colour", Kind::UnknownKey),
        (
            "ticket-detail = \"shop\"",
            0,
            "ticket-detail = \"people\"",
            "ticket-detail",
            Kind::BadValue(Expected::Detail),
        ),
        ("\"es\", \"en\"", 0, "\"es\", \"xx\"", "languages: xx", Kind::BadValue(Expected::Language)),
        ("\"es\", \"en\"", 0, "\"es\", \"es\"", "languages: es", Kind::Duplicate),
        ("[\"es\", \"en\"]", 0, "[]", "languages", Kind::BadValue(Expected::List)),
        ("[class.lines]", 0, "[class.photo]\n[class.lines]", "class.photo", Kind::UnknownKey),
        (
            "basis = \"legal-obligation\"",
            0,
            "basis = \"habit\"",
            "class.ticket.basis",
            Kind::BadValue(Expected::Basis),
        ),
        (
            "term = { years = 6 }",
            0,
            "term = { years = 0 }",
            "class.ticket.term.years",
            Kind::BadValue(Expected::Term),
        ),
        (
            "term = { years = 6 }",
            0,
            "term = { years = 1, days = 2 }",
            "class.ticket.term",
            Kind::BadValue(Expected::Term),
        ),
        (
            "term = { years = 6 }",
            0,
            "term = \"forever\"",
            "class.ticket.term",
            Kind::BadValue(Expected::Term),
        ),
        (
            "term = { years = 6 }",
            0,
            "term = { months = 6, years = 6 }",
            "class.ticket.term.months",
            Kind::UnknownKey,
        ),
        ("name = \"El tique\"", 0, "name = 3", "class.ticket.text.es.name", Kind::BadValue(Expected::Text)),
        (
            "name = \"El tique\"",
            0,
            "name = \"a\\u001bb\"",
            "class.ticket.text.es.name",
            Kind::BadValue(Expected::Text),
        ),
        (
            "memory = \"none\"",
            0,
            "memory = \"all\"",
            "choice.forget.memory",
            Kind::BadValue(Expected::Memory),
        ),
        ("memory = \"receipt\"", 0, "memory = \"profile\"", "choice.guarantee.memory", Kind::MemoryMismatch),
        (
            "[\"ticket\", \"counters\"]",
            0,
            "[\"ticket\"]",
            "choice.forget.keeps",
            Kind::AlwaysKept { class: "counters" },
        ),
        (
            "[\"ticket\", \"counters\"]",
            0,
            "[\"ticket\", \"counters\", \"photo\"]",
            "choice.forget.keeps",
            Kind::UnknownClass { name: name("photo") },
        ),
        (
            "memory = \"none\"",
            0,
            "memory = \"none\"\nterm = { days = 1 }",
            "choice.forget.term",
            Kind::TermWithoutMemory,
        ),
        (
            "\"history\", \"offers\"",
            0,
            "\"history\", \"gifts\"",
            "choice.remember.purposes",
            Kind::UnknownPurpose { name: name("gifts") },
        ),
        (
            "term = { years = 3 }",
            0,
            "term = { years = 3 }\npurposes = [\"history\"]",
            "choice.guarantee.purposes",
            Kind::PurposesWithoutProfile,
        ),
        (
            "default = \"forget\"",
            0,
            "default = \"guarantee\"",
            "default",
            Kind::DefaultNotMinimum { minimum: name("forget") },
        ),
        (
            "default = \"forget\"",
            0,
            "default = \"other\"",
            "default",
            Kind::UnknownChoice { name: name("other") },
        ),
        (
            "\"forget\", \"guarantee\",",
            0,
            "\"forget\", \"guarantee\", \"other\",",
            "order",
            Kind::UnknownChoice { name: name("other") },
        ),
        (
            "keeps = \"ni sus",
            0,
            "keeps = \"{date} ni sus",
            "choice.forget.text.es.keeps",
            Kind::UnknownPlaceholder { name: name("date") },
        ),
        (
            "keep neither your items nor your name.\"",
            0,
            "keep nothing, {date}.\"",
            "choice.forget.text.en.after",
            Kind::UnknownPlaceholder { name: name("date") },
        ),
        (
            "term = { years = 6 }",
            0,
            "term = { years = 6, after = \"last-purchase\" }",
            "class.ticket.term.after",
            Kind::LastPurchaseOfNobody,
        ),
        (
            "term = { years = 3 }",
            0,
            "term = { years = 3, after = \"last-purchase\" }",
            "choice.guarantee.term.after",
            Kind::LastPurchaseOfNobody,
        ),
        (
            "after = \"last-purchase\"",
            1,
            "after = \"last-visit\"",
            "class.lines.term",
            Kind::BadValue(Expected::Term),
        ),
        (
            "{ years = 3, after = \"last-purchase\" }",
            1,
            "{ days = 3, after = \"last-purchase\" }",
            "class.lines.term",
            Kind::BadValue(Expected::Term),
        ),
        (
            ", {date} if there is no other",
            0,
            "",
            "notice.en.until-last-purchase",
            Kind::MissingPlaceholder { name: "date" },
        ),
        (
            "hasta el {ticket-date}.",
            0,
            "hasta 2032.",
            "choice.forget.text.es.after",
            Kind::MissingPlaceholder { name: "ticket-date" },
        ),
        (
            "locked until {date}.",
            0,
            "locked for long.",
            "choice.guarantee.text.en.after",
            Kind::MissingPlaceholder { name: "date" },
        ),
        (
            "Los recuentos, hasta el {counts-date}.",
            0,
            "Los recuentos, hasta 2032.",
            "choice.forget.text.es.after",
            Kind::MissingPlaceholder { name: "counts-date" },
        ),
        (
            "\"counts {counts-date}\"",
            0,
            "\"counts 2032\"",
            "notice.en.until-counts",
            Kind::MissingPlaceholder { name: "counts-date" },
        ),
        (
            "\"tique {ticket-date}\"",
            0,
            "\"tique 2032\"",
            "notice.es.until-ticket",
            Kind::MissingPlaceholder { name: "ticket-date" },
        ),
        (
            "\"ni sus artículos ni su nombre\"",
            0,
            "\"ni sus artículos ni su nombre\"\nuntil = \"hoy\"",
            "choice.forget.text.es.until",
            Kind::UnknownKey,
        ),
        (
            "entre al menos {tickets} compras",
            0,
            "entre compras",
            "class.counters.text.es.keeps",
            Kind::MissingPlaceholder { name: "tickets" },
        ),
        (
            "name = \"{store}\"",
            0,
            "name = \"{shop}\"",
            "controller.name",
            Kind::UnknownPlaceholder { name: name("shop") },
        ),
        (
            "\"{controller}, NIF",
            0,
            "\"NIF",
            "notice.es.controller.text",
            Kind::MissingPlaceholder { name: "controller" },
        ),
        (
            "[\"forget\", \"guarantee\",",
            0,
            "[\"guarantee\", \"forget\",",
            "order",
            Kind::KeepsBeforeMinimum { minimum: name("forget") },
        ),
        (
            "title = \"Only for guarantee\"",
            0,
            "title = \"FORGET this  purchase\"",
            "choice.guarantee.text.en.title",
            Kind::SameTitle { other: name("forget") },
        ),
        (
            "basis = \"consent\"",
            1,
            "basis = \"contract\"",
            "class.profile.basis",
            Kind::NotConsent { class: "profile" },
        ),
        (
            "basis = \"consent\"",
            0,
            "basis = \"contract\"",
            "class.lines.basis",
            Kind::NotConsent { class: "lines" },
        ),
        (
            "term = { years = 6 }",
            1,
            "term = { years = 11 }",
            "class.counters.term",
            Kind::TermBeyondLaw { years: 10 },
        ),
        (
            "term = { years = 6 }",
            0,
            "term = { years = 11 }",
            "class.ticket.term",
            Kind::TermBeyondLaw { years: 10 },
        ),
        (
            "term = { years = 3, after = \"last-purchase\" }",
            0,
            "term = \"customer\"",
            "class.lines.term",
            Kind::NoLastDay,
        ),
        (
            "basis = \"mixed\"",
            0,
            "basis = \"anonymous\"",
            "class.counters.basis",
            Kind::BadValue(Expected::Basis),
        ),
        (
            "basis = \"mixed\"",
            0,
            "basis = \"mixed\"\nrelease = { sales = 4 }",
            "class.counters.release.sales",
            Kind::BadValue(Expected::Release),
        ),
        ("backup-days = 30", 0, "backup-days = 0", "backup-days", Kind::BadValue(Expected::Number)),
        (
            "If you do not choose: “{choice}”.",
            0,
            "If you do not choose, we remember it.",
            "notice.en.default",
            Kind::MissingPlaceholder { name: "choice" },
        ),
        (
            "es como elegir «{choice}»",
            0,
            "se recuerda",
            "notice.es.answer.text",
            Kind::MissingPlaceholder { name: "choice" },
        ),
        (
            "Olvidar esta compra",
            0,
            "Olvidar del todo esta compra",
            "choice.forget.text.es.title",
            Kind::TextTooLong { limit: 22 },
        ),
    ];
    for (from, nth, to, key, kind) in in_place {
        let (text, at) = edited(from, nth, to);
        let line = at + usize::from(to.contains('\n') && (kind != Kind::UnknownKey || !to.starts_with('[')));
        // What a list of texts lacks is told at the list.
        let line = line - usize::from(key.starts_with("notice.") && key.ends_with(".text"));
        assert_eq!(refused(&text), PolicyError { line, key: key.to_owned(), kind }, "{to}");
    }
    // What is missing is named at the table that should hold it.
    for (gone, nth, table, key, kind) in [
        ("version = 2\n", 0, "#", "version", Kind::Missing),
        ("basis = \"consent\"\n", 0, "[class.lines]", "class.lines.basis", Kind::ClassWithoutBasis),
        ("term = { years = 6 }\n", 1, "[class.counters]", "class.counters.term", Kind::ClassWithoutTerm),
        ("memory = \"receipt\"\n", 0, "[choice.guarantee]", "choice.guarantee.memory", Kind::Missing),
        (
            "question = \"¿Qué quiere que recordemos de esta compra?\"\n",
            0,
            "[notice.es]",
            "notice.es.question",
            Kind::MissingText,
        ),
        (
            "purpose = \"tax and stock\"\n",
            0,
            "[choice.forget.text.en]",
            "choice.forget.text.en.purpose",
            Kind::MissingText,
        ),
        (
            "purpose = \"Finding your purchases, and what you tick.\"\n",
            0,
            "[class.profile.text.en]",
            "class.profile.text.en.purpose",
            Kind::MissingText,
        ),
        (
            "en = \"See my purchases\"\n",
            0,
            "[purpose.history.text]",
            "purpose.history.text.en",
            Kind::MissingText,
        ),
    ] {
        let (text, at) = edited(gone, nth, "");
        let line = line_of(table) - usize::from(at < line_of(table));
        assert_eq!(refused(&text), PolicyError { line, key: key.to_owned(), kind }, "{gone}");
    }
}

#[test]
fn refusals_that_take_several_edits() {
    let purposeless = SHIPPED
        .replace("purpose = \"Reponer lo que se vende, y saber qué se elige.\"\n", "")
        .replace("purpose = \"Restocking what is sold, and knowing what is chosen.\"\n", "purpose = \" \"\n");
    let error = refused(&purposeless);
    assert_eq!((error.line, error.kind), (line_of("[class.counters]"), Kind::ClassWithoutPurpose));

    // A minimum that rests on consent is none.
    let error = refused(&SHIPPED.replace("basis = \"legal-obligation\"", "basis = \"consent\""));
    assert_eq!((error.line, error.kind), (line_of("[choice.forget]"), Kind::NoMinimum));

    let (hidden, at) = edited("\"guarantee\", ", 0, "");
    assert_eq!(at, line_of("order"));
    let error = refused(&hidden);
    assert_eq!((error.line, error.kind), (line_of("[choice.guarantee]"), Kind::NotInOrder));

    let lines = "[class.lines]\nbasis = \"consent\"\n";
    let renewed = "term = { years = 3, after = \"last-purchase\" }";
    let short = SHIPPED.replace(&format!("{lines}{renewed}"), &format!("{lines}term = {{ years = 2 }}"));
    let errors = Policy::parse(&short).unwrap_err();
    let lines: Vec<(usize, Kind)> = errors.into_iter().map(|error| (error.line, error.kind)).collect();
    let too_long = Kind::TermTooLong { class: "lines" };
    let remember = SHIPPED.lines().position(|line| line == "[choice.remember]").unwrap() + 4;
    let guarantee = line_of("[choice.guarantee]") + 3;
    assert_eq!(lines, [(guarantee, too_long.clone()), (remember, too_long)]);

    // Two more copies of a choice, each with a title of its own: five cards do not fit, four do.
    let start = SHIPPED.find("[choice.remember]").unwrap();
    let end = SHIPPED.find("[notice.es]").unwrap();
    let copy = |name: &str| {
        let copy = SHIPPED[start..end].replace("choice.remember", &format!("choice.{name}"));
        copy.replace("title = \"", &format!("title = \"{}: ", &name[..2]))
    };
    let four = SHIPPED.replace("\"remember\"]", "\"remember\", \"four\"]") + &copy("four");
    assert_eq!(Policy::parse(&four).map(|policy| policy.choices.len()), Ok(4));
    let five = four.replace("\"four\"]", "\"four\", \"five\"]") + &copy("five");
    let error = refused(&five);
    assert_eq!((error.line, error.kind), (line_of("order"), Kind::TooManyChoices { limit: 4 }));
    let named = four.replace("choice.four", "choice.\"Four five\"").replace("\"four\"]", "\"Four five\"]");
    assert_eq!(refused(&named).kind, Kind::BadValue(Expected::Id));
}

/// The notice says how long a backup counts, or the policy is refused; where it says no days, no
/// text may speak of them.
#[test]
fn the_days_of_backups_are_said_in_the_notice() {
    let (text, _) = edited("lo olvidado {backup-days} días", 0, "lo olvidado un tiempo");
    let error = refused(&text);
    assert_eq!(error.kind, Kind::MissingPlaceholder { name: "backup-days" });
    assert_eq!(error.key, "notice.es.copies.text");
    let section = line_of("[notice.es.copies]");
    assert!((section..section + 4).contains(&error.line), "{}", error.line);
    let (text, _) = edited("backup-days = 30\n", 0, "");
    let unknown = Kind::UnknownPlaceholder { name: "backup-days".to_owned() };
    let errors = Policy::parse(&text).unwrap_err();
    assert_eq!(errors.iter().map(|error| &error.kind).collect::<Vec<_>>(), [&unknown, &unknown]);
    // Policies of before it could be said are still read.
    let text = text.replace("{backup-days}", "30");
    let policy = Policy::parse(&text).unwrap();
    assert_eq!(policy.backup_days, None);
    let said = |policy: &Policy| policy.full_notice(Language::English, day(2026, 11, 23), None).sections;
    assert_eq!(said(&policy), said(&Policy::shipped()));
}

#[test]
fn a_policy_in_one_language_needs_only_its_texts() {
    let start = SHIPPED.find("[notice.en]").unwrap();
    let text = SHIPPED[..start].replace("[\"es\", \"en\"]", "[\"es\"]");
    let policy = Policy::parse(&text).unwrap();
    assert_eq!(policy.notice(Language::English, day(2026, 11, 23)).language, Language::Spanish);
}

#[test]
fn refusals_come_all_at_once() {
    let text = SHIPPED.replace("basis = \"consent\"\n", "").replace("version = 2", "version = 0");
    assert_eq!(Policy::parse(&text).unwrap_err().len(), 3);
    assert!(!Policy::parse("").unwrap_err().is_empty());
    for bracket in ["[", "{", "a.", "a = [", "a = { b = "] {
        assert!(Policy::parse(&bracket.repeat(20_000)).is_err());
    }
}

#[test]
fn terms_run_from_date_to_date() {
    for (term, sale, until) in [
        (Term::Years(6), day(2026, 11, 23), Until::Date(day(2032, 11, 23))),
        (Term::Years(6), day(2028, 2, 29), Until::Date(day(2034, 2, 28))),
        (Term::Years(4), day(2028, 2, 29), Until::Date(day(2032, 2, 29))),
        (Term::Days(30), day(2026, 12, 15), Until::Date(day(2027, 1, 14))),
        (Term::Years(100), NaiveDate::MAX, Until::Date(NaiveDate::MAX)),
        (Term::YearsAfterLast(3), day(2028, 2, 29), Until::Date(day(2031, 2, 28))),
        (Term::Customer, day(2026, 11, 23), Until::CustomerSaysSo),
    ] {
        assert_eq!(term.after(sale), until, "{term:?} from {sale}");
    }
    let until = Until::Date(day(2029, 11, 23));
    assert!(!until.is_past(day(2029, 11, 23)));
    assert!(until.is_past(day(2029, 11, 24)));
    assert!(!Until::CustomerSaysSo.is_past(NaiveDate::MAX));
    assert!(until < Until::CustomerSaysSo);
}

#[test]
fn a_later_purchase_renews_the_term_of_all() {
    let (sale, last) = (day(2026, 11, 23), day(2028, 2, 29));
    for (term, without, with) in [
        (Term::YearsAfterLast(3), Until::CustomerSaysSo, Until::Date(day(2031, 2, 28))),
        (Term::Years(3), Until::Date(day(2029, 11, 23)), Until::Date(day(2029, 11, 23))),
        (Term::Days(1), Until::Date(day(2026, 11, 24)), Until::Date(day(2026, 11, 24))),
        (Term::Customer, Until::CustomerSaysSo, Until::CustomerSaysSo),
    ] {
        assert_eq!((term.end(sale, None), term.end(sale, Some(last))), (without, with), "{term:?}");
    }
    // Counted from the sale or from the last purchase: each can be the longer one, so each widens.
    use Term::*;
    for (one, other, longer, shorter) in [
        (Years(3), YearsAfterLast(3), false, Years(3)),
        (YearsAfterLast(3), Years(3), true, Years(3)),
        (Years(5), YearsAfterLast(3), true, Years(3)),
        (YearsAfterLast(3), Years(5), true, Years(3)),
        (Days(400), YearsAfterLast(3), false, Days(400)),
        (YearsAfterLast(2), YearsAfterLast(3), false, YearsAfterLast(2)),
        (YearsAfterLast(100), Customer, false, YearsAfterLast(100)),
        (Customer, YearsAfterLast(100), true, YearsAfterLast(100)),
    ] {
        assert_eq!((one.is_longer_than(other), one.shorter(other)), (longer, shorter), "{one:?} {other:?}");
    }
}

#[test]
fn the_notice_says_what_the_rules_do() {
    let policy = Policy::shipped();
    let sale = day(2026, 11, 23);
    for language in Language::ALL {
        let (notice, full) = (policy.notice(language, sale), policy.full_notice(language, sale, None));
        assert_eq!((notice.language, full.language), (language, language));
        for (card, choice) in notice.cards.iter().zip(&policy.choices) {
            assert_eq!(card.choice, choice.id);
            if let Until::Date(date) = choice.keeps_until(sale) {
                assert!(card.after.contains(&language.date(date)), "{}", card.after);
            }
        }
        assert_eq!(notice.cards.iter().map(|card| card.key).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(full.sections.last(), Some(&full.complaint));
        assert_eq!(policy.after_forget_sentence(language, sale), notice.cards[0].after);
        let all: Vec<&str> =
            full.sections.iter().flat_map(|section| &section.paragraphs).map(String::as_str).collect();
        assert!(all.contains(&notice.default.as_str()));
        for (class, rules) in &policy.classes {
            let article = rules.basis.article(language);
            let text = policy.kept_text(*class, language);
            assert!(all.iter().any(|paragraph| paragraph.contains(&text)), "{text}");
            assert!(all.iter().any(|paragraph| paragraph.contains(article)), "{article}");
        }
    }
    assert_eq!(
        policy.after_forget_sentence(Language::Spanish, sale),
        "El tique queda hasta el 23.11.2032. Los recuentos, hasta el 23.11.2032. No guardamos sus artículos ni su nombre."
    );
}

/// The file that 0.2.0 shipped.
const SHIPPED_0_2_0: &str = include_str!("../../../tests/fixtures/0.2.0/policy.toml");

/// It stays in force as it is, but for the ticket: that holds the least at once, in the program's own
/// words, since the file has none for it.
#[test]
fn a_policy_of_0_2_0_is_narrowed_to_the_shop() {
    for text in [SHIPPED_0_2_0, &SHIPPED_0_2_0.replace("detail = \"departments\"", "detail = \"products\"")] {
        let policy = Policy::parse(text).unwrap();
        assert_eq!((policy.format, policy.ticket_detail), (1, TicketDetail::Shop));
        for language in Language::ALL {
            let sale = day(2026, 11, 23);
            let (told, shipped) = (policy.notice(language, sale), Policy::shipped().notice(language, sale));
            // The ticket, the counts and the ends of terms are told on every card, forgetting as shipped.
            for (card, own) in told.cards.iter().zip(&shipped.cards) {
                assert_eq!(card.keeps[..2], own.keeps[..2]);
                assert_eq!(card.until.last(), own.until.last());
            }
            assert_eq!(told.cards[0], shipped.cards[0]);
            let (told, shipped) = (
                policy.full_notice(language, sale, None),
                Policy::shipped().full_notice(language, sale, None),
            );
            let paragraphs = |notice: &FullNotice| -> Vec<String> {
                notice.sections.iter().flat_map(|section| section.paragraphs.clone()).collect()
            };
            let keeps = policy.kept_text(DataClass::Ticket, language);
            assert!([&told, &shipped].iter().all(|n| paragraphs(n).iter().any(|p| p.contains(&keeps))));
            // Whether an answer is needed, and who answers for the data.
            let after_cards = 1 + shipped.sections.iter().position(|s| s.heading.starts_with('3')).unwrap();
            assert_eq!(
                told.sections[after_cards..after_cards + 2],
                shipped.sections[after_cards..after_cards + 2]
            );
            assert!(paragraphs(&told).iter().all(|paragraph| {
                !paragraph.contains("importe por sección") && !paragraph.contains("amount by department")
            }));
        }
    }
    assert_eq!(Policy::parse(SHIPPED_0_2_0).unwrap().choices.len(), 3);
}

/// What 0.2.0 took as a text is in force, whatever is asked of a new one.
#[test]
fn a_policy_of_0_2_0_keeps_its_texts() {
    for text in ["—", "Quien com\u{ad}pra", "…", "a\u{2060}b"] {
        let edited = SHIPPED_0_2_0.replacen("purpose = \"", &format!("purpose = \"{text}\" # "), 1);
        assert_ne!(edited, SHIPPED_0_2_0);
        Policy::parse(&edited).unwrap_or_else(|errors| panic!("{text:?}: {errors:?}"));
        let new = SHIPPED.replacen("purpose = \"", &format!("purpose = \"{text}\" # "), 1);
        assert!(Policy::parse(&new).is_err(), "{text:?}");
    }
    for text in ["", " ", "\u{202e}a", "\u{200b}"] {
        let edited = SHIPPED_0_2_0.replacen("purpose = \"", &format!("purpose = \"{text}\" # "), 1);
        assert!(Policy::parse(&edited).is_err(), "{text:?}");
    }
}

#[test]
fn a_policy_to_be_taken_into_use_says_how_it_is_written() {
    let refused = |text: &str| Policy::parse_new(text).unwrap_err();
    let old = refused(SHIPPED_0_2_0);
    assert_eq!(old, [PolicyError { line: 1, key: "format".to_owned(), kind: Kind::OldFormat }]);
    assert_eq!(Policy::parse_new(SHIPPED), Ok(Policy::shipped()));
    let renewed = judge(&Policy::parse(SHIPPED_0_2_0).unwrap(), SHIPPED_0_2_0, SHIPPED).unwrap();
    assert!(renewed.iter().all(|change| !matches!(change.kind, ChangeKind::Detail { .. })), "{renewed:?}");
    assert_eq!(judge(&Policy::shipped(), SHIPPED, SHIPPED_0_2_0), Err(old));
    for other in ["1", "3", "\"2\""] {
        let (text, line) = edited("format = 2", 0, &format!("format = {other}"));
        let errors = Policy::parse(&text).unwrap_err();
        let kind = Kind::BadValue(Expected::Format);
        assert_eq!(errors, [PolicyError { line, key: "format".to_owned(), kind }]);
    }
}

/// More on the ticket than what the shop sells is told with every check, not only when it is new.
#[test]
fn whatever_widens_the_ticket_is_told_each_time() {
    for detail in TicketDetail::ALL {
        let text = SHIPPED.replace("detail = \"shop\"", &format!("detail = \"{}\"", detail.id()));
        let there = judge(&Policy::parse(&text).unwrap(), &text, &text).unwrap();
        let kind = ChangeKind::Detail { from: TicketDetail::Shop, to: detail };
        let told = Change { effect: Effect::Widens, kind };
        assert_eq!(there, if detail == TicketDetail::Shop { vec![] } else { vec![told] });
    }
}

#[test]
fn a_ticket_of_products_is_told_by_itself() {
    let text = SHIPPED.replace("ticket-detail = \"shop\"", "ticket-detail = \"products\"");
    let notice = Policy::parse(&text).unwrap().notice(Language::Spanish, day(2026, 11, 23));
    assert_eq!(notice.cards[0].keeps[0], "tique con fecha, hora, artículos, importes por IVA y pago");
    let full = Policy::parse(&text).unwrap().full_notice(Language::Spanish, day(2026, 11, 23), None);
    let told = full.sections.iter().flat_map(|section| &section.paragraphs);
    assert!(told.clone().any(|paragraph| paragraph.contains("artículos con su importe")));
    assert!(!told.clone().any(|paragraph| paragraph.contains("Ni sus artículos")));
}

#[test]
fn the_notice_tells_only_what_is_kept() {
    let (start, end) = (SHIPPED.find("[choice.remember]").unwrap(), SHIPPED.find("[notice.es]").unwrap());
    let text = format!("{}{}", &SHIPPED[..start], &SHIPPED[end..]).replace(", \"remember\"]", "]");
    let notice = Policy::parse(&text).unwrap().full_notice(Language::English, day(2026, 11, 23), None);
    let headings: Vec<&str> = notice.sections.iter().map(|section| section.heading.as_str()).collect();
    assert!(headings.contains(&"Your items") && !headings.contains(&"Your profile"), "{headings:?}");
    let items = notice.sections.iter().find(|section| section.heading == "Your items").unwrap();
    assert_eq!(items.paragraphs.last().unwrap(), "Until: 23 Nov 2029; sooner, if you ask for it.");
}

#[test]
fn the_notice_is_frozen() {
    for language in Language::ALL {
        let (policy, sale) = (Policy::shipped(), day(2026, 11, 23));
        let told = (policy.notice(language, sale), policy.full_notice(language, sale, None));
        insta::assert_debug_snapshot!(format!("notice_{language}"), told);
    }
}

/// One edit, and every change that it is.
#[test]
fn changes_are_told() {
    use ChangeKind::*;
    use Effect::*;
    let choice = |id: &str| id.to_owned();
    let eight = super::Release { sales: 8, ..super::Release::LEAST };
    let purpose = |id: &str| id.parse::<Purpose>().unwrap();
    let shown = |place: &str, language| Text { place: place.to_owned(), language };
    type Case = (&'static str, &'static str, Vec<(Effect, ChangeKind)>);
    let cases: Vec<Case> = vec![
        ("Olvidar esta", "Olvidar la", vec![(Rewords, shown("choice.forget", Language::Spanish))]),
        ("If you do not", "When you do not", vec![(Rewords, shown("notice", Language::English))]),
        ("See my", "Read my", vec![(Rewords, shown("purpose.history", Language::English))]),
        (
            "name = \"The counts\"",
            "name = \"Counts\"",
            vec![(Rewords, shown("class.counters", Language::English))],
        ),
        (
            "ticket-detail = \"shop\"",
            "ticket-detail = \"products\"",
            vec![(Widens, Detail { from: TicketDetail::Shop, to: TicketDetail::Products })],
        ),
        (
            "years = 3",
            "years = 4",
            vec![
                (
                    Widens,
                    ClassTerm {
                        class: DataClass::Lines,
                        from: Term::YearsAfterLast(3),
                        to: Term::YearsAfterLast(4),
                    },
                ),
                (
                    Widens,
                    ClassTerm {
                        class: DataClass::Profile,
                        from: Term::YearsAfterLast(3),
                        to: Term::YearsAfterLast(4),
                    },
                ),
                (
                    Widens,
                    ChoiceTerm { choice: choice("guarantee"), from: Term::Years(3), to: Term::Years(4) },
                ),
                (
                    Widens,
                    ChoiceTerm {
                        choice: choice("remember"),
                        from: Term::YearsAfterLast(3),
                        to: Term::YearsAfterLast(4),
                    },
                ),
            ],
        ),
        (
            "term = { years = 3 }",
            "term = { days = 90 }",
            vec![(
                Narrows,
                ChoiceTerm { choice: choice("guarantee"), from: Term::Years(3), to: Term::Days(90) },
            )],
        ),
        (
            "term = { years = 6 }",
            "term = { years = 4 }",
            vec![
                (Narrows, ClassTerm { class: DataClass::Ticket, from: Term::Years(6), to: Term::Years(4) }),
                (Narrows, ClassTerm { class: DataClass::Counters, from: Term::Years(6), to: Term::Years(4) }),
            ],
        ),
        (
            "basis = \"mixed\"",
            "basis = \"legal-obligation\"",
            vec![(
                Narrows,
                ClassBasis { class: DataClass::Counters, from: Basis::Mixed, to: Basis::LegalObligation },
            )],
        ),
        (
            "\"history\", \"offers\"",
            "\"history\"",
            vec![(Narrows, PurposeRemoved { choice: choice("remember"), purpose: purpose("offers") })],
        ),
        ("\"guarantee\", \"remember\"", "\"remember\", \"guarantee\"", vec![(Rewords, Order)]),
        (
            "at the checkout of this store",
            "privacy@example.org",
            vec![(Rewords, shown("controller", Language::English))],
        ),
        (
            "basis = \"mixed\"",
            "basis = \"mixed\"\nrelease = { sales = 8 }",
            vec![(Narrows, Release { from: super::Release::LEAST, to: eight })],
        ),
        (
            "[class.profile]\nbasis = \"consent\"\nterm = { years = 3, after = \"last-purchase\" }",
            "[class.profile]\nbasis = \"consent\"\nterm = { years = 4, after = \"last-purchase\" }",
            vec![(
                Widens,
                ClassTerm {
                    class: DataClass::Profile,
                    from: Term::YearsAfterLast(3),
                    to: Term::YearsAfterLast(4),
                },
            )],
        ),
        ("backup-days = 30", "backup-days = 31", vec![(Widens, BackupDays { from: Some(30), to: Some(31) })]),
        ("backup-days = 30", "backup-days = 7", vec![(Narrows, BackupDays { from: Some(30), to: Some(7) })]),
        ("[\"es\", \"en\"]", "[\"es\"]", vec![(Rewords, LanguageRemoved { language: Language::English })]),
        (
            "keeps = [\"ticket\", \"counters\", \"lines\"]\nmemory = \"receipt\"",
            "keeps = [\"ticket\", \"counters\", \"lines\", \"profile\"]\nmemory = \"profile\"",
            vec![
                (Widens, ClassAdded { choice: choice("guarantee"), class: DataClass::Profile }),
                (
                    Widens,
                    MemoryChanged { choice: choice("guarantee"), from: Memory::Receipt, to: Memory::Profile },
                ),
            ],
        ),
        (
            "choice.guarantee",
            "choice.warranty",
            vec![
                (Widens, ChoiceAdded { choice: choice("warranty") }),
                (Narrows, ChoiceRemoved { choice: choice("guarantee") }),
            ],
        ),
    ];
    let shipped = Policy::shipped();
    for (from, to, expected) in cases {
        let text = SHIPPED.replace("version = 2", "version = 3").replace(from, to);
        // The order has to name the renamed choice.
        let text = if to.contains("warranty") { text.replace("\"guarantee\"", "\"warranty\"") } else { text };
        let changes = judge(&shipped, SHIPPED, &text).unwrap_or_else(|errors| panic!("{to}: {errors:?}"));
        let changes: Vec<_> = changes.into_iter().map(|change| (change.effect, change.kind)).collect();
        assert_eq!(changes, expected, "{to}");
        // Read backwards, what widens narrows, and what narrows widens.
        let back = compare(&Policy::parse(&text).unwrap(), &shipped);
        let count = |changes: &[Effect], effect| changes.iter().filter(|&&e| e == effect).count();
        let (there, back): (Vec<_>, Vec<_>) = (
            changes.into_iter().map(|(effect, _)| effect).collect(),
            back.into_iter().map(|change| change.effect).collect(),
        );
        assert_eq!(count(&there, Widens), count(&back, Narrows), "{to}");
        assert_eq!(count(&there, Narrows), count(&back, Widens), "{to}");
        assert_eq!(count(&there, Rewords), count(&back, Rewords), "{to}");
    }
    assert_eq!(judge(&shipped, SHIPPED, SHIPPED), Ok(vec![]));
    // A till takes one text for each version, so that even a comment needs the next.
    let commented =
        |version: u32| format!("# Ours.\n{SHIPPED}").replace("version = 2", &format!("version = {version}"));
    for version in [1, 2] {
        let kind = Kind::VersionNotRaised { current: 2 };
        let refused = PolicyError { line: line_of("version") + 1, key: "version".to_owned(), kind };
        assert_eq!(judge(&shipped, SHIPPED, &commented(version)), Err(vec![refused]));
    }
    assert_eq!(judge(&shipped, SHIPPED, &commented(3)), Ok(vec![]));
}

#[test]
fn a_change_raises_the_version() {
    let (text, _) = edited("Olvidar esta compra", 0, "Olvidar");
    assert_eq!(
        judge(&Policy::shipped(), SHIPPED, &text),
        Err(vec![PolicyError {
            line: line_of("version"),
            key: "version".to_owned(),
            kind: Kind::VersionNotRaised { current: 2 }
        }])
    );
}

#[test]
fn a_later_policy_only_shortens() {
    let sale = day(2026, 11, 23);
    let last = day(2028, 11, 23);
    let (shipped, customers) = (Policy::shipped(), Policy::parse(SHIPPED_0_2_0).unwrap());
    let with = |from: &str, to: &str| Policy::parse(&SHIPPED.replace(from, to)).unwrap();
    let (longer, shorter) = (with("years = 3", "years = 5"), with("{ years = 3 }", "{ days = 30 }"));
    let renamed =
        SHIPPED.replace("choice.guarantee", "choice.warranty").replace("\"guarantee\"", "\"warranty\"");
    let without = Policy::parse(&renamed).unwrap();
    for (sold_under, today, choice, expected) in [
        (&shipped, &shipped, "guarantee", Some(Until::Date(day(2029, 11, 23)))),
        (&shipped, &longer, "guarantee", Some(Until::Date(day(2029, 11, 23)))),
        (&shipped, &shorter, "guarantee", Some(Until::Date(day(2026, 12, 23)))),
        (&longer, &shipped, "guarantee", Some(Until::Date(day(2029, 11, 23)))),
        (&shipped, &without, "guarantee", Some(Until::Date(day(2029, 11, 23)))),
        (&without, &shipped, "guarantee", None),
        (&shipped, &longer, "remember", Some(Until::Date(day(2031, 11, 23)))),
        (&customers, &shipped, "remember", Some(Until::Date(day(2031, 11, 23)))),
        (&customers, &customers, "remember", Some(Until::CustomerSaysSo)),
        (&shipped, &shipped, "other", None),
    ] {
        assert_eq!(effective_until(sold_under, today, choice, sale, Some(last)), expected, "{choice}");
    }
    let untouched = effective_until(&customers, &shipped, "remember", sale, None);
    assert_eq!(untouched, Some(Until::CustomerSaysSo), "no day is last yet");
}

proptest! {
    #[test]
    fn parse_never_panics_on_a_mutated_policy(
        at in 0usize..SHIPPED.len(),
        gone in 0usize..80,
        put in "\\PC{0,12}|[\\[\\]{}=\"'.,#\\n0-9a-z-]{0,12}",
    ) {
        let floor = |mut at: usize| { while !SHIPPED.is_char_boundary(at) { at -= 1; } at };
        let (start, end) = (floor(at), floor((at + gone).min(SHIPPED.len())));
        let text = format!("{}{put}{}", &SHIPPED[..start], &SHIPPED[end..]);
        let lines = text.lines().count().max(1) + 1;
        match Policy::parse(&text) {
            Ok(policy) => {
                for language in Language::ALL {
                    let notice = policy.notice(language, day(2026, 11, 23));
                    policy.full_notice(language, day(2026, 11, 23), None);
                    policy.activities(language);
                    prop_assert_eq!(notice.cards.len(), policy.choices.len());
                    policy.after_forget_sentence(language, day(2026, 11, 23));
                }
                warnings(&text);
                prop_assert_eq!(policy.minimum().memory, Memory::None);
                let back = compare(&policy, &Policy::shipped());
                prop_assert_eq!(back.is_empty(), compare(&Policy::shipped(), &policy).is_empty());
            }
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                prop_assert!(errors.iter().all(|error| (1..=lines).contains(&error.line)), "{:?}", errors);
            }
        }
    }

    #[test]
    fn parse_never_panics_on_anything(text in "\\PC{0,200}|([a-z]{1,9}( = |\\.)[\"\\[{0-9a-z]{0,6}\n){0,12}") {
        let _ = Policy::parse(&text);
    }
}
