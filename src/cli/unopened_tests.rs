//! Keys that are damaged, gone or back: what is said of them is so, and the words lead to a store that holds.

use std::fs;

use super::super::records_tests::Shop;
use super::*;
use crate::cli::paths::DataDir;
use crate::seal::{KeyFile, ReceiptCode, SlotId, StoreKey};

impl Shop {
    fn at(&self) -> DataDir {
        DataDir::at(&self.data())
    }

    fn purchase_slot(&self, code: &str) -> u32 {
        let (store, _) = Store::open_to_forget(&files(&self.at())).unwrap();
        store.slot(&ReceiptCode::parse(code).unwrap()).unwrap().unwrap().index
    }

    fn profile_slot(&self) -> u32 {
        let connection = rusqlite::Connection::open(self.at().database()).unwrap();
        connection.query_row("SELECT slot FROM profile", [], |row| row.get(0)).unwrap()
    }

    /// Changes the bytes of a slot.
    fn spoil(&self, index: u32, spoil: fn(&mut [u8])) {
        let mut bytes = fs::read(self.at().keys()).unwrap();
        spoil(&mut bytes[128 * (index as usize + 1)..][..128]);
        fs::write(self.at().keys(), bytes).unwrap();
    }

    fn live_slots(&self) -> Vec<SlotId> {
        let store_key = StoreKey::load(&self.at().store_key()).unwrap();
        KeyFile::open(&self.at().keys(), &store_key).unwrap().live().unwrap().live
    }

    fn holds(&self) {
        assert!(self.done(&["verify"]).contains("Everything holds."));
    }
}

const ZEROED: fn(&mut [u8]) = |slot| slot.fill(0);
/// Nothing in it tells whose it is.
const DAMAGED: fn(&mut [u8]) = |slot| slot[48..116].iter_mut().for_each(|byte| *byte ^= 0xff);

#[test]
fn a_damaged_slot_of_nothing_is_zeroed_in_a_quiet_moment() {
    let shop = Shop::new();
    let bytes = fs::read(shop.at().keys()).unwrap();
    let is_free = |slot: &[u8]| slot.iter().all(|byte| *byte == 0);
    let free = bytes.chunks_exact(128).position(is_free).unwrap() - 1;
    shop.spoil(free.try_into().unwrap(), |slot| slot.fill(0x5a));
    let (exit, said, _) = shop.run(&["verify"]);
    assert!(exit == REFUSED && said.contains("nothing is kept under it"), "{said}");
    assert!(said.contains("Now: olvido expire") && !said.contains("backup"), "{said}");
    shop.done(&["expire"]);
    shop.holds();
}

/// Of a purchase for the guarantee, of the only one of a customer, and of a profile.
#[test]
fn what_has_no_key_is_forgotten_when_it_is_said() {
    for what in ["guarantee", "remember", "profile"] {
        for spoil in [ZEROED, DAMAGED] {
            let shop = Shop::new();
            let slot = match what {
                "guarantee" => shop.purchase_slot(&shop.guarantee),
                "remember" => shop.purchase_slot(&shop.remember),
                _ => shop.profile_slot(),
            };
            shop.spoil(slot, spoil);
            let (exit, said, _) = shop.run(&["verify"]);
            assert!(
                exit == REFUSED && said.contains("olvido customer forget --damaged-too"),
                "{what}: {said}"
            );
            let said = shop.done(&["customer", "forget", "--damaged-too"]);
            assert!(said.contains("One kept thing that nobody could open is forgotten"), "{what}: {said}");
            shop.holds();
            let said = shop.done(&["customer", "forget", "--damaged-too"]);
            assert!(said.contains("Nothing to forget was found."), "{what}: {said}");
            let show = |code: &str| shop.run(&["purchase", "show", code]);
            let (guarantee, remember) = (show(&shop.guarantee), show(&shop.remember));
            assert_eq!(guarantee.2.contains("it is forgotten"), what == "guarantee", "{what}: {guarantee:?}");
            assert_eq!(remember.2.contains("it is forgotten"), what == "remember", "{what}: {remember:?}");
            if what == "remember" {
                let unknown = shop.refused(&["customer", "show", "600123456"]);
                assert!(unknown.contains("forgotten completely"), "{unknown}");
            } else {
                shop.done(&["customer", "show", "600123456"]);
                let said = shop.done(&["customer", "forget", "600123456"]);
                assert!(said.contains("Forgotten."), "{what}: {said}");
                shop.holds();
            }
        }
    }
}

