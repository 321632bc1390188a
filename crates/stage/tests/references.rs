//! Models by reference in a stage.
#![allow(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

mod support;

use std::sync::{Arc, Mutex};
use std::task::Waker;

use bytes::Bytes;
use scorewheel_model::{Content, Digest, ModelDescriptor, TypeNumbering};
use scorewheel_serving::{Fetched, Fetcher, ModelReference, WantedModel};
use scorewheel_stage::*;
use support::common::descriptor;
use support::*;

/// What the one location answers, and who is to be woken when that changes.
#[derive(Default)]
struct Store {
    answer: Mutex<Option<Fetched>>,
    waker: Mutex<Option<Waker>>,
}

struct Hand(Arc<Store>);

impl Fetcher for Hand {
    fn fetch(&mut self, _: &WantedModel, waker: &Waker) -> Fetched {
        *self.0.waker.lock().unwrap() = Some(waker.clone());
        self.0.answer.lock().unwrap().clone().unwrap_or(Fetched::Coming)
    }

    fn keep(&mut self, _: &[ModelReference], _: &[ModelReference]) {}
}

impl Store {
    fn say(&self, answer: Fetched) {
        *self.answer.lock().unwrap() = Some(answer);
        self.waker.lock().unwrap().take().expect("who asked waits to be woken").wake();
    }
}

#[test]
fn a_model_by_reference_takes_over_when_it_is_there_and_the_old_one_scores_until_then() {
    let store = Arc::new(Store::default());
    let fetcher: Option<Box<dyn Fetcher>> = Some(Box::new(Hand(Arc::clone(&store))));
    let mut world = World::with(ModelsOptions { fetcher, ..ModelsOptions::default() });
    let mut task = world.stage(StageOptions::default());
    world.publish("wine", "a", "line: scale=2");
    world.ready();
    world.drive();
    let data = Bytes::from_static(b"line: scale=3");
    let elsewhere = ModelDescriptor {
        content: Content::Location("s3://models/b".into()),
        sha256: Some(Digest::of(&data)),
        ..descriptor("wine", "b", "")
    };
    world.message("wine/b", Some(elsewhere.encode(TypeNumbering::Original)));
    world.drive();
    task.feed(&["1"]);
    assert_eq!(task.shown(), ["[0newest] 0: 2@0"]);
    assert!(task.handle.not_ready().is_empty(), "on its way is no reason");

    store.say(Fetched::Delayed("status 503".into()));
    world.drive();
    assert!(task.handle.not_ready()[0].contains("status 503"), "{:?}", task.handle.not_ready());
    task.feed(&["1"]);
    assert_eq!(task.shown(), ["1: 2@0"]);
    assert!(task.handle.control().rejections.is_empty());

    // The messages may have ended meanwhile: the model still comes.
    world.messages.end();
    world.drive();
    store.say(Fetched::Here { sha256: Digest::of(&data), data });
    world.drive();
    task.feed(&["1"]);
    assert_eq!(task.shown(), ["[1] 2: 3@1"]);
    assert!(task.handle.not_ready().is_empty());
}

#[test]
fn without_a_fetcher_it_is_refused() {
    let mut world = World::new();
    let elsewhere =
        ModelDescriptor { content: Content::Location("s3://models/b".into()), ..descriptor("wine", "b", "") };
    world.message("wine/b", Some(elsewhere.encode(TypeNumbering::Original)));
    world.ready();
    world.drive();
    let rejections = world.models.control().rejections.clone();
    assert_eq!((rejections.len(), rejections[0].kind.as_str()), (1, "by_reference"));
}
