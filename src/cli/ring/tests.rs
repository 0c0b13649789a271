//! One line in, one line out, against a real store in a temporary directory.

use std::io::{BufRead, BufReader, Write, pipe};
use std::path::Path;
use std::thread;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::domain::barcode::{Embeds, Gtin, VariableRule, check_digit};
use crate::domain::money::Money;
use crate::domain::policy::{Policy, SHIPPED};
use crate::domain::product::Product;
use crate::domain::quantity::Unit;
use crate::domain::tax::TaxRate;
use crate::store::Files;

const BREAD: &str = "0400010952755";

fn now() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2026-11-23T18:42:07+01:00").unwrap()
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.store.language = crate::domain::language::Language::English;
    settings.barcodes.variable.0.push(VariableRule::new("21", 5, 5, Embeds::Price, false).unwrap());
    settings.barcodes.variable.0.push(VariableRule::new("22", 5, 5, Embeds::Weight, false).unwrap());
    settings
}

fn open(directory: &Path) -> Store {
    let (files, issuer) = (Files::of(directory), settings().store.issuer());
    if files.database.exists() {
        return Store::open(&files, &issuer, SHIPPED, Policy::shipped()).unwrap();
    }
    let mut store = Store::create(&files, &issuer, SHIPPED, Policy::shipped()).unwrap();
    let product = |barcode: Option<&str>, plu, sku: &str, name: &str, price, tax, unit| Product {
        barcode: barcode.map(|code| Gtin::parse(code).unwrap()),
        plu,
        sku: sku.to_owned(),
        name: name.to_owned(),
        department: if unit == Unit::Kilogram { "Fruit" } else { "Bakery" }.to_owned(),
        price: Money(price),
        tax: TaxRate(tax),
        unit,
        durable_years: 0,
    };
    let products = [
        product(Some(BREAD), None, "PAN-1", "Bread", 115, 400, Unit::Piece),
        product(None, Some(4011), "", "Bananas", 249, 400, Unit::Kilogram),
        product(None, Some(25), "", "Cheese", 1290, 1000, Unit::Kilogram),
    ];
    store.import_products(&products, |_, _| {}).unwrap();
    store
}

fn ring(store: &mut Store, settings: &Settings, import: bool, input: &str) -> (Vec<Value>, Summary) {
    let mut output = Vec::new();
    let ring = Ring { settings, import, clock: now };
    let summary = ring.run(store, io::Cursor::new(input.as_bytes().to_vec()), &mut output).unwrap();
    let answers = output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    (answers.map(|line| serde_json::from_slice(line).unwrap()).collect(), summary)
}

/// The answer to one line, as "total change choice tax", or "kind@line".
fn told(store: &mut Store, settings: &Settings, import: bool, line: &str) -> String {
    let (answers, _) = ring(store, settings, import, line);
    assert_eq!(answers.len(), 1, "{line}");
    let (answer, error) = (&answers[0], &answers[0]["error"]);
    if error.is_null() {
        let text = |key: &str| answer[key].as_str().unwrap_or("null").to_owned();
        return format!("{} {} {} {}", text("total"), text("change"), text("choice"), answer["tax"]);
    }
    assert!(!error["message"].as_str().unwrap().is_empty() && !error["hint"].as_str().unwrap().is_empty());
    let at = error["line"].as_u64().map_or_else(String::new, |line| format!("@{line}"));
    format!("{}{at}", error["kind"].as_str().unwrap())
}

fn complete(body: u64) -> String {
    format!("{body}{}", check_digit(body))
}

