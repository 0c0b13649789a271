//! What a data directory may hold: a closed list. Some of it is there only while a command works; whatever of
//! that a killed one left behind is erased by the next that opens, forgets or verifies, because there can be
//! keys in it that a forget no longer reaches.
//!
//! A backup is written outside, to a name that the user gives. Before its first byte a note in the directory
//! says where, so that a killed one is found there, too.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::seal::private_file;

/// Who works in a data directory. A till and a hub may share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Till,
    Hub,
}

/// What a name in a data directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// A file for its owner alone.
    Private,
    /// A file that others may read.
    Open,
    Folder,
    /// What a side's work leaves only when it is killed: a file or a folder.
    Unfinished(Side),
}

/// All names that Olvido gives to anything in a data directory, the ones in `logs` left out.
#[rustfmt::skip]
const NAMES: [(&str, Nature); 37] = [
    ("olvido.db", Nature::Private),
    ("olvido.db-wal", Nature::Private),
    ("olvido.db-shm", Nature::Private),
    ("olvido.db-journal", Nature::Private),
    ("olvido.keys", Nature::Private),
    ("store.key", Nature::Private),
    ("config.toml", Nature::Private),
    ("policy.toml", Nature::Private),
    ("lock", Nature::Private),
    ("ballast", Nature::Private),
    ("logs", Nature::Folder),
    // A restore that was killed behind its point of no return: the next one ends it.
    ("restore.ready", Nature::Folder),
    ("restore.tmp", Nature::Unfinished(Side::Till)),
    ("backup.tmp", Nature::Unfinished(Side::Till)),
    ("backup.tmp-journal", Nature::Unfinished(Side::Till)),
    ("backup.tmp-wal", Nature::Unfinished(Side::Till)),
    ("backup.tmp-shm", Nature::Unfinished(Side::Till)),
    ("unfinished", Nature::Unfinished(Side::Till)),
    ("config.toml.new", Nature::Unfinished(Side::Till)),
    ("policy.toml.new", Nature::Unfinished(Side::Till)),
    ("backup.to", Nature::Private),
    // Where no directory is named, a hub's is this one in the till's.
    ("hub", Nature::Folder),
    ("hub.db", Nature::Private),
    ("hub.db-wal", Nature::Private),
    ("hub.db-shm", Nature::Private),
    ("hub.db-journal", Nature::Private),
    ("hub.key", Nature::Private),
    ("hub.keys", Nature::Private),
    ("hub.lock", Nature::Private),
    ("hub.toml", Nature::Private),
    ("hub.address", Nature::Private),
    ("erased.log", Nature::Private),
    ("key.pem", Nature::Private),
    ("cert.pem", Nature::Open),
    ("hub.keys.partial", Nature::Unfinished(Side::Hub)),
    ("hub.address.new", Nature::Unfinished(Side::Hub)),
    ("hub.backup.to", Nature::Private),
];

/// What this name in a data directory is; `None` for what Olvido never makes.
pub fn nature(name: &OsStr) -> Option<Nature> {
    NAMES.iter().find(|(known, _)| name == *known).map(|(_, nature)| *nature)
}

/// Names in this directory that Olvido never gives, in order: the shop's own files, mostly. What is put beside
/// the store is not looked into and not forgotten.
pub fn strangers(root: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root)? {
        let name = entry?.file_name();
        if nature(&name).is_none() {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// What unfinished work had left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Overwritten and removed: names in the directory, paths outside it.
    pub erased: Vec<String>,
    /// Still there, or where it may be still: on a disk that was taken away, or not to be written to.
    pub left: Vec<String>,
}

impl Leftovers {
    /// Erases what killed work of this side has left in `root` and, by its note, outside. The caller holds the
    /// side's lock; a backup that still runs beside it is left alone. Errors: the directory cannot be read.
    pub fn erase(root: &Path, side: Side) -> io::Result<Leftovers> {
        let mut found = Leftovers::default();
        let mut note = false;
        let entries = match fs::read_dir(root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            entries => entries?,
        };
        for entry in entries {
            let name = entry?.file_name();
            note |= name == note_name(side);
            if nature(&name) == Some(Nature::Unfinished(side)) {
                let gone = private_file::erase_all(&root.join(&name)).map(|_| name.clone());
                found.note(gone.map_err(|_| name));
            }
        }
        if note {
            found.erase_outside(&root.join(note_name(side)));
        }
        if !found.erased.is_empty() {
            private_file::sync_directory_of(&root.join("."))?;
        }
        Ok(found)
    }

    fn note(&mut self, gone: Result<OsString, OsString>) {
        match gone {
            Ok(name) => self.erased.push(name.to_string_lossy().into_owned()),
            Err(name) => self.left.push(name.to_string_lossy().into_owned()),
        }
    }

    fn erase_outside(&mut self, note: &Path) {
        let outside = match Outside::read(note) {
            Ok(Some(outside)) => outside,
            // The backup still runs.
            Ok(None) => return,
            Err(_) => return self.left.push(note.display().to_string()),
        };
        let path = outside.path.clone().into_os_string();
        match outside.erase() {
            Ok(was_there) => {
                if private_file::erase(note).is_err() {
                    return self.left.push(note.display().to_string());
                }
                if was_there {
                    self.note(Ok(path));
                }
            }
            Err(_) => self.note(Err(path)),
        }
    }
}

fn note_name(side: Side) -> &'static str {
    match side {
        Side::Till => "backup.to",
        Side::Hub => "hub.backup.to",
    }
}

