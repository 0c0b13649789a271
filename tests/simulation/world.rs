//! One run: tills, a hub, people and a network, moved by one clock and one sequence of random numbers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use olvido::store::{ForgetState, HubState};
use olvido::sync::client::ClientError;
use olvido::sync::record::Series;
use olvido::sync::wire::{FeedPage, ForgetsAnswer, RunAnswer, SessionAnswer, UploadAnswer};

use super::breakage::Breakage;
use super::common::Rng;
use super::enrol::{Enrolled, enrol};
use super::hub::{Host, Response};
use super::network::{Ask, Heard, Weather};
use super::people::People;
use super::till::{Lane, Learnt, Till, Wants};

/// Something that happens at a moment.
enum Event {
    /// A till looks at what it has to do.
    Wake {
        till: usize,
        life: u32,
    },
    /// A request is at the hub; its answer takes so long, or never arrives.
    Arrive {
        way: Way,
        ask: Ask,
        back: Option<Duration>,
        is_last: bool,
    },
    /// An answer is at the till, or it waits no longer.
    Answer {
        way: Way,
        heard: Heard,
    },
    HubStarts,
}

/// Whose request, and which.
#[derive(Clone, Copy)]
struct Way {
    till: usize,
    life: u32,
    lane: Lane,
    exchange: u64,
}

/// A long poll that the hub holds.
struct Held {
    way: Way,
    ask: Ask,
    back: Option<Duration>,
}

pub struct World {
    pub random: Rng,
    /// True time since the beginning.
    pub now: Duration,
    events: BTreeMap<(Duration, u64), Event>,
    count: u64,
    pub tills: Vec<Till>,
    pub tills_max: usize,
    pub host: Host,
    pub people: People,
    pub weather: Weather,
    held: Vec<Held>,
    pub trace: String,
    pub breakage: Option<Breakage>,
    /// What was found to be wrong on the way.
    pub found: Vec<String>,
}

const BEGAN: &str = "2026-11-23T08:00:00Z";

/// True time at a moment of a run.
pub fn true_time(now: Duration) -> DateTime<Utc> {
    let began: DateTime<Utc> = BEGAN.parse().unwrap();
    began + now
}

impl World {
    pub fn new(seed: u64, breakage: Option<Breakage>) -> World {
        let random = Rng::new(seed);
        World {
            random,
            now: Duration::ZERO,
            events: BTreeMap::new(),
            count: 0,
            tills: Vec::new(),
            tills_max: 20,
            host: Host::new(breakage, true_time(Duration::ZERO)),
            people: People::default(),
            weather: Weather::default(),
            held: Vec::new(),
            trace: String::new(),
            breakage,
            found: Vec::new(),
        }
    }

    pub fn say(&mut self, what: &str) {
        let millis = self.now.as_millis();
        let _ = writeln!(self.trace, "{millis:>9} {what}");
    }

    pub fn time(&self) -> DateTime<Utc> {
        true_time(self.now)
    }

    fn at(&mut self, after: Duration, event: Event) {
        self.count += 1;
        self.events.insert((self.now + after, self.count), event);
    }

