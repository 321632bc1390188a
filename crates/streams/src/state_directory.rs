//! The directory that an instance keeps its stores and its identity in.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::error::{ErrorKind, StreamsError};
use crate::store::{StoreDatabase, StoreError};
use crate::task_id::TaskId;

/// The directory of one instance of an application: locked, so that no second process works with it.
///
/// ```text
/// lock          held by the process; says who it is
/// process-id    part of the transactional ids, the same after a restart
/// stores/       persistent stores
/// custom/       directories of custom stores
/// ```
#[derive(Debug)]
pub struct StateDirectory {
    path: PathBuf,
    process_id: String,
    /// The lock ends with the file.
    _lock: File,
    database: OnceLock<OpenedDatabase>,
    opening: Mutex<()>,
    /// Tasks that a thread of this process works on. After a rebalance another thread may be given a task that its
    /// former owner has not let go of yet; two writers to one store would mix old and new.
    owned: Arc<Mutex<BTreeSet<TaskId>>>,
}

struct OpenedDatabase(StoreDatabase);

impl std::fmt::Debug for OpenedDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoreDatabase")
    }
}

/// The right to work on a task in this process; ends when dropped.
#[derive(Debug)]
pub(crate) struct TaskClaim {
    task: TaskId,
    owned: Arc<Mutex<BTreeSet<TaskId>>>,
}

impl Drop for TaskClaim {
    fn drop(&mut self) {
        self.owned.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.task);
    }
}

impl StateDirectory {
    /// Takes a directory, made if it is not there. `holder` is what a second process is told about this one, on one
    /// line: a process id, a URL.
    ///
    /// # Errors
    /// [`ErrorKind::StateLocked`] naming the holder; [`ErrorKind::StateDirectory`] if it cannot be used.
    pub fn open(path: &Path, holder: &str) -> Result<Self, StreamsError> {
        let failed = |error: std::io::Error| {
            StreamsError::from(ErrorKind::StateDirectory {
                directory: path.into(),
                reason: error.to_string(),
            })
        };
        fs::create_dir_all(path).map_err(failed)?;
        let mut lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path.join("lock"))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let read = lock.read_to_string(&mut holder);
                let holder = match read {
                    Ok(_) if !holder.trim().is_empty() => holder.trim().to_owned(),
                    _ => "another process".to_owned(),
                };
                return Err(ErrorKind::StateLocked { directory: path.into(), holder }.into());
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| lock.write_all(holder.as_bytes()))
            .and_then(|()| lock.flush())
            .map_err(failed)?;
        let process_id = process_id(&path.join("process-id")).map_err(failed)?;
        Ok(Self {
            path: path.into(),
            process_id,
            _lock: lock,
            database: OnceLock::new(),
            opening: Mutex::new(()),
            owned: Arc::default(),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The process id: made once, the same after a restart.
    #[must_use]
    pub fn process_id(&self) -> &str {
        &self.process_id
    }

    /// Forgets the content of a persistent store in all tasks.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub fn wipe_store(&self, store: &str) -> Result<(), StreamsError> {
        let wiped = self.database().and_then(|(database, _)| database.wipe(store));
        wiped.map_err(|error| StreamsError::store(store, error))
    }

    /// Forgets all stores. Only while no instance runs.
    ///
    /// # Errors
    /// [`ErrorKind::StateDirectory`].
    pub fn wipe(self) -> Result<(), StreamsError> {
        let Self { path, database, .. } = self;
        drop(database);
        for part in ["stores", "stores.damaged", "custom"] {
            match fs::remove_dir_all(path.join(part)) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    let reason = error.to_string();
                    return Err(ErrorKind::StateDirectory { directory: path, reason }.into());
                }
            }
        }
        Ok(())
    }

    /// The database of the persistent stores, opened when first asked for; the second answer says, to whom opens it,
    /// what was wrong with one that had to be put aside.
    pub(crate) fn database(&self) -> Result<(&StoreDatabase, Option<String>), StoreError> {
        let _opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = self.database.get() {
            return Ok((&opened.0, None));
        }
        let (database, damage) = StoreDatabase::open(&self.path.join("stores"))?;
        Ok((&self.database.get_or_init(|| OpenedDatabase(database)).0, damage))
    }

    /// The directory of a custom store.
    pub(crate) fn custom_store(&self, task: TaskId, store: &str) -> PathBuf {
        self.path.join("custom").join(task.to_string()).join(store)
    }

    /// Takes a task for the calling thread; `None` while another thread of this process has it.
    pub(crate) fn claim(&self, task: TaskId) -> Option<TaskClaim> {
        let new = self.owned.lock().unwrap_or_else(PoisonError::into_inner).insert(task);
        new.then(|| TaskClaim { task, owned: self.owned.clone() })
    }
}

/// Reads the process id, or makes one. Written beside and renamed, so that it is never half there.
fn process_id(path: &Path) -> std::io::Result<String> {
    let is_id = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match fs::read_to_string(path) {
        Ok(text) if is_id(text.trim()) => return Ok(text.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let id = random_id();
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(id.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    Ok(id)
}

/// Sixteen hexadecimal digits that no other process has.
pub(crate) fn random_id() -> String {
    // The standard library seeds its hash maps from the system's random numbers; that is all that is needed here.
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_refused_and_told_who_holds_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        let first = StateDirectory::open(&path, "process 4711 (http://127.0.0.1:8888)").unwrap();
        let error = StateDirectory::open(&path, "process 2").unwrap_err();
        assert!(matches!(*error.kind, ErrorKind::StateLocked { .. }));
        assert!(
            error.to_string().ends_with(
                "is in use by process 4711 (http://127.0.0.1:8888); give this instance another one"
            )
        );
        let id = first.process_id().to_owned();
        drop(first);
        assert_eq!(StateDirectory::open(&path, "process 2").unwrap().process_id(), id);
        fs::write(path.join("process-id"), "garbage").unwrap();
        assert_ne!(StateDirectory::open(&path, "process 3").unwrap().process_id(), id);
    }

    #[test]
    fn a_task_belongs_to_one_thread_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let state = StateDirectory::open(directory.path(), "me").unwrap();
        let claim = state.claim(TaskId::from(1));
        assert!(claim.is_some() && state.claim(TaskId::from(2)).is_some());
        assert!(state.claim(TaskId::from(1)).is_none());
        drop(claim);
        assert!(state.claim(TaskId::from(1)).is_some());
    }

    #[test]
    fn a_directory_that_is_a_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "x").unwrap();
        let error = StateDirectory::open(&path, "me").unwrap_err();
        assert!(matches!(*error.kind, ErrorKind::StateDirectory { .. }), "{error}");
    }
}
