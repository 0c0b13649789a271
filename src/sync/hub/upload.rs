//! Taking records in. A run is looked at as a whole: its signature first, then each record by itself,
//! then, in one transaction, beside what is there. Whatever a record says, the records beside it are
//! taken; what contradicts what is there is kept apart and stops the run.

use std::collections::HashMap;
use std::ops::{Deref, Range};
use std::panic::resume_unwind;
use std::thread;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::caller::Caller;
use super::db::{Transaction, Value};
use super::devices::DeviceState;
use super::error::HubError;
use super::judge::{self, Ticket, flag_name};
use super::stored::{self, AGAIN, Compared, Head, Other};
use super::sums::Sums;
use super::{Hub, damaged, int, opt_bytes, opt_text};
use crate::seal::{DevicePublicKey, DeviceSignature};
use crate::sync::record::{BodyHash, Run, Series, body_hash};
use crate::sync::wire::{Answer, BODY_BYTES_MAX, Flag, RUN_RECORDS_MAX, RunAnswer, Upload, UploadAnswer};

/// A run as it came.
pub(super) struct Incoming<'a> {
    pub run: Run,
    pub bodies: Vec<Option<&'a str>>,
    pub hashes: Vec<BodyHash>,
    pub signature: DeviceSignature,
}

/// A run beside what is there, its series locked.
pub(super) struct Taking {
    pub head: Head,
    pub others: Vec<Other>,
    /// What became of the records up to here, in order.
    pub answers: Vec<(Answer, Option<Flag>)>,
    /// How many of them were there already.
    pub known: usize,
    /// Nothing behind a conflict is looked at.
    pub is_stopped: bool,
}

/// A record to write: index, body, and flag as it stands in the table.
pub(super) type NewRecord<'a> = (u64, Option<&'a str>, Option<&'a str>);

/// A half of so many records takes some hundred times as long as a thread takes to start.
const HALVES_FROM: usize = 500;

/// What the next ticket's `previous` must be.
#[derive(Clone, Copy)]
enum Chain {
    /// None: it is the first.
    Start,
    After([u8; 32]),
    /// The ticket before is not there, or cannot be read.
    Unknown,
}

impl Hub {
    /// Takes a run of records. What was sent before changes nothing, in whatever pieces it comes.
    ///
    /// Errors: `Unauthorized` for a wrong signature, `Revoked`, `Invalid`, `TooLarge`, `Gap`,
    /// `KeysElsewhere`, `Keys`, `Database`. After an error the till sends it again.
    pub fn upload(
        &self,
        caller: &Caller,
        series: Series,
        upload: &Upload<impl Deref<Target = RawValue>>,
        now: DateTime<Utc>,
    ) -> Result<UploadAnswer, HubError> {
        if !self.is_keeper() {
            return Err(HubError::KeysElsewhere);
        }
        let incoming = Incoming::read(caller, series, upload)?;
        let through = self.check_signed(caller, &incoming)?;
        match series {
            Series::Ticket => self.upload_tickets(caller, &incoming, through, now),
            Series::Count => self.upload_counts(caller, &incoming, now),
            Series::Purchase => self.upload_purchases(caller, &incoming, through, now),
            Series::Forget => self.upload_forgets(caller, &incoming, now),
        }
    }

    /// Before anything else: whether the till signed this. Returns how far its series is.
    fn check_signed(&self, caller: &Caller, incoming: &Incoming<'_>) -> Result<u64, HubError> {
        let [store, device, epoch] = caller.args();
        let row = self.database.query_one(
            "SELECT d.public_key, d.state, h.through FROM device d
             JOIN series_head h ON h.store = d.store AND h.device = d.device AND h.epoch = d.epoch
             WHERE d.store = $1 AND d.device = $2 AND d.epoch = $3 AND h.store = $1 AND h.series = $4",
            &[store, device, epoch, Value::Text(incoming.run.series.name())],
        )?;
        let row = row.ok_or(HubError::Unauthorized)?;
        if DeviceState::from_name(row.text(1)?)? != DeviceState::Active {
            return Err(HubError::Revoked);
        }
        let key = DevicePublicKey::from_bytes(row.array(0)?).ok_or_else(|| damaged("device.public_key"))?;
        if !incoming.run.is_signed(&key, &incoming.hashes, &incoming.signature) {
            return Err(HubError::Unauthorized);
        }
        Ok(row.uint(2)?)
    }

