//! From a policy file to a [`Policy`], or to every reason why not.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::choices::{Choices, fair, in_order, minimum};
use super::error::{Expected, PolicyError, PolicyErrorKind as Kind};
use super::reader::{Entry, Reader, Table};
use super::texts::{CARD, MIX, PARAGRAPH, SHORT, STORE, Text, Values, notice, per_language};
use super::{Basis, ClassPolicy, ClassText, Controller, DataClass, Policy, Release, Term, TicketDetail};
use crate::domain::customer::Purpose;
use crate::domain::language::Language;

/// A hundred years, as for every other term.
const BACKUP_DAYS_MAX: u32 = 36_500;

/// Far more than any shop sells while its counts are of use.
const RELEASE_MAX: u32 = 1_000_000;

pub(super) fn parse(text: &str) -> Result<Policy, Vec<PolicyError>> {
    let mut reader = Reader::new(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        errors.iter().for_each(|error| reader.refuse_syntax(text, error));
        return Err(reader.into_errors());
    }
    let known = [
        "format",
        "version",
        "languages",
        "default",
        "order",
        "ticket-detail",
        "backup-days",
        "controller",
        "class",
        "purpose",
        "choice",
        "notice",
    ];
    let root = reader.root(&document);
    reader.only(&root, &known);
    match policy(&mut reader, &root) {
        Some(policy) if reader.is_clean() && policy.format < Policy::FORMAT => Ok(policy.in_own_words()),
        Some(policy) if reader.is_clean() => Ok(policy),
        _ => Err(reader.into_errors()),
    }
}

/// The details that a policy of a format has texts for.
fn details(format: u32) -> &'static [TicketDetail] {
    if format < Policy::FORMAT { &TicketDetail::ALL[2..] } else { &TicketDetail::ALL }
}

fn format(reader: &mut Reader, root: &Table<'_>) -> u32 {
    let Some(entry) = reader.find(root, "format") else {
        reader.reads_old_texts();
        return 1;
    };
    if reader.number(&entry, Policy::FORMAT, Expected::Format) == Some(1) {
        reader.bad::<u32>(&entry, Expected::Format);
    }
    Policy::FORMAT
}

fn policy(reader: &mut Reader, root: &Table<'_>) -> Option<Policy> {
    let format = format(reader, root);
    let version = reader.need(root, "version").and_then(|e| reader.number(&e, u32::MAX, Expected::Number));
    let languages = reader.need(root, "languages").and_then(|e| languages(reader, &e));
    let detail = reader
        .need(root, "ticket-detail")
        .and_then(|e| reader.one_of(&e, &TicketDetail::ALL, TicketDetail::id, Expected::Detail));
    // Policies that were written before it could be said stay what they are.
    let backups = reader.find(root, "backup-days");
    let says_backup_days = backups.is_some();
    let backup_days = backups.and_then(|entry| reader.number(&entry, BACKUP_DAYS_MAX, Expected::Number));
    let release = release(reader, root).unwrap_or(Release::LEAST);
    let default = reader.need(root, "default").and_then(|e| reader.text(&e));
    let order = reader.need(root, "order").and_then(|e| reader.list(&e));
    // Without languages nothing is known to be missing, so the rest waits for the next try.
    let languages = languages?;
    let controller = if format < Policy::FORMAT { None } else { Some(controller(reader, root, &languages)) };
    let classes = classes(reader, root, &languages, format);
    let purposes = purposes(reader, root, &languages);
    let mut choices = Vec::new();
    for (id, table) in reader.tables(root, "choice") {
        if !is_id(&id) {
            reader.refuse(table.line, table.path.clone(), Kind::BadValue(Expected::Id));
        }
        let choice = Choices { format, languages: &languages, classes: &classes, purposes: &purposes };
        choices.push((choice.read(reader, &id, &table), table.line));
    }
    let terms = classes.values().map(|class| class.term).chain(choices.iter().map(|(choice, _)| choice.term));
    let last_purchase = terms.into_iter().any(Term::is_renewed);
    let values = Values { format, backup_days: says_backup_days, last_purchase };
    let words = notice(reader, root, &languages, values);
    let order = order?;
    let choices = in_order(reader, choices, &order);
    let minimum = minimum(reader, &choices, &classes, &default?)?;
    if format == Policy::FORMAT && reader.is_clean() {
        fair(reader, root, &order, &choices, &classes);
    }
    let choices = choices.into_iter().map(|(choice, _)| choice).collect();
    Some(Policy {
        format,
        version: version?,
        languages,
        ticket_detail: detail?,
        backup_days,
        release,
        classes,
        purposes,
        choices,
        minimum,
        controller: controller.unwrap_or_default(),
        words,
    })
}

