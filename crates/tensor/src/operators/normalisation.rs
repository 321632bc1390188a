//! Normalisations.

use scorewheel_model::ModelError;
use scorewheel_trees::vectorised;

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::error::{invalid, unsupported};
use crate::graph::Domain;
use crate::operators::broadcast::Walk;
use crate::operators::context::{axes, axis, length};
use crate::operators::softmax::{around, sum};
use crate::operators::{Built, Computation, Fusion, NodeContext, RowForm};
use crate::tensor::{TensorType, element_count};

/// `BatchNormalization`, `FusedBatchNorm` and its versions, with the statistics of training.
pub(crate) fn batch(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let storage = context.storage(0, &[Storage::F32, Storage::F64])?;
    let attributes = context.attributes();
    let tensorflow = context.node.domain == Domain::TensorFlow;
    let training = if tensorflow {
        attributes.flag_or("is_training", true)?
    } else {
        attributes.flag_or("training_mode", false)?
    };
    if training {
        return Err(unsupported(
            "normalisation by the statistics of the batch at hand; export the model for inference",
        ));
    }
    if input.rank() < 2 {
        return Err(invalid("normalisation of a tensor without channels"));
    }
    let channels_last = match attributes.text("data_format")? {
        Some(format) => !format.starts_with("NC"),
        None => tensorflow,
    };
    let channel = if channels_last { input.rank() - 1 } else { 1 };
    let channels = input.shape()[channel];
    for index in 1..5 {
        let statistic = context.input(index)?;
        if statistic.tensor_type.len() != channels {
            return Err(invalid(format!("{} for {channels} channels", statistic.tensor_type)));
        }
        context.storage(index, &[storage])?;
    }
    let epsilon = attributes.float_or("epsilon", if tensorflow { 1e-4 } else { 1e-5 })?;
    let (outer, _, inner) = around(input.shape(), channel, channel + 1);
    let mut outputs = vec![input.tensor_type.clone()];
    // Statistics that training would give; at inference they repeat the inputs.
    let more = context.node.outputs.len().max(1) - 1;
    outputs.extend((0..more).map(|_| TensorType::new(input.element(), vec![channels])));
    let constants = (1..5).map(|index| context.optional(index).and_then(|input| input.constant.clone()));
    let known = constants.collect::<Option<Vec<_>>>().filter(|_| storage == Storage::F32);
    let known = known.map(|constants| {
        let lists: Vec<&[f32]> = constants.iter().map(|tensor| tensor.data.f32()).collect();
        scale_and_shift(&lists, epsilon, f32::sqrt)
    });
    let row_form = known.as_ref().filter(|_| input.rank() == 2).map(|(scale, shift)| {
        RowForm::ScaleAndShift { scale: scale.as_slice().into(), shift: shift.as_slice().into() }
    });
    let fusion = known.filter(|_| channels_last).map(|(scale, shift)| Fusion::Affine { scale, shift });
    let kernel: crate::operators::Kernel = Box::new(move |inputs, outputs, _| {
        if let Storage::F32 = storage {
            let lists: Vec<&[f32]> = inputs[1..5].iter().map(|data| data.f32()).collect();
            let (scale, shift) = scale_and_shift(&lists, epsilon, f32::sqrt);
            let (input, out) = (inputs[0].f32(), outputs[0].f32_mut());
            vectorised(
                #[inline(always)]
                || affine(input, out, [outer, channels, inner], &scale, &shift),
            );
        } else {
            let lists: Vec<&[f64]> = inputs[1..5].iter().map(|data| data.f64()).collect();
            let (scale, shift) = scale_and_shift(&lists, f64::from(epsilon), f64::sqrt);
            affine(inputs[0].f64(), outputs[0].f64_mut(), [outer, channels, inner], &scale, &shift);
        }
        for (index, output) in outputs.iter_mut().enumerate().skip(1) {
            let source = inputs[if index % 2 == 1 { 3 } else { 4 }];
            output.copy_range(0, source, 0, channels);
        }
        Ok(())
    });
    Ok(Built::Compute(Computation { outputs, kernel, row_form, fusion }))
}

