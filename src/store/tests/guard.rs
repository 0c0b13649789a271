//! What counts add to tickets and a price list. A thief has the database, both keys, every released window and
//! the prices, and asks of each ticket by itself which baskets add up to its amounts by tax rate: a line is named
//! when it is in every explanation, a basket when there is one explanation. Counts may name at most one more in a
//! hundred; without the rule they name many.

use std::collections::{BTreeMap, HashMap};

use super::counts::{line, windows};
use super::*;
use crate::domain::policy::Release;
use crate::domain::quantity::{Quantity, Unit};
use crate::store::counts::{Counted, Window};

/// Most pieces in a line that the thief considers, and most steps of five grams.
const MOST_PIECES: i64 = 20;
const MOST_STEPS: i64 = 600;

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Good {
    /// Per cent.
    vat: u16,
    /// Cents.
    price: i64,
    weighed: bool,
}

/// What a shop has and what it sells: products by number from 1, pieces or steps of five grams.
struct Shop {
    goods: Vec<Good>,
    /// Of the price list, but in no basket.
    others: Vec<(Good, usize)>,
    baskets: Vec<Vec<(usize, i64)>>,
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
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
}

impl Good {
    fn amount(self, quantity: i64) -> i64 {
        if self.weighed { (self.price * 5 * quantity + 500) / 1000 } else { self.price * quantity }
    }

