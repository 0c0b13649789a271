//! What a shop, a sale and a promise are: pure rules, without files, clocks, randomness, network,
//! SQL, terminals or floating point.

pub mod barcode;
pub mod catalogue;
pub mod import;
pub mod money;
pub mod product;
pub mod quantity;
pub mod tax;
