//! Everything that can happen to the screens, and everything that they can ask for.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize};

use super::key::Key;
use super::screen::setup::SetupAnswers;
use crate::domain::basket::Basket;
use crate::domain::catalogue::Catalogue;
use crate::domain::customer::Identifier;
use crate::domain::language::Language;
use crate::domain::money::Money;
use crate::domain::open_sale::OpenSale;
use crate::domain::policy::Policy;
use crate::domain::product::ProductId;
use crate::domain::tender::Payment;

/// Everything that can happen.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key that a person pressed.
    Key(Key),
    /// A key that came without a pause after the one before, as a scanner sends them. Only where
    /// [`super::Model::takes_keys_at_once`]. `None` stands for one that would have pressed something,
    /// before or after others: no person does that.
    Swift(Option<Key>),
    /// Keys that came without a pause, as a scanner sends them, or what was pasted: Enter and Tab as `\n`, what
    /// writes nothing as U+FFFD. Where not [`super::Model::takes_keys_at_once`], and for the rest of a burst.
    Burst(String),
    /// Nothing was typed for a few tenths of a second: what comes now belongs to nothing that came before.
    Pause,
    /// The left button was pressed, or the screen touched, at this cell.
    Press {
        column: u16,
        row: u16,
    },
    /// The wheel was turned by one notch.
    Wheel {
        down: bool,
    },
    Resize(u16, u16),
    /// The time of day: at the start and at each new minute.
    Clock(DateTime<FixedOffset>),
    /// Time has passed for something that moves: only while [`super::Model::wants_frames`].
    Frame {
        elapsed_ms: u32,
    },
    /// What an effect came to.
    Done(Done),
}

/// What an effect, or the start of the program, came to.
#[derive(Clone, Debug)]
pub enum Done {
    /// The products can be looked up. Scans made before it arrives have waited for it. A later one counts
    /// from the next basket on: an open basket keeps its prices.
    Catalogue(Arc<Catalogue>),
    /// The basket that was open when the program ended, if any.
    Draft(Option<Box<Draft>>),
    /// What can be shown of the last ticket of before the start, line by line.
    LastTicket(Vec<String>),
    /// The sale is durable.
    Committed(Box<Committed>),
    /// The sale is not recorded; nothing of it is kept.
    NotCommitted(Problem),
    Pin(PinAnswer),
    /// So many of the products of a new store are imported.
    SettingUp {
        done: usize,
        total: usize,
    },
    /// The store is set up; the till can be opened.
    SetUp(Result<(), Problem>),
    /// Something in the background went wrong or is well again (`None`): a word for the status line.
    Trouble(Option<Problem>),
    /// What is odd about the clock, or nothing any more: a word for the status line; a doubt is asked about.
    Clock(Option<ClockSaid>),
    /// How the till and its hub stand: a quiet word for the status line.
    Sync(SyncStatus),
    /// A new policy is on file. It counts from the next basket on, as does a later catalogue.
    Policy(Arc<Policy>),
}

/// What is odd about the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockSaid {
    /// It was set back, or the last ticket is later.
    Back,
    Ahead,
    /// It and the day that the store trusts are too far apart for both to be right.
    Doubt {
        clock: NaiveDate,
        trusted: NaiveDate,
    },
}

/// How the till and its hub stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncStatus {
    pub link: SyncLink,
    /// Records that the hub is not known to have.
    pub waiting: u64,
    /// When the first ticket among them was issued.
    pub since: Option<DateTime<FixedOffset>>,
}

/// Whether the till can speak to its hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncLink {
    Good,
    /// No answer, or none of a hub.
    Unreachable,
    /// Another key than the till knows: perhaps not its hub.
    OtherCertificate,
    /// The till must be enrolled again: the hub has other bytes under one of its numbers.
    Conflict,
    /// The till must be enrolled again: it was set back.
    Restored,
    /// The till must be enrolled again: the hub takes it no longer.
    Revoked,
    /// The till must be enrolled again: the hub does not know it.
    Unknown,
    /// The program must be updated: it cannot read what the hub says.
    Unread,
}

/// Everything that the screens can ask for.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Seal the open basket to disk, in place of the one before.
    SaveDraft(Box<Draft>),
    /// Record the sale; answered by [`Done::Committed`] or [`Done::NotCommitted`].
    Commit(Box<SaleInWaiting>),
    Beep,
    /// The till is locked until a PIN is right, through restarts, too.
    Lock,
    /// Answered by [`Done::Pin`].
    CheckPin(String),
    /// No basket is open: the policy of [`Done::Policy`] with this version is in force from here on.
    AdoptPolicy(u32),
    /// A person says that the clock is right.
    TrustClock,
    /// Answered by [`Done::SetUp`].
    SetUp(Box<SetupAnswers>),
    Quit,
}

