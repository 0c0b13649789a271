use std::sync::Arc;

use proptest::prelude::*;
use ratatui::style::Modifier;

use crate::domain::language::Language::{English, Spanish};
use crate::ui::event::{Done, Draft, Effect, Event};
use crate::ui::model::ScreenId;
use crate::ui::testing::*;
use crate::ui::{Model, Overlay, Screen, update};

/// Presses the keys on a fresh till and compares what it then tells.
#[track_caller]
fn check(keys: &str, expected: &str) -> Model {
    let mut model = till(English);
    press(&mut model, keys);
    assert_eq!(told(&model), expected, "{keys}");
    model
}

#[test]
fn codes_names_quantities_and_weights() {
    check("2000000000015<Enter>", "1×Leche entera 1 L 1.15 | = 1.15");
    check("{2000000000015}{2000000000015}", "2×Leche entera 1 L 2.30 | = 2.30");
    check("3*{2000000000015}", "3×Leche entera 1 L 3.45 | = 3.45");
    check("3{*2000000000015}", "3×Leche entera 1 L 3.45 | = 3.45");
    check("3*2000000000015<Enter>", "3×Leche entera 1 L 3.45 | = 3.45");
    check("0,345*T1<Enter>", "0.345×Tomate rama 0.86 | = 0.86");
    check("0.345*tom<Enter>", "0.345×Tomate rama 0.86 | = 0.86");
    check("LAV-8<Enter>", "1×Lavadora Alba 8 kg 389.00 | = 389.00");
    check("leche<Enter>", "1×Leche entera 1 L 1.15 | = 1.15");
    check("2*leche<Down><Enter>", "2×Leche desnatada 1 L 2.10 | = 2.10");
    check("lech", "= 0.00 | [lech]");
    check("lech<Esc>", "= 0.00");
    check("3*<Enter>", "= 0.00 | [3*] | ! After the quantity comes a code or a name.");
    check("0,5*{2000000000015}", "= 0.00 | ! It is sold by whole pieces. Not added: Leche entera 1 L");
    check("xyz<Enter>", "= 0.00 | [xyz] | ! No product has these words. Change them, or Esc: xyz");
}

#[test]
fn a_scan_is_a_scan_whatever_is_being_typed() {
    check(
        "{2000000000039}{2000000000015}0,482<Enter>",
        "1×Leche entera 1 L 1.15 | 0.482×Tomate rama 1.20 | = 2.35",
    );
    check("{2000000000039}0,4{2000000000015}", "1×Leche entera 1 L 1.15 | = 1.15 | [0,4]");
    check(
        "{2000000000039}{2000000000039}0,4<Enter>0,5<Enter>",
        "0.400×Tomate rama 1.00 | 0.500×Tomate rama 1.25 | = 2.25",
    );
    check("lech{2000000000022}", "1×Pan de centeno 1.80 | = 1.80 | [lech]");
    check(
        "{2000000000015}<F2>{2000000000022}4<Enter>",
        "4×Leche entera 1 L 4.60 | 1×Pan de centeno 1.80 | = 6.40",
    );
    check("{2000000000015}<F9>{2000000000022}", "1×Leche entera 1 L 1.15 | 1×Pan de centeno 1.80 | = 2.95");
    check("{3*2000000000015}", "3×Leche entera 1 L 3.45 | = 3.45");
    check("{2000000000039}{0,482}", "0.482×Tomate rama 1.20 | = 1.20");
    check("{2000000000015}<F6>{0,15}", "1×Leche entera 1 L 1.00 | = 1.00");
    check("{0,345*T1}", "0.345×Tomate rama 0.86 | = 0.86");
    check("{LAV-8}", "1×Lavadora Alba 8 kg 389.00 | = 389.00");
    check("{lavadora}", "1×Lavadora Alba 8 kg 389.00 | = 389.00");
    check("{leche}", "= 0.00 | [leche ]");
    check("{leche}<Enter>", "1×Leche entera 1 L 1.15 | = 1.15");
    check("{leche}{2000000000022}", "1×Pan de centeno 1.80 | = 1.80 | [leche ]");
    check("{2000000000015}<F12>{2000000000015}", "2×Leche entera 1 L 2.30 | = 2.30");
    check("{2000000000015}<F1>{2000000000015}", "2×Leche entera 1 L 2.30 | = 2.30");
}

