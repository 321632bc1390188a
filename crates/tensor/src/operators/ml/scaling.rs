//! Numbers to numbers: scaling, normalising, filling in what is missing, thresholds.

use scorewheel_model::ModelError;
use scorewheel_trees::vectorised;

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::error::{invalid, unsupported};
use crate::operators::ml::{numeric_rows, rows_and_columns, widen};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// One number for all columns, or one a column.
fn per_column(name: &str, values: &[f32], columns: usize) -> Result<Vec<f32>, ModelError> {
    match values {
        [] => Err(invalid(format!("{name} is missing"))),
        [one] => Ok(vec![*one; columns]),
        values if values.len() == columns => Ok(values.to_vec()),
        values => Err(invalid(format!("{name} has {} numbers for {columns} columns", values.len()))),
    }
}

/// Fewest elements of one chunk of rows that goes through a loop.
const STRETCH: usize = 64;

/// A number a column, over and over for as many rows as make a long enough stretch: short rows go through a loop together.
fn stretched(columns: &[f32]) -> Vec<f32> {
    let rows = STRETCH.div_ceil(columns.len().max(1));
    columns.repeat(rows)
}

/// `Scaler`: less the offset, times the scale.
pub(crate) fn scaler(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let (_, columns) = numeric_rows(context)?;
    let attributes = context.attributes();
    let offset = per_column("offset", attributes.floats("offset")?.unwrap_or(&[0.0]), columns)?;
    let scale = per_column("scale", attributes.floats("scale")?.unwrap_or(&[1.0]), columns)?;
    let output = TensorType::new(ElementType::F32, input.shape());
    let (offsets, scales) = (stretched(&offset), stretched(&scale));
    Ok(Computation::one(output, move |inputs, outputs, workspace| {
        let out = outputs[0].f32_mut();
        let columns = columns.max(1);
        if let Data::F32(input) = inputs[0] {
            vectorised(
                #[inline(always)]
                || {
                    let stretch = offsets.len().max(1);
                    for (out, rows) in out.chunks_mut(stretch).zip(input.chunks(stretch)) {
                        let numbers = rows.iter().zip(&offsets).zip(&scales);
                        for (out, ((x, offset), scale)) in out.iter_mut().zip(numbers) {
                            *out = (x - offset) * scale;
                        }
                    }
                },
            );
        } else {
            widen(inputs[0], &mut workspace.f64.elements);
            let rows = workspace.f64.elements.chunks_exact(columns);
            for (out, row) in out.chunks_exact_mut(columns).zip(rows) {
                for (((out, x), offset), scale) in out.iter_mut().zip(row).zip(&offset).zip(&scale) {
                    *out = ((x - f64::from(*offset)) * f64::from(*scale)) as f32;
                }
            }
        }
        Ok(())
    }))
}

/// `Normalizer`: every row to length one.
pub(crate) fn normalizer(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    #[derive(Clone, Copy)]
    enum Norm {
        Largest,
        Sum,
        Euclidean,
    }
    let input = context.input(0)?;
    let (_, columns) = numeric_rows(context)?;
    let norm = match context.attributes().text("norm")?.map_or("MAX", |text| &**text) {
        "MAX" => Norm::Largest,
        "L1" => Norm::Sum,
        "L2" => Norm::Euclidean,
        other => return Err(unsupported(format!("norm {other:?}"))),
    };
    let output = TensorType::new(ElementType::F32, input.shape());
    Ok(Computation::one(output, move |inputs, outputs, workspace| {
        let buffers = &mut workspace.f64;
        widen(inputs[0], &mut buffers.elements);
        let elements = buffers.elements.as_slice();
        let lengths = &mut buffers.results;
        lengths.clear();
        lengths.resize(elements.len(), 1.0);
        let out = outputs[0].f32_mut();
        vectorised(
            #[inline(always)]
            || {
                let columns = columns.max(1);
                for (row, lengths) in elements.chunks_exact(columns).zip(lengths.chunks_exact_mut(columns)) {
                    let length = match norm {
                        Norm::Largest => row.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                        Norm::Sum => row.iter().map(|x| x.abs()).sum(),
                        Norm::Euclidean => row.iter().map(|x| x * x).sum::<f64>().sqrt(),
                    };
                    // A row of zeros has no direction and stays as it is.
                    lengths.fill(if length == 0.0 { 1.0 } else { length });
                }
                // Divisions take longest: those of all rows go side by side.
                for ((out, x), length) in out.iter_mut().zip(elements).zip(lengths.iter()) {
                    *out = (x / length) as f32;
                }
            },
        );
        Ok(())
    }))
}