/// What survives a crash: the open sale whole, what its customer has said and paid too, and those that
/// wait. It is written only sealed, under a key that is zeroed once the sale is recorded or voided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    #[serde(flatten)]
    pub sale: OpenSale,
    /// What was taken for it, if anything was.
    #[serde(default)]
    pub payment: Option<Payment>,
    /// The amount that the card terminal was given, if it was asked and had not answered, and nobody has looked
    /// since.
    #[serde(default)]
    pub terminal: Option<Money>,
    /// What was taken for a basket whose payment could not go on, until somebody has looked.
    #[serde(default)]
    pub taken: Option<Money>,
    /// Version of the policy under which customers have answered; 0 until 0.2.0, when no answer was
    /// written.
    #[serde(default)]
    pub policy_version: u32,
    /// Codes that were scanned and are in no catalogue, oldest first, each once for each scan.
    #[serde(default)]
    pub unknown: Vec<String>,
    /// Weighed products that wait for their weight, oldest first.
    #[serde(default)]
    pub weigh: Vec<ProductId>,
    /// Sales that wait, the first to come back first. Until 0.2.0 there was one basket, or `null`.
    #[serde(default, deserialize_with = "held")]
    pub held: Vec<OpenSale>,
}

impl Draft {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        let no_money = self.terminal.is_none() && self.taken.is_none();
        let no_codes = self.unknown.is_empty() && self.weigh.is_empty();
        self.sale.is_empty() && self.held.is_empty() && no_codes && no_money
    }

    /// Whether a customer is to be remembered by this.
    pub fn names(&self, identifier: &Identifier) -> bool {
        let mut sales = std::iter::once(&self.sale).chain(&self.held);
        sales.any(|sale| sale.answer().customer.as_ref() == Some(identifier))
    }

    /// Takes away what the customers of these identifiers have answered. Returns whether any had.
    pub fn forget(&mut self, whom: &[Identifier]) -> bool {
        let mut any = false;
        for sale in std::iter::once(&mut self.sale).chain(&mut self.held) {
            if sale.answer().customer.as_ref().is_some_and(|customer| whom.contains(customer)) {
                *sale = std::mem::take(sale).unanswered();
                any = true;
            }
        }
        any
    }
}

fn held<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<OpenSale>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Held {
        Many(Vec<OpenSale>),
        One(Option<Basket>),
    }
    Ok(match Held::deserialize(deserializer)? {
        Held::Many(sales) => sales,
        Held::One(basket) => basket.map(OpenSale::of).into_iter().collect(),
    })
}

/// A paid sale, to which the application adds the time and resolves the answer
/// ([`crate::domain::sale::Promise::of`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleInWaiting {
    pub sale: OpenSale,
    pub payment: Payment,
    /// Version of the policy that the customer was shown.
    pub policy_version: u32,
    /// Language of the receipt: the customer's.
    pub language: Language,
}

/// A recorded sale, as the till shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// `A-000123`.
    pub ticket: String,
    pub total: Money,
    pub change: Money,
    /// The receipt, line by line.
    pub receipt: Vec<String>,
    /// The policy's sentence for the choice made: what stays, and until when.
    pub after: String,
}

/// Why something could not be done, in the words of the till's language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What went wrong, in one sentence.
    pub what: String,
    /// What to do now, in one sentence.
    pub remedy: String,
}

impl Problem {
    /// Both as whole sentences, the remedy first: a narrow line cuts its end.
    pub fn sentences(&self) -> String {
        format!("{} {}", sentence(&self.remedy), sentence(&self.what)).trim().to_owned()
    }
}

/// The text with a capital letter and a full stop, whatever it has of them.
fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let Some(first) = letters.next() else { return String::new() };
    let stop = if text.trim_end().ends_with(['.', '?', '…']) { "" } else { "." };
    format!("{}{}{stop}", first.to_uppercase(), letters.as_str())
}

/// Whether a PIN opens the till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PinAnswer {
    Welcome {
        staff: String,
    },
    Wrong,
    /// Too many wrong ones: no try before this many seconds.
    Wait {
        seconds: u32,
    },
    /// The store could not be asked.
    Failed(Problem),
}
