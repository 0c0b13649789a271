//! Everything is broken on purpose, one thing at a time.

use std::os::unix::fs::FileExt;

use chrono::NaiveDate;

use super::*;
use crate::seal::{ReceiptCode, SlotId};

/// A store with a bit of everything, and what its parts are found by.
struct Shop {
    directory: tempfile::TempDir,
    store: Store,
    guarantee: ReceiptCode,
    remember: ReceiptCode,
    /// The slot of a purchase that was forgotten, before it was.
    forgotten: SlotId,
    forgotten_code: ReceiptCode,
}

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
}

impl Shop {
    fn new() -> Shop {
        let directory = tempfile::tempdir().unwrap();
        let mut store = create(directory.path());
        store.set_enrolment(&super::hub::enrolment(1, 1)).unwrap();
        store.sell(&sale(Some("forget"), None, &["a", "b"])).unwrap();
        let guarantee = store.sell(&sale(Some("guarantee"), None, &["c"])).unwrap().code;
        let remember = store.sell(&sale(Some("remember"), Some("600123456"), &["d"])).unwrap().code;
        store.sell(&sale(Some("remember"), Some("600123456"), &["e"])).unwrap();
        let forgotten_code = store.sell(&sale(Some("guarantee"), None, &["f"])).unwrap().code;
        let id = forgotten_code.purchase_id();
        let forgotten = purchase::slot_of(&store.connection, &id).unwrap().unwrap();
        store.forget(&forgotten_code).unwrap();
        store.save_draft(b"a basket").unwrap();
        Shop { directory, store, guarantee, remember, forgotten, forgotten_code }
    }

    fn sql(&self, sql: &str) {
        self.store.connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
    }

    fn slot(&self, code: &ReceiptCode) -> SlotId {
        purchase::slot_of(&self.store.connection, &code.purchase_id()).unwrap().unwrap()
    }

    fn slot_of_row(&self, sql: &str) -> SlotId {
        let row = |row: &rusqlite::Row<'_>| Ok(SlotId { index: row.get(0)?, owner: row.get(1)? });
        self.store.connection.query_row(sql, [], row).unwrap()
    }

    fn found(&mut self) -> Vec<FindingKind> {
        let verified = self.store.verify(today()).unwrap();
        assert_eq!(verified.holds(), verified.findings.is_empty());
        verified.findings.into_iter().map(|finding| finding.kind).collect()
    }
}

#[test]
fn a_whole_store_holds() {
    let mut shop = Shop::new();
    let verified = shop.store.verify(today()).unwrap();
    let expected = Verified { tickets: 5, purchases: 3, profiles: 1, forgotten: 1, ..Verified::default() };
    assert_eq!(verified, expected);
    // Slots made ahead of need and never used are no finding.
    drop(shop.store);
    shop.store = open(shop.directory.path());
    assert_eq!(shop.found(), []);
}

