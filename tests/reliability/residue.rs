//! What a forgotten purchase leaves in the files of the shop: nothing that says what it was.
//!
//! Every product name, phone, e-mail, card and open basket is a canary. Beside the till a second
//! connection copies each sealed value as it was on disk. After each forget no canary is in any
//! byte, no key that is left opens a copy of what was forgotten, and a forensic tool recovers
//! neither a canary nor a sealed value.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use chrono::NaiveDate;
use memchr::memmem;
use olvido::domain::customer::Identifier;
use olvido::seal::{DataKey, KeyFile, ReceiptCode, SlotId, StoreKey, aead};
use olvido::store::{Forgetting, Found, Order, Reason, Stage, Store};
use rusqlite::{Connection, OpenFlags};
use sqlite_core::{Database, Value};

use super::common::{Rng, all_files, answer, copy_files, create, fast_directory, open, sale, seeds};

const HISTORIES: u64 = 1000;
/// Histories without zeroing: enough to meet every kind of key.
const MUTATED: u64 = 40;

#[test]
fn nothing_of_a_forgotten_purchase_is_left() {
    let (mut forgets, mut recovered) = (0, 0);
    for seed in seeds(HISTORIES) {
        let history = History::run(seed, true);
        assert!(history.found.is_empty(), "seed {seed}: {:#?}\nrerun with OLVIDO_SEED={seed}", history.found);
        forgets += history.checks;
        recovered += history.carved_alive;
    }
    assert!(forgets > 0);
    println!("{forgets} forgets checked, {recovered} sealed values of living rows carved");
}

/// The test has teeth: without zeroing the same histories leave keys of every kind.
#[test]
fn without_zeroing_the_same_test_fails() {
    let mut kinds = BTreeSet::new();
    for seed in 0..MUTATED {
        let history = History::run(seed, false);
        kinds.extend(history.found.iter().filter_map(|trace| match trace {
            Trace::Opens(kind) => Some(*kind),
            _ => None,
        }));
    }
    let all = [Kind::Draft, Kind::Guarantee, Kind::Profile, Kind::Remembered, Kind::Tally];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), all);
}

/// What a sealed value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Draft,
    Guarantee,
    Profile,
    Remembered,
    Tally,
}

/// Something left of what was forgotten.
#[derive(Debug)]
#[allow(dead_code)] // read when a failure is printed
enum Trace {
    /// A canary in the bytes of a file.
    Canary { file: String, text: String },
    /// A key that is left opens an old copy.
    Opens(Kind),
    /// The sealed bytes of a forgotten row are still there: unreadable, but bytes.
    Sealed { file: String, kind: Kind },
    /// The forensic tool carved a record with a canary or with forgotten sealed bytes.
    Carved(String),
    /// The store says something else than it should.
    Says(String),
}

/// A sealed value as it once was on disk.
struct Copy {
    kind: Kind,
    owner: [u8; 16],
    sealed: Vec<u8>,
}

/// A purchase that is kept, with what its customer holds.
struct Kept {
    code: ReceiptCode,
    customer: Option<usize>,
}

struct History {
    random: Rng,
    zeroing: bool,
    directory: tempfile::TempDir,
    /// Only between two statements of a crash is there none.
    store: Option<Store>,
    customers: Vec<Identifier>,
    kept: Vec<Kept>,
    forgotten: Vec<ReceiptCode>,
    copies: BTreeMap<Vec<u8>, Copy>,
    codes: Vec<ReceiptCode>,
    names: u32,
    checks: usize,
    carved_alive: usize,
    found: Vec<Trace>,
}

