//! What every store does; implement it for a store of your own.

use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;

use scorewheel_topics::{Clock, RecordTooLarge};

use super::changelog::ChangelogWriter;
use super::checkpoint::Checkpoint;
use crate::batch_view::BatchView;
use crate::task_id::TaskId;

/// State of one task: changed while batches are processed, flushed to its changelog in the transaction, written when
/// the log has committed.
///
/// ```text
/// restore* ─► commit ─► (changes ─► flush ─► commit | rollback)*
/// ```
/// One thread owns a store; others see it through [`StateStore::view`], which shows the last committed state.
pub trait StateStore: Any {
    /// Kind and version of the changelog's records, such as `key-value/1`. A changelog of another kind is refused.
    fn kind(&self) -> &str;

    /// Writes the changes since the last commit to the changelog. They stay readable here.
    ///
    /// # Errors
    /// Aborts the transaction and stops the application.
    fn flush(&mut self, changelog: &mut ChangelogWriter<'_>) -> Result<(), StoreError>;

    /// The changes since the last commit are committed: write them, in one piece with the checkpoint, and show them
    /// in the view. Also called without changes, when a restore is complete.
    ///
    /// # Errors
    /// Stops the application; the changelog has the changes.
    fn commit(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError>;

    /// Forgets the changes since the last commit.
    fn rollback(&mut self);

    /// Takes on records of the changelog, each replacing what its key had; `checkpoint` says where reading goes on. A
    /// record may come that the store knows already. A store that keeps its content writes it in one piece with the
    /// checkpoint, so that a restore that is interrupted goes on from there.
    ///
    /// # Errors
    /// [`StoreError::ForeignChangelog`] if a record cannot be this store's.
    fn restore(&mut self, records: BatchView<'_>, checkpoint: &Checkpoint) -> Result<(), StoreError>;

    /// How far the store is by itself after being opened; `None` if it keeps nothing and has to be restored from the
    /// beginning of the changelog.
    ///
    /// # Errors
    /// [`StoreError::Engine`]; the store is wiped then and restored from the beginning.
    fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        Ok(None)
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    fn wipe(&mut self) -> Result<(), StoreError>;

    /// The last committed state, readable from other threads. Asked once; it follows the store.
    fn view(&self) -> Arc<dyn Any + Send + Sync>;
}

/// What a store is made with.
#[derive(Clone, Debug)]
pub struct StoreContext {
    /// The task that it belongs to.
    pub task: TaskId,
    /// The store's name.
    pub store: Arc<str>,
    /// A directory of its own for a store that keeps files; made when first needed, by the store. `None` in tests
    /// without a state directory.
    pub directory: Option<PathBuf>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What can go wrong with a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The storage engine or the disk failed; the changelog has everything that was committed.
    #[error("the storage engine failed: {reason}; check the disk, or wipe the store with `reset --store`")]
    Engine {
        /// What the engine said.
        reason: String,
    },
    /// A change does not fit into the changelog topic.
    #[error("a change does not fit into the changelog: {0}")]
    TooLarge(RecordTooLarge),
    /// The changelog was written by a store of another kind, or by another program.
    #[error(
        "the changelog holds records of {found}, this store writes {expected}; run it with the store that \
         wrote it, or begin the store anew with `reset --store`"
    )]
    ForeignChangelog {
        /// The kind that the record names, or what is wrong with it.
        found: String,
        /// This store's kind.
        expected: String,
    },
    /// The store needs a state directory and there is none.
    #[error("the store keeps its content on disk and there is no state directory")]
    NoStateDirectory,
}

impl StoreError {
    /// The storage engine failed.
    #[must_use]
    pub fn engine(reason: impl std::fmt::Display) -> Self {
        Self::Engine { reason: reason.to_string() }
    }
}
