//! The key/value base in the state directory, on a log-structured merge tree.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, Readable, Snapshot};

use super::checkpoint::Checkpoint;
use super::key_value::{Changes, KeyRange, KeyValueBase, ReadOnlyKeyValueStore, ViewSource, Visit, is_empty};
use super::state_store::StoreError;
use crate::task_id::TaskId;

/// Memory of the block cache of one instance.
const CACHE_BYTES: u64 = 8 << 20;
/// Memory of one store of one task before it is written out. Stores of this crate's kind of application are small, and
/// an instance has many of them: what each may gather has to be little.
const MEMTABLE_BYTES: u64 = 1 << 20;
/// The same for the checkpoints, a hundred bytes a task and commit.
const CHECKPOINTS_BYTES: u64 = 256 << 10;
/// The least that the engine allows.
const JOURNAL_BYTES: u64 = 64 << 20;

/// The database of a state directory: a keyspace for each store of each task, and one with their checkpoints.
///
/// Nothing is synced: what a crash of the machine takes from the end of the journal is restored from the changelogs,
/// since the checkpoint goes with it.
#[derive(Clone)]
pub(crate) struct StoreDatabase {
    database: Database,
    checkpoints: Keyspace,
}

impl StoreDatabase {
    /// Opens the database in `directory`, or makes one. A damaged one is put aside, to be restored from the
    /// changelogs; the second answer says why.
    pub fn open(directory: &Path) -> Result<(Self, Option<String>), StoreError> {
        match Self::try_open(directory) {
            Ok(database) => Ok((database, None)),
            Err(reason) => {
                let aside = directory.with_extension("damaged");
                if aside.exists() {
                    std::fs::remove_dir_all(&aside).map_err(StoreError::engine)?;
                }
                std::fs::rename(directory, &aside).map_err(StoreError::engine)?;
                let database = Self::try_open(directory).map_err(StoreError::engine)?;
                Ok((database, Some(reason)))
            }
        }
    }

    fn try_open(directory: &Path) -> Result<Self, String> {
        // The engine takes garbage in its files for a bug of its own and may panic.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let database = Database::builder(directory)
                .cache_size(CACHE_BYTES)
                .max_journaling_size(JOURNAL_BYTES)
                .worker_threads(1)
                .open()?;
            let checkpoints =
                database.keyspace("checkpoints", || options().max_memtable_size(CHECKPOINTS_BYTES))?;
            // A read finds out whether the tree can be used.
            for checkpoint in checkpoints.iter() {
                checkpoint.into_inner()?;
            }
            Ok::<_, fjall::Error>(Self { database, checkpoints })
        }));
        match opened {
            Ok(Ok(database)) => Ok(database),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the storage engine panicked on what it found".into()),
        }
    }

    /// The store of a task.
    pub fn store(&self, task: TaskId, store: &str) -> Result<PersistentBase, StoreError> {
        let name = format!("{task}/{store}");
        let entries = self.database.keyspace(&name, options).map_err(StoreError::engine)?;
        Ok(PersistentBase { database: self.clone(), entries, name })
    }

    /// Forgets a store in all tasks.
    pub fn wipe(&self, store: &str) -> Result<(), StoreError> {
        for name in self.database.list_keyspace_names() {
            let Some((task, other)) = name.split_once('/') else { continue };
            if other == store
                && let Ok(task) = task.parse()
            {
                self.store(task, store)?.wipe()?;
            }
        }
        Ok(())
    }
}

fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES)
}

/// The store of one task in the state directory.
#[derive(Clone)]
pub(crate) struct PersistentBase {
    database: StoreDatabase,
    entries: Keyspace,
    /// Key of the checkpoint.
    name: String,
}

impl PersistentBase {
    fn decode(bytes: Option<fjall::Slice>) -> Result<Option<Checkpoint>, StoreError> {
        bytes
            .map(|bytes| {
                Checkpoint::decode(&bytes).ok_or_else(|| StoreError::engine("the checkpoint cannot be read"))
            })
            .transpose()
    }
}

fn visit_all(entries: fjall::Iter, visit: &mut Visit<'_>) -> Result<(), StoreError> {
    for entry in entries {
        let (key, value) = entry.into_inner().map_err(StoreError::engine)?;
        if !visit(&key, &value) {
            break;
        }
    }
    Ok(())
}

impl ReadOnlyKeyValueStore for PersistentBase {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.entries.get(key).map_err(StoreError::engine)?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan(&self, range: KeyRange<'_>, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        if is_empty(range) {
            return Ok(());
        }
        visit_all(self.entries.range::<&[u8], _>(range), visit)
    }
}

impl KeyValueBase for PersistentBase {
    fn apply(&mut self, changes: &mut Changes, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let mut batch = self.database.database.batch();
        for (key, change) in std::mem::take(changes) {
            match change {
                Some(value) => batch.insert(&self.entries, key, value),
                None => batch.remove(&self.entries, key),
            }
        }
        batch.insert(&self.database.checkpoints, self.name.as_str(), checkpoint.encode());
        batch.commit().map_err(StoreError::engine)
    }

    fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        Self::decode(self.database.checkpoints.get(&self.name).map_err(StoreError::engine)?)
    }

    fn wipe(&mut self) -> Result<(), StoreError> {
        // The checkpoint first: entries without one are wiped again before they are used.
        self.database.checkpoints.remove(self.name.as_str()).map_err(StoreError::engine)?;
        self.entries.clear().map_err(StoreError::engine)
    }

    fn view(&self) -> Box<dyn ViewSource> {
        Box::new(self.clone())
    }
}

struct PersistentSnapshot {
    snapshot: Snapshot,
    entries: Keyspace,
}

impl ViewSource for PersistentBase {
    fn snapshot(&self) -> Result<(Box<dyn ReadOnlyKeyValueStore + Send>, Checkpoint), StoreError> {
        let snapshot = self.database.database.snapshot();
        let checkpoint = snapshot.get(&self.database.checkpoints, &self.name).map_err(StoreError::engine)?;
        let checkpoint = Self::decode(checkpoint)?.unwrap_or_default();
        Ok((Box::new(PersistentSnapshot { snapshot, entries: self.entries.clone() }), checkpoint))
    }
}

impl ReadOnlyKeyValueStore for PersistentSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.snapshot.get(&self.entries, key).map_err(StoreError::engine)?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan(&self, range: KeyRange<'_>, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        if is_empty(range) {
            return Ok(());
        }
        visit_all(self.snapshot.range::<&[u8], _>(&self.entries, range), visit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::key_value::{KeyValueStore, KeyValueView};
    use crate::store::state_store::StateStore;

    fn checkpoint(changelog: i64) -> Checkpoint {
        Checkpoint { changelog, input: changelog, snapshots: Vec::new(), written_at: 1 }
    }

    fn open(directory: &Path) -> (StoreDatabase, KeyValueStore) {
        let (database, damage) = StoreDatabase::open(directory).unwrap();
        assert_eq!(damage, None);
        let store = KeyValueStore::new(Box::new(database.store(TaskId::from(0), "sums").unwrap()));
        (database, store)
    }

    #[test]
    fn what_was_committed_is_there_after_reopening_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("stores");
        {
            let (_database, mut store) = open(&path);
            assert_eq!(store.checkpoint().unwrap(), None);
            store.put(b"a", b"1");
            store.put(b"b", b"2");
            store.commit(&checkpoint(2)).unwrap();
            store.delete(b"a");
            store.put(b"c", b"3");
        }
        let (_database, store) = open(&path);
        assert_eq!(
            store.entries().unwrap(),
            [(b"a".to_vec(), b"1".to_vec()), (b"b".to_vec(), b"2".to_vec())]
        );
        assert_eq!(store.checkpoint().unwrap(), Some(checkpoint(2)));
    }

    #[test]
    fn a_view_shows_entries_and_checkpoint_of_one_commit() {
        let directory = tempfile::tempdir().unwrap();
        let (_database, mut store) = open(&directory.path().join("stores"));
        let view = store.view().downcast::<KeyValueView>().unwrap();
        store.put(b"a", b"1");
        assert_eq!(view.snapshot().unwrap().1, Checkpoint::default());
        store.commit(&checkpoint(5)).unwrap();
        let (content, at) = view.snapshot().unwrap();
        store.put(b"a", b"2");
        store.commit(&checkpoint(6)).unwrap();
        assert_eq!((content.get(b"a").unwrap(), at.changelog), (Some(b"1".to_vec()), 5));
        assert_eq!(content.entries().unwrap().len(), 1);
        assert_eq!(view.snapshot().unwrap().1.changelog, 6);
    }

    #[test]
    fn a_wiped_store_is_empty_and_its_neighbours_are_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("stores");
        {
            let (database, mut store) = open(&path);
            store.put(b"a", b"1");
            store.commit(&checkpoint(1)).unwrap();
            let mut other = KeyValueStore::new(Box::new(database.store(TaskId::from(0), "other").unwrap()));
            other.put(b"x", b"1");
            other.commit(&checkpoint(9)).unwrap();
            database.wipe("sums").unwrap();
            assert_eq!((store.entries().unwrap().len(), store.checkpoint().unwrap()), (0, None));
            store.put(b"b", b"2");
            store.commit(&checkpoint(2)).unwrap();
        }
        let (database, store) = open(&path);
        assert_eq!(store.entries().unwrap(), [(b"b".to_vec(), b"2".to_vec())]);
        let other = database.store(TaskId::from(0), "other").unwrap();
        assert_eq!(other.checkpoint().unwrap(), Some(checkpoint(9)));
    }

    #[test]
    fn a_damaged_database_is_put_aside() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("stores");
        {
            let (_database, mut store) = open(&path);
            store.put(b"a", b"1");
            store.commit(&checkpoint(1)).unwrap();
        }
        for entry in std::fs::read_dir(&path).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() && entry.file_name() != "lock" {
                std::fs::write(entry.path(), b"garbage").unwrap();
            }
        }
        let (database, damage) = StoreDatabase::open(&path).unwrap();
        assert!(damage.is_some());
        let store = database.store(TaskId::from(0), "sums").unwrap();
        assert_eq!(store.checkpoint().unwrap(), None);
        assert!(directory.path().join("stores.damaged").exists());
    }
}
