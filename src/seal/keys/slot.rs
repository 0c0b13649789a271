//! The bytes of `olvido.keys`: a header and slots, 128 bytes each. Numbers are little-endian.
//!
//! | header | slot | bytes |
//! |---|---|---|
//! | magic `OLVIDOK1` | magic `OLVSLOT1` | 0–7 |
//! | file id, 16 random bytes | owner | 8–23 |
//! | nonce | nonce | 24–47 |
//! | zeros | wrapped key | 48–79 |
//! | tag over nothing | tag | 80–95 |
//! | zeros | index | 96–99 |
//! | zeros | the customer's lookup | 100–115 |
//! | zeros | 1: holds the profile's key, 2: a purchase's | 116 |
//! | zeros | zeros | 117–119 |
//! | first 8 bytes of SHA-256 of the above | the same | 120–127 |
//!
//! The header's tag needs the store key and so tells a wrong one. A slot's tag covers its owner, its index
//! and, where it is a customer's, bytes 100–116; in every other slot these are zeros. A free slot is all
//! zeros. Four lie in a sector of 512 bytes, none across two.

use sha2::{Digest, Sha256};

use super::SlotId;
use crate::seal::aead::{self, DataKey, NONCE, TAG};
use crate::seal::lookup::Lookup;
use crate::seal::random_bytes;

/// Length of the header and of each slot, in bytes.
pub(super) const SLOT: usize = 128;
pub(super) const ZEROS: [u8; SLOT] = [0; SLOT];

const HEADER_MAGIC: [u8; 8] = *b"OLVIDOK1";
const SLOT_MAGIC: [u8; 8] = *b"OLVSLOT1";
const OWNER: usize = 8;
const NONCE_AT: usize = 24;
const WRAPPED: usize = 48;
const TAG_AT: usize = 80;
const INDEX: usize = 96;
const LOOKUP: usize = 100;
const HOLDS: usize = 116;
const UNUSED: usize = 117;
const CHECK: usize = 120;

/// What binds a slot to a customer. It goes with the key, in the same write of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tie {
    pub customer: Lookup,
    pub holds: Holds,
}

/// What a customer's slot has the key of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    Profile = 1,
    Purchase = 2,
}

/// What 128 bytes at the place of a slot are.
pub(super) enum Content<'a> {
    Free,
    Live(SlotId, Wrapped<'a>),
    Damaged,
}

/// A key still wrapped.
#[derive(Clone, Copy)]
pub(super) struct Wrapped<'a>(&'a [u8; SLOT]);

/// What the first 128 bytes of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    Ours,
    OtherStoreKey,
    NotAKeyFile,
}

pub(super) fn new_header(wrap: &DataKey) -> [u8; SLOT] {
    header_from(wrap, random_bytes(), random_bytes())
}

pub(super) fn judge_header(wrap: &DataKey, bytes: &[u8; SLOT]) -> Header {
    if part::<8>(bytes, 0) != HEADER_MAGIC || part::<8>(bytes, CHECK) != check(bytes) {
        return Header::NotAKeyFile;
    }
    match aead::decrypt(wrap, &part(bytes, NONCE_AT), &bytes[..NONCE_AT], &mut [], &part(bytes, TAG_AT)) {
        Ok(()) => Header::Ours,
        Err(_) => Header::OtherStoreKey,
    }
}

/// The random id in a header.
pub(super) fn file_id(header: &[u8; SLOT]) -> [u8; 16] {
    part(header, OWNER)
}

pub(super) fn new_slot(wrap: &DataKey, id: SlotId, tie: Option<Tie>, key: &DataKey) -> [u8; SLOT] {
    slot_from(wrap, id, tie, key, random_bytes())
}

/// Judges the bytes found at `index` without unwrapping the key in them.
pub(super) fn judge_slot(index: u32, bytes: &[u8; SLOT]) -> Content<'_> {
    if *bytes == ZEROS {
        return Content::Free;
    }
    let well_formed = part::<8>(bytes, 0) == SLOT_MAGIC
        && part::<4>(bytes, INDEX) == index.to_le_bytes()
        && (tie(bytes).is_some() || bytes[LOOKUP..UNUSED].iter().all(|byte| *byte == 0))
        && bytes[UNUSED..CHECK].iter().all(|byte| *byte == 0)
        && part::<8>(bytes, CHECK) == check(bytes);
    if !well_formed {
        return Content::Damaged;
    }
    Content::Live(SlotId { index, owner: part(bytes, OWNER) }, Wrapped(bytes))
}

/// What lies where an owner would, in a slot that is damaged.
pub(super) fn owner_place(bytes: &[u8; SLOT]) -> [u8; 16] {
    part(bytes, OWNER)
}

