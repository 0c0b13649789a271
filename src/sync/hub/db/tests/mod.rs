//! Each case over a real SQLite file and over a real PostgreSQL.

#[path = "../../../../../tests/support/postgres.rs"]
mod cluster;
mod postgres;
mod sqlite;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Barrier, mpsc};

use super::*;
use cluster::Cluster;

/// A database of a test's own.
struct Place {
    address: DatabaseAddress,
    _directory: Option<tempfile::TempDir>,
}

fn sqlite_place() -> Place {
    let directory = tempfile::tempdir().unwrap();
    let address = DatabaseAddress::Sqlite(directory.path().join("hub.db"));
    Place { address, _directory: Some(directory) }
}

/// One server for all tests; it ends with the process.
pub(in crate::sync::hub) fn shared_cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

pub(in crate::sync::hub) fn new_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("shop{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn postgres_place() -> Place {
    let address = shared_cluster().database(&new_name()).parse().unwrap();
    Place { address, _directory: None }
}

fn places() -> [Place; 2] {
    [sqlite_place(), postgres_place()]
}

fn on_both(case: impl Fn(&Database)) {
    for place in places() {
        case(&Database::open(&place.address).unwrap());
    }
}

fn add_store(database: &Database, store: &str) {
    let sql = "INSERT INTO store (store, feed_head, created_at) VALUES ($1, 0, $2)";
    database.write(|t| Ok(t.execute(sql, &[Value::Text(store), Value::Int(0)])?)).unwrap();
}

/// Takes the next number of the feed: whoever comes after waits until this transaction has ended.
fn take_seq(t: &mut Transaction<'_>, store: &str) -> Result<i64, DbError> {
    let sql = "UPDATE store SET feed_head = feed_head + 1 WHERE store = $1 RETURNING feed_head";
    t.query_one(sql, &[Value::Text(store)])?.unwrap().int(0)
}

fn add_change(t: &mut Transaction<'_>, store: &str, seq: i64) -> Result<(), DbError> {
    let sql = "INSERT INTO feed (store, seq, kind, key, body) VALUES ($1, $2, 'product', $3, '{}')";
    t.execute(sql, &[Value::Text(store), Value::Int(seq), Value::Text(&seq.to_string())])?;
    t.notify_feed(store)
}

fn seqs(database: &Database, store: &str) -> Vec<i64> {
    let sql = "SELECT seq FROM feed WHERE store = $1 ORDER BY seq";
    let rows = database.read(|t| Ok(t.query(sql, &[Value::Text(store)])?)).unwrap();
    rows.iter().map(|row| row.int(0).unwrap()).collect()
}

fn count_stores(t: &mut Transaction<'_>) -> Result<i64, DbError> {
    t.query_one("SELECT count(*) FROM store", &[])?.unwrap().int(0)
}

fn origin() -> Origin {
    Origin { device: [7; 16], epoch: 2 }
}

#[test]
fn values_come_back_as_they_went_in() {
    on_both(|database| {
        let sql = "INSERT INTO device
             (store, device, epoch, public_key, name, state, enrolled_at, cursor, seen_at, version)
             VALUES ($1, $3, $2, $4, $5, 'active', $6, $2, $7, $8)";
        let name = "Caja «ñ» '; DROP TABLE device; --";
        let args = [
            Value::Text("shop"),
            Value::Int(i64::MAX),
            Value::Bytes(&[0; 16]),
            Value::Bytes(&[255; 32]),
            Value::Text(name),
            Value::Int(i64::MIN),
            Value::Null,
            Value::Null,
        ];
        assert_eq!(database.write(|t| Ok(t.execute(sql, &args)?)).unwrap(), 1);
        let sql = "SELECT epoch, device, name, enrolled_at, seen_at, version, incarnation, count(*) OVER ()
             FROM device WHERE store = $1";
        let row = database.read(|t| Ok(t.query_one(sql, &args[..1])?)).unwrap().unwrap();
        assert_eq!(row.int(0).unwrap(), i64::MAX);
        assert_eq!(row.array::<16>(1).unwrap(), [0; 16]);
        assert_eq!(row.text(2).unwrap(), name);
        assert_eq!(row.int(3).unwrap(), i64::MIN);
        assert_eq!(row.cells()[4..], [Cell::Null, Cell::Null, Cell::Null, Cell::Int(1)]);
        assert_eq!((row.opt_int(4).unwrap(), row.opt_text(5).unwrap()), (None, None));
        for wrong in [row.int(2).err(), row.uint(3).err(), row.text(4).err(), row.bytes(9).err()] {
            assert!(matches!(wrong, Some(DbError::Damaged(_))), "{wrong:?}");
        }
        assert!(matches!(row.array::<8>(1), Err(DbError::Damaged(_))));
        for args in [&args[..0], &args[..2]] {
            let refused = database.read(|t| Ok(t.query(sql, args)?));
            assert!(matches!(refused, Err(HubError::Database(DbError::Other(_)))), "{refused:?}");
        }
    });
}

