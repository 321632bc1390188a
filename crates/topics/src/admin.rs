//! Questions about topics and groups, and their changes.

use crate::error::TopicsError;
use crate::group::{CommittedOffset, GroupMember};
use crate::partition::{Offset, PartitionOffsets, Timestamp, TopicPartition};
use crate::topic::{TopicConfig, TopicDescription, TopicSpec};

/// Questions about topics and groups, and their changes. Every call asks the broker and waits for its answer, up to
/// the backend's request time-out.
///
/// # Errors
/// All calls: [`TopicsError::Unreachable`], [`TopicsError::Denied`] naming the missing permission; those that name a
/// topic or partition: [`TopicsError::UnknownTopic`], [`TopicsError::UnknownPartition`]; the others are said below.
pub trait Admin: Send + Sync {
    /// All topics but the broker's own, by name.
    fn topics(&self) -> Result<Vec<TopicDescription>, TopicsError>;

    /// One topic; `None` if it is not there.
    fn describe_topic(&self, topic: &str) -> Result<Option<TopicDescription>, TopicsError>;

    /// The settings of a topic.
    fn topic_config(&self, topic: &str) -> Result<TopicConfig, TopicsError>;

    /// Creates a topic and returns when it can be used.
    ///
    /// # Errors
    /// [`TopicsError::TopicExists`]; [`TopicsError::Configuration`] for settings that the broker refuses.
    fn create_topic(&self, topic: &TopicSpec) -> Result<(), TopicsError>;

    /// Deletes a topic with all its records.
    fn delete_topic(&self, topic: &str) -> Result<(), TopicsError>;

    /// Raises the number of partitions to `total`.
    ///
    /// # Errors
    /// [`TopicsError::Configuration`] if it has that many or more.
    fn add_partitions(&self, topic: &str, total: u32) -> Result<(), TopicsError>;

    /// Changes settings of a topic, in Kafka's spelling; the others stay.
    ///
    /// # Errors
    /// [`TopicsError::Configuration`] for settings that the broker refuses.
    fn alter_topic_config(&self, topic: &str, settings: &[(&str, &str)]) -> Result<(), TopicsError>;

    /// Deletes the records of a partition before `offset`.
    ///
    /// # Errors
    /// [`TopicsError::OutOfRange`] if `offset` lies beyond the end; [`TopicsError::Configuration`] if the topic is
    /// only compacted, as Kafka refuses it.
    fn delete_records(&self, partition: &TopicPartition, before: Offset) -> Result<(), TopicsError>;

    /// The range of a partition.
    fn offsets(&self, partition: &TopicPartition) -> Result<PartitionOffsets, TopicsError>;

    /// Offset of the first record with this or a later timestamp; `None` if there is none.
    fn offset_for_timestamp(
        &self,
        partition: &TopicPartition,
        timestamp: Timestamp,
    ) -> Result<Option<Offset>, TopicsError>;

    /// The committed offsets of a group, in the order asked for; `None` where it has none.
    fn committed_offsets(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<CommittedOffset>>, TopicsError>;

    /// Forgets a group and its committed offsets; no error if there is none.
    ///
    /// # Errors
    /// [`TopicsError::Busy`] while it has members.
    fn delete_group(&self, group: &str) -> Result<(), TopicsError>;

    /// The members of a group and what is whose; empty if there is no such group.
    fn group_members(&self, group: &str) -> Result<Vec<GroupMember>, TopicsError>;
}
