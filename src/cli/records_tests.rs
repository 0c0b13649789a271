//! The commands about what is kept, run like a user runs them, in a demo store.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::paths::Environment;
use super::run::{DONE, REFUSED, run};

/// In the demo catalogue.
const RYE_BREAD: &str = "0400001010020";

/// A demo store with three sales, one for each choice, and their receipts' codes.
pub(super) struct Shop {
    folder: tempfile::TempDir,
    pub guarantee: String,
    pub remember: String,
    forget: String,
}

fn ran(data: &Path, line: &[&str]) -> (u8, String, String) {
    let args: Vec<OsString> = std::iter::once("olvido").chain(line.iter().copied()).map(Into::into).collect();
    let environment = Environment { data: Some(data.to_owned()), ..Environment::default() };
    let (mut out, mut complaints) = (Vec::new(), Vec::new());
    let code = run(&args, environment, &mut out, &mut complaints);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (code, text(out), text(complaints))
}

impl Shop {
    pub fn new() -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let (code, _, complaints) = ran(&data, &["init", "--demo", "--language", "en", "--lang", "en"]);
        assert_eq!(code, DONE, "{complaints}");
        let mut shop =
            Shop { folder, guarantee: String::new(), remember: String::new(), forget: String::new() };
        shop.guarantee = shop.sold(r#""choice":"guarantee""#);
        shop.remember =
            shop.sold(r#""choice":"remember","customer":{"phone":"600123456"},"purposes":["history"]"#);
        shop.forget = shop.sold(r#""choice":"forget""#);
        shop
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Sells something and returns its receipt code.
    pub fn sold(&self, rest: &str) -> String {
        let lines = self.path("sales.jsonl");
        let sale = format!(
            r#"{{"lines":[{{"code":"{RYE_BREAD}","quantity":"2"}}],{rest},"at":"2026-11-23T10:00:00+01:00"}}"#
        );
        fs::write(&lines, sale).unwrap();
        let (code, out, complaints) = self.run(&["ring", &lines, "--import"]);
        assert_eq!(code, DONE, "{out}{complaints}");
        serde_json::from_str::<Value>(&out).unwrap()["code"].as_str().unwrap().to_owned()
    }

    pub fn run(&self, line: &[&str]) -> (u8, String, String) {
        let line: Vec<&str> = line.iter().copied().chain(["--lang", "en"]).collect();
        ran(&self.data(), &line)
    }

    pub fn done(&self, line: &[&str]) -> String {
        let (code, out, complaints) = self.run(line);
        assert_eq!(code, DONE, "{line:?}\n{out}{complaints}");
        out
    }

    pub fn refused(&self, line: &[&str]) -> String {
        let (code, out, complaints) = self.run(line);
        assert_eq!((code, out.as_str()), (REFUSED, ""), "{line:?}\n{complaints}");
        complaints
    }
}

#[test]
fn three_codes_three_answers_in_both_languages() {
    let shop = Shop::new();
    let unknown = crate::seal::ReceiptCode::random().text().to_string();
    let mut wrong = shop.guarantee.clone();
    wrong.replace_range(0..1, if wrong.starts_with('0') { "1" } else { "0" });
    let mut answers = Vec::new();
    for command in [&["receipt"][..], &["purchase", "show"], &["purchase", "forget"]] {
        for (code, language, words) in [
            (&wrong, "en", "wrong letter"),
            (&wrong, "es", "equivocada"),
            (&unknown, "en", "gave no such"),
            (&unknown, "es", "no dio"),
            (&shop.forget, "en", "it is forgotten"),
            (&shop.forget, "es", "está olvidada"),
        ] {
            let line: Vec<&str> =
                command.iter().copied().chain([code.as_str(), "--lang", language]).collect();
            let (exit, out, complaints) = ran(&shop.data(), &line);
            assert_eq!((exit, out.as_str()), (REFUSED, ""));
            assert!(complaints.contains(words), "{complaints}");
            answers.push(complaints);
        }
    }
    answers.sort();
    answers.dedup();
    assert_eq!(answers.len(), 6, "each kind is answered alike by every command: {answers:#?}");
    assert!(shop.refused(&["receipt", "ABC"]).contains("27"));
    assert!(
        shop.refused(&["receipt", &shop.guarantee.replacen(&shop.guarantee[1..2], "u", 1)]).contains("\"u\"")
    );
}

#[test]
fn a_kept_purchase_is_shown_printed_and_forgotten() {
    let shop = Shop::new();
    let receipt = shop.done(&["receipt", &shop.guarantee, "--columns", "42"]);
    assert!(receipt.contains(&shop.guarantee[..17]) && receipt.contains("A-000001"), "{receipt}");
    // The receipt repeats what was ticked, in words, and until when articles and ticket are kept.
    let receipt = shop.done(&["receipt", &shop.remember, "--columns", "48"]);
    for part in ["Remember it for me", "For: See my purchases\n", "23 Nov 2029", "23 Nov 2032"] {
        assert!(receipt.contains(part), "{part}: {receipt}");
    }
    let shown = shop.done(&["purchase", "show", &shop.guarantee]);
    assert!(shown.contains("Rye bread") && shown.contains("Only for guarantee"), "{shown}");
    let json = shop.done(&["purchase", "show", &shop.guarantee, "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["ticket"], &json["until"]), (&"A-000001".into(), &"2029-11-23".into()));
    assert_eq!(
        (&json["lines"][0]["name"], &json["lines"][0]["quantity"]),
        (&"Rye bread".into(), &"2".into())
    );
    // Whoever brings the code is the customer; staff say why.
    assert!(shop.done(&["purchase", "show", &shop.remember]).contains("Rye bread"));
    let shown = shop.done(&["purchase", "show", &shop.remember, "--purpose", "return"]);
    assert!(
        shown.contains("+34600123456") && shown.contains("See my purchases") && !shown.contains("history"),
        "{shown}"
    );
    let forgotten = shop.done(&["purchase", "forget", &shop.guarantee]);
    assert!(forgotten.contains("Forgotten") && forgotten.contains("2032"), "{forgotten}");
    assert!(shop.refused(&["purchase", "show", &shop.guarantee]).contains("it is forgotten"));
}

#[test]
fn a_customer_sees_all_and_is_forgotten() {
    let shop = Shop::new();
    let shown = shop.done(&["customer", "show", "600 12 34 56"]);
    assert!(shown.contains("+34600123456") && shown.contains("A-000002"), "{shown}");
    assert!(shop.refused(&["customer", "show", "611222333"]).contains("nothing is kept"));
    assert!(shop.refused(&["customer", "show", "4111111111111111"]).contains("payment card"));
    assert!(shop.done(&["customer", "forget", "600123456"]).contains("Forgotten"));
    assert!(shop.refused(&["customer", "show", "600123456"]).contains("nothing is kept"));
    assert!(shop.refused(&["receipt", &shop.remember]).contains("it is forgotten"));
}

/// Whoever asks again while a forget is pending hears the same as the first time, and what it waits for.
#[test]
fn a_pending_forget_is_pending_at_every_look() {
    let shop = Shop::new();
    let looks = [
        ["receipt", "", &shop.guarantee],
        ["purchase", "show", &shop.guarantee],
        ["purchase", "forget", &shop.guarantee],
        ["customer", "show", "600123456"],
        ["customer", "forget", "600123456"],
    ]
    .map(|look| look.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>());
    let say = |pending: Option<&str>| {
        for look in &looks {
            let said = shop.refused(look);
            let is_pending = said.contains("not gone yet") || said.contains("not complete yet");
            assert_eq!(is_pending, pending.is_some(), "{look:?}: {said}");
            assert!(said.contains(pending.unwrap_or_default()), "{look:?}: {said}");
        }
        assert!(shop.refused(&["purchase", "show", &shop.forget]).contains("it is forgotten"));
    };
    // A backup that was killed on a disk that is away.
    let note = shop.data().join("backup.to");
    let text = [&[0; 8][..], shop.path("disk/shop.partial").as_bytes()].concat();
    crate::seal::private_file::create(&note, &text).unwrap();
    for look in &looks[2..] {
        if look[1] == "forget" {
            let (code, said, _) = shop.run(look);
            assert!(said.contains("Accepted") && said.contains("olvido verify"), "{said}");
            assert_eq!(code, REFUSED, "somebody has to connect that disk");
        }
    }
    say(Some("interrupted backup"));
    fs::remove_file(note).unwrap();
    say(None);
    let reader = rusqlite::Connection::open(shop.data().join("olvido.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM ticket;").unwrap();
    let another = shop.sold(r#""choice":"guarantee""#);
    assert!(shop.done(&["purchase", "forget", &another]).contains("Accepted"));
    say(Some("other program"));
    drop(reader);
    say(None);
}

/// The files are compacted at most once an hour.
#[test]
fn sealed_bytes_that_stay_for_a_while_are_said_to_stay() {
    let shop = Shop::new();
    let database = rusqlite::Connection::open(shop.data().join("olvido.db")).unwrap();
    database.execute("DELETE FROM meta WHERE name = 'closed'", []).unwrap();
    drop(database);
    let said = shop.done(&["purchase", "forget", &shop.guarantee]);
    assert!(said.contains("no longer hold that data"), "{said}");
    let said = shop.done(&["customer", "forget", "600123456"]);
    assert!(said.contains("goes in a quiet minute"), "{said}");
}

#[test]
fn review_verify_and_expire() {
    let shop = Shop::new();
    let json: Value = serde_json::from_str(&shop.done(&["review", "--json"])).unwrap();
    assert_eq!((&json["sales"], &json["choice"]["guarantee"]), (&3.into(), &1.into()));
    let words = shop.done(&["review", "--day", "2026-11-23"]);
    assert!(words.contains("Only for guarantee") && words.contains("23 Nov 2026"), "{words}");
    assert!(words.contains("after 5 sales among 32 tickets, or after 1600 tickets"), "{words}");
    let empty: Value = serde_json::from_str(&shop.done(&["review", "--json", "--to", "2026-11-22"])).unwrap();
    assert_eq!(empty["sales"], 0);
    assert!(shop.done(&["verify"]).contains("Everything holds."));
    assert!(shop.done(&["expire"]).contains("Nothing"));
    damage_a_slot(&shop);
    let (code, out, _) = shop.run(&["verify", "--json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["holds"]), (REFUSED, &false.into()));
    assert_eq!(json["findings"][0]["kind"], "key-damaged");
    let (code, words, _) = ran(&shop.data(), &["verify", "--lang", "es"]);
    assert_eq!(code, REFUSED);
    assert!(words.contains("archivo de claves"), "{words}");
}

/// A policy may hold counts back for longer: the review says by what rule.
#[test]
fn a_review_goes_by_the_rule_of_the_policy() {
    let shop = Shop::new();
    let rule = "basis = \"mixed\"\nrelease = { sales = 7, tickets = 40, longest = 2000 }";
    let policy = crate::domain::policy::SHIPPED.replace("version = 2", "version = 3");
    fs::write(shop.data().join("policy.toml"), policy.replace("basis = \"mixed\"", rule)).unwrap();
    let words = shop.done(&["review"]);
    assert!(words.contains("after 7 sales among 40 tickets, or after 2000 tickets"), "{words}");
}

/// An enrolment is tried once, by who asked for it.
#[test]
fn an_enrolment_that_fails_promises_no_other_try() {
    let shop = Shop::new();
    let code = crate::sync::enrolment::EnrolmentCode::new("SOL", [7; 16]).text();
    let said = shop.refused(&["sync", "enrol", "https://127.0.0.1:9", &code]);
    assert!(said.contains("cannot be reached") && said.contains("Check the address"), "{said}");
    assert!(!said.contains("by itself"), "{said}");
}

/// A language that Olvido does not speak is said, and nothing else changes.
#[test]
fn an_unknown_language_is_said() {
    let shop = Shop::new();
    let line = |words: &[&str]| {
        let args: Vec<OsString> =
            std::iter::once("olvido").chain(words.iter().copied()).map(Into::into).collect();
        let read = |name: &str| (name == "OLVIDO_LANG").then(|| OsString::from("xx"));
        let environment = Environment { data: Some(shop.data()), ..Environment::read(read, None) };
        let (mut out, mut complaints) = (Vec::new(), Vec::new());
        let code = run(&args, environment, &mut out, &mut complaints);
        (code, String::from_utf8(complaints).unwrap())
    };
    let (code, said) = line(&["review"]);
    assert!(code == DONE && said.contains("OLVIDO_LANG") && said.contains("xx"), "{said}");
    assert_eq!(line(&["review", "--lang", "es"]), (DONE, String::new()));
}

/// One byte in the slot of a kept purchase: the last that is not zero.
fn damage_a_slot(shop: &Shop) {
    let path = shop.data().join("olvido.keys");
    let mut bytes = fs::read(&path).unwrap();
    let owner = crate::seal::ReceiptCode::parse(&shop.guarantee).unwrap().purchase_id();
    let place = bytes.windows(16).position(|window| window == owner).unwrap();
    bytes[place] ^= 1;
    fs::write(&path, bytes).unwrap();
}

/// Recomputed from the printed fields alone, without the code that made them.
#[test]
fn anyone_can_recompute_the_chain() {
    let shop = Shop::new();
    let lines = shop.done(&["export", "tickets"]);
    let mut previous = String::new();
    for (number, line) in (1..).zip(lines.lines()) {
        let ticket: Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| ticket[name].as_str().unwrap().to_owned();
        assert_eq!(field("NumSerieFactura"), format!("A-{number:06}"));
        assert_eq!(field("HuellaAnterior"), previous);
        let names = ["IDEmisorFactura", "NumSerieFactura", "FechaExpedicionFactura", "TipoFactura"];
        let mut text: Vec<String> = names.iter().map(|name| format!("{name}={}", field(name))).collect();
        text.push(format!("CuotaTotal={}", field("CuotaTotal")));
        text.push(format!("ImporteTotal={}", field("ImporteTotal")));
        text.push(format!("Huella={previous}"));
        text.push(format!("FechaHoraHusoGenRegistro={}", field("FechaHoraHusoGenRegistro")));
        let hash: String = Sha256::digest(text.join("&")).iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(field("Huella"), hash);
        // One description of what the shop sells, whatever was in the basket.
        let goods =
            serde_json::json!([{ "department": "food and household", "amount": ticket["ImporteTotal"] }]);
        assert_eq!(ticket["departments"], goods);
        previous = hash;
    }
    assert_eq!(lines.lines().count(), 3);
}

#[test]
fn a_backup_comes_back_under_a_new_series() {
    let shop = Shop::new();
    let backup = shop.path("backup.tar");
    let said = shop.done(&["backup", &backup]);
    assert!(said.contains("store.key") && said.contains("A-000003"), "{said}");
    assert!(shop.refused(&["backup", &backup]).contains("already"));
    shop.done(&["purchase", "forget", &shop.guarantee]);
    // A whole store with newer sales is not thrown away.
    let later = shop.sold(r#""choice":"forget""#);
    assert!(shop.refused(&["restore", &backup]).contains("newer sales"));
    assert!(shop.refused(&["receipt", &later]).contains("forgotten"));
    fs::remove_file(shop.data().join("olvido.db")).unwrap();
    let refused = shop.refused(&["restore", &backup]);
    assert!(refused.contains("--series A2"), "{refused}");
    assert!(shop.refused(&["restore", &backup, "--series", "A"]).contains("already"));
    assert!(shop.refused(&["restore", &backup, "--series", "a b"]).contains("letters"));
    let said = shop.done(&["restore", &backup, "--series", "A2"]);
    assert!(said.contains("forgotten again: 1") && said.contains("series A2"), "{said}");
    assert!(shop.refused(&["receipt", &shop.guarantee]).contains("it is forgotten"));
    shop.done(&["receipt", &shop.remember]);
    shop.sold(r#""choice":"forget""#);
    assert!(shop.done(&["export", "tickets"]).contains("A2-000004"));
    assert!(shop.done(&["verify"]).contains("Everything holds."));
    assert!(shop.refused(&["restore", &shop.path("sales.jsonl")]).contains("not a backup"));
}

#[test]
fn a_backup_in_an_empty_directory_says_what_it_cannot_know() {
    let shop = Shop::new();
    let (backup, elsewhere) = (shop.path("backup.tar"), shop.folder.path().join("elsewhere"));
    shop.done(&["backup", &backup]);
    let (code, _, complaints) = ran(&elsewhere, &["restore", &backup, "--lang", "en"]);
    assert_eq!(code, REFUSED);
    assert!(complaints.contains("--store-key"), "{complaints}");
    let key = shop.data().join("store.key").display().to_string();
    let line = ["restore", &backup, "--store-key", &key, "--series", "B", "--lang", "en"];
    let (code, said, complaints) = ran(&elsewhere, &line);
    assert_eq!(code, DONE, "{complaints}");
    assert!(said.contains("2 kept purchases may have been forgotten"), "{said}");
    let (code, ..) = ran(&elsewhere, &["receipt", &shop.guarantee]);
    assert_eq!(code, DONE);
    // The doubt stays as long as any of them is kept, through the next backup and back, too.
    let verified = || {
        let (code, said, complaints) = ran(&elsewhere, &["verify", "--lang", "en"]);
        assert_eq!(code, DONE, "{said}{complaints}");
        said
    };
    assert!(verified().contains("2 kept purchases may have been forgotten after it"));
    let (_, json, _) = ran(&elsewhere, &["verify", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["doubtful"], 2);
    let (code, _, complaints) = ran(&elsewhere, &["restore", &backup, "--series", "C", "--lang", "en"]);
    assert_eq!(code, DONE, "{complaints}");
    assert!(
        verified().contains("2 kept purchases may have been"),
        "what is in place knows no more than before"
    );
    ran(&elsewhere, &["purchase", "forget", &shop.guarantee]);
    assert!(verified().contains("one kept purchase may have been forgotten after it"));
    ran(&elsewhere, &["customer", "forget", "600123456"]);
    assert!(!verified().contains("may have been"));
    assert!(!shop.done(&["verify"]).contains("may have been"), "nothing was restored here");
}

#[test]
fn days_that_go_backwards_are_refused() {
    let shop = Shop::new();
    let refused = shop.refused(&["review", "--from", "2026-11-25", "--to", "2026-11-24"]);
    assert!(refused.contains("--from 2026-11-24 --to 2026-11-25"), "{refused}");
    shop.done(&["review", "--from", "2026-11-24", "--to", "2026-11-24"]);
    let (_, _, complaints) = shop.run(&["review", "--day", "ayer"]);
    assert!(complaints.contains("cannot be \"ayer\""), "{complaints}");
}

/// A reason is one of a list, in words of whoever reads it; each look is shown with the purchase.
#[test]
fn looks_have_a_reason_of_the_list_and_are_shown() {
    let shop = Shop::new();
    shop.done(&["purchase", "show", &shop.guarantee, "--purpose", "return"]);
    let shown = shop.done(&["purchase", "show", &shop.guarantee]);
    assert!(shown.contains("Looked at:") && shown.contains(": a return\n"), "{shown}");
    assert!(shown.contains(": with the code of the receipt\n"), "{shown}");
    let (_, spanish, _) = ran(&shop.data(), &["purchase", "show", &shop.guarantee, "--lang", "es"]);
    assert!(spanish.contains(": una devolución\n"), "{spanish}");
    let json = shop.done(&["purchase", "show", &shop.guarantee, "--json", "--purpose", "authority"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let reasons: Vec<&str> =
        json["looks"].as_array().unwrap().iter().map(|look| look["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["return", "receipt", "receipt", "authority"]);
    let (code, _, complaints) =
        shop.run(&["purchase", "show", &shop.guarantee, "--purpose", "Ana Garcia asks"]);
    assert_eq!(code, super::run::USAGE, "{complaints}");
    assert!(shop.done(&["customer", "show", "600123456"]).contains(": nobody said why\n"));
    let (_, spanish, _) =
        ran(&shop.data(), &["customer", "show", "600123456", "--purpose", "complaint", "--lang", "es"]);
    assert!(spanish.contains("Consultas:") && spanish.contains(": una reclamación\n"), "{spanish}");
    let (code, ..) = shop.run(&["customer", "show", "600123456", "--purpose", "I am curious"]);
    assert_eq!(code, super::run::USAGE);
    // The copy that the notice promises: all of it, for machines, and the look at it is noted, too.
    let json = shop.done(&["customer", "show", "600123456", "--json", "--purpose", "authority"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["customer"], &json["past_term"]), (&"phone:+34600123456".into(), &0.into()));
    let purchase = &json["purchases"][0];
    assert_eq!(
        (&purchase["choice"], &purchase["customer"]["purposes"]),
        (&"remember".into(), &json["purposes"])
    );
    assert!(!purchase["lines"].as_array().unwrap().is_empty());
    let looks = purchase["looks"].as_array().unwrap();
    assert_eq!(
        looks.iter().map(|look| &look["reason"]).collect::<Vec<_>>(),
        ["unsaid", "complaint", "authority"]
    );
}
