//! Scanners are fast keyboards: no code is lost, and none triggers anything.

use std::fs;

use crate::shop::Shop;
use crate::till::{SMALL, Till};
use crate::{BREAD, READY};

/// Thirty codes of the demo shop, all of them different and sold by the piece.
fn thirty() -> Vec<String> {
    let catalogue =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo-catalogue.csv")).unwrap();
    let codes = catalogue.lines().skip(1).filter(|line| line.contains(",ud,"));
    let codes: Vec<String> = codes.map(|line| line[..13].to_owned()).take(30).collect();
    assert!(codes.iter().all(|code| code.bytes().all(|b| b.is_ascii_digit())), "{codes:?}");
    codes
}

/// Thirty codes with no pause at all, in one write.
fn burst(till: &mut Till) {
    burst_ended_by(till, "\r");
}

fn burst_ended_by(till: &mut Till, end: &str) {
    let codes: String = thirty().iter().map(|code| format!("{code}{end}")).collect();
    // Nobody goes from the keys to the scanner and back faster than this.
    pauses(400);
    till.sends(codes.as_bytes());
    pauses(500);
}

/// A till with one loaf in its basket.
fn with_bread(shop: &Shop) -> Till {
    let mut till = shop.till();
    till.sees(READY);
    till.scans(BREAD).sees("1 línea · 1 artículo");
    till
}

#[test]
fn all_of_a_burst_is_sold() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    burst(&mut till);
    till.sees("30 líneas · 30 artículos");
    // Scanners are set up to end a code as they like; a line feed reaches the till as Ctrl+J.
    burst_ended_by(&mut till, "\n");
    till.sees("60 líneas · 60 artículos");
    burst_ended_by(&mut till, "\r\n");
    till.sees("90 líneas · 90 artículos");
}

/// More than one read takes: the rest must not wait for the next key.
#[test]
fn two_kilobytes_at_once_are_sold() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    let codes: String = thirty().iter().map(|code| format!("{code}\r")).collect();
    till.sends(codes.repeat(5).as_bytes());
    till.sees("150 líneas · 150 artículos");
}

/// Not even while the program is still starting.
#[test]
fn scans_before_the_first_frame_are_sold() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees("caja 1");
    burst(&mut till);
    till.sees("30 líneas · 30 artículos");
}

#[test]
fn a_burst_sells_behind_what_is_only_read() {
    let shop = Shop::demo("es");
    for (key, covered) in
        [("F1", "Teclas de esta pantalla"), ("F12", "¿Anular toda la venta?"), ("Alt+Q", "¿Cerrar la caja?")]
    {
        let mut till = shop.till();
        till.sees(READY);
        if !till.screen().contains("línea") {
            till.scans(BREAD).sees("1 línea · 1 artículo");
        }
        till.key(key).sees(covered);
        burst(&mut till);
        till.sees_no(covered).sees("30 líneas · 31 artículos");
        till.key("F12").sees("¿Anular toda la venta?").key("x").sees("La venta está anulada");
        till.key("Alt+Q");
        till.ends_and_restores();
    }
}

#[test]
fn a_burst_pays_nothing() {
    let shop = Shop::demo("es");
    let mut till = with_bread(&shop);
    till.key("F10").sees("Falta");
    burst(&mut till);
    till.sees("no se añade. Termine antes el cobro").sees("Efectivo entregado:").sees("Falta");
    // At the terminal's question, too.
    till.key("t").sees("¿aprobada en el datáfono?");
    burst(&mut till);
    till.sees("no se añade. Termine antes el cobro").sees("¿aprobada en el datáfono?");
    till.key("n").sees("Tarjeta rechazada").key("Esc").sees("1 línea · 1 artículo");
}

#[test]
fn a_burst_chooses_nothing() {
    let shop = Shop::demo("es");
    let mut till = with_bread(&shop);
    till.key("F8").sees("Olvidar esta compra");
    burst(&mut till);
    till.sees("ahora no se añade").sees("Olvidar esta compra").sees("Recordarla para mí");
    assert!(!till.screen().contains("Anotado"), "{}", till.screen());
    till.key("0").sees("Qué guardamos y para qué");
    burst(&mut till);
    till.sees("ahora no se añade").sees("Qué guardamos y para qué");
    till.key("Esc").sees("Olvidar esta compra").key("3").sees("¿Con qué la encontramos?");
    burst(&mut till);
    till.sees("ahora no se añade").sees("[ ] Ver mis compras").sees("[ ] Ofertas");
    for code in thirty() {
        assert!(till.screen().matches(&code).count() <= 1, "not in the field\n{}", till.screen());
    }
    till.key("Enter").sees("Escriba un teléfono");
    till.key("Esc").sees("Olvidar esta compra").key("Esc").sees(READY).sees("1 línea · 1 artículo");
    till.key("F10").sees("sin respuesta");
}

