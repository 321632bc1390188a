//! Recurrent layers: `LSTM`, `GRU`, `RNN`.

use scorewheel_columns::ErrorCode;
use scorewheel_model::ModelError;

use crate::data::Data;
use crate::element::Storage;
use crate::error::{invalid, unsupported};
use crate::gemm::{Panels, multiply};
use crate::math;
use crate::operators::context::length;
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// Which cell a layer has.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cell {
    Lstm,
    Gru { linear_before_reset: bool },
    Plain,
}

impl Cell {
    /// Blocks of rows in the weights.
    fn gates(self) -> usize {
        match self {
            Self::Lstm => 4,
            Self::Gru { .. } => 3,
            Self::Plain => 1,
        }
    }

    /// Names of the activations if none are stated.
    fn activations(self) -> &'static [&'static str] {
        match self {
            Self::Lstm => &["Sigmoid", "Tanh", "Tanh"],
            Self::Gru { .. } => &["Sigmoid", "Tanh"],
            Self::Plain => &["Tanh"],
        }
    }
}

/// An activation with its constants.
#[derive(Clone, Copy, Debug)]
struct Activation {
    kind: Kind,
    alpha: f32,
    beta: f32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Sigmoid,
    Tanh,
    Relu,
    Affine,
    LeakyRelu,
    ThresholdedRelu,
    ScaledTanh,
    HardSigmoid,
    Elu,
    Softsign,
    Softplus,
}

impl Activation {
    fn named(name: &str, alpha: Option<f32>, beta: Option<f32>) -> Result<Self, ModelError> {
        let (kind, default_alpha, default_beta) = match name.to_ascii_lowercase().as_str() {
            "sigmoid" => (Kind::Sigmoid, 0.0, 0.0),
            "tanh" => (Kind::Tanh, 0.0, 0.0),
            "relu" => (Kind::Relu, 0.0, 0.0),
            "affine" => (Kind::Affine, 1.0, 0.0),
            "leakyrelu" => (Kind::LeakyRelu, 0.01, 0.0),
            "thresholdedrelu" => (Kind::ThresholdedRelu, 1.0, 0.0),
            "scaledtanh" => (Kind::ScaledTanh, 1.0, 1.0),
            "hardsigmoid" => (Kind::HardSigmoid, 0.2, 0.5),
            "elu" => (Kind::Elu, 1.0, 0.0),
            "softsign" => (Kind::Softsign, 0.0, 0.0),
            "softplus" => (Kind::Softplus, 0.0, 0.0),
            _ => return Err(unsupported(format!("the activation {name:?}"))),
        };
        Ok(Self { kind, alpha: alpha.unwrap_or(default_alpha), beta: beta.unwrap_or(default_beta) })
    }

    fn apply(self, values: &mut [f32]) {
        let Self { kind, alpha, beta } = self;
        macro_rules! each {
            ($function:expr) => {
                scorewheel_trees::vectorised(
                    #[inline(always)]
                    || values.iter_mut().for_each(|value| *value = $function(*value)),
                )
            };
        }
        match kind {
            Kind::Sigmoid => each!(math::sigmoid),
            Kind::Tanh => each!(math::tanh),
            Kind::Relu => each!(|x: f32| if x < 0.0 { 0.0 } else { x }),
            Kind::Affine => each!(|x: f32| alpha * x + beta),
            Kind::LeakyRelu => each!(|x: f32| if x < 0.0 { alpha * x } else { x }),
            Kind::ThresholdedRelu => each!(|x: f32| if x > alpha { x } else { 0.0 }),
            Kind::ScaledTanh => each!(|x: f32| alpha * math::tanh(beta * x)),
            Kind::HardSigmoid => each!(|x: f32| (alpha * x + beta).clamp(0.0, 1.0)),
            Kind::Elu => each!(|x: f32| if x < 0.0 { alpha * libm::expm1f(x) } else { x }),
            Kind::Softsign => each!(|x: f32| x / (1.0 + x.abs())),
            Kind::Softplus => each!(|x: f32| libm::log1pf(math::exp(x))),
        }
    }
}

/// A layer with everything about shapes known.
struct Layer {
    cell: Cell,
    steps: usize,
    batch: usize,
    inputs: usize,
    hidden: usize,
    directions: usize,
    /// True for the directions that go from the last step to the first.
    reverse: [bool; 2],
    activations: Vec<Activation>,
    clip: f32,
    input_forget: bool,
    /// True if the batch is the first dimension, not the second.
    batch_first: bool,
    /// Weights in panels, one an input matrix and direction, where they are constant.
    panels: Option<[Vec<Panels<f32>>; 2]>,
}

