use std::fs;

use super::*;
use crate::domain::policy::SHIPPED;
use crate::seal::{KeyFile, StoreKey};

#[path = "damage_tests.rs"]
mod damage;

/// Runs a command line in an empty data directory of its own: exit code, what it said, complaints.
fn ran(data: &Path, line: &str) -> (u8, String, String) {
    ran_with(data, line, "")
}

/// The same with a name in the place of `NAME`.
fn ran_with(data: &Path, line: &str, name: &str) -> (u8, String, String) {
    let mut args = vec![OsString::from("olvido")];
    args.extend(line.split(' ').filter(|w| !w.is_empty()).map(|w| OsString::from(w.replace("NAME", name))));
    let (mut out, mut complaints) = (Vec::new(), Vec::new());
    let code = run(&args, environment(data), &mut out, &mut complaints);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (code, text(out), text(complaints))
}

fn environment(data: &Path) -> Environment {
    Environment { data: Some(data.to_owned()), ..Environment::default() }
}

/// An output that tells another thread what was written, at each flush.
struct Told {
    written: Vec<u8>,
    to: std::sync::mpsc::Sender<String>,
}

impl Told {
    fn pair() -> (Told, std::sync::mpsc::Receiver<String>) {
        let (to, heard) = std::sync::mpsc::channel();
        (Told { written: Vec::new(), to }, heard)
    }
}

impl io::Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let text = String::from_utf8(std::mem::take(&mut self.written)).unwrap();
        // Nobody listens any more once the test knows what it wants to.
        let _ = self.to.send(text);
        Ok(())
    }
}

fn data() -> (tempfile::TempDir, DataDir) {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::at(&folder.path().join("data"));
    data.create().unwrap();
    (folder, data)
}

#[test]
fn exit_codes() {
    let (folder, data) = data();
    let changed = folder.path().join("changed.toml");
    fs::write(&changed, "version = \"x\"\n").unwrap();
    let same = folder.path().join("same.toml");
    fs::write(&same, SHIPPED).unwrap();
    for (line, expected) in [
        ("--version".to_owned(), DONE),
        ("--help".to_owned(), DONE),
        ("policy show".to_owned(), DONE),
        ("policy show --language es --lang en".to_owned(), DONE),
        (format!("policy check {}", changed.display()), REFUSED),
        (format!("policy check {}", same.display()), DONE),
        ("policy check no-such-file".to_owned(), REFUSED),
        ("policy".to_owned(), USAGE),
        ("--nothing".to_owned(), USAGE),
    ] {
        let (code, out, complaints) = ran(data.root(), &line);
        assert_eq!(code, expected, "{line}\n{out}{complaints}");
        assert!(!out.is_empty() || complaints.starts_with("olvido: "), "{line}");
    }
}

#[test]
fn the_notice_is_the_stores_own_once_it_has_one() {
    let (_folder, data) = data();
    let (_, shipped, _) = ran(data.root(), "policy show --language en");
    private_file::replace(&data.policy(), SHIPPED.replacen("version = 2", "version = 7", 1).as_bytes())
        .unwrap();
    let (_, own, _) = ran(data.root(), "policy show --language en");
    assert!(own.lines().next().unwrap().contains('7'), "{own}");
    assert_eq!(own.lines().skip(1).collect::<Vec<_>>(), shipped.lines().skip(1).collect::<Vec<_>>());
}

/// The file in place is no measure of itself: what counts is what the store has in force.
#[test]
fn a_policy_changed_in_place_is_judged_beside_the_one_in_force() {
    let (_folder, data) = data();
    assert_eq!(ran(data.root(), "init --demo --lang en").0, DONE);
    let path = data.policy().display().to_string();
    assert_eq!(ran(data.root(), &format!("policy check {path} --lang en")).0, DONE);
    let changed =
        fs::read_to_string(data.policy()).unwrap().replacen("backup-days = 30", "backup-days = 60", 1);
    private_file::replace(&data.policy(), changed.as_bytes()).unwrap();
    let (code, out, _) = ran(data.root(), &format!("policy check {path} --lang en"));
    assert!(code == REFUSED && out.contains("version"), "{out}");
}

/// What a store of before renews its policy from.
#[test]
fn a_new_policy_is_printed_as_it_ships() {
    let (_folder, data) = data();
    let (code, out, _) = ran(data.root(), "policy new");
    assert_eq!((code, out.as_str()), (DONE, SHIPPED));
}

