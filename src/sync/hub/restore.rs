//! `olvido hub restore`: puts a backup into an empty database. What was erased since must not come
//! back: the list of what was erased is replayed at the next start, and every till sends the
//! tombstones that the backup does not know.

use std::collections::HashSet;
use std::fs::{OpenOptions, TryLockError};
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::backup::{Line, Reader, TABLES, value};
use super::db::{Cell, Database, Transaction, Value};
use super::erase::slot_of;
use super::error::HubError;
use super::forget::entomb;
use super::keys::Keys;
use super::purchase::is_buried;
use super::{
    FEED_LEAP, Hub, HubFiles, INCARNATION, KEYS, RESTORED, RESTORING, damaged, int, meta, open_key, set_meta,
    stores,
};
use crate::seal::{KeyFile, Marks, Purpose, SlotId, StoreKey, StoreKeyError, private_file, random_id};
use crate::sync::record::{Origin, Series};

/// What was restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HubRestored {
    pub stores: usize,
    pub records: u64,
    pub purchases: u64,
    /// Purchases of the backup whose keys are gone since: they stay erased.
    pub erased_since: u64,
    /// It has no mark, as those of 0.2 had none: whoever had it in hand can have changed it.
    pub is_unproven: bool,
}

/// Lines written in one transaction.
const LINES_AT_ONCE: usize = 500;

/// How often it looks at a lock that is held, before it says so: for half a second.
const LOCK_LOOKS: u32 = 10;
const LOCK_LOOKED_AFTER: Duration = Duration::from_millis(50);

impl Hub {
    /// Puts a backup into an empty database, or one in which a restore was interrupted. `hub.key` is in its
    /// place already. Where `hub.keys` is in place as well, it knows better than the backup what was erased
    /// since; else it comes from the backup. The hub is then opened as ever: it is another incarnation, and
    /// waits for its tills' tombstones.
    ///
    /// Errors: `Invalid("backup")`, `Invalid("backup-format")` and `Invalid("backup-mark")` for the file, `Invalid("backup-keys")` for
    /// one without keys where there are none, `Invalid("other-keys")` where `hub.keys` are another hub's,
    /// `Invalid("not-empty")` for the database: then nothing was changed. `StoreKey`, `Keys`, `KeysElsewhere`, `Io`, `Database`: it can be done again.
    pub fn restore(file: &Path, files: &HubFiles, database: &Database) -> Result<HubRestored, HubError> {
        // First of all, so that a hub that serves is named as what is in the way.
        let lock =
            private_file::open(&files.lock, OpenOptions::new().create(true).truncate(false).write(true))?;
        let mut looks = 0;
        while let Err(error) = lock.try_lock() {
            match error {
                // A process that ends gives it back at once, also one that is being started from this one.
                TryLockError::WouldBlock if looks < LOCK_LOOKS => thread::sleep(LOCK_LOOKED_AFTER),
                TryLockError::WouldBlock => return Err(HubError::KeysElsewhere),
                TryLockError::Error(error) => return Err(error.into()),
            }
            looks += 1;
        }
        let backup = Backup::check(file, files, database)?;
        backup.put_keys(files)?;
        let keys = KeyFile::open(&files.keys, &backup.key)?;
        backup.require_keys(keys.id()?)?;
        backup.put_back(database, &keys.live()?.live.into_iter().collect())
    }

    /// The same for hubs that have their keys in a database of their own, which stayed as it was: what has no
    /// key there was erased since. None of them may run. Errors: as [`Hub::restore`] and
    /// [`Hub::open_with_keys`].
    pub fn restore_with_keys(
        file: &Path,
        files: &HubFiles,
        database: &Database,
        keys: Database,
    ) -> Result<HubRestored, HubError> {
        let backup = Backup::check(file, files, database)?;
        let keys = Keys::in_table(keys, &backup.key)?;
        backup.require_keys(keys.id()?)?;
        backup.put_back(database, &keys.check()?.live.into_iter().collect())
    }
}

