//! The tickets that followed the backup in the store in place. Tax law asks for them, and the chain goes on behind them:
//! the restored store takes over those that prove themselves, and counts what is lost. That database may be damaged, or
//! be made so by somebody: what else it says of numbers is not believed.

use std::path::Path;

use rusqlite::Connection;

use super::BackupError;
use super::in_place::InPlace;
use crate::store::error::StoreError;
use crate::store::open::{Store, connect_to_read, issuer_id, issuer_of};
use crate::store::ticket::{self, Head};

/// How the numbers of tickets go on.
pub(super) struct Numbers {
    /// The last ticket of the restored store.
    pub last: u64,
    /// How many of those that followed the backup it took over.
    pub taken_over: u64,
    /// How many of them are lost; `None` where nothing tells.
    pub lost: Option<u64>,
    /// Whether numbers behind the last could be given again.
    pub needs_new_series: bool,
}

/// Judges the tickets in place, and takes over what the backup lacks where nothing sells with those files any more.
/// Errors: `SalesAfter` and `OtherStore` where the backup must not take their place.
pub(super) fn go_on(
    store: &mut Store,
    in_place: &mut InPlace,
    database: &Path,
    backup: Head,
) -> Result<Numbers, BackupError> {
    let (needs_new_series, is_followed) = match in_place.head {
        // There is none, or it is damaged: more may have followed than it shows.
        None => (true, database.exists()),
        Some(here) if here.number > backup.number && !in_place.is_usable => {
            require_same_chain(database, backup)?;
            // Without keys to hold it against, the database may be an earlier copy: what followed nobody knows.
            (true, true)
        }
        Some(here) => (compare(in_place, here, backup, store)? || in_place.is_torn, false),
    };
    let (last, lost) = if is_followed { store.adopt_tickets(database, backup)? } else { (backup, Some(0)) };
    Ok(Numbers {
        last: last.number,
        taken_over: last.number - backup.number,
        lost,
        needs_new_series: needs_new_series || lost != Some(0),
    })
}

/// What a whole store in place means for the backup. Returns whether a new series is needed.
fn compare(in_place: &mut InPlace, here: Head, backup: Head, restored: &Store) -> Result<bool, BackupError> {
    if here.number == 0 {
        // A store that never sold anything: its numbers are free.
        in_place.keys = None;
        return Ok(backup.number > 0);
    }
    if here.number > backup.number {
        return Err(BackupError::SalesAfter { here: here.number, backup: backup.number });
    }
    if in_place.is_torn {
        let is_same = restored.ticket(here.number)?.is_none_or(|ticket| Some(ticket.hash) == here.hash);
        return if is_same { Ok(true) } else { Err(BackupError::OtherStore) };
    }
    if here.number == backup.number {
        in_place.complete = in_place.is_usable && !in_place.is_behind;
        return if here.hash == backup.hash { Ok(!in_place.is_usable) } else { Err(BackupError::OtherStore) };
    }
    // Older than the backup: what its keys do not know yet was not forgotten.
    in_place.keys = None;
    let same = restored.ticket(here.number)?.is_none_or(|ticket| Some(ticket.hash) == here.hash);
    if same { Ok(true) } else { Err(BackupError::OtherStore) }
}

/// Refuses a database whose next ticket hangs on another than `last`. One that is wrong by its own hash, too, is damage.
fn require_same_chain(database: &Path, last: Head) -> Result<(), BackupError> {
    let next = ticket::find(&connect_to_read(database)?, last.number + 1);
    match next {
        Ok(Some(next)) if next.previous != last.hash && next.hash == next.expected_hash() => {
            Err(BackupError::OtherStore)
        }
        _ => Ok(()),
    }
}

impl Store {
    /// Takes over the tickets that hang on `last` in the database in place, up to the first that does not. Returns the
    /// last one then, and how many are left; `None` where that cannot be told. Errors: of this store alone.
    fn adopt_tickets(&mut self, database: &Path, mut last: Head) -> Result<(Head, Option<u64>), StoreError> {
        let Ok(here) = connect_to_read(database) else { return Ok((last, None)) };
        let transaction = self.connection.transaction()?;
        // Where an issuer is damaged the backup's own of that id stands in: the hash proves its tax number and series.
        let issuer = |id| issuer_of(&here, id).or_else(|_| issuer_of(&transaction, id));
        while let Ok(Some((next, at, body))) = ticket::next(&here, last, issuer) {
            ticket::insert(&transaction, issuer_id(&transaction, &next.issuer)?, &next, &at, &body)?;
            last = Head::of(&next);
        }
        transaction.commit()?;
        Ok((last, left_behind(&here, last)))
    }
}

/// How many tickets follow `last` there. A number is believed where the ticket's own hash has it.
fn left_behind(here: &Connection, last: Head) -> Option<u64> {
    let head = ticket::head(here).ok()?;
    if head.number == last.number && head.hash == last.hash {
        return Some(0);
    }
    let ticket = ticket::find(here, head.number).ok()??;
    if ticket.hash == ticket.expected_hash() { head.number.checked_sub(last.number) } else { None }
}
