//! The customer's choice: what the store may remember of this purchase.
//!
//! Fair by construction: the cards come from one [`Deck`], none is preselected or marked, each
//! answers to one key and one touch, and nobody is asked twice. "Remember" goes on to a form,
//! since someone must be named, so to forget never takes more than to remember. Whoever does not
//! answer gets the bare minimum.
//!
//! Until the sale is recorded an answer is only noted, and the words say so: "when you have paid". Nothing
//! moves here: what is seen to go has gone, so the basket dissolves when its sale is recorded
//! ([`super::dissolve`]), where the screen stands turned to the customer then.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::{notice, remember, sell};
use crate::domain::policy::{Card, Memory, Notice};
use crate::domain::sale::Answer;
use crate::ui::event::Effect;
use crate::ui::keymap::Action;
use crate::ui::model::{Button, Model, Screen, ScreenId};
use crate::ui::widgets::card::Deck;
use crate::ui::widgets::customer::{self, draw_key_row, draw_lines, draw_total, key_row};
use crate::ui::widgets::{put, row, wrapped};

/// What only this screen knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The cards.
    #[default]
    Asking,
    /// The answer is noted, and its sentence stands on the screen.
    Answered,
}

/// Shows the choice to the customer.
pub fn open(model: &mut Model) -> Vec<Effect> {
    model.error = None;
    model.screen = Screen::Choice(Choice::Asking);
    Vec::new()
}

/// Shows that the answer is noted.
pub fn confirm(model: &mut Model, answer: Answer) -> Vec<Effect> {
    model.till.answered(answer);
    model.screen = Screen::Choice(Choice::Answered);
    sell::save(model)
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    model.error = None;
    let Screen::Choice(state) = &model.screen else { return Vec::new() };
    match (action, state) {
        (Action::Choose(number), Choice::Asking) => return choose(model, number),
        (Action::Language, _) => return next_language(model),
        (Action::ReadAll, Choice::Asking) => notice::open(model, false),
        (Action::Complaint, Choice::Asking) => notice::open(model, true),
        (Action::Back, Choice::Answered) => model.screen = Screen::Choice(Choice::Asking),
        (Action::Back | Action::Accept, _) => model.to_till(),
        _ => {}
    }
    Vec::new()
}

/// The next of the languages that the policy speaks.
pub fn next_language(model: &mut Model) -> Vec<Effect> {
    let spoken = &model.policy.languages;
    let now = spoken.iter().position(|language| *language == model.customer_language());
    let next = now.map_or(0, |now| (now + 1) % spoken.len());
    if let Some(&language) = spoken.get(next) {
        model.till.speaks(language);
    }
    sell::save(model)
}

pub fn buttons(model: &Model, state: &Choice) -> Vec<Button> {
    let layout = Layout::of(model, state, &customer::notice(model), model.size);
    let cards =
        (1..).zip(&layout.deck.cards).map(|(key, &area)| Button { area, action: Action::Choose(key) });
    let language = Button { area: layout.language, action: Action::Language };
    let foot = foot(model, state, layout.foot).into_iter().map(|(button, ..)| button);
    cards.chain([language]).chain(foot).collect()
}

pub fn draw(model: &Model, state: &Choice, frame: &mut Frame) {
    let notice = customer::notice(model);
    let layout = Layout::of(model, state, &notice, frame.area());
    let (basket, words, buffer) = (model.till.basket(), customer::words(model), frame.buffer_mut());
    draw_total(model, words, basket, layout.header, buffer);
    draw_languages(model, layout.language, buffer);
    draw_lines(model, words, basket, layout.lines, buffer);
    match state {
        Choice::Asking => {
            put(buffer, layout.question, &notice.question, model.theme.strong);
            layout.deck.draw(&notice, &model.theme, buffer);
        }
        Choice::Answered => draw_answer(model, &notice, layout.question, buffer),
    }
    draw_message(model, state, &notice, layout.message, buffer);
    draw_key_row(model, &foot(model, state, layout.foot), buffer);
}

/// One key or touch chooses, whichever card it is.
fn choose(model: &mut Model, number: u8) -> Vec<Effect> {
    let place = usize::from(number).wrapping_sub(1);
    let Some((id, memory)) = model.policy.choices.get(place).map(|c| (c.id.clone(), c.memory)) else {
        return Vec::new();
    };
    if memory == Memory::Profile {
        remember::open(model, &id);
        return Vec::new();
    }
    confirm(model, Answer { choice: Some(id), ..Answer::default() })
}

/// The card of the noted answer.
fn noted<'a>(model: &Model, notice: &'a Notice) -> Option<&'a Card> {
    notice.cards.iter().find(|card| Some(&card.choice) == model.till.answer().choice.as_ref())
}

fn draw_languages(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (key, mut x) = (language_key(model), area.x);
    put(buffer, area, &key, model.theme.action);
    x += u16::try_from(key.width() + 2).unwrap_or(0);
    for language in &model.policy.languages {
        let now = *language == model.customer_language();
        let style = if now { model.theme.strong } else { model.theme.text };
        let at = Rect { x, width: area.right().saturating_sub(x), ..area };
        put(buffer, at, language.own_name(), style);
        x += u16::try_from(language.own_name().width() + 3).unwrap_or(0);
    }
}

fn draw_answer(model: &Model, notice: &Notice, area: Rect, buffer: &mut Buffer) {
    let Some(card) = noted(model, notice) else { return };
    let words = customer::words(model);
    let heading = words.format("choice-noted", &[("title", card.title.as_str().into())]);
    put(buffer, row(area, 0), &heading, model.theme.strong);
    put(buffer, row(area, 1), &words.text("choice-when-paid"), model.theme.text);
    for (index, line) in (2..area.height).zip(wrapped(&card.after, area.width.into())) {
        put(buffer, row(area, index), &line, model.theme.text);
    }
}

