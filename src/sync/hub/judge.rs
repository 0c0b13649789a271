//! What a record says, and which rule it breaks: by itself, before anything else is looked at.
//!
//! Read straight from the bytes that travelled: a hub does this for each of a hundred thousand tickets.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate};
use serde::Deserialize;

use crate::domain::basket::Basket;
use crate::domain::money::{Currency, Money};
use crate::domain::ticket::{Amounts, Registration, SIMPLIFIED_INVOICE, TicketHash, number_text};
use crate::sync::wire::{CountBody1, Flag, ForgetBody1, Hex, Id, Issuer1, Versioned};

/// The version that is known of each kind of body.
pub(super) const VERSION: u32 = 1;

/// What a hub adds up of a ticket, and what it needs to know it again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ticket<'a> {
    /// The rule that it breaks by itself.
    pub flag: Option<Flag>,
    /// Before the number; none where it cannot be read.
    pub series: Option<Cow<'a, str>>,
    pub previous: Option<[u8; 32]>,
    /// As it says; none where it cannot be read.
    pub hash: Option<[u8; 32]>,
    /// Days since 1970-01-01.
    pub day: i64,
    /// ISO 4217.
    pub currency: [u8; 3],
    pub total: i64,
    /// Rate, base and tax.
    pub taxes: Vec<(u16, i64, i64)>,
}

/// [`crate::sync::wire::TicketBody1`], read in one go, without what is not needed.
#[derive(Deserialize)]
struct Body<'a> {
    v: u32,
    number: u64,
    #[serde(borrow)]
    issuer: Issuer1<'a>,
    #[serde(borrow)]
    at: Cow<'a, str>,
    total: Money,
    tax_total: Money,
    body: BodyAmounts,
    #[serde(default)]
    previous: Option<Hex<32>>,
    hash: Hex<32>,
}

/// [`crate::domain::ticket::TicketBody`]'s amounts.
#[derive(Deserialize)]
struct BodyAmounts {
    departments: Vec<Part>,
    #[serde(default)]
    products: Vec<Part>,
    taxes: Vec<Tax>,
    tenders: Vec<Part>,
    #[serde(default)]
    rounding: Money,
}

#[derive(Deserialize)]
struct Part {
    amount: Money,
}

#[derive(Deserialize)]
struct Tax {
    rate: u16,
    base: Money,
    tax: Money,
}

/// No basket comes to more: so no sum over all tickets of a day leaves 64 bits.
const AMOUNT_MAX: u64 = Basket::LARGEST_TOTAL.0 as u64;
/// Sales in one count: no more than a till sells in years.
const COUNT_MAX: u64 = 1_000_000_000;
const CHOICES_MAX: usize = 64;
/// The count of who did not answer, beside the policy's own choices.
const UNANSWERED: &str = "_unanswered";

/// Judges a ticket at this index.
pub(super) fn ticket(body: &str, index: u64) -> Ticket<'_> {
    let Ok(read) = serde_json::from_str::<Body<'_>>(body) else {
        return Ticket { flag: Some(unread(body)), ..Ticket::default() };
    };
    if read.v != VERSION {
        return Ticket { flag: Some(Flag::UnknownVersion), ..Ticket::default() };
    }
    let currency = Currency::from_code(&read.issuer.currency);
    let (Some(currency), Some(time)) = (currency, Time::read(&read.at)) else {
        return Ticket { flag: Some(Flag::Unreadable), ..Ticket::default() };
    };
    let flag = if read.number != index {
        Some(Flag::WrongNumber)
    } else if expected_hash(&read, &time, currency.decimals).0 != read.hash.0 {
        Some(Flag::WrongHash)
    } else if !read.adds_up() {
        Some(Flag::DoesNotAddUp)
    } else {
        None
    };
    let code = currency.code.as_bytes();
    Ticket {
        flag,
        series: Some(read.issuer.series),
        previous: read.previous.map(|hash| hash.0),
        hash: Some(read.hash.0),
        day: time.day,
        currency: std::array::from_fn(|place| code.get(place).copied().unwrap_or(b' ')),
        total: read.total.0,
        taxes: read.body.taxes.iter().map(|tax| (tax.rate, tax.base.0, tax.tax.0)).collect(),
    }
}

/// A ticket's series and number, as [`Flag::NumberTwice`] compares them; none where it cannot be read.
pub(super) fn ticket_series(body: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Issued<'a> {
        #[serde(borrow)]
        issuer: Issuer1<'a>,
    }
    let read: Issued<'_> = serde_json::from_str(body).ok()?;
    Some(read.issuer.series.into_owned())
}

/// A count of choices, or the rule that it breaks.
pub(super) fn count(body: &str) -> Result<CountBody1, Flag> {
    let count: CountBody1 = versioned(body)?;
    let is_name = |name: &str| {
        let sign = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        name == UNANSWERED || ((1..=32).contains(&name.len()) && name.bytes().all(sign))
    };
    let whole = count.choices.len() <= CHOICES_MAX
        && count.first.unwrap_or(0) <= count.last.unwrap_or(u64::MAX)
        && count.choices.iter().all(|(name, sales)| is_name(name) && *sales <= COUNT_MAX);
    if whole { Ok(count) } else { Err(Flag::Unreadable) }
}

