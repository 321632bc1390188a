//! Whether inputs and scores are still distributed as they were, as it is shown.
//!
//! What instances have counted travels among them as JSON that only they understand; the server asks for it, hands it to
//! [`DriftState::compare`] and shows what comes of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the server asks of the process about drift. Calls compute for milliseconds: they are made where
/// blocking is allowed.
pub trait DriftState: Send + Sync {
    /// What this instance has counted: of one model, by its data type and name, or of all.
    fn part(&self, of: Option<(&str, &str)>) -> Value;

    /// What this instance and these others have counted, as one: of one model, or of all. Which of the others cannot be
    /// read, by their place, and why.
    fn compare(&self, of: Option<(&str, &str)>, others: &[Value]) -> (Vec<ModelDrift>, Vec<(usize, String)>);
}

/// A model's inputs and scores, then and now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelDrift {
    /// The route.
    pub data_type: String,
    /// Name within the route.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Offset of its message on the control log.
    pub control_offset: i64,
    /// When an instance that is asked first saw it score, milliseconds since the epoch: a restart begins anew.
    pub since: i64,
    /// About how many rows it has scored since then: a batch that meets a query is not counted. A part of them is looked
    /// at.
    pub rows: u64,
    /// Its first target.
    pub score: ColumnDrift,
    /// Its inputs, in its order.
    pub inputs: Vec<ColumnDrift>,
    /// Inputs that are not watched; the first of them if there are many.
    pub left_out: Vec<LeftOut>,
    /// How many there are.
    pub left_out_count: usize,
}

/// One column, then and now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ColumnDrift {
    /// Its name.
    pub name: String,
    /// `number` or `category`.
    pub kind: String,
    /// The population stability index; `null` while there are too few rows.
    pub psi: Option<f64>,
    /// `none` (below 0.1), `moderate` or `large` (above 0.25); `unknown` without an index.
    pub change: Change,
    /// What now is compared with.
    pub reference: DriftReference,
    /// Now.
    pub current: DriftRows,
    /// The bins with their shares; empty without an index.
    pub bins: Vec<DriftBin>,
}

/// How much has changed, by the usual limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// There are too few rows to tell.
    #[default]
    Unknown,
    /// None that matters.
    None,
    /// One to look at.
    Moderate,
    /// One to act upon.
    Large,
}

impl Change {
    /// Of an index.
    #[must_use]
    pub fn of(psi: Option<f64>) -> Self {
        match psi {
            None => Self::Unknown,
            Some(psi) if psi < 0.1 => Self::None,
            Some(psi) if psi <= 0.25 => Self::Moderate,
            Some(_) => Self::Large,
        }
    }
}

/// What now is compared with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DriftReference {
    /// `beginning`: what came first. `training`: what the model says of its training.
    pub source: String,
    /// True once it is complete.
    pub complete: bool,
    /// Its rows.
    #[serde(flatten)]
    pub rows: DriftRows,
}

/// Rows that were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DriftRows {
    /// Since when, milliseconds since the epoch.
    pub from: Option<i64>,
    /// Until when; `null` if until now.
    pub until: Option<i64>,
    /// How many; `null` if a model does not say on how many it was trained.
    pub rows: Option<f64>,
}

/// A bin and its share of the rows, then and now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DriftBin {
    /// `range` or `category`; `below` and `above` all of the reference; `others`: further categories of it; `new`: nothing
    /// that it has; `missing`; `invalid`.
    pub bin: String,
    /// The smallest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    /// The largest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<f64>,
    /// The category, if its name is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Share in the reference.
    pub reference: f64,
    /// Share now.
    pub current: f64,
}

/// An input that is not watched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LeftOut {
    /// Its name.
    pub input: String,
    /// Why.
    pub why: String,
}
