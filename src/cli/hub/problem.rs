//! What the hub says, in words.

use std::io;

use crate::cli::args::HubArgs;
use crate::cli::problem::Problem;
use crate::cli::run::Session;
use crate::seal::{KeysError, StoreKeyError};
use crate::sync::hub::db::DatabaseAddress;
use crate::sync::hub::server::tls::CertificateError;
use crate::sync::hub::{DbError, HubError, HubFiles};

impl Session {
    /// [`Session::hub_problem`] of the hub that the arguments name.
    pub(super) fn hub_failed(&self, error: &HubError, args: &HubArgs) -> Problem {
        match self.hub_address(args) {
            Ok(address) => self.hub_problem(error, &address),
            Err(problem) => problem,
        }
    }

    pub(super) fn hub_problem(&self, error: &HubError, address: &DatabaseAddress) -> Problem {
        let files = HubFiles::of(self.data.root());
        let missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        let place = match error {
            HubError::Keys(_) => files.keys.display().to_string(),
            HubError::StoreKey(_) => files.key.display().to_string(),
            HubError::Database(_) => address.to_string(),
            _ => self.data.root().display().to_string(),
        };
        let [what, next] = match error {
            HubError::Database(error) => match error {
                DbError::Retry => ["cli-busy", "cli-busy-next"],
                DbError::Unreachable(_) => ["hub-unreachable", "hub-unreachable-next"],
                DbError::NotReplicated => ["hub-not-replicated", "hub-not-replicated-next"],
                DbError::DiskFull => ["cli-disk-full", "cli-disk-full-next"],
                DbError::Damaged(_) => ["hub-damaged", "hub-damaged-next"],
                DbError::Other(_) => ["hub-database-failed", "hub-database-failed-next"],
            },
            HubError::Keys(KeysError::WrongStoreKey) => ["hub-wrong-key", "hub-wrong-key-next"],
            HubError::Keys(KeysError::Io(error)) | HubError::StoreKey(StoreKeyError::Io(error))
                if missing(error) =>
            {
                ["hub-keys-missing", "hub-damaged-next"]
            }
            HubError::Keys(_) | HubError::StoreKey(_) => ["hub-damaged", "hub-damaged-next"],
            HubError::KeysElsewhere => ["hub-keys-elsewhere", "hub-keys-elsewhere-next"],
            HubError::Invalid("store") => {
                return Problem { place: None, ..self.refusal("hub-bad-store", "hub-bad-store-next") };
            }
            HubError::Invalid("keys") => ["hub-other-keys", "hub-other-keys-next"],
            HubError::Invalid("restore") => ["hub-restore-unfinished", "hub-restore-unfinished-next"],
            HubError::Unauthorized | HubError::Revoked => ["hub-no-such-device", "hub-no-such-device-next"],
            HubError::Io(error) => return Problem::of_file(self.data.root(), error, self.locale()),
            _ => ["hub-refused", "hub-refused-next"],
        };
        let locale = self.locale();
        Problem {
            what: locale.text(what).into_owned(),
            place: Some(format!("{place}: {error}")),
            next: Some(locale.text(next).into_owned()),
        }
    }

    pub(super) fn certificate_problem(&self, error: &CertificateError) -> Problem {
        let locale = self.locale();
        let (what, next, path) = match error {
            CertificateError::Io(path, error) => return Problem::of_file(path, error, locale),
            CertificateError::NoCertificate(path) => {
                ("hub-no-certificate", "hub-no-certificate-next", Some(path))
            }
            CertificateError::NoKey(path) => ("hub-no-key", "hub-no-key-next", Some(path)),
            CertificateError::NotItsKey(path) => ("hub-not-its-key", "hub-not-its-key-next", Some(path)),
            CertificateError::NotMade => ("hub-not-made", "hub-not-made-next", None),
        };
        Problem {
            what: locale.text(what).into_owned(),
            place: path.map(|path| path.display().to_string()),
            next: Some(locale.text(next).into_owned()),
        }
    }
}
