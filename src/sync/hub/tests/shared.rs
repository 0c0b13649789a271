//! Several hubs over one database, with their keys in another.

use std::fs;

use super::*;
use crate::seal::KeysError;
use crate::sync::hub::Pending;

/// Another process of the same hub: a directory of its own, and the same `hub.key`.
fn beside(place: &Place) -> Place {
    let beside = Place {
        directory: tempfile::tempdir().unwrap(),
        address: place.address.clone(),
        keys: place.keys.clone(),
    };
    fs::copy(place.path().join("hub.key"), beside.path().join("hub.key")).unwrap();
    beside
}

#[test]
fn each_hub_takes_and_erases_what_the_other_took() {
    let place = Place::shared();
    let (one, second) = (place.open(), beside(&place));
    let other = second.open();
    assert!(one.is_keeper() && other.is_keeper());
    let till = Till::enrol(&one, "S");
    let bodies: Vec<String> = (1..=40).map(|n| purchase(id(n), "leche", None)).collect();
    let bodies: Vec<Option<&str>> = bodies.iter().map(|body| Some(body.as_str())).collect();
    // Both are sent the same at once: each is sealed once.
    std::thread::scope(|scope| {
        for hub in [&one, &other] {
            let (till, bodies) = (&till, &bodies);
            scope.spawn(move || {
                for first in (0..40).step_by(10) {
                    till.send(hub, Series::Purchase, first as u64 + 1, &bodies[first..first + 10]).unwrap();
                }
            });
        }
    });
    assert_eq!((count(&one, "SELECT count(*) FROM purchase"), live_keys(&other)), (40, 40));
    assert_eq!(other.verify().unwrap().findings, []);
    till.send(&other, Series::Forget, 1, &[Some(&forget(id(1), true)), Some(&forget(id(99), true))]).unwrap();
    assert_eq!((count(&one, "SELECT count(*) FROM purchase"), live_keys(&one)), (39, 39));
    assert_eq!(said(&till.send(&one, Series::Purchase, 1, &bodies[..1])), "1 erased; 40");
    // What the one destroyed the other takes out of the log; what never was here is gone at once.
    assert_eq!(till.forget_state(&one, id(1)), Some((0, 2, 0)));
    assert_eq!(till.forget_state(&one, id(99)), Some((1, 2, 0)));
    assert_eq!(one.pending().unwrap(), Some(Pending::Traces));
    assert_eq!(one.tend(now()).unwrap(), None);
    assert_eq!(till.forget_state(&other, id(1)), Some((1, 2, 0)));
    assert_eq!(one.verify().unwrap().findings, []);
    // Not again within a minute, whichever hub it is.
    till.send(&one, Series::Forget, 3, &[Some(&forget(id(2), true))]).unwrap();
    assert_eq!(other.tend(now() + Duration::seconds(59)).unwrap(), Some(Pending::Traces));
    assert_eq!(other.tend(now() + Duration::seconds(60)).unwrap(), None);
}

/// PostgreSQL keeps what it deletes; nobody finds a destroyed key in its files all the same.
#[test]
fn a_destroyed_key_stands_nowhere_in_the_servers_files() {
    let place = Place::shared();
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let bodies = [purchase(id(1), "leche", None), purchase(id(2), "pan", None)];
    let bodies: Vec<Option<&str>> = bodies.iter().map(|body| Some(body.as_str())).collect();
    till.send(&hub, Series::Purchase, 1, &bodies).unwrap();
    let keys = Database::open(place.keys.as_ref().unwrap()).unwrap();
    let wrapped = |n: u8| {
        let owner = crate::sync::hub::keys::owner("S", &id(n));
        let sql = "SELECT wrapped FROM hub_key WHERE owner = $1";
        let row = keys.read(|tx| Ok(tx.query_one(sql, &[Value::Bytes(&owner)])?)).unwrap().unwrap();
        row.bytes(0).unwrap()[48..80].to_vec()
    };
    let (gone, kept) = (wrapped(1), wrapped(2));
    let holders = |key: &[u8]| super::forgetting::files_with(&place, key);
    assert!(holders(&gone) > 0, "the test looks in the wrong place");
    till.send(&hub, Series::Forget, 1, &[Some(&forget(id(1), true))]).unwrap();
    assert!(holders(&gone) > 0, "what is deleted is still there: the next step is needed");
    // Other tests write into the same server: while one is in the way, it is done the next time.
    let is_done = (0..30).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(200));
        hub.tend(now()).unwrap().is_none()
    });
    assert!(is_done);
    assert_eq!(holders(&gone), 0);
    assert!(holders(&kept) > 0);
}

