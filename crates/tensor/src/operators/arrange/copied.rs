//! Results that are copies of their input in another order.

use scorewheel_model::ModelError;

use crate::operators::context::check_shape;
use crate::operators::strided::StridedCopy;
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// A copy of the first input whose elements are found by these strides.
pub(super) fn strided(
    context: &NodeContext<'_>,
    shape: Vec<usize>,
    strides: &[isize],
    offset: usize,
) -> Result<Built, ModelError> {
    check_shape(&shape)?;
    let copy = StridedCopy::new(&shape, strides, offset);
    copied(context, shape, copy)
}

/// The first input, copied this way into a tensor of this shape.
pub(super) fn copied(
    context: &NodeContext<'_>,
    shape: Vec<usize>,
    copy: StridedCopy,
) -> Result<Built, ModelError> {
    let output = TensorType::new(context.input(0)?.element(), shape);
    Ok(Computation::one(output, move |inputs, outputs, _| {
        copy.run(inputs[0], &mut outputs[0]);
        Ok(())
    }))
}
