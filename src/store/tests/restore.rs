//! Restores over a damaged store: what followed the backup there.

use std::path::PathBuf;

use super::*;

/// A backup at ticket 2, and the closed store of then with 40 more.
struct Behind {
    shop: tempfile::TempDir,
    archive: PathBuf,
}

const LAST: u64 = 42;
const PAGE: usize = 4096;

impl Behind {
    fn new() -> Behind {
        let shop = tempfile::tempdir().unwrap();
        let archive = shop.path().join("backup.tar");
        let mut store = create(shop.path());
        for choice in ["guarantee", "forget"] {
            store.sell(&sale(Some(choice), None, &["a"])).unwrap();
        }
        store.backup(&archive, "config", SHIPPED, at("2026-11-23T20:00:00+01:00")).unwrap();
        for _ in 2..LAST {
            store.sell(&sale(None, None, &["b"])).unwrap();
        }
        store.close().unwrap();
        Behind { shop, archive }
    }

    /// What a restore does over a copy of the store that `damage` has changed.
    fn restored(&self, damage: impl FnOnce(&Files)) -> (Restoring, tempfile::TempDir) {
        let copy = tempfile::tempdir().unwrap();
        let files = Files::of(copy.path());
        let whole = Files::of(self.shop.path());
        for (from, to) in [
            (whole.database, &files.database),
            (whole.keys, &files.keys),
            (whole.store_key, &files.store_key),
        ] {
            fs::copy(from, to).unwrap();
        }
        damage(&files);
        let today = at("2026-11-24T08:00:00+01:00").date_naive();
        (Restoring::prepare(&self.archive, copy.path(), None, today).unwrap(), copy)
    }
}

fn edit(files: &Files, sql: &str) {
    let connection = rusqlite::Connection::open(&files.database).unwrap();
    connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
}

/// The page at which a table begins.
fn root(files: &Files, table: &str) -> usize {
    let connection = rusqlite::Connection::open(&files.database).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
    connection.query_row(sql, [table], |row| row.get(0)).unwrap()
}

fn spoil(files: &Files, page: usize) {
    let mut bytes = fs::read(&files.database).unwrap();
    bytes[(page - 1) * PAGE..][..PAGE].fill(0xaa);
    fs::write(&files.database, bytes).unwrap();
}

/// The leaves of the table of tickets, in order: see "B-tree Pages" in SQLite's description of its file format.
fn leaves(files: &Files) -> Vec<usize> {
    let bytes = fs::read(&files.database).unwrap();
    let page = &bytes[(root(files, "ticket") - 1) * PAGE..][..PAGE];
    assert_eq!(page[0], 5, "an interior page of a table");
    let number = |at: usize| u32::from_be_bytes(page[at..at + 4].try_into().unwrap()) as usize;
    let half = |at: usize| usize::from(u16::from_be_bytes([page[at], page[at + 1]]));
    let mut leaves: Vec<usize> = (0..half(3)).map(|cell| number(half(12 + 2 * cell))).collect();
    leaves.push(number(8));
    leaves
}

/// The longest run of tickets that prove themselves goes on, and what does not is counted; or it is said that it cannot
/// be. No number is believed that no ticket proves.
#[test]
fn tickets_go_on_up_to_the_damage() {
    type Damage = fn(&Files);
    let cases: &[(&str, Damage, std::ops::RangeInclusive<u64>, Option<u64>)] = &[
        // what is damaged, the last ticket that is taken over, how many are lost
        ("another table", |f| spoil(f, root(f, "product")), LAST..=LAST, Some(0)),
        ("the outbox", |f| spoil(f, root(f, "outbox")), LAST..=LAST, Some(0)),
        ("the hub", |f| spoil(f, root(f, "hub")), LAST..=LAST, Some(0)),
        ("the tombstones", |f| spoil(f, root(f, "tombstone")), LAST..=LAST, Some(0)),
        ("the issuers", |f| spoil(f, root(f, "issuer")), LAST..=LAST, Some(0)),
        ("an issuer is gone, and the keys", |f| keyless(f, "DELETE FROM issuer"), LAST..=LAST, Some(0)),
        ("the first tickets", |f| spoil(f, leaves(f)[0]), 2..=2, Some(LAST - 2)),
        ("the last tickets", |f| spoil(f, *leaves(f).last().unwrap()), 20..=LAST - 1, None),
        ("all tickets", |f| spoil(f, root(f, "ticket")), 2..=2, None),
        ("the whole file", |f| fs::write(&f.database, vec![0xaa; 20_000]).unwrap(), 2..=2, None),
        (
            "a wild number",
            |f| {
                edit(f, &format!("UPDATE ticket SET number = 1 << 60 WHERE number = {LAST}"));
                spoil(f, root(f, "product"));
            },
            LAST - 1..=LAST - 1,
            None,
        ),
        (
            "a wild number, and the keys",
            |f| keyless(f, "UPDATE ticket SET number = 1 << 60 WHERE number = 42"),
            LAST - 1..=LAST - 1,
            None,
        ),
        (
            "a total, and the keys",
            |f| keyless(f, "UPDATE ticket SET total = total + 1 WHERE number = 12"),
            11..=11,
            Some(LAST - 11),
        ),
        (
            "a gap, and the keys",
            |f| keyless(f, "DELETE FROM ticket WHERE number = 12"),
            11..=11,
            Some(LAST - 11),
        ),
    ];
    let shop = Behind::new();
    for (what, damage, last, lost) in cases {
        let (restoring, copy) = shop.restored(damage);
        assert!(last.contains(&restoring.last_ticket), "{what}: {}", restoring.last_ticket);
        let number = restoring.last_ticket;
        assert_eq!(restoring.ended.tickets_lost, *lost, "{what}");
        assert_eq!(restoring.ended.tickets_taken_over, number - 2, "{what}");
        assert!(restoring.needs_new_series || *lost == Some(0), "{what}");
        restoring.install("config").unwrap();
        let mut store = open(copy.path());
        let next = store.sell(&sale(None, None, &["c"])).unwrap().ticket;
        assert_eq!((next.number, next.previous), (number + 1, store.ticket(number).unwrap().map(|t| t.hash)));
        let verified = store.verify(next.day()).unwrap();
        assert!(verified.holds() && verified.tickets == number + 1, "{what}: {verified:?}");
    }
}