/// `LSTM`, `GRU`, `RNN` of f32.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::F32])?;
    let (input, weights, recurrence) = (context.input(0)?, context.input(1)?, context.input(2)?);
    let attributes = context.attributes();
    let cell = match context.operator() {
        "LSTM" => Cell::Lstm,
        "GRU" => Cell::Gru { linear_before_reset: attributes.flag_or("linear_before_reset", false)? },
        _ => Cell::Plain,
    };
    let batch_first = attributes.flag_or("layout", false)?;
    let [first, second, inputs] = *input.shape() else {
        return Err(invalid("a sequence with other than 3 dimensions"));
    };
    let (steps, batch) = if batch_first { (second, first) } else { (first, second) };
    let (directions, reverse) = match attributes.text("direction")?.map(|text| &**text) {
        None | Some("forward") => (1, [false, false]),
        Some("reverse") => (1, [true, false]),
        Some("bidirectional") => (2, [false, true]),
        Some(other) => return Err(invalid(format!("the direction {other:?}"))),
    };
    let hidden = *recurrence.shape().last().unwrap_or(&0);
    let hidden = match attributes.integer("hidden_size")? {
        Some(stated) => length(stated, "hidden_size")?,
        None => hidden,
    };
    let gates = cell.gates();
    let expect = |index: usize, shape: &[usize]| -> Result<bool, ModelError> {
        match context.optional(index) {
            None => Ok(false),
            Some(found) if found.shape() == shape && found.element() == input.element() => Ok(true),
            Some(found) => {
                Err(invalid(format!("input {index} is {} instead of {shape:?}", found.tensor_type)))
            }
        }
    };
    if weights.shape() != [directions, gates * hidden, inputs] {
        return Err(invalid(format!("weights of {:?} for {hidden} hidden numbers", weights.shape())));
    }
    expect(2, &[directions, gates * hidden, hidden])?;
    expect(3, &[directions, 2 * gates * hidden])?;
    let state_shape = if batch_first { [batch, directions, hidden] } else { [directions, batch, hidden] };
    expect(5, &state_shape)?;
    if cell == Cell::Lstm {
        expect(6, &state_shape)?;
        expect(7, &[directions, 3 * hidden])?;
    }
    if let Some(lengths) = context.optional(4)
        && (lengths.shape() != [batch] || lengths.element().storage() != Storage::I64)
    {
        return Err(invalid(format!("lengths of sequences are {}", lengths.tensor_type)));
    }
    let activations = activations(context, cell, directions)?;
    let panels = match (&weights.constant, &recurrence.constant) {
        (Some(weights), Some(recurrence)) => Some([
            turned(weights.data.f32(), directions, gates * hidden, inputs),
            turned(recurrence.data.f32(), directions, gates * hidden, hidden),
        ]),
        _ => None,
    };
    let element = input.element();
    let sequence = if batch_first {
        vec![batch, steps, directions, hidden]
    } else {
        vec![steps, directions, batch, hidden]
    };
    let mut outputs = vec![TensorType::new(element, sequence), TensorType::new(element, state_shape)];
    if cell == Cell::Lstm {
        outputs.push(TensorType::new(element, state_shape));
    }
    outputs.truncate(context.node.outputs.len().max(1));
    let clip = attributes.float_or("clip", 0.0)?;
    let input_forget = attributes.flag_or("input_forget", false)?;
    let layer = Layer {
        cell,
        steps,
        batch,
        inputs,
        hidden,
        directions,
        reverse,
        activations,
        clip,
        input_forget,
        batch_first,
        panels,
    };
    Ok(Computation::many(outputs, move |inputs, outputs, _| layer.run(inputs, outputs)))
}

fn activations(
    context: &NodeContext<'_>,
    cell: Cell,
    directions: usize,
) -> Result<Vec<Activation>, ModelError> {
    let attributes = context.attributes();
    let names: Vec<&str> = match attributes.texts("activations")?.filter(|names| !names.is_empty()) {
        Some(names) => names.iter().map(|name| &**name).collect(),
        None => cell.activations().repeat(directions),
    };
    if names.len() != cell.activations().len() * directions {
        return Err(invalid(format!("{} activations", names.len())));
    }
    let (alphas, betas) = (attributes.floats("activation_alpha")?, attributes.floats("activation_beta")?);
    let mut at = [0, 0];
    names
        .into_iter()
        .map(|name| {
            // The lists have entries only for activations that take one.
            let lower = name.to_ascii_lowercase();
            let takes_beta = matches!(&*lower, "affine" | "scaledtanh" | "hardsigmoid");
            let takes_alpha = takes_beta || matches!(&*lower, "leakyrelu" | "thresholdedrelu" | "elu");
            let mut next = |list: Option<&[f32]>, which: usize, takes: bool| {
                let value = list.and_then(|list| list.get(at[which]).copied());
                at[which] += usize::from(takes);
                value.filter(|_| takes)
            };
            let (alpha, beta) = (next(alphas, 0, takes_alpha), next(betas, 1, takes_beta));
            Activation::named(name, alpha, beta)
        })
        .collect()
}

