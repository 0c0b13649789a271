//! What columns of the tables mean: one reading for every row of a kind.

use rusqlite::Row;

use crate::domain::policy::Memory;
use crate::seal::SlotId;

/// The index in the place of a number that no slot can have: behind every end.
pub(super) const NO_INDEX: u32 = u32::MAX;

/// The slot that a row names, [`NO_INDEX`] for a number that none can have: the owner tells where it is
/// ([`crate::seal::KeyFile::zero_wherever`]), and one bad number keeps no other row from being read.
pub(super) fn slot_id(row: &Row<'_>, number: usize, owner: [u8; 16]) -> rusqlite::Result<SlotId> {
    let index = u32::try_from(row.get::<_, i64>(number)?).unwrap_or(NO_INDEX);
    Ok(SlotId { index, owner })
}

/// [`Memory::Profile`] in the column `memory`.
const PROFILE: u8 = 2;

/// What opens a kept purchase. Nothing else than these two is ever kept.
pub(super) fn memory(row: &Row<'_>, number: usize) -> rusqlite::Result<Memory> {
    Ok(if row.get::<_, u8>(number)? == PROFILE { Memory::Profile } else { Memory::Receipt })
}

/// What stands in that column.
pub(super) fn memory_number(memory: Memory) -> u8 {
    if memory == Memory::Profile { PROFILE } else { 1 }
}
