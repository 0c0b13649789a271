//! `hub.toml`: which proxy stands before a hub that serves without TLS.

use std::net::IpAddr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::cli::config::{ConfigError, ConfigErrorKind, Expected, line_of, nearest};
use crate::sync::wire::Hex;

/// What it says; nothing where it is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HubConfig {
    /// Only these may connect to a hub that serves without TLS.
    pub proxy: Vec<IpAddr>,
    /// SHA-256 of the public key of the certificate that the tills see.
    pub certificate: Option<Hex<32>>,
}

const KEYS: [&str; 2] = ["proxy", "certificate"];
/// Of a value that is shown in a refusal.
const LONGEST_SHOWN: usize = 40;

/// Reads it. Errors: every refusal found, in the order of their lines.
pub fn parse(text: &str) -> Result<HubConfig, Vec<ConfigError>> {
    let refused =
        |at: usize, key: &str, kind| ConfigError { line: line_of(text, at), key: key.to_owned(), kind };
    let root = DeTable::parse(text).map_err(|error| {
        let duplicate = error.message().contains("duplicate");
        let kind = if duplicate { ConfigErrorKind::Duplicate } else { ConfigErrorKind::NotToml };
        vec![refused(error.span().map_or(0, |span| span.start), "", kind)]
    })?;
    let mut config = HubConfig::default();
    let mut errors = Vec::new();
    for (name, value) in root.get_ref() {
        let expected = match name.get_ref().as_ref() {
            "proxy" => match addresses(value.get_ref()) {
                Some(addresses) => {
                    config.proxy = addresses;
                    continue;
                }
                None => Expected::Addresses,
            },
            "certificate" => match fingerprint(value.get_ref()) {
                Some(fingerprint) => {
                    config.certificate = Some(fingerprint);
                    continue;
                }
                None => Expected::Fingerprint,
            },
            other => {
                let suggestion = nearest(other, KEYS.into_iter().map(|key| (0, key.to_owned())));
                let kind = ConfigErrorKind::UnknownKey { suggestion };
                errors.push(refused(name.span().start, other, kind));
                continue;
            }
        };
        let kind = ConfigErrorKind::BadValue { found: found(text, value), expected };
        errors.push(refused(value.span().start, name.get_ref(), kind));
    }
    errors.sort_by_key(|error| error.line);
    if errors.is_empty() { Ok(config) } else { Err(errors) }
}

fn addresses(value: &DeValue<'_>) -> Option<Vec<IpAddr>> {
    let addresses: Option<Vec<IpAddr>> =
        value.as_array()?.iter().map(|entry| entry.get_ref().as_str()?.parse().ok()).collect();
    addresses.filter(|addresses| !addresses.is_empty())
}

fn fingerprint(value: &DeValue<'_>) -> Option<Hex<32>> {
    value.as_str()?.replace(':', "").parse().ok()
}

fn found(text: &str, value: &Spanned<DeValue<'_>>) -> String {
    let shown = text.get(value.span()).unwrap_or_default();
    shown.chars().filter(|c| !c.is_control()).take(LONGEST_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_and_its_certificate() {
        let text =
            format!("proxy = [\"10.0.0.5\", \"::1\"]\ncertificate = \"{}\"\n", "AB:".repeat(31) + "cd");
        let config = parse(&text).unwrap();
        assert_eq!(config.proxy.len(), 2);
        let certificate = config.certificate.unwrap();
        assert_eq!((certificate.0[0], certificate.0[31]), (0xab, 0xcd));
        assert_eq!(parse("# nothing\n").unwrap(), HubConfig::default());
    }

    #[test]
    fn each_refusal_names_its_line() {
        let text = "proxie = []\nproxy = \"10.0.0.5\"\ncertificate = \"abc\"\n";
        let errors = parse(text).unwrap_err();
        let kinds: Vec<(usize, &str)> = errors.iter().map(|e| (e.line, e.key.as_str())).collect();
        assert_eq!(kinds, [(1, "proxie"), (2, "proxy"), (3, "certificate")]);
        assert!(matches!(&errors[0].kind,
            ConfigErrorKind::UnknownKey { suggestion: Some(meant) } if meant == "proxy"));
        assert!(parse("proxy = []").is_err(), "nobody could connect");
        assert!(parse("proxy = [10.0.0.5]").is_err());
        assert_eq!(
            parse("proxy = [\"::1\"]\nproxy = [\"::1\"]").unwrap_err()[0].kind,
            ConfigErrorKind::Duplicate
        );
    }
}
