//! Where results go.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Which partition of a sink's topic a record goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Partitioning {
    /// The input's partition; the topic has as many partitions as the input, so that order is kept.
    #[default]
    Input,
    /// By the record's key, as Kafka's default partitioner does; records without a key go by the input's partition.
    Key,
    /// This one.
    Fixed(u32),
}

/// A topic that results are written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sink {
    pub(crate) topic: Arc<str>,
    pub(crate) partitioning: Partitioning,
    pub(crate) settings: Option<BTreeMap<String, String>>,
}

impl Sink {
    /// A topic; a record goes to the partition that its input came from.
    #[must_use]
    pub fn new(topic: impl Into<Arc<str>>) -> Self {
        Self { topic: topic.into(), partitioning: Partitioning::default(), settings: None }
    }

    /// With another way to choose the partition.
    #[must_use]
    pub fn partitioned(mut self, partitioning: Partitioning) -> Self {
        self.partitioning = partitioning;
        self
    }

    /// The topic belongs to this application: created with these settings (in Kafka's spelling) and the input's
    /// partition count if it is missing, and widened with the input, where the configuration allows it.
    #[must_use]
    pub fn owned(mut self, settings: &[(&str, &str)]) -> Self {
        self.settings = Some(settings.iter().map(|&(name, value)| (name.into(), value.into())).collect());
        self
    }

    /// The topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// How a partition is chosen.
    #[must_use]
    pub fn partitioning(&self) -> Partitioning {
        self.partitioning
    }

    /// The settings that it is created with, if it belongs to this application.
    #[must_use]
    pub fn settings(&self) -> Option<&BTreeMap<String, String>> {
        self.settings.as_ref()
    }
}

impl From<&str> for Sink {
    fn from(topic: &str) -> Self {
        Self::new(topic)
    }
}

impl From<String> for Sink {
    fn from(topic: String) -> Self {
        Self::new(topic)
    }
}
