//! Marks: HMAC-SHA256 (RFC 2104) under a key derived for one purpose. What the hub gave out it knows
//! again by its mark, without having stored anything.

use hmac::Mac;

use super::aead::DataKey;
use super::derive;
use super::store_key::{Purpose, StoreKey};

/// Makes marks and checks them.
#[derive(Debug)]
pub struct Marks(DataKey);

impl Marks {
    /// In bytes.
    pub const LENGTH: usize = 32;

    pub fn new(store_key: &StoreKey, purpose: Purpose) -> Marks {
        Marks(store_key.derive(purpose))
    }

    /// The mark of these parts, in this order; each is framed by its length.
    pub fn mark(&self, parts: &[&[u8]]) -> [u8; Marks::LENGTH] {
        self.mac(parts).finalize().into_bytes().into()
    }

    /// Whether `mark` is theirs, in constant time.
    pub fn is_mark(&self, parts: &[&[u8]], mark: &[u8]) -> bool {
        self.mac(parts).verify_slice(mark).is_ok()
    }

    fn mac(&self, parts: &[&[u8]]) -> hmac::Hmac<sha2::Sha256> {
        let mut mac = derive::mac(&self.0, &[]);
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
pub fn is_same<const N: usize>(one: &[u8; N], other: &[u8; N]) -> bool {
    one.iter().zip(other).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::hex;
    use crate::seal::store_key::fixed_store_key;

    #[test]
    fn marks_are_frozen() {
        let marks = Marks::new(&fixed_store_key(), Purpose::HubSession);
        assert_eq!(
            hex(&marks.mark(&[b"store", b"till"])),
            "b3f22eca0a6be73114276a49db5a55004cb6369610cfcae9f17fe66d1a1fe8af"
        );
    }

    #[test]
    fn another_part_frame_or_purpose_has_another_mark() {
        let key = fixed_store_key();
        let marks = Marks::new(&key, Purpose::HubSession);
        let mark = marks.mark(&[b"ab", b"c"]);
        assert!(marks.is_mark(&[b"ab", b"c"], &mark));
        for parts in [&[&b"a"[..], b"bc"][..], &[b"abc"], &[b"ab", b"d"], &[b"ab", b"c", b""]] {
            assert!(!marks.is_mark(parts, &mark), "{parts:?}");
        }
        assert!(!marks.is_mark(&[b"ab", b"c"], &mark[..31]));
        assert!(!Marks::new(&key, Purpose::HubChallenge).is_mark(&[b"ab", b"c"], &mark));
    }

    #[test]
    fn the_same_and_not() {
        assert!(is_same(&[1, 2, 3], &[1, 2, 3]));
        assert!(!is_same(&[1, 2, 3], &[1, 2, 4]));
        assert!(!is_same(&[0, 2, 3], &[1, 2, 3]));
    }
}
