//! Reductions: one number of many, the place of the largest, the largest few, running sums.

use std::cmp::Ordering;

use scorewheel_model::ModelError;
use scorewheel_trees::vectorised;

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::error::{invalid, unsupported};
use crate::graph::Domain;
use crate::math;
use crate::operators::context::{axes, axis, length};
use crate::operators::softmax::{around, sum};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// How numbers become one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fold {
    Sum,
    Product,
    Minimum,
    Maximum,
    LogSumExp,
}

/// What is done to every number before.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Before {
    Nothing,
    Absolute,
    Square,
}

/// What is done to the one number afterwards.
#[derive(Clone, Copy, Debug, PartialEq)]
enum After {
    Nothing,
    Divide,
    Root,
    Logarithm,
}

fn steps(operator: &str) -> Result<(Before, Fold, After), ModelError> {
    Ok(match operator {
        "ReduceSum" | "Sum" => (Before::Nothing, Fold::Sum, After::Nothing),
        "ReduceMean" | "Mean" => (Before::Nothing, Fold::Sum, After::Divide),
        "ReduceProd" | "Prod" => (Before::Nothing, Fold::Product, After::Nothing),
        "ReduceMax" | "Max" => (Before::Nothing, Fold::Maximum, After::Nothing),
        "ReduceMin" | "Min" => (Before::Nothing, Fold::Minimum, After::Nothing),
        "ReduceL1" => (Before::Absolute, Fold::Sum, After::Nothing),
        "ReduceL2" | "EuclideanNorm" => (Before::Square, Fold::Sum, After::Root),
        "ReduceSumSquare" => (Before::Square, Fold::Sum, After::Nothing),
        "ReduceLogSum" => (Before::Nothing, Fold::Sum, After::Logarithm),
        "ReduceLogSumExp" => (Before::Nothing, Fold::LogSumExp, After::Nothing),
        other => return Err(unsupported(format!("operator {other:?}"))),
    })
}

/// One pass over one stretch of dimensions: `[outer, length, inner]` becomes `[outer, inner]`.
type Pass = [usize; 3];

/// The passes that reduce some dimensions of a shape, the last stretch of neighbours first.
fn passes(shape: &[usize], reduced: &[usize]) -> Vec<Pass> {
    let mut shape = shape.to_vec();
    let mut passes = Vec::new();
    let mut end = reduced.len();
    while end > 0 {
        let mut start = end - 1;
        while start > 0 && reduced[start - 1] + 1 == reduced[start] {
            start -= 1;
        }
        let (first, last) = (reduced[start], reduced[end - 1] + 1);
        let (outer, length, inner) = around(&shape, first, last);
        passes.push([outer, length, inner]);
        shape[first..last].fill(1);
        end = start;
    }
    passes
}

/// The dimensions that a reduction names: a constant input, an attribute, or all.
fn reduced_axes(context: &NodeContext<'_>) -> Result<(Vec<usize>, bool), ModelError> {
    let input = context.input(0)?;
    let attributes = context.attributes();
    let tensorflow = context.node.domain == Domain::TensorFlow;
    let keep = match attributes.integer(if tensorflow { "keep_dims" } else { "keepdims" })? {
        Some(value) => value != 0,
        None => !tensorflow,
    };
    let stated = context.integers_or_attribute(1, "axes")?.unwrap_or_default();
    // No dimensions: TensorFlow reduces nothing, ONNX everything unless it is told otherwise.
    let nothing = tensorflow || attributes.flag_or("noop_with_empty_axes", false)?;
    let reduced = match (stated.is_empty(), nothing) {
        (true, false) => (0..input.rank()).collect(),
        _ => axes(&stated, input.rank())?,
    };
    Ok((reduced, keep))
}

fn reduced_shape(shape: &[usize], reduced: &[usize], keep: bool) -> Vec<usize> {
    let mut out = Vec::new();
    for (index, length) in shape.iter().enumerate() {
        match (reduced.contains(&index), keep) {
            (false, _) => out.push(*length),
            (true, true) => out.push(1),
            (true, false) => {}
        }
    }
    out
}

