//! The rules of the model ledger, in the topologies.

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::*;
use scorewheel_model::Digest;
use scorewheel_scoring::{Markers, ScoringEvent};
use scorewheel_serving::{
    Adopt, Adoption, Cutover, FailureShare, Mark, Marking, NoModel, OnModelFailure, Policies, RevisionId,
};
use scorewheel_streams::{TestDriverOptions, TestRecord};

#[test]
fn rule_1_a_removal_installs_the_next_highest_model() {
    let mut world = World::new(Engine::Persistent);
    world.publish("number", "a", "line: scale=2");
    world.publish("number", "b", "line: scale=3");
    world.numbers(&[1.0]);
    world.driver.restart().unwrap();
    assert_eq!(world.loaded(), ["line: scale=2", "line: scale=3", "line: scale=3"]);
    world.remove("number", "b");
    world.numbers(&[1.0]);
    assert_eq!(world.results(), ["3.0@1", "2.0@0"]);
    assert_eq!(*world.topics.fetched.lock().unwrap(), [0], "held by reference, read again when it is needed");
    world.remove("number", "a");
    world.numbers(&[1.0]);
    assert_eq!(world.task(Engine::Persistent).statistics.conservation().drops, 1);
}

#[test]
fn rule_2_nothing_but_the_control_log_holds_a_model() {
    for engine in [Engine::Persistent, Engine::Custom] {
        let mut world = World::new(engine);
        let secret = "line: scale=2              ";
        world.publish("number", "a", secret);
        world.numbers(&[1.0, 2.0]);
        let topics = ["models_results", "models_deadletters", "test-cutovers", "test-modelStore-changelog"];
        for topic in topics {
            for record in world.driver.output(topic) {
                let value = record.value.unwrap_or_default();
                assert!(!value.windows(secret.len()).any(|part| part == secret.as_bytes()), "{topic}");
                assert!(value.len() < 700, "{topic}: {}", value.len());
            }
        }
        assert!(world.driver.committed("models_data", 0).unwrap().1.len() < 200);
    }
}

#[test]
fn rule_3_nothing_is_scored_before_the_log_is_folded_and_what_is_in_force_is_installed() {
    let mut world = World::new(Engine::Persistent);
    for scale in 0..20 {
        world.publish("number", "a", &format!("line: scale={scale}"));
    }
    world.publish("number", "b", "line: nonsense");
    world.driver.hold_builds("models").unwrap();
    world.driver.restart().unwrap();
    world.loaded();
    world.numbers(&[1.0]);
    assert!(world.results().is_empty());
    assert!(!world.parts.state.not_ready().is_empty());
    world.driver.complete_builds("models").unwrap();
    assert_eq!(world.results(), ["19.0@19"]);
    // The rejection is known from its topic: not even parsed again.
    assert_eq!(world.loaded(), ["line: scale=19"]);
    assert!(world.parts.state.not_ready().is_empty());
}

#[test]
fn rule_4_a_refused_model_changes_nothing_but_the_rejections_topic() {
    let mut world = World::new(Engine::Persistent);
    world.publish("number", "a", "line: scale=2");
    world.publish("number", "b", "line: unverified");
    let refused = world.control(TestRecord::new("not a descriptor").key("number/c"));
    world.numbers(&[1.0]);
    assert_eq!(world.results(), ["2.0@0"]);
    let written = world.topics.rejections.lock().unwrap().clone();
    let kinds: Vec<_> =
        written.values().map(|rejection| (rejection.offset, rejection.kind.as_str())).collect();
    assert_eq!(kinds, [(1, "fails_verification"), (refused, "undecodable")]);
    let control = world.parts.state.control();
    assert_eq!(control.rejections.len(), 2, "a queryable fact");
    assert_eq!(control.revision.unwrap().control, 0);
    let events = world.take_events();
    let said = events.iter().filter(|event| matches!(event, ScoringEvent::Rejected(_))).count();
    assert_eq!(said, 2, "an event");
    world.driver.restart().unwrap();
    let said = world.take_events().iter().filter(|event| matches!(event, ScoringEvent::Rejected(_))).count();
    assert_eq!((said, world.topics.rejections.lock().unwrap().len()), (0, 2), "not repeated at a restart");
}

