//! `olvido ring [FILE] [--import]`.

use std::fs::File;
use std::io::{self, Read, Write};

use chrono::{DateTime, FixedOffset, Local, SubsecRound};

use crate::cli::args::RingArgs;
use crate::cli::problem::Problem;
use crate::cli::run::{DONE, REFUSED, Session};

use super::{Ring, RingError};

/// Rings up a file, or else standard input. Returns the exit code: 1 where any line was refused.
pub fn run(session: &Session, args: &RingArgs, out: &mut impl Write) -> Result<u8, Problem> {
    let locale = session.locale();
    let input: Box<dyn Read + Send> = match &args.file {
        Some(path) => Box::new(File::open(path).map_err(|error| Problem::of_file(path, &error, locale))?),
        None => Box::new(io::stdin()),
    };
    let mut opened = session.open_store()?;
    let ring = Ring { settings: &opened.settings, import: args.import, clock };
    let summary = ring.run(&mut opened.store, input, out).map_err(|error| match error {
        RingError::Store(error) => session.store_problem(&error),
        RingError::Input(error) | RingError::Output(error) => Problem {
            what: locale.text("ring-cut-short").into_owned(),
            place: Some(error.to_string()),
            next: Some(locale.text("ring-cut-short-hint").into_owned()),
        },
    })?;
    Ok(if summary.refused == 0 { DONE } else { REFUSED })
}

fn clock() -> DateTime<FixedOffset> {
    Local::now().fixed_offset().trunc_subsecs(0)
}
