//! `olvido sync enrol`, `olvido sync now` and `olvido sync status`: a till and its hub.

use std::collections::BTreeMap;
use std::io::Write;

use chrono::{DateTime, FixedOffset, Local as Clock};
use serde::Serialize;

use super::args::{SyncCommand, SyncEnrolArgs, SyncNowArgs, SyncStatusArgs};
use super::open::Locked;
use super::problem::Problem;
use super::run::{DONE, REFUSED, Session};
use crate::domain::settings;
use crate::locale::Locale;
use crate::seal::private_file;
use crate::store::{Enrolment, ForgetState, HubState, Outbox, Store, StoreError};
use crate::sync::client::{ClientError, HubAddress, HubAddressError};
use crate::sync::enrolment::{EnrolmentCode, EnrolmentCodeError};
use crate::sync::exchange::{self, Carried, How, Local, Parts, Status, carry_out, issued_at};
use crate::sync::incoming::{self, Applied};
use crate::sync::joining::{self, JoinError};
use crate::sync::record::Series;
use crate::sync::wire::Hex;

#[derive(Serialize)]
struct NowJson {
    done: bool,
    waiting: u64,
    state: &'static str,
    /// A fixed word for what kept it from more.
    trouble: Option<&'static str>,
}

#[derive(Serialize)]
struct StatusJson {
    enrolled: bool,
    #[serde(flatten)]
    known: Option<KnownJson>,
}

#[derive(Serialize)]
struct KnownJson {
    hub: String,
    store: String,
    device: String,
    epoch: u32,
    state: &'static str,
    waiting: BTreeMap<Series, u64>,
    since: Option<DateTime<FixedOffset>>,
    forgets_unconfirmed: usize,
    /// What the hub says cannot be read: the program must be updated.
    unread: bool,
    last_contact: Option<DateTime<FixedOffset>>,
}

impl Session {
    pub(super) fn sync(&self, command: &SyncCommand, out: &mut impl Write) -> Result<u8, Problem> {
        match command {
            SyncCommand::Enrol(args) => self.sync_enrol(args, out),
            SyncCommand::Now(args) => self.sync_now(args, out),
            SyncCommand::Status(args) => self.sync_status(args, out),
        }
    }

    /// Gives this till its identity at a hub.
    fn sync_enrol(&self, args: &SyncEnrolArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let locale = self.locale();
        let address = HubAddress::parse(&args.url).map_err(|error| match error {
            HubAddressError::Form => self.refusal("sync-bad-address", "sync-bad-address-next"),
            HubAddressError::Plain => self.refusal("sync-plain-address", "sync-plain-address-next"),
        })?;
        let code = self.enrolment_code(&args.code)?;
        let mut locked = self.open_store()?;
        let name = args.name.clone().unwrap_or_else(|| locked.settings.store.till.clone());
        let Some(name) = settings::Store::till_named(&name) else {
            let longest = [("longest", settings::Store::LONGEST_ID.into())];
            let next = locale.text("sync-bad-name-next").into_owned();
            return Err(Problem {
                what: locale.format("sync-bad-name", &longest),
                place: None,
                next: Some(next),
            });
        };
        let enrolment =
            joining::join(&mut locked.store, &address, &code, &name).map_err(|error| match error {
                JoinError::Store(error) => self.store_problem(&error),
                JoinError::FalseHub => self.refusal("sync-false-hub", "sync-false-hub-next"),
                JoinError::Client(ClientError::Refused { status: 401, .. }) => {
                    self.refusal("sync-code-refused", "sync-code-refused-next")
                }
                JoinError::Client(error) => {
                    let problem = self.hub_trouble(&error);
                    match error {
                        // Nobody tries it again.
                        ClientError::Unreachable(_) | ClientError::Refused { .. } => {
                            let next = Some(locale.text("sync-enrol-failed-next").into_owned());
                            Problem { next, ..problem }
                        }
                        _ => problem,
                    }
                }
            })?;
        let waiting = waiting(&locked.store).map_err(|error| self.store_problem(&error))?;
        let waiting: u64 = waiting.values().sum();
        let args = [
            ("hub", address.text().into()),
            ("name", (&name).into()),
            ("store", code.store().into()),
            ("waiting", signed(waiting).into()),
        ];
        self.say(&locale.format("sync-enrolled", &args), out)?;
        if let Some(pin) = enrolment.pin {
            // As the hub shows it.
            let pairs: Vec<String> = pin.iter().map(|byte| format!("{byte:02X}")).collect();
            self.say(&locale.format("sync-enrolled-key", &[("pin", pairs.join(":").into())]), out)?;
        }
        Ok(DONE)
    }

