//! Customers' profiles: who they say to be and which purchases are theirs, sealed, found by a
//! keyed hash of the normalised identifier.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::domain::customer::{Identifier, Purpose};
use crate::seal::{DataKey, KeyFile, SlotId, StoreKey, aead, customer_lookup};

use super::error::StoreError;
use super::forget::doom;
use super::open::Store;
use super::spare::PlainSpare;

/// What is sealed of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Profile {
    /// As [`Identifier::canonical`] writes it.
    customer: String,
    /// What they ticked last.
    purposes: Vec<Purpose>,
    /// Ids of their kept purchases, oldest first.
    purchases: Vec<[u8; 16]>,
}

/// What a profile says, beside who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// What they ticked last.
    pub purposes: Vec<Purpose>,
    /// Ids of their kept purchases, oldest first: see [`Store::remembered`].
    pub purchases: Vec<[u8; 16]>,
}

struct Row {
    number: i64,
    slot: SlotId,
    sealed: Vec<u8>,
}

/// What a customer's profile is found by.
pub(super) fn lookup(store_key: &StoreKey, customer: &Identifier) -> [u8; 32] {
    customer_lookup(store_key, "customer", &customer.canonical())
}

fn row(connection: &Connection, lookup: &[u8; 32]) -> Result<Option<Row>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT number, slot, owner, sealed FROM profile WHERE lookup = ?1")?;
    let row = statement.query_row([lookup], |row| {
        let slot = SlotId { index: row.get(1)?, owner: row.get(2)? };
        Ok(Row { number: row.get(0)?, slot, sealed: row.get(3)? })
    });
    Ok(row.optional()?)
}

/// The slot of a profile.
pub(super) fn slot_of(connection: &Connection, owner: &[u8; 16]) -> Result<Option<SlotId>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT slot FROM profile WHERE owner = ?1")?;
    Ok(statement.query_row([owner], |row| Ok(SlotId { index: row.get(0)?, owner: *owner })).optional()?)
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

/// Links a purchase to its customer, inside the sale's transaction. A new customer, or one who
/// ticks other purposes, gets the fresh slot, and the old one is doomed: returns whether it was.
pub(super) fn add(
    connection: &Connection,
    keys: &KeyFile,
    store_key: &StoreKey,
    (customer, purposes): (&Identifier, &[Purpose]),
    purchase: [u8; 16],
    fresh: &PlainSpare,
) -> Result<bool, StoreError> {
    let lookup = lookup(store_key, customer);
    let known = row(connection, &lookup)?;
    let old = match &known {
        Some(row) => {
            keys.key(row.slot)?.map(|key| Ok::<_, StoreError>((unseal(&key, row)?, key))).transpose()?
        }
        None => None,
    };
    let (Some(row), Some((mut profile, key))) = (&known, old) else {
        // Nobody, or somebody whose key is gone: a new profile either way.
        let profile = Profile {
            customer: customer.canonical(),
            purposes: purposes.to_vec(),
            purchases: vec![purchase],
        };
        if let Some(row) = &known {
            connection.execute("DELETE FROM profile WHERE number = ?1", [row.number])?;
        }
        connection
            .prepare_cached("INSERT INTO profile (lookup, slot, owner, sealed) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                lookup,
                fresh.slot.index,
                fresh.slot.owner,
                seal(&fresh.key, fresh.slot, &profile)
            ])?;
        return Ok(false);
    };
    profile.purchases.push(purchase);
    if profile.purposes == purposes {
        // Only a random id is new: no personal data changes.
        update(connection, row.number, row.slot, &key, &profile)?;
        return Ok(false);
    }
    profile.purposes = purposes.to_vec();
    doom(connection, row.slot)?;
    update(connection, row.number, fresh.slot, &fresh.key, &profile)?;
    Ok(true)
}

