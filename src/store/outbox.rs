//! What a till has to say to a hub, in series. Nothing is kept twice: tickets, purchases and
//! tombstones are the records, and the table `outbox` gives those that have no number of their own
//! their place. What stands at a place never changes; it can only go.

use std::cell::RefCell;
use std::collections::HashSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::sync::Arc;

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use crate::domain::policy::{Memory, Policy};
use crate::domain::series::Series;
use crate::domain::ticket::Issuer;
use crate::seal::{DataKey, KeyFile, KeysError, SlotId, StoreKey};

use super::columns::{self, slot_id};
use super::error::StoreError;
use super::open::{BUSY_TIMEOUT, Files, connect_to_read};
use super::{counts, open, ticket};

/// The records of a store, read beside the till that writes them. It holds no read open between two
/// calls, so that it keeps no forget pending for long.
pub struct Outbox {
    connection: Connection,
    store_key: StoreKey,
    files: Files,
    /// Those that were asked for: what is kept under a version never changes, and to read one takes a while.
    policies: RefCell<BTreeMap<u32, Policy>>,
}

/// A ticket as its row has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketRow {
    pub number: u64,
    pub issuer: Arc<Issuer>,
    /// RFC 3339, to the second, with the offset from UTC.
    pub at: String,
    /// Minor units, like `tax_total`.
    pub total: i64,
    pub tax_total: i64,
    /// The JSON of a [`crate::domain::ticket::TicketBody`].
    pub body: String,
    /// Hash of the ticket before; `None` for the first.
    pub previous: Option<[u8; 32]>,
    pub hash: [u8; 32],
}

/// Sales by choice: all of a day, or part of a day that is at least a few dozen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountRow {
    pub day: NaiveDate,
    /// `_unanswered` for no answer.
    pub choices: BTreeMap<String, u64>,
    /// Numbers of the first and last ticket between which these were counted, where it was noted.
    pub tickets: Option<(u64, u64)>,
}

/// A kept purchase with the key in its slot.
#[derive(Debug)]
pub struct PurchaseRow {
    pub id: [u8; 16],
    pub choice: String,
    /// The policy shown at its sale.
    pub policy_version: u32,
    /// The local day of the sale.
    pub day: NaiveDate,
    /// Last day by that policy, whatever shortened it since; none until the customer says forget.
    pub until: Option<NaiveDate>,
    /// [`Memory::Receipt`]: opens with the receipt's code and the key; [`Memory::Profile`]: with the key alone.
    pub memory: Memory,
    pub key: DataKey,
    pub sealed: Vec<u8>,
}

/// A tombstone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForgetRow {
    pub id: [u8; 16],
    /// Whether this store held what it names.
    pub held: bool,
}

/// How a count stands in the table.
#[derive(Serialize, Deserialize)]
struct Count {
    day: i32,
    choices: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tickets: Option<(u64, u64)>,
}

const HELD: &str = "held";
const ELSEWHERE: &str = "elsewhere";

fn queue(
    connection: &Connection,
    series: Series,
    id: Option<&[u8; 16]>,
    body: Option<&str>,
) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO outbox (series, idx, id, body)
         VALUES (?1, (SELECT coalesce(max(idx), 0) + 1 FROM outbox WHERE series = ?1), ?2, ?3) RETURNING idx",
    )?;
    Ok(statement.query_row(params![series.number(), id, body], |row| row.get(0))?)
}

/// Gives a purchase a place, inside the sale's transaction, and returns it. Without a hub it has none: the order of
/// places would be the order of sale, and gaps what was forgotten.
pub(super) fn queue_purchase(connection: &Connection, id: &[u8; 16]) -> Result<Option<u64>, StoreError> {
    if has_hub(connection)? {
        queue(connection, Series::Purchase, Some(id), None).map(Some)
    } else {
        Ok(None)
    }
}

/// Empties the place of a purchase whose row is to go.
pub(super) const LET_GO: &str = "UPDATE outbox SET id = NULL
    WHERE series = 3 AND idx = (SELECT place FROM purchase WHERE id = ?1) AND id = ?1";