/// What a note says.
#[derive(Debug)]
struct Outside {
    /// Where the file is. `None` in a note of before this was noted.
    directory: Option<DirectoryId>,
    path: PathBuf,
}

/// Which directory it is, whatever is mounted on its name. No part is enough by itself: two disks get the same
/// device number one after the other, and the empty directory on which a disk is mounted can be on the same
/// file system as the disk's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DirectoryId {
    file_system: u64,
    device: u64,
    inode: u64,
}

impl DirectoryId {
    /// The id of the directory in which `path` stands.
    fn of(path: &Path) -> io::Result<DirectoryId> {
        let directory = File::open(private_file::directory_of(path))?;
        let metadata = directory.metadata()?;
        let file_system = rustix::fs::fstatvfs(&directory)?.f_fsid;
        Ok(DirectoryId { file_system, device: metadata.dev(), inode: metadata.ino() })
    }

    fn bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        for (place, number) in bytes.chunks_exact_mut(8).zip([self.file_system, self.device, self.inode]) {
            place.copy_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8; 24]) -> DirectoryId {
        let [file_system, device, inode] =
            [0, 8, 16].map(|at| u64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes")));
        DirectoryId { file_system, device, inode }
    }
}

impl Outside {
    /// Reads a note. `None` while its writer lives: it holds the note's lock.
    fn read(note: &Path) -> io::Result<Option<Outside>> {
        let mut file = private_file::open_to_read(note)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Some(Outside::from_bytes(&bytes)))
    }

    /// A note that is cut short was never durable, so that nothing was written outside; one with zeros in its path
    /// was being erased, all else done. Either names no path.
    fn from_bytes(bytes: &[u8]) -> Outside {
        let (directory, path) = match bytes.split_first_chunk::<24>() {
            // The earlier kind has a file system of eight bytes alone, and then the path.
            _ if bytes.get(8) == Some(&b'/') => (None, &bytes[8..]),
            Some((id, path)) => (Some(DirectoryId::from_bytes(id)), path),
            None => (None, &[][..]),
        };
        let whole = path.ends_with(PARTIAL.as_bytes()) && !path.contains(&0);
        let path = if whole { OsStr::from_bytes(path) } else { OsStr::new("") };
        Outside { directory, path: PathBuf::from(path) }
    }

    /// Notes, durable, where a backup goes. Returns the note's file, locked as long as it is open. Errors:
    /// `ResourceBusy` where there is a note; others of the system.
    fn write(directory: DirectoryId, path: &Path, note: &Path) -> io::Result<File> {
        let mut lock =
            private_file::open(note, OpenOptions::new().write(true).create_new(true)).map_err(|error| {
                match error.kind() {
                    io::ErrorKind::AlreadyExists => io::ErrorKind::ResourceBusy.into(),
                    _ => error,
                }
            })?;
        lock.lock()?;
        if lock.metadata()?.nlink() == 0 {
            // Somebody who looked for leftovers took it for one before it was locked.
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        let text = [&directory.bytes(), path.as_os_str().as_bytes()].concat();
        let written = lock.write_all(&text).and_then(|()| lock.sync_all());
        match written.and_then(|()| private_file::sync_directory_of(note)) {
            Ok(()) => Ok(lock),
            Err(error) => {
                let _ = private_file::erase(note);
                Err(error)
            }
        }
    }

    /// Erases what is there and begins like a backup. Returns whether there was anything. Errors: it cannot be
    /// reached, or not be written to.
    fn erase(&self) -> io::Result<bool> {
        if self.path.as_os_str().is_empty() {
            return Ok(false);
        }
        if !begins_like_a_backup(&self.path)? {
            // Nothing of ours, in the very directory that it was in: it was renamed in time, or removed by hand. In
            // any other nobody knows: a disk that was taken away leaves its mount point behind, empty.
            let is_here = Some(DirectoryId::of(&self.path)?) == self.directory;
            return if is_here { Ok(false) } else { Err(io::ErrorKind::NotFound.into()) };
        }
        private_file::erase(&self.path)?;
        private_file::sync_directory_of(&self.path)?;
        Ok(true)
    }
}

