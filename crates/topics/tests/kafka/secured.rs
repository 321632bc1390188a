//! A cluster with encryption, authentication and access control: `SCOREWHEEL_TEST_KAFKA_TLS` names its listener,
//! `SCOREWHEEL_TEST_KAFKA_CA` the certificate of its authority (`KAFKA_TLS=1 .ci/kafka/up` prints both).

use scorewheel_topics::{
    Backend, KafkaBackend, KafkaSettings, StartPosition, TopicPartition, TopicSpec, TopicsError,
    TransactionOptions, WriterOptions,
};

use crate::behaviour::Harness;
use crate::behaviour::support::{commit, read_to_end, values};

fn secured(user: &str, password: &str) -> Option<crate::Kafka> {
    let (Ok(brokers), Ok(authority)) =
        (std::env::var("SCOREWHEEL_TEST_KAFKA_TLS"), std::env::var("SCOREWHEEL_TEST_KAFKA_CA"))
    else {
        println!("skipped: SCOREWHEEL_TEST_KAFKA_TLS not found");
        return None;
    };
    let mut settings = KafkaSettings::new(brokers)
        .setting("security.protocol", "SASL_SSL")
        .setting("sasl.mechanism", "PLAIN")
        .setting("sasl.username", user)
        .setting("sasl.password", password)
        .setting("ssl.ca.location", authority);
    settings.request_timeout = std::time::Duration::from_secs(5);
    Some(crate::Kafka { backend: KafkaBackend::new(settings) })
}

#[test]
fn transactions_and_groups_over_sasl_ssl() {
    let Some(kafka) = secured("admin", "admin-secret") else { return };
    crate::behaviour::groups::a_revoked_partition_can_be_committed(&kafka);
    crate::behaviour::records::records_come_back_whole(&kafka);
    crate::behaviour::transactions::aborts_are_invisible(&kafka);
}

/// Whoever may not is told what is missing.
#[test]
fn a_denied_call_names_what_is_missing() {
    let (Some(admin), Some(guest)) = (secured("admin", "admin-secret"), secured("guest", "guest-secret"))
    else {
        return;
    };
    let topic = admin.unique("closed");
    admin.backend.admin().unwrap().create_topic(&TopicSpec::new(topic.as_str(), 1).keep_for_ever()).unwrap();
    let partition = TopicPartition::new(topic.as_str(), 0);
    let id = admin.unique("writer");
    let mut writer = admin.backend.transactional_writer(&TransactionOptions::new(id.as_str())).unwrap();
    writer.initialise().unwrap();
    commit(writer.as_mut(), &partition, &["a"]);
    let mut reader = crate::behaviour::support::reader(
        &admin,
        &partition,
        StartPosition::Earliest,
        scorewheel_topics::Isolation::Committed,
    );
    assert_eq!(values(&read_to_end(&admin, reader.as_mut(), &partition).unwrap()), ["a"]);

    let denied = |outcome: Result<(), TopicsError>, names: &str| match outcome {
        Err(TopicsError::Denied { acl }) => assert!(acl.contains(names), "{acl}"),
        other => panic!("{names}: {other:?}"),
    };
    let guests = guest.backend.admin().unwrap();
    denied(guests.describe_topic(&topic).map(drop), &topic);
    denied(guests.create_topic(&TopicSpec::new(guest.unique("none"), 1)), "Create");
    let mut writer = guest.backend.writer(&WriterOptions::default()).unwrap();
    denied(writer.lend(&partition).map(drop), &topic);
    let mut writer = guest.backend.transactional_writer(&TransactionOptions::new(id.as_str())).unwrap();
    denied(writer.initialise(), &id);
}

#[test]
fn a_wrong_password_is_an_error_that_says_so() {
    let Some(kafka) = secured("admin", "wrong") else { return };
    let error = kafka.backend.admin().unwrap().topics().unwrap_err();
    assert!(matches!(error, TopicsError::Authentication { .. }), "{error:?}");
}
