//! Topics: their making, description, change and end.

use std::time::Duration;

use scorewheel_topics::{CleanupPolicy, TopicDescription, TopicPartition, TopicSpec, TopicsError};

use super::support::{Harness, create, read, values, write};

pub fn created_described_altered_deleted(harness: &dyn Harness) {
    let admin = harness.backend().admin().unwrap();
    let name = harness.unique("topic");
    assert_eq!(admin.describe_topic(&name).unwrap(), None);
    let spec = TopicSpec::new(name.as_str(), 2)
        .cleanup(CleanupPolicy::Delete)
        .keep_for_ever()
        .max_message_bytes(64 << 20);
    create(harness, &spec);
    assert_eq!(admin.create_topic(&spec), Err(TopicsError::TopicExists { topic: name.clone() }));
    let TopicDescription { partitions, replication, .. } = admin.describe_topic(&name).unwrap().unwrap();
    assert!(partitions == 2 && replication >= 1);
    assert!(admin.topics().unwrap().iter().any(|topic| topic.name == name && topic.partitions == 2));

    let config = admin.topic_config(&name).unwrap();
    assert_eq!((config.retention, config.max_message_bytes), (None, 64 << 20));
    assert_eq!(config.cleanup_policy, CleanupPolicy::Delete);
    admin.add_partitions(&name, 4).unwrap();
    assert!(matches!(admin.add_partitions(&name, 3), Err(TopicsError::Configuration { .. })));
    write(harness, &TopicPartition::new(name.as_str(), 3), &["a"]);
    assert_eq!(values(&read(harness, &TopicPartition::new(name.as_str(), 3))), ["a"]);

    admin.alter_topic_config(&name, &[("retention.ms", "60000")]).unwrap();
    let mut altered = admin.topic_config(&name).unwrap();
    for _ in 0..100 {
        if altered.retention.is_some() {
            break;
        }
        harness.pass(Duration::from_millis(20));
        altered = admin.topic_config(&name).unwrap();
    }
    assert_eq!(altered.retention, Some(Duration::from_secs(60)));
    assert_eq!(altered.max_message_bytes, 64 << 20, "the others stay");

    admin.delete_topic(&name).unwrap();
    for _ in 0..100 {
        if admin.describe_topic(&name).unwrap().is_none() {
            break;
        }
        harness.pass(Duration::from_millis(20));
    }
    assert_eq!(admin.describe_topic(&name).unwrap(), None);
    let unknown = TopicsError::UnknownTopic { topic: name.clone() };
    assert_eq!(admin.delete_topic(&name), Err(unknown.clone()));
    assert_eq!(admin.topic_config(&name).map(drop), Err(unknown.clone()));
    assert_eq!(admin.offsets(&TopicPartition::new(name.as_str(), 0)).map(drop), Err(unknown));
}

pub fn wrong_settings_are_refused(harness: &dyn Harness) {
    let admin = harness.backend().admin().unwrap();
    let name = harness.unique("wrong");
    for spec in [
        TopicSpec::new(name.as_str(), 1).setting("cleanup.polizei", "delete"),
        TopicSpec::new(name.as_str(), 1).setting("retention.ms", "soon"),
        TopicSpec::new("a/b", 1),
        TopicSpec::new(name.as_str(), 0),
    ] {
        let outcome = admin.create_topic(&spec);
        assert!(matches!(outcome, Err(TopicsError::Configuration { .. })), "{spec:?}: {outcome:?}");
    }
    assert_eq!(admin.describe_topic(&name).unwrap(), None);
}