#[cfg(unix)]
#[test]
fn files_that_others_could_read_stop_every_command() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, data) = data();
    private_file::replace(&data.policy(), SHIPPED.as_bytes()).unwrap();
    fs::set_permissions(data.policy(), fs::Permissions::from_mode(0o644)).unwrap();
    let path = data.policy().display().to_string();
    for (language, sentence) in [("es", "otros usuarios"), ("en", "other users")] {
        let (code, out, complaints) = ran(data.root(), &format!("policy show --lang {language}"));
        assert_eq!((code, out.as_str()), (REFUSED, ""));
        for part in [sentence, &format!("{path} "), "0644", &format!("chmod 600 {path}")] {
            assert!(complaints.contains(part), "{part} not in\n{complaints}");
        }
    }
}

#[test]
fn a_store_that_is_not_there_or_not_right() {
    let (_folder, data) = data();
    let environment = Environment { data: Some(data.root().to_owned()), ..Environment::default() };
    let cli = match help::parse(&["olvido".into(), "--lang".into(), "en".into()], Language::Spanish) {
        Parsed::Command(cli) => cli,
        other => panic!("{other:?}"),
    };
    let session = Session::open(&cli, environment).unwrap();
    assert!(session.settings().unwrap_err().to_string().contains("olvido init --demo"));
    private_file::replace(&data.config(), config::SHIPPED.replace("\"es\"", "\"fr\"").as_bytes()).unwrap();
    let problem = session.settings().unwrap_err().to_string();
    let line = config::SHIPPED.lines().position(|l| l == "language = \"es\"").unwrap() + 1;
    assert_eq!(
        problem.lines().skip(2).collect::<Vec<_>>(),
        [
            format!("  line {line}: store.language cannot be \"fr\"."),
            "    Write \"es\" or \"en\".".to_owned()
        ]
    );
    private_file::replace(&data.config(), config::SHIPPED.as_bytes()).unwrap();
    assert_eq!(session.settings(), Ok(Settings::default()));
    private_file::replace(&data.config(), &[0xff, 0xfe]).unwrap();
    assert!(session.settings().unwrap_err().to_string().contains("UTF-8"));
}

#[test]
fn nothing_from_a_file_reaches_the_terminal_as_a_command() {
    let problem = Problem { what: "a\u{1b}[2Jb".into(), place: Some("c\u{7}\nd".into()), next: None };
    assert_eq!(problem.to_string(), "olvido: a\\u001b[2Jb\n  c\\u0007\n  d\n");
    // Nor from the name of one, whichever command it is for.
    let (folder, data) = data();
    assert_eq!(ran(data.root(), "init --demo --lang en").0, DONE);
    let hub = DataDir::at(&data.root().join("hub"));
    hub.create().unwrap();
    StoreKey::create(&hub.root().join("hub.key")).unwrap();
    let name = "a\u{1b}[31m\u{202e}b";
    let file = folder.path().join(name).display().to_string();
    for line in [
        "import products NAME",
        "ring NAME",
        "policy check NAME",
        "restore NAME",
        "backup NAME",
        "backup NAME",
        "hub backup NAME/x",
        "hub restore NAME",
        "hub publish policy NAME",
        "sync enrol https://h NAME",
    ] {
        let (_, said, complaints) = ran_with(data.root(), line, &file);
        let all = said + &complaints;
        assert!(!all.contains(['\u{1b}', '\u{202e}']), "{line}: {all:?}");
        let shown = line.starts_with("sync") || all.contains("a\\u001b[31m\\u202eb");
        assert!(shown, "{line}: {all}");
    }
}

/// What only asks a hub makes none.
#[test]
fn where_no_hub_is_none_is_made() {
    let (_folder, data) = data();
    assert_eq!(ran(data.root(), "init --demo --lang en").0, DONE);
    for line in [
        "hub devices",
        "hub report",
        "hub verify",
        "hub revoke caja",
        "hub backup NAME",
        "hub publish policy NAME",
        "hub publish products NAME",
    ] {
        let name = data.policy().display().to_string();
        let (code, _, complaints) = ran_with(data.root(), &format!("{line} --lang en"), &name);
        assert_eq!(code, REFUSED, "{line}");
        assert!(complaints.contains("there is no hub here"), "{line}: {complaints}");
        assert!(complaints.contains("olvido hub enrol --store NAME"), "{line}: {complaints}");
        assert!(!data.root().join("hub").exists(), "{line}");
    }
}

