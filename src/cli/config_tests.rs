use proptest::prelude::*;

use super::*;
use crate::locale::Locale;

fn refusals(text: &str) -> Vec<(usize, String, ConfigErrorKind)> {
    parse(text).unwrap_err().into_iter().map(|e| (e.line, e.key, e.kind)).collect()
}

/// The shipped file with one of its lines replaced, and that line's number.
fn shipped_with(line: &str, replacement: &str) -> (String, usize) {
    let at = SHIPPED.lines().position(|l| l == line).unwrap_or_else(|| panic!("{line} is not shipped"));
    let lines: Vec<&str> =
        SHIPPED.lines().enumerate().map(|(i, l)| if i == at { replacement } else { l }).collect();
    (lines.join("\n"), at + 1)
}

#[test]
fn the_shipped_file_says_the_defaults() {
    assert_eq!(parse(SHIPPED), Ok(Settings::default()));
}

#[test]
fn every_key_is_shipped_with_a_comment_above_it() {
    let lines: Vec<&str> = SHIPPED.lines().collect();
    for (table, keys) in TABLES {
        let start = lines.iter().position(|l| *l == format!("[{table}]")).expect(table);
        for key in keys {
            let end = lines[start + 1..]
                .iter()
                .position(|l| l.starts_with('['))
                .map_or(lines.len(), |n| start + 1 + n);
            let at = (start..end).find(|&i| lines[i].starts_with(&format!("{key} = "))).expect(key);
            assert!(lines[at - 1].starts_with("# "), "{table}.{key} has no comment");
        }
    }
    for part in RULE {
        assert!(
            SHIPPED.contains(&format!("{part}: ")) || SHIPPED.contains(&format!("{part} and ")),
            "{part}"
        );
    }
}

#[test]
fn what_a_shop_can_set() {
    let text = fill(SHIPPED, &Store { series: "B-2".to_owned(), ..Store::default() })
        .replace("cash-step = 1", "cash-step = 5")
        .replace("default-tax = 21", "default-tax = 5.2")
        .replace(
            "variable = []",
            r#"variable = [{ prefix = "21", item = 4, value = 5, holds = "weight", check = true }]"#,
        )
        .replace("theme = \"default\"", "theme = \"plain\"")
        .replace("turned = false", "turned = true")
        .replace("columns = 42", "columns = 32")
        + "pay = [\"F10\", \"Ctrl+P\"]\n";
    let settings = parse(&text).unwrap();
    assert_eq!(settings.store.series, "B-2");
    assert_eq!(settings.selling, Selling { cash_step: 5, default_tax: TaxRate(520) });
    let rule = VariableRule::new("21", 4, 5, Embeds::Weight, true).unwrap();
    assert_eq!(settings.barcodes.variable, VariableRules(vec![rule]));
    assert_eq!(settings.display.theme, Theme::Plain);
    assert!(settings.customer_screen.turned);
    assert_eq!(settings.receipt.columns, 32);
    assert_eq!(settings.keys["pay"], ["F10", "Ctrl+P"]);
}

#[test]
fn what_is_not_there_has_its_default_but_for_the_store() {
    let store: String = SHIPPED
        .lines()
        .skip_while(|l| *l != "[store]")
        .take_while(|l| *l != "[selling]")
        .collect::<Vec<_>>()
        .join("\n");
    assert_eq!(parse(&store), Ok(Settings::default()));
    // A file of 0.2.0 does not say what is sold.
    let (before, _) = shipped_with("goods = \"alimentación y hogar\"", "");
    assert_eq!(parse(&before), Ok(Settings::default()));
    let english = parse(&before.replace("\"es\"", "\"en\"")).unwrap();
    assert_eq!(english.store.goods, "food and household");
    let found = refusals("[selling]\ncash-step = 5\n");
    assert_eq!(found.len(), 7);
    assert!(found.iter().all(|(line, key, kind)| {
        *line == 1 && key.starts_with("store.") && *kind == ConfigErrorKind::Missing
    }));
}

