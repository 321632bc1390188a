//! What the server asks of the process for the page.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::drift::ModelDrift;

/// Figures of the last moments, beside the committed state. All calls are short and wait for nothing.
pub trait LiveFigures: Send + Sync {
    /// The time, milliseconds since the epoch.
    fn now(&self) -> i64;

    /// Latencies since the last call. Called once a second, by one caller.
    fn latency(&self) -> Latency;

    /// How the scores of each model are distributed, newest model first.
    fn scores(&self) -> Vec<ScoreDistribution>;

    /// How far inputs and scores are from what they were, by model; `None` if that is not watched.
    fn drift(&self) -> Option<Vec<ModelDrift>> {
        None
    }

    /// The last results and dead letters as they were when last looked for. Asking makes the process look for newer
    /// ones for some seconds.
    fn recent(&self) -> RecentRecords;
}

/// Figures of a process that keeps none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFigures;

impl LiveFigures for NoFigures {
    fn now(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn latency(&self) -> Latency {
        Latency::default()
    }

    fn scores(&self) -> Vec<ScoreDistribution> {
        Vec::new()
    }

    fn recent(&self) -> RecentRecords {
        RecentRecords::default()
    }
}

/// Latencies of a second: the age of the oldest record of each commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Latency {
    /// Commits measured.
    pub count: u64,
    /// Half are shorter, nanoseconds.
    pub median_ns: u64,
    /// 99 of 100 are shorter, nanoseconds.
    pub p99_ns: u64,
    /// The longest, nanoseconds.
    pub max_ns: u64,
}

/// How the scores of one model are distributed, since the process began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScoreDistribution {
    /// The route.
    pub data_type: String,
    /// Name within the route.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Offset of its message on the control log.
    pub control_offset: i64,
    /// Scores that are numbers.
    pub count: u64,
    /// Scores that are labels, by label.
    pub labels: Vec<LabelCount>,
    /// Scores that are neither: lists, missing ones, labels beyond the first so many.
    pub others: u64,
    /// Smallest score.
    pub min: Option<f64>,
    /// A quarter is smaller.
    pub quartile: Option<f64>,
    /// Half are smaller.
    pub median: Option<f64>,
    /// Three quarters are smaller.
    pub upper_quartile: Option<f64>,
    /// Largest score.
    pub max: Option<f64>,
    /// Scores in bins of one width from `min` to `max`.
    pub bins: Vec<f64>,
}

/// How often a label was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelCount {
    /// The label.
    pub label: String,
    /// Scores.
    pub count: u64,
}

/// The last results and dead letters, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RecentRecords {
    /// When they were looked for, milliseconds since the epoch; `null` before the first time.
    pub at: Option<i64>,
    /// Results.
    pub results: Vec<RecentResult>,
    /// Dead letters.
    pub dead_letters: Vec<DeadLetter>,
    /// Why they could not be looked for, for people.
    pub trouble: Option<String>,
}

/// A result with the model that made it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RecentResult {
    /// Partition of the results topic.
    pub partition: u32,
    /// Offset in it.
    pub offset: i64,
    /// The record's time, milliseconds since the epoch.
    pub timestamp: i64,
    /// The route.
    pub data_type: String,
    /// The first target's value.
    pub score: Value,
    /// Where it comes from; `null` if results carry no lineage.
    pub lineage: Option<LineageView>,
}

/// Where a result comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LineageView {
    /// Name of the model.
    pub model: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its control offset.
    pub control: i64,
    /// Topic of the record.
    pub topic: String,
    /// Partition of the record.
    pub partition: u32,
    /// Offset of the record.
    pub offset: i64,
}

/// A record that could not be scored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeadLetter {
    /// Partition of the record.
    pub partition: u32,
    /// Offset of the record.
    pub offset: i64,
    /// The record's time, milliseconds since the epoch.
    pub timestamp: i64,
    /// The step that failed: `decode`, `route`, `score`, `encode`.
    pub step: String,
    /// The kind of error.
    pub kind: String,
    /// What was wrong, for people.
    pub message: String,
}
