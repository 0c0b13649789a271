//! What commands write out tells what is released, and nothing that waits: with the database and both keys at hand.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::Value as Json;

use super::open::files;
use super::paths::DataDir;
use super::records_tests::Shop;
use crate::seal::{KeyFile, StoreKey, aead};
use crate::store::Outbox;
use crate::sync::outgoing;
use crate::sync::record::Series;

/// In the demo catalogue: PLU, name and cents a kilogram. Each is in fewer than five of the first 32 tickets.
const RARE: [(u32, &str, i64); 6] = [
    (4020, "Golden apple", 189),
    (4016, "Red apple", 199),
    (4409, "Conference pear", 215),
    (4030, "Kiwi", 345),
    (4247, "Strawberry", 450),
    (4022, "White grape", 320),
];
const CAKE: &str = "Special cake";
/// In each ticket, but for the three that [`Shop`] begins with: cents of a line.
const BAGUETTE: i64 = 85;
const BANANA: i64 = 137;

/// A line that waits. Of a cake the quantity says nothing.
#[derive(Clone, Copy)]
struct Waiting {
    ticket: i64,
    name: &'static str,
    /// Thousandths.
    quantity: i64,
    /// Cents.
    amount: i64,
}

/// Tickets 4 to 40, and what waits of them: the first 32 are a window, in which both that are in each are released.
fn sell(shop: &Shop) -> (String, Vec<Waiting>) {
    let (mut sales, mut waiting) = (String::new(), Vec::new());
    for ticket in 4..=40_i64 {
        let mut lines = vec![
            r#"{"code":"0400001010013","quantity":"1"}"#.to_owned(),
            r#"{"code":"4011","quantity":"0.6"}"#.to_owned(),
        ];
        if ticket % 4 == 0 || ticket > 32 {
            for place in [ticket / 4, ticket / 4 + 3] {
                let (plu, name, price) = RARE[place as usize % RARE.len()];
                let quantity = 1000 + 37 * ticket + 11 * place;
                let amount = (price * quantity + 500) / 1000;
                lines.push(format!(r#"{{"code":"{plu}","quantity":"{}"}}"#, decimal(quantity, 3)));
                waiting.push(Waiting { ticket, name, quantity, amount });
            }
        }
        if ticket % 8 == 0 {
            let amount = 701 + 13 * ticket;
            let price = decimal(amount, 2);
            lines.push(format!(
                r#"{{"department":"Bakery","name":"{CAKE}","unit_price":"{price}","tax":"4"}}"#
            ));
            waiting.push(Waiting { ticket, name: CAKE, quantity: 1000, amount });
        }
        let (day, lines) = (if ticket <= 20 { 24 } else { 25 }, lines.join(","));
        sales += &format!(
            "{{\"lines\":[{lines}],\"choice\":\"forget\",\"at\":\"2026-11-{day}T10:00:00+01:00\"}}\n"
        );
    }
    let file = shop.path("waiting.jsonl");
    fs::write(&file, sales).unwrap();
    (shop.done(&["ring", &file, "--import"]), waiting)
}

fn decimal(number: i64, decimals: usize) -> String {
    let scale = 10_i64.pow(decimals as u32);
    format!("{}.{:0decimals$}", number / scale, number % scale)
}

/// Quantity and amount of each line that waits, and of what its product has in one window, in the other and in both.
fn sums(waiting: &[Waiting]) -> BTreeSet<(i64, i64)> {
    let mut sums: BTreeSet<_> = waiting.iter().map(|line| (line.quantity, line.amount)).collect();
    for name in RARE.iter().map(|rare| rare.1).chain([CAKE]) {
        for tickets in [1..=32, 33..=40, 1..=40] {
            let lines = waiting.iter().filter(|line| line.name == name && tickets.contains(&line.ticket));
            let sum = lines.fold((0, 0), |sum, line| (sum.0 + line.quantity, sum.1 + line.amount));
            sums.extend((sum.0 > 0).then_some(sum));
        }
    }
    sums
}

/// Of each department, by window and by day: all that was sold, and what of it waits.
fn departments(waiting: &[Waiting]) -> BTreeSet<i64> {
    let mut sums = BTreeSet::new();
    for tickets in [1..=32, 33..=40, 1..=40, 4..=20, 21..=40, 4..=40] {
        let often = tickets.end() - tickets.start().max(&4) + 1;
        for (is_cake, popular) in [(true, BAGUETTE), (false, BANANA)] {
            let lines = waiting.iter().filter(|line| (line.name == CAKE) == is_cake);
            let rare: i64 = lines.filter(|l| tickets.contains(&l.ticket)).map(|l| l.amount).sum();
            sums.extend([rare, rare + often * popular]);
        }
    }
    sums
}

/// Fails where a text tells something that waits, with a decimal comma or a point.
fn tells_nothing(what: &str, text: &str, waiting: &[Waiting]) {
    let told = |number: &str| number.trim_end_matches(['.', ',']).replace(',', ".");
    let numbers: BTreeSet<String> =
        text.split(|c: char| !c.is_alphanumeric() && c != '.' && c != ',').map(told).collect();
    let mut figures: BTreeSet<String> = departments(waiting).iter().map(|sum| decimal(*sum, 2)).collect();
    for (quantity, amount) in sums(waiting) {
        figures.insert(decimal(amount, 2));
        // Whole numbers are dates and counts, too.
        figures.extend((quantity % 1000 != 0).then(|| decimal(quantity, 3)));
    }
    let found: Vec<_> = numbers.intersection(&figures).collect();
    assert!(found.is_empty(), "{what} tells {found:?}:\n{text}");
    for name in RARE.iter().map(|rare| rare.1).chain([CAKE]) {
        assert!(!text.contains(name), "{what} tells {name}:\n{text}");
    }
}

/// How the counts write a quantity and an amount: LEB128, doubled for the sign.
fn as_counted((quantity, amount): (i64, i64)) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in [quantity, amount] {
        let mut rest = number * 2;
        while rest >= 0x80 {
            bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
    }
    bytes
}

/// Which of these sums a thief finds who has all that a directory holds, and `store.key`: in rows in the clear, and
/// in whatever any key opens.
fn found_in(directory: &Path, key: &Path, sums: &BTreeSet<(i64, i64)>) -> BTreeSet<(i64, i64)> {
    let keys = KeyFile::open_to_read(&directory.join("olvido.keys"), &StoreKey::load(key).unwrap()).unwrap();
    let slots = keys.live().unwrap().live;
    let slots: Vec<_> =
        slots.into_iter().map(|slot| (keys.key(slot).unwrap().unwrap(), slot.owner)).collect();
    let database = Connection::open(directory.join("olvido.db")).unwrap();
    let mut tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let (mut opened, mut rows): (Vec<u8>, Vec<Vec<i64>>) = (Vec::new(), Vec::new());
    for table in tables {
        let mut statement = database.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            rows.push(Vec::new());
            for column in 0..columns {
                match row.get::<_, Value>(column).unwrap() {
                    Value::Integer(number) => rows.last_mut().unwrap().push(number),
                    Value::Blob(sealed) => {
                        let plain =
                            slots.iter().find_map(|(key, owner)| aead::open(key, owner, &sealed).ok());
                        opened.extend(plain.iter().flat_map(|plain| plain.iter()));
                    }
                    _ => {}
                }
            }
        }
    }
    let told = |sum: &(i64, i64)| {
        memchr::memmem::find(&opened, &as_counted(*sum)).is_some()
            || rows.iter().any(|row| row.contains(&sum.0) && row.contains(&sum.1))
    };
    sums.iter().filter(|sum| told(sum)).copied().collect()
}

/// Every number in a JSON value.
fn numbers(json: &Json, all: &mut BTreeSet<i64>) {
    match json {
        Json::Number(number) => all.extend(number.as_i64()),
        Json::Array(values) => values.iter().for_each(|value| numbers(value, all)),
        Json::Object(fields) => fields.values().for_each(|value| numbers(value, all)),
        _ => {}
    }
}

#[test]
fn what_a_command_writes_tells_nothing_that_waits() {
    let shop = Shop::new();
    let (rung, waiting) = sell(&shop);
    tells_nothing("ring", &rung, &waiting);
    let days = ["2026-11-23", "2026-11-24", "2026-11-25"];
    let mut periods = vec![vec![]];
    for (place, from) in days.iter().enumerate() {
        periods.push(vec!["--from", from]);
        periods.push(vec!["--to", from]);
        periods.extend(days[place..].iter().map(|to| vec!["--from", from, "--to", to]));
    }
    let review = |line: &[&str]| shop.done(&[&["review"], line].concat());
    for period in &periods {
        tells_nothing("review", &review(period), &waiting);
        let json = review(&[&["--json"], &period[..]].concat());
        tells_nothing("review --json", &json, &waiting);
        let json: Json = serde_json::from_str(&json).unwrap();
        let is_whole = json["sales"] == 40;
        let released = serde_json::json!({
            "Bakery": decimal(29 * BAGUETTE, 2),
            "Fruit": decimal(29 * BANANA, 2),
        });
        assert_eq!(json["department"], if is_whole { released } else { serde_json::json!({}) }, "{period:?}");
    }
    let backup = shop.path("backup.tar");
    for line in [
        &["export", "tickets"][..],
        &["verify"],
        &["verify", "--json"],
        &["receipt", &shop.guarantee],
        &["purchase", "show", &shop.guarantee],
        &["purchase", "show", &shop.remember, "--json"],
        &["customer", "show", "600123456"],
        &["policy", "show"],
        &["policy", "show", "--record"],
        &["backup", &backup],
        &["purchase", "forget", &shop.guarantee],
        &["customer", "forget", "600123456"],
        &["expire"],
        &["review"],
    ] {
        tells_nothing(&line.join(" "), &shop.done(line), &waiting);
    }
    let data = DataDir::at(&shop.data());
    let log = fs::read_to_string(data.log()).unwrap_or_default();
    tells_nothing("the log", &log, &waiting);
    let outbox = Outbox::open(&files(&data)).unwrap();
    for series in Series::ALL {
        for body in outgoing::page(&outbox, series, 0, 100, 1 << 20).unwrap().into_iter().flatten() {
            tells_nothing("what goes to the hub", body.get(), &waiting);
            let mut sent = BTreeSet::new();
            numbers(&serde_json::from_str(body.get()).unwrap(), &mut sent);
            let told = departments(&waiting).into_iter().chain(sums(&waiting).into_iter().map(|sum| sum.1));
            let told: Vec<i64> = told.filter(|amount| sent.contains(amount)).collect();
            assert!(told.is_empty(), "{told:?} go to the hub: {body}");
        }
    }
    // The till itself has what waits: else nothing above would have been at stake.
    let released = BTreeSet::from([(29_000, 29 * BAGUETTE), (29 * 600, 29 * BANANA)]);
    let all: BTreeSet<_> = sums(&waiting).union(&released).copied().collect();
    let key = data.store_key();
    let there = found_in(data.root(), &key, &all);
    assert!(there.len() > RARE.len() + released.len(), "{there:?}");
    let unpacked = tempfile::tempdir().unwrap();
    tar::Archive::new(File::open(&backup).unwrap()).unpack(unpacked.path()).unwrap();
    assert_eq!(found_in(unpacked.path(), &key, &all), released);
}
