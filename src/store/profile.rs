//! Customers' profiles: who they say to be and what they ticked, sealed. What finds a customer lies in the key
//! slots of the profile and of each remembered purchase ([`crate::seal::Tie`]), and in no table: a purchase is
//! a customer's because its slot says so.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::domain::customer::{Identifier, Purpose};
use crate::seal::{CustomerSlot, DataKey, Holds, KeyFile, Lookup, SlotId, StoreKey, aead, customer_lookup};

use super::columns::slot_id;
use super::error::StoreError;
use super::forget::{Forgetting, Reason, doom};
use super::open::Store;
use super::purchase;
use super::schema::random_number;
use super::spare::PlainSpare;

/// What is sealed of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Profile {
    /// As [`Identifier::canonical`] writes it.
    customer: String,
    /// What they ticked last.
    purposes: Vec<Purpose>,
}

/// What is kept of a customer, beside who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// What they ticked last; `None` where that cannot be read.
    pub purposes: Option<Vec<Purpose>>,
    /// Ids of their kept purchases, in no order: see [`Store::remembered`].
    pub purchases: Vec<[u8; 16]>,
    /// How much else is kept that is theirs, or may be, and has a key that is damaged or gone: nobody can read it.
    pub unread: usize,
}

struct Row {
    number: i64,
    slot: SlotId,
    sealed: Vec<u8>,
}

/// What a customer is found by.
pub(super) fn lookup(store_key: &StoreKey, customer: &Identifier) -> Lookup {
    lookup_of(store_key, &customer.canonical())
}

/// The same, where all there is is what [`Identifier::canonical`] wrote.
pub(super) fn lookup_of(store_key: &StoreKey, canonical: &str) -> Lookup {
    customer_lookup(store_key, "customer", canonical)
}

/// The row of a customer's profile.
fn row(connection: &Connection, slots: &[CustomerSlot]) -> Result<Option<Row>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT number, slot, sealed FROM profile WHERE owner = ?1")?;
    for CustomerSlot { slot, .. } in slots.iter().filter(|slot| slot.holds == Holds::Profile) {
        let row = statement.query_row([slot.owner], |row| {
            let slot = slot_id(row, 1, slot.owner)?;
            Ok(Row { number: row.get(0)?, slot, sealed: row.get(2)? })
        });
        if let Some(row) = row.optional()? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// The slot of a profile.
pub(super) fn slot_of(connection: &Connection, owner: &[u8; 16]) -> Result<Option<SlotId>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT slot FROM profile WHERE owner = ?1")?;
    Ok(statement.query_row([owner], |row| slot_id(row, 0, *owner)).optional()?)
}

fn unseal(key: &DataKey, row: &Row) -> Result<Profile, StoreError> {
    let damaged = || StoreError::Damaged("a customer's profile cannot be unsealed".into());
    let plain = aead::open(key, &row.slot.owner, &row.sealed).map_err(|_| damaged())?;
    serde_json::from_slice(&plain).map_err(|_| damaged())
}

fn seal(key: &DataKey, slot: SlotId, profile: &Profile) -> Vec<u8> {
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(profile).expect("a profile is JSON"));
    aead::seal(key, &slot.owner, &plain)
}

/// Writes a customer's profile under a fresh slot, inside the sale's transaction; the slot of the profile
/// before, among `slots`, is doomed. Returns whether there was one.
pub(super) fn put(
    connection: &Connection,
    slots: &[CustomerSlot],
    (customer, purposes): (&Identifier, &[Purpose]),
    fresh: &PlainSpare,
) -> Result<bool, StoreError> {
    let profile = Profile { customer: customer.canonical(), purposes: purposes.to_vec() };
    replace(connection, slots, fresh, &profile)
}

