//! `olvido hub report`: what the tills have sold, store by store.

use std::io::Write;

use anyhow::Result;

use crate::cli::args::HubReportArgs;
use crate::cli::problem::Problem;
use crate::cli::review::row;
use crate::cli::run::{DONE, Session, written};
use crate::domain::money::Currency;
use crate::locale::{Arg, Locale};
use crate::store::Review;
use crate::sync::hub::{CurrencySum, Report};

impl Session {
    pub(super) fn hub_report(&self, args: &HubReportArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let days = self.days(args.from, args.to)?;
        let hub = self.existing_hub(&args.store.hub)?;
        let reports = self.of_stores(&hub, &args.store, |store| hub.report(store, days))?;
        let reports: Vec<Report> = reports.into_iter().map(|(_, report)| report).collect();
        let said = if args.json {
            serde_json::to_string(&reports).map_err(Into::into).and_then(|json| Ok(writeln!(out, "{json}")?))
        } else {
            reports.iter().try_for_each(|report| print(report, self.locale(), out))
        };
        written(said, self.locale())?;
        Ok(DONE)
    }
}

fn print(report: &Report, locale: &'static Locale, out: &mut impl Write) -> Result<()> {
    let number = |count: u64| locale.number(i64::try_from(count).unwrap_or(i64::MAX), 0);
    let counted = |count: u64| Arg::Number(i64::try_from(count).unwrap_or(i64::MAX));
    writeln!(out, "{}", locale.format("hub-devices-of", &[("store", report.store.as_str().into())]))?;
    row(&locale.text("review-sales"), &[number(report.all.sales)], out)?;
    for (code, sum) in &report.all.currency {
        let money = |amount| locale.money(amount, &currency(code, sum));
        row(
            &format!("{} ({code})", locale.text("review-total")),
            &[number(sum.sales), money(sum.total)],
            out,
        )?;
        heading("review-taxes", locale, out)?;
        for (rate, (base, tax)) in &sum.tax {
            row(&locale.percent(*rate), &[money(*base), money(*tax)], out)?;
        }
    }
    heading("review-days", locale, out)?;
    for (day, sums) in &report.by_day {
        let mut figures = vec![number(sums.sales)];
        figures.extend(sums.currency.iter().map(|(code, sum)| locale.money(sum.total, &currency(code, sum))));
        row(&locale.date(*day), &figures, out)?;
    }
    heading("review-choices", locale, out)?;
    for (choice, sales) in &report.all.choice {
        let name = match choice.as_str() {
            Review::UNANSWERED => locale.text("review-unanswered"),
            choice => choice.into(),
        };
        row(&name, &[number(*sales)], out)?;
    }
    if report.all.not_counted != 0 {
        row(&locale.text("hub-not-told"), &[locale.number(report.all.not_counted, 0)], out)?;
    }
    let quarantined = report.quarantined.values().sum::<u64>();
    if quarantined > 0 {
        let reasons: Vec<&str> = report.quarantined.keys().map(String::as_str).collect();
        let told = [("count", counted(quarantined)), ("reasons", reasons.join(", ").into())];
        writeln!(out, "\n{}", locale.format("hub-quarantined", &told))?;
    }
    if report.conflicts > 0 {
        let told = [("count", counted(report.conflicts))];
        writeln!(out, "\n{}", locale.format("hub-conflicts", &told))?;
    }
    writeln!(out)?;
    Ok(())
}

/// The hub knows how many decimals a currency has from its tickets, whatever it is.
fn currency(code: &str, sum: &CurrencySum) -> Currency {
    Currency { code: code.to_owned(), sign: code.to_owned(), decimals: sum.decimals }
}

fn heading(key: &str, locale: &'static Locale, out: &mut impl Write) -> Result<()> {
    writeln!(out, "\n{}", locale.text(key))?;
    Ok(())
}
