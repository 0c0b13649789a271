//! A run that is sent while the hub still works on the one before it, and what becomes of it where it is
//! there first, or its answer is lost: the till has sold as many tickets as the hub has, each once.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use memchr::memmem;
use olvido::store::{Order, Outcome, Store};
use olvido::sync::client::HubAddress;
use olvido::sync::hub::db::{Database, Value};
use olvido::sync::joining::join;
use olvido::sync::record::Series;
use olvido::sync::wire::RUN_RECORDS_MAX;

use crate::common::{answer, at, create, fast_directory, sale_at};
use crate::support::{Hub, exchange_once};

const TICKETS: usize = 4 * RUN_RECORDS_MAX + 500;
const RUNS: usize = TICKETS.div_ceil(RUN_RECORDS_MAX);
/// First tickets of the second run and of the third. (Between the first and the second run the counts have
/// their turn, so nothing is sent ahead.)
const HELD: u64 = 1 + RUN_RECORDS_MAX as u64;
const AHEAD: u64 = HELD + RUN_RECORDS_MAX as u64;
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_run_that_overtakes_the_one_before_is_sent_again() {
    let talk = drained_through(Fault::AheadIsFirst);
    assert!(talk.refused >= 1, "the hub refuses what would leave a gap");
    assert!(talk.runs > RUNS, "{} runs were sent, {RUNS} are needed", talk.runs);
}

#[test]
fn a_run_whose_answer_is_lost_is_sent_again() {
    let talk = drained_through(Fault::AheadIsLost);
    assert!(talk.runs > RUNS, "{} runs were sent, {RUNS} are needed", talk.runs);
}

#[test]
fn two_runs_are_under_way_and_only_what_was_refused_is_sent_again() {
    let talk = drained_through(Fault::None);
    assert_eq!(talk.runs, RUNS + talk.refused, "one may overtake another by itself");
    assert!(talk.most_at_once == 2, "{} runs were under way at once", talk.most_at_once);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The answer to the second run waits until the third is there: on a busy machine it may be quicker.
    None,
    /// The second run waits on its way until the third, which was sent ahead of its turn, is answered.
    AheadIsFirst,
    /// The connection of the third breaks when its answer comes.
    AheadIsLost,
}

/// What a proxy saw of the runs of tickets.
#[derive(Clone, Copy, Debug, Default)]
struct Talk {
    runs: usize,
    answered: usize,
    refused: usize,
    most_at_once: usize,
    ahead_is_there: bool,
    ahead_is_answered: bool,
}

type Shared = Arc<(Mutex<Talk>, Condvar)>;

fn drained_through(fault: Fault) -> Talk {
    let hub = Hub::start(fast_directory(), &["--plain"]);
    let directory = fast_directory();
    let mut store = create(directory.path());
    let (proxy, talk) = start(hub.address, fault);
    join(&mut store, &HubAddress::parse(&format!("http://{proxy}")).unwrap(), &hub.code("S"), "caja 1")
        .unwrap();
    let total = sell(&mut store);
    let mut status = exchange_once(&mut store);
    for _ in 0..9 {
        if !status.done {
            thread::sleep(Duration::from_millis(300));
            status = exchange_once(&mut store);
        }
    }
    assert!(status.done, "{fault:?}: {status:?}, {talk:?}");
    assert_eq!(store.durable_through(Series::Ticket).unwrap(), TICKETS as u64);
    let database = format!("sqlite:{}", hub.directory().join("hub.db").display());
    let database = Database::open(&database.parse().unwrap()).unwrap();
    let sums = "SELECT CAST(sum(sales) AS INTEGER), CAST(sum(total) AS INTEGER),
                (SELECT count(*) FROM record WHERE store = $1 AND series = 'ticket' AND flag IS NULL)
                FROM day_sum WHERE store = $1";
    let row = database.query_one(sums, &[Value::Text("S")]).unwrap().unwrap();
    let there = (row.int(0).unwrap(), row.int(1).unwrap(), row.int(2).unwrap());
    assert_eq!(there, (TICKETS as i64, total, TICKETS as i64), "{fault:?}: sales, cents, records");
    *talk.0.lock().unwrap()
}