#[test]
fn lines_change_and_come_back() {
    let two = "{2000000000015}{2000000000022}";
    let after = |keys: &str| format!("{two}{keys}");
    check(&after("<F2>3<Enter>"), "1×Leche entera 1 L 1.15 | 3×Pan de centeno 5.40 | = 6.55");
    check(&after("3<F2>"), "1×Leche entera 1 L 1.15 | 3×Pan de centeno 5.40 | = 6.55");
    check(&after("<Up><Esc><F2>3<Enter>"), "1×Leche entera 1 L 1.15 | 3×Pan de centeno 5.40 | = 6.55");
    check(&after("<Up><F2>3<Enter>"), "3×Leche entera 1 L 3.45 | 1×Pan de centeno 1.80 | = 5.25");
    check(
        &after("<F2>1,5<Enter>"),
        "1×Leche entera 1 L 1.15 | 1×Pan de centeno 1.80 | = 2.95 | [1,5] | ! It is sold by whole pieces.",
    );
    check(&after("<F4>"), "1×Leche entera 1 L 1.15 | = 1.15");
    check(&after("<F4><F5>"), "1×Leche entera 1 L 1.15 | 1×Pan de centeno 1.80 | = 2.95");
    check(&after("<F6>10%<Enter>"), "1×Leche entera 1 L 1.15 | 1×Pan de centeno 1.62 | = 2.77");
    check(&after("<F6>10%<Enter>0<F6>"), "1×Leche entera 1 L 1.15 | 1×Pan de centeno 1.80 | = 2.95");
    check(&after("<F7>0,95<Enter>"), "1×Leche entera 1 L 0.78 | 1×Pan de centeno 1.22 | = 2.00");
    check(
        &after("<F6>2<Enter>"),
        "1×Leche entera 1 L 1.15 | 1×Pan de centeno 1.80 | = 2.95 | [2] | ! The discount is more than the price.",
    );
    check(&after("<F12><Enter>"), "1×Leche entera 1 L 1.15 | 1×Pan de centeno 1.80 | = 2.95");
    check(&after("<F12>x"), "= 0.00");
    check(&after("<F12>x<F5>"), "1×Leche entera 1 L 1.15 | 1×Pan de centeno 1.80 | = 2.95");
    // What was voided belongs to a customer who has gone, once the next one's first item is there.
    check(&after("<F12>x{2000000000015}<F5>"), "= 0.00");
    check(&after("<F12>x{2000000000015}<F5><F5>"), "= 0.00 | ! There is nothing to undo.");
    // What was typed for one question is no answer to another, nor left out without a word.
    check(&after("<F6>99<Enter><Esc><Esc><F7>"), "1×Leche entera 1 L 1.15 | 1×Pan de centeno 1.80 | = 2.95");
    // Nor does another key of this screen do anything meanwhile.
    let asked = "1×Leche entera 1 L 1.15 | 1×Pan de centeno 1.80 | = 2.95";
    for (question, typed) in
        [("<F2>", "9"), ("<F6>", "10"), ("<F7>", "10"), ("<F9>", ""), ("<F9>1<Enter>", "5")]
    {
        for key in
            ["F2", "F3", "F4", "Del", "F5", "F6", "F7", "F8", "F9", "F10", "F12", "Alt+T", "Alt+R", "Alt+Q"]
        {
            let line = if typed.is_empty() { String::new() } else { format!(" | [{typed}]") };
            let mut model = check(
                &after(&format!("{question}{typed}<{key}>")),
                &format!("{asked}{line} | ! Answer this first: Enter accepts, Esc leaves it."),
            );
            assert_eq!(
                (model.screen_id(), model.sell.ask.is_some()),
                (ScreenId::Sell, true),
                "{question}{key}"
            );
            press(&mut model, "<Esc><Esc>");
            assert_eq!((told(&model).as_str(), model.sell.ask.is_some()), (asked, false), "{question}{key}");
        }
    }
    for key in ["F2", "F4", "F5", "F9", "F10", "F12"] {
        check(
            &after(&format!("{{2000000000039}}<{key}>")),
            &format!("{asked} | ! Enter the weight first, or Esc to leave the product out."),
        );
    }
    check("<F5>", "= 0.00 | ! There is nothing to undo.");
    check("<F10>", "= 0.00 | ! The basket is empty. Scan something first.");
}

