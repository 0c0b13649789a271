//! Help and complaints about the command line, in the user's language. The tree comes from
//! [`super::args`], every word from the locale.

use std::borrow::Cow;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory, Parser};

use super::args::Cli;
use super::problem::Problem;
use crate::domain::language::Language;
use crate::domain::settings::Store;
use crate::domain::text::{Place, quotable};
use crate::locale::Locale;

/// What came of reading the command line.
#[derive(Debug)]
pub enum Parsed {
    Command(Cli),
    /// Text for standard output: help, or the version.
    Say(String),
    /// A command line that cannot be read.
    Usage(Problem),
}

/// Reads the command line. Words are looked up only where something must be said.
pub fn parse(args: &[OsString], language: Language) -> Parsed {
    let error = match Cli::try_parse_from(args) {
        Ok(cli) => return Parsed::Command(cli),
        Err(error) => error,
    };
    let locale = Locale::of(asked_language(args).unwrap_or(language));
    match error.kind() {
        ErrorKind::DisplayVersion => Parsed::Say(error.to_string()),
        ErrorKind::DisplayHelp => {
            match localized(locale).try_get_matches_from(args) {
                Err(help) => Parsed::Say(in_words(&help.to_string(), locale)),
                // The words change nothing in what is read.
                Ok(_) => Parsed::Say(error.to_string()),
            }
        }
        _ => Parsed::Usage(usage_problem(&error, locale)),
    }
}

/// `--lang` as it stands in arguments that could not be read.
fn asked_language(args: &[OsString]) -> Option<Language> {
    let mut texts = args.iter().skip(1).filter_map(|arg| arg.to_str());
    while let Some(text) = texts.next() {
        if text == "--lang" {
            return texts.next()?.parse().ok();
        }
        if let Some(value) = text.strip_prefix("--lang=") {
            return value.parse().ok();
        }
    }
    None
}

/// The command tree with its words.
fn localized(locale: &'static Locale) -> Command {
    translated(Cli::command(), "help", locale)
}

fn translated(command: Command, key: &str, locale: &'static Locale) -> Command {
    let words = |key: &str| locale.text(key).into_owned();
    let about = words(key);
    let template = format!("{about}\n\n{} {{usage}}\n\n{{all-args}}", words("cli-usage"));
    let heading = |arg: &Arg| if arg.is_positional() { "cli-values" } else { "cli-options" };
    command
        .about(about)
        .help_template(template)
        .subcommand_help_heading(word("cli-commands", locale))
        .subcommand_value_name(word("cli-command", locale))
        .mut_args(move |arg| {
            let key = format!("help-arg-{}", arg.get_id().as_str().replace('_', "-"));
            let help = locale.text(&key).into_owned();
            let heading = word(heading(&arg), locale);
            arg.help(help).help_heading(heading)
        })
        .mut_subcommands(|sub| {
            let key = format!("{key}-{}", sub.get_name());
            translated(sub, &key, locale)
        })
}

/// A heading, which clap takes only for good; a word without variables is one.
fn word(key: &'static str, locale: &'static Locale) -> &'static str {
    match locale.text(key) {
        Cow::Borrowed(text) => text,
        Cow::Owned(_) => key,
    }
}

/// The one word of clap's that no setting reaches.
fn in_words(help: &str, locale: &'static Locale) -> String {
    help.replace("[OPTIONS]", &format!("[{}]", locale.text("cli-option")))
}

fn usage_problem(error: &clap::Error, locale: &'static Locale) -> Problem {
    // What stands in the wrong place may be a customer's number.
    let store = Store::default();
    let place = Place::Sale { dialling_code: &store.dialling_code };
    let context =
        |kind| error.get(kind).map(|value| quotable(&context_text(value), place)).unwrap_or_default();
    let arg = context(ContextKind::InvalidArg);
    let name = ("name", arg.as_str().into());
    let what = match error.kind() {
        ErrorKind::UnknownArgument => locale.format("cli-unknown-argument", &[name]),
        ErrorKind::InvalidSubcommand => {
            let name = context(ContextKind::InvalidSubcommand);
            locale.format("cli-unknown-command", &[("name", name.into())])
        }
        ErrorKind::MissingRequiredArgument => locale.format("cli-missing-argument", &[name]),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            locale.text("cli-missing-command").into_owned()
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let value = context(ContextKind::InvalidValue);
            if value.is_empty() {
                locale.format("cli-missing-value", &[name])
            } else {
                locale.format("cli-bad-value", &[name, ("value", value.into())])
            }
        }
        ErrorKind::ArgumentConflict => {
            let other = context(ContextKind::PriorArg);
            locale.format("cli-conflict", &[name, ("other", other.into())])
        }
        _ => locale.text("cli-unreadable").into_owned(),
    };
    let meant = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand].map(context);
    let next = match meant.into_iter().find(|meant| !meant.is_empty()) {
        Some(meant) => locale.format("cli-meant", &[("name", meant.into())]),
        None => locale.text("cli-see-help").into_owned(),
    };
    Problem { what, place: None, next: Some(next) }
}

