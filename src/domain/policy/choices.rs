//! The choices of a policy file, and what must hold between them.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{Expected, PolicyErrorKind as Kind};
use super::parse::{Purposes, term};
use super::reader::{Entry, Located, Reader, Table};
use super::texts::{AFTER, CARD, DATE, SENTENCE, SHORT, TITLE, Text, per_language};
use super::{Basis, ChoicePolicy, ChoiceText, ClassPolicy, DataClass, Memory, Policy, Term};
use crate::domain::catalogue::fold;
use crate::domain::customer::Purpose;
use crate::domain::language::Language;

/// Cards that fit side by side on 80 columns.
const MOST_CHOICES: usize = 4;
/// What the tables of the choices refer to.
pub(super) struct Choices<'p> {
    pub format: u32,
    pub languages: &'p [Language],
    pub classes: &'p BTreeMap<DataClass, ClassPolicy>,
    pub purposes: &'p Purposes,
}

impl Choices<'_> {
    pub fn read(&self, reader: &mut Reader, id: &str, table: &Table<'_>) -> ChoicePolicy {
        reader.only(table, &["keeps", "memory", "term", "purposes", "text"]);
        let memory = reader.need(table, "memory").and_then(|entry| {
            let memory = reader.one_of(&entry, &Memory::ALL, Memory::id, Expected::Memory)?;
            Some((memory, entry))
        });
        let keeps = self.keeps(reader, table, memory.as_ref());
        // A refused memory is taken to be what the classes suggest, to refuse nothing twice.
        let suggested = Memory::ALL.into_iter().find(|m| keeps.iter().all(|&class| m.keeps(class)));
        let memory = memory.map_or(suggested.unwrap_or(Memory::None), |(memory, _)| memory);
        let term = self.term(reader, table, memory, &keeps);
        let purposes = self.ticks(reader, table, memory);
        let mut texts = BTreeMap::new();
        match reader.find(table, "text").and_then(|entry| reader.table(&entry)) {
            Some(parent) => {
                for (language, table) in per_language(reader, &parent, self.languages) {
                    let text = match self.format {
                        Policy::FORMAT => text(reader, &table, memory, term),
                        _ => self.old_text(reader, &table, language, memory, term),
                    };
                    texts.insert(language, text);
                }
            }
            None => reader.refuse(table.line, table.key("text"), Kind::MissingText),
        }
        let term = term.unwrap_or(Term::Customer);
        ChoicePolicy { id: id.to_owned(), keeps, memory, term, purposes, texts }
    }

    /// The classes named; each must be defined, and together they must be what the memory keeps.
    fn keeps(
        &self,
        reader: &mut Reader,
        table: &Table<'_>,
        memory: Option<&(Memory, Entry<'_>)>,
    ) -> BTreeSet<DataClass> {
        let mut keeps = BTreeSet::new();
        let Some(entry) = reader.need(table, "keeps") else { return keeps };
        for name in reader.list(&entry).unwrap_or_default() {
            match DataClass::from_id(&name.text).filter(|class| self.classes.contains_key(class)) {
                Some(class) => {
                    keeps.insert(class);
                }
                None => {
                    reader.refuse(name.line, entry.path.clone(), Kind::UnknownClass { name: name.text });
                }
            }
        }
        for class in DataClass::ALL.into_iter().filter(|class| class.always_kept()) {
            if !keeps.contains(&class) {
                reader.refuse(entry.line, entry.path.clone(), Kind::AlwaysKept { class: class.id() });
            }
        }
        if let Some((memory, at)) = memory
            && DataClass::ALL.into_iter().any(|c| !c.always_kept() && memory.keeps(c) != keeps.contains(&c))
        {
            reader.refuse(at.line, at.path.clone(), Kind::MemoryMismatch);
        }
        keeps
    }

    /// How long the articles stay: the choice's own term, or else the shortest of its classes.
    /// `None` where its own is refused.
    fn term(
        &self,
        reader: &mut Reader,
        table: &Table<'_>,
        memory: Memory,
        keeps: &BTreeSet<DataClass>,
    ) -> Option<Term> {
        let limits: Vec<(DataClass, Term)> = keeps
            .iter()
            .filter(|class| !class.always_kept())
            .filter_map(|class| Some((*class, self.classes.get(class)?.term)))
            .collect();
        let shortest = limits.iter().map(|&(_, term)| term).reduce(Term::shorter);
        // What nobody's profile holds has no last purchase.
        let shortest =
            shortest.map(|term| if memory == Memory::Profile { term } else { term.counted_from_sale() });
        let ticket = self.classes.get(&DataClass::Ticket).map(|class| class.term);
        let Some(entry) = reader.find(table, "term") else { return shortest.or(ticket) };
        if memory == Memory::None {
            reader.refuse(entry.line, entry.path, Kind::TermWithoutMemory);
            return None;
        }
        let own = term(reader, &entry, memory == Memory::Profile)?;
        if let Some((class, _)) = limits.iter().find(|(_, limit)| own.is_longer_than(*limit)) {
            reader.refuse(entry.line, entry.path, Kind::TermTooLong { class: class.id() });
        }
        Some(own)
    }

    fn ticks(&self, reader: &mut Reader, table: &Table<'_>, memory: Memory) -> Vec<Purpose> {
        let Some(entry) = reader.find(table, "purposes") else { return Vec::new() };
        if memory != Memory::Profile {
            reader.refuse(entry.line, entry.path, Kind::PurposesWithoutProfile);
            return Vec::new();
        }
        let mut purposes = Vec::new();
        for name in reader.list(&entry).unwrap_or_default() {
            match name.text.parse().ok().filter(|purpose| self.purposes.contains_key(purpose)) {
                Some(purpose) => purposes.push(purpose),
                None => {
                    reader.refuse(name.line, entry.path.clone(), Kind::UnknownPurpose { name: name.text });
                }
            }
        }
        purposes
    }

    /// The texts of a choice as up to 0.2.0.
    fn old_text(
        &self,
        reader: &mut Reader,
        table: &Table<'_>,
        language: Language,
        memory: Memory,
        term: Option<Term>,
    ) -> ChoiceText {
        reader.only(table, &["title", "keeps", "purpose", "until", "after"]);
        let ticket = self.classes.get(&DataClass::Ticket).and_then(|class| class.texts.get(&language));
        let longest =
            ticket.map_or(0, |text| text.card.values().map(|t| t.chars().count()).max().unwrap_or(0));
        let of_ticket = [("ticket", longest)];
        let dated = [("date", DATE)];
        // A term that ends on a day must say which; one that the customer ends has none to say.
        let (values, required): (&[_], &[_]) = match term {
            Some(Term::Customer) => (&[], &[]),
            Some(Term::Years(_) | Term::YearsAfterLast(_) | Term::Days(_)) => (&dated, &["date"]),
            None => (&dated, &[]),
        };
        let keeps = Text {
            limit: CARD,
            values: &of_ticket,
            required: if memory == Memory::None { &["ticket"] } else { &[] },
        };
        ChoiceText {
            title: Text::plain(TITLE).read(reader, table, "title"),
            keeps: keeps.read(reader, table, "keeps"),
            purpose: Text::plain(SHORT).read(reader, table, "purpose"),
            until: Text { limit: SHORT, values, required }.read(reader, table, "until"),
            after: Text { limit: SENTENCE, values, required }.read(reader, table, "after"),
        }
    }
}

