//! Receipt codes: 128 random bits that the customer carries and the store does not keep.
//!
//! Written in base 32 ([`super::base32`]) with its check symbol: 26 symbols and one more.

use std::fmt;

use hmac::Mac;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::aead::DataKey;
use super::base32::{self, is_separator};
use super::store_key::{Purpose, StoreKey};
use super::{derive, random_bytes};

/// The code on a receipt. Overwritten in memory when dropped; not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct ReceiptCode([u8; 16]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// Not 27 symbols, spaces and hyphens not counted: how many there are.
    Length(usize),
    /// A sign that no code has at this place: which symbol, counted from 1, spaces and hyphens not counted.
    Symbol(usize, char),
    /// The symbols do not fit together: one is mistyped, or two are swapped.
    Check,
}

/// Symbols in a code, the check symbol included.
pub const SYMBOLS: usize = base32::SYMBOLS + 1;

/// Symbols in each printed group: with the hyphens 32 columns, the narrowest receipt paper.
const GROUPS: [usize; 6] = [5, 5, 5, 4, 4, 4];

/// The part of a code without memory that is random; the rest is its mark.
const RANDOM_HALF: usize = 8;

impl ReceiptCode {
    /// A code for a purchase that is kept.
    pub fn random() -> ReceiptCode {
        ReceiptCode(random_bytes())
    }

    /// A code for a receipt behind which nothing is kept: 64 random bits and 64 bits of a keyed
    /// mark over them. It looks like any other, and the store tells it from a mistyped or forgotten one
    /// without having stored anything ([`ReceiptCode::is_without_memory`]).
    pub fn without_memory(store_key: &StoreKey) -> ReceiptCode {
        ReceiptCode::without_memory_from(random_bytes(), store_key)
    }

    /// Whether this store printed the code on a receipt behind which nothing was kept. Another code passes for
    /// one with a chance of 1 in 2⁶⁴.
    pub fn is_without_memory(&self, store_key: &StoreKey) -> bool {
        let (random, mark) = self.0.split_at(RANDOM_HALF);
        let key = store_key.derive(Purpose::CodeWithoutMemory);
        derive::mac(&key, &[random]).verify_truncated_left(mark).is_ok()
    }

    /// Reads a code as typed or read aloud: case, spaces and hyphens do not matter, O is 0, I and L are 1.
    /// Errors: `Length`, then `Symbol`, then `Check`.
    pub fn parse(text: &str) -> Result<ReceiptCode, CodeError> {
        let symbols = || text.chars().filter(|symbol| !is_separator(*symbol));
        let length = symbols().count();
        if length != SYMBOLS {
            return Err(CodeError::Length(length));
        }
        let refused = |(place, symbol)| CodeError::Symbol(place + 1, symbol);
        let value = base32::read(symbols()).map_err(refused)?;
        let check = symbols().next_back().ok_or(CodeError::Length(length))?;
        let digit = base32::digit(check).ok_or(CodeError::Symbol(SYMBOLS, check))?;
        if u128::from(digit) == *value % 37 {
            Ok(ReceiptCode(value.to_be_bytes()))
        } else {
            Err(CodeError::Check)
        }
    }

    /// The code as printed, 32 columns: `XXXXX-XXXXX-XXXXX-XXXX-XXXX-XXXX`, the last symbol the check.
    pub fn text(&self) -> Zeroizing<String> {
        let value = Zeroizing::new(u128::from_be_bytes(self.0));
        let mut symbols = base32::symbols(&value).chain([base32::check_symbol(&value)]);
        let mut text = Zeroizing::new(String::with_capacity(SYMBOLS + GROUPS.len() - 1));
        for (index, group) in GROUPS.into_iter().enumerate() {
            if index > 0 {
                text.push('-');
            }
            text.extend(symbols.by_ref().take(group));
        }
        text
    }

    /// The id under which the purchase is kept. One way: the code cannot be computed from it.
    pub fn purchase_id(&self) -> [u8; 16] {
        let mut id = [0; 16];
        derive::expand(None, &self.0, "olvido 1 purchase id", &mut id);
        id
    }

