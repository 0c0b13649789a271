//! The hub over real files, asked as tills ask it.

mod answers;
mod epochs;
mod forgetting;
mod judging;
mod office;
mod shared;

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, Utc};
use serde_json::value::RawValue;
use tempfile::TempDir;

use super::db::tests::{new_name, shared_cluster};
use super::db::{Database, DatabaseAddress, Value};
use super::{Caller, Hub, HubError, HubFiles};
use crate::domain::money::{Currency, Money};
use crate::domain::tax::{TaxAmount, TaxRate};
use crate::domain::tender::{Tender, TenderKind};
use crate::domain::ticket::{Goods, Issuer, Ticket, TicketBody, TicketHash};
use crate::seal::DeviceKey;
use crate::sync::enrolment::{EnrolmentCode, signed_for_new_epoch, signed_for_session};
use crate::sync::record::{Origin, Run, Series, body_hash};
use crate::sync::wire::*;

/// A hub in a directory of its own, over a database of its own.
struct Place {
    directory: TempDir,
    address: DatabaseAddress,
    /// Of the database of its keys, where they are in one.
    keys: Option<DatabaseAddress>,
}

/// Makes a test over SQLite and one over PostgreSQL of each of these.
macro_rules! on_both {
    ($($case:ident)*) => {
        mod sqlite {
            $(#[test]
            fn $case() {
                super::$case(&super::Place::new());
            })*
        }
        mod postgres {
            $(#[test]
            fn $case() {
                super::$case(&super::Place::postgres());
            })*
        }
    };
}
use on_both;

/// The same, and one over PostgreSQL with the keys in a database of their own.
macro_rules! on_all {
    ($($case:ident)*) => {
        on_both! { $($case)* }
        mod shared {
            $(#[test]
            fn $case() {
                super::$case(&super::Place::shared());
            })*
        }
    };
}
use on_all;

/// A till as the hub sees it.
struct Till {
    store: String,
    key: DeviceKey,
    origin: Origin,
    caller: Caller,
    issuer: Issuer,
    /// Tickets so far, as they travel.
    tickets: Vec<String>,
    chain: Option<TicketHash>,
}

