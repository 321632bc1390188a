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
        fjall::Error::Io(error) => io_error(path, error),
        // A thread of the store failed, and only it knows why; want of room is what can be asked after.
        fjall::Error::Poisoned => try_room(path).err().unwrap_or_else(|| TopicsError::Fatal {
            reason: format!("{} takes no more writes after one failed; start again", path.display()),
        }),
        other => TopicsError::Fatal { reason: format!("{}: {other}", path.display()) },
    }
}

/// The failure of a store that cannot be opened because its files are not what it wrote.
pub(super) fn damaged(path: &Path) -> TopicsError {
    let reason = format!(
        "{} is damaged and cannot be opened; bring back a copy of it, or move it away to begin anew",
        path.display()
    );
    TopicsError::Fatal { reason }
}

/// Writes a little, and takes it away.
fn try_room(path: &Path) -> Result<(), TopicsError> {
    let probe = path.join("room.new");
    let written = fs::write(&probe, [1; 1 << 16]);
    // If it is not there, there is nothing to take away.
    let _ = fs::remove_file(&probe);
    written.map_err(|error| io_error(path, &error))
}
