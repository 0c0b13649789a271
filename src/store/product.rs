//! The catalogue: imported whole or not at all, and kept ready made for the till's memory.

use std::borrow::{Borrow, Cow};
use std::collections::HashMap;
use std::thread;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::domain::barcode::Gtin;
use crate::domain::catalogue::{Catalogue, WordIndex, build_image, image_with};
use crate::domain::money::Money;
use crate::domain::product::{Product, ProductId};
use crate::domain::quantity::Unit;
use crate::domain::tax::TaxRate;
use crate::seal::KeyFile;

use super::counts::{self, Counted};
use super::error::StoreError;
use super::open::Store;

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub added: usize,
    pub updated: usize,
}

/// Rows between two reports of progress.
const PROGRESS_STEP: usize = 1000;

impl Store {
    /// Adds or updates products, all or none. A product is the same as one on file when its
    /// barcode is, or else its sku, or else its PLU. `progress` is told rows done and rows in all.
    pub fn import_products(
        &mut self,
        products: &[Product],
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Imported, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let plan = Plan::of(on_file(&transaction)?, products);
        let sold = sold(&transaction, &self.keys)?;
        let (imported, catalogue) = (plan.imported, plan.catalogue);
        // The image takes as long as the rows: each has a core.
        let image = thread::scope(|scope| {
            let image = scope.spawn(|| ranked_image(catalogue, &sold));
            write_rows(&transaction, &plan.rows, &mut progress)?;
            Ok::<_, StoreError>(image.join().expect("building an image does not panic"))
        })?;
        save_image(&transaction, &image)?;
        transaction.commit()?;
        progress(plan.rows.len(), plan.rows.len());
        Ok(imported)
    }

    /// The catalogue as it is held in memory; an empty one before the first import.
    pub fn catalogue(&self) -> Result<Catalogue, StoreError> {
        catalogue(&self.connection)
    }

    /// Ranks the catalogue anew by what was sold, so that the best-seller comes first.
    pub fn rank_catalogue(&mut self) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let image = ranked_image(on_file(&transaction)?, &sold(&transaction, &self.keys)?);
        save_image(&transaction, &image)?;
        Ok(transaction.commit()?)
    }
}

/// Reads the ready-made catalogue.
pub(super) fn catalogue(connection: &Connection) -> Result<Catalogue, StoreError> {
    let bytes: Option<Vec<u8>> =
        connection.query_row("SELECT bytes FROM catalogue_image", [], |row| row.get(0)).optional()?;
    let bytes = bytes.unwrap_or_else(|| build_image::<Product>(&[]));
    Catalogue::from_image(bytes).map_err(|_| StoreError::Damaged("the catalogue image".into()))
}

/// A row to write, in the place of an older one or new.
struct Row<'a> {
    id: ProductId,
    product: &'a Product,
    is_new: bool,
}