/// Matrices of `rows × columns`, one a direction, as panels of their transposes.
fn turned(weights: &[f32], directions: usize, rows: usize, columns: usize) -> Vec<Panels<f32>> {
    (0..directions)
        .map(|direction| {
            let mut panels = Panels::default();
            let matrix = &weights[direction * rows * columns..(direction + 1) * rows * columns];
            panels.pack(matrix, columns, rows, 1, columns);
            panels
        })
        .collect()
}

impl Layer {
    fn run(&self, inputs: &[&Data], outputs: &mut [Data]) -> Result<(), ErrorCode> {
        let gates = self.cell.gates() * self.hidden;
        let made;
        let [weights, recurrence] = match &self.panels {
            Some(panels) => panels,
            None => {
                made = [
                    turned(inputs[1].f32(), self.directions, gates, self.inputs),
                    turned(inputs[2].f32(), self.directions, gates, self.hidden),
                ];
                &made
            }
        };
        let optional =
            |index: usize| inputs.get(index).map(|data| data.f32()).filter(|data| !data.is_empty());
        let lengths = inputs.get(4).map(|data| data.i64()).filter(|lengths| !lengths.is_empty());
        if let Some(lengths) = lengths
            && lengths.iter().any(|length| *length < 0 || *length as usize > self.steps)
        {
            return Err(ErrorCode::BadArgument);
        }
        for output in outputs.iter_mut() {
            output.f32_mut().fill(0.0);
        }
        for direction in 0..self.directions {
            let bias = optional(3).map(|bias| &bias[direction * 2 * gates..(direction + 1) * 2 * gates]);
            let peepholes = match self.cell {
                Cell::Lstm => {
                    optional(7).map(|p| &p[direction * 3 * self.hidden..(direction + 1) * 3 * self.hidden])
                }
                _ => None,
            };
            let mut run = Run {
                layer: self,
                direction,
                weights: &weights[direction],
                recurrence: &recurrence[direction],
                bias,
                peepholes,
                from_input: vec![0.0; gates],
                from_state: vec![0.0; gates],
                state: vec![0.0; self.hidden],
                memory: vec![0.0; self.hidden],
            };
            for row in 0..self.batch {
                let length = lengths.map_or(self.steps, |lengths| lengths[row] as usize);
                let start = self.state_place(direction, row);
                let begin = |index: usize| optional(index).map(|state| &state[start..start + self.hidden]);
                match begin(5) {
                    Some(state) => run.state.copy_from_slice(state),
                    None => run.state.fill(0.0),
                }
                match begin(6).filter(|_| self.cell == Cell::Lstm) {
                    Some(memory) => run.memory.copy_from_slice(memory),
                    None => run.memory.fill(0.0),
                }
                for index in 0..length {
                    let step = if self.reverse[direction] { length - 1 - index } else { index };
                    let at = if self.batch_first { row * self.steps + step } else { step * self.batch + row };
                    run.step(&inputs[0].f32()[at * self.inputs..(at + 1) * self.inputs]);
                    if let Some(sequence) = outputs.first_mut() {
                        let place = if self.batch_first {
                            (row * self.steps + step) * self.directions + direction
                        } else {
                            (step * self.directions + direction) * self.batch + row
                        } * self.hidden;
                        sequence.f32_mut()[place..place + self.hidden].copy_from_slice(&run.state);
                    }
                }
                for (output, state) in outputs.iter_mut().skip(1).zip([&run.state, &run.memory]) {
                    output.f32_mut()[start..start + self.hidden].copy_from_slice(state);
                }
            }
        }
        Ok(())
    }

    fn state_place(&self, direction: usize, row: usize) -> usize {
        let index =
            if self.batch_first { row * self.directions + direction } else { direction * self.batch + row };
        index * self.hidden
    }
}

/// One direction of a layer at work.
struct Run<'a> {
    layer: &'a Layer,
    direction: usize,
    weights: &'a Panels<f32>,
    recurrence: &'a Panels<f32>,
    bias: Option<&'a [f32]>,
    peepholes: Option<&'a [f32]>,
    from_input: Vec<f32>,
    from_state: Vec<f32>,
    state: Vec<f32>,
    memory: Vec<f32>,
}

