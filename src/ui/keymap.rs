//! The one table of keys, from which keys are dispatched and the help bar and the F1 page drawn.

use std::collections::BTreeMap;
use std::fmt;

use super::key::Key;
use super::model::ScreenId::{self, *};

/// Everything that a key or a button can ask of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Enter: the safe answer.
    Accept,
    /// Esc: one step back.
    Back,
    Up,
    Down,
    PageUp,
    PageDown,
    Help,
    Pay,
    Quantity,
    Search,
    VoidLine,
    VoidSale,
    Undo,
    LineDiscount,
    SaleDiscount,
    Department,
    Customer,
    Tax,
    LastReceipt,
    Lock,
    Quit,
    /// The deliberate answer of a question whose safe answer is the other one.
    Confirm,
    /// One of the likely amounts of cash, from 1.
    Cash(u8),
    Card,
    Approved,
    Declined,
    TakeBack,
    Retry,
    /// A card, a tick or an entry of a list, from 1.
    Choose(u8),
    Language,
    ReadAll,
    Complaint,
    /// The row of the basket, the suggestions or a list that was pressed, from 0; no key does this.
    Row(u16),
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    pub screens: &'static [ScreenId],
    pub action: Action,
    /// Its name in `config.toml`; rows of the same name are rebound together.
    pub name: &'static str,
    /// The message that says what it does, in two words at most.
    pub label: &'static str,
    /// The first is shown; the last works over SSH and on a laptop.
    pub keys: &'static [&'static str],
    /// Whether the help bar shows it.
    pub bar: bool,
}

const fn row(
    screens: &'static [ScreenId],
    action: Action,
    name: &'static str,
    label: &'static str,
    keys: &'static [&'static str],
    bar: bool,
) -> Binding {
    Binding { screens, action, name, label, keys, bar }
}

impl Binding {
    /// Whether a list of keys shows it: not what every screen does the same way.
    pub fn is_listed(&self) -> bool {
        use Action::*;
        !matches!(self.action, Accept | Back | Up | Down | PageUp | PageDown)
    }
}

/// The whole table, in the order of help bar and help page. No terminal keeps these keys for itself:
/// Ctrl with C, Z, S, Q (signals, flow control) and M, J, I, H (Enter, Tab, Backspace) are not used.
const TABLE: &[Binding] = &[
    // Selling
    row(&[Sell], Action::Quantity, "quantity", "key-quantity", &["F2", "Ctrl+N"], true),
    row(&[Sell], Action::Search, "search", "key-search", &["F3", "Ctrl+F"], false),
    row(&[Sell], Action::VoidLine, "void-line", "key-void-line", &["F4", "Del", "Ctrl+X"], true),
    row(&[Sell], Action::Undo, "undo", "key-undo", &["F5", "Ctrl+U"], true),
    row(&[Sell], Action::LineDiscount, "line-discount", "key-line-discount", &["F6", "Ctrl+D"], false),
    row(&[Sell], Action::SaleDiscount, "sale-discount", "key-sale-discount", &["F7", "Ctrl+T"], false),
    row(&[Sell, Pay], Action::Customer, "customer", "key-customer", &["F8", "Ctrl+K"], true),
    row(&[Sell], Action::Department, "department", "key-department", &["F9", "Ctrl+O"], true),
    row(&[Sell], Action::Pay, "pay", "key-pay", &["F10", "Ctrl+P"], true),
    row(&[Sell], Action::VoidSale, "void-sale", "key-void-sale", &["F12", "Ctrl+W"], false),
    row(&[Sell], Action::Tax, "tax", "key-tax", &["Alt+T", "Ctrl+E"], false),
    row(&[Sell], Action::LastReceipt, "receipt", "key-receipt", &["Alt+R", "Ctrl+R"], false),
    row(&[Sell], Action::Lock, "lock", "key-lock", &["Alt+L", "Ctrl+L"], false),
    row(&[Sell, Lock], Action::Quit, "quit", "key-quit", &["Alt+Q", "Ctrl+B"], false),
    // Paying
    row(&[Pay], Action::Cash(1), "cash-1", "key-cash", &["a"], false),
    row(&[Pay], Action::Cash(2), "cash-2", "key-cash", &["b"], false),
    row(&[Pay], Action::Cash(3), "cash-3", "key-cash", &["c"], false),
    row(&[Pay], Action::Cash(4), "cash-4", "key-cash", &["d"], false),
    row(&[Pay], Action::Cash(5), "cash-5", "key-cash", &["e"], false),
    row(&[Pay], Action::Cash(6), "cash-6", "key-cash", &["f"], false),
    row(&[Pay], Action::Card, "card", "key-card", &["F9", "t", "Ctrl+T"], true),
    row(&[Pay], Action::TakeBack, "take-back", "key-take-back", &["F4", "Del", "Ctrl+X"], true),
    row(&[Pay], Action::Retry, "retry", "key-retry", &["F10", "r", "Ctrl+P"], false),
    // Not `a` and `d`: pressed twice, they would be amounts of cash on the screen that follows.
    row(&[Card], Action::Approved, "approved", "key-approved", &["o"], true),
    row(&[Card], Action::Declined, "declined", "key-declined", &["n"], true),
    row(&[Confirm], Action::Confirm, "confirm", "key-confirm", &["x"], false),
    // The customer
    row(&[Choice], Action::Choose(1), "choose-1", "key-choose", &["1"], false),
    row(&[Choice], Action::Choose(2), "choose-2", "key-choose", &["2"], false),
    row(&[Choice], Action::Choose(3), "choose-3", "key-choose", &["3"], false),
    row(&[Choice], Action::Choose(4), "choose-4", "key-choose", &["4"], false),
    row(&[Choice], Action::ReadAll, "read-all", "key-read-all", &["0"], false),
    row(&[Choice], Action::Complaint, "complaint", "key-complaint", &["9"], false),
    row(&[Choice, Notice], Action::Language, "language", "key-language", &["F2", "l", "Ctrl+L"], false),
    row(&[Remember], Action::Language, "remember-language", "key-language", &["F2", "Ctrl+L"], false),
    // Everywhere
    row(&[Sell, Pay, Card], Action::Accept, "accept", "key-accept", &["Enter"], false),
    row(&[Confirm, Setup, Lock, Remember, Choice], Action::Accept, "accept", "key-accept", &["Enter"], false),
    row(
        &[Sell, Pay, Card, Confirm, Help, Receipt, Setup, Remember, Notice, Choice, Dissolve],
        Action::Back,
        "back",
        "key-back",
        &["Esc"],
        false,
    ),
    row(&[Help, Receipt, Dissolve, Notice], Action::Back, "close", "key-back", &["Enter"], false),
    row(&[Sell, Help, Receipt, Notice, Setup, Remember], Action::Up, "up", "key-up", &["Up"], false),
    row(&[Sell, Help, Receipt, Notice, Setup, Remember], Action::Down, "down", "key-down", &["Down"], false),
    row(&[Sell, Help, Receipt, Notice], Action::PageUp, "page-up", "key-page-up", &["PgUp"], false),
    row(&[Sell, Help, Receipt, Notice], Action::PageDown, "page-down", "key-page-down", &["PgDn"], false),
    row(&[Sell, Pay], Action::Help, "help", "key-help", &["F1", "Ctrl+A"], true),
];

