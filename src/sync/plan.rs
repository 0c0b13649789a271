//! What a till does next about its hub. Pure: the time is what has passed since the start, by a clock
//! that nobody sets, and randomness comes in with each outcome.
//!
//! Two things go on at once: what goes up (a session, uploads, questions about forgets) and the feed
//! that comes down. [`Plan::begin`] says that a step is under way, [`Plan::ended`] what it came to;
//! whoever does one thing at a time needs only the second.

use std::ops::{Index, IndexMut};
use std::time::Duration;

use super::client::ClientError;
use super::record::Series;
use super::wire::{Answer, RUN_RECORDS_MAX, SessionAnswer, UploadAnswer, WAIT_SECONDS_MAX};
use crate::store::HubState;

/// A value for each series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerSeries<T>([T; 4]);

/// What the till's store says now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Last index of each series.
    pub last: PerSeries<u64>,
    /// Forgets said here that not every copy has confirmed.
    pub unconfirmed: usize,
}

/// What the till's store says when the plan begins.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    pub state: HubState,
    pub incarnation: [u8; 16],
    /// Last index of each series that the hub is known to have.
    pub durable: PerSeries<u64>,
    /// How far the feed was carried out.
    pub cursor: u64,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Answer a challenge.
    Session,
    /// Send the run of records behind `after`, `most` at the most. None at all of forgets says that there
    /// are no others: a hub that was restored waits for this.
    Upload { series: Series, after: u64, most: usize },
    /// Ask how far the forgets are that were said here.
    AskForgets,
    /// Ask for what came down behind `after`: that confirms everything up to it.
    Feed { after: u64, wait_seconds: u64 },
    /// Nothing before this moment, unless something is recorded or a step ends; without a moment,
    /// nothing until then.
    Wait { until: Option<Duration> },
    /// Nothing until the till is enrolled again.
    Stop(HubState),
}

/// What a step came to.
#[derive(Debug)]
pub enum Outcome<'a> {
    Session(&'a SessionAnswer),
    Uploaded {
        series: Series,
        /// Last index that was sent.
        last: u64,
        answer: &'a UploadAnswer,
    },
    /// What the hub knows of forgets is kept. `news`: something was confirmed since the last time.
    Asked {
        news: bool,
    },
    /// A page of the feed is carried out, durably.
    Fed {
        next: u64,
        more: bool,
        /// Something was on it.
        changed: bool,
    },
    /// A page of the feed came and could not be carried out, or not yet.
    NotCarriedOut,
    /// The step failed.
    Failed(Step, &'a ClientError),
}

/// What the store must now keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    Durable(Series, u64),
    Incarnation([u8; 16]),
    State(HubState),
}

/// The longest pause between two tries.
pub const PAUSE_MAX: Duration = Duration::from_secs(300);
/// A hub cannot ask for a longer pause than this.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);
/// The feed is looked at so often while there is much to send.
const FEED_WHILE_SENDING: Duration = Duration::from_millis(500);
/// Between two questions about the same forgets, at first and at last.
const ASK_FIRST: Duration = Duration::from_millis(500);
const ASK_LAST: Duration = Duration::from_secs(60);
/// A first pause is at most this.
const PAUSE_UP: Duration = Duration::from_millis(1000);
const PAUSE_DOWN: Duration = Duration::from_millis(250);
/// What came down and could not be carried out is tried again after this at the latest.
const CARRY_OUT_AGAIN: Duration = Duration::from_secs(5);

/// A long poll that ends sooner with nothing is not asked again before this has passed.
const POLL_LEAST: Duration = Duration::from_secs(1);

/// In turns, so that much of one does not hold up the others. Forgets go before all of them.
const TURNS: [Series; 3] = [Series::Purchase, Series::Ticket, Series::Count];

