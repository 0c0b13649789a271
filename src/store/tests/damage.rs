//! Files that something else has damaged: noticed, typed, and left as they are.

use super::*;
use crate::seal::KeysError;

type Bytes = Vec<u8>;

/// A closed store's database and keys.
fn closed() -> (tempfile::TempDir, Files) {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    for index in 0..40 {
        let choice = if index % 2 == 0 { "guarantee" } else { "forget" };
        store.sell(&sale(Some(choice), None, &["a"])).unwrap();
    }
    store.close().unwrap();
    let files = Files::of(directory.path());
    (directory, files)
}

fn reopened(files: &Files) -> Result<Store, StoreError> {
    Store::open(files, &issuer(), SHIPPED, Policy::shipped())
}

/// Damages one file, checks that `noticed` sees the error, and that the file was left alone.
fn check(
    what: &str,
    pick: fn(&Files) -> &Path,
    damage: impl Fn(&mut Bytes),
    noticed: fn(&StoreError) -> bool,
) {
    let (_directory, files) = closed();
    let mut bytes = fs::read(pick(&files)).unwrap();
    damage(&mut bytes);
    fs::write(pick(&files), &bytes).unwrap();
    let opened = reopened(&files).and_then(|store| {
        drop(store);
        quick_check_file(&files.database)
    });
    let error = opened.err().unwrap_or_else(|| panic!("{what} was not noticed"));
    assert!(noticed(&error), "{what}: {error:?}");
    assert_eq!(fs::read(pick(&files)).unwrap().len(), bytes.len(), "{what}");
}

fn damaged(error: &StoreError) -> bool {
    matches!(error, StoreError::Damaged(_))
}

#[test]
fn a_damaged_database_is_noticed() {
    let database: fn(&Files) -> &Path = |files| &files.database;
    check("magic", database, |b| b[3] ^= 0xff, damaged);
    check("page size", database, |b| b[16] = 0xff, damaged);
    check("empty", database, Vec::clear, damaged);
    check("half a page", database, |b| b.truncate(2000), damaged);
    check("cut short", database, |b| b.truncate(b.len() / 2), damaged);
    check(
        "text",
        database,
        |b| *b = b"hello, this is no database at all, whatever its name may say".to_vec(),
        damaged,
    );
    let pages = fs::metadata(closed().1.database).unwrap().len() / 4096;
    for page in 0..pages as usize {
        // The image of the catalogue and free pages hold no structure.
        // Another store of the same sales may have a page less.
        let junk = move |b: &mut Bytes| {
            let page = page.min(b.len() / 4096 - 1);
            b[page * 4096..][..4096].fill(0xaa);
        };
        check(&format!("page {page}"), database, junk, damaged);
    }
}

#[test]
fn a_foreign_database_is_refused() {
    let (_directory, files) = closed();
    fs::remove_file(&files.database).unwrap();
    let foreign = rusqlite::Connection::open(&files.database).unwrap();
    foreign.execute_batch("CREATE TABLE notes (id INTEGER PRIMARY KEY)").unwrap();
    drop(foreign);
    assert!(matches!(reopened(&files), Err(StoreError::Damaged(_))));
    let kept = rusqlite::Connection::open(&files.database).unwrap();
    let tables: i64 = kept.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1, "nothing was written into it");
}

#[test]
fn damaged_keys_are_noticed() {
    let keys: fn(&Files) -> &Path = |files| &files.keys;
    let not_keys: fn(&StoreError) -> bool = |e| matches!(e, StoreError::Keys(KeysError::NotAKeyFile));
    check("magic", keys, |b| b[0] ^= 1, not_keys);
    check("tag", keys, |b| b[85] ^= 1, not_keys);
    check("empty", keys, Vec::clear, not_keys);
    let (_directory, files) = closed();
    let bytes = fs::read(&files.keys).unwrap();
    // Cut behind the header: the key of the last counters is not there.
    fs::write(&files.keys, &bytes[..128]).unwrap();
    assert!(matches!(reopened(&files), Err(StoreError::Keys(KeysError::DamagedSlot(_)))));
    assert_eq!(fs::metadata(&files.keys).unwrap().len(), 128);
}

#[test]
fn a_missing_file_is_not_made_anew() {
    for pick in [|f: &Files| f.keys.clone(), |f: &Files| f.store_key.clone(), |f: &Files| f.database.clone()]
    {
        let (_directory, files) = closed();
        fs::remove_file(pick(&files)).unwrap();
        let error = reopened(&files).err().unwrap();
        assert!(
            matches!(
                error,
                StoreError::Missing | StoreError::Keys(KeysError::Io(_)) | StoreError::StoreKey(_)
            ),
            "{error:?}"
        );
        assert!(!pick(&files).exists());
    }
}

/// Whoever removes or replaces files under a till that runs is told so: nothing is sold or forgotten into files that
/// no name leads to any more.
#[test]
fn nothing_is_written_into_files_that_are_gone() {
    for name in ["olvido.db", "olvido.db-wal", "olvido.keys"] {
        let directory = tempfile::tempdir().unwrap();
        let mut store = create(directory.path());
        let sold = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap();
        store.save_draft(b"the basket").unwrap();
        let (path, aside) = (directory.path().join(name), directory.path().join("aside"));
        for replaced in [false, true] {
            fs::rename(&path, &aside).unwrap();
            if replaced {
                fs::copy(&aside, &path).unwrap();
            }
            let refused = store.sell(&sale(None, None, &["b"])).map(drop);
            assert!(matches!(refused, Err(StoreError::FilesGone(_))), "{name}: {refused:?}");
            let refused = store.forget(&sold.code);
            assert!(matches!(refused, Err(StoreError::FilesGone(_))), "{name}: {refused:?}");
            assert_eq!(store.draft().unwrap().as_deref(), Some(b"the basket".as_slice()), "{name}");
            fs::rename(&aside, &path).unwrap();
        }
        assert_eq!(store.sell(&sale(None, None, &["b"])).unwrap().ticket.number, 2, "{name}");
    }
}

