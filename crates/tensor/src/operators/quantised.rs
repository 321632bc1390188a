//! Quantised numbers: 8- and 16-bit integers with a scale and a zero point.
//!
//! Products of such integers are computed in f64, where every sum that fits here is exact.

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::error::{invalid, unsupported};
use crate::gemm::{Panels, multiply};
use crate::operators::broadcast::Walk;
use crate::operators::context::{axis, length};
use crate::operators::convolution::{Weights, describe};
use crate::operators::softmax::around;
use crate::operators::{Built, Computation, Input, NodeContext};
use crate::tensor::{TensorType, element_count};

/// How scales spread over a tensor: the element of the scale for every element of the tensor.
#[derive(Clone, Copy, Debug)]
struct Spread {
    length: usize,
    inner: usize,
    scales: usize,
    /// Elements along the dimension that share a scale; 0 if the scale is one number.
    block: usize,
}

impl Spread {
    fn of(context: &NodeContext<'_>, input: &Input, scale: &Input) -> Result<Self, ModelError> {
        if scale.tensor_type.len() == 1 {
            return Ok(Self { length: 1, inner: 1, scales: 1, block: 0 });
        }
        let at = axis(context.attributes().integer_or("axis", 1)?, input.rank())?;
        let (_, length, inner) = around(input.shape(), at, at + 1);
        let block = self::length(context.attributes().integer_or("block_size", 0)?, "block_size")?;
        let blocks = if block > 0 { length.div_ceil(block) } else { length };
        let expected = if block > 0 {
            let mut shape = input.shape().to_vec();
            shape[at] = blocks;
            shape
        } else {
            vec![length]
        };
        if scale.shape() != expected {
            return Err(invalid(format!("scales of {:?} for {:?}", scale.shape(), input.shape())));
        }
        Ok(Self { length, inner, scales: blocks, block })
    }

    #[inline]
    fn at(self, index: usize) -> usize {
        match self.block {
            0 if self.scales == 1 => 0,
            0 => index / self.inner % self.length,
            block => {
                let outer = index / (self.inner * self.length);
                let along = index / self.inner % self.length / block;
                (outer * self.scales + along) * self.inner + index % self.inner
            }
        }
    }
}

/// Zero points as numbers; none stands for zeros.
fn zero_point(inputs: &[&Data], index: usize, at: usize) -> i64 {
    inputs.get(index).and_then(|data| data.i64().get(at)).copied().unwrap_or(0)
}

fn check_zero_point(context: &NodeContext<'_>, index: usize, scale: &Input) -> Result<(), ModelError> {
    match context.optional(index) {
        Some(zero) if zero.tensor_type.len() != scale.tensor_type.len() || !zero.element().is_integer() => {
            Err(invalid(format!("a zero point of {} for scales of {}", zero.tensor_type, scale.tensor_type)))
        }
        _ => Ok(()),
    }
}

/// `QuantizeLinear`.
pub(crate) fn quantise(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let (input, scale) = (context.input(0)?, context.input(1)?);
    context.storage(0, &[Storage::F32, Storage::I64])?;
    context.storage(1, &[Storage::F32])?;
    check_zero_point(context, 2, scale)?;
    let element = match (context.optional(2), context.attributes().element("output_dtype")?) {
        (Some(zero), _) => zero.element(),
        (None, Some(stated)) => stated,
        (None, None) => ElementType::U8,
    };
    if !element.is_integer() {
        return Err(unsupported(format!("quantisation to {element}")));
    }
    let spread = Spread::of(context, input, scale)?;
    let (low, high) = element.integer_range();
    Ok(Computation::one(TensorType::new(element, input.shape()), move |inputs, outputs, _| {
        let scales = inputs[1].f32();
        for (index, out) in outputs[0].i64_mut().iter_mut().enumerate() {
            let value = match inputs[0] {
                Data::I64(values) => values[index] as f32,
                other => other.f32()[index],
            };
            let at = spread.at(index);
            *out = rounded(value / scales[at], zero_point(inputs, 2, at), low, high);
        }
        Ok(())
    }))
}

/// The nearest integer plus the zero point, within the type's range.
fn rounded(value: f32, zero: i64, low: i64, high: i64) -> i64 {
    (value.round_ties_even() as i64).saturating_add(zero).clamp(low, high)
}

/// `DequantizeLinear`.
pub(crate) fn dequantise(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let (input, scale) = (context.input(0)?, context.input(1)?);
    context.storage(0, &[Storage::I64])?;
    context.storage(1, &[Storage::F32])?;
    check_zero_point(context, 2, scale)?;
    let spread = Spread::of(context, input, scale)?;
    let element = context.attributes().element("output_dtype")?.unwrap_or(scale.element());
    if element.storage() != Storage::F32 {
        return Err(context.no_kernel(element));
    }
    Ok(Computation::one(TensorType::new(element, input.shape()), move |inputs, outputs, _| {
        let scales = inputs[1].f32();
        for (index, (out, value)) in outputs[0].f32_mut().iter_mut().zip(inputs[0].i64()).enumerate() {
            let at = spread.at(index);
            *out = value.wrapping_sub(zero_point(inputs, 2, at)) as f32 * scales[at];
        }
        Ok(())
    }))
}

