//! A small shop on real files, and a random sequence that a seed repeats.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::OnceLock;

use chrono::{DateTime, FixedOffset};
use olvido::domain::basket::{Basket, Line};
use olvido::domain::customer::{Identifier, Purpose};
use olvido::domain::money::{Currency, Money};
use olvido::domain::policy::{Policy, SHIPPED, TicketDetail};
use olvido::domain::sale::{Answer, Promise, Sale};
use olvido::domain::tax::TaxRate;
use olvido::domain::tender::{Payment, Tender, TenderKind};
use olvido::domain::ticket::Issuer;
use olvido::store::{Files, Store, StoreError};

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same on every machine.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `end` - 1.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

/// The seeds to run: `0..count`, or the one in `OLVIDO_SEED`.
pub fn seeds(count: u64) -> Vec<u64> {
    match std::env::var("OLVIDO_SEED") {
        Ok(seed) => vec![seed.parse().expect("OLVIDO_SEED is a number")],
        Err(_) => (0..count).collect(),
    }
}

/// A directory in memory where there is one: these tests do not need a disk, and a disk is slow.
pub fn fast_directory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    builder.permissions(fs::Permissions::from_mode(0o700));
    if memory.is_dir()
        && let Ok(directory) = builder.tempdir_in(memory)
    {
        return directory;
    }
    builder.tempdir().unwrap()
}

pub fn issuer() -> Issuer {
    let currency = Currency::from_code("EUR").unwrap();
    Issuer { name: "Ultramarinos Sol".into(), tax_id: "89890001K".into(), series: "A".into(), currency }
}

pub fn policy() -> Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY.get_or_init(Policy::shipped).clone()
}

pub fn create(directory: &Path) -> Store {
    Store::create(&Files::of(directory), &issuer(), SHIPPED, policy()).unwrap()
}

pub fn try_open(directory: &Path) -> Result<Store, StoreError> {
    Store::open(&Files::of(directory), &issuer(), SHIPPED, policy())
}

pub fn open(directory: &Path) -> Store {
    try_open(directory).unwrap()
}

pub fn at(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap()
}

/// What a customer answered at the till.
pub fn answer(choice: Option<&str>, customer: Option<&Identifier>, purposes: &[&str]) -> Answer {
    Answer {
        choice: choice.map(str::to_owned),
        customer: customer.cloned(),
        purposes: purposes.iter().map(|p| p.parse::<Purpose>().unwrap()).collect(),
    }
}

/// A sale of open-priced lines with these names, paid in cash.
pub fn sale_at(at: DateTime<FixedOffset>, answer: Answer, names: &[String]) -> Sale {
    let mut basket = Basket::default();
    for name in names {
        basket.add(Line::open(name, "Bazar", Money(1234), TaxRate(2100))).unwrap();
    }
    let total = basket.priced().unwrap().total;
    let mut payment = Payment::new(total, 1);
    payment.add(Tender { kind: TenderKind::Cash, amount: total }).unwrap();
    let promise = Promise::of(answer, &policy(), at.date_naive()).unwrap();
    Sale::freeze(at, &basket, &payment, promise, TicketDetail::Shop, "alimentación y hogar").unwrap()
}

pub fn sale(answer: Answer, names: &[String]) -> Sale {
    sale_at(at("2026-11-23T18:42:07+01:00"), answer, names)
}

/// Copies what is on file, as a process that dies leaves it. No directory inside.
pub fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Every file of a directory, the ones below it included, with its bytes.
pub fn all_files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            files.extend(all_files(&entry.path()));
        } else {
            files.push((entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()));
        }
    }
    files
}

/// The chain from the first ticket on: numbers without a gap, hashes right and linked, amounts
/// adding up. Returns how many tickets there are.
pub fn check_chain(store: &Store) -> u64 {
    let mut last = None;
    let mut count = 0;
    store
        .each_ticket::<StoreError>(|ticket| {
            count += 1;
            assert_eq!(ticket.number, count, "numbers have no gap");
            assert_eq!(ticket.previous, last, "ticket {count} is linked to the one before");
            assert_eq!(ticket.hash, ticket.expected_hash(), "the hash of ticket {count}");
            assert!(ticket.adds_up(), "the amounts of ticket {count}");
            last = Some(ticket.hash);
            Ok(())
        })
        .unwrap();
    count
}
