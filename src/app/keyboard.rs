//! The keys of a person and of a scanner, from the terminal to the screens.

use std::time::{Duration, Instant};

use crossterm::event::KeyEvent;

use super::gather::{self, AFTER_A_BURST, Gather, QUIET, Typed};
use crate::ui::{Effect, Event, Key, Model, update};

/// What came so far.
#[derive(Default)]
pub struct Keyboard {
    gather: Gather,
    last_key: Option<Instant>,
    /// That key was one that ends a code.
    ended_code: bool,
}

/// What the screens ask for; `None` where nothing reached them: the keys are held.
pub type Asked = Option<Vec<Effect>>;

impl Keyboard {
    /// When [`Keyboard::settle`] will give something, if no key comes.
    pub fn due(&self) -> Option<Instant> {
        self.gather.due()
    }

    /// Gives the screens what was held, once it is clear who typed it.
    pub fn settle(&mut self, model: &mut Model, at: Instant) -> Asked {
        self.gather.settle(at, |c| model.writes(c)).map(|typed| typed_events(typed, model))
    }

    /// A key that came at this time.
    pub fn key(&mut self, model: &mut Model, key: KeyEvent, at: Instant) -> Asked {
        let ended_before = std::mem::replace(&mut self.ended_code, gather::ends(&key));
        let (pause, mut asked) = self.begin(model, at);
        if !model.takes_keys_at_once() {
            let acts = gather::acts(&key, |c| model.writes(c));
            self.gather.hold(key, at, acts);
            return asked;
        }
        let presses = !gather::writes(&key) && !gather::moves_only(&key);
        let swift = pause < QUIET || pause < AFTER_A_BURST && model.sell.awaits_rest();
        // Held until it is clear that a person pressed it.
        if presses && !swift {
            self.gather.hold(key, at, false);
            return asked;
        }
        self.flush_held(model, &mut asked);
        match Key::of(key) {
            Some(_) if presses => feed(model, Event::Swift(None), &mut asked),
            // CR and LF, or Enter and Tab: one end of a code, and no Enter for what it found.
            Some(_) if pause < QUIET && ended_before && self.ended_code => {}
            Some(key) if swift => feed(model, Event::Swift(Some(key)), &mut asked),
            Some(key) => feed(model, Event::Key(key), &mut asked),
            None => {}
        }
        asked
    }

    /// What was pasted is a scanner's, whatever it is: some send codes as a paste.
    pub fn paste(&mut self, model: &mut Model, text: &str, at: Instant) -> Asked {
        self.ended_code = false;
        let (_, mut asked) = self.begin(model, at);
        if model.takes_keys_at_once() {
            self.flush_held(model, &mut asked);
        }
        self.gather.hold_paste(text, at);
        if model.takes_keys_at_once()
            && let Some(pasted) = self.gather.flush(|c| model.writes(c))
        {
            asked.get_or_insert_default().extend(typed_events(pasted, model));
        }
        asked
    }

    /// Gives the screens what was held long enough, and tells them of a pause before this key. Returns how long
    /// nothing came.
    fn begin(&mut self, model: &mut Model, at: Instant) -> (Duration, Asked) {
        let pause = self.last_key.replace(at).map_or(Duration::MAX, |last| at - last);
        let mut asked = self.settle(model, at);
        if pause >= AFTER_A_BURST {
            // Nothing is seen of it: only what it asks for is carried out.
            let effects = update(model, Event::Pause);
            if !effects.is_empty() {
                asked.get_or_insert_default().extend(effects);
            }
        }
        (pause, asked)
    }

    /// What was held came with what writes, so no person pressed it.
    fn flush_held(&mut self, model: &mut Model, asked: &mut Asked) {
        match self.gather.flush(|c| model.writes(c)) {
            Some(Typed::Keys(_)) => feed(model, Event::Swift(None), asked),
            Some(burst) => asked.get_or_insert_default().extend(typed_events(burst, model)),
            None => {}
        }
    }
}

fn feed(model: &mut Model, event: Event, asked: &mut Asked) {
    asked.get_or_insert_default().extend(update(model, event));
}

fn typed_events(typed: Typed, model: &mut Model) -> Vec<Effect> {
    model.recent.begin_piece();
    match typed {
        Typed::Burst(text) => update(model, Event::Burst(text)),
        Typed::Keys(keys) => {
            keys.into_iter().filter_map(Key::of).flat_map(|key| update(model, Event::Key(key))).collect()
        }
    }
}

#[cfg(test)]
mod tests;
