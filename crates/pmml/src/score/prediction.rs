//! What an element finds for one row.

use crate::plan::ModelId;
use crate::value::Datum;

/// What an element finds for one row. Buffers are used again.
#[derive(Clone, Debug, Default)]
pub struct Prediction {
    /// The model whose prediction it is: a segment's, where the model around it hands that on.
    pub model: ModelId,
    /// Which of the model's targets it is about.
    pub target: u32,
    /// Code of the id of the segment whose prediction it is.
    pub segment: Option<u32>,
    /// The predicted value: before the target's rules when the element sets it, after them when others read it.
    pub value: Option<Datum>,
    /// Probabilities by category of the model; empty if there are none.
    pub probabilities: Vec<f64>,
    /// Confidences by category of the model; empty if there are none.
    pub confidences: Vec<f64>,
    /// Affinities by entity; empty if there are none.
    pub affinities: Vec<f64>,
    /// The winning entity.
    pub entity: Option<u32>,
    /// Entities from best to worst.
    pub ranking: Vec<u32>,
    /// Codes of reason codes, first to last.
    pub reasons: Vec<u32>,
    /// Categories from best to worst where the element itself ranks them, else empty.
    pub order: Vec<u32>,
    /// What else the element tells its outputs: rules that apply, by index.
    pub rules: Vec<u32>,
    /// Predictions of further targets.
    pub more: Vec<Prediction>,
}

impl Prediction {
    /// Forgets all and keeps the memory.
    pub fn clear(&mut self, model: ModelId) {
        self.model = model;
        self.target = 0;
        self.segment = None;
        self.value = None;
        self.probabilities.clear();
        self.confidences.clear();
        self.affinities.clear();
        self.entity = None;
        self.ranking.clear();
        self.reasons.clear();
        self.order.clear();
        self.rules.clear();
        self.more.clear();
    }

    /// The category with the highest probability, see [`largest`].
    #[must_use]
    pub fn most_probable(&self) -> Option<usize> {
        largest(&self.probabilities)
    }
}

/// The index of the largest number; of equal ones the first. What is not a number is larger than all that are, as the
/// reference orders them.
#[must_use]
pub fn largest(numbers: &[f64]) -> Option<usize> {
    let mut best = 0;
    for (index, number) in numbers.iter().enumerate() {
        if !numbers[best].is_nan() && (number.is_nan() || *number > numbers[best]) {
            best = index;
        }
    }
    (!numbers.is_empty()).then_some(best)
}
