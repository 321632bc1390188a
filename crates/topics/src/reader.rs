//! A reader that is told its partitions: for the control log, for restoring stores, for looking at topics.

use std::time::Duration;

use crate::batch::RecordBatch;
use crate::error::TopicsError;
use crate::partition::{Offset, StartPosition, TopicPartition};

/// What a poll of an [`AssignedReader`] brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReaderEvent {
    /// The batch is filled with at least one record.
    Batch,
    /// Everything in this partition that is visible now has been handed out, trailing transaction markers and
    /// aborted records included: its [`position`](AssignedReader::position) is the end. Said each time it gets there.
    EndOfPartition(TopicPartition),
    /// Nothing came in time.
    Nothing,
}

/// A reader that is told its partitions. It belongs to no group and commits nothing.
pub trait AssignedReader: Send {
    /// Reads these partitions from these positions, and no others from now on.
    ///
    /// # Errors
    /// [`TopicsError::UnknownTopic`], [`TopicsError::UnknownPartition`], [`TopicsError::Unreachable`] where a position
    /// has to be asked for. Offsets out of range are found by [`poll`](Self::poll).
    fn assign(&mut self, partitions: &[(TopicPartition, StartPosition)]) -> Result<(), TopicsError>;

    /// Waits up to `timeout` for records; fills `batch` with what has arrived for one partition and does not wait for
    /// more. `batch` is empty after any other event.
    ///
    /// # Errors
    /// [`TopicsError::OutOfRange`], [`TopicsError::Denied`], [`TopicsError::UnknownTopic`] (also when it is deleted
    /// under way), [`TopicsError::Corrupt`]. An unreachable broker is no error here: nothing comes.
    fn poll(&mut self, timeout: Duration, batch: &mut RecordBatch) -> Result<ReaderEvent, TopicsError>;

    /// Goes on reading an assigned partition from another position.
    ///
    /// # Errors
    /// [`TopicsError::Misuse`] if it is not assigned; as [`assign`](Self::assign).
    fn seek(&mut self, partition: &TopicPartition, position: StartPosition) -> Result<(), TopicsError>;

    /// The next offset to be handed out: one past the last record, or past what is invisible after it. `None` if the
    /// partition is not assigned or its start is not known yet.
    fn position(&self, partition: &TopicPartition) -> Option<Offset>;

    /// Where this reader would end now: the last stable offset, or the high watermark if it reads everything. To be
    /// asked before a fold, which is complete when `position` has reached it.
    ///
    /// # Errors
    /// As those of [`Admin`](crate::Admin).
    fn end_offset(&mut self, partition: &TopicPartition) -> Result<Offset, TopicsError>;
}
