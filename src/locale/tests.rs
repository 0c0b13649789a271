use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::*;

/// Message ids of one file, each with the variables that it uses, and the messages (`{ n-copies }`).
type Messages = BTreeMap<String, BTreeSet<String>>;

fn messages(sources: &[&str]) -> Messages {
    let mut found = Messages::new();
    for source in sources {
        let mut current = None;
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
                let id = line.split('=').next().unwrap_or_default().trim().to_owned();
                assert!(found.insert(id.clone(), BTreeSet::new()).is_none(), "{id} is there twice");
                current = Some(id);
            }
            let Some(variables) = current.as_ref().and_then(|id| found.get_mut(id)) else { continue };
            for rest in line.split('$').skip(1) {
                let end = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
                    .unwrap_or(rest.len());
                variables.insert(rest[..end].to_owned());
            }
            variables.extend(
                line.split("{ n-").skip(1).filter_map(|rest| Some(rest.split_once(' ')?.0.to_owned())),
            );
        }
    }
    found
}

/// All Rust sources but this one, whose examples are no use of a message.
fn sources(folder: &Path, out: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("locale/tests.rs") {
            out.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

fn all_sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found
}

#[test]
fn the_files_parse() {
    for (language, files) in [("es", SPANISH), ("en", ENGLISH)] {
        for file in files {
            if let Err((_, errors)) = FluentResource::try_new((*file).to_owned()) {
                panic!("{language}: {errors:?}\n{file}");
            }
        }
    }
}

#[test]
fn both_languages_say_the_same_things() {
    assert_eq!(messages(SPANISH), messages(ENGLISH));
}

/// Every id of a language with its words, sentences of several lines in one.
fn sentences(sources: &[&str]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in sources.iter().flat_map(|source| source.lines()).filter(|line| !line.starts_with('#')) {
        match line.split_once(" =").filter(|_| line.starts_with(|c: char| c.is_ascii_alphabetic())) {
            Some((id, words)) => found.push((id.to_owned(), words.to_owned())),
            None => found.last_mut().unwrap().1.extend([" ", line.trim()]),
        }
    }
    found
}

/// One word for one thing, and none that says what is not so.
#[test]
fn forbidden_words_stay_out() {
    let policy = crate::domain::policy::SHIPPED.to_lowercase();
    let spanish = [
        ("fichero", "archivo"),
        ("directorio", "carpeta"),
        ("llave", "clave"),
        ("nodo", "central"),
        ("factura", "tique"),
        ("luego", "así que"),
        ("ordenad", "ordenador"),
        ("equipo", "ordenador, personal"),
        ("opción", "elección"),
        ("opciones", "elecciones"),
        ("recupera", "restaura"),
        ("anónim", "mezclado"),
        ("anonim", "mezclado"),
        ("“", "«"),
    ];
    let english = [("anonym", "mixed"), ("“", "\""), ("folder", "directory"), ("invoice", "ticket")];
    // The law's term for a receipt; options of the command line.
    let allowed = ["receipt-invoice", "cli-option", "cli-options", "cli-unknown-argument"];
    for (language, words) in [(SPANISH, &spanish[..]), (ENGLISH, &english)] {
        for (id, sentence) in sentences(language) {
            let lower = sentence.to_lowercase();
            for (word, instead) in words {
                let found = lower.contains(word) && !(*word == "ordenad" && lower.contains("ordenador"));
                assert!(!found || allowed.contains(&id.as_str()), "{id}: {word}, say {instead}: {sentence}");
            }
        }
    }
    // Straight quotes are for what is typed into a file as it stands.
    for (id, sentence) in sentences(SPANISH) {
        let typed = ["config-", "policy-", "ring-"].iter().any(|start| id.starts_with(start))
            || [" = [\"", "\"$("].iter().any(|code| sentence.contains(code));
        assert!(typed || !sentence.replace("{\"", "").contains('"'), "{id}: quote with «»: {sentence}");
    }
    for word in ["anónim", "anonym", "llave", "fichero", "luego"] {
        assert!(!policy.contains(word), "the shipped policy says {word}");
    }
}

/// `1 tickets` is not said: a count before a noun chooses its form.
#[test]
fn counts_choose_their_plural() {
    let counts = [
        "count",
        "copies",
        "tickets",
        "purchases",
        "records",
        "stores",
        "forgets",
        "products",
        "days",
        "sent",
        "values",
        "columns",
        "lines",
        "items",
        "refused",
        "left",
        "seconds",
        "lost",
    ];
    for (id, sentence) in sentences(SPANISH).into_iter().chain(sentences(ENGLISH)) {
        for (at, _) in sentence.match_indices(" } ") {
            let name = sentence[..at].rsplit_once("{ $").map_or("", |(_, name)| name);
            let noun: String = sentence[at + 3..].chars().take_while(|c| c.is_alphabetic()).collect();
            let counted = counts.contains(&name) && noun.ends_with('s') && noun.chars().count() > 3;
            assert!(!counted || sentence[..at].contains("*[other]"), "{id}: {name} {noun}: {sentence}");
        }
    }
}

#[test]
fn every_message_is_used() {
    let sources = all_sources();
    let words = ENGLISH.concat();
    let unused: Vec<String> = messages(ENGLISH)
        .into_keys()
        // Counts that other messages say.
        .filter(|id| !words.contains(&format!("{{ {id} }}")))
        // The ids of help are made from the names of commands and arguments, those of `ring` from the
        // kinds of its refusals; tests of their own see to them.
        .filter(|id| id != "help" && !id.starts_with("help-") && !id.starts_with("ring-"))
        .filter(|id| !sources.iter().any(|(_, text)| text.contains(&format!("\"{id}\""))))
        .collect();
    assert_eq!(unused, Vec::<String>::new(), "in no source file");
}

#[test]
fn every_message_asked_for_exists() {
    let known = messages(ENGLISH);
    let mut unknown = Vec::new();
    for (path, text) in all_sources() {
        for call in [".text(", ".format("] {
            for (_, rest) in text.match_indices(call).map(|(at, _)| text.split_at(at + call.len())) {
                let Some(literal) = rest.trim_start().strip_prefix('"') else { continue };
                let id = literal.split('"').next().unwrap_or_default();
                // `%…` is a date's format.
                if !known.contains_key(id) && !id.starts_with('%') {
                    unknown.push(format!("{path}: {id}"));
                }
            }
        }
    }
    assert_eq!(unknown, Vec::<String>::new(), "in no .ftl file");
}

#[test]
fn a_missing_message_shows_its_key() {
    let locale = Locale::of(Language::English);
    assert_eq!(locale.text("no-such-message"), "[no-such-message]");
    assert_eq!(locale.format("no-such-message", &[]), "[no-such-message]");
}

#[test]
fn sentences_take_words_and_plurals() {
    let source =
        "lines = { $count ->\n    [one] { $name }: one line\n   *[other] { $name }: { $count } lines\n}\n";
    let locale = Locale::new(Language::English, &[source]);
    for (count, expected) in [(1i64, "Ana: one line"), (1200, "Ana: 1200 lines")] {
        assert_eq!(locale.format("lines", &[("count", Arg::from(count)), ("name", "Ana".into())]), expected);
    }
}

/// What the till says while it sells and is paid fits one row of 80 columns, beside its sign, with the longest
/// values. A name that can be longer stands last, so that only its own end is cut.
#[test]
fn what_the_till_says_fits_its_row() {
    const ROW: usize = 75;
    for (language, files) in [(Language::Spanish, SPANISH), (Language::English, ENGLISH)] {
        let locale = Locale::of(language);
        let said: Vec<(String, String)> = sentences(files)
            .into_iter()
            // The clock's question has a box of its own.
            .filter(|(id, _)| {
                ["sell-", "pay-"].iter().any(|start| id.starts_with(start)) && id != "sell-clock-what"
            })
            .collect();
        let errors = said.iter().filter(|(id, _)| id.starts_with("sell-error-"));
        let longest = errors.clone().map(|(_, words)| words.trim()).max_by_key(|words| words.chars().count());
        for (_, words) in errors {
            assert!(words.trim().starts_with(char::is_uppercase), "{words}");
        }
        for (id, words) in &said {
            let is_prompt = id.starts_with("sell-ask-");
            assert!(
                is_prompt || !words.contains("{ $name }") || words.ends_with("{ $name }"),
                "{id}: {words}"
            );
            let mut args: Vec<(&str, Arg<'_>)> =
                vec![("name", if is_prompt { "n".repeat(30).into() } else { "".into() })];
            args.extend(["count", "lines", "items"].map(|name| (name, Arg::from(10_000i64))));
            args.extend([
                ("amount", "−100,000,000.00 €".into()),
                ("total", "−100,000,000.00 €".into()),
                ("card", "−100,000,000.00 €".into()),
                ("weight", "100,000.000 kg".into()),
                ("code", "c".repeat(20).into()),
                ("choice", "c".repeat(22).into()),
                ("ticket", "SERIE-0123456".into()),
                ("day", "23 Nov 2032".into()),
                ("why", longest.unwrap_or_default().into()),
            ]);
            args.extend(["key", "search", "department"].map(|name| (name, "F9".into())));
            let words = locale.format(id, &args);
            assert!(words.chars().count() <= ROW && !words.contains('{'), "{id}: {words}");
        }
    }
}

#[test]
fn numbers_are_written_as_people_do() {
    let (es, en) = (Locale::of(Language::Spanish), Locale::of(Language::English));
    let [euro, franc, yen] = ["EUR", "CHF", "JPY"].map(|code| Currency::from_code(code).unwrap());
    for (amount, currency, in_spanish, in_english) in [
        (230, &euro, "2,30 €", "€2.30"),
        (-60, &euro, "−0,60 €", "−€0.60"),
        (123_456, &euro, "1.234,56 €", "€1,234.56"),
        (5, &franc, "0,05 CHF", "CHF 0.05"),
        (1_000, &yen, "1.000 ¥", "¥1,000"),
    ] {
        assert_eq!(es.money_signed(Money(amount), currency), in_spanish);
        assert_eq!(en.money_signed(Money(amount), currency), in_english);
    }
    assert_eq!(es.money(Money(230), &euro), "2,30");
    let weight = Quantity::grams(482).unwrap();
    assert_eq!(es.quantity(weight, Unit::Kilogram), "0,482 kg");
    assert_eq!(en.quantity(weight, Unit::Kilogram), "0.482 kg");
    assert_eq!(es.quantity(Quantity::pieces(2).unwrap(), Unit::Piece), "2");
    assert_eq!(es.percent(TaxRate(520)), "5,2 %");
    assert_eq!(en.percent(TaxRate(1000)), "10%");
    assert_eq!(es.time(NaiveTime::from_hms_opt(8, 5, 59).unwrap()), "08:05");
}
