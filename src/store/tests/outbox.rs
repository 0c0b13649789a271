//! What a till says to a hub: the same at every look, and nothing of what was forgotten.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::hub::enrolment;
use super::*;
use crate::domain::series::Series;
use crate::seal::ReceiptCode;
use crate::store::counts::Sums;

fn outbox(directory: &Path) -> Outbox {
    Outbox::open(&Files::of(directory)).unwrap()
}

/// Everything that an outbox says, as text.
fn everything(directory: &Path) -> Vec<String> {
    let outbox = outbox(directory);
    let mut said = Vec::new();
    said.extend(outbox.tickets(0, 1000).unwrap().iter().map(|row| format!("{row:?}")));
    said.extend(outbox.counts(0, 1000).unwrap().iter().map(|row| format!("{row:?}")));
    for row in outbox.purchases(0, 1000).unwrap() {
        let key = row.as_ref().map(|row| *row.key.expose());
        said.push(format!("{row:?} {key:?}"));
    }
    said.extend(outbox.forgets(0, 1000).unwrap().iter().map(|row| format!("{row:?}")));
    said
}

fn counts(directory: &Path) -> Vec<(String, u64)> {
    let rows = outbox(directory).counts(0, 1000).unwrap();
    rows.into_iter().flatten().map(|row| (row.day.to_string(), row.choices.values().sum())).collect()
}

/// A store with something in every series: returns a kept and a forgotten purchase's code.
fn filled(directory: &Path) -> (ReceiptCode, ReceiptCode) {
    let mut store = create(directory);
    store.set_enrolment(&enrolment(1, 1)).unwrap();
    let kept = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap().code;
    store.sell(&sale(Some("remember"), Some("600123456"), &["b"])).unwrap();
    let forgotten = store.sell(&sale(Some("guarantee"), None, &["c"])).unwrap().code;
    store.forget(&forgotten).unwrap();
    store.sell(&sale_at("2026-11-24T09:00:00+01:00", None, None, &["d"])).unwrap();
    store.close().unwrap();
    (kept, forgotten)
}

#[test]
fn each_series_is_told_from_the_records_themselves() {
    let directory = tempfile::tempdir().unwrap();
    let (kept, forgotten) = filled(directory.path());
    let mut store = open(directory.path());
    let outbox = outbox(directory.path());
    assert_eq!(Series::ALL.map(|series| outbox.last(series).unwrap()), [4, 1, 3, 1]);
    let tickets = outbox.tickets(0, 10).unwrap();
    for (number, row) in (1..).zip(&tickets) {
        let (row, ticket) = (row.as_ref().unwrap(), store.ticket(number).unwrap().unwrap());
        assert_eq!((row.number, row.at.clone()), (ticket.number, ticket.at.to_rfc3339()));
        assert_eq!((row.total, row.tax_total), (ticket.total.0, ticket.tax_total.0));
        assert_eq!((row.hash, row.previous), (ticket.hash.0, ticket.previous.map(|hash| hash.0)));
        assert_eq!(*row.issuer, ticket.issuer);
    }
    // A page that begins in the middle has the hash before it, too.
    for after in 0..5 {
        for most in 0..5 {
            let expected: Vec<_> = tickets.iter().skip(after).take(most).cloned().collect();
            assert_eq!(outbox.tickets(after as u64, most).unwrap(), expected, "{most} behind {after}");
        }
    }
    let day = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    let choices = BTreeMap::from([("guarantee".to_owned(), 2), ("remember".to_owned(), 1)]);
    assert_eq!(outbox.counts(0, 10).unwrap(), [Some(CountRow { day, choices, tickets: Some((1, 3)) })]);
    let purchases = outbox.purchases(0, 10).unwrap();
    let [Some(first), Some(second), None] = &purchases[..] else { panic!("{purchases:?}") };
    assert_eq!((first.id, first.day, first.policy_version), (kept.purchase_id(), day, 2));
    assert_eq!(first.until, NaiveDate::from_ymd_opt(2029, 11, 23));
    assert_eq!((second.choice.as_str(), second.until), ("remember", first.until));
    // What travels opens as it does here: one with the code as well, one by itself.
    let guarantee = kept.guarantee_key(&first.key);
    assert!(crate::seal::aead::open(&guarantee, &first.id, &first.sealed).is_ok());
    assert!(crate::seal::aead::open(&first.key, &first.id, &first.sealed).is_err());
    assert!(crate::seal::aead::open(&second.key, &second.id, &second.sealed).is_ok());
    let forget = ForgetRow { id: forgotten.purchase_id(), held: true };
    store.set_enrolment(&enrolment(1, 1)).unwrap();
    assert_eq!(outbox.forgets(0, 10).unwrap(), [Some(forget)]);
}

