//! Models by reference in the topologies: on their way, late, refused.
#![allow(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use common::*;
use scorewheel_model::{Content, Digest, Mapping, ModelDescriptor, ModelType, TypeNumbering};
use scorewheel_serving::{Fetched, Fetcher, ModelReference, Refusal, RefusalKind, WantedModel};
use scorewheel_streams::{TestDriverOptions, TestRecord};

/// A store by hand: what it answers at each location; nothing is on its way.
#[derive(Default)]
struct Store {
    answers: Mutex<BTreeMap<String, Fetched>>,
    kept: Mutex<(Vec<i64>, Vec<i64>)>,
}

struct Hand(Arc<Store>);

impl Fetcher for Hand {
    fn fetch(&mut self, wanted: &WantedModel, _: &Waker) -> Fetched {
        self.0.answers.lock().unwrap().get(&wanted.location).cloned().unwrap_or(Fetched::Coming)
    }

    fn keep(&mut self, in_force: &[ModelReference], wanted: &[ModelReference]) {
        let offsets = |references: &[ModelReference]| references.iter().map(|r| r.offset).collect();
        *self.0.kept.lock().unwrap() = (offsets(in_force), offsets(wanted));
    }
}

impl Store {
    fn put(&self, location: &str, content: &str) {
        let data = Bytes::copy_from_slice(content.as_bytes());
        self.say(location, Fetched::Here { sha256: Digest::of(&data), data });
    }

    fn say(&self, location: &str, answer: Fetched) {
        self.answers.lock().unwrap().insert(location.into(), answer);
    }
}

fn world(engine: Engine) -> (World, Arc<Store>) {
    let store = Arc::new(Store::default());
    let shared = Arc::clone(&store);
    let world = World::with(engine, TestDriverOptions::default(), move |parts| {
        parts.fetcher = Some(Box::new(move || Box::new(Hand(Arc::clone(&shared)))));
    });
    (world, store)
}

/// Publishes where a model is; `content` is what its digest is stated of.
fn publish(world: &mut World, name: &str, location: &str, content: Option<&str>) -> i64 {
    let descriptor = ModelDescriptor {
        name: name.into(),
        description: String::new(),
        data_type: "number".into(),
        model_type: ModelType::Pmml,
        content: Content::Location(location.into()),
        version: None,
        effective_from: None,
        sha256: content.map(|content| Digest::of(content.as_bytes())),
        mapping: Mapping::default(),
        golden_rows: Vec::new(),
    };
    let value = descriptor.encode(TypeNumbering::Original);
    world.control(TestRecord::new(&value).key(format!("number/{name}")))
}

fn pass_time(world: &mut World) {
    world.driver.advance(Duration::from_secs(2)).unwrap();
}

#[test]
fn a_model_by_reference_replaces_another_and_an_outage_keeps_the_old_one_scoring() {
    for engine in ENGINES {
        let (mut world, store) = world(engine);
        store.put("s3://models/a", "line: scale=2");
        publish(&mut world, "a", "s3://models/a", Some("line: scale=2"));
        world.numbers(&[1.0]);
        assert_eq!(world.results(), ["2.0@0"]);

        // On its way: no reason not to be ready.
        publish(&mut world, "b", "s3://models/b", Some("line: scale=3"));
        pass_time(&mut world);
        world.numbers(&[1.0]);
        assert_eq!(world.results(), ["2.0@0"]);
        assert!(world.parts.state.not_ready().is_empty());
        assert_eq!(*store.kept.lock().unwrap(), (vec![0], vec![1]));

        // The store is down: not ready, no verdict, the old model scores.
        store.say("s3://models/b", Fetched::Delayed("status 503".into()));
        pass_time(&mut world);
        world.numbers(&[1.0]);
        assert_eq!(world.results(), ["2.0@0"]);
        let reasons = world.parts.state.not_ready();
        assert!(reasons[0].contains("control offset 1 is not loaded: status 503"), "{reasons:?}");
        assert!(world.topics.rejections.lock().unwrap().is_empty());
        let told = world.events.0.lock().unwrap();
        let postponed = told.iter().filter(|event| format!("{event:?}").starts_with("Postponed")).count();
        drop(told);
        assert_eq!(postponed, 1, "said once");

        // A further try changes nothing about that.
        store.say("s3://models/b", Fetched::Coming);
        pass_time(&mut world);
        assert!(!world.parts.state.not_ready().is_empty());

        store.put("s3://models/b", "line: scale=3");
        pass_time(&mut world);
        world.numbers(&[1.0]);
        assert_eq!(world.results(), ["3.0@1"]);
        assert!(world.parts.state.not_ready().is_empty());
    }
}

#[test]
fn a_later_model_takes_over_while_an_earlier_one_is_on_its_way() {
    let (mut world, _) = world(Engine::Persistent);
    world.publish("number", "a", "line: scale=2");
    publish(&mut world, "b", "s3://models/never", Some("line: scale=3"));
    world.publish("number", "b", "line: scale=4");
    pass_time(&mut world);
    world.numbers(&[1.0]);
    assert_eq!(world.results(), ["4.0@2"]);
    assert!(world.parts.state.not_ready().is_empty());
}