impl History {
    fn run(seed: u64, zeroing: bool) -> History {
        let directory = fast_directory();
        let mut store = create(directory.path());
        if !zeroing {
            store.disable_zeroing_for_mutation_test();
        }
        let mut random = Rng::new(seed);
        let customers = vec![
            Identifier::phone(&format!("69955{:04}", random.below(10_000)), "34").unwrap(),
            Identifier::email(&format!("canary{:08}@example.org", random.below(100_000_000))).unwrap(),
            Identifier::card(&format!("CANARY{:08}", random.below(100_000_000))).unwrap(),
        ];
        let mut history = History {
            random,
            zeroing,
            directory,
            store: Some(store),
            customers,
            kept: Vec::new(),
            forgotten: Vec::new(),
            copies: BTreeMap::new(),
            codes: Vec::new(),
            names: 0,
            checks: 0,
            carved_alive: 0,
            found: Vec::new(),
        };
        // Now and then a long one, so that the tables span many pages and shrink again.
        let steps = if seed % 100 == 99 { 80 } else { 8 + history.random.below(9) };
        for _ in 0..steps {
            history.step();
            history.copy_sealed();
        }
        history.finish();
        history
    }

    fn step(&mut self) {
        match self.random.below(20) {
            0 => self.sell_many(),
            1..8 => self.sell(),
            8..12 => self.forget_one(),
            12 => self.forget_customer(),
            13 => self.expire(),
            14 => self.crash(),
            15 => self.close(),
            16 => drop(self.store().tend().unwrap()),
            17 => {
                self.store().close_day().unwrap();
                self.check_copies(&all_files(self.directory.path()));
            }
            18 => self.draft(),
            _ => {
                self.draft();
                self.copy_sealed();
                self.store().drop_draft().unwrap();
            }
        }
    }

    fn store(&mut self) -> &mut Store {
        self.store.as_mut().expect("open between two steps")
    }

    fn names(&mut self) -> Vec<String> {
        let count = 1 + self.random.below(4);
        (0..count)
            .map(|_| {
                self.names += 1;
                format!("CANARY product {} {:016x}", self.names, self.random.next())
            })
            .collect()
    }

    fn draft(&mut self) {
        let text = self.names().join("; ");
        self.store().save_draft(text.as_bytes()).unwrap();
    }

    fn sell(&mut self) {
        if self.random.percent(30) {
            self.draft();
            self.copy_sealed();
        }
        let names = self.names();
        let customer = self.random.below(self.customers.len());
        let purposes = [&["history"][..], &["offers"], &["history", "offers"]][self.random.below(3)];
        let (choice, customer) = match self.random.below(10) {
            0 => (None, None),
            1 => (Some("forget"), None),
            2..5 => (Some("guarantee"), None),
            _ => (Some("remember"), Some(customer)),
        };
        let purposes = if customer.is_some() { purposes } else { &[] };
        let answer = answer(choice, customer.map(|index| &self.customers[index]), purposes);
        let sale = sale(answer, &names);
        let sold = self.store().sell(&sale).unwrap();
        self.codes.push(sold.code.clone());
        if matches!(choice, Some("guarantee" | "remember")) {
            self.kept.push(Kept { code: sold.code, customer });
        }
        if self.random.percent(70) {
            self.copy_sealed();
            self.store().tend().unwrap();
        }
    }

    /// Enough sales at once for the counters to be spilled, as on a busy morning.
    fn sell_many(&mut self) {
        let sale = sale(answer(None, None, &[]), &self.names());
        let orders = [Order { sale: &sale, request: None }; 40];
        self.store().commit(&orders).unwrap();
        self.store().drop_draft().unwrap();
        self.copy_sealed();
        self.store().tend().unwrap();
    }

    fn forget_one(&mut self) {
        if self.kept.is_empty() {
            return;
        }
        let index = self.random.below(self.kept.len());
        let kept = self.kept.swap_remove(index);
        match self.random.below(4) {
            0 => self.forget_in_steps(&kept.code),
            1 => {
                let reader = self.connect();
                reader.execute_batch("BEGIN; SELECT count(*) FROM ticket;").unwrap();
                let outcome = self.store().forget(&kept.code).unwrap();
                if outcome != Some(Forgetting::Pending(Reason::Reader)) {
                    self.found.push(Trace::Says(format!("{outcome:?} beside a reader")));
                }
                self.expect_forgotten(&kept.code, true);
                drop(reader);
                assert_eq!(self.store().finish_forgetting().unwrap(), Forgetting::Complete);
            }
            _ => assert_eq!(self.store().forget(&kept.code).unwrap(), Some(Forgetting::Complete)),
        }
        self.forgotten.push(kept.code);
        self.check();
    }

