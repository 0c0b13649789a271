//! The exchange with the hub, beside the till, in threads of the lowest priority.
//!
//! They read the store by themselves. What it must do or keep goes to its own thread as a job that
//! yields to every other: see [`super::worker`].

use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::Message;
use super::worker::Job;
use crate::store::{HubState, Store};
use crate::sync::client::ClientError;
use crate::sync::exchange::{Carried, Event, How, Local, Parts, Status};
use crate::ui::event::{Done, SyncLink, SyncStatus};

/// An exchange that goes on; it ends when this is dropped.
pub struct Background {
    tell: Sender<Event>,
}

/// What is sent within this time is no news for the status line.
const SOON: Duration = Duration::from_secs(1);

impl Background {
    /// Starts it, where the store is enrolled.
    pub fn start(store: &mut Store, jobs: Sender<Job>, to: Sender<Message>) -> Option<Background> {
        let parts = match Parts::of(store) {
            Ok(parts) => parts?,
            Err(error) => {
                log::error!("sync: {error}");
                return None;
            }
        };
        let (tell, events) = mpsc::channel();
        let own = tell.clone();
        thread::spawn(move || {
            yield_to_the_till();
            let mut exchange = match parts.open(events, &own) {
                Ok(exchange) => exchange,
                Err(error) => return log::error!("sync: {error}"),
            };
            let mut local = |local: Local| {
                let (answer, told) = mpsc::channel();
                // Where the store's thread is gone, nothing is carried out any more.
                let _ = jobs.send(Job::Hub(Box::new(local), answer));
                told.recv().unwrap_or(Carried::NotYet)
            };
            let mut teller = Teller { to, last: None, waiting_from: None };
            exchange.run(How::Always, &mut local, &mut |status| teller.hear(&status));
        });
        Some(Background { tell })
    }

    /// Something may have been recorded.
    pub fn wake(&self) {
        // An exchange that has ended needs no waking.
        let _ = self.tell.send(Event::Woken);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.tell.send(Event::Stop);
    }
}

/// On Linux each thread has a niceness of its own, which the threads that it starts inherit: the
/// processor is the till's whenever it wants it. Elsewhere the whole process would be slowed.
fn yield_to_the_till() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 19) {
        log::warn!("sync: its priority cannot be lowered: {error}");
    }
}

/// Says to the status line what has changed, and only what lasts.
struct Teller {
    to: Sender<Message>,
    last: Option<SyncStatus>,
    waiting_from: Option<Instant>,
}

impl Teller {
    /// Returns after which time it wants to hear again.
    fn hear(&mut self, status: &Status) -> Option<Duration> {
        let mut now = SyncStatus { link: link(status), waiting: status.waiting, since: status.since };
        let mut again = None;
        if now.waiting == 0 || now.link != SyncLink::Good {
            self.waiting_from = None;
        } else {
            let waited = self.waiting_from.get_or_insert_with(Instant::now).elapsed();
            let last = self.last.filter(|last| last.link == SyncLink::Good);
            if let Some(left) = SOON.checked_sub(waited).filter(|left| !left.is_zero()) {
                // It may be over before anybody could read it: until then nothing else is said.
                let Some(said) = last else { return Some(left) };
                now = said;
                again = Some(left);
            } else if last != Some(now) {
                // The count goes on, once every while.
                self.waiting_from = Some(Instant::now());
            }
        }
        if self.last != Some(now) {
            self.last = Some(now);
            // The loop may have ended; then there is nobody to tell.
            let _ = self.to.send(Message::Done(Box::new(Done::Sync(now))));
        }
        again
    }
}

fn link(status: &Status) -> SyncLink {
    match (status.state, &status.trouble) {
        (HubState::Conflict, _) => SyncLink::Conflict,
        (HubState::Restored, _) => SyncLink::Restored,
        (HubState::Revoked, _) => SyncLink::Revoked,
        (HubState::Active, Some(ClientError::CertificateChanged)) => SyncLink::OtherCertificate,
        (HubState::Active, Some(ClientError::Unreachable(_) | ClientError::NotAHub(_))) => {
            SyncLink::Unreachable
        }
        (HubState::Active, Some(ClientError::Refused { status: 401, .. })) => SyncLink::Unknown,
        (HubState::Active, _) if status.unread => SyncLink::Unread,
        (HubState::Active, _) => SyncLink::Good,
    }
}
