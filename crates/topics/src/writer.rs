//! Writers: plain and transactional.

use crate::buffer::RecordBuffer;
use crate::error::TopicsError;
use crate::group::{GroupMetadata, OffsetCommit};
use crate::partition::{Offset, TopicPartition};

/// How far a writer has written a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The partition.
    pub partition: TopicPartition,
    /// Offset of the last record that the backend acknowledged.
    pub last_offset: Offset,
}

/// A writer outside transactions. What it has flushed is on all in-sync replicas, once and in order.
pub trait Writer: Send {
    /// The buffer of a partition, with what was put there since it was last sent.
    ///
    /// # Errors
    /// [`TopicsError::UnknownTopic`], [`TopicsError::UnknownPartition`], [`TopicsError::Unreachable`] at the first
    /// call for a topic, which asks for its limits.
    fn lend(&mut self, partition: &TopicPartition) -> Result<&mut RecordBuffer, TopicsError>;

    /// Sends what is in the buffers and does not wait for acknowledgements; waits only while the client's queue is
    /// full. The buffers are empty afterwards.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    fn send(&mut self) -> Result<(), TopicsError>;

    /// Sends what is in the buffers and waits until all that was sent is acknowledged.
    ///
    /// # Errors
    /// The first of: [`TopicsError::TooLarge`], [`TopicsError::Denied`], [`TopicsError::UnknownTopic`],
    /// [`TopicsError::Unreachable`] after the delivery time-out (the records may or may not have been written),
    /// [`TopicsError::Full`], [`TopicsError::Fatal`]. The records that failed are gone from the buffers.
    fn flush(&mut self) -> Result<(), TopicsError>;

    /// What was acknowledged since this writer was made, by partition.
    fn written(&self) -> &[Written];
}

/// A writer whose records and offsets are seen whole or not at all.
///
/// ```text
/// initialise ─► begin ─► (lend, send)* ─► send_offsets ─► commit ─┐
///                 ▲          └──────── error: abort ◄─────┘       │
///                 └───────────────────────────────────────────────┘
/// ```
/// After an error [`TopicsError::remedy`] says whether to abort, to drop this writer and make another, or to stop.
pub trait TransactionalWriter: Send {
    /// Fences older writers with our transactional id, ends the transaction that one of them may have left open, and
    /// waits for both. Once, before anything else.
    ///
    /// # Errors
    /// [`TopicsError::Unreachable`] (call again), [`TopicsError::Denied`], [`TopicsError::Unsupported`] (the broker is
    /// too old), [`TopicsError::Fatal`].
    fn initialise(&mut self) -> Result<(), TopicsError>;

    /// Begins a transaction. Costs nothing: the broker hears of it with the first record or offset.
    ///
    /// # Errors
    /// [`TopicsError::Misuse`], [`TopicsError::Fenced`].
    fn begin(&mut self) -> Result<(), TopicsError>;

    /// The buffer of a partition, with what was put there since it was last sent.
    ///
    /// # Errors
    /// As [`Writer::lend`].
    fn lend(&mut self, partition: &TopicPartition) -> Result<&mut RecordBuffer, TopicsError>;

    /// Sends what is in the buffers and does not wait for acknowledgements; waits only while the client's queue is
    /// full. The buffers are empty afterwards.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    fn send(&mut self) -> Result<(), TopicsError>;

    /// Adds a group's offsets to the transaction: they are committed with it, or not at all.
    ///
    /// # Errors
    /// [`TopicsError::StaleGeneration`]: abort, and drop the tasks; [`TopicsError::AbortTransaction`],
    /// [`TopicsError::Fenced`], [`TopicsError::Unsupported`] (the broker is too old for generations),
    /// [`TopicsError::Configuration`] (metadata is not ASCII or too long).
    fn send_offsets(&mut self, offsets: &[OffsetCommit], group: &GroupMetadata) -> Result<(), TopicsError>;

    /// Sends what is in the buffers, waits for all acknowledgements, and commits.
    ///
    /// # Errors
    /// [`TopicsError::AbortTransaction`] or [`TopicsError::TooLarge`]: abort; [`TopicsError::Fenced`]: stop;
    /// [`TopicsError::Indefinite`]: it is not known whether it was committed, make a new writer and look at the
    /// committed offsets; [`TopicsError::Fatal`].
    fn commit(&mut self) -> Result<(), TopicsError>;

    /// Aborts: empties the buffers and makes everything sent since `begin` invisible for good. Readers are not
    /// rewound and stores are not rolled back: that is the caller's.
    ///
    /// # Errors
    /// [`TopicsError::Fenced`], [`TopicsError::Indefinite`] (make a new writer), [`TopicsError::Fatal`].
    fn abort(&mut self) -> Result<(), TopicsError>;

    /// What was acknowledged since `begin`, by partition; complete after a commit.
    fn written(&self) -> &[Written];
}