    fn enrolment_code(&self, text: &str) -> Result<EnrolmentCode, Problem> {
        let locale = self.locale();
        EnrolmentCode::parse(text).map_err(|error| {
            let why = match error {
                EnrolmentCodeError::Store => locale.text("sync-bad-code-store").into_owned(),
                EnrolmentCodeError::Length => locale.text("sync-bad-code-length").into_owned(),
                EnrolmentCodeError::Symbol(symbol) => {
                    locale.format("sync-bad-code-symbol", &[("symbol", symbol.to_string().into())])
                }
            };
            Problem {
                what: locale.format("sync-bad-code", &[("what", why.into())]),
                place: None,
                next: Some(locale.text("sync-bad-code-next").into_owned()),
            }
        })
    }

    /// One whole exchange. Ends well when nothing waits any more, in either direction.
    fn sync_now(&self, args: &SyncNowArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let mut locked = self.open_store()?;
        let status = self.exchange(&mut locked, How::Once)?;
        // It may have forgotten what was forgotten elsewhere.
        self.rest(&mut locked);
        let status = status.ok_or_else(|| self.refusal("sync-not-enrolled", "sync-not-enrolled-next"))?;
        if args.json {
            let json = NowJson {
                done: status.done,
                waiting: status.waiting,
                state: state_word(status.state),
                trouble: status.trouble.as_ref().map(trouble_word),
            };
            self.say(&serde_json::to_string(&json).expect("a status is JSON"), out)?;
            return Ok(if status.done { DONE } else { REFUSED });
        }
        if status.done { self.say(&self.locale().text("sync-done"), out) } else { Err(self.left(&status)) }
    }

    /// Exchanges with the hub in this thread; `None` where the till has none.
    pub(super) fn exchange(&self, locked: &mut Locked, how: How) -> Result<Option<Status>, Problem> {
        let parts = Parts::of(&mut locked.store).map_err(|error| self.store_problem(&error))?;
        let Some(parts) = parts else { return Ok(None) };
        let path = self.data.policy();
        let mut adopt = |store: &mut Store, applied: Applied| match applied.policy {
            Some(new) => {
                // First its file: the next start must not find an older one than was in force.
                private_file::replace(&path, new.text.as_bytes())?;
                store.adopt_policy(&new.text, new.policy)
            }
            None => Ok(()),
        };
        let mut failed = None;
        let mut local = |local: Local| {
            carry_out(&mut locked.store, local, crate::app::now(), &mut adopt).unwrap_or_else(|error| {
                failed.get_or_insert(error);
                Carried::NotYet
            })
        };
        let status = exchange::here(parts, how, &mut local);
        match failed {
            Some(error) => Err(self.store_problem(&error)),
            None => status.map(Some).map_err(|error| self.store_problem(&error)),
        }
    }

