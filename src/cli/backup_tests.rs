//! What is said of damage must work as it is typed: backup, sales, damage, forget, and what follows.

use std::fs;

use super::super::records_tests::Shop;
use super::super::run::REFUSED;
use crate::cli::open::files;
use crate::cli::paths::DataDir;
use crate::seal::ReceiptCode;
use crate::store::Store;

/// Damages the slot of a purchase so that nothing in it tells whose it is.
fn damage_slot(shop: &Shop, code: &str) {
    let data = DataDir::at(&shop.data());
    let (store, _) = Store::open_to_forget(&files(&data)).unwrap();
    let slot = store.slot(&ReceiptCode::parse(code).unwrap()).unwrap().unwrap();
    drop(store);
    let mut bytes = fs::read(data.keys()).unwrap();
    bytes[128 * (slot.index as usize + 1)..][48..116].iter_mut().for_each(|byte| *byte ^= 0xff);
    fs::write(data.keys(), bytes).unwrap();
}

fn remembered(shop: &Shop, phone: &str) -> String {
    shop.sold(&format!(r#""choice":"remember","customer":{{"phone":"{phone}"}},"purposes":["history"]"#))
}

/// A customer's forget cannot find what a damaged key has. The words lead out of it, and what is forgotten then stays
/// so; a restore that knows of the forget does not bring it back.
#[test]
fn what_a_damaged_key_has_is_forgotten_when_it_is_said() {
    let shop = Shop::new();
    let backup = shop.path("backup.tar");
    shop.done(&["backup", &backup]);
    let later = remembered(&shop, "600999888");
    damage_slot(&shop, &later);
    let (exit, said, _) = shop.run(&["customer", "forget", "600999888"]);
    assert!(exit == REFUSED && said.contains("may be theirs") && said.contains("--damaged-too"), "{said}");
    assert!(!said.contains("no longer hold") && !said.contains("nobody can open it."), "{said}");
    let unknown = shop.refused(&["customer", "forget", "600555444"]);
    assert!(unknown.contains("may be theirs") && unknown.contains("--damaged-too"), "{unknown}");
    let said = shop.done(&["customer", "forget", "600999888", "--damaged-too"]);
    assert!(said.contains("One kept thing that nobody could open") && said.contains("Forgotten."), "{said}");
    assert!(shop.refused(&["purchase", "show", &later]).contains("it is forgotten"));
    assert!(shop.done(&["customer", "show", "600123456"]).contains("One kept purchase"));
    shop.done(&["receipt", &shop.guarantee]);
    assert!(shop.done(&["verify"]).contains("Everything holds."));
}

/// A customer who was forgotten while a key of theirs was damaged is not brought back by a backup that has it whole.
#[test]
fn a_damaged_key_does_not_come_back_with_a_backup() {
    let shop = Shop::new();
    remembered(&shop, "600123456");
    let backup = shop.path("backup.tar");
    shop.done(&["backup", &backup]);
    damage_slot(&shop, &shop.remember);
    assert_eq!(shop.run(&["customer", "forget", "600123456"]).0, REFUSED);
    let restored = shop.done(&["restore", &backup]);
    assert!(restored.contains("forgotten again: 3"), "{restored}");
    let unknown = shop.refused(&["customer", "forget", "600123456"]);
    assert!(unknown.contains("it is forgotten completely"), "{unknown}");
    assert!(shop.refused(&["purchase", "show", &shop.remember]).contains("it is forgotten"));
    shop.done(&["receipt", &shop.guarantee]);
    assert!(shop.done(&["verify"]).contains("Everything holds."));
}

/// A damaged key is no word of its customer: whatever else is forgotten, and whatever a quiet moment does, their profile
/// stays, and a backup that has the key brings their purchase back.
#[test]
fn nobody_is_forgotten_for_a_damaged_key() {
    for another in [&["purchase", "forget"][..], &["customer", "forget", "600777888"]] {
        let shop = Shop::new();
        let second = remembered(&shop, "600123456");
        remembered(&shop, "600777888");
        let backup = shop.path("backup.tar");
        shop.done(&["backup", &backup]);
        damage_slot(&shop, &shop.remember);
        let mut line = another.to_vec();
        // Of two purchases of a customer, the one whose key is whole.
        line.extend((another.len() == 2).then_some(second.as_str()));
        shop.run(&line);
        shop.run(&["expire"]);
        let restored = shop.done(&["restore", &backup]);
        let again = if another.len() == 2 { 1 } else { 2 };
        assert!(restored.contains(&format!("forgotten again: {again}")), "{restored}");
        let shown = shop.done(&["customer", "show", "600123456"]);
        assert!(
            shown.contains(if another.len() == 2 { "One kept purchase" } else { "2 kept purchases" }),
            "{shown}"
        );
    }
}

/// Overwrites the page at which a table begins.
fn spoil(shop: &Shop, table: &str) {
    let path = shop.data().join("olvido.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
    let root: usize = connection.query_row(root, [table], |row| row.get(0)).unwrap();
    drop(connection);
    let mut bytes = fs::read(&path).unwrap();
    bytes[(root - 1) * 4096..][..4096].fill(0xaa);
    fs::write(&path, bytes).unwrap();
}

/// Where no number can be given twice a restore needs no series; what it ends it asks about all the same.
#[test]
fn a_restore_asks_before_it_ends_what_was_kept() {
    for (choice, ends) in [("guarantee", true), ("forget", false)] {
        let shop = Shop::new();
        let backup = shop.path("backup.tar");
        shop.done(&["backup", &backup]);
        shop.sold(&format!(r#""choice":"{choice}""#));
        fs::remove_file(shop.data().join("olvido.keys")).unwrap();
        let before = fs::read(shop.data().join("olvido.db")).unwrap();
        let mut line = vec!["restore", &backup];
        if ends {
            for with_series in [&[][..], &["--series", "A2"]] {
                let asked = shop.refused(&[&line, with_series].concat());
                assert!(
                    asked.contains("purchases: 1, customers: 0.") && asked.contains("--end-newer"),
                    "{asked}"
                );
                assert_eq!(fs::read(shop.data().join("olvido.db")).unwrap(), before);
            }
            line.push("--end-newer");
        }
        let said = shop.done(&line);
        assert!(said.contains("takes over one ticket") && said.contains("in the series A."), "{said}");
        assert_eq!(said.contains("purchases: 1, customers: 0."), ends, "{said}");
        assert!(shop.done(&["verify"]).contains("Everything holds."));
    }
}

/// Where the last tickets cannot be read nobody knows how many there are. That is said before and after.
#[test]
fn a_restore_says_that_tickets_may_be_lost() {
    let shop = Shop::new();
    let backup = shop.path("backup.tar");
    shop.done(&["backup", &backup]);
    shop.sold(r#""choice":"forget""#);
    spoil(&shop, "ticket");
    let asked = shop.refused(&["restore", &backup]);
    let said = shop.done(&["restore", &backup, "--series", "A2"]);
    for said in [asked, said] {
        assert!(said.contains("nothing tells how many") && !said.contains("takes over"), "{said}");
    }
}

/// Before it asks for a series, and when it is done, a restore says what ends with it. A receipt of then is not called
/// another shop's.
#[test]
fn a_restore_says_what_it_ends() {
    let shop = Shop::new();
    let backup = shop.path("backup.tar");
    shop.done(&["backup", &backup]);
    let later = shop.sold(r#""choice":"guarantee""#);
    remembered(&shop, "600123456");
    remembered(&shop, "600777888");
    let unknown = ReceiptCode::random().text().to_string();
    assert!(shop.refused(&["receipt", &unknown]).contains("gave no such"));
    spoil(&shop, "product");
    let asked = shop.refused(&["restore", &backup]);
    let said = shop.done(&["restore", &backup, "--series", "A2"]);
    for said in [asked, said] {
        assert!(said.contains("takes over 3 tickets"), "{said}");
        assert!(said.contains("purchases: 3, customers: 1."), "{said}");
    }
    for command in [&["receipt"][..], &["purchase", "show"], &["purchase", "forget"]] {
        let line: Vec<&str> = command.iter().copied().chain([later.as_str()]).collect();
        let said = shop.refused(&line);
        assert!(said.contains("no purchase is found") && said.contains("from a backup"), "{said}");
    }
    assert!(shop.done(&["verify"]).contains("Everything holds."));
}