/// See the module.
#[derive(Clone, Debug)]
pub struct Plan {
    state: HubState,
    incarnation: [u8; 16],
    durable: PerSeries<u64>,
    cursor: u64,
    session: Option<Session>,
    /// How many there were.
    sessions: u32,
    /// The forgets were sent from the first on since this hub asked for it.
    replayed: bool,
    /// The hub is to be told that it has all forgets.
    owes_all: bool,
    up: Pause,
    down: Pause,
    series: PerSeries<Pause>,
    most: PerSeries<usize>,
    turn: usize,
    up_busy: bool,
    /// The feed is being asked.
    asking: Option<Asking>,
    feed_at: Duration,
    poll_at: Duration,
    /// The last page had nothing on it: what came before is confirmed.
    fed: bool,
    /// Something was carried out that the next page confirms.
    confirms: bool,
    ask_at: Duration,
    ask_tries: u32,
    asked: bool,
}

/// A pause after failures.
#[derive(Clone, Copy, Debug, Default)]
struct Pause {
    tries: u32,
    until: Duration,
    /// The hub asked for it.
    told: bool,
}

#[derive(Clone, Copy, Debug)]
struct Session {
    renew_at: Duration,
    /// Something was answered under it.
    proven: bool,
}

#[derive(Clone, Copy, Debug)]
struct Asking {
    /// Under which of the sessions.
    session: u32,
    began: Duration,
    waits: bool,
}

impl Plan {
    pub fn new(start: Start) -> Plan {
        Plan {
            state: start.state,
            incarnation: start.incarnation,
            durable: start.durable,
            cursor: start.cursor,
            session: None,
            sessions: 0,
            replayed: false,
            owes_all: false,
            up: Pause::default(),
            down: Pause::default(),
            series: PerSeries::default(),
            most: PerSeries([RUN_RECORDS_MAX; 4]),
            turn: 0,
            up_busy: false,
            asking: None,
            feed_at: Duration::ZERO,
            poll_at: Duration::ZERO,
            fed: false,
            confirms: false,
            ask_at: Duration::ZERO,
            ask_tries: 0,
            asked: false,
        }
    }

    pub fn state(&self) -> HubState {
        self.state
    }

    /// Last index of the series that the hub is known to have.
    pub fn durable(&self, series: Series) -> u64 {
        self.durable[series]
    }

    /// Records that the hub is not known to have.
    pub fn waiting(&self, known: &Known) -> u64 {
        Series::ALL.into_iter().map(|series| known.last[series].saturating_sub(self.durable[series])).sum()
    }

    /// Whether nothing waits: the till may speak, all is sent, what came down is carried out and
    /// confirmed, and the hub was asked how far the forgets are.
    pub fn is_done(&self, known: &Known) -> bool {
        let asked = known.unconfirmed == 0 || self.asked;
        let up = self.session.is_some() && self.waiting(known) == 0 && !self.owes_all;
        self.state == HubState::Active && up && self.fed && asked
    }

    /// Whether the hub has every forget that was said here, and was asked how far they are.
    pub fn has_told_forgets(&self, known: &Known) -> bool {
        let asked = known.unconfirmed == 0 || (self.fed && self.asked);
        self.session.is_some() && !self.waits(Series::Forget, known) && asked
    }

    /// What to do at `now`, of what is not under way.
    pub fn next(&self, known: &Known, now: Duration) -> Step {
        if self.state == HubState::Revoked {
            return Step::Stop(self.state);
        }
        let Some(session) = self.session.filter(|session| session.renew_at > now) else {
            return match self.up.until {
                _ if self.up_busy => Step::Wait { until: None },
                until if until > now => Step::Wait { until: Some(until) },
                _ => Step::Session,
            };
        };
        let upload = self.next_upload(known, now);
        if let Some(step @ Step::Upload { series: Series::Forget, .. }) = upload {
            return step;
        }
        let sending = self.up_busy || upload.is_some();
        let feed = |wait_seconds| Step::Feed { after: self.cursor, wait_seconds };
        let feed_at = self.down.until.max(match () {
            () if sending => self.feed_at,
            () if self.fed => self.poll_at,
            () => Duration::ZERO,
        });
        let may_feed = self.asking.is_none();
        if may_feed && feed_at <= now && (sending || !self.fed) {
            return feed(0);
        }
        // What was carried out here is confirmed first, so that it is among what the hub says.
        let may_ask = !self.up_busy && (self.fed || self.asking.is_some_and(|asking| asking.waits));
        let asks = may_ask && known.unconfirmed > 0 && !self.waits(Series::Forget, known);
        let ask_at = self.ask_at.max(self.up.until);
        if asks && ask_at <= now {
            return Step::AskForgets;
        }
        if let Some(upload) = upload {
            return upload;
        }
        if may_feed && feed_at <= now {
            return feed(WAIT_SECONDS_MAX);
        }
        let held = Series::ALL.into_iter().filter(|&series| !self.up_busy && self.waits(series, known));
        let moments = held
            .map(|series| self.series[series].until.max(self.up.until))
            .chain(asks.then_some(ask_at))
            .chain(may_feed.then_some(feed_at))
            .chain([session.renew_at]);
        Step::Wait { until: moments.min() }
    }

