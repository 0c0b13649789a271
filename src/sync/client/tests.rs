//! Against a real server on this computer, over TLS, that answers what a test tells it to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use super::*;
use crate::sync::wire::{RunAnswer, Upload};

/// A server that gives the same answer to whatever it is asked, and tells what that was.
struct Server {
    address: HubAddress,
    asked: Receiver<(String, Vec<u8>)>,
}

fn key_pair() -> rcgen::KeyPair {
    rcgen::KeyPair::generate().unwrap()
}

/// A certificate of `shown`; whoever serves it holds `held`.
fn certified(shown: &rcgen::KeyPair, held: &rcgen::KeyPair) -> CertifiedKey {
    let certificate = rcgen::CertificateParams::new(["hub.invalid".to_owned()]).unwrap().self_signed(shown);
    let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(held.serialize_der()));
    let signing = ring::sign::any_supported_type(&secret).unwrap();
    CertifiedKey::new(vec![certificate.unwrap().der().clone()], signing)
}

#[derive(Debug)]
struct Only(Arc<CertifiedKey>);

impl ResolvesServerCert for Only {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

impl Server {
    fn plain(answer: impl Into<Vec<u8>>) -> Server {
        Server::start(None, answer.into())
    }

    fn encrypted(key: CertifiedKey, answer: impl Into<Vec<u8>>) -> Server {
        let config = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Only(Arc::new(key))));
        Server::start(Some(Arc::new(config)), answer.into())
    }

    fn start(tls: Option<Arc<ServerConfig>>, answer: Vec<u8>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let address = HubAddress::parse(&format!("{scheme}://127.0.0.1:{port}")).unwrap();
        let (to, asked) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream: TcpStream = stream.unwrap();
                // A client that does not like the certificate hangs up.
                let asked = match &tls {
                    None => serve(stream, &answer),
                    Some(config) => {
                        let connection = ServerConnection::new(Arc::clone(config)).unwrap();
                        serve(StreamOwned::new(connection, stream), &answer)
                    }
                };
                if let Ok(asked) = asked {
                    let _ = to.send(asked);
                }
            }
        });
        Server { address, asked }
    }

    fn client(&self) -> Client {
        Client::new(&self.address, None)
    }
}

fn serve(mut stream: impl Read + Write, answer: &[u8]) -> std::io::Result<(String, Vec<u8>)> {
    let mut head = String::new();
    let mut body = Vec::new();
    {
        let mut reader = BufReader::new(&mut stream);
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        let lower = head.to_lowercase();
        let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        body.resize(length.map_or(0, |text| text.parse().unwrap()), 0);
        reader.read_exact(&mut body)?;
    }
    stream.write_all(answer)?;
    stream.flush()?;
    Ok((head, body))
}

