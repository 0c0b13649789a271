use super::*;
use crate::domain::language::Language;
use crate::ui::testing::{self, MILK, press, till};

/// The form on the screen.
fn asked(language: Language) -> Model {
    let mut model = till(language);
    press(&mut model, &format!("{{{MILK}}}<F8>3"));
    assert!(matches!(model.screen, Screen::Remember(_)));
    model
}

/// `choice customer purposes` of the answer, or the sentence that refuses.
fn told(model: &Model) -> String {
    let answer = model.till.answer();
    let purposes: Vec<&str> = answer.purposes.iter().map(Purpose::as_str).collect();
    match (&answer.choice, &model.error) {
        (Some(choice), _) => {
            let customer = answer.customer.as_ref().map(Identifier::canonical).unwrap_or_default();
            format!("{choice} {customer} {}", purposes.join("+"))
        }
        (None, Some(error)) => format!("! {error}"),
        (None, None) => String::new(),
    }
}

#[test]
fn keys() {
    for (keys, expected) in [
        ("600123456<Enter><Enter>1<Enter>", "remember phone:+34600123456 history"),
        ("600123456<Tab>1<Tab>2<Enter><Enter>", "remember phone:+34600123456 history+offers"),
        ("600123456<Enter><Enter> <Down> <Enter>", "remember phone:+34600123456 history+offers"),
        ("+44 20 7946 0958<Enter><Enter>2<Enter>", "remember phone:+442079460958 offers"),
        ("Ana@Example.org<Enter><Enter>2<Enter>", "remember email:ana@example.org offers"),
        ("sol-0042<Enter><Enter>12<Enter>", "remember card:SOL0042 history+offers"),
        ("sol-00423<Backspace><Enter><Enter>122<Enter>", "remember card:SOL0042 history"),
        // A number key in the field is a digit, not a tick.
        ("1111<Up><Up>1<Enter><Enter>", "remember card:1111 history"),
        ("600123456<Enter>", ""),
        // What is repeated can be corrected, and is repeated again.
        ("600123456<Enter><Esc><Backspace>7<Enter><Enter>1<Enter>", "remember phone:+34600123457 history"),
        ("600123456<Enter><Backspace>7<Enter><Enter>1<Enter>", "remember phone:+34600123457 history"),
        ("600123456<Enter><Enter><Up><Backspace>7<Tab>1<Enter>", ""),
        ("600123456<Enter>1<Enter>", ""),
        ("600123456<Enter><Tab><Enter>1<Enter>", "remember card:600123456 history"),
        ("600123456<Enter><Tab><Tab><Enter>1<Enter>", "remember phone:+34600123456 history"),
        ("0034600123456<Enter><Tab><Enter>1<Enter>", "remember card:0034600123456 history"),
        ("0034 600 123 456<Enter><Enter>1<Enter>", "remember phone:+34600123456 history"),
        ("600123456<Enter><Enter>", ""),
        (
            "600123456<Enter><Enter><Enter>",
            "! Tick at least one use, or Esc. Without a use nothing is remembered.",
        ),
        (
            "600123456<Enter><Enter>11<Enter>",
            "! Tick at least one use, or Esc. Without a use nothing is remembered.",
        ),
        ("<Enter>", "! Type a phone, an e-mail or a loyalty card."),
        ("<Tab>1<Enter>", "! Type a phone, an e-mail or a loyalty card."),
        ("+34<Enter>", "! That is no phone number. Use its prefix: +34 600 123 456."),
        ("ana@<Enter>", "! That is no e-mail address. Example: ana@example.org"),
        ("123<Enter>", "! That is no loyalty card: 4 to 32 digits or letters."),
        ("4111 1111 1111 1111<Enter>", "! This looks like a payment card. It is not kept here. Use another."),
        ("600123456<Enter><Enter>1<Esc>", ""),
        ("600123456<Enter><Enter>1<F10><F2>", ""),
    ] {
        let mut model = asked(Language::English);
        press(&mut model, keys);
        assert_eq!(told(&model), expected, "{keys}");
    }
}

#[test]
fn nothing_is_ticked_at_first_and_leaving_notes_nothing() {
    let mut model = asked(Language::Spanish);
    let text = testing::frame(&mut model, 80, 24);
    // A digit goes into the field: no digit offers to tick.
    assert!(text.matches("[ ] ").count() == 2 && !text.contains("1  [ ] "), "{text}");
    press(&mut model, "600123456<Enter><Enter>");
    let text = testing::frame(&mut model, 80, 24);
    assert!(text.contains("1  [ ] ") && text.contains("2  [ ] ") && !text.contains("[x]"), "{text}");
    press(&mut model, "1<Esc>");
    assert!(matches!(model.screen, Screen::Choice(choice::Choice::Asking)));
    assert_eq!(model.till.answer(), &Answer::default());
    press(&mut model, "3");
    let text = testing::frame(&mut model, 80, 24);
    assert!(!text.contains("600123456") && !text.contains("[x]"), "the form is empty again: {text}");
}

