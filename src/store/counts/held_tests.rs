use super::*;

const RULE: Release = Release::LEAST;

/// Tickets, each with the products that were sold in it, one piece for one cent each.
type Tickets = Vec<Vec<u32>>;

/// Ends segments as a tally does, and folds where `folds` says so, by the number of the ticket.
fn folded(tickets: &Tickets, origin: u64, folds: impl Fn(u64) -> bool) -> (Held, Vec<(u32, u64, u64, Sum)>) {
    let mut held = Held::from(origin, origin - 1);
    let mut windows = Vec::new();
    let mut segments: Vec<Segment> = Vec::new();
    for (number, products) in (origin..).zip(tickets) {
        if segments.last().is_none_or(|segment| segment.last % MIX_TICKETS == 0) {
            segments.push(Segment { first: number, ..Segment::default() });
        }
        let segment = segments.last_mut().unwrap();
        segment.last = number;
        for product in products {
            let sold = Sum { sales: 1, quantity: 1000, amount: 1 };
            segment.sums.entry(Counted::Product(*product)).or_default().add(sold).unwrap();
        }
        if folds(number) || number == origin + tickets.len() as u64 - 1 {
            for (counted, open, last) in held.fold(&std::mem::take(&mut segments), &RULE).unwrap() {
                let Counted::Product(product) = counted else { unreachable!("only products are sold") };
                windows.push((product, open.first, last, open.sum));
            }
            // As it is read for the next fold.
            held = Held::read(&held.write()).unwrap();
        }
    }
    (held, windows)
}

/// One product sold at these tickets, of so many.
fn sold_at(count: u64, at: &[u64]) -> Vec<(u64, u64, u32)> {
    let tickets = (1..=count).map(|number| if at.contains(&number) { vec![7] } else { vec![] }).collect();
    folded(&tickets, 1, |_| true)
        .1
        .into_iter()
        .map(|(_, first, last, sum)| (first, last, sum.sales))
        .collect()
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

#[test]
fn a_window_ends_with_five_sales_at_a_number_that_32_divides_or_after_1600_tickets() {
    assert_eq!(sold_at(31, &[1, 2, 3, 4, 5]), []);
    assert_eq!(sold_at(32, &[1, 2, 3, 4, 5]), [(1, 32, 5)]);
    assert_eq!(sold_at(64, &[1, 2, 3, 4, 33]), [(1, 64, 5)], "not with the fifth sale, which would name it");
    assert_eq!(sold_at(1599, &[1, 2, 3, 4]), []);
    assert_eq!(sold_at(1600, &[1, 2, 3, 4]), [(1, 1600, 4)]);
    // Each window begins right behind the last.
    assert_eq!(sold_at(1632, &[1, 2, 3, 4, 5, 40]), [(1, 32, 5), (33, 1632, 1)]);
    assert_eq!(sold_at(128, &[1, 2, 3, 4, 5, 33, 34, 35, 36, 37]), [(1, 32, 5), (33, 64, 5)]);
}

#[test]
fn a_lone_sale_is_not_named_by_the_end_of_its_window() {
    // Wherever in its 1,600 tickets it is, and however long nothing was sold before.
    for silent in [0, 1, 2, 9] {
        let ends = [1, 2, 31, 32, 33, 800, 1599, 1600].map(|place| {
            let sale = 32 + 1600 * silent + place;
            sold_at(32 + 1600 * (silent + 2), &[1, 2, 3, 4, 5, sale])
        });
        let expected = vec![(1, 32, 5), (33 + 1600 * silent, 32 + 1600 * (silent + 1), 1)];
        assert!(ends.iter().all(|found| *found == expected), "{ends:?}");
    }
    // The same where it was never sold before.
    for sale in [1601, 1602, 2000, 3200] {
        assert_eq!(sold_at(3200, &[sale]), [(1601, 3200, 1)]);
    }
}

#[test]
fn a_count_that_begins_anywhere_keeps_to_the_rule() {
    for origin in [1, 2, 17, 32, 33, 1000] {
        let mut tickets = vec![vec![]; 6400];
        for place in [0, 1, 2, 3, 4, 5, 2000, 2001] {
            tickets[place].push(7);
        }
        let (_, windows) = folded(&tickets, origin, |_| false);
        let whole = |(_, first, last, sum): &(u32, u64, u64, Sum)| {
            last % 32 == 0 && *first >= origin && last + 1 - first >= if sum.sales < 5 { 1600 } else { 32 }
        };
        assert!(windows.iter().all(whole), "{origin}: {windows:?}");
        assert_eq!(windows.iter().map(|window| window.3.sales).sum::<u32>(), 8, "{windows:?}");
    }
}

#[test]
fn windows_hold_exactly_what_was_sold_in_them_and_do_not_depend_on_when_is_folded() {
    for seed in 0..12 {
        let mut random = Random(seed);
        let (count, origin) = (4_000 + random.below(2_000), 1 + random.below(200));
        // From a product in every second ticket to one in a thousand.
        let rarity: Vec<u64> = (0..24).map(|product| 2 + product * product * 2).collect();
        let tickets: Tickets = (0..count)
            .map(|_| (0..24).filter(|p| random.below(rarity[*p as usize]) == 0).collect())
            .collect();
        let (held, windows) = folded(&tickets, origin, |_| false);
        let mut each = folded(&tickets, origin, |_| true);
        let mut some = folded(&tickets, origin, |number| number * 7919 % 11 == 0);
        let mut sorted = windows.clone();
        for windows in [&mut sorted, &mut each.1, &mut some.1] {
            windows.sort_by_key(|window| (window.0, window.1));
        }
        assert_eq!((&each.1, &some.1), (&sorted, &sorted), "{seed}");
        assert_eq!((&each.0, &some.0), (&held, &held), "{seed}");
        for product in 0..24 {
            let sales = |first: u64, last: u64| {
                let tickets = &tickets[(first - origin) as usize..=(last - origin) as usize];
                tickets.iter().filter(|ticket| ticket.contains(&product)).count() as u32
            };
            let mut behind = origin;
            for (_, first, last, sum) in sorted.iter().filter(|window| window.0 == product) {
                assert_eq!((sum.sales, sum.amount), (sales(*first, *last), i64::from(sum.sales)));
                assert!(*first >= behind && last % 32 == 0 && last + 1 - first >= 32);
                assert!(sum.sales >= 5 || last + 1 - first >= 1600, "{first} {last} {sum:?}");
                // Between two windows nothing was sold, over a whole number of the longest.
                assert!(first == &behind || sales(behind, first - 1) == 0 && first - behind >= 1600);
                behind = last + 1;
            }
            let open = held.open.get(&Counted::Product(product)).map_or(0, |open| open.sum.sales);
            let end = origin + count - 1;
            let left = if behind > end { 0 } else { sales(behind, end) };
            assert_eq!(open, left, "what is not told waits");
        }
    }
}

#[test]
fn what_is_past_its_term_is_dropped_and_counting_goes_on() {
    let tickets = vec![vec![7]; 3];
    let (mut held, _) = folded(&tickets, 1, |_| false);
    held.note_days(&[], |_| Ok(20_000)).unwrap();
    assert!(!held.expire(|_, day| day < 20_000));
    assert!(held.expire(|first, day| first == 1 && day == 20_000));
    assert_eq!(held.open[&Counted::Product(7)], Open { first: 4, sum: Sum::default() });
    assert_eq!(Held::read(&held.write()), Some(held));
}
