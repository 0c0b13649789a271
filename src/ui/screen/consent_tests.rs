//! What a customer says belongs to their own basket: no answer, language or identifier passes to
//! another one, whatever is pressed and whatever the store answers.

use std::sync::Arc;

use proptest::prelude::*;

use crate::domain::basket::{Basket, Line};
use crate::domain::catalogue::{Catalogue, build_image};
use crate::domain::customer::Identifier;
use crate::domain::language::Language::{self, English, Spanish};
use crate::domain::money::Money;
use crate::domain::open_sale::OpenSale;
use crate::domain::policy::Policy;
use crate::domain::product::ProductId;
use crate::domain::sale::Answer;
use crate::domain::settings::Settings;
use crate::domain::tax::TaxRate;
use crate::ui::event::{Done, Draft, Problem};
use crate::ui::model::Sold;
use crate::ui::screen::choice::Choice;
use crate::ui::testing::{MILK, committed, frame, press, product, till, till_with};
use crate::ui::{Effect, Event, Model, Screen, update};

const WASHER: &str = "{2000000000046}";
const BREAD: &str = "{2000000000022}";
/// The customer of the washing machine is remembered, in English.
const REMEMBERED: &str = "<F8>l3600123456<Enter><Enter>1<Enter><Enter>";

/// `choice phone language` of what is recorded.
fn told(effects: &[Effect]) -> String {
    let sale = effects.iter().find_map(|effect| match effect {
        Effect::Commit(sale) => Some(sale),
        _ => None,
    });
    let sale = sale.expect("a sale is recorded");
    let answer = sale.sale.answer();
    let customer = answer.customer.as_ref().map(Identifier::canonical).unwrap_or_default();
    format!("{} {customer} {}", answer.choice.as_deref().unwrap_or("-"), sale.language.code())
}

fn not_committed() -> Event {
    let problem = Problem { what: "The disk is full.".to_owned(), remedy: "Make room.".to_owned() };
    Event::Done(Done::NotCommitted(problem))
}

/// Each on 0.2.0 sold the bread into the profile of whoever bought the washing machine.
#[test]
fn an_emptied_basket_says_nothing_to_the_next() {
    for (emptied, how) in [("<F4>", "line voided"), ("<F5>", "undone"), ("<F12>x", "sale voided")] {
        let mut model = till(Spanish);
        press(&mut model, &format!("{WASHER}{REMEMBERED}"));
        press(&mut model, emptied);
        assert!(model.till.is_empty(), "{how}");
        let effects = press(&mut model, &format!("{BREAD}<F10>a"));
        assert_eq!(told(&effects), "-  es", "{how}");
    }
}

/// Taking back the emptying brings the lines back; what was said of them is asked again.
#[test]
fn lines_that_come_back_are_asked_about_again() {
    let mut model = till(Spanish);
    press(&mut model, &format!("{WASHER}{REMEMBERED}<F4><F5>"));
    assert_eq!(model.till.basket().lines().len(), 1);
    assert_eq!(told(&press(&mut model, "<F10>a")), "-  es");
    let mut model = till(Spanish);
    press(&mut model, &format!("{WASHER}{BREAD}{REMEMBERED}<F5>"));
    assert_eq!(told(&press(&mut model, "<F10>a")), "remember phone:+34600123456 en", "the same basket");
}

/// A basket begun while a sale is recorded, a customer who answers meanwhile, and then the sale is
/// not recorded: each keeps what was said of it. On 0.2.0 the second answer was lost.
#[test]
fn a_basket_that_waits_keeps_its_own_answer() {
    let mut model = till(Spanish);
    press(&mut model, &format!("{WASHER}{REMEMBERED}<F10>a{BREAD}<F8>2<Enter>"));
    update(&mut model, not_committed());
    assert_eq!(told(&press(&mut model, "<F10>")), "remember phone:+34600123456 en");
    update(&mut model, committed());
    assert_eq!(told(&press(&mut model, "<F10>a")), "guarantee  es");
}

