//! What a shop, a sale and a promise are: pure rules, without files, clocks, randomness, network,
//! SQL, terminals or floating point.

pub mod barcode;
pub mod basket;
pub mod catalogue;
pub mod customer;
pub mod import;
pub mod language;
pub mod look;
pub mod money;
pub mod open_sale;
pub mod pin;
pub mod policy;
pub mod product;
pub mod quantity;
pub mod receipt;
pub mod sale;
pub mod series;
pub mod settings;
pub mod tax;
pub mod tax_id;
pub mod tender;
pub mod text;
pub mod ticket;
