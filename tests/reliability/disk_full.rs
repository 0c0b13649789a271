//! No room left: a sale is refused before it is sold, nothing is half written, a forget still
//! works, and with room all is well again. On a real file system of a few megabytes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use olvido::domain::customer::Identifier;
use olvido::seal::{KeyFile, ReceiptCode, StoreKey};
use olvido::store::{Forgetting, Found, Reason, Store, StoreError};

use super::child::today;
use super::common::{answer, at, check_chain, create, fast_directory, open, sale_at, seeds};

/// Where the small disk is mounted, for the test inside.
const DISK: &str = "OLVIDO_SMALL_DISK";

/// Bytes left when the disk is called full: from none at all to room for some sales.
const ROOM_LEFT: &[u64] =
    &[0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 128, 192, 256];

#[test]
fn a_full_disk_refuses_sales_and_still_forgets() {
    let disk = fast_directory();
    let mounted = r#"mount -t tmpfs -o size=4m,mode=0700 tmpfs "$0" && exec "$@""#;
    let mut complaints = String::new();
    // A user's own name space where that is allowed; else as root.
    for space in ["-rm", "-m"] {
        let output = Command::new("unshare")
            .args([space, "sh", "-c", mounted])
            .arg(disk.path())
            .arg(std::env::current_exe().unwrap())
            .args(["disk_full::on_a_small_disk", "--exact", "--nocapture", "--test-threads=1"])
            .env(DISK, disk.path())
            .output()
            .expect("unshare (util-linux) is installed");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            print!("{said}");
            return;
        }
        assert!(!said.contains("running 1 test"), "{said}\n{complaint}");
        complaints += &complaint;
    }
    panic!("a small disk cannot be mounted here: needs root or unprivileged user name spaces\n{complaints}");
}

#[test]
fn on_a_small_disk() {
    let Some(disk) = std::env::var_os(DISK).map(PathBuf::from) else { return };
    let mut outcomes = Vec::new();
    for step in seeds(ROOM_LEFT.len() as u64) {
        let room = ROOM_LEFT[usize::try_from(step).unwrap()] * 4096;
        let data = disk.join(step.to_string());
        fs::create_dir(&data).unwrap();
        outcomes.push(Shop::new(&disk, &data, room).live_through_it());
        fs::remove_dir_all(&data).unwrap();
    }
    println!("forgets with {ROOM_LEFT:?} pages left: {outcomes:?}");
    assert!(outcomes.contains(&Forgetting::Complete));
    keys_cannot_grow(&disk);
    a_basket_is_sealed_anew(&disk);
    the_program_says_it(&disk);
    the_program_ends_with_1_while_a_forget_waits_for_room(&disk);
}

struct Shop<'a> {
    disk: &'a Path,
    data: &'a Path,
    store: Store,
    room: u64,
    sold: u64,
    kept: Vec<ReceiptCode>,
    past: ReceiptCode,
}

