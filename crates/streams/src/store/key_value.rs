//! The key/value store: ordered keys, a write buffer for the transaction, any base under it.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::changelog::ChangelogWriter;
use super::checkpoint::Checkpoint;
use super::state_store::{StateStore, StoreError};
use crate::batch_view::BatchView;

/// Changes of a transaction by key; `None` removes.
pub(crate) type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Called with key and value of each entry; answers whether to go on.
pub(crate) type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> bool + 'a;

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// Reading a key/value store.
pub trait ReadOnlyKeyValueStore {
    /// The value of a key.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// All entries with a key in the range, in the order of their bytes, until `visit` answers false.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn scan(&self, range: KeyRange<'_>, visit: &mut Visit<'_>) -> Result<(), StoreError>;

    /// All entries, in the order of their keys. For small stores.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        self.scan((Bound::Unbounded, Bound::Unbounded), &mut |key, value| {
            entries.push((key.to_vec(), value.to_vec()));
            true
        })?;
        Ok(entries)
    }
}

/// From which key to which key.
pub type KeyRange<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// The last committed state of a key/value store, for other threads: [`StateStore::view`] of a [`KeyValueStore`].
pub struct KeyValueView {
    pub(crate) source: Box<dyn ViewSource>,
}

/// What a base gives to other threads.
pub(crate) trait ViewSource: Send + Sync {
    fn snapshot(&self) -> Result<(Box<dyn ReadOnlyKeyValueStore + Send>, Checkpoint), StoreError>;
}

impl KeyValueView {
    /// The content as of one commit, and which: it does not change while it is held.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn snapshot(&self) -> Result<(Box<dyn ReadOnlyKeyValueStore + Send>, Checkpoint), StoreError> {
        self.source.snapshot()
    }
}

/// Where a key/value store keeps what is committed.
pub(crate) trait KeyValueBase: ReadOnlyKeyValueStore {
    /// Writes changes and checkpoint in one piece.
    fn apply(&mut self, changes: &mut Changes, checkpoint: &Checkpoint) -> Result<(), StoreError>;
    fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError>;
    fn wipe(&mut self) -> Result<(), StoreError>;
    fn view(&self) -> Box<dyn ViewSource>;
}

/// A store of values by key, both bytes; keys are ordered by their bytes.
pub struct KeyValueStore {
    changes: Changes,
    base: Box<dyn KeyValueBase>,
}

impl KeyValueStore {
    pub(crate) fn new(base: Box<dyn KeyValueBase>) -> Self {
        Self { changes: Changes::new(), base }
    }

    /// Gives a key a value.
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        self.change(key, Some(value.to_vec()));
    }

    /// Removes a key.
    pub fn delete(&mut self, key: &[u8]) {
        self.change(key, None);
    }

    fn change(&mut self, key: &[u8], value: Option<Vec<u8>>) {
        match self.changes.get_mut(key) {
            Some(change) => *change = value,
            None => {
                self.changes.insert(key.to_vec(), value);
            }
        }
    }
}

impl ReadOnlyKeyValueStore for KeyValueStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.changes.get(key) {
            Some(change) => Ok(change.clone()),
            None => self.base.get(key),
        }
    }

    fn scan(&self, range: KeyRange<'_>, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        if is_empty(range) {
            return Ok(());
        }
        let mut changes = self.changes.range::<[u8], _>(range).peekable();
        let mut goes_on = true;
        // Merges two ordered sequences: of one key the change counts.
        self.base.scan(range, &mut |key, value| {
            while goes_on
                && let Some((changed, change)) = changes.next_if(|(changed, _)| changed.as_slice() < key)
            {
                goes_on = change.as_ref().is_none_or(|change| visit(changed, change));
            }
            if !goes_on {
                return false;
            }
            goes_on = match changes.next_if(|(changed, _)| changed.as_slice() == key) {
                Some((_, Some(change))) => visit(key, change),
                Some((_, None)) => true,
                None => visit(key, value),
            };
            goes_on
        })?;
        while goes_on && let Some((changed, change)) = changes.next() {
            goes_on = change.as_ref().is_none_or(|change| visit(changed, change));
        }
        Ok(())
    }
}

/// True for a range that ordered maps refuse, or that holds no key.
pub(super) fn is_empty(range: KeyRange<'_>) -> bool {
    match range {
        (Bound::Included(start), Bound::Included(end)) => start > end,
        (Bound::Included(start) | Bound::Excluded(start), Bound::Excluded(end))
        | (Bound::Excluded(start), Bound::Included(end)) => start >= end,
        _ => false,
    }
}

impl StateStore for KeyValueStore {
    fn kind(&self) -> &str {
        "key-value/1"
    }

    fn flush(&mut self, changelog: &mut ChangelogWriter<'_>) -> Result<(), StoreError> {
        for (key, change) in &self.changes {
            match change {
                Some(value) => changelog.put(key, value)?,
                None => changelog.delete(key)?,
            }
        }
        Ok(())
    }

    fn commit(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.base.apply(&mut self.changes, checkpoint)?;
        self.changes.clear();
        Ok(())
    }

    fn rollback(&mut self) {
        self.changes.clear();
    }

    fn restore(&mut self, records: BatchView<'_>, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let mut changes = Changes::new();
        for record in records.iter() {
            let key = record.key.ok_or_else(|| StoreError::ForeignChangelog {
                found: "no store: a record without a key".into(),
                expected: self.kind().into(),
            })?;
            changes.insert(key.to_vec(), record.value.map(<[u8]>::to_vec));
        }
        self.base.apply(&mut changes, checkpoint)
    }

    fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        self.base.checkpoint()
    }

    fn wipe(&mut self) -> Result<(), StoreError> {
        self.changes.clear();
        self.base.wipe()
    }

    fn view(&self) -> Arc<dyn Any + Send + Sync> {
        Arc::new(KeyValueView { source: self.base.view() })
    }
}