#[test]
fn rule_5_a_lack_of_anything_is_no_verdict() {
    let mut world = World::new(Engine::Persistent);
    world.publish("number", "a", "line: scale=2");
    world.publish("number", "b", "line: scale=3");
    world.topics.broken.store(true, Ordering::Relaxed);
    world.remove("number", "b");
    assert_eq!(world.parts.state.control().rejections.len(), 0);
    assert!(
        world.parts.state.not_ready()[0].contains("control offset 0"),
        "{:?}",
        world.parts.state.not_ready()
    );
    world.numbers(&[1.0]);
    assert_eq!(world.results(), ["3.0@1"], "the old model keeps scoring");
    world.topics.broken.store(false, Ordering::Relaxed);
    world.driver.advance(Duration::from_secs(2)).unwrap();
    world.numbers(&[1.0]);
    assert_eq!(world.results(), ["2.0@0"]);
    assert!(world.parts.state.not_ready().is_empty());
}

#[test]
fn rule_5_a_newer_engine_that_refuses_what_is_committed_takes_no_partition_until_it_is_told_to() {
    for adopt in [false, true] {
        let mut world = World::with(Engine::Persistent, TestDriverOptions::default(), |parts| {
            parts.adopt = Adopt { revision: adopt, log: false };
        });
        world.publish("number", "a", "line: scale=2");
        world.publish("number", "b", "line: scale=1");
        world.numbers(&[7.0]);
        assert_eq!(world.results(), ["7.0@1"]);
        let metadata = world.driver.committed("models_data", 0).unwrap().1;
        world.topics.committed.lock().unwrap().push(metadata.into_bytes());

        world.newer.store(true, Ordering::Relaxed);
        world.driver.restart().unwrap();
        world.numbers(&[7.0]);
        if adopt {
            assert_eq!(world.results(), ["14.0@0"]);
            let last = world.driver.output("test-cutovers").pop().unwrap();
            let entry = Cutover::read(&last.value.unwrap()).unwrap();
            assert_eq!((entry.adopted, entry.revision), (Some(Adoption::Revision), 0));
            assert_eq!(world.topics.rejections.lock().unwrap().len(), 1);
        } else {
            assert!(world.results().is_empty(), "the partition is left alone");
            let reasons = world.parts.state.not_ready();
            assert!(reasons.iter().any(|reason| reason.contains("--adopt-revision")), "{reasons:?}");
            assert!(world.take_events().iter().any(|event| matches!(event, ScoringEvent::Diverged(_))));
            let rejections = world.topics.rejections.lock().unwrap().len();
            assert_eq!(rejections, 0, "its rejection does not stand for those who accepted the model");
        }
    }
}

