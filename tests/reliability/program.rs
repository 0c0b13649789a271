//! The program itself, as a shop runs it: `olvido init --demo`, then `olvido ring`, a line at a
//! time, until it is killed or the power goes out.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use memchr::memmem;
use olvido::seal::ReceiptCode;
use olvido::store::Found;
use serde_json::Value;

use super::common::{Rng, all_files, check_chain, copy_files, fast_directory, open, seeds};
use super::power_cut::preload;

const SHOPS: u64 = 10;
const CUTS_OF_A_SHOP: u64 = 10;
const KILLS_OF_A_SHOP: u64 = 10;
const LINES: usize = 40;

#[test]
fn ringing_survives_power_cuts() {
    let (mut sold, mut cuts) = (0, 0);
    for shop in seeds(SHOPS) {
        let mut ringer = Ringer::new(shop);
        for _ in 0..CUTS_OF_A_SHOP {
            let disk = fast_directory();
            let mut command = ringer.command();
            preload(&mut command, ringer.data.path(), disk.path());
            command.env("CUT_AT", (1 + ringer.random.below(50)).to_string());
            command.env("CUT_BEFORE", ringer.random.below(2).to_string());
            if ringer.random.percent(50) {
                command.env("CUT_TORN", (1 + ringer.random.below(1_000_000)).to_string());
            }
            ringer.ring(command, None);
            fs::remove_dir_all(disk.path().join(".objects")).unwrap();
            ringer.data = disk;
            ringer.check(&format!("OLVIDO_SEED={shop}"));
            cuts += 1;
        }
        sold += ringer.answers.len();
    }
    println!("olvido ring: {sold} sales, {cuts} power cuts, none lost");
}

#[test]
fn ringing_survives_kills() {
    let (mut sold, mut kills) = (0, 0);
    for shop in seeds(SHOPS) {
        let mut ringer = Ringer::new(shop);
        for _ in 0..KILLS_OF_A_SHOP {
            let after = ringer.random.below(15);
            let command = ringer.command();
            ringer.ring(command, Some(after));
            ringer.check(&format!("OLVIDO_SEED={shop}"));
            kills += 1;
        }
        sold += ringer.answers.len();
    }
    println!("olvido ring: {sold} sales, {kills} kills, none lost");
}

/// The power goes out while the store is set up: after an acknowledgement all is there, and before
/// one the same command can be given again.
#[test]
fn setting_up_survives_power_cuts() {
    let (mut acknowledged, mut repeated) = (0, 0);
    for cut in seeds(48) {
        let (live, disk) = (fast_directory(), fast_directory());
        let mut init = program(live.path());
        init.args(["init", "--demo"]);
        preload(&mut init, live.path(), disk.path());
        init.env("CUT_AT", (cut + 1).to_string()).env("CUT_BEFORE", (cut % 2).to_string());
        if cut % 3 == 0 {
            init.env("CUT_TORN", (cut + 1).to_string());
        }
        let said = init.output().unwrap().stdout;
        fs::remove_dir_all(disk.path().join(".objects")).unwrap();
        if said.is_empty() {
            let again = program(disk.path()).args(["init", "--demo"]).output().unwrap();
            repeated += u32::from(again.status.success());
        } else {
            acknowledged += 1;
        }
        let mut ringer = Ringer::of(cut, disk);
        let command = ringer.command();
        ringer.ring(command, None);
        assert_eq!(ringer.answers.len(), LINES, "OLVIDO_SEED={cut}");
        ringer.check(&format!("OLVIDO_SEED={cut}"));
    }
    println!("olvido init: {acknowledged} acknowledged and there, {repeated} begun again");
}

/// Neither who bought, nor a client's id, nor a line that was refused is in any file, the log
/// included.
#[test]
fn no_file_of_the_shop_names_a_person() {
    let ringer = Ringer::new(1);
    let input = concat!(
        r#"{"id":"CANARY-1","lines":[{"department":"Bakery","tax":"4","unit_price":"1"}],"choice":"remember","customer":{"phone":"699551234"},"purposes":["history"]}"#,
        "\n",
        r#"{"id":"CANARY-2","lines":[{"department":"Bakery","tax":"4","unit_price":"1"}],"choice":"remember","customer":{"email":"canary@example.org"},"purposes":["history"]}"#,
        "\n",
        r#"{"id":"CANARY-3","lines":[{"department":"Bakery","tax":"4","unit_price":"1"}],"choice":"remember","customer":{"card":"CANARY77"},"purposes":["history"]}"#,
        "\n",
        r#"{"id":"CANARY-4","lines":[{"code":"CANARY"}],"customer":{"phone":"699551234"}}"#,
        "\n",
        r#"{"id":"CANARY-5","lines":["canary 699551234""#,
        "\n",
    );
    let mut till = ringer.command().spawn().unwrap();
    till.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = till.wait_with_output().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    assert_eq!(answers.matches("\"error\"").count(), 2, "{answers}");
    let needles = ["CANARY", "canary@example", "699551234"];
    for (name, bytes) in all_files(ringer.data.path()) {
        for needle in needles {
            assert!(memmem::find(&bytes, needle.as_bytes()).is_none(), "{needle} in {name}");
        }
    }
}

