//! The thread that owns the store: it carries out what the screens ask for, in order, and does
//! what no sale should wait for when nothing is asked.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};

use super::Message;
use super::clock::ClockWatch;
use super::sync::Background;
use crate::domain::policy::Policy;
use crate::domain::receipt::{KeptFor, Receipt, ReceiptMemory};
use crate::domain::sale::{Keep, Promise, Sale};
use crate::domain::settings::Settings;
use crate::locale::Locale;
use crate::print::text;
use crate::store::{ClockDays, Sold, Store, StoreError, counted, quick_check_file};
use crate::sync::exchange::{Carried, Local, carry_out};
use crate::sync::incoming::{Applied, NewPolicy};
use crate::ui::event::{ClockSaid, Committed, Done, Draft, Effect, PinAnswer, Problem, SaleInWaiting};

/// A store that is open, and how the shop has set it up.
pub struct Opened {
    pub store: Store,
    pub settings: Settings,
}

/// What the screens need to know of a store.
pub struct Greeting {
    pub settings: Settings,
    pub policy: Policy,
    /// Name of the member of staff who was added first.
    pub staff: String,
    /// It was locked when it was last open.
    pub locked: bool,
}

/// Makes a new store from the answers of the set-up screen, telling how far the import is.
pub type SetUp = Box<
    dyn FnMut(
            &crate::ui::screen::setup::SetupAnswers,
            &mut dyn FnMut(usize, usize),
        ) -> Result<Opened, Problem>
        + Send,
>;

/// Writes the policy's file whole, so that a crash leaves the old one or the new one.
pub type KeepPolicy = Box<dyn FnMut(&str) -> std::io::Result<()> + Send>;

/// What makes and changes what is outside the store.
pub struct Makers {
    /// Opens the store, so that the first frame does not wait for it; `None` when there is none yet.
    pub open: Option<Box<dyn FnOnce() -> Result<Opened, String> + Send>>,
    pub set_up: SetUp,
    pub keep_policy: KeepPolicy,
}

/// The thread's ends of its channels.
pub struct Ends {
    pub jobs: Receiver<Job>,
    /// The other end of `jobs`, for the exchange with the hub.
    pub ask: Sender<Job>,
    pub to: Sender<Message>,
}

/// What is asked of the store's thread.
pub enum Job {
    Do(Box<Effect>, DateTime<FixedOffset>),
    /// A new minute: whatever is pending is tried again, a new day begins with what is past its
    /// term.
    Minute(DateTime<FixedOffset>),
    /// The same, and nobody touched the till since the last.
    QuietMinute(DateTime<FixedOffset>),
    /// What the exchange with the hub needs: done only when nothing else waits.
    Hub(Box<Local>, Sender<Carried>),
    Close,
}

/// The start is over by then.
const CHECK_AFTER: Duration = Duration::from_secs(2);

/// Wrong PINs before the till makes people wait.
const PIN_TRIES: u32 = 3;

struct Worker {
    store: Store,
    settings: Settings,
    to: Sender<Message>,
    hub: Option<Background>,
    keep_policy: KeepPolicy,
    /// On file, oldest first: each is in force once the screens say that they show it.
    next_policies: VecDeque<NewPolicy>,
    clock: ClockWatch,
    clock_said: Option<ClockSaid>,
    /// The hub's time, and when it said so.
    hub_time: Option<(Instant, DateTime<Utc>)>,
    /// Something is still to be forgotten, or trouble to be told.
    troubled: bool,
    wrong_pins: u32,
    pins_from: Option<Instant>,
}

/// Starts the thread.
pub fn start(makers: Makers, now: DateTime<FixedOffset>, ends: Ends) -> JoinHandle<()> {
    thread::spawn(move || {
        let Makers { open, mut set_up, keep_policy } = makers;
        let Ends { jobs, ask, to } = ends;
        let _told = Told(to.clone());
        let opened = match open {
            Some(open) => match open() {
                Ok(opened) => Some(opened),
                Err(words) => {
                    let _ = to.send(Message::Refused(words));
                    return;
                }
            },
            None => wait_for_set_up(&mut set_up, &jobs, &to),
        };
        if let Some(opened) = opened {
            Worker::new(opened, to, keep_policy).work(&jobs, ask, now);
        }
    })
}