#[test]
fn refused_values() {
    use Expected as E;
    let long = format!("name = \"{}\"", "x".repeat(61));
    let text = |longest| E::Text { longest };
    for (shipped, replacement, key, expected) in [
        ("name = \"Ultramarinos Sol\"", "name = \" \"", "store.name", text(60)),
        ("name = \"Ultramarinos Sol\"", "name = 7", "store.name", text(60)),
        ("name = \"Ultramarinos Sol\"", &long, "store.name", text(60)),
        ("name = \"Ultramarinos Sol\"", "name = \"a\\u001b[2J\"", "store.name", text(60)),
        ("tax-id = \"B12345674\"", "tax-id = \"B1&Num=2\"", "store.tax-id", E::TaxId),
        ("goods = \"alimentación y hogar\"", "goods = \"\"", "store.goods", text(60)),
        ("language = \"es\"", "language = \"fr\"", "store.language", E::Language),
        ("currency = \"EUR\"", "currency = \"euros\"", "store.currency", E::Currency),
        ("till = \"caja 1\"", "till = true", "store.till", text(20)),
        ("series = \"A\"", "series = \"A B\"", "store.series", E::Series),
        ("series = \"A\"", "series = \"-\"", "store.series", E::Series),
        ("dialling-code = \"34\"", "dialling-code = \"+34\"", "store.dialling-code", E::DiallingCode),
        ("dialling-code = \"34\"", "dialling-code = 34", "store.dialling-code", E::DiallingCode),
        ("cash-step = 1", "cash-step = 3", "selling.cash-step", E::CashStep),
        ("cash-step = 1", "cash-step = 99999999999999999999", "selling.cash-step", E::CashStep),
        ("default-tax = 21", "default-tax = 101", "selling.default-tax", E::Rate),
        ("default-tax = 21", "default-tax = 1e1", "selling.default-tax", E::Rate),
        ("variable = []", "variable = \"21\"", "barcodes.variable", E::Rules),
        ("variable = []", "variable = [21]", "barcodes.variable", E::Rules),
        ("turned = false", "turned = \"no\"", "customer-screen.turned", E::YesNo),
        ("theme = \"default\"", "theme = \"dark\"", "display.theme", E::Theme),
        ("reduced-motion = false", "reduced-motion = 1", "display.reduced-motion", E::YesNo),
        ("columns = 42", "columns = 40", "receipt.columns", E::Columns),
        ("[keys]", "[keys]\npay = []", "keys.pay", E::Keys),
        ("[keys]", "[keys]\npay = [\"F10\", \"Hyper+P\"]", "keys.pay", E::Keys),
        ("[keys]", "[keys]\npay = \"F10\"", "keys.pay", E::Keys),
        ("[keys]", "[keys]\npay = [10]", "keys.pay", E::Keys),
    ] {
        let (file, line) = shipped_with(shipped, replacement);
        let line = line + replacement.matches('\n').count();
        let found = refusals(&file);
        let [(at, name, ConfigErrorKind::BadValue { expected: wanted, .. })] = found.as_slice() else {
            panic!("{replacement}: {found:?}")
        };
        assert_eq!((*at, name.as_str(), *wanted), (line, key, expected), "{replacement}");
    }
}

#[test]
fn refused_rules() {
    use Expected as E;
    let rule = |prefix: &str, item: u8, value: u8, check: bool| {
        format!(
            "variable = [{{ prefix = \"{prefix}\", item = {item}, value = {value}, holds = \"price\", check = {check} }}]"
        )
    };
    for (replacement, key, expected) in [
        (rule("31", 5, 5, false), "barcodes.variable.prefix", E::Prefix),
        (rule("21", 6, 5, false), "barcodes.variable", E::Thirteen { count: 14 }),
        (rule("21", 3, 6, true), "barcodes.variable.check", E::CheckedValue),
        (rule("21", 0, 5, true), "barcodes.variable.item", E::Digits),
        (rule("21", 5, 5, false).replace("price", "colour"), "barcodes.variable.holds", E::Holds),
    ] {
        let (file, line) = shipped_with("variable = []", &replacement);
        let found = refusals(&file);
        let [(at, name, ConfigErrorKind::BadValue { expected: wanted, .. })] = found.as_slice() else {
            panic!("{replacement}: {found:?}")
        };
        assert_eq!((*at, name.as_str(), *wanted), (line, key, expected), "{replacement}");
    }
    let (file, line) = shipped_with(
        "variable = []",
        "variable = [{ prefix = \"21\", item = 5, value = 5, hold = \"price\" }]",
    );
    let missing = |key: &str| (line, format!("barcodes.variable.{key}"), ConfigErrorKind::Missing);
    let suggestion = Some("barcodes.variable.holds".to_owned());
    let unknown = (line, "barcodes.variable.hold".to_owned(), ConfigErrorKind::UnknownKey { suggestion });
    assert_eq!(refusals(&file), [unknown, missing("holds"), missing("check")]);
}