/// Gives a tombstone its place, inside its transaction. Without a hub it has none: the order of places would be
/// the order of forgetting, and whose ids stand together are one customer's.
pub(super) fn queue_forget(connection: &Connection, id: &[u8; 16], held: bool) -> Result<(), StoreError> {
    if has_hub(connection)? {
        queue(connection, Series::Forget, Some(id), Some(if held { HELD } else { ELSEWHERE }))?;
    }
    Ok(())
}

/// Gives all purchases and tombstones of before there was a hub their places, in the order of their random ids,
/// inside the transaction of the first enrolment. What was forgotten was held here, or a hub told of it, which has it.
pub(super) fn queue_earlier(connection: &Connection) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO outbox (series, idx, id) SELECT ?1, row_number() OVER (ORDER BY id), id FROM purchase",
        [Series::Purchase.number()],
    )?;
    connection.execute(
        "UPDATE purchase SET place = idx FROM outbox WHERE series = ?1 AND outbox.id = purchase.id",
        [Series::Purchase.number()],
    )?;
    connection.execute(
        "INSERT INTO outbox (series, idx, id, body)
         SELECT ?1, row_number() OVER (ORDER BY id), id, ?2 FROM tombstone",
        params![Series::Forget.number(), HELD],
    )?;
    Ok(())
}

fn has_hub(connection: &Connection) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM hub)")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// What was forgotten here and held here; `None` in a database that had no hub yet, where all was.
pub(super) fn held_forgets(connection: &Connection) -> Result<Option<HashSet<[u8; 16]>>, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'outbox')";
    if !connection.query_row(sql, [], |row| row.get(0))? || !has_hub(connection)? {
        return Ok(None);
    }
    let mut statement = connection.prepare("SELECT id FROM outbox WHERE series = ?1 AND body = ?2")?;
    let rows = statement.query_map(params![Series::Forget.number(), HELD], |row| row.get(0))?;
    Ok(Some(rows.collect::<Result<_, _>>()?))
}

/// Gives the choices of a day that have no place yet one, inside the transaction that tells them.
pub(super) fn queue_counts(connection: &Connection, day: i32) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT choice, sales - queued FROM choice_counter WHERE day = ?1 AND sales > queued",
    )?;
    let choices = statement.query_map([day], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let choices: BTreeMap<String, u64> = choices.collect::<Result<_, _>>()?;
    if choices.is_empty() {
        return Ok(());
    }
    let tickets = counts::queue_tickets(connection, day)?;
    let body =
        serde_json::to_string(&Count { day, choices, tickets }).expect("a map with string keys is JSON");
    queue(connection, Series::Count, None, Some(&body))?;
    connection.prepare_cached("UPDATE choice_counter SET queued = sales WHERE day = ?1")?.execute([day])?;
    Ok(())
}

/// Takes the counts of a day, which is past its term, out of their places.
pub(super) fn drop_counts(connection: &Connection, day: i32) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE outbox SET body = NULL WHERE series = ?1 AND body ->> '$.day' = ?2")?
        .execute(params![Series::Count.number(), day])?;
    Ok(())
}

impl Outbox {
    /// Opens the records of a store that is in use. Errors: `Missing`, `Damaged`, `StoreKey`.
    pub fn open(files: &Files) -> Result<Outbox, StoreError> {
        if !files.database.exists() {
            return Err(StoreError::Missing);
        }
        let connection = connect_to_read(&files.database)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.execute_batch("PRAGMA temp_store = MEMORY;")?;
        let (store_key, files) = (StoreKey::load(&files.store_key)?, files.clone());
        Ok(Outbox { connection, store_key, files, policies: RefCell::default() })
    }

    /// The last index of a series, 0 before its first.
    pub fn last(&self, series: Series) -> Result<u64, StoreError> {
        if series == Series::Ticket {
            return Ok(ticket::head(&self.connection)?.number);
        }
        let mut statement =
            self.connection.prepare_cached("SELECT coalesce(max(idx), 0) FROM outbox WHERE series = ?1")?;
        Ok(statement.query_row([series.number()], |row| row.get(0))?)
    }

