//! Records: what a till says, in series, each under the till's signature.
//!
//! A record's key is (device, epoch, series, index). Indices of a series have no gap and go on over
//! epochs; an index is used once and its bytes never change, so that sending it again changes
//! nothing. Records travel in runs of neighbours, and a run is signed as a whole: the signature is
//! over the hashes of its bodies, so that each record can be proven with its run's list of hashes
//! alone, after its own body, or a neighbour's, was erased.

use sha2::{Digest, Sha256};

pub use crate::domain::series::Series;
use crate::seal::{DeviceKey, DevicePublicKey, DeviceSignature};

/// Whose records: a device under one of its epochs. A till that was restored from an image, or
/// whose disk was cloned, gets a new epoch, so that no index is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Random.
    pub device: [u8; 16],
    /// From 1.
    pub epoch: u32,
}

/// SHA-256 of a record's body as it travels; zeros for a record without one.
pub type BodyHash = [u8; 32];

/// What stands for a body that is gone.
pub const NO_BODY: BodyHash = [0; 32];

/// The hash of a body; of one that is gone, [`NO_BODY`].
pub fn body_hash(body: Option<&str>) -> BodyHash {
    body.map_or(NO_BODY, |body| Sha256::digest(body.as_bytes()).into())
}

/// The place of a run: its series and first index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub origin: Origin,
    pub series: Series,
    pub first: u64,
}

impl Run {
    /// What is signed of a run: its place, how many records, and their hashes, framed by length.
    fn signed(&self, hashes: &[BodyHash]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 + hashes.len() * 32);
        bytes.extend_from_slice(b"olvido 1 run\0");
        bytes.extend_from_slice(&self.origin.device);
        bytes.extend_from_slice(&self.origin.epoch.to_be_bytes());
        bytes.push(self.series.number());
        bytes.extend_from_slice(&self.first.to_be_bytes());
        bytes.extend_from_slice(&(hashes.len() as u64).to_be_bytes());
        for hash in hashes {
            bytes.extend_from_slice(hash);
        }
        bytes
    }

    /// The till's signature of a run.
    pub fn sign(&self, key: &DeviceKey, hashes: &[BodyHash]) -> DeviceSignature {
        key.sign(&self.signed(hashes))
    }

    /// Whether that till signed this run.
    pub fn is_signed(&self, key: &DevicePublicKey, hashes: &[BodyHash], signature: &DeviceSignature) -> bool {
        key.verifies(&self.signed(hashes), signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin = Origin { device: [7; 16], epoch: 2 };

    fn key() -> DeviceKey {
        DeviceKey::from_seed(&[5; 32])
    }

    /// The signature is part of the format: a changed byte makes every run ever signed a stranger's.
    #[test]
    fn a_runs_signature_is_frozen() {
        let run = Run { origin: ORIGIN, series: Series::Purchase, first: 41 };
        let hashes = [body_hash(Some("{\"v\":1}")), body_hash(None)];
        let signature = run.sign(&key(), &hashes);
        let text: String = signature.0.iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(text);
        assert!(run.is_signed(&key().public(), &hashes, &signature));
    }

    #[test]
    fn a_signature_holds_for_its_own_run_alone() {
        let run = Run { origin: ORIGIN, series: Series::Ticket, first: 41 };
        let hashes = [body_hash(Some("a")), body_hash(Some("b"))];
        let signature = run.sign(&key(), &hashes);
        let others = [
            Run { first: 42, ..run },
            Run { series: Series::Count, ..run },
            Run { origin: Origin { epoch: 3, ..ORIGIN }, ..run },
            Run { origin: Origin { device: [8; 16], ..ORIGIN }, ..run },
        ];
        for other in others {
            assert!(!other.is_signed(&key().public(), &hashes, &signature), "{other:?}");
        }
        for other in
            [vec![], vec![hashes[0]], vec![hashes[1], hashes[0]], vec![hashes[0], hashes[1], NO_BODY]]
        {
            assert!(!run.is_signed(&key().public(), &other, &signature));
        }
        assert!(!run.is_signed(&DeviceKey::random().public(), &hashes, &signature));
    }

    #[test]
    fn series_are_named_and_numbered_apart() {
        for series in Series::ALL {
            assert_eq!(Series::from_name(series.name()), Some(series));
            assert_eq!(serde_json::to_string(&series).unwrap(), format!("{:?}", series.name()));
        }
        assert_eq!(Series::ALL.map(Series::number), [1, 2, 3, 4]);
        assert_eq!(Series::from_name("tickets"), None);
    }
}