    fn upload_tickets(
        &self,
        caller: &Caller,
        incoming: &Incoming<'_>,
        through: u64,
        now: DateTime<Utc>,
    ) -> Result<UploadAnswer, HubError> {
        let judged = judge_tickets(incoming, through);
        self.database.write(|tx| {
            let mut taking = Taking::start(tx, caller, incoming, now)?;
            if taking.is_stopped {
                return Ok(taking.answer(incoming));
            }
            let (records, sums, chain) = taking.take_tickets(tx, caller, incoming, &judged)?;
            taking.finish(tx, caller, incoming, &records, chain.as_ref())?;
            sums.raise(tx, &caller.store)?;
            Ok(taking.answer(incoming))
        })
    }

    fn upload_counts(
        &self,
        caller: &Caller,
        incoming: &Incoming<'_>,
        now: DateTime<Utc>,
    ) -> Result<UploadAnswer, HubError> {
        self.database.write(|tx| {
            let mut taking = Taking::start(tx, caller, incoming, now)?;
            if taking.is_stopped {
                return Ok(taking.answer(incoming));
            }
            let elsewhere = taking.elsewhere(tx, caller, incoming)?;
            let (mut records, mut sums): (Vec<NewRecord<'_>>, _) = (Vec::new(), Sums::default());
            for place in taking.known..incoming.len() {
                let (index, body) = (incoming.index(place), incoming.bodies[place]);
                let is_again = body.is_some_and(|body| is_there(&elsewhere, index, body));
                let (answer, record) = match body {
                    None => ((Answer::Erased, None), (index, None, None)),
                    Some(_) if is_again => ((Answer::Exists, None), (index, None, Some(AGAIN))),
                    Some(body) => match judge::count(body) {
                        Ok(count) => {
                            sums.add_count(&count);
                            ((Answer::Created, None), (index, Some(body), None))
                        }
                        Err(flag) => quarantined(index, body, flag),
                    },
                };
                taking.answers.push(answer);
                records.push(record);
            }
            taking.finish(tx, caller, incoming, &records, None)?;
            sums.raise(tx, &caller.store)?;
            Ok(taking.answer(incoming))
        })
    }
}

impl<'a> Incoming<'a> {
    /// Errors: `TooLarge`, `Invalid`.
    fn read(
        caller: &Caller,
        series: Series,
        upload: &'a Upload<impl Deref<Target = RawValue>>,
    ) -> Result<Incoming<'a>, HubError> {
        if upload.records.len() > RUN_RECORDS_MAX {
            return Err(HubError::TooLarge("records"));
        }
        let bodies: Vec<Option<&str>> =
            upload.records.iter().map(|body| body.as_deref().map(RawValue::get)).collect();
        if bodies.iter().flatten().any(|body| body.len() > BODY_BYTES_MAX) {
            return Err(HubError::TooLarge("record"));
        }
        if upload.first == 0 || upload.first > i64::MAX.unsigned_abs() / 2 {
            return Err(HubError::Invalid("first"));
        }
        let signature =
            upload.signature.0.as_slice().try_into().map_err(|_| HubError::Invalid("signature"))?;
        let hashes =
            in_halves(bodies.len(), |places| bodies[places].iter().map(|body| body_hash(*body)).collect());
        let run = Run { origin: caller.origin, series, first: upload.first };
        Ok(Incoming { run, bodies, hashes, signature: DeviceSignature(signature) })
    }

    pub(super) fn len(&self) -> usize {
        self.bodies.len()
    }

    /// The index of the record at this place.
    pub(super) fn index(&self, place: usize) -> u64 {
        self.run.first + place as u64
    }

    /// Last index; the one before the first where there is no record.
    pub(super) fn last(&self) -> u64 {
        self.run.first + self.len() as u64 - 1
    }
}

/// Rows to write, what they add to the sums, and the hash that the chain ends with.
type NewTickets<'a> = (Vec<NewRecord<'a>>, Sums, Option<[u8; 32]>);