    /// Tickets behind `after`, in order, one for each index; `None` where it went after its term.
    /// At most `most`.
    pub fn tickets(&self, after: u64, most: usize) -> Result<Vec<Option<TicketRow>>, StoreError> {
        // The chain and its end as they were at one moment.
        let snapshot = self.connection.unchecked_transaction()?;
        let anchor: Option<(u64, [u8; 32])> = snapshot
            .prepare_cached("SELECT number, hash FROM anchor")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let mut page = Page::new(after, most);
        if let Some((gone, _)) = anchor {
            page.fill_to(gone);
        }
        let mut issuers = BTreeMap::new();
        // One before the first, for its hash.
        let mut before = anchor.filter(|(gone, _)| *gone == page.last());
        let from = if before.is_some() { page.last() + 1 } else { page.last().max(1) };
        let mut statement = snapshot.prepare_cached(
            "SELECT number, hash, issuer, at, total, tax_total, body FROM ticket WHERE number >= ?1 ORDER BY number",
        )?;
        let mut rows = statement.query([from])?;
        while !page.is_full()
            && let Some(row) = rows.next()?
        {
            let (number, hash): (u64, [u8; 32]) = (row.get(0)?, row.get(1)?);
            if number > page.last() {
                page.fill_to(number - 1);
                if page.is_full() {
                    break;
                }
                let previous = before.filter(|(known, _)| known + 1 == number).map(|(_, hash)| hash);
                let issuer = issuer_of(&snapshot, &mut issuers, row.get(2)?)?;
                page.push(Some(ticket_row(row, issuer, previous)?));
            }
            before = Some((number, hash));
        }
        Ok(page.rows)
    }

    /// Counts behind `after`, one for each index; `None` where its day is past its term.
    pub fn counts(&self, after: u64, most: usize) -> Result<Vec<Option<CountRow>>, StoreError> {
        self.numbered(Series::Count, "SELECT idx, body FROM outbox", after, most, |row| {
            let Some(body) = row.get::<_, Option<String>>(1)? else { return Ok(None) };
            let count = serde_json::from_str::<Count>(&body).ok();
            let count = count.and_then(|count| {
                let Count { day, choices, tickets } = count;
                Some(CountRow { day: NaiveDate::from_epoch_days(day)?, choices, tickets })
            });
            count.map(Some).ok_or_else(|| StoreError::Damaged("a count in the outbox".into()))
        })
    }

    /// Tombstones behind `after`, one for each index.
    pub fn forgets(&self, after: u64, most: usize) -> Result<Vec<Option<ForgetRow>>, StoreError> {
        self.numbered(Series::Forget, "SELECT idx, id, body FROM outbox", after, most, |row| {
            let held = row.get_ref(2)?.as_str().is_ok_and(|body| body == HELD);
            Ok(Some(ForgetRow { id: row.get(1)?, held }))
        })
    }

    /// Purchases behind `after`, one for each index; `None` where it was forgotten, from the moment that the
    /// tombstone is durable.
    pub fn purchases(&self, after: u64, most: usize) -> Result<Vec<Option<PurchaseRow>>, StoreError> {
        let kept = "SELECT o.idx, p.id, p.slot, p.memory, p.choice, p.policy, p.day, p.sealed
            FROM outbox o LEFT JOIN purchase p
            ON p.id = o.id AND NOT EXISTS (SELECT 1 FROM tombstone t WHERE t.id = p.id)";
        let rows = self.numbered(Series::Purchase, kept, after, most, |row| {
            row.get::<_, Option<[u8; 16]>>(1)?.map(|id| kept_row(row, id)).transpose()
        })?;
        // Opened anew: the file grows.
        let keys = KeyFile::open_to_read(&self.files.keys, &self.store_key)?;
        let mut with_key = |kept: Kept| -> Result<Option<PurchaseRow>, StoreError> {
            let key = match keys.key(kept.slot) {
                // A damaged slot opens nothing: nobody has this purchase any more.
                Ok(None) | Err(KeysError::DamagedSlot(_)) => return Ok(None),
                key => key?,
            };
            let until = self.until(&kept)?;
            Ok(key.map(|key| PurchaseRow {
                id: kept.slot.owner,
                choice: kept.choice,
                policy_version: kept.policy_version,
                day: kept.day,
                until,
                memory: kept.memory,
                key,
                sealed: kept.sealed,
            }))
        };
        rows.into_iter().map(|kept| kept.map_or(Ok(None), &mut with_key)).collect()
    }

