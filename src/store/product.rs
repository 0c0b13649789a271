//! The catalogue: imported whole or not at all, and kept ready made for the till's memory.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Statement, TransactionBehavior, params};

use crate::domain::barcode::Gtin;
use crate::domain::catalogue::{Catalogue, build_image};
use crate::domain::money::Money;
use crate::domain::product::{Product, ProductId};
use crate::domain::quantity::Unit;
use crate::domain::tax::TaxRate;

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
        let mut known = Known::load(&transaction)?;
        let mut imported = Imported::default();
        {
            let mut insert = transaction.prepare(
                "INSERT INTO product (id, barcode, plu, sku, name, department, price, tax, unit, durable_years)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?;
            let mut update = transaction.prepare(
                "UPDATE product SET barcode = ?2, plu = ?3, sku = ?4, name = ?5, department = ?6, price = ?7,
                 tax = ?8, unit = ?9, durable_years = ?10 WHERE id = ?1",
            )?;
            for (index, product) in products.iter().enumerate() {
                match known.id_of(product) {
                    Some(id) => {
                        write(&mut update, id, product)?;
                        imported.updated += 1;
                    }
                    None => {
                        write(&mut insert, known.next(), product)?;
                        imported.added += 1;
                    }
                }
                if (index + 1) % PROGRESS_STEP == 0 {
                    progress(index + 1, products.len());
                }
            }
        }
        save_image(&transaction)?;
        transaction.commit()?;
        progress(products.len(), products.len());
        Ok(imported)
    }

    /// The catalogue as it is held in memory; an empty one before the first import.
    pub fn catalogue(&self) -> Result<Catalogue, StoreError> {
        catalogue(&self.connection)
    }

    /// Ranks the catalogue anew by what was sold, so that the best-seller comes first.
    pub fn rank_catalogue(&mut self) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        save_image(&transaction)?;
        Ok(transaction.commit()?)
    }
}

/// Reads the ready-made catalogue.
pub(super) fn catalogue(connection: &Connection) -> Result<Catalogue, StoreError> {
    let bytes: Option<Vec<u8>> =
        connection.query_row("SELECT bytes FROM catalogue_image", [], |row| row.get(0)).optional()?;
    let bytes = bytes.unwrap_or_else(|| build_image(&[]));
    Catalogue::from_image(bytes).map_err(|_| StoreError::Damaged("the catalogue image".into()))
}

fn write(statement: &mut Statement<'_>, id: u32, product: &Product) -> Result<(), StoreError> {
    statement.execute(params![
        id,
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
    Ok(())
}

fn save_image(connection: &Connection) -> Result<(), StoreError> {
    let mut sold: HashMap<u32, i64> = HashMap::new();
    let mut statement = connection.prepare("SELECT product, amount FROM product_counter")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        *sold.entry(row.get(0)?).or_default() += row.get::<_, i64>(1)?;
    }
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
    let mut products = rows.collect::<Result<Vec<_>, _>>()?;
    // Best-seller first: what was sold over the time of the counters, then by name. Sorted here and
    // not by SQLite, which would write every row to its sorter and read it back.
    let sold = |id: ProductId| sold.get(&id.0).copied().unwrap_or(0);
    products.sort_unstable_by(|(a, one), (b, other)| {
        sold(*b).cmp(&sold(*a)).then_with(|| one.name.cmp(&other.name)).then(a.cmp(b))
    });
    connection.execute(
        "INSERT OR REPLACE INTO catalogue_image (id, bytes) VALUES (1, ?1)",
        [build_image(&products)],
    )?;
    Ok(())
}

/// Which products are on file, by what identifies them.
struct Known {
    barcodes: HashMap<u64, u32>,
    skus: HashMap<String, u32>,
    plus: HashMap<u32, u32>,
    last: u32,
}

impl Known {
    fn load(connection: &Connection) -> Result<Known, StoreError> {
        let mut known =
            Known { barcodes: HashMap::new(), skus: HashMap::new(), plus: HashMap::new(), last: 0 };
        let mut statement = connection.prepare("SELECT id, barcode, sku, plu FROM product")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id: u32 = row.get(0)?;
            known.last = known.last.max(id);
            if let Some(barcode) = row.get::<_, Option<i64>>(1)? {
                known.barcodes.insert(barcode as u64, id);
            }
            let sku: String = row.get(2)?;
            if !sku.is_empty() {
                known.skus.insert(sku, id);
            }
            if let Some(plu) = row.get(3)? {
                known.plus.insert(plu, id);
            }
        }
        Ok(known)
    }

    fn id_of(&self, product: &Product) -> Option<u32> {
        let by_barcode = product.barcode.and_then(|gtin| self.barcodes.get(&gtin.number()));
        by_barcode.or_else(|| self.skus.get(&product.sku)).or_else(|| self.plus.get(&product.plu?)).copied()
    }

    /// The id of a new product. Rows of one file never repeat each other: the parser refuses that.
    fn next(&mut self) -> u32 {
        self.last += 1;
        self.last
    }
}