#[test]
fn other_routes_are_judged_meanwhile_and_their_revision_waits() {
    let (mut world, store) = world(Engine::Persistent);
    world.publish("number", "a", "line: scale=2");
    publish(&mut world, "b", "s3://models/b", Some("line: scale=3"));
    world.publish("other", "c", "line: scale=5");
    pass_time(&mut world);
    assert!(world.loaded().contains(&"line: scale=5".to_owned()), "judged while another is on its way");
    // A revision is of a control offset: that of `c` holds `b`.
    world.records(&[r#"{"dataType": "other", "x": 1}"#]);
    assert!(world.results().is_empty());
    store.put("s3://models/b", "line: scale=3");
    pass_time(&mut world);
    world.records(&[r#"{"dataType": "other", "x": 1}"#, r#"{"x": 1}"#]);
    assert_eq!(world.results(), ["5.0@2", "3.0@1"]);
}

#[test]
fn verdicts_reject_and_the_model_below_stays() {
    let (mut world, store) = world(Engine::Persistent);
    world.publish("number", "a", "line: scale=2");
    store.say("s3://models/b", Fetched::Refused(Refusal::new(RefusalKind::NotFound, "there is nothing")));
    publish(&mut world, "b", "s3://models/b", Some("line: scale=3"));
    // What arrives is judged as if it had come by value.
    store.put("s3://models/c", "line: nonsense");
    publish(&mut world, "c", "s3://models/c", Some("line: nonsense"));
    pass_time(&mut world);
    world.numbers(&[1.0]);
    assert_eq!(world.results(), ["2.0@0"]);
    assert!(world.parts.state.not_ready().is_empty());
    let rejections = world.topics.rejections.lock().unwrap().clone();
    let kinds: Vec<&str> = rejections.values().map(|rejection| rejection.kind.as_str()).collect();
    assert_eq!((kinds[0], kinds.len()), ("not_found", 2));
    // Not asked for again after a restart: the rejection is known.
    store.say("s3://models/b", Fetched::Delayed("down".into()));
    world.driver.restart().unwrap();
    world.numbers(&[1.0]);
    assert_eq!(world.results(), ["2.0@0"]);
}

#[test]
fn the_digest_of_what_arrived_is_the_lineage() {
    let (mut world, store) = world(Engine::Persistent);
    store.put("s3://models/a", "line: scale=2");
    publish(&mut world, "a", "s3://models/a", None);
    world.numbers(&[1.0]);
    let results = world.driver.read_output("models_results");
    let lineage = String::from_utf8_lossy(results[0].header("scorewheel-lineage").unwrap()).into_owned();
    assert!(lineage.contains(&Digest::of(b"line: scale=2").to_string()), "{lineage}");
    let held = &world.parts.state.control().held[0].1[0];
    assert_eq!(held.sha256, Digest::of(b"line: scale=2"));
    // A restart, and the same mark.
    world.driver.restart().unwrap();
    world.numbers(&[1.0]);
    assert_eq!(world.results(), ["2.0@0"]);
}

#[test]
fn nothing_is_scored_at_a_start_before_the_model_in_force_is_there() {
    let (mut world, store) = world(Engine::Persistent);
    publish(&mut world, "a", "s3://models/a", Some("line: scale=2"));
    store.say("s3://models/a", Fetched::Delayed("down".into()));
    world.driver.restart().unwrap();
    world.numbers(&[1.0]);
    pass_time(&mut world);
    assert!(world.results().is_empty());
    assert!(!world.parts.state.not_ready().is_empty());
    store.put("s3://models/a", "line: scale=2");
    pass_time(&mut world);
    assert_eq!(world.results(), ["2.0@0"]);
}

#[test]
fn the_older_model_scores_at_a_start_while_the_newer_does_not_come() {
    let (mut world, store) = world(Engine::Persistent);
    world.publish("number", "a", "line: scale=2");
    store.say("s3://models/b", Fetched::Delayed("down".into()));
    publish(&mut world, "b", "s3://models/b", Some("line: scale=3"));
    pass_time(&mut world);
    world.numbers(&[1.0]);
    assert_eq!(world.results(), ["2.0@0"]);
    // Whoever starts now comes to what the others score with, and is not ready either.
    world.driver.restart().unwrap();
    pass_time(&mut world);
    world.numbers(&[2.0]);
    assert_eq!(world.results(), ["4.0@0"]);
    let reasons = world.parts.state.not_ready();
    assert!(reasons.iter().any(|reason| reason.contains("down")), "{reasons:?}");
    store.put("s3://models/b", "line: scale=3");
    pass_time(&mut world);
    world.numbers(&[3.0]);
    assert_eq!(world.results(), ["9.0@1"]);
    assert!(world.parts.state.not_ready().is_empty());
    // What is committed at the newer one waits for it, however long that takes.
    store.say("s3://models/b", Fetched::Delayed("down again".into()));
    world.driver.restart().unwrap();
    pass_time(&mut world);
    world.numbers(&[4.0]);
    assert!(world.results().is_empty());
    store.put("s3://models/b", "line: scale=3");
    pass_time(&mut world);
    assert_eq!(world.results(), ["12.0@1"]);
}

#[test]
fn without_a_fetcher_they_are_refused() {
    let mut world = World::new(Engine::Persistent);
    publish(&mut world, "a", "s3://models/a", Some("line: scale=2"));
    let rejections = world.topics.rejections.lock().unwrap().clone();
    assert_eq!(rejections[&0].kind, "by_reference");
    assert!(rejections[&0].reason.contains("[[references]]"), "{}", rejections[&0].reason);
}