#[test]
fn items_by_department_and_unknown_codes() {
    check("<F9>3<Enter>1,20 Tomates del huerto<Enter>", "1×Tomates del huerto 1.20 | = 1.20");
    check("<F9>pana<Enter>2<Enter>", "1×Panadería 2.00 | = 2.00");
    check("{12345670}", "= 0.00 | ? 12345670");
    check("{12345670}{2000000000015}{11111115}", "1×Leche entera 1 L 1.15 | = 1.15 | ? 12345670 11111115");
    check("{12345670}{11111115}<F9>1<Enter>3<Enter>", "1×Electro 3.00 | = 3.00 | ? 11111115");
    check("{12345670}<F3>pan<Enter>", "1×Pan de centeno 1.80 | = 1.80");
    check("{12345670}<Esc>", "= 0.00");
    check(
        "{2000000000015}{12345670}<F10>",
        "1×Leche entera 1 L 1.15 | = 1.15 | ? 12345670 | ! A code is still unknown: search it, sell it by department, or Esc.",
    );
    let mut model = till(English);
    assert_eq!(press(&mut model, "{12345670}")[0], Effect::Beep);
}

#[test]
fn a_burst_of_thirty_codes_is_thirty_codes() {
    let mut model = till(Spanish);
    let codes: String = (0..30).map(|i| if i % 10 == 9 { "12345670\n" } else { "2000000000015\n" }).collect();
    scan(&mut model, &codes);
    assert_eq!(model.till.basket().item_count(), 27);
    assert_eq!(model.sell.unknown().len(), 3);
    assert!(model.overlay.is_none() && matches!(model.screen, Screen::Sell));

    let mut model = till(Spanish);
    let codes: String = "2000000000015\n2000000000022\n".repeat(15);
    scan(&mut model, &codes);
    assert_eq!(model.till.basket().lines().len(), 30);
}

#[test]
fn scans_wait_for_the_catalogue() {
    let mut model = till(English);
    model.catalogue = None;
    press(&mut model, "{2000000000015}2*{2000000000022}{12345670}");
    assert_eq!(told(&model), "= 0.00");
    update(&mut model, Event::Done(Done::Catalogue(catalogue())));
    assert_eq!(told(&model), "1×Leche entera 1 L 1.15 | 2×Pan de centeno 3.60 | = 4.75 | ? 12345670");
}

#[test]
fn every_change_is_sealed_and_comes_back() {
    let mut model = till(English);
    let effects = press(&mut model, "{2000000000015}{12345670}{2000000000039}");
    let Some(Effect::SaveDraft(draft)) = effects.last() else { panic!("{effects:?}") };
    let text = serde_json::to_string(draft).unwrap();
    let mut next = till(English);
    let draft: Draft = serde_json::from_str(&text).unwrap();
    update(&mut next, Event::Done(Done::Draft(Some(Box::new(draft)))));
    assert_eq!(told(&next), told(&model));
    press(&mut next, "0,482<Enter>");
    assert_eq!(told(&next), "1×Leche entera 1 L 1.15 | 0.482×Tomate rama 1.20 | = 2.35 | ? 12345670");
}

#[test]
fn leaving_asks_only_with_a_basket() {
    let mut model = till(English);
    assert_eq!(press(&mut model, "<Alt+Q>"), [Effect::Quit]);
    press(&mut model, "{2000000000015}");
    assert_eq!(press(&mut model, "<Alt+Q>"), []);
    assert_eq!(press(&mut model, "<Enter>"), []);
    assert_eq!(model.overlay, None);
    assert_eq!(press(&mut model, "<Ctrl+B>x"), [Effect::Quit]);
}

/// The basket of the wireframe.
fn wireframe(language: crate::domain::language::Language) -> Model {
    let mut model = till(language);
    press(&mut model, "2*{2000000000015}{2000000000022}0,482*T1<Enter>{2000000000046}<Up><F6>50%<Enter>");
    model
}

