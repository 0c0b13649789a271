//! `store.key`: the one secret of a store, and the keys derived from it.

use std::fmt;
use std::io::{self, Read};
use std::path::Path;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::aead::DataKey;
use super::{derive, private_file, random_bytes};

/// 32 random bytes, never used themselves: every use has a key derived for it.
#[derive(PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct StoreKey([u8; StoreKey::LENGTH]);

/// What a derived key is for. Two purposes never share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Wraps the keys in the slots of `olvido.keys`.
    WrapSlots,
    /// Turns a customer's phone, e-mail or card number into the hash they are found by.
    CustomerLookup,
    /// Turns the id of a `ring` request into the hash it is recognised by.
    RequestLookup,
    /// Marks receipt codes behind which nothing is kept.
    CodeWithoutMemory,
    /// The pepper of staff PINs.
    PinPepper,
    /// Seals the secret half of the till's own key.
    DeviceKey,
    /// Marks the sessions that a hub has opened.
    HubSession,
    /// Marks what a hub gives a till to sign.
    HubChallenge,
    /// Seals a hub's enrolment codes until they are used.
    HubEnrolment,
    /// Marks the list of what a till's backup holds.
    Backup,
    /// Marks a hub's backup.
    HubBackup,
}

#[derive(Debug)]
pub enum StoreKeyError {
    /// The file is not 32 bytes long: no store key, or a damaged one.
    WrongLength,
    Io(io::Error),
}

impl StoreKey {
    /// Length of the key and of its file, in bytes.
    pub const LENGTH: usize = 32;

    /// A fresh key that is in no file.
    pub fn random() -> StoreKey {
        StoreKey(random_bytes())
    }

    /// A fresh key, written to `path` with mode 0600 and durable on return.
    /// Errors: `Io`, of kind `AlreadyExists` where there is a file; it is never overwritten.
    pub fn create(path: &Path) -> Result<StoreKey, StoreKeyError> {
        let key = StoreKey::random();
        private_file::create(path, &key.0).map_err(StoreKeyError::Io)?;
        Ok(key)
    }

    /// Reads the key; follows no link, and takes no other user's. The caller has checked the file's mode.
    /// Errors: `WrongLength`, `Io`.
    pub fn load(path: &Path) -> Result<StoreKey, StoreKeyError> {
        // Room for one byte more than the key, so that a longer file shows.
        let mut content = Zeroizing::new([0; StoreKey::LENGTH + 1]);
        let mut file = private_file::open_to_read(path).map_err(StoreKeyError::Io)?;
        let mut filled = 0;
        while filled < content.len() {
            match file.read(&mut content[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(StoreKeyError::Io(error)),
            }
        }
        if filled != StoreKey::LENGTH {
            return Err(StoreKeyError::WrongLength);
        }
        let mut key = StoreKey([0; StoreKey::LENGTH]);
        key.0.copy_from_slice(&content[..StoreKey::LENGTH]);
        Ok(key)
    }

    /// The key for one purpose, by HKDF-SHA256 (RFC 5869); always the same for the same store.
    pub fn derive(&self, purpose: Purpose) -> DataKey {
        let mut key = DataKey::from_bytes([0; DataKey::LENGTH]);
        derive::expand(None, &self.0, purpose.info(), key.bytes_mut());
        key
    }
}

impl Purpose {
    /// HKDF's `info`. Part of the format: a changed word loses everything derived with it.
    fn info(self) -> &'static str {
        match self {
            Purpose::WrapSlots => "olvido 1 wrap slots",
            Purpose::CustomerLookup => "olvido 1 customer lookup",
            Purpose::RequestLookup => "olvido 1 request lookup",
            Purpose::CodeWithoutMemory => "olvido 1 code without memory",
            Purpose::PinPepper => "olvido 1 pin pepper",
            Purpose::DeviceKey => "olvido 1 device key",
            Purpose::HubSession => "olvido 1 hub session",
            Purpose::HubChallenge => "olvido 1 hub challenge",
            Purpose::HubEnrolment => "olvido 1 hub enrolment",
            Purpose::Backup => "olvido 1 backup",
            Purpose::HubBackup => "olvido 1 hub backup",
        }
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("StoreKey(…)")
    }
}

/// For the log; people read the words of the locale.
impl fmt::Display for StoreKeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreKeyError::WrongLength => formatter.write_str("store key: not 32 bytes long"),
            StoreKeyError::Io(error) => write!(formatter, "store key: {error}"),
        }
    }
}

impl std::error::Error for StoreKeyError {}

#[cfg(test)]
pub(super) fn fixed_store_key() -> StoreKey {
    StoreKey(std::array::from_fn(|index| index as u8))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::seal::hex;

    #[test]
    fn created_private_once_and_loaded_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.key");
        let key = StoreKey::create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(StoreKey::load(&path).unwrap().0, key.0);
        assert_ne!(key.0, [0; 32]);
        let again = StoreKey::create(&path);
        assert!(
            matches!(&again, Err(StoreKeyError::Io(error)) if error.kind() == io::ErrorKind::AlreadyExists)
        );
        assert_eq!(StoreKey::load(&path).unwrap().0, key.0);
    }

    #[test]
    fn wrong_lengths_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.key");
        assert!(matches!(StoreKey::load(&path), Err(StoreKeyError::Io(_))));
        for length in [0, 1, 31, 33, 64] {
            std::fs::write(&path, vec![7; length]).unwrap();
            assert!(matches!(StoreKey::load(&path), Err(StoreKeyError::WrongLength)), "{length}");
        }
    }

    #[test]
    fn derived_keys_are_frozen() {
        let store_key = fixed_store_key();
        for (purpose, expected) in [
            (Purpose::WrapSlots, "c6b6882f0de85e16f14ad7def652310750d4b224fee62e25e0def7a3fd95b309"),
            (Purpose::CustomerLookup, "b254388cf7ec74c34867a63929d101d91122f56ad1438fc7bf49ccd446da9c23"),
            (Purpose::RequestLookup, "5795792d7ccce051d749ab1d99e583163f6777c98c95386c422da8eabb8c1223"),
            (Purpose::CodeWithoutMemory, "f44f09727ec76534a14a95c49e5daccba9af30e90274f8dde29d256ae5f22e50"),
            (Purpose::PinPepper, "20ec812fb3dd252dccbc66f4267076c25621fa4219ed53a24ed8e70a62a81571"),
            (Purpose::HubSession, "7a09348d5b02655773b0b62d270d8fc308b9cb79e61697d4897c63550b65941c"),
            (Purpose::HubChallenge, "0fb6c0e38dda1c6aec3af6cd2a7275a9222ca06b106400b91464f0d9df8cce24"),
            (Purpose::HubEnrolment, "ad585b7b3195d6bcce7edf57a90b2c5c798081a28ceafba2e5af544c6b892ce8"),
            (Purpose::Backup, "0f375c94e67a65196ca404533ac2aac6debcf8637045ebeb9f489c19c49eb0fc"),
            (Purpose::HubBackup, "98600b47bcc666ef5eaa0c83479a6bbf8ec559db7456a46af707ef4221c2a079"),
        ] {
            assert_eq!(hex(store_key.derive(purpose).bytes()), expected, "{purpose:?}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", fixed_store_key()), "StoreKey(…)");
    }
}
