//! The plan carried out: a till and its hub exchange what each has for the other, once or for as long
//! as the till runs.
//!
//! It reads the store beside the till ([`Outbox`]). What the store must keep or do is handed to whoever
//! owns it, as a [`Local`]. While the hub works on one run of tickets of many, the next one is sent and
//! the one after that made ready.

mod carrier;
mod here;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use chrono::{DateTime, FixedOffset};

pub use here::{Adopt, Carried, Local, carry_out};

use super::client::{Client, ClientError, HubAddress, Packed, pack_upload};
use super::plan::{Keep, Known, Outcome, PerSeries, Plan, Start, Step};
use super::record::{Origin, Run, Series, body_hash};
use super::wire::{Base64, FORGETS_MAX, FeedPage, Hex, PACKED_BYTES_MAX, RUN_RECORDS_MAX, Upload};
use super::{incoming, outgoing};
use crate::seal::{self, DeviceKey};
use crate::store::{Files, HubState, Outbox, Store, StoreError};
use carrier::{Answered, Lane, Request};

/// Who the till is at its hub.
pub struct Identity {
    /// The store's id.
    pub store: String,
    pub origin: Origin,
    pub key: DeviceKey,
}

/// How long an exchange goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Until nothing waits, or nothing more can be done now.
    Once,
    /// Until the forgets that were said here are told, and asked about, or that cannot be done now.
    Forgets,
    /// Until it is told to stop.
    Always,
}

/// What can be told to an exchange, and what its own threads tell it.
pub enum Event {
    /// Something may have been recorded.
    Woken,
    Stop,
    #[doc(hidden)]
    Answered(Lane, Result<Answered, ClientError>),
}

/// How things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub state: HubState,
    /// Records that the hub is not known to have.
    pub waiting: u64,
    /// When the first ticket among them was issued.
    pub since: Option<DateTime<FixedOffset>>,
    /// Forgets said here that not every copy has confirmed.
    pub unconfirmed: usize,
    /// Why the hub could not be asked last; nothing when it answered.
    pub trouble: Option<ClientError>,
    /// What comes down stands still before a change that this program cannot read.
    pub unread: bool,
    /// Nothing waits in either direction.
    pub done: bool,
}

/// A till's part of an exchange, before it begins.
pub struct Parts {
    identity: Identity,
    client: Client,
    start: Start,
    files: Files,
}

/// See the module.
pub struct Exchange {
    plan: Plan,
    outbox: Outbox,
    identity: Arc<Identity>,
    client: Arc<Client>,
    up: [Sender<Request>; 2],
    down: Sender<Request>,
    events: Receiver<Event>,
    began: Instant,
    token: String,
    /// What is under way.
    up_step: Option<UpStep>,
    down_step: Option<Step>,
    ahead: Option<Ahead>,
    prepared: Option<Packed>,
    unconfirmed: usize,
    /// A page of the feed may still wait for the one after it: that one counts even if it is empty.
    open_page: bool,
    unread: bool,
    /// The last forget that was asked about: all get their turn.
    asked_through: [u8; 16],
    /// What is durable at the hub and not yet noted here.
    unsaved: BTreeMap<Series, u64>,
    saved_at: Duration,
    contact_at: Option<Duration>,
    since: Option<(u64, Option<DateTime<FixedOffset>>)>,
    trouble: Option<ClientError>,
}

/// A step that goes up.
#[derive(Clone, Copy)]
struct UpStep {
    step: Step,
    /// Last index that is sent.
    last: u64,
    /// Which of the two lanes.
    lane: usize,
    /// It was sent before it was its turn.
    was_ahead: bool,
}

/// A run of tickets that was sent before the hub has answered for the one before it. What it answers
/// counts when it is this run's turn, and only if it took it; else all is as if it had not been sent.
struct Ahead {
    after: u64,
    last: u64,
    lane: usize,
    answered: Option<Result<Answered, ClientError>>,
    /// Something else has happened since: its turn does not come.
    is_void: bool,
}

/// How far the hub has the records is noted at most so often while there is much to send: a session
/// says it again.
const SAVE_EVERY: Duration = Duration::from_secs(2);
/// That the hub answered is noted at most so often.
const CONTACT_EVERY: Duration = Duration::from_secs(300);
/// Bodies of a run together: packed they stay below what a hub takes, even where nothing can be packed.
const RUN_BYTES_MAX: usize = PACKED_BYTES_MAX - (128 << 10);
/// Before the store is read again after it could not be.
const READ_AGAIN: Duration = Duration::from_secs(5);

