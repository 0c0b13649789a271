//! Starting, stopping, and what a hub says of itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::{Duration, Instant};

use olvido::sync::record::Series;
use olvido::sync::wire::FeedPage;
use serde_json::{Value, json};

use crate::support::{Hub, JSON, forget, olvido, purchase};

#[test]
fn a_hub_starts_with_one_command_and_says_what_it_is() {
    let hub = Hub::tls();
    for part in
        ["The hub serves at https://127.0.0.1:", "Database: sqlite:", "hub.db", "Certificate: ", "backup"]
    {
        assert!(hub.said.contains(part), "{part} in {}", hub.said);
    }
    let health: Value = hub.get("/health").expect(200).json();
    assert_eq!(health["status"], "ok", "{health}");
    assert_eq!(health["database"]["replication"], "none");
    for name in ["key.pem", "hub.key", "hub.keys", "hub.db", "hub.address"] {
        let mode = fs::metadata(hub.directory().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
    let enrol = olvido(&hub.directory(), &["hub", "enrol", "--store", "SOL"]);
    let said = String::from_utf8(enrol.stdout).unwrap();
    assert!(said.contains(&format!("olvido sync enrol https://{} SOL-", hub.address)), "{said}");
    assert!(said.contains("10 minutes"), "{said}");

    let (before, folder) = (hub.fingerprint, hub.directory());
    let taken = olvido(&folder, &["hub", "serve", "--listen", "127.0.0.1:0"]);
    let words = String::from_utf8(taken.stderr).unwrap();
    assert!(!taken.status.success() && words.contains("another process"), "{words}");
    let mut hub = hub;
    hub.signal("TERM");
    hub.child.wait().unwrap();
    let kept = tempfile::tempdir().unwrap();
    fs::rename(&folder, kept.path().join("hub")).unwrap();
    let again = Hub::start(kept, &[]);
    assert_eq!(again.fingerprint, before, "the pins still hold");
}

#[test]
fn what_cannot_be_served_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("hub");
    let refused = |args: &[&str]| {
        let out = olvido(&directory, &[&["hub", "serve"], args].concat());
        assert_eq!(out.status.code(), Some(1), "{args:?}");
        String::from_utf8(out.stderr).unwrap()
    };
    let words = refused(&["--plain", "--listen", "0.0.0.0:0"]);
    assert!(words.contains("without TLS") && words.contains("proxy = ["), "{words}");
    let words = refused(&["--cert", "none.pem", "--key", "none.pem"]);
    assert!(words.contains("none.pem"), "{words}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let words = refused(&["--listen", &address]);
    assert!(words.contains("another program listens"), "{words}");
    let words = refused(&["--listen", "203.0.113.1:7878"]);
    assert!(words.contains("no such address"), "{words}");
    fs::write(directory.join("hub.toml"), "proxie = [\"10.0.0.5\"]\n").unwrap();
    fs::set_permissions(directory.join("hub.toml"), fs::Permissions::from_mode(0o600)).unwrap();
    let words = refused(&["--plain"]);
    assert!(words.contains("line 1") && words.contains("proxy"), "{words}");
}

#[test]
fn behind_a_proxy_only_the_proxy_may_connect() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("hub");
    fs::create_dir(&directory).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
    let config = directory.join("hub.toml");
    let certificate = "ab".repeat(32);
    fs::write(&config, format!("proxy = [\"127.0.0.1\"]\ncertificate = \"{certificate}\"\n")).unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    let mut hub = Hub::start(folder, &["--plain"]);
    // It speaks HTTP; the fingerprint is the proxy's, and is what an enrolment is bound to.
    let pinned = hub.fingerprint.take().unwrap();
    assert_eq!(pinned.to_string(), certificate);
    assert_eq!(hub.get("/health").status, 200);
    let code = hub.code("SOL");
    let request = crate::support::enrolment(&code, &olvido::seal::DeviceKey::random(), Some(pinned));
    assert_eq!(hub.post("/v1/enrol", &serde_json::to_value(&request).unwrap()).status, 200);

    // Each client of the proxy has its own rate.
    let ask = |client: &str| hub.ask("GET", "/openapi.json", &[("x-forwarded-for", client)], b"").status;
    let refused = (0..500).filter(|_| ask("9.9.9.9, 203.0.113.7") == 429).count();
    assert!(refused > 0);
    assert_eq!(ask("203.0.113.7, 198.51.100.2"), 200, "only what the proxy itself wrote counts");
    drop(hub);

    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("hub");
    fs::create_dir(&directory).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(directory.join("hub.toml"), "proxy = [\"10.0.0.5\"]\n").unwrap();
    fs::set_permissions(directory.join("hub.toml"), fs::Permissions::from_mode(0o600)).unwrap();
    let hub = Hub::start(folder, &["--plain"]);
    let mut stream = hub.connect();
    let mut said = Vec::new();
    let _ = std::io::Write::write_all(&mut stream, b"GET /health HTTP/1.1\r\nhost: hub\r\n\r\n");
    let _ = std::io::Read::read_to_end(&mut stream, &mut said);
    assert!(said.is_empty(), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn a_waiting_till_learns_of_a_forget_within_a_second() {
    for hub in [Hub::plain(), Hub::tls()] {
        let (till, other) = (hub.till("SOL"), hub.till("SOL"));
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let page: FeedPage = other.feed(&hub, "after=0&wait=30").expect(200).json();
                (page, Instant::now())
            });
            thread::sleep(Duration::from_secs(1));
            assert!(!waiting.is_finished());
            let said = Instant::now();
            till.sent(&hub, Series::Forget, 1, &[Some(forget([4; 16]))]);
            let (page, learned) = waiting.join().unwrap();
            assert_eq!(page.changes.len(), 1);
            assert_eq!(page.changes[0].kind, "tombstone");
            let took = learned.duration_since(said);
            assert!(took < Duration::from_secs(1), "{took:?}");
        });
    }
}

