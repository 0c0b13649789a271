//! What SQLite alone takes for the least that could be asked of it, and the import beside it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use olvido::domain::import;
use olvido::domain::product::Product;
use olvido::domain::quantity::Unit;
use olvido::store::PRAGMAS;
use rusqlite::{Connection, TransactionBehavior, params};

use super::shop::{Shop, import_settings};
use super::{Row, median, timed};

/// A database with one table, opened just as the store opens its own.
pub struct Bare {
    connection: Connection,
    file: std::path::PathBuf,
    row: Vec<u8>,
}

impl Bare {
    pub fn new(directory: &Path) -> Bare {
        let file = directory.join("bare.db");
        let connection = Connection::open(&file).expect("a new database");
        connection.busy_timeout(Duration::from_millis(250)).expect("a timeout");
        connection.execute_batch(PRAGMAS).expect("the store's pragmas");
        connection
            .execute_batch("CREATE TABLE row (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT")
            .expect("a table");
        Bare { connection, file, row: vec![7; 1000] }
    }

    /// One transaction with one row of 1 kB, durable. In µs.
    pub fn transaction(&mut self) -> f64 {
        let Bare { connection, row, .. } = self;
        let (took, ()) = timed(|| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).expect("begin");
            transaction
                .prepare_cached("INSERT INTO row (bytes) VALUES (?1)")
                .and_then(|mut insert| insert.execute([&*row]))
                .expect("insert");
            transaction.commit().expect("commit");
        });
        // The log is kept as short as the store keeps its own, outside the time.
        let log = self.file.with_extension("db-wal");
        if fs::metadata(log).is_ok_and(|log| log.len() > 4 << 20) {
            self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).expect("checkpoint");
        }
        took
    }

    /// The same products in one transaction, in a table of the same columns. In µs.
    fn bulk(&mut self, products: &[Product]) -> f64 {
        self.connection
            .execute_batch(
                "DROP TABLE IF EXISTS product;
                 CREATE TABLE product (id INTEGER PRIMARY KEY, barcode INTEGER, plu INTEGER, sku TEXT NOT NULL,
                 name TEXT NOT NULL, department TEXT NOT NULL, price INTEGER NOT NULL, tax INTEGER NOT NULL,
                 unit INTEGER NOT NULL, durable_years INTEGER NOT NULL) STRICT",
            )
            .expect("a table");
        let (took, ()) = timed(|| {
            let transaction =
                self.connection.transaction_with_behavior(TransactionBehavior::Immediate).expect("begin");
            {
                let mut insert = transaction
                    .prepare("INSERT INTO product VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
                    .expect("an insert");
                for (index, product) in products.iter().enumerate() {
                    insert
                        .execute(params![
                            index as i64 + 1,
                            product.barcode.map(|gtin| gtin.number() as i64),
                            product.plu,
                            product.sku,
                            product.name,
                            product.department,
                            product.price.0,
                            product.tax.0,
                            i64::from(product.unit == Unit::Kilogram),
                            product.durable_years
                        ])
                        .expect("a row");
                }
            }
            transaction.commit().expect("commit");
        });
        took
    }
}

/// The whole import, from the file to a catalogue that the till can load, beside reading
/// the same file and inserting the same rows.
pub fn measure_import(shop: &Shop, directory: &Path) -> Vec<Row> {
    let file = directory.join("products.csv");
    fs::write(&file, &shop.csv).expect("the products' file");
    let empty = Shop { origin: String::new(), csv: Vec::new(), products: Vec::new(), baskets: Vec::new() };
    let mut bare = Bare::new(directory);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..5 {
        let folder = directory.join(format!("store{round}"));
        super::folder(&folder);
        let mut store = empty.store(&folder);
        let (took, ()) = timed(|| {
            let bytes = fs::read(&file).expect("the products' file");
            let products = import::read(&bytes, &import_settings()).expect("products").accepted;
            store.import_products(&products, |_, _| {}).expect("an import");
        });
        ours.push(took);
        theirs.push(timed(|| fs::read(&file).expect("the file")).0 + bare.bulk(&shop.products));
        drop(store);
        fs::remove_dir_all(&folder).expect("the folder again");
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    vec![Row::times(
        format!("import of {} products", shop.products.len()),
        ours,
        5.0,
        "read + bulk insert",
        theirs,
    )]
}
