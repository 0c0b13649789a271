use super::*;
use crate::ui::testing::{self, press, till};
use crate::ui::{Event, update};

fn first_start(language: Language) -> Model {
    let mut model = till(language);
    model.screen = Screen::Setup(Box::new(Setup::new(language)));
    model
}

/// What was asked for, in one line, or the sentence that refuses.
fn told(model: &Model, effects: &[Effect]) -> String {
    match effects {
        [Effect::SetUp(a)] => format!(
            "{} | {} | {} | {} | {} | {} | {} | {:?}",
            a.language.code(),
            a.store_name,
            a.tax_id,
            a.goods,
            a.currency.code,
            a.staff,
            a.pin,
            a.products
        ),
        _ => model.error.as_ref().map(|error| format!("! {error}")).unwrap_or_default(),
    }
}

#[test]
fn one_enter_makes_the_demo_store() {
    for (language, expected) in [
        (
            Language::Spanish,
            "es | Ultramarinos Sol | B12345674 | alimentación y hogar | EUR | Ana | 1234 | Demo",
        ),
        (
            Language::English,
            "en | Ultramarinos Sol | B12345674 | food and household | EUR | Ana | 1234 | Demo",
        ),
    ] {
        let mut model = first_start(language);
        let effects = press(&mut model, "<Enter>");
        assert_eq!(told(&model, &effects), expected);
    }
}

#[test]
fn keys() {
    // From the start, <Tab> leads to the language, then name, tax id, goods, currency, staff, PIN, products.
    let clear = "<Backspace>".repeat(20);
    for (keys, expected) in [
        (
            "<Tab> <Up><Enter>",
            "es | Ultramarinos Sol | B12345674 | alimentación y hogar | EUR | Ana | 1234 | Demo",
        ),
        (
            "<Tab><Right><Right><Up><Enter>",
            "en | Ultramarinos Sol | B12345674 | food and household | EUR | Ana | 1234 | Demo",
        ),
        ("<Tab><Tab>@Bar Luz<Esc><Enter>", "! Anybody tries this PIN first. Choose another for your store."),
        (
            "<Tab><Tab>@Bar Luz<Tab>@12345678Z<Tab>@wine<Tab>@usd<Tab>@Eva<Tab>@90210<Tab>/tmp/a b.csv<Enter><Enter>",
            "en | Bar Luz | 12345678Z | wine | USD | Eva | 90210 | File(\"/tmp/a b.csv\")",
        ),
        ("<Tab><Tab>@<Esc><Enter>", "! The store needs a name, of 60 letters at most."),
        (
            "<Tab><Tab><Tab>@<Esc><Enter>",
            "! There is no ticket without a tax id. Letters, digits, hyphen, dot or slash: 20 at most.",
        ),
        ("<Tab><Tab><Tab><Tab>@<Esc><Enter>", "! A ticket says what the store sells, in 60 letters at most."),
        (
            "<Tab><Tab><Tab><Tab><Tab>@XXX<Esc><Enter>",
            "! This currency is not known. Type EUR, USD, GBP, CHF, MXN, SEK, DKK, NOK, PLN, CZK or JPY.",
        ),
        ("<Up><Up><Up>@<Esc><Enter>", "! Type the name of whoever sells."),
        ("<Up><Up>@123<Esc><Enter>", "! A PIN has 4 to 8 digits."),
        ("<Up><Up>@12a4<Esc><Enter>", "! A PIN has 4 to 8 digits."),
        (
            "<Up><Up>@1111<Esc><Enter>",
            "en | Ultramarinos Sol | B12345674 | food and household | EUR | Ana | 1111 | Demo",
        ),
        (
            "<Tab><Tab>@4111 1111 1111 1111<Esc><Enter>",
            "! This looks like the number of a payment card. It is not kept here.",
        ),
    ] {
        let mut model = first_start(Language::English);
        let effects = press(&mut model, &keys.replace('@', &clear));
        assert_eq!(told(&model, &effects), expected, "{keys}");
    }
}

#[test]
fn another_language_is_there_at_once() {
    let mut model = first_start(Language::Spanish);
    press(&mut model, "<Tab> ");
    let text = testing::frame(&mut model, 80, 24);
    for part in ["set up the till", "English", "food and household"] {
        assert!(text.contains(part), "{text}");
    }
    // What was typed stays.
    press(&mut model, "<Tab><Tab><Tab>, wine<Up><Up><Up> ");
    assert!(testing::frame(&mut model, 80, 24).contains("food and household, wine"));
}

#[test]
fn a_refusal_loses_nothing_and_the_import_shows_how_far_it_is() {
    let mut model = first_start(Language::English);
    press(&mut model, "<Tab><Tab>!<Esc><Tab><Tab><Esc><Up>x.csv<Esc>");
    let Screen::Setup(state) = &mut model.screen else { panic!("left") };
    state.pin.set("9021");
    press(&mut model, "<Enter>");
    assert!(testing::frame(&mut model, 80, 24).contains("setting up the store…"));
    assert_eq!(press(&mut model, "a<Esc><Enter>"), [], "keys wait for the store");
    update(&mut model, Event::Done(crate::ui::Done::SettingUp { done: 150, total: 300 }));
    let text = testing::frame(&mut model, 80, 24);
    assert!(text.contains("150 of 300 products") && text.contains(&"█".repeat(30)), "{text}");
    assert!(!text.contains(&"█".repeat(31)), "{text}");
    let problem = Problem { what: "3 lines are wrong.".to_owned(), remedy: "Mend them.".to_owned() };
    let effects = update(&mut model, Event::Done(crate::ui::Done::SetUp(Err(problem))));
    assert_eq!(effects, [Effect::Beep]);
    let text = testing::frame(&mut model, 80, 24);
    for part in ["Mend them. 3 lines are wrong.", "Ultramarinos Sol!", "x.csv", "••••"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn esc_goes_to_the_start_and_then_out() {
    let mut model = first_start(Language::English);
    assert_eq!(press(&mut model, "<Tab><Esc>"), []);
    assert_eq!(press(&mut model, "<Esc>"), [Effect::Quit]);
}

#[test]
fn a_touch_chooses_a_place_and_the_start_starts() {
    let mut model = first_start(Language::English);
    let places = Layout::of(model.size).slots;
    for place in [places[0], places[0]] {
        update(&mut model, Event::Press { column: place.x, row: place.y });
    }
    assert!(testing::frame(&mut model, 80, 24).contains("Español"), "the second touch changes the language");
    let effects = update(&mut model, Event::Press { column: places[8].x, row: places[8].y });
    assert!(matches!(&effects[..], [Effect::SetUp(_)]));
}

#[test]
fn frames() {
    for language in Language::ALL {
        let mut model = first_start(language);
        let mut frames: Vec<String> =
            [(80, 24), (120, 40)].map(|(width, height)| testing::frame(&mut model, width, height)).into();
        press(&mut model, "<Tab><Tab><Tab>x");
        frames.push(testing::frame(&mut model, 80, 24));
        insta::assert_snapshot!(format!("setup_{}", language.code()), frames.join("\n=====\n"));
    }
}