/// What lies where a lookup would, in a slot that is damaged.
pub(super) fn lookup_place(bytes: &[u8; SLOT]) -> Lookup {
    Lookup(part(bytes, LOOKUP))
}

/// Whether the key in a damaged slot opens as this customer's, whatever stands where the lookup would.
pub(super) fn opens_for(index: u32, bytes: &[u8; SLOT], customer: Lookup, wrap: &DataKey) -> bool {
    let id = SlotId { index, owner: owner_place(bytes) };
    [Holds::Profile, Holds::Purchase].into_iter().any(|holds| {
        let mut repaired = *bytes;
        repaired[LOOKUP..HOLDS].copy_from_slice(&customer.0);
        repaired[HOLDS] = holds as u8;
        Wrapped(&repaired).unwrap_for(wrap, id).is_some()
    })
}

fn tie(bytes: &[u8; SLOT]) -> Option<Tie> {
    let holds = match bytes[HOLDS] {
        1 => Holds::Profile,
        2 => Holds::Purchase,
        _ => return None,
    };
    Some(Tie { customer: lookup_place(bytes), holds })
}

impl Wrapped<'_> {
    /// Whose slot it is, where it is a customer's.
    pub(super) fn tie(&self) -> Option<Tie> {
        tie(self.0)
    }

    /// The key, or nothing when it was not wrapped here under `wrap` for `id`.
    pub(super) fn unwrap_for(&self, wrap: &DataKey, id: SlotId) -> Option<DataKey> {
        let mut key = DataKey::from_bytes(part(self.0, WRAPPED));
        let (nonce, tag) = (part(self.0, NONCE_AT), part(self.0, TAG_AT));
        aead::decrypt(wrap, &nonce, &associated(id, self.tie()), key.bytes_mut(), &tag).ok()?;
        Some(key)
    }
}

fn header_from(wrap: &DataKey, file_id: [u8; 16], nonce: [u8; NONCE]) -> [u8; SLOT] {
    let mut bytes = ZEROS;
    bytes[..OWNER].copy_from_slice(&HEADER_MAGIC);
    bytes[OWNER..NONCE_AT].copy_from_slice(&file_id);
    bytes[NONCE_AT..WRAPPED].copy_from_slice(&nonce);
    let tag = aead::encrypt(wrap, &nonce, &bytes[..NONCE_AT], &mut []);
    bytes[TAG_AT..INDEX].copy_from_slice(&tag);
    with_check(bytes)
}

fn slot_from(wrap: &DataKey, id: SlotId, tie: Option<Tie>, key: &DataKey, nonce: [u8; NONCE]) -> [u8; SLOT] {
    let mut bytes = ZEROS;
    bytes[..OWNER].copy_from_slice(&SLOT_MAGIC);
    bytes[OWNER..NONCE_AT].copy_from_slice(&id.owner);
    bytes[NONCE_AT..WRAPPED].copy_from_slice(&nonce);
    // Encrypted where it lies, so that no other copy of the key is left behind.
    bytes[WRAPPED..TAG_AT].copy_from_slice(key.bytes());
    let tag: [u8; TAG] = aead::encrypt(wrap, &nonce, &associated(id, tie), &mut bytes[WRAPPED..TAG_AT]);
    bytes[TAG_AT..INDEX].copy_from_slice(&tag);
    bytes[INDEX..LOOKUP].copy_from_slice(&id.index.to_le_bytes());
    if let Some(Tie { customer, holds }) = tie {
        bytes[LOOKUP..HOLDS].copy_from_slice(&customer.0);
        bytes[HOLDS] = holds as u8;
    }
    with_check(bytes)
}

fn associated(id: SlotId, tie: Option<Tie>) -> Vec<u8> {
    let mut bytes = [&id.owner[..], &id.index.to_le_bytes()].concat();
    if let Some(Tie { customer, holds }) = tie {
        bytes.extend_from_slice(&customer.0);
        bytes.push(holds as u8);
    }
    bytes
}

fn with_check(mut bytes: [u8; SLOT]) -> [u8; SLOT] {
    let check = check(&bytes);
    bytes[CHECK..].copy_from_slice(&check);
    bytes
}

fn check(bytes: &[u8; SLOT]) -> [u8; 8] {
    let digest = Sha256::digest(&bytes[..CHECK]);
    std::array::from_fn(|place| digest[place])
}