#[test]
fn each_thing_broken_is_found() {
    use FindingKind::*;
    type Break = fn(&mut Shop);
    let breaks: &[(&str, Break, &[FindingKind])] = &[
        (
            "time of a ticket",
            |s| s.sql("UPDATE ticket SET at = '2026-11-23T18:42:08+01:00' WHERE number = 2"),
            &[TicketChanged],
        ),
        (
            "its seller",
            |s| s.sql("UPDATE issuer SET tax_id = 'X'; DELETE FROM ticket WHERE number > 1"),
            &[TicketChanged],
        ),
        (
            "its total",
            |s| s.sql("UPDATE ticket SET total = total + 1 WHERE number = 2"),
            &[TicketChanged, TicketSums],
        ),
        (
            "its hash: the next hangs on it",
            |s| s.sql("UPDATE ticket SET hash = zeroblob(32) WHERE number = 2"),
            &[TicketChanged, TicketChanged],
        ),
        (
            "a department",
            |s| {
                s.sql("UPDATE ticket SET body = replace(body, '\"amount\":2468', '\"amount\":2467') WHERE number = 1")
            },
            &[TicketSums],
        ),
        ("its body", |s| s.sql("UPDATE ticket SET body = '{' WHERE number = 5"), &[Database]),
        ("a number taken out", |s| s.sql("DELETE FROM ticket WHERE number = 3"), &[TicketMissing]),
        ("the first", |s| s.sql("DELETE FROM ticket WHERE number = 1"), &[TicketMissing]),
        (
            "a ticket that never was",
            |s| s.sql("UPDATE ticket SET number = 9 WHERE number = 5"),
            &[TicketMissing],
        ),
        ("a reference", |s| s.sql("INSERT INTO request VALUES (zeroblob(16), 77, 1)"), &[Database]),
        ("a policy that is gone", |s| s.sql("DELETE FROM policy"), &[PolicyMissing, PolicyMissing]),
        (
            "a trigger",
            |s| s.sql("CREATE TRIGGER keep BEFORE DELETE ON purchase BEGIN SELECT RAISE(IGNORE); END"),
            &[NotOurs],
        ),
        ("a view", |s| s.sql("CREATE VIEW customers AS SELECT * FROM profile"), &[NotOurs]),
        ("a table", |s| s.sql("CREATE TABLE notes (text)"), &[NotOurs]),
        ("an index", |s| s.sql("CREATE INDEX by_day ON purchase (day)"), &[NotOurs]),
        ("statistics, of two kinds", |s| s.sql("ANALYZE"), &[NotOurs, NotOurs]),
        ("a column", |s| s.sql("ALTER TABLE purchase ADD COLUMN name TEXT"), &[NotOurs]),
        ("a forgotten key", |s| s.revive_key(), &[KeyKept]),
        ("forgotten bytes", |s| s.revive_bytes(), &[BytesKept]),
        ("a damaged slot", |s| s.scribble(s.slot(&s.guarantee)), &[KeyDamaged]),
        (
            "a key zeroed",
            |s| {
                let id = s.slot(&s.guarantee);
                s.store.keys.zero(&[id]).unwrap()
            },
            &[KeyMissing],
        ),
        (
            "a profile's key zeroed",
            |s| {
                let id = s.slot_of_row("SELECT slot, owner FROM profile");
                s.store.keys.zero(&[id]).unwrap()
            },
            &[KeyMissing, Unlinked],
        ),
        (
            "a draft's key zeroed",
            |s| {
                let id = s.slot_of_row("SELECT slot, owner FROM draft");
                s.store.keys.zero(&[id]).unwrap()
            },
            &[KeyMissing],
        ),
        (
            "the tally's key zeroed",
            |s| {
                let id = s.slot_of_row("SELECT slot, owner FROM tally");
                s.store.keys.zero(&[id]).unwrap()
            },
            &[KeyMissing],
        ),
        (
            "a slot's number",
            |s| s.sql("UPDATE purchase SET slot = slot + 100000 WHERE memory = 1"),
            &[KeyMissing],
        ),
        ("a profile that does not open", |s| s.sql("UPDATE profile SET sealed = zeroblob(300)"), &[Unopened]),
        ("the end of the chain", |s| s.sql("DELETE FROM ticket WHERE number = 5"), &[TicketMissing]),
        ("a draft that does not open", |s| s.sql("UPDATE draft SET sealed = zeroblob(300)"), &[Unopened]),
        ("a tally that does not open", |s| s.sql("UPDATE tally SET sealed = zeroblob(300)"), &[Unopened]),
        (
            "a purchase that does not open",
            |s| s.break_remembered("UPDATE purchase SET sealed = zeroblob(300)"),
            &[Unopened],
        ),
        (
            "a purchase whose slot is there",
            |s| s.break_remembered("DELETE FROM purchase"),
            &[LookupKept, OutboxPurchase],
        ),
        ("the last place", |s| s.sql("UPDATE outbox SET idx = 7 WHERE series = 4 AND idx = 1"), &[OutboxGap]),
        (
            "a place of a purchase",
            |s| s.sql("UPDATE outbox SET id = zeroblob(16) WHERE series = 3 AND idx = 1"),
            &[OutboxPurchase, OutboxPurchase],
        ),
    ];
    for (what, broken, expected) in breaks {
        let mut shop = Shop::new();
        broken(&mut shop);
        assert_eq!(shop.found(), *expected, "{what}");
    }
}

impl Shop {
    /// A forgotten purchase's owner in a slot again.
    fn revive_key(&mut self) {
        self.store.keys.write(&[self.forgotten_code.purchase_id()]).unwrap();
    }

    fn revive_bytes(&mut self) {
        let insert = "INSERT INTO purchase (id, slot, memory, choice, policy, day, until, sealed)
            VALUES (?1, ?2, 1, 'guarantee', 2, 20000, 30000, zeroblob(300))";
        self.store
            .connection
            .execute(insert, rusqlite::params![self.forgotten.owner, self.forgotten.index])
            .unwrap();
    }

    fn scribble(&self, slot: SlotId) {
        let path = Files::of(self.directory.path()).keys;
        let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
        let (mut byte, at) = ([0], 128 * (1 + u64::from(slot.index)) + 60);
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 1], at).unwrap();
    }

    fn break_remembered(&self, sql: &str) {
        let sql = format!("{sql} WHERE id = ?1");
        assert_eq!(self.store.connection.execute(&sql, [self.remember.purchase_id()]).unwrap(), 1);
    }
}

#[test]
fn what_a_crash_left_is_finished_and_a_reader_makes_it_pending() {
    let mut shop = Shop::new();
    let slot = shop.slot(&shop.guarantee);
    shop.store.entomb(&[slot]).unwrap();
    let reader = rusqlite::Connection::open(shop.directory.path().join("olvido.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM ticket;").unwrap();
    assert_eq!(shop.found(), [FindingKind::Pending]);
    drop(reader);
    assert_eq!(shop.found(), []);
    assert!(matches!(shop.store.find(&shop.guarantee).unwrap(), Found::Forgotten { pending: false }));
}

#[test]
fn findings_as_json() {
    let mut shop = Shop::new();
    shop.sql("DELETE FROM ticket WHERE number IN (2, 3)");
    let json = serde_json::to_string(&shop.store.verify(today()).unwrap()).unwrap();
    assert_eq!(
        json,
        r#"{"tickets":3,"purchases":3,"profiles":1,"forgotten":1,"past_term":0,"strangers":[],"findings":[{"kind":"ticket-missing","subject":"A-000002 – A-000003"}]}"#
    );
}

/// It goes in the course of the day, so it is counted and is no fault.
#[test]
fn what_is_past_its_term_is_counted() {
    let mut shop = Shop::new();
    let yesterday = today().to_epoch_days() - 1;
    shop.sql(&format!("UPDATE purchase SET until = {yesterday} WHERE memory = 1"));
    let verified = shop.store.verify(today()).unwrap();
    assert!(verified.holds() && verified.past_term > 0, "{verified:?}");
}