/// Tells the loop that the thread has ended, also when it panics.
struct Told(Sender<Message>);

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.0.send(Message::Closed);
    }
}

/// Until there is a store, the only thing that can be asked is to make one.
fn wait_for_set_up(set_up: &mut SetUp, jobs: &Receiver<Job>, to: &Sender<Message>) -> Option<Opened> {
    while let Ok(job) = jobs.recv() {
        match job {
            Job::Do(effect, _) => {
                let Effect::SetUp(answers) = *effect else { continue };
                let mut progress = |done, total| {
                    // The loop may have ended; then there is nobody to tell.
                    let _ = to.send(Message::Done(Box::new(Done::SettingUp { done, total })));
                };
                match set_up(&answers, &mut progress) {
                    Ok(opened) => return Some(opened),
                    Err(problem) => {
                        let _ = to.send(Message::Done(Box::new(Done::SetUp(Err(problem)))));
                    }
                }
            }
            Job::Minute(_) | Job::QuietMinute(_) | Job::Hub(..) => {}
            Job::Close => return None,
        }
    }
    None
}

impl Worker {
    fn new(opened: Opened, to: Sender<Message>, keep_policy: KeepPolicy) -> Worker {
        let Opened { store, settings } = opened;
        Worker {
            store,
            settings,
            to,
            hub: None,
            keep_policy,
            next_policies: VecDeque::new(),
            clock: ClockWatch::default(),
            clock_said: None,
            hub_time: None,
            troubled: false,
            wrong_pins: 0,
            pins_from: None,
        }
    }