#[test]
fn a_revoked_till_does_not_wait_on() {
    let hub = Hub::plain();
    let till = hub.till("SOL");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| till.feed(&hub, "after=0&wait=30").status);
        thread::sleep(Duration::from_secs(1));
        let device = olvido::sync::wire::Hex(till.origin.device).to_string();
        assert!(olvido(&hub.directory(), &["hub", "revoke", &device]).status.success());
        assert_eq!(waiting.join().unwrap(), 403);
    });
}

#[test]
fn told_to_stop_it_ends_the_waits_and_what_is_under_way() {
    let hub = Hub::tls();
    let till = hub.till("SOL");
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let authorization = till.authorization();
            let request = crate::support::head(
                "GET",
                "/v1/feed?after=0&wait=50",
                &[("authorization", &authorization)],
                b"",
            );
            let connection = rustls::ClientConnection::new(
                crate::support::pinning(hub.fingerprint.unwrap()),
                rustls::pki_types::ServerName::try_from("localhost").unwrap(),
            );
            let stream = rustls::StreamOwned::new(connection.unwrap(), hub.connect());
            thread::spawn(move || crate::support::exchange(stream, &request))
        })
        .collect();
    thread::sleep(Duration::from_secs(1));
    let (took, log) = hub.stop();
    assert!(took < Duration::from_secs(4), "{took:?}");
    for thread in waiting {
        let page: FeedPage = thread.join().unwrap().expect(200).json();
        assert!(page.changes.is_empty() && page.next == 0);
    }
    assert!(log.lines().any(|line| line.contains("\"stopped\"")), "{log}");
}

#[test]
fn answers_come_packed_to_who_takes_them() {
    let hub = Hub::plain();
    let plain = hub.get("/openapi.json").expect(200);
    let packed = hub.ask("GET", "/openapi.json", &[("accept-encoding", "gzip, zstd")], b"").expect(200);
    assert_eq!(packed.header("content-encoding"), Some("zstd"));
    assert!(packed.body.len() * 3 < plain.body.len());
    assert_eq!(zstd::bulk::decompress(&packed.body, 1 << 20).unwrap(), plain.body);
}

/// What was bought, who bought, where from, and with which token: nothing of it is in what the hub says
/// of itself.
#[test]
fn logs_and_metrics_hold_nobody() {
    let hub = Hub::plain();
    let till = hub.till("SOL");
    let (id, canary) = ([0xc7; 16], "CANARY-who-bought-what");
    till.sent(&hub, Series::Purchase, 1, &[Some(purchase(id, canary))]);
    till.sent(&hub, Series::Count, 1, &[Some(json!({"v": 7, "who": canary}).to_string())]);
    till.sent(&hub, Series::Forget, 1, &[Some(forget(id))]);
    for (path, headers) in [
        ("/CANARY-path", vec![]),
        ("/health?CANARY-query", vec![("user-agent", "CANARY-agent")]),
        ("/v1/feed?after=CANARY-after", vec![("authorization", "Bearer CANARY-token")]),
    ] {
        hub.ask("GET", path, &headers, b"");
    }
    hub.ask("POST", "/v1/session", &[JSON], b"{\"store\":\"CANARY-store\"}");
    let metrics = hub.get("/metrics").expect(200).text();
    for line in [
        "olvido_hub_records_total{series=\"purchase\",answer=\"created\"} 1",
        "olvido_hub_records_total{series=\"forget\",answer=\"created\"} 1",
        "olvido_hub_requests_total{route=\"other\",status=\"404\"} 1",
        "olvido_hub_database_up 1",
        "olvido_hub_forgets_pending 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} in\n{metrics}");
    }
    let device = olvido::sync::wire::Hex(till.origin.device).to_string();
    let (token, purchase_id) = (till.token.clone(), olvido::sync::wire::Hex(id).to_string());
    let (_, log) = hub.stop();
    assert!(log.lines().count() > 8, "{log}");
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["time"].is_string() && line["level"].is_string() && line["message"].is_string());
    }
    assert!(log.contains("\"route\":\"/v1/records/{series}\"") && log.contains("\"store\":\"SOL\""), "{log}");
    assert!(log.contains(&format!("\"device\":\"{}\"", &device[..8])), "{log}");
    for secret in ["CANARY", &canary[7..], &device, &token[..20], &purchase_id, "127.0.0.1"] {
        assert!(!log.contains(secret), "{secret} in the log:\n{log}");
        assert!(!metrics.contains(secret), "{secret} in the metrics:\n{metrics}");
    }
    assert!(!metrics.contains("SOL") && !metrics.contains(&device[..8]));
}
