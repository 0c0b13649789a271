//! Phone numbers as people write them.

use super::IdentifierError;

/// How a country writes its numbers: dialling code, the prefix of a number inside the country, and
/// how many digits follow it. After the ITU's list of dialling procedures (annex to Operational
/// Bulletin 994, for Recommendation E.164), as far as shops that use Olvido need it.
type Plan<'a> = (&'a str, &'static str, std::ops::RangeInclusive<usize>);

const PLANS: &[Plan<'static>] = &[
    ("1", "1", 10..=10),
    ("30", "", 10..=10),
    ("31", "0", 9..=9),
    ("32", "0", 8..=9),
    ("33", "0", 9..=9),
    ("34", "", 9..=9),
    ("351", "", 9..=9),
    ("353", "0", 8..=9),
    ("376", "", 6..=6),
    // Numbers of Italy keep their 0.
    ("39", "", 9..=11),
    ("41", "0", 9..=9),
    ("43", "0", 10..=11),
    ("44", "0", 10..=10),
    ("45", "", 8..=8),
    ("46", "0", 9..=9),
    ("47", "", 8..=8),
    ("48", "", 9..=9),
    ("49", "0", 10..=11),
    ("51", "0", 8..=9),
    // 01 until 2019.
    ("52", "01", 10..=10),
    ("54", "0", 10..=10),
    ("55", "0", 10..=11),
    ("56", "", 9..=9),
    ("57", "", 10..=10),
];

/// The plan of a country: where it is not in the table, as most of the world does.
fn plan(code: &str) -> Plan<'_> {
    PLANS.iter().find(|plan| plan.0 == code).cloned().unwrap_or((code, "0", 9..=9))
}

/// Digits after an international prefix, taken apart into the plan of their country and the rest, where
/// it is known or the shop's own. No dialling code is the beginning of another one.
fn split<'a>(international: &'a str, own: &'a str) -> Option<(Plan<'a>, &'a str)> {
    let table = || PLANS.iter().find_map(|plan| Some((plan.clone(), international.strip_prefix(plan.0)?)));
    international.strip_prefix(own).map(|rest| (plan(own), rest)).or_else(table)
}

/// A number as it is written, without what only helps the eye.
pub(super) struct Written {
    digits: String,
    /// A `+` stood before it.
    plus: bool,
}

/// Blanks and the signs with which numbers are grouped (ITU-T E.123).
fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '‐' | '‑' | '–' | '.' | '/' | '(' | ')')
}

