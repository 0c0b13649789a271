//! What an event changes, and what it asks for.

use super::event::{ClockSaid, Done, Effect, Event};
use super::key::{Code, Key};
use super::keymap::Action;
use super::model::{Model, Overlay, Question, Screen};
use super::recent::{self, Recent};
use super::screen::{choice, dissolve, lock, notice, overlay, pay, remember, sell, setup};
use super::widgets::{customer, fitted};
use crate::domain::text::looks_like_payment_card;

/// Changes the model; returns what the application must now do, in order.
pub fn update(model: &mut Model, event: Event) -> Vec<Effect> {
    let mut effects = changes(model, event);
    // What left for the store is no first piece of a code any more.
    if effects.iter().any(|effect| !matches!(effect, Effect::SaveDraft(_) | Effect::Beep)) {
        model.recent = Recent::default();
    }
    effects.extend(renew(model));
    ask_about_clock(model);
    effects
}

/// Between two baskets, where somebody sells, asks once a day whether the clock is right.
fn ask_about_clock(model: &mut Model) {
    if let Some(ClockSaid::Doubt { clock, trusted }) = model.clock
        && model.clock_left_open != Some(clock)
        && model.overlay.is_none()
        && matches!(model.screen, Screen::Sell)
        && model.is_between_baskets()
    {
        model.overlay = Some(Overlay::Confirm(Question::Clock { clock, trusted }));
    }
}

/// Fewest characters that are a code where nobody scans.
const SHORTEST_CODE: usize = 4;

/// Between two baskets, takes into force what the hub sent.
fn renew(model: &mut Model) -> Option<Effect> {
    if !model.is_between_baskets() {
        return None;
    }
    if let Some(catalogue) = model.next.catalogue.take() {
        model.catalogue = Some(catalogue);
    }
    let policy = model.next.policy.take()?;
    model.policy = policy;
    Some(Effect::AdoptPolicy(model.policy.version))
}

fn changes(model: &mut Model, event: Event) -> Vec<Effect> {
    // What was done last has been read by whoever goes on; whoever unlocks the till has yet to see it.
    if matches!(event, Event::Key(_) | Event::Press { .. }) && !matches!(model.screen, Screen::Lock(_)) {
        model.hint = None;
    }
    match event {
        Event::Key(key) => on_persons_key(model, key),
        Event::Swift(key) => on_swift(model, key),
        Event::Burst(text) => on_burst(model, &text),
        Event::Pause => {
            model.recent = Recent::default();
            Vec::new()
        }
        Event::Press { column, row } => {
            model.recent = Recent::default();
            on_press(model, column, row)
        }
        Event::Wheel { down } => on_action(model, if down { Action::Down } else { Action::Up }),
        Event::Resize(width, height) => {
            model.size.width = width;
            model.size.height = height;
            Vec::new()
        }
        Event::Clock(now) => {
            model.now = Some(now);
            Vec::new()
        }
        Event::Frame { elapsed_ms } => {
            dissolve::frame(model, elapsed_ms);
            Vec::new()
        }
        Event::Done(done) => {
            use Done::{Committed, Draft, NotCommitted, Pin, SetUp, SettingUp};
            if let Draft(_) | Committed(_) | NotCommitted(_) | Pin(_) | SetUp(_) | SettingUp { .. } = done {
                match model.takes_keys_at_once() {
                    true => model.recent.settle(),
                    false => model.recent = Recent::default(),
                }
            }
            on_done(model, done)
        }
    }
}

/// A key as a person presses it. Only what follows tells whether a character was the first of a code.
fn on_persons_key(model: &mut Model, key: Key) -> Vec<Effect> {
    if let Some(c) = key.written() {
        recent::note(model, c);
        return on_key(model, key);
    }
    let effects = on_key(model, key);
    model.recent = Recent::default();
    effects
}

fn on_key(model: &mut Model, key: Key) -> Vec<Effect> {
    if let Some(action) = model.keymap.action(model.screen_id(), key) {
        return on_action(model, action);
    }
    if model.overlay.is_some() {
        return Vec::new();
    }
    match model.screen {
        Screen::Sell => sell::typed(model, key, false),
        Screen::Pay(_) => pay::typed(model, key),
        Screen::Remember(_) => remember::typed(model, key),
        Screen::Setup(_) => setup::typed(model, key),
        Screen::Lock(_) => lock::typed(model, key),
        Screen::Notice(_) => notice::typed(model, key),
        Screen::Choice(_) | Screen::Dissolve(_) => Vec::new(),
    }
}

