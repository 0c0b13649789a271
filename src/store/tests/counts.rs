//! Counts that tell no basket: what is on disk, read as a thief reads it.

use std::collections::BTreeSet;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::*;
use crate::domain::product::{Product, ProductId};
use crate::domain::quantity::{Quantity, Unit};
use crate::store::counts::{self, Sums};

/// Every row of every table, as its numbers: what the database tells without a key.
fn numbers_in_the_clear(database: &Path) -> BTreeSet<Vec<i64>> {
    let connection = Connection::open(database).unwrap();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'product' AND name NOT LIKE 'sqlite%'";
    let tables: Vec<String> = {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let mut rows = BTreeSet::new();
    for table in tables {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let values = (0..columns).map(|column| row.get::<_, Value>(column).unwrap());
            rows.insert(
                values.filter_map(|v| if let Value::Integer(n) = v { Some(n) } else { None }).collect(),
            );
        }
    }
    rows
}

/// Every version of the database that its write-ahead log holds: the log is cut behind each commit.
fn versions_in_the_log(directory: &Path) -> Vec<BTreeSet<Vec<i64>>> {
    const HEADER: usize = 32;
    let log = fs::read(directory.join("olvido.db-wal")).unwrap_or_default();
    let mut versions = Vec::new();
    if log.len() < HEADER {
        return versions;
    }
    let page = u32::from_be_bytes(log[8..12].try_into().unwrap()) as usize;
    let mut end = HEADER;
    while end + 24 + page <= log.len() {
        let pages_after_commit = u32::from_be_bytes(log[end + 4..end + 8].try_into().unwrap());
        end += 24 + page;
        if pages_after_commit != 0 {
            let copy = tempfile::tempdir().unwrap();
            let database = copy.path().join("olvido.db");
            fs::copy(directory.join("olvido.db"), &database).unwrap();
            fs::write(copy.path().join("olvido.db-wal"), &log[..end]).unwrap();
            versions.push(numbers_in_the_clear(&database));
        }
    }
    versions
}

pub(super) fn line(product: u32, pieces: i64, price: i64) -> Line {
    Line {
        product: Some(ProductId(product)),
        quantity: Quantity::pieces(pieces).unwrap(),
        ..Line::open("x", "Bazar", Money(price), TaxRate(2100))
    }
}

pub(super) fn sale_of(time: &str, lines: &[Line]) -> Sale {
    let mut basket = Basket::default();
    for line in lines {
        basket.add(line.clone()).unwrap();
    }
    let total = basket.priced().unwrap().total;
    let mut payment = Payment::new(total, 1);
    payment.add(Tender { kind: TenderKind::Cash, amount: total }).unwrap();
    let at = at(time);
    let promise = Promise::of(Answer::default(), &Policy::shipped(), at.date_naive()).unwrap();
    Sale::freeze(at, &basket, &payment, promise, TicketDetail::Shop, "comida").unwrap()
}

fn with_products(directory: &Path, count: u32) -> Store {
    let mut store = create(directory);
    let product = |n: u32| Product {
        barcode: None,
        plu: Some(n),
        sku: String::new(),
        name: format!("p{n}"),
        department: "Bazar".into(),
        price: Money(1),
        tax: TaxRate(2100),
        unit: Unit::Piece,
        durable_years: 0,
    };
    let products: Vec<Product> = (1..=count).map(product).collect();
    store.import_products(&products, |_, _| {}).unwrap();
    store
}

/// Of 0.2.0: the day's last few sales went into the tables with the first sale of the next day, and two
/// versions of a page in the log differed by what was sold between them.
#[test]
fn no_version_on_disk_tells_a_line() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = with_products(directory.path(), 40);
    let mut sold: Vec<(i64, i64)> = Vec::new();
    for day in 10..20 {
        for hour in 9..14_i64 {
            let number = sold.len() as i64 + 1;
            let (pieces, price) = (number % 7 + 2, 1009 + 31 * number);
            let time = format!("2026-11-{day}T{hour:02}:00:00+01:00");
            store.sell(&sale_of(&time, &[line(number as u32 % 40 + 1, pieces, price)])).unwrap();
            store.tend().unwrap();
            sold.push((pieces * 1000, pieces * price));
        }
    }
    let mut seen = versions_in_the_log(directory.path());
    seen.push(numbers_in_the_clear(&directory.path().join("olvido.db")));
    let told = |rows: &BTreeSet<Vec<i64>>, (quantity, amount): (i64, i64)| {
        rows.iter().any(|row| row.contains(&quantity) && row.contains(&amount))
    };
    let named = sold.iter().filter(|line| seen.iter().any(|rows| told(rows, **line))).count();
    assert_eq!(named, 0, "of {} forgotten sales, read without a key", sold.len());
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// What is released, in the order of products and tickets.
pub(super) fn windows(store: &Store) -> Vec<counts::Window> {
    let mut windows = Vec::new();
    counts::each(&store.connection, &store.keys, (0, u64::MAX), |window| {
        windows.push(window);
        Ok(())
    })
    .unwrap();
    windows.sort_by_key(|window| (window.counted.clone(), window.first));
    windows
}

