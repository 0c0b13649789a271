use std::path::PathBuf;

use super::*;
use crate::seal::{KeyFile, ReceiptCode, SlotId, StoreKey};

const CONFIG: &str = "the configuration";

/// A store with kept purchases, backed up; then one is forgotten.
struct Saved {
    shop: tempfile::TempDir,
    elsewhere: tempfile::TempDir,
    archive: PathBuf,
    kept: ReceiptCode,
    remembered: ReceiptCode,
    forgotten: ReceiptCode,
}

fn customer() -> Identifier {
    Identifier::phone("600123456", "34").unwrap()
}

fn back_up(store: &mut Store, file: &Path) -> Result<BackupMade, BackupError> {
    store.backup(file, CONFIG, SHIPPED, at("2026-11-23T20:00:00+01:00"))
}

impl Saved {
    fn new() -> Saved {
        let (shop, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let archive = elsewhere.path().join("olvido.tar");
        let mut store = create(shop.path());
        store.save_draft(b"CANARY-basket").unwrap();
        let early = store.sell(&sale(Some("guarantee"), None, &["CANARY-early"])).unwrap().code;
        store.forget(&early).unwrap();
        let mut sell = |choice, phone, name| store.sell(&sale(Some(choice), phone, &[name])).unwrap().code;
        let kept = sell("guarantee", None, "CANARY-kept");
        let remembered = sell("remember", Some("600123456"), "CANARY-remembered");
        let forgotten = sell("guarantee", None, "CANARY-forgotten");
        store.save_draft(b"CANARY-basket").unwrap();
        let made = back_up(&mut store, &archive).unwrap();
        assert_eq!((made.last_ticket, made.purchases), (4, 3));
        assert_eq!(made.bytes, fs::metadata(&archive).unwrap().len());
        assert!(matches!(back_up(&mut store, &archive), Err(BackupError::Exists(_))));
        store.drop_draft().unwrap();
        store.forget(&forgotten).unwrap();
        store.close().unwrap();
        Saved { shop, elsewhere, archive, kept, remembered, forgotten }
    }

    fn files(&self) -> Files {
        Files::of(self.shop.path())
    }

    fn prepare(&self) -> Result<Restoring, BackupError> {
        self.prepare_on("2026-11-24T08:00:00+01:00")
    }

    fn prepare_on(&self, time: &str) -> Result<Restoring, BackupError> {
        Restoring::prepare(&self.archive, self.shop.path(), None, at(time).date_naive())
    }

    fn restore(&self) -> Restoring {
        self.prepare().unwrap()
    }

    /// Installs, opens, and checks what must hold whatever was lost.
    fn install(&self, restoring: Restoring) -> Store {
        assert_eq!(restoring.config, CONFIG);
        restoring.install("another configuration").unwrap();
        let names: Vec<String> = {
            let entries = fs::read_dir(self.shop.path()).unwrap();
            let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
            names.retain(|name| name != "ballast");
            names.sort();
            names
        };
        assert_eq!(names, ["config.toml", "olvido.db", "olvido.keys", "policy.toml", "store.key"]);
        assert_eq!(
            fs::read_to_string(self.shop.path().join("config.toml")).unwrap(),
            "another configuration"
        );
        let mut store = open(self.shop.path());
        assert_eq!(store.verify(at("2026-11-23T21:00:00+01:00").date_naive()).unwrap().findings, []);
        for code in [&self.kept, &self.remembered] {
            assert!(matches!(store.find(code).unwrap(), Found::Kept(_)));
        }
        assert_eq!(store.customer(&customer()).unwrap().unwrap().purchases, [self.remembered.purchase_id()]);
        store
    }

    fn is_forgotten(&self, store: &Store) -> bool {
        let id = self.forgotten.purchase_id();
        let found = matches!(store.find(&self.forgotten).unwrap(), Found::Forgotten { pending: false });
        let key = store.keys.live().unwrap().live.iter().any(|slot| slot.owner == id);
        assert_eq!(found, !key);
        found
    }
}

/// What a backup's own keys open: the ids of its kept purchases.
fn owners(archive: &Path, store_key: &Path) -> Vec<[u8; 16]> {
    let folder = tempfile::tempdir().unwrap();
    tar::Archive::new(fs::File::open(archive).unwrap()).unpack(folder.path()).unwrap();
    let keys =
        KeyFile::open(&folder.path().join("olvido.keys"), &StoreKey::load(store_key).unwrap()).unwrap();
    keys.check().unwrap().live.into_iter().map(|slot| slot.owner).collect()
}

#[test]
fn a_backup_alone_reveals_nothing_and_holds_no_more_than_it_must() {
    let saved = Saved::new();
    let bytes = fs::read(&saved.archive).unwrap();
    for secret in ["CANARY", "600123456"] {
        assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none(), "{secret}");
    }
    let store_key = fs::read(saved.files().store_key).unwrap();
    assert!(memchr::memmem::find(&bytes, &store_key).is_none());
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(&saved.archive).unwrap().permissions().mode() & 0o777, 0o600);
    // Three purchases, a profile, the counters: no open basket, nothing made ahead of need.
    assert_eq!(owners(&saved.archive, &saved.files().store_key).len(), 5);
    assert_eq!(fs::read_dir(saved.elsewhere.path()).unwrap().count(), 1);
    assert!(!saved.shop.path().join("backup.tmp").exists());
}

