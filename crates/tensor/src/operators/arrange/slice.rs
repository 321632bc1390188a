//! Parts of a tensor.

use scorewheel_model::ModelError;

use super::copied::copied;
use crate::error::invalid;
use crate::graph::Domain;
use crate::operators::context::{axis, length};
use crate::operators::strided::{StridedCopy, row_major};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::{TensorType, element_count};

/// One dimension of a slice: where it starts, by how much it steps, and how many elements it takes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Range {
    start: usize,
    step: isize,
    count: usize,
}

/// The elements from `start` to before `end` of a dimension, as Python cuts.
fn range(start: i64, end: i64, step: i64, length: usize) -> Result<Range, ModelError> {
    if step == 0 {
        return Err(invalid("a slice with step 0"));
    }
    let length = length as i64;
    let from_front = |value: i64| if value < 0 { value.saturating_add(length) } else { value };
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let start = from_front(start).clamp(low, high);
    let end = from_front(end).clamp(low, high);
    let distance = if step > 0 { end - start } else { start - end };
    let count = if distance <= 0 { 0 } else { (distance - 1) / step.saturating_abs() + 1 };
    let start = if count == 0 { 0 } else { start as usize };
    Ok(Range { start, step: step.clamp(-(1 << 40), 1 << 40) as isize, count: count as usize })
}

fn sliced(context: &NodeContext<'_>, ranges: &[Range], shape: Vec<usize>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let strides = row_major(input.shape());
    let counts: Vec<usize> = ranges.iter().map(|range| range.count).collect();
    if element_count(&counts) == 0 {
        let output = TensorType::new(input.element(), shape);
        return Ok(Computation::one(output, |_, _, _| Ok(())));
    }
    let offset: usize =
        ranges.iter().zip(&strides).map(|(range, stride)| range.start * *stride as usize).sum();
    let steps: Vec<isize> = ranges
        .iter()
        .zip(&strides)
        .map(|(range, stride)| if range.count > 1 { range.step * stride } else { *stride })
        .collect();
    let copy = StridedCopy::new(&counts, &steps, offset);
    copied(context, shape, copy)
}

/// `Slice` of ONNX: starts, ends, and optionally dimensions and steps.
pub(crate) fn slice(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    if context.node.domain == Domain::TensorFlow {
        return slice_by_size(context);
    }
    let need = |list: Option<Vec<i64>>| list.ok_or_else(|| invalid("Slice without starts and ends"));
    let starts = need(context.integers_or_attribute(1, "starts")?)?;
    let ends = need(context.integers_or_attribute(2, "ends")?)?;
    let dimensions = match context.integers_or_attribute(3, "axes")? {
        Some(list) => list.iter().map(|index| axis(*index, input.rank())).collect::<Result<_, _>>()?,
        None => (0..starts.len()).collect::<Vec<_>>(),
    };
    let steps = match context.optional(4) {
        Some(_) => context.integers(4, "the steps of Slice")?,
        None => vec![1; starts.len()],
    };
    let count = starts.len();
    if ends.len() != count || dimensions.len() != count || steps.len() != count || count > input.rank() {
        return Err(invalid("Slice with lists of different lengths"));
    }
    let mut ranges: Vec<Range> =
        input.shape().iter().map(|length| Range { start: 0, step: 1, count: *length }).collect();
    for index in 0..count {
        let dimension = dimensions[index];
        ranges[dimension] = range(starts[index], ends[index], steps[index], input.shape()[dimension])?;
    }
    let shape = ranges.iter().map(|range| range.count).collect();
    sliced(context, &ranges, shape)
}

/// `Slice` of TensorFlow: begins and sizes.
fn slice_by_size(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let begins = context.integers(1, "the begin of Slice")?;
    let sizes = context.integers(2, "the size of Slice")?;
    if begins.len() != input.rank() || sizes.len() != input.rank() {
        return Err(invalid("Slice with lists of another length than the input has dimensions"));
    }
    let mut ranges = Vec::new();
    for ((begin, size), total) in begins.iter().zip(&sizes).zip(input.shape()) {
        let start = length(*begin, "the begin of Slice")?;
        let count = match *size {
            -1 => total.checked_sub(start),
            size => usize::try_from(size).ok(),
        };
        let count = count.filter(|count| start.checked_add(*count).is_some_and(|end| end <= *total));
        let count =
            count.ok_or_else(|| invalid(format!("Slice of {size} from {begin} of {total} elements")))?;
        ranges.push(Range { start, step: 1, count });
    }
    let shape = ranges.iter().map(|range| range.count).collect();
    sliced(context, &ranges, shape)
}

