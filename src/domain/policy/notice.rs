//! What the customer is told: the only source of the words on the screen, the receipt and the
//! command line.

use chrono::NaiveDate;

use super::{ChoicePolicy, ClassPolicy, DataClass, Memory, NoticeWords, Policy, Release, Term, Until};
use crate::domain::customer::Purpose;
use crate::domain::language::Language;
use crate::domain::settings::Store;

/// What a policy asks of a customer, in one language, for a sale of one day: the question and its cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub language: Language,
    /// The one question above the cards.
    pub question: String,
    /// What happens without an answer.
    pub default: String,
    pub labels: Labels,
    /// One for each choice, in the policy's order.
    pub cards: Vec<Card>,
}

/// Everything that GDPR, article 13, wants a customer to be able to read, "read it all": choices,
/// kinds of data, controller, recipients, copies, rights, complaints, and whether an answer is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullNotice {
    pub language: Language,
    /// Version of the policy.
    pub version: u32,
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

/// One choice as the customer reads it, without having read another: the program writes the ticket
/// and the counts on every card, the policy what the choice adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The key that chooses it: 1 for the first.
    pub key: u8,
    /// The choice's id in the policy.
    pub choice: String,
    pub title: String,
    /// What we keep: the ticket, the counts, and what this choice adds or leaves out.
    pub keeps: Vec<String>,
    /// What for: that of the ticket and the counts, and then, if there is more, that of the articles.
    pub purposes: Vec<String>,
    /// Until when: the articles, if they are kept, the ticket, and the counts.
    pub until: Vec<String>,
    /// The sentences that remain once this is chosen: what stays, and until when.
    pub after: String,
    /// Whether a later remembered purchase moves the end.
    pub renewed: bool,
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
        let cards = (1..).zip(&self.choices);
        Notice {
            language,
            question: words.question.clone(),
            default: self.named_default(&words.default, language),
            labels: Labels {
                keeps: words.label_keeps.clone(),
                purpose: words.label_purpose.clone(),
                until: words.label_until.clone(),
            },
            cards: cards.map(|(key, choice)| self.numbered_card(key, choice, language, sale_date)).collect(),
        }
    }

    /// The card of one choice, as in [`Policy::notice`]; `None` where the policy does not have that choice.
    pub fn card(&self, choice: &str, wanted: Language, sale_date: NaiveDate) -> Option<Card> {
        self.notice(wanted, sale_date).cards.into_iter().find(|card| card.choice == choice)
    }

    /// What the card of a choice is called in a language, or in the policy's first; `None` where
    /// there is no such choice.
    pub fn card_title(&self, choice: &str, wanted: Language) -> Option<&str> {
        Some(&self.choice(choice)?.texts[&self.language(wanted)].title)
    }

    /// The whole notice of `store`. Without one, its name and tax id are left as `{store}` and
    /// `{tax-id}`.
    pub fn full_notice(&self, wanted: Language, sale_date: NaiveDate, store: Option<&Store>) -> FullNotice {
        let Notice { language, question, default, cards, .. } = self.notice(wanted, sale_date);
        let words = &self.words[&language];
        let mut sections = vec![Section { heading: question, paragraphs: vec![default] }];
        sections.extend(cards.iter().map(|card| card.section(words)));
        sections.push(filled_section(&words.answer, |text| self.named_default(text, language)));
        sections.push(self.controller_section(language, store));
        let classes = self.kept_classes();
        sections.extend(classes.map(|(class, policy)| self.class(class, policy, language, sale_date)));
        let copies = self.copies(&words.copies);
        sections.extend([words.who.clone(), copies, words.rights.clone(), words.complaint.clone()]);
        FullNotice { language, version: self.version, sections, complaint: words.complaint.clone() }
    }

    /// The sentences that remain when a purchase is forgotten: what stays, and until when.
    pub fn after_forget_sentence(&self, wanted: Language, sale_date: NaiveDate) -> String {
        self.numbered_card(1, self.minimum(), self.language(wanted), sale_date).after
    }

    /// A text with the title of the choice that counts without an answer.
    fn named_default(&self, text: &str, language: Language) -> String {
        text.replace("{choice}", &self.minimum().texts[&language].title)
    }

    /// Who answers for the data, and where to ask.
    pub fn controller_section(&self, wanted: Language, store: Option<&Store>) -> Section {
        let language = self.language(wanted);
        let contact = self.controller.contact.get(&language).map_or("", String::as_str);
        let values = [
            ("{controller}", self.controller.name.as_str()),
            ("{tax-id}", self.controller.tax_id.as_str()),
            ("{contact}", contact),
        ];
        let of_store =
            store.map(|store| [("{store}", store.name.as_str()), ("{tax-id}", store.tax_id.as_str())]);
        let of_store = of_store.into_iter().flatten();
        filled_section(&self.words[&language].controller, |text| {
            let text = values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
            of_store.clone().fold(text, |text, (name, value)| text.replace(name, value))
        })
    }

    /// The kinds of data that some choice keeps.
    pub(super) fn kept_classes(&self) -> impl Iterator<Item = (DataClass, &ClassPolicy)> {
        let kept = |class| self.choices.iter().any(|choice| choice.keeps.contains(class));
        self.classes.iter().filter(move |(class, _)| kept(class)).map(|(class, policy)| (*class, policy))
    }

    fn numbered_card(
        &self,
        key: u8,
        choice: &ChoicePolicy,
        language: Language,
        sale_date: NaiveDate,
    ) -> Card {
        let (text, words) = (&choice.texts[&language], &self.words[&language]);
        let day = |until: Until| match until {
            Until::Date(date) => language.date(date),
            Until::CustomerSaysSo => words.until_customer.clone(),
        };
        let kept_until = choice.keeps_until(sale_date);
        let class_date = |class| day(self.classes[&class].term.after(sale_date));
        let dates = [
            ("{date}", day(kept_until)),
            ("{ticket-date}", class_date(DataClass::Ticket)),
            ("{counts-date}", class_date(DataClass::Counters)),
        ];
        let filled =
            |text: &str| dates.iter().fold(text.to_owned(), |text, (name, date)| text.replace(name, date));
        let always = [DataClass::Ticket, DataClass::Counters].map(|class| {
            let text = &self.classes[&class].texts[&language];
            text.card.get(&self.ticket_detail).cloned().unwrap_or_default()
        });
        let own_until = match (choice.memory, kept_until) {
            (Memory::None, _) => None,
            // Only policies of before format 2 keep without a last day.
            (_, Until::CustomerSaysSo) => Some(&words.until_customer),
            (Memory::Receipt, _) => Some(&words.until_items),
            (Memory::Profile, _) if choice.term.is_renewed() => Some(&words.until_renewed),
            (Memory::Profile, _) => Some(&words.until_profile),
        };
        let until = own_until.into_iter().chain([&words.until_ticket, &words.until_counts]);
        let of_all = self.minimum();
        let mut purposes = vec![of_all.texts[&language].purpose.clone()];
        if choice.memory != Memory::None {
            purposes.push(text.purpose.clone());
        }
        Card {
            key,
            choice: choice.id.clone(),
            title: text.title.clone(),
            keeps: always.into_iter().chain([text.keeps.clone()]).collect(),
            purposes,
            until: until.map(|text| filled(text)).collect(),
            after: filled(&text.after),
            renewed: choice.term.is_renewed(),
            ticks: choice
                .purposes
                .iter()
                .map(|p| Tick { purpose: p.clone(), name: self.purposes[p][&language].clone() })
                .collect(),
        }
    }

    /// What of a class is kept, in full sentences.
    pub(super) fn kept_text(&self, class: DataClass, language: Language) -> String {
        let text = &self.classes[&class].texts[&language].keeps[&self.ticket_detail];
        let Release { sales, tickets, longest } = self.release;
        let rule = [
            ("{sales}", u64::from(sales)),
            ("{tickets}", u64::from(tickets)),
            ("{longest}", u64::from(longest)),
        ];
        rule.iter().fold(text.clone(), |text, (name, value)| text.replace(name, &value.to_string()))
    }

    fn class(
        &self,
        class: DataClass,
        policy: &ClassPolicy,
        language: Language,
        sale_date: NaiveDate,
    ) -> Section {
        let (words, text) = (&self.words[&language], &policy.texts[&language]);
        let ends = self.terms(class, language).into_iter().map(|(choice, term)| {
            let end = match (term.after(sale_date), term) {
                (Until::Date(date), Term::YearsAfterLast(years)) => words
                    .until_last_purchase
                    .replace("{years}", &language.years(years))
                    .replace("{date}", &language.date(date)),
                (Until::Date(date), _) => language.date(date),
                (Until::CustomerSaysSo, _) => words.until_customer.clone(),
            };
            choice.map_or_else(|| end.clone(), |choice| format!("{end} ({choice})"))
        });
        let sooner = Some(words.until_sooner.clone()).filter(|_| !class.always_kept());
        let until: Vec<String> = ends.chain(sooner).collect();
        Section {
            heading: text.name.clone(),
            paragraphs: vec![
                labelled(&words.label_keeps, &self.kept_text(class, language)),
                labelled(&words.label_purpose, &text.purpose),
                labelled(&words.label_basis, &basis(policy, language)),
                labelled(&words.label_until, &until.join("; ")),
            ],
        }
    }

    /// How it is kept and forgotten, with the days of backups filled in.
    fn copies(&self, section: &Section) -> Section {
        let Some(days) = self.backup_days else { return section.clone() };
        filled_section(section, |text| text.replace("{backup-days}", &days.to_string()))
    }

    /// How long a class is kept: by each choice that keeps it, with its title where they differ.
    pub(super) fn terms(&self, class: DataClass, language: Language) -> Vec<(Option<&str>, Term)> {
        let keeping = || self.choices.iter().filter(move |choice| choice.keeps.contains(&class));
        let mut terms = keeping().map(|choice| choice.term);
        match terms.next() {
            Some(first) if !class.always_kept() && terms.any(|term| term != first) => {
                keeping().map(|choice| (Some(choice.texts[&language].title.as_str()), choice.term)).collect()
            }
            Some(first) if !class.always_kept() => vec![(None, first)],
            _ => vec![(None, self.classes[&class].term)],
        }
    }
}