impl Written {
    /// Errors: `NotAPhone` where anything but digits is left.
    pub(super) fn of(text: &str) -> Result<Written, IdentifierError> {
        // "+44 (0)20 …": the 0 is for callers inside the country.
        let text = if text.starts_with(['+', '(']) || text.starts_with("00") {
            text.replace("(0)", "")
        } else {
            text.to_owned()
        };
        let plain: String = text.chars().filter(|c| !is_separator(*c)).collect();
        let (plus, digits) = match plain.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, plain.as_str()),
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(IdentifierError::NotAPhone);
        }
        Ok(Written { digits: digits.to_owned(), plus })
    }

    /// What follows the international prefix, if there is one: `+`, `00` (ITU-T E.123, E.164), and
    /// `011` in North America.
    fn international(&self, code: &str) -> Option<&str> {
        if self.plus {
            return Some(&self.digits);
        }
        let american = if code == "1" { self.digits.strip_prefix("011") } else { None };
        american.or_else(|| self.digits.strip_prefix("00"))
    }

    /// Whether nothing but a phone can be meant, or nothing likelier: it has an international prefix,
    /// or as many digits as the numbers of the shop's country.
    pub(super) fn is_likely(&self, code: &str) -> bool {
        match self.international(code) {
            _ if self.plus => true,
            Some(rest) if split(rest, code).is_none() => {
                (8..=15).contains(&rest.len()) && !rest.starts_with('0')
            }
            _ => self.fits_a_country(code),
        }
    }

    /// Whether it has as many digits as the numbers of its country, which is known.
    pub(super) fn fits_a_country(&self, code: &str) -> bool {
        match self.international(code) {
            Some(rest) => split(rest, code)
                .is_some_and(|(plan, rest)| plan.2.contains(&without_trunk(&plan, rest).len())),
            None => self.national(code).is_some(),
        }
    }

    /// The national number, where this is one of the shop's country by its length.
    fn national(&self, code: &str) -> Option<&str> {
        let plan = plan(code);
        let digits = self.digits.as_str();
        let inside = (!plan.1.is_empty()).then(|| digits.strip_prefix(plan.1)).flatten();
        // Numbers of older areas are shorter; who writes the prefix means a number all the same.
        if let Some(rest) =
            inside.filter(|rest| *plan.2.start() <= rest.len() + 3 && rest.len() <= *plan.2.end())
        {
            return Some(rest);
        }
        let whole = Some(digits).filter(|digits| plan.2.contains(&digits.len()));
        whole.or_else(|| digits.strip_prefix(code).filter(|rest| plan.2.contains(&rest.len())))
    }

    /// The digits of E.164, with the dialling code. Errors: `NotAPhone` where they are not 8 to 15.
    pub(super) fn e164(&self, code: &str) -> Result<String, IdentifierError> {
        let digits = match self.international(code) {
            Some(rest) => match split(rest, code) {
                Some((plan, rest)) => format!("{}{}", plan.0, without_trunk(&plan, rest)),
                None => rest.to_owned(),
            },
            None => format!("{code}{}", self.national(code).unwrap_or(&self.digits)),
        };
        let sound = (8..=15).contains(&digits.len()) && !digits.starts_with('0');
        if sound { Ok(digits) } else { Err(IdentifierError::NotAPhone) }
    }
}

/// A national number after a dialling code, without the prefix for callers inside the country, which
/// some write all the same.
fn without_trunk<'a>(plan: &Plan<'_>, rest: &'a str) -> &'a str {
    let inside = if plan.1.is_empty() { None } else { rest.strip_prefix(plan.1) };
    inside.filter(|rest| plan.1 == "0" || plan.2.contains(&rest.len())).unwrap_or(rest)
}

/// How this number may be written, or was read until 0.2.0: digits after `+` (prefix and dialling
/// code left in), and texts that were taken for a loyalty card.
pub(super) fn other_readings(e164: &str, code: &str) -> (Vec<String>, Vec<String>) {
    let mut phones = Vec::new();
    let mut cards = vec![format!("00{e164}"), e164.to_owned()];
    if let Some((plan, rest)) = split(e164, code) {
        phones.push(format!("{}{}{rest}", plan.0, plan.1));
        phones.push(format!("{}{e164}", plan.0));
        if plan.1 == "0" {
            cards.push(format!("00{}0{rest}", plan.0));
        }
    }
    if let Some(rest) = e164.strip_prefix(code) {
        phones.push(format!("{code}{e164}"));
        // Where numbers differ in length, one may begin as the dialling code does.
        if rest.starts_with(code) {
            let (more, also) = other_readings(rest, code);
            phones.push(rest.to_owned());
            phones.extend(more);
            cards.extend(also);
        }
        phones.push(format!("{code}0{rest}"));
        cards.push(rest.to_owned());
        cards.push(format!("{}{rest}", plan(code).1));
    }
    (phones, cards)
}

/// As people of the country read it aloud: in groups of three, the last of up to four.
pub(super) fn grouped(digits: &str, size: usize) -> String {
    let mut text = String::new();
    let mut rest = digits;
    while rest.len() > size + 1 {
        let (group, after) = rest.split_at(size);
        text.push_str(group);
        text.push(' ');
        rest = after;
    }
    text + rest
}

/// What stands before a number and the number itself: nothing where it is of the shop's own country.
pub(super) fn parted<'a>(e164: &'a str, code: &'a str) -> (String, &'a str) {
    match (e164.strip_prefix(code), split(e164, code)) {
        (Some(rest), _) => (String::new(), rest),
        (None, Some((plan, rest))) => (format!("+{} ", plan.0), rest),
        (None, None) => ("+".to_owned(), e164),
    }
}
