//! Errors in words: what happened, where, and what to do next. Only here, at the edge.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::config::ConfigError;
use super::paths::{self, LockError, PathError};
use super::printable::printable;
use crate::domain::policy::PolicyError;
use crate::locale::{Locale, policy};
use crate::seal::private_file::Foreign;

/// What the user is told when a command is refused: two or three short lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    pub what: String,
    /// File, line, or whatever it is about.
    pub place: Option<String>,
    /// What to do next; a line each where there is more than one thing.
    pub next: Option<String>,
}

impl Problem {
    /// The data directory cannot be used.
    pub fn of_paths(error: &PathError, locale: &'static Locale) -> Problem {
        let words = |key| locale.text(key).into_owned();
        match error {
            PathError::NoHome => {
                Problem { what: words("cli-no-home"), place: None, next: Some(words("cli-no-home-next")) }
            }
            PathError::Loose(loose) => {
                let places: Vec<String> = loose
                    .iter()
                    .map(|l| {
                        let mode = format!("{:04o}", l.found);
                        let path = l.path.display().to_string();
                        locale.format("cli-loose-place", &[("path", path.into()), ("mode", mode.into())])
                    })
                    .collect();
                let commands: Vec<String> = loose.iter().map(|l| l.remedy()).collect();
                Problem {
                    what: words("cli-loose"),
                    place: Some(places.join("\n")),
                    next: Some(format!("{}\n{}", words("cli-loose-next"), commands.join("\n"))),
                }
            }
            PathError::Foreign(foreign) => {
                let lines = |key: fn(&Foreign) -> &'static str, shown: fn(&Path) -> String| -> Vec<String> {
                    let line = |(path, why): &(PathBuf, Foreign)| {
                        let user =
                            if let Foreign::Owner(user) = why { user.to_string() } else { String::new() };
                        locale.format(key(why), &[("path", shown(path).into()), ("user", user.into())])
                    };
                    foreign.iter().map(line).collect()
                };
                let places = lines(foreign_words, |path| path.display().to_string());
                let mut remedies = lines(foreign_remedy, paths::quoted);
                remedies.dedup();
                Problem {
                    what: words("cli-foreign"),
                    place: Some(places.join("\n")),
                    next: Some(remedies.join("\n")),
                }
            }
            PathError::Shared(path) => {
                let own = path.join("olvido").display().to_string();
                Problem {
                    what: words("cli-shared"),
                    place: Some(path.display().to_string()),
                    next: Some(locale.format("cli-shared-next", &[("path", own.into())])),
                }
            }
            PathError::NotADirectory(path) => Problem {
                what: words("cli-not-a-directory"),
                place: Some(path.display().to_string()),
                next: Some(words("cli-not-a-directory-next")),
            },
            PathError::Io(path, error) => Problem::of_file(path, error, locale),
        }
    }

    /// Another process works with the same data.
    pub fn of_lock(error: &LockError, locale: &'static Locale) -> Problem {
        match error {
            LockError::Held { pid, is_backup } => Problem {
                what: locale.text(if *is_backup { "cli-locked-backup" } else { "cli-locked" }).into_owned(),
                place: pid.map(|pid| locale.format("cli-locked-by", &[("pid", pid.into())])),
                next: Some(
                    locale
                        .text(if *is_backup { "cli-locked-backup-next" } else { "cli-locked-next" })
                        .into_owned(),
                ),
            },
            LockError::Io(path, error) => Problem::of_file(path, error, locale),
        }
    }

    /// A file cannot be read or written.
    pub fn of_file(path: &Path, error: &io::Error, locale: &'static Locale) -> Problem {
        let [what, next] = match error.kind() {
            io::ErrorKind::NotFound => ["cli-file-missing", "cli-file-missing-next"],
            io::ErrorKind::PermissionDenied => ["cli-file-denied", "cli-file-denied-next"],
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                ["cli-disk-full", "cli-disk-full-next"]
            }
            io::ErrorKind::FileTooLarge => ["cli-file-large", "cli-file-large-next"],
            io::ErrorKind::InvalidInput => ["cli-file-irregular", "cli-file-irregular-next"],
            io::ErrorKind::InvalidData => ["cli-not-text", "cli-not-text-next"],
            _ => ["cli-file-failed", "cli-file-failed-next"],
        };
        Problem {
            what: locale.text(what).into_owned(),
            place: Some(path.display().to_string()),
            next: Some(locale.text(next).into_owned()),
        }
    }

    /// A configuration is refused: every line of it that is.
    pub fn of_config(path: &Path, errors: &[ConfigError], locale: &'static Locale) -> Problem {
        let refusals = errors.iter().map(|e| (e.line, e.reason(locale), e.remedy(locale)));
        Problem::of_refusals("cli-config-refused", path, refusals, locale)
    }

    /// A policy is refused: every line of it that is.
    pub fn of_policy(path: &Path, errors: &[PolicyError], locale: &'static Locale) -> Problem {
        let refusals = errors.iter().map(|e| {
            let words = policy::refusal(locale, e);
            (e.line, words.reason, words.remedy)
        });
        Problem::of_refusals("cli-policy-refused", path, refusals, locale)
    }

    fn of_refusals(
        what: &str,
        path: &Path,
        refusals: impl Iterator<Item = (usize, String, String)>,
        locale: &'static Locale,
    ) -> Problem {
        let lines: Vec<String> = refusals
            .map(|(line, reason, remedy)| {
                let reason = locale.format("cli-line", &[("line", line.into()), ("reason", reason.into())]);
                format!("{reason}\n  {remedy}")
            })
            .collect();
        Problem {
            what: locale.text(what).into_owned(),
            place: Some(path.display().to_string()),
            next: Some(lines.join("\n")),
        }
    }
}

