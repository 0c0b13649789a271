//! `olvido ring` as other programs meet it: a process with pipes, and a database that another holds.

use std::io::{BufRead, BufReader, Cursor, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use olvido::cli::ring::{Ring, Summary};
use olvido::domain::policy::{Policy, SHIPPED};
use olvido::domain::settings::Settings;
use olvido::store::{Files, Store};

fn now() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2026-11-23T18:42:07+01:00").unwrap()
}

#[test]
fn a_group_that_cannot_be_committed_sells_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (files, settings) = (Files::of(directory.path()), Settings::default());
    let mut store = Store::create(&files, &settings.store.issuer(), SHIPPED, Policy::shipped()).unwrap();
    let line = "{\"id\":\"ID\",\"lines\":[{\"department\":\"Otros\",\"tax\":\"4\",\"unit_price\":\"1\"}]}\n";
    let input = ["a", "b"].map(|id| line.replace("ID", id)).concat();
    let mut ring = || {
        let mut output = Vec::new();
        let ring = Ring { settings: &settings, import: false, clock: now };
        let summary = ring.run(&mut store, Cursor::new(input.clone()), &mut output).unwrap();
        (summary, String::from_utf8(output).unwrap())
    };
    let other = rusqlite::Connection::open(&files.database).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (summary, output) = ring();
    assert_eq!(summary, Summary { sold: 0, repeated: 0, refused: 2 });
    assert_eq!(output.matches(r#""kind":"busy""#).count(), 2, "{output}");
    drop(other);
    assert_eq!(ring().0, Summary { sold: 2, repeated: 0, refused: 0 });
    assert_eq!(store.ticket(3).unwrap(), None);
}

const LINE: &str = r#"{"id":"one","lines":[{"department":"Bakery","tax":"10","unit_price":"1.10"}]}"#;

fn olvido(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_olvido"));
    command.env("OLVIDO_DATA", data).env("OLVIDO_LANG", "en").stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// The answers as they come, while the process runs.
fn answers(ringing: &mut Child) -> Receiver<String> {
    let (sender, answers) = channel();
    let output = BufReader::new(ringing.stdout.take().unwrap());
    thread::spawn(move || output.lines().for_each(|line| sender.send(line.unwrap()).unwrap()));
    answers
}

#[test]
fn a_process_answers_each_line_at_once_and_ends_with_1_after_a_bad_one() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("shop");
    let made = olvido(&data).args(["init", "--demo"]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let mut first = String::new();
    for (bad_line, code) in [(false, 0), (true, 1)] {
        let mut ringing = olvido(&data).arg("ring").spawn().unwrap();
        let answers = answers(&mut ringing);
        let mut input = ringing.stdin.take().unwrap();
        let mut ask = |line: &str| {
            writeln!(input, "{line}").unwrap();
            answers.recv_timeout(Duration::from_secs(30)).expect("answered while the input stays open")
        };
        if bad_line {
            let refused = ask("{}");
            assert!(
                refused.starts_with(r#"{"id":null,"error":{"kind":"missing_key","message":""#),
                "{refused}"
            );
            let again = ask(LINE);
            assert_eq!(
                again,
                format!("{first}\"change\":null,\"choice\":null,\"code\":null,\"repeated\":true}}")
            );
        } else {
            let sold = ask(LINE);
            let (kept, told) = sold.split_once("\"change\"").unwrap();
            assert_eq!(kept, r#"{"id":"one","ticket":"A-000001","total":"1.10","tax":{"10":"0.10"},"#);
            assert!(told.starts_with(r#":"0.00","choice":"forget","code":""#), "{told}");
            first = kept.to_owned();
        }
        drop(input);
        assert_eq!(ringing.wait().unwrap().code(), Some(code));
    }
}

#[test]
fn a_file_is_rung_and_a_missing_one_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("shop");
    assert!(olvido(&data).args(["init", "--demo"]).output().unwrap().status.success());
    let file = directory.path().join("sales.jsonl");
    let past = LINE.replace("]}", r#"],"at":"2026-01-02T10:00:00"}"#);
    std::fs::write(&file, format!("{past}\n{}\n", past.replace("one", "two"))).unwrap();
    for (arguments, code, lines) in [(&["--import"][..], 0, 2), (&[][..], 0, 2)] {
        let rung = olvido(&data).arg("ring").arg(&file).args(arguments).output().unwrap();
        let output = String::from_utf8(rung.stdout).unwrap();
        // The second time the ids are known, so nothing is judged anew.
        assert_eq!((rung.status.code(), output.lines().count()), (Some(code), lines), "{output}");
        assert_eq!(output.contains("repeated"), arguments.is_empty());
    }
    let missing = olvido(&data).args(["ring", "no-such-file"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(1));
}
