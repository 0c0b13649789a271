//! Whether the store's files keep every promise: tickets, keys, forgotten purchases, the database.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use crate::domain::policy::{DataClass, Memory};
use crate::domain::series::Series;
use crate::domain::ticket::Ticket;
use crate::seal::{Holds, Lookup, SlotId, Tie};

use super::backup::{self, Doubt};
use super::columns::slot_id;
use super::counts::{self, Held, Sums};
use super::directory;
use super::error::StoreError;
use super::expire::Terms;
use super::forget::{Forgetting, Reason};
use super::open::{Store, connect_to_read};
use super::{policy, profile, purchase, schema};

/// What a check of the whole store found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// How much was looked at.
    pub tickets: u64,
    pub purchases: usize,
    pub profiles: usize,
    pub forgotten: usize,
    /// Kept purchases whose last day is over, by the clock or by the trusted day. They are hidden, and go as
    /// soon as the day is certain, so this is no fault by itself.
    pub past_term: usize,
    /// What a restore could not know, as long as it matters. No fault by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// Names in the directory that Olvido never gives: nobody looks into them. No fault by itself.
    pub strangers: Vec<String>,
    pub findings: Vec<Finding>,
}

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub kind: FindingKind,
    /// A ticket's number, a random id, a slot, a day, a file, or SQLite's own words. Never a person.
    pub subject: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// SQLite finds the database damaged, or a row cannot be read.
    Database,
    /// The database has something that Olvido never makes: a trigger could undo what a forget does.
    NotOurs,
    /// The policy's own file is gone.
    PolicyFile,
    /// A policy under which something was sold is gone.
    PolicyMissing,
    /// A number of the series is not there.
    TicketMissing,
    /// A ticket does not have the hash of its fields and of the ticket before.
    TicketChanged,
    /// Departments, taxes or tenders do not add up to the total.
    TicketSums,
    /// The key of something forgotten is still there.
    KeyKept,
    /// The sealed bytes of something forgotten are still there.
    BytesKept,
    /// A slot of the keys file is neither zero nor whole.
    KeyDamaged,
    /// A damaged slot that nothing is kept under.
    SlotUnused,
    /// Something is sealed and its key is gone, without having been forgotten.
    KeyMissing,
    /// Something sealed does not open with its key.
    Unopened,
    /// A purchase and its customer's profile do not belong together.
    Unlinked,
    /// What finds a customer is in a slot that nothing is kept under: a crash left it.
    LookupKept,
    /// A forget is not complete.
    Pending,
    /// A backup or restore was killed and had left this; it is overwritten and gone.
    LeftOver,
    /// The same, and it cannot be erased, or not be reached.
    LeftOverStays,
    /// Files of 0.2.0 are not compacted yet.
    Compaction,
    /// A kept purchase is past its term for certain, for more than a day.
    PastTerm,
    /// A count was released over too few tickets, from this one on, or twice over the same.
    CountThin,
    /// A place in a series for the hub is not there.
    OutboxGap,
    /// A kept purchase has no place there, or a place names one that is neither kept nor forgotten.
    OutboxPurchase,
}

impl Verified {
    /// Whether everything holds.
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, kind: FindingKind, subject: impl ToString) {
        self.findings.push(Finding { kind, subject: subject.to_string() });
    }

    /// Turns what stopped one part of the check into a finding, so that the other parts follow.
    fn note(&mut self, checked: Result<(), StoreError>) -> Result<(), StoreError> {
        match checked {
            Err(StoreError::Damaged(what)) => self.find(FindingKind::Database, what),
            Err(StoreError::Sql(error)) => self.find(FindingKind::Database, error),
            other => return other,
        }
        Ok(())
    }
}

/// A random id as hexadecimal digits.
fn id_text(id: &[u8; 16]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Damage of a few pages gives a few lines; more tell nothing new.
const INTEGRITY_LINES: u32 = 20;

/// Asks SQLite whether the file is whole, over a connection of its own that writes nothing: for a
/// thread beside the till. A forget meanwhile is pending until it is done. Errors: `Damaged`.
pub fn quick_check_file(database: &Path) -> Result<(), StoreError> {
    let connection = connect_to_read(database)?;
    match complaints(&connection, "quick_check", 1)?.pop() {
        Some(what) => Err(StoreError::Damaged(what)),
        None => Ok(()),
    }
}

fn complaints(connection: &Connection, pragma: &str, most: u32) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare(&format!("PRAGMA {pragma}({most})"))?;
    let rows = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    Ok(rows.into_iter().filter(|row| row != "ok").collect())
}

