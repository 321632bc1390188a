//! A neural network with one hidden layer, in three formats.

use std::fmt::Write;

use crate::pmml::{Target, document, join, mining_schema, probabilities};
use crate::protobuf::{Message, floats};
use crate::random::Random;
use crate::records::{CLASSES, FEATURES, LOWEST, Sample};

const INPUTS: usize = FEATURES.len();
const HIDDEN: usize = 8;
const EPOCHS: usize = 60;

/// Weights of a network: features scaled to −1..1 → tanh → softmax over the qualities.
#[derive(Clone, Debug)]
pub struct Network {
    /// Lowest and highest value of each feature in training.
    ranges: [(f64, f64); INPUTS],
    hidden: Vec<([f64; INPUTS], f64)>,
    output: Vec<([f64; HIDDEN], f64)>,
}

impl Network {
    /// Trains by stochastic gradient descent on the cross entropy.
    pub fn train(random: &mut Random, samples: &[Sample]) -> Self {
        let ranges = std::array::from_fn(|j| {
            let values = samples.iter().map(|sample| sample.features[j]);
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
        });
        let mut network = Self {
            ranges,
            hidden: (0..HIDDEN).map(|_| (std::array::from_fn(|_| 0.4 * random.normal()), 0.0)).collect(),
            output: (0..CLASSES).map(|_| (std::array::from_fn(|_| 0.4 * random.normal()), 0.0)).collect(),
        };
        for epoch in 0..EPOCHS {
            let rate = 0.05 / (1.0 + 0.05 * epoch as f64);
            for _ in 0..samples.len() {
                network.learn(&samples[random.below(samples.len())], rate);
            }
        }
        network
    }

    fn learn(&mut self, sample: &Sample, rate: f64) {
        let inputs = self.scaled(&sample.features);
        let hidden = self.hidden_activations(&inputs);
        let mut outward = self.probabilities_of(&hidden);
        outward[sample.quality - LOWEST] -= 1.0;
        let mut inward = [0.0; HIDDEN];
        for (error, (weights, bias)) in outward.iter().zip(&mut self.output) {
            for (unit, weight) in weights.iter_mut().enumerate() {
                inward[unit] += error * *weight;
                *weight -= rate * error * hidden[unit];
            }
            *bias -= rate * error;
        }
        for (unit, (weights, bias)) in self.hidden.iter_mut().enumerate() {
            let error = inward[unit] * (1.0 - hidden[unit] * hidden[unit]);
            for (weight, input) in weights.iter_mut().zip(inputs) {
                *weight -= rate * error * input;
            }
            *bias -= rate * error;
        }
    }

    fn scaled(&self, features: &[f64; INPUTS]) -> [f64; INPUTS] {
        std::array::from_fn(|j| {
            let (low, high) = self.ranges[j];
            2.0 * (features[j] - low) / (high - low) - 1.0
        })
    }

    fn hidden_activations(&self, inputs: &[f64; INPUTS]) -> [f64; HIDDEN] {
        std::array::from_fn(|unit| {
            let (weights, bias) = &self.hidden[unit];
            libm::tanh(bias + weights.iter().zip(inputs).map(|(w, x)| w * x).sum::<f64>())
        })
    }

    fn probabilities_of(&self, hidden: &[f64; HIDDEN]) -> [f64; CLASSES] {
        let raw: [f64; CLASSES] = std::array::from_fn(|class| {
            let (weights, bias) = &self.output[class];
            libm::exp(bias + weights.iter().zip(hidden).map(|(w, h)| w * h).sum::<f64>())
        });
        let total: f64 = raw.iter().sum();
        raw.map(|value| value / total)
    }

    /// The probability of each quality.
    #[must_use]
    pub fn probabilities(&self, features: &[f64; INPUTS]) -> [f64; CLASSES] {
        self.probabilities_of(&self.hidden_activations(&self.scaled(features)))
    }

