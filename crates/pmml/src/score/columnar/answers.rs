//! What an element finds for a block of rows.

use scorewheel_trees as trees;

/// Rows that the exact path must score.
#[derive(Debug, Default)]
pub struct Left {
    rows: Vec<bool>,
    any: bool,
}

impl Left {
    /// None of so many rows.
    pub fn clear(&mut self, rows: usize) {
        if self.any || self.rows.len() != rows {
            self.rows.clear();
            self.rows.resize(rows, false);
            self.any = false;
        }
    }

    /// Leaves a row to the exact path.
    pub fn mark(&mut self, row: usize) {
        self.rows[row] = true;
        self.any = true;
    }

    /// Leaves the rows of which this holds.
    pub fn mark_where<T>(&mut self, values: &[T], test: impl Fn(&T) -> bool) {
        for (row, value) in values.iter().enumerate() {
            if test(value) {
                self.mark(row);
            }
        }
    }

    /// Leaves the rows with NaN.
    #[inline]
    pub fn mark_nan(&mut self, values: &[f64]) {
        if let [only] = values {
            if only.is_nan() {
                self.mark(0);
            }
            return;
        }
        // Rows are nearly always without any.
        if values.iter().fold(false, |any, value| any | value.is_nan()) {
            self.mark_where(values, |value| value.is_nan());
        }
    }

    /// Leaves all rows.
    pub fn mark_all(&mut self) {
        self.rows.fill(true);
        self.any = !self.rows.is_empty();
    }

    /// True if any row is left.
    #[must_use]
    pub fn any(&self) -> bool {
        self.any
    }

    /// The rows that are left.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.rows.iter().enumerate().filter(|(_, left)| **left).map(|(row, _)| row)
    }
}

/// What an element finds for a block of rows. Of rows that are [`Left`] everything is meaningless.
#[derive(Debug, Default)]
pub struct Answers {
    /// Numbers of rows.
    pub rows: usize,
    /// The predicted numbers, one a row; empty if the element tells categories apart.
    pub numbers: Vec<f64>,
    /// The predicted categories by index, one a row; empty if the element predicts numbers.
    pub winners: Vec<u32>,
    /// Probabilities, row by row; empty if there are none.
    pub probabilities: Vec<f64>,
    /// Confidences, row by row; empty where all are nought.
    pub confidences: Vec<f64>,
    /// The winning entities, one a row; empty if there are none.
    pub entities: Vec<u32>,
    /// Rows without an answer here.
    pub left: Left,
}

impl Answers {
    /// Forgets what an element found; rows that are left stay so.
    pub fn clear(&mut self) {
        self.numbers.clear();
        self.winners.clear();
        self.probabilities.clear();
        self.confidences.clear();
        self.entities.clear();
    }

    /// The category with the highest probability becomes the winner of each row, of `width` categories.
    pub fn elect(&mut self, width: usize) {
        let largest = |row: &[f64]| crate::score::prediction::largest(row).unwrap_or(0) as u32;
        self.winners.extend(self.probabilities.chunks_exact(width).map(largest));
    }
}

/// Buffers that elements work in.
#[derive(Debug, Default)]
pub struct Work {
    /// Columns of numbers.
    pub columns: Vec<f64>,
    /// Of compiled trees.
    pub trees: trees::Scratch,
    /// One row of numbers.
    pub row: Vec<f64>,
    /// Leaves.
    pub leaves: Vec<u32>,
}
