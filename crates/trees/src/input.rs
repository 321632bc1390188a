//! What is scored: borrowed columns, with what each cell is.

use crate::cell::Cell;
use crate::ensemble::Feature;

/// What a cell is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// The buffer holds the value.
    #[default]
    Value = 0,
    /// There is none; the buffer's entry means nothing.
    Missing = 1,
    /// An error of the row, if its path reads it.
    Fault = 2,
}

/// The values of one feature, borrowed.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// 64-bit floating point.
    F64(&'a [f64]),
    /// 32-bit floating point.
    F32(&'a [f32]),
    /// Integers, read as the nearest f64 or f32.
    I64(&'a [i64]),
    /// Codes of categories; codes that no set covers, and [`UNKNOWN_CATEGORY`](crate::UNKNOWN_CATEGORY), are
    /// unknown categories.
    Codes(&'a [u32]),
}

impl Values<'_> {
    fn len(&self) -> usize {
        match self {
            Self::F64(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::Codes(codes) => codes.len(),
        }
    }
}

/// One feature of a batch: row `i` is entry `i × stride` of the buffer.
///
/// ```
/// use scorewheel_trees::{Column, State};
/// let tensor = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0]; // two rows of three, row-major
/// let second_feature = Column::f32(&tensor[1..]).every(3);
/// let constant = Column::f64(&[7.5]).every(0);
/// let with_missing = Column::codes(&[0, 2]).with_states(&[State::Missing, State::Value]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    pub(crate) values: Values<'a>,
    pub(crate) states: Option<&'a [State]>,
    pub(crate) stride: usize,
}

impl<'a> Column<'a> {
    /// A column of these values, one a row, none missing by state.
    #[must_use]
    pub fn new(values: Values<'a>) -> Self {
        Self { values, states: None, stride: 1 }
    }

    /// A column of f64.
    #[must_use]
    pub fn f64(values: &'a [f64]) -> Self {
        Self::new(Values::F64(values))
    }

    /// A column of f32.
    #[must_use]
    pub fn f32(values: &'a [f32]) -> Self {
        Self::new(Values::F32(values))
    }

    /// A column of integers.
    #[must_use]
    pub fn i64(values: &'a [i64]) -> Self {
        Self::new(Values::I64(values))
    }

    /// A column of category codes.
    #[must_use]
    pub fn codes(codes: &'a [u32]) -> Self {
        Self::new(Values::Codes(codes))
    }

    /// The same column with what each cell is, one state a row whatever the stride.
    #[must_use]
    pub fn with_states(mut self, states: &'a [State]) -> Self {
        self.states = Some(states);
        self
    }

    /// The same column with another distance between rows: the row length of a row-major tensor, 0 for a constant.
    #[must_use]
    pub fn every(mut self, stride: usize) -> Self {
        self.stride = stride;
        self
    }

    pub(crate) fn holds(&self, rows: usize) -> bool {
        let values =
            rows == 0 || (rows - 1).checked_mul(self.stride).is_some_and(|last| last < self.values.len());
        values && self.states.is_none_or(|states| states.len() >= rows)
    }

    /// The first `rows` values, if they are f64 without gaps and states.
    pub(crate) fn plain(&self, rows: usize) -> Option<&'a [f64]> {
        match self.values {
            Values::F64(values) if self.stride == 1 && self.states.is_none() => values.get(..rows),
            _ => None,
        }
    }

    pub(crate) fn state(&self, row: usize) -> State {
        self.states.map_or(State::Value, |states| states[row])
    }
}

/// One row of numbers, in the order of the features; categories are their codes.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    values: &'a [f64],
    states: Option<&'a [State]>,
}

impl<'a> Row<'a> {
    /// A row without missing or faulty cells, save that NaN counts as each split's [`Reading`](crate::Reading) says.
    #[must_use]
    pub fn new(values: &'a [f64]) -> Self {
        Self { values, states: None }
    }

    /// The same row with what each cell is.
    #[must_use]
    pub fn with_states(mut self, states: &'a [State]) -> Self {
        self.states = Some(states);
        self
    }

    /// The values, if none has a state.
    pub(crate) fn plain(&self) -> Option<&'a [f64]> {
        if self.states.is_none() { Some(self.values) } else { None }
    }

    pub(crate) fn len(&self) -> usize {
        self.states.map_or(self.values.len(), |states| states.len().min(self.values.len()))
    }

    pub(crate) fn cell(&self, features: &[Feature], feature: u32) -> Cell {
        let feature = feature as usize;
        match self.states.map_or(State::Value, |states| states[feature]) {
            State::Missing => Cell::Missing,
            State::Fault => Cell::Fault,
            State::Value => Cell::of_number(features[feature], self.values[feature]),
        }
    }
}
