//! How often each whole number occurs.

use scorewheel_columns::ErrorCode;
use scorewheel_model::ModelError;

use crate::data::Data;
use crate::element::Storage;
use crate::error::invalid;
use crate::operators::context::length;
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// Most numbers that are counted apart.
const COUNTED: i64 = 1 << 24;

/// `DenseBincount`, `Bincount`: of each row, or of all numbers, how often each from 0 to `size` occurs, or the sum of the
/// weights where it does. Larger numbers are left out; a negative one is an error of the record.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::I64])?;
    let numbers = context.input(0)?;
    let size = context.integers(1, "how many numbers are counted")?.first().copied();
    let size = size.filter(|size| (0..=COUNTED).contains(size));
    let size = length(size.ok_or_else(|| invalid("how many numbers are counted is no size"))?, "size")?;
    context.storage(2, &[Storage::I64, Storage::F32, Storage::F64])?;
    let weights = context.input(2)?;
    let element = weights.element();
    let presence = context.attributes().flag_or("binary_output", false)?;
    let weighted = !weights.tensor_type.is_empty();
    if weighted && weights.shape() != numbers.shape() {
        let shapes = format!("{:?} and {:?}", weights.shape(), numbers.shape());
        return Err(invalid(format!("weights and numbers of different shapes: {shapes}")));
    }
    if weighted && presence {
        return Err(invalid("weights where only presence is told"));
    }
    let (shape, width) = match (context.operator(), numbers.shape()) {
        ("Bincount", shape) => (vec![size], shape.iter().product()),
        (_, [count]) => (vec![size], *count),
        (_, [rows, width]) => (vec![*rows, size], *width),
        (_, shape) => {
            return Err(invalid(format!("numbers of shape {shape:?}; a vector or a matrix is counted")));
        }
    };
    Ok(Computation::one(TensorType::new(element, shape), move |inputs, outputs, _| {
        let numbers = inputs[0].i64();
        let rows = if width == 0 || size == 0 { 0 } else { numbers.len() / width };
        macro_rules! count {
            ($out:expr, $weights:expr, $one:expr) => {{
                let (out, weights) = ($out, $weights);
                out.fill($one - $one);
                for row in 0..rows {
                    for at in row * width..(row + 1) * width {
                        let number = usize::try_from(numbers[at]).map_err(|_| ErrorCode::BadArgument)?;
                        let Some(out) = out[row * size..(row + 1) * size].get_mut(number) else { continue };
                        *out = if presence { $one } else { *out + if weighted { weights[at] } else { $one } };
                    }
                }
            }};
        }
        match &mut outputs[0] {
            Data::I64(out) => {
                let weights = inputs[2].i64();
                out.fill(0);
                for row in 0..rows {
                    for at in row * width..(row + 1) * width {
                        let number = usize::try_from(numbers[at]).map_err(|_| ErrorCode::BadArgument)?;
                        let Some(out) = out[row * size..(row + 1) * size].get_mut(number) else { continue };
                        let more = out.wrapping_add(if weighted { weights[at] } else { 1 });
                        *out = if presence { 1 } else { element.wrap(more) };
                    }
                }
            }
            Data::F32(out) => count!(out, inputs[2].f32(), 1.0f32),
            Data::F64(out) => count!(out, inputs[2].f64(), 1.0f64),
            Data::Bool(_) | Data::Text(_) => {}
        }
        Ok(())
    }))
}
