//! The topics that we create, and how.

use std::time::{Duration, Instant};

use scorewheel_topics::{Admin, CleanupPolicy, TopicDescription, TopicSpec, TopicsError};

use crate::config::{Config, Create};

/// The largest message of a models topic that we create: 64 MiB, and what surrounds a model of that size.
pub const MODELS_MESSAGE_BYTES: usize = (64 << 20) + (64 << 10);

/// How long a topic that was created may take until it is known.
const KNOWN_WITHIN: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The models topic: the control log. One partition, kept for ever.
#[must_use]
pub fn models_topic(config: &Config) -> TopicSpec {
    TopicSpec::new(&config.topics.models, 1)
        .replication(config.topics.replication)
        .cleanup(CleanupPolicy::Delete)
        .keep_for_ever()
        .max_message_bytes(MODELS_MESSAGE_BYTES)
}

/// The records topic.
#[must_use]
pub fn records_topic(config: &Config, name: &str) -> TopicSpec {
    TopicSpec::new(name, config.topics.partitions).replication(config.topics.replication)
}

/// What a topic of the application is, which is not for records of others; `None` for any other topic. The way in over
/// HTTP closes the same ones, but for the models topic, which it opens to whoever has the token.
#[must_use]
pub fn own_topic(config: &Config, name: &str) -> Option<&'static str> {
    let topics = &config.topics;
    let known = [
        (&topics.models, "the models topic"),
        (&topics.results, "the results topic"),
        (&topics.dead_letters, "the topic of dead letters"),
        (&topics.rejections, "the topic of rejections"),
    ];
    match known.into_iter().find(|(topic, _)| *topic == name) {
        Some((_, what)) => Some(what),
        None if name == topics.records => None,
        None => name
            .strip_prefix(&config.application.id)
            .is_some_and(|rest| rest.starts_with('-'))
            .then_some("an internal topic of the application"),
    }
}

/// The topic as it is, or as it was created now because it was missing; true if it was.
///
/// # Errors
/// [`TopicsError::UnknownTopic`] if it is missing and may not be created, and those of the calls.
pub fn ensure_topic(
    admin: &dyn Admin,
    spec: &TopicSpec,
    create: Create,
) -> Result<(TopicDescription, bool), TopicsError> {
    if let Some(topic) = admin.describe_topic(&spec.name)? {
        return Ok((topic, false));
    }
    if create == Create::None {
        return Err(TopicsError::UnknownTopic { topic: spec.name.clone() });
    }
    let created = match admin.create_topic(spec) {
        Ok(()) => true,
        // Somebody else was faster.
        Err(TopicsError::TopicExists { .. }) => false,
        Err(error) => return Err(error),
    };
    // A broker answers a creation before all of them know the topic.
    let deadline = Instant::now() + KNOWN_WITHIN;
    loop {
        if let Some(topic) = admin.describe_topic(&spec.name)? {
            return Ok((topic, created));
        }
        if Instant::now() >= deadline {
            let reason = format!("topic {} was created and is not known yet", spec.name);
            return Err(TopicsError::Busy { reason });
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_applications_topics_are_its_own() {
        let mut config = Config::default();
        let id = config.application.id.clone();
        let topics = config.topics.clone();
        for own in [&topics.models, &topics.results, &topics.dead_letters, &topics.rejections] {
            assert!(own_topic(&config, own).is_some(), "{own}");
        }
        assert!(own_topic(&config, &format!("{id}-modelStore-changelog")).is_some());
        assert!(own_topic(&config, &config.cutovers_topic()).is_some());
        for other in [topics.records.as_str(), "beers", &id] {
            assert_eq!(own_topic(&config, other), None, "{other}");
        }
        config.topics.records = format!("{id}-records");
        assert_eq!(own_topic(&config, &config.topics.records), None);
    }
}
