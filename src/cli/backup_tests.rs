//! What is said of damage must work as it is typed: backup, sales, damage, forget, and what follows.

use std::fs;

use super::super::records_tests::Shop;
use super::*;
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

/// A customer's forget cannot find what a damaged key has. The words lead out of it, with newer sales and without; the
/// rest of the store stays, and the forgotten one does not come back with the key.
#[test]
fn a_damaged_key_is_mended_from_a_backup_and_the_forget_ends() {
    for has_newer_sales in [true, false] {
        let shop = Shop::new();
        remembered(&shop, "600123456");
        let backup = shop.path("backup.tar");
        shop.done(&["backup", &backup]);
        let later = has_newer_sales.then(|| shop.sold(r#""choice":"guarantee""#));
        damage_slot(&shop, &shop.remember);
        damage_slot(&shop, &shop.guarantee);
        let (exit, said, _) = shop.run(&["customer", "forget", "600123456"]);
        assert_eq!(exit, REFUSED, "{said}");
        assert!(said.contains("may be theirs") && said.contains("olvido restore FILE"), "{said}");
        let restored = shop.done(&["restore", &backup]);
        assert_eq!(restored.contains("2 damaged keys of it are mended"), has_newer_sales, "{restored}");
        let again = if has_newer_sales { 1 } else { 3 };
        assert!(restored.contains(&format!("forgotten again: {again}")), "{restored}");
        let unknown = shop.refused(&["customer", "forget", "600123456"]);
        assert!(unknown.contains("it is forgotten completely"), "{unknown}");
        assert!(shop.refused(&["purchase", "show", &shop.remember]).contains("it is forgotten"));
        for kept in later.iter().chain([&shop.guarantee]) {
            shop.done(&["receipt", kept]);
        }
        assert!(shop.done(&["verify"]).contains("Everything holds."));
        let repeated = shop.run(&["restore", &backup]);
        assert_eq!(repeated.2.contains("newer sales"), has_newer_sales, "{repeated:?}");
    }
}

/// Whose key is damaged and who was not forgotten is found again.
#[test]
fn a_mended_customer_is_found_again() {
    let shop = Shop::new();
    let backup = shop.path("backup.tar");
    shop.done(&["backup", &backup]);
    shop.sold(r#""choice":"forget""#);
    damage_slot(&shop, &shop.remember);
    let restored = shop.done(&["restore", &backup]);
    assert!(restored.contains("One damaged key") && !restored.contains("forgotten again"), "{restored}");
    assert!(shop.done(&["customer", "show", "600123456"]).contains("One kept purchase"));
    assert!(shop.done(&["customer", "forget", "600123456"]).contains("Forgotten."));
}

/// No backup has the key: it goes by a word of its own, and takes nobody else's purchases with it.
#[test]
fn a_damaged_key_that_no_backup_has_goes_when_it_is_said() {
    let shop = Shop::new();
    let backup = shop.path("backup.tar");
    shop.done(&["backup", &backup]);
    let later = remembered(&shop, "600999888");
    damage_slot(&shop, &later);
    let (_, said, _) = shop.run(&["customer", "forget", "600999888"]);
    assert!(said.contains("--damaged-too"), "{said}");
    let (exit, said, _) = shop.run(&["restore", &backup]);
    assert!(exit == REFUSED && said.contains("not in this backup either"), "{said}");
    let unknown = shop.refused(&["customer", "forget", "600555444"]);
    assert!(unknown.contains("may be theirs") && unknown.contains("--damaged-too"), "{unknown}");
    let said = shop.done(&["customer", "forget", "600999888", "--damaged-too"]);
    assert!(said.contains("One kept thing with a damaged key") && said.contains("Forgotten."), "{said}");
    assert!(shop.refused(&["purchase", "show", &later]).contains("it is forgotten"));
    assert!(shop.done(&["customer", "show", "600123456"]).contains("One kept purchase"));
    shop.done(&["receipt", &shop.guarantee]);
    assert!(shop.done(&["verify"]).contains("Everything holds."));
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
    let path = shop.data().join("olvido.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'product'";
    let root: usize = connection.query_row(root, [], |row| row.get(0)).unwrap();
    drop(connection);
    let mut bytes = fs::read(&path).unwrap();
    bytes[(root - 1) * 4096..][..4096].fill(0xaa);
    fs::write(&path, bytes).unwrap();
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
