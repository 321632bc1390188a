//! One tensor becomes several.

use scorewheel_model::ModelError;

use crate::error::invalid;
use crate::graph::Domain;
use crate::operators::context::{axis, length};
use crate::operators::softmax::around;
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// `Split`, `SplitV`, `Unpack`: several outputs along a dimension.
pub(crate) fn split(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let attributes = context.attributes();
    let tensorflow = context.node.domain == Domain::TensorFlow;
    let source = usize::from(tensorflow && context.operator() == "Split");
    let input = context.input(source)?;
    let rank = input.rank();
    let scalar = |index: usize| -> Result<i64, ModelError> {
        let values = context.integers(index, "the dimension of Split")?;
        values.first().copied().ok_or_else(|| invalid("Split without a dimension"))
    };
    let stated_axis = match (tensorflow, context.operator()) {
        (true, "Split") => scalar(0)?,
        (true, "SplitV") => scalar(2)?,
        _ => attributes.integer_or("axis", 0)?,
    };
    let axis = axis(stated_axis, rank)?;
    let total = input.shape()[axis];
    let equal = |count: i64| -> Result<Vec<usize>, ModelError> {
        let count = length(count, "the number of parts")?;
        if count == 0 || count > 1 << 16 {
            return Err(invalid(format!("Split into {count} parts")));
        }
        // All of one length, the last one possibly shorter.
        let part = total.div_ceil(count);
        Ok((0..count).map(|index| part.min(total.saturating_sub(index * part))).collect())
    };
    let lengths: Vec<usize> = match (tensorflow, context.operator()) {
        (true, "Split") => equal(attributes.integer_or("num_split", 1)?)?,
        (_, "Unpack") => vec![1; total],
        _ => match context.integers_or_attribute(1, "split")? {
            Some(lengths) => {
                let known: i64 = lengths.iter().filter(|length| **length >= 0).sum();
                lengths
                    .iter()
                    .map(|part| length(if *part == -1 { total as i64 - known } else { *part }, "a part"))
                    .collect::<Result<_, _>>()?
            }
            None => {
                let count = context.node.outputs.len() as i64;
                equal(attributes.integer_or("num_outputs", count)?)?
            }
        },
    };
    if lengths.iter().sum::<usize>() != total || (lengths.is_empty() && total > 0) {
        return Err(invalid(format!("{total} elements cannot be split into {lengths:?}")));
    }
    let (outer, _, inner) = around(input.shape(), axis, axis + 1);
    let outputs = lengths
        .iter()
        .map(|part| {
            let mut shape = input.shape().to_vec();
            if context.operator() == "Unpack" {
                shape.remove(axis);
            } else {
                shape[axis] = *part;
            }
            TensorType::new(input.element(), shape)
        })
        .collect();
    Ok(Computation::many(outputs, move |inputs, outputs, _| {
        let mut at = 0;
        for index in 0..outer {
            for (output, part) in outputs.iter_mut().zip(&lengths) {
                let run = part * inner;
                output.copy_range(index * run, inputs[source], at, run);
                at += run;
            }
        }
        Ok(())
    }))
}