    /// The network as a `NeuralNetwork`.
    #[must_use]
    pub fn to_pmml(&self) -> String {
        let mut body = String::from(
            "<NeuralNetwork functionName=\"classification\" modelName=\"network\" activationFunction=\"tanh\">\n",
        );
        body.push_str(&mining_schema(true));
        body.push_str(&probabilities());
        let _ = writeln!(body, "<NeuralInputs numberOfInputs=\"{INPUTS}\">");
        for (index, (name, (low, high))) in FEATURES.iter().zip(self.ranges).enumerate() {
            let _ = writeln!(
                body,
                "<NeuralInput id=\"0,{index}\"><DerivedField optype=\"continuous\" dataType=\"double\">\
                 <NormContinuous field=\"{name}\"><LinearNorm orig=\"{low}\" norm=\"-1\"/>\
                 <LinearNorm orig=\"{high}\" norm=\"1\"/></NormContinuous></DerivedField></NeuralInput>"
            );
        }
        body.push_str("</NeuralInputs>\n<NeuralLayer>\n");
        for (unit, (weights, bias)) in self.hidden.iter().enumerate() {
            write_neuron(&mut body, 1, unit, weights, *bias);
        }
        body.push_str(
            "</NeuralLayer>\n<NeuralLayer activationFunction=\"identity\" normalizationMethod=\"softmax\">\n",
        );
        for (class, (weights, bias)) in self.output.iter().enumerate() {
            write_neuron(&mut body, 2, class, weights, *bias);
        }
        let _ = writeln!(body, "</NeuralLayer>\n<NeuralOutputs numberOfOutputs=\"{CLASSES}\">");
        for class in 0..CLASSES {
            let quality = class + LOWEST;
            let _ = writeln!(
                body,
                "<NeuralOutput outputNeuron=\"2,{class}\"><DerivedField optype=\"categorical\" dataType=\"string\">\
                 <NormDiscrete field=\"quality\" value=\"{quality}\"/></DerivedField></NeuralOutput>"
            );
        }
        body.push_str("</NeuralOutputs>\n</NeuralNetwork>\n");
        document(Target::Category, &body)
    }

    /// Both layers over features as they are (scaling folded into the first), row-major inputs × units; the output
    /// has a place for every whole number up to the highest quality, so that its argmax is the quality itself.
    fn dense_layers(&self) -> [(Vec<f64>, Vec<f64>, usize); 2] {
        let scale = |j: usize| 2.0 / (self.ranges[j].1 - self.ranges[j].0);
        let shift = |j: usize| -self.ranges[j].0 * scale(j) - 1.0;
        let first = (0..INPUTS).flat_map(|j| self.hidden.iter().map(move |(w, _)| w[j] * scale(j))).collect();
        let first_bias = self
            .hidden
            .iter()
            .map(|(weights, bias)| bias + weights.iter().enumerate().map(|(j, w)| w * shift(j)).sum::<f64>())
            .collect();
        let places = LOWEST + CLASSES;
        let of_place = |place: usize| place.checked_sub(LOWEST).map(|class| &self.output[class]);
        let second = (0..HIDDEN)
            .flat_map(|unit| {
                (0..places).map(move |place| of_place(place).map_or(0.0, |(weights, _)| weights[unit]))
            })
            .collect();
        let second_bias = (0..places).map(|place| of_place(place).map_or(-30.0, |(_, bias)| *bias)).collect();
        [(first, first_bias, HIDDEN), (second, second_bias, places)]
    }

    /// The network as a frozen TensorFlow graph (`GraphDef`).
    #[must_use]
    pub fn to_frozen_graph(&self) -> Vec<u8> {
        let [(first, first_bias, hidden), (second, second_bias, places)] = self.dense_layers();
        let graph = Message::new()
            .message(1, placeholder("samples", &[-1, INPUTS as i64]))
            .message(1, constant("hidden/kernel", &[INPUTS, hidden], &first))
            .message(1, constant("hidden/bias", &[hidden], &first_bias))
            .message(1, operation("hidden/MatMul", "MatMul", &["samples", "hidden/kernel"]))
            .message(1, operation("hidden/BiasAdd", "BiasAdd", &["hidden/MatMul", "hidden/bias"]))
            .message(1, operation("hidden/Tanh", "Tanh", &["hidden/BiasAdd"]))
            .message(1, constant("quality/kernel", &[hidden, places], &second))
            .message(1, constant("quality/bias", &[places], &second_bias))
            .message(1, operation("quality/MatMul", "MatMul", &["hidden/Tanh", "quality/kernel"]))
            .message(1, operation("quality/BiasAdd", "BiasAdd", &["quality/MatMul", "quality/bias"]))
            .message(1, operation("quality/Softmax", "Softmax", &["quality/BiasAdd"]));
        graph.into_bytes()
    }

