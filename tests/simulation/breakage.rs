//! Defects put in on purpose: each must be found, or the simulation proves nothing.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use olvido::sync::hub::{Caller, Hub, HubError};
use olvido::sync::record::Series;
use olvido::sync::wire::{Answer, FeedPage, ForgetsAnswer, RunAnswer, Upload, UploadAnswer};
use rusqlite::{Connection, params};
use serde_json::value::RawValue;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breakage {
    /// A till passes over a ticket.
    TillSkipsAnIndex,
    /// A till sends what it forgot before it was sent.
    TillSendsForgotten,
    /// A till confirms a page of the feed that it has not carried out.
    TillConfirmsFirst,
    /// A till's keys stay when they are destroyed.
    TillDoesNotZero,
    /// The hub says that it has tickets, and has not stored them.
    HubAcknowledgesUnstored,
    /// The hub takes purchases whatever its tombstones say.
    HubIgnoresTombstones,
    /// The hub's keys stay when they are destroyed.
    HubDoesNotZero,
    /// What was erased is not erased again when the database was put back.
    ErasedLogNotReplayed,
    /// The same records under another epoch count again.
    NoDedupeOverEpochs,
    /// What is sent again is added to the sums again.
    SumsTwice,
    /// The feed passes over a change.
    FeedSkipsARow,
    /// Tombstones are stored, and no till hears of them.
    TombstonesNotTold,
    /// The hub takes a conflict for the same record sent again.
    ConflictSwallowed,
    /// The hub says that a forget is complete when it is not.
    CompleteTooEarly,
}

impl Breakage {
    pub const ALL: [Breakage; 14] = [
        Breakage::TillSkipsAnIndex,
        Breakage::TillSendsForgotten,
        Breakage::TillConfirmsFirst,
        Breakage::TillDoesNotZero,
        Breakage::HubAcknowledgesUnstored,
        Breakage::HubIgnoresTombstones,
        Breakage::HubDoesNotZero,
        Breakage::ErasedLogNotReplayed,
        Breakage::NoDedupeOverEpochs,
        Breakage::SumsTwice,
        Breakage::FeedSkipsARow,
        Breakage::TombstonesNotTold,
        Breakage::ConflictSwallowed,
        Breakage::CompleteTooEarly,
    ];
}

/// Bodies of purchases as they once were, for a till that should have forgotten them.
pub type Bodies = HashMap<u64, Box<RawValue>>;

/// A till's page before it is signed.
pub fn run(
    breakage: Option<Breakage>,
    series: Series,
    first: u64,
    records: &mut [Option<Box<RawValue>>],
    bodies: &Bodies,
) {
    match breakage {
        Some(Breakage::TillSkipsAnIndex) if series == Series::Ticket && records.len() > 1 => {
            records[0] = None
        }
        Some(Breakage::TillSendsForgotten) if series == Series::Purchase => {
            for (index, record) in (first..).zip(records) {
                if record.is_none() {
                    *record = bodies.get(&index).cloned();
                }
            }
        }
        _ => {}
    }
}

pub fn confirms_first(breakage: Option<Breakage>) -> bool {
    breakage == Some(Breakage::TillConfirmsFirst)
}

/// A page of the feed on its way out of the hub.
pub fn page(breakage: Option<Breakage>, mut page: FeedPage) -> FeedPage {
    if breakage == Some(Breakage::FeedSkipsARow) && !page.changes.is_empty() {
        page.changes.remove(0);
    }
    page
}

pub fn forgets(breakage: Option<Breakage>, mut answer: ForgetsAnswer) -> ForgetsAnswer {
    if breakage == Some(Breakage::CompleteTooEarly) {
        for state in &mut answer.forgets {
            state.confirmed = state.copies - state.lost;
        }
    }
    answer
}