/// However near to the end of the log a key was written, one scrub takes it out.
#[test]
fn one_scrub_is_enough() {
    let place = Place::shared();
    drop(place.open());
    let key = crate::seal::random_id();
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    // In a transaction: its commit waits until the log is written.
    let record = format!("SELECT pg_logical_emit_message(true, 'a key', '\\x{hex}'::bytea)");
    // It can be parted by the head of a page, or another test takes it out again at once.
    let is_there = (0..50).any(|_| {
        shared_cluster().sql("postgres", &record);
        super::forgetting::files_with(&place, &key) > 0
    });
    assert!(is_there, "the test looks in the wrong place");
    shared_cluster().sql("postgres", &record);
    let keys = Database::open(place.keys.as_ref().unwrap()).unwrap();
    // Where another test is in the way nothing was done.
    while !keys.scrub_keys().unwrap() {
        std::thread::yield_now();
    }
    assert_eq!(super::forgetting::files_with(&place, &key), 0);
}

#[test]
fn a_hub_with_other_keys_is_refused() {
    let place = Place::shared();
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let body = purchase(id(1), "leche", None);
    till.send(&hub, Series::Purchase, 1, &[Some(&body)]).unwrap();
    let refused = |place: &Place| place.try_open().map(drop).unwrap_err();
    // Another hub.key.
    let mut other = beside(&place);
    fs::write(other.path().join("hub.key"), [9; 32]).unwrap();
    assert!(matches!(refused(&other), HubError::Keys(KeysError::WrongStoreKey)));
    // The keys in files, or in another database, or in the one that holds the records.
    other = beside(&place);
    other.keys = None;
    assert!(matches!(refused(&other), HubError::Keys(_)));
    other = beside(&place);
    other.keys = Place::shared().keys;
    assert!(matches!(refused(&other), HubError::Invalid("keys")));
    other.keys = Some(place.address.clone());
    assert!(matches!(refused(&other), HubError::Invalid("keys")));
    other.keys = place.keys.clone();
    other.address = place.keys.clone().unwrap();
    assert!(matches!(refused(&other), HubError::Invalid("keys")));
}

/// Two directories, each with its own keys, over one database: the second is told so before anything is
/// sealed under keys that the first does not have.
#[test]
fn two_key_files_over_one_database_are_refused() {
    let place = Place::postgres();
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let other = beside(&place);
    let second = other.open();
    let body = purchase(id(1), "leche", None);
    let first = till.send(&hub, Series::Purchase, 1, &[Some(&body)]);
    assert!(matches!(first, Err(HubError::KeysElsewhere)), "the newer one has the database");
    assert!(till.send(&hub, Series::Forget, 1, &[Some(&forget(id(1), true))]).is_err());
    till.send(&second, Series::Purchase, 1, &[Some(&body)]).unwrap();
    drop(hub);
    assert!(matches!(place.try_open().map(drop), Err(HubError::Invalid("keys"))));
    assert_eq!(second.verify().unwrap().findings, []);
}

/// A key that another hub has just given out is on its way to what it seals.
#[test]
fn young_keys_are_left_alone() {
    let place = Place::shared();
    let hub = place.open();
    hub.new_code("S", None, now()).unwrap();
    let owner = crate::sync::hub::keys::owner("S", &id(1));
    hub.keys.give("S", &[owner], now()).unwrap();
    hub.keys.give("S", &[owner], now() - Duration::hours(2)).unwrap();
    drop(place.open());
    assert_eq!(live_keys(&hub), 1);
}

/// The database comes from a backup; its keys stayed, and know what was erased since.
#[test]
fn a_backup_holds_no_keys_of_a_table() {
    let place = Place::shared();
    let hub = place.open();
    let till = Till::enrol(&hub, "S");
    let bodies = [purchase(id(1), "leche", None), purchase(id(2), "pan", None)];
    let bodies: Vec<Option<&str>> = bodies.iter().map(|body| Some(body.as_str())).collect();
    till.send(&hub, Series::Purchase, 1, &bodies).unwrap();
    let file = place.path().join("backup");
    hub.backup(&file, now()).unwrap();
    till.send(&hub, Series::Forget, 1, &[Some(&forget(id(1), true))]).unwrap();
    drop(hub);
    let mut other = beside(&place);
    other.address = Place::postgres().address;
    let files = HubFiles::of(other.path());
    let to_file = Hub::restore(&file, &files, &other.database());
    assert!(matches!(to_file, Err(HubError::Invalid("backup-keys"))), "{to_file:?}");
    let begun = Place::shared();
    let lost = Database::open(begun.keys.as_ref().unwrap()).unwrap();
    let refused = Hub::restore_with_keys(&file, &files, &other.database(), lost);
    assert!(matches!(refused, Err(HubError::Invalid("other-keys"))), "{refused:?}");
    let keys = Database::open(other.keys.as_ref().unwrap()).unwrap();
    let restored = Hub::restore_with_keys(&file, &files, &other.database(), keys).unwrap();
    assert_eq!((restored.purchases, restored.erased_since), (2, 1));
    let hub = other.open();
    assert_eq!(hub.tend(now()).unwrap(), None);
    assert_eq!((count(&hub, "SELECT count(*) FROM purchase"), live_keys(&hub)), (1, 1));
    assert_eq!(said(&till.send(&hub, Series::Purchase, 1, &bodies)), "1 erased, 2 exists; 2");
    assert_eq!(hub.verify().unwrap().findings, []);
}
