//! Windows that slide over space: what convolution and pooling have in common.

use scorewheel_model::ModelError;

use crate::error::{invalid, unsupported};
use crate::graph::Domain;
use crate::operators::NodeContext;
use crate::operators::context::length;

/// One dimension of space under a sliding window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Side {
    pub input: usize,
    pub output: usize,
    pub kernel: usize,
    pub stride: usize,
    pub dilation: usize,
    /// Border before the first element.
    pub before: usize,
    /// Border after the last element.
    pub after: usize,
}

impl Side {
    /// A dimension that is not there.
    pub const NONE: Self =
        Self { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, before: 0, after: 0 };

    /// The input position under element `kernel` of the window at `output`; `None` in the border.
    #[inline(always)]
    pub fn position(&self, output: usize, kernel: usize) -> Option<usize> {
        let at = output * self.stride + kernel * self.dilation;
        at.checked_sub(self.before).filter(|at| *at < self.input)
    }

    /// The outputs whose window has its element `kernel` inside the input.
    #[inline(always)]
    pub fn inside(&self, kernel: usize) -> std::ops::Range<usize> {
        let offset = kernel * self.dilation;
        let first = self.before.saturating_sub(offset).div_ceil(self.stride);
        let end = (self.input + self.before).saturating_sub(offset).div_ceil(self.stride);
        first.min(self.output)..end.min(self.output).max(first.min(self.output))
    }
}

/// A sliding window over up to three dimensions of space; those that are not there come first and have length 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub sides: [Side; 3],
    /// True if channels follow space: TensorFlow's NHWC.
    pub channels_last: bool,
}

impl Window {
    /// Elements of the window.
    pub fn kernel_len(&self) -> usize {
        self.sides.iter().map(|side| side.kernel).product()
    }

    /// Positions of the input.
    pub fn input_len(&self) -> usize {
        self.sides.iter().map(|side| side.input).product()
    }

    /// Positions of the output.
    pub fn output_len(&self) -> usize {
        self.sides.iter().map(|side| side.output).product()
    }

    /// The shape of the output, given the number of its dimensions.
    pub fn output_shape(&self, batch: usize, channels: usize, rank: usize) -> Vec<usize> {
        let space = self.sides[5 - rank..].iter().map(|side| side.output);
        if self.channels_last {
            [batch].into_iter().chain(space).chain([channels]).collect()
        } else {
            [batch, channels].into_iter().chain(space).collect()
        }
    }

    /// Whether every window is one element and lies at its own place.
    pub fn is_point(&self) -> bool {
        self.sides
            .iter()
            .all(|side| side.kernel == 1 && side.stride == 1 && side.before == 0 && side.input == side.output)
    }
}

/// Where the dimensions of space are in a tensor, and whether channels come last.
pub(crate) fn space_of(
    context: &NodeContext<'_>,
    shape: &[usize],
) -> Result<(Vec<usize>, usize, bool), ModelError> {
    if !(3..=5).contains(&shape.len()) {
        return Err(unsupported(format!("{} of a tensor of {} dimensions", context.operator(), shape.len())));
    }
    let channels_last = match context.attributes().text("data_format")?.map(|format| &**format) {
        Some("NHWC" | "NDHWC" | "NWC") => true,
        Some("NCHW" | "NCDHW" | "NCW") => false,
        Some(other) => return Err(unsupported(format!("the data format {other:?}"))),
        None => context.node.domain == Domain::TensorFlow,
    };
    Ok(if channels_last {
        (shape[1..shape.len() - 1].to_vec(), shape[shape.len() - 1], true)
    } else {
        (shape[2..].to_vec(), shape[1], false)
    })
}

/// How borders are stated.
enum Borders {
    Explicit(Vec<(usize, usize)>),
    Valid,
    /// As many outputs as strides fit; an odd border is longer at the end, or at the front.
    Same {
        longer_at_end: bool,
    },
}

fn spatial_list(
    context: &NodeContext<'_>,
    name: &str,
    count: usize,
    channels_last: bool,
) -> Result<Vec<usize>, ModelError> {
    let Some(stated) = context.attributes().integers(name)?.filter(|stated| !stated.is_empty()) else {
        return Ok(vec![1; count]);
    };
    // TensorFlow's lists have entries for batch and channels too.
    let stated = match (context.node.domain, stated.len()) {
        (Domain::TensorFlow, len) if len == count + 2 => {
            if channels_last {
                &stated[1..=count]
            } else {
                &stated[2..]
            }
        }
        (_, len) if len == count => stated,
        _ => return Err(invalid(format!("{name:?} has {} entries for {count} dimensions", stated.len()))),
    };
    stated
        .iter()
        .map(|value| match length(*value, name)? {
            0 => Err(invalid(format!("{name:?} is 0"))),
            value => Ok(value),
        })
        .collect()
}

