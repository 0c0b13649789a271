//! The shape of the hub's database: an append-only list of steps, for both engines.
//!
//! Every table leads with the store's id and has it in its primary key, so that each can be
//! partitioned by a hash of it, or sharded by it. Times are seconds and days are days since
//! 1970-01-01, UTC. What is sealed is ciphertext under a key that is not in the database.

use super::{DbError, Engine, Row};

/// A table, in PostgreSQL's types: see [`statements`] for what becomes of them in SQLite.
struct Table {
    name: &'static str,
    /// Rows of more than a few dozen bytes. SQLite appends those twice as fast where the table is not its
    /// own index.
    large: bool,
    columns: &'static str,
}

/// A new step is added at the end; a shipped one never changes.
const STEPS: &[&[Table]] = &[&[
    Table {
        name: "store",
        large: false,
        columns: "
        -- Of the newest row of the feed. Whoever raises it holds the row's lock to the end.
        feed_head BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (store)",
    },
    Table {
        // Of the hub itself; its store is ''.
        name: "hub",
        large: false,
        columns: "
        name TEXT NOT NULL,
        value BYTEA NOT NULL,
        PRIMARY KEY (store, name)",
    },
    Table {
        name: "device",
        large: false,
        columns: "
        device BYTEA NOT NULL CHECK (length(device) = 16),
        epoch BIGINT NOT NULL,
        public_key BYTEA NOT NULL CHECK (length(public_key) = 32),
        name TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('active', 'closed', 'revoked')),
        enrolled_at BIGINT NOT NULL,
        -- Everything in the feed up to here is carried out there.
        cursor BIGINT NOT NULL DEFAULT 0,
        seen_at BIGINT,
        version TEXT,
        -- The hub's own that its tombstones were last sent under.
        incarnation BYTEA,
        PRIMARY KEY (store, device, epoch)",
    },
    Table {
        name: "enrolment",
        large: false,
        columns: "
        code BYTEA NOT NULL CHECK (length(code) = 16),
        secret BYTEA NOT NULL,
        expires_at BIGINT NOT NULL,
        replaces BYTEA CHECK (length(replaces) = 16),
        used BIGINT NOT NULL DEFAULT 0,
        -- Whom it gave an identity.
        device BYTEA CHECK (length(device) = 16),
        epoch BIGINT,
        PRIMARY KEY (store, code)",
    },
    Table {
        name: "series_head",
        large: false,
        columns: "
        device BYTEA NOT NULL,
        epoch BIGINT NOT NULL,
        series TEXT NOT NULL,
        -- First index of the epoch, and the last without a gap before it.
        begin BIGINT NOT NULL,
        through BIGINT NOT NULL,
        -- Hash of the last ticket.
        chain BYTEA,
        PRIMARY KEY (store, device, epoch, series)",
    },
    Table {
        name: "record",
        large: true,
        columns: "
        device BYTEA NOT NULL,
        epoch BIGINT NOT NULL,
        series TEXT NOT NULL,
        idx BIGINT NOT NULL,
        body TEXT,
        flag TEXT,
        PRIMARY KEY (store, device, epoch, series, idx)",
    },
    Table {
        name: "run",
        large: true,
        columns: "
        device BYTEA NOT NULL,
        epoch BIGINT NOT NULL,
        series TEXT NOT NULL,
        first BIGINT NOT NULL,
        last BIGINT NOT NULL,
        -- 32 bytes each.
        hashes BYTEA NOT NULL,
        signature BYTEA NOT NULL,
        -- Runs may overlap, but each has brought something: no two end alike.
        PRIMARY KEY (store, device, epoch, series, last)",
    },
    Table {
        // The other bytes under an index that is taken.
        name: "conflict",
        large: true,
        columns: "
        device BYTEA NOT NULL,
        epoch BIGINT NOT NULL,
        series TEXT NOT NULL,
        idx BIGINT NOT NULL,
        hash BYTEA NOT NULL CHECK (length(hash) = 32),
        body TEXT,
        at BIGINT NOT NULL,
        -- The run that proves who said so.
        first BIGINT NOT NULL,
        hashes BYTEA NOT NULL,
        signature BYTEA NOT NULL,
        PRIMARY KEY (store, device, epoch, series, idx, hash)",
    },
    Table {
        name: "purchase",
        large: true,
        columns: "
        id BYTEA NOT NULL CHECK (length(id) = 16),
        slot BIGINT NOT NULL,
        sealed BYTEA,
        -- Last day.
        until BIGINT,
        device BYTEA NOT NULL,
        epoch BIGINT NOT NULL,
        -- The record that it came with.
        idx BIGINT NOT NULL,
        PRIMARY KEY (store, id),
        UNIQUE (store, device, epoch, idx)",
    },
    Table {
        // Who has sent a purchase, and so holds it.
        name: "holder",
        large: false,
        columns: "
        id BYTEA NOT NULL,
        device BYTEA NOT NULL,
        epoch BIGINT NOT NULL,
        PRIMARY KEY (store, id, device, epoch)",
    },
    Table {
        name: "tombstone",
        large: false,
        columns: "
        id BYTEA NOT NULL CHECK (length(id) = 16),
        seq BIGINT NOT NULL,
        held BIGINT NOT NULL CHECK (held IN (0, 1)),
        PRIMARY KEY (store, id)",
    },
    Table {
        // Slots that must be zeroed and rows that must go: the work a crash may leave undone.
        name: "doomed",
        large: false,
        columns: "
        id BYTEA NOT NULL CHECK (length(id) = 16),
        -- None where the hub never had it.
        slot BIGINT,
        PRIMARY KEY (store, id)",
    },
    Table {
        name: "feed",
        large: true,
        columns: "
        seq BIGINT NOT NULL,
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (store, seq),
        UNIQUE (store, kind, key)",
    },
    Table {
        name: "day_sum",
        large: false,
        columns: "
        day BIGINT NOT NULL,
        currency TEXT NOT NULL,
        sales BIGINT NOT NULL,
        total BIGINT NOT NULL,
        PRIMARY KEY (store, day, currency)",
    },
    Table {
        name: "day_tax",
        large: false,
        columns: "
        day BIGINT NOT NULL,
        currency TEXT NOT NULL,
        rate BIGINT NOT NULL,
        base BIGINT NOT NULL,
        tax BIGINT NOT NULL,
        PRIMARY KEY (store, day, currency, rate)",
    },
    Table {
        name: "day_choice",
        large: false,
        columns: "
        day BIGINT NOT NULL,
        choice TEXT NOT NULL,
        sales BIGINT NOT NULL,
        PRIMARY KEY (store, day, choice)",
    },
    // The last two are used in a database of their own, where several hubs share their keys.
    Table {
        name: "hub_key",
        large: false,
        columns: "
        owner BYTEA NOT NULL CHECK (length(owner) = 16),
        slot BIGINT NOT NULL,
        wrapped BYTEA NOT NULL,
        given_at BIGINT NOT NULL,
        PRIMARY KEY (store, owner, slot)",
    },
    Table {
        // What was erased, for ever.
        name: "erased",
        large: false,
        columns: "
        id BYTEA NOT NULL CHECK (length(id) = 16),
        -- 0: to be erased. 1: its key is destroyed. 2: and in no log of this database any more.
        step BIGINT NOT NULL CHECK (step IN (0, 1, 2)),
        PRIMARY KEY (store, id)",
    },
]];

