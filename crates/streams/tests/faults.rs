//! Crashes and errors at every step of the commit cycle: committed output stays exact, stores equal their changelogs.

mod cluster;

use std::time::Duration;

use cluster::{APPLICATION, Cluster, FaultAt, Gate, OF_A_COMMIT, read};
use scorewheel_streams::{Actor, ErrorKind, FaultPoint, Phase, ProcessingGuarantee};
use scorewheel_topics::{
    Backend, Clock, Fault, Operation, TopicPartition, TopicsError, TransactionOptions, WriterOptions,
};

/// An instance dies when it comes to a point for the n-th time, and is started again.
fn dies_at(point: FaultPoint, nth: usize) {
    let mut cluster = Cluster::new();
    cluster.feed(20);
    cluster.start_with("a", Some(FaultAt::nth(point, nth)), Gate::open());
    cluster.until(point.as_str(), |cluster| cluster.instances["a"].error.is_some() || cluster.is_drained());
    if let Some(error) = &cluster.instances["a"].error {
        assert!(matches!(*error.kind, ErrorKind::InjectedFault { .. }), "{error}");
    }
    cluster.feed(20);
    cluster.start("a");
    cluster.drain();
    cluster.check();
}

#[test]
fn a_crash_after_a_batch_is_undone() {
    (1..4).for_each(|nth| dies_at(FaultPoint::AfterBatch, nth));
}

#[test]
fn a_crash_before_the_offsets_are_in_the_transaction_is_undone() {
    (1..3).for_each(|nth| dies_at(FaultPoint::BeforeSendOffsets, nth));
}

#[test]
fn a_crash_between_offsets_and_commit_is_undone() {
    (1..3).for_each(|nth| dies_at(FaultPoint::BeforeCommit, nth));
}

#[test]
fn a_crash_after_the_commit_and_before_the_stores_write_is_made_up_from_the_changelog() {
    (1..3).for_each(|nth| dies_at(FaultPoint::AfterCommit, nth));
}

#[test]
fn a_crash_after_the_stores_have_written_loses_nothing() {
    (1..3).for_each(|nth| dies_at(FaultPoint::AfterStoreWrite, nth));
}

#[test]
fn a_crash_while_a_handler_builds_is_started_over() {
    dies_at(FaultPoint::BeforeBuild, 1);
    dies_at(FaultPoint::AfterBuild, 1);
}

#[test]
fn another_instance_takes_over_at_every_point_of_a_commit() {
    for point in OF_A_COMMIT {
        let mut cluster = Cluster::new();
        cluster.start_with("a", Some(FaultAt::nth(point, 2)), Gate::open());
        cluster.start("b");
        cluster.until_shared(&[("a", 3), ("b", 3)]);
        for _ in 0..3 {
            cluster.feed(10);
            cluster.until("a round of commits", |cluster| {
                cluster.instances["a"].error.is_some() || cluster.is_drained()
            });
        }
        assert!(cluster.instances["a"].error.is_some(), "{}", point.as_str());
        cluster.until_shared(&[("b", 6)]);
        cluster.feed(10);
        cluster.drain();
        cluster.check();
    }
}

/// The n-th operation of a kind meets a fault; the instance may end by it and is started again then.
fn meets(operation: Operation, nth: u64, fault: &Fault) {
    let mut cluster = Cluster::new();
    cluster.start("a");
    cluster.until_shared(&[("a", 6)]);
    cluster.backend.faults().at_client("a#1", operation, nth, fault.clone());
    for _ in 0..3 {
        cluster.feed(10);
        cluster.until("the end or the commit", |cluster| {
            cluster.instances["a"].error.is_some() || cluster.is_drained()
        });
        if cluster.instances["a"].error.is_some() {
            cluster.crash("a");
            cluster.start("a");
        }
    }
    cluster.drain();
    cluster.check();
}

#[test]
fn a_client_that_dies_at_any_operation_leaves_nothing_half_done() {
    let operations = [
        Operation::Poll,
        Operation::Produce,
        Operation::SendOffsets,
        Operation::Commit,
        Operation::FetchOffsets,
        Operation::Initialise,
    ];
    for operation in operations {
        for nth in 1..4 {
            meets(operation, nth, &Fault::Crash);
            meets(operation, nth, &Fault::CrashAfter);
        }
    }
}

#[test]
fn a_transaction_that_has_to_be_aborted_is_undone_and_done_again() {
    for operation in [Operation::Produce, Operation::SendOffsets, Operation::Commit] {
        let reason = "the test wants it".to_owned();
        let fault = Fault::Fail(TopicsError::AbortTransaction { reason });
        meets(operation, 1, &fault);
        meets(operation, 2, &fault);
    }
}

