//! Codes that a scanner types in pieces, and a person's keys, at every field of every screen.

use crossterm::event::{KeyCode, KeyModifiers};

use super::*;
use crate::domain::language::Language;
use crate::ui::Screen;
use crate::ui::screen::setup::Setup;
use crate::ui::testing::{MILK, TOMATO, press, till, told};

/// Somebody's hands, or a scanner, at a till whose time the test makes.
struct Hands {
    model: Model,
    keyboard: Keyboard,
    now: Instant,
    asked: Vec<Effect>,
}

impl Hands {
    fn at(model: &Model) -> Hands {
        Hands { model: model.clone(), keyboard: Keyboard::default(), now: Instant::now(), asked: Vec::new() }
    }

    fn wait(&mut self, ms: u64) {
        let until = self.now + Duration::from_millis(ms);
        while let Some(due) = self.keyboard.due().filter(|due| *due <= until) {
            self.asked.extend(self.keyboard.settle(&mut self.model, due).into_iter().flatten());
        }
        self.now = until;
    }

    /// Each key so long after the one before; `\n` is Enter, `\t` Tab.
    fn keys(&mut self, text: &str, gap_ms: u64) {
        for c in text.chars() {
            self.wait(gap_ms);
            let code = match c {
                '\n' => KeyCode::Enter,
                '\t' => KeyCode::Tab,
                c => KeyCode::Char(c),
            };
            let key = KeyEvent::new(code, KeyModifiers::NONE);
            self.asked.extend(self.keyboard.key(&mut self.model, key, self.now).into_iter().flatten());
        }
    }

    /// A code in pieces, so long one after the other.
    fn scan(&mut self, pieces: &[&str], gap_ms: u64) {
        for piece in pieces {
            // The first key comes with the gap, too.
            self.wait(gap_ms.saturating_sub(5));
            self.keys(piece, 5);
        }
        self.wait(1000);
    }

    /// All that a code could have changed.
    fn state(&self) -> String {
        let Hands { model, .. } = self;
        let (answer, tenders) = (model.till.answer(), model.payment.as_ref().map(|p| p.tenders().to_vec()));
        let language = model.customer_language();
        let shown = format!("{} | {:?} | {:?}", told(model), model.screen, model.overlay);
        format!("{shown} | {answer:?} | {tenders:?} | {language:?}")
    }
}

/// What somebody finds in a field once the code was there.
enum Found {
    /// The whole code.
    Whole,
    /// What had been typed before, and nothing of the code.
    Nothing,
    /// The code was one for the selling screen.
    Sold,
}
use Found::{Nothing, Sold, Whole};

const PHONE: &str = "600123456";
const CARD: &str = "sol-00427731";
const RECEIPT: &str = "7KQ2-M9XD-04TR-8VBN";

/// Every place where something is written, answered or chosen, by the keys that lead there from an empty till; which
/// code comes, and what is found then.
fn places() -> Vec<(&'static str, String, &'static str, Found)> {
    let form = format!("{{{MILK}}}<F8>3");
    let pay = format!("{{{MILK}}}<F10>");
    vec![
        ("the form", form.clone(), PHONE, Whole),
        ("the form", form.clone(), CARD, Whole),
        ("the form", form.clone(), RECEIPT, Whole),
        ("the form, something typed", format!("{form}60"), CARD, Nothing),
        ("the form, a payment card", form.clone(), "4111111111111111", Nothing),
        ("the form, at a tick", format!("{form}<Tab>"), "2100000000014", Nothing),
        ("the form, checked", format!("{form}600123456<Enter>"), "2100000000014", Nothing),
        ("the choice", format!("{{{MILK}}}<F8>"), MILK, Nothing),
        ("the choice", format!("{{{MILK}}}<F8>"), "3100000000011", Nothing),
        ("the notice", format!("{{{MILK}}}<F8>0"), MILK, Nothing),
        ("the choice", format!("{{{MILK}}}<F8>"), "l3100000", Nothing),
        ("the notice", format!("{{{MILK}}}<F8>0"), "l3100000", Nothing),
        ("cash", pay.clone(), MILK, Nothing),
        ("cash", pay.clone(), "20,00", Whole),
        ("cash, something typed", format!("{pay}40"), MILK, Nothing),
        ("the card terminal", format!("{pay}t"), MILK, Nothing),
        ("the lock", "<Alt+L>".to_owned(), MILK, Nothing),
        ("the lock, a PIN begun", "<Alt+L>12".to_owned(), MILK, Nothing),
        ("nothing asked", String::new(), MILK, Sold),
        ("nothing asked", String::new(), RECEIPT, Sold),
        ("the price of an open item", "<F9><Enter>".to_owned(), MILK, Sold),
        ("the price of an open item", "<F9><Enter>".to_owned(), "84123456", Sold),
        ("a price begun", "<F9><Enter>3".to_owned(), MILK, Sold),
        ("a weight", format!("{{{TOMATO}}}"), MILK, Sold),
        ("a quantity", format!("{{{MILK}}}<F2>"), RECEIPT, Sold),
        ("asked whether to void", format!("{{{MILK}}}<F12>"), MILK, Sold),
        ("asked whether to quit", format!("{{{MILK}}}<Alt+Q>"), RECEIPT, Sold),
        ("help", "<F1>".to_owned(), MILK, Sold),
    ]
}

