//! The log: what the program did and what failed, never who bought or what.
//!
//! Messages are fixed sentences with numbers of the machine (sizes, durations, kinds of error).
//! Names, codes, products, amounts and identifiers never go into one; other crates' messages,
//! which know no such rule, are left out.

use std::backtrace::Backtrace;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Local, SecondsFormat};

use super::paths::{DataDir, private_directory};
use crate::seal::private_file;

/// A log of this many bytes is put aside at the next start.
const LARGEST_BYTES: u64 = 1024 * 1024;
/// Logs put aside: `olvido.log.1`, the newest, to `olvido.log.4`.
const KEPT_COUNT: u32 = 4;

/// Writes from now on to the log of `data`, which is private and grows no further than
/// 5 files. Errors: of the file system. Only the first call of a process has an effect.
pub fn start(data: &DataDir) -> io::Result<()> {
    let path = data.log();
    if let Some(folder) = path.parent().filter(|_| data.root().exists()) {
        // Somebody cleared it away.
        private_directory(folder)?;
    }
    if fs::metadata(&path).is_ok_and(|metadata| metadata.len() >= LARGEST_BYTES) {
        put_aside(&path)?;
    }
    let file = open(&path)?;
    // A second call finds the logger of the first and leaves it.
    let _ = fern::Dispatch::new()
        .level(log::LevelFilter::Info)
        .filter(|metadata| metadata.target().starts_with("olvido"))
        .format(|out, message, record| {
            let now = DateTime::<Local>::from(SystemTime::now()).to_rfc3339_opts(SecondsFormat::Secs, false);
            out.finish(format_args!("{now} {} {}: {message}", record.level(), record.target()));
        })
        .chain(file)
        .apply();
    Ok(())
}

/// The same for a hub: one JSON object a line, to standard error, where whoever runs services
/// collects it; where that is a terminal, into `logs/hub.log`, which never grows further than 5 files.
pub fn start_hub(data: &DataDir) -> io::Result<()> {
    let out: Box<dyn Write + Send> = if io::stderr().is_terminal() {
        Box::new(Rolling::open(data.hub_log())?)
    } else {
        // A handle of its own: whoever runs a command holds the lock of the process's.
        Box::new(File::from(io::stderr().as_fd().try_clone_to_owned()?))
    };
    let _ = fern::Dispatch::new()
        .level(log::LevelFilter::Info)
        .filter(|metadata| metadata.target().starts_with("olvido"))
        .format(|out, message, record| out.finish(format_args!("{}", json_line(message, record))))
        .chain(out)
        .apply();
    Ok(())
}

/// Time, level, place in the program, the message, and what is told with it, each under its name.
fn json_line(message: &fmt::Arguments<'_>, record: &log::Record<'_>) -> String {
    struct Fields(serde_json::Map<String, serde_json::Value>);
    impl<'kv> log::kv::VisitSource<'kv> for Fields {
        fn visit_pair(
            &mut self,
            key: log::kv::Key<'kv>,
            value: log::kv::Value<'kv>,
        ) -> Result<(), log::kv::Error> {
            let value = value.to_u64().map_or_else(|| value.to_string().into(), serde_json::Value::from);
            self.0.insert(key.to_string(), value);
            Ok(())
        }
    }
    let now = DateTime::<Local>::from(SystemTime::now()).to_rfc3339_opts(SecondsFormat::Millis, false);
    let mut fields = Fields(serde_json::Map::new());
    for (name, value) in [
        ("time", now),
        ("level", record.level().to_string()),
        ("target", record.target().to_owned()),
        ("message", message.to_string()),
    ] {
        fields.0.insert(name.to_owned(), value.into());
    }
    // Its only errors are those of the visitor, which has none.
    let _ = record.key_values().visit(&mut fields);
    serde_json::Value::Object(fields.0).to_string()
}

/// A log that is put aside between two lines when it is full.
struct Rolling {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Rolling {
    fn open(path: PathBuf) -> io::Result<Rolling> {
        let file = self::open(&path)?;
        let bytes = file.metadata()?.len();
        Ok(Rolling { path, file, bytes })
    }
}

impl Write for Rolling {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let written = self.file.write(text)?;
        self.bytes += written as u64;
        Ok(written)
    }

