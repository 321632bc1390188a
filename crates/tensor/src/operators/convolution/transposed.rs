//! Transposed convolutions: every input element spreads its window over the output.

use scorewheel_model::ModelError;

use super::build::Convolution;
use crate::element::Storage;
use crate::error::invalid;
use crate::gemm::Number;
use crate::graph::Domain;
use crate::operators::context::{check_shape, length};
use crate::operators::window::{Side, Window, space_of};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// `ConvTranspose`, `Conv2DBackpropInput`: every input element spreads its window over the output.
pub(crate) fn transposed(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let tensorflow = context.node.domain == Domain::TensorFlow;
    let input_at = if tensorflow { 2 } else { 0 };
    let (input, weights) = (context.input(input_at)?, context.input(1)?);
    context.same_elements(&[input_at, 1])?;
    context.storage(input_at, &[Storage::F32, Storage::F64])?;
    let (space, channels, channels_last) = space_of(context, input.shape())?;
    let count = space.len();
    let weights_shape = weights.shape();
    if weights_shape.len() != input.rank() {
        return Err(invalid(format!("weights of {weights_shape:?} for {:?}", input.shape())));
    }
    let groups = length(context.attributes().integer_or("group", 1)?, "group")?.max(1);
    // ONNX: inputs × outputs of a group × window. TensorFlow: window × outputs × inputs.
    let (kernel, outputs, weight_inputs) = if tensorflow {
        (weights_shape[..count].to_vec(), weights_shape[count], weights_shape[count + 1])
    } else {
        (weights_shape[2..].to_vec(), weights_shape[1], weights_shape[0])
    };
    if weight_inputs != channels || channels % groups != 0 {
        return Err(invalid(format!("weights of {weights_shape:?} for {channels} channels")));
    }
    let target = transposed_space(context, &space, &kernel, channels_last)?;
    // The window as the convolution in the other direction sees it: from the output here to the input here.
    let sides = transposed_sides(context, &space, &target, &kernel, channels_last)?;
    let window = Window { sides, channels_last };
    let shape = {
        let all = groups * outputs;
        let mut shape = vec![input.shape()[0]];
        if channels_last {
            shape.extend(&target);
            shape.push(all);
        } else {
            shape.push(all);
            shape.extend(&target);
        }
        shape
    };
    check_shape(&shape)?;
    let batch = input.shape()[0];
    let inputs_a_group = channels / groups;
    let has_bias = !tensorflow && context.optional(2).is_some();
    if has_bias && context.input(2)?.shape() != [groups * outputs] {
        return Err(invalid("a bias that is not one number a channel"));
    }
    let output = TensorType::new(input.element(), shape);
    let spread = Spread { window, batch, groups, inputs: inputs_a_group, outputs, tensorflow };
    Ok(match input.element().storage() {
        Storage::F32 => Computation::one(output, move |inputs, outputs, _| {
            let bias = if has_bias { Some(inputs[2].f32()) } else { None };
            spread.run(inputs[input_at].f32(), inputs[1].f32(), bias, outputs[0].f32_mut());
            Ok(())
        }),
        _ => Computation::one(output, move |inputs, outputs, _| {
            let bias = if has_bias { Some(inputs[2].f64()) } else { None };
            spread.run(inputs[input_at].f64(), inputs[1].f64(), bias, outputs[0].f64_mut());
            Ok(())
        }),
    })
}

fn spatial(
    context: &NodeContext<'_>,
    name: &str,
    count: usize,
    channels_last: bool,
    default: usize,
) -> Result<Vec<usize>, ModelError> {
    let Some(stated) = context.attributes().integers(name)?.filter(|stated| !stated.is_empty()) else {
        return Ok(vec![default; count]);
    };
    let stated = match stated.len() {
        len if len == count => stated,
        len if len == count + 2 && channels_last => &stated[1..=count],
        len if len == count + 2 => &stated[2..],
        len => return Err(invalid(format!("{name:?} has {len} entries for {count} dimensions"))),
    };
    stated.iter().map(|value| length(*value, name)).collect()
}

/// The space that a transposed convolution fills.
fn transposed_space(
    context: &NodeContext<'_>,
    space: &[usize],
    kernel: &[usize],
    channels_last: bool,
) -> Result<Vec<usize>, ModelError> {
    let count = space.len();
    if context.node.domain == Domain::TensorFlow {
        let sizes = context.integers(0, "the size of the output")?;
        let sizes = sizes.iter().map(|size| length(*size, "a dimension")).collect::<Result<Vec<_>, _>>()?;
        return match sizes.len() {
            len if len == count => Ok(sizes),
            len if len == count + 2 && channels_last => Ok(sizes[1..=count].to_vec()),
            len if len == count + 2 => Ok(sizes[2..].to_vec()),
            _ => Err(invalid("the size of the output has another number of dimensions")),
        };
    }
    if let Some(stated) = context.attributes().integers("output_shape")?.filter(|stated| !stated.is_empty()) {
        let stated = &stated[stated.len().saturating_sub(count)..];
        return stated.iter().map(|size| length(*size, "a dimension")).collect();
    }
    let strides = spatial(context, "strides", count, channels_last, 1)?;
    let dilations = spatial(context, "dilations", count, channels_last, 1)?;
    let extra = spatial(context, "output_padding", count, channels_last, 0)?;
    let same = context.attributes().text("auto_pad")?.is_some_and(|text| text.starts_with("SAME"));
    let pads = spatial_pads(context, count)?;
    (0..count)
        .map(|index| {
            if same {
                return Ok(space[index] * strides[index]);
            }
            let full = space[index].saturating_sub(1) * strides[index]
                + extra[index]
                + (kernel[index].saturating_sub(1)) * dilations[index]
                + 1;
            let (before, after) = pads[index];
            full.checked_sub(before + after).ok_or_else(|| invalid("more border is cut off than there is"))
        })
        .collect()
}

