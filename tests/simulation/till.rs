//! A till: its real store on real files, the real plan of what it does about its hub, carried out
//! without sockets, threads or clocks.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, Utc};
use olvido::domain::policy::{Policy, SHIPPED};
use olvido::domain::ticket::Issuer;
use olvido::seal::DeviceKey;
use olvido::store::{Enrolment, Files, ForgetState, HubState, Outbox, Store};
use olvido::sync::client::{ClientError, check};
use olvido::sync::enrolment::signed_for_session;
use olvido::sync::exchange::{self, Carried, Local};
use olvido::sync::outgoing;
use olvido::sync::plan::{Known, Outcome, PerSeries, Plan, Start, Step};
use olvido::sync::record::{Origin, Run, Series, body_hash};
use olvido::sync::wire::{
    self, Answer, Base64, Challenge, FORGETS_MAX, FeedPage, ForgetsAnswer, ForgetsRequest, Hex,
    SessionAnswer, SessionRequest, Upload, UploadAnswer,
};
use tempfile::TempDir;

use super::breakage::{Bodies, Breakage};
use super::common::{self, copy_files, fast_directory};
use super::hub::json;
use super::network::{Ask, Heard};
use super::residue::Sealed;

/// What goes on at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Up,
    Down,
}

/// What a till wants now.
pub enum Wants {
    Ask(Lane, Ask),
    /// Nothing before this moment of true time.
    Rest(Option<Duration>),
    /// Nothing until somebody enrols it.
    Stop,
}

pub struct Till {
    pub name: usize,
    /// Its store at the hub.
    pub shop: String,
    directory: TempDir,
    pub store: Store,
    outbox: Outbox,
    /// Its clock, beside the true time.
    pub skew: chrono::Duration,
    /// Lost, stolen or burnt.
    pub is_gone: bool,
    /// It is, without knowing it, not what its hub takes it for: put back to an old image, or cloned.
    pub is_double: bool,
    pub has_full_disk: bool,
    pub image: Option<TempDir>,
    /// People know that it was put back.
    pub is_restored: bool,
    /// Which device people know it as.
    pub device: Option<[u8; 16]>,
    pub sealed: Sealed,
    /// What it would have sent of each purchase at its sale.
    pub bodies: Bodies,
    collected: u64,
    pub talk: Option<Talk>,
    /// Rises with each start of its process.
    pub life: u32,
    pub wakes_at: Option<Duration>,
    pub breakage: Option<Breakage>,
    policy_text: String,
}

/// A process's exchange with the hub.
pub struct Talk {
    plan: Plan,
    store: String,
    pub origin: Origin,
    key: DeviceKey,
    token: String,
    began: Duration,
    up: Option<Asked>,
    down: Option<Asked>,
    asked_through: [u8; 16],
    /// The hub does not know this till any more.
    pub is_stranger: bool,
    /// Nothing new came with the last answers.
    trouble: Option<ClientError>,
}

struct Asked {
    exchange: u64,
    step: Step,
    first: u64,
    last: u64,
    is_challenge: bool,
}

/// What a till learnt from an answer, for those who watch.
pub enum Learnt {
    Nothing,
    /// The hub has these records of it, from the first to the last.
    Answered(Series, (u64, u64)),
    Forgets(Vec<([u8; 16], ForgetState)>),
}

/// Each till has a series of its own.
fn issuer(till: usize) -> Issuer {
    Issuer { series: format!("T{till}"), ..common::issuer() }
}

const RUN_BYTES_MAX: usize = 1 << 20;

impl Till {
    pub fn new(name: usize, shop: &str, breakage: Option<Breakage>) -> Till {
        let directory = fast_directory();
        let policy_text = SHIPPED.to_owned();
        let issuer = issuer(name);
        let mut store =
            Store::create(&Files::of(directory.path()), &issuer, &policy_text, common::policy()).unwrap();
        break_store(&mut store, breakage);
        Till::over(name, shop, directory, store, breakage, policy_text)
    }

