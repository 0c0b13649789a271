//! What comes from outside the loop: keys and touches, signals of the system.

use std::sync::mpsc::Sender;
use std::thread;
use std::time::Instant;

use crossterm::event::{self, Event, KeyEventKind};
use signal_hook::consts::{
    SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGVTALRM,
    SIGXCPU, SIGXFSZ,
};
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

/// The till has no use for these. Unheard, they would end it and leave the terminal as it is; the last is one that
/// the write that is too large says by itself.
const UNUSED: [i32; 7] = [SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGXFSZ];

/// Turns the signals that ask a process to end into an orderly end: the basket stays sealed on disk, the terminal
/// is restored. It is given back for a stop, too, and taken again after it.
pub fn watch_signals(to: Sender<Message>) -> std::io::Result<()> {
    let used = [SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGXCPU, SIGTSTP, SIGCONT];
    let mut signals = Signals::new(used.iter().chain(&UNUSED))?;
    thread::spawn(move || {
        for signal in signals.forever().filter(|signal| !UNUSED.contains(signal)) {
            let message = match signal {
                SIGTSTP => Message::Suspend,
                SIGCONT => Message::Continued,
                _ => Message::Terminate,
            };
            if to.send(message).is_err() {
                return;
            }
        }
    });
    Ok(())
}
