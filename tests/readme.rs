//! The tables of the README are written from the program: this test fails where they say something
//! else. `OLVIDO_BLESS=1 cargo test --test readme` writes them anew.

use std::fs;
use std::path::Path;

use clap::{Arg, Command, CommandFactory, Parser};
use olvido::cli::args::Cli;
use olvido::domain::language::Language;
use olvido::locale::Locale;
use olvido::ui::{Keymap, ScreenId};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares what stands between two marks of the README, or writes it.
fn check(name: &str, table: &str) {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let begin = format!("<!-- {name}: written by OLVIDO_BLESS=1 cargo test --test readme -->\n");
    let (before, rest) = readme.split_once(&begin).expect("the table's first mark");
    let (now, after) = rest.split_once(&format!("<!-- end of {name} -->\n")).expect("the table's last mark");
    if std::env::var_os("OLVIDO_BLESS").is_some() {
        fs::write(&path, format!("{before}{begin}{table}<!-- end of {name} -->\n{after}")).unwrap();
        return;
    }
    assert_eq!(now, table, "write it anew: OLVIDO_BLESS=1 cargo test --test readme");
}

/// One test for both tables: two would write the file at the same time.
#[test]
fn the_tables_say_what_the_program_does() {
    check("keys", &keys());
    check("commands", &commands());
}

#[test]
fn what_the_readme_points_to_is_there() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let links: Vec<&str> = readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert!(links.len() >= 4, "{links:?}");
    for link in links {
        let heading =
            |line: &str| line.starts_with('#').then(|| line.trim_matches(['#', ' ']).to_lowercase());
        match link.strip_prefix('#') {
            Some(name) => {
                assert!(readme.lines().filter_map(heading).any(|h| h.replace(' ', "-") == name), "{link}")
            }
            None => assert!(root().join(link).exists(), "{link}"),
        }
    }
    assert!(root().join("tests/run").exists());
}

/// What an operator copies from the page is what `tests/ha/run` runs with, and what the program takes.
#[test]
fn the_operations_page_says_what_is_tested() {
    let page = fs::read_to_string(root().join("src/sync/hub/operations.md")).unwrap();
    for name in ["etcd.yml", "patroni.yml"] {
        let file = fs::read_to_string(root().join("tests/ha").join(name)).unwrap();
        assert!(page.contains(&format!("```yaml\n{file}```\n")), "{name} is not what the page gives");
    }
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let commands = blocks.flat_map(str::lines).filter(|line| line.starts_with("olvido "));
    let commands: Vec<&str> = commands.map(|line| line.split('#').next().unwrap()).collect();
    assert!(commands.len() >= 4, "{commands:?}");
    for command in commands {
        Cli::try_parse_from(command.split_whitespace()).unwrap_or_else(|error| panic!("{command}: {error}"));
    }
}

/// The table of keys, screen by screen; the likely amounts of cash in one row.
fn keys() -> String {
    let (keymap, words) = (Keymap::usual(), Locale::of(Language::English));
    let mut table = "| where | what | keys |\n|---|---|---|\n".to_owned();
    for (screen, name) in [
        (ScreenId::Sell, "selling"),
        (ScreenId::Pay, "paying"),
        (ScreenId::Card, "at the card terminal"),
        (ScreenId::Confirm, "asked whether"),
        (ScreenId::Choice, "the customer's choice"),
    ] {
        let mut rows: Vec<(&str, Vec<String>)> = Vec::new();
        for (binding, keys) in keymap.rows(screen).filter(|(binding, _)| binding.is_listed()) {
            let keys = keys.iter().map(|key| format!("`{key}`"));
            match rows.last_mut().filter(|(label, _)| *label == binding.label) {
                Some((_, all)) => all.extend(keys),
                None => rows.push((binding.label, keys.collect())),
            }
        }
        for (label, keys) in rows {
            table += &format!("| {name} | {} | {} |\n", words.text(label), keys.join(" "));
        }
    }
    table
}

/// Every command with its arguments and its line of help.
fn commands() -> String {
    let mut table = "| command | what it does |\n|---|---|\n".to_owned();
    rows(&Cli::command(), "olvido", "help", &mut table);
    table
}

fn rows(command: &Command, path: &str, key: &str, table: &mut String) {
    for sub in command.get_subcommands() {
        let (path, key) = (format!("{path} {}", sub.get_name()), format!("{key}-{}", sub.get_name()));
        if sub.has_subcommands() {
            rows(sub, &path, &key, table);
            continue;
        }
        let usage: String = sub.get_arguments().map(|arg| format!(" {}", usage(arg))).collect();
        let help = Locale::of(Language::English).text(&key);
        *table += &format!("| `{path}{}` | {help} |\n", usage.replace('|', "\\|"));
    }
}

/// `FILE`, `[--json]`, `[--day YYYY-MM-DD]`.
fn usage(arg: &Arg) -> String {
    let takes_value = arg.get_action().takes_values();
    let value = arg.get_value_names().filter(|_| takes_value).map(|names| names.join(" "));
    let text = match (arg.get_long(), value) {
        (Some(long), Some(value)) => format!("--{long} {value}"),
        (Some(long), None) => format!("--{long}"),
        (None, value) => value.unwrap_or_default(),
    };
    if arg.is_required_set() { text } else { format!("[{text}]") }
}
