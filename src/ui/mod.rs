//! The screens, as a pure machine: [`update`] turns an [`Event`] into a changed [`Model`] and
//! [`Effect`]s, which are data that the application carries out; [`view`] draws the model. Nothing
//! here reads a clock, a file or a database, or starts a thread, so every screen can be tested as
//! a table of keys and frames.

pub mod event;
pub mod figures;
pub mod input;
pub mod key;
pub mod keymap;
pub mod model;
pub mod recent;
pub mod screen;
pub mod terminal;
#[cfg(test)]
pub(crate) mod testing;
pub mod theme;
pub mod till;
mod update;
mod view;
pub mod widgets;

pub use event::{Done, Draft, Effect, Event};
pub use key::{Code, Key};
pub use keymap::{Action, KeyError, Keymap};
pub use model::{Model, Overlay, Screen, ScreenId};
pub use update::update;
pub use view::view;