    fn locale(&self) -> &'static Locale {
        Locale::of(self.settings.store.language)
    }

    fn say(&self, done: Done) {
        // The loop may have ended; then there is nobody to tell.
        let _ = self.to.send(Message::Done(Box::new(done)));
    }

    fn work(&mut self, jobs: &Receiver<Job>, ask: Sender<Job>, now: DateTime<FixedOffset>) {
        self.greet(now);
        self.check_in_background();
        self.hub = Background::start(&mut self.store, ask, self.to.clone());
        let mut waiting = VecDeque::new();
        loop {
            waiting.extend(jobs.try_iter());
            let job = match next(&mut waiting) {
                Some(job) => job,
                None => {
                    self.tend();
                    match jobs.recv() {
                        Ok(job) => job,
                        Err(_) => return,
                    }
                }
            };
            waiting.extend(jobs.try_iter());
            match job {
                Job::Do(effect, at) => self.carry_out(*effect, at, &waiting),
                Job::Minute(at) => self.minute(at),
                Job::QuietMinute(at) => {
                    self.minute(at);
                    self.rest(at);
                }
                Job::Hub(local, answer) => {
                    let told = self.exchange(*local);
                    // It may have been told to stop.
                    let _ = answer.send(told);
                }
                Job::Close => return self.close(),
            }
        }
    }

    /// Tells the loop what it needs, the most urgent first.
    fn greet(&mut self, now: DateTime<FixedOffset>) {
        let staff = self.store.staff().ok().and_then(|all| all.into_iter().next());
        let greeting = Greeting {
            settings: self.settings.clone(),
            policy: self.store.policy().clone(),
            staff: staff.map(|member| member.name).unwrap_or_default(),
            locked: self.store.is_locked().unwrap_or(true),
        };
        let _ = self.to.send(Message::Opened(Box::new(greeting)));
        match self.store.catalogue() {
            Ok(catalogue) => self.say(Done::Catalogue(Arc::new(catalogue))),
            Err(error) => self.complain(&error),
        }
        match self.store.draft() {
            Ok(bytes) => self.say(Done::Draft(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))),
            Err(error) => {
                self.say(Done::Draft(None));
                self.complain(&error);
            }
        }
        match self.store.last_ticket() {
            Ok(ticket) => {
                let lines = ticket.map(|ticket| {
                    text::render_earlier(&ticket, self.locale(), self.settings.receipt.columns)
                });
                self.say(Done::LastTicket(lines.unwrap_or_default()));
            }
            Err(error) => self.complain(&error),
        }
        self.watch_clock(now);
    }

    /// Reads the whole database once, while the till sells: damage is said before it costs a sale.
    fn check_in_background(&self) {
        let database = self.store.files().database.clone();
        let (to, damaged) = (self.to.clone(), self.words("till-damaged", "till-damaged-next"));
        thread::spawn(move || {
            thread::sleep(CHECK_AFTER);
            if let Err(error @ StoreError::Damaged(_)) = quick_check_file(&database) {
                log::error!("{error}");
                let _ = to.send(Message::Done(Box::new(Done::Trouble(Some(damaged)))));
            }
        });
    }

    fn carry_out(&mut self, effect: Effect, at: DateTime<FixedOffset>, waiting: &VecDeque<Job>) {
        match effect {
            Effect::SaveDraft(draft) => {
                // Only the newest basket counts.
                let newer =
                    |job: &Job| matches!(job, Job::Do(effect, _) if matches!(**effect, Effect::SaveDraft(_)));
                if !waiting.iter().any(newer) {
                    self.save_draft(&draft);
                }
            }
            Effect::Commit(sale) => {
                let done = match self.commit(*sale, at) {
                    Ok(committed) => Done::Committed(Box::new(committed)),
                    Err(problem) => Done::NotCommitted(problem),
                };
                self.say(done);
                self.wake_hub();
            }
            Effect::Lock => self.set_locked(true),
            Effect::CheckPin(pin) => {
                let answer = self.check_pin(&pin);
                self.say(Done::Pin(answer));
            }
            Effect::AdoptPolicy(version) => self.adopt_policy(version),
            Effect::TrustClock => {
                log::warn!("somebody says that the clock is right: {at}");
                match self.store.trust_clock(at) {
                    Ok(()) => {
                        self.clock.settle();
                        self.minute(at);
                    }
                    Err(error) => self.complain(&error),
                }
            }
            Effect::SetUp(_) | Effect::Beep | Effect::Quit => {}
        }
    }

    fn save_draft(&mut self, draft: &Draft) {
        let saved = if draft.is_empty() {
            self.store.drop_draft()
        } else {
            self.store.save_draft(&serde_json::to_vec(draft).expect("a draft is JSON"))
        };
        match saved {
            Err(error) => self.complain(&error),
            Ok(()) if self.troubled => {
                self.troubled = false;
                self.say(Done::Trouble(None));
            }
            Ok(()) => {}
        }
    }

    fn commit(&mut self, waiting: SaleInWaiting, at: DateTime<FixedOffset>) -> Result<Committed, Problem> {
        let policy = self.store.policy();
        let answer = waiting.sale.answer().clone();
        // Nobody is bound by a choice on other terms than they were shown.
        if answer.choice.is_some() && waiting.policy_version != policy.version {
            return Err(self.words("till-choice-gone", "till-choice-gone-next"));
        }
        let promise = Promise::of(answer, policy, at.date_naive())
            .map_err(|_| self.words("till-choice-gone", "till-choice-gone-next"))?;
        let (detail, goods) = (policy.ticket_detail, &self.settings.store.goods);
        let sale = Sale::freeze(at, waiting.sale.basket(), &waiting.payment, promise, detail, goods)
            .map_err(|_| self.words("till-not-paid", "till-not-paid-next"))?;
        let sold = self.store.sell(&sale).map_err(|error| {
            log::error!("a sale was not recorded: {error}");
            self.problem(&error)
        })?;
        let locale = Locale::of(waiting.language);
        let receipt = receipt(&sale, sold, self.store.policy(), locale);
        Ok(Committed {
            ticket: receipt.ticket.number_text(),
            total: receipt.ticket.total,
            change: receipt.change,
            receipt: text::render(&receipt, locale, self.settings.receipt.columns),
            after: receipt.after,
        })
    }

    fn set_locked(&mut self, locked: bool) {
        if let Err(error) = self.store.set_locked(locked) {
            self.complain(&error);
        }
    }

    /// A wrong PIN costs nothing, a few wrong ones cost time, and the till says how much.
    fn check_pin(&mut self, pin: &str) -> PinAnswer {
        if let Some(from) = self.pins_from
            && let Some(left) = from.checked_duration_since(Instant::now())
        {
            return PinAnswer::Wait {
                seconds: u32::try_from(left.as_secs()).unwrap_or(u32::MAX).saturating_add(1),
            };
        }
        match self.store.staff_with_pin(pin) {
            Ok(Some(member)) => {
                (self.wrong_pins, self.pins_from) = (0, None);
                self.set_locked(false);
                PinAnswer::Welcome { staff: member.name }
            }
            Ok(None) => {
                self.wrong_pins += 1;
                if self.wrong_pins < PIN_TRIES {
                    return PinAnswer::Wrong;
                }
                let seconds = 5_u32 << (self.wrong_pins - PIN_TRIES).min(6);
                self.pins_from = Some(Instant::now() + Duration::from_secs(u64::from(seconds)));
                PinAnswer::Wait { seconds }
            }
            Err(error) => PinAnswer::Failed(self.problem(&error)),
        }
    }

    fn tend(&mut self) {
        if let Err(error) = self.store.tend() {
            self.complain(&error);
        }
    }

    fn minute(&mut self, at: DateTime<FixedOffset>) {
        // As far as the hub's clock has run since.
        let hub = self.hub_time.and_then(|(heard, time)| {
            let since = TimeDelta::from_std(heard.elapsed()).ok()?;
            Some(time.checked_add_signed(since)?.fixed_offset())
        });
        match self.store.keep_terms(at, hub) {
            Ok(Some(expired)) if expired.purchases + expired.tickets > 0 => {
                self.wake_hub();
                log::info!("past their term: {} purchases, {} tickets", expired.purchases, expired.tickets);
            }
            Ok(_) => {}
            Err(error) => self.complain(&error),
        }
        self.watch_clock(at);
    }

    /// Says what is odd about the clock, and when it is no longer.
    fn watch_clock(&mut self, now: DateTime<FixedOffset>) {
        let step = self.clock.hear(now, counted());
        let doubt = self.store.clock_doubt();
        let said = match (doubt, self.store.last_ticket_at()) {
            (Some(ClockDays { clock, trusted }), _) => Some(ClockSaid::Doubt { clock, trusted }),
            (None, Ok(Some(last))) if last > now => Some(ClockSaid::Back),
            (None, Ok(_)) => step,
            (None, Err(error)) => return self.complain(&error),
        };
        if self.clock_said != said {
            if let Some(said) = said {
                log::warn!("the clock: {said:?}");
            }
            self.clock_said = said;
            self.say(Done::Clock(said));
        }
    }

    /// Closes the day where it has ended, and compacts: a key or a sale would wait for it, so only while no
    /// basket is open.
    fn rest(&mut self, at: DateTime<FixedOffset>) {
        if self.store.has_draft() {
            return;
        }
        match self.store.rest(at) {
            // Somebody reads, or there is no room: it is tried again, and what is pending is said elsewhere.
            Err(error) => log::warn!("closing the day: {error}"),
            Ok(forgetting) => log::debug!("rested: {forgetting:?}"),
        }
    }

    fn wake_hub(&self) {
        if let Some(hub) = &self.hub {
            hub.wake();
        }
    }

    /// What the exchange with the hub needs of the store.
    fn exchange(&mut self, local: Local) -> Carried {
        if let Local::Contact { hub_time: Some(time) } = local {
            self.hub_time = Some(time);
        }
        let Worker { store, keep_policy, next_policies, .. } = self;
        let mut news = (false, None);
        let mut adopt = |_: &mut Store, applied: Applied| {
            if let Some(new) = applied.policy {
                // First its file: the next start must not find an older one than was in force.
                keep_policy(&new.text)?;
                news.1 = Some(Arc::new(new.policy.clone()));
                next_policies.push_back(new);
            }
            news.0 = applied.catalogue;
            Ok(())
        };
        let told = carry_out(store, local, super::now(), &mut adopt);
        let (catalogue, policy) = news;
        if let Some(policy) = policy {
            self.say(Done::Policy(policy));
        }
        if catalogue {
            match self.store.catalogue() {
                Ok(catalogue) => self.say(Done::Catalogue(Arc::new(catalogue))),
                Err(error) => self.complain(&error),
            }
        }
        told.unwrap_or_else(|error| {
            self.complain(&error);
            Carried::NotYet
        })
    }

    /// No basket is open: this version, which the hub sent and the screens show from now on, is in
    /// force. One that came since is not: no customer has seen it.
    fn adopt_policy(&mut self, version: u32) {
        while let Some(NewPolicy { text, policy }) =
            self.next_policies.pop_front_if(|next| next.policy.version <= version)
        {
            if policy.version == version
                && let Err(error) = self.store.adopt_policy(&text, policy)
            {
                self.complain(&error);
            }
        }
    }

    fn close(&mut self) {
        self.tend();
        if let Err(error) = self.store.close_day() {
            log::error!("closing: {error}");
        }
    }

    fn complain(&mut self, error: &StoreError) {
        log::error!("{error}");
        self.troubled = true;
        self.say(Done::Trouble(Some(self.problem(error))));
    }

    fn problem(&self, error: &StoreError) -> Problem {
        match error {
            StoreError::DiskFull => self.words("till-disk-full", "till-disk-full-next"),
            StoreError::Busy => self.words("till-busy", "till-busy-next"),
            StoreError::FilesGone(path) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let what = self.locale().format("till-files-gone", &[("name", name.into())]);
                Problem { what, ..self.words("till-files-gone", "till-files-gone-next") }
            }
            StoreError::YearImpossible => self.words("till-year-impossible", "till-year-impossible-next"),
            StoreError::Damaged(_) | StoreError::Keys(_) | StoreError::StoreKey(_) => {
                self.words("till-damaged", "till-damaged-next")
            }
            _ => self.words("till-store-failed", "till-store-failed-next"),
        }
    }

    fn words(&self, what: &str, remedy: &str) -> Problem {
        let text = |key| self.locale().text(key).into_owned();
        Problem { what: text(what), remedy: text(remedy) }
    }
}

