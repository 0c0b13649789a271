//! `cargo bench`: every promise about speed, each measured beside its limit in the same run, on the
//! same disk, by turns, so that a slow machine slows both. Prints one table.
//!
//! `OLVIDO_BENCH_CATALOGUE` (a CSV file of products) and `OLVIDO_BENCH_BASKETS` (JSON lines with
//! `"lines":[[barcode,quantity,cents],…]`) name a real shop's; without them both are made up, of the
//! same size. Words after `--` choose the measurements whose names contain one of them.

mod bare;
mod beside;
mod chain;
mod drain;
mod exchange;
mod forgotten;
mod hub;
#[path = "../../tests/support/postgres.rs"]
mod postgres;
mod ringing;
mod sales;
mod screen;
mod search;
mod shop;
mod till;

use std::fmt::Write as _;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use shop::Shop;

/// As in the program: what it costs to overwrite what is freed is measured, too.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

/// One line of the table.
#[derive(Clone)]
pub struct Row {
    what: String,
    /// In the unit of `measured`.
    limit: f64,
    measured: f64,
    unit: &'static str,
    /// How the limit comes about: `2 × 208 µs`.
    from: String,
}

impl Row {
    /// A time that may be at most `times` another, in µs.
    pub fn times(what: impl Into<String>, measured: f64, times: f64, of: &str, bare: f64) -> Row {
        let from = format!("{times} × {of} {}", number(bare));
        Row { what: what.into(), limit: times * bare, measured, unit: "µs", from }
    }

    /// A quantity that may be at most `limit`.
    pub fn at_most(
        what: impl Into<String>,
        measured: f64,
        limit: f64,
        unit: &'static str,
        from: &str,
    ) -> Row {
        Row { what: what.into(), limit, measured, unit, from: from.to_owned() }
    }
}

/// A group of measurements that share a preparation: its names, and what measures them.
type Measurement = (&'static str, fn(&Shop, &Path) -> Vec<Row>);

const MEASUREMENTS: [Measurement; 10] = [
    ("sale forget remember", sales::measure),
    ("ring", ringing::measure),
    ("import", bare::measure_import),
    ("search", search::measure),
    ("scan frame", screen::measure),
    ("start memory", till::measure),
    ("sync drain", drain::measure),
    ("sync forgotten", forgotten::measure),
    ("sync chain", chain::measure),
    ("sync beside", beside::measure),
];

fn main() {
    // Cargo adds `--bench`; whoever lists or filters tests gets nothing to run.
    let words: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let started = Instant::now();
    let shop = Shop::of_environment();
    eprintln!("{} products, {} baskets: {}", shop.products.len(), shop.baskets.len(), shop.origin);
    let mut rows = Vec::new();
    for (names, measure) in MEASUREMENTS {
        if !words.is_empty() && !words.iter().any(|word| names.contains(word.as_str())) {
            continue;
        }
        let directory = Scratch::new(names);
        let before = Instant::now();
        let measured = measure(&shop, &directory.0);
        eprintln!("{}{:.0} s", table(&measured), before.elapsed().as_secs_f64());
        rows.extend(measured);
    }
    println!("{}", table(&rows));
    eprintln!("{:.0} s in all", started.elapsed().as_secs_f64());
    if rows.iter().any(|row| row.measured > row.limit) {
        std::process::exit(1);
    }
}

fn table(rows: &[Row]) -> String {
    let cells: Vec<[String; 6]> = rows
        .iter()
        .map(|row| {
            let ratio = row.measured / row.limit;
            let verdict = if ratio <= 1.0 { "ok" } else { "TOO MUCH" };
            let with_unit = |value| format!("{} {}", number(value), row.unit);
            let limit = with_unit(row.limit);
            [
                row.what.clone(),
                limit,
                with_unit(row.measured),
                format!("{ratio:.2}"),
                verdict.into(),
                row.from.clone(),
            ]
        })
        .collect();
    let header = ["what", "limit", "measured", "ratio", "", "the limit is"].map(str::to_owned);
    let width = |column: usize| {
        let all = cells.iter().chain([&header]);
        all.map(|row| row[column].chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let mut out = String::new();
    for row in [&header].into_iter().chain(&cells) {
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            let _ = if (1..=3).contains(&column) {
                write!(out, "{cell:>width$}  ")
            } else {
                write!(out, "{cell:<width$}  ")
            };
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    out
}

/// Three significant digits, or whole.
fn number(value: f64) -> String {
    let decimals = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.decimals$}")
}

/// Microseconds that `work` takes, and what it gives.
pub fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let value = work();
    (micros(start.elapsed()), value)
}

pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

pub fn median(times: &mut [f64]) -> f64 {
    percentile(times, 50)
}

/// The smallest value that `percent` of the values do not exceed.
pub fn percentile(times: &mut [f64], percent: usize) -> f64 {
    times.sort_by(f64::total_cmp);
    times[(times.len() * percent).div_ceil(100).max(1) - 1]
}

/// Makes a folder that is nobody else's, as a store's has to be.
pub fn folder(path: &Path) {
    DirBuilder::new().recursive(true).mode(0o700).create(path).expect("a folder");
}

/// A folder beside the build, on the disk of the checkout; gone at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(names: &str) -> Scratch {
        let name = format!("limits-{}-{}", names.replace(' ', "-"), std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        folder(&path);
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
