//! The broker's topics: their making, change and end, and writing to them.

use std::collections::{BTreeMap, BTreeSet};

use super::cleaning;
use super::log::{PartitionLog, TransactionKey};
use super::shared::State;
use super::storage::{Change, RecoveredPartition, RecoveredTopic};
use crate::error::TopicsError;
use crate::partition::{Isolation, Offset, StartPosition, TopicPartition};
use crate::records::{Records, wire_size};
use crate::topic::{TopicConfig, TopicSpec};

/// Settings of a topic that Kafka knows. Others are refused as Kafka refuses them; of these, those of
/// [`TopicConfig`] have an effect here.
const SETTINGS: [&str; 29] = [
    "cleanup.policy",
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.type",
    "compression.zstd.level",
    "delete.retention.ms",
    "file.delete.delay.ms",
    "flush.messages",
    "flush.ms",
    "follower.replication.throttled.replicas",
    "index.interval.bytes",
    "leader.replication.throttled.replicas",
    "local.retention.bytes",
    "local.retention.ms",
    "max.compaction.lag.ms",
    "max.message.bytes",
    "message.timestamp.after.max.ms",
    "message.timestamp.before.max.ms",
    "message.timestamp.type",
    "min.cleanable.dirty.ratio",
    "min.compaction.lag.ms",
    "min.insync.replicas",
    "preallocate",
    "remote.storage.enable",
    "retention.bytes",
    "retention.ms",
    "segment.bytes",
    "segment.jitter.ms",
    "segment.ms",
];

/// Partitions of all topics together: each holds some memory, and a request that makes a topic may come from anywhere.
const MOST_PARTITIONS: usize = 20_000;

/// One topic of the broker.
#[derive(Debug)]
pub(super) struct Topic {
    pub settings: BTreeMap<String, String>,
    pub config: TopicConfig,
    pub partitions: Vec<PartitionLog>,
}

impl Topic {
    pub fn new(name: &str, recovered: RecoveredTopic) -> Self {
        let name: std::sync::Arc<str> = name.into();
        let logs = (0..).zip(recovered.partitions).map(|(number, partition)| {
            PartitionLog::new(TopicPartition::new(name.clone(), number), partition)
        });
        Self { config: effective(&recovered.config), settings: recovered.config, partitions: logs.collect() }
    }

    fn partition_count(&self) -> u32 {
        u32::try_from(self.partitions.len()).unwrap_or(u32::MAX)
    }
}

/// The settings with this broker's defaults: Kafka's, but records stay until the topic says otherwise. Seven days is
/// a server's default; on a laptop it would silently eat records that carry the timestamps of an old file.
fn effective(settings: &BTreeMap<String, String>) -> TopicConfig {
    let mut all = settings.clone();
    all.entry("retention.ms".to_owned()).or_insert_with(|| "-1".to_owned());
    TopicConfig::from_entries(all)
}

fn check_settings(settings: &BTreeMap<String, String>) -> Result<(), TopicsError> {
    for (name, value) in settings {
        let reason = if SETTINGS.binary_search(&name.as_str()).is_err() {
            format!("a topic has no setting `{name}`")
        } else if (name.ends_with(".ms") || name.ends_with(".bytes")) && value.parse::<i64>().is_err() {
            format!("`{name}` is a whole number, not `{value}`")
        } else if name == "cleanup.policy"
            && !value.split(',').all(|policy| matches!(policy.trim(), "compact" | "delete"))
        {
            format!("`cleanup.policy` is `delete`, `compact` or `compact,delete`, not `{value}`")
        } else {
            continue;
        };
        return Err(TopicsError::Configuration { reason });
    }
    Ok(())
}

impl State {
    pub fn topic(&self, name: &str) -> Result<&Topic, TopicsError> {
        self.topics.get(name).ok_or_else(|| TopicsError::UnknownTopic { topic: name.to_owned() })
    }

