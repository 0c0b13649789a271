//! Sync: tills that have sold alone for a minute or a year bring their records to a hub, get prices
//! and policies back, and a forget said anywhere reaches every copy.
//!
//! - [`record`]: records in series, and how a till signs them.
//! - [`wire`]: what travels.
//! - [`enrolment`]: how a till gets an identity, and shows it.
//! - [`joining`]: a till gets its identity.
//! - [`plan`]: what a till does next; pure.
//! - [`client`]: a till's requests.
//! - [`outgoing`]: a store's rows as what travels; [`incoming`]: what a hub says, carried out.
//! - [`exchange`]: the plan carried out.
//! - [`hub`]: the server and its stores.
//!
//! A till keeps no second copy of what it sends: its tickets, counts, purchases and tombstones are
//! the records, and the outbox is how far the hub has them durably.

pub mod client;
pub mod enrolment;
pub mod exchange;
pub mod hub;
pub mod incoming;
pub mod joining;
pub mod outgoing;
pub mod plan;
pub mod record;
pub mod wire;

#[cfg(test)]
mod testing;
