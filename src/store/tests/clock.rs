//! A clock that is wrong destroys nothing; a term that is over hides at once.

use chrono::{Duration, NaiveDate};

use chrono::Datelike;

use super::*;
use crate::domain::policy::DataClass;

const FIRST: &str = "2026-11-23T18:42:07+01:00";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A shop that sold for two days, with a purchase for guarantee (until 2029-11-23) and one to remember.
fn shop(directory: &Path) -> (Store, Sold, Sold) {
    let mut store = create(directory);
    let guarantee = store.sell(&sale_at(FIRST, Some("guarantee"), None, &["a"])).unwrap();
    let remember =
        store.sell(&sale_at("2026-11-24T10:00:00+01:00", Some("remember"), Some("600123456"), &["b"]));
    (store, guarantee, remember.unwrap())
}

/// How much is there: tickets, kept purchases.
fn there(store: &mut Store) -> (u64, usize) {
    let verified = store.verify(day("2026-11-24")).unwrap();
    assert_eq!(verified.findings, []);
    (verified.tickets, verified.purchases)
}

#[test]
fn one_start_years_ahead_destroys_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, guarantee, _) = shop(directory.path());
    for year in [2030, 2033, 2062] {
        let at = at(&format!("{year}-11-24T10:00:00+01:00"));
        for minute in 0..30 {
            store.keep_terms(at + Duration::minutes(minute), None).unwrap();
        }
        assert!(store.clock_doubt().is_some());
        assert!(matches!(store.find(&guarantee.code).unwrap(), Found::PastTerm), "hidden at once");
        drop(store);
        store = open(directory.path());
        assert_eq!(there(&mut store), (2, 2), "{year}");
    }
    // Set right, all is as before.
    store.keep_terms(at("2026-11-25T09:00:00+01:00"), None).unwrap();
    assert!(matches!(store.find(&guarantee.code).unwrap(), Found::Kept(_)));
}

#[test]
fn the_trusted_day_rises_by_tickets_and_by_a_day_an_hour() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, ..) = shop(directory.path());
    let trusted = |store: &Store| store.trusted_day().unwrap().to_string();
    assert_eq!(trusted(&store), "2026-11-24");
    // A month of holidays is believed; more is not, until the clock has caught up or somebody says so.
    store.sell(&sale_at("2026-12-29T10:00:00+01:00", None, None, &["a"])).unwrap();
    assert_eq!(trusted(&store), "2026-12-29");
    store.sell(&sale_at("2027-02-03T10:00:00+01:00", None, None, &["a"])).unwrap();
    assert_eq!(trusted(&store), "2026-12-29");
    // Nor do sales of the past count, nor a clock that was set back.
    store.sell(&sale_at("2024-01-01T10:00:00+01:00", None, None, &["a"])).unwrap();
    store.keep_terms(at("2020-01-01T10:00:00+01:00"), None).unwrap();
    assert_eq!(trusted(&store), "2026-12-29");
    let now = at("2027-02-03T10:00:00+01:00");
    for (minutes, expected) in
        [(0, "2026-12-30"), (59, "2026-12-30"), (60, "2026-12-31"), (61, "2026-12-31"), (300, "2027-01-01")]
    {
        store.keep_terms(now + Duration::minutes(minutes), None).unwrap();
        assert_eq!(trusted(&store), expected, "{minutes}");
        // A start gives no day of its own.
        drop(store);
        store = open(directory.path());
        assert_eq!(trusted(&store), expected);
    }
    store.trust_clock(now).unwrap();
    assert_eq!(trusted(&open(directory.path())), "2027-02-03");
}

#[test]
fn a_hub_that_is_behind_holds_the_clock_back() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, ..) = shop(directory.path());
    let (ahead, hub) = (at("2030-01-01T10:00:00+01:00"), at("2026-11-25T23:30:00+00:00"));
    for hours in 0..100 {
        store.keep_terms(ahead + Duration::hours(hours), Some(hub)).unwrap();
    }
    assert_eq!(store.trusted_day(), Some(day("2026-11-26")), "the hub's time here");
    // A hub that is ahead brings nothing forward.
    for hours in 0..100 {
        store.keep_terms(hub + Duration::hours(hours), Some(ahead)).unwrap();
    }
    assert_eq!(store.trusted_day(), Some(day("2026-11-30")));
}

