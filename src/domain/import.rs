//! Products from a spreadsheet: the bytes of a CSV file in, products and refused lines out.
//!
//! Columns are found by their names in Spanish or English, in any order; the exports of Square,
//! Shopify, Loyverse and Odoo are recognised by theirs. Nothing is guessed in silence: what could
//! mean two things stops the import with a question ([`ImportError`]), and what cannot be read is
//! refused with its line, column and value ([`Refused`]).

mod amount;
mod header;
mod names;
mod row;
mod text;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

pub use amount::DecimalMark;
pub use header::{Column, Field, Source};

use amount::{Amounts, Tally};
use header::Header;
use row::Rows;
use text::Text;

use super::language::Language;
use super::product::Product;
use super::tax::TaxRate;

/// What the file does not say by itself.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// Chooses between `name_es` and `name_en`.
    pub language: Language,
    /// For products without a rate in the file; without it such lines are refused.
    pub default_tax: Option<TaxRate>,
    /// For products without a department.
    pub default_department: &'a str,
    /// Decimals of the store's currency.
    pub decimals: u8,
    /// How prices are written; `None` finds it out from the whole column.
    pub decimal_mark: Option<DecimalMark>,
}

/// A file that was read, line by line.
#[derive(Clone, Debug)]
pub struct Import {
    pub accepted: Vec<Product>,
    /// Every line with a problem, in the order of the file.
    pub refused: Vec<Refused>,
    /// Lines that are no product to sell: archived ones, drafts, further pictures, parts of sets.
    pub left_out: usize,
    pub source: Source,
    pub encoding: &'static str,
    pub delimiter: char,
    /// `None` when no price has a decimal sign.
    pub decimal_mark: Option<DecimalMark>,
    pub columns: Vec<Column>,
    /// The header as it stands in the file, for the file of refused lines.
    pub header_line: String,
}

/// A line that is not imported, and everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// In the file, counted from 1.
    pub line: u64,
    /// The line as it stands in the file, without its line end.
    pub original: String,
    pub problems: Vec<Problem>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The column's name in the file, or empty where the whole line is meant.
    pub column: String,
    pub value: String,
    pub kind: ProblemKind,
}

/// Why a value is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    MissingName,
    MissingPrice,
    /// Neither barcode nor sku nor PLU: nothing to know the product by.
    MissingCode,
    /// No rate in the file and no default rate.
    MissingTax,
    NotABarcode,
    /// The last digit should be `expected`.
    BarcodeCheckDigit {
        expected: u8,
    },
    /// A spreadsheet turned the barcode into a rounded number (`4.00638E+12`).
    BarcodeRounded,
    NotAPlu,
    NotAPrice,
    NegativePrice,
    /// More decimals than the currency has.
    PriceTooFine,
    PriceTooLarge,
    /// The price is asked for at each sale; such items are sold by department.
    PriceAsked,
    NotATaxRate,
    UnknownUnit,
    NotYears,
    TooLong,
    ControlCharacter,
    /// Looks like the number of a payment card.
    PaymentCard,
    /// Looks like somebody's phone or e-mail.
    Person,
    DuplicateBarcode {
        first_line: u64,
    },
    DuplicateSku {
        first_line: u64,
    },
    DuplicatePlu {
        first_line: u64,
    },
    /// More values than columns: a separator inside a value that is not quoted.
    TooManyValues {
        columns: usize,
        values: usize,
    },
    /// A quotation mark opens here and does not close.
    UnclosedQuote,
}

/// Why a file as a whole is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportError {
    Empty,
    /// A spreadsheet or another file that is no text; save it as CSV.
    NotText,
    /// Columns that an import needs and the header does not name, with the header's own names.
    MissingColumns {
        missing: Vec<Field>,
        header: Vec<String>,
    },
    /// `1,234` could be a little over one or a thousand, and no other price tells; say which sign is
    /// the decimal sign.
    AmbiguousDecimal {
        line: u64,
        value: String,
    },
    /// As many prices are written one way as the other.
    MixedDecimal {
        comma: String,
        dot: String,
    },
}

