//! `olvido verify`: whether the files keep every promise.

use std::io::Write;

use serde::Serialize;

use crate::locale::Locale;
use crate::store::{Finding, FindingKind, Verified};

use super::args::VerifyArgs;
use super::problem::Problem;
use super::run::{DONE, REFUSED, Session, written};

#[derive(Serialize)]
struct Report<'a> {
    holds: bool,
    tickets: u64,
    purchases: usize,
    profiles: usize,
    forgotten: usize,
    past_term: usize,
    /// After a restore that could not know what was forgotten: how many of the purchases may have been.
    doubtful: u64,
    strangers: &'a [String],
    findings: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Found<'a> {
    kind: FindingKind,
    subject: &'a str,
    message: String,
    hint: String,
}

impl Session {
    pub(super) fn verify(&self, args: &VerifyArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let mut locked = self.open_store()?;
        let today = crate::app::now().date_naive();
        let mut verified = locked.store.verify(today).map_err(|error| self.store_problem(&error))?;
        if !self.data.policy().exists() {
            let subject = self.data.policy().display().to_string();
            verified.findings.push(Finding { kind: FindingKind::PolicyFile, subject });
        }
        let said = if args.json { json(&verified, self.locale()) } else { text(&verified, self.locale()) };
        written(writeln!(out, "{said}").map_err(Into::into), self.locale())?;
        Ok(if verified.holds() { DONE } else { REFUSED })
    }
}

/// Findings of one kind that are shown to people; `--json` has all.
const SHOWN: usize = 5;

fn json(verified: &Verified, locale: &'static Locale) -> String {
    let findings = verified.findings.iter().map(|finding| {
        let (message, hint) = words(finding, locale);
        Found { kind: finding.kind, subject: &finding.subject, message, hint }
    });
    let report = Report {
        holds: verified.holds(),
        tickets: verified.tickets,
        purchases: verified.purchases,
        profiles: verified.profiles,
        forgotten: verified.forgotten,
        past_term: verified.past_term,
        doubtful: verified.doubt.map_or(0, |doubt| doubt.purchases),
        strangers: &verified.strangers,
        findings: findings.collect(),
    };
    serde_json::to_string(&report).expect("a report is JSON")
}

fn text(verified: &Verified, locale: &'static Locale) -> String {
    let looked_at = [
        ("tickets", i64::try_from(verified.tickets).unwrap_or(i64::MAX).into()),
        ("purchases", verified.purchases.into()),
        ("profiles", verified.profiles.into()),
        ("forgotten", verified.forgotten.into()),
    ];
    let mut lines = vec![locale.format("verify-looked-at", &looked_at)];
    if verified.holds() {
        lines.push(locale.text("verify-holds").into_owned());
    } else {
        lines.push(locale.format("verify-found", &[("count", verified.findings.len().into())]));
    }
    let mut findings: Vec<&Finding> = verified.findings.iter().collect();
    findings.sort_by_key(|finding| finding.kind);
    for alike in findings.chunk_by(|a, b| a.kind == b.kind) {
        for finding in alike.iter().take(SHOWN) {
            // SQLite's own words may have line breaks.
            lines.push(format!("  {}", words(finding, locale).0.replace('\n', " ")));
        }
        if alike.len() > SHOWN {
            lines.push(format!(
                "  {}",
                locale.format("verify-more", &[("count", (alike.len() - SHOWN).into())])
            ));
        }
        lines.push(format!("    {}", words(alike[0], locale).1));
    }
    if verified.past_term > 0 {
        lines.push(locale.format("verify-past-term", &[("count", verified.past_term.into())]));
    }
    if let Some(doubt) = verified.doubt {
        let day = locale.date(doubt.backup_at.date_naive());
        let count = i64::try_from(doubt.purchases).unwrap_or(i64::MAX);
        lines.push(locale.format("verify-doubt", &[("day", day.into()), ("count", count.into())]));
        lines.push(format!("    {}", locale.text("restore-unknown-next")));
    }
    if !verified.strangers.is_empty() {
        lines.push(locale.format("verify-strangers", &[("names", verified.strangers.join(", ").into())]));
    }
    lines.join("\n")
}

/// What was found, and what to do.
fn words(finding: &Finding, locale: &'static Locale) -> (String, String) {
    let [what, next] = match finding.kind {
        FindingKind::Database => ["verify-database", "verify-database-next"],
        FindingKind::NotOurs => ["verify-not-ours", "verify-not-ours-next"],
        FindingKind::PolicyFile => ["verify-policy-file", "verify-policy-file-next"],
        FindingKind::PolicyMissing => ["verify-policy-missing", "verify-policy-missing-next"],
        FindingKind::TicketMissing => ["verify-ticket-missing", "verify-ticket-next"],
        FindingKind::TicketChanged => ["verify-ticket-changed", "verify-ticket-next"],
        FindingKind::TicketSums => ["verify-ticket-sums", "verify-ticket-next"],
        FindingKind::KeyKept => ["verify-key-kept", "verify-key-kept-next"],
        FindingKind::BytesKept => ["verify-bytes-kept", "verify-kept-next"],
        FindingKind::KeyDamaged => ["verify-key-damaged", "verify-sealed-next"],
        FindingKind::SlotUnused => ["verify-slot-unused", "verify-slot-unused-next"],
        FindingKind::KeyMissing => ["verify-key-missing", "verify-key-missing-next"],
        FindingKind::Compaction => ["verify-compaction", "verify-compaction-next"],
        FindingKind::LookupKept => ["verify-lookup-kept", "verify-lookup-kept-next"],
        FindingKind::Unopened => ["verify-unopened", "verify-sealed-next"],
        FindingKind::Unlinked => ["verify-unlinked", "verify-sealed-next"],
        FindingKind::OutboxGap => ["verify-outbox-gap", "verify-outbox-next"],
        FindingKind::OutboxPurchase => ["verify-outbox-purchase", "verify-outbox-next"],
        FindingKind::PastTerm => ["verify-overdue", "verify-overdue-next"],
        FindingKind::CountThin => ["verify-count-thin", "verify-count-thin-next"],
        FindingKind::Pending => ["verify-pending", "verify-pending-next"],
        FindingKind::LeftOver => ["verify-left-over", "verify-left-over-next"],
        FindingKind::LeftOverStays => ["verify-left-over-stays", "verify-left-over-stays-next"],
    };
    let subject = finding.subject.as_str();
    (locale.format(what, &[("subject", subject.into())]), locale.text(next).into_owned())
}