/// The texts of a choice: what it adds to the ticket and the counters, which stand on every card,
/// and the sentence that says until when both are kept.
fn text(reader: &mut Reader, table: &Table<'_>, memory: Memory, term: Option<Term>) -> ChoiceText {
    reader.only(table, &["title", "keeps", "purpose", "after"]);
    let dates = [("ticket-date", DATE), ("counts-date", DATE), ("date", DATE)];
    // Without articles, or without a last day of theirs, there are no more dates than the first two.
    let count = if memory == Memory::None || term == Some(Term::Customer) { 2 } else { 3 };
    let names = dates.map(|(name, _)| name);
    let after = Text { limit: AFTER, values: &dates[..count], required: &names[..count] };
    ChoiceText {
        title: Text::plain(TITLE).read(reader, table, "title"),
        keeps: Text::plain(SHORT).read(reader, table, "keeps"),
        purpose: Text::plain(SHORT).read(reader, table, "purpose"),
        until: String::new(),
        after: after.read(reader, table, "after"),
    }
}

/// The choices as `order` shows them: all of them, each once.
pub(super) fn in_order(
    reader: &mut Reader,
    mut choices: Vec<(ChoicePolicy, usize)>,
    order: &[Located],
) -> Vec<(ChoicePolicy, usize)> {
    let mut ordered = Vec::with_capacity(choices.len());
    for name in order {
        match choices.iter().position(|(choice, _)| choice.id == name.text) {
            Some(at) => ordered.push(choices.remove(at)),
            // A name that is there twice is refused as such.
            None if ordered.iter().any(|(choice, _): &(ChoicePolicy, _)| choice.id == name.text) => {}
            None => reader.refuse(name.line, "order", Kind::UnknownChoice { name: name.text.clone() }),
        }
    }
    for (choice, line) in choices {
        reader.refuse(line, format!("choice.{}", choice.id), Kind::NotInOrder);
    }
    if let Some(line) = order.first().map(|name| name.line).filter(|_| order.len() > MOST_CHOICES) {
        reader.refuse(line, "order", Kind::TooManyChoices { limit: MOST_CHOICES });
    }
    ordered
}

