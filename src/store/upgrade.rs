//! What a store of 0.2.0 needs beside the steps of [`super::schema`], since it takes keys: what finds a customer
//! moves from the database into the key slots.
//!
//! Each slot is written over in place, its key the same: no sealed byte changes, a crash at any point leaves
//! every purchase open, and the table that tells what is still to do goes only when all of it is durable.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use serde::Deserialize;

use crate::seal::{Holds, KeyFile, Lookup, SlotId, StoreKey, Tie, aead};

use crate::domain::look::{Look, LookReason};

use super::columns::slot_id;
use super::error::StoreError;
use super::purchase;

/// What 0.2.0 sealed of a customer, beside what is sealed today.
#[derive(Deserialize)]
struct Listing {
    #[serde(default)]
    purchases: Vec<[u8; 16]>,
}

struct Old {
    lookup: Lookup,
    slot: SlotId,
    sealed: Vec<u8>,
}

/// Ties the slots of every customer, and drops the lookups from the database. Safe to repeat.
pub(super) fn tie_customers(
    connection: &mut Connection,
    keys: &mut KeyFile,
    store_key: &StoreKey,
) -> Result<(), StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'profile_by_lookup')";
    if !connection.query_row(sql, [], |row| row.get(0))? {
        return Ok(());
    }
    keys.tie(&ties(connection, keys, store_key)?)?;
    let transaction = connection.transaction()?;
    // Overwritten first, as whatever is dropped.
    transaction.execute(
        "UPDATE profile_by_lookup SET lookup = randomblob(32), sealed = zeroblob(length(sealed))",
        [],
    )?;
    transaction.execute("DROP TABLE profile_by_lookup", [])?;
    Ok(transaction.commit()?)
}

/// Seals the looks that 0.2.0 wrote in words, each under its purchase's key, and drops the words. A look at a
/// purchase whose key is gone or damaged goes with it. Safe to repeat.
pub(super) fn seal_looks(connection: &mut Connection, keys: &KeyFile) -> Result<(), StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'look_in_words')";
    if !connection.query_row(sql, [], |row| row.get(0))? {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    {
        let mut statement =
            transaction.prepare("SELECT at, id, purpose FROM look_in_words ORDER BY number")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (at, id, words): (String, [u8; 16], String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let Ok(at) = chrono::DateTime::parse_from_rfc3339(&at) else { continue };
            let Some(slot) = purchase::slot_of(&transaction, &id)? else { continue };
            let Ok(Some(key)) = keys.key(slot) else { continue };
            let reason = match words.as_str() {
                "the receipt was shown" | "se enseñó el recibo" => LookReason::Receipt,
                "the customer asked" | "lo pidió el cliente" => LookReason::CustomerAsks,
                _ => LookReason::Other,
            };
            purchase::add_look(&transaction, &key, &id, &Look { at, reason, by: String::new() })?;
        }
    }
    // Overwritten first, as whatever is dropped.
    transaction
        .execute("UPDATE look_in_words SET at = '', purpose = hex(zeroblob(length(purpose) / 2))", [])?;
    transaction.execute("DROP TABLE look_in_words", [])?;
    Ok(transaction.commit()?)
}

pub(super) fn ties(
    connection: &Connection,
    keys: &KeyFile,
    store_key: &StoreKey,
) -> Result<Vec<(SlotId, Tie)>, StoreError> {
    let mut statement =
        connection.prepare("SELECT substr(lookup, 1, 16), slot, owner, sealed FROM profile_by_lookup")?;
    let profiles = statement.query_map(params![], |row| {
        let slot = slot_id(row, 1, row.get(2)?)?;
        Ok(Old { lookup: Lookup(row.get(0)?), slot, sealed: row.get(3)? })
    })?;
    let (mut ties, mut listed) = (Vec::new(), HashMap::new());
    for old in profiles {
        let Old { lookup, slot, sealed } = old?;
        // A key that is gone or damaged has nobody to find.
        let Ok(Some(key)) = keys.key(slot) else { continue };
        ties.push((slot, Tie { customer: lookup, holds: Holds::Profile }));
        if let Ok(plain) = aead::open(&key, &slot.owner, &sealed)
            && let Ok(Listing { purchases }) = serde_json::from_slice(&plain)
        {
            listed.extend(purchases.into_iter().map(|id| (id, lookup)));
        }
    }
    for slot in purchase::remembered_slots(connection)? {
        let Ok(Some(_)) = keys.key(slot) else { continue };
        // What does not open may be in the list of a profile that does.
        let customer = purchase::customer_of(connection, keys, store_key, slot).ok().flatten();
        if let Some(customer) = customer.or_else(|| listed.get(&slot.owner).copied()) {
            ties.push((slot, Tie { customer, holds: Holds::Purchase }));
        }
    }
    Ok(ties)
}
