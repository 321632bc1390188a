//! Snapshots of a broadcast source across instances: pinned, committed, waited for, never backwards.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cluster;

use std::time::Duration;

use cluster::{Cluster, Gate};
use scorewheel_streams::{ErrorKind, Phase, Start, TaskId};
use scorewheel_topics::{Backend, TopicSpec};

/// The versions of one partition's results.
fn versions(cluster: &Cluster, partition: u32) -> Vec<String> {
    cluster.results()[partition as usize].iter().map(|(_, version)| version.clone()).collect()
}

fn mark_of(cluster: &Cluster, partition: usize) -> String {
    let committed = cluster.committed()[partition].clone().unwrap();
    String::from_utf8(committed.metadata).unwrap()
}

#[test]
fn the_committed_position_of_the_control_log_travels_with_the_offsets() {
    let mut cluster = Cluster::new();
    cluster.publish("v2");
    cluster.start("a");
    cluster.feed(3);
    cluster.drain();
    assert!(mark_of(&cluster, 0).starts_with("1 versions 1 =1 @counts "), "{}", mark_of(&cluster, 0));
    cluster.publish("v3");
    cluster.until("it is built", |cluster| {
        let status = cluster.instances["a"].streams.as_ref().unwrap().status();
        status.broadcasts[0].snapshot.as_ref().is_some_and(|mark| mark.position == 2)
    });
    // A newer snapshot alone commits nothing: the mark is that of the last batch.
    assert!(mark_of(&cluster, 0).starts_with("1 versions 1 =1 "));
    cluster.feed(3);
    cluster.drain();
    assert!(mark_of(&cluster, 0).starts_with("1 versions 2 =2 "));
    assert_eq!(versions(&cluster, 0), ["v2", "v2", "v2", "v3", "v3", "v3"]);
}

#[test]
fn a_migrated_task_waits_for_its_committed_revision_and_the_others_keep_flowing() {
    let mut cluster = Cluster::new();
    let gate = Gate::open();
    cluster.start("a");
    cluster.start_with("b", None, gate.clone());
    cluster.until_shared(&[("a", 3), ("b", 3)]);
    let (of_a, of_b) = (cluster.running("a"), cluster.running("b"));
    gate.set_open(false);
    cluster.publish("v2");
    cluster.until("a has it", |cluster| {
        let status = cluster.instances["a"].streams.as_ref().unwrap().status();
        status.broadcasts[0].snapshot.as_ref().is_some_and(|mark| mark.position == 1)
    });
    cluster.feed(4);
    cluster.drain();
    cluster.stop("a");
    cluster.until("b has all of them", |cluster| cluster.tasks("b", &Phase::WaitingForSnapshot).len() == 3);
    assert_eq!(cluster.tasks("b", &Phase::WaitingForSnapshot), of_a);
    assert_eq!(cluster.running("b"), of_b);
    assert!(!cluster.instances["b"].streams.as_ref().unwrap().status().is_ready());
    cluster.feed(4);
    let reached = |cluster: &Cluster, tasks: &[TaskId], offset| {
        let committed = cluster.committed();
        tasks.iter().all(|task| committed[task.partition as usize].as_ref().unwrap().offset == offset)
    };
    cluster.until("b's own go on", |cluster| reached(cluster, &of_b, 8));
    assert!(reached(&cluster, &of_a, 4), "nothing of the waiting ones is worked on");
    gate.set_open(true);
    cluster.drain();
    cluster.check();
    for task in of_a {
        assert_eq!(versions(&cluster, task.partition), ["v2"; 8], "partition {}", task.partition);
    }
}

#[test]
fn a_restart_never_goes_behind_the_committed_revision() {
    let mut cluster = Cluster::new();
    for version in 2..8 {
        let gate = Gate::open();
        cluster.start_with("a", None, gate.clone());
        cluster.publish(&format!("v{version}"));
        cluster.feed(3);
        cluster.drain();
        gate.set_open(false);
        cluster.feed(3);
        for _ in 0..version {
            cluster.round();
        }
        cluster.crash("a");
    }
    cluster.start("a");
    cluster.drain();
    cluster.check();
    assert_eq!(versions(&cluster, 3).last().unwrap(), "v7");
}

#[test]
fn a_control_log_that_ends_before_the_committed_revision_stops_the_application() {
    let mut cluster = Cluster::new();
    cluster.publish("v2");
    cluster.start("a");
    cluster.feed(3);
    cluster.drain();
    cluster.stop("a");
    let admin = cluster.backend.admin().unwrap();
    admin.delete_topic("control").unwrap();
    admin.create_topic(&TopicSpec::new("control", 1)).unwrap();
    cluster.publish("another v1");
    cluster.start("a");
    cluster.until("it stops", |cluster| cluster.instances["a"].error.is_some());
    let error = cluster.instances["a"].error.as_ref().unwrap();
    assert!(matches!(&*error.kind, ErrorKind::SnapshotNever { position: 1, .. }), "{error}");
}

#[test]
fn nothing_is_worked_on_before_the_control_log_is_folded_to_its_end() {
    let mut cluster = Cluster::without_version();
    for version in 0..500 {
        cluster.publish(&format!("v{version:03}"));
    }
    cluster.feed(3);
    cluster.start("a");
    cluster.drain();
    assert!(cluster.results().iter().flatten().all(|(_, version)| version == "v499"));
}

#[test]
fn a_partition_without_a_version_waits_without_an_open_transaction() {
    let mut cluster = Cluster::without_version();
    cluster.feed(3);
    cluster.start("a");
    cluster.until("all wait", |cluster| cluster.tasks("a", &Phase::Paused("no version".into())).len() == 6);
    cluster.clock.advance(Duration::from_secs(60));
    for _ in 0..50 {
        cluster.round();
        cluster.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(cluster.commits(), 0);
    assert!(cluster.instances["a"].streams.as_ref().unwrap().status().is_ready(), "to wait is its work");
    cluster.publish("v1");
    cluster.drain();
    cluster.check();
}

#[test]
fn latest_begins_at_the_end_and_a_crash_before_the_first_record_does_not_move_it() {
    let mut cluster = Cluster::new();
    cluster.configure = |config| config.start = Start::Latest;
    cluster.feed(5);
    cluster.start("a");
    cluster.until("the beginning is committed", |cluster| cluster.commits() == 30);
    cluster.crash("a");
    cluster.feed(5);
    cluster.start("a");
    cluster.drain();
    for (results, fed) in cluster.results().iter().zip(&cluster.fed) {
        let values: Vec<_> = results.iter().map(|(value, _)| value.as_str()).collect();
        assert_eq!(values, fed[5..]);
    }
}

#[test]
fn a_task_that_waits_for_topics_says_which() {
    let mut cluster = Cluster::new();
    cluster.backend.admin().unwrap().delete_topic("control").unwrap();
    cluster.start("a");
    cluster.round();
    let status = cluster.instances["a"].streams.as_ref().unwrap().status();
    assert_eq!((status.missing_topics.clone(), status.is_ready()), (vec!["control".to_owned()], false));
    cluster.backend.admin().unwrap().create_topic(&TopicSpec::new("control", 1)).unwrap();
    cluster.publish("v1");
    cluster.feed(2);
    cluster.drain();
    cluster.check();
}
