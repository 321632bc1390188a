//! The place where a broadcast source publishes its snapshots: one atomic pointer.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::mark::SnapshotMark;

/// The handle of a broadcast source, to be kept by processors.
pub struct Broadcast<T> {
    pub(crate) index: usize,
    snapshot: PhantomData<fn() -> T>,
}

impl<T> Broadcast<T> {
    pub(crate) fn new(index: usize) -> Self {
        Self { index, snapshot: PhantomData }
    }
}

impl<T> Clone for Broadcast<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Broadcast<T> {}

impl<T> fmt::Debug for Broadcast<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Broadcast({})", self.index)
    }
}

/// A snapshot, borrowed for a batch.
pub struct Pinned<'a, T> {
    snapshot: &'a T,
    mark: &'a SnapshotMark,
    number: u64,
}

impl<'a, T> Pinned<'a, T> {
    /// The snapshot.
    #[must_use]
    pub fn snapshot(&self) -> &'a T {
        self.snapshot
    }

    /// Where it stands.
    #[must_use]
    pub fn mark(&self) -> &'a SnapshotMark {
        self.mark
    }

    /// How many snapshots this instance had published when it published this one: tells two of them apart.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl<T> Deref for Pinned<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.snapshot
    }
}

/// A published snapshot without its type.
pub(crate) struct Generation {
    /// From 1, in the order of publication in this process.
    pub number: u64,
    pub mark: SnapshotMark,
    pub snapshot: Arc<dyn Any + Send + Sync>,
}

impl Generation {
    pub fn pinned<T: Send + Sync + 'static>(&self) -> Option<Pinned<'_, T>> {
        let snapshot = self.snapshot.downcast_ref()?;
        Some(Pinned { snapshot, mark: &self.mark, number: self.number })
    }
}

/// The place where a broadcast source publishes its snapshots.
#[derive(Default)]
pub(crate) struct SnapshotSlot {
    current: ArcSwapOption<Generation>,
}

impl SnapshotSlot {
    /// Number of the current snapshot; 0 before the first.
    pub fn number(&self) -> u64 {
        self.current.load().as_ref().map_or(0, |generation| generation.number)
    }

    pub fn current(&self) -> Option<Arc<Generation>> {
        self.current.load_full()
    }

    /// Publishes; the one before comes back, to be dropped away from the stream threads.
    pub fn publish(&self, generation: Arc<Generation>) -> Option<Arc<Generation>> {
        self.current.swap(Some(generation))
    }
}
