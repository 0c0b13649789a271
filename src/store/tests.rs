//! Real files in a temporary directory.

use std::fs;
use std::path::Path;

use chrono::{DateTime, FixedOffset, NaiveDate};

use crate::domain::basket::{Basket, Line};
use crate::domain::customer::Identifier;
use crate::domain::money::{Currency, Money};
use crate::domain::policy::{Policy, SHIPPED, TicketDetail};
use crate::domain::sale::{Answer, Promise, Sale};
use crate::domain::tax::TaxRate;
use crate::domain::tender::{Payment, Tender, TenderKind};
use crate::domain::ticket::Issuer;

use super::*;

mod backup;
mod behind;
mod clock;
mod counts;
mod customers;
mod damage;
mod expire;
mod guard;
mod hub;
mod keys;
mod looks;
mod outbox;
mod planted;
mod renewal;
mod restore;
mod review;
mod verify;

fn issuer() -> Issuer {
    let currency = Currency::from_code("EUR").unwrap();
    Issuer { name: "Ultramarinos Sol".into(), tax_id: "89890001K".into(), series: "A".into(), currency }
}

fn create(directory: &Path) -> Store {
    Store::create(&Files::of(directory), &issuer(), SHIPPED, Policy::shipped()).unwrap()
}

fn open(directory: &Path) -> Store {
    Store::open(&Files::of(directory), &issuer(), SHIPPED, Policy::shipped()).unwrap()
}

fn at(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap()
}

fn sale(choice: Option<&str>, phone: Option<&str>, names: &[&str]) -> Sale {
    sale_at("2026-11-23T18:42:07+01:00", choice, phone, names)
}

fn sale_at(time: &str, choice: Option<&str>, phone: Option<&str>, names: &[&str]) -> Sale {
    let at = at(time);
    let mut basket = Basket::default();
    for name in names {
        basket.add(Line::open(name, "Bazar", Money(1234), TaxRate(2100))).unwrap();
    }
    let total = basket.priced().unwrap().total;
    let mut payment = Payment::new(total, 1);
    payment.add(Tender { kind: TenderKind::Cash, amount: total }).unwrap();
    let answer = Answer {
        choice: choice.map(str::to_owned),
        customer: phone.map(|phone| Identifier::phone(phone, "34").unwrap()),
        purposes: phone.iter().map(|_| "history".parse().unwrap()).collect(),
    };
    let promise = Promise::of(answer, &Policy::shipped(), at.date_naive()).unwrap();
    Sale::freeze(at, &basket, &payment, promise, TicketDetail::Shop, "alimentación y hogar").unwrap()
}

/// Every file in the directory that holds `needle`, by name.
fn files_with(directory: &Path, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let bytes = fs::read(entry.path()).unwrap();
        if memchr::memmem::find(&bytes, needle.as_bytes()).is_some() {
            found.push(entry.file_name().into_string().unwrap());
        }
    }
    found
}

#[test]
fn tickets_are_numbered_and_chained() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let first = store.sell(&sale(Some("forget"), None, &["a"])).unwrap().ticket;
    drop(store);
    let mut store = open(directory.path());
    let second = store.sell(&sale(None, None, &["a", "b"])).unwrap().ticket;
    assert_eq!((first.number_text().as_str(), second.number_text().as_str()), ("A-000001", "A-000002"));
    assert_eq!(second.previous, Some(first.hash));
    assert_eq!(store.ticket(1).unwrap().unwrap(), first);
    assert_eq!(store.ticket(2).unwrap().unwrap(), second);
    assert_eq!(second.expected_hash(), second.hash);
}

#[test]
fn each_choice_keeps_what_it_says_and_no_name_is_in_the_clear() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let forget = store.sell(&sale(Some("forget"), None, &["CANARY-one"])).unwrap();
    let guarantee = store.sell(&sale(Some("guarantee"), None, &["CANARY-two"])).unwrap();
    let remember = store.sell(&sale(Some("remember"), Some("600123456"), &["CANARY-three"])).unwrap();
    assert!(matches!(store.find(&forget.code).unwrap(), Found::Forgotten { pending: false }));
    for (sold, name) in [(&guarantee, "CANARY-two"), (&remember, "CANARY-three")] {
        let Found::Kept(purchase) = store.find(&sold.code).unwrap() else { panic!("{name} is kept") };
        assert_eq!(purchase.lines[0].name, name);
        assert_eq!(purchase.ticket.as_ref(), Some(&sold.ticket));
    }
    assert!(matches!(store.find(&crate::seal::ReceiptCode::random()).unwrap(), Found::Unknown));
    store.tend().unwrap();
    assert_eq!(files_with(directory.path(), "CANARY"), Vec::<String>::new());
    assert_eq!(files_with(directory.path(), "600123456"), Vec::<String>::new());
}

#[test]
fn forgetting_is_complete_and_stays_so() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let customer = Identifier::phone("600123456", "34").unwrap();
    let first = store.sell(&sale(Some("remember"), Some("600123456"), &["a"])).unwrap();
    let second = store.sell(&sale(Some("remember"), Some("600 12 34 56"), &["b"])).unwrap();
    assert_eq!(store.customer(&customer).unwrap().unwrap().purchases.len(), 2);
    assert_eq!(store.forget(&first.code).unwrap(), Some(Forgetting::Complete));
    assert_eq!(store.forget(&first.code).unwrap(), None);
    assert_eq!(store.customer(&customer).unwrap().unwrap().purchases.len(), 1);
    assert_eq!(store.forget(&second.code).unwrap(), Some(Forgetting::Complete));
    assert!(store.customer(&customer).unwrap().is_none(), "no purchases, no profile");
    drop(store);
    let store = open(directory.path());
    assert!(matches!(store.find(&first.code).unwrap(), Found::Forgotten { .. }));
}

