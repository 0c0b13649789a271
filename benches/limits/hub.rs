//! Hubs to measure: where their data is, the program that serves, and tills made of nothing but a key.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use chrono::Utc;
use olvido::seal::DeviceKey;
use olvido::store::Store;
use olvido::sync::client::{Client, HubAddress, Packed, pack_upload};
use olvido::sync::enrolment::{EnrolmentCode, signed_for_session};
use olvido::sync::hub::db::{Database, DatabaseAddress, Engine};
use olvido::sync::hub::{Hub, HubFiles};
use olvido::sync::joining;
use olvido::sync::record::{Origin, Run, Series, body_hash};
use olvido::sync::wire::{Base64, EnrolRequest, Hex, SessionRequest, Upload};
use serde_json::value::RawValue;

use super::postgres::Cluster;
use super::till::{OLVIDO, memory_kb};

pub const STORE: &str = "centre";
pub const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

/// Neighbouring records of one series, as they travel.
pub type Page = Vec<Option<Box<RawValue>>>;

/// Where databases are made.
pub struct Databases {
    directory: PathBuf,
    cluster: Cluster,
    made: Cell<usize>,
}

/// A hub's files and the address of its database.
pub struct Place {
    pub directory: PathBuf,
    pub address: String,
}

/// `olvido hub serve`; killed when dropped.
pub struct Serving {
    child: Child,
    pub url: String,
}

impl Databases {
    /// PostgreSQL as it comes, but for what a test's own server keeps small.
    pub fn new(directory: &Path) -> Databases {
        let usual = [("shared_buffers", "128MB"), ("max_wal_size", "1GB")];
        Databases { directory: directory.to_owned(), cluster: Cluster::with(&usual), made: Cell::new(0) }
    }

    /// A new one, of that kind.
    pub fn place(&self, engine: Engine) -> Place {
        self.place_in(&self.directory, engine)
    }

    /// The same with the hub's own files in that directory.
    pub fn place_in(&self, parent: &Path, engine: Engine) -> Place {
        self.made.set(self.made.get() + 1);
        let name = format!("hub{}", self.made.get());
        let directory = parent.join(&name);
        super::folder(&directory);
        let address = match engine {
            Engine::Sqlite => format!("sqlite:{}", directory.join("hub.db").display()),
            Engine::Postgres => self.cluster.database(&name),
        };
        Place { directory, address }
    }

    /// What PostgreSQL still has to do for what was written before is not part of what comes.
    pub fn settle(&self, place: &Place) {
        if let DatabaseAddress::Postgres(config) = place.parsed() {
            self.cluster.sql(config.get_dbname().expect("its name"), "VACUUM ANALYZE");
            self.cluster.sql("postgres", "CHECKPOINT");
        }
    }
}

pub fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    }
}

impl Place {
    pub fn database(&self) -> Database {
        Database::open(&self.parsed()).expect("a database")
    }

    pub fn parsed(&self) -> DatabaseAddress {
        self.address.parse().expect("an address")
    }

    /// The hub without its server, for what whoever runs it does beside.
    pub fn hub(&self) -> Hub {
        Hub::open(&HubFiles::of(&self.directory), self.database(), Utc::now()).expect("a hub")
    }

    /// Serves with what everything else leaves of the processors where `beside` says so.
    pub fn serve(&self, beside: bool) -> Serving {
        let mut command = Command::new(if beside { "chrt" } else { OLVIDO });
        if beside {
            command.args(["--idle", "0", OLVIDO]);
        }
        command.arg("--data").arg(&self.directory);
        command.args(["hub", "serve", "--plain", "--listen", "127.0.0.1:0", "--database", &self.address]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("olvido starts");
        let mut said = BufReader::new(child.stdout.take().expect("its output")).lines();
        let url = said.by_ref().map_while(Result::ok).find_map(|line| {
            let at = line.find("http://127.0.0.1:")?;
            Some(line[at..].split_whitespace().next()?.trim_end_matches('.').to_owned())
        });
        // What it says behind that is read away by nobody, and fits the pipe.
        Serving { child, url: url.expect("a hub that serves") }
    }

    /// Enrols the till of this store at the hub that serves from here.
    pub fn join(&self, serving: &Serving, store: &mut Store) {
        let code = self.hub().new_code(STORE, None, Utc::now()).expect("a code");
        joining::join(store, &serving.address(), &code, "till").expect("an identity");
    }

    pub fn remove(self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Serving {
    pub fn address(&self) -> HubAddress {
        HubAddress::parse(&self.url).expect("an address")
    }

    /// Memory resident now, in kB.
    pub fn memory_kb(&self) -> u64 {
        memory_kb(self.child.id(), "VmRSS:")
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A till that is a key and what it sends.
pub struct Till {
    origin: Origin,
    key: DeviceKey,
}

/// One with a session.
pub struct Caller {
    client: Client,
    token: String,
}

impl Till {
    /// Enrolled by a hub that does not serve: a server counts who tries.
    pub fn new(hub: &Hub, name: &str) -> Till {
        let code: EnrolmentCode = hub.new_code(STORE, None, Utc::now()).expect("a code");
        let key = DeviceKey::random();
        let mut request = EnrolRequest {
            store: STORE.to_owned(),
            code: code.name(),
            public_key: Base64(key.public().bytes().to_vec()),
            name: name.to_owned(),
            certificate: None,
            proof: Hex([0; 32]),
            previous: None,
            begin: BTreeMap::new(),
            version: "0".to_owned(),
        };
        request.proof = code.proof_of_till(&request);
        let answer = hub.enrol(&request, None, Utc::now()).expect("an identity");
        Till { origin: Origin { device: answer.device.0, epoch: answer.epoch }, key }
    }

    pub fn origin(&self) -> Origin {
        self.origin
    }

    pub fn call(&self, serving: &Serving) -> Caller {
        let client = Client::new(&serving.address(), None);
        let challenge = client.challenge().expect("a challenge").challenge;
        let signature = self.key.sign(&signed_for_session(STORE, self.origin, &challenge));
        let request = SessionRequest {
            store: STORE.to_owned(),
            device: Hex(self.origin.device),
            epoch: self.origin.epoch,
            challenge,
            signature: Base64(signature.0.to_vec()),
            version: "0".to_owned(),
        };
        let token = client.session(&request).expect("a session").token;
        Caller { client, token }
    }

    /// A page of tickets, ready to be sent.
    pub fn pack(&self, first: u64, page: &Page) -> Packed {
        let hashes: Vec<_> = page.iter().map(|body| body_hash(body.as_deref().map(RawValue::get))).collect();
        let run = Run { origin: self.origin, series: Series::Ticket, first };
        let signature = Base64(run.sign(&self.key, &hashes).0.to_vec());
        pack_upload(Series::Ticket, &Upload { first, records: page.clone(), signature }).expect("a page")
    }
}

impl Caller {
    /// Sends a page and sees to it that it counts.
    pub fn send(&self, packed: &Packed) {
        let answer = self.client.upload(&self.token, packed).expect("an answer");
        assert_eq!(answer.durable_through, packed.last);
        assert_eq!(answer.answers.len(), 1, "{answer:?}");
    }
}
