//! `NeuralNetwork` on a block of rows: a neuron after another, each for all rows.

use scorewheel_trees::{exponentials, vectorised};

use crate::elements::neural_network::activation::Activation;
use crate::elements::neural_network::compile::{Layer, OutputGroup, Plan};
use crate::elements::neural_network::read::LayerNormalization;
use crate::elements::neural_network::score::original;
use crate::plan::ModelPlan;
use crate::precision::Precision;
use crate::score::columnar::logistic::logistics;
use crate::score::columnar::{Answers, Frame, Wanted, Work};

/// Rows that go through all layers together: what all neurons find for them stays in the processor's cache.
const ROWS: usize = 64;

/// Adds the inputs; `None` for what only rows are scored by.
pub fn columns(plan: &Plan, wanted: &mut Vec<Wanted>) -> Option<()> {
    let has_radial = plan.layers.iter().any(|layer| layer.activation == Activation::RadialBasis);
    if plan.outputs.len() != 1 || has_radial {
        return None;
    }
    wanted.extend(plan.inputs.iter().map(|slot| Wanted::number(*slot)));
    Some(())
}

/// Scores a block.
pub fn score(plan: &Plan, model: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
    let precision = Precision::from(model.math_context);
    let neurons = plan.inputs.len() + plan.layers.iter().map(|layer| layer.neurons.len()).sum::<usize>();
    // Columns are as long as they need to be: a row by itself clears no block.
    let stride = ROWS.min(frame.rows).max(1);
    work.columns.clear();
    work.columns.resize(neurons * stride, 0.0);
    let values = &mut work.columns;
    for first in (0..frame.rows).step_by(stride) {
        let rows = stride.min(frame.rows - first);
        if stride == 1 {
            let inputs = &mut values[..plan.inputs.len()];
            inputs.copy_from_slice(frame.row());
            precision.round_all(inputs);
        } else {
            for (slot, column) in plan.inputs.iter().zip(values.chunks_exact_mut(stride)) {
                column[..rows].copy_from_slice(&frame.column(*slot)[first..first + rows]);
                precision.round_all(&mut column[..rows]);
            }
        }
        let mut done = plan.inputs.len();
        for layer in &plan.layers {
            let row_buffer = &mut work.row;
            let layer_of_block =
                LayerOfBlock { plan, layer, values, done, rows, stride, precision, row_buffer };
            vectorised(
                #[inline(always)]
                || layer_of_block.run(),
            );
            done += layer.neurons.len();
        }
        match &plan.outputs[0] {
            OutputGroup::Number { neuron, points } => {
                let column = &values[*neuron as usize * stride..][..rows];
                answers.numbers.extend(column.iter().map(|number| original(points, *number)));
            }
            OutputGroup::Categories { neurons, .. } => {
                for row in 0..rows {
                    let figure = |neuron: &u32| values[*neuron as usize * stride + row];
                    answers.probabilities.extend(neurons.iter().map(figure));
                }
            }
        }
    }
    if let OutputGroup::Categories { neurons, .. } = &plan.outputs[0] {
        answers.elect(neurons.len());
        answers.entities.extend_from_slice(&answers.winners);
    }
}

/// A layer of a block: one neuron after another for all rows, or for one row neuron beside neuron.
struct LayerOfBlock<'b> {
    plan: &'b Plan,
    layer: &'b Layer,
    /// The outputs of all neurons before it, then its own, in columns of `stride` numbers.
    values: &'b mut [f64],
    /// Neurons before it.
    done: usize,
    rows: usize,
    stride: usize,
    precision: Precision,
    row_buffer: &'b mut Vec<f64>,
}

impl LayerOfBlock<'_> {
    #[inline(always)]
    fn run(self) {
        let Self { plan, layer, values, done, rows, stride, precision, row_buffer } = self;
        let (before, own) = values.split_at_mut(done * stride);
        match &layer.dense {
            Some(weights) if stride == 1 => {
                plan.run_one(layer, weights, before, &mut own[..layer.neurons.len()], precision);
            }
            _ => plan.run_rows(layer, before, own, (rows, stride), precision),
        }
        let columns = Columns { own: &mut own[..layer.neurons.len() * stride], rows, stride };
        match layer.normalization {
            LayerNormalization::None => {}
            LayerNormalization::Softmax => columns.softmax(row_buffer, precision),
            LayerNormalization::Simplemax => columns.divide_by_sum(row_buffer, precision),
        }
    }
}

/// The outputs of a layer, in columns of `stride` numbers.
struct Columns<'b> {
    own: &'b mut [f64],
    rows: usize,
    stride: usize,
}