/// The store key of a till that runs is overwritten: under the key in memory nothing more is sold, since no start would
/// open it. A forget takes no store key.
#[test]
fn nothing_is_sold_under_a_store_key_that_is_in_no_file() {
    let (_directory, files) = closed();
    let right = fs::read(&files.store_key).unwrap();
    // Written a while ago: what is written within one tick of the clock has one time.
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    let write = |bytes: &[u8]| fs::write(&files.store_key, bytes).unwrap();
    for wrong in [Some(vec![7; 32]), Some(vec![]), None] {
        write(&right);
        let file = fs::OpenOptions::new().write(true).open(&files.store_key).unwrap();
        file.set_modified(long_ago).unwrap();
        let mut store = reopened(&files).unwrap();
        let sold = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap();
        match &wrong {
            Some(bytes) => write(bytes),
            None => fs::remove_file(&files.store_key).unwrap(),
        }
        let refused = store.sell(&sale(None, None, &["b"])).map(drop);
        assert!(
            matches!(&refused, Err(StoreError::FilesGone(path)) if *path == files.store_key),
            "{wrong:?}: {refused:?}"
        );
        assert_eq!(store.forget(&sold.code).unwrap(), Some(Forgetting::Complete), "{wrong:?}");
        write(&right);
        store.sell(&sale(None, None, &["b"])).unwrap();
        store.close().unwrap();
    }
}

/// The log takes a sale whatever has become of the file that it belongs to.
#[test]
fn nothing_is_written_beside_a_file_that_was_cut() {
    for pick in [|files: &Files| files.database.clone(), |files: &Files| files.keys.clone()] {
        let (_directory, files) = closed();
        let mut store = reopened(&files).unwrap();
        fs::OpenOptions::new().write(true).open(pick(&files)).unwrap().set_len(4096).unwrap();
        assert!(matches!(store.sell(&sale(None, None, &["b"])), Err(StoreError::FilesGone(_))));
    }
    // A compaction may leave less.
    let (_directory, files) = closed();
    let other = rusqlite::Connection::open(&files.database).unwrap();
    other.execute_batch("CREATE TABLE filler AS SELECT zeroblob(1000000) AS bytes").unwrap();
    drop(other);
    let mut store = reopened(&files).unwrap();
    let forgotten = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap().code;
    store.forget(&forgotten).unwrap();
    store.connection.execute_batch("DROP TABLE filler").unwrap();
    store.close_day().unwrap();
    store.sell(&sale(None, None, &["b"])).unwrap();
}

/// Its slot was zeroed by its owner, and the till crashed before the row went: there is no key to look for.
#[test]
fn a_row_with_an_impossible_number_is_forgotten_through_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let codes = ["a", "b"].map(|code| store.sell(&sale(Some("guarantee"), None, &[code])).unwrap().code);
    let number = "UPDATE purchase SET slot = -1 WHERE id = ?1";
    store.connection.execute(number, [codes[0].purchase_id()]).unwrap();
    let slot = store.slot(&codes[0]).unwrap().unwrap();
    store.entomb(&[slot]).unwrap();
    store.advance(Stage::KeyDestroyed).unwrap();
    drop(store);
    let mut store = open(directory.path());
    assert_eq!(store.finish_forgetting().unwrap(), Forgetting::Complete);
    assert_eq!(store.forget(&codes[1]).unwrap(), Some(Forgetting::Complete));
}

/// A slot whose lookup is gone opens for whoever has the number: it is the customer's still. Where its key is gone,
/// too, nothing tells whose it was, and no forget of a customer is complete.
#[test]
fn a_customer_is_forgotten_through_damaged_lookups() {
    for (place, length, expected) in [
        (100, 8, Some(Forgetting::Complete)),
        (100, 16, Some(Forgetting::Complete)),
        (48, 68, Some(Forgetting::Pending(Reason::Slot))),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let mut store = create(directory.path());
        let phone = Some("600123456");
        let codes = ["a", "b"].map(|code| store.sell(&sale(Some("remember"), phone, &[code])).unwrap().code);
        let slot = store.slot(&codes[0]).unwrap().unwrap();
        store.close().unwrap();
        let keys = Files::of(directory.path()).keys;
        let mut bytes = fs::read(&keys).unwrap();
        let start = 128 * (slot.index as usize + 1) + place;
        bytes[start..start + length].iter_mut().for_each(|byte| *byte ^= 0xff);
        fs::write(&keys, bytes).unwrap();
        let customer = crate::domain::customer::Identifier::phone("600123456", "34").unwrap();
        let (mut store, _) = Store::open_to_forget(&Files::of(directory.path())).unwrap();
        assert_eq!(store.forget_customer(&customer).unwrap(), expected, "{place}+{length}");
        let is_gone = store.keys.key(slot).is_ok_and(|key| key.is_none());
        assert_eq!(is_gone, expected == Some(Forgetting::Complete), "{place}+{length}");
        let again = store.forget_customer(&customer).unwrap();
        assert_eq!(again, expected.filter(|said| *said != Forgetting::Complete), "{place}+{length}");
    }
}