/// A printed code may hold control signs and the escape sequences of function keys. They press nothing,
/// whatever stands before and after them.
#[test]
fn a_code_with_keys_in_it_presses_nothing() {
    let shop = Shop::demo("es");
    let mut till = with_bread(&shop);
    for code in [
        "4000010100\x1b[21~a20\r",
        "4000010\x10\x14a10020\r",
        "\x10a\r",
        "\x18x\r",
        "\x1b[24~x\r",
        "40000\x02x",
        "\x1b[19~1\r",
        "\x0b3\r",
    ] {
        till.sends(code.as_bytes());
        std::thread::sleep(std::time::Duration::from_millis(500));
        let screen = till.screen();
        assert!(screen.contains("Barra de pan") && screen.contains("F10 cobrar"), "{code:?}\n{screen}");
        assert!(!screen.contains("Cliente:"), "{code:?}\n{screen}");
        for _ in 0..4 {
            till.key("Esc");
        }
    }
    // Where keys choose and pay, a short code does no more.
    till.key("F8").sees("Olvidar esta compra");
    till.sends(b"1\r").sees("Púlsela otra vez").sees("Recordarla para mí");
    pauses(500);
    till.sends(b"23");
    pauses(500);
    in_pieces(&mut till, &["AB", "2"], 250);
    till.sees("Recordarla para mí");
    till.key("Esc").sees("F10 cobrar");
    // Nor where it comes in pieces: a question and a card terminal are answered by keys, too.
    for (key, asks) in [("F12", "¿Anular toda la venta?"), ("Alt+Q", "¿Cerrar la caja?")] {
        for (pieces, pause) in
            [(["A", "x3"], 60), (["x", "3"], 80), (["AB", "x3"], 250), (["AB", "x"], 120), (["40", "x"], 300)]
        {
            till.key(key).sees(asks);
            in_pieces(&mut till, &pieces, pause);
            // Four signs are a code, and a code closes the question; fewer leave it.
            if pieces.concat().len() < 4 {
                till.sees(asks);
            }
            till.key("Esc").sees_no(asks).key("Esc").sees("Barra de pan");
        }
    }
    till.key("F10").sees("Falta");
    for code in ["a\r", "\x14a\r", "5\r", "ta", "a1", "\x1b[200~a\x1b[201~"] {
        till.sends(code.as_bytes());
        pauses(500);
        let screen = till.screen();
        assert!(screen.contains("Falta") && screen.contains("Efectivo entregado:"), "{code:?}\n{screen}");
    }
    for (pieces, pause) in [
        (&["a", "345\r"][..], 80),
        (&["40", "a", "13\r"], 120),
        (&["40", "a", "13\r"], 250),
        (&["AB", "a"], 300),
        (&["40", "\r"], 250),
    ] {
        in_pieces(&mut till, pieces, pause);
        let screen = till.screen();
        assert!(screen.contains("Falta") && screen.contains("Efectivo entregado:"), "{pieces:?}\n{screen}");
        till.key("Backspace").key("Backspace");
    }
    till.key("t").sees("¿aprobada en el datáfono?");
    for (pieces, pause) in
        [(&["AB", "o1"][..], 120), (&["AB", "o"], 250), (&["o1"], 0), (&["o", "345\r"], 80)]
    {
        in_pieces(&mut till, pieces, pause);
        till.sees("¿aprobada en el datáfono?");
    }
    till.key("n").sees("Tarjeta rechazada").key("Esc").sees("F10 cobrar");
}

/// Letters that came with their end sell only what they name alone: nobody has seen the list.
#[test]
fn a_few_letters_of_a_scanner_sell_no_first_hit() {
    let shop = Shop::demo("es");
    let mut till = with_bread(&shop);
    for code in ["t\r", "pa\r", "a\t", "o\n"] {
        till.sends(code.as_bytes()).sees("Varios llevan esas palabras").sees("1 línea · 1 artículo");
        pauses(500);
        till.key("Esc").sees_no("Varios llevan");
    }
    // A person who has seen the list takes its first row.
    till.types("pan").key("Enter").sees("1 línea · 2 artículos");
}

/// A code in pieces, each at once, so many milliseconds after the one before; the first after a person's keys.
fn in_pieces(till: &mut Till, pieces: &[&str], pause_ms: u64) {
    for (piece, pause_ms) in pieces.iter().zip(std::iter::once(400).chain(std::iter::repeat(pause_ms))) {
        pauses(pause_ms);
        till.sends(piece.as_bytes());
    }
    pauses(500);
}

