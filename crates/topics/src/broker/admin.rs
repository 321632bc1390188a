//! The broker's [`Admin`].

use std::sync::Arc;

use super::faults::{Client, Operation};
use super::shared::{Shared, State};
use super::storage::Change;
use crate::admin::Admin;
use crate::error::TopicsError;
use crate::group::{CommittedOffset, GroupMember};
use crate::partition::{Offset, PartitionOffsets, Timestamp, TopicPartition};
use crate::topic::{TopicConfig, TopicDescription, TopicSpec};

pub(super) struct LocalAdmin {
    shared: Arc<Shared>,
    client: Client,
}

impl LocalAdmin {
    pub fn new(shared: Arc<Shared>) -> Self {
        let client = shared.faults.client("admin");
        Self { shared, client }
    }

    fn operate<T>(&self, work: impl FnOnce(&mut State) -> Result<T, TopicsError>) -> Result<T, TopicsError> {
        self.shared.operate(Operation::Admin, &self.client, work)
    }
}

fn describe(state: &State, topic: &str) -> Option<TopicDescription> {
    let partitions = u32::try_from(state.topics.get(topic)?.partitions.len()).unwrap_or(u32::MAX);
    Some(TopicDescription { name: topic.to_owned(), partitions, replication: 1 })
}

impl Admin for LocalAdmin {
    fn topics(&self) -> Result<Vec<TopicDescription>, TopicsError> {
        self.operate(|state| Ok(state.topics.keys().filter_map(|topic| describe(state, topic)).collect()))
    }

    fn describe_topic(&self, topic: &str) -> Result<Option<TopicDescription>, TopicsError> {
        self.operate(|state| Ok(describe(state, topic)))
    }

    fn topic_config(&self, topic: &str) -> Result<TopicConfig, TopicsError> {
        self.operate(|state| Ok(state.topic(topic)?.config.clone()))
    }

    fn create_topic(&self, topic: &TopicSpec) -> Result<(), TopicsError> {
        self.operate(|state| state.create_topic(topic))
    }

    fn delete_topic(&self, topic: &str) -> Result<(), TopicsError> {
        self.operate(|state| state.delete_topic(topic))
    }

    fn add_partitions(&self, topic: &str, total: u32) -> Result<(), TopicsError> {
        self.operate(|state| {
            let found = state.topic(topic)?.partitions.len();
            if total as usize <= found {
                let reason =
                    format!("topic `{topic}` has {found} partitions already, {total} would not be more");
                return Err(TopicsError::Configuration { reason });
            }
            state.alter_topic(topic, Some(total), &[])
        })
    }

    fn alter_topic_config(&self, topic: &str, settings: &[(&str, &str)]) -> Result<(), TopicsError> {
        self.operate(|state| state.alter_topic(topic, None, settings))
    }

    fn delete_records(&self, partition: &TopicPartition, before: Offset) -> Result<(), TopicsError> {
        self.operate(|state| {
            let offsets = state.log(partition)?.offsets();
            if before > offsets.high_watermark {
                return Err(TopicsError::OutOfRange {
                    partition: partition.clone(),
                    offset: before,
                    earliest: offsets.earliest,
                    end: offsets.high_watermark,
                });
            }
            if !state.topic(partition.topic())?.config.cleanup_policy.deletes() {
                let reason = format!("topic `{}` is only compacted (cleanup.policy)", partition.topic());
                return Err(TopicsError::Configuration { reason });
            }
            let start = before.clamp(offsets.earliest, offsets.last_stable);
            state.storage.apply(&[Change::DeleteBefore { partition: partition.clone(), start }])?;
            let log = state.log(partition)?;
            let (mut position, mut dropped) = (offsets.earliest, 0);
            while let Some(chunk) = log.decided_from(state.storage.as_ref(), position, start)? {
                dropped += chunk.size() as u64;
                position = chunk.next();
            }
            if let Some(log) = state.log_mut(partition) {
                log.delete_before(start, dropped);
            }
            Ok(())
        })
    }

    fn offsets(&self, partition: &TopicPartition) -> Result<PartitionOffsets, TopicsError> {
        self.operate(|state| Ok(state.log(partition)?.offsets()))
    }

    fn offset_for_timestamp(
        &self,
        partition: &TopicPartition,
        timestamp: Timestamp,
    ) -> Result<Option<Offset>, TopicsError> {
        self.operate(|state| state.log(partition)?.offset_for_timestamp(state.storage.as_ref(), timestamp))
    }

    fn committed_offsets(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<CommittedOffset>>, TopicsError> {
        self.operate(|state| {
            let offsets = state.groups.get(group).map(|group| &group.offsets);
            Ok(partitions.iter().map(|partition| offsets?.get(partition).cloned()).collect())
        })
    }

    fn delete_group(&self, group: &str) -> Result<(), TopicsError> {
        self.operate(|state| {
            let Some(found) = state.groups.get(group) else { return Ok(()) };
            if found.has_members() {
                return Err(TopicsError::Busy { reason: format!("group `{group}` has members") });
            }
            let forget = |partition: &TopicPartition| Change::ForgetOffset {
                group: group.to_owned(),
                partition: partition.clone(),
            };
            let changes: Vec<_> = found.offsets.keys().map(forget).collect();
            state.storage.apply(&changes)?;
            state.groups.remove(group);
            Ok(())
        })
    }

    fn group_members(&self, group: &str) -> Result<Vec<GroupMember>, TopicsError> {
        self.operate(|state| {
            let Some(found) = state.groups.get(group) else { return Ok(Vec::new()) };
            let member =
                |(member, client_id, partitions): (&str, &str, &std::collections::BTreeSet<_>)| GroupMember {
                    member: member.to_owned(),
                    client_id: client_id.to_owned(),
                    host: "in this process".to_owned(),
                    partitions: partitions.iter().cloned().collect(),
                };
            Ok(found.members().map(member).collect())
        })
    }
}
