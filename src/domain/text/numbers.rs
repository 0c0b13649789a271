//! Numbers inside a text, however they are written: in digits of any script, with anything between
//! them. Which of them look like a payment card or a phone.

use unicode_normalization::UnicodeNormalization;

use super::Place;
use crate::domain::barcode::Gtin;
use crate::domain::customer::is_national_phone;

/// Most digits of a card's number (ISO/IEC 7812-1).
const LONGEST_CARD: usize = 19;
/// Fewest digits of any number that is looked for.
const SHORTEST: usize = 8;

/// What stands before a group of digits, from what parts one number to what parts two.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    /// Blanks and hyphens, as numbers are usually grouped.
    Usual,
    /// Up to three signs, none of them a letter.
    Signs,
    /// Up to three characters of any kind.
    Short,
    Any,
}

/// Digits that follow each other.
struct Group {
    /// Where it stands among all digits of the text.
    start: usize,
    end: usize,
    gap: Gap,
    /// A `+` stands before it.
    plus: bool,
    /// It belongs to a barcode or a book's number.
    is_article: bool,
}

/// All digits of a text, as 0 to 9, and how they are parted.
pub(super) struct Numbers {
    digits: Vec<u8>,
    groups: Vec<Group>,
}

/// One number that the digits of neighbouring groups make.
struct Reading<'n> {
    digits: &'n [u8],
    groups: &'n [Group],
}

impl Numbers {
    /// The numbers of a text; `None` where it has too few digits for any that is looked for.
    pub(super) fn of(text: &str) -> Option<Numbers> {
        // Nearly every name, and quickly seen.
        if text.is_ascii() && text.bytes().filter(u8::is_ascii_digit).count() < SHORTEST {
            return None;
        }
        let mut numbers = Numbers { digits: Vec::new(), groups: Vec::new() };
        let mut gap = Gap::Usual;
        let (mut length, mut before, mut last) = (0, None, None);
        // Compatibility forms are what they stand for: full width, circled, raised (Unicode, UAX #15).
        for c in text.nfkc() {
            let Some(digit) = decimal_digit(c) else {
                let usual = matches!(c, ' ' | '\u{a0}' | '-' | '‐' | '‑' | '–');
                let kind = if usual { Gap::Usual } else { Gap::Signs };
                gap = gap.max(if c.is_alphanumeric() { Gap::Short } else { kind });
                length += 1;
                (before, last) = (last, Some(c));
                continue;
            };
            if length > 0 || numbers.groups.is_empty() {
                // A plus that joins two things is no prefix.
                let plus = last == Some('+') && !before.is_some_and(char::is_alphanumeric);
                let gap = if length > 3 && gap > Gap::Usual { Gap::Any } else { gap };
                let start = numbers.digits.len();
                numbers.groups.push(Group { start, end: start, gap, plus, is_article: false });
            }
            numbers.digits.push(digit);
            if let Some(group) = numbers.groups.last_mut() {
                group.end += 1;
            }
            (gap, length, before, last) = (Gap::Usual, 0, Some(c), None);
        }
        if numbers.digits.len() < SHORTEST {
            return None;
        }
        numbers.mark_articles();
        Some(numbers)
    }

