//! Where a snapshot stands in its topic.

use std::sync::Arc;

use scorewheel_topics::Offset;

/// Where a snapshot of a broadcast source stands: it travels with the committed offsets, so that a task goes on
/// nowhere behind it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SnapshotMark {
    /// The broadcast source's name.
    pub broadcast: Arc<str>,
    /// Offset in the topic that the snapshot is as of; −1 before the first record that counts.
    pub position: Offset,
    /// What the handler wants to know about it after a restart. Printable ASCII without blanks; may be empty.
    pub mark: Arc<str>,
}
