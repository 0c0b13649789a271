//! What was typed without a pause. A scanner that stutters may have sent all of it: its code comes in pieces, and a
//! first piece of a few signs looks like a person's. Once the rest shows what it was, the pieces are joined where the
//! code belongs, and what the first of them did is taken back.

use std::fmt;

use super::model::{Model, Screen, ScreenId};
use crate::domain::sale::Answer;

/// What came since the last [`super::Event::Pause`].
#[derive(Clone, Default)]
pub struct Recent {
    /// Characters in their order, `\n` for the end of a code.
    text: String,
    /// The screen, and the customer's answer, before the first of them that did something there.
    before: Option<Box<(Screen, Answer)>>,
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

    /// The screen has changed otherwise: what came before that is not taken back.
    pub fn settle(&mut self) {
        self.before = None;
    }
}

/// A person's character is about to do what it does, unless it turns out to be the first of a code.
pub fn note(model: &mut Model, c: char) {
    let does_something = match &model.screen {
        _ if model.overlay.is_some() => false,
        Screen::Pay(_) | Screen::Lock(_) | Screen::Setup(_) => model.writes(c),
        Screen::Choice(_) | Screen::Remember(_) => true,
        Screen::Sell | Screen::Notice(_) | Screen::Dissolve(_) => false,
    };
    if does_something {
        note_screen(model);
    }
    model.recent.push(c);
}

fn note_screen(model: &mut Model) {
    if model.recent.before.is_none() {
        model.recent.before = Some(Box::new((model.screen.clone(), model.till.answer().clone())));
    }
}

/// Adds a piece of a code and returns the whole of it, as far as it has come.
pub fn join(model: &mut Model, piece: &str) -> String {
    let ends_only = piece.chars().all(|c| c == '\n');
    if model.recent.text.ends_with('\n') && !ends_only {
        // What ended is a code of its own.
        model.recent = Recent::default();
    }
    note_screen(model);
    model.recent.text.push_str(piece);
    model.recent.text.clone()
}

/// Shows the screen as it was before the first piece, and returns what stood there. Money, and whatever left for the
/// store, is not taken back: the screen has changed with it.
pub fn take_back(model: &mut Model) -> Option<(Screen, Answer)> {
    let before = model.recent.before.as_deref()?;
    let asks_customer = |id| matches!(id, ScreenId::Choice | ScreenId::Remember | ScreenId::Notice);
    let (was, is) = (before.0.id(), model.screen.id());
    let goes_back = was == is || asks_customer(was) && asks_customer(is);
    goes_back.then(|| before.clone()).map(|before| show(model, before))
}

/// Shows a screen with the answer that goes with it, and returns what stood there.
pub fn show(model: &mut Model, (screen, answer): (Screen, Answer)) -> (Screen, Answer) {
    let stood = (std::mem::replace(&mut model.screen, screen), model.till.answer().clone());
    if stood.1 != answer {
        model.till.answered(answer);
    }
    stood
}

/// Without what it holds: it may be a PIN, or who a customer is.
impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}
