//! What steers a customer without being a mistake: words of loss, praise or money, loud signs,
//! leading questions, cards of unequal length, terms beyond the usual. A program cannot judge words. It points at them, and a
//! person decides (EDPB, guidelines 03/2022 on deceptive design patterns).

use std::collections::BTreeMap;

use toml::de::DeTable;
use unicode_normalization::UnicodeNormalization;

use super::reader::{Located, Reader, Table};
use super::{Memory, Policy, Term, TicketDetail};
use crate::domain::catalogue::fold;
use crate::domain::language::Language;

/// What may steer, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWarning {
    /// Line of the file, from 1.
    pub line: usize,
    /// Dotted key that it is about.
    pub key: String,
    pub kind: PolicyWarningKind,
}

/// How it may steer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyWarningKind {
    /// A word or phrase of loss, haste, praise, money or order, or one that claims too much.
    Word { word: String },
    /// A letter that is none of the language's, such as the Cyrillic ones that look like Latin letters: no
    /// list of words finds such a word, and nobody can search for it.
    ForeignLetters { word: String },
    /// The card of a choice that keeps articles says that it keeps nothing, or forgets; or that of one that keeps
    /// none says so, and the ticket lists them.
    Denies { word: String },
    /// The controller is called nobody.
    Nobody { word: String },
    /// An exclamation mark.
    Exclamation,
    /// A sign that no sentence needs, such as a star or a percentage.
    Sign { sign: char },
    /// A number in the question or the title of a card: a card is chosen by its number.
    Number { number: char },
    /// The question is none, or one for yes or no.
    Leading,
    /// A word in capitals on a card.
    Capitals { word: String },
    /// One card says much more than another, in characters.
    Uneven { longest: usize, shortest: usize },
    /// A class stays longer than the six years of the Commercial Code, article 30.
    LongTerm,
    /// A backup can bring a forgotten purchase back for longer than a quarter.
    LongBackups { days: u32 },
}

/// Longest term of tickets that needs no reason: Spanish Commercial Code, article 30.
const TICKET_YEARS: u32 = 6;
const BACKUP_DAYS: u32 = 92;

/// Everything in a policy file that may steer, by line; nothing where the file is refused. Texts in a
/// language that the policy does not speak are not read.
pub fn warnings(text: &str) -> Vec<PolicyWarning> {
    let Ok(policy) = Policy::parse(text) else { return Vec::new() };
    let reader = Reader::new(text);
    let (document, _) = DeTable::parse_recoverable(text);
    let root = reader.root(&document);
    let texts: Vec<(Language, String, Located)> = (reader.texts(&root).into_iter())
        .filter_map(|(key, text)| Some((language_of(&key)?, key, text)))
        // An accent may stand by itself behind its letter, and is no sign of its own.
        .map(|(language, key, text)| (language, key, Located { text: text.text.nfc().collect(), ..text }))
        .filter(|(language, ..)| policy.languages.contains(language))
        .collect();
    let mut found = Vec::new();
    for (language, key, text) in &texts {
        let kinds = words(*language, key, &text.text)
            .chain(foreign(&text.text))
            .chain(denied(&policy, *language, key, &text.text))
            .chain(denied_on_ticket(&policy, *language, key, &text.text))
            .chain(signs(key, &text.text));
        found.extend(kinds.map(|kind| PolicyWarning { line: text.line, key: key.clone(), kind }));
    }
    found.extend(uneven(&texts));
    found.extend(nobody(&reader, &root, &policy));
    let long = policy.classes.iter().filter(|(_, class)| {
        let term = class.term.counted_from_sale();
        term != Term::Customer && term.is_longer_than(Term::Years(TICKET_YEARS))
    });
    found.extend(long.map(|(class, _)| {
        let (line, key) = reader.place(&root, &["class", class.id(), "term"]);
        PolicyWarning { line, key, kind: PolicyWarningKind::LongTerm }
    }));
    if let Some(days) = policy.backup_days.filter(|days| *days > BACKUP_DAYS) {
        let (line, key) = reader.place(&root, &["backup-days"]);
        found.push(PolicyWarning { line, key, kind: PolicyWarningKind::LongBackups { days } });
    }
    found.sort_by_key(|warning| warning.line);
    found
}

/// The language of a text, as its dotted key says.
fn language_of(key: &str) -> Option<Language> {
    key.split('.').find_map(|part| Language::ALL.into_iter().find(|language| language.code() == part))
}

/// Where a word of the list steers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    AnyText,
    /// Where the customer chooses: cards, ticks, the question, and what counts without an answer.
    Choosing,
    Default,
}

impl Scope {
    const ALL: [Scope; 3] = [Scope::AnyText, Scope::Choosing, Scope::Default];

    /// Its heading in the list.
    fn heading(self) -> &'static str {
        match self {
            Scope::AnyText => "[any text]",
            Scope::Choosing => "[cards, ticks and question]",
            Scope::Default => "[words without an answer]",
        }
    }

    fn holds(self, key: &str) -> bool {
        match self {
            Scope::AnyText => true,
            Scope::Choosing => is_card(key) || [".question", ".default"].iter().any(|end| key.ends_with(end)),
            Scope::Default => key.ends_with(".default"),
        }
    }
}

