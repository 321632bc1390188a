//! Several tensors become one.

use scorewheel_model::ModelError;

use crate::error::invalid;
use crate::graph::Domain;
use crate::operators::context::axis;
use crate::operators::softmax::around;
use crate::operators::strided::same_kind;
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// `Concat`, `ConcatV2`; the dimension is an attribute or the last input (the first in TensorFlow's oldest version).
pub(crate) fn concat(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let count = context.inputs.len();
    let scalar = |index: usize| -> Result<i64, ModelError> {
        let values = context.integers(index, "the dimension of Concat")?;
        values.first().copied().ok_or_else(|| invalid("Concat without a dimension"))
    };
    let (parts, stated) = match (context.node.domain, context.operator()) {
        (Domain::TensorFlow, "Concat") => ((1..count), scalar(0)?),
        (Domain::TensorFlow, _) => ((0..count.saturating_sub(1)), scalar(count.saturating_sub(1))?),
        _ => ((0..count), context.attributes().integer_or("axis", 1)?),
    };
    let parts: Vec<usize> = parts.collect();
    join(context, &parts, stated, false)
}

/// `Pack`: joins along a new dimension.
pub(crate) fn pack(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let parts: Vec<usize> = (0..context.inputs.len()).collect();
    join(context, &parts, context.attributes().integer_or("axis", 0)?, true)
}

/// Joins inputs along a dimension, which is made for it if so said.
fn join(
    context: &NodeContext<'_>,
    parts: &[usize],
    stated: i64,
    new_dimension: bool,
) -> Result<Built, ModelError> {
    let Some(&first) = parts.first() else { return Err(invalid("nothing to join")) };
    let element = context.same_elements(parts)?;
    let mut shapes = Vec::new();
    for part in parts {
        shapes.push(context.input(*part)?.shape().to_vec());
    }
    let rank = context.input(first)?.rank() + usize::from(new_dimension);
    let axis = axis(stated, rank)?;
    if new_dimension {
        shapes.iter_mut().filter(|shape| shape.len() + 1 == rank).for_each(|shape| shape.insert(axis, 1));
    }
    let mut shape = shapes[0].clone();
    shape[axis] = 0;
    for other in &shapes {
        let fits =
            other.len() == rank && (0..rank).all(|index| index == axis || other[index] == shape[index]);
        if !fits {
            return Err(invalid(format!("shapes {:?} and {other:?} cannot be joined", shapes[0])));
        }
        shape[axis] += other[axis];
    }
    let (outer, _, inner) = around(&shape, axis, axis + 1);
    let sources: Vec<(usize, usize)> =
        parts.iter().zip(&shapes).map(|(part, shape)| (*part, shape[axis] * inner)).collect();
    let whole: usize = sources.iter().map(|(_, run)| run).sum();
    Ok(Computation::one(TensorType::new(element, shape), move |inputs, outputs, _| {
        let mut start = 0;
        for (part, run) in &sources {
            same_kind!(inputs[*part], &mut outputs[0], |from, to| {
                if *run > 0 {
                    copy_runs(&from[..outer * run], *run, &mut to[..outer * whole], whole, start);
                }
            });
            start += run;
        }
        Ok(())
    }))
}

/// Copies runs that lie one after another to one place in each stretch of `whole` elements.
fn copy_runs<T: Clone>(from: &[T], run: usize, to: &mut [T], whole: usize, start: usize) {
    match run {
        1 => copy_short_runs::<T, 1>(from, to, whole, start),
        2 => copy_short_runs::<T, 2>(from, to, whole, start),
        3 => copy_short_runs::<T, 3>(from, to, whole, start),
        4 => copy_short_runs::<T, 4>(from, to, whole, start),
        5 => copy_short_runs::<T, 5>(from, to, whole, start),
        6 => copy_short_runs::<T, 6>(from, to, whole, start),
        7 => copy_short_runs::<T, 7>(from, to, whole, start),
        8 => copy_short_runs::<T, 8>(from, to, whole, start),
        run => {
            for (from, to) in from.chunks_exact(run).zip(to.chunks_exact_mut(whole)) {
                to[start..start + run].clone_from_slice(from);
            }
        }
    }
}

/// The same for runs of a length that the compiler knows: calling something to copy them would cost more.
fn copy_short_runs<T: Clone, const RUN: usize>(from: &[T], to: &mut [T], whole: usize, start: usize) {
    for (from, to) in from.as_chunks::<RUN>().0.iter().zip(to.chunks_exact_mut(whole)) {
        to[start..start + RUN].clone_from_slice(from);
    }
}
