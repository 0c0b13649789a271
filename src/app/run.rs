//! The loop itself.

use std::io;
use std::panic;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, FixedOffset, Local, SubsecRound, Timelike};
use crossterm::event::{Event as Input, MouseButton, MouseEventKind};

use super::keyboard::{Asked, Keyboard};
use super::worker::{self, Greeting, Job, KeepPolicy, Opened, SetUp};
use super::{Message, input};
use crate::domain::policy::Policy;
use crate::domain::settings::Settings;
use crate::ui::terminal::{self, Screen};
use crate::ui::{self, Effect, Event, Model, update};

/// What the till starts with.
pub struct Till {
    /// The first frame.
    pub model: Model,
    /// Opens the store, in its own thread; `None` where there is none yet.
    pub open: Option<Box<dyn FnOnce() -> Result<Opened, String> + Send>>,
    pub set_up: SetUp,
    /// Writes the policy's file, whole, when the hub sends a new one.
    pub keep_policy: KeepPolicy,
}

/// How the till ended.
#[derive(Debug)]
pub enum Ended {
    /// The user or the system asked for it.
    Quit,
    /// The store cannot be opened; words for the user.
    Refused(String),
}

/// Between two frames of something that moves.
const FRAME: Duration = Duration::from_millis(33);

/// Messages taken before the next frame, so that a flood of them cannot keep the screen still.
const MESSAGES_A_FRAME: usize = 256;

/// The time of day, to the second, as it goes onto tickets. [`Local::now`] panics where the clock is before 1970.
pub fn now() -> DateTime<FixedOffset> {
    DateTime::<Local>::from(SystemTime::now()).fixed_offset().trunc_subsecs(0)
}

/// The selling screen of a shop whose settings were checked. What is scanned before the store is open waits.
pub fn till_model(settings: Settings, policy: Policy) -> Model {
    let mut model =
        Model::new(Arc::new(settings), Arc::new(policy)).expect("the keys were checked when read");
    model.screen = ui::Screen::Sell;
    model
}

/// Runs the till until it ends; the terminal is given back however that happens.
///
/// Errors: the terminal cannot be used. Panics again with what panicked in the store's thread.
pub fn run(till: Till) -> io::Result<Ended> {
    let earlier_hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        terminal::restore();
        earlier_hook(info);
    }));
    let (to, messages) = mpsc::channel();
    let (jobs, asked) = mpsc::channel();
    let has_store = till.open.is_some();
    let makers = worker::Makers { open: till.open, set_up: till.set_up, keep_policy: till.keep_policy };
    let worker =
        worker::start(makers, now(), worker::Ends { jobs: asked, ask: jobs.clone(), to: to.clone() });
    // A signal between the two would leave the terminal as the till uses it.
    input::watch_signals(to.clone())?;
    let screen = Screen::enter()?;
    input::read_terminal(to);
    let mut state = Loop {
        model: till.model,
        screen,
        keyboard: Keyboard::default(),
        jobs,
        early: has_store.then(Vec::new),
        last_frame: None,
        next_minute: Instant::now(),
        touched: true,
        changed: true,
        ended: None,
    };
    state.resized()?;
    let ended = state.until_ended(&messages)?;
    drop(state.screen);
    finish(&state.jobs, worker, ended)
}

/// Lets the store's thread finish: what was asked before is done, the day is closed.
fn finish(jobs: &Sender<Job>, worker: JoinHandle<()>, ended: Ended) -> io::Result<Ended> {
    // Where the thread is gone already, there is nothing to ask of it.
    let _ = jobs.send(Job::Close);
    match worker.join() {
        Ok(()) => Ok(ended),
        Err(panicked) => panic::resume_unwind(panicked),
    }
}

struct Loop {
    model: Model,
    screen: Screen,
    keyboard: Keyboard,
    jobs: Sender<Job>,
    /// What was typed before the store said whether the till is locked; `None` once it has, and where there is no
    /// store.
    early: Option<Vec<(Input, Instant)>>,
    last_frame: Option<Instant>,
    next_minute: Instant,
    /// A key, a touch or a new size since the last minute.
    touched: bool,
    changed: bool,
    ended: Option<Ended>,
}

impl Loop {
    fn until_ended(&mut self, messages: &Receiver<Message>) -> io::Result<Ended> {
        loop {
            self.tick();
            if self.changed {
                self.screen.draw(&self.model)?;
                self.changed = false;
            }
            if let Some(ended) = self.ended.take() {
                return Ok(ended);
            }
            let wait = self.deadline().saturating_duration_since(Instant::now());
            match messages.recv_timeout(wait) {
                Ok(message) => self.take(message)?,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Ok(Ended::Quit),
            }
            for message in messages.try_iter().take(MESSAGES_A_FRAME) {
                self.take(message)?;
            }
        }
    }

