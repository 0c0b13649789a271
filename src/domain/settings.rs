//! How one shop has set up its till: the values of `config.toml`, read and checked.

use std::collections::BTreeMap;

use super::barcode::VariableRules;
use super::language::Language;
use super::money::Currency;
use super::tax::TaxRate;
use super::text::{Place, label};
use super::ticket::Issuer;

/// Everything that a shop can set. [`Settings::default`] is what the shipped file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    pub store: Store,
    pub selling: Selling,
    pub barcodes: Barcodes,
    pub customer_screen: CustomerScreen,
    pub display: Display,
    pub receipt: ReceiptSettings,
    /// Keys that replace the usual ones, by action: `pay` to `["F10", "Ctrl+P"]`.
    pub keys: BTreeMap<String, Vec<String>>,
}

/// Who sells, and at which till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// As printed on tickets; never empty.
    pub name: String,
    /// Tax identification number (Spain: NIF); never empty.
    pub tax_id: String,
    /// What the shop sells, as tickets name it: `alimentación y hogar`. Invoicing rules ask for the
    /// kind of goods (RD 1619/2012, article 7.1.e). Never empty.
    pub goods: String,
    /// Of the till's screens, and of receipts where the customer chose none.
    pub language: Language,
    pub currency: Currency,
    /// What the shop calls this till: `caja 1`.
    pub till: String,
    /// The till's own ticket series: letters, digits and hyphens, such as `A`. Two tills with the
    /// same tax id never share one.
    pub series: String,
    /// International dialling code, digits only, for phone numbers given without one: `34`.
    pub dialling_code: String,
}

/// Rules of selling that a shop may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selling {
    /// Smallest coin in minor units, to which cash is rounded; 1 where it is not.
    pub cash_step: i64,
    /// For what is sold by department, and for imported products without a rate.
    pub default_tax: TaxRate,
}

/// What the shop's own codes mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Barcodes {
    /// Codes that hold a price or a weight.
    pub variable: VariableRules,
}

/// The customer's view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerScreen {
    /// The screen is turned to the customer to pay, so their view comes by itself.
    pub turned: bool,
}

/// How screens look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Display {
    pub theme: Theme,
    /// Still frames instead of movement.
    pub reduced_motion: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    Default,
    HighContrast,
    /// 16 colours, none of which carries meaning alone.
    Plain,
}

/// How receipts are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptSettings {
    /// Characters a line, one of [`ReceiptSettings::COLUMNS`].
    pub columns: u16,
}

impl Store {
    /// Most characters of a name.
    pub const LONGEST_NAME: usize = 60;
    /// Most characters of a tax id, of a series, and of a till's name.
    pub const LONGEST_ID: usize = 20;

    /// What a shop, what it sells or somebody who works there is called, by the rule for all names
    /// ([`super::text::label`]); `None` where nobody can be called so.
    pub fn named(text: &str) -> Option<String> {
        named(text, Store::LONGEST_NAME)
    }

    /// What a till is called; `None` where none can be called so.
    pub fn till_named(text: &str) -> Option<String> {
        named(text, Store::LONGEST_ID)
    }

    /// Whether it can be a tax id of some country: its own check digits are not looked at. The
    /// signs that separate the fields of a ticket's hash are not among those allowed.
    pub fn is_tax_id(text: &str) -> bool {
        is_id(text, "-./")
    }

    /// Whether it can be a series.
    pub fn is_series(text: &str) -> bool {
        is_id(text, "-")
    }

    /// Whether it can be a country's dialling code (ITU-T E.164): 1 to 4 digits, the first not 0.
    pub fn is_dialling_code(text: &str) -> bool {
        (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0')
    }

    /// The seller as tickets name it.
    pub fn issuer(&self) -> Issuer {
        Issuer {
            name: self.name.clone(),
            tax_id: self.tax_id.clone(),
            series: self.series.clone(),
            currency: self.currency.clone(),
        }
    }
}

fn named(text: &str, longest: usize) -> Option<String> {
    let can_name = |name: &String| name.chars().count() <= longest && name.contains(char::is_alphanumeric);
    label(text, Place::Shop).ok().filter(can_name)
}

fn is_id(text: &str, signs: &str) -> bool {
    (1..=Store::LONGEST_ID).contains(&text.len())
        && text.chars().any(|c| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
}

impl Selling {
    /// The steps that [`Selling::cash_step`] may have.
    pub const CASH_STEPS: [i64; 5] = [1, 5, 10, 50, 100];
}

impl Theme {
    pub const ALL: [Theme; 3] = [Theme::Default, Theme::HighContrast, Theme::Plain];

    /// Its name in `config.toml`.
    pub fn id(self) -> &'static str {
        match self {
            Theme::Default => "default",
            Theme::HighContrast => "high-contrast",
            Theme::Plain => "plain",
        }
    }
}

impl ReceiptSettings {
    /// Paper of 58 mm, 76 mm and 80 mm at the usual font.
    pub const COLUMNS: [u16; 3] = [32, 42, 48];
}

impl Default for Store {
    fn default() -> Store {
        Store {
            name: "Ultramarinos Sol".to_owned(),
            tax_id: "B12345674".to_owned(),
            goods: "alimentación y hogar".to_owned(),
            language: Language::Spanish,
            currency: Currency { code: "EUR".to_owned(), sign: "€".to_owned(), decimals: 2 },
            till: "caja 1".to_owned(),
            series: "A".to_owned(),
            dialling_code: "34".to_owned(),
        }
    }
}

impl Default for Selling {
    fn default() -> Selling {
        Selling { cash_step: 1, default_tax: TaxRate(2100) }
    }
}

impl Default for ReceiptSettings {
    fn default() -> ReceiptSettings {
        ReceiptSettings { columns: 42 }
    }
}
