//! The demo catalogue that comes with the program, judged as any shop's file.

use std::collections::HashSet;

use super::*;
use crate::domain::money::Money;
use crate::domain::quantity::Unit;

const FILE: &[u8] = include_bytes!("../../../assets/demo-catalogue.csv");

fn demo(language: Language) -> Vec<Product> {
    let settings =
        Settings { language, default_tax: None, default_department: "", decimals: 2, decimal_mark: None };
    let import = read(FILE, &settings).unwrap();
    assert_eq!(import.refused, []);
    assert_eq!((import.left_out, import.encoding), (0, "UTF-8"));
    assert!(import.columns.iter().all(|column| column.field.is_some()));
    import.accepted
}

#[test]
fn a_neighbourhood_shop_in_two_languages() {
    let (spanish, english) = (demo(Language::Spanish), demo(Language::English));
    assert!((280..=330).contains(&spanish.len()));
    let distinct = |products: &[Product], text: fn(&Product) -> &String| {
        products.iter().map(|p| text(p).clone()).collect::<HashSet<_>>().len()
    };
    for products in [&spanish, &english] {
        assert!(products.iter().all(|p| !p.name.is_empty() && !p.department.is_empty()));
        assert_eq!(distinct(products, |p| &p.name), products.len());
        assert_eq!(distinct(products, |p| &p.sku), products.len());
    }
    let translated = spanish.iter().zip(&english).filter(|(es, en)| es.name != en.name).count();
    assert!(translated > spanish.len() * 9 / 10);
    assert_eq!(distinct(&spanish, |p| &p.department), distinct(&english, |p| &p.department));

    for product in &spanish {
        // GS1 leaves codes that begin with 04 to the shop; the import verified their check digits.
        match product.barcode {
            Some(barcode) => assert!(barcode.to_string().starts_with("04"), "{barcode}"),
            None => assert!(product.unit == Unit::Kilogram && product.plu.is_some(), "{}", product.name),
        }
        assert!([400, 1000, 2100].contains(&product.tax.0), "{}", product.name);
        assert!((10..=60_000).contains(&product.price.0), "{}", product.name);
        let is_appliance = product.department == "Electrodomésticos";
        assert_eq!(product.durable_years >= 3, is_appliance, "{}", product.name);
        assert!(!is_appliance || product.tax.0 == 2100);
    }
    let weighed = spanish.iter().filter(|p| p.unit == Unit::Kilogram).count();
    assert!(weighed >= 40, "{weighed} weighed products");
}

#[test]
fn the_products_of_the_tour() {
    let products = demo(Language::Spanish);
    for (name, price, tax, unit, years) in [
        ("Leche entera 1 L", 115, 400, Unit::Piece, 0),
        ("Pan de centeno", 180, 400, Unit::Piece, 0),
        ("Tomate rama", 249, 400, Unit::Kilogram, 0),
        ("Lavadora Alba 8 kg", 38_900, 2100, Unit::Piece, 10),
    ] {
        let product = products.iter().find(|p| p.name == name).expect(name);
        assert_eq!(
            (product.price, product.tax, product.unit, product.durable_years),
            (Money(price), TaxRate(tax), unit, years)
        );
    }
}

/// Real catalogues are long; `OLVIDO_CATALOGUE` names one. No more than one line in ten thousand may be
/// taken for a card, a phone or an e-mail.
#[test]
fn real_names_and_codes_are_no_persons() {
    let path = std::env::var_os("OLVIDO_CATALOGUE");
    let bytes = path.map_or_else(
        || include_bytes!("../../../assets/demo-catalogue.csv").to_vec(),
        |path| std::fs::read(path).unwrap(),
    );
    let settings = Settings {
        language: Language::Spanish,
        default_tax: Some(TaxRate(2100)),
        default_department: "Otros",
        decimals: 2,
        decimal_mark: None,
    };
    let import = read(&bytes, &settings).unwrap();
    let persons: Vec<&Refused> = import
        .refused
        .iter()
        .filter(|refused| {
            refused.problems.iter().any(|p| matches!(p.kind, ProblemKind::PaymentCard | ProblemKind::Person))
        })
        .collect();
    println!(
        "{} accepted, {} refused, {} as persons",
        import.accepted.len(),
        import.refused.len(),
        persons.len()
    );
    assert!(persons.len() * 10_000 <= import.accepted.len(), "{persons:?}");
}
