//! The connection between a till and its hub, cut at every byte of every request and answer of a session
//! and the uploads in it. Whatever was cut, the till tries again, and the hub has every ticket once, the
//! till believes nothing of the hub that is not so, and what was forgotten is gone.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use olvido::domain::customer::Identifier;
use olvido::seal::ReceiptCode;
use olvido::store::{Found, Outbox, Store};
use olvido::sync::client::HubAddress;
use olvido::sync::hub::db::{Database, Row, Value};
use olvido::sync::joining::join;
use olvido::sync::record::Series;
use olvido::sync::wire::Hex;
use tempfile::TempDir;

use crate::common::{answer, at, create, fast_directory, sale_at};
use crate::postgres::Cluster;
use crate::proxy::{Cut, Proxy, Way};
use crate::support::{Hub, exchange_once};

#[test]
fn cut_at_every_byte_nothing_is_lost_and_nothing_counts_twice() {
    let hub = Hub::start(fast_directory(), &["--plain"]);
    let database = format!("sqlite:{}", hub.directory().join("hub.db").display());
    cut_everywhere(&hub, &database);
}

#[test]
fn cut_at_every_byte_nothing_is_lost_and_nothing_counts_twice_over_postgres() {
    let cluster = Cluster::start();
    let database = cluster.database("chain");
    let hub = Hub::start(fast_directory(), &["--plain", "--database", &database]);
    cut_everywhere(&hub, &database);
}

/// Tills that share the offsets between them: a hub answers each only so often.
const TILLS: usize = 8;
/// Every so many cuts a till gets through to the end, also where the next cut is its next try.
const RETRIED_EVERY: usize = 25;
/// An exchange ends well after so many tries, or never will.
const TRIES: usize = 500;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// The requests that are cut, in the order in which they come. The others come when they like.
const REQUESTS: [(&str, Option<Series>); 6] = [
    ("POST /v1/challenge ", None),
    ("POST /v1/session ", None),
    ("POST /v1/records/forget ", Some(Series::Forget)),
    ("POST /v1/records/purchase ", Some(Series::Purchase)),
    ("POST /v1/records/ticket ", Some(Series::Ticket)),
    ("POST /v1/records/count ", Some(Series::Count)),
];

/// What came of the cuts of one request or answer.
#[derive(Debug, Default)]
struct Figures {
    cuts: AtomicUsize,
    /// The hub had its records then.
    taken: AtomicUsize,
    /// And the till did not know: the answer was lost.
    lost: AtomicUsize,
}

fn cut_everywhere(hub: &Hub, database: &str) {
    let database = Database::open(&database.parse().unwrap()).unwrap();
    let mut tills: Vec<Till> = (0..TILLS).map(|number| Till::new(hub, number)).collect();
    for way in [Way::Up, Way::Down] {
        for (request, series) in REQUESTS {
            let (next, figures) = (AtomicUsize::new(0), Figures::default());
            let next_cut = || Cut { request, way, after: next.fetch_add(1, Relaxed) };
            thread::scope(|scope| {
                for till in &mut tills {
                    let (database, figures, next_cut) = (&database, &figures, &next_cut);
                    scope.spawn(move || while till.is_cut(next_cut(), series, database, figures) {});
                }
            });
            let place = format!("{:?}, {way:?}, {request}: {figures:?}", database.engine());
            println!("{place}");
            let Figures { cuts, taken, lost } = figures;
            let [cuts, taken, lost] = [cuts, taken, lost].map(AtomicUsize::into_inner);
            assert!(cuts > 0, "{place}: nothing was cut");
            match (way, series) {
                (Way::Up, _) => assert!(taken < cuts, "{place}: the hub always took it"),
                (Way::Down, Some(_)) => assert!(taken == cuts && lost > 0, "{place}: no answer was lost"),
                (Way::Down, None) => {}
            }
        }
    }
    for till in &mut tills {
        till.retry("at last");
        till.check(&database, "at last");
        till.check_all(&database);
    }
}

/// The only till of a store of its own, and its way to the hub.
struct Till {
    name: String,
    _directory: TempDir,
    store: Store,
    outbox: Outbox,
    proxy: Proxy,
    device: [u8; 16],
    /// Hash and amount of each ticket that it issued, in order.
    issued: Vec<(Hex<32>, i64)>,
    /// The next to be forgotten.
    kept: ReceiptCode,
    forgotten: Vec<ReceiptCode>,
    cuts: usize,
}