    /// What would be sent once the records of `series` up to `last` are known to be there.
    pub fn upload_after(&self, known: &Known, series: Series, last: u64, now: Duration) -> Option<Step> {
        let mut then = self.clone();
        then.up_busy = false;
        then.durable[series] = last;
        then.take_turn(series);
        then.next_upload(known, now)
    }

    /// A step is under way.
    pub fn begin(&mut self, step: Step, now: Duration) {
        match step {
            Step::Session | Step::Upload { .. } | Step::AskForgets => self.up_busy = true,
            Step::Feed { wait_seconds, .. } => {
                let session = self.sessions;
                self.asking = Some(Asking { session, began: now, waits: wait_seconds > 0 });
            }
            Step::Wait { .. } | Step::Stop(_) => {}
        }
    }

    /// A step has ended. `random`: any number, another each time. Returns what the store must keep, in
    /// this order.
    pub fn ended(&mut self, outcome: Outcome<'_>, known: &Known, now: Duration, random: u64) -> Vec<Keep> {
        match outcome {
            Outcome::Session(answer) => self.opened(answer, known, now),
            Outcome::Uploaded { series, last, answer } => {
                self.reached_up();
                self.take_turn(series);
                self.uploaded(series, last, answer, known, now, random)
            }
            Outcome::Asked { news } => {
                self.reached_up();
                self.ask_tries = if news { 0 } else { self.ask_tries.saturating_add(1) };
                self.ask_at = now + doubled(ASK_FIRST, self.ask_tries, ASK_LAST);
                self.asked = true;
                Vec::new()
            }
            Outcome::Fed { next, more, changed } => {
                self.fed(next, more, changed, now);
                Vec::new()
            }
            Outcome::NotCarriedOut => {
                self.asking = None;
                self.fed = false;
                // What keeps a forget from being complete here is over soon, and not the hub's fault.
                self.down.fail(PAUSE_DOWN, CARRY_OUT_AGAIN, None, now, random);
                Vec::new()
            }
            Outcome::Failed(step, error) => self.failed(step, error, now, random),
        }
    }

    fn waits(&self, series: Series, known: &Known) -> bool {
        let says_all = series == Series::Forget && self.owes_all;
        self.state == HubState::Active && (known.last[series] > self.durable[series] || says_all)
    }

    fn next_upload(&self, known: &Known, now: Duration) -> Option<Step> {
        if self.up_busy || self.up.until > now {
            return None;
        }
        let turns = (0..TURNS.len()).map(|i| TURNS[(self.turn + i) % TURNS.len()]);
        let mut all = [Series::Forget].into_iter().chain(turns);
        let series = all.find(|&series| self.waits(series, known) && self.series[series].until <= now)?;
        let most = if known.last[series] > self.durable[series] { self.most[series] } else { 0 };
        Some(Step::Upload { series, after: self.durable[series], most })
    }

    fn take_turn(&mut self, series: Series) {
        if let Some(place) = TURNS.iter().position(|turn| *turn == series) {
            self.turn = (place + 1) % TURNS.len();
        }
    }

    /// The hub answered: no pause that was made for want of an answer is needed any more.
    fn reached(&mut self) {
        if let Some(session) = &mut self.session {
            session.proven = true;
        }
        self.up.reached();
        self.down.reached();
    }

    fn reached_up(&mut self) {
        self.up_busy = false;
        self.up = Pause::default();
        self.reached();
    }