/// The hub takes an upload, or what is broken of it does.
pub fn upload(
    breakage: Option<Breakage>,
    hub: &Hub,
    database: &Path,
    caller: &Caller,
    series: Series,
    upload: &Upload,
    now: DateTime<Utc>,
) -> Result<UploadAnswer, HubError> {
    let Some(breakage) = breakage else { return hub.upload(caller, series, upload, now) };
    let last = upload.first + upload.records.len() as u64 - 1;
    if breakage == Breakage::HubAcknowledgesUnstored && series == Series::Ticket && upload.first > 1 {
        let all = RunAnswer { first: upload.first, last, answer: Answer::Created, reason: None };
        return Ok(UploadAnswer { answers: vec![all], durable_through: last });
    }
    let connection = Connection::open(database).unwrap();
    let hides = match breakage {
        Breakage::HubIgnoresTombstones => series == Series::Purchase,
        Breakage::NoDedupeOverEpochs => series == Series::Ticket,
        _ => false,
    };
    let hidden = hides.then(|| hide(&connection, breakage, caller));
    let answer = hub.upload(caller, series, upload, now);
    if let Some(sql) = hidden {
        connection.execute_batch(sql).unwrap();
    }
    let mut answer = answer?;
    match breakage {
        Breakage::SumsTwice
            if series == Series::Ticket && answer.answers.iter().any(|run| run.answer == Answer::Exists) =>
        {
            let sql = "UPDATE day_sum SET sales = sales + 1, total = total + 1 WHERE store = ?1";
            connection.execute(sql, [&caller.store]).unwrap();
        }
        Breakage::TombstonesNotTold if series == Series::Forget => {
            connection.execute("DELETE FROM feed WHERE kind = 'tombstone'", []).unwrap();
        }
        Breakage::ConflictSwallowed => {
            for run in answer.answers.iter_mut().filter(|run| run.answer == Answer::Conflict) {
                (run.answer, run.last) = (Answer::Exists, last);
            }
            answer.durable_through = answer.durable_through.max(last);
        }
        _ => {}
    }
    Ok(answer)
}

/// Takes away what the hub should look at. Returns how to put it back.
fn hide(connection: &Connection, breakage: Breakage, caller: &Caller) -> &'static str {
    if breakage == Breakage::HubIgnoresTombstones {
        connection
            .execute_batch(
                "CREATE TABLE aside AS SELECT * FROM tombstone; DELETE FROM tombstone;
                 CREATE TABLE aside_doomed AS SELECT * FROM doomed; DELETE FROM doomed;",
            )
            .unwrap();
        return "INSERT OR IGNORE INTO tombstone SELECT * FROM aside; DROP TABLE aside;
                INSERT OR IGNORE INTO doomed SELECT * FROM aside_doomed; DROP TABLE aside_doomed;";
    }
    connection
        .execute_batch("CREATE TABLE aside AS SELECT * FROM record WHERE 0; DELETE FROM aside;")
        .unwrap();
    let origin = params![caller.origin.device, caller.origin.epoch];
    connection
        .execute("INSERT INTO aside SELECT * FROM record WHERE device = ?1 AND epoch <> ?2", origin)
        .unwrap();
    connection.execute("DELETE FROM record WHERE device = ?1 AND epoch <> ?2", origin).unwrap();
    "INSERT INTO record SELECT * FROM aside; DROP TABLE aside;"
}

const SLOT: usize = 128;

/// A key file as it was, for a hub that does not zero.
pub fn keys_before(breakage: Option<Breakage>, keys: &Path) -> Option<Vec<u8>> {
    (breakage == Some(Breakage::HubDoesNotZero)).then(|| fs::read(keys).unwrap_or_default())
}

/// Puts the keys back that were destroyed since.
pub fn unzero(before: Option<Vec<u8>>, keys: &Path) {
    let Some(before) = before else { return };
    let Ok(mut after) = fs::read(keys) else { return };
    for (was, is) in before.chunks_exact(SLOT).zip(after.chunks_exact_mut(SLOT)) {
        if is.iter().all(|byte| *byte == 0) {
            is.copy_from_slice(was);
        }
    }
    let file = fs::File::options().write(true).open(keys).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &after, 0).unwrap();
}
