//! Everything that the screens know.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate};
use ratatui::layout::Rect;

use super::event::{ClockSaid, Committed, Draft, SaleInWaiting, SyncStatus};
use super::keymap::{Action, KeyError, Keymap};
use super::recent::Recent;
use super::screen::{choice, dissolve, lock, notice, pay, remember, sell, setup};
use super::theme::Theme;
use super::till::Till;
use crate::domain::catalogue::Catalogue;
use crate::domain::language::Language;
use crate::domain::money::Money;
use crate::domain::open_sale::OpenSale;
use crate::domain::policy::Policy;
use crate::domain::settings::Settings;
use crate::domain::tender::Payment;
use crate::locale::Locale;

/// The whole state of the till's screens.
#[derive(Clone, Debug)]
pub struct Model {
    pub settings: Arc<Settings>,
    pub policy: Arc<Policy>,
    /// Words of the cashier's screens.
    pub locale: &'static Locale,
    pub theme: Theme,
    pub keymap: Keymap,
    pub size: Rect,
    /// To the minute; `None` until the first [`super::Event::Clock`].
    pub now: Option<DateTime<FixedOffset>>,
    /// Who sells; empty while nobody has entered a PIN.
    pub staff: String,
    /// `None` until it is loaded: scans wait.
    pub catalogue: Option<Arc<Catalogue>>,
    /// What the hub sent since, for the next basket.
    pub next: Next,
    /// The open sale: its basket, and what its customer has said.
    pub till: Till,
    /// What is typed on the selling screen; kept while other screens are shown.
    pub sell: sell::Sell,
    /// What was typed without a pause.
    pub recent: Recent,
    /// The payment under way of the open basket.
    pub payment: Option<Payment>,
    /// What somebody must look for before they charge.
    pub left: MoneyLeft,
    /// The sale before the open basket.
    pub sold: Option<Sold>,
    /// The last receipt, line by line; of before the start only its ticket. Empty before the first sale.
    pub receipt: Vec<String>,
    /// Sales that wait for the open one, the first to come back first: begun while a sale was being
    /// recorded that then was not, or before a basket of before a crash came back.
    pub held: VecDeque<OpenSale>,
    pub screen: Screen,
    /// What covers the screen.
    pub overlay: Option<Overlay>,
    /// What went wrong last, shown where the eye is until the next good act.
    pub error: Option<String>,
    /// What was done last, shown in the same place.
    pub hint: Option<String>,
    /// Trouble in the background, for the status line.
    pub trouble: Option<String>,
    /// What is odd about the clock.
    pub clock: Option<ClockSaid>,
    /// The day of the clock that was asked about and not said to be right.
    pub clock_left_open: Option<NaiveDate>,
    /// How the till and its hub stand; nothing where it has none.
    pub sync: Option<SyncStatus>,
}

/// Money of before a crash that the till cannot account for: nobody may be charged twice. It is said, and sealed
/// with the draft, until somebody has paid or says that they have looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MoneyLeft {
    /// What was taken for a basket whose payment could not go on.
    pub taken: Option<Money>,
    /// What the card terminal was given.
    pub terminal: Option<Money>,
}

/// What is in force from the next basket on.
#[derive(Clone, Debug, Default)]
pub struct Next {
    pub catalogue: Option<Arc<Catalogue>>,
    pub policy: Option<Arc<Policy>>,
}

/// The sale before the open basket.
#[derive(Clone, Debug)]
pub enum Sold {
    /// Not yet durable.
    Recording(Box<SaleInWaiting>),
    Done(Box<Committed>),
}

/// The screen shown, with what only it knows.
#[derive(Clone, Debug)]
pub enum Screen {
    Sell,
    Pay(pay::Pay),
    Choice(choice::Choice),
    Remember(remember::Remember),
    Notice(notice::Notice),
    Dissolve(dissolve::Dissolve),
    Setup(Box<setup::Setup>),
    Lock(lock::Lock),
}

/// What can cover a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// The F1 page, from this row on.
    Help {
        top: u16,
    },
    /// The last receipt, from this row on.
    Receipt {
        top: u16,
    },
    Confirm(Question),
}

/// What is asked before it is done. Enter and Esc leave everything as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    VoidSale,
    Quit,
    /// Whether somebody has looked for [`Model::left`].
    MoneyLeft,
    /// Whether the clock is right, and not the day that the store trusts.
    Clock {
        clock: NaiveDate,
        trusted: NaiveDate,
    },
}

/// Where a key can mean something of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScreenId {
    Sell,
    Pay,
    /// "Approved on the terminal?"
    Card,
    Confirm,
    Help,
    Receipt,
    Choice,
    Remember,
    Notice,
    Dissolve,
    Setup,
    Lock,
}

