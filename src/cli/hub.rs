//! `olvido hub`: the tills' hub, from the command line. Serving, and what whoever runs it does beside.

mod backup;
mod config;
mod devices;
mod enrol;
mod problem;
mod publish;
mod report;
mod serve;
mod verify;

use std::io::Write;
use std::path::Path;

use chrono::Utc;

use super::args::{HubArgs, HubCommand, HubPublishCommand, HubStoreArgs};
use super::paths::{DataDir, Environment, PathError};
use super::problem::Problem;
use super::run::Session;
use crate::domain::text::{Place, quotable};
use crate::sync::hub::db::{Database, DatabaseAddress};
use crate::sync::hub::{Hub, HubFiles};

pub use config::HubConfig;

/// Where a hub's files are: what `--data` says, else beside its SQLite file, else `hub` in the user's
/// data directory. Errors: `NoHome`.
pub fn directory(
    argument: Option<&Path>,
    command: &HubCommand,
    environment: &Environment,
) -> Result<DataDir, PathError> {
    if let Some(directory) = argument {
        return Ok(DataDir::at(directory));
    }
    // An address that cannot be read is told when it is used.
    let named = command.hub().database.clone().or_else(|| environment.hub_database.as_ref()?.parse().ok());
    if let Some(DatabaseAddress::Sqlite(file)) = named {
        let beside = file.parent().filter(|parent| !parent.as_os_str().is_empty());
        return Ok(DataDir::at(beside.unwrap_or(Path::new("."))));
    }
    let user = DataDir::choose(None, environment)?;
    Ok(DataDir::at(&user.root().join("hub")))
}

impl HubCommand {
    fn hub(&self) -> &HubArgs {
        match self {
            HubCommand::Serve(args) => &args.hub,
            HubCommand::Enrol(args) => &args.store.hub,
            HubCommand::Devices(args) => &args.store.hub,
            HubCommand::Revoke(args) => &args.store.hub,
            HubCommand::Publish(HubPublishCommand::Products(args)) => &args.store.hub,
            HubCommand::Publish(HubPublishCommand::Policy(args)) => &args.store.hub,
            HubCommand::Report(args) => &args.store.hub,
            HubCommand::Verify(args) => &args.hub,
            HubCommand::Backup(args) | HubCommand::Restore(args) => &args.hub,
        }
    }
}

impl Session {
    pub(super) fn hub(&self, command: &HubCommand, out: &mut impl Write) -> Result<u8, Problem> {
        match command {
            HubCommand::Serve(args) => self.hub_serve(args, out),
            HubCommand::Enrol(args) => self.hub_enrol(args, out),
            HubCommand::Devices(args) => self.hub_devices(args, out),
            HubCommand::Revoke(args) => self.hub_revoke(args, out),
            HubCommand::Publish(HubPublishCommand::Products(args)) => self.hub_publish_products(args, out),
            HubCommand::Publish(HubPublishCommand::Policy(args)) => self.hub_publish_policy(args, out),
            HubCommand::Report(args) => self.hub_report(args, out),
            HubCommand::Verify(args) => self.hub_verify(args, out),
            HubCommand::Backup(args) => self.hub_backup(args, out),
            HubCommand::Restore(args) => self.hub_restore(args, out),
        }
    }

    /// The database that is meant: the argument, else the environment, else a file in the directory.
    fn hub_address(&self, args: &HubArgs) -> Result<DatabaseAddress, Problem> {
        match (&args.database, &self.environment.hub_database) {
            (Some(address), _) => Ok(address.clone()),
            // Its text can hold a password, and is not shown.
            (None, Some(text)) => {
                text.parse().map_err(|_| self.refusal("hub-bad-environment", "hub-bad-environment-next"))
            }
            (None, None) => Ok(DatabaseAddress::Sqlite(self.data.hub_database())),
        }
    }

    /// Opens a hub that is here already. Refused where none is: a command that only asks makes nothing.
    fn existing_hub(&self, args: &HubArgs) -> Result<Hub, Problem> {
        let files = HubFiles::of(self.data.root());
        if !files.key.exists() && !files.keys.exists() {
            let place = Some(self.data.root().display().to_string());
            return Err(Problem { place, ..self.refusal("hub-none", "hub-none-next") });
        }
        self.open_hub(args)
    }

    /// Opens the hub; makes its directory, files and tables where they are missing.
    fn open_hub(&self, args: &HubArgs) -> Result<Hub, Problem> {
        self.data.create().map_err(|error| Problem::of_paths(&error, self.locale()))?;
        let address = self.hub_address(args)?;
        let database = Database::open(&address).map_err(|error| self.hub_problem(&error.into(), &address))?;
        let files = HubFiles::of(self.data.root());
        let hub = match self.hub_keys(args)? {
            None => Hub::open(&files, database, Utc::now()),
            Some(keys) => Hub::open_with_keys(&files, database, keys, Utc::now()),
        };
        hub.map_err(|error| self.hub_problem(&error, &address))
    }

    /// The database of the keys, where they are not in a file.
    fn hub_keys(&self, args: &HubArgs) -> Result<Option<Database>, Problem> {
        let address = match (&args.keys_database, &self.environment.hub_keys_database) {
            (Some(address), _) => address.clone(),
            (None, Some(text)) => text
                .parse()
                .map_err(|_| self.refusal("hub-bad-keys-environment", "hub-bad-environment-next"))?,
            (None, None) => return Ok(None),
        };
        let keys = Database::open(&address).map_err(|error| self.hub_problem(&error.into(), &address))?;
        Ok(Some(keys))
    }

    /// The store that is meant: the one named, else the only one.
    fn hub_store(&self, hub: &Hub, args: &HubStoreArgs) -> Result<String, Problem> {
        let known = hub.stores().map_err(|error| self.hub_failed(&error, &args.hub))?;
        match (&args.store, known.as_slice()) {
            (Some(store), known) if known.contains(store) => Ok(store.clone()),
            (None, [only]) => Ok(only.clone()),
            (named, known) => {
                let locale = self.locale();
                let (what, next) = match named {
                    Some(_) => ("hub-no-such-store", "hub-which-store-next"),
                    None if known.is_empty() => ("hub-no-store", "hub-no-store-next"),
                    None => ("hub-which-store", "hub-which-store-next"),
                };
                let next = match known {
                    [] => locale.text("hub-no-store-next").into_owned(),
                    _ => locale.format(next, &[("stores", known.join(", ").into())]),
                };
                Err(Problem {
                    what: locale.text(what).into_owned(),
                    place: named.as_deref().map(|named| quotable(named, Place::Shop)),
                    next: Some(next),
                })
            }
        }
    }
}
