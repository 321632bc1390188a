//! The data directory: one process at a time, which says who it is.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::TopicsError;

const LOCK_FILE: &str = "lock";
const HOLDER_FILE: &str = "holder";

/// Who holds a data directory, as it has written down itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub process: u32,
    /// Where it answers HTTP, once it does.
    pub url: Option<String>,
    /// What opens the topics there. Readable by the directory's owner only.
    pub token: Option<String>,
}

impl std::fmt::Debug for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Holder")
            .field("process", &self.process)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Holder {
    /// The holder of `directory`, if it is held now.
    #[must_use]
    pub fn of(directory: &Path) -> Option<Self> {
        let lock = File::open(directory.join(LOCK_FILE)).ok()?;
        match lock.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(Self::read(directory)),
            _ => None,
        }
    }

    fn read(directory: &Path) -> Self {
        let text = fs::read_to_string(directory.join(HOLDER_FILE)).unwrap_or_default();
        let mut lines = text.lines();
        let process = lines.next().and_then(|line| line.parse().ok()).unwrap_or(0);
        let mut next = || lines.next().filter(|line| !line.is_empty()).map(str::to_owned);
        Self { process, url: next(), token: next() }
    }

    fn describe(&self) -> String {
        match &self.url {
            Some(url) => format!("process {} at {url}", self.process),
            None => format!("process {}", self.process),
        }
    }
}

/// A data directory that is ours until this is dropped.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    // Locked; the lock goes with the file.
    _lock: File,
}

impl Directory {
    /// Takes `path`, making it if it is not there.
    ///
    /// # Errors
    /// [`TopicsError::Locked`] with the holder, [`TopicsError::Full`], [`TopicsError::Configuration`] if it cannot be
    /// made or written.
    pub fn take(path: &Path) -> Result<Self, TopicsError> {
        let failed = |error: io::Error| io_error(path, &error);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(LOCK_FILE))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = Holder::read(path).describe();
                return Err(TopicsError::Locked { directory: path.to_owned(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let directory = Self { path: path.to_owned(), _lock: lock };
        directory.write_holder(None)?;
        Ok(directory)
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes down where we answer HTTP, and what opens the topics there.
    ///
    /// # Errors
    /// As [`Directory::take`].
    pub fn announce(&self, url: &str, token: &str) -> Result<(), TopicsError> {
        self.write_holder(Some((url, token)))
    }

    fn write_holder(&self, contact: Option<(&str, &str)>) -> Result<(), TopicsError> {
        let (url, token) = contact.unwrap_or_default();
        let write = || {
            let fresh = self.path.join("holder.new");
            // A file that is there keeps its mode; this one must not be readable by others for a moment even.
            if let Err(error) = fs::remove_file(&fresh)
                && error.kind() != io::ErrorKind::NotFound
            {
                return Err(error);
            }
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
            write!(file, "{}\n{url}\n{token}\n", std::process::id())?;
            fs::rename(&fresh, self.path.join(HOLDER_FILE))
        };
        write().map_err(|error| io_error(&self.path, &error))
    }
}

/// A failure of the file system in words of ours.
pub(super) fn io_error(path: &Path, error: &io::Error) -> TopicsError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            TopicsError::Full { reason: format!("{}: {error}", path.display()) }
        }
        _ => TopicsError::Configuration {
            reason: format!("the data directory {} cannot be used: {error}", path.display()),
        },
    }
}

/// A token of 32 hexadecimal digits from the system's random numbers.
///
/// # Errors
/// If the system gives none.
pub fn random_token() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_second_holder_is_told_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        assert_eq!(Holder::of(&path), None);
        let first = Directory::take(&path).unwrap();
        first.announce("http://127.0.0.1:8888", "secret").unwrap();
        let mode = fs::metadata(path.join(HOLDER_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let holder = Holder::of(&path).unwrap();
        assert_eq!(holder.process, std::process::id());
        assert_eq!(
            (holder.url.as_deref(), holder.token.as_deref()),
            (Some("http://127.0.0.1:8888"), Some("secret"))
        );
        assert!(!format!("{holder:?}").contains("secret"));
        match Directory::take(&path) {
            Err(TopicsError::Locked { holder, .. }) => {
                assert!(holder.contains("http://127.0.0.1:8888"), "{holder}")
            }
            other => panic!("{other:?}"),
        }
        drop(first);
        assert_eq!(Holder::of(&path), None);
        assert!(Directory::take(&path).is_ok());
    }

    #[test]
    fn a_file_in_the_way_is_a_clear_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        fs::write(&path, b"").unwrap();
        assert!(matches!(Directory::take(&path), Err(TopicsError::Configuration { .. })));
    }

    #[test]
    fn tokens_differ() {
        let [first, second] = [random_token().unwrap(), random_token().unwrap()];
        assert_eq!(first.len(), 32);
        assert_ne!(first, second);
    }
}
