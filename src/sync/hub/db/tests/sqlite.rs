//! What only a file can do.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;

use super::*;

fn path(place: &Place) -> &std::path::Path {
    match &place.address {
        DatabaseAddress::Sqlite(path) => path,
        DatabaseAddress::Postgres(_) => panic!("a file is wanted"),
    }
}

#[test]
fn the_file_is_its_owner_s_alone() {
    let place = sqlite_place();
    let database = Database::open(&place.address).unwrap();
    add_store(&database, "shop");
    for suffix in ["", "-wal", "-shm"] {
        let file = format!("{}{suffix}", path(&place).display());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
}

#[test]
fn a_file_of_something_else_is_refused_and_left_alone() {
    let place = sqlite_place();
    let connection = Connection::open(path(&place)).unwrap();
    connection.execute_batch("CREATE TABLE ticket (number INTEGER); INSERT INTO ticket VALUES (1)").unwrap();
    let refused = Database::open(&place.address).err();
    assert!(matches!(refused, Some(DbError::Damaged(_))), "{refused:?}");
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1);
    let text = sqlite_place();
    fs::write(path(&text), "this is no database, and longer than a header of SQLite's".repeat(9)).unwrap();
    let refused = Database::open(&text.address).err();
    assert!(matches!(refused, Some(DbError::Damaged(_))), "{refused:?}");
    let nowhere = DatabaseAddress::Sqlite("/nowhere/hub.db".into());
    assert!(matches!(Database::open(&nowhere), Err(DbError::Unreachable(_))));
}

#[test]
fn another_process_is_waited_for() {
    let place = sqlite_place();
    let database = Database::open(&place.address).unwrap();
    let other = Connection::open(path(&place)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| add_store(&database, "shop"));
        // Longer than SQLite itself waits.
        thread::sleep(Duration::from_millis(2600));
        other.execute_batch("COMMIT").unwrap();
    });
    assert!(begun.elapsed() < Duration::from_secs(6));
    assert_eq!(database.read(|t| Ok(count_stores(t)?)).unwrap(), 1);
}

#[test]
fn what_was_deleted_stands_in_no_file() {
    let canary = "canary-5b1f".repeat(40);
    let place = sqlite_place();
    let database = Database::open(&place.address).unwrap();
    let found = || {
        ["", "-wal"].iter().any(|suffix| {
            let bytes = fs::read(format!("{}{suffix}", path(&place).display())).unwrap();
            bytes.windows(11).any(|window| window == b"canary-5b1f")
        })
    };
    let page = [(1, Some(&canary[..]), None)];
    database.write(|t| Ok(t.insert_records("shop", origin(), Series::Count, &page)?)).unwrap();
    assert!(found());
    database.write(|t| Ok(t.execute("DELETE FROM record", &[])?)).unwrap();
    assert!(found(), "the log still has it");
    let busy = database.read(|t| {
        count_stores(t)?;
        database.write(|t| Ok(t.execute("DELETE FROM record", &[])?))?;
        Ok(database.drop_traces()?)
    });
    assert!(!busy.unwrap(), "somebody reads");
    assert!(database.drop_traces().unwrap());
    assert!(!found());
}

#[test]
fn a_full_disk_is_said_and_nothing_half_done() {
    let place = sqlite_place();
    let database = Database::open(&place.address).unwrap();
    // Of the connection that writes, from now on.
    database.write(|t| Ok(t.query("PRAGMA max_page_count = 60", &[])?)).unwrap();
    let body = "x".repeat(4000);
    let page: Vec<_> = (0..1000).map(|index| (index, Some(&body[..]), None)).collect();
    let full = database.write(|t| Ok(t.insert_records("shop", origin(), Series::Count, &page)?));
    assert!(matches!(full, Err(HubError::Database(DbError::DiskFull))), "{full:?}");
    add_store(&database, "shop");
    let rows = database.read(|t| Ok(t.query("SELECT idx FROM record", &[])?)).unwrap();
    assert_eq!(rows.len(), 0);
}

/// What somebody put into the file does not run in it.
#[test]
fn no_trigger_runs() {
    let place = sqlite_place();
    drop(Database::open(&place.address).unwrap());
    let other = Connection::open(path(&place)).unwrap();
    other
        .execute_batch(
            "CREATE TABLE copied (id);
             CREATE TRIGGER no BEFORE INSERT ON record BEGIN SELECT RAISE(IGNORE); END;
             CREATE TRIGGER copy AFTER INSERT ON store BEGIN INSERT INTO copied VALUES (1); END;",
        )
        .unwrap();
    let database = Database::open(&place.address).unwrap();
    add_store(&database, "shop");
    let page = [(1, Some("body"), None)];
    database.write(|t| Ok(t.insert_records("shop", origin(), Series::Count, &page)?)).unwrap();
    let rows = |sql| database.read(|t| Ok(t.query(sql, &[])?.len())).unwrap();
    assert_eq!((rows("SELECT idx FROM record"), rows("SELECT id FROM copied")), (1, 0));
}