#[test]
fn a_payment_card_does_not_stay_in_the_field() {
    let mut model = asked(Language::Spanish);
    press(&mut model, "4111111111111111<Enter>");
    assert!(!testing::frame(&mut model, 80, 24).contains("4111"));
}

/// Whoever types somebody's number must not learn that this person is a customer: nobody is looked
/// up before the sale is recorded.
#[test]
fn typing_asks_the_store_nothing() {
    let mut model = asked(Language::Spanish);
    let effects = press(&mut model, "600123456<Enter><Enter>1<Enter>");
    assert_eq!(effects, [Effect::SaveDraft(model.draft())]);
    assert_eq!(told(&model), "remember phone:+34600123456 history");
}

#[test]
fn a_touch_does_what_the_key_does() {
    let mut model = asked(Language::Spanish);
    press(&mut model, "sol-0042");
    for action in [Action::Choose(2), Action::Accept, Action::Accept] {
        let Screen::Remember(state) = &model.screen else { panic!("left") };
        let button = buttons(&model, state).into_iter().find(|button| button.action == action).unwrap();
        let (column, row) = (button.area.x, button.area.y);
        crate::ui::update(&mut model, crate::ui::Event::Press { column, row });
    }
    assert_eq!(told(&model), "remember card:SOL0042 offers");
}

#[test]
fn frames() {
    for language in Language::ALL {
        let mut model = asked(language);
        press(&mut model, "600 123 456<Enter><Enter>2");
        let frames = [(80, 24), (120, 40)].map(|(width, height)| testing::frame(&mut model, width, height));
        insta::assert_snapshot!(format!("form_{}", language.code()), frames.join("\n=====\n"));
    }
}

/// Before it counts, what was typed is repeated: large where it is a number, and always in plain signs.
#[test]
fn what_was_typed_is_repeated() {
    for language in Language::ALL {
        let mut frames = Vec::new();
        for typed in
            ["600123456", "0044 20 7946 0958", "sol-0042", "ana.maria.de.la.fuente@correo.ejemplo.org"]
        {
            let mut model = asked(language);
            press(&mut model, &format!("{typed}<Enter>"));
            assert_eq!(told(&model), "", "nothing counts yet");
            frames.push(testing::frame(&mut model, 80, 24));
            if typed == "600123456" {
                assert!(frames[0].contains("600 123 456"));
                frames.push(testing::frame(&mut model, 120, 40));
            }
        }
        insta::assert_snapshot!(format!("check_{}", language.code()), frames.join("\n=====\n"));
    }
}

/// Backspace at the question takes away the last digit, as in the field. Digits that are no phone any more are
/// asked about as what they are then.
#[test]
fn a_phone_that_becomes_a_card_is_asked_about_as_a_card() {
    for (language, phone, card) in [
        (Language::English, "Is this your phone?", "Is this your loyalty card?"),
        (Language::Spanish, "¿Es este su teléfono?", "¿Es esta su tarjeta de cliente?"),
    ] {
        let mut model = asked(language);
        press(&mut model, "612345679<Enter>");
        assert!(testing::frame(&mut model, 80, 24).contains(phone));
        press(&mut model, "<Backspace>8<Enter>");
        let text = testing::frame(&mut model, 80, 24);
        assert!(text.contains(phone) && text.replace(' ', "").contains("612345678"), "{text}");
        press(&mut model, "<Esc>9<Enter>");
        let text = testing::frame(&mut model, 80, 24);
        assert!(text.contains(card) && !text.contains(phone), "{text}");
        assert!(text.replace(' ', "").contains("6123456789"), "{text}");
        let Screen::Remember(state) = &model.screen else { panic!() };
        assert_eq!(state.checked, None, "one Enter asks, another confirms");
    }
}

/// Whoever scans the bread where the card is asked for is told so; a card or a phone fits as before.
#[test]
fn a_products_code_is_no_loyalty_card() {
    for keys in [format!("{{{MILK}}}<Enter>"), format!("{MILK}<Enter>"), "lav-8<Enter>".to_owned()] {
        let mut model = asked(Language::English);
        press(&mut model, &keys);
        assert_eq!(told(&model), "! That is a product's code, no card. Scan or type your card.", "{keys}");
        press(&mut model, "{sol-0042}<Enter><Enter>1<Enter>");
        assert_eq!(told(&model), "remember card:SOL0042 history", "{keys}");
    }
}
