//! A hub in a process of its own, on this computer, over TLS.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// What every till here belongs to.
const STORE: &str = "Sol";

/// Killed when dropped.
pub struct Hub {
    folder: TempDir,
    process: Child,
    pub address: String,
}

impl Hub {
    /// Starts a new hub.
    pub fn start() -> Hub {
        let folder = tempfile::tempdir().expect("a directory");
        let (process, address) = serve(&folder, "127.0.0.1:0");
        Hub { folder, process, address }
    }

    /// Ends it at once, as a power cut would.
    pub fn dies(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it has ended");
    }

    /// Starts it again where it was.
    pub fn comes_back(&mut self) {
        let listen = self.address.strip_prefix("https://").expect("it is encrypted").to_owned();
        (self.process, self.address) = serve(&self.folder, &listen);
    }

    /// A code for one till.
    pub fn code(&self) -> String {
        let said = self.runs(&["enrol", "--store", STORE]);
        let code = said.split_whitespace().find(|word| word.starts_with(&format!("{STORE}-")));
        code.unwrap_or_else(|| panic!("no code in {said}")).to_owned()
    }

    /// Runs `olvido hub …`, which must succeed; what it prints.
    #[track_caller]
    pub fn runs(&self, args: &[&str]) -> String {
        let output = command(&self.folder, args).output().expect("the program runs");
        assert!(output.status.success(), "olvido hub {args:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Changes its database by hand, while it serves.
    pub fn sql(&self, statements: &str) {
        let database = rusqlite::Connection::open(self.folder.path().join("hub/hub.db")).expect("a database");
        database.busy_timeout(Duration::from_secs(20)).expect("a time");
        database.execute_batch(statements).expect("it is carried out");
    }

    /// A file beside the hub's.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // It may have died already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(folder: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_olvido"));
    let database = format!("sqlite:{}", folder.path().join("hub/hub.db").display());
    command.env_clear().args(["--lang", "en", "hub"]).args(args).args(["--database", &database]);
    command.stdin(Stdio::null());
    command
}

fn serve(folder: &TempDir, listen: &str) -> (Child, String) {
    let mut command = command(folder, &["serve", "--listen", listen]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the hub starts");
    let output = child.stdout.take().expect("its output");
    let (to, lines) = mpsc::channel();
    thread::spawn(move || {
        // What it says is read to its end, so that it never waits for a reader.
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = to.send(line);
        }
    });
    let https =
        |line: String| line.split_whitespace().find(|word| word.starts_with("https://")).map(str::to_owned);
    let address = std::iter::from_fn(|| lines.recv_timeout(Duration::from_secs(20)).ok()).find_map(https);
    match address {
        Some(address) => (child, address),
        None => {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the hub does not say where it serves");
        }
    }
}