/// `DynamicQuantizeLinear`: scale and zero point of the tensor at hand.
pub(crate) fn quantise_dynamically(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    context.storage(0, &[Storage::F32])?;
    let outputs = vec![
        TensorType::new(ElementType::U8, input.shape()),
        TensorType::new(ElementType::F32, vec![]),
        TensorType::new(ElementType::U8, vec![]),
    ];
    Ok(Computation::many(outputs, |inputs, outputs, _| {
        let input = inputs[0].f32();
        let low = input.iter().fold(0.0f32, |a, b| a.min(*b));
        let high = input.iter().fold(0.0f32, |a, b| a.max(*b));
        let scale = if high == low { 1.0 } else { (high - low) / 255.0 };
        let zero = rounded(-low / scale, 0, 0, 255);
        for (out, value) in outputs[0].i64_mut().iter_mut().zip(input) {
            *out = rounded(value / scale, zero, 0, 255);
        }
        outputs[1].f32_mut().fill(scale);
        outputs[2].i64_mut().fill(zero);
        Ok(())
    }))
}

/// A quantised operand: where it is, where its zero point is, and how that spreads over rows or columns.
fn centred(data: &Data, zero: &Data, spread: impl Fn(usize) -> usize, out: &mut Vec<f64>) {
    let zeros = zero.i64();
    out.clear();
    out.extend(data.i64().iter().enumerate().map(|(index, value)| {
        let zero = match zeros {
            [] => 0,
            [zero] => *zero,
            zeros => zeros[spread(index).min(zeros.len() - 1)],
        };
        value.wrapping_sub(zero) as f64
    }));
}

/// Shapes of a product of matrices on top of one another.
struct Product {
    rows: usize,
    inner: usize,
    columns: usize,
    walk: Walk<2>,
    shape: Vec<usize>,
}

fn product(a: &[usize], b: &[usize]) -> Result<Product, ModelError> {
    let ([.., rows, inner], [.., inner_b, columns]) = (a, b) else {
        return Err(unsupported("a quantised product of vectors"));
    };
    if inner != inner_b {
        return Err(invalid(format!("matrices of {a:?} and {b:?} cannot be multiplied")));
    }
    let (a_batch, b_batch) = (&a[..a.len() - 2], &b[..b.len() - 2]);
    let mut shape = crate::operators::broadcast::broadcast_shape(a_batch, b_batch)?;
    let walk = Walk::new([a_batch, b_batch], &shape);
    shape.extend([*rows, *columns]);
    Ok(Product { rows: *rows, inner: *inner, columns: *columns, walk, shape })
}

impl Product {
    fn run(&self, a: &[f64], b: &[f64], out: &mut Vec<f64>) {
        let (left, right) = (self.rows * self.inner, self.inner * self.columns);
        out.clear();
        out.resize(element_count(&self.shape), 0.0);
        let [stride_a, stride_b] = self.walk.inner_strides;
        let size = self.rows * self.columns;
        self.walk.runs(|at, [start_a, start_b]| {
            for index in 0..self.walk.inner {
                let (a_at, b_at) = (start_a + index * stride_a, start_b + index * stride_b);
                let panels = Panels::of(&b[b_at * right..(b_at + 1) * right], self.inner, self.columns);
                let out = &mut out[(at + index) * size..(at + index + 1) * size];
                multiply(&a[a_at * left..(a_at + 1) * left], self.rows, &panels, out);
            }
        });
    }
}

/// `MatMulInteger`.
pub(crate) fn integer_product(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let (a, b) = (context.input(0)?, context.input(1)?);
    context.storage(0, &[Storage::I64])?;
    context.storage(1, &[Storage::I64])?;
    let product = product(a.shape(), b.shape())?;
    let output = TensorType::new(ElementType::I32, product.shape.clone());
    Ok(Computation::one(output, move |inputs, outputs, _| {
        let (mut left, mut right, mut out) = (Vec::new(), Vec::new(), Vec::new());
        static NONE: Data = Data::I64(Vec::new());
        let zero = |index: usize| inputs.get(index).copied().unwrap_or(&NONE);
        centred(inputs[0], zero(2), |index| index / product.inner.max(1), &mut left);
        centred(inputs[1], zero(3), |index| index % product.columns.max(1), &mut right);
        product.run(&left, &right, &mut out);
        for (to, value) in outputs[0].i64_mut().iter_mut().zip(&out) {
            *to = ElementType::I32.wrap(*value as i64);
        }
        Ok(())
    }))
}

