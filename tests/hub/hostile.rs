//! What no till sends. The hub answers each with a status of the fours, and goes on as before.

use std::io::{Read, Write};

use olvido::sync::record::Series;
use olvido::sync::wire::{Answer as RecordAnswer, MESSAGE_BYTES_MAX, PACKED_BYTES_MAX};
use serde_json::{Value, json};

use crate::support::{Answer, Hub, JSON, Till, enrolment, exchange, forget, head, purchase};

const SQL: [&str; 5] = [
    "'; DROP TABLE record; --",
    "' OR '1'='1",
    "\" UNION SELECT key FROM device --",
    "1); DELETE FROM tombstone; --",
    "\u{0}\u{1f}'\\x00'::bytea",
];

fn alive(hub: &Hub, till: &Till) {
    assert_eq!(till.feed(hub, "after=0").status, 200);
    let next = json!({"v": 9, "unknown": true}).to_string();
    let session: olvido::sync::wire::SessionAnswer = hub.session(till).expect(200).json();
    let first = session.durable_through.get(&Series::Count).map_or(1, |through| through + 1);
    let answer = till.sent(hub, Series::Count, first, &[Some(next)]);
    assert_eq!(answer.durable_through, first);
}

/// Valid requests of every route with a body.
fn valid(hub: &Hub, till: &Till) -> Vec<(String, Value)> {
    let code = hub.code("SOL");
    let mut enrol = serde_json::to_value(enrolment(&code, &till.key, None)).unwrap();
    enrol["previous"] = json!({
        "device": "00".repeat(16), "epoch": 1, "signature": "A".repeat(86) + "=="
    });
    let session = serde_json::to_value(till.session_request("challenge")).unwrap();
    let upload =
        |series, body| serde_json::from_str::<Value>(&till.upload(series, 1, &[Some(body)])).unwrap();
    vec![
        ("/v1/enrol".to_owned(), enrol),
        ("/v1/session".to_owned(), session),
        ("/v1/records/purchase".to_owned(), upload(Series::Purchase, purchase([1; 16], "x"))),
        ("/v1/records/forget".to_owned(), upload(Series::Forget, forget([1; 16]))),
        ("/v1/forgets".to_owned(), json!({"ids": ["00".repeat(16)]})),
    ]
}

/// Every place of a JSON value that holds no other, as pointers.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(k, v)| leaves(v, &format!("{at}/{k}"), found)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| leaves(v, &format!("{at}/{i}"), found))
        }
        _ => found.push(at.to_owned()),
    }
}

fn in_the_fours(answer: &Answer, what: &str) {
    assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.text());
}

