//! Purchases and tombstones, in every order, and through crashes.

use std::fs;

use super::*;
use crate::seal::SlotId;
use crate::sync::hub::keys::owner;

on_all! {
    a_purchase_is_sealed_and_nothing_of_it_can_be_read
    a_purchase_that_two_tills_hold_is_forgotten_at_both
    the_same_purchase_twice_in_a_run_is_kept_once
    where_nobody_is_known_to_hold_it_every_till_may
    a_till_that_goes_on_under_another_epoch_still_owes_what_it_had
    the_feed_passes_over_nothing_and_confirms_only_what_there_is
    purchases_past_their_last_day_go_by_themselves
    what_is_not_understood_is_kept_and_read_later
}

mod alone {
    use super::*;

    on_both! {
        an_unread_purchase_is_sealed_anew_under_its_own_id
        what_a_later_till_brought_is_forgotten_by_its_id
        keys_without_use_are_destroyed_at_the_next_start
        beside_the_keeper_nothing_is_taken
    }
}

const CANARY: &str = "canario-de-la-compra";

fn a_purchase_is_sealed_and_nothing_of_it_can_be_read(place: &Place) {
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let body = purchase(id(1), CANARY, None);
    assert_eq!(said(&till.send(&hub, Series::Purchase, 1, &[Some(&body)])), "1 created; 1");
    assert_eq!(said(&till.send(&hub, Series::Purchase, 1, &[Some(&body)])), "1 exists; 1");
    assert_eq!((count(&hub, "SELECT count(*) FROM purchase"), live_keys(&hub)), (1, 1));
    assert_eq!(opened(&hub, "S", id(1)), Some(body.clone()));
    let canary = &body[body.len() - 20..];
    for (path, bytes) in all_files(place) {
        assert!(!holds(&bytes, CANARY.as_bytes()) && !holds(&bytes, canary.as_bytes()), "{path}");
    }
    assert_eq!(hub.verify().unwrap().findings, []);
}

#[test]
fn forgotten_before_between_and_after() {
    let place = Place::new();
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let bodies: Vec<String> = (1..=4).map(|n| purchase(id(n), CANARY, None)).collect();
    // Before it was sent: the till sends nothing, or, put back to before, sends it after all.
    till.send(&hub, Series::Forget, 1, &[Some(&forget(id(1), true))]).unwrap();
    let sent = [Some(bodies[0].as_str()), None, Some(bodies[2].as_str()), Some(bodies[3].as_str())];
    let answer = till.send(&hub, Series::Purchase, 1, &sent);
    assert_eq!(said(&answer), "1-2 erased, 3-4 created; 4");
    assert_eq!(live_keys(&hub), 2);
    // After.
    let copy = copy_of(&place);
    let slot = slot(&hub, "S", id(3));
    till.send(&hub, Series::Forget, 2, &[Some(&forget(id(3), true))]).unwrap();
    assert_eq!((count(&hub, "SELECT count(*) FROM purchase"), live_keys(&hub)), (1, 1));
    assert_eq!(hub.keys.key("S", slot).unwrap().map(|_| ()), None);
    // That the till no longer has it says nothing: it forgets by its id.
    assert_eq!(said(&till.send(&hub, Series::Purchase, 4, &[None])), "4 exists; 4");
    till.send(&hub, Series::Forget, 3, &[Some(&forget(id(4), true))]).unwrap();
    assert_eq!((count(&hub, "SELECT count(*) FROM purchase"), live_keys(&hub)), (0, 0));
    // Whatever is sent again stays erased; other bytes under an index are still a conflict.
    let answer = till.send(&hub, Series::Purchase, 1, &sent);
    assert_eq!(said(&answer), "1-4 erased; 4");
    let other = purchase(id(9), CANARY, None);
    assert_eq!(said(&till.send(&hub, Series::Purchase, 3, &[Some(&other)])), "3 conflict; 4");
    assert_eq!(count(&hub, "SELECT count(*) FROM conflict WHERE body IS NOT NULL"), 0);
    assert_eq!(hub.verify().unwrap().findings, []);
    assert_eq!(hub.pending().unwrap(), None);
    // The sealed bytes are still in the copy, and in no file of the hub.
    let sealed = sealed_in(&copy, id(3));
    assert!(holds(&fs::read(copy.path().join("hub.db")).unwrap(), &sealed));
    for (path, bytes) in all_files(&place) {
        assert!(!sealed.chunks(64).any(|piece| piece.len() == 64 && holds(&bytes, piece)), "{path}");
    }
}

