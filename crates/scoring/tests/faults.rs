//! Faults of processes and topics, on the memory backend with a clock that stands: after each of them, everything is
//! recounted from the topics alone. Numbers are those of the matrix of faults.
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod common;
mod place;

use std::sync::Arc;
use std::time::Duration;

use common::{ENGINES, Engine};
use place::{Instance, Place, Trip, copy_directory};
use scorewheel_scoring::TaskView;
use scorewheel_streams::{Actor, ErrorKind, FaultPoint};
use scorewheel_topics::{Backend, Fault, Operation, TopicSpec};

/// Runs with a kill at the `nth` time that the process comes to `point`, then without; how often it was killed.
fn killed_at(engine: Engine, point: FaultPoint, nth: u32) -> u32 {
    let mut place = Place::new(engine, 2);
    place.publish(2.0);
    place.write(400);
    let mut kills = 0;
    let mut environment = place.environment();
    environment.faults = Arc::new(Trip::at(point, nth));
    let mut instance = place.start_with("a", environment).unwrap();
    for round in 0..3 {
        if let Err(error) = place.run(&mut [&mut instance]) {
            assert!(error.is_injected(), "{error}");
            kills += 1;
            place.kill(instance);
            // What came in meanwhile: a model and records.
            place.publish(3.0 + f64::from(round));
            place.write(100);
            instance = place.start("a");
        }
    }
    place.run(&mut [&mut instance]).unwrap();
    instance.streams.close().unwrap();
    place.verify();
    kills
}

#[test]
fn fault_1_killed_with_a_transaction_open() {
    for engine in ENGINES {
        for nth in [1, 2, 5] {
            assert_eq!(killed_at(engine, FaultPoint::AfterBatch, nth), 1);
        }
    }
}

#[test]
fn fault_2_killed_between_the_offsets_and_the_commit() {
    for engine in ENGINES {
        assert_eq!(killed_at(engine, FaultPoint::BeforeSendOffsets, 1), 1);
        assert_eq!(killed_at(engine, FaultPoint::BeforeCommit, 1), 1);
    }
}

#[test]
fn fault_3_killed_between_the_commit_and_the_stores() {
    for engine in ENGINES {
        assert_eq!(killed_at(engine, FaultPoint::AfterCommit, 1), 1);
        assert_eq!(killed_at(engine, FaultPoint::AfterStoreWrite, 1), 1);
    }
}

#[test]
fn fault_1_to_3_the_client_dies_in_the_middle_of_a_call() {
    for operation in [Operation::Produce, Operation::SendOffsets, Operation::Commit] {
        for fault in [Fault::Crash, Fault::CrashAfter] {
            let mut place = Place::new(Engine::Persistent, 2);
            place.publish(2.0);
            place.write(300);
            place.backend.faults().at_client("a", operation, 1, fault.clone());
            let mut instance = place.start("a");
            let died = place.run(&mut [&mut instance]);
            assert!(died.is_err(), "{operation:?} {fault:?}");
            place.kill(instance);
            place.publish(3.0);
            place.write(50);
            let mut instance = place.start("a");
            place.run(&mut [&mut instance]).unwrap();
            place.verify();
        }
    }
}

#[test]
fn fault_4_a_process_that_slept_beyond_its_time_out_is_fenced() {
    for engine in ENGINES {
        let mut place = Place::new(engine, 2);
        place.publish(2.0);
        place.write(200);
        let mut sleeper = place.start("sleeper");
        while place.read_results() == 0 && !place.is_done() {
            place.round(&mut [&mut sleeper]).unwrap();
            if sleeper.streams.status().tasks.values().any(|task| task.position > task.committed.max(0)) {
                break;
            }
        }
        // Stopped with a transaction open; another takes over, and another model.
        place.clock.advance(Duration::from_secs(60));
        place.publish(3.0);
        place.write(100);
        let mut other = place.start("other");
        place.run(&mut [&mut other]).unwrap();
        place.verify();
        // It wakes up and goes on as if nothing had happened.
        place.write(100);
        let awake = place.run(&mut [&mut sleeper, &mut other]);
        if let Err(error) = awake {
            assert_eq!(error.actor(), Actor::Successor, "{error}");
            place.run(&mut [&mut other]).unwrap();
        }
        place.verify();
    }
}