fn keyless(files: &Files, sql: &str) {
    edit(files, sql);
    fs::remove_file(&files.keys).unwrap();
}

/// A store without its keys that sold something else after the backup is another store.
#[test]
fn tickets_of_another_chain_are_refused() {
    let shop = tempfile::tempdir().unwrap();
    let archive = shop.path().join("backup.tar");
    let mut store = create(shop.path());
    store.sell(&sale(None, None, &["a"])).unwrap();
    store.backup(&archive, "config", SHIPPED, at("2026-11-23T20:00:00+01:00")).unwrap();
    store.close().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut store = create(elsewhere.path());
    for _ in 0..3 {
        store.sell(&sale(None, None, &["a", "b"])).unwrap();
    }
    store.close().unwrap();
    let files = Files::of(shop.path());
    fs::copy(Files::of(elsewhere.path()).database, &files.database).unwrap();
    fs::remove_file(&files.keys).unwrap();
    let today = at("2026-11-24T08:00:00+01:00").date_naive();
    let refused = Restoring::prepare(&archive, shop.path(), None, today);
    assert!(matches!(refused, Err(BackupError::OtherStore)), "{refused:?}");
}

/// Each of them is read whatever else is damaged: what an earlier restore could not know, and the day of the store.
#[test]
fn notes_and_the_day_are_read_despite_damage() {
    let shop = Behind::new();
    let (restoring, _copy) = shop.restored(|files| {
        edit(files, "UPDATE meta SET value = '2026-12-30' WHERE name = 'trusted-day'");
        spoil(files, root(files, "product"));
    });
    assert_eq!(restoring.past_days, Some(30));
    let (restoring, copy) = shop.restored(|files| {
        edit(files, r#"INSERT INTO meta VALUES ('restored', '{"from":"2026-10-01","to":"2026-10-02"}')"#);
        spoil(files, root(files, "product"));
    });
    restoring.install("config").unwrap();
    let days = restored_days(&Files::of(copy.path()).database).unwrap().unwrap();
    assert_eq!(days.from.to_string(), "2026-10-01");
}

/// A backup of 0.2 is as old as its own last ticket says, whatever was sold after it in the store in place.
#[test]
fn later_tickets_make_no_backup_younger() {
    let shop = tempfile::tempdir().unwrap();
    let files = Files::of(shop.path());
    let archive = shop.path().join("backup.tar");
    let mut store = create(shop.path());
    store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap();
    store.backup(&archive, "config", SHIPPED, at("2026-12-25T20:00:00+01:00")).unwrap();
    store.sell(&sale_at("2026-12-20T10:00:00+01:00", None, None, &["b"])).unwrap();
    store.close().unwrap();
    spoil(&files, root(&files, "product"));
    backup::without_mark(&archive);
    let today = at("2026-12-26T08:00:00+01:00").date_naive();
    let restoring = Restoring::prepare(&archive, shop.path(), None, today).unwrap();
    assert_eq!((restoring.last_ticket, restoring.is_unproven, restoring.past_days), (2, true, Some(30)));
}

/// What a restore is about to replace is nothing to note a forget in. Nor is a file that holds no store.
#[test]
fn a_forget_without_keys_is_noted_in_no_file_that_goes() {
    let directory = tempfile::tempdir().unwrap();
    let files = Files::of(directory.path());
    let mut store = create(directory.path());
    let code = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap().code;
    store.close().unwrap();
    fs::remove_file(&files.keys).unwrap();
    let ready = directory.path().join("restore.ready");
    fs::create_dir(&ready).unwrap();
    let before = fs::read(&files.database).unwrap();
    let refused = note_forgotten(&files, &code.purchase_id());
    assert!(matches!(refused, Err(StoreError::RestoreUnfinished)), "{refused:?}");
    assert_eq!(fs::read(&files.database).unwrap(), before);
    fs::remove_dir(&ready).unwrap();
    let left = directory.path().join("restore.tmp");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("olvido.keys"), "keys").unwrap();
    assert!(note_forgotten(&files, &code.purchase_id()).unwrap());
    assert!(!left.exists(), "keys that a killed restore left");
    fs::write(&files.database, "").unwrap();
    assert!(matches!(note_forgotten(&files, &code.purchase_id()), Err(StoreError::Damaged(_))));
    assert_eq!(fs::read(&files.database).unwrap(), b"");
}