    pub fn log_mut(&mut self, partition: &TopicPartition) -> Option<&mut PartitionLog> {
        self.topics.get_mut(partition.topic())?.partitions.get_mut(partition.partition() as usize)
    }

    pub fn create_topic(&mut self, spec: &TopicSpec) -> Result<(), TopicsError> {
        let name = &spec.name;
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if name.is_empty() || name.len() > 249 || name == "." || name == ".." || !name.bytes().all(legal) {
            let reason = format!("`{name}` is no name for a topic: 1 to 249 of A-Z a-z 0-9 . _ -");
            return Err(TopicsError::Configuration { reason });
        }
        if spec.partitions == 0 {
            return Err(TopicsError::Configuration {
                reason: format!("topic `{name}` needs at least one partition"),
            });
        }
        check_settings(&spec.config)?;
        if self.topics.contains_key(name) {
            return Err(TopicsError::TopicExists { topic: name.clone() });
        }
        self.check_room(name, spec.partitions)?;
        let (topic, config) = (name.clone(), spec.config.clone());
        self.storage.apply(&[Change::CreateTopic { topic, partitions: spec.partitions, config }])?;
        let partitions = vec![RecoveredPartition::default(); spec.partitions as usize];
        let recovered = RecoveredTopic { config: spec.config.clone(), partitions };
        self.topics.insert(name.clone(), Topic::new(name, recovered));
        self.topics_changed();
        Ok(())
    }

    /// Refuses partitions beyond [`MOST_PARTITIONS`].
    fn check_room(&self, name: &str, more: u32) -> Result<(), TopicsError> {
        let there: usize = self.topics.values().map(|topic| topic.partitions.len()).sum();
        if more as usize <= MOST_PARTITIONS.saturating_sub(there) {
            return Ok(());
        }
        let reason = format!(
            "topic `{name}` is to have {more} more partitions, but all topics together have at most {MOST_PARTITIONS}, \
             of which {there} are there"
        );
        Err(TopicsError::Configuration { reason })
    }

    pub fn delete_topic(&mut self, name: &str) -> Result<(), TopicsError> {
        self.topic(name)?;
        let mut changes = vec![Change::DeleteTopic { topic: name.to_owned() }];
        for (group, of_group) in &self.groups {
            let gone = of_group.offsets.keys().filter(|partition| partition.topic() == name);
            let forget = |partition: &TopicPartition| Change::ForgetOffset {
                group: group.clone(),
                partition: partition.clone(),
            };
            changes.extend(gone.map(forget));
        }
        self.storage.apply(&changes)?;
        self.topics.remove(name);
        for group in self.groups.values_mut() {
            group.offsets.retain(|partition, _| partition.topic() != name);
        }
        self.topics_changed();
        Ok(())
    }

