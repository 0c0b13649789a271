//! How a customer or a request is found without its name being stored: by a keyed hash, HMAC-SHA256
//! (RFC 2104). Who has the database but not `store.key` cannot try out phone numbers against it.

use hmac::Mac;

use super::DataKey;
use super::derive;
use super::store_key::{Purpose, StoreKey};

/// What a returning customer is found by: the first 128 bits of an HMAC-SHA256. It lies in key slots alone,
/// and goes with the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lookup(pub [u8; 16]);

/// The hash by which a returning customer is found. `kind` is what the identifier is (`phone`, `email`,
/// `card`), so that the same digits as phone and as card are two customers; `normalised` is the identifier
/// with one spelling for all its writings.
pub fn customer_lookup(store_key: &StoreKey, kind: &str, normalised: &str) -> Lookup {
    // The length first, so that kind and identifier cannot run into each other.
    let length = (kind.len() as u64).to_le_bytes();
    let key = store_key.derive(Purpose::CustomerLookup);
    Lookup(half(&key, &[&length, kind.as_bytes(), normalised.as_bytes()]))
}

/// The hash by which a `ring` request that comes again is recognised: 128 bits of HMAC-SHA256.
pub fn request_lookup(store_key: &StoreKey, id: &str) -> [u8; 16] {
    half(&store_key.derive(Purpose::RequestLookup), &[id.as_bytes()])
}

/// The first half of the HMAC.
fn half(key: &DataKey, parts: &[&[u8]]) -> [u8; 16] {
    let whole: [u8; 32] = derive::mac(key, parts).finalize().into_bytes().into();
    std::array::from_fn(|index| whole[index])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::hex;
    use crate::seal::store_key::fixed_store_key;

    #[test]
    fn lookups_are_frozen() {
        let key = fixed_store_key();
        assert_eq!(
            hex(&customer_lookup(&key, "phone", "+34600000000").0),
            "8244475933c22d8c405dd2d3a4651089"
        );
        assert_eq!(hex(&request_lookup(&key, "order-1")), "45f1f8bd13ebf1ff15b784bec973b58a");
    }

    #[test]
    fn lookups_differ_by_store_kind_and_identifier() {
        let (key, other) = (fixed_store_key(), StoreKey::random());
        let lookup = customer_lookup(&key, "phone", "600");
        assert_eq!(lookup, customer_lookup(&key, "phone", "600"));
        assert_ne!(lookup, customer_lookup(&other, "phone", "600"));
        assert_ne!(lookup, customer_lookup(&key, "card", "600"));
        assert_ne!(lookup, customer_lookup(&key, "phone6", "00"));
        assert_ne!(request_lookup(&key, "1"), request_lookup(&other, "1"));
        assert_ne!(request_lookup(&key, "1"), request_lookup(&key, "2"));
    }
}