fn replace(
    connection: &Connection,
    slots: &[CustomerSlot],
    fresh: &PlainSpare,
    profile: &Profile,
) -> Result<bool, StoreError> {
    let sealed = seal(&fresh.key, fresh.slot, profile);
    let Some(row) = row(connection, slots)? else {
        connection
            .prepare_cached("INSERT INTO profile (slot, owner, sealed, number) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![fresh.slot.index, fresh.slot.owner, sealed, random_number()])?;
        return Ok(false);
    };
    connection
        .prepare_cached("UPDATE profile SET slot = ?2, owner = ?3, sealed = ?4 WHERE number = ?1")?
        .execute(params![row.number, fresh.slot.index, fresh.slot.owner, sealed])?;
    doom(connection, row.slot)?;
    Ok(true)
}

/// What a customer ticked last. `None` where there is no profile, or none that opens: it is made anew.
pub(super) fn purposes(
    connection: &Connection,
    keys: &KeyFile,
    slots: &[CustomerSlot],
) -> Result<Option<Vec<Purpose>>, StoreError> {
    let Some(row) = row(connection, slots)? else { return Ok(None) };
    let Ok(Some(key)) = keys.key(row.slot) else { return Ok(None) };
    Ok(unseal(&key, &row).ok().map(|profile| profile.purposes))
}

/// Every profile's slot.
pub(super) fn all(connection: &Connection) -> Result<Vec<SlotId>, StoreError> {
    let mut statement = connection.prepare("SELECT slot, owner FROM profile")?;
    let rows = statement.query_map([], |row| slot_id(row, 0, row.get(1)?))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What the customer of a profile is found by, as its body says; `None` where its key is gone. Errors:
/// `Damaged` where it does not open.
pub(super) fn customer_of(
    connection: &Connection,
    keys: &KeyFile,
    store_key: &StoreKey,
    slot: SlotId,
) -> Result<Option<Lookup>, StoreError> {
    let Some(row) = row(connection, &[CustomerSlot { slot, holds: Holds::Profile }])? else {
        return Ok(None);
    };
    let Some(key) = keys.key(row.slot)? else { return Ok(None) };
    Ok(Some(lookup_of(store_key, &unseal(&key, &row)?.customer)))
}

impl Store {
    /// Gives a profile a new key, with nothing ticked in it; the old key is doomed.
    pub(super) fn renew_profile(&mut self, customer: &Lookup) -> Result<(), StoreError> {
        self.require_spares(0, 1)?;
        let slots = self.keys.slots_of(customer)?;
        let Some(row) = row(&self.connection, &slots)? else { return Ok(()) };
        let Some(key) = self.keys.key(row.slot)? else { return Ok(()) };
        let profile = Profile { purposes: Vec::new(), ..unseal(&key, &row)? };
        let fresh = self.spares.plain.pop().expect("just required");
        self.keys.tie(&[(fresh.slot, crate::seal::Tie { customer: *customer, holds: Holds::Profile })])?;
        let transaction = self.connection.transaction()?;
        replace(&transaction, &slots, &fresh, &profile)?;
        transaction.commit()?;
        self.resume_from(super::forget::Stage::Tombstoned);
        Ok(())
    }

    /// A profile for a customer who has none, with nothing ticked in it. `text`: as [`Identifier::canonical`] writes it.
    pub(super) fn make_profile_anew(&mut self, customer: Lookup, text: String) -> Result<(), StoreError> {
        self.require_spares(0, 1)?;
        let fresh = self.spares.plain.pop().expect("just required");
        self.keys.tie(&[(fresh.slot, crate::seal::Tie { customer, holds: Holds::Profile })])?;
        replace(&self.connection, &[], &fresh, &Profile { customer: text, purposes: Vec::new() })?;
        Ok(())
    }

    /// Forgets a customer: every slot that is theirs, with what it seals. Nothing sealed is read, so that it
    /// works whatever is damaged. `None` when there is no such customer.
    pub fn forget_customer(&mut self, customer: &Identifier) -> Result<Option<Forgetting>, StoreError> {
        let customer = lookup(&self.store_key, customer);
        let mut slots: Vec<SlotId> = self.keys.slots_of(&customer)?.iter().map(|known| known.slot).collect();
        for index in self.keys.damaged_slots_of(&customer)? {
            match slot_at(&self.connection, index)? {
                Some(slot) => slots.push(slot),
                // No row needs it: nothing says whose it is but these bytes.
                None => self.keys.zero(&[SlotId::place(index)])?,
            }
        }
        let forgotten = if slots.is_empty() { None } else { Some(self.forget_all(&slots)?) };
        // What somebody has to do is said before what passes by itself.
        let needs_somebody =
            matches!(forgotten, Some(Forgetting::Pending(reason)) if reason.needs_somebody());
        if !needs_somebody && self.unread_of(Some(&customer))? > 0 {
            return Ok(Some(Forgetting::Pending(Reason::Slot)));
        }
        Ok(forgotten)
    }

    /// Remembered purchases and profiles that have a damaged slot of which nothing tells whose it is: any customer's,
    /// for all that is known.
    pub(super) fn slots_of_nobody(&mut self) -> Result<Vec<SlotId>, StoreError> {
        let sql = "SELECT id FROM purchase WHERE slot = ?1 AND memory = 2 UNION ALL SELECT owner FROM profile WHERE slot = ?1";
        let damaged = self.keys.damaged_slots_of_nobody()?;
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut needed = Vec::new();
        for index in damaged {
            let owners = statement.query_map([index], |row| row.get(0))?;
            for owner in owners {
                needed.push(SlotId { index, owner: owner? });
            }
        }
        Ok(needed)
    }

    /// Whether anything is kept of a customer.
    pub fn knows(&mut self, customer: &Identifier) -> Result<bool, StoreError> {
        let customer = lookup(&self.store_key, customer);
        let whole = !self.keys.slots_of(&customer)?.is_empty();
        Ok(whole || !self.keys.damaged_slots_of(&customer)?.is_empty())
    }

    /// What is kept of a customer, if anything is. Errors: `Damaged` where no row can be found.
    pub fn customer(&mut self, customer: &Identifier) -> Result<Option<Customer>, StoreError> {
        let customer = lookup(&self.store_key, customer);
        let slots = self.keys.slots_of(&customer)?;
        let mut purchases = Vec::new();
        for CustomerSlot { slot, .. } in slots.iter().filter(|slot| slot.holds == Holds::Purchase) {
            if purchase::is_kept(&self.connection, &slot.owner)? {
                purchases.push(slot.owner);
            }
        }
        let profile = row(&self.connection, &slots)?;
        let is_damaged = !self.keys.damaged_slots_of(&customer)?.is_empty();
        if profile.is_none() && purchases.is_empty() && !is_damaged {
            return Ok(None);
        }
        let purposes = purposes(&self.connection, &self.keys, &slots)?;
        let unread = self.unread_of(Some(&customer))?;
        Ok(Some(Customer { purposes, purchases, unread }))
    }
}

/// What a damaged slot should hold: found by its place alone, in a whole table.
fn slot_at(connection: &Connection, index: u32) -> Result<Option<SlotId>, StoreError> {
    let sql = "SELECT id FROM purchase WHERE slot = ?1 UNION ALL SELECT owner FROM profile WHERE slot = ?1";
    let owner = connection.query_row(sql, [index], |row| row.get(0)).optional()?;
    Ok(owner.map(|owner| SlotId { index, owner }))
}
