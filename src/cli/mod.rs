//! The commands: arguments, configuration, paths, the log, and errors in words.

pub mod config;
mod config_error;
pub mod log;
pub mod paths;
//! The commands: arguments in, sentences out.

pub mod policy;
