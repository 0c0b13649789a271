//! A till's own key: Ed25519 (RFC 8032). What a till says is signed with it, and it is how a till
//! shows who it is.

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::random_bytes;

/// The secret half, overwritten in memory when dropped.
pub struct DeviceKey(SigningKey);

/// The public half, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DevicePublicKey([u8; DevicePublicKey::LENGTH]);

/// 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DeviceSignature(pub [u8; DeviceSignature::LENGTH]);

impl DeviceKey {
    /// A fresh key.
    pub fn random() -> DeviceKey {
        DeviceKey(SigningKey::from_bytes(&Zeroizing::new(random_bytes())))
    }

    /// The key of a seed that [`DeviceKey::seed`] gave.
    pub fn from_seed(seed: &[u8; 32]) -> DeviceKey {
        DeviceKey(SigningKey::from_bytes(seed))
    }

    /// All that is needed to make the key again, to be kept sealed.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    pub fn public(&self) -> DevicePublicKey {
        DevicePublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs. The caller frames `message`, so that no two uses sign the same bytes.
    pub fn sign(&self, message: &[u8]) -> DeviceSignature {
        DeviceSignature(self.0.sign(message).to_bytes())
    }
}

impl DevicePublicKey {
    /// In bytes.
    pub const LENGTH: usize = 32;

    /// A public key as it was sent. `None` for bytes that are no point of the curve, or a weak one,
    /// for which anybody could sign.
    pub fn from_bytes(bytes: [u8; DevicePublicKey::LENGTH]) -> Option<DevicePublicKey> {
        let key = VerifyingKey::from_bytes(&bytes).ok()?;
        (!key.is_weak()).then_some(DevicePublicKey(bytes))
    }

    pub fn bytes(&self) -> &[u8; DevicePublicKey::LENGTH] {
        &self.0
    }

    /// Whether the holder of the secret half signed `message`; strict, as RFC 8032 5.1.7 and without
    /// small-order points.
    pub fn verifies(&self, message: &[u8], signature: &DeviceSignature) -> bool {
        VerifyingKey::from_bytes(&self.0)
            .is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(&signature.0)).is_ok())
    }
}

impl DeviceSignature {
    /// In bytes.
    pub const LENGTH: usize = 64;
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DeviceKey(…)")
    }
}

impl fmt::Debug for DevicePublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(8).try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for DeviceSignature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DeviceSignature(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::hex;

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn the_standards_example_comes_out() {
        let seed: [u8; 32] = std::array::from_fn(|i| {
            let text = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
            u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()
        });
        let key = DeviceKey::from_seed(&seed);
        assert_eq!(
            hex(key.public().bytes()),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
        );
        let signature = key.sign(&[0x72]);
        assert_eq!(
            hex(&signature.0),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );
        assert!(key.public().verifies(&[0x72], &signature));
        assert_eq!(*key.seed(), seed);
    }

    #[test]
    fn another_key_message_or_signature_does_not_verify() {
        let key = DeviceKey::random();
        let signature = key.sign(b"one");
        assert!(key.public().verifies(b"one", &signature));
        assert!(!key.public().verifies(b"two", &signature));
        assert!(!DeviceKey::random().public().verifies(b"one", &signature));
        for place in 0..DeviceSignature::LENGTH {
            let mut altered = signature;
            altered.0[place] ^= 1;
            assert!(!key.public().verifies(b"one", &altered), "{place}");
        }
    }

    #[test]
    fn a_key_for_which_anybody_could_sign_is_refused() {
        assert_eq!(DevicePublicKey::from_bytes([0; 32]), None);
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(DevicePublicKey::from_bytes(identity), None);
        assert!(DevicePublicKey::from_bytes(*DeviceKey::random().public().bytes()).is_some());
    }
}
