//! A till's requests to its hub: one method for each route, answers bounded and checked before
//! anybody believes them.

mod address;
#[doc(hidden)] // for the simulation, which has no sockets
pub mod check;
mod error;
mod tls;

#[cfg(test)]
mod tests;

use std::io::Read;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{HeaderMap, Method, Request, StatusCode};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector, TcpConnector};

pub use address::{HubAddress, HubAddressError};
pub use error::ClientError;

use super::record::Series;
use super::wire::{
    self, Challenge, EnrolAnswer, EnrolRequest, ErrorAnswer, FeedPage, ForgetsAnswer, ForgetsRequest, Hex,
    Id, SessionAnswer, SessionRequest, UploadAnswer,
};
use tls::{PinnedTls, Seen};

/// A connection is made within this time, or not at all.
const CONNECT: Duration = Duration::from_secs(5);
/// A whole request and its answer.
const ANSWER: Duration = Duration::from_secs(20);
/// What a long poll gets beyond the time that it asks the hub to wait.
const AFTER_WAIT: Duration = Duration::from_secs(10);
/// An error's words need no more.
const ERROR_BYTES_MAX: usize = 64 << 10;
/// zstd's default for what it unpacks is 2^27 bytes; a message needs no window beyond itself.
const WINDOW_LOG_MAX: u32 = 23;
/// Fast, and a third of the bytes: the hub has to unpack as many tills as it has.
const LEVEL: i32 = 1;

/// A till's way to one hub. Connections are kept and used again.
pub struct Client {
    agent: ureq::Agent,
    address: HubAddress,
    seen: Seen,
    /// What the hub's clock said last, and when.
    time: Mutex<Option<(Instant, DateTime<Utc>)>>,
}

/// The records of an upload, ready to be sent again and again.
#[derive(Clone, Debug)]
pub struct Packed {
    pub series: Series,
    pub first: u64,
    /// One less than `first` where there is none.
    pub last: u64,
    bytes: Vec<u8>,
}

impl Client {
    /// A client of that hub. `pin`: SHA-256 of the public key that it must show; none before the till
    /// is enrolled, and without TLS.
    pub fn new(address: &HubAddress, pin: Option<Hex<32>>) -> Client {
        let seen = Seen::default();
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .user_agent(concat!("olvido/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .accept_encoding("zstd")
            .max_response_header_size(16 << 10)
            .build();
        let connector = ().chain(TcpConnector::default()).chain(PinnedTls::new(pin, Seen::clone(&seen)));
        let agent = ureq::Agent::with_parts(config, connector, DefaultResolver::default());
        Client { agent, address: address.clone(), seen, time: Mutex::default() }
    }

    /// SHA-256 of the public key of the hub's certificate, seen now; none without TLS.
    pub fn see_certificate(&self) -> Result<Option<Hex<32>>, ClientError> {
        if !self.address.is_encrypted() {
            return Ok(None);
        }
        // Whatever it answers: the handshake comes before it.
        match self.send(Method::GET, "/health", None, None, ANSWER) {
            Ok(_) | Err(ClientError::Refused { .. } | ClientError::NotAHub(_)) => {}
            Err(error) => return Err(error),
        }
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.ok_or(ClientError::NotAHub("certificate")).map(Some)
    }

    /// What the hub's clock said last, by the `Date` of a good answer (RFC 9110, section 6.6.1), and when.
    pub fn hub_time(&self) -> Option<(Instant, DateTime<Utc>)> {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_time(&self, headers: &HeaderMap) {
        let date = headers.get("date").and_then(|value| value.to_str().ok());
        if let Some(time) = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()) {
            let said = Some((Instant::now(), time.to_utc()));
            *self.time.lock().unwrap_or_else(PoisonError::into_inner) = said;
        }
    }

    /// `POST /v1/enrol`. Whether the answer is true is the caller's to check, by its proof.
    pub fn enrol(&self, request: &EnrolRequest) -> Result<EnrolAnswer, ClientError> {
        let answer: EnrolAnswer = self.post("/v1/enrol", None, &pack(request)?)?;
        check::is_true(answer.epoch >= 1, "epoch")?;
        Ok(answer)
    }

    /// `POST /v1/challenge`.
    pub fn challenge(&self) -> Result<Challenge, ClientError> {
        let answer: Challenge = self.post("/v1/challenge", None, &[])?;
        check::is_true((1..=4096).contains(&answer.challenge.len()), "challenge")?;
        Ok(answer)
    }

    /// `POST /v1/session`.
    pub fn session(&self, request: &SessionRequest) -> Result<SessionAnswer, ClientError> {
        let answer: SessionAnswer = self.post("/v1/session", None, &pack(request)?)?;
        check::session(&answer)?;
        Ok(answer)
    }

    /// `POST /v1/records/{series}`.
    pub fn upload(&self, token: &str, packed: &Packed) -> Result<UploadAnswer, ClientError> {
        let path = format!("/v1/records/{}", packed.series);
        let answer: UploadAnswer = self.post(&path, Some(token), &packed.bytes)?;
        check::upload(&answer, packed.first, packed.last)?;
        Ok(answer)
    }

    /// `GET /v1/feed`: waits up to so many seconds for something to come.
    pub fn feed(&self, token: &str, after: u64, wait_seconds: u64) -> Result<FeedPage, ClientError> {
        let limit = wire::FEED_CHANGES_MAX;
        let path = format!("/v1/feed?after={after}&limit={limit}&wait={wait_seconds}");
        let timeout = if wait_seconds == 0 { ANSWER } else { Duration::from_secs(wait_seconds) + AFTER_WAIT };
        let page: FeedPage = read(&self.send(Method::GET, &path, Some(token), None, timeout)?)?;
        check::feed(&page, after)?;
        Ok(page)
    }

    /// `POST /v1/forgets`: how far these are.
    pub fn forgets(&self, token: &str, ids: Vec<Id>) -> Result<ForgetsAnswer, ClientError> {
        let answer: ForgetsAnswer = self.post("/v1/forgets", Some(token), &pack(&ForgetsRequest { ids })?)?;
        check::forgets(&answer)?;
        Ok(answer)
    }

    fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&str>,
        packed: &[u8],
    ) -> Result<T, ClientError> {
        read(&self.send(Method::POST, path, token, Some(packed), ANSWER)?)
    }

    /// Sends a request; returns the unpacked body of a good answer.
    fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        packed: Option<&[u8]>,
        timeout: Duration,
    ) -> Result<Vec<u8>, ClientError> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.address));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if packed.is_some_and(|bytes| !bytes.is_empty()) {
            request = request.header("content-type", "application/json").header("content-encoding", "zstd");
        }
        let invalid = |_| ClientError::NotAHub("address");
        let answer = match packed {
            Some(bytes) => {
                let request = request.body(bytes).map_err(invalid)?;
                let agent = &self.agent;
                agent.run(agent.configure_request(request).timeout_global(Some(timeout)).build())?
            }
            None => {
                let request = request.body(()).map_err(invalid)?;
                let agent = &self.agent;
                agent.run(agent.configure_request(request).timeout_global(Some(timeout)).build())?
            }
        };
        let (head, mut body) = answer.into_parts();
        let good = head.status == StatusCode::OK;
        let most = if good { wire::PACKED_BYTES_MAX } else { ERROR_BYTES_MAX };
        let bytes = body.with_config().limit(most as u64).read_to_vec()?;
        if good {
            self.note_time(&head.headers);
            return unpacked(&head.headers, bytes, wire::MESSAGE_BYTES_MAX);
        }
        Err(refusal(head.status, &head.headers, bytes))
    }
}