    /// A later policy may shorten the row's own, at any time; what was said of it must not change.
    fn until(&self, kept: &Kept) -> Result<Option<NaiveDate>, StoreError> {
        let mut policies = self.policies.borrow_mut();
        let version = kept.policy_version;
        let damaged = || StoreError::Damaged(format!("policy version {version}"));
        let policy = match policies.entry(version) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                unknown.insert(super::policy::kept(&self.connection, version)?.ok_or_else(damaged)?)
            }
        };
        let choice = policy.choice(&kept.choice).ok_or_else(damaged)?;
        Ok(choice.keeps_until(kept.day).date())
    }

    /// Ids behind `after` of forgets that were said here and that not every copy has confirmed, in order;
    /// `most` at the most.
    pub fn unconfirmed(&self, after: &[u8; 16], most: usize) -> Result<Vec<[u8; 16]>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM forget_state WHERE (copies = 0 OR confirmed + lost < copies) AND id > ?1
             ORDER BY id LIMIT ?2",
        )?;
        let rows = statement.query_map(params![after, most as u64], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The rows of a series behind `after`. `select` gives the index first.
    fn numbered<T>(
        &self,
        series: Series,
        select: &str,
        after: u64,
        most: usize,
        read: impl Fn(&Row<'_>) -> Result<Option<T>, StoreError>,
    ) -> Result<Vec<Option<T>>, StoreError> {
        let mut page = Page::new(after, most);
        let mut statement = self
            .connection
            .prepare_cached(&format!("{select} WHERE series = ?1 AND idx > ?2 ORDER BY idx LIMIT ?3"))?;
        let mut rows = statement.query(params![series.number(), after, most as u64])?;
        while let Some(row) = rows.next()? {
            let index: u64 = row.get(0)?;
            page.fill_to(index - 1);
            page.push(read(row)?);
        }
        Ok(page.rows)
    }
}

/// Rows of neighbouring indices.
struct Page<T> {
    rows: Vec<Option<T>>,
    after: u64,
    most: usize,
}

impl<T> Page<T> {
    fn new(after: u64, most: usize) -> Page<T> {
        Page { rows: Vec::new(), after, most }
    }

    fn last(&self) -> u64 {
        self.after + self.rows.len() as u64
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= self.most
    }

    /// Nothing up to that index, as far as there is room.
    fn fill_to(&mut self, index: u64) {
        let missing = index.saturating_sub(self.last()).min((self.most - self.rows.len()) as u64);
        self.rows.extend((0..missing).map(|_| None));
    }

    fn push(&mut self, row: Option<T>) {
        if !self.is_full() {
            self.rows.push(row);
        }
    }
}

/// A kept purchase without its key.
struct Kept {
    slot: SlotId,
    memory: Memory,
    choice: String,
    policy_version: u32,
    day: NaiveDate,
    sealed: Vec<u8>,
}

fn kept_row(row: &Row<'_>, id: [u8; 16]) -> Result<Kept, StoreError> {
    let day = NaiveDate::from_epoch_days(row.get(6)?);
    Ok(Kept {
        slot: slot_id(row, 2, id)?,
        memory: columns::memory(row, 3)?,
        choice: row.get(4)?,
        policy_version: row.get(5)?,
        day: day.ok_or_else(|| StoreError::Damaged("the day of a kept purchase".into()))?,
        sealed: row.get(7)?,
    })
}

fn ticket_row(
    row: &Row<'_>,
    issuer: Arc<Issuer>,
    previous: Option<[u8; 32]>,
) -> Result<TicketRow, StoreError> {
    Ok(TicketRow {
        number: row.get(0)?,
        hash: row.get(1)?,
        issuer,
        at: row.get(3)?,
        total: row.get(4)?,
        tax_total: row.get(5)?,
        body: row.get(6)?,
        previous,
    })
}

/// A till has a handful of issuers over its life.
fn issuer_of(
    connection: &Connection,
    known: &mut BTreeMap<i64, Arc<Issuer>>,
    id: i64,
) -> Result<Arc<Issuer>, StoreError> {
    if let Some(issuer) = known.get(&id) {
        return Ok(issuer.clone());
    }
    let issuer = Arc::new(open::issuer_of(connection, id)?);
    known.insert(id, issuer.clone());
    Ok(issuer)
}