/// `ReduceSum` and its kin; TensorFlow's `Sum`, `Mean`, `Max`, `Min`, `Prod`.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let element = input.element();
    let (reduced, keep) = reduced_axes(context)?;
    let (before, fold, after) = steps(context.operator())?;
    let passes = passes(input.shape(), &reduced);
    let count: usize = reduced.iter().map(|index| input.shape()[*index]).product();
    let output = TensorType::new(element, reduced_shape(input.shape(), &reduced, keep));
    if element == ElementType::Bool && matches!(fold, Fold::Minimum | Fold::Maximum) {
        return truth(output, passes, fold == Fold::Minimum);
    }
    context.storage(0, &[Storage::F32, Storage::F64, Storage::I64])?;
    macro_rules! kernel {
        ($get:ident, $get_mut:ident, $buffers:ident, $before:expr, $fold:expr, $after:expr) => {
            Ok(Computation::one(output, move |inputs, outputs, memory| {
                let (prepare, finish) = ($before, $after);
                let values = &mut memory.$buffers.elements;
                values.clear();
                values.extend(inputs[0].$get().iter().map(|value| prepare(*value)));
                let mut len = values.len();
                for pass in &passes {
                    len = $fold(values, *pass);
                }
                for (out, value) in outputs[0].$get_mut().iter_mut().zip(&values[..len]) {
                    *out = finish(*value);
                }
                Ok(())
            }))
        };
    }
    let finish = move |value: f32| match after {
        After::Nothing => value,
        After::Divide => value / count as f32,
        After::Root => value.sqrt(),
        After::Logarithm => libm::logf(value),
    };
    match element.storage() {
        Storage::F32 if fold == Fold::Sum && is_short(&passes) => {
            Ok(Computation::one(output, move |inputs, outputs, _| {
                let (input, out) = (inputs[0].f32(), outputs[0].f32_mut());
                match before {
                    Before::Nothing => short_sums(input, count, out, |value| value),
                    Before::Absolute => short_sums(input, count, out, f32::abs),
                    Before::Square => short_sums(input, count, out, |value| value * value),
                }
                if after != After::Nothing {
                    out.iter_mut().for_each(|value| *value = finish(*value));
                }
                Ok(())
            }))
        }
        Storage::F32 => kernel!(
            f32,
            f32_mut,
            f32,
            move |value: f32| match before {
                Before::Nothing => value,
                Before::Absolute => value.abs(),
                Before::Square => value * value,
            },
            |values: &mut Vec<f32>, pass| fold_f32(values, pass, fold),
            finish
        ),
        Storage::F64 => kernel!(
            f64,
            f64_mut,
            f64,
            move |value: f64| match before {
                Before::Nothing => value,
                Before::Absolute => value.abs(),
                Before::Square => value * value,
            },
            |values: &mut Vec<f64>, pass| fold_f64(values, pass, fold),
            move |value: f64| match after {
                After::Nothing => value,
                After::Divide => value / count as f64,
                After::Root => value.sqrt(),
                After::Logarithm => libm::log(value),
            }
        ),
        _ => Ok(Computation::one(output, move |inputs, outputs, _| {
            let mut values: Vec<i64> = inputs[0]
                .i64()
                .iter()
                .map(|value| match before {
                    Before::Nothing => *value,
                    Before::Absolute => value.wrapping_abs(),
                    Before::Square => value.wrapping_mul(*value),
                })
                .collect();
            let mut len = values.len();
            for pass in &passes {
                len = fold_in_place(&mut values, *pass, identity_i64(fold), |a, b| match fold {
                    Fold::Product => a.wrapping_mul(b),
                    Fold::Minimum => a.min(b),
                    Fold::Maximum => a.max(b),
                    _ => a.wrapping_add(b),
                });
            }
            for (out, value) in outputs[0].i64_mut().iter_mut().zip(&values[..len]) {
                *out = element.wrap(match after {
                    After::Divide => value.checked_div(count as i64).unwrap_or(0),
                    After::Root => libm::sqrt(*value as f64) as i64,
                    After::Logarithm => libm::log(*value as f64) as i64,
                    After::Nothing => *value,
                });
            }
            Ok(())
        })),
    }
}

/// Rows whose sums are made side by side.
const ROWS_ABREAST: usize = 8;

/// Whether one stretch of numbers that lie in one piece, and fill no more than the lanes of [`sum`], becomes one.
fn is_short(passes: &[Pass]) -> bool {
    matches!(passes, [[_, 1..=16, 1]])
}

