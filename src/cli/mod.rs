//! The commands: arguments in, sentences out; configuration, paths, the log.

pub mod config;
mod config_error;
pub mod log;
pub mod paths;
pub mod policy;
