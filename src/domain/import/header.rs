//! The first line of the file: which column is what, and whose export it is.

use csv::StringRecord;

use super::ImportError;
use super::amount::only_number;
use super::names::{NAMES, NAMES_OF, recognise};
use super::text::Text;
use crate::domain::catalogue::fold;
use crate::domain::language::Language;
use crate::domain::tax::TaxRate;

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Columns named by the shop itself.
    Plain,
    Square,
    Shopify,
    Loyverse,
    Odoo,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    Barcode,
    Plu,
    Sku,
    Name,
    Department,
    Price,
    Tax,
    Unit,
    /// Yes or no: sold by weight.
    Weighed,
    DurableYears,
    /// What tells one variant of a product from another: size, colour.
    Variant,
    /// The exporting program's own mark of a product, shared by the lines of its variants.
    Reference,
    /// Archived, draft, active.
    Status,
    /// Yes or no: taxed at all.
    Taxable,
}

const FIELDS: usize = 14;

/// A column of the file and what it was taken for; `None` is not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub field: Option<Field>,
}

pub(super) struct Header {
    /// As it stands in the file.
    pub(super) line: String,
    pub(super) delimiter: u8,
    pub(super) source: Source,
    names: Vec<String>,
    fields: Vec<Option<Field>>,
    /// The columns of each field, the likelier first.
    of_field: [Vec<usize>; FIELDS],
    /// Columns that say yes or no to one tax, with its rate.
    pub(super) tax_flags: Vec<(usize, TaxRate)>,
    /// Where the lines after the header begin.
    body: usize,
    body_line: u64,
}

/// One line of values (or several, where a quoted value has line ends).
pub(super) struct Record<'a> {
    pub(super) fields: &'a StringRecord,
    pub(super) line: u64,
    start: usize,
    end: usize,
}

impl Header {
    /// Finds the separator and the columns. `language` puts `name_es` before `name` or behind it.
    /// Errors: `MissingColumns`.
    pub(super) fn find(text: &Text<'_>, language: Language) -> Result<Header, ImportError> {
        let text: &str = &text.text;
        // Excel's own way to name the separator, which it does not show as a line.
        let start = if text.len() > 4 && text.as_bytes()[..4].eq_ignore_ascii_case(b"sep=") {
            text.find('\n').map_or(text.len(), |end| end + 1)
        } else {
            0
        };
        let header = b",;\t"
            .iter()
            .map(|&delimiter| Header::with(&text[start..], delimiter, language))
            .max_by_key(|h| (h.fields.iter().flatten().count(), h.names.len(), h.delimiter == b','));
        let mut header = header.ok_or(ImportError::Empty)?;
        header.body += start;
        header.body_line += u64::from(start > 0);
        let missing: Vec<Field> =
            [Field::Name, Field::Price].into_iter().filter(|&field| header.index(field).is_none()).collect();
        if missing.is_empty() {
            Ok(header)
        } else {
            Err(ImportError::MissingColumns { missing, header: header.names })
        }
    }

    fn with(text: &str, delimiter: u8, language: Language) -> Header {
        let mut reader = reader(text, delimiter);
        let mut record = StringRecord::new();
        let _ = reader.read_record(&mut record);
        let body = usize::try_from(reader.position().byte()).unwrap_or(text.len()).min(text.len());
        let names: Vec<String> = record.iter().map(|name| name.trim().to_owned()).collect();
        let folded: Vec<String> = names.iter().map(|name| fold(name)).collect();
        let source = recognise(&folded);
        let mut header = Header {
            line: text.get(..body).unwrap_or_default().trim_matches(['\r', '\n']).to_owned(),
            delimiter,
            source,
            fields: vec![None; names.len()],
            of_field: Default::default(),
            tax_flags: Vec::new(),
            body,
            body_line: newlines(text.get(..body).unwrap_or_default()) + 1,
            names,
        };
        header.map(&folded, language);
        header
    }