fn setup_at(keys: &str) -> Model {
    let mut model = till(Language::English);
    model.screen = Screen::Setup(Box::new(Setup::new(Language::English)));
    press(&mut model, keys);
    model
}

/// A code in two pieces, wherever it is cut and whatever it ends in, does what it does at once.
#[test]
fn a_code_in_pieces_does_what_it_does_at_once() {
    let mut starts: Vec<(&str, Model, &str, Found)> = Vec::new();
    for (name, keys, code, found) in places() {
        let mut model = till(Language::English);
        press(&mut model, &keys);
        starts.push((name, model, code, found));
    }
    let at_pin = "<Up>".repeat(2);
    starts.push(("a new PIN", setup_at(&format!("{at_pin}{}", "<Backspace>".repeat(4))), MILK, Whole));
    starts.push(("a new PIN that is filled", setup_at(&at_pin), MILK, Nothing));
    for (name, start, code, found) in starts {
        for end in ["", "\n", "\t"] {
            let text = format!("{code}{end}");
            let mut at_once = Hands::at(&start);
            at_once.scan(&[&text], 400);
            let wanted = at_once.state();
            match found {
                Whole => assert!(wanted.contains(&format!("text: \"{code}\"")), "{name}: {wanted}"),
                Nothing => assert!(
                    wanted.contains(&format!("{:?} | {:?}", start.screen, start.overlay)),
                    "{name}: {wanted}"
                ),
                Sold => assert!(!wanted.contains("Confirm"), "{name}: {wanted}"),
            }
            for cut in (1..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
                for gap_ms in [20, 61, 109, 120, 340] {
                    let mut hands = Hands::at(&start);
                    let (first, rest) = text.split_at(cut);
                    hands.scan(&[first, rest], gap_ms);
                    let what = format!("{name}: {first:?}, {gap_ms} ms, {rest:?}");
                    assert_eq!(hands.state(), wanted, "{what}");
                    let done = |effect: &&Effect| !matches!(effect, Effect::SaveDraft(_) | Effect::Beep);
                    assert_eq!(hands.asked.iter().find(done), None, "{what}");
                }
            }
        }
    }
}

/// More pieces than two, each of which may look like a person's.
#[test]
fn a_code_in_three_pieces_is_one_code() {
    let mut form = till(Language::English);
    press(&mut form, &format!("{{{MILK}}}<F8>3"));
    let mut locked = till(Language::English);
    press(&mut locked, "<Alt+L>");
    for (start, code) in
        [(form, "600123456\n"), (locked, "2000000000015\n"), (till(Language::English), "2000000000015\n")]
    {
        let mut at_once = Hands::at(&start);
        at_once.scan(&[code], 400);
        for first in 1..code.len() - 1 {
            for second in first + 1..code.len() {
                let mut hands = Hands::at(&start);
                hands.scan(&[&code[..first], &code[first..second], &code[second..]], 120);
                assert_eq!(hands.state(), at_once.state(), "{code:?} cut at {first} and {second}");
            }
        }
    }
}

/// What was typed of a PIN long before a scan is not lost, and nothing of the scan is added to it.
#[test]
fn a_pin_around_a_scan_is_a_persons() {
    for cut in 1..MILK.len() {
        let mut locked = till(Language::English);
        press(&mut locked, "<Alt+L>");
        let mut hands = Hands::at(&locked);
        hands.keys("12", 120);
        hands.wait(500);
        hands.scan(&[&MILK[..cut], &MILK[cut..]], 120);
        hands.keys("34\n", 120);
        hands.wait(500);
        assert_eq!(hands.asked.last(), Some(&Effect::CheckPin("1234".to_owned())), "cut at {cut}");
    }
}

