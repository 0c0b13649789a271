//! A till in a process of its own that says what it is about to do and what it has done, a line
//! each, until somebody kills it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chrono::NaiveDate;
use olvido::seal::ReceiptCode;
use olvido::store::{Order, Outcome, Request, Store};

use super::common::{Rng, answer, at, create, open, sale_at};
use super::lookups;

/// Variables that make the test below the till.
const DATA: &str = "OLVIDO_CHILD_DATA";
const SEED: &str = "OLVIDO_CHILD_SEED";
const WEAK: &str = "OLVIDO_CHILD_WEAK";
const KEPT: &str = "OLVIDO_CHILD_KEPT";
const STEPS: &str = "OLVIDO_CHILD_STEPS";

/// How a child is to run.
pub struct Orders<'a> {
    pub data: &'a Path,
    pub seed: u64,
    pub steps: usize,
    /// With `synchronous=NORMAL`.
    pub weak: bool,
    /// Codes of kept purchases that it may forget.
    pub kept: &'a [String],
}

/// This very program, as a till whose standard output can be read.
pub fn command(orders: &Orders<'_>) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["child::till", "--exact", "--nocapture", "--test-threads=1"])
        .env(DATA, orders.data)
        .env(SEED, orders.seed.to_string())
        .env(STEPS, orders.steps.to_string())
        .env(KEPT, orders.kept.join(" "))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if orders.weak {
        command.env(WEAK, "1");
    }
    command
}

/// The day on which the child's clock stands.
pub fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n@{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

#[test]
fn till() {
    let Some(data) = std::env::var_os(DATA).map(PathBuf::from) else { return };
    let number = |name: &str| std::env::var(name).unwrap().parse::<u64>().unwrap();
    let mut random = Rng::new(number(SEED));
    let mut store = if data.join("olvido.db").exists() { open(&data) } else { create(&data) };
    if std::env::var_os(WEAK).is_some() {
        store.weaken_durability_for_mutation_test().unwrap();
    }
    say("OPEN");
    let mut kept: Vec<String> = std::env::var(KEPT).unwrap().split_whitespace().map(str::to_owned).collect();
    for step in 0..number(STEPS) {
        step_once(&mut store, &mut random, &mut kept, &format!("{}-{step}", number(SEED)));
    }
}

fn step_once(store: &mut Store, random: &mut Rng, kept: &mut Vec<String>, id: &str) {
    match random.below(20) {
        0..11 => sell(store, random, kept, id),
        11..14 if !kept.is_empty() => {
            let code = kept.swap_remove(random.below(kept.len()));
            say(&format!("TRY forget {code}"));
            store.forget(&ReceiptCode::parse(&code).unwrap()).unwrap();
            say(&format!("FORGOT {code}"));
        }
        14 => {
            say("TRY expire");
            store.expire(today()).unwrap();
            say("EXPIRED");
        }
        15 | 16 => {
            say(&format!("TRY draft {id}"));
            store.save_draft(id.as_bytes()).unwrap();
            say(&format!("DRAFT {id}"));
        }
        17 => {
            say("TRY drop");
            store.drop_draft().unwrap();
            say("DROPPED");
        }
        18 if random.percent(30) => {
            say("TRY close");
            store.close_day().unwrap();
            say("CLOSED");
        }
        _ => drop(store.tend().unwrap()),
    }
}

/// Choices, as the lines of the protocol name them. `past`: a guarantee that is over by now.
const CHOICES: [&str; 5] = ["forget", "guarantee", "remember", "past", "forget"];

fn sell(store: &mut Store, random: &mut Rng, kept: &mut Vec<String>, id: &str) {
    let choice = CHOICES[random.below(CHOICES.len())];
    say(&format!("TRY sell {id} {choice}"));
    let (number, hash, code) = sell_as(store, id, choice).unwrap();
    say(&format!("SOLD {id} {choice} {number} {hash} {code}"));
    if matches!(choice, "guarantee" | "remember") {
        kept.push(code);
    }
}

/// Who buys under a client's id, one of ten.
pub fn customer_of(id: &str) -> usize {
    id.bytes().map(usize::from).sum::<usize>() % 10
}

/// Sells under a client's id. `None` when that was done before.
pub fn sell_as(store: &mut Store, id: &str, choice: &str) -> Option<(u64, String, String)> {
    let (choice, day) = match choice {
        "past" => ("guarantee", "2023-11-20T10:00:00+01:00"),
        choice => (choice, "2026-11-23T18:42:07+01:00"),
    };
    let customer = lookups::phone(customer_of(id));
    let customer = (choice == "remember").then_some(&customer);
    let purposes: &[&str] = match customer {
        None => &[],
        Some(_) if id.ends_with('7') => &["history", "offers"],
        Some(_) => &["history"],
    };
    let sale = sale_at(at(day), answer(Some(choice), customer, purposes), &[format!("CANARY {id}")]);
    let request = Some(Request { id: store.request_id(id), day: today() });
    match store.commit_basket(Order { sale: &sale, request }).unwrap() {
        Outcome::Sold(sold) => {
            Some((sold.ticket.number, sold.ticket.hash.to_string(), sold.code.text().to_string()))
        }
        Outcome::Repeated(_) => None,
    }
}
