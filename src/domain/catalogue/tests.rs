use proptest::prelude::*;

use super::*;
use crate::domain::barcode::{Embeds, VariableRule, VariableRules, check_digit};
use crate::domain::quantity::Quantity;

/// A small shop, best-seller first: name, department, barcode without check digit, PLU, sku.
const SHOP: [(&str, &str, u64, u32, &str); 9] = [
    ("Leche entera 1 L", "Lácteos", 40_000_000_010, 0, "LE-1"),
    ("Pan de centeno", "Panadería", 40_000_000_011, 0, "25671"),
    ("Tomate rama", "Frutería", 0, 4664, ""),
    ("Café molido natural 250 g", "Despensa", 40_000_000_012, 0, "CAF"),
    ("Leche de coco", "Despensa", 40_000_000_013, 0, "caf"),
    ("Piñones pelados", "Despensa", 201_234_500_000, 0, ""),
    ("Crème brûlée", "Lácteos", 0, 0, "00042"),
    ("Jamón cocido (loncha)", "Charcutería", 0, 0, "ab12"),
    ("Lavadora Alba 8 kg", "Hogar", 40_000_000_014, 0, "256"),
];

fn product(name: &str, department: &str, body: u64, plu: u32, sku: &str) -> Product {
    Product {
        barcode: Gtin::from_number(body * 10 + u64::from(check_digit(body))).ok(),
        plu: Some(plu).filter(|&plu| plu != 0),
        sku: sku.to_owned(),
        name: name.to_owned(),
        department: department.to_owned(),
        price: Money(i64::try_from(name.len()).unwrap() * 10),
        tax: if name.contains("coco") { TaxRate(1000) } else { TaxRate(400) },
        unit: if name == "Tomate rama" { Unit::Kilogram } else { Unit::Piece },
        durable_years: if name.contains("Lavadora") { 10 } else { 0 },
    }
}

fn shop() -> Vec<(ProductId, Product)> {
    let ids = [7, 3, 12, 1, 5, 90, 2, 4, 1000];
    SHOP.iter().zip(ids).map(|(&(n, d, b, p, s), id)| (ProductId(id), product(n, d, b, p, s))).collect()
}

fn catalogue() -> Catalogue {
    Catalogue::from_image(build_image(&shop())).unwrap()
}

#[test]
fn every_product_comes_back_as_it_was() {
    let catalogue = catalogue();
    assert_eq!(catalogue.len(), 9);
    for (id, product) in shop() {
        assert_eq!(catalogue.get(id).unwrap().to_product(), product);
        if let Some(barcode) = product.barcode {
            assert_eq!(catalogue.by_gtin(barcode).unwrap().id(), id);
        }
        if !product.sku.is_empty() {
            assert_eq!(catalogue.by_sku(&product.sku).unwrap().id(), id);
        }
    }
    assert!(catalogue.get(ProductId(6)).is_none());
    assert!(catalogue.get(ProductId(u32::MAX)).is_none());
    assert!(catalogue.by_plu(1).is_none());
    assert!(catalogue.by_sku("").is_none());
    let names: Vec<&str> = catalogue.products().map(ProductView::name).collect();
    assert_eq!(names, SHOP.map(|row| row.0));
}

#[test]
fn scans_find_products() {
    let rules = VariableRules(vec![
        VariableRule::new("20", 5, 5, Embeds::Weight, false).unwrap(),
        VariableRule::new("21", 5, 5, Embeds::Price, false).unwrap(),
        VariableRule::new("22", 5, 5, Embeds::Price, false).unwrap(),
    ]);
    let complete = |body: u64| format!("{:013}", body * 10 + u64::from(check_digit(body)));
    let grams = |grams| Some(Measure::Weight(Quantity::grams(grams).unwrap()));
    for (text, expected) in [
        (complete(40_000_000_010), Some(("Leche entera 1 L", None))),
        (complete(40_000_000_010)[1..].to_owned(), Some(("Leche entera 1 L", None))),
        ("4664".to_owned(), Some(("Tomate rama", None))),
        ("le-1".to_owned(), Some(("Leche entera 1 L", None))),
        ("CAF".to_owned(), Some(("Café molido natural 250 g", None))),
        ("caf".to_owned(), Some(("Leche de coco", None))),
        ("Caf".to_owned(), Some(("Café molido natural 250 g", None))),
        ("25671".to_owned(), Some(("Pan de centeno", None))),
        // Filed under its code with weight 0, under a PLU, and under a sku with leading zeros.
        (complete(201_234_500_482), Some(("Piñones pelados", grams(482)))),
        (complete(200_466_400_482), Some(("Tomate rama", grams(482)))),
        (complete(210_004_200_199), Some(("Crème brûlée", Some(Measure::Price(Money(199)))))),
        (complete(220_025_601_000), Some(("Lavadora Alba 8 kg", Some(Measure::Price(Money(1000)))))),
        (complete(229_999_901_000), None),
        (complete(40_000_000_099), None),
        ("nada".to_owned(), None),
        (String::new(), None),
    ] {
        let catalogue = catalogue();
        let found = catalogue.find(&Scan::parse(&text, &rules));
        assert_eq!(found.map(|found| (found.product.name(), found.measure)), expected, "{text}");
    }
}