/// A backup that was read to its end.
struct Backup<'a> {
    file: &'a Path,
    key: StoreKey,
    /// Which keys seal what is in it, where it says so.
    sealed_by: Option<[u8; 16]>,
    is_unproven: bool,
}

impl<'a> Backup<'a> {
    /// Before anything is changed.
    fn check(file: &'a Path, files: &HubFiles, database: &Database) -> Result<Backup<'a>, HubError> {
        if !files.key.exists() {
            return Err(HubError::StoreKey(StoreKeyError::Io(std::io::ErrorKind::NotFound.into())));
        }
        let key = open_key(files)?;
        let mut reader = Reader::open(file, Marks::new(&key, Purpose::HubBackup))?;
        while reader.next()?.is_some() {}
        let (sealed_by, is_unproven) = (reader.keys, reader.is_unproven());
        database.read(|tx| match meta(tx, RESTORING)?.is_none() && !stores(tx)?.is_empty() {
            true => Err(HubError::Invalid("not-empty")),
            false => Ok(()),
        })?;
        Ok(Backup { file, key, sealed_by, is_unproven })
    }

    fn reader(&self) -> Result<Reader, HubError> {
        Reader::open(self.file, Marks::new(&self.key, Purpose::HubBackup))
    }

    /// Under the keys of another hub every purchase would count as erased, and be buried at the tills, too.
    fn require_keys(&self, there: [u8; 16]) -> Result<(), HubError> {
        match self.sealed_by.is_none_or(|id| id == there) {
            true => Ok(()),
            false => Err(HubError::Invalid("other-keys")),
        }
    }

    fn put_back(&self, database: &Database, live: &HashSet<SlotId>) -> Result<HubRestored, HubError> {
        database.write(|tx| {
            // What an interrupted restore has left.
            for store in stores(tx)? {
                for table in &TABLES {
                    tx.execute(table.delete, &[Value::Text(&store)])?;
                }
                tx.execute("DELETE FROM store WHERE store = $1", &[Value::Text(&store)])?;
            }
            set_meta(tx, RESTORING, b"1")
        })?;
        let mut restored = self.put_rows(database)?;
        restored.erased_since = erase_keyless(database, live)?;
        restored.is_unproven = self.is_unproven;
        database.write(|tx| {
            set_meta(tx, INCARNATION, &random_id())?;
            set_meta(tx, RESTORED, b"1")?;
            // Whose keys they are is noted when the hub is opened.
            tx.execute("DELETE FROM hub WHERE store = '' AND name = $1", &[Value::Text(KEYS)])?;
            tx.execute("DELETE FROM hub WHERE store = '' AND name = $1", &[Value::Text(RESTORING)])?;
            Ok(())
        })?;
        Ok(restored)
    }

    /// Writes the key file, where there is none.
    fn put_keys(&self, files: &HubFiles) -> Result<(), HubError> {
        if files.keys.exists() {
            return Ok(());
        }
        let partial = files.keys.with_extension("keys.partial");
        private_file::erase(&partial)?;
        let mut out = private_file::create(&partial, &[])?;
        let mut reader = self.reader()?;
        while let Some(line) = reader.next()? {
            if let Line::Keys(bytes) = line {
                out.write_all(&bytes.0)?;
            }
        }
        if out.metadata()?.len() == 0 {
            private_file::erase(&partial)?;
            return Err(HubError::Invalid("backup-keys"));
        }
        out.sync_all()?;
        std::fs::rename(&partial, &files.keys)?;
        private_file::sync_directory_of(&files.keys)?;
        Ok(())
    }

    fn put_rows(&self, database: &Database) -> Result<HubRestored, HubError> {
        let mut restored = HubRestored::default();
        let mut reader = self.reader()?;
        let mut lines = Vec::with_capacity(LINES_AT_ONCE);
        loop {
            let line = reader.next()?;
            let is_over = line.is_none();
            match &line {
                Some(Line::Store { .. }) => restored.stores += 1,
                Some(Line::Row { table, .. }) if table == "record" => restored.records += 1,
                Some(Line::Row { table, .. }) if table == "purchase" => restored.purchases += 1,
                _ => {}
            }
            lines.extend(line.map(Put::of));
            if is_over || lines.len() == LINES_AT_ONCE {
                database.write(|tx| lines.iter().try_for_each(|line| line.put(tx)))?;
                lines.clear();
            }
            if is_over {
                return Ok(restored);
            }
        }
    }
}

/// A line, ready to be written.
enum Put {
    Store { store: String, feed_head: u64, created_at: i64 },
    Row { table: String, store: String, cells: Vec<Cell> },
    Nothing,
}

impl Put {
    fn of(line: Line) -> Put {
        match line {
            Line::Store { store, feed_head, created_at } => Put::Store { store, feed_head, created_at },
            Line::Row { table, store, cells } => {
                Put::Row { table, store, cells: cells.into_iter().map(Cell::from).collect() }
            }
            Line::Head { .. } | Line::Keys(_) | Line::End { .. } => Put::Nothing,
        }
    }

