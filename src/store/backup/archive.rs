//! The bytes of a backup: what is written into it, and that exactly this is read again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{BackupError, MEMBERS, MEMBERS_OF_FORMAT_1};
use crate::seal::{Marks, Purpose, StoreKey, private_file};

pub(super) const MANIFEST: &str = "manifest.json";
/// The mark of the manifest, as 64 hexadecimal digits.
pub(super) const MARK: &str = "manifest.mark";
/// Raised when an older Olvido could not restore what a newer one writes. Format 1, of 0.1 and 0.2, had no mark,
/// and the keys before the configuration.
pub(super) const FORMAT: u32 = 2;
/// More than any manifest of this format takes.
const MANIFEST_BYTES_MAX: u64 = 64 << 10;

/// What is in a backup. Under its mark nobody without the store key can change any of it, nor the time at
/// which it was made, by which the policy says what it may bring back.
#[derive(Serialize, Deserialize)]
pub(super) struct Manifest {
    pub format: u32,
    /// Version of the Olvido that wrote it.
    pub olvido: String,
    pub at: DateTime<FixedOffset>,
    pub last_ticket: Option<Head>,
    pub members: BTreeMap<String, Member>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Head {
    pub number: u64,
    /// 64 hexadecimal digits.
    pub hash: String,
}

#[derive(Serialize, Deserialize, PartialEq, Eq)]
pub(super) struct Member {
    bytes: u64,
    sha256: String,
}

impl Member {
    pub(super) fn of(bytes: &[u8]) -> Member {
        Member { bytes: bytes.len() as u64, sha256: hex(Sha256::digest(bytes).as_slice()) }
    }

    pub(super) fn of_file(path: &Path) -> io::Result<Member> {
        copy(&mut File::open(path)?, &mut io::sink())
    }
}

/// Copies to the end, and tells what went through.
fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<Member> {
    let (mut digest, mut buffer, mut bytes) = (Sha256::new(), vec![0; 64 << 10], 0);
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(Member { bytes, sha256: hex(digest.finalize().as_slice()) }),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            count => count?,
        };
        digest.update(&buffer[..count]);
        to.write_all(&buffer[..count])?;
        bytes += count as u64;
    }
}

/// The mark of a manifest's bytes: HMAC-SHA256 (RFC 2104) under a key derived from the store key.
pub(super) fn mark(store_key: &StoreKey, manifest: &[u8]) -> String {
    hex(&Marks::new(store_key, Purpose::Backup).mark(&[manifest]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn append(
    builder: &mut tar::Builder<File>,
    name: &str,
    bytes: u64,
    from: &mut impl Read,
    at: DateTime<FixedOffset>,
) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(at.timestamp()).unwrap_or(0));
    builder.append_data(&mut header, name, from)
}

/// What was unpacked.
pub(super) struct Unpacked {
    pub manifest: Manifest,
    /// Whether the mark is this store key's; `None` for a backup of format 1, which had none.
    pub is_genuine: Option<bool>,
}

/// Unpacks a backup into `folder`, each member to a file of its own name and mode 0600. Refused
/// unless every member is there once, whole, and as the manifest says. What the mark is worth is for the
/// caller to say: whether these are the keys of another store is seen only in them.
pub(super) fn unpack(file: &Path, folder: &Path, store_key: &StoreKey) -> Result<Unpacked, BackupError> {
    let failed = |error| BackupError::File(file.to_owned(), error);
    let mut archive = tar::Archive::new(private_file::open_named(file).map_err(failed)?);
    // Or it would stop at the two blocks of zeros that end it, whatever was put behind them.
    archive.set_ignore_zeros(true);
    // From here on what cannot be read is not what was written.
    let mut entries = archive.entries().map_err(|_| BackupError::NotABackup)?;
    let first = entries.next().and_then(Result::ok).filter(|entry| is_named(entry, MANIFEST));
    let mut first = first.ok_or(BackupError::NotABackup)?;
    let mut text = Vec::new();
    first.by_ref().take(MANIFEST_BYTES_MAX).read_to_end(&mut text).map_err(|_| BackupError::NotABackup)?;
    let format: Format = serde_json::from_slice(&text).map_err(|_| BackupError::NotABackup)?;
    let manifest: Manifest = match format.format {
        1..=FORMAT => serde_json::from_slice(&text).map_err(|_| BackupError::NotABackup)?,
        _ => return Err(BackupError::TooNew),
    };
    let mut is_genuine = None;
    if format.format > 1 {
        let entry = entries.next().and_then(Result::ok).filter(|entry| is_named(entry, MARK));
        let mut said = String::new();
        let read = entry.map(|entry| entry.take(MANIFEST_BYTES_MAX).read_to_string(&mut said));
        is_genuine = Some(matches!(read, Some(Ok(_))) && is_mark(store_key, &text, &said));
    }
    let members = if format.format == 1 { MEMBERS_OF_FORMAT_1 } else { MEMBERS };
    for name in members {
        let altered = || BackupError::Altered(name.to_owned());
        let entry = entries.next().and_then(Result::ok).filter(|entry| is_named(entry, name));
        let mut entry = entry.ok_or_else(altered)?;
        let path = folder.join(name);
        let mut out = private_file::create(&path, &[]).map_err(|error| BackupError::Store(error.into()))?;
        // Never more than is announced, and a full disk is not the archive's fault.
        let announced = manifest.members.get(name).ok_or_else(altered)?;
        let mut limited = entry.by_ref().take(announced.bytes.saturating_add(1));
        let found = copy(&mut limited, &mut out).map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BackupError::Store(error.into()),
            _ => altered(),
        })?;
        if found != *announced {
            return Err(altered());
        }
        out.sync_all().map_err(|error| BackupError::Store(error.into()))?;
    }
    match entries.next() {
        Some(_) => Err(BackupError::BytesBehind),
        None if manifest.members.len() == MEMBERS.len() => Ok(Unpacked { manifest, is_genuine }),
        None => Err(BackupError::NotABackup),
    }
}

fn is_mark(store_key: &StoreKey, manifest: &[u8], said: &str) -> bool {
    let byte =
        |digits: &[u8; 2]| std::str::from_utf8(digits).ok().and_then(|d| u8::from_str_radix(d, 16).ok());
    let (pairs, rest) = said.as_bytes().as_chunks::<2>();
    let said: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    let marks = Marks::new(store_key, Purpose::Backup);
    rest.is_empty() && said.is_some_and(|said| marks.is_mark(&[manifest], &said))
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

fn is_named(entry: &tar::Entry<'_, File>, name: &str) -> bool {
    entry.header().entry_type().is_file() && entry.path_bytes().as_ref() == name.as_bytes()
}

/// A new, empty folder for its owner alone; one that an earlier run left is removed.
pub(super) fn fresh_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    private_file::erase_all(path)?;
    fs::DirBuilder::new().mode(0o700).create(path)
}