#[test]
fn aborts_are_told_and_roll_stores_back_while_the_instance_lives_on() {
    let mut cluster = Cluster::new();
    cluster.start("a");
    cluster.until_shared(&[("a", 6)]);
    cluster.feed(15);
    let reason = "the test wants it".to_owned();
    for nth in [1, 2, 3] {
        let fault = Fault::Fail(TopicsError::AbortTransaction { reason: reason.clone() });
        cluster.backend.faults().at(Operation::SendOffsets, nth, fault);
    }
    cluster.drain();
    assert_eq!(cluster.instances["a"].events.count("Aborted"), 3);
    assert!(cluster.instances["a"].error.is_none());
    cluster.check();
}

#[test]
fn an_abort_of_a_pause_works_on_the_records_before_it_again_and_pauses_again() {
    let mut cluster = Cluster::new();
    cluster.start("a");
    cluster.until_shared(&[("a", 6)]);
    cluster.feed(3);
    cluster.feed_value(0, "stop");
    cluster.feed(3);
    let fault = Fault::Fail(TopicsError::AbortTransaction { reason: "the test wants it".into() });
    cluster.backend.faults().at(Operation::SendOffsets, 1, fault);
    let paused = Phase::Paused("told to stop".into());
    cluster.until("what lies before is committed and the partition waits", |cluster| {
        cluster.commits() == 3 + 5 * 6 && cluster.tasks("a", &paused).len() == 1
    });
    assert_eq!(cluster.instances["a"].events.count("Aborted"), 1);
    cluster.publish("v2");
    cluster.drain();
    cluster.check();
}

#[test]
fn a_commit_that_is_done_without_an_answer_is_not_done_twice() {
    for nth in 1..4 {
        meets(Operation::Commit, nth, &Fault::FailAfter(TopicsError::Indefinite { operation: "commit" }));
    }
}

#[test]
fn a_commit_that_is_not_done_and_has_no_answer_is_done_again() {
    for nth in 1..4 {
        meets(Operation::Commit, nth, &Fault::Fail(TopicsError::Indefinite { operation: "commit" }));
    }
}

#[test]
fn an_abort_without_an_answer_makes_the_writer_anew() {
    let mut cluster = Cluster::new();
    cluster.start("a");
    cluster.until_shared(&[("a", 6)]);
    cluster.feed(15);
    let faults = cluster.backend.faults();
    faults.at(Operation::SendOffsets, 1, Fault::Fail(TopicsError::AbortTransaction { reason: "x".into() }));
    faults.at(Operation::Abort, 1, Fault::Fail(TopicsError::Indefinite { operation: "abort" }));
    cluster.drain();
    assert_eq!(cluster.instances["a"].events.count("WriterRecreated"), 1);
    cluster.check();
}

#[test]
fn a_transaction_that_is_older_than_its_time_out_is_done_again() {
    let mut cluster = Cluster::new();
    cluster.configure = |config| config.max_poll_interval = Duration::from_secs(300);
    cluster.start("a");
    cluster.until_shared(&[("a", 6)]);
    cluster.feed(15);
    cluster.backend.faults().at(Operation::SendOffsets, 1, Fault::Delay(Duration::from_secs(11)));
    cluster.drain();
    assert!(cluster.instances["a"].error.is_none());
    cluster.check();
}

#[test]
fn a_commit_beyond_the_time_out_is_refused_and_done_again() {
    meets(Operation::Commit, 1, &Fault::Delay(Duration::from_secs(11)));
}

#[test]
fn a_broker_that_is_away_for_a_while_is_waited_for() {
    for operation in [Operation::Poll, Operation::Produce, Operation::SendOffsets, Operation::FetchOffsets] {
        meets(operation, 1, &Fault::Fail(TopicsError::Unreachable { reason: "no route".into() }));
    }
    let mut cluster = Cluster::new();
    for nth in 1..20 {
        let error = TopicsError::Unreachable { reason: "no route".into() };
        cluster.backend.faults().at(Operation::Admin, nth, Fault::Fail(error.clone()));
        cluster.backend.faults().at(Operation::Initialise, nth, Fault::Fail(error));
    }
    cluster.feed(5);
    cluster.start("a");
    cluster.until("all input is committed", |cluster| cluster.instances["a"].events.count("Committed") > 0);
    cluster.drain();
    cluster.check();
}

#[test]
fn a_fenced_writer_stops_its_instance_and_its_results_stay_invisible() {
    let mut cluster = Cluster::new();
    cluster.start("a");
    cluster.until_shared(&[("a", 6)]);
    let id = std::fs::read_to_string(cluster.state_directory("a").join("process-id")).unwrap();
    cluster.feed(10);
    cluster.until("a transaction is open", |cluster| cluster.has_uncommitted("a"));
    let options = TransactionOptions::new(format!("{APPLICATION}-{id}-0"));
    let mut successor = cluster.backend.transactional_writer(&options).unwrap();
    successor.initialise().unwrap();
    cluster.until("the older one is refused", |cluster| cluster.instances["a"].error.is_some());
    let error = cluster.instances["a"].error.as_ref().unwrap();
    assert_eq!(error.actor(), Actor::Successor, "{error}");
    assert_eq!(cluster.read("out").iter().map(Vec::len).sum::<usize>(), 0);
    drop(successor);
    cluster.start("a");
    cluster.drain();
    cluster.check();
}