#[test]
fn what_was_forgotten_since_stays_forgotten() {
    type Lose = fn(&Files);
    let database: Lose = |f| fs::write(&f.database, vec![0xaa; 40_000]).unwrap();
    let cases: &[(&str, Lose, bool, bool, usize)] = &[
        // what is lost, new series needed, forgotten again, of how many nothing is known
        ("nothing", |_| {}, false, true, 0),
        ("the database", |f| fs::remove_file(&f.database).unwrap(), true, true, 0),
        ("a page of everything", database, true, true, 0),
        ("the keys", |f| fs::remove_file(&f.keys).unwrap(), true, true, 2),
        (
            "both",
            |f| {
                fs::remove_file(&f.database).unwrap();
                fs::remove_file(&f.keys).unwrap()
            },
            true,
            false,
            3,
        ),
    ];
    for (what, lose, series, forgotten, unknown) in cases {
        let saved = Saved::new();
        lose(&saved.files());
        let restoring = saved.restore();
        assert_eq!((restoring.last_ticket, restoring.series.clone()), (4, vec!["A".to_owned()]));
        assert_eq!(restoring.needs_new_series, *series, "{what}");
        assert_eq!(restoring.replayed, usize::from(*forgotten), "{what}");
        assert_eq!(restoring.purchases, 3 - restoring.replayed, "{what}");
        assert_eq!(restoring.unknown, *unknown, "{what}");
        let mut store = saved.install(restoring);
        assert_eq!(saved.is_forgotten(&store), *forgotten, "{what}");
        assert_eq!(files_with(saved.shop.path(), "CANARY"), Vec::<String>::new());
        let next = store.sell(&sale(None, None, &["a"])).unwrap().ticket;
        assert_eq!((next.number, next.previous), (5, store.ticket(4).unwrap().map(|t| t.hash)), "{what}");
    }
}

#[test]
fn keys_in_place_cut_short_say_nothing_of_what_is_missing() {
    let saved = Saved::new();
    fs::remove_file(saved.files().database).unwrap();
    fs::OpenOptions::new().write(true).open(saved.files().keys).unwrap().set_len(128).unwrap();
    let restoring = saved.restore();
    assert_eq!((restoring.replayed, restoring.unknown), (0, 3));
}

#[test]
fn a_new_series_goes_on_with_the_chain() {
    let saved = Saved::new();
    fs::remove_file(saved.files().database).unwrap();
    drop(saved.install(saved.restore()));
    let issuer = Issuer { series: "A2".into(), ..issuer() };
    let mut store = Store::open(&saved.files(), &issuer, SHIPPED, Policy::shipped()).unwrap();
    let next = store.sell(&sale(None, None, &["a"])).unwrap().ticket;
    assert_eq!(next.number_text(), "A2-000005");
    assert_eq!(store.verify(next.day()).unwrap().findings, []);
}

#[test]
fn a_profile_changed_since_comes_back_with_nothing_ticked() {
    let saved = Saved::new();
    let mut store = open(saved.shop.path());
    let mut sale = sale(Some("remember"), Some("600123456"), &["z"]);
    let crate::domain::sale::Keep::ForProfile { purposes, .. } = &mut sale.promise.keep else { panic!() };
    purposes.push("offers".parse().unwrap());
    store.sell(&sale).unwrap();
    store.close().unwrap();
    fs::remove_file(saved.files().database).unwrap();
    let mut store = saved.install(saved.restore());
    assert_eq!(store.customer(&customer()).unwrap().unwrap().purposes, Some(Vec::new()));
}

