//! One line of output for each line of input.

use serde::{Serialize, Serializer};

use crate::domain::sale::Sale;
use crate::domain::tax::TaxAmount;
use crate::domain::ticket::Ticket;
use crate::locale::Locale;
use crate::store::Sold;

use super::refusal::Refusal;

/// What a line came to.
pub(super) enum Answer {
    Sold(Box<Sold>, Box<Sale>),
    /// The id was answered before, with this ticket. What the store does not keep (the change, the
    /// choice, the receipt's code) is not told again.
    Repeated(Box<Ticket>),
    Refused(Refusal),
}

#[derive(Serialize)]
struct Ticketed<'a> {
    id: Option<&'a str>,
    ticket: String,
    total: String,
    #[serde(serialize_with = "tax")]
    tax: (&'a [TaxAmount], u8),
    change: Option<String>,
    choice: Option<&'a str>,
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    repeated: bool,
}

#[derive(Serialize)]
struct Failed<'a> {
    id: Option<&'a str>,
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    message: String,
    hint: String,
}

impl Answer {
    /// Writes the answer at the end of `out`, with its line feed.
    pub fn write(&self, id: Option<&str>, locale: &Locale, out: &mut Vec<u8>) {
        match self {
            Answer::Sold(sold, sale) => {
                let code = sold.code.text();
                let decimals = sold.ticket.issuer.currency.decimals;
                let told = (sold.change.decimal(decimals), sale.promise.choice.as_str(), code.as_str());
                append(out, &ticketed(id, &sold.ticket, Some(told)));
            }
            Answer::Repeated(ticket) => append(out, &ticketed(id, ticket, None)),
            Answer::Refused(refusal) => {
                let (message, hint) = (refusal.message(locale), refusal.hint(locale));
                let error = Error { kind: refusal.kind.name(), line: refusal.line, message, hint };
                append(out, &Failed { id, error });
            }
        }
    }
}

fn ticketed<'a>(
    id: Option<&'a str>,
    ticket: &'a Ticket,
    told: Option<(String, &'a str, &'a str)>,
) -> Ticketed<'a> {
    let decimals = ticket.issuer.currency.decimals;
    let repeated = told.is_none();
    let (change, choice, code) = match told {
        Some((change, choice, code)) => (Some(change), Some(choice), Some(code)),
        None => (None, None, None),
    };
    Ticketed {
        id,
        ticket: ticket.number_text(),
        total: ticket.total.decimal(decimals),
        tax: (&ticket.body.taxes, decimals),
        change,
        choice,
        code,
        repeated,
    }
}

/// `{"4":"0.10","10":"1.20"}`, by rising rate.
fn tax<S: Serializer>((taxes, decimals): &(&[TaxAmount], u8), serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(taxes.iter().map(|tax| (tax.rate.decimal(), tax.tax.decimal(*decimals))))
}

fn append(out: &mut Vec<u8>, answer: &impl Serialize) {
    serde_json::to_writer(&mut *out, answer).expect("texts in memory are JSON");
    out.push(b'\n');
}
