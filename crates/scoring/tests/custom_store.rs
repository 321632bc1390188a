//! The custom store: one record with key 42, two generations of each data type.

mod common;

use std::sync::Arc;

use common::*;
use scorewheel_scoring::{ModelStore, ModelStoreView, model_store::MODEL_STORE_KEY};
use scorewheel_streams::{Checkpoint, StateStore};
use scorewheel_topics::{RecordBatch, RecordView, TopicPartition};

#[test]
fn the_custom_store_is_one_record_with_key_42_and_two_generations() {
    let mut world = World::new(Engine::Custom);
    world.publish("number", "a", "line: scale=2");
    world.publish("other", "o", "line: scale=7");
    world.numbers(&[1.0, 2.0]);
    world.publish("number", "b", "line: scale=3");
    world.records(&[r#"{"dataType": "other", "x": 1}"#]);

    let view = world.driver.view::<ModelStoreView>(0, "modelStore").unwrap();
    let data_type = scorewheel_model::DataTypeName::new("number").unwrap();
    let current = view.current(&data_type).unwrap();
    assert_eq!((current.reference.key.name.as_str(), current.statistics.count), ("a", 2));
    let new = view.new_model(&data_type).unwrap();
    assert_eq!((new.reference.key.name.as_str(), new.statistics.count), ("b", 0));
    world.numbers(&[1.0]);
    let current = view.current(&data_type).unwrap();
    assert_eq!((current.reference.key.name.as_str(), current.statistics.count), ("b", 1));
    assert_eq!(view.new_model(&data_type), None);
    assert_eq!(view.snapshot().0.earlier.as_ref().unwrap().count, 2, "those before are added up");

    let changelog = world.driver.output("test-modelStore-changelog");
    assert!(changelog.iter().all(|record| record.key.as_deref() == Some(&[0, 0, 0, 42][..])));
    world.driver.restart().unwrap();
    assert_eq!(world.driver.store::<ModelStore>(0, "modelStore").unwrap().state(), &view.snapshot().0);
}

#[test]
fn the_custom_store_refuses_a_changelog_that_is_not_its_own() {
    let clock = Arc::new(scorewheel_topics::ManualClock::new(0));
    let context = scorewheel_streams::StoreContext {
        task: 0.into(),
        store: "modelStore".into(),
        directory: None,
        clock,
    };
    let restore = |key: Option<&[u8]>, value: Option<&[u8]>| {
        let mut batch = RecordBatch::new();
        batch.reset(TopicPartition::new("changelog", 0));
        batch.push(&RecordView { offset: 0, timestamp: 0, key, value, headers: Default::default() });
        let mut store = ModelStore::open(&context).unwrap();
        store
            .restore(scorewheel_streams::BatchView::new(&batch), &Checkpoint::default())
            .map_err(|error| error.to_string())
    };
    assert_eq!(restore(Some(&MODEL_STORE_KEY), None), Ok(()));
    for (key, value) in [
        (None, &b""[..]),
        (Some(&b"m1234567"[..]), b"\x01"),
        (Some(&MODEL_STORE_KEY[..]), b""),
        (Some(&MODEL_STORE_KEY[..]), b"\x02\0\0"),
        (Some(&MODEL_STORE_KEY[..]), b"\x01\0\0\0\x09"),
    ] {
        let error = restore(key, Some(value)).unwrap_err();
        assert!(error.contains("begin the store anew with `reset --store`"), "{error}");
    }
}
