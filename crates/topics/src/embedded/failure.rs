//! Once a write has failed the store takes no more until the process is started again. Why it failed is kept.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::directory::io_error;
use crate::error::TopicsError;

/// The first failure of a write; clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstFailure(Arc<Mutex<Option<TopicsError>>>);

impl FirstFailure {
    /// Why nothing can be written any more, if that is so.
    pub fn get(&self) -> Option<TopicsError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps the failure, unless there is one already; the first one in words of ours.
    pub fn note(&self, path: &Path, error: &fjall::Error) -> TopicsError {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| store_error(path, error)).clone()
    }
}

/// A failure of the store in words of ours.
pub(super) fn store_error(path: &Path, error: &fjall::Error) -> TopicsError {
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => io_error(path, error),
        // A thread of the store failed, and only it knows why; want of room is what can be asked after.
        fjall::Error::Poisoned => try_room(path).err().unwrap_or_else(|| TopicsError::Fatal {
            reason: format!("{} takes no more writes after one failed; start again", path.display()),
        }),
        other => match damage(path, other) {
            Some(what) => damaged(path, "", &what),
            None => TopicsError::Fatal { reason: format!("{}: {other}", path.display()) },
        },
    }
}

/// The failure of a store that cannot be opened.
pub(super) fn open_error(path: &Path, error: &fjall::Error) -> TopicsError {
    match damage(path, error) {
        Some(what) => damaged(path, " and cannot be opened", &what),
        None => store_error(path, error),
    }
}

/// The failure of a store whose journal is so far from what it wrote that an assertion of the store failed.
pub(super) fn broken_assertion(path: &Path) -> TopicsError {
    damaged(path, " and cannot be opened", &format!("{} cannot be read", journals(path)))
}

fn damaged(path: &Path, consequence: &str, what: &str) -> TopicsError {
    let reason = format!(
        "{} is damaged{consequence}: {what}; bring back a copy of it, or move it away to begin anew",
        path.display()
    );
    TopicsError::Fatal { reason }
}

/// What is damaged, if the error says that files are not what the store wrote.
fn damage(path: &Path, error: &fjall::Error) -> Option<String> {
    use fjall::{Error, JournalRecoveryError, LsmError};
    let journals = || journals(path);
    Some(match error {
        Error::JournalRecovery(JournalRecoveryError::ChecksumMismatch) => {
            format!("the bytes of {} do not match their checksum", journals())
        }
        Error::JournalRecovery(JournalRecoveryError::InvalidFileName) => {
            "a file in `store` has the name of no journal".to_owned()
        }
        Error::JournalRecovery(_) | Error::InvalidTrailer | Error::InvalidTag(_) => {
            format!("{} is not what was written", journals())
        }
        Error::Storage(LsmError::ChecksumMismatch { .. }) => {
            "the bytes of a table in `store/keyspaces` do not match their checksum".to_owned()
        }
        Error::Storage(LsmError::Io(_)) => return None,
        Error::Storage(_) | Error::Decompress(_) => {
            "a table in `store/keyspaces` is not what was written".to_owned()
        }
        Error::InvalidVersion(_) | Error::Unrecoverable => "files of `store` are missing or cut".to_owned(),
        _ => return None,
    })
}

/// The journals of the store, for people; the store does not say at which of them, nor where in it, it has failed.
fn journals(path: &Path) -> String {
    let entries = fs::read_dir(path.join("store")).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".jnl"))
        .map(|name| format!("store/{name}"))
        .collect();
    names.sort();
    match names.as_slice() {
        [] => "the journal in `store`".to_owned(),
        [one] => one.clone(),
        several => format!("one of {}", several.join(", ")),
    }
}

/// Writes a little, and takes it away.
fn try_room(path: &Path) -> Result<(), TopicsError> {
    let probe = path.join("room.new");
    let written = fs::write(&probe, [1; 1 << 16]);
    // If it is not there, there is nothing to take away.
    let _ = fs::remove_file(&probe);
    written.map_err(|error| io_error(path, &error))
}