    /// The network as ONNX, opset 13.
    #[must_use]
    pub fn to_onnx(&self) -> Vec<u8> {
        let [(first, first_bias, hidden), (second, second_bias, places)] = self.dense_layers();
        let graph = Message::new()
            .message(1, onnx_node("Gemm", &["samples", "hidden_kernel", "hidden_bias"], "hidden_raw"))
            .message(1, onnx_node("Tanh", &["hidden_raw"], "hidden"))
            .message(1, onnx_node("Gemm", &["hidden", "quality_kernel", "quality_bias"], "quality_raw"))
            .message(1, onnx_node("Softmax", &["quality_raw"], "quality"))
            .bytes(2, "network")
            .message(5, onnx_tensor("hidden_kernel", &[INPUTS, hidden], &first))
            .message(5, onnx_tensor("hidden_bias", &[hidden], &first_bias))
            .message(5, onnx_tensor("quality_kernel", &[hidden, places], &second))
            .message(5, onnx_tensor("quality_bias", &[places], &second_bias))
            .message(11, onnx_value("samples", INPUTS))
            .message(12, onnx_value("quality", places));
        let opset = Message::new().bytes(1, "").number(2, 13);
        let model =
            Message::new().number(1, 8).bytes(2, "scorewheel-demo-make").message(7, graph).message(8, opset);
        model.into_bytes()
    }
}

fn write_neuron(text: &mut String, layer: usize, unit: usize, weights: &[f64], bias: f64) {
    let _ = write!(text, "<Neuron id=\"{layer},{unit}\" bias=\"{bias}\">");
    let connections = weights.iter().enumerate();
    text.push_str(&join(
        connections.map(|(from, w)| format!("<Con from=\"{},{from}\" weight=\"{w}\"/>", layer - 1)),
        "",
    ));
    text.push_str("</Neuron>\n");
}

/// TensorFlow's `DT_FLOAT`, which is also ONNX's `FLOAT`.
const FLOAT: u64 = 1;

fn attribute(node: Message, name: &str, value: Message) -> Message {
    node.message(5, Message::new().bytes(1, name).message(2, value))
}

fn shape_of(dimensions: &[i64]) -> Message {
    dimensions
        .iter()
        .fold(Message::new(), |shape, size| shape.message(2, Message::new().number(1, *size as u64)))
}

fn placeholder(name: &str, dimensions: &[i64]) -> Message {
    let node = Message::new().bytes(1, name).bytes(2, "Placeholder");
    let node = attribute(node, "dtype", Message::new().number(6, FLOAT));
    attribute(node, "shape", Message::new().message(7, shape_of(dimensions)))
}

fn constant(name: &str, dimensions: &[usize], values: &[f64]) -> Message {
    let dimensions: Vec<i64> = dimensions.iter().map(|size| *size as i64).collect();
    let tensor = Message::new().number(1, FLOAT).message(2, shape_of(&dimensions)).bytes(4, floats(values));
    let node = Message::new().bytes(1, name).bytes(2, "Const");
    let node = attribute(node, "dtype", Message::new().number(6, FLOAT));
    attribute(node, "value", Message::new().message(8, tensor))
}

fn operation(name: &str, operation: &str, inputs: &[&str]) -> Message {
    let node = Message::new().bytes(1, name).bytes(2, operation);
    let node = inputs.iter().fold(node, |node, input| node.bytes(3, input));
    attribute(node, "T", Message::new().number(6, FLOAT))
}

fn onnx_node(operation: &str, inputs: &[&str], output: &str) -> Message {
    let node = inputs.iter().fold(Message::new(), |node, input| node.bytes(1, input));
    node.bytes(2, output).bytes(3, output).bytes(4, operation)
}

fn onnx_tensor(name: &str, dimensions: &[usize], values: &[f64]) -> Message {
    let tensor = dimensions.iter().fold(Message::new(), |tensor, size| tensor.number(1, *size as u64));
    tensor.number(2, FLOAT).bytes(8, name).bytes(9, floats(values))
}

fn onnx_value(name: &str, width: usize) -> Message {
    let shape = Message::new()
        .message(1, Message::new().bytes(2, "rows"))
        .message(1, Message::new().number(1, width as u64));
    let tensor = Message::new().number(1, FLOAT).message(2, shape);
    Message::new().bytes(1, name).message(2, Message::new().message(1, tensor))
}