/// Last index of each series.
type Heads = BTreeMap<Series, u64>;

impl Till {
    fn new(hub: &Hub, number: usize) -> Till {
        let (name, directory) = (format!("S{number}"), fast_directory());
        let mut store = create(directory.path());
        let proxy = Proxy::start(hub.address, Duration::ZERO);
        let address = HubAddress::parse(&format!("http://{}", proxy.address)).unwrap();
        let device = join(&mut store, &address, &hub.code(&name), "caja 1").unwrap().device;
        let mut issued = Vec::new();
        let kept = sell(&mut store, true, 0, &mut issued);
        let outbox = Outbox::open(store.files()).unwrap();
        let forgotten = Vec::new();
        let mut till = Till {
            name,
            _directory: directory,
            store,
            outbox,
            proxy,
            device,
            issued,
            kept,
            forgotten,
            cuts: 0,
        };
        till.retry("at first");
        till
    }

    /// Tries until it comes to this cut. Returns false where it comes to its end first: nothing is so long.
    fn is_cut(&mut self, cut: Cut, series: Option<Series>, database: &Database, figures: &Figures) -> bool {
        let mut tries = (0..TRIES).filter_map(|_| {
            let came = self.comes_to(cut, series, database, figures);
            came.is_none().then(|| thread::sleep(BETWEEN_TRIES));
            came
        });
        tries.next().unwrap_or_else(|| panic!("{cut:?}: it comes neither to this nor to an end"))
    }

    /// An exchange that is cut, and what must hold then. Returns whether it was; `None` where it came
    /// neither to the cut nor to its end, because the hub asked for patience.
    fn comes_to(
        &mut self,
        cut: Cut,
        series: Option<Series>,
        database: &Database,
        figures: &Figures,
    ) -> Option<bool> {
        let place = format!("{:?}, {}, {cut:?}", database.engine(), self.name);
        let waits = series.unwrap_or(Series::Ticket);
        if self.outbox.last(waits).unwrap() == self.known()[&waits] {
            self.sell_and_forget();
        }
        let last = self.outbox.last(waits).unwrap();
        self.proxy.cut(cut);
        let status = exchange_once(&mut self.store);
        let was_cut = self.proxy.open();
        let known = self.known();
        let there = self.there(database, &place);
        for (series, through) in &known {
            assert!(*through <= there[series], "{place}: the till takes {known:?} for {there:?}");
        }
        let taken = was_cut && series.is_some() && there[&waits] == last;
        let lost = taken && known[&waits] < last;
        for (count, counts) in [(&figures.cuts, was_cut), (&figures.taken, taken), (&figures.lost, lost)] {
            count.fetch_add(counts.into(), Relaxed);
        }
        self.cuts += 1;
        // Else the next cut is the next try.
        if taken || self.cuts.is_multiple_of(RETRIED_EVERY) {
            self.retry(&place);
            assert!(!lost || self.proxy.has_said_exists(), "{place}: {there:?} was there, {known:?} known");
            self.check(database, &place);
        }
        (was_cut || status.done).then_some(was_cut)
    }

    /// Two sales, one of them remembered, on another day than the last two, whose count is told by that;
    /// and what was remembered the last time is forgotten.
    fn sell_and_forget(&mut self) {
        let day = self.forgotten.len() + 1;
        sell(&mut self.store, false, day, &mut self.issued);
        let kept = sell(&mut self.store, true, day, &mut self.issued);
        let forgotten = std::mem::replace(&mut self.kept, kept);
        self.store.forget(&forgotten).unwrap().expect("it was kept");
        self.forgotten.push(forgotten);
    }

    fn retry(&mut self, place: &str) {
        for _ in 0..TRIES {
            if exchange_once(&mut self.store).done {
                return;
            }
            thread::sleep(BETWEEN_TRIES);
        }
        panic!("{place}: it does not come to an end: {:?}", exchange_once(&mut self.store));
    }

    /// What the till takes the hub to have.
    fn known(&self) -> Heads {
        Series::ALL.map(|series| (series, self.store.durable_through(series).unwrap())).into()
    }