#[test]
fn a_forgotten_customer_stays_forgotten() {
    let saved = Saved::new();
    let mut store = open(saved.shop.path());
    store.forget_customer(&customer()).unwrap();
    store.close().unwrap();
    fs::remove_file(saved.files().database).unwrap();
    let restoring = saved.restore();
    assert_eq!((restoring.replayed, restoring.purchases), (3, 1));
    restoring.install(CONFIG).unwrap();
    let mut store = open(saved.shop.path());
    assert!(store.customer(&customer()).unwrap().is_none());
    assert!(matches!(store.find(&saved.remembered).unwrap(), Found::Forgotten { .. }));
    assert_eq!(store.verify(at("2026-11-23T21:00:00+01:00").date_naive()).unwrap().findings, []);
}

/// The policy gives a backup 30 days. After them it brings back what the files in place hold too,
/// and of the rest nothing but tickets and counts; nobody said forget, so no tombstone says so.
#[test]
fn a_backup_past_its_days_brings_no_purchase_back() {
    for (day, whole, purchases) in [
        ("2026-12-23", false, 2),
        ("2026-12-24", false, 0),
        ("2036-11-23", false, 0),
        ("2036-11-23", true, 2),
    ] {
        let saved = Saved::new();
        if !whole {
            fs::remove_file(saved.files().database).unwrap();
            fs::remove_file(saved.files().keys).unwrap();
        }
        let restoring = saved.prepare_on(&format!("{day}T08:00:00+01:00")).unwrap();
        let past = day != "2026-12-23";
        assert_eq!((restoring.past_days, restoring.last_ticket), (past.then_some(30), 4), "{day}");
        // Without the files in place nobody knows that one of the three was forgotten since.
        let unknown = usize::from(!whole && !past);
        assert_eq!(restoring.purchases, purchases + unknown, "{day}");
        restoring.install(CONFIG).unwrap();
        let mut store = open(saved.shop.path());
        assert_eq!(store.verify(at("2026-11-23T21:00:00+01:00").date_naive()).unwrap().findings, []);
        for code in [&saved.kept, &saved.remembered] {
            let found = store.find(code).unwrap();
            if purchases > 0 {
                assert!(matches!(found, Found::Kept(_)), "{day}: {found:?}");
            } else {
                assert!(matches!(found, Found::Unknown), "{day}: {found:?}");
            }
        }
        assert_eq!(store.customer(&customer()).unwrap().is_some(), purchases > 0, "{day}");
        let forgotten = store.tombstones().unwrap().len();
        assert_eq!(forgotten, 1 + usize::from(whole), "{day}: only what somebody forgot");
        drop(store);
        let found = files_with(saved.shop.path(), "CANARY");
        assert_eq!(found, Vec::<String>::new(), "{day}");
    }
}

#[test]
fn sales_that_the_backup_does_not_know_are_not_thrown_away() {
    let saved = Saved::new();
    let mut store = open(saved.shop.path());
    store.sell(&sale(None, None, &["a"])).unwrap();
    store.close().unwrap();
    let before = fs::read(saved.files().database).unwrap();
    assert!(matches!(saved.prepare(), Err(BackupError::SalesAfter { here: 5, backup: 4 })));
    assert_eq!(fs::read(saved.files().database).unwrap(), before);
    assert!(!saved.shop.path().join("restore.tmp").exists());
}

