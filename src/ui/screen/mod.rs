//! One file a screen: what it knows, what keys do there, what can be pressed, and how it is drawn.

pub mod choice;
pub mod dissolve;
pub mod lock;
pub mod notice;
pub mod overlay;
pub mod pay;
pub mod remember;
pub mod sell;
pub mod setup;

#[cfg(test)]
mod consent_tests;
#[cfg(test)]
mod customer_tests;
#[cfg(test)]
mod twice_tests;
