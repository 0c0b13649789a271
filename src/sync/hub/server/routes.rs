//! What can be asked, as a table: the router, the limits and the OpenAPI description follow it, and a
//! test compares it with the description both ways.

use axum::routing::MethodFilter;

use super::limits::OPEN_BODY_BYTES_MAX;
use crate::sync::wire::PACKED_BYTES_MAX;

/// One thing that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Health,
    Metrics,
    Openapi,
    Enrol,
    Challenge,
    Session,
    Records,
    Forgets,
    Feed,
}

impl Call {
    pub const ALL: [Call; 9] = [
        Call::Health,
        Call::Metrics,
        Call::Openapi,
        Call::Enrol,
        Call::Challenge,
        Call::Session,
        Call::Records,
        Call::Forgets,
        Call::Feed,
    ];

    /// Where, as the router and the description write it.
    pub fn path(self) -> &'static str {
        match self {
            Call::Health => "/health",
            Call::Metrics => "/metrics",
            Call::Openapi => "/openapi.json",
            Call::Enrol => "/v1/enrol",
            Call::Challenge => "/v1/challenge",
            Call::Session => "/v1/session",
            Call::Records => "/v1/records/{series}",
            Call::Forgets => "/v1/forgets",
            Call::Feed => "/v1/feed",
        }
    }

    /// `GET` or `POST`.
    pub fn method(self) -> &'static str {
        match self.reads() {
            true => "GET",
            false => "POST",
        }
    }

    pub(super) fn filter(self) -> MethodFilter {
        if self.reads() { MethodFilter::GET } else { MethodFilter::POST }
    }

    fn reads(self) -> bool {
        matches!(self, Call::Health | Call::Metrics | Call::Openapi | Call::Feed)
    }

    /// Whether only a device with a session may ask.
    pub fn needs_session(self) -> bool {
        matches!(self, Call::Records | Call::Forgets | Call::Feed)
    }

    /// Whether a body is read, and how many bytes of it, as it travels, at the most.
    pub(super) fn body_bytes_max(self) -> Option<usize> {
        match self {
            Call::Enrol | Call::Session => Some(OPEN_BODY_BYTES_MAX),
            Call::Records | Call::Forgets => Some(PACKED_BYTES_MAX),
            Call::Health | Call::Metrics | Call::Openapi | Call::Challenge | Call::Feed => None,
        }
    }

    /// Every status that can be answered. Not among them what is said before a request is one: 400 for
    /// what is no HTTP, 431 for a head that is too large.
    pub fn statuses(self) -> &'static [u16] {
        match self {
            Call::Health => &[200, 429, 503],
            Call::Metrics | Call::Openapi | Call::Challenge => &[200, 429],
            Call::Enrol | Call::Session => &[200, 400, 401, 403, 408, 413, 415, 429, 500, 503],
            Call::Records => &[200, 400, 401, 403, 404, 408, 409, 413, 415, 429, 500, 503],
            Call::Forgets => &[200, 400, 401, 403, 408, 413, 415, 429, 500, 503],
            Call::Feed => &[200, 400, 401, 403, 429, 500, 503],
        }
    }
}
