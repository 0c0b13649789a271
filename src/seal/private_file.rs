//! Files that only the shop's own user may read.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

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
            let _ = std::fs::remove_file(path);
            Err(error)
        }
    }
}

fn sync_directory_of(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory)?.sync_all()
}