/// Why keys from `config.toml` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    UnknownAction {
        action: String,
        /// All that there are, sorted.
        known: Vec<&'static str>,
    },
    /// The text names no key.
    NotAKey { action: String, key: String },
    /// An action without a key could never be reached.
    NoKey { action: String },
    /// The key already does something else on the same screen, or on the one that follows the answer.
    Taken { action: String, key: String, by: &'static str },
    /// A character by itself would be lost to whoever types text on that screen.
    Writes { action: String, key: String },
}

/// Which key does what on which screen.
#[derive(Clone, Debug)]
pub struct Keymap {
    by_key: BTreeMap<(ScreenId, Key), Action>,
    /// As [`TABLE`], with the keys in force.
    rows: Vec<(Binding, Vec<Key>)>,
}

impl Keymap {
    /// The usual keys.
    pub fn usual() -> Keymap {
        Keymap::with(&BTreeMap::new()).expect("the shipped table is sound")
    }

    /// The usual keys, but for the actions named in `overrides`, whose keys these replace.
    /// Errors: [`KeyError`], the first that there is.
    pub fn with(overrides: &BTreeMap<String, Vec<String>>) -> Result<Keymap, KeyError> {
        let mut replaced: BTreeMap<&str, Vec<Key>> = BTreeMap::new();
        for (action, texts) in overrides {
            if !TABLE.iter().any(|row| row.name == action) {
                return Err(KeyError::UnknownAction { action: action.clone(), known: names() });
            }
            if texts.is_empty() {
                return Err(KeyError::NoKey { action: action.clone() });
            }
            let keys = texts.iter().map(|text| {
                text.parse().map_err(|_| KeyError::NotAKey { action: action.clone(), key: text.clone() })
            });
            replaced.insert(action, keys.collect::<Result<_, _>>()?);
        }
        let mut keymap = Keymap { by_key: BTreeMap::new(), rows: Vec::with_capacity(TABLE.len()) };
        for row in TABLE {
            let keys = match replaced.get(row.name) {
                Some(keys) => keys.clone(),
                None => row.keys.iter().map(|text| text.parse().expect("a key of the table")).collect(),
            };
            keymap.bind(row, keys)?;
        }
        keymap.check_answers()?;
        Ok(keymap)
    }

