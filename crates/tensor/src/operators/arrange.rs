//! Moving elements to other places: turning, cutting, joining, stretching, padding.

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::error::{invalid, unsupported};
use crate::graph::Domain;
use crate::operators::broadcast::{broadcast_shape, strides_in};
use crate::operators::context::{axes, axis, check_shape, length};
use crate::operators::softmax::around;
use crate::operators::strided::{StridedCopy, row_major, same_kind};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::{TensorType, element_count};

fn strided(
    context: &NodeContext<'_>,
    shape: Vec<usize>,
    strides: &[isize],
    offset: usize,
) -> Result<Built, ModelError> {
    check_shape(&shape)?;
    let copy = StridedCopy::new(&shape, strides, offset);
    let output = TensorType::new(context.input(0)?.element(), shape);
    Ok(Computation::one(output, move |inputs, outputs, _| {
        copy.run(inputs[0], &mut outputs[0]);
        Ok(())
    }))
}

/// `Transpose`; TensorFlow gives the permutation as an input.
pub(crate) fn transpose(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let rank = input.rank();
    let permutation = match context.integers_or_attribute(1, "perm")? {
        Some(permutation) => {
            permutation.iter().map(|index| axis(*index, rank)).collect::<Result<Vec<_>, _>>()?
        }
        None => (0..rank).rev().collect(),
    };
    let mut sorted = permutation.clone();
    sorted.sort_unstable();
    if sorted != (0..rank).collect::<Vec<_>>() {
        return Err(invalid(format!("{permutation:?} is no permutation of {rank} dimensions")));
    }
    let strides = row_major(input.shape());
    let shape: Vec<usize> = permutation.iter().map(|index| input.shape()[*index]).collect();
    let strides: Vec<isize> = permutation.iter().map(|index| strides[*index]).collect();
    // Where only dimensions of length 1 move, the elements stay where they are.
    let moved: Vec<usize> = permutation.iter().copied().filter(|index| input.shape()[*index] != 1).collect();
    if moved.is_sorted() {
        return Ok(Built::View(TensorType::new(input.element(), shape)));
    }
    strided(context, shape, &strides, 0)
}

/// `Concat`, `ConcatV2`; the dimension is an attribute or the last input (the first in TensorFlow's oldest version).
pub(crate) fn concat(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let count = context.inputs.len();
    let scalar = |index: usize| -> Result<i64, ModelError> {
        let values = context.integers(index, "the dimension of Concat")?;
        values.first().copied().ok_or_else(|| invalid("Concat without a dimension"))
    };
    let (parts, stated) = match (context.node.domain, context.operator()) {
        (Domain::TensorFlow, "Concat") => ((1..count), scalar(0)?),
        (Domain::TensorFlow, _) => ((0..count.saturating_sub(1)), scalar(count.saturating_sub(1))?),
        _ => ((0..count), context.attributes().integer_or("axis", 1)?),
    };
    let parts: Vec<usize> = parts.collect();
    join(context, &parts, stated, false)
}

/// `Pack`: joins along a new dimension.
pub(crate) fn pack(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let parts: Vec<usize> = (0..context.inputs.len()).collect();
    join(context, &parts, context.attributes().integer_or("axis", 0)?, true)
}

/// Joins inputs along a dimension, which is made for it if so said.
fn join(
    context: &NodeContext<'_>,
    parts: &[usize],
    stated: i64,
    new_dimension: bool,
) -> Result<Built, ModelError> {
    let Some(&first) = parts.first() else { return Err(invalid("nothing to join")) };
    let element = context.same_elements(parts)?;
    let mut shapes = Vec::new();
    for part in parts {
        shapes.push(context.input(*part)?.shape().to_vec());
    }
    let rank = context.input(first)?.rank() + usize::from(new_dimension);
    let axis = axis(stated, rank)?;
    if new_dimension {
        shapes.iter_mut().filter(|shape| shape.len() + 1 == rank).for_each(|shape| shape.insert(axis, 1));
    }
    let mut shape = shapes[0].clone();
    shape[axis] = 0;
    for other in &shapes {
        let fits =
            other.len() == rank && (0..rank).all(|index| index == axis || other[index] == shape[index]);
        if !fits {
            return Err(invalid(format!("shapes {:?} and {other:?} cannot be joined", shapes[0])));
        }
        shape[axis] += other[axis];
    }
    let (outer, _, inner) = around(&shape, axis, axis + 1);
    let sources: Vec<(usize, usize)> =
        parts.iter().zip(&shapes).map(|(part, shape)| (*part, shape[axis] * inner)).collect();
    Ok(Computation::one(TensorType::new(element, shape), move |inputs, outputs, _| {
        let mut at = 0;
        for index in 0..outer {
            for (part, run) in &sources {
                outputs[0].copy_range(at, inputs[*part], index * run, *run);
                at += run;
            }
        }
        Ok(())
    }))
}

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
    Ok(Computation::one(TensorType::new(input.element(), shape), move |inputs, outputs, _| {
        copy.run(inputs[0], &mut outputs[0]);
        Ok(())
    }))
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

