//! What people were told, on paper and on screens: all that shop and customer can be held to.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use olvido::domain::basket::Line;
use olvido::domain::customer::Identifier;
use olvido::domain::money::Money;
use olvido::domain::tax::TaxRate;
use olvido::seal::ReceiptCode;

/// A receipt that was printed.
pub struct Printed {
    pub till: usize,
    pub shop: String,
    pub number: u64,
    pub day: NaiveDate,
    pub total: i64,
    /// The hub said that it has it, and was not put back to before that.
    pub is_acknowledged: bool,
    /// The only disk that had it is gone.
    pub is_lost: bool,
}

/// A purchase that was kept.
pub struct Kept {
    pub shop: String,
    pub code: ReceiptCode,
    /// Its last day.
    pub until: Option<NaiveDate>,
    /// Its term is over; about a day nobody is held to the hour.
    pub is_past: bool,
    pub said: Vec<Said>,
}

/// A forget that somebody was told was accepted.
pub struct Said {
    pub till: usize,
    pub is_acknowledged: bool,
    /// The only disk that knew of it is gone.
    pub is_lost: bool,
    /// The till was enrolled, and so tells how far it is.
    pub is_followed: bool,
}

#[derive(Default)]
pub struct People {
    /// By the ticket's hash.
    pub printed: BTreeMap<[u8; 32], Printed>,
    /// In the order of their sale.
    pub kept: Vec<Kept>,
    places: BTreeMap<[u8; 16], usize>,
    pub names: u32,
}

impl People {
    pub fn keep(&mut self, kept: Kept) {
        self.places.insert(kept.code.purchase_id(), self.kept.len());
        self.kept.push(kept);
    }

    pub fn place(&self, id: &[u8; 16]) -> Option<usize> {
        self.places.get(id).copied()
    }

    pub fn of(&mut self, id: &[u8; 16]) -> Option<&mut Kept> {
        let place = self.place(id)?;
        Some(&mut self.kept[place])
    }

    /// Ids of what must be gone everywhere at the end, in this shop.
    pub fn dead(&self, shop: &str) -> BTreeSet<[u8; 16]> {
        let dead = self.kept.iter().filter(|kept| kept.shop == shop && kept.is_dead());
        dead.map(|kept| kept.code.purchase_id()).collect()
    }

    /// A line whose name and price are on no other receipt: no two clones print the same.
    pub fn line(&mut self) -> Line {
        self.names += 1;
        let name = format!("CANARY {}", self.names);
        Line::open(&name, "Bazar", Money(1000 + i64::from(self.names)), TaxRate(2100))
    }
}

impl Kept {
    pub fn is_forgotten(&self) -> bool {
        self.said.iter().any(|said| !said.is_lost)
    }

    pub fn is_dead(&self) -> bool {
        self.is_past || self.is_forgotten()
    }
}

/// A few customers whom every till knows.
pub fn customer(index: usize) -> Identifier {
    Identifier::phone(&format!("69955000{index}"), "34").unwrap()
}

pub const CUSTOMERS: usize = 3;
