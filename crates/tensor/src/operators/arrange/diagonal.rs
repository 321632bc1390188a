//! Matrices of diagonals.

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::error::{invalid, unsupported};
use crate::operators::context::length;
use crate::operators::strided::same_kind;
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// `MatrixDiag`, `MatrixDiagV2`, `MatrixDiagV3`: matrices whose diagonals, one or several beside one another, are given;
/// elsewhere stands the padding.
pub(crate) fn matrix(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let stated = context.operator() != "MatrixDiag";
    let scalar = |index: usize, what: &str| -> Result<Option<usize>, ModelError> {
        match context.integers(index, what)?.as_slice() {
            [-1] => Ok(None),
            [value] => length(*value, what).map(Some),
            _ => Err(invalid(format!("{what} is no single number"))),
        }
    };
    let (mut low, mut high, mut rows, mut columns, mut padding) = (0, 0, None, None, None);
    if stated {
        (low, high) = match context.integers(1, "which diagonals")?.as_slice() {
            [one] => (*one, *one),
            [low, high] if low <= high => (*low, *high),
            other => return Err(invalid(format!("diagonals {other:?}"))),
        };
        (rows, columns) = (scalar(2, "the number of rows")?, scalar(3, "the number of columns")?);
        let value = context.constant(4, "the padding")?;
        if value.data.len() != 1 || value.data.storage() != input.element().storage() {
            return Err(invalid("the padding is no single value of the diagonal's type"));
        }
        padding = Some(value.data.clone());
    }
    if low.unsigned_abs() > FARTHEST || high.unsigned_abs() > FARTHEST {
        return Err(invalid(format!("diagonals {low} to {high}")));
    }
    let padding = padding.unwrap_or_else(|| Data::zeros(input.element(), 1));
    let align = context.attributes().text("align")?.map(|text| &**text);
    let default = if context.operator() == "MatrixDiagV3" { "RIGHT_LEFT" } else { "LEFT_LEFT" };
    let (above_left, below_left) = match align.unwrap_or(default) {
        "RIGHT_LEFT" => (false, true),
        "LEFT_RIGHT" => (true, false),
        "LEFT_LEFT" => (true, true),
        "RIGHT_RIGHT" => (false, false),
        other => return Err(unsupported(format!("align {other:?}"))),
    };
    let count = (high - low + 1) as usize;
    let (outer, longest) = match input.shape() {
        [outer @ .., longest] if count == 1 => (outer, *longest),
        [outer @ .., given, longest] if *given == count => (outer, *longest),
        shape => return Err(invalid(format!("{count} diagonals of shape {shape:?}"))),
    };
    let least = (longest + low_part(-high), longest + low_part(low));
    let (rows, columns) = match (rows, columns) {
        (None, None) => (least.0.max(least.1), least.0.max(least.1)),
        (rows, columns) => (rows.unwrap_or(least.0), columns.unwrap_or(least.1)),
    };
    let fits = rows >= least.0 && columns >= least.1 && (rows == least.0 || columns == least.1);
    if !fits {
        return Err(invalid(format!("diagonals of {longest} elements in a matrix of {rows} × {columns}")));
    }
    let shape = [outer, &[rows, columns]].concat();
    // Where in the diagonals each element of a matrix stands.
    let places: Vec<Option<usize>> = (0..rows.saturating_mul(columns).min(LARGEST + 1))
        .map(|at| {
            let (row, column) = ((at / columns) as i64, (at % columns) as i64);
            let which = column - row;
            if !(low..=high).contains(&which) {
                return None;
            }
            let long = (rows as i64 + which.min(0)).min(columns as i64 - which.max(0));
            let left = which >= 0 && above_left || which <= 0 && below_left;
            let start = if left { 0 } else { longest as i64 - long };
            Some((high - which) as usize * longest + (row + which.min(0) + start) as usize)
        })
        .collect();
    if places.len() > LARGEST {
        return Err(crate::error::too_large(format!("a matrix of {rows} × {columns}")));
    }
    let given = count * longest;
    Ok(Computation::one(TensorType::new(input.element(), shape), move |inputs, outputs, _| {
        same_kind!(inputs[0], &mut outputs[0], |from, to| {
            for (from, to) in from.chunks_exact(given.max(1)).zip(to.chunks_exact_mut(places.len().max(1))) {
                for (to, place) in to.iter_mut().zip(&places) {
                    if let Some(place) = place {
                        *to = from[*place].clone();
                    }
                }
            }
        });
        same_kind!(&padding, &mut outputs[0], |padding, to| {
            for to in to.chunks_exact_mut(places.len().max(1)) {
                for (to, place) in to.iter_mut().zip(&places) {
                    if place.is_none() {
                        *to = padding[0].clone();
                    }
                }
            }
        });
        Ok(())
    }))
}

/// Farthest diagonal.
const FARTHEST: u64 = 1 << 20;
/// Most elements of a matrix.
const LARGEST: usize = 1 << 24;

/// A number that is not negative, or 0.
fn low_part(number: i64) -> usize {
    number.max(0) as usize
}
