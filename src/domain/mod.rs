//! What a shop, a sale and a promise are: pure rules, without files, clocks, randomness, network,
//! SQL, terminals or floating point.

pub mod barcode;
pub mod basket;
pub mod language;
pub mod money;
pub mod product;
pub mod customer;
pub mod language;
pub mod money;
pub mod policy;
pub mod quantity;
pub mod tax;
pub mod tender;
pub mod ticket;
