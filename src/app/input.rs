//! What comes from outside the loop: keys and touches, signals of the system.

use std::sync::mpsc::Sender;
use std::thread;
use std::time::Instant;

use crossterm::event::{self, Event, KeyEventKind};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Message;

/// Reads the terminal in a thread of its own, so that no key waits for a frame or for the disk.
/// It blocks while nothing is typed. It ends when the loop is gone or the terminal is.
pub fn read_terminal(to: Sender<Message>) {
    thread::spawn(move || {
        loop {
            let message = match event::read() {
                Ok(Event::Key(key)) if key.kind == KeyEventKind::Release => continue,
                Ok(event) => Message::Input(event, Instant::now()),
                Err(error) => Message::TerminalLost(error),
            };
            let lost = matches!(message, Message::TerminalLost(_));
            if to.send(message).is_err() || lost {
                return;
            }
        }
    });
}

/// Turns the signals that ask a process to end into an orderly end: the basket stays sealed on
/// disk, the terminal is restored.
pub fn watch_signals(to: Sender<Message>) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    thread::spawn(move || {
        for _ in signals.forever() {
            if to.send(Message::Terminate).is_err() {
                return;
            }
        }
    });
    Ok(())
}