fn context_text(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join(", "),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str, language: Language) -> Parsed {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        parse(&args, language)
    }

    fn for_each_command(command: &Command, path: &str, see: &mut impl FnMut(&Command, &str)) {
        see(command, path);
        for sub in command.get_subcommands() {
            for_each_command(sub, &format!("{path} {}", sub.get_name()), see);
        }
    }

    #[test]
    fn the_tree_is_sound() {
        Cli::command().debug_assert();
        Language::ALL.into_iter().for_each(|language| localized(Locale::of(language)).debug_assert());
    }

    #[test]
    fn every_command_and_argument_has_words_in_every_language() {
        for language in Language::ALL {
            for_each_command(&localized(Locale::of(language)), "olvido", &mut |command, path| {
                let about = command.get_about().map(ToString::to_string).unwrap_or_default();
                assert!(!about.is_empty() && !about.starts_with('['), "{language}: {path}: {about}");
                for arg in command.get_arguments() {
                    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                    assert!(!help.is_empty() && !help.starts_with('['), "{language}: {path}: {help}");
                }
            });
        }
    }

    #[test]
    fn a_customer_in_the_wrong_place_is_not_repeated() {
        for line in [
            "olvido 600123456",
            "olvido customer show ana@example.org --store 600123456",
            "olvido purchase show AAAA --purpose ana@example.org",
            "olvido purchase show AAAA --purpose +34600123456",
            "olvido hub report --database postgress://u:600123456@127.0.0.1/x",
            "olvido hub report --database postgres://u:600123456@127.0.0.1/x?bad=1",
        ] {
            let Parsed::Usage(problem) = parsed(line, Language::English) else { panic!("{line}") };
            let said = format!("{problem:?}");
            assert!(!said.contains("600123456") && !said.contains("ana@"), "{line}: {said}");
        }
    }

    #[test]
    fn spanish_help_is_spanish() {
        let mut lines = Vec::new();
        for_each_command(&Cli::command(), "olvido", &mut |_, path| lines.push(path.to_owned()));
        for line in lines {
            let Parsed::Say(help) = parsed(&format!("{line} --help"), Language::Spanish) else {
                panic!("{line}")
            };
            for word in ["Usage", "OPTIONS", "COMMAND", "Commands:", "Options:", "Arguments", "Print"] {
                assert!(!help.contains(word), "{line}: {word} in\n{help}");
            }
        }
        for language in Language::ALL {
            let code = language.code();
            let Parsed::Say(help) = parsed("olvido --help", language) else { panic!("{code}") };
            insta::assert_snapshot!(format!("help_{code}"), help);
            let Parsed::Say(help) = parsed("olvido policy show --help", language) else { panic!("{code}") };
            insta::assert_snapshot!(format!("help_policy_show_{code}"), help);
        }
    }

    #[test]
    fn complaints_name_the_argument_and_the_way_out() {
        let lines = [
            "olvido --foo",
            "olvido polcy show",
            "olvido policy",
            "olvido policy check",
            "olvido policy show --langauge es",
            "olvido policy show --language fr",
            "olvido --lang",
            "olvido policy show extra",
            "olvido --data a --data b policy show",
        ];
        for language in Language::ALL {
            let said: Vec<String> = lines
                .iter()
                .map(|line| match parsed(line, language) {
                    Parsed::Usage(problem) => format!("{line}\n{problem}"),
                    Parsed::Say(text) => format!("{line}\n{}\n", text.lines().next().unwrap_or_default()),
                    Parsed::Command(cli) => panic!("{line}: {cli:?}"),
                })
                .collect();
            insta::assert_snapshot!(format!("usage_{}", language.code()), said.join("\n"));
        }
    }

    #[test]
    fn the_language_asked_for_counts_even_in_a_line_that_cannot_be_read() {
        for (line, expected) in [
            ("olvido --lang es --foo", "opción"),
            ("olvido --lang=es --foo", "opción"),
            ("olvido --foo --lang en", "option"),
        ] {
            let Parsed::Usage(problem) = parsed(line, Language::English) else { panic!("{line}") };
            assert!(problem.next.unwrap_or_default().contains("--help"), "{line}");
            assert!(problem.what.contains(expected), "{line}: {}", problem.what);
        }
    }
}
