//! `olvido ring` beside another program that holds the database.

use std::io::Cursor;

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
    let line = "{\"id\":\"ID\",\"lines\":[{\"department\":\"x\",\"tax\":\"4\",\"unit_price\":\"1\"}]}\n";
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