impl Columns<'_> {
    /// As [`crate::elements::regression::softmax`] of every row, its neurons in their order.
    #[inline(always)]
    fn softmax(self, largest: &mut Vec<f64>, precision: Precision) {
        let Self { own, rows, stride } = self;
        largest.clear();
        largest.resize(rows, f64::NEG_INFINITY);
        for column in own.chunks_exact(stride) {
            for (largest, number) in largest.iter_mut().zip(column) {
                *largest = largest.max(*number);
            }
        }
        for column in own.chunks_exact_mut(stride) {
            for (number, largest) in column.iter_mut().zip(&*largest) {
                *number = precision.round(*number - largest);
            }
        }
        if stride == 1 {
            exponentials(own);
            precision.round_all(own);
        } else {
            for column in own.chunks_exact_mut(stride) {
                exponentials(&mut column[..rows]);
                precision.round_all(&mut column[..rows]);
            }
        }
        Self { own, rows, stride }.divide_by_sum(largest, precision);
    }

    /// As [`crate::elements::regression::divide_by_sum`] of every row.
    #[inline(always)]
    fn divide_by_sum(self, sums: &mut Vec<f64>, precision: Precision) {
        let Self { own, rows, stride } = self;
        sums.clear();
        sums.resize(rows, 0.0);
        for column in own.chunks_exact(stride) {
            for (sum, number) in sums.iter_mut().zip(column) {
                *sum = precision.round(*sum + number);
            }
        }
        for column in own.chunks_exact_mut(stride) {
            for (number, sum) in column.iter_mut().zip(&*sums) {
                *number = precision.round(*number / sum);
            }
        }
    }
}

impl Plan {
    /// The outputs of a layer for one row: every neuron's sum in its own order, side by side.
    #[inline(always)]
    fn run_one(&self, layer: &Layer, weights: &[f64], before: &[f64], own: &mut [f64], precision: Precision) {
        let Some(first) = layer.neurons.first() else { return };
        for (sum, neuron) in own.iter_mut().zip(&layer.neurons) {
            *sum = precision.round(neuron.bias);
        }
        let sources = &self.sources[first.first as usize..first.last as usize];
        if precision.is_float() {
            for (source, weights) in sources.iter().zip(weights.chunks_exact(own.len())) {
                let number = before[*source as usize];
                for (sum, weight) in own.iter_mut().zip(weights) {
                    *sum = precision.add_product(*sum, precision.round(*weight), number);
                }
            }
        } else {
            let layer = OneRow { sources, weights, before, width: own.len() };
            let mut done = 0;
            while done < own.len() {
                // As many neurons side by side as their sums fill registers.
                done += match own.len() - done {
                    8.. => layer.add::<8>(own, done),
                    4.. => layer.add::<4>(own, done),
                    2.. => layer.add::<2>(own, done),
                    _ => layer.add::<1>(own, done),
                };
            }
        }
        activate(layer.activation, first.threshold, own, precision);
    }

    /// The outputs of a layer for so many rows, in columns of `stride` numbers.
    #[inline(always)]
    fn run_rows(
        &self,
        layer: &Layer,
        before: &[f64],
        own: &mut [f64],
        (rows, stride): (usize, usize),
        precision: Precision,
    ) {
        for (neuron, column) in layer.neurons.iter().zip(own.chunks_exact_mut(stride)) {
            let column = &mut column[..rows];
            column.fill(precision.round(neuron.bias));
            for connection in neuron.first as usize..neuron.last as usize {
                let source = self.sources[connection] as usize * stride;
                precision.add_products(
                    column,
                    precision.round(self.weights[connection]),
                    &before[source..source + rows],
                );
            }
            activate(layer.activation, neuron.threshold, column, precision);
        }
    }
}

/// A layer all of whose neurons read the same sources, for one row.
struct OneRow<'b> {
    sources: &'b [u32],
    /// By source: a weight a neuron.
    weights: &'b [f64],
    before: &'b [f64],
    /// Number of neurons.
    width: usize,
}

impl OneRow<'_> {
    /// Adds the products of `N` neurons from `first` on to their sums, each in the order of the sources; gives `N`.
    #[inline(always)]
    fn add<const N: usize>(&self, own: &mut [f64], first: usize) -> usize {
        let Some(own) = own[first..].first_chunk_mut::<N>() else { return N };
        let mut sums = *own;
        for (source, weights) in self.sources.iter().zip(self.weights.chunks_exact(self.width)) {
            let number = self.before[*source as usize];
            let Some(weights) = weights[first..].first_chunk::<N>() else { return N };
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += weight * number;
            }
        }
        *own = sums;
        N
    }
}

/// What neurons make of their sums.
#[inline(always)]
fn activate(activation: Activation, threshold: f64, sums: &mut [f64], precision: Precision) {
    match activation {
        Activation::Identity => {}
        Activation::Logistic => logistics(sums, precision),
        Activation::Exponential => {
            exponentials(sums);
            precision.round_all(sums);
        }
        _ => sums.iter_mut().for_each(|sum| *sum = activation.apply(*sum, threshold, precision)),
    }
}
