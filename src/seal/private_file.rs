//! Files that only the shop's own user may read: made, opened, and erased.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;

/// Why a file or folder is not taken for the shop's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// It is a symbolic link: who made it chooses what it leads to.
    Link,
    /// It is no regular file, or, where a folder belongs, no folder.
    Kind,
    /// It belongs to the user of this number.
    Owner(u32),
}

/// Whether what stands there, not followed where it is a link, is a file (or folder) of this process's user.
pub fn foreign(metadata: &Metadata, is_folder: bool) -> Option<Foreign> {
    let is_of_kind = if is_folder { metadata.is_dir() } else { metadata.is_file() };
    if metadata.is_symlink() {
        Some(Foreign::Link)
    } else if !is_of_kind {
        Some(Foreign::Kind)
    } else if metadata.uid() != geteuid().as_raw() {
        Some(Foreign::Owner(metadata.uid()))
    } else {
        None
    }
}

/// Creates `path` with mode 0600 and `content`, both the file and its directory entry on disk when
/// this returns. Errors: the file exists (`AlreadyExists`), or any other of the system; then no
/// half-written file stays behind.
pub fn create(path: &Path, content: &[u8]) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
    match file.write_all(content).and_then(|()| file.sync_all()).and_then(|()| sync_directory_of(path)) {
        Ok(()) => Ok(file),
        Err(error) => {
            // The first error is the one to tell; a file that cannot be removed is refused by its
            // length when it is opened.
            let _ = erase(path);
            Err(error)
        }
    }
}

/// Opens a private file, or makes it with mode 0600 where `options` say so. Errors: `PermissionDenied` for a
/// link, for what is no regular file and for another user's; others of the system.
pub fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // Without NONBLOCK a pipe in the place of a file would keep the till waiting for ever.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = options.mode(0o600).custom_flags(flags.bits() as i32).open(path);
    let file =
        file.map_err(|error| match error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
            true => denied(Foreign::Link),
            false => error,
        })?;
    match foreign(&file.metadata()?, false) {
        None => Ok(file),
        Some(foreign) => Err(denied(foreign)),
    }
}

/// Opens a private file to read it. Errors: as of [`open`].
pub fn open_to_read(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().read(true))
}

/// Refuses a private file that SQLite is to open by its name: errors as of [`open`]. What is not there is no
/// fault.
pub fn require_own(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => foreign(&metadata, false).map_or(Ok(()), |foreign| Err(denied(foreign))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Opens a file that somebody named, to read it: a regular one, anybody's, or what a link to one leads to. A pipe or a
/// device could be read for ever. Errors: `InvalidInput` for these and for a folder; others of the system.
pub fn open_named(path: &Path) -> io::Result<File> {
    // Without NONBLOCK the opening of a pipe would wait for a writer.
    let flags = OFlags::NONBLOCK.bits() as i32;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
}

/// The bytes of a file that has at most so many. Errors: `FileTooLarge`, before it is read; others of the system.
pub fn read_at_most(file: File, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file.metadata()?.len() <= bytes_max {
        // It can grow meanwhile.
        file.take(bytes_max + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 <= bytes_max {
            return Ok(bytes);
        }
    }
    Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than any such file"))
}

fn denied(foreign: Foreign) -> io::Error {
    let what = match foreign {
        Foreign::Link => "it is a symbolic link",
        Foreign::Kind => "it is no regular file",
        Foreign::Owner(_) => "it belongs to another user",
    };
    io::Error::new(io::ErrorKind::PermissionDenied, what)
}

/// Overwrites a file in place with zeros, makes that durable, and only then removes it: what was in it, a
/// wrapped key above all, must not stay in blocks that are merely free. A link is removed, and what it leads to is
/// left alone. Returns whether there was anything. Errors: of the system; it can be repeated.
pub fn erase(path: &Path) -> io::Result<bool> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        metadata => metadata?,
    };
    if metadata.is_file() {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = OpenOptions::new().write(true).custom_flags(flags.bits() as i32).open(path)?;
        overwrite(file)?;
    }
    fs::remove_file(path)?;
    Ok(true)
}

/// [`erase`] for everything in a folder, and the folder. Whatever else stands there is erased as a file.
pub fn erase_all(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Ok(metadata) if metadata.is_dir() => {}
        _ => return erase(path),
    }
    for entry in fs::read_dir(path)? {
        erase_all(&entry?.path())?;
    }
    fs::remove_dir(path)?;
    Ok(true)
}

/// Writes zeros over the whole of a file, durable on return.
pub fn overwrite(mut file: File) -> io::Result<()> {
    let mut left = file.metadata()?.len();
    let zeros = vec![0; 64 << 10];
    while left > 0 {
        let count = left.min(zeros.len() as u64);
        file.write_all(&zeros[..count as usize])?;
        left -= count;
    }
    file.sync_all()
}

/// Replaces a private file whole: a new one, synced, takes the place of the old one, so that a crash leaves
/// either of them, and of the new one at most [`new_name`].
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = path.with_file_name(new_name(path.file_name().unwrap_or_default()));
    erase(&new)?;
    create(&new, content)?;
    fs::rename(&new, path)?;
    sync_directory_of(path)
}

/// What [`replace`] calls the new file until it is whole.
pub fn new_name(name: &OsStr) -> PathBuf {
    let mut new = name.to_owned();
    new.push(".new");
    PathBuf::from(new)
}

/// Makes durable which names are in the directory of `path`.
pub fn sync_directory_of(path: &Path) -> io::Result<()> {
    File::open(directory_of(path))?.sync_all()
}

/// The directory in which `path` stands.
pub fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_or_a_folder_is_no_private_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        create(&path("own"), b"secret").unwrap();
        std::os::unix::fs::symlink(path("own"), path("link")).unwrap();
        open_to_read(&path("own")).unwrap();
        for name in ["link", "."] {
            let refused = open_to_read(&path(name)).map(drop).map_err(|error| error.kind());
            assert_eq!(refused, Err(io::ErrorKind::PermissionDenied), "{name}");
        }
        assert_eq!(require_own(&path("link")).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        require_own(&path("own")).unwrap();
        require_own(&path("nothing")).unwrap();
    }

    /// What is erased is zero in every other name of the same file before its own name goes.
    #[test]
    fn erasing_overwrites_and_follows_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("tree/below")).unwrap();
        create(&path("tree/below/keys"), b"secret").unwrap();
        fs::hard_link(path("tree/below/keys"), path("seen")).unwrap();
        create(&path("other"), b"another's").unwrap();
        std::os::unix::fs::symlink(path("other"), path("tree/link")).unwrap();
        assert!(erase_all(&path("tree")).unwrap());
        assert!(!path("tree").exists());
        assert_eq!(fs::read(path("seen")).unwrap(), [0; 6]);
        assert_eq!(fs::read(path("other")).unwrap(), b"another's");
        assert!(!erase_all(&path("tree")).unwrap() && !erase(&path("tree")).unwrap());
    }
}
