//! The commands: arguments, configuration, paths, the log, and errors in words.

pub mod log;
pub mod paths;