    /// A forget that dies after any of its steps, and is finished by the next start.
    fn forget_in_steps(&mut self, code: &ReceiptCode) {
        let owner = code.purchase_id();
        let index = self
            .connect()
            .query_row("SELECT slot FROM purchase WHERE id = ?1", [owner], |row| row.get(0))
            .unwrap();
        let steps = 1 + self.random.below(4);
        let store = self.store();
        store.entomb(&[SlotId { index, owner }]).unwrap();
        if steps > 1 {
            store.advance(Stage::KeyDestroyed).unwrap();
        }
        if steps > 2 {
            store.advance(Stage::Dropped).unwrap();
        }
        if steps > 3 {
            store.advance(Stage::LogTruncated).unwrap();
        }
        self.copy_sealed();
        self.crash();
        if self.random.percent(50) {
            assert_eq!(self.store().finish_forgetting().unwrap(), Forgetting::Complete);
        } else {
            assert!(!self.store().tend().unwrap());
        }
    }

    fn forget_customer(&mut self) {
        let index = self.random.below(self.customers.len());
        let customer = self.customers[index].clone();
        let known = self.kept.iter().any(|kept| kept.customer == Some(index));
        let outcome = self.store().forget_customer(&customer).unwrap();
        if outcome != known.then_some(Forgetting::Complete) {
            self.found.push(Trace::Says(format!("customer known: {known}, forgotten: {outcome:?}")));
        }
        if known {
            self.forget_where(|kept| kept.customer == Some(index));
            self.check();
        }
    }

    /// Three years on, every guarantee is over; what is remembered has its own term.
    fn expire(&mut self) {
        let day = NaiveDate::from_ymd_opt(2029, 11, 24).unwrap();
        let guarantees = self.kept.iter().filter(|kept| kept.customer.is_none()).count();
        let expired = self.store().expire(day).unwrap();
        if expired.purchases < guarantees || expired.forgetting != Forgetting::Complete {
            self.found.push(Trace::Says(format!("of {guarantees} guarantees {expired:?}")));
        }
        let left = self.rows("SELECT id, id FROM purchase");
        self.forget_where(|kept| !left.iter().any(|(id, _)| id[..] == kept.code.purchase_id()));
        self.check();
    }

    fn forget_where(&mut self, is_forgotten: impl Fn(&Kept) -> bool) {
        let (gone, kept) = std::mem::take(&mut self.kept).into_iter().partition(is_forgotten);
        self.kept = kept;
        self.forgotten.extend(Vec::into_iter(gone).map(|kept| kept.code));
    }

    /// What kill -9 leaves: the files as they are, and no closing. The old process goes on only to
    /// free its memory, in a directory that nobody looks at any more.
    fn crash(&mut self) {
        let next = fast_directory();
        copy_files(self.directory.path(), next.path());
        self.store = None;
        self.directory = next;
        self.start();
    }

    fn close(&mut self) {
        self.store = None;
        self.start();
    }

    fn start(&mut self) {
        let mut store = open(self.directory.path());
        if !self.zeroing {
            store.disable_zeroing_for_mutation_test();
        }
        self.store = Some(store);
    }

    fn finish(&mut self) {
        if let Some(kept) = self.kept.pop() {
            assert_eq!(self.store().forget(&kept.code).unwrap(), Some(Forgetting::Complete));
            self.forgotten.push(kept.code);
        }
        assert!(!self.store().tend().unwrap(), "nothing is pending");
        self.check();
        self.check_all_copies();
        for kept in std::mem::take(&mut self.kept) {
            if !matches!(self.store().find(&kept.code).unwrap(), Found::Kept(_)) {
                self.found.push(Trace::Says("a kept purchase is gone".into()));
            }
        }
        self.store().close_day().unwrap();
        self.check_copies(&all_files(self.directory.path()));
    }

    fn expect_forgotten(&mut self, code: &ReceiptCode, expected: bool) {
        match self.store().find(code).unwrap() {
            Found::Forgotten { pending } if pending == expected => {}
            other => self.found.push(Trace::Says(format!("{other:?}, pending expected: {expected}"))),
        }
    }

