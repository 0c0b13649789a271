//! A year's sales from a till to its hub, beside a bare insert of the same bytes.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use olvido::store::{Files, Outbox};
use olvido::sync::hub::db::{DatabaseAddress, SQLITE_PRAGMAS};
use olvido::sync::outgoing;
use olvido::sync::record::Series;
use olvido::sync::wire::RUN_RECORDS_MAX;
use rusqlite::Connection;
use serde_json::value::RawValue;
use tokio::runtime;
use tokio_postgres::NoTls;
use tokio_postgres::types::ToSql;

use super::hub::{Databases, ENGINES, Page, Place, STORE, name};
use super::shop::Shop;
use super::till::{self, OLVIDO, SALES, open};
use super::{Row, median, micros};

const ROUNDS: usize = 3;
/// The hub's own `record`, but for the flag, which good records have not.
const TABLE: &str = "CREATE TABLE bare (store TEXT NOT NULL, device BYTEA NOT NULL, epoch BIGINT NOT NULL,
     series TEXT NOT NULL, idx BIGINT NOT NULL, body TEXT, PRIMARY KEY (store, device, epoch, series, idx))";
const DEVICE: &[u8] = &[7; 16];
const EPOCH: i64 = 1;
const SERIES: &str = "ticket";
/// Flat, but for what an allocator keeps for the next page.
const GROWTH: f64 = 1.2;
/// How often the hub's memory is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// What the till of this directory has to send, in pages of the usual size.
pub fn pages(till: &Path) -> Vec<Page> {
    let outbox = Outbox::open(&Files::of(till)).expect("records");
    let page = |first| {
        outgoing::page(&outbox, Series::Ticket, first as u64, RUN_RECORDS_MAX, usize::MAX).expect("a page")
    };
    (0..SALES).step_by(RUN_RECORDS_MAX).map(page).collect()
}

pub fn measure(shop: &Shop, directory: &Path) -> Vec<Row> {
    let till = directory.join("till");
    till::fill(shop, &till);
    let (pages, databases) = (pages(&till), Databases::new(directory));
    let mut rows = Vec::new();
    let second = micros(Duration::from_secs(1));
    for engine in ENGINES {
        let (mut bares, mut drains, mut grown) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let place = databases.place(engine);
            // Made before, so that neither pays for it.
            drop(place.hub());
            bares.push(bare(&place, &pages) / SALES as f64);
            let drained = Drained::of(&place, &till);
            drains.push(micros(drained.took) / SALES as f64);
            grown.push(drained.grown);
            place.remove();
        }
        let (bare, drain) = (median(&mut bares), median(&mut drains));
        let from = format!(
            "3 × bare insert: {:.0} a second; drain: {:.0}, all in {:.1} s",
            second / bare,
            second / drain,
            drain * SALES as f64 / second,
        );
        let what = format!("drain to {}, a sale", name(engine));
        rows.push(Row::at_most(what, drain, 3.0 * bare, "µs", &from));
        let what = format!("hub's memory at the end of it, {}", name(engine));
        rows.push(Row::at_most(
            what,
            median(&mut grown),
            GROWTH,
            "times",
            "that at a fifth of it, and a tenth",
        ));
    }
    rows
}

/// `olvido sync now`, from the start of the program to its end.
struct Drained {
    took: Duration,
    /// The hub's memory in the last fifth as a part of that in the second.
    grown: f64,
}

impl Drained {
    fn of(place: &Place, till: &Path) -> Drained {
        let serving = place.serve(false);
        let mut store = open(till);
        place.join(&serving, &mut store);
        store.close().expect("closed");
        let begun = Instant::now();
        let mut now = Command::new(OLVIDO);
        now.arg("--data").arg(till).args(["sync", "now"]).stdout(Stdio::null());
        let mut child = now.spawn().expect("olvido starts");
        let mut memory = Vec::new();
        let ended = loop {
            if let Some(ended) = child.try_wait().expect("a child") {
                break ended;
            }
            memory.push((begun.elapsed(), serving.memory_kb()));
            thread::sleep(LOOK);
        };
        let took = begun.elapsed();
        assert!(ended.success(), "something still waits");
        Drained { took, grown: grown(&memory, took) }
    }
}

