//! Which slots are a customer's: an index in memory over what the slots themselves say.

use std::collections::HashMap;

use super::SlotId;
use super::slot::{Holds, Tie};
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
    /// Slots that are neither zero nor whole, with what lies where a lookup would.
    damaged: Vec<(u32, Lookup)>,
}

/// Bytes of a lookup that a damaged slot must still have to be taken for that customer's: by chance one in
/// 2^85 has so many.
const BYTES_ALIKE: usize = 12;

impl Customers {
    pub(super) fn add(&mut self, slot: SlotId, Tie { customer, holds }: Tie) {
        self.slots.entry(customer).or_default().push(CustomerSlot { slot, holds });
    }

    pub(super) fn add_damaged(&mut self, index: u32, lookup: Lookup) {
        self.damaged.push((index, lookup));
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

    pub(super) fn damaged_of(&self, customer: &Lookup) -> Vec<u32> {
        let is_alike = |found: &Lookup| {
            found.0.iter().zip(&customer.0).filter(|(one, other)| one == other).count() >= BYTES_ALIKE
        };
        self.damaged.iter().filter(|(_, found)| is_alike(found)).map(|(index, _)| *index).collect()
    }
}