#[test]
fn rule_6_a_revision_is_the_mark_of_committed_offsets() {
    let mut world = World::new(Engine::Persistent);
    world.numbers(&[1.0]);
    let mark = |world: &World| {
        let metadata = world.driver.committed("models_data", 0).unwrap().1;
        let word = metadata.split(' ').find_map(|word| word.strip_prefix('=')).unwrap().to_owned();
        match Mark::read(word.as_bytes()) {
            Marking::Ours(mark) => mark,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(mark(&world).revision, RevisionId::EMPTY);
    world.publish("number", "a", "line: scale=2");
    world.publish("number", "b", "line: nonsense");
    world.numbers(&[1.0]);
    let first = mark(&world);
    assert_eq!(Some(first.revision), world.parts.state.control().revision);
    assert_eq!(first.revision.control, 0);
    world.publish("other", "a", "line: scale=2");
    world.numbers(&[1.0]);
    assert_ne!(mark(&world).revision.set, first.revision.set);
}

#[test]
fn rule_7_a_cut_over_is_written_with_the_first_results_it_governs_and_taken_back_with_them() {
    for engine in ENGINES {
        let mut world = World::manual(engine);
        world.publish("number", "a", "line: scale=2");
        world.numbers(&[1.0]);
        world.driver.commit().unwrap();
        world.publish("number", "a", "line: scale=3");
        world.driver.commit().unwrap();
        assert_eq!(world.cutovers(), ["0->0"], "nothing was scored by the second model yet");
        world.numbers(&[1.0]);
        world.driver.abort().unwrap();
        world.publish("number", "a", "line: scale=4");
        world.driver.advance(Duration::ZERO).unwrap();
        world.driver.commit().unwrap();
        assert_eq!(world.cutovers(), ["1->2"], "{engine:?}");
        assert_eq!(world.results(), ["2.0@0", "4.0@2"]);
        let shown: Vec<i64> = world.parts.state.cutovers().iter().map(|cutover| cutover.revision).collect();
        assert_eq!(shown, [0, 2], "queries show what is committed");
    }
}

#[test]
fn rule_8_a_task_waits_after_a_restart_until_its_revision_is_there() {
    let mut world = World::new(Engine::Persistent);
    world.publish("number", "a", "line: scale=2");
    world.numbers(&[1.0]);
    world.driver.hold_builds("models").unwrap();
    world.driver.restart().unwrap();
    world.numbers(&[2.0]);
    assert_eq!(world.results(), ["2.0@0"]);
    world.driver.complete_builds("models").unwrap();
    assert_eq!(world.results(), ["4.0@0"]);
    assert_eq!(world.cutovers(), ["0->0"], "a restart is no cut-over");
    let entry = Cutover::read(&world.driver.output("test-cutovers")[0].value.clone().unwrap()).unwrap();
    assert_eq!(entry.adopted, Some(Adoption::Newest), "there was no committed revision before");
}

#[test]
fn rule_9_each_result_names_the_one_model_that_made_it_and_where_its_record_came_from() {
    for engine in ENGINES {
        let mut world = World::new(engine);
        world.publish("number", "a", "line: scale=2");
        world.publish("other", "b", "line: scale=3");
        world.records(&[r#"{"x": 1}"#, r#"{"x": 2, "dataType": "other"}"#]);
        world.publish("number", "a", "line: scale=4");
        world.numbers(&[3.0]);
        let results = world.driver.output("models_results");
        let named: Vec<_> = results
            .iter()
            .map(lineage)
            .map(|lineage| {
                let text = |field: &str| lineage[field].as_str().unwrap().to_owned();
                (text("model"), text("version"), text("sha256"), lineage["offset"].as_i64().unwrap())
            })
            .collect();
        let digest = |content: &str| Digest::of(content.as_bytes()).to_string();
        let expected = [
            ("a".into(), "@0".into(), digest("line: scale=2"), 0),
            ("b".into(), "@1".into(), digest("line: scale=3"), 1),
            ("a".into(), "@2".into(), digest("line: scale=4"), 2),
        ];
        assert_eq!(named, expected, "{engine:?}");
        assert!(results.iter().all(|result| result.headers.len() == 1 && lineage_length(result) < 250));
    }
}

fn lineage_length(result: &scorewheel_streams::OutputRecord) -> usize {
    result.header("scorewheel-lineage").map_or(0, <[u8]>::len)
}

#[test]
fn rule_9_lineage_can_be_left_out() {
    let mut world =
        World::with(Engine::Persistent, TestDriverOptions::default(), |parts| parts.lineage = false);
    world.publish("number", "a", "line: scale=2");
    world.numbers(&[1.0]);
    assert!(world.driver.output("models_results")[0].headers.is_empty());
}

#[test]
fn rule_10_a_model_that_fails_pauses_its_partition_also_after_a_restart() {
    for engine in ENGINES {
        let mut world = World::with(engine, TestDriverOptions::default(), |parts| {
            parts.policies.failure = FailureShare { share: 1.0, rows: 3 };
        });
        world.publish("number", "a", "line: fail=all");
        world.publish("other", "b", "line: scale=2");
        world.numbers(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(world.dead_letters(), ["score:no_answer@0", "score:no_answer@1", "score:no_answer@2"]);
        assert_eq!(world.driver.committed("models_data", 0).unwrap().0, 3, "nothing is committed past it");
        assert!(world.driver.paused(0).unwrap().contains("the whole partition is paused"));
        assert_eq!(world.parts.state.alarms().len(), 1);
        world.driver.restart().unwrap();
        world.records(&[r#"{"dataType": "other", "x": 1}"#]);
        let again = world.dead_letters();
        if engine == Engine::Memory {
            assert_eq!(again, ["score:no_answer@3", "score:no_answer@4"], "forgotten with the store");
            continue;
        }
        assert!(again.is_empty() && world.results().is_empty(), "{engine:?}: {again:?}");
        world.publish("number", "a", "line: scale=10");
        assert_eq!(world.results(), ["40.0@2", "50.0@2", "2.0@1"]);
        assert_eq!(world.driver.paused(0), None);
    }
}

#[test]
fn rule_10_continue_goes_on_with_an_alarm() {
    let mut world = World::with(Engine::Persistent, TestDriverOptions::default(), |parts| {
        let failure = FailureShare { share: 0.5, rows: 4 };
        parts.policies =
            Policies { on_model_failure: OnModelFailure::Continue, failure, ..Policies::default() };
    });
    world.publish("number", "a", "line: fail=1");
    world.numbers(&[1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
    assert_eq!(world.dead_letters().len(), 3);
    assert_eq!(world.driver.paused(0), None);
    let alarms = world.parts.state.alarms();
    assert_eq!((alarms.len(), alarms[0].paused, alarms[0].control), (1, false, 0));
}

#[test]
fn rule_10_a_model_that_killed_the_process_twice_is_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    let mut world = World::new(Engine::Persistent);
    world.publish("number", "a", "line: scale=2");
    world.publish("number", "killer", "line: scale=3");
    world.numbers(&[1.0]);
    let killer = world.parts.state.control().models[0].reference.clone();
    for _ in 0..2 {
        Markers::open(directory.path()).unwrap().enter(&killer);
    }
    // The same log in a process that finds the marks.
    let markers = Arc::new(Markers::open(directory.path()).unwrap());
    let mut found =
        World::with(Engine::Persistent, TestDriverOptions::default(), |parts| parts.markers = markers);
    found.driver.hold_builds("models").unwrap();
    found.publish("number", "a", "line: scale=2");
    found.publish("number", "killer", "line: scale=3");
    found.driver.restart().unwrap();
    found.driver.complete_builds("models").unwrap();
    found.numbers(&[1.0]);
    assert_eq!(found.loaded(), ["line: scale=2"]);
    assert_eq!(found.results(), ["2.0@0"], "the model before it goes on");
    let reasons = found.parts.state.not_ready();
    assert!(reasons[0].contains("scorewheel models release 1"), "{reasons:?}");
    assert!(found.parts.state.control().rejections.is_empty(), "no verdict");
    assert!(
        found.take_events().iter().any(|event| matches!(event, ScoringEvent::Quarantined { control: 1, .. }))
    );
    // Another message supersedes it.
    found.publish("number", "a", "line: scale=5");
    found.numbers(&[1.0]);
    assert_eq!(found.results(), ["5.0@2"]);
    assert!(found.parts.state.not_ready().is_empty());
}

#[test]
fn rule_10_marks_are_gone_after_install_and_first_batch() {
    let directory = tempfile::tempdir().unwrap();
    let markers = Arc::new(Markers::open(directory.path()).unwrap());
    let mut world =
        World::with(Engine::Persistent, TestDriverOptions::default(), |parts| parts.markers = markers);
    world.publish("number", "a", "line: scale=2 panic=4");
    world.numbers(&[1.0, 4.0]);
    world.publish("number", "a", "line: nonsense");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn rule_11_wait_pauses_before_the_first_record_without_a_model() {
    for engine in ENGINES {
        let mut world = World::with(engine, TestDriverOptions::default(), |parts| {
            parts.policies.no_model = NoModel::Wait;
        });
        world.publish("other", "b", "line: scale=2");
        let other = |x: i32| format!(r#"{{"dataType": "other", "x": {x}}}"#);
        world.records(&[other(1), r#"{"x": 1}"#.into(), other(2)]);
        assert_eq!(
            (world.results(), world.driver.committed("models_data", 0).unwrap().0),
            (vec!["2.0@0".into()], 1)
        );
        assert!(world.driver.paused(0).unwrap().contains("no model is in force for the data type number"));
        world.publish("number", "a", "line: scale=3");
        assert_eq!(world.results(), ["3.0@1", "4.0@0"], "{engine:?}");
    }
}

#[test]
fn rule_11_dead_letter_says_that_there_was_no_model() {
    let mut world = World::with(Engine::Persistent, TestDriverOptions::default(), |parts| {
        parts.policies.no_model = NoModel::DeadLetter;
    });
    world.numbers(&[1.0]);
    assert_eq!(world.dead_letters(), ["route:no_model@0"]);
}

#[test]
fn rule_12_records_are_conserved_recounted_from_the_topics() {
    for engine in ENGINES {
        let mut world = World::manual(engine);
        let mut piped = 0;
        for round in 0..40_u32 {
            match round % 5 {
                1 => _ = world.publish("number", "a", &format!("line: scale={round} panic=3 fail=5")),
                3 => _ = world.publish("other", "b", "line: nonsense"),
                4 if round % 3 == 0 => _ = world.remove("number", "a"),
                _ => {}
            }
            let records: Vec<String> = (0..round % 7)
                .map(|x| match x {
                    2 => "broken".to_owned(),
                    4 => format!(r#"{{"dataType": "other", "x": {x}}}"#),
                    x => format!(r#"{{"x": {x}}}"#),
                })
                .collect();
            piped += records.len();
            world.records(&records);
            if round % 4 == 1 {
                world.driver.abort().unwrap();
                world.driver.advance(Duration::ZERO).unwrap();
            }
            if round % 3 == 2 {
                world.driver.commit().unwrap();
            }
            if round == 20 {
                world.driver.commit().unwrap();
                if engine != Engine::Memory {
                    world.driver.restart().unwrap();
                }
            }
        }
        world.driver.commit().unwrap();
        let results = world.driver.output("models_results").len();
        let dead_letters = world.driver.output("models_deadletters").len();
        let conservation = world.task(engine).statistics.conservation();
        assert_eq!(conservation.records as usize, piped, "{engine:?}");
        assert_eq!(conservation.results as usize, results, "{engine:?}");
        assert_eq!(conservation.all_dead_letters() as usize, dead_letters, "{engine:?}");
        assert_eq!(conservation.drops as usize, piped - results - dead_letters, "{engine:?}");
        assert!(conservation.drops > 0 && dead_letters > 0 && results > 0);
        // Counts per model are the fold of the results.
        let mut counts = std::collections::BTreeMap::new();
        for result in world.driver.output("models_results") {
            *counts.entry(lineage(&result)["control"].as_i64().unwrap()).or_insert(0) += 1;
        }
        let statistics = world.task(engine).statistics;
        let counted = statistics.models().map(|model| model.count).sum::<u64>();
        assert_eq!(counted as usize, results);
        for model in statistics.models().filter(|model| model.control >= 0) {
            assert_eq!(Some(&model.count), counts.get(&model.control), "{engine:?}");
        }
    }
}

#[test]
fn rule_13_statistics_are_rolled_back_with_the_transaction() {
    for engine in ENGINES {
        let mut world = World::manual(engine);
        world.publish("number", "a", "line: scale=2");
        world.numbers(&[1.0, 2.0]);
        world.driver.commit().unwrap();
        world.numbers(&[3.0]);
        world.driver.abort().unwrap();
        assert_eq!(world.task(engine).statistics.model(0).unwrap().count, 2);
        world.driver.advance(Duration::ZERO).unwrap();
        assert_eq!(world.task(engine).statistics.model(0).unwrap().count, 2, "not committed yet");
        world.driver.commit().unwrap();
        let task = world.task(engine);
        let model = task.statistics.model(0).unwrap();
        assert_eq!((model.count, &*model.name, model.since), (3, "a", 1_700_000_000_000), "{engine:?}");
        assert!(model.min_nanoseconds <= model.max_nanoseconds);
        assert_eq!((task.offset, task.revision.control), (3, 0));
    }
}

#[test]
fn rule_14_what_outlives_a_restart_depends_on_the_store() {
    for engine in ENGINES {
        let mut world = World::new(engine);
        world.numbers(&[9.0]);
        world.publish("number", "a", "line: scale=2");
        world.numbers(&[1.0, 2.0]);
        world.driver.restart().unwrap();
        world.numbers(&[3.0]);
        let conservation = world.task(engine).statistics.conservation();
        let expected = if engine == Engine::Memory { (1, 1, 0) } else { (4, 3, 1) };
        assert_eq!((conservation.records, conservation.results, conservation.drops), expected, "{engine:?}");
        assert_eq!(world.results().len(), 3, "results are exact with all of them");
    }
}

#[test]
fn a_control_log_with_a_digest_of_each_message_needs_no_bytes() {
    // What the mark promises is checked against the log without reading any model again.
    let mut world = World::new(Engine::Persistent);
    world.publish("number", "a", "line: scale=2");
    let mark = world.driver.snapshot_mark("models").unwrap().unwrap();
    let Marking::Ours(mark) = Mark::read(mark.mark.as_bytes()) else { panic!("{mark:?}") };
    assert_eq!(mark.revision.control, 0);
    assert_ne!(mark.message, Some(Digest::of(b"line: scale=2")), "it covers name, version and mapping too");
}
