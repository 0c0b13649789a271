//! `olvido hub serve`.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;

use super::config::{self, HubConfig};
use crate::cli::args::HubServeArgs;
use crate::cli::log;
use crate::cli::problem::Problem;
use crate::cli::run::{DONE, Session, read_private, written};
use crate::seal::private_file;
use crate::sync::hub::Hub;
use crate::sync::hub::server::tls::{Certificate, in_pairs};
use crate::sync::hub::server::{Access, Replication, Server};

impl Session {
    pub(super) fn hub_serve(&self, args: &HubServeArgs, out: &mut impl Write) -> Result<u8, Problem> {
        let locale = self.locale();
        let address = self.hub_address(&args.hub)?;
        let hub = self.open_hub(&args.hub)?;
        if !hub.is_keeper() {
            return Err(Problem {
                place: Some(self.data.root().display().to_string()),
                ..self.refusal("hub-keys-elsewhere", "hub-keys-elsewhere-next")
            });
        }
        let config = self.hub_config()?;
        let access = self.access(args, config)?;
        let shown = match &access {
            Access::Tls(certificate) => Some(certificate.fingerprint()),
            Access::Plain { certificate, .. } => *certificate,
        };
        let plain = args.plain;
        let failed = |error: &io::Error| listen_problem(self, args.listen, error);
        let server = Server::bind(args.listen, access, hub).map_err(|error| failed(&error))?;
        let listening = server.address().map_err(|error| failed(&error))?;
        let url = format!("{}://{listening}", if plain { "http" } else { "https" });

        let mut said = vec![
            locale.format("hub-serving", &[("url", url.as_str().into())]),
            locale.format("hub-database", &[("database", address.to_string().into())]),
            self.hub_state(server.hub()),
        ];
        if let Some(fingerprint) = shown {
            said.push(locale.format("hub-fingerprint", &[("fingerprint", in_pairs(&fingerprint).into())]));
        }
        said.push(locale.text("hub-stop").into_owned());
        let path = self.data.hub_address();
        private_file::replace(&path, url.as_bytes())
            .map_err(|error| Problem::of_file(&path, &error, locale))?;
        log::start_hub(&self.data).map_err(|error| Problem::of_file(&self.data.hub_log(), &error, locale))?;
        written(writeln!(out, "{}", said.join("\n")).map_err(Into::into), locale)?;
        // A pipe that was closed has no reader to tell.
        let _ = out.flush();
        ::log::info!("serving");
        let served = server.run();
        // The next hub writes its own; one that is left over says where this one was.
        let _ = fs::remove_file(&path);
        served.map_err(|error| failed(&error))?;
        Ok(DONE)
    }

    fn hub_config(&self) -> Result<HubConfig, Problem> {
        let path = self.data.hub_config();
        if !path.exists() {
            return Ok(HubConfig::default());
        }
        let text = read_private(&path, self.locale())?;
        config::parse(&text).map_err(|errors| Problem::of_config(&path, &errors, self.locale()))
    }

    /// With TLS, but for `--plain`, which is for the loopback interface and for named proxies.
    fn access(&self, args: &HubServeArgs, config: HubConfig) -> Result<Access, Problem> {
        if args.plain {
            if !args.listen.ip().is_loopback() && config.proxy.is_empty() {
                return Err(Problem {
                    place: Some(args.listen.to_string()),
                    ..self.refusal("hub-plain", "hub-plain-next")
                });
            }
            return Ok(Access::Plain { proxies: config.proxy, certificate: config.certificate });
        }
        let certificate = match (&args.cert, &args.key) {
            (Some(cert), Some(key)) => Certificate::read(cert, key),
            _ => {
                let (cert, key) = self.data.hub_certificate();
                Certificate::read_or_make(&cert, &key)
            }
        };
        certificate.map(Access::Tls).map_err(|error| self.certificate_problem(&error))
    }

    /// A sentence about the database's health.
    fn hub_state(&self, hub: &Hub) -> String {
        let key = match hub.health().map(|health| Replication::of(&health.database)) {
            Ok(Replication::None) => "hub-state-file",
            Ok(Replication::Synchronous) => "hub-state-synchronous",
            Ok(Replication::Asynchronous) => "hub-state-asynchronous",
            Ok(Replication::Unconfirmed) => "hub-state-unconfirmed",
            Err(_) => "hub-state-unknown",
        };
        self.locale().text(key).into_owned()
    }
}

fn listen_problem(session: &Session, listen: SocketAddr, error: &io::Error) -> Problem {
    let [what, next] = match error.kind() {
        io::ErrorKind::AddrInUse => ["hub-address-taken", "hub-address-taken-next"],
        io::ErrorKind::PermissionDenied => ["hub-address-denied", "hub-address-denied-next"],
        io::ErrorKind::AddrNotAvailable => ["hub-address-none", "hub-address-none-next"],
        _ => ["hub-listen-failed", "hub-listen-failed-next"],
    };
    Problem { place: Some(format!("{listen}: {error}")), ..session.refusal(what, next) }
}
