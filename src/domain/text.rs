//! What may stand in a short text that the shop writes: the name of a product, a department, an item
//! sold without one, a person at work, a till. One rule at every door.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

mod numbers;

use numbers::Numbers;
pub(super) use numbers::decimal_digit;

/// Longest name of a product or department, in characters: more is an import gone wrong.
pub const LONGEST_TEXT: usize = 200;

/// Where a text comes from, which says what does not belong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// About the shop itself: its own phone and address may stand there.
    Shop,
    /// A catalogue's names: long numbers are measures, GTINs, ISBNs and parts, phones only with
    /// their `+`.
    Catalogue,
    /// A catalogue's codes: one in ten of all long numbers passes for a card, so only those of a
    /// known scheme do.
    Code,
    /// Written for one sale: this is where a customer would slip in. Phones are told by the dialling
    /// code of the shop's country.
    Sale { dialling_code: &'a str },
    /// Who a customer says to be.
    Identifier,
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
    match private(&text, place) {
        Some(error) => Err(error),
        None => Ok(text.into_owned()),
    }
}

/// What in this text belongs to a person and not there: a payment card, an e-mail, a phone.
fn private(text: &str, place: Place<'_>) -> Option<TextError> {
    let numbers = Numbers::of(text);
    if numbers.as_ref().is_some_and(|numbers| numbers.have_payment_card(place)) {
        return Some(TextError::PaymentCard);
    }
    if place != Place::Shop && looks_like_email(text) {
        return Some(TextError::Email);
    }
    numbers.filter(|numbers| numbers.have_phone(place)).map(|_| TextError::Phone)
}

/// A text from outside as a message may repeat it: on one line, hidden signs dropped, control signs
/// replaced. `…` where it holds what belongs to a person and not in that place, or an address with a user and
/// perhaps a password.
pub fn quotable(text: &str, place: Place<'_>) -> String {
    let has_user = text.split_once("://").is_some_and(|(_, address)| address.contains('@'));
    if has_user || private(text, place).is_some() {
        return "…".to_owned();
    }
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    one_line(text).chars().map(shown).collect()
}

