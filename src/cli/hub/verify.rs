//! `olvido hub verify`: whether the hub keeps every promise.

use std::io::Write;

use serde::Serialize;

use crate::cli::args::HubVerifyArgs;
use crate::cli::problem::Problem;
use crate::cli::run::{DONE, REFUSED, Session, written};
use crate::locale::{Arg, Locale};
use crate::sync::hub::{HubFinding, HubFindingKind, HubVerified};

#[derive(Serialize)]
struct Report<'a> {
    holds: bool,
    #[serde(flatten)]
    verified: &'a HubVerified,
}

/// Findings of one kind that are shown to people; `--json` has all.
const SHOWN: usize = 5;

impl Session {
    pub(super) fn hub_verify(&self, args: &HubVerifyArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let hub = self.existing_hub(&args.hub)?;
        let verified = hub.verify().map_err(|error| self.hub_failed(&error, &args.hub))?;
        let said = if args.json {
            let report = Report { holds: verified.holds(), verified: &verified };
            serde_json::to_string(&report).expect("a report is JSON")
        } else {
            text(&verified, self.locale())
        };
        written(writeln!(out, "{said}").map_err(Into::into), self.locale())?;
        Ok(if verified.holds() { DONE } else { REFUSED })
    }
}

fn text(verified: &HubVerified, locale: &'static Locale) -> String {
    let number = |count: u64| Arg::Number(i64::try_from(count).unwrap_or(i64::MAX));
    let looked_at = [
        ("stores", verified.stores.into()),
        ("records", number(verified.records)),
        ("tickets", number(verified.tickets)),
        ("purchases", verified.purchases.into()),
        ("erased", verified.erased.into()),
    ];
    let mut lines = vec![locale.format("hub-looked-at", &looked_at)];
    if verified.holds() {
        lines.push(locale.text("verify-holds").into_owned());
    } else {
        lines.push(locale.format("verify-found", &[("count", verified.findings.len().into())]));
    }
    let mut findings: Vec<&HubFinding> = verified.findings.iter().collect();
    findings.sort_by_key(|finding| finding.kind);
    for alike in findings.chunk_by(|a, b| a.kind == b.kind) {
        let (what, next) = words(alike[0].kind);
        for finding in alike.iter().take(SHOWN) {
            let subject = match finding.store.as_str() {
                "" => finding.subject.clone(),
                store => format!("{store}, {}", finding.subject),
            };
            lines.push(format!("  {}", locale.format(what, &[("subject", subject.into())])));
        }
        if alike.len() > SHOWN {
            let more = locale.format("verify-more", &[("count", (alike.len() - SHOWN).into())]);
            lines.push(format!("  {more}"));
        }
        lines.push(format!("    {}", locale.text(next)));
    }
    if verified.quarantined > 0 {
        lines.push(locale.format("hub-verify-quarantined", &[("count", number(verified.quarantined))]));
    }
    lines.join("\n")
}

/// What was found, and what to do.
fn words(kind: HubFindingKind) -> (&'static str, &'static str) {
    use HubFindingKind as K;
    match kind {
        K::Database => ("hub-found-database", "hub-found-records-next"),
        K::RecordMissing => ("hub-found-missing", "hub-found-records-next"),
        K::RecordChanged => ("hub-found-changed", "hub-found-records-next"),
        K::Signature => ("hub-found-signature", "hub-found-records-next"),
        K::TicketUnsound => ("hub-found-unsound", "hub-found-records-next"),
        K::Chain => ("hub-found-chain", "hub-found-records-next"),
        K::Sums => ("hub-found-sums", "hub-found-records-next"),
        K::KeyKept => ("hub-found-key-kept", "hub-found-kept-next"),
        K::BytesKept => ("hub-found-bytes-kept", "hub-found-kept-next"),
        K::KeyUnused => ("hub-found-key-unused", "hub-found-kept-next"),
        K::KeyMissing => ("hub-found-key-missing", "hub-found-sealed-next"),
        K::KeyDamaged => ("hub-found-key-damaged", "hub-found-sealed-next"),
        K::Unopened => ("hub-found-unopened", "hub-found-sealed-next"),
        K::List => ("hub-found-list", "hub-found-kept-next"),
        K::Pending => ("hub-found-pending", "hub-found-kept-next"),
        K::LeftOver => ("verify-left-over", "verify-left-over-next"),
        K::LeftOverStays => ("verify-left-over-stays", "verify-left-over-stays-next"),
    }
}
