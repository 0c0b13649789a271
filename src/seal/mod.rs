//! Everything personal is ciphertext under a key that can be overwritten in place: the store key,
//! sealed bytes, the file of key slots, receipt codes, lookups and PINs. Files are touched only for
//! `store.key` and `olvido.keys`, and by the one way to make, open and erase a private file; no SQL,
//! no terminal, no network.
//!
//! Keys hang together like this. `store.key` opens nothing by itself: each purpose has its own key
//! derived from it. The one for slots unwraps the random keys in `olvido.keys`, and these seal
//! the purchases, profiles and drafts in the database. Zeroing a slot forgets what its key sealed,
//! in every copy of the database; the code on a receipt is a second half that the store never has.

pub mod aead;
pub mod base32;
pub mod code;
pub mod device;
pub mod keys;
pub mod lookup;
pub mod marks;
pub mod pin;
pub mod private_file;
pub mod store_key;

mod derive;

pub use aead::{DataKey, SealError};
pub use code::{CodeError, ReceiptCode};
pub use device::{DeviceKey, DevicePublicKey, DeviceSignature};
pub use keys::{CustomerSlot, Holds, KeyFile, KeyWrapper, KeysError, SlotId, SlotSurvey, Tie};
pub use lookup::{Lookup, customer_lookup, request_lookup};
pub use marks::{Marks, is_same};
pub use pin::PinError;
pub use store_key::{Purpose, StoreKey, StoreKeyError};

/// 16 random bytes: the id of a purchase, profile or draft, and so the owner of its key slot.
///
/// Panics when the operating system has no randomness to give: nothing safe can follow.
pub fn random_id() -> [u8; 16] {
    random_bytes()
}

/// Bytes of the operating system's generator. Panics like [`random_id`].
fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

/// Frozen vectors are written in hexadecimal.
#[cfg(test)]
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