#[test]
fn a_place_never_changes_what_it_says() {
    let directory = tempfile::tempdir().unwrap();
    let (kept, _) = filled(directory.path());
    let before = everything(directory.path());
    // Another start, a shorter policy, a new series and seller, more sales.
    let shorter = SHIPPED.replacen("version = 2", "version = 3", 1).replace("years = 3", "years = 1");
    let policy = Policy::parse(&shorter).unwrap();
    let issuer = Issuer { name: "Sol y Sombra".into(), series: "B".into(), ..issuer() };
    let mut store = Store::open(&Files::of(directory.path()), &issuer, &shorter, policy).unwrap();
    let Found::Kept(purchase) = store.find(&kept).unwrap() else { panic!("kept") };
    let shortened = crate::domain::policy::Until::Date(NaiveDate::from_ymd_opt(2027, 11, 23).unwrap());
    assert_eq!(purchase.until, shortened);
    store.sell(&sale_at("2026-11-25T09:00:00+01:00", None, None, &["e"])).unwrap();
    store.tend().unwrap();
    let after = everything(directory.path());
    let same: Vec<_> = after.iter().filter(|said| before.contains(said)).collect();
    assert_eq!(same, before.iter().collect::<Vec<_>>());
    assert_eq!(after.len(), before.len() + 2, "a ticket and the count of a day");
    // What is past its term is gone once the hub has it, and its place is still there.
    store.set_durable_through(Series::Ticket, 5).unwrap();
    store.expire(NaiveDate::from_ymd_opt(2040, 1, 1).unwrap()).unwrap();
    let outbox = outbox(directory.path());
    assert_eq!(Series::ALL.map(|series| outbox.last(series).unwrap()), [5, 2, 3, 4]);
    assert_eq!(outbox.tickets(0, 10).unwrap(), [const { None }; 5]);
    assert_eq!(outbox.tickets(3, 10).unwrap(), [const { None }; 2]);
    assert_eq!(outbox.counts(0, 10).unwrap(), [const { None }; 2]);
    assert!(matches!(&outbox.purchases(0, 10).unwrap()[..], [None, None, None]));
    drop(outbox);
    // The chain goes on.
    store.sell(&sale_at("2040-01-01T09:00:00+01:00", None, None, &["f"])).unwrap();
    let next = self::outbox(directory.path()).tickets(4, 10).unwrap();
    let [None, Some(next)] = &next[..] else { panic!("{next:?}") };
    assert_eq!(next.previous, store.ticket(6).unwrap().unwrap().previous.map(|hash| hash.0));
    assert!(next.previous.is_some());
}

#[test]
fn nothing_is_told_of_what_was_forgotten_whatever_step_is_left() {
    for steps in 0..=3 {
        let directory = tempfile::tempdir().unwrap();
        let mut store = create(directory.path());
        store.set_enrolment(&enrolment(1, 1)).unwrap();
        let code = store.sell(&sale(Some("remember"), Some("600123456"), &["CANARY"])).unwrap().code;
        let slot = store.slot(&code).unwrap().unwrap();
        let said = everything(directory.path()).join("\n");
        assert!(said.contains("PurchaseRow"));
        if steps == 0 {
            // The key alone is gone: a crash of a former program.
            store.keys.zero(&[slot]).unwrap();
        } else {
            store.entomb(&[slot]).unwrap();
        }
        if steps > 1 {
            store.advance(Stage::KeyDestroyed).unwrap();
        }
        if steps > 2 {
            store.advance(Stage::Dropped).unwrap();
        }
        std::mem::forget(store);
        let outbox = outbox(directory.path());
        assert!(matches!(outbox.purchases(0, 10).unwrap()[..], [None]), "after {steps} steps");
        let forgets = outbox.forgets(0, 10).unwrap();
        // The purchase, and the profile that has none any more: told with the tombstone, not later.
        assert_eq!(forgets.len(), if steps == 0 { 0 } else { 2 });
        drop(outbox);
        assert_eq!(open(directory.path()).finish_forgetting().unwrap(), Forgetting::Complete);
        assert_eq!(self::outbox(directory.path()).forgets(0, 10).unwrap(), forgets);
    }
}

#[test]
fn a_count_is_of_a_few_dozen_sales_or_a_whole_day() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let mut sell = |day: u32, sales: usize| {
        for _ in 0..sales {
            let time = format!("2026-11-{day}T18:42:07+01:00");
            store.sell(&sale_at(&time, None, None, &["a"])).unwrap();
            store.tend().unwrap();
        }
        counts(directory.path())
    };
    assert_eq!(sell(10, 63), []);
    let of = |day: u32, sales: u64| (format!("2026-11-{day}"), sales);
    assert_eq!(sell(10, 2), [of(10, 32)]);
    assert_eq!(sell(11, 1), [of(10, 32), of(10, 33)]);
    assert_eq!(sell(12, 64), [of(10, 32), of(10, 33), of(11, 1), of(12, 32)]);
    assert_eq!(sell(13, 1), [of(10, 32), of(10, 33), of(11, 1), of(12, 32), of(12, 32)]);
    let mut told: BTreeMap<String, u64> = BTreeMap::new();
    counts(directory.path()).into_iter().for_each(|(day, sales)| *told.entry(day).or_default() += sales);
    assert_eq!(told.into_values().collect::<Vec<_>>(), [65, 1, 64]);
}

