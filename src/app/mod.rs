//! The till's loop: keys and answers in, effects out, frames on the screen.
//!
//! One thread draws and decides, one reads the terminal, one owns the store. They meet in a single
//! channel of [`Message`]s, so a key never waits for the disk, nor the disk for a key. Where the till
//! has a hub, another exchanges records with it, and yields to all of them.

mod clock;
mod gather;
mod input;
mod keyboard;
mod run;
mod sync;
mod worker;

pub use run::{Ended, Till, now, run, till_model};
pub use worker::{KeepPolicy, Opened, SetUp};

use std::io;
use std::time::Instant;

use crate::ui::Done;

/// Everything that can wake the loop.
pub enum Message {
    /// A key, a touch or a new size, and when it came.
    Input(crossterm::event::Event, Instant),
    /// The terminal is gone.
    TerminalLost(io::Error),
    /// The system asks the process to end.
    Terminate,
    /// The system asks the process to stop until it is continued.
    Suspend,
    /// The process goes on after it was stopped.
    Continued,
    /// What an effect came to.
    Done(Box<Done>),
    /// The store is open: what it says of itself.
    Opened(Box<worker::Greeting>),
    /// The store cannot be opened; words for the user.
    Refused(String),
    /// The store's thread has finished its last work.
    Closed,
}