impl Run<'_> {
    fn activation(&self, index: usize) -> Activation {
        let count = self.layer.cell.activations().len();
        self.layer.activations[self.direction * count + index]
    }

    fn clip(&self, values: &mut [f32]) {
        let clip = self.layer.clip;
        if clip > 0.0 {
            values.iter_mut().for_each(|value| *value = value.clamp(-clip, clip));
        }
    }

    fn step(&mut self, input: &[f32]) {
        let mut gates = std::mem::take(&mut self.from_input);
        let mut recurrent = std::mem::take(&mut self.from_state);
        multiply(input, 1, self.weights, &mut gates);
        multiply(&self.state, 1, self.recurrence, &mut recurrent);
        match self.layer.cell {
            Cell::Lstm => self.lstm(&mut gates, &recurrent),
            Cell::Gru { linear_before_reset } => self.gru(&mut gates, &mut recurrent, linear_before_reset),
            Cell::Plain => {
                self.add_all(&mut gates, &recurrent);
                self.clip(&mut gates);
                self.activation(0).apply(&mut gates);
                self.state.copy_from_slice(&gates);
            }
        }
        self.from_input = gates;
        self.from_state = recurrent;
    }

    /// Adds what the state gives and both biases.
    fn add_all(&self, gates: &mut [f32], recurrent: &[f32]) {
        gates.iter_mut().zip(recurrent).for_each(|(gate, recurrent)| *gate += recurrent);
        if let Some(bias) = self.bias {
            let (first, second) = bias.split_at(gates.len());
            for ((gate, first), second) in gates.iter_mut().zip(first).zip(second) {
                *gate += first + second;
            }
        }
    }

    /// Gates in the order input, output, forget, cell.
    fn lstm(&mut self, gates: &mut [f32], recurrent: &[f32]) {
        let hidden = self.layer.hidden;
        self.add_all(gates, recurrent);
        let (input, rest) = gates.split_at_mut(hidden);
        let (output, rest) = rest.split_at_mut(hidden);
        let (forget, cell) = rest.split_at_mut(hidden);
        let peep = |gate: &mut [f32], which: usize, memory: &[f32]| {
            if let Some(peepholes) = self.peepholes {
                let peepholes = &peepholes[which * hidden..(which + 1) * hidden];
                for ((gate, peephole), memory) in gate.iter_mut().zip(peepholes).zip(memory) {
                    *gate += peephole * memory;
                }
            }
        };
        peep(input, 0, &self.memory);
        peep(forget, 2, &self.memory);
        let first = self.activation(0);
        for gate in [&mut *input, &mut *forget] {
            self.clip(gate);
            first.apply(gate);
        }
        self.clip(cell);
        self.activation(1).apply(cell);
        let input_forget = self.layer.input_forget;
        for (((memory, input), forget), cell) in self.memory.iter_mut().zip(&*input).zip(&*forget).zip(&*cell)
        {
            let keep = if input_forget { 1.0 - input } else { *forget };
            *memory = keep * *memory + input * cell;
        }
        peep(output, 1, &self.memory);
        self.clip(output);
        first.apply(output);
        self.state.copy_from_slice(&self.memory);
        let last = self.activation(2);
        last.apply(&mut self.state);
        self.state.iter_mut().zip(&*output).for_each(|(state, output)| *state *= output);
    }

    /// Gates in the order update, reset, hidden.
    fn gru(&mut self, gates: &mut [f32], recurrent: &mut [f32], linear_before_reset: bool) {
        let hidden = self.layer.hidden;
        if let Some(bias) = self.bias {
            let (first, second) = bias.split_at(gates.len());
            gates.iter_mut().zip(first).for_each(|(gate, bias)| *gate += bias);
            if linear_before_reset {
                recurrent.iter_mut().zip(second).for_each(|(value, bias)| *value += bias);
            } else {
                // The hidden gate's second bias belongs to the product after the reset.
                let both = 2 * hidden;
                recurrent[..both].iter_mut().zip(second).for_each(|(value, bias)| *value += bias);
                gates[both..].iter_mut().zip(&second[both..]).for_each(|(gate, bias)| *gate += bias);
            }
        }
        let (switches, candidate) = gates.split_at_mut(2 * hidden);
        switches.iter_mut().zip(&*recurrent).for_each(|(gate, recurrent)| *gate += recurrent);
        self.clip(switches);
        self.activation(0).apply(switches);
        let (update, reset) = switches.split_at(hidden);
        if linear_before_reset {
            for ((candidate, reset), recurrent) in
                candidate.iter_mut().zip(reset).zip(&recurrent[2 * hidden..])
            {
                *candidate += reset * recurrent;
            }
        } else {
            let damped: Vec<f32> =
                reset.iter().zip(&self.state).map(|(reset, state)| reset * state).collect();
            multiply(&damped, 1, self.recurrence, recurrent);
            candidate
                .iter_mut()
                .zip(&recurrent[2 * hidden..])
                .for_each(|(candidate, value)| *candidate += value);
        }
        self.clip(candidate);
        self.activation(1).apply(candidate);
        for ((state, update), candidate) in self.state.iter_mut().zip(update).zip(&*candidate) {
            *state = (1.0 - update) * candidate + update * *state;
        }
    }
}
