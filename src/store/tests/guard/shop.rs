//! Shops to attack: what they have, and what they sell.

use std::collections::BTreeMap;

use super::super::counts::{line, sale_of, windows};
use super::super::*;
use crate::domain::policy::Release;
use crate::domain::quantity::{Quantity, Unit};
use crate::store::counts::Window;

/// Most pieces in a line that the thief considers, and most steps of five grams.
const MOST_PIECES: i64 = 20;
const MOST_STEPS: i64 = 600;

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Good {
    /// Per cent.
    pub vat: u16,
    /// Cents.
    pub price: i64,
    pub weighed: bool,
}

/// Lines of a basket: product, and pieces or steps of five grams.
pub(super) type Lines = Vec<(usize, i64)>;

/// Products are numbered from 1.
pub(super) struct Shop {
    pub goods: Vec<Good>,
    /// Of the price list, but in no basket: how many of each.
    pub others: Vec<(Good, usize)>,
    /// Of them, appliances.
    pub durable: Vec<usize>,
    pub baskets: Vec<Lines>,
}

pub(super) struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    /// A place in a list of weights.
    fn pick(&mut self, weights: &[usize]) -> usize {
        let mut left = self.below(weights.iter().sum());
        weights
            .iter()
            .position(|weight| {
                left < *weight || {
                    left -= weight;
                    false
                }
            })
            .unwrap()
    }

    /// Nearly normal: the sum of twelve.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.below(1_000_000) as f64 / 1e6).sum::<f64>() - 6.0
    }
}

impl Good {
    pub fn amount(self, quantity: i64) -> i64 {
        if self.weighed { (self.price * 5 * quantity + 500) / 1000 } else { self.price * quantity }
    }

    /// Amounts that a line can have where so much at the most was sold.
    pub fn amounts(self, most: i64) -> Vec<i64> {
        let most = most.min(if self.weighed { MOST_STEPS } else { MOST_PIECES });
        let mut amounts: Vec<i64> =
            (1..=most).map(|quantity| self.amount(quantity)).filter(|a| *a > 0).collect();
        amounts.dedup();
        amounts
    }

    fn line(self, product: usize, quantity: i64) -> Line {
        let tax = TaxRate(self.vat * 100);
        if !self.weighed {
            return Line { tax, ..line(product as u32, quantity, self.price) };
        }
        let quantity = Quantity::grams(quantity * 5).unwrap();
        Line { tax, quantity, unit: Unit::Kilogram, ..line(product as u32, 1, self.price) }
    }
}

impl Shop {
    /// The demo catalogue, sold as a corner shop sells: few products often, most seldom. Which ones, `seed` says.
    /// Goods that are weighed add up to nearly everything and so hide the others: a kiosk leaves them out.
    pub fn small(seed: u64, count: usize, is_kiosk: bool) -> Shop {
        let catalogue = include_bytes!("../../../../assets/demo-catalogue.csv");
        let rows = csv::Reader::from_reader(&catalogue[..]).into_records().map(Result::unwrap);
        let rows: Vec<csv::StringRecord> = rows.filter(|row| !is_kiosk || !row[0].is_empty()).collect();
        let cents = |price: &str| price.replace('.', "").parse::<i64>().unwrap();
        let good = |row: &csv::StringRecord| Good {
            vat: row[8].parse().unwrap(),
            price: cents(&row[7]),
            weighed: &row[9] == "kg",
        };
        let goods: Vec<Good> = rows.iter().map(good).collect();
        let mut random = Random(seed);
        let (mut often, durable): (Vec<usize>, Vec<usize>) =
            (1..=goods.len()).partition(|n| &rows[n - 1][10] == "0");
        for place in (1..often.len()).rev() {
            often.swap(place, random.below(place + 1));
        }
        let weights: Vec<usize> =
            (1..=often.len()).map(|rank| (1e6 / (rank as f64).powf(0.9)) as usize).collect();
        let mut basket = || {
            let mut basket = BTreeMap::new();
            let mut lines = random.pick(&[0, 24, 24, 20, 15, 10, 7]);
            if random.below(100) < 3 {
                basket.insert(durable[random.below(durable.len())], 1);
                lines = 1 + random.pick(&[3, 1, 1]);
            }
            while basket.len() < lines {
                let product = often[random.pick(&weights)];
                let quantity = if goods[product - 1].weighed {
                    ((110.0 * (0.6 * random.normal()).exp()) as i64).clamp(10, MOST_STEPS)
                } else {
                    [1, 2, 3, 4, 6][random.pick(&[80, 13, 3, 2, 2])]
                };
                basket.entry(product).or_insert(quantity);
            }
            basket.into_iter().collect::<Lines>()
        };
        let baskets = (0..count).map(|_| basket()).collect();
        Shop { goods, others: Vec::new(), durable, baskets }
    }

