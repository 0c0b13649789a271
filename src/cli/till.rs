//! The till: what `olvido` does without a command.

use std::sync::Arc;

use crate::app::{self, Ended, Till};
use crate::domain::policy::Policy;
use crate::domain::settings::{Settings, Theme};
use crate::seal::private_file;
use crate::ui::screen::setup::{Setup, SetupAnswers};
use crate::ui::{Model, Screen};

use super::problem::Problem;
use super::run::{DONE, REFUSED, Session};
use super::{init, log};

/// Runs the till in this terminal until it is closed. Returns the exit code.
pub fn run(session: &Session) -> Result<u8, Problem> {
    let locale = session.locale();
    let first_start = !session.data.is_set_up();
    if first_start {
        init::refuse_existing(&session.data, locale)?;
        session.data.create().map_err(|error| Problem::of_paths(&error, locale))?;
    }
    let till = if first_start { set_up(session) } else { open(session)? };
    let _lock = session.lock()?;
    log::start(&session.data).map_err(|error| Problem::of_file(&session.data.log(), &error, locale))?;
    log::install_panic_log();
    match app::run(till) {
        Ok(Ended::Quit) => Ok(DONE),
        Ok(Ended::Refused(words)) => {
            eprint!("{words}");
            Ok(REFUSED)
        }
        Err(error) => Err(Problem {
            what: locale.text("cli-no-terminal").into_owned(),
            place: Some(error.to_string()),
            next: Some(locale.text("cli-no-terminal-next").into_owned()),
        }),
    }
}

/// The till of a store that is there.
fn open(session: &Session) -> Result<Till, Problem> {
    let mut settings = session.settings()?;
    respect_no_color(session, &mut settings);
    let policy = session.policy()?.1;
    let model = app::till_model(settings.clone(), policy);
    let opener = session.opener(settings)?;
    let (data, locale) = (session.data.clone(), session.locale());
    let open = move || opener().map_err(|error| Problem::of_store(&error, &data, locale).to_string());
    let set_up =
        Box::new(|_: &SetupAnswers, _: &mut dyn FnMut(usize, usize)| unreachable!("there is a store"));
    Ok(Till { model, open: Some(Box::new(open)), set_up, keep_policy: keep_policy(session) })
}

/// The set-up screen, and the till of the store that it makes.
fn set_up(session: &Session) -> Till {
    let mut settings = Settings::default();
    settings.store.language = session.language;
    respect_no_color(session, &mut settings);
    let mut model =
        Model::new(Arc::new(settings), Arc::new(Policy::shipped())).expect("the usual keys are sound");
    model.screen = Screen::Setup(Box::new(Setup::new(session.language)));
    let data = session.data.clone();
    let no_color = session.environment.no_color;
    let set_up = move |answers: &SetupAnswers, progress: &mut dyn FnMut(usize, usize)| {
        let mut opened = init::from_answers(&data, answers, progress)?;
        if no_color {
            opened.settings.display.theme = Theme::Plain;
        }
        Ok(opened)
    };
    Till { model, open: None, set_up: Box::new(set_up), keep_policy: keep_policy(session) }
}

/// Writes the policy that the hub sent.
fn keep_policy(session: &Session) -> app::KeepPolicy {
    let path = session.data.policy();
    Box::new(move |text| private_file::replace(&path, text.as_bytes()))
}

/// `NO_COLOR` (no-color.org) is stronger than the configured theme.
fn respect_no_color(session: &Session, settings: &mut Settings) {
    if session.environment.no_color {
        settings.display.theme = Theme::Plain;
    }
}
