//! Today's hub hears tills of other versions.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use std::{fs, thread};

use olvido::domain::policy::SHIPPED;
use olvido::seal::DeviceSignature;
use olvido::store::{Outbox, Store};
use olvido::sync::enrolment::{EnrolmentCode, signed_for_session};
use olvido::sync::hub::db::{Database, DatabaseAddress};
use olvido::sync::record::{Run, Series};
use olvido::sync::wire::{
    Challenge, EnrolAnswer, EnrolRequest, FORGETS_MAX, Hex, SessionRequest, UploadAnswer,
};
use olvido::sync::{hub, outgoing};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::{Exchange, ORIGIN, STORE, blesses, id, key, peer, value};
use crate::support::{Hub, JSON, Till, olvido};

/// Nothing here takes longer, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Today's hub, and the frozen till at it.
struct Spoken {
    hub: Hub,
    /// Of which version the files are.
    version: &'static str,
    till: Till,
}

impl Spoken {
    fn with(version: &'static str) -> Spoken {
        let till = Till { store: STORE.into(), key: key(), origin: ORIGIN, token: String::new() };
        Spoken { hub: Hub::plain(), version, till }
    }

    fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.version)
    }

    fn send(&self, ask: &str, body: &str) -> (u16, Value) {
        let (method, path) = ask.split_once(' ').unwrap();
        let authorization = self.till.authorization();
        let mut headers = vec![];
        headers.extend((!body.is_empty()).then_some(JSON));
        headers.extend((!self.till.token.is_empty()).then_some(("authorization", authorization.as_str())));
        let answer = self.hub.ask(method, path, &headers, body.as_bytes());
        (answer.status, answer.json())
    }

    /// Sends what is frozen, filled by `fill`, and compares the answer; where it is to be written anew,
    /// sends what `make` makes. Returns what the hub said.
    fn says(
        &self,
        name: &str,
        volatile: &[&str],
        make: impl FnOnce() -> Exchange,
        fill: impl FnOnce(&Exchange) -> String,
    ) -> Value {
        let name = self.name(name);
        if blesses() && self.version == "v1" {
            let mut exchange = make();
            (exchange.status, exchange.answer) = self.send(&exchange.ask, &exchange.body);
            exchange.volatile = volatile.iter().map(ToString::to_string).collect();
            exchange.write(&name);
            return exchange.answer;
        }
        let frozen = Exchange::read(&name);
        let (status, answer) = self.send(&frozen.ask, &fill(&frozen));
        frozen.compare(&name, status, &answer);
        answer
    }

    /// The same of what is frozen whole.
    fn says_as_it_is(&self, name: &str, volatile: &[&str], make: impl FnOnce() -> (String, String)) -> Value {
        let whole = || made(make());
        self.says(name, volatile, whole, |frozen| frozen.body.clone())
    }

    /// Enrols, and opens a session. The hub's own part is random: the till's device is then set to the
    /// frozen one by hand, so that frozen signatures are that till's.
    fn begins(&mut self) {
        let code = self.hub.code(STORE);
        let make = || {
            let request = crate::support::enrolment(&code, &key(), None);
            let ask = "POST /v1/enrol".to_owned();
            Exchange { code: code.text(), ..made((ask, serde_json::to_string(&request).unwrap())) }
        };
        let fill = |frozen: &Exchange| {
            let named = frozen.filled(&[("/code", value(&code.name()))]);
            let request: EnrolRequest = serde_json::from_str(&named).unwrap();
            let proof = code.proof_of_till(&request);
            frozen.filled(&[("/code", value(&code.name())), ("/proof", value(&proof))])
        };
        let answer = self.says("enrol", &["/device", "/incarnation", "/proof"], make, fill);
        let answer: EnrolAnswer = serde_json::from_value(answer).unwrap();
        let database = self.database();
        for table in ["device", "series_head"] {
            let sql = format!("UPDATE {table} SET device = ?1 WHERE device = ?2");
            assert!(database.execute(&sql, params![ORIGIN.device, answer.device.0]).unwrap() > 0);
        }

        let asked = || made(("POST /v1/challenge".to_owned(), String::new()));
        let challenge = self.says("challenge", &["/challenge"], asked, |frozen| frozen.body.clone());
        let challenge: Challenge = serde_json::from_value(challenge).unwrap();
        let signed = self.till.session_request(&challenge.challenge);
        let make = || made(("POST /v1/session".to_owned(), serde_json::to_string(&signed).unwrap()));
        let fill = |frozen: &Exchange| {
            let challenge = json!(challenge.challenge);
            frozen.filled(&[("/challenge", challenge), ("/signature", value(&signed.signature))])
        };
        let answer = self.says("session", &["/token", "/incarnation"], make, fill);
        self.till.token = answer["token"].as_str().unwrap().to_owned();
    }

    fn database(&self) -> Connection {
        let database = Connection::open(self.hub.directory().join("hub.db")).unwrap();
        database.busy_timeout(PATIENCE).unwrap();
        database
    }

    fn runs(&self, args: &[&str]) -> String {
        let out = olvido(&self.hub.directory(), args);
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    #[track_caller]
    fn holds(&self) {
        let verified: Value = serde_json::from_str(&self.runs(&["hub", "verify", "--json"])).unwrap();
        assert_eq!(verified["holds"], true, "{verified}");
    }

    /// Until every copy of what was forgotten is gone.
    fn waits_for_copies(&self) {
        let begun = Instant::now();
        let left = "SELECT count(*) FROM doomed";
        while self.database().query_row(left, [], |row| row.get::<_, u32>(0)).unwrap() > 0 {
            assert!(begun.elapsed() < PATIENCE, "something is not erased");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// What the hub keeps of a record: its bytes, and the rule that it breaks.
    fn kept(&self, series: Series, index: u64) -> (Option<String>, Option<String>) {
        let sql = "SELECT body, flag FROM record WHERE device = ?1 AND series = ?2 AND idx = ?3";
        let args = params![ORIGIN.device, series.name(), index];
        self.database().query_row(sql, args, |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    }
}

fn made((ask, body): (String, String)) -> Exchange {
    Exchange { ask, body, status: 0, answer: Value::Null, volatile: Vec::new(), code: String::new() }
}

/// What a real till has to send, as it sends it.
fn pages() -> BTreeMap<Series, Vec<Option<String>>> {
    let directory = tempfile::tempdir().unwrap();
    let mut till = peer::store(directory.path());
    till.set_enrolment(&peer::enrolment(String::new())).unwrap();
    let code = peer::sell(&mut till);
    let page = |till: &Store, series| {
        let page =
            outgoing::page(&Outbox::open(till.files()).unwrap(), series, 0, FORGETS_MAX, 1 << 20).unwrap();
        page.into_iter().map(|body| body.map(|body| body.get().to_owned())).collect()
    };
    let mut pages: BTreeMap<Series, _> = Series::ALL.map(|series| (series, page(&till, series))).into();
    // After it was sent.
    till.forget(&code).unwrap();
    pages.insert(Series::Forget, page(&till, Series::Forget));
    pages
}

/// The policy of the frozen feed.
fn policy_text() -> String {
    match blesses() {
        true => SHIPPED.replacen("version = 2", "version = 1000", 1),
        false => Exchange::read("v1/feed").answer["changes"][3]["body"]["text"].as_str().unwrap().to_owned(),
    }
}

const FEED: &str = "GET /v1/feed?after=0&limit=1000&wait=0";

/// Everything that a till of version 1 says, byte for byte, and what it hears.
#[test]
fn a_till_of_version_1_is_understood() {
    let mut spoken = Spoken::with("v1");
    spoken.begins();
    let pages = if blesses() { pages() } else { BTreeMap::new() };
    let run = |series: Series, first, records: &[Option<String>]| {
        (format!("POST /v1/records/{series}"), spoken.till.upload(series, first, records))
    };
    for series in [Series::Purchase, Series::Ticket, Series::Count, Series::Forget] {
        spoken.says_as_it_is(&format!("{series}"), &[], || run(series, 1, &pages[&series]));
        // Its answer was lost: it is sent again.
        spoken.says_as_it_is(&format!("{series}-again"), &[], || run(series, 1, &pages[&series]));
    }
    let forgotten = || id(pages[&Series::Forget][0].as_deref().unwrap());
    // The hub erases its own copy beside.
    spoken.says_as_it_is("forgets", &["/forgets/0/confirmed"], || {
        ("POST /v1/forgets".to_owned(), json!({ "ids": [forgotten(), Hex([9; 16])] }).to_string())
    });

    let folder = spoken.hub.folder.path();
    let products = folder.join("products.csv");
    let csv =
        "barcode,sku,name,department,price,vat\n8410000000016,,Leche,Lácteos,1.05,4\n,P1,Pan,Pan,0.80,4\n";
    fs::write(&products, csv).unwrap();
    spoken.runs(&["hub", "publish", "products", products.to_str().unwrap()]);
    // As it was published then: today's command asks for today's format.
    let directory = spoken.hub.directory();
    let address = format!("sqlite:{}", directory.join("hub.db").display());
    let database = Database::open(&address.parse::<DatabaseAddress>().unwrap()).unwrap();
    let files = hub::HubFiles::of(&directory);
    hub::Hub::open(&files, database, chrono::Utc::now())
        .unwrap()
        .publish_policy(STORE, &policy_text())
        .unwrap();
    let other = Hex(spoken.hub.till(STORE).origin.device).to_string();
    spoken.runs(&["hub", "revoke", &other]);
    let whole = |ask: &str| (ask.to_owned(), String::new());
    let page = spoken.says_as_it_is("feed", &["/changes/4/body/device"], || whole(FEED));
    let end = FEED.replace("=0&limit", &format!("={}&limit", page["next"]));
    spoken.says_as_it_is("feed-end", &[], || whole(&end));
    let asks = || ("POST /v1/forgets".to_owned(), json!({ "ids": [forgotten()] }).to_string());
    spoken.waits_for_copies();
    spoken.says_as_it_is("forgets-confirmed", &[], asks);

    // What breaks a rule is taken and kept apart.
    let ticket = |number: u64, change: fn(&mut Value)| {
        let mut body: Value = serde_json::from_str(pages[&Series::Ticket][0].as_deref().unwrap()).unwrap();
        body["number"] = json!(number);
        change(&mut body);
        Some(body.to_string())
    };
    let broken = || {
        let next = pages[&Series::Ticket].len() as u64 + 1;
        let tickets = [
            Some("[]".to_owned()),
            ticket(9, |_| ()),
            ticket(next + 2, |_| ()),
            ticket(next + 3, |body| body["v"] = json!(2)),
        ];
        run(Series::Ticket, next, &tickets)
    };
    spoken.says_as_it_is("broken", &[], broken);
    spoken.says_as_it_is("gap", &[], || run(Series::Count, 9, &pages[&Series::Count]));
    spoken.says_as_it_is("unsigned", &[], || {
        let (ask, body) = run(Series::Count, 2, &pages[&Series::Count]);
        (ask, body.replace("\"first\":2", "\"first\":1"))
    });
    spoken.says_as_it_is("conflict", &[], || {
        let other = pages[&Series::Count][0].as_deref().unwrap().replace(":2}", ":3}");
        run(Series::Count, 1, &[Some(other)])
    });
    spoken.holds();
    spoken.runs(&["hub", "revoke", &Hex(ORIGIN.device).to_string()]);
    spoken.says_as_it_is("revoked", &[], || whole(FEED));
}

/// Whoever signed then has signed for the same bytes now.
#[test]
fn what_was_signed_and_proven_holds() {
    for name in ["purchase", "ticket", "count", "forget", "broken", "conflict"] {
        let frozen = Exchange::read(&format!("v1/{name}"));
        let (upload, hashes) = frozen.upload();
        let signature = DeviceSignature(upload.signature.0.as_slice().try_into().unwrap());
        let run = Run { origin: ORIGIN, series: frozen.series(), first: upload.first };
        assert!(run.is_signed(&key().public(), &hashes, &signature), "{name}");
        assert_eq!(run.sign(&key(), &hashes).0, signature.0, "{name}: and by nothing else");
    }
    let frozen = Exchange::read("v1/session");
    let request: SessionRequest = serde_json::from_str(&frozen.body).unwrap();
    let signed = signed_for_session(&request.store, ORIGIN, &request.challenge);
    let signature = DeviceSignature(request.signature.0.as_slice().try_into().unwrap());
    assert!(key().public().verifies(&signed, &signature));

    let frozen = Exchange::read("v1/enrol");
    let code = EnrolmentCode::parse(&frozen.code).unwrap();
    let request: EnrolRequest = serde_json::from_str(&frozen.body).unwrap();
    let answer: EnrolAnswer = serde_json::from_value(frozen.answer).unwrap();
    assert_eq!((code.name(), code.proof_of_till(&request)), (request.code, request.proof));
    assert_eq!(code.proof_of_hub(&request.proof, &answer), answer.proof);
}

/// A till from before some fields were there: they may be missing.
#[test]
fn a_till_of_an_earlier_version_is_understood() {
    let mut spoken = Spoken::with("earlier/till");
    spoken.begins();
    for series in Series::ALL {
        let none = || unreachable!("written by hand");
        spoken.says(series.name(), &[], none, |frozen| frozen.signed(ORIGIN));
    }
    spoken.holds();
}

/// A till from after this hub: what is new is passed over or kept as it came, a forget is carried out.
#[test]
fn a_till_of_a_later_version_loses_nothing() {
    let mut spoken = Spoken::with("later/till");
    spoken.begins();
    let none = || unreachable!("written by hand");
    let says = |name: &str| spoken.says(name, &[], none, |frozen| frozen.signed(ORIGIN));
    // A series that this hub does not know waits at its till, and holds up no other.
    spoken.says("shift", &[], none, |frozen| frozen.body.clone());
    for name in ["purchase", "ticket", "count", "forget"] {
        says(name);
    }
    for (series, index) in [(Series::Ticket, 2), (Series::Count, 2), (Series::Forget, 2)] {
        let body = Exchange::read(&format!("later/till/{series}"))
            .upload()
            .0
            .records
            .swap_remove(index - 1)
            .unwrap();
        let flag = Some("unknown-version".to_owned());
        assert_eq!(spoken.kept(series, index as u64), (Some(body.get().to_owned()), flag), "{series}");
    }
    // The forget of a version that is known took the purchase of one that is not.
    let again = Exchange::read("later/till/purchase");
    let (status, answer) = spoken.send(&again.ask, &again.signed(ORIGIN));
    let answer: UploadAnswer = serde_json::from_value(answer).unwrap();
    let words: Vec<Value> = answer.answers.iter().map(|run| value(&run.answer)).collect();
    assert_eq!((status, words), (200, vec![json!("erased"), json!("exists"), json!("erased")]));
    let feed = spoken.send(FEED, "").1.to_string();
    for (index, forgotten) in [(0, true), (1, false), (2, true)] {
        let id = id(again.upload().0.records[index].as_ref().unwrap().get());
        assert_eq!(feed.contains(&id.to_string()), forgotten, "{id}");
    }
    spoken.holds();
}
