//! The store's policy: what each choice keeps, for which purpose, on which legal basis and for how
//! long. Everything that the customer is told is rendered from the [`Notice`] that a policy gives,
//! and everything that the store keeps follows the rules of the same policy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};

use super::customer::Purpose;
use super::language::Language;

mod choices;
mod compare;
mod error;
mod notice;
mod own_words;
mod parse;
mod reader;
mod record;
mod release;
mod steer;
mod texts;

pub use compare::{Change, ChangeKind, Effect, compare, effective_until, judge};
pub use error::{Expected, PolicyError, PolicyErrorKind};
pub use notice::{Card, FullNotice, Labels, Notice, Section, Tick};
pub use record::Activity;
pub use release::Release;
pub use steer::{PolicyWarning, PolicyWarningKind, warnings};

/// The policy that a new store starts with: Spanish law, three choices.
pub const SHIPPED: &str = include_str!("../../../assets/policy.toml");

/// A policy without refusals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How the file is written: [`Policy::FORMAT`], or 1 where it does not say, as up to 0.2.0.
    pub format: u32,
    /// Rises with every change.
    pub version: u32,
    /// Never empty; the first stands in for languages that are not here.
    pub languages: Vec<Language>,
    /// [`TicketDetail::Shop`] under every policy of format 1: a store may keep less than it says.
    pub ticket_detail: TicketDetail,
    /// After so many days a backup brings no purchase back; `None` where the policy does not say.
    pub backup_days: Option<u32>,
    /// When a count of a product is told.
    pub release: Release,
    /// Ticket and counters are always here.
    pub classes: BTreeMap<DataClass, ClassPolicy>,
    /// What a customer can tick, with its name in every language.
    pub purposes: BTreeMap<Purpose, BTreeMap<Language, String>>,
    /// In the order of the cards.
    pub choices: Vec<ChoicePolicy>,
    minimum: usize,
    controller: Controller,
    words: BTreeMap<Language, NoticeWords>,
}

/// What the tax ticket says of the goods, from the least that the law asks to the most. Invoicing
/// rules want "the kind of goods" (RD 1619/2012, article 7.1.e), and no amount for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TicketDetail {
    /// The shop's own words for all that it sells, the same on every ticket.
    Shop,
    /// Which departments the basket came from.
    DepartmentNames,
    /// Amounts by department: with a price list they name baskets of a small shop.
    Departments,
    /// Every article, still without the customer.
    Products,
}

/// The kinds of data that the program can keep of a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataClass {
    Ticket,
    Counters,
    Lines,
    Profile,
}

/// The legal basis of keeping a class: GDPR, article 6(1), or that it is mixed by rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// Article 6(1)(a).
    Consent,
    /// Article 6(1)(b).
    Contract,
    /// Article 6(1)(c).
    LegalObligation,
    /// Counts that can be read only once they are mixed with those of many other purchases: about no
    /// person as far as that rule goes (recital 26, and WP216 on singling out).
    Mixed,
}

/// How long something stays, counted from the day of the sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// From date to date; 29 February to 28 February where there is no 29th (Spanish Civil Code,
    /// article 5.1).
    Years(u32),
    Days(u32),
    /// So many years after the last purchase that the same customer had remembered: each one renews it
    /// for all of theirs.
    YearsAfterLast(u32),
    /// Until the customer says forget.
    Customer,
}

/// The end of a term. A day is the last on which the data is there; any day comes before
/// "the customer says so".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Until {
    Date(NaiveDate),
    CustomerSaysSo,
}

/// How the articles of a purchase are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Memory {
    /// Not kept.
    None,
    /// Opened by the receipt's code and the store's slot together.
    Receipt,
    /// Linked to the customer's profile.
    Profile,
}

/// What a policy says of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassPolicy {
    pub basis: Basis,
    /// The longest that any choice may keep it.
    pub term: Term,
    texts: BTreeMap<Language, ClassText>,
}

/// What a policy says of one choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoicePolicy {
    /// Such as `forget`: 1 to 32 lower-case letters, digits and hyphens.
    pub id: String,
    pub keeps: BTreeSet<DataClass>,
    pub memory: Memory,
    /// How long the articles stay; the ticket's term where there are none.
    pub term: Term,
    /// What the customer can tick. Never ticked beforehand.
    pub purposes: Vec<Purpose>,
    texts: BTreeMap<Language, ChoiceText>,
}