/// Where the keys are gone, nothing sells with the files in place: what they still tell goes into the restored store.
#[test]
fn newer_sales_without_their_keys_keep_their_tickets() {
    for what in
        ["gone", "emptied", "cut short", "the header damaged", "of another moment", "the database damaged"]
    {
        let saved = Saved::new();
        let mut store = open(saved.shop.path());
        let ticket = store.sell(&sale(None, None, &["a"])).unwrap().ticket;
        store.close().unwrap();
        let keys = saved.files().keys;
        let mut bytes = fs::read(&keys).unwrap();
        bytes[0] ^= 1;
        match what {
            "gone" => fs::remove_file(&keys).unwrap(),
            "emptied" => fs::write(&keys, []).unwrap(),
            "the database damaged" => {
                let connection = rusqlite::Connection::open(saved.files().database).unwrap();
                let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'product'";
                let root: usize = connection.query_row(root, [], |row| row.get(0)).unwrap();
                drop(connection);
                let mut bytes = fs::read(saved.files().database).unwrap();
                bytes[(root - 1) * 4096..][..4096].fill(0xaa);
                fs::write(saved.files().database, bytes).unwrap();
            }
            "of another moment" => {
                let connection = rusqlite::Connection::open(saved.files().database).unwrap();
                let slot = |row: &rusqlite::Row<'_>| Ok(SlotId { index: row.get(0)?, owner: row.get(1)? });
                let tally = connection.query_row("SELECT slot, owner FROM tally", [], slot).unwrap();
                let store_key = StoreKey::load(&saved.files().store_key).unwrap();
                KeyFile::open(&keys, &store_key).unwrap().zero(&[tally]).unwrap();
            }
            "cut short" => fs::OpenOptions::new().write(true).open(&keys).unwrap().set_len(128).unwrap(),
            _ => fs::write(&keys, bytes).unwrap(),
        }
        let restoring = saved.restore();
        let facts =
            (restoring.needs_new_series, restoring.last_ticket, restoring.replayed, restoring.unknown);
        // The database may be an earlier copy where no keys say that it is not: further tickets can have been sold,
        // and what has no tombstone may have been forgotten. Keys that can be read tell of their own slots.
        let unknown = if matches!(what, "of another moment" | "the database damaged") { 0 } else { 2 };
        let expected = (true, 5, 1, unknown);
        assert_eq!(facts, expected, "{what}");
        let mut store = saved.install(restoring);
        assert_eq!(store.ticket(5).unwrap().unwrap(), ticket, "{what}");
        let next = store.sell(&sale(None, None, &["b"])).unwrap().ticket;
        assert_eq!((next.number, next.previous), (6, Some(ticket.hash)), "{what}");
        assert!(matches!(store.find(&saved.forgotten).unwrap(), Found::Forgotten { .. }), "{what}");
        let verified = store.verify("2026-11-24".parse().unwrap()).unwrap();
        assert!(verified.holds(), "{what}: {verified:?}");
    }
}

#[test]
fn the_store_key_is_needed_and_must_be_the_right_one() {
    let saved = Saved::new();
    let empty = tempfile::tempdir().unwrap();
    let prepare = |key: Option<&Path>| {
        Restoring::prepare(&saved.archive, empty.path(), key, at("2026-11-24T08:00:00+01:00").date_naive())
    };
    assert!(matches!(prepare(None), Err(BackupError::NoStoreKey)));
    let wrong = saved.elsewhere.path().join("wrong.key");
    StoreKey::create(&wrong).unwrap();
    assert!(matches!(prepare(Some(&wrong)), Err(BackupError::WrongStoreKey)));
    prepare(Some(&saved.files().store_key)).unwrap().install(CONFIG).unwrap();
    let store = open(empty.path());
    assert!(matches!(store.find(&saved.kept).unwrap(), Found::Kept(_)));
    fs::copy(&wrong, saved.files().store_key).unwrap();
    assert!(matches!(saved.prepare(), Err(BackupError::WrongStoreKey)));
}

#[test]
fn an_archive_cut_short_or_altered_is_refused() {
    let saved = Saved::new();
    let whole = fs::read(&saved.archive).unwrap();
    let before = fs::read(saved.files().database).unwrap();
    let refused = |bytes: &[u8], what: &str| {
        fs::write(&saved.archive, bytes).unwrap();
        let error = saved.prepare().err().unwrap_or_else(|| panic!("{what} was restored"));
        assert!(matches!(error, BackupError::Altered(_) | BackupError::NotABackup), "{what}: {error:?}");
        assert!(!saved.shop.path().join("restore.tmp").exists());
    };
    // Behind the last member only padding follows.
    let end = whole.len() - 2048;
    for length in (0..end).step_by(4099) {
        refused(&whole[..length], &format!("the first {length} bytes"));
    }
    // The contents of each member: behind its header of 512 bytes.
    let mut start = 0;
    while start + 1024 < whole.len() && whole[start] != 0 {
        let size = std::str::from_utf8(&whole[start + 124..start + 135]).unwrap();
        let size = usize::from_str_radix(size, 8).unwrap();
        let mut altered = whole.clone();
        altered[start + 512 + size / 2] ^= 1;
        refused(&altered, &format!("a bit at {}", start + 512 + size / 2));
        start += 512 + size.div_ceil(512) * 512;
    }
    refused(b"", "nothing");
    refused(&before, "a database");
    assert_eq!(fs::read(saved.files().database).unwrap(), before);
}

