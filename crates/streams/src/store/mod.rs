//! Stores: the state of a task, backed by a changelog topic.
//!
//! Writes of a transaction stay in a buffer of the store (and are read from there) until the log has committed them;
//! only then do they reach the store itself, in one piece with the position of the changelog. What an aborted
//! transaction wrote is forgotten. A store is therefore never ahead of its changelog, and a crash and a clean close
//! leave the same behind.

mod changelog;
mod checkpoint;
mod key_value;
mod memory;
mod persistent;
mod spec;
mod state_store;

pub use changelog::ChangelogWriter;
pub use checkpoint::Checkpoint;
pub use key_value::{Entry, KeyRange, KeyValueStore, KeyValueView, ReadOnlyKeyValueStore};
pub use spec::StoreSpec;
pub use state_store::{StateStore, StoreContext, StoreError};

pub(crate) use changelog::{CHANGELOG_KIND_HEADER, kind_header};
pub(crate) use persistent::StoreDatabase;
pub(crate) use spec::StoreKind;

use std::sync::Arc;

use crate::batch_view::BatchView;

/// A store of one task.
pub(crate) struct TaskStore {
    pub name: Arc<str>,
    pub store: Box<dyn StateStore>,
    /// Its changes go to a changelog.
    pub logged: bool,
    /// [`kind_header`] of its kind.
    pub kind_header: Vec<u8>,
}

impl TaskStore {
    /// Gives the store records of its changelog, after a look at who wrote them.
    pub fn restore(&mut self, records: BatchView<'_>, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        for record in records.iter() {
            let kind = record.headers.last(CHANGELOG_KIND_HEADER).flatten();
            if kind != Some(self.store.kind().as_bytes()) {
                let found = match kind {
                    Some(kind) => format!("`{}`", String::from_utf8_lossy(kind)),
                    None => format!("another program (offset {})", record.offset),
                };
                return Err(StoreError::ForeignChangelog { found, expected: self.store.kind().into() });
            }
        }
        self.store.restore(records, checkpoint)
    }
}
