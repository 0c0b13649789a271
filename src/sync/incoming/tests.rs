//! Pages of changes over a real store.

use serde_json::json;
use serde_json::value::to_raw_value;

use super::*;
use crate::domain::policy::SHIPPED;
use crate::sync::testing::{enrolment, guarantee, sell, store};

fn change(seq: u64, kind: &str, body: serde_json::Value) -> Change {
    Change { seq, kind: kind.into(), body: to_raw_value(&body).unwrap() }
}

fn product(seq: u64, sku: &str, name: &str, price: i64) -> Change {
    let body =
        json!({ "v": 1, "sku": sku, "name": name, "department": "Bazar", "price": price, "tax": 2100 });
    change(seq, "product", body)
}

fn policy(seq: u64, version: u32, text: &str) -> Change {
    change(seq, "policy", json!({ "v": 1, "version": version, "text": text }))
}

fn newer(version: u32) -> String {
    SHIPPED.replacen("version = 2", &format!("version = {version}"), 1)
}

fn prices(store: &Store) -> Vec<(String, i64)> {
    let catalogue = store.catalogue().unwrap();
    let mut prices: Vec<_> = catalogue.products().map(|p| (p.name().to_owned(), p.price().0)).collect();
    prices.sort();
    prices
}

fn troubles(applied: &Applied) -> Vec<(u64, TroubleKind)> {
    applied.troubles.iter().map(|trouble| (trouble.seq, trouble.kind.clone())).collect()
}

#[test]
fn products_come_in_together_after_the_last_page() {
    let directory = tempfile::tempdir().unwrap();
    let mut till = store(directory.path());
    let first = [product(1, "a", "Uno", 100), product(2, "b", "Dos", 200)];
    for _ in 0..2 {
        let applied = apply(&mut till, &first, true).unwrap();
        assert!(applied.complete && !applied.catalogue);
    }
    assert_eq!(prices(&till), []);
    // They are on disk: the hub was told so.
    drop(till);
    let mut till = store(directory.path());
    let last = [product(5, "c", "Tres", 300), product(4, "a", "Uno", 150), product(3, "d", " ", 1)];
    let applied = apply(&mut till, &last, false).unwrap();
    assert!(applied.complete && applied.catalogue);
    assert_eq!(troubles(&applied), [(3, TroubleKind::Product(" ".into()))]);
    let expected = [("Dos".to_owned(), 200), ("Tres".into(), 300), ("Uno".into(), 150)];
    assert_eq!(prices(&till), expected);
    assert!(!apply(&mut till, &[], false).unwrap().catalogue, "nothing waits any more");
    // Said again, it changes nothing.
    apply(&mut till, &last, false).unwrap();
    assert_eq!(prices(&till), expected);
}

#[test]
fn what_waits_comes_in_with_an_empty_page() {
    let directory = tempfile::tempdir().unwrap();
    let mut till = store(directory.path());
    apply(&mut till, &[product(1, "a", "Uno", 100)], true).unwrap();
    assert!(apply(&mut till, &[], false).unwrap().catalogue);
    assert_eq!(prices(&till), [("Uno".to_owned(), 100)]);
}

#[test]
fn a_tombstone_of_whatever_version_is_carried_out_or_not_confirmed() {
    let directory = tempfile::tempdir().unwrap();
    let mut till = store(directory.path());
    let id = "0102030405060708090a0b0c0d0e0f10";
    let page = [
        change(1, "tombstone", json!({ "v": 1, "id": id })),
        change(2, "tombstone", json!({ "v": 9, "id": "ff".repeat(16), "later": true })),
    ];
    let applied = apply(&mut till, &page, false).unwrap();
    assert!(applied.complete && applied.troubles.is_empty());
    assert_eq!(till.verify(chrono::NaiveDate::default()).unwrap().forgotten, 2);
    let unreadable = [change(3, "tombstone", json!({ "v": 1, "id": "x" })), product(4, "a", "Uno", 100)];
    let applied = apply(&mut till, &unreadable, false).unwrap();
    assert!(!applied.complete && applied.unread && is_stopped(&till).unwrap());
    assert_eq!(troubles(&applied), [(3, TroubleKind::Unreadable("tombstone".into()))]);
    assert!(applied.catalogue, "it holds up nothing else");
    let readable = [change(3, "tombstone", json!({ "v": 1, "id": id }))];
    assert!(apply(&mut till, &readable, false).unwrap().complete && !is_stopped(&till).unwrap());
}