/// A pipe, a device or a folder in the place of a file is refused at once: it could be read for ever.
#[test]
fn only_regular_files_are_read() {
    let (folder, data) = data();
    let pipe = folder.path().join("pipe");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert_eq!(ran(data.root(), "init --demo --lang en").0, DONE);
    let hub = DataDir::at(&data.root().join("hub"));
    hub.create().unwrap();
    StoreKey::create(&hub.root().join("hub.key")).unwrap();
    // The device first: one that is read gives nothing, and ends.
    for file in [Path::new("/dev/null"), folder.path(), &pipe] {
        for line in [
            "import products NAME",
            "ring NAME",
            "policy check NAME",
            "restore NAME",
            "restore NAME --store-key NAME",
            "hub restore NAME",
        ] {
            let (code, out, complaints) =
                ran_with(data.root(), &format!("{line} --lang en"), file.to_str().unwrap());
            assert_eq!(code, REFUSED, "{line} {}: {out}{complaints}", file.display());
            assert!(complaints.contains("no regular file"), "{line} {}: {out}{complaints}", file.display());
        }
    }
}

#[test]
fn each_till_of_a_shop_gets_a_name_and_a_series() {
    let (_folder, data) = data();
    for wrong in ["--series A/1", "--series ABCDEFGHIJKLMNOPQRSTU", "--till 0123456789_0123456789"] {
        let (code, _, complaints) = ran(data.root(), &format!("init --demo --lang en {wrong}"));
        assert_eq!(code, REFUSED, "{wrong}");
        assert!(complaints.contains("at most 20") && complaints.contains("--series"), "{complaints}");
        assert!(!data.is_set_up(), "{wrong}");
    }
    let (code, _, complaints) = ran(data.root(), "init --demo --lang en --till bakery --series B");
    assert_eq!(code, DONE, "{complaints}");
    let config = config::parse(&fs::read_to_string(data.config()).unwrap()).unwrap();
    assert_eq!((config.store.till.as_str(), config.store.series.as_str()), ("bakery", "B"));
}

/// A forget that comes while a backup is being made is carried out as soon as it is made, and says that it waits;
/// whoever wants anything else is told what holds the store.
#[test]
fn a_forget_waits_for_a_backup() {
    let (_folder, data) = data();
    assert_eq!(ran(data.root(), "init --demo --lang en").0, DONE);
    let mut lock = crate::cli::paths::Lock::take(&data).unwrap();
    lock.is_for_backup();
    let (code, _, complaints) = ran(data.root(), "verify --lang en");
    assert!(code == REFUSED && complaints.contains("a backup of this store is being made"), "{complaints}");
    std::thread::scope(|scope| {
        let (mut out, heard) = Told::pair();
        let forget = scope.spawn(move || {
            let mut complaints = Vec::new();
            let line = ["olvido", "customer", "forget", "600123456", "--lang", "en"].map(OsString::from);
            let code = run(&line, environment(data.root()), &mut out, &mut complaints);
            (code, String::from_utf8(complaints).unwrap())
        });
        let said = heard.recv().expect("it says that it waits");
        assert!(said.contains("This waits until it is."), "{said}");
        drop(lock);
        let (code, complaints) = forget.join().unwrap();
        assert_eq!(code, REFUSED);
        assert!(complaints.contains("nothing is kept of this customer"), "{complaints}");
    });
}

/// What a file of products can be split into, a policy cannot.
#[test]
fn a_huge_file_is_refused_with_what_to_do() {
    let (folder, whole) = data();
    assert_eq!(ran(whole.root(), "init --demo --lang en").0, DONE);
    let file = folder.path().join("huge");
    fs::write(&file, "").unwrap();
    lengthen(&file, 3 << 30);
    for (command, in_parts) in [("import products NAME", true), ("policy check NAME", false)] {
        let (code, _, complaints) =
            ran_with(whole.root(), &format!("{command} --lang en"), file.to_str().unwrap());
        assert!(code == REFUSED && complaints.contains("larger than any"), "{complaints}");
        assert_eq!(complaints.contains("in parts"), in_parts, "{complaints}");
    }
}

/// Copies of a store with one purchase for its receipt and one of a customer, each damaged in its own way.
struct Damaged {
    folder: tempfile::TempDir,
    whole: DataDir,
    /// Of the first purchase.
    code: String,
}