/// Who sends the lines, and remembers each answer.
struct Ringer {
    random: Rng,
    data: tempfile::TempDir,
    /// By id; in the order they were answered.
    answers: BTreeMap<String, Value>,
    /// Sent and not answered: when the till died.
    unanswered: Option<(String, String)>,
    sent: u32,
    tickets: u64,
}

impl Ringer {
    fn new(seed: u64) -> Ringer {
        let data = fast_directory();
        let output = program(data.path()).args(["init", "--demo"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ringer::of(seed, data)
    }

    fn of(seed: u64, data: tempfile::TempDir) -> Ringer {
        let random = Rng::new(seed);
        Ringer { random, data, answers: BTreeMap::new(), unanswered: None, sent: 0, tickets: 0 }
    }

    fn command(&self) -> Command {
        let mut command = program(self.data.path());
        command.arg("ring").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn line(&mut self) -> (String, String) {
        self.sent += 1;
        let id = format!("{:05}", self.sent);
        let choice = match self.random.below(3) {
            0 => r#""choice":"forget""#,
            1 => r#""choice":"guarantee""#,
            _ => r#""choice":"remember","customer":{"phone":"600123456"},"purposes":["history"]"#,
        };
        let line = format!(
            r#"{{"id":"{id}",{choice},"lines":[{{"department":"Bakery","tax":"4","unit_price":"{}.50"}}]}}"#,
            self.random.below(90)
        );
        (id, line)
    }

    /// Sends a line, waits for its answer, and so on until the till dies: by itself, or killed a
    /// random while after `kill_after` lines.
    fn ring(&mut self, mut command: Command, kill_after: Option<usize>) {
        let mut till = command.spawn().unwrap();
        let mut input = till.stdin.take().unwrap();
        let mut output = BufReader::new(till.stdout.take().unwrap());
        for count in 0..LINES {
            let (id, line) = self.unanswered.take().unwrap_or_else(|| self.line());
            self.unanswered = Some((id.clone(), line.clone()));
            if writeln!(input, "{line}").is_err() {
                break;
            }
            if kill_after == Some(count) {
                thread::sleep(Duration::from_micros(self.random.next() % 1500));
                till.kill().unwrap();
            }
            let mut answer = String::new();
            // What a dying till did not finish saying is no answer.
            if !output.read_line(&mut answer).is_ok_and(|_| answer.ends_with('\n')) {
                break;
            }
            self.take(&id, &answer);
        }
        drop(input);
        finish(till, self.data.path());
    }

    fn take(&mut self, id: &str, answer: &str) {
        let answer: Value = serde_json::from_str(answer).unwrap();
        assert_eq!(answer["id"], id);
        assert!(answer["error"].is_null(), "{answer}");
        self.unanswered = None;
        self.tickets += 1;
        assert_eq!(answer["ticket"], format!("A-{:06}", self.tickets), "no gap: {answer}");
        assert!(self.answers.insert(id.to_owned(), answer).is_none());
    }

    /// Asks everything again: each line has the ticket that was acknowledged, and nothing is sold.
    fn check(&mut self, context: &str) {
        let copy = fast_directory();
        copy_plain_files(self.data.path(), copy.path());
        let store = open(copy.path());
        for (id, answer) in &self.answers {
            let number = answer["ticket"].as_str().unwrap()[2..].parse().unwrap();
            let ticket = store.ticket(number).unwrap();
            let total = ticket.unwrap_or_else(|| panic!("{context}: sale {id} is lost")).total.decimal(2);
            assert_eq!(answer["total"], total, "{context}: sale {id}");
            let request = store.answered(&store.request_id(id)).unwrap();
            assert_eq!(request.map(|ticket| ticket.number), Some(number), "{context}: {id}");
            let Some(code) = answer["code"].as_str() else { continue };
            let found = store.find(&ReceiptCode::parse(code).unwrap()).unwrap();
            let kept = matches!(found, Found::Kept(_));
            assert_eq!(kept, answer["choice"] != "forget", "{context}: {id} {found:?}");
        }
        // At most the one line that nobody was told of.
        let untold = check_chain(&store) - self.tickets;
        assert!(untold <= u64::from(self.unanswered.is_some()), "{context}: {untold} sales too many");
    }
}

fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_olvido"));
    command.arg("--data").arg(data);
    command
}

/// A till that died by a kill or at the end of its input has nothing to complain of.
fn finish(mut till: Child, data: &Path) {
    let mut complaint = String::new();
    till.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    till.wait().unwrap();
    assert_eq!(complaint, "", "{}", data.display());
}

fn copy_plain_files(from: &Path, to: &Path) {
    let logs = from.join("logs");
    if logs.is_dir() {
        fs::remove_dir_all(logs).unwrap();
    }
    copy_files(from, to);
}