#[test]
fn a_forget_that_is_pending_is_not_confirmed() {
    let directory = tempfile::tempdir().unwrap();
    let mut till = store(directory.path());
    let code = sell(&mut till, &guarantee());
    let id = code.purchase_id().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let page = [change(1, "tombstone", json!({ "v": 1, "id": id })), product(2, "a", "Uno", 100)];
    let reader = rusqlite::Connection::open(&till.files().database).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM ticket;").unwrap();
    let applied = apply(&mut till, &page, false).unwrap();
    assert!(!applied.complete && !applied.catalogue);
    drop(reader);
    let applied = apply(&mut till, &page, false).unwrap();
    assert!(applied.complete && applied.catalogue);
}

#[test]
fn a_policy_is_judged_and_holds_up_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut till = store(directory.path());
    let page = [
        policy(1, 2, SHIPPED),
        policy(2, 4, &newer(4)),
        policy(3, 3, &newer(3)),
        policy(4, 9, "version = 9"),
        policy(5, 2, &SHIPPED.replace("years = 3", "years = 2")),
    ];
    let applied = apply(&mut till, &page, false).unwrap();
    assert!(applied.complete);
    assert_eq!(troubles(&applied), [(4, TroubleKind::Policy(9)), (5, TroubleKind::Policy(2))]);
    let new = applied.policy.unwrap();
    assert_eq!((new.text.as_str(), new.policy.version), (newer(4).as_str(), 4));
    assert_eq!(till.policy().version, 2, "its file is written first");
    till.adopt_policy(&new.text, new.policy).unwrap();
    let applied = apply(&mut till, &page[..3], false).unwrap();
    assert!(applied.policy.is_none());
    let older = |version| TroubleKind::OlderPolicy { version, here: 4 };
    assert_eq!(troubles(&applied), [(1, older(2)), (3, older(3))]);
}

#[test]
fn a_revocation_is_noted_and_known_for_ones_own() {
    let directory = tempfile::tempdir().unwrap();
    let mut till = store(directory.path());
    till.set_enrolment(&enrolment(0)).unwrap();
    let revoked = |device: &str, epoch: u32| {
        [change(1, "revocation", json!({ "v": 1, "device": device.repeat(16), "epoch": epoch }))]
    };
    let state = |till: &Store| till.enrolment().unwrap().unwrap().state;
    for (page, own) in [(revoked("08", 5), false), (revoked("07", 1), false), (revoked("07", 2), true)] {
        let applied = apply(&mut till, &page, false).unwrap();
        assert_eq!((applied.complete, applied.revoked), (true, own));
        assert_eq!(state(&till), if own { HubState::Revoked } else { HubState::Active });
    }
    assert_eq!(till.revoked_epoch(&[8; 16]).unwrap(), Some(5));
}

#[test]
fn what_this_program_does_not_know_is_kept_as_it_came() {
    let directory = tempfile::tempdir().unwrap();
    let mut till = store(directory.path());
    let page = [
        change(1, "staff", json!({ "v": 1, "name": "Ana" })),
        change(2, "product", json!({ "v": 2, "of": "a later time" })),
        change(3, "product", json!({ "v": 1 })),
        change(4, "policy", json!(["no object"])),
    ];
    for more in [true, false] {
        let applied = apply(&mut till, &page, more).unwrap();
        assert!(applied.complete && !applied.catalogue);
        let unreadable = |kind: &str| TroubleKind::Unreadable(kind.into());
        assert_eq!(troubles(&applied), [(3, unreadable("product")), (4, unreadable("policy"))]);
    }
    assert_eq!(till.kept_changes("staff").unwrap(), [(1, r#"{"name":"Ana","v":1}"#.to_owned())]);
    let kept: Vec<_> = till.kept_changes("product").unwrap().into_iter().map(|(seq, _)| seq).collect();
    assert_eq!(kept, [2, 3]);
}

#[test]
fn what_an_earlier_program_kept_comes_down_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut till = store(directory.path());
    till.set_enrolment(&enrolment(9)).unwrap();
    // As a program would that knew no revocations, and no products of version 1.
    let kept = [product(7, "a", "Uno", 100), product(6, "b", "Dos", 200)];
    let mut kept: Vec<_> = kept.iter().map(as_it_came).collect();
    kept.extend([(2, "staff", "{\"v\":1}"), (3, "product", "{\"v\":2}"), (4, "policy", "[]")]);
    kept.push((8, "revocation", "{\"v\":1}"));
    till.keep_changes(&kept).unwrap();
    for _ in 0..2 {
        ask_again(&mut till).unwrap();
        assert_eq!(till.enrolment().unwrap().unwrap().cursor, 5, "from the first that is known on");
    }
    let left = |kind| till.kept_changes(kind).unwrap().into_iter().map(|(seq, _)| seq).collect::<Vec<_>>();
    assert_eq!((left("staff"), left("product"), left("policy")), (vec![2], vec![3], vec![4]));
    assert_eq!(left("revocation"), [8], "it cannot be read");
}