/// The next job: what the hub needs waits for everything else.
fn next(waiting: &mut VecDeque<Job>) -> Option<Job> {
    let urgent = waiting.iter().position(|job| !matches!(job, Job::Hub(..)));
    waiting.remove(urgent.unwrap_or(0))
}

/// The receipt of a sale just recorded, in the customer's language.
fn receipt(sale: &Sale, sold: Sold, policy: &Policy, locale: &'static Locale) -> Receipt {
    let Promise { choice, answered, until, .. } = &sale.promise;
    let card = policy.card(choice, locale.language(), sale.at.date_naive());
    let no_uses = locale.text("purchase-no-purposes");
    let kept = card.as_ref().and_then(|card| match &sale.promise.keep {
        Keep::Nothing => None,
        Keep::ForReceipt => Some(KeptFor::of_card(card, &[], *until, None, &no_uses)),
        Keep::ForProfile { purposes, customer } => {
            Some(KeptFor::of_card(card, purposes, *until, Some(customer.kind().to_owned()), &no_uses))
        }
    });
    let (choice, after) = card.map(|card| (card.title, card.after)).unwrap_or_default();
    let memory = ReceiptMemory { choice, answered: *answered, kept };
    let code = sold.code.text().to_string();
    Receipt::of_sale(sale, sold.ticket, memory, after, Some(code))
}

#[cfg(test)]
mod tests;