/// Who decides what is kept, and why: GDPR, article 4(7). The texts can name `{store}` and `{tax-id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Controller {
    name: String,
    tax_id: String,
    /// Where to ask.
    contact: BTreeMap<Language, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ClassText {
    name: String,
    /// The full sentence, for the ticket under each detail.
    keeps: BTreeMap<TicketDetail, String>,
    /// Its line on every card; only of the ticket and the counters.
    card: BTreeMap<TicketDetail, String>,
    purpose: String,
    law: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ChoiceText {
    title: String,
    keeps: String,
    purpose: String,
    until: String,
    after: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct NoticeWords {
    question: String,
    /// In format 2 it names `{choice}`, as the answer section does.
    default: String,
    label_keeps: String,
    label_purpose: String,
    label_basis: String,
    label_until: String,
    /// Only of policies of before format 2, which can keep without a last day.
    until_customer: String,
    until_ticket: String,
    until_counts: String,
    until_items: String,
    until_profile: String,
    /// Of a profile whose term a later purchase renews; empty where none is.
    until_renewed: String,
    /// That it ends before, if the customer asks for it.
    until_sooner: String,
    controller: Section,
    answer: Section,
    /// Empty where no term is counted from the last purchase.
    until_last_purchase: String,
    who: Section,
    copies: Section,
    rights: Section,
    complaint: Section,
}

impl Policy {
    /// How a policy file is written today.
    pub const FORMAT: u32 = 2;

    /// Reads a policy file. Errors: every refusal found, in the order of their lines.
    pub fn parse(text: &str) -> Result<Policy, Vec<PolicyError>> {
        parse::parse(text)
    }

    /// Reads a policy that is to be taken into use: as [`Policy::parse`], and of today's format. A
    /// store keeps working with the one it has until then.
    pub fn parse_new(text: &str) -> Result<Policy, Vec<PolicyError>> {
        let policy = Policy::parse(text)?;
        if policy.format == Policy::FORMAT {
            return Ok(policy);
        }
        Err(vec![PolicyError { line: 1, key: "format".to_owned(), kind: PolicyErrorKind::OldFormat }])
    }

    /// The policy that ships with the program.
    pub fn shipped() -> Policy {
        static SHIPPED_POLICY: LazyLock<Policy> =
            LazyLock::new(|| Policy::parse(SHIPPED).expect("a test reads the shipped policy"));
        SHIPPED_POLICY.clone()
    }

    /// The choice with this id.
    pub fn choice(&self, id: &str) -> Option<&ChoicePolicy> {
        self.choices.iter().find(|choice| choice.id == id)
    }

    /// What customers tick, as the policy calls it in that language; the ids where it defines none of that name.
    pub fn purpose_names<'a>(&'a self, purposes: &'a [Purpose], language: Language) -> Vec<&'a str> {
        let language = self.language(language);
        let name = |purpose: &'a Purpose| {
            let texts = self.purposes.get(purpose);
            texts.and_then(|texts| texts.get(&language)).map_or(purpose.as_str(), String::as_str)
        };
        purposes.iter().map(name).collect()
    }

    /// The choice that keeps the bare legal minimum: the default, also when nobody answers.
    pub fn minimum(&self) -> &ChoicePolicy {
        &self.choices[self.minimum]
    }

    /// The last day on which the tax ticket of a sale must be kept.
    pub fn ticket_until(&self, sale_date: NaiveDate) -> Until {
        self.classes[&DataClass::Ticket].term.after(sale_date)
    }

    /// Everything that is said of the controller in one language.
    fn controller_in(&self, language: Language) -> [Option<&str>; 3] {
        let Controller { name, tax_id, contact } = &self.controller;
        [Some(name), Some(tax_id), contact.get(&language)].map(|text| text.map(String::as_str))
    }

    /// `wanted` if the policy speaks it, else its first language.
    pub fn language(&self, wanted: Language) -> Language {
        if self.languages.contains(&wanted) { wanted } else { self.languages[0] }
    }
}

impl ChoicePolicy {
    /// Until when the store keeps what this choice keeps of a sale: the articles, or, where it
    /// keeps none, the ticket.
    pub fn keeps_until(&self, sale_date: NaiveDate) -> Until {
        self.term.after(sale_date)
    }
}

impl Term {
    /// The end of the term for a sale of this day, if the customer has no later one remembered.
    pub fn after(self, sale_date: NaiveDate) -> Until {
        self.end(sale_date, Some(sale_date))
    }

    /// The end of the term for a sale of `sale_date` to a customer whose last remembered purchase was on
    /// `last`; without that day, a term that is counted from it has no end.
    pub fn end(self, sale_date: NaiveDate, last: Option<NaiveDate>) -> Until {
        let years =
            |from: NaiveDate, years: u32| from.checked_add_months(Months::new(years.saturating_mul(12)));
        let end = match (self, last) {
            (Term::Years(count), _) => years(sale_date, count),
            (Term::YearsAfterLast(count), Some(last)) => years(last, count),
            (Term::Days(days), _) => sale_date.checked_add_days(Days::new(u64::from(days))),
            (Term::YearsAfterLast(_), None) | (Term::Customer, _) => return Until::CustomerSaysSo,
        };
        Until::Date(end.unwrap_or(NaiveDate::MAX))
    }

    /// Whether this term can end after `other`, for a sale of the same day. Of a term in years from the
    /// sale and one from the last purchase each can be the longer one.
    pub fn is_longer_than(self, other: Term) -> bool {
        // Any day without a 29 February near it serves as a ruler.
        let ruler = NaiveDate::default();
        (self.is_renewed() && matches!(other, Term::Years(_) | Term::Days(_)))
            || self.after(ruler) > other.after(ruler)
    }

    /// Whether a later remembered purchase of the same customer moves its end.
    pub fn is_renewed(self) -> bool {
        matches!(self, Term::YearsAfterLast(_))
    }

    /// A term that ends no later than either of the two.
    fn shorter(self, other: Term) -> Term {
        match (self.is_longer_than(other), other.is_longer_than(self)) {
            (true, true) => self.counted_from_sale().shorter(other.counted_from_sale()),
            (true, false) => other,
            (false, _) => self,
        }
    }

    /// The same, if the customer has no later purchase remembered.
    fn counted_from_sale(self) -> Term {
        if let Term::YearsAfterLast(years) = self { Term::Years(years) } else { self }
    }
}

impl Until {
    /// Whether what was kept until then must be gone today.
    pub fn is_past(self, today: NaiveDate) -> bool {
        match self {
            Until::Date(last) => today > last,
            Until::CustomerSaysSo => false,
        }
    }

    /// The last day, if there is one.
    pub fn date(self) -> Option<NaiveDate> {
        match self {
            Until::Date(date) => Some(date),
            Until::CustomerSaysSo => None,
        }
    }
}

impl DataClass {
    pub const ALL: [DataClass; 4] =
        [DataClass::Ticket, DataClass::Counters, DataClass::Lines, DataClass::Profile];

    /// Its name in the policy file.
    pub fn id(self) -> &'static str {
        match self {
            DataClass::Ticket => "ticket",
            DataClass::Counters => "counters",
            DataClass::Lines => "lines",
            DataClass::Profile => "profile",
        }
    }

    fn from_id(id: &str) -> Option<DataClass> {
        DataClass::ALL.into_iter().find(|class| class.id() == id)
    }

    /// Written for every sale, whatever the choice.
    fn always_kept(self) -> bool {
        matches!(self, DataClass::Ticket | DataClass::Counters)
    }
}

