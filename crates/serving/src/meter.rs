//! What the scorer asks of its surroundings while it scores.

use crate::revision::InstalledModel;

/// Tells the time, and is told when a model is used for the first time by a scorer: whatever it does then may be the
/// last thing that the process does.
pub trait Meter {
    /// A time in nanoseconds, of which only differences are used.
    fn nanoseconds(&mut self) -> u64;

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
