//! Why a line sold nothing.

use chrono::NaiveDate;

use crate::domain::text::{Place, quotable};
use crate::locale::{Arg, Locale};
use crate::store::StoreError;

/// A refused line: its kind for programs, words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub kind: Kind,
    /// Position in the sale's `lines`, from 1, where one of them is at fault.
    pub line: Option<usize>,
    /// What the sentence names: a key, a text as given, or an amount. Never a customer. It is cut where it is
    /// said: a phone that is cut through is none any more.
    what: String,
    /// What could have been given, where the hint lists it.
    known: String,
}

/// Most names that a hint lists.
const MOST_LISTED: usize = 20;

/// Longest quotation of what was given, in characters.
const LONGEST_QUOTE: usize = 60;

macro_rules! kinds {
    ($($kind:ident $name:literal $key:literal),+ $(,)?) => {
        /// Every reason, finer than what programs are told.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Kind { $($kind),+ }

        impl Kind {
            #[cfg(test)]
            pub const ALL: &[Kind] = &[$(Kind::$kind),+];

            /// The `kind` of an answer.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name),+ }
            }

            /// Its sentence is `ring-<key>`, and what to do is `ring-<key>-hint`.
            pub fn key(self) -> &'static str {
                match self { $(Kind::$kind => $key),+ }
            }
        }
    };
}

kinds! {
    BadJson "bad_json" "bad-json",
    LineTooLong "too_large" "line-too-long",
    UnknownKey "unknown_key" "unknown-key",
    DuplicateKey "duplicate_key" "duplicate-key",
    MissingKey "missing_key" "missing-key",
    WantsText "wrong_type" "wants-text",
    WantsList "wrong_type" "wants-list",
    WantsObject "wrong_type" "wants-object",
    NoLines "no_lines" "no-lines",
    CodeOrDepartment "code_or_department" "code-or-department",
    UnknownProduct "unknown_product" "unknown-product",
    WrongCheckDigit "unknown_product" "wrong-check-digit",
    UnknownDepartment "unknown_department" "unknown-department",
    BadName "bad_name" "bad-name",
    Person "personal_data" "person",
    IdOfPerson "personal_data" "id-of-person",
    BadTax "bad_tax" "bad-tax",
    BadQuantity "bad_quantity" "bad-quantity",
    PiecesAreWhole "bad_quantity" "pieces-are-whole",
    BadPrice "bad_price" "bad-price",
    BadDiscount "bad_discount" "bad-discount",
    DiscountTooLarge "bad_discount" "discount-too-large",
    TooLarge "too_large" "too-large",
    UnknownTender "bad_tender" "unknown-tender",
    BadTender "bad_tender" "bad-tender",
    CardTooMuch "bad_tender" "card-too-much",
    AlreadyPaid "bad_tender" "already-paid",
    TooMuchCash "bad_tender" "too-much-cash",
    NotEnough "not_enough" "not-enough",
    UnknownChoice "unknown_choice" "unknown-choice",
    NeedsCustomer "needs_customer" "needs-customer",
    NeedsPurpose "needs_purpose" "needs-purpose",
    CustomerNotKept "customer_not_kept" "customer-not-kept",
    BadCustomer "bad_customer" "bad-customer",
    PaymentCard "payment_card" "payment-card",
    UnknownPurpose "unknown_purpose" "unknown-purpose",
    AtNotAllowed "at_not_allowed" "at-not-allowed",
    BadTime "bad_time" "bad-time",
    FutureTime "bad_time" "future-time",
    DiskFull "disk_full" "disk-full",
    Busy "busy" "busy",
    YearImpossible "bad_time" "year-impossible",
    Failed "store_failed" "failed",
}

impl Refusal {
    /// A refusal that quotes what was given, without hidden signs, and never a card, a phone or an
    /// e-mail: answers go into the logs of front ends.
    pub fn of(kind: Kind, what: impl AsRef<str>) -> Refusal {
        let what = quotable(what.as_ref(), Place::Catalogue);
        Refusal { kind, line: None, what, known: String::new() }
    }

