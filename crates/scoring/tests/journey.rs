//! The journey of records and models through the three topologies.

mod common;

use common::*;
use scorewheel_model::ModelType;
use scorewheel_streams::{TestDriverOptions, TestRecord};

#[test]
fn results_go_to_the_input_s_partition_in_order_with_key_and_timestamp_and_lineage() {
    for engine in ENGINES {
        let mut world =
            World::with(engine, TestDriverOptions { partitions: 3, ..Default::default() }, |_| {});
        let control = world.publish("number", "doubles", "line: scale=2");
        let record = |x: f64, key: &str, at| TestRecord::new(format!(r#"{{"x": {x}}}"#)).key(key).at(at);
        world.driver.pipe("models_data", 2, [record(1.0, "a", 17), record(1.5, "b", 5)]).unwrap();
        let results = world.driver.read_output("models_results");
        let facts: Vec<_> = results
            .iter()
            .map(|r| (r.partition, r.key.as_deref().unwrap(), r.timestamp, r.value_text()))
            .collect();
        assert_eq!(
            facts[0],
            (2, &b"a"[..], 17, r#"{"dataType":"number","score":2.0,"outputs":{"y":2.0}}"#.into())
        );
        assert_eq!(
            facts[1],
            (2, &b"b"[..], 5, r#"{"dataType":"number","score":3.0,"outputs":{"y":3.0}}"#.into())
        );
        let lineage = lineage(&results[1]);
        let sha256 = scorewheel_model::Digest::of(b"line: scale=2").to_string();
        let expected = serde_json::json!({
            "model": "doubles", "version": format!("@{control}"), "sha256": sha256, "control": control,
            "topic": "models_data", "partition": 2, "offset": 1,
        });
        assert_eq!(lineage, expected, "{engine:?}");
    }
}

#[test]
fn models_take_over_between_records_and_bad_records_become_dead_letters() {
    for engine in ENGINES {
        let mut world = World::new(engine);
        world.numbers(&[1.0]);
        world.publish("number", "a", "line: scale=2 panic=13");
        world.records(&[
            r#"{"x": 1}"#,
            r#"{"x": 13}"#,
            "not json",
            r#"{"x": null}"#,
            r#"{"x": 2, "dataType": "cheese"}"#,
            r#"{"x": 3, "dataType": "other"}"#,
            r#"{"x": "many"}"#,
            r#"{"x": 1, "X": 2}"#,
        ]);
        world.publish("other", "b", "line: scale=-1");
        world.records(&[r#"{"x": 4, "dataType": "other"}"#, r#"{"x": 4}"#]);
        world.publish("number", "a", "line: nonsense");
        world.numbers(&[5.0]);
        world.publish("number", "a", "line: scale=3");
        world.numbers(&[5.0]);

        assert_eq!(world.results(), ["2.0@0", "-4.0@1", "8.0@0", "10.0@0", "15.0@3"], "{engine:?}");
        assert_eq!(
            world.dead_letters(),
            [
                "score:engine_panicked@2",
                "decode:bad_json@3",
                "score:missing_value@4",
                "route:unknown_data_type@5",
                "score:missing_value@7",
                "decode:doubled_field@8",
            ]
        );
        assert_eq!(world.cutovers(), ["0->-1", "1->0", "9->1", "12->3"]);
        let task = world.task(engine);
        let conservation = task.statistics.conservation();
        assert!(conservation.holds());
        assert_eq!((conservation.records, conservation.results, conservation.drops), (13, 5, 2));
        assert_eq!((task.offset, task.revision.control), (13, 3));
    }
}

#[test]
fn a_dead_letter_is_the_record_with_the_reason_in_its_headers() {
    let mut world = World::new(Engine::Persistent);
    world.publish("number", "a", "line: scale=2");
    let record = TestRecord::new("{").key("k").header("mine", "1").at(99);
    world.driver.pipe("models_data", 0, [TestRecord::new(r#"{"x": 1}"#), record]).unwrap();
    let letter = &world.driver.read_output("models_deadletters")[0];
    assert_eq!(
        (letter.key.as_deref(), letter.value.as_deref(), letter.timestamp),
        (Some(&b"k"[..]), Some(&b"{"[..]), 99)
    );
    let header = |name: &str| letter.header(name).map(|value| String::from_utf8_lossy(value).into_owned());
    assert_eq!(header("mine").as_deref(), Some("1"));
    assert_eq!(header("__streams.errors.exception").as_deref(), Some("bad_json"));
    assert!(header("__streams.errors.message").unwrap().contains("EOF"), "{letter:?}");
    assert_eq!(header("__streams.errors.stacktrace").as_deref(), Some(""));
    assert_eq!(header("__streams.errors.topic").as_deref(), Some("models_data"));
    assert_eq!(header("__streams.errors.partition").as_deref(), Some("0"));
    assert_eq!(header("__streams.errors.offset").as_deref(), Some("1"));
    assert_eq!(header("scorewheel.errors.step").as_deref(), Some("decode"));
}

#[test]
fn a_string_and_a_tensor_go_in_and_a_list_comes_out() {
    for engine in ENGINES {
        let mut world = World::new(engine);
        world.publish_as("profile", "p", "profile: width=3", ModelType::Onnx);
        world.records(&[
            r#"{"dataType": "profile", "name": "wine", "signal": [1, 2.5, -3]}"#,
            r#"{"dataType": "profile", "name": "short", "signal": [1, 2]}"#,
            r#"{"dataType": "profile", "signal": [[1], [2], [3]], "name": "é"}"#,
        ]);
        let results = world.driver.read_output("models_results");
        let values: Vec<_> = results.iter().map(|result| result.value_text()).collect();
        assert_eq!(
            values,
            [
                r#"{"dataType":"profile","score":null,"outputs":{"profile":[4,2.0,5.0,-6.0],"label":"WINE"}}"#,
                r#"{"dataType":"profile","score":null,"outputs":{"profile":[2,2.0,4.0,6.0],"label":"É"}}"#,
            ]
        );
        assert_eq!(world.dead_letters(), ["score:missing_value@1"]);
    }
}

#[test]
fn what_is_too_large_for_its_topic_is_left_out_and_named() {
    let mut world = World::new(Engine::Persistent);
    world.publish("number", "a", "line: scale=2");
    world.driver.limit_record_size("models_results", 150);
    let note = "n".repeat(3000);
    let record = format!(r#"{{"x": 1, "note": "{note}"}}"#);
    world.records(&[&record]);
    assert_eq!(world.dead_letters(), ["encode:result_too_large@0"]);
    world.driver.limit_record_size("models_deadletters", 1000);
    world.records(&[&record]);
    let letter = &world.driver.read_output("models_deadletters")[0];
    assert_eq!(letter.value, None);
    let header = |name: &str| String::from_utf8_lossy(letter.header(name).unwrap()).into_owned();
    assert_eq!(header("scorewheel.errors.value.length"), record.len().to_string());
    assert_eq!(
        header("scorewheel.errors.value.sha256"),
        scorewheel_model::Digest::of(record.as_bytes()).to_string()
    );
    // A key that does not fit either goes too; where nothing fits, the operator has to act.
    world.driver.pipe("models_data", 0, [TestRecord::new(&record).key("k".repeat(2000))]).unwrap();
    let letter = &world.driver.read_output("models_deadletters")[0];
    assert_eq!(
        (letter.key.as_deref(), letter.header("scorewheel.errors.step")),
        (None, Some(&b"encode"[..]))
    );
    world.driver.limit_record_size("models_deadletters", 100);
    let error = world.driver.pipe("models_data", 0, [record.as_bytes()]).unwrap_err();
    assert!(error.to_string().contains("does not fit"), "{error}");
    let task = world.task(Engine::Persistent);
    assert_eq!(task.statistics.conservation().dead_letters, [0, 0, 0, 3]);
    assert!(task.statistics.conservation().holds());
    assert_eq!(task.statistics.models().count(), 0, "only results are invocations");
}

#[test]
fn a_record_without_a_value_is_a_dead_letter() {
    let mut world = World::new(Engine::Persistent);
    world.publish("number", "a", "line: scale=2");
    world.driver.pipe("models_data", 0, [TestRecord::tombstone("k")]).unwrap();
    assert_eq!(world.dead_letters(), ["decode:no_value@0"]);
}