/// A store as the first version left it.
fn of_version_one(directory: &Path) -> (ReceiptCode, ReceiptCode) {
    let codes = filled(directory);
    let mut store = open(directory);
    let second = store.sell(&sale(Some("guarantee"), None, &["z"])).unwrap().code;
    store.forget(&second).unwrap();
    let customer = Identifier::phone("600123456", "34").unwrap();
    let found = super::super::profile::lookup(&store.store_key, &customer).0;
    let found = [found, [0; 16]].concat();
    store.tend().unwrap();
    let sums = Sums::load(&store.connection, &store.keys).unwrap();
    let [waiting] = sums.choices() else { panic!("a day") };
    let sums =
        serde_json::json!({ "day": waiting.day, "sales": 1, "products": {}, "choices": waiting.sales });
    let (slot, key) = store.keys.write(&[[9; 16]]).unwrap().remove(0);
    let sealed = crate::seal::aead::seal(&key, &slot.owner, sums.to_string().as_bytes());
    store.close().unwrap();
    let files = Files::of(directory);
    let old = directory.join("old.db");
    let connection = Connection::open(&old).unwrap();
    connection.execute_batch(super::schema::ALONE).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    connection.execute("ATTACH ?1 AS new", [files.database.to_str().unwrap()]).unwrap();
    let tables: Vec<String> = {
        let sql = "SELECT name FROM main.sqlite_schema
             WHERE type = 'table' AND name NOT IN ('look', 'product_counter', 'tally')";
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    for table in tables {
        let columns = "SELECT group_concat(name) FROM pragma_table_info(?1, 'main')";
        let columns: String = connection.query_row(columns, [&table], |row| row.get(0)).unwrap();
        // Today it is in the key slot.
        let taken = columns.replace("lookup", "?1");
        let copy = format!("INSERT INTO main.{table} ({columns}) SELECT {taken} FROM new.{table}");
        let parameters = if table == "profile" { vec![found.clone()] } else { Vec::new() };
        connection.execute(&copy, rusqlite::params_from_iter(parameters)).unwrap();
    }
    connection
        .execute(
            "INSERT INTO tally VALUES (1, ?1, ?2, ?3)",
            rusqlite::params![slot.index, slot.owner, sealed],
        )
        .unwrap();
    connection.close().unwrap();
    fs::rename(old, files.database).unwrap();
    codes
}

#[test]
fn what_a_till_kept_before_there_was_a_hub_is_queued() {
    let directory = tempfile::tempdir().unwrap();
    let (kept, forgotten) = of_version_one(directory.path());
    let mut store = open(directory.path());
    store.rest(at("2026-11-24T09:00:00+01:00")).unwrap();
    assert_eq!(store.verify(NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()).unwrap().findings, []);
    let outbox = outbox(directory.path());
    assert_eq!(Series::ALL.map(|series| outbox.last(series).unwrap()), [5, 2, 0, 0]);
    store.set_enrolment(&enrolment(1, 1)).unwrap();
    let purchases: Vec<_> =
        outbox.purchases(0, 10).unwrap().into_iter().flatten().map(|row| row.id).collect();
    assert_eq!(purchases.len(), 2);
    assert!(purchases.is_sorted() && purchases.contains(&kept.purchase_id()));
    let forgets: Vec<_> = outbox.forgets(0, 10).unwrap().into_iter().flatten().collect();
    assert_eq!(forgets.len(), 2);
    assert!(forgets.is_sorted_by_key(|row| row.id));
    assert!(forgets.contains(&ForgetRow { id: forgotten.purchase_id(), held: true }));
    let mut told = counts(directory.path());
    told.sort();
    assert_eq!(told, [("2026-11-23".to_owned(), 3), ("2026-11-24".to_owned(), 1)]);
    drop(outbox);
    // And it goes on from there, each sale counted once.
    let next = store.sell(&sale_at("2026-11-26T09:00:00+01:00", Some("guarantee"), None, &["n"])).unwrap();
    store.tend().unwrap();
    let outbox = self::outbox(directory.path());
    let third = outbox.purchases(2, 10).unwrap().pop().flatten().unwrap();
    assert_eq!(third.id, next.code.purchase_id());
    let told: u64 = counts(directory.path()).iter().map(|(_, sales)| sales).sum();
    assert_eq!(told, 5);
    assert_eq!(outbox.last(Series::Ticket).unwrap(), 6);
}

#[test]
fn a_ticket_that_is_missing_moves_no_other() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path());
    let before = outbox(directory.path()).tickets(0, 10).unwrap();
    let store = open(directory.path());
    store.connection.execute("DELETE FROM ticket WHERE number IN (1, 3)", []).unwrap();
    let after = outbox(directory.path()).tickets(0, 10).unwrap();
    let numbers: Vec<_> = after.iter().map(|row| row.as_ref().map(|row| row.number)).collect();
    assert_eq!(numbers, [None, Some(2), None, Some(4)]);
    assert_eq!(after[1].as_ref().unwrap().hash, before[1].as_ref().unwrap().hash);
    assert_eq!(after[1].as_ref().unwrap().previous, None);
}

#[test]
fn there_is_no_outbox_without_a_store() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(Outbox::open(&Files::of(directory.path())), Err(StoreError::Missing)));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}
