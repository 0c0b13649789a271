//! The driver: the real program in a pseudo-terminal, and what a person at it does and sees.
//!
//! Nothing here sleeps to wait for the program: a person's key is sent once the screen shows the
//! one before, and every look at the screen waits, up to [`PATIENCE`], for what it looks for. The
//! one pause is [`PERSON`], between two keys, since keys that come closer are a scanner's.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, ExitStatus, MasterPty, PtySize, SlavePty, native_pty_system};

/// How long the program may take for anything before the test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Nobody types faster: the till takes keys within 60 ms for a scanner's.
const PERSON: Duration = Duration::from_millis(150);

/// Columns and rows.
pub type Size = (u16, u16);

/// The smallest complete screen.
pub const SMALL: Size = (80, 24);
/// A screen with room.
pub const LARGE: Size = (120, 40);

/// The program, at its terminal. Killed when dropped.
pub struct Till {
    terminal: Box<dyn MasterPty + Send>,
    /// Held open until the end, so that the terminal's state can be looked at after it.
    program_end: Option<Box<dyn SlavePty + Send>>,
    keyboard: Box<dyn Write + Send>,
    /// The terminal's mode before the program took it.
    mode_before: String,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    pid: u32,
    /// The last key was a person's: the hand needs a moment to the scanner.
    typed_last: bool,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    emulator: vt100::Parser,
    /// All that the program wrote.
    raw: Vec<u8>,
    exit: Option<ExitStatus>,
    /// The terminal has no program any more, and all that was written is in `raw`.
    closed: bool,
}

/// What is left of a program that has ended.
pub struct Ended {
    pub code: u32,
    /// The terminal's last screen.
    pub screen: String,
    /// All that the program wrote.
    pub raw: Vec<u8>,
}

impl Till {
    /// Starts `olvido` with these arguments, and with nothing in its environment but a terminal's
    /// name and `env`.
    pub fn start(args: &[&str], size: Size, env: &[(&str, &str)]) -> Till {
        Till::start_program(env!("CARGO_BIN_EXE_olvido"), args, size, env)
    }