/// Whether a text stands on a card, or is what can be ticked there.
fn is_card(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key);
    ["choice.", "purpose."].iter().any(|start| key.starts_with(start))
        || ["card", "label-", "until-"].iter().any(|start| last.starts_with(start))
}

/// The meanings of the list, with where they steer: the Spanish entries and the English ones.
fn meanings() -> impl Iterator<Item = (Scope, [&'static str; 2])> {
    let mut scope = Scope::AnyText;
    let lines = include_str!("../../../assets/steering.txt").lines();
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).filter_map(move |line| {
        if let Some(heading) = Scope::ALL.into_iter().find(|scope| scope.heading() == line) {
            scope = heading;
            return None;
        }
        let (spanish, english) = line.split_once(" | ")?;
        Some((scope, [spanish, english]))
    })
}

fn words(language: Language, key: &str, text: &str) -> impl Iterator<Item = PolicyWarningKind> {
    let folded = fold(text);
    let spoken: Vec<&str> = folded.split(' ').collect();
    let says = |entry: &str| {
        let wanted: Vec<&str> = entry.split(' ').collect();
        let found = spoken.windows(wanted.len()).find(|heard| {
            heard.iter().zip(&wanted).all(|(heard, wanted)| match wanted.strip_suffix('*') {
                Some(stem) => heard.starts_with(stem),
                None => heard == wanted,
            })
        });
        found.map(|heard| PolicyWarningKind::Word { word: heard.join(" ") })
    };
    let found = meanings().filter(|(scope, _)| scope.holds(key)).filter_map(|(_, [spanish, english])| {
        let entries = match language {
            Language::Spanish => spanish,
            Language::English => english,
        };
        entries.split(", ").find_map(says)
    });
    found.collect::<Vec<_>>().into_iter()
}

/// A word with a letter that is not Latin: Spanish and English are written with those alone.
fn foreign(text: &str) -> Option<PolicyWarningKind> {
    let is_foreign =
        |c: char| c.is_alphabetic() && !matches!(c, 'a'..='z' | 'A'..='Z' | 'ª' | 'º' | '\u{c0}'..='\u{24f}');
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    let word = words.find(|word| word.contains(is_foreign))?;
    Some(PolicyWarningKind::ForeignLetters { word: word.to_owned() })
}

/// Words on the card of a choice that keeps articles which say that it does not. What no card may say stands in
/// the list.
fn denied(policy: &Policy, language: Language, key: &str, text: &str) -> Option<PolicyWarningKind> {
    let &["choice", choice, "text", _, "title" | "keeps" | "purpose"] =
        &key.split('.').collect::<Vec<_>>()[..]
    else {
        return None;
    };
    policy.choice(choice).filter(|choice| choice.memory != Memory::None)?;
    let denials: &[&str] = match language {
        Language::Spanish => &["olvid"],
        Language::English => &["forget", "forgot"],
    };
    let says = |word: &&str| denials.iter().any(|denial| fold(word).starts_with(denial));
    let word = text.split(|c: char| !c.is_alphanumeric()).find(says)?;
    Some(PolicyWarningKind::Denies { word: word.to_owned() })
}

/// Words on the card of a choice that keeps no articles which say so, where the ticket lists every one.
fn denied_on_ticket(policy: &Policy, language: Language, key: &str, text: &str) -> Option<PolicyWarningKind> {
    let &["choice", choice, ..] = &key.split('.').collect::<Vec<_>>()[..] else { return None };
    let keeps_none = policy.choice(choice).is_some_and(|choice| choice.memory == Memory::None);
    if !keeps_none || policy.ticket_detail != TicketDetail::Products {
        return None;
    }
    let (denials, articles): (&[&str], &[&str]) = match language {
        Language::Spanish => (
            &["ni", "no", "sin", "nada", "ningun", "ninguno", "ninguna", "tampoco"],
            &["articul", "product", "compra"],
        ),
        Language::English => (
            &["neither", "no", "nor", "not", "without", "nothing", "none", "never"],
            &["item", "article", "product", "goods", "bought", "purchase"],
        ),
    };
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.clone().find(|word| denials.contains(&&*fold(word)))?;
    let word = words.find(|word| articles.iter().any(|article| fold(word).starts_with(article)))?;
    Some(PolicyWarningKind::Denies { word: word.to_owned() })
}

/// A controller who is nobody. GDPR, article 13(1)(a).
fn nobody(reader: &Reader, root: &Table<'_>, policy: &Policy) -> Option<PolicyWarning> {
    let is_nobody = |word: &str| matches!(&*fold(word), "nadie" | "ninguno" | "ninguna" | "nobody" | "none");
    let word = policy.controller.name.split(|c: char| !c.is_alphanumeric()).find(|word| is_nobody(word))?;
    let (line, key) = reader.place(root, &["controller", "name"]);
    Some(PolicyWarning { line, key, kind: PolicyWarningKind::Nobody { word: word.to_owned() } })
}

