//! From arguments to an exit code.

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::process::ExitCode;

use super::args::{
    Cli, Command, CustomerCommand, ExportCommand, ImportCommand, PolicyCommand, PurchaseCommand,
};
use super::config;
use super::help::{self, Parsed};
use super::log;
use super::paths::{DataDir, Environment, PathError};
use super::printable::Printable;
use super::problem::Problem;
use crate::domain::language::Language;
use crate::domain::policy::{self, Policy};
use crate::domain::settings::Settings;
use crate::locale::Locale;
use crate::seal::private_file;
use crate::store::policy_in_force;

/// All went well.
pub const DONE: u8 = 0;
/// Something was refused, a check found something, or somebody has to mend something before a forget or an expiry
/// can end.
pub const REFUSED: u8 = 1;
/// The command line cannot be read.
pub const USAGE: u8 = 2;

/// What every command works with.
pub struct Session {
    pub data: DataDir,
    pub environment: Environment,
    /// What to speak: `--lang`, else the environment's language, else English.
    pub language: Language,
    /// `--lang` itself.
    pub asked_language: Option<Language>,
}

/// Runs the program: reads arguments and environment, prints, and returns 0 when all went well, 1
/// when something was refused or found, 2 for a command line that cannot be read.
pub fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().collect();
    let environment = Environment::of_process();
    let language = environment.language.unwrap_or(Language::English);
    ExitCode::from(sheltered(language, || {
        run(&args, environment, &mut io::stdout().lock(), &mut io::stderr().lock())
    }))
}

/// Keeps the memory of this process, which holds keys and the open basket, from other processes of the same user and
/// from files: nobody but root may read it (`/proc/PID/mem`, a debugger), and a crash leaves no core file.
/// See prctl(2), `PR_SET_DUMPABLE`, and setrlimit(2), `RLIMIT_CORE`.
pub fn keep_memory_private() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // To lower a limit is always allowed; where the system refuses all the same, the till has to sell.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Does the program's work. A panic in it goes to the log, and one sentence to the screen; the exit
/// code is then 1.
pub fn sheltered(language: Language, work: impl FnOnce() -> u8) -> u8 {
    log::install_panic_log();
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let words = |key| Locale::of(language).text(key).into_owned();
        let next = Some(words("cli-panic-next"));
        let _ = write!(io::stderr(), "{}", Problem { what: words("cli-panic"), place: None, next });
        REFUSED
    })
}

/// The same with everything given: for tests, and for other programs. Returns the exit code.
pub fn run(
    args: &[OsString],
    environment: Environment,
    out: &mut impl Write,
    complaints: &mut impl Write,
) -> u8 {
    let language = environment.language.unwrap_or(Language::English);
    let (out, complaints) = (&mut Printable::new(out), &mut Printable::new(complaints));
    let (said, code) = match help::parse(args, language) {
        Parsed::Say(text) => (write!(out, "{text}"), DONE),
        Parsed::Usage(problem) => (write!(complaints, "{problem}"), USAGE),
        Parsed::Command(cli) => {
            if let (Some(given), None, Some(_)) = (&environment.unknown_language, cli.lang, &cli.command) {
                let given = [("given", given.into())];
                // Who cannot be told this goes on all the same.
                let _ =
                    writeln!(complaints, "{}", Locale::of(language).format("cli-unknown-language", &given));
            }
            match command(&cli, environment, out) {
                Ok(code) => (Ok(()), code),
                Err(problem) => (write!(complaints, "{problem}"), REFUSED),
            }
        }
    };
    // A pipe that was closed has no reader to tell.
    let _ = said.and_then(|()| out.flush());
    code
}

fn command(cli: &Cli, environment: Environment, out: &mut impl Write) -> Result<u8, Problem> {
    let session = Session::open(cli, environment)?;
    let locale = session.locale();
    let Some(command) = &cli.command else {
        return super::till::run(&session);
    };
    match command {
        Command::Init(args) => {
            super::init::run(&session, args, out)?;
            Ok(DONE)
        }
        Command::Import(ImportCommand::Products(args)) => {
            let imported = session.import_products(args, out)?;
            Ok(if imported { DONE } else { REFUSED })
        }
        Command::Ring(args) => {
            let all_sold = session.ring(args, out)?;
            Ok(if all_sold { DONE } else { REFUSED })
        }
        Command::Review(args) => session.review(args, out),
        Command::Verify(args) => session.verify(args, out),
        Command::Expire(args) => session.expire(args, out),
        Command::Export(ExportCommand::Tickets) => session.export_tickets(out),
        Command::Receipt(args) => session.receipt(args, out),
        Command::Purchase(PurchaseCommand::Show(args)) => session.show_purchase(args, out),
        Command::Purchase(PurchaseCommand::Forget { code }) => session.forget_purchase(code, out),
        Command::Customer(CustomerCommand::Show(args)) => session.show_customer(args, out),
        Command::Customer(CustomerCommand::Forget(args)) => session.forget_customer(args, out),
        Command::Backup(args) => session.back_up(args, out),
        Command::Restore(args) => session.restore(args, out),
        Command::Sync(command) => session.sync(command, out),
        Command::Policy(PolicyCommand::Show(args)) => {
            let store = if session.data.is_set_up() { Some(session.settings()?.store) } else { None };
            let told = super::policy::Told {
                policy: &session.policy()?.1,
                only: args.language.or(session.asked_language),
                store: store.as_ref(),
                today: crate::app::now().date_naive(),
            };
            let said = if args.record { told.record(out) } else { told.show(out) };
            written(said, locale)?;
            Ok(DONE)
        }
        Command::Policy(PolicyCommand::New) => {
            written(write!(out, "{}", policy::SHIPPED).map_err(Into::into), locale)?;
            Ok(DONE)
        }
        Command::Hub(command) => session.hub(command, out),
        Command::Policy(PolicyCommand::Check(args)) => {
            let text = read(&args.file, locale)?;
            let name = args.file.display().to_string();
            // The file in place may be the very one that is judged: what counts is what the store has in force.
            let in_use = match policy_in_force(&session.data.database()) {
                Ok(in_use) => in_use,
                Err(_) => session.policy()?,
            };
            let good = super::policy::check(&in_use, &text, &name, session.language, out);
            Ok(if written(good, locale)? { DONE } else { REFUSED })
        }
    }
}

