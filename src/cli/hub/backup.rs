//! `olvido hub backup` and `olvido hub restore`.

use std::io::{self, Write};
use std::path::Path;

use chrono::Utc;

use crate::cli::args::HubBackupArgs;
use crate::cli::problem::Problem;
use crate::cli::run::Session;
use crate::locale::Arg;
use crate::sync::hub::db::Database;
use crate::sync::hub::{Hub, HubError, HubFiles};

impl Session {
    pub(super) fn hub_backup(&self, args: &HubBackupArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let hub = self.existing_hub(&args.hub)?;
        let made = hub.backup(&args.file, Utc::now());
        let made = made.map_err(|error| self.hub_backup_problem(&error, args))?;
        let said = self.locale().format(
            "hub-backup-made",
            &[
                ("file", args.file.display().to_string().into()),
                ("size", self.locale().number(signed(made.bytes.div_ceil(1000)), 0).into()),
                ("records", Arg::Number(signed(made.records))),
                ("purchases", Arg::Number(signed(made.purchases))),
                ("key", hub.files().key.display().to_string().into()),
                ("list", hub.files().erased_log.display().to_string().into()),
            ],
        );
        self.say(&said, out)
    }

    pub(super) fn hub_restore(&self, args: &HubBackupArgs, out: &mut impl Write) -> Result<u8, Problem> {
        self.data.create().map_err(|error| Problem::of_paths(&error, self.locale()))?;
        let address = self.hub_address(&args.hub)?;
        let files = HubFiles::of(self.data.root());
        let database = Database::open(&address).map_err(|error| self.hub_problem(&error.into(), &address))?;
        let restored = match self.hub_keys(&args.hub)? {
            None => Hub::restore(&args.file, &files, &database),
            Some(keys) => Hub::restore_with_keys(&args.file, &files, &database, keys),
        };
        let restored = restored.map_err(|error| self.hub_backup_problem(&error, args))?;
        let mut said = self.locale().format(
            "hub-restored",
            &[
                ("stores", restored.stores.into()),
                ("records", Arg::Number(signed(restored.records))),
                ("purchases", Arg::Number(signed(restored.purchases))),
                ("erased", Arg::Number(signed(restored.erased_since))),
            ],
        );
        if restored.is_unproven {
            said = format!("{said}\n{}", self.locale().text("restore-unproven"));
        }
        self.say(&said, out)
    }

    fn hub_backup_problem(&self, error: &HubError, args: &HubBackupArgs) -> Problem {
        let of_file = |[what, next]: [&str; 2], place: &Path| Problem {
            place: Some(place.display().to_string()),
            ..self.refusal(what, next)
        };
        match error {
            HubError::Io(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                of_file(["backup-exists", "backup-exists-next"], &args.file)
            }
            HubError::Io(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                of_file(["hub-backup-unfinished", "hub-backup-unfinished-next"], &args.file)
            }
            HubError::Io(error) => Problem::of_file(&args.file, error, self.locale()),
            HubError::Invalid("backup") => of_file(["backup-not-one", "backup-damaged-next"], &args.file),
            HubError::Invalid("backup-mark") => {
                of_file(["backup-other-mark", "backup-other-mark-next"], &args.file)
            }
            HubError::Invalid("backup-format") => {
                of_file(["backup-too-new", "backup-too-new-next"], &args.file)
            }
            HubError::Invalid("backup-keys") => {
                of_file(["backup-without-keys", "backup-without-keys-next"], &args.file)
            }
            HubError::Invalid("other-keys") => {
                of_file(["backup-other-keys", "backup-other-keys-next"], &args.file)
            }
            HubError::Invalid("not-empty") => {
                of_file(["hub-not-empty", "hub-not-empty-next"], self.data.root())
            }
            error => self.hub_failed(error, &args.hub),
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
