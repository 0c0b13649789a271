//! Olvido: a point of sale whose memory belongs to the customer.

pub mod app;
pub mod cli;
pub mod domain;
pub mod locale;
pub mod print;
pub mod seal;
pub mod store;
pub mod ui;