#[test]
fn frames() {
    for language in [Spanish, English] {
        let mut model = wireframe(language);
        for (width, height) in [(80, 24), (120, 40)] {
            let name = format!("sell_{}_{width}", language.code());
            insta::assert_snapshot!(name, frame(&mut model, width, height));
        }
        press(&mut model, "<Alt+T>lech");
        insta::assert_snapshot!(format!("search_{}", language.code()), frame(&mut model, 80, 24));
        press(&mut model, "<Esc>{4006381333931}{12345670}");
        insta::assert_snapshot!(format!("unknown_{}", language.code()), frame(&mut model, 80, 24));
        press(&mut model, "<F9>");
        insta::assert_snapshot!(format!("department_{}", language.code()), frame(&mut model, 80, 24));
        press(&mut model, "<Esc><F12>");
        insta::assert_snapshot!(format!("void_{}", language.code()), frame(&mut model, 80, 24));
        press(&mut model, "<Esc><F1>");
        insta::assert_snapshot!(format!("help_{}", language.code()), frame(&mut model, 80, 40));
        let mut empty = till(language);
        insta::assert_snapshot!(format!("empty_{}", language.code()), frame(&mut empty, 80, 24));
    }
}

/// A key in a code, printed as a control sign or an escape sequence, presses nothing.
#[test]
fn a_key_among_a_scan_is_said_and_does_nothing() {
    let mut model = wireframe(English);
    let before = told(&model);
    let effects = update(&mut model, Event::Swift(None));
    assert_eq!(effects, [Effect::Beep]);
    assert_eq!(
        told(&model),
        format!("{before} | ! Press it again: it came as fast as a scan, and did nothing.")
    );
    // Over a question it neither answers it nor takes it away.
    press(&mut model, "<F12>");
    assert_eq!(update(&mut model, Event::Burst("x\n".to_owned())), [Effect::Beep]);
    assert!(matches!(model.overlay, Some(Overlay::Confirm(_))));
    assert!(!model.till.is_empty());
}

/// What the customer chose stands beside their own basket, and beside no other.
#[test]
fn the_customers_choice_stands_beside_the_basket() {
    for (language, said) in
        [(English, "Customer: Forget this purchase"), (Spanish, "Cliente: Olvidar esta compra")]
    {
        let mut model = wireframe(language);
        let shown = |model: &mut Model| [(80, 24), (120, 40)].map(|(w, h)| frame(model, w, h).contains(said));
        assert_eq!(shown(&mut model), [false; 2]);
        press(&mut model, "<F8>1<Enter>");
        assert_eq!(shown(&mut model), [true; 2], "{}", frame(&mut model, 80, 24));
        press(&mut model, "<Alt+T>");
        assert_eq!(shown(&mut model), [true; 2], "{}", frame(&mut model, 80, 24));
        press(&mut model, "<F12>x{2000000000022}");
        assert_eq!(shown(&mut model), [false; 2], "{}", frame(&mut model, 80, 24));
    }
}

#[test]
fn colours_that_mean_something_also_say_it() {
    let mut model = wireframe(Spanish);
    press(&mut model, "{12345670}");
    let theme = model.theme;
    let shown = buffer(&mut model, 80, 24);
    let said = &shown[(2, 22)];
    assert_eq!((said.symbol(), said.fg), ("!", theme.trouble.fg.unwrap()));
    let rows: Vec<u16> = (0..24).filter(|&y| shown[(0, y)].symbol() == "▸").collect();
    assert_eq!(rows.len(), 1);
    assert_eq!(shown[(10, rows[0])].bg, theme.newest.bg.unwrap());
    assert!(shown[(10, rows[0])].modifier.contains(Modifier::BOLD));
}

#[test]
fn the_newest_line_is_always_in_sight() {
    let mut model = till(Spanish);
    scan(&mut model, &"2000000000015\n2000000000022\n".repeat(50));
    let text = frame(&mut model, 80, 24);
    assert!(text.contains("▸ 100  Pan de centeno"), "{text}");
    assert!(text.contains("más arriba"), "{text}");
    press(&mut model, &"<Up>".repeat(99));
    let text = frame(&mut model, 80, 24);
    assert!(text.contains("▸   1  Leche entera"), "{text}");
}

#[test]
fn everything_drawn_can_be_pressed() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut model = wireframe(Spanish);
        let text = frame(&mut model, width, height);
        let click = |model: &mut Model, text: &str, word: &str| {
            let (row, line) = text.lines().enumerate().find(|(_, l)| l.contains(word)).unwrap();
            let column = line[..line.find(word).unwrap()].chars().count();
            update(model, Event::Press { column: column as u16, row: row as u16 })
        };
        click(&mut model, &text, "Pan de centeno");
        assert_eq!(model.till.current(), Some(1));
        click(&mut model, &text, "F4");
        assert_eq!(model.till.basket().lines().len(), 3);
        press(&mut model, "lech");
        let text = frame(&mut model, width, height);
        click(&mut model, &text, "Leche desnatada");
        assert_eq!(model.till.basket().lines().len(), 4);
        click(&mut model, &text, "F10");
        assert!(matches!(model.screen, Screen::Pay(_)));
    }
}

