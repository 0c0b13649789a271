//! A clock that was set back, and one that is years ahead.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::common::{answer, at, check_chain, create, fast_directory, open, sale_at};
use super::power_cut::compiled;

#[test]
fn numbers_and_chain_stay_in_order_when_the_clock_does_not() {
    let data = fast_directory();
    let mut store = create(data.path());
    // Forward, back by an hour, back by two years and before every term, another offset, forward.
    let times = [
        "2026-11-23T18:42:07+01:00",
        "2026-11-23T17:42:07+01:00",
        "2024-02-29T23:59:59+01:00",
        "1970-01-01T00:00:00+00:00",
        "2026-11-23T18:42:08+14:00",
        "2026-11-24T09:00:00+01:00",
    ];
    for (time, number) in times.iter().zip(1..) {
        let sale = sale_at(at(time), answer(Some("guarantee"), None, &[]), &["a".to_owned()]);
        let sold = store.sell(&sale).unwrap();
        assert_eq!(sold.ticket.number, number);
        // By this the till sees that its clock is behind, and warns.
        assert_eq!(store.last_ticket_at().unwrap(), Some(at(time)));
        store.tend().unwrap();
    }
    assert_eq!(check_chain(&store), times.len() as u64);
    drop(store);
    let mut store = open(data.path());
    assert_eq!(check_chain(&store), times.len() as u64);
    // What is past its term goes; nothing that is not.
    let expired = store.expire(at(times[0]).date_naive()).unwrap();
    assert_eq!(expired.purchases, 1, "the sale of 1970");
    assert!(store.verify(at(times[0]).date_naive()).unwrap().holds());
}

const YEAR: u64 = 366 * 24 * 3600;

/// The program on a machine whose clock may be wrong.
struct Machine {
    clock: PathBuf,
    data: tempfile::TempDir,
}

impl Machine {
    /// Runs a command with the clock so many seconds ahead: its exit code, and all that it says.
    fn runs(&self, ahead: u64, args: &[&str], input: &str) -> (i32, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_olvido"))
            .env("LD_PRELOAD", &self.clock)
            .env("CLOCK_AHEAD", ahead.to_string())
            .arg("--data")
            .arg(self.data.path())
            .args(["--lang", "en"])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    }

    /// Sells something under a choice; the receipt's code.
    fn sells(&self, choice: &str) -> String {
        let line =
            format!(r#"{{"lines":[{{"department":"Household","tax":"21","unit_price":"9"}}],{choice}}}"#);
        let (code, said) = self.runs(0, &["ring"], &line);
        assert_eq!(code, 0, "{said}");
        let answer: Value = serde_json::from_str(&said).unwrap();
        answer["code"].as_str().unwrap().to_owned()
    }

    /// Tickets, kept purchases and findings, by a clock that is right.
    fn verified(&self) -> (Value, Value, Value) {
        let (_, said) = self.runs(0, &["verify", "--json"], "");
        let json: Value = serde_json::from_str(&said).unwrap();
        (json["tickets"].clone(), json["purchases"].clone(), json["findings"].clone())
    }
}

#[test]
fn a_clock_years_ahead_hides_and_destroys_nothing_until_somebody_says_that_it_is_right() {
    let machine = Machine { clock: compiled("clock"), data: fast_directory() };
    assert_eq!(machine.runs(0, &["init", "--demo"], "").0, 0);
    let guarantee = machine.sells(r#""choice":"guarantee""#);
    machine.sells(r#""choice":"remember","customer":{"phone":"600123456"},"purposes":["history"]"#);
    let whole = (2.into(), 2.into(), serde_json::json!([]));
    assert_eq!(machine.verified(), whole);
    for years in [4, 7, 36] {
        for command in [&["ring"][..], &["expire"], &["expire"], &["review"]] {
            let (code, said) = machine.runs(years * YEAR, command, "");
            assert_eq!(code, 0, "{said}");
            if command == ["expire"] || command == ["ring"] {
                assert!(said.contains("--clock-is-right"), "{said}");
            }
        }
        for command in [&["purchase", "show", &guarantee][..], &["receipt", &guarantee]] {
            let (code, said) = machine.runs(years * YEAR, command, "");
            assert!(code == 1 && said.contains("past its term"), "{said}");
        }
        assert_eq!(machine.verified(), whole, "{years} years");
    }
    assert_eq!(machine.runs(0, &["purchase", "show", &guarantee], "").0, 0);
    // Hours that only the clock counts are none.
    let sure_of = |hour: u64| {
        let (_, said) = machine.runs(4 * YEAR + hour * 3700, &["expire"], "");
        let line = said.lines().find(|line| line.contains("is sure of is"));
        line.map(|line| line.split("is sure of is").nth(1).unwrap().to_owned()).expect(&said)
    };
    let first = sure_of(0);
    for hour in 1..20 {
        assert_eq!(sure_of(hour), first, "hour {hour}");
    }
    assert_eq!(machine.verified(), whole);
    let (code, said) = machine.runs(4 * YEAR, &["expire", "--clock-is-right"], "");
    assert!(code == 0 && said.contains("purchases forgotten: "), "{said}");
    let (code, said) = machine.runs(4 * YEAR, &["purchase", "show", &guarantee], "");
    assert!(code == 1 && said.contains("forgotten"), "{said}");
}
