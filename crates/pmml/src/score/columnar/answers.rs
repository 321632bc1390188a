//! What an element finds for a block of rows.

use scorewheel_trees as trees;

use crate::elements::measure;
use crate::score::columnar::predicates;
#[cfg(doc)]
use crate::score::emit::NO_TEXT;

/// No entity.
pub const NO_ENTITY: u32 = u32::MAX;

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
    /// The winning entities, one a row, [`NO_ENTITY`] where there is none; empty if there are none at all.
    pub entities: Vec<u32>,
    /// Affinities by entity, row by row; whatever they were if there are none.
    pub affinities: Vec<f64>,
    /// Entities from best to worst, row by row, as many of them as the element ranks; empty if there are none.
    pub rankings: Vec<u32>,
    /// Codes of reason codes, row by row, as many as outputs tell, [`NO_TEXT`] behind the last one.
    pub reasons: Vec<u32>,
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
        self.rankings.clear();
        self.reasons.clear();
    }

    /// The entity of a rank, from 0: where none are ranked only the winning one.
    #[inline]
    #[must_use]
    pub fn ranked(&self, row: usize, rank: usize) -> Option<u32> {
        if rank == 0 && !self.entities.is_empty() {
            return Some(self.entities[row]).filter(|entity| *entity != NO_ENTITY);
        }
        let width = self.rankings.len().checked_div(self.rows)?;
        self.rankings[row * width..(row + 1) * width].get(rank).copied()
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
    /// Of predicates.
    pub predicates: predicates::Memory,
    /// A byte a row, column by column.
    pub masks: Vec<u8>,
    /// Small indices, column by column.
    pub choices: Vec<u16>,
    /// What was found for rows: the row, and what it is.
    pub found: Vec<(u32, u32)>,
    /// Where each row's begin, and one more.
    pub starts: Vec<u32>,
    /// The same row by row.
    pub by_row: Vec<u32>,
    /// Of points that are ordered.
    pub keys: measure::Keys,
}

impl Work {
    /// Puts what was found for rows in their order, each row's in the order in which it was found.
    pub fn sort_found(&mut self, rows: usize) {
        let Self { found, starts, by_row, .. } = self;
        starts.clear();
        starts.resize(rows + 1, 0);
        for (row, _) in &*found {
            starts[*row as usize + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        by_row.clear();
        by_row.resize(found.len(), 0);
        for (row, what) in &*found {
            let next = &mut starts[*row as usize];
            by_row[*next as usize] = *what;
            *next += 1;
        }
        // Each start has moved to the next one's.
        starts.rotate_right(1);
        starts[0] = 0;
    }
}

/// The rows of a mask that are set, a byte of 0 or 1 each.
pub fn each_set(mask: &[u8], mut visit: impl FnMut(usize)) {
    let (words, rest) = mask.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let mut word = u64::from_le_bytes(*word);
        while word != 0 {
            visit(at * 8 + word.trailing_zeros() as usize / 8);
            word &= word - 1;
        }
    }
    for (at, set) in rest.iter().enumerate() {
        if *set != 0 {
            visit(words.len() * 8 + at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_stands_row_by_row() {
        let mut work = Work { found: vec![(2, 7), (0, 8), (2, 9), (4, 1), (0, 3)], ..Work::default() };
        work.sort_found(5);
        let of = |row: usize| &work.by_row[work.starts[row] as usize..work.starts[row + 1] as usize];
        assert_eq!([of(0), of(1), of(2), of(3), of(4)], [&[8, 3][..], &[], &[7, 9], &[], &[1]]);
        let mask: Vec<u8> = (0..21).map(|at| u8::from(at % 5 == 0)).collect();
        let mut rows = Vec::new();
        each_set(&mask, |row| rows.push(row));
        assert_eq!(rows, [0, 5, 10, 15, 20]);
    }
}
