//! Who a customer says to be, and what they allow.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a profile is found by, normalised, so that the same person types the same thing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Identifier {
    /// ITU-T E.164: `+` and 8 to 15 digits.
    Phone(String),
    /// Lower case, one `@`.
    Email(String),
    /// A loyalty card: 4 to 32 digits and upper-case letters.
    Card(String),
}

/// Why a text is no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentifierError {
    Empty,
    /// Not 8 to 15 digits with the country code.
    NotAPhone,
    /// Not something before and after one `@`, with a dot in the domain.
    NotAnEmail,
    /// Not 4 to 32 digits or letters.
    NotACard,
    /// 13 to 19 digits that pass Luhn: a payment card, which is never kept.
    PaymentCard,
}

/// A use of the profile that the customer can tick, by its id in the policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Purpose(String);

/// Not 1 to 32 lower-case letters, digits and hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PurposeError;

impl Identifier {
    /// Reads a phone number as people write it. Without `+` or `00` it is of the country whose
    /// calling code (Spain: `34`) is given. Errors: `Empty`, `NotAPhone`, `PaymentCard`.
    pub fn phone(text: &str, country_code: &str) -> Result<Identifier, IdentifierError> {
        let text = checked(text)?;
        let separators = [' ', '\u{a0}', '-', '.', '/', '(', ')'];
        let digits: String = text.chars().filter(|c| !separators.contains(c)).collect();
        let digits = match digits.strip_prefix('+').or_else(|| digits.strip_prefix("00")) {
            Some(international) => international.to_owned(),
            None => format!("{}{digits}", country_code.trim_start_matches('+')),
        };
        if looks_like_payment_card(&digits) {
            return Err(IdentifierError::PaymentCard);
        }
        let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        if plain && (8..=15).contains(&digits.len()) {
            Ok(Identifier::Phone(format!("+{digits}")))
        } else {
            Err(IdentifierError::NotAPhone)
        }
    }

    /// Reads an e-mail address: trimmed, lower case. Errors: `Empty`, `NotAnEmail`, `PaymentCard`.
    pub fn email(text: &str) -> Result<Identifier, IdentifierError> {
        let text = checked(text)?.to_lowercase();
        let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | ';' | '<' | '>' | '"');
        // RFC 5321, section 4.5.3.1: 64 octets before the @, 254 in all.
        match text.split_once('@') {
            Some((name, domain))
                if !text.contains(odd)
                    && !domain.contains('@')
                    && (1..=64).contains(&name.len())
                    && text.len() <= 254
                    && domain.split('.').count() >= 2
                    && domain.split('.').all(|label| !label.is_empty()) =>
            {
                Ok(Identifier::Email(text))
            }
            _ => Err(IdentifierError::NotAnEmail),
        }
    }

    /// Reads the number of a loyalty card; spaces, hyphens and case do not matter.
    /// Errors: `Empty`, `NotACard`, `PaymentCard`.
    pub fn card(text: &str) -> Result<Identifier, IdentifierError> {
        let text: String = checked(text)?.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if (4..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            Ok(Identifier::Card(text.to_ascii_uppercase()))
        } else {
            Err(IdentifierError::NotACard)
        }
    }

    /// Reads whichever of the three the text is: with `@` an e-mail; with `+`, or 9 digits and
    /// separators, a phone; else a loyalty card. Errors: as of the one that it looks like.
    pub fn parse(text: &str, country_code: &str) -> Result<Identifier, IdentifierError> {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let phone_like = !text.contains(|c: char| c.is_alphabetic())
            && (text.trim_start().starts_with(['+', '(']) || digits == 9);
        if text.contains('@') {
            Identifier::email(text)
        } else if phone_like {
            Identifier::phone(text, country_code)
        } else {
            Identifier::card(text)
        }
    }

    /// The kind and the normalised text, from which the keyed hash is made: `phone:+34600123456`.
    pub fn canonical(&self) -> String {
        match self {
            Identifier::Phone(text) => format!("phone:{text}"),
            Identifier::Email(text) => format!("email:{text}"),
            Identifier::Card(text) => format!("card:{text}"),
        }
    }

    /// The normalised text alone.
    pub fn text(&self) -> &str {
        match self {
            Identifier::Phone(text) | Identifier::Email(text) | Identifier::Card(text) => text,
        }
    }
}

/// Says the kind only, so that no log ever holds a customer.
impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Identifier::Phone(_) => "Phone(…)",
            Identifier::Email(_) => "Email(…)",
            Identifier::Card(_) => "Card(…)",
        })
    }
}

