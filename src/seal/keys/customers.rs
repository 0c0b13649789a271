//! Which slots are a customer's: an index in memory over what the slots themselves say.

use std::collections::HashMap;

use super::SlotId;
use super::slot::{self, Holds, SLOT, Tie};
use crate::seal::aead::DataKey;
use crate::seal::lookup::Lookup;

/// A slot of a customer, and what it has the key of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomerSlot {
    pub slot: SlotId,
    pub holds: Holds,
}

#[derive(Debug, Default)]
pub(super) struct Customers {
    slots: HashMap<Lookup, Vec<CustomerSlot>>,
    /// Slots that are neither zero nor whole, as they are.
    damaged: Vec<(u32, [u8; SLOT])>,
}

/// Bytes of a lookup that a damaged slot must still have to be taken for that customer's: by chance one in
/// 2^85 has so many.
const BYTES_ALIKE: usize = 12;

impl Customers {
    pub(super) fn add(&mut self, slot: SlotId, Tie { customer, holds }: Tie) {
        self.slots.entry(customer).or_default().push(CustomerSlot { slot, holds });
    }

    pub(super) fn add_damaged(&mut self, index: u32, bytes: &[u8; SLOT]) {
        self.damaged.push((index, *bytes));
    }

    /// Takes out a slot that is zero now. `tie`: what it said before, unless it was damaged.
    pub(super) fn remove(&mut self, index: u32, tie: Option<Tie>) {
        self.damaged.retain(|(damaged, _)| *damaged != index);
        if let Some(tie) = tie
            && let Some(slots) = self.slots.get_mut(&tie.customer)
        {
            slots.retain(|known| known.slot.index != index);
            if slots.is_empty() {
                self.slots.remove(&tie.customer);
            }
        }
    }

    pub(super) fn of(&self, customer: &Lookup) -> &[CustomerSlot] {
        self.slots.get(customer).map_or(&[], Vec::as_slice)
    }

    /// A damaged slot is this customer's where most of their lookup is left in it, and where its key opens once the
    /// lookup is put right: whoever has the files and guesses the number could do that, too.
    pub(super) fn damaged_of(&self, customer: &Lookup, wrap: &DataKey) -> Vec<u32> {
        let is_theirs = |(index, bytes): &&(u32, [u8; SLOT])| {
            is_alike(&slot::lookup_place(bytes), customer) || slot::opens_for(*index, bytes, *customer, wrap)
        };
        self.damaged.iter().filter(is_theirs).map(|(index, _)| *index).collect()
    }

    /// Damaged slots of which nothing tells whose they are.
    pub(super) fn damaged_of_nobody(&self) -> Vec<u32> {
        let is_known = |found: &Lookup| self.slots.keys().any(|customer| is_alike(found, customer));
        let of_nobody = self.damaged.iter().filter(|(_, bytes)| !is_known(&slot::lookup_place(bytes)));
        of_nobody.map(|(index, _)| *index).collect()
    }
}

fn is_alike(one: &Lookup, other: &Lookup) -> bool {
    one.0.iter().zip(&other.0).filter(|(one, other)| one == other).count() >= BYTES_ALIKE
}
