//! `olvido hub backup`: one file with everything in the database and the keys that it needs, still
//! wrapped. `hub.key` is not in it, so that a backup alone opens nothing; nor is `erased.log`, which
//! must know more than any backup.
//!
//! Lines of JSON, packed with zstd: a head; rows, one a line; the key file in pieces; and at the end
//! how many lines there were, the SHA-256 of them all, and the mark of both, which only `hub.key` makes.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::db::{Cell, Row, Transaction, Value};
use super::erase::slot_of;
use super::error::HubError;
use super::{Hub, stores};
use crate::seal::{Marks, private_file};
use crate::store::directory::{Partial, Side};
use crate::sync::wire::{Base64, Hex};

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubBackupMade {
    /// Of the file.
    pub bytes: u64,
    pub records: u64,
    pub purchases: u64,
}

/// A table that is in a backup.
pub(super) struct Table {
    pub name: &'static str,
    /// What its rows are told apart by, after the store.
    keys: &'static [Kind],
    /// The rows of a store behind a key, in order.
    select: &'static str,
    pub insert: &'static str,
    /// All rows of a store.
    pub delete: &'static str,
}

#[derive(Clone, Copy)]
enum Kind {
    Int,
    Text,
    Bytes,
}

/// A line of a backup.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Line {
    Head {
        format: u32,
        olvido: String,
        at: DateTime<Utc>,
        /// Which keys seal what is in it; a backup of before this was noted does not say.
        #[serde(default)]
        keys: Option<Hex<16>>,
    },
    Store {
        store: String,
        feed_head: u64,
        created_at: i64,
    },
    Row {
        table: String,
        store: String,
        cells: Vec<Held>,
    },
    Keys(Base64),
    End {
        lines: u64,
        sha256: Hex<32>,
        /// From format 2 on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mark: Option<Hex<32>>,
    },
}

/// A cell as it stands in a line.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Held {
    Int(i64),
    Text(String),
    Bytes { b: Base64 },
    Null,
}

/// Raised when an older Olvido could not restore what a newer one writes. Format 1, of 0.2, had no mark.
pub(super) const FORMAT: u32 = 2;
/// The longest line: a record's body, as JSON in JSON, and room.
const LINE_BYTES_MAX: u64 = 16 << 20;
const KEYS_PIECE: usize = 48 << 10;

macro_rules! table {
    ($name:literal, $keys:literal, [$($kind:ident),*], $after:literal, $rest:literal, $values:literal) => {
        Table {
            name: $name,
            keys: &[$(Kind::$kind),*],
            select: concat!(
                "SELECT ", $keys, $rest, " FROM ", $name, " WHERE store = $1 AND (", $keys, ") > (", $after,
                ") ORDER BY ", $keys, " LIMIT 500"
            ),
            insert: concat!("INSERT INTO ", $name, " (store, ", $keys, $rest, ") VALUES (", $values, ")"),
            delete: concat!("DELETE FROM ", $name, " WHERE store = $1"),
        }
    };
}

/// All tables but the stores themselves, the hub's own, and codes, which last ten minutes. Those that
/// name what others hold come after them.
pub(super) const TABLES: [Table; 13] = [
    table!(
        "device",
        "device, epoch",
        [Bytes, Int],
        "$2, $3",
        ", public_key, name, state, enrolled_at, cursor, seen_at, version",
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10"
    ),
    table!(
        "series_head",
        "device, epoch, series",
        [Bytes, Int, Text],
        "$2, $3, $4",
        ", begin, through, chain",
        "$1, $2, $3, $4, $5, $6, $7"
    ),
    table!(
        "record",
        "device, epoch, series, idx",
        [Bytes, Int, Text, Int],
        "$2, $3, $4, $5",
        ", body, flag",
        "$1, $2, $3, $4, $5, $6, $7"
    ),
    table!(
        "run",
        "device, epoch, series, last",
        [Bytes, Int, Text, Int],
        "$2, $3, $4, $5",
        ", first, hashes, signature",
        "$1, $2, $3, $4, $5, $6, $7, $8"
    ),
    table!(
        "conflict",
        "device, epoch, series, idx, hash",
        [Bytes, Int, Text, Int, Bytes],
        "$2, $3, $4, $5, $6",
        ", body, at, first, hashes, signature",
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11"
    ),
    table!("tombstone", "id", [Bytes], "$2", ", seq, held", "$1, $2, $3, $4"),
    table!("doomed", "id", [Bytes], "$2", ", slot", "$1, $2, $3"),
    table!(
        "purchase",
        "id",
        [Bytes],
        "$2",
        ", slot, sealed, until, device, epoch, idx",
        "$1, $2, $3, $4, $5, $6, $7, $8"
    ),
    table!("holder", "id, device, epoch", [Bytes, Bytes, Int], "$2, $3, $4", "", "$1, $2, $3, $4"),
    table!("feed", "seq", [Int], "$2", ", kind, key, body", "$1, $2, $3, $4, $5"),
    table!("day_sum", "day, currency", [Int, Text], "$2, $3", ", sales, total", "$1, $2, $3, $4, $5"),
    table!(
        "day_tax",
        "day, currency, rate",
        [Int, Text, Int],
        "$2, $3, $4",
        ", base, tax",
        "$1, $2, $3, $4, $5, $6"
    ),
    table!("day_choice", "day, choice", [Int, Text], "$2, $3", ", sales", "$1, $2, $3, $4"),
];