impl Store {
    /// Checks everything, after finishing what a forget left to do. `today` tells what is past its
    /// term. Reads all files once; errors: `Busy`, `DiskFull`, `Io` where that was not possible.
    pub fn verify(&mut self, today: NaiveDate) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        let finished = self.retire_draft().and_then(|()| self.finish_forgetting());
        match finished {
            // What is left over, and what awaits compaction, have findings of their own.
            Ok(Forgetting::Complete | Forgetting::Pending(Reason::LeftOver | Reason::Compaction)) => {}
            Ok(Forgetting::Pending(_)) | Err(StoreError::DiskFull) => {
                verified.find(FindingKind::Pending, "");
            }
            Err(error) => verified.note(Err(error))?,
        }
        self.verify_directory(&mut verified)?;
        if self.awaits_compaction {
            verified.find(FindingKind::Compaction, "");
        }
        let checked = self.verify_database(&mut verified);
        verified.note(checked)?;
        let checked = self.verify_tickets(&mut verified);
        verified.note(checked)?;
        self.hear_day(today);
        let checked = self.verify_terms(&mut verified);
        verified.note(checked)?;
        // Where the chain itself is at fault, that says enough.
        let chain = [FindingKind::TicketMissing, FindingKind::TicketChanged];
        if !verified.findings.iter().any(|finding| chain.contains(&finding.kind)) {
            let checked = self.verify_counts(&mut verified, today);
            verified.note(checked)?;
        }
        let checked = self.verify_keys(&mut verified);
        verified.note(checked)?;
        let checked = self.verify_outbox(&mut verified);
        verified.note(checked)?;
        Ok(verified)
    }

    fn verify_directory(&mut self, verified: &mut Verified) -> Result<(), StoreError> {
        self.erase_leftovers()?;
        for name in std::mem::take(&mut self.leftovers.erased) {
            verified.find(FindingKind::LeftOver, name);
        }
        for name in self.left_over() {
            verified.find(FindingKind::LeftOverStays, name);
        }
        verified.strangers = directory::strangers(self.files.directory())?;
        Ok(())
    }

    fn verify_terms(&self, verified: &mut Verified) -> Result<(), StoreError> {
        verified.past_term = self.hidden_purchases()?;
        verified.doubt = backup::doubt(&self.connection)?;
        let Some(yesterday) = self.certain_day().and_then(|day| day.pred_opt()) else { return Ok(()) };
        for slot in purchase::past_term(&self.connection, &self.keys, yesterday)? {
            verified.find(FindingKind::PastTerm, id_text(&slot.owner));
        }
        Ok(())
    }

    fn verify_database(&self, verified: &mut Verified) -> Result<(), StoreError> {
        for what in complaints(&self.connection, "integrity_check", INTEGRITY_LINES)? {
            verified.find(FindingKind::Database, what);
        }
        for what in schema::strangers(&self.connection)? {
            verified.find(FindingKind::NotOurs, what);
        }
        for which in policy::missing(&self.connection)? {
            verified.find(FindingKind::PolicyMissing, which);
        }
        let mut statement = self.connection.prepare("PRAGMA foreign_key_check")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
            if parent == "policy" {
                // A finding of its own.
                continue;
            }
            verified.find(FindingKind::Database, format!("{table} → {parent}"));
        }
        Ok(())
    }

    fn verify_tickets(&self, verified: &mut Verified) -> Result<(), StoreError> {
        let gone: Option<u64> =
            self.connection.query_row("SELECT number FROM anchor", [], |row| row.get(0)).optional()?;
        let mut expected = gone.unwrap_or(0) + 1;
        self.each_ticket(|ticket| {
            verified.tickets += 1;
            judge_ticket(&ticket, expected, verified);
            expected = ticket.number + 1;
            Ok(())
        })
    }

    /// Tickets taken off the end leave a whole chain, but the day's choices were counted with them.
    fn verify_counts(&self, verified: &mut Verified, today: NaiveDate) -> Result<(), StoreError> {
        let mut counted: BTreeMap<i32, i64> = BTreeMap::new();
        let mut statement =
            self.connection.prepare("SELECT day, sum(sales) FROM choice_counter GROUP BY day")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        counted.extend(rows.collect::<Result<Vec<(i32, i64)>, _>>()?);
        // Where they do not open, that is a finding of its own.
        let waiting = match Sums::load(&self.connection, &self.keys) {
            Err(StoreError::Damaged(_) | StoreError::Keys(_)) => Sums::default(),
            waiting => waiting?,
        };
        for choices in waiting.choices() {
            let sales = choices.sales.values().copied().map(i64::from).sum::<i64>();
            *counted.entry(choices.day).or_default() += sales;
        }
        let terms = Terms::load(&self.connection)?;
        let mut statement =
            self.connection.prepare("SELECT substr(at, 1, 10), count(*) FROM ticket GROUP BY 1")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let tickets = rows.collect::<Result<HashMap<String, i64>, _>>()?;
        for (day, sales) in counted {
            let Some(day) = NaiveDate::from_epoch_days(day) else { continue };
            let there = tickets.get(&day.to_string()).copied().unwrap_or(0);
            if there < sales && !terms.is_past(DataClass::Ticket, None, day, today) {
                verified.find(FindingKind::TicketMissing, format!("{day}: {}", sales - there));
            }
        }
        Ok(())
    }

    fn verify_keys(&self, verified: &mut Verified) -> Result<(), StoreError> {
        let survey = self.keys.check()?;
        let needed = self.needed_slots().ok().flatten();
        for index in &survey.damaged {
            let is_unused = needed.as_ref().is_some_and(|needed| !needed.has(&SlotId::place(*index)));
            verified.find(if is_unused { FindingKind::SlotUnused } else { FindingKind::KeyDamaged }, index);
        }
        let damaged: HashSet<u32> = survey.damaged.into_iter().collect();
        let live: HashMap<[u8; 16], u32> = survey.live.iter().map(|id| (id.owner, id.index)).collect();
        let has_key = |slot: SlotId, verified: &mut Verified| {
            let whole = live.get(&slot.owner) == Some(&slot.index);
            if !whole && !damaged.contains(&slot.index) {
                verified.find(FindingKind::KeyMissing, id_text(&slot.owner));
            }
            whole
        };
        let tombstones = self.tombstones()?;
        verified.forgotten = tombstones.len();
        for id in &tombstones {
            if live.contains_key(id) {
                verified.find(FindingKind::KeyKept, id_text(id));
            }
        }
        // Which customers have a profile, and purchases; what the rows and then the bodies say of a slot must
        // agree with it.
        let mut untold: HashMap<SlotId, Tie> = survey.tied.into_iter().collect();
        let (mut with_profile, mut with_purchase) = (HashMap::new(), HashMap::new());
        let profiles = profile::all(&self.connection)?;
        verified.profiles = profiles.len();
        for slot in profiles {
            let tie = untold.remove(&slot);
            if tombstones.contains(&slot.owner) {
                verified.find(FindingKind::BytesKept, id_text(&slot.owner));
            } else if has_key(slot, verified) {
                with_profile.extend(tie.map(|tie| (tie.customer, slot)));
                let said = profile::customer_of(&self.connection, &self.keys, &self.store_key, slot);
                judge_tie(said, tie, Holds::Profile, slot, verified)?;
            }
        }
        let purchases = purchase::all(&self.connection)?;
        verified.purchases = purchases.len();
        for (slot, memory) in purchases {
            let tie = untold.remove(&slot);
            if tombstones.contains(&slot.owner) {
                verified.find(FindingKind::BytesKept, id_text(&slot.owner));
            } else if has_key(slot, verified) && memory == Memory::Profile {
                with_purchase.extend(tie.map(|tie| (tie.customer, slot)));
                let said = purchase::customer_of(&self.connection, &self.keys, &self.store_key, slot);
                judge_tie(said, tie, Holds::Purchase, slot, verified)?;
            }
        }
        for (here, there) in [(&with_profile, &with_purchase), (&with_purchase, &with_profile)] {
            for (_, slot) in here.iter().filter(|(customer, _)| !there.contains_key(*customer)) {
                verified.find(FindingKind::Unlinked, id_text(&slot.owner));
            }
        }
        // A crash between the keys and the sale leaves them; nothing that is forgotten may.
        for slot in untold.keys().filter(|slot| !tombstones.contains(&slot.owner)) {
            verified.find(FindingKind::LookupKept, slot.index);
        }
        for table in ["draft", "tally", "held"] {
            let sql = format!("SELECT slot, owner FROM {table} WHERE sealed IS NOT NULL");
            let slot = self.connection.query_row(&sql, [], |row| slot_id(row, 0, row.get(1)?)).optional()?;
            let Some(slot) = slot.filter(|slot| has_key(*slot, verified)) else { continue };
            let opened = match table {
                "draft" => self.draft().map(drop),
                "tally" => Sums::load(&self.connection, &self.keys).map(drop),
                _ => Held::load(&self.connection, &self.keys).map(drop),
            };
            if let Err(error) = opened {
                unopened(error, slot, verified)?;
            }
        }
        self.verify_released(verified, has_key)
    }

    /// Released counts open, and each is over a window that is long enough.
    fn verify_released(
        &self,
        verified: &mut Verified,
        has_key: impl Fn(SlotId, &mut Verified) -> bool,
    ) -> Result<(), StoreError> {
        let mut windows = Vec::new();
        for batch in counts::batches(&self.connection, "true", [])? {
            if !has_key(batch.slot, verified) {
                continue;
            }
            match batch.open(&self.keys) {
                Ok(mut more) => windows.append(&mut more),
                Err(error) => unopened(error, batch.slot, verified)?,
            }
        }
        for first in counts::thin(windows) {
            verified.find(FindingKind::CountThin, first);
        }
        Ok(())
    }

    fn verify_outbox(&self, verified: &mut Verified) -> Result<(), StoreError> {
        let mut statement =
            self.connection.prepare("SELECT series, count(*), max(idx) FROM outbox GROUP BY series")?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, u8>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))?;
        for row in rows {
            let (number, there, last) = row?;
            let series = Series::ALL.into_iter().find(|series| series.number() == number);
            if let Some(series) = series.filter(|_| there != last) {
                verified.find(FindingKind::OutboxGap, format!("{series}: {}", last - there));
            }
        }
        let mut statement = self.connection.prepare(
            "SELECT id FROM outbox o WHERE series = ?1 AND id IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM purchase p WHERE p.id = o.id)
                 AND NOT EXISTS (SELECT 1 FROM doomed d WHERE d.owner = o.id)
             UNION SELECT id FROM purchase p WHERE EXISTS (SELECT 1 FROM hub)
                 AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.series = ?1 AND o.idx = p.place AND o.id = p.id)
                 AND NOT EXISTS (SELECT 1 FROM tombstone t WHERE t.id = p.id)",
        )?;
        let rows = statement.query_map([Series::Purchase.number()], |row| row.get::<_, [u8; 16]>(0))?;
        for id in rows {
            verified.find(FindingKind::OutboxPurchase, id_text(&id?));
        }
        Ok(())
    }

    pub(super) fn tombstones(&self) -> Result<HashSet<[u8; 16]>, StoreError> {
        let mut statement = self.connection.prepare("SELECT id FROM tombstone")?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}