fn part<const N: usize>(bytes: &[u8; SLOT], start: usize) -> [u8; N] {
    std::array::from_fn(|place| bytes[start + place])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::hex;
    use crate::seal::store_key::{Purpose, fixed_store_key};

    #[test]
    fn header_and_slot_are_frozen() {
        let wrap = fixed_store_key().derive(Purpose::WrapSlots);
        let header = header_from(&wrap, [1; 16], [2; NONCE]);
        assert_eq!(
            hex(&header),
            concat!(
                "4f4c5649444f4b310101010101010101010101010101010102020202020202020202020202020202",
                "02020202020202020000000000000000000000000000000000000000000000000000000000000000",
                "33851adb76bea6af675ecf74b2df83b3000000000000000000000000000000000000000000000000",
                "9437e961f46d15dd"
            )
        );
        assert_eq!(judge_header(&wrap, &header), Header::Ours);

        let id = SlotId { index: 5, owner: [3; 16] };
        let slot = slot_from(&wrap, id, None, &DataKey::from_bytes([4; 32]), [6; NONCE]);
        assert_eq!(
            hex(&slot),
            concat!(
                "4f4c56534c4f54310303030303030303030303030303030306060606060606060606060606060606",
                "0606060606060606ac86840dcd5463a80eb23dc0a8c855a0924668091176368fdc84981c9afb62ec",
                "df353b9c4802bea500dc5edabef9878e050000000000000000000000000000000000000000000000",
                "d1dcee77081954a1"
            )
        );
        let Content::Live(found, wrapped) = judge_slot(5, &slot) else { panic!("not live") };
        assert_eq!(found, id);
        assert_eq!(wrapped.unwrap_for(&wrap, id).unwrap().bytes(), &[4; 32]);
    }

    const TIE: Tie = Tie { customer: Lookup([7; 16]), holds: Holds::Purchase };

    #[test]
    fn a_customer_s_slot_is_frozen() {
        let wrap = fixed_store_key().derive(Purpose::WrapSlots);
        let id = SlotId { index: 5, owner: [3; 16] };
        let slot = slot_from(&wrap, id, Some(TIE), &DataKey::from_bytes([4; 32]), [6; NONCE]);
        assert_eq!(
            hex(&slot),
            concat!(
                "4f4c56534c4f54310303030303030303030303030303030306060606060606060606060606060606",
                "0606060606060606ac86840dcd5463a80eb23dc0a8c855a0924668091176368fdc84981c9afb62ec",
                "ade3f1c990c0fa46af0bc3dd40c6320305000000070707070707070707070707070707070200000",
                "0fca153a312d62b70"
            )
        );
        let Content::Live(found, wrapped) = judge_slot(5, &slot) else { panic!("not live") };
        assert_eq!((found, wrapped.tie()), (id, Some(TIE)));
        assert_eq!(wrapped.unwrap_for(&wrap, id).unwrap().bytes(), &[4; 32]);
    }

    #[test]
    fn every_altered_byte_is_damage() {
        let wrap = DataKey::random();
        let id = SlotId { index: 9, owner: [3; 16] };
        let header = new_header(&wrap);
        for tie in [None, Some(TIE)] {
            let slot = new_slot(&wrap, id, tie, &DataKey::random());
            for place in 0..SLOT {
                let (mut header, mut slot) = (header, slot);
                header[place] ^= 1;
                slot[place] ^= 1;
                assert_eq!(judge_header(&wrap, &header), Header::NotAKeyFile, "{place}");
                assert!(matches!(judge_slot(9, &slot), Content::Damaged), "{place}");
            }
            assert!(matches!(judge_slot(8, &slot), Content::Damaged), "moved to another place");
        }
        assert_eq!(judge_header(&DataKey::random(), &header), Header::OtherStoreKey);
    }

    #[test]
    fn a_key_unwraps_for_its_owner_and_place_alone() {
        let wrap = DataKey::random();
        let id = SlotId { index: 9, owner: [3; 16] };
        let slot = new_slot(&wrap, id, Some(TIE), &DataKey::random());
        let wrapped = Wrapped(&slot);
        assert!(wrapped.unwrap_for(&wrap, id).is_some());
        assert!(wrapped.unwrap_for(&DataKey::random(), id).is_none());
        assert!(wrapped.unwrap_for(&wrap, SlotId { index: 8, ..id }).is_none());
        assert!(wrapped.unwrap_for(&wrap, SlotId { owner: [4; 16], ..id }).is_none());
        // Given to another customer, with a checksum that is right again.
        let mut given = slot;
        given[LOOKUP] ^= 1;
        let given = with_check(given);
        let Content::Live(_, wrapped) = judge_slot(9, &given) else { panic!("not live") };
        assert!(wrapped.unwrap_for(&wrap, id).is_none());
    }
}