    fn map(&mut self, folded: &[String], language: Language) {
        let others = Language::ALL.into_iter().filter(|&other| other != language);
        let others: Vec<&str> = others.map(Language::code).collect();
        let language = language.code();
        for (source, field, names) in NAMES_OF {
            if source == self.source {
                for name in names {
                    self.take(folded, field, name);
                }
            }
        }
        if self.source == Source::Loyverse {
            // One price for each store; the first one's.
            for index in 0..self.names.len() {
                if self.names[index].to_lowercase().starts_with("price [") {
                    self.claim(Field::Price, index);
                    self.of_field[Field::Price as usize].rotate_right(1);
                    break;
                }
            }
        }
        for (field, names) in NAMES {
            for name in names {
                // A name of one language only, such as name_es or department_en.
                self.take(folded, field, &format!("{name} {language}"));
            }
            for name in names {
                self.take(folded, field, name);
            }
            for other in &others {
                for name in names {
                    self.take(folded, field, &format!("{name} {other}"));
                }
            }
        }
        if self.source == Source::Plain {
            // In other programs' exports the description is a text beside the name.
            self.take(folded, Field::Name, "description");
            self.take(folded, Field::Name, "descripcion");
        }
        if matches!(self.source, Source::Square | Source::Loyverse) {
            for (index, column) in folded.iter().enumerate() {
                if column.starts_with("tax ")
                    && self.fields[index].is_none()
                    && let Some(rate) = only_number(&self.names[index])
                {
                    self.fields[index] = Some(Field::Tax);
                    self.tax_flags.push((index, rate));
                }
            }
        }
    }

    fn take(&mut self, folded: &[String], field: Field, name: &str) {
        for (index, column) in folded.iter().enumerate() {
            if column == name {
                self.claim(field, index);
            }
        }
    }

    fn claim(&mut self, field: Field, index: usize) {
        if self.fields[index].is_none() {
            self.fields[index] = Some(field);
            self.of_field[field as usize].push(index);
        }
    }

    /// The likeliest column of a field.
    pub(super) fn index(&self, field: Field) -> Option<usize> {
        self.indexes(field).first().copied()
    }

    pub(super) fn indexes(&self, field: Field) -> &[usize] {
        &self.of_field[field as usize]
    }

    /// The name in the file of a field's column; empty where it has none.
    pub(super) fn name_of(&self, field: Field) -> String {
        self.index(field).map(|index| self.names[index].clone()).unwrap_or_default()
    }

    pub(super) fn width(&self) -> usize {
        self.names.len()
    }

    pub(super) fn columns(&self) -> Vec<Column> {
        let columns = self.names.iter().zip(&self.fields);
        columns.map(|(name, &field)| Column { name: name.clone(), field }).collect()
    }

    /// Calls `take` with each line after the header that has any value, `most` of them at most.
    pub(super) fn each_record(&self, text: &Text<'_>, most: usize, mut take: impl FnMut(Record<'_>)) {
        let body = text.text.get(self.body..).unwrap_or_default();
        let mut reader = reader(body, self.delimiter);
        let mut fields = StringRecord::new();
        // Text in memory cannot fail to be read, and `flexible` takes lines of any length.
        let mut taken = 0;
        while taken < most && reader.read_record(&mut fields).unwrap_or(false) {
            let end = usize::try_from(reader.position().byte()).unwrap_or(body.len()).min(body.len());
            let from = fields.position().map_or(0, |at| usize::try_from(at.byte()).unwrap_or(0));
            // The reader counts empty lines before a record as part of it.
            let whole = body.get(from..end).unwrap_or_default();
            let skipped = whole.len() - whole.trim_start_matches(['\r', '\n']).len();
            let line = self.body_line
                + fields.position().map_or(0, |at| at.line() - 1)
                + newlines(&whole[..skipped]);
            if fields.iter().any(|value| !value.trim().is_empty()) {
                taken += 1;
                take(Record {
                    fields: &fields,
                    line,
                    start: self.body + from + skipped,
                    end: self.body + end,
                });
            }
        }
    }
}

impl Record<'_> {
    pub(super) fn original<'t>(&self, text: &'t Text<'_>) -> &'t str {
        text.text.get(self.start..self.end).unwrap_or_default().trim_end_matches(['\r', '\n'])
    }

    /// A quotation mark opened in this record ran to the end of the file over other lines.
    pub(super) fn is_unclosed(&self, text: &Text<'_>) -> bool {
        if self.end < text.text.len() {
            return false;
        }
        let original = self.original(text);
        original.contains('\n') && original.bytes().filter(|&b| b == b'"').count() % 2 == 1
    }
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes())
}

fn newlines(text: &str) -> u64 {
    text.bytes().filter(|&b| b == b'\n').count() as u64
}
