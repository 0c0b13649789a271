//! What finds a customer lies in the key slots, and goes with the keys.

use std::os::unix::fs::FileExt;
use std::str::FromStr;
use std::sync::atomic::Ordering;

use rusqlite::params;

use super::*;
use crate::domain::customer::Purpose;
use crate::domain::sale::Keep;
use crate::domain::series::Series;
use crate::seal::{KeyFile, Lookup, StoreKey, aead, random_id};

fn phone(index: usize) -> String {
    format!("6001{index:05}")
}

fn identifier(index: usize) -> Identifier {
    Identifier::phone(&phone(index), "34").unwrap()
}

fn remember(store: &mut Store, index: usize, name: &str) -> Sold {
    let sold = store.sell(&sale(Some("remember"), Some(&phone(index)), &[name])).unwrap();
    store.tend().unwrap();
    sold
}

fn lookup(store: &Store, index: usize) -> Lookup {
    profile::lookup(&store.store_key, &identifier(index))
}

/// In the bytes of every file, also of what was in a page before.
fn is_anywhere(directory: &Path, lookup: &Lookup) -> bool {
    fs::read_dir(directory).unwrap().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        memchr::memmem::find(&bytes, &lookup.0).is_some()
    })
}

/// On 0.2.0, 2 of 250 stayed in cells that SQLite had moved.
#[test]
fn who_was_forgotten_is_found_in_no_byte() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    for round in 0..2 {
        for index in 0..40 {
            remember(&mut store, index * 7 % 40, &format!("{round}"));
        }
    }
    assert!(is_anywhere(directory.path(), &lookup(&store, 0)), "it is there while it is needed");
    for index in 0..25 {
        assert_eq!(store.forget_customer(&identifier(index)).unwrap(), Some(Forgetting::Complete));
        assert_eq!(store.forget_customer(&identifier(index)).unwrap(), None);
    }
    for index in 0..40 {
        let found = is_anywhere(directory.path(), &lookup(&store, index));
        assert_eq!(found, index >= 25, "customer {index}");
        assert_eq!(store.customer(&identifier(index)).unwrap().is_some(), index >= 25);
    }
    let database = fs::read(directory.path().join("olvido.db")).unwrap();
    assert!(memchr::memmem::find(&database, &lookup(&store, 39).0).is_none(), "never in the database");
    assert!(store.verify(day("2026-11-23")).unwrap().holds());
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Each of them is a wait for the disk.
#[test]
fn the_keys_are_synced_once_a_forget_and_once_a_remembered_sale() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let first = remember(&mut store, 1, "a");
    let second = remember(&mut store, 2, "a");
    let guarantee = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap();
    let syncs = |store: &Store| store.keys.syncs.load(Ordering::Relaxed);
    for code in [first.code, guarantee.code] {
        let before = syncs(&store);
        assert_eq!(store.forget(&code).unwrap(), Some(Forgetting::Complete));
        assert_eq!(syncs(&store), before + 1);
    }
    assert_eq!(store.forget_customer(&identifier(2)).unwrap(), Some(Forgetting::Complete));
    assert!(matches!(store.find(&second.code).unwrap(), Found::Forgotten { pending: false }));
    for (choice, phone, expected) in
        [(Some("forget"), None, 0), (Some("guarantee"), None, 0), (Some("remember"), Some("600123456"), 1)]
    {
        let before = syncs(&store);
        store.sell(&sale(choice, phone, &["a"])).unwrap();
        assert_eq!(syncs(&store), before + expected, "{choice:?}");
    }
}