impl Shop<'_> {
    fn new<'a>(disk: &'a Path, data: &'a Path, room: u64) -> Shop<'a> {
        let mut store = create(data);
        let past = sell(&mut store, "past", 0).unwrap();
        let kept = (0..12).map(|index| sell(&mut store, "kept", index).unwrap()).collect();
        store.tend().unwrap();
        Shop { disk, data, store, room, sold: 13, kept, past }
    }

    fn live_through_it(mut self) -> Forgetting {
        fill(self.disk, self.room);
        self.sell_until_refused();
        self.nothing_is_half_written();
        let mut pending = false;
        if self.room.is_multiple_of(8192) {
            self.expire();
        }
        for _ in 0..3 {
            let code = self.kept.remove(0);
            match self.store.forget(&code).unwrap().unwrap() {
                Forgetting::Complete => {}
                Forgetting::Pending(Reason::DiskFull) => pending = true,
                other => panic!("room {}: {other:?}", self.room),
            }
            self.has_no_key(&code);
            match self.store.find(&code).unwrap() {
                Found::Forgotten { pending: said } => assert_eq!(said, pending, "room {}", self.room),
                other => panic!("room {}: {other:?}", self.room),
            }
        }
        self.expire();
        self.a_sale_leaves_room_to_forget();
        self.nothing_is_half_written();
        empty(self.disk);
        self.all_is_well_again();
        if pending { Forgetting::Pending(Reason::DiskFull) } else { Forgetting::Complete }
    }

    /// Sells as the till does, and notes what was acknowledged.
    fn sell_until_refused(&mut self) {
        for index in 100.. {
            match sell(&mut self.store, "kept", index) {
                Ok(code) => {
                    self.kept.push(code);
                    self.sold += 1;
                }
                Err(error) => {
                    assert!(error.is_disk_full(), "room {}: {error:?}", self.room);
                    break;
                }
            }
            match self.store.tend() {
                Err(error) if !error.is_disk_full() => panic!("room {}: {error:?}", self.room),
                _ => {}
            }
        }
        // Nor does an open basket find room, or it is there whole.
        match self.store.save_draft(&[b'x'; 2000]) {
            Ok(()) => self.store.drop_draft().unwrap_or_else(|e| assert!(e.is_disk_full(), "{e:?}")),
            Err(error) => assert!(error.is_disk_full(), "room {}: {error:?}", self.room),
        }
    }

    fn expire(&mut self) {
        let expired = self.store.expire(today());
        expired.unwrap_or_else(|error| panic!("room {}: {error:?}", self.room));
        self.has_no_key(&self.past);
    }

    /// What a forget has given free is not for sales: they would take what the next forget needs.
    fn a_sale_leaves_room_to_forget(&mut self) {
        match sell(&mut self.store, "kept", 150) {
            Ok(code) => {
                assert_eq!(fs::metadata(self.data.join("ballast")).unwrap().len(), 1 << 20);
                self.kept.push(code);
                self.sold += 1;
            }
            Err(error) => assert!(error.is_disk_full(), "room {}: {error:?}", self.room),
        }
    }

    fn nothing_is_half_written(&self) {
        assert_eq!(check_chain(&self.store), self.sold, "room {}", self.room);
        for code in &self.kept {
            let found = self.store.find(code).unwrap();
            assert!(matches!(found, Found::Kept(_)), "room {}: {found:?}", self.room);
        }
        assert!(self.keys().live().unwrap().damaged.is_empty(), "room {}", self.room);
    }

    fn keys(&self) -> KeyFile {
        let store_key = StoreKey::load(&self.data.join("store.key")).unwrap();
        KeyFile::open(&self.data.join("olvido.keys"), &store_key).unwrap()
    }

    fn has_no_key(&self, code: &ReceiptCode) {
        let live = self.keys().live().unwrap().live;
        assert!(!live.iter().any(|slot| slot.owner == code.purchase_id()), "room {}", self.room);
    }

    /// The same process goes on, and so does the next.
    fn all_is_well_again(self) {
        let Shop { data, mut store, mut sold, kept, room, .. } = self;
        assert!(!store.tend().unwrap(), "room {room}: nothing is pending");
        for next in 0..2 {
            assert_eq!(fs::metadata(data.join("ballast")).unwrap().len(), 1 << 20, "room {room}");
            let code = sell(&mut store, "kept", 200 + next).unwrap();
            sold += 1;
            assert_eq!(store.forget(&code).unwrap(), Some(Forgetting::Complete));
            assert!(kept.iter().all(|code| matches!(store.find(code).unwrap(), Found::Kept(_))));
            assert_eq!(check_chain(&store), sold);
            let verified = store.verify(today()).unwrap();
            assert!(verified.holds(), "room {room}: {verified:?}");
            drop(store);
            store = open(data);
        }
    }
}

/// A till that has just been started has no keys in stock, and the keys file cannot grow.
fn keys_cannot_grow(disk: &Path) {
    let data = disk.join("keys");
    fs::create_dir(&data).unwrap();
    let mut store = create(&data);
    let code = sell(&mut store, "kept", 0).unwrap();
    drop(store);
    fill(disk, 0);
    let mut store = open(&data);
    let before = fs::read(data.join("olvido.keys")).unwrap();
    assert!(sell(&mut store, "kept", 1).unwrap_err().is_disk_full());
    assert_eq!(fs::read(data.join("olvido.keys")).unwrap(), before);
    assert!(store.forget(&code).unwrap().is_some());
    empty(disk);
    sell(&mut store, "kept", 1).unwrap();
    assert!(!store.tend().unwrap());
    assert!(store.verify(today()).unwrap().holds());
}

/// Whoever is forgotten leaves the open basket, too: under a running till, and once it has been closed.
fn a_basket_is_sealed_anew(disk: &Path) {
    for restarted in [false, true] {
        let data = disk.join(format!("basket-{restarted}"));
        fs::create_dir(&data).unwrap();
        let mut store = create(&data);
        store.save_draft(b"bread for 600123456").unwrap();
        store.tend().unwrap();
        if restarted {
            drop(store);
            store = open(&data);
        }
        fill(disk, 0);
        store.reseal_draft(b"bread").unwrap_or_else(|error| panic!("{restarted}: {error:?}"));
        assert_eq!(store.draft().unwrap().as_deref(), Some(b"bread".as_slice()));
        store.finish_forgetting().unwrap();
        empty(disk);
        assert!(!store.tend().unwrap());
        assert!(store.verify(today()).unwrap().holds());
        drop(store);
        fs::remove_dir_all(&data).unwrap();
    }
}

