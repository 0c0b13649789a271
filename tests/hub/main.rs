//! The hub as it is run: `olvido hub serve` on the loopback interface, asked by tills and by worse.

mod commands;
mod credentials;
mod description;
mod hostile;
mod over_postgres;
#[path = "../support/postgres.rs"]
mod postgres;
mod protocol;
mod schemathesis;
mod serving;
mod slow;
mod support;