/// Sums of rows of so many numbers; where each lane holds one number at most, [`sum`] adds them in their order.
fn short_sums(input: &[f32], length: usize, out: &mut [f32], prepare: impl Fn(f32) -> f32) {
    vectorised(
        #[inline(always)]
        || {
            let mut groups = input.chunks_exact(length * ROWS_ABREAST);
            let mut sums = out.chunks_exact_mut(ROWS_ABREAST);
            for (group, out) in (&mut groups).zip(&mut sums) {
                let mut sums = [0.0_f32; ROWS_ABREAST];
                for at in 0..length {
                    for (row, sum) in sums.iter_mut().enumerate() {
                        *sum += prepare(group[row * length + at]);
                    }
                }
                out.copy_from_slice(&sums);
            }
            for (row, out) in groups.remainder().chunks_exact(length).zip(sums.into_remainder()) {
                *out = row.iter().fold(0.0, |sum, value| sum + prepare(*value));
            }
        },
    );
}

fn identity_i64(fold: Fold) -> i64 {
    match fold {
        Fold::Product => 1,
        Fold::Minimum => i64::MAX,
        Fold::Maximum => i64::MIN,
        _ => 0,
    }
}

/// `All`, `Any`; also the smallest or largest truth value.
pub(crate) fn all_or_any(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::Bool])?;
    let input = context.input(0)?;
    let (reduced, keep) = reduced_axes(context)?;
    let output = TensorType::new(ElementType::Bool, reduced_shape(input.shape(), &reduced, keep));
    truth(output, passes(input.shape(), &reduced), context.operator() == "All")
}

fn truth(output: TensorType, passes: Vec<Pass>, all: bool) -> Result<Built, ModelError> {
    Ok(Computation::one(output, move |inputs, outputs, _| {
        let mut values = inputs[0].bool().to_vec();
        let mut len = values.len();
        for pass in &passes {
            len = fold_in_place(&mut values, *pass, all, |a, b| if all { a & b } else { a | b });
        }
        for (out, value) in outputs[0].bool_mut().iter_mut().zip(&values[..len]) {
            *out = *value;
        }
        Ok(())
    }))
}

/// One pass; the result lies at the front of the same buffer. Returns its length.
#[inline(always)]
fn fold_in_place<T: Copy>(
    values: &mut Vec<T>,
    [outer, length, inner]: Pass,
    identity: T,
    fold: impl Fn(T, T) -> T,
) -> usize {
    let len = outer * inner;
    if values.len() < len {
        values.resize(len, identity);
    }
    if length == 0 {
        values[..len].fill(identity);
        return len;
    }
    for at in 0..outer {
        let start = at * length * inner;
        // The target lies at or before what is read next, so nothing unread is written over.
        values.copy_within(start..start + inner, at * inner);
        for step in 1..length {
            for index in 0..inner {
                let value = values[start + step * inner + index];
                let target = &mut values[at * inner + index];
                *target = fold(*target, value);
            }
        }
    }
    len
}

fn fold_f32(values: &mut Vec<f32>, pass: Pass, fold: Fold) -> usize {
    let [outer, length, inner] = pass;
    vectorised(
        #[inline(always)]
        || match fold {
            // The numbers of each sum lie in one piece: summed in lanes.
            Fold::Sum if inner == 1 && length > 0 => {
                for at in 0..outer {
                    values[at] = sum(&values[at * length..(at + 1) * length]);
                }
                outer
            }
            Fold::Sum => fold_in_place(values, pass, 0.0, |a, b| a + b),
            Fold::Product => fold_in_place(values, pass, 1.0, |a, b| a * b),
            Fold::Minimum => {
                fold_in_place(values, pass, f32::INFINITY, |a, b| if b < a || b.is_nan() { b } else { a })
            }
            Fold::Maximum => {
                fold_in_place(values, pass, f32::NEG_INFINITY, |a, b| if b > a || b.is_nan() { b } else { a })
            }
            Fold::LogSumExp => fold_in_place(values, pass, f32::NEG_INFINITY, |a, b| {
                log_add(a, b, math::exp, libm::log1pf, f32::NEG_INFINITY)
            }),
        },
    )
}

