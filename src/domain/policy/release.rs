//! When a count of a product is told: mixed with how many other sales.

/// The least of each that ends a window of a product's count. See `store::counts` for the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// Sales of the product.
    pub sales: u32,
    /// Tickets, of all sales.
    pub tickets: u32,
    /// Tickets after which a window ends with fewer sales.
    pub longest: u32,
}

impl Release {
    /// What every shop keeps to. A policy may ask for more. Each ticket attacked by itself, these counts prove at most
    /// one line in a hundred more than prices alone do: the test in `src/store/tests/guard.rs` holds it.
    pub const LEAST: Release = Release { sales: 5, tickets: 32, longest: 1_600 };
}