#[test]
fn a_forget_that_stops_between_two_steps_is_finished_later() {
    for steps in 0..=3 {
        let directory = tempfile::tempdir().unwrap();
        let mut store = create(directory.path());
        let sold = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap();
        let slot = purchase::slot_of(&store.connection, &sold.code.purchase_id()).unwrap().unwrap();
        store.entomb(&[slot]).unwrap();
        if steps > 0 {
            store.advance(Stage::KeyDestroyed).unwrap();
        }
        if steps > 1 {
            store.advance(Stage::Dropped).unwrap();
        }
        if steps > 2 {
            store.advance(Stage::LogTruncated).unwrap();
        }
        // A process that dies does not close: leave the log as it is.
        std::mem::forget(store);
        let mut store = open(directory.path());
        let pending = matches!(store.find(&sold.code).unwrap(), Found::Forgotten { pending: true });
        assert_eq!(pending, steps < 3, "after {steps} steps");
        assert_eq!(store.finish_forgetting().unwrap(), Forgetting::Complete);
        assert!(matches!(store.find(&sold.code).unwrap(), Found::Forgotten { pending: false }));
        assert!(store.keys.key(slot).unwrap().is_none());
    }
}

#[test]
fn a_reader_makes_it_pending() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let sold = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap();
    let reader = rusqlite::Connection::open(directory.path().join("olvido.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM ticket;").unwrap();
    assert_eq!(store.forget(&sold.code).unwrap(), Some(Forgetting::Pending(Reason::Reader)));
    assert!(matches!(store.find(&sold.code).unwrap(), Found::Forgotten { pending: true }));
    drop(reader);
    assert!(!store.tend().unwrap());
    assert!(matches!(store.find(&sold.code).unwrap(), Found::Forgotten { pending: false }));
}

#[test]
fn a_request_asked_again_sells_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let sale = sale(None, None, &["a"]);
    let order = Order {
        sale: &sale,
        request: Some(Request { id: store.request_id("till-9/1"), day: sale.at.date_naive() }),
    };
    let outcomes = store.commit(&[order, order]).unwrap();
    let (Outcome::Sold(sold), Outcome::Repeated(repeated)) = (&outcomes[0], &outcomes[1]) else {
        panic!("{outcomes:?}")
    };
    assert_eq!(&sold.ticket, repeated.as_ref());
    let again = store.commit(&[order]).unwrap();
    assert!(matches!(&again[0], Outcome::Repeated(ticket) if ticket.number == 1));
}

#[test]
fn an_open_basket_survives_and_its_key_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    store.save_draft(b"one line").unwrap();
    store.save_draft(b"two lines").unwrap();
    std::mem::forget(store);
    let mut store = open(directory.path());
    assert_eq!(store.draft().unwrap().as_deref(), Some(b"two lines".as_slice()));
    let slots = store.keys.live().unwrap().live.len();
    store.sell(&sale(None, None, &["a"])).unwrap();
    // The process dies after the commit and before the key is zeroed.
    std::mem::forget(store);
    let mut store = open(directory.path());
    assert_eq!(store.draft().unwrap(), None);
    store.retire_draft().unwrap();
    assert!(store.keys.live().unwrap().live.len() < slots + 64);
    store.save_draft(b"next").unwrap();
    store.drop_draft().unwrap();
    assert_eq!(store.draft().unwrap(), None);
}

/// What a basket no longer holds is behind a key that is zero, and a crash between two steps loses no basket.
#[test]
fn a_basket_sealed_anew_leaves_its_old_key_to_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    store.save_draft(b"bread for 600123456").unwrap();
    let before = store.draft.as_ref().unwrap().slot;
    store.reseal_draft(b"bread").unwrap();
    assert!(store.keys.key(before).unwrap().is_none());
    assert_eq!(store.draft().unwrap().as_deref(), Some(b"bread".as_slice()));
    assert_eq!(store.finish_forgetting().unwrap(), Forgetting::Complete);
    // Where nothing can be written, the basket stays as it was.
    let database = directory.path().join("olvido.db");
    fs::rename(&database, directory.path().join("elsewhere")).unwrap();
    assert!(matches!(store.reseal_draft(b"nothing"), Err(StoreError::FilesGone(_))));
    assert_eq!(store.draft().unwrap().as_deref(), Some(b"bread".as_slice()));
    fs::rename(directory.path().join("elsewhere"), &database).unwrap();
    // The process dies after the commit and before the key is zeroed.
    let slot = store.draft.as_ref().unwrap().slot;
    store.keys.disable_zeroing_for_mutation_test();
    store.reseal_draft(b"nothing").unwrap();
    assert!(store.keys.key(slot).unwrap().is_some());
    std::mem::forget(store);
    let mut store = open(directory.path());
    assert_eq!(store.finish_forgetting().unwrap(), Forgetting::Complete);
    assert!(store.keys.key(slot).unwrap().is_none());
    assert_eq!(store.draft().unwrap().as_deref(), Some(b"nothing".as_slice()));
    assert!(store.verify("2026-11-22".parse().unwrap()).unwrap().findings.is_empty());
}

#[test]
fn what_is_past_its_term_is_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let sold = store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap();
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    assert_eq!(store.expire(day("2029-11-23")).unwrap().purchases, 0);
    let expired =
        Expired { purchases: 1, tickets: 0, forgetting: Forgetting::Complete, waiting: Waiting::Nothing };
    assert_eq!(store.expire(day("2029-11-24")).unwrap(), expired);
    assert!(matches!(store.find(&sold.code).unwrap(), Found::Forgotten { pending: false }));
}