fn a_purchase_that_two_tills_hold_is_forgotten_at_both(place: &Place) {
    let hub = place.open();
    let (one, two, third) = (Till::enrol(&hub, "S"), Till::enrol(&hub, "S"), Till::enrol(&hub, "S"));
    let body = purchase(id(1), CANARY, None);
    one.send(&hub, Series::Purchase, 1, &[Some(&body)]).unwrap();
    assert_eq!(said(&two.send(&hub, Series::Purchase, 1, &[Some(&body)])), "1 exists; 1");
    let other = purchase(id(1), "otra cosa", None);
    let answer = said(&two.send(&hub, Series::Purchase, 2, &[Some(&other)]));
    assert_eq!(answer, "2 quarantined NumberTwice; 2");
    assert_eq!(live_keys(&hub), 1);
    // Said at a till that never had it.
    third.send(&hub, Series::Forget, 1, &[Some(&forget(id(1), false))]).unwrap();
    assert_eq!(hub.tend(now()).unwrap(), None);
    assert_eq!(third.forget_state(&hub, id(1)), Some((1, 3, 0)));
    let (changes, at) = one.follow(&hub, 0);
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].0, "tombstone");
    assert_eq!(third.forget_state(&hub, id(1)), Some((2, 3, 0)));
    // One is lost, and says so; that it had carried it out before would have counted.
    hub.revoke("S", Hex(two.origin.device)).unwrap();
    assert_eq!(third.forget_state(&hub, id(1)), Some((2, 3, 1)));
    hub.revoke("S", Hex(one.origin.device)).unwrap();
    assert_eq!(third.forget_state(&hub, id(1)), Some((2, 3, 1)));
    // Said again, anywhere, it changes nothing.
    third.send(&hub, Series::Forget, 2, &[Some(&forget(id(1), false))]).unwrap();
    assert_eq!(third.follow(&hub, at).0.iter().filter(|(kind, _)| kind == "tombstone").count(), 0);
    assert_eq!(third.forget_state(&hub, id(2)), None);
}

fn where_nobody_is_known_to_hold_it_every_till_may(place: &Place) {
    let hub = place.open();
    let (one, two) = (Till::enrol(&hub, "S"), Till::enrol(&hub, "S"));
    one.send(&hub, Series::Forget, 1, &[Some(&forget(id(1), false))]).unwrap();
    assert_eq!(one.forget_state(&hub, id(1)), Some((1, 3, 0)));
    // A till of later never had it.
    Till::enrol(&hub, "S");
    assert_eq!(one.forget_state(&hub, id(1)), Some((1, 3, 0)));
    one.follow(&hub, 0);
    two.follow(&hub, 0);
    assert_eq!(one.forget_state(&hub, id(1)), Some((3, 3, 0)));
    // One that was away for a year turns out to have had it.
    let away = Till::enrol(&hub, "S");
    let body = purchase(id(1), CANARY, None);
    assert_eq!(said(&away.send(&hub, Series::Purchase, 1, &[Some(&body)])), "1 erased; 1");
    assert_eq!(one.forget_state(&hub, id(1)), Some((3, 4, 0)));
    away.follow(&hub, 0);
    assert_eq!(one.forget_state(&hub, id(1)), Some((4, 4, 0)));
    // The till that had it and forgot it is the only one that can have had it.
    two.send(&hub, Series::Forget, 1, &[Some(&forget(id(2), true))]).unwrap();
    assert_eq!(one.forget_state(&hub, id(2)), Some((1, 2, 0)));
}

fn a_till_that_goes_on_under_another_epoch_still_owes_what_it_had(place: &Place) {
    let hub = place.open();
    let (till, other) = (Till::enrol(&hub, "S"), Till::enrol(&hub, "S"));
    let body = purchase(id(1), CANARY, None);
    till.send(&hub, Series::Purchase, 1, &[Some(&body)]).unwrap();
    other.send(&hub, Series::Forget, 1, &[Some(&forget(id(1), false))]).unwrap();
    assert_eq!(hub.tend(now()).unwrap(), None);
    let again = till.enrol_again(&hub, true, &[]).unwrap();
    assert_eq!(other.forget_state(&hub, id(1)), Some((1, 2, 0)));
    again.follow(&hub, 0);
    assert_eq!(other.forget_state(&hub, id(1)), Some((2, 2, 0)));
}

