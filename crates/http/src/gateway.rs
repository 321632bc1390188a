//! The way in and out for records: topics, by requests.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::record_line::RecordLine;

/// A topic that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicView {
    /// Its name.
    pub name: String,
    /// Number of partitions.
    pub partitions: u32,
    /// Its settings in Kafka's spelling.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
}

/// A topic to be created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// Number of partitions.
    #[serde(default = "one")]
    pub partitions: u32,
    /// Settings in Kafka's spelling.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
}

fn one() -> u32 {
    1
}

/// The range of a partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionRange {
    /// First offset that is still there.
    pub earliest: i64,
    /// One past the last offset that a committed-only reader sees.
    pub last_stable: i64,
    /// One past the last offset.
    pub high_watermark: i64,
}

/// Where appended records went in one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppendedRange {
    /// The partition.
    pub partition: u32,
    /// Offset of the last record.
    pub last_offset: i64,
}

/// What to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRequest {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: u32,
    /// First offset.
    pub offset: i64,
    /// Most records.
    pub max_records: usize,
    /// How long to wait for the first one.
    pub wait: Duration,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordsRead {
    /// Records with their offsets.
    pub records: Vec<RecordLine>,
    /// Where reading goes on.
    pub next_offset: i64,
}

/// Why a request on topics fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// No such topic.
    #[error("{0}")]
    UnknownTopic(String),
    /// No such partition.
    #[error("{0}")]
    UnknownPartition(String),
    /// The topic exists already.
    #[error("{0}")]
    Exists(String),
    /// A record is larger than its topic accepts.
    #[error("{0}")]
    TooLarge(String),
    /// The offset lies outside the log.
    #[error("{0}")]
    OutOfRange(String),
    /// The request makes no sense: a setting, a name.
    #[error("{0}")]
    Invalid(String),
    /// Not now; the same request will do later.
    #[error("{0}")]
    Busy(String),
    /// No room left.
    #[error("{0}")]
    Full(String),
    /// Something else, which an operator has to look at.
    #[error("{0}")]
    Failed(String),
}

/// Topics of this process, by requests. Calls may block: the server makes them on threads that may.
pub trait RecordsGateway: Send + Sync {
    /// All topics, by name.
    ///
    /// # Errors
    /// [`GatewayError`], as for all calls.
    fn topics(&self) -> Result<Vec<TopicView>, GatewayError>;

    /// One topic with its settings.
    ///
    /// # Errors
    /// [`GatewayError::UnknownTopic`].
    fn topic(&self, topic: &str) -> Result<TopicView, GatewayError>;

    /// Creates a topic.
    ///
    /// # Errors
    /// [`GatewayError::Exists`], [`GatewayError::Invalid`].
    fn create_topic(&self, topic: &NewTopic) -> Result<(), GatewayError>;

    /// Changes settings of a topic, in Kafka's spelling; the others stay.
    ///
    /// # Errors
    /// [`GatewayError::UnknownTopic`], [`GatewayError::Invalid`]: also where settings cannot be changed.
    fn alter_topic(&self, topic: &str, config: &BTreeMap<String, String>) -> Result<(), GatewayError> {
        let settings = config.keys().cloned().collect::<Vec<_>>().join(", ");
        Err(GatewayError::Invalid(format!("{settings} of topic `{topic}` cannot be changed here")))
    }

    /// The range of a partition.
    ///
    /// # Errors
    /// [`GatewayError::UnknownTopic`], [`GatewayError::UnknownPartition`].
    fn range(&self, topic: &str, partition: u32) -> Result<PartitionRange, GatewayError>;

    /// Offset of the first record with this or a later timestamp.
    ///
    /// # Errors
    /// [`GatewayError::UnknownTopic`], [`GatewayError::UnknownPartition`].
    fn offset_for_timestamp(
        &self,
        topic: &str,
        partition: u32,
        timestamp: i64,
    ) -> Result<Option<i64>, GatewayError>;

    /// Appends records in order and returns when they are acknowledged. A record without a partition goes where its key
    /// belongs.
    ///
    /// # Errors
    /// [`GatewayError`]; after one, records before the one at fault may have been appended.
    fn append(&self, topic: &str, records: Vec<RecordLine>) -> Result<Vec<AppendedRange>, GatewayError>;

    /// Reads committed records, waiting for the first one if none is there.
    ///
    /// # Errors
    /// [`GatewayError::UnknownTopic`], [`GatewayError::UnknownPartition`], [`GatewayError::OutOfRange`].
    fn read(&self, request: &ReadRequest) -> Result<RecordsRead, GatewayError>;
}
