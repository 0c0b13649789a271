use super::*;
use crate::domain::settings::Settings;
use crate::ui::testing::{self, MILK, WASHER, buffer, press, till_with};

fn opened(language: Language, reduced_motion: bool) -> Model {
    let mut settings = Settings::default();
    settings.display.reduced_motion = reduced_motion;
    let mut model = till_with(settings);
    press(&mut model, &format!("{{{MILK}}}{{{MILK}}}{{{WASHER}}}"));
    let basket = model.till.basket().clone();
    let notice = model.policy.notice(language, model.now.unwrap().date_naive());
    open(&mut model, basket, notice.cards[0].after.clone(), language);
    model
}

#[test]
fn the_sentence_stays_while_the_lines_go() {
    let mut model = opened(Language::English, false);
    let mut cells = Vec::new();
    for _ in 0..20 {
        let drawn = buffer(&mut model, 80, 24);
        let text = testing::frame(&mut model, 80, 24);
        assert!(text.contains("Your items were not kept.") && text.contains("until 23 Nov 2032"), "{text}");
        cells.push(
            (7..22)
                .flat_map(|y| (0..80).map(move |x| (x, y)))
                .filter(|at| drawn[*at].symbol() != " ")
                .count(),
        );
        frame(&mut model, 100);
    }
    assert!(cells.windows(2).all(|pair| pair[1] <= pair[0]), "{cells:?}");
    assert!(cells[0] > 30 && cells[19] == 0, "{cells:?}");
    assert!(!model.wants_frames());
}

#[test]
fn with_reduced_motion_nothing_moves() {
    let mut model = opened(Language::English, true);
    assert!(!model.wants_frames());
    assert!(!testing::frame(&mut model, 80, 24).contains("Lavadora"));
}

#[test]
fn a_touch_anywhere_goes_on() {
    let mut model = opened(Language::English, false);
    crate::ui::update(&mut model, crate::ui::Event::Press { column: 40, row: 12 });
    assert!(matches!(model.screen, Screen::Sell));
}

#[test]
fn frames() {
    for language in Language::ALL {
        let mut model = opened(language, false);
        frame(&mut model, LENGTH_MS / 2);
        let half = testing::frame(&mut model, 80, 24);
        frame(&mut model, LENGTH_MS / 2);
        let all = [half, testing::frame(&mut model, 80, 24), testing::frame(&mut model, 120, 40)];
        insta::assert_snapshot!(format!("dissolve_{}", language.code()), all.join("\n=====\n"));
    }
}
