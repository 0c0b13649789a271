//! A PostgreSQL of a test's own, from Debian's programs: in a directory for temporary files, on a
//! free port of the loopback address, gone with the test whatever way the test ends.
//!
//! `#[path = "support/postgres.rs"] mod postgres;`

// Each test program that takes this file in uses a part of it.
#![allow(dead_code)]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// Who runs the server where the test runs as root: the server refuses root.
const USER: &str = "postgres";
const START: Duration = Duration::from_secs(30);

/// Starts the server and waits. When its standard input ends, which it does however the test ends
/// (even killed), it stops the server at once and removes all. `$1`: the directory. The rest: the server.
const KEEPER: &str = r#"
trap '' INT TERM HUP
directory=$1
shift
"$@" </dev/null >>"$directory/log" 2>&1 &
server=$!
cat >/dev/null
kill -QUIT "$server" 2>/dev/null
wait "$server"
test -e "$directory/keep" || rm -rf "$directory"
"#;

/// A running server. Dropping it stops the server and removes its files.
pub struct Cluster {
    directory: PathBuf,
    port: u16,
    settings: Vec<String>,
    keeper: Option<(Child, ChildStdin)>,
}

impl Cluster {
    /// A server for tests of what is said, not of what survives a power cut: it does not sync to disk.
    pub fn start() -> Self {
        Self::with(&[("fsync", "off")])
    }

    /// A server with settings of `postgresql.conf`. Without any it syncs to disk.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let how = "--wal-segsize=1 -A trust --no-locale -E UTF8 --no-sync --no-instructions -D";
        Self::new(settings).run("initdb", &["-U", USER], how)
    }

    /// A standby of this server that streams from it under `name`.
    pub fn standby(&self, name: &str, settings: &[(&str, &str)]) -> Self {
        let from = format!("{} application_name={name}", self.parameters("postgres"));
        Self::new(settings).run("pg_basebackup", &["-d", &from], "-R -X stream -c fast --no-sync -D")
    }

    /// The address of a database, as `--database` takes it.
    pub fn address(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a database and returns its address.
    pub fn database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.address(name)
    }

    /// What `psql` says to a statement: a line a row, columns apart by `|`.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        let mut command = self.tool("psql");
        command.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", &self.parameters(database), "-c", statement]);
        let output = command.output().expect("psql starts");
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8 from psql").trim_end().to_owned()
    }

    /// Every file of the server, `pg_wal` among them.
    pub fn data_dir(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// What the server wrote into its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops the server as a crash would, and leaves its files.
    pub fn crash(&mut self) {
        if self.keeper.is_some() {
            fs::write(self.directory.join("keep"), "").expect("a mark beside the server's files");
            self.end();
        }
    }

    /// Starts a server again that [`Self::crash`] stopped, on the same port.
    pub fn again(&mut self) {
        assert!(self.keeper.is_none(), "the server runs");
        fs::remove_file(self.directory.join("keep")).expect("the mark beside the server's files");
        assert!(self.serve(), "the server does not start again:\n{}", self.log());
    }

    fn new(settings: &[(&str, &str)]) -> Self {
        let directory = tempfile::Builder::new().prefix("olvido-pg-").tempdir().expect("a directory").keep();
        let settings = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let made = Self { directory, port: 0, settings, keeper: None };
        // The server's user reaches its files through this directory; the sockets lie in it too.
        fs::set_permissions(&made.directory, fs::Permissions::from_mode(0o755)).expect("its mode");
        let data = made.data_dir();
        fs::create_dir(&data).expect("a directory for the data");
        fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).expect("its mode");
        if is_root() {
            let owner = format!("{USER}:{USER}");
            let status = Command::new("chown").arg("-R").arg(owner).arg(&made.directory).status();
            assert!(
                status.is_ok_and(|status| status.success()),
                "there is no user {USER}: run tests/run once"
            );
        }
        made
    }

    /// Fills the directory by `program` and starts the server on a port that is free.
    fn run(mut self, program: &str, args: &[&str], how: &str) -> Self {
        let output = self.tool(program).args(args).args(how.split(' ')).arg(self.data_dir()).output();
        let output = output.expect("PostgreSQL's programs start");
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        // Between looking and taking, another test may take the port.
        for _ in 0..5 {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            self.port = listener.local_addr().expect("its number").port();
            drop(listener);
            if self.serve() {
                return self;
            }
        }
        panic!("PostgreSQL does not start:\n{}", self.log());
    }

    /// Whether the server is up. `false`: it ended at once.
    fn serve(&mut self) -> bool {
        let server = self.tool("postgres");
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(&self.directory);
        command.arg(server.get_program()).args(server.get_args()).arg("-D").arg(self.data_dir());
        for setting in ["max_connections=100", "shared_buffers=32MB", "max_wal_size=32MB", "min_wal_size=4MB"]
            .map(str::to_owned)
            .iter()
            .chain(&[
                "listen_addresses=127.0.0.1".to_owned(),
                format!("port={}", self.port),
                format!("unix_socket_directories={}", self.directory.display()),
            ])
            .chain(&self.settings)
        {
            command.args(["-c", setting]);
        }
        command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut keeper = command.spawn().expect("sh starts");
        let input = keeper.stdin.take().expect("its standard input");
        self.keeper = Some((keeper, input));
        let started = Instant::now();
        while started.elapsed() < START {
            std::thread::sleep(Duration::from_millis(10));
            match self.state() {
                Some(true) => return true,
                Some(false) => {}
                None if started.elapsed() < Duration::from_secs(1) => {}
                // No file of a running server after a second: it ended, or never began.
                None => break,
            }
        }
        fs::write(self.directory.join("keep"), "").expect("a mark beside the server's files");
        self.end();
        fs::remove_file(self.directory.join("keep")).expect("the mark beside the server's files");
        false
    }

    /// Whether the server takes connections; `None` while it has not even begun. The eighth line of
    /// `postmaster.pid` says so.
    fn state(&self) -> Option<bool> {
        let text = fs::read_to_string(self.data_dir().join("postmaster.pid")).ok()?;
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        // After a crash the file of the dead server is still there, until the new one writes its own.
        let alive = lines.first().is_some_and(|process| Path::new("/proc").join(process).exists());
        alive.then(|| matches!(lines.get(7), Some(&"ready" | &"standby")))
    }

    fn end(&mut self) {
        if let Some((mut keeper, input)) = self.keeper.take() {
            drop(input);
            keeper.wait().expect("the keeper ends");
        }
    }

    /// For libpq, over the socket.
    fn parameters(&self, database: &str) -> String {
        format!("host={} port={} user={USER} dbname={database}", self.directory.display(), self.port)
    }

    /// One of the programs of the newest PostgreSQL, run as somebody who is not root.
    fn tool(&self, name: &str) -> Command {
        let program = programs().join(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command
                .args([&format!("--reuid={USER}"), &format!("--regid={USER}"), "--clear-groups", "--"])
                .arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/").env_remove("PGOPTIONS").env_remove("PGDATABASE");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.keeper.is_some() {
            self.end();
        } else {
            // Stopped by `crash`, or never begun. What is left lies in a directory for temporary files.
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

/// Where the newest of the installed versions lies.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.filter_map(|entry| Some((version(&entry.path())?, entry.path()))).max();
    let (version, path) = newest.expect("PostgreSQL is not installed: run tests/run once");
    assert!(version >= 15, "PostgreSQL {version} is too old: 15 or newer");
    path.join("bin")
}

fn is_root() -> bool {
    fs::metadata("/proc/self").expect("/proc").uid() == 0
}
