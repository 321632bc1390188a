//! `NeuralNetwork` on a block of rows: a neuron after another, each for all rows.

use crate::elements::neural_network::activation::Activation;
use crate::elements::neural_network::compile::{Layer, OutputGroup, Plan};
use crate::elements::neural_network::read::LayerNormalization;
use crate::elements::neural_network::score::original;
use crate::elements::regression::{divide_by_sum, softmax};
use crate::plan::ModelPlan;
use crate::precision::Precision;
use crate::score::columnar::exponential::{exponentials, logistics};
use crate::score::columnar::{Answers, Frame, Reading, Wanted, Work};

/// Rows that go through all layers together: what all neurons find for them stays in the processor's cache.
const ROWS: usize = 64;

/// Adds the inputs; `None` for what only rows are scored by.
pub fn columns(plan: &Plan, wanted: &mut Vec<Wanted>) -> Option<()> {
    let has_radial = plan.layers.iter().any(|layer| layer.activation == Activation::RadialBasis);
    if plan.outputs.len() != 1 || has_radial {
        return None;
    }
    wanted.extend(plan.inputs.iter().map(|slot| Wanted { slot: *slot, reading: Reading::Number }));
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
        for (slot, column) in plan.inputs.iter().zip(values.chunks_exact_mut(stride)) {
            column[..rows].copy_from_slice(&frame.column(*slot)[first..first + rows]);
            precision.round_all(&mut column[..rows]);
        }
        let mut done = plan.inputs.len();
        for layer in &plan.layers {
            plan.run_block(layer, values, done, (rows, stride), precision, &mut work.row);
            done += layer.neurons.len();
        }
        match &plan.outputs[0] {
            OutputGroup::Number { neuron, points } => {
                let column = &values[*neuron as usize * stride..][..rows];
                answers.numbers.extend(column.iter().map(|number| original(points, *number)));
            }
            OutputGroup::Categories { neurons } => {
                for row in 0..rows {
                    let figure = |neuron: &u32| values[*neuron as usize * stride + row];
                    answers.probabilities.extend(neurons.iter().map(figure));
                }
            }
        }
    }
    if let OutputGroup::Categories { neurons } = &plan.outputs[0] {
        answers.elect(neurons.len());
        answers.entities.extend_from_slice(&answers.winners);
    }
}

impl Plan {
    /// Computes the outputs of a layer for so many rows into the columns from `done` on, each `stride` long.
    fn run_block(
        &self,
        layer: &Layer,
        values: &mut [f64],
        done: usize,
        (rows, stride): (usize, usize),
        precision: Precision,
        row_buffer: &mut Vec<f64>,
    ) {
        let (before, own) = values.split_at_mut(done * stride);
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
        let normalize = match layer.normalization {
            LayerNormalization::None => return,
            LayerNormalization::Softmax => softmax,
            LayerNormalization::Simplemax => divide_by_sum,
        };
        for row in 0..rows {
            row_buffer.clear();
            row_buffer.extend((0..layer.neurons.len()).map(|neuron| own[neuron * stride + row]));
            normalize(row_buffer, precision);
            for (neuron, number) in row_buffer.iter().enumerate() {
                own[neuron * stride + row] = *number;
            }
        }
    }
}

/// What neurons make of their sums.
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
