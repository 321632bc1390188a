//! What the model handler asks of the topics, on the memory backend.
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::sync::Arc;
use std::time::Duration;

use scorewheel_model::{Digest, ModelKey};
use scorewheel_scoring::control_topic::{CONTROL_MESSAGE_BYTES, check_control_log, control_log, rejections};
use scorewheel_scoring::{ControlAccess, ControlTopicError, ControlTopicWarning, Names, TopicsAccess};
use scorewheel_serving::{Mark, ModelReference, Refusal, RefusalKind, Rejection, RevisionId};
use scorewheel_topics::{
    Backend, CleanupPolicy, GroupEvent, GroupOptions, MemoryBackend, OffsetCommit, RecordBatch,
    StartPosition, TopicPartition, TopicSpec, TransactionOptions, WriterOptions,
};

fn place() -> (Arc<MemoryBackend>, Names, TopicsAccess) {
    let backend = Arc::new(MemoryBackend::new());
    let names = Names::of_application("test");
    let access = TopicsAccess::new(Arc::clone(&backend) as Arc<dyn Backend>, &names, "test");
    (backend, names, access)
}

fn write(backend: &MemoryBackend, topic: &str, values: &[&str]) {
    let mut writer = backend.writer(&WriterOptions::default()).unwrap();
    for value in values {
        let mut record = writer.lend(&TopicPartition::new(topic, 0)).unwrap().record(5, Some(b"k"));
        record.value().extend_from_slice(value.as_bytes());
        record.finish().unwrap();
    }
    writer.flush().unwrap();
}

fn rejection(offset: i64, reason: &str) -> Rejection {
    let reference = ModelReference {
        offset,
        key: ModelKey::parse("wine/a").unwrap(),
        version: format!("@{offset}").into(),
        sha256: Digest::of(b"a"),
        message: Digest::of(b"b"),
        timestamp: 0,
    };
    Rejection::of_model(&reference, &Refusal::new(RefusalKind::GoldenRow, reason), "here")
}

#[test]
fn rule_1_the_control_log_has_one_partition_and_is_kept_for_ever() {
    let (backend, names, _) = place();
    let admin = backend.admin().unwrap();
    let check = || check_control_log(&*admin, &names.models);
    assert!(matches!(check(), Err(ControlTopicError::Missing(topic)) if topic == "models_models"));
    let made = control_log(&names.models);
    admin.create_topic(&made).unwrap();
    assert_eq!(check().unwrap(), []);
    let config = admin.topic_config(&names.models).unwrap();
    assert_eq!(config.max_message_bytes, CONTROL_MESSAGE_BYTES);
    assert_eq!((config.cleanup_policy, config.retention), (CleanupPolicy::Delete, None));

    admin.alter_topic_config(&names.models, &[("retention.ms", "604800000")]).unwrap();
    let warnings = check().unwrap();
    assert!(
        matches!(&warnings[..], [ControlTopicWarning::FiniteRetention { limit, .. }] if limit == "604800 s")
    );
    admin.alter_topic_config(&names.models, &[("cleanup.policy", "compact")]).unwrap();
    let warnings = check().unwrap();
    assert!(matches!(&warnings[..], [ControlTopicWarning::Compacted { .. }]));
    assert!(warnings[0].to_string().contains("cannot be gone back to"));

    admin.add_partitions(&names.models, 2).unwrap();
    let error = check().unwrap_err();
    assert!(matches!(error, ControlTopicError::Partitions { partitions: 2, .. }), "{error}");
}

#[test]
fn rule_3_the_end_of_the_log_counts_what_holds_no_record() {
    let (backend, names, mut access) = place();
    backend.admin().unwrap().create_topic(&control_log(&names.models)).unwrap();
    assert_eq!(access.end().unwrap(), Some(0));
    write(&backend, &names.models, &["a", "b"]);
    let mut writer = backend.transactional_writer(&TransactionOptions::new("t")).unwrap();
    writer.initialise().unwrap();
    writer.begin().unwrap();
    let mut record = writer.lend(&TopicPartition::new(Arc::clone(&names.models), 0)).unwrap().record(0, None);
    record.value().push(b'c');
    record.finish().unwrap();
    writer.send().unwrap();
    writer.abort().unwrap();
    // Two records, an aborted one, its marker.
    assert_eq!(access.end().unwrap(), Some(4));
    let message = access.message(1).unwrap().unwrap();
    assert_eq!(
        (message.timestamp, message.key.as_deref(), message.value.as_deref()),
        (5, Some(&b"k"[..]), Some(&b"b"[..]))
    );
    for offset in [2, 3, 4, -1] {
        assert_eq!(access.message(offset).unwrap(), None, "{offset}");
    }
}

#[test]
fn rule_4_rejections_are_written_once_and_found_again() {
    let (backend, names, mut access) = place();
    assert!(access.rejections().unwrap().is_empty(), "no topic, no rejections");
    backend.admin().unwrap().create_topic(&rejections(&names.rejections)).unwrap();
    for (offset, reason) in [(3, "first"), (1, "other"), (3, "second")] {
        access.reject(&rejection(offset, reason), 9).unwrap();
    }
    write(&backend, &names.rejections, &["not a rejection"]);
    let found = access.rejections().unwrap();
    let found: Vec<_> = found.iter().map(|found| (found.offset, found.reason.as_str())).collect();
    assert_eq!(found, [(1, "other"), (3, "second")], "the latest of each");
    assert_eq!(rejection(3, "x").message(), Some(Digest::of(b"b")));
}

#[test]
fn rule_8_the_marks_of_committed_offsets_are_found() {
    let (backend, names, mut access) = place();
    assert!(access.committed_metadata().unwrap().is_empty(), "no topic, no offsets");
    backend.admin().unwrap().create_topic(&TopicSpec::new(&*names.records, 2)).unwrap();
    assert!(access.committed_metadata().unwrap().is_empty());
    let mut reader = backend.group_reader(&GroupOptions::new("test", &[&names.records])).unwrap();
    let mut batch = RecordBatch::new();
    let assigned = loop {
        if let GroupEvent::Assigned(partitions) = reader.poll(Duration::from_secs(1), &mut batch).unwrap() {
            break partitions;
        }
    };
    let starts: Vec<_> =
        assigned.iter().map(|partition| (partition.clone(), StartPosition::Earliest)).collect();
    reader.acknowledge_assigned(&starts).unwrap();
    let mark = Mark { revision: RevisionId::EMPTY, message: None }.encode();
    let commit = OffsetCommit {
        partition: TopicPartition::new(Arc::clone(&names.records), 1),
        offset: 0,
        metadata: mark.clone(),
    };
    reader.commit(&[commit]).unwrap();
    assert_eq!(access.committed_metadata().unwrap(), [mark.into_bytes()]);
}