#[test]
fn a_zombie_that_wakes_up_is_refused_and_lives_on_without_its_partitions() {
    let mut cluster = Cluster::new();
    cluster.start("a");
    cluster.start("b");
    cluster.until_shared(&[("a", 3), ("b", 3)]);
    cluster.feed(10);
    cluster.until("a transaction is open", |cluster| cluster.has_uncommitted("a"));
    // It stops for longer than its session, as a stopped process would.
    let zombie = cluster.instances.get_mut("a").unwrap().streams.take();
    cluster.until("the other takes over", |cluster| {
        cluster.clock.advance(Duration::from_millis(20));
        cluster.running("b").len() == 6
    });
    cluster.feed(10);
    cluster.drain();
    cluster.instances.get_mut("a").unwrap().streams = zombie;
    cluster.until_shared(&[("a", 3), ("b", 3)]);
    cluster.feed(10);
    cluster.drain();
    assert_eq!(cluster.instances["a"].events.count("Lost"), 1);
    cluster.check();
}

#[test]
fn a_stale_generation_drops_the_transaction_and_rejoins() {
    for nth in 1..3 {
        let group = APPLICATION.to_owned();
        meets(
            Operation::SendOffsets,
            nth,
            &Fault::Fail(TopicsError::StaleGeneration { group, generation: 1 }),
        );
    }
}

#[test]
fn a_rebalance_in_the_middle_of_a_commit_loses_nothing() {
    for operation in [Operation::Produce, Operation::SendOffsets, Operation::Commit] {
        let mut cluster = Cluster::new();
        cluster.start("a");
        cluster.start("b");
        cluster.until_shared(&[("a", 3), ("b", 3)]);
        cluster.feed(10);
        cluster.backend.faults().at(operation, 1, Fault::Rebalance);
        cluster.backend.faults().at(operation, 3, Fault::Rebalance);
        cluster.drain();
        cluster.check();
    }
}

#[test]
fn a_failing_processor_stops_the_application_and_nothing_of_its_transaction_is_seen() {
    let mut cluster = Cluster::new();
    cluster.start("a");
    cluster.until_shared(&[("a", 6)]);
    cluster.feed(3);
    cluster.drain();
    let mut writer = cluster.backend.writer(&WriterOptions::default()).unwrap();
    let mut record = writer.lend(&TopicPartition::new("in", 2)).unwrap().record(cluster.clock.wall(), None);
    record.value().extend_from_slice(b"poison");
    record.finish().unwrap();
    writer.flush().unwrap();
    cluster.until("it stops", |cluster| cluster.instances["a"].error.is_some());
    let error = cluster.instances["a"].error.as_ref().unwrap();
    assert_eq!(error.to_string(), "task 0_2: processor `pass-on` failed: poison");
    assert_eq!(error.actor(), Actor::Developer);
    cluster.check();
}

#[test]
fn an_input_whose_records_went_before_they_were_read_stops_loudly() {
    let mut cluster = Cluster::new();
    cluster.feed(10);
    cluster.start("a");
    cluster.drain();
    cluster.stop("a");
    cluster.feed(10);
    let admin = cluster.backend.admin().unwrap();
    admin.delete_records(&TopicPartition::new("in", 3), 15).unwrap();
    cluster.start("a");
    cluster.until("it stops", |cluster| cluster.instances["a"].error.is_some());
    let error = cluster.instances["a"].error.as_ref().unwrap();
    assert!(matches!(error.topics(), Some(TopicsError::OutOfRange { offset: 10, .. })), "{error}");
    assert_eq!(error.actor(), Actor::Operator);
}

#[test]
fn at_least_once_loses_nothing_and_may_repeat() {
    for point in OF_A_COMMIT {
        let mut cluster = Cluster::new();
        cluster.configure = |config| config.guarantee = ProcessingGuarantee::AtLeastOnce;
        cluster.feed(20);
        cluster.start_with("a", Some(FaultAt::nth(point, 2)), Gate::open());
        cluster
            .until(point.as_str(), |cluster| cluster.instances["a"].error.is_some() || cluster.is_drained());
        cluster.feed(20);
        cluster.start("a");
        cluster.drain();
        for (partition, records) in read(&cluster.backend, "out").into_iter().enumerate() {
            let values = records.into_iter().map(|(_, value)| value.unwrap().replace("|v1", ""));
            let mut seen: Vec<String> = Vec::new();
            values.for_each(|value| {
                if !seen.contains(&value) {
                    seen.push(value);
                }
            });
            assert_eq!(seen, cluster.fed[partition], "{}", point.as_str());
        }
    }
}
