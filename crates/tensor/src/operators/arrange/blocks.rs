//! Blocks of space become channels or rows of the batch, and back.

use scorewheel_model::ModelError;

use super::copied::copied;
use crate::data::Data;
use crate::error::{invalid, unsupported};
use crate::graph::Domain;
use crate::operators::context::length;
use crate::operators::strided::{StridedCopy, row_major, same_kind};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::{TensorType, element_count};

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
