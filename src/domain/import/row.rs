//! One line of values to one product.

use std::borrow::Cow;

use csv::StringRecord;

use super::amount::Amounts;
use super::header::{Field, Header, Source};
use super::{Problem, ProblemKind, Settings};
use crate::domain::barcode::{BarcodeError, Gtin};
use crate::domain::catalogue::fold;
use crate::domain::product::{LARGEST_PLU, LONGEST_LIFE_YEARS, Product};
use crate::domain::quantity::Unit;
use crate::domain::tax::TaxRate;
use crate::domain::text::{LONGEST_TEXT, Place, TextError, label, quotable};

pub(super) struct Rows<'a> {
    header: &'a Header,
    amounts: &'a Amounts,
    settings: &'a Settings<'a>,
    /// What the lines of further variants leave out.
    group: Group,
}

#[derive(Default)]
struct Group {
    reference: String,
    name: String,
    department: String,
    status: String,
}

/// Collects what is wrong with one line.
struct Judge<'a> {
    header: &'a Header,
    problems: &'a mut Vec<Problem>,
}

impl Judge<'_> {
    fn refuse(&mut self, field: Field, value: &str, kind: ProblemKind) {
        let value = match kind {
            ProblemKind::PaymentCard | ProblemKind::Person => "…".to_owned(),
            _ => quotable(value, Place::Catalogue).chars().take(LONGEST_TEXT).collect(),
        };
        self.problems.push(Problem { column: self.header.name_of(field), value, kind });
    }
}

impl<'a> Rows<'a> {
    pub(super) fn new(header: &'a Header, amounts: &'a Amounts, settings: &'a Settings<'a>) -> Rows<'a> {
        Rows { header, amounts, settings, group: Group::default() }
    }

    /// The product of a line. `None` with problems where it is refused, without where the line is no
    /// product to sell.
    pub(super) fn product(&mut self, values: &StringRecord, problems: &mut Vec<Problem>) -> Option<Product> {
        let header = self.header;
        let mut judge = Judge { header, problems };
        if values.iter().skip(header.width()).any(|value| !value.trim().is_empty()) {
            let kind = ProblemKind::TooManyValues { columns: header.width(), values: values.len() };
            judge.problems.push(Problem::of_line(kind));
            return None;
        }
        let value = |field| value_of(header, values, field);
        let continues = self.follow_group(&value);
        if is_left_out(&self.group.status, header.source) {
            return None;
        }
        if continues && value(Field::Name).is_empty() && value(Field::Price).is_empty() {
            return None;
        }
        let variant = self.variant(values);
        let own_name = if continues { self.group.name.as_str() } else { value(Field::Name) };
        let name: Cow<'_, str> =
            if variant.is_empty() { own_name.into() } else { format!("{own_name} {variant}").into() };
        let own_department =
            if continues { self.group.department.as_str() } else { value(Field::Department) };

        let name = text(&name, Field::Name, &mut judge);
        if own_name.is_empty() {
            judge.refuse(Field::Name, "", ProblemKind::MissingName);
        }
        let department = text(department(own_department, header.source), Field::Department, &mut judge);
        let price = self.price(value(Field::Price), &mut judge);
        let tax = self.tax(values, &mut judge);
        let unit = unit(value(Field::Unit), value(Field::Weighed), header.source, &mut judge);
        let durable_years = years(value(Field::DurableYears), &mut judge);
        let plu = plu(value(Field::Plu), &mut judge);
        let mut sku = text(unquoted(value(Field::Sku)), Field::Sku, &mut judge);
        let barcode = barcode(unquoted(value(Field::Barcode)), &mut sku, &mut judge);
        if barcode.is_none() && plu.is_none() && sku.is_empty() && judge.problems.is_empty() {
            sku = self.reference_as_sku(value(Field::Reference), &variant);
            if sku.is_empty() {
                judge.problems.push(Problem::of_line(ProblemKind::MissingCode));
            }
        }
        if !judge.problems.is_empty() {
            return None;
        }
        let department =
            if department.is_empty() { self.settings.default_department.to_owned() } else { department };
        let (price, tax) = (price?, tax?);
        Some(Product { barcode, plu, sku, name, department, price, tax, unit, durable_years })
    }

    /// Keeps what further lines of the same product do not repeat; true on such a line.
    fn follow_group<'v>(&mut self, value: &impl Fn(Field) -> &'v str) -> bool {
        if self.header.source == Source::Plain {
            return false;
        }
        let shares_lines = matches!(self.header.source, Source::Shopify | Source::Loyverse);
        let reference = value(Field::Reference);
        let continues = shares_lines && value(Field::Name).is_empty() && reference == self.group.reference;
        if !continues {
            self.group = Group {
                reference: reference.to_owned(),
                name: value(Field::Name).to_owned(),
                department: value(Field::Department).to_owned(),
                status: value(Field::Status).to_owned(),
            };
        }
        continues
    }

    /// What the exporting program calls this variant, without its words for "the only one".
    fn variant(&self, values: &StringRecord) -> String {
        let only = ["Default Title", "Regular", "Normal", "Default"];
        let parts = self.header.indexes(Field::Variant).iter().filter_map(|&at| values.get(at));
        let parts = parts.map(str::trim).filter(|part| !part.is_empty() && !only.contains(part));
        parts.collect::<Vec<_>>().join(" ")
    }

    fn reference_as_sku(&self, reference: &str, variant: &str) -> String {
        let reference = if reference.is_empty() { &self.group.reference } else { reference };
        if variant.is_empty() || reference.is_empty() || self.header.source == Source::Square {
            reference.to_owned()
        } else {
            format!("{reference}-{}", fold(variant).replace(' ', "-"))
        }
    }

    fn price(&self, value: &str, judge: &mut Judge<'_>) -> Option<crate::domain::money::Money> {
        if value.eq_ignore_ascii_case("variable") {
            judge.refuse(Field::Price, value, ProblemKind::PriceAsked);
            return None;
        }
        if value.is_empty() {
            judge.refuse(Field::Price, value, ProblemKind::MissingPrice);
            return None;
        }
        self.amounts.price(value).map_err(|kind| judge.refuse(Field::Price, value, kind)).ok()
    }

    fn tax(&self, values: &StringRecord, judge: &mut Judge<'_>) -> Option<TaxRate> {
        let value = value_of(self.header, values, Field::Tax);
        if !value.is_empty() {
            let rate = self.amounts.tax(value);
            if rate.is_none() {
                judge.refuse(Field::Tax, value, ProblemKind::NotATaxRate);
            }
            return rate;
        }
        let flags = self.header.tax_flags.iter();
        let answers: Vec<(bool, u16)> =
            flags.filter_map(|&(at, rate)| Some((yes_or_no(values.get(at)?)?, rate.0))).collect();
        if !answers.is_empty() {
            let sum: u32 = answers.iter().filter(|answer| answer.0).map(|answer| u32::from(answer.1)).sum();
            let rate = u16::try_from(sum).ok().filter(|&rate| rate <= 10_000).map(TaxRate);
            if rate.is_none() {
                judge.refuse(Field::Tax, "", ProblemKind::NotATaxRate);
            }
            return rate;
        }
        if yes_or_no(value_of(self.header, values, Field::Taxable)) == Some(false) {
            return Some(TaxRate(0));
        }
        if self.settings.default_tax.is_none() {
            judge.refuse(Field::Tax, "", ProblemKind::MissingTax);
        }
        self.settings.default_tax
    }
}

