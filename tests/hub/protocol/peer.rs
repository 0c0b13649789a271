//! The frozen peer: plays the answers of a hub of another version to today's till.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use chrono::{DateTime, Days, FixedOffset};
use olvido::domain::basket::{Basket, Line};
use olvido::domain::money::{Currency, Money};
use olvido::domain::policy::{Policy, SHIPPED};
use olvido::domain::sale::{Answer, Promise, Sale};
use olvido::domain::tax::TaxRate;
use olvido::domain::tender::{Payment, Tender, TenderKind};
use olvido::domain::ticket::Issuer;
use olvido::seal::ReceiptCode;
use olvido::store::{Enrolment, Files, HubState, Store};
use olvido::sync::exchange::{self, Carried, How, Parts, Status, carry_out};
use olvido::sync::wire::{EnrolAnswer, Hex};

use super::{Exchange, ORIGIN, STORE, key};

type Script = BTreeMap<String, VecDeque<Exchange>>;

pub struct Peer {
    address: String,
    script: Arc<Mutex<Script>>,
    /// What was asked that no frozen file answers.
    strange: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    /// Several answers to the same question are given one after the other, the last again and again.
    pub fn start(answers: impl IntoIterator<Item = Exchange>) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let mut script = Script::new();
        for answer in answers {
            script.entry(answer.ask.clone()).or_default().push_back(answer);
        }
        let peer = Peer { address, script: Arc::new(Mutex::new(script)), strange: Arc::default() };
        let (script, strange) = (Arc::clone(&peer.script), Arc::clone(&peer.strange));
        thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), &mut script.lock().unwrap(), &mut strange.lock().unwrap());
            }
        });
        peer
    }

    /// From now on this question is answered otherwise.
    pub fn now_answers(&self, answer: Exchange) {
        self.script.lock().unwrap().insert(answer.ask.clone(), [answer].into());
    }

    /// Makes the till of that store the frozen hub's.
    pub fn enrol(&self, till: &mut Store) {
        till.set_enrolment(&enrolment(self.address.clone())).unwrap();
    }

    /// One exchange of that till with it.
    pub fn speaks_with(&self, till: &mut Store) -> Status {
        let parts = Parts::of(till).unwrap().expect("it is enrolled");
        let mut adopt = |store: &mut Store, applied: olvido::sync::incoming::Applied| match applied.policy {
            Some(new) => store.adopt_policy(&new.text, new.policy),
            None => Ok(()),
        };
        let mut local = |local| -> Carried { carry_out(till, local, at(), &mut adopt).unwrap() };
        let status = exchange::here(parts, How::Once, &mut local).unwrap();
        assert_eq!(*self.strange.lock().unwrap(), Vec::<String>::new());
        status
    }
}

fn serve(stream: TcpStream, script: &mut Script, strange: &mut Vec<String>) {
    let mut reader = BufReader::new(stream);
    let (mut ask, mut length) = (String::new(), 0);
    for line in reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
        if ask.is_empty() {
            ask = line.rsplit_once(' ').unwrap().0.to_owned();
        } else if let Some((_, value)) = line.split_once(':').filter(|(name, _)| *name == "content-length") {
            length = value.trim().parse().unwrap();
        }
    }
    let _ = reader.read_exact(&mut vec![0; length]);
    let (status, answer) = match script.get_mut(&ask) {
        Some(answers) if answers.len() > 1 => answers.pop_front().map(|said| (said.status, said.answer)),
        Some(answers) => answers.front().map(|said| (said.status, said.answer.clone())),
        None => None,
    }
    .unwrap_or_else(|| {
        strange.push(ask);
        (500, serde_json::Value::Null)
    });
    let answer = answer.to_string();
    let _ = write!(
        reader.get_mut(),
        "HTTP/1.1 {status} .\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}",
        answer.len()
    );
}

/// At the frozen hub, which is at this address.
pub fn enrolment(address: String) -> Enrolment {
    let answer: EnrolAnswer = serde_json::from_value(Exchange::read("v1/enrol").answer).unwrap();
    Enrolment {
        url: address,
        pin: None,
        store: STORE.to_owned(),
        device: ORIGIN.device,
        epoch: ORIGIN.epoch,
        key: key(),
        incarnation: answer.incarnation.0,
        cursor: 0,
        state: HubState::Active,
        last_contact: None,
    }
}

pub fn at() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2026-11-23T18:42:07+01:00").unwrap()
}

/// A till's store.
pub fn store(directory: &Path) -> Store {
    let currency = Currency::from_code("EUR").unwrap();
    let issuer = Issuer { name: "Sol".into(), tax_id: "89890001K".into(), series: "A".into(), currency };
    Store::create(&Files::of(directory), &issuer, SHIPPED, Policy::shipped()).unwrap()
}

fn sale(at: DateTime<FixedOffset>, answer: Answer) -> Sale {
    let mut basket = Basket::default();
    basket.add(Line::open("Lavadora", "Bazar", Money(1234), TaxRate(2100))).unwrap();
    let total = basket.priced().unwrap().total;
    let mut payment = Payment::new(total, 1);
    payment.add(Tender { kind: TenderKind::Cash, amount: total }).unwrap();
    let policy = Policy::shipped();
    let promise = Promise::of(answer, &policy, at.date_naive()).unwrap();
    Sale::freeze(at, &basket, &payment, promise, policy.ticket_detail, "alimentación y hogar").unwrap()
}

/// Sells four times: two purchases are kept, and the last is of another day, so that the choices of the
/// first are counted. Returns the code of the first purchase.
pub fn sell(till: &mut Store) -> ReceiptCode {
    let guarantee = Answer { choice: Some("guarantee".into()), ..Answer::default() };
    let code = till.sell(&sale(at(), guarantee.clone())).unwrap().code;
    till.sell(&sale(at(), guarantee)).unwrap();
    for days in [0, 1] {
        till.sell(&sale(at() + Days::new(days), Answer::default())).unwrap();
    }
    // As a till does between two sales: it counts the choices then.
    till.tend().unwrap();
    code
}

/// The answer with another id in place of the frozen one: what a hub says of a purchase is about this till's.
pub fn about(mut answer: Exchange, frozen: Hex<16>, own: Hex<16>) -> Exchange {
    let text = answer.answer.to_string().replace(&frozen.to_string(), &own.to_string());
    answer.answer = serde_json::from_str(&text).unwrap();
    answer
}