/// Two codes, one right after the other: the second is not the rest of the first.
#[test]
fn a_second_code_is_a_code_of_its_own() {
    let mut form = till(Language::English);
    press(&mut form, &format!("{{{MILK}}}<F8>3"));
    let mut hands = Hands::at(&form);
    hands.scan(&["600123456\n", "600999999\n"], 200);
    assert!(hands.state().contains("text: \"600123456\""), "{}", hands.state());
    let mut hands = Hands::at(&form);
    hands.scan(&["4111111111111111\n", "600999999\n"], 200);
    assert!(hands.state().contains("text: \"600999999\""), "{}", hands.state());
}

/// A key that is held down is pressed once, however long: it repeats after a quarter of a second, every 33 ms.
#[test]
fn a_key_held_down_is_no_code() {
    for (keys, held) in [("<F8>", "1"), ("<F8>", "2"), ("<F10>", "5"), ("<F8>3", "6")] {
        let mut start = till(Language::English);
        press(&mut start, &format!("{{{MILK}}}{keys}"));
        let mut once = Hands::at(&start);
        once.keys(held, 120);
        once.wait(1000);
        for repeats in 1..12 {
            let mut hands = Hands::at(&start);
            hands.keys(held, 120);
            hands.wait(250 - 33);
            hands.keys(&held.repeat(repeats), 33);
            hands.wait(1000);
            let (state, wanted) = (hands.state(), once.state());
            // Where something is written a few repeats are, too.
            let is_written = held.repeat(repeats + 1);
            assert!(
                state == wanted || state.contains(&format!("text: \"{is_written}\"")),
                "{keys} {held} {repeats}: {state}"
            );
        }
    }
}

/// Keys of a person, of whom the last two come at once: what was typed before stays.
#[test]
fn an_amount_with_a_quick_end_stays() {
    let mut start = till(Language::English);
    press(&mut start, &format!("{{{MILK}}}<F10>"));
    let mut hands = Hands::at(&start);
    hands.keys("125", 150);
    hands.wait(150);
    hands.keys("0\n", 5);
    hands.wait(1000);
    assert!(
        hands.state().contains("text: \"125\"") && hands.state().contains("Press it again"),
        "{}",
        hands.state()
    );
}

/// A person who types a key every 120 ms is a person, in every field.
#[test]
fn a_persons_keys_are_a_persons() {
    let form = format!("{{{MILK}}}<F8>3");
    for (keys, typed) in [
        (form.as_str(), "600123456\n\n1\n"),
        (&form, "600123456\t1\t2\n\n"),
        (&form, "sol-0042\n\n12\n"),
        (&format!("{{{MILK}}}<F10>"), "20,00\n"),
        (&format!("{{{MILK}}}<F10>"), "1\n"),
        (&format!("{{{MILK}}}<F10>"), "to"),
        (&format!("{{{MILK}}}<F10>"), "a"),
        ("<Alt+L>", "1234\n"),
        ("<F9><Enter>", "12,50\n"),
        ("<F9><Enter>", "1250\n"),
        ("<F9><Enter>", "3 pan\n"),
        (&format!("{{{TOMATO}}}"), "0,345\n"),
        (&format!("{{{MILK}}}<F2>"), "12\n"),
        ("", "3*lech\n"),
        ("", "2000000000015\n"),
        (&format!("{{{MILK}}}<F8>"), "2\n"),
        (&format!("{{{MILK}}}<F12>"), "x"),
    ] {
        let mut start = till(Language::English);
        press(&mut start, keys);
        let mut hands = Hands::at(&start);
        hands.keys(typed, 120);
        hands.wait(1000);
        let mut wanted = Hands::at(&start);
        let names = typed.replace('\n', "<Enter>").replace('\t', "<Tab>");
        wanted.asked = press(&mut wanted.model, &names);
        assert_eq!(hands.state(), wanted.state(), "{keys} {typed:?}");
        assert_eq!(hands.asked, wanted.asked, "{keys} {typed:?}");
    }
    // Some keys at once, and Enter soon after: it is to be pressed again, and what was typed stays.
    let mut start = till(Language::English);
    press(&mut start, &format!("{{{MILK}}}<F10>"));
    let mut hands = Hands::at(&start);
    hands.scan(&["50", "\n"], 200);
    assert!(hands.state().contains("Press it again"), "{}", hands.state());
    hands.keys("\n", 120);
    hands.wait(1000);
    assert!(matches!(hands.asked.last(), Some(Effect::Commit(_))), "{}", hands.state());
    let mut start = setup_at(&format!("<Up><Up>{}", "<Backspace>".repeat(4)));
    let mut hands = Hands::at(&start);
    hands.keys("90210\n", 120);
    hands.wait(1000);
    press(&mut start, "90210<Enter>");
    assert_eq!(hands.state(), Hands::at(&start).state());
}