/// A basket of before a crash never slides under a payment or an answer that belongs to another
/// one, and none of those that wait is lost.
#[test]
fn a_basket_that_comes_back_is_not_put_under_another_ones_answer() {
    let basket = |code: &str| {
        let mut model = till(Spanish);
        press(&mut model, code);
        model.till.sale().clone()
    };
    let draft = || Draft { sale: basket(WASHER), held: vec![basket(WASHER)], ..Draft::default() };
    for keys in ["<F8>", "<F8>3600123456", "<F8>0", "<F10>"] {
        let mut model = till(Spanish);
        press(&mut model, &format!("{BREAD}{keys}"));
        let effects = update(&mut model, Event::Done(Done::Draft(Some(Box::new(draft())))));
        assert_eq!(model.till.basket().lines()[0].name.as_ref(), "Pan de centeno", "{keys}");
        assert!(
            matches!(&effects[..], [Effect::SaveDraft(all)] if all.held.len() == 2),
            "{keys}: {effects:?}"
        );
    }
    let mut model = till(Spanish);
    press(&mut model, &format!("{BREAD}<F8>2<Enter>"));
    let effects = update(&mut model, Event::Done(Done::Draft(Some(Box::new(draft())))));
    assert!(matches!(&effects[..], [Effect::SaveDraft(all)] if all.held.len() == 2), "saved together");
    assert_eq!(told(&press(&mut model, "<F10>a")), "-  es", "who bought the washer is asked again");
    update(&mut model, committed());
    assert_eq!(told(&press(&mut model, "<F10>a")), "guarantee  es", "the bread's own answer");
}

/// What was taken and what the card terminal had are both said: neither is asked for twice.
#[test]
fn a_crash_between_two_payments_says_both() {
    let mut model = till(Spanish);
    press(&mut model, &format!("{WASHER}<F10>100<Enter><F9>"));
    let draft = model.draft();
    assert!(draft.payment.is_some() && draft.terminal.is_some());
    let mut restarted = till(Spanish);
    press(&mut restarted, &format!("{BREAD}<F10>"));
    update(&mut restarted, Event::Done(Done::Draft(Some(draft))));
    assert_eq!(restarted.error.as_deref(), Some("Se cobró 100,00 €; el datáfono tenía 289,00 €. Mírelo."));
}

/// The draft as it comes back from the disk, in a till that has just started.
fn after_a_kill(model: &Model, policy_version: u32) -> Model {
    let mut draft = model.draft();
    draft.policy_version = policy_version;
    let written = serde_json::to_vec(&draft).unwrap();
    let mut restarted = till(Spanish);
    update(&mut restarted, Event::Done(Done::Draft(Some(serde_json::from_slice(&written).unwrap()))));
    restarted
}

/// A crash loses neither what the customer said nor what they paid, and the till says what is back. On
/// other terms than they were shown they are asked again.
#[test]
fn a_crash_keeps_what_was_said_and_paid() {
    let mut model = till(Spanish);
    let effects = press(&mut model, &format!("{WASHER}{REMEMBERED}"));
    assert_eq!(effects.last(), Some(&Effect::SaveDraft(model.draft())), "saved as soon as it is said");
    let version = model.policy.version;
    let mut restarted = after_a_kill(&model, version);
    assert_eq!(
        restarted.hint.as_deref(),
        Some("La cesta que estaba abierta ha vuelto, con lo que eligió el cliente.")
    );
    assert_eq!(told(&press(&mut restarted, "<F10>a")), "remember phone:+34600123456 en");

    let mut asked_again = after_a_kill(&model, version + 1);
    assert!(asked_again.hint.as_ref().unwrap().contains("Pregunte otra vez"), "{:?}", asked_again.hint);
    assert_eq!(told(&press(&mut asked_again, "<F10>a")), "-  en");

    let effects = press(&mut model, "<F10>100<Enter>");
    assert_eq!(effects.last(), Some(&Effect::SaveDraft(model.draft())), "saved as soon as it is taken");
    let mut restarted = after_a_kill(&model, version);
    assert!(matches!(restarted.screen, Screen::Pay(_)));
    assert_eq!(restarted.payment, model.payment);
    assert_eq!(told(&press(&mut restarted, "a")), "remember phone:+34600123456 en");
    assert_eq!(press(&mut model, "<F4>").last(), Some(&Effect::SaveDraft(model.draft())), "given back");
    assert_eq!(after_a_kill(&model, version).payment, None);
}

