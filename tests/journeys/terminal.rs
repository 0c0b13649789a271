//! Sizes, colours, the mouse, and doing nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use olvido::app;
use olvido::cli::paths::DataDir;
use olvido::cli::{log, run};
use olvido::domain::language::Language;
use olvido::domain::policy::Policy;
use olvido::domain::settings::Settings;

use crate::shop::Shop;
use crate::till::{LARGE, SMALL, Till};
use crate::{BREAD, MILK, READY};

/// How many SGR sequences (`ESC [ … m`) of what was written set a colour.
fn colours(raw: &[u8]) -> usize {
    let text = String::from_utf8_lossy(raw);
    let sequences = text.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':')?;
        rest[end..].starts_with('m').then_some(&rest[..end])
    });
    let is_colour = |code: &str| {
        code.parse().is_ok_and(|n: u16| matches!(n, 30..=38 | 40..=48 | 58 | 90..=97 | 100..=107))
    };
    sequences.filter(|codes| codes.split([';', ':']).any(is_colour)).count()
}

#[test]
fn no_color_means_none() {
    let shop = Shop::demo("es");
    for (env, coloured) in [(&[][..], true), (&[("NO_COLOR", "1")][..], false)] {
        let mut till = shop.till_in(SMALL, env);
        till.sees(READY);
        till.scans(BREAD).sees("Barra de pan").key("F1").sees("Teclas de esta pantalla").key("Esc");
        till.sees("Barra de pan").key("F8").sees("Olvidar esta compra").key("Esc").sees(READY);
        till.key("F10").sees("Falta").key("a").sees("vendido");
        assert_eq!(colours(&till.raw()) > 0, coloured, "{env:?}: {}", colours(&till.raw()));
        till.key("Alt+Q");
        let raw = till.ends_and_restores().raw;
        assert_eq!(colours(&raw) > 0, coloured, "{env:?}");
    }
}

#[test]
fn a_window_that_is_too_small_says_so_and_still_sells() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    till.scans(BREAD).sees("Barra de pan");
    till.resizes((60, 20)).sees("Hacen falta 80×24");
    till.scans(MILK);
    till.resizes(LARGE).sees("Barra de pan").sees("Leche entera 1 L").sees("2 líneas");
    till.resizes(SMALL).sees("Barra de pan").sees("Leche entera 1 L");
    till.resizes((1, 1)).resizes((79, 24)).sees("Hacen falta 80×24");
    till.resizes(SMALL).sees("2 líneas · 2 artículos");
}

#[test]
fn every_button_can_be_clicked() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    till.scans(BREAD).sees("Barra de pan");
    till.clicks("F2 cantidad").sees("Cantidad de Barra de pan").key("Esc").sees(READY);
    till.clicks("F10 cobrar").sees("Falta");
    till.clicks("F8 cliente").sees("Solo para garantía");
    till.clicks("Solo para garantía").sees("Anotado: Solo para garantía");
    till.clicks("Enter  Listo").sees("Cliente: Solo para garantía");
    till.clicks("a 0,85").sees("vendido A-000001");
}

#[test]
fn idle_it_uses_no_processor() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    till.scans(BREAD).sees("Barra de pan");
    // The background check of the start takes some; then there must be two seconds with none. One
    // tick is a minute's new clock.
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let before = till.ticks();
        std::thread::sleep(Duration::from_secs(2));
        let used = till.ticks() - before;
        if used <= 1 {
            break;
        }
        assert!(Instant::now() < deadline, "{used} ticks in two idle seconds");
    }
}

/// Whoever stops the till has a terminal to work with, and whoever lets it go on has the till.
#[test]
fn a_stop_gives_the_terminal_back_until_it_goes_on() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    till.scans(BREAD).sees("Barra de pan");
    for _ in 0..2 {
        till.signal("TSTP").gives_the_terminal_back();
        till.writes_over("a shell").signal("CONT").sees("Barra de pan").sees_no("a shell");
        assert!(till.has_the_terminal());
    }
    // This one cannot be heard; what was on the screen is drawn again all the same.
    till.signal("STOP").writes_over("a shell").sees_no("Barra de pan");
    till.signal("CONT").sees("Barra de pan").sees_no("a shell");
    till.scans(MILK).sees("2 líneas · 2 artículos");
    till.clicks("F10 cobrar").sees("Falta").key("Esc").sees(READY);
    till.signal("TERM");
    assert_eq!(till.ends_and_restores().code, 0);
}

/// A signal that means nothing to the till does nothing; one that ends a program ends it in order.
#[test]
fn no_signal_leaves_the_terminal_as_the_till_uses_it() {
    let shop = Shop::demo("es");
    let mut till = shop.till();
    till.sees(READY);
    for name in ["USR1", "USR2", "ALRM", "VTALRM", "PROF", "IO", "XFSZ"] {
        till.signal(name);
    }
    till.scans(BREAD).sees("Barra de pan");
    till.signal("QUIT");
    assert_eq!(till.ends_and_restores().code, 0);
}

/// Names the data directory for [`panicking_program`].
const PANICS_IN: &str = "OLVIDO_JOURNEY_PANICS_IN";

/// Not a test of its own: the till with a store that panics, for the test below, which starts it.
#[test]
fn panicking_program() {
    let Ok(directory) = std::env::var(PANICS_IN) else { return };
    let data = DataDir::at(Path::new(&directory));
    data.create().unwrap();
    log::start(&data).unwrap();
    let code = run::sheltered(Language::English, || {
        let model = app::till_model(Settings::default(), Policy::shipped());
        let till = app::Till {
            model,
            open: Some(Box::new(|| panic!("a fault on purpose"))),
            set_up: Box::new(|_, _| unreachable!("there is a store")),
            keep_policy: Box::new(|_| unreachable!("there is no hub")),
        };
        app::run(till).map_or(3, |_| 0)
    });
    std::process::exit(code.into());
}

#[test]
fn a_panic_gives_the_terminal_back_and_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let program = std::env::current_exe().unwrap();
    let args = ["--exact", "terminal::panicking_program", "--nocapture"];
    let env = [(PANICS_IN, data.to_str().unwrap())];
    let ended = Till::start_program(program.to_str().unwrap(), &args, SMALL, &env).ends_and_restores();
    assert_eq!(ended.code, 1, "{}", ended.screen);
    assert!(ended.screen.contains("Olvido had to stop"), "{}", ended.screen);
    assert!(!ended.screen.contains("on purpose"), "{}", ended.screen);
    let logged = std::fs::read_to_string(data.join("logs/olvido.log")).unwrap();
    assert!(logged.contains("a fault on purpose") && logged.contains("terminal.rs"), "{logged}");
}
