//! The compiled ensemble: what callers hold and score with.

use crate::answers::{Answers, NULL_LEAF, Worth};
use crate::cell::Cell;
use crate::combine::Combine;
use crate::direct::{Direct, MAX_FEATURES};
use crate::engine::{Buffers, RankEngine};
use crate::ensemble::{Ensemble, Feature};
use crate::error::{CompileError, Exception, InputError};
use crate::input::{Column, Row, Values};
use crate::limits::Limits;
use crate::rank::{BLOCK, BLOCKS, RowBits};
use crate::reference;
use crate::sink::{Numbers, Real, Scalars, Sink, Slots, Vectors, Votes};
use crate::unchecked::Simd;
use crate::validate::validate;

/// Rows below which walking them one by one is cheaper than a whole block.
const FEW: usize = 12;

/// A compiled ensemble: immutable and `Sync`, to be shared by threads that bring their own [`Scratch`].
///
/// The bits of an answer depend on the row alone: not on the batch around it, the method, the thread or the CPU.
#[derive(Debug)]
pub struct Kernel {
    features: Vec<Feature>,
    engine: Engine,
    answers: Answers,
    /// Whether some trees have leaves without an answer.
    nullable: bool,
    simd: Option<Simd>,
}

#[derive(Debug)]
enum Engine {
    Ranks(Box<RankEngine>),
    /// The description itself, walked node by node; slots are leaf numbers.
    Plain(Ensemble),
}