impl Screen {
    /// Where keys go while nothing covers it.
    pub fn id(&self) -> ScreenId {
        match self {
            Screen::Sell => ScreenId::Sell,
            Screen::Pay(pay) if pay.asks_terminal() => ScreenId::Card,
            Screen::Pay(_) => ScreenId::Pay,
            Screen::Choice(_) => ScreenId::Choice,
            Screen::Remember(_) => ScreenId::Remember,
            Screen::Notice(_) => ScreenId::Notice,
            Screen::Dissolve(_) => ScreenId::Dissolve,
            Screen::Setup(_) => ScreenId::Setup,
            Screen::Lock(_) => ScreenId::Lock,
        }
    }
}

impl ScreenId {
    /// Whether characters are typed there, so that none of them can be a shortcut.
    pub fn takes_text(self) -> bool {
        matches!(self, ScreenId::Sell | ScreenId::Remember | ScreenId::Setup | ScreenId::Lock)
    }
}

/// What can be pressed with a finger or the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Button {
    pub area: Rect,
    pub action: Action,
}

impl Model {
    /// An empty till that waits for its catalogue, locked. Errors: [`KeyError`] of `settings.keys`.
    pub fn new(settings: Arc<Settings>, policy: Arc<Policy>) -> Result<Model, KeyError> {
        let language = settings.store.language;
        Ok(Model {
            locale: Locale::of(language),
            theme: Theme::of(settings.display.theme),
            keymap: Keymap::with(&settings.keys)?,
            size: Rect::new(0, 0, 80, 24),
            now: None,
            staff: String::new(),
            catalogue: None,
            next: Next::default(),
            till: Till::default(),
            sell: sell::Sell::default(),
            recent: Recent::default(),
            payment: None,
            left: MoneyLeft::default(),
            sold: None,
            receipt: Vec::new(),
            held: VecDeque::new(),
            screen: Screen::Lock(lock::Lock::default()),
            overlay: None,
            error: None,
            hint: None,
            trouble: None,
            clock: None,
            clock_left_open: None,
            sync: None,
            settings,
            policy,
        })
    }

    /// Whether characters must be given at once, because scans are taken here. Other keys, and all keys of
    /// other screens, are gathered for 60 ms; a scanner's come as [`super::Event::Burst`].
    pub fn takes_keys_at_once(&self) -> bool {
        self.overlay.is_none() && matches!(self.screen, Screen::Sell)
    }

    /// Whether this character is written where the cursor stands. Else it presses something, or nothing.
    pub fn writes(&self, c: char) -> bool {
        match &self.screen {
            _ if self.overlay.is_some() => false,
            Screen::Sell | Screen::Lock(_) => true,
            Screen::Pay(pay) => !pay.asks_terminal() && (c.is_ascii_digit() || matches!(c, ',' | '.')),
            Screen::Remember(remember) => remember.is_in_field(),
            Screen::Setup(setup) => setup.is_in_field(),
            Screen::Choice(_) | Screen::Notice(_) | Screen::Dissolve(_) => false,
        }
    }

    /// Whether something moves, so that [`super::Event::Frame`]s are needed.
    pub fn wants_frames(&self) -> bool {
        match &self.screen {
            Screen::Dissolve(dissolve) => dissolve.wants_frames(),
            _ => false,
        }
    }

    /// Where keys go now.
    pub fn screen_id(&self) -> ScreenId {
        match self.overlay {
            Some(Overlay::Help { .. }) => ScreenId::Help,
            Some(Overlay::Receipt { .. }) => ScreenId::Receipt,
            Some(Overlay::Confirm(_)) => ScreenId::Confirm,
            None => self.uncovered_id(),
        }
    }

    /// The screen under whatever covers it.
    pub fn uncovered_id(&self) -> ScreenId {
        self.screen.id()
    }

    /// To where the till sells: back to the payment if one is under way, else to selling.
    pub fn to_till(&mut self) {
        self.screen = if self.payment.is_some() { Screen::Pay(pay::Pay::default()) } else { Screen::Sell };
    }

    /// Language of the customer's screens and receipt: what they chose, else the shop's.
    pub fn customer_language(&self) -> Language {
        let usual = || self.policy.language(self.settings.store.language);
        self.till.sale().language().unwrap_or_else(usual)
    }

    /// Goes on with the sale that waits, if one does.
    pub fn next_held(&mut self) {
        self.till = self.held.pop_front().and_then(|held| Till::resume(held).ok()).unwrap_or_default();
    }

    /// Whether no basket is open, being recorded or waiting, and none was begun.
    pub fn is_between_baskets(&self) -> bool {
        let recording = matches!(self.sold, Some(Sold::Recording(_)));
        self.till.is_empty() && self.held.is_empty() && !recording && !self.sell.is_busy()
    }

    /// What must survive a crash now.
    pub fn draft(&self) -> Box<Draft> {
        Box::new(Draft {
            sale: self.till.sale().clone(),
            payment: self.payment.clone().filter(|payment| !payment.tenders().is_empty()),
            terminal: match &self.screen {
                Screen::Pay(pay) => pay.at_terminal().or(self.left.terminal),
                _ => self.left.terminal,
            },
            taken: self.left.taken,
            policy_version: self.policy.version,
            unknown: self.sell.unknown().to_vec(),
            weigh: self.sell.weighing().collect(),
            held: self.held.iter().cloned().collect(),
        })
    }
}
