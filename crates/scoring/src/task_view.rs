//! What a task has committed, read from the view of its store.

use std::any::Any;
use std::sync::Arc;

use scorewheel_serving::{Mark, Marking, RevisionId, TaskStatistics, UnreadableStatistics};
use scorewheel_streams::{Checkpoint, KeyValueView, QueryError, StoreError, StoreViews, TaskId};

use crate::model_store::ModelStoreView;
use crate::names::MODELS;

/// The committed state of one task: statistics as of an input offset and a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskView {
    /// Next input offset: everything before is counted. −1 while the store is being restored.
    pub offset: i64,
    /// The revision that scored the last record before it.
    pub revision: RevisionId,
    /// When it was committed, milliseconds since the epoch.
    pub committed_at: i64,
    /// What the task has done.
    pub statistics: TaskStatistics,
}

/// Why a store's view shows no task.
#[derive(Debug, thiserror::Error)]
pub enum TaskViewError {
    /// The view of a store that keeps no statistics.
    #[error("the store keeps no statistics")]
    NoStatistics,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The views cannot be asked now, or not for this store.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The store holds something else.
    #[error(transparent)]
    Unreadable(#[from] UnreadableStatistics),
}

impl TaskView {
    /// Reads the view of a task's store: [`KeyValueView`] or [`ModelStoreView`].
    ///
    /// # Errors
    /// [`TaskViewError`].
    pub fn read(view: &Arc<dyn Any + Send + Sync>) -> Result<Self, TaskViewError> {
        if let Some(view) = view.downcast_ref::<KeyValueView>() {
            let (content, checkpoint) = view.snapshot()?;
            let entries = content.entries()?;
            let entries = entries.iter().map(|(key, value)| (key.as_slice(), value.as_slice()));
            return Ok(Self::of(&checkpoint, TaskStatistics::read(entries)?));
        }
        let view = view.downcast_ref::<ModelStoreView>().ok_or(TaskViewError::NoStatistics)?;
        let snapshot = view.snapshot();
        Ok(Self::of(&snapshot.1, snapshot.0.statistics()))
    }

    /// The tasks of this instance, read from the views of the store that keeps their statistics.
    ///
    /// # Errors
    /// [`TaskViewError`]; [`TaskViewError::Query`] while stores are restored, or if there is no such store.
    pub fn all(views: &StoreViews, store: &str) -> Result<Vec<(TaskId, Self)>, TaskViewError> {
        match views.key_value(store) {
            Ok(found) => read_all(found),
            Err(QueryError::WrongType { .. }) => read_all(views.get::<ModelStoreView>(store)?),
            Err(error) => Err(error.into()),
        }
    }

    fn of(checkpoint: &Checkpoint, statistics: TaskStatistics) -> Self {
        let mark = checkpoint.snapshots.iter().find(|mark| &*mark.broadcast == MODELS);
        let revision = match mark.map(|mark| Mark::read(mark.mark.as_bytes())) {
            Some(Marking::Ours(mark)) => mark.revision,
            _ => RevisionId::EMPTY,
        };
        Self { offset: checkpoint.input, revision, committed_at: checkpoint.written_at, statistics }
    }
}

fn read_all<V: Any + Send + Sync>(
    views: Vec<(TaskId, Arc<V>)>,
) -> Result<Vec<(TaskId, TaskView)>, TaskViewError> {
    let read = |(task, view): (TaskId, Arc<V>)| {
        let view: Arc<dyn Any + Send + Sync> = view;
        Ok((task, TaskView::read(&view)?))
    };
    views.into_iter().map(read).collect()
}
