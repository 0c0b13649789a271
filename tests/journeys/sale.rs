//! Selling and taking the money.

use crate::shop::Shop;
use crate::till::LARGE;
use crate::{BREAD, EGGS, MILK, READY, READY_EN, UNKNOWN, WASHER};

#[test]
fn a_sale_of_scans_with_a_mistake() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    till.scans(BREAD).scans(MILK).scans(MILK).scans(EGGS);
    till.sees("3 líneas · 4 artículos").sees("2 × 1,15").sees("3,45");
    // The eggs were not the customer's, then they were, then they were not.
    till.key("F4").sees("deshacer la devuelve: Huevos camperos 12 unidades").sees("2 líneas");
    till.key("F5").sees("El último paso está deshecho").sees("3 líneas");
    till.key("Ctrl+X").sees("2 líneas");
    // Three litres, not two.
    till.key("F2").sees("Cantidad de Leche entera 1 L");
    till.types("3").key("Enter").sees("3 × 1,15");
    // What is no quantity is said, and asked again.
    till.key("Ctrl+N").sees("Cantidad de Leche");
    till.types("1,5").key("Enter").sees("Se vende por piezas enteras").key("Esc").key("Esc");
    till.sees("3 × 1,15");
    // A quantity before a code, a weight before a number.
    till.types("2*").scans(BREAD).sees("2 × 0,85");
    till.types("0,345*4020").key("Enter").sees("Manzana golden").sees("0,345 kg × 1,89");
    till.key("F10").sees("6,65");
    till.types("20").key("Enter").sees("vendido A-000001").sees("Cambio");
    till.sees("El tique queda hasta");
    till.key("Alt+Q");
    assert_eq!(till.ends_and_restores().code, 0);
    let review = shop.runs(&["review", "--json"]);
    for figure in [r#""sales":1"#, r#""total":"6.65""#, r#""cash":"6.65""#, r#""unanswered":1"#] {
        assert!(review.replace(' ', "").contains(figure), "{figure} in {review}");
    }
}

#[test]
fn a_search_and_discounts() {
    let shop = Shop::demo("en");
    let mut till = shop.till_in(LARGE, &[]);
    till.sees(READY_EN);
    till.types("milk whole").sees("Whole milk 1 L").key("Enter");
    till.sees("1 line · 1 item");
    till.types("washing").sees("Alba washing machine 8 kg").key("Enter");
    till.sees("2 lines · 2 items").sees("389.00");
    till.key("F6").sees("Discount on Alba washing machine 8 kg");
    till.types("10%").key("Enter").sees("−38.90");
    till.key("F7").sees("Discount on the sale");
    till.types("1.25").key("Enter").sees("discount on the sale").sees("−1.25");
    till.key("Alt+T").sees("VAT included");
    till.key("F10").sees("350.00");
    till.key("a").sees("sold A-000001");
    till.key("Alt+R").sees("Last receipt").sees("Simplified invoice");
    till.key("Esc").sees_no("Last receipt");
}

#[test]
fn cash_and_card_together() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    till.scans(WASHER).sees("389,00");
    till.key("F10").sees("Falta");
    // The card is declined, and nothing is taken.
    till.key("t").sees("389,00 con tarjeta: ¿aprobada en el datáfono?");
    till.key("n").sees("Tarjeta rechazada: no se ha cobrado nada");
    // A part in cash, the rest by another card.
    till.types("200").key("Enter").sees("Efectivo").sees("−200,00");
    till.key("F9").sees("189,00 con tarjeta");
    // Enter is no approval.
    till.key("Enter").sees("Mire el datáfono");
    till.key("o").sees("vendido A-000001");
    till.key("Alt+R").sees("Último recibo").key("PgDn").sees("Pagado con tarjeta");
    till.key("Esc").key("Alt+Q");
    till.ends_and_restores();
    let review = shop.runs(&["review", "--json"]).replace(' ', "");
    assert!(review.contains(r#""card":"189.00""#) && review.contains(r#""cash":"200.00""#), "{review}");
}

#[test]
fn money_can_be_taken_back() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    till.scans(MILK).sees("Leche").key("F10").sees("Falta");
    till.key("Enter").sees("Escriba el efectivo entregado");
    till.types("1").key("Enter").sees("−1,00");
    till.key("Esc").sees("Devuélvalo antes");
    till.key("F4").sees("Devuelva 1,00 € en efectivo");
    till.key("Esc").sees(READY).sees("Leche");
    till.key("F12").sees("¿Anular toda la venta?");
    till.key("Enter").sees("Leche");
    till.key("F12").sees("¿Anular toda la venta?").key("x").sees("La venta está anulada");
    till.key("F5").sees("Leche");
}

#[test]
fn an_unknown_code_is_sold_by_department() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    till.scans(UNKNOWN).sees(&format!("{UNKNOWN} no está en el catálogo"));
    // The queue goes on.
    till.scans(BREAD).sees("Barra de pan");
    till.key("F10").sees("Un código sigue sin conocerse");
    till.key("F9").sees(&format!("Sección de {UNKNOWN}"));
    till.types("pan").sees("Panadería").key("Enter").sees("precio y, si se quiere, qué es");
    till.types("2,40 Roscón").key("Enter").sees("Roscón").sees("2,40").sees("2 líneas");
    till.sees_no("no está en el catálogo");
    // A second one is searched by its name.
    till.scans(UNKNOWN).sees("no está en el catálogo");
    till.key("F3").sees("Nombre del producto en lugar de");
    till.types("huevos camp").sees("Huevos camperos").key("Enter").sees("3 líneas");
    till.key("F10").sees("Falta").sees("6,70");
}
