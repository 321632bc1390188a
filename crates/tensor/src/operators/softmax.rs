//! Softmax and its kin.

use scorewheel_model::ModelError;
use scorewheel_trees::vectorised;

use crate::element::Storage;
use crate::graph::Domain;
use crate::math;
use crate::operators::context::axis;
use crate::operators::{Built, Computation, NodeContext, RowForm};
use crate::tensor::element_count;

/// A shape seen from one stretch of dimensions: how many there are before, within and after it.
pub(crate) fn around(shape: &[usize], first: usize, last: usize) -> (usize, usize, usize) {
    (element_count(&shape[..first]), element_count(&shape[first..last]), element_count(&shape[last..]))
}

/// `Softmax`, `LogSoftmax`, `Hardmax`.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let storage = context.storage(0, &[Storage::F32, Storage::F64])?;
    let rank = input.rank();
    // Before version 13 everything from the axis on is one dimension.
    let flat = context.node.domain == Domain::Onnx && context.version() < 13;
    let axis = match context.attributes().integer("axis")? {
        Some(value) => axis(value, rank)?,
        None if flat => 1.min(rank),
        None => rank.saturating_sub(1),
    };
    let last = if flat { rank } else { (axis + 1).min(rank) };
    let (outer, length, inner) = around(input.shape(), axis.min(rank), last);
    let logarithm = context.operator() == "LogSoftmax";
    if context.operator() == "Hardmax" {
        return Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
            match storage {
                Storage::F32 => hardmax(inputs[0].f32(), outputs[0].f32_mut(), outer, length, inner, 1.0),
                _ => hardmax(inputs[0].f64(), outputs[0].f64_mut(), outer, length, inner, 1.0),
            }
            Ok(())
        }));
    }
    let row_form =
        (storage == Storage::F32 && rank == 2 && axis == 1).then_some(RowForm::Softmax { logarithm });
    Ok(Built::Compute(Computation {
        outputs: vec![input.tensor_type.clone()],
        kernel: Box::new(move |inputs, outputs, _| {
            match storage {
                Storage::F32 if inner == 1 => {
                    let (input, out) = (inputs[0].f32(), outputs[0].f32_mut());
                    if (1..=SHORT).contains(&length) && !logarithm {
                        softmax_short_rows(input, out, length);
                    } else if length > 0 {
                        for (input, out) in input.chunks_exact(length).zip(out.chunks_exact_mut(length)) {
                            softmax_row(input, out, logarithm);
                        }
                    }
                }
                Storage::F32 => {
                    let (input, out) = (inputs[0].f32(), outputs[0].f32_mut());
                    softmax_strided(input, out, [outer, length, inner], logarithm, math::exp, libm::logf);
                }
                _ => {
                    let (input, out) = (inputs[0].f64(), outputs[0].f64_mut());
                    softmax_strided(input, out, [outer, length, inner], logarithm, libm::exp, libm::log);
                }
            }
            Ok(())
        }),
        row_form,
        fusion: None,
    }))
}

/// The largest element; NaN if there is one at the front.
#[inline(always)]
fn largest(row: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; 16];
    let (chunks, rest) = row.as_chunks::<16>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = if *x > *lane { *x } else { *lane };
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane = if *x > *lane { *x } else { *lane };
    }
    lanes.iter().fold(f32::NEG_INFINITY, |a, b| if *b > a { *b } else { a })
}

/// The sum of a slice: sixteen interleaved sums, then those in order. The same bits for the same slice, always.
#[inline(always)]
pub(crate) fn sum(row: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 16];
    let (chunks, rest) = row.as_chunks::<16>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += x;
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane += x;
    }
    lanes.iter().fold(0.0, |a, b| a + b)
}

/// Rows that are no longer than a vector.
const SHORT: usize = 16;

/// [`softmax_row`] of short rows, with the same bits: the exponentials of all rows go side by side.
fn softmax_short_rows(input: &[f32], out: &mut [f32], length: usize) {
    vectorised(
        #[inline(always)]
        || {
            for (input, out) in input.chunks_exact(length).zip(out.chunks_exact_mut(length)) {
                let largest = input.iter().fold(f32::NEG_INFINITY, |a, x| if *x > a { *x } else { a });
                for (out, x) in out.iter_mut().zip(input) {
                    *out = *x - largest;
                }
            }
            out.iter_mut().for_each(|x| *x = math::exp(*x));
            for out in out.chunks_exact_mut(length) {
                let total = out.iter().fold(0.0, |sum, x| sum + x);
                out.iter_mut().for_each(|x| *x /= total);
            }
        },
    );
}

/// Softmax of one row that lies in one piece.
pub(crate) fn softmax_row(input: &[f32], out: &mut [f32], logarithm: bool) {
    vectorised(
        #[inline(always)]
        || {
            let largest = largest(input);
            // All minus infinity: shifting by it would make every element NaN, as the definition does.
            for (out, x) in out.iter_mut().zip(input) {
                *out = math::exp(*x - largest);
            }
            let total = sum(out);
            if logarithm {
                let shift = libm::logf(total);
                for (out, x) in out.iter_mut().zip(input) {
                    *out = *x - largest - shift;
                }
            } else {
                for out in out.iter_mut() {
                    *out /= total;
                }
            }
        },
    );
}

fn softmax_strided<T>(
    input: &[T],
    out: &mut [T],
    [outer, length, inner]: [usize; 3],
    logarithm: bool,
    exp: impl Fn(T) -> T,
    log: impl Fn(T) -> T,
) where
    T: crate::gemm::Number + PartialOrd + std::ops::Sub<Output = T> + std::ops::Div<Output = T>,
{
    for start in (0..outer).flat_map(|o| (0..inner).map(move |i| o * length * inner + i)) {
        let at = |index: usize| start + index * inner;
        if length == 0 {
            continue;
        }
        let largest = (1..length).fold(input[start], |a, i| if input[at(i)] > a { input[at(i)] } else { a });
        let mut total = T::default();
        for i in 0..length {
            let value = exp(input[at(i)] - largest);
            out[at(i)] = value;
            total = total + value;
        }
        if logarithm {
            let shift = log(total);
            (0..length).for_each(|i| out[at(i)] = input[at(i)] - largest - shift);
        } else {
            (0..length).for_each(|i| out[at(i)] = out[at(i)] / total);
        }
    }
}

fn hardmax<T: crate::gemm::Number + PartialOrd>(
    input: &[T],
    out: &mut [T],
    outer: usize,
    length: usize,
    inner: usize,
    one: T,
) {
    out.fill(T::default());
    for start in (0..outer).flat_map(|o| (0..inner).map(move |i| o * length * inner + i)) {
        let best = (0..length)
            .fold(0, |best, i| if input[start + i * inner] > input[start + best * inner] { i } else { best });
        if length > 0 {
            out[start + best * inner] = one;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_rows_have_the_bits_of_any_row() {
        for length in 1..=SHORT {
            let rows: Vec<f32> = (0..length * 5).map(|at| ((at * 37 % 23) as f32 - 11.0) * 0.7).collect();
            let (mut together, mut alone) = (vec![0.0; rows.len()], vec![0.0; rows.len()]);
            softmax_short_rows(&rows, &mut together, length);
            for (row, out) in rows.chunks_exact(length).zip(alone.chunks_exact_mut(length)) {
                softmax_row(row, out, false);
            }
            let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&together), bits(&alone), "{length}");
        }
    }
}
