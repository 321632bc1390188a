//! Numbers to the numbers of intervals.

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::error::invalid;
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// `Bucketize`: how many of the ascending boundaries are not above each number.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::F32, Storage::F64, Storage::I64])?;
    let boundaries = context.attributes().floats("boundaries")?.unwrap_or_default().to_vec();
    if !boundaries.is_sorted() {
        return Err(invalid("boundaries that do not ascend"));
    }
    // TensorFlow compares in the precision of the input.
    let exact: Vec<f64> = boundaries.iter().map(|boundary| f64::from(*boundary)).collect();
    let place = move |value: f64| match value.is_nan() {
        true => exact.len() as i64,
        false => exact.partition_point(|boundary| *boundary <= value) as i64,
    };
    let output = TensorType::new(ElementType::I32, context.input(0)?.shape());
    Ok(Computation::one(output, move |inputs, outputs, _| {
        let out = outputs[0].i64_mut().iter_mut();
        match inputs[0] {
            Data::F32(values) => {
                out.zip(values).for_each(|(out, value)| *out = place(f64::from(*value)));
            }
            Data::I64(values) => out.zip(values).for_each(|(out, value)| *out = place(*value as f64)),
            values => out.zip(values.f64()).for_each(|(out, value)| *out = place(*value)),
        }
        Ok(())
    }))
}
