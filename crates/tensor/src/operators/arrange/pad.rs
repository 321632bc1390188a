//! A border around a tensor.

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::error::{invalid, unsupported};
use crate::graph::Domain;
use crate::operators::context::{axis, length};
use crate::operators::strided::{row_major, same_kind};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::{TensorType, element_count};

/// What fills the border.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Border {
    Constant,
    /// Mirrored without the edge itself.
    Reflect,
    /// Mirrored with the edge.
    Symmetric,
    Edge,
    Wrap,
}

/// `Pad`, `PadV2`, `MirrorPad`. Negative widths cut.
pub(crate) fn pad(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let rank = input.rank();
    let tensorflow = context.node.domain == Domain::TensorFlow;
    let stated = match context.optional(1) {
        Some(_) => Some(context.integers(1, "the widths of Pad")?),
        None => context.attributes().integers("pads")?.map(<[i64]>::to_vec),
    };
    let stated = stated.ok_or_else(|| invalid("Pad without widths"))?;
    let mut before = vec![0i64; rank];
    let mut after = vec![0i64; rank];
    if tensorflow {
        if stated.len() != 2 * rank {
            return Err(invalid("Pad with another number of widths than dimensions"));
        }
        for index in 0..rank {
            (before[index], after[index]) = (stated[2 * index], stated[2 * index + 1]);
        }
    } else {
        let dimensions = match context.optional(3) {
            Some(_) => context
                .integers(3, "the dimensions of Pad")?
                .iter()
                .map(|index| axis(*index, rank))
                .collect::<Result<_, _>>()?,
            None => (0..rank).collect::<Vec<_>>(),
        };
        if stated.len() != 2 * dimensions.len() {
            return Err(invalid("Pad with another number of widths than dimensions"));
        }
        for (index, dimension) in dimensions.iter().enumerate() {
            before[*dimension] = stated[index];
            after[*dimension] = stated[index + dimensions.len()];
        }
    }
    let border = match context.attributes().text("mode")?.map(|mode| &**mode) {
        None | Some("constant") => Border::Constant,
        Some("reflect" | "REFLECT") => Border::Reflect,
        Some("SYMMETRIC") => Border::Symmetric,
        Some("edge") => Border::Edge,
        Some("wrap") => Border::Wrap,
        Some(other) => return Err(unsupported(format!("padding by {other:?}"))),
    };
    let mut fill = Data::zeros(input.element(), 1);
    match context.optional(2) {
        Some(value) if border == Border::Constant && value.tensor_type.len() == 1 => {
            fill = context.constant(2, "the value of Pad")?.data.clone();
        }
        _ => {
            let value = context.attributes().float_or("value", 0.0)?;
            fill.f32_mut().fill(value);
            fill.f64_mut().fill(f64::from(value));
            fill.i64_mut().fill(value as i64);
        }
    }
    if fill.storage() != input.element().storage() {
        return Err(invalid("the value of Pad is of another type"));
    }
    let mut shape = Vec::new();
    // For each position along a dimension of the output, the one of the input; the border of constants has none.
    let mut places: Vec<Vec<Option<usize>>> = Vec::new();
    for index in 0..rank {
        let total = input.shape()[index] as i64;
        let padded = before[index].checked_add(total).and_then(|sum| sum.checked_add(after[index]));
        let padded = length(padded.unwrap_or(-1), "a padded dimension")?;
        if padded > 1 << 27 {
            return Err(crate::error::too_large("a padded dimension is too long"));
        }
        if total == 0 && padded > 0 && border != Border::Constant {
            return Err(invalid("Pad of nothing"));
        }
        shape.push(padded);
        places.push((0..padded as i64).map(|at| place(at - before[index], total, border)).collect());
    }
    let strides: Vec<usize> = row_major(input.shape()).into_iter().map(|stride| stride as usize).collect();
    let output = TensorType::new(input.element(), shape.clone());
    if element_count(&shape) > 1 << 27 {
        return Err(crate::error::too_large("a padded tensor is too large"));
    }
    Ok(Computation::one(output, move |inputs, outputs, _| {
        same_kind!(&fill, &mut outputs[0], |fill, to| to.fill(fill[0].clone()));
        same_kind!(inputs[0], &mut outputs[0], |from, to| {
            copy_padded(from, to, &shape, &places, &strides, 0, Some(0), 0);
        });
        Ok(())
    }))
}

/// The position of the input that a position of the padded output shows.
fn place(at: i64, total: i64, border: Border) -> Option<usize> {
    let inside = (0..total).contains(&at);
    let at = match border {
        _ if inside => at,
        Border::Constant => return None,
        Border::Edge => at.clamp(0, total - 1),
        Border::Wrap => at.rem_euclid(total),
        Border::Reflect if total == 1 => 0,
        Border::Reflect => {
            let period = 2 * (total - 1);
            let at = at.rem_euclid(period);
            if at < total { at } else { period - at }
        }
        Border::Symmetric => {
            let at = at.rem_euclid(2 * total);
            if at < total { at } else { 2 * total - 1 - at }
        }
    };
    Some(at as usize)
}

#[expect(clippy::too_many_arguments, reason = "a recursion over dimensions carries its place")]
fn copy_padded<T: Clone>(
    from: &[T],
    to: &mut [T],
    shape: &[usize],
    places: &[Vec<Option<usize>>],
    strides: &[usize],
    dimension: usize,
    start: Option<usize>,
    at: usize,
) {
    let Some(start) = start else { return };
    if dimension == shape.len() {
        to[at] = from[start].clone();
        return;
    }
    let run = element_count(&shape[dimension + 1..]);
    for (index, place) in places[dimension].iter().enumerate() {
        if let Some(place) = place {
            let next = start + place * strides[dimension];
            copy_padded(from, to, shape, places, strides, dimension + 1, Some(next), at + index * run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders() {
        let shown = |border| (-3..6).map(|at| place(at, 3, border)).collect::<Vec<_>>();
        let some = |list: [usize; 9]| list.map(Some).to_vec();
        assert_eq!(shown(Border::Reflect), some([1, 2, 1, 0, 1, 2, 1, 0, 1]));
        assert_eq!(shown(Border::Symmetric), some([2, 1, 0, 0, 1, 2, 2, 1, 0]));
        assert_eq!(shown(Border::Edge), some([0, 0, 0, 0, 1, 2, 2, 2, 2]));
        assert_eq!(shown(Border::Wrap), some([0, 1, 2, 0, 1, 2, 0, 1, 2]));
    }
}
