//! The shape of `olvido.db`: an append-only list of migrations.
//!
//! No column finds a person, no personal column has an index, no table holds a person or a basket in the clear: `sealed`
//! columns are ciphertext under a key slot, ids are random, and dates are to the day.

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use crate::seal::random_id;

use super::error::StoreError;

/// A new step is added at the end; a shipped one never changes.
const STEPS: &[M<'static>] =
    &[M::up(ALONE), M::up(OUTBOX), M::up(LOOKUPS), M::up(COUNTS), M::up(LOOKS), M::up(PLACES)];

/// A till by itself.
pub(super) const ALONE: &str = "
    CREATE TABLE meta (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE issuer (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        tax_id TEXT NOT NULL,
        series TEXT NOT NULL,
        currency TEXT NOT NULL
    ) STRICT;

    CREATE TABLE staff (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        pin_hash TEXT NOT NULL
    ) STRICT;

    CREATE TABLE policy (
        version INTEGER PRIMARY KEY,
        -- Number of the first ticket that could be sold under it.
        since INTEGER NOT NULL,
        text TEXT NOT NULL
    ) STRICT;

    -- No index: the till reads the image, an import reads the whole table.
    CREATE TABLE product (
        id INTEGER PRIMARY KEY,
        barcode INTEGER,
        plu INTEGER,
        sku TEXT NOT NULL,
        name TEXT NOT NULL,
        department TEXT NOT NULL,
        price INTEGER NOT NULL CHECK (price >= 0),
        tax INTEGER NOT NULL CHECK (tax BETWEEN 0 AND 10000),
        unit INTEGER NOT NULL CHECK (unit IN (0, 1)),
        durable_years INTEGER NOT NULL CHECK (durable_years BETWEEN 0 AND 255)
    ) STRICT;

    -- The catalogue as the till holds it in memory, ready made.
    CREATE TABLE catalogue_image (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        bytes BLOB NOT NULL
    ) STRICT;

    CREATE TABLE ticket (
        number INTEGER PRIMARY KEY,
        issuer INTEGER NOT NULL REFERENCES issuer (id),
        at TEXT NOT NULL,
        total INTEGER NOT NULL,
        tax_total INTEGER NOT NULL,
        body TEXT NOT NULL,
        hash BLOB NOT NULL CHECK (length(hash) = 32)
    ) STRICT;

    -- The last ticket that went after its term: what is left of the chain hangs on it.
    CREATE TABLE anchor (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        number INTEGER NOT NULL,
        hash BLOB NOT NULL CHECK (length(hash) = 32)
    ) STRICT;

    -- Sums over at least a few dozen sales at a time: see store/tally.rs.
    CREATE TABLE product_counter (
        day INTEGER NOT NULL,
        product INTEGER NOT NULL REFERENCES product (id),
        quantity INTEGER NOT NULL,
        amount INTEGER NOT NULL,
        PRIMARY KEY (day, product)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE choice_counter (
        day INTEGER NOT NULL,
        choice TEXT NOT NULL,
        sales INTEGER NOT NULL,
        PRIMARY KEY (day, choice)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE tally (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        slot INTEGER NOT NULL,
        owner BLOB NOT NULL CHECK (length(owner) = 16),
        sealed BLOB NOT NULL
    ) STRICT;

    CREATE TABLE draft (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        slot INTEGER NOT NULL,
        owner BLOB NOT NULL CHECK (length(owner) = 16),
        -- NULL once the basket was sold or dropped: only its slot is left to zero.
        sealed BLOB
    ) STRICT;

    CREATE TABLE purchase (
        number INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
        slot INTEGER NOT NULL,
        memory INTEGER NOT NULL CHECK (memory IN (1, 2)),
        choice TEXT NOT NULL,
        policy INTEGER NOT NULL REFERENCES policy (version),
        day INTEGER NOT NULL,
        -- Last day; NULL until the customer says forget.
        until INTEGER,
        sealed BLOB NOT NULL
    ) STRICT;
    CREATE INDEX purchase_until ON purchase (until) WHERE until IS NOT NULL;

    CREATE TABLE profile (
        number INTEGER PRIMARY KEY,
        lookup BLOB NOT NULL UNIQUE CHECK (length(lookup) = 32),
        slot INTEGER NOT NULL,
        owner BLOB NOT NULL UNIQUE CHECK (length(owner) = 16),
        sealed BLOB NOT NULL
    ) STRICT;

    CREATE TABLE tombstone (
        id BLOB PRIMARY KEY CHECK (length(id) = 16)
    ) STRICT, WITHOUT ROWID;

    -- Slots that must be zeroed and rows that must go: the work a crash may leave undone.
    CREATE TABLE doomed (
        owner BLOB PRIMARY KEY CHECK (length(owner) = 16),
        slot INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE request (
        id BLOB PRIMARY KEY CHECK (length(id) = 16),
        ticket INTEGER NOT NULL REFERENCES ticket (number),
        day INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE look (
        number INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        id BLOB NOT NULL CHECK (length(id) = 16),
        purpose TEXT NOT NULL
    ) STRICT;
";

/// What a till has to say to a hub, and what it knows of it. What was there before is queued.
pub(super) const OUTBOX: &str = "
    -- Counts, purchases and forgets in series: see domain/series.rs. Tickets are there by their numbers.
    -- No row is ever deleted, so that no index is used twice.
    CREATE TABLE outbox (
        series INTEGER NOT NULL CHECK (series BETWEEN 2 AND 4),
        idx INTEGER NOT NULL CHECK (idx > 0),
        -- Of a purchase or a tombstone.
        id BLOB CHECK (length(id) = 16),
        -- A count's day and choices, NULL once past its term; whether a tombstone's purchase was held here.
        body TEXT,
        PRIMARY KEY (series, idx)
    ) STRICT, WITHOUT ROWID;

    -- Sales of the day and choice that are in the outbox.
    ALTER TABLE choice_counter ADD COLUMN queued INTEGER NOT NULL DEFAULT 0;

    CREATE TABLE hub (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        url TEXT NOT NULL,
        pin BLOB CHECK (length(pin) = 32),
        store TEXT NOT NULL,
        device BLOB NOT NULL CHECK (length(device) = 16),
        epoch INTEGER NOT NULL CHECK (epoch > 0),
        seed BLOB NOT NULL,
        incarnation BLOB NOT NULL CHECK (length(incarnation) = 16),
        cursor INTEGER NOT NULL,
        state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),
        last_contact TEXT
    ) STRICT;

    CREATE TABLE durable (
        series INTEGER PRIMARY KEY,
        through INTEGER NOT NULL
    ) STRICT;

    -- Forgets that were said here: how many copies there are, have confirmed, and never will.
    CREATE TABLE forget_state (
        id BLOB PRIMARY KEY CHECK (length(id) = 16),
        confirmed INTEGER NOT NULL,
        copies INTEGER NOT NULL,
        lost INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX forget_open ON forget_state (id) WHERE copies = 0 OR confirmed + lost < copies;

    -- Changes of a kind or version that this program does not know, as they came.
    CREATE TABLE kept_change (
        seq INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        body TEXT NOT NULL
    ) STRICT;

    -- What these devices say counts no longer, up to that epoch.
    CREATE TABLE revoked (
        device BLOB PRIMARY KEY CHECK (length(device) = 16),
        epoch INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    INSERT INTO outbox (series, idx, body)
        SELECT 2, row_number() OVER (ORDER BY day), json_object('day', day, 'choices', json(choices))
        FROM (SELECT day, json_group_object(choice, sales) AS choices FROM choice_counter GROUP BY day);
    UPDATE choice_counter SET queued = sales;
    INSERT INTO outbox (series, idx, id) SELECT 3, row_number() OVER (ORDER BY number), id FROM purchase;
    INSERT INTO outbox (series, idx, id, body)
        SELECT 4, row_number() OVER (ORDER BY id), id, 'held' FROM tombstone;
";

/// What finds a customer goes into the key slots, where it is overwritten in place: what was here waits in a
/// table of its own until it is there (store/upgrade.rs). A database that is not new is compacted before
/// anything forgotten is complete: pages without a use may hold what found somebody who was forgotten.
const LOOKUPS: &str = "
    ALTER TABLE profile RENAME TO profile_by_lookup;
    CREATE TABLE profile (
        number INTEGER PRIMARY KEY,
        slot INTEGER NOT NULL,
        owner BLOB NOT NULL UNIQUE CHECK (length(owner) = 16),
        sealed BLOB NOT NULL
    ) STRICT;
    INSERT INTO profile (number, slot, owner, sealed) SELECT number, slot, owner, sealed FROM profile_by_lookup;
    INSERT OR REPLACE INTO meta (name, value)
        SELECT 'compaction', 'awaited' WHERE EXISTS (SELECT 1 FROM policy);
";

/// Counts that tell no basket: see store/counts/mod.rs. What was counted by product and day, and the row of the
/// last sales, are taken over under new keys (store/counts/upgrade.rs).
const COUNTS: &str = "
    ALTER TABLE tally RENAME TO tally_by_day;

    CREATE TABLE tally (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        slot INTEGER NOT NULL,
        owner BLOB NOT NULL CHECK (length(owner) = 16),
        -- Slots of older versions of the row, which may not be zero yet: index and owner of each.
        old BLOB NOT NULL,
        sealed BLOB NOT NULL
    ) STRICT;

    CREATE TABLE held (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        slot INTEGER NOT NULL,
        owner BLOB NOT NULL CHECK (length(owner) = 16),
        old BLOB NOT NULL,
        sealed BLOB NOT NULL
    ) STRICT;

    CREATE TABLE released (
        number INTEGER PRIMARY KEY,
        slot INTEGER NOT NULL,
        owner BLOB NOT NULL UNIQUE CHECK (length(owner) = 16),
        -- Of all windows in it: first and last ticket, and the earliest day.
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        day INTEGER NOT NULL,
        sealed BLOB NOT NULL
    ) STRICT;

    -- Between which tickets a day's choices were counted; NULL where a part was counted before this was noted.
    CREATE TABLE choice_day (
        day INTEGER PRIMARY KEY,
        first INTEGER,
        last INTEGER,
        -- The first ticket whose choice is not in the outbox.
        unqueued INTEGER
    ) STRICT;
    INSERT INTO choice_day (day) SELECT DISTINCT day FROM choice_counter;
";

/// Why somebody looked stood there in words of their own. What was written waits in a table of its own until
/// it is sealed with the purchase (store/upgrade.rs).
const LOOKS: &str = "
    ALTER TABLE look RENAME TO look_in_words;
    CREATE TABLE look (
        number INTEGER PRIMARY KEY,
        -- The purchase, under whose key it is sealed.
        id BLOB NOT NULL CHECK (length(id) = 16),
        sealed BLOB NOT NULL
    ) STRICT;
    INSERT OR REPLACE INTO meta (name, value)
        SELECT 'compaction', 'awaited' WHERE EXISTS (SELECT 1 FROM look_in_words);
";

/// Purchases, profiles and looks were numbered in the order of sale, and purchases had their places in the outbox in
/// that order, so that gaps told which sales had been forgotten; tombstones came in the order of forgetting, a
/// customer's together. So rows of persons have random numbers, and a till without a hub gives nothing of theirs a
/// place.
const PLACES: &str = "
    INSERT INTO meta (name, value) SELECT 'compaction', 'due'
        WHERE EXISTS (SELECT 1 FROM tombstone) OR EXISTS (SELECT 1 FROM purchase)
        ON CONFLICT (name) DO NOTHING;
    UPDATE outbox SET id = NULL WHERE series = 3 AND id IN (SELECT id FROM tombstone);
    DELETE FROM outbox WHERE series IN (3, 4) AND NOT EXISTS (SELECT 1 FROM hub);
    UPDATE purchase SET number = random() & 9223372036854775807;
    UPDATE profile SET number = random() & 9223372036854775807;
    UPDATE look SET number = random() & 9223372036854775807;
    -- Its place in the outbox, where there is a hub: a forget finds it without reading all of them.
    ALTER TABLE purchase ADD COLUMN place INTEGER;
    UPDATE purchase SET place = idx FROM outbox WHERE series = 3 AND outbox.id = purchase.id;
    -- Whether the hub has yet to be told, where the database was too damaged to note it in the outbox.
    ALTER TABLE doomed ADD COLUMN untold INTEGER NOT NULL DEFAULT 0;
";

/// A number for the row of a purchase, a profile or a look: rows in order would tell the order of sales, and gaps
/// what was forgotten.
pub(super) fn random_number() -> i64 {
    // 63 bits.
    (u128::from_le_bytes(random_id()) >> 65) as i64
}

/// Brings the database to the newest shape. Errors: `MigrationDefinition(DatabaseTooFarAhead)` for
/// a file of a newer Olvido.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite_migration::Result<()> {
    Migrations::from_slice(STEPS).to_latest(connection)
}

/// Whether a database has any of these steps. SQLite's `user_version` counts them.
pub(super) fn is_store(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA user_version", [], |row| Ok(row.get::<_, i64>(0)? > 0))
}

/// What the database has that none of these steps makes, each as its type and name: triggers, views, tables, indexes
/// of somebody else, statistics, and what is called as one of Olvido's and is not made as it.
pub(super) fn strangers(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut fresh = Connection::open_in_memory()?;
    migrate(&mut fresh)?;
    let made = objects(&fresh)?;
    let found = objects(connection)?.into_iter().filter(|object| !made.contains(object));
    Ok(found.map(|(kind, name, _)| format!("{kind} {name}")).collect())
}

/// Type, name, and how it was made: nothing of what SQLite makes by itself.
type Object = (String, String, Option<String>);

fn objects(connection: &Connection) -> rusqlite::Result<Vec<Object>> {
    let mut statement = connection.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY name")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_well_formed() {
        Migrations::from_slice(STEPS).validate().unwrap();
    }
}