impl Card {
    /// What the articles are kept for: the uses that were ticked, in words, or what the card says where
    /// there are none to tick. For a choice that keeps no articles, what the ticket is kept for. `None`
    /// where something could be ticked and nothing was, as up to 0.2.0.
    pub fn purpose(&self, ticked: &[Purpose]) -> Option<String> {
        let names =
            self.ticks.iter().filter(|tick| ticked.contains(&tick.purpose)).map(|tick| tick.name.as_str());
        let names: Vec<&str> = names.collect();
        match names.is_empty() {
            true if self.ticks.is_empty() => self.purposes.last().cloned(),
            true => None,
            false => Some(names.join(", ")),
        }
    }

    fn section(&self, words: &NoticeWords) -> Section {
        let mut paragraphs = vec![
            labelled(&words.label_keeps, &self.keeps.join("; ")),
            labelled(&words.label_purpose, &self.purposes.join("; ")),
            labelled(&words.label_until, &self.until.join("; ")),
        ];
        paragraphs.extend(self.ticks.iter().map(|tick| format!("[ ] {}", tick.name)));
        Section { heading: format!("{}  {}", self.key, self.title), paragraphs }
    }
}

/// Why a class may be kept: the law, and the article of the GDPR.
pub(super) fn basis(policy: &ClassPolicy, language: Language) -> String {
    let law = policy.texts[&language].law.trim_end_matches('.');
    format!("{law} ({})", policy.basis.article(language))
}

fn filled_section(section: &Section, fill: impl Fn(&str) -> String) -> Section {
    let paragraphs = section.paragraphs.iter().map(|text| fill(text)).collect();
    Section { heading: section.heading.clone(), paragraphs }
}

fn labelled(label: &str, text: &str) -> String {
    let end = if text.ends_with(['.', '?']) { "" } else { "." };
    format!("{label}: {text}{end}")
}
