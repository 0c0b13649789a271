//! What was typed without a pause. A scanner that stutters may have sent all of it: its code comes in pieces, and a
//! first piece of a few signs looks like a person's. Once the rest shows what it was, the pieces are joined where the
//! code belongs, and what the first of them did is taken back.

use std::fmt;

use super::model::{Model, Screen, ScreenId};
use crate::domain::language::Language;
use crate::domain::sale::Answer;

/// A scanner that stutters parts a code in two or three. What comes in more pieces is a person's keys.
const PIECES_MAX: u8 = 3;

/// What a first piece can have changed.
#[derive(Clone)]
pub struct Shown {
    screen: Screen,
    answer: Answer,
    language: Language,
}

/// What came since the last [`super::Event::Pause`].
#[derive(Clone, Default)]
pub struct Recent {
    /// Characters in their order, `\n` for the end of a code.
    text: String,
    /// In so many pieces, each without the pause that a person makes between two keys.
    pieces: u8,
    /// What was shown before the first of them that did something there.
    before: Option<Box<Shown>>,
}

impl Recent {
    /// All of it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A character goes to the selling screen.
    pub fn push(&mut self, c: char) {
        self.text.push(c);
    }

    /// Another piece begins.
    pub fn begin_piece(&mut self) {
        self.pieces = self.pieces.saturating_add(1);
    }

    /// The screen has changed otherwise: what came before that is not taken back.
    pub fn settle(&mut self) {
        self.before = None;
    }

    /// Whether all that came is one key, which is held down.
    pub fn is_held_key(&self, piece: &str) -> bool {
        let first = self.text.chars().next();
        first.is_some_and(|first| first != '\n' && self.text.chars().chain(piece.chars()).all(|c| c == first))
    }
}

/// A person's character is about to do what it does, unless it turns out to be the first of a code.
pub fn note(model: &mut Model, c: char) {
    let does_something = match &model.screen {
        _ if model.overlay.is_some() => false,
        Screen::Pay(_) | Screen::Lock(_) | Screen::Setup(_) => model.writes(c),
        Screen::Choice(_) | Screen::Remember(_) | Screen::Notice(_) => true,
        Screen::Sell | Screen::Dissolve(_) => false,
    };
    if does_something {
        note_screen(model);
    }
    model.recent.push(c);
}

fn note_screen(model: &mut Model) {
    if model.recent.before.is_none() {
        model.recent.before = Some(Box::new(shown(model, model.screen.clone())));
    }
}

fn shown(model: &Model, screen: Screen) -> Shown {
    Shown { screen, answer: model.till.answer().clone(), language: model.customer_language() }
}

/// Adds a piece of a code and returns the whole of it, as far as it has come.
pub fn join(model: &mut Model, piece: &str) -> String {
    let ends_only = piece.chars().all(|c| c == '\n');
    // What ended is a code of its own.
    let is_next = model.recent.text.ends_with('\n') && !ends_only;
    if is_next || model.recent.pieces > PIECES_MAX {
        model.recent = Recent::default();
        model.recent.begin_piece();
    }
    note_screen(model);
    model.recent.text.push_str(piece);
    model.recent.text.clone()
}

/// Shows the screen as it was before the first piece, and returns what stood there. Money, and whatever left for the
/// store, is not taken back: the screen has changed with it.
pub fn take_back(model: &mut Model) -> Option<Shown> {
    let before = model.recent.before.as_deref()?;
    let asks_customer = |id| matches!(id, ScreenId::Choice | ScreenId::Remember | ScreenId::Notice);
    let (was, is) = (before.screen.id(), model.screen.id());
    let goes_back = was == is || asks_customer(was) && asks_customer(is);
    goes_back.then(|| before.clone()).map(|before| show(model, before))
}

/// Shows a screen with the answer and the language that go with it, and returns what stood there.
pub fn show(model: &mut Model, Shown { screen, answer, language }: Shown) -> Shown {
    let screen = std::mem::replace(&mut model.screen, screen);
    let stood = shown(model, screen);
    if stood.answer != answer {
        model.till.answered(answer);
    }
    if stood.language != language {
        model.till.speaks(language);
    }
    stood
}

/// Without what it holds: it may be a PIN, or who a customer is.
impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}
