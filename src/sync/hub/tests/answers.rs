//! What the hub answers for each record.

use super::*;

#[test]
fn tickets_are_taken_once_whatever_the_pieces() {
    let place = Place::new();
    let hub = place.open();
    let mut till = Till::enrol(&hub, "S");
    till.sell_many(10);
    for (first, count, expected) in [
        (2, 3, "a gap: send from 1"),
        (1, 3, "1-3 created; 3"),
        (1, 3, "1-3 exists; 3"),
        (3, 3, "3 exists, 4-5 created; 5"),
        (2, 2, "2-3 exists; 5"),
        (7, 1, "a gap: send from 6"),
        (6, 0, "; 5"),
        (1, 10, "1-5 exists, 6-10 created; 10"),
        (1, 10, "1-10 exists; 10"),
        (10, 1, "10 exists; 10"),
    ] {
        assert_eq!(said(&till.send_tickets(&hub, first, count)), expected, "{first}+{count}");
    }
    assert_eq!(count(&hub, "SELECT count(*) FROM record"), 10);
    assert_eq!(count(&hub, "SELECT sum(sales) FROM day_sum"), 10);
    assert_eq!(count(&hub, "SELECT sum(total) FROM day_sum"), 1045);
}
