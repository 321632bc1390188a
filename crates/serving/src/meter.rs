//! What the scorer asks of its surroundings while it scores.

use crate::revision::InstalledModel;
use crate::watcher::ScoredRows;

/// Tells the time, and is told when a model has scored, and when it is used for the first time by a scorer: whatever it
/// does then may be the last thing that the process does.
pub trait Meter {
    /// A time in nanoseconds, of which only differences are used.
    fn nanoseconds(&mut self) -> u64;

    /// A model has scored rows, which took what the time says and has no part of it.
    fn scored(&mut self, rows: &ScoredRows<'_>) {
        let _ = rows;
    }

    /// The model is about to score its first rows here.
    fn before_first_batch(&mut self, model: &InstalledModel) {
        let _ = model;
    }

    /// It has, and the process lives.
    fn after_first_batch(&mut self, model: &InstalledModel) {
        let _ = model;
    }
}

impl<F: FnMut() -> u64> Meter for F {
    fn nanoseconds(&mut self) -> u64 {
        self()
    }
}