#[test]
fn unknown_keys_and_what_may_be_meant() {
    for (shipped, added, key, meant) in [
        ("[store]", "langauge = \"es\"", "store.langauge", Some("store.language")),
        ("[store]", "tax_id = \"B1\"", "store.tax_id", Some("store.tax-id")),
        ("[store]", "colums = 42", "store.colums", Some("receipt.columns")),
        ("[store]", "loyalty = true", "store.loyalty", None),
        ("[keys]", "pya = [\"F1\"]", "keys.pya", None),
        ("[keys]", "quantiti = [\"F1\"]", "keys.quantiti", Some("keys.quantity")),
        ("[keys]", "[recipt]", "recipt", Some("receipt")),
        (
            "# The set-up of one till. Olvido reads this file at its start and refuses what it does not know,",
            "theme = \"plain\"",
            "theme",
            Some("display.theme"),
        ),
    ] {
        let (file, line) = shipped_with(shipped, &format!("{shipped}\n{added}"));
        let suggestion = meant.map(str::to_owned);
        assert_eq!(
            refusals(&file),
            [(line + 1, key.to_owned(), ConfigErrorKind::UnknownKey { suggestion })],
            "{added}"
        );
    }
}

#[test]
fn keys_of_the_keyboard() {
    let shipped = |keys: &str| shipped_with("[keys]", &format!("[keys]\n{keys}"));
    let (swapped, _) = shipped("pay = [\"F5\"]\nundo = [\"F10\"]");
    assert_eq!(parse(&swapped).unwrap().keys.len(), 2, "two actions change places");
    let taken = |found: &str, by: &str| ConfigErrorKind::KeyTaken { found: found.into(), by: by.into() };
    for (keys, after, key, kind) in [
        ("search = [\"F11\"]\npay = [\"F5\"]", 2, "keys.pay", taken("F5", "undo")),
        ("up = [\"Enter\"]", 1, "keys.up", taken("Enter", "accept")),
        ("quantity = [\"F5\"]", 1, "keys.quantity", taken("F5", "undo")),
        ("pay = [\"p\"]", 1, "keys.pay", ConfigErrorKind::KeyWrites { found: "p".into() }),
    ] {
        let (file, line) = shipped(keys);
        assert_eq!(refusals(&file), [(line + after, key.to_owned(), kind)], "{keys}");
    }
}

#[test]
fn what_is_no_toml() {
    for (text, line, kind) in [
        ("[store]\nname = \n", 2, ConfigErrorKind::NotToml),
        ("[store]\nname = Sol\n", 2, ConfigErrorKind::NotToml),
        ("a = 1\nb = 2\na = 3\n", 3, ConfigErrorKind::Duplicate),
    ] {
        assert_eq!(refusals(text), [(line, String::new(), kind)], "{text}");
    }
    let found = refusals(&SHIPPED.replace("[receipt]", "[receipt").replace("columns = 42", ""));
    assert_eq!(found.len(), 1);
    let (file, line) = shipped_with("[keys]", "[keys]\n[[selling]]");
    assert_eq!(refusals(&file)[0].0, line + 1);
}

#[test]
fn every_refusal_has_words_in_every_language() {
    let file = "[store]\nname = 7\nnmae = 1\nseries = \"\"\n[barcodes]\nvariable = [{ prefix = \"21\", item = 9, value = 5, holds = \"price\", check = false }]\n[keys]\npay = [\"F5\"]\nundo = [\"u\"]\n";
    for language in Language::ALL {
        let locale = Locale::of(language);
        let words: Vec<String> = parse(file)
            .unwrap_err()
            .iter()
            .map(|e| format!("{}: {} {}", e.line, e.reason(locale), e.remedy(locale)))
            .collect();
        insta::assert_snapshot!(format!("refusals_{}", language.code()), words.join("\n"));
    }
}

proptest! {
    #[test]
    fn the_answers_of_the_set_up_come_back(name in "[^\\p{C}]{1,60}", tax_id in "[A-Z0-9]{1,20}", series in "[A-Z0-9]{1,5}") {
        let name = Store::named(&name);
        prop_assume!(name.is_some());
        let store = Store { name: name.unwrap_or_default(), tax_id, series, language: Language::English, ..Store::default() };
        let filled = fill(SHIPPED, &store);
        prop_assert_eq!(filled.lines().filter(|l| l.starts_with('#')).count(), SHIPPED.lines().filter(|l| l.starts_with('#')).count());
        prop_assert_eq!(parse(&filled), Ok(Settings { store, ..Settings::default() }));
    }

    #[test]
    fn never_a_panic(text in "\\PC*", cut in 0usize..3000) {
        let _ = parse(&text);
        let cut = (0..=cut.min(SHIPPED.len())).rev().find(|&at| SHIPPED.is_char_boundary(at)).unwrap_or(0);
        let _ = parse(&(SHIPPED[..cut].to_owned() + &text));
    }
}

#[test]
fn a_card_is_not_repeated() {
    let name = SHIPPED.lines().find(|line| line.starts_with("name = ")).unwrap();
    let (file, _) = shipped_with(name, "name = \"4111 1111 1111 1111\"");
    let [(_, key, ConfigErrorKind::BadValue { found, .. })] = &refusals(&file)[..] else { panic!("{file}") };
    assert!(key == "store.name" && !found.contains("4111"), "{found}");
}
