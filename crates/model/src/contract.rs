//! From a model to scores.

use std::any::Any;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use scorewheel_columns::{Batch, DataType, OutputSchema, RowError, Schema, Scores};

use crate::error::{ModelError, RecordError};
use crate::mapping::Mapping;
use crate::training::FieldStatistics;

/// One input of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct InputField {
    /// Its name in the model.
    pub name: Box<str>,
    /// The type in which the model takes it. [`Model::schema`] is made of these.
    pub data_type: DataType,
    /// False if the model has an answer for a schema without this field (it is then always missing).
    pub required: bool,
}

/// What a model is, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Format and version: `PMML 4.4`.
    pub format: String,
    /// Kind of model within the format: `RegressionModel`.
    pub kind: String,
    /// What wrote it, if it says so.
    pub producer: Option<String>,
    /// What scores it: `native`, or a run time with its version such as `ONNX Runtime 1.32.0`.
    pub engine: String,
    /// Further facts in order: number of trees, layers, elements that some records cannot be scored by.
    pub details: Vec<(String, String)>,
}

/// What came of a model's own verification rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Rows that the model carries.
    pub rows: usize,
    /// One line for each row that is not reproduced.
    pub failures: Vec<String>,
}

/// A loaded model: immutable, not yet bound to records.
pub trait Model: Send + Sync + fmt::Debug {
    /// What it is, for people.
    fn summary(&self) -> Summary;

    /// Its inputs, in the model's order.
    fn inputs(&self) -> &[InputField];

    /// Its output columns.
    fn outputs(&self) -> &Arc<OutputSchema>;

    /// Scores the rows that the model itself carries and compares. A model without such rows has nothing to fail.
    fn verify(&self) -> Verification {
        Verification::default()
    }

    /// How its inputs were distributed in training, as far as the model says. They are compared with, never scored by.
    fn training_statistics(&self) -> &[FieldStatistics] {
        &[]
    }

    /// Binds the model to records of `schema`, once; inputs find their fields by `mapping`, else by name.
    ///
    /// # Errors
    /// [`ModelErrorKind::WrongSchema`](crate::ModelErrorKind::WrongSchema) if a required input has no field, more
    /// than one, or one of a type that cannot feed it.
    fn bind(&self, schema: &Arc<Schema>, mapping: &Mapping) -> Result<Arc<dyn BoundModel>, ModelError>;

    /// The schema of records made for this very model: one field an input, as the command `score` uses it.
    ///
    /// # Errors
    /// [`ModelErrorKind::Invalid`](crate::ModelErrorKind::Invalid) if two inputs share a name.
    fn schema(&self) -> Result<Arc<Schema>, ModelError> {
        crate::binding::schema_of_inputs(self.inputs())
    }
}

/// A model bound to a schema: immutable and shared by all scoring threads.
///
/// The same row gives the same bits alone, in any batch, on any thread.
pub trait BoundModel: Send + Sync {
    /// The output columns; the `Arc` is always the same, so that [`Scores::reset`] keeps its buffers.
    fn outputs(&self) -> &Arc<OutputSchema>;

    /// Working memory for one thread.
    fn new_scratch(&self) -> Scratch;

    /// Scores `rows` of `batch` (of the bound schema) into `scores`, which is reset to `rows.len()` rows.
    ///
    /// Errors are by row, in `scores`. `scratch` must come from [`BoundModel::new_scratch`] of this model; after a
    /// caught panic it is thrown away.
    fn score(&self, batch: &Batch, rows: Range<usize>, scratch: &mut Scratch, scores: &mut Scores);

    /// What was decided for this binding that nobody stated, a sentence each, for the log and for `inspect`.
    fn notes(&self) -> &[String] {
        &[]
    }

    /// The error of a row in words. `row` counts from the start of `batch`.
    fn explain(&self, error: RowError, batch: &Batch, row: usize) -> RecordError;
}

/// Working memory of one model on one thread, of a type that only the model knows.
pub struct Scratch(Box<dyn Any + Send>);

impl Scratch {
    /// Working memory that holds `state`.
    pub fn new<T: Any + Send>(state: T) -> Self {
        Self(Box::new(state))
    }

    /// The state, if it is of this type.
    pub fn state<T: Any>(&mut self) -> Option<&mut T> {
        self.0.downcast_mut()
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scratch")
    }
}
