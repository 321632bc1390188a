//! Who follows the scores as they are made: charts, sketches.

use scorewheel_serving::ModelReference;
use scorewheel_topics::TopicPartition;

/// Follows the scores of a process.
pub trait Scores: Send + Sync {
    /// Follows the task of this input partition.
    fn follow(&self, input: &TopicPartition) -> Box<dyn ScoreFollower>;
}

/// Follows the scores of one task, on its thread: each call is short and waits for nothing.
pub trait ScoreFollower: Send {
    /// A record was scored and its result written: the model that did it, the first target as a number if it is one,
    /// the scoring time in nanoseconds.
    fn scored(&mut self, model: &ModelReference, score: Option<f64>, nanoseconds: u64);

    /// The results since the last commit or rollback are committed.
    fn committed(&mut self);

    /// They are not, and are made again.
    fn rolled_back(&mut self);
}