/// An archive ends at two blocks of zeros: whatever somebody put behind them is no part of it, and not taken for one.
#[test]
fn bytes_behind_the_end_are_refused() {
    let saved = Saved::new();
    let whole = fs::read(&saved.archive).unwrap();
    for behind in [vec![0], vec![7; 512], b"another archive".repeat(100), whole.clone()] {
        fs::write(&saved.archive, [whole.as_slice(), &behind].concat()).unwrap();
        let refused = saved.prepare();
        assert!(matches!(refused, Err(BackupError::BytesBehind)), "{} bytes: {refused:?}", behind.len());
        assert!(!saved.shop.path().join("restore.tmp").exists());
    }
    fs::write(&saved.archive, &whole).unwrap();
    saved.prepare().unwrap();
}

/// The database of the backup itself, put back by hand beside the keys of today: it does not know what was forgotten
/// since, and the keys do.
#[test]
fn an_older_database_in_place_does_not_say_that_nothing_was_forgotten() {
    let saved = Saved::new();
    let members = members(&saved.archive);
    let (_, older) = members.iter().find(|(name, _)| name == "olvido.db").unwrap();
    fs::write(saved.files().database, older).unwrap();
    let restoring = saved.restore();
    assert_eq!((restoring.needs_new_series, restoring.unknown, restoring.replayed), (false, 0, 1));
    let store = saved.install(restoring);
    assert!(saved.is_forgotten(&store));
}

#[test]
fn a_restore_that_stops_is_finished_later() {
    for moved in 0..=4 {
        let saved = Saved::new();
        fs::remove_file(saved.files().database).unwrap();
        // Stopped before it was ready: nothing in place has changed.
        std::mem::forget(saved.restore());
        assert!(matches!(
            Store::open(&saved.files(), &issuer(), SHIPPED, Policy::shipped()),
            Err(StoreError::Missing)
        ));
        // Ready, and some files moved.
        std::mem::forget(saved.restore());
        let ready = saved.shop.path().join("restore.ready");
        fs::rename(saved.shop.path().join("restore.tmp"), &ready).unwrap();
        for name in ["olvido.db", "olvido.keys", "config.toml", "policy.toml"].iter().take(moved) {
            fs::rename(ready.join(name), saved.shop.path().join(name)).unwrap();
        }
        assert!(matches!(
            Store::open(&saved.files(), &issuer(), SHIPPED, Policy::shipped()),
            Err(StoreError::RestoreUnfinished)
        ));
        assert!(finish_restore(saved.shop.path()).unwrap());
        assert!(!finish_restore(saved.shop.path()).unwrap());
        let store = open(saved.shop.path());
        assert!(saved.is_forgotten(&store));
        assert!(matches!(store.find(&saved.kept).unwrap(), Found::Kept(_)));
    }
}

/// Who the till is at a hub, in a test.
fn enrolment(cursor: u64) -> Enrolment {
    Enrolment {
        url: "http://127.0.0.1:1".into(),
        pin: None,
        store: "sol".into(),
        device: [1; 16],
        epoch: 1,
        key: crate::seal::DeviceKey::random(),
        incarnation: [2; 16],
        cursor,
        state: HubState::Active,
        last_contact: None,
    }
}

#[test]
fn a_restored_till_enrols_again_and_tells_what_it_forgot_since() {
    restored_till(false);
    // What is in place may have been left by the first version, which had no outbox.
    restored_till(true);
}

