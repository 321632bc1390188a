//! Figures of an instance for its page.

use std::sync::Arc;

use scorewheel_http::{Latency, LiveFigures, ModelDrift, RecentRecords, ScoreDistribution};
use scorewheel_telemetry::Telemetry;

use super::super::DriftFeed;
use super::{RecentReader, ScoreSketches};
use crate::clock::now;

/// Latencies, distributions of scores, drift, the last records.
pub struct InstanceFigures {
    /// Latencies.
    pub telemetry: Arc<Telemetry>,
    /// Distributions of scores.
    pub scores: Arc<ScoreSketches>,
    /// Inputs and scores under watch, unless that is switched off.
    pub drift: Option<Arc<DriftFeed>>,
    /// The last results and dead letters.
    pub recent: RecentReader,
}

impl LiveFigures for InstanceFigures {
    fn now(&self) -> i64 {
        now()
    }

    fn latency(&self) -> Latency {
        let taken = self.telemetry.recent_latency().take();
        let nanoseconds =
            |duration: std::time::Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Latency {
            count: taken.count,
            median_ns: nanoseconds(taken.median),
            p99_ns: nanoseconds(taken.p99),
            max_ns: nanoseconds(taken.max),
        }
    }

    fn scores(&self) -> Vec<ScoreDistribution> {
        self.scores.now()
    }

    fn drift(&self) -> Option<Vec<ModelDrift>> {
        self.drift.as_ref().map(|drift| drift.models())
    }

    fn recent(&self) -> RecentRecords {
        self.recent.now()
    }
}
