//! Forgets in a damaged store say what is so.

use super::*;

fn tombstones(data: &DataDir) -> i64 {
    let connection = rusqlite::Connection::open(data.database()).unwrap();
    connection.query_row("SELECT count(*) FROM tombstone", [], |row| row.get(0)).unwrap()
}

/// Where the keys file never held the key, nothing was overwritten: that stays pending until the right file is back.
#[test]
fn a_forget_without_its_key_is_pending() {
    let shop = Damaged::new();
    let foreign = fs::read(Damaged::new().whole.keys()).unwrap();
    for what in ["gone", "emptied", "its header alone", "another store's"] {
        let (_folder, data) = shop.copy();
        let right = fs::read(data.keys()).unwrap();
        match what {
            "gone" => fs::remove_file(data.keys()).unwrap(),
            "emptied" => fs::write(data.keys(), "").unwrap(),
            "its header alone" => lengthen(&data.keys(), 128),
            _ => fs::write(data.keys(), &foreign).unwrap(),
        }
        for round in 1..=2 {
            let (code, out, complaints) = ran_with(data.root(), "purchase forget NAME --lang en", &shop.code);
            let context = format!("{what}, {round}: {out}{complaints}");
            assert!(
                code == REFUSED && out.contains("another olvido.keys may still hold the key"),
                "{context}"
            );
            assert!(!out.contains("overwritten"), "{context}");
        }
        assert_eq!(tombstones(&data), 1);
        let (code, out, complaints) = ran(data.root(), "customer forget 600123456 --lang en");
        assert!(code == REFUSED && !complaints.contains("nothing is kept"), "{what}: {out}{complaints}");
        private_file::replace(&data.keys(), &right).unwrap();
        let (code, _, complaints) = ran_with(data.root(), "purchase show NAME --lang en", &shop.code);
        assert!(code == REFUSED && !complaints.contains("last traces"), "{what}: {complaints}");
        assert_eq!(shop.left(&data), (false, true), "{what}: the opening zeroed it");
        let (code, out, complaints) = ran(data.root(), "verify --lang en");
        assert_eq!(code, DONE, "{what}: {out}{complaints}");
    }
}

