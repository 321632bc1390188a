//! Where an instance stands, for metrics and queries.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use scorewheel_topics::{Offset, TopicPartition};

use crate::broadcast::SnapshotMark;
use crate::error::Uncommitted;
use crate::task_id::TaskId;

/// What a task is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Another thread of this process has not let go of it yet.
    #[default]
    Claiming,
    /// Its stores are being restored.
    Restoring {
        /// Changelog offsets that are done.
        done: Offset,
        /// Changelog offsets that there are to do.
        total: Offset,
    },
    /// This instance has not reached the snapshot that it was committed with.
    WaitingForSnapshot,
    /// It works.
    Running,
    /// A processor has paused it, for this reason.
    Paused(String),
}

/// Where a task stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskStatus {
    /// The input partition.
    pub input: TopicPartition,
    /// What it is doing.
    pub phase: Phase,
    /// The committed offset; −1 if none.
    pub committed: Offset,
    /// The next offset to be processed; −1 if not known.
    pub position: Offset,
    /// The end of the input partition as last seen; −1 if not known.
    pub end: Offset,
    /// The snapshots that governed what is committed.
    pub snapshots: Vec<SnapshotMark>,
}

impl TaskStatus {
    /// Records (offsets) that wait; `None` if not known.
    #[must_use]
    pub fn lag(&self) -> Option<Offset> {
        let from = if self.position >= 0 { self.position } else { self.committed };
        (self.end >= 0 && from >= 0).then(|| (self.end - from).max(0))
    }
}

/// Where a broadcast source stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BroadcastStatus {
    /// Its name.
    pub name: String,
    /// Its topic.
    pub topic: String,
    /// The next offset to be folded.
    pub position: Offset,
    /// The end of the topic as last seen; −1 if not known.
    pub end: Offset,
    /// Whether the log was folded to the end that it had when reading began.
    pub caught_up: bool,
    /// The current snapshot.
    pub snapshot: Option<SnapshotMark>,
    /// What the last attempt to read failed with, while it fails.
    pub trouble: Option<String>,
}

/// Where an instance stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamsStatus {
    /// Topics that are waited for.
    pub missing_topics: Vec<String>,
    /// The tasks of this instance.
    pub tasks: BTreeMap<TaskId, TaskStatus>,
    /// The broadcast sources.
    pub broadcasts: Vec<BroadcastStatus>,
}

impl StreamsStatus {
    /// True if every task works or is paused by its processor, and every broadcast source has a snapshot.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let works = |task: &TaskStatus| matches!(task.phase, Phase::Running | Phase::Paused(_));
        self.missing_topics.is_empty()
            && self.tasks.values().all(works)
            && self.broadcasts.iter().all(|broadcast| broadcast.snapshot.is_some())
    }
}

/// The status as the threads write it.
#[derive(Debug, Default)]
pub(super) struct StatusBoard {
    status: Mutex<StreamsStatus>,
}

impl StatusBoard {
    pub fn read(&self) -> StreamsStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn change<T>(&self, change: impl FnOnce(&mut StreamsStatus) -> T) -> T {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was processed and not committed.
    pub fn uncommitted(&self) -> Vec<Uncommitted> {
        self.change(|status| {
            let open = status.tasks.values().filter(|task| task.position > task.committed.max(0));
            open.map(|task| Uncommitted {
                partition: task.input.clone(),
                committed: task.committed,
                processed: task.position,
            })
            .collect()
        })
    }
}
