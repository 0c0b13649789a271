use super::super::records_tests::Shop;
use super::*;
use crate::cli::paths::DataDir;
use crate::domain::basket::{Basket, Line};
use crate::domain::money::Money;
use crate::domain::open_sale::OpenSale;
use crate::domain::policy::{Policy, SHIPPED};
use crate::domain::sale::Answer;
use crate::domain::tax::TaxRate;
use crate::seal::ReceiptCode;
use crate::store::{Found, Stage};

/// Whoever was kept is shown and forgotten by each spelling; where a number is a phone and a card, and
/// both are kept, nobody is shown in place of another.
#[test]
fn a_customer_is_found_by_every_spelling() {
    let shop = Shop::new();
    for asked in ["600 123 456", "+34 600 123 456", "0034 600123456", "34600123456", "phone:+34600123456"] {
        assert!(shop.done(&["customer", "show", asked]).contains("One kept purchase"), "{asked}");
    }
    let rung = |customer: &str| {
        shop.sold(&format!(r#""choice":"remember","customer":{customer},"purposes":["history"]"#))
    };
    rung(r#"{"phone":"0034 600 777 888"}"#);
    assert!(shop.done(&["customer", "show", "600777888"]).contains("+34600777888"));
    rung(r#"{"card":"TEL 0042"}"#);
    shop.done(&["customer", "forget", "TEL 0042"]);
    rung(r#"{"card":"700123456"}"#);
    assert!(shop.done(&["customer", "show", "700 123 456"]).contains("Customer: 700123456"));
    rung(r#"{"phone":"700123456"}"#);
    let which = shop.refused(&["customer", "forget", "700123456"]);
    assert!(which.contains("phone:+34700123456, card:700123456"), "{which}");
    shop.done(&["customer", "forget", "card:700123456"]);
    assert!(shop.done(&["customer", "show", "700123456"]).contains("+34700123456"));
    shop.done(&["customer", "forget", "0034 700 123 456"]);
    shop.refused(&["customer", "show", "700123456"]);
    for asked in ["0034600777888", "+34 600-123-456"] {
        shop.done(&["customer", "forget", asked]);
        shop.refused(&["customer", "show", asked]);
    }
}

/// A forget is cut short behind each stage, before anybody has read what it said. The next one ends it and says what is
/// so, of somebody who looks like one who was never there.
#[test]
fn a_forget_that_was_cut_short_is_ended_by_the_next() {
    let (here, finished) = ("or it is forgotten completely", "is gone now, completely");
    for (stage, said) in [
        (None, "Forgotten. The key is overwritten"),
        (Some(Stage::Tombstoned), finished),
        (Some(Stage::KeyDestroyed), finished),
        (Some(Stage::Dropped), here),
        (Some(Stage::LogTruncated), here),
    ] {
        let shop = Shop::new();
        let code = ReceiptCode::parse(&shop.remember).unwrap();
        if let Some(stage) = stage {
            let mut store = opened(&shop);
            let slot = store.slot(&code).unwrap().unwrap();
            store.entomb(&[slot]).unwrap();
            store.advance(stage).unwrap();
            std::mem::forget(store);
        }
        let (exit, out, complaints) = shop.run(&["customer", "forget", "600123456"]);
        let context = format!("{stage:?}: {out}{complaints}");
        assert_eq!(exit, if stage.is_none() { DONE } else { REFUSED }, "{context}");
        assert!(format!("{out}{complaints}").contains(said), "{context}");
        assert!(shop.refused(&["customer", "forget", "600123456"]).contains(here), "{context}");
        assert!(shop.done(&["verify"]).contains("Everything holds."), "{context}");
        let store = opened(&shop);
        assert!(!store.is_forgetting(), "{context}");
        assert!(matches!(store.find(&code).unwrap(), Found::Forgotten { pending: false }), "{context}");
    }
}

/// The till is closed over two baskets, of which the second waits: each of a customer who wanted it remembered.
fn leave_baskets(shop: &Shop) {
    let mut basket = Basket::default();
    basket.add(Line::open("Bread", "Bakery", Money(100), TaxRate(4_00))).unwrap();
    let remembered = |phone| {
        let mut sale = OpenSale::of(basket.clone());
        let customer = Some(Identifier::phone(phone, "34").unwrap());
        let choice = Some("remember".to_owned());
        sale.answered(Answer { choice, customer, purposes: Vec::new() });
        sale
    };
    let held = vec![remembered("600123456")];
    let draft = Draft { sale: remembered("600999888"), held, ..Draft::default() };
    opened(shop).save_draft(&serde_json::to_vec(&draft).unwrap()).unwrap();
}

fn opened(shop: &Shop) -> Store {
    let issuer = crate::domain::settings::Store::default().issuer();
    Store::open(&files(&DataDir::at(&shop.data())), &issuer, SHIPPED, Policy::shipped()).unwrap()
}

/// What the customer of each basket has chosen.
fn chosen(shop: &Shop) -> [Option<String>; 2] {
    let draft = open_basket(&opened(shop)).unwrap();
    [&draft.sale, &draft.held[0]].map(|sale| sale.answer().choice.clone())
}

/// Then they are forgotten: the next start must not bring them back.
#[test]
fn an_open_basket_asks_a_forgotten_customer_again() {
    let shop = Shop::new();
    leave_baskets(&shop);
    let remember = || Some("remember".to_owned());
    assert!(shop.done(&["customer", "show", "600 999 888"]).contains("once it is paid"));
    assert!(shop.refused(&["customer", "show", "600 999 887"]).contains("nothing is kept"));
    let said = shop.done(&["customer", "forget", "600 999 888"]);
    assert!(said.contains("asked again"), "{said}");
    assert_eq!(chosen(&shop), [None, remember()], "another customer's stands");
    let said = shop.done(&["customer", "forget", "600123456"]);
    assert!(said.contains("asked again") && said.contains("Forgotten"), "{said}");
    assert_eq!(chosen(&shop), [None, None]);
    for command in ["show", "forget"] {
        assert!(shop.refused(&["customer", command, "600999888"]).contains("nothing is kept"), "{command}");
    }
}

/// A number that two people can have, on file or in an open basket: nothing changes before it is said which.
#[test]
fn an_open_basket_decides_for_nobody() {
    let shop = Shop::new();
    shop.sold(r#""choice":"remember","customer":{"card":"600123456"},"purposes":["history"]"#);
    shop.sold(r#""choice":"remember","customer":{"card":"600999888"},"purposes":["history"]"#);
    leave_baskets(&shop);
    let before = chosen(&shop);
    for number in ["600123456", "600999888"] {
        let which = shop.refused(&["customer", "forget", number]);
        assert!(which.contains(&format!("phone:+34{number}, card:{number}")), "{which}");
        assert_eq!(chosen(&shop), before);
        assert!(shop.done(&["customer", "show", &format!("card:{number}")]).contains(number));
        shop.done(&["customer", "forget", &format!("card:{number}")]);
        assert_eq!(chosen(&shop), before, "the card's owner is in no basket");
    }
    assert!(shop.done(&["customer", "show", "phone:600123456"]).contains("+34600123456"));
    assert!(shop.done(&["customer", "forget", "phone:600123456"]).contains("Forgotten"));
    assert!(shop.done(&["customer", "forget", "phone:600999888"]).contains("asked again"));
    assert_eq!(chosen(&shop), [None, None]);
}

/// The basket cannot be sealed anew: that is said, and the customer is forgotten on file.
#[test]
fn a_basket_that_cannot_be_changed_holds_up_no_forget() {
    let shop = Shop::new();
    leave_baskets(&shop);
    let keys = DataDir::at(&shop.data()).keys();
    let mut bytes = std::fs::read(&keys).unwrap();
    bytes[0] ^= 1;
    std::fs::write(&keys, &bytes).unwrap();
    let (code, out, complaints) = shop.run(&["customer", "forget", "600123456"]);
    assert_eq!(code, REFUSED, "{out}{complaints}");
    assert!(out.contains("still to be remembered") && out.contains("Forgotten."), "{out}{complaints}");
    bytes = std::fs::read(&keys).unwrap();
    bytes[0] ^= 1;
    std::fs::write(&keys, &bytes).unwrap();
    assert!(shop.done(&["customer", "forget", "600123456"]).contains("asked again"));
    assert_eq!(chosen(&shop), [Some("remember".to_owned()), None]);
}

/// Where the database cannot be read, the keys alone say who is on file: two people are not destroyed for one.
#[test]
fn without_a_database_nobody_is_destroyed_in_place_of_another() {
    let shop = Shop::new();
    shop.sold(r#""choice":"remember","customer":{"card":"600123456"},"purposes":["history"]"#);
    std::fs::write(DataDir::at(&shop.data()).database(), "no database").unwrap();
    let (code, _, complaints) = shop.run(&["customer", "forget", "600123456"]);
    assert!(code == REFUSED && complaints.contains("phone:+34600123456, card:600123456"), "{complaints}");
    for customer in ["card:600123456", "phone:600123456"] {
        let (code, out, complaints) = shop.run(&["customer", "forget", customer]);
        assert!(code == REFUSED && out.contains("could not be noted"), "{customer}: {out}{complaints}");
    }
}
