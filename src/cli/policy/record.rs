//! `olvido policy show --record`: the record of processing activities (GDPR, article 30(1)).

use std::io::Write;

use anyhow::Result;

use super::{Told, wrapped};
use crate::domain::policy::{Activity, DataClass};
use crate::locale::policy::term;
use crate::locale::{Arg, Locale};

/// What of the record the program knows and the policy need not say: whose data a class is, and who
/// gets it outside the store.
fn persons_and_recipients(class: DataClass) -> [&'static str; 2] {
    match class {
        DataClass::Ticket => ["record-ticket-persons", "record-ticket-recipients"],
        DataClass::Counters => ["record-counters-persons", "record-counters-recipients"],
        DataClass::Lines => ["record-lines-persons", "record-lines-recipients"],
        DataClass::Profile => ["record-profile-persons", "record-profile-recipients"],
    }
}

impl Told<'_> {
    /// Prints the record as of today, in the shop's language or the one asked for. What the program
    /// does by itself (staff, recipients, security) is in its own words; the rest is the policy's.
    ///
    /// Errors: `out` cannot be written.
    pub fn record(&self, out: &mut impl Write) -> Result<()> {
        let (policy, language) = (self.policy, self.language());
        let locale = Locale::of(language);
        let day = locale.date(self.today);
        writeln!(out, "{}", locale.text("record-title"))?;
        let version = [("version", Arg::from(policy.version)), ("day", day.into())];
        writeln!(out, "{}", locale.format("record-version", &version))?;
        let controller = policy.controller_section(language, self.store);
        section(&controller.heading, &controller.paragraphs, out)?;
        for activity in policy.activities(language) {
            section(&activity.name, &facts(&activity, locale), out)?;
        }
        section(&locale.text("record-staff"), &of_staff(locale), out)?;
        section(&locale.text("record-transfers"), &[locale.text("record-transfers-none")], out)?;
        let measures = [
            "record-security-sealed",
            "record-security-keys",
            "record-security-access",
            "record-security-forget",
            "record-security-backups",
            "record-security-travel",
        ];
        section(&locale.text("record-security"), &measures.map(|measure| locale.text(measure)), out)
    }
}

fn facts(activity: &Activity, locale: &'static Locale) -> Vec<String> {
    let [persons, recipients] = persons_and_recipients(activity.class).map(|key| locale.text(key));
    let terms = activity.terms.iter().map(|(choice, span)| {
        let span = term(locale, *span);
        choice.as_ref().map_or_else(|| span.clone(), |choice| format!("{span} ({choice})"))
    });
    let sooner = activity.forgettable.then(|| locale.text("record-term-sooner").into_owned());
    let terms: Vec<String> = terms.chain(sooner).collect();
    let facts = [
        ("record-purpose", activity.purpose.as_str()),
        ("record-basis", &activity.basis),
        ("record-persons", &persons),
        ("record-data", &activity.keeps),
        ("record-recipients", &recipients),
        ("record-term", &terms.join("; ")),
    ];
    facts.iter().map(|(label, text)| format!("{}: {text}", locale.text(label))).collect()
}

/// Who sells is a person, too, and their data are the program's.
fn of_staff(locale: &'static Locale) -> Vec<String> {
    let facts = [
        ("record-purpose", "record-staff-purpose"),
        ("record-basis", "record-staff-basis"),
        ("record-persons", "record-staff-persons"),
        ("record-data", "record-staff-data"),
        ("record-recipients", "record-staff-recipients"),
        ("record-term", "record-staff-term"),
    ];
    facts.iter().map(|(label, text)| format!("{}: {}", locale.text(label), locale.text(text))).collect()
}

fn section(heading: &str, paragraphs: &[impl AsRef<str>], out: &mut impl Write) -> Result<()> {
    writeln!(out, "\n{heading}")?;
    paragraphs.iter().try_for_each(|paragraph| wrapped("  ", paragraph.as_ref(), out))
}