#[test]
fn a_resumed_forget_goes_on_where_it_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let sold = remember(&mut store, 1, "a");
    let slot = store.slot(&sold.code).unwrap().unwrap();
    store.entomb(&[slot]).unwrap();
    let before = store.keys.syncs.load(Ordering::Relaxed);
    store.advance(Stage::KeyDestroyed).unwrap();
    store.advance(Stage::Dropped).unwrap();
    assert!(matches!(store.find(&sold.code).unwrap(), Found::Forgotten { pending: true }));
    store.tend().unwrap();
    assert_eq!(store.keys.syncs.load(Ordering::Relaxed), before + 1);
    assert_eq!(store.finish_forgetting().unwrap(), Forgetting::Complete);
    assert!(store.customer(&identifier(1)).unwrap().is_none());
}

/// A crash between the slots and the sale: somebody can be found who bought nothing.
#[test]
fn a_slot_of_a_sale_that_never_was_is_told_and_zeroed() {
    for forgets in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let mut store = create(directory.path());
        store.tend().unwrap();
        let sale = sale(Some("remember"), Some(&phone(3)), &["a"]);
        store.give_slots(&[Order { sale: &sale, request: None }]).unwrap();
        std::mem::forget(store);
        let mut store = open(directory.path());
        let of_customer = lookup(&store, 3);
        assert!(is_anywhere(directory.path(), &of_customer));
        let kinds: Vec<_> =
            store.verify(day("2026-11-23")).unwrap().findings.iter().map(|found| found.kind).collect();
        assert_eq!(kinds, [FindingKind::LookupKept; 2]);
        assert!(store.customer(&identifier(3)).unwrap().is_none());
        if forgets {
            assert_eq!(store.forget_customer(&identifier(3)).unwrap(), Some(Forgetting::Complete));
        } else {
            store.rest(at("2026-11-23T23:42:07+01:00")).unwrap();
        }
        assert!(!is_anywhere(directory.path(), &of_customer));
        let verified = store.verify(day("2026-11-23")).unwrap();
        assert!(verified.holds() && verified.forgotten == 0, "{verified:?}");
    }
}

#[test]
fn a_sale_that_fails_leaves_no_slot_of_its_customer() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    store.tend().unwrap();
    store.connection.execute_batch("PRAGMA query_only = ON").unwrap();
    store.sell(&sale(Some("remember"), Some(&phone(3)), &["a"])).unwrap_err();
    store.connection.execute_batch("PRAGMA query_only = OFF").unwrap();
    assert!(!is_anywhere(directory.path(), &lookup(&store, 3)));
    // Nor is it another's later.
    let sold = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap();
    let slot = store.slot(&sold.code).unwrap().unwrap();
    assert_eq!(store.keys.tie_of(slot).unwrap(), None);
}

/// Orders of one transaction see each other: the same customer twice, other purposes, a repeated request.
#[test]
fn a_customer_of_many_orders_at_once_has_one_profile() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let ticking = |purposes: &[Purpose]| {
        let mut sale = sale(Some("remember"), Some(&phone(5)), &["a"]);
        if let Keep::ForProfile { purposes: ticked, .. } = &mut sale.promise.keep {
            *ticked = purposes.to_vec();
        }
        sale
    };
    let both = [Purpose::from_str("history").unwrap(), Purpose::from_str("offers").unwrap()];
    let sales = [ticking(&[]), ticking(&both[..1]), ticking(&both[..1]), ticking(&both)];
    let id = store.request_id("again");
    let request = Some(Request { id, day: day("2026-11-23") });
    let repeated = Order { sale: &sales[0], request };
    store.commit(&[repeated]).unwrap();
    store.forget_customer(&identifier(5)).unwrap();
    let mut orders = vec![repeated];
    orders.extend(sales.iter().map(|sale| Order { sale, request: None }));
    let outcomes = store.commit(&orders).unwrap();
    assert!(matches!(outcomes[0], Outcome::Repeated(_)));
    store.tend().unwrap();
    let customer = store.customer(&identifier(5)).unwrap().unwrap();
    assert_eq!((customer.purchases.len(), customer.purposes.as_deref()), (4, Some(&both[..])));
    let verified = store.verify(day("2026-11-23")).unwrap();
    assert!(verified.holds() && verified.profiles == 1, "{verified:?}");
}

