//! Where a hub is.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use ureq::http::Uri;
use ureq::http::uri::Scheme;

/// `https://HOST[:PORT][/PATH]`; without TLS only on this computer itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubAddress(String);

/// Why a text is no hub's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HubAddressError {
    /// Neither `https://…` nor `http://…`, or with more than a host, a port and a path.
    Form,
    /// `http://` to another computer: whoever stands between could read and change everything.
    Plain,
}

impl HubAddress {
    /// Reads an address as typed. Errors: [`HubAddressError`].
    pub fn parse(text: &str) -> Result<HubAddress, HubAddressError> {
        let text = text.trim().trim_end_matches('/');
        let uri: Uri = text.parse().map_err(|_| HubAddressError::Form)?;
        let authority = uri.authority().ok_or(HubAddressError::Form)?;
        let scheme = uri.scheme().ok_or(HubAddressError::Form)?;
        let host = uri.host().unwrap_or_default();
        if host.is_empty() || authority.as_str().contains('@') || text.contains(['?', '#']) {
            return Err(HubAddressError::Form);
        }
        if *scheme == Scheme::HTTPS || (*scheme == Scheme::HTTP && is_this_computer(host)) {
            return Ok(HubAddress(text.to_owned()));
        }
        Err(if *scheme == Scheme::HTTP { HubAddressError::Plain } else { HubAddressError::Form })
    }

    /// Whether what travels is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// Without a slash at the end.
    pub fn text(&self) -> &str {
        &self.0
    }
}

fn is_this_computer(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost"
        || bare.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || bare.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for HubAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_encrypted_or_this_computer() {
        for (text, expected) in [
            ("https://hub.example:8470", Ok("https://hub.example:8470")),
            (" https://hub.example/olvido/ ", Ok("https://hub.example/olvido")),
            ("http://127.0.0.1:8470", Ok("http://127.0.0.1:8470")),
            ("http://localhost:8470/", Ok("http://localhost:8470")),
            ("http://[::1]:8470", Ok("http://[::1]:8470")),
            ("http://hub.example", Err(HubAddressError::Plain)),
            ("http://127.0.0.1.example", Err(HubAddressError::Plain)),
            ("http://localhost.example", Err(HubAddressError::Plain)),
            ("http://192.168.1.7:8470", Err(HubAddressError::Plain)),
            ("https://ana:pw@hub.example", Err(HubAddressError::Form)),
            ("https://hub.example/?a=b", Err(HubAddressError::Form)),
            ("https://hub.example/#a", Err(HubAddressError::Form)),
            ("ftp://hub.example", Err(HubAddressError::Form)),
            ("hub.example:8470", Err(HubAddressError::Form)),
            ("https://", Err(HubAddressError::Form)),
            ("", Err(HubAddressError::Form)),
        ] {
            let parsed = HubAddress::parse(text);
            assert_eq!(parsed.as_ref().map(HubAddress::text).map_err(|e| *e), expected, "{text}");
        }
    }
}