type Damage = (&'static str, fn(&DataDir));

const DAMAGES: [Damage; 14] = [
    ("policy.toml", |data| fs::write(data.policy(), "no policy").unwrap()),
    ("policy.toml huge", |data| lengthen(&data.policy(), 3 << 30)),
    ("config.toml huge", |data| lengthen(&data.config(), 3 << 30)),
    ("config.toml a pipe", |data| {
        fs::remove_file(data.config()).unwrap();
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, data.config(), rustix::fs::FileType::Fifo, mode, 0).unwrap();
    }),
    ("config.toml a folder", |data| {
        fs::remove_file(data.config()).unwrap();
        fs::create_dir(data.config()).unwrap();
    }),
    ("config.toml a link", |data| {
        fs::rename(data.config(), data.root().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(data.root().join("elsewhere"), data.config()).unwrap();
    }),
    ("olvido.keys huge", |data| lengthen(&data.keys(), 20 << 30)),
    ("config.toml", |data| fs::write(data.config(), "[]").unwrap()),
    ("config.toml gone", |data| fs::remove_file(data.config()).unwrap()),
    ("the kept policy", |data| sql(data, "UPDATE policy SET text = 'x'")),
    ("kept policies gone", |data| sql(data, "DELETE FROM policy")),
    ("one slot number", |data| sql(data, "UPDATE purchase SET slot = -1")),
    ("the header of the keys", |data| {
        let mut bytes = fs::read(data.keys()).unwrap();
        bytes[0] ^= 1;
        fs::write(data.keys(), bytes).unwrap();
    }),
    ("store.key", |data| fs::remove_file(data.store_key()).unwrap()),
];

/// With a hole, which takes no room.
fn lengthen(path: &Path, bytes: u64) {
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

fn sql(data: &DataDir, sql: &str) {
    let connection = rusqlite::Connection::open(data.database()).unwrap();
    connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
}

impl Damaged {
    fn new() -> Damaged {
        let (folder, whole) = data();
        assert_eq!(ran(whole.root(), "init --demo --lang en").0, DONE);
        let lines = folder.path().join("lines");
        let line = |id: u8, choice: &str| {
            format!(r#"{{"id":"{id}",{choice},"lines":[{{"code":"0400001200018"}}]}}"#)
        };
        let remember = r#""choice":"remember","customer":{"phone":"600123456"},"purposes":["history"]"#;
        fs::write(&lines, [line(1, r#""choice":"guarantee""#), line(2, remember)].join("\n")).unwrap();
        let (_, answers, said) = ran(whole.root(), &format!("ring {}", lines.display()));
        let answer: serde_json::Value = serde_json::from_str(answers.lines().next().expect(&said)).unwrap();
        let code = answer["code"].as_str().unwrap().replace(' ', "");
        Damaged { folder, whole, code }
    }

    /// Beside the store.
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Sells the same again, and returns the receipt's code.
    fn rings(&self, choice: &str) -> String {
        let lines = self.path("more");
        fs::write(&lines, format!(r#"{{{choice},"lines":[{{"code":"0400001200018"}}]}}"#)).unwrap();
        let (code, answer, said) = ran_with(self.whole.root(), "ring NAME", &lines);
        assert_eq!(code, DONE, "{answer}{said}");
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        answer["code"].as_str().unwrap().replace(' ', "")
    }

    fn copy(&self) -> (tempfile::TempDir, DataDir) {
        let copy = tempfile::tempdir().unwrap();
        let status =
            std::process::Command::new("cp").arg("-a").arg(self.whole.root()).arg(copy.path()).status();
        assert!(status.unwrap().success());
        let data = DataDir::at(&copy.path().join("data"));
        (copy, data)
    }

    /// Whether the first purchase's key is there, and any slot of a customer.
    fn left(&self, data: &DataDir) -> (bool, bool) {
        let key = StoreKey::load(&data.store_key()).unwrap_or_else(|_| StoreKey::random());
        let left = KeyFile::open_to_zero(&data.keys(), &key).unwrap().live().unwrap();
        let id = crate::seal::ReceiptCode::parse(&self.code).unwrap().purchase_id();
        (left.live.iter().any(|slot| slot.owner == id), !left.tied.is_empty())
    }
}

/// Each damage that a forget can do without, and each forget: the key is gone, and the damage is said.
#[test]
fn a_forget_needs_no_file_that_it_can_do_without() {
    let shop = Damaged::new();
    for (what, damage) in DAMAGES {
        for forget in ["purchase forget NAME", "customer forget 600123456"] {
            let (_folder, copy) = shop.copy();
            damage(&copy);
            let (code, out, complaints) = ran_with(copy.root(), &format!("{forget} --lang en"), &shop.code);
            let context = format!("{what}, {forget}: {out}{complaints}");
            if forget.starts_with("customer") && what == "store.key" {
                assert!(code == REFUSED && complaints.contains("store.key"), "{context}");
                continue;
            }
            assert_eq!(code, DONE, "{context}");
            assert!(out.contains("Forgotten."), "{context}");
            assert_eq!(
                out.contains("No ticket names a customer."),
                forget.starts_with("customer"),
                "{context}"
            );
            assert!(what == "one slot number" || out.contains("Warning: "), "{context}");
            assert!(!out.contains("Nothing was") && !out.contains("Copy the directory"), "{context}");
            let (purchase, customer) = shop.left(&copy);
            assert!(!if forget.starts_with("purchase") { purchase } else { customer }, "{context}");
        }
    }
    // Without a database the key goes all the same.
    fs::write(shop.whole.database(), "no database").unwrap();
    for forget in ["purchase forget NAME", "customer forget 600123456"] {
        let (exit, out, complaints) = ran_with(shop.whole.root(), &format!("{forget} --lang en"), &shop.code);
        let is_pending = out.contains("could not be noted") && out.contains("once a backup is put back");
        assert!(exit == REFUSED && is_pending, "{forget}: {out}{complaints}");
        let (exit, out, again) = ran_with(shop.whole.root(), &format!("{forget} --lang en"), &shop.code);
        assert!(exit == REFUSED && again.contains("may be destroyed already"), "{forget}: {out}{again}");
        assert!(again.contains("olvido restore FILE") && !again.contains("Nothing was"), "{forget}: {again}");
    }
    assert_eq!(shop.left(&shop.whole), (false, false));
}

/// The same damages, and what is past its term: purchases go, and what has to wait for its policy or for keys
/// does, and is said.
#[test]
fn an_expiry_needs_no_file_that_it_can_do_without() {
    let shop = Damaged::new();
    let ended = "UPDATE purchase SET until = 1; UPDATE ticket SET at = '1999-01-01T10:00:00+01:00';
        UPDATE meta SET value = '1990-01-01' WHERE name = 'began'";
    let whole: Damage = ("nothing", |_| ());
    for (what, damage) in DAMAGES.into_iter().chain([whole]) {
        let (_folder, copy) = shop.copy();
        sql(&copy, ended);
        damage(&copy);
        let (code, out, complaints) = ran(copy.root(), "expire --lang en");
        let context = format!("{what}: {out}{complaints}");
        assert_eq!(shop.left(&copy), (false, false), "{context}");
        let (waits, tickets) = match what {
            "the kept policy" | "kept policies gone" => (Some("Tickets and counts stay"), 0),
            "the header of the keys" | "olvido.keys huge" | "store.key" => (Some("Counts stay"), 2),
            _ => (None, 2),
        };
        assert!(out.contains(&format!("forgotten: 2, tickets removed: {tickets}")), "{context}");
        assert_eq!(code, if waits.is_some() { REFUSED } else { DONE }, "{context}");
        assert_eq!(out.contains(" stay until this is mended"), waits.is_some(), "{context}");
        assert!(waits.is_none_or(|words| out.contains(words)), "{context}");
        let opens = matches!(what, "nothing" | "one slot number" | "kept policies gone");
        assert_eq!(out.contains("Warning: "), !opens, "{context}");
    }
    // Where there is no database, there is nothing to go by.
    fs::write(shop.whole.database(), "no database").unwrap();
    let (code, _, complaints) = ran(shop.whole.root(), "expire --lang en");
    assert!(code == REFUSED && complaints.contains("olvido.db"), "{complaints}");
}

/// A policy changed under the same number is damage, too: the terms of the one that was kept hold.
#[test]
fn an_expiry_goes_by_the_kept_policy_where_the_file_was_changed() {
    let shop = Damaged::new();
    sql(&shop.whole, "UPDATE purchase SET until = 1");
    let changed = SHIPPED.replacen("years = 6", "years = 1", 1);
    fs::write(shop.whole.policy(), changed).unwrap();
    let (code, out, complaints) = ran(shop.whole.root(), "expire --lang en");
    assert_eq!(code, DONE, "{out}{complaints}");
    assert_eq!(shop.left(&shop.whole), (false, false));
    assert!(out.contains("Warning: ") && out.contains("policy.toml"), "{out}");
}