#[test]
fn fault_5_a_state_directory_is_one_process_s() {
    let place = Place::new(Engine::Persistent, 1);
    let first = place.start("a");
    let error = place.start_with("a", place.environment()).err().unwrap();
    assert!(
        matches!(&*error.kind, ErrorKind::StateLocked { holder, .. } if holder == "instance a"),
        "{error}"
    );
    drop(first);
    drop(place.start("a"));
}

#[test]
fn fault_6_of_two_processes_with_one_identity_the_older_goes() {
    let mut place = Place::new(Engine::Persistent, 2);
    place.publish(2.0);
    place.write(100);
    let mut older = place.start("a");
    place.run(&mut [&mut older]).unwrap();
    // Somebody has copied the state directory.
    copy_directory(&place.state_directory("a"), &place.state_directory("b"));
    let mut newer = place.start("b");
    place.write(200);
    let mut gone = None;
    for _ in 0..20_000 {
        if gone.is_none()
            && let Err(error) = place.round(&mut [&mut older])
        {
            assert_eq!(error.actor(), Actor::Successor, "{error}");
            gone = Some(error);
        }
        place.round(&mut [&mut newer]).unwrap();
        if gone.is_some() && place.is_done() {
            break;
        }
        if place.is_done() {
            place.write(10);
        }
    }
    assert!(gone.is_some(), "the older one goes on");
    place.run(&mut [&mut newer]).unwrap();
    place.verify();
}

#[test]
fn fault_7_a_clean_close_under_load_commits_what_is_done() {
    for engine in ENGINES {
        let mut place = Place::new(engine, 2);
        place.publish(2.0);
        place.write(1000);
        let mut instance = place.start("a");
        while place.read_results() == 0 {
            place.round(&mut [&mut instance]).unwrap();
        }
        instance.streams.close().unwrap();
        let mut instance = place.start("a");
        place.run(&mut [&mut instance]).unwrap();
        place.verify();
    }
}

#[test]
fn fault_8_instances_come_and_go_all_the_time() {
    for engine in ENGINES {
        let mut place = Place::new(engine, 4);
        let mut instances: Vec<Instance> = vec![place.start("i0")];
        for turn in 1..12_u32 {
            place.publish(f64::from(turn) + 0.5);
            place.write(120);
            instances.push(place.start(&format!("i{turn}")));
            for _ in 0..60 {
                place.round(&mut instances.iter_mut().collect::<Vec<_>>()).unwrap();
            }
            if turn % 2 == 0 {
                instances.remove(0).streams.close().unwrap();
            } else if instances.len() > 3 {
                place.kill(instances.remove(0));
            }
        }
        place.run(&mut instances.iter_mut().collect::<Vec<_>>()).unwrap();
        place.verify();
    }
}

#[test]
fn fault_17_a_committed_offset_that_is_gone_stops_loudly() {
    let mut place = Place::new(Engine::Memory, 1);
    place.publish(2.0);
    place.write(100);
    let mut instance = place.start("a");
    place.run(&mut [&mut instance]).unwrap();
    instance.streams.close().unwrap();
    place.write(100);
    place.backend.admin().unwrap().delete_records(&place.inputs()[0], 150).unwrap();
    let mut instance = place.start("a");
    let error = place.run(&mut [&mut instance]).unwrap_err();
    assert_eq!(error.actor(), Actor::Operator, "{error}");
    assert!(error.to_string().contains("100"), "{error}");
}

#[test]
fn fault_18_a_changelog_that_is_gone_is_refused() {
    for engine in [Engine::Persistent, Engine::Custom] {
        let mut place = Place::new(engine, 2);
        place.publish(2.0);
        place.write(100);
        let mut instance = place.start("a");
        place.run(&mut [&mut instance]).unwrap();
        // An offset's metadata knows where the changelog ended at the commit before.
        place.write(100);
        place.run(&mut [&mut instance]).unwrap();
        instance.streams.close().unwrap();
        let admin = place.backend.admin().unwrap();
        admin.delete_topic("test-modelStore-changelog").unwrap();
        let refused = |place: &Place| {
            let mut instance = place.start("a");
            place.write_more(&mut instance)
        };
        let error = refused(&place).unwrap_err();
        assert!(error.to_string().contains("test-modelStore-changelog"), "{error}");
        // Made anew by somebody: shorter than what is committed.
        admin.create_topic(&TopicSpec::new("test-modelStore-changelog", 2)).unwrap();
        let error = refused(&place).unwrap_err();
        assert!(error.to_string().contains("test-modelStore-changelog"), "{error}");
    }
}