/// `QLinearMatMul`: a, its scale and zero point, b likewise, then those of the result.
pub(crate) fn quantised_product(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let (a, b) = (context.input(0)?, context.input(3)?);
    for index in [0, 3] {
        context.storage(index, &[Storage::I64])?;
    }
    for index in [1, 4, 6] {
        context.storage(index, &[Storage::F32])?;
    }
    let element = context.input(7)?.element();
    if !element.is_integer() {
        return Err(unsupported(format!("quantisation to {element}")));
    }
    let product = product(a.shape(), b.shape())?;
    let output = TensorType::new(element, product.shape.clone());
    let (low, high) = element.integer_range();
    Ok(Computation::one(output, move |inputs, outputs, _| {
        let (mut left, mut right, mut out) = (Vec::new(), Vec::new(), Vec::new());
        let (row, column) = (
            |index: usize| index / product.inner.max(1) % product.rows.max(1),
            |index: usize| index % product.columns.max(1),
        );
        centred(inputs[0], inputs[2], row, &mut left);
        centred(inputs[3], inputs[5], column, &mut right);
        product.run(&left, &right, &mut out);
        let pick =
            |list: &[f32], at: usize| if list.len() > 1 { list[at.min(list.len() - 1)] } else { list[0] };
        for (index, (to, value)) in outputs[0].i64_mut().iter_mut().zip(&out).enumerate() {
            let (row, column) = (index / product.columns % product.rows, index % product.columns);
            let scale =
                pick(inputs[1].f32(), row) * pick(inputs[4].f32(), column) / pick(inputs[6].f32(), row);
            let zeros = inputs[7].i64();
            let zero = if zeros.len() > 1 { zeros[row.min(zeros.len() - 1)] } else { zeros[0] };
            *to = rounded((*value * f64::from(scale)) as f32, zero, low, high);
        }
        Ok(())
    }))
}

/// `ConvInteger`, `QLinearConv`.
pub(crate) fn convolution(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let plain = context.operator() == "ConvInteger";
    let weights_at = if plain { 1 } else { 3 };
    let (input, weights) = (context.input(0)?, context.input(weights_at)?);
    context.storage(0, &[Storage::I64])?;
    context.storage(weights_at, &[Storage::I64])?;
    let shapes = describe(context)?;
    let channels = shapes.groups * shapes.outputs;
    let shape = shapes.window.output_shape(shapes.batch, channels, input.rank());
    crate::operators::context::check_shape(&shape)?;
    let element = if plain { ElementType::I32 } else { context.input(7)?.element() };
    if !plain {
        for index in [1, 4, 6] {
            context.storage(index, &[Storage::F32])?;
        }
        if context.optional(8).is_some_and(|bias| bias.shape() != [channels] || !bias.element().is_integer())
        {
            return Err(invalid("a bias that is not one integer a channel"));
        }
    }
    let len = element_count(&shape);
    let points = shapes.window.output_len();
    let a_channel = weights.tensor_type.len() / channels.max(1);
    let (low, high) = element.integer_range();
    let (zero_input, zero_weights) = if plain { (2, 3) } else { (2, 5) };
    Ok(Computation::one(TensorType::new(element, shape), move |inputs, outputs, memory| {
        let (mut values, mut kernel) = (Vec::new(), Vec::new());
        static NONE: Data = Data::I64(Vec::new());
        let zero = |index: usize| inputs.get(index).copied().unwrap_or(&NONE);
        centred(inputs[0], zero(zero_input), |_| 0, &mut values);
        centred(inputs[weights_at], zero(zero_weights), |index| index / a_channel.max(1), &mut kernel);
        let weights = Weights::new(&shapes, &kernel, false);
        let mut out = vec![0.0; len];
        shapes.run(&values, &weights, &mut out, &mut memory.f64);
        let bias = inputs.get(8).map(|bias| bias.i64()).filter(|bias| !plain && !bias.is_empty());
        for (index, (to, value)) in outputs[0].i64_mut().iter_mut().zip(&out).enumerate() {
            if plain {
                *to = ElementType::I32.wrap(*value as i64);
                continue;
            }
            let channel = index / points.max(1) % channels;
            let sum = *value + bias.map_or(0.0, |bias| bias[channel] as f64);
            let pick = |list: &[f32]| if list.len() > 1 { list[channel] } else { list[0] };
            let scale = inputs[1].f32()[0] * pick(inputs[4].f32()) / inputs[6].f32()[0];
            *to = rounded((sum * f64::from(scale)) as f32, inputs[7].i64()[0], low, high);
        }
        Ok(())
    }))
}