impl Parts {
    /// What an exchange needs of a store; `None` where it is not enrolled. What an earlier program did not
    /// know comes down again. Errors: of the store; `Damaged` where its hub's address is none.
    pub fn of(store: &mut Store) -> Result<Option<Parts>, StoreError> {
        incoming::ask_again(store)?;
        let Some(enrolment) = store.enrolment()? else { return Ok(None) };
        let address = HubAddress::parse(&enrolment.url);
        let address = address.map_err(|_| StoreError::Damaged("the hub's address".into()))?;
        let origin = Origin { device: enrolment.device, epoch: enrolment.epoch };
        let start = Start {
            state: enrolment.state,
            incarnation: enrolment.incarnation,
            durable: PerSeries::of(|series| store.durable_through(series))?,
            cursor: enrolment.cursor,
        };
        let client = Client::new(&address, enrolment.pin.map(Hex));
        let identity = Identity { store: enrolment.store, origin, key: enrolment.key };
        Ok(Some(Parts { identity, client, start, files: store.files().clone() }))
    }

    /// Opens the records and starts the threads that wait for the hub, in the calling thread's
    /// priority. `events`: where the exchange hears; `tell`: the other end of it.
    pub fn open(self, events: Receiver<Event>, tell: &Sender<Event>) -> Result<Exchange, StoreError> {
        let Parts { identity, client, start, files } = self;
        let (identity, client) = (Arc::new(identity), Arc::new(client));
        let lane = |lane| carrier::start(lane, Arc::clone(&client), Arc::clone(&identity), tell.clone());
        let mut exchange = Exchange {
            plan: Plan::new(start),
            outbox: Outbox::open(&files)?,
            up: [lane(Lane::Up(0)), lane(Lane::Up(1))],
            down: lane(Lane::Down),
            identity,
            client,
            events,
            began: Instant::now(),
            token: String::new(),
            up_step: None,
            down_step: None,
            ahead: None,
            prepared: None,
            unconfirmed: 0,
            open_page: true,
            unread: false,
            asked_through: [0; 16],
            unsaved: BTreeMap::new(),
            saved_at: Duration::ZERO,
            contact_at: None,
            since: None,
            trouble: None,
        };
        exchange.count_unconfirmed()?;
        Ok(exchange)
    }
}

/// An exchange in the calling thread.
pub fn here(parts: Parts, how: How, local: &mut dyn FnMut(Local) -> Carried) -> Result<Status, StoreError> {
    let (tell, events) = mpsc::channel();
    let mut exchange = parts.open(events, &tell)?;
    Ok(exchange.run(how, local, &mut |_| None))
}

impl Ahead {
    fn is_turn(&self, step: Step) -> bool {
        let Step::Upload { series: Series::Ticket, after, most } = step else { return false };
        !self.is_void && self.after == after && self.last - after <= most as u64
    }
}

impl Exchange {
    /// Carries the plan out. `local` does what the store must do, `say` hears how things stand, and
    /// returns after which time it wants to hear again. Returns how they stand at the end.
    pub fn run(
        &mut self,
        how: How,
        local: &mut dyn FnMut(Local) -> Carried,
        say: &mut dyn FnMut(Status) -> Option<Duration>,
    ) -> Status {
        loop {
            let known = match self.known() {
                Ok(known) => known,
                Err(error) => {
                    log::error!("sync: the records cannot be read: {error}");
                    if how != How::Always || !self.pause(READ_AGAIN) {
                        return self.status(&Known::default());
                    }
                    continue;
                }
            };
            let now = self.began.elapsed();
            let step = self.plan.next(&known, now);
            let polls = matches!(step, Step::Feed { wait_seconds: 1.., .. });
            let rests = matches!(step, Step::Wait { .. } | Step::Stop(_)) || (polls && how != How::Always);
            let under_way = self.up_step.is_some() || self.down_step.is_some();
            let ends = match how {
                How::Always => false,
                How::Once => !under_way && (rests || self.plan.is_done(&known)),
                How::Forgets => self.plan.has_told_forgets(&known) || (!under_way && rests),
            };
            if ends {
                self.save(local);
                return self.status(&known);
            }
            if !rests {
                self.take_up(step, &known, now, local);
                continue;
            }
            self.prepare(&known, now);
            if self.up_step.is_none() || now >= self.saved_at + SAVE_EVERY {
                self.save(local);
            }
            let again = say(self.status(&known)).map(|time| self.began.elapsed() + time);
            let until = match step {
                Step::Wait { until } => until,
                _ => None,
            };
            match self.wait(until.into_iter().chain(again).min()) {
                Some(Event::Stop) => return self.status(&known),
                Some(event) => self.hear(event, &known, local),
                None => {}
            }
        }
    }

