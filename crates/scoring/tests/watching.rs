//! Who watches sees each row that a topology scores, and when.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod common;

use std::sync::{Arc, Mutex};

use common::{ENGINES, World};
use scorewheel_serving::{ScoredRows, Watch, Watcher};
use scorewheel_streams::TestDriverOptions;

/// Control offset of the model, rows, the time.
type Seen = Arc<Mutex<Vec<(i64, usize, i64)>>>;

struct Noting(Seen);

impl Watch for Noting {
    fn watcher(&self) -> Box<dyn Watcher> {
        Box::new(Self(Arc::clone(&self.0)))
    }
}

impl Watcher for Noting {
    fn scored(&mut self, rows: &ScoredRows<'_>, now: i64) {
        assert_eq!(rows.scores.rows(), rows.rows.len());
        assert_eq!(&*rows.installed.fed[0].name, "x");
        self.0.lock().unwrap().push((rows.installed.reference.offset, rows.rows.len(), now));
    }
}

#[test]
fn each_row_is_shown_by_the_topologys_clock() {
    for engine in ENGINES {
        let seen = Seen::default();
        let noting = Arc::new(Noting(Arc::clone(&seen)));
        let mut world = World::with(engine, TestDriverOptions::default(), |parts| parts.watch = Some(noting));
        let a = world.publish("number", "a", "line: scale=2");
        world.numbers(&[1.0, 2.0]);
        world.driver.advance(std::time::Duration::from_secs(60)).unwrap();
        let b = world.publish("number", "a", "line: scale=3");
        world.numbers(&[1.0, 2.0, 3.0]);
        let seen = seen.lock().unwrap().clone();
        let rows = |model: i64| seen.iter().filter(|seen| seen.0 == model).map(|seen| seen.1).sum::<usize>();
        assert_eq!((rows(a), rows(b)), (2, 3), "{engine:?}");
        let (first, last) = (seen[0].2, seen[seen.len() - 1].2);
        assert!(last - first >= 60_000, "{engine:?}: {first} {last}");
    }
}
