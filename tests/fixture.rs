//! What 0.2.0 left on disk: every later version opens it, keeps what was promised, forgets it on demand, and
//! leaves nothing of what 0.2.0 kept and no longer should. `fixtures/0.2.0/make.py` says how it was made.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use olvido::domain::customer::Identifier;
use olvido::seal::{StoreKey, customer_lookup};
use serde_json::Value;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/0.2.0");

/// Of the demo shop, at 389.00.
const WASHING_MACHINE: &str = "0400001200018";

/// A folder of the fixture, unpacked into a place of its own.
struct Unpacked {
    _place: tempfile::TempDir,
    folder: PathBuf,
}

impl Unpacked {
    fn of(name: &str) -> Unpacked {
        let place = tempfile::tempdir().unwrap();
        let archive = fs::File::open(format!("{FIXTURE}/{name}.tar.zst")).unwrap();
        tar::Archive::new(zstd::Decoder::new(archive).unwrap()).unpack(place.path()).unwrap();
        Unpacked { folder: place.path().join(name), _place: place }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        olvido(&self.folder, arguments)
    }

    /// What a command prints that must succeed.
    fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.said(arguments)).unwrap()
    }

    /// Opens the files with this version, and lets it do what upgrade day leaves to do.
    fn upgraded(name: &str) -> Unpacked {
        let unpacked = Unpacked::of(name);
        unpacked.said(&["expire"]);
        unpacked
    }

    /// The bytes of every file there.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(&self.folder).unwrap().map(Result::unwrap);
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect()
    }

    /// Names of the files that hold these bytes.
    fn holding(&self, needle: &[u8]) -> Vec<String> {
        let files = self.files().into_iter();
        files
            .filter(|(_, bytes)| memchr::memmem::find(bytes, needle).is_some())
            .map(|(name, _)| name)
            .collect()
    }
}

fn olvido(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_olvido"));
    command
        .arg("--data")
        .arg(folder)
        .args(arguments)
        .env("OLVIDO_LANG", "en")
        .env_remove("OLVIDO_HUB_DATABASE");
    command.stdin(Stdio::null()).output().unwrap()
}

