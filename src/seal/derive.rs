//! The two ways a key or an id comes from another: HKDF-SHA256 (RFC 5869) and HMAC-SHA256
//! (RFC 2104).

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::aead::DataKey;

/// HKDF-SHA256 of `secret` into `out`, at most 32 bytes; `info` separates one use from the next.
pub(super) fn expand(salt: Option<&[u8]>, secret: &[u8], info: &str, out: &mut [u8]) {
    Hkdf::<Sha256>::new(salt, secret).expand(info.as_bytes(), out).expect("HKDF gives up to 8160 bytes");
}

/// An HMAC-SHA256 that has taken in `parts`, to be finished or compared in constant time. The
/// caller frames the parts so that no two lists of them run together into the same bytes.
pub(super) fn mac(key: &DataKey, parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac
}