fn borders(context: &NodeContext<'_>, count: usize, channels_last: bool) -> Result<Borders, ModelError> {
    let attributes = context.attributes();
    let pairs = |list: &[i64], at: &dyn Fn(usize) -> (usize, usize)| -> Result<Borders, ModelError> {
        (0..count)
            .map(|index| {
                let (before, after) = at(index);
                let entry = |at: usize| list.get(at).copied().ok_or_else(|| invalid("too few pads"));
                Ok((length(entry(before)?, "a pad")?, length(entry(after)?, "a pad")?))
            })
            .collect::<Result<_, _>>()
            .map(Borders::Explicit)
    };
    if context.node.domain == Domain::TensorFlow {
        return match attributes.text("padding")?.map(|text| &**text) {
            Some("SAME") => Ok(Borders::Same { longer_at_end: true }),
            Some("VALID") => Ok(Borders::Valid),
            Some("EXPLICIT") => {
                let list = attributes.integers("explicit_paddings")?.unwrap_or_default();
                let first = if channels_last { 1 } else { 2 };
                pairs(list, &|index| (2 * (index + first), 2 * (index + first) + 1))
            }
            other => Err(invalid(format!("padding {other:?}"))),
        };
    }
    match attributes.text("auto_pad")?.map(|text| &**text) {
        None | Some("NOTSET" | "") => match attributes.integers("pads")? {
            Some(list) => pairs(list, &|index| (index, index + count)),
            None => Ok(Borders::Valid),
        },
        Some("VALID") => Ok(Borders::Valid),
        Some("SAME_UPPER") => Ok(Borders::Same { longer_at_end: true }),
        Some("SAME_LOWER") => Ok(Borders::Same { longer_at_end: false }),
        Some(other) => Err(invalid(format!("auto_pad {other:?}"))),
    }
}

/// The window of a convolution or pooling over `space`.
pub(crate) fn window(
    context: &NodeContext<'_>,
    space: &[usize],
    kernel: &[usize],
    channels_last: bool,
) -> Result<Window, ModelError> {
    let count = space.len();
    if kernel.len() != count || kernel.contains(&0) {
        return Err(invalid(format!("a kernel of {kernel:?} over {space:?}")));
    }
    let strides = spatial_list(context, "strides", count, channels_last)?;
    let dilations = spatial_list(context, "dilations", count, channels_last)?;
    let borders = borders(context, count, channels_last)?;
    let round_up = context.attributes().flag_or("ceil_mode", false)?;
    let mut sides = [Side::NONE; 3];
    for index in 0..count {
        let (input, stride, dilation) = (space[index], strides[index], dilations[index]);
        let reach = dilation.saturating_mul(kernel[index] - 1).saturating_add(1);
        let (before, after, output) = match &borders {
            Borders::Same { longer_at_end } => {
                let output = input.div_ceil(stride);
                let needed = (output.saturating_sub(1) * stride + reach).saturating_sub(input);
                let (less, more) = (needed / 2, needed - needed / 2);
                let (before, after) = if *longer_at_end { (less, more) } else { (more, less) };
                (before, after, output)
            }
            other => {
                let (before, after) = match other {
                    Borders::Explicit(pairs) => pairs[index],
                    _ => (0, 0),
                };
                let padded = input + before + after;
                let steps = padded.checked_sub(reach).ok_or_else(|| {
                    invalid(format!("a kernel that reaches {reach} over {padded} elements"))
                })?;
                let mut output = steps / stride + 1;
                if round_up && steps % stride != 0 {
                    // The last window counts only if it starts inside the input or the border before it.
                    output += usize::from(output * stride < input + before);
                }
                (before, after, output)
            }
        };
        sides[3 - count + index] =
            Side { input, output, kernel: kernel[index], stride, dilation, before, after };
    }
    Ok(Window { sides, channels_last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_is_where_positions_are() {
        for (stride, dilation, before, kernel) in
            [(1, 1, 0, 3), (2, 1, 1, 3), (3, 2, 2, 3), (1, 3, 4, 5), (2, 2, 0, 1), (1, 1, 9, 2)]
        {
            let side = Side { input: 7, output: 9, kernel, stride, dilation, before, after: 9 };
            for k in 0..kernel {
                let expected: Vec<usize> = (0..9).filter(|out| side.position(*out, k).is_some()).collect();
                assert_eq!(side.inside(k).collect::<Vec<_>>(), expected, "{side:?} {k}");
            }
        }
    }
}
