//! Elements in reverse.

use scorewheel_model::ModelError;

use super::copied::strided;
use crate::error::invalid;
use crate::graph::Domain;
use crate::operators::context::{axes, axis};
use crate::operators::strided::{row_major, same_kind};
use crate::operators::{Built, Computation, NodeContext};

/// `Reverse`, `ReverseV2`.
pub(crate) fn reverse(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let reversed = axes(&context.integers(1, "the dimensions of Reverse")?, input.rank())?;
    if input.tensor_type.is_empty() {
        return Ok(Built::View(input.tensor_type.clone()));
    }
    let mut strides = row_major(input.shape());
    let mut offset = 0;
    for index in reversed {
        offset += strides[index] as usize * (input.shape()[index] - 1);
        strides[index] = -strides[index];
    }
    strided(context, input.shape().to_vec(), &strides, offset)
}

/// `ReverseSequence`: the first elements of each sequence in reverse.
pub(crate) fn reverse_sequence(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    context.storage(1, &[crate::element::Storage::I64])?;
    let attributes = context.attributes();
    let (batch_name, time_name, time_default) = match context.node.domain {
        Domain::TensorFlow => ("batch_dim", "seq_dim", 0),
        _ => ("batch_axis", "time_axis", 0),
    };
    let batch_default = i64::from(context.node.domain != Domain::TensorFlow);
    let batch = axis(attributes.integer_or(batch_name, batch_default)?, input.rank())?;
    let time = axis(attributes.integer_or(time_name, time_default)?, input.rank())?;
    let (sequences, steps) = (input.shape()[batch], input.shape()[time]);
    if batch == time || context.input(1)?.shape() != [sequences] {
        return Err(invalid("lengths of sequences that do not fit the input"));
    }
    let shape = input.shape().to_vec();
    let strides: Vec<usize> = row_major(&shape).into_iter().map(|stride| stride as usize).collect();
    Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
        let lengths = inputs[1].i64();
        if lengths.iter().any(|length| *length < 0 || *length as usize > steps) {
            return Err(scorewheel_columns::ErrorCode::BadArgument);
        }
        same_kind!(inputs[0], &mut outputs[0], |from, to| {
            for (at, to) in to.iter_mut().enumerate() {
                let sequence = at / strides[batch] % sequences;
                let step = at / strides[time] % steps;
                let length = lengths[sequence] as usize;
                let source = if step < length { length - 1 - step } else { step };
                *to = from[at + source * strides[time] - step * strides[time]].clone();
            }
        });
        Ok(())
    }))
}