/// What a scanner sent here, what is noted already, or what happens without an answer.
fn draw_message(model: &Model, state: &Choice, notice: &Notice, area: Rect, buffer: &mut Buffer) {
    if let Some(error) = &model.error {
        put(buffer, area, &format!("! {error}"), model.theme.trouble);
    } else if *state == Choice::Asking {
        let text = match noted(model, notice) {
            Some(card) => {
                customer::words(model).format("choice-noted-change", &[("title", card.title.as_str().into())])
            }
            None => notice.default.clone(),
        };
        put(buffer, area, &text, model.theme.text);
    }
}

fn foot(model: &Model, state: &Choice, area: Rect) -> Vec<(Button, String, String)> {
    let entries: &[_] = match state {
        Choice::Asking => &[
            (Action::ReadAll, "choice-read-all"),
            (Action::Complaint, "choice-complaints"),
            (Action::Back, "choice-till"),
        ],
        Choice::Answered => &[(Action::Accept, "choice-done"), (Action::Back, "choice-change")],
    };
    key_row(model, ScreenId::Choice, area, customer::words(model), entries)
}

fn language_key(model: &Model) -> String {
    model.keymap.shown(ScreenId::Choice, Action::Language).map(|key| key.to_string()).unwrap_or_default()
}

struct Layout {
    header: Rect,
    /// Empty where the policy speaks one language only.
    language: Rect,
    lines: Rect,
    /// The question, or the sentences of the answer.
    question: Rect,
    deck: Deck,
    message: Rect,
    foot: Rect,
}

/// From here on the basket has a column of its own.
const WIDE: u16 = 108;

impl Layout {
    fn of(model: &Model, state: &Choice, notice: &Notice, area: Rect) -> Layout {
        let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }.intersection(area);
        let header = row(inner, 0);
        let names: usize =
            model.policy.languages.iter().map(|language| language.own_name().width() + 3).sum();
        let width = u16::try_from(language_key(model).width() + names).unwrap_or(0).min(header.width);
        let width = if model.policy.languages.len() > 1 { width } else { 0 };
        let language = Rect { x: header.right() - width, width, ..header };
        let middle = Rect { y: inner.y + 2, height: inner.height.saturating_sub(4), ..inner };
        let (lines, question, deck) = match state {
            Choice::Asking => asking(middle.intersection(inner), notice, model.till.basket().lines().len()),
            Choice::Answered => answered(middle.intersection(inner)),
        };
        let (message, foot) =
            (row(inner, inner.height.saturating_sub(2)), row(inner, inner.height.saturating_sub(1)));
        Layout { header, language, lines, question, deck, message, foot }
    }
}

/// The basket beside the cards where there is room, else above them, with a few lines at least.
fn asking(middle: Rect, notice: &Notice, lines: usize) -> (Rect, Rect, Deck) {
    if middle.width >= WIDE {
        let lines = Rect { width: 34, ..middle };
        let right = Rect { x: middle.x + 37, width: middle.width - 37, ..middle };
        let below = |y: u16| Rect { y: right.y + y, height: right.height.saturating_sub(y), ..right };
        // The question stands in the upper third, the cards below it.
        let free = right.height.saturating_sub(Deck::lay(notice, below(2)).height() + 2);
        return (lines, row(right, free / 3), Deck::lay(notice, below(free / 3 + 2)));
    }
    // The question and a blank line, up to four lines of the basket and another, but every word of the
    // cards, each on its own line, before that.
    let wanted = u16::try_from(lines).unwrap_or(u16::MAX).min(4) + 1;
    let above = (0..=wanted).rev().map(|kept| (kept, 2)).chain([(0, 1)]);
    let room = |above: u16| Rect { height: middle.height.saturating_sub(above), ..middle };
    let decks: Vec<(Deck, u16)> =
        above.map(|(kept, question)| (Deck::lay(notice, room(kept + question)), question)).collect();
    let whole = |(deck, _): &&(Deck, u16)| !deck.is_cut && !deck.is_tight();
    let Some((best, question)) = decks.iter().find(whole).or(decks.iter().find(|(deck, _)| !deck.is_cut))
    else {
        // More cards than stand there whole: up to the first row, and no blank lines.
        let cards = Rect { y: middle.y, height: middle.height, ..middle };
        return (Rect { height: 0, ..middle }, row(above_of(middle), 0), Deck::lay(notice, cards));
    };
    let height = best.height();
    let above = middle.height.saturating_sub(height + question);
    let cards = Rect { y: middle.y + above + question, height, ..middle }.intersection(middle);
    // One row would only say how many lines there are.
    let height = above.saturating_sub(1);
    let lines = Rect { height: if height > 1 { height } else { 0 }, ..middle };
    (lines, row(middle, above), Deck::lay(notice, cards))
}

/// The row above an area.
fn above_of(area: Rect) -> Rect {
    Rect { y: area.y.saturating_sub(1), height: 1, ..area }
}

/// The sentences first, the lines below them.
fn answered(middle: Rect) -> (Rect, Rect, Deck) {
    let question = Rect { height: middle.height.min(5), ..middle };
    let below = middle.height.saturating_sub(6);
    let lines = Rect { y: middle.bottom() - below, height: below, width: middle.width.min(64), ..middle };
    (lines, question, Deck::default())
}

#[cfg(test)]
mod tests;