/// `Expand`, `BroadcastTo`.
pub(crate) fn expand(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let stated = context.integers(1, "the shape of Expand")?;
    let stated = stated.iter().map(|value| length(*value, "a dimension")).collect::<Result<Vec<_>, _>>()?;
    let shape = broadcast_shape(input.shape(), &stated)?;
    let strides: Vec<isize> = strides_in(input.shape(), &shape).into_iter().map(|s| s as isize).collect();
    strided(context, shape, &strides, 0)
}

/// `Tile`: the input several times along every dimension.
pub(crate) fn tile(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let times = context.integers(1, "the repeats of Tile")?;
    let times = times.iter().map(|value| length(*value, "a repeat")).collect::<Result<Vec<_>, _>>()?;
    if times.len() != input.rank() {
        return Err(invalid("Tile with another number of repeats than dimensions"));
    }
    // Every dimension becomes two: how often, and the dimension itself.
    let strides = row_major(input.shape());
    let (mut walked, mut walked_strides, mut shape) = (Vec::new(), Vec::new(), Vec::new());
    for ((times, length), stride) in times.iter().zip(input.shape()).zip(&strides) {
        walked.extend([*times, *length]);
        walked_strides.extend([0, *stride]);
        shape.push(times.saturating_mul(*length));
    }
    check_shape(&shape)?;
    let copy = StridedCopy::new(&walked, &walked_strides, 0);
    Ok(Computation::one(TensorType::new(input.element(), shape), move |inputs, outputs, _| {
        copy.run(inputs[0], &mut outputs[0]);
        Ok(())
    }))
}

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

/// `DepthToSpace`, `SpaceToDepth`, as moves between dimensions of blocks.
pub(crate) fn blocks(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let tensorflow = context.node.domain == Domain::TensorFlow;
    let stated = if tensorflow { "block_size" } else { "blocksize" };
    let block = length(context.attributes().integer_or(stated, 0)?, "the size of a block")?;
    let channels_last = match context.attributes().text("data_format")?.map(|format| &**format) {
        Some("NCHW") => false,
        Some("NCHW_VECT_C") => return Err(unsupported("the format NCHW_VECT_C")),
        _ => tensorflow,
    };
    let [n, a, b, c] = input.shape() else { return Err(invalid("a tensor with other than 4 dimensions")) };
    let (n, channels, height, width) = if channels_last { (*n, *c, *a, *b) } else { (*n, *a, *b, *c) };
    if block == 0 || block > 1 << 16 {
        return Err(invalid("blocks of no size"));
    }
    let strides = row_major(input.shape());
    let (sn, sc, sh, sw) = if channels_last {
        (strides[0], strides[3], strides[1], strides[2])
    } else {
        (strides[0], strides[1], strides[2], strides[3])
    };
    let size = block as isize;
    let columns_first = context.attributes().text("mode")?.is_some_and(|mode| &**mode == "CRD");
    // Dimensions of the output in the order n, channels (outer, inner), rows (outer, inner), columns (outer, inner).
    let (shape, lengths, walk): ([usize; 4], [usize; 7], [isize; 7]) = if context.operator() == "DepthToSpace"
    {
        let deep = channels / (block * block);
        if deep * block * block != channels {
            return Err(invalid(format!(
                "{channels} channels are no whole number of {block}×{block} blocks"
            )));
        }
        let (channel, row_in, column_in) = if columns_first {
            (size * size * sc, size * sc, sc)
        } else {
            let deep = deep as isize;
            (sc, size * deep * sc, deep * sc)
        };
        (
            [n, deep, height * block, width * block],
            [n, deep, 1, height, block, width, block],
            [sn, channel, 0, sh, row_in, sw, column_in],
        )
    } else {
        if height % block != 0 || width % block != 0 {
            return Err(invalid(format!("{height}×{width} is no whole number of {block}×{block} blocks")));
        }
        // The outer channel is the place within a block, row by row.
        let (rows, columns) = (height / block, width / block);
        let shape = [n, channels * block * block, rows, columns];
        return space_to_depth(
            context,
            shape,
            [n, block, block, channels, rows, columns],
            [sn, sh, sw, sc, sh * size, sw * size],
            channels_last,
        );
    };
    if channels_last {
        let order = [0, 3, 4, 5, 6, 1, 2];
        let copy = StridedCopy::new(&order.map(|i| lengths[i]), &order.map(|i| walk[i]), 0);
        return copied(context, vec![shape[0], shape[2], shape[3], shape[1]], copy);
    }
    copied(context, shape.to_vec(), StridedCopy::new(&lengths, &walk, 0))
}

