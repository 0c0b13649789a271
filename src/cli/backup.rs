//! `olvido backup` and `olvido restore`.

use std::io::Write;
use std::path::Path;

use crate::domain::settings::Store as StoreSettings;
use crate::store::{BackupError, Ended, Restoring, finish_restore};

use super::args::{BackupArgs, RestoreArgs};
use super::config;
use super::problem::Problem;
use super::run::{Session, read_private};

impl Session {
    pub(super) fn back_up(&self, args: &BackupArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let mut locked = self.open_store()?;
        locked.lock.is_for_backup();
        let config = read_private(&self.data.config(), self.locale())?;
        let policy = self.policy()?.0;
        let now = crate::app::now();
        let made = locked.store.backup(&args.file, &config, &policy, now);
        let made = made.map_err(|error| self.backup_problem(&error, &args.file))?;
        let locale = self.locale();
        let kilobytes = i64::try_from(made.bytes.div_ceil(1000)).unwrap_or(i64::MAX);
        let ticket = locked.store.ticket(made.last_ticket).map_err(|error| self.store_problem(&error))?;
        let none = locale.text("backup-none").into_owned();
        let said = locale.format(
            "backup-made",
            &[
                ("file", args.file.display().to_string().into()),
                ("size", locale.number(kilobytes, 0).into()),
                ("ticket", ticket.map_or(none, |ticket| ticket.number_text()).into()),
                ("purchases", made.purchases.into()),
                ("key", self.data.store_key().display().to_string().into()),
            ],
        );
        self.say(&said, out)
    }

    pub(super) fn restore(&self, args: &RestoreArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let locale = self.locale();
        self.data.create().map_err(|error| Problem::of_paths(&error, locale))?;
        let _lock = self.lock()?;
        if finish_restore(self.data.root()).map_err(|error| self.store_problem(&error))? {
            return self.say(&locale.text("restore-finished"), out);
        }
        let today = crate::app::now().date_naive();
        let restoring = Restoring::prepare(&args.file, self.data.root(), args.store_key.as_deref(), today);
        let restoring = restoring.map_err(|error| self.backup_problem(&error, &args.file))?;
        let settings = config::parse(&restoring.config);
        let settings = settings.map_err(|errors| Problem::of_config(&args.file, &errors, locale))?;
        let series = self.next_series(args, &restoring, &settings.store.series)?;
        let text = if series == settings.store.series {
            restoring.config.clone()
        } else {
            config::fill(&restoring.config, &StoreSettings { series: series.clone(), ..settings.store })
        };
        let mut said = vec![
            locale.format(
                "restore-done",
                &[
                    ("day", locale.date(restoring.at.date_naive()).into()),
                    ("time", locale.time(restoring.at.time()).into()),
                    ("ticket", i64::try_from(restoring.last_ticket).unwrap_or(i64::MAX).into()),
                    ("purchases", restoring.purchases.into()),
                ],
            ),
            locale.format("restore-replayed", &[("count", restoring.replayed.into())]),
            locale.format("restore-series", &[("series", series.into())]),
        ];
        said.extend(self.ended_words(&restoring.ended));
        if today < restoring.at.date_naive() {
            let days = [("clock", today), ("day", restoring.at.date_naive())];
            let days = days.map(|(name, day)| (name, locale.date(day).into()));
            said.push(locale.format("restore-clock-behind", &days));
        }
        if restoring.is_unproven {
            said.push(locale.text("restore-unproven").into_owned());
        }
        if let Some(days) = restoring.past_days {
            said.push(locale.format("restore-past-days", &[("days", days.into())]));
        }
        if restoring.unknown > 0 {
            said.push(locale.format("restore-unknown", &[("count", restoring.unknown.into())]));
            said.push(locale.text("restore-unknown-next").into_owned());
        }
        restoring.install(&text).map_err(|error| self.store_problem(&error))?;
        self.say(&said.join("\n"), out)
    }

