//! How the control log and the rejections topic are made and checked.

use std::fmt;

use scorewheel_topics::{Admin, CleanupPolicy, TopicSpec, TopicsError};

/// Largest control message that a control log made by us accepts, in bytes: 64 MiB.
pub const CONTROL_MESSAGE_BYTES: usize = 64 << 20;

/// The control log, to be created: one partition, kept for ever, never compacted.
#[must_use]
pub fn control_log(name: &str) -> TopicSpec {
    TopicSpec::new(name, 1)
        .cleanup(CleanupPolicy::Delete)
        .keep_for_ever()
        .setting("retention.bytes", "-1")
        .max_message_bytes(CONTROL_MESSAGE_BYTES)
}

/// The rejections topic, to be created: one partition, the latest record of each control offset.
#[must_use]
pub fn rejections(name: &str) -> TopicSpec {
    TopicSpec::new(name, 1).cleanup(CleanupPolicy::Compact)
}

/// A control log that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ControlTopicError {
    /// It is not there.
    #[error("the models topic `{0}` does not exist; create it with one partition, or publish a model")]
    Missing(String),
    /// It has another number of partitions than one, so its messages have no order.
    #[error(
        "the models topic `{topic}` has {partitions} partitions; the order of models is only defined with one"
    )]
    Partitions {
        /// The topic.
        topic: String,
        /// How many it has.
        partitions: u32,
    },
    /// It cannot be asked.
    #[error(transparent)]
    Topics(#[from] TopicsError),
}

/// A setting of the control log that costs something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlTopicWarning {
    /// Messages go after a time or beyond a size: models vanish with them.
    FiniteRetention {
        /// The topic.
        topic: String,
        /// What limits it.
        limit: String,
    },
    /// Older messages of a key go.
    Compacted {
        /// The topic.
        topic: String,
    },
}

impl fmt::Display for ControlTopicWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FiniteRetention { topic, limit } => write!(
                f,
                "the models topic `{topic}` keeps its messages only for {limit}; a model older than that is lost at \
                 the next start; set retention.ms=-1 and retention.bytes=-1"
            ),
            Self::Compacted { topic } => write!(
                f,
                "the models topic `{topic}` is compacted: earlier models of a name cannot be gone back to, and results \
                 that they made cannot be replayed"
            ),
        }
    }
}

/// Looks at the control log before it is used.
///
/// # Errors
/// [`ControlTopicError`] if it is not there, or not of exactly one partition.
pub fn check_control_log(
    admin: &dyn Admin,
    topic: &str,
) -> Result<Vec<ControlTopicWarning>, ControlTopicError> {
    let found = admin.describe_topic(topic)?.ok_or_else(|| ControlTopicError::Missing(topic.to_owned()))?;
    if found.partitions != 1 {
        return Err(ControlTopicError::Partitions { topic: topic.to_owned(), partitions: found.partitions });
    }
    let config = admin.topic_config(topic)?;
    let mut warnings = Vec::new();
    if config.cleanup_policy.deletes() {
        let time = config.retention.map(|retention| format!("{} s", retention.as_secs()));
        let size = config.retention_bytes.map(|bytes| format!("{bytes} bytes"));
        for limit in [time, size].into_iter().flatten() {
            warnings.push(ControlTopicWarning::FiniteRetention { topic: topic.to_owned(), limit });
        }
    }
    if config.cleanup_policy.compacts() {
        warnings.push(ControlTopicWarning::Compacted { topic: topic.to_owned() });
    }
    Ok(warnings)
}