#[test]
fn a_small_window_says_so_and_sells() {
    let mut model = till(Spanish);
    let text = frame(&mut model, 60, 10);
    assert!(text.starts_with("Hacen falta 80×24"), "{text}");
    press(&mut model, "{2000000000015}");
    assert!(frame(&mut model, 60, 10).contains("1,15 €"));
    for (width, height) in [(0, 0), (1, 1), (79, 24), (80, 23), (300, 100), (81, 25)] {
        frame(&mut model, width, height);
    }
}

/// Any key of any screen, or any other event.
fn events() -> impl Strategy<Value = Event> {
    let keys = [
        "<Enter>",
        "<Esc>",
        "<Up>",
        "<Down>",
        "<PgUp>",
        "<F1>",
        "<F2>",
        "<F3>",
        "<F4>",
        "<F5>",
        "<F6>",
        "<F7>",
        "<F8>",
        "<F9>",
        "<F10>",
        "<F12>",
        "<Alt+T>",
        "<Alt+R>",
        "<Backspace>",
        "<Tab>",
    ];
    let key = |text: &str| Event::Key(text.trim_matches(['<', '>']).parse().unwrap());
    let scanned =
        ["2000000000015\n", "2000000000039\n", "12345670\n", "LAV-8\n", "2000000000015\n2000000000022\n"];
    prop_oneof![
        4 => prop::sample::select(keys.to_vec()).prop_map(key),
        4 => prop::sample::select("0123456789,.*%aonxtrle ñ1".chars().collect::<Vec<_>>())
            .prop_map(|c| Event::Key(crate::ui::Key::char(c))),
        3 => prop::sample::select(scanned.to_vec()).prop_map(|text| Event::Burst(text.to_owned())),
        1 => (0u16..130, 0u16..45).prop_map(|(column, row)| Event::Press { column, row }),
        1 => prop::sample::select(vec![(80, 24), (120, 40), (40, 5)]).prop_map(|(w, h)| Event::Resize(w, h)),
        1 => Just(committed()),
        1 => Just(Event::Done(Done::NotCommitted(crate::ui::event::Problem {
            what: "Disk full.".to_owned(),
            remedy: "Make room.".to_owned(),
        }))),
        1 => Just(Event::Frame { elapsed_ms: 40 }),
    ]
}

/// Every line there is, wherever it waits.
fn lines_count(model: &Model) -> i64 {
    let recording = match &model.sold {
        Some(crate::ui::model::Sold::Recording(sale)) => sale.sale.basket().item_count(),
        _ => 0,
    };
    let held: i64 = model.held.iter().map(|sale| sale.basket().item_count()).sum();
    model.till.basket().item_count() + held + recording
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Nothing panics; what is in a basket leaves it only by an act that says so, or when sold.
    #[test]
    fn any_events_lose_nothing(events in prop::collection::vec(events(), 1..120)) {
        let mut model = till(Spanish);
        for event in events {
            let (before, screen, overlay) = (lines_count(&model), model.screen_id(), model.overlay);
            let burst = matches!(event, Event::Burst(_));
            // While a sale is being recorded its draft stays: then the next basket changes unsaved.
            let recording = matches!(model.sold, Some(crate::ui::model::Sold::Recording(_)));
            let sold = matches!(event, Event::Done(Done::Committed(_)));
            let takes_away = |effects: &[Effect]| effects.iter().any(|e| matches!(e, Effect::SaveDraft(_)));
            let changed_text = format!("{event:?}");
            let effects = if burst && model.takes_keys_at_once() {
                let Event::Burst(text) = event else { unreachable!() };
                scan(&mut model, &text)
            } else {
                update(&mut model, event)
            };
            let after = lines_count(&model);
            let takes = matches!(overlay, Some(Overlay::Confirm(_)))
                || screen == crate::ui::ScreenId::Sell && !burst && (recording || takes_away(&effects));
            prop_assert!(after >= before || sold || takes, "{changed_text} on {screen:?}: {before} → {after}");
            if burst {
                prop_assert!(!effects.iter().any(|e| matches!(e, Effect::Commit(_) | Effect::Quit | Effect::CheckPin(_))));
            }
            frame_of(&mut model);
        }
    }
}

