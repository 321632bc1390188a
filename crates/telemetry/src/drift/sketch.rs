//! What one column held: numbers or categories, missing and invalid cells.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::histogram::{Histogram, number_key, text_key};

/// Categories whose names are kept, for people; all are counted.
const NAMES: usize = 32;
/// Characters of a name that are kept.
const NAME_LENGTH: usize = 64;

/// What a column holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ColumnKind {
    /// Numbers, compared by size.
    #[default]
    Number,
    /// Texts, equal or not.
    Category,
}

/// How the values of one column are distributed, in a fixed space. Sketches of different processes can be merged: the
/// outcome is that of one that has seen everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSketch {
    /// Numbers by their size, or categories by a hash.
    values: Histogram,
    /// Names of the categories with the lowest hashes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    names: BTreeMap<u64, Box<str>>,
    /// Cells without a value.
    missing: u64,
    /// Cells that hold something that is no value: a fault of the codec, or not a number.
    invalid: u64,
}

impl ColumnSketch {
    /// Counts a number; what is none is invalid.
    #[inline]
    pub fn add_number(&mut self, number: f64) {
        match number_key(number) {
            Some(key) => self.values.add(key, 1),
            None => self.invalid += 1,
        }
    }

    /// Counts a category.
    pub fn add_category(&mut self, category: &str) {
        let key = text_key(category);
        self.values.add(key, 1);
        self.name(key, category);
    }

    /// Counts a cell without a value.
    pub fn add_missing(&mut self) {
        self.missing += 1;
    }

    /// Counts a cell with something that is no value.
    pub fn add_invalid(&mut self) {
        self.invalid += 1;
    }

    /// Keeps the names of the lowest keys: which these are does not depend on the order.
    fn name(&mut self, key: u64, category: &str) {
        if self.names.len() == NAMES && self.names.last_key_value().is_some_and(|(last, _)| key >= *last) {
            return;
        }
        self.names.entry(key).or_insert_with(|| category.chars().take(NAME_LENGTH).collect());
        if self.names.len() > NAMES {
            self.names.pop_last();
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.values.merge(&other.values);
        for (key, name) in &other.names {
            self.name(*key, name);
        }
        self.missing += other.missing;
        self.invalid += other.invalid;
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.values.clear();
        self.names.clear();
        (self.missing, self.invalid) = (0, 0);
    }

    /// Cells counted.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.values.total().saturating_add(self.missing).saturating_add(self.invalid)
    }

    /// The values.
    #[must_use]
    pub fn values(&self) -> &Histogram {
        &self.values
    }

    /// Cells without a value.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Cells with something that is no value.
    #[must_use]
    pub fn invalid(&self) -> u64 {
        self.invalid
    }

    /// The name of a category, if it is kept.
    #[must_use]
    pub fn category(&self, key: u64) -> Option<&str> {
        self.names.get(&key).map(|name| &**name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::histogram::CAPACITY;
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Cell {
        Number(f64),
        Category(String),
        Missing,
        Invalid,
    }

    fn of(cells: &[Cell]) -> ColumnSketch {
        let mut sketch = ColumnSketch::default();
        for cell in cells {
            match cell {
                Cell::Number(number) => sketch.add_number(*number),
                Cell::Category(category) => sketch.add_category(category),
                Cell::Missing => sketch.add_missing(),
                Cell::Invalid => sketch.add_invalid(),
            }
        }
        sketch
    }

    fn cells() -> impl Strategy<Value = Vec<Cell>> {
        let cell = prop_oneof![
            8 => any::<f64>().prop_map(Cell::Number),
            8 => "[a-f]{0,4}".prop_map(Cell::Category),
            1 => Just(Cell::Missing),
            1 => Just(Cell::Invalid),
        ];
        prop::collection::vec(cell, 0..900)
    }

    proptest! {
        #[test]
        fn merging_is_counting_together(left in cells(), right in cells()) {
            let mut merged = of(&left);
            merged.merge(&of(&right));
            prop_assert_eq!(merged, of(&[left, right].concat()));
        }
    }

    #[test]
    fn hostile_values_need_no_more_space() {
        let mut sketch = ColumnSketch::default();
        for index in 0..10_000_u32 {
            sketch.add_category(&format!("{index}{}", "x".repeat(5_000)));
            sketch.add_number(f64::from_bits(u64::from(index).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        }
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, -0.0] {
            sketch.add_number(number);
        }
        assert!(sketch.values.ranges().len() <= CAPACITY);
        assert_eq!(sketch.names.len(), NAMES);
        assert!(sketch.names.values().all(|name| name.len() <= NAME_LENGTH));
        assert_eq!(sketch.rows(), 20_006);
        assert!(sketch.invalid() >= 1, "NaN is no number");
        // What is sent to other instances is as bounded.
        assert!(serde_json::to_string(&sketch).unwrap().len() < 40_000);
    }
}
