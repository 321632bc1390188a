//! The [`Admin`] over Kafka.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AlterConfig, ConfigSource, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use super::block_on::block_on;
use super::context::Context;
use super::errors::About;
use super::lookup::{Lookup, describe, list_at};
use super::members;
use super::native;
use super::questions::Questions;
use super::settings;
use crate::admin::Admin;
use crate::error::TopicsError;
use crate::group::{CommittedOffset, GroupMember};
use crate::partition::{Isolation, Offset, PartitionOffsets, Timestamp, TopicPartition};
use crate::topic::{TopicConfig, TopicDescription, TopicSpec};

pub(super) struct KafkaAdmin {
    questions: Arc<Questions>,
}

impl KafkaAdmin {
    pub fn new(questions: Arc<Questions>) -> Self {
        Self { questions }
    }

    fn lookup(&self) -> Result<Lookup<'_>, TopicsError> {
        self.questions.lookup(Isolation::Committed)
    }

    /// Asks again until metadata show what was changed: a controller answers before its brokers know.
    fn wait_for(
        &self,
        topic: &str,
        seen: impl Fn(Option<&TopicDescription>) -> bool,
    ) -> Result<(), TopicsError> {
        let deadline = Instant::now() + self.questions.settings().request_timeout;
        loop {
            if seen(self.describe_topic(topic)?.as_ref()) || Instant::now() >= deadline {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn about<'a>(doing: &'a str, topic: &'a str, permission: &'a str) -> About<'a> {
    About { doing, topic: Some(topic), permission, ..About::default() }
}

/// An answer for one of the things that were asked about; the name comes with an error.
type Answer<T> = Result<T, (String, Code)>;

/// The answer for the one topic or group that was asked about.
fn only<T>(about: &About<'_>, answer: Result<Vec<Answer<T>>, KafkaError>) -> Result<(), TopicsError> {
    match answer.map_err(|error| about.of(&error))?.pop() {
        None | Some(Ok(_)) => Ok(()),
        Some(Err((_, code))) => Err(about.error(code)),
    }
}

impl Admin for KafkaAdmin {
    fn topics(&self) -> Result<Vec<TopicDescription>, TopicsError> {
        let lookup = self.lookup()?;
        let about = About { doing: "listing topics", permission: "Describe", ..About::default() };
        let metadata = lookup
            .consumer
            .fetch_metadata(None, lookup.timeout)
            .map_err(|error| lookup.error(&about, &error))?;
        let own = metadata.topics().iter().filter(|topic| !topic.name().starts_with("__"));
        let mut topics: Vec<_> = own.map(|topic| describe(topic.name(), topic.partitions())).collect();
        topics.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(topics)
    }

    fn describe_topic(&self, topic: &str) -> Result<Option<TopicDescription>, TopicsError> {
        self.lookup()?.describe(topic)
    }

    fn topic_config(&self, topic: &str) -> Result<TopicConfig, TopicsError> {
        self.questions.topic_config(topic)
    }

    fn create_topic(&self, topic: &TopicSpec) -> Result<(), TopicsError> {
        let about = about("creating a topic", &topic.name, "Create");
        let partitions = i32::try_from(topic.partitions).unwrap_or(i32::MAX);
        if partitions == 0 {
            let reason = format!("topic `{}` needs at least one partition", topic.name);
            return Err(TopicsError::Configuration { reason });
        }
        let replication = topic.replication.map_or(-1, i32::from);
        let mut new = NewTopic::new(&topic.name, partitions, TopicReplication::Fixed(replication));
        for (name, value) in &topic.config {
            new = new.set(name, value);
        }
        only(&about, block_on(self.questions.admin()?.create_topics([&new], &self.questions.options())))?;
        self.wait_for(&topic.name, |found| {
            found.is_some_and(|found| found.partitions == topic.partitions && found.replication > 0)
        })
    }

    fn delete_topic(&self, topic: &str) -> Result<(), TopicsError> {
        let about = about("deleting a topic", topic, "Delete");
        only(&about, block_on(self.questions.admin()?.delete_topics(&[topic], &self.questions.options())))?;
        self.wait_for(topic, |found| found.is_none())
    }

    fn add_partitions(&self, topic: &str, total: u32) -> Result<(), TopicsError> {
        let about = about("adding partitions", topic, "Alter");
        let new = NewPartitions::new(topic, total as usize);
        only(&about, block_on(self.questions.admin()?.create_partitions([&new], &self.questions.options())))?;
        self.wait_for(topic, |found| {
            found.is_some_and(|found| found.partitions >= total && found.replication > 0)
        })
    }

    fn alter_topic_config(&self, topic: &str, settings: &[(&str, &str)]) -> Result<(), TopicsError> {
        let about = about("altering a topic's settings", topic, "AlterConfigs");
        // rdkafka has only the request that replaces all settings, so those that the topic has are sent again.
        let entries = self.questions.config_entries(topic)?;
        let mut alter = AlterConfig::new(ResourceSpecifier::Topic(topic));
        for entry in entries.iter().filter(|entry| entry.source == ConfigSource::DynamicTopic) {
            if let Some(value) = &entry.value
                && !settings.iter().any(|(name, _)| *name == entry.name)
            {
                alter = alter.set(&entry.name, value);
            }
        }
        for (name, value) in settings {
            alter = alter.set(name, value);
        }
        let answer = block_on(self.questions.admin()?.alter_configs([&alter], &self.questions.options()));
        let answer = answer
            .map(|all| all.into_iter().map(|one| one.map_err(|(_, code)| (String::new(), code))).collect());
        only(&about, answer)
    }

    fn delete_records(&self, partition: &TopicPartition, before: Offset) -> Result<(), TopicsError> {
        self.lookup()?.check(partition)?;
        let about = About {
            doing: "deleting records",
            partition: Some(partition),
            permission: "Delete",
            ..About::default()
        };
        let list = list_at([(partition, before)])?;
        let answer = block_on(self.questions.admin()?.delete_records(&list, &self.questions.options()));
        let answer = answer.map_err(|error| about.of(&error))?;
        match native::committed(&answer).first() {
            Some((_, _, Some(Code::OffsetOutOfRange))) => {
                let range = self.offsets(partition)?;
                Err(TopicsError::OutOfRange {
                    partition: partition.clone(),
                    offset: before,
                    earliest: range.earliest,
                    end: range.high_watermark,
                })
            }
            Some((_, _, Some(code))) => Err(about.error(*code)),
            _ => Ok(()),
        }
    }

    fn offsets(&self, partition: &TopicPartition) -> Result<PartitionOffsets, TopicsError> {
        let (earliest, last_stable) = self.lookup()?.range(partition)?;
        let (_, high_watermark) = self.questions.lookup(Isolation::Uncommitted)?.range(partition)?;
        Ok(PartitionOffsets { earliest, last_stable, high_watermark })
    }

    fn offset_for_timestamp(
        &self,
        partition: &TopicPartition,
        timestamp: Timestamp,
    ) -> Result<Option<Offset>, TopicsError> {
        self.lookup()?.at_timestamp(partition, timestamp)
    }

    fn committed_offsets(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<CommittedOffset>>, TopicsError> {
        // A consumer asks only for its own group's offsets, so each group needs one of its own.
        let config = settings::admin(self.questions.settings(), Some(group), Isolation::Committed)?;
        let making = About { doing: "making a client", ..About::default() };
        let consumer: BaseConsumer<Context> =
            config.create_with_context(Context).map_err(|error| making.of(&error))?;
        let timeout = self.questions.settings().request_timeout;
        Lookup { consumer: &consumer, events: None, timeout }.committed(group, partitions)
    }

    fn delete_group(&self, group: &str) -> Result<(), TopicsError> {
        let about = About { doing: "deleting a group", group: Some(group), ..About::default() };
        let answer = block_on(self.questions.admin()?.delete_groups(&[group], &self.questions.options()));
        match answer.map_err(|error| about.of(&error))?.pop() {
            None | Some(Ok(_) | Err((_, Code::GroupIdNotFound))) => Ok(()),
            Some(Err((_, code))) => Err(about.error(code)),
        }
    }

    fn group_members(&self, group: &str) -> Result<Vec<GroupMember>, TopicsError> {
        let lookup = self.lookup()?;
        let about = About { doing: "asking for a group's members", group: Some(group), ..About::default() };
        let groups = lookup
            .consumer
            .fetch_group_list(Some(group), lookup.timeout)
            .map_err(|error| lookup.error(&about, &error))?;
        let Some(found) = groups.groups().iter().find(|found| found.name() == group) else {
            return Ok(Vec::new());
        };
        let member = |member: &rdkafka::groups::GroupMemberInfo| GroupMember {
            member: member.id().to_owned(),
            client_id: member.client_id().to_owned(),
            host: member.client_host().trim_start_matches('/').to_owned(),
            partitions: members::partitions(member.assignment().unwrap_or_default()),
        };
        Ok(found.members().iter().map(member).collect())
    }
}