fn fold_f64(values: &mut Vec<f64>, pass: Pass, fold: Fold) -> usize {
    match fold {
        Fold::Sum => fold_in_place(values, pass, 0.0, |a, b| a + b),
        Fold::Product => fold_in_place(values, pass, 1.0, |a, b| a * b),
        Fold::Minimum => {
            fold_in_place(values, pass, f64::INFINITY, |a, b| if b < a || b.is_nan() { b } else { a })
        }
        Fold::Maximum => {
            fold_in_place(values, pass, f64::NEG_INFINITY, |a, b| if b > a || b.is_nan() { b } else { a })
        }
        Fold::LogSumExp => fold_in_place(values, pass, f64::NEG_INFINITY, |a, b| {
            log_add(a, b, libm::exp, libm::log1p, f64::NEG_INFINITY)
        }),
    }
}

/// log(e^a + e^b) without overflow.
fn log_add<T>(a: T, b: T, exp: impl Fn(T) -> T, log1p: impl Fn(T) -> T, none: T) -> T
where
    T: Copy + PartialOrd + std::ops::Add<Output = T> + std::ops::Sub<Output = T>,
{
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low == none || low == high && high == none { high } else { high + log1p(exp(low - high)) }
}

/// `ArgMax`, `ArgMin`. NaN is never the largest or smallest unless it comes first.
pub(crate) fn arg(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let storage = context.storage(0, &[Storage::F32, Storage::F64, Storage::I64])?;
    let attributes = context.attributes();
    let tensorflow = context.node.domain == Domain::TensorFlow;
    let (stated, keep, element) = if tensorflow {
        let dimension = match context.optional(1) {
            Some(_) => context.integers(1, "the dimension of ArgMax")?.first().copied().unwrap_or(0),
            None => 0,
        };
        (dimension, false, attributes.element("output_type")?.unwrap_or(ElementType::I64))
    } else {
        (attributes.integer_or("axis", 0)?, attributes.flag_or("keepdims", true)?, ElementType::I64)
    };
    let at = axis(stated, input.rank())?;
    let last = attributes.flag_or("select_last_index", false)?;
    let largest = context.operator() == "ArgMax";
    let pass = {
        let (outer, length, inner) = around(input.shape(), at, at + 1);
        [outer, length, inner]
    };
    let output = TensorType::new(element, reduced_shape(input.shape(), &[at], keep));
    Ok(Computation::one(output, move |inputs, outputs, _| {
        let out = outputs[0].i64_mut();
        match storage {
            Storage::F32 => best(inputs[0].f32(), pass, largest, last, out),
            Storage::F64 => best(inputs[0].f64(), pass, largest, last, out),
            _ => best(inputs[0].i64(), pass, largest, last, out),
        }
        Ok(())
    }))
}

fn best<T: Copy + PartialOrd>(
    input: &[T],
    [outer, length, inner]: Pass,
    largest: bool,
    last: bool,
    out: &mut [i64],
) {
    if inner == 1 && length > 0 {
        let rows = input.chunks_exact(length).zip(out.iter_mut());
        match (largest, last) {
            (true, false) => rows.for_each(|(row, out)| *out = best_of(row, |value, best| value > best)),
            (true, true) => rows.for_each(|(row, out)| *out = best_of(row, |value, best| value >= best)),
            (false, false) => rows.for_each(|(row, out)| *out = best_of(row, |value, best| value < best)),
            (false, true) => rows.for_each(|(row, out)| *out = best_of(row, |value, best| value <= best)),
        }
        return;
    }
    for (at, out) in out.iter_mut().enumerate().take(outer * inner) {
        let start = at / inner * length * inner + at % inner;
        let mut found = 0;
        for step in 1..length {
            let (value, so_far) = (input[start + step * inner], input[start + found * inner]);
            let better = if largest { value > so_far } else { value < so_far };
            if better || (last && value == so_far) {
                found = step;
            }
        }
        *out = found as i64;
    }
}

/// The place of the best number of a row, told without a branch.
#[inline(always)]
fn best_of<T: Copy>(row: &[T], is_better: impl Fn(T, T) -> bool) -> i64 {
    let (mut found, mut best) = (0, row[0]);
    for (at, value) in row.iter().enumerate().skip(1) {
        let better = is_better(*value, best);
        found = if better { at as i64 } else { found };
        best = if better { *value } else { best };
    }
    found
}

