//! What goes into statements and comes out of them.

use super::DbError;

/// What goes into a statement. A text must not hold U+0000, which PostgreSQL does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// What comes out of a column. A boolean is 0 or 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row of an answer. Its columns are counted from 0. Reading one as what it is not is
/// [`DbError::Damaged`]: the schema says what each is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(pub(super) Vec<Cell>);

impl Row {
    pub fn int(&self, column: usize) -> Result<i64, DbError> {
        self.opt_int(column)?.ok_or_else(|| wrong(column))
    }

    /// An integer that is never negative.
    pub fn uint(&self, column: usize) -> Result<u64, DbError> {
        self.int(column)?.try_into().map_err(|_| wrong(column))
    }

    pub fn text(&self, column: usize) -> Result<&str, DbError> {
        self.opt_text(column)?.ok_or_else(|| wrong(column))
    }

    pub fn bytes(&self, column: usize) -> Result<&[u8], DbError> {
        self.opt_bytes(column)?.ok_or_else(|| wrong(column))
    }

    /// Bytes of a known length, such as an id or a hash.
    pub fn array<const N: usize>(&self, column: usize) -> Result<[u8; N], DbError> {
        self.bytes(column)?.try_into().map_err(|_| wrong(column))
    }

    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, DbError> {
        match self.0.get(column) {
            Some(Cell::Int(value)) => Ok(Some(*value)),
            Some(Cell::Null) => Ok(None),
            _ => Err(wrong(column)),
        }
    }

    pub fn opt_text(&self, column: usize) -> Result<Option<&str>, DbError> {
        match self.0.get(column) {
            Some(Cell::Text(value)) => Ok(Some(value)),
            Some(Cell::Null) => Ok(None),
            _ => Err(wrong(column)),
        }
    }

    pub fn opt_bytes(&self, column: usize) -> Result<Option<&[u8]>, DbError> {
        match self.0.get(column) {
            Some(Cell::Bytes(value)) => Ok(Some(value)),
            Some(Cell::Null) => Ok(None),
            _ => Err(wrong(column)),
        }
    }

    /// All cells, in order.
    pub fn cells(&self) -> &[Cell] {
        &self.0
    }
}

fn wrong(column: usize) -> DbError {
    DbError::Damaged(format!("column {column} of an answer is not what it must be"))
}
