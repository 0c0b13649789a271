//! `olvido export tickets`: the chain, a ticket a line, with every field that goes into a hash
//! under the name that it has there, so that anyone can recompute it.

use std::io::{self, Write};

use serde::Serialize;

use crate::domain::tax::TaxRate;
use crate::domain::ticket::{Registration, Ticket};
use crate::store::StoreError;

use super::problem::Problem;
use super::run::{DONE, Session, written};

#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    hashed: Registration,
    #[serde(rename = "Huella")]
    hash: String,
    seller: String,
    currency: String,
    /// Under the name that it has in the stored ticket.
    #[serde(rename = "departments")]
    goods: Vec<Goods>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    products: Vec<Product>,
    taxes: Vec<Tax>,
    tenders: Vec<Tender>,
    rounding: String,
}

#[derive(Serialize)]
struct Goods {
    #[serde(rename = "department")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<String>,
    amount: String,
}

#[derive(Serialize)]
struct Product {
    name: String,
    quantity: String,
    rate: String,
    amount: String,
}

#[derive(Serialize)]
struct Tax {
    rate: String,
    base: String,
    tax: String,
}

#[derive(Serialize)]
struct Tender {
    kind: &'static str,
    amount: String,
}

/// Why an export stops.
enum Stop {
    Store(StoreError),
    Output(io::Error),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        Stop::Store(error)
    }
}

impl Session {
    /// Reads without the lock, beside an open till.
    pub(super) fn export_tickets(&self, out: &mut impl Write) -> Result<u8, Problem> {
        let opened = self.opener(self.settings()?)?().map_err(|error| self.store_problem(&error))?;
        let exported = opened.store.each_ticket(|ticket| {
            let json = serde_json::to_string(&line(ticket)).expect("a ticket is JSON");
            writeln!(out, "{json}").map_err(Stop::Output)
        });
        match exported {
            Err(Stop::Store(error)) => Err(self.store_problem(&error)),
            Err(Stop::Output(error)) => written(Err(error.into()), self.locale()).map(|()| DONE),
            Ok(()) => Ok(DONE),
        }
    }
}

fn line(ticket: Ticket) -> Line {
    let decimals = ticket.issuer.currency.decimals;
    let hashed = ticket.registration();
    let body = ticket.body;
    Line {
        hashed,
        hash: ticket.hash.to_string(),
        seller: ticket.issuer.name,
        currency: ticket.issuer.currency.code,
        goods: body
            .goods
            .into_iter()
            .map(|g| Goods {
                kind: g.kind,
                rate: g.rate.map(TaxRate::decimal),
                amount: g.amount.decimal(decimals),
            })
            .collect(),
        products: body
            .products
            .into_iter()
            .map(|p| Product {
                quantity: p.quantity.decimal(p.unit),
                name: p.name,
                rate: p.rate.decimal(),
                amount: p.amount.decimal(decimals),
            })
            .collect(),
        taxes: body
            .taxes
            .iter()
            .map(|t| Tax {
                rate: t.rate.decimal(),
                base: t.base.decimal(decimals),
                tax: t.tax.decimal(decimals),
            })
            .collect(),
        tenders: body
            .tenders
            .iter()
            .map(|t| Tender { kind: t.kind.name(), amount: t.amount.decimal(decimals) })
            .collect(),
        rounding: body.rounding.decimal(decimals),
    }
}