/// Returns what all came to, in cents.
fn sell(store: &mut Store) -> i64 {
    let sale =
        sale_at(at("2026-11-23T18:42:07+01:00"), answer(Some("forget"), None, &[]), &["Café".to_owned()]);
    let orders: Vec<_> = (0..500).map(|_| Order { sale: &sale, request: None }).collect();
    let batches = (0..TICKETS / orders.len()).map(|_| store.commit(&orders).unwrap());
    let total = |outcome| match outcome {
        Outcome::Sold(sold) => sold.ticket.total.0,
        other => panic!("{other:?}"),
    };
    batches.flatten().map(total).sum()
}

fn start(hub: SocketAddr, fault: Fault) -> (SocketAddr, Shared) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, shared) = (listener.local_addr().unwrap(), Shared::default());
    let talk = Arc::clone(&shared);
    thread::spawn(move || {
        for till in listener.incoming() {
            let (talk, till) = (Arc::clone(&talk), till.unwrap());
            let Ok(hub) = TcpStream::connect(hub) else { return };
            thread::spawn(move || carry(till, hub, fault, &talk));
        }
    });
    (address, shared)
}

/// Carries one connection: a request, then its answer, and so on. Two runs that are sent one after the other
/// may arrive in either order, so a run is known by its first record.
fn carry(till: TcpStream, hub: TcpStream, fault: Fault, (talk, changed): &(Mutex<Talk>, Condvar)) {
    let under_way = Mutex::new(None);
    let (till, hub) = (&till, &hub);
    thread::scope(|scope| {
        scope.spawn(|| {
            while let Some(request) = read_request(till) {
                if let Some(first) = first_of_run(&request) {
                    let mut talk = talk.lock().unwrap();
                    talk.runs += 1;
                    talk.ahead_is_there |= first == AHEAD;
                    changed.notify_all();
                    talk.most_at_once = talk.most_at_once.max(talk.runs - talk.answered);
                    *under_way.lock().unwrap() = Some(first);
                    if fault == Fault::AheadIsFirst && first == HELD {
                        let waited =
                            changed.wait_timeout_while(talk, PATIENCE, |talk| !talk.ahead_is_answered);
                        assert!(!waited.unwrap().1.timed_out(), "nothing was sent ahead");
                    }
                }
                if { hub }.write_all(&request).is_err() {
                    break;
                }
            }
            close(till, hub);
        });
        let mut bytes = [0; 64 << 10];
        while let Ok(read @ 1..) = { hub }.read(&mut bytes) {
            let answered = under_way.lock().unwrap().take();
            if let Some(first) = answered {
                let mut talk = talk.lock().unwrap();
                if fault == Fault::None && first == HELD {
                    let waited = changed.wait_timeout_while(talk, PATIENCE, |talk| !talk.ahead_is_there);
                    talk = waited.unwrap().0;
                }
                talk.answered += 1;
                talk.refused += usize::from(memmem::find(&bytes[..read], b" 409 ").is_some());
                let is_ahead = first == AHEAD;
                let is_lost = fault == Fault::AheadIsLost && is_ahead && !talk.ahead_is_answered;
                talk.ahead_is_answered |= is_ahead;
                changed.notify_all();
                if is_lost {
                    break;
                }
            }
            if { till }.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        close(till, hub);
    });
}

fn close(till: &TcpStream, hub: &TcpStream) {
    for stream in [till, hub] {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

/// One request, head and body; nothing where the connection ends.
fn read_request(mut from: &TcpStream) -> Option<Vec<u8>> {
    let (mut request, mut bytes) = (Vec::new(), [0; 64 << 10]);
    loop {
        let Ok(read @ 1..) = from.read(&mut bytes) else { return None };
        request.extend_from_slice(&bytes[..read]);
        if let Some(body) = body_of(&request)
            && request.len() >= body + body_bytes(&request[..body])
        {
            return Some(request);
        }
    }
}

/// Where the body begins.
fn body_of(request: &[u8]) -> Option<usize> {
    memmem::find(request, b"\r\n\r\n").map(|end| end + 4)
}

fn body_bytes(head: &[u8]) -> usize {
    let head = String::from_utf8(head.to_ascii_lowercase()).unwrap();
    head.lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |n| n.trim().parse().unwrap())
}

/// The first record's number, if the request is a run of tickets.
fn first_of_run(request: &[u8]) -> Option<u64> {
    if !request.starts_with(b"POST /v1/records/ticket ") {
        return None;
    }
    let body = zstd::decode_all(&request[body_of(request)?..]).unwrap();
    Some(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["first"].as_u64().unwrap())
}
