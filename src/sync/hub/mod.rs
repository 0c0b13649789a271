//! The hub: where the tills of a shop, or of a chain, bring their records.

pub mod db;
mod error;

pub use error::{DbError, HubError};