/// A scanner's key: it writes or ends a code, and does nothing else.
fn on_swift(model: &mut Model, key: Option<Key>) -> Vec<Effect> {
    let Some(key) = key else {
        model.error = Some(model.locale.text("sell-key-in-scan").into_owned());
        return vec![Effect::Beep];
    };
    if !model.takes_keys_at_once() {
        return on_burst(model, &key.written().map(String::from).unwrap_or_default());
    }
    match (key.code, key.written()) {
        (Code::Enter | Code::Tab, _) => end_scan(model),
        (_, Some(c)) => {
            model.recent.push(c);
            sell::typed(model, key, true)
        }
        _ => on_key(model, key),
    }
}

/// The end of a code on the selling screen.
fn end_scan(model: &mut Model) -> Vec<Effect> {
    let effects = sell::accept(model, true);
    model.recent = Recent::default();
    effects
}

pub(super) fn on_action(model: &mut Model, action: Action) -> Vec<Effect> {
    if model.overlay.is_some() {
        return overlay::act(model, action);
    }
    match model.screen {
        Screen::Sell => sell::act(model, action),
        Screen::Pay(_) => pay::act(model, action),
        Screen::Choice(_) => choice::act(model, action),
        Screen::Remember(_) => remember::act(model, action),
        Screen::Notice(_) => notice::act(model, action),
        Screen::Dissolve(_) => dissolve::act(model, action),
        Screen::Setup(_) => setup::act(model, action),
        Screen::Lock(_) => lock::act(model, action),
    }
}

/// What came at once where nobody scans, with what came just before it. Where only something to read or a question
/// covers the selling screen, the scans sell; elsewhere they are shown and do nothing.
fn on_burst(model: &mut Model, piece: &str) -> Vec<Effect> {
    // Uncovered, the selling screen has the earlier pieces.
    let is_covered = !model.takes_keys_at_once();
    if is_covered && model.recent.is_held_key(piece) {
        return Vec::new();
    }
    let text = if is_covered { recent::join(model, piece) } else { piece.to_owned() };
    let noted = (model.till.answer().clone(), model.customer_language());
    let stood = recent::take_back(model);
    // No code is so short: nothing is uncovered for it, and nothing sold.
    let is_code = signs(&text) >= SHORTEST_CODE;
    let mut effects = if let Some(line) = typed_at_once(model, &text) {
        line.chars().flat_map(|c| on_key(model, Key::char(c))).collect()
    } else if is_code && matches!(model.screen, Screen::Sell | Screen::Dissolve(_)) {
        model.screen = Screen::Sell;
        if is_covered {
            model.overlay = None;
            model.recent = Recent::default();
        }
        scan_at_once(model, &text)
    } else {
        // What a person did just before a quick key stands.
        if let Some(stood) = stood.filter(|_| !is_code) {
            recent::show(model, stood);
        }
        refuse_scan(model, &text, is_code || signs(piece) > MOST_KEYS);
        vec![Effect::Beep]
    };
    if (model.till.answer(), model.customer_language()) != (&noted.0, noted.1) {
        effects.extend(sell::save(model));
    }
    effects
}