#[test]
fn every_way_to_sell() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, settings) = (open(directory.path()), settings());
    let price = complete(210_002_500_350);
    let weight = complete(220_401_100_482);
    for (line, expected) in [
        (r#"{"lines":[{"code":"0400010952755"}]}"#.to_owned(), r#"1.15 0.00 forget {"4":"0.04"}"#),
        (r#"{"lines":[{"code":"PAN-1","quantity":"2"}]}"#.into(), r#"2.30 0.00 forget {"4":"0.09"}"#),
        (r#"{"lines":[{"code":"4011","quantity":"0.482"}]}"#.into(), r#"1.20 0.00 forget {"4":"0.05"}"#),
        (format!(r#"{{"lines":[{{"code":"{price}"}}]}}"#), r#"3.50 0.00 forget {"10":"0.32"}"#),
        (format!(r#"{{"lines":[{{"code":"{price}","quantity":"2"}}]}}"#), r#"7.00 0.00 forget {"10":"0.64"}"#),
        (format!(r#"{{"lines":[{{"code":"{weight}"}}]}}"#), r#"1.20 0.00 forget {"4":"0.05"}"#),
        (format!(r#"{{"lines":[{{"code":"{weight}","quantity":"2"}}]}}"#), r#"2.40 0.00 forget {"4":"0.09"}"#),
        (
            r#"{"lines":[{"code":"PAN-1","unit_price":"1.00","discount":"10%"},{"code":"PAN-1","quantity":"1","discount":"0.15"}]}"#.into(),
            r#"1.90 0.00 forget {"4":"0.07"}"#,
        ),
        (
            r#"{"lines":[{"department":"Bakery","unit_price":"2.00"},{"department":"Fruit","unit_price":"10.00","tax":"21","name":"Key","quantity":"2"}],"discount":"50%"}"#.into(),
            r#"11.00 0.00 forget {"21":"1.74","4":"0.04"}"#,
        ),
        (
            r#"{"lines":[{"code":"PAN-1"}],"tenders":[{"kind":"card","amount":"1.00"},{"kind":"cash","amount":"5.00"}],"choice":"guarantee"}"#.into(),
            r#"1.15 4.85 guarantee {"4":"0.04"}"#,
        ),
        (
            r#"{"lines":[{"code":"PAN-1"}],"choice":"remember","customer":{"phone":"600 123 456"},"purposes":["offers","history"]}"#.into(),
            r#"1.15 0.00 remember {"4":"0.04"}"#,
        ),
        (r#"{"lines":[{"code":"PAN-1","discount":"100%"}],"tenders":[]}"#.into(), r#"0.00 0.00 forget {"4":"0.00"}"#),
        (
            r#"{"lines":[{"code":"PAN-1","discount":"100%"}],"tenders":[{"kind":"cash","amount":"0"}],"id":null}"#.into(),
            r#"0.00 0.00 forget {"4":"0.00"}"#,
        ),
    ] {
        assert_eq!(told(&mut store, &settings, false, &line), expected, "{line}");
    }
}

#[test]
fn every_refusal() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, settings) = (open(directory.path()), settings());
    let long = format!(r#"{{"lines":[{{"code":"{}"}}]}}"#, "9".repeat(LONGEST_LINE as usize));
    let many = format!(
        r#"{{"lines":[{}]}}"#,
        vec![r#"{"department":"Fruit","tax":"4","unit_price":"1"}"#; 1000].join(",")
    );
    let bread = |rest: &str| format!(r#"{{"lines":[{{"code":"PAN-1"}}]{rest}}}"#);
    let line = |line: &str| format!(r#"{{"lines":[{{"code":"PAN-1"}},{line}]}}"#);
    let cases = [
        ("{".to_owned(), "bad_json"),
        ("[]".into(), "wrong_type"),
        ("\u{feff}nothing".into(), "bad_json"),
        (format!("{}1{}", "[".repeat(5000), "]".repeat(5000)), "bad_json"),
        (long, "too_large"),
        (many, "too_large@1000"),
        ("{}".into(), "missing_key"),
        (r#"{"lines":[]}"#.into(), "no_lines"),
        (r#"{"lines":{}}"#.into(), "wrong_type"),
        (r#"{"lines":[{"code":"PAN-1"}],"lines":[]}"#.into(), "duplicate_key"),
        (bread(r#","total":"1.15""#), "unknown_key"),
        (bread(r#","id":7"#), "wrong_type"),
        (line(r#"{"code":"PAN-1","qty":"2"}"#), "unknown_key@2"),
        (line(r#"{"code":"PAN-1","tax":"4"}"#), "unknown_key@2"),
        (line(r#"{"code":"PAN-1","quantity":2}"#), "wrong_type@2"),
        (line(r#""PAN-1""#), "wrong_type@2"),
        (line("{}"), "code_or_department@2"),
        (line(r#"{"code":"PAN-1","department":"Bakery"}"#), "code_or_department@2"),
        (line(r#"{"code":"nothing"}"#), "unknown_product@2"),
        (line(r#"{"code":"0400010952756"}"#), "unknown_product@2"),
        (line(r#"{"code":"PAN-1","quantity":"0"}"#), "bad_quantity@2"),
        (line(r#"{"code":"PAN-1","quantity":"1.5"}"#), "bad_quantity@2"),
        (line(r#"{"code":"PAN-1","quantity":"-1"}"#), "bad_quantity@2"),
        (line(r#"{"code":"4011","quantity":"0.4821"}"#), "bad_quantity@2"),
        (line(&format!(r#"{{"code":"{}","quantity":"0.5"}}"#, complete(220_401_100_482))), "bad_quantity@2"),
        (
            line(&format!(r#"{{"code":"{}","quantity":"99999"}}"#, complete(220_401_199_999))),
            "bad_quantity@2",
        ),
        (line(r#"{"code":"PAN-1","unit_price":"-1"}"#), "bad_price@2"),
        (line(r#"{"code":"PAN-1","unit_price":"1.234"}"#), "bad_price@2"),
        (line(r#"{"code":"PAN-1","discount":"0%"}"#), "bad_discount@2"),
        (line(r#"{"code":"PAN-1","discount":"9.00"}"#), "bad_discount@2"),
        (bread(r#","discount":"9.00""#), "bad_discount"),
        (line(r#"{"code":"PAN-1","quantity":"100000","unit_price":"10000000"}"#), "too_large@2"),
        (line(r#"{"department":"Bakery"}"#), "missing_key@2"),
        (line(r#"{"department":"Nowhere","unit_price":"1"}"#), "unknown_department@2"),
        (line(r#"{"department":"Bakery","unit_price":"1","tax":"-4"}"#), "bad_tax@2"),
        (line(r#"{"department":" ","unit_price":"1","tax":"4"}"#), "bad_name@2"),
        (line(r#"{"department":"Bakery","unit_price":"1","name":"a\u0007b"}"#), "bad_name@2"),
        (line(r#"{"department":"Ana Garcia 600111222","tax":"4","unit_price":"1"}"#), "personal_data@2"),
        (line(r#"{"department":"Ana Garcia","tax":"4","unit_price":"1"}"#), "unknown_department@2"),
        (line(r#"{"department":"Bakery","unit_price":"1","name":"for ana@example.org"}"#), "personal_data@2"),
        (bread(r#","choice":"remember","customer":{"phone":"600123456"},"purposes":[]"#), "needs_purpose"),
        (bread(r#","choice":"remember","customer":{"phone":"600123456"}"#), "needs_purpose"),
        (line(r#"{"department":"Bakery","unit_price":"1","name":"4111 1111 1111 1111"}"#), "payment_card@2"),
        (bread(r#","tenders":[{"kind":"cheque","amount":"2"}]"#), "bad_tender"),
        (bread(r#","tenders":[{"kind":"cash","amount":"0"}]"#), "bad_tender"),
        (bread(r#","tenders":[{"kind":"card","amount":"2"}]"#), "bad_tender"),
        (bread(r#","tenders":[{"kind":"cash","amount":"2"},{"kind":"cash","amount":"1"}]"#), "bad_tender"),
        (bread(r#","tenders":[{"kind":"cash","amount":"1000000"}]"#), "bad_tender"),
        (bread(r#","tenders":[{"kind":"cash"}]"#), "missing_key"),
        (bread(r#","tenders":[{"kind":"cash","amount":"1.00"}]"#), "not_enough"),
        (bread(r#","tenders":[]"#), "not_enough"),
        (bread(r#","choice":"keep""#), "unknown_choice"),
        (bread(r#","choice":"remember""#), "needs_customer"),
        (bread(r#","customer":{"phone":"600123456"}"#), "customer_not_kept"),
        (bread(r#","choice":"remember","customer":{"phone":"12"}"#), "bad_customer"),
        (bread(r#","choice":"remember","customer":{}"#), "bad_customer"),
        (bread(r#","choice":"remember","customer":{"name":"Ana"}"#), "unknown_key"),
        (bread(r#","choice":"remember","customer":{"card":"4111111111111111"}"#), "payment_card"),
        (
            bread(r#","choice":"remember","customer":{"card":"1234"},"purposes":["resale"]"#),
            "unknown_purpose",
        ),
        (bread(r#","choice":"guarantee","purposes":["offers"]"#), "unknown_purpose"),
        (bread(r#","at":"2017-01-01T11:53:26""#), "at_not_allowed"),
    ];
    for (given, expected) in &cases {
        let shown: String = given.chars().take(100).collect();
        assert_eq!(&told(&mut store, &settings, false, given), expected, "{shown}");
    }
    for (at, expected) in [
        ("yesterday", "bad_time"),
        ("2026-11-23T18:42:08+01:00", "bad_time"),
        ("1969-01-01T00:00:00Z", "bad_time"),
    ] {
        assert_eq!(told(&mut store, &settings, true, &bread(&format!(r#","at":"{at}""#))), expected);
    }
    assert_eq!(store.last_ticket_at().unwrap(), None, "nothing was sold");
}

#[test]
fn cash_is_rounded_where_the_shop_does_so() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, mut settings) = (open(directory.path()), settings());
    settings.selling.cash_step = 5;
    for (price, change) in [("1.12", "0.00"), ("0.02", "0.05"), ("0.03", "0.00")] {
        let line = format!(r#"{{"lines":[{{"code":"PAN-1","unit_price":"{price}"}}]}}"#);
        let expected = format!("{price} {change} ");
        assert!(told(&mut store, &settings, false, &line).starts_with(&expected), "{price}");
    }
    assert_eq!(store.ticket(1).unwrap().unwrap().body.rounding, Money(-2));
}

#[test]
fn the_past_is_sold_at_its_own_time() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, settings) = (open(directory.path()), settings());
    for (number, (at, expected)) in (1..).zip([
        ("2017-01-01T11:53:26+01:00", "2017-01-01T11:53:26+01:00"),
        ("2017-01-01T11:53:26.75Z", "2017-01-01T11:53:26+00:00"),
        ("2017-01-01T11:53:26", "2017-01-01T11:53:26"),
        ("2017-01-01 11:53:26", "2017-01-01T11:53:26"),
    ]) {
        let line = format!(r#"{{"lines":[{{"code":"PAN-1"}}],"at":"{at}"}}"#);
        told(&mut store, &settings, true, &line);
        let sold = store.ticket(number).unwrap().unwrap().at.to_rfc3339();
        assert!(sold.starts_with(expected), "{at}: {sold}");
    }
}

#[test]
fn a_bad_line_sells_nothing_and_the_others_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, settings) = (open(directory.path()), settings());
    let input = "\u{feff}{\"id\":\"a\",\"lines\":[{\"code\":\"PAN-1\"}]}\r\n\n  \n{\"id\":\"b\",\"lines\":[]}\nnot json\n{\"id\":\"c\",\"lines\":[{\"code\":\"4011\"}]}";
    let (answers, summary) = ring(&mut store, &settings, false, input);
    assert_eq!(summary, Summary { sold: 2, repeated: 0, refused: 2 });
    let ids: Vec<_> = answers.iter().map(|a| a["id"].as_str()).collect();
    assert_eq!(ids, [Some("a"), Some("b"), None, Some("c")]);
    assert_eq!(answers[3]["ticket"], "A-000002");
}

#[test]
fn keys_come_in_their_order_and_the_code_opens_the_purchase() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    let mut output = Vec::new();
    let settings = settings();
    let input = r#"{"id":"x","lines":[{"code":"PAN-1"}],"choice":"guarantee"}"#;
    let ring = Ring { settings: &settings, import: false, clock: now };
    ring.run(&mut store, input.as_bytes(), &mut output).unwrap();
    let output = String::from_utf8(output).unwrap();
    let (answer, code) = output.trim_end().split_once(r#","code":""#).unwrap();
    assert_eq!(
        answer,
        r#"{"id":"x","ticket":"A-000001","total":"1.15","tax":{"4":"0.04"},"change":"0.00","choice":"guarantee""#
    );
    let code = crate::seal::ReceiptCode::parse(code.trim_end_matches("\"}")).unwrap();
    assert!(matches!(store.find(&code).unwrap(), crate::store::Found::Kept(_)));
}

/// A machine without a battery starts in 1970, or before it where it is west of Greenwich: what is wrong is its clock,
/// and no check of the store says that.
#[test]
fn a_clock_that_cannot_be_right_is_said_with_its_day() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, settings) = (open(directory.path()), settings());
    for (clock, day) in [
        ((|| DateTime::parse_from_rfc3339("1969-12-31T23:00:00-01:00").unwrap()) as fn() -> _, "1969-12-31"),
        (|| DateTime::UNIX_EPOCH.fixed_offset() + chrono::Duration::days(3_000_000), "10183-"),
    ] {
        let ring = Ring { settings: &settings, import: false, clock };
        let mut output = Vec::new();
        let input = io::Cursor::new(r#"{"lines":[{"code":"PAN-1"}]}"#);
        assert_eq!(ring.run(&mut store, input, &mut output).unwrap().refused, 1);
        let answer: Value = serde_json::from_slice(&output).unwrap();
        let error = &answer["error"];
        assert_eq!(error["kind"], "bad_time");
        assert!(error["message"].as_str().unwrap().contains(day), "{error}");
        assert_eq!(error["hint"], "Set the clock, then send the line again.");
    }
    assert_eq!(store.last_ticket_at().unwrap(), None, "nothing was sold");
}

/// What a till that was closed has open is none of what is rung.
#[test]
fn an_open_basket_stays() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    store.save_draft(b"the basket").unwrap();
    ring(&mut store, &settings(), false, r#"{"lines":[{"code":"PAN-1"}]}"#);
    assert_eq!(store.draft().unwrap().as_deref(), Some(b"the basket".as_slice()));
    drop(store);
    assert_eq!(open(directory.path()).draft().unwrap().as_deref(), Some(b"the basket".as_slice()));
}

/// Asking again by an id gives its ticket: a number of somebody's would be found by trying.
#[test]
fn an_id_is_nobodys_number() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, settings) = (open(directory.path()), settings());
    let mut kind = |id: &str| {
        let line = serde_json::json!({ "id": id, "lines": [{ "code": "PAN-1" }] }).to_string();
        let answer = ring(&mut store, &settings, false, &line).0.remove(0);
        answer["error"]["kind"].as_str().unwrap_or("sold").to_owned()
    };
    for id in ["600123456", "+34 600 123 456", "0034600123456", "ana@example.org", "order +34600123456"] {
        assert_eq!(kind(id), "personal_data", "{id}");
    }
    assert_eq!(kind("4111 1111 1111 1111"), "personal_data");
    for id in ["1", "20261129-000123", "1764412345678", "till-9/600", "01932b7c-6f61-7234-8678-9abcdef01234"]
    {
        assert_eq!(kind(id), "sold", "{id}");
    }
}

/// A phone, written where something else belongs, is never repeated: answers go into the logs of front ends.
#[test]
fn no_refusal_repeats_a_phone() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, settings) = (open(directory.path()), settings());
    let line = r#""lines":[{"code":"PAN-1"}]"#;
    for refused in [
        format!(r#"{{{line},"choice":"600123456"}}"#),
        format!(r#"{{{line},"600123456":"x"}}"#),
        format!(r#"{{{line},"discount":"600123456x"}}"#),
        format!(r#"{{{line},"at":"600 123 456"}}"#),
        format!(r#"{{{line},"tenders":[{{"kind":"600123456","amount":"1"}}]}}"#),
        r#"{"lines":[{"code":"600123456"}]}"#.to_owned(),
        r#"{"lines":[{"code":"PAN-1","quantity":"600123456"}]}"#.to_owned(),
        r#"{"lines":[{"code":"PAN-1","unit_price":"600 123 456"}]}"#.to_owned(),
        format!(r#"{{"id":"600123456",{line}}}"#),
    ] {
        let (answers, _) = ring(&mut store, &settings, true, &refused);
        assert_eq!(answers[0]["id"], serde_json::Value::Null);
        let told = answers[0]["error"].to_string();
        assert!(told.contains("message"), "{refused} was sold");
        assert!(!told.contains("123456") && !told.contains("123 456"), "{refused}: {told}");
    }
}

#[test]
fn an_id_sells_once() {
    let directory = tempfile::tempdir().unwrap();
    let settings = settings();
    let line = r#"{"id":"till-9/1","lines":[{"code":"PAN-1","quantity":"2"}],"at":"2026-01-01T10:00:00"}"#;
    let mut store = open(directory.path());
    let (answers, summary) = ring(&mut store, &settings, true, &format!("{line}\n{line}"));
    assert_eq!(summary, Summary { sold: 1, repeated: 1, refused: 0 });
    assert_eq!((answers[0]["repeated"].as_bool(), answers[0]["change"].as_str()), (None, Some("0.00")));
    drop(store);
    let mut store = open(directory.path());
    // The day of the import counts, not that of the sale; and an id known answers a line that is not.
    store.began_on(now().date_naive()).unwrap();
    store.expire(now().date_naive()).unwrap();
    let unknown = line.replace("PAN-1", "gone");
    let (again, summary) = ring(&mut store, &settings, true, &format!("{line}\n{unknown}"));
    assert_eq!(summary, Summary { sold: 0, repeated: 2, refused: 0 });
    for answer in again.iter().chain([&answers[1]]) {
        assert_eq!(answer["repeated"], true);
        assert_eq!(
            (&answer["change"], &answer["choice"], &answer["code"]),
            (&Value::Null, &Value::Null, &Value::Null)
        );
        for key in ["id", "ticket", "total", "tax"] {
            assert_eq!(answer[key], answers[0][key], "{key}");
        }
    }
    assert_eq!(store.ticket(2).unwrap(), None);
    store.expire(now().date_naive() + chrono::Days::new(31)).unwrap();
    assert_eq!(ring(&mut store, &settings, true, line).1.sold, 1, "an id is known for 30 days");
}

#[test]
fn a_lone_line_is_answered_while_the_input_stays_open() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = open(directory.path());
    let (input, mut client) = pipe().unwrap();
    let (answers, mut output) = pipe().unwrap();
    let ringing = thread::spawn(move || {
        Ring { settings: &settings(), import: false, clock: now }.run(&mut store, input, &mut output).unwrap()
    });
    let (sender, received) = std::sync::mpsc::channel();
    thread::spawn(move || {
        BufReader::new(answers).lines().for_each(|line| sender.send(line.unwrap()).unwrap())
    });
    for number in 1..=3 {
        client.write_all(b"{\"lines\":[{\"code\":\"PAN-1\"}]}\n").unwrap();
        let answer = received.recv_timeout(Duration::from_secs(20)).expect("answered at once");
        assert!(answer.contains(&format!("A-00000{number}")), "{answer}");
    }
    drop(client);
    assert_eq!(ringing.join().unwrap().sold, 3);
}

/// JSON that is a sale or nearly one, so that every reader is reached.
fn nearly_a_sale() -> impl Strategy<Value = String> {
    let any_value = prop_oneof![
        Just("null".to_owned()),
        "-?[0-9]{1,25}(\\.[0-9]{1,3})?(e[0-9]{1,3})?",
        "\\PC{0,8}".prop_map(|text| Value::String(text).to_string()),
        Just("[{}]".to_owned()),
    ]
    .boxed();
    let number = "-?[0-9]{0,9}[.,]?[0-9]{0,4}%?|[1-9]|0\\.[0-9]{1,3}|[1-9]0%";
    let time = "20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})?";
    // Mostly what belongs under the key, sometimes anything.
    let under = move |key: &'static str, pattern: &'static str| {
        let text = pattern.prop_map(|text: String| Value::String(text).to_string());
        prop_oneof![9 => text.boxed(), 1 => any_value.clone()]
            .prop_map(move |value| format!("\"{key}\":{value}"))
            .boxed()
    };
    let object = |needed: Vec<BoxedStrategy<String>>, other: Vec<BoxedStrategy<String>>| {
        let other = prop::collection::vec(prop::strategy::Union::new(other), 0..2);
        (needed, other)
            .prop_map(|(needed, other)| format!("{{{}}}", [needed, other].concat().join(",")))
            .boxed()
    };
    let list = |of: BoxedStrategy<String>, key: &'static str| {
        prop::collection::vec(of, 1..4).prop_map(move |all| format!("\"{key}\":[{}]", all.join(","))).boxed()
    };
    let line = object(
        vec![under("code", "PAN-1|4011|0400010952755|[0-9]{1,14}")],
        vec![
            under("quantity", number),
            under("unit_price", number),
            under("discount", number),
            under("department", "Bakery"),
        ],
    );
    let tender = object(vec![under("kind", "cash|card"), under("amount", number)], vec![under("note", "x")]);
    let customer = object(vec![under("phone", "[0-9]{9}|[0-9]{1,19}")], vec![under("email", "a@b.c")]);
    object(
        vec![list(line, "lines")],
        vec![
            list(tender, "tenders"),
            customer.prop_map(|object| format!("\"customer\":{object},\"choice\":\"remember\"")).boxed(),
            under("choice", "forget|guarantee|remember"),
            under("purposes", "offers"),
            under("discount", number),
            under("at", time),
            under("id", "[ab]"),
        ],
    )
}

#[test]
fn no_line_panics() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, settings) = (open(directory.path()), settings());
    let line = prop_oneof![4 => nearly_a_sale().boxed(), 1 => "\\PC{0,40}".boxed()];
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let (store, total) = (std::cell::RefCell::new(&mut store), std::cell::Cell::new((0, 0)));
    let checked = runner.run(&prop::collection::vec(line, 1..6), |lines| {
        let (answers, summary) = ring(&mut store.borrow_mut(), &settings, true, &lines.join("\n"));
        prop_assert_eq!(answers.len() as u64, summary.sold + summary.repeated + summary.refused);
        total.set((total.get().0 + summary.sold, total.get().1 + summary.refused));
        Ok(())
    });
    checked.unwrap();
    let (sold, refused) = total.get();
    assert!(sold > 20 && refused > 100, "both happen: {sold} sold, {refused} refused");
}
