//! The commands: arguments in, sentences out; configuration, paths, the log.

pub mod args;
mod backup;
pub mod config;
mod config_error;
mod customer;
mod expire;
mod help;
pub mod hub;
pub mod import;
pub mod init;
pub mod log;
pub mod open;
pub mod paths;
pub mod policy;
pub mod printable;
mod problem;
mod purchase;
mod review;
pub mod ring;
pub mod run;
mod sync;
mod tickets;
pub mod till;
mod verify;

#[cfg(test)]
mod exports_tests;
#[cfg(test)]
mod records_tests;
