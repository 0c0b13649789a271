//! What travels, and what becomes of it on the way.

use std::time::Duration;

use olvido::sync::client::ClientError;
use olvido::sync::record::Series;
use olvido::sync::wire::Upload;

use super::common::Rng;

/// A request, as it stands on the wire.
#[derive(Clone)]
pub enum Ask {
    Challenge,
    Session(String),
    Upload { token: String, series: Series, body: String },
    Forgets { token: String, body: String },
    Feed { token: String, after: u64, wait_seconds: u64 },
}

/// What a till hears: an answer's body, or that there is none.
pub type Heard = Result<String, ClientError>;

impl Ask {
    pub fn name(&self) -> &'static str {
        match self {
            Ask::Challenge => "challenge",
            Ask::Session(_) => "session",
            Ask::Upload { .. } => "upload",
            Ask::Forgets { .. } => "forgets",
            Ask::Feed { .. } => "feed",
        }
    }

    /// For the trace: nothing in it that is random.
    pub fn told(&self) -> String {
        match self {
            Ask::Upload { series, body, .. } => {
                let upload: Upload = serde_json::from_str(body).unwrap();
                let gone = upload.records.iter().filter(|record| record.is_none()).count();
                format!("{series} from {}, {}, {gone} gone", upload.first, upload.records.len())
            }
            Ask::Feed { after, wait_seconds, .. } => format!("feed after {after}, {wait_seconds} s"),
            _ => self.name().to_owned(),
        }
    }

    /// How long a till waits for the answer.
    pub fn patience(&self) -> Duration {
        match self {
            Ask::Feed { wait_seconds, .. } => Duration::from_secs(10 + wait_seconds),
            _ => Duration::from_secs(20),
        }
    }
}

/// How bad the network is, in per cent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// The connection breaks before the request has arrived.
    pub lost: usize,
    /// The hub does what was asked, and its answer is lost.
    pub unanswered: usize,
    /// It arrives once more, later: behind what was sent after it.
    pub repeated: usize,
    /// It takes seconds instead of milliseconds.
    pub slow: usize,
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug)]
pub struct Fate {
    /// Until it has arrived; never where the connection breaks.
    pub arrives: Option<Duration>,
    /// Until the answer is back; never where it is lost.
    pub answered: Option<Duration>,
    /// Until it arrives again, after its arrival.
    pub again: Option<Duration>,
    /// Where something is lost: whether the till notices at once, or waits in vain.
    pub is_cut: bool,
}

impl Weather {
    pub fn any(random: &mut Rng) -> Weather {
        let mut part = |most: usize| random.below(most) * random.below(2);
        Weather { lost: part(40), unanswered: part(40), repeated: part(30), slow: part(40) }
    }

    pub fn fate(self, random: &mut Rng) -> Fate {
        let arrives = self.way(random);
        let answered = self.way(random);
        Fate {
            arrives: (!random.percent(self.lost)).then_some(arrives),
            answered: (!random.percent(self.unanswered)).then_some(answered),
            again: random
                .percent(self.repeated)
                .then(|| Duration::from_millis(1 + random.below(90_000) as u64)),
            is_cut: random.percent(60),
        }
    }

    fn way(self, random: &mut Rng) -> Duration {
        let most = if random.percent(self.slow) { 15_000 } else { 20 };
        Duration::from_millis(1 + random.below(most) as u64)
    }
}