/// What was said could be written. A closed pipe (`olvido … | head`) has no reader to tell, and is
/// no failure of the command.
pub fn written<T: Default>(result: anyhow::Result<T>, locale: &'static Locale) -> Result<T, Problem> {
    result.or_else(|error| match error.downcast_ref::<io::Error>() {
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(T::default()),
        _ => Err(Problem {
            what: locale.text("cli-output-failed").into_owned(),
            place: Some(error.to_string()),
            next: Some(locale.text("cli-output-failed-next").into_owned()),
        }),
    })
}

impl Session {
    /// Finds the data directory and refuses one that others may read.
    pub fn open(cli: &Cli, environment: Environment) -> Result<Session, Problem> {
        let asked_language = cli.lang;
        let language = asked_language.or(environment.language).unwrap_or(Language::English);
        let refused = |error: PathError| Problem::of_paths(&error, Locale::of(language));
        let data = match &cli.command {
            Some(Command::Hub(command)) => {
                super::hub::directory(cli.data.as_deref(), command, &environment).map_err(refused)?
            }
            _ => DataDir::choose(cli.data.as_deref(), &environment).map_err(refused)?,
        };
        let checked = match &cli.command {
            Some(
                Command::Expire(_)
                | Command::Purchase(PurchaseCommand::Forget { .. })
                | Command::Customer(CustomerCommand::Forget(_)),
            ) => data.check_to_forget(),
            _ => data.check(),
        };
        checked.map_err(refused)?;
        Ok(Session { data, environment, language, asked_language })
    }

    pub fn locale(&self) -> &'static Locale {
        Locale::of(self.language)
    }

    /// The store's settings. Refused where there is no store, or its file is not right.
    pub fn settings(&self) -> Result<Settings, Problem> {
        if !self.data.is_set_up() {
            let words = |key| self.locale().text(key).into_owned();
            let problem = |place: &Path, what, next| Problem {
                what: words(what),
                place: Some(place.display().to_string()),
                next: Some(words(next)),
            };
            let is_store = self.data.database().exists() || self.data.keys().exists();
            return Err(match is_store {
                true => problem(&self.data.config(), "cli-config-missing", "cli-config-missing-next"),
                false => problem(self.data.root(), "cli-no-store", "cli-no-store-next"),
            });
        }
        let path = self.data.config();
        let text = read_private(&path, self.locale())?;
        config::parse(&text).map_err(|errors| Problem::of_config(&path, &errors, self.locale()))
    }

    /// The store's policy, its text first; the shipped one where there is no store yet.
    pub fn policy(&self) -> Result<(String, Policy), Problem> {
        let path = self.data.policy();
        let text =
            if path.exists() { read_private(&path, self.locale())? } else { policy::SHIPPED.to_owned() };
        match Policy::parse(&text) {
            Ok(policy) => Ok((text, policy)),
            Err(errors) => Err(Problem::of_policy(&path, &errors, self.locale())),
        }
    }
}

/// Bytes of a configuration or a policy at most: a hundred times what either takes.
const TEXT_BYTES_MAX: u64 = 1 << 20;

/// A configuration or policy of the shop's own, no link and no other user's. Refused in words where it cannot be read.
pub fn read_private(path: &Path, locale: &'static Locale) -> Result<String, Problem> {
    text(private_file::open_to_read(path)).map_err(|error| Problem::of_file(path, &error, locale))
}

/// A configuration or policy that somebody named. Refused in words where it cannot be read.
pub fn read(path: &Path, locale: &'static Locale) -> Result<String, Problem> {
    text(private_file::open_named(path)).map_err(|error| Problem::of_file(path, &error, locale))
}

fn text(file: io::Result<File>) -> io::Result<String> {
    let bytes = private_file::read_at_most(file?, TEXT_BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
