//! Faults of records and models, through the topologies in the test driver: each outcome is the documented one, and
//! neighbours are untouched. Numbers are those of the matrix of faults.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::*;
use scorewheel_model::Limits;
use scorewheel_scoring::{Parts, ScoringEvent, parts};
use scorewheel_serving::Cutover;
use scorewheel_streams::{TestDriverOptions, TestRecord};

/// Recounts everything from the topics: every record once, scores recomputed under the model that they name, revisions
/// that only rise, and cut-overs that say the same. Scores are `scale * x`, with the scale of each control offset.
fn verify(world: &mut World, engine: Engine, piped: &[f64], scales: &BTreeMap<i64, f64>) {
    let cutovers: Vec<Cutover> = world
        .driver
        .output("test-cutovers")
        .iter()
        .map(|record| Cutover::read(record.value.as_deref().unwrap()).unwrap())
        .collect();
    assert!(cutovers.windows(2).all(|pair| pair[0].offset < pair[1].offset));
    assert!(cutovers.windows(2).all(|pair| pair[0].revision < pair[1].revision));
    let governing = |offset: i64| {
        cutovers.iter().rev().find(|cutover| cutover.offset <= offset).map(|cutover| cutover.revision)
    };
    let mut next = 0;
    let results = world.driver.output("models_results");
    for result in &results {
        let lineage = lineage(result);
        let (offset, control) = (lineage["offset"].as_i64().unwrap(), lineage["control"].as_i64().unwrap());
        // Before the first model records are dropped; after it, none is missing.
        assert!(
            offset == next || (next == 0 && governing(0) == Some(-1)),
            "{engine:?}: {offset} after {next}"
        );
        next = offset + 1;
        assert_eq!(governing(offset), Some(control), "{engine:?}: record {offset}");
        let value: serde_json::Value = serde_json::from_slice(result.value.as_deref().unwrap()).unwrap();
        let expected = scales[&control] * piped[offset as usize];
        assert_eq!(value["score"].as_f64().unwrap().to_bits(), expected.to_bits(), "{engine:?}: {offset}");
    }
    assert_eq!(next as usize, piped.len(), "{engine:?}");
    if engine != Engine::Memory {
        let conservation = world.task(engine).statistics.conservation();
        assert!(conservation.holds());
        assert_eq!(conservation.records as usize, piped.len());
        assert_eq!(conservation.results as usize, results.len());
    }
}

#[test]
fn fault_1_to_3_and_26_fifty_swaps_under_load_with_aborts_and_kills() {
    for engine in ENGINES {
        let mut world = World::manual(engine);
        let (mut piped, mut scales) = (Vec::new(), BTreeMap::new());
        for swap in 0..50_u32 {
            let scale = f64::from(swap) + 0.1;
            scales.insert(world.publish("number", "a", &format!("line: scale={scale}")), scale);
            for part in 0..4_u32 {
                let numbers: Vec<f64> =
                    (0..part * 7 + swap % 5).map(|x| f64::from(x) + f64::from(swap)).collect();
                piped.extend(&numbers);
                world.numbers(&numbers);
                match (swap * 4 + part) % 11 {
                    2 => world.driver.abort().unwrap(),
                    // The process is killed with its transaction open; the log has nothing of it.
                    5 => world.driver.restart().unwrap(),
                    7 | 9 => world.driver.commit().unwrap(),
                    // Killed right after the log has committed: stores come back from the changelog.
                    10 => {
                        world.driver.commit().unwrap();
                        world.driver.restart().unwrap();
                    }
                    _ => {}
                }
            }
        }
        world.driver.advance(Duration::ZERO).unwrap();
        world.driver.commit().unwrap();
        verify(&mut world, engine, &piped, &scales);
    }
}

#[test]
fn fault_23_missing_not_a_number_and_extra_fields() {
    let mut world = World::new(Engine::Persistent);
    world.publish("number", "a", "line: scale=2");
    world.records(&[
        r#"{"x": 1}"#,
        "{}",
        r#"{"x": "NaN"}"#,
        r#"{"x": NaN}"#,
        r#"{"x": 2, "unheard_of": {"deep": [1, {}]}}"#,
        r#"{"x": 1e999}"#,
        r#"{"x": true}"#,
        r#"{"x": 3}"#,
    ]);
    let results = world.results();
    let letters = world.dead_letters();
    assert_eq!(results.first().map(String::as_str), Some("2.0@0"));
    assert_eq!(results.last().map(String::as_str), Some("6.0@0"));
    assert!(results.contains(&"4.0@0".to_owned()), "an extra field is nothing to a model: {results:?}");
    assert!(letters.contains(&"score:missing_value@1".to_owned()), "{letters:?}");
    assert!(letters.contains(&"decode:bad_json@3".to_owned()), "{letters:?}");
    assert_eq!(results.len() + letters.len(), 8);
}