    /// The longest readings with no more than this between the groups.
    fn whole(&self, widest: Gap) -> impl Iterator<Item = Reading<'_>> {
        self.groups.chunk_by(move |_, next| next.gap <= widest).map(|groups| self.reading(groups))
    }

    fn reading<'n>(&'n self, groups: &'n [Group]) -> Reading<'n> {
        let digits = groups[0].start..groups[groups.len() - 1].end;
        Reading { digits: &self.digits[digits], groups }
    }

    fn mark_articles(&mut self) {
        let Numbers { digits, groups } = self;
        for groups in groups.chunk_by_mut(|_, next| next.gap <= Gap::Usual) {
            let of_all = &digits[groups[0].start..groups[groups.len() - 1].end];
            let article = Reading { digits: of_all, groups }.is_article();
            // An international prefix is likelier than an article of North America.
            let is_article = article && !of_all.starts_with(&[0, 0]);
            groups.iter_mut().for_each(|group| group.is_article = is_article);
        }
    }

    /// Every reading of neighbouring groups, with no more than this between them, that is no longer
    /// than a card's number.
    fn readings(&self, widest: Gap) -> impl Iterator<Item = Reading<'_>> {
        (0..self.groups.len()).flat_map(move |first| {
            let rest = &self.groups[first + 1..];
            let more = rest.iter().take_while(move |group| group.gap <= widest).count();
            (first + 1..=first + 1 + more)
                .map(move |end| self.reading(&self.groups[first..end]))
                .take_while(|reading| reading.digits.len() <= LONGEST_CARD)
        })
    }

    /// Whether one of them can be a payment card's: as cards are usually written any that passes the
    /// Luhn test, and with anything else between the digits one of a known scheme.
    pub(super) fn have_payment_card(&self, place: Place<'_>) -> bool {
        // Codes hold letters and digits at random (a UUID): there letters join all digits or none.
        let (widest, whole) = match place {
            Place::Sale { .. } => (Gap::Any, Gap::Any),
            Place::Identifier => (Gap::Signs, Gap::Any),
            Place::Code => (Gap::Signs, Gap::Short),
            Place::Shop | Place::Catalogue => (Gap::Short, Gap::Short),
        };
        let is_card = |reading: &Reading<'_>| !reading.is_trade_item(place) && luhn(reading.digits);
        let usual = |reading: &Reading<'_>| {
            let length = reading.digits.len();
            (13..=LONGEST_CARD).contains(&length) && !reading.is_article() && is_card(reading)
        };
        let hidden = |reading: &Reading<'_>| is_of_a_scheme(reading.digits) && is_card(reading);
        place != Place::Code && self.whole(Gap::Usual).any(|reading| usual(&reading))
            || self.whole(whole).any(|reading| hidden(&reading))
            || self.readings(widest).any(|reading| hidden(&reading))
    }

    /// Whether one of them can be somebody's phone.
    pub(super) fn have_phone(&self, place: Place<'_>) -> bool {
        let (widest, code) = match place {
            Place::Shop | Place::Identifier => return false,
            Place::Catalogue | Place::Code => (Gap::Signs, None),
            Place::Sale { dialling_code } => (Gap::Short, Some(dialling_code)),
        };
        self.readings(widest).any(|reading| {
            let digits = reading.digits.len();
            !reading.groups.iter().any(|group| group.is_article)
                && (reading.groups[0].plus && digits >= SHORTEST
                    || digits > SHORTEST && code.is_some_and(|code| is_national_phone(&reading.text(), code)))
        })
    }
}

impl Reading<'_> {
    fn text(&self) -> String {
        self.digits.iter().map(|digit| char::from(b'0' + digit)).collect()
    }

    /// An EAN-13 or ISBN of a kind that no card begins with.
    fn is_article(&self) -> bool {
        self.digits.len() == 13 && !matches!(self.digits[0], 4..=6) && Gtin::parse(&self.text()).is_ok()
    }

    /// A GTIN where such numbers belong.
    fn is_trade_item(&self, place: Place<'_>) -> bool {
        matches!(place, Place::Catalogue | Place::Code)
            && self.groups.len() == 1
            && Gtin::parse(&self.text()).is_ok()
    }
}

/// Whether a number of this length begins as those of a card scheme do (ISO/IEC 7812-1, and the
/// ranges that the schemes publish).
fn is_of_a_scheme(digits: &[u8]) -> bool {
    if !(13..=LONGEST_CARD).contains(&digits.len()) {
        return false;
    }
    let start = digits[..4].iter().fold(0, |start, digit| start * 10 + u32::from(*digit));
    match start {
        // Visa.
        4000..=4999 => matches!(digits.len(), 13 | 16 | 18 | 19),
        // Mastercard, Mir.
        5100..=5599 | 2200..=2204 | 2221..=2720 => digits.len() == 16,
        // American Express.
        3400..=3499 | 3700..=3799 => digits.len() == 15,
        // Diners Club.
        3000..=3059 | 3095 | 3600..=3699 | 3800..=3999 => matches!(digits.len(), 14 | 16),
        // JCB, Maestro, Discover, UnionPay, RuPay, Troy.
        3528..=3589 | 5000..=5099 | 5600..=6999 | 8100..=8299 | 9792 => digits.len() >= 16,
        _ => false,
    }
}

