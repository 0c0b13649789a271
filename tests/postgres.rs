//! The PostgreSQL that other tests start for themselves.

#[path = "support/postgres.rs"]
mod postgres;

use std::time::{Duration, Instant};

use postgres::Cluster;

#[test]
fn a_server_of_its_own_comes_and_goes() {
    let started = Instant::now();
    let mut cluster = Cluster::start();
    eprintln!("started in {:?}", started.elapsed());
    assert_eq!(cluster.database("shop"), cluster.address("shop"));
    cluster.sql("shop", "CREATE TABLE t (n bigint); INSERT INTO t SELECT generate_series(1, 1000)");
    assert_eq!(
        cluster.sql("shop", "SHOW fsync; SHOW wal_segment_size; SHOW server_encoding"),
        "off\n1MB\nUTF8"
    );
    cluster.crash();
    cluster.again();
    assert_eq!(cluster.sql("shop", "SELECT count(*), sum(n) FROM t"), "1000|500500");
    let data = cluster.data_dir();
    assert!(data.join("pg_wal").is_dir());
    drop(cluster);
    assert!(!data.exists(), "the files are gone with it");
}

#[test]
fn a_standby_confirms_before_a_commit_returns() {
    let names = ("synchronous_standby_names", "beside");
    let cluster = Cluster::with(&[("fsync", "off"), names]);
    // Before there is a standby, a statement that wrote would wait for one.
    let standby = cluster.standby("beside", &[("fsync", "off")]);
    let started = Instant::now();
    while cluster.sql("postgres", "SELECT sync_state FROM pg_stat_replication") != "sync" {
        assert!(started.elapsed() < Duration::from_secs(20), "{}", standby.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    cluster.sql("postgres", "CREATE TABLE t (n bigint)");
    assert_eq!(standby.sql("postgres", "SELECT pg_is_in_recovery()"), "t");
    assert_eq!(cluster.sql("postgres", "SELECT flush_lsn >= sent_lsn FROM pg_stat_replication"), "t");
}

/// Nobody is left behind by a test that is killed.
#[test]
fn a_killed_test_leaves_no_server() {
    const CHILD: &str = "OLVIDO_POSTGRES_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let cluster = Cluster::start();
        println!("@{}", cluster.data_dir().display());
        std::process::abort();
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["a_killed_test_leaves_no_server", "--exact", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let data = output.lines().find_map(|line| line.split_once('@')).expect("a server began").1;
    let killed = Instant::now();
    while std::path::Path::new(data).exists() {
        assert!(killed.elapsed() < Duration::from_secs(20), "{data} is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
}
