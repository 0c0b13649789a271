//! Where a hub's database is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::config::{Config, Host, SslMode};

/// Where a hub's database is: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/NAME`
/// with the parameters of PostgreSQL's libpq. Of several hosts the one that takes writes is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseAddress {
    Sqlite(PathBuf),
    Postgres(Box<Config>),
}

/// Why a text is no such address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseAddressError {
    /// It begins neither with `sqlite:` nor with `postgres:`.
    Scheme,
    /// No file is named.
    NoPath,
    /// No host is named.
    NoHost,
    /// `sslmode=require`: the hub speaks to its database over a network of its own, or a tunnel.
    Tls,
    /// PostgreSQL's part cannot be read.
    Postgres(String),
}

impl FromStr for DatabaseAddress {
    type Err = DatabaseAddressError;

    fn from_str(text: &str) -> Result<DatabaseAddress, DatabaseAddressError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return match path.is_empty() {
                true => Err(DatabaseAddressError::NoPath),
                false => Ok(DatabaseAddress::Sqlite(path.into())),
            };
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(DatabaseAddressError::Scheme);
        }
        let config: Config = text.parse().map_err(|error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map(|cause| cause.to_string());
            DatabaseAddressError::Postgres(cause.unwrap_or_else(|| error.to_string()))
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(DatabaseAddressError::NoHost);
        }
        if config.get_ssl_mode() == SslMode::Require {
            return Err(DatabaseAddressError::Tls);
        }
        Ok(DatabaseAddress::Postgres(Box::new(config)))
    }
}

/// Without user and password: it is for logs and messages.
impl fmt::Display for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DatabaseAddress::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            DatabaseAddress::Postgres(config) => {
                let hosts = config.get_hosts().iter().map(|host| match host {
                    Host::Tcp(name) => name.clone(),
                    Host::Unix(path) => path.display().to_string(),
                });
                let hosts = match config.get_hosts() {
                    [] => config.get_hostaddrs().iter().map(ToString::to_string).collect::<Vec<_>>(),
                    _ => hosts.collect(),
                };
                write!(f, "postgres://{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
            }
        }
    }
}

impl fmt::Display for DatabaseAddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DatabaseAddressError::Scheme => {
                f.write_str("it begins neither with sqlite: nor with postgres://")
            }
            DatabaseAddressError::NoPath => f.write_str("no file is named after sqlite:"),
            DatabaseAddressError::NoHost => f.write_str("no host is named after postgres://"),
            DatabaseAddressError::Tls => {
                f.write_str("sslmode=require: connections to PostgreSQL are not encrypted")
            }
            DatabaseAddressError::Postgres(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for DatabaseAddressError {}