/// `TopK`: the largest (or smallest) few of a dimension, and where they are. Of equals, the first goes first.
pub(crate) fn top_k(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let storage = context.storage(0, &[Storage::F32, Storage::F64, Storage::I64])?;
    let attributes = context.attributes();
    let k = match context.optional(1) {
        Some(_) => context.integers(1, "the number of elements of TopK")?.first().copied().unwrap_or(0),
        None => attributes.integer_or("k", 0)?,
    };
    let k = length(k, "the number of elements of TopK")?;
    let at = axis(attributes.integer_or("axis", -1)?, input.rank())?;
    let (outer, total, inner) = around(input.shape(), at, at + 1);
    if k > total {
        return Err(invalid(format!("the largest {k} of {total} elements")));
    }
    let largest = attributes.flag_or("largest", true)?;
    let mut shape = input.shape().to_vec();
    shape[at] = k;
    let indices = match context.node.domain {
        Domain::TensorFlow => attributes.element("index_type")?.unwrap_or(ElementType::I32),
        _ => ElementType::I64,
    };
    let outputs = vec![TensorType::new(input.element(), shape.clone()), TensorType::new(indices, shape)];
    Ok(Computation::many(outputs, move |inputs, outputs, _| {
        let mut order: Vec<usize> = Vec::with_capacity(total);
        let [values, indices] = outputs else { return Ok(()) };
        macro_rules! pick {
            ($get:ident, $get_mut:ident) => {{
                let (input, values) = (inputs[0].$get(), values.$get_mut());
                for lane in 0..outer * inner {
                    let (outer, lane) = (lane / inner, lane % inner);
                    let start = outer * total * inner + lane;
                    order.clear();
                    order.extend(0..total);
                    order.sort_by(|a, b| rank(&input[start + a * inner], &input[start + b * inner], largest));
                    for (rank, index) in order.iter().take(k).enumerate() {
                        let to = (outer * k + rank) * inner + lane;
                        values[to] = input[start + index * inner];
                        indices.i64_mut()[to] = *index as i64;
                    }
                }
            }};
        }
        match storage {
            Storage::F32 => pick!(f32, f32_mut),
            Storage::F64 => pick!(f64, f64_mut),
            _ => pick!(i64, i64_mut),
        }
        Ok(())
    }))
}

/// Which of two elements comes first among the largest or the smallest; NaN comes last, so that the order is total.
fn rank<T: PartialOrd>(a: &T, b: &T, largest: bool) -> Ordering {
    match a.partial_cmp(b) {
        Some(ascending) if largest => ascending.reverse(),
        Some(ascending) => ascending,
        None => {
            let is_nan = |value: &T| value.partial_cmp(value).is_none();
            is_nan(a).cmp(&is_nan(b))
        }
    }
}

/// `CumSum`, `Cumsum`, `Cumprod`.
pub(crate) fn running(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    context.storage(0, &[Storage::F32, Storage::F64, Storage::I64])?;
    let element = input.element();
    let stated = context.integers(1, "the dimension of CumSum")?.first().copied().unwrap_or(0);
    let at = axis(stated, input.rank())?;
    let exclusive = context.attributes().flag_or("exclusive", false)?;
    let reverse = context.attributes().flag_or("reverse", false)?;
    let product = matches!(context.operator(), "Cumprod" | "CumProd");
    let (outer, total, inner) = around(input.shape(), at, at + 1);
    Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
        macro_rules! run {
            ($input:expr, $out:expr, $zero:expr, $one:expr, $add:expr, $mul:expr) => {
                for lane in 0..outer * inner {
                    let start = lane / inner * total * inner + lane % inner;
                    let mut so_far = if product { $one } else { $zero };
                    for step in 0..total {
                        let at = start + if reverse { total - 1 - step } else { step } * inner;
                        let value = $input[at];
                        let next = if product { $mul(so_far, value) } else { $add(so_far, value) };
                        $out[at] = if exclusive { so_far } else { next };
                        so_far = next;
                    }
                }
            };
        }
        match (inputs[0], &mut outputs[0]) {
            (Data::F32(input), Data::F32(out)) => {
                run!(input, out, 0.0f32, 1.0, |a, b| a + b, |a: f32, b| a * b)
            }
            (Data::F64(input), Data::F64(out)) => {
                run!(input, out, 0.0f64, 1.0, |a, b| a + b, |a: f64, b| a * b)
            }
            (Data::I64(input), Data::I64(out)) => {
                run!(input, out, 0i64, 1i64, |a: i64, b| element.wrap(a.wrapping_add(b)), |a: i64, b| element
                    .wrap(a.wrapping_mul(b)))
            }
            _ => {}
        }
        Ok(())
    }))
}