/// Reads a file of products. Errors: [`ImportError`]; never panics, whatever the bytes.
pub fn read(bytes: &[u8], settings: &Settings<'_>) -> Result<Import, ImportError> {
    let text = Text::decode(bytes)?;
    let header = Header::find(&text, settings.language)?;
    let guess = Amounts::guess(&text, &header, settings);
    let (import, tally) = read_as(&text, &header, guess, settings);
    let amounts = tally.verdict(settings)?;
    if amounts == guess {
        return Ok(import);
    }
    // Lines further down show that the numbers are written in another way than the first ones.
    Ok(read_as(&text, &header, amounts, settings).0)
}

/// Reads all lines, with their numbers as `amounts` says, and notes what these numbers look like.
fn read_as(text: &Text<'_>, header: &Header, amounts: Amounts, settings: &Settings<'_>) -> (Import, Tally) {
    // Room for all at once: growing step by step costs more than reading.
    let lines = memchr::memchr_iter(b'\n', text.text.as_bytes()).count();
    let mut rows = Rows::new(header, &amounts, settings);
    let mut import = Import {
        accepted: Vec::with_capacity(lines),
        refused: Vec::new(),
        left_out: 0,
        source: header.source,
        encoding: text.encoding,
        delimiter: char::from(header.delimiter),
        decimal_mark: amounts.decimal_mark,
        columns: header.columns(),
        header_line: header.line.clone(),
    };
    let (mut seen, mut tally) = (Seen::for_lines(lines), Tally::default());
    header.each_record(text, usize::MAX, |record| {
        tally.add(&record, header);
        let mut problems = Vec::new();
        if record.is_unclosed(text) {
            problems.push(Problem::of_line(ProblemKind::UnclosedQuote));
        } else if let Some(product) = rows.product(record.fields, &mut problems) {
            seen.enter(&product, record.line, header, &mut problems);
            if problems.is_empty() {
                import.accepted.push(product);
            }
        } else if problems.is_empty() {
            import.left_out += 1;
        }
        if !problems.is_empty() {
            let original = record.original(text).to_owned();
            import.refused.push(Refused { line: record.line, original, problems });
        }
    });
    (import, tally)
}

impl Problem {
    fn of_line(kind: ProblemKind) -> Problem {
        Problem { column: String::new(), value: String::new(), kind }
    }
}

/// The codes of the products so far, each with its first line.
struct Seen {
    barcodes: HashMap<u64, u64>,
    /// By [`fingerprint`]: a copy of every sku costs more than all else here.
    skus: HashMap<[u64; 2], u64>,
    plus: HashMap<u32, u64>,
}

impl Seen {
    fn for_lines(lines: usize) -> Seen {
        Seen {
            barcodes: HashMap::with_capacity(lines),
            skus: HashMap::with_capacity(lines),
            plus: HashMap::new(),
        }
    }

    /// Enters the product's codes, or says which of them an earlier line has.
    fn enter(&mut self, product: &Product, line: u64, header: &Header, problems: &mut Vec<Problem>) {
        let mut refuse = |field, value: String, kind| {
            problems.push(Problem { column: header.name_of(field), value, kind });
        };
        if let Some(barcode) = product.barcode
            && let Some(first_line) = first_with(&mut self.barcodes, barcode.number(), line)
        {
            refuse(Field::Barcode, barcode.to_string(), ProblemKind::DuplicateBarcode { first_line });
        }
        if !product.sku.is_empty()
            && let Some(first_line) = first_with(&mut self.skus, fingerprint(&product.sku), line)
        {
            refuse(Field::Sku, product.sku.clone(), ProblemKind::DuplicateSku { first_line });
        }
        if let Some(plu) = product.plu
            && let Some(first_line) = first_with(&mut self.plus, plu, line)
        {
            refuse(Field::Plu, plu.to_string(), ProblemKind::DuplicatePlu { first_line });
        }
    }
}

/// 128 bits that stand for a sku: two that differ do not share them in any catalogue's lifetime.
fn fingerprint(sku: &str) -> [u64; 2] {
    [0u8, 1].map(|which| {
        let mut hasher = DefaultHasher::new();
        (which, sku).hash(&mut hasher);
        hasher.finish()
    })
}

/// The earlier line with this code, which is entered if there is none.
fn first_with<K: Eq + Hash>(lines: &mut HashMap<K, u64>, code: K, line: u64) -> Option<u64> {
    match lines.entry(code) {
        Entry::Occupied(first) => Some(*first.get()),
        Entry::Vacant(place) => {
            place.insert(line);
            None
        }
    }
}

#[cfg(test)]
mod demo_tests;
#[cfg(test)]
mod tests;