/// `StridedSlice`: Python's indexing with its masks.
pub(crate) fn strided_slice(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let begins = context.integers(1, "the begin of StridedSlice")?;
    let ends = context.integers(2, "the end of StridedSlice")?;
    let steps = context.integers(3, "the strides of StridedSlice")?;
    let mask = |name: &str| context.attributes().integer_or(name, 0);
    let (begin_mask, end_mask) = (mask("begin_mask")?, mask("end_mask")?);
    let (ellipsis_mask, new_axis_mask) = (mask("ellipsis_mask")?, mask("new_axis_mask")?);
    let shrink_mask = mask("shrink_axis_mask")?;
    let count = begins.len();
    if ends.len() != count || steps.len() != count || count > 32 {
        return Err(invalid("StridedSlice with lists of different lengths"));
    }
    let set = |mask: i64, index: usize| mask >> index & 1 == 1;
    let after_ellipsis =
        |index: usize| (index + 1..count).filter(|later| !set(new_axis_mask, *later)).count();
    let mut ranges = Vec::new();
    let mut shape = Vec::new();
    let take = |ranges: &mut Vec<Range>, shape: &mut Vec<usize>| -> Result<(), ModelError> {
        let length =
            *input.shape().get(ranges.len()).ok_or_else(|| invalid("StridedSlice of too many dimensions"))?;
        ranges.push(Range { start: 0, step: 1, count: length });
        shape.push(length);
        Ok(())
    };
    for index in 0..count {
        if set(ellipsis_mask, index) {
            while ranges.len() + after_ellipsis(index) < input.rank() {
                take(&mut ranges, &mut shape)?;
            }
        } else if set(new_axis_mask, index) {
            shape.push(1);
        } else {
            let total = *input
                .shape()
                .get(ranges.len())
                .ok_or_else(|| invalid("StridedSlice of too many dimensions"))?;
            if set(shrink_mask, index) {
                let start = axis(begins[index], total)
                    .map_err(|_| invalid(format!("element {} of {total}", begins[index])))?;
                ranges.push(Range { start, step: 1, count: 1 });
                continue;
            }
            let forward = steps[index] > 0;
            let begin = match (set(begin_mask, index), forward) {
                (true, true) => 0,
                (true, false) => i64::MAX,
                (false, _) => begins[index],
            };
            let end = match (set(end_mask, index), forward) {
                (true, true) => i64::MAX,
                (true, false) => i64::MIN,
                (false, _) => ends[index],
            };
            let range = range(begin, end, steps[index], total)?;
            ranges.push(range);
            shape.push(range.count);
        }
    }
    while ranges.len() < input.rank() {
        take(&mut ranges, &mut shape)?;
    }
    sliced(context, &ranges, shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_as_python_cuts() {
        let cut = |start, end, step, length| {
            let range = range(start, end, step, length).unwrap();
            (0..range.count)
                .map(|i| (range.start as isize + i as isize * range.step) as i64)
                .collect::<Vec<_>>()
        };
        assert_eq!(cut(0, i64::MAX, 1, 3), [0, 1, 2]);
        assert_eq!(cut(-2, i64::MAX, 1, 3), [1, 2]);
        assert_eq!(cut(i64::MAX, i64::MIN, -1, 3), [2, 1, 0]);
        assert_eq!(cut(-1, -10, -2, 5), [4, 2, 0]);
        assert_eq!(cut(1, 10, 3, 8), [1, 4, 7]);
        assert_eq!(cut(5, 2, 1, 8), [] as [i64; 0]);
        assert_eq!(cut(0, 5, 1, 0), [] as [i64; 0]);
        assert!(range(0, 1, 0, 3).is_err());
    }
}