fn choices_counted(store: &Store, choice: &str) -> (i64, u32) {
    let sql = "SELECT coalesce(sum(sales), 0) FROM choice_counter WHERE choice = ?1";
    let told = store.connection.query_row(sql, [choice], |row| row.get(0)).unwrap();
    let sums = Sums::load(&store.connection, &store.keys).unwrap();
    let waiting = sums.choices().iter().filter_map(|day| day.sales.get(choice)).sum();
    (told, waiting)
}

fn slot_of_row(store: &Store, sql: &str) -> crate::seal::SlotId {
    let slot = |row: &rusqlite::Row<'_>| Ok(crate::seal::SlotId { index: row.get(0)?, owner: row.get(1)? });
    store.connection.query_row(sql, [], slot).unwrap()
}

#[test]
fn choices_are_told_together_and_none_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    for index in 0..70 {
        let choice = if index % 2 == 0 { Some("forget") } else { None };
        store.sell(&sale(choice, None, &["a"])).unwrap();
        store.tend().unwrap();
    }
    assert_eq!(choices_counted(&store, "forget"), (32, 3), "told 32 sales at a time");
    assert_eq!(choices_counted(&store, counts::UNANSWERED), (32, 3));
    store.sell(&sale_at("2026-11-24T09:00:00+01:00", None, None, &["a"])).unwrap();
    store.tend().unwrap();
    assert_eq!(choices_counted(&store, "forget"), (35, 0), "the day is over");
    drop(store);
    assert_eq!(choices_counted(&open(directory.path()), counts::UNANSWERED), (35, 1));
}

#[test]
fn each_sale_gives_its_counts_a_key_of_its_own_and_zeroes_the_one_before() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = with_products(directory.path(), 3);
    let mut slots = Vec::new();
    for _ in 0..3 {
        store.save_draft(b"basket").unwrap();
        store.sell(&sale_of("2026-11-23T10:00:00+01:00", &[line(1, 2, 500)])).unwrap();
        slots.push(slot_of_row(&store, "SELECT slot, owner FROM tally"));
    }
    // The till dies before anything was zeroed that the next basket does not zero.
    store.save_draft(b"next").unwrap();
    std::mem::forget(store);
    let mut store = open(directory.path());
    let live = |store: &Store| slots.iter().filter(|slot| store.keys.key(**slot).unwrap().is_some()).count();
    assert_eq!(live(&store), 1, "of the row alone");
    store.tend().unwrap();
    assert_eq!(live(&store), 1, "no window has ended");
    store.fold_counts().unwrap();
    store.tend().unwrap();
    assert_eq!(live(&store), 0, "folded");
    let held = slot_of_row(&store, "SELECT slot, owner FROM held");
    store.sell(&sale_of("2026-11-23T11:00:00+01:00", &[line(2, 2, 500)])).unwrap();
    // It dies between the transaction of a fold and the zeroing behind it.
    store.fold_counts().unwrap();
    std::mem::forget(store);
    let mut store = open(directory.path());
    assert!(store.keys.key(held).unwrap().is_some());
    store.tend().unwrap();
    assert!(store.keys.key(held).unwrap().is_none(), "found from the row");
    assert_eq!(store.verify(day("2026-11-23")).unwrap().findings, []);
}

