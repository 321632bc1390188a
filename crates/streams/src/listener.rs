//! What the run time tells: events for logs and metrics.

use std::time::Duration;

use scorewheel_topics::{Offset, Timestamp, TopicPartition};

use crate::broadcast::SnapshotMark;
use crate::task_id::TaskId;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StreamsEvent<'a> {
    /// The application waits for topics that are not there.
    WaitingForTopics {
        /// Their names.
        topics: &'a [String],
    },
    /// A call has failed and is made again: an unreachable broker, a moving leader.
    Retrying {
        /// What was tried.
        what: &'a str,
        /// What came back.
        reason: &'a str,
    },
    /// A topic of the application was created.
    TopicCreated {
        /// Its name.
        topic: &'a str,
        /// Its partitions.
        partitions: u32,
    },
    /// A topic of the application was widened with the input.
    TopicWidened {
        /// Its name.
        topic: &'a str,
        /// Its partitions now.
        partitions: u32,
    },
    /// A broadcast source has folded its topic to the end that it had when reading began.
    CaughtUp {
        /// Its name.
        broadcast: &'a str,
        /// The end.
        end: Offset,
    },
    /// A broadcast source has published a snapshot.
    Published {
        /// Where it stands.
        mark: &'a SnapshotMark,
        /// How long the build took.
        duration: Duration,
    },
    /// Partitions have come.
    Assigned {
        /// The stream thread.
        thread: usize,
        /// The partitions; none if only the generation has changed.
        partitions: &'a [TopicPartition],
    },
    /// Partitions have gone, with everything committed.
    Revoked {
        /// The stream thread.
        thread: usize,
        /// The partitions.
        partitions: &'a [TopicPartition],
    },
    /// Partitions are others' already; what was not committed is undone.
    Lost {
        /// The stream thread.
        thread: usize,
        /// The partitions.
        partitions: &'a [TopicPartition],
    },
    /// A committed offset has metadata that is not ours, or none: the task begins with the newest snapshot.
    NoSnapshotCommitted {
        /// The task.
        task: TaskId,
        /// There is metadata, and something else wrote it.
        foreign: bool,
    },
    /// A store was emptied, to be restored from the beginning of its changelog.
    StoreWiped {
        /// The task; `None` for all stores of the state directory.
        task: Option<TaskId>,
        /// The store; `None` for all stores of the state directory.
        store: Option<&'a str>,
        /// Why.
        reason: &'a str,
    },
    /// A store is being restored.
    Restoring {
        /// The task.
        task: TaskId,
        /// The store.
        store: &'a str,
        /// Next changelog offset.
        position: Offset,
        /// Where the changelog ends.
        end: Offset,
    },
    /// All stores of a task are complete.
    Restored {
        /// The task.
        task: TaskId,
        /// Changelog records that were read.
        records: u64,
        /// How long it took.
        duration: Duration,
    },
    /// A task waits until this instance has reached the snapshot that it was committed with.
    WaitingForSnapshot {
        /// The task.
        task: TaskId,
        /// The broadcast source.
        broadcast: &'a str,
        /// The committed snapshot; `None` if any will do.
        mark: Option<&'a SnapshotMark>,
    },
    /// A task works.
    Running {
        /// The task.
        task: TaskId,
        /// The next input offset; `None` if the consumer has not told yet.
        offset: Option<Offset>,
    },
    /// A processor has paused its partition.
    Paused {
        /// The task.
        task: TaskId,
        /// The first offset that is not done.
        offset: Option<Offset>,
        /// The processor's reason.
        reason: &'a str,
    },
    /// A paused partition goes on.
    Resumed {
        /// The task.
        task: TaskId,
    },
    /// A transaction is committed (exactly-once), or offsets are (at-least-once).
    Committed {
        /// The stream thread.
        thread: usize,
        /// Tasks and their committed offsets.
        offsets: &'a [(TaskId, Offset)],
        /// Input records of the transaction.
        records: u64,
        /// Timestamp of the oldest of them: of each batch the first record counts.
        oldest: Option<Timestamp>,
        /// How long the commit took.
        duration: Duration,
    },
    /// A transaction was undone; its records come again.
    Aborted {
        /// The stream thread.
        thread: usize,
        /// Why.
        reason: &'a str,
        /// Input records of the transaction.
        records: u64,
    },
    /// It was not known how a commit ended: the writer was made anew and the tasks were read again.
    WriterRecreated {
        /// The stream thread.
        thread: usize,
        /// Why.
        reason: &'a str,
    },
}

/// Whoever wants to know. Called on the thread where it happens: return soon.
pub trait Listener: Send + Sync {
    /// Something happened.
    fn event(&self, event: &StreamsEvent<'_>);
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoListener;

impl Listener for NoListener {
    fn event(&self, _event: &StreamsEvent<'_>) {}
}