/// What every channel is multiplied by, and what is added: of scale, offset, mean and variance.
fn scale_and_shift<T>(lists: &[&[T]], epsilon: T, root: impl Fn(T) -> T) -> (Vec<T>, Vec<T>)
where
    T: Copy
        + std::ops::Add<Output = T>
        + std::ops::Sub<Output = T>
        + std::ops::Mul<Output = T>
        + std::ops::Div<Output = T>,
{
    let [scale, offset, mean, variance] = lists else { return (Vec::new(), Vec::new()) };
    let scale: Vec<T> =
        scale.iter().zip(*variance).map(|(scale, variance)| *scale / root(*variance + epsilon)).collect();
    let shift = offset
        .iter()
        .zip(*mean)
        .zip(&scale)
        .map(|((offset, mean), scale)| *offset - *mean * *scale)
        .collect();
    (scale, shift)
}

#[inline(always)]
fn affine<T>(input: &[T], out: &mut [T], [outer, channels, inner]: [usize; 3], scale: &[T], shift: &[T])
where
    T: Copy + std::ops::Add<Output = T> + std::ops::Mul<Output = T>,
{
    if inner == 1 {
        for (input, out) in input.chunks_exact(channels.max(1)).zip(out.chunks_exact_mut(channels.max(1))) {
            for (((out, x), scale), shift) in out.iter_mut().zip(input).zip(scale).zip(shift) {
                *out = *x * *scale + *shift;
            }
        }
        return;
    }
    for plane in 0..outer * channels {
        let (scale, shift) = (scale[plane % channels], shift[plane % channels]);
        let range = plane * inner..(plane + 1) * inner;
        for (out, x) in out[range.clone()].iter_mut().zip(&input[range]) {
            *out = *x * scale + shift;
        }
    }
}

/// How a run of numbers is brought to a common scale.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    /// Mean 0, variance 1.
    Standard,
    /// Root of the mean square 1.
    MeanSquare,
}

/// Normalises a run in one piece; returns the mean and what was multiplied by.
#[inline(always)]
fn normalise_f32(input: &[f32], out: &mut [f32], scale: Scale, epsilon: f32) -> (f32, f32) {
    let count = input.len() as f32;
    let mean = if scale == Scale::Standard { sum(input) / count } else { 0.0 };
    for (out, x) in out.iter_mut().zip(input) {
        *out = (*x - mean) * (*x - mean);
    }
    let factor = 1.0 / (sum(out) / count + epsilon).sqrt();
    for (out, x) in out.iter_mut().zip(input) {
        *out = (*x - mean) * factor;
    }
    (mean, factor)
}

fn normalise_f64(input: &[f64], out: &mut [f64], scale: Scale, epsilon: f64) -> (f64, f64) {
    let count = input.len() as f64;
    let mean = if scale == Scale::Standard { input.iter().sum::<f64>() / count } else { 0.0 };
    let variance = input.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
    let factor = 1.0 / (variance + epsilon).sqrt();
    for (out, x) in out.iter_mut().zip(input) {
        *out = (*x - mean) * factor;
    }
    (mean, factor)
}

/// `LayerNormalization`, `RMSNormalization`: over all dimensions from one on.
pub(crate) fn layer(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let storage = context.storage(0, &[Storage::F32, Storage::F64])?;
    let at = axis(context.attributes().integer_or("axis", -1)?, input.rank())?;
    let epsilon = context.attributes().float_or("epsilon", 1e-5)?;
    let scale = if context.operator() == "RMSNormalization" { Scale::MeanSquare } else { Scale::Standard };
    let (outer, length, _) = around(input.shape(), at, input.rank());
    let mut terms = Vec::new();
    for index in 1..3 {
        if let Some(term) = context.optional(index) {
            context.same_elements(&[0, index])?;
            let stretched = crate::operators::broadcast::broadcast_shape(term.shape(), input.shape())?;
            if stretched != input.shape() {
                return Err(invalid(format!("{} for {}", term.tensor_type, input.tensor_type)));
            }
            terms.push((index, Walk::new([term.shape()], input.shape())));
        }
    }
    let mut shape = input.shape().to_vec();
    shape[at..].fill(1);
    let mut outputs = vec![input.tensor_type.clone()];
    let statistics =
        TensorType::new(if storage == Storage::F64 { ElementType::F64 } else { ElementType::F32 }, shape);
    outputs.extend((1..context.node.outputs.len()).map(|_| statistics.clone()));
    Ok(Computation::many(outputs, move |inputs, outputs, _| {
        let (first, rest) = outputs.split_at_mut(1);
        let mut note = |row: usize, statistics: [f64; 2]| {
            for (output, value) in rest.iter_mut().zip(statistics) {
                match output {
                    Data::F32(out) => out[row] = value as f32,
                    Data::F64(out) => out[row] = value,
                    _ => {}
                }
            }
        };
        match (inputs[0], &mut first[0]) {
            (Data::F32(input), Data::F32(out)) => {
                vectorised(
                    #[inline(always)]
                    || {
                        for row in 0..outer {
                            let range = row * length..(row + 1) * length;
                            let (mean, factor) =
                                normalise_f32(&input[range.clone()], &mut out[range], scale, epsilon);
                            note(row, [f64::from(mean), f64::from(factor)]);
                        }
                    },
                );
                for (index, walk) in &terms {
                    apply(walk, inputs[*index].f32(), out, *index == 1, |a, b| a * b, |a, b| a + b);
                }
            }
            (Data::F64(input), Data::F64(out)) => {
                for row in 0..outer {
                    let range = row * length..(row + 1) * length;
                    let (mean, factor) =
                        normalise_f64(&input[range.clone()], &mut out[range], scale, f64::from(epsilon));
                    note(row, [mean, factor]);
                }
                for (index, walk) in &terms {
                    apply(walk, inputs[*index].f64(), out, *index == 1, |a, b| a * b, |a, b| a + b);
                }
            }
            _ => {}
        }
        Ok(())
    }))
}