#[test]
fn fault_22_and_25_bad_records_and_panics_are_dead_letters_in_the_same_transaction() {
    let mut place = Place::new(Engine::Persistent, 2);
    let control = place.publish_text("number", "a", "line: scale=2 panic=13 fail=14");
    place.scales.insert(control, 2.0);
    let texts: Vec<String> = (0..300)
        .map(|x| match x % 10 {
            3 => "not json".to_owned(),
            5 => r#"{"x": 13}"#.to_owned(),
            6 => r#"{"x": 14}"#.to_owned(),
            7 => r#"{"x": 1, "dataType": "cheese"}"#.to_owned(),
            _ => format!(r#"{{"x": {x}.5}}"#),
        })
        .collect();
    place.write_texts(&texts);
    let mut environment = place.environment();
    environment.faults = Arc::new(Trip::at(FaultPoint::BeforeCommit, 1));
    let mut instance = place.start_with("a", environment).unwrap();
    assert!(place.run(&mut [&mut instance]).unwrap_err().is_injected());
    place.kill(instance);
    let mut instance = place.start("a");
    place.run(&mut [&mut instance]).unwrap();
    place.verify();
    let letters =
        place.read(&place.names.dead_letters, 0).len() + place.read(&place.names.dead_letters, 1).len();
    assert_eq!(letters, 120);
    let tasks = TaskView::all(instance.streams.views(), "modelStore").unwrap();
    let records: u64 = tasks.iter().map(|(_, task)| task.statistics.conservation().records).sum();
    assert_eq!((tasks.len(), records), (2, 300), "queries show what is committed");
}

#[test]
fn fault_26_fifty_swaps_under_load_on_two_instances() {
    for engine in ENGINES {
        let mut place = Place::new(engine, 6);
        let (mut one, mut other) = (place.start("a"), place.start("b"));
        for swap in 0..50_u32 {
            place.write(200);
            place.publish(f64::from(swap) + 0.25);
            for _ in 0..12 {
                place.round(&mut [&mut one, &mut other]).unwrap();
            }
        }
        place.run(&mut [&mut one, &mut other]).unwrap();
        place.verify();
        assert!(place.read(&place.names.cutovers, 0).len() > 10);
    }
}

#[test]
fn fault_27_a_bad_model_is_known_to_all_instances_and_to_those_that_come_later() {
    let mut place = Place::new(Engine::Persistent, 2);
    place.publish(2.0);
    let (mut one, mut other) = (place.start("a"), place.start("b"));
    place.write(50);
    place.run(&mut [&mut one, &mut other]).unwrap();
    let bad = place.publish_text("number", "a", "line: nonsense");
    place.write(50);
    place.run(&mut [&mut one, &mut other]).unwrap();
    for _ in 0..50 {
        place.round(&mut [&mut one, &mut other]).unwrap();
    }
    place.verify();
    for instance in [&one, &other] {
        let control = instance.parts.state.control();
        assert_eq!(control.rejections.iter().map(|found| found.offset).collect::<Vec<_>>(), [bad]);
        assert!(instance.parts.state.not_ready().is_empty(), "{:?}", instance.parts.state.not_ready());
    }
    let rejections = place.read(&place.names.rejections, 0);
    assert!(rejections.iter().all(|record| record.key.as_deref() == Some(bad.to_string().as_bytes())));
    let mut third = place.start("c");
    for _ in 0..50 {
        place.round(&mut [&mut one, &mut other, &mut third]).unwrap();
    }
    assert_eq!(third.parts.state.control().rejections.len(), 1);
    assert_eq!(place.read(&place.names.rejections, 0).len(), rejections.len(), "not repeated");
}

#[test]
fn fault_28_nothing_is_scored_before_the_control_log_is_folded() {
    let mut place = Place::new(Engine::Persistent, 1);
    place.write(20);
    for scale in 0..2000_u32 {
        place.publish(f64::from(scale));
    }
    place.publish_text("number", "b", "line: scale=7");
    place.control("number/b", None);
    let mut instance = place.start("a");
    place.run(&mut [&mut instance]).unwrap();
    // The removal of b is the last change of the set, so it names the revision; a made the results.
    let cutovers = place.read(&place.names.cutovers, 0);
    assert_eq!(cutovers.len(), 1, "no revision in between");
    let results = place.read(&place.names.results, 0);
    assert_eq!(results.len(), 20);
    assert!(results.iter().all(|result| result.headers["scorewheel-lineage"].contains(r#""control":1999"#)));
    assert_eq!(instance.parts.state.control().models.len(), 1);
}
