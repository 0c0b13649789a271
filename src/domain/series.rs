//! The series in which a till numbers what it has to say to a hub.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of thing the records of a series are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Series {
    /// A tax ticket; its index is its number.
    Ticket,
    /// How many sales of a day chose what, for at least a few dozen sales or a whole day.
    Count,
    /// A kept purchase with the key that seals it.
    Purchase,
    /// A tombstone.
    Forget,
}

impl Series {
    pub const ALL: [Series; 4] = [Series::Ticket, Series::Count, Series::Purchase, Series::Forget];

    /// As it stands in addresses and tables: `ticket`, `count`, `purchase`, `forget`.
    pub fn name(self) -> &'static str {
        match self {
            Series::Ticket => "ticket",
            Series::Count => "count",
            Series::Purchase => "purchase",
            Series::Forget => "forget",
        }
    }

    /// The series of that [`Series::name`].
    pub fn from_name(name: &str) -> Option<Series> {
        Series::ALL.into_iter().find(|series| series.name() == name)
    }

    /// Part of the format: in the till's tables and in what is signed.
    pub fn number(self) -> u8 {
        match self {
            Series::Ticket => 1,
            Series::Count => 2,
            Series::Purchase => 3,
            Series::Forget => 4,
        }
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
