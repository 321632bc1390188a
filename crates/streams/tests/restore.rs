//! Stores after crashes and moves: equal to their changelogs, or refused.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cluster;

use cluster::{APPLICATION, CHANGELOG, Cluster, FaultAt, Gate, PARTITIONS};
use scorewheel_streams::{Actor, EmptyStore, ErrorKind, FaultPoint, QueryError, StreamsError};
use scorewheel_topics::{Backend, CleanupPolicy, TopicSpec};

fn error_of_start(cluster: &mut Cluster) -> &StreamsError {
    cluster.start("a");
    cluster.until("it stops", |cluster| cluster.instances["a"].error.is_some());
    cluster.instances["a"].error.as_ref().unwrap()
}

/// Instance `a` has worked and left.
fn worked() -> Cluster {
    let mut cluster = Cluster::new();
    cluster.feed(20);
    cluster.start("a");
    cluster.drain();
    cluster.stop("a");
    cluster
}

#[test]
fn a_store_restored_on_another_machine_equals_the_one_that_was_lost() {
    let mut cluster = worked();
    cluster.start("b");
    cluster.until_shared(&[("b", 6)]);
    assert_eq!(cluster.instances["b"].events.count("Restored"), 6);
    assert!(cluster.instances["b"].events.count("Restoring") > 0);
    cluster.check();
    cluster.feed(5);
    cluster.drain();
    cluster.check();
}

#[test]
fn a_store_that_is_there_is_not_read_again() {
    let mut cluster = worked();
    cluster.start("a");
    cluster.until_shared(&[("a", 6)]);
    assert_eq!(cluster.instances["a"].events.count("Restoring"), 0);
    cluster.check();
}

#[test]
fn a_store_that_others_have_gone_on_with_is_brought_up_to_date() {
    let mut cluster = worked();
    cluster.feed(10);
    cluster.start("b");
    cluster.drain();
    cluster.stop("b");
    cluster.start("a");
    cluster.until_shared(&[("a", 6)]);
    cluster.check();
}

#[test]
fn a_crash_in_the_middle_of_a_restore_is_gone_on_from() {
    for nth in 1..5 {
        let mut cluster = worked();
        cluster.start_with("b", Some(FaultAt::nth(FaultPoint::DuringRestore, nth)), Gate::open());
        cluster.until("it dies", |cluster| cluster.instances["b"].error.is_some());
        cluster.start("b");
        cluster.until_shared(&[("b", 6)]);
        cluster.check();
    }
}

#[test]
fn queries_during_a_restore_get_a_reason_and_no_part_of_an_answer() {
    let mut cluster = worked();
    cluster.start("b");
    let views = cluster.instances["b"].streams.as_ref().unwrap().views().clone();
    cluster.until("the restore begins", |cluster| cluster.instances["b"].events.count("Restoring") > 0);
    assert!(matches!(views.key_value("counts"), Err(QueryError::Restoring { total: 1.., .. })));
    cluster.until_shared(&[("b", 6)]);
    assert_eq!(views.key_value("counts").unwrap().len(), 6);
}

#[test]
fn a_store_that_was_wiped_is_restored_from_the_beginning() {
    let mut cluster = worked();
    let directory = scorewheel_streams::StateDirectory::open(&cluster.state_directory("a"), "me").unwrap();
    directory.wipe_store("counts").unwrap();
    drop(directory);
    cluster.start("a");
    cluster.until_shared(&[("a", 6)]);
    assert!(cluster.instances["a"].events.count("Restoring") > 0);
    cluster.check();
}

#[test]
fn a_compacted_changelog_restores_the_same_store() {
    let mut cluster = worked();
    cluster.backend.broker().compact(CHANGELOG).unwrap();
    cluster.start("b");
    cluster.until_shared(&[("b", 6)]);
    cluster.check();
}

#[test]
fn a_missing_changelog_beside_committed_offsets_is_refused() {
    let mut cluster = worked();
    cluster.backend.admin().unwrap().delete_topic(CHANGELOG).unwrap();
    let error = error_of_start(&mut cluster);
    assert!(
        matches!(&*error.kind, ErrorKind::ChangelogMissing { topic, .. } if topic == CHANGELOG),
        "{error}"
    );
    assert_eq!(error.actor(), Actor::Operator);
}

#[test]
fn a_changelog_that_was_created_anew_is_refused_with_and_without_the_store() {
    for name in ["a", "b"] {
        let mut cluster = worked();
        // A second commit, so that the metadata knows of the first.
        cluster.feed(5);
        cluster.start("a");
        cluster.drain();
        cluster.stop("a");
        let admin = cluster.backend.admin().unwrap();
        admin.delete_topic(CHANGELOG).unwrap();
        let policy = CleanupPolicy::Compact.as_str();
        admin.create_topic(&TopicSpec::new(CHANGELOG, PARTITIONS).setting("cleanup.policy", policy)).unwrap();
        cluster.start(name);
        cluster.until("it stops", |cluster| cluster.instances[name].error.is_some());
        let error = cluster.instances[name].error.as_ref().unwrap();
        assert!(matches!(&*error.kind, ErrorKind::ChangelogShorter { end: 0, .. }), "{error}");
    }
}

#[test]
fn a_store_can_begin_empty_whatever_became_of_its_changelog() {
    for missing in [true, false] {
        let mut cluster = worked();
        cluster.feed(5);
        cluster.start("a");
        cluster.drain();
        cluster.stop("a");
        let admin = cluster.backend.admin().unwrap();
        let empty = EmptyStore {
            store: "counts",
            changelog: CHANGELOG,
            input: "in",
            group: APPLICATION,
            replication: None,
        };
        let offsets = |cluster: &Cluster| {
            cluster.committed().into_iter().map(|committed| committed.unwrap().offset).collect::<Vec<_>>()
        };
        let before = offsets(&cluster);
        if missing {
            admin.delete_topic(CHANGELOG).unwrap();
        }
        empty.begin(&cluster.backend).unwrap();
        assert_eq!(admin.describe_topic(CHANGELOG).unwrap().unwrap().partitions, PARTITIONS);
        assert_eq!(offsets(&cluster), before, "the application keeps its place");
        cluster.start("b");
        cluster.until_shared(&[("b", 6)]);
        let error = empty.begin(&cluster.backend).unwrap_err();
        assert!(error.to_string().contains("stop all instances first"), "{error}");
    }
}

#[test]
fn a_changelog_with_another_number_of_partitions_is_refused() {
    let mut cluster = worked();
    cluster.backend.admin().unwrap().add_partitions(CHANGELOG, 7).unwrap();
    let error = error_of_start(&mut cluster);
    assert_eq!(
        error.to_string(),
        "topic `passing-counts-changelog` has 7 partitions, needed are 6",
        "the operator is told which"
    );
}

#[test]
fn a_control_topic_with_two_partitions_is_refused() {
    let mut cluster = Cluster::new();
    cluster.backend.admin().unwrap().add_partitions("control", 2).unwrap();
    let error = error_of_start(&mut cluster);
    assert_eq!(error.to_string(), "topic `control` has 2 partitions, needed are 1");
}