/// The version that [`statements`] brings an empty database to.
pub const VERSION: i64 = STEPS.len() as i64;

/// What makes an empty database one of the hub's. `partitions`: into how many parts PostgreSQL
/// splits each table by a hash of the store's id; 1 for none. Whoever runs a very large hub can
/// make the tables so before the first hub starts; all statements stay the same.
pub fn statements(engine: Engine, partitions: u32) -> Vec<String> {
    statements_after(engine, partitions, 0)
}

/// What brings a database of that version to [`VERSION`], the note of it included.
pub(super) fn statements_after(engine: Engine, partitions: u32, version: i64) -> Vec<String> {
    let steps = STEPS.iter().skip(usize::try_from(version).unwrap_or(0));
    let mut all: Vec<String> =
        steps.flat_map(|step| step.iter()).flat_map(|table| create(table, engine, partitions)).collect();
    let value = match engine {
        Engine::Sqlite => format!("CAST('{VERSION}' AS BLOB)"),
        Engine::Postgres => format!("CAST('{VERSION}' AS BYTEA)"),
    };
    all.push(format!(
        "INSERT INTO hub (store, name, value) VALUES ('', 'schema', {value})
         ON CONFLICT (store, name) DO UPDATE SET value = excluded.value"
    ));
    all
}

fn create(table: &Table, engine: Engine, partitions: u32) -> Vec<String> {
    let Table { name, large, columns } = table;
    let shape = format!("CREATE TABLE {name} (\n        store TEXT NOT NULL,{columns}\n    )");
    match engine {
        Engine::Sqlite => {
            let shape = shape.replace("BYTEA", "BLOB").replace("BIGINT", "INTEGER");
            let rowid = if *large { "" } else { ", WITHOUT ROWID" };
            vec![format!("{shape} STRICT{rowid}")]
        }
        Engine::Postgres => {
            // SQLite compares text byte by byte: so does this, whatever the language of the database.
            let shape = shape.replace("TEXT", "TEXT COLLATE \"C\"");
            if partitions <= 1 {
                return vec![shape];
            }
            let parts = (0..partitions).map(|part| {
                format!(
                    "CREATE TABLE {name}_{part} PARTITION OF {name}
                     FOR VALUES WITH (MODULUS {partitions}, REMAINDER {part})"
                )
            });
            std::iter::once(format!("{shape} PARTITION BY HASH (store)")).chain(parts).collect()
        }
    }
}

/// Where the version stands.
pub(super) const SELECT_VERSION: &str = "SELECT value FROM hub WHERE store = '' AND name = 'schema'";

/// Reads the version out of that row. Errors: `Damaged`.
pub(super) fn read_version(row: Option<&Row>) -> Result<i64, DbError> {
    let text = row.map(|row| row.bytes(0)).transpose()?.and_then(|bytes| std::str::from_utf8(bytes).ok());
    let version = text.and_then(|text| text.parse().ok());
    version.ok_or_else(|| DbError::Damaged("it has no version".into()))
}
