//! Where everything lives: one private directory, and who may write in it.

use std::env;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::domain::language::Language;
use crate::domain::settings::Store;
use crate::seal::private_file::{self, Foreign};
use crate::store::directory::{Nature, nature};

/// What the process was started with, beside its arguments. Read once, at the top.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `OLVIDO_DATA`, where it is not empty.
    pub data: Option<PathBuf>,
    /// The platform's data directory of this user.
    pub default_data: Option<PathBuf>,
    /// `OLVIDO_LANG`, else the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set, where it is
    /// a language of Olvido.
    pub language: Option<Language>,
    /// `OLVIDO_LANG`, where it is none.
    pub unknown_language: Option<String>,
    /// Who runs the program, as the system calls them: `SUDO_USER`, else `USER`, else `LOGNAME`. It is
    /// noted with what they look at, and proves nothing.
    pub user: Option<String>,
    /// `OLVIDO_HUB_DATABASE`: where a hub's database is; a password in it is seen by nobody else, as
    /// it is on a command line.
    pub hub_database: Option<String>,
    /// `OLVIDO_HUB_KEYS_DATABASE`: where several hubs share their keys, likewise.
    pub hub_keys_database: Option<String>,
    /// `NO_COLOR` is set and not empty (no-color.org).
    pub no_color: bool,
}

/// The data directory and the names of its files. See [`DataDir::check`] for their modes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDir {
    root: PathBuf,
}

/// Why the data directory cannot be used.
#[derive(Debug)]
pub enum PathError {
    /// Neither an argument, nor `OLVIDO_DATA`, nor a home directory.
    NoHome,
    /// Others may read or write these.
    Loose(Vec<Loose>),
    /// These are not this user's own files and folders.
    Foreign(Vec<(PathBuf, Foreign)>),
    /// Others may enter this directory and it holds other things than a store, as `/tmp` does:
    /// closing it could break them.
    Shared(PathBuf),
    /// Not a directory.
    NotADirectory(PathBuf),
    Io(PathBuf, io::Error),
}

/// A file or directory that others than its owner may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loose {
    pub path: PathBuf,
    /// Permission bits as found.
    pub found: u32,
    /// Permission bits that it may have at most.
    pub wanted: u32,
}

/// The right to write in a data directory. Held by the till for its whole life, and by every
/// command that writes; given back when dropped or when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

#[derive(Debug)]
pub enum LockError {
    /// Another process holds it; its process id, where that could be read.
    Held {
        pid: Option<u32>,
        /// It makes a backup, which ends by itself.
        is_backup: bool,
    },
    Io(PathBuf, io::Error),
}

/// In the file of the lock, behind the process id.
const BACKUP: &str = "backup";
/// Directories are for their owner alone.
const DIRECTORY_MODE: u32 = 0o700;
/// So are files.
const FILE_MODE: u32 = 0o600;

impl Environment {
    /// Reads the environment of this process.
    pub fn of_process() -> Environment {
        Environment::read(|name| env::var_os(name), default_data())
    }

    /// Reads an environment by its names.
    pub fn read(get: impl Fn(&str) -> Option<OsString>, default_data: Option<PathBuf>) -> Environment {
        let filled = |name: &str| get(name).filter(|value| !value.is_empty());
        let language = ["OLVIDO_LANG", "LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(filled)
            .and_then(|value| value.to_str()?.parse().ok());
        let asked = filled("OLVIDO_LANG").map(|value| value.to_string_lossy().into_owned());
        Environment {
            data: filled("OLVIDO_DATA").map(PathBuf::from),
            default_data,
            language,
            unknown_language: asked.filter(|value| value.parse::<Language>().is_err()),
            user: ["SUDO_USER", "USER", "LOGNAME"]
                .into_iter()
                .find_map(filled)
                .and_then(|value| Store::named(value.to_str()?)),
            hub_database: filled("OLVIDO_HUB_DATABASE").and_then(|value| value.into_string().ok()),
            hub_keys_database: filled("OLVIDO_HUB_KEYS_DATABASE").and_then(|value| value.into_string().ok()),
            no_color: filled("NO_COLOR").is_some(),
        }
    }
}

fn default_data() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "olvido").map(|dirs| dirs.data_dir().to_owned())
}

impl DataDir {
    /// `argument` (`--data`), else `OLVIDO_DATA`, else the platform's place. Errors: `NoHome`.
    pub fn choose(argument: Option<&Path>, environment: &Environment) -> Result<DataDir, PathError> {
        argument
            .or(environment.data.as_deref())
            .or(environment.default_data.as_deref())
            .map(DataDir::at)
            .ok_or(PathError::NoHome)
    }

