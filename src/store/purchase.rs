//! Kept purchases: the lines, sealed.

use std::collections::HashSet;

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::domain::customer::Purpose;
use crate::domain::look::Look;
use crate::domain::money::Money;
use crate::domain::policy::{Memory, Policy, Until, effective_until};
use crate::domain::sale::{Keep, KeptLine, Promise, Sale};
use crate::domain::ticket::Ticket;
use crate::seal::{DataKey, KeyFile, Lookup, ReceiptCode, SlotId, StoreKey, aead};

use super::columns::{self, slot_id};
use super::error::StoreError;
use super::forget::Stage;
use super::open::Store;
use super::renewal::{Remembered, Renewals};
use super::schema::random_number;
use super::spare::PurchaseSpare;
use super::ticket::{self, day_number};
use super::{outbox, profile, renewal};

/// What a receipt code leads to.
#[derive(Debug)]
pub enum Found {
    Kept(Box<Purchase>),
    /// It was forgotten, or nothing was ever kept. `pending`: its last traces were not gone at the last try;
    /// [`Store::finish_forgetting`] tries again, and says what it waits for.
    Forgotten {
        pending: bool,
    },
    /// It is past its term: nothing of it is shown, and it is destroyed as soon as the day is certain.
    PastTerm,
    /// This store never gave that code.
    Unknown,
}

/// A kept purchase, unsealed.
#[derive(Clone, Debug)]
pub struct Purchase {
    pub id: [u8; 16],
    /// Number of its ticket in the series.
    pub number: u64,
    /// The local day of the sale.
    pub day: NaiveDate,
    /// `None` once the ticket went after its own term.
    pub ticket: Option<Ticket>,
    pub lines: Vec<KeptLine>,
    /// The discount on the whole basket.
    pub discount: Money,
    pub choice: String,
    pub policy_version: u32,
    pub until: Until,
    /// Whose profile it is linked to, and for what, if it is.
    pub customer: Option<(String, Vec<Purpose>)>,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    ticket: u64,
    lines: Vec<KeptLine>,
    discount: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customer: Option<Linked>,
}

/// Whose purchase it is, and for what.
#[derive(Serialize, Deserialize)]
struct Linked {
    /// As [`Identifier::canonical`] writes it.
    customer: String,
    purposes: Vec<Purpose>,
}

/// A kept purchase's row.
struct Row {
    slot: SlotId,
    memory: Memory,
    choice: String,
    policy_version: u32,
    day: NaiveDate,
    until: Until,
    sealed: Vec<u8>,
}

/// Keeps a purchase under the spare's slot, inside the sale's transaction.
pub(super) fn keep(
    connection: &Connection,
    policy: &Policy,
    spare: &PurchaseSpare,
    ticket: &Ticket,
    sale: &Sale,
) -> Result<(), StoreError> {
    let for_receipt;
    let (memory, key, customer) = match &sale.promise.keep {
        Keep::ForProfile { customer, purposes } => {
            let linked = Linked { customer: customer.canonical(), purposes: purposes.clone() };
            (Memory::Profile, &spare.key, Some(linked))
        }
        Keep::ForReceipt | Keep::Nothing => {
            for_receipt = spare.code.guarantee_key(&spare.key);
            (Memory::Receipt, &for_receipt, None)
        }
    };
    let plain = Sealed {
        ticket: ticket.number,
        lines: sale.kept_lines().collect(),
        discount: sale.priced.discount,
        customer,
    };
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(&plain).expect("a purchase is JSON"));
    connection
        .prepare_cached(
            "INSERT INTO purchase (id, slot, memory, choice, policy, day, until, sealed, place, number)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            spare.slot.owner,
            spare.slot.index,
            columns::memory_number(memory),
            sale.promise.choice,
            sale.promise.policy_version,
            day_number(ticket.day()),
            until(connection, policy, ticket.day(), sale)?.date().map(day_number),
            aead::seal(key, &spare.slot.owner, &plain),
            outbox::queue_purchase(connection, &spare.slot.owner)?,
            random_number(),
        ])?;
    Ok(())
}

/// The end of what was promised; earlier where a policy that came while the basket was open is shorter.
/// What is counted from the customer's last purchase is left out: see [`super::renewal`].
fn until(connection: &Connection, policy: &Policy, day: NaiveDate, sale: &Sale) -> Result<Until, StoreError> {
    let Promise { until, policy_version, choice, .. } = &sale.promise;
    let shown = match *policy_version == policy.version {
        true => None,
        false => super::policy::kept(connection, *policy_version)?,
    };
    let fixed = effective_until(shown.as_ref().unwrap_or(policy), policy, choice, day, None);
    Ok(fixed.unwrap_or(*until))
}