/// The first filled column of a field.
fn value_of<'v>(header: &Header, values: &'v StringRecord, field: Field) -> &'v str {
    let columns = header.indexes(field).iter().filter_map(|&at| values.get(at));
    columns.map(str::trim).find(|value| !value.is_empty()).unwrap_or("")
}

fn is_left_out(status: &str, source: Source) -> bool {
    match source {
        Source::Square => yes_or_no(status) == Some(true),
        Source::Shopify => ["archived", "draft"].iter().any(|word| status.eq_ignore_ascii_case(word)),
        Source::Plain | Source::Loyverse | Source::Odoo => false,
    }
}

/// The department in a category: the last step of a path, without Square's mark in brackets.
fn department(value: &str, source: Source) -> &str {
    match source {
        Source::Odoo => value.rsplit(" / ").next().unwrap_or(value),
        Source::Shopify => value.rsplit(" > ").next().unwrap_or(value),
        Source::Square => {
            let first = value.split(',').next().unwrap_or(value).trim_end();
            let is_mark = |mark: &str| {
                mark.len() >= 16 && mark.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            };
            match first.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (")) {
                Some((name, mark)) if is_mark(mark) => name,
                _ => first,
            }
        }
        Source::Plain | Source::Loyverse => value,
    }
}

/// A text on one line, blanks collapsed and hidden signs dropped; a code may hold any number.
fn text(value: &str, field: Field, judge: &mut Judge<'_>) -> String {
    let is_name = matches!(field, Field::Name | Field::Department);
    let kind = match label(value, if is_name { Place::Catalogue } else { Place::Code }) {
        Ok(text) => return text,
        Err(TextError::Empty) => return String::new(),
        Err(TextError::TooLong) => ProblemKind::TooLong,
        Err(TextError::ControlSign) => ProblemKind::ControlCharacter,
        Err(TextError::PaymentCard) => ProblemKind::PaymentCard,
        Err(TextError::Email | TextError::Phone) => ProblemKind::Person,
    };
    judge.refuse(field, value, kind);
    value.to_owned()
}