fn frame_of(model: &mut Model) {
    let (width, height) = (model.size.width, model.size.height);
    buffer(model, width, height);
}

#[test]
fn the_plain_look_has_no_colour_and_the_bar_always_shows_pay() {
    for language in [Spanish, English] {
        let mut settings = crate::domain::settings::Settings::default();
        settings.store.language = language;
        settings.display.theme = crate::domain::settings::Theme::Plain;
        let mut model = till_with(settings);
        for keys in ["{2000000000015}{12345670}", "<F9>", "<Esc><Esc>lech", "<Esc><F12>", "<Enter><F10>", "t"]
        {
            press(&mut model, keys);
            let shown = buffer(&mut model, 80, 24);
            let reset = ratatui::style::Color::Reset;
            assert!(shown.content.iter().all(|cell| cell.fg == reset && cell.bg == reset), "{keys}");
        }
        let mut model = till(language);
        let text = frame(&mut model, 80, 24);
        assert!(text.contains(" F10 ") && text.contains(" F1 "), "{text}");
    }
}

/// The small catalogue, everything at twice the price.
fn dearer() -> Event {
    let products: Vec<_> = catalogue()
        .products()
        .map(|product| {
            let mut twice = product.to_product();
            twice.price = crate::domain::money::Money(twice.price.0 * 2);
            (product.id(), twice)
        })
        .collect();
    let image = crate::domain::catalogue::build_image(&products);
    Event::Done(Done::Catalogue(Arc::new(crate::domain::catalogue::Catalogue::from_image(image).unwrap())))
}

#[test]
fn new_prices_count_from_the_next_basket_on() {
    let mut model = till(English);
    press(&mut model, "{2000000000015}");
    update(&mut model, dearer());
    press(&mut model, "{2000000000022}{2000000000015}");
    let same = "1×Leche entera 1 L 1.15 | 1×Pan de centeno 1.80 | 1×Leche entera 1 L 1.15 | = 4.10";
    assert_eq!(told(&model), same);
    // While the sale is being recorded it could still come back.
    press(&mut model, "<F10>a");
    assert!(matches!(model.sold, Some(crate::ui::model::Sold::Recording(_))));
    press(&mut model, "{2000000000015}");
    assert_eq!(told(&model), "1×Leche entera 1 L 1.15 | = 1.15", "begun before the sale was over");
    update(&mut model, committed());
    press(&mut model, "{2000000000022}");
    assert_eq!(told(&model), "1×Leche entera 1 L 1.15 | 1×Pan de centeno 1.80 | = 2.95");
    press(&mut model, "<F10>a");
    update(&mut model, committed());
    press(&mut model, "{2000000000015}");
    assert_eq!(told(&model), "1×Leche entera 1 L 2.30 | = 2.30");
}

#[test]
fn a_basket_that_comes_back_keeps_its_prices() {
    let mut model = till(English);
    press(&mut model, "{2000000000015}<F10>a");
    update(&mut model, dearer());
    let full = crate::ui::event::Problem { what: "Disk full.".into(), remedy: "Make room.".into() };
    update(&mut model, Event::Done(Done::NotCommitted(full)));
    press(&mut model, "<F4><Esc>{2000000000015}");
    assert!(told(&model).starts_with("2×Leche entera 1 L 2.30 | = 2.30"), "{}", told(&model));
    // What waits for its weight belongs to the basket, too.
    let mut model = till(English);
    press(&mut model, "{2000000000039}");
    update(&mut model, dearer());
    press(&mut model, "1<Enter>");
    assert_eq!(told(&model), "1.000×Tomate rama 2.49 | = 2.49");
    // Where nothing is open they count at once.
    let mut model = till(English);
    update(&mut model, dearer());
    press(&mut model, "{2000000000015}");
    assert_eq!(told(&model), "1×Leche entera 1 L 2.30 | = 2.30");
}

