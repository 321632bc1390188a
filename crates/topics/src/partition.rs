//! Where a record lies: topic, partition, offset.

use std::fmt;
use std::sync::Arc;

/// A position in a partition. Offsets start at 0, grow, and may have gaps (transaction markers, aborted records,
/// compaction). −1 is never the offset of a record.
pub type Offset = i64;

/// Milliseconds since 1970-01-01 UTC, as the producer of a record said.
pub type Timestamp = i64;

/// One partition of a topic. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    topic: Arc<str>,
    partition: u32,
}

impl TopicPartition {
    /// Partition `partition` of `topic`.
    #[must_use]
    pub fn new(topic: impl Into<Arc<str>>, partition: u32) -> Self {
        Self { topic: topic.into(), partition }
    }

    /// The topic's name.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The topic's name, shared.
    #[must_use]
    pub fn shared_topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// The partition's number, from 0.
    #[must_use]
    pub fn partition(&self) -> u32 {
        self.partition
    }
}

impl Default for TopicPartition {
    /// A partition that exists nowhere: what an empty batch says it comes from.
    fn default() -> Self {
        Self { topic: Arc::from(""), partition: 0 }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

impl fmt::Debug for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Which records a reader sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Records of committed transactions and records outside transactions, up to the last stable offset.
    #[default]
    Committed,
    /// Every record up to the high watermark, those of open and aborted transactions too.
    Uncommitted,
}

/// Where reading a partition begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartPosition {
    /// At the first record that is still there.
    Earliest,
    /// After the last record that is visible now.
    Latest,
    /// At this offset, or at the next record after it if it is a gap. Outside the log's range:
    /// [`TopicsError::OutOfRange`](crate::TopicsError::OutOfRange), never a jump.
    Offset(Offset),
    /// At the first record with this or a later timestamp; at the end if there is none.
    Timestamp(Timestamp),
}

/// The range of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionOffsets {
    /// Offset of the first record that is still there (the log's start).
    pub earliest: Offset,
    /// One past the last offset before the first open transaction: where a committed-only reader ends.
    pub last_stable: Offset,
    /// One past the last offset: where a reader of everything ends.
    pub high_watermark: Offset,
}
