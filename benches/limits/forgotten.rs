//! From a customer's forget at the till until the till knows that every copy is gone: its own, and the
//! hub's.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use olvido::seal::ReceiptCode;
use olvido::store::Store;
use olvido::sync::record::Series;

use super::exchange::Background;
use super::hub::{Databases, ENGINES, name};
use super::shop::Shop;
use super::{Row, median, micros, percentile};

const SAMPLES: usize = 40;
const LINES: usize = 9;
/// The exchange is idle by then: it waits for news.
const QUIET: Duration = Duration::from_millis(30);
const PATIENCE: Duration = Duration::from_secs(20);

pub fn measure(shop: &Shop, directory: &Path) -> Vec<Row> {
    let databases = Databases::new(directory);
    let mut rows = Vec::new();
    for engine in ENGINES {
        let place = databases.place(engine);
        let serving = place.serve(false);
        let till = place.directory.join("till");
        super::folder(&till);
        let mut store = shop.store(&till);
        let codes: Vec<_> = (0..SAMPLES)
            .map(|n| store.sell(&shop.sale(n, Some(LINES), Some("guarantee"), 0)).expect("a sale").code)
            .collect();
        place.join(&serving, &mut store);
        let mut times = forget_each(&mut store, &codes);
        let (median, p95) = (median(&mut times) / 1000.0, percentile(&mut times, 95) / 1000.0);
        let from = format!("median of {SAMPLES}; 95th percentile {p95:.0} ms");
        let what = format!("forget until both copies are gone, {}", name(engine));
        rows.push(Row::at_most(what, median, 100.0, "ms", &from));
        store.close().expect("closed");
        drop(serving);
        place.remove();
    }
    rows
}

fn forget_each(store: &mut Store, codes: &[ReceiptCode]) -> Vec<f64> {
    let exchange = Background::start(store);
    serve_until(&exchange, store, |store| {
        store.durable_through(Series::Purchase).expect("a store") == codes.len() as u64
    });
    let mut times = Vec::new();
    for code in codes {
        let quiet = Instant::now();
        while quiet.elapsed() < QUIET {
            exchange.serve(store, QUIET);
        }
        thread::sleep(QUIET);
        let begun = Instant::now();
        assert!(store.forget(code).expect("a forget").is_some());
        exchange.wake();
        let id = code.purchase_id();
        serve_until(&exchange, store, |store| {
            let state = store.forget_state(&id).expect("a store").expect("a forget");
            (state.confirmed, state.copies) == (2, 2)
        });
        times.push(micros(begun.elapsed()));
    }
    times
}

fn serve_until(exchange: &Background, store: &mut Store, mut is_done: impl FnMut(&Store) -> bool) {
    let begun = Instant::now();
    while !is_done(store) {
        assert!(begun.elapsed() < PATIENCE, "the hub does not confirm");
        exchange.serve(store, PATIENCE);
    }
}