    /// The key of a purchase kept only for its guarantee, by HKDF-SHA256 from the code and the key in the
    /// purchase's slot. Neither alone gives it: not the store without the receipt, not the receipt once the
    /// slot is zeroed.
    pub fn guarantee_key(&self, slot_key: &DataKey) -> DataKey {
        let mut key = DataKey::from_bytes([0; DataKey::LENGTH]);
        derive::expand(Some(slot_key.bytes()), &self.0, "olvido 1 guarantee", key.bytes_mut());
        key
    }

    fn without_memory_from(random: [u8; RANDOM_HALF], store_key: &StoreKey) -> ReceiptCode {
        let key = store_key.derive(Purpose::CodeWithoutMemory);
        let mark = derive::mac(&key, &[&random]).finalize().into_bytes();
        let mut code = ReceiptCode([0; 16]);
        code.0[..RANDOM_HALF].copy_from_slice(&random);
        code.0[RANDOM_HALF..].copy_from_slice(&mark[..RANDOM_HALF]);
        code
    }
}

impl fmt::Debug for ReceiptCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ReceiptCode(…)")
    }
}

/// For the log; people read the words of the locale. A symbol of the code is not shown.
impl fmt::Display for CodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CodeError::Length(length) => write!(formatter, "receipt code: {length} symbols"),
            CodeError::Symbol(place, _) => write!(formatter, "receipt code: symbol {place} is none"),
            CodeError::Check => formatter.write_str("receipt code: the check symbol does not fit"),
        }
    }
}

