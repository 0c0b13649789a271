use chrono::NaiveDate;

use super::*;
use crate::domain::basket::Discount;
use crate::domain::quantity::Quantity;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Two rates, a discount, cash and card, cash rounded to 5 cents.
fn mixed(time: &str) -> Sale {
    let mut basket = Basket::default();
    let milk = Line {
        quantity: Quantity::pieces(3).unwrap(),
        ..Line::open("leche", "Lácteos", Money(119), TaxRate(400))
    };
    basket.add(milk).unwrap();
    basket.add(Line::open("taza", "Bazar", Money(1000), TaxRate(2100))).unwrap();
    basket.set_line_discount(1, Some(Discount::Amount(Money(100)))).unwrap();
    let mut payment = Payment::new(basket.priced().unwrap().total, 5);
    payment.add(Tender { kind: TenderKind::Card, amount: Money(500) }).unwrap();
    payment.add(Tender { kind: TenderKind::Cash, amount: Money(1000) }).unwrap();
    let at = at(time);
    let promise = Promise::of(Answer::default(), &Policy::shipped(), at.date_naive()).unwrap();
    Sale::freeze(at, &basket, &payment, promise, TicketDetail::Departments, "alimentación y hogar").unwrap()
}

#[test]
fn the_review_of_some_sales() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    let nothing = serde_json::to_string(&store.review(Days::default()).unwrap()).unwrap();
    assert_eq!(
        nothing,
        r#"{"currency":"EUR","sales":0,"total":"0.00","by_day":{},"tax":{},"department":{},"department_waiting":"0.00","tender":{},"rounding":"0.00","choice":{"forget":0,"guarantee":0,"remember":0,"unanswered":0}}"#
    );
    store.sell(&mixed("2026-11-22T23:59:59+01:00")).unwrap();
    store.sell(&mixed("2026-11-23T00:00:00+01:00")).unwrap();
    store.sell(&sale_at("2026-11-23T10:00:00+01:00", Some("remember"), Some("600123456"), &["a"])).unwrap();
    store.sell(&sale_at("2026-11-24T10:00:00+01:00", Some("guarantee"), None, &["a"])).unwrap();
    let json = |days| serde_json::to_string(&store.review(days).unwrap()).unwrap();
    // Milk 3.57 (3.43 + 0.14), mug 9.00 (7.44 + 1.56): 12.57, of which 5.00 by card; 7.55 in cash.
    assert_eq!(
        json(Days::default()),
        r#"{"currency":"EUR","sales":4,"total":"49.82","by_day":{"2026-11-22":{"sales":1,"total":"12.57"},"2026-11-23":{"sales":2,"total":"24.91"},"2026-11-24":{"sales":1,"total":"12.34"}},"tax":{"4":{"base":"6.86","tax":"0.28"},"21":{"base":"35.28","tax":"7.40"}},"department":{},"department_waiting":"49.82","tender":{"cash":"39.78","card":"10.00"},"rounding":"-0.04","choice":{"forget":0,"guarantee":1,"remember":1,"unanswered":2}}"#
    );
    for (from, to, sales, unanswered, guarantee) in [
        ("2026-11-22", "2026-11-22", 1, 1, 0),
        ("2026-11-23", "2026-11-24", 3, 1, 1),
        ("2026-11-24", "2026-11-24", 1, 0, 1),
        ("2026-11-25", "2026-12-31", 0, 0, 0),
    ] {
        let review = store.review(Days { from: Some(day(from)), to: Some(day(to)) }).unwrap();
        assert_eq!(review.sales, sales, "{from} {to}");
        assert_eq!(review.by_day.values().map(|d| d.sales).sum::<u64>(), sales);
        assert_eq!((review.choice["unanswered"], review.choice["guarantee"]), (unanswered, guarantee));
    }
    assert_eq!(store.review(Days { from: None, to: Some(day("2026-11-23")) }).unwrap().sales, 3);
    assert_eq!(store.review(Days { from: Some(day("2026-11-23")), to: None }).unwrap().sales, 3);
}

#[test]
fn spilled_and_waiting_counters_are_one_sum() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    for sales in 1..=70 {
        store.sell(&sale(Some("forget"), None, &["a"])).unwrap();
        store.tend().unwrap();
        let review = store.review(Days::of(day("2026-11-23"))).unwrap();
        assert_eq!((review.sales, review.choice["forget"]), (sales, sales));
    }
}
