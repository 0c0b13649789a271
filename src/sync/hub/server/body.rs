//! Bodies: JSON, plain or packed with zstd (RFC 8878), within limits in both directions.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue,
};
use axum::http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{Deserialize, Serialize};
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};
use zstd::zstd_safe;

use super::refusal::Refusal;
use crate::sync::wire::{ErrorAnswer, MESSAGE_BYTES_MAX};

/// A frame may ask for a window of 2^23 bytes, as RFC 8878 3.1.1.1.2 recommends to take.
const WINDOW_LOG_MAX: u32 = 23;
/// An answer is packed from this size on.
const PACKED_FROM_BYTES: usize = 1024;
/// A middle level: what is sent is mostly random already.
const LEVEL: i32 = 3;
const JSON: &str = "application/json";

/// How a body travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Plain,
    Zstd,
}

/// A body as it came.
#[derive(Debug)]
pub struct Packed {
    pub bytes: Vec<u8>,
    coding: Coding,
}

/// A body unpacked.
#[derive(Debug)]
pub struct Said(Vec<u8>);

/// Reads a body that must be JSON. Errors: another media type or coding, more than `most` bytes, more
/// time than `time`, or a connection that broke.
pub async fn read(request: Request<Body>, most: usize, time: Duration) -> Result<Packed, Refusal> {
    let coding = coding_of(request.headers())?;
    let length = request.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > most as u64) {
        return Err(Refusal::too_large("body-too-large"));
    }
    match tokio::time::timeout(time, Limited::new(request.into_body(), most).collect()).await {
        Err(_) => Err(Refusal::too_slow()),
        Ok(Ok(body)) => Ok(Packed { bytes: body.to_bytes().into(), coding }),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::too_large("body-too-large")),
        Ok(Err(_)) => Err(Refusal::invalid("body-broken")),
    }
}

fn coding_of(headers: &HeaderMap) -> Result<Coding, Refusal> {
    let is_json = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
        let kind = value.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case(JSON)
    });
    if !is_json {
        return Err(Refusal::media_type());
    }
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    match (codings.next().map(HeaderValue::as_bytes), codings.next()) {
        (None | Some(b"identity"), None) => Ok(Coding::Plain),
        (Some(b"zstd"), None) => Ok(Coding::Zstd),
        _ => Err(Refusal::media_type()),
    }
}

impl Packed {
    /// What the body says. Takes time: to be called where waiting is allowed.
    pub fn unpack(self) -> Result<Said, Refusal> {
        match self.coding {
            Coding::Plain => Ok(Said(self.bytes)),
            Coding::Zstd => unpack(&self.bytes).map(Said),
        }
    }
}

impl Said {
    /// Reads it, where it stands as far as the type allows.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Refusal> {
        // Looked over as a whole, and not again piece by piece.
        let text = std::str::from_utf8(&self.0).map_err(|_| Refusal::invalid("json"))?;
        serde_json::from_str(text).map_err(|_| Refusal::invalid("json"))
    }
}

/// Unpacks at the most [`MESSAGE_BYTES_MAX`]. A frame that ends early, or is none, is refused.
fn unpack(packed: &[u8]) -> Result<Vec<u8>, Refusal> {
    let broken = || Refusal::invalid("zstd");
    let mut decoder = Decoder::new().map_err(|_| broken())?;
    decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX)).map_err(|_| broken())?;
    let (mut input, mut bytes) = (InBuffer::around(packed), Vec::new());
    while input.pos() < packed.len() {
        let said = zstd_safe::get_frame_content_size(&packed[input.pos()..]).map_err(|_| broken())?;
        let room = MESSAGE_BYTES_MAX - bytes.len();
        let size = said.map_or(room, |said| usize::try_from(said).unwrap_or(usize::MAX));
        if size > room {
            return Err(Refusal::too_large("message-too-large"));
        }
        // Room for all of it at once: it is then written there straight away. What is not used of it
        // costs no memory.
        bytes.reserve(size);
        let from = bytes.len();
        let mut output = OutBuffer::around_pos(&mut bytes, from);
        loop {
            let before = (input.pos(), output.pos());
            let left = decoder.run(&mut input, &mut output).map_err(|_| broken())?;
            match (left, before == (input.pos(), output.pos())) {
                (0, _) => break,
                (_, false) => {}
                (_, true) if output.pos() == output.capacity() => {
                    return Err(Refusal::too_large("message-too-large"));
                }
                (_, true) => return Err(broken()),
            }
        }
        // Of many frames there may be room for more than there should be.
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(Refusal::too_large("message-too-large"));
        }
    }
    Ok(bytes)
}

/// Whether the asker takes zstd (RFC 9110 12.5.3); a weight of zero is a no.
pub fn takes_zstd(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|part| {
            let mut parts = part.split(';').map(str::trim);
            let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("zstd"));
            let none = parts.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
            named && !none
        })
    })
}

/// An answer in JSON, packed where that is worth it. Takes time where it is long.
pub fn answer(value: &impl Serialize, zstd: bool) -> Response<Body> {
    let plain = serde_json::to_vec(value).expect("what the hub says is JSON");
    text(StatusCode::OK, JSON, plain, zstd)
}

