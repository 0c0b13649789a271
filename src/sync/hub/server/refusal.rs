//! From what went wrong to a status and a fixed word.

use std::sync::atomic::Ordering::Relaxed;

use axum::http::StatusCode;

use super::metrics::Metrics;
use crate::sync::hub::{DbError, HubError};

/// Why a request is answered with an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    /// A fixed word: see the description of the routes.
    pub error: &'static str,
    /// For whoever runs the till, in English; nothing of the request is in it.
    pub hint: &'static str,
    /// Seconds until it is worth asking again.
    pub retry_after: Option<u64>,
    /// With `gap`: what the hub has.
    pub durable_through: Option<u64>,
}

impl Refusal {
    pub fn new(status: StatusCode, error: &'static str, hint: &'static str) -> Refusal {
        Refusal { status, error, hint, retry_after: None, durable_through: None }
    }

    pub fn invalid(error: &'static str) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, error, "The request is not as /openapi.json describes it.")
    }

    pub fn unauthorized() -> Refusal {
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Open a session first; a device that is not known here enrols.",
        )
    }

    pub fn no_such_route() -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here; /openapi.json says what is.")
    }

    pub fn wrong_method() -> Refusal {
        Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "wrong-method",
            "This is asked with the method in the Allow header.",
        )
    }

    pub fn media_type() -> Refusal {
        Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "Send application/json, plain or with Content-Encoding: zstd.",
        )
    }

    pub fn too_large(error: &'static str) -> Refusal {
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, error, "Send less at once.")
    }

    pub fn too_slow() -> Refusal {
        Refusal::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "The body did not arrive in time.")
    }

    pub fn too_many(seconds: u64) -> Refusal {
        Refusal {
            retry_after: Some(seconds.max(1)),
            ..Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many",
                "Ask again after the seconds in Retry-After.",
            )
        }
    }

    pub fn unavailable(error: &'static str, seconds: u64) -> Refusal {
        Refusal {
            retry_after: Some(seconds),
            ..Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                error,
                "Nothing is lost: ask again after the seconds in Retry-After.",
            )
        }
    }

    /// What the hub said. Counts and logs what is no fault of the asker's.
    pub fn of(error: HubError, metrics: &Metrics) -> Refusal {
        match error {
            HubError::Unauthorized => Refusal::unauthorized(),
            HubError::Revoked => Refusal::new(
                StatusCode::FORBIDDEN,
                "revoked",
                "This device counts no longer here: enrol it again, with a new code.",
            ),
            HubError::Invalid(word) => Refusal::invalid(word),
            HubError::TooLarge(word) => Refusal::too_large(word),
            HubError::TooMany { seconds } => Refusal::too_many(seconds),
            HubError::Gap { durable_through } => Refusal {
                durable_through: Some(durable_through),
                ..Refusal::new(
                    StatusCode::CONFLICT,
                    "gap",
                    "Send what follows durable_through, without leaving one out.",
                )
            },
            HubError::Recovering => Refusal::unavailable("recovering", 5),
            HubError::KeysElsewhere => Refusal::unavailable("keys-elsewhere", 5),
            HubError::Database(error) => {
                metrics.database_errors.fetch_add(1, Relaxed);
                Refusal::of_database(&error)
            }
            // Their words can hold paths of the hub, and go to its log alone.
            HubError::Keys(error) => Refusal::fault("keys", &error.to_string()),
            HubError::StoreKey(error) => Refusal::fault("store key", &error.to_string()),
            HubError::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => {
                log::error!("files: the disk is full");
                Refusal::unavailable("disk-full", 60)
            }
            HubError::Io(error) => Refusal::fault("files", &error.kind().to_string()),
        }
    }

    fn of_database(error: &DbError) -> Refusal {
        let (word, seconds) = match error {
            DbError::Retry => ("busy", 1),
            DbError::Unreachable(_) => ("database-unreachable", 5),
            DbError::NotReplicated => ("not-replicated", 5),
            DbError::DiskFull => ("disk-full", 60),
            // Of what the engine says only the line without values was kept.
            DbError::Damaged(_) | DbError::Other(_) => {
                return Refusal::fault("database", &error.to_string());
            }
        };
        log::warn!("database: {word}");
        Refusal::unavailable(word, seconds)
    }

    fn fault(part: &str, what: &str) -> Refusal {
        log::error!("{part}: {what}");
        Refusal::panicked()
    }

    /// A fault of the program, which is in its log.
    pub fn panicked() -> Refusal {
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "fault",
            "The hub could not do it; its log says why. Nothing is lost.",
        )
    }
}