#[test]
fn fault_24_null_keys_and_values_negative_timestamps_and_the_size_limit_to_the_byte() {
    let mut world = World::new(Engine::Persistent);
    world.publish("number", "a", "line: scale=2");
    let record = |x: u32| TestRecord::new(format!(r#"{{"x": {x}}}"#));
    let null = TestRecord { value: None, ..record(0) };
    world.driver.pipe("models_data", 0, [record(1), null, record(2).at(-5), record(3).at(i64::MAX)]).unwrap();
    let results = world.driver.read_output("models_results");
    let facts: Vec<_> = results.iter().map(|result| (result.key.clone(), result.timestamp)).collect();
    assert_eq!(facts[1..], [(None, -5), (None, i64::MAX)]);
    assert_eq!(world.dead_letters(), ["decode:no_value@1"]);

    // The largest result that the topic takes, and one byte less room.
    let length = |world: &mut World, limit: usize| {
        world.driver.limit_record_size("models_results", limit);
        world.numbers(&[7.0]);
        (world.results().len(), world.dead_letters().len())
    };
    let fits = (1..500).find(|limit| length(&mut world, *limit).0 == 1).unwrap();
    assert_eq!(length(&mut world, fits - 1), (0, 1));
    assert_eq!(length(&mut world, fits), (1, 0));
}

#[test]
fn fault_25_a_panic_in_the_engine_costs_the_guilty_record_only() {
    for engine in ENGINES {
        let mut world = World::new(engine);
        world.publish("number", "a", "line: scale=2 panic=500");
        let numbers: Vec<f64> = (0..1000).map(f64::from).collect();
        world.numbers(&numbers);
        assert_eq!(world.dead_letters(), ["score:engine_panicked@500"]);
        assert_eq!(world.results().len(), 999);
        // The same model goes on with scratch of its own.
        world.numbers(&[1.0]);
        assert_eq!(world.results(), ["2.0@0"]);
    }
}

#[test]
fn fault_27_bad_wrong_schema_and_oversize_models_leave_the_old_one_scoring() {
    let limit = |parts: &mut Parts| {
        let limits = Limits { bytes: 64, ..Limits::default() };
        let formats: Vec<std::sync::Arc<dyn scorewheel_model::Format>> =
            vec![std::sync::Arc::new(models::LineFormat)];
        parts.judge = parts::judge(&data_types(), formats, limits, Default::default()).unwrap();
    };
    let mut world = World::with(Engine::Persistent, TestDriverOptions::default(), limit);
    world.publish("number", "a", "line: scale=2");
    let oversize = format!("line: scale=3{}", " ".repeat(64));
    let bad = [
        ("number", "line: scale=", "malformed"),
        ("number", "line: input=nowhere", "wrong_schema"),
        ("number", "line: panic-load", "engine_panicked"),
        ("number", &*oversize, "too_large"),
        ("number", "", "malformed"),
        ("cheese", "line: scale=3", "unknown_data_type"),
        ("num ber", "line: scale=3", "bad_name"),
    ];
    for (data_type, content, kind) in bad {
        world.publish(data_type, "b", content);
        world.numbers(&[1.0]);
        assert_eq!(world.results(), ["2.0@0"], "{content:?}");
        let rejections = world.parts.state.control().rejections.clone();
        assert_eq!(rejections.last().map(|rejection| rejection.kind.as_str()), Some(kind), "{content:?}");
    }
    let events = world.take_events();
    let told = events.iter().filter(|event| matches!(event, ScoringEvent::Rejected(_))).count();
    assert_eq!((told, world.topics.rejections.lock().unwrap().len()), (bad.len(), bad.len()));
    assert!(world.parts.state.not_ready().is_empty(), "a refused model is no reason not to be ready");
}

#[test]
fn fault_28_a_long_control_log_with_removals_and_gaps() {
    let mut world = World::new(Engine::Persistent);
    world.driver.hold_builds("models").unwrap();
    for round in 0..1000_i64 {
        let name = format!("m{}", round % 100);
        match round % 100 {
            // Half of the names are gone in the end.
            at if at % 2 == 1 && round >= 900 => _ = world.remove("number", &name),
            _ => _ = world.publish("number", &name, &format!("line: scale={round}")),
        }
    }
    // Markers and aborted records have no message.
    world.driver.skip_offsets("models_models", 0, 7);
    world.driver.restart().unwrap();
    world.numbers(&[1.0]);
    assert!(world.results().is_empty(), "nothing is scored before the log is folded and built");
    world.loaded();
    world.driver.complete_builds("models").unwrap();
    assert_eq!(world.results(), ["998.0@998"]);
    assert_eq!(world.loaded(), ["line: scale=998"], "what is superseded or removed is never parsed");
    let control = world.parts.state.control();
    assert_eq!(control.held[0].1.len(), 50, "the deleted stay deleted");
}
