//! What only a server can do: break, be two, and acknowledge what no standby has.

use super::*;

fn open(cluster: &Cluster) -> (String, Database) {
    let name = new_name();
    let address = cluster.database(&name).parse().unwrap();
    (name, Database::open(&address).unwrap())
}

/// Waits until the server answers so.
fn until(cluster: &Cluster, sql: &str, wanted: &str) -> String {
    let begun = Instant::now();
    loop {
        let found = cluster.sql("postgres", sql);
        if found == wanted || wanted == "*" && !found.is_empty() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{sql}: {found}, not {wanted}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_deadlock_is_done_again() {
    let (_, database) = open(shared_cluster());
    add_store(&database, "a");
    add_store(&database, "b");
    let barrier = Barrier::new(2);
    let tries = AtomicU32::new(0);
    let both = |first: &str, second: &str| {
        let mut own = 0;
        let done = database.write(|t| {
            tries.fetch_add(1, Ordering::Relaxed);
            own += 1;
            take_seq(t, first)?;
            if own == 1 {
                barrier.wait();
            }
            Ok(take_seq(t, second)?)
        });
        done.unwrap();
    };
    std::thread::scope(|scope| {
        scope.spawn(|| both("a", "b"));
        scope.spawn(|| both("b", "a"));
    });
    assert!(tries.load(Ordering::Relaxed) > 2, "one of the two was the victim");
    let sum = "SELECT CAST(sum(feed_head) AS BIGINT) FROM store";
    let sum = database.read(|t| Ok(t.query_one(sum, &[])?)).unwrap().unwrap();
    assert_eq!(sum.int(0).unwrap(), 4);
}

#[test]
fn a_serialization_failure_is_done_again() {
    let name = new_name();
    let cluster = shared_cluster();
    let address = cluster.database(&name).parse().unwrap();
    let database = Database::open(&address).unwrap();
    add_store(&database, "shop");
    let mut tries = 0;
    let done = database.write(|t| {
        tries += 1;
        t.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", &[])?;
        count_stores(t)?;
        if tries == 1 {
            // SQLSTATE 40001 for the other.
            database.write(|t| Ok(take_seq(t, "shop")?))?;
        }
        Ok(take_seq(t, "shop")?)
    });
    assert_eq!((done.unwrap(), tries), (2, 2));
}

#[test]
fn a_lock_is_not_waited_for_for_ever() {
    let (_, database) = open(shared_cluster());
    add_store(&database, "shop");
    let begun = Instant::now();
    let held = database.write(|t| {
        take_seq(t, "shop")?;
        Ok(database.write(|t| Ok(take_seq(t, "shop")?)))
    });
    assert!(matches!(held.unwrap(), Err(HubError::Database(DbError::Retry))));
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(database.write(|t| Ok(take_seq(t, "shop")?)).unwrap(), 2);
}

#[test]
fn a_server_that_is_gone_is_said_soon_and_found_again() {
    let mut cluster = Cluster::start();
    let (_, database) = open(&cluster);
    add_store(&database, "first");
    cluster.crash();
    let begun = Instant::now();
    let lost = database.write(|t| Ok(t.execute("DELETE FROM store", &[])?));
    assert!(matches!(lost, Err(HubError::Database(DbError::Unreachable(_)))), "{lost:?}");
    assert!(matches!(database.health(), Err(DbError::Unreachable(_))));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    cluster.again();
    add_store(&database, "second");
    assert_eq!(database.read(|t| Ok(count_stores(t)?)).unwrap(), 2);
}

#[test]
fn a_transaction_cut_in_the_middle_is_not_taken_for_done() {
    let (name, database) = open(shared_cluster());
    let kill = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = '{name}' AND application_name = 'olvido hub'"
    );
    let cut = database.write(|t| {
        t.execute("INSERT INTO store (store, feed_head, created_at) VALUES ('shop', 0, 0)", &[])?;
        shared_cluster().sql("postgres", &kill);
        Ok(())
    });
    assert!(matches!(cut, Err(HubError::Database(DbError::Unreachable(_)))), "{cut:?}");
    assert_eq!(database.read(|t| Ok(count_stores(t)?)).unwrap(), 0);
}

#[test]
fn connections_that_broke_while_nobody_used_them_are_replaced_in_silence() {
    let (name, database) = open(shared_cluster());
    let barrier = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let read = database.read(|t| {
                    count_stores(t)?;
                    barrier.wait();
                    Ok(())
                });
                read.unwrap();
            });
        }
    });
    let ours = format!("FROM pg_stat_activity WHERE datname = '{name}'");
    let pids = until(shared_cluster(), &format!("SELECT count(*) {ours}"), "4");
    assert_eq!(pids, "4");
    shared_cluster().sql("postgres", &format!("SELECT pg_terminate_backend(pid) {ours}"));
    for number in 0..8 {
        add_store(&database, &format!("shop{number}"));
    }
    assert_eq!(database.read(|t| Ok(count_stores(t)?)).unwrap(), 8);
}

