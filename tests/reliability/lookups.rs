//! Whoever has every file of a shop, `store.key` among them, can compute what finds a customer and try each
//! number there is. Nobody who was forgotten is found so.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use olvido::domain::customer::Identifier;
use olvido::seal::{StoreKey, customer_lookup};
use olvido::store::Forgetting;
use rusqlite::Connection;

use super::common::{all_files, answer, at, copy_files, create, fast_directory, open, sale};

const CUSTOMERS: usize = 400;
const FORGOTTEN: usize = 250;

pub fn phone(index: usize) -> Identifier {
    Identifier::phone(&format!("6000{index:05}"), "34").unwrap()
}

/// Which of these customers are in any byte of the files, by trying each.
pub fn tried(directory: &Path, customers: &[Identifier]) -> BTreeSet<usize> {
    let key = StoreKey::load(&directory.join("store.key")).unwrap();
    let mut known = HashMap::new();
    let mut starts = vec![false; 1 << 16];
    for (index, customer) in customers.iter().enumerate() {
        let lookup = customer_lookup(&key, "customer", &customer.canonical()).0;
        starts[usize::from(u16::from_le_bytes([lookup[0], lookup[1]]))] = true;
        known.insert(lookup, index);
    }
    let mut found = BTreeSet::new();
    for (_, bytes) in all_files(directory) {
        for window in bytes.windows(16) {
            if starts[usize::from(u16::from_le_bytes([window[0], window[1]]))] {
                found.extend(known.get(window));
            }
        }
    }
    found
}

/// With 0.2.0 two of these 250 were found, and their numbers with them.
#[test]
fn trying_every_number_finds_nobody_who_was_forgotten() {
    let directory = fast_directory();
    let mut store = create(directory.path());
    let customers: Vec<Identifier> = (0..CUSTOMERS).map(phone).collect();
    for round in 0..2 {
        for index in 0..CUSTOMERS {
            // In no order, so that pages are split.
            let customer = &customers[index * 151 % CUSTOMERS];
            let purposes: &[&str] = if index % 3 == round { &["history"] } else { &["offers"] };
            let name = format!("product {round} {index}");
            store.sell(&sale(answer(Some("remember"), Some(customer), purposes), &[name])).unwrap();
            store.tend().unwrap();
        }
    }
    // The control: an attacker who comes before finds them all.
    assert_eq!(tried(directory.path(), &customers), (0..CUSTOMERS).collect());
    let kept: BTreeSet<usize> = (FORGOTTEN..CUSTOMERS).collect();
    for index in 0..FORGOTTEN {
        let customer = &customers[index * 77 % FORGOTTEN];
        assert_eq!(store.forget_customer(customer).unwrap(), Some(Forgetting::Complete));
    }
    // As it lies there, as a process that died left it, and at the end of the day.
    assert_eq!(tried(directory.path(), &customers), kept);
    let dead = fast_directory();
    copy_files(directory.path(), dead.path());
    assert!(!open(dead.path()).tend().unwrap());
    assert_eq!(tried(dead.path(), &customers), kept);
    store.rest(at("2026-11-23T23:59:00+01:00")).unwrap();
    assert!(store.is_compact().unwrap());
    assert_eq!(tried(directory.path(), &customers), kept);
    for (index, customer) in customers.iter().enumerate() {
        assert_eq!(store.customer(customer).unwrap().is_some(), kept.contains(&index));
    }
    let database = Connection::open(directory.path().join("olvido.db")).unwrap();
    let rows = |sql: &str| database.query_row(sql, [], |row| row.get::<_, usize>(0)).unwrap();
    assert_eq!(rows("SELECT count(*) FROM profile"), kept.len());
    assert_eq!(rows("SELECT count(*) FROM purchase"), 2 * kept.len());
}
