//! What a processor works with.

use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

use scorewheel_topics::{Clock, TopicPartition};

use super::ProcessorError;
use super::output::{OutputId, Outputs, Port};
use crate::broadcast::{Broadcast, Generation, Pinned, SnapshotMark};
use crate::store::{KeyValueStore, StateStore, TaskStore};
use crate::task_id::TaskId;

/// What a processor works with during a batch. The parts are fields, so that they can be borrowed side by side.
pub struct ProcessorContext<'a> {
    /// The task.
    pub task: TaskId,
    /// The input partition.
    pub input: &'a TopicPartition,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The snapshots that this batch is processed with.
    pub snapshots: Snapshots<'a>,
    /// The stores that are connected to this processor.
    pub stores: Stores<'a>,
    /// The outputs of this processor.
    pub outputs: Outputs<'a>,
}

/// What a processor works with when it is made.
pub struct InitContext<'a> {
    /// The task.
    pub task: TaskId,
    /// The input partition.
    pub input: &'a TopicPartition,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The stores that are connected to this processor, restored.
    pub stores: Stores<'a>,
    pub(crate) node: &'a str,
    pub(crate) ports: &'a [Port],
}

impl InitContext<'_> {
    /// The output of this name.
    ///
    /// # Errors
    /// If no child reads an output of this name.
    pub fn output(&self, name: &str) -> Result<OutputId, ProcessorError> {
        self.optional_output(name)
            .ok_or_else(|| format!("no node reads output `{name}` of processor `{}`", self.node).into())
    }

    /// The output of this name, if a child reads it.
    #[must_use]
    pub fn optional_output(&self, name: &str) -> Option<OutputId> {
        self.ports.iter().position(|port| &*port.name == name).map(OutputId)
    }
}

/// What a processor works with before a commit and after a rollback.
pub struct CommitContext<'a> {
    /// The task.
    pub task: TaskId,
    /// The input partition.
    pub input: &'a TopicPartition,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The stores that are connected to this processor.
    pub stores: Stores<'a>,
}

/// The stores that are connected to a processor.
pub struct Stores<'a> {
    stores: &'a mut [TaskStore],
    connected: &'a [usize],
}

impl<'a> Stores<'a> {
    pub(crate) fn new(stores: &'a mut [TaskStore], connected: &'a [usize]) -> Self {
        Self { stores, connected }
    }

    /// The key/value store of this name.
    ///
    /// # Errors
    /// If no such store is connected to this processor, or it is of another type.
    pub fn key_value(&mut self, name: &str) -> Result<&mut KeyValueStore, ProcessorError> {
        self.get(name)
    }

    /// The store of this name and type.
    ///
    /// # Errors
    /// If no such store is connected to this processor, or it is of another type.
    pub fn get<S: StateStore>(&mut self, name: &str) -> Result<&mut S, ProcessorError> {
        let index = self.connected.iter().copied().find(|&index| &*self.stores[index].name == name);
        let index = index.ok_or_else(|| format!("store `{name}` is not connected to this processor"))?;
        let store: &mut dyn Any = &mut *self.stores[index].store;
        store.downcast_mut().ok_or_else(|| format!("store `{name}` is no {}", type_name::<S>()).into())
    }
}

/// The snapshots that a batch is processed with: one a broadcast source, the same for the whole batch.
pub struct Snapshots<'a> {
    pins: &'a [Arc<Generation>],
}

impl<'a> Snapshots<'a> {
    pub(crate) fn new(pins: &'a [Arc<Generation>]) -> Self {
        Self { pins }
    }

    /// The snapshot of a broadcast source. To be held no longer than the batch.
    ///
    /// # Errors
    /// If the handle is another topology's.
    pub fn get<T: Send + Sync + 'static>(
        &self,
        broadcast: &Broadcast<T>,
    ) -> Result<Pinned<'a, T>, ProcessorError> {
        let pin = self.pins.get(broadcast.index);
        pin.and_then(|pin| pin.pinned())
            .ok_or_else(|| "the handle of the broadcast source belongs to another topology".into())
    }

    /// Where each snapshot stands.
    pub fn marks(&self) -> impl Iterator<Item = &'a SnapshotMark> {
        self.pins.iter().map(|pin| &pin.mark)
    }
}

impl fmt::Debug for Snapshots<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.marks()).finish()
    }
}
