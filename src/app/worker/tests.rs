//! What the store's thread does by itself.

use std::sync::mpsc::channel;

use super::*;
use crate::domain::basket::{Basket, Line};
use crate::domain::money::Money;
use crate::domain::policy::SHIPPED;
use crate::domain::sale::Answer;
use crate::domain::tax::TaxRate;
use crate::domain::tender::{Payment, Tender, TenderKind};
use crate::store::{Files, Forgetting};

fn worker(directory: &std::path::Path) -> Worker {
    let settings = Settings::default();
    let issuer = settings.store.issuer();
    let store = Store::create(&Files::of(directory), &issuer, SHIPPED, Policy::shipped()).unwrap();
    Worker::new(Opened { store, settings }, channel().0, Box::new(|_| Ok(())))
}

/// Sells something for the guarantee and forgets it.
fn sell_and_forget(store: &mut Store, at: DateTime<FixedOffset>) {
    let mut basket = Basket::default();
    basket.add(Line::open("bread", "Food", Money(100), TaxRate(400))).unwrap();
    let mut payment = Payment::new(Money(100), 1);
    payment.add(Tender { kind: TenderKind::Cash, amount: Money(100) }).unwrap();
    let answer = Answer { choice: Some("guarantee".into()), ..Answer::default() };
    let promise = Promise::of(answer, store.policy(), at.date_naive()).unwrap();
    let detail = store.policy().ticket_detail;
    let sold = store.sell(&Sale::freeze(at, &basket, &payment, promise, detail, "food").unwrap()).unwrap();
    assert_eq!(store.forget(&sold.code).unwrap(), Some(Forgetting::Complete));
}

/// A till that never closes: on 0.2.0 it never compacted.
#[test]
fn a_day_is_closed_in_a_quiet_minute_without_a_basket() {
    let directory = tempfile::tempdir().unwrap();
    let mut worker = worker(directory.path());
    let at = DateTime::parse_from_rfc3339("2026-11-23T18:42:07+01:00").unwrap();
    for day in 0..2 {
        let at = at + chrono::Duration::days(day);
        sell_and_forget(&mut worker.store, at);
        assert!(!worker.store.is_compact().unwrap());
        worker.store.save_draft(b"a basket").unwrap();
        worker.rest(at);
        assert!(!worker.store.is_compact().unwrap(), "somebody is served");
        worker.store.drop_draft().unwrap();
        worker.rest(at);
        assert!(worker.store.is_compact().unwrap());
    }
}