fn signs(key: &str, text: &str) -> impl Iterator<Item = PolicyWarningKind> {
    let loud = text.contains(['!', '¡']).then_some(PolicyWarningKind::Exclamation);
    let chosen = Scope::Choosing.holds(key);
    let mut capitals = text.split(|c: char| !c.is_alphabetic()).filter(|word| {
        // Shorter ones are names of taxes and numbers: IVA, NIF, VAT, PIN.
        word.chars().count() > 3 && word.chars().all(char::is_uppercase)
    });
    let capitals = capitals.next().filter(|_| chosen);
    let capitals = capitals.map(|word| PolicyWarningKind::Capitals { word: word.to_owned() });
    let question = key.ends_with(".question");
    let number =
        text.chars().find(char::is_ascii_digit).filter(|_| (chosen && !is_card(key)) || is_title(key));
    let leading = question && !is_open(text);
    (loud.into_iter().chain(capitals))
        .chain(ornament(key, text).map(|sign| PolicyWarningKind::Sign { sign }))
        .chain(number.map(|number| PolicyWarningKind::Number { number }))
        .chain(leading.then_some(PolicyWarningKind::Leading))
}

fn is_title(key: &str) -> bool {
    key.starts_with("choice.") && key.ends_with(".title")
}

/// A sign that no sentence needs where it stands, or one that stands twice. A card quotes nobody.
fn ornament(key: &str, text: &str) -> Option<char> {
    let needed = |c: char| {
        c.is_alphabetic()
            || c.is_ascii_digit()
            || matches!(
                c,
                ' ' | '.' | ',' | ';' | ':' | '?' | '¿' | '!' | '¡' | '(' | ')' | '\'' | '’' | '-' | '/'
            )
            || matches!(c, '{' | '}')
            || (!is_card(key) && matches!(c, '"' | '«' | '»' | '“' | '”' | '‘' | '–' | '—' | '…'))
            || (!Scope::Choosing.holds(key) && c.is_ascii() && !matches!(c, '%' | '$'))
    };
    let is_twice =
        |pair: &[char]| pair[0] == pair[1] && !pair[0].is_alphanumeric() && !matches!(pair[0], ' ' | '/');
    let signs: Vec<char> = text.chars().collect();
    let twice = signs.windows(2).find(|pair| is_twice(pair)).map(|pair| pair[0]);
    signs.iter().copied().find(|c| !needed(*c)).or(twice.filter(|sign| !matches!(sign, '!' | '¡')))
}

/// Whether a question leaves the answer open: one that starts with *what* does, one for yes or no puts the
/// answer into the customer's mouth.
fn is_open(question: &str) -> bool {
    let Some((asked, _)) = question.split_once('?') else { return false };
    let asked = asked.rsplit(['¿', '.', ',', ':', ';']).next().unwrap_or(asked);
    let first = asked.split_whitespace().next().unwrap_or_default().to_lowercase();
    matches!(&*first, "qué" | "cuál" | "cuáles" | "cuánto" | "cómo" | "what" | "which" | "how")
}

/// How long the text of one card is, its key and its line.
type CardText<'t> = (usize, &'t str, usize);

/// The parts of the cards that differ much in length: by more than half, and by more than a word.
fn uneven(texts: &[(Language, String, Located)]) -> Vec<PolicyWarning> {
    let mut parts: BTreeMap<(Language, &str), Vec<CardText<'_>>> = BTreeMap::new();
    for (language, key, text) in texts {
        if let ["choice", _, "text", _, part] = key.split('.').collect::<Vec<_>>()[..] {
            let length = text.text.chars().count();
            parts.entry((*language, part)).or_default().push((length, key, text.line));
        }
    }
    let compare = |cards: Vec<CardText<'_>>| {
        let &(longest, key, line) = cards.iter().max_by_key(|(length, ..)| *length)?;
        let shortest = cards.iter().map(|(length, ..)| *length).min()?;
        let kind = PolicyWarningKind::Uneven { longest, shortest };
        (longest * 2 > shortest * 3 + 8).then(|| PolicyWarning { line, key: key.to_owned(), kind })
    };
    parts.into_values().filter_map(compare).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One list for both languages: each line says one meaning in both, as folded text says it.
    #[test]
    fn both_languages_warn_of_the_same() {
        let list = include_str!("../../../assets/steering.txt");
        let lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let said = lines.filter(|line| Scope::ALL.iter().all(|scope| scope.heading() != *line)).count();
        assert_eq!(meanings().count(), said, "a line without both languages");
        for scope in Scope::ALL {
            assert!(meanings().any(|(of, _)| of == scope), "{}", scope.heading());
        }
        for (_, languages) in meanings() {
            for entry in languages.iter().flat_map(|entries| entries.split(", ")) {
                assert_eq!(fold(entry.trim_end_matches('*')), entry.trim_end_matches('*'));
                assert!(!entry.trim_end_matches('*').is_empty() && !entry.contains('|'), "{entry}");
            }
        }
    }
}
