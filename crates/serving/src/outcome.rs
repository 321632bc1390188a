//! What became of a record.

use std::fmt;
use std::sync::Arc;

use scorewheel_columns::{Batch, RowError, Scores};
use scorewheel_model::DataTypeName;
use serde::{Deserialize, Serialize};

use crate::decoder::Fault;
use crate::revision::InstalledModel;
use crate::selection::Order;

/// The step of the journey at which a record came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Bytes to columns.
    Decode,
    /// Data type to model.
    Route,
    /// Columns to answers.
    Score,
    /// Answers to bytes.
    Encode,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 4] = [Self::Decode, Self::Route, Self::Score, Self::Encode];

    /// The value of the header `scorewheel.errors.step`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Route => "route",
            Self::Score => "score",
            Self::Encode => "encode",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What became of one record.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// It was scored.
    Result(Answer<'a>),
    /// It could not be scored.
    DeadLetter(DeadLetter<'a>),
    /// No model was in force for its data type, and the policy is to drop it.
    Dropped(&'a DataTypeName),
}

/// The answer to one record: a row of a scored batch.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// Index of the model in its revision.
    pub model: usize,
    /// The model that scored it.
    pub installed: &'a Arc<InstalledModel>,
    /// The answers of the batch it was scored in.
    pub scores: &'a Scores,
    /// Its row there.
    pub row: usize,
    /// The record's data type.
    pub data_type: &'a DataTypeName,
    /// The batch's scoring time divided by its rows, nanoseconds.
    pub nanoseconds: u64,
    /// Which of its route's models it is.
    pub order: Order,
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("model", &self.installed.reference).field("row", &self.row).finish()
    }
}

/// Why a record has no answer; put into words only when asked.
#[derive(Clone, Copy)]
pub struct DeadLetter<'a> {
    /// At which step.
    pub step: Step,
    pub(crate) reason: &'a DeadReason,
    pub(crate) batch: Option<&'a Batch>,
    pub(crate) model: Option<(usize, &'a InstalledModel)>,
    pub(crate) order: Order,
}

/// The reason in the form in which the scorer keeps it.
#[derive(Clone, Debug)]
pub(crate) enum DeadReason {
    NoValue,
    Fault(Fault),
    OtherSchema { decoded_as: DataTypeName, named: DataTypeName },
    NoModel(DataTypeName),
    Row { error: RowError, row: u32 },
    Panicked(Box<str>),
}

impl DeadLetter<'_> {
    /// The kind, a word: the codec's (`truncated`, `unknown_data_type`), `no_model`, or the code of the row's error.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.reason {
            DeadReason::NoValue => "no_value",
            DeadReason::Fault(fault) => fault.kind,
            DeadReason::OtherSchema { .. } => "other_schema",
            DeadReason::NoModel(_) => "no_model",
            DeadReason::Row { error, .. } => error.code.as_str(),
            DeadReason::Panicked(_) => "engine_panicked",
        }
    }

    /// What is wrong, in words.
    #[must_use]
    pub fn message(&self) -> String {
        match (self.reason, self.model, self.batch) {
            (DeadReason::NoValue, ..) => "the record has no value".to_owned(),
            (DeadReason::Fault(fault), ..) => fault.reason.to_string(),
            (DeadReason::OtherSchema { decoded_as, named }, ..) => format!(
                "the record was read as {decoded_as} and names the data type {named}, which has another schema; \
                 name it in the header scorewheel-data-type"
            ),
            (DeadReason::NoModel(data_type), ..) => {
                format!("no model is in force for the data type {data_type}")
            }
            (DeadReason::Row { error, row }, Some((_, model)), Some(batch)) => {
                let row = *row as usize;
                crate::guard::guard(|| model.bound.explain(*error, batch, row).message)
                    .unwrap_or_else(|_| error.code.to_string())
            }
            (DeadReason::Row { error, .. }, ..) => error.code.to_string(),
            (DeadReason::Panicked(panic), ..) => format!("the engine panicked on this record: {panic}"),
        }
    }

    /// The model that the record was given to, if it came that far.
    #[must_use]
    pub fn model(&self) -> Option<&InstalledModel> {
        self.model.map(|(_, model)| model)
    }

    /// That model's index in its revision, and which of its route's models it is.
    #[must_use]
    pub fn asked(&self) -> Option<(usize, Order)> {
        self.model.map(|(index, _)| (index, self.order))
    }
}

impl fmt::Debug for DeadLetter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("step", &self.step)
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}

/// Why a partition waits before a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Its data type has no model, and the policy is to wait for one.
    NoModel {
        /// The data type.
        data_type: DataTypeName,
    },
    /// Its data type's model fails, and the policy is to pause.
    ModelFails {
        /// The data type.
        data_type: DataTypeName,
        /// Control offset of the model.
        control: i64,
    },
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoModel { data_type } => write!(
                f,
                "no model is in force for the data type {data_type}; the whole partition waits for one, its other \
                 data types too"
            ),
            Self::ModelFails { data_type, control } => write!(
                f,
                "the model of the data type {data_type} (control offset {control}) fails on its records; the whole \
                 partition is paused, its other data types too, until another model is published or rolled back to"
            ),
        }
    }
}

/// A model counts as failing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// The data type.
    pub data_type: DataTypeName,
    /// The model's name.
    pub model: String,
    /// Its control offset.
    pub control: i64,
    /// True if the partition is paused for it.
    pub paused: bool,
}
