//! The architecture, enforced: reads the sources and fails where a module uses what it may not.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder of `src/`, the folders it may use beside itself, and what it must never name.
struct Layer {
    name: &'static str,
    may_use: &'static [&'static str],
    never: &'static [&'static str],
}

const SQL: &str = "rusqlite";
const TERMINAL: [&str; 3] = ["ratatui", "crossterm", "tachyonfx"];

const LAYERS: &[Layer] = &[
    Layer {
        name: "domain",
        may_use: &[],
        never: &[
            "rusqlite",
            "ratatui",
            "crossterm",
            "tachyonfx",
            "std::fs",
            "std::net",
            "std::thread",
            "std::process",
            "std::env",
            "std::time",
            "Local::now",
            "Utc::now",
            "getrandom",
            "f32",
            "f64",
        ],
    },
    Layer {
        name: "locale",
        may_use: &["domain"],
        never: &["rusqlite", "ratatui", "std::fs", "std::net", "std::thread"],
    },
    Layer { name: "seal", may_use: &["domain"], never: &["rusqlite", "ratatui", "crossterm", "std::net"] },
    Layer { name: "store", may_use: &["domain", "seal"], never: &["ratatui", "crossterm", "std::net"] },
    Layer { name: "sync", may_use: &["domain", "seal", "store"], never: &["ratatui", "crossterm"] },
    Layer { name: "print", may_use: &["domain", "locale"], never: &["rusqlite", "ratatui", "crossterm"] },
    Layer {
        name: "ui",
        may_use: &["domain", "locale"],
        never: &[
            "rusqlite",
            "std::fs",
            "std::net",
            "std::thread",
            "Instant::now",
            "SystemTime",
            "Local::now",
            "Utc::now",
        ],
    },
    Layer {
        name: "app",
        may_use: &["domain", "locale", "seal", "store", "print", "sync", "ui"],
        never: &["rusqlite", "ratatui"],
    },
    Layer {
        name: "cli",
        may_use: &["domain", "locale", "seal", "store", "print", "sync", "ui", "app"],
        never: &["rusqlite", "ratatui"],
    },
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn is_test(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    name == "tests.rs"
        || name.ends_with("_tests.rs")
        || name == "fixtures.rs"
        || name == "testing.rs"
        || path.components().any(|c| c.as_os_str() == "tests")
}

/// The code of a file: without comments, and without its test module at the end.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..end].lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// Whether `name` stands in `code` as a word of its own.
fn names(code: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name)
        .any(|(at, _)| !code[..at].ends_with(word) && !code[at + name.len()..].starts_with(word))
}

#[test]
fn every_module_uses_only_what_it_may() {
    let mut wrong = Vec::new();
    let folders: Vec<String> = fs::read_dir(src())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    for folder in &folders {
        assert!(LAYERS.iter().any(|layer| layer.name == folder), "src/{folder} has no rule here");
    }
    for layer in LAYERS {
        let mut files = sources(&src().join(layer.name));
        let beside = src().join(format!("{}.rs", layer.name));
        files.extend(beside.exists().then_some(beside));
        assert!(!files.is_empty(), "src/{} is gone", layer.name);
        for path in files.iter().filter(|path| !is_test(path)) {
            let code = code(path);
            let other = LAYERS.iter().filter(|l| l.name != layer.name && !layer.may_use.contains(&l.name));
            for forbidden in
                other.map(|l| format!("crate::{}", l.name)).chain(layer.never.iter().map(|n| n.to_string()))
            {
                if names(&code, &forbidden) {
                    wrong.push(format!("{} uses {forbidden}", path.strip_prefix(src()).unwrap().display()));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// SQL lives in `store`, the terminal in `ui`; `app` may only read its keys.
#[test]
fn sql_and_the_terminal_have_one_home() {
    for path in sources(&src()).iter().filter(|path| !is_test(path)) {
        let code = code(path);
        let inside = |folder: &str| path.starts_with(src().join(folder));
        let sql = inside("store") || inside("sync/hub/db");
        assert!(sql || !names(&code, SQL), "{} names {SQL}", path.display());
        // A till's threads wait for nobody; only the hub serves many at once.
        for name in ["tokio", "async"] {
            assert!(inside("sync/hub") || !names(&code, name), "{} names {name}", path.display());
        }
        for library in TERMINAL {
            let home = inside("ui") || (inside("app") && library == "crossterm");
            assert!(home || !names(&code, library), "{} names {library}", path.display());
        }
    }
}

/// Panicking on what comes from outside loses sales: only invariants may, with words that say which.
#[test]
fn nothing_is_unwrapped_in_silence() {
    let mut wrong = Vec::new();
    for path in sources(&src()).iter().filter(|path| !is_test(path)) {
        let code = code(path);
        for bare in [".unwrap()", "todo!", "unimplemented!", "dbg!"] {
            if code.contains(bare) {
                wrong.push(format!("{}: {bare}", path.strip_prefix(src()).unwrap().display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