    /// Real baskets: see tests/baskets/README.md.
    pub fn large() -> Shop {
        let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/baskets/sample.txt.zst");
        let file = std::env::var("OLVIDO_BASKETS").unwrap_or_else(|_| sample.to_owned());
        let text = String::from_utf8(zstd::decode_all(fs::File::open(file).unwrap()).unwrap()).unwrap();
        let mut shop =
            Shop { goods: Vec::new(), others: Vec::new(), durable: Vec::new(), baskets: Vec::new() };
        for row in text.lines() {
            let mut words = row.split(' ');
            let kind = words.next();
            let number = |word: &str| word.parse::<i64>().unwrap();
            if kind == Some("b") {
                let line = |word: &str| match word.split_once('*') {
                    Some((product, pieces)) => (number(product) as usize, number(pieces)),
                    None => (number(word) as usize, 1),
                };
                shop.baskets.push(words.map(line).collect());
            } else if kind != Some("#") {
                let numbers: Vec<i64> = words.map(number).collect();
                let good = Good { price: numbers[0], vat: numbers[1] as u16, weighed: false };
                match numbers.get(2) {
                    Some(count) => shop.others.push((good, *count as usize)),
                    None => shop.goods.push(good),
                }
            }
        }
        shop
    }

    pub fn good(&self, product: usize) -> Good {
        self.goods[product - 1]
    }

    /// What its ticket says: the amount by tax rate.
    pub fn ticket(&self, basket: &Lines) -> BTreeMap<u16, i64> {
        let mut amounts = BTreeMap::new();
        for (product, quantity) in basket {
            let good = self.good(*product);
            *amounts.entry(good.vat).or_default() += good.amount(*quantity);
        }
        amounts
    }

    /// Whether two baskets, in the order of products, are of the same products and pieces.
    pub fn is_same(&self, one: &Lines, other: &Lines) -> bool {
        one.len() == other.len()
            && one
                .iter()
                .zip(other)
                .all(|(one, other)| one.0 == other.0 && (one.1 == other.1 || self.good(one.0).weighed))
    }

    fn sale(&self, number: usize, time: &str) -> Sale {
        let line = |(product, quantity): &(usize, i64)| self.good(*product).line(*product, *quantity);
        sale_of(time, &self.baskets[number].iter().map(line).collect::<Vec<Line>>())
    }

    /// Sells the first `count` baskets in a store of its own, so many a day, each day closed at its end, and gives
    /// what the store released.
    pub fn sold(&self, count: usize, a_day: usize, release: Release) -> Vec<Window> {
        let directory = tempfile::tempdir().unwrap();
        let mut store = create(directory.path());
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        for (day, from) in (0..count).step_by(a_day).enumerate() {
            store.policy.release = release;
            let time = format!("{}T10:00:00+01:00", first + chrono::Days::new(day as u64));
            let sales: Vec<Sale> =
                (from..count.min(from + a_day)).map(|number| self.sale(number, &time)).collect();
            // What comes together is counted as one by one.
            for sales in sales.chunks(if a_day < 100 { 1 + from % 7 } else { 250 }) {
                let orders: Vec<_> = sales.iter().map(|sale| Order { sale, request: None }).collect();
                store.commit(&orders).unwrap();
            }
            store.tend().unwrap();
            if day % 50 == 7 {
                store.close_day().unwrap();
                store.close().unwrap();
                store = open(directory.path());
            }
        }
        assert_eq!(store.verify(first).unwrap().findings, []);
        windows(&store)
    }
}
