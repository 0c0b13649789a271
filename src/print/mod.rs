//! Receipts on paper and screen.

mod layout;
pub mod text;
