//! How a till gets an identity, and shows it.
//!
//! An enrolment code is a store's id and 128 random bits. It never travels: both sides show that they
//! know it by an HMAC (RFC 2104) over everything they say, the certificate that the till saw among
//! it. Whoever stands between them has another certificate and does not know the code, so neither
//! side takes their word.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::record::{Origin, Series};
use super::wire::{EnrolAnswer, EnrolRequest, Hex, Id};
use crate::seal::base32;
use std::fmt;

/// `STORE-XXXXX-XXXXX-XXXXX-XXXXX-XXXXXX`: the store's id and 26 symbols of Crockford's base 32.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct EnrolmentCode {
    #[zeroize(skip)]
    store: String,
    secret: [u8; 16],
}

/// Why a text is no enrolment code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrolmentCodeError {
    /// There is no store's id before it, or one that no store has.
    Store,
    /// Not 26 symbols, hyphens not counted.
    Length,
    /// A symbol that no code has.
    Symbol(char),
}

const GROUPS: [usize; 5] = [5, 5, 5, 5, 6];

/// Whether a store may be called so: 1 to 32 of `A`–`Z`, `a`–`z`, `0`–`9` and `_`.
pub fn is_store_id(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl EnrolmentCode {
    /// A code of that store. `secret`: 16 random bytes.
    pub fn new(store: &str, secret: [u8; 16]) -> EnrolmentCode {
        assert!(is_store_id(store), "checked by the caller");
        EnrolmentCode { store: store.to_owned(), secret }
    }

    pub fn store(&self) -> &str {
        &self.store
    }

    /// What names the code without giving it away: the first 16 bytes of its SHA-256.
    pub fn name(&self) -> Id {
        let whole: [u8; 32] = Sha256::digest(self.secret).into();
        Hex(std::array::from_fn(|i| whole[i]))
    }

    /// As it is shown.
    pub fn text(&self) -> String {
        let value = u128::from_be_bytes(self.secret);
        let mut symbols = base32::symbols(&value);
        let groups = GROUPS.map(|count| symbols.by_ref().take(count).collect::<String>());
        format!("{}-{}", self.store, groups.join("-"))
    }

    /// Reads a code as typed: case (but for the store's id), hyphens and spaces in the code do not
    /// matter, O is 0, I and L are 1.
    pub fn parse(text: &str) -> Result<EnrolmentCode, EnrolmentCodeError> {
        let (store, rest) = text.trim().split_once('-').ok_or(EnrolmentCodeError::Store)?;
        if !is_store_id(store) {
            return Err(EnrolmentCodeError::Store);
        }
        let symbols = || rest.chars().filter(|symbol| !base32::is_separator(*symbol));
        if symbols().count() != base32::SYMBOLS {
            return Err(EnrolmentCodeError::Length);
        }
        let value = base32::read(symbols()).map_err(|(_, symbol)| EnrolmentCodeError::Symbol(symbol))?;
        Ok(EnrolmentCode { store: store.to_owned(), secret: value.to_be_bytes() })
    }

    /// What a till must show for this request; its own `proof` and its signature do not count.
    pub fn proof_of_till(&self, request: &EnrolRequest) -> Hex<32> {
        let mut mac = self.mac("till");
        let mut part = |bytes: &[u8]| {
            mac.update(&(bytes.len() as u64).to_be_bytes());
            mac.update(bytes);
        };
        part(request.store.as_bytes());
        part(&request.public_key.0);
        part(request.name.as_bytes());
        part(request.certificate.as_ref().map_or(&[][..], |c| &c.0[..]));
        if let Some(previous) = &request.previous {
            part(&previous.device.0);
            part(&previous.epoch.to_be_bytes());
        }
        for series in Series::ALL {
            part(&request.begin.get(&series).copied().unwrap_or(1).to_be_bytes());
        }
        Hex(mac.finalize().into_bytes().into())
    }

    /// What a hub must show for its answer to the request with that proof.
    pub fn proof_of_hub(&self, till: &Hex<32>, answer: &EnrolAnswer) -> Hex<32> {
        let mut mac = self.mac("hub");
        mac.update(&till.0);
        mac.update(&answer.device.0);
        mac.update(&answer.epoch.to_be_bytes());
        mac.update(&answer.incarnation.0);
        Hex(mac.finalize().into_bytes().into())
    }

    /// The secret, for a hub that keeps it sealed until it is used or ten minutes have passed.
    pub fn secret(&self) -> &[u8; 16] {
        &self.secret
    }

    fn mac(&self, side: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes a key of any length");
        mac.update(b"olvido 1 enrol ");
        mac.update(side.as_bytes());
        mac.update(b"\0");
        mac
    }
}

/// What the till's former key signs when it asks for a new epoch.
pub fn signed_for_new_epoch(proof: &Hex<32>) -> Vec<u8> {
    [&b"olvido 1 new epoch\0"[..], &proof.0].concat()
}

/// What a till signs to open a session.
pub fn signed_for_session(store: &str, origin: Origin, challenge: &str) -> Vec<u8> {
    let mut bytes = b"olvido 1 session\0".to_vec();
    bytes.extend_from_slice(&origin.device);
    bytes.extend_from_slice(&origin.epoch.to_be_bytes());
    bytes.extend_from_slice(&(store.len() as u64).to_be_bytes());
    bytes.extend_from_slice(store.as_bytes());
    bytes.extend_from_slice(challenge.as_bytes());
    bytes
}

impl fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EnrolmentCode({}-…)", self.store)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sync::wire::{Base64, Previous};

    fn code() -> EnrolmentCode {
        EnrolmentCode::new("SOL", std::array::from_fn(|i| i as u8 * 17))
    }

    fn request() -> EnrolRequest {
        EnrolRequest {
            store: "SOL".into(),
            code: code().name(),
            public_key: Base64(vec![1; 32]),
            name: "caja 1".into(),
            certificate: Some(Hex([9; 32])),
            proof: Hex([0; 32]),
            previous: Some(Previous { device: Hex([3; 16]), epoch: 1, signature: Base64(vec![]) }),
            begin: [(Series::Ticket, 481)].into(),
            version: "0.2.0".into(),
        }
    }

    #[test]
    fn code_and_proofs_are_frozen() {
        let answer =
            EnrolAnswer { device: Hex([3; 16]), epoch: 2, incarnation: Hex([4; 16]), proof: Hex([0; 32]) };
        let till = code().proof_of_till(&request());
        let hub = code().proof_of_hub(&till, &answer);
        insta::assert_snapshot!(format!("{}\n{}\n{till}\n{hub}", code().text(), code().name()));
    }

    /// Whoever stands between changes something, and then the proof is another.
    #[test]
    fn a_proof_covers_everything_that_is_said() {
        let proof = code().proof_of_till(&request());
        let changed: [fn(&mut EnrolRequest); 9] = [
            |r| r.store = "LUNA".into(),
            |r| r.public_key.0[0] ^= 1,
            |r| r.name = "caja 2".into(),
            |r| r.certificate = None,
            |r| r.certificate = Some(Hex([8; 32])),
            |r| r.previous = None,
            |r| r.previous.as_mut().unwrap().device.0[0] ^= 1,
            |r| r.previous.as_mut().unwrap().epoch = 2,
            |r| r.begin = [(Series::Ticket, 481), (Series::Forget, 2)].into(),
        ];
        for (place, change) in changed.into_iter().enumerate() {
            let mut request = request();
            change(&mut request);
            assert_ne!(code().proof_of_till(&request), proof, "{place}");
        }
        assert_ne!(EnrolmentCode::new("SOL", [1; 16]).proof_of_till(&request()), proof);
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        let text = code().text();
        assert_eq!(EnrolmentCode::parse(&text), Ok(code()));
        let (store, rest) = text.split_once('-').unwrap();
        let typed = format!(" {store}-{} ", rest.replace('-', " ").to_lowercase().replace('0', "o"));
        assert_eq!(EnrolmentCode::parse(&typed), Ok(code()));
        for (wrong, error) in [
            ("", EnrolmentCodeError::Store),
            ("SOL", EnrolmentCodeError::Store),
            ("S.L-00000", EnrolmentCodeError::Store),
            ("SOL-00000", EnrolmentCodeError::Length),
            ("SOL-0000000000000000000000000U", EnrolmentCodeError::Symbol('U')),
            ("SOL-80000000000000000000000000", EnrolmentCodeError::Symbol('8')),
        ] {
            assert_eq!(EnrolmentCode::parse(wrong), Err(error), "{wrong}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", code()), "EnrolmentCode(SOL-…)");
    }

    proptest! {
        #[test]
        fn text_and_back(secret in any::<[u8; 16]>(), store in "[A-Za-z0-9_]{1,32}") {
            let code = EnrolmentCode::new(&store, secret);
            prop_assert_eq!(EnrolmentCode::parse(&code.text()), Ok(code));
        }

        #[test]
        fn parse_never_panics(text in "\\PC*", symbols in "S-[0-9A-Z]{26}") {
            let _ = EnrolmentCode::parse(&text);
            let _ = EnrolmentCode::parse(&symbols);
        }
    }
}
