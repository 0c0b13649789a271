//! 128 bits in Crockford's base 32 (<https://www.crockford.com/base32.html>), as people read them aloud and
//! type them: receipt codes, and codes that enrol a till.

use zeroize::Zeroizing;

/// Symbols that hold 128 bits; they could hold 130, so the first has only three.
pub const SYMBOLS: usize = 26;

/// The first 32 stand for five bits each; the last five only ever check.
pub(super) const ALPHABET: &[u8; 37] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";

/// The 26 symbols of a value, the first bits first.
pub fn symbols(value: &u128) -> impl Iterator<Item = char> {
    (0..SYMBOLS).rev().map(|place| char::from(ALPHABET[(*value >> (5 * place)) as usize & 31]))
}

/// The check symbol of a value: the value modulo 37. 37 is prime and divides neither 32 nor 31, so every
/// wrong symbol and every swap of two neighbours changes it.
pub fn check_symbol(value: &u128) -> char {
    char::from(ALPHABET[(*value % 37) as usize])
}

/// The value of 26 symbols; the caller counts them. Case does not matter, O is 0, I and L are 1.
/// Errors: the first symbol that cannot stand in its place, counted from 0.
pub fn read(symbols: impl Iterator<Item = char>) -> Result<Zeroizing<u128>, (usize, char)> {
    let mut value = Zeroizing::new(0u128);
    for (place, symbol) in symbols.take(SYMBOLS).enumerate() {
        let largest = if place == 0 { 7 } else { 31 };
        let digit = digit(symbol).filter(|digit| *digit <= largest).ok_or((place, symbol))?;
        *value = *value << 5 | u128::from(digit);
    }
    Ok(value)
}

/// What a symbol stands for, 0 to 36; `None` where it is not of the alphabet.
pub fn digit(symbol: char) -> Option<u8> {
    let symbol = match symbol.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        symbol => symbol,
    };
    let place = ALPHABET.iter().position(|known| char::from(*known) == symbol)?;
    u8::try_from(place).ok()
}

/// Spaces, and the hyphens that other programs put in place of a typed one.
pub fn is_separator(symbol: char) -> bool {
    symbol.is_whitespace() || matches!(symbol, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}
