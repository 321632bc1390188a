//! What a test sees of the driver: outputs, offsets, tasks, stores.

use std::any::{Any, type_name};
use std::sync::Arc;

use scorewheel_topics::{Offset, TopicPartition};

use super::driver::{TopologyTestDriver, wrong};
use super::record::OutputRecord;
use crate::error::StreamsError;
use crate::store::{KeyValueStore, StateStore, TaskStore};
use crate::task_id::TaskId;

impl TopologyTestDriver {
    /// The records that were committed to a topic since the last call, by partition and offset.
    pub fn read_output(&mut self, topic: &str) -> Vec<OutputRecord> {
        let partitions: Vec<_> = self.topics.partitions(topic).cloned().collect();
        let mut records = Vec::new();
        for partition in partitions {
            let from = self.read.entry(partition.clone()).or_insert(0);
            let new = self.topics.read(&partition, *from);
            records.extend(new.map(|record| OutputRecord::new(partition.partition(), record)));
            *from = self.topics.end(&partition);
        }
        records
    }

    /// All records that were ever committed to a topic, by partition and offset.
    #[must_use]
    pub fn output(&self, topic: &str) -> Vec<OutputRecord> {
        let partitions = self.topics.partitions(topic);
        let records = partitions.flat_map(|partition| {
            self.topics.read(partition, 0).map(|record| OutputRecord::new(partition.partition(), record))
        });
        records.collect()
    }

    /// Records of a topic that are larger than this are refused where they are written.
    pub fn limit_record_size(&mut self, topic: &str, bytes: usize) {
        self.topics.limit(topic, bytes);
    }

    /// The committed offset of an input partition and its metadata.
    #[must_use]
    pub fn committed(&self, topic: &str, partition: u32) -> Option<(Offset, String)> {
        let committed = self.topics.committed(&TopicPartition::new(topic, partition))?;
        Some((committed.offset, String::from_utf8_lossy(&committed.metadata).into_owned()))
    }

    /// Why a task has paused its partition, if it has.
    #[must_use]
    pub fn paused(&self, task: impl Into<TaskId>) -> Option<&str> {
        self.tasks.get(&task.into())?.task.paused()
    }

    /// The next input offset of a task; `None` before its first record.
    #[must_use]
    pub fn position(&self, task: impl Into<TaskId>) -> Option<Offset> {
        self.tasks.get(&task.into())?.task.position()
    }

    /// The key/value store of a task, with what is not committed yet.
    ///
    /// # Errors
    /// If the task has not seen a record yet, or has no such store.
    pub fn key_value(
        &mut self,
        task: impl Into<TaskId>,
        name: &str,
    ) -> Result<&mut KeyValueStore, StreamsError> {
        self.store(task, name)
    }

    /// A store of a task, with what is not committed yet.
    ///
    /// # Errors
    /// If the task has not seen a record yet, or has no such store.
    pub fn store<S: StateStore>(
        &mut self,
        task: impl Into<TaskId>,
        name: &str,
    ) -> Result<&mut S, StreamsError> {
        let store: &mut dyn Any = &mut *self.task_store(task.into(), name)?.store;
        store.downcast_mut().ok_or_else(|| wrong(format!("store `{name}` is no {}", type_name::<S>())))
    }

    /// What other threads would see of a store: the last committed state.
    ///
    /// # Errors
    /// If the task has not seen a record yet, or has no such store of this view.
    pub fn view<V: Any + Send + Sync>(
        &mut self,
        task: impl Into<TaskId>,
        name: &str,
    ) -> Result<Arc<V>, StreamsError> {
        let view = self.task_store(task.into(), name)?.store.view();
        view.downcast().map_err(|_| wrong(format!("the view of store `{name}` is no {}", type_name::<V>())))
    }

    fn task_store(&mut self, task: TaskId, name: &str) -> Result<&mut TaskStore, StreamsError> {
        let state = self.tasks.get_mut(&task);
        let state = state.ok_or_else(|| wrong(format!("task {task} has not seen a record yet")))?;
        let store = state.task.stores.iter_mut().find(|store| *store.name == *name);
        store.ok_or_else(|| wrong(format!("task {task} has no store `{name}`")))
    }
}
