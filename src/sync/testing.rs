//! A till's store in a temporary directory, for tests.

use std::path::Path;

use chrono::DateTime;

use crate::domain::basket::{Basket, Line};
use crate::domain::money::{Currency, Money};
use crate::domain::policy::{Policy, SHIPPED};
use crate::domain::sale::{Answer, Promise, Sale};
use crate::domain::tax::TaxRate;
use crate::domain::tender::{Payment, Tender, TenderKind};
use crate::domain::ticket::Issuer;
use crate::seal::{DeviceKey, ReceiptCode};
use crate::store::{Enrolment, Files, HubState, Store};

/// The store of that directory, made where there is none.
pub(super) fn store(directory: &Path) -> Store {
    let files = Files::of(directory);
    let currency = Currency::from_code("EUR").unwrap();
    let issuer = Issuer { name: "Sol".into(), tax_id: "89890001K".into(), series: "A".into(), currency };
    let make = if files.database.exists() { Store::open } else { Store::create };
    make(&files, &issuer, SHIPPED, Policy::shipped()).unwrap()
}

/// An enrolment at a hub that does not answer.
pub(super) fn enrolment(cursor: u64) -> Enrolment {
    Enrolment {
        url: "http://127.0.0.1:1".into(),
        pin: None,
        store: "sol".into(),
        device: [7; 16],
        epoch: 2,
        key: DeviceKey::random(),
        incarnation: [0; 16],
        cursor,
        state: HubState::Active,
        last_contact: None,
    }
}

/// A purchase whose articles are kept for the guarantee.
pub(super) fn guarantee() -> Answer {
    Answer { choice: Some("guarantee".into()), ..Answer::default() }
}

/// Sells one article.
pub(super) fn sell(till: &mut Store, answer: &Answer) -> ReceiptCode {
    let mut basket = Basket::default();
    basket.add(Line::open("CANARY", "Bazar", Money(1234), TaxRate(2100))).unwrap();
    let total = basket.priced().unwrap().total;
    let mut payment = Payment::new(total, 1);
    payment.add(Tender { kind: TenderKind::Cash, amount: total }).unwrap();
    let at = DateTime::parse_from_rfc3339("2026-11-23T18:42:07+01:00").unwrap();
    let promise = Promise::of(answer.clone(), till.policy(), at.date_naive()).unwrap();
    let detail = till.policy().ticket_detail;
    till.sell(&Sale::freeze(at, &basket, &payment, promise, detail, "alimentación y hogar").unwrap())
        .unwrap()
        .code
}