/// Whether what stands at this path is a file of this user, with no other name, that begins as a backup does: or
/// with nothing at all, as one does whose blocks were never written.
fn begins_like_a_backup(path: &Path) -> io::Result<bool> {
    let mut file = match private_file::open_to_read(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        // A link, or another user's: not what was written here.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(false),
        Err(error) => return Err(error),
    };
    if file.metadata()?.nlink() > 1 {
        return Ok(false);
    }
    let mut first = Vec::new();
    Read::by_ref(&mut file).take(16).read_to_end(&mut first)?;
    let (tar, zstd) = (&b"manifest.json\0"[..], &[0x28, 0xb5, 0x2f, 0xfd][..]);
    Ok(first.starts_with(tar) || first.starts_with(zstd) || first.iter().all(|byte| *byte == 0))
}

/// What a backup is called behind its name until it is whole.
const PARTIAL: &str = ".partial";

/// A backup that is being written, as `FILE.partial`. Dropped before [`Partial::finish`], nothing of it stays.
#[derive(Debug)]
pub struct Partial {
    /// The name that it gets once it is whole.
    file: PathBuf,
    outside: Outside,
    note: PathBuf,
    /// Locked as long as this process lives, so that nobody takes the file for a leftover.
    _lock: File,
}

impl Partial {
    /// Notes in `root`, durable, where the backup goes, and makes an empty file of mode 0600 there. Errors:
    /// `AlreadyExists` where there is something of that name, `ResourceBusy` where another backup runs or an
    /// interrupted one has left something that cannot be reached; others of the system.
    pub fn begin(root: &Path, side: Side, file: &Path) -> io::Result<(Partial, File)> {
        let file = std::path::absolute(file)?;
        if fs::symlink_metadata(&file).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let mut path = file.clone().into_os_string();
        path.push(PARTIAL);
        let path = PathBuf::from(path);
        // What an earlier version left there noted nowhere.
        if begins_like_a_backup(&path)? {
            private_file::erase(&path)?;
        }
        Leftovers::erase(root, side)?;
        let note = root.join(note_name(side));
        let directory = DirectoryId::of(&path)?;
        let lock = Outside::write(directory, &path, &note)?;
        let begun =
            Partial { file, outside: Outside { directory: Some(directory), path }, note, _lock: lock };
        let out =
            private_file::open(begun.path(), OpenOptions::new().read(true).write(true).create_new(true))?;
        Ok((begun, out))
    }

    /// Where it is being written.
    pub fn path(&self) -> &Path {
        &self.outside.path
    }

