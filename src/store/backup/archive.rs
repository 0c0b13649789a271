//! The bytes of a backup: what is written into it, and that exactly this is read again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{BackupError, MEMBERS};
use crate::store::open::private_file;

pub(super) const MANIFEST: &str = "manifest.json";
/// Raised when an older Olvido could not restore what a newer one writes.
pub(super) const FORMAT: u32 = 1;
/// More than any manifest of this format takes.
const MANIFEST_BYTES_MAX: u64 = 64 << 10;

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

/// Unpacks a backup into `folder`, each member to a file of its own name and mode 0600. Refused
/// unless every member is there once, whole, and as the manifest says.
pub(super) fn unpack(file: &Path, folder: &Path) -> Result<Manifest, BackupError> {
    let failed = |error| BackupError::File(file.to_owned(), error);
    let mut archive = tar::Archive::new(File::open(file).map_err(failed)?);
    // From here on what cannot be read is not what was written.
    let mut entries = archive.entries().map_err(|_| BackupError::NotABackup)?;
    let first = entries.next().and_then(Result::ok).filter(|entry| is_named(entry, MANIFEST));
    let mut first = first.ok_or(BackupError::NotABackup)?;
    let mut text = Vec::new();
    first.by_ref().take(MANIFEST_BYTES_MAX).read_to_end(&mut text).map_err(|_| BackupError::NotABackup)?;
    let format: Format = serde_json::from_slice(&text).map_err(|_| BackupError::NotABackup)?;
    if format.format != FORMAT {
        return Err(BackupError::TooNew);
    }
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| BackupError::NotABackup)?;
    for name in MEMBERS {
        let altered = || BackupError::Altered(name.to_owned());
        let entry = entries.next().and_then(Result::ok).filter(|entry| is_named(entry, name));
        let mut entry = entry.ok_or_else(altered)?;
        let path = folder.join(name);
        let mut out = private_file(&path)?;
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
        None if manifest.members.len() == MEMBERS.len() => Ok(manifest),
        _ => Err(BackupError::NotABackup),
    }
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
    if path.exists() {
        fs::remove_dir_all(path)?;
    }
    fs::DirBuilder::new().mode(0o700).create(path)
}