fn the_feed_passes_over_nothing_and_confirms_only_what_there_is(place: &Place) {
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    for n in 1..=5u8 {
        till.send(&hub, Series::Forget, u64::from(n), &[Some(&forget(id(n), false))]).unwrap();
    }
    let page = hub.feed(&till.caller, 0, 2, now()).unwrap();
    assert_eq!((page.changes.len(), page.next, page.more), (2, 2, true));
    let page = hub.feed(&till.caller, 2, 10, now()).unwrap();
    assert_eq!((page.changes.len(), page.next, page.more), (3, 5, false));
    assert_eq!(hub.devices("S").unwrap()[0].waiting, 3);
    // A cursor of another time confirms nothing, and gets everything.
    let page = hub.feed(&till.caller, 900, 10, now()).unwrap();
    assert_eq!(page.changes.len(), 5);
    assert_eq!(hub.devices("S").unwrap()[0].waiting, 3);
    hub.feed(&till.caller, 5, 10, now()).unwrap();
    hub.feed(&till.caller, 1, 10, now()).unwrap();
    assert_eq!(hub.devices("S").unwrap()[0].waiting, 0);
}

/// The list of what was erased outlives the database.
#[test]
fn a_database_put_back_brings_nothing_back() {
    let place = Place::new();
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let (kept, gone) = (purchase(id(1), "otra", None), purchase(id(2), CANARY, None));
    till.send(&hub, Series::Purchase, 1, &[Some(&kept), Some(&gone)]).unwrap();
    let copy = copy_of(&place);
    till.send(&hub, Series::Forget, 1, &[Some(&forget(id(2), true)), Some(&forget(id(7), false))]).unwrap();
    drop(hub);
    for name in ["hub.db", "hub.db-wal", "hub.db-shm"] {
        let _ = fs::remove_file(place.path().join(name));
    }
    fs::copy(copy.path().join("hub.db"), place.path().join("hub.db")).unwrap();
    // Even with the old keys.
    fs::copy(copy.path().join("hub.keys"), place.path().join("hub.keys")).unwrap();
    let hub = place.open();
    assert_eq!(opened(&hub, "S", id(1)), Some(kept));
    assert_eq!((count(&hub, "SELECT count(*) FROM purchase"), live_keys(&hub)), (1, 1));
    let answer = said(&till.send(&hub, Series::Purchase, 2, &[Some(&gone)]));
    assert_eq!(answer, "2 erased; 2");
    assert_eq!(hub.verify().unwrap().findings, []);
}

/// Whatever step a crash cuts off, the next start ends it.
fn the_same_purchase_twice_in_a_run_is_kept_once(place: &Place) {
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let (one, other) = (purchase(id(1), CANARY, None), purchase(id(1), "otra cosa", None));
    let run = [Some(one.as_str()), Some(&one), Some(&other), Some("[]"), Some("[]"), None];
    let expected =
        "1 created, 2 exists, 3 quarantined NumberTwice, 4 quarantined Unreadable, 5 exists, 6 erased; 6";
    assert_eq!(said(&till.send(&hub, Series::Purchase, 1, &run)), expected);
    assert_eq!((count(&hub, "SELECT count(*) FROM purchase"), live_keys(&hub)), (2, 2));
    assert_eq!(opened(&hub, "S", id(1)), Some(one.clone()));
    let again = expected.replace("1 created, 2 exists", "1-2 exists");
    assert_eq!(said(&till.send(&hub, Series::Purchase, 1, &run)), again);
    till.send(&hub, Series::Forget, 1, &[Some(&forget(id(1), true))]).unwrap();
    assert_eq!((count(&hub, "SELECT count(*) FROM purchase"), live_keys(&hub)), (1, 1));
}

