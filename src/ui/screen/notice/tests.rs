use super::*;
use crate::domain::language::Language;
use crate::ui::testing::{self, MILK, press, till};
use crate::ui::{Event, update};

fn opened(language: Language, key: &str) -> Model {
    let mut model = till(language);
    press(&mut model, &format!("{{{MILK}}}<F8>{key}"));
    model
}

fn top(model: &Model) -> usize {
    first_line(model, &Pages::of(model, model.size)).unwrap()
}

#[test]
fn keys_scroll_between_the_ends() {
    let mut model = opened(Language::Spanish, "0");
    let (last, page) = {
        let pages = Pages::of(&model, model.size);
        (pages.last, usize::from(pages.text.height) - 1)
    };
    assert!(last > page, "there is something to scroll");
    for (keys, expected) in [
        ("<Up>", 0),
        ("<Down>", 1),
        ("<Down><Down><Up>", 1),
        ("<PgDn>", page),
        ("<PgDn><PgUp><PgUp>", 0),
        ("<End>", last),
        ("<End><Down><PgDn>", last),
        ("<End><Up>", last - 1),
        ("<End><Home>", 0),
        ("123a", 0),
    ] {
        press(&mut model, "<Home>");
        press(&mut model, keys);
        assert_eq!(top(&model), expected, "{keys}");
    }
    update(&mut model, Event::Wheel { down: true });
    assert_eq!(top(&model), 1);
}

#[test]
fn every_word_of_the_notice_can_be_read() {
    for language in Language::ALL {
        for (width, height) in [(80, 24), (120, 40)] {
            let mut model = opened(language, "0");
            let mut read = testing::frame(&mut model, width, height);
            for _ in 0..20 {
                press(&mut model, "<PgDn>");
                read.push('\n');
                read.push_str(&testing::frame(&mut model, width, height));
            }
            let notice = customer::full_notice(&model);
            for section in &notice.sections {
                for word in section.paragraphs.iter().flat_map(|text| text.split_whitespace()) {
                    assert!(read.contains(word), "{language:?} {width}: {word}");
                }
            }
        }
    }
}

#[test]
fn complaints_are_one_key_away() {
    for language in Language::ALL {
        let mut model = opened(language, "9");
        let text = testing::frame(&mut model, 80, 24);
        let notice = customer::full_notice(&model);
        assert!(text.contains(&notice.complaint.heading) && text.contains("www.aepd.es"), "{text}");
        press(&mut model, "<Esc>");
        assert!(matches!(model.screen, Screen::Choice(choice::Choice::Asking)));
    }
}

#[test]
fn frames() {
    for language in Language::ALL {
        let mut model = opened(language, "0");
        let frames = [(80, 24), (120, 40)].map(|(width, height)| testing::frame(&mut model, width, height));
        insta::assert_snapshot!(format!("notice_{}", language.code()), frames.join("\n=====\n"));
    }
}
