use unicode_width::UnicodeWidthStr;

use crate::domain::language::Language::{self, English, Spanish};
use crate::domain::settings::Settings;
use crate::locale::Locale;
use crate::ui::event::{Done, Effect, Event, Problem};
use crate::ui::model::Sold;
use crate::ui::testing::*;
use crate::ui::{Model, Screen, update};

/// A till about to be paid: 393.69 in all.
fn paying(keys: &str) -> (Model, Vec<Effect>) {
    let mut settings = Settings::default();
    settings.store.language = English;
    settings.selling.cash_step = 5;
    let mut model = till_with(settings);
    press(&mut model, "2*{2000000000015}{2000000000046}0,482*T1<Enter>0,48*T1<Enter><F10>");
    let effects = press(&mut model, keys);
    (model, effects)
}

/// What was paid and is missing, and what is said.
#[track_caller]
fn check(keys: &str, expected: &str) {
    let (model, effects) = paying(keys);
    let mut parts = Vec::new();
    let sale = effects.iter().find_map(|effect| match effect {
        Effect::Commit(sale) => Some(sale),
        _ => None,
    });
    let payment = sale.map(|sale| &sale.payment).or(model.payment.as_ref());
    if let Some(payment) = payment {
        parts.extend(payment.tenders().iter().map(|t| format!("{} {}", t.kind.name(), t.amount.decimal(2))));
        parts.push(format!("missing {}", payment.missing_cash().decimal(2)));
    }
    if let Some(paid) = sale.and_then(|sale| sale.payment.finish().ok()) {
        parts.push(format!("sold, change {}, rounding {}", paid.change.decimal(2), paid.rounding.decimal(2)));
    }
    match model.screen {
        Screen::Sell => parts.push("selling".to_owned()),
        Screen::Pay(_) => {}
        _ => parts.push("elsewhere".to_owned()),
    }
    parts.extend(model.error.as_ref().map(|error| format!("! {error}")));
    assert_eq!(parts.join(" | "), expected, "{keys}");
}

#[test]
fn cash_card_and_both() {
    check("", "missing 393.70");
    check("<Enter>", "missing 393.70 | ! Type the cash given, then Enter. a: the exact amount.");
    check("a", "cash 393.70 | missing 0.00 | sold, change 0.00, rounding 0.00 | selling");
    check("400<Enter>", "cash 400.00 | missing 0.00 | sold, change 6.30, rounding 0.00 | selling");
    check("400,5<Enter>", "cash 400.50 | missing 0.00 | sold, change 6.80, rounding 0.00 | selling");
    check("t<Enter>", "missing 393.70 | ! Look at the terminal: approved or declined?");
    check("to", "card 393.70 | missing 0.00 | sold, change 0.00, rounding 0.00 | selling");
    check("tn", "missing 393.70 | ! The card was declined: nothing was taken. Ask for another way.");
    check("t<Esc>", "missing 393.70 | ! Not counted as paid. Look at the card terminal.");
    check("-", "missing 393.70 | ! This is not an amount. Type 20 or 20.50.");
    check("100<F9>o", "card 100.00 | missing 293.70");
    check("100,01<F9>o", "card 100.01 | missing 293.70");
    check(
        "100,01<F9>oa",
        "card 100.01 | cash 293.70 | missing 0.00 | sold, change 0.00, rounding 0.01 | selling",
    );
    check(
        "200<Enter><F9>o",
        "cash 200.00 | card 193.70 | missing 0.00 | sold, change 0.00, rounding 0.00 | selling",
    );
    check("200<Enter><F4>", "missing 393.70");
    check("400<F9>", "missing 393.70 | ! A card pays no more than is missing.");
    check(
        "200<Enter><Esc>",
        "cash 200.00 | missing 193.70 | ! Money has been taken. Take it back first, then Esc.",
    );
    check("200<Esc>", "missing 393.70");
    check("<Esc>", "selling");
    check("1,2,3<Enter>", "missing 393.70 | ! This is not an amount. Type 20 or 20.50.");
    check("99999999<Enter>", "missing 393.70 | ! This is too much for cash. Was it a code?");
}

#[test]
fn a_burst_is_never_money_nor_a_choice() {
    for keys in ["", "t", "200<Enter>", "40", "<F8>"] {
        let (mut model, _) = paying(keys);
        let payment = model.payment.clone();
        let (screen, codes) = (model.screen_id(), "2000000000015\n".repeat(30));
        for burst in [codes.as_str(), "aaaa\n", "onno", "1111\n", "2000000000015"] {
            assert_eq!(update(&mut model, Event::Burst(burst.to_owned())), [Effect::Beep], "{keys} {burst}");
            assert_eq!((&model.payment, model.screen_id()), (&payment, screen), "{keys} {burst}");
            assert!(model.error.as_ref().is_some_and(|e| e.contains("not added")), "{keys} {burst}");
        }
    }
}