    pub fn plain(kind: Kind) -> Refusal {
        Refusal::of(kind, "")
    }

    /// Why nothing of a group was sold on this day of the clock.
    pub fn of_store(error: &StoreError, today: NaiveDate) -> Refusal {
        match error {
            StoreError::YearImpossible => {
                // With a plus before the year it would pass for a phone.
                Refusal::of(Kind::YearImpossible, today.to_string().trim_start_matches('+'))
            }
            StoreError::DiskFull => Refusal::plain(Kind::DiskFull),
            StoreError::Busy => Refusal::plain(Kind::Busy),
            other => Refusal::of(Kind::Failed, other.to_string()),
        }
    }

    /// The same, without the phones of the shop's country: `ring` is where a customer would slip in.
    pub fn of_shop(mut self, dialling_code: &str) -> Refusal {
        self.what = quotable(&self.what, Place::Sale { dialling_code });
        self
    }

    /// The same, with a hint that lists what is known: the first of many.
    pub fn knowing(mut self, names: &[&str]) -> Refusal {
        let quoted: Vec<String> = names.iter().take(MOST_LISTED).map(|name| format!("\"{name}\"")).collect();
        self.known = quoted.join(", ");
        if names.len() > MOST_LISTED {
            self.known.push_str(", …");
        }
        self
    }

    /// The same, in the sale's line at `index` (from 0).
    pub fn in_line(mut self, index: usize) -> Refusal {
        self.line = Some(index + 1);
        self
    }

    fn quote(&self) -> String {
        match self.what.char_indices().nth(LONGEST_QUOTE) {
            Some((end, _)) => format!("{}…", &self.what[..end]),
            None => self.what.clone(),
        }
    }

    /// What happened.
    pub fn message(&self, locale: &Locale) -> String {
        locale.format(&format!("ring-{}", self.kind.key()), &[("what", Arg::from(self.quote()))])
    }

    /// What to do.
    pub fn hint(&self, locale: &Locale) -> String {
        let args = [("what", Arg::from(self.quote())), ("known", Arg::from(&self.known))];
        locale.format(&format!("ring-{}-hint", self.kind.key()), &args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::Language;

    #[test]
    fn every_refusal_has_words_in_every_language() {
        for language in Language::ALL {
            let locale = Locale::of(language);
            for &kind in Kind::ALL {
                let refusal = Refusal::of(kind, "WHAT");
                for words in [refusal.message(locale), refusal.hint(locale)] {
                    assert!(words.ends_with('.') && !words.starts_with('['), "{kind:?}: {words}");
                }
            }
        }
    }

    #[test]
    fn what_was_given_is_quoted_without_persons_and_hidden_signs() {
        for (given, quoted) in [
            ("PAN-1", "PAN-1"),
            ("8412345678905", "8412345678905"),
            ("4111 1111 1111 1111", "…"),
            ("４１１１.1111_1111—1111", "…"),
            ("ana@example.org", "…"),
            ("+34 600 123 456", "…"),
            ("a\u{202e}b\u{9b}c\u{200b}", "ab\u{fffd}c"),
        ] {
            assert_eq!(Refusal::of(Kind::UnknownProduct, given).what, quoted);
        }
    }

    #[test]
    fn long_quotations_are_cut() {
        let refusal = Refusal::of(Kind::UnknownKey, "ñ".repeat(1000));
        assert_eq!(refusal.quote().chars().count(), LONGEST_QUOTE + 1);
        // Cut first, six of its nine digits were said.
        let refusal = Refusal::of(Kind::UnknownKey, format!("{} 600 123 456", "ab ".repeat(17)));
        assert_eq!(refusal.of_shop("34").quote(), "…");
    }
}