impl Taking {
    /// Locks the series and compares what is there already. A conflict is kept, both bytes of it.
    pub(super) fn start(
        tx: &mut Transaction<'_>,
        caller: &Caller,
        incoming: &Incoming<'_>,
        now: DateTime<Utc>,
    ) -> Result<Taking, HubError> {
        let heads = stored::lock_heads(tx, caller, incoming.run.series)?;
        let (head, others) = heads.ok_or(HubError::Unauthorized)?;
        if incoming.run.first > head.through + 1 {
            return Err(HubError::Gap { durable_through: head.through });
        }
        if incoming.run.first < head.begin {
            return Err(HubError::Invalid("first"));
        }
        let there = head.through + 1 - incoming.run.first;
        let known = usize::try_from(there).unwrap_or(usize::MAX).min(incoming.len());
        let compared = stored::compare(tx, caller, incoming, known)?;
        let mut taking =
            Taking { head, others, answers: Vec::with_capacity(incoming.len()), known, is_stopped: false };
        for (place, compared) in compared.into_iter().enumerate() {
            taking.answers.push(match compared {
                Compared::Same(Some(flag)) => (Answer::Quarantined, Some(flag)),
                Compared::Same(None) | Compared::Withdrawn => (Answer::Exists, None),
                Compared::Gone => (Answer::Erased, None),
                Compared::Conflict => {
                    keep_conflict(tx, caller, incoming, place, now)?;
                    taking.is_stopped = true;
                    (Answer::Conflict, None)
                }
            });
            if taking.is_stopped {
                break;
            }
        }
        Ok(taking)
    }

    /// Writes what is new, the run that proves it, and how far the series is now.
    pub(super) fn finish(
        &mut self,
        tx: &mut Transaction<'_>,
        caller: &Caller,
        incoming: &Incoming<'_>,
        records: &[NewRecord<'_>],
        chain: Option<&[u8; 32]>,
    ) -> Result<(), HubError> {
        if records.is_empty() {
            return Ok(());
        }
        let Run { origin, series, first } = incoming.run;
        tx.insert_records(&caller.store, origin, series, records)?;
        let [store, device, epoch] = caller.args();
        let series = Value::Text(series.name());
        tx.execute(
            "INSERT INTO run (store, device, epoch, series, first, last, hashes, signature)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                store,
                device,
                epoch,
                series,
                int(first),
                int(incoming.last()),
                Value::Bytes(incoming.hashes.as_flattened()),
                Value::Bytes(&incoming.signature.0),
            ],
        )?;
        tx.execute(
            "UPDATE series_head SET through = $5, chain = $6
             WHERE store = $1 AND device = $2 AND epoch = $3 AND series = $4",
            &[store, device, epoch, series, int(incoming.last()), opt_bytes(chain.map(|hash| &hash[..]))],
        )?;
        self.head.through = incoming.last();
        Ok(())
    }

    pub(super) fn answer(&self, incoming: &Incoming<'_>) -> UploadAnswer {
        let mut answers: Vec<RunAnswer> = Vec::new();
        for (place, (answer, reason)) in self.answers.iter().enumerate() {
            let index = incoming.index(place);
            match answers.last_mut() {
                Some(last) if (last.answer, last.reason) == (*answer, *reason) => last.last = index,
                _ => answers.push(RunAnswer { first: index, last: index, answer: *answer, reason: *reason }),
            }
        }
        UploadAnswer { answers, durable_through: self.head.through }
    }

    /// What the device has sent under other epochs at the indices that are new here.
    pub(super) fn elsewhere(
        &self,
        tx: &mut Transaction<'_>,
        caller: &Caller,
        incoming: &Incoming<'_>,
    ) -> Result<HashMap<u64, Vec<String>>, HubError> {
        let mut found: HashMap<u64, Vec<String>> = HashMap::new();
        if self.known == incoming.len() {
            return Ok(found);
        }
        for other in &self.others {
            let first = incoming.index(self.known).max(other.begin);
            let last = incoming.last().min(other.through);
            if first > last {
                continue;
            }
            for (index, body) in stored::records(tx, caller, other, incoming.run.series, first, last)? {
                found.entry(index).or_default().extend(body);
            }
        }
        Ok(found)
    }

