//! What an exchange asks of the store, carried out by whoever owns it.

use std::time::Instant;

use chrono::{DateTime, FixedOffset, Utc};

use crate::store::{ForgetState, Store, StoreError};
use crate::sync::incoming::{self, Applied};
use crate::sync::plan::Keep;
use crate::sync::wire;

/// Work for the store's owner.
#[derive(Debug)]
pub enum Local {
    /// To be kept, in this order.
    Keep(Vec<Keep>),
    /// A page of the feed, to be carried out; then the cursor moves.
    Changes(wire::FeedPage),
    /// How far forgets are.
    Forgets(Vec<wire::ForgetState>),
    /// The hub answered. `hub_time`: what its clock said, and when.
    Contact { hub_time: Option<(Instant, DateTime<Utc>)> },
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// Done, durably. `news`: something was learnt.
    Done { news: bool },
    /// It failed, or is not complete: it is to be asked for again.
    NotYet,
    /// The same, until a program is here that can read it.
    Unread,
}

/// Takes what came down further: writes a new policy's file and has it adopted when the time has come.
/// Only when it returns well does the cursor move.
pub type Adopt<'a> = &'a mut dyn FnMut(&mut Store, Applied) -> Result<(), StoreError>;

/// Carries it out at `now`. Errors: of the store; it may be repeated then.
pub fn carry_out(
    store: &mut Store,
    local: Local,
    now: DateTime<FixedOffset>,
    adopt: Adopt<'_>,
) -> Result<Carried, StoreError> {
    let mut news = false;
    match local {
        Local::Keep(all) => {
            for keep in all {
                match keep {
                    Keep::Durable(series, through) => store.set_durable_through(series, through)?,
                    Keep::Incarnation(incarnation) => store.set_incarnation(incarnation)?,
                    Keep::State(state) => store.set_hub_state(state)?,
                }
            }
        }
        Local::Changes(page) => {
            let applied = incoming::apply(store, &page.changes, page.more)?;
            for trouble in &applied.troubles {
                log::warn!("sync: change {} of the hub: {:?}", trouble.seq, trouble.kind);
            }
            if !applied.complete {
                return Ok(if applied.unread { Carried::Unread } else { Carried::NotYet });
            }
            news = !page.changes.is_empty();
            adopt(store, applied)?;
            store.set_cursor(page.next)?;
        }
        Local::Forgets(states) => {
            for state in states {
                let found =
                    ForgetState { confirmed: state.confirmed, copies: state.copies, lost: state.lost };
                if store.forget_state(&state.id.0)?.is_some_and(|known| known != found) {
                    store.set_forget_state(&state.id.0, found)?;
                    news = true;
                }
            }
        }
        Local::Contact { .. } => store.set_last_contact(now)?,
    }
    Ok(Carried::Done { news })
}
