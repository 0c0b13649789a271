//! What a shop, a sale and a promise are: pure rules, without files, clocks, randomness, network,
//! SQL, terminals or floating point.

pub mod barcode;
pub mod basket;
pub mod language;
pub mod catalogue;
pub mod money;
pub mod product;
pub mod quantity;
pub mod tax;
pub mod tender;
pub mod ticket;
