//! Brokers that are too old. librdkafka's mock cluster plays them, so that no broker is needed.

use rdkafka::mocking::MockCluster;
use rdkafka::types::RDKafkaApiKey;
use scorewheel_topics::{Backend, KafkaBackend, KafkaSettings, Remedy, TopicsError, TransactionOptions};

/// A broker whose newest request for offsets in transactions is of this version.
fn initialise(newest: i16) -> Result<(), TopicsError> {
    let cluster = MockCluster::new(1).unwrap();
    cluster.apiversion(RDKafkaApiKey::TxnOffsetCommit, Some(0), Some(newest)).unwrap();
    let backend = KafkaBackend::new(KafkaSettings::new(cluster.bootstrap_servers()));
    backend.transactional_writer(&TransactionOptions::new("writer")).unwrap().initialise()
}

#[test]
fn brokers_that_do_not_know_generations_are_refused() {
    let error = initialise(2).unwrap_err();
    assert!(matches!(error, TopicsError::Unsupported { .. }), "{error:?}");
    assert_eq!(error.remedy(), Remedy::Operator);
    let text = error.to_string();
    assert!(text.contains("2.5") && text.contains("at-least-once"), "{text}");
}

#[test]
fn brokers_that_know_generations_are_taken() {
    assert_eq!(initialise(3), Ok(()));
}