    fn put(&self, tx: &mut Transaction<'_>) -> Result<(), HubError> {
        match self {
            Put::Nothing => {}
            Put::Store { store, feed_head, created_at } => {
                tx.execute(
                    "INSERT INTO store (store, feed_head, created_at) VALUES ($1, $2, $3)",
                    &[Value::Text(store), int(feed_head.saturating_add(FEED_LEAP)), Value::Int(*created_at)],
                )?;
            }
            Put::Row { table, store, cells } if table == "record" => put_record(tx, store, cells)?,
            Put::Row { table, store, cells } => {
                // A later version's table.
                let Some(table) = TABLES.iter().find(|known| known.name == table) else { return Ok(()) };
                let mut args = vec![Value::Text(store)];
                args.extend(cells.iter().map(value));
                if table.name == "device"
                    && let Some(cursor) = args.get_mut(7)
                {
                    // What a till has carried out since it says again.
                    *cursor = Value::Int(0);
                }
                tx.execute(table.insert, &args)?;
            }
        }
        Ok(())
    }
}

fn put_record(tx: &mut Transaction<'_>, store: &str, cells: &[Cell]) -> Result<(), HubError> {
    let [
        Cell::Bytes(device),
        Cell::Int(epoch),
        Cell::Text(series),
        Cell::Int(index),
        body @ (Cell::Text(_) | Cell::Null),
        flag @ (Cell::Text(_) | Cell::Null),
    ] = cells
    else {
        return Err(damaged("a record of the backup"));
    };
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => Some(text.clone()),
        _ => None,
    };
    let origin = Origin {
        device: device.as_slice().try_into().map_err(|_| damaged("a device of the backup"))?,
        epoch: u32::try_from(*epoch).map_err(|_| damaged("an epoch of the backup"))?,
    };
    let series = Series::from_name(series).ok_or_else(|| damaged("a series of the backup"))?;
    let index = u64::try_from(*index).map_err(|_| damaged("an index of the backup"))?;
    tx.insert_records(store, origin, series, &[(index, text(body).as_deref(), text(flag).as_deref())])?;
    Ok(())
}

/// Buries the purchases whose keys are gone: they were erased after the backup was made.
fn erase_keyless(database: &Database, live: &HashSet<SlotId>) -> Result<u64, HubError> {
    let mut count = 0;
    for store in database.read(stores)? {
        let keyless = database.read(|tx| {
            let rows = tx.query("SELECT id, slot FROM purchase WHERE store = $1", &[Value::Text(&store)])?;
            let mut keyless = Vec::new();
            for row in &rows {
                let id: [u8; 16] = row.array(0)?;
                if !live.contains(&slot_of(&store, &id, row.int(1)?)?) && !is_buried(tx, &store, &id)? {
                    keyless.push(id);
                }
            }
            Ok(keyless)
        })?;
        for ids in keyless.chunks(LINES_AT_ONCE) {
            database.write(|tx| ids.iter().try_for_each(|id| entomb(tx, &store, id, None).map(drop)))?;
        }
        count += keyless.len() as u64;
    }
    Ok(count)
}
