//! A data directory with a store in it, and the commands run on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::till::{SMALL, Size, Till};

/// A data directory, gone when dropped.
pub struct Shop {
    folder: TempDir,
    /// What the till and the commands are started with beside `--data`.
    language: &'static str,
}

impl Shop {
    /// A directory without a store.
    pub fn empty(language: &'static str) -> Shop {
        Shop { folder: tempfile::tempdir().expect("a directory"), language }
    }

    /// The demo shop, as `olvido init --demo` makes it.
    pub fn demo(language: &'static str) -> Shop {
        let shop = Shop::empty(language);
        shop.runs(&["init", "--demo", "--language", language]);
        shop
    }

    /// One of several tills of the demo shop.
    pub fn demo_till(language: &'static str, till: &str, series: &str) -> Shop {
        let shop = Shop::empty(language);
        shop.runs(&["init", "--demo", "--language", language, "--till", till, "--series", series]);
        shop
    }

    /// The demo shop with lines of its `config.toml` replaced.
    pub fn demo_with(language: &'static str, changes: &[(&str, &str)]) -> Shop {
        let shop = Shop::demo(language);
        let path = shop.data().join("config.toml");
        let mut text = fs::read_to_string(&path).expect("a configuration");
        for (from, to) in changes {
            assert!(text.contains(from), "{from} is not in config.toml");
            text = text.replace(from, to);
        }
        fs::write(&path, text).expect("a configuration");
        shop
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The till, on a small screen.
    pub fn till(&self) -> Till {
        self.till_in(SMALL, &[])
    }

    pub fn till_in(&self, size: Size, env: &[(&str, &str)]) -> Till {
        let data = self.data();
        Till::start(&["--data", text(&data), "--lang", self.language], size, env)
    }

    /// Runs a command that must succeed; what it prints.
    #[track_caller]
    pub fn runs(&self, args: &[&str]) -> String {
        let output = self.output(args);
        assert!(output.status.success(), "olvido {args:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs a command; its exit code and all that it says.
    pub fn says(&self, args: &[&str]) -> (i32, String) {
        let output = self.output(args);
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().expect("an exit code"), String::from_utf8(said).expect("text"))
    }

    fn output(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_olvido"))
            .env_clear()
            .args(["--data", text(&self.data()), "--lang", self.language])
            .args(args)
            .stdin(Stdio::null())
            .output()
            .expect("the program runs")
    }

    /// The files in which any of the texts stands, by name.
    pub fn files_with(&self, texts: &[&str]) -> Vec<PathBuf> {
        let mut found = files(&self.data());
        assert!(found.len() > 3, "a store has files: {found:?}");
        found.retain(|path| {
            let bytes = fs::read(path).expect("a file");
            texts.iter().any(|text| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
        });
        found
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of the test's own")
}
