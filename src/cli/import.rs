//! `olvido import products FILE`.

mod progress;
mod words;

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::args::ImportProductsArgs;
use super::printable::printable;
use super::problem::Problem;
use super::run::Session;
use crate::domain::import::{self, DecimalMark, Import, Source};
use crate::domain::money::Currency;
use crate::domain::product::Product;
use crate::domain::quantity::Unit;
use crate::domain::settings::Settings;
use crate::domain::tax::TaxRate;
use crate::locale::{Arg, Locale};
use crate::seal::private_file;
use crate::store::Imported;

pub use progress::Bar;
pub use words::{file_refused, problem};

/// Bytes of a file of products at most: several millions of them.
const BYTES_MAX: u64 = 256 << 20;

/// Products shown before an import.
const PREVIEWED: usize = 5;

/// What the command line says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Show what would be imported, and change nothing.
    pub dry_run: bool,
    /// Import the good lines and write the others into a file of their own.
    pub skip_bad: bool,
    /// How the file writes prices; found out where it is not given.
    pub decimal: Option<DecimalMark>,
    /// For products without a rate; the shop's usual one where it is not given.
    pub default_tax: Option<TaxRate>,
}

/// How an import ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Imported(Imported),
    /// A dry run, with this many bad lines.
    Previewed {
        bad_lines: usize,
    },
    /// There were bad lines, so nothing was imported.
    Refused,
}

/// Reads the products of a file in the shop's language and currency.
/// Errors: the file cannot be read, or says nothing that can be imported; in words.
pub fn read(
    file: &Path,
    options: &Options,
    shop: &Settings,
    locale: &'static Locale,
) -> Result<Import, Problem> {
    let bytes = private_file::open_named(file)
        .and_then(|opened| private_file::read_at_most(opened, BYTES_MAX))
        .map_err(|error| {
            let problem = Problem::of_file(file, &error, locale);
            match error.kind() {
                io::ErrorKind::FileTooLarge => {
                    let next = Some(locale.text("cli-products-large-next").into_owned());
                    Problem { next, ..problem }
                }
                _ => problem,
            }
        })?;
    // The department is the shop's word, not the reader's.
    let department = Locale::of(shop.store.language).text("import-other-department");
    let settings = import::Settings {
        language: shop.store.language,
        default_tax: Some(options.default_tax.unwrap_or(shop.selling.default_tax)),
        default_department: &department,
        decimals: shop.store.currency.decimals,
        decimal_mark: options.decimal,
    };
    import::read(&bytes, &settings).map_err(|error| {
        let (what, next) = file_refused(&error, locale);
        Problem { what, place: Some(file.display().to_string()), next: Some(next) }
    })
}