/// `Mean` of ONNX: the mean of several tensors.
pub(crate) fn mean_of_inputs(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let node = crate::graph::Node { operator: "Sum".into(), ..context.node.clone() };
    let built = crate::operators::binary::build_sum(&NodeContext { node: &node, inputs: context.inputs })?;
    let count = context.inputs.len();
    let Built::Compute(Computation { outputs, kernel, .. }) = built else { return Ok(built) };
    let kernel: crate::operators::Kernel = Box::new(move |inputs, outputs, memory| {
        kernel(inputs, outputs, memory)?;
        outputs[0].f32_mut().iter_mut().for_each(|value| *value /= count as f32);
        outputs[0].f64_mut().iter_mut().for_each(|value| *value /= count as f64);
        Ok(())
    });
    Ok(Built::Compute(Computation { outputs, kernel, row_form: None, fusion: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_neither_among_the_largest_nor_the_smallest() {
        for largest in [true, false] {
            let mut numbers: Vec<f32> = (0..100).map(|at| (at * 37 % 101) as f32).collect();
            numbers.iter_mut().step_by(3).for_each(|number| *number = f32::NAN);
            numbers.sort_by(|a, b| rank(a, b, largest));
            let (told, rest) = numbers.split_at(66);
            assert!(told.windows(2).all(|pair| if largest { pair[0] > pair[1] } else { pair[0] < pair[1] }));
            assert!(rest.iter().all(|number| number.is_nan()));
        }
    }

    #[test]
    fn stretches_are_reduced_from_the_back() {
        assert_eq!(passes(&[2, 3, 4, 5], &[1, 2]), [[2, 12, 5]]);
        assert_eq!(passes(&[2, 3, 4, 5], &[0, 3]), [[24, 5, 1], [1, 2, 12]]);
        assert_eq!(passes(&[2, 3], &[]), [] as [Pass; 0]);
        let mut values: Vec<f32> = (0..24).map(|v| v as f32).collect();
        let mut len = 0;
        for pass in passes(&[2, 3, 4], &[0, 2]) {
            len = fold_f32(&mut values, pass, Fold::Sum);
        }
        assert_eq!(&values[..len], [60.0, 92.0, 124.0]);
    }

    #[test]
    fn short_rows_have_the_bits_of_the_sum_in_lanes() {
        let mut state = 1u32;
        let numbers: Vec<f32> = (0..16 * 21)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if state & 7 == 0 { -0.0 } else { (state >> 8) as f32 / 8_388_608.0 - 1.0 }
            })
            .collect();
        // Where nothing is done to them first, the sum of zeros below zero is to be told from one above.
        for (numbers, prepare) in [
            (&numbers, (|value| value * value - 0.5) as fn(f32) -> f32),
            (&numbers, |value| value),
            (&vec![-0.0; 16 * 21], |value| value),
        ] {
            for length in 1..=16 {
                for rows in [1, 7, 8, 21] {
                    let mut out = vec![f32::NAN; rows];
                    short_sums(&numbers[..rows * length], length, &mut out, prepare);
                    for (row, found) in numbers.chunks_exact(length).zip(&out) {
                        let row: Vec<f32> = row.iter().map(|value| prepare(*value)).collect();
                        assert_eq!(found.to_bits(), sum(&row).to_bits(), "{length} {rows}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_best_of_rows_is_that_of_columns() {
        let numbers = [3.0_f32, 1.0, 3.0, f32::NAN, 2.0, 1.0, 1.0, f32::NAN, 5.0];
        for largest in [true, false] {
            for last in [true, false] {
                let (mut rows, mut columns) = ([0; 3], [0; 3]);
                best(&numbers, [3, 3, 1], largest, last, &mut rows);
                let turned: Vec<f32> = (0..9).map(|at| numbers[at % 3 * 3 + at / 3]).collect();
                best(&turned, [1, 3, 3], largest, last, &mut columns);
                assert_eq!(rows, columns, "{largest} {last}");
            }
        }
    }

    #[test]
    fn log_sum_exp_of_nothing_is_minus_infinity() {
        let mut values = vec![];
        assert_eq!(fold_f32(&mut values, [1, 0, 1], Fold::LogSumExp), 1);
        assert_eq!(values[0], f32::NEG_INFINITY);
    }
}
