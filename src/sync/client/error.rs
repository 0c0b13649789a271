//! Why a hub could not be asked, by what the till can do about it.

use std::error::Error;
use std::fmt;

use rustls::CertificateError;

/// What a request came to when it came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// No connection, or it broke, or no answer in time. Whether the hub did what was asked is not known.
    Unreachable(String),
    /// The hub, or a proxy before it, refused.
    Refused {
        /// Of HTTP, 400 to 599.
        status: u16,
        /// The hub's fixed word for why; empty where there is none.
        error: String,
        /// Seconds that it asks to wait.
        retry_after: Option<u64>,
    },
    /// What answers there is no hub, or one that breaks the protocol: what of its answer is wrong.
    NotAHub(&'static str),
    /// The hub's certificate has another key than the one that the till knows.
    CertificateChanged,
    /// What was to be sent is larger than any hub takes.
    TooLarge,
    /// What was to be sent could not be read here.
    Unread(String),
}

impl ClientError {
    /// Whether the hub says that this till counts no longer.
    pub fn is_revoked(&self) -> bool {
        matches!(self, ClientError::Refused { status: 403, error, .. } if error == "revoked")
    }
}

impl From<ureq::Error> for ClientError {
    fn from(error: ureq::Error) -> ClientError {
        use ureq::Error as E;
        match error {
            E::BodyExceedsLimit(_) | E::LargeResponseHeader(..) => ClientError::NotAHub("length"),
            E::Protocol(_) | E::Http(_) => ClientError::NotAHub("protocol"),
            E::Rustls(error) => of_tls(&error),
            // What TLS says comes through the adapter of its connection.
            E::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(tls) => of_tls(tls),
                None => ClientError::Unreachable(error.to_string()),
            },
            other => ClientError::Unreachable(other.to_string()),
        }
    }
}

fn of_tls(error: &rustls::Error) -> ClientError {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure) => {
            ClientError::CertificateChanged
        }
        rustls::Error::InvalidMessage(_) => ClientError::NotAHub("encryption"),
        other => ClientError::Unreachable(other.to_string()),
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::Unreachable(what) => write!(f, "the hub cannot be reached: {what}"),
            ClientError::Refused { status, error, .. } => write!(f, "the hub refused: {status} {error}"),
            ClientError::NotAHub(what) => write!(f, "no hub answers there: its {what} is wrong"),
            ClientError::CertificateChanged => f.write_str("the hub's certificate has another key"),
            ClientError::TooLarge => f.write_str("too large to be sent"),
            ClientError::Unread(what) => write!(f, "what is to be sent cannot be read: {what}"),
        }
    }
}

impl Error for ClientError {}
