//! Search as you type.

use std::path::Path;

use super::shop::{Random, Shop};
use super::{Row, percentile, timed};

const QUERIES: usize = 2_000;
/// Products that the till asks for at most.
const SHOWN: usize = 50;

/// Words from the names of products, one to three in any order, each typed key by key; some with a
/// letter mistyped, so that nothing is found.
pub fn measure(shop: &Shop, directory: &Path) -> Vec<Row> {
    let catalogue = shop.store(directory).catalogue().expect("a catalogue");
    let mut random = Random(5);
    let mut times = Vec::new();
    for query in 0..QUERIES {
        let name = &shop.products[random.below(shop.products.len())].name;
        let words: Vec<&str> = name.split_whitespace().collect();
        let mut typed: Vec<char> = (0..1 + random.below(3))
            .flat_map(|_| words[random.below(words.len())].chars().chain([' ']))
            .collect();
        typed.truncate(20);
        if query % 10 == 0 {
            let at = random.below(typed.len());
            typed[at] = 'ñ';
        }
        for end in 1..=typed.len() {
            let text: String = typed[..end].iter().collect();
            let (took, _) = timed(|| std::hint::black_box(catalogue.search(&text, SHOWN)).len());
            times.push(took);
        }
    }
    let keys = times.len();
    let (median, p99) = (percentile(&mut times, 50) / 1000.0, percentile(&mut times, 99) / 1000.0);
    let from = format!("99th percentile of {keys} keys; median {median:.2} ms");
    vec![Row::at_most("search as you type, each key", p99, 5.0, "ms", &from)]
}
