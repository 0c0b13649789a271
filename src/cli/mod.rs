//! The commands: arguments in, sentences out; configuration, paths, the log.

pub mod args;
pub mod config;
mod config_error;
mod help;
pub mod import;
pub mod init;
pub mod log;
pub mod open;
pub mod paths;
pub mod policy;
pub mod problem;
pub mod ring;
pub mod run;
pub mod till;
