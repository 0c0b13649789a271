//! From a request to an answer: who asks, whether they may, what they send, the call, and what is
//! noted of it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use axum::routing::on;
use chrono::Utc;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{Semaphore, watch};

use super::body::{self, Packed, Said};
use super::connections::Peer;
use super::health::{self, HealthCache};
use super::limits::{self, AtOnce, Buckets, Counted};
use super::metrics::Metrics;
use super::refusal::Refusal;
use super::routes::Call;
use super::{OPENAPI, feed};
use crate::sync::hub::{Caller, Hub, HubError};
use crate::sync::record::Series;
use crate::sync::wire::{ForgetsRequest, Hex, Upload};

type Device = (String, [u8; 16]);

/// What all requests share.
pub struct Shared {
    pub hub: Hub,
    pub metrics: Metrics,
    /// Turns true when the hub is to stop.
    pub stop: watch::Receiver<bool>,
    pub health: HealthCache,
    certificate: Option<Hex<32>>,
    proxies: Vec<IpAddr>,
    turns: Arc<Semaphore>,
    devices: Buckets<Device>,
    at_once: AtOnce<Device>,
    open: Buckets<()>,
    open_of_peer: Buckets<IpAddr>,
    enrol: Buckets<()>,
    enrol_of_peer: Buckets<IpAddr>,
}

/// A caller, counted while their request is under way.
pub struct Session {
    pub caller: Caller,
    pub token: String,
    _counted: Counted<Device>,
}

/// All routes.
pub fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for call in Call::ALL {
        let shared = Arc::clone(&shared);
        let handler = move |request: Request<Body>| answered(call, Arc::clone(&shared), request);
        router = router.route(call.path(), on(call.filter(), handler));
    }
    let [elsewhere, otherwise] = [Refusal::no_such_route(), Refusal::wrong_method()].map(|refusal| {
        let shared = Arc::clone(&shared);
        move || async move {
            shared.metrics.answered("other", refusal.status.as_u16(), None);
            body::refused(&refusal)
        }
    });
    router.fallback(elsewhere).method_not_allowed_fallback(otherwise)
}

async fn answered(call: Call, shared: Arc<Shared>, request: Request<Body>) -> Response<Body> {
    let began = Instant::now();
    let mut who = None;
    let response =
        respond(call, &shared, request, &mut who).await.unwrap_or_else(|refusal| body::refused(&refusal));
    let status = response.status();
    debug_assert!(call.statuses().contains(&status.as_u16()), "{call:?} does not say that it gives {status}");
    let took = began.elapsed();
    shared.metrics.answered(call.path(), status.as_u16(), (call != Call::Feed).then_some(took));
    shared.metrics.bytes_out.fetch_add(response.body().size_hint().exact().unwrap_or(0), Relaxed);
    note(call, status, took.as_millis(), who.as_ref());
    response
}

/// A line of the log: nobody's name, no address, no key of a record.
fn note(call: Call, status: StatusCode, ms: u128, who: Option<&Caller>) {
    let level = if status.is_server_error() { log::Level::Warn } else { log::Level::Info };
    let (route, status, ms) = (call.path(), status.as_u16(), u64::try_from(ms).unwrap_or(u64::MAX));
    match who {
        None => log::log!(level, route, status, ms; "request"),
        Some(who) => {
            let (store, device) = (who.store.as_str(), &Hex(who.origin.device).to_string()[..8]);
            log::log!(level, route, status, ms, store, device; "request");
        }
    }
}

async fn respond(
    call: Call,
    shared: &Arc<Shared>,
    request: Request<Body>,
    who: &mut Option<Caller>,
) -> Result<Response<Body>, Refusal> {
    let zstd = body::takes_zstd(request.headers());
    if !call.needs_session() {
        shared.admit(call, shared.peer(&request))?;
        return open(call, shared, request, zstd).await;
    }
    let session = shared.session(request.headers()).await?;
    *who = Some(session.caller.clone());
    let caller = session.caller.clone();
    match call {
        Call::Feed => {
            let asked = feed::Asked::of(request.uri())?;
            feed::answer(shared, session, asked, zstd).await
        }
        Call::Forgets => {
            shared
                .told(call, request, zstd, move |shared, said| {
                    let ForgetsRequest { ids } = said.read()?;
                    shared.hub.forgets(&caller, &ids).map_err(|error| shared.refusal(error))
                })
                .await
        }
        _ => {
            let series = request.uri().path().rsplit('/').next().and_then(Series::from_name);
            let series = series.ok_or_else(Refusal::no_such_route)?;
            shared
                .told(call, request, zstd, move |shared, said| {
                    let upload: Upload<&RawValue> = said.read()?;
                    let answer = shared
                        .hub
                        .upload(&caller, series, &upload, Utc::now())
                        .map_err(|error| shared.refusal(error))?;
                    shared.metrics.uploaded(series, &answer);
                    Ok(answer)
                })
                .await
        }
    }
}

