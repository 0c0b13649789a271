//! Why a policy is refused: a line, a key and a kind. The words are in the locale files.

/// One refusal. A policy with any refusal is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// Line of the file, from 1.
    pub line: usize,
    /// Dotted key that it is about, such as `class.lines.term`.
    pub key: String,
    pub kind: PolicyErrorKind,
}

/// What is wrong; every kind has one remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyErrorKind {
    /// The line does not follow TOML 1.0.
    NotToml,
    /// A key, or a name in a list, that is there twice.
    Duplicate,
    /// A key that the program does not know.
    UnknownKey,
    /// A key that must be there.
    Missing,
    /// Present, but not what is expected.
    BadValue(Expected),
    /// A text that one of the policy's languages lacks.
    MissingText,
    /// The longest that fits the place where the text is shown, in characters.
    TextTooLong {
        limit: usize,
    },
    /// `{name}` in a text that has no such value.
    UnknownPlaceholder {
        name: String,
    },
    /// A text that must say `{name}`, since the program decides it.
    MissingPlaceholder {
        name: &'static str,
    },
    ClassWithoutPurpose,
    ClassWithoutBasis,
    ClassWithoutTerm,
    /// Only counters are mixed with those of other purchases.
    NotMixed,
    /// A choice names a class that the policy does not define.
    UnknownClass {
        name: String,
    },
    /// A choice names a purpose that the policy does not define.
    UnknownPurpose {
        name: String,
    },
    /// `default` or `order` names a choice that the policy does not define.
    UnknownChoice {
        name: String,
    },
    /// A choice that `order` does not show.
    NotInOrder,
    /// More cards than the screen has room for.
    TooManyChoices {
        limit: usize,
    },
    /// No choice keeps only what the law asks for.
    NoMinimum,
    /// The default keeps more than `minimum`.
    DefaultNotMinimum {
        minimum: String,
    },
    /// The program writes this class for every sale, so every choice must say so.
    AlwaysKept {
        class: &'static str,
    },
    /// `memory` and `keeps` contradict each other.
    MemoryMismatch,
    /// A choice that keeps no articles has no term of its own.
    TermWithoutMemory,
    /// A choice keeps a class longer than the class allows.
    TermTooLong {
        class: &'static str,
    },
    /// Only what is a customer's can be counted from their last purchase.
    LastPurchaseOfNobody,
    /// Purposes can only be ticked where there is a profile.
    PurposesWithoutProfile,
    /// A choice that keeps more stands before the one that keeps the least.
    KeepsBeforeMinimum {
        minimum: String,
    },
    /// Two cards have the same title in a language: nobody could tell them apart.
    SameTitle {
        other: String,
    },
    /// What is linked to a person's profile rests on consent alone.
    NotConsent {
        class: &'static str,
    },
    /// A class stays longer than any law asks for a ticket, in years.
    TermBeyondLaw {
        years: u32,
    },
    /// What is kept of a purchase needs a last day, even if nobody ever comes back.
    NoLastDay,
    /// A policy to be taken into use must say `format = 2`.
    OldFormat,
    /// A changed policy needs a higher version than the one in use.
    VersionNotRaised {
        current: u32,
    },
}

/// What a value should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A whole number from 1.
    Number,
    /// One line of text.
    Text,
    /// A list of texts, not empty.
    List,
    Table,
    /// `{ years = 1..=100 }`, with `after = "last-purchase"` or without, `{ days = 1..=36500 }` or
    /// `"customer"`.
    Term,
    Basis,
    Memory,
    Detail,
    /// `{ sales = 5, tickets = 32, longest = 1600 }`, or more of each: [`super::Release::LEAST`].
    Release,
    /// Today's [`super::Policy::FORMAT`].
    Format,
    /// A code of [`crate::domain::language::Language::ALL`].
    Language,
    /// 1 to 32 lower-case letters, digits and hyphens.
    Id,
}