/// What the terminal was asked for may be on the customer's card already.
#[test]
fn a_crash_at_the_card_terminal_is_said() {
    let mut model = till(Spanish);
    press(&mut model, &format!("{BREAD}<F10>"));
    let effects = press(&mut model, "t");
    assert_eq!(effects, [Effect::SaveDraft(model.draft())]);
    let restarted = after_a_kill(&model, model.policy.version);
    let said = restarted.error.unwrap();
    assert!(said.contains("1,80") && said.contains("datáfono"), "{said}");
    let effects = press(&mut model, "n");
    assert_eq!(effects, [Effect::SaveDraft(model.draft())]);
    assert_eq!(after_a_kill(&model, model.policy.version).error, None);
}

/// It is said until somebody has paid or has looked: whatever becomes of the basket, and after the next crash.
#[test]
fn what_the_card_terminal_had_is_said_until_somebody_has_looked() {
    let said = "! Antes de cobrar, mire el datáfono: tenía 1,80 €.";
    let version = 2;
    for voided in ["<F4>", "<F12>x", ""] {
        let mut model = till(Spanish);
        press(&mut model, &format!("{BREAD}<F10>t"));
        let mut restarted = after_a_kill(&model, version);
        let effects = press(&mut restarted, voided);
        assert!(effects.is_empty() || effects == [Effect::SaveDraft(restarted.draft())], "{effects:?}");
        assert!(!restarted.draft().is_empty(), "{voided}: what is to be looked for is kept");
        let mut again = after_a_kill(&restarted, version);
        assert!(frame(&mut again, 80, 24).contains(said), "{}", frame(&mut again, 80, 24));
        press(&mut again, &format!("{BREAD}{{2000000000015}}<F4>"));
        assert!(frame(&mut again, 80, 24).contains(said), "after good acts, too");
        // Nobody charges before it was asked; Enter leaves it as it is.
        press(&mut again, "<F10>");
        let question = frame(&mut again, 80, 24);
        assert!(question.contains("¿Lo ha mirado?") && question.contains("tenía 1,80 €"), "{question}");
        press(&mut again, "<Enter>");
        assert!(matches!(again.screen, Screen::Sell) && frame(&mut again, 80, 24).contains(said));
        let effects = press(&mut again, "<F10>x");
        assert!(matches!(again.screen, Screen::Pay(_)) && again.draft().terminal.is_none());
        assert_eq!(effects, [Effect::SaveDraft(again.draft())]);
        assert!(!frame(&mut again, 80, 24).contains("datáfono:"));
    }
}

/// A payment that goes on at once asks before the card, and ends with the sale.
#[test]
fn a_payment_that_goes_on_asks_before_the_card() {
    let mut model = till(Spanish);
    press(&mut model, &format!("{WASHER}<F10>100<Enter><F9>"));
    let mut restarted = after_a_kill(&model, 2);
    assert!(matches!(restarted.screen, Screen::Pay(_)));
    press(&mut restarted, "5<Backspace>");
    assert!(frame(&mut restarted, 80, 24).contains("mire el datáfono: tenía 289,00 €"));
    let mut looked = restarted.clone();
    assert_eq!(press(&mut looked, "<F9>"), []);
    press(&mut looked, "x");
    assert!(
        looked.draft().terminal == Some(Money(28_900)) && frame(&mut looked, 80, 24).contains("¿aprobada")
    );
    press(&mut restarted, "a");
    update(&mut restarted, committed());
    assert!(restarted.draft().is_empty());
    // What was taken for a basket that waits is kept as well.
    let mut other = till(Spanish);
    press(&mut other, &format!("{BREAD}<F10>"));
    update(&mut other, Event::Done(Done::Draft(Some(model.draft()))));
    let after = after_a_kill(&other, 2);
    assert_eq!(after.error.as_deref(), Some("Se cobró 100,00 €; el datáfono tenía 289,00 €. Mírelo."));
}