    pub fn alter_topic(
        &mut self,
        name: &str,
        partitions: Option<u32>,
        settings: &[(&str, &str)],
    ) -> Result<(), TopicsError> {
        let topic = self.topic(name)?;
        let found = topic.partition_count();
        let partitions = partitions.unwrap_or(found);
        let mut all = topic.settings.clone();
        all.extend(settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())));
        check_settings(&all)?;
        self.check_room(name, partitions.saturating_sub(found))?;
        let change = Change::AlterTopic { topic: name.to_owned(), partitions, config: all.clone() };
        self.storage.apply(&[change])?;
        if let Some(topic) = self.topics.get_mut(name) {
            topic.config = effective(&all);
            topic.settings = all;
            let shared: std::sync::Arc<str> = name.into();
            let new = (found..partitions).map(|number| TopicPartition::new(shared.clone(), number));
            topic
                .partitions
                .extend(new.map(|partition| PartitionLog::new(partition, RecoveredPartition::default())));
        }
        self.topics_changed();
        Ok(())
    }

    /// Tells the groups which partitions there are.
    pub fn topics_changed(&mut self) {
        let groups: Vec<String> = self.groups.keys().cloned().collect();
        for group in groups {
            self.refresh_group(&group);
        }
    }

    /// Tells one group which partitions its topics have.
    pub fn refresh_group(&mut self, name: &str) {
        let Some(group) = self.groups.get_mut(name) else { return };
        let mut partitions = BTreeSet::new();
        for topic in group.topics() {
            if let Some(found) = self.topics.get(&topic) {
                partitions.extend(found.partitions.iter().map(|log| log.partition().clone()));
            }
        }
        group.set_partitions(partitions);
    }

    /// Writes records behind the log's end; with a transaction they are undecided. Returns the last offset.
    pub fn append(
        &mut self,
        partition: &TopicPartition,
        records: Records,
        transaction: Option<TransactionKey>,
    ) -> Result<Offset, TopicsError> {
        self.log(partition)?;
        let State { topics, storage, clock, .. } = self;
        let unknown = || TopicsError::UnknownPartition { partition: partition.clone() };
        let topic = topics.get_mut(partition.topic()).ok_or_else(unknown)?;
        let log = topic.partitions.get_mut(partition.partition() as usize).ok_or_else(unknown)?;
        let limit = topic.config.max_message_bytes;
        let compacts = topic.config.cleanup_policy.compacts();
        for entry in &records.entries {
            let record = records.view_of(entry);
            let parts = (record.key.map(<[u8]>::len), record.value.map(<[u8]>::len));
            if wire_size(parts.0, parts.1, record.headers) > limit {
                return Err(TopicsError::TooLarge {
                    topic: partition.topic().to_owned(),
                    limit: Some(limit),
                });
            }
            if compacts && record.key.is_none() {
                let reason = format!("topic `{}` is compacted: a record needs a key", partition.topic());
                return Err(TopicsError::Configuration { reason });
            }
        }
        let chunk = log.next_chunk(records);
        let last = chunk.next() - 1;
        if transaction.is_none() {
            let mut changes = Vec::with_capacity(1);
            log.append_changes(&chunk, &mut changes);
            storage.apply(&changes)?;
        }
        log.append(chunk, transaction);
        if transaction.is_none() {
            // The records are written; what could not be cleaned is tried again after the next ones.
            let _ = cleaning::clean_if_due(log, storage.as_mut(), &topic.config, clock.wall());
            self.evict();
        }
        Ok(last)
    }

    /// Compacts a topic now, whatever is due.
    pub fn compact(&mut self, name: &str) -> Result<(), TopicsError> {
        self.topic(name)?;
        let State { topics, storage, clock, .. } = self;
        if let Some(topic) = topics.get_mut(name)
            && topic.config.cleanup_policy.compacts()
        {
            for log in &mut topic.partitions {
                cleaning::compact(log, storage.as_mut(), &topic.config, clock.wall())?;
            }
        }
        self.evict();
        Ok(())
    }

    /// The offset that a start position means now.
    pub fn resolve(
        &self,
        partition: &TopicPartition,
        start: StartPosition,
        isolation: Isolation,
    ) -> Result<Offset, TopicsError> {
        let log = self.log(partition)?;
        Ok(match start {
            StartPosition::Earliest => log.offsets().earliest,
            StartPosition::Latest => log.visible_end(isolation),
            StartPosition::Offset(offset) => offset,
            StartPosition::Timestamp(timestamp) => log
                .offset_for_timestamp(self.storage.as_ref(), timestamp)?
                .unwrap_or_else(|| log.visible_end(isolation)),
        })
    }

    /// Does what is due after a transaction's end in its partitions.
    pub fn clean(&mut self, partitions: &BTreeSet<TopicPartition>) {
        let State { topics, storage, clock, .. } = self;
        for partition in partitions {
            if let Some(topic) = topics.get_mut(partition.topic())
                && let Some(log) = topic.partitions.get_mut(partition.partition() as usize)
            {
                // The transaction has ended; what could not be cleaned is tried again after the next one.
                let _ = cleaning::clean_if_due(log, storage.as_mut(), &topic.config, clock.wall());
            }
        }
        self.evict();
    }
}
