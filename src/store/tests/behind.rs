//! An earlier `olvido.db` beside later keys.

use super::*;
use crate::seal::ReceiptCode;

/// A closed shop, its database as it was before the last sale, and that sale.
struct PutBack {
    directory: tempfile::TempDir,
    older: Vec<u8>,
    newer: Vec<u8>,
    before: ReceiptCode,
    since: ReceiptCode,
}

impl PutBack {
    fn new() -> PutBack {
        let directory = tempfile::tempdir().unwrap();
        let database = Files::of(directory.path()).database;
        let mut store = create(directory.path());
        let before = store.sell(&sale(Some("remember"), Some("600123456"), &["a"])).unwrap().code;
        store.close().unwrap();
        let older = fs::read(&database).unwrap();
        let mut store = open(directory.path());
        let since = store.sell(&sale(Some("guarantee"), None, &["b"])).unwrap().code;
        store.close().unwrap();
        let newer = fs::read(&database).unwrap();
        fs::write(&database, &older).unwrap();
        PutBack { directory, older, newer, before, since }
    }

    fn files(&self) -> Files {
        Files::of(self.directory.path())
    }

    fn open(&self) -> Result<Store, StoreError> {
        Store::open(&self.files(), &issuer(), SHIPPED, Policy::shipped())
    }
}

/// Nothing is sold on it and nothing changed; a forget works all the same, and takes no key of what was sold since. It is
/// pending: the keys could as well be the ones that were put back.
#[test]
fn an_older_database_is_refused_and_nothing_of_the_newer_one_is_lost() {
    let shop = PutBack::new();
    let keys = fs::read(shop.files().keys).unwrap();
    assert!(matches!(shop.open(), Err(StoreError::DatabaseOlder)));
    assert_eq!(fs::read(shop.files().keys).unwrap(), keys);
    assert_eq!(fs::read(shop.files().database).unwrap(), shop.older);
    let (mut store, without) = Store::open_to_forget(&shop.files()).unwrap();
    assert!(matches!(without[..], [StoreError::DatabaseOlder]), "{without:?}");
    assert_eq!(store.forget(&shop.before).unwrap(), Some(Forgetting::Pending(Reason::NoKey)));
    store.rest(at("2026-11-23T23:42:07+01:00")).unwrap();
    assert_eq!(store.close_day().unwrap(), Forgetting::Pending(Reason::NoKey));
    store.close().unwrap();
    assert!(matches!(shop.open(), Err(StoreError::DatabaseOlder)));
    fs::write(shop.files().database, &shop.newer).unwrap();
    let mut store = shop.open().unwrap();
    store.rest(at("2026-11-24T08:00:00+01:00")).unwrap();
    assert!(matches!(store.find(&shop.since).unwrap(), Found::Kept(_)));
    // Its key went all the same, though this database knows of no forget; a forget again is complete.
    assert!(matches!(store.find(&shop.before), Err(StoreError::Damaged(_))));
    assert_eq!(store.forget(&shop.before).unwrap(), Some(Forgetting::Complete));
}

/// A database from before a forget opens. What it does not know is left alone until the key that is gone is
/// explained.
#[test]
fn where_a_key_is_gone_no_unknown_one_is_zeroed() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let kept = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap().code;
    let slot = store.slot(&kept).unwrap().unwrap();
    store.keys.zero(&[slot]).unwrap();
    let unknown = store.keys.write(&[[7; 16]]).unwrap()[0].0;
    let is_there = |store: &Store| store.keys.live().unwrap().live.contains(&unknown);
    store.rest(at("2026-11-23T23:42:07+01:00")).unwrap();
    assert!(is_there(&store));
    store.forget(&kept).unwrap();
    store.close_day().unwrap();
    assert!(!is_there(&store));
}

/// The key of what was forgotten goes wherever it comes back, also where its row did.
#[test]
fn a_key_of_what_was_forgotten_is_zeroed_when_it_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let code = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap().code;
    store.sell(&sale(Some("guarantee"), None, &["b"])).unwrap();
    store.close().unwrap();
    let keys = fs::read(Files::of(directory.path()).keys).unwrap();
    let mut store = open(directory.path());
    store.forget(&code).unwrap();
    store.close().unwrap();
    fs::write(Files::of(directory.path()).keys, keys).unwrap();
    let mut store = open(directory.path());
    let revive = "INSERT INTO purchase (id, slot, memory, choice, policy, day, until, sealed)
        VALUES (?1, 0, 1, 'guarantee', 2, 20000, 30000, zeroblob(300))";
    store.connection.execute(revive, [code.purchase_id()]).unwrap();
    let has_key =
        |store: &Store| store.keys.live().unwrap().live.iter().any(|slot| slot.owner == code.purchase_id());
    assert!(has_key(&store));
    store.rest(at("2026-11-23T23:42:07+01:00")).unwrap();
    assert!(!has_key(&store));
}

/// Room is held back from the first moment: a forget on a full disk may be the first that comes.
#[test]
fn the_ballast_is_made_at_opening_and_at_rest() {
    let directory = tempfile::tempdir().unwrap();
    drop(create(directory.path()));
    let ballast = Files::of(directory.path()).ballast;
    let bytes = || fs::metadata(&ballast).map_or(0, |metadata| metadata.len());
    let _ = fs::remove_file(&ballast);
    let mut store = open(directory.path());
    assert_eq!(bytes(), 1 << 20);
    fs::write(&ballast, "cut short").unwrap();
    store.rest(at("2026-11-23T23:42:07+01:00")).unwrap();
    assert_eq!(bytes(), 1 << 20);
}