impl Hub {
    /// Writes a backup to a new file of mode 0600, durable on return. While it reads, a forget in SQLite is
    /// pending. Errors: `Io`, of kind `AlreadyExists` where there is a file; `Database`, `Keys`. They leave
    /// no file behind.
    pub fn backup(&self, file: &Path, now: DateTime<Utc>) -> Result<HubBackupMade, HubError> {
        let (partial, out) = Partial::begin(self.files.directory(), Side::Hub, file)?;
        let made = self.write_backup(&out, now)?;
        partial.finish()?;
        Ok(made)
    }

    fn write_backup(&self, file: &File, now: DateTime<Utc>) -> Result<HubBackupMade, HubError> {
        let keys = self.keys.id()?;
        let mut needed = HashSet::new();
        let (mut writer, mut made) = self.database.read(|tx| {
            // The closure may run again: from the start.
            needed.clear();
            file.set_len(0)?;
            io::Seek::rewind(&mut &*file)?;
            let mut made = HubBackupMade { bytes: 0, records: 0, purchases: 0 };
            let mut writer = Writer::new(file.try_clone()?)?;
            let olvido = env!("CARGO_PKG_VERSION").to_owned();
            writer.line(&Line::Head { format: FORMAT, olvido, at: now, keys: Some(Hex(keys)) })?;
            for store in stores(tx)? {
                write_store(tx, &store, &mut writer)?;
                for table in &TABLES {
                    let rows = write_table(tx, &store, table, &mut writer, |row| {
                        if table.name == "purchase" {
                            needed.insert(slot_of(&store, &row.array(0)?, row.int(1)?)?);
                        }
                        Ok(())
                    })?;
                    match table.name {
                        "record" => made.records += rows,
                        "purchase" => made.purchases += rows,
                        _ => {}
                    }
                }
            }
            Ok((writer, made))
        })?;
        let keys = zeroize::Zeroizing::new(self.keys.copy(&needed)?.unwrap_or_default());
        for piece in keys.chunks(KEYS_PIECE) {
            writer.line(&Line::Keys(Base64(piece.to_vec())))?;
        }
        writer.finish(&self.backups)?;
        file.sync_all()?;
        made.bytes = file.metadata()?.len();
        Ok(made)
    }
}

fn write_store(tx: &mut Transaction<'_>, store: &str, writer: &mut Writer) -> Result<(), HubError> {
    let sql = "SELECT feed_head, created_at FROM store WHERE store = $1";
    if let Some(row) = tx.query_one(sql, &[Value::Text(store)])? {
        let store = store.to_owned();
        writer.line(&Line::Store { store, feed_head: row.uint(0)?, created_at: row.int(1)? })?;
    }
    Ok(())
}

/// Writes the rows of a store in one table, a page at a time, and returns how many.
fn write_table(
    tx: &mut Transaction<'_>,
    store: &str,
    table: &Table,
    writer: &mut Writer,
    mut see: impl FnMut(&Row) -> Result<(), HubError>,
) -> Result<u64, HubError> {
    let before = |kind: &Kind| match kind {
        Kind::Int => Cell::Int(i64::MIN),
        Kind::Text => Cell::Text(String::new()),
        Kind::Bytes => Cell::Bytes(Vec::new()),
    };
    let mut after: Vec<Cell> = table.keys.iter().map(before).collect();
    let mut count = 0;
    loop {
        let mut args = vec![Value::Text(store)];
        args.extend(after.iter().map(value));
        let rows = tx.query(table.select, &args)?;
        let Some(last) = rows.last() else { return Ok(count) };
        for row in &rows {
            see(row)?;
            let cells = row.cells().iter().map(Held::from).collect();
            writer.line(&Line::Row { table: table.name.to_owned(), store: store.to_owned(), cells })?;
            count += 1;
        }
        after = last.cells()[..table.keys.len()].to_vec();
    }
}

