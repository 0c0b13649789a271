//! Two tills that sell, remember and forget without a pause, and a hub that is killed again and again.
//!
//! In the end nothing is lost, nothing counts twice, every forget is complete on all copies. Then every
//! byte is read that the tills, the hub and its database have left: of what was forgotten there is no
//! word in the clear, and no key, wrapped or not, that opens any copy of it that ever was.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use olvido::domain::customer::Identifier;
use olvido::domain::money::Money;
use olvido::domain::policy::SHIPPED;
use olvido::domain::ticket::Issuer;
use olvido::seal::{DataKey, KeyFile, ReceiptCode, SlotId, StoreKey, aead};
use olvido::store::{Files, ForgetState, Found, Outbox, Store};
use olvido::sync::client::HubAddress;
use olvido::sync::exchange::{self, How, Parts, carry_out};
use olvido::sync::hub::HubFiles;
use olvido::sync::hub::db::{self, Database};
use olvido::sync::joining::join;
use olvido::sync::record::Series;
use olvido::sync::wire::{Base64, Hex, PurchaseBody1, TicketBody1};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{Rng, all_files, answer, fast_directory, issuer, policy, sale_at};
use crate::postgres::Cluster;
use crate::proxy::Proxy;
use crate::support::{Hub, exchange_once};

#[test]
fn killed_at_any_moment_the_hub_loses_nothing_and_keeps_nothing() {
    run(Engine::Sqlite);
}

#[test]
fn killed_at_any_moment_the_hub_loses_nothing_and_keeps_nothing_over_postgres() {
    run(Engine::Postgres(Box::new(Cluster::start())));
}

const STORE: &str = "SOL";
const DATABASE: &str = "chain";
const KILLS: usize = 30;
/// It goes on until a till has sent something again. On a slow machine that takes more than [`KILLS`].
const KILLS_MAX: usize = 300;
/// PostgreSQL is stopped as by a crash at every so many of them.
const CRASH_EVERY: usize = 8;
/// How long a hub lives, in milliseconds, at the most.
const LIFE: usize = 500;
/// So long an answer is on its way to a till: that of a hub that was killed meanwhile is lost.
const LAG: Duration = Duration::from_millis(10);
/// Sales are of so many days.
const DAYS: usize = 3;
/// Of what is remembered some is never forgotten, in per cent.
const STAYS: usize = 30;
/// In capitals in names, in small letters in what is normalised.
const CANARIES: [&[u8]; 2] = [b"CANARY", b"canary"];
/// What every ticket says in the clear.
const IN_THE_CLEAR: &[u8] = "alimentación y hogar".as_bytes();
/// Nothing here takes longer, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(120);

enum Engine {
    Sqlite,
    Postgres(Box<Cluster>),
}

impl Engine {
    fn name(&self) -> &'static str {
        match self {
            Engine::Sqlite => "SQLite",
            Engine::Postgres(_) => "PostgreSQL",
        }
    }

    /// The database of a hub, or of the copy of one's files.
    fn database(&self, directory: &Path) -> Database {
        let address = match self {
            Engine::Sqlite => format!("sqlite:{}", directory.join("hub.db").display()),
            Engine::Postgres(cluster) => cluster.address(DATABASE),
        };
        Database::open(&address.parse().unwrap()).unwrap()
    }
}

/// A till, its files and its way to the hub.
struct Till {
    number: usize,
    directory: TempDir,
    store: Mutex<Store>,
    proxy: Proxy,
}

/// A ticket that a till gave.
#[derive(Clone, Copy)]
struct Printed {
    day: NaiveDate,
    total: i64,
}

/// A purchase that is remembered, or was.
struct Kept {
    till: usize,
    code: ReceiptCode,
    name: String,
    /// As it was in the till's files.
    key: DataKey,
    sealed: Vec<u8>,
    stays: bool,
    /// Where it was forgotten.
    forgotten_at: Option<usize>,
}

/// What people hold, whatever becomes of the machines.
#[derive(Default)]
struct Shop {
    printed: Mutex<BTreeMap<Hex<32>, Printed>>,
    kept: Mutex<Vec<Kept>>,
    is_over: AtomicBool,
}

/// What a thief has copied of a hub, over all its lives, by the purchase's id.
type Stolen = BTreeMap<[u8; 16], Copied>;

/// A purchase as the hub had it, with its key as it is, and as it was wrapped.
struct Copied {
    slot: SlotId,
    sealed: Vec<u8>,
    key: DataKey,
    wrapped: Vec<u8>,
}

