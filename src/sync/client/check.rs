//! Whether an answer can be true: a till believes nothing that would break it.

use crate::sync::wire::{self, FeedPage, ForgetsAnswer, SessionAnswer, UploadAnswer};

use super::ClientError;

/// Numbers beyond this fit into no database.
const NUMBER_MAX: u64 = i64::MAX as u64;

pub fn is_true(so: bool, what: &'static str) -> Result<(), ClientError> {
    if so { Ok(()) } else { Err(ClientError::NotAHub(what)) }
}

/// A hub's fixed words: short, lower case, with hyphens.
pub fn is_word(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b == b'_')
}

pub fn session(answer: &SessionAnswer) -> Result<(), ClientError> {
    let token = &answer.token;
    let sendable = (1..=4096).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic());
    is_true(sendable, "token")?;
    is_true(answer.expires_in_seconds >= 1, "token")?;
    is_true(answer.durable_through.values().all(|through| *through <= NUMBER_MAX), "durable_through")
}

/// In order, inside what was sent, none twice; what is durable is not behind what was answered for.
pub fn upload(answer: &UploadAnswer, first: u64, last: u64) -> Result<(), ClientError> {
    let mut next = first;
    for run in &answer.answers {
        is_true(run.first == next && run.first <= run.last && run.last <= last, "answers")?;
        next = run.last + 1;
    }
    is_true(answer.durable_through <= NUMBER_MAX, "durable_through")
}

/// In order. It begins before what was asked for only where the hub's feed is shorter than that: it is
/// another one, from its start.
pub fn feed(page: &FeedPage, after: u64) -> Result<(), ClientError> {
    is_true(page.changes.len() <= wire::FEED_CHANGES_MAX, "changes")?;
    let mut before = if page.next < after { 0 } else { after };
    for change in &page.changes {
        is_true(change.seq > before && change.seq <= NUMBER_MAX, "seq")?;
        is_true((1..=64).contains(&change.kind.len()), "kind")?;
        is_true(change.body.get().len() <= wire::BODY_BYTES_MAX, "body")?;
        before = change.seq;
    }
    is_true(page.next >= before && page.next <= NUMBER_MAX, "next")?;
    // More is there, and yet nothing new: it would be asked for without an end.
    is_true(!page.more || !page.changes.is_empty(), "more")
}

pub fn forgets(answer: &ForgetsAnswer) -> Result<(), ClientError> {
    is_true(answer.forgets.len() <= wire::FORGETS_MAX, "forgets")?;
    let adds_up = |f: &wire::ForgetState| f.confirmed.checked_add(f.lost).is_some_and(|sum| sum <= f.copies);
    is_true(answer.forgets.iter().all(adds_up), "copies")
}