pub(super) fn value(cell: &Cell) -> Value<'_> {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(value) => Value::Int(*value),
        Cell::Text(text) => Value::Text(text),
        Cell::Bytes(bytes) => Value::Bytes(bytes),
    }
}

impl From<&Cell> for Held {
    fn from(cell: &Cell) -> Held {
        match cell {
            Cell::Null => Held::Null,
            Cell::Int(value) => Held::Int(*value),
            Cell::Text(text) => Held::Text(text.clone()),
            Cell::Bytes(bytes) => Held::Bytes { b: Base64(bytes.clone()) },
        }
    }
}

impl From<Held> for Cell {
    fn from(held: Held) -> Cell {
        match held {
            Held::Null => Cell::Null,
            Held::Int(value) => Cell::Int(value),
            Held::Text(text) => Cell::Text(text),
            Held::Bytes { b } => Cell::Bytes(b.0),
        }
    }
}

struct Writer {
    out: zstd::Encoder<'static, File>,
    digest: Sha256,
    lines: u64,
}

impl Writer {
    fn new(file: File) -> io::Result<Writer> {
        Ok(Writer { out: zstd::Encoder::new(file, 3)?, digest: Sha256::new(), lines: 0 })
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.digest.update(&text);
        self.lines += 1;
        self.out.write_all(&text)
    }

    fn finish(mut self, marks: &Marks) -> io::Result<()> {
        let digest: [u8; 32] = self.digest.clone().finalize().into();
        let mark = marks.mark(&[&self.lines.to_be_bytes(), &digest]);
        let end = Line::End { lines: self.lines, sha256: Hex(digest), mark: Some(Hex(mark)) };
        self.line(&end)?;
        self.out.finish()?;
        Ok(())
    }
}

/// Reads a backup line by line. Whether it is whole is known at its end.
pub(super) struct Reader {
    lines: BufReader<zstd::Decoder<'static, BufReader<File>>>,
    digest: Sha256,
    count: u64,
    is_over: bool,
    marks: Marks,
    format: u32,
    /// Which keys seal what is in it, where it says so.
    pub keys: Option<[u8; 16]>,
}

impl Reader {
    /// `marks`: those of the hub's key for its backups. Errors: `Io`; `Invalid("backup")` for what is none,
    /// `Invalid("backup-format")` for a newer one's.
    pub(super) fn open(file: &Path, marks: Marks) -> Result<Reader, HubError> {
        let lines = BufReader::new(zstd::Decoder::new(private_file::open_named(file)?)?);
        let mut reader =
            Reader { lines, digest: Sha256::new(), count: 0, is_over: false, marks, format: 0, keys: None };
        match reader.next()? {
            Some(Line::Head { format: format @ 1..=FORMAT, keys, .. }) => {
                reader.format = format;
                reader.keys = keys.map(|id| id.0);
                Ok(reader)
            }
            Some(Line::Head { .. }) => Err(HubError::Invalid("backup-format")),
            _ => Err(HubError::Invalid("backup")),
        }
    }

    /// Whether it has no mark, as those of 0.2 had none: whoever had it in hand can have changed it.
    pub(super) fn is_unproven(&self) -> bool {
        self.format == 1
    }

    /// The next line; `None` behind the last of a whole backup. Errors: `Invalid("backup")` where it is
    /// cut short or altered, `Invalid("backup-mark")` where its mark is not of this hub's key.
    pub(super) fn next(&mut self) -> Result<Option<Line>, HubError> {
        let altered = || HubError::Invalid("backup");
        if self.is_over {
            return Ok(None);
        }
        let mut text = Vec::new();
        // What cannot be unpacked is not what was written.
        let read = (&mut self.lines).take(LINE_BYTES_MAX).read_until(b'\n', &mut text);
        read.map_err(|_| altered())?;
        if text.last() != Some(&b'\n') {
            return Err(altered());
        }
        let line: Line = serde_json::from_slice(&text).map_err(|_| altered())?;
        if let Line::End { lines, sha256, mark } = &line {
            let digest: [u8; 32] = self.digest.clone().finalize().into();
            let is_whole = *lines == self.count && sha256.0 == digest;
            let has_more = self.lines.fill_buf().map_err(|_| altered())?;
            if !is_whole || !has_more.is_empty() {
                return Err(altered());
            }
            let is_marked =
                mark.is_some_and(|mark| self.marks.is_mark(&[&lines.to_be_bytes(), &digest], &mark.0));
            if !is_marked && !self.is_unproven() {
                return Err(HubError::Invalid("backup-mark"));
            }
            self.is_over = true;
            return Ok(None);
        }
        self.digest.update(&text);
        self.count += 1;
        Ok(Some(line))
    }
}
