//! What may stand in a short text that the shop writes: the name of a product, a department, an item
//! sold without one, a person at work, a till. One rule at every door.

use std::borrow::Cow;

use super::barcode::Gtin;
use super::customer::is_national_phone;

/// Longest name of a product or department, in characters: more is an import gone wrong.
pub const LONGEST_TEXT: usize = 200;

/// Where a text comes from, which says what does not belong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// About the shop itself: its own phone and address may stand there.
    Shop,
    /// A catalogue: long numbers are measures, GTINs, ISBNs and parts, phones only with their `+`.
    Catalogue,
    /// Written for one sale: this is where a customer would slip in. Phones are told by the dialling
    /// code of the shop's country.
    Sale { dialling_code: &'a str },
}

/// Why a text cannot stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextError {
    /// Nothing that can be seen.
    Empty,
    /// More than [`LONGEST_TEXT`] characters.
    TooLong,
    /// A sign that moves a terminal's cursor or a printer's head.
    ControlSign,
    PaymentCard,
    Email,
    Phone,
}

/// The text as it may be shown, printed and kept: on one line, its blanks collapsed, without signs
/// that show nothing or turn the reading direction around (a name would read otherwise than it is).
/// Errors: [`TextError`].
pub fn label(text: &str, place: Place<'_>) -> Result<String, TextError> {
    let text = one_line(text);
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.chars().any(char::is_control) {
        return Err(TextError::ControlSign);
    }
    if text.len() > LONGEST_TEXT && text.chars().count() > LONGEST_TEXT {
        return Err(TextError::TooLong);
    }
    if place == Place::Shop {
        return Ok(text.into_owned());
    }
    if text.contains('@') && looks_like_email(&text) {
        return Err(TextError::Email);
    }
    // Nearly every name has fewer digits than any of these numbers.
    if text.bytes().filter(u8::is_ascii_digit).count() >= 8 {
        let mut numbers = numbers(&text, CARD_GAPS).into_iter();
        if numbers.any(|number| number.is_payment_card() && !number.is_trade_item(place)) {
            return Err(TextError::PaymentCard);
        }
        if self::numbers(&text, PHONE_GAPS).iter().any(|number| number.is_phone(place)) {
            return Err(TextError::Phone);
        }
    }
    Ok(text.into_owned())
}

/// A code as it may be shown: as [`label`], but it may be empty and hold any number.
/// Errors: `TooLong`, `ControlSign`.
pub fn code_text(text: &str) -> Result<String, TextError> {
    match label(text, Place::Shop) {
        Err(TextError::Empty) => Ok(String::new()),
        other => other,
    }
}

