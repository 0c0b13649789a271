//! `olvido ring`: sales as JSON lines, in and out, through the very code that the till sells with.
//!
//! One line is waited for; whatever came behind it meanwhile is committed with it, in one
//! transaction, and answered only then, in order. So a line alone is answered at once, and a file
//! goes as fast as the disk allows.

mod answer;
mod json;
mod refusal;
mod request;

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, FixedOffset};

use crate::domain::sale::Sale;
use crate::domain::settings::Settings;
use crate::domain::text::{Place, TextError, label};
use crate::locale::Locale;
use crate::seal::private_file;
use crate::store::{Order, Outcome, Request, Store, StoreError};

use super::args::RingArgs;
use super::problem::Problem;
use super::run::{Session, written};
use answer::Answer;
use json::Json;
use refusal::{Kind, Refusal};
use request::Shop;

/// Most lines that are committed together.
const MOST_TOGETHER: usize = 256;
/// Longest line, in bytes. The largest basket (999 lines) takes about a tenth of it.
const LONGEST_LINE: u64 = 1 << 20;
/// Without a line for so long, nobody waits.
const QUIET: Duration = Duration::from_secs(60);

/// What became of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub sold: u64,
    /// Answered with an earlier ticket.
    pub repeated: u64,
    /// Answered with an error; the command's exit code is 1 if there is one.
    pub refused: u64,
}

/// Why ringing stopped before the end of the input. Every line answered until then is sold.
#[derive(Debug)]
pub enum RingError {
    Input(io::Error),
    Output(io::Error),
    Store(StoreError),
}

/// How to ring.
pub struct Ring<'a> {
    pub settings: &'a Settings,
    /// Whether lines may say when they were sold (`at`).
    pub import: bool,
    /// The time now, to the second, with the offset from UTC.
    pub clock: fn() -> DateTime<FixedOffset>,
}

impl Session {
    /// `olvido ring`. Returns whether every line was sold.
    pub fn ring(&self, args: &RingArgs, out: &mut impl Write) -> Result<bool, Problem> {
        let mut locked = self.open_store()?;
        if locked.store.clock_doubt().is_some() {
            eprintln!("{}", self.clock_words(&locked.store).unwrap_or_default());
        }
        let ring = Ring { settings: &locked.settings, import: args.import, clock: crate::app::now };
        let rung = match &args.file {
            Some(path) => {
                let file = private_file::open_named(path);
                let file = file.map_err(|error| Problem::of_file(path, &error, self.locale()))?;
                ring.run(&mut locked.store, file, out)
            }
            None => ring.run(&mut locked.store, io::stdin(), out),
        };
        self.rest(&mut locked);
        match rung {
            Ok(summary) => Ok(summary.refused == 0),
            Err(RingError::Store(error)) => Err(self.store_problem(&error)),
            // Whoever asked may not listen any more. What was not answered may be sold: asking again with the same
            // ids tells.
            Err(RingError::Output(error)) => written(Err(error.into()), self.locale()),
            Err(RingError::Input(error)) => {
                let path = args.file.as_deref().unwrap_or(Path::new("-"));
                Err(Problem::of_file(path, &error, self.locale()))
            }
        }
    }
}

impl Ring<'_> {
    /// Sells every line of `input` and answers each on `output`. The same id again is answered with
    /// the same ticket and `"repeated":true`; the change, the choice and the code are then null,
    /// because the store does not keep them.
    pub fn run(
        &self,
        store: &mut Store,
        input: impl Read + Send + 'static,
        output: &mut impl Write,
    ) -> Result<Summary, RingError> {
        let catalogue = store.catalogue().map_err(RingError::Store)?;
        let policy = store.policy().clone();
        let shop =
            Shop { catalogue: &catalogue, settings: self.settings, policy: &policy, import: self.import };
        let locale = Locale::of(self.settings.store.language);
        let lines = read_in_background(input);
        let mut summary = Summary::default();
        while let Some(mut group) = next_group(&lines, || rest(store, (self.clock)())) {
            for incoming in &mut group.lines {
                incoming.refuse_person(&self.settings.store.dialling_code);
            }
            let answers = sell(store, &shop, &group.lines, (self.clock)());
            let mut out = Vec::new();
            for (incoming, answer) in group.lines.iter().zip(&answers) {
                summary.count(answer);
                answer.write(incoming.id.as_deref(), locale, &mut out);
            }
            output.write_all(&out).and_then(|()| output.flush()).map_err(RingError::Output)?;
            tend(store, (self.clock)());
            if let Some(error) = group.failed {
                return Err(RingError::Input(error));
            }
        }
        Ok(summary)
    }
}

impl Summary {
    fn count(&mut self, answer: &Answer) {
        match answer {
            Answer::Sold(..) => self.sold += 1,
            Answer::Repeated(_) => self.repeated += 1,
            Answer::Refused(_) => self.refused += 1,
        }
    }
}

/// A line as it was read.
struct Incoming {
    /// The client's own id, if the line is JSON and has one.
    id: Option<String>,
    request: Result<Json, Refusal>,
}

impl Incoming {
    fn of(line: &[u8]) -> Incoming {
        let request = Json::read(line);
        let id = request.as_ref().ok().and_then(|json| json.peek("id")).map(str::to_owned);
        Incoming { id, request }
    }

    /// An id is known for a month, and asking by it gives the ticket: it must be nobody's number. What is refused
    /// has no id any more.
    fn refuse_person(&mut self, dialling_code: &str) {
        use TextError::{Email, PaymentCard, Phone};
        let Some(id) = &self.id else { return };
        let is_number = !id.contains(char::is_alphabetic);
        if matches!(label(id, Place::Code), Err(Email | PaymentCard | Phone))
            || is_number && label(id, Place::Sale { dialling_code }) == Err(Phone)
        {
            *self = Incoming { id: None, request: Err(Refusal::plain(Kind::IdOfPerson)) };
        }
    }
}

