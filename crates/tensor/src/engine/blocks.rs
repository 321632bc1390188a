//! Graphs of operators that compute each row alone: many rows go through every step together.
//!
//! The graph is traced a second time for a block of rows. The plan is taken only if every value is, row by row, what
//! the first trace says: a first dimension of as many rows instead of one, and the same rest. Rows that do not fill a
//! good part of a block go one by one. Kernels compute a row by the same operations in the same order either way.

use std::any::Any;
use std::sync::Arc;

use scorewheel_columns::ErrorCode;
use scorewheel_model::Limits;

use crate::data::Data;
use crate::engine::program::Program;
use crate::engine::trace::{Operand, Source, Trace, Traced, TracedStep, trace};
use crate::engine::{Engine, Layout, Slot};
use crate::graph::GraphFile;
use crate::tensor::TensorType;

/// Rows of a block.
pub(crate) const BLOCK: usize = 64;
/// Rows of a wide block, of graphs whose steps are so small that handing on takes a good part of the time.
pub(crate) const WIDE_BLOCK: usize = 256;
/// From this many rows on, the rest of a batch goes through the steps as a block.
const WORTH_A_BLOCK: usize = 12;
/// Most elements a row of one value: larger ones do not gain from company.
const WIDEST: usize = 1 << 14;
/// The same, for wide blocks: what a step reads and writes stays in the nearest cache.
const WIDEST_OF_WIDE: usize = 32;
/// Operators whose models are large, so that another copy of them costs more than is gained.
const LARGE: [&str; 6] = [
    "SVMClassifier",
    "SVMRegressor",
    "TreeEnsemble",
    "TreeEnsembleClassifier",
    "TreeEnsembleRegressor",
    "TfIdfVectorizer",
];

/// A program for a row and one for a block, and for a wide block if that is worth it.
#[derive(Debug)]
pub(crate) struct Blocks {
    one: Program,
    many: Program,
    wide: Option<Program>,
}

struct State {
    one: Box<dyn Any + Send>,
    many: Box<dyn Any + Send>,
    wide: Option<Box<dyn Any + Send>>,
}

impl Blocks {
    /// True if wide blocks are worth it for a graph of which `row` is the trace of one row.
    pub fn gains_from_width(row: &Trace) -> bool {
        let narrow = |operand: &Operand| operand.tensor_type.len() <= WIDEST_OF_WIDE;
        row.inputs.iter().all(narrow)
            && row
                .steps
                .iter()
                .all(|step| step.outputs.iter().all(narrow) && !LARGE.contains(&&*step.operator))
    }

    /// The trace of a block of this many rows, if all of the graph computes rows; `row` is the trace of one.
    pub fn trace(
        file: &GraphFile,
        types: &[TensorType],
        row: &Trace,
        block_rows: usize,
        limits: &Limits,
    ) -> Option<Trace> {
        let rows = |tensor_type: &TensorType| {
            let [1, rest @ ..] = tensor_type.shape.as_slice() else { return None };
            let shape = [&[block_rows], rest].concat();
            Some(TensorType::new(tensor_type.element, shape))
                .filter(|found| found.len() <= block_rows * WIDEST)
        };
        if !row.steps.iter().all(|step| step.computes_rows) {
            return None;
        }
        let types: Vec<TensorType> = types.iter().map(rows).collect::<Option<_>>()?;
        let block = trace(file, &types, limits).ok()?;
        let same_rows = |one: &Operand, many: &Operand| {
            rows(&one.tensor_type).is_some_and(|tensor_type| tensor_type == many.tensor_type)
        };
        // `ArrayFeatureExtractor` of constants has its rows in the second dimension, until a `Reshape` turns them.
        let one_each = |one: &Operand, many: &Operand| {
            one.tensor_type.shape == [1, 1] && many.tensor_type.shape == [1, block_rows]
        };
        let same_step = |one: &TracedStep, many: &TracedStep| {
            let inputs = one.inputs.iter().zip(&many.inputs).all(|pair| match pair {
                (Source::Operand(one), Source::Operand(many)) => same_rows(one, many),
                (Source::Constant(one), Source::Constant(many)) => Arc::ptr_eq(one, many) || one == many,
                (Source::Absent, Source::Absent) => true,
                _ => false,
            });
            one.operator == many.operator
                && one.inputs.len() == many.inputs.len()
                && one.outputs.len() == many.outputs.len()
                && inputs
                && one.outputs.iter().zip(&many.outputs).all(|(operand, of_many)| {
                    same_rows(operand, of_many) || one.picks_constants && one_each(operand, of_many)
                })
        };
        let outputs = row.outputs.iter().zip(&block.outputs).all(|pair| match pair {
            (Traced::Runtime(one), Traced::Runtime(many)) => same_rows(one, many),
            _ => false,
        });
        let same = row.steps.len() == block.steps.len()
            && outputs
            && row.steps.iter().zip(&block.steps).all(|(one, many)| same_step(one, many));
        same.then_some(block)
    }

    /// The programs side by side.
    pub fn new(one: Program, many: Program, wide: Option<Program>) -> Self {
        Self { one, many, wide }
    }
}

impl Engine for Blocks {
    fn inputs(&self) -> &[Slot] {
        self.one.inputs()
    }

    fn outputs(&self) -> &[Slot] {
        self.one.outputs()
    }

    fn layout(&self) -> Layout {
        Layout::RowMajor
    }

    fn block(&self) -> usize {
        if self.wide.is_some() { WIDE_BLOCK } else { BLOCK }
    }

    fn new_state(&self) -> Box<dyn Any + Send> {
        Box::new(State {
            one: self.one.new_state(),
            many: self.many.new_state(),
            wide: self.wide.as_ref().map(Engine::new_state),
        })
    }

    fn run(
        &self,
        state: &mut dyn Any,
        inputs: &[Data],
        rows: usize,
        outputs: &mut [Data],
    ) -> Result<(), ErrorCode> {
        let state: &mut State = state.downcast_mut().ok_or(ErrorCode::EnginePanicked)?;
        // A run computes all rows of its block, so a wide one goes only where narrow ones would not be fewer rows.
        if let (Some(wide), Some(state)) = (&self.wide, &mut state.wide)
            && rows > WIDE_BLOCK - BLOCK
        {
            return wide.run_rows(&mut **state, inputs, 0, rows, outputs);
        }
        for start in (0..rows).step_by(BLOCK) {
            let end = rows.min(start + BLOCK);
            if end - start >= WORTH_A_BLOCK {
                self.many.run_rows(&mut *state.many, inputs, start, end - start, outputs)?;
            } else {
                (start..end)
                    .try_for_each(|row| self.one.run_rows(&mut *state.one, inputs, row, 1, outputs))?;
            }
        }
        Ok(())
    }
}
