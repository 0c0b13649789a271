//! The commands: arguments in, sentences out; configuration, paths, the log.

pub mod args;
pub mod config;
mod config_error;
mod help;
pub mod log;
pub mod paths;
pub mod policy;
pub mod problem;
pub mod run;
