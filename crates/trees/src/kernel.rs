//! The compiled ensemble: what callers hold and score with.

use crate::cell::Cell;
use crate::combine::Combine;
use crate::ensemble::{Ensemble, Feature, Leaves};
use crate::error::{CompileError, Exception, InputError};
use crate::fold::{NULL_LEAF, fold};
use crate::input::{Column, State, Values};
use crate::limits::Limits;
use crate::reference::{self, Walked};
use crate::validate::validate;

/// A compiled ensemble: immutable and `Sync`, to be shared by threads that bring their own [`Scratch`].
///
/// The bits of an answer depend on the row alone: not on the batch around it, the method, the thread or the CPU.
#[derive(Debug)]
pub struct Kernel {
    ensemble: Ensemble,
}

/// A thread's buffers, reused from call to call, and the rows of the last call that have no answer.
///
/// Any scratch serves any kernel; it grows to what the largest needs.
#[derive(Debug, Default)]
pub struct Scratch {
    reached: Vec<u32>,
    exceptions: Vec<(u32, Exception)>,
}

impl Scratch {
    /// No buffers yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The rows of the last batch that have no answer, ascending, and why. Their outputs are NaN (votes and sums)
    /// or [`NULL_LEAF`] from the faulty tree on (leaves).
    #[must_use]
    pub fn exceptions(&self) -> &[(u32, Exception)] {
        &self.exceptions
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

    fn cell(&self, features: &[Feature], feature: u32) -> Cell {
        let feature = feature as usize;
        match self.states.map_or(State::Value, |states| states[feature]) {
            State::Missing => Cell::Missing,
            State::Fault => Cell::Fault,
            State::Value => Cell::of_number(features[feature], self.values[feature]),
        }
    }
}

impl Kernel {
    pub(crate) fn compile(ensemble: Ensemble, limits: &Limits) -> Result<Self, CompileError> {
        validate(&ensemble, limits)?;
        Ok(Self { ensemble })
    }

    /// Number of features, which is the number of columns and the length of a row.
    #[must_use]
    pub fn features(&self) -> usize {
        self.ensemble.features.len()
    }

    /// Number of trees, which is the width of [`Kernel::score_leaves`].
    #[must_use]
    pub fn trees(&self) -> usize {
        self.ensemble.trees.len()
    }

    /// Numbers a row that [`Kernel::score`] writes.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.ensemble.outputs
    }

