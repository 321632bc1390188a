//! What a topic is: its partitions and the settings of it that matter here.

use std::collections::BTreeMap;
use std::time::Duration;

/// What happens to old records of a topic (`cleanup.policy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CleanupPolicy {
    /// They go after the retention time or size.
    #[default]
    Delete,
    /// The latest record of each key stays; a null value removes the key.
    Compact,
    /// Both.
    CompactAndDelete,
}

impl CleanupPolicy {
    /// True if records can vanish because a later one has their key.
    #[must_use]
    pub fn compacts(self) -> bool {
        self != Self::Delete
    }

    /// True if records go after the retention time or size.
    #[must_use]
    pub fn deletes(self) -> bool {
        self != Self::Compact
    }

    /// Kafka's spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Compact => "compact",
            Self::CompactAndDelete => "compact,delete",
        }
    }

    /// Kafka's spelling, read; an unknown one is read as `delete`, Kafka's default.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let has = |word| text.split(',').any(|part| part.trim() == word);
        match (has("compact"), has("delete")) {
            (true, true) => Self::CompactAndDelete,
            (true, false) => Self::Compact,
            _ => Self::Delete,
        }
    }
}

/// Settings of a topic that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicConfig {
    /// `cleanup.policy`.
    pub cleanup_policy: CleanupPolicy,
    /// `retention.ms`; `None` is −1, for ever.
    pub retention: Option<Duration>,
    /// `retention.bytes` of a partition; `None` is −1, no limit.
    pub retention_bytes: Option<u64>,
    /// `delete.retention.ms`: how long a tombstone outlives its compaction.
    pub delete_retention: Duration,
    /// `max.message.bytes`: the largest batch, and so the largest record, in bytes on the wire.
    pub max_message_bytes: usize,
    /// Every setting that the backend names, in Kafka's spelling.
    pub all: BTreeMap<String, String>,
}

impl Default for TopicConfig {
    /// A broker's defaults: delete after seven days, 1 MiB and a little a batch.
    fn default() -> Self {
        Self {
            cleanup_policy: CleanupPolicy::Delete,
            retention: Some(Duration::from_secs(7 * 24 * 3600)),
            retention_bytes: None,
            delete_retention: Duration::from_secs(24 * 3600),
            max_message_bytes: 1_048_588,
            all: BTreeMap::new(),
        }
    }
}

impl TopicConfig {
    /// Reads settings in Kafka's spelling; what is absent or does not parse keeps the broker's default.
    #[must_use]
    pub fn from_entries(all: BTreeMap<String, String>) -> Self {
        let default = Self::default();
        let number = |name: &str| all.get(name).and_then(|text| text.parse::<i64>().ok());
        // A negative number means: no limit.
        let limit =
            |name: &str, default: Option<u64>| number(name).map_or(default, |n| u64::try_from(n).ok());
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self {
            cleanup_policy: all
                .get("cleanup.policy")
                .map_or(default.cleanup_policy, |t| CleanupPolicy::parse(t)),
            retention: limit("retention.ms", default.retention.map(millis)).map(Duration::from_millis),
            retention_bytes: limit("retention.bytes", default.retention_bytes),
            delete_retention: limit("delete.retention.ms", None)
                .map_or(default.delete_retention, Duration::from_millis),
            max_message_bytes: number("max.message.bytes")
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(default.max_message_bytes),
            all,
        }
    }
}

/// A topic to be created. Settings in Kafka's spelling; what is not named is the broker's default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Number of partitions; at least 1.
    pub partitions: u32,
    /// Copies of each partition; `None` is the broker's default. Backends without replicas ignore it.
    pub replication: Option<u16>,
    /// Settings, such as `cleanup.policy`.
    pub config: BTreeMap<String, String>,
}

impl TopicSpec {
    /// A topic of this many partitions with the broker's defaults.
    #[must_use]
    pub fn new(name: impl Into<String>, partitions: u32) -> Self {
        Self { name: name.into(), partitions, replication: None, config: BTreeMap::new() }
    }

    /// With this many copies of each partition.
    #[must_use]
    pub fn replication(mut self, replication: Option<u16>) -> Self {
        self.replication = replication;
        self
    }

    /// With this setting, in Kafka's spelling.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.insert(name.into(), value.into());
        self
    }

    /// With this cleanup policy.
    #[must_use]
    pub fn cleanup(self, policy: CleanupPolicy) -> Self {
        self.setting("cleanup.policy", policy.as_str())
    }

    /// Keeps records for ever (`retention.ms=-1`).
    #[must_use]
    pub fn keep_for_ever(self) -> Self {
        self.setting("retention.ms", "-1")
    }

    /// Accepts records up to this size on the wire (`max.message.bytes`).
    #[must_use]
    pub fn max_message_bytes(self, bytes: usize) -> Self {
        self.setting("max.message.bytes", bytes.to_string())
    }
}

/// A topic that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDescription {
    /// Its name.
    pub name: String,
    /// Number of partitions.
    pub partitions: u32,
    /// Copies of each partition.
    pub replication: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_in_kafkas_spelling() {
        let entries = [
            ("cleanup.policy", "compact,delete"),
            ("retention.ms", "-1"),
            ("retention.bytes", "1000"),
            ("max.message.bytes", "67108864"),
            ("delete.retention.ms", "60000"),
        ];
        let config = TopicConfig::from_entries(entries.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
        assert_eq!(config.cleanup_policy, CleanupPolicy::CompactAndDelete);
        assert_eq!((config.retention, config.retention_bytes), (None, Some(1000)));
        assert_eq!(config.max_message_bytes, 64 << 20);
        assert_eq!(config.delete_retention, Duration::from_secs(60));
        let config = TopicConfig::from_entries([("retention.ms".to_owned(), "soon".to_owned())].into());
        assert_eq!(config.retention, TopicConfig::default().retention);
    }
}
