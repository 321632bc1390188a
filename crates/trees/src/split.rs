//! What an inner node asks, and where a value that is missing goes.

use crate::cell::Cell;

/// An inner node: a test on one feature and where each answer leads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// Index into [`Ensemble::features`](crate::Ensemble::features).
    pub feature: u32,
    /// The question.
    pub test: Test,
    /// Which values of the feature count as missing at this node.
    pub reading: Reading,
    /// Where a missing value goes.
    pub missing: Missing,
    /// Index of the node reached when the test holds.
    pub yes: u32,
    /// Index of the node reached when it does not.
    pub no: u32,
}

impl Split {
    /// A split that reads NaN as missing and sends it to `no`, which is what "unknown counts as false" means.
    #[must_use]
    pub fn new(feature: u32, test: Test, yes: u32, no: u32) -> Self {
        Self { feature, test, reading: Reading::NanIsMissing, missing: Missing::No, yes, no }
    }

    /// The same split with another route for missing values.
    #[must_use]
    pub fn missing(mut self, missing: Missing) -> Self {
        self.missing = missing;
        self
    }

    /// The same split with another idea of what is missing.
    #[must_use]
    pub fn reading(mut self, reading: Reading) -> Self {
        self.reading = reading;
        self
    }
}

/// The question of an inner node.
///
/// On features of [`Number::F32`](crate::Number::F32) value and threshold are both rounded to f32 first. Comparisons
/// are those of IEEE 754: −0 equals 0, and with [`Reading::NanIsValue`] a NaN fails all but [`Test::NotEqual`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Test {
    /// value < threshold
    Less(f64),
    /// value ≤ threshold
    LessOrEqual(f64),
    /// value > threshold
    Greater(f64),
    /// value ≥ threshold
    GreaterOrEqual(f64),
    /// value = constant
    Equal(f64),
    /// value ≠ constant
    NotEqual(f64),
    /// The category's code is in the set with this index into [`Ensemble::sets`](crate::Ensemble::sets).
    InSet(u32),
    /// The category's code is not in that set.
    NotInSet(u32),
    /// The value is missing; [`Split::missing`] is not consulted.
    IsMissing,
}

/// Which values of a number count as missing. Cells that are [`State::Missing`](crate::State::Missing) always do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reading {
    /// NaN too (PMML after treatment, XGBoost, ai.onnx.ml, LightGBM's missing type NaN).
    #[default]
    NanIsMissing,
    /// NaN, and |value| ≤ 1e-35 (LightGBM's missing type Zero).
    NanAndZeroAreMissing,
    /// Nothing is missing: NaN and missing cells are read as 0 (LightGBM's missing type None).
    NanIsZero,
    /// NaN is a value that compares false (PMML's `asIs`).
    NanIsValue,
}

/// Largest magnitude that [`Reading::NanAndZeroAreMissing`] takes for zero: LightGBM's `kZeroThreshold`, an f32.
pub(crate) const ZERO_THRESHOLD: f64 = 1e-35_f32 as f64;

impl Reading {
    /// The cell of a number as a node with this reading sees it.
    pub(crate) fn apply(self, cell: Cell) -> Cell {
        match (self, cell) {
            (Self::NanIsZero, Cell::Missing) => Cell::Number(0.0),
            (Self::NanIsZero, Cell::Number(value)) if value.is_nan() => Cell::Number(0.0),
            (Self::NanIsMissing, Cell::Number(value)) if value.is_nan() => Cell::Missing,
            // The comparison is false for NaN, which is missing too.
            #[expect(clippy::neg_cmp_op_on_partial_ord)]
            (Self::NanAndZeroAreMissing, Cell::Number(value)) if !(value.abs() > ZERO_THRESHOLD) => {
                Cell::Missing
            }
            _ => cell,
        }
    }
}

/// Where a missing value goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// To the node of `yes`.
    Yes,
    /// To the node of `no`.
    #[default]
    No,
    /// The tree answers with this leaf: the node's own value, for "last prediction".
    Leaf(u32),
    /// The tree has no answer for this row.
    Null,
    /// The row is in error, see [`Exception::Fault`](crate::Exception::Fault).
    Fault,
}

/// A set of category codes as bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CategorySet {
    bits: Vec<u64>,
    others: bool,
}

impl CategorySet {
    /// The set of these codes.
    #[must_use]
    pub fn of(codes: impl IntoIterator<Item = u32>) -> Self {
        let mut set = Self::default();
        for code in codes {
            set.insert(code);
        }
        set
    }

    /// Adds a code. [`UNKNOWN_CATEGORY`] is the same as [`CategorySet::with_others`].
    pub fn insert(&mut self, code: u32) {
        if code == UNKNOWN_CATEGORY {
            self.others = true;
            return;
        }
        let word = code as usize / 64;
        if word >= self.bits.len() {
            self.bits.resize(word + 1, if self.others { u64::MAX } else { 0 });
        }
        self.bits[word] |= 1 << (code % 64);
    }

    /// Also takes every code that the words given so far do not cover, unknown categories included.
    ///
    /// Coverage is in whole words of 64 codes: a set whose largest code is 70 covers codes 0 to 127.
    #[must_use]
    pub fn with_others(mut self) -> Self {
        self.others = true;
        self
    }

    /// The set whose bit `code % 64` of word `code / 64` says whether the code is in it.
    #[must_use]
    pub fn from_words(bits: Vec<u64>) -> Self {
        Self { bits, others: false }
    }

    /// Whether the code is in the set.
    #[must_use]
    pub fn contains(&self, code: u32) -> bool {
        if code == UNKNOWN_CATEGORY {
            return self.others;
        }
        self.bits.get(code as usize / 64).map_or(self.others, |word| word >> (code % 64) & 1 == 1)
    }
}

/// The code of a category that the model does not know; it is in no set but those [`CategorySet::with_others`].
pub const UNKNOWN_CATEGORY: u32 = u32::MAX;