    /// Why something still waits, and what to do.
    fn left(&self, status: &Status) -> Problem {
        let locale = self.locale();
        let left = match status.waiting {
            0 => locale.text("sync-left-down").into_owned(),
            count => locale.format("sync-left", &[("count", signed(count).into())]),
        };
        // What a till that must enrol again has down from the hub is another matter.
        let left_is_said = status.state == HubState::Active || status.waiting > 0;
        let mut problem = match (status.state, &status.trouble) {
            (HubState::Conflict, _) => self.refusal("sync-conflict", "sync-enrol-again"),
            (HubState::Restored, _) => self.refusal("sync-restored", "sync-enrol-again"),
            (HubState::Revoked, _) => self.refusal("sync-revoked", "sync-enrol-again"),
            (HubState::Active, Some(trouble)) => self.hub_trouble(trouble),
            (HubState::Active, None) if status.unread => {
                self.refusal("sync-unread-down", "sync-unread-down-next")
            }
            (HubState::Active, None) => {
                return Problem {
                    what: left,
                    place: None,
                    next: Some(locale.text("sync-unreachable-next").into_owned()),
                };
            }
        };
        if left_is_said {
            problem.place = Some(match problem.place {
                Some(place) => format!("{place}\n{left}"),
                None => left,
            });
        }
        problem
    }

    fn hub_trouble(&self, error: &ClientError) -> Problem {
        let mut problem = match error {
            ClientError::Unreachable(_) => self.refusal("sync-unreachable", "sync-unreachable-next"),
            ClientError::NotAHub(_) => self.refusal("sync-not-a-hub", "sync-not-a-hub-next"),
            ClientError::CertificateChanged => self.refusal("sync-certificate", "sync-certificate-next"),
            ClientError::Refused { status: 401, .. } => {
                return self.refusal("sync-unknown-till", "sync-enrol-again");
            }
            ClientError::Refused { status, error, .. } => {
                let args = [("status", u32::from(*status).into()), ("word", error.into())];
                let next = self.locale().text("sync-refused-next").into_owned();
                let what = self.locale().format("sync-refused", &args).trim_end().to_owned();
                return Problem { what, place: None, next: Some(next) };
            }
            ClientError::TooLarge | ClientError::Unread(_) => self.refusal("sync-unread", "sync-unread-next"),
        };
        if let ClientError::Unreachable(what) | ClientError::Unread(what) = error {
            problem.place = Some(what.clone());
        }
        problem
    }

    /// How things stand. It only reads, so that the till need not be closed.
    fn sync_status(&self, args: &SyncStatusArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let opened = self.opener(self.settings()?)?().map_err(|error| self.store_problem(&error))?;
        let known = known(&opened.store).map_err(|error| self.store_problem(&error))?;
        if args.json {
            let known = known.map(|(enrolment, known)| known.json(enrolment));
            let json = StatusJson { enrolled: known.is_some(), known };
            return self.say(&serde_json::to_string(&json).expect("a status is JSON"), out);
        }
        let Some((enrolment, known)) = known else {
            let locale = self.locale();
            let text = [locale.text("sync-not-enrolled"), locale.text("sync-not-enrolled-next")];
            return self.say(&text.join("\n"), out);
        };
        self.say(&known.text(&enrolment, self.locale()), out)
    }

    /// How far a forget is beyond this till, in sentences.
    pub(super) fn copies_words(&self, state: ForgetState, words: [&str; 3]) -> String {
        let locale = self.locale();
        let [accepted, progress, complete] = words;
        let ForgetState { confirmed, copies, lost } = state;
        let numbers = [("confirmed", confirmed.into()), ("copies", copies.into())];
        let mut said = match () {
            () if copies == 0 => locale.text(accepted).into_owned(),
            () if confirmed == copies => locale.format(complete, &numbers),
            () => locale.format(progress, &numbers),
        };
        if lost > 0 {
            said.push('\n');
            said.push_str(&locale.format("sync-forget-lost", &[("lost", lost.into())]));
        }
        said
    }
}

/// How a till and its hub stand, from the store alone.
struct Known {
    waiting: BTreeMap<Series, u64>,
    since: Option<DateTime<FixedOffset>>,
    unconfirmed: usize,
    unread: bool,
}

fn known(store: &Store) -> Result<Option<(Enrolment, Known)>, StoreError> {
    let Some(enrolment) = store.enrolment()? else { return Ok(None) };
    let waiting = waiting(store)?;
    let tickets_wait = waiting.get(&Series::Ticket).is_some_and(|count| *count > 0);
    let durable = store.durable_through(Series::Ticket)?;
    let outbox = Outbox::open(store.files())?;
    let since = if tickets_wait { issued_at(&outbox, durable) } else { None };
    let (unconfirmed, unread) = (store.unconfirmed()?.len(), incoming::is_stopped(store)?);
    Ok(Some((enrolment, Known { waiting, since, unconfirmed, unread })))
}