    fn over(
        name: usize,
        shop: &str,
        directory: TempDir,
        store: Store,
        breakage: Option<Breakage>,
        policy_text: String,
    ) -> Till {
        Till {
            name,
            shop: shop.to_owned(),
            outbox: Outbox::open(store.files()).unwrap(),
            directory,
            store,
            skew: chrono::Duration::zero(),
            is_gone: false,
            is_double: false,
            has_full_disk: false,
            image: None,
            is_restored: false,
            device: None,
            sealed: Sealed::default(),
            bodies: Bodies::default(),
            collected: 0,
            talk: None,
            life: 0,
            wakes_at: None,
            breakage,
            policy_text,
        }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub fn clock(&self, now: DateTime<Utc>) -> DateTime<FixedOffset> {
        (now + self.skew).with_timezone(&FixedOffset::east_opt(3600).unwrap())
    }

    /// What kill -9 leaves, started again.
    pub fn crash(&mut self) {
        let next = fast_directory();
        copy_files(self.path(), next.path());
        self.restart_in(next);
    }

    /// Copies the disk.
    pub fn take_image(&mut self) {
        let image = fast_directory();
        copy_files(self.path(), image.path());
        self.image = Some(image);
    }

    /// Puts an old image in the place of the disk.
    pub fn put_image_back(&mut self) {
        let image = self.image.as_ref().expect("there is an image");
        let next = fast_directory();
        copy_files(image.path(), next.path());
        self.restart_in(next);
        self.is_double = true;
        self.is_restored = true;
    }

    /// Another till with a copy of this one's disk.
    pub fn clone_disk(&self, name: usize) -> Till {
        let directory = fast_directory();
        copy_files(self.path(), directory.path());
        let store = self.opened(directory.path());
        let mut clone =
            Till::over(name, &self.shop, directory, store, self.breakage, self.policy_text.clone());
        clone.is_double = true;
        clone.device = self.device;
        clone.sealed = self.sealed.clone();
        clone
    }

    fn restart_in(&mut self, directory: TempDir) {
        self.talk = None;
        self.life += 1;
        self.wakes_at = None;
        self.has_full_disk = false;
        let store = self.opened(directory.path());
        self.outbox = Outbox::open(store.files()).unwrap();
        self.store = store;
        self.collected = 0;
        self.directory = directory;
    }

    fn opened(&self, directory: &Path) -> Store {
        let policy = Policy::parse(&self.policy_text).unwrap();
        let files = Files::of(directory);
        let mut store = Store::open(&files, self.store.issuer(), &self.policy_text, policy).unwrap();
        break_store(&mut store, self.breakage);
        store
    }

    /// Copies what is sealed now, as a thief of the file could have at any time.
    pub fn collect_sealed(&mut self) {
        let rows = self.outbox.purchases(self.collected, usize::MAX >> 1).unwrap();
        for row in rows.into_iter().flatten() {
            self.sealed.add(row.id, row.sealed);
        }
        if self.breakage == Some(Breakage::TillSendsForgotten) {
            let bodies = outgoing::page(&self.outbox, Series::Purchase, self.collected, 1000, RUN_BYTES_MAX);
            for (index, body) in (self.collected + 1..).zip(bodies.unwrap()) {
                self.bodies.extend(body.map(|body| (index, body)));
            }
        }
        self.collected = self.outbox.last(Series::Purchase).unwrap();
    }

    /// Starts to speak to the hub, where it is enrolled.
    pub fn start_talk(&mut self, now: Duration) {
        self.wakes_at = None;
        self.life += 1;
        self.talk = self.store.enrolment().unwrap().map(|enrolment| Talk::new(&self.store, enrolment, now));
    }

    pub fn known(&self) -> Known {
        let last = PerSeries::of(|series| self.outbox.last(series)).unwrap();
        Known { last, unconfirmed: self.store.unconfirmed().unwrap().len() }
    }

    /// Whether nothing waits at either end.
    pub fn is_done(&self) -> bool {
        let known = self.known();
        let talk = self.talk.as_ref();
        talk.is_some_and(|talk| {
            let is_active = talk.state() == HubState::Active && !talk.is_stranger;
            is_active && talk.plan.is_done(&known) && known.unconfirmed == 0 && talk.up.is_none()
        })
    }

    /// What is missing for [`Till::is_done`].
    pub fn standing(&self) -> String {
        let known = self.known();
        let Some(talk) = &self.talk else { return "does not talk".into() };
        let waiting = talk.plan.waiting(&known);
        let state = talk.plan.state();
        let trouble = &talk.trouble;
        format!("{state:?}, {waiting} waiting, {} unconfirmed, {trouble:?}", known.unconfirmed)
    }

    pub fn wants(&mut self, now: Duration, exchange: u64) -> Wants {
        let known = self.known();
        let Some(talk) = &mut self.talk else { return Wants::Stop };
        let time = now - talk.began;
        let step = talk.plan.next(&known, time);
        let token = talk.token.clone();
        let (mut first, mut last) = (0, 0);
        let ask = match step {
            Step::Stop(_) => return Wants::Stop,
            Step::Wait { until } => return Wants::Rest(until.map(|until| talk.began + until)),
            Step::Session => Ask::Challenge,
            Step::Feed { after, wait_seconds } => Ask::Feed { token, after, wait_seconds },
            Step::AskForgets => {
                let ids = next_ids(&self.store, &mut talk.asked_through);
                Ask::Forgets { token, body: json(&ForgetsRequest { ids }) }
            }
            Step::Upload { series, after, most } => {
                let upload = talk.run(&self.outbox, series, after, most, self.breakage, &self.bodies);
                (first, last) = (upload.first, upload.first + upload.records.len() as u64 - 1);
                Ask::Upload { token, series, body: json(&upload) }
            }
        };
        talk.plan.begin(step, time);
        let asked = Asked { exchange, step, first, last, is_challenge: step == Step::Session };
        let lane = if let Step::Feed { .. } = step { Lane::Down } else { Lane::Up };
        *talk.lane(lane) = Some(asked);
        Wants::Ask(lane, ask)
    }

    /// Whether it still waits for this answer.
    pub fn waits_for(&self, lane: Lane, exchange: u64) -> bool {
        let talk = self.talk.as_ref();
        let asked =
            talk.and_then(|talk| if lane == Lane::Up { talk.up.as_ref() } else { talk.down.as_ref() });
        asked.is_some_and(|asked| asked.exchange == exchange)
    }

    /// Takes an answer in. Returns what it learnt; `Err` with the next request where the step goes on.
    pub fn hear(
        &mut self,
        lane: Lane,
        heard: Heard,
        now: Duration,
        random: u64,
        exchange: u64,
    ) -> Result<Learnt, Ask> {
        let known = self.known();
        let Some(talk) = &mut self.talk else { return Ok(Learnt::Nothing) };
        let Some(asked) = talk.lane(lane).take() else { return Ok(Learnt::Nothing) };
        if asked.is_challenge
            && let Ok(body) = &heard
        {
            let ask = talk.sign(body);
            talk.up = Some(Asked { exchange, is_challenge: false, ..asked });
            return Err(ask);
        }
        let heard = heard.and_then(|body| read(&asked, &body));
        Ok(self.take_in(asked, heard, &known, now, random))
    }

    fn take_in(
        &mut self,
        asked: Asked,
        heard: Result<Read, ClientError>,
        known: &Known,
        now: Duration,
        random: u64,
    ) -> Learnt {
        let mut learnt = Learnt::Nothing;
        let broken = self.breakage;
        let talk = self.talk.as_mut().expect("it asked");
        talk.trouble = heard.as_ref().err().cloned();
        let outcome = match &heard {
            Err(error) => {
                let refused = matches!(error, ClientError::Refused { status: 401, .. });
                if asked.step == Step::Session {
                    talk.is_stranger = refused;
                }
                Outcome::Failed(asked.step, error)
            }
            Ok(Read::Session(answer)) => {
                talk.token.clone_from(&answer.token);
                talk.is_stranger = false;
                Outcome::Session(answer)
            }
            Ok(Read::Uploaded(answer)) => {
                let Step::Upload { series, .. } = asked.step else { unreachable!("it asked for this") };
                learnt = Learnt::Answered(series, (asked.first, taken_through(&asked, answer)));
                Outcome::Uploaded { series, last: asked.last, answer }
            }
            Ok(Read::Forgets(answer)) => {
                learnt = Learnt::Forgets(states(answer));
                let local = Local::Forgets(answer.forgets.clone());
                let carried = carry_out(&mut self.store, &mut self.policy_text, local);
                Outcome::Asked { news: carried == Carried::Done { news: true } }
            }
            Ok(Read::Fed(_)) => {
                let Ok(Read::Fed(page)) = heard else { unreachable!("just looked at") };
                let end = fed(&mut self.store, &mut self.policy_text, page, asked.step, broken);
                self.end(end, known, now, random);
                return learnt;
            }
        };
        self.end(outcome, known, now, random);
        learnt
    }

    fn end(&mut self, outcome: Outcome<'_>, known: &Known, now: Duration, random: u64) {
        let talk = self.talk.as_mut().expect("it asked");
        let keep = talk.plan.ended(outcome, known, now - talk.began, random);
        if !keep.is_empty() {
            carry_out(&mut self.store, &mut self.policy_text, Local::Keep(keep));
        }
    }
}

impl Talk {
    fn new(store: &Store, enrolment: Enrolment, now: Duration) -> Talk {
        let start = Start {
            state: enrolment.state,
            incarnation: enrolment.incarnation,
            durable: PerSeries::of(|series| store.durable_through(series)).unwrap(),
            cursor: enrolment.cursor,
        };
        Talk {
            plan: Plan::new(start),
            store: enrolment.store,
            origin: Origin { device: enrolment.device, epoch: enrolment.epoch },
            key: enrolment.key,
            token: String::new(),
            began: now,
            up: None,
            down: None,
            asked_through: [0; 16],
            is_stranger: false,
            trouble: None,
        }
    }

