//! Staff PINs. A PIN of four digits has only 10,000 values, which whoever has the hashes tries in
//! minutes however slow the hash: so each is hashed with a pepper derived from `store.key`, which
//! is not in the database.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use super::random_bytes;
use super::store_key::{Purpose, StoreKey};

/// 19 MiB, 2 passes, 1 lane: the OWASP Password Storage Cheat Sheet's first choice for Argon2id (RFC 9106).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What a stored hash may ask of this machine: a damaged one must not take all its memory or time.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 16;

/// The stored hash is damaged, or was not made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinError;

/// The hash to store, as a PHC string (`$argon2id$v=19$…`) with a random salt. Takes about 20 ms.
pub fn hash(pin: &str, store_key: &StoreKey) -> String {
    hash_with_salt(pin, &random_bytes(), store_key)
}

/// Whether `pin` is the one that was hashed. Takes about 20 ms. Errors: the hash is damaged.
pub fn verify(pin: &str, hash: &str, store_key: &StoreKey) -> Result<bool, PinError> {
    let hash = PasswordHash::new(hash).map_err(|_| PinError)?;
    let params = Params::try_from(&hash).map_err(|_| PinError)?;
    let made_here = hash.algorithm == Algorithm::Argon2id.ident()
        && hash.version == Some(Version::V0x13.into())
        && hash.salt.is_some()
        && hash.hash.is_some();
    if !made_here
        || params.m_cost() > MEMORY_KIB_MAX
        || params.t_cost() > PASSES_MAX
        || params.p_cost() != LANES
    {
        return Err(PinError);
    }
    let pepper = store_key.derive(Purpose::PinPepper);
    match hasher(pepper.bytes()).verify_password(pin.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(_) => Err(PinError),
    }
}

/// For the log; people read the words of the locale.
impl fmt::Display for PinError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PIN: the stored hash is damaged")
    }
}

impl std::error::Error for PinError {}

fn hash_with_salt(pin: &str, salt: &[u8; 16], store_key: &StoreKey) -> String {
    let pepper = store_key.derive(Purpose::PinPepper);
    hasher(pepper.bytes())
        .hash_password_with_salt(pin.as_bytes(), salt)
        .expect("Argon2 takes a PIN of any length")
        .to_string()
}

fn hasher(pepper: &[u8]) -> Argon2<'_> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are in range");
    Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, params).expect("the pepper is short")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::store_key::fixed_store_key;

    #[test]
    fn frozen_hash_verifies_for_ever() {
        let frozen = "$argon2id$v=19$m=19456,t=2,p=1$BQUFBQUFBQUFBQUFBQUFBQ$aX57SHXRnsvB59zeeT9YPdE5S13UQcfhDhWpoEjGXIo";
        assert_eq!(hash_with_salt("1234", &[5; 16], &fixed_store_key()), frozen);
        assert_eq!(verify("1234", frozen, &fixed_store_key()), Ok(true));
    }

    #[test]
    fn only_the_pin_with_this_store_s_pepper_verifies() {
        let key = fixed_store_key();
        let stored = hash("4071", &key);
        assert_ne!(stored, hash("4071", &key), "a salt was used twice");
        assert_eq!(verify("4071", &stored, &key), Ok(true));
        assert_eq!(verify("4072", &stored, &key), Ok(false));
        assert_eq!(verify("", &stored, &key), Ok(false));
        assert_eq!(verify("4071", &stored, &StoreKey::random()), Ok(false));
    }

    #[test]
    fn damaged_hashes_are_an_error() {
        let key = fixed_store_key();
        let stored = hash("1", &key);
        for damaged in [
            String::new(),
            "1234".to_owned(),
            "$argon2id$v=19$m=19456,t=2,p=1".to_owned(),
            stored.replace("argon2id", "argon2i"),
            stored.replace("argon2id", "scrypt"),
            stored.replace("m=19456", "m=4194304"),
            stored.replace("t=2", "t=4000000"),
            stored.replace("p=1", "p=9"),
            stored.replace("v=19", "v=16"),
            stored.chars().take(60).collect(),
        ] {
            assert_eq!(verify("1", &damaged, &key), Err(PinError), "{damaged}");
        }
    }
}
