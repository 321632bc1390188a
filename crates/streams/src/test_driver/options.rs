//! How a test driver behaves.

use scorewheel_topics::Timestamp;

/// How a [`TopologyTestDriver`](super::TopologyTestDriver) behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestDriverOptions {
    /// The application id: prefix of the changelog topics.
    pub application: String,
    /// Partitions of every topic but those of broadcast sources.
    pub partitions: u32,
    /// The most records of a batch.
    pub batch_records: usize,
    /// Whether each call that gives the driver something to do ends with a commit.
    pub auto_commit: bool,
    /// Where the clock stands at first, in milliseconds since 1970-01-01 UTC.
    pub start: Timestamp,
}

impl Default for TestDriverOptions {
    fn default() -> Self {
        Self {
            application: "test".into(),
            partitions: 1,
            batch_records: usize::MAX,
            auto_commit: true,
            start: 1_700_000_000_000,
        }
    }
}