/// When counts are told, where the policy asks for more than every shop keeps to.
fn release(reader: &mut Reader, root: &Table<'_>) -> Option<Release> {
    let classes = reader.find(root, "class").and_then(|entry| reader.table(&entry))?;
    let counters = reader.find(&classes, "counters").and_then(|entry| reader.table(&entry))?;
    let table = reader.find(&counters, "release").and_then(|entry| reader.table(&entry))?;
    reader.only(&table, &["sales", "tickets", "longest"]);
    let mut number = |key: &str, least: u32| {
        let Some(entry) = reader.find(&table, key) else { return Some(least) };
        let number = reader.number(&entry, RELEASE_MAX, Expected::Release)?;
        if number < least { reader.bad(&entry, Expected::Release) } else { Some(number) }
    };
    let least = Release::LEAST;
    let (sales, tickets) = (number("sales", least.sales), number("tickets", least.tickets));
    Some(Release { sales: sales?, tickets: tickets?, longest: number("longest", least.longest)? })
}

fn is_id(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn languages(reader: &mut Reader, entry: &Entry<'_>) -> Option<Vec<Language>> {
    let mut languages = Vec::new();
    for code in reader.list(entry)? {
        match Language::ALL.into_iter().find(|language| language.code() == code.text) {
            Some(language) => languages.push(language),
            None => {
                let key = format!("{}: {}", entry.path, code.text);
                reader.refuse(code.line, key, Kind::BadValue(Expected::Language));
            }
        }
    }
    if languages.is_empty() { None } else { Some(languages) }
}

/// Who answers for the data. GDPR, article 13(1)(a).
fn controller(reader: &mut Reader, root: &Table<'_>, languages: &[Language]) -> Controller {
    let Some(table) = reader.need(root, "controller").and_then(|entry| reader.table(&entry)) else {
        return Controller::default();
    };
    reader.only(&table, &["name", "tax-id", "text"]);
    let form = Text { limit: PARAGRAPH, values: &STORE, required: &[] };
    let mut controller = Controller {
        name: form.read(reader, &table, "name"),
        tax_id: form.read(reader, &table, "tax-id"),
        ..Controller::default()
    };
    let Some(texts) = reader.need(&table, "text").and_then(|entry| reader.table(&entry)) else {
        return controller;
    };
    for (language, table) in per_language(reader, &texts, languages) {
        reader.only(&table, &["contact"]);
        controller.contact.insert(language, form.read(reader, &table, "contact"));
    }
    controller
}

fn classes(
    reader: &mut Reader,
    root: &Table<'_>,
    languages: &[Language],
    format: u32,
) -> BTreeMap<DataClass, ClassPolicy> {
    let mut classes = BTreeMap::new();
    for (id, table) in reader.tables(root, "class") {
        match DataClass::from_id(&id) {
            Some(class) => {
                classes.insert(class, read_class(reader, class, &table, languages, format));
            }
            None => reader.refuse(table.line, table.path.clone(), Kind::UnknownKey),
        }
    }
    for class in DataClass::ALL.into_iter().filter(|class| class.always_kept()) {
        if !classes.contains_key(&class) {
            reader.refuse(1, format!("class.{}", class.id()), Kind::Missing);
        }
    }
    classes
}

fn read_class(
    reader: &mut Reader,
    class: DataClass,
    table: &Table<'_>,
    languages: &[Language],
    format: u32,
) -> ClassPolicy {
    let release: &[&str] = if class == DataClass::Counters { &["release"] } else { &[] };
    reader.only(table, &[&["basis", "term", "text"], release].concat());
    let basis = match reader.find(table, "basis") {
        Some(entry) => {
            let basis = match entry.raw_text() {
                // As 0.2.0 called what it did not mix enough.
                Some("anonymous") if format < Policy::FORMAT => Some(Basis::Mixed),
                _ => reader.one_of(&entry, &Basis::ALL, Basis::id, Expected::Basis),
            };
            if basis == Some(Basis::Mixed) && class != DataClass::Counters {
                reader.refuse(entry.line, entry.path, Kind::NotMixed);
            }
            basis
        }
        None => refused(reader, table, "basis", Kind::ClassWithoutBasis),
    };
    let term = match reader.find(table, "term") {
        Some(entry) => term(reader, &entry, class == DataClass::Lines || class == DataClass::Profile),
        None => refused(reader, table, "term", Kind::ClassWithoutTerm),
    };
    let texts = match reader.find(table, "text").and_then(|entry| reader.table(&entry)) {
        Some(texts) => class_texts(reader, (class, table), &texts, languages, format),
        None => {
            reader.refuse(table.line, table.key("text"), Kind::ClassWithoutPurpose);
            BTreeMap::new()
        }
    };
    // The policy is refused as a whole, so what stands in for a refused value is never used; it is
    // chosen to refuse nothing twice.
    let stand_in = if class.always_kept() { Term::Years(100) } else { Term::Customer };
    let basis = basis.unwrap_or(Basis::LegalObligation);
    ClassPolicy { basis, term: term.unwrap_or(stand_in), texts }
}

fn refused<T>(reader: &mut Reader, table: &Table<'_>, key: &str, kind: Kind) -> Option<T> {
    reader.refuse(table.line, table.key(key), kind);
    None
}

fn class_texts(
    reader: &mut Reader,
    (class, table): (DataClass, &Table<'_>),
    texts: &Table<'_>,
    languages: &[Language],
    format: u32,
) -> BTreeMap<Language, ClassText> {
    let tables = per_language(reader, texts, languages);
    let has_purpose = |reader: &Reader, table: &Table<'_>| {
        reader.find(table, "purpose").is_some_and(|entry| !reader.is_blank(&entry))
    };
    // Without a purpose in any language it has none; without it in one, a text is missing.
    let purposeless = !tables.iter().any(|(_, table)| has_purpose(reader, table));
    if purposeless {
        reader.refuse(table.line, table.path.clone(), Kind::ClassWithoutPurpose);
    }
    let mut found = BTreeMap::new();
    for (language, table) in tables {
        let mut text = ClassText {
            name: Text::plain(SHORT).read(reader, &table, "name"),
            law: Text::plain(PARAGRAPH).read(reader, &table, "law"),
            ..ClassText::default()
        };
        if !purposeless {
            text.purpose = Text::plain(PARAGRAPH).read(reader, &table, "purpose");
        }
        if class == DataClass::Ticket {
            let key = |part: &str, detail: &TicketDetail| format!("{part}-{}", detail.id());
            let details = details(format);
            let mut known = ["name", "law", "purpose"].map(str::to_owned).to_vec();
            known.extend(details.iter().flat_map(|detail| [key("keeps", detail), key("card", detail)]));
            reader.only(&table, &known.iter().map(String::as_str).collect::<Vec<_>>());
            for detail in details {
                let keeps = Text::plain(PARAGRAPH).read(reader, &table, &key("keeps", detail));
                let card = Text::plain(CARD).read(reader, &table, &key("card", detail));
                text.keeps.insert(*detail, keeps);
                text.card.insert(*detail, card);
            }
        } else if class == DataClass::Counters && format == Policy::FORMAT {
            reader.only(&table, &["name", "card", "keeps", "purpose", "law"]);
            let card = Text::plain(SHORT).read(reader, &table, "card");
            let form = Text { limit: PARAGRAPH, values: &MIX, required: &MIX.map(|(name, _)| name) };
            let keeps = form.read(reader, &table, "keeps");
            text.keeps = TicketDetail::ALL.into_iter().map(|detail| (detail, keeps.clone())).collect();
            text.card = TicketDetail::ALL.into_iter().map(|detail| (detail, card.clone())).collect();
        } else {
            reader.only(&table, &["name", "keeps", "purpose", "law"]);
            let keeps = Text::plain(PARAGRAPH).read(reader, &table, "keeps");
            text.keeps = TicketDetail::ALL.into_iter().map(|detail| (detail, keeps.clone())).collect();
        }
        found.insert(language, text);
    }
    found
}

/// A term; one that is counted from the last purchase only where it is about a `customer`.
pub(super) fn term(reader: &mut Reader, entry: &Entry<'_>, customer: bool) -> Option<Term> {
    if entry.raw_text() == Some("customer") {
        return Some(Term::Customer);
    }
    if entry.raw_text().is_some() {
        return reader.bad(entry, Expected::Term);
    }
    let table = reader.table(entry)?;
    reader.only(&table, &["years", "days", "after"]);
    let after = reader.find(&table, "after");
    let is_last = after.as_ref().is_some_and(|after| after.raw_text() == Some("last-purchase"));
    match (reader.find(&table, "years"), reader.find(&table, "days"), after) {
        (Some(years), None, None) => reader.number(&years, 100, Expected::Term).map(Term::Years),
        (Some(_), None, Some(after)) if is_last && !customer => {
            reader.refuse(after.line, after.path, Kind::LastPurchaseOfNobody);
            None
        }
        (Some(years), None, Some(_)) if is_last => {
            reader.number(&years, 100, Expected::Term).map(Term::YearsAfterLast)
        }
        (None, Some(days), None) => reader.number(&days, 36_500, Expected::Term).map(Term::Days),
        _ => reader.bad(entry, Expected::Term),
    }
}

/// The names of what can be ticked.
pub(super) type Purposes = BTreeMap<Purpose, BTreeMap<Language, String>>;

fn purposes(reader: &mut Reader, root: &Table<'_>, languages: &[Language]) -> Purposes {
    let mut purposes = Purposes::new();
    if reader.find(root, "purpose").is_none() {
        return purposes;
    }
    for (id, table) in reader.tables(root, "purpose") {
        reader.only(&table, &["text"]);
        let Ok(purpose) = id.parse::<Purpose>() else {
            reader.refuse(table.line, table.path.clone(), Kind::BadValue(Expected::Id));
            continue;
        };
        let mut names = BTreeMap::new();
        if let Some(texts) = reader.need(&table, "text").and_then(|entry| reader.table(&entry)) {
            reader.only(&texts, &Language::ALL.map(Language::code));
            for &language in languages {
                names.insert(language, Text::plain(SHORT).read(reader, &texts, language.code()));
            }
        }
        purposes.insert(purpose, names);
    }
    purposes
}