#[test]
fn what_is_past_its_term_goes_when_the_day_is_certain() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, guarantee, _) = shop(directory.path());
    let last = at("2029-11-23T20:00:00+01:00");
    store.trust_clock(last).unwrap();
    assert_eq!(store.keep_terms(last, None).unwrap().unwrap().purchases, 0);
    assert_eq!(store.keep_terms(last, None).unwrap(), None, "once a day");
    assert!(matches!(store.find(&guarantee.code).unwrap(), Found::Kept(_)));
    // The till is shut over the weekend. By the clock the term is over; the first hour gives the till Saturday,
    // the next one Sunday.
    let monday = at("2029-11-26T08:00:00+01:00");
    assert_eq!(store.keep_terms(monday, None).unwrap().unwrap().purchases, 1);
    assert!(matches!(store.find(&guarantee.code).unwrap(), Found::Forgotten { pending: false }));
    // What was remembered on the day after is hidden, and goes in the next hour.
    assert_eq!(store.verify(monday.date_naive()).unwrap().past_term, 1);
}

#[test]
fn a_day_that_only_the_store_believes_in_destroys_nothing_either() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    // Set up with the clock four years ahead, then set right.
    store.began_on(day("2030-11-23")).unwrap();
    let (guarantee, now) = (sale_at(FIRST, Some("guarantee"), None, &["a"]), at(FIRST));
    let guarantee = store.sell(&guarantee).unwrap();
    store.keep_terms(now, None).unwrap();
    assert_eq!(there(&mut store), (1, 1));
    assert!(matches!(store.find(&guarantee.code).unwrap(), Found::PastTerm));
    assert!(store.clock_doubt().is_some());
    store.trust_clock(now).unwrap();
    assert_eq!(store.clock_doubt(), None);
    let terms = crate::store::expire::Terms::load(&store.connection).unwrap();
    let is_past = |today| terms.is_past(DataClass::Ticket, Some(1), now.date_naive(), day(today));
    assert!(!is_past("2032-11-23") && is_past("2032-11-24"), "six years from the sale");
    assert!(matches!(store.find(&guarantee.code).unwrap(), Found::Kept(_)));
}

#[test]
fn verify_names_what_is_certainly_overdue_and_counts_what_is_hidden() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, guarantee, remember) = shop(directory.path());
    let ahead = store.verify(day("2029-11-25")).unwrap();
    assert!(ahead.holds() && ahead.past_term == 2, "{ahead:?}");
    for (today, findings) in [("2029-11-23", 0), ("2029-11-24", 0), ("2029-11-25", 1)] {
        store.trust_clock(at(&format!("{today}T10:00:00+01:00"))).unwrap();
        let verified = store.verify(day(today)).unwrap();
        assert_eq!(verified.findings.len(), findings, "{today}");
        assert!(verified.findings.iter().all(|finding| finding.kind == FindingKind::PastTerm));
    }
    // Hidden or not, it can be forgotten.
    assert_eq!(store.forget(&guarantee.code).unwrap(), Some(Forgetting::Complete));
    assert!(store.verify(day("2029-11-25")).unwrap().holds());
    store.trust_clock(at("2029-11-24T10:00:00+01:00")).unwrap();
    assert!(matches!(store.find(&remember.code).unwrap(), Found::Kept(_)), "its own day");
}

#[test]
fn a_customers_purchases_are_hidden_past_their_term() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, _, sold) = shop(directory.path());
    let customer = Identifier::phone("600123456", "34").unwrap();
    let ids = store.customer(&customer).unwrap().unwrap().purchases;
    let last = ticket::day_number(day("2027-11-23"));
    store.connection.execute("UPDATE purchase SET until = ?1 WHERE id = ?2", (last, ids[0])).unwrap();
    store.trust_clock(at("2027-11-23T10:00:00+01:00")).unwrap();
    assert!(store.remembered(&ids[0]).unwrap().is_some());
    store.hear_day(day("2027-11-24"));
    assert!(store.remembered(&ids[0]).unwrap().is_none());
    assert!(matches!(store.find(&sold.code).unwrap(), Found::PastTerm));
}

#[test]
fn what_is_taken_in_past_its_term_goes_the_same_day() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, ..) = shop(directory.path());
    let now = at("2026-11-24T11:00:00+01:00");
    store.keep_terms(now, None).unwrap();
    assert_eq!(store.keep_terms(now, None).unwrap(), None);
    store.sell(&sale_at("2019-01-01T10:00:00+01:00", Some("guarantee"), None, &["a"])).unwrap();
    assert_eq!(store.keep_terms(now, None).unwrap().unwrap().purchases, 1);
}

/// 0.2.0 wrote a time that nobody could read again: verify, export and backup refused the store for good.
#[test]
fn no_ticket_bears_a_year_that_cannot_be_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let mut far = sale(None, None, &["a"]);
    for year in [-1, 1969, 10_000, 10_021] {
        far.at = far.at.with_year(year).unwrap();
        assert!(matches!(store.sell(&far), Err(StoreError::YearImpossible)), "{year}");
    }
    far.at = far.at.with_year(9999).unwrap();
    assert_eq!(store.sell(&far).unwrap().ticket.number, 1);
    assert!(store.ticket(1).unwrap().is_some());
}
