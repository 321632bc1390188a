//! Who follows the scores as they are made: charts, sketches.

use scorewheel_codecs::{score_label, score_number};
use scorewheel_serving::ModelReference;
use scorewheel_topics::TopicPartition;

/// Follows the scores of a process.
pub trait Scores: Send + Sync {
    /// Follows the task of this input partition.
    fn follow(&self, input: &TopicPartition) -> Box<dyn ScoreFollower>;
}

/// The first target of a result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FirstTarget<'a> {
    /// A number.
    Number(f64),
    /// A category or another text.
    Label(&'a str),
    /// Neither, or missing.
    Other,
}

impl<'a> FirstTarget<'a> {
    /// Of a row of scores. A category that is a number counts as such.
    #[must_use]
    pub fn of(scores: &'a scorewheel_columns::Scores, row: usize) -> Self {
        match score_number(scores, row) {
            Some(number) => Self::Number(number),
            None => score_label(scores, row).map_or(Self::Other, Self::Label),
        }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Label(_) | Self::Other => None,
        }
    }
}

/// Follows the scores of one task, on its thread: each call is short and waits for nothing.
pub trait ScoreFollower: Send {
    /// A record was scored and its result written: the model that did it, the first target if it is a number or a
    /// label, the scoring time in nanoseconds.
    fn scored(&mut self, model: &ModelReference, score: FirstTarget<'_>, nanoseconds: u64);

    /// The results since the last commit or rollback are committed.
    fn committed(&mut self);

    /// They are not, and are made again.
    fn rolled_back(&mut self);
}