    /// Amounts that a line can have where so much at the most was sold.
    fn amounts(self, most: i64) -> Vec<i64> {
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
    /// The demo catalogue, sold as a corner shop sells: few products often, most seldom.
    fn small(count: usize) -> Shop {
        let catalogue = include_bytes!("../../../assets/demo-catalogue.csv");
        let rows: Vec<csv::StringRecord> =
            csv::Reader::from_reader(&catalogue[..]).into_records().map(Result::unwrap).collect();
        let cents = |price: &str| price.replace('.', "").parse::<i64>().unwrap();
        let good = |row: &csv::StringRecord| Good {
            vat: row[8].parse().unwrap(),
            price: cents(&row[7]),
            weighed: &row[9] == "kg",
        };
        let goods: Vec<Good> = rows.iter().map(good).collect();
        let mut random = Random(2026);
        let (mut often, durable): (Vec<usize>, Vec<usize>) =
            (1..=goods.len()).partition(|n| &rows[n - 1][10] == "0");
        for place in (1..often.len()).rev() {
            often.swap(place, random.below(place + 1));
        }
        let weights: Vec<usize> =
            (1..=often.len()).map(|rank| (1e6 / (rank as f64).powf(0.9)) as usize).collect();
        let mut basket = || {
            let mut basket: BTreeMap<usize, i64> = BTreeMap::new();
            let mut lines = random.pick(&[0, 24, 24, 20, 15, 10, 7]);
            if random.below(100) < 3 {
                basket.insert(durable[random.below(durable.len())], 1);
                lines = random.pick(&[3, 1, 1]);
            }
            for _ in 0..lines {
                let product = often[random.pick(&weights)];
                let quantity = if goods[product - 1].weighed {
                    (20 + random.below(120) + random.below(120)) as i64
                } else {
                    [1, 2, 3, 4, 6][random.pick(&[80, 13, 3, 2, 2])]
                };
                basket.entry(product).or_insert(quantity);
            }
            basket.into_iter().collect::<Vec<_>>()
        };
        let baskets = (0..count).map(|_| basket()).collect();
        Shop { goods, others: Vec::new(), baskets }
    }

    /// Real baskets: see tests/baskets/README.md.
    fn large() -> Shop {
        let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/baskets/sample.txt.zst");
        let file = std::env::var("OLVIDO_BASKETS").unwrap_or_else(|_| sample.to_owned());
        let text = String::from_utf8(zstd::decode_all(fs::File::open(file).unwrap()).unwrap()).unwrap();
        let mut shop = Shop { goods: Vec::new(), others: Vec::new(), baskets: Vec::new() };
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

    fn sale(&self, number: usize, time: &str) -> Sale {
        let lines: Vec<Line> = self.baskets[number]
            .iter()
            .map(|(product, n)| self.goods[product - 1].line(*product, *n))
            .collect();
        super::counts::sale_of(time, &lines)
    }

    /// Sells the first `count` baskets in a store of its own, so many a day, each day closed at its end, and gives
    /// what the store released.
    fn sold(&self, count: usize, a_day: usize, release: Option<Release>) -> Vec<Window> {
        let directory = tempfile::tempdir().unwrap();
        let mut store = create(directory.path());
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        for (day, from) in (0..count).step_by(a_day).enumerate() {
            if let Some(release) = release {
                store.policy.release = release;
            }
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

/// What can be in a cell of a ticket: products with the amounts of a line.
type Candidates = Vec<(usize, Vec<i64>)>;

/// Whether some lines of these, none of product `without`, add up to `amount`.
fn adds_up(candidates: &Candidates, amount: i64, without: usize) -> bool {
    let words = amount as usize / 64 + 1;
    let is_there = |sums: &[u64]| sums[amount as usize / 64] >> (amount % 64) & 1 == 1;
    let mut sums = vec![0_u64; words];
    sums[0] = 1;
    for (product, amounts) in candidates {
        if *product == without {
            continue;
        }
        let before = sums.clone();
        for more in amounts.iter().take_while(|more| **more <= amount) {
            let (skip, bits) = (*more as usize / 64, *more as u32 % 64);
            for place in skip..words {
                let low = if bits > 0 && place > skip { before[place - skip - 1] >> (64 - bits) } else { 0 };
                sums[place] |= before[place - skip] << bits | low;
            }
        }
        if is_there(&sums) {
            return true;
        }
    }
    false
}

/// Whether exactly one choice of lines adds up to `amount`.
fn is_only_one(candidates: &Candidates, amount: i64) -> bool {
    let mut ways = vec![0_u8; amount as usize + 1];
    ways[0] = 1;
    for (_, amounts) in candidates {
        let before = ways.clone();
        for more in amounts.iter().take_while(|more| **more <= amount) {
            for sum in *more as usize..ways.len() {
                ways[sum] = (ways[sum] + before[sum - *more as usize]).min(2);
            }
        }
    }
    ways[amount as usize] == 1
}

/// The lines of a basket that are named, and whether all of it is.
fn attack(shop: &Shop, basket: &[(usize, i64)], cells: &HashMap<u16, Candidates>) -> (Vec<usize>, bool) {
    let mut amounts: HashMap<u16, i64> = HashMap::new();
    for (product, quantity) in basket {
        let good = shop.goods[product - 1];
        *amounts.entry(good.vat).or_default() += good.amount(*quantity);
    }
    let named = |product: &usize| {
        let vat = shop.goods[product - 1].vat;
        !adds_up(&cells[&vat], amounts[&vat], *product)
    };
    let lines: Vec<usize> = basket.iter().map(|(product, _)| *product).filter(named).collect();
    let whole =
        lines.len() == basket.len() && amounts.iter().all(|(vat, amount)| is_only_one(&cells[vat], *amount));
    (lines, whole)
}

fn in_cells(goods: impl Iterator<Item = (usize, Good, i64)>) -> HashMap<u16, Candidates> {
    let mut cells: HashMap<u16, Candidates> = HashMap::new();
    for (product, good, most) in goods.filter(|(_, _, most)| *most > 0) {
        cells.entry(good.vat).or_default().push((product, good.amounts(most)));
    }
    // Cheap ones first: then the search ends early.
    for candidates in cells.values_mut() {
        candidates.sort_by_key(|(_, amounts)| (std::cmp::Reverse(amounts.len()), amounts.first().copied()));
    }
    cells
}

/// Who has the price list alone. Of goods that cost the same two are as good as all.
fn price_list(shop: &Shop) -> HashMap<u16, Candidates> {
    let mut seen: HashMap<Good, usize> = HashMap::new();
    let others =
        shop.others.iter().flat_map(|(good, count)| std::iter::repeat_n((0, *good), (*count).min(2)));
    let goods = (1..).zip(shop.goods.iter().copied()).chain(others);
    let two: Vec<_> = goods
        .filter(|(_, good)| {
            let n = seen.entry(*good).or_default();
            *n += 1;
            *n <= 2
        })
        .collect();
    in_cells(two.into_iter().map(|(product, good)| (product, good, i64::MAX)))
}

/// Whether another product costs the same: then a price list names neither.
fn shared(shop: &Shop) -> HashMap<Good, bool> {
    let mut count: HashMap<Good, usize> = HashMap::new();
    shop.goods.iter().for_each(|good| *count.entry(*good).or_default() += 1);
    shop.others.iter().for_each(|(good, more)| *count.entry(*good).or_default() += more);
    count.into_iter().map(|(good, count)| (good, count > 1)).collect()
}

/// What can be in a ticket by the released windows, of `count` tickets in all.
fn released(
    shop: &Shop,
    windows: &BTreeMap<usize, Vec<Window>>,
    ticket: u64,
    count: u64,
) -> HashMap<u16, Candidates> {
    in_cells((1..).zip(shop.goods.iter().copied()).map(|(product, good)| {
        let own = windows.get(&product).map_or(&[][..], Vec::as_slice);
        let most = match own.iter().find(|window| window.last >= ticket) {
            Some(window) if window.first <= ticket => window.quantity / if good.weighed { 5 } else { 1000 },
            // A window in which nothing was sold is known by the next one,
            Some(_) => 0,
            // or by its end.
            None => {
                let before = own.last().map_or(0, |window| window.last);
                let end = before + (ticket - before).div_ceil(1600) * 1600;
                if end <= count { 0 } else { i64::MAX }
            }
        };
        (product, good, most)
    }))
}

/// Per mille of lines and baskets: by the price list alone, and by counts beyond it.
struct Found {
    list: (usize, usize),
    more: (usize, usize),
}

fn attacked(shop: &Shop, count: usize, windows: Vec<Window>, tries: usize) -> Found {
    let mut by_product: BTreeMap<usize, Vec<Window>> = BTreeMap::new();
    for window in windows {
        let Counted::Product(product) = window.counted else { unreachable!("products alone are sold") };
        by_product.entry(product as usize).or_default().push(window);
    }
    let (list, shared) = (price_list(shop), shared(shop));
    let mut random = Random(7);
    let (mut lines, mut alone, mut more) = (0, (0, 0), (0, 0));
    for _ in 0..tries {
        // Of the last the windows are not over.
        let number = 400 + random.below(count - 1_600 - 400);
        let basket = &shop.baskets[number];
        let (mut by_list, whole_by_list) = attack(shop, basket, &list);
        by_list.retain(|product| !shared[&shop.goods[product - 1]]);
        let whole_by_list = whole_by_list && by_list.len() == basket.len();
        let cells = released(shop, &by_product, number as u64 + 1, count as u64);
        let (by_counts, whole) = attack(shop, basket, &cells);
        lines += basket.len();
        alone = (alone.0 + by_list.len(), alone.1 + usize::from(whole_by_list));
        more.0 += by_counts.iter().filter(|product| !by_list.contains(product)).count();
        more.1 += usize::from(whole && !whole_by_list);
    }
    let per_mille = |(named, whole): (usize, usize)| (named * 1000 / lines, whole * 1000 / tries);
    Found { list: per_mille(alone), more: per_mille(more) }
}

/// The rule without holding back: every product at each boundary.
const MIXED_ONLY: Release = Release { sales: 1, tickets: 32, longest: 1_600 };

fn guard(name: &str, shop: &Shop, days: &[usize], tries: usize) -> (usize, usize) {
    let count = shop.baskets.len();
    let windows = shop.sold(count, 500, None);
    // Whatever a day sells, the same is released: only tickets count.
    for a_day in days {
        let some = 672;
        let mut first = windows.clone();
        first.retain(|window| window.last <= some as u64);
        let mut fewer = shop.sold(some, *a_day, None);
        first.iter_mut().chain(&mut fewer).for_each(|window| window.day = 0);
        assert_eq!(fewer, first, "{name}: {a_day} a day");
    }
    let found = attacked(shop, count, windows, tries);
    let Found { list, more } = &found;
    println!("{name}: price list alone {list:?} per mille of lines and baskets, counts add {more:?}");
    assert!(more.0 <= 10 && more.1 <= 10, "{name}: counts add {more:?} per mille of lines and baskets");
    let mut mixed = shop.sold(count, 500, Some(MIXED_ONLY));
    // Had there been a sale before the last 32 tickets, the window would have ended there.
    mixed.iter_mut().for_each(|window| window.first = window.last - 31);
    let mixed = attacked(shop, count, mixed, tries);
    println!("{name}: mixed only, counts add {:?}", mixed.more);
    mixed.more
}

#[test]
fn counts_of_a_small_shop_name_no_basket() {
    let mixed = guard("small", &Shop::small(3_400), &[5, 20, 60], 100);
    assert!(mixed.0 > 10 && mixed.1 > 10, "the attack finds nothing where nothing is held back: {mixed:?}");
}

#[test]
fn counts_of_real_baskets_name_none() {
    guard("large", &Shop::large(), &[], 40);
}