#[test]
fn a_crash_at_any_step_is_finished_at_the_next_start() {
    for step in 0..4 {
        let place = Place::new();
        let hub = place.open();
        let till = Till::enrol(&hub, "S");
        let body = purchase(id(1), CANARY, None);
        till.send(&hub, Series::Purchase, 1, &[Some(&body)]).unwrap();
        let slot = slot(&hub, "S", id(1));
        hub.database()
            .write(|tx| {
                super::super::lock_store(tx, "S")?;
                super::super::forget::entomb(tx, "S", &id(1), Some(till.origin))
            })
            .unwrap();
        assert_eq!(till.forget_state(&hub, id(1)), Some((0, 2, 0)), "{step}");
        if step > 0 {
            hub.keys.list(&[("S".to_owned(), id(1))]).unwrap();
        }
        if step > 1 {
            hub.keys.destroy("S", &[slot]).unwrap();
        }
        if step > 2 {
            hub.database()
                .write(|tx| {
                    tx.execute("DELETE FROM purchase", &[])?;
                    Ok(tx.execute("DELETE FROM doomed", &[])?)
                })
                .unwrap();
        }
        drop(hub);
        let hub = place.open();
        assert_eq!(till.forget_state(&hub, id(1)), Some((1, 2, 0)), "{step}");
        assert_eq!((count(&hub, "SELECT count(*) FROM purchase"), live_keys(&hub)), (0, 0), "{step}");
        assert_eq!(hub.verify().unwrap().findings, [], "{step}");
    }
}

/// A key that was made for a purchase that never came to be.
fn keys_without_use_are_destroyed_at_the_next_start(place: &Place) {
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    till.send(&hub, Series::Purchase, 1, &[Some(&purchase(id(1), CANARY, None))]).unwrap();
    hub.keys.give("S", &[owner("S", &id(8)), owner("S", &id(9))], now()).unwrap();
    assert_eq!(live_keys(&hub), 3);
    drop(hub);
    let hub = place.open();
    assert_eq!(live_keys(&hub), 1);
    // A run that is refused leaves no key either.
    let body = purchase(id(2), CANARY, None);
    assert!(till.send(&hub, Series::Purchase, 5, &[Some(&body)]).is_err());
    assert_eq!(live_keys(&hub), 1);
}

#[test]
fn a_reader_keeps_a_forget_pending() {
    let place = Place::new();
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    till.send(&hub, Series::Purchase, 1, &[Some(&purchase(id(1), CANARY, None))]).unwrap();
    let beside = place.database();
    beside
        .read(|tx| {
            tx.query("SELECT * FROM purchase", &[])?;
            till.send(&hub, Series::Forget, 1, &[Some(&forget(id(1), true))])?;
            assert_eq!(live_keys(&hub), 0);
            assert_eq!(till.forget_state(&hub, id(1)), Some((0, 2, 0)));
            assert_eq!(hub.tend(now())?, Some(crate::sync::hub::Pending::Traces));
            Ok(())
        })
        .unwrap();
    assert_eq!(hub.tend(now()).unwrap(), None);
    assert_eq!(till.forget_state(&hub, id(1)), Some((1, 2, 0)));
}

fn purchases_past_their_last_day_go_by_themselves(place: &Place) {
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let bodies = [
        purchase(id(1), CANARY, Some("2026-03-01")),
        purchase(id(2), CANARY, Some("2026-03-02")),
        purchase(id(3), CANARY, Some("2029-03-02")),
    ];
    let bodies: Vec<_> = bodies.iter().map(|body| Some(body.as_str())).collect();
    till.send(&hub, Series::Purchase, 1, &bodies).unwrap();
    // Ten in the morning in London: the first of March is not over in Honolulu.
    let until = |hours| now() + Duration::hours(hours);
    hub.tend(until(0)).unwrap();
    assert_eq!(live_keys(&hub), 3);
    hub.tend(until(2)).unwrap();
    assert_eq!(live_keys(&hub), 2);
    // Years ahead for a night, and then set right: a day an hour is all that it gains.
    for hours in 0..10 {
        hub.tend(until(24 * 365 * 4 + hours)).unwrap();
    }
    assert_eq!(live_keys(&hub), 1, "what a night brings forward is days, not years");
    hub.tend(until(26)).unwrap();
    assert_eq!(live_keys(&hub), 1);
    assert_eq!(said(&till.send(&hub, Series::Purchase, 1, &bodies)), "1-2 erased, 3 exists; 3");
    assert_eq!(till.follow(&hub, 0).0.len(), 0);
    assert_eq!(hub.verify().unwrap().findings, []);
}

