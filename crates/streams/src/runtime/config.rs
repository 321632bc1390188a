//! How an application runs.

use std::path::PathBuf;
use std::time::Duration;

use scorewheel_topics::{GroupOptions, ReaderOptions, TransactionOptions, WriterOptions};

use crate::error::{ErrorKind, StreamsError};

/// What a crash may do to results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProcessingGuarantee {
    /// Results, state and input offsets of a batch are seen together or not at all.
    #[default]
    ExactlyOnce,
    /// Records since the last commit may be worked on again, and their results written again.
    AtLeastOnce,
}

/// Where a partition without a committed offset begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At its first record.
    #[default]
    Earliest,
    /// After its last record.
    Latest,
}

/// How an application runs on one instance.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsConfig {
    /// Its name: prefix of changelogs and transactional ids, and the consumer group if no other is named.
    pub application_id: String,
    /// The consumer group, if not the application id.
    pub group: Option<String>,
    /// Number of stream threads.
    pub threads: usize,
    /// What a crash may do to results.
    pub guarantee: ProcessingGuarantee,
    /// A transaction that holds anything is committed after this time.
    pub commit_interval: Duration,
    /// A transaction is committed earlier if the last poll brought nothing and the newest record came this long ago;
    /// `None`: never.
    pub commit_when_idle: Option<Duration>,
    /// Where a partition without a committed offset begins.
    pub start: Start,
    /// Where stores and the process id are kept. `None`: nothing outlives the process, persistent stores are refused.
    pub state_directory: Option<PathBuf>,
    /// What a second process is told about who holds the state directory; empty: the process id.
    pub holder: String,
    /// Whether missing topics of the application (changelogs, owned sinks) are created, and widened with the input.
    pub create_topics: bool,
    /// Copies of each partition of created topics; `None` is the broker's default.
    pub replication: Option<u16>,
    /// After this time the broker ends an open transaction by itself.
    pub transaction_timeout: Duration,
    /// The id that keeps a restarted instance's partitions (static membership), made unique by the thread's number.
    pub instance_id: Option<String>,
    /// After this time without a sign of life a thread's partitions go to others.
    pub session_timeout: Duration,
    /// A sign of life is sent this often.
    pub heartbeat_interval: Duration,
    /// After this time without a poll a thread's partitions go to others.
    pub max_poll_interval: Duration,
    /// How topics are read.
    pub reader: ReaderOptions,
    /// How topics are written.
    pub writer: WriterOptions,
    /// Bytes of results after which they are sent on, without waiting for the commit.
    pub send_bytes: usize,
}

impl StreamsConfig {
    /// An application with one thread, exactly-once, Kafka Streams' commit interval, and no state directory.
    #[must_use]
    pub fn new(application_id: &str) -> Self {
        let group = GroupOptions::new(application_id, &[]);
        let transactions = TransactionOptions::new("");
        let client_id = application_id.to_owned();
        Self {
            application_id: application_id.into(),
            group: None,
            threads: 1,
            guarantee: ProcessingGuarantee::default(),
            commit_interval: Duration::from_millis(100),
            commit_when_idle: Some(Duration::from_millis(5)),
            start: Start::default(),
            state_directory: None,
            holder: String::new(),
            create_topics: true,
            replication: None,
            transaction_timeout: transactions.transaction_timeout,
            instance_id: None,
            session_timeout: group.session_timeout,
            heartbeat_interval: group.heartbeat_interval,
            max_poll_interval: group.max_poll_interval,
            reader: ReaderOptions { client_id: client_id.clone(), ..ReaderOptions::default() },
            writer: WriterOptions { client_id, ..WriterOptions::default() },
            send_bytes: 128 << 10,
        }
    }

    /// The consumer group.
    #[must_use]
    pub fn group(&self) -> &str {
        self.group.as_deref().unwrap_or(&self.application_id)
    }

    pub(crate) fn check(&self) -> Result<(), StreamsError> {
        let wrong = |reason: &str| Err(ErrorKind::Configuration { reason: reason.into() }.into());
        if self.application_id.is_empty() {
            return wrong("the application id is empty");
        }
        if self.threads == 0 {
            return wrong("the number of stream threads is 0; 1 is the least");
        }
        if self.commit_interval >= self.transaction_timeout {
            return wrong("the commit interval has to be shorter than the transaction time-out");
        }
        Ok(())
    }

    pub(crate) fn group_options(&self, thread: usize, topics: &[&str]) -> GroupOptions {
        GroupOptions {
            instance_id: self.instance_id.as_ref().map(|id| format!("{id}-{thread}")),
            reader: self.reader.clone(),
            session_timeout: self.session_timeout,
            heartbeat_interval: self.heartbeat_interval,
            max_poll_interval: self.max_poll_interval,
            ..GroupOptions::new(self.group(), topics)
        }
    }
}
