use super::*;
use crate::domain::language::Language;
use crate::ui::testing::{self, MILK, press, till};
use crate::ui::{Event, update};

fn locked(language: Language) -> Model {
    let mut model = till(language);
    press(&mut model, &format!("{{{MILK}}}<Alt+L>"));
    assert!(matches!(model.screen, Screen::Lock(_)));
    model
}

#[test]
fn keys() {
    let check = |pin: &str| vec![Effect::CheckPin(pin.to_owned())];
    for (keys, effects) in [
        ("1234<Enter>", check("1234")),
        ("12345678<Enter>", check("12345678")),
        ("123456789<Enter>", check("12345678")),
        ("12a4 5<Backspace>34<Enter>", check("12434")),
        ("999<Esc>1234<Enter>", check("1234")),
        ("123<Enter>", Vec::new()),
        ("<Enter>", Vec::new()),
        // While one PIN is checked no other is taken.
        ("1234<Enter>5678<Enter>", check("1234")),
    ] {
        let mut model = locked(Language::Spanish);
        assert_eq!(press(&mut model, keys), effects, "{keys}");
    }
}

#[test]
fn answers() {
    let words = crate::locale::Locale::of(Language::English);
    for (answer, error) in [
        (PinAnswer::Wrong, Some("That is not the PIN.")),
        (PinAnswer::Wait { seconds: 1 }, Some("That is not the PIN. Wait 1 second.")),
        (PinAnswer::Wait { seconds: 30 }, Some("That is not the PIN. Wait 30 seconds.")),
        (PinAnswer::Welcome { staff: "Ana".to_owned() }, None),
    ] {
        let mut model = locked(Language::English);
        press(&mut model, "1234<Enter>");
        assert!(testing::frame(&mut model, 80, 24).contains(&*words.text("lock-checking")));
        answered(&mut model, answer.clone());
        assert_eq!(model.error.as_deref(), error, "{answer:?}");
        assert_eq!(matches!(model.screen, Screen::Sell), error.is_none());
        assert_eq!(model.till.basket().lines().len(), 1, "the basket stays");
        if error.is_some() {
            assert_eq!(press(&mut model, "5678<Enter>"), [Effect::CheckPin("5678".to_owned())]);
        }
    }
}

#[test]
fn the_pin_is_never_shown() {
    let mut model = locked(Language::Spanish);
    press(&mut model, "9753");
    let text = testing::frame(&mut model, 80, 24);
    assert!(text.contains("●●●●····") && !text.contains("9753"), "{text}");
    assert!(!format!("{model:?}").contains("9753"));
}

#[test]
fn the_pad_types() {
    let mut model = locked(Language::Spanish);
    let mut effects = Vec::new();
    for sign in ["1", "2", "9", "←", "3", "0", "↵"] {
        let (button, _) = pad(model.size).into_iter().find(|(_, shown)| *shown == sign).unwrap();
        let (column, row) = (button.area.x + 4, button.area.y + 1);
        effects.extend(update(&mut model, Event::Press { column, row }));
    }
    assert_eq!(effects, [Effect::CheckPin("1230".to_owned())]);
}

#[test]
fn frames() {
    for language in Language::ALL {
        let mut model = locked(language);
        press(&mut model, "12");
        let frames = [(80, 24), (120, 40)].map(|(width, height)| testing::frame(&mut model, width, height));
        insta::assert_snapshot!(format!("lock_{}", language.code()), frames.join("\n=====\n"));
    }
}