fn expected() -> Value {
    serde_json::from_str(&fs::read_to_string(format!("{FIXTURE}/expected.json")).unwrap()).unwrap()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// What the command line takes for this customer of the fixture.
fn identifier(customer: &Value) -> Option<&str> {
    let customer = customer.as_object()?;
    Some(customer.values().next()?.as_str().unwrap())
}

#[test]
fn the_tickets_of_0_2_0_stay_as_they_were() {
    let (till, expected) = (Unpacked::upgraded("till"), expected());
    let tickets = till.said(&["export", "tickets"]);
    assert_eq!(tickets.lines().count() as u64, expected["tickets"].as_u64().unwrap());
    let last: Value = serde_json::from_str(tickets.lines().last().unwrap()).unwrap();
    for field in ["NumSerieFactura", "HuellaAnterior", "Huella", "taxes", "tenders", "ImporteTotal"] {
        assert_eq!(last[field], expected["last"][field], "{field}");
    }
    let review = till.json(&["review", "--json"]);
    for sums in ["sales", "total", "by_day", "tax", "tender", "choice"] {
        assert_eq!(review[sums], expected["review"][sums], "{sums}");
    }
    assert_eq!(till.json(&["verify", "--json"])["findings"], serde_json::json!([]));
}

/// A store of 0.2.0 keeps less on its tickets at once, whatever its policy says, and goes on so when the
/// policy is renewed.
#[test]
fn a_till_of_0_2_0_puts_no_department_on_a_ticket() {
    let (till, place) = (Unpacked::of("till"), tempfile::tempdir().unwrap());
    let sell = |id: &str| {
        let sales = place.path().join("sales.jsonl");
        let line = r#"{"id":"ID","lines":[{"code":"CODE"}],"tenders":[{"kind":"card","amount":"389.00"}]}"#;
        fs::write(&sales, line.replace("ID", id).replace("CODE", WASHING_MACHINE)).unwrap();
        till.said(&["ring", sales.to_str().unwrap()]);
        let tickets = till.said(&["export", "tickets"]);
        serde_json::from_str::<Value>(tickets.lines().last().unwrap()).unwrap()["departments"].clone()
    };
    let shop = serde_json::json!([{ "department": "alimentación y hogar", "amount": "389.00" }]);
    assert_eq!(sell("one"), shop);
    let told = till.said(&["policy", "show", "--language", "es"]);
    assert!(told.contains("qué vende la tienda") && !told.contains("importe por sección"), "{told}");
    let renewed = place.path().join("policy.toml");
    fs::write(&renewed, till.said(&["policy", "new"])).unwrap();
    till.said(&["policy", "check", renewed.to_str().unwrap()]);
    fs::write(till.folder.join("policy.toml"), fs::read(renewed).unwrap()).unwrap();
    assert_eq!(sell("two"), shop);
    assert_eq!(till.json(&["verify", "--json"])["findings"], serde_json::json!([]));
}

#[test]
fn what_0_2_0_kept_is_shown_and_what_it_forgot_is_not() {
    let (till, expected) = (Unpacked::upgraded("till"), expected());
    for purchase in expected["purchases"].as_array().unwrap() {
        let code = purchase["code"].as_str().unwrap();
        let shown = till.json(&["purchase", "show", code, "--json"]);
        assert_eq!(shown["ticket"], purchase["ticket"]);
        assert_eq!(shown["choice"], purchase["choice"]);
        assert_eq!(shown["lines"].as_array().unwrap().len(), purchase["lines"].as_array().unwrap().len());
        if let Some(customer) = identifier(&purchase["customer"]) {
            let listed = till.said(&["customer", "show", customer]);
            assert!(listed.contains(purchase["ticket"].as_str().unwrap()), "{customer}: {listed}");
        }
    }
    for code in texts(&expected["forgotten_codes"]) {
        let refused = till.run(&["purchase", "show", code]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("forgotten"), "{refused:?}");
    }
    for phone in texts(&expected["forgotten_customers"]) {
        assert_eq!(till.run(&["customer", "show", phone]).status.code(), Some(1), "{phone}");
    }
}

#[test]
fn upgrade_day_leaves_nothing_that_tells_a_person_or_a_basket() {
    let (before, expected) = (Unpacked::of("till"), expected());
    let key = StoreKey::load(&before.folder.join("store.key")).unwrap();
    let lookup = |phone: &str| {
        let customer = Identifier::phone(phone, "34").unwrap();
        customer_lookup(&key, "customer", &customer.canonical())
    };
    // The control: what is looked for below is there before.
    assert!(!before.holding(b"CANARYLOOK").is_empty());
    assert!(!before.holding(&lookup("600123456").0).is_empty());
    let till = Unpacked::upgraded("till");
    assert_eq!(till.json(&["verify", "--json"])["holds"], true);
    assert_eq!(till.holding(b"CANARYLOOK"), Vec::<String>::new());
    for phone in texts(&expected["forgotten_customers"]) {
        assert_eq!(till.holding(&lookup(phone).0), Vec::<String>::new(), "{phone}");
    }
    assert_eq!(till.holding(&lookup("600123456").0), ["olvido.keys"], "where forgetting overwrites it");
    let database = rusqlite::Connection::open(till.folder.join("olvido.db")).unwrap();
    let clear: u32 = database
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'product_counter'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(clear, 0, "counts by day in the clear");
}

/// kill -9 at random moments of upgrade day: the next command goes on, nothing is lost, and what is forgotten then
/// is gone.
#[test]
fn upgrade_day_survives_kills() {
    let (template, expected) = (Unpacked::of("till"), expected());
    let again = || {
        let place = tempfile::tempdir().unwrap();
        let status = Command::new("cp").arg("-a").arg(&template.folder).arg(place.path()).status();
        assert!(status.unwrap().success());
        Unpacked { folder: place.path().join("till"), _place: place }
    };
    let begun = Instant::now();
    again().said(&["expire"]);
    let took = begun.elapsed();
    let purchases = expected["purchases"].as_array().unwrap();
    let customer = purchases.iter().find_map(|purchase| identifier(&purchase["customer"])).unwrap();
    let of_others = purchases.iter().filter(|purchase| identifier(&purchase["customer"]) != Some(customer));
    let mut shapes = std::collections::BTreeSet::new();
    for kill in 1..=16 {
        let till = again();
        let mut command = Command::new(env!("CARGO_BIN_EXE_olvido"));
        command.arg("--data").arg(&till.folder).arg("expire").stdin(Stdio::null());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(took * kill / 18);
        child.kill().unwrap();
        child.wait().unwrap();
        let context = format!("killed after {kill}/18 of {took:?}");
        let database = rusqlite::Connection::open(till.folder.join("olvido.db")).unwrap();
        let shape = "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema ORDER BY name)";
        shapes.insert(database.query_row(shape, [], |row| row.get::<_, String>(0)).unwrap());
        drop(database);
        till.said(&["customer", "forget", customer]);
        let verified = till.json(&["verify", "--json"]);
        assert_eq!(verified["findings"], serde_json::json!([]), "{context}");
        assert_eq!(verified["tickets"], expected["tickets"], "{context}");
        assert_eq!(verified["purchases"], of_others.clone().count(), "{context}");
        assert_eq!(till.run(&["customer", "show", customer]).status.code(), Some(1), "{context}");
        let last = of_others.clone().next_back().unwrap()["code"].as_str().unwrap();
        till.said(&["purchase", "show", last]);
        assert_eq!(till.holding(b"CANARYLOOK"), Vec::<String>::new(), "{context}");
    }
    assert!(shapes.len() > 1, "none was killed in the middle");
}

#[test]
fn everything_that_0_2_0_kept_can_be_forgotten() {
    let (till, expected) = (Unpacked::upgraded("till"), expected());
    let mut customers = Vec::new();
    for purchase in expected["purchases"].as_array().unwrap() {
        match identifier(&purchase["customer"]) {
            Some(customer) => customers.push(customer),
            None => drop(till.said(&["purchase", "forget", purchase["code"].as_str().unwrap()])),
        }
    }
    for customer in customers {
        // Several purchases are one customer's.
        till.run(&["customer", "forget", customer]);
        assert_eq!(till.run(&["customer", "show", customer]).status.code(), Some(1), "{customer}");
    }
    let verified = till.json(&["verify", "--json"]);
    assert_eq!(
        (&verified["holds"], &verified["purchases"], &verified["profiles"]),
        (&true.into(), &0.into(), &0.into())
    );
}

#[test]
fn a_backup_of_0_2_0_is_restored_and_a_restored_store_opens() {
    let (till, expected) = (Unpacked::upgraded("till"), expected());
    let place = tempfile::tempdir().unwrap();
    let backup = place.path().join("till.backup");
    let archive = fs::File::open(format!("{FIXTURE}/till.backup.zst")).unwrap();
    fs::write(&backup, zstd::decode_all(archive).unwrap()).unwrap();
    let elsewhere = place.path().join("elsewhere");
    let key = till.folder.join("store.key");
    let restored = olvido(
        &elsewhere,
        &["restore", backup.to_str().unwrap(), "--store-key", key.to_str().unwrap(), "--series", "Z"],
    );
    assert!(restored.status.success(), "{restored:?}");
    let verified = olvido(&elsewhere, &["verify"]);
    assert!(verified.status.success(), "{verified:?}");
    let store = Unpacked::upgraded("restored");
    let code = expected["restored"]["code"].as_str().unwrap();
    assert_eq!(store.json(&["purchase", "show", code, "--json"])["ticket"], expected["restored"]["ticket"]);
    assert_eq!(store.json(&["verify", "--json"])["holds"], true);
}

/// Ends with its process.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_hub_of_0_2_0_serves_its_tills_and_forgets() {
    let expected = expected();
    let (hub, one, two) =
        (Unpacked::of("hub"), Unpacked::upgraded("hub-till-1"), Unpacked::upgraded("hub-till-2"));
    let address = format!("127.0.0.1:{}", expected["hub"]["port"]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_olvido"));
    command.arg("--data").arg(&hub.folder).args(["hub", "serve", "--listen", &address]);
    let _served = Served(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let patience = Instant::now() + Duration::from_secs(60);
    while std::net::TcpStream::connect(&address).is_err() {
        assert!(Instant::now() < patience, "the hub does not serve");
        std::thread::sleep(Duration::from_millis(50));
    }
    for till in [&one, &two] {
        till.said(&["sync", "now"]);
    }
    for code in texts(&expected["hub"]["forgotten"]) {
        for till in [&one, &two] {
            assert_eq!(till.run(&["purchase", "show", code]).status.code(), Some(1), "{code}");
        }
    }
    let kept = texts(&expected["hub"]["kept"]);
    // Said at the till that never saw it.
    let (first, second) = (
        one.run(&["purchase", "show", kept[0], "--json"]),
        two.run(&["purchase", "show", kept[0], "--json"]),
    );
    assert!(first.status.success() != second.status.success(), "{first:?} {second:?}");
    let (owner, other) = if first.status.success() { (&one, &two) } else { (&two, &one) };
    other.said(&["purchase", "forget", kept[0]]);
    for till in [other, owner, other] {
        till.said(&["sync", "now"]);
    }
    assert_eq!(owner.run(&["purchase", "show", kept[0]]).status.code(), Some(1));
    assert_eq!(hub.json(&["hub", "report", "--json"]), expected["hub"]["report"]);
    hub.said(&["hub", "verify"]);
}