    /// Called after each line.
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()?;
        if self.bytes >= LARGEST_BYTES {
            put_aside(&self.path)?;
            *self = Rolling::open(std::mem::take(&mut self.path))?;
        }
        Ok(())
    }
}

/// From now on a panic goes to the log, with its place and the way there, instead of the screen;
/// to the screen only where no log was started.
///
/// The message goes along only where it is a literal of the source: a formatted one can hold what
/// a customer typed (slicing a text inside a character quotes the text).
pub fn install_panic_log() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if log::max_level() == log::LevelFilter::Off {
            usual(info);
        } else {
            log::error!("{}\n{}", panic_text(info), Backtrace::force_capture());
        }
    }));
}

fn panic_text(info: &PanicHookInfo<'_>) -> String {
    let message = info.payload().downcast_ref::<&'static str>().copied().unwrap_or("(message left out)");
    match info.location() {
        Some(at) => format!("panic at {}:{}:{}: {message}", at.file(), at.line(), at.column()),
        None => format!("panic: {message}"),
    }
}

fn open(path: &Path) -> io::Result<File> {
    private_file::open(path, OpenOptions::new().create(true).append(true))
}

fn put_aside(path: &Path) -> io::Result<()> {
    for number in (1..KEPT_COUNT).rev() {
        let from = aside(path, number);
        if from.exists() {
            fs::rename(from, aside(path, number + 1))?;
        }
    }
    fs::rename(path, aside(path, 1))
}

fn aside(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn full_logs_are_put_aside_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("olvido.log");
        for round in 0..7 {
            fs::write(&path, round.to_string()).unwrap();
            put_aside(&path).unwrap();
        }
        assert!(!path.exists());
        for (number, round) in [(1, "6"), (2, "5"), (3, "4"), (4, "3")] {
            assert_eq!(fs::read_to_string(aside(&path, number)).unwrap(), round);
        }
        assert!(!aside(&path, 5).exists());
    }

    #[test]
    fn a_hubs_line_is_an_object() {
        let told = [("route", log::kv::Value::from("/v1/feed")), ("ms", log::kv::Value::from(12u64))];
        let mut record = log::Record::builder();
        let record = record.level(log::Level::Warn).target("olvido::hub").key_values(&told).build();
        let line = json_line(&format_args!("a \"request\"\nof two lines"), &record);
        assert_eq!(line.lines().count(), 1);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["message"], "a \"request\"\nof two lines");
        assert_eq!(read["route"], "/v1/feed");
        assert_eq!(read["ms"], 12);
        assert_eq!(read["level"], "WARN");
    }

    #[test]
    fn a_hubs_log_rolls_while_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub.log");
        let mut log = Rolling::open(path.clone()).unwrap();
        let line = format!("{}\n", "x".repeat(999));
        for _ in 0..2500 {
            log.write_all(line.as_bytes()).unwrap();
            log.flush().unwrap();
        }
        for file in [path.clone(), aside(&path, 1), aside(&path, 2)] {
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.len() as u64 <= LARGEST_BYTES + 1000, "{}", file.display());
            assert!(text.lines().all(|line| line.len() == 999), "no line is cut");
        }
    }

    /// The only test that starts the log and replaces the hook of this process.
    #[test]
    fn a_panic_is_logged_without_what_was_typed() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(&folder.path().join("data"));
        data.create().unwrap();
        fs::remove_dir(data.log().parent().unwrap()).unwrap();
        start(&data).unwrap();
        log::info!("till started");
        log::info!(target: "rusqlite", "Ana García");

        let texts = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&texts);
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let text = panic_text(info);
            log::error!("{text}");
            seen.lock().unwrap().push(text);
        }));
        let name = String::from("Ana García");
        for ended in [
            panic::catch_unwind(|| panic!("the promise of the sale is broken")),
            panic::catch_unwind(|| drop(name[..9].to_owned())),
        ] {
            assert!(ended.is_err());
        }
        panic::set_hook(usual);

        let texts = texts.lock().unwrap().join("\n");
        assert!(texts.contains("the promise of the sale is broken"), "{texts}");
        assert!(texts.contains("log.rs:"), "{texts}");
        let written = fs::read_to_string(data.log()).unwrap();
        assert!(written.contains("INFO olvido::cli::log::tests: till started"), "{written}");
        for text in [&texts, &written] {
            assert!(!text.contains("Ana") && !text.contains("Garc"), "{text}");
        }
        data.check().unwrap();
    }
}
