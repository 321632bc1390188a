//! How the inputs of a model were distributed when it was trained.

/// What a model says of one of its inputs in training: to compare records with, never to score by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldStatistics {
    /// The input's name, as in [`InputField::name`](crate::InputField::name).
    pub input: Box<str>,
    /// Rows that the model was trained on, if it says so.
    pub rows: Option<f64>,
    /// Rows without a value, if it says so.
    pub missing: Option<f64>,
    /// Rows with an invalid value, if it says so.
    pub invalid: Option<f64>,
    /// The values.
    pub values: TrainedValues,
}

/// Values in training and how often they were. Weights are of any unit; only their shares mean something.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainedValues {
    /// Values as they are written, each with its weight.
    Categories(Vec<(Box<str>, f64)>),
    /// Ranges of numbers.
    Intervals(Vec<TrainedInterval>),
}

impl Default for TrainedValues {
    fn default() -> Self {
        Self::Intervals(Vec::new())
    }
}

/// A range of numbers and its weight. An infinite end is open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainedInterval {
    /// Its lower end, and whether that belongs to it.
    pub from: (f64, bool),
    /// Its upper end, and whether that belongs to it.
    pub to: (f64, bool),
    /// How often its numbers were.
    pub weight: f64,
}
