//! Who a customer says to be, and what they allow.

mod phone;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::catalogue::fold;
use super::text::{decimal_digit, looks_like_payment_card, without_hidden};
use IdentifierError::{NotAPhone, PaymentCard};
use phone::Written;

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
    /// dialling code (Spain: `34`) is given. Errors: `Empty`, `NotAPhone`, `PaymentCard`.
    pub fn phone(text: &str, code: &str) -> Result<Identifier, IdentifierError> {
        let text = plain(&bare(text)?);
        let code = code.trim_start_matches('+');
        let refused = if looks_like_payment_card(&text) { PaymentCard } else { NotAPhone };
        let written = Written::of(&text).map_err(|_| refused)?;
        let digits = written.e164(code).map_err(|_| refused)?;
        // One in ten of all numbers of 13 digits and more passes for a card; one of a known country,
        // written as there, is none.
        if !written.fits_a_country(code) && (refused == PaymentCard || looks_like_payment_card(&digits)) {
            return Err(PaymentCard);
        }
        Ok(Identifier::Phone(format!("+{digits}")))
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
        let text = plain(&checked(text)?);
        let text: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if (4..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            Ok(Identifier::Card(text.to_ascii_uppercase()))
        } else {
            Err(IdentifierError::NotACard)
        }
    }

    /// Reads whichever of the three the text is. The kind may stand before it, as [`Self::canonical`]
    /// writes it, or a word that people put before a phone or an e-mail. Else it is an e-mail where there
    /// is an `@`; a phone where it begins as one (`+`, `00`, a bracket) or has as many digits as the
    /// numbers of the shop's country; else a loyalty card.
    /// Errors: as of the one that it looks like.
    pub fn parse(text: &str, code: &str) -> Result<Identifier, IdentifierError> {
        if let Some(read) = with_kind(text, code) {
            return read;
        }
        let text = bare(text)?;
        match behind_word(&text) {
            Some((Word::Phone, number)) => return Identifier::phone(number, code),
            Some((Word::Email, address)) => return Identifier::email(address),
            None if text.contains('@') => return Identifier::email(&text),
            None => {}
        }
        let text = plain(&text);
        if text.contains(char::is_alphabetic) {
            Identifier::card(&text)
        } else if text.starts_with(['+', '(']) || is_likely_phone(&text, code) {
            Identifier::phone(&text, code)
        } else {
            Identifier::card(&text)
        }
    }

    /// Whom a text can name, the likeliest first: each with every way in which they may be on file. A
    /// number may be a phone and a loyalty card, and until 0.2.0 some phones were read as cards, or with
    /// their prefixes left in. `ring` takes a card that begins like a phone (`TEL 0042`).
    /// Errors: as of [`Self::parse`].
    pub fn readings(text: &str, code: &str) -> Result<Vec<Vec<Identifier>>, IdentifierError> {
        let first = Identifier::parse(text, code).or_else(|error| match error {
            PaymentCard => Err(error),
            _ if with_kind(text, code).is_some() => Err(error),
            _ => Identifier::card(text).map_err(|_| error),
        })?;
        if with_kind(text, code).is_some() {
            return Ok(vec![first.spellings(code).0]);
        }
        let other = match &first {
            Identifier::Email(_) => None,
            Identifier::Phone(_) => Identifier::card(text).ok(),
            Identifier::Card(_) => Identifier::phone(text, code).ok(),
        };
        let (mut people, mut misread) = (Vec::new(), Vec::new());
        for identifier in [Some(first), other].into_iter().flatten() {
            let (same, cards) = identifier.spellings(code);
            people.push(same);
            misread.extend(cards);
        }
        people.extend(misread.into_iter().map(|card| vec![card]));
        // Nobody is two people.
        let mut seen = HashSet::new();
        people.iter_mut().for_each(|same| same.retain(|identifier| seen.insert(identifier.clone())));
        people.retain(|same| !same.is_empty());
        Ok(people)
    }

    /// How the same person may be on file; and cards that may be theirs or another one's.
    fn spellings(self, code: &str) -> (Vec<Identifier>, Vec<Identifier>) {
        let Identifier::Phone(number) = &self else { return (vec![self], Vec::new()) };
        let e164 = number.trim_start_matches('+');
        let (phones, cards) = phone::other_readings(e164, code.trim_start_matches('+'));
        let (certain, doubtful): (Vec<_>, Vec<_>) = cards
            .into_iter()
            .filter(|card| (4..=32).contains(&card.len()) && card.len() != 9)
            .partition(|card| card.starts_with("00"));
        let phones = phones.into_iter().map(|phone| Identifier::Phone(format!("+{phone}")));
        let same = phones.chain(certain.into_iter().map(Identifier::Card));
        (
            std::iter::once(self.clone()).chain(same).collect(),
            doubtful.into_iter().map(Identifier::Card).collect(),
        )
    }

    /// As a person reads it aloud: a phone of the shop's own country without its dialling code, and in
    /// groups.
    pub fn grouped(&self, code: &str) -> String {
        match self {
            Identifier::Phone(text) => {
                let (prefix, rest) =
                    phone::parted(text.trim_start_matches('+'), code.trim_start_matches('+'));
                prefix + &phone::grouped(rest, 3)
            }
            Identifier::Email(text) => text.clone(),
            Identifier::Card(text) if text.bytes().all(|b| b.is_ascii_digit()) => phone::grouped(text, 4),
            Identifier::Card(text) => text.clone(),
        }
    }

    /// The kind and the normalised text, from which the keyed hash is made: `phone:+34600123456`.
    pub fn canonical(&self) -> String {
        format!("{}:{}", self.kind(), self.text())
    }

    /// Which kind it is: `phone`, `email` or `card`.
    pub fn kind(&self) -> &'static str {
        match self {
            Identifier::Phone(_) => "phone",
            Identifier::Email(_) => "email",
            Identifier::Card(_) => "card",
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

/// The text without what shows nothing (a number that was copied from elsewhere brings such signs along).
fn bare(text: &str) -> Result<String, IdentifierError> {
    let text = without_hidden(text);
    let text = text.trim();
    if text.is_empty() { Err(IdentifierError::Empty) } else { Ok(text.to_owned()) }
}

/// The same with the digits and the plus of any script as the usual ones.
fn plain(text: &str) -> String {
    let usual = |c| match decimal_digit(c) {
        Some(digit) => char::from(b'0' + digit),
        None if c == '＋' => '+',
        None => c,
    };
    text.chars().map(usual).collect()
}

fn checked(text: &str) -> Result<String, IdentifierError> {
    let text = bare(text)?;
    if looks_like_payment_card(&text) { Err(IdentifierError::PaymentCard) } else { Ok(text) }
}

/// What is read where the kind stands before the text.
fn with_kind(text: &str, code: &str) -> Option<Result<Identifier, IdentifierError>> {
    let (kind, text) = text.trim().split_once(':')?;
    match kind {
        "phone" => Some(Identifier::phone(text, code)),
        "email" => Some(Identifier::email(text)),
        "card" => Some(Identifier::card(text)),
        _ => None,
    }
}

/// A word that says what follows.
enum Word {
    Phone,
    Email,
}

/// In Spanish and English, without case or accents.
const PHONE_WORDS: [&str; 11] =
    ["tel", "tlf", "telf", "tfno", "tfn", "telefono", "movil", "phone", "telephone", "mobile", "cell"];
const EMAIL_WORDS: [&str; 5] = ["email", "e mail", "mail", "correo", "mailto"];

/// What is read where such a word stands before the text. A card may begin with one: it is a word only with a
/// blank, a dot or a colon behind it. So may an address (`mail.ana@…`), which can have a dot, too.
fn behind_word(text: &str) -> Option<(Word, &str)> {
    let is_address = text.contains('@');
    let ends = |c: char| c.is_whitespace() || c == ':' || c == '.' && !is_address;
    let (word, rest) = text.split_at(text.find(ends)?);
    let word = fold(word);
    let kind = if PHONE_WORDS.contains(&word.as_str()) && !is_address {
        Word::Phone
    } else if EMAIL_WORDS.contains(&word.as_str()) {
        Word::Email
    } else {
        return None;
    };
    let rest = rest.trim_start_matches(ends);
    (!rest.is_empty()).then_some((kind, rest))
}

fn is_likely_phone(text: &str, code: &str) -> bool {
    Written::of(text).is_ok_and(|written| written.is_likely(code))
}

/// Whether these digits are as many as a phone number of the country with this dialling code has, with
/// or without what stands before one inside the country.
pub(super) fn is_national_phone(digits: &str, code: &str) -> bool {
    is_likely_phone(digits, code)
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
