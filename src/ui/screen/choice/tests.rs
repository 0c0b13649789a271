use std::sync::Arc;

use ratatui::style::Style;

use super::*;
use crate::domain::language::Language;
use crate::domain::policy::{Policy, SHIPPED};
use crate::domain::settings::{Settings, Theme};
use crate::ui::testing::{self, MILK, WASHER, buffer, committed, press, till_with};
use crate::ui::widgets::dissolve::LENGTH_MS;
use crate::ui::{Event, update};

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

/// A basket of four lines, with the choice on the screen.
fn asked(settings: Settings) -> Model {
    let mut model = till_with(settings);
    press(&mut model, &format!("{{{MILK}}}{{{MILK}}}{{2000000000022}}{{{WASHER}}}{{2000000000053}}<F8>"));
    assert!(matches!(model.screen, Screen::Choice(Choice::Asking)));
    model
}

fn in_language(language: Language) -> Model {
    let mut settings = Settings::default();
    settings.store.language = language;
    asked(settings)
}

/// Policies with two, three and four choices.
fn policies() -> Vec<Policy> {
    let end = SHIPPED.rfind("# -----").unwrap();
    let at = |name: &str| SHIPPED.find(&format!("[choice.{name}]")).unwrap();
    let (guarantee, remember) = (at("guarantee"), at("remember"));
    let two = format!("{}{}", &SHIPPED[..remember], &SHIPPED[end..])
        .replace(r#""guarantee", "remember"]"#, r#""guarantee"]"#);
    let copy = SHIPPED[guarantee..remember].replace("choice.guarantee", "choice.short");
    let copy = copy.replace("title = \"", "title = \"2: ");
    let four = format!("{}{copy}{}", &SHIPPED[..remember], &SHIPPED[remember..])
        .replace(r#""guarantee", "remember"]"#, r#""guarantee", "short", "remember"]"#);
    [&two, SHIPPED, &four].map(|text| Policy::parse(text).unwrap()).into()
}

/// The styles of the cells of each card, row by row.
fn styles(model: &mut Model, size: (u16, u16)) -> Vec<Vec<Style>> {
    let drawn = buffer(model, size.0, size.1);
    let cards = buttons(model, &Choice::Asking).into_iter().filter(|b| matches!(b.action, Action::Choose(_)));
    cards.map(|card| card.area.positions().map(|at| drawn[at].style()).collect()).collect()
}

/// For every language, both sizes, every theme and number of choices: equal areas and styles,
/// nothing preselected, one key and one touch for each.
#[test]
fn no_choice_is_favoured() {
    for (policy, count) in policies().into_iter().zip(2..) {
        for (language, theme) in Language::ALL.into_iter().flat_map(|l| Theme::ALL.map(|t| (l, t))) {
            let mut settings = Settings::default();
            (settings.store.language, settings.display.theme) = (language, theme);
            let mut model = asked(settings);
            model.policy = Arc::new(policy.clone());
            assert_eq!(model.till.answer(), &Answer::default(), "nothing is chosen beforehand");
            for size in SIZES {
                let drawn = styles(&mut model, size);
                assert_eq!(drawn.len(), count);
                let cards: Vec<Rect> = (buttons(&model, &Choice::Asking).iter())
                    .filter(|b| matches!(b.action, Action::Choose(_)))
                    .map(|b| b.area)
                    .collect();
                for (card, cells) in cards.iter().zip(&drawn) {
                    assert_eq!((card.width, card.height), (cards[0].width, cards[0].height));
                    assert!(card.height >= 8 && model.size.union(*card) == model.size, "{card:?}");
                    assert_eq!(cells, &drawn[0], "{language:?} {theme:?} {size:?}");
                }
                let text = testing::frame(&mut model, size.0, size.1);
                assert!(!text.contains('…'), "every word of the cards fits:\n{text}");
            }
        }
    }
}

#[test]
fn one_key_or_touch_chooses_any_card_and_nobody_is_asked_twice() {
    for policy in policies() {
        let policy = Arc::new(policy);
        for (place, choice) in (1..).zip(&policy.choices) {
            for touch in [false, true] {
                let mut model = in_language(Language::Spanish);
                model.policy = Arc::clone(&policy);
                if touch {
                    let card = buttons(&model, &Choice::Asking)[place - 1].area;
                    let (column, row) = (card.x + card.width / 2, card.y + card.height / 2);
                    update(&mut model, Event::Press { column, row });
                } else {
                    press(&mut model, &place.to_string());
                }
                if choice.memory == Memory::Profile {
                    assert!(matches!(model.screen, Screen::Remember(_)), "who it is comes next");
                    assert_eq!(model.till.answer(), &Answer::default());
                } else {
                    assert!(matches!(model.screen, Screen::Choice(Choice::Answered)));
                    assert_eq!(model.till.answer().choice.as_ref(), Some(&choice.id));
                }
            }
        }
    }
}

#[test]
fn keys() {
    for (keys, screen, answer) in [
        ("", "Choice(Asking)", None),
        ("1", "Choice(Answered)", Some("forget")),
        ("12", "Choice(Answered)", Some("forget")),
        ("1<Esc>", "Choice(Asking)", Some("forget")),
        ("1<Esc>2", "Choice(Answered)", Some("guarantee")),
        ("1<Enter>", "Sell", Some("forget")),
        ("2<Esc>3<Esc>", "Choice(Asking)", Some("guarantee")),
        ("<Enter>", "Sell", None),
        ("<Esc>", "Sell", None),
        ("4578<F10><Tab> ", "Choice(Asking)", None),
        ("0", "Notice(Notice { top: Line(0) })", None),
        ("9", "Notice(Notice { top: Complaints })", None),
        ("9<Esc>", "Choice(Asking)", None),
        ("l", "Choice(Asking)", None),
    ] {
        let mut model = in_language(Language::Spanish);
        press(&mut model, keys);
        assert_eq!(format!("{:?}", model.screen), screen, "{keys}");
        assert_eq!(model.till.answer().choice.as_deref(), answer, "{keys}");
    }
}

#[test]
fn from_the_payment_one_comes_back_to_the_payment() {
    let mut model = in_language(Language::Spanish);
    press(&mut model, "<Esc><F10><F8>1<Enter>");
    assert!(matches!(model.screen, Screen::Pay(_)));
    let effects = press(&mut model, "a");
    assert!(
        matches!(&effects[..], [Effect::Commit(waiting)] if waiting.sale.answer().choice.as_deref() == Some("forget"))
    );
}

#[test]
fn the_language_is_the_customers_alone() {
    let mut model = in_language(Language::Spanish);
    press(&mut model, "<F2>");
    assert!(testing::frame(&mut model, 80, 24).contains("What should we remember"));
    assert_eq!(model.locale.language(), Language::Spanish);
    let drawn = buffer(&mut model, 80, 24);
    let language = Layout::of(&model, &Choice::Asking, &customer::notice(&model), model.size).language;
    let strong: String = (language.positions().filter(|at| drawn[*at].style() == strong(&drawn)))
        .map(|at| drawn[at].symbol())
        .collect();
    assert_eq!(strong, "English");
    update(&mut model, Event::Press { column: language.x + 5, row: language.y });
    assert!(testing::frame(&mut model, 80, 24).contains("¿Qué quiere que recordemos"));
}

/// The style of the total, the one strong text of the first row beside the language.
fn strong(drawn: &Buffer) -> Style {
    drawn[(1, 0)].style()
}

/// Before the sale is recorded nothing has gone, and nothing is seen to go: it says "when you have paid".
#[test]
fn what_is_forgotten_dissolves_once_it_is_recorded() {
    let washer = |model: &mut Model| testing::frame(model, 80, 24).contains("Lavadora");
    for turned in [false, true] {
        let mut settings = Settings::default();
        settings.customer_screen.turned = turned;
        let mut model = asked(settings);
        press(&mut model, "1");
        update(&mut model, Event::Frame { elapsed_ms: LENGTH_MS });
        assert!(!model.wants_frames() && washer(&mut model), "turned: {turned}");
        let text = testing::frame(&mut model, 80, 24);
        assert!(text.contains("Cuando pague:") && text.contains("hasta el 23.11.2032"), "{text}");
        press(&mut model, if turned { "<Enter><F10><Enter>a" } else { "<Enter><F10>a" });
        assert!(!model.wants_frames());
        update(&mut model, committed());
        assert_eq!((model.wants_frames(), washer(&mut model)), (turned, turned));
        update(&mut model, Event::Frame { elapsed_ms: LENGTH_MS });
        let text = testing::frame(&mut model, 80, 24);
        assert!(!model.wants_frames() && !text.contains("Lavadora"), "{text}");
        assert!(text.contains("Guardamos el tique"), "{text}");
        press(&mut model, "<Enter>");
        assert!(matches!(model.screen, Screen::Sell));
    }
}

#[test]
fn frames() {
    for language in Language::ALL {
        for (name, keys) in [("asking", ""), ("noted", "2<Esc>"), ("answered", "2")] {
            let mut model = in_language(language);
            press(&mut model, keys);
            let frames = SIZES.map(|(width, height)| testing::frame(&mut model, width, height));
            insta::assert_snapshot!(format!("{name}_{}", language.code()), frames.join("\n=====\n"));
        }
    }
}