fn update(
    connection: &Connection,
    number: i64,
    slot: SlotId,
    key: &DataKey,
    profile: &Profile,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE profile SET slot = ?2, owner = ?3, sealed = ?4 WHERE number = ?1")?
        .execute(params![number, slot.index, slot.owner, seal(key, slot, profile)])?;
    Ok(())
}

/// Takes a forgotten purchase out of its customer's profile. Returns the profile's slot when that
/// was the last one: a profile without purchases has no purpose, and goes too.
pub(super) fn remove(
    connection: &Connection,
    keys: &KeyFile,
    lookup: &[u8; 32],
    purchase: &[u8; 16],
) -> Result<Option<SlotId>, StoreError> {
    let Some(row) = row(connection, lookup)? else {
        return Ok(None);
    };
    let Some(key) = keys.key(row.slot)? else {
        return Ok(None);
    };
    let mut profile = unseal(&key, &row)?;
    profile.purchases.retain(|id| id != purchase);
    if profile.purchases.is_empty() {
        return Ok(Some(row.slot));
    }
    update(connection, row.number, row.slot, &key, &profile)?;
    Ok(None)
}

/// Every profile's slot, and what it is found by.
pub(super) fn all(connection: &Connection) -> Result<Vec<(SlotId, [u8; 32])>, StoreError> {
    let mut statement = connection.prepare("SELECT slot, owner, lookup FROM profile ORDER BY number")?;
    let rows = statement
        .query_map([], |row| Ok((SlotId { index: row.get(0)?, owner: row.get(1)? }, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Ids of the purchases in a profile; `None` where its key is gone. Errors: `Damaged` where it
/// does not open.
pub(super) fn purchases(
    connection: &Connection,
    keys: &KeyFile,
    lookup: &[u8; 32],
) -> Result<Option<Vec<[u8; 16]>>, StoreError> {
    let Some(row) = row(connection, lookup)? else {
        return Ok(None);
    };
    let Some(key) = keys.key(row.slot)? else {
        return Ok(None);
    };
    Ok(Some(unseal(&key, &row)?.purchases))
}

impl Store {
    /// Gives a profile a new key, with nothing ticked in it; the old key is doomed.
    pub(super) fn renew_profile(&mut self, lookup: &[u8; 32]) -> Result<(), StoreError> {
        self.require_spares(0, 1)?;
        let fresh = self.spares.plain.pop().expect("just required");
        let transaction = self.connection.transaction()?;
        if let Some(row) = row(&transaction, lookup)?
            && let Some(key) = self.keys.key(row.slot)?
        {
            let mut profile = unseal(&key, &row)?;
            profile.purposes.clear();
            doom(&transaction, row.slot)?;
            update(&transaction, row.number, fresh.slot, &fresh.key, &profile)?;
        }
        transaction.commit()?;
        self.doomed = true;
        Ok(())
    }

    /// Forgets a customer: the profile and every purchase linked to it. `None` when there is no
    /// such customer.
    pub fn forget_customer(
        &mut self,
        customer: &Identifier,
    ) -> Result<Option<super::Forgetting>, StoreError> {
        let Some(row) = row(&self.connection, &lookup(&self.store_key, customer))? else {
            return Ok(None);
        };
        let purchases = match self.keys.key(row.slot)? {
            Some(key) => unseal(&key, &row)?.purchases,
            None => Vec::new(),
        };
        let mut slots = vec![row.slot];
        for id in &purchases {
            slots.extend(super::purchase::slot_of(&self.connection, id)?);
        }
        Ok(Some(self.forget_all(&slots)?))
    }

    /// What is kept of a customer, if anything is.
    pub fn customer(&self, customer: &Identifier) -> Result<Option<Customer>, StoreError> {
        let Some(row) = row(&self.connection, &lookup(&self.store_key, customer))? else {
            return Ok(None);
        };
        let Some(key) = self.keys.key(row.slot)? else {
            return Ok(None);
        };
        let profile = unseal(&key, &row)?;
        Ok(Some(Customer { purposes: profile.purposes, purchases: profile.purchases }))
    }
}