/// What is sealed of a shop with two customers, two purchases each: the places of one byte in it.
type Damage = fn(&Store, &Sold, &Path);

const DAMAGES: &[(&str, Damage)] = &[
    ("nothing", |_, _, _| {}),
    ("a purchase", |store, sold, _| flip_sealed(store, "purchase", "id", sold.code.purchase_id())),
    ("every profile", |store, _, _| {
        for slot in profile::all(&store.connection).unwrap() {
            flip_sealed(store, "profile", "owner", slot.owner);
        }
    }),
    ("the counts of the last sales", |store, _, _| flip_row(store, "tally")),
    ("an open basket", |store, _, _| flip_row(store, "draft")),
    ("the owner in a slot", |store, sold, keys| flip_slot(store, sold, keys, 9)),
    ("its nonce", |store, sold, keys| flip_slot(store, sold, keys, 30)),
    ("its key", |store, sold, keys| flip_slot(store, sold, keys, 60)),
    ("its lookup", |store, sold, keys| flip_slot(store, sold, keys, 103)),
    ("what it holds", |store, sold, keys| flip_slot(store, sold, keys, 116)),
    ("its checksum", |store, sold, keys| flip_slot(store, sold, keys, 125)),
];

fn flip_sealed(store: &Store, table: &str, column: &str, id: [u8; 16]) {
    let select = format!("SELECT sealed FROM {table} WHERE {column} = ?1");
    let mut sealed: Vec<u8> = store.connection.query_row(&select, [id], |row| row.get(0)).unwrap();
    sealed[40] ^= 1;
    let update = format!("UPDATE {table} SET sealed = ?2 WHERE {column} = ?1");
    assert_eq!(store.connection.execute(&update, params![id, sealed]).unwrap(), 1);
}

/// Of a table with one row.
fn flip_row(store: &Store, table: &str) {
    let mut sealed: Vec<u8> =
        store.connection.query_row(&format!("SELECT sealed FROM {table}"), [], |row| row.get(0)).unwrap();
    sealed[40] ^= 1;
    store.connection.execute(&format!("UPDATE {table} SET sealed = ?1"), [sealed]).unwrap();
}

fn flip_slot(store: &Store, sold: &Sold, keys: &Path, place: u64) {
    let slot = store.slot(&sold.code).unwrap().unwrap();
    let file = fs::OpenOptions::new().read(true).write(true).open(keys).unwrap();
    let (mut byte, at) = ([0], 128 * (1 + u64::from(slot.index)) + place);
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
}

/// On 0.2.0 one byte refused each of these.
#[test]
fn what_is_damaged_is_forgotten_all_the_same() {
    type Forget = fn(&mut Store, &Sold) -> Forgetting;
    let forgets: [(&str, Forget); 3] = [
        ("customer forget", |store, _| store.forget_customer(&identifier(1)).unwrap().unwrap()),
        ("purchase forget", |store, sold| store.forget(&sold.code).unwrap().unwrap()),
        ("expire", |store, _| store.expire(day("2040-01-01")).unwrap().forgetting),
    ];
    for (damaged, damage) in DAMAGES {
        for (forgetting, forget) in forgets {
            let directory = tempfile::tempdir().unwrap();
            let mut store = create(directory.path());
            let sold = remember(&mut store, 1, "a");
            let second = remember(&mut store, 1, "b");
            let other = remember(&mut store, 2, "c");
            // A policy may end what is remembered.
            store.connection.execute("UPDATE purchase SET until = 21000", []).unwrap();
            store.save_draft(b"a basket").unwrap();
            let slot = store.slot(&sold.code).unwrap().unwrap();
            damage(&store, &sold, &directory.path().join("olvido.keys"));
            drop(store);
            let slot_bytes = |directory: &Path| {
                let mut bytes = vec![0; 128];
                let keys = fs::File::open(directory.join("olvido.keys")).unwrap();
                keys.read_exact_at(&mut bytes, 128 * (1 + u64::from(slot.index))).unwrap();
                bytes
            };
            let before = slot_bytes(directory.path());
            let mut store = open(directory.path());
            let context = format!("{damaged}, {forgetting}");
            assert_eq!(forget(&mut store, &sold), Forgetting::Complete, "{context}");
            assert!(matches!(store.find(&sold.code).unwrap(), Found::Forgotten { pending: false }));
            let left = slot_bytes(directory.path());
            // Neither the wrapped key nor the lookup; what an expiry counts anew may use the place again.
            assert!(left[48..96] != before[48..96] && left[100..116] == [0; 16], "{context}: {left:?}");
            let kept = |store: &Store, sold: &Sold| store.slot(&sold.code).unwrap().is_some();
            assert_eq!(kept(&store, &second), forgetting == "purchase forget", "{context}");
            assert_eq!(kept(&store, &other), forgetting != "expire", "{context}");
            if forgetting != "purchase forget" {
                assert!(!is_anywhere(directory.path(), &lookup(&store, 1)), "{context}");
                assert!(store.forget_customer(&identifier(1)).unwrap().is_none(), "{context}");
            }
        }
    }
}