#[test]
fn a_commit_that_no_standby_has_counts_as_not_done() {
    let cluster = Cluster::start();
    let (_, database) = open(&cluster);
    cluster.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'ghost'");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    until(&cluster, "SHOW synchronous_standby_names", "ghost");
    let waits = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    let by = |how: &str, store: &str| {
        let insert = "INSERT INTO store (store, feed_head, created_at) VALUES ($1, 0, 0)";
        std::thread::scope(|scope| {
            let written = scope.spawn(|| database.write(|t| Ok(t.execute(insert, &[Value::Text(store)])?)));
            let pid = until(&cluster, waits, "*");
            cluster.sql("postgres", &format!("SELECT {how}({pid})"));
            written.join().unwrap()
        })
    };
    // Before it is cancelled, nobody sees it; then all do, and PostgreSQL calls it a success.
    let cancelled = by("pg_cancel_backend", "cancelled");
    assert!(matches!(cancelled, Err(HubError::Database(DbError::NotReplicated))), "{cancelled:?}");
    let terminated = by("pg_terminate_backend", "terminated");
    assert!(
        matches!(terminated, Err(HubError::Database(DbError::NotReplicated | DbError::Unreachable(_)))),
        "{terminated:?}"
    );
    assert_eq!(database.read(|t| Ok(count_stores(t)?)).unwrap(), 2);
    // What only reads waits for nobody.
    assert!(database.health().unwrap().lacks_standby());
}

#[test]
fn health_tells_of_standbys_and_writes_go_to_the_leader() {
    let cluster = Cluster::with(&[("fsync", "off"), ("synchronous_standby_names", "beside")]);
    let standby = cluster.standby("beside", &[("fsync", "off")]);
    until(&cluster, "SELECT sync_state FROM pg_stat_replication", "sync");
    cluster.database("shop");
    // The standby first: it takes no writes.
    let address =
        format!("postgres://postgres@127.0.0.1:{},127.0.0.1:{}/shop", standby.port(), cluster.port());
    let database = Database::open(&address.parse().unwrap()).unwrap();
    add_store(&database, "shop");
    let health = database.health().unwrap();
    let expected = DbHealth {
        engine: Engine::Postgres,
        synchronous_commit: Some("on".into()),
        synchronous_standby_names: Some("beside".into()),
        standbys: vec![Standby {
            application_name: "beside".into(),
            state: Some("streaming".into()),
            sync_state: Some("sync".into()),
        }],
    };
    assert_eq!(health, expected);
    assert!(!health.lacks_standby());
    until(&standby, "SELECT pg_last_wal_replay_lsn() = pg_last_wal_receive_lsn()", "t");
    assert_eq!(standby.sql("shop", "SELECT store FROM store"), "shop");
    let only_standby = format!("postgres://postgres@127.0.0.1:{}/shop", standby.port());
    let refused = Database::open(&only_standby.parse().unwrap()).err();
    assert!(matches!(refused, Some(DbError::Unreachable(_))), "{refused:?}");
}

#[test]
fn a_server_that_acknowledges_too_early_is_refused() {
    let cluster = shared_cluster();
    for setting in ["off", "local"] {
        let name = new_name();
        let address = cluster.database(&name).parse().unwrap();
        cluster.sql("postgres", &format!("ALTER DATABASE {name} SET synchronous_commit = {setting}"));
        let refused = Database::open(&address).err();
        assert!(
            matches!(&refused, Some(DbError::Other(what)) if what.contains("synchronous_commit")),
            "{refused:?}"
        );
    }
    let name = new_name();
    cluster.sql("postgres", &format!("CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0"));
    let refused = Database::open(&cluster.address(&name).parse().unwrap()).err();
    assert!(matches!(&refused, Some(DbError::Other(what)) if what.contains("UTF8")), "{refused:?}");
    let refused = Database::open(&cluster.address("nowhere").parse().unwrap()).err();
    assert!(matches!(&refused, Some(DbError::Other(what)) if what.contains("nowhere")), "{refused:?}");
    let name = new_name();
    let address = cluster.database(&name).parse().unwrap();
    cluster.sql(&name, "CREATE TABLE feed (n bigint)");
    let refused = Database::open(&address).err();
    assert!(matches!(refused, Some(DbError::Damaged(_))), "{refused:?}");
    assert_eq!(cluster.sql(&name, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1");
}

#[test]
fn the_same_statements_run_over_partitioned_tables() {
    let name = new_name();
    let cluster = shared_cluster();
    let address = cluster.database(&name).parse().unwrap();
    cluster.sql(&name, &schema::statements(Engine::Postgres, 4).join(";\n"));
    let database = Database::open(&address).unwrap();
    let stores: Vec<String> = (0..20).map(|number| format!("shop{number}")).collect();
    for store in &stores {
        add_store(&database, store);
        let page = [(1, Some("{}"), None), (2, None, None)];
        let added = database.write(|t| {
            t.insert_records(store, origin(), Series::Ticket, &page)?;
            let seq = take_seq(t, store)?;
            Ok(add_change(t, store, seq)?)
        });
        added.unwrap();
        assert_eq!(seqs(&database, store), [1]);
    }
    let used = "SELECT count(DISTINCT tableoid) > 1, count(*) FROM record";
    assert_eq!(cluster.sql(&name, used), "t|40");
    let parted = "SELECT count(*) FILTER (WHERE relkind = 'p'), count(*) FILTER (WHERE relispartition)
         FROM pg_class WHERE relkind IN ('p', 'r') AND relnamespace = 'public'::regnamespace";
    let tables = schema::statements(Engine::Postgres, 1).len() - 1;
    assert_eq!(cluster.sql(&name, parted), format!("{tables}|{}", tables * 4));
}
