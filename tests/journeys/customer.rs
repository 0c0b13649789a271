//! What the customer says, and what becomes of it.

use crate::shop::Shop;
use crate::till::{LARGE, SMALL, Till};
use crate::{BREAD, MILK, READY, READY_EN, WASHER};

/// A number that stands in no file by chance.
const PHONE: &str = "612 739 485";

/// The code on the last receipt, read page by page as a person would.
#[track_caller]
fn receipt_code(till: &mut Till, heading: &str) -> String {
    till.key("Alt+R").sees(heading);
    for _ in 0..6 {
        let found = till.screen().lines().map(str::trim).find(|line| is_code(line)).map(str::to_owned);
        if let Some(code) = found {
            till.key("Esc").sees_no(heading);
            return code;
        }
        let before = till.screen();
        till.key("PgDn");
        till.sees_other_than(&before);
    }
    panic!("no code on the receipt\n{}", till.screen());
}

/// Groups of five, and the check symbols.
fn is_code(line: &str) -> bool {
    line.split('-').count() == 6
        && line
            .chars()
            .all(|c| c == '-' || c.is_ascii_digit() || c.is_ascii_uppercase() || "*~$=".contains(c))
}

#[test]
fn forgotten_on_the_spot() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    till.scans(WASHER).sees("389,00");
    till.key("F10").sees("Falta").sees("sin respuesta, así que: Olvidar esta compra");
    till.key("F8").sees("Su compra: 389,00 €").sees("Olvidar esta compra").sees("Recordarla para mí");
    till.key("1").sees("Anotado: Olvidar esta compra").sees("El tique queda hasta");
    till.key("Enter").sees("Falta").sees("Cliente: Olvidar esta compra");
    till.key("a").sees("vendido A-000001");
    let code = receipt_code(&mut till, "Último recibo");
    till.key("Alt+Q");
    till.ends_and_restores();
    assert_eq!(shop.files_with(&[&code]), Vec::<std::path::PathBuf>::new());
    let (exit, said) = shop.says(&["purchase", "show", &code]);
    assert_eq!(exit, 1, "{said}");
    assert!(!said.contains("Lavadora"), "{said}");
    let review = shop.runs(&["review", "--json"]).replace(' ', "");
    assert!(review.contains(r#""forget":1"#) && review.contains(r#""unanswered":0"#), "{review}");
    shop.runs(&["verify"]);
}

#[test]
fn kept_for_guarantee_until_forgotten() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    till.scans(WASHER).sees("389,00");
    till.key("F8").sees("Solo para garantía");
    till.key("2").sees("Anotado: Solo para garantía").sees("Los abre su recibo");
    till.key("Enter").sees(READY).key("F10").sees("Cliente: Solo para garantía");
    till.key("a").sees("vendido A-000001");
    let code = receipt_code(&mut till, "Último recibo");
    till.key("Alt+Q");
    till.ends_and_restores();

    assert!(shop.runs(&["purchase", "show", &code]).contains("Lavadora Alba 8 kg"));
    shop.runs(&["purchase", "forget", &code]);
    let (exit, said) = shop.says(&["purchase", "show", &code]);
    assert_eq!(exit, 1, "{said}");
    assert!(!said.contains("Lavadora"), "{said}");
    shop.runs(&["verify"]);
}

#[test]
fn remembered_with_a_phone_and_a_tick() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    till.scans(WASHER).sees("389,00").key("F10").sees("Falta").key("F8").sees("Recordarla para mí");
    till.key("3").sees("¿Con qué la encontramos?");
    // Nothing is ticked at first.
    till.sees("[ ] Ver mis compras").sees("[ ] Ofertas según mis compras");
    till.types(PHONE).sees(PHONE);
    till.key("Enter").sees("¿Es este su teléfono?").sees(PHONE);
    till.key("Enter").key("Enter").sees("Marque al menos un uso");
    till.key("1").sees("[x] Ver mis compras").sees("[ ] Ofertas");
    till.key("Enter").sees("Anotado: Recordarla para mí").key("Enter").sees("Cliente: Recordarla para mí");
    till.key("a").sees("vendido A-000001");
    let code = receipt_code(&mut till, "Último recibo");
    till.key("Alt+Q");
    till.ends_and_restores();

    let digits: String = PHONE.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(shop.files_with(&[PHONE, &digits, &code]), Vec::<std::path::PathBuf>::new(), "sealed");
    assert!(
        shop.runs(&["purchase", "show", &code]).contains("Lavadora Alba 8 kg"),
        "for who brings the code"
    );
    let shown = shop.runs(&["purchase", "show", &code, "--purpose", "customer-asks"]);
    assert!(shown.contains("Lavadora Alba 8 kg"), "{shown}");
    assert!(shop.runs(&["customer", "show", PHONE]).contains("Lavadora Alba 8 kg"));
    shop.runs(&["customer", "forget", PHONE]);
    let (exit, said) = shop.says(&["purchase", "show", &code]);
    assert_eq!(exit, 1, "{said}");
    shop.runs(&["verify"]);
}

#[test]
fn a_payment_card_is_not_taken_for_a_name() {
    let shop = Shop::demo("en");
    let mut till = shop.till_in(LARGE, &[]);
    till.sees(READY_EN);
    till.scans(MILK)
        .sees("Whole milk")
        .key("F8")
        .sees("Remember it for me")
        .key("3")
        .sees("How do we find it?");
    till.types("4111 1111 1111 1111").key("Enter").sees("This looks like a payment card");
    till.sees_no("4111");
    till.key("Esc").sees("Forget this purchase").key("Esc").sees(READY_EN);
}

#[test]
fn the_whole_notice_in_both_languages() {
    let shop = Shop::demo("es");
    for size in [SMALL, LARGE] {
        let mut till = shop.till_in(size, &[]);
        till.sees(READY);
        till.scans(BREAD).sees("Barra de pan").key("F8").sees("Olvidar esta compra");
        till.key("F2").sees("Forget this purchase").sees_no("Olvidar esta compra");
        till.key("0").sees("What we keep, and what for");
        till.key("l").sees("Qué guardamos y para qué");
        till.key("Esc").sees("Olvidar esta compra");
        till.key("9").sees("Quejas").sees("Agencia Española de Protección de Datos");
        till.key("Esc").key("Esc").sees(READY);
        till.key("F12").sees("¿Anular toda la venta?").key("x").sees("La venta está anulada");
        till.key("Alt+Q");
        till.ends_and_restores();
    }
}

#[test]
fn a_receipt_in_the_customers_language() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    till.scans(BREAD).sees("Barra de pan").key("F10").sees("Falta").key("F8").sees("Olvidar esta compra");
    till.key("l").sees("Forget this purchase").key("1").sees("Noted: Forget this purchase");
    till.key("Enter").sees("Falta").key("a").sees("vendido A-000001").sees("The ticket stays until");
    till.key("Alt+R").sees("Simplified invoice");
}

#[test]
fn the_screen_that_is_turned_asks_and_dissolves() {
    let shop = Shop::demo_with("es", &[("turned = false", "turned = true")]);
    let mut till = shop.till();
    till.sees(READY);
    till.scans(BREAD).scans(WASHER).sees("389,00");
    till.key("F10").sees("Olvidar esta compra").key("1").sees("Anotado").key("Enter").sees("Falta");
    till.key("a").sees("Sus artículos no se han guardado").sees("El tique queda hasta");
    // The basket is gone from the screen, and the next customer's scan is not lost.
    till.sees_no("Lavadora");
    till.scans(MILK).sees("Leche entera 1 L").sees("1 línea · 1 artículo");
}