#[test]
fn departments_are_released_sums_and_the_rest_waits() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = with_products(directory.path(), 3);
    let sell = |times: u32, time: &str, store: &mut Store| {
        for _ in 0..times {
            let open =
                Line { department: "Pan".into(), ..Line::open("barra", "Pan", Money(70), TaxRate(400)) };
            store.sell(&sale_of(time, &[line(1, 1, 100), open])).unwrap();
            store.tend().unwrap();
        }
    };
    sell(31, "2026-11-23T10:00:00+01:00", &mut store);
    let review = |store: &Store, days: Days| {
        let review = store.review(days).unwrap();
        let departments: Vec<(String, i64)> = review.department.into_iter().map(|(d, m)| (d, m.0)).collect();
        (departments, review.department_waiting.0, review.total.0)
    };
    assert_eq!(review(&store, Days::default()), (vec![], 31 * 170, 31 * 170));
    sell(1, "2026-11-24T10:00:00+01:00", &mut store);
    let released = vec![("Bazar".to_owned(), 3200), ("Pan".to_owned(), 2240)];
    assert_eq!(review(&store, Days::default()), (released.clone(), 0, 32 * 170));
    // The window reaches over both days: neither has it.
    assert_eq!(review(&store, Days::of(day("2026-11-23"))), (vec![], 31 * 170, 31 * 170));
    sell(40, "2026-11-25T10:00:00+01:00", &mut store);
    assert_eq!(review(&store, Days::of(day("2026-11-25"))).0, released);
    assert_eq!(review(&store, Days::of(day("2026-11-25"))).1, 8 * 170);
    // A review beside the till reads the same.
    let beside = open(directory.path());
    sell(1, "2026-11-25T11:00:00+01:00", &mut store);
    assert_eq!(review(&beside, Days::default()), review(&store, Days::default()));
}

#[test]
fn nothing_but_tickets_releases() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = with_products(directory.path(), 3);
    for number in 0..31 {
        let time = format!("2026-11-{:02}T10:00:00+01:00", 1 + number / 5);
        let choice = if number == 3 { Some("guarantee") } else { None };
        let sold = Sale { promise: sale(choice, None, &["a"]).promise, ..sale_of(&time, &[line(1, 1, 100)]) };
        let code = store.sell(&sold).unwrap().code;
        match number % 6 {
            0 => drop(store.close_day().unwrap()),
            1 => {
                store.close().unwrap();
                store = open(directory.path());
            }
            2 => drop(store.expire(day("2026-11-30")).unwrap()),
            3 => drop(store.forget(&code).unwrap()),
            4 => {
                let file = directory.path().join(format!("backup-{number}.tar"));
                store.backup(&file, "", SHIPPED, at("2026-11-30T10:00:00+01:00")).unwrap();
            }
            _ => drop(store.review(Days::default()).unwrap()),
        }
        assert_eq!(windows(&store), []);
    }
    store.sell(&sale_of("2026-11-30T10:00:00+01:00", &[line(2, 1, 100)])).unwrap();
    store.tend().unwrap();
    let [window] = &windows(&store)[..] else { panic!("one product was sold five times") };
    assert_eq!((window.first, window.last, window.quantity, window.amount), (1, 32, 31_000, 3_100));
    assert_eq!(window.day, day("2026-11-01").to_epoch_days());
}

#[test]
fn a_backup_leaves_out_what_waits_and_counting_begins_anew_behind_it() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("root");
    fs::create_dir(&root).unwrap();
    let mut store = with_products(&root, 3);
    let sell = |times: u32, store: &mut Store| {
        for _ in 0..times {
            store.sell(&sale_of("2026-11-23T10:00:00+01:00", &[line(1, 1, 100)])).unwrap();
        }
    };
    sell(40, &mut store);
    let file = directory.path().join("backup.tar");
    store.backup(&file, "", SHIPPED, at("2026-11-23T11:00:00+01:00")).unwrap();
    store.close().unwrap();
    Restoring::prepare(&file, &root, None, day("2026-11-23")).unwrap().install("").unwrap();
    let mut store = open(&root);
    assert_eq!(store.verify(day("2026-11-23")).unwrap().findings, []);
    assert_eq!(windows(&store).len(), 1, "what was released is there");
    assert_eq!(store.review(Days::default()).unwrap().choice["unanswered"], 40, "and what was chosen");
    sell(80, &mut store);
    store.tend().unwrap();
    let spans: Vec<_> = windows(&store).iter().map(|w| (w.first, w.last, w.quantity)).collect();
    // Of tickets 33 to 40 nothing is known; the next window is of 32 tickets and more.
    assert_eq!(spans, [(1, 32, 32_000), (41, 96, 56_000)]);
}