fn run(mut engine: Engine) {
    let seed = std::env::var("OLVIDO_SEED").map_or_else(
        |_| u64::from_le_bytes(*olvido::seal::random_id().first_chunk().unwrap()),
        |seed| seed.parse().expect("OLVIDO_SEED is a number"),
    );
    println!("{}: OLVIDO_SEED={seed}", engine.name());
    let args: Vec<String> = match &engine {
        Engine::Sqlite => Vec::new(),
        Engine::Postgres(cluster) => vec!["--database".to_owned(), cluster.database(DATABASE)],
    };
    let args: Vec<&str> = ["--plain"].into_iter().chain(args.iter().map(String::as_str)).collect();
    let mut hub = Hub::start(fast_directory(), &args);
    let (shop, mut stolen) = (Shop::default(), Stolen::new());
    // Lives of the hub in which a till sent what an earlier one had taken.
    let mut repeated = 0;
    let tills = [0, 1].map(|number| Till::new(&hub, number));
    thread::scope(|scope| {
        for till in &tills {
            let (shop, mut random) = (&shop, Rng::new(seed.wrapping_add(till.number as u64 + 1)));
            scope.spawn(move || till.sell_all_the_time(shop, &mut random));
            scope.spawn(move || till.exchange_all_the_time(shop));
        }
        // Whatever fails here, the tills come to an end.
        let _over = OnDrop(|| shop.is_over.store(true, Relaxed));
        let mut random = Rng::new(seed);
        for kill in 1..=KILLS_MAX {
            if kill > KILLS && repeated > 0 {
                break;
            }
            thread::sleep(Duration::from_millis(random.below(LIFE) as u64));
            if let Engine::Postgres(cluster) = &mut engine
                && kill.is_multiple_of(CRASH_EVERY)
            {
                cluster.crash();
                thread::sleep(Duration::from_millis(random.below(LIFE) as u64));
                cluster.again();
                thread::sleep(Duration::from_millis(random.below(LIFE) as u64));
            }
            hub.dies();
            for till in &tills {
                repeated += usize::from(till.proxy.has_said_exists());
                till.proxy.open();
            }
            steal(&engine, &hub, &mut stolen);
            hub.comes_back();
        }
    });
    assert!(repeated > 0, "OLVIDO_SEED={seed}: no answer was lost");
    drain(&tills, &mut hub, seed);
    println!("{}: {KILLS} kills, {repeated} lost an answer", engine.name());
    check(engine, hub, tills, &shop, &stolen, seed);
}

struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl Till {
    fn new(hub: &Hub, number: usize) -> Till {
        let directory = fast_directory();
        let issuer = Issuer { series: format!("T{number}"), ..issuer() };
        let mut store = Store::create(&Files::of(directory.path()), &issuer, SHIPPED, policy()).unwrap();
        let proxy = Proxy::start(hub.address, LAG);
        let address = HubAddress::parse(&format!("http://{}", proxy.address)).unwrap();
        join(&mut store, &address, &hub.code(STORE), &format!("caja {number}")).unwrap();
        Till { number, directory, store: Mutex::new(store), proxy }
    }

    fn sell_all_the_time(&self, shop: &Shop, random: &mut Rng) {
        let outbox = Outbox::open(self.store.lock().unwrap().files()).unwrap();
        let mut sales = 0;
        while !shop.is_over.load(Relaxed) {
            match random.below(10) {
                0..3 => self.forget(shop, random),
                _ => {
                    sales += 1;
                    self.sell(shop, random, sales, &outbox);
                }
            }
            self.store.lock().unwrap().tend().unwrap();
            thread::sleep(Duration::from_millis(random.below(30) as u64));
        }
    }

    fn exchange_all_the_time(&self, shop: &Shop) {
        while !shop.is_over.load(Relaxed) {
            let parts = Parts::of(&mut self.store.lock().unwrap()).unwrap().expect("it is enrolled");
            let mut local = |local| {
                let mut store = self.store.lock().unwrap();
                carry_out(&mut store, local, now(), &mut |_, _| Ok(())).unwrap()
            };
            exchange::here(parts, How::Once, &mut local).unwrap();
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn sell(&self, shop: &Shop, random: &mut Rng, number: usize, outbox: &Outbox) {
        let name = format!("CANARY {} {number} {:016x}", self.number, random.next());
        let customer = Identifier::email(&format!("canary{:08x}@example.org", random.next() as u32)).unwrap();
        let (choice, customer, purposes): (_, _, &[&str]) = match random.below(5) {
            0 => (None, None, &[]),
            1 => (Some("forget"), None, &[]),
            2 => (Some("remember"), Some(&customer), &["history"]),
            _ => (Some("guarantee"), None, &[]),
        };
        let names: Vec<String> = (0..=random.below(3)).map(|line| format!("{name} {line}")).collect();
        let at = now() - chrono::Duration::days(random.below(DAYS) as i64);
        let sale = sale_at(at, answer(choice, customer, purposes), &names);
        let mut store = self.store.lock().unwrap();
        let sold = store.sell(&sale).unwrap();
        let printed = Printed { day: sold.ticket.day(), total: sold.ticket.total.0 };
        let before = shop.printed.lock().unwrap().insert(Hex(sold.ticket.hash.0), printed);
        assert!(before.is_none(), "each ticket has a hash of its own");
        if matches!(choice, Some("guarantee" | "remember")) {
            let last = outbox.last(Series::Purchase).unwrap();
            let row = outbox.purchases(last - 1, 1).unwrap().pop().flatten().expect("it was just kept");
            let stays = random.percent(STAYS);
            let (till, code, name) = (self.number, sold.code, names[0].clone());
            let kept = Kept { till, code, name, key: row.key, sealed: row.sealed, stays, forgotten_at: None };
            shop.kept.lock().unwrap().push(kept);
        }
    }

    /// Forgets a purchase of either till by its receipt.
    fn forget(&self, shop: &Shop, random: &mut Rng) {
        let mut store = self.store.lock().unwrap();
        let mut all = shop.kept.lock().unwrap();
        let mut open: Vec<&mut Kept> =
            all.iter_mut().filter(|kept| !kept.stays && kept.forgotten_at.is_none()).collect();
        if open.is_empty() {
            return;
        }
        let kept = open.swap_remove(random.below(open.len()));
        if kept.till == self.number {
            store.forget(&kept.code).unwrap().expect("it is kept here");
        } else {
            store.forget_elsewhere(&kept.code.purchase_id()).unwrap();
        }
        kept.forgotten_at = Some(self.number);
    }
}

fn now() -> DateTime<FixedOffset> {
    Utc::now().fixed_offset()
}

/// Copies what a hub that was just killed has left.
fn steal(engine: &Engine, hub: &Hub, stolen: &mut Stolen) {
    let copy = fast_directory();
    for name in ["hub.key", "hub.keys", "hub.db", "hub.db-wal"] {
        let from = hub.directory().join(name);
        if from.exists() {
            fs::copy(from, copy.path().join(name)).unwrap();
        }
    }
    let mut keys: BTreeMap<u32, (SlotId, DataKey)> =
        live_keys_of_hub(copy.path()).into_iter().map(|(slot, key)| (slot.index, (slot, key))).collect();
    let file = fs::read(HubFiles::of(copy.path()).keys).unwrap();
    for (id, index, sealed) in sealed_at_hub(&engine.database(copy.path())) {
        let Some((slot, key)) = keys.remove(&index) else { continue };
        // What is erased just now has its row still, and its slot may have another owner.
        if aead::open(&key, &slot.owner, &sealed).is_ok() {
            let begin = SLOT * (index as usize + 1);
            let wrapped = file[begin..begin + SLOT][WRAPPED].to_vec();
            stolen.insert(id, Copied { slot, sealed, key, wrapped });
        }
    }
}

/// Bytes of a slot of a key file, as of its header.
const SLOT: usize = 128;
/// The wrapped key in a slot.
const WRAPPED: std::ops::Range<usize> = 48..80;

fn live_keys_of_hub(directory: &Path) -> Vec<(SlotId, DataKey)> {
    let files = HubFiles::of(directory);
    live_keys(&files.key, &files.keys)
}

/// Every key that is left in a key file.
fn live_keys(store_key: &Path, keys: &Path) -> Vec<(SlotId, DataKey)> {
    let keys = KeyFile::open_to_read(keys, &StoreKey::load(store_key).unwrap()).unwrap();
    let live = keys.live().unwrap().live.into_iter();
    live.map(|slot| (slot, keys.key(slot).unwrap().unwrap())).collect()
}

fn sealed_at_hub(database: &Database) -> Vec<([u8; 16], u32, Vec<u8>)> {
    let sql = "SELECT id, slot, sealed FROM purchase WHERE store = $1 AND sealed IS NOT NULL";
    let rows = database.read(|tx| Ok(tx.query(sql, &[db::Value::Text(STORE)])?)).unwrap();
    rows.iter()
        .map(|row| (row.array(0).unwrap(), row.uint(1).unwrap() as u32, row.bytes(2).unwrap().to_vec()))
        .collect()
}

/// Until nothing waits anywhere, every forget is confirmed by every copy, and each till has heard of it.
fn drain(tills: &[Till; 2], hub: &mut Hub, seed: u64) {
    let began = Instant::now();
    let mut were_done = false;
    for round in 1.. {
        let mut left = Vec::new();
        for till in tills {
            let mut store = till.store.lock().unwrap();
            let pending = store.tend().unwrap();
            let status = exchange_once(&mut store);
            if pending || !status.done || status.unconfirmed > 0 {
                left.push((till.number, pending, status));
            }
        }
        if left.is_empty() && were_done {
            return;
        }
        // A till that was asked before the other has told its last forget hears of it in another round.
        were_done = left.is_empty();
        if were_done {
            continue;
        }
        assert!(began.elapsed() < PATIENCE, "OLVIDO_SEED={seed}: it does not come to an end: {left:?}");
        thread::sleep(Duration::from_millis(50));
        if round % 40 == 0 {
            // What a reader has kept in a log goes at a start.
            hub.dies();
            hub.comes_back();
        }
    }
}

fn check(engine: Engine, mut hub: Hub, tills: [Till; 2], shop: &Shop, stolen: &Stolen, seed: u64) {
    let place = format!("{}, OLVIDO_SEED={seed}", engine.name());
    let (printed, kept) = (shop.printed.lock().unwrap(), shop.kept.lock().unwrap());
    check_sums(&hub, &printed, &place);
    check_purchases(&tills, &kept, &place);
    hub.ends();
    let verified: Value = serde_json::from_str(&hub.runs(&["verify", "--json"])).unwrap();
    assert_eq!(verified["holds"], true, "{place}: {verified}");
    let database = engine.database(&hub.directory());
    check_tickets(&database, &printed, &place);
    let there: BTreeSet<[u8; 16]> = sealed_at_hub(&database).into_iter().map(|(id, ..)| id).collect();
    let remembered = kept.iter().filter(|kept| kept.forgotten_at.is_none());
    let remembered: BTreeSet<[u8; 16]> = remembered.map(|kept| kept.code.purchase_id()).collect();
    assert_eq!(there, remembered, "{place}: purchases that the hub has, and should");
    drop(database);

    let directories = tills.map(|till| {
        till.store.into_inner().unwrap().close().unwrap();
        till.directory
    });
    let left = Left::read(engine, &hub, &directories);
    left.check_words(&kept, &directories[0], &place);
    left.check_keys(&kept, stolen, &place);
    let forgotten = kept.len() - remembered.len();
    println!("{place}: {} tickets, {forgotten} of {} forgotten", printed.len(), kept.len());
}

/// Sums by day, at the tills and in the hub's report.
fn check_sums(hub: &Hub, printed: &BTreeMap<Hex<32>, Printed>, place: &str) {
    let mut sums: BTreeMap<String, (u64, i64)> = BTreeMap::new();
    for ticket in printed.values() {
        let sum = sums.entry(ticket.day.to_string()).or_default();
        *sum = (sum.0 + 1, sum.1 + ticket.total);
    }
    let reports: Value = serde_json::from_str(&hub.runs(&["report", "--json"])).unwrap();
    let days = reports[0]["by_day"].as_object().unwrap_or_else(|| panic!("{place}: {reports}"));
    let reported = days.iter().map(|(day, report)| {
        let euros = &report["currency"]["EUR"];
        let total = euros["total"].as_str().unwrap().to_owned();
        (day.clone(), (euros["sales"].as_u64().unwrap(), total))
    });
    let reported: BTreeMap<String, (u64, String)> = reported.collect();
    let decimal = |(day, (sales, total))| (day, (sales, Money(total).decimal(2)));
    let sums: BTreeMap<String, (u64, String)> = sums.into_iter().map(decimal).collect();
    assert_eq!(reported, sums, "{place}: the report, and what the tills sold");
    let store = &reports[0];
    assert!(store["conflicts"] == 0 && store["quarantined"] == json!({}), "{place}: {store}");
}

/// Every ticket that a till gave, once, and no other.
fn check_tickets(database: &Database, printed: &BTreeMap<Hex<32>, Printed>, place: &str) {
    let sql = "SELECT body FROM record WHERE store = $1 AND series = 'ticket'";
    let rows = database.read(|tx| Ok(tx.query(sql, &[db::Value::Text(STORE)])?)).unwrap();
    let mut hashes: Vec<Hex<32>> = rows
        .iter()
        .map(|row| serde_json::from_str::<TicketBody1<'_>>(row.text(0).unwrap()).unwrap().hash)
        .collect();
    hashes.sort();
    let lost: Vec<&Hex<32>> = printed.keys().filter(|hash| hashes.binary_search(hash).is_err()).collect();
    assert!(lost.is_empty(), "{place}: {} of {} tickets are lost", lost.len(), printed.len());
    assert_eq!(hashes.len(), printed.len(), "{place}: tickets that the hub has, and that were given");
}

/// What a customer with a receipt is told, at either till.
fn check_purchases(tills: &[Till; 2], all: &[Kept], place: &str) {
    let stores = [0, 1].map(|number| tills[number].store.lock().unwrap());
    for kept in all {
        let name = &kept.name;
        let Some(by) = kept.forgotten_at else {
            let found = stores[kept.till].find(&kept.code).unwrap();
            let Found::Kept(purchase) = found else { panic!("{place}: {name}: {found:?}") };
            assert_eq!(purchase.lines[0].name, *name, "{place}");
            continue;
        };
        for store in &stores {
            let found = store.find(&kept.code).unwrap();
            assert!(matches!(found, Found::Forgotten { pending: false }), "{place}: {name}: {found:?}");
        }
        let state = stores[by].forget_state(&kept.code.purchase_id()).unwrap();
        let is_complete =
            |state: ForgetState| state.copies > 0 && state.confirmed == state.copies && state.lost == 0;
        assert!(state.is_some_and(is_complete), "{place}: {name}: {state:?}");
    }
}

/// Files of one directory, or what was written into a log.
struct Bytes {
    of: &'static str,
    /// Tickets stand in them, which nobody forgets.
    has_tickets: bool,
    files: Vec<(String, Vec<u8>)>,
}

/// Everything that is left when all have ended.
struct Left {
    all: Vec<Bytes>,
    /// Keys in the tills' key files, and in the hub's.
    at_tills: Vec<(SlotId, DataKey)>,
    at_hub: Vec<(SlotId, DataKey)>,
}

impl Left {
    fn read(engine: Engine, hub: &Hub, tills: &[TempDir; 2]) -> Left {
        let of_directory = |of, has_tickets, path: &Path| Bytes { of, has_tickets, files: all_files(path) };
        let of_log =
            |of, log: String| Bytes { of, has_tickets: false, files: vec![("log".to_owned(), log.into())] };
        let mut all: Vec<Bytes> =
            tills.iter().map(|directory| of_directory("a till", true, directory.path())).collect();
        let is_in_file = matches!(engine, Engine::Sqlite);
        all.push(of_directory("the hub", is_in_file, &hub.directory()));
        all.push(of_log("the hub's log", hub.log()));
        all.push(of_log("the hub's output", hub.output()));
        if let Engine::Postgres(mut cluster) = engine {
            // So that what the server holds in memory is on file, too.
            cluster.sql(DATABASE, "CHECKPOINT");
            cluster.crash();
            all.push(of_directory("PostgreSQL", true, &cluster.data_dir()));
            all.push(of_log("PostgreSQL's log", cluster.log()));
        }
        let of_till = |directory: &TempDir| {
            let files = Files::of(directory.path());
            live_keys(&files.store_key, &files.keys)
        };
        let at_tills = tills.iter().flat_map(of_till).collect();
        Left { all, at_tills, at_hub: live_keys_of_hub(&hub.directory()) }
    }

    /// The places where any of these bytes are.
    fn places(&self, needles: &[&[u8]]) -> Vec<String> {
        let files = self.all.iter().flat_map(|bytes| bytes.files.iter().map(|file| (bytes.of, file)));
        let found = files.filter(|(_, (_, bytes))| has_any(bytes, needles));
        found.map(|(of, (name, _))| format!("{name} of {of}")).collect()
    }

    /// No word of a purchase is anywhere in the clear, and this would be seen.
    fn check_words(&self, all: &[Kept], till: &TempDir, place: &str) {
        let found = self.places(&CANARIES);
        assert!(found.is_empty(), "{place}: words of purchases in {found:?}");
        for bytes in self.all.iter().filter(|bytes| bytes.has_tickets) {
            let is_seen = bytes.files.iter().any(|(_, bytes)| has_any(bytes, &[IN_THE_CLEAR]));
            assert!(is_seen, "{place}: the words of tickets are not seen in the files of {}", bytes.of);
        }
        let remembered = all.iter().find(|kept| kept.forgotten_at.is_none()).expect("some stays");
        let opened = self.open_as_till(remembered).expect("it is remembered");
        fs::write(till.path().join("planted"), opened).unwrap();
        let seen = all_files(till.path()).into_iter().filter(|(_, bytes)| has_any(bytes, &CANARIES));
        let seen: Vec<String> = seen.map(|(name, _)| name).collect();
        assert_eq!(seen, ["planted"], "{place}: where {} was written in the clear", remembered.name);
    }

    /// What a till's copy says, opened by any key that is left, with the receipt.
    fn open_as_till(&self, kept: &Kept) -> Option<Vec<u8>> {
        let id = kept.code.purchase_id();
        self.at_tills.iter().find_map(|(_, key)| {
            let opened = aead::open(key, &id, &kept.sealed);
            let opened = opened.or_else(|_| aead::open(&kept.code.guarantee_key(key), &id, &kept.sealed));
            opened.ok().map(|plain| plain.to_vec())
        })
    }

    /// Whether any key that is left opens what the hub once had.
    fn opens_at_hub(&self, copied: &Copied) -> bool {
        self.at_hub.iter().any(|(_, key)| aead::open(key, &copied.slot.owner, &copied.sealed).is_ok())
    }

    /// No copy of what was forgotten opens, whoever has it; and none of its keys is anywhere.
    fn check_keys(&self, all: &[Kept], stolen: &Stolen, place: &str) {
        let (mut keys, mut copies): (Vec<Vec<u8>>, Vec<&[u8]>) = (Vec::new(), Vec::new());
        let (mut kept_keys, mut count): (Vec<&[u8]>, _) = (Vec::new(), 0);
        for kept in all {
            let (id, name, is_forgotten) = (kept.code.purchase_id(), &kept.name, kept.forgotten_at.is_some());
            assert_eq!(self.open_as_till(kept).is_none(), is_forgotten, "{place}: {name}: a till's copy");
            if is_forgotten {
                keys.extend(as_bytes_and_text(&kept.key));
                copies.push(nonce(&kept.sealed));
            }
            let Some(copied) = stolen.get(&id) else { continue };
            assert_eq!(self.opens_at_hub(copied), !is_forgotten, "{place}: {name}: the hub's copy");
            let Copied { slot, sealed, key, wrapped } = copied;
            if !is_forgotten {
                kept_keys.push(wrapped);
                continue;
            }
            // The copy is a true one: with the key that was destroyed it says everything.
            let plain = aead::open(key, &slot.owner, sealed).unwrap();
            let body: PurchaseBody1 = serde_json::from_slice(&plain).unwrap();
            assert_eq!((body.id.0, &body.sealed.0), (id, &kept.sealed), "{place}: {name}");
            keys.extend(as_bytes_and_text(key));
            keys.push(wrapped.clone());
            copies.push(nonce(sealed));
            count += 1;
        }
        assert!(count > 0, "{place}: nothing was taken of what was forgotten later");
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let found = self.places(&keys);
        assert!(found.is_empty(), "{place}: keys of what was forgotten in {found:?}");
        assert!(!self.places(&kept_keys).is_empty(), "{place}: keys that are left are not seen");
        let found = self.places(&copies);
        println!(
            "{place}: {count} copies taken at the hub of what was forgotten; its sealed bytes: {found:?}"
        );
    }
}

/// A key as it is, and as it travels.
fn as_bytes_and_text(key: &DataKey) -> [Vec<u8>; 2] {
    let text = serde_json::to_string(&Base64(key.expose().to_vec())).unwrap();
    [key.expose().to_vec(), text.trim_matches('"').as_bytes().to_vec()]
}

/// Of sealed bytes: random, and in each another. The first byte says how they are sealed.
fn nonce(sealed: &[u8]) -> &[u8] {
    &sealed[1..25]
}

/// Whether any of these is in the bytes: one look at each byte, however many they are.
fn has_any(bytes: &[u8], needles: &[&[u8]]) -> bool {
    let begin = |bytes: &[u8]| usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    let mut by_begin: Vec<Vec<&[u8]>> = vec![Vec::new(); 1 << 16];
    for needle in needles {
        by_begin[begin(needle)].push(needle);
    }
    (0..bytes.len().saturating_sub(1))
        .any(|at| by_begin[begin(&bytes[at..])].iter().any(|needle| bytes[at..].starts_with(needle)))
}