/// How many records of each series the hub is not known to have.
fn waiting(store: &Store) -> Result<BTreeMap<Series, u64>, StoreError> {
    let outbox = Outbox::open(store.files())?;
    let count = |series| Ok((series, outbox.last(series)?.saturating_sub(store.durable_through(series)?)));
    Series::ALL.into_iter().map(count).collect()
}

impl Known {
    fn text(&self, enrolment: &Enrolment, locale: &'static Locale) -> String {
        let count = |count: u64| locale.number(signed(count), 0);
        let total: u64 = self.waiting.values().sum();
        let state = match (enrolment.state, total) {
            (HubState::Conflict, _) => "sync-state-conflict",
            (HubState::Restored, _) => "sync-state-restored",
            (HubState::Revoked, _) => "sync-state-revoked",
            (HubState::Active, _) if self.unread => "sync-state-unread",
            (HubState::Active, 0) => "sync-state-done",
            (HubState::Active, _) => "sync-state-waiting",
        };
        let moment = |at: DateTime<FixedOffset>| {
            let here = at.with_timezone(&Clock);
            format!("{} {}", locale.date(here.date_naive()), locale.time(here.time()))
        };
        let device = Hex(enrolment.device).to_string()[..8].to_owned();
        let device = [("device", device.into()), ("store", (&enrolment.store).into())];
        let waiting = match self.since {
            Some(since) => {
                let args = [("count", count(total).into()), ("since", moment(since).into())];
                locale.format("sync-waiting-since", &args)
            }
            None => count(total),
        };
        let never = || locale.text("sync-contact-never").into_owned();
        let mut facts = vec![
            ("sync-hub", enrolment.url.clone()),
            ("sync-till", locale.format("sync-till-of", &device)),
            ("sync-state", locale.text(state).into_owned()),
            ("sync-waiting", waiting),
            ("sync-forgets", count(self.unconfirmed as u64)),
            ("sync-contact", enrolment.last_contact.map_or_else(never, moment)),
        ];
        let parts = self.waiting.iter().filter(|(_, count)| **count > 0);
        let parts: Vec<(&str, String)> =
            parts.map(|(series, n)| (series_words(*series), count(*n))).collect();
        facts.splice(4..4, parts);
        let line = |(key, value): (&str, String)| {
            let indent = if key.starts_with("sync-series") { "  " } else { "" };
            format!("{indent}{}: {value}", locale.text(key))
        };
        facts.into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn json(self, enrolment: Enrolment) -> KnownJson {
        KnownJson {
            hub: enrolment.url,
            store: enrolment.store,
            device: Hex(enrolment.device).to_string(),
            epoch: enrolment.epoch,
            state: state_word(enrolment.state),
            waiting: self.waiting,
            since: self.since,
            forgets_unconfirmed: self.unconfirmed,
            unread: self.unread,
            last_contact: enrolment.last_contact,
        }
    }
}

fn series_words(series: Series) -> &'static str {
    match series {
        Series::Ticket => "sync-series-ticket",
        Series::Count => "sync-series-count",
        Series::Purchase => "sync-series-purchase",
        Series::Forget => "sync-series-forget",
    }
}

fn state_word(state: HubState) -> &'static str {
    match state {
        HubState::Active => "active",
        HubState::Conflict => "conflict",
        HubState::Restored => "restored",
        HubState::Revoked => "revoked",
    }
}

fn trouble_word(trouble: &ClientError) -> &'static str {
    match trouble {
        ClientError::Unreachable(_) => "unreachable",
        ClientError::Refused { .. } => "refused",
        ClientError::NotAHub(_) => "not-a-hub",
        ClientError::CertificateChanged => "certificate-changed",
        ClientError::TooLarge | ClientError::Unread(_) => "unread",
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