    /// Lets everything happen up to that moment.
    pub fn run_until(&mut self, end: Duration) {
        while let Some(entry) = self.events.first_entry() {
            if entry.key().0 > end {
                break;
            }
            let ((at, _), event) = entry.remove_entry();
            self.now = at;
            self.happen(event);
        }
        self.now = end;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Wake { till, life } => {
                if self.tills[till].life == life {
                    self.tills[till].wakes_at = None;
                    self.wake(till);
                }
            }
            Event::Arrive { way, ask, back, is_last } => self.arrive(way, ask, back, is_last),
            Event::Answer { way, heard } => self.answer(way, heard),
            Event::HubStarts => self.start_hub(),
        }
    }

    /// A till does everything that it can do now.
    pub fn wake(&mut self, till: usize) {
        loop {
            let (now, exchange) = (self.now, self.count);
            if self.tills[till].is_gone {
                return;
            }
            match self.tills[till].wants(now, exchange) {
                Wants::Ask(lane, ask) => {
                    self.say(&format!("t{till} asks: {}", ask.told()));
                    self.look_at(till, &ask);
                    let way = Way { till, life: self.tills[till].life, lane, exchange };
                    self.send(way, ask);
                }
                Wants::Rest(Some(until)) if self.tills[till].wakes_at.is_none_or(|at| at > until) => {
                    self.tills[till].wakes_at = Some(until);
                    let life = self.tills[till].life;
                    self.at(until.saturating_sub(now), Event::Wake { till, life });
                    return;
                }
                Wants::Rest(_) | Wants::Stop => return,
            }
        }
    }

    fn send(&mut self, way: Way, ask: Ask) {
        let fate = self.weather.fate(&mut self.random);
        // Also makes each exchange's number another.
        self.at(ask.patience(), Event::Answer { way, heard: Err(unreachable("timeout")) });
        if let Some(again) = fate.again.filter(|_| fate.arrives.is_some()) {
            let ask = ask.clone();
            self.at(again, Event::Arrive { way, ask, back: None, is_last: true });
        }
        match fate.arrives {
            Some(arrives) => {
                self.at(arrives, Event::Arrive { way, ask, back: fate.answered, is_last: false });
            }
            None if fate.is_cut => {
                self.at(Duration::from_millis(5), Event::Answer { way, heard: Err(unreachable("cut")) });
            }
            None => {}
        }
    }

    fn arrive(&mut self, way: Way, ask: Ask, back: Option<Duration>, is_last: bool) {
        let now = self.time();
        match self.host.answer(&ask, is_last, now) {
            Response::Now(heard) => {
                let till = way.till;
                self.say(&format!("  hub, to t{till}'s {}: {}", ask.name(), told(&ask, &heard)));
                if let Some(back) = back {
                    self.at(back, Event::Answer { way, heard });
                }
                if matches!(ask, Ask::Upload { series: Series::Forget, .. }) {
                    self.release();
                }
            }
            Response::Waits => {
                let Ask::Feed { wait_seconds, .. } = ask else { unreachable!("only the feed waits") };
                let end = Duration::from_secs(wait_seconds);
                self.at(end, Event::Arrive { way, ask: ask.clone(), back, is_last: true });
                self.held.push(Held { way, ask, back });
            }
        }
    }

    /// Something is new in the feed: whoever waits for it is answered.
    pub fn release(&mut self) {
        for Held { way, ask, back } in std::mem::take(&mut self.held) {
            if self.tills[way.till].waits_for(way.lane, way.exchange) && back.is_some() {
                self.at(Duration::ZERO, Event::Arrive { way, ask, back, is_last: false });
            }
        }
    }

    fn answer(&mut self, way: Way, heard: Heard) {
        let Way { till, life, lane, exchange } = way;
        if self.tills[till].life != life || !self.tills[till].waits_for(lane, exchange) {
            return;
        }
        let random = self.random.next();
        let next = self.count + 1;
        match self.tills[till].hear(lane, heard, self.now, random, next) {
            Ok(learnt) => self.learn(till, learnt),
            Err(ask) => {
                self.count = next;
                self.send(Way { exchange: next, ..way }, ask);
            }
        }
        self.wake(till);
    }

    fn learn(&mut self, till: usize, learnt: Learnt) {
        match learnt {
            Learnt::Nothing => {}
            Learnt::Answered(series, through) => self.acknowledged(till, series, through),
            Learnt::Forgets(states) => {
                for (id, state) in states {
                    self.check_complete(till, &id, state);
                }
            }
        }
    }

    /// The hub says that it has a till's records from the first that was sent to this one.
    fn acknowledged(&mut self, till: usize, series: Series, (first, last): (u64, u64)) {
        if last < first {
            return;
        }
        let most = (last + 1 - first) as usize;
        let outbox = self.tills[till].outbox();
        match series {
            Series::Ticket => {
                for ticket in outbox.tickets(first - 1, most).unwrap().into_iter().flatten() {
                    if let Some(printed) = self.people.printed.get_mut(&ticket.hash) {
                        printed.is_acknowledged = true;
                    }
                }
            }
            Series::Forget => {
                for forget in outbox.forgets(first - 1, most).unwrap().into_iter().flatten() {
                    let said = self.people.of(&forget.id).into_iter().flat_map(|kept| &mut kept.said);
                    said.filter(|said| said.till == till).for_each(|said| said.is_acknowledged = true);
                }
            }
            Series::Count | Series::Purchase => {}
        }
    }

    /// Nobody may be told that a forget is complete while a till still has the purchase.
    fn check_complete(&mut self, till: usize, id: &[u8; 16], state: ForgetState) {
        let Some(kept) = self.people.place(id).map(|place| &self.people.kept[place]) else { return };
        if state.copies == 0 || state.confirmed + state.lost < state.copies {
            return;
        }
        for other in self.tills.iter().filter(|other| other.shop == kept.shop) {
            // Of a double nobody can know, nor of a till that the hub never knew or knows no longer; one that is
            // gone counts as lost.
            if other.is_gone || other.is_double || !self.host.knows(other) {
                continue;
            }
            if matches!(other.store.find(&kept.code).unwrap(), olvido::store::Found::Kept(_)) {
                let name = other.name;
                self.found.push(format!("t{till} hears that a forget is complete; t{name} has the purchase"));
            }
        }
    }

    /// What a till forgot before it was sent never leaves it.
    fn look_at(&mut self, till: usize, ask: &Ask) {
        let Ask::Upload { series: Series::Purchase, body, .. } = ask else { return };
        // An old image does not know.
        if self.tills[till].is_restored {
            return;
        }
        for kept in
            self.people.kept.iter().filter(|kept| kept.said.iter().any(|s| s.till == till && !s.is_lost))
        {
            let id = olvido::sync::wire::Hex(kept.code.purchase_id()).to_string();
            if body.contains(&id) {
                self.found.push(format!("t{till} sends what was forgotten there"));
            }
        }
    }

    pub fn start_hub(&mut self) {
        if self.host.hub().is_none() {
            self.host.start(self.time());
            self.say("the hub starts");
            self.release();
        }
    }

    pub fn hub_starts_in(&mut self, after: Duration) {
        // Whoever waited for an answer has lost the connection.
        self.held.clear();
        self.at(after, Event::HubStarts);
    }

    /// Somebody enrols a till with a new code.
    pub fn enrol(&mut self, till: usize, replaces: Option<[u8; 16]>, may_fail: bool) {
        let is_lost = may_fail && self.random.percent(self.weather.unanswered);
        let now = self.host.clock(self.time());
        let Some(hub) = self.host.hub() else { return };
        let own = self.own_place(till);
        let Till { store, shop, .. } = &mut self.tills[till];
        let shop = shop.clone();
        let replaces = replaces.or(own);
        let enrolled = enrol(store, hub, &shop, replaces, &format!("caja {till}"), is_lost, now);
        self.say(&format!("t{till} is enrolled: {enrolled:?}"));
        if matches!(enrolled, Enrolled::Done { .. }) {
            self.tills[till].is_double = false;
            self.tills[till].is_restored = false;
            self.tills[till].device = self.tills[till].store.enrolment().unwrap().map(|known| known.device);
            self.tills[till].start_talk(self.now);
            self.release();
            self.wake(till);
        }
    }

    /// The device whose place a till takes: its own, where its disk no longer knows it, or knows an older
    /// epoch than the last.
    fn own_place(&self, till: usize) -> Option<[u8; 16]> {
        let till = &self.tills[till];
        let is_needed = till.is_restored || till.store.enrolment().unwrap().is_none();
        let device = till.device.filter(|_| is_needed)?;
        self.hub_knows(&till.shop, &device).then_some(device)
    }

    /// Whoever runs a till sees that it must be enrolled again, and does it.
    pub fn mend(&mut self, till: usize) {
        let it = &self.tills[till];
        if it.is_gone {
            return;
        }
        let Some(talk) = &it.talk else {
            self.tills[till].start_talk(self.now);
            if self.tills[till].talk.is_none() {
                self.enrol(till, None, false);
            }
            self.wake(till);
            return;
        };
        let state = talk.state();
        if state == HubState::Conflict {
            self.check_conflict(till);
        }
        if state != HubState::Active || self.tills[till].talk.as_ref().is_some_and(|talk| talk.is_stranger) {
            self.enrol(till, None, false);
        }
    }

    /// What was in conflict is kept at the hub, too.
    fn check_conflict(&mut self, till: usize) {
        let origin = self.tills[till].talk.as_ref().expect("it talks").origin;
        let sql = "SELECT count(*) FROM conflict WHERE device = ?1 AND epoch = ?2";
        let args = rusqlite::params![origin.device, origin.epoch];
        let kept: u64 = self.host.connect().query_row(sql, args, |row| row.get(0)).unwrap();
        // Unless the hub was put back since.
        if kept == 0 && !self.host.was_put_back {
            self.found.push(format!("t{till} is in conflict, and the hub has kept nothing of it"));
        }
    }
}