impl Basis {
    pub const ALL: [Basis; 4] = [Basis::Consent, Basis::Contract, Basis::LegalObligation, Basis::Mixed];

    /// Its name in the policy file.
    pub fn id(self) -> &'static str {
        match self {
            Basis::Consent => "consent",
            Basis::Contract => "contract",
            Basis::LegalObligation => "legal-obligation",
            Basis::Mixed => "mixed",
        }
    }

    /// Where the GDPR says so, as it is cited in a language.
    pub fn article(self, language: Language) -> &'static str {
        match (language, self) {
            (Language::Spanish, Basis::Consent) => "RGPD, artículo 6.1.a",
            (Language::Spanish, Basis::Contract) => "RGPD, artículo 6.1.b",
            (Language::Spanish, Basis::LegalObligation) => "RGPD, artículo 6.1.c",
            (Language::Spanish, Basis::Mixed) => "RGPD, considerando 26",
            (Language::English, Basis::Consent) => "GDPR, article 6(1)(a)",
            (Language::English, Basis::Contract) => "GDPR, article 6(1)(b)",
            (Language::English, Basis::LegalObligation) => "GDPR, article 6(1)(c)",
            (Language::English, Basis::Mixed) => "GDPR, recital 26",
        }
    }
}

impl Memory {
    pub const ALL: [Memory; 3] = [Memory::None, Memory::Receipt, Memory::Profile];

    /// Its name in the policy file.
    pub fn id(self) -> &'static str {
        match self {
            Memory::None => "none",
            Memory::Receipt => "receipt",
            Memory::Profile => "profile",
        }
    }

    /// Whether a choice with this memory keeps the class.
    fn keeps(self, class: DataClass) -> bool {
        match class {
            DataClass::Ticket | DataClass::Counters => true,
            DataClass::Lines => self != Memory::None,
            DataClass::Profile => self == Memory::Profile,
        }
    }
}

impl TicketDetail {
    pub const ALL: [TicketDetail; 4] = [
        TicketDetail::Shop,
        TicketDetail::DepartmentNames,
        TicketDetail::Departments,
        TicketDetail::Products,
    ];

    /// Its name in the policy file.
    pub fn id(self) -> &'static str {
        match self {
            TicketDetail::Shop => "shop",
            TicketDetail::DepartmentNames => "department-names",
            TicketDetail::Departments => "departments",
            TicketDetail::Products => "products",
        }
    }
}

#[cfg(test)]
mod tests;
