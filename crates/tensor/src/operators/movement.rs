//! Reshaping and moving elements.

use scorewheel_model::ModelError;

use crate::error::invalid;
use crate::graph::Domain;
use crate::operators::context::{axis, length};
use crate::operators::{Built, NodeContext};
use crate::tensor::{TensorType, element_count};

/// `Identity` and what is one while scoring.
pub(crate) fn identity(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    Ok(Built::View(context.input(0)?.tensor_type.clone()))
}

fn view(context: &NodeContext<'_>, shape: Vec<usize>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    if element_count(&shape) != input.tensor_type.len() {
        return Err(invalid(format!("{:?} cannot be reshaped to {shape:?}", input.shape())));
    }
    Ok(Built::View(TensorType::new(input.element(), shape)))
}

/// `Reshape`.
pub(crate) fn reshape(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let stated =
        context.integers_or_attribute(1, "shape")?.ok_or_else(|| invalid("Reshape without a shape"))?;
    let zero_copies =
        context.node.domain != Domain::TensorFlow && !context.attributes().flag_or("allowzero", false)?;
    let mut shape = Vec::with_capacity(stated.len());
    let mut open = None;
    for (index, value) in stated.iter().enumerate() {
        shape.push(match *value {
            -1 if open.is_none() => {
                open = Some(index);
                1
            }
            0 if zero_copies => *input
                .shape()
                .get(index)
                .ok_or_else(|| invalid(format!("shape {stated:?} copies a dimension that is not there")))?,
            value => length(value, "a dimension of Reshape")?,
        });
    }
    if let Some(index) = open {
        let known = element_count(&shape);
        let total = input.tensor_type.len();
        if known == 0 || total % known != 0 {
            return Err(invalid(format!("{:?} cannot be reshaped to {stated:?}", input.shape())));
        }
        shape[index] = total / known;
    }
    view(context, shape)
}

/// `Flatten`.
pub(crate) fn flatten(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let stated = context.attributes().integer_or("axis", 1)?;
    let at = if stated == input.rank() as i64 { input.rank() } else { axis(stated, input.rank())? };
    let (rows, columns) = input.shape().split_at(at);
    view(context, vec![element_count(rows), element_count(columns)])
}

/// `Squeeze`; TensorFlow's names the dimensions in `squeeze_dims`.
pub(crate) fn squeeze(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let stated = match context.integers_or_attribute(1, "axes")? {
        Some(axes) => axes,
        None => context.attributes().integers("squeeze_dims")?.unwrap_or_default().to_vec(),
    };
    let dropped = crate::operators::context::axes(&stated, input.rank())?;
    let mut shape = Vec::new();
    for (index, dimension) in input.shape().iter().enumerate() {
        let drop = if stated.is_empty() { *dimension == 1 } else { dropped.contains(&index) };
        if drop && *dimension != 1 {
            return Err(invalid(format!("dimension {index} of {:?} is not 1", input.shape())));
        }
        if !drop {
            shape.push(*dimension);
        }
    }
    view(context, shape)
}

/// `Unsqueeze`, `ExpandDims`.
pub(crate) fn unsqueeze(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let stated =
        context.integers_or_attribute(1, "axes")?.ok_or_else(|| invalid("Unsqueeze without dimensions"))?;
    let rank = input.rank() + stated.len();
    let added = crate::operators::context::axes(&stated, rank)?;
    if added.len() != stated.len() {
        return Err(invalid(format!("Unsqueeze names a dimension twice: {stated:?}")));
    }
    let mut dimensions = input.shape().iter();
    let shape = (0..rank)
        .map(|index| if added.contains(&index) { 1 } else { dimensions.next().copied().unwrap_or(1) })
        .collect();
    view(context, shape)
}