fn signs(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// So many keys at once a person may have pressed.
const MOST_KEYS: usize = 2;

/// Says that nothing came of it: of a code that it is not for here, of a key or two that they can be pressed again.
fn refuse_scan(model: &mut Model, text: &str, is_scan: bool) {
    let (words, id) = match model.screen {
        Screen::Choice(_) | Screen::Remember(_) | Screen::Notice(_) => {
            (customer::words(model), "choice-scanned")
        }
        Screen::Lock(_) => (model.locale, "sell-scan-refused-locked"),
        Screen::Setup(_) => (model.locale, "setup-scanned"),
        Screen::Pay(_) => (model.locale, "sell-scan-refused"),
        Screen::Sell | Screen::Dissolve(_) => (model.locale, "sell-scan-nothing"),
    };
    // It may be a PIN that somebody typed fast.
    let asks_pin = match &model.screen {
        Screen::Lock(_) => true,
        Screen::Setup(setup) => setup.asks_pin(),
        _ => false,
    };
    let code = if asks_pin { "…".to_owned() } else { scanned(text) };
    let id = if is_scan { id } else { "sell-key-in-scan" };
    model.error = Some(words.format(id, &[("code", code.into())]));
}

/// Codes for the selling screen, one after the other.
fn scan_at_once(model: &mut Model, text: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut begins = true;
    for c in text.chars().filter(|c| *c != char::REPLACEMENT_CHARACTER) {
        let end = matches!(c, '\n' | '\r');
        // CR and LF end one code.
        if !(end && begins) {
            effects.extend(if end {
                end_scan(model)
            } else {
                model.recent.push(c);
                sell::typed(model, Key::char(c), !begins)
            });
        }
        begins = end;
    }
    effects
}

/// What came at once and is still no product's code: a loyalty card's number scanned, or an address
/// pasted, into a field for it; an amount with a decimal sign, which no barcode has. It is written
/// where the cursor stands, without its Enter, so that a person sees it before it counts.
fn typed_at_once<'a>(model: &Model, text: &'a str) -> Option<&'a str> {
    let line = text.trim_end_matches('\n');
    let fits = match &model.screen {
        _ if model.overlay.is_some() => false,
        Screen::Remember(remember) => remember.takes_text(),
        Screen::Setup(setup) => setup.takes_text(),
        Screen::Pay(pay) => !pay.asks_terminal() && is_amount(line),
        _ => false,
    };
    let odd = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
    let plain = !line.is_empty() && !line.contains(odd) && !looks_like_payment_card(line);
    (fits && plain).then_some(line)
}

/// Such as `20,00`: at most six digits, a decimal sign, one or two more.
fn is_amount(text: &str) -> bool {
    let digits =
        |part: &str, most| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    text.split_once([',', '.']).is_some_and(|(whole, cents)| digits(whole, 6) && digits(cents, 2))
}

/// A scanned code as it may be shown: short, and never what looks like a payment card's number.
fn scanned(text: &str) -> String {
    let seen = |c: &char| !c.is_control() && *c != char::REPLACEMENT_CHARACTER;
    let code: String = text.chars().take_while(|c| *c != '\n').filter(seen).collect();
    if code.is_empty() || looks_like_payment_card(&code) { "…".to_owned() } else { fitted(&code, 20) }
}

fn on_press(model: &mut Model, column: u16, row: u16) -> Vec<Effect> {
    let buttons = super::view::buttons(model);
    let hit = buttons.iter().rev().find(|button| button.area.contains((column, row).into()));
    hit.map(|button| button.action).map_or_else(Vec::new, |action| on_action(model, action))
}

fn on_done(model: &mut Model, done: Done) -> Vec<Effect> {
    match done {
        Done::Catalogue(catalogue) if model.catalogue.is_some() => {
            model.next.catalogue = Some(catalogue);
            Vec::new()
        }
        Done::Catalogue(catalogue) => {
            model.catalogue = Some(catalogue);
            sell::catch_up(model)
        }
        Done::Draft(draft) => sell::resume(model, draft.map(|draft| *draft)),
        Done::LastTicket(receipt) => {
            model.receipt = receipt;
            Vec::new()
        }
        Done::Committed(committed) => pay::committed(model, *committed),
        Done::NotCommitted(problem) => pay::not_committed(model, &problem),
        Done::Pin(answer) => lock::answered(model, answer),
        Done::SettingUp { done, total } => {
            setup::progressed(model, done, total);
            Vec::new()
        }
        Done::SetUp(result) => setup::answered(model, result),
        Done::Trouble(problem) => {
            model.trouble = problem.map(|p| p.what);
            Vec::new()
        }
        Done::Clock(said) => {
            model.clock = said;
            if let (None, Some(Overlay::Confirm(Question::Clock { .. }))) = (said, model.overlay) {
                model.overlay = None;
            }
            Vec::new()
        }
        Done::Sync(status) => {
            model.sync = Some(status);
            Vec::new()
        }
        Done::Policy(policy) => {
            model.next.policy = Some(policy);
            Vec::new()
        }
    }
}