/// Without what shows nothing, line ends and blanks collapsed.
fn one_line(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let plain = |b: u8| matches!(b, b' '..=b'~');
    if text.bytes().all(plain) && !text.contains("  ") {
        return Cow::Borrowed(text);
    }
    let seen = without_hidden(text);
    Cow::Owned(seen.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The text without characters that show nothing (Unicode: Default_Ignorable_Code_Point, the
/// controls of reading direction among them). What joins letters or makes up an emoji stays after
/// a letter or sign that it can join, which no Latin one is.
pub fn without_hidden(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut seen = String::with_capacity(text.len());
    for c in text.chars() {
        let joins = matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}');
        let can_join =
            || seen.chars().next_back().is_some_and(|last| last > '\u{2ff}' && !last.is_whitespace());
        if if joins { can_join() } else { !is_hidden(c) } {
            seen.push(c);
        }
    }
    Cow::Owned(seen)
}

fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether the text holds 13 to 19 digits that pass the Luhn test (ISO/IEC 7812-1), spaces and
/// hyphens between them ignored, and that are no EAN-13 of a kind that no card begins with. Such a
/// text is refused in every field.
pub fn looks_like_payment_card(text: &str) -> bool {
    numbers(text, CARD_GAPS).iter().any(Number::is_payment_card)
}

/// Whether some word of it has one `@`, with something before it and a dot in what follows.
fn looks_like_email(text: &str) -> bool {
    let ends =
        |c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '<' | '>' | '(' | ')' | '"' | '/');
    text.split(ends).any(|word| {
        let Some((name, domain)) = word.split_once('@') else { return false };
        let labels: Vec<&str> = domain.trim_end_matches('.').split('.').collect();
        !name.is_empty()
            && labels.len() >= 2
            && labels.iter().all(|label| !label.is_empty())
            && labels
                .last()
                .is_some_and(|last| last.chars().count() >= 2 && last.chars().all(char::is_alphabetic))
    })
}

/// What may stand between the digits of one number.
const CARD_GAPS: &[char] = &[' ', '\u{a0}', '-', '‐', '‑', '–'];
const PHONE_GAPS: &[char] = &[' ', '\u{a0}', '-', '‐', '‑', '–', '.', '/', '(', ')'];

/// Digits with nothing but gaps between them.
#[derive(Default)]
struct Number {
    digits: String,
    /// A `+` stands before it.
    plus: bool,
    /// Something stands between the digits.
    parted: bool,
}

fn numbers(text: &str, gaps: &[char]) -> Vec<Number> {
    let mut all = Vec::new();
    let mut number = Number::default();
    let (mut before, mut gap) = (' ', false);
    for c in text.chars().chain(['x']) {
        if c.is_ascii_digit() {
            if number.digits.is_empty() {
                number.plus = before == '+';
            } else {
                number.parted |= gap;
            }
            number.digits.push(c);
            gap = false;
        } else if gaps.contains(&c) {
            gap = true;
        } else if !number.digits.is_empty() {
            all.push(std::mem::take(&mut number));
            gap = false;
        }
        before = c;
    }
    all
}

impl Number {
    fn is_payment_card(&self) -> bool {
        let digits = self.digits.as_bytes();
        let ean =
            digits.len() == 13 && !matches!(digits[0], b'4'..=b'6') && Gtin::parse(&self.digits).is_ok();
        (13..=19).contains(&digits.len()) && !ean && luhn(digits)
    }

    /// A GTIN or ISBN in the name of a product.
    fn is_trade_item(&self, place: Place<'_>) -> bool {
        place == Place::Catalogue && !self.parted && Gtin::parse(&self.digits).is_ok()
    }

    fn is_phone(&self, place: Place<'_>) -> bool {
        let length = self.digits.len();
        match place {
            Place::Shop => false,
            _ if self.plus => length >= 8,
            Place::Catalogue => false,
            Place::Sale { dialling_code } => length >= 9 && is_national_phone(&self.digits, dialling_code),
        }
    }
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| {
            let doubled = u32::from(digit - b'0') * if place % 2 == 1 { 2 } else { 1 };
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::customer::{Identifier, IdentifierError};
    use proptest::prelude::*;

    const SALE: Place<'static> = Place::Sale { dialling_code: "34" };

    #[test]
    fn names() {
        for (text, place, expected) in [
            ("  Leche\tentera \n 1 L ", Place::Catalogue, Ok("Leche entera 1 L")),
            ("a\u{202e}b\u{2066}c\u{200b}d\u{e0041}", SALE, Ok("abcd")),
            ("\u{202a}Pegado de Windows\u{202c}", Place::Catalogue, Ok("Pegado de Windows")),
            ("Co\u{ad}ca zero\u{200b}", Place::Catalogue, Ok("Coca zero")),
            ("میخ\u{200c}خواهم", Place::Catalogue, Ok("میخ\u{200c}خواهم")),
            (
                "☕\u{fe0f} 👨\u{200d}👩\u{200d}👧 pack",
                Place::Catalogue,
                Ok("☕\u{fe0f} 👨\u{200d}👩\u{200d}👧 pack"),
            ),
            ("Ana\u{200d}Sol", SALE, Ok("AnaSol")),
            ("日本茶 100g", SALE, Ok("日本茶 100g")),
            ("\u{200b} ", SALE, Err(TextError::Empty)),
            ("a\u{1b}[2J", Place::Shop, Err(TextError::ControlSign)),
            ("bip\u{7}", SALE, Err(TextError::ControlSign)),
            ("para 4111 1111 1111 1111", SALE, Err(TextError::PaymentCard)),
            ("4111-1111-1111-1111", Place::Catalogue, Err(TextError::PaymentCard)),
            ("arreglo ana@example.org", SALE, Err(TextError::Email)),
            ("arreglo (ana@example.org)", Place::Catalogue, Err(TextError::Email)),
            ("info@tienda.es", Place::Shop, Ok("info@tienda.es")),
            ("Café @ casa", SALE, Ok("Café @ casa")),
            ("arreglo Ana 600 12 34 56", SALE, Err(TextError::Phone)),
            ("arreglo Ana 600.123.456", SALE, Err(TextError::Phone)),
            ("arreglo Ana 0034600123456", SALE, Err(TextError::Phone)),
            ("arreglo Ana +34 600 123 456", Place::Catalogue, Err(TextError::Phone)),
            ("Tel. 600 123 456", Place::Shop, Ok("Tel. 600 123 456")),
            ("Tubo 600 120 100 mm", Place::Catalogue, Ok("Tubo 600 120 100 mm")),
            ("Filtro 986450123", Place::Catalogue, Ok("Filtro 986450123")),
            ("Cable 8412345678905", Place::Catalogue, Ok("Cable 8412345678905")),
            ("Don Quijote 978-84-376-0494-7", SALE, Ok("Don Quijote 978-84-376-0494-7")),
            ("Lote 28.11.2026", SALE, Ok("Lote 28.11.2026")),
        ] {
            assert_eq!(label(text, place).as_deref(), expected.as_ref().map(|text| *text), "{text:?}");
        }
        assert_eq!(label(&"ñ".repeat(201), SALE), Err(TextError::TooLong));
        assert_eq!(code_text(" "), Ok(String::new()));
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

    proptest! {
        #[test]
        fn every_luhn_number_is_refused_however_spaced(
            digits in "[1-9][0-9]{11,17}",
            gap in prop::sample::select(vec!["", " ", "-"]),
        ) {
            let all = (b'0'..=b'9').map(|check| digits.clone() + char::from(check).to_string().as_str());
            let all: Vec<String> = all.filter(|all| luhn(all.as_bytes())).collect();
            prop_assert_eq!(all.len(), 1);
            prop_assume!(all[0].len() != 13 || Gtin::parse(&all[0]).is_err());
            let text = all[0].chars().map(String::from).collect::<Vec<_>>().join(gap);
            prop_assert!(looks_like_payment_card(&text));
            prop_assert_eq!(Identifier::parse(&text, "34"), Err(IdentifierError::PaymentCard));
        }

        #[test]
        fn a_label_is_a_label(text in "\\PC{0,40}|[+0-9 ()-]{0,24}|[a-z.@ ]{0,20}|.{0,20}") {
            for place in [Place::Shop, Place::Catalogue, SALE] {
                if let Ok(read) = label(&text, place) {
                    prop_assert!(!read.contains(char::is_control) && read.trim() == read && !read.is_empty());
                    prop_assert_eq!(label(&read, place), Ok(read));
                }
            }
        }
    }
}
