//! kill -9 inside `olvido backup` and `olvido restore`, then somebody says forget: no file that is left, in the
//! directory or where the backup goes, opens purchase or profile, not even with `store.key`.
//!
//! Killed in the middle, each of them leaves keys: the test waits until it has seen a file of the work, and kills a
//! random moment later.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use memchr::memmem;
use olvido::seal::{KeyFile, KeyWrapper, SlotId, StoreKey};

use super::common::{Rng, all_files, fast_directory, seeds};

const KILLS_OF_A_KIND: u64 = 10;

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Backup,
    Restore,
    /// A restore that is refused at its end: there were sales after the backup.
    Refused,
}

/// A shop with one remembered purchase, and a backup of it.
struct Shop {
    directory: tempfile::TempDir,
    /// Where backups go.
    outside: tempfile::TempDir,
}

impl Shop {
    fn new() -> Shop {
        let (directory, outside) = (fast_directory(), fast_directory());
        let shop = Shop { directory, outside };
        shop.does(&["init", "--demo"]);
        shop.rings(r#"{"id":"1","choice":"remember","customer":{"phone":"600123456"},"purposes":["history"],"lines":[{"code":"0400001200018"}]}"#);
        shop.does(&["backup", &shop.backup()]);
        shop
    }

    /// The same shop in directories of its own.
    fn again(&self) -> Shop {
        let (directory, outside) = (fast_directory(), fast_directory());
        for (from, to) in [(&self.directory, &directory), (&self.outside, &outside)] {
            let status = Command::new("cp").arg("-a").arg(from.path().join(".")).arg(to.path()).status();
            assert!(status.unwrap().success());
        }
        Shop { directory, outside }
    }

    fn backup(&self) -> String {
        self.outside.path().join("shop.tar").display().to_string()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_olvido"));
        command.arg("--data").arg(self.directory.path()).args(["--lang", "en"]).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn runs(&self, args: &[&str]) -> (bool, String) {
        let Output { status, stdout, stderr } = self.command(args).output().unwrap();
        (status.success(), String::from_utf8([stdout, stderr].concat()).unwrap())
    }

    #[track_caller]
    fn does(&self, args: &[&str]) -> String {
        let (well, said) = self.runs(args);
        assert!(well, "{args:?}: {said}");
        said
    }

    fn rings(&self, line: &str) {
        let file = self.outside.path().join("lines");
        fs::write(&file, line).unwrap();
        let said = self.does(&["ring", &file.display().to_string()]);
        assert!(said.contains("\"ticket\""), "{said}");
        fs::remove_file(file).unwrap();
    }

    /// All keys of the backup: purchase, profile, and whatever else it holds.
    fn keys(&self) -> Vec<SlotId> {
        let folder = fast_directory();
        tar::Archive::new(fs::File::open(self.backup()).unwrap()).unpack(folder.path()).unwrap();
        let keys = KeyFile::open(&folder.path().join("olvido.keys"), &self.store_key()).unwrap();
        keys.live().unwrap().live
    }

    fn store_key(&self) -> StoreKey {
        StoreKey::load(&self.directory.path().join("store.key")).unwrap()
    }
}

/// Kills a process a random while after one of these has been seen, if it still lives. Returns whether it did.
fn kill_after(mut child: Child, seen: &[PathBuf], random: &mut Rng) -> bool {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !seen.iter().any(|path| path.exists()) {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(Instant::now() < deadline, "{seen:?} never came");
    }
    thread::sleep(Duration::from_micros(random.next() % 6000));
    let lived = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    lived
}

/// Places in a file where a key lies that the store key unwraps.
fn opens(bytes: &[u8], slot: SlotId, wrapper: &KeyWrapper) -> bool {
    memmem::find_iter(bytes, &slot.owner).any(|place| {
        (place.saturating_sub(KeyWrapper::LENGTH)..=place)
            .filter_map(|start| bytes.get(start..start + KeyWrapper::LENGTH))
            .any(|window| wrapper.open(slot, window).is_ok())
    })
}

#[test]
fn nothing_that_killed_work_leaves_outlives_a_forget() {
    let template = Shop::new();
    let sold_since = template.again();
    sold_since.rings(r#"{"id":"2","lines":[{"code":"0400001010013"}]}"#);
    let wrapper = KeyWrapper::new(&template.store_key());
    let keys = template.keys();
    for work in [Work::Backup, Work::Restore, Work::Refused] {
        let (mut killed, mut left) = (0, 0);
        // On a busy machine the work is done before the kill: further ones, until one was in time.
        for (run, seed) in (0..).zip(seeds(10 * KILLS_OF_A_KIND)) {
            if run >= KILLS_OF_A_KIND && left > 0 {
                break;
            }
            let mut random = Rng::new(seed);
            let shop = if work == Work::Refused { sold_since.again() } else { template.again() };
            let inside = |name: &str| shop.directory.path().join(name);
            let (args, seen) = match work {
                Work::Backup => {
                    fs::remove_file(shop.backup()).unwrap();
                    let partial = PathBuf::from(format!("{}.partial", shop.backup()));
                    (["backup", &shop.backup()].map(str::to_owned), vec![inside("backup.tmp"), partial])
                }
                _ => {
                    (["restore", &shop.backup()].map(str::to_owned), vec![inside("restore.tmp/olvido.keys")])
                }
            };
            let child = shop.command(&args.each_ref().map(String::as_str)).spawn().unwrap();
            killed += u32::from(kill_after(child, &seen, &mut random));
            left += u32::from(seen.iter().any(|path| path.exists()));
            let context = format!("{work:?}, OLVIDO_SEED={seed}");
            if inside("restore.ready").exists() {
                // Behind its point of no return: said, and ended by the same command.
                let (well, said) = shop.runs(&["customer", "forget", "600123456"]);
                assert!(!well && said.contains("olvido restore FILE"), "{context}: {said}");
                shop.does(&["restore", &shop.backup()]);
            }
            let said = shop.does(&["customer", "forget", "600123456"]);
            assert!(said.contains("Forgotten"), "{context}: {said}");
            check(&shop, work, &keys, &wrapper, &context);
            let (well, said) = shop.runs(&["verify"]);
            assert!(well, "{context}: {said}");
        }
        println!("{work:?}: {killed} killed, {left} had left something");
        assert!(left > 0 || std::env::var_os("OLVIDO_SEED").is_some(), "{work:?}: nothing was ever left");
    }
}

/// Every file, but for a backup that is whole: that one is as any other of before the forget.
fn check(shop: &Shop, work: Work, keys: &[SlotId], wrapper: &KeyWrapper, context: &str) {
    let here = all_files(shop.directory.path());
    let still: Vec<SlotId> = KeyFile::open(&shop.directory.path().join("olvido.keys"), &shop.store_key())
        .unwrap()
        .live()
        .unwrap()
        .live;
    let forgotten: Vec<&SlotId> = keys.iter().filter(|slot| !still.contains(slot)).collect();
    assert!(forgotten.len() >= 2, "{context}: purchase and profile");
    let outside = all_files(shop.outside.path());
    let names: Vec<&str> = outside.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.iter().all(|name| *name == "shop.tar"), "{context}: {names:?}");
    assert!(work == Work::Backup || names == ["shop.tar"], "{context}");
    for (name, bytes) in &here {
        for slot in &forgotten {
            assert!(!opens(bytes, **slot, wrapper), "{context}: a key is left in {name}");
        }
    }
    for name in ["backup.tmp", "backup.to", "restore.tmp", "restore.ready"] {
        assert!(!shop.directory.path().join(name).exists(), "{context}: {name} is left");
    }
}

/// Kills a process at a random moment of the time that it takes. Returns whether it still lived.
fn kill_within(mut child: Child, took: Duration, random: &mut Rng) -> bool {
    thread::sleep(Duration::from_nanos(random.next() % (took.as_nanos() as u64 + 1)));
    let lived = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    lived
}

/// How long a command takes that is left alone.
fn time_of(shop: &Shop, args: &[&str]) -> Duration {
    let begun = Instant::now();
    shop.does(args);
    begun.elapsed()
}

/// Killed anywhere, an expiry is carried out by the next: of what is past its term no key is left.
#[test]
fn a_killed_expiry_is_carried_out_by_the_next() {
    let template = Shop::new();
    let phone = |number: u32| format!("6000000{number:02}");
    for number in 10..30 {
        let line = r#"{"id":"order ID","choice":"remember","customer":{"phone":"ID"},"purposes":["history"],"lines":[{"code":"0400001200018"}]}"#;
        template.rings(&line.replace("ID", &phone(number)));
    }
    fs::remove_file(template.backup()).unwrap();
    template.does(&["backup", &template.backup()]);
    let (keys, wrapper) = (template.keys(), KeyWrapper::new(&template.store_key()));
    let database = rusqlite::Connection::open(template.directory.path().join("olvido.db")).unwrap();
    database.execute_batch("UPDATE purchase SET until = 1; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(database);
    let took = time_of(&template.again(), &["expire"]);
    let (mut killed, mut halfway) = (0, 0);
    for seed in seeds(KILLS_OF_A_KIND) {
        let (shop, context) = (template.again(), format!("OLVIDO_SEED={seed}"));
        killed +=
            u32::from(kill_within(shop.command(&["expire"]).spawn().unwrap(), took, &mut Rng::new(seed)));
        let database = rusqlite::Connection::open(shop.directory.path().join("olvido.db")).unwrap();
        let count = |table: &str| -> u32 {
            database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
        };
        halfway += u32::from(count("tombstone") == 0 || count("doomed") > 0);
        drop(database);
        shop.does(&["expire"]);
        check(&shop, Work::Backup, &keys, &wrapper, &context);
        let said = shop.does(&["verify", "--json"]);
        assert!(said.contains(r#""purchases":0,"profiles":0"#), "{context}: {said}");
    }
    println!("expire: {killed} killed, {halfway} of them halfway");
    assert!(halfway > 0 || std::env::var_os("OLVIDO_SEED").is_some(), "none was killed halfway");
}

/// The search finds what it looks for.
#[test]
fn a_key_that_is_left_is_found() {
    let shop = Shop::new();
    let wrapper = KeyWrapper::new(&shop.store_key());
    let backup = fs::read(shop.backup()).unwrap();
    let keys = shop.keys();
    assert!(keys.len() >= 2 && keys.iter().all(|slot| opens(&backup, *slot, &wrapper)));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    assert!(!opens(&fs::read(path).unwrap(), keys[0], &wrapper));
}