/// Whether the text holds 13 to 19 digits that pass the Luhn test (ISO/IEC 7812-1), spaces and
/// hyphens between them ignored. Such a text is refused in every field.
pub fn looks_like_payment_card(text: &str) -> bool {
    let mut run: Vec<u8> = Vec::new();
    for c in text.chars().chain(['x']) {
        if let Some(digit) = c.to_digit(10).and_then(|digit| u8::try_from(digit).ok()) {
            run.push(digit);
        } else if !matches!(c, ' ' | '\u{a0}' | '-' | '‐' | '–') {
            if (13..=19).contains(&run.len()) && luhn(&run) {
                return true;
            }
            run.clear();
        }
    }
    false
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| {
            let doubled = u32::from(digit) * if place % 2 == 1 { 2 } else { 1 };
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    sum.is_multiple_of(10)
}

fn checked(text: &str) -> Result<&str, IdentifierError> {
    let text = text.trim();
    if text.is_empty() {
        Err(IdentifierError::Empty)
    } else if looks_like_payment_card(text) {
        Err(IdentifierError::PaymentCard)
    } else {
        Ok(text)
    }
}

impl Purpose {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Purpose {
    type Err = PurposeError;

    fn from_str(text: &str) -> Result<Purpose, PurposeError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=32).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Purpose(text.to_owned()))
        } else {
            Err(PurposeError)
        }
    }
}

impl TryFrom<String> for Purpose {
    type Error = PurposeError;

    fn try_from(text: String) -> Result<Purpose, PurposeError> {
        text.parse()
    }
}

impl From<Purpose> for String {
    fn from(purpose: Purpose) -> String {
        purpose.0
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for PurposeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a purpose is 1 to 32 lower-case letters, digits and hyphens")
    }
}

impl std::error::Error for PurposeError {}

impl fmt::Display for IdentifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IdentifierError::Empty => "no identifier",
            IdentifierError::NotAPhone => "not a phone number",
            IdentifierError::NotAnEmail => "not an e-mail address",
            IdentifierError::NotACard => "not a loyalty card number",
            IdentifierError::PaymentCard => "looks like a payment card",
        })
    }
}

impl std::error::Error for IdentifierError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn identifiers_normalise() {
        for (text, expected) in [
            ("600 12 34 56", Ok("phone:+34600123456")),
            (" +34 600-123-456 ", Ok("phone:+34600123456")),
            ("(+44) 20 7946 0958", Ok("phone:+442079460958")),
            ("+44 (20) 7946 0958", Ok("phone:+442079460958")),
            ("+34", Err(IdentifierError::NotAPhone)),
            ("Ana.Sol@Example.ORG ", Ok("email:ana.sol@example.org")),
            ("ana@@example.org", Err(IdentifierError::NotAnEmail)),
            ("ana@example", Err(IdentifierError::NotAnEmail)),
            ("ana@example..org", Err(IdentifierError::NotAnEmail)),
            ("@example.org", Err(IdentifierError::NotAnEmail)),
            ("ana sol@example.org", Err(IdentifierError::NotAnEmail)),
            ("sol-0042", Ok("card:SOL0042")),
            ("12 34", Ok("card:1234")),
            ("123", Err(IdentifierError::NotACard)),
            ("ñandú", Err(IdentifierError::NotACard)),
            ("  ", Err(IdentifierError::Empty)),
            ("4111 1111 1111 1111", Err(IdentifierError::PaymentCard)),
            ("4111111111111111@example.org", Err(IdentifierError::PaymentCard)),
        ] {
            let read = Identifier::parse(text, "34").map(|identifier| identifier.canonical());
            assert_eq!(read.as_deref(), expected.as_ref().copied(), "{text:?}");
        }
        assert_eq!(
            Identifier::phone("0034 600123456", "34").map(|p| p.canonical()),
            Ok("phone:+34600123456".to_owned())
        );
        assert_eq!(format!("{:?}", Identifier::card("sol-0042").unwrap()), "Card(…)");
    }

    #[test]
    fn payment_cards_are_recognised() {
        for (text, expected) in [
            ("4111111111111111", true),
            ("4111-1111-1111-1111", true),
            ("mi tarjeta 5500 0000 0000 0004, gracias", true),
            ("340000000000009", true),
            ("4111111111111112", false),
            ("411111111111", false),
            ("600123456", false),
            ("", false),
        ] {
            assert_eq!(looks_like_payment_card(text), expected, "{text:?}");
        }
    }

    #[test]
    fn purposes() {
        for (text, good) in [("history", true), ("my-2", true), ("", false), ("A", false), ("a b", false)] {
            assert_eq!(text.parse::<Purpose>().is_ok(), good, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn parse_never_panics_and_settles(text in "\\PC{0,40}|[+0-9 ()-]{0,24}|[a-z.@]{0,20}") {
            if let Ok(first) = Identifier::parse(&text, "34") {
                let again = match &first {
                    Identifier::Phone(text) => Identifier::phone(text, "1"),
                    Identifier::Email(text) => Identifier::email(text),
                    Identifier::Card(text) => Identifier::card(text),
                };
                prop_assert!(!looks_like_payment_card(&text));
                prop_assert_eq!(again, Ok(first));
            }
        }

        #[test]
        fn every_luhn_number_is_refused_however_spaced(
            digits in prop::collection::vec(0u8..10, 12..=18),
            gap in prop::sample::select(vec!["", " ", "-"]),
        ) {
            let check = (0..10).find(|&c| luhn(&[&digits[..], &[c]].concat())).unwrap();
            let all = digits.iter().chain([&check]).map(u8::to_string).collect::<Vec<_>>();
            let text = all.join(gap);
            prop_assert!(looks_like_payment_card(&text));
            prop_assert_eq!(Identifier::parse(&text, "34"), Err(IdentifierError::PaymentCard));
        }
    }
}
