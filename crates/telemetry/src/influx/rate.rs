//! How many points a score makes.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// How many points a score makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Thinning {
    /// A point a score up to [`AGGREGATE_ABOVE`] scores a second, an aggregate a second above.
    #[default]
    Automatic,
    /// A point a score, as the original does.
    Every,
    /// A point every so many scores.
    OneIn(u32),
    /// One point a second, model and task: means and a count.
    Aggregate,
}

/// Scores a second of one process above which [`Thinning::Automatic`] aggregates.
pub const AGGREGATE_ABOVE: u64 = 10_000;

/// Nanoseconds in a second.
pub(super) const SECOND: i64 = 1_000_000_000;

/// The rate of a process, counted by whole seconds, and what follows from it. Shared by its tasks.
#[derive(Debug, Default)]
pub(super) struct Rate {
    second: AtomicI64,
    scores: AtomicU64,
    aggregates: AtomicBool,
}

impl Rate {
    /// Counts scores at this time. A change of mode is told by the answer, once.
    pub(super) fn count(&self, scores: u64, now: i64) -> Option<bool> {
        let second = now.div_euclid(SECOND);
        let mut changed = None;
        let before = self.second.load(Ordering::Relaxed);
        // Only one task may close a second.
        if before != second
            && self.second.compare_exchange(before, second, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            let counted = self.scores.swap(0, Ordering::Relaxed);
            // The first second is not whole, and a quiet time is no second of scores.
            let seconds = u64::try_from(second - before).unwrap_or(1).max(1);
            let aggregates = counted / seconds > AGGREGATE_ABOVE;
            if self.aggregates.swap(aggregates, Ordering::Relaxed) != aggregates {
                changed = Some(aggregates);
            }
        }
        self.scores.fetch_add(scores, Ordering::Relaxed);
        changed
    }

    /// Whether the rate asks for aggregates.
    pub(super) fn aggregates(&self) -> bool {
        self.aggregates.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_scores_a_second_become_aggregates_and_few_go_back_to_points() {
        let rate = Rate::default();
        assert_eq!(rate.count(20_000, SECOND), None);
        assert_eq!(rate.count(1, 2 * SECOND), Some(true));
        assert!(rate.aggregates());
        assert_eq!(rate.count(1, 2 * SECOND + 5), None);
        assert_eq!(rate.count(1, 3 * SECOND), Some(false));
        // Ten thousand in a quiet minute are few.
        rate.count(20_000, 3 * SECOND + 1);
        assert_eq!(rate.count(1, 63 * SECOND), None);
    }
}
