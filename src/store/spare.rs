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
        if !self.spares.places_known {
            self.keys.make_room()?;
        }
        // Slots in the order of use would tell by zeros between them which sales were forgotten: both kinds lie mixed,
        // and are used in another order.
        let mut wanted: Vec<([u8; 16], Option<ReceiptCode>)> =
            codes.into_iter().map(|code| (code.purchase_id(), Some(code))).collect();
        wanted.extend((0..plain_count).map(|_| (random_id(), None)));
        wanted.sort_by_key(|(owner, _)| *owner);
        let owners: Vec<[u8; 16]> = wanted.iter().map(|(owner, _)| *owner).collect();
        for ((slot, key), (_, code)) in self.keys.write(&owners)?.into_iter().zip(wanted) {
            match code {
                Some(code) => self.spares.purchases.push(PurchaseSpare { code, slot, key }),
                None => self.spares.plain.push(PlainSpare { slot, key }),
            }
        }
        self.spares.purchases.sort_by_cached_key(|_| random_id());
        self.spares.plain.sort_by_cached_key(|_| random_id());
        Ok(())
    }
}
