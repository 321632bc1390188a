//! A tensor more than once.

use scorewheel_model::ModelError;

use super::copied::strided;
use crate::error::invalid;
use crate::operators::broadcast::{broadcast_shape, strides_in};
use crate::operators::context::{check_shape, length};
use crate::operators::strided::{StridedCopy, row_major};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// `Expand`, `BroadcastTo`.
pub(crate) fn expand(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let stated = context.integers(1, "the shape of Expand")?;
    let stated = stated.iter().map(|value| length(*value, "a dimension")).collect::<Result<Vec<_>, _>>()?;
    let shape = broadcast_shape(input.shape(), &stated)?;
    let strides: Vec<isize> = strides_in(input.shape(), &shape).into_iter().map(|s| s as isize).collect();
    strided(context, shape, &strides, 0)
}

/// `Tile`: the input several times along every dimension.
pub(crate) fn tile(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let times = context.integers(1, "the repeats of Tile")?;
    let times = times.iter().map(|value| length(*value, "a repeat")).collect::<Result<Vec<_>, _>>()?;
    if times.len() != input.rank() {
        return Err(invalid("Tile with another number of repeats than dimensions"));
    }
    // Every dimension becomes two: how often, and the dimension itself.
    let strides = row_major(input.shape());
    let (mut walked, mut walked_strides, mut shape) = (Vec::new(), Vec::new(), Vec::new());
    for ((times, length), stride) in times.iter().zip(input.shape()).zip(&strides) {
        walked.extend([*times, *length]);
        walked_strides.extend([0, *stride]);
        shape.push(times.saturating_mul(*length));
    }
    check_shape(&shape)?;
    let copy = StridedCopy::new(&walked, &walked_strides, 0);
    Ok(Computation::one(TensorType::new(input.element(), shape), move |inputs, outputs, _| {
        copy.run(inputs[0], &mut outputs[0]);
        Ok(())
    }))
}
