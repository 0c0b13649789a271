//! The hub's HTTP server: HTTP/1.1, plain or over TLS, in front of [`Hub`], whose calls wait for the
//! database and so run in threads of their own.
//!
//! Everything from outside has a limit: connections, time for the handshake, the head, the body and
//! the answer, bytes in either direction, requests of a device and of an address ([`limits`]).

mod answer;
mod body;
mod connections;
mod feed;
mod health;
mod limits;
mod metrics;
mod patient;
mod refusal;
pub mod routes;
pub mod tls;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use self::answer::Shared;
pub use self::health::Replication;
use self::tls::Certificate;
use super::Hub;
use crate::sync::wire::Hex;

/// The description of all routes, OpenAPI 3.1.
pub const OPENAPI: &str = include_str!("../../../../assets/openapi.json");
/// What is left over of erasures, terms and codes is seen to so often.
const TEND_EVERY: Duration = Duration::from_secs(60);

/// How the tills reach the hub.
#[derive(Debug)]
pub enum Access {
    /// TLS to the hub itself.
    Tls(Certificate),
    /// Plain HTTP: on the loopback interface, or from a proxy that has the certificate.
    Plain {
        /// From nowhere else, where there are any.
        proxies: Vec<IpAddr>,
        /// [`Certificate::fingerprint`] of the proxy's certificate, which the tills see.
        certificate: Option<Hex<32>>,
    },
}

/// A hub that is bound to its address and not serving yet.
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    certificate: Option<Certificate>,
    shared: Arc<Shared>,
    stop: Stopper,
}

/// Ends [`Server::run`] from another thread.
#[derive(Clone)]
pub struct Stopper(Arc<watch::Sender<bool>>);

impl Stopper {
    /// No new requests; those under way are given a few seconds.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Server {
    /// Binds the address. Errors: of the system, such as an address that another program has.
    pub fn bind(listen: SocketAddr, access: Access, hub: Hub) -> io::Result<Server> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let listener = TcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        let (sender, stopped) = watch::channel(false);
        let (certificate, proxies, fingerprint) = match access {
            Access::Tls(certificate) => {
                let fingerprint = certificate.fingerprint();
                (Some(certificate), Vec::new(), Some(fingerprint))
            }
            Access::Plain { proxies, certificate } => (None, proxies, certificate),
        };
        let shared = Arc::new(Shared::new(hub, fingerprint, proxies, stopped));
        Ok(Server { runtime, listener, certificate, shared, stop: Stopper(Arc::new(sender)) })
    }

    /// Where it listens; the port that was given where port 0 was asked for.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    pub fn hub(&self) -> &Hub {
        &self.shared.hub
    }

    pub fn stopper(&self) -> Stopper {
        self.stop.clone()
    }

    /// Serves until SIGTERM, SIGINT or [`Stopper::stop`]; then what is under way is finished within a
    /// few seconds. Errors: signals or the listener cannot be taken over from the system.
    pub fn run(self) -> io::Result<()> {
        let Server { runtime, listener, certificate, shared, stop } = self;
        let served = runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            stop_on_signals(stop.clone())?;
            tokio::spawn(tend(Arc::clone(&shared)));
            connections::accept(listener, certificate, Arc::clone(&shared)).await;
            Ok(())
        });
        // A call that still runs has its transaction, and ends with the process.
        runtime.shutdown_timeout(limits::STOP_TIME);
        log::info!("stopped");
        served
    }
}

fn stop_on_signals(stop: Stopper) -> io::Result<()> {
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let mut signal = signal(kind)?;
        let stop = stop.clone();
        tokio::spawn(async move {
            signal.recv().await;
            stop.stop();
        });
    }
    Ok(())
}

async fn tend(shared: Arc<Shared>) {
    let mut clock = tokio::time::interval(TEND_EVERY);
    loop {
        clock.tick().await;
        // What failed is logged where it is judged, and done again at the next turn.
        let tended =
            shared.in_turn(|shared| shared.hub.tend(Utc::now()).map_err(|error| shared.refusal(error)));
        let _ = tended.await;
    }
}
