//! Connections: accepted while there is room, with a time for everything.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::answer::{self, Shared};
use super::limits::{CONNECTIONS_MAX, HANDSHAKE_TIME, HEAD_BYTES_MAX, HEAD_TIME, STALL_TIME, STOP_TIME};
use super::patient::Patient;
use super::tls::Certificate;

/// Files for the database, the keys and the log.
const FILES_BESIDE: u64 = 200;
/// After a connection that the system did not give, such as for want of files.
const PAUSE: Duration = Duration::from_millis(50);

/// Who is at the other end: set on each request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Accepts until the hub is to stop, and then waits for what is under way.
pub async fn accept(listener: TcpListener, certificate: Option<Certificate>, shared: Arc<Shared>) {
    let acceptor = certificate.map(|certificate| TlsAcceptor::from(certificate.config));
    let service = TowerToHyperService::new(answer::router(Arc::clone(&shared)));
    let places = Arc::new(Semaphore::new(places()));
    let graceful = GracefulShutdown::new();
    let mut stop = shared.stop.clone();
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = answer::stopped(&mut stop) => break,
            next = next => next,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                log::warn!("connections: {}", error.kind());
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        if !shared.may_connect(address.ip()) {
            continue;
        }
        let connection = serve(stream, address, acceptor.clone(), service.clone(), graceful.watcher());
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            shared.metrics.connections.fetch_add(1, Relaxed);
            connection.await;
            shared.metrics.connections.fetch_sub(1, Relaxed);
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(STOP_TIME, graceful.shutdown()).await.is_err() {
        log::warn!("stopping: some requests were cut");
    }
}

/// How many connections there is room for, after asking the system for more files.
fn places() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let wanted = CONNECTIONS_MAX as u64 + FILES_BESIDE;
    let most = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let mut files = limit.current.unwrap_or(wanted);
    if files < most && setrlimit(Resource::Nofile, Rlimit { current: Some(most), ..limit }).is_ok() {
        files = most;
    }
    usize::try_from(files.saturating_sub(FILES_BESIDE)).unwrap_or(CONNECTIONS_MAX).clamp(16, CONNECTIONS_MAX)
}

async fn serve(
    stream: TcpStream,
    address: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    service: TowerToHyperService<Router>,
    watcher: Watcher,
) {
    // Answers are short and go out at once.
    let _ = stream.set_nodelay(true);
    match acceptor {
        None => http(stream, address, service, watcher).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await {
                http(stream, address, service, watcher).await;
            }
        }
    }
}

async fn http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    address: SocketAddr,
    service: TowerToHyperService<Router>,
    watcher: Watcher,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(address.ip()));
        let answer = service.call(request);
        async move { answer.await.map_err(|never: Infallible| never) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_header_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(Patient::new(stream, STALL_TIME)), service);
    // Whatever broke, the peer knows or is gone.
    let _ = watcher.watch(connection).await;
}