    /// A connection of its own, as a thief of the file has.
    fn connect(&self) -> Connection {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(self.directory.path().join("olvido.db"), flags).unwrap()
    }

    fn rows(&self, sql: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
        let connection = self.connect();
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// Copies every sealed value that is now on disk.
    fn copy_sealed(&mut self) {
        for (kind, sql) in [
            (Kind::Guarantee, "SELECT id, sealed FROM purchase WHERE memory = 1"),
            (Kind::Remembered, "SELECT id, sealed FROM purchase WHERE memory = 2"),
            (Kind::Profile, "SELECT owner, sealed FROM profile"),
            (Kind::Draft, "SELECT owner, sealed FROM draft WHERE sealed IS NOT NULL"),
            (Kind::Tally, "SELECT owner, sealed FROM tally"),
        ] {
            for (owner, sealed) in self.rows(sql) {
                let copy = Copy { kind, owner: owner.try_into().unwrap(), sealed };
                self.copies.entry(copy.sealed.clone()).or_insert(copy);
            }
        }
    }

    /// After a forget said *complete*.
    fn check(&mut self) {
        self.checks += 1;
        for code in self.forgotten.clone() {
            self.expect_forgotten(&code, false);
        }
        let files = all_files(self.directory.path());
        self.check_canaries(&files);
        self.check_keys(|history, copy| history.forgotten.iter().any(|c| c.purchase_id() == copy.owner));
        self.carve(&files);
        self.check_copies(&files);
    }

    fn check_canaries(&mut self, files: &[(String, Vec<u8>)]) {
        // Not even of what is kept, nor of an open basket: all of it is sealed.
        let mut needles: Vec<String> = vec!["CANARY".into(), "canary".into()];
        needles
            .extend(self.customers.iter().map(|customer| customer.text().trim_start_matches("+34").into()));
        for (file, bytes) in files {
            for text in &needles {
                if memmem::find(bytes, text.as_bytes()).is_some() {
                    self.found.push(Trace::Canary { file: file.clone(), text: text.clone() });
                }
            }
        }
    }

    /// Nothing that has no row any more can be opened. Only once nothing is pending.
    fn check_all_copies(&mut self) {
        let mut alive = BTreeSet::new();
        for sql in [
            "SELECT id, id FROM purchase",
            "SELECT owner, owner FROM profile",
            "SELECT owner, owner FROM draft WHERE sealed IS NOT NULL",
            "SELECT owner, owner FROM tally",
        ] {
            alive.extend(self.rows(sql).into_iter().map(|(owner, _)| owner));
        }
        self.check_keys(|_, copy| !alive.contains(&copy.owner[..]));
    }

    /// Tries every key that is left, alone and together with every receipt, on the copies that
    /// `is_dead` names.
    fn check_keys(&mut self, is_dead: impl Fn(&History, &Copy) -> bool) {
        let dead: Vec<&Copy> = self.copies.values().filter(|copy| is_dead(self, copy)).collect();
        let found: BTreeSet<Kind> = {
            let keys = self.live_keys();
            dead.iter().filter(|copy| opens(copy, &keys, &self.codes)).map(|copy| copy.kind).collect()
        };
        self.found.extend(found.into_iter().map(Trace::Opens));
    }

    fn live_keys(&self) -> Vec<DataKey> {
        let store_key = StoreKey::load(&self.directory.path().join("store.key")).unwrap();
        let keys = KeyFile::open(&self.directory.path().join("olvido.keys"), &store_key).unwrap();
        let survey = keys.live().unwrap();
        assert!(survey.damaged.is_empty());
        survey.live.into_iter().map(|slot| keys.key(slot).unwrap().unwrap()).collect()
    }

    /// Once the log is truncated, no sealed bytes are left elsewhere but those of rows; in the database, once it is
    /// compacted: a page that was split keeps what moved to another.
    fn check_copies(&mut self, files: &[(String, Vec<u8>)]) {
        // What was written after a forget may still be in the log, and its older version here.
        if files.iter().any(|(file, bytes)| file == "olvido.db-wal" && !bytes.is_empty()) {
            return;
        }
        let alive: BTreeSet<Vec<u8>> = [
            "SELECT id, sealed FROM purchase",
            "SELECT owner, sealed FROM profile",
            "SELECT owner, sealed FROM draft WHERE sealed IS NOT NULL",
            "SELECT owner, sealed FROM tally",
        ]
        .iter()
        .flat_map(|sql| self.rows(sql))
        .map(|(_, sealed)| sealed)
        .collect();
        let is_compact = self.store.as_ref().is_none_or(|store| store.is_compact().unwrap());
        let is_looked_at = |file: &str| file != "ballast" && (is_compact || file != "olvido.db");
        for copy in self.copies.values().filter(|copy| !alive.contains(&copy.sealed)) {
            for (file, bytes) in files.iter().filter(|(file, _)| is_looked_at(file)) {
                if memmem::find(bytes, nonce(&copy.sealed)).is_some() {
                    self.found.push(Trace::Sealed { file: file.clone(), kind: copy.kind });
                }
            }
        }
    }

    fn carve(&mut self, files: &[(String, Vec<u8>)]) {
        let named = |name: &str| files.iter().find(|file| file.0 == name).map(|file| &file.1[..]);
        let bytes = named("olvido.db").unwrap().to_vec();
        let database = match named("olvido.db-wal") {
            Some(log) if !log.is_empty() => Database::open_with_wal(bytes, log).unwrap(),
            _ => Database::open(bytes).unwrap(),
        };
        let tiers = sqlite_forensic::carve_with_fragments(&database);
        let full = tiers.full.iter().flat_map(|record| &record.values);
        let fragments = tiers.fragments.iter().flat_map(|f| f.surviving.iter().map(|(_, value)| value));
        let forgotten: BTreeSet<[u8; 16]> = self.forgotten.iter().map(ReceiptCode::purchase_id).collect();
        for value in full.chain(fragments) {
            let bytes = match value {
                Value::Text(text) => text.as_bytes(),
                Value::Blob(bytes) => &bytes[..],
                _ => continue,
            };
            if memmem::find(bytes, b"CANARY").is_some() || memmem::find(bytes, b"canary").is_some() {
                self.found.push(Trace::Carved(String::from_utf8_lossy(bytes).into_owned()));
            }
            if let Some(copy) = self.copies.get(bytes) {
                if forgotten.contains(&copy.owner) {
                    self.found.push(Trace::Carved(format!("{:?}", copy.kind)));
                } else {
                    self.carved_alive += 1;
                }
            }
        }
    }
}

/// Whether any key opens it, by itself or with the code of any receipt.
fn opens(copy: &Copy, keys: &[DataKey], codes: &[ReceiptCode]) -> bool {
    let Copy { kind, owner, sealed } = copy;
    if *kind == Kind::Guarantee {
        // The code is the other half, and only its own purchase's id is bound to the sealed bytes.
        let code = codes.iter().find(|code| code.purchase_id() == *owner).unwrap();
        return keys.iter().any(|key| aead::open(&code.guarantee_key(key), owner, sealed).is_ok());
    }
    keys.iter().any(|key| aead::open(key, owner, sealed).is_ok())
}

/// Random, and in each sealed value another.
fn nonce(sealed: &[u8]) -> &[u8] {
    &sealed[1..25]
}

/// The harness finds what it looks for: canaries written where they must not be.
#[test]
fn a_canary_in_any_file_is_found() {
    for name in ["olvido.db-wal", "ballast", "olvido.keys"] {
        let mut history = History::run(3, true);
        assert!(history.found.is_empty());
        let path: &Path = &history.directory.path().join(name);
        let mut bytes = fs::read(path).unwrap_or_default();
        bytes.extend_from_slice(b"..CANARY..");
        fs::write(path, bytes).unwrap();
        history.check_canaries(&all_files(history.directory.path()));
        assert!(matches!(&history.found[..], [Trace::Canary { file, .. }] if file == name));
    }
}