/// The files as 0.2.0 wrote them: lookups in a column, and lists of purchases in the profiles.
struct Before {
    directory: tempfile::TempDir,
    /// Of two customers, two each.
    purchases: Vec<[u8; 16]>,
}

impl Before {
    fn new() -> Before {
        let directory = tempfile::tempdir().unwrap();
        let mut store = create(directory.path());
        let old = directory.path().join("old.db");
        let connection = rusqlite::Connection::open(&old).unwrap();
        connection.execute_batch(schema::ALONE).unwrap();
        connection.execute_batch(schema::OUTBOX).unwrap();
        connection.pragma_update(None, "user_version", 2).unwrap();
        connection.execute("ATTACH ?1 AS new", [store.files.database.to_str().unwrap()]).unwrap();
        for (table, columns) in
            [("policy", "version, since, text"), ("issuer", "id, name, tax_id, series, currency")]
        {
            let copy = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}");
            connection.execute_batch(&copy).unwrap();
        }
        connection.execute_batch("DETACH new").unwrap();
        let purchases: Vec<[u8; 16]> = (0..4).map(|_| random_id()).collect();
        for customer in 0..2 {
            let text = identifier(customer).canonical();
            let found = [lookup(&store, customer).0, [9; 16]].concat();
            let theirs = &purchases[customer * 2..][..2];
            for id in theirs {
                let (slot, key) = store.keys.write(&[*id]).unwrap().remove(0);
                let body = serde_json::json!({
                    "ticket": 1, "lines": [], "discount": 0,
                    "customer": { "customer": text, "lookup": found, "purposes": ["history"] },
                });
                let sealed = aead::seal(&key, id, body.to_string().as_bytes());
                let insert = "INSERT INTO purchase (id, slot, memory, choice, policy, day, until, sealed)
                    SELECT ?1, ?2, 2, 'remember', version, 20000, NULL, ?3 FROM policy";
                connection.execute(insert, params![id, slot.index, sealed]).unwrap();
                crate::store::outbox::queue_purchase(&connection, id).unwrap();
            }
            let (slot, key) = store.keys.write(&[random_id()]).unwrap().remove(0);
            let body = serde_json::json!({ "customer": text, "purposes": ["history"], "purchases": theirs });
            let sealed = aead::seal(&key, &slot.owner, body.to_string().as_bytes());
            let insert = "INSERT INTO profile (lookup, slot, owner, sealed) VALUES (?1, ?2, ?3, ?4)";
            connection.execute(insert, params![found, slot.index, slot.owner, sealed]).unwrap();
        }
        connection.close().unwrap();
        store.close().unwrap();
        fs::rename(old, directory.path().join("olvido.db")).unwrap();
        Before { directory, purchases }
    }

    fn connection(&self) -> rusqlite::Connection {
        open::connect(&self.directory.path().join("olvido.db")).unwrap()
    }

    fn keys(&self) -> (KeyFile, StoreKey) {
        let store_key = StoreKey::load(&self.directory.path().join("store.key")).unwrap();
        (KeyFile::open(&self.directory.path().join("olvido.keys"), &store_key).unwrap(), store_key)
    }
}

