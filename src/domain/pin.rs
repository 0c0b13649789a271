//! What can be a PIN: digits that a cashier types at each lock.

/// Fewest and most digits.
pub const DIGITS_MIN: usize = 4;
pub const DIGITS_MAX: usize = 8;

/// Whether a text can be a PIN: 4 to 8 digits.
pub fn is_pin(text: &str) -> bool {
    (DIGITS_MIN..=DIGITS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether everybody tries this PIN first: one digit throughout, or digits one after the other.
pub fn is_easy(pin: &str) -> bool {
    let steps: Vec<i16> =
        pin.as_bytes().windows(2).map(|pair| i16::from(pair[1]) - i16::from(pair[0])).collect();
    [0, 1, -1].iter().any(|step| steps.iter().all(|s| s == step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_to_eight_digits() {
        for (text, can) in [
            ("1234", true),
            ("12345678", true),
            ("123", false),
            ("123456789", false),
            ("12a4", false),
            ("١٢٣٤", false),
            ("", false),
        ] {
            assert_eq!(is_pin(text), can, "{text}");
        }
    }

    #[test]
    fn easy_pins() {
        for (pin, easy) in [
            ("1111", true),
            ("1234", true),
            ("87654321", true),
            ("1212", false),
            ("9021", false),
            ("1235", false),
        ] {
            assert_eq!(is_easy(pin), easy, "{pin}");
        }
    }
}
