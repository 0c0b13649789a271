//! The exchange with the hub as the till has it: in a thread of its own, of the lowest priority, whose
//! wishes are carried out when the store's owner has nothing else to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use olvido::store::Store;
use olvido::sync::exchange::{Carried, Event, How, Local, Parts, carry_out};

use super::shop::at;

/// An exchange that goes on until this is dropped.
pub struct Background {
    tell: Sender<Event>,
    asked: Option<Receiver<(Local, Sender<Carried>)>>,
    waiting: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    pub fn start(store: &mut Store) -> Background {
        let parts = Parts::of(store).expect("an enrolment that can be read").expect("an enrolment");
        let (tell, events) = mpsc::channel();
        let (ask, asked) = mpsc::channel();
        let waiting = Arc::new(AtomicU64::new(u64::MAX));
        let (own, told) = (tell.clone(), Arc::clone(&waiting));
        let thread = thread::spawn(move || {
            #[cfg(target_os = "linux")]
            rustix::process::setpriority_process(None, 19).expect("a lower priority");
            let mut exchange = parts.open(events, &own).expect("records");
            let mut local = |local| {
                let (answer, told) = mpsc::channel();
                let _ = ask.send((local, answer));
                told.recv().unwrap_or(Carried::NotYet)
            };
            exchange.run(How::Always, &mut local, &mut |status| {
                told.store(status.waiting, Ordering::Relaxed);
                None
            });
        });
        Background { tell, asked: Some(asked), waiting, thread: Some(thread) }
    }

    /// Something was recorded.
    pub fn wake(&self) {
        self.tell.send(Event::Woken).expect("an exchange that goes on");
    }

    /// Records that the hub has not got, as last said.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Carries out what is wished within that time; returns after the first.
    pub fn serve(&self, store: &mut Store, time: Duration) {
        let asked = self.asked.as_ref().expect("there until the end");
        match asked.recv_timeout(time) {
            Ok((local, answer)) => {
                let told = carry_out(store, local, at(), &mut |_, _| Ok(())).expect("a store that works");
                let _ = answer.send(told);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => panic!("the exchange has ended"),
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.tell.send(Event::Stop);
        // What it still wishes is not carried out any more.
        self.asked = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
