//! Who looked at a purchase: sealed with it, gone with it.

use super::*;
use crate::domain::look::{Look, LookReason};

fn look(reason: LookReason) -> Look {
    Look { at: at("2026-11-23T19:00:00+01:00"), reason, by: "ana-canary".to_owned() }
}

#[test]
fn a_look_is_sealed_and_goes_with_its_purchase() {
    for choice in ["guarantee", "remember"] {
        let directory = tempfile::tempdir().unwrap();
        let mut store = create(directory.path());
        let phone = Some("600123456").filter(|_| choice == "remember");
        let code = store.sell(&sale(Some(choice), phone, &["Reloj"])).unwrap().code;
        let id = code.purchase_id();
        store.log_look(&id, &look(LookReason::Guarantee)).unwrap();
        store.log_look(&id, &look(LookReason::Authority)).unwrap();
        assert_eq!(store.looks(&id).unwrap(), [look(LookReason::Guarantee), look(LookReason::Authority)]);
        for clear in ["\"reason\"", "ana-canary", "19:00:00"] {
            assert_eq!(files_with(directory.path(), clear), Vec::<String>::new(), "{clear}");
        }
        store.forget(&code).unwrap();
        assert_eq!(store.looks(&id).unwrap(), []);
        store.log_look(&id, &look(LookReason::Return)).unwrap();
        let left: i64 =
            store.connection.query_row("SELECT count(*) FROM look", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "nothing is noted of what is gone");
    }
}

/// 0.2.0 kept words of their own in the clear.
#[test]
fn old_words_become_a_reason_and_go() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let code = store.sell(&sale(Some("guarantee"), None, &["Reloj"])).unwrap().code;
    let gone = store.sell(&sale(Some("guarantee"), None, &["Radio"])).unwrap().code;
    store.forget(&gone).unwrap();
    store
        .connection
        .execute_batch("CREATE TABLE look_in_words (number INTEGER PRIMARY KEY, at TEXT NOT NULL, id BLOB NOT NULL, purpose TEXT NOT NULL) STRICT")
        .unwrap();
    for (code, words) in [
        (&code, "the receipt was shown"),
        (&code, "lo pidió el cliente"),
        (&code, "CANARY Ana Garcia asks"),
        (&gone, "CANARY too"),
    ] {
        let row = rusqlite::params![at("2026-11-23T19:00:00+01:00").to_rfc3339(), code.purchase_id(), words];
        store
            .connection
            .execute("INSERT INTO look_in_words (at, id, purpose) VALUES (?1, ?2, ?3)", row)
            .unwrap();
    }
    drop(store);
    let mut store = open(directory.path());
    let reasons: Vec<LookReason> =
        store.looks(&code.purchase_id()).unwrap().into_iter().map(|look| look.reason).collect();
    assert_eq!(reasons, [LookReason::Receipt, LookReason::CustomerAsks, LookReason::Other]);
    store.close_day().unwrap();
    assert_eq!(files_with(directory.path(), "CANARY"), Vec::<String>::new());
}