    fn opened(&mut self, answer: &SessionAnswer, known: &Known, now: Duration) -> Vec<Keep> {
        self.up_busy = false;
        self.down.reached();
        self.sessions = self.sessions.wrapping_add(1);
        let seconds = answer.expires_in_seconds.min(24 * 3600);
        self.session = Some(Session { renew_at: now + Duration::from_secs(seconds) * 3 / 4, proven: false });
        let mut keep = Vec::new();
        if self.state != HubState::Active {
            return keep;
        }
        let said = |series| answer.durable_through.get(&series).copied();
        if Series::ALL.into_iter().any(|series| said(series).is_some_and(|n| n > known.last[series])) {
            return self.stopped(HubState::Restored);
        }
        let another = answer.incarnation.0 != self.incarnation;
        let replays = another || (answer.replay_forgets && !self.replayed);
        for series in Series::ALL {
            let through = match said(series) {
                _ if replays && series == Series::Forget => 0,
                // Never more than this till knows to be its own: what lies between is sent again, so that the
                // bytes are compared, should somebody else have spoken under this name.
                through => through.unwrap_or(u64::MAX).min(self.durable[series]),
            };
            if through != self.durable[series] {
                self.durable[series] = through;
                keep.push(Keep::Durable(series, through));
            }
        }
        self.replayed |= replays;
        self.owes_all = answer.replay_forgets;
        if another {
            self.incarnation = answer.incarnation.0;
            // Another hub's numbers: it may give one twice.
            self.cursor = 0;
            self.fed = false;
            keep.push(Keep::Incarnation(self.incarnation));
        }
        keep
    }

    fn uploaded(
        &mut self,
        series: Series,
        last: u64,
        answer: &UploadAnswer,
        known: &Known,
        now: Duration,
        random: u64,
    ) -> Vec<Keep> {
        let through = answer.durable_through;
        if through > known.last[series].max(last) {
            return self.stopped(HubState::Restored);
        }
        // What lies behind what was sent was not compared, nor what lies behind a conflict.
        let conflict = answer.answers.iter().find(|run| run.answer == Answer::Conflict);
        let compared = conflict.map_or(last, |run| run.first - 1);
        let through = through.min(compared);
        let before = std::mem::replace(&mut self.durable[series], through);
        let mut keep = Vec::new();
        if through != before {
            keep.push(Keep::Durable(series, through));
        }
        let says_all = series == Series::Forget && last == before && through == before;
        if says_all {
            self.owes_all = false;
        }
        if through > before || says_all {
            self.series[series] = Pause::default();
            self.most[series] = (self.most[series] * 2).min(RUN_RECORDS_MAX);
        } else {
            self.series[series].fail(PAUSE_UP, PAUSE_MAX, None, now, random);
        }
        if series == Series::Forget {
            // It comes down again, to be confirmed by this till too.
            self.fed = false;
            self.ask_anew(now);
        }
        if conflict.is_some() {
            keep.extend(self.stopped(HubState::Conflict));
        }
        keep
    }

    fn ask_anew(&mut self, now: Duration) {
        (self.asked, self.ask_at, self.ask_tries) = (false, now, 0);
    }

    fn stopped(&mut self, state: HubState) -> Vec<Keep> {
        self.state = state;
        vec![Keep::State(state)]
    }

    fn fed(&mut self, next: u64, more: bool, changed: bool, now: Duration) {
        self.reached();
        self.down = Pause::default();
        self.cursor = next;
        self.fed = !changed && !more;
        self.feed_at = if self.fed { now + FEED_WHILE_SENDING } else { now };
        if std::mem::replace(&mut self.confirms, changed) {
            self.ask_anew(now);
        }
        let poll = self.asking.take().filter(|asking| asking.waits && self.fed);
        self.poll_at = poll.map_or(Duration::ZERO, |poll| poll.began + POLL_LEAST);
    }

