//! One point.

use std::sync::Arc;

/// What the points of one model and task have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Series {
    /// Name of the model, as its descriptor has it.
    pub model: Box<str>,
    /// Its version.
    pub version: Box<str>,
    /// Partition of the records.
    pub partition: u32,
    /// What became of the records. Only results make points: always `result` as yet.
    pub outcome: &'static str,
}

/// A score, or the mean of some.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Model and task.
    pub series: Arc<Series>,
    /// Nanoseconds since the epoch; no two points of a series have the same, else the later would replace the earlier.
    pub timestamp: i64,
    /// The score as a number; the mean of an aggregate. `None` if no score of it is a number.
    pub calculated: Option<f64>,
    /// Scoring time in nanoseconds; the mean of an aggregate.
    pub duration: u64,
    /// Scores in it; 1 unless it is an aggregate.
    pub count: u64,
}
