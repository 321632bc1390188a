//! Several instances of an application over time, on the memory backend with a clock that stands: what the ledger and
//! the topics promise between them.
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod common;
mod place;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::{ENGINES, Engine};
use place::{Place, Trip};
use scorewheel_serving::{FailureShare, NoModel};
use scorewheel_streams::{Actor, ErrorKind, FaultPoint, ProcessingGuarantee};
use scorewheel_topics::{Backend, TopicSpec};

#[test]
fn rule_8_another_control_log_stops_the_process() {
    let mut place = Place::new(Engine::Memory, 1);
    place.publish(2.0);
    place.publish(3.0);
    place.write(10);
    let mut instance = place.start("a");
    place.run(&mut [&mut instance]).unwrap();
    instance.streams.close().unwrap();
    let admin = place.backend.admin().unwrap();
    admin.delete_topic(&place.names.models).unwrap();
    admin.create_topic(&scorewheel_scoring::control_topic::control_log(&place.names.models)).unwrap();
    place.publish(4.0);
    place.write(10);
    let mut instance = place.start("a");
    let error = place.run(&mut [&mut instance]).unwrap_err();
    assert!(matches!(&*error.kind, ErrorKind::SnapshotNever { .. }), "{error}");
    assert!(error.to_string().contains("--adopt-log"), "{error}");
    drop(instance);
    // The operator takes it.
    let mut instance = place.start_of("b", place.environment(), |parts| parts.adopt.log = true).unwrap();
    place.run(&mut [&mut instance]).unwrap();
    assert!(instance.parts.state.cutovers().iter().any(|cutover| cutover.adopted.is_some()));
}

#[test]
fn rule_10_a_paused_partition_stays_paused_on_another_instance_until_another_model_comes() {
    for engine in [Engine::Persistent, Engine::Custom] {
        let mut place = Place::new(engine, 2);
        let start = |place: &Place, id: &str| {
            let failure = FailureShare { share: 1.0, rows: 10 };
            place.start_of(id, place.environment(), |parts| parts.policies.failure = failure).unwrap()
        };
        place.publish_text("number", "a", "line: fail=all");
        place.write(100);
        let mut instance = start(&place, "a");
        for _ in 0..300 {
            place.round(&mut [&mut instance]).unwrap();
        }
        let letters = |place: &Place| -> usize {
            (0..2).map(|partition| place.read(&place.names.dead_letters, partition).len()).sum()
        };
        assert_eq!(letters(&place), 20, "nothing is committed past it");
        place.kill(instance);
        let mut other = start(&place, "b");
        for _ in 0..600 {
            place.round(&mut [&mut other]).unwrap();
        }
        assert_eq!(letters(&place), 20, "{engine:?}: {:?}", other.streams.status());
        place.publish(2.0);
        place.run(&mut [&mut other]).unwrap();
        assert_eq!((letters(&place), place.read_results()), (20, 80));
        place.verify();
    }
}

#[test]
fn rule_11_a_partition_waits_for_its_first_model_across_a_kill() {
    let mut place = Place::new(Engine::Persistent, 2);
    let start = |place: &Place, id: &str| {
        place.start_of(id, place.environment(), |parts| parts.policies.no_model = NoModel::Wait).unwrap()
    };
    place.write(50);
    let mut instance = start(&place, "a");
    for _ in 0..200 {
        place.round(&mut [&mut instance]).unwrap();
    }
    assert!(!place.is_done());
    place.kill(instance);
    let mut other = start(&place, "b");
    place.publish(2.0);
    place.run(&mut [&mut other]).unwrap();
    assert_eq!(place.read_results(), 50);
    place.verify();
}

#[test]
fn a_changelog_of_another_kind_of_store_is_refused() {
    for (before, after) in [(Engine::Persistent, Engine::Custom), (Engine::Custom, Engine::Persistent)] {
        let mut place = Place::new(before, 1);
        place.publish(2.0);
        place.write(100);
        let mut instance = place.start("a");
        place.run(&mut [&mut instance]).unwrap();
        instance.streams.close().unwrap();
        place.engine = after;
        let mut instance = place.start("b");
        let error = place.write_more(&mut instance).unwrap_err();
        assert!(error.to_string().contains("begin the store anew with `reset --store`"), "{error}");
    }
}

#[test]
fn a_results_topic_of_another_width_is_refused() {
    let place = Place::new(Engine::Memory, 2);
    place.backend.admin().unwrap().create_topic(&TopicSpec::new(&*place.names.results, 3)).unwrap();
    let mut instance = place.start("a");
    let error = place.write_more(&mut instance).unwrap_err();
    assert_eq!(error.actor(), Actor::Operator);
    assert!(error.to_string().contains("models_results"), "{error}");
}

#[test]
fn partitions_that_come_while_running_are_scored_and_results_widened() {
    for engine in ENGINES {
        let mut place = Place::new(engine, 2);
        place.publish(2.0);
        place.write(100);
        let mut instance = place.start("a");
        place.run(&mut [&mut instance]).unwrap();
        place.backend.admin().unwrap().add_partitions(&place.names.records, 4).unwrap();
        place.partitions = 4;
        place.write(100);
        place.run(&mut [&mut instance]).unwrap();
        place.verify();
    }
}

#[test]
fn at_least_once_loses_nothing_and_duplicates_are_known_by_their_lineage() {
    let mut place = Place::new(Engine::Persistent, 2);
    place.guarantee = ProcessingGuarantee::AtLeastOnce;
    place.publish(2.0);
    place.write(400);
    for nth in 1..4 {
        let mut environment = place.environment();
        environment.faults = Arc::new(Trip::at(FaultPoint::BeforeCommit, nth));
        let mut instance = place.start_with("a", environment).unwrap();
        if place.run(&mut [&mut instance]).is_err() {
            place.kill(instance);
        }
        place.write(100);
    }
    let mut instance = place.start("a");
    place.run(&mut [&mut instance]).unwrap();
    let lineages = |partition| {
        let results = place.read(&place.names.results, partition);
        results.into_iter().map(|mut result| result.headers.remove("scorewheel-lineage").unwrap())
    };
    let all: Vec<String> = (0..2).flat_map(lineages).collect();
    let once: BTreeSet<&String> = all.iter().collect();
    assert_eq!(once.len(), 700);
    assert!(all.len() > 700, "the kills came in between");
}
