//! Key slots made durable ahead of need, so that no sale waits for the keys file.

use crate::seal::{DataKey, ReceiptCode, SlotId, random_id};

use super::error::StoreError;
use super::open::Store;

/// Slots of each kind made in one write; refilled between sales when fewer than half are left.
const STOCK: usize = 32;
/// A sale and what follows it take four: the basket, its counts, what waits and what is left of them.
const PLAIN_STOCK: usize = 64;

/// A slot for a purchase, whose owner is the id that its receipt code gives.
pub(super) struct PurchaseSpare {
    pub code: ReceiptCode,
    pub slot: SlotId,
    pub key: DataKey,
}

/// A slot for a draft, a profile or counts; its owner is random.
pub(super) struct PlainSpare {
    pub slot: SlotId,
    pub key: DataKey,
}

#[derive(Default)]
pub(super) struct Spares {
    pub purchases: Vec<PurchaseSpare>,
    pub plain: Vec<PlainSpare>,
    /// Whether the keys file was searched for slots to use again.
    places_known: bool,
}

impl Spares {
    /// The keys file was searched.
    pub fn places_are_known(&mut self) {
        self.places_known = true;
    }
}

impl Store {
    /// Refills what is half empty.
    pub(super) fn stock_spares(&mut self) -> Result<(), StoreError> {
        if self.spares.purchases.len() < STOCK / 2 || self.spares.plain.len() < PLAIN_STOCK / 2 {
            if !self.spares.places_known {
                // Or the keys file would grow with each start.
                self.keys.search()?;
                self.spares.places_known = true;
            }
            self.require_spares(STOCK, PLAIN_STOCK)?;
        }
        Ok(())
    }

    /// Makes sure of at least that many spares, durable, with one sync for all that are missing.
    pub(super) fn require_spares(&mut self, purchases: usize, plain: usize) -> Result<(), StoreError> {
        let codes: Vec<ReceiptCode> =
            (self.spares.purchases.len()..purchases).map(|_| ReceiptCode::random()).collect();
        // Each sale takes some: what is missing is made with the next ones, once it is known where.
        let is_missing = plain > self.spares.plain.len();
        let plain = if is_missing && self.spares.places_known { plain.max(PLAIN_STOCK) } else { plain };
        let plain_count = plain.saturating_sub(self.spares.plain.len());
        if codes.is_empty() && plain_count == 0 {
            return Ok(());
        }
        let mut owners: Vec<[u8; 16]> = codes.iter().map(ReceiptCode::purchase_id).collect();
        owners.extend((0..plain_count).map(|_| random_id()));
        let mut written = self.keys.write(&owners)?.into_iter();
        for code in codes {
            let (slot, key) = written.next().expect("a slot for each owner");
            self.spares.purchases.push(PurchaseSpare { code, slot, key });
        }
        self.spares.plain.extend(written.map(|(slot, key)| PlainSpare { slot, key }));
        Ok(())
    }
}
