//! `olvido review`: what was sold, added up.

use std::io::Write;

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::domain::language::Language;
use crate::domain::money::Money;
use crate::domain::policy::{Policy, Release};
use crate::domain::tender::TenderKind;
use crate::locale::Locale;
use crate::store::{Days, Review, Store, StoreError};

use super::args::ReviewArgs;
use super::problem::Problem;
use super::run::{DONE, Session, written};

/// Columns of the amounts, and of what stands before them.
const AMOUNT: usize = 14;
const NAME: usize = 30;

impl Session {
    /// Adds up without the lock: it only reads, so that a manager need not close the till.
    pub(super) fn review(&self, args: &ReviewArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let days = match args.day {
            Some(day) => Days::of(day),
            None => self.days(args.from, args.to)?,
        };
        let opened = self.opener(self.settings()?)?().map_err(|error| self.store_problem(&error))?;
        let review = opened.store.review(days).map_err(|error| self.store_problem(&error))?;
        let forgets = forgets(&opened.store).map_err(|error| self.store_problem(&error))?;
        let said = if args.json {
            let json = serde_json::to_string(&ReviewJson { review: &review, forgets: &forgets });
            json.map_err(Into::into).and_then(|json| Ok(writeln!(out, "{json}")?))
        } else {
            print(&review, opened.store.policy(), self.language, out)
                .and_then(|()| print_forgets(&forgets, self.locale(), out))
        };
        written(said, self.locale())?;
        Ok(DONE)
    }

    /// The days of `--from` and `--to`. Refused where the first comes after the last.
    pub(in crate::cli) fn days(
        &self,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
    ) -> Result<Days, Problem> {
        if let (Some(first), Some(last)) = (from, to)
            && first > last
        {
            let days = [("from", first.to_string().into()), ("to", last.to_string().into())];
            return Err(Problem {
                what: self.locale().text("days-backwards").into_owned(),
                place: None,
                next: Some(self.locale().format("days-backwards-next", &days)),
            });
        }
        Ok(Days { from, to })
    }
}

#[derive(Serialize)]
struct ReviewJson<'a> {
    #[serde(flatten)]
    review: &'a Review,
    #[serde(skip_serializing_if = "Forgets::is_empty")]
    forgets: &'a Forgets,
}

/// Forgets said here that not every copy has confirmed.
#[derive(Default, Serialize)]
struct Forgets {
    unconfirmed: u64,
    /// Copies that are still to confirm.
    copies: u64,
    /// Of these forgets the hub has not said yet how many copies there are.
    unsaid: u64,
}

impl Forgets {
    fn is_empty(&self) -> bool {
        self.unconfirmed == 0
    }
}

fn forgets(store: &Store) -> Result<Forgets, StoreError> {
    let mut forgets = Forgets::default();
    for id in store.unconfirmed()? {
        let state = store.forget_state(&id)?.unwrap_or_default();
        forgets.unconfirmed += 1;
        forgets.unsaid += u64::from(state.copies == 0);
        forgets.copies += u64::from(state.copies.saturating_sub(state.confirmed + state.lost));
    }
    Ok(forgets)
}

fn print_forgets(forgets: &Forgets, locale: &'static Locale, out: &mut impl Write) -> Result<()> {
    if forgets.is_empty() {
        return Ok(());
    }
    heading("sync-review", locale, out)?;
    let count = |n: u64| locale.number(i64::try_from(n).unwrap_or(i64::MAX), 0);
    row(&locale.text("sync-review-forgets"), &[count(forgets.unconfirmed)], out)?;
    row(&locale.text("sync-review-copies"), &[count(forgets.copies)], out)?;
    if forgets.unsaid > 0 {
        row(&locale.text("sync-review-unsaid"), &[count(forgets.unsaid)], out)?;
    }
    Ok(())
}

fn print(review: &Review, policy: &Policy, language: Language, out: &mut impl Write) -> Result<()> {
    let locale = Locale::of(language);
    let money = |amount| locale.money(amount, &review.currency);
    let count = |sales: u64| locale.number(i64::try_from(sales).unwrap_or(i64::MAX), 0);
    row(&locale.text("review-sales"), &[count(review.sales)], out)?;
    row(&locale.text("review-total"), &[locale.money_signed(review.total, &review.currency)], out)?;
    heading("review-days", locale, out)?;
    for (day, sum) in &review.by_day {
        row(&locale.date(*day), &[count(sum.sales), money(sum.total)], out)?;
    }
    heading("review-taxes", locale, out)?;
    for (rate, sum) in &review.tax {
        row(&locale.percent(*rate), &[money(sum.base), money(sum.tax)], out)?;
    }
    heading("review-departments", locale, out)?;
    for (department, sum) in &review.department {
        row(department, &[money(*sum)], out)?;
    }
    if review.department_waiting != Money::ZERO {
        row(&locale.text("review-waiting"), &[money(review.department_waiting)], out)?;
        let Release { sales, tickets, longest } = policy.release;
        let rule = [("sales", sales.into()), ("among", tickets.into()), ("longest", longest.into())];
        writeln!(out, "{}", locale.format("review-waiting-why", &rule))?;
    }
    heading("review-tenders", locale, out)?;
    for (kind, sum) in &review.tender {
        let name = match kind {
            TenderKind::Cash => locale.text("review-cash"),
            TenderKind::Card => locale.text("review-card"),
        };
        row(&name, &[money(*sum)], out)?;
    }
    if review.rounding != Money::ZERO {
        row(&locale.text("review-rounding"), &[money(review.rounding)], out)?;
    }
    heading("review-choices", locale, out)?;
    // The words of a card are the same on any day.
    let cards = policy.notice(language, chrono::NaiveDate::default()).cards;
    for (choice, sales) in &review.choice {
        let card = cards.iter().find(|card| card.choice == *choice);
        let name = match card {
            Some(card) => card.title.as_str().into(),
            None if choice == Review::UNANSWERED => locale.text("review-unanswered"),
            None => choice.as_str().into(),
        };
        row(&name, &[count(*sales)], out)?;
    }
    Ok(())
}

fn heading(key: &str, locale: &'static Locale, out: &mut impl Write) -> Result<()> {
    writeln!(out, "\n{}", locale.text(key))?;
    Ok(())
}

/// A name and its figures, each in a column of its own.
pub(super) fn row(name: &str, figures: &[String], out: &mut impl Write) -> Result<()> {
    write!(out, "  {name}{}", " ".repeat(NAME.saturating_sub(name.width())))?;
    for figure in figures {
        write!(out, " {}{figure}", " ".repeat(AMOUNT.saturating_sub(figure.width())))?;
    }
    writeln!(out)?;
    Ok(())
}