fn judge_ticket(ticket: &Ticket, expected: u64, verified: &mut Verified) {
    let series = &ticket.issuer.series;
    if ticket.number != expected {
        let first = crate::domain::ticket::number_text(series, expected);
        let last = crate::domain::ticket::number_text(series, ticket.number.saturating_sub(1));
        verified.find(
            FindingKind::TicketMissing,
            if first == last { first } else { format!("{first} – {last}") },
        );
    } else if ticket.expected_hash() != ticket.hash {
        // Beside a gap there is nothing to compute it from.
        verified.find(FindingKind::TicketChanged, ticket.number_text());
    }
    if !ticket.adds_up() {
        verified.find(FindingKind::TicketSums, ticket.number_text());
    }
}

/// Whether the body of a row says the customer that its slot is tied to.
fn judge_tie(
    said: Result<Option<Lookup>, StoreError>,
    tie: Option<Tie>,
    holds: Holds,
    slot: SlotId,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    match said {
        Ok(said) if said.map(|customer| Tie { customer, holds }) == tie => {}
        Ok(_) => verified.find(FindingKind::Unlinked, id_text(&slot.owner)),
        Err(error) => unopened(error, slot, verified)?,
    }
    Ok(())
}

fn unopened(error: StoreError, slot: SlotId, verified: &mut Verified) -> Result<(), StoreError> {
    match error {
        StoreError::Damaged(_) => {
            verified.find(FindingKind::Unopened, id_text(&slot.owner));
            Ok(())
        }
        other => Err(other),
    }
}
