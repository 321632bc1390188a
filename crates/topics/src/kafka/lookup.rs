//! Questions that any consumer can ask: partition counts, ends, offsets of timestamps, committed offsets.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{Offset as NativeOffset, TopicPartitionList};

use super::context::Context;
use super::errors::About;
use super::native::{self, EventQueue, Kind};
use crate::error::TopicsError;
use crate::group::{CommittedOffset, OffsetCommit};
use crate::partition::{Offset, StartPosition, Timestamp, TopicPartition};
use crate::topic::TopicDescription;

/// A partition's number as librdkafka has it.
pub(super) fn number(partition: &TopicPartition) -> i32 {
    i32::try_from(partition.partition()).unwrap_or(i32::MAX)
}

/// A partition as librdkafka names it.
pub(super) fn partition(topic: &str, number: i32) -> TopicPartition {
    TopicPartition::new(topic, u32::try_from(number).unwrap_or(0))
}

/// Partitions in librdkafka's form.
pub(super) fn list<'a>(partitions: impl IntoIterator<Item = &'a TopicPartition>) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(partition.topic(), number(partition));
    }
    list
}

/// Partitions with offsets in librdkafka's form.
pub(super) fn list_at<'a>(
    starts: impl IntoIterator<Item = (&'a TopicPartition, Offset)>,
) -> Result<TopicPartitionList, TopicsError> {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in starts {
        list.add_partition_offset(partition.topic(), number(partition), NativeOffset::Offset(offset))
            .map_err(|_| TopicsError::Misuse {
                operation: "assign",
                reason: format!("{partition} has no offset {offset}"),
            })?;
    }
    Ok(list)
}

/// Offsets to commit in librdkafka's form.
pub(super) fn list_of_commits(offsets: &[OffsetCommit]) -> Result<TopicPartitionList, TopicsError> {
    let list = list_at(offsets.iter().map(|commit| (&commit.partition, commit.offset)))?;
    for commit in offsets.iter().filter(|commit| !commit.metadata.is_empty()) {
        if let Some(mut element) = list.find_partition(commit.partition.topic(), number(&commit.partition)) {
            element.set_metadata(&commit.metadata);
        }
    }
    Ok(list)
}

/// A consumer that asks.
#[derive(Clone, Copy)]
pub(super) struct Lookup<'a> {
    pub consumer: &'a BaseConsumer<Context>,
    /// The client's events, where nobody else takes them: they know why a broker does not answer.
    pub events: Option<&'a EventQueue>,
    pub timeout: Duration,
}

impl Lookup<'_> {
    /// Why a question was not answered.
    pub fn error(&self, about: &About<'_>, error: &KafkaError) -> TopicsError {
        let error = about.of(error);
        if let (TopicsError::Unreachable { .. }, Some(events)) = (&error, self.events) {
            while let Some(event) = events.poll(Duration::ZERO) {
                if let Kind::Error { code: code @ (Code::Authentication | Code::SSL), text, .. } =
                    event.kind()
                {
                    return about.described(code, &text);
                }
            }
        }
        error
    }

    /// One topic; `None` if it is not there.
    pub fn describe(&self, topic: &str) -> Result<Option<TopicDescription>, TopicsError> {
        let about = About {
            doing: "describing a topic",
            topic: Some(topic),
            permission: "Describe",
            ..About::default()
        };
        let metadata = self
            .consumer
            .fetch_metadata(Some(topic), self.timeout)
            .map_err(|error| self.error(&about, &error))?;
        let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else {
            return Ok(None);
        };
        match found.error().map(Code::from) {
            None => {}
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::InvalidTopic) => return Ok(None),
            Some(code) => return Err(about.error(code)),
        }
        Ok(Some(describe(topic, found.partitions())))
    }

    /// Refuses a partition that is not there.
    pub fn check(&self, partition: &TopicPartition) -> Result<(), TopicsError> {
        match self.describe(partition.topic())? {
            None => Err(TopicsError::UnknownTopic { topic: partition.topic().to_owned() }),
            Some(topic) if topic.partitions <= partition.partition() => {
                Err(TopicsError::UnknownPartition { partition: partition.clone() })
            }
            Some(_) => Ok(()),
        }
    }

    /// The log's start, and its end as this consumer's isolation sees it.
    pub fn range(&self, partition: &TopicPartition) -> Result<(Offset, Offset), TopicsError> {
        self.check(partition)?;
        let about = About {
            doing: "asking for a partition's offsets",
            partition: Some(partition),
            permission: "Describe",
            ..About::default()
        };
        self.consumer
            .fetch_watermarks(partition.topic(), number(partition), self.timeout)
            .map_err(|error| self.error(&about, &error))
    }

    /// Offset of the first record with this or a later timestamp.
    pub fn at_timestamp(
        &self,
        partition: &TopicPartition,
        timestamp: Timestamp,
    ) -> Result<Option<Offset>, TopicsError> {
        self.check(partition)?;
        let about = About {
            doing: "asking for the offset of a timestamp",
            partition: Some(partition),
            permission: "Describe",
            ..About::default()
        };
        // Negative numbers have other meanings in this request.
        let list = list_at([(partition, timestamp.max(0))])?;
        let found = self
            .consumer
            .offsets_for_times(list, self.timeout)
            .map_err(|error| self.error(&about, &error))?;
        let Some((offset, _, error)) = native::committed(&found).into_iter().next() else { return Ok(None) };
        match error {
            Some(code) => Err(about.error(code)),
            None => Ok((offset >= 0).then_some(offset)),
        }
    }

    /// The offset that a start position means now.
    pub fn resolve(&self, partition: &TopicPartition, start: StartPosition) -> Result<Offset, TopicsError> {
        Ok(match start {
            StartPosition::Offset(offset) => offset,
            StartPosition::Earliest => self.range(partition)?.0,
            StartPosition::Latest => self.range(partition)?.1,
            StartPosition::Timestamp(timestamp) => match self.at_timestamp(partition, timestamp)? {
                Some(offset) => offset,
                None => self.range(partition)?.1,
            },
        })
    }

    /// The committed offsets of the consumer's group.
    pub fn committed(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<CommittedOffset>>, TopicsError> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let about = About { doing: "asking for committed offsets", group: Some(group), ..About::default() };
        let found = self
            .consumer
            .committed_offsets(list(partitions), self.timeout)
            .map_err(|error| self.error(&about, &error))?;
        let found = native::committed(&found).into_iter().zip(partitions);
        found
            .map(|((offset, metadata, error), partition)| match error {
                None | Some(Code::UnknownTopicOrPartition | Code::UnknownPartition) => {
                    Ok((offset >= 0).then_some(CommittedOffset { offset, metadata }))
                }
                Some(code) => {
                    Err(About { partition: Some(partition), permission: "Describe", ..about }.error(code))
                }
            })
            .collect()
    }
}

/// A topic as metadata describes it.
pub(super) fn describe(name: &str, partitions: &[rdkafka::metadata::MetadataPartition]) -> TopicDescription {
    let replicas = partitions.iter().map(|partition| partition.replicas().len()).min();
    TopicDescription {
        name: name.to_owned(),
        partitions: u32::try_from(partitions.len()).unwrap_or(u32::MAX),
        replication: replicas.and_then(|count| u16::try_from(count).ok()).unwrap_or(0),
    }
}