/// Keys of before, or cut short, in the place of the right ones: what is zeroed in them is still in the right file, and of
/// what was sold since they know nothing. That stays pending until the right file is back, or a backup is.
#[test]
fn a_forget_in_keys_of_another_moment_is_pending() {
    let shop = Damaged::new();
    let older = fs::read(shop.whole.keys()).unwrap();
    let backup = shop.path("backup.tar");
    assert_eq!(ran_with(shop.whole.root(), "backup NAME", &backup).0, DONE);
    shop.rings(r#""choice":"guarantee""#);
    shop.rings(r#""choice":"remember","customer":{"phone":"600123456"},"purposes":["history"]"#);
    let right = fs::read(shop.whole.keys()).unwrap();
    let connection = rusqlite::Connection::open(shop.whole.database()).unwrap();
    let tally: usize = connection.query_row("SELECT slot FROM tally", [], |row| row.get(0)).unwrap();
    drop(connection);
    let cut = right[..128 * (tally + 1)].to_vec();
    for (what, keys) in [("older", &older), ("cut short", &cut)] {
        for forget in ["purchase forget NAME", "customer forget 600123456", "expire"] {
            let (_folder, data) = shop.copy();
            if forget == "expire" {
                sql(&data, "UPDATE purchase SET until = 1");
            }
            private_file::replace(&data.keys(), keys).unwrap();
            let line = format!("{forget} --lang en");
            for round in 1..=2 {
                let (code, out, complaints) = ran_with(data.root(), &line, &shop.code);
                let context = format!("{what}, {forget}, {round}: {out}{complaints}");
                let is_said = out.contains("not of one moment with") || complaints.contains("olvido.keys");
                assert!(code == REFUSED && is_said, "{context}");
                assert!(!out.contains("overwritten") && !out.contains("Forgotten."), "{context}");
            }
            if what == "older" && forget == "purchase forget NAME" {
                // Nobody has the right file: a backup ends it.
                let (_, _, asked) = ran_with(data.root(), "restore NAME --lang en", &backup);
                assert!(asked.contains("purchases: 2, customers: 0."), "{asked}");
                assert!(asked.contains("--series A2"), "{asked}");
                let restored = ran_with(data.root(), "restore NAME --series A2 --lang en", &backup);
                assert!(restored.0 == DONE && restored.1.contains("forgotten again: 1"), "{restored:?}");
                let again = ran_with(data.root(), &line, &shop.code);
                assert!(again.2.contains("it is forgotten"), "{restored:?} {again:?}");
                let verified = ran(data.root(), "verify --lang en");
                assert_eq!(verified.0, DONE, "{verified:?}");
                continue;
            }
            private_file::replace(&data.keys(), &right).unwrap();
            let (code, out, complaints) = ran_with(data.root(), &line, &shop.code);
            let context = format!("{what}, {forget}: {out}{complaints}");
            assert!(!out.contains("not of one moment") && !complaints.contains("not gone yet"), "{context}");
            // Where all of it was in what was not cut off, nothing was left to forget.
            let is_finished = complaints.contains("is gone now, completely");
            assert!(forget.starts_with("purchase") || code == DONE || is_finished, "{context}");
            let (purchase, customer) = shop.left(&data);
            assert!(!(purchase && forget != "customer forget 600123456"), "{context}");
            assert!(!(customer && forget != "purchase forget NAME"), "{context}");
            let (code, out, complaints) = ran(data.root(), "verify --lang en");
            assert_eq!(code, DONE, "{context}: {out}{complaints}");
        }
    }
}

/// A purchase is found without the store key, and forgotten. Of a customer nothing is found: that is said.
#[test]
fn a_forget_under_a_store_key_that_is_not_right() {
    let shop = Damaged::new();
    for store_key in [vec![], vec![7; 31], vec![7; 32]] {
        let (_folder, data) = shop.copy();
        private_file::replace(&data.store_key(), &store_key).unwrap();
        let context = format!("{} bytes", store_key.len());
        let (code, out, complaints) = ran(data.root(), "customer forget 600123456 --lang en");
        assert!(code == REFUSED && complaints.contains("store.key"), "{context}: {out}{complaints}");
        assert!(!complaints.contains("is kept of this customer"), "{context}: {complaints}");
        let (code, out, complaints) = ran_with(data.root(), "purchase forget NAME --lang en", &shop.code);
        assert!(code == DONE && out.contains("Forgotten."), "{context}: {out}{complaints}");
        assert_eq!(shop.left(&data), (false, true), "{context}");
    }
}

#[test]
fn a_policy_that_is_gone_is_found() {
    let shop = Damaged::new();
    fs::remove_file(shop.whole.policy()).unwrap();
    let (code, out, complaints) = ran(shop.whole.root(), "verify --lang en");
    assert!(code == REFUSED && out.contains("policy.toml"), "{out}{complaints}");
}

/// Every page of the database is zeroed, one at a time: the key goes, and whatever was done is said.
#[test]
fn a_forget_despite_a_damaged_page_says_what_it_did() {
    let shop = Damaged::new();
    let pages = fs::metadata(shop.whole.database()).unwrap().len() / 4096;
    let mut unnoted = Vec::new();
    for page in 1..=pages {
        let (_folder, data) = shop.copy();
        let mut bytes = fs::read(data.database()).unwrap();
        bytes[(page as usize - 1) * 4096..][..4096].fill(0);
        fs::write(data.database(), &bytes).unwrap();
        let (code, out, complaints) = ran_with(data.root(), "purchase forget NAME --lang en", &shop.code);
        let context = format!("page {page} of {pages}, {code}: {out}{complaints}");
        assert!(!shop.left(&data).0, "{context}");
        assert!(!out.contains("Nothing was") && !complaints.contains("Nothing was"), "{context}");
        if out.contains("could not be noted") {
            assert_eq!(code, REFUSED, "{context}");
            unnoted.push(page);
            continue;
        }
        let is_stuck = out.contains("could not all be removed");
        assert_eq!(code, if is_stuck { REFUSED } else { DONE }, "{context}");
        assert!(is_stuck || out.contains("Forgotten."), "{context}");
        let (_, out, complaints) = ran_with(data.root(), "purchase forget NAME --lang en", &shop.code);
        assert!(
            !out.contains("Nothing was") && !complaints.contains("Nothing was"),
            "{context}\n{out}{complaints}"
        );
    }
    // It is noted whatever page of what only a hub, the outbox or a purchase needs is damaged.
    let whole = rusqlite::Connection::open(shop.whole.database()).unwrap();
    let mut statement = whole.prepare("SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0").unwrap();
    let roots = statement.query_map([], |row| Ok((row.get(1)?, row.get(0)?))).unwrap();
    let roots: std::collections::HashMap<u64, String> = roots.collect::<Result<_, _>>().unwrap();
    let unnoted: Vec<_> = unnoted.iter().filter_map(|page| roots.get(page)).collect();
    assert_eq!(unnoted, ["meta", "tombstone", "doomed"]);
}

/// What is noted in a database that an interrupted restore replaces would be gone with it.
#[test]
fn a_forget_without_keys_waits_for_an_unfinished_restore() {
    use std::os::unix::fs::DirBuilderExt;
    let shop = Damaged::new();
    fs::remove_file(shop.whole.keys()).unwrap();
    let ready = shop.whole.root().join("restore.ready");
    fs::DirBuilder::new().mode(0o700).create(ready).unwrap();
    let (code, out, complaints) = ran_with(shop.whole.root(), "purchase forget NAME --lang en", &shop.code);
    assert!(code == REFUSED && out.is_empty(), "{out}{complaints}");
    assert!(complaints.contains("a restore was interrupted"), "{complaints}");
    assert_eq!(tombstones(&shop.whole), 0);
}