/// Taken back with its basket, an answer stays away, and that is said.
#[test]
fn undoing_a_void_says_that_the_customer_is_to_be_asked_again() {
    let mut model = till(English);
    for (keys, asks) in
        [("<F8>1<Enter><F12>x<F5>", true), ("<F12>x<F5>", false), ("<F8>2<Enter><F4><F5>", true)]
    {
        press(&mut model, &format!("<F12>x{BREAD}{keys}"));
        let said = model.hint.clone().unwrap();
        assert_eq!(said.contains("Ask again"), asks, "{keys}: {said}");
        assert_eq!(model.till.answer().choice, None);
    }
}

/// Esc says what it does: an earlier choice stands.
#[test]
fn leaving_the_form_leaves_the_earlier_choice() {
    let mut model = till(English);
    press(&mut model, &format!("{BREAD}<F8>3"));
    assert!(frame(&mut model, 80, 24).contains("Back, remember nothing"));
    press(&mut model, "<Esc>2<Enter><F8>3");
    let shown = frame(&mut model, 80, 24);
    assert!(
        shown.contains("Back, your earlier choice stands") && !shown.contains("remember nothing"),
        "{shown}"
    );
    press(&mut model, "<Esc><Esc>");
    assert_eq!(model.till.answer().choice.as_deref(), Some("guarantee"));
    // And the form speaks the customer's language, without losing what is typed.
    press(&mut model, "<F8>3600<F2>");
    assert!(frame(&mut model, 80, 24).contains("Recordarla para mí"));
    assert!(frame(&mut model, 80, 24).contains("600"));
}

/// Whoever is forgotten is in no open basket either.
#[test]
fn a_forgotten_customer_leaves_the_draft() {
    let mut model = till(Spanish);
    press(&mut model, &format!("{WASHER}{REMEMBERED}"));
    let phone = model.till.answer().customer.clone().unwrap();
    let other = crate::domain::customer::Identifier::phone("600123457", "34").unwrap();
    let mut draft = model.draft();
    assert!(!draft.forget(&[other]));
    assert!(draft.forget(&[phone]));
    assert_eq!(draft.sale.answer().choice, None);
    assert_eq!(draft.sale.basket(), model.till.basket());
}

