//! Tax identification numbers: whether a Spanish one's check character is right.

/// What a text looks like, as a tax id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaxIdCheck {
    /// A Spanish NIF with the right check character.
    Right,
    /// The shape of a Spanish NIF, but another check character belongs to it.
    Mistyped,
    /// Of another shape: perhaps of another country.
    Unknown,
}

/// Looks at the check character of a Spanish NIF (Real Decreto 1065/2007, articles 19 to 22; Orden
/// EHA/451/2008): of persons, of foreigners with a NIE, and of companies. Case, spaces, hyphens and
/// a leading `ES` do not matter.
pub fn check_tax_id(text: &str) -> TaxIdCheck {
    let text: String =
        text.chars().filter(|c| !matches!(c, ' ' | '-' | '.')).map(|c| c.to_ascii_uppercase()).collect();
    let text = if text.len() == 11 { text.strip_prefix("ES").unwrap_or(&text) } else { &text };
    let &[first, ref middle @ .., last] = text.as_bytes() else { return TaxIdCheck::Unknown };
    if middle.len() != 7 || !middle.iter().all(u8::is_ascii_digit) {
        return TaxIdCheck::Unknown;
    }
    let right = match first {
        b'0'..=b'9' if last.is_ascii_alphabetic() => person(first - b'0', middle) == last,
        b'X'..=b'Z' if last.is_ascii_alphabetic() => person(first - b'X', middle) == last,
        // Persons without a number of their own: K, L, M.
        b'K'..=b'M' if last.is_ascii_alphanumeric() => company(middle).contains(&last),
        b'A'..=b'H' | b'J' | b'N' | b'P'..=b'S' | b'U'..=b'W' if last.is_ascii_alphanumeric() => {
            company(middle).contains(&last)
        }
        _ => return TaxIdCheck::Unknown,
    };
    if right { TaxIdCheck::Right } else { TaxIdCheck::Mistyped }
}

/// The check letter of a person: the number modulo 23.
fn person(first: u8, middle: &[u8]) -> u8 {
    let number = middle.iter().fold(u32::from(first), |number, digit| number * 10 + u32::from(digit - b'0'));
    b"TRWAGMYFPDXBNJZSQVHLCKE"[(number % 23) as usize]
}

/// The check character of a company, as a digit and as a letter: both are in use.
fn company(middle: &[u8]) -> [u8; 2] {
    let sum: u8 = middle
        .iter()
        .enumerate()
        .map(|(place, digit)| {
            let digit = digit - b'0';
            let doubled = digit * 2;
            if place % 2 == 1 { digit } else { doubled / 10 + doubled % 10 }
        })
        .sum();
    let check = (10 - sum % 10) % 10;
    [b'0' + check, b"JABCDEFGHI"[usize::from(check)]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spanish_numbers_are_checked() {
        for (text, expected) in [
            ("12345678Z", TaxIdCheck::Right),
            ("12345678-z", TaxIdCheck::Right),
            ("12345678A", TaxIdCheck::Mistyped),
            ("X1234567L", TaxIdCheck::Right),
            ("Y1234567X", TaxIdCheck::Right),
            ("X1234567A", TaxIdCheck::Mistyped),
            ("B12345674", TaxIdCheck::Right),
            ("ES B12345674", TaxIdCheck::Right),
            ("B12345675", TaxIdCheck::Mistyped),
            ("Q2826000H", TaxIdCheck::Right),
            ("DE123456789", TaxIdCheck::Unknown),
            ("ñ1234567", TaxIdCheck::Unknown),
            ("", TaxIdCheck::Unknown),
        ] {
            assert_eq!(check_tax_id(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_mistyped_digit_of_a_person_is_noticed(number in 0u32..100_000_000, place in 0usize..8, by in 1u8..10) {
            let text = format!("{number:08}");
            let letter = char::from(person(text.as_bytes()[0] - b'0', &text.as_bytes()[1..]));
            let mut digits = text.into_bytes();
            prop_assert_eq!(check_tax_id(&format!("{number:08}{letter}")), TaxIdCheck::Right);
            digits[place] = b'0' + (digits[place] - b'0' + by) % 10;
            let wrong = format!("{}{letter}", String::from_utf8(digits).unwrap());
            prop_assert_eq!(check_tax_id(&wrong), TaxIdCheck::Mistyped);
        }

        #[test]
        fn any_text_is_looked_at(text in "\\PC{0,14}|[A-Z]?[0-9]{7,8}[A-Z0-9]") {
            check_tax_id(&text);
        }
    }
}