/// Counts that nobody can open keep every review from being made.
#[test]
fn counts_without_a_key_go_when_it_is_said() {
    let shop = Shop::new();
    let connection = rusqlite::Connection::open(shop.at().database()).unwrap();
    let sql = "INSERT INTO released (slot, owner, first, last, day, sealed)
        VALUES (5, randomblob(16), 1, 40, 20000, zeroblob(100))";
    connection.execute(sql, []).unwrap();
    drop(connection);
    shop.refused(&["review"]);
    let (exit, said, _) = shop.run(&["verify"]);
    assert!(exit == REFUSED && said.contains("olvido customer forget --damaged-too"), "{said}");
    let said = shop.done(&["customer", "forget", "--damaged-too"]);
    assert!(said.contains("One kept thing that nobody could open"), "{said}");
    shop.holds();
    shop.done(&["review"]);
}

/// What has lost its key may be anybody's: a forget does not say that it is complete.
#[test]
fn a_forget_beside_a_key_that_is_gone_is_pending() {
    let shop = Shop::new();
    shop.spoil(shop.purchase_slot(&shop.remember), ZEROED);
    let unknown = shop.refused(&["customer", "forget", "600555444"]);
    assert!(unknown.contains("may be theirs") && unknown.contains("--damaged-too"), "{unknown}");
    let (exit, said, _) = shop.run(&["customer", "forget", "600123456"]);
    assert!(exit == REFUSED && said.contains("may be theirs") && said.contains("--damaged-too"), "{said}");
    let said = shop.done(&["customer", "forget", "600123456", "--damaged-too"]);
    assert!(said.contains("One kept thing") && said.contains("Forgotten."), "{said}");
    shop.holds();
}

/// Nothing was sold between, so that nothing else tells: whoever asks is told what is so by then.
#[test]
fn keys_of_before_a_forget_are_zeroed_before_it_is_said() {
    for forget in ["purchase", "customer"] {
        for ask in ["show", "forget", "verify"] {
            let shop = Shop::new();
            let whom = if forget == "purchase" { &shop.guarantee } else { "600123456" };
            let before = fs::read(shop.at().keys()).unwrap();
            let live = shop.live_slots();
            shop.done(&[forget, "forget", whom]);
            let after = shop.live_slots();
            fs::write(shop.at().keys(), before).unwrap();
            if ask == "verify" {
                let (exit, said, _) = shop.run(&["verify"]);
                assert!(exit == REFUSED && said.contains("quiet minute. Now: olvido expire"), "{said}");
                shop.done(&["expire"]);
            } else {
                let (_, said, complaints) = shop.run(&[forget, ask, whom]);
                let said = said + &complaints;
                assert!(
                    said.contains("it is forgotten") || said.contains("Forgotten."),
                    "{forget}, {ask}: {said}"
                );
            }
            let left = shop.live_slots();
            let is_back = |slot: &&SlotId| live.contains(slot) && !after.contains(slot);
            assert_eq!(left.iter().find(is_back), None, "{forget}, {ask}");
            shop.holds();
        }
    }
}

#[test]
fn what_cannot_be_read_of_a_customer_is_said() {
    for (what, spoil) in [("profile", DAMAGED), ("purchase", DAMAGED), ("purchase", ZEROED)] {
        let shop = Shop::new();
        shop.spoil(
            if what == "profile" { shop.profile_slot() } else { shop.purchase_slot(&shop.remember) },
            spoil,
        );
        let (exit, said, complaints) = shop.run(&["customer", "show", "600123456"]);
        assert_eq!(exit, REFUSED, "{what}: {said}{complaints}");
        assert!(said.contains("One kept thing cannot be read") && said.contains("verify"), "{what}: {said}");
        assert_eq!(said.contains("For: cannot be read"), what == "profile", "{said}");
        assert!(!said.contains("nothing ticked"), "{said}");
        let (exit, json, _) = shop.run(&["customer", "show", "600123456", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((exit, &json["unread"]), (REFUSED, &1.into()), "{json}");
        assert_eq!(json["purposes"].is_null(), what == "profile", "{json}");
        assert_eq!(json["purchases"].as_array().unwrap().len(), usize::from(what == "profile"), "{json}");
        if what == "purchase" {
            let said = shop.refused(&["purchase", "show", &shop.remember]);
            assert!(said.contains("is damaged") && !said.contains("forgotten"), "{said}");
        }
    }
    // Others are read, and what is past its term is counted as that.
    let shop = Shop::new();
    shop.sold(r#""choice":"remember","customer":{"phone":"600123456"},"purposes":["history"]"#);
    let code = ReceiptCode::parse(&shop.remember).unwrap();
    let connection = rusqlite::Connection::open(shop.at().database()).unwrap();
    let sql = "UPDATE purchase SET sealed = zeroblob(300) WHERE id = ?1";
    connection.execute(sql, [code.purchase_id()]).unwrap();
    drop(connection);
    let (exit, said, _) = shop.run(&["customer", "show", "600123456"]);
    assert!(exit == REFUSED && said.contains("One kept purchase:"), "{said}");
    assert!(said.contains("One kept thing cannot be read") && !said.contains("past its term"), "{said}");
}
