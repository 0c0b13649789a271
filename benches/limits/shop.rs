//! A shop to measure with: a real one's files, or one made up from a seed.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::Path;

use chrono::{DateTime, FixedOffset};
use olvido::domain::barcode::{Gtin, check_digit};
use olvido::domain::basket::{Basket, Line};
use olvido::domain::customer::Identifier;
use olvido::domain::import;
use olvido::domain::language::Language;
use olvido::domain::money::Money;
use olvido::domain::policy::{Policy, SHIPPED, TicketDetail};
use olvido::domain::product::{Product, ProductId};
use olvido::domain::quantity::Quantity;
use olvido::domain::sale::{Answer, Promise, Sale};
use olvido::domain::settings::Settings;
use olvido::domain::tax::TaxRate;
use olvido::domain::tender::{Payment, Tender, TenderKind};
use olvido::store::{Files, Store};

/// Products and baskets of a year.
const PRODUCTS: usize = 92_331;
const BASKETS: usize = 40_000;
/// Customers who let the shop remember.
pub const CUSTOMERS: usize = 2_469;

pub struct Shop {
    pub origin: String,
    /// The products as a file.
    pub csv: Vec<u8>,
    pub products: Vec<Product>,
    /// Product's position, pieces, and what they cost together, in cents.
    pub baskets: Vec<Vec<(usize, i64, i64)>>,
}

impl Shop {
    pub fn of_environment() -> Shop {
        let (mut origin, csv) = match env::var_os("OLVIDO_BENCH_CATALOGUE") {
            Some(path) => (
                "a catalogue from a file".to_owned(),
                fs::read(path).expect("OLVIDO_BENCH_CATALOGUE can be read"),
            ),
            None => ("a catalogue made up".to_owned(), made_up_csv()),
        };
        let products =
            import::read(&csv, &import_settings()).expect("the catalogue can be imported").accepted;
        let baskets = match env::var_os("OLVIDO_BENCH_BASKETS") {
            Some(path) => {
                origin.push_str(", baskets from a file");
                let text = fs::read_to_string(path).expect("OLVIDO_BENCH_BASKETS can be read");
                read_baskets(&text, &products)
            }
            None => {
                origin.push_str(", baskets made up");
                made_up_baskets(&products)
            }
        };
        Shop { origin, csv, products, baskets }
    }

    /// A new store with these products.
    pub fn store(&self, directory: &Path) -> Store {
        let issuer = Settings::default().store.issuer();
        let mut store =
            Store::create(&Files::of(directory), &issuer, SHIPPED, Policy::shipped()).expect("a new store");
        store.import_products(&self.products, |_, _| {}).expect("products are imported");
        store
    }

    /// The sale of a basket; `lines` cuts it to, or fills it up to, that many lines.
    pub fn sale(&self, basket: usize, lines: Option<usize>, choice: Option<&str>, customer: usize) -> Sale {
        let mut items: Vec<_> = self.baskets[basket % self.baskets.len()].clone();
        if let Some(lines) = lines {
            let more = self.baskets[(basket + 1)..].iter().chain(&self.baskets).flatten();
            items.extend(more.take(lines.saturating_sub(items.len())));
            items.truncate(lines);
        }
        let mut sold = Basket::default();
        for (product, pieces, cents) in items {
            let id = ProductId(u32::try_from(product + 1).expect("fewer than 2^32 products"));
            let mut line = Line::of(id, &self.products[product], Quantity::ONE).expect("one piece");
            if cents % pieces == 0 {
                line.quantity = Quantity::pieces(pieces).expect("pieces of a basket");
            }
            line.unit_price = Money(if cents % pieces == 0 { cents / pieces } else { cents });
            sold.add(line).expect("a basket of a real size");
        }
        let total = sold.priced().expect("a basket adds up").total;
        let mut payment = Payment::new(total, 1);
        if total > Money::ZERO {
            payment.add(Tender { kind: TenderKind::Cash, amount: total }).expect("exact cash");
        }
        let at = at();
        let customer = (choice == Some("remember"))
            .then(|| Identifier::phone(&format!("6{:08}", customer % CUSTOMERS), "34").expect("a phone"));
        let purposes = customer.iter().map(|_| "history".parse().expect("a purpose")).collect();
        let answer = Answer { choice: choice.map(str::to_owned), customer, purposes };
        let promise =
            Promise::of(answer, &Policy::shipped(), at.date_naive()).expect("a choice of the policy");
        Sale::freeze(at, &sold, &payment, promise, TicketDetail::Shop, "alimentación y hogar")
            .expect("paid in full")
    }

