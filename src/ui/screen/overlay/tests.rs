use chrono::NaiveDate;

use crate::domain::language::Language;
use crate::ui::event::{ClockSaid, Done, Effect, Event};
use crate::ui::testing::{MILK, frame, press, till};
use crate::ui::{Model, update};

fn day(year: i32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 11, day).unwrap()
}

/// The store says that the clock is years ahead on that day of November.
fn doubt(model: &mut Model, of: u32) {
    let said = ClockSaid::Doubt { clock: day(2030, of), trusted: day(2026, 28) };
    update(model, Event::Done(Done::Clock(Some(said))));
}

fn asks(model: &mut Model) -> bool {
    frame(model, 80, 24).contains("The clock says")
}

#[test]
fn a_clock_years_ahead_is_asked_about_and_enter_is_the_safe_answer() {
    for language in Language::ALL {
        let mut model = till(language);
        doubt(&mut model, 29);
        let frame = frame(&mut model, 80, 24);
        let question = frame.lines().skip_while(|line| !line.contains('┌')).take(11);
        let question: Vec<&str> = question.collect();
        insta::assert_snapshot!(format!("clock_{}", language.code()), question.join("\n"));
    }
    let mut model = till(Language::English);
    doubt(&mut model, 29);
    assert!(asks(&mut model));
    assert_eq!(press(&mut model, "<Enter>"), []);
    // It is not asked again on this day, and the status line goes on saying it.
    doubt(&mut model, 29);
    assert!(!asks(&mut model));
    assert!(frame(&mut model, 80, 24).lines().next().unwrap().contains("! is it 29 Nov 2030?"));
    doubt(&mut model, 30);
    assert!(asks(&mut model));
    assert_eq!(press(&mut model, "x"), [Effect::TrustClock]);
    assert!(!frame(&mut model, 80, 24).contains("2030"));
}

#[test]
fn no_customer_waits_for_the_question_and_a_scan_does_not_answer_it() {
    let mut model = till(Language::English);
    press(&mut model, &format!("{{{MILK}}}"));
    doubt(&mut model, 29);
    assert!(!asks(&mut model), "a basket is open");
    press(&mut model, "<F4>");
    assert!(asks(&mut model));
    press(&mut model, &format!("{{{MILK}}}"));
    assert!(!asks(&mut model));
    assert_eq!(model.till.basket().lines().len(), 1, "the scan sells");
    press(&mut model, "<F4>");
    assert!(asks(&mut model), "nobody has answered");
    // Set right meanwhile: nothing is left to ask.
    update(&mut model, Event::Done(Done::Clock(None)));
    assert!(!asks(&mut model));
}

#[test]
fn a_step_of_the_clock_is_said_until_it_is_old() {
    let mut model = till(Language::English);
    for (said, words) in [(ClockSaid::Back, "! clock set back"), (ClockSaid::Ahead, "! clock set ahead")] {
        update(&mut model, Event::Done(Done::Clock(Some(said))));
        assert!(frame(&mut model, 80, 24).lines().next().unwrap().contains(words));
    }
    update(&mut model, Event::Done(Done::Clock(None)));
    assert!(!frame(&mut model, 80, 24).contains("clock"));
}
