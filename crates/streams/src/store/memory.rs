//! The key/value base in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::checkpoint::Checkpoint;
use super::key_value::{Changes, KeyRange, KeyValueBase, ReadOnlyKeyValueStore, ViewSource, Visit, is_empty};
use super::state_store::StoreError;

#[derive(Clone, Debug, Default)]
struct Content {
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
    checkpoint: Checkpoint,
}

/// A key/value base in memory: gone with the task, restored from the changelog if there is one.
#[derive(Debug, Default)]
pub(crate) struct MemoryBase {
    /// Readers of other threads take a reference and let go of the lock; a commit copies the content only if one of
    /// them still holds it.
    content: Arc<RwLock<Arc<Content>>>,
}

impl MemoryBase {
    fn content(&self) -> Arc<Content> {
        self.content.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ReadOnlyKeyValueStore for Content {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.entries.get(key).cloned())
    }

    fn scan(&self, range: KeyRange<'_>, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        if is_empty(range) {
            return Ok(());
        }
        for (key, value) in self.entries.range::<[u8], _>(range) {
            if !visit(key, value) {
                break;
            }
        }
        Ok(())
    }
}

impl ReadOnlyKeyValueStore for MemoryBase {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.content().get(key)
    }

    fn scan(&self, range: KeyRange<'_>, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        self.content().scan(range, visit)
    }
}

impl KeyValueBase for MemoryBase {
    fn apply(&mut self, changes: &mut Changes, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let mut content = self.content.write().unwrap_or_else(PoisonError::into_inner);
        let content = Arc::make_mut(&mut content);
        for (key, change) in std::mem::take(changes) {
            match change {
                Some(value) => content.entries.insert(key, value),
                None => content.entries.remove(&key),
            };
        }
        content.checkpoint = checkpoint.clone();
        Ok(())
    }

    fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        Ok(None)
    }

    fn wipe(&mut self) -> Result<(), StoreError> {
        *self.content.write().unwrap_or_else(PoisonError::into_inner) = Arc::default();
        Ok(())
    }

    fn view(&self) -> Box<dyn ViewSource> {
        Box::new(MemoryView { content: self.content.clone() })
    }
}

struct MemoryView {
    content: Arc<RwLock<Arc<Content>>>,
}

struct MemorySnapshot(Arc<Content>);

impl ViewSource for MemoryView {
    fn snapshot(&self) -> Result<(Box<dyn ReadOnlyKeyValueStore + Send>, Checkpoint), StoreError> {
        let content = self.content.read().unwrap_or_else(PoisonError::into_inner).clone();
        let checkpoint = content.checkpoint.clone();
        Ok((Box::new(MemorySnapshot(content)), checkpoint))
    }
}

impl ReadOnlyKeyValueStore for MemorySnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }

    fn scan(&self, range: KeyRange<'_>, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        self.0.scan(range, visit)
    }
}