/// A code without what spreadsheets put around it to keep its zeros: `'0123`, `="0123"`.
fn unquoted(value: &str) -> &str {
    value.trim_start_matches(['\'', '=']).trim_matches('"').trim()
}

/// A barcode of 8 to 14 digits (spreadsheets drop leading zeros). Another kind of code becomes the
/// sku if the line has none.
fn barcode(value: &str, sku: &mut String, judge: &mut Judge<'_>) -> Option<Gtin> {
    let code = value.strip_suffix(".0").unwrap_or(value);
    if code.is_empty() {
        return None;
    }
    let is_digits = code.bytes().all(|b| b.is_ascii_digit());
    let read = match code.len() {
        9..=11 if is_digits => Gtin::from_number(code.parse().unwrap_or(0)),
        _ => Gtin::parse(code),
    };
    match read {
        Ok(gtin) => return Some(gtin),
        Err(BarcodeError::CheckDigit { expected, .. }) => {
            judge.refuse(Field::Barcode, value, ProblemKind::BarcodeCheckDigit { expected });
        }
        Err(_) if is_rounded(code) => judge.refuse(Field::Barcode, value, ProblemKind::BarcodeRounded),
        Err(_) if sku.is_empty() => *sku = text(code, Field::Barcode, judge),
        Err(_) => judge.refuse(Field::Barcode, value, ProblemKind::NotABarcode),
    }
    None
}

/// A number as spreadsheets show a long one: `4.00638E+12`.
fn is_rounded(code: &str) -> bool {
    code.split_once(['e', 'E']).is_some_and(|(number, power)| {
        number.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',')
            && !number.is_empty()
            && power.strip_prefix('+').is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
    })
}

fn plu(value: &str, judge: &mut Judge<'_>) -> Option<u32> {
    let code = unquoted(value);
    if code.is_empty() {
        return None;
    }
    let is_digits = code.bytes().all(|b| b.is_ascii_digit());
    let plu = code.parse().ok().filter(|&plu| is_digits && (1..=LARGEST_PLU).contains(&plu));
    if plu.is_none() {
        judge.refuse(Field::Plu, value, ProblemKind::NotAPlu);
    }
    plu
}

fn unit(value: &str, weighed: &str, source: Source, judge: &mut Judge<'_>) -> Unit {
    if yes_or_no(weighed) == Some(true) {
        return Unit::Kilogram;
    }
    let folded = if value.is_empty() { String::new() } else { fold(value) };
    match folded.as_str() {
        "" | "ud" | "uds" | "u" | "un" | "und" | "unidad" | "unidades" | "unidad es" | "pieza" | "piezas"
        | "pza" | "pz" | "piece" | "pieces" | "pc" | "pcs" | "each" | "ea" | "unit" | "units" | "unit s"
        | "per item" | "item" => Unit::Piece,
        "kg" | "kgs" | "kilo" | "kilos" | "kilogramo" | "kilogramos" | "kilogram" | "kilograms"
        | "eur kg" | "per kilogram" | "por kg" | "por kilo" | "peso" | "weight" | "granel" => Unit::Kilogram,
        // Square writes the unit with its precision: "kg (0.001)".
        words if source == Source::Square && words.starts_with("kg ") => Unit::Kilogram,
        _ => {
            judge.refuse(Field::Unit, value, ProblemKind::UnknownUnit);
            Unit::Piece
        }
    }
}

fn years(value: &str, judge: &mut Judge<'_>) -> u8 {
    if value.is_empty() {
        return 0;
    }
    let mut words = value.split_whitespace();
    let years =
        words.next().and_then(|number| number.parse().ok()).filter(|&years| years <= LONGEST_LIFE_YEARS);
    let is_years =
        words.next().is_none_or(|word| matches!(fold(word).as_str(), "years" | "year" | "anos" | "ano"));
    years.filter(|_| is_years && words.next().is_none()).unwrap_or_else(|| {
        judge.refuse(Field::DurableYears, value, ProblemKind::NotYears);
        0
    })
}

fn yes_or_no(value: &str) -> Option<bool> {
    if value.is_empty() || value.len() > 10 {
        return None;
    }
    match fold(value).as_str() {
        "y" | "yes" | "si" | "s" | "true" | "verdadero" | "1" | "x" => Some(true),
        "n" | "no" | "false" | "falso" | "0" => Some(false),
        _ => None,
    }
}