    pub fn state(&self) -> HubState {
        self.plan.state()
    }

    fn lane(&mut self, lane: Lane) -> &mut Option<Asked> {
        if lane == Lane::Up { &mut self.up } else { &mut self.down }
    }

    fn sign(&self, body: &str) -> Ask {
        let challenge: Challenge = serde_json::from_str(body).unwrap();
        let signed = signed_for_session(&self.store, self.origin, &challenge.challenge);
        Ask::Session(json(&SessionRequest {
            store: self.store.clone(),
            device: Hex(self.origin.device),
            epoch: self.origin.epoch,
            challenge: challenge.challenge,
            signature: Base64(self.key.sign(&signed).0.to_vec()),
            version: "0.2.0".into(),
        }))
    }

    /// A signed run of records.
    pub fn run(
        &self,
        outbox: &Outbox,
        series: Series,
        after: u64,
        most: usize,
        breakage: Option<Breakage>,
        bodies: &Bodies,
    ) -> Upload {
        let mut records = outgoing::page(outbox, series, after, most, RUN_BYTES_MAX).unwrap();
        super::breakage::run(breakage, series, after + 1, &mut records, bodies);
        let hashes: Vec<_> =
            records.iter().map(|record| body_hash(record.as_deref().map(|body| body.get()))).collect();
        let run = Run { origin: self.origin, series, first: after + 1 };
        Upload { first: after + 1, records, signature: Base64(run.sign(&self.key, &hashes).0.to_vec()) }
    }
}

/// An answer that was read, and can be true.
enum Read {
    Session(SessionAnswer),
    Uploaded(UploadAnswer),
    Forgets(ForgetsAnswer),
    Fed(FeedPage),
}

fn read(asked: &Asked, body: &str) -> Result<Read, ClientError> {
    Ok(match asked.step {
        Step::Session => {
            let answer = serde_json::from_str(body).unwrap();
            check::session(&answer)?;
            Read::Session(answer)
        }
        Step::Upload { .. } => {
            let answer = serde_json::from_str(body).unwrap();
            check::upload(&answer, asked.first, asked.last)?;
            Read::Uploaded(answer)
        }
        Step::AskForgets => {
            let answer = serde_json::from_str(body).unwrap();
            check::forgets(&answer)?;
            Read::Forgets(answer)
        }
        Step::Feed { after, .. } => {
            let page = serde_json::from_str(body).unwrap();
            check::feed(&page, after)?;
            Read::Fed(page)
        }
        Step::Wait { .. } | Step::Stop(_) => unreachable!("nothing was asked"),
    })
}

/// Last index up to which the hub has what was sent.
fn taken_through(asked: &Asked, answer: &UploadAnswer) -> u64 {
    let taken = answer.answers.iter().take_while(|run| run.answer != Answer::Conflict);
    taken.last().map_or(asked.first - 1, |run| run.last)
}

fn states(answer: &ForgetsAnswer) -> Vec<([u8; 16], ForgetState)> {
    let state = |f: &wire::ForgetState| {
        (f.id.0, ForgetState { confirmed: f.confirmed, copies: f.copies, lost: f.lost })
    };
    answer.forgets.iter().map(state).collect()
}

fn next_ids(store: &Store, through: &mut [u8; 16]) -> Vec<Hex<16>> {
    let mut all = store.unconfirmed().unwrap();
    all.sort_unstable();
    let mut ids: Vec<_> = all.iter().copied().filter(|id| *id > *through).take(FORGETS_MAX).collect();
    if ids.is_empty() {
        ids = all.into_iter().take(FORGETS_MAX).collect();
    }
    *through = ids.last().copied().unwrap_or_default();
    ids.into_iter().map(Hex).collect()
}

/// Carries a page of the feed out.
fn fed(
    store: &mut Store,
    policy_text: &mut String,
    page: FeedPage,
    step: Step,
    breakage: Option<Breakage>,
) -> Outcome<'static> {
    let Step::Feed { after, .. } = step else { unreachable!("it asked for this") };
    let (next, more) = (page.next, page.more);
    let changed = !page.changes.is_empty() || next != after;
    if changed {
        if super::breakage::confirms_first(breakage) {
            store.set_cursor(next).unwrap();
            return Outcome::Fed { next, more, changed };
        }
        match carry_out(store, policy_text, Local::Changes(page)) {
            Carried::Done { .. } => {}
            Carried::NotYet | Carried::Unread => return Outcome::NotCarriedOut,
        }
    }
    Outcome::Fed { next, more, changed }
}

fn carry_out(store: &mut Store, policy_text: &mut String, local: Local) -> Carried {
    let now = DateTime::UNIX_EPOCH.fixed_offset();
    let carried = exchange::carry_out(store, local, now, &mut |store, applied| {
        if let Some(new) = applied.policy {
            store.adopt_policy(&new.text, new.policy)?;
            *policy_text = new.text;
        }
        Ok(())
    });
    match carried {
        Ok(carried) => carried,
        Err(error) if error.is_disk_full() => Carried::NotYet,
        Err(error) => panic!("the till broke: {error}"),
    }
}

fn break_store(store: &mut Store, breakage: Option<Breakage>) {
    if breakage == Some(Breakage::TillDoesNotZero) {
        store.disable_zeroing_for_mutation_test();
    }
}
