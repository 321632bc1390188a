//! What can go wrong, and who must act.

use std::path::PathBuf;

use scorewheel_topics::{Offset, Remedy, TopicPartition, TopicsError};

use crate::processor::ProcessorError;
use crate::store::StoreError;
use crate::task_id::TaskId;

/// The error of this crate: what went wrong, in which task if in one. [`Self::actor`] says who must act.
#[derive(Debug)]
pub struct StreamsError {
    /// The task that it happened in.
    pub task: Option<TaskId>,
    /// What went wrong. In a box: errors are rare and results are many.
    pub kind: Box<ErrorKind>,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The topics failed.
    #[error("{0}")]
    Topics(#[from] TopicsError),
    /// A processor failed.
    #[error("processor `{node}` failed: {source}")]
    Processor {
        /// Its name.
        node: String,
        /// What it said.
        source: ProcessorError,
    },
    /// A stream thread or broadcast thread panicked.
    #[error("{thread} panicked: {message}")]
    Panicked {
        /// Which.
        thread: String,
        /// What it said.
        message: String,
    },
    /// A store failed.
    #[error("store `{store}`: {source}")]
    Store {
        /// Its name.
        store: String,
        /// What it said.
        source: StoreError,
    },
    /// A changelog is not there while input offsets are committed.
    #[error(
        "changelog `{topic}` of store `{store}` is missing while offsets of the input are committed: its state is lost; \
         restore the topic, or start the store empty with `reset --store {store}`"
    )]
    ChangelogMissing {
        /// The store.
        store: String,
        /// The changelog topic.
        topic: String,
    },
    /// A changelog has less than the store or the committed offsets tell.
    #[error(
        "changelog {partition} of store `{store}` ends at {end} and {expected} records of it were known: records were \
         lost or the topic was created anew; restore the topic, or start the store empty with `reset --store {store}`"
    )]
    ChangelogShorter {
        /// The store.
        store: String,
        /// The changelog partition.
        partition: TopicPartition,
        /// Where it ends.
        end: Offset,
        /// Where the store, or the metadata of the committed offset, knows it to have been.
        expected: Offset,
    },
    /// The committed snapshot is one that this instance can never reach.
    #[error(
        "broadcast source `{broadcast}` never reaches the committed snapshot (position {position}): {reason}"
    )]
    SnapshotNever {
        /// The broadcast source.
        broadcast: String,
        /// The committed position.
        position: Offset,
        /// What the handler said.
        reason: String,
    },
    /// A broadcast source failed.
    #[error("broadcast source `{broadcast}`: {reason}")]
    Broadcast {
        /// Its name.
        broadcast: String,
        /// What the handler said.
        reason: String,
    },
    /// A task has no partition for its output.
    #[error("topic `{topic}` has no partition {partition}")]
    NoSinkPartition {
        /// The sink's topic.
        topic: String,
        /// The partition.
        partition: u32,
    },
    /// The state directory is another process's.
    #[error("the state directory {} is in use by {holder}; give this instance another one", directory.display())]
    StateLocked {
        /// The directory.
        directory: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// The state directory cannot be used.
    #[error("the state directory {} cannot be used: {reason}", directory.display())]
    StateDirectory {
        /// The directory.
        directory: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A setting is wrong.
    #[error("wrong setting: {reason}")]
    Configuration {
        /// Which, and why.
        reason: String,
    },
    /// The instance did not come to its end in time.
    #[error("the instance did not stop in time; not committed: {}", list(uncommitted))]
    CloseTimedOut {
        /// What was processed and not committed.
        uncommitted: Vec<Uncommitted>,
    },
    /// A fault point was told to fail.
    #[error("injected fault at {point}")]
    InjectedFault {
        /// The point.
        point: &'static str,
    },
}

/// Records of one partition that were processed and not committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncommitted {
    /// The input partition.
    pub partition: TopicPartition,
    /// The committed offset; −1 if none.
    pub committed: Offset,
    /// The next offset to be processed.
    pub processed: Offset,
}

fn list(uncommitted: &[Uncommitted]) -> String {
    let items: Vec<String> = uncommitted
        .iter()
        .map(|item| format!("{} from {} to before {}", item.partition, item.committed, item.processed))
        .collect();
    if items.is_empty() { "nothing".into() } else { items.join(", ") }
}

/// Who must act on an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Nobody: another process has taken over our work.
    Successor,
    /// The operator: permissions, topics, disk, settings, a broadcast topic that does not match.
    Operator,
    /// Whoever wrote the processor, the handler or this crate.
    Developer,
}

impl StreamsError {
    /// Who must act.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match &*self.kind {
            ErrorKind::Topics(error) => match error.remedy() {
                Remedy::Stop => Actor::Successor,
                Remedy::Bug => Actor::Developer,
                _ => Actor::Operator,
            },
            ErrorKind::Processor { .. } | ErrorKind::Panicked { .. } | ErrorKind::InjectedFault { .. } => {
                Actor::Developer
            }
            _ => Actor::Operator,
        }
    }

    /// True if a test has ordered it: the thread ends as if it had been killed.
    #[must_use]
    pub fn is_injected(&self) -> bool {
        matches!(*self.kind, ErrorKind::InjectedFault { .. })
    }

    /// The error in this task.
    #[must_use]
    pub fn in_task(mut self, task: TaskId) -> Self {
        self.task.get_or_insert(task);
        self
    }

    pub(crate) fn store(name: &str, source: StoreError) -> Self {
        ErrorKind::Store { store: name.into(), source }.into()
    }

    pub(crate) fn processor(node: &str, source: ProcessorError) -> Self {
        ErrorKind::Processor { node: node.into(), source }.into()
    }

    /// The topics' error, if it is one.
    #[must_use]
    pub fn topics(&self) -> Option<&TopicsError> {
        match &*self.kind {
            ErrorKind::Topics(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ErrorKind> for StreamsError {
    fn from(kind: ErrorKind) -> Self {
        Self { task: None, kind: Box::new(kind) }
    }
}

impl From<TopicsError> for StreamsError {
    fn from(error: TopicsError) -> Self {
        ErrorKind::Topics(error).into()
    }
}

impl std::fmt::Display for StreamsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.task {
            Some(task) => write!(f, "task {task}: {}", self.kind),
            None => write!(f, "{}", self.kind),
        }
    }
}

impl std::error::Error for StreamsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.kind.source()
    }
}