fn restored_till(first_version_in_place: bool) {
    let (shop, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archive = elsewhere.path().join("olvido.tar");
    let mut store = create(shop.path());
    let mut sell = |choice| store.sell(&sale(Some(choice), None, &["a"])).unwrap().code;
    let [early, here, by_hub] = ["guarantee"; 3].map(&mut sell);
    store.set_enrolment(&enrolment(3)).unwrap();
    store.forget(&early).unwrap();
    back_up(&mut store, &archive).unwrap();
    store.set_cursor(9).unwrap();
    let strange = ReceiptCode::random();
    store.forget(&here).unwrap();
    store.forget_elsewhere(&strange.purchase_id()).unwrap();
    store.forget_from_hub(&[by_hub.purchase_id()]).unwrap();
    store.close().unwrap();
    if first_version_in_place {
        let connection = rusqlite::Connection::open(Files::of(shop.path()).database).unwrap();
        connection.execute_batch("DROP TABLE outbox; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    }

    Restoring::prepare(&archive, shop.path(), None, at("2026-11-24T08:00:00+01:00").date_naive())
        .unwrap()
        .install(CONFIG)
        .unwrap();
    let mut store = open(shop.path());
    let restored = store.enrolment().unwrap().unwrap();
    assert_eq!((restored.state, restored.cursor, restored.epoch), (HubState::Restored, 3, 1));
    for code in [&early, &here, &by_hub, &strange] {
        assert!(matches!(store.find(code).unwrap(), Found::Forgotten { pending: false }));
    }
    let outbox = Outbox::open(store.files()).unwrap();
    let mut told: Vec<_> = outbox.forgets(0, 10).unwrap().into_iter().flatten().collect();
    assert_eq!(told.remove(0), ForgetRow { id: early.purchase_id(), held: true });
    let mut expected = [(&here, true), (&strange, false), (&by_hub, false)]
        .map(|(code, held)| ForgetRow { id: code.purchase_id(), held: held || first_version_in_place });
    expected.sort_by_key(|row| row.id);
    assert_eq!(told, expected);
    assert_eq!(outbox.purchases(0, 10).unwrap().len(), 3);
    assert!(outbox.purchases(0, 10).unwrap().iter().all(Option::is_none));
    drop(outbox);
    assert_eq!(store.verify(at("2026-11-23T21:00:00+01:00").date_naive()).unwrap().findings, []);
}

/// The bytes of each member, in the order of the archive.
fn members(archive: &Path) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(fs::File::open(archive).unwrap());
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        (entry.path().unwrap().display().to_string(), bytes)
    });
    entries.collect()
}

fn write_members(archive: &Path, members: &[(String, Vec<u8>)]) {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    fs::write(archive, builder.into_inner().unwrap()).unwrap();
}

/// The keys are the last thing that is written: a backup that is cut anywhere before holds none.
#[test]
fn the_keys_come_last() {
    let saved = Saved::new();
    let names: Vec<String> = members(&saved.archive).into_iter().map(|(name, _)| name).collect();
    let expected =
        ["manifest.json", "manifest.mark", "olvido.db", "config.toml", "policy.toml", "olvido.keys"];
    assert_eq!(names, expected);
}

/// Whoever has a backup in hand and not the store key can change nothing in it that would be believed: not when it
/// was made, nor the policy and configuration with it.
#[test]
fn a_backup_that_was_changed_is_refused() {
    type Change = fn(&mut [(String, Vec<u8>)]);
    let changes: &[(&str, Change)] = &[
        ("its time", |all| edit_text(&mut all[0], "2026-11-23T20:00:00", "2026-12-23T20:00:00")),
        ("its configuration and its hash", |all| {
            let hash = |bytes: &[u8]| {
                use sha2::Digest;
                sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
            };
            let other = b"the_configuration".to_vec();
            assert_eq!(other.len(), all[3].1.len());
            let (old, new) = (hash(&all[3].1), hash(&other));
            edit_text(&mut all[0], &old, &new);
            all[3].1 = other;
        }),
        ("its mark", |all| all[1].1 = vec![b'0'; 64]),
        ("no mark", |all| all[1].1.clear()),
    ];
    for (what, change) in changes {
        let saved = Saved::new();
        let mut all = members(&saved.archive);
        change(&mut all);
        write_members(&saved.archive, &all);
        let error = saved.prepare().err().unwrap_or_else(|| panic!("{what} was restored"));
        assert!(matches!(&error, BackupError::Altered(name) if name == "manifest.json"), "{what}: {error:?}");
        assert!(!saved.shop.path().join("restore.tmp").exists(), "{what}");
    }
}

fn edit_text(member: &mut (String, Vec<u8>), from: &str, to: &str) {
    let text = String::from_utf8(member.1.clone()).unwrap();
    assert!(text.contains(from), "{from}");
    member.1 = text.replace(from, to).into_bytes();
}

/// Makes it one of format 1.
pub(super) fn without_mark(archive: &Path) {
    let mut all = members(archive);
    edit_text(&mut all[0], "\"format\": 2", "\"format\": 1");
    let keys = all.pop().unwrap();
    all.insert(3, keys);
    all.remove(1);
    write_members(archive, &all);
}