#[test]
fn text_is_in_order_of_its_bytes() {
    on_both(|database| {
        for store in ["b", "A", "_", "a", "B", "1"] {
            add_store(database, store);
        }
        let rows = database.read(|t| Ok(t.query("SELECT store FROM store ORDER BY store", &[])?)).unwrap();
        let found: Vec<&str> = rows.iter().map(|row| row.text(0).unwrap()).collect();
        assert_eq!(found, ["1", "A", "B", "_", "a", "b"]);
    });
}

#[test]
fn what_fails_is_undone() {
    on_both(|database| {
        add_store(database, "shop");
        let sql = "INSERT INTO store (store, feed_head, created_at) VALUES ($1, 0, 0)";
        let refused = database.write(|t| {
            t.execute(sql, &[Value::Text("other")])?;
            Err::<(), _>(HubError::Revoked)
        });
        assert!(matches!(refused, Err(HubError::Revoked)));
        // PostgreSQL would answer this commit with success, and have done nothing.
        let swallowed = database.write(|t| {
            t.execute(sql, &[Value::Text("other")])?;
            let _ = t.execute(sql, &[Value::Text("shop")]);
            Ok(())
        });
        assert!(matches!(swallowed, Err(HubError::Database(DbError::Other(_)))), "{swallowed:?}");
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = database.write(|t| -> Result<(), HubError> {
                t.execute(sql, &[Value::Text("other")])?;
                panic!("on purpose");
            });
        }));
        assert!(panicked.is_err());
        assert_eq!(database.read(|t| Ok(count_stores(t)?)).unwrap(), 1);
        add_store(database, "other");
        assert_eq!(database.read(|t| Ok(count_stores(t)?)).unwrap(), 2);
    });
}

#[test]
fn a_reader_sees_one_state_and_writes_nothing() {
    on_both(|database| {
        add_store(database, "first");
        let counts = database.read(|t| {
            let before = count_stores(t)?;
            add_store(database, "second");
            Ok((before, count_stores(t)?))
        });
        assert_eq!(counts.unwrap(), (1, 1));
        let written = database.read(|t| Ok(t.execute("DELETE FROM store", &[])?));
        assert!(written.is_err());
        assert_eq!(database.read(|t| Ok(count_stores(t)?)).unwrap(), 2);
    });
}

#[test]
fn a_later_number_of_the_feed_is_never_committed_first() {
    on_both(|database| {
        add_store(database, "shop");
        let (taken, was_taken) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let first = database.write(|t| {
                    let seq = take_seq(t, "shop")?;
                    taken.send(()).unwrap();
                    thread::sleep(Duration::from_millis(400));
                    add_change(t, "shop", seq)?;
                    Ok(seq)
                });
                assert_eq!(first.unwrap(), 1);
            });
            was_taken.recv().unwrap();
            let begun = Instant::now();
            let second = database.write(|t| {
                let seq = take_seq(t, "shop")?;
                let sql = "SELECT count(*) FROM feed WHERE store = $1 AND seq < $2";
                let before = t.query_one(sql, &[Value::Text("shop"), Value::Int(seq)])?.unwrap().int(0)?;
                add_change(t, "shop", seq)?;
                Ok((seq, before))
            });
            assert_eq!(second.unwrap(), (2, 1), "the first must be there before the second has its number");
            assert!(begun.elapsed() > Duration::from_millis(200), "it waited for the first");
        });
        assert_eq!(seqs(database, "shop"), [1, 2]);
    });
}

#[test]
fn eight_threads_leave_no_gap() {
    on_both(|database| {
        add_store(database, "shop");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let added = database.write(|t| {
                            let seq = take_seq(t, "shop")?;
                            Ok(add_change(t, "shop", seq)?)
                        });
                        added.unwrap();
                    }
                });
            }
        });
        assert_eq!(seqs(database, "shop"), (1..=1600).collect::<Vec<_>>());
    });
}

#[test]
fn what_meets_another_transaction_is_done_again() {
    on_both(|database| {
        let mut tries = 0;
        let done = database.write(|t| {
            tries += 1;
            add_change(t, "shop", tries)?;
            if tries < 4 { Err(HubError::Database(DbError::Retry)) } else { Ok(tries) }
        });
        assert_eq!(done.unwrap(), 4);
        assert_eq!(seqs(database, "shop"), [4], "the first three were undone");
    });
}

