//! Queries: the last committed state of stores, for other threads.

use std::any::{Any, type_name};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use scorewheel_topics::Offset;

use crate::store::KeyValueView;
use crate::task_id::TaskId;

/// The stores of one instance as other threads may read them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct StoreViews {
    stores: Arc<[Arc<str>]>,
    tasks: Arc<RwLock<BTreeMap<TaskId, TaskViews>>>,
}

#[derive(Debug, Default)]
struct TaskViews {
    /// Open while the task's stores are not complete.
    restoring: Option<RestoreProgress>,
    views: Vec<(Arc<str>, Arc<dyn Any + Send + Sync>)>,
}

/// How far the stores of a task are restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RestoreProgress {
    /// Changelog offsets that are done.
    pub done: Offset,
    /// Changelog offsets that there are to do.
    pub total: Offset,
}

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// There is no such store.
    #[error("there is no store `{store}`; there are: {}", known.join(", "))]
    UnknownStore {
        /// What was asked for.
        store: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The store is of another kind.
    #[error("store `{store}` cannot be read as {wanted}")]
    WrongType {
        /// The store.
        store: String,
        /// What it was to be read as.
        wanted: &'static str,
    },
    /// The stores of these tasks are not complete.
    #[error("store `{store}` is being restored: {} tasks, {done} of {total} changelog offsets", tasks.len())]
    Restoring {
        /// The store.
        store: String,
        /// The tasks.
        tasks: Vec<TaskId>,
        /// Changelog offsets that are done.
        done: Offset,
        /// Changelog offsets that there are to do.
        total: Offset,
    },
    /// This instance has no partition.
    #[error("no partition is assigned to this instance")]
    NotAssigned,
}

impl StoreViews {
    pub(crate) fn new(stores: Vec<Arc<str>>) -> Self {
        Self { stores: stores.into(), tasks: Arc::default() }
    }

    /// The names of the stores.
    #[must_use]
    pub fn stores(&self) -> &[Arc<str>] {
        &self.stores
    }

    /// The key/value store of this name, a view a task.
    ///
    /// # Errors
    /// [`QueryError`]: no answer is silently empty or in part.
    pub fn key_value(&self, store: &str) -> Result<Vec<(TaskId, Arc<KeyValueView>)>, QueryError> {
        self.get(store)
    }

    /// The store of this name with a view of type `V`, a view a task. Each shows the last committed state.
    ///
    /// # Errors
    /// [`QueryError`]: no answer is silently empty or in part.
    pub fn get<V: Any + Send + Sync>(&self, store: &str) -> Result<Vec<(TaskId, Arc<V>)>, QueryError> {
        if !self.stores.iter().any(|known| **known == *store) {
            let known = self.stores.iter().map(|known| known.to_string()).collect();
            return Err(QueryError::UnknownStore { store: store.into(), known });
        }
        let tasks = self.tasks.read().unwrap_or_else(PoisonError::into_inner);
        let restoring = tasks.iter().filter_map(|(task, views)| Some((*task, views.restoring?)));
        let restoring: Vec<_> = restoring.collect();
        if !restoring.is_empty() {
            return Err(QueryError::Restoring {
                store: store.into(),
                tasks: restoring.iter().map(|(task, _)| *task).collect(),
                done: restoring.iter().map(|(_, progress)| progress.done).sum(),
                total: restoring.iter().map(|(_, progress)| progress.total).sum(),
            });
        }
        if tasks.is_empty() {
            return Err(QueryError::NotAssigned);
        }
        let mut found = Vec::new();
        for (task, views) in tasks.iter() {
            if let Some((_, view)) = views.views.iter().find(|(name, _)| **name == *store) {
                let view = view.clone().downcast::<V>();
                let wrong = |_| QueryError::WrongType { store: store.into(), wanted: type_name::<V>() };
                found.push((*task, view.map_err(wrong)?));
            }
        }
        Ok(found)
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<TaskId, TaskViews>)) {
        change(&mut self.tasks.write().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn restoring(&self, task: TaskId, progress: RestoreProgress) {
        self.change(|tasks| {
            tasks.insert(task, TaskViews { restoring: Some(progress), views: Vec::new() });
        });
    }

    pub(crate) fn ready(&self, task: TaskId, views: Vec<(Arc<str>, Arc<dyn Any + Send + Sync>)>) {
        self.change(|tasks| {
            tasks.insert(task, TaskViews { restoring: None, views });
        });
    }

    pub(crate) fn remove(&self, task: TaskId) {
        self.change(|tasks| {
            tasks.remove(&task);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_has_an_answer_or_a_reason() {
        let views = StoreViews::new(vec!["a".into(), "b".into()]);
        let unknown = views.key_value("c").err().unwrap();
        assert_eq!(unknown.to_string(), "there is no store `c`; there are: a, b");
        assert_eq!(views.get::<u64>("a").unwrap_err(), QueryError::NotAssigned);
        views.ready(TaskId::from(0), vec![("a".into(), Arc::new(7_u64))]);
        views.restoring(TaskId::from(1), RestoreProgress { done: 3, total: 10 });
        let restoring = views.get::<u64>("a").unwrap_err();
        assert_eq!(restoring.to_string(), "store `a` is being restored: 1 tasks, 3 of 10 changelog offsets");
        views.remove(TaskId::from(1));
        assert_eq!(views.get::<u64>("a").unwrap(), [(TaskId::from(0), Arc::new(7))]);
        assert!(matches!(views.key_value("a"), Err(QueryError::WrongType { .. })));
    }
}