/// What needs no session.
async fn open(
    call: Call,
    shared: &Arc<Shared>,
    request: Request<Body>,
    zstd: bool,
) -> Result<Response<Body>, Refusal> {
    match call {
        Call::Enrol => {
            let certificate = shared.certificate;
            shared
                .told(call, request, zstd, move |shared, said| {
                    shared
                        .hub
                        .enrol(&said.read()?, certificate, Utc::now())
                        .map_err(|error| shared.refusal(error))
                })
                .await
        }
        Call::Session => {
            shared
                .told(call, request, zstd, |shared, said| {
                    shared.hub.open_session(&said.read()?, Utc::now()).map_err(|error| shared.refusal(error))
                })
                .await
        }
        Call::Challenge => Ok(body::answer(&shared.hub.challenge(Utc::now()), zstd)),
        Call::Metrics => Ok(health::metrics(shared, zstd).await),
        Call::Openapi => Ok(body::text(StatusCode::OK, "application/json", OPENAPI.into(), zstd)),
        _ => Ok(health::health(shared, zstd).await),
    }
}

impl Shared {
    pub fn new(
        hub: Hub,
        certificate: Option<Hex<32>>,
        proxies: Vec<IpAddr>,
        stop: watch::Receiver<bool>,
    ) -> Shared {
        Shared {
            hub,
            metrics: Metrics::default(),
            stop,
            health: HealthCache::default(),
            certificate,
            proxies,
            turns: Arc::new(Semaphore::new(limits::CALLS_AT_ONCE)),
            devices: Buckets::new(limits::DEVICE),
            at_once: AtOnce::default(),
            open: Buckets::new(limits::OPEN),
            open_of_peer: Buckets::new(limits::OPEN_OF_PEER),
            enrol: Buckets::new(limits::ENROL),
            enrol_of_peer: Buckets::new(limits::ENROL_OF_PEER),
        }
    }

    /// Whether that address may connect: behind proxies, only they.
    pub fn may_connect(&self, address: IpAddr) -> bool {
        self.proxies.is_empty() || self.proxies.contains(&address.to_canonical())
    }

    /// Who asks; what a proxy says only where it is one of ours.
    fn peer(&self, request: &Request<Body>) -> IpAddr {
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0.to_canonical());
        let peer = peer.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
        let forwarded = || {
            let last = request.headers().get_all("x-forwarded-for").iter().next_back()?;
            last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
        };
        let through = self.proxies.contains(&peer).then(forwarded).flatten();
        limits::peer(through.unwrap_or(peer))
    }

    /// Takes a token for what needs no session. Errors: there was none.
    fn admit(&self, call: Call, peer: IpAddr) -> Result<(), Refusal> {
        let now = Instant::now();
        let (all, of_peer) = match call {
            Call::Enrol => (&self.enrol, &self.enrol_of_peer),
            _ => (&self.open, &self.open_of_peer),
        };
        // The peer's own first, so that one who asks too much takes nothing from the others.
        of_peer.take(peer, now).and_then(|()| all.take((), now)).map_err(Refusal::too_many)
    }

    /// Whose session it is. Errors: nobody's, or one who asks too much.
    async fn session(self: &Arc<Self>, headers: &HeaderMap) -> Result<Session, Refusal> {
        let token = bearer(headers).ok_or_else(Refusal::unauthorized)?.to_owned();
        let (caller, token) = self
            .in_turn(move |shared| {
                let caller = shared.hub.caller(&token, Utc::now()).map_err(|error| shared.refusal(error))?;
                Ok((caller, token))
            })
            .await?;
        let device = (caller.store.clone(), caller.origin.device);
        self.devices.take(device.clone(), Instant::now()).map_err(Refusal::too_many)?;
        let counted = self.at_once.begin(&device, limits::DEVICE_AT_ONCE);
        let counted = counted.ok_or_else(|| Refusal::too_many(1))?;
        Ok(Session { caller, token, _counted: counted })
    }

    /// Reads a body, does `work` with what it says, and answers.
    async fn told<A: Serialize>(
        self: &Arc<Self>,
        call: Call,
        request: Request<Body>,
        zstd: bool,
        work: impl FnOnce(&Shared, &Said) -> Result<A, Refusal> + Send + 'static,
    ) -> Result<Response<Body>, Refusal> {
        let most = call.body_bytes_max().expect("only calls with a body are told something");
        let packed: Packed = body::read(request, most, limits::BODY_TIME).await?;
        self.metrics.bytes_in.fetch_add(packed.bytes.len() as u64, Relaxed);
        self.in_turn(move |shared| Ok(body::answer(&work(shared, &packed.unpack()?)?, zstd))).await
    }

    /// Does what waits, for the database or for much to unpack, in a thread of its own, at its turn.
    pub async fn in_turn<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Shared) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let turn = tokio::time::timeout(limits::TURN_TIME, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| Refusal::unavailable("overloaded", 5))?;
        let shared = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            // Given back when the work is done, even if nobody waits for it any more.
            let _turn = turn;
            work(&shared)
        });
        // A panic is in the log already.
        done.await.unwrap_or_else(|_| Err(Refusal::panicked()))
    }

    pub fn refusal(&self, error: HubError) -> Refusal {
        Refusal::of(error, &self.metrics)
    }
}

/// Ends when the hub is to stop.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Without a sender it is stopping already.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The token of `Authorization: Bearer …` (RFC 6750 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
