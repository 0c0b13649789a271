//! What somebody put into the database does not run in it.

use super::*;

/// A closed store with a purchase, and a way to change its database behind its back.
struct Planted {
    directory: tempfile::TempDir,
    code: crate::seal::ReceiptCode,
}

impl Planted {
    fn new(sql: &str) -> Planted {
        let directory = tempfile::tempdir().unwrap();
        let mut store = create(directory.path());
        store.sell(&sale(Some("guarantee"), None, &["first"])).unwrap();
        let code = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap().code;
        store.close().unwrap();
        let other = rusqlite::Connection::open(Files::of(directory.path()).database).unwrap();
        other.execute_batch(sql).unwrap();
        Planted { directory, code }
    }

    fn count(&self, sql: &str) -> i64 {
        let other = rusqlite::Connection::open(Files::of(self.directory.path()).database).unwrap();
        other.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

#[test]
fn no_trigger_runs() {
    let mut triggers = "CREATE TABLE copied (id);".to_owned();
    for table in ["tombstone", "doomed", "ticket", "purchase", "tally", "held"] {
        triggers +=
            &format!("CREATE TRIGGER no_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END;");
    }
    for (name, event) in [("a", "INSERT ON purchase"), ("b", "INSERT ON ticket"), ("c", "UPDATE ON draft")] {
        triggers += &format!("CREATE TRIGGER {name} AFTER {event} BEGIN INSERT INTO copied VALUES (1); END;");
    }
    triggers += "CREATE TRIGGER kept BEFORE DELETE ON purchase BEGIN SELECT RAISE(IGNORE); END;
        CREATE TRIGGER again AFTER DELETE ON doomed BEGIN DELETE FROM tombstone; END;";
    let planted = Planted::new(&triggers);
    let mut store = open(planted.directory.path());
    store.sell(&sale(Some("guarantee"), None, &["b"])).unwrap();
    assert_eq!(store.forget(&planted.code).unwrap(), Some(Forgetting::Complete));
    assert!(matches!(store.find(&planted.code).unwrap(), Found::Forgotten { pending: false }));
    assert_eq!(store.find_kinds(FindingKind::NotOurs), 12);
    drop(store);
    assert_eq!(planted.count("SELECT count(*) FROM ticket"), 3);
    assert_eq!(planted.count("SELECT count(*) FROM purchase"), 2);
    assert_eq!(planted.count("SELECT count(*) FROM tombstone"), 1);
    assert_eq!(planted.count("SELECT count(*) FROM copied"), 0);
}

/// An index over nothing, to be unique, lets a table have one row: the second tombstone must not be ignored.
#[test]
fn no_index_swallows_a_tombstone() {
    let planted = Planted::new(
        "INSERT INTO tombstone VALUES (zeroblob(16)); CREATE UNIQUE INDEX one ON tombstone ((1));",
    );
    let mut store = open(planted.directory.path());
    let forgotten = store.forget(&planted.code);
    assert!(matches!(forgotten, Err(StoreError::Sql(_))), "{forgotten:?}");
    assert_eq!(store.find_kinds(FindingKind::NotOurs), 1);
}

/// A view in the place of a table would show and keep whatever it likes.
#[test]
fn no_view_is_read() {
    let planted = Planted::new(
        "ALTER TABLE tombstone RENAME TO hidden; CREATE VIEW tombstone AS SELECT id FROM hidden WHERE 0;",
    );
    let mut store = open(planted.directory.path());
    assert!(store.tombstones().is_err(), "not even read");
    assert!(matches!(store.forget(&planted.code), Err(StoreError::Sql(_))));
}

/// An index that lets nothing more be said to the hub: the purchase is forgotten, and it is not complete before the
/// hub was told.
#[test]
fn no_index_keeps_a_forget_from_the_hub() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    store.set_enrolment(&super::hub::enrolment(1, 1)).unwrap();
    let codes = ["a", "b"].map(|code| store.sell(&sale(Some("guarantee"), None, &[code])).unwrap().code);
    assert_eq!(store.forget(&codes[0]).unwrap(), Some(Forgetting::Complete));
    store.connection.execute_batch("CREATE UNIQUE INDEX one ON outbox ((1)) WHERE series = 4").unwrap();
    assert_eq!(store.forget(&codes[1]).unwrap(), Some(Forgetting::Pending(Reason::Damage)));
    let key = store.keys.live().unwrap().live.into_iter().find(|slot| slot.owner == codes[1].purchase_id());
    assert_eq!(key, None);
    store.connection.execute_batch("DROP INDEX one").unwrap();
    drop(store);
    let mut store = open(directory.path());
    assert_eq!(store.finish_forgetting().unwrap(), Forgetting::Complete);
    let told = Outbox::open(store.files()).unwrap().forgets(0, 10).unwrap();
    let ids: Vec<[u8; 16]> = told.into_iter().flatten().map(|forget| forget.id).collect();
    assert_eq!(ids, codes.map(|code| code.purchase_id()));
    let states = store.connection.query_row("SELECT count(*) FROM forget_state", [], |row| row.get(0));
    assert_eq!(states, Ok(2));
}

/// One that keeps the name of a forgotten purchase at its place: complete is said when it is gone.
#[test]
fn no_index_keeps_a_forgotten_purchase_at_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    store.set_enrolment(&super::hub::enrolment(1, 1)).unwrap();
    let codes = ["a", "b"].map(|code| store.sell(&sale(Some("guarantee"), None, &[code])).unwrap().code);
    assert_eq!(store.forget(&codes[0]).unwrap(), Some(Forgetting::Complete));
    let index = "CREATE UNIQUE INDEX one ON outbox (coalesce(id, 0)) WHERE series = 3";
    store.connection.execute_batch(index).unwrap();
    for _ in 0..2 {
        store.forget(&codes[1]).unwrap();
        assert_eq!(store.finish_forgetting().unwrap(), Forgetting::Pending(Reason::Damage));
    }
    store.connection.execute_batch("DROP INDEX one").unwrap();
    assert_eq!(store.finish_forgetting().unwrap(), Forgetting::Complete);
    for table in ["purchase", "doomed", "outbox WHERE series = 3 AND id IS NOT NULL"] {
        let sql = format!("SELECT count(*) FROM {table}");
        assert_eq!(store.connection.query_row(&sql, [], |row| row.get(0)), Ok(0), "{table}");
    }
}

impl Store {
    fn find_kinds(&mut self, kind: FindingKind) -> usize {
        let verified = self.verify("2026-11-23".parse().unwrap()).unwrap();
        verified.findings.iter().filter(|finding| finding.kind == kind).count()
    }
}
