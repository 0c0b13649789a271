//! Whatever bytes the files hold: no panic, nothing written over, and no ticket altered unnoticed.

use std::fs;
use std::path::Path;

use olvido::domain::customer::Identifier;
use olvido::store::{Store, StoreError};

use super::child::today;
use super::common::{Rng, answer, copy_files, create, fast_directory, sale, seeds, try_open};

const DAMAGES: u64 = 400;

#[test]
fn damage_never_panics_nor_alters_a_ticket_unnoticed() {
    let whole = fast_directory();
    let tickets = shop(whole.path());
    let (mut refused, mut found, mut harmless) = (0, 0, 0);
    for seed in seeds(DAMAGES) {
        let mut random = Rng::new(seed);
        let data = fast_directory();
        copy_files(whole.path(), data.path());
        let name = ["olvido.db", "olvido.db", "olvido.keys", "store.key"][random.below(4)];
        let path = data.path().join(name);
        let mut bytes = fs::read(&path).unwrap();
        let what = damage(&mut bytes, &mut random);
        fs::write(&path, &bytes).unwrap();
        let context = format!("OLVIDO_SEED={seed}: {name} {what}");
        let store = try_open(data.path()).and_then(|mut store| {
            let verified = store.verify(today())?;
            Ok((store, verified))
        });
        match store {
            Err(error) => {
                refused += 1;
                assert!(is_plain(&error), "{context}: {error:?}");
                assert_eq!(fs::read(&path).unwrap(), bytes, "{context}: written over");
            }
            Ok((_, verified)) if !verified.holds() => found += 1,
            Ok((store, _)) => {
                harmless += 1;
                assert_eq!(figures(&store).unwrap(), tickets, "{context}");
            }
        }
    }
    println!(
        "{DAMAGES} damages: {refused} refused at the start, {found} found by verify, {harmless} harmless"
    );
}

#[test]
fn a_missing_file_is_said_and_not_made_anew() {
    for name in ["olvido.db", "olvido.keys", "store.key"] {
        let data = fast_directory();
        shop(data.path());
        fs::remove_file(data.path().join(name)).unwrap();
        let Err(error) = try_open(data.path()) else { panic!("opened without {name}") };
        assert!(is_plain(&error) || matches!(error, StoreError::Missing), "{name}: {error:?}");
        assert!(!data.path().join(name).exists(), "{name}");
    }
}

/// A closed shop. Returns what its tickets say.
fn shop(data: &Path) -> Vec<(u64, String, String)> {
    let mut store = create(data);
    let customer = Identifier::phone("600123456", "34").unwrap();
    for index in 0..30 {
        let choice = ["forget", "guarantee", "remember"][index % 3];
        let customer = (choice == "remember").then_some(&customer);
        let purposes: &[&str] = if customer.is_some() { &["history"] } else { &[] };
        store.sell(&sale(answer(Some(choice), customer, purposes), &[format!("product {index}")])).unwrap();
    }
    let tickets = figures(&store).unwrap();
    store.close().unwrap();
    tickets
}

/// Number, amounts and hash of each ticket.
fn figures(store: &Store) -> Result<Vec<(u64, String, String)>, StoreError> {
    let mut figures = Vec::new();
    store.each_ticket::<StoreError>(|ticket| {
        let amounts = format!("{:?} {:?} {:?}", ticket.at, ticket.total, ticket.tax_total);
        figures.push((ticket.number, amounts, ticket.hash.to_string()));
        Ok(())
    })?;
    Ok(figures)
}

fn damage(bytes: &mut Vec<u8>, random: &mut Rng) -> String {
    let place = random.below(bytes.len());
    match random.below(5) {
        0 => {
            bytes.truncate(place);
            format!("cut short to {place}")
        }
        1 => {
            bytes[place] ^= 1 << random.below(8);
            format!("one bit at {place}")
        }
        2 => {
            // The headers, where every byte means something.
            let place = random.below(bytes.len().min(128));
            bytes[place] = random.next() as u8;
            format!("header at {place}")
        }
        3 => {
            let end = bytes.len().min(place + 1 + random.below(4096));
            bytes[place..end].fill_with(|| random.next() as u8);
            format!("junk from {place} to {end}")
        }
        _ => {
            let end = bytes.len().min(place + 1 + random.below(4096));
            bytes[place..end].fill(0);
            format!("zeros from {place} to {end}")
        }
    }
}

/// An error that has words of its own for the user. A letter changed in the kept text of a policy
/// looks as if the policy file had changed.
fn is_plain(error: &StoreError) -> bool {
    use StoreError::{Damaged, DatabaseOlder, Keys, PolicyNeedsNewVersion, StoreKey, TooNew};
    matches!(error, Damaged(_) | DatabaseOlder | TooNew | Keys(_) | StoreKey(_) | PolicyNeedsNewVersion(_))
}