    /// What of the store in place a restore takes over, and what it ends.
    fn ended_words(&self, ended: &Ended) -> Vec<String> {
        let locale = self.locale();
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let lost = ended.tickets_lost.unwrap_or(0);
        let tickets = [("restore-takes-over", ended.tickets_taken_over), ("restore-loses-tickets", lost)];
        let tickets = tickets.into_iter().filter(|(_, count)| *count > 0);
        let mut words: Vec<String> =
            tickets.map(|(key, count)| locale.format(key, &[("count", number(count).into())])).collect();
        if ended.tickets_lost.is_none() {
            words.push(locale.text("restore-may-lose-tickets").into_owned());
        }
        if ended.purchases + ended.customers > 0 {
            let counts = [("purchases", ended.purchases.into()), ("customers", ended.customers.into())];
            words.push(locale.format("restore-ends", &counts));
        }
        words
    }

    /// The series of tickets after the restore: another one where numbers could be given again.
    fn next_series(
        &self,
        args: &RestoreArgs,
        restoring: &Restoring,
        present: &str,
    ) -> Result<String, Problem> {
        let locale = self.locale();
        let mut used = restoring.series.clone();
        used.push(present.to_owned());
        // An earlier restore may have begun a series that the backup does not know.
        if let Ok(settings) = self.settings() {
            used.push(settings.store.series);
        }
        used.sort();
        used.dedup();
        let next = || Some(needs_next(locale, &used, present));
        match &args.series {
            None if restoring.needs_new_series => Err(Problem {
                what: locale.text("restore-needs-series").into_owned(),
                place: Some(self.ended_words(&restoring.ended).join("\n")).filter(|words| !words.is_empty()),
                next: next(),
            }),
            None => Ok(present.to_owned()),
            Some(series) if !StoreSettings::is_series(series) => {
                let longest = ("longest", StoreSettings::LONGEST_ID.into());
                Err(Problem {
                    what: locale.format("restore-bad-series", &[longest]),
                    place: None,
                    next: next(),
                })
            }
            Some(series) if used.contains(series) => Err(Problem {
                what: locale.format("restore-series-used", &[("series", series.into())]),
                place: None,
                next: next(),
            }),
            Some(series) => Ok(series.clone()),
        }
    }

    fn backup_problem(&self, error: &BackupError, file: &Path) -> Problem {
        let locale = self.locale();
        let [what, next] = match error {
            BackupError::Store(error) => return self.store_problem(error),
            BackupError::File(path, error) => return Problem::of_file(path, error, locale),
            BackupError::Exists(_) => ["backup-exists", "backup-exists-next"],
            BackupError::Unfinished(_) => ["backup-unfinished", "backup-unfinished-next"],
            BackupError::NotABackup => ["backup-not-one", "backup-damaged-next"],
            BackupError::Altered(_) => ["backup-altered", "backup-damaged-next"],
            BackupError::BytesBehind => ["backup-bytes-behind", "backup-damaged-next"],
            BackupError::TooNew => ["backup-too-new", "backup-too-new-next"],
            BackupError::NoStoreKey => ["backup-no-key", "backup-no-key-next"],
            BackupError::WrongStoreKey => ["backup-wrong-key", "backup-wrong-key-next"],
            BackupError::OtherKeyHere => ["backup-other-key-here", "backup-other-key-here-next"],
            BackupError::SalesAfter { .. } => ["backup-sales-after", "backup-sales-after-next"],
            BackupError::OtherStore => ["backup-other-store", "backup-sales-after-next"],
        };
        let number = |number: &u64| i64::try_from(*number).unwrap_or(i64::MAX).into();
        let what = match error {
            BackupError::Altered(name) => locale.format(what, &[("name", name.into())]),
            BackupError::Unfinished(left) => locale.format(what, &[("names", left.join(", ").into())]),
            BackupError::SalesAfter { here, backup } => {
                locale.format(what, &[("here", number(here)), ("backup", number(backup))])
            }
            _ => locale.text(what).into_owned(),
        };
        let next = Some(locale.text(next).into_owned());
        Problem { what, place: Some(file.display().to_string()), next }
    }
}

/// Names a series that was never used: `A2` after `A`, `A3` after that.
fn needs_next(locale: &'static crate::locale::Locale, used: &[String], present: &str) -> String {
    let stem = present.trim_end_matches(|c: char| c.is_ascii_digit());
    let stem = if stem.is_empty() { "N" } else { stem };
    let free = (2..).map(|n: u32| format!("{stem}{n}")).find(|series| !used.contains(series));
    let names = [("used", used.join(", ").into()), ("next", free.unwrap_or_default().into())];
    locale.format("restore-needs-series-next", &names)
}

#[cfg(test)]
#[path = "backup_tests.rs"]
mod tests;