/// Multiplies by or adds a stretched term in place.
fn apply<T: Copy>(
    walk: &Walk<1>,
    term: &[T],
    out: &mut [T],
    multiply: bool,
    times: impl Fn(T, T) -> T,
    plus: impl Fn(T, T) -> T,
) {
    let [stride] = walk.inner_strides;
    walk.runs(|at, [start]| {
        for (index, out) in out[at..at + walk.inner].iter_mut().enumerate() {
            let term = term[start + index * stride];
            *out = if multiply { times(*out, term) } else { plus(*out, term) };
        }
    });
}

/// `InstanceNormalization`, `GroupNormalization`: over space, and over the channels of a group.
pub(crate) fn instance(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let storage = context.storage(0, &[Storage::F32, Storage::F64])?;
    if input.rank() < 2 {
        return Err(invalid("normalisation of a tensor without channels"));
    }
    let (batch, channels) = (input.shape()[0], input.shape()[1]);
    let inner = element_count(&input.shape()[2..]);
    let by_group = context.operator() == "GroupNormalization";
    let groups = if by_group {
        length(context.attributes().integer_or("num_groups", 1)?, "num_groups")?
    } else {
        channels
    };
    if groups == 0 || channels % groups != 0 {
        return Err(invalid(format!("{channels} channels in {groups} groups")));
    }
    let epsilon = context.attributes().float_or("epsilon", 1e-5)?;
    // Until version 20 a group has one scale, since then a channel.
    let terms = context.input(1)?.tensor_type.len();
    if context.input(2)?.tensor_type.len() != terms || (terms != channels && terms != groups) {
        return Err(invalid(format!("{terms} scales for {channels} channels in {groups} groups")));
    }
    context.storage(1, &[storage])?;
    context.storage(2, &[storage])?;
    let length = channels / groups * inner;
    let channels_a_term = channels / terms.max(1);
    Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
        macro_rules! run {
            ($input:expr, $out:expr, $scale:expr, $shift:expr, $normalise:expr) => {{
                let (input, out) = ($input, $out);
                for group in 0..batch * groups {
                    let range = group * length..(group + 1) * length;
                    $normalise(&input[range.clone()], &mut out[range]);
                }
                for plane in 0..batch * channels {
                    let term = plane % channels / channels_a_term;
                    for out in &mut out[plane * inner..(plane + 1) * inner] {
                        *out = *out * $scale[term] + $shift[term];
                    }
                }
            }};
        }
        match (inputs[0], &mut outputs[0]) {
            (Data::F32(input), Data::F32(out)) => {
                run!(input, out, inputs[1].f32(), inputs[2].f32(), |from: &[f32], to: &mut [f32]| {
                    normalise_f32(from, to, Scale::Standard, epsilon)
                });
            }
            (Data::F64(input), Data::F64(out)) => {
                run!(input, out, inputs[1].f64(), inputs[2].f64(), |from: &[f64], to: &mut [f64]| {
                    normalise_f64(from, to, Scale::Standard, f64::from(epsilon))
                });
            }
            _ => {}
        }
        Ok(())
    }))
}

