//! Chains of dense layers, many rows side by side.
//!
//! Sixteen rows lie in the lanes of a vector, so that every operation on a row is an operation on sixteen; a row
//! alone puts its numbers there instead. Each number is computed by the same additions and multiplications in the
//! same order either way, so the bits do not depend on how many rows arrive together.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use scorewheel_columns::ErrorCode;
use scorewheel_trees::vectorised;

use crate::data::Data;
use crate::element::ElementType;
use crate::engine::trace::{Operand, Source, Trace, Traced, TracedStep};
use crate::engine::{Engine, Layout, Slot};
use crate::gemm::{Panels, multiply};
use crate::math;
use crate::operators::{Map, RowForm, Zip};

/// Rows side by side.
const LANES: usize = 16;
/// Rows of one run.
const BLOCK: usize = 256;
/// From this many rows on, the rest of a block is computed side by side with idle lanes.
const WORTH_IDLE_LANES: usize = 3;

/// An operand of a step.
#[derive(Clone)]
enum Term {
    /// A value of the row.
    Value(usize),
    /// A constant: once a number, and once a number and lane.
    Constant { row: Arc<[f32]>, lanes: Arc<[f32]> },
}

enum Operation {
    Product {
        weights: Arc<[f32]>,
        panels: Panels<f32>,
        outputs: usize,
        summand: Option<Arc<[f32]>>,
    },
    ScaleAndShift {
        scale: Arc<[f32]>,
        shift: Arc<[f32]>,
    },
    Map(Map),
    Zip(Zip, Term),
    /// As `Zip`, with the constant on the left.
    ZipLeft(Zip, Term),
    Softmax {
        logarithm: bool,
    },
}

struct Step {
    operation: Operation,
    input: usize,
    output: usize,
}

/// A plan for rows of f32.
pub(crate) struct RowPlan {
    steps: Vec<Step>,
    /// Numbers a row of each value.
    widths: Vec<usize>,
    inputs: Vec<usize>,
    outputs: Vec<usize>,
    input_slots: Vec<Slot>,
    output_slots: Vec<Slot>,
}

impl RowPlan {
    /// The plan of a trace of one row, if all of its steps have a row form.
    pub fn of(trace: &Trace) -> Option<Self> {
        let mut widths = vec![0; trace.buffers];
        for operand in &trace.inputs {
            widths[operand.buffer] = row_width(operand)?;
        }
        let mut steps = Vec::with_capacity(trace.steps.len());
        for step in &trace.steps {
            let [output] = step.outputs.as_slice() else { return None };
            widths[output.buffer] = row_width(output)?;
            let (operation, input) = operation(step, row_width(output)?)?;
            steps.push(Step { operation, input, output: output.buffer });
        }
        let mut outputs = Vec::new();
        for output in &trace.outputs {
            let Traced::Runtime(operand) = output else { return None };
            row_width(operand)?;
            outputs.push(operand.buffer);
        }
        if steps.is_empty() {
            return None;
        }
        let slot = |buffer: &usize| Slot { element: ElementType::F32, width: widths[*buffer] };
        let inputs: Vec<usize> = trace.inputs.iter().map(|operand| operand.buffer).collect();
        Some(Self {
            input_slots: inputs.iter().map(slot).collect(),
            output_slots: outputs.iter().map(slot).collect(),
            steps,
            inputs,
            outputs,
            widths,
        })
    }
}

/// Numbers of a row, if the operand is one row of f32.
fn row_width(operand: &Operand) -> Option<usize> {
    match (operand.tensor_type.element, operand.tensor_type.shape.as_slice()) {
        (ElementType::F32, [1, width]) if *width > 0 => Some(*width),
        _ => None,
    }
}

fn operation(step: &TracedStep, width: usize) -> Option<(Operation, usize)> {
    let runtime = |source: &Source| match source {
        Source::Operand(operand) => row_width(operand).map(|_| operand.buffer),
        _ => None,
    };
    let first = step.inputs.first()?;
    let product = |weights: &Arc<[f32]>, outputs: usize, summand: Option<&Arc<[f32]>>| {
        let inputs = weights.len() / outputs.max(1);
        Some(Operation::Product {
            panels: Panels::of(weights, inputs, outputs),
            weights: Arc::clone(weights),
            outputs,
            summand: summand.map(|summand| splat(summand, outputs)),
        })
    };
    Some(match step.row_form.as_ref()? {
        RowForm::Product { weights, outputs } => (product(weights, *outputs, None)?, runtime(first)?),
        RowForm::ProductAndSum { weights, outputs, summand } => {
            (product(weights, *outputs, Some(summand))?, runtime(first)?)
        }
        RowForm::ScaleAndShift { scale, shift } => {
            let operation = Operation::ScaleAndShift { scale: Arc::clone(scale), shift: Arc::clone(shift) };
            (operation, runtime(first)?)
        }
        RowForm::Map(map) => (Operation::Map(Arc::clone(map)), runtime(first)?),
        RowForm::Softmax { logarithm } => (Operation::Softmax { logarithm: *logarithm }, runtime(first)?),
        RowForm::Zip(zip) => {
            let term = |source: &Source| match source {
                Source::Constant(tensor) => {
                    let numbers = tensor.data.f32();
                    (numbers.len() == width || numbers.len() == 1).then(|| {
                        let row = splat(numbers, width);
                        let lanes = row.iter().flat_map(|number| [*number; LANES]).collect();
                        Term::Constant { row, lanes }
                    })
                }
                Source::Operand(operand) if row_width(operand) == Some(width) => {
                    Some(Term::Value(operand.buffer))
                }
                _ => None,
            };
            let [left, right] = [term(first)?, term(step.inputs.get(1)?)?];
            match (left, right) {
                (Term::Value(input), right) => (Operation::Zip(Arc::clone(zip), right), input),
                (left, Term::Value(input)) => (Operation::ZipLeft(Arc::clone(zip), left), input),
                _ => return None,
            }
        }
    })
}

