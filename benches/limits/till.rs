//! The real till in a pseudo-terminal: how soon it sells, and what memory it takes.

use std::fs;
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use olvido::cli::config;
use olvido::cli::paths::DataDir;
use olvido::domain::policy::{Policy, SHIPPED};
use olvido::domain::settings::Settings;
use olvido::seal::private_file;
use olvido::store::{Files, Order, Store};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use super::shop::Shop;
use super::{Row, folder, median, micros, timed};

pub const OLVIDO: &str = env!("CARGO_BIN_EXE_olvido");
pub const SALES: usize = 140_000;
const STARTS: usize = 21;
/// After this the till is taken not to start at all.
const PATIENCE: Duration = Duration::from_secs(20);

pub fn measure(shop: &Shop, directory: &Path) -> Vec<Row> {
    fill(shop, directory);
    let (mut versions, mut starts, mut memory) = (Vec::new(), Vec::new(), 0);
    for start in 1..=STARTS {
        let product = &shop.products[shop.products.len() * start / (STARTS + 1)];
        let code = product.barcode.expect("products have barcodes").to_string();
        versions.push(timed(version).0);
        let till = Start::of(directory, &code, &product.name);
        starts.push(micros(till.took));
        memory = memory.max(till.memory_kb);
        // The till was killed: its open basket would come back at the next start.
        let mut store = open(directory);
        store.drop_draft().expect("no open basket");
        store.close().expect("closed");
    }
    let (version, start) = (median(&mut versions), median(&mut starts));
    let from = format!("the most it had, {STARTS} starts, a scan each");
    vec![
        Row::times(
            format!("start until a scan is sold, {SALES} sales"),
            start,
            20.0,
            "olvido --version",
            version,
        ),
        Row::at_most("memory of the till", memory as f64 / 1000.0, 80.0, "MB", &from),
    ]
}

/// A data directory as `olvido init` makes it, with the catalogue and the sales.
pub fn fill(shop: &Shop, directory: &Path) {
    folder(directory);
    let settings = Settings::default();
    DataDir::at(directory).create().expect("a data directory");
    private_file::replace(&directory.join("policy.toml"), SHIPPED.as_bytes()).expect("a policy");
    private_file::replace(
        &directory.join("config.toml"),
        config::fill(config::SHIPPED, &settings.store).as_bytes(),
    )
    .expect("a configuration");
    let mut store = shop.store(directory);
    store.add_staff("Ana", "1234").expect("a member of staff");
    for first in (0..SALES).step_by(1_000) {
        let sales: Vec<_> =
            (first..SALES.min(first + 1_000)).map(|n| shop.sale(n, None, Some("forget"), 0)).collect();
        let orders: Vec<_> = sales.iter().map(|sale| Order { sale, request: None }).collect();
        store.commit(&orders).expect("sales");
        store.tend().expect("tended");
    }
    store.rank_catalogue().expect("a ranked catalogue");
    store.close().expect("closed");
}

pub fn open(directory: &Path) -> Store {
    let issuer = Settings::default().store.issuer();
    Store::open(&Files::of(directory), &issuer, SHIPPED, Policy::shipped()).expect("the store")
}

/// The whole run of the program that says its version, and nothing else.
fn version() {
    let ran = Command::new(OLVIDO).arg("--version").stdout(Stdio::piped()).output().expect("olvido runs");
    assert!(ran.status.success() && ran.stdout.starts_with(b"olvido "));
}

struct Start {
    /// From the spawn until the product's line is on the screen.
    took: Duration,
    /// The most memory that it had resident.
    memory_kb: u64,
}

impl Start {
    /// Starts the till with a scan that is already waiting in the terminal.
    fn of(directory: &Path, code: &str, name: &str) -> Start {
        let (rows, columns) = (NonZero::new(40).expect("not 0"), NonZero::new(120).expect("not 0"));
        let size = PtySize { rows: rows.get(), cols: columns.get(), pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut to = pair.master.take_writer().expect("its input");
        let mut from = pair.master.try_clone_reader().expect("its output");
        to.write_all(format!("{code}\r").as_bytes()).expect("a scan");
        let mut command = CommandBuilder::new(OLVIDO);
        command.env("OLVIDO_DATA", directory);
        command.env("TERM", "xterm-256color");
        let (sender, screens) = mpsc::channel();
        let before = Instant::now();
        let mut child = pair.slave.spawn_command(command).expect("olvido starts");
        thread::spawn(move || {
            let mut bytes = [0; 1 << 16];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                if sender.send((Instant::now(), bytes[..count].to_vec())).is_err() {
                    return;
                }
            }
        });
        // The name may be cut to its column; its beginning is enough.
        let wanted: String = name.chars().take(20).collect();
        let mut parser = vt100::Parser::new(rows, columns, 0);
        let took = loop {
            let left = PATIENCE.saturating_sub(before.elapsed());
            let (at, bytes) = screens
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("the scan is not on the screen:\n{}", parser.screen().contents()));
            parser.process(&bytes);
            if parser.screen().contents().contains(wanted.trim_end()) {
                break at - before;
            }
        };
        // What it does after the frame counts for its memory, too.
        thread::sleep(Duration::from_millis(300));
        let memory_kb = memory_kb(child.process_id().expect("a process"), "VmHWM:");
        child.kill().expect("it runs until it is ended");
        child.wait().expect("it ends");
        Start { took, memory_kb }
    }
}

/// A figure of the memory of a process: `VmHWM:` is the peak of what was resident, `VmRSS:` what is. 0
/// where the system does not tell.
pub fn memory_kb(process: u32, figure: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(figure)).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse().unwrap_or(0)
}
