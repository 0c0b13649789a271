//! The hub as it is run: `olvido hub serve` on the loopback interface, asked by tills and by worse.

mod ahead;
mod backup_killed;
mod commands;
#[allow(dead_code)] // shared with the tests of reliability
#[path = "../reliability/common.rs"]
mod common;
mod credentials;
mod cut;
mod description;
mod hostile;
mod killed;
mod over_postgres;
#[path = "../support/postgres.rs"]
mod postgres;
mod protocol;
mod proxy;
mod schemathesis;
mod serving;
mod slow;
mod support;
