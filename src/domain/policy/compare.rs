//! What a changed policy does to the customer: keeps more, keeps less, or says it differently.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use toml::de::DeTable;

use super::error::{PolicyError, PolicyErrorKind};
use super::reader::Reader;
use super::{Basis, ChoicePolicy, DataClass, Memory, Policy, Release, Term, TicketDetail, Until};
use crate::domain::customer::Purpose;
use crate::domain::language::Language;

/// One difference between two policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub effect: Effect,
    pub kind: ChangeKind,
}

/// Whether more or less is kept than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// More is kept, longer, or for more.
    Widens,
    /// Less is kept, shorter, or for less.
    Narrows,
    /// The same is kept; people read something else.
    Rewords,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    ChoiceAdded {
        choice: String,
    },
    ChoiceRemoved {
        choice: String,
    },
    ClassAdded {
        choice: String,
        class: DataClass,
    },
    ClassRemoved {
        choice: String,
        class: DataClass,
    },
    MemoryChanged {
        choice: String,
        from: Memory,
        to: Memory,
    },
    ChoiceTerm {
        choice: String,
        from: Term,
        to: Term,
    },
    ClassTerm {
        class: DataClass,
        from: Term,
        to: Term,
    },
    ClassBasis {
        class: DataClass,
        from: Basis,
        to: Basis,
    },
    PurposeAdded {
        choice: String,
        purpose: Purpose,
    },
    PurposeRemoved {
        choice: String,
        purpose: Purpose,
    },
    Detail {
        from: TicketDetail,
        to: TicketDetail,
    },
    Default {
        from: String,
        to: String,
    },
    Order,
    /// `None` where a policy sets no end to what a backup can bring back.
    BackupDays {
        from: Option<u32>,
        to: Option<u32>,
    },
    /// When a count of a product is told.
    Release {
        from: Release,
        to: Release,
    },
    LanguageAdded {
        language: Language,
    },
    LanguageRemoved {
        language: Language,
    },
    /// `place` is the dotted key of the table whose texts differ.
    Text {
        place: String,
        language: Language,
    },
}

/// Every difference from `old` to `new`: first what widens, then what narrows, then words.
pub fn compare(old: &Policy, new: &Policy) -> Vec<Change> {
    let mut changes = Vec::new();
    if old.ticket_detail != new.ticket_detail {
        let effect = widens_if(new.ticket_detail > old.ticket_detail);
        changes.push(Change {
            effect,
            kind: ChangeKind::Detail { from: old.ticket_detail, to: new.ticket_detail },
        });
    }
    if old.backup_days != new.backup_days {
        let longest = |days: Option<u32>| days.unwrap_or(u32::MAX);
        changes.push(Change {
            effect: widens_if(longest(new.backup_days) > longest(old.backup_days)),
            kind: ChangeKind::BackupDays { from: old.backup_days, to: new.backup_days },
        });
    }
    if old.release != new.release {
        let (from, to) = (old.release, new.release);
        let is_earlier = to.sales < from.sales || to.tickets < from.tickets || to.longest < from.longest;
        changes.push(Change { effect: widens_if(is_earlier), kind: ChangeKind::Release { from, to } });
    }
    compare_classes(old, new, &mut changes);
    for choice in &new.choices {
        match old.choice(&choice.id) {
            Some(before) => compare_choices(before, choice, &mut changes),
            None => changes.push(Change {
                effect: if choice.memory == Memory::None { Effect::Rewords } else { Effect::Widens },
                kind: ChangeKind::ChoiceAdded { choice: choice.id.clone() },
            }),
        }
    }
    for gone in old.choices.iter().filter(|choice| new.choice(&choice.id).is_none()) {
        changes.push(Change {
            effect: if gone.memory == Memory::None { Effect::Rewords } else { Effect::Narrows },
            kind: ChangeKind::ChoiceRemoved { choice: gone.id.clone() },
        });
    }
    compare_words(old, new, &mut changes);
    changes.sort_by_key(|change| change.effect);
    changes
}

/// Judges a policy file beside the policy in use, whose text is `in_use`. What a ticket holds beyond
/// [`TicketDetail::Shop`] is told each time, whether or not the policy in use does so too.
/// Errors: every refusal; besides those of [`Policy::parse_new`], a version that is not higher
/// although something differs, and be it a comment: a till takes one text for each version.
pub fn judge(current: &Policy, in_use: &str, text: &str) -> Result<Vec<Change>, Vec<PolicyError>> {
    let new = Policy::parse_new(text)?;
    let mut changes = compare(current, &new);
    if text == in_use || new.version > current.version {
        let (from, to) = (TicketDetail::Shop, new.ticket_detail);
        if from < to && current.ticket_detail == to {
            changes.insert(0, Change { effect: Effect::Widens, kind: ChangeKind::Detail { from, to } });
        }
        return Ok(changes);
    }
    let mut reader = Reader::new(text);
    let (document, _) = DeTable::parse_recoverable(text);
    let root = reader.root(&document);
    let line = reader.find(&root, "version").map_or(1, |entry| entry.line);
    reader.refuse(line, "version", PolicyErrorKind::VersionNotRaised { current: current.version });
    Err(reader.into_errors())
}

