//! How a column was distributed when the model was trained.

use serde::{Deserialize, Serialize};

use super::histogram::{number_key, text_key};

/// Ranges or categories that are taken over.
const MOST_CELLS: usize = 1_024;

/// How a column was distributed when the model was trained, as the model itself says it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Rows that it was trained on, if it says so.
    pub rows: Option<f64>,
    /// Rows without a value; `None` if it does not say, and missing values are then not compared.
    pub missing: Option<f64>,
    /// Rows with an invalid value; as for missing ones.
    pub invalid: Option<f64>,
    /// The values.
    pub values: TrainingValues,
}

/// Values and how often they were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TrainingValues {
    /// Ranges of numbers, ascending, none over another.
    Numbers(Vec<TrainingCell>),
    /// Categories with their keys and weights.
    Categories(Vec<(u64, Box<str>, f64)>),
}

impl Default for TrainingValues {
    fn default() -> Self {
        Self::Numbers(Vec::new())
    }
}

/// A range of numbers by their keys, both ends included, and its weight.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingCell {
    /// Key of its smallest number.
    pub first: u64,
    /// Key of its largest number.
    pub last: u64,
    /// How often its numbers were, in any unit.
    pub weight: f64,
    /// True if the number after the largest is the one at which it ends: that number belongs to what comes next.
    #[serde(default)]
    pub open: bool,
}

impl TrainingCell {
    /// The numbers from one to another; `None` if there are none, or the weight is none.
    #[must_use]
    pub fn new(from: (f64, bool), to: (f64, bool), weight: f64) -> Option<Self> {
        let first = number_key(from.0)?.saturating_add(u64::from(!from.1));
        let last = number_key(to.0)?.saturating_sub(u64::from(!to.1));
        (first <= last && weight.is_finite() && weight >= 0.0).then_some(Self {
            first,
            last,
            weight,
            open: !to.1,
        })
    }
}

impl Training {
    /// A distribution of numbers; `None` if the ranges overlap, are too many, or weigh nothing.
    #[must_use]
    pub fn of_numbers(mut cells: Vec<TrainingCell>) -> Option<Self> {
        cells.sort_by_key(|cell| cell.first);
        let apart = cells.windows(2).all(|pair| pair[0].last < pair[1].first);
        let weight: f64 = cells.iter().map(|cell| cell.weight).sum();
        let sound = apart && cells.len() <= MOST_CELLS && weight.is_finite() && weight > 0.0;
        sound.then(|| Self { values: TrainingValues::Numbers(cells), ..Self::default() })
    }

    /// A distribution of categories: the heaviest of them if there are too many. `None` if they weigh nothing.
    #[must_use]
    pub fn of_categories<'a>(categories: impl IntoIterator<Item = (&'a str, f64)>) -> Option<Self> {
        let sound = |weight: f64| weight.is_finite() && weight >= 0.0;
        let mut known: Vec<(u64, Box<str>, f64)> = categories
            .into_iter()
            .filter(|(_, weight)| sound(*weight))
            .map(|(name, weight)| (text_key(name), name.into(), weight))
            .collect();
        known.sort_by(|left, right| right.2.total_cmp(&left.2).then(left.0.cmp(&right.0)));
        known.truncate(MOST_CELLS);
        let weight: f64 = known.iter().map(|(_, _, weight)| weight).sum();
        let sound = weight.is_finite() && weight > 0.0;
        sound.then(|| Self { values: TrainingValues::Categories(known), ..Self::default() })
    }
}