/// `Imputer`: another value for the one that stands for a missing one.
pub(crate) fn imputer(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let storage = context.storage(0, &[Storage::F32, Storage::F64, Storage::I64])?;
    let (_, columns) = rows_and_columns(input.shape());
    let attributes = context.attributes();
    if storage == Storage::I64 {
        let imputed = attributes.integers("imputed_value_int64s")?.unwrap_or_default();
        let replaced = attributes.integer_or("replaced_value_int64", 0)?;
        let imputed = match imputed {
            [one] => vec![*one; columns],
            values if values.len() == columns => values.to_vec(),
            values => {
                return Err(invalid(format!("{} imputed values for {columns} columns", values.len())));
            }
        };
        return Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
            let values = inputs[0].i64().iter().zip(imputed.iter().cycle());
            for (out, (x, imputed)) in outputs[0].i64_mut().iter_mut().zip(values) {
                *out = if *x == replaced { *imputed } else { *x };
            }
            Ok(())
        }));
    }
    let imputed = attributes.floats("imputed_value_floats")?.unwrap_or_default();
    let imputed = per_column("imputed_value_floats", imputed, columns)?;
    let replaced = attributes.float_or("replaced_value_float", 0.0)?;
    let imputed = stretched(&imputed);
    Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
        let stretch = imputed.len().max(1);
        match (inputs[0], &mut outputs[0]) {
            (Data::F32(input), Data::F32(out)) => {
                for (out, rows) in out.chunks_mut(stretch).zip(input.chunks(stretch)) {
                    for ((out, x), imputed) in out.iter_mut().zip(rows).zip(&imputed) {
                        let is_replaced = (*x == replaced) | (x.is_nan() & replaced.is_nan());
                        *out = if is_replaced { *imputed } else { *x };
                    }
                }
            }
            (Data::F64(input), Data::F64(out)) => {
                let replaced = f64::from(replaced);
                for (out, row) in out.chunks_mut(stretch).zip(input.chunks(stretch)) {
                    for ((out, x), imputed) in out.iter_mut().zip(row).zip(&imputed) {
                        let is_replaced = (*x == replaced) | (x.is_nan() & replaced.is_nan());
                        *out = if is_replaced { f64::from(*imputed) } else { *x };
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }))
}

/// `Binarizer`: 1 above the threshold, else 0.
pub(crate) fn binarizer(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    context.storage(0, &[Storage::F32, Storage::F64, Storage::I64])?;
    let threshold = context.attributes().float_or("threshold", 0.0)?;
    Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
        let limit = f64::from(threshold);
        match (inputs[0], &mut outputs[0]) {
            (Data::F32(input), Data::F32(out)) => {
                out.iter_mut().zip(input).for_each(|(out, x)| *out = f32::from(u8::from(*x > threshold)));
            }
            (Data::F64(input), Data::F64(out)) => {
                out.iter_mut().zip(input).for_each(|(out, x)| *out = f64::from(u8::from(*x > limit)));
            }
            (Data::I64(input), Data::I64(out)) => {
                out.iter_mut().zip(input).for_each(|(out, x)| *out = i64::from(*x as f64 > limit));
            }
            _ => {}
        }
        Ok(())
    }))
}
