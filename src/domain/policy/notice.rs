//! What the customer is told: the only source of the words on the screen, the receipt and the
//! command line.

use chrono::NaiveDate;

use super::{ChoicePolicy, ClassPolicy, DataClass, NoticeWords, Policy, Term, Until};
use crate::domain::customer::Purpose;
use crate::domain::language::Language;

/// The notice of one policy, in one language, for a sale of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub language: Language,
    /// Version of the policy.
    pub version: u32,
    /// The one question above the cards.
    pub question: String,
    /// What happens without an answer.
    pub default: String,
    pub labels: Labels,
    /// One for each choice, in the policy's order.
    pub cards: Vec<Card>,
    /// The whole notice, to "read it all": choices, kinds of data, readers, copies, rights and
    /// complaints.
    pub sections: Vec<Section>,
    /// Whom to complain to; also the last of the sections.
    pub complaint: Section,
}

/// The words above the parts of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    pub keeps: String,
    pub purpose: String,
    pub until: String,
}

/// One choice as the customer reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The key that chooses it: 1 for the first.
    pub key: u8,
    /// The choice's id in the policy.
    pub choice: String,
    pub title: String,
    /// What we keep.
    pub keeps: String,
    /// What for.
    pub purpose: String,
    /// Until when.
    pub until: String,
    /// The sentence that remains once this is chosen: what stays, and until when.
    pub after: String,
    /// What can be ticked; none is ticked at first.
    pub ticks: Vec<Tick>,
}

/// A purpose that the customer can allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    pub purpose: Purpose,
    pub name: String,
}

/// A heading and its paragraphs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    pub heading: String,
    pub paragraphs: Vec<String>,
}

impl Policy {
    /// What the customer reads about a sale of `sale_date`, in `wanted` or, where the policy does
    /// not speak it, in its first language.
    pub fn notice(&self, wanted: Language, sale_date: NaiveDate) -> Notice {
        let language = self.language(wanted);
        let words = &self.words[&language];
        let cards: Vec<Card> = (1..)
            .zip(&self.choices)
            .map(|(key, choice)| self.card(key, choice, language, sale_date))
            .collect();
        let mut sections =
            vec![Section { heading: words.question.clone(), paragraphs: vec![words.default.clone()] }];
        sections.extend(cards.iter().map(|card| card.section(words)));
        let kept = |class| self.choices.iter().any(|choice| choice.keeps.contains(class));
        let classes = self.classes.iter().filter(|(class, _)| kept(class));
        sections.extend(classes.map(|(&class, policy)| self.class(class, policy, language, sale_date)));
        let copies = self.copies(&words.copies);
        sections.extend([words.who.clone(), copies, words.rights.clone(), words.complaint.clone()]);
        Notice {
            language,
            version: self.version,
            question: words.question.clone(),
            default: words.default.clone(),
            labels: Labels {
                keeps: words.label_keeps.clone(),
                purpose: words.label_purpose.clone(),
                until: words.label_until.clone(),
            },
            cards,
            sections,
            complaint: words.complaint.clone(),
        }
    }

    /// The one sentence that remains when a purchase is forgotten: what stays, and until when.
    pub fn after_forget_sentence(&self, wanted: Language, sale_date: NaiveDate) -> String {
        self.card(1, self.minimum(), self.language(wanted), sale_date).after
    }

    fn card(&self, key: u8, choice: &ChoicePolicy, language: Language, sale_date: NaiveDate) -> Card {
        let text = &choice.texts[&language];
        let ticket = &self.classes[&DataClass::Ticket].texts[&language].card[&self.ticket_detail];
        let date = match choice.keeps_until(sale_date) {
            Until::Date(date) => language.date(date),
            Until::CustomerSaysSo => String::new(),
        };
        let filled = |text: &str| text.replace("{ticket}", ticket).replace("{date}", &date);
        Card {
            key,
            choice: choice.id.clone(),
            title: text.title.clone(),
            keeps: filled(&text.keeps),
            purpose: text.purpose.clone(),
            until: filled(&text.until),
            after: filled(&text.after),
            ticks: choice
                .purposes
                .iter()
                .map(|p| Tick { purpose: p.clone(), name: self.purposes[p][&language].clone() })
                .collect(),
        }
    }

    fn class(
        &self,
        class: DataClass,
        policy: &ClassPolicy,
        language: Language,
        sale_date: NaiveDate,
    ) -> Section {
        let (words, text) = (&self.words[&language], &policy.texts[&language]);
        let until = match self.longest_kept(class).after(sale_date) {
            Until::Date(date) => language.date(date),
            Until::CustomerSaysSo => words.until_customer.clone(),
        };
        let law = text.law.trim_end_matches('.');
        Section {
            heading: text.name.clone(),
            paragraphs: vec![
                labelled(&words.label_keeps, &text.keeps[&self.ticket_detail]),
                labelled(&words.label_purpose, &text.purpose),
                labelled(&words.label_basis, &format!("{law} ({})", policy.basis.article(language))),
                labelled(&words.label_until, &until),
            ],
        }
    }

    /// How it is kept and forgotten, with the days of backups filled in.
    fn copies(&self, section: &Section) -> Section {
        let Some(days) = self.backup_days else { return section.clone() };
        let filled = |text: &String| text.replace("{backup-days}", &days.to_string());
        Section {
            heading: section.heading.clone(),
            paragraphs: section.paragraphs.iter().map(filled).collect(),
        }
    }

    /// The longest that any choice keeps a class.
    fn longest_kept(&self, class: DataClass) -> Term {
        let own = self.classes[&class].term;
        if class.always_kept() {
            return own;
        }
        let terms =
            self.choices.iter().filter(|choice| choice.keeps.contains(&class)).map(|choice| choice.term);
        terms.reduce(|a, b| if b.is_longer_than(a) { b } else { a }).unwrap_or(own)
    }
}

impl Card {
    fn section(&self, words: &NoticeWords) -> Section {
        let mut paragraphs = vec![
            labelled(&words.label_keeps, &self.keeps),
            labelled(&words.label_purpose, &self.purpose),
            labelled(&words.label_until, &self.until),
        ];
        paragraphs.extend(self.ticks.iter().map(|tick| format!("[ ] {}", tick.name)));
        Section { heading: format!("{}  {}", self.key, self.title), paragraphs }
    }
}

fn labelled(label: &str, text: &str) -> String {
    let end = if text.ends_with(['.', '?']) { "" } else { "." };
    format!("{label}: {text}{end}")
}
