//! `erased.log`: ids of everything that was erased, for ever. The database may be put back from a
//! backup; this list is not, and what it names is erased again at the next start.
//!
//! Frames of 64 bytes, one after the other: the byte 1; length of the store's id; the store's id, filled up
//! with zeros to 32 bytes; the purchase's id, 16 bytes; 6 zeros; the first 8 bytes of the SHA-256 of all that. A
//! frame that is torn or damaged names nothing; those behind it still count.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::seal::private_file;
use crate::sync::enrolment::is_store_id;

const FRAME: usize = 64;
const FORMAT: u8 = 1;
const STORE: usize = 2;
const STORE_BYTES_MAX: usize = 32;
const ID: usize = STORE + STORE_BYTES_MAX;
const UNUSED: usize = ID + 16;
const CHECK: usize = 56;

/// A store's id and a purchase's.
pub(super) type Erased = (String, [u8; 16]);

/// The open file.
#[derive(Debug)]
pub(super) struct ErasedLog {
    file: File,
    /// Whole frames; the next is written behind them.
    frames: u64,
}

/// What the file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub erased: HashSet<Erased>,
    /// Frames that are damaged, a torn one at the end not counted.
    pub damaged: u64,
}

impl ErasedLog {
    /// Opens the file, or makes it, mode 0600.
    pub(super) fn open(path: &Path) -> io::Result<ErasedLog> {
        let mut options = OpenOptions::new();
        let file = private_file::open(path, options.read(true).write(true).create(true).truncate(false))?;
        file.sync_all()?;
        private_file::sync_directory_of(path)?;
        let frames = file.metadata()?.len() / FRAME as u64;
        Ok(ErasedLog { file, frames })
    }

    /// Adds to the list, durable on return by one sync. On an error nothing counts as added, and the next
    /// time it is written over.
    pub(super) fn append(&mut self, erased: &[Erased]) -> io::Result<()> {
        if erased.is_empty() {
            return Ok(());
        }
        let bytes: Vec<u8> = erased.iter().flat_map(frame).collect();
        self.file.write_all_at(&bytes, self.frames * FRAME as u64)?;
        self.file.sync_data()?;
        self.frames += erased.len() as u64;
        Ok(())
    }

    /// Everything in the file at that path; nothing where there is none.
    pub(super) fn read(path: &Path) -> io::Result<Listed> {
        let mut bytes = Vec::new();
        match private_file::open_to_read(path) {
            Ok(mut file) => file.read_to_end(&mut bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        let mut listed = Listed::default();
        for bytes in bytes.as_chunks::<FRAME>().0 {
            match unframe(bytes) {
                Some(erased) => drop(listed.erased.insert(erased)),
                None => listed.damaged += 1,
            }
        }
        Ok(listed)
    }
}

fn frame((store, id): &Erased) -> [u8; FRAME] {
    assert!(store.len() <= STORE_BYTES_MAX, "a store's id is short");
    let mut bytes = [0; FRAME];
    bytes[0] = FORMAT;
    bytes[1] = store.len() as u8;
    bytes[STORE..STORE + store.len()].copy_from_slice(store.as_bytes());
    bytes[ID..UNUSED].copy_from_slice(id);
    let check = check(&bytes);
    bytes[CHECK..].copy_from_slice(&check);
    bytes
}

fn unframe(bytes: &[u8; FRAME]) -> Option<Erased> {
    let length = usize::from(bytes[1]);
    let whole = bytes[0] == FORMAT && length <= STORE_BYTES_MAX && bytes[CHECK..] == check(bytes);
    let store = std::str::from_utf8(&bytes[STORE..STORE + length.min(STORE_BYTES_MAX)]).ok()?;
    (whole && is_store_id(store)).then(|| {
        let id = std::array::from_fn(|place| bytes[ID + place]);
        (store.to_owned(), id)
    })
}

fn check(bytes: &[u8; FRAME]) -> [u8; FRAME - CHECK] {
    let digest = Sha256::digest(&bytes[..CHECK]);
    std::array::from_fn(|place| digest[place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_frozen() {
        let bytes = frame(&("tienda_1".to_owned(), [7; 16]));
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let expected = concat!(
            "01087469656e64615f31",
            "000000000000000000000000000000000000000000000000",
            "07070707070707070707070707070707",
            "000000000000"
        );
        assert_eq!(text[..2 * CHECK], *expected);
        assert_eq!(unframe(&bytes), Some(("tienda_1".to_owned(), [7; 16])));
        for place in 0..FRAME {
            let mut altered = bytes;
            altered[place] ^= 1;
            assert_eq!(unframe(&altered), None, "{place}");
        }
    }

    #[test]
    fn what_is_torn_or_damaged_hides_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("erased.log");
        assert_eq!(ErasedLog::read(&path).unwrap(), Listed::default());
        let one = |n: u8| ("S".to_owned(), [n; 16]);
        let mut log = ErasedLog::open(&path).unwrap();
        log.append(&[one(1), one(2), one(3)]).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[FRAME + 40] ^= 1;
        bytes.extend_from_slice(&frame(&one(4))[..63]);
        std::fs::write(&path, &bytes).unwrap();
        let listed = ErasedLog::read(&path).unwrap();
        assert_eq!((listed.erased, listed.damaged), (HashSet::from([one(1), one(3)]), 1));
        ErasedLog::open(&path).unwrap().append(&[one(5)]).unwrap();
        let listed = ErasedLog::read(&path).unwrap();
        assert_eq!((listed.erased, listed.damaged), (HashSet::from([one(1), one(3), one(5)]), 1));
    }
}