    fn known(&self) -> Result<Known, StoreError> {
        let last = PerSeries::of(|series| self.outbox.last(series))?;
        Ok(Known { last, unconfirmed: self.unconfirmed })
    }

    fn count_unconfirmed(&mut self) -> Result<(), StoreError> {
        self.unconfirmed = self.outbox.unconfirmed(&[0; 16], FORGETS_MAX)?.len();
        Ok(())
    }

    /// Waits for an event; `None` when `until` is reached first.
    fn wait(&self, until: Option<Duration>) -> Option<Event> {
        let Some(until) = until else { return Some(self.events.recv().unwrap_or(Event::Stop)) };
        match self.events.recv_timeout(until.saturating_sub(self.began.elapsed())) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Event::Stop),
        }
    }

    /// Waits without doing anything else. Returns whether to go on.
    fn pause(&self, time: Duration) -> bool {
        let end = self.began.elapsed() + time;
        while let Some(event) = self.wait(Some(end)) {
            if matches!(event, Event::Stop) {
                return false;
            }
        }
        true
    }

    /// Gives a step to the thread that waits for its answer.
    fn take_up(&mut self, step: Step, known: &Known, now: Duration, local: &mut dyn FnMut(Local) -> Carried) {
        if let Some(Ahead { last, lane, answered, .. }) = self.ahead.take_if(|ahead| ahead.is_turn(step)) {
            self.plan.begin(step, now);
            self.up_step = Some(UpStep { step, last, lane, was_ahead: true });
            if let Some(answered) = answered {
                self.hear(Event::Answered(Lane::Up(lane), answered), known, local);
            }
            return;
        }
        let token = self.token.clone();
        let (request, last) = match step {
            Step::Session => (Request::Session, 0),
            Step::Upload { series, after, most } => match self.run_of(series, after, most) {
                Ok(packed) => {
                    let last = packed.last;
                    (Request::Upload(token, packed), last)
                }
                Err(error) => return self.failed(step, &error, local),
            },
            Step::AskForgets => match self.ask_about() {
                Ok(ids) => (Request::Forgets(token, ids), 0),
                Err(error) => return self.failed(step, &unread(&error), local),
            },
            Step::Feed { after, wait_seconds } => (Request::Feed { token, after, wait_seconds }, 0),
            Step::Wait { .. } | Step::Stop(_) => return,
        };
        self.plan.begin(step, now);
        let lane = if let Step::Feed { .. } = step {
            self.down_step = Some(step);
            &self.down
        } else {
            self.void_ahead();
            let lane = self.ahead.as_ref().map_or(0, |ahead| 1 - ahead.lane);
            self.up_step = Some(UpStep { step, last, lane, was_ahead: false });
            &self.up[lane]
        };
        // A carrier ends only after this does.
        let _ = lane.send(request);
    }

    /// The run behind `after`, made ready before or now.
    fn run_of(&mut self, series: Series, after: u64, most: usize) -> Result<Packed, ClientError> {
        let fits = |packed: &Packed| {
            packed.series == series && packed.first == after + 1 && packed.last - after <= most as u64
        };
        match self.prepared.take().filter(fits) {
            Some(packed) => Ok(packed),
            None => self.pack(series, after, most),
        }
    }

    fn pack(&self, series: Series, after: u64, most: usize) -> Result<Packed, ClientError> {
        let records = outgoing::page(&self.outbox, series, after, most, RUN_BYTES_MAX);
        let records = records.map_err(|error| unread(&error))?;
        if records.is_empty() && most > 0 {
            return Err(ClientError::Unread(format!("{series} {} is missing", after + 1)));
        }
        let hashes: Vec<_> =
            records.iter().map(|record| body_hash(record.as_deref().map(|body| body.get()))).collect();
        let run = Run { origin: self.identity.origin, series, first: after + 1 };
        let signature = Base64(run.sign(&self.identity.key, &hashes).0.to_vec());
        pack_upload(series, &Upload { first: after + 1, records, signature })
    }

    /// While the hub works on a run of tickets, makes the one that will follow ready. Where there are many
    /// it is sent, too, so that the hub reads it while it writes the one before. A purchase waits for its
    /// turn: it may be forgotten until then.
    fn prepare(&mut self, known: &Known, now: Duration) {
        let Some(UpStep { step: Step::Upload { series: Series::Ticket, .. }, last, .. }) = self.up_step
        else {
            return;
        };
        loop {
            let last = self.ahead.as_ref().filter(|ahead| !ahead.is_void).map_or(last, |ahead| ahead.last);
            if self.prepared.is_none() {
                let next = self.plan.upload_after(known, Series::Ticket, last, now);
                let Some(Step::Upload { series: Series::Ticket, after, most }) = next else { return };
                // Where it cannot be made, that is said when it is its turn.
                self.prepared = self.pack(Series::Ticket, after, most).ok();
            }
            let are_many = known.last[Series::Ticket].saturating_sub(last) >= RUN_RECORDS_MAX as u64;
            let fits = |packed: &mut Packed| packed.series == Series::Ticket && packed.first == last + 1;
            if !are_many || self.ahead.is_some() {
                return;
            }
            let (Some(packed), Some(step)) = (self.prepared.take_if(fits), self.up_step) else { return };
            let (lane, last) = (1 - step.lane, packed.last);
            let after = packed.first - 1;
            self.ahead = Some(Ahead { after, last, lane, answered: None, is_void: false });
            let _ = self.up[lane].send(Request::Upload(self.token.clone(), packed));
        }
    }

    /// What was sent ahead is not waited for any more.
    fn void_ahead(&mut self) {
        if let Some(ahead) = &mut self.ahead {
            ahead.is_void = true;
        }
        self.ahead.take_if(|ahead| ahead.answered.is_some());
    }

    fn ask_about(&mut self) -> Result<Vec<Hex<16>>, StoreError> {
        let mut ids = self.outbox.unconfirmed(&self.asked_through, FORGETS_MAX)?;
        if ids.is_empty() {
            ids = self.outbox.unconfirmed(&[0; 16], FORGETS_MAX)?;
        }
        self.asked_through = ids.last().copied().unwrap_or_default();
        Ok(ids.into_iter().map(Hex).collect())
    }

    fn hear(&mut self, event: Event, known: &Known, local: &mut dyn FnMut(Local) -> Carried) {
        match event {
            Event::Woken | Event::Stop => {
                if let Err(error) = self.count_unconfirmed() {
                    log::error!("sync: {error}");
                }
            }
            Event::Answered(Lane::Up(lane), answered) => {
                if let Some(ahead) = self.ahead.as_mut().filter(|ahead| ahead.lane == lane) {
                    ahead.answered = Some(answered);
                    self.ahead.take_if(|ahead| ahead.is_void);
                    return;
                }
                let Some(UpStep { step, last, was_ahead, .. }) = self.up_step.take() else { return };
                match answered {
                    Ok(answered) => self.answered(step, last, answered, known, local),
                    Err(_) if was_ahead => self.take_up(step, known, self.began.elapsed(), local),
                    Err(error) => self.failed(step, &error, local),
                }
            }
            Event::Answered(Lane::Down, answered) => {
                let Some(step) = self.down_step.take() else { return };
                match answered {
                    Ok(answered) => self.answered(step, 0, answered, known, local),
                    Err(error) => self.failed(step, &error, local),
                }
            }
        }
    }

    fn answered(
        &mut self,
        step: Step,
        last: u64,
        answered: Answered,
        known: &Known,
        local: &mut dyn FnMut(Local) -> Carried,
    ) {
        self.trouble = None;
        self.note_contact(local);
        match (answered, step) {
            (Answered::Session(answer), _) => {
                self.void_ahead();
                self.token.clone_from(&answer.token);
                self.end(Outcome::Session(&answer), known, local);
            }
            (Answered::Uploaded(answer), Step::Upload { series, .. }) => {
                self.end(Outcome::Uploaded { series, last, answer: &answer }, known, local);
            }
            (Answered::Forgets(answer), _) => {
                let news = local(Local::Forgets(answer.forgets)) == Carried::Done { news: true };
                if let Err(error) = self.count_unconfirmed() {
                    log::error!("sync: {error}");
                }
                self.end(Outcome::Asked { news }, known, local);
            }
            (Answered::Fed(page), Step::Feed { after, .. }) => self.fed(page, after, known, local),
            (answered, step) => log::error!("sync: {answered:?} is no answer to {step:?}"),
        }
    }

    fn fed(&mut self, page: FeedPage, after: u64, known: &Known, local: &mut dyn FnMut(Local) -> Carried) {
        let (next, more) = (page.next, page.more);
        let changed = !page.changes.is_empty() || next != after;
        let told = if changed || self.open_page {
            local(Local::Changes(page))
        } else {
            Carried::Done { news: false }
        };
        let outcome = match told {
            Carried::Done { .. } => Outcome::Fed { next, more, changed },
            Carried::NotYet | Carried::Unread => Outcome::NotCarriedOut,
        };
        self.open_page = more || matches!(outcome, Outcome::NotCarriedOut);
        self.unread = told == Carried::Unread;
        self.end(outcome, known, local);
    }

    fn failed(&mut self, step: Step, error: &ClientError, local: &mut dyn FnMut(Local) -> Carried) {
        if self.trouble.as_ref() != Some(error) {
            log::warn!("sync: {error}");
            self.trouble = Some(error.clone());
        }
        self.void_ahead();
        self.end(Outcome::Failed(step, error), &Known::default(), local);
    }

    fn end(&mut self, outcome: Outcome<'_>, known: &Known, local: &mut dyn FnMut(Local) -> Carried) {
        let random = u64::from_le_bytes(std::array::from_fn({
            let id = seal::random_id();
            move |i| id[i]
        }));
        let mut others = Vec::new();
        for keep in self.plan.ended(outcome, known, self.began.elapsed(), random) {
            match keep {
                Keep::Durable(series, through) => {
                    self.unsaved.insert(series, through);
                }
                other => others.push(other),
            }
        }
        if !others.is_empty() {
            self.save(local);
            for keep in &others {
                log::warn!("sync: {keep:?}");
            }
            local(Local::Keep(others));
        }
    }

    /// Notes here how far the hub has the records.
    fn save(&mut self, local: &mut dyn FnMut(Local) -> Carried) {
        self.saved_at = self.began.elapsed();
        let unsaved = std::mem::take(&mut self.unsaved);
        if !unsaved.is_empty() {
            local(Local::Keep(unsaved.into_iter().map(|(series, n)| Keep::Durable(series, n)).collect()));
        }
    }

    fn note_contact(&mut self, local: &mut dyn FnMut(Local) -> Carried) {
        let now = self.began.elapsed();
        if self.contact_at.is_none_or(|at| now >= at + CONTACT_EVERY) {
            self.contact_at = Some(now);
            local(Local::Contact { hub_time: self.client.hub_time() });
        }
    }

    fn status(&mut self, known: &Known) -> Status {
        let waiting = self.plan.waiting(known);
        let after = self.plan.durable(Series::Ticket);
        if known.last[Series::Ticket] <= after {
            self.since = None;
        } else if self.since.is_none_or(|(of, _)| of != after) {
            self.since = Some((after, issued_at(&self.outbox, after)));
        }
        Status {
            state: self.plan.state(),
            waiting,
            since: self.since.and_then(|(_, at)| at),
            unconfirmed: known.unconfirmed,
            trouble: self.trouble.clone(),
            unread: self.unread,
            done: self.plan.is_done(known),
        }
    }
}

/// When the first ticket behind `after` was issued, if it is still there.
pub fn issued_at(outbox: &Outbox, after: u64) -> Option<DateTime<FixedOffset>> {
    let first = outbox.tickets(after, 1).ok()?.into_iter().next()??;
    DateTime::parse_from_rfc3339(&first.at).ok()
}

/// The store could not be read for a step: it is tried again like one that the hub did not answer.
fn unread(error: &StoreError) -> ClientError {
    ClientError::Unread(error.to_string())
}
