//! Questions about topics of another process.

use std::collections::BTreeMap;

use scorewheel_http::{PartitionRange, TopicView};
use scorewheel_topics::{
    Admin, CommittedOffset, GroupMember, Offset, PartitionOffsets, Timestamp, TopicConfig, TopicDescription,
    TopicPartition, TopicSpec, TopicsError,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{About, Client};
use super::not_here;

pub(super) struct RemoteAdmin {
    client: Client,
}

#[derive(Deserialize)]
struct Topics {
    topics: Vec<TopicView>,
}

impl RemoteAdmin {
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    fn read<T: for<'de> Deserialize<'de>>(&self, value: Value) -> Result<T, TopicsError> {
        serde_json::from_value(value).map_err(|error| TopicsError::Fatal {
            reason: format!("the answer of {} cannot be read: {error}", self.client.url()),
        })
    }

    fn view(&self, topic: &str) -> Result<TopicView, TopicsError> {
        let about = About { topic, ..About::default() };
        self.read(self.client.get_json(&format!("/v1/topics/{topic}"), about)?)
    }
}

/// The description of a topic; embedded topics have one copy.
fn description(view: TopicView) -> TopicDescription {
    TopicDescription { name: view.name, partitions: view.partitions, replication: 1 }
}

/// The path of a partition, and what a request for it is about.
pub(super) fn partition_path(partition: &TopicPartition) -> (String, About<'_>) {
    let path = format!("/v1/topics/{}/partitions/{}", partition.topic(), partition.partition());
    (path, About { topic: partition.topic(), partition: partition.partition(), offset: 0 })
}

impl Admin for RemoteAdmin {
    fn topics(&self) -> Result<Vec<TopicDescription>, TopicsError> {
        let topics: Topics = self.read(self.client.get_json("/v1/topics", About::default())?)?;
        Ok(topics.topics.into_iter().map(description).collect())
    }

    fn describe_topic(&self, topic: &str) -> Result<Option<TopicDescription>, TopicsError> {
        match self.view(topic) {
            Ok(view) => Ok(Some(description(view))),
            Err(TopicsError::UnknownTopic { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn topic_config(&self, topic: &str) -> Result<TopicConfig, TopicsError> {
        Ok(TopicConfig::from_entries(self.view(topic)?.config))
    }

    fn create_topic(&self, topic: &TopicSpec) -> Result<(), TopicsError> {
        let body = json!({"name": topic.name, "partitions": topic.partitions, "config": topic.config});
        let about = About { topic: &topic.name, ..About::default() };
        self.client.post("/v1/topics", "application/json", body.to_string(), about).map(drop)
    }

    fn delete_topic(&self, _: &str) -> Result<(), TopicsError> {
        Err(not_here("deleting a topic"))
    }

    fn add_partitions(&self, _: &str, _: u32) -> Result<(), TopicsError> {
        Err(not_here("adding partitions"))
    }

    fn alter_topic_config(&self, topic: &str, settings: &[(&str, &str)]) -> Result<(), TopicsError> {
        let body: BTreeMap<&str, &str> = settings.iter().copied().collect();
        let about = About { topic, ..About::default() };
        let path = format!("/v1/topics/{topic}/config");
        self.client.post(&path, "application/json", json!(body).to_string(), about).map(drop)
    }

    fn delete_records(&self, _: &TopicPartition, _: Offset) -> Result<(), TopicsError> {
        Err(not_here("deleting records"))
    }

    fn offsets(&self, partition: &TopicPartition) -> Result<PartitionOffsets, TopicsError> {
        let (path, about) = partition_path(partition);
        let range: PartitionRange = self.read(self.client.get_json(&path, about)?)?;
        Ok(PartitionOffsets {
            earliest: range.earliest,
            last_stable: range.last_stable,
            high_watermark: range.high_watermark,
        })
    }

    fn offset_for_timestamp(
        &self,
        partition: &TopicPartition,
        timestamp: Timestamp,
    ) -> Result<Option<Offset>, TopicsError> {
        let (path, about) = partition_path(partition);
        let found = self.client.get_json(&format!("{path}?timestamp={timestamp}"), about)?;
        Ok(found["offset"].as_i64())
    }

    fn committed_offsets(
        &self,
        _: &str,
        _: &[TopicPartition],
    ) -> Result<Vec<Option<CommittedOffset>>, TopicsError> {
        Err(not_here("asking for committed offsets"))
    }

    fn delete_group(&self, _: &str) -> Result<(), TopicsError> {
        Err(not_here("deleting a group"))
    }

    fn group_members(&self, _: &str) -> Result<Vec<GroupMember>, TopicsError> {
        Err(not_here("asking for members of a group"))
    }
}
