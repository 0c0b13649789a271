//! A clock that was set back.

use super::common::{answer, at, check_chain, create, fast_directory, open, sale_at};

#[test]
fn numbers_and_chain_stay_in_order_when_the_clock_does_not() {
    let data = fast_directory();
    let mut store = create(data.path());
    // Forward, back by an hour, back by two years and before every term, another offset, forward.
    let times = [
        "2026-11-23T18:42:07+01:00",
        "2026-11-23T17:42:07+01:00",
        "2024-02-29T23:59:59+01:00",
        "1970-01-01T00:00:00+00:00",
        "2026-11-23T18:42:08+14:00",
        "2026-11-24T09:00:00+01:00",
    ];
    for (time, number) in times.iter().zip(1..) {
        let sale = sale_at(at(time), answer(Some("guarantee"), None, &[]), &["a".to_owned()]);
        let sold = store.sell(&sale).unwrap();
        assert_eq!(sold.ticket.number, number);
        // By this the till sees that its clock is behind, and warns.
        assert_eq!(store.last_ticket_at().unwrap(), Some(at(time)));
        store.tend().unwrap();
    }
    assert_eq!(check_chain(&store), times.len() as u64);
    drop(store);
    let mut store = open(data.path());
    assert_eq!(check_chain(&store), times.len() as u64);
    // What is past its term goes; nothing that is not.
    let expired = store.expire(at(times[0]).date_naive()).unwrap();
    assert_eq!(expired.purchases, 1, "the sale of 1970");
    assert!(store.verify(at(times[0]).date_naive()).unwrap().holds());
}
