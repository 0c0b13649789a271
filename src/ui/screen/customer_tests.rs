//! What holds for all screens on which nobody scans: bursts and random keys.

use proptest::prelude::*;

use super::setup::Setup;
use crate::domain::language::Language;
use crate::ui::testing::{self, MILK, press, till};
use crate::ui::{Effect, Event, Key, Model, Screen, update, view};

/// The customer's screens, the lock and the set-up, each with something open.
fn screens() -> Vec<(&'static str, Model)> {
    let opened = |keys: &str| {
        let mut model = till(Language::Spanish);
        press(&mut model, &format!("{{{MILK}}}{keys}"));
        model
    };
    let mut setup = till(Language::Spanish);
    setup.screen = Screen::Setup(Box::new(Setup::new(Language::Spanish)));
    let mut setup_name = setup.clone();
    press(&mut setup_name, "<Tab><Tab>");
    vec![
        ("choice", opened("<F8>")),
        ("answered", opened("<F8>2")),
        ("remember", opened("<F8>3")),
        ("remember, to be checked", opened("<F8>3600123456<Enter>")),
        ("remember, at a tick", opened("<F8>3sol-0042<Enter><Enter>")),
        ("notice", opened("<F8>0")),
        ("lock", opened("<Alt+L>")),
        ("lock, a PIN begun", opened("<Alt+L>12")),
        ("setup", setup),
        ("setup, in a field", setup_name),
    ]
}

/// Everything on the screen but the line that says what was scanned.
fn shown(model: &mut Model) -> String {
    let text = testing::frame(model, 80, 24);
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.contains('!'))
        .map(|(n, line)| format!("{n}{line}\n"))
        .collect()
}

#[test]
fn a_burst_is_shown_and_does_nothing() {
    let digits = (0..30).map(|n| format!("20000000{n:05}\n")).collect::<String>();
    for burst in ["2000000000015\n", "1111", "3333\n\n\n", "9 0 1 2 3", "\n\n\n\n", &digits] {
        for (name, mut model) in screens() {
            if name == "remember" && !burst.trim_end().contains('\n') && !burst.trim().is_empty() {
                continue;
            }
            let (screen, answer) = (std::mem::discriminant(&model.screen), model.till.answer().clone());
            let basket = model.till.basket().clone();
            assert_eq!(testing::scan(&mut model, burst), [Effect::Beep], "{name} {burst:?}");
            assert_eq!(std::mem::discriminant(&model.screen), screen, "{name}");
            assert_eq!((model.till.answer(), model.till.basket()), (&answer, &basket), "{name}");
            assert!(model.error.is_some(), "{name}");
            let after = shown(&mut model);
            // The message stands where a hint did before: the rest is as it was.
            let before = shown(&mut screens().into_iter().find(|(n, _)| *n == name).unwrap().1);
            let changed = after.lines().filter(|line| !before.contains(line)).collect::<Vec<_>>();
            assert_eq!(changed, Vec::<&str>::new(), "{name}");
        }
    }
}

/// A loyalty card is scanned, an address pasted: into the empty field, and no further.
#[test]
fn a_burst_fills_an_empty_field_and_does_not_press_enter() {
    let mut model = screens().into_iter().find(|(name, _)| *name == "remember").unwrap().1;
    assert_eq!(testing::scan(&mut model, "600123456\n"), []);
    let filled = testing::frame(&mut model, 80, 24);
    assert!(filled.contains("600123456") && !filled.contains("[x]"), "{filled}");
    assert!(model.till.answer().choice.is_none());
    assert_eq!(
        testing::scan(&mut model, "2000000000015\n"),
        [Effect::Beep],
        "not into a field that is filled"
    );
    assert!(!testing::frame(&mut model, 80, 24).contains("6001234562"));
}

/// Digits tick and choose: where they do, they are not written.
#[test]
fn what_presses_is_not_what_writes() {
    for (name, model) in screens() {
        let writes = matches!(name, "remember" | "lock" | "lock, a PIN begun" | "setup, in a field");
        assert_eq!(model.writes('1'), writes, "{name}");
    }
    let mut model = till(Language::Spanish);
    assert!(model.writes('a'));
    press(&mut model, &format!("{{{MILK}}}<F10>"));
    assert!(model.writes('1') && model.writes(',') && !model.writes('t') && !model.writes('a'));
    press(&mut model, "t");
    assert!(!model.writes('1') && !model.writes('a'), "at the card terminal");
    press(&mut model, "n<Esc><F12>");
    assert!(!model.writes('x'), "asked whether");
}

/// Four digits typed fast may be a PIN.
#[test]
fn a_pin_is_not_shown_as_a_code() {
    let mut setup = screens().into_iter().find(|(name, _)| *name == "setup").unwrap().1;
    press(&mut setup, "<Tab><Tab><Tab><Tab><Tab><Tab><Tab>");
    assert!(matches!(&setup.screen, Screen::Setup(setup) if setup.asks_pin()));
    // An empty field for a number takes it.
    let screens = screens().into_iter().filter(|(name, _)| *name != "remember");
    for (name, mut model) in screens.chain([("setup, at the PIN", setup)]) {
        assert_eq!(testing::scan(&mut model, "8642"), [Effect::Beep], "{name}");
        let asks_pin = name.starts_with("lock") || name.ends_with("PIN");
        assert_eq!(model.error.as_ref().unwrap().contains("8642"), !asks_pin, "{name}");
    }
}

#[test]
fn a_scanned_payment_card_is_not_shown() {
    for (name, mut model) in screens() {
        testing::scan(&mut model, "4111111111111111\n");
        let text = testing::frame(&mut model, 80, 24);
        assert!(text.contains("Leído …:") && !text.contains("4111"), "{name}: {text}");
    }
}

fn any_event() -> impl Strategy<Value = Event> {
    let names = [
        "Enter",
        "Esc",
        "Tab",
        "Shift+Tab",
        "Up",
        "Down",
        "Left",
        "Right",
        "PgUp",
        "PgDn",
        "Home",
        "End",
        "Backspace",
        "Del",
        "F2",
        "F8",
        "F10",
        "Space",
        "0",
        "1",
        "2",
        "3",
        "4",
        "9",
        "a",
        "ñ",
        "@",
        "+",
        "l",
    ];
    let key = prop::sample::select(names.to_vec()).prop_map(|name| Event::Key(name.parse::<Key>().unwrap()));
    prop_oneof![
        8 => key,
        1 => any::<char>().prop_map(|c| Event::Key(Key::char(c))),
        2 => (0u16..130, 0u16..45).prop_map(|(column, row)| Event::Press { column, row }),
        1 => any::<bool>().prop_map(|down| Event::Wheel { down }),
        1 => (0u16..130, 0u16..45).prop_map(|(width, height)| Event::Resize(width, height)),
        1 => "\\PC{4,20}".prop_map(Event::Burst),
        1 => (0u32..2000).prop_map(|elapsed_ms| Event::Frame { elapsed_ms }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_keys_break_any_screen(events in prop::collection::vec(any_event(), 1..40)) {
        for (_, mut model) in screens() {
            for event in &events {
                update(&mut model, event.clone());
                let (width, height) = (model.size.width, model.size.height);
                let backend = ratatui::backend::TestBackend::new(width, height);
                let mut terminal = ratatui::Terminal::new(backend).unwrap();
                terminal.draw(|frame| view(&model, frame)).unwrap();
            }
        }
    }
}