    /// A basket as `olvido ring` reads it.
    pub fn ring_line(&self, basket: usize) -> String {
        let lines: Vec<String> = self.baskets[basket % self.baskets.len()]
            .iter()
            .map(|&(product, pieces, cents)| {
                let code = self.products[product].barcode.expect("products have barcodes");
                let (pieces, cents) = if cents % pieces == 0 { (pieces, cents / pieces) } else { (1, cents) };
                let price = Money(cents).decimal(2);
                format!(r#"{{"code":"{code}","quantity":"{pieces}","unit_price":"{price}"}}"#)
            })
            .collect();
        format!("{{\"id\":\"basket {basket}\",\"lines\":[{}]}}\n", lines.join(","))
    }
}

pub fn import_settings() -> import::Settings<'static> {
    import::Settings {
        language: Language::English,
        default_tax: Some(TaxRate(2100)),
        default_department: "-",
        decimals: 2,
        decimal_mark: None,
    }
}

pub fn at() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2026-11-23T18:42:07+01:00").expect("a time")
}

fn read_baskets(text: &str, products: &[Product]) -> Vec<Vec<(usize, i64, i64)>> {
    let place: HashMap<Gtin, usize> =
        products.iter().enumerate().filter_map(|(index, product)| Some((product.barcode?, index))).collect();
    text.lines()
        .map(|line| {
            let basket: serde_json::Value = serde_json::from_str(line).expect("baskets are JSON lines");
            let lines = basket["lines"].as_array().expect("a basket has lines").iter();
            lines
                .map(|line| {
                    let code = line[0].as_str().and_then(|code| Gtin::parse(code).ok()).expect("a barcode");
                    let number = |index: usize| line[index].as_i64().expect("pieces and cents");
                    (place[&code], number(1), number(2))
                })
                .collect()
        })
        .collect()
}

/// Numbers that only look random: the same shop every time (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    /// Below `end`, small numbers far more often: three in four of the sales are of a tenth of the products.
    fn popular(&mut self, end: usize) -> usize {
        let one = (self.below(1 << 16) * self.below(1 << 16)) >> 16;
        let one = (one * self.below(1 << 16)) >> 16;
        (one * end) >> 16
    }
}

fn made_up_csv() -> Vec<u8> {
    let mut random = Random(2026);
    let syllables = ["ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ra", "sel", "tor", "van", "zu"];
    let words: Vec<String> = (0..4_000)
        .map(|_| (0..2 + random.below(3)).map(|_| syllables[random.below(syllables.len())]).collect())
        .collect();
    let departments: Vec<&str> = words[..44].iter().map(String::as_str).collect();
    let mut csv = String::from("barcode,sku,name,department,price,vat\n");
    for number in 0..PRODUCTS {
        let body = 40_000_000_000 + number as u64 * 7;
        let name: Vec<&str> =
            (0..2 + random.below(4)).map(|_| words[random.popular(words.len())].as_str()).collect();
        let price = 20 + random.popular(4_000);
        let vat = ["4", "10", "10", "21"][random.below(4)];
        csv.push_str(&format!(
            "{body:012}{},{number},{} {} G,{},{}.{:02},{vat}\n",
            check_digit(body),
            name.join(" "),
            50 * (1 + random.below(40)),
            departments[random.popular(departments.len())],
            price / 100,
            price % 100,
        ));
    }
    csv.into_bytes()
}

fn made_up_baskets(products: &[Product]) -> Vec<Vec<(usize, i64, i64)>> {
    let mut random = Random(40_000);
    (0..BASKETS)
        .map(|_| {
            (0..1 + random.popular(80))
                .map(|_| {
                    let product = random.popular(products.len());
                    let pieces = 1 + random.popular(6) as i64;
                    (product, pieces, products[product].price.0 * pieces)
                })
                .collect()
        })
        .collect()
}