/// Killed at any point, and opened again.
#[test]
fn lookups_of_0_2_0_move_into_the_slots() {
    for stop in 0..5 {
        let before = Before::new();
        let mut connection = before.connection();
        if stop > 0 {
            schema::migrate(&mut connection).unwrap();
        }
        if stop > 1 {
            let (mut keys, store_key) = before.keys();
            let ties = upgrade::ties(&connection, &keys, &store_key).unwrap();
            assert_eq!(ties.len(), 6);
            keys.tie(&ties[..if stop == 2 { 3 } else { 6 }]).unwrap();
        }
        if stop > 3 {
            let (mut keys, store_key) = before.keys();
            upgrade::tie_customers(&mut connection, &mut keys, &store_key).unwrap();
        }
        drop(connection);
        let mut store = open(before.directory.path());
        for customer in 0..2 {
            let kept = store.customer(&identifier(customer)).unwrap().unwrap();
            assert_eq!(kept.purchases, before.purchases[customer * 2..][..2], "stopped after {stop}");
            assert_eq!(kept.purposes, Some(vec![Purpose::from_str("history").unwrap()]));
            for id in kept.purchases {
                assert!(store.remembered(&id).unwrap().is_some());
            }
        }
        let found = |store: &mut Store| -> Vec<FindingKind> {
            let verified = store.verify(day("2026-11-23")).unwrap();
            verified.findings.into_iter().map(|finding| finding.kind).collect()
        };
        assert_eq!(found(&mut store), [FindingKind::Compaction]);
        let pending = Some(Forgetting::Pending(Reason::Compaction));
        assert_eq!(store.forget_customer(&identifier(0)).unwrap(), pending);
        assert!(store.tend().unwrap(), "pending, and said so");
        assert_eq!(store.rest(at("2026-11-24T09:00:00+01:00")).unwrap(), Forgetting::Complete);
        assert_eq!(found(&mut store), []);
        assert!(!is_anywhere(before.directory.path(), &lookup(&store, 0)));
        assert!(store.is_compact().unwrap());
        assert_eq!(store.forget_customer(&identifier(1)).unwrap(), Some(Forgetting::Complete));
    }
}

/// A body that does not open is a customer's by the list in the profile.
#[test]
fn a_damaged_purchase_of_0_2_0_is_still_its_customer_s() {
    let before = Before::new();
    let connection = before.connection();
    connection
        .execute("UPDATE purchase SET sealed = zeroblob(300) WHERE id = ?1", [before.purchases[1]])
        .unwrap();
    drop(connection);
    let mut store = open(before.directory.path());
    assert!(store.forget_customer(&identifier(0)).unwrap().is_some());
    for (place, id) in before.purchases.iter().enumerate() {
        assert_eq!(purchase::slot_of(&store.connection, id).unwrap().is_some(), place > 1);
    }
}

#[test]
fn a_new_store_waits_for_no_compaction() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    assert!(store.is_compact().unwrap());
    let sold = remember(&mut store, 1, "a");
    assert_eq!(store.forget(&sold.code).unwrap(), Some(Forgetting::Complete));
    assert!(!store.is_compact().unwrap(), "complete, and sealed bytes may lie about");
    let now = at("2026-11-23T23:00:00+01:00");
    assert_eq!(store.rest(now).unwrap(), Forgetting::Complete);
    assert!(store.is_compact().unwrap());
    // Not again within the hour, and then again.
    let sold = remember(&mut store, 1, "a");
    store.forget(&sold.code).unwrap();
    store.rest(now + chrono::Duration::minutes(59)).unwrap();
    assert!(!store.is_compact().unwrap());
    store.rest(now + chrono::Duration::minutes(60)).unwrap();
    assert!(store.is_compact().unwrap());
}

