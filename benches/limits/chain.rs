//! What a sale costs a hub: from one till and from fifty, with few records on file and with a million.

use std::path::Path;
use std::thread;
use std::time::Instant;

use olvido::sync::client::Packed;
use olvido::sync::hub::HubError;
use olvido::sync::hub::db::Engine;
use olvido::sync::record::{Origin, Series};
use serde_json::value::RawValue;

use super::drain::{self, pages};
use super::hub::{Caller, Databases, ENGINES, Page, Place, STORE, Serving, Till, name};
use super::shop::Shop;
use super::{Row, median, micros, till, timed};

const FEW: usize = 10_000;
const MANY: usize = 1_000_000;
const TILLS: usize = 50;
/// The record, the run that proves it, how far its series is, and what the day and its taxes came to.
const ROWS_OF_A_SALE: f64 = 6.0;
/// A till alone waits for the way there and back: nobody waits for the till.
const ALONE_MS: f64 = 10.0;
/// Of one till.
const EACH_BY_ITSELF: usize = 40;
/// Pages of one till on file.
const PAGES_OF_ONE: usize = 100;

pub fn measure(shop: &Shop, directory: &Path) -> Vec<Row> {
    let till = directory.join("till");
    till::fill(shop, &till);
    let (pages, databases) = (pages(&till), Databases::new(directory));
    let both = |engine| [of(&databases, &pages, engine), each_by_itself(&databases, &pages, engine)].concat();
    ENGINES.into_iter().flat_map(both).collect()
}

/// Pages by turns at three hubs, whose median times are compared, for a sale of the mean length.
fn of(databases: &Databases, pages: &[Page], engine: Engine) -> Vec<Row> {
    let mut hubs = [(1, FEW), (TILLS, FEW), (1, MANY)]
        .map(|(tills, on_file)| Loaded::new(databases, engine, tills, on_file, pages));
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for turn in 0..TILLS {
        for (hub, times) in hubs.iter_mut().zip(&mut times) {
            let (till, number) = (turn % hub.tills.len(), turn / hub.tills.len());
            let packed = hub.tills[till].pack(first(pages, number), &pages[number]);
            let caller = hub.tills[till].call(&hub.serving);
            times.push(timed(|| caller.send(&packed)).0 / bytes(&pages[number]));
        }
    }
    let sale = pages.iter().map(bytes).sum::<f64>() / pages.iter().map(Vec::len).sum::<usize>() as f64;
    let [one, fifty, large] = times.map(|mut times| sale * median(&mut times));
    let at_once = sale * hubs[1].send_at_once(pages);
    for hub in hubs {
        drop(hub.serving);
        hub.place.remove();
    }
    let row = |what: &str, measured, of| {
        Row::times(format!("a sale at the hub, {what}, {}", name(engine)), measured, 1.2, of, one)
    };
    vec![
        row("50 tills in turn", fifty, "1 till"),
        row("50 tills at once", at_once, "1 till"),
        row("1,000,000 on file", large, "10,000 on file"),
    ]
}

/// What tills send that are not behind: one sale at a time, of one till and of fifty at once.
fn each_by_itself(databases: &Databases, pages: &[Page], engine: Engine) -> Vec<Row> {
    let singles: Vec<Page> = pages[0][..EACH_BY_ITSELF].iter().map(|body| vec![body.clone()]).collect();
    let mut hub = Loaded::new(databases, engine, TILLS + 1, FEW, pages);
    let bare = drain::bare(&hub.place, &singles) / singles.len() as f64;
    let one = hub.tills.pop().expect("a till");
    let caller = one.call(&hub.serving);
    let send_all = |till: &Till, caller: &Caller| {
        for (page, first) in singles.iter().zip(1..) {
            caller.send(&till.pack(first, page));
        }
    };
    let (one, ()) = timed(|| send_all(&one, &caller));
    let callers: Vec<Caller> = hub.tills.iter().map(|till| till.call(&hub.serving)).collect();
    let (at_once, ()) = timed(|| {
        thread::scope(|scope| {
            for (till, caller) in hub.tills.iter().zip(&callers) {
                scope.spawn(|| send_all(till, caller));
            }
        });
    });
    drop(hub.serving);
    hub.place.remove();
    let (one, at_once) = (one / singles.len() as f64, at_once / (TILLS * singles.len()) as f64);
    let what = |of: &str| format!("a sale sent by itself, {of}, {}", name(engine));
    vec![
        Row::at_most(what("1 till"), one / 1000.0, ALONE_MS, "ms", "so that it is there at once"),
        Row::times(what("50 tills at once"), at_once, ROWS_OF_A_SALE, "bare insert", bare),
    ]
}

/// A hub that has records of other tills of the store.
struct Loaded {
    place: Place,
    tills: Vec<Till>,
    serving: Serving,
}

impl Loaded {
    fn new(databases: &Databases, engine: Engine, tills: usize, on_file: usize, pages: &[Page]) -> Loaded {
        let place = databases.place(engine);
        let hub = place.hub();
        for (number, some) in (0..on_file.div_ceil(pages[0].len()))
            .collect::<Vec<_>>()
            .chunks(PAGES_OF_ONE)
            .map(<[usize]>::len)
            .enumerate()
        {
            let origin = Till::new(&hub, &format!("before {number}")).origin();
            for page in 0..some {
                fill(&hub, origin, first(pages, page), &pages[page]);
            }
        }
        hub.database().drop_traces().expect("a short log");
        let tills = (0..tills).map(|till| Till::new(&hub, &format!("till {till}"))).collect();
        drop(hub);
        databases.settle(&place);
        let serving = place.serve(false);
        Loaded { place, tills, serving }
    }

    /// The second page of each till, all at once. In µs a byte.
    fn send_at_once(&self, pages: &[Page]) -> f64 {
        let ready: Vec<(_, Packed)> = self
            .tills
            .iter()
            .map(|till| (till.call(&self.serving), till.pack(first(pages, 1), &pages[1])))
            .collect();
        let begun = Instant::now();
        thread::scope(|scope| {
            for (caller, packed) in &ready {
                scope.spawn(|| caller.send(packed));
            }
        });
        micros(begun.elapsed()) / (self.tills.len() as f64 * bytes(&pages[1]))
    }
}

fn bytes(page: &Page) -> f64 {
    drain::bodies(page).map(str::len).sum::<usize>() as f64
}

/// Index of the first record of that page.
fn first(pages: &[Page], number: usize) -> u64 {
    pages[..number].iter().map(|page| page.len() as u64).sum::<u64>() + 1
}

/// Records as the hub writes them, without what it looks at before.
fn fill(hub: &olvido::sync::hub::Hub, origin: Origin, first: u64, page: &Page) {
    let records: Vec<_> = page
        .iter()
        .zip(first..)
        .map(|(body, index)| (index, body.as_deref().map(RawValue::get), None))
        .collect();
    let filled = hub
        .database()
        .write(|tx| tx.insert_records(STORE, origin, Series::Ticket, &records).map_err(HubError::from));
    filled.expect("records");
}