/// A thread's buffers, reused from call to call, and the rows of the last call that have no answer.
///
/// Any scratch serves any kernel; it grows to what the largest needs.
#[derive(Debug, Default)]
pub struct Scratch {
    buffers: Buffers,
    slots: Vec<u32>,
    doubles: Vec<f64>,
    singles: Vec<f32>,
    exceptions: Vec<(u32, Exception)>,
    odd: Vec<u32>,
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

/// What a call writes.
enum Out<'a> {
    /// Sums, averages or votes; `rows × outputs`.
    Numbers(&'a mut [f64]),
    /// Votes and winners.
    Votes(&'a mut [f64], &'a mut [u32]),
    /// Leaf numbers; `rows × trees`.
    Leaves(&'a mut [u32]),
}

impl Kernel {
    pub(crate) fn compile(mut ensemble: Ensemble, limits: &Limits) -> Result<Self, CompileError> {
        validate(&ensemble, limits)?;
        Ok(match RankEngine::compile(&ensemble) {
            Some((engine, leaves, weights)) => {
                let answers = Answers::by_slot(&mut ensemble, leaves, &weights);
                let nullable = answers.nullable;
                let features = ensemble.features;
                Self {
                    features,
                    engine: Engine::Ranks(Box::new(engine)),
                    answers,
                    nullable,
                    simd: Simd::detect(),
                }
            }
            None => Self::plain(ensemble),
        })
    }

    pub(crate) fn compile_plain(ensemble: Ensemble, limits: &Limits) -> Result<Self, CompileError> {
        validate(&ensemble, limits)?;
        Ok(Self::plain(ensemble))
    }

    fn plain(mut ensemble: Ensemble) -> Self {
        let answers = Answers::by_leaf(&mut ensemble);
        let features = ensemble.features.clone();
        Self { features, engine: Engine::Plain(ensemble), answers, nullable: true, simd: None }
    }

    /// The same kernel without SIMD; the bits of its answers are the same.
    #[must_use]
    pub fn without_simd(mut self) -> Self {
        self.simd = None;
        self
    }

    /// Number of features, which is the number of columns and the length of a row.
    #[must_use]
    pub fn features(&self) -> usize {
        self.features.len()
    }

    /// Number of trees, which is the width of [`Kernel::score_leaves`].
    #[must_use]
    pub fn trees(&self) -> usize {
        self.answers.tree_outputs.len()
    }

    /// Numbers a row that [`Kernel::score`] writes.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.answers.outputs
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
        if matches!(self.answers.combine, Combine::None) {
            return Err(InputError::Combine("sum, average or vote"));
        }
        self.check(columns, rows)?;
        check_output(out.len(), rows, self.outputs())?;
        self.batch(columns, rows, scratch, &mut Out::Numbers(out));
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
        if !matches!(self.answers.combine, Combine::Vote(_)) {
            return Err(InputError::Combine("vote"));
        }
        self.check(columns, rows)?;
        check_output(votes.len(), rows, self.outputs())?;
        check_output(winners.len(), rows, 1)?;
        self.batch(columns, rows, scratch, &mut Out::Votes(votes, winners));
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
        self.batch(columns, rows, scratch, &mut Out::Leaves(leaves));
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
        if matches!(self.answers.combine, Combine::None) {
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
        if !matches!(self.answers.combine, Combine::Vote(_)) {
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
        self.check_row(&row)?;
        check_output(leaves.len(), 1, self.trees())?;
        if let (Some(direct), Some(values), [leaf]) = (self.direct(), row.plain(), &mut *leaves)
            && let Some(found) = direct.row(values)
        {
            *leaf = found;
            return Ok(None);
        }
        let walked = self.walk(|feature| row.cell(&self.features, feature), &mut scratch.buffers, leaves);
        self.number(leaves);
        Ok(walked.err())
    }

    fn row(
        &self,
        row: Row<'_>,
        scratch: &mut Scratch,
        out: &mut [f64],
    ) -> Result<Result<u32, Exception>, InputError> {
        self.check_row(&row)?;
        check_output(out.len(), 1, self.outputs())?;
        let Scratch { buffers, slots, .. } = scratch;
        slots.resize(self.trees(), NULL_LEAF);
        let walked = self.walk(|feature| row.cell(&self.features, feature), buffers, slots);
        let answer = walked.and_then(|()| self.answers.fold(slots, out));
        Ok(answer.inspect_err(|_| out.fill(f64::NAN)))
    }

    fn walk(
        &self,
        cell: impl Fn(u32) -> Cell + Copy,
        buffers: &mut Buffers,
        slots: &mut [u32],
    ) -> Result<(), Exception> {
        match &self.engine {
            Engine::Ranks(engine) => engine.row(self.simd, cell, buffers, slots),
            Engine::Plain(ensemble) => reference::walk_all(ensemble, slots, cell),
        }
    }

    /// Turns slots into leaf numbers.
    fn number(&self, slots: &mut [u32]) {
        for slot in slots {
            *slot = self.answers.leaves.get(*slot as usize).copied().unwrap_or(NULL_LEAF);
        }
    }

    fn direct(&self) -> Option<&Direct> {
        match &self.engine {
            Engine::Ranks(engine) => engine.direct(),
            Engine::Plain(_) => None,
        }
    }

    /// Writes the leaves of a lone tree whose rows are plain numbers; false if they are not. Rows with NaN are told.
    fn batch_direct(
        &self,
        columns: &[Column<'_>],
        rows: usize,
        leaves: &mut [u32],
        odd: &mut Vec<u32>,
    ) -> bool {
        let Some(direct) = self.direct() else { return false };
        let mut plain: [&[f64]; MAX_FEATURES] = [&[]; MAX_FEATURES];
        for (plain, column) in plain.iter_mut().zip(columns) {
            let Some(values) = column.plain(rows) else { return false };
            *plain = values;
        }
        direct.rows(&plain, leaves, |row| odd.push(row as u32));
        true
    }

    fn batch(&self, columns: &[Column<'_>], rows: usize, scratch: &mut Scratch, out: &mut Out<'_>) {
        scratch.exceptions.clear();
        if let Out::Leaves(leaves) = out
            && rows > 0
        {
            let mut odd = std::mem::take(&mut scratch.odd);
            odd.clear();
            let done = self.batch_direct(columns, rows, leaves, &mut odd);
            if done {
                odd.sort_unstable();
                odd.dedup();
                odd.iter().for_each(|row| self.batch_row(columns, *row as usize, scratch, out));
            }
            scratch.odd = odd;
            if done {
                return;
            }
        }
        let mut first = 0;
        while first < rows {
            let count = (rows - first).min(BLOCK * BLOCKS);
            match &self.engine {
                Engine::Ranks(engine) if count >= FEW => {
                    let single = self.blocks(engine, columns, first, count, scratch, out);
                    for (block, single) in single.iter().enumerate().filter(|(_, single)| **single != 0) {
                        for row in (0..BLOCK).filter(|row| single >> row & 1 == 1) {
                            self.batch_row(columns, first + block * BLOCK + row, scratch, out);
                        }
                    }
                }
                _ => (first..first + count).for_each(|row| self.batch_row(columns, row, scratch, out)),
            }
            first += count;
        }
        // Rows scored by themselves come after the others of their block.
        scratch.exceptions.sort_unstable_by_key(|(row, _)| *row);
    }

    /// Scores a row of a batch by itself.
    fn batch_row(&self, columns: &[Column<'_>], row: usize, scratch: &mut Scratch, out: &mut Out<'_>) {
        let cell =
            |feature: u32| Cell::read(self.features[feature as usize], &columns[feature as usize], row);
        let Scratch { buffers, slots, exceptions, .. } = scratch;
        slots.resize(self.trees().max(slots.len()), NULL_LEAF);
        let slots = &mut slots[..self.trees()];
        let walked = self.walk(cell, buffers, slots);
        if let Err(exception) = self.fold_row(slots, walked, row, out) {
            exceptions.push((row as u32, exception));
        }
    }

    /// Writes what the slots of a row come to.
    fn fold_row(
        &self,
        slots: &mut [u32],
        walked: Result<(), Exception>,
        row: usize,
        out: &mut Out<'_>,
    ) -> Result<(), Exception> {
        let width = self.outputs();
        match out {
            Out::Leaves(leaves) => {
                self.number(slots);
                leaves[row * slots.len()..][..slots.len()].copy_from_slice(slots);
                walked
            }
            Out::Numbers(out) => {
                let out = &mut out[row * width..][..width];
                let answer = walked.and_then(|()| self.answers.fold(slots, out));
                answer.map(|_| ()).inspect_err(|_| out.fill(f64::NAN))
            }
            Out::Votes(votes, winners) => {
                let out = &mut votes[row * width..][..width];
                let answer = walked.and_then(|()| self.answers.fold(slots, out));
                winners[row] = answer.unwrap_or(NULL_LEAF);
                answer.map(|_| ()).inspect_err(|_| out.fill(f64::NAN))
            }
        }
    }

    /// Scores some blocks of rows; returns the bits of those that must be scored by themselves instead.
    fn blocks(
        &self,
        engine: &RankEngine,
        columns: &[Column<'_>],
        first: usize,
        count: usize,
        scratch: &mut Scratch,
        out: &mut Out<'_>,
    ) -> RowBits {
        let Scratch { buffers, slots, doubles, singles, exceptions, .. } = scratch;
        let answers = &self.answers;
        let trees = self.trees();
        let (outputs, all) = (&answers.tree_outputs[..], self.outputs());
        let blocks = count.div_ceil(BLOCK);
        let mut run = Run { engine, simd: self.simd, columns, first, count, buffers };
        match (out, &answers.worth) {
            (Out::Leaves(leaves), _) => {
                let out = &mut leaves[first * trees..(first + count) * trees];
                run.blocks(&mut Numbers { leaves: &answers.leaves, trees, out })
            }
            (Out::Numbers(out), Worth::Doubles(values)) if !self.nullable => {
                let sums = answers.begin(doubles, blocks);
                let single = run.blocks(&mut Scalars { values, outputs, width: all, sums });
                answers.end(sums, &mut out[first * all..], count);
                single
            }
            (Out::Numbers(out), Worth::Singles(values)) if !self.nullable => {
                let sums = answers.begin(singles, blocks);
                let single = run.blocks(&mut Scalars { values, outputs, width: all, sums });
                answers.end(sums, &mut out[first * all..], count);
                single
            }
            (Out::Numbers(out), Worth::DoubleRows { width, values }) if !self.nullable => {
                let (width, sums) = (*width, answers.begin_rows(doubles, blocks));
                let single = run.blocks(&mut Vectors { width, values, outputs, all, sums });
                answers.end_rows(sums, &mut out[first * all..(first + count) * all]);
                single
            }
            (Out::Numbers(out), Worth::SingleRows { width, values }) if !self.nullable => {
                let (width, sums) = (*width, answers.begin_rows(singles, blocks));
                let single = run.blocks(&mut Vectors { width, values, outputs, all, sums });
                answers.end_rows(sums, &mut out[first * all..(first + count) * all]);
                single
            }
            (Out::Numbers(out), Worth::Classes(classes)) if !self.nullable && trees > 0 => {
                let (weights, sums) = (&answers.tree_weights[..], answers.begin_rows(doubles, blocks));
                let single = run.blocks(&mut Votes { classes, weights, all, sums });
                answers.end_rows(sums, &mut out[first * all..(first + count) * all]);
                single
            }
            (out, _) => {
                slots.resize((blocks * BLOCK * trees).max(slots.len()), NULL_LEAF);
                let slots = &mut slots[..blocks * BLOCK * trees];
                let single = run.blocks(&mut Slots { trees, out: slots });
                for row in (0..count).filter(|row| single[row / BLOCK] >> (row % BLOCK) & 1 == 0) {
                    let slots = &mut slots[row * trees..][..trees];
                    if let Err(exception) = self.fold_row(slots, Ok(()), first + row, out) {
                        exceptions.push(((first + row) as u32, exception));
                    }
                }
                single
            }
        }
    }

    fn check(&self, columns: &[Column<'_>], rows: usize) -> Result<(), InputError> {
        if columns.len() != self.features() {
            return Err(InputError::Columns { given: columns.len(), expected: self.features() });
        }
        for (index, (column, feature)) in columns.iter().zip(&self.features).enumerate() {
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
        let given = row.len();
        if given == self.features() {
            Ok(())
        } else {
            Err(InputError::Columns { given, expected: self.features() })
        }
    }
}

/// Blocks about to be walked.
struct Run<'a> {
    engine: &'a RankEngine,
    simd: Option<Simd>,
    columns: &'a [Column<'a>],
    first: usize,
    count: usize,
    buffers: &'a mut Buffers,
}

impl Run<'_> {
    fn blocks(&mut self, sink: &mut impl Sink) -> RowBits {
        self.engine.blocks(self.simd, self.columns, self.first, self.count, self.buffers, sink)
    }
}

impl Answers {
    /// Sums of blocks, output by output, at what they start from.
    fn begin<'a, R: Real>(&self, buffer: &'a mut Vec<R>, blocks: usize) -> &'a mut [R] {
        buffer.clear();
        for _ in 0..blocks {
            buffer.extend((0..self.outputs).flat_map(|output| [R::of(self.start(output)); BLOCK]));
        }
        buffer
    }

    /// Writes the finished sums of the blocks' first rows, row by row.
    fn end<R: Real>(&self, sums: &[R], out: &mut [f64], rows: usize) {
        for (block, sums) in sums.chunks_exact(BLOCK * self.outputs).enumerate() {
            let from = block * BLOCK;
            for (output, sums) in sums.chunks_exact(BLOCK).enumerate() {
                for (row, sum) in sums[..BLOCK.min(rows - from)].iter().enumerate() {
                    out[(from + row) * self.outputs + output] = self.finish(output, sum.widen());
                }
            }
        }
    }

    /// Sums of blocks, row by row, at what they start from.
    fn begin_rows<'a, R: Real>(&self, buffer: &'a mut Vec<R>, blocks: usize) -> &'a mut [R] {
        buffer.clear();
        for _ in 0..blocks * BLOCK {
            buffer.extend((0..self.outputs).map(|output| R::of(self.start(output))));
        }
        buffer
    }

    /// Writes the finished sums of the blocks' first rows.
    fn end_rows<R: Real>(&self, sums: &[R], out: &mut [f64]) {
        for (out, sums) in out.chunks_exact_mut(self.outputs).zip(sums.chunks_exact(self.outputs)) {
            for (output, (out, sum)) in out.iter_mut().zip(sums).enumerate() {
                *out = self.finish(output, sum.widen());
            }
        }
    }
}

fn check_output(given: usize, rows: usize, width: usize) -> Result<(), InputError> {
    let expected = rows.saturating_mul(width);
    if given == expected { Ok(()) } else { Err(InputError::Output { given, expected }) }
}