fn grown(memory: &[(Duration, u64)], took: Duration) -> f64 {
    let most = |from: u32, to: u32| {
        let within = memory.iter().filter(|(at, _)| (took * from / 5..took * to / 5).contains(at));
        within.map(|(_, kb)| *kb).max().expect("more than one look") as f64
    };
    most(4, 5) / most(1, 2)
}

/// The same rows in a table of that shape in the same database, a page a transaction, all pages of one
/// length. In µs.
pub fn bare(place: &Place, pages: &[Page]) -> f64 {
    match place.parsed() {
        DatabaseAddress::Sqlite(file) => bare_sqlite(&file.with_extension("bare"), pages),
        DatabaseAddress::Postgres(config) => {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(bare_postgres(&config, pages))
        }
    }
}

fn values(rows: usize) -> String {
    // What all rows have in common is bound once.
    let row = |row: usize| format!("($1, $2, $3, $4, ${}, ${})", 2 * row + 5, 2 * row + 6);
    format!("INSERT INTO bare VALUES {}", (0..rows).map(row).collect::<Vec<_>>().join(", "))
}

pub fn bodies(page: &Page) -> impl Iterator<Item = &str> {
    page.iter().map(|body| body.as_deref().map(RawValue::get).expect("no ticket is gone"))
}

fn bare_sqlite(file: &Path, pages: &[Page]) -> f64 {
    let connection = Connection::open(file).expect("a new database");
    connection.execute_batch(SQLITE_PRAGMAS).expect("the hub's pragmas");
    let table = format!("{} STRICT", TABLE.replace("BYTEA", "BLOB").replace("BIGINT", "INTEGER"));
    connection.execute_batch(&table).expect("a table");
    let begun = Instant::now();
    let mut index = 0i64;
    for page in pages {
        connection.execute_batch("BEGIN IMMEDIATE").expect("begin");
        let mut insert = connection.prepare_cached(&values(page.len())).expect("an insert");
        insert.raw_bind_parameter(1, STORE).expect("a store");
        insert.raw_bind_parameter(2, DEVICE).expect("a device");
        insert.raw_bind_parameter(3, EPOCH).expect("an epoch");
        insert.raw_bind_parameter(4, SERIES).expect("a series");
        for (row, body) in bodies(page).enumerate() {
            index += 1;
            insert.raw_bind_parameter(2 * row + 5, index).expect("an index");
            insert.raw_bind_parameter(2 * row + 6, body).expect("a body");
        }
        insert.raw_execute().expect("rows");
        connection.execute_batch("COMMIT").expect("commit");
    }
    let took = micros(begun.elapsed());
    drop(connection);
    std::fs::remove_file(file).expect("it was there");
    took
}

async fn bare_postgres(config: &tokio_postgres::Config, pages: &[Page]) -> f64 {
    let (mut client, connection) = config.connect(NoTls).await.expect("a connection");
    let driver = tokio::spawn(connection);
    client.batch_execute(TABLE).await.expect("a table");
    let insert = client.prepare(&values(pages[0].len())).await.expect("an insert");
    let begun = Instant::now();
    let mut index = 0i64;
    for page in pages {
        let rows: Vec<(i64, &str)> = bodies(page).zip(index + 1..).map(|(body, at)| (at, body)).collect();
        index += rows.len() as i64;
        let mut params: Vec<&(dyn ToSql + Sync)> = vec![&STORE, &DEVICE, &EPOCH, &SERIES];
        for (index, body) in &rows {
            params.extend([index as &(dyn ToSql + Sync), body]);
        }
        let transaction = client.transaction().await.expect("begin");
        transaction.execute(&insert, &params).await.expect("rows");
        transaction.commit().await.expect("commit");
    }
    let took = micros(begun.elapsed());
    client.batch_execute("DROP TABLE bare").await.expect("it was there");
    drop(client);
    driver.await.expect("it ends").expect("well");
    took
}