fn spatial_pads(context: &NodeContext<'_>, count: usize) -> Result<Vec<(usize, usize)>, ModelError> {
    match context.attributes().integers("pads")? {
        None => Ok(vec![(0, 0); count]),
        Some(list) if list.len() == 2 * count => (0..count)
            .map(|index| Ok((length(list[index], "a pad")?, length(list[index + count], "a pad")?)))
            .collect(),
        Some(_) => Err(invalid("too few pads")),
    }
}

fn transposed_sides(
    context: &NodeContext<'_>,
    space: &[usize],
    target: &[usize],
    kernel: &[usize],
    channels_last: bool,
) -> Result<[Side; 3], ModelError> {
    let count = space.len();
    let strides = spatial(context, "strides", count, channels_last, 1)?;
    let dilations = spatial(context, "dilations", count, channels_last, 1)?;
    let extra = spatial(context, "output_padding", count, channels_last, 0)?;
    let pads = spatial_pads(context, count)?;
    let attributes = context.attributes();
    let (auto, explicit) = if context.node.domain == Domain::TensorFlow {
        let text = attributes.text("padding")?.map(|text| &**text);
        (text == Some("SAME"), text == Some("EXPLICIT"))
    } else {
        let stated_shape = attributes.integers("output_shape")?.is_some_and(|list| !list.is_empty());
        let auto = attributes.text("auto_pad")?.is_some_and(|text| text.starts_with("SAME"));
        (auto || stated_shape, !auto && !stated_shape)
    };
    let lower = attributes.text("auto_pad")?.is_some_and(|text| &**text == "SAME_LOWER");
    let mut sides = [Side::NONE; 3];
    for index in 0..count {
        if strides[index] == 0 || kernel[index] == 0 || dilations[index] == 0 {
            return Err(invalid("a stride or kernel of 0"));
        }
        let full = space[index].saturating_sub(1) * strides[index]
            + extra[index]
            + (kernel[index] - 1) * dilations[index]
            + 1;
        let before = if auto {
            let total = full.saturating_sub(target[index]);
            // The output loses more at the end unless the border is longer at the front.
            if lower { total - total / 2 } else { total / 2 }
        } else if explicit && context.node.domain == Domain::TensorFlow {
            let list = attributes.integers("explicit_paddings")?.unwrap_or_default();
            let at = 2 * (index + if channels_last { 1 } else { 2 });
            length(list.get(at).copied().unwrap_or(0), "a pad")?
        } else {
            pads[index].0
        };
        sides[3 - count + index] = Side {
            input: target[index],
            output: space[index],
            kernel: kernel[index],
            stride: strides[index],
            dilation: dilations[index],
            before,
            after: 0,
        };
    }
    Ok(sides)
}

/// A transposed convolution: `window.output` is the space of the input, `window.input` that of the output.
#[derive(Clone, Copy)]
struct Spread {
    window: Window,
    batch: usize,
    groups: usize,
    inputs: usize,
    outputs: usize,
    tensorflow: bool,
}

impl Spread {
    fn run<T: Number>(&self, input: &[T], weights: &[T], bias: Option<&[T]>, out: &mut [T]) {
        let Self { window, groups, inputs, outputs, .. } = *self;
        let (from, to) = (window.output_len(), window.input_len());
        let points = window.kernel_len();
        let (in_channels, out_channels) = (groups * inputs, groups * outputs);
        out.fill(T::default());
        let convolution = Convolution { window, batch: 1, groups, inputs, outputs };
        for batch in 0..self.batch {
            let input = &input[batch * from * in_channels..(batch + 1) * from * in_channels];
            let out = &mut out[batch * to * out_channels..(batch + 1) * to * out_channels];
            let mut visited = 0;
            convolution.each_position(|place| {
                let (position, point) = (visited / points, visited % points);
                visited += 1;
                let Some(place) = place else { return };
                for group in 0..groups {
                    for channel in 0..inputs {
                        let channel = group * inputs + channel;
                        let value = if window.channels_last {
                            input[position * in_channels + channel]
                        } else {
                            input[channel * from + position]
                        };
                        for output in 0..outputs {
                            let weight = if self.tensorflow {
                                weights[(point * outputs + output) * in_channels + channel]
                            } else {
                                weights[(channel * outputs + output) * points + point]
                            };
                            let target = group * outputs + output;
                            let at = if window.channels_last {
                                place * out_channels + target
                            } else {
                                target * to + place
                            };
                            out[at] = out[at] + value * weight;
                        }
                    }
                }
            });
            if let Some(bias) = bias {
                for (at, out) in out.iter_mut().enumerate() {
                    let channel = if window.channels_last { at % out_channels } else { at / to };
                    *out = *out + bias[channel];
                }
            }
        }
    }
}