type Lines = Receiver<io::Result<Incoming>>;

fn read_in_background(input: impl Read + Send + 'static) -> Lines {
    let (sender, lines) = sync_channel(MOST_TOGETHER);
    thread::spawn(move || {
        if let Err(error) = read(input, &sender) {
            let _ = sender.send(Err(error));
        }
    });
    lines
}

/// Sends every line that is not blank, until the end or until nobody listens any more.
fn read(input: impl Read, sender: &SyncSender<io::Result<Incoming>>) -> io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    let mut line = Vec::new();
    let mut first = true;
    loop {
        line.clear();
        if input.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let incoming = if line.len() as u64 > LONGEST_LINE && !line.ends_with(b"\n") {
            input.skip_until(b'\n')?;
            Incoming { id: None, request: Err(Refusal::plain(Kind::LineTooLong)) }
        } else {
            let bom: &[u8] = if first { b"\xef\xbb\xbf" } else { b"" };
            let text = line.strip_prefix(bom).unwrap_or(&line).trim_ascii();
            if text.is_empty() {
                continue;
            }
            Incoming::of(text)
        };
        first = false;
        if sender.send(Ok(incoming)).is_err() {
            return Ok(());
        }
    }
}

/// Lines that are sold together, and why there are no more.
struct Group {
    lines: Vec<Incoming>,
    failed: Option<io::Error>,
}

/// Waits for a line, and takes those that are already behind it; `rest` each minute that it waits. `None` at
/// the end.
fn next_group(lines: &Lines, mut rest: impl FnMut()) -> Option<Group> {
    let mut group = Group { lines: Vec::new(), failed: None };
    let first = loop {
        match lines.recv_timeout(QUIET) {
            Ok(line) => break line,
            Err(RecvTimeoutError::Timeout) => rest(),
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    };
    let mut next = Some(first);
    while let Some(line) = next {
        match line {
            Ok(line) => group.lines.push(line),
            Err(error) => group.failed = Some(error),
        }
        let full = group.lines.len() == MOST_TOGETHER || group.failed.is_some();
        next = if full { None } else { lines.try_recv().ok() };
    }
    Some(group)
}

/// Sells a group in one transaction: an answer for each, in order.
fn sell(store: &mut Store, shop: &Shop<'_>, group: &[Incoming], now: DateTime<FixedOffset>) -> Vec<Answer> {
    let sales: Vec<Result<Sale, Refusal>> = group
        .iter()
        .map(|incoming| {
            let sale = incoming.request.as_ref().map_err(Clone::clone).and_then(|json| shop.sale(json, now));
            sale.map_err(|refusal| refusal.of_shop(&shop.settings.store.dialling_code))
        })
        .collect();
    let orders: Vec<Order<'_>> = group
        .iter()
        .zip(&sales)
        .filter_map(|(incoming, sale)| {
            let id = incoming.id.as_deref();
            let request = id.map(|id| Request { id: store.request_id(id), day: now.date_naive() });
            Some(Order { sale: sale.as_ref().ok()?, request })
        })
        .collect();
    let committed = if orders.is_empty() { Ok(Vec::new()) } else { store.commit(&orders) };
    let (mut outcomes, failed) = match committed {
        Ok(outcomes) => (outcomes.into_iter(), None),
        Err(error) => {
            log::error!("ring: {} sales not committed: {error}", orders.len());
            (Vec::new().into_iter(), Some(Refusal::of_store(&error, now.date_naive())))
        }
    };
    let mut answers = Vec::with_capacity(group.len());
    for (incoming, sale) in group.iter().zip(sales) {
        answers.push(match sale {
            Err(refusal) => answered_before(store, incoming).unwrap_or(Answer::Refused(refusal)),
            Ok(sale) => match (outcomes.next(), &failed) {
                (Some(Outcome::Sold(sold)), _) => Answer::Sold(sold, Box::new(sale)),
                (Some(Outcome::Repeated(ticket)), _) => Answer::Repeated(ticket),
                (None, Some(refusal)) => Answer::Refused(refusal.clone()),
                (None, None) => unreachable!("a commit gives an outcome for each order"),
            },
        });
    }
    answers
}

/// An id that was answered stays so, even where the line could not be sold now (its product may be
/// gone from the catalogue).
fn answered_before(store: &Store, incoming: &Incoming) -> Option<Answer> {
    let ticket = store.answered(&store.request_id(incoming.id.as_deref()?)).ok()??;
    Some(Answer::Repeated(Box::new(ticket)))
}

/// What no sale waits for. What fails here is tried again, and is told when it keeps a sale from
/// being committed.
fn tend(store: &mut Store, now: DateTime<FixedOffset>) {
    if let Err(error) = store.keep_terms(now, None) {
        log::warn!("ring: what is past its term: {error}");
    }
    if let Err(error) = store.tend() {
        log::warn!("ring: tending the store: {error}");
    }
}

/// What waits for a quiet moment, where a front end keeps this running for days.
fn rest(store: &mut Store, now: DateTime<FixedOffset>) {
    if let Err(error) = store.rest(now) {
        log::warn!("ring: closing the day: {error}");
    }
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RingError::Input(error) => write!(f, "reading sales: {error}"),
            RingError::Output(error) => write!(f, "writing answers: {error}"),
            RingError::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RingError {}

#[cfg(test)]
mod tests;