/// The Luhn test (ISO/IEC 7812-1, annex B).
pub(super) fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let weighed = digits.iter().rev().enumerate();
    let sum: u32 =
        weighed.map(|(place, &digit)| u32::from(if place % 2 == 1 { doubled(digit) } else { digit })).sum();
    sum.is_multiple_of(10)
}

/// The zeros of all scripts, each followed by its nine other digits (Unicode: General_Category Nd).
const ZEROS: &[char] = &[
    '\u{30}',
    '\u{660}',
    '\u{6f0}',
    '\u{7c0}',
    '\u{966}',
    '\u{9e6}',
    '\u{a66}',
    '\u{ae6}',
    '\u{b66}',
    '\u{be6}',
    '\u{c66}',
    '\u{ce6}',
    '\u{d66}',
    '\u{de6}',
    '\u{e50}',
    '\u{ed0}',
    '\u{f20}',
    '\u{1040}',
    '\u{1090}',
    '\u{17e0}',
    '\u{1810}',
    '\u{1946}',
    '\u{19d0}',
    '\u{1a80}',
    '\u{1a90}',
    '\u{1b50}',
    '\u{1bb0}',
    '\u{1c40}',
    '\u{1c50}',
    '\u{a620}',
    '\u{a8d0}',
    '\u{a900}',
    '\u{a9d0}',
    '\u{a9f0}',
    '\u{aa50}',
    '\u{abf0}',
    '\u{ff10}',
    '\u{104a0}',
    '\u{10d30}',
    '\u{10d40}',
    '\u{11066}',
    '\u{110f0}',
    '\u{11136}',
    '\u{111d0}',
    '\u{112f0}',
    '\u{11450}',
    '\u{114d0}',
    '\u{11650}',
    '\u{116c0}',
    '\u{116d0}',
    '\u{116da}',
    '\u{11730}',
    '\u{118e0}',
    '\u{11950}',
    '\u{11bf0}',
    '\u{11c50}',
    '\u{11d50}',
    '\u{11da0}',
    '\u{11f50}',
    '\u{16130}',
    '\u{16a60}',
    '\u{16ac0}',
    '\u{16b50}',
    '\u{16d70}',
    '\u{1ccf0}',
    '\u{1d7ce}',
    '\u{1d7d8}',
    '\u{1d7e2}',
    '\u{1d7ec}',
    '\u{1d7f6}',
    '\u{1e140}',
    '\u{1e2f0}',
    '\u{1e4f0}',
    '\u{1e5f1}',
    '\u{1e950}',
    '\u{1fbf0}',
];

/// The value of a decimal digit of any script.
pub(in crate::domain) fn decimal_digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.to_digit(10).and_then(|digit| u8::try_from(digit).ok());
    }
    let zero = ZEROS[..ZEROS.partition_point(|zero| *zero <= c)].last()?;
    u8::try_from(u32::from(c) - u32::from(*zero)).ok().filter(|digit| *digit < 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_every_script() {
        let digit = regex::Regex::new(r"^\d$").unwrap();
        let mut missing = Vec::new();
        for c in '\0'..=char::MAX {
            if digit.is_match(c.encode_utf8(&mut [0; 4])) != decimal_digit(c).is_some() {
                missing.push(format!("{:x}", u32::from(c)));
            }
        }
        assert_eq!(missing, Vec::<String>::new());
        for (c, value) in [('7', 7), ('٣', 3), ('９', 9), ('𝟘', 0), ('𝟿', 9), ('९', 9)] {
            assert_eq!(decimal_digit(c), Some(value));
        }
    }
}
