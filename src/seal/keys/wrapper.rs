//! The same wrapping without the file.

use super::slot::{self, Content, Header, SLOT};
use super::{KeysError, SlotId};
use crate::seal::aead::DataKey;
use crate::seal::store_key::{Purpose, StoreKey};

/// Keys wrapped one by one as the slots of a file are, for a table in the place of a file.
pub struct KeyWrapper {
    wrap: DataKey,
}

impl KeyWrapper {
    /// Of a wrapped key, in bytes.
    pub const LENGTH: usize = SLOT;

    pub fn new(store_key: &StoreKey) -> KeyWrapper {
        KeyWrapper { wrap: store_key.derive(Purpose::WrapSlots) }
    }

    /// What the table keeps of a fresh key, and the key.
    pub fn give(&self, id: SlotId) -> (Vec<u8>, DataKey) {
        let key = DataKey::random();
        (slot::new_slot(&self.wrap, id, None, &key).to_vec(), key)
    }

    /// The key of what [`KeyWrapper::give`] gave for this id. Errors: `DamagedSlot`, also where it was
    /// wrapped under another store key.
    pub fn open(&self, id: SlotId, wrapped: &[u8]) -> Result<DataKey, KeysError> {
        let damaged = KeysError::DamagedSlot(id.index);
        let Ok(bytes) = wrapped.try_into() else { return Err(damaged) };
        match slot::judge_slot(id.index, bytes) {
            Content::Live(found, wrapped) if found == id => wrapped.unwrap_for(&self.wrap, id).ok_or(damaged),
            Content::Live(..) | Content::Free | Content::Damaged => Err(damaged),
        }
    }

    /// A header like a key file's, by which another store key is told. Random each time.
    pub fn new_header(&self) -> Vec<u8> {
        slot::new_header(&self.wrap).to_vec()
    }

    /// The random id in a header. Errors: `NotAKeyFile`, `WrongStoreKey`.
    pub fn id_of(&self, header: &[u8]) -> Result<[u8; 16], KeysError> {
        let header = header.try_into().map_err(|_| KeysError::NotAKeyFile)?;
        match slot::judge_header(&self.wrap, header) {
            Header::Ours => Ok(slot::file_id(header)),
            Header::OtherStoreKey => Err(KeysError::WrongStoreKey),
            Header::NotAKeyFile => Err(KeysError::NotAKeyFile),
        }
    }
}
