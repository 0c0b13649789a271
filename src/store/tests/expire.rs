use std::path::Path;

use chrono::NaiveDate;

use super::*;
use crate::domain::policy::Until;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn whole(store: &mut Store, today: &str) {
    assert_eq!(store.verify(day(today)).unwrap().findings, []);
}

#[test]
fn tickets_go_after_their_term_and_the_chain_holds() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    for time in ["2020-02-29T10:00:00+01:00", "2020-03-01T10:00:00+01:00", "2020-03-01T11:00:00+01:00"] {
        store.sell(&sale_at(time, Some("forget"), None, &["a"])).unwrap();
    }
    let third = store.ticket(3).unwrap().unwrap();
    // Six years from 29 February end on the 28th.
    for (today, removed, first) in
        [("2026-02-28", 0, 1), ("2026-03-01", 1, 2), ("2026-03-01", 0, 2), ("2026-03-02", 2, 4)]
    {
        whole(&mut store, "2026-02-28");
        assert_eq!(store.expire(day(today)).unwrap().tickets, removed, "{today}");
        whole(&mut store, today);
        assert!(store.ticket(first - 1).unwrap().is_none());
        assert_eq!(store.ticket(first).unwrap().is_some(), first < 4);
    }
    assert_eq!(store.review(Days::default()).unwrap().choice["forget"], 0, "counters went too");
    // All tickets are gone; numbers and chain go on, also after a start.
    drop(store);
    let mut store = open(directory.path());
    let next = store.sell(&sale_at("2026-03-02T10:00:00+01:00", None, None, &["a"])).unwrap().ticket;
    assert_eq!((next.number, next.previous), (4, Some(third.hash)));
    assert_eq!(store.ticket(4).unwrap().unwrap(), next);
    whole(&mut store, "2026-03-02");
    // Only from the beginning: an import of the past waits for what was sold before it.
    store.sell(&sale_at("2019-01-01T10:00:00+01:00", None, None, &["a"])).unwrap();
    assert_eq!(store.expire(day("2026-03-02")).unwrap().tickets, 0);
    whole(&mut store, "2026-03-02");
}

#[test]
fn a_remembered_purchase_outlives_its_ticket() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let time = "2020-03-01T10:00:00+01:00";
    let sold = store.sell(&sale_at(time, Some("remember"), Some("600123456"), &["a"])).unwrap();
    let guarantee = store.sell(&sale_at(time, Some("guarantee"), None, &["b"])).unwrap();
    // What was remembered since keeps it.
    let later = "2025-01-10T10:00:00+01:00";
    store.sell(&sale_at(later, Some("remember"), Some("600123456"), &["a"])).unwrap();
    let expired = store.expire(day("2026-03-02")).unwrap();
    assert_eq!(
        expired,
        Expired { purchases: 1, tickets: 2, forgetting: Forgetting::Complete, waiting: Waiting::Nothing }
    );
    let Found::Kept(purchase) = store.find(&sold.code).unwrap() else { panic!("it is kept") };
    assert_eq!((purchase.number, purchase.day, purchase.ticket), (1, day("2020-03-01"), None));
    assert_eq!(purchase.until, Until::Date(day("2028-01-10")));
    assert!(matches!(store.find(&guarantee.code).unwrap(), Found::Forgotten { pending: false }));
    whole(&mut store, "2026-03-02");
}

/// The shipped policy with a version and terms of its own, in years.
fn policy(version: u32, tickets: u32, counters: u32) -> String {
    let with = |text: &str, class: &str, years: u32| {
        let (before, after) = text.split_once(class).unwrap();
        format!("{before}{class}{}", after.replacen("{ years = 6 }", &format!("{{ years = {years} }}"), 1))
    };
    let text = with(&with(SHIPPED, "[class.ticket]", tickets), "[class.counters]", counters);
    text.replacen("version = 2", &format!("version = {version}"), 1)
}

fn open_under(directory: &Path, text: &str) -> Store {
    Store::open(&Files::of(directory), &issuer(), text, Policy::parse(text).unwrap()).unwrap()
}

#[test]
fn a_later_policy_only_shortens() {
    let directory = tempfile::tempdir().unwrap();
    drop(create(directory.path()));
    // Sold under 6 years, then 10, then 8: they stay 6, 8 and 8.
    for (version, years, time) in [
        (2, 6, "2020-01-01T10:00:00+01:00"),
        (3, 10, "2020-02-01T10:00:00+01:00"),
        (3, 10, "2020-02-02T10:00:00+01:00"),
        (4, 8, "2020-03-01T10:00:00+01:00"),
    ] {
        let text = if version == 2 { SHIPPED.to_owned() } else { policy(version, years, 6) };
        open_under(directory.path(), &text).sell(&sale_at(time, None, None, &["a"])).unwrap();
    }
    let mut store = open_under(directory.path(), &policy(4, 8, 6));
    for (today, removed) in [
        ("2026-01-01", 0),
        ("2026-01-02", 1),
        ("2026-02-02", 0),
        ("2028-02-01", 0),
        ("2028-02-02", 1),
        ("2028-02-02", 0),
        ("2028-02-03", 1),
        ("2028-03-02", 1),
    ] {
        assert_eq!(store.expire(day(today)).unwrap().tickets, removed, "{today}");
        whole(&mut store, today);
    }
}

#[test]
fn a_longer_policy_does_not_lengthen_what_was_counted_before_it() {
    let directory = tempfile::tempdir().unwrap();
    drop(create(directory.path()));
    let sell = |text: &str, time: &str| {
        let mut store = open_under(directory.path(), text);
        store.sell(&sale_at(time, None, None, &["a"])).unwrap();
        store.tend().unwrap();
    };
    sell(&policy(3, 1, 2), "2026-12-01T10:00:00+01:00");
    let longer = policy(4, 1, 6);
    sell(&longer, "2026-12-02T10:00:00+01:00");
    let mut store = open_under(directory.path(), &longer);
    let counted = |store: &Store| store.review(Days::default()).unwrap().choice.values().sum::<u64>();
    // The first ticket under each is gone after a year, and nobody knows any more when they began.
    assert_eq!(store.expire(day("2027-12-03")).unwrap().tickets, 2);
    assert_eq!(counted(&store), 2);
    store.expire(day("2028-12-01")).unwrap();
    assert_eq!(counted(&store), 2);
    store.expire(day("2028-12-02")).unwrap();
    assert!(counted(&store) < 2, "two years, not six");
}

#[test]
fn a_clock_set_back_at_a_new_policy_does_not_lengthen_old_tickets() {
    let directory = tempfile::tempdir().unwrap();
    drop(create(directory.path()));
    let longer = policy(4, 6, 6);
    for (text, time) in [
        (&policy(3, 1, 1), "2026-12-01T10:00:00+01:00"),
        (&longer, "2026-11-21T10:00:00+01:00"),
        (&longer, "2026-12-02T10:00:00+01:00"),
    ] {
        open_under(directory.path(), text).sell(&sale_at(time, None, None, &["a"])).unwrap();
    }
    let mut store = open_under(directory.path(), &longer);
    assert_eq!(store.expire(day("2027-12-01")).unwrap().tickets, 0);
    assert_eq!(store.expire(day("2027-12-02")).unwrap().tickets, 1, "a year, as its policy said");
    assert_eq!(store.expire(day("2032-11-21")).unwrap().tickets, 0);
    assert_eq!(store.expire(day("2032-11-22")).unwrap().tickets, 1);
}
