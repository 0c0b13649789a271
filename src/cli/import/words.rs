//! What is wrong with a file or a line, in words.

use crate::domain::import::{Field, ImportError, Problem, ProblemKind};
use crate::domain::text::{Place, quotable};
use crate::locale::{Arg, Locale};

/// Why a whole file is not read, and what to do next.
pub fn file_refused(error: &ImportError, locale: &'static Locale) -> (String, String) {
    let words = |key| locale.text(key).into_owned();
    match error {
        ImportError::Empty => (words("import-empty"), words("import-empty-next")),
        ImportError::NotText => (words("import-not-text"), words("import-not-text-next")),
        ImportError::MissingColumns { missing, header } => {
            let missing: Vec<String> = missing.iter().map(|&missing| field(missing, locale)).collect();
            // Without a header the first line is a product's, or anything.
            let header: Vec<String> = header.iter().map(|name| quotable(name, Place::Catalogue)).collect();
            let header: String = header.join(", ").chars().take(200).collect();
            (
                locale.format("import-missing-columns", &[("columns", missing.join(", ").into())]),
                locale.format("import-missing-columns-next", &[("header", header.into())]),
            )
        }
        ImportError::AmbiguousDecimal { line, value } => {
            let args = [("line", number(*line)), ("value", value.into())];
            (locale.format("import-ambiguous", &args), words("import-decimal-next"))
        }
        ImportError::MixedDecimal { comma, dot } => {
            let args = [("comma", comma.into()), ("dot", dot.into())];
            (locale.format("import-mixed", &args), words("import-decimal-next"))
        }
    }
}

/// One problem of a line as a sentence: the column, the value, and why.
pub fn problem(problem: &Problem, locale: &'static Locale) -> String {
    let (key, args) = reason(problem.kind);
    let reason = locale.format(key, &args);
    if problem.column.is_empty() {
        return reason;
    }
    let column = ("column", Arg::from(&problem.column));
    if problem.value.is_empty() {
        return locale.format("import-in-column", &[column, ("reason", reason.into())]);
    }
    let value: String = problem.value.chars().take(60).collect();
    locale.format("import-in-value", &[column, ("value", value.into()), ("reason", reason.into())])
}

/// What a column holds.
pub(super) fn field(field: Field, locale: &'static Locale) -> String {
    let key = match field {
        Field::Barcode => "import-field-barcode",
        Field::Plu => "import-field-plu",
        Field::Sku => "import-field-sku",
        Field::Name => "import-field-name",
        Field::Department => "import-field-department",
        Field::Price => "import-field-price",
        Field::Tax | Field::Taxable => "import-field-tax",
        Field::Unit | Field::Weighed => "import-field-unit",
        Field::DurableYears => "import-field-years",
        Field::Variant => "import-field-variant",
        Field::Reference => "import-field-reference",
        Field::Status => "import-field-status",
    };
    locale.text(key).into_owned()
}

fn reason(kind: ProblemKind) -> (&'static str, Vec<(&'static str, Arg<'static>)>) {
    let plain = |key| (key, Vec::new());
    match kind {
        ProblemKind::MissingName => plain("import-missing-name"),
        ProblemKind::MissingPrice => plain("import-missing-price"),
        ProblemKind::MissingCode => plain("import-missing-code"),
        ProblemKind::MissingTax => plain("import-missing-tax"),
        ProblemKind::NotABarcode => plain("import-not-a-barcode"),
        ProblemKind::BarcodeCheckDigit { expected } => {
            ("import-check-digit", vec![("expected", u32::from(expected).into())])
        }
        ProblemKind::BarcodeRounded => plain("import-rounded"),
        ProblemKind::NotAPlu => plain("import-not-a-plu"),
        ProblemKind::NotAPrice => plain("import-not-a-price"),
        ProblemKind::NegativePrice => plain("import-negative"),
        ProblemKind::PriceTooFine => plain("import-too-fine"),
        ProblemKind::PriceTooLarge => plain("import-too-large"),
        ProblemKind::PriceAsked => plain("import-price-asked"),
        ProblemKind::NotATaxRate => plain("import-not-a-rate"),
        ProblemKind::UnknownUnit => plain("import-unknown-unit"),
        ProblemKind::NotYears => plain("import-not-years"),
        ProblemKind::TooLong => plain("import-too-long"),
        ProblemKind::ControlCharacter => plain("import-control"),
        ProblemKind::PaymentCard => plain("import-payment-card"),
        ProblemKind::Person => plain("import-person"),
        ProblemKind::DuplicateBarcode { first_line } => {
            ("import-double-barcode", vec![("line", number(first_line))])
        }
        ProblemKind::DuplicateSku { first_line } => ("import-double-sku", vec![("line", number(first_line))]),
        ProblemKind::DuplicatePlu { first_line } => ("import-double-plu", vec![("line", number(first_line))]),
        ProblemKind::TooManyValues { columns, values } => {
            ("import-too-many-values", vec![("columns", columns.into()), ("values", values.into())])
        }
        ProblemKind::UnclosedQuote => plain("import-unclosed-quote"),
    }
}

fn number(line: u64) -> Arg<'static> {
    Arg::Number(i64::try_from(line).unwrap_or(i64::MAX))
}