    /// What the hub has, whose tickets must each be counted once, whatever was cut.
    fn there(&self, database: &Database, place: &str) -> Heads {
        let (heads, sums) = database
            .read(|tx| {
                let store = Value::Text(&self.name);
                let heads = "SELECT series, through FROM series_head WHERE store = $1 AND device = $2";
                let sums = "SELECT sales, total FROM day_sum WHERE store = $1";
                Ok((tx.query(heads, &[store, Value::Bytes(&self.device)])?, tx.query(sums, &[store])?))
            })
            .unwrap();
        let head = |row: &Row| (Series::from_name(row.text(0).unwrap()).unwrap(), row.uint(1).unwrap());
        let heads: Heads = heads.iter().map(head).collect();
        let counted = sums.iter().map(|row| (row.int(0).unwrap(), row.int(1).unwrap()));
        let counted = counted.fold((0, 0), |(sales, total), day| (sales + day.0, total + day.1));
        let sent = &self.issued[..heads[&Series::Ticket] as usize];
        let sent = (sent.len() as i64, sent.iter().map(|(_, total)| total).sum());
        assert_eq!(counted, sent, "{place}: tickets and cents that the hub has");
        heads
    }

    /// After an exchange that came to its end.
    fn check(&self, database: &Database, place: &str) {
        let there = self.there(database, place);
        assert_eq!(self.known(), there, "{place}: the end of an exchange");
        for (series, through) in there {
            assert_eq!(through, self.outbox.last(series).unwrap(), "{place}: the last {series}");
        }
        let sql = "SELECT (SELECT count(*) FROM tombstone WHERE store = $1),
                   (SELECT count(*) FROM purchase WHERE store = $1 AND id <> $2)";
        let args = [Value::Text(&self.name), Value::Bytes(&self.kept.purchase_id())];
        let left = database.read(|tx| Ok(tx.query_one(sql, &args)?)).unwrap().unwrap();
        let left = (left.int(0).unwrap() as usize, left.int(1).unwrap());
        assert_eq!(left, (self.forgotten.len(), 0), "{place}: tombstones, purchases beside the last");
        let found = self.store.find(&self.kept).unwrap();
        assert!(matches!(found, Found::Kept(_)), "{place}: {found:?}");
    }

    /// In the end: every ticket as it was issued, once, in order, and nothing that was forgotten.
    fn check_all(&self, database: &Database) {
        let sql = "SELECT body FROM record WHERE store = $1 AND series = 'ticket' ORDER BY idx";
        let rows = database.read(|tx| Ok(tx.query(sql, &[Value::Text(&self.name)])?)).unwrap();
        let hashes: Vec<String> = rows.iter().map(|row| hash_of(row.text(0).unwrap())).collect();
        let issued: Vec<String> = self.issued.iter().map(|(hash, _)| hash.to_string()).collect();
        assert!(hashes == issued, "{}: {} tickets of {}", self.name, hashes.len(), issued.len());
        for code in &self.forgotten {
            let found = self.store.find(code).unwrap();
            assert!(matches!(found, Found::Forgotten { pending: false }), "{}: {found:?}", self.name);
        }
    }
}

fn hash_of(ticket: &str) -> String {
    let ticket: serde_json::Value = serde_json::from_str(ticket).unwrap();
    ticket["hash"].as_str().unwrap().to_owned()
}

fn sell(store: &mut Store, remembers: bool, day: usize, issued: &mut Vec<(Hex<32>, i64)>) -> ReceiptCode {
    let moment = at(["2026-11-23T18:42:07+01:00", "2026-11-24T09:12:30+01:00"][day % 2]);
    let customer = remembers.then(|| Identifier::email("ana@example.org").unwrap());
    let choice = if remembers { "remember" } else { "forget" };
    let purposes: &[&str] = if remembers { &["history"] } else { &[] };
    let sale = sale_at(moment, answer(Some(choice), customer.as_ref(), purposes), &["Café".to_owned()]);
    let sold = store.sell(&sale).unwrap();
    // As a till does between two sales: it counts the choices then.
    store.tend().unwrap();
    issued.push((Hex(sold.ticket.hash.0), sold.ticket.total.0));
    sold.code
}
