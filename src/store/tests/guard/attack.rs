//! The exact attack on one ticket: which baskets add up to its amounts by tax rate?

use std::collections::{BTreeMap, HashMap, HashSet};

use super::shop::{Good, Lines, Shop};
use crate::domain::policy::Release;
use crate::store::counts::Window;

/// What can be in a cell of a ticket: products with the amounts of a line.
type Candidates = Vec<(usize, Vec<i64>)>;

/// Whoever knows what each product can have at most in a line of the ticket.
pub(super) struct Thief {
    cells: HashMap<u16, Candidates>,
    /// Products that have a twin of the same price: no sum tells them apart.
    twins: HashSet<usize>,
    /// Whether a product is in every explanation of an amount at a rate.
    known: HashMap<(u16, i64, usize), bool>,
}

impl Thief {
    /// Who has the price list alone. Of goods that cost the same two are as good as all.
    pub fn with_prices(shop: &Shop) -> Thief {
        let mut count: HashMap<Good, usize> = HashMap::new();
        let others = shop.others.iter().flat_map(|(good, n)| std::iter::repeat_n((0, *good), (*n).min(2)));
        let mut two: Vec<(usize, Good)> = (1..).zip(shop.goods.iter().copied()).chain(others).collect();
        two.retain(|(_, good)| {
            let n = count.entry(*good).or_default();
            *n += 1;
            *n <= 2
        });
        let twins = (1..).zip(&shop.goods).filter(|(_, good)| count[*good] > 1).map(|(product, _)| product);
        Thief::of(two.into_iter().map(|(product, good)| (product, good, i64::MAX)), twins.collect())
    }

    /// Who has the released windows of the first `count` tickets too, before `ticket`. The rule is public: beside
    /// the sale in question, a window that ended early has as many others as the rule asks for, less one.
    pub fn with_counts(
        shop: &Shop,
        windows: &BTreeMap<usize, Vec<Window>>,
        rule: Release,
        ticket: u64,
        count: u64,
    ) -> Thief {
        let longest = u64::from(rule.longest);
        let most = |(product, good): (usize, Good)| {
            let own = windows.get(&product).map_or(&[][..], Vec::as_slice);
            let most = match own.iter().find(|window| window.last >= ticket) {
                Some(window) if window.first <= ticket => {
                    let others = if window.last + 1 - window.first < longest { rule.sales - 1 } else { 0 };
                    window.quantity / if good.weighed { 5 } else { 1000 } - i64::from(others)
                }
                // A window in which nothing was sold is known by the next one,
                Some(_) => 0,
                // or by its end.
                None => {
                    let before = own.last().map_or(0, |window| window.last);
                    let end = before + (ticket - before).div_ceil(longest) * longest;
                    if end <= count { 0 } else { i64::MAX }
                }
            };
            (product, good, most)
        };
        Thief::of((1..).zip(shop.goods.iter().copied()).map(most), HashSet::new())
    }

    fn of(goods: impl Iterator<Item = (usize, Good, i64)>, twins: HashSet<usize>) -> Thief {
        let mut cells: HashMap<u16, Candidates> = HashMap::new();
        for (product, good, most) in goods.filter(|(_, _, most)| *most > 0) {
            cells.entry(good.vat).or_default().push((product, good.amounts(most)));
        }
        // Those with many amounts and cheap ones first: then the search ends early.
        for candidates in cells.values_mut() {
            candidates.sort_by_key(|(_, amounts)| (std::cmp::Reverse(amounts.len()), amounts[0]));
        }
        Thief { cells, twins, known: HashMap::new() }
    }

    /// The products of a basket that are in every explanation of its ticket, and whether there is only one.
    pub fn names(&mut self, shop: &Shop, basket: &Lines) -> (Vec<usize>, bool) {
        let ticket = shop.ticket(basket);
        let mut named = Vec::new();
        for (product, _) in basket {
            let vat = shop.good(*product).vat;
            let amount = ticket[&vat];
            let without = || !adds_up(&self.cells[&vat], amount, *product);
            if !self.twins.contains(product)
                && *self.known.entry((vat, amount, *product)).or_insert_with(without)
            {
                named.push(*product);
            }
        }
        let whole = named.len() == basket.len()
            && ticket.iter().all(|(vat, amount)| is_only_one(&self.cells[vat], *amount));
        (named, whole)
    }
}

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