#[test]
fn sql_and_wrong_types_in_every_field() {
    let hub = Hub::plain();
    let till = hub.till("SOL");
    let authorization = till.authorization();
    let headers = [JSON, ("authorization", authorization.as_str())];
    let mut tried = 0;
    for (path, value) in valid(&hub, &till) {
        let mut places = Vec::new();
        leaves(&value, "", &mut places);
        let mut wrong: Vec<Value> = SQL.iter().map(|text| json!(text)).collect();
        wrong.extend([json!(null), json!([]), json!({}), json!(-1), json!(true), json!(1.5), json!("")]);
        for (number, place) in places.iter().enumerate() {
            // Enrolling is limited: of each field a few.
            let few = if path == "/v1/enrol" { 2 } else { wrong.len() };
            for wrong in wrong.iter().cycle().skip(number).take(few) {
                let mut altered = value.clone();
                *altered.pointer_mut(place).unwrap() = wrong.clone();
                if altered == value {
                    continue;
                }
                let answer = hub.ask("POST", &path, &headers, altered.to_string().as_bytes());
                let optional = answer.status == 200 && path == "/v1/forgets";
                assert!(
                    optional || (400..500).contains(&answer.status),
                    "{path}{place} {wrong}: {}",
                    answer.text()
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 200, "{tried}");
    for sql in SQL.map(|sql| sql.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>()) {
        in_the_fours(&till.feed(&hub, &format!("after={sql}")), &sql);
        in_the_fours(&hub.ask("POST", &format!("/v1/records/{sql}"), &headers, b"{}"), &sql);
        in_the_fours(
            &hub.ask("GET", "/v1/feed?after=0", &[("authorization", &format!("Bearer {sql}"))], b""),
            &sql,
        );
    }
    alive(&hub, &till);
}

#[test]
fn enormous_and_odd_numbers() {
    let hub = Hub::plain();
    let till = hub.till("SOL");
    let authorization = till.authorization();
    let headers = [JSON, ("authorization", authorization.as_str())];
    let digits = "9".repeat(100_000);
    let signature = "A".repeat(86) + "==";
    for number in [
        "0",
        "-1",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "1e400",
        "1.0",
        &digits,
    ] {
        let body = format!("{{\"first\":{number},\"records\":[null],\"signature\":\"{signature}\"}}");
        in_the_fours(&hub.ask("POST", "/v1/records/ticket", &headers, body.as_bytes()), number);
    }
    // Rightly signed, and still too far.
    for first in [9_223_372_036_854_775_807, u64::MAX, u64::MAX - 1] {
        in_the_fours(&till.send(&hub, Series::Forget, first, &[Some(forget([3; 16])), None, None]), "signed");
    }
    for query in [
        "after=9223372036854775808",
        "after=-1",
        "after=1e3",
        "limit=1",
        "after=1&limit=0",
        "after=1&wait=-1",
    ] {
        in_the_fours(&till.feed(&hub, query), query);
    }
    for query in ["after=0&limit=18446744073709551615", "after=0&wait=0&limit=1", "after=0&unknown=%00"] {
        assert_eq!(till.feed(&hub, query).status, 200, "{query}");
    }
    // Far ahead of the feed: whatever it is answered, nothing was confirmed that was never there.
    assert!(till.feed(&hub, "after=9223372036854775807").status < 500);
    alive(&hub, &till);
}

#[test]
fn records_that_are_deep_or_many_or_large() {
    let hub = Hub::plain();
    let till = hub.till("SOL");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let answer = till.send(&hub, Series::Count, 1, &[Some(deep)]);
    assert!(answer.status < 500, "{}", answer.status);
    let many = vec![None; 1001];
    assert_eq!(till.send(&hub, Series::Count, 1, &many).status, 413);
    let large = json!("x".repeat(300 << 10)).to_string();
    assert_eq!(till.send(&hub, Series::Purchase, 1, &[Some(large)]).status, 413);
    assert_eq!(till.sent(&hub, Series::Count, 1, &[]).durable_through, 1, "none is a question how far it is");
    alive(&hub, &till);
}

#[test]
fn what_is_packed_wrongly() {
    let hub = Hub::plain();
    let till = hub.till("SOL");
    let authorization = till.authorization();
    let packed = [JSON, ("content-encoding", "zstd"), ("authorization", authorization.as_str())];
    let body = till.upload(Series::Forget, 1, &[Some(forget([5; 16]))]);
    let whole = zstd::bulk::compress(body.as_bytes(), 3).unwrap();
    for cut in (0..whole.len()).step_by(7) {
        assert_eq!(hub.ask("POST", "/v1/records/forget", &packed, &whole[..cut]).status, 400, "{cut}");
    }
    let mut altered = whole.clone();
    for place in (4..whole.len()).step_by(11) {
        altered[place] ^= 0x55;
        in_the_fours(&hub.ask("POST", "/v1/records/forget", &packed, &altered), "altered");
        altered[place] ^= 0x55;
    }
    assert_eq!(hub.ask("POST", "/v1/records/forget", &packed, body.as_bytes()).status, 400, "not packed");

    // Sixty-four megabytes of spaces, and thousands of frames that hold nothing.
    let bomb = zstd::bulk::compress(&vec![b' '; 8 * MESSAGE_BYTES_MAX], 19).unwrap();
    assert!(bomb.len() < 20_000, "{}", bomb.len());
    assert_eq!(hub.ask("POST", "/v1/records/forget", &packed, &bomb).status, 413);
    let empty = zstd::bulk::compress(b"", 3).unwrap().repeat(100_000);
    in_the_fours(&hub.ask("POST", "/v1/records/forget", &packed, &empty), "frames");

    let whole = hub.ask("POST", "/v1/records/forget", &packed, &whole).expect(200);
    assert_eq!(whole.json::<olvido::sync::wire::UploadAnswer>().answers[0].answer, RecordAnswer::Created);
    alive(&hub, &till);
}

#[test]
fn bodies_that_are_too_large_or_end_early() {
    let hub = Hub::plain();
    let till = hub.till("SOL");
    let authorization = till.authorization();
    let headers = [JSON, ("authorization", authorization.as_str())];
    let large = vec![b' '; PACKED_BYTES_MAX + 1];
    assert_eq!(hub.ask("POST", "/v1/records/ticket", &headers, &large).status, 413);
    assert_eq!(
        hub.ask("POST", "/v1/session", &[JSON], &large[..70 << 10]).status,
        413,
        "a stranger has less"
    );

    // The same without saying so before.
    let mut chunked = format!(
        "POST /v1/records/ticket HTTP/1.1\r\nhost: hub\r\nconnection: close\r\ncontent-type: application/json\r\n\
         authorization: {authorization}\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    .into_bytes();
    for _ in 0..40 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend_from_slice(&large[..0x10000]);
        chunked.extend_from_slice(b"\r\n");
    }
    assert_eq!(hub.raw(&chunked).status, 413);

    // Less than was said, and then nothing.
    let request = head("POST", "/v1/records/ticket", &headers, b"{}");
    let text = String::from_utf8(request).unwrap().replace("content-length: 2", "content-length: 200");
    let mut stream = hub.connect();
    stream.write_all(text.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(!rest.starts_with(b"HTTP/1.1 5"), "{}", String::from_utf8_lossy(&rest));
    alive(&hub, &till);
}

#[test]
fn wrong_signatures_leave_nothing_behind() {
    let hub = Hub::plain();
    let till = hub.till("SOL");
    let authorization = till.authorization();
    let headers = [JSON, ("authorization", authorization.as_str())];
    let records = [Some(forget([1; 16])), Some(forget([2; 16]))];
    let right: Value = serde_json::from_str(&till.upload(Series::Forget, 1, &records)).unwrap();
    let mut wrong = Vec::new();
    for (place, value) in [
        ("/first", json!(2)),
        ("/records/0/held", json!(false)),
        ("/records/1", json!(null)),
        ("/signature", json!("A".repeat(86) + "==")),
        ("/signature", json!("")),
        ("/signature", json!("AAAA")),
    ] {
        let mut altered = right.clone();
        *altered.pointer_mut(place).unwrap() = value;
        wrong.push(altered.to_string());
    }
    // Of another series.
    let other = till.upload(Series::Count, 1, &records);
    wrong.push(other);
    for body in &wrong {
        let answer = hub.ask("POST", "/v1/records/forget", &headers, body.as_bytes());
        assert!([400, 401, 409].contains(&answer.status), "{}: {body}", answer.status);
    }
    let answer = till.sent(&hub, Series::Forget, 1, &records);
    let run = &answer.answers[0];
    assert_eq!((run.first, run.last, run.answer), (1, 2, RecordAnswer::Created), "nothing was there");
}

#[test]
fn what_is_not_asked_as_it_should_be() {
    let hub = Hub::plain();
    let till = hub.till("SOL");
    let authorization = till.authorization();
    for path in
        ["/", "/v1", "/v1/", "/v1/feed/", "/v1/records", "/v2/feed", "/../etc/passwd", "/v1/records/ticket/1"]
    {
        assert_eq!(hub.get(path).status, 404, "{path}");
    }
    for (method, path, allowed) in [
        ("POST", "/health", "GET,HEAD"),
        ("POST", "/v1/feed", "GET,HEAD"),
        ("GET", "/v1/session", "POST"),
        ("DELETE", "/v1/records/ticket", "POST"),
        ("PATCH", "/openapi.json", "GET,HEAD"),
    ] {
        let answer = hub.ask(method, path, &[JSON], b"{}").expect(405);
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
    }
    for kind in ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""] {
        let headers = [("content-type", kind), ("authorization", authorization.as_str())];
        for path in ["/v1/enrol", "/v1/session", "/v1/forgets", "/v1/records/forget"] {
            assert_eq!(hub.ask("POST", path, &headers, b"{}").status, 415, "{path} {kind}");
        }
    }
    let gzip = [JSON, ("content-encoding", "gzip"), ("authorization", authorization.as_str())];
    assert_eq!(hub.ask("POST", "/v1/forgets", &gzip, b"{}").status, 415);
    let headers = [JSON, ("authorization", authorization.as_str())];
    assert_eq!(hub.ask("POST", "/v1/records/sale", &headers, b"{}").status, 404);

    let long = "x".repeat(40_000);
    assert_eq!(hub.raw(&head("GET", "/health", &[("x-long", &long)], b"")).status, 431);
    let many: Vec<(&str, &str)> = vec![("x-many", "1"); 300];
    assert_eq!(hub.raw(&head("GET", "/health", &many, b"")).status, 431);
    for garbage in
        [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls to a plain hub\r\n\r\n"[..], b"GET\r\n\r\n"]
    {
        assert_eq!(exchange(hub.connect(), garbage).status, 400);
    }
    alive(&hub, &till);
}
