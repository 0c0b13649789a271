//! Terms that run from a customer's last remembered purchase, so that each later one renews them all.
//!
//! Nothing is written when that happens: whose a purchase is stands in its key slot, its day in its row, and
//! the number of years in the policies. A last day written to all of a customer's rows at once would tell
//! whoever has the database alone which of them are one customer's.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use rusqlite::Connection;

use crate::domain::policy::{Policy, Until};
use crate::seal::{Holds, KeyFile, Lookup, SlotId};

use super::error::StoreError;
use super::purchase;

/// What the policies say of such terms.
pub(super) struct Renewals {
    policies: BTreeMap<u32, Policy>,
}

/// A remembered purchase, as far as its row and slot say without its key.
pub(super) struct Remembered {
    pub slot: SlotId,
    pub choice: String,
    pub policy_version: u32,
    pub day: NaiveDate,
}

impl Renewals {
    pub(super) fn load(connection: &Connection) -> Result<Renewals, StoreError> {
        let mut policies = BTreeMap::new();
        // Without the table nothing says more than the rows: what has its last day there still goes.
        let Ok(mut statement) = connection.prepare_cached("SELECT version FROM policy") else {
            return Ok(Renewals { policies });
        };
        let versions = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<u32>, _>>()?;
        for version in versions {
            // One that was damaged holds up no other: what it says more is lost.
            match super::policy::kept(connection, version) {
                Err(StoreError::Damaged(_)) => {}
                policy => policies.extend(policy?.map(|policy| (version, policy))),
            }
        }
        Ok(Renewals { policies })
    }

    /// The end of such a term, under the policy of the sale and each later one, whichever is shortest.
    fn end(&self, purchase: &Remembered, last: NaiveDate) -> Option<NaiveDate> {
        let since = self.policies.range(purchase.policy_version..);
        let choices = since.filter_map(|(_, policy)| policy.choice(&purchase.choice));
        let renewed = choices.map(|choice| choice.term).filter(|term| term.is_renewed());
        renewed.filter_map(|term| term.end(purchase.day, Some(last)).date()).min()
    }

    fn any(&self) -> bool {
        self.policies.values().flat_map(|policy| &policy.choices).any(|choice| choice.term.is_renewed())
    }

    /// The last day of a purchase that has `fixed` in its row.
    pub(super) fn until(
        &self,
        connection: &Connection,
        keys: &KeyFile,
        remembered: &Remembered,
        fixed: Until,
    ) -> Result<Until, StoreError> {
        if self.end(remembered, remembered.day).is_none() {
            return Ok(fixed);
        }
        let mut last = remembered.day;
        // A row may have a wrong slot number: its owner tells, too.
        let tie = match keys.tie_of(remembered.slot)? {
            None => keys.live()?.tied.into_iter().find(|(slot, _)| slot.owner == remembered.slot.owner),
            tie => tie.map(|tie| (remembered.slot, tie)),
        };
        if let Some((_, tie)) = tie {
            for other in keys.read_slots_of(&tie.customer)? {
                if other.holds == Holds::Purchase {
                    last = last.max(purchase::day_of(connection, &other.slot.owner)?.unwrap_or(last));
                }
            }
        }
        Ok(self.end(remembered, last).map_or(fixed, |end| fixed.min(Until::Date(end))))
    }
}

/// Slots of the remembered purchases whose customer's last one is so long ago. Only rows and slots are read,
/// nothing sealed: a slot that is damaged has its own day alone.
pub(super) fn past_term(
    connection: &Connection,
    keys: &KeyFile,
    today: NaiveDate,
) -> Result<Vec<SlotId>, StoreError> {
    let renewals = Renewals::load(connection)?;
    if !renewals.any() {
        return Ok(Vec::new());
    }
    // By owner: a row may have a wrong slot number.
    let whose: HashMap<[u8; 16], Lookup> =
        keys.live()?.tied.into_iter().map(|(slot, tie)| (slot.owner, tie.customer)).collect();
    let mut purchases = Vec::new();
    let mut last: HashMap<Lookup, NaiveDate> = HashMap::new();
    for purchase in purchase::remembered(connection)? {
        let customer = whose.get(&purchase.slot.owner).copied();
        if let Some(customer) = customer {
            let last = last.entry(customer).or_insert(purchase.day);
            *last = purchase.day.max(*last);
        }
        purchases.push((purchase, customer));
    }
    let is_past = |(purchase, customer): &(Remembered, Option<Lookup>)| {
        let last = customer.map_or(purchase.day, |customer| last[&customer]);
        renewals.end(purchase, last).is_some_and(|end| Until::Date(end).is_past(today))
    };
    Ok(purchases.into_iter().filter(is_past).map(|(purchase, _)| purchase.slot).collect())
}
