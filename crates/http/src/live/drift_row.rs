//! How far a model's inputs and scores are from what they were, in a few lines.

use serde::Serialize;

use crate::drift::{Change, ColumnDrift, ModelDrift};

/// Models that are listed.
const MOST_MODELS: usize = 12;
/// Inputs of a model that are listed: those that have moved furthest.
const MOST_INPUTS: usize = 8;

/// A model under watch.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftRow {
    /// Its colour on the time line.
    pub colour: Option<u8>,
    /// The route.
    pub data_type: String,
    /// Name within the route.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its control offset.
    pub control_offset: i64,
    /// Its score, then its inputs: those that have moved furthest first.
    pub columns: Vec<DriftColumn>,
    /// Inputs that are watched and not listed.
    pub more_inputs: usize,
    /// Inputs that are not watched.
    pub left_out: usize,
}

/// A column under watch.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftColumn {
    /// Its name; `null` for the score.
    pub input: Option<String>,
    /// The population stability index.
    pub psi: Option<f64>,
    /// How much that is.
    pub change: Change,
    /// `beginning` or `training`.
    pub reference: String,
    /// Whether the reference is complete.
    pub complete: bool,
    /// Rows of the reference, as far as they are known.
    pub reference_rows: Option<f64>,
    /// Rows now.
    pub rows: u64,
}

impl DriftRow {
    /// The models, newest first, with their colours by control offset.
    pub(super) fn of(mut models: Vec<ModelDrift>, colour: impl Fn(i64) -> Option<u8>) -> Vec<Self> {
        models.sort_by_key(|model| std::cmp::Reverse(model.control_offset));
        models.into_iter().take(MOST_MODELS).map(|model| Self::of_model(model, &colour)).collect()
    }

    fn of_model(model: ModelDrift, colour: impl Fn(i64) -> Option<u8>) -> Self {
        let mut inputs = model.inputs;
        let far = |column: &ColumnDrift| column.psi.unwrap_or(-1.0);
        inputs.sort_by(|left, right| far(right).total_cmp(&far(left)));
        let more_inputs = inputs.len().saturating_sub(MOST_INPUTS);
        let listed = inputs.into_iter().take(MOST_INPUTS).map(|input| {
            let name = input.name.clone();
            column(Some(name), input)
        });
        Self {
            colour: colour(model.control_offset),
            data_type: model.data_type,
            name: model.name,
            version: model.version,
            control_offset: model.control_offset,
            columns: std::iter::once(column(None, model.score)).chain(listed).collect(),
            more_inputs,
            left_out: model.left_out_count,
        }
    }
}

fn column(input: Option<String>, drift: ColumnDrift) -> DriftColumn {
    DriftColumn {
        input,
        psi: drift.psi,
        change: drift.change,
        reference: drift.reference.source,
        complete: drift.reference.complete,
        reference_rows: drift.reference.rows.rows,
        rows: drift.current.rows.unwrap_or(0.0) as u64,
    }
}
