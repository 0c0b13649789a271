//! What the hub already has of a series, and how a run compares with it.

use super::caller::Caller;
use super::db::{Transaction, Value};
use super::error::HubError;
use super::judge;
use super::purchase::{self, is_buried};
use super::upload::Incoming;
use super::{damaged, epoch_of, int};
use crate::sync::record::{BodyHash, NO_BODY, Series};
use crate::sync::wire::Flag;

/// Stands as the flag of a record whose bytes came under an earlier epoch as well: it has no body of its
/// own and counts in no sum. It breaks no rule.
pub(super) const AGAIN: &str = "again";

/// How far a series is.
pub(super) struct Head {
    /// First index of this epoch.
    pub begin: u64,
    /// Last index without a gap before it.
    pub through: u64,
    /// Hash of the last ticket, where it is known.
    pub chain: Option<[u8; 32]>,
}

/// The same series of the same device under another epoch.
pub(super) struct Other {
    pub epoch: u32,
    pub begin: u64,
    pub through: u64,
}

/// A record that was sent beside what is there under its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// The same bytes; the rule that they break.
    Same(Option<Flag>),
    /// Nothing is sent any more, and something is there.
    Withdrawn,
    /// There was nothing to send when it came, or it was erased since.
    Gone,
    Conflict,
}

/// Takes the lock of a device's series under all its epochs. `None` where this epoch has no such series.
pub(super) fn lock_heads(
    tx: &mut Transaction<'_>,
    caller: &Caller,
    series: Series,
) -> Result<Option<(Head, Vec<Other>)>, HubError> {
    let rows = tx.query(
        "UPDATE series_head SET through = through WHERE store = $1 AND device = $2 AND series = $3
         RETURNING epoch, begin, through, chain",
        &[Value::Text(&caller.store), Value::Bytes(&caller.origin.device), Value::Text(series.name())],
    )?;
    let (mut own, mut others) = (None, Vec::new());
    for row in &rows {
        let (epoch, begin, through) = (epoch_of(row, 0)?, row.uint(1)?, row.uint(2)?);
        if epoch == caller.origin.epoch {
            let chain = match row.opt_bytes(3)? {
                Some(_) => Some(row.array(3)?),
                None => None,
            };
            own = Some(Head { begin, through, chain });
        } else {
            others.push(Other { epoch, begin, through });
        }
    }
    Ok(own.map(|head| (head, others)))
}

/// Compares the first `count` records of a run with what is there.
pub(super) fn compare(
    tx: &mut Transaction<'_>,
    caller: &Caller,
    incoming: &Incoming<'_>,
    count: usize,
) -> Result<Vec<Compared>, HubError> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let (first, last) = (incoming.run.first, incoming.index(count - 1));
    let there = hashes(tx, caller, incoming.run.series, first, last)?;
    let mut flags = vec![None; count];
    let [store, device, epoch] = caller.args();
    let rows = tx.query(
        "SELECT idx, flag FROM record WHERE store = $1 AND device = $2 AND epoch = $3 AND series = $4
         AND idx BETWEEN $5 AND $6 AND flag IS NOT NULL",
        &[store, device, epoch, Value::Text(incoming.run.series.name()), int(first), int(last)],
    )?;
    for row in &rows {
        let place = usize::try_from(row.uint(0)?.saturating_sub(first)).unwrap_or(usize::MAX);
        if let Some(flag) = flags.get_mut(place) {
            *flag = judge::flag_of(row.text(1)?);
        }
    }
    let sent = incoming.hashes.iter().zip(&incoming.bodies).zip(there).zip(flags);
    sent.map(|(((hash, body), there), flag)| {
        Ok(match body {
            None if there == NO_BODY => Compared::Gone,
            // What it was is not said: a forget says it. This till may never have had it, where its disk was
            // cloned.
            None => Compared::Withdrawn,
            Some(_) if *hash == there => Compared::Same(flag),
            Some(body) if is_erased(tx, caller, incoming.run.series, body)? => Compared::Gone,
            Some(_) => Compared::Conflict,
        })
    })
    .collect()
}

/// Whether that is a purchase that was forgotten: an old image of the till may still have it.
fn is_erased(
    tx: &mut Transaction<'_>,
    caller: &Caller,
    series: Series,
    body: &str,
) -> Result<bool, HubError> {
    Ok(series == Series::Purchase && is_buried(tx, &caller.store, &purchase::read(body).id)?)
}

/// The hash of each record from `first` to `last`, as the run that brought it has it. Runs may overlap; a
/// record came with the earliest that reaches it.
pub(super) fn hashes(
    tx: &mut Transaction<'_>,
    caller: &Caller,
    series: Series,
    first: u64,
    last: u64,
) -> Result<Vec<BodyHash>, HubError> {
    let [store, device, epoch] = caller.args();
    let runs = tx.query(
        "SELECT first, last, hashes FROM run WHERE store = $1 AND device = $2 AND epoch = $3 AND series = $4
         AND last >= $5 AND first <= $6 ORDER BY last",
        &[store, device, epoch, Value::Text(series.name()), int(first), int(last)],
    )?;
    let mut found = Vec::new();
    let mut index = first;
    for run in &runs {
        let (from, to) = (run.uint(0)?, run.uint(1)?);
        let hashes = run.bytes(2)?.as_chunks::<32>().0;
        while index <= last.min(to) {
            let place = index.checked_sub(from).and_then(|place| usize::try_from(place).ok());
            let hash = place.and_then(|place| hashes.get(place));
            found.push(*hash.ok_or_else(|| damaged("run.hashes"))?);
            index += 1;
        }
    }
    if index > last { Ok(found) } else { Err(damaged("a run is missing")) }
}

/// The records from `first` to `last` of the same device under another epoch: index, body, flag.
pub(super) fn records(
    tx: &mut Transaction<'_>,
    caller: &Caller,
    other: &Other,
    series: Series,
    first: u64,
    last: u64,
) -> Result<Vec<(u64, Option<String>)>, HubError> {
    let [store, device, _] = caller.args();
    let rows = tx.query(
        "SELECT idx, body FROM record WHERE store = $1 AND device = $2 AND epoch = $3 AND series = $4
         AND idx BETWEEN $5 AND $6",
        &[store, device, int(other.epoch.into()), Value::Text(series.name()), int(first), int(last)],
    )?;
    rows.iter().map(|row| Ok((row.uint(0)?, row.opt_text(1)?.map(str::to_owned)))).collect()
}
