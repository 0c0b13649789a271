//! A hub as it is run, a client that says exactly what it is told to, and a till's manners.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use chrono::Utc;
use olvido::seal::DeviceKey;
use olvido::store::Store;
use olvido::sync::enrolment::{EnrolmentCode, signed_for_session};
use olvido::sync::exchange::{self, How, Parts, Status, carry_out};
use olvido::sync::record::{Origin, Run, Series, body_hash};
use olvido::sync::wire::{
    Base64, Challenge, EnrolAnswer, EnrolRequest, Hex, SessionAnswer, SessionRequest, UploadAnswer,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::description;

pub const BINARY: &str = env!("CARGO_BIN_EXE_olvido");
/// Nothing here takes longer, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// `olvido hub serve` on the loopback interface; killed when dropped.
pub struct Hub {
    pub child: Child,
    pub folder: tempfile::TempDir,
    pub address: SocketAddr,
    /// What it pins, where it serves TLS.
    pub fingerprint: Option<Hex<32>>,
    pub said: String,
    args: Vec<String>,
    /// What it wrote in all its lives: its log, and what it says to people.
    log: Text,
    output: Text,
}

/// Text that a thread of its own adds to.
type Text = Arc<Mutex<String>>;

/// An answer, taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A till with a session.
pub struct Till {
    pub store: String,
    pub key: DeviceKey,
    pub origin: Origin,
    pub token: String,
}

pub fn olvido(folder: &Path, args: &[&str]) -> std::process::Output {
    let mut command = Command::new(BINARY);
    command.arg("--data").arg(folder).args(args).env("LANG", "en_GB.UTF-8").env_remove("OLVIDO_HUB_DATABASE");
    command.output().unwrap()
}

impl Hub {
    pub fn plain() -> Hub {
        Hub::start(tempfile::tempdir().unwrap(), &["--plain"])
    }

    pub fn tls() -> Hub {
        Hub::start(tempfile::tempdir().unwrap(), &[])
    }

    pub fn start(folder: tempfile::TempDir, args: &[&str]) -> Hub {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        let (log, output) = (Text::default(), Text::default());
        let (child, said) = serve(&folder.path().join("hub"), "127.0.0.1:0", &args, [&log, &output]);
        let after = |mark: &str| said.split(mark).nth(1).map(|rest| rest.lines().next().unwrap().to_owned());
        let address = after("://").unwrap_or_else(|| panic!("{said}\n{}", log.lock().unwrap()));
        let fingerprint = after("Certificate: ").map(|text| text.replace(':', "").parse().unwrap());
        Hub { child, folder, address: address.parse().unwrap(), fingerprint, said, args, log, output }
    }

    /// Kills it: nothing that it was at comes to an end.
    pub fn dies(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again where it was, on the same port.
    pub fn comes_back(&mut self) {
        let began = Instant::now();
        loop {
            let listen = self.address.to_string();
            (self.child, self.said) =
                serve(&self.directory(), &listen, &self.args, [&self.log, &self.output]);
            if self.said.contains(&listen) {
                return;
            }
            // Somebody else's connection may have the port for a moment.
            assert!(began.elapsed() < PATIENCE, "it does not come back: {}", self.log());
            self.child.wait().unwrap();
        }
    }

    /// `--database` and its address, where it is not the usual one.
    fn database(&self) -> &[String] {
        let named = self.args.iter().position(|arg| arg == "--database");
        named.map_or(&[], |at| &self.args[at..at + 2])
    }

    /// Runs `olvido hub …` on its database, which must succeed; what it prints.
    #[track_caller]
    pub fn runs(&self, args: &[&str]) -> String {
        let args: Vec<&str> =
            ["hub"].iter().chain(args).copied().chain(self.database().iter().map(String::as_str)).collect();
        let out = olvido(&self.directory(), &args);
        let said = String::from_utf8(out.stdout).unwrap();
        assert!(out.status.success(), "{args:?}: {said}{}", String::from_utf8_lossy(&out.stderr));
        said
    }

    pub fn directory(&self) -> std::path::PathBuf {
        self.folder.path().join("hub")
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// The request as it is given, on a connection of its own, over TLS where the hub serves it.
    pub fn raw(&self, request: &[u8]) -> Answer {
        match self.fingerprint {
            None => exchange(self.connect(), request),
            Some(pinned) => {
                let connection = rustls::ClientConnection::new(
                    pinning(pinned),
                    ServerName::try_from("localhost").unwrap(),
                );
                exchange(rustls::StreamOwned::new(connection.unwrap(), self.connect()), request)
            }
        }
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let answer = self.raw(&head(method, path, headers, body));
        description::check(method, path, &answer);
        answer
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &[JSON], body.to_string().as_bytes())
    }

    pub fn code(&self, store: &str) -> EnrolmentCode {
        let said = self.runs(&["enrol", "--store", store]);
        let code = said.lines().map(str::trim).find(|line| line.starts_with(&format!("{store}-")));
        EnrolmentCode::parse(code.unwrap_or_else(|| panic!("{said}"))).unwrap()
    }

    /// A till of that store, enrolled and with a session.
    pub fn till(&self, store: &str) -> Till {
        let key = DeviceKey::random();
        let code = self.code(store);
        let request = enrolment(&code, &key, self.fingerprint);
        let answer = self.post("/v1/enrol", &serde_json::to_value(&request).unwrap());
        let answer: EnrolAnswer = answer.expect(200).json();
        assert_eq!(answer.proof, code.proof_of_hub(&request.proof, &answer));
        let origin = Origin { device: answer.device.0, epoch: answer.epoch };
        let mut till = Till { store: store.to_owned(), key, origin, token: String::new() };
        let session: SessionAnswer = self.session(&till).expect(200).json();
        till.token = session.token;
        till
    }

    pub fn session(&self, till: &Till) -> Answer {
        let challenge: Challenge = self.ask("POST", "/v1/challenge", &[], b"").expect(200).json();
        let request = till.session_request(&challenge.challenge);
        self.post("/v1/session", &serde_json::to_value(&request).unwrap())
    }

    pub fn stop(mut self) -> (Duration, String) {
        let took = self.ends();
        thread::sleep(Duration::from_millis(100));
        (took, self.log())
    }

    /// Tells it to stop, and waits.
    pub fn ends(&mut self) -> Duration {
        let asked = Instant::now();
        self.signal("TERM");
        while self.child.try_wait().unwrap().is_none() {
            assert!(asked.elapsed() < PATIENCE, "it does not stop");
            thread::sleep(Duration::from_millis(10));
        }
        asked.elapsed()
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

/// Starts `olvido hub serve`; returns what it said once it serves, or ended.
fn serve(data: &Path, listen: &str, args: &[String], [log, all_said]: [&Text; 2]) -> (Child, String) {
    let mut child = Command::new(BINARY)
        .arg("--data")
        .arg(data)
        .args(["hub", "serve", "--listen", listen])
        .args(args)
        .env("LANG", "en_GB.UTF-8")
        .env_remove("OLVIDO_HUB_DATABASE")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    keep(child.stderr.take().unwrap(), log);
    let (mut said, mut output) = (String::new(), BufReader::new(child.stdout.take().unwrap()));
    while let Ok(1..) = output.read_line(&mut said)
        && !said.contains("To stop it")
    {}
    all_said.lock().unwrap().push_str(&said);
    keep(output, all_said);
    (child, said)
}

/// Keeps all that is said there, so that nobody waits for a reader.
fn keep(mut from: impl Read + Send + 'static, text: &Text) {
    let text = Arc::clone(text);
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            text.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    });
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One whole exchange of a till with its hub, in this thread.
pub fn exchange_once(store: &mut Store) -> Status {
    let parts = Parts::of(store).unwrap().expect("it is enrolled");
    let mut local = |local| carry_out(store, local, Utc::now().fixed_offset(), &mut |_, _| Ok(())).unwrap();
    exchange::here(parts, How::Once, &mut local).unwrap()
}

pub const JSON: (&str, &str) = ("content-type", "application/json");

/// What a till sends to enrol.
pub fn enrolment(code: &EnrolmentCode, key: &DeviceKey, certificate: Option<Hex<32>>) -> EnrolRequest {
    let mut request = EnrolRequest {
        store: code.store().to_owned(),
        code: code.name(),
        public_key: Base64(key.public().bytes().to_vec()),
        name: "caja 1".to_owned(),
        certificate,
        proof: Hex([0; 32]),
        previous: None,
        begin: Series::ALL.map(|series| (series, 1)).into(),
        version: "0.1.0".to_owned(),
    };
    request.proof = code.proof_of_till(&request);
    request
}

impl Till {
    pub fn session_request(&self, challenge: &str) -> SessionRequest {
        let signed = signed_for_session(&self.store, self.origin, challenge);
        SessionRequest {
            store: self.store.clone(),
            device: Hex(self.origin.device),
            epoch: self.origin.epoch,
            challenge: challenge.to_owned(),
            signature: Base64(self.key.sign(&signed).0.to_vec()),
            version: "0.1.0".to_owned(),
        }
    }

    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// The body of an upload, rightly signed.
    pub fn upload(&self, series: Series, first: u64, records: &[Option<String>]) -> String {
        let hashes: Vec<_> = records.iter().map(|record| body_hash(record.as_deref())).collect();
        let signature = Run { origin: self.origin, series, first }.sign(&self.key, &hashes);
        let records: Vec<Box<serde_json::value::RawValue>> = records
            .iter()
            .map(|record| record.clone().unwrap_or_else(|| "null".to_owned()))
            .map(|record| serde_json::value::RawValue::from_string(record).unwrap())
            .collect();
        let signature = serde_json::to_value(Base64(signature.0.to_vec())).unwrap();
        // Raw values keep their bytes only in text.
        format!(
            "{{\"first\":{first},\"records\":{},\"signature\":{signature}}}",
            serde_json::to_string(&records).unwrap()
        )
    }

    pub fn send(&self, hub: &Hub, series: Series, first: u64, records: &[Option<String>]) -> Answer {
        let body = self.upload(series, first, records);
        let path = format!("/v1/records/{series}");
        let headers = [JSON, ("authorization", &self.authorization())];
        hub.ask("POST", &path, &headers, body.as_bytes())
    }

    pub fn sent(&self, hub: &Hub, series: Series, first: u64, records: &[Option<String>]) -> UploadAnswer {
        self.send(hub, series, first, records).expect(200).json()
    }

    pub fn feed(&self, hub: &Hub, query: &str) -> Answer {
        hub.ask("GET", &format!("/v1/feed?{query}"), &[("authorization", &self.authorization())], b"")
    }
}

/// A purchase's body, with something in it that must come out nowhere.
pub fn purchase(id: [u8; 16], canary: &str) -> String {
    let (key, sealed) = (Base64(vec![1; 32]), Base64(canary.as_bytes().to_vec()));
    json!({
        "v": 1, "id": Hex(id), "choice": "remember", "policy": 1, "day": "2026-11-24", "until": null,
        "memory": "receipt", "key": key, "sealed": sealed,
    })
    .to_string()
}

pub fn forget(id: [u8; 16]) -> String {
    json!({ "v": 1, "id": Hex(id), "held": true }).to_string()
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub fn head(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    if method == "POST" {
        request += &format!("content-length: {}\r\n", body.len());
    }
    [format!("{request}\r\n").as_bytes(), body].concat()
}

pub fn exchange(mut stream: impl Read + Write, request: &[u8]) -> Answer {
    // A hub that has seen enough of a request answers before it has all of it.
    let _ = stream.write_all(request).and_then(|()| stream.flush());
    read_answer(&mut stream)
}

pub fn read_answer(stream: &mut impl Read) -> Answer {
    let mut bytes = Vec::new();
    let mut part = [0; 8192];
    // Cut off without a farewell is the end as well; what is missing shows below.
    while let Ok(read @ 1..) = stream.read(&mut part) {
        bytes.extend_from_slice(&part[..read]);
    }
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(bytes)));
    let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = text.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let body = bytes[end + 4..].to_vec();
    if let Some((_, length)) = headers.iter().find(|(name, _)| name == "content-length") {
        assert_eq!(body.len().to_string(), *length, "cut");
    }
    Answer { status, headers, body }
}

/// Takes exactly the hub's key, whoever signed for it.
#[derive(Debug)]
struct Pinned(Hex<32>);

pub fn pinning(fingerprint: Hex<32>) -> Arc<rustls::ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned(fingerprint)))
        .with_no_client_auth();
    Arc::new(config)
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let parsed = rustls::server::ParsedCertificate::try_from(certificate)?;
        let found: [u8; 32] = Sha256::digest(parsed.subject_public_key_info().as_ref()).into();
        if Hex(found) != self.0 {
            return Err(rustls::Error::General("another key".to_owned()));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