/// `LpNormalization`: lengths of 1 along a dimension.
pub(crate) fn unit_length(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    context.storage(0, &[Storage::F32, Storage::F64])?;
    let at = axis(context.attributes().integer_or("axis", -1)?, input.rank())?;
    let p = context.attributes().integer_or("p", 2)?;
    if p != 1 && p != 2 {
        return Err(unsupported(format!("lengths by the norm L{p}")));
    }
    let (outer, length, inner) = around(input.shape(), at, at + 1);
    Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
        macro_rules! run {
            ($input:expr, $out:expr, $zero:expr) => {
                for lane in 0..outer * inner {
                    let start = lane / inner * length * inner + lane % inner;
                    let places = || (0..length).map(|step| start + step * inner);
                    let norm = if p == 1 {
                        places().fold($zero, |sum, at| sum + $input[at].abs())
                    } else {
                        places().fold($zero, |sum, at| sum + $input[at] * $input[at]).sqrt()
                    };
                    for at in places() {
                        $out[at] = if norm == $zero { $zero } else { $input[at] / norm };
                    }
                }
            };
        }
        match (inputs[0], &mut outputs[0]) {
            (Data::F32(input), Data::F32(out)) => run!(input, out, 0.0f32),
            (Data::F64(input), Data::F64(out)) => run!(input, out, 0.0f64),
            _ => {}
        }
        Ok(())
    }))
}

/// `LRN`: by the squares of neighbouring channels.
pub(crate) fn local_response(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    context.storage(0, &[Storage::F32])?;
    let attributes = context.attributes();
    let tensorflow = context.node.domain == Domain::TensorFlow;
    let at = if tensorflow { input.rank().saturating_sub(1) } else { 1 };
    if input.rank() < 2 {
        return Err(invalid("normalisation of a tensor without channels"));
    }
    let (alpha, beta, bias, low, high) = if tensorflow {
        let radius = length(attributes.integer_or("depth_radius", 5)?, "depth_radius")?;
        let alpha = attributes.float_or("alpha", 1.0)?;
        (alpha, attributes.float_or("beta", 0.5)?, attributes.float_or("bias", 1.0)?, radius, radius)
    } else {
        let size = length(attributes.integer_or("size", 1)?, "size")?.max(1);
        let alpha = attributes.float_or("alpha", 1e-4)? / size as f32;
        (
            alpha,
            attributes.float_or("beta", 0.75)?,
            attributes.float_or("bias", 1.0)?,
            (size - 1) / 2,
            size / 2,
        )
    };
    let (outer, channels, inner) = around(input.shape(), at, at + 1);
    Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
        let (input, out) = (inputs[0].f32(), outputs[0].f32_mut());
        for lane in 0..outer * inner {
            let start = lane / inner * channels * inner + lane % inner;
            for channel in 0..channels {
                let neighbours = channel.saturating_sub(low)..(channel + high + 1).min(channels);
                let squares = neighbours.map(|c| input[start + c * inner]).fold(0.0f32, |sum, x| sum + x * x);
                let at = start + channel * inner;
                out[at] = input[at] / libm::powf(bias + alpha * squares, beta);
            }
        }
        Ok(())
    }))
}

/// `MeanVarianceNormalization`: mean 0 and variance 1 over some dimensions.
pub(crate) fn mean_variance(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    context.storage(0, &[Storage::F32])?;
    let stated = context.attributes().integers("axes")?.unwrap_or(&[0, 2, 3]);
    let reduced = axes(stated, input.rank())?;
    let shape = input.shape().to_vec();
    let kept: Vec<usize> = (0..shape.len()).filter(|index| !reduced.contains(index)).collect();
    let strides: Vec<usize> =
        crate::operators::strided::row_major(&shape).into_iter().map(|stride| stride as usize).collect();
    let groups = kept.iter().map(|index| shape[*index]).product::<usize>();
    Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
        let (input, out) = (inputs[0].f32(), outputs[0].f32_mut());
        let group_of = |at: usize| {
            kept.iter().fold(0, |group, index| group * shape[*index] + at / strides[*index] % shape[*index])
        };
        let (mut sums, mut squares, mut counts) =
            (vec![0.0f32; groups], vec![0.0f32; groups], vec![0.0f32; groups]);
        for (at, x) in input.iter().enumerate() {
            sums[group_of(at)] += x;
            counts[group_of(at)] += 1.0;
        }
        for (at, x) in input.iter().enumerate() {
            let group = group_of(at);
            let centred = x - sums[group] / counts[group];
            squares[group] += centred * centred;
        }
        for (at, (out, x)) in out.iter_mut().zip(input).enumerate() {
            let group = group_of(at);
            *out = (x - sums[group] / counts[group]) / ((squares[group] / counts[group]).sqrt() + 1e-9);
        }
        Ok(())
    }))
}