/// A product's code as it may be shown and kept: as [`label`], but it may be empty.
/// Errors: [`TextError`], without `Empty`.
pub fn code_text(text: &str) -> Result<String, TextError> {
    match label(text, Place::Code) {
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
    let joiners = ['\u{200c}', '\u{200d}'];
    let words = seen.split_whitespace().map(|word| word.trim_end_matches(joiners));
    Cow::Owned(words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
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

/// Whether a sign is not to be seen, or changes how others are seen: control signs (Unicode: Cc), marks
/// of direction (UAX #9), zero-width and filling signs, tags, separators of lines.
pub fn is_unseen(c: char) -> bool {
    c.is_control() || is_hidden(c) || matches!(c, '\u{200c}' | '\u{200d}' | '\u{2028}' | '\u{2029}')
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

/// Whether the text holds what can be a payment card's number (ISO/IEC 7812-1), whatever stands between
/// its digits. Such a text is refused in every field.
pub fn looks_like_payment_card(text: &str) -> bool {
    Numbers::of(text).is_some_and(|numbers| numbers.have_payment_card(Place::Identifier))
}

/// Whether some word of it has one `@`, with something before it and a dot in what follows; each of
/// these signs in any of its forms.
fn looks_like_email(text: &str) -> bool {
    if text.is_ascii() && !text.contains('@') {
        return false;
    }
    let text: String = text.nfkc().map(|c| if matches!(c, '。' | '｡') { '.' } else { c }).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::barcode::Gtin;
    use crate::domain::customer::{Identifier, IdentifierError};
    use proptest::prelude::*;

    /// Numbers that card schemes give out for tests.
    const CARDS: &[&str] = &[
        "4111111111111111",
        "4222222222222",
        "5500000000000004",
        "2223003122003222",
        "340000000000009",
        "30569309025904",
        "6011000990139424",
        "3530111333300000",
        "6759649826438453",
        "9792000000000003",
    ];

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
            ("日本\u{200d} 茶\u{200b}\u{200c}", SALE, Ok("日本 茶")),
            ("arreglo ana＠example。org", SALE, Err(TextError::Email)),
            ("Tel. 4111.1111.1111.1111", Place::Shop, Err(TextError::PaymentCard)),
            ("arreglo 28 bajos 600_123_456", SALE, Err(TextError::Phone)),
            ("4006381333931", Place::Code, Ok("4006381333931")),
            ("4000000000006", Place::Code, Ok("4000000000006")),
            ("2100000000005 / 98765432109876543", Place::Code, Ok("2100000000005 / 98765432109876543")),
            ("SKU+12345678", Place::Code, Ok("SKU+12345678")),
            ("+34 600 123 456", Place::Code, Err(TextError::Phone)),
            ("d4f1c0aa-4511-4c1e-9b61-1a2b3c4d5e6f", Place::Code, Ok("d4f1c0aa-4511-4c1e-9b61-1a2b3c4d5e6f")),
            ("4111111111111111", Place::Code, Err(TextError::PaymentCard)),
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
            let sound = |all: &String| {
                numbers::luhn(&all.bytes().map(|digit| digit - b'0').collect::<Vec<u8>>())
            };
            let all: Vec<String> = all.filter(sound).collect();
            prop_assert_eq!(all.len(), 1);
            prop_assume!(all[0].len() != 13 || Gtin::parse(&all[0]).is_err());
            let text = all[0].chars().map(String::from).collect::<Vec<_>>().join(gap);
            prop_assert!(looks_like_payment_card(&text));
            prop_assert_eq!(Identifier::parse(&text, "34"), Err(IdentifierError::PaymentCard));
        }

        /// Signs, blanks, letters and words between the digits, digits of any script, and whatever stands
        /// around them: a card is a card.
        #[test]
        fn a_card_is_refused_however_it_is_written(
            card in prop::sample::select(CARDS),
            gap in "[ ._/:;,*#|~+=(){}<>—–·•'\"_-]{1,3}|[a-zA-ZñЖ日]|\u{200b}|\u{200d}| [a-z]{1,6} ",
            every in 1..=6usize,
            zero in prop::sample::select(&['0', '０', '٠', '०', '𝟎', '\u{1fbf0}'][..]),
            around in prop::sample::select(&[("", ""), ("Mesa 4 ", " 12"), ("a", "b"), ("3 x ", "."), ("٣,", " ٣")][..]),
        ) {
            let digit = |digit: char| char::from_u32(zero as u32 + digit as u32 - '0' as u32).unwrap();
            let digits: Vec<char> = card.chars().map(digit).collect();
            let groups: Vec<String> = digits.chunks(every).map(|group| group.iter().collect()).collect();
            let text = format!("{}{}{}", around.0, groups.join(&gap), around.1);
            prop_assert_eq!(label(&text, SALE), Err(TextError::PaymentCard), "{:?}", text);
            let is_short = gap.chars().count() <= 3;
            if is_short {
                prop_assert_eq!(label(&text, Place::Catalogue), Err(TextError::PaymentCard), "{:?}", text);
                prop_assert_eq!(label(&text, Place::Shop), Err(TextError::PaymentCard), "{:?}", text);
            }
            // In a code that holds other digits, too, letters are as likely chance.
            if !gap.contains(char::is_alphabetic) || !around.0.contains(['4', '3', '٣']) {
                let refused = Err(IdentifierError::PaymentCard);
                prop_assert_eq!(&Identifier::card(&text), &refused, "{:?}", text);
                prop_assert_eq!(&Identifier::parse(&text, "34"), &refused, "{:?}", text);
                prop_assert_eq!(&Identifier::email(&format!("{text}@example.org")), &refused);
                if is_short {
                    prop_assert_eq!(code_text(&text), Err(TextError::PaymentCard), "{:?}", text);
                }
            }
        }

        #[test]
        fn a_phone_is_refused_however_it_is_written(
            phone in prop::sample::select(&["600123456", "34600123456", "0034600123456"][..]),
            gap in "[ ._/:;,*#|~=—–·•_-]{1,3}|[a-zñЖ]|\u{200b}",
            every in 1..=4usize,
            zero in prop::sample::select(&['0', '０', '٠', '०', '𝟎'][..]),
            around in prop::sample::select(&[("", ""), ("Arreglo 2 ", " 12"), ("3 x ", ".")][..]),
        ) {
            let digit = |digit: char| char::from_u32(zero as u32 + digit as u32 - '0' as u32).unwrap();
            let digits: Vec<char> = phone.chars().map(digit).collect();
            let groups: Vec<String> = digits.chunks(every).map(|group| group.iter().collect()).collect();
            let text = format!("{}{}{}", around.0, groups.join(&gap), around.1);
            prop_assert!(matches!(label(&text, SALE), Err(TextError::Phone | TextError::PaymentCard)), "{text:?}");
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