#[test]
fn records_go_in_by_the_page() {
    on_both(|database| {
        let page = [(5, Some("{\"v\":1}"), None), (6, None, None), (7, Some("{}"), Some("unreadable"))];
        database.write(|t| Ok(t.insert_records("shop", origin(), Series::Count, &page)?)).unwrap();
        let sql = "SELECT store, device, epoch, series, idx, body, flag FROM record ORDER BY idx";
        let rows = database.read(|t| Ok(t.query(sql, &[])?)).unwrap();
        assert_eq!(rows.len(), 3);
        for (row, (index, body, flag)) in rows.iter().zip(page) {
            assert_eq!((row.text(0).unwrap(), row.array(1).unwrap()), ("shop", origin().device));
            assert_eq!((row.int(2).unwrap(), row.text(3).unwrap()), (2, "count"));
            assert_eq!(row.uint(4).unwrap(), index);
            assert_eq!((row.opt_text(5).unwrap(), row.opt_text(6).unwrap()), (body, flag));
        }
        let again = [(8, Some("{}"), None), (7, Some("{}"), None)];
        let refused = database.write(|t| Ok(t.insert_records("shop", origin(), Series::Count, &again)?));
        assert!(matches!(refused, Err(HubError::Database(DbError::Other(_)))), "{refused:?}");
        let huge = [(u64::MAX, Some("{}"), None)];
        assert!(database.write(|t| Ok(t.insert_records("shop", origin(), Series::Count, &huge)?)).is_err());
        assert_eq!(database.read(|t| Ok(t.query(sql, &[])?)).unwrap(), rows);
    });
}

#[test]
fn whoever_watches_learns_of_a_change_of_the_feed() {
    for place in places() {
        let (database, other) =
            (Database::open(&place.address).unwrap(), Database::open(&place.address).unwrap());
        add_store(&database, "shop");
        let mut watcher = database.watcher();
        let ticks = |watcher: &watch::Receiver<u64>, most: Duration| {
            let begun = Instant::now();
            while begun.elapsed() < most && !watcher.has_changed().unwrap() {
                thread::sleep(Duration::from_millis(2));
            }
            watcher.has_changed().unwrap()
        };
        // Until it listens.
        thread::sleep(Duration::from_millis(700));
        watcher.borrow_and_update();
        for writer in [&database, &other] {
            let changed = writer.write(|t| {
                let seq = take_seq(t, "shop")?;
                Ok(add_change(t, "shop", seq)?)
            });
            changed.unwrap();
            assert!(ticks(&watcher, Duration::from_secs(1)), "{}", place.address);
            thread::sleep(Duration::from_millis(300));
            watcher.borrow_and_update();
        }
        // Records are no news.
        let page = [(1, Some("{}"), None)];
        other.write(|t| Ok(t.insert_records("shop", origin(), Series::Ticket, &page)?)).unwrap();
        assert!(!ticks(&watcher, Duration::from_millis(600)), "{}", place.address);
    }
}

#[test]
fn many_open_a_new_database_at_once() {
    for place in places() {
        let barrier = Barrier::new(4);
        std::thread::scope(|scope| {
            for number in 0..4 {
                let (barrier, address) = (&barrier, &place.address);
                scope.spawn(move || {
                    barrier.wait();
                    add_store(&Database::open(address).unwrap(), &format!("shop{number}"));
                });
            }
        });
        let database = Database::open(&place.address).unwrap();
        assert_eq!(database.read(|t| Ok(count_stores(t)?)).unwrap(), 4);
    }
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    for place in places() {
        let database = Database::open(&place.address).unwrap();
        let sql = "UPDATE hub SET value = $1 WHERE store = '' AND name = 'schema'";
        let newer = (schema::VERSION + 1).to_string();
        database.write(|t| Ok(t.execute(sql, &[Value::Bytes(newer.as_bytes())])?)).unwrap();
        drop(database);
        let refused = Database::open(&place.address).err();
        assert!(matches!(&refused, Some(DbError::Damaged(what)) if what.contains("newer")), "{refused:?}");
    }
}

#[test]
fn addresses_are_read_and_shown_without_a_password() {
    let shown = |text: &str| text.parse::<DatabaseAddress>().map(|address| address.to_string());
    assert_eq!(shown("sqlite:/srv/hub.db").unwrap(), "sqlite:/srv/hub.db");
    let several = "postgres://olvido:secret@a:5432,b:5433/shop?connect_timeout=3";
    assert_eq!(shown(several).unwrap(), "postgres://a,b/shop");
    assert_eq!(shown("postgresql://u:p@%2Frun%2Fpg/x").unwrap(), "postgres:///run/pg/x");
    assert_eq!(shown("mysql://a/b"), Err(DatabaseAddressError::Scheme));
    assert_eq!(shown("sqlite:"), Err(DatabaseAddressError::NoPath));
    assert_eq!(shown("postgres:///shop"), Err(DatabaseAddressError::NoHost));
    assert_eq!(shown("postgres://a/b?sslmode=require"), Err(DatabaseAddressError::Tls));
    assert!(matches!(shown("postgres://a/b?sslmode=perhaps"), Err(DatabaseAddressError::Postgres(_))));
}
