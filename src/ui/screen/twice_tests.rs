//! A key that is pressed twice by mistake does not do a second thing on the screen that follows.

use std::collections::BTreeSet;

use crate::domain::language::Language;
use crate::domain::open_sale::OpenSale;
use crate::domain::settings::Settings;
use crate::ui::event::{ClockSaid, Done, Problem};
use crate::ui::keymap::Keymap;
use crate::ui::model::ScreenId::{self, *};
use crate::ui::testing::{MILK, WASHER, press, till_with};
use crate::ui::{Effect, Event, Key, Model, Screen, update};

const SCREENS: [ScreenId; 12] =
    [Sell, Pay, Card, Confirm, Help, Receipt, Choice, Remember, Notice, Dissolve, Setup, Lock];

/// Every screen, in every state from which a key leads to another. Nothing on them is paid in full, but for the
/// one that says so.
fn screens() -> Vec<(String, Model)> {
    let mut screens = Vec::new();
    for turned in [false, true] {
        let mut settings = Settings::default();
        settings.store.language = Language::Spanish;
        settings.customer_screen.turned = turned;
        let mut basket = till_with(settings);
        press(&mut basket, &format!("{{{MILK}}}{{{WASHER}}}"));
        let waiting: OpenSale = basket.till.sale().clone();
        let mut unsure = basket.clone();
        press(&mut unsure, "<F12>x");
        let day = |day| chrono::NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        let said = ClockSaid::Doubt { clock: day(23), trusted: day(2) };
        update(&mut unsure, Event::Done(Done::Clock(Some(said))));
        let to_pay = if turned { "<F10><Esc>" } else { "<F10>" };
        let part = format!("{to_pay}100<F9>");
        for keys in [
            "",
            "<F12>",
            "<Alt+Q>",
            "<F1>",
            "<F2>",
            "<F9>",
            "<F8>",
            "<F8>1",
            "<F8>3",
            "<F8>3600123456<Enter>",
            "<F8>0",
            "<Alt+L>",
            "<F7>100%<Enter>",
            to_pay,
            &format!("{to_pay}<F1>"),
            &format!("{to_pay}t"),
            &part,
            &format!("{to_pay}100<Enter>"),
            &format!("{to_pay}100<Enter>t"),
            &format!("{to_pay}<F8>2"),
        ] {
            for held in [false, true] {
                let mut model = basket.clone();
                model.held.extend(held.then(|| waiting.clone()));
                press(&mut model, keys);
                screens.push((format!("{keys}, turned {turned}, one waits {held}"), model));
            }
        }
        screens.push((format!("the clock, turned {turned}"), unsure));
        for keys in ["", to_pay] {
            let mut model = basket.clone();
            press(&mut model, keys);
            model.left.terminal = Some(crate::domain::money::Money(85));
            screens.push((format!("money is left, {keys}, turned {turned}"), model.clone()));
            press(&mut model, if keys.is_empty() { "<F10>" } else { "<F9>" });
            screens.push((format!("asked about money, {keys}, turned {turned}"), model));
        }
    }
    screens
}

/// What cannot be taken back, and what is a person's own decision.
fn decided(model: &Model) -> String {
    let tenders = model.payment.as_ref().map(|payment| payment.tenders().to_vec()).unwrap_or_default();
    format!("{:?} {:?} {tenders:?}", model.till.sale(), model.held)
}

#[test]
fn no_key_does_two_things_when_it_is_pressed_twice() {
    let keymap = Keymap::usual();
    let bound = SCREENS.into_iter().flat_map(|screen| keymap.rows(screen).collect::<Vec<_>>());
    let mut keys: BTreeSet<Key> = bound.flat_map(|(_, keys)| keys.to_vec()).collect();
    keys.extend((' '..='~').map(Key::char));
    let mut led = BTreeSet::new();
    for (name, start) in screens() {
        for &key in &keys {
            let mut model = start.clone();
            let before = model.screen_id();
            update(&mut model, Event::Key(key));
            if model.screen_id() == before {
                continue;
            }
            led.insert((before, model.screen_id()));
            let (decision, follows) = (decided(&model), model.screen_id());
            let effects = update(&mut model, Event::Key(key));
            let what = format!("{key} twice at {before:?}, then {follows:?} ({name})");
            let ends =
                |effect: &Effect| matches!(effect, Effect::Commit(_) | Effect::Quit | Effect::TrustClock);
            assert!(!effects.iter().any(ends), "{what}: {effects:?}");
            assert_eq!(decided(&model), decision, "{what}");
        }
    }
    for ways in
        [(Sell, Pay), (Pay, Card), (Card, Pay), (Confirm, Sell), (Pay, Sell), (Choice, Pay), (Lock, Confirm)]
    {
        assert!(led.contains(&ways), "{ways:?} is among {led:?}");
    }
}

/// What could not be recorded is tried again by the key that its message names, however little it costs.
#[test]
fn a_sale_for_nothing_is_recorded_by_enter_and_tried_again_by_f10() {
    let mut model = till_with(Settings::default());
    press(&mut model, &format!("{{{MILK}}}<F7>100%<Enter><F10>"));
    assert_eq!(press(&mut model, "<F10>"), []);
    assert!(matches!(press(&mut model, "<Enter>")[..], [Effect::Commit(_)]));
    let full = Problem { what: "The disk is full.".to_owned(), remedy: "Make room, then F10.".to_owned() };
    update(&mut model, Event::Done(Done::NotCommitted(full)));
    assert!(matches!(model.screen, Screen::Pay(_)));
    assert!(matches!(press(&mut model, "<F10>")[..], [Effect::Commit(_)]));
}
