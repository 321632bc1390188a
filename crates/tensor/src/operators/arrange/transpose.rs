//! Dimensions in another order.

use scorewheel_model::ModelError;

use super::copied::strided;
use crate::error::invalid;
use crate::operators::context::axis;
use crate::operators::strided::row_major;
use crate::operators::{Built, NodeContext};
use crate::tensor::TensorType;

/// `Transpose`; TensorFlow gives the permutation as an input.
pub(crate) fn transpose(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let rank = input.rank();
    let permutation = match context.integers_or_attribute(1, "perm")? {
        Some(permutation) => {
            permutation.iter().map(|index| axis(*index, rank)).collect::<Result<Vec<_>, _>>()?
        }
        None => (0..rank).rev().collect(),
    };
    let mut sorted = permutation.clone();
    sorted.sort_unstable();
    if sorted != (0..rank).collect::<Vec<_>>() {
        return Err(invalid(format!("{permutation:?} is no permutation of {rank} dimensions")));
    }
    let strides = row_major(input.shape());
    let shape: Vec<usize> = permutation.iter().map(|index| input.shape()[*index]).collect();
    let strides: Vec<isize> = permutation.iter().map(|index| strides[*index]).collect();
    // Where only dimensions of length 1 move, the elements stay where they are.
    let moved: Vec<usize> = permutation.iter().copied().filter(|index| input.shape()[*index] != 1).collect();
    if moved.is_sorted() {
        return Ok(Built::View(TensorType::new(input.element(), shape)));
    }
    strided(context, shape, &strides, 0)
}
