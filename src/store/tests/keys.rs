//! The slots of the keys file over many days.

use super::*;

#[test]
fn the_keys_file_does_not_grow_with_each_start() {
    let directory = tempfile::tempdir().unwrap();
    let mut kept = create(directory.path()).sell(&sale(Some("guarantee"), None, &["a"])).unwrap();
    for day in 0..20 {
        let mut store = open(directory.path());
        store.save_draft(b"open basket").unwrap();
        let sold = store.sell(&sale(Some("remember"), Some("600123456"), &["a"])).unwrap();
        store.tend().unwrap();
        store.save_draft(b"open basket").unwrap();
        // The process dies: its stock of slots is of no use to anybody.
        std::mem::forget(store);
        let mut store = open(directory.path());
        store.forget(&kept.code).unwrap();
        assert_eq!(store.close_day().unwrap(), Forgetting::Complete);
        assert_eq!(store.draft().unwrap().as_deref(), Some(b"open basket".as_slice()));
        assert!(matches!(store.find(&sold.code).unwrap(), Found::Kept(_)));
        let live = store.keys.live().unwrap().live.len();
        let stock = store.spares.purchases.len() + store.spares.plain.len();
        assert_eq!(live, stock + 4, "and the purchase, its profile, the draft and what was counted");
        assert!(store.keys.slot_count() < 300, "day {day}: {} slots", store.keys.slot_count());
        kept = sold;
    }
}

/// Purchases lie among counts and drafts, and in another order than they were sold in.
#[test]
fn no_order_of_slots_tells_the_order_of_sales() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = create(directory.path());
    store.tend().unwrap();
    let codes: Vec<_> =
        (0..24).map(|_| store.sell(&sale(Some("guarantee"), None, &["a"])).unwrap().code).collect();
    let slots: Vec<u32> = codes.iter().map(|code| store.slot(code).unwrap().unwrap().index).collect();
    assert_no_order(&slots);
    let between = slots.iter().max().unwrap() - slots.iter().min().unwrap();
    assert!(between > 24, "{slots:?}");
}

/// Not all but a few rise or fall: by chance they do less than once in 10^9.
fn assert_no_order(slots: &[u32]) {
    let rising = slots.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert!((4..slots.len() - 4).contains(&rising), "{slots:?}");
}

/// As `ring` does it: a process for each sale, which knows nothing of those before it.
#[test]
fn nor_does_it_where_each_sale_has_a_process() {
    let directory = tempfile::tempdir().unwrap();
    drop(create(directory.path()));
    let mut slots = Vec::new();
    for number in 0..60 {
        let mut store = open(directory.path());
        let choice = if number % 3 == 0 { "guarantee" } else { "forget" };
        store.sell(&sale(Some(choice), None, &["a"])).unwrap();
        let newest = "SELECT slot FROM tally ORDER BY rowid DESC LIMIT 1";
        slots.push(store.connection.query_row(newest, [], |row| row.get::<_, u32>(0)).unwrap());
    }
    assert_no_order(&slots);
    let length = std::fs::metadata(directory.path().join("olvido.keys")).unwrap().len();
    assert!(length < 128 * 257, "the file grows by what is used: {length}");
}