    /// The same with another program.
    pub fn start_program(program: &str, args: &[&str], size: Size, env: &[(&str, &str)]) -> Till {
        let pair = native_pty_system().openpty(pty_size(size)).expect("a pseudo-terminal");
        let mode_before = mode(&*pair.master);
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        for (name, value) in env {
            command.env(name, value);
        }
        command.args(args);
        let mut child = pair.slave.spawn_command(command).expect("the program starts");
        let pid = child.process_id().expect("a process id");
        let emulator = vt100::Parser::new(non_zero(size.1), non_zero(size.0), 0);
        let state = State { emulator, raw: Vec::new(), exit: None, closed: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let mut output = pair.master.try_clone_reader().expect("the terminal's output");
        let keyboard = pair.master.take_writer().expect("the terminal's keyboard");
        let reader = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = output.read(&mut bytes) {
                    shared.change(|state| {
                        state.raw.extend_from_slice(&bytes[..count]);
                        state.emulator.process(&bytes[..count]);
                    });
                }
                shared.change(|state| state.closed = true);
            })
        };
        let waiter = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let status = child.wait().expect("the program can be waited for");
                shared.change(|state| state.exit = Some(status));
            })
        };
        Till {
            terminal: pair.master,
            program_end: Some(pair.slave),
            keyboard,
            mode_before,
            shared,
            threads: vec![reader, waiter],
            pid,
            typed_last: false,
        }
    }

    /// Waits until the screen shows `text`.
    #[track_caller]
    pub fn sees(&mut self, text: &str) -> &mut Till {
        self.until(&format!("the screen shows {text:?}"), |state| shown(state).contains(text));
        self
    }

    /// Waits until the screen shows `text` no more.
    #[track_caller]
    pub fn sees_no(&mut self, text: &str) -> &mut Till {
        self.until(&format!("the screen no longer shows {text:?}"), |state| !shown(state).contains(text));
        self
    }

    /// Waits until the screen shows something else than `before`.
    #[track_caller]
    pub fn sees_other_than(&mut self, before: &str) -> &mut Till {
        self.until("the screen changes", |state| shown(state) != before);
        self
    }

    /// The screen as text, row by row.
    pub fn screen(&self) -> String {
        shown(&self.shared.lock())
    }

    /// All that the program has written so far.
    pub fn raw(&self) -> Vec<u8> {
        self.shared.lock().raw.clone()
    }

    /// Types as a person does: each key once the one before is on the screen.
    #[track_caller]
    pub fn types(&mut self, text: &str) -> &mut Till {
        for c in text.chars() {
            let before = self.shared.lock().raw.len();
            self.presses_bytes(c.to_string().as_bytes());
            self.until(&format!("{c:?} of {text:?} is on the screen"), |state| state.raw.len() > before);
        }
        self
    }

    /// Presses a key by its name: `F10`, `Enter`, `Ctrl+P`, `Alt+R`, `1`.
    #[track_caller]
    pub fn key(&mut self, name: &str) -> &mut Till {
        self.presses_bytes(&sequence(name));
        self
    }

    /// What a scanner sends for a code: everything at once, then Enter.
    pub fn scans(&mut self, code: &str) -> &mut Till {
        if std::mem::take(&mut self.typed_last) {
            thread::sleep(PERSON);
        }
        self.sends(format!("{code}\r").as_bytes());
        self
    }

    /// Bytes as they are, at once.
    pub fn sends(&mut self, bytes: &[u8]) -> &mut Till {
        self.keyboard.write_all(bytes).and_then(|()| self.keyboard.flush()).expect("the terminal takes keys");
        self
    }

    /// Presses the left button of the mouse where the screen shows `text`.
    #[track_caller]
    pub fn clicks(&mut self, text: &str) -> &mut Till {
        self.sees(text);
        let screen = self.screen();
        let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(text)).expect("seen");
        // Every character of these screens is one column wide.
        let column = line[..line.find(text).expect("seen")].chars().count();
        let press = format!("\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m", x = column + 1, y = row + 1);
        thread::sleep(PERSON);
        self.sends(press.as_bytes())
    }

    /// Gives the window another size.
    pub fn resizes(&mut self, size: Size) -> &mut Till {
        self.shared.change(|state| state.emulator.set_size(non_zero(size.1), non_zero(size.0)));
        self.terminal.resize(pty_size(size)).expect("the terminal can be resized");
        self
    }

    /// Whether the program has the terminal for itself: raw mode, the other screen.
    pub fn has_the_terminal(&self) -> bool {
        let state = self.shared.lock();
        state.emulator.screen().alternate_screen() && mode(&*self.terminal) != self.mode_before
    }

    /// Waits until the terminal is as it was before the program took it.
    #[track_caller]
    pub fn gives_the_terminal_back(&mut self) -> &mut Till {
        let deadline = Instant::now() + PATIENCE;
        let is_free = |till: &Till| {
            let state = till.shared.lock();
            let screen = state.emulator.screen();
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
                && mode(&*till.terminal) == till.mode_before
        };
        while !is_free(self) {
            assert!(Instant::now() < deadline, "the terminal is not given back\n{}", self.screen());
            thread::sleep(Duration::from_millis(10));
        }
        self
    }

    /// Another program writes on the whole screen.
    pub fn writes_over(&mut self, text: &str) -> &mut Till {
        self.shared.change(|state| state.emulator.process(format!("\x1b[2J\x1b[H{text}").as_bytes()));
        self
    }

    /// Sends a signal by its name: `TERM`, `KILL`.
    pub fn signal(&mut self, name: &str) -> &mut Till {
        if self.shared.lock().exit.is_none() {
            let status = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.pid)).status();
            assert!(status.expect("kill").success(), "no signal {name} for process {}", self.pid);
        }
        self
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What the system says of the process.
    pub fn proc(&self, name: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{name}", self.pid)).expect("the program runs")
    }

    /// All that it can write to, by address: heap, stacks, what SQLite mapped. Only root may.
    pub fn memory(&self) -> Vec<(u64, Vec<u8>)> {
        use std::os::unix::fs::FileExt;
        let memory = std::fs::File::open(format!("/proc/{}/mem", self.pid)).expect("root may read it");
        let mut parts = Vec::new();
        for line in self.proc("maps").lines() {
            let mut words = line.split_whitespace();
            let (Some(range), Some(mode)) = (words.next(), words.next()) else { continue };
            let number = |text: &str| u64::from_str_radix(text, 16).expect("an address");
            let (start, end) = range.split_once('-').map(|(a, b)| (number(a), number(b))).expect("a range");
            let mut bytes = vec![0; usize::try_from(end - start).expect("a length")];
            if mode.starts_with("rw") && memory.read_exact_at(&mut bytes, start).is_ok() {
                parts.push((start, bytes));
            }
        }
        parts
    }

    /// Ticks (hundredths of a second) that the process has used of the processor.
    pub fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).expect("the program runs");
        // The name stands in brackets and may hold anything; user and system time are 12th and 13th after it.
        let fields: Vec<&str> = stat[stat.rfind(')').expect("a name") + 2..].split(' ').collect();
        fields[11].parse::<u64>().expect("ticks") + fields[12].parse::<u64>().expect("ticks")
    }

    /// Waits until no thread of the program runs or writes: what was asked of it is done.
    #[track_caller]
    pub fn rests(&mut self) -> &mut Till {
        let deadline = Instant::now() + PATIENCE;
        let mut quiet = 0;
        while quiet < 3 {
            assert!(Instant::now() < deadline, "the program never rests");
            quiet = if self.is_at_work() { 0 } else { quiet + 1 };
            thread::sleep(Duration::from_millis(10));
        }
        self
    }

    /// Whether a thread of the program runs, or waits for the disk.
    fn is_at_work(&self) -> bool {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid)).expect("the program runs");
        tasks.flatten().any(|task| {
            let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            stat.rfind(')').is_some_and(|end| !stat[end..].starts_with(") S"))
        })
    }

    /// Waits until the program has ended, whichever way. The terminal must be as it was before:
    /// first screen, cursor, mouse, mode of the line.
    #[track_caller]
    pub fn ends_and_restores(mut self) -> Ended {
        let code = self.end();
        let state = self.shared.lock();
        let screen = state.emulator.screen();
        assert!(!screen.alternate_screen(), "the other screen is left\n{}", framed(&state));
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is given back");
        assert!(!screen.bracketed_paste(), "pasting is as it was");
        assert!(!screen.application_cursor() && !screen.application_keypad(), "the keys are as they were");
        assert_eq!(mode(&*self.terminal), self.mode_before, "the line is as it was");
        Ended { code, screen: shown(&state), raw: state.raw.clone() }
    }

    /// Waits until the program has ended, however it leaves the terminal.
    #[track_caller]
    pub fn ends(mut self) -> Ended {
        let code = self.end();
        Ended { code, screen: self.screen(), raw: self.raw() }
    }

    #[track_caller]
    fn end(&mut self) -> u32 {
        self.until("the program ends", |state| state.exit.is_some());
        drop(self.program_end.take());
        self.until("the terminal is free", |state| state.closed);
        self.shared.lock().exit.as_ref().expect("ended").exit_code()
    }

    fn presses_bytes(&mut self, bytes: &[u8]) {
        thread::sleep(PERSON);
        self.typed_last = true;
        self.sends(bytes);
    }

    #[track_caller]
    fn until(&self, what: &str, holds: impl Fn(&State) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.shared.lock();
        while !holds(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            let gone = state.closed && state.exit.is_some();
            assert!(!left.is_zero() && !gone, "waited in vain until {what}\n{}", framed(&state));
            state = self.shared.changed.wait_timeout(state, left).expect("no thread panicked").0;
        }
    }
}