/// Where the default stands. It must keep the bare legal minimum: no articles, and nothing that
/// rests on a contract or on consent.
pub(super) fn minimum(
    reader: &mut Reader,
    choices: &[(ChoicePolicy, usize)],
    classes: &BTreeMap<DataClass, ClassPolicy>,
    default: &Located,
) -> Option<usize> {
    let bare = |choice: &ChoicePolicy| {
        choice.memory == Memory::None
            && choice
                .keeps
                .iter()
                .all(|class| classes.get(class).is_some_and(|class| class.basis >= Basis::LegalObligation))
    };
    let minimum = choices.iter().find(|(choice, _)| bare(choice));
    if minimum.is_none() {
        let line = choices.iter().map(|&(_, line)| line).min().unwrap_or(default.line);
        reader.refuse(line, "choice", Kind::NoMinimum);
    }
    let Some(at) = choices.iter().position(|(choice, _)| choice.id == default.text) else {
        reader.refuse(default.line, "default", Kind::UnknownChoice { name: default.text.clone() });
        return None;
    };
    if let Some((minimum, _)) = minimum
        && !bare(&choices[at].0)
    {
        reader.refuse(default.line, "default", Kind::DefaultNotMinimum { minimum: minimum.id.clone() });
    }
    Some(at)
}

/// The longest that any Spanish law asks for a ticket: ten years where losses are carried forward
/// (Ley General Tributaria, articles 66 bis and 70.3); six in general (Código de Comercio, article 30).
const LAW_YEARS: u32 = 10;

/// What format 2 refuses although it can be carried out: what steers a customer, and what no purpose
/// asks for. Nothing in force is refused by it: a store keeps the policy that it has.
pub(super) fn fair(
    reader: &mut Reader,
    root: &Table<'_>,
    order: &[Located],
    choices: &[(ChoicePolicy, usize)],
    classes: &BTreeMap<DataClass, ClassPolicy>,
) {
    let least = choices.iter().position(|(choice, _)| choice.memory == Memory::None);
    if let (Some(least @ 1..), Some(first)) = (least, order.first()) {
        let minimum = choices[least].0.id.clone();
        reader.refuse(first.line, "order", Kind::KeepsBeforeMinimum { minimum });
    }
    for (place, (choice, _)) in choices.iter().enumerate() {
        for (language, text) in &choice.texts {
            let title = fold(&text.title);
            let same = |(other, _): &&(ChoicePolicy, usize)| {
                other.texts.get(language).is_some_and(|text| !title.is_empty() && fold(&text.title) == title)
            };
            if let Some((other, _)) = choices[..place].iter().find(same) {
                let (line, key) =
                    reader.place(root, &["choice", &choice.id, "text", language.code(), "title"]);
                reader.refuse(line, key, Kind::SameTitle { other: other.id.clone() });
            }
        }
    }
    let profile = choices.iter().any(|(choice, _)| choice.memory == Memory::Profile);
    for class in [DataClass::Lines, DataClass::Profile].into_iter().filter(|_| profile) {
        // Whoever is remembered has said so, and can take it back: GDPR, articles 6(1)(a) and 7(3).
        if classes.get(&class).is_some_and(|class| class.basis != Basis::Consent) {
            let (line, key) = reader.place(root, &["class", class.id(), "basis"]);
            reader.refuse(line, key, Kind::NotConsent { class: class.id() });
        }
    }
    for (class, policy) in classes {
        let (line, key) = reader.place(root, &["class", class.id(), "term"]);
        // One that is renewed runs from another purchase, which is remembered anew.
        let term = policy.term.counted_from_sale();
        if term == Term::Customer {
            reader.refuse(line, key, Kind::NoLastDay);
        } else if term.is_longer_than(Term::Years(LAW_YEARS)) {
            reader.refuse(line, key, Kind::TermBeyondLaw { years: LAW_YEARS });
        }
    }
}