fn unreachable(what: &str) -> ClientError {
    ClientError::Unreachable(what.into())
}

/// For the trace: nothing in it that is random.
fn told(ask: &Ask, heard: &Heard) -> String {
    let body = match heard {
        Ok(body) => body,
        Err(error) => return error.to_string(),
    };
    match ask {
        Ask::Upload { .. } => {
            let answer: UploadAnswer = serde_json::from_str(body).unwrap();
            // What was there before the hub comes in the order of random ids.
            let mut records = BTreeMap::new();
            for RunAnswer { first, last, answer, reason } in answer.answers {
                let reason = reason.map_or(String::new(), |reason| format!(" {reason:?}"));
                *records.entry(format!("{answer:?}{reason}")).or_insert(0) += last - first + 1;
            }
            format!("through {}, {records:?}", answer.durable_through)
        }
        Ask::Session(_) => {
            let SessionAnswer { durable_through, replay_forgets, .. } = serde_json::from_str(body).unwrap();
            format!("{:?}, replay: {replay_forgets}", durable_through.values().collect::<Vec<_>>())
        }
        Ask::Forgets { .. } => {
            let answer: ForgetsAnswer = serde_json::from_str(body).unwrap();
            let mut states: Vec<_> =
                answer.forgets.iter().map(|f| format!("{}+{}/{}", f.confirmed, f.lost, f.copies)).collect();
            states.sort();
            states.join(" ")
        }
        Ask::Feed { .. } => {
            let page: FeedPage = serde_json::from_str(body).unwrap();
            let mut kinds: Vec<_> = page.changes.iter().map(|change| change.kind.as_str()).collect();
            kinds.sort_unstable();
            format!("up to {}: {kinds:?}", page.next)
        }
        Ask::Challenge => String::new(),
    }
}