    /// The new tickets, what they add to the sums, and the hash that the chain ends with.
    fn take_tickets<'a>(
        &mut self,
        tx: &mut Transaction<'_>,
        caller: &Caller,
        incoming: &Incoming<'a>,
        judged: &[Option<Ticket<'a>>],
    ) -> Result<NewTickets<'a>, HubError> {
        let elsewhere = self.elsewhere(tx, caller, incoming)?;
        let mut chain = match self.head.chain {
            Some(hash) => Chain::After(hash),
            None if self.head.through == 0 => Chain::Start,
            None => Chain::Unknown,
        };
        let (mut records, mut sums) = (Vec::with_capacity(incoming.len()), Sums::default());
        for (place, ticket) in judged.iter().enumerate().skip(self.known) {
            let index = incoming.index(place);
            let Some(body) = incoming.bodies[place] else {
                chain = Chain::Unknown;
                self.answers.push((Answer::Erased, None));
                records.push((index, None, None));
                continue;
            };
            // It was there a moment ago: a leader that had it was lost.
            let late = ticket.is_none().then(|| judge::ticket(body, index));
            let Some(ticket) = ticket.as_ref().or(late.as_ref()) else { continue };
            let follows = chain.is_followed_by(ticket.previous);
            chain = ticket.hash.map_or(Chain::Unknown, Chain::After);
            let (answer, record) = if is_there(&elsewhere, index, body) {
                ((Answer::Exists, None), (index, None, Some(AGAIN)))
            } else if let Some(flag) = ticket.flag {
                quarantined(index, body, flag)
            } else if is_number_taken(&elsewhere, index, ticket) {
                quarantined(index, body, Flag::NumberTwice)
            } else if !follows {
                quarantined(index, body, Flag::BrokenChain)
            } else {
                sums.add_ticket(ticket);
                ((Answer::Created, None), (index, Some(body), None))
            };
            self.answers.push(answer);
            records.push(record);
        }
        let chain = match chain {
            Chain::After(hash) => Some(hash),
            Chain::Start | Chain::Unknown => None,
        };
        Ok((records, sums, chain))
    }
}

impl Chain {
    fn is_followed_by(self, previous: Option<[u8; 32]>) -> bool {
        match self {
            Chain::Start => previous.is_none(),
            Chain::After(hash) => previous == Some(hash),
            Chain::Unknown => true,
        }
    }
}

/// Judges what is not there yet: outside of the transaction, since it takes longer than all the rest.
fn judge_tickets<'a>(incoming: &Incoming<'a>, through: u64) -> Vec<Option<Ticket<'a>>> {
    in_halves(incoming.len(), |places| {
        let judge = |place| {
            let index = incoming.index(place);
            incoming.bodies[place].filter(|_| index > through).map(|body| judge::ticket(body, index))
        };
        places.map(judge).collect()
    })
}

/// What `work` makes of all places, in order; of many, the second half beside the first.
fn in_halves<T: Send>(places: usize, work: impl Fn(Range<usize>) -> Vec<T> + Sync) -> Vec<T> {
    let middle = if places < HALVES_FROM { places } else { places / 2 };
    thread::scope(|scope| {
        let second = (middle < places).then(|| scope.spawn(|| work(middle..places)));
        let mut all = work(0..middle);
        let second = second.map(|second| second.join().unwrap_or_else(|panic| resume_unwind(panic)));
        all.extend(second.into_iter().flatten());
        all
    })
}

pub(super) fn quarantined(index: u64, body: &str, flag: Flag) -> ((Answer, Option<Flag>), NewRecord<'_>) {
    ((Answer::Quarantined, Some(flag)), (index, Some(body), Some(flag_name(flag))))
}

fn is_there(elsewhere: &HashMap<u64, Vec<String>>, index: u64, body: &str) -> bool {
    elsewhere.get(&index).is_some_and(|bodies| bodies.iter().any(|other| other == body))
}

/// Whether the device issued another ticket of this number in the same series of tickets.
fn is_number_taken(elsewhere: &HashMap<u64, Vec<String>>, index: u64, ticket: &Ticket<'_>) -> bool {
    let is_same = |other: &String| judge::ticket_series(other).as_deref() == ticket.series.as_deref();
    elsewhere.get(&index).is_some_and(|bodies| bodies.iter().any(is_same))
}

/// Keeps the bytes that contradict what is there, with the run that proves who said so. A purchase is
/// kept by its hash alone: its bytes are never in the database as they came, and its till still has them.
fn keep_conflict(
    tx: &mut Transaction<'_>,
    caller: &Caller,
    incoming: &Incoming<'_>,
    place: usize,
    now: DateTime<Utc>,
) -> Result<(), HubError> {
    let [store, device, epoch] = caller.args();
    let series = incoming.run.series;
    let body = incoming.bodies[place].filter(|_| series != Series::Purchase);
    tx.execute(
        "INSERT INTO conflict (store, device, epoch, series, idx, hash, body, at, first, hashes, signature)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (store, device, epoch, series, idx, hash) DO NOTHING",
        &[
            store,
            device,
            epoch,
            Value::Text(series.name()),
            int(incoming.index(place)),
            Value::Bytes(&incoming.hashes[place]),
            opt_text(body),
            Value::Int(now.timestamp()),
            int(incoming.run.first),
            Value::Bytes(incoming.hashes.as_flattened()),
            Value::Bytes(&incoming.signature.0),
        ],
    )?;
    Ok(())
}