    /// A key that answers a question and is pressed twice must do nothing on the screen that follows.
    fn check_answers(&self) -> Result<(), KeyError> {
        for (asks, follows) in [(Card, Pay), (Confirm, Sell)] {
            for (row, keys) in self.rows(asks).filter(|(row, _)| row.is_listed()) {
                for key in keys {
                    if let Some(other) = self.action(follows, *key) {
                        return Err(taken(row.name, *key, other));
                    }
                }
            }
        }
        Ok(())
    }

    fn bind(&mut self, row: &Binding, keys: Vec<Key>) -> Result<(), KeyError> {
        for &screen in row.screens {
            for &key in &keys {
                let (action, text) = (row.name.to_owned(), key.to_string());
                if screen.takes_text() && key.written().is_some() {
                    return Err(KeyError::Writes { action, key: text });
                }
                if let Some(other) = self.by_key.insert((screen, key), row.action)
                    && other != row.action
                {
                    return Err(taken(row.name, key, other));
                }
            }
        }
        self.rows.push((*row, keys));
        Ok(())
    }

    /// What the key does on the screen.
    pub fn action(&self, screen: ScreenId, key: Key) -> Option<Action> {
        self.by_key.get(&(screen, key)).copied()
    }

    /// What can be done on the screen, in the order of the table, with the keys that do it.
    pub fn rows(&self, screen: ScreenId) -> impl Iterator<Item = (&Binding, &[Key])> {
        self.rows
            .iter()
            .filter(move |(row, _)| row.screens.contains(&screen))
            .map(|(row, keys)| (row, &keys[..]))
    }

    /// The key to show for an action, if the screen has it.
    pub fn shown(&self, screen: ScreenId, action: Action) -> Option<Key> {
        self.rows(screen).find(|(row, _)| row.action == action).and_then(|(_, keys)| keys.first().copied())
    }
}

fn taken(action: &str, key: Key, other: Action) -> KeyError {
    let by = TABLE.iter().find(|row| row.action == other).map_or("", |row| row.name);
    KeyError::Taken { action: action.to_owned(), key: key.to_string(), by }
}

fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = TABLE.iter().map(|row| row.name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::UnknownAction { action, .. } => write!(f, "no action {action}"),
            KeyError::NotAKey { action, key } => write!(f, "{action}: not a key: {key}"),
            KeyError::NoKey { action } => write!(f, "{action}: no key"),
            KeyError::Taken { action, key, by } => write!(f, "{action}: {key} is already {by}"),
            KeyError::Writes { action, key } => write!(f, "{action}: {key} writes text"),
        }
    }
}

impl std::error::Error for KeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(action: &str, keys: &[&str]) -> Result<Keymap, KeyError> {
        let keys = keys.iter().map(|k| (*k).to_owned()).collect();
        Keymap::with(&BTreeMap::from([(action.to_owned(), keys)]))
    }

    #[test]
    fn keys_are_replaced_or_refused() {
        let keymap = with("pay", &["F5", "ctrl-g"]);
        assert!(matches!(keymap, Err(KeyError::Taken { by: "undo", .. })), "{keymap:?}");
        let keymap = with("pay", &["Insert", "ctrl-g"]).unwrap();
        assert_eq!(keymap.action(Sell, "Ins".parse().unwrap()), Some(Action::Pay));
        assert_eq!(keymap.action(Sell, "F10".parse().unwrap()), None);
        assert_eq!(keymap.shown(Sell, Action::Pay).unwrap().to_string(), "Ins");
        for (action, keys, expected) in [
            ("sing", &["F5"][..], "no action sing"),
            ("pay", &["F99"], "pay: not a key: F99"),
            ("pay", &[], "pay: no key"),
            ("pay", &["p"], "pay: p writes text"),
            ("approved", &["a"], "approved: a is already cash-1"),
            ("cash-2", &["n"], "declined: n is already cash-2"),
            ("confirm", &["Ctrl+X"], "confirm: Ctrl+X is already void-line"),
        ] {
            assert_eq!(with(action, keys).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn every_action_has_a_key_that_needs_no_function_keys() {
        for row in TABLE {
            let last: Key = row.keys.last().unwrap().parse().unwrap();
            assert!(!matches!(last.code, super::super::Code::F(_)), "{}", row.name);
            for key in row.keys {
                let key: Key = key.parse().unwrap();
                let forbidden = matches!(key.code, super::super::Code::Char(c) if "czsqmjih[".contains(c));
                assert!(!(key.ctrl && forbidden), "{}: {key}", row.name);
            }
        }
    }
}
