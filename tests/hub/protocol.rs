//! Versions that meet: what a till and a hub of version 1 say to each other, frozen in `fixtures/v1`, the
//! till's part byte for byte; and what earlier and later ones would, in `fixtures/earlier` and
//! `fixtures/later`, written by hand.
//!
//! Frozen requests are sent to today's hub, frozen answers are read by today's till. A frozen file is
//! what somebody out there says: it never changes after a release, and the tests fail where one is
//! missing. `OLVIDO_BLESS=1 cargo test --test hub protocol` writes version 1 anew, while it is today's.

mod fields;
mod hub;
mod peer;
mod till;

use std::path::PathBuf;
use std::{env, fs};

use olvido::seal::DeviceKey;
use olvido::sync::record::{BodyHash, Origin, Run, Series, body_hash};
use olvido::sync::wire::{Base64, Hex, Upload};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who the frozen till is at its hub.
const ORIGIN: Origin = Origin { device: [7; 16], epoch: 1 };
const STORE: &str = "SOL";

fn key() -> DeviceKey {
    DeviceKey::from_seed(&[5; 32])
}

/// A request and its answer, frozen.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Exchange {
    /// Method and path.
    ask: String,
    /// The request's bytes; none for `GET`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    body: String,
    status: u16,
    answer: Value,
    /// Places of the answer that another hub, or another time, fills otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    volatile: Vec<String>,
    /// The enrolment code that it was spoken under.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    code: String,
}

fn blesses() -> bool {
    env::var_os("OLVIDO_BLESS").is_some()
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/hub/fixtures").join(name).with_extension("json")
}

/// A frozen file.
#[track_caller]
fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name} is frozen and missing: {error}"))
}

impl Exchange {
    #[track_caller]
    fn read(name: &str) -> Exchange {
        serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn write(&self, name: &str) {
        fs::create_dir_all(path(name).parent().unwrap()).unwrap();
        fs::write(path(name), serde_json::to_string_pretty(self).unwrap() + "\n").unwrap();
    }

    /// The request with these values in it, in place of those that only their own time could fill: all
    /// other bytes are as they were.
    fn filled(&self, with: &[(&str, Value)]) -> String {
        let frozen: Value = serde_json::from_str(&self.body).unwrap();
        with.iter().fold(self.body.clone(), |body, (place, value)| {
            let old = frozen.pointer(place).unwrap().to_string();
            assert_eq!(body.matches(&old).count(), 1, "{place}");
            body.replacen(&old, &value.to_string(), 1)
        })
    }

    /// Fails where the answer is another, but for what is volatile, which must be there.
    #[track_caller]
    fn compare(&self, name: &str, status: u16, answer: &Value) {
        let (mut frozen, mut answer) = (self.answer.clone(), answer.clone());
        for place in &self.volatile {
            *frozen.pointer_mut(place).unwrap() = Value::Null;
            let there = answer.pointer_mut(place).filter(|there| !there.is_null());
            *there.unwrap_or_else(|| panic!("{name}: no {place}")) = Value::Null;
        }
        assert_eq!((status, answer), (self.status, frozen), "{name}");
    }

    fn series(&self) -> Series {
        Series::from_name(self.ask.rsplit('/').next().unwrap()).unwrap()
    }

    /// The hashes of the records in it.
    fn upload(&self) -> (Upload, Vec<BodyHash>) {
        let upload: Upload = serde_json::from_str(&self.body).unwrap();
        let hashes = upload.records.iter().map(|record| body_hash(record.as_deref().map(|body| body.get())));
        let hashes = hashes.collect();
        (upload, hashes)
    }

    /// The request under a signature of `origin`: for files that no till ever signed.
    fn signed(&self, origin: Origin) -> String {
        let (upload, hashes) = self.upload();
        let signature = Run { origin, series: self.series(), first: upload.first }.sign(&key(), &hashes);
        self.filled(&[("/signature", value(&Base64(signature.0.to_vec())))])
    }
}

fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap()
}

/// The id in a record's body.
fn id(body: &str) -> Hex<16> {
    let body: Value = serde_json::from_str(body).unwrap();
    serde_json::from_value(body["id"].clone()).unwrap()
}
