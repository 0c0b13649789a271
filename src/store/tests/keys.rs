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