    /// Scores `rows` rows: writes `rows × outputs` numbers, row by row. Sums of f32 are widened without change.
    ///
    /// Rows without an answer are listed by [`Scratch::exceptions`] and get NaN. Nothing is allocated once the
    /// scratch has grown.
    ///
    /// # Errors
    /// [`InputError`], when columns or buffer do not fit; nothing is written then.
    pub fn score(
        &self,
        columns: &[Column<'_>],
        rows: usize,
        scratch: &mut Scratch,
        out: &mut [f64],
    ) -> Result<(), InputError> {
        if matches!(self.ensemble.combine, Combine::None) {
            return Err(InputError::Combine("sum, average or vote"));
        }
        self.check(columns, rows)?;
        check_output(out.len(), rows, self.outputs())?;
        self.each_row(columns, rows, scratch, |row, reached| {
            let out = &mut out[row * self.outputs()..][..self.outputs()];
            reached
                .and_then(|reached| fold(&self.ensemble, reached, out))
                .map(|_| ())
                .inspect_err(|_| out.fill(f64::NAN))
        });
        Ok(())
    }

    /// As [`Kernel::score`] for votes, with each row's winning class: the first voted for among those with most votes.
    /// Rows without an answer get [`NULL_LEAF`].
    ///
    /// # Errors
    /// [`InputError`], when columns or buffers do not fit or trees do not vote; nothing is written then.
    pub fn score_votes(
        &self,
        columns: &[Column<'_>],
        rows: usize,
        scratch: &mut Scratch,
        votes: &mut [f64],
        winners: &mut [u32],
    ) -> Result<(), InputError> {
        if !matches!(self.ensemble.combine, Combine::Vote(_)) {
            return Err(InputError::Combine("vote"));
        }
        self.check(columns, rows)?;
        check_output(votes.len(), rows, self.outputs())?;
        check_output(winners.len(), rows, 1)?;
        self.each_row(columns, rows, scratch, |row, reached| {
            let out = &mut votes[row * self.outputs()..][..self.outputs()];
            let winner = reached.and_then(|reached| fold(&self.ensemble, reached, out));
            winners[row] = winner.unwrap_or(NULL_LEAF);
            winner.map(|_| ()).inspect_err(|_| out.fill(f64::NAN))
        });
        Ok(())
    }

    /// Writes the leaf that each row reaches in each tree, `rows × trees` numbers, row by row, for aggregations of the
    /// caller's own; [`NULL_LEAF`] where a tree has no answer. Works whatever the ensemble combines.
    ///
    /// Only faults are exceptions here; the faulty tree and those after it have [`NULL_LEAF`].
    ///
    /// # Errors
    /// [`InputError`], when columns or buffer do not fit; nothing is written then.
    pub fn score_leaves(
        &self,
        columns: &[Column<'_>],
        rows: usize,
        scratch: &mut Scratch,
        leaves: &mut [u32],
    ) -> Result<(), InputError> {
        self.check(columns, rows)?;
        check_output(leaves.len(), rows, self.trees())?;
        scratch.exceptions.clear();
        for (row, leaves) in leaves.chunks_exact_mut(self.trees().max(1)).enumerate().take(rows) {
            let read = |feature| {
                Cell::read(self.ensemble.features[feature as usize], &columns[feature as usize], row)
            };
            if let Err(exception) = self.walk(leaves, read) {
                scratch.exceptions.push((row as u32, exception));
            }
        }
        Ok(())
    }

    /// Scores one row as [`Kernel::score`] would, and returns why there is no answer, if so.
    ///
    /// # Errors
    /// [`InputError`], when row or buffer do not fit; nothing is written then.
    pub fn score_row(
        &self,
        row: Row<'_>,
        scratch: &mut Scratch,
        out: &mut [f64],
    ) -> Result<Option<Exception>, InputError> {
        if matches!(self.ensemble.combine, Combine::None) {
            return Err(InputError::Combine("sum, average or vote"));
        }
        self.row(row, scratch, out).map(Result::err)
    }

    /// As [`Kernel::score_row`] for votes: the winning class, or why there is none.
    ///
    /// # Errors
    /// [`InputError`], when row or buffer do not fit or trees do not vote; nothing is written then.
    pub fn score_row_votes(
        &self,
        row: Row<'_>,
        scratch: &mut Scratch,
        votes: &mut [f64],
    ) -> Result<Result<u32, Exception>, InputError> {
        if !matches!(self.ensemble.combine, Combine::Vote(_)) {
            return Err(InputError::Combine("vote"));
        }
        self.row(row, scratch, votes)
    }

    /// Writes the leaf that one row reaches in each tree, as [`Kernel::score_leaves`] would.
    ///
    /// # Errors
    /// [`InputError`], when row or buffer do not fit; nothing is written then.
    pub fn score_row_leaves(
        &self,
        row: Row<'_>,
        scratch: &mut Scratch,
        leaves: &mut [u32],
    ) -> Result<Option<Exception>, InputError> {
        let _ = scratch;
        self.check_row(&row)?;
        check_output(leaves.len(), 1, self.trees())?;
        Ok(self.walk(leaves, |feature| row.cell(&self.ensemble.features, feature)).err())
    }

    /// The numbers of a leaf, as the description gave them; none where leaves hold none.
    #[must_use]
    pub fn leaf(&self, leaf: u32) -> &[f64] {
        match &self.ensemble.leaves {
            Leaves::Numbers { width, values } => {
                values.get(leaf as usize * width..).map_or(&[], |rest| &rest[..*width])
            }
            Leaves::Classes(_) | Leaves::Numbered(_) => &[],
        }
    }

    fn row(
        &self,
        row: Row<'_>,
        scratch: &mut Scratch,
        out: &mut [f64],
    ) -> Result<Result<u32, Exception>, InputError> {
        self.check_row(&row)?;
        check_output(out.len(), 1, self.outputs())?;
        scratch.reached.resize(self.trees(), NULL_LEAF);
        let read = |feature| row.cell(&self.ensemble.features, feature);
        let walked = self.walk(&mut scratch.reached, read);
        let answer = walked.and_then(|()| fold(&self.ensemble, &scratch.reached, out));
        Ok(answer.inspect_err(|_| out.fill(f64::NAN)))
    }

    fn each_row(
        &self,
        columns: &[Column<'_>],
        rows: usize,
        scratch: &mut Scratch,
        mut combine: impl FnMut(usize, Result<&[u32], Exception>) -> Result<(), Exception>,
    ) {
        scratch.exceptions.clear();
        scratch.reached.resize(self.trees(), NULL_LEAF);
        for row in 0..rows {
            let read = |feature| {
                Cell::read(self.ensemble.features[feature as usize], &columns[feature as usize], row)
            };
            let walked = self.walk(&mut scratch.reached, read);
            if let Err(exception) = combine(row, walked.map(|()| &scratch.reached[..])) {
                scratch.exceptions.push((row as u32, exception));
            }
        }
    }

    fn walk(&self, reached: &mut [u32], read: impl Fn(u32) -> Cell) -> Result<(), Exception> {
        for tree in 0..self.trees() {
            reached[tree] = match reference::walk(&self.ensemble, tree, &read) {
                Walked::Leaf(leaf) => leaf,
                Walked::Null => NULL_LEAF,
                Walked::Fault { feature } => {
                    reached[tree..].fill(NULL_LEAF);
                    return Err(Exception::Fault { tree: tree as u32, feature });
                }
            };
        }
        Ok(())
    }

    fn check(&self, columns: &[Column<'_>], rows: usize) -> Result<(), InputError> {
        if columns.len() != self.features() {
            return Err(InputError::Columns { given: columns.len(), expected: self.features() });
        }
        for (index, (column, feature)) in columns.iter().zip(&self.ensemble.features).enumerate() {
            if !column.holds(rows) {
                return Err(InputError::ColumnTooShort { column: index, rows });
            }
            if matches!((column.values, feature), (Values::Codes(_), Feature::Number(_))) {
                return Err(InputError::ColumnType { column: index });
            }
        }
        Ok(())
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), InputError> {
        let given = row.states.map_or(row.values.len(), |states| states.len().min(row.values.len()));
        if given == self.features() {
            Ok(())
        } else {
            Err(InputError::Columns { given, expected: self.features() })
        }
    }
}

fn check_output(given: usize, rows: usize, width: usize) -> Result<(), InputError> {
    let expected = rows.saturating_mul(width);
    if given == expected { Ok(()) } else { Err(InputError::Output { given, expected }) }
}
