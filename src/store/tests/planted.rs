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
    assert!(matches!(store.forget(&planted.code), Err(StoreError::Sql(_))));
}

impl Store {
    fn find_kinds(&mut self, kind: FindingKind) -> usize {
        let verified = self.verify("2026-11-23".parse().unwrap()).unwrap();
        verified.findings.iter().filter(|finding| finding.kind == kind).count()
    }
}