impl Drop for Till {
    fn drop(&mut self) {
        if self.shared.lock().exit.is_none() {
            let _ = Command::new("sh").arg("-c").arg(format!("kill -KILL {}", self.pid)).status();
        }
        drop(self.program_end.take());
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that failed while looking must still be able to end the program.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }
}

fn shown(state: &State) -> String {
    let screen = state.emulator.screen();
    let rows = screen.rows(0, screen.size().1.get());
    rows.map(|row| row.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// The whole screen for a failed test.
fn framed(state: &State) -> String {
    let rows: String = shown(state).lines().map(|row| format!("| {row}\n")).collect();
    let ended = state.exit.as_ref().map(|status| format!("ended with {}\n", status.exit_code()));
    format!("{rows}{}", ended.unwrap_or_default())
}

/// The mode of the line, as text that can be compared.
fn mode(terminal: &dyn MasterPty) -> String {
    format!("{:?}", terminal.get_termios().expect("a terminal's mode"))
}

fn pty_size((columns, rows): Size) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn non_zero(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a terminal has a size")
}

/// What a terminal of the xterm family sends for a key.
fn sequence(name: &str) -> Vec<u8> {
    let known = match name {
        "Enter" => "\r",
        "Esc" => "\x1b",
        "Tab" => "\t",
        "Backspace" => "\x7f",
        "Del" => "\x1b[3~",
        "Up" => "\x1b[A",
        "Down" => "\x1b[B",
        "PgUp" => "\x1b[5~",
        "PgDn" => "\x1b[6~",
        "F1" => "\x1bOP",
        "F2" => "\x1bOQ",
        "F3" => "\x1bOR",
        "F4" => "\x1bOS",
        "F5" => "\x1b[15~",
        "F6" => "\x1b[17~",
        "F7" => "\x1b[18~",
        "F8" => "\x1b[19~",
        "F9" => "\x1b[20~",
        "F10" => "\x1b[21~",
        "F12" => "\x1b[24~",
        _ => "",
    };
    if !known.is_empty() {
        return known.as_bytes().to_vec();
    }
    if let Some(letter) = name.strip_prefix("Alt+") {
        return format!("\x1b{}", letter.to_lowercase()).into_bytes();
    }
    if let Some(letter) = name.strip_prefix("Ctrl+") {
        return vec![letter.bytes().next().expect("a letter") & 0x1f];
    }
    assert_eq!(name.chars().count(), 1, "no key is called {name}");
    name.as_bytes().to_vec()
}
