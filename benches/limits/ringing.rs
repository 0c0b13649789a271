//! `olvido ring`, in sales a second, beside bare transactions a second.

use std::io::Cursor;
use std::path::Path;

use olvido::cli::ring::Ring;
use olvido::domain::settings::Settings;

use super::bare::Bare;
use super::shop::{Shop, at};
use super::{Row, micros, timed};

const ROUNDS: usize = 5;
const SALES: usize = 4_000;
const BARE: usize = 400;

pub fn measure(shop: &Shop, directory: &Path) -> Vec<Row> {
    let mut store = shop.store(directory);
    let mut bare = Bare::new(directory);
    let settings = Settings::default();
    let ring = Ring { settings: &settings, import: false, clock: at };
    let (mut ringing, mut bares) = (0.0, 0.0);
    for round in 0..ROUNDS {
        let lines: String =
            (round * SALES..(round + 1) * SALES).map(|basket| shop.ring_line(basket)).collect();
        let mut output = Vec::new();
        let (took, summary) =
            timed(|| ring.run(&mut store, Cursor::new(lines.into_bytes()), &mut output).expect("sales"));
        assert_eq!((summary.sold, summary.refused), (SALES as u64, 0));
        ringing += took;
        bares += (0..BARE).map(|_| bare.transaction()).sum::<f64>();
    }
    let (sale, transaction) = (ringing / (ROUNDS * SALES) as f64, bares / (ROUNDS * BARE) as f64);
    let second = micros(std::time::Duration::from_secs(1));
    let from =
        format!("1 × bare transaction: {:.0} a second; ring: {:.0}", second / transaction, second / sale);
    vec![Row::at_most("ring, a sale", sale, transaction, "µs", &from)]
}
