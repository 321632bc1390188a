//! Records of another topic.

use std::sync::Arc;

use scorewheel_model::ModelErrorKind;
use scorewheel_references::{FetchError, Places, Store};
use scorewheel_serving::RefusalKind;
use scorewheel_topics::memory::MemoryBackend;
use scorewheel_topics::{
    Backend, RecordBuffer, TopicPartition, TopicSpec, TransactionOptions, WriterOptions,
};

use crate::common::*;

/// A topic with a model, a record without value, and one that is too large.
fn topics() -> Arc<MemoryBackend> {
    let backend = Arc::new(MemoryBackend::new());
    backend.admin().unwrap().create_topic(&TopicSpec::new("models", 2)).unwrap();
    let mut writer = backend.writer(&WriterOptions::default()).unwrap();
    let partition = TopicPartition::new("models", 1);
    for value in [Some(&b"model"[..]), None, Some(&[7; 1001])] {
        let mut record = writer.lend(&partition).unwrap().record(0, Some(b"key"));
        if let Some(value) = value {
            record.value().extend_from_slice(value);
        }
        record.finish().unwrap();
    }
    writer.flush().unwrap();
    backend
}

fn fetch_record(topics: &Arc<MemoryBackend>, location: &str) -> Result<Vec<u8>, FetchError> {
    let places = Places::new(vec![place(Store::Kafka("models".into()))]);
    let topics = Arc::clone(topics) as Arc<dyn Backend>;
    fetch(&places.with_topics(topics), location).map(|(bytes, _)| bytes)
}

#[test]
fn a_record_is_found_by_its_offset() {
    let topics = topics();
    assert_eq!(fetch_record(&topics, "kafka:models/1/0").unwrap(), b"model");
    for (location, kind, says) in [
        ("kafka:models/1/1", RefusalKind::NotFound, "no value"),
        ("kafka:models/1/3", RefusalKind::NotFound, "holds 0 to 3"),
        ("kafka:models/0/0", RefusalKind::NotFound, "holds 0 to 0"),
        ("kafka:models/2/0", RefusalKind::NotFound, "2 partitions"),
        ("kafka:models/1/2", RefusalKind::Model(ModelErrorKind::TooLarge), "1001 bytes"),
        ("kafka:other/0/0", RefusalKind::NotAllowed, "in no place"),
    ] {
        assert_refused(fetch_record(&topics, location), kind, says);
    }
}

#[test]
fn what_an_open_transaction_holds_back_is_no_verdict() {
    let topics = topics();
    let partition = TopicPartition::new("models", 0);
    let mut open = topics.transactional_writer(&TransactionOptions::new("open")).unwrap();
    open.initialise().unwrap();
    open.begin().unwrap();
    put(open.lend(&partition).unwrap(), b"undecided");
    open.send().unwrap();
    let mut writer = topics.writer(&WriterOptions::default()).unwrap();
    put(writer.lend(&partition).unwrap(), b"behind");
    writer.flush().unwrap();
    for location in ["kafka:models/0/0", "kafka:models/0/1"] {
        assert_passing(fetch_record(&topics, location), "transaction that is still open");
    }
    open.abort().unwrap();
    assert_refused(fetch_record(&topics, "kafka:models/0/0"), RefusalKind::NotFound, "no record at offset 0");
    assert_eq!(fetch_record(&topics, "kafka:models/0/1").unwrap(), b"behind");
}

fn put(buffer: &mut RecordBuffer, value: &[u8]) {
    let mut record = buffer.record(0, None);
    record.value().extend_from_slice(value);
    record.finish().unwrap();
}

#[test]
fn without_its_topic_the_operator_must_act() {
    let none = Arc::new(MemoryBackend::new());
    assert_passing(fetch_record(&none, "kafka:models/0/0"), "no topic");
    let fetched = fetch_from(place(Store::Kafka("models".into())), "kafka:models/0/0");
    assert_passing(fetched, "no topics to read from");
}
