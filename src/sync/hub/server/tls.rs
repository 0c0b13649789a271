//! The hub's certificate. A till does not ask who signed it: it pins the public key at enrolment, so
//! one that the hub made itself serves as well as a bought one.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use sha2::{Digest, Sha256};

use crate::seal::private_file;
use crate::sync::wire::Hex;

/// What a hub shows to the tills.
pub struct Certificate {
    pub(super) config: Arc<ServerConfig>,
    fingerprint: Hex<32>,
}

/// Why a certificate cannot be used. Which file is to be named is in it.
#[derive(Debug)]
pub enum CertificateError {
    /// A file cannot be read or written.
    Io(std::path::PathBuf, io::Error),
    /// The file has no certificate in PEM (RFC 7468), or none that is one.
    NoCertificate(std::path::PathBuf),
    /// The file has no private key in PEM of a kind that can be used.
    NoKey(std::path::PathBuf),
    /// The key is not that of the certificate.
    NotItsKey(std::path::PathBuf),
    /// None could be made.
    NotMade,
}

impl Certificate {
    /// Reads a certificate, the ones that signed it behind it, and its key.
    pub fn read(cert: &Path, key: &Path) -> Result<Certificate, CertificateError> {
        let certs = pem(cert)?;
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&certs)
            .collect::<Result<_, _>>()
            .map_err(|_| CertificateError::NoCertificate(cert.to_owned()))?;
        let key_pem = zeroize::Zeroizing::new(pem(key)?);
        let private =
            PrivateKeyDer::from_pem_slice(&key_pem).map_err(|_| CertificateError::NoKey(key.to_owned()))?;
        let fingerprint = chain
            .first()
            .and_then(fingerprint)
            .ok_or_else(|| CertificateError::NoCertificate(cert.to_owned()))?;
        let provider = Arc::new(ring::default_provider());
        let certified = CertifiedKey::from_der(chain, private, &provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => CertificateError::NotItsKey(key.to_owned()),
            _ => CertificateError::NoKey(key.to_owned()),
        })?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| CertificateError::NotMade)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Certificate { config: Arc::new(config), fingerprint })
    }

    /// The certificate of these two files, made where neither is there: ECDSA on P-256, signed by
    /// itself, both files for their owner alone.
    pub fn read_or_make(cert: &Path, key: &Path) -> Result<Certificate, CertificateError> {
        if !cert.exists() && !key.exists() {
            let pair = rcgen::KeyPair::generate().map_err(|_| CertificateError::NotMade)?;
            let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
            let mut params = rcgen::CertificateParams::new(names).map_err(|_| CertificateError::NotMade)?;
            params.distinguished_name = rcgen::DistinguishedName::new();
            params.distinguished_name.push(rcgen::DnType::CommonName, "Olvido");
            let made = params.self_signed(&pair).map_err(|_| CertificateError::NotMade)?;
            let pem = zeroize::Zeroizing::new(pair.serialize_pem());
            // The key first: a key without its certificate is told, a certificate is never shown
            // without its key.
            for (path, text) in [(key, pem.as_bytes()), (cert, made.pem().as_bytes())] {
                private_file::create(path, text)
                    .map_err(|error| CertificateError::Io(path.to_owned(), error))?;
            }
        }
        Certificate::read(cert, key)
    }

    /// SHA-256 of the public key (SubjectPublicKeyInfo, RFC 5280 4.1.2.7, in DER): what a till pins.
    pub fn fingerprint(&self) -> Hex<32> {
        self.fingerprint
    }
}

/// The [`Certificate::fingerprint`] of a certificate in DER. `None` for what is no certificate.
pub fn fingerprint(certificate: &CertificateDer<'_>) -> Option<Hex<32>> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    Some(Hex(Sha256::digest(parsed.subject_public_key_info().as_ref()).into()))
}

/// As people compare it: `3F:A0:…`.
pub fn in_pairs(fingerprint: &Hex<32>) -> String {
    fingerprint.0.map(|byte| format!("{byte:02X}")).join(":")
}

/// Bytes of a chain of certificates at most.
const PEM_BYTES_MAX: u64 = 1 << 20;

fn pem(path: &Path) -> Result<Vec<u8>, CertificateError> {
    private_file::open_named(path)
        .and_then(|file| private_file::read_at_most(file, PEM_BYTES_MAX))
        .map_err(|error| CertificateError::Io(path.to_owned(), error))
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({})", self.fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_certificate_is_made_once_and_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        let made = Certificate::read_or_make(&cert, &key).unwrap();
        let again = Certificate::read_or_make(&cert, &key).unwrap();
        assert_eq!(made.fingerprint(), again.fingerprint());
        for path in [&cert, &key] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(in_pairs(&made.fingerprint()).len(), 32 * 3 - 1);

        // The fingerprint is that of the key, whatever else the certificate says.
        let pair = rcgen::KeyPair::from_pem(&fs::read_to_string(&key).unwrap()).unwrap();
        use rcgen::PublicKeyData;
        let of_key: [u8; 32] = Sha256::digest(pair.subject_public_key_info()).into();
        assert_eq!(made.fingerprint(), Hex(of_key));
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        Certificate::read_or_make(&file("cert.pem"), &file("key.pem")).unwrap();
        Certificate::read_or_make(&file("cert2.pem"), &file("key2.pem")).unwrap();
        let read = |cert: &str, key: &str| Certificate::read(&file(cert), &file(key)).unwrap_err();
        assert!(matches!(read("cert.pem", "key2.pem"), CertificateError::NotItsKey(_)));
        assert!(matches!(read("key.pem", "key.pem"), CertificateError::NoCertificate(_)));
        assert!(matches!(read("cert.pem", "cert.pem"), CertificateError::NoKey(_)));
        assert!(matches!(read("cert.pem", "none.pem"), CertificateError::Io(..)));
        fs::remove_file(file("key.pem")).unwrap();
        let half = Certificate::read_or_make(&file("cert.pem"), &file("key.pem"));
        assert!(matches!(half.unwrap_err(), CertificateError::Io(..)), "made anew, the pins would break");
    }
}