    /// Gives the file, whole and synced by the caller, its name, durable on return. Errors: of the system; then
    /// nothing of it stays.
    pub fn finish(self) -> io::Result<()> {
        fs::rename(self.path(), &self.file)?;
        private_file::sync_directory_of(&self.file)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Gone already where it has got its name. What cannot be erased is found by its note.
        if self.outside.erase().is_ok() {
            let _ = private_file::erase(&self.note).and_then(|_| private_file::sync_directory_of(&self.note));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(root: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(root).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A process that is killed unlocks what it had and drops nothing.
    fn kill(partial: Partial) {
        partial._lock.unlock().unwrap();
        std::mem::forget(partial);
    }

    #[test]
    fn what_killed_work_left_is_erased_and_the_rest_is_not() {
        let root = tempfile::tempdir().unwrap();
        for (name, nature) in NAMES {
            match name {
                "restore.tmp" | "unfinished" | "logs" | "hub" | "restore.ready" => {
                    fs::create_dir(root.path().join(name)).unwrap();
                    fs::write(root.path().join(name).join("olvido.keys"), nature_text(nature)).unwrap();
                }
                name if note_name(Side::Till) == name || note_name(Side::Hub) == name => {}
                name => fs::write(root.path().join(name), nature_text(nature)).unwrap(),
            }
        }
        fs::write(root.path().join("catalogue.csv"), "the shop's own").unwrap();
        let mut expected = names(root.path());
        for side in [Side::Till, Side::Hub] {
            let mut erased = Leftovers::erase(root.path(), side).unwrap();
            erased.erased.sort();
            let unfinished = |name: &String| nature(OsStr::new(name)) == Some(Nature::Unfinished(side));
            let (gone, stay): (Vec<_>, Vec<_>) = expected.into_iter().partition(unfinished);
            assert_eq!(erased, Leftovers { erased: gone, left: Vec::new() });
            assert_eq!(names(root.path()), stay);
            expected = stay;
        }
        assert_eq!(strangers(root.path()).unwrap(), ["catalogue.csv"]);
    }

    fn nature_text(nature: Nature) -> String {
        format!("{nature:?}")
    }

    #[test]
    fn a_killed_backup_is_found_by_its_note_and_a_living_one_is_left_alone() {
        let (root, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = elsewhere.path().join("shop.tar");
        let (partial, mut out) = Partial::begin(root.path(), Side::Till, &file).unwrap();
        out.write_all(b"manifest.json\0 and keys").unwrap();
        let seen = elsewhere.path().join("shop.tar.partial");
        assert_eq!(Leftovers::erase(root.path(), Side::Till).unwrap(), Leftovers::default());
        assert!(seen.exists(), "it still runs");
        let again = Partial::begin(root.path(), Side::Till, &elsewhere.path().join("other.tar"));
        assert_eq!(again.unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        kill(partial);
        let found = Leftovers::erase(root.path(), Side::Till).unwrap();
        assert_eq!(found, Leftovers { erased: vec![seen.display().to_string()], left: Vec::new() });
        assert_eq!((names(root.path()), names(elsewhere.path())), (Vec::new(), Vec::new()));
    }

    /// A backup that is killed between its last two steps: the note is zeros, and not yet gone.
    #[test]
    fn a_note_that_was_being_erased_is_no_leftover() {
        let root = tempfile::tempdir().unwrap();
        for length in [8, 9, 60] {
            fs::write(root.path().join("backup.to"), vec![0; length]).unwrap();
            let found = Leftovers::erase(root.path(), Side::Till).unwrap();
            assert_eq!((found.left, found.erased), (Vec::new(), Vec::new()), "{length}");
            assert_eq!(names(root.path()), Vec::<String>::new());
        }
    }

    /// Nothing is written outside before the note is durable, so that a power cut in it leaves nothing there.
    #[test]
    fn a_note_that_is_cut_short_is_no_leftover() {
        let (root, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let note = root.path().join("backup.to");
        let (partial, _out) =
            Partial::begin(root.path(), Side::Till, &elsewhere.path().join("shop")).unwrap();
        kill(partial);
        let text = fs::read(&note).unwrap();
        fs::remove_dir_all(elsewhere.path()).unwrap();
        for length in 0..text.len() {
            fs::write(&note, &text[..length]).unwrap();
            assert_eq!(Leftovers::erase(root.path(), Side::Till).unwrap(), Leftovers::default(), "{length}");
            assert!(!note.exists(), "{length}");
        }
    }

    /// The note of before has a file system and no directory: what is there goes, what is not there is not known.
    #[test]
    fn an_earlier_note_is_never_taken_for_done() {
        let (root, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let seen = elsewhere.path().join("shop.partial");
        let file_system = DirectoryId::of(&seen).unwrap().file_system;
        let text = [&file_system.to_be_bytes(), seen.as_os_str().as_bytes()].concat();
        fs::write(root.path().join("backup.to"), text).unwrap();
        let path = vec![seen.display().to_string()];
        let away = Leftovers { erased: Vec::new(), left: path.clone() };
        assert_eq!(Leftovers::erase(root.path(), Side::Till).unwrap(), away);
        fs::write(&seen, b"manifest.json\0 and keys").unwrap();
        let erased = Leftovers { erased: path, left: Vec::new() };
        assert_eq!(Leftovers::erase(root.path(), Side::Till).unwrap(), erased);
        assert_eq!((names(root.path()), names(elsewhere.path())), (Vec::new(), Vec::new()));
    }

    /// A disk that is pulled out while a backup is written to it.
    #[test]
    fn a_backup_that_fails_as_its_disk_goes_stays_noted() {
        let (root, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let disk = elsewhere.path().join("disk");
        fs::create_dir(&disk).unwrap();
        let (partial, mut out) = Partial::begin(root.path(), Side::Till, &disk.join("shop")).unwrap();
        out.write_all(b"manifest.json\0 and keys").unwrap();
        fs::rename(&disk, elsewhere.path().join("away")).unwrap();
        fs::create_dir(&disk).unwrap();
        drop(partial);
        let path = vec![disk.join("shop.partial").display().to_string()];
        let away = Leftovers { erased: Vec::new(), left: path };
        assert_eq!(Leftovers::erase(root.path(), Side::Till).unwrap(), away);
    }

    #[test]
    fn a_disk_that_was_taken_away_is_named_until_it_is_back() {
        let (root, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let disk = elsewhere.path().join("disk");
        fs::create_dir(&disk).unwrap();
        let (partial, mut out) = Partial::begin(root.path(), Side::Hub, &disk.join("shop")).unwrap();
        out.write_all(&[0x28, 0xb5, 0x2f, 0xfd, 1]).unwrap();
        kill(partial);
        fs::rename(&disk, elsewhere.path().join("away")).unwrap();
        let path = disk.join("shop.partial").display().to_string();
        let away = Leftovers { erased: Vec::new(), left: vec![path.clone()] };
        assert_eq!(Leftovers::erase(root.path(), Side::Hub).unwrap(), away);
        // An empty mount point: the same name, and the same file system, too.
        fs::create_dir(&disk).unwrap();
        assert_eq!(Leftovers::erase(root.path(), Side::Hub).unwrap(), away);
        assert_eq!(Leftovers::erase(root.path(), Side::Hub).unwrap(), away, "the note stays");
        fs::remove_dir(&disk).unwrap();
        fs::rename(elsewhere.path().join("away"), &disk).unwrap();
        let back = Leftovers { erased: vec![path], left: Vec::new() };
        assert_eq!(Leftovers::erase(root.path(), Side::Hub).unwrap(), back);
        assert_eq!((names(root.path()), names(&disk)), (Vec::new(), Vec::new()));
    }

    #[test]
    fn what_is_not_ours_is_never_erased() {
        let (root, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let partial = elsewhere.path().join("shop.partial");
        for what in ["another's text", "a link", "a second name"] {
            let (ours, mut out) =
                Partial::begin(root.path(), Side::Till, &elsewhere.path().join("shop")).unwrap();
            out.write_all(b"manifest.json\0").unwrap();
            kill(ours);
            let other = elsewhere.path().join("other");
            fs::remove_file(&partial).unwrap();
            fs::write(&other, "manifest.json\0 of another").unwrap();
            match what {
                "a link" => std::os::unix::fs::symlink(&other, &partial).unwrap(),
                "a second name" => fs::hard_link(&other, &partial).unwrap(),
                _ => fs::write(&partial, "another's text").unwrap(),
            }
            assert_eq!(Leftovers::erase(root.path(), Side::Till).unwrap(), Leftovers::default(), "{what}");
            assert_eq!(fs::read(&other).unwrap(), b"manifest.json\0 of another", "{what}");
            assert!(names(root.path()).is_empty(), "{what}");
            fs::remove_file(&partial).unwrap();
        }
    }

    #[test]
    fn a_backup_that_fails_leaves_nothing() {
        let (root, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = elsewhere.path().join("shop");
        drop(Partial::begin(root.path(), Side::Till, &file).unwrap());
        assert!(names(root.path()).is_empty() && names(elsewhere.path()).is_empty());
        let missing = Partial::begin(root.path(), Side::Till, &elsewhere.path().join("no/shop"));
        assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
        let (partial, _out) = Partial::begin(root.path(), Side::Till, &file).unwrap();
        partial.finish().unwrap();
        assert_eq!((names(root.path()), names(elsewhere.path())), (Vec::new(), vec!["shop".to_owned()]));
        let there = Partial::begin(root.path(), Side::Till, &file);
        assert_eq!(there.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
