//! Instances that share six partitions, join, leave and crash: every record once, in order.

mod cluster;

use std::time::Duration;

use cluster::Cluster;
use scorewheel_streams::QueryError;
use scorewheel_topics::{Backend, Clock};

#[test]
fn one_instance_passes_every_record_once_and_in_order() {
    let mut cluster = Cluster::new();
    cluster.feed(50);
    cluster.start("a");
    cluster.drain();
    cluster.check();
}

#[test]
fn an_idle_instance_commits_before_the_interval() {
    let mut cluster = Cluster::new();
    cluster.start("a");
    cluster.until_shared(&[("a", 6)]);
    cluster.clock.advance(Duration::from_millis(50));
    let before = cluster.clock.monotonic();
    cluster.feed(1);
    cluster.drain();
    let took = cluster.clock.monotonic() - before;
    assert!(took <= Duration::from_millis(25), "{took:?}");
}

#[test]
fn two_instances_share_and_the_second_joins_under_load() {
    let mut cluster = Cluster::new();
    cluster.start("a");
    cluster.feed(40);
    cluster.until_shared(&[("a", 6)]);
    cluster.start("b");
    cluster.feed(40);
    cluster.until_shared(&[("a", 3), ("b", 3)]);
    cluster.feed(40);
    cluster.drain();
    cluster.check();
}

#[test]
fn three_instances_share_and_one_leaves_cleanly() {
    let mut cluster = Cluster::new();
    for name in ["a", "b", "c"] {
        cluster.start(name);
    }
    cluster.feed(30);
    cluster.until_shared(&[("a", 2), ("b", 2), ("c", 2)]);
    cluster.feed(30);
    for _ in 0..5 {
        cluster.round();
    }
    cluster.stop("b");
    cluster.feed(30);
    cluster.until_shared(&[("a", 3), ("c", 3)]);
    cluster.drain();
    cluster.check();
}

#[test]
fn three_instances_share_and_one_crashes_with_an_open_transaction() {
    let mut cluster = Cluster::new();
    for name in ["a", "b", "c"] {
        cluster.start(name);
    }
    cluster.until_shared(&[("a", 2), ("b", 2), ("c", 2)]);
    cluster.feed(30);
    for _ in 0..2 {
        cluster.round();
    }
    cluster.crash("b");
    cluster.feed(30);
    cluster.until_shared(&[("a", 3), ("c", 3)]);
    cluster.drain();
    cluster.check();
}

#[test]
fn a_crashed_instance_that_comes_back_goes_on_from_what_is_committed() {
    let mut cluster = Cluster::new();
    cluster.start("a");
    for round in 0..10 {
        cluster.feed(20);
        for _ in 0..round {
            cluster.round();
        }
        cluster.crash("a");
        cluster.start("a");
    }
    cluster.drain();
    cluster.check();
}

#[test]
fn instances_come_and_go_again_and_again() {
    let mut cluster = Cluster::new();
    cluster.start("0");
    for number in 1..12_usize {
        cluster.feed(10);
        cluster.start(&number.to_string());
        for _ in 0..20 {
            if !cluster.round() {
                cluster.clock.advance(Duration::from_millis(5));
            }
        }
        let oldest = (number - 1).to_string();
        if number % 3 == 0 { cluster.crash(&oldest) } else { cluster.stop(&oldest) }
    }
    cluster.drain();
    cluster.check();
}

#[test]
fn two_threads_of_one_instance_share_its_state_directory() {
    let mut cluster = Cluster::new();
    cluster.configure = |config| config.threads = 2;
    cluster.feed(30);
    cluster.start("a");
    cluster.until_shared(&[("a", 6)]);
    cluster.backend.broker().rebalance(cluster::APPLICATION);
    cluster.feed(30);
    cluster.drain();
    cluster.check();
}

#[test]
fn a_rebalance_without_a_reason_moves_tasks_and_loses_nothing() {
    let mut cluster = Cluster::new();
    cluster.start("a");
    cluster.start("b");
    cluster.until_shared(&[("a", 3), ("b", 3)]);
    for _ in 0..5 {
        cluster.feed(15);
        cluster.round();
        cluster.backend.broker().rebalance(cluster::APPLICATION);
    }
    cluster.drain();
    cluster.check();
    assert!(cluster.instances["a"].events.count("Revoked") > 0);
}

#[test]
fn an_instance_without_partitions_says_so_to_queries() {
    let mut cluster = Cluster::new();
    cluster.start("a");
    let views = cluster.instances["a"].streams.as_ref().unwrap().views().clone();
    assert_eq!(views.key_value("counts").err(), Some(QueryError::NotAssigned));
    cluster.until_shared(&[("a", 6)]);
    assert_eq!(views.key_value("counts").unwrap().len(), 6);
    cluster.stop("a");
    assert_eq!(views.key_value("counts").err(), Some(QueryError::NotAssigned));
}

#[test]
fn an_input_that_is_widened_gets_new_tasks() {
    let mut cluster = Cluster::new();
    cluster.start("a");
    cluster.feed(10);
    cluster.drain();
    cluster.backend.admin().unwrap().add_partitions("in", 8).unwrap();
    cluster.until_shared(&[("a", 8)]);
    cluster.feed(10);
    cluster.drain();
    assert_eq!(cluster.read("out").len(), 8);
    assert_eq!(cluster.read(cluster::CHANGELOG).len(), 8);
}