/// As 0.2.0 wrote it.
#[test]
fn an_old_draft_is_read() {
    for (text, held) in [
        (r#"{"basket":{"lines":[],"discount":null},"held":null}"#, 0),
        (r#"{"basket":{"lines":[],"discount":null},"held":{"lines":[],"discount":null}}"#, 1),
        (r#"{"basket":{"lines":[],"discount":null}}"#, 0),
    ] {
        assert_eq!(serde_json::from_str::<Draft>(text).unwrap().held.len(), held, "{text}");
    }
}

/// What is known of a sale by watching it: the names of its lines, each given once in a test, and
/// what was said while it had lines.
#[derive(Clone, Debug, Default)]
struct Watched {
    lines: Vec<Arc<str>>,
    answer: Answer,
    language: Option<Language>,
    policy_version: u32,
}

impl Watched {
    fn is(&self, sale: &OpenSale) -> bool {
        sale.basket().lines().iter().any(|line| self.lines.contains(&line.name))
    }
}

/// Every sale that has lines: open, waiting or being recorded.
fn sales(model: &Model) -> Vec<&OpenSale> {
    let recording = match &model.sold {
        Some(Sold::Recording(waiting)) => Some(&waiting.sale),
        _ => None,
    };
    let all = [model.till.sale()].into_iter().chain(&model.held).chain(recording);
    all.filter(|sale| !sale.is_empty()).collect()
}

/// One event, and what must hold after it. A sale goes on where it shares a line with one of
/// before, and is new where it shares none; an answer comes from the customer's screens alone.
fn watch(model: &mut Model, event: Event, watched: &mut Vec<Watched>) -> Result<(), TestCaseError> {
    let asked = matches!(model.screen, Screen::Choice(Choice::Asking) | Screen::Remember(_));
    let customer = asked || matches!(model.screen, Screen::Choice(_) | Screen::Notice(_));
    let said = format!("{event:?}");
    let effects = update(model, event);
    let answered = asked && matches!(model.screen, Screen::Choice(Choice::Answered));
    let mut now = Vec::new();
    for sale in sales(model) {
        let mut known = watched.iter().find(|known| known.is(sale)).cloned().unwrap_or_default();
        let open = std::ptr::eq(sale, model.till.sale());
        if open && answered {
            known.answer = sale.answer().clone();
            known.policy_version = model.policy.version;
        }
        if open && customer {
            known.language = sale.language();
        }
        prop_assert_eq!(sale.answer(), &known.answer, "{}", &said);
        prop_assert_eq!(sale.language(), known.language, "{}", &said);
        known.lines = sale.basket().lines().iter().map(|line| line.name.clone()).collect();
        now.push(known);
    }
    for effect in &effects {
        if let Effect::Commit(waiting) = effect {
            let known = now.iter().find(|known| known.is(&waiting.sale)).expect("it is being recorded");
            prop_assert_eq!(waiting.sale.answer(), &known.answer);
            prop_assert_eq!(waiting.language, known.language.unwrap_or(Spanish));
            prop_assert!(known.answer.choice.is_none() || waiting.policy_version == known.policy_version);
        }
    }
    *watched = now;
    Ok(())
}

/// A catalogue with a department, and with nothing that stray keys find: two baskets with the same product
/// could not be told apart.
fn nothing_typed_finds() -> Arc<Catalogue> {
    let product = product(MILK, "§", "§", "Lácteos", 115, 400);
    Arc::new(Catalogue::from_image(build_image(&[(ProductId(1), product)])).unwrap())
}

/// An item by department, with a name that no other has.
fn line(name: &str) -> Line {
    Line::open(name, "Lácteos", Money(100), TaxRate(400))
}

/// What a person does, what the store says, and stray keys: `number` is the step's own.
fn acts(number: usize, act: usize) -> Vec<Event> {
    let baskets = |count: usize| {
        let basket = |n: usize| {
            let mut basket = Basket::default();
            basket.add(line(&format!("d{number} {n}"))).map(|_| basket).unwrap_or_default()
        };
        (0..count).map(basket).collect::<Vec<_>>()
    };
    let policy = || {
        let mut policy = Policy::shipped();
        policy.version = 2 + u32::try_from(number).unwrap_or(0);
        policy
    };
    let typed = match act {
        0..=4 => format!("<F9><Enter>1,00 x{number}<Enter>"),
        5 => format!("<F8>36{:08}<Enter><Enter>1<Enter><Enter>", 10_000_000 + number),
        6 => "<F8>1<Enter>".to_owned(),
        7 => "<F8>2<Enter>".to_owned(),
        8 => "<F8>l".to_owned(),
        9 => "<F8>3".to_owned(),
        10..=11 => "<F4>".to_owned(),
        12..=13 => "<F5>".to_owned(),
        14 => "<F12>x".to_owned(),
        15..=16 => "<F10>a".to_owned(),
        17..=18 => return vec![committed()],
        19..=20 => return vec![not_committed()],
        21 => {
            let draft = Draft {
                sale: OpenSale::of(baskets(1).remove(0)),
                held: baskets(3)[1..].iter().cloned().map(OpenSale::of).collect(),
                ..Draft::default()
            };
            return vec![Event::Done(Done::Draft(Some(Box::new(draft))))];
        }
        22 => return vec![Event::Done(Done::Policy(Arc::new(policy())))],
        23 => return vec![Event::Press { column: 40, row: u16::try_from(number % 24).unwrap_or(0) }],
        other => ["<Esc>", "<Enter>", "l", "1", "2", "<F10>", "<F8>", "0", "<Tab>", "<F2>", "x", "<Up>"]
            [other % 12]
            .to_owned(),
    };
    crate::ui::testing::keys(&typed).into_iter().map(Event::Key).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Every sale that is recorded carries the answer and the language that were given on its own
    /// basket, without the basket having been empty in between, under the policy that was shown.
    #[test]
    fn no_answer_and_no_language_ever_passes_to_another_basket(
        turned in any::<bool>(),
        steps in prop::collection::vec(0usize..36, 1..60),
    ) {
        let mut settings = Settings::default();
        settings.customer_screen.turned = turned;
        let mut model = till_with(settings);
        model.catalogue = Some(nothing_typed_finds());
        let mut watched = Vec::new();
        for (number, act) in steps.into_iter().enumerate() {
            for event in acts(number, act) {
                watch(&mut model, event, &mut watched)?;
            }
        }
    }
}
