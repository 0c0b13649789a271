//! What must not be left of a forgotten purchase: a key that opens any copy of it that ever was, or its
//! sealed bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use memchr::memmem;
use olvido::seal::{DataKey, KeyFile, ReceiptCode, SlotId, StoreKey, aead};

use super::common::all_files;

/// Sealed values as they once were on a disk: id of the purchase, by the bytes.
#[derive(Clone, Default)]
pub struct Sealed(BTreeMap<Vec<u8>, [u8; 16]>);

impl Sealed {
    pub fn add(&mut self, id: [u8; 16], sealed: Vec<u8>) {
        // Overwritten with zeros before the row goes.
        if sealed.iter().any(|byte| *byte != 0) {
            self.0.insert(sealed, id);
        }
    }

    pub fn of<'a>(
        &'a self,
        dead: &'a BTreeSet<[u8; 16]>,
    ) -> impl Iterator<Item = (&'a [u8; 16], &'a [u8])> + Clone {
        self.0.iter().filter(|(_, id)| dead.contains(*id)).map(|(sealed, id)| (id, &sealed[..]))
    }
}

/// Every key that is left in a key file.
pub fn live_keys(store_key: &Path, keys: &Path) -> Vec<(SlotId, DataKey)> {
    let store_key = StoreKey::load(store_key).unwrap();
    let keys = KeyFile::open(keys, &store_key).unwrap();
    let survey = keys.live().unwrap();
    assert!(survey.damaged.is_empty());
    survey.live.into_iter().map(|slot| (slot, keys.key(slot).unwrap().unwrap())).collect()
}

/// Whether a till's copy opens: by itself or with the code of its receipt.
pub fn opens_at_till(sealed: &[u8], id: &[u8; 16], code: &ReceiptCode, keys: &[(SlotId, DataKey)]) -> bool {
    keys.iter().any(|(_, key)| {
        aead::open(key, id, sealed).is_ok() || aead::open(&code.guarantee_key(key), id, sealed).is_ok()
    })
}

/// Whether a hub's copy opens.
pub fn opens_at_hub(sealed: &[u8], keys: &[(SlotId, DataKey)]) -> bool {
    keys.iter().any(|(slot, key)| aead::open(key, &slot.owner, sealed).is_ok())
}

/// Files of a directory in which something is: a canary, in the clear, or a sealed value of the dead.
pub fn scan<'a>(directory: &Path, dead: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<String> {
    let mut found = Vec::new();
    for (file, bytes) in all_files(directory) {
        if file == "ballast" {
            continue;
        }
        if memmem::find(&bytes, b"CANARY").is_some() {
            found.push(format!("a canary in {file}"));
        }
        for sealed in dead.clone() {
            // The nonce: random, and in each sealed value another.
            if memmem::find(&bytes, &sealed[1..25]).is_some() {
                found.push(format!("sealed bytes of a forgotten purchase in {file}"));
            }
        }
    }
    found
}
