//! The day's counters per product and per choice.
//!
//! Adding each sale to its counters at once would write who-bought-what into the log: comparing
//! two versions of a counter page gives the basket between them. So the counters of the last sales
//! are summed in one sealed row, rewritten in each sale's transaction, and spilled into the tables
//! only a few dozen sales together, after which the row gets a new key and the old one is zeroed.
//! It also touches one page a sale where nine counters would touch nine.
//!
//! What is spilled goes to a hub one spill later, and with the last few of a day, so that each count
//! in the outbox is over as many sales, too, or over a whole day.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use crate::domain::sale::Sale;
use crate::seal::{DataKey, KeyFile, SlotId, aead};

use super::error::StoreError;
use super::forget::Stage;
use super::open::Store;
use super::outbox;
use super::ticket::day_number;

/// Sales mixed before they are spilled.
const SALES_MIXED: u32 = 32;

/// Id under which unanswered sales are counted: no policy can use it, ids have no underscore.
pub(super) const UNANSWERED: &str = "_unanswered";

#[derive(Clone, Default, Serialize, Deserialize)]
struct Sums {
    /// Days since 1970-01-01, local.
    day: i32,
    sales: u32,
    /// Product → thousandths of its unit, minor units of money.
    products: BTreeMap<u32, (i64, i64)>,
    choices: BTreeMap<String, u32>,
    /// Sums of the day before were sealed under the row's key, and are in the log.
    #[serde(default)]
    stale_key: bool,
}

/// Counters not yet in the tables, with the key of their row.
pub(super) struct Tally {
    sums: Sums,
    key: Option<(SlotId, DataKey)>,
}

impl Tally {
    pub(super) fn load(connection: &Connection, keys: &KeyFile) -> Result<Tally, StoreError> {
        let row = connection
            .query_row("SELECT slot, owner, sealed FROM tally", [], |row| {
                Ok((SlotId { index: row.get(0)?, owner: row.get(1)? }, row.get::<_, Vec<u8>>(2)?))
            })
            .optional()?;
        let Some((slot, sealed)) = row else {
            return Ok(Tally { sums: Sums::default(), key: None });
        };
        let damaged = || StoreError::Damaged("the counters of the last sales cannot be unsealed".into());
        let key = keys.key(slot)?.ok_or_else(damaged)?;
        let plain = aead::open(&key, &slot.owner, &sealed).map_err(|_| damaged())?;
        let sums = serde_json::from_slice(&plain).map_err(|_| damaged())?;
        Ok(Tally { sums, key: Some((slot, key)) })
    }

    /// Whether enough sales are mixed, or no key is there for the next.
    pub(super) fn is_due(&self) -> bool {
        self.sums.sales >= SALES_MIXED
    }

    /// Whether the row needs a new key, though its sums stay: too few sales are mixed in them.
    pub(super) fn has_stale_key(&self) -> bool {
        self.sums.stale_key
    }

    /// Whether a sale needs a spare slot for the row first.
    pub(super) fn needs_key(&self) -> bool {
        self.key.is_none()
    }

    /// The slot of the row's key.
    pub(super) fn slot(&self) -> Option<SlotId> {
        self.key.as_ref().map(|(slot, _)| *slot)
    }

    pub(super) fn give_key(&mut self, slot: SlotId, key: DataKey) {
        self.key = Some((slot, key));
    }

    /// The sales of this day that are not in the tables yet, by choice.
    pub(super) fn choices(&self) -> (i32, &BTreeMap<String, u32>) {
        (self.sums.day, &self.sums.choices)
    }

    /// Starts the sums that a transaction may or may not commit.
    pub(super) fn begin(&self) -> Pending {
        Pending(self.sums.clone())
    }

    /// Takes over what a transaction has committed.
    pub(super) fn committed(&mut self, pending: Pending) {
        self.sums = pending.0;
    }

    /// Writes the row, inside the sale's transaction.
    pub(super) fn save(&self, pending: &Pending, connection: &Connection) -> Result<(), StoreError> {
        let (slot, key) = self.key.as_ref().expect("required before the transaction");
        let plain = serde_json::to_vec(&pending.0).expect("maps with string and number keys are JSON");
        let sealed = aead::seal(key, &slot.owner, &plain);
        connection
            .prepare_cached("INSERT OR REPLACE INTO tally (id, slot, owner, sealed) VALUES (1, ?1, ?2, ?3)")?
            .execute(params![slot.index, slot.owner, sealed])?;
        Ok(())
    }
}

/// Sums inside a transaction.
pub(super) struct Pending(Sums);

impl Pending {
    /// Adds a sale; sums of another day go into the tables first, in the same transaction.
    pub(super) fn add(&mut self, sale: &Sale, connection: &Connection) -> Result<(), StoreError> {
        let day = day_number(sale.at.date_naive());
        if self.0.day != day {
            let stale_key = self.0.sales > 0 || self.0.stale_key;
            self.spill(connection)?;
            outbox::queue_counts(connection, self.0.day)?;
            self.0 = Sums { day, stale_key, ..Sums::default() };
        }
        self.0.sales += 1;
        for (line, priced) in sale.lines.iter().zip(&sale.priced.lines) {
            if let Some(product) = line.product {
                let sum = self.0.products.entry(product.0).or_default();
                sum.0 += line.quantity.thousandths();
                sum.1 += priced.net.0;
            }
        }
        let choice = if sale.promise.answered { sale.promise.choice.as_str() } else { UNANSWERED };
        match self.0.choices.get_mut(choice) {
            Some(count) => *count += 1,
            None => drop(self.0.choices.insert(choice.to_owned(), 1)),
        }
        Ok(())
    }

    /// Moves the sums into the tables.
    fn spill(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let day = self.0.day;
        let mut product = connection.prepare_cached(
            "INSERT INTO product_counter (day, product, quantity, amount) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity, amount = amount + excluded.amount",
        )?;
        for (id, (quantity, amount)) in &self.0.products {
            product.execute(params![day, id, quantity, amount])?;
        }
        let mut choice = connection.prepare_cached(
            "INSERT INTO choice_counter (day, choice, sales) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET sales = sales + excluded.sales",
        )?;
        for (id, sales) in &self.0.choices {
            choice.execute(params![day, id, sales])?;
        }
        self.0 = Sums { day, ..Sums::default() };
        Ok(())
    }
}

impl Store {
    /// Moves the sealed sums into the tables under a new key, and zeroes the old one.
    pub(super) fn spill_tally(&mut self) -> Result<(), StoreError> {
        self.renew_tally(true)
    }

    /// Gives the sealed sums a new key, and zeroes the old one.
    pub(super) fn rekey_tally(&mut self) -> Result<(), StoreError> {
        self.renew_tally(false)
    }

    fn renew_tally(&mut self, spill: bool) -> Result<(), StoreError> {
        self.require_spares(0, 1)?;
        let mut pending = self.tally.begin();
        pending.0.stale_key = false;
        let fresh = self.spares.plain.pop().expect("just required");
        let next = Tally { sums: Sums::default(), key: Some((fresh.slot, fresh.key)) };
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if spill {
            // The sums before these: a day's last few are never told by themselves.
            outbox::queue_counts(&transaction, pending.0.day)?;
            pending.spill(&transaction)?;
        }
        next.save(&pending, &transaction)?;
        if let Some((old, _)) = &self.tally.key {
            super::forget::doom(&transaction, *old)?;
        }
        transaction.commit()?;
        self.tally = next;
        self.tally.committed(pending);
        self.resume_from(Stage::Tombstoned);
        self.advance(Stage::Dropped)
    }
}
