//! Sealed bytes: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a random nonce, and padded, so that
//! neither content nor, to within 256 bytes, its length shows.
//!
//! Format 1: the byte 1; nonce (24 bytes); ciphertext of a multiple of 256 bytes; tag (16). The
//! plaintext inside is its length as a 64-bit little-endian number, then itself, then zeros. The tag covers
//! the format byte and the caller's associated data as well.

use std::fmt;

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::random_bytes;

const FORMAT: u8 = 1;
const PADDED_TO: usize = 256;
const LENGTH_PREFIX: usize = 8;
pub(super) const NONCE: usize = 24;
pub(super) const TAG: usize = 16;

/// A key that seals data, 32 bytes, overwritten in memory when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; DataKey::LENGTH]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealError {
    /// Sealed by a later Olvido, or not sealed at all: the first byte.
    UnknownFormat(u8),
    /// Cut short, altered, or sealed under another key or for another place.
    NotAuthentic,
}

/// Seals `plaintext`; `associated` is not stored, and the same is needed to open (the id of the
/// row, so that sealed bytes cannot be moved to another). Two seals of the same text differ.
pub fn seal(key: &DataKey, associated: &[u8], plaintext: &[u8]) -> Vec<u8> {
    seal_with_nonce(key, random_bytes(), associated, plaintext)
}

/// What was sealed, wiped from memory when dropped. Errors: `UnknownFormat`, `NotAuthentic`.
pub fn open(key: &DataKey, associated: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (&format, rest) = sealed.split_first().ok_or(SealError::NotAuthentic)?;
    if format != FORMAT {
        return Err(SealError::UnknownFormat(format));
    }
    let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(SealError::NotAuthentic)?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG>().ok_or(SealError::NotAuthentic)?;
    let mut text = Zeroizing::new(ciphertext.to_vec());
    decrypt(key, nonce, &with_format(associated), &mut text, tag)?;
    let (prefix, body) = text.split_first_chunk::<LENGTH_PREFIX>().ok_or(SealError::NotAuthentic)?;
    let length = usize::try_from(u64::from_le_bytes(*prefix)).map_err(|_| SealError::NotAuthentic)?;
    if length > body.len() {
        return Err(SealError::NotAuthentic);
    }
    text.copy_within(LENGTH_PREFIX..LENGTH_PREFIX + length, 0);
    text.truncate(length);
    Ok(text)
}

impl DataKey {
    /// In bytes.
    pub const LENGTH: usize = 32;

    /// A fresh key.
    pub fn random() -> DataKey {
        DataKey(random_bytes())
    }

    /// The key itself, for the one who may have it too: it travels with what it seals to a hub.
    pub fn expose(&self) -> &[u8; DataKey::LENGTH] {
        &self.0
    }

    pub(super) fn from_bytes(bytes: [u8; DataKey::LENGTH]) -> DataKey {
        DataKey(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8; DataKey::LENGTH] {
        &self.0
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8; DataKey::LENGTH] {
        &mut self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DataKey(…)")
    }
}

/// For the log; people read the words of the locale.
impl fmt::Display for SealError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SealError::UnknownFormat(format) => write!(formatter, "sealed bytes: unknown format {format}"),
            SealError::NotAuthentic => formatter.write_str("sealed bytes: altered, or another key"),
        }
    }
}

impl std::error::Error for SealError {}

/// Encrypts `text` in place and returns its tag, without padding: for [`super::keys`], whose slots
/// have their own fixed layout.
pub(super) fn encrypt(key: &DataKey, nonce: &[u8; NONCE], associated: &[u8], text: &mut [u8]) -> [u8; TAG] {
    let tag = cipher(key)
        .encrypt_inout_detached(&XNonce::from(*nonce), associated, text.into())
        .expect("XChaCha20 takes up to 256 GiB");
    wipe_stack();
    tag.into()
}

/// Decrypts `text` in place; leaves it as it was on error. Errors: `NotAuthentic`.
pub(super) fn decrypt(
    key: &DataKey,
    nonce: &[u8; NONCE],
    associated: &[u8],
    text: &mut [u8],
    tag: &[u8; TAG],
) -> Result<(), SealError> {
    let opened = cipher(key)
        .decrypt_inout_detached(&XNonce::from(*nonce), associated, text.into(), &Tag::from(*tag))
        .map_err(|_| SealError::NotAuthentic);
    wipe_stack();
    opened
}