fn now() -> DateTime<Utc> {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

impl Place {
    fn new() -> Place {
        let directory = tempfile::tempdir().unwrap();
        let address = DatabaseAddress::Sqlite(directory.path().join("hub.db"));
        Place { directory, address, keys: None }
    }

    fn postgres() -> Place {
        let address = shared_cluster().database(&new_name()).parse().unwrap();
        Place { directory: tempfile::tempdir().unwrap(), address, keys: None }
    }

    /// For several hubs, with their keys in a database beside the other.
    fn shared() -> Place {
        let keys = shared_cluster().database(&new_name()).parse().unwrap();
        Place { keys: Some(keys), ..Place::postgres() }
    }

    /// Another hub over the same engine.
    fn another(&self) -> Place {
        match (&self.address, &self.keys) {
            (DatabaseAddress::Sqlite(_), _) => Place::new(),
            (_, None) => Place::postgres(),
            (_, Some(_)) => Place::shared(),
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn database(&self) -> Database {
        Database::open(&self.address).unwrap()
    }

    fn open(&self) -> Hub {
        self.try_open().unwrap()
    }

    fn try_open(&self) -> Result<Hub, HubError> {
        let files = HubFiles::of(self.path());
        match &self.keys {
            None => Hub::open(&files, self.database(), now()),
            Some(keys) => Hub::open_with_keys(&files, self.database(), Database::open(keys).unwrap(), now()),
        }
    }
}

fn request(code: &EnrolmentCode, key: &DeviceKey) -> EnrolRequest {
    let mut request = EnrolRequest {
        store: code.store().to_owned(),
        code: code.name(),
        public_key: Base64(key.public().bytes().to_vec()),
        name: "Caja 1".to_owned(),
        certificate: None,
        proof: Hex([0; 32]),
        previous: None,
        begin: BTreeMap::new(),
        version: "0.1.0".to_owned(),
    };
    request.proof = code.proof_of_till(&request);
    request
}

fn session(hub: &Hub, store: &str, origin: Origin, key: &DeviceKey) -> Result<SessionAnswer, HubError> {
    let challenge = hub.challenge(now()).challenge;
    let signature = key.sign(&signed_for_session(store, origin, &challenge));
    let request = SessionRequest {
        store: store.to_owned(),
        device: Hex(origin.device),
        epoch: origin.epoch,
        challenge,
        signature: Base64(signature.0.to_vec()),
        version: "0.1.0".to_owned(),
    };
    hub.open_session(&request, now())
}

impl Till {
    fn enrol(hub: &Hub, store: &str) -> Till {
        let code = hub.new_code(store, None, now()).unwrap();
        let key = DeviceKey::random();
        let request = request(&code, &key);
        let answer = hub.enrol(&request, None, now()).unwrap();
        assert_eq!(answer.proof, code.proof_of_hub(&request.proof, &answer));
        Till::of(hub, store, key, answer)
    }

    fn of(hub: &Hub, store: &str, key: DeviceKey, answer: EnrolAnswer) -> Till {
        let origin = Origin { device: answer.device.0, epoch: answer.epoch };
        let token = session(hub, store, origin, &key).unwrap().token;
        let caller = hub.caller(&token, now()).unwrap();
        assert_eq!(caller, Caller { store: store.to_owned(), origin });
        let issuer = Issuer {
            name: "Frutería Pérez".to_owned(),
            tax_id: "89890001K".to_owned(),
            series: "A".to_owned(),
            currency: Currency::from_code("EUR").unwrap(),
        };
        Till { store: store.to_owned(), key, origin, caller, issuer, tickets: Vec::new(), chain: None }
    }

    /// The same till under a new epoch, with what it has sold.
    fn enrol_again(&self, hub: &Hub, replaces: bool, begin: &[(Series, u64)]) -> Result<Till, HubError> {
        let code = hub.new_code(&self.store, replaces.then_some(self.origin.device), now()).unwrap();
        let key = DeviceKey::random();
        let mut request = request(&code, &key);
        request.begin = begin.iter().copied().collect();
        let device = Hex(self.origin.device);
        request.previous = Some(Previous { device, epoch: self.origin.epoch, signature: Base64(Vec::new()) });
        request.proof = code.proof_of_till(&request);
        let signature = self.key.sign(&signed_for_new_epoch(&request.proof));
        if let Some(previous) = &mut request.previous {
            previous.signature = Base64(signature.0.to_vec());
        }
        let answer = hub.enrol(&request, None, now())?;
        let till = Till::of(hub, &self.store, key, answer);
        Ok(Till { tickets: self.tickets.clone(), chain: self.chain, issuer: self.issuer.clone(), ..till })
    }

    /// Sells for so many cents, and returns the ticket as it travels.
    fn sell(&mut self, cents: i64) -> String {
        let number = self.tickets.len() as u64 + 1;
        let at = DateTime::<FixedOffset>::parse_from_rfc3339("2026-03-02T09:00:00+01:00").unwrap()
            + Duration::minutes(number as i64);
        let ticket = ticket(&self.issuer, number, at, cents, self.chain);
        self.chain = Some(ticket.hash);
        let body = travelling(&ticket);
        self.tickets.push(body.clone());
        body
    }

    fn sell_many(&mut self, count: usize) -> &mut Till {
        for place in 0..count {
            self.sell(100 + place as i64);
        }
        self
    }

    /// The till's tickets from `first` on, so many.
    fn run(&self, first: u64, count: usize) -> Upload {
        let from = first as usize - 1;
        let bodies: Vec<Option<&str>> =
            self.tickets[from..from + count].iter().map(|body| Some(body.as_str())).collect();
        self.signed(Series::Ticket, first, &bodies)
    }

    fn signed(&self, series: Series, first: u64, bodies: &[Option<&str>]) -> Upload {
        let hashes: Vec<_> = bodies.iter().map(|body| body_hash(*body)).collect();
        let signature = Run { origin: self.origin, series, first }.sign(&self.key, &hashes);
        let raw = |body: &&str| RawValue::from_string((*body).to_owned()).unwrap();
        let records = bodies.iter().map(|body| body.as_ref().map(raw)).collect();
        Upload { first, records, signature: Base64(signature.0.to_vec()) }
    }

    fn send(
        &self,
        hub: &Hub,
        series: Series,
        first: u64,
        bodies: &[Option<&str>],
    ) -> Result<UploadAnswer, HubError> {
        hub.upload(&self.caller, series, &self.signed(series, first, bodies), now())
    }

    fn send_tickets(&self, hub: &Hub, first: u64, count: usize) -> Result<UploadAnswer, HubError> {
        hub.upload(&self.caller, Series::Ticket, &self.run(first, count), now())
    }

    /// Everything that the feed has after `after`; by asking again the till says that it has done it.
    fn follow(&self, hub: &Hub, after: u64) -> (Vec<(String, String)>, u64) {
        let (mut changes, mut next) = (Vec::new(), after);
        loop {
            let page = hub.feed(&self.caller, next, 100, now()).unwrap();
            changes.extend(page.changes.iter().map(|change| (change.kind.clone(), change.body.to_string())));
            if page.next == next {
                return (changes, next);
            }
            next = page.next;
        }
    }

    fn forget_state(&self, hub: &Hub, id: [u8; 16]) -> Option<(u32, u32, u32)> {
        let answer = hub.forgets(&self.caller, &[Hex(id)]).unwrap();
        answer.forgets.first().map(|state| (state.confirmed, state.copies, state.lost))
    }
}

fn ticket(
    issuer: &Issuer,
    number: u64,
    at: DateTime<FixedOffset>,
    cents: i64,
    previous: Option<TicketHash>,
) -> Ticket {
    let tax = TaxRate(1000).contained_in(Money(cents)).unwrap();
    let body = TicketBody {
        goods: vec![Goods {
            kind: "Frutas".to_owned(),
            rate: Some(TaxRate(1000)).filter(|_| number.is_multiple_of(2)),
            amount: Money(cents),
        }],
        taxes: vec![TaxAmount { rate: TaxRate(1000), base: Money(cents - tax.0), tax }],
        tenders: vec![Tender { kind: TenderKind::Cash, amount: Money(cents) }],
        ..TicketBody::default()
    };
    let mut ticket = Ticket {
        issuer: issuer.clone(),
        number,
        at,
        total: Money(cents),
        tax_total: tax,
        body,
        previous,
        hash: TicketHash([0; 32]),
    };
    ticket.hash = ticket.expected_hash();
    ticket
}

fn travelling(ticket: &Ticket) -> String {
    let body = RawValue::from_string(serde_json::to_string(&ticket.body).unwrap()).unwrap();
    serde_json::to_string(&TicketBody1 {
        v: 1,
        number: ticket.number,
        issuer: Issuer1 {
            name: ticket.issuer.name.as_str().into(),
            tax_id: ticket.issuer.tax_id.as_str().into(),
            series: ticket.issuer.series.as_str().into(),
            currency: ticket.issuer.currency.code.as_str().into(),
        },
        at: ticket.at.format("%Y-%m-%dT%H:%M:%S%:z").to_string().into(),
        total: ticket.total.0,
        tax_total: ticket.tax_total.0,
        body: &body,
        previous: ticket.previous.map(|hash| Hex(hash.0)),
        hash: Hex(ticket.hash.0),
    })
    .unwrap()
}

/// A kept purchase as it travels. `lines` stands for what is personal in it.
fn purchase(id: [u8; 16], lines: &str, until: Option<&str>) -> String {
    serde_json::to_string(&PurchaseBody1 {
        v: 1,
        id: Hex(id),
        choice: "remember".to_owned(),
        policy: 1,
        day: NaiveDate::from_ymd_opt(2026, 3, 2).unwrap(),
        until: until.map(|day| day.parse().unwrap()),
        memory: "profile".to_owned(),
        key: Base64(vec![7; 32]),
        sealed: Base64(lines.as_bytes().to_vec()),
    })
    .unwrap()
}

fn forget(id: [u8; 16], held: bool) -> String {
    serde_json::to_string(&ForgetBody1 { v: 1, id: Hex(id), held }).unwrap()
}

/// An answer as text: `1-3 created, 4 conflict; 3`.
fn said(answer: &Result<UploadAnswer, HubError>) -> String {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return error.to_string(),
    };
    let runs = answer.answers.iter().map(|run| {
        let place = match run.first == run.last {
            true => run.first.to_string(),
            false => format!("{}-{}", run.first, run.last),
        };
        let word = format!("{:?}", run.answer).to_lowercase();
        let reason = run.reason.map_or(String::new(), |reason| format!(" {reason:?}"));
        format!("{place} {word}{reason}")
    });
    format!("{}; {}", runs.collect::<Vec<_>>().join(", "), answer.durable_through)
}

/// Rows of a table, from the database as it is.
fn count(hub: &Hub, sql: &'static str) -> i64 {
    hub.database().read(|tx| Ok(tx.query_one(sql, &[])?.unwrap().int(0)?)).unwrap()
}

fn live_keys(hub: &Hub) -> usize {
    let survey = hub.keys.check().unwrap();
    assert_eq!(survey.damaged, Vec::<u32>::new());
    survey.live.len()
}

fn id(n: u8) -> [u8; 16] {
    [n; 16]
}
