//! What readers and writers are made with.

use std::time::Duration;

use crate::partition::Isolation;

/// How an [`AssignedReader`](crate::AssignedReader) reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderOptions {
    /// The id that the client gives itself, for the broker's logs.
    pub client_id: String,
    /// Which records it sees.
    pub isolation: Isolation,
    /// The most records of one batch.
    pub batch_records: usize,
    /// Bytes of keys, values and headers after which a batch is full. One record may exceed it.
    pub batch_bytes: usize,
    /// Bytes that the client may fetch ahead, over all partitions.
    pub fetch_ahead_bytes: usize,
}

impl Default for ReaderOptions {
    fn default() -> Self {
        Self {
            client_id: "scorewheel".into(),
            isolation: Isolation::Committed,
            batch_records: 4_096,
            batch_bytes: 1 << 20,
            fetch_ahead_bytes: 32 << 20,
        }
    }
}

/// How a [`GroupReader`](crate::GroupReader) takes part in its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupOptions {
    /// The group.
    pub group: String,
    /// The topics whose partitions the group shares.
    pub topics: Vec<String>,
    /// The id that keeps a restarted member's place (static membership, `group.instance.id`).
    pub instance_id: Option<String>,
    /// How it reads.
    pub reader: ReaderOptions,
    /// After this time without a sign of life a member is taken for dead.
    pub session_timeout: Duration,
    /// A sign of life is sent this often.
    pub heartbeat_interval: Duration,
    /// After this time without a poll a member is taken for stuck.
    pub max_poll_interval: Duration,
}

impl GroupOptions {
    /// A member of `group` that reads `topics`, with Kafka's defaults.
    #[must_use]
    pub fn new(group: impl Into<String>, topics: &[&str]) -> Self {
        Self {
            group: group.into(),
            topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
            instance_id: None,
            reader: ReaderOptions::default(),
            session_timeout: Duration::from_secs(45),
            heartbeat_interval: Duration::from_secs(3),
            max_poll_interval: Duration::from_secs(300),
        }
    }
}

/// How a [`Writer`](crate::Writer) or [`TransactionalWriter`](crate::TransactionalWriter) writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterOptions {
    /// The id that the client gives itself, for the broker's logs.
    pub client_id: String,
    /// How long a flush waits for acknowledgements.
    pub delivery_timeout: Duration,
    /// Bytes that may wait in the client for the broker.
    pub queue_bytes: usize,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            client_id: "scorewheel".into(),
            delivery_timeout: Duration::from_secs(120),
            queue_bytes: 64 << 20,
        }
    }
}

/// How a [`TransactionalWriter`](crate::TransactionalWriter) writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionOptions {
    /// Who writes, over restarts: a newer writer with the same id fences the older one.
    pub transactional_id: String,
    /// After this time the broker aborts an open transaction by itself.
    pub transaction_timeout: Duration,
    /// How long [`initialise`](crate::TransactionalWriter::initialise) waits for the broker.
    pub initialise_timeout: Duration,
    /// How it writes.
    pub writer: WriterOptions,
}

impl TransactionOptions {
    /// A writer of this transactional id whose transactions end after ten seconds.
    #[must_use]
    pub fn new(transactional_id: impl Into<String>) -> Self {
        Self {
            transactional_id: transactional_id.into(),
            transaction_timeout: Duration::from_secs(10),
            initialise_timeout: Duration::from_secs(30),
            writer: WriterOptions::default(),
        }
    }
}
