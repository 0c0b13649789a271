//! The threads that wait for the hub, so that nobody else does: two for what goes up, so that a run can
//! be on its way while another is answered for, and one for the feed.

use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;

use super::{Event, Identity};
use crate::sync::client::{Client, ClientError, Packed};
use crate::sync::enrolment::signed_for_session;
use crate::sync::wire::{
    Base64, FeedPage, ForgetsAnswer, Hex, Id, SessionAnswer, SessionRequest, UploadAnswer,
};

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Up(usize),
    Down,
}

/// What is asked of the hub; the text is the session's token.
pub enum Request {
    Session,
    Upload(String, Packed),
    Forgets(String, Vec<Id>),
    Feed { token: String, after: u64, wait_seconds: u64 },
}

/// What the hub answered.
#[derive(Debug)]
pub enum Answered {
    Session(SessionAnswer),
    Uploaded(UploadAnswer),
    Forgets(ForgetsAnswer),
    Fed(FeedPage),
}

/// Starts a carrier. It ends when nobody can ask it anything any more, after what it waits for.
pub fn start(lane: Lane, client: Arc<Client>, identity: Arc<Identity>, to: Sender<Event>) -> Sender<Request> {
    let (ask, asked) = mpsc::channel();
    thread::spawn(move || {
        for request in asked {
            let answered = carry(&client, &identity, request);
            if to.send(Event::Answered(lane, answered)).is_err() {
                return;
            }
        }
    });
    ask
}

fn carry(client: &Client, identity: &Identity, request: Request) -> Result<Answered, ClientError> {
    Ok(match request {
        Request::Session => Answered::Session(session(client, identity)?),
        Request::Upload(token, packed) => Answered::Uploaded(client.upload(&token, &packed)?),
        Request::Forgets(token, ids) => Answered::Forgets(client.forgets(&token, ids)?),
        Request::Feed { token, after, wait_seconds } => {
            Answered::Fed(client.feed(&token, after, wait_seconds)?)
        }
    })
}

/// Shows who the till is, by signing what the hub says.
fn session(client: &Client, identity: &Identity) -> Result<SessionAnswer, ClientError> {
    let challenge = client.challenge()?.challenge;
    let signature = identity.key.sign(&signed_for_session(&identity.store, identity.origin, &challenge));
    client.session(&SessionRequest {
        store: identity.store.clone(),
        device: Hex(identity.origin.device),
        epoch: identity.origin.epoch,
        challenge,
        signature: Base64(signature.0.to_vec()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}