fn what_is_not_understood_is_kept_and_read_later(place: &Place) {
    let hub = place.open();
    let mut till = Till::enrol(&hub, "S");
    till.sell_many(3);
    till.send_tickets(&hub, 1, 3).unwrap();
    let purchases = [purchase(id(1), CANARY, None), "{\"v\":2}".to_owned(), "[]".to_owned()];
    let bodies: Vec<_> = purchases.iter().map(|body| Some(body.as_str())).collect();
    let answer = said(&till.send(&hub, Series::Purchase, 1, &bodies));
    assert_eq!(answer, "1 created, 2 quarantined UnknownVersion, 3 quarantined Unreadable; 3");
    assert_eq!(live_keys(&hub), 3);
    // As an earlier hub would have left them, that knew no version 1.
    let forget = forget(id(1), true);
    hub.database()
        .write(|tx| {
            tx.execute(
                "UPDATE record SET flag = 'unknown-version' WHERE series = 'ticket' AND idx > 1",
                &[],
            )?;
            tx.execute("DELETE FROM day_sum", &[])?;
            tx.execute("DELETE FROM day_tax", &[])?;
            tx.execute("UPDATE hub SET value = $1 WHERE name = 'versions-read'", &[Value::Bytes(b"0")])?;
            Ok(())
        })
        .unwrap();
    till.send(&hub, Series::Forget, 1, &[Some(&forget.replace(":1", ":2"))]).unwrap();
    assert_eq!(live_keys(&hub), 2, "a tombstone is carried out, whatever else it says");
    drop(hub);
    let hub = place.open();
    assert_eq!(count(&hub, "SELECT CAST(sum(sales) AS BIGINT) FROM day_sum"), 2);
    assert_eq!(count(&hub, "SELECT count(*) FROM record WHERE flag IS NOT NULL"), 3);
    drop(hub);
    // Only once.
    let hub = place.open();
    assert_eq!(count(&hub, "SELECT CAST(sum(sales) AS BIGINT) FROM day_sum"), 2);
}

/// A till of a later version speaks to this hub, and one of this version forgets.
fn what_a_later_till_brought_is_forgotten_by_its_id(place: &Place) {
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let later = |n| purchase(id(n), CANARY, Some("2036-01-01")).replacen("\"v\":1", "\"v\":3", 1);
    let (one, two) = (later(1), later(2));
    let answer = said(&till.send(&hub, Series::Purchase, 1, &[Some(&one), Some(&two)]));
    assert_eq!(answer, "1-2 quarantined UnknownVersion; 2");
    assert_eq!(live_keys(&hub), 2);
    till.send(&hub, Series::Forget, 1, &[Some(&forget(id(1), true))]).unwrap();
    assert_eq!((count(&hub, "SELECT count(*) FROM purchase"), live_keys(&hub)), (1, 1));
    let later_forget = forget(id(2), true).replacen("\"v\":1", "\"v\":3", 1);
    let answer = said(&till.send(&hub, Series::Forget, 2, &[Some(&later_forget)]));
    assert_eq!(answer, "2 quarantined UnknownVersion; 2");
    assert_eq!((count(&hub, "SELECT count(*) FROM purchase"), live_keys(&hub)), (0, 0));
    assert_eq!(till.follow(&hub, 0).0.len(), 2, "every till is told");
    assert_eq!(hub.verify().unwrap().findings, []);
}

