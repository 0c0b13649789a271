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
    let rising = slots.windows(2).filter(|pair| pair[0] < pair[1]).count();
    // By chance all rise or fall one time in 24!.
    assert!((1..23).contains(&rising), "{slots:?}");
    let between = slots.iter().max().unwrap() - slots.iter().min().unwrap();
    assert!(between > 24, "{slots:?}");
}
