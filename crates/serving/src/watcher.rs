//! Who looks at columns and scores as they pass.

use std::ops::Range;

use scorewheel_columns::{Batch, FieldIndex, Schema, Scores};
use scorewheel_model::{BoundInput, FieldStatistics, Mapping, Model, resolve_inputs};

use crate::revision::InstalledModel;

/// Rows that one model has scored in one call: what went in and what came out.
#[derive(Clone, Copy)]
pub struct ScoredRows<'a> {
    /// The model.
    pub installed: &'a InstalledModel,
    /// The columns.
    pub batch: &'a Batch,
    /// Its rows in them.
    pub rows: &'a Range<usize>,
    /// Its answers, beginning with the first of those rows.
    pub scores: &'a Scores,
}

/// Looks at rows as they are scored, on the thread that scores: each call is short and waits for nothing.
///
/// It sees what is scored, which may be scored again after a rollback: it is for figures that need not be exact.
pub trait Watcher: Send {
    /// A model has scored rows; the time is milliseconds since the epoch.
    fn scored(&mut self, rows: &ScoredRows<'_>, now: i64);
}

/// Makes watchers, one for each task.
pub trait Watch: Send + Sync {
    /// A watcher for one more task.
    fn watcher(&self) -> Box<dyn Watcher>;
}

/// A field of the records that feeds a model.
#[derive(Clone, Debug, PartialEq)]
pub struct FedField {
    /// The input's name in the model; of a vector, the field's own.
    pub name: Box<str>,
    /// The column.
    pub field: FieldIndex,
    /// How the input was distributed in training, if the model says it.
    pub training: Option<FieldStatistics>,
}

/// The fields that feed a model, each once, in the order of its inputs.
#[must_use]
pub fn fed_fields(model: &dyn Model, schema: &Schema, mapping: &Mapping) -> Vec<FedField> {
    // Whoever asks has bound the model, so that this cannot fail any more.
    let bound = resolve_inputs(schema, model.inputs(), mapping).unwrap_or_default();
    let statistics = model.training_statistics();
    let mut fed: Vec<FedField> = Vec::new();
    for (input, bound) in model.inputs().iter().zip(bound) {
        match bound {
            BoundInput::Field(field) => {
                let training = statistics.iter().find(|statistics| statistics.input == input.name).cloned();
                fed.push(FedField { name: input.name.clone(), field, training });
            }
            BoundInput::Vector(fields) => fed.extend(fields.into_iter().map(|field| FedField {
                name: schema.fields()[field].name.clone(),
                field,
                training: None,
            })),
            BoundInput::Absent => {}
        }
    }
    let mut seen = vec![false; schema.len()];
    fed.retain(|fed| !std::mem::replace(&mut seen[fed.field], true));
    fed
}
