//! Where a task's statistics lie between batches and starts.

use scorewheel_serving::{ModelReference, TaskStatistics};
use scorewheel_streams::{KeyValueStore, ProcessorError, ReadOnlyKeyValueStore, StateStore};

/// A store that keeps a task's statistics. The scoring processor works with any.
pub trait StatisticsStore: StateStore {
    /// The statistics as of the last commit.
    ///
    /// # Errors
    /// If the store fails, or holds what is no statistics.
    fn load(&self) -> Result<TaskStatistics, ProcessorError>;

    /// Takes on what has changed since the last call; `in_force` are the models of the task's revision.
    ///
    /// # Errors
    /// If the store fails.
    fn save(
        &mut self,
        statistics: &mut TaskStatistics,
        in_force: &[ModelReference],
    ) -> Result<(), ProcessorError>;
}

/// A value for each model and one for the totals; in memory or persistent.
impl StatisticsStore for KeyValueStore {
    fn load(&self) -> Result<TaskStatistics, ProcessorError> {
        let entries = self.entries()?;
        let entries = entries.iter().map(|(key, value)| (key.as_slice(), value.as_slice()));
        Ok(TaskStatistics::read(entries)?)
    }

    fn save(&mut self, statistics: &mut TaskStatistics, _: &[ModelReference]) -> Result<(), ProcessorError> {
        statistics.write(|key, value| {
            match value {
                Some(value) => self.put(key, value),
                None => self.delete(key),
            }
            Ok(())
        })
    }
}
