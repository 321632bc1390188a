//! A reader that shares partitions with the other members of its group.

use std::time::Duration;

use crate::batch::RecordBatch;
use crate::error::TopicsError;
use crate::group::{CommittedOffset, GroupMetadata, OffsetCommit};
use crate::partition::{Offset, StartPosition, TopicPartition};

/// What a poll of a [`GroupReader`] brought. Rebalances are cooperative: the partitions named are those that come or
/// go, all others keep flowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupEvent {
    /// The batch is filled with at least one record of one partition.
    Batch,
    /// These partitions become ours. Nothing of them comes before [`GroupReader::acknowledge_assigned`]. May be
    /// empty: the generation has changed and our partitions have not.
    Assigned(Vec<TopicPartition>),
    /// These partitions go to others after [`GroupReader::acknowledge_revoked`]; until then they are ours, so that
    /// what is done can be committed.
    Revoked(Vec<TopicPartition>),
    /// These partitions are others' already: nothing of them can be committed. Acknowledged like a revocation.
    Lost(Vec<TopicPartition>),
    /// Nothing came in time.
    Nothing,
}

/// A reader that shares the partitions of its topics with the other members of its group. Polling is its sign of
/// life: it is polled within the session even while everything is paused.
///
/// After [`GroupEvent::Assigned`], [`GroupEvent::Revoked`] or [`GroupEvent::Lost`] the next call but for questions
/// and commits is the acknowledgement; a poll before it is a [`TopicsError::Misuse`].
pub trait GroupReader: Send {
    /// Waits up to `timeout` for records or a change of the assignment; fills `batch` with what has arrived for one
    /// partition and does not wait for more. `batch` is empty after any other event.
    ///
    /// # Errors
    /// [`TopicsError::OutOfRange`] (the partition stays where it is), [`TopicsError::Denied`],
    /// [`TopicsError::UnknownTopic`] while a topic is missing (polling goes on being right: it may come),
    /// [`TopicsError::Fenced`] if another member has our instance id. An unreachable broker is no error here.
    fn poll(&mut self, timeout: Duration, batch: &mut RecordBatch) -> Result<GroupEvent, TopicsError>;

    /// Takes the partitions of [`GroupEvent::Assigned`] on, each from its position. All of them have to be named.
    ///
    /// # Errors
    /// [`TopicsError::Misuse`]; [`TopicsError::Unreachable`] where a position has to be asked for (call again).
    fn acknowledge_assigned(&mut self, starts: &[(TopicPartition, StartPosition)])
    -> Result<(), TopicsError>;

    /// Lets the partitions of [`GroupEvent::Revoked`] or [`GroupEvent::Lost`] go.
    ///
    /// # Errors
    /// [`TopicsError::Misuse`].
    fn acknowledge_revoked(&mut self) -> Result<(), TopicsError>;

    /// The partitions that are ours, taken on and not let go.
    fn assignment(&self) -> Vec<TopicPartition>;

    /// Stops handing out records of these partitions; they stay ours and keep their position.
    ///
    /// # Errors
    /// [`TopicsError::Misuse`] for a partition that is not ours.
    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), TopicsError>;

    /// Hands out records of these partitions again.
    ///
    /// # Errors
    /// [`TopicsError::Misuse`] for a partition that is not ours.
    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), TopicsError>;

    /// Goes on reading one of our partitions from this offset; nothing that was fetched before comes any more. A
    /// paused partition stays paused.
    ///
    /// # Errors
    /// [`TopicsError::Misuse`] for a partition that is not ours.
    fn seek(&mut self, partition: &TopicPartition, offset: Offset) -> Result<(), TopicsError>;

    /// The next offset to be handed out; `None` if the partition is not ours or its start is not known yet.
    fn position(&self, partition: &TopicPartition) -> Option<Offset>;

    /// The end of one of our partitions as the last fetch saw it, without asking the broker: for lag. `None` before
    /// the first fetch.
    fn known_end(&self, partition: &TopicPartition) -> Option<Offset>;

    /// The group's committed offsets, in the order asked for; `None` where there is none. Waits for offsets of
    /// transactions that are about to end.
    ///
    /// # Errors
    /// [`TopicsError::Unreachable`], [`TopicsError::Denied`].
    fn committed(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<CommittedOffset>>, TopicsError>;

    /// Commits offsets outside a transaction: for work that is done at least once.
    ///
    /// # Errors
    /// [`TopicsError::StaleGeneration`], [`TopicsError::Unreachable`], [`TopicsError::Denied`].
    fn commit(&mut self, offsets: &[OffsetCommit]) -> Result<(), TopicsError>;

    /// Who we are in the group now, for [`TransactionalWriter::send_offsets`](crate::TransactionalWriter::send_offsets).
    /// To be asked for each transaction: the generation changes.
    ///
    /// # Errors
    /// [`TopicsError::StaleGeneration`] if the group has expelled us: the next poll says what is lost;
    /// [`TopicsError::Fatal`].
    fn group_metadata(&self) -> Result<GroupMetadata, TopicsError>;

    /// Leaves the group, so that the others need not wait for our session to end. A static member
    /// ([`GroupOptions::instance_id`](crate::GroupOptions::instance_id)) keeps its place. Dropping does the same,
    /// without an answer.
    ///
    /// # Errors
    /// [`TopicsError::Unreachable`]; the reader cannot be used any more in any case.
    fn close(&mut self) -> Result<(), TopicsError>;
}