impl std::error::Error for CodeError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::seal::aead::{open, seal};
    use crate::seal::hex;
    use crate::seal::store_key::fixed_store_key;

    fn fixed() -> ReceiptCode {
        ReceiptCode(std::array::from_fn(|index| 0xf0 + index as u8))
    }

    #[test]
    fn everything_derived_from_a_code_is_frozen() {
        assert_eq!(*fixed().text(), "7GY7S-F7X7N-YVVZH-YFTZ-FYFV-ZQZA");
        assert_eq!(hex(&fixed().purchase_id()), "d7c968cfaa88012f6eb7a4bde7437a6b");
        assert_eq!(
            hex(fixed().guarantee_key(&DataKey::from_bytes([3; 32])).bytes()),
            "f60a1259a509648ab4b7799d2377a20f30d40c7b053acbb89c5f20c38901f26e"
        );
        let without = ReceiptCode::without_memory_from([1; 8], &fixed_store_key());
        assert_eq!(hex(&without.0), "0101010101010101027f4f431e403741");
    }

    #[test]
    fn codes_read_as_people_write_them() {
        // The value 1: its check symbol is 1 as well.
        let one = ReceiptCode(1u128.to_be_bytes());
        let zeros = "0".repeat(25);
        assert_eq!(*one.text(), "00000-00000-00000-0000-0000-0011");
        for (text, expected) in [
            (format!("{zeros}11"), Ok(())),
            (format!(" {zeros}-1 1\n"), Ok(())),
            (format!("{}iL", zeros.replace('0', "o")), Ok(())),
            (format!("{}\u{2013}Il", zeros.replace('0', "O")), Ok(())),
            (String::new(), Err(CodeError::Length(0))),
            (" - ".to_owned(), Err(CodeError::Length(0))),
            (format!("{zeros}1"), Err(CodeError::Length(26))),
            (format!("{zeros}111"), Err(CodeError::Length(28))),
            (format!("8{}11", &zeros[1..]), Err(CodeError::Symbol(1, '8'))),
            (format!("00-0u0{}11", &zeros[5..]), Err(CodeError::Symbol(4, 'u'))),
            (format!("{zeros}*1"), Err(CodeError::Symbol(26, '*'))),
            (format!("{zeros}1ñ"), Err(CodeError::Symbol(27, 'ñ'))),
            (format!("{zeros}1u"), Err(CodeError::Check)),
        ] {
            assert_eq!(ReceiptCode::parse(&text).map(|code| assert_eq!(code, one)), expected, "{text:?}");
        }
    }

    #[test]
    fn all_check_symbols_occur_and_parse() {
        for remainder in 0..37u128 {
            let code = ReceiptCode((37 * 1_000_003 + remainder).to_be_bytes());
            let text = code.text();
            assert!(text.ends_with(char::from(base32::ALPHABET[remainder as usize])), "{remainder}");
            assert_eq!(ReceiptCode::parse(&text.to_lowercase()), Ok(code));
        }
    }

    /// The arithmetic behind the property tests, whole: with the rest of the code given by its remainder
    /// modulo 37, no change of one symbol and no swap with the neighbour keeps the remainder.
    #[test]
    fn one_wrong_symbol_or_swap_never_keeps_the_remainder() {
        for rest in 0..37u32 {
            for (a, b) in (0..32u32).flat_map(|a| (0..32u32).map(move |b| (a, b))).filter(|(a, b)| a != b) {
                // Multiplying by the power of 32 of the place cannot make a difference vanish, 37 being prime.
                assert_ne!((rest + a) % 37, (rest + b) % 37);
                assert_ne!((rest + 32 * a + b) % 37, (rest + 32 * b + a) % 37);
            }
            for last in 0..32u32 {
                let check = (32 * rest + last) % 37;
                // The last symbol and the check symbol, swapped: still a code only when they are equal.
                assert!(check == last || check >= 32 || (32 * rest + check) % 37 != last);
            }
        }
    }

    #[test]
    fn codes_without_memory_are_known_by_their_store_alone() {
        let key = fixed_store_key();
        let code = ReceiptCode::without_memory(&key);
        assert_ne!(code, ReceiptCode::without_memory(&key));
        assert!(code.is_without_memory(&key));
        assert!(ReceiptCode::parse(&code.text()).unwrap().is_without_memory(&key));
        assert!(!code.is_without_memory(&StoreKey::random()));
        assert!(!ReceiptCode::random().is_without_memory(&key));
        for bit in 0..128 {
            let mut altered = code.clone();
            altered.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!altered.is_without_memory(&key), "{bit}");
        }
    }

    #[test]
    fn neither_half_of_a_guarantee_opens_it() {
        let (code, slot_key) = (ReceiptCode::random(), DataKey::random());
        let sealed = seal(&code.guarantee_key(&slot_key), b"purchase", b"lavadora");
        assert_eq!(
            open(&code.guarantee_key(&slot_key), b"purchase", &sealed).unwrap().as_slice(),
            b"lavadora"
        );
        let zero_slot = DataKey::from_bytes([0; 32]);
        for wrong in [
            ReceiptCode::random().guarantee_key(&slot_key),
            code.guarantee_key(&DataKey::random()),
            code.guarantee_key(&zero_slot),
            ReceiptCode(code.purchase_id()).guarantee_key(&slot_key),
            slot_key,
        ] {
            assert!(open(&wrong, b"purchase", &sealed).is_err());
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", fixed()), "ReceiptCode(…)");
    }

    proptest! {
        #[test]
        fn text_and_back(bytes in any::<[u8; 16]>()) {
            let code = ReceiptCode(bytes);
            let text = code.text();
            prop_assert_eq!(text.len(), 32);
            prop_assert_eq!(ReceiptCode::parse(&text), Ok(code.clone()));
            prop_assert_eq!(ReceiptCode::parse(&text.replace('-', "").to_lowercase()), Ok(code));
        }

        #[test]
        fn a_wrong_symbol_is_caught(bytes in any::<[u8; 16]>(), place in 0..SYMBOLS) {
            let text = ReceiptCode(bytes).text().replace('-', "").into_bytes();
            for symbol in base32::ALPHABET.iter().filter(|symbol| **symbol != text[place]) {
                let mut wrong = text.clone();
                wrong[place] = *symbol;
                prop_assert!(ReceiptCode::parse(str::from_utf8(&wrong).unwrap()).is_err());
            }
        }

        #[test]
        fn swapped_neighbours_are_caught(bytes in any::<[u8; 16]>()) {
            let text = ReceiptCode(bytes).text().replace('-', "").into_bytes();
            for place in (0..SYMBOLS - 1).filter(|place| text[*place] != text[place + 1]) {
                let mut wrong = text.clone();
                wrong.swap(place, place + 1);
                prop_assert!(ReceiptCode::parse(str::from_utf8(&wrong).unwrap()).is_err());
            }
        }

        #[test]
        fn parse_never_panics(text in "\\PC*", symbols in "[0-9A-Za-z*~$=U -]{24,32}") {
            let _ = ReceiptCode::parse(&text);
            let _ = ReceiptCode::parse(&symbols);
        }
    }
}