/// Until when a kept purchase stays: as the policy shown at its sale said, or as today's policy
/// says where that is earlier. Today's policy counts only where it still has the choice. `last` is the
/// day of the customer's last remembered purchase; without it what is counted from there has no end yet.
/// `None` where the policy of the sale has no such choice.
pub fn effective_until(
    sold_under: &Policy,
    today: &Policy,
    choice: &str,
    sale_date: NaiveDate,
    last: Option<NaiveDate>,
) -> Option<Until> {
    let until = |choice: &ChoicePolicy| choice.term.end(sale_date, last);
    let promised = until(sold_under.choice(choice)?);
    Some(today.choice(choice).map_or(promised, |now| promised.min(until(now))))
}

fn widens_if(wider: bool) -> Effect {
    if wider { Effect::Widens } else { Effect::Narrows }
}

/// Terms of different units can be of the same length: then only the words differ.
fn term_effect(from: Term, to: Term) -> Effect {
    if to.is_longer_than(from) {
        Effect::Widens
    } else if from.is_longer_than(to) {
        Effect::Narrows
    } else {
        Effect::Rewords
    }
}

fn compare_classes(old: &Policy, new: &Policy, changes: &mut Vec<Change>) {
    for (&class, now) in &new.classes {
        let Some(before) = old.classes.get(&class) else { continue };
        if before.term != now.term {
            changes.push(Change {
                effect: term_effect(before.term, now.term),
                kind: ChangeKind::ClassTerm { class, from: before.term, to: now.term },
            });
        }
        if before.basis != now.basis {
            // The less the customer decides, the wider.
            changes.push(Change {
                effect: widens_if(now.basis > before.basis),
                kind: ChangeKind::ClassBasis { class, from: before.basis, to: now.basis },
            });
        }
    }
}

fn compare_choices(old: &ChoicePolicy, new: &ChoicePolicy, changes: &mut Vec<Change>) {
    let choice = || new.id.clone();
    let mut push = |effect, kind| changes.push(Change { effect, kind });
    for &class in new.keeps.difference(&old.keeps) {
        push(Effect::Widens, ChangeKind::ClassAdded { choice: choice(), class });
    }
    for &class in old.keeps.difference(&new.keeps) {
        push(Effect::Narrows, ChangeKind::ClassRemoved { choice: choice(), class });
    }
    if old.memory != new.memory {
        let kind = ChangeKind::MemoryChanged { choice: choice(), from: old.memory, to: new.memory };
        push(widens_if(new.memory > old.memory), kind);
    }
    // Where no articles are kept the term is the ticket's, and told with its class.
    if old.term != new.term && (old.memory, new.memory) != (Memory::None, Memory::None) {
        let kind = ChangeKind::ChoiceTerm { choice: choice(), from: old.term, to: new.term };
        push(term_effect(old.term, new.term), kind);
    }
    for purpose in new.purposes.iter().filter(|purpose| !old.purposes.contains(purpose)) {
        push(Effect::Widens, ChangeKind::PurposeAdded { choice: choice(), purpose: purpose.clone() });
    }
    for purpose in old.purposes.iter().filter(|purpose| !new.purposes.contains(purpose)) {
        push(Effect::Narrows, ChangeKind::PurposeRemoved { choice: choice(), purpose: purpose.clone() });
    }
}

fn compare_words(old: &Policy, new: &Policy, changes: &mut Vec<Change>) {
    let mut push = |kind| changes.push(Change { effect: Effect::Rewords, kind });
    if old.minimum().id != new.minimum().id {
        push(ChangeKind::Default { from: old.minimum().id.clone(), to: new.minimum().id.clone() });
    }
    if common_order(old, new) != common_order(new, old) {
        push(ChangeKind::Order);
    }
    for &language in new.languages.iter().filter(|language| !old.languages.contains(language)) {
        push(ChangeKind::LanguageAdded { language });
    }
    for &language in &old.languages {
        if !new.languages.contains(&language) {
            push(ChangeKind::LanguageRemoved { language });
            continue;
        }
        let mut text = |same: bool, place: String| {
            if !same {
                push(ChangeKind::Text { place, language });
            }
        };
        for (class, now) in &new.classes {
            let before = old.classes.get(class).map(|before| &before.texts[&language]);
            text(
                before.is_none_or(|before| *before == now.texts[&language]),
                format!("class.{}", class.id()),
            );
        }
        for now in &new.choices {
            let before = old.choice(&now.id).map(|before| &before.texts[&language]);
            text(before.is_none_or(|before| *before == now.texts[&language]), format!("choice.{}", now.id));
        }
        for (purpose, now) in &new.purposes {
            let before = old.purposes.get(purpose).map(|before| &before[&language]);
            text(before.is_none_or(|before| *before == now[&language]), format!("purpose.{purpose}"));
        }
        text(old.words[&language] == new.words[&language], "notice".to_owned());
        text(old.controller_in(language) == new.controller_in(language), "controller".to_owned());
    }
}

/// The choices of `policy` that `other` has too, in the order of `policy`.
fn common_order<'a>(policy: &'a Policy, other: &Policy) -> Vec<&'a str> {
    let known: BTreeSet<&str> = other.choices.iter().map(|choice| choice.id.as_str()).collect();
    policy.choices.iter().map(|choice| choice.id.as_str()).filter(|id| known.contains(id)).collect()
}
