//! Who watches sees each row that a stage scores, and when.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod support;

use std::sync::{Arc, Mutex};

use scorewheel_serving::{ScoredRows, Watcher};
use scorewheel_stage::*;
use support::*;

#[derive(Clone, Default)]
struct Noting(Arc<Mutex<Vec<(i64, usize, i64)>>>);

impl Surroundings for Noting {
    fn wall(&self) -> i64 {
        77
    }

    fn nanoseconds(&self) -> u64 {
        1
    }

    fn watcher(&self) -> Option<Box<dyn Watcher>> {
        Some(Box::new(self.clone()))
    }
}

impl Watcher for Noting {
    fn scored(&mut self, rows: &ScoredRows<'_>, now: i64) {
        self.0.lock().unwrap().push((rows.installed.reference.offset, rows.rows.len(), now));
    }
}

#[test]
fn each_row_is_shown_with_the_time_of_the_surroundings() {
    let noting = Noting::default();
    let options = ModelsOptions { surroundings: Arc::new(noting.clone()), ..ModelsOptions::default() };
    let mut world = World::with(options);
    let a = world.publish("wine", "a", "line: scale=2");
    world.ready();
    world.drive();
    let mut task = world.stage(StageOptions::default());
    task.feed(&["wine:1", "wine:2", "wine:3"]);
    assert_eq!(task.take().len(), 3);
    let seen = noting.0.lock().unwrap().clone();
    assert_eq!(seen.iter().map(|seen| seen.1).sum::<usize>(), 3);
    assert!(seen.iter().all(|seen| (seen.0, seen.2) == (a, 77)), "{seen:?}");
}
