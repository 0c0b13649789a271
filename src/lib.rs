//! Olvido: a point of sale whose memory belongs to the customer.

pub mod cli;
pub mod domain;
pub mod locale;
