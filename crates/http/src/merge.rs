//! Statistics of several tasks as one.

use std::collections::BTreeMap;

use crate::snapshot::{ModelStatistics, Task};

impl ModelStatistics {
    /// Adds what the same model has done elsewhere: counts and sums are added, extremes widened, the earliest start kept.
    pub fn merge(&mut self, other: &Self) {
        if other.invocations == 0 {
            return;
        }
        if self.invocations == 0 {
            (self.min_ns, self.max_ns, self.since) = (other.min_ns, other.max_ns, other.since);
        }
        self.since = self.since.min(other.since);
        self.invocations += other.invocations;
        self.duration_ns += other.duration_ns;
        self.duration_whole_ms += other.duration_whole_ms;
        self.min_ns = self.min_ns.min(other.min_ns);
        self.max_ns = self.max_ns.max(other.max_ns);
    }
}

/// The statistics of all tasks by model, newest model first.
#[must_use]
pub fn merge_tasks(tasks: &[Task]) -> Vec<ModelStatistics> {
    let mut merged: BTreeMap<(i64, String), ModelStatistics> = BTreeMap::new();
    for statistics in tasks.iter().flat_map(|task| &task.statistics) {
        let model = &statistics.model;
        let key = (-model.control_offset, format!("{}/{}", model.data_type, model.name));
        match merged.get_mut(&key) {
            Some(sum) => sum.merge(statistics),
            None => _ = merged.insert(key, statistics.clone()),
        }
    }
    merged.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::ModelReference;

    fn statistics(control_offset: i64, invocations: u64, min_ns: u64, max_ns: u64) -> ModelStatistics {
        ModelStatistics {
            model: ModelReference { control_offset, ..ModelReference::default() },
            since: 100 - i64::try_from(invocations).unwrap(),
            invocations,
            duration_ns: 10 * invocations,
            min_ns,
            max_ns,
            duration_whole_ms: invocations,
        }
    }

    #[test]
    fn counts_are_added_and_extremes_widened() {
        let task = |statistics| Task { statistics, ..Task::default() };
        let tasks = [
            task(vec![statistics(1, 5, 3, 9), statistics(7, 0, 0, 0)]),
            task(vec![statistics(1, 2, 2, 4)]),
            task(vec![statistics(7, 3, 6, 6)]),
        ];
        let merged = merge_tasks(&tasks);
        assert_eq!(merged, [statistics(7, 3, 6, 6), ModelStatistics { since: 95, ..statistics(1, 7, 2, 9) }]);
    }
}