fn pauses(ms: u64) {
    std::thread::sleep(std::time::Duration::from_millis(ms));
}

/// A scanner without a cable stutters: a code in pieces is one code, known or not, and no weight.
#[test]
fn a_code_in_pieces_is_one_code() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    for (count, pause) in (1..).zip([60, 100, 200, 300]) {
        in_pieces(&mut till, &["400001", "010013\r"], pause);
        till.sees(&format!("1 línea · {count} artículo"));
    }
    for pieces in
        [&["40", "00010", "10013\r"][..], &["400001010", "0", "1", "3", "\r"], &["4", "00001010013\r"]]
    {
        in_pieces(&mut till, pieces, 100);
    }
    till.sees("1 línea · 7 artículos");
    in_pieces(&mut till, &["3*400001", "010013\r"], 150);
    till.sees("1 línea · 10 artículos");
    in_pieces(&mut till, &["400001", "4020\r"], 100);
    till.sees("4000014020 no está en el catálogo").key("Esc").sees_no("no está en el catálogo");
    // What was left by one long before is no weight of the next.
    in_pieces(&mut till, &["400001", "4020\r"], 700);
    till.sees("Peso de Manzana golden").sees("por lo que estaba escrito: 400001");
    till.key("Enter").sees("Peso de Manzana golden");
    till.key("Esc").sees("F10 cobrar").sees("1 línea · 10 artículos");
    // A key in the middle of it presses nothing.
    in_pieces(&mut till, &["400001", "\x1b[21~", "a"], 100);
    till.sees("Púlsela otra vez").sees("F10 cobrar");
}

/// A phone that comes in pieces is asked about whole, and never as a card with a part of its digits.
#[test]
fn a_phone_in_pieces_is_one_phone() {
    let shop = Shop::demo("es");
    let mut till = with_bread(&shop);
    for (pieces, pause) in
        [(&["600123", "456\r"][..], 100), (&["60", "0123456\r"], 120), (&["6", "00123", "456"], 200)]
    {
        till.key("F8").sees("Recordarla para mí").key("3").sees("¿Con qué la encontramos?");
        in_pieces(&mut till, pieces, pause);
        till.sees("600123456").sees("¿Con qué la encontramos?");
        till.key("Enter").sees("¿Es este su teléfono?").sees("600 123 456");
        till.key("Esc").sees("¿Con qué la encontramos?").key("Esc").sees("Olvidar esta compra");
        till.key("Esc").sees("F10 cobrar");
    }
}

/// Scanners are set up to end a code with Tab, too, or to send it as a paste.
#[test]
fn a_code_may_end_in_tab_and_come_as_a_paste() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    burst_ended_by(&mut till, "\t");
    till.sees("30 líneas · 30 artículos");
    burst_ended_by(&mut till, "\t\r");
    till.sees("60 líneas · 60 artículos");
    for paste in ["\x1b[200~400001010013\x1b[201~\r", "\x1b[200~400001010013\r\n\x1b[201~"] {
        till.sends(paste.as_bytes());
        pauses(500);
    }
    till.sees("62 artículos");
    till.key("F8").sees("Olvidar esta compra");
    till.sends(b"\x1b[200~2\x1b[201~").sees("Púlsela otra vez").sees("Recordarla para mí");
    pauses(500);
    till.sends(b"\x1b[200~400001010013\x1b[201~\r").sees("ahora no se añade").sees("Recordarla para mí");
}

#[test]
fn a_burst_opens_nothing() {
    let shop = Shop::demo("es");
    let mut till = with_bread(&shop);
    till.key("Alt+L").sees("Caja bloqueada").sees("La cesta sigue aquí: 1 artículo");
    burst(&mut till);
    till.sees("no se añade. Abra antes la caja").sees("Su PIN  ········").sees("Caja bloqueada");
    till.types("9999").key("Enter").sees("El PIN no es ese");
    till.types("1234").key("Enter").sees(READY).sees("1 línea · 1 artículo");
}

#[test]
fn a_burst_sets_nothing_up() {
    let shop = Shop::empty("es");
    let mut till = Till::start(&["--data", shop.data().to_str().unwrap(), "--lang", "es"], SMALL, &[]);
    till.sees("Olvido: preparar la caja");
    burst(&mut till);
    till.sees("no se escribe aquí").sees("Olvido: preparar la caja").sees("Ultramarinos Sol");
    till.key("Esc");
    assert_eq!(till.ends_and_restores().code, 0);
    assert!(!shop.data().join("config.toml").exists());
}
