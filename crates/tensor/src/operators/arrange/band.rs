//! Matrices with corners of zeros.

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::error::invalid;
use crate::operators::strided::same_kind;
use crate::operators::{Built, Computation, NodeContext};

/// `Trilu`, `MatrixBandPart`: matrices with a corner set to zero.
pub(crate) fn band(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let [.., rows, columns] = *input.shape() else { return Err(invalid("no matrix")) };
    let scalar = |index: usize| -> Result<i64, ModelError> {
        Ok(context.integers(index, "the edge of the band")?.first().copied().unwrap_or(0))
    };
    // Kept are elements with `low ≤ column − row ≤ high`.
    let (low, high) = if context.operator() == "Trilu" {
        let edge = if context.optional(1).is_some() { scalar(1)? } else { 0 };
        if context.attributes().flag_or("upper", true)? { (edge, i64::MAX) } else { (i64::MIN, edge) }
    } else {
        let (below, above) = (scalar(1)?, scalar(2)?);
        (if below < 0 { i64::MIN } else { -below }, if above < 0 { i64::MAX } else { above })
    };
    let zero = Data::zeros(input.element(), 1);
    Ok(Computation::one(input.tensor_type.clone(), move |inputs, outputs, _| {
        same_kind!(&zero, &mut outputs[0], |zero, to| to.fill(zero[0].clone()));
        same_kind!(inputs[0], &mut outputs[0], |from, to| {
            for (at, (from, to)) in from.iter().zip(to.iter_mut()).enumerate() {
                let (row, column) = ((at / columns % rows) as i64, (at % columns) as i64);
                if (low..=high).contains(&(column - row)) {
                    *to = from.clone();
                }
            }
        });
        Ok(())
    }))
}