/// An upload's bytes, packed. Errors: it is larger than a hub takes.
pub fn pack_upload(series: Series, upload: &wire::Upload) -> Result<Packed, ClientError> {
    let last = (upload.first + upload.records.len() as u64).saturating_sub(1);
    Ok(Packed { series, first: upload.first, last, bytes: pack(upload)? })
}

fn pack(message: &impl Serialize) -> Result<Vec<u8>, ClientError> {
    let json = serde_json::to_vec(message).map_err(|_| ClientError::TooLarge)?;
    let packed = zstd::bulk::compress(&json, LEVEL).map_err(|_| ClientError::TooLarge)?;
    if json.len() > wire::MESSAGE_BYTES_MAX || packed.len() > wire::PACKED_BYTES_MAX {
        return Err(ClientError::TooLarge);
    }
    Ok(packed)
}

fn unpacked(headers: &HeaderMap, bytes: Vec<u8>, most: usize) -> Result<Vec<u8>, ClientError> {
    match headers.get("content-encoding").map(|value| value.as_bytes()) {
        None | Some(b"identity") => Ok(bytes),
        Some(b"zstd") => {
            let broken = |_| ClientError::NotAHub("encoding");
            let mut decoder = zstd::Decoder::with_buffer(&bytes[..]).map_err(broken)?;
            decoder.window_log_max(WINDOW_LOG_MAX).map_err(broken)?;
            let mut out = Vec::new();
            decoder.take(most as u64 + 1).read_to_end(&mut out).map_err(broken)?;
            check::is_true(out.len() <= most, "length")?;
            Ok(out)
        }
        Some(_) => Err(ClientError::NotAHub("encoding")),
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(bytes).map_err(|_| ClientError::NotAHub("answer"))
}

/// What a status other than 200 means. A proxy before the hub answers in its own words: those are
/// not repeated.
fn refusal(status: StatusCode, headers: &HeaderMap, bytes: Vec<u8>) -> ClientError {
    if !(status.is_client_error() || status.is_server_error()) {
        return ClientError::NotAHub("status");
    }
    let retry_after = headers.get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let said: Option<ErrorAnswer> =
        unpacked(headers, bytes, ERROR_BYTES_MAX).ok().and_then(|bytes| read(&bytes).ok());
    let error = said.map(|said| said.error).filter(|word| check::is_word(word)).unwrap_or_default();
    ClientError::Refused { status: status.as_u16(), error, retry_after }
}