/// The backups of 0.1 and 0.2: read, and said to prove nothing. What they say of their age is not believed, their
/// last ticket is.
#[test]
fn a_backup_of_before_the_mark_is_read_and_proves_nothing() {
    let saved = Saved::new();
    let mut all = members(&saved.archive);
    edit_text(&mut all[0], "2026-11-23T20:00:00", "2027-03-01T20:00:00");
    write_members(&saved.archive, &all);
    without_mark(&saved.archive);
    fs::remove_file(saved.files().database).unwrap();
    fs::remove_file(saved.files().keys).unwrap();
    let young = saved.prepare_on("2026-11-25T08:00:00+01:00").unwrap();
    assert!(young.is_unproven);
    assert_eq!((young.purchases, young.past_days), (3, None));
    drop(young);
    let old = saved.prepare_on("2027-03-02T08:00:00+01:00").unwrap();
    assert_eq!((old.purchases, old.past_days), (0, Some(30)));
    drop(old);
    assert!(!Saved::new().prepare().unwrap().is_unproven);
}

/// With the clock set back a backup is as old as the store's trusted day says.
#[test]
fn a_clock_set_back_makes_no_backup_younger() {
    let saved = Saved::new();
    let mut store = open(saved.shop.path());
    store.sell(&sale_at("2026-12-20T10:00:00+01:00", None, None, &["a"])).unwrap();
    let archive = saved.elsewhere.path().join("later.tar");
    store.backup(&archive, CONFIG, SHIPPED, at("2026-11-19T20:00:00+01:00")).unwrap();
    store.close().unwrap();
    fs::remove_file(saved.files().keys).unwrap();
    let today = at("2026-11-24T08:00:00+01:00").date_naive();
    let restoring = Restoring::prepare(&archive, saved.shop.path(), None, today).unwrap();
    assert_eq!(restoring.past_days, Some(30));
}

/// Keys are zero before their names go: seen by a second name of the same file.
#[test]
fn a_restore_that_is_refused_or_dropped_leaves_no_keys_in_free_blocks() {
    let saved = Saved::new();
    let restoring = saved.restore();
    let (keys, seen) =
        (saved.shop.path().join("restore.tmp/olvido.keys"), saved.elsewhere.path().join("seen"));
    fs::hard_link(&keys, &seen).unwrap();
    assert!(fs::read(&seen).unwrap().iter().any(|byte| *byte != 0));
    drop(restoring);
    assert!(fs::read(&seen).unwrap().iter().all(|byte| *byte == 0));
    fs::remove_file(&seen).unwrap();
    fs::hard_link(saved.files().keys, &seen).unwrap();
    saved.restore().install(CONFIG).unwrap();
    assert!(fs::read(&seen).unwrap().iter().all(|byte| *byte == 0), "the keys that were replaced");
}

/// What 0.2.0 left beside `store.key`, and every later forget left there, too.
#[test]
fn what_killed_work_left_is_gone_before_a_forget_is_complete() {
    let saved = Saved::new();
    std::mem::forget(saved.restore());
    let left = saved.shop.path().join("restore.tmp");
    let seen = saved.elsewhere.path().join("seen");
    fs::hard_link(left.join("olvido.keys"), &seen).unwrap();
    let mut store = open(saved.shop.path());
    assert!(!left.exists());
    assert!(fs::read(&seen).unwrap().iter().all(|byte| *byte == 0));
    // Once it is named; then everything holds.
    let today = at("2026-11-23T21:00:00+01:00").date_naive();
    let verified = store.verify(today).unwrap();
    let found = Finding { kind: FindingKind::LeftOver, subject: "restore.tmp".into() };
    assert_eq!(verified.findings, [found]);
    assert!(store.verify(today).unwrap().holds());
    // Under an open store, as a copy put there by hand.
    fs::create_dir(&left).unwrap();
    fs::write(left.join("olvido.keys"), "keys").unwrap();
    assert_eq!(store.forget(&saved.kept).unwrap(), Some(Forgetting::Complete));
    assert!(!left.exists());
    let folder = saved.shop.path().join("backup.tmp");
    fs::write(&folder, "rows").unwrap();
    assert_eq!(store.verify(today).unwrap().findings.len(), 2);
    fs::write(saved.shop.path().join("notes.txt"), "the shop's").unwrap();
    assert_eq!(store.verify(today).unwrap().strangers, ["notes.txt"]);
}