fn an_unread_purchase_is_sealed_anew_under_its_own_id(place: &Place) {
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let body = purchase(id(1), CANARY, Some("2027-01-01"));
    till.send(&hub, Series::Purchase, 1, &[Some(&body)]).unwrap();
    // As an earlier hub would have left it, under an id made from its bytes.
    let stand_in = id(77);
    let (slot, key) = hub.keys.give("S", &[owner("S", &stand_in)], now()).unwrap().remove(0);
    let sealed = crate::seal::aead::seal(&key, &slot.owner, body.as_bytes());
    hub.database()
        .write(|tx| {
            tx.execute(
                "UPDATE purchase SET id = $1, slot = $2, sealed = $3, until = NULL WHERE store = 'S'",
                &[Value::Bytes(&stand_in), Value::Int(slot.index.into()), Value::Bytes(&sealed)],
            )?;
            tx.execute("UPDATE record SET flag = 'unknown-version'", &[])?;
            Ok(tx.execute("UPDATE hub SET value = $1 WHERE name = 'versions-read'", &[Value::Bytes(b"0")])?)
        })
        .unwrap();
    drop(hub);
    let hub = place.open();
    assert_eq!(opened(&hub, "S", id(1)), Some(body));
    assert_eq!((count(&hub, "SELECT count(*) FROM purchase"), live_keys(&hub)), (1, 1));
    assert_eq!(count(&hub, "SELECT until FROM purchase"), 20819);
    assert_eq!(count(&hub, "SELECT count(*) FROM record WHERE flag IS NULL"), 1);
    till.send(&hub, Series::Forget, 1, &[Some(&forget(id(1), true))]).unwrap();
    assert_eq!(live_keys(&hub), 0);
    assert_eq!(hub.verify().unwrap().findings, []);
}

fn beside_the_keeper_nothing_is_taken(place: &Place) {
    let hub = place.open();
    let mut till = Till::enrol(&hub, "S");
    till.sell(100);
    let beside = place.open();
    assert_eq!((hub.is_keeper(), beside.is_keeper()), (true, false));
    assert!(matches!(till.send_tickets(&beside, 1, 1), Err(HubError::KeysElsewhere)));
    Till::enrol(&beside, "S");
    assert_eq!(beside.verify().unwrap().findings, []);
    drop(hub);
    assert!(place.open().is_keeper());
}

/// What the hub has sealed under this id.
fn opened(hub: &Hub, store: &str, id: [u8; 16]) -> Option<String> {
    let row = hub
        .database()
        .read(|tx| Ok(tx.query_one("SELECT sealed FROM purchase WHERE id = $1", &[Value::Bytes(&id)])?))
        .unwrap()?;
    let slot = slot(hub, store, id);
    let key = hub.keys.key(store, slot).unwrap()?;
    let body = crate::seal::aead::open(&key, &slot.owner, row.bytes(0).unwrap()).unwrap();
    Some(String::from_utf8(body.to_vec()).unwrap())
}

fn slot(hub: &Hub, store: &str, id: [u8; 16]) -> SlotId {
    let row = hub
        .database()
        .read(|tx| Ok(tx.query_one("SELECT slot FROM purchase WHERE id = $1", &[Value::Bytes(&id)])?))
        .unwrap()
        .unwrap();
    super::super::erase::slot_of(store, &id, row.int(0).unwrap()).unwrap()
}

fn sealed_in(copy: &TempDir, id: [u8; 16]) -> Vec<u8> {
    let database = Database::open(&DatabaseAddress::Sqlite(copy.path().join("hub.db"))).unwrap();
    let sql = "SELECT sealed FROM purchase WHERE id = $1";
    let row = database.read(|tx| Ok(tx.query_one(sql, &[Value::Bytes(&id)])?)).unwrap().unwrap();
    row.bytes(0).unwrap().to_vec()
}

/// The hub's files as they are, with everything in the database itself.
fn copy_of(place: &Place) -> TempDir {
    assert!(place.database().drop_traces().unwrap());
    let copy = tempfile::tempdir().unwrap();
    for name in ["hub.db", "hub.key", "hub.keys"] {
        fs::copy(place.path().join(name), copy.path().join(name)).unwrap();
    }
    copy
}

/// Every file of the hub, its database's whole directory among them.
fn all_files(place: &Place) -> Vec<(String, Vec<u8>)> {
    let mut left = vec![place.path().to_owned()];
    if !matches!(place.address, DatabaseAddress::Sqlite(_)) {
        shared_cluster().sql("postgres", "CHECKPOINT");
        left.push(shared_cluster().data_dir());
    }
    let mut files = Vec::new();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if let Ok(bytes) = fs::read(&path) {
            // The server removes some meanwhile.
            files.push((path.display().to_string(), bytes));
        }
    }
    assert!(files.len() >= 5, "{}", files.len());
    files
}

/// In how many files of the hub these bytes stand.
pub(super) fn files_with(place: &Place, what: &[u8]) -> usize {
    all_files(place).iter().filter(|(_, bytes)| holds(bytes, what)).count()
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    memchr::memmem::find(bytes, what).is_some()
}