/// An answer of any media type.
pub fn text(status: StatusCode, media: &'static str, plain: Vec<u8>, zstd: bool) -> Response<Body> {
    let packed = (zstd && plain.len() >= PACKED_FROM_BYTES)
        .then(|| zstd::bulk::compress(&plain, LEVEL).ok())
        .flatten()
        .filter(|packed| packed.len() < plain.len());
    let coding = packed.is_some();
    let mut response = Response::new(Body::from(packed.unwrap_or(plain)));
    *response.status_mut() = status;
    let mut set = |name: HeaderName, value: &'static str| {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    };
    set(CONTENT_TYPE, media);
    set(axum::http::header::CACHE_CONTROL, "no-store");
    if coding {
        set(CONTENT_ENCODING, "zstd");
    }
    response
}

/// The answer to what is refused.
pub fn refused(refusal: &Refusal) -> Response<Body> {
    use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
    let said = ErrorAnswer {
        error: refusal.error.to_owned(),
        hint: refusal.hint.to_owned(),
        durable_through: refusal.durable_through,
    };
    let plain = serde_json::to_vec(&said).expect("what the hub says is JSON");
    let mut response = text(refusal.status, JSON, plain, false);
    let headers = response.headers_mut();
    match refusal.status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("zstd"));
        }
        // What was not read of the body is not waited for.
        StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE => {
            headers.insert(axum::http::header::CONNECTION, HeaderValue::from_static("close"));
        }
        _ => {}
    }
    if let Some(seconds) = refusal.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn only_json_plain_or_zstd() {
        let json = ("content-type", "Application/JSON; charset=utf-8");
        let of = |lines: &[_]| coding_of(&headers(lines));
        assert_eq!(of(&[json]), Ok(Coding::Plain));
        assert_eq!(of(&[json, ("content-encoding", "zstd")]), Ok(Coding::Zstd));
        for wrong in [
            &[][..],
            &[("content-type", "text/plain")],
            &[("content-type", "application/jsonp")],
            &[json, ("content-encoding", "gzip")],
            &[json, ("content-encoding", "zstd, zstd")],
        ] {
            assert_eq!(of(wrong), Err(Refusal::media_type()), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_packed_comes_out_and_what_is_not_is_refused() {
        let text = serde_json::to_vec(&vec!["word"; 5000]).unwrap();
        let whole = zstd::bulk::compress(&text, 3).unwrap();
        let parsed = |bytes: &[u8]| {
            let said = Packed { bytes: bytes.to_vec(), coding: Coding::Zstd }.unpack()?;
            said.read::<Vec<String>>()
        };
        assert_eq!(parsed(&whole).unwrap().len(), 5000);
        for cut in 0..whole.len() {
            assert!(parsed(&whole[..cut]).is_err(), "{cut}");
        }
        assert!(parsed(&text).is_err(), "not packed at all");

        // A megabyte of the same is a few dozen bytes packed.
        let bomb = zstd::bulk::compress(&vec![b' '; MESSAGE_BYTES_MAX + 1], 19).unwrap();
        assert!(bomb.len() < 2000);
        assert_eq!(parsed(&bomb).unwrap_err().status, StatusCode::PAYLOAD_TOO_LARGE);
        // Nor in many frames, each of which is small.
        let frame = zstd::bulk::compress(&vec![b' '; 64 << 10], 1).unwrap();
        let most = MESSAGE_BYTES_MAX / (64 << 10);
        assert_eq!(parsed(&frame.repeat(most)).unwrap_err().status, StatusCode::BAD_REQUEST, "no JSON");
        assert_eq!(parsed(&frame.repeat(most + 1)).unwrap_err().status, StatusCode::PAYLOAD_TOO_LARGE);
        let mut edge = vec![b' '; MESSAGE_BYTES_MAX - 2];
        edge.extend_from_slice(b"[]");
        assert!(parsed(&zstd::bulk::compress(&edge, 1).unwrap()).is_ok());
    }

    /// RFC 8878 3.1.1: a frame may ask for a window of any size before its first byte of content.
    #[test]
    fn a_frame_that_wants_a_gigabyte_of_window_gets_none() {
        // Magic number, a descriptor without a content size, a window of 2^30, an empty last block.
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 0x01, 0x00, 0x00];
        assert_eq!(unpack(&frame).unwrap_err(), Refusal::invalid("zstd"));
    }

    #[test]
    fn zstd_is_for_those_who_take_it() {
        for (value, takes) in
            [("zstd", true), ("gzip, ZSTD;q=0.5", true), ("gzip", false), ("zstd;q=0", false), ("*", false)]
        {
            assert_eq!(takes_zstd(&headers(&[("accept-encoding", value)])), takes, "{value}");
        }
        assert!(!takes_zstd(&headers(&[])));
        let long = vec![7u8; 5000];
        let packed = answer(&long, true);
        assert_eq!(packed.headers()[CONTENT_ENCODING], "zstd");
        assert!(!answer(&long, false).headers().contains_key(CONTENT_ENCODING));
        assert!(!answer(&[1], true).headers().contains_key(CONTENT_ENCODING));
    }
}