/// An answer with that status, those headers and that body.
fn answer(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn json(value: serde_json::Value) -> Vec<u8> {
    answer(200, "content-type: application/json\r\n", value.to_string().as_bytes())
}

fn upload_of(bodies: &[&str]) -> Packed {
    let records = bodies.iter().map(|body| Some(serde_json::from_str(body).unwrap())).collect();
    let upload = Upload { first: 5, records, signature: wire::Base64(vec![7; 64]) };
    pack_upload(Series::Ticket, &upload).unwrap()
}

#[test]
fn only_the_key_that_was_seen_is_trusted() {
    let (own, other) = (key_pair(), key_pair());
    let hub = || Server::encrypted(certified(&own, &own), json(json!({"challenge": "x"})));
    let server = hub();
    let seen = server.client().see_certificate().unwrap().expect("it is encrypted");
    let known = |pin| Client::new(&server.address, Some(pin)).challenge().map(|c| c.challenge);
    assert_eq!(known(seen), Ok("x".to_owned()));
    let mut altered = seen;
    altered.0[31] ^= 1;
    assert_eq!(known(altered), Err(ClientError::CertificateChanged));

    // Another certificate for the same key, as after a renewal.
    let renewed = hub();
    assert_eq!(Client::new(&renewed.address, Some(seen)).challenge().unwrap().challenge, "x");
    // Somebody else's certificate.
    let false_hub = Server::encrypted(certified(&other, &other), json(json!({"challenge": "x"})));
    let asked = Client::new(&false_hub.address, Some(seen)).challenge();
    assert_eq!(asked.unwrap_err(), ClientError::CertificateChanged);
    // The hub's certificate, shown by somebody who has not its secret key.
    let thief = Server::encrypted(certified(&own, &other), json(json!({"challenge": "x"})));
    let asked = Client::new(&thief.address, Some(seen)).challenge();
    assert!(matches!(asked, Err(ClientError::Unreachable(_))), "{asked:?}");
    assert!(thief.asked.try_recv().is_err(), "nothing was sent to it");
}

#[test]
fn the_hubs_time_is_that_of_its_last_good_answer() {
    let (sunday, time) = ("Sun, 29 Nov 2026 01:21:28 GMT", "2026-11-29T01:21:28+00:00");
    let asked = |status: &str, date: &str| {
        let head = format!("HTTP/1.1 {status}\r\ndate: {date}\r\ncontent-type: application/json\r\n");
        let body = r#"{"challenge":"x"}"#;
        let answer = format!("{head}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        let client = Server::plain(answer).client();
        let _ = client.challenge();
        client.hub_time().map(|(_, time)| time.to_rfc3339())
    };
    assert_eq!(asked("200 OK", sunday).as_deref(), Some(time));
    assert_eq!(asked("200 OK", "yesterday"), None);
    assert_eq!(asked("502 Bad Gateway", sunday), None, "of whoever stands before it");
}

#[test]
fn what_is_sent_is_packed_and_names_the_till() {
    let said = json!({
        "answers": [{"first": 5, "last": 5, "answer": "exists"},
                    {"first": 6, "last": 6, "answer": "quarantined", "reason": "wrong-hash"}],
        "durable_through": 6,
    });
    let server = Server::plain(json(said));
    let packed = upload_of(&[r#"{"v":1,"number":5}"#, r#"{"v":1,"number":6}"#]);
    let answer = server.client().upload("TOKEN", &packed).unwrap();
    assert_eq!(answer.durable_through, 6);
    assert_eq!(
        answer.answers[1],
        RunAnswer {
            first: 6,
            last: 6,
            answer: wire::Answer::Quarantined,
            reason: Some(wire::Flag::WrongHash)
        }
    );
    let (head, body) = server.asked.recv().unwrap();
    let head = head.to_lowercase();
    assert!(head.starts_with("post /v1/records/ticket http/1.1"), "{head}");
    for line in ["authorization: bearer token", "content-encoding: zstd", "accept-encoding: zstd"] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line} is not in {head}");
    }
    let unpacked = String::from_utf8(zstd::decode_all(&body[..]).unwrap()).unwrap();
    assert!(unpacked.contains(r#""records":[{"v":1,"number":5},{"v":1,"number":6}]"#), "{unpacked}");
}

#[test]
fn refusals_say_why_and_for_how_long() {
    let body = json!({"error": "revoked", "hint": "Enrol again."}).to_string();
    let refused = |status, headers: &str, body: &[u8]| {
        Server::plain(answer(status, headers, body)).client().challenge().unwrap_err()
    };
    let error = refused(403, "", body.as_bytes());
    assert!(error.is_revoked(), "{error}");
    assert!(!refused(401, "", body.as_bytes()).is_revoked());
    let packed = zstd::encode_all(body.as_bytes(), 1).unwrap();
    assert!(refused(403, "content-encoding: zstd\r\n", &packed).is_revoked());
    let expected = |status, retry_after| ClientError::Refused { status, error: String::new(), retry_after };
    assert_eq!(refused(503, "retry-after: 17\r\n", b"<html>"), expected(503, Some(17)));
    assert_eq!(refused(429, "retry-after: soon\r\n", b""), expected(429, None));
    let loud = json!({"error": "Ana bought bread", "hint": ""}).to_string();
    assert_eq!(refused(400, "", loud.as_bytes()), expected(400, None), "only words are repeated");
    assert_eq!(refused(302, "location: http://127.0.0.1:1/\r\n", b""), ClientError::NotAHub("status"));
}

#[test]
fn what_is_no_hubs_answer_is_not_believed() {
    let challenge = |bytes: Vec<u8>| Server::plain(bytes).client().challenge().map(|c| c.challenge);
    assert_eq!(challenge(answer(200, "", b"<html>")), Err(ClientError::NotAHub("answer")));
    assert_eq!(challenge(json(json!({"challenge": ""}))), Err(ClientError::NotAHub("challenge")));
    assert_eq!(challenge(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()), Err(ClientError::NotAHub("protocol")));
    let broken = challenge(Vec::new());
    assert!(matches!(broken, Err(ClientError::Unreachable(_))), "{broken:?}");
    let short = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{".to_vec();
    let short = challenge(short);
    assert!(matches!(short, Err(ClientError::Unreachable(_))), "{short:?}");

    let zstd = "content-encoding: zstd\r\n";
    let good = zstd::encode_all(&br#"{"challenge":"x"}"#[..], 1).unwrap();
    assert_eq!(challenge(answer(200, zstd, &good)), Ok("x".into()));
    let cut = challenge(answer(200, zstd, &good[..good.len() - 3]));
    assert_eq!(cut, Err(ClientError::NotAHub("encoding")));
    let bomb = zstd::encode_all(&vec![b' '; 64 << 20][..], 1).unwrap();
    assert!(bomb.len() < 64 << 10, "it is small: {}", bomb.len());
    assert_eq!(challenge(answer(200, zstd, &bomb)), Err(ClientError::NotAHub("length")));
    let large = vec![b' '; wire::PACKED_BYTES_MAX + 1];
    assert_eq!(challenge(answer(200, "", &large)), Err(ClientError::NotAHub("length")));
}

#[test]
fn answers_out_of_order_or_bounds_are_not_believed() {
    let wrong = |answers: serde_json::Value, through: u64| {
        let said = json!({"answers": answers, "durable_through": through});
        Server::plain(json(said)).client().upload("t", &upload_of(&["1", "2", "3"])).map(|_| ())
    };
    let run = |first: u64, last: u64| json!({"first": first, "last": last, "answer": "created"});
    assert_eq!(wrong(json!([run(5, 7)]), 7), Ok(()));
    assert_eq!(wrong(json!([run(5, 5), run(6, 7)]), 7), Ok(()));
    for answers in [
        json!([run(5, 8)]),
        json!([run(4, 7)]),
        json!([run(6, 7)]),
        json!([run(5, 6), run(6, 7)]),
        json!([run(6, 7), run(5, 5)]),
        json!([run(5, u64::MAX)]),
    ] {
        assert_eq!(wrong(answers.clone(), 7), Err(ClientError::NotAHub("answers")), "{answers}");
    }
    assert_eq!(wrong(json!([run(5, 7)]), u64::MAX), Err(ClientError::NotAHub("durable_through")));

    let page = |changes: serde_json::Value, next: u64, more: bool| {
        let said = json!({"changes": changes, "next": next, "more": more});
        Server::plain(json(said)).client().feed("t", 10, 0).map(|page| page.changes.len())
    };
    let change = |seq: u64| json!({"seq": seq, "kind": "new-kind", "body": {"v": 7}});
    assert_eq!(page(json!([change(11), change(40)]), 40, true), Ok(2));
    assert_eq!(page(json!([]), 10, false), Ok(0));
    assert_eq!(page(json!([change(10)]), 10, false), Err(ClientError::NotAHub("seq")));
    assert_eq!(page(json!([change(12), change(12)]), 12, false), Err(ClientError::NotAHub("seq")));
    assert_eq!(page(json!([change(12)]), 11, false), Err(ClientError::NotAHub("next")));
    assert_eq!(page(json!([change(2), change(5)]), 7, false), Ok(2), "a shorter feed, from its start");
    assert_eq!(page(json!([change(2), change(8)]), 7, false), Err(ClientError::NotAHub("next")));
    assert_eq!(page(json!([]), 10, true), Err(ClientError::NotAHub("more")));
}

#[test]
fn nobody_there_is_unreachable() {
    let address = HubAddress::parse("http://127.0.0.1:1").unwrap();
    let error = Client::new(&address, None).challenge().unwrap_err();
    assert!(matches!(error, ClientError::Unreachable(_)), "{error:?}");
}