#[test]
fn an_amount_with_a_decimal_sign_may_come_at_once() {
    let (mut model, _) = paying("");
    assert_eq!(update(&mut model, Event::Burst("400,00\n".to_owned())), []);
    assert!(model.sold.is_none() && frame(&mut model, 80, 24).contains("400,00"));
}

#[test]
fn sold_is_said_only_when_it_is_durable() {
    let (mut model, _) = paying("400<Enter>");
    assert!(matches!(model.sold, Some(Sold::Recording(_))));
    let text = frame(&mut model, 80, 24);
    assert!(text.contains("recording…") && !text.contains("sold"), "{text}");
    // The next customer's scans go on.
    press(&mut model, "{2000000000022}");
    assert_eq!(press(&mut model, "<F10>"), []);
    assert!(matches!(model.screen, Screen::Sell));
    let effects = update(&mut model, committed());
    assert!(matches!(&effects[..], [Effect::SaveDraft(draft)] if draft.sale.basket().lines().len() == 1));
    assert_eq!(
        told(&model),
        "1×Pan de centeno 1.80 | = 1.80 | ! The sale before is still being recorded. Wait a moment."
    );
}

#[test]
fn a_sale_that_is_not_recorded_is_back_with_its_money() {
    let (mut model, _) = paying("400<Enter>");
    press(&mut model, "{2000000000022}");
    let problem = Problem { what: "The disk is full.".to_owned(), remedy: "Make room, then F10.".to_owned() };
    update(&mut model, Event::Done(Done::NotCommitted(problem)));
    assert!(matches!(model.screen, Screen::Pay(_)));
    assert_eq!(model.error.as_deref(), Some("Make room, then F10. The disk is full."));
    assert_eq!(model.till.basket().lines().len(), 4);
    assert_eq!(model.held.front().map(|held| held.basket().lines().len()), Some(1));
    let effects = press(&mut model, "<F10>");
    assert!(matches!(&effects[..], [Effect::Commit(_)]), "{effects:?}");
    assert_eq!(told(&model), "1×Pan de centeno 1.80 | = 1.80", "the basket that waited is open");
    assert!(model.held.is_empty());
}

#[test]
fn nothing_to_pay_is_recorded_by_enter() {
    let mut model = till(English);
    press(&mut model, "{2000000000015}<F7>100%<Enter><F10>");
    assert!(matches!(press(&mut model, "<Enter>")[..], [Effect::Commit(_)]));
}

#[test]
fn frames() {
    for language in [Spanish, English] {
        let mut settings = Settings::default();
        settings.store.language = language;
        settings.selling.cash_step = 5;
        let mut model = till_with(settings);
        press(&mut model, "2*{2000000000015}{2000000000046}0,482*T1<Enter>0,48*T1<Enter><F10>");
        let name = |what: &str, width: u16| format!("{what}_{}_{width}", language.code());
        for (width, height) in [(80, 24), (120, 40)] {
            insta::assert_snapshot!(name("pay", width), frame(&mut model, width, height));
        }
        press(&mut model, "100,01<F9>");
        insta::assert_snapshot!(name("terminal", 80), frame(&mut model, 80, 24));
        press(&mut model, "o");
        insta::assert_snapshot!(name("split", 80), frame(&mut model, 80, 24));
        press(&mut model, "300<Enter>");
        insta::assert_snapshot!(name("recording", 80), frame(&mut model, 80, 24));
        update(&mut model, committed());
        for (width, height) in [(80, 24), (120, 40)] {
            insta::assert_snapshot!(name("sold", width), frame(&mut model, width, height));
        }
        press(&mut model, "<Alt+R>");
        insta::assert_snapshot!(name("receipt", 80), frame(&mut model, 80, 24));
    }
}

#[test]
fn change_has_its_colour_and_its_word() {
    let (mut model, _) = paying("400<Enter>");
    update(&mut model, committed());
    let theme = model.theme;
    let shown = buffer(&mut model, 80, 24);
    let give: Vec<_> = shown.content.iter().filter(|cell| Some(cell.fg) == theme.give.fg).collect();
    let text: String = give.iter().map(|cell| cell.symbol()).collect();
    assert!(text.contains("Change") && text.contains('█'), "{text}");
}

/// What the store's thread says stands on one line of 80 columns, its remedy first.
#[test]
fn every_trouble_fits_on_its_line() {
    let kinds = ["choice-gone", "not-paid", "disk-full", "busy", "damaged", "store-failed"];
    for (language, kind) in Language::ALL.into_iter().flat_map(|l| kinds.map(|kind| (l, kind))) {
        let text = |key: &str| Locale::of(language).text(key).into_owned();
        let problem =
            Problem { what: text(&format!("till-{kind}")), remedy: text(&format!("till-{kind}-next")) };
        let said = problem.sentences();
        assert!(said.starts_with(&problem.remedy) && said.ends_with('.') && !said.contains(".."), "{said}");
        assert!(said.width() <= 75, "{}: {said}", said.width());
    }
}
