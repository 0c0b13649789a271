//! The commands: arguments in, sentences out.

pub mod policy;