fn space_to_depth(
    context: &NodeContext<'_>,
    shape: [usize; 4],
    lengths: [usize; 6],
    walk: [isize; 6],
    channels_last: bool,
) -> Result<Built, ModelError> {
    if channels_last {
        let order = [0, 4, 5, 1, 2, 3];
        let copy = StridedCopy::new(&order.map(|i| lengths[i]), &order.map(|i| walk[i]), 0);
        return copied(context, vec![shape[0], shape[2], shape[3], shape[1]], copy);
    }
    copied(context, shape.to_vec(), StridedCopy::new(&lengths, &walk, 0))
}

fn copied(context: &NodeContext<'_>, shape: Vec<usize>, copy: StridedCopy) -> Result<Built, ModelError> {
    let output = TensorType::new(context.input(0)?.element(), shape);
    Ok(Computation::one(output, move |inputs, outputs, _| {
        copy.run(inputs[0], &mut outputs[0]);
        Ok(())
    }))
}

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

/// `SpaceToBatchND`, `BatchToSpaceND`: blocks of space to the first dimension and back.
pub(crate) fn space_and_batch(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let blocks = context.integers(1, "the shape of a block")?;
    let widths = context.integers(2, "paddings or crops")?;
    let blocks = blocks.iter().map(|value| length(*value, "a block")).collect::<Result<Vec<_>, _>>()?;
    let count = blocks.len();
    if widths.len() != 2 * count || input.rank() < count + 1 || blocks.contains(&0) {
        return Err(invalid("blocks that do not fit the input"));
    }
    let all: usize = element_count(&blocks);
    let to_batch = context.operator() == "SpaceToBatchND";
    let mut shape = input.shape().to_vec();
    if to_batch {
        shape[0] = shape[0].saturating_mul(all);
    } else if shape[0] % all != 0 {
        return Err(invalid("the first dimension is no whole number of blocks"));
    } else {
        shape[0] /= all;
    }
    for index in 0..count {
        let (low, high) = (length(widths[2 * index], "a width")?, length(widths[2 * index + 1], "a width")?);
        let space = &mut shape[index + 1];
        if to_batch {
            let padded = space.saturating_add(low).saturating_add(high);
            if padded % blocks[index] != 0 {
                return Err(invalid(format!("{padded} is no whole number of blocks of {}", blocks[index])));
            }
            *space = padded / blocks[index];
        } else {
            *space = (space.saturating_mul(blocks[index]))
                .checked_sub(low + high)
                .ok_or_else(|| invalid("more is cut off than there is"))?;
        }
    }
    let (from_shape, to_shape) = (input.shape().to_vec(), shape.clone());
    let rest = element_count(&shape[count + 1..]);
    let zero = Data::zeros(input.element(), 1);
    let batches = if to_batch { from_shape[0] } else { to_shape[0] };
    Ok(Computation::one(TensorType::new(input.element(), shape), move |inputs, outputs, _| {
        same_kind!(&zero, &mut outputs[0], |zero, to| to.fill(zero[0].clone()));
        // Walked over the side that lies in blocks; the other side may have a border.
        let blocked = if to_batch { &to_shape } else { &from_shape };
        let plain = if to_batch { &from_shape } else { &to_shape };
        let cells = element_count(&blocked[..count + 1]);
        for cell in 0..cells {
            let mut left = cell;
            let mut position = vec![0usize; count + 1];
            for index in (0..=count).rev() {
                position[index] = left % blocked[index];
                left /= blocked[index];
            }
            let (mut within, batch) = (position[0] / batches, position[0] % batches);
            let mut target = Some(batch);
            let mut offsets = vec![0; count];
            for index in (0..count).rev() {
                offsets[index] = within % blocks[index];
                within /= blocks[index];
            }
            for index in 0..count {
                let at = position[index + 1] * blocks[index] + offsets[index];
                let at = at.checked_sub(widths[2 * index] as usize).filter(|at| *at < plain[index + 1]);
                target = target.zip(at).map(|(target, at)| target * plain[index + 1] + at);
            }
            if let Some(target) = target {
                let (from, to) = if to_batch { (target, cell) } else { (cell, target) };
                outputs[0].copy_range(to * rest, inputs[0], from * rest, rest);
            }
        }
        Ok(())
    }))
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
