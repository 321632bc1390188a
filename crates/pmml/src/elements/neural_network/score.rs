//! `NeuralNetwork` on one row.

use scorewheel_columns::RowError;

use crate::elements::Element;
use crate::elements::neural_network::activation::Activation;
use crate::elements::neural_network::columns;
use crate::elements::neural_network::compile::{Layer, Neuron, OutputGroup, Plan};
use crate::elements::neural_network::read::LayerNormalization;
use crate::elements::regression::{divide_by_sum, softmax};
use crate::plan::ModelPlan;
use crate::precision::Precision;
use crate::score::columnar::{Answers, Frame, Wanted, Work};
use crate::score::prediction::largest;
use crate::score::{Prediction, Row};
use crate::value::Datum;

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let precision = Precision::from(model.math_context);
        let mut values = row.take_numbers();
        for slot in &self.inputs {
            match row.number(*slot) {
                Ok(Some(number)) => values.push(precision.round(number)),
                other => {
                    row.give_numbers(values);
                    return other.map(|_| ());
                }
            }
        }
        for layer in &self.layers {
            self.run(layer, &mut values, precision);
        }
        for (target, group) in self.outputs.iter().enumerate() {
            if target == 0 {
                answer(model, 0, group, &values, prediction);
            } else {
                let mut more = row.take_prediction(model.id);
                more.target = target as u32;
                answer(model, target, group, &values, &mut more);
                prediction.more.push(more);
            }
        }
        row.give_numbers(values);
        Ok(())
    }

    fn columns(&self, _: &ModelPlan, wanted: &mut Vec<Wanted>) -> Option<()> {
        columns::columns(self, wanted)
    }

    fn score_columns(&self, model: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
        columns::score(self, model, frame, work, answers);
    }
}

impl Plan {
    /// Appends the outputs of a layer to those of all neurons before it.
    fn run(&self, layer: &Layer, values: &mut Vec<f64>, precision: Precision) {
        let start = values.len();
        for neuron in &layer.neurons {
            let value = match layer.activation {
                Activation::RadialBasis => self.radial(neuron, values, precision),
                activation => {
                    activation.apply(self.sum(neuron, values, precision), neuron.threshold, precision)
                }
            };
            values.push(value);
        }
        match layer.normalization {
            LayerNormalization::None => {}
            LayerNormalization::Softmax => softmax(&mut values[start..], precision),
            LayerNormalization::Simplemax => divide_by_sum(&mut values[start..], precision),
        }
    }

    fn sum(&self, neuron: &Neuron, values: &[f64], precision: Precision) -> f64 {
        let mut sum = precision.round(neuron.bias);
        for connection in neuron.first as usize..neuron.last as usize {
            let (weight, source) = (self.weights[connection], self.sources[connection]);
            sum = precision.add_product(sum, precision.round(weight), values[source as usize]);
        }
        sum
    }

    fn radial(&self, neuron: &Neuron, values: &[f64], precision: Precision) -> f64 {
        let mut distance = 0.0;
        for connection in neuron.first as usize..neuron.last as usize {
            let difference =
                precision.round(self.weights[connection] - values[self.sources[connection] as usize]);
            distance = precision.round(distance + precision.round(difference * difference));
        }
        let exponent = distance / (2.0 * neuron.width * neuron.width);
        let fan_in = f64::from(neuron.last - neuron.first);
        precision.round(libm::exp(fan_in * libm::log(neuron.altitude) - exponent))
    }
}

fn answer(
    model: &ModelPlan,
    target: usize,
    group: &OutputGroup,
    values: &[f64],
    prediction: &mut Prediction,
) {
    match group {
        OutputGroup::Number { neuron, points } => {
            prediction.value = Some(Datum::double(original(points, values[*neuron as usize])));
        }
        OutputGroup::Categories { neurons, first_entity } => {
            prediction.probabilities.extend(neurons.iter().map(|neuron| values[*neuron as usize]));
            let winner = largest(&prediction.probabilities);
            prediction.value = winner.map(|winner| model.targets[target].categories[winner]);
            prediction.entity = winner.map(|winner| first_entity + winner as u32);
        }
    }
}

/// The inverse of a piecewise linear function; its end segments go on.
pub(super) fn original(points: &[(f64, f64)], norm: f64) -> f64 {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return norm };
    let rises = last.1 >= first.1;
    let inner = &points[1..points.len() - 1];
    let after = inner.iter().position(|point| if rises { norm <= point.1 } else { norm >= point.1 });
    let start = after.unwrap_or(points.len() - 2);
    let (from, to) = (points[start], points[start + 1]);
    from.0 + (norm - from.1) / (to.1 - from.1) * (to.0 - from.0)
}