/// The program answers a sale that found no room with a sentence, and sells it later.
fn the_program_says_it(disk: &Path) {
    let data = disk.join("program");
    let olvido = |arguments: &[&str], input: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_olvido"));
        command.arg("--data").arg(&data).args(["--lang", "en"]).args(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        String::from_utf8(output.stdout).unwrap()
    };
    olvido(&["init", "--demo"], "");
    let line =
        r#"{"id":"1","lines":[{"department":"Bakery","tax":"4","unit_price":"1"}],"choice":"guarantee"}"#;
    assert!(olvido(&["ring"], line).contains(r#""ticket":"A-000001""#));
    fill(disk, 0);
    let line = line.replace(r#""1","lines"#, r#""2","lines"#);
    let refused = olvido(&["ring"], &line);
    assert!(refused.contains(r#""kind":"disk_full""#), "{refused}");
    empty(disk);
    assert!(olvido(&["ring"], &line).contains(r#""ticket":"A-000002""#));
}

/// Somebody has to make room before what was forgotten is out of the log, so the command does not end with 0.
fn the_program_ends_with_1_while_a_forget_waits_for_room(disk: &Path) {
    // The small disk has no room for all of these shops.
    for earlier in ["keys", "program"] {
        fs::remove_dir_all(disk.join(earlier)).unwrap();
    }
    let data = disk.join("pending");
    let olvido = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_olvido"));
        command.arg("--data").arg(&data).args(["--lang", "en"]).args(arguments).output().unwrap()
    };
    assert!(olvido(&["init", "--demo"]).status.success());
    let line = r#"{"lines":[{"department":"Bakery","tax":"4","unit_price":"1"}],"choice":"guarantee"}"#;
    let sales = disk.join("sales.jsonl");
    fs::write(&sales, format!("{line}\n").repeat(15)).unwrap();
    let rung = String::from_utf8(olvido(&["ring", sales.to_str().unwrap()]).stdout).unwrap();
    let codes = rung.lines().map(|sold| sold.split(r#""code":""#).nth(1).unwrap().trim_end_matches("\"}"));
    let mut waited = 0;
    for (pages, code) in (0..).step_by(2).zip(codes) {
        // What a full till has to forget with is used up.
        fs::remove_file(data.join("ballast")).unwrap();
        fill(disk, pages * 4096);
        let output = olvido(&["purchase", "forget", code]);
        empty(disk);
        let said = String::from_utf8(output.stdout).unwrap();
        if said.contains("when there is room on the disk") {
            waited += 1;
            assert_eq!(output.status.code(), Some(1), "{pages} pages left: {said}");
        }
        assert!(olvido(&["verify"]).status.success(), "{pages} pages left");
    }
    assert!(waited > 0, "with some room a forget begins and does not end");
}

/// `past`: its guarantee is over. The others by turns for the guarantee and for one of three
/// customers.
fn sell(store: &mut Store, what: &str, index: usize) -> Result<ReceiptCode, StoreError> {
    let names: Vec<String> = (0..5).map(|line| format!("product {index} {line}")).collect();
    let customer = Identifier::phone(&format!("60012345{}", index % 3), "34").unwrap();
    let (at, answer) = match (what, index % 2) {
        ("past", _) => (at("2023-11-20T10:00:00+01:00"), answer(Some("guarantee"), None, &[])),
        (_, 0) => (at("2026-11-23T10:00:00+01:00"), answer(Some("guarantee"), None, &[])),
        _ => (at("2026-11-23T10:00:00+01:00"), answer(Some("remember"), Some(&customer), &["history"])),
    };
    Ok(store.sell(&sale_at(at, answer, &names))?.code)
}

/// Takes all room but `left` bytes.
fn fill(disk: &Path, left: u64) {
    let path = disk.join("filler");
    let mut file = File::create(&path).unwrap();
    let page = [0x5a; 4096];
    let error = loop {
        if let Err(error) = file.write_all(&page) {
            break error;
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    let length = fs::metadata(&path).unwrap().len();
    file.set_len(length.saturating_sub(left)).unwrap();
}

fn empty(disk: &Path) {
    fs::remove_file(disk.join("filler")).unwrap();
}