/// A tombstone, or the rule that it breaks.
pub(super) fn forget(body: &str) -> Result<ForgetBody1, Flag> {
    versioned(body)
}

/// The id in a purchase's or a tombstone's body, of whatever version: what is forgotten is found by it.
pub(super) fn id(body: &str) -> Option<Id> {
    #[derive(Deserialize)]
    struct Named {
        id: Id,
    }
    serde_json::from_str::<Named>(body).ok().map(|named| named.id)
}

/// What the hub needs to know of a purchase; the rest it only seals.
#[derive(Deserialize)]
pub(super) struct Purchase {
    pub id: Id,
    #[serde(default)]
    pub until: Option<NaiveDate>,
}

/// A purchase, or the rule that it breaks.
pub(super) fn purchase(body: &str) -> Result<Purchase, Flag> {
    versioned(body)
}

fn versioned<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, Flag> {
    match serde_json::from_str::<Versioned>(body) {
        Ok(Versioned { v: VERSION }) => serde_json::from_str(body).map_err(|_| Flag::Unreadable),
        Ok(_) => Err(Flag::UnknownVersion),
        Err(_) => Err(Flag::Unreadable),
    }
}

fn unread(body: &str) -> Flag {
    match serde_json::from_str::<Versioned>(body) {
        Ok(Versioned { v }) if v != VERSION => Flag::UnknownVersion,
        _ => Flag::Unreadable,
    }
}

impl Body<'_> {
    /// [`crate::domain::ticket::Ticket::adds_up`], of amounts that a basket can have.
    fn adds_up(&self) -> bool {
        let BodyAmounts { departments, products, taxes, tenders, rounding } = &self.body;
        let parts = departments.iter().chain(products).chain(tenders).map(|part| part.amount);
        let amounts = parts.chain(taxes.iter().flat_map(|tax| [tax.base, tax.tax]));
        let mut amounts = amounts.chain([self.total, self.tax_total, *rounding]);
        let (total, tax_total, rounding) = (self.total, self.tax_total, *rounding);
        let amount = |part: &Part| part.amount;
        let (goods, products) = (departments.iter().map(amount), products.iter().map(amount));
        let tenders = tenders.iter().map(amount);
        let taxes = taxes.iter().map(|tax| (tax.base, tax.tax));
        amounts.all(|amount| amount.0.unsigned_abs() <= AMOUNT_MAX)
            && Amounts { total, tax_total, rounding, goods, products, taxes, tenders }.add_up()
    }
}

/// When a ticket was issued, as its hash has it.
struct Time<'a> {
    /// `YYYY-MM-DDThh:mm:ss±hh:mm`.
    text: Cow<'a, str>,
    day: i64,
}

impl<'a> Time<'a> {
    fn read(text: &'a str) -> Option<Time<'a>> {
        let parsed = DateTime::parse_from_rfc3339(text).ok()?;
        let day = i64::from(parsed.date_naive().to_epoch_days());
        let bytes = text.as_bytes();
        // As tills write it: nothing to write again.
        let is_canonical = bytes.len() == 25 && bytes[10] == b'T' && bytes[19] != b'.' && bytes[24] != b'Z';
        let text = match is_canonical {
            true => Cow::Borrowed(text),
            false => Cow::Owned(parsed.format("%Y-%m-%dT%H:%M:%S%:z").to_string()),
        };
        // Tills only write four-digit years.
        (text.len() == 25).then_some(Time { text, day })
    }
}

/// The hash that these fields must have.
fn expected_hash(read: &Body<'_>, time: &Time<'_>, decimals: u8) -> TicketHash {
    let (year, rest) = time.text.split_at(4);
    let (month, day) = (&rest[1..3], &rest[4..6]);
    Registration {
        issuer: read.issuer.tax_id.clone().into_owned(),
        number: number_text(&read.issuer.series, read.number),
        date: format!("{day}-{month}-{year}"),
        kind: SIMPLIFIED_INVOICE.to_owned(),
        tax_total: read.tax_total.decimal(decimals),
        total: read.total.decimal(decimals),
        previous: read.previous.map_or_else(String::new, |hash| TicketHash(hash.0).to_string()),
        at: time.text.clone().into_owned(),
    }
    .hash()
}

/// As it stands in the tables: the word that travels.
pub(super) fn flag_name(flag: Flag) -> &'static str {
    match flag {
        Flag::UnknownVersion => "unknown-version",
        Flag::Unreadable => "unreadable",
        Flag::WrongNumber => "wrong-number",
        Flag::NumberTwice => "number-twice",
        Flag::WrongHash => "wrong-hash",
        Flag::BrokenChain => "broken-chain",
        Flag::DoesNotAddUp => "does-not-add-up",
    }
}

/// The flag of that [`flag_name`]; `None` for what is no rule.
pub(super) fn flag_of(name: &str) -> Option<Flag> {
    let all = [
        Flag::UnknownVersion,
        Flag::Unreadable,
        Flag::WrongNumber,
        Flag::NumberTwice,
        Flag::WrongHash,
        Flag::BrokenChain,
        Flag::DoesNotAddUp,
    ];
    all.into_iter().find(|flag| flag_name(*flag) == name)
}
