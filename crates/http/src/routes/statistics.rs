//! Statistics in the original's shapes.

use serde::Serialize;

use crate::merge::merge_tasks;
use crate::snapshot::{ModelReference, ModelStatistics, Snapshot};

/// The stage's object: `GET /stats`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageStatistics {
    name: String,
    description: String,
    model_type: String,
    since: i64,
    usage: u64,
    duration: f64,
    min: u64,
    max: u64,
}

/// The topologies' object: `GET /state/value`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TopologyStatistics {
    name: String,
    description: String,
    since: i64,
    invocations: u64,
    duration: f64,
    min: u64,
    max: u64,
}

/// What stands for a name, description or type while there is no model.
const NONE: &str = "None";

/// What the model in force for a data type has done, all tasks merged; `None` while there is no model.
#[must_use]
pub fn in_force(snapshot: &Snapshot, data_type: &str) -> Option<ModelStatistics> {
    let model: &ModelReference = snapshot.route(data_type)?.in_force.as_ref()?;
    let found = merge_tasks(&snapshot.tasks)
        .into_iter()
        .find(|s| s.model.control_offset == model.control_offset && s.model.data_type == model.data_type);
    let mut statistics = found.unwrap_or_default();
    statistics.model = model.clone();
    Some(statistics)
}

/// Whole milliseconds, rounded down, as the original counts.
fn whole_ms(ns: u64) -> u64 {
    ns / 1_000_000
}

impl From<Option<ModelStatistics>> for StageStatistics {
    fn from(statistics: Option<ModelStatistics>) -> Self {
        let s = statistics.unwrap_or_else(nothing);
        Self {
            name: s.model.name,
            description: s.model.description,
            model_type: s.model.model_type,
            since: s.since,
            usage: s.invocations,
            duration: s.duration_whole_ms as f64,
            min: whole_ms(s.min_ns),
            max: whole_ms(s.max_ns),
        }
    }
}

impl From<Option<ModelStatistics>> for TopologyStatistics {
    fn from(statistics: Option<ModelStatistics>) -> Self {
        let s = statistics.unwrap_or_else(nothing);
        Self {
            name: s.model.name,
            description: s.model.description,
            since: s.since,
            invocations: s.invocations,
            duration: s.duration_whole_ms as f64,
            min: whole_ms(s.min_ns),
            max: whole_ms(s.max_ns),
        }
    }
}

fn nothing() -> ModelStatistics {
    let model = ModelReference {
        name: NONE.into(),
        description: NONE.into(),
        model_type: NONE.into(),
        ..ModelReference::default()
    };
    ModelStatistics { model, ..ModelStatistics::default() }
}
