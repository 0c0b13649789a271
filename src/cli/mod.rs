//! The commands: arguments, configuration, paths, the log, and errors in words.

pub mod config;
mod config_error;
pub mod log;
pub mod paths;

pub mod policy;
