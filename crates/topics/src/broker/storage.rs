//! What must outlive the process, as the broker hands it to a storage.

use std::collections::BTreeMap;

use super::chunk::Chunk;
use crate::error::TopicsError;
use crate::group::CommittedOffset;
use crate::partition::{Offset, TopicPartition};

/// Where the broker's logs and offsets outlive it. The broker calls it under its lock, one call at a time.
pub trait Storage: Send {
    /// What was there when the storage was opened. Asked once, before anything else.
    ///
    /// # Errors
    /// [`TopicsError::Corrupt`] and the like if what is there cannot be used.
    fn recover(&mut self) -> Result<Recovered, TopicsError>;

    /// Makes all changes of one step, in order, or none of them.
    ///
    /// # Errors
    /// [`TopicsError::Full`] and the like; nothing was changed then.
    fn apply(&mut self, changes: &[Change]) -> Result<(), TopicsError>;

    /// Why nothing can be written any more, if that is so. Members of groups are told at their next poll, since what they
    /// read could not be committed.
    fn failure(&self) -> Option<TopicsError> {
        None
    }

    /// The stored chunk that holds `offset` or else the first one after it; `None` if there is none.
    ///
    /// # Errors
    /// [`TopicsError::Corrupt`] if it cannot be read back.
    fn read(&self, partition: &TopicPartition, offset: Offset) -> Result<Option<Chunk>, TopicsError>;

    /// How many bytes of chunks the broker keeps in memory besides what is stored, over all partitions. `None`: the
    /// storage keeps nothing, the broker keeps all.
    fn memory_budget(&self) -> Option<usize>;
}

/// One change of a step.
#[derive(Clone, Debug)]
pub enum Change {
    /// A topic comes to be.
    CreateTopic {
        /// Its name.
        topic: String,
        /// Its partitions.
        partitions: u32,
        /// Its settings in Kafka's spelling, defaults left out.
        config: BTreeMap<String, String>,
    },
    /// A topic goes with all its records.
    DeleteTopic {
        /// Its name.
        topic: String,
    },
    /// A topic gets other settings or more partitions.
    AlterTopic {
        /// Its name.
        topic: String,
        /// Its partitions from now on.
        partitions: u32,
        /// Its settings from now on.
        config: BTreeMap<String, String>,
    },
    /// A chunk joins a log. It takes the place of a stored chunk without records that covers the same offsets: such a
    /// one holds the place of a transaction that is still open when later offsets are stored.
    Append {
        /// The partition.
        partition: TopicPartition,
        /// The chunk; the log's stored chunks remain without hole or overlap.
        chunk: Chunk,
    },
    /// Compaction: these chunks take the place of all chunks in their range.
    Replace {
        /// The partition.
        partition: TopicPartition,
        /// First offset of the range.
        from: Offset,
        /// One past its last offset.
        to: Offset,
        /// What lies there from now on, without hole or overlap.
        chunks: Vec<Chunk>,
    },
    /// Everything before an offset goes; it is the log's start from now on.
    DeleteBefore {
        /// The partition.
        partition: TopicPartition,
        /// The new start.
        start: Offset,
    },
    /// A group commits an offset.
    CommitOffset {
        /// The group.
        group: String,
        /// The partition.
        partition: TopicPartition,
        /// The offset with its metadata.
        committed: CommittedOffset,
    },
    /// A group's offset is forgotten.
    ForgetOffset {
        /// The group.
        group: String,
        /// The partition.
        partition: TopicPartition,
    },
}

/// What a storage held when it was opened.
#[derive(Clone, Debug, Default)]
pub struct Recovered {
    /// The topics by name.
    pub topics: BTreeMap<String, RecoveredTopic>,
    /// The groups' offsets.
    pub offsets: Vec<(String, TopicPartition, CommittedOffset)>,
}

/// A topic that a storage held.
#[derive(Clone, Debug, Default)]
pub struct RecoveredTopic {
    /// Its settings.
    pub config: BTreeMap<String, String>,
    /// Its partitions in order.
    pub partitions: Vec<RecoveredPartition>,
}

/// A partition that a storage held.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecoveredPartition {
    /// The log's start.
    pub start: Offset,
    /// One past the last stored offset.
    pub end: Offset,
    /// [`Chunk::size`] of all its chunks together, for retention by size.
    pub bytes: u64,
    /// Number of records, for the compactor's decision when to run.
    pub records: u64,
}

/// Nothing outlives the process.
#[derive(Debug, Default)]
pub(crate) struct NoStorage;

impl Storage for NoStorage {
    fn recover(&mut self) -> Result<Recovered, TopicsError> {
        Ok(Recovered::default())
    }

    fn apply(&mut self, _: &[Change]) -> Result<(), TopicsError> {
        Ok(())
    }

    fn read(&self, _: &TopicPartition, _: Offset) -> Result<Option<Chunk>, TopicsError> {
        Ok(None)
    }

    fn memory_budget(&self) -> Option<usize> {
        None
    }
}
