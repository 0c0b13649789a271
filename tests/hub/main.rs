//! The hub as it is run: `olvido hub serve` on the loopback interface, asked by tills and by worse.

mod credentials;
mod description;
mod hostile;
mod schemathesis;
mod serving;
mod slow;
mod support;
