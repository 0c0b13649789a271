//! The hub's database: one schema and one set of statements, over SQLite or over PostgreSQL and what
//! speaks its protocol.
//!
//! Statements are written with `$1`, `$2`, … and only with what both engines understand alike. Every
//! table leads with the store's id and every statement names it, so that the same schema can be
//! partitioned or sharded by it.

/// What goes into a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// What comes out of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}
