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

/// Without keys nobody knows whether more followed: a restore asks for a series, and says what it ends.
#[test]
fn a_restore_asks_before_it_ends_what_was_kept() {
    for (choice, ends) in [("guarantee", true), ("forget", false)] {
        let shop = Shop::new();
        let backup = shop.path("backup.tar");
        shop.done(&["backup", &backup]);
        shop.sold(&format!(r#""choice":"{choice}""#));
        fs::remove_file(shop.data().join("olvido.keys")).unwrap();
        let before = fs::read(shop.data().join("olvido.db")).unwrap();
        let asked = shop.refused(&["restore", &backup]);
        assert_eq!(asked.contains("purchases: 1, customers: 0."), ends, "{asked}");
        assert_eq!(fs::read(shop.data().join("olvido.db")).unwrap(), before);
        let said = shop.done(&["restore", &backup, "--series", "A2"]);
        assert!(said.contains("takes over one ticket") && said.contains("in the series A2."), "{said}");
        assert_eq!(said.contains("purchases: 1, customers: 0."), ends, "{said}");
        assert!(said.contains("may have been forgotten"), "{said}");
        assert!(shop.done(&["verify"]).contains("Everything holds."));
    }
}

/// An earlier database, and no keys to hold it against: nothing of it is taken for the last word.
#[test]
fn an_earlier_database_without_keys_gives_no_number_again() {
    for what in ["gone", "emptied", "cut short", "the header damaged"] {
        let shop = Shop::new();
        let backup = shop.path("backup.tar");
        shop.done(&["backup", &backup]);
        let (database, keys) = (shop.data().join("olvido.db"), shop.data().join("olvido.keys"));
        let earlier = fs::read(&database).unwrap();
        shop.sold(r#""choice":"forget""#);
        shop.done(&["purchase", "forget", &shop.guarantee]);
        fs::write(&database, earlier).unwrap();
        let mut bytes = fs::read(&keys).unwrap();
        match what {
            "gone" => fs::remove_file(&keys).unwrap(),
            "emptied" => fs::write(&keys, []).unwrap(),
            "cut short" => fs::write(&keys, &bytes[..128]).unwrap(),
            _ => {
                bytes[3] ^= 1;
                fs::write(&keys, bytes).unwrap();
            }
        }
        assert!(shop.refused(&["restore", &backup]).contains("--series A2"), "{what}");
        let said = shop.done(&["restore", &backup, "--series", "A2"]);
        assert!(said.contains("may have been forgotten"), "{what}: {said}");
    }
}

/// A store key that is lost or damaged heals by the copy that the shop has, and the words say so.
#[test]
fn a_store_key_that_is_gone_is_put_back_from_its_copy() {
    let shop = Shop::new();
    let backup = shop.path("backup.tar");
    shop.done(&["backup", &backup]);
    shop.sold(r#""choice":"forget""#);
    let (key, copy) = (shop.data().join("store.key"), shop.path("copy.key"));
    fs::copy(&key, &copy).unwrap();
    let whole = fs::read(&key).unwrap();
    fs::write(&key, &whole[..16]).unwrap();
    for line in [&["restore", backup.as_str()][..], &["purchase", "show", &shop.guarantee]] {
        assert!(shop.refused(line).contains("Put your own copy of it in its place"), "{line:?}");
    }
    let other = shop.refused(&["restore", &backup, "--store-key", &copy]);
    assert!(other.contains("not the one that you gave") && other.contains("put it in the place"), "{other}");
    fs::remove_file(&key).unwrap();
    assert!(shop.refused(&["purchase", "show", &shop.guarantee]).contains("Put your own copy"));
    fs::copy(&copy, &key).unwrap();
    shop.done(&["receipt", &shop.guarantee]);
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
