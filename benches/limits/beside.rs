//! The till's keys and sales while a year's records drain beside them.
//!
//! The hub, which is another computer in a shop, gets what the till leaves of the processors, and a disk
//! in memory.

use std::path::Path;
use std::thread;
use std::time::Duration;

use olvido::store::Store;
use olvido::sync::hub::db::Engine;

use super::exchange::Background;
use super::hub::Databases;
use super::screen::Scans;
use super::shop::Shop;
use super::till::{self, open};
use super::{Row, percentile, timed};

/// Records that drain meanwhile.
const DRAINED: u64 = 100_000;
/// Without the drain: half of them before it, half after.
const ROUNDS_ALONE: usize = 240;
/// A round: this many scans, then one sale.
const SCANS: usize = 5;
const LINES: usize = 9;
/// Between two keys: the till has slept when the next one comes.
const PAUSE: Duration = Duration::from_millis(1);
const MEMORY: &str = "/dev/shm";

pub fn measure(shop: &Shop, directory: &Path) -> Vec<Row> {
    let databases = Databases::new(directory);
    let till = directory.join("till");
    till::fill(shop, &till);
    let memory = Path::new(MEMORY).is_dir().then(|| tempfile::tempdir_in(MEMORY).expect("a folder"));
    let place = match &memory {
        Some(memory) => databases.place_in(memory.path(), Engine::Sqlite),
        None => databases.place(Engine::Sqlite),
    };
    let serving = place.serve(true);
    let mut store = open(&till);
    place.join(&serving, &mut store);
    let mut scans = Scans::new(shop, &store);
    let (mut alone, mut beside) = (Times::default(), Times::default());
    for _ in 0..ROUNDS_ALONE / 2 {
        alone.take(shop, &mut scans, &mut store, None);
    }
    let exchange = Background::start(&mut store);
    let all = till::SALES as u64;
    while exchange.waiting() > all - DRAINED {
        beside.take(shop, &mut scans, &mut store, Some(&exchange));
    }
    drop(exchange);
    for _ in 0..ROUNDS_ALONE / 2 {
        alone.take(shop, &mut scans, &mut store, None);
    }
    store.close().expect("closed");
    drop(serving);
    place.remove();
    rows(&mut alone, &mut beside)
}

fn rows(alone: &mut Times, beside: &mut Times) -> Vec<Row> {
    let row = |what: &str, percent: usize, times: f64, with: &mut Vec<f64>, without: &mut Vec<f64>| {
        let of = format!("alone ({} beside {} samples)", with.len(), without.len());
        let (with, without) = (percentile(with, percent), percentile(without, percent));
        Row::times(format!("{what}, {DRAINED} records draining, {percent}th"), with, times, &of, without)
    };
    vec![
        row("scan to frame", 50, 1.2, &mut beside.scans, &mut alone.scans),
        row("scan to frame", 99, 1.5, &mut beside.scans, &mut alone.scans),
        row("sale committed", 50, 1.2, &mut beside.sales, &mut alone.sales),
        row("sale committed", 95, 1.5, &mut beside.sales, &mut alone.sales),
    ]
}

/// In µs.
#[derive(Default)]
struct Times {
    scans: Vec<f64>,
    sales: Vec<f64>,
}

impl Times {
    /// A round.
    fn take(&mut self, shop: &Shop, scans: &mut Scans<'_>, store: &mut Store, exchange: Option<&Background>) {
        let rest = |store: &mut Store| match exchange {
            Some(exchange) => exchange.serve(store, PAUSE),
            None => thread::sleep(PAUSE),
        };
        for _ in 0..SCANS {
            rest(store);
            self.scans.push(scans.one());
        }
        let sale = shop.sale(self.sales.len(), Some(LINES), Some("forget"), 0);
        store.save_draft(&[0; 1500]).expect("a draft");
        rest(store);
        self.sales.push(timed(|| store.sell(&sale).expect("a sale")).0);
        store.tend().expect("tended");
    }
}