/// Rows in the order of sales would tell by their gaps what was forgotten, and tombstones would come customer by
/// customer: with both, whoever has the file knows which sales were one person's. A hub hears of what was there before
/// it in the order of random ids.
#[test]
fn no_number_tells_which_sales_were_one_persons() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    for index in [1, 2, 1, 3, 1] {
        remember(&mut store, index, "a");
    }
    store.forget_customer(&identifier(1)).unwrap().unwrap();
    let places =
        |store: &Store, sql: &str| -> u32 { store.connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(places(&store, "SELECT count(*) FROM outbox WHERE series > 2"), 0, "there is no hub to tell");
    for table in ["purchase", "profile"] {
        // Five in a row of 2^63: one in a million million times by chance.
        assert_eq!(
            places(&store, &format!("SELECT count(*) FROM {table} WHERE number < 1 << 20")),
            0,
            "{table}"
        );
    }
    store.forget_customer(&identifier(2)).unwrap().unwrap();
    assert!(store.verify(NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()).unwrap().holds());
    store.set_enrolment(&super::hub::enrolment(1, 1)).unwrap();
    let told = Outbox::open(store.files()).unwrap().forgets(0, 10).unwrap();
    let told: Vec<_> = told.into_iter().flatten().collect();
    assert_eq!(told.len(), 6, "four purchases and two profiles");
    assert!(told.iter().all(|row| row.held) && told.is_sorted_by_key(|row| row.id));
    // Another enrolment says nothing twice; what is forgotten from now on is said at once.
    store.set_enrolment(&super::hub::enrolment(2, 1)).unwrap();
    store.forget_customer(&identifier(3)).unwrap().unwrap();
    assert_eq!(Outbox::open(store.files()).unwrap().last(Series::Forget).unwrap(), 8);
    assert_eq!(places(&store, "SELECT count(*) FROM outbox WHERE series = 3"), 1, "what was kept then");
    assert_eq!(places(&store, "SELECT count(id) FROM outbox WHERE series = 3"), 0);
    assert!(store.verify(NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()).unwrap().holds());
}

/// What earlier versions wrote into the outbox goes with the upgrade.
#[test]
fn places_of_before_tell_nothing_either() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let ids = [1, 2, 1].map(|index| remember(&mut store, index, "a").code.purchase_id());
    store.forget_customer(&identifier(1)).unwrap().unwrap();
    store.close_day().unwrap();
    for (idx, id) in (1..).zip(ids) {
        let sql = "INSERT INTO outbox (series, idx, id) VALUES (3, ?1, ?2)";
        store.connection.execute(sql, rusqlite::params![idx, id]).unwrap();
    }
    for table in ["purchase", "profile"] {
        store.connection.execute(&format!("UPDATE {table} SET number = 1"), []).unwrap();
    }
    let sql = "INSERT INTO outbox (series, idx, id, body)
        SELECT 4, row_number() OVER (ORDER BY id DESC), id, 'held' FROM tombstone;
        ALTER TABLE purchase DROP COLUMN place; ALTER TABLE doomed DROP COLUMN untold; PRAGMA user_version = 5";
    store.connection.execute_batch(sql).unwrap();
    store.close().unwrap();
    let store = open(directory.path());
    let count = |sql: &str| store.connection.query_row(sql, [], |row| row.get(0));
    assert_eq!(count("SELECT count(*) FROM outbox WHERE series > 2"), Ok(0));
    assert_eq!(count("SELECT count(*) FROM purchase WHERE number = 1"), Ok(0));
    assert_eq!(count("SELECT count(*) FROM profile WHERE number = 1"), Ok(0));
    assert!(!store.is_compact().unwrap(), "no page keeps them");
}
