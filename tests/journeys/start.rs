//! Starting, being killed, starting again.

use crate::shop::Shop;
use crate::till::{LARGE, SMALL};
use crate::{BREAD, MILK, READY, READY_EN, UNKNOWN};

#[test]
fn a_first_start_takes_enter_alone() {
    for (language, title, ready, name) in [
        ("es", "Olvido: preparar la caja", READY, "Barra de pan"),
        ("en", "Olvido: set up the till", READY_EN, "Baguette"),
    ] {
        let shop = Shop::empty(language);
        let mut till = shop.till();
        till.sees(title);
        let mut keys = 0;
        while !till.screen().contains(ready) {
            assert!(keys < 4, "under five keys\n{}", till.screen());
            till.key("Enter");
            keys += 1;
            // Either the till, or the form again: the words of the form go while the store is made.
            till.sees_no(title);
            till.sees(ready);
        }
        till.scans(BREAD).sees(name);
        drop(till);
        assert!(
            shop.runs(&["policy", "show"]).contains("2032") || !shop.runs(&["policy", "show"]).is_empty()
        );
        shop.till().sees(ready);
    }
}

#[test]
fn a_shop_of_its_own_is_set_up_on_the_screen() {
    let shop = Shop::empty("es");
    let mut till = shop.till_in(LARGE, &[]);
    till.sees("Olvido: preparar la caja");
    // From the start button on: language, name.
    till.key("Down").key("Down");
    for _ in 0.."Ultramarinos Sol".len() {
        till.key("Backspace");
    }
    till.types("Casa Lola").key("Down");
    till.sees("Casa Lola");
    till.key("Esc");
    till.key("Enter");
    // 1234 is good enough for the demo shop only.
    till.sees("Este PIN lo prueba cualquiera");
    for _ in 0..4 {
        till.key("Backspace");
    }
    till.types("2468").key("Esc").key("Enter");
    till.sees(READY).sees("Casa Lola");
    till.key("Alt+L").sees("Caja bloqueada");
    till.types("2468").key("Enter").sees(READY);
    till.key("Alt+Q");
    assert_eq!(till.ends_and_restores().code, 0);
}

/// Neither the end of the program nor a crash opens what was locked.
#[test]
fn a_locked_till_stays_locked() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY).scans(BREAD).sees("Barra de pan").key("Alt+L").sees("Caja bloqueada");
    till.rests();
    till.signal("KILL");
    till.ends();
    let mut till = shop.till();
    // What comes before the store has said that it is locked does nothing, then or later.
    till.sends(b"zzz");
    till.sees("Caja bloqueada").sees("La cesta sigue aquí: 1 artículo");
    till.rests();
    till.types("1234").key("Enter").sees("Barra de pan").sees(READY);
    assert!(!till.screen().contains("zz"), "{}", till.screen());
    till.key("Alt+L").sees("Caja bloqueada");
    till.key("Alt+Q").sees("¿Cerrar la caja?").key("x");
    till.ends_and_restores();
    let mut till = shop.till();
    till.sees("Caja bloqueada").types("1234").key("Enter").sees("Barra de pan");
    till.rests();
    till.signal("KILL");
    till.ends();
    shop.till().sees("Barra de pan").sees_no("Caja bloqueada");
}

#[test]
fn a_killed_till_has_its_basket_back() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    till.scans(BREAD).sees("Barra de pan").scans(MILK).sees("Leche entera 1 L");
    till.scans(UNKNOWN).sees("no está en el catálogo");
    till.rests();
    till.signal("KILL");
    assert_eq!(till.ends().code, 1, "killed");

    let mut till = shop.till();
    till.sees("Barra de pan").sees("Leche entera 1 L").sees("2 líneas").sees("no está en el catálogo");
    till.key("Esc").sees_no("no está en el catálogo");
    till.key("F10").sees("Falta").sees("2,00");
    till.key("a").sees("vendido A-000001");
    // Sold is sold: killed again, nothing of it comes back.
    till.rests();
    till.signal("KILL");
    till.ends();
    let mut till = shop.till();
    till.sees("Pase un producto por el lector");
}

#[test]
fn a_second_till_is_refused() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    let second = shop.till().ends_and_restores();
    assert_eq!(second.code, 1);
    assert!(second.screen.contains("otro Olvido está trabajando con esta tienda"), "{}", second.screen);
    assert!(second.screen.contains("Ciérrelo antes"), "{}", second.screen);
    let (code, said) = shop.says(&["ring"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("otro Olvido"), "{said}");
    till.sees(READY);
}

#[test]
fn a_damaged_store_is_said_and_the_terminal_given_back() {
    let shop = Shop::demo("es");
    let database = shop.data().join("olvido.db");
    let mut bytes = std::fs::read(&database).unwrap();
    bytes[..64].fill(b'x');
    std::fs::write(&database, &bytes).unwrap();
    let end = shop.till().ends_and_restores();
    assert_eq!(end.code, 1);
    assert!(end.screen.contains("está dañado"), "{}", end.screen);
    assert!(end.screen.contains("olvido restore"), "{}", end.screen);
    assert_eq!(std::fs::read(&database).unwrap(), bytes, "never written over");
}

#[test]
fn quitting_keeps_the_basket() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    assert!(till.has_the_terminal());
    till.scans(BREAD).sees("Barra de pan");
    till.key("Alt+Q").sees("¿Cerrar la caja?");
    till.key("Enter").sees_no("¿Cerrar la caja?").sees("Barra de pan");
    till.key("Ctrl+B").sees("¿Cerrar la caja?");
    till.key("x");
    assert_eq!(till.ends_and_restores().code, 0);

    let mut till = shop.till_in(SMALL, &[]);
    till.sees("Barra de pan");
    till.signal("TERM");
    assert_eq!(till.ends_and_restores().code, 0, "an orderly end");
    shop.till().sees("Barra de pan");
}

#[test]
fn a_clock_far_from_the_last_certain_day_is_asked_about() {
    let shop = Shop::demo("es");
    let set_back = || {
        let store = rusqlite::Connection::open(shop.data().join("olvido.db")).unwrap();
        store.execute("UPDATE meta SET value = '2022-03-04' WHERE name = 'trusted-day'", []).unwrap();
    };
    set_back();
    let mut till = shop.till();
    till.sees("¿Está bien?").sees(".03.2022");
    till.key("Enter").sees_no("¿Está bien?").sees("¿es ");
    till.scans(BREAD).sees("Barra de pan");
    till.key("F12").sees("¿Anular").key("x").sees_no("Barra de pan");
    till.key("Alt+Q");
    assert_eq!(till.ends_and_restores().code, 0);

    // A scan that comes in between is sold, and the question comes back.
    let mut till = shop.till();
    till.sees("¿Está bien?");
    till.scans(BREAD).sees("Barra de pan").sees_no("¿Está bien?");
    // Nobody puts the scanner down and presses a key faster than this.
    std::thread::sleep(std::time::Duration::from_millis(300));
    till.key("F4").sees("¿Está bien?");
    till.key("x").sees_no("¿Está bien?").sees_no("¿es ");
    till.rests();
    drop(till);
    assert!(!shop.runs(&["expire"]).contains("2022"));
}