#[test]
fn a_new_policy_counts_from_the_next_basket_on() {
    let text = crate::domain::policy::SHIPPED.replacen("version = 2", "version = 3", 1);
    let newer = Arc::new(crate::domain::policy::Policy::parse(&text).unwrap());
    assert_eq!(newer.version, 3);
    let mut model = till(English);
    press(&mut model, "{2000000000015}");
    let effects = update(&mut model, Event::Done(Done::Policy(newer.clone())));
    assert_eq!((effects, model.policy.version), (vec![], 2));
    // The sale is recorded under the policy that the customer saw: it is asked for before the change.
    let effects = press(&mut model, "<F10>a");
    assert!(matches!(effects.last(), Some(Effect::Commit(_))), "{effects:?}");
    assert_eq!(model.policy.version, 2);
    let effects = update(&mut model, committed());
    assert_eq!(effects.last(), Some(&Effect::AdoptPolicy(3)));
    assert_eq!(model.policy.version, 3);
    assert!(!press(&mut model, "{2000000000015}").contains(&Effect::AdoptPolicy(3)), "once");
    let mut idle = till(English);
    assert_eq!(update(&mut idle, Event::Done(Done::Policy(newer))), [Effect::AdoptPolicy(3)]);
}

/// Tickets of before the start are there, so the till does not say that there are none.
#[test]
fn the_last_ticket_can_be_seen_after_a_start() {
    let mut model = till(Spanish);
    press(&mut model, "<Alt+R>");
    assert_eq!(model.error.as_deref(), Some("Esta caja no tiene aún ningún recibo."));
    let earlier = vec!["A-000122".to_owned()];
    update(&mut model, Event::Done(Done::LastTicket(earlier)));
    press(&mut model, "<Alt+R>");
    assert!(crate::ui::testing::frame(&mut model, 80, 24).contains("A-000122"));
    press(&mut model, &format!("<Esc>{{{MILK}}}<F10>a"));
    update(&mut model, committed());
    press(&mut model, "<Alt+R>");
    let text = crate::ui::testing::frame(&mut model, 80, 24);
    assert!(text.contains("Ultramarinos Sol") && !text.contains("A-000122"), "{text}");
}

/// A list that is longer than its place says so, whichever row of it is chosen, and every row can be reached.
#[test]
fn a_long_list_says_how_many_more_there_are() {
    let mut model = till(English);
    let products: Vec<_> = (1..=20)
        .map(|n| {
            let code = format!("P{n}");
            (
                crate::domain::product::ProductId(n),
                product("", &code, &code, &format!("Department {n:02}"), 100, 400),
            )
        })
        .collect();
    let image = crate::domain::catalogue::build_image(&products);
    model.catalogue = Some(Arc::new(crate::domain::catalogue::Catalogue::from_image(image).unwrap()));
    press(&mut model, "<F9>");
    for (keys, said) in [
        ("", "… 14 more below"),
        (&"<Down>".repeat(7), "… 2 more above · 12 more below"),
        ("<PgDn><PgDn>", "… 14 more above"),
    ] {
        press(&mut model, keys);
        let text = frame(&mut model, 80, 24);
        assert!(text.contains(said), "{said}\n{text}");
        let picked = text.lines().find(|line| line.starts_with('▸')).unwrap();
        assert!(picked.contains(&format!("Department {:02}", model.sell.pick + 1)), "{text}");
        assert_eq!(text.matches("  Department ").count(), 6, "{text}");
    }
    press(&mut model, "0");
    assert!(!frame(&mut model, 80, 24).contains("more below"), "nothing is left");
}

#[test]
fn help_writes_numbers_as_its_language_does() {
    for (language, weight, other) in [(English, "0.345*", "0,345*"), (Spanish, "0,345*", "0.345*")] {
        let mut model = till(language);
        press(&mut model, "<F1>");
        let text = frame(&mut model, 80, 40);
        assert!(text.contains(weight) && !text.contains(other), "{text}");
    }
}

/// What was done last goes with the next key; in 0.2.0 it stayed through a list, a page and a payment.
#[test]
fn a_status_goes_with_the_next_key() {
    for key in ["<Up>", "<F1>", "<Alt+T>", "<F10>"] {
        let mut model = till(Spanish);
        press(&mut model, &format!("{{{MILK}}}{{{MILK}}}<F5>"));
        assert_eq!(model.hint.as_deref(), Some("El último paso está deshecho."));
        press(&mut model, key);
        assert_eq!(model.hint, None, "{key}");
    }
}