/// Imports the products of a file: all or none, or with `skip_bad` the good ones. Says on `out` how
/// the file was read and what is wrong with each bad line. `write` puts products on file, and tells
/// its callback how many of how many are done.
///
/// Errors: those of [`read`] and of `write`, and a file of refused lines that cannot be written; then
/// nothing was imported.
pub fn products<W: Write>(
    file: &Path,
    options: &Options,
    shop: &Settings,
    locale: &'static Locale,
    out: &mut impl Write,
    bar: &mut Bar<W>,
    write: impl FnOnce(&[Product], &mut dyn FnMut(usize, usize)) -> Result<Imported, Problem>,
) -> Result<Ended, Problem> {
    let import = read(file, options, shop, locale)?;
    // Whoever closed the pipe does not want to read; the import goes on all the same.
    let _ = tell(file, options, &import, &shop.store.currency, locale, out);
    let bad_lines = import.refused.len();
    let mut say = |key: &str, args: &[(&str, Arg<'_>)]| {
        let _ = writeln!(out, "{}", locale.format(key, args));
    };
    if options.dry_run {
        say("import-dry-run", &[]);
        return Ok(Ended::Previewed { bad_lines });
    }
    if bad_lines > 0 && !options.skip_bad {
        say("import-nothing-done", &[]);
        return Ok(Ended::Refused);
    }
    if bad_lines > 0 {
        let path = refused_path(file);
        // What was refused may be somebody's number.
        private_file::replace(&path, refused_file(&import, locale).as_bytes())
            .map_err(|error| Problem::of_file(&path, &error, locale))?;
        say("import-refused-file", &[("path", path.display().to_string().into())]);
    }
    let imported = write(&import.accepted, &mut |done, total| bar.step(done, total));
    bar.clear();
    let imported = imported?;
    say("import-done", &[("added", imported.added.into()), ("updated", imported.updated.into())]);
    Ok(Ended::Imported(imported))
}

impl Session {
    /// `olvido import products`. Returns whether nothing was refused.
    pub fn import_products(&self, args: &ImportProductsArgs, out: &mut impl Write) -> Result<bool, Problem> {
        let mut locked = self.open_store()?;
        let options = Options {
            dry_run: args.dry_run,
            skip_bad: args.skip_bad,
            decimal: args.decimal.and_then(DecimalMark::from_sign),
            default_tax: args.default_tax,
        };
        let mut bar = Bar::new(io::stderr(), io::stderr().is_terminal(), self.locale());
        let settings = locked.settings.clone();
        let ended =
            products(&args.file, &options, &settings, self.locale(), out, &mut bar, |rows, progress| {
                locked.store.import_products(rows, progress).map_err(|error| self.store_problem(&error))
            })?;
        locked.store.tend().map_err(|error| self.store_problem(&error))?;
        Ok(match ended {
            Ended::Imported(_) => true,
            Ended::Previewed { bad_lines } => bad_lines == 0,
            Ended::Refused => false,
        })
    }
}

/// Where the refused lines of a file go: `shop.csv` to `shop.refused.csv`, beside it.
pub fn refused_path(file: &Path) -> PathBuf {
    file.with_extension("refused.csv")
}

/// The refused lines as they stood in the file, each after the reason. With the reason mended away
/// or not, the file can be imported again.
fn refused_file(import: &Import, locale: &'static Locale) -> String {
    // The mark tells spreadsheets that this is UTF-8.
    let mut text = String::from("\u{feff}");
    let mut line = |reason: &str, rest: &str| {
        text.push_str(&format!("\"{}\"{}{rest}\n", reason.replace('"', "\"\""), import.delimiter));
    };
    line(&locale.text("import-reason"), &import.header_line);
    for refused in &import.refused {
        let reasons: Vec<String> = refused.problems.iter().map(|p| problem(p, locale)).collect();
        line(&one_line(&reasons.join(" ")), &refused.original);
    }
    text
}

/// How the file was read, what it holds, and every bad line.
fn tell(
    file: &Path,
    options: &Options,
    import: &Import,
    currency: &Currency,
    locale: &'static Locale,
    out: &mut impl Write,
) -> io::Result<()> {
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    writeln!(out, "{}: {}", one_line(&name), manner(import, locale))?;
    if options.dry_run {
        preview(import, currency, locale, out)?;
    }
    for refused in &import.refused {
        for found in &refused.problems {
            let reason = problem(found, locale);
            let args = [
                ("line", Arg::Number(refused.line.try_into().unwrap_or(i64::MAX))),
                ("reason", reason.into()),
            ];
            writeln!(out, "{}", one_line(&locale.format("import-line", &args)))?;
        }
    }
    let counts = [
        ("products", import.accepted.len().into()),
        ("refused", import.refused.len().into()),
        ("left", import.left_out.into()),
    ];
    writeln!(out, "{}", locale.format("import-counts", &counts[..1]))?;
    if !import.refused.is_empty() {
        writeln!(out, "{}", locale.format("import-counts-refused", &counts[1..2]))?;
    }
    if import.left_out > 0 {
        writeln!(out, "{}", locale.format("import-counts-left", &counts[2..]))?;
    }
    Ok(())
}

/// Whose export it is, its encoding, separator and decimal sign.
fn manner(import: &Import, locale: &'static Locale) -> String {
    let mut parts = Vec::new();
    let program = match import.source {
        Source::Plain => None,
        Source::Square => Some("Square"),
        Source::Shopify => Some("Shopify"),
        Source::Loyverse => Some("Loyverse"),
        Source::Odoo => Some("Odoo"),
    };
    if let Some(program) = program {
        parts.push(locale.format("import-export-of", &[("program", program.into())]));
    }
    parts.push(import.encoding.to_owned());
    let delimiter = match import.delimiter {
        '\t' => locale.text("import-tab").into_owned(),
        sign => sign.to_string(),
    };
    parts.push(locale.format("import-separator", &[("sign", delimiter.into())]));
    if let Some(mark) = import.decimal_mark {
        let sign = mark.sign().to_string();
        parts.push(locale.format("import-decimal", &[("sign", sign.into())]));
    }
    parts.join(" · ")
}

/// The columns and the first products.
fn preview(
    import: &Import,
    currency: &Currency,
    locale: &'static Locale,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "\n{}", locale.text("import-columns"))?;
    for column in &import.columns {
        let meaning = match column.field {
            Some(field) => words::field(field, locale),
            None => locale.text("import-not-imported").into_owned(),
        };
        writeln!(out, "  {} → {meaning}", one_line(&column.name))?;
    }
    writeln!(out, "\n{}", locale.text("import-first-products"))?;
    for product in import.accepted.iter().take(PREVIEWED) {
        writeln!(out, "  {}", one_line(&told(product, currency, locale)))?;
    }
    writeln!(out, "{}\n", locale.text("import-tax-included"))
}

fn told(product: &Product, currency: &Currency, locale: &'static Locale) -> String {
    let code = match (product.barcode, product.plu) {
        (Some(barcode), _) => barcode.to_string(),
        (None, _) if !product.sku.is_empty() => product.sku.clone(),
        (None, plu) => format!("PLU {}", plu.unwrap_or(0)),
    };
    let unit = match product.unit {
        Unit::Piece => "",
        Unit::Kilogram => "/kg",
    };
    let price = locale.money_signed(product.price, currency);
    let rate = locale.percent(product.tax);
    format!("{code} · {} · {} · {price}{unit} · {rate}", product.name, product.department)
}

/// What stands in one line of a file may not begin another here.
fn one_line(text: &str) -> String {
    printable(&text.replace(['\n', '\t'], " ")).into_owned()
}

#[cfg(test)]
mod tests;
