//! The same hub over PostgreSQL: what it says of it, a long poll through LISTEN and NOTIFY, and a
//! database that is gone for a while.

use std::thread;
use std::time::{Duration, Instant};

use olvido::sync::record::Series;
use olvido::sync::wire::{Answer, FeedPage};
use serde_json::Value;

use crate::postgres::Cluster;
use crate::support::{Hub, forget};

fn hub(address: &str) -> Hub {
    Hub::start(tempfile::tempdir().unwrap(), &["--plain", "--database", address])
}

#[test]
fn a_hub_over_postgres_serves_and_says_what_it_lacks() {
    let cluster = Cluster::start();
    let hub = hub(&cluster.database("chain"));
    assert!(hub.said.contains("synchronous replication is off"), "{}", hub.said);
    let health: Value = hub.get("/health").expect(200).json();
    assert_eq!(health["status"], "degraded", "{health}");
    assert_eq!(health["database"]["replication"], "asynchronous");
    let (till, other) = (hub.till("SOL"), hub.till("SOL"));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let page: FeedPage = other.feed(&hub, "after=0&wait=30").expect(200).json();
            (page, Instant::now())
        });
        thread::sleep(Duration::from_secs(1));
        let said = Instant::now();
        till.sent(&hub, Series::Forget, 1, &[Some(forget([4; 16]))]);
        let (page, learned) = waiting.join().unwrap();
        assert_eq!(page.changes.len(), 1);
        assert!(learned.duration_since(said) < Duration::from_secs(1), "{:?}", learned.duration_since(said));
    });
}

#[test]
fn without_its_database_it_says_so_and_goes_on_when_it_is_back() {
    let mut cluster = Cluster::start();
    let hub = hub(&cluster.database("chain"));
    let till = hub.till("SOL");
    till.sent(&hub, Series::Forget, 1, &[Some(forget([1; 16]))]);
    cluster.crash();
    let refused = till.send(&hub, Series::Forget, 2, &[Some(forget([2; 16]))]).expect(503);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refused.json::<Value>()["error"], "database-unreachable");
    thread::sleep(Duration::from_secs(1));
    let health: Value = hub.get("/health").expect(503).json();
    assert_eq!(health["status"], "down", "{health}");
    assert!(hub.get("/metrics").text().contains("olvido_hub_database_up 0"));

    cluster.again();
    let began = Instant::now();
    let taken = loop {
        let answer = till.send(&hub, Series::Forget, 2, &[Some(forget([2; 16]))]);
        if answer.status == 200 || began.elapsed() > Duration::from_secs(30) {
            break answer;
        }
        thread::sleep(Duration::from_millis(200));
    };
    let taken: olvido::sync::wire::UploadAnswer = taken.expect(200).json();
    assert!([Answer::Created, Answer::Exists].contains(&taken.answers[0].answer));
    assert_eq!(taken.durable_through, 2);
    thread::sleep(Duration::from_secs(1));
    assert_eq!(hub.get("/health").status, 200);
}
