//! Putting columns together and picking them.

use scorewheel_columns::ErrorCode;
use scorewheel_model::ModelError;

use crate::element::ElementType;
use crate::error::invalid;
use crate::operators::context::length;
use crate::operators::ml::{rows_and_columns, widen};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::{TensorType, element_count};

/// `FeatureVectorizer`: the columns of all inputs side by side.
pub(crate) fn vectorizer(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let stated = context.attributes().integers("inputdimensions")?.unwrap_or_default();
    let mut parts = Vec::new();
    let mut rows = None;
    for index in 0..context.inputs.len() {
        let input = context.input(index)?;
        if input.element() == ElementType::Text {
            return Err(context.no_kernel(ElementType::Text));
        }
        let (height, columns) = rows_and_columns(input.shape());
        if rows.is_some_and(|rows| rows != height) {
            return Err(invalid("inputs with different numbers of rows"));
        }
        rows = Some(height);
        // Shorter inputs are filled up with zeros, longer ones cut.
        let width = match stated.get(index) {
            Some(width) => length(*width, "inputdimensions")?,
            None => columns,
        };
        parts.push((columns, width));
    }
    let rows = rows.ok_or_else(|| invalid("no inputs"))?;
    let total: usize = parts.iter().map(|(_, width)| width).sum();
    let output = TensorType::new(ElementType::F32, [rows, total]);
    Ok(Computation::one(output, move |inputs, outputs, workspace| {
        let out = outputs[0].f32_mut();
        out.fill(0.0);
        let mut start = 0;
        for (input, (columns, width)) in inputs.iter().zip(&parts) {
            let elements = &mut workspace.f64.elements;
            widen(input, elements);
            for (row, values) in elements.chunks_exact((*columns).max(1)).enumerate() {
                for (at, value) in values.iter().take(*width).enumerate() {
                    out[row * total + start + at] = *value as f32;
                }
            }
            start += width;
        }
        Ok(())
    }))
}

/// `ArrayFeatureExtractor`: columns by index.
pub(crate) fn extractor(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let (input, indices) = (context.input(0)?, context.input(1)?);
    context.storage(1, &[crate::element::Storage::I64])?;
    let columns = input.shape().last().copied().unwrap_or(1);
    let picked = indices.tensor_type.len();
    let mut shape = match input.shape() {
        [] | [_] => vec![1],
        [outer @ .., _] => outer.to_vec(),
    };
    let rows = element_count(&shape);
    shape.push(picked);
    Ok(Computation::one(TensorType::new(input.element(), shape), move |inputs, outputs, _| {
        for row in 0..rows {
            for (at, index) in inputs[1].i64().iter().enumerate() {
                let index = usize::try_from(*index).ok().filter(|index| *index < columns);
                let index = index.ok_or(ErrorCode::BadArgument)?;
                outputs[0].copy_range(row * picked + at, inputs[0], row * columns + index, 1);
            }
        }
        Ok(())
    }))
}