    /// When something is to be done even if nothing comes.
    fn deadline(&self) -> Instant {
        let frame = self.last_frame.map(|last| last + FRAME);
        [self.keyboard.due(), frame].into_iter().flatten().fold(self.next_minute, Instant::min)
    }

    /// Does what time alone brings: held keys, moving things, the next minute.
    fn tick(&mut self) {
        let at = Instant::now();
        let asked = self.keyboard.settle(&mut self.model, at);
        self.carry_out(asked);
        if !self.model.wants_frames() {
            self.last_frame = None;
        } else if let Some(last) = self.last_frame {
            let elapsed = at - last;
            if elapsed >= FRAME {
                self.last_frame = Some(at);
                let elapsed_ms = u32::try_from(elapsed.as_millis()).unwrap_or(u32::MAX);
                self.feed(Event::Frame { elapsed_ms });
            }
        } else {
            self.last_frame = Some(at);
        }
        if at >= self.next_minute {
            let now = now();
            self.next_minute = at + Duration::from_secs(60 - u64::from(now.second().min(59)));
            self.feed(Event::Clock(now));
            let was_touched = std::mem::take(&mut self.touched);
            self.ask(if was_touched { Job::Minute(now) } else { Job::QuietMinute(now) });
        }
    }

    fn take(&mut self, message: Message) -> io::Result<()> {
        self.touched |= matches!(message, Message::Input(..));
        match message {
            Message::Input(input @ (Input::Key(_) | Input::Paste(_)), at) => match &mut self.early {
                Some(early) => early.push((input, at)),
                None => self.written(input, at),
            },
            // Nothing can be pressed yet.
            Message::Input(Input::Mouse(_), _) if self.early.is_some() => {}
            Message::Input(Input::Mouse(mouse), _) => match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => {
                    self.feed(Event::Press { column: mouse.column, row: mouse.row });
                }
                MouseEventKind::ScrollDown => self.feed(Event::Wheel { down: true }),
                MouseEventKind::ScrollUp => self.feed(Event::Wheel { down: false }),
                _ => {}
            },
            Message::Input(Input::Resize(..), _) => self.resized()?,
            Message::Input(..) => {}
            Message::Done(done) => self.feed(Event::Done(*done)),
            Message::Opened(greeting) => self.opened(*greeting),
            Message::Refused(words) => self.ended = Some(Ended::Refused(words)),
            Message::Suspend => self.screen.suspend()?,
            Message::Continued => {
                self.screen.retake()?;
                self.resized()?;
            }
            // The store's thread ends after it refused: what it refused is what is said.
            Message::TerminalLost(_) | Message::Terminate | Message::Closed => {
                self.ended.get_or_insert(Ended::Quit);
            }
        }
        Ok(())
    }

    fn written(&mut self, input: Input, at: Instant) {
        let asked = match input {
            Input::Key(key) => self.keyboard.key(&mut self.model, key, at),
            Input::Paste(text) => self.keyboard.paste(&mut self.model, &text, at),
            _ => None,
        };
        self.carry_out(asked);
    }

    fn feed(&mut self, event: Event) {
        let asked = update(&mut self.model, event);
        self.carry_out(Some(asked));
    }

    fn carry_out(&mut self, asked: Asked) {
        self.changed |= asked.is_some();
        for effect in asked.into_iter().flatten() {
            match effect {
                Effect::Beep => {
                    // A terminal that cannot beep shows the error all the same.
                    let _ = self.screen.beep();
                }
                Effect::Quit => self.ended = Some(Ended::Quit),
                effect => self.ask(Job::Do(Box::new(effect), now())),
            }
        }
    }

    fn ask(&mut self, job: Job) {
        // A thread that is gone has said so, and before that perhaps why: [`Message::Closed`].
        let _ = self.jobs.send(job);
    }

    fn resized(&mut self) -> io::Result<()> {
        let (columns, rows) = self.screen.size()?;
        self.feed(Event::Resize(columns, rows));
        Ok(())
    }

    /// The store is open: its settings and policy are in force from here on, and what was typed before counts,
    /// unless the till is locked.
    fn opened(&mut self, greeting: Greeting) {
        if matches!(self.model.screen, ui::Screen::Setup(_)) {
            let (size, now) = (self.model.size, self.model.now);
            self.model = till_model(greeting.settings, greeting.policy);
            (self.model.size, self.model.now) = (size, now);
        }
        self.model.staff = greeting.staff;
        if greeting.locked {
            ui::screen::lock::open(&mut self.model);
        }
        let early = self.early.take().filter(|_| !greeting.locked);
        early.into_iter().flatten().for_each(|(input, at)| self.written(input, at));
        self.changed = true;
    }
}