    fn failed(&mut self, step: Step, error: &ClientError, now: Duration, random: u64) -> Vec<Keep> {
        let feed = matches!(step, Step::Feed { .. });
        let mut of_session = Some(self.sessions);
        if feed {
            of_session = self.asking.take().map(|asking| asking.session).or(of_session);
            self.fed = false;
        } else {
            self.up_busy = false;
        }
        if error.is_revoked() {
            return self.stopped(HubState::Revoked);
        }
        let (status, retry_after) = match error {
            ClientError::Refused { status, retry_after, .. } => (*status, *retry_after),
            ClientError::TooLarge => (413, None),
            _ => (0, None),
        };
        match (status, step) {
            (401, step) if step != Step::Session => {
                // A new session helps, unless this one was new.
                let current = of_session == Some(self.sessions);
                if let Some(session) = self.session.take_if(|_| current)
                    && !session.proven
                {
                    self.up.fail(PAUSE_UP, PAUSE_MAX, retry_after, now, random);
                }
            }
            (429, _) => {
                self.up.fail(PAUSE_UP, PAUSE_MAX, retry_after, now, random);
                self.down.fail(PAUSE_DOWN, PAUSE_MAX, retry_after, now, random);
            }
            (400.., Step::Upload { series, .. }) => {
                self.refused(series, status, retry_after, now, random);
            }
            (400.., Step::AskForgets) => {
                self.ask_tries = self.ask_tries.saturating_add(1);
                let pause = doubled(ASK_FIRST, self.ask_tries, ASK_LAST);
                self.ask_at =
                    now + pause.max(Duration::from_secs(retry_after.unwrap_or(0))).min(RETRY_AFTER_MAX);
            }
            (_, Step::Feed { .. }) => self.down.fail(PAUSE_DOWN, PAUSE_MAX, retry_after, now, random),
            _ => self.up.fail(PAUSE_UP, PAUSE_MAX, retry_after, now, random),
        }
        Vec::new()
    }

    /// A run was refused: the other series go on, and it is sent in smaller parts, so that at the end
    /// only what is refused waits.
    fn refused(&mut self, series: Series, status: u16, retry_after: Option<u64>, now: Duration, random: u64) {
        self.reached();
        self.take_turn(series);
        let parts = status != 503 && status != 409 && self.most[series] > 1;
        if parts {
            self.most[series] = (self.most[series] / 2).max(1);
        }
        if status == 409 {
            // The next session says what the hub has.
            self.session = None;
        }
        if !(parts && status == 413) {
            self.series[series].fail(PAUSE_UP, PAUSE_MAX, retry_after, now, random);
        }
    }
}

impl Pause {
    /// Twice as long as the last, of which any part is waited ("full jitter"); where the hub says how
    /// long, at least that.
    fn fail(&mut self, first: Duration, most: Duration, told: Option<u64>, now: Duration, random: u64) {
        let mut jitter = doubled(first, self.tries, most);
        let mut least = Duration::ZERO;
        if let Some(seconds) = told {
            least = Duration::from_secs(seconds).min(RETRY_AFTER_MAX);
            jitter = jitter.min(least.max(first));
        }
        let millis = jitter.as_millis() as u64 + 1;
        self.tries = self.tries.saturating_add(1);
        self.told = told.is_some();
        self.until = now + least + Duration::from_millis(random % millis);
    }

    fn reached(&mut self) {
        if !self.told {
            *self = Pause::default();
        }
    }
}

/// `first`, doubled so many times, `most` at the most.
fn doubled(first: Duration, times: u32, most: Duration) -> Duration {
    first.checked_mul(1 << times.min(20)).map_or(most, |pause| pause.min(most))
}

impl<T> PerSeries<T> {
    /// What `of` gives for each.
    pub fn of<E>(mut of: impl FnMut(Series) -> Result<T, E>) -> Result<PerSeries<T>, E> {
        let [a, b, c, d] = Series::ALL;
        Ok(PerSeries([of(a)?, of(b)?, of(c)?, of(d)?]))
    }
}

impl<T> Index<Series> for PerSeries<T> {
    type Output = T;

    fn index(&self, series: Series) -> &T {
        &self.0[usize::from(series.number() - 1)]
    }
}

impl<T> IndexMut<Series> for PerSeries<T> {
    fn index_mut(&mut self, series: Series) -> &mut T {
        &mut self.0[usize::from(series.number() - 1)]
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
