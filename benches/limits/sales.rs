//! Sales and forgetting, beside a bare transaction.

use std::path::Path;

use olvido::seal::ReceiptCode;
use olvido::store::{Forgetting, Order, Outcome, Stage, Store};

use super::bare::Bare;
use super::shop::{CUSTOMERS, Random, Shop};
use super::{Row, median, timed};

const BARE: &str = "bare transaction";
/// Samples of each kind.
const SAMPLES: usize = 300;
/// Lines of a measured sale: the mean of a real year is 9.4.
const LINES: usize = 9;
const FEW: usize = 1_000;
const MANY: usize = 140_000;

pub fn measure(shop: &Shop, directory: &Path) -> Vec<Row> {
    let mut bare = Bare::new(directory);
    let mut few = Filled::new(shop, &directory.join("few"), FEW);
    let mut many = Filled::new(shop, &directory.join("many"), MANY);
    let mut rows = sell(shop, &mut many.store, &mut bare);
    rows.extend(forget_keys(shop, &mut few, &mut many, &mut bare));
    rows.push(forget_whole(shop, &mut many, &mut bare));
    rows
}

/// A sale as the till makes it: the open basket was saved before, and what need not be waited for
/// is done after.
fn sell(shop: &Shop, store: &mut Store, bare: &mut Bare) -> Vec<Row> {
    let mut bares = Vec::new();
    let mut times = [Vec::new(), Vec::new()];
    for sample in 0..SAMPLES {
        for (choice, times) in ["forget", "remember"].into_iter().zip(&mut times) {
            bares.push(bare.transaction());
            let sale = shop.sale(sample, Some(LINES), Some(choice), sample);
            store.save_draft(&[0; 1500]).expect("a draft");
            let (took, _) = timed(|| store.sell(&sale).expect("a sale"));
            times.push(took);
            store.tend().expect("tended");
        }
    }
    let bare = median(&mut bares);
    let [forget, remember] = times.map(|mut times| median(&mut times));
    vec![
        Row::times("sale committed, 9 lines, forget", forget, 2.0, BARE, bare),
        Row::times("sale committed, 9 lines, remember", remember, 3.0, BARE, bare),
    ]
}

/// Until the key is gone for good, by turns in a store of few purchases and in one of many.
fn forget_keys(shop: &Shop, few: &mut Filled, many: &mut Filled, bare: &mut Bare) -> Vec<Row> {
    let mut bares = Vec::new();
    let mut times = [Vec::new(), Vec::new()];
    for sample in 0..SAMPLES {
        for (filled, times) in [&mut *few, &mut *many].into_iter().zip(&mut times) {
            bares.push(bare.transaction());
            // A till forgets between sales.
            filled.store.sell(&shop.sale(sample, Some(LINES), None, 0)).expect("a sale");
            filled.store.tend().expect("tended");
            let code = filled.take(sample);
            let (took, ()) = timed(|| {
                let slot = filled.store.slot(&code).expect("a store that answers").expect("a kept purchase");
                filled.store.entomb(&[slot]).expect("a tombstone");
                filled.store.advance(Stage::KeyDestroyed).expect("a zeroed key");
            });
            times.push(took);
            filled.store.finish_forgetting().expect("the rest");
        }
    }
    let bare = median(&mut bares);
    let [of_few, of_many] = times.map(|mut times| median(&mut times));
    vec![
        Row::times("forget one purchase, key gone", of_many, 4.0, BARE, bare),
        Row::times("the same, 140,000 on file", of_many, 1.2, "with 1,000 on file", of_few),
    ]
}

fn forget_whole(shop: &Shop, many: &mut Filled, bare: &mut Bare) -> Row {
    let (mut bares, mut times) = (Vec::new(), Vec::new());
    for sample in 0..SAMPLES {
        bares.push(bare.transaction());
        many.store.sell(&shop.sale(sample, Some(LINES), None, 0)).expect("a sale");
        many.store.tend().expect("tended");
        let code = many.take(sample);
        let (took, forgotten) = timed(|| many.store.forget(&code).expect("a forget"));
        assert_eq!(forgotten, Some(Forgetting::Complete));
        times.push(took);
    }
    let bare = median(&mut bares);
    Row::times("forget one purchase, log truncated", median(&mut times), 12.0, BARE, bare)
}

/// A store with purchases on file: half of them for the guarantee, half remembered, as many for
/// each customer in a small store as in a large one.
struct Filled {
    store: Store,
    codes: Vec<ReceiptCode>,
    random: Random,
}

impl Filled {
    fn new(shop: &Shop, directory: &Path, purchases: usize) -> Filled {
        super::folder(directory);
        let mut store = shop.store(directory);
        let customers = (CUSTOMERS * purchases / MANY).max(1);
        let mut codes = Vec::with_capacity(purchases);
        while codes.len() < purchases {
            let first = codes.len();
            let sales: Vec<_> = (first..purchases.min(first + 1_000))
                .map(|n| {
                    let choice = if n % 2 == 0 { "guarantee" } else { "remember" };
                    shop.sale(n, None, Some(choice), n % customers)
                })
                .collect();
            let orders: Vec<_> = sales.iter().map(|sale| Order { sale, request: None }).collect();
            for outcome in store.commit(&orders).expect("sales") {
                let Outcome::Sold(sold) = outcome else { unreachable!("no order has an id") };
                codes.push(sold.code.clone());
            }
            store.tend().expect("tended");
        }
        Filled { store, codes, random: Random(purchases as u64) }
    }

    /// Any purchase that is still kept: by turns of both kinds.
    fn take(&mut self, sample: usize) -> ReceiptCode {
        let wanted = sample % 2;
        loop {
            let at = self.random.below(self.codes.len());
            let kind = at % 2;
            if kind == wanted && self.store.slot(&self.codes[at]).expect("a store that answers").is_some() {
                return self.codes[at].clone();
            }
        }
    }
}
