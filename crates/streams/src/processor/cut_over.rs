//! The moment at which a task moves to another snapshot.

use scorewheel_topics::{Offset, TopicPartition};

use crate::broadcast::SnapshotMark;

/// A task moves to another snapshot of a broadcast source.
#[derive(Clone, Copy, Debug)]
pub struct CutOver<'a> {
    /// The broadcast source's name.
    pub broadcast: &'a str,
    /// What governed the records before, as committed; `None` if this task has committed nothing yet, or without a
    /// snapshot.
    pub from: Option<&'a SnapshotMark>,
    /// What governs from here on.
    pub to: &'a SnapshotMark,
    /// The input partition.
    pub input: &'a TopicPartition,
    /// Offset of the first record that the new snapshot governs.
    pub first_offset: Offset,
}
