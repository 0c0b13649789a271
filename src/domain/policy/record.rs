//! What a policy gives to the record of processing activities: GDPR, article 30(1).

use super::notice::basis;
use super::{DataClass, Policy, Term};
use crate::domain::language::Language;

/// What is done with one kind of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    pub class: DataClass,
    pub name: String,
    pub purpose: String,
    /// The law, and the article of the GDPR.
    pub basis: String,
    /// Which data.
    pub keeps: String,
    /// How long it is kept: by each choice that keeps it, with its title where they differ.
    pub terms: Vec<(Option<String>, Term)>,
    /// Whether the customer can have it forgotten before.
    pub forgettable: bool,
}

impl Policy {
    /// One activity for each kind of data that some choice keeps, in a language of the policy.
    pub fn activities(&self, wanted: Language) -> Vec<Activity> {
        let language = self.language(wanted);
        let kept = self.kept_classes().map(|(class, policy)| {
            let text = &policy.texts[&language];
            Activity {
                class,
                name: text.name.clone(),
                purpose: text.purpose.clone(),
                basis: basis(policy, language),
                keeps: self.kept_text(class, language),
                terms: (self.terms(class, language).into_iter())
                    .map(|(choice, term)| (choice.map(str::to_owned), term))
                    .collect(),
                forgettable: !class.always_kept(),
            }
        });
        kept.collect()
    }
}