    /// The data directory at `root`, which need not be there yet. A link to one is followed here, once: what is
    /// looked at and worked in from then on is the directory itself, wherever the link leads later.
    pub fn at(root: &Path) -> DataDir {
        let is_link = fs::symlink_metadata(root).is_ok_and(|metadata| metadata.is_symlink());
        let resolved = if is_link { fs::canonicalize(root).ok() } else { None };
        DataDir { root: resolved.unwrap_or_else(|| root.to_owned()) }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn database(&self) -> PathBuf {
        self.root.join("olvido.db")
    }

    pub fn keys(&self) -> PathBuf {
        self.root.join("olvido.keys")
    }

    pub fn store_key(&self) -> PathBuf {
        self.root.join("store.key")
    }

    pub fn config(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    pub fn policy(&self) -> PathBuf {
        self.root.join("policy.toml")
    }

    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    pub fn log(&self) -> PathBuf {
        self.logs().join("olvido.log")
    }

    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// The address at which a hub serves, while it does.
    pub fn hub_address(&self) -> PathBuf {
        self.root.join("hub.address")
    }

    pub fn hub_config(&self) -> PathBuf {
        self.root.join("hub.toml")
    }

    /// A hub's database, where no other is named.
    pub fn hub_database(&self) -> PathBuf {
        self.root.join("hub.db")
    }

    /// The certificate that a hub made itself, and its key.
    pub fn hub_certificate(&self) -> (PathBuf, PathBuf) {
        (self.root.join("cert.pem"), self.root.join("key.pem"))
    }

    pub fn hub_log(&self) -> PathBuf {
        self.logs().join("hub.log")
    }

    /// Whether a store was set up here.
    pub fn is_set_up(&self) -> bool {
        self.config().exists()
    }

    /// Makes the directory and its `logs`, for their owner alone, where they are missing.
    /// Errors: `Io`, `NotADirectory`.
    pub fn create(&self) -> Result<(), PathError> {
        for folder in [self.root.clone(), self.logs()] {
            if folder.exists() && !folder.is_dir() {
                return Err(PathError::NotADirectory(folder));
            }
            private_directory(&folder).map_err(|error| PathError::Io(folder, error))?;
        }
        Ok(())
    }

    /// Refuses a directory that others may enter, and private files that others may use: all of
    /// them at once. Private is what [`nature`] says, everything else whose name begins with `olvido.` or `hub.`,
    /// and `logs/` with all in it. What Olvido works with must be a file, no link, of this very user. What is not
    /// there yet is no fault; what unfinished work has left is erased at the opening, whatever it is.
    /// Errors: `Foreign`, `Loose`, `Shared`, `Io`, `NotADirectory`.
    pub fn check(&self) -> Result<(), PathError> {
        self.check_those(|_| true)
    }

    /// The same for a forget, where it matters only whether the files that it works with are this user's own:
    /// what it does without keeps nobody from it.
    pub fn check_to_forget(&self) -> Result<(), PathError> {
        self.check_those(|path| {
            let name = path.file_name().unwrap_or_default();
            path == self.root
                || [self.lock(), self.store_key()].contains(&path.to_owned())
                || name.as_encoded_bytes().starts_with(b"olvido.") && path.parent() == Some(&self.root)
        })
    }

    fn check_those(&self, must_be_own: impl Fn(&Path) -> bool) -> Result<(), PathError> {
        let Some(root) = metadata(&self.root)? else { return Ok(()) };
        if !root.is_dir() {
            return Err(PathError::NotADirectory(self.root.clone()));
        }
        let mut checked = Checked::default();
        checked.look(&self.root, &root, true);
        let found = entries(&self.root)?;
        let ours = [self.config(), self.database(), self.root.join("hub.key")];
        if !checked.loose.is_empty() && !found.is_empty() && !ours.iter().any(|path| path.exists()) {
            return Err(PathError::Shared(self.root.clone()));
        }
        for path in found {
            let name = path.file_name().unwrap_or_default();
            let begins = |start: &str| name.as_encoded_bytes().starts_with(start.as_bytes());
            // SQLite's log may have just gone.
            let Some(metadata) = metadata(&path)? else { continue };
            match nature(name) {
                Some(Nature::Unfinished(_)) => {}
                Some(Nature::Folder) => checked.look(&path, &metadata, true),
                Some(Nature::Private) => checked.look(&path, &metadata, false),
                None if metadata.is_file() && (begins("olvido.") || begins("hub.")) => {
                    checked.look(&path, &metadata, false);
                }
                Some(Nature::Open) | None => {}
            }
        }
        if self.logs().is_dir() {
            for path in entries(&self.logs())? {
                if let Some(metadata) = metadata(&path)? {
                    checked.look(&path, &metadata, false);
                }
            }
        }
        checked.foreign.retain(|(path, _)| must_be_own(path));
        checked.result()
    }
}

/// What was looked at and cannot stay as it is.
#[derive(Default)]
struct Checked {
    foreign: Vec<(PathBuf, Foreign)>,
    loose: Vec<Loose>,
}

impl Checked {
    fn look(&mut self, path: &Path, metadata: &Metadata, is_folder: bool) {
        let found = metadata.permissions().mode() & 0o7777;
        if let Some(foreign) = private_file::foreign(metadata, is_folder) {
            self.foreign.push((path.to_owned(), foreign));
        } else if found & 0o077 != 0 {
            let wanted = if is_folder { DIRECTORY_MODE } else { FILE_MODE };
            self.loose.push(Loose { path: path.to_owned(), found, wanted });
        }
    }

    fn result(self) -> Result<(), PathError> {
        if !self.foreign.is_empty() {
            Err(PathError::Foreign(self.foreign))
        } else if !self.loose.is_empty() {
            Err(PathError::Loose(self.loose))
        } else {
            Ok(())
        }
    }
}

/// A path for a shell: `'/data/it is'`.
pub fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@".contains(c);
    if path.chars().all(plain) { path.into_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

impl Loose {
    /// The command that mends it, ready for a shell: `chmod 600 '/data/olvido.db'`.
    pub fn remedy(&self) -> String {
        let path = quoted(&self.path);
        format!("chmod {:o} {path}", self.wanted)
    }
}

impl Lock {
    /// Takes the lock of an existing data directory without waiting. Errors: `Held`, `Io`.
    pub fn take(data: &DataDir) -> Result<Lock, LockError> {
        let path = data.lock();
        let failed = |error| LockError::Io(path.clone(), error);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let file = private_file::open(&path, options).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.take(40).read_to_string(&mut text);
                let mut words = text.split_whitespace();
                let pid = words.next().and_then(|word| word.parse().ok());
                return Err(LockError::Held { pid, is_backup: words.next() == Some(BACKUP) });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut lock = Lock { file };
        lock.note("");
        Ok(lock)
    }

    /// Tells whoever finds it taken that a backup is being made.
    pub fn is_for_backup(&mut self) {
        self.note(BACKUP);
    }

    /// Only helps to find the other process; the lock holds without it.
    fn note(&mut self, work: &str) {
        // In one write over the one before, so that nobody reads half of it.
        let text = format!("{:<39}\n", format!("{} {work}", std::process::id()));
        let _ = self.file.write_all_at(text.as_bytes(), 0);
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

/// Makes a directory for its owner alone, where it is missing, durable on return.
pub(super) fn private_directory(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|a| !a.as_os_str().is_empty() && !a.exists()).collect();
    DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(path)?;
    // A directory that a power cut takes away takes everything in it.
    for made in missing {
        private_file::sync_directory_of(made)?;
    }
    Ok(())
}

/// Of what stands there, a link itself; `None` where nothing does.
fn metadata(path: &Path) -> Result<Option<Metadata>, PathError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(PathError::Io(path.to_owned(), error)),
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, PathError> {
    let failed = |error| PathError::Io(folder.to_owned(), error);
    let mut paths = fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(failed)?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let get = |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value));
        Environment::read(get, Some("/home/ana/.local/share/olvido".into()))
    }

    #[test]
    fn the_argument_comes_first_then_the_environment_then_the_platform() {
        let platform = Path::new("/home/ana/.local/share/olvido");
        for (argument, pairs, expected) in [
            (Some(Path::new("/a")), vec![("OLVIDO_DATA", "/b")], Path::new("/a")),
            (None, vec![("OLVIDO_DATA", "/b")], Path::new("/b")),
            (None, vec![("OLVIDO_DATA", "")], platform),
            (None, vec![], platform),
        ] {
            assert_eq!(DataDir::choose(argument, &environment(&pairs)).unwrap().root(), expected);
        }
        let homeless = Environment::read(|_| None, None);
        assert!(matches!(DataDir::choose(None, &homeless), Err(PathError::NoHome)));
    }

    #[test]
    fn the_language_of_the_session() {
        for (pairs, expected) in [
            (vec![("LANG", "es_ES.UTF-8")], Some(Language::Spanish)),
            (vec![("LANG", "es_ES.UTF-8"), ("LC_ALL", "en_GB.UTF-8")], Some(Language::English)),
            (vec![("LANG", "es_ES.UTF-8"), ("OLVIDO_LANG", "en")], Some(Language::English)),
            (vec![("LANG", "es_ES.UTF-8"), ("LC_ALL", "C")], None),
            (vec![], None),
        ] {
            assert_eq!(environment(&pairs).language, expected, "{pairs:?}");
        }
        assert!(environment(&[("NO_COLOR", "1")]).no_color);
        assert!(!environment(&[("NO_COLOR", "")]).no_color);
    }

    #[test]
    fn one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(folder.path());
        let mut lock = Lock::take(&data).unwrap();
        match Lock::take(&data) {
            Err(LockError::Held { pid, is_backup: false }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        lock.is_for_backup();
        let held = Lock::take(&data);
        assert!(matches!(held, Err(LockError::Held { pid: Some(_), is_backup: true })), "{held:?}");
        drop(lock);
        Lock::take(&data).unwrap();
    }

    #[test]
    fn a_private_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(folder.path().join("config.toml.new"), "left by a crash").unwrap();
        for text in ["one", "another, longer", ""] {
            private_file::replace(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn others_are_kept_out() {
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(&folder.path().join("a/shop's"));
        data.check().expect("nothing there yet");
        data.create().unwrap();
        let private =
            [data.database(), data.keys(), data.store_key(), data.config(), data.policy(), data.log()];
        for path in &private {
            private_file::replace(path, b"x").unwrap();
        }
        drop(Lock::take(&data).unwrap());
        data.check().expect("all are created private");

        fs::write(data.root().join("catalogue.csv"), "the user's own").unwrap();
        set(&data.root().join("catalogue.csv"), 0o644);
        data.check().expect("not ours");

        let (outside, link) = (folder.path().join("outside"), data.keys());
        fs::rename(&link, &outside).unwrap();
        std::os::unix::fs::symlink(&outside, &link).unwrap();
        let Err(PathError::Foreign(found)) = data.check() else { panic!("a link is refused") };
        assert_eq!(found, [(link.clone(), Foreign::Link)]);
        assert!(Lock::take(&data).is_ok());
        fs::remove_file(&link).unwrap();
        fs::create_dir(&link).unwrap();
        let Err(PathError::Foreign(found)) = data.check() else { panic!("a folder is refused") };
        assert_eq!(found, [(link.clone(), Foreign::Kind)]);
        fs::remove_dir(&link).unwrap();
        fs::rename(&outside, &link).unwrap();
        let linked = folder.path().join("to the shop");
        std::os::unix::fs::symlink(data.root(), &linked).unwrap();
        assert_eq!(DataDir::at(&linked).root(), fs::canonicalize(data.root()).unwrap(), "followed once");

        fs::write(data.root().join("olvido.db-wal"), "x").unwrap();
        let wal = data.root().join("olvido.db-wal");
        let offenders = [
            (data.root().to_owned(), 0o755),
            (data.keys(), 0o640),
            (wal, 0o604),
            (data.logs(), 0o710),
            (data.log(), 0o666),
        ];
        for (path, mode) in &offenders {
            set(path, *mode);
        }
        let Err(PathError::Loose(found)) = data.check() else { panic!("refused") };
        let mut expected: Vec<_> = offenders.iter().map(|(path, mode)| (path.clone(), *mode)).collect();
        let mut seen: Vec<_> = found.iter().map(|l| (l.path.clone(), l.found)).collect();
        expected.sort();
        seen.sort();
        assert_eq!(seen, expected);

        for offender in &found {
            let status = std::process::Command::new("sh").arg("-c").arg(offender.remedy()).status().unwrap();
            assert!(status.success(), "{}", offender.remedy());
        }
        data.check().expect("the commands mend it");
    }

    #[test]
    fn a_directory_of_others_is_not_to_be_closed() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        let data = DataDir::at(folder.path());
        assert!(matches!(data.check(), Err(PathError::Loose(_))), "empty: it may become the store's");
        fs::write(folder.path().join("somebody's"), "x").unwrap();
        assert!(matches!(data.check(), Err(PathError::Shared(_))));
        private_file::replace(&data.config(), b"x").unwrap();
        assert!(matches!(data.check(), Err(PathError::Loose(_))), "the store's own");
    }

    #[test]
    fn a_file_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        fs::write(&path, "x").unwrap();
        assert!(matches!(DataDir::at(&path).create(), Err(PathError::NotADirectory(_))));
        assert!(matches!(DataDir::at(&path).check(), Err(PathError::NotADirectory(_))));
    }
}
