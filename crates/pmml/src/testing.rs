//! What the tests of elements share: a document as text, rows as values, answers as values.

use std::sync::Arc;

use scorewheel_columns::{Batch, ErrorCode, Scores, Value};
use scorewheel_model::{BoundModel, Limits, Mapping, Model, ModelError};

use crate::PmmlModel;

/// A document around a model: `fields` inside its data dictionary, `model` the model element.
pub fn document(fields: &str, model: &str) -> String {
    format!(
        "<PMML xmlns=\"http://www.dmg.org/PMML-4_4\" version=\"4.4\"><Header/>\
         <DataDictionary>{fields}</DataDictionary>{model}</PMML>"
    )
}

/// A loaded document.
pub struct Loaded {
    /// The model.
    pub model: PmmlModel,
    bound: Arc<dyn BoundModel>,
}

/// Loads a document.
pub fn load(document: &str) -> Result<Loaded, ModelError> {
    let model = PmmlModel::load(document.as_bytes(), None, &Mapping::default(), &Limits::default())?;
    let bound = model.bind(&model.schema()?, &Mapping::default())?;
    Ok(Loaded { model, bound })
}

impl Loaded {
    /// Scores rows, each with its values in the order of the inputs.
    pub fn score(&self, rows: &[Vec<Value>]) -> Scores {
        let mut batch = Batch::new(self.model.schema().unwrap());
        for row in rows {
            batch.push_row(row);
        }
        let mut scores = Scores::new();
        self.bound.score(&batch, 0..batch.rows(), &mut self.bound.new_scratch(), &mut scores);
        scores
    }

    /// The answer of one row in one column: by name, or the nameless target.
    pub fn answer(&self, row: &[Value], name: Option<&str>) -> Result<Value, ErrorCode> {
        let scores = self.score(&[row.to_vec()]);
        if let Some(error) = scores.error(0) {
            return Err(error.code);
        }
        let column = scores.schema().fields.iter().position(|field| field.name.as_deref() == name);
        Ok(scores.get(column.unwrap(), 0))
    }
}