fn write_rows(
    connection: &Connection,
    rows: &[Row<'_>],
    progress: &mut impl FnMut(usize, usize),
) -> Result<(), StoreError> {
    let mut insert = connection.prepare(
        "INSERT INTO product (id, barcode, plu, sku, name, department, price, tax, unit, durable_years)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let mut update = connection.prepare(
        "UPDATE product SET barcode = ?2, plu = ?3, sku = ?4, name = ?5, department = ?6, price = ?7,
         tax = ?8, unit = ?9, durable_years = ?10 WHERE id = ?1",
    )?;
    for (index, row) in rows.iter().enumerate() {
        let product = row.product;
        let statement = if row.is_new { &mut insert } else { &mut update };
        statement.execute(params![
            row.id.0,
            product.barcode.map(|gtin| gtin.number() as i64),
            product.plu,
            product.sku,
            product.name,
            product.department,
            product.price.0,
            product.tax.0,
            match product.unit {
                Unit::Piece => 0,
                Unit::Kilogram => 1,
            },
            product.durable_years
        ])?;
        if (index + 1) % PROGRESS_STEP == 0 {
            progress(index + 1, rows.len());
        }
    }
    Ok(())
}

/// How much of each product was sold, as far as it is released: the order that people see in a search must
/// tell no more. Counts that do not open rank nothing: an import does not wait for them.
fn sold(connection: &Connection, keys: &KeyFile) -> Result<HashMap<u32, i64>, StoreError> {
    let mut sold: HashMap<u32, i64> = HashMap::new();
    let read = counts::each(connection, keys, (0, u64::MAX), |window| {
        if let Counted::Product(id) = window.counted {
            let sum = sold.entry(id).or_default();
            *sum = sum.saturating_add(window.amount);
        }
        Ok(())
    });
    match read {
        Err(error @ StoreError::Damaged(_)) => log::error!("{error}"),
        read => read?,
    }
    Ok(sold)
}

/// The ready-made catalogue of these products, best-seller first, then by name.
fn ranked_image<P: Borrow<Product> + Sync>(
    mut products: Vec<(ProductId, P)>,
    sold: &HashMap<u32, i64>,
) -> Vec<u8> {
    let sold = |id: ProductId| sold.get(&id.0).copied().unwrap_or(0);
    products.sort_unstable_by(|(a, one), (b, other)| {
        let by_name = || one.borrow().name.cmp(&other.borrow().name).then(a.cmp(b));
        sold(*b).cmp(&sold(*a)).then_with(by_name)
    });
    // Half of the work is the index of words: it has a thread of its own.
    thread::scope(|scope| {
        let words = scope.spawn(|| WordIndex::of(&products));
        image_with(&products, || words.join().expect("building an index does not panic"))
    })
}

fn save_image(connection: &Connection, image: &[u8]) -> Result<(), StoreError> {
    connection.execute("INSERT OR REPLACE INTO catalogue_image (id, bytes) VALUES (1, ?1)", [image])?;
    Ok(())
}

/// All products, in no order.
fn on_file(connection: &Connection) -> Result<Vec<(ProductId, Product)>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT id, barcode, plu, sku, name, department, price, tax, unit, durable_years FROM product",
    )?;
    let rows = statement.query_map([], |row| {
        let barcode: Option<u64> = row.get::<_, Option<i64>>(1)?.map(|n| n as u64);
        let product = Product {
            barcode: barcode.and_then(|number| Gtin::from_number(number).ok()),
            plu: row.get(2)?,
            sku: row.get(3)?,
            name: row.get(4)?,
            department: row.get(5)?,
            price: Money(row.get(6)?),
            tax: TaxRate(row.get(7)?),
            unit: if row.get::<_, i64>(8)? == 1 { Unit::Kilogram } else { Unit::Piece },
            durable_years: row.get(9)?,
        };
        Ok((ProductId(row.get(0)?), product))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What an import changes.
struct Plan<'a> {
    imported: Imported,
    rows: Vec<Row<'a>>,
    /// All products as they will be.
    catalogue: Vec<(ProductId, Cow<'a, Product>)>,
}

impl<'a> Plan<'a> {
    fn of(on_file: Vec<(ProductId, Product)>, products: &'a [Product]) -> Plan<'a> {
        let mut known = Known::of(&on_file);
        let mut last = on_file.iter().map(|(id, _)| id.0).max().unwrap_or(0);
        let mut plan = Plan {
            imported: Imported::default(),
            rows: Vec::with_capacity(products.len()),
            catalogue: on_file.into_iter().map(|(id, product)| (id, Cow::Owned(product))).collect(),
        };
        for product in products {
            match known.take(product) {
                Some(place) => {
                    plan.imported.updated += 1;
                    let (id, old) = &mut plan.catalogue[place];
                    if old.as_ref() != product {
                        plan.rows.push(Row { id: *id, product, is_new: false });
                        *old = Cow::Borrowed(product);
                    }
                }
                None => {
                    plan.imported.added += 1;
                    last += 1;
                    let id = ProductId(last);
                    plan.rows.push(Row { id, product, is_new: true });
                    plan.catalogue.push((id, Cow::Borrowed(product)));
                }
            }
        }
        plan
    }
}

/// The places of the products on file, by what identifies them.
struct Known {
    barcodes: HashMap<u64, usize>,
    skus: HashMap<String, usize>,
    plus: HashMap<u32, usize>,
    /// Products that the import has given new values already: another row is another product, even
    /// if it has a code that such a product had before.
    taken: Vec<bool>,
}

impl Known {
    fn of(on_file: &[(ProductId, Product)]) -> Known {
        let products = || on_file.iter().map(|(_, product)| product).enumerate();
        Known {
            barcodes: products().filter_map(|(at, p)| Some((p.barcode?.number(), at))).collect(),
            skus: products().filter(|(_, p)| !p.sku.is_empty()).map(|(at, p)| (p.sku.clone(), at)).collect(),
            plus: products().filter_map(|(at, p)| Some((p.plu?, at))).collect(),
            taken: vec![false; on_file.len()],
        }
    }

    /// The place of this product, which no other row of the import then finds.
    fn take(&mut self, product: &Product) -> Option<usize> {
        let by_barcode = product.barcode.and_then(|gtin| self.barcodes.get(&gtin.number()));
        let place =
            *by_barcode.or_else(|| self.skus.get(&product.sku)).or_else(|| self.plus.get(&product.plu?))?;
        (!std::mem::replace(&mut self.taken[place], true)).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(barcode: u64, sku: &str, plu: u32, name: &str) -> Product {
        Product {
            barcode: Gtin::from_number(barcode).ok(),
            plu: Some(plu).filter(|&plu| plu > 0),
            sku: sku.into(),
            name: name.into(),
            department: "Bazar".into(),
            price: Money(100),
            tax: TaxRate(2100),
            unit: Unit::Piece,
            durable_years: 0,
        }
    }

    #[test]
    fn a_product_is_known_by_barcode_then_sku_then_plu() {
        let on_file = vec![
            (ProductId(4), product(400_000_100_012, "old", 0, "Uno")),
            (ProductId(9), product(0, "same", 0, "Dos")),
            (ProductId(7), product(0, "", 12, "Tres")),
            (ProductId(2), product(0, "kept", 0, "Cuatro")),
        ];
        let given = [
            product(400_000_100_012, "new", 0, "Uno"),
            product(0, "same", 0, "Dos y medio"),
            product(0, "three", 12, "Tres"),
            // Its sku was the first one's, which has another now.
            product(0, "old", 0, "Cinco"),
            product(0, "kept", 0, "Cuatro"),
        ];
        let plan = Plan::of(on_file, &given);
        assert_eq!(plan.imported, Imported { added: 1, updated: 4 });
        let rows: Vec<_> = plan.rows.iter().map(|r| (r.id.0, r.product.sku.as_str(), r.is_new)).collect();
        // What is the same as before is not written again.
        assert_eq!(rows, [(4, "new", false), (9, "same", false), (7, "three", false), (10, "old", true)]);
        let names: Vec<_> = plan.catalogue.iter().map(|(id, p)| (id.0, p.name.as_str())).collect();
        assert_eq!(names, [(4, "Uno"), (9, "Dos y medio"), (7, "Tres"), (2, "Cuatro"), (10, "Cinco")]);
    }

    #[test]
    fn the_best_seller_comes_first_then_the_name() {
        let names = ["Pan", "Agua", "Té"];
        let products = (1..).map(ProductId).zip(names.map(|name| product(0, name, 0, name))).collect();
        let image = ranked_image::<Product>(products, &HashMap::from([(3, 5)]));
        let catalogue = Catalogue::from_image(image).unwrap();
        assert_eq!(catalogue.products().map(|p| p.name()).collect::<Vec<_>>(), ["Té", "Agua", "Pan"]);
    }
}
