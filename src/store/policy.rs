//! Policy versions: a purchase stays under the one shown at its sale, and a later one may only
//! shorten what it keeps.

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::domain::policy::{Policy, effective_until};

use super::error::StoreError;
use super::{open::Store, ticket::day_number};

/// Takes a policy into force: kept as text under its version, terms of kept purchases shortened
/// where it is shorter. Errors: `PolicyNeedsNewVersion`, `PolicyVersionTooLow`.
pub(super) fn adopt(connection: &mut Connection, text: &str, policy: &Policy) -> Result<(), StoreError> {
    let newest: Option<u32> =
        connection.query_row("SELECT max(version) FROM policy", [], |row| row.get(0))?;
    let kept: Option<String> = connection
        .query_row("SELECT text FROM policy WHERE version = ?1", [policy.version], |row| row.get(0))
        .optional()?;
    match (newest, kept) {
        (Some(newest), _) if policy.version < newest => {
            // What is kept under a number that its text does not have was damaged.
            match self::kept(connection, newest)? {
                Some(policy) if policy.version == newest => {}
                _ => return Err(StoreError::Damaged(format!("policy version {newest}"))),
            }
            Err(StoreError::PolicyVersionTooLow { file: policy.version, newest })
        }
        (_, Some(kept)) if kept == text => Ok(()),
        // Not the file was changed then, but what is kept of it.
        (_, Some(kept)) if Policy::parse(&kept).is_err() => {
            Err(StoreError::Damaged(format!("policy version {}", policy.version)))
        }
        (_, Some(_)) => Err(StoreError::PolicyNeedsNewVersion(policy.version)),
        _ => {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let since = super::ticket::head(&transaction)?.number + 1;
            transaction.execute(
                "INSERT INTO policy (version, since, text) VALUES (?1, ?2, ?3)",
                params![policy.version, since, text],
            )?;
            shorten(&transaction, policy)?;
            Ok(transaction.commit()?)
        }
    }
}

/// Gives every kept purchase the earlier of its own last day and the new policy's. What is counted from a
/// customer's last purchase is in no row: see store/renewal.rs.
fn shorten(connection: &Connection, today: &Policy) -> Result<(), StoreError> {
    let mut groups = connection.prepare("SELECT DISTINCT choice, policy, day FROM purchase")?;
    let groups = groups
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?, row.get::<_, i32>(2)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    for (choice, version, day) in groups {
        let (Some(sold_under), Some(date)) = (kept(connection, version)?, NaiveDate::from_epoch_days(day))
        else {
            continue;
        };
        let until = effective_until(&sold_under, today, &choice, date, None);
        if let Some(last) = until.and_then(|u| u.date()) {
            connection.execute(
                "UPDATE purchase SET until = min(coalesce(until, ?1), ?1) WHERE choice = ?2 AND policy = ?3 AND day = ?4",
                params![day_number(last), choice, version, day],
            )?;
        }
    }
    Ok(())
}

/// A policy that was in force once.
pub(super) fn kept(connection: &Connection, version: u32) -> Result<Option<Policy>, StoreError> {
    let text: Option<String> = connection
        .query_row("SELECT text FROM policy WHERE version = ?1", [version], |row| row.get(0))
        .optional()?;
    text.map(|text| {
        Policy::parse(&text).map_err(|_| StoreError::Damaged(format!("policy version {version}")))
    })
    .transpose()
}

/// What says that a policy was kept once and is gone: a purchase that was sold under it, or tickets from before
/// the first that is left. For a person who mends it.
pub(super) fn missing(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT DISTINCT policy FROM purchase WHERE policy NOT IN (SELECT version FROM policy) ORDER BY policy",
    )?;
    let versions = statement.query_map([], |row| Ok(format!("version {}", row.get::<_, i64>(0)?)))?;
    let mut missing = versions.collect::<Result<Vec<_>, _>>()?;
    let least = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, Option<u64>>(0));
    let (ticket, since) = (least("SELECT min(number) FROM ticket")?, least("SELECT min(since) FROM policy")?);
    let before = ticket.filter(|number| since.is_none_or(|since| *number < since));
    missing.extend(before.map(|number| format!("the one of ticket {number}")));
    Ok(missing)
}

impl Store {
    /// The policy of that version, if it was ever in force.
    pub fn policy_version(&self, version: u32) -> Result<Option<Policy>, StoreError> {
        kept(&self.connection, version)
    }
}