#[test]
fn words_find_products_best_seller_first() {
    for (query, expected) in [
        ("leche", vec!["Leche entera 1 L", "Leche de coco"]),
        ("LECHE ent", vec!["Leche entera 1 L"]),
        ("coco leche", vec!["Leche de coco"]),
        ("le lec l", vec!["Leche entera 1 L", "Leche de coco"]),
        ("cafe", vec!["Café molido natural 250 g"]),
        ("CAFÉ", vec!["Café molido natural 250 g"]),
        ("pinon", vec!["Piñones pelados"]),
        ("piñón", vec!["Piñones pelados"]),
        ("creme brulee", vec!["Crème brûlée"]),
        ("loncha", vec!["Jamón cocido (loncha)"]),
        ("(jamon", vec!["Jamón cocido (loncha)"]),
        ("eche", vec![]),
        ("leche pan", vec![]),
        ("p", vec!["Pan de centeno", "Piñones pelados"]),
        ("1", vec!["Leche entera 1 L"]),
        // From four digits on: skus and barcodes, in 12 or in 13 digits.
        ("2567", vec!["Pan de centeno"]),
        ("256", vec![]),
        ("04000000001", SHOP.iter().filter(|row| row.2 / 1000 == 40_000_000).map(|row| row.0).collect()),
        ("4000000001", SHOP.iter().filter(|row| row.2 / 1000 == 40_000_000).map(|row| row.0).collect()),
        ("0400000000109", vec![]),
        ("99999999999999999999999999", vec![]),
        ("", vec![]),
        (" -- ", vec![]),
    ] {
        let catalogue = catalogue();
        let found: Vec<&str> = catalogue.search(query, 10).into_iter().map(ProductView::name).collect();
        assert_eq!(found, expected, "{query}");
    }
    assert_eq!(catalogue().search("l", 1).len(), 1);
}

#[test]
fn departments_and_their_usual_rate() {
    let catalogue = catalogue();
    let departments: Vec<_> = catalogue.departments().map(|d| (d.name, d.tax.0)).collect();
    assert_eq!(
        departments,
        [
            ("Charcutería", 400),
            ("Despensa", 400),
            ("Frutería", 400),
            ("Hogar", 400),
            ("Lácteos", 400),
            ("Panadería", 400)
        ]
    );
}

#[test]
fn text_folds() {
    for (text, expected) in [
        ("Café  Ñandú-3", "cafe nandu 3"),
        ("Straße Œuf Ærø İzmir", "strasse oeuf aero izmir"),
        ("1,5 L (pack)", "1 5 l pack"),
        ("½ ﬁn ｋｇ", "1 2 fin kg"),
        ("  ", ""),
        ("Ελλάδα", "ελλαδα"),
    ] {
        assert_eq!(fold(text), expected);
    }
}

#[test]
fn damage_is_noticed() {
    let image = build_image(&shop());
    assert_eq!(Catalogue::from_image(Vec::new()).unwrap_err(), CatalogueError::Format);
    assert_eq!(Catalogue::from_image(b"SQLite format 3".to_vec()).unwrap_err(), CatalogueError::Format);
    for length in 0..image.len() {
        assert!(Catalogue::from_image(image[..length].to_vec()).is_err(), "cut at {length}");
    }
    for at in 0..image.len() {
        let mut damaged = image.clone();
        damaged[at] ^= 0x10;
        assert!(Catalogue::from_image(damaged).is_err(), "changed at {at}");
    }
    assert!(Catalogue::default().is_empty());
}

/// Asks a catalogue everything.
fn use_all(catalogue: &Catalogue) {
    for product in catalogue.products() {
        let _ = product.to_product();
    }
    catalogue.departments().for_each(|d| assert!(d.name.len() < 1000));
    for query in ["l", "leche", "2567", "zz", "0400"] {
        let _ = catalogue.search(query, 50);
    }
    let _ = (catalogue.get(ProductId(7)), catalogue.by_sku("caf"), catalogue.by_plu(4664));
    let _ = catalogue.find(&Scan::parse("0400000000109", &VariableRules::default()));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Catalogue::from_image(bytes);
    }

    /// Contents forged with the right checksum may give nonsense, but never a panic.
    #[test]
    fn forged_images_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40)) {
        let mut bytes = build_image(&shop());
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        image::seal_again(&mut bytes);
        if let Ok(catalogue) = Catalogue::from_image(bytes) {
            use_all(&catalogue);
        }
    }

    /// The search agrees with its definition, told naively.
    #[test]
    fn search_is_what_it_says(names in prop::collection::vec("[abé]{1,3}( [abc1]{1,2}){0,3}", 1..80), query in "[aébc1]{0,2}( [abc]{1,2}){0,2}") {
        let products: Vec<_> = (0..).map(ProductId).zip(names.iter().map(|name| product(name, "x", 0, 0, ""))).collect();
        let catalogue = Catalogue::from_image(build_image(&products)).unwrap();
        let asked = fold(&query);
        let expected: Vec<&String> = names.iter().filter(|name| {
            !asked.is_empty() && asked.split(' ').all(|word| fold(name).split(' ').any(|w| w.starts_with(word)))
        }).collect();
        prop_assert_eq!(catalogue.search(&query, 1000).into_iter().map(ProductView::name).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn any_query_is_answered(query in "\\PC*") {
        let _ = catalogue().search(&query, 10);
        let _ = catalogue().find(&Scan::parse(&query, &VariableRules::default()));
    }
}