/// Overwrites the part of the stack on which the cipher has just worked: it leaves the last blocks of the text
/// there, up to 256 bytes in the clear, for as long as nothing else of this thread needs the room.
#[inline(never)]
fn wipe_stack() {
    std::hint::black_box(&mut [0_u8; 8 << 10]);
}

fn seal_with_nonce(key: &DataKey, nonce: [u8; NONCE], associated: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let padded = (LENGTH_PREFIX + plaintext.len()).next_multiple_of(PADDED_TO);
    let body = 1 + NONCE;
    // The whole capacity at once: a growing buffer would leave copies of the plaintext behind.
    let mut sealed = Vec::with_capacity(body + padded + TAG);
    sealed.push(FORMAT);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&(plaintext.len() as u64).to_le_bytes());
    sealed.extend_from_slice(plaintext);
    sealed.resize(body + padded, 0);
    let tag = encrypt(key, &nonce, &with_format(associated), &mut sealed[body..]);
    sealed.extend_from_slice(&tag);
    sealed
}

fn with_format(associated: &[u8]) -> Vec<u8> {
    [&[FORMAT], associated].concat()
}

fn cipher(key: &DataKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::seal::hex;

    fn key(byte: u8) -> DataKey {
        DataKey::from_bytes([byte; 32])
    }

    #[test]
    fn frozen_bytes_open_for_ever() {
        let frozen = concat!(
            "01090909090909090909090909090909090909090909090909b772e28a7caa796284736610484227",
            "804df3b79a40619de1a68d185cd326535b822a40dbd28bb5540c75bcd708deaa87578b291d3f17b5",
            "4bfbeab551d085319abd720f93b571d892a95d25001671bf98e7192508b2f1e33a9c049ed3230822",
            "ab2e56a53957745b1f2e9af2dfe804aa6e846e516dfec1af6bff81fc33e5f5ef555b642f3b40409a",
            "896626c8101552291ce9f8eb4bb73ec35428762b764c3dc76a52927887e8051459ab51d22725d871",
            "44895d37756efa64af5e0be913a7e9a17d15e4d4a51031d00b59cec07be05c61b2552d576189600f",
            "cc59d5133e32cbc2690c3d38b09a2d14f06f9c25412eb6494a236990926f6aab13a5bb0d6308a75d",
            "8105ddb3bcf12520784f90dbf67626b804"
        );
        let sealed = seal_with_nonce(&key(7), [9; NONCE], b"row 1", "pan, 1 kg".as_bytes());
        assert_eq!(hex(&sealed), frozen);
        assert_eq!(open(&key(7), b"row 1", &sealed).unwrap().as_slice(), "pan, 1 kg".as_bytes());
    }

    #[test]
    fn length_shows_only_in_steps() {
        let length = |plaintext: usize| seal(&key(1), b"", &vec![0; plaintext]).len() - 1 - NONCE - TAG;
        for (plaintext, padded) in [(0, 256), (1, 256), (248, 256), (249, 512), (504, 512), (505, 768)] {
            assert_eq!(length(plaintext), padded, "{plaintext}");
        }
    }

    #[test]
    fn another_key_place_or_byte_does_not_open() {
        let sealed = seal(&key(1), b"row 1", b"leche");
        assert_ne!(sealed, seal(&key(1), b"row 1", b"leche"), "a nonce was used twice");
        assert_eq!(open(&key(2), b"row 1", &sealed).err(), Some(SealError::NotAuthentic));
        assert_eq!(open(&key(1), b"row 2", &sealed).err(), Some(SealError::NotAuthentic));
        for index in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[index] ^= 1;
            let expected = if index == 0 { SealError::UnknownFormat(0) } else { SealError::NotAuthentic };
            assert_eq!(open(&key(1), b"row 1", &altered).err(), Some(expected), "{index}");
            assert!(open(&key(1), b"row 1", &sealed[..index]).is_err(), "{index}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", key(1)), "DataKey(…)");
    }

    proptest! {
        #[test]
        fn seal_and_open(plaintext in prop::collection::vec(any::<u8>(), 0..1200), place in "\\PC{0,20}") {
            let sealed = seal(&key(3), place.as_bytes(), &plaintext);
            let opened = open(&key(3), place.as_bytes(), &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plaintext.as_slice());
        }

        #[test]
        fn open_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400), known in any::<bool>()) {
            let mut bytes = bytes;
            if known && let Some(first) = bytes.first_mut() {
                *first = FORMAT;
            }
            prop_assert!(open(&key(3), b"", &bytes).is_err());
        }
    }
}
