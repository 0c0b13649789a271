//! What is remembered ends by itself: so many years after the customer's last remembered purchase.

use chrono::NaiveDate;

use super::*;
use crate::domain::policy::Until;

const SHIPPED_0_2_0: &str = include_str!("../../../tests/fixtures/0.2.0/policy.toml");

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn remembered(store: &mut Store, day: &str, phone: &str) -> Sold {
    let mut sale = sale_at(&format!("{day}T10:00:00+01:00"), Some("remember"), Some(phone), &["a"]);
    sale.promise.policy_version = store.policy().version;
    store.sell(&sale).unwrap()
}

/// Until when a purchase is kept; `None` where it is forgotten.
fn until(store: &Store, sold: &Sold) -> Option<Until> {
    match store.find(&sold.code).unwrap() {
        Found::Kept(purchase) => Some(purchase.until),
        _ => None,
    }
}

fn last(text: &str) -> Option<Until> {
    Some(Until::Date(day(text)))
}

#[test]
fn each_remembered_purchase_renews_all_of_the_same_customer() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let first = remembered(&mut store, "2026-11-23", "600123456");
    let others = remembered(&mut store, "2026-11-23", "600999999");
    assert_eq!((until(&store, &first), until(&store, &others)), (last("2029-11-23"), last("2029-11-23")));
    let second = remembered(&mut store, "2028-02-29", "600123456");
    assert_eq!(until(&store, &first), last("2031-02-28"), "renewed");
    assert_eq!((until(&store, &second), until(&store, &others)), (last("2031-02-28"), last("2029-11-23")));
    // The database alone does not tell which purchases are one customer's.
    let told: Vec<Option<i32>> = {
        let mut rows = store.connection.prepare("SELECT DISTINCT until FROM purchase").unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(told, [None]);
    for (today, gone, left) in
        [("2029-11-23", 0, 2), ("2029-11-24", 1, 1), ("2031-02-28", 0, 1), ("2031-03-01", 2, 0)]
    {
        assert_eq!(store.verify(day(today)).unwrap().past_term, gone, "{today}");
        let expired = store.expire(day(today)).unwrap();
        assert_eq!((expired.purchases, expired.forgetting), (gone, Forgetting::Complete), "{today}");
        let profiles: usize =
            store.connection.query_row("SELECT count(*) FROM profile", [], |row| row.get(0)).unwrap();
        assert_eq!(profiles, left, "{today}");
        // Opened anew, whatever was learned of the slots is learned again.
        drop(store);
        store = open(directory.path());
    }
    assert_eq!(until(&store, &first), None);
    assert!(store.verify(day("2031-03-01")).unwrap().findings.is_empty());
}

/// Until forget, said 0.2.0. A store that renews its policy shortens it, and not before.
#[test]
fn what_0_2_0_remembered_without_end_ends_once_the_policy_is_renewed() {
    let directory = tempfile::tempdir().unwrap();
    let files = Files::of(directory.path());
    let old = Policy::parse(SHIPPED_0_2_0).unwrap();
    let mut store = Store::create(&files, &issuer(), SHIPPED_0_2_0, old).unwrap();
    let first = remembered(&mut store, "2020-01-07", "600123456");
    let second = remembered(&mut store, "2022-01-07", "600123456");
    let mut guarantee = sale_at("2026-11-23T10:00:00+01:00", Some("guarantee"), None, &["a"]);
    guarantee.promise.policy_version = 1;
    let guarantee = store.sell(&guarantee).unwrap();
    assert_eq!(store.expire(day("2026-11-23")).unwrap().purchases, 0);
    assert_eq!(until(&store, &first), Some(Until::CustomerSaysSo));
    store.adopt_policy(SHIPPED, Policy::shipped()).unwrap();
    assert_eq!((until(&store, &first), until(&store, &second)), (last("2025-01-07"), last("2025-01-07")));
    assert_eq!(until(&store, &guarantee), last("2029-11-23"), "as it was");
    assert_eq!(store.expire(day("2026-11-23")).unwrap().purchases, 2);
    assert_eq!(until(&store, &first), None);
}

/// A term from the sale and one from the last purchase: the earlier end counts, whichever policy says it.
#[test]
fn a_fixed_term_is_not_renewed() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let first = remembered(&mut store, "2026-11-23", "600123456");
    let fixed = SHIPPED.replacen("version = 2", "version = 3", 1).replace(
        "memory = \"profile\"\nterm = { years = 3, after = \"last-purchase\" }",
        "memory = \"profile\"\nterm = { years = 2 }",
    );
    assert_ne!(fixed, SHIPPED.replacen("version = 2", "version = 3", 1));
    store.adopt_policy(&fixed, Policy::parse(&fixed).unwrap()).unwrap();
    let second = remembered(&mut store, "2028-11-01", "600123456");
    assert_eq!((until(&store, &first), until(&store, &second)), (last("2028-11-23"), last("2030-11-01")));
    assert_eq!(store.expire(day("2028-11-24")).unwrap().purchases, 1);
    assert_eq!(until(&store, &second), last("2030-11-01"));
}
