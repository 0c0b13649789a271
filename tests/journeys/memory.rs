//! What the memory of the running till holds of a sale that was forgotten, two sales later.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use memchr::memmem;

use crate::shop::Shop;
use crate::{BREAD, MICROWAVE, MILK, READY, WASHER};

/// Two washing machines: their amount stands nowhere but in the basket, not in the price list and, beside another
/// appliance, not on the ticket.
const QUANTITY: i64 = 2000;
const PRICE: i64 = 38900;
const AMOUNT: i64 = 77800;

/// As the screen, the receipt, a draft and a count write it.
const TEXTS: [&str; 5] = ["778,00", "778.00", "77800", "2*0400001200018", "2 × 389,00"];

/// Where any of it stands: the text, or, as the program holds a line or a count, quantity and price or
/// amount as numbers close together.
fn found(memory: &[(u64, Vec<u8>)]) -> Vec<String> {
    let mut found = Vec::new();
    for (start, bytes) in memory {
        for text in TEXTS {
            for place in memmem::find_iter(bytes, text) {
                found.push(format!("{:x}: {}", start + place as u64, around(bytes, place)));
            }
        }
        for place in memmem::find_iter(bytes, &QUANTITY.to_ne_bytes()) {
            let near = &bytes[place.saturating_sub(96)..bytes.len().min(place + 96)];
            for (number, name) in [(PRICE, "price"), (AMOUNT, "amount")] {
                if memmem::find(near, &number.to_ne_bytes()).is_some() {
                    found.push(format!("{:x}: quantity and {name} as numbers", start + place as u64));
                }
            }
        }
    }
    found
}

fn around(bytes: &[u8], place: usize) -> String {
    let near = &bytes[place.saturating_sub(60)..bytes.len().min(place + 60)];
    String::from_utf8_lossy(near).chars().map(|c| if c.is_control() { '·' } else { c }).collect()
}

/// Only root may read the memory of a till. Elsewhere the test is root in a user namespace of its own.
fn as_root(test: &str) -> bool {
    if fs::metadata("/proc/self").expect("a process").uid() == 0 {
        return true;
    }
    let program = std::env::current_exe().expect("this program");
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--"])
        .arg(program)
        .args(["--exact", test, "--nocapture"])
        .status()
        .expect("unshare");
    assert!(status.success(), "{test} in a namespace of its own");
    false
}

#[test]
fn two_sales_later_nothing_is_left_of_a_forgotten_one() {
    if !as_root("memory::two_sales_later_nothing_is_left_of_a_forgotten_one") {
        return;
    }
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    till.types("2*").scans(WASHER).sees("778,00").scans(MICROWAVE).sees("2 líneas").rests();
    let seen = found(&till.memory());
    for what in ["778,00", "numbers"] {
        assert!(
            seen.iter().any(|found| found.contains(what)),
            "the search finds {what} while it is there: {seen:?}"
        );
    }
    till.key("F10").sees("Falta").key("F8").sees("Olvidar esta compra").key("1").sees("Anotado");
    till.key("Enter").sees("Falta").key("a").sees("vendido A-000001");
    for (code, ticket) in [(BREAD, "vendido A-000002"), (MILK, "vendido A-000003")] {
        till.scans(code).sees("1 artículo").key("F10").sees("Falta").key("a").sees(ticket);
    }
    till.rests();
    assert_eq!(found(&till.memory()), Vec::<String>::new());
}

/// A process of the same user cannot read it, and there is no core file.
#[test]
fn the_memory_is_nobody_elses() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    let limits = till.proc("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    // Whoever runs it, what is in /proc of a process that is not dumpable belongs to root.
    let of = |name: &str| fs::metadata(format!("/proc/{}/{name}", till.pid())).expect("the program runs");
    assert_eq!(of("mem").uid(), 0);
}