/// One number a column.
fn splat(numbers: &[f32], width: usize) -> Arc<[f32]> {
    match numbers {
        [number] => vec![*number; width].into(),
        numbers => numbers.into(),
    }
}

struct State {
    /// Values of sixteen rows, number by number.
    lanes: Vec<Vec<f32>>,
    /// Values of one row.
    row: Vec<Vec<f32>>,
}

impl Engine for RowPlan {
    fn inputs(&self) -> &[Slot] {
        &self.input_slots
    }

    fn outputs(&self) -> &[Slot] {
        &self.output_slots
    }

    fn layout(&self) -> Layout {
        Layout::ColumnMajor
    }

    fn block(&self) -> usize {
        BLOCK
    }

    fn new_state(&self) -> Box<dyn Any + Send> {
        Box::new(State {
            lanes: self.widths.iter().map(|width| vec![0.0; width * LANES]).collect(),
            row: self.widths.iter().map(|width| vec![0.0; *width]).collect(),
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
        let mut start = 0;
        while start < rows {
            let rest = rows - start;
            if rest >= WORTH_IDLE_LANES {
                self.lanes(&mut state.lanes, inputs, start, outputs);
                start += LANES;
            } else {
                self.row(&mut state.row, inputs, start, outputs);
                start += 1;
            }
        }
        Ok(())
    }
}

impl RowPlan {
    /// Sixteen rows from `start` on.
    fn lanes(&self, values: &mut [Vec<f32>], inputs: &[Data], start: usize, outputs: &mut [Data]) {
        for (value, input) in self.inputs.iter().zip(inputs) {
            for (number, lanes) in values[*value].chunks_exact_mut(LANES).enumerate() {
                let at = number * BLOCK + start;
                lanes.copy_from_slice(&input.f32()[at..at + LANES]);
            }
        }
        for step in &self.steps {
            let mut out = std::mem::take(&mut values[step.output]);
            let input = &values[step.input];
            match &step.operation {
                Operation::Product { weights, outputs, summand, .. } => {
                    product_lanes(input, weights, *outputs, summand.as_deref(), &mut out);
                }
                Operation::ScaleAndShift { scale, shift } => {
                    let rows = input.chunks_exact(LANES).zip(out.chunks_exact_mut(LANES));
                    for ((input, out), (scale, shift)) in rows.zip(scale.iter().zip(shift.iter())) {
                        out.iter_mut().zip(input).for_each(|(out, x)| *out = *x * scale + shift);
                    }
                }
                Operation::Map(map) => map(input, &mut out),
                Operation::Zip(zip, Term::Value(other)) => zip(input, &values[*other], &mut out),
                Operation::Zip(zip, Term::Constant { lanes, .. }) => zip(input, lanes, &mut out),
                Operation::ZipLeft(zip, Term::Constant { lanes, .. }) => zip(lanes, input, &mut out),
                Operation::ZipLeft(zip, Term::Value(other)) => zip(&values[*other], input, &mut out),
                Operation::Softmax { logarithm } => softmax_lanes(input, &mut out, *logarithm),
            }
            values[step.output] = out;
        }
        for (value, output) in self.outputs.iter().zip(outputs) {
            for (number, lanes) in values[*value].chunks_exact(LANES).enumerate() {
                let at = number * BLOCK + start;
                output.f32_mut()[at..at + LANES].copy_from_slice(lanes);
            }
        }
    }

    /// One row.
    fn row(&self, values: &mut [Vec<f32>], inputs: &[Data], row: usize, outputs: &mut [Data]) {
        for (value, input) in self.inputs.iter().zip(inputs) {
            let input = input.f32();
            for (number, out) in values[*value].iter_mut().enumerate() {
                *out = input[number * BLOCK + row];
            }
        }
        for step in &self.steps {
            let mut out = std::mem::take(&mut values[step.output]);
            let input = &values[step.input];
            match &step.operation {
                Operation::Product { panels, summand, .. } => {
                    multiply(input, 1, panels, &mut out);
                    if let Some(summand) = summand {
                        out.iter_mut().zip(summand.iter()).for_each(|(out, term)| *out += term);
                    }
                }
                Operation::ScaleAndShift { scale, shift } => {
                    for (((out, x), scale), shift) in
                        out.iter_mut().zip(input).zip(scale.iter()).zip(shift.iter())
                    {
                        *out = *x * scale + shift;
                    }
                }
                Operation::Map(map) => map(input, &mut out),
                Operation::Zip(zip, Term::Value(other)) => zip(input, &values[*other], &mut out),
                Operation::Zip(zip, Term::Constant { row, .. }) => zip(input, row, &mut out),
                Operation::ZipLeft(zip, Term::Constant { row, .. }) => zip(row, input, &mut out),
                Operation::ZipLeft(zip, Term::Value(other)) => zip(&values[*other], input, &mut out),
                Operation::Softmax { logarithm } => softmax_one(input, &mut out, *logarithm),
            }
            values[step.output] = out;
        }
        for (value, output) in self.outputs.iter().zip(outputs) {
            let output = output.f32_mut();
            for (number, value) in values[*value].iter().enumerate() {
                output[number * BLOCK + row] = *value;
            }
        }
    }
}

fn product_lanes(input: &[f32], weights: &[f32], outputs: usize, summand: Option<&[f32]>, out: &mut [f32]) {
    vectorised(
        #[inline(always)]
        || {
            let (input, _) = input.as_chunks::<LANES>();
            let (out, _) = out.as_chunks_mut::<LANES>();
            let mut column = 0;
            while column + 4 <= outputs {
                columns::<4>(input, weights, outputs, column, out);
                column += 4;
            }
            while column < outputs {
                columns::<1>(input, weights, outputs, column, out);
                column += 1;
            }
            if let Some(summand) = summand {
                for (out, term) in out.iter_mut().zip(summand) {
                    out.iter_mut().for_each(|lane| *lane += term);
                }
            }
        },
    );
}

#[inline(always)]
fn columns<const N: usize>(
    input: &[[f32; LANES]],
    weights: &[f32],
    outputs: usize,
    column: usize,
    out: &mut [[f32; LANES]],
) {
    let mut sums = [[0.0f32; LANES]; N];
    for (values, weights) in input.iter().zip(weights.chunks_exact(outputs)) {
        // A length that the compiler knows lets it hold the sums in registers.
        let Some(weights) = weights[column..].first_chunk::<N>() else { return };
        for (sum, weight) in sums.iter_mut().zip(weights) {
            for lane in 0..LANES {
                sum[lane] = values[lane].mul_add(*weight, sum[lane]);
            }
        }
    }
    out[column..column + N].copy_from_slice(&sums);
}

fn softmax_lanes(input: &[f32], out: &mut [f32], logarithm: bool) {
    vectorised(
        #[inline(always)]
        || {
            let (input, _) = input.as_chunks::<LANES>();
            let (out, _) = out.as_chunks_mut::<LANES>();
            let mut largest = [f32::NEG_INFINITY; LANES];
            for values in input {
                for (largest, value) in largest.iter_mut().zip(values) {
                    *largest = if *value > *largest { *value } else { *largest };
                }
            }
            let mut total = [0.0f32; LANES];
            for (out, values) in out.iter_mut().zip(input) {
                for lane in 0..LANES {
                    out[lane] = math::exp(values[lane] - largest[lane]);
                    total[lane] += out[lane];
                }
            }
            if logarithm {
                let shift = total.map(libm::logf);
                for (out, values) in out.iter_mut().zip(input) {
                    for lane in 0..LANES {
                        out[lane] = values[lane] - largest[lane] - shift[lane];
                    }
                }
            } else {
                for out in out.iter_mut() {
                    for lane in 0..LANES {
                        out[lane] /= total[lane];
                    }
                }
            }
        },
    );
}

fn softmax_one(input: &[f32], out: &mut [f32], logarithm: bool) {
    let mut largest = f32::NEG_INFINITY;
    for value in input {
        largest = if *value > largest { *value } else { largest };
    }
    let mut total = 0.0;
    for (out, value) in out.iter_mut().zip(input) {
        *out = math::exp(*value - largest);
    }
    for out in out.iter() {
        total += *out;
    }
    if logarithm {
        let shift = libm::logf(total);
        for (out, value) in out.iter_mut().zip(input) {
            *out = *value - largest - shift;
        }
    } else {
        for out in out.iter_mut() {
            *out /= total;
        }
    }
}

impl fmt::Debug for RowPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowPlan").field("steps", &self.steps.len()).finish_non_exhaustive()
    }
}