fn foreign_words(why: &Foreign) -> &'static str {
    match why {
        Foreign::Link => "cli-foreign-link",
        Foreign::Kind => "cli-foreign-kind",
        Foreign::Owner(_) => "cli-foreign-owner",
    }
}

fn foreign_remedy(why: &Foreign) -> &'static str {
    match why {
        Foreign::Link => "cli-foreign-link-next",
        Foreign::Kind => "cli-foreign-kind-next",
        Foreign::Owner(_) => "cli-foreign-owner-next",
    }
}

/// `olvido: what`, then the rest indented. Hidden signs, which could come from a file or its name, are written
/// out.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut write = |before: &str, line: &str| writeln!(f, "{before}{}", printable(line));
        write("olvido: ", &self.what.replace('\n', " "))?;
        let rest = self.place.iter().chain(&self.next);
        rest.flat_map(|text| text.lines()).try_for_each(|line| write("  ", line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::paths::Loose;
    use crate::domain::language::Language;

    #[test]
    fn every_problem_has_words_in_every_language() {
        let file = Path::new("/data/olvido.db");
        let loose = |name: &str| Loose { path: file.with_file_name(name), found: 0o640, wanted: 0o600 };
        let kinds = [
            io::ErrorKind::NotFound,
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::StorageFull,
            io::ErrorKind::FileTooLarge,
            io::ErrorKind::InvalidInput,
            io::ErrorKind::InvalidData,
            io::ErrorKind::Other,
        ];
        for language in Language::ALL {
            let locale = Locale::of(language);
            let paths = [
                PathError::NoHome,
                PathError::Loose(vec![loose("olvido.db"), loose("it's.log")]),
                PathError::Foreign(vec![
                    (file.to_owned(), Foreign::Link),
                    (file.with_file_name("logs"), Foreign::Kind),
                    (file.with_file_name("it's\u{1b}[31m.key"), Foreign::Owner(1000)),
                ]),
                PathError::Shared("/tmp".into()),
                PathError::NotADirectory(file.to_owned()),
            ];
            let held = |pid, is_backup| LockError::Held { pid, is_backup };
            let locks = [held(Some(4711), false), held(None, false), held(Some(4711), true)];
            let problems: Vec<String> = paths
                .iter()
                .map(|error| Problem::of_paths(error, locale))
                .chain(locks.iter().map(|error| Problem::of_lock(error, locale)))
                .chain(kinds.map(|kind| Problem::of_file(file, &kind.into(), locale)))
                .map(|problem| problem.to_string())
                .collect();
            insta::assert_snapshot!(format!("problems_{}", language.code()), problems.join("\n"));
        }
    }
}