#[test]
fn counts_go_after_the_term_of_their_first_ticket() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = with_products(directory.path(), 3);
    for number in 0..70 {
        let time = if number < 34 { "2020-01-01T10:00:00+01:00" } else { "2020-06-01T10:00:00+01:00" };
        store.sell(&sale_of(time, &[line(1 + number / 65, 1, 100)])).unwrap();
        store.tend().unwrap();
    }
    assert_eq!(windows(&store).len(), 2);
    store.expire(day("2026-01-01")).unwrap();
    assert_eq!(windows(&store).len(), 2);
    let slots = store.keys.live().unwrap().live;
    store.expire(day("2026-01-02")).unwrap();
    // The second began with ticket 33, of January, too; what waits since ticket 65 is of June.
    assert_eq!(windows(&store), []);
    assert!(store.keys.live().unwrap().live.len() < slots.len(), "their slots are zero");
    let held = counts::Held::load(&store.connection, &store.keys).unwrap().unwrap();
    store.expire(day("2026-06-02")).unwrap();
    assert_ne!(counts::Held::load(&store.connection, &store.keys).unwrap().unwrap(), held);
    assert_eq!(store.verify(day("2026-06-02")).unwrap().findings, []);
}

#[test]
fn counts_that_do_not_open_cost_counts_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = with_products(directory.path(), 3);
    for _ in 0..40 {
        store.sell(&sale_of("2020-01-01T10:00:00+01:00", &[line(1, 1, 100)])).unwrap();
    }
    store.tend().unwrap();
    for table in ["tally", "held", "released"] {
        store.connection.execute(&format!("UPDATE {table} SET sealed = zeroblob(300)"), []).unwrap();
    }
    let found = store.verify(day("2020-01-02")).unwrap().findings;
    assert_eq!(found.iter().map(|f| f.kind).collect::<Vec<_>>(), [FindingKind::Unopened; 3]);
    drop(store);
    let mut store = open(directory.path());
    let code = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap().code;
    store.tend().unwrap();
    assert_eq!(store.forget(&code).unwrap(), Some(Forgetting::Complete));
    store.rank_catalogue().unwrap();
    store.expire(day("2026-01-02")).unwrap();
    assert_eq!(windows(&store), []);
}

/// The till of the fixture: 213 tickets of twelve days, counted by product and day in the clear.
fn of_0_2_0(place: &Path) -> std::path::PathBuf {
    let archive = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/0.2.0/till.tar.zst");
    let archive = zstd::Decoder::new(fs::File::open(archive).unwrap()).unwrap();
    tar::Archive::new(archive).unpack(place).unwrap();
    place.join("till")
}

fn reopened(directory: &Path) -> Store {
    let connection = Connection::open(directory.join("olvido.db")).unwrap();
    let sql = "SELECT text FROM policy ORDER BY version DESC LIMIT 1";
    let text: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    let policy = Policy::parse(&text).unwrap();
    Store::open(&Files::of(directory), &issuer(), &text, policy).unwrap()
}

#[test]
fn what_0_2_0_counted_by_day_waits_and_is_compacted_away() {
    let place = tempfile::tempdir().unwrap();
    let directory = of_0_2_0(place.path());
    let (by_day, slot): (i64, crate::seal::SlotId) = {
        let connection = Connection::open(directory.join("olvido.db")).unwrap();
        let sum = "SELECT sum(amount) FROM product_counter";
        let slot =
            |row: &rusqlite::Row<'_>| Ok(crate::seal::SlotId { index: row.get(0)?, owner: row.get(1)? });
        (
            connection.query_row(sum, [], |row| row.get(0)).unwrap(),
            connection.query_row("SELECT slot, owner FROM tally", [], slot).unwrap(),
        )
    };
    let mut store = reopened(&directory);
    let waiting = counts::Held::load(&store.connection, &store.keys).unwrap().unwrap();
    let (sales, amount) = waiting.waiting();
    assert_eq!(sales, 0, "how many there were is not known, so it waits");
    assert!(amount > by_day, "with the last sales, which were sealed");
    assert_eq!(windows(&store), [], "of 1,600 tickets there are 213");
    let found = |store: &mut Store| {
        let found = store.verify(day("2026-10-13")).unwrap().findings;
        found.iter().map(|finding| finding.kind).collect::<Vec<_>>()
    };
    assert_eq!(found(&mut store), [FindingKind::Compaction]);
    // It dies, and goes on.
    std::mem::forget(store);
    let mut store = reopened(&directory);
    store.tend().unwrap();
    assert!(store.keys.key(slot).unwrap().is_none());
    store.rest(at("2026-10-13T12:00:00+02:00")).unwrap();
    assert_eq!(found(&mut store), []);
    let review = store.review(Days::default()).unwrap();
    assert_eq!(review.choice.values().sum::<u64>(), 213);
    assert_eq!(review.department_waiting, review.total);
}