/// Slots of the purchases whose last day is before `today`.
pub(super) fn past_term(
    connection: &Connection,
    keys: &KeyFile,
    today: NaiveDate,
) -> Result<Vec<SlotId>, StoreError> {
    let mut statement =
        connection.prepare("SELECT slot, id FROM purchase WHERE until < ?1 ORDER BY until")?;
    let rows = statement.query_map([day_number(today)], |row| slot_id(row, 0, row.get(1)?))?;
    let mut slots = rows.collect::<Result<Vec<_>, _>>()?;
    let renewed = renewal::past_term(connection, keys, today)?;
    let fixed: HashSet<[u8; 16]> = slots.iter().map(|slot| slot.owner).collect();
    slots.extend(renewed.into_iter().filter(|slot| !fixed.contains(&slot.owner)));
    Ok(slots)
}

/// The remembered purchases.
pub(super) fn remembered(connection: &Connection) -> Result<Vec<Remembered>, StoreError> {
    let mut statement =
        connection.prepare("SELECT slot, id, choice, policy, day FROM purchase WHERE memory = 2")?;
    let rows = statement.query_map([], |row| {
        Ok(Remembered {
            slot: slot_id(row, 0, row.get(1)?)?,
            choice: row.get(2)?,
            policy_version: row.get(3)?,
            day: NaiveDate::from_epoch_days(row.get(4)?).unwrap_or_default(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The day of a kept purchase.
pub(super) fn day_of(connection: &Connection, id: &[u8; 16]) -> Result<Option<NaiveDate>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT day FROM purchase WHERE id = ?1")?;
    let day = statement.query_row([id], |row| row.get(0)).optional()?;
    Ok(day.and_then(NaiveDate::from_epoch_days))
}

/// Every kept purchase's slot, and whether the store alone can open it.
pub(super) fn all(connection: &Connection) -> Result<Vec<(SlotId, Memory)>, StoreError> {
    let mut statement = connection.prepare("SELECT slot, id, memory FROM purchase")?;
    let rows =
        statement.query_map([], |row| Ok((slot_id(row, 0, row.get(1)?)?, columns::memory(row, 2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The slots of the purchases that the store alone can open.
pub(super) fn remembered_slots(connection: &Connection) -> Result<Vec<SlotId>, StoreError> {
    let remembered = all(connection)?.into_iter().filter(|(_, memory)| *memory == Memory::Profile);
    Ok(remembered.map(|(slot, _)| slot).collect())
}

/// The slot of a kept purchase.
pub(super) fn slot_of(connection: &Connection, id: &[u8; 16]) -> Result<Option<SlotId>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT slot FROM purchase WHERE id = ?1")?;
    Ok(statement.query_row([id], |row| slot_id(row, 0, *id)).optional()?)
}

fn row(connection: &Connection, id: &[u8; 16]) -> Result<Option<Row>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT slot, memory, choice, policy, until, sealed, day FROM purchase WHERE id = ?1",
    )?;
    let row = statement.query_row([id], |row| {
        let until: Option<i32> = row.get(4)?;
        Ok(Row {
            slot: slot_id(row, 0, *id)?,
            memory: columns::memory(row, 1)?,
            choice: row.get(2)?,
            policy_version: row.get(3)?,
            until: until.and_then(NaiveDate::from_epoch_days).map_or(Until::CustomerSaysSo, Until::Date),
            sealed: row.get(5)?,
            day: NaiveDate::from_epoch_days(row.get(6)?).unwrap_or_default(),
        })
    });
    Ok(row.optional()?)
}

/// Whether a purchase is kept, and not about to go.
pub(super) fn is_kept(connection: &Connection, id: &[u8; 16]) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM purchase WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM doomed WHERE owner = ?1)",
    )?;
    Ok(statement.exists([id])?)
}

/// What the customer of a remembered purchase is found by, as its body says; `None` where its key is gone.
/// Errors: `Damaged` where it does not open.
pub(super) fn customer_of(
    connection: &Connection,
    keys: &KeyFile,
    store_key: &StoreKey,
    slot: SlotId,
) -> Result<Option<Lookup>, StoreError> {
    let Some(row) = row(connection, &slot.owner)?.filter(|row| row.memory == Memory::Profile) else {
        return Ok(None);
    };
    let Some(key) = keys.key(slot)? else { return Ok(None) };
    let linked = unseal(&key, &slot.owner, &row.sealed)?.customer;
    Ok(linked.map(|linked| profile::lookup_of(store_key, &linked.customer)))
}

fn unseal(key: &DataKey, id: &[u8; 16], sealed: &[u8]) -> Result<Sealed, StoreError> {
    let damaged = || StoreError::Damaged("a kept purchase cannot be unsealed".into());
    let plain = aead::open(key, id, sealed).map_err(|_| damaged())?;
    serde_json::from_slice(&plain).map_err(|_| damaged())
}

impl Store {
    /// What the store keeps under this code. Errors: `Damaged` and `Keys` where it is kept and cannot be read.
    pub fn find(&self, code: &ReceiptCode) -> Result<Found, StoreError> {
        let id = code.purchase_id();
        let exists = |sql: &str| -> Result<bool, StoreError> {
            Ok(self.connection.prepare_cached(sql)?.query_row([id], |row| row.get(0))?)
        };
        if exists("SELECT EXISTS (SELECT 1 FROM tombstone WHERE id = ?1)")? {
            let pending = self.stage == Stage::Dropped
                || self.awaits_compaction
                || !self.left_over().is_empty()
                || exists("SELECT EXISTS (SELECT 1 FROM doomed WHERE owner = ?1)")?;
            return Ok(Found::Forgotten { pending });
        }
        let Some(row) = self.purchase_row(&id)? else {
            let nothing_kept = code.is_without_memory(&self.store_key);
            return Ok(if nothing_kept { Found::Forgotten { pending: false } } else { Found::Unknown });
        };
        if self.is_hidden(row.until) {
            return Ok(Found::PastTerm);
        }
        let slot_key = self.keys.key(row.slot)?.ok_or_else(key_is_gone)?;
        let key = if row.memory == Memory::Receipt { code.guarantee_key(&slot_key) } else { slot_key };
        Ok(Found::Kept(Box::new(self.opened(row, &key)?)))
    }

    /// A purchase that is kept in a customer's profile; `None` where it is not, or is past its term. Errors: as of
    /// [`Store::find`].
    pub fn remembered(&self, id: &[u8; 16]) -> Result<Option<Purchase>, StoreError> {
        let Some(row) = self.purchase_row(id)?.filter(|row| row.memory == Memory::Profile) else {
            return Ok(None);
        };
        if self.is_hidden(row.until) {
            return Ok(None);
        }
        let key = self.keys.key(row.slot)?.ok_or_else(key_is_gone)?;
        self.opened(row, &key).map(Some)
    }

    /// The row of a kept purchase, with its last day as it is by now.
    fn purchase_row(&self, id: &[u8; 16]) -> Result<Option<Row>, StoreError> {
        let Some(mut row) = row(&self.connection, id)? else { return Ok(None) };
        if row.memory == Memory::Profile {
            let Row { slot, policy_version, day, .. } = row;
            let remembered = Remembered { slot, choice: row.choice.clone(), policy_version, day };
            let renewals = Renewals::load(&self.connection)?;
            row.until = renewals.until(&self.connection, &self.keys, &remembered, row.until)?;
        }
        Ok(Some(row))
    }

    fn opened(&self, row: Row, key: &DataKey) -> Result<Purchase, StoreError> {
        let id = row.slot.owner;
        let sealed = unseal(key, &id, &row.sealed)?;
        Ok(Purchase {
            id,
            number: sealed.ticket,
            day: row.day,
            ticket: ticket::find(&self.connection, sealed.ticket)?,
            lines: sealed.lines,
            discount: sealed.discount,
            choice: row.choice,
            policy_version: row.policy_version,
            until: row.until,
            customer: sealed.customer.map(|linked| (linked.customer, linked.purposes)),
        })
    }

    /// Notes that somebody looked at a kept purchase, sealed with it.
    pub fn log_look(&mut self, id: &[u8; 16], look: &Look) -> Result<(), StoreError> {
        match self.look_key(id)? {
            Some(key) => add_look(&self.connection, &key, id, look),
            // Nothing is left to look at.
            None => Ok(()),
        }
    }

    /// Who looked at a kept purchase, the first first. Errors: `Damaged` where a look does not open.
    pub fn looks(&self, id: &[u8; 16]) -> Result<Vec<Look>, StoreError> {
        let Some(key) = self.look_key(id)? else { return Ok(Vec::new()) };
        let mut statement =
            self.connection.prepare_cached("SELECT sealed FROM look WHERE id = ?1 ORDER BY number")?;
        let sealed = statement.query_map([id], |row| row.get::<_, Vec<u8>>(0))?;
        let damaged = || StoreError::Damaged("a look at a purchase cannot be unsealed".into());
        sealed
            .map(|sealed| {
                let plain = aead::open(&key, &look_of(id), &sealed?).map_err(|_| damaged())?;
                serde_json::from_slice(&plain).map_err(|_| damaged())
            })
            .collect()
    }

    fn look_key(&self, id: &[u8; 16]) -> Result<Option<DataKey>, StoreError> {
        slot_of(&self.connection, id)?.map_or(Ok(None), |slot| Ok(self.keys.key(slot)?))
    }
}

/// Nobody forgot it: that would have left a tombstone.
fn key_is_gone() -> StoreError {
    StoreError::Damaged("the key of a kept purchase is gone".into())
}

/// What a sealed look belongs to, so that it opens as nothing else of its purchase.
fn look_of(id: &[u8; 16]) -> Vec<u8> {
    [b"look", id.as_slice()].concat()
}

/// Keeps a look under its purchase's key. Those of one purchase are numbered in order, from anywhere.
pub(super) fn add_look(
    connection: &Connection,
    key: &DataKey,
    id: &[u8; 16],
    look: &Look,
) -> Result<(), StoreError> {
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(look).expect("a look is JSON"));
    let sealed = aead::seal(key, &look_of(id), &plain);
    connection
        .prepare_cached(
            "INSERT INTO look (id, sealed, number)
             VALUES (?1, ?2, coalesce((SELECT max(number) + 1 FROM look WHERE id = ?1), ?3))",
        )?
        .execute(params![id, sealed, random_number()])?;
    Ok(())
}
