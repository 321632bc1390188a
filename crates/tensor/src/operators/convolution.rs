//! Convolutions, as matrix products over windows laid out in panels.

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::element::Storage;
use crate::error::{invalid, too_large};
use crate::gemm::{Number, PANEL, Panels, multiply};
use crate::graph::Domain;
use crate::operators::context::{check_shape, length};
use crate::operators::window::{Window, space_of, window};
use crate::operators::{Buffers, Built, Computation, Kernel, NodeContext, Workspace};
use crate::simd::vectorised;
use crate::tensor::TensorType;

/// A convolution with everything about shapes known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Convolution {
    pub window: Window,
    pub batch: usize,
    pub groups: usize,
    /// Channels of a group.
    pub inputs: usize,
    pub outputs: usize,
}

/// `Conv`, `Conv2D`, `Conv3D`, `DepthwiseConv2dNative`.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    context.storage(0, &[Storage::F32, Storage::F64])?;
    context.same_elements(&[0, 1])?;
    let convolution = describe(context)?;
    let channels = convolution.groups * convolution.outputs;
    let bias = match context.node.domain {
        Domain::Onnx => context.optional(2),
        _ => None,
    };
    if let Some(bias) = bias
        && (bias.shape() != [channels] || bias.element() != input.element())
    {
        return Err(invalid(format!("a bias of {} for {channels} channels", bias.tensor_type)));
    }
    let has_bias = bias.is_some();
    let shape = convolution.window.output_shape(convolution.batch, channels, input.rank());
    check_shape(&shape)?;
    let output = TensorType::new(input.element(), shape);
    let kernel = match input.element().storage() {
        Storage::F32 => {
            kernel(convolution, context, has_bias, Data::f32, Data::f32_mut, |memory| &mut memory.f32)?
        }
        _ => kernel(convolution, context, has_bias, Data::f64, Data::f64_mut, |memory| &mut memory.f64)?,
    };
    Ok(Built::Compute(Computation { outputs: vec![output], kernel, row_form: None }))
}

/// The shapes of a convolution.
pub(crate) fn describe(context: &NodeContext<'_>) -> Result<Convolution, ModelError> {
    let weights_at = if context.operator() == "QLinearConv" { 3 } else { 1 };
    let (input, weights) = (context.input(0)?, context.input(weights_at)?);
    let (space, channels, channels_last) = space_of(context, input.shape())?;
    let weights_shape = weights.shape();
    if weights_shape.len() != input.rank() {
        return Err(invalid(format!("weights of {weights_shape:?} for {:?}", input.shape())));
    }
    let count = space.len();
    let (kernel, inputs, outputs, groups) = if context.node.domain == Domain::TensorFlow {
        let (kernel, rest) = weights_shape.split_at(count);
        let (inputs, outputs) = (rest[0], rest[1]);
        if context.operator() == "DepthwiseConv2dNative" {
            (kernel.to_vec(), 1, outputs, channels)
        } else {
            let groups = channels.checked_div(inputs).unwrap_or(0).max(1);
            (kernel.to_vec(), inputs, outputs / groups, groups)
        }
    } else {
        let groups = length(context.attributes().integer_or("group", 1)?, "group")?.max(1);
        (weights_shape[2..].to_vec(), weights_shape[1], weights_shape[0] / groups, groups)
    };
    let all_outputs = if context.node.domain == Domain::TensorFlow {
        if context.operator() == "DepthwiseConv2dNative" {
            weights_shape[count] * weights_shape[count + 1]
        } else {
            weights_shape[count + 1]
        }
    } else {
        weights_shape[0]
    };
    if inputs.checked_mul(groups) != Some(channels) || outputs.checked_mul(groups) != Some(all_outputs) {
        return Err(invalid(format!(
            "weights of {weights_shape:?} in {groups} groups for {channels} channels"
        )));
    }
    let window = window(context, &space, &kernel, channels_last)?;
    Ok(Convolution { window, batch: input.shape()[0], groups, inputs, outputs })
}

type Get<T> = fn(&Data) -> &[T];
type GetMut<T> = fn(&mut Data) -> &mut [T];
type Memory<T> = fn(&mut Workspace) -> &mut Buffers<T>;

fn kernel<T: Number + 'static>(
    convolution: Convolution,
    context: &NodeContext<'_>,
    has_bias: bool,
    get: Get<T>,
    get_mut: GetMut<T>,
    memory: Memory<T>,
) -> Result<Kernel, ModelError> {
    let tensorflow = context.node.domain == Domain::TensorFlow;
    let prepared = context
        .input(1)?
        .constant
        .as_ref()
        .map(|weights| Weights::new(&convolution, get(&weights.data), tensorflow));
    check_size(&convolution)?;
    Ok(Box::new(move |inputs, outputs, workspace| {
        let made;
        let weights = match &prepared {
            Some(weights) => weights,
            None => {
                made = Weights::new(&convolution, get(inputs[1]), tensorflow);
                &made
            }
        };
        let out = get_mut(&mut outputs[0]);
        convolution.run(get(inputs[0]), weights, out, memory(workspace));
        if has_bias {
            convolution.add_bias(get(inputs[2]), out);
        }
        Ok(())
    }))
}

/// Refuses windows laid out that take more memory than any tensor may.
fn check_size(convolution: &Convolution) -> Result<(), ModelError> {
    let window = &convolution.window;
    let elements = window.kernel_len().saturating_mul(convolution.inputs).saturating_mul(window.output_len());
    if elements > 1 << 30 {
        return Err(too_large("the windows of a convolution take too much memory"));
    }
    Ok(())
}

/// Weights as the kernel takes them.
pub(crate) enum Weights<T> {
    /// One window a channel, `[window][channel]` or `[channel][window]` as channels come last or not.
    Depthwise(Vec<T>),
    /// Channels last: a matrix a group, `window · inputs × outputs`.
    Panels(Vec<Panels<T>>),
    /// Channels first: rows of `inputs · window`, one an output channel.
    Rows(Vec<T>),
}

impl<T: Number> Weights<T> {
    /// Brings weights into the kernel's order; TensorFlow writes them as `window × inputs × outputs`.
    pub fn new(convolution: &Convolution, weights: &[T], tensorflow: bool) -> Self {
        let Convolution { window, groups, inputs, outputs, .. } = *convolution;
        let points = window.kernel_len();
        let depthwise = inputs == 1 && outputs == 1;
        // The weight of an output channel at a point of the window for an input channel of its group.
        let at = |group: usize, output: usize, input: usize, point: usize| -> T {
            if !tensorflow {
                weights[((group * outputs + output) * inputs + input) * points + point]
            } else if inputs == 1 && groups > 1 {
                weights[point * groups * outputs + group * outputs + output]
            } else {
                weights[(point * inputs + input) * groups * outputs + group * outputs + output]
            }
        };
        if depthwise && groups > 1 {
            let mut ordered = Vec::with_capacity(groups * points);
            if window.channels_last {
                (0..points).for_each(|point| ordered.extend((0..groups).map(|group| at(group, 0, 0, point))));
            } else {
                (0..groups).for_each(|group| ordered.extend((0..points).map(|point| at(group, 0, 0, point))));
            }
            return Self::Depthwise(ordered);
        }
        if window.channels_last {
            let panels = (0..groups).map(|group| {
                let mut matrix = Vec::with_capacity(points * inputs * outputs);
                for point in 0..points {
                    for input in 0..inputs {
                        matrix.extend((0..outputs).map(|output| at(group, output, input, point)));
                    }
                }
                Panels::of(&matrix, points * inputs, outputs)
            });
            return Self::Panels(panels.collect());
        }
        let mut rows = Vec::with_capacity(groups * outputs * inputs * points);
        for group in 0..groups {
            for output in 0..outputs {
                for input in 0..inputs {
                    rows.extend((0..points).map(|point| at(group, output, input, point)));
                }
            }
        }
        Self::Rows(rows)
    }
}

impl Convolution {
    /// Computes all outputs.
    pub fn run<T: Number>(&self, input: &[T], weights: &Weights<T>, out: &mut [T], memory: &mut Buffers<T>) {
        let (from, to) = (self.window.input_len(), self.window.output_len());
        let (in_channels, out_channels) = (self.groups * self.inputs, self.groups * self.outputs);
        for batch in 0..self.batch {
            let input = &input[batch * from * in_channels..(batch + 1) * from * in_channels];
            let out = &mut out[batch * to * out_channels..(batch + 1) * to * out_channels];
            match weights {
                Weights::Depthwise(weights) if self.window.channels_last => {
                    vectorised(
                        #[inline(always)]
                        || self.depthwise_last(input, weights, out),
                    );
                }
                Weights::Depthwise(weights) => {
                    vectorised(
                        #[inline(always)]
                        || self.depthwise_first(input, weights, out),
                    );
                }
                Weights::Panels(panels) => self.channels_last(input, panels, out, memory),
                Weights::Rows(rows) => self.channels_first(input, rows, out, memory),
            }
        }
    }

    /// Adds a number to every channel.
    pub fn add_bias<T: Number>(&self, bias: &[T], out: &mut [T]) {
        let positions = self.window.output_len();
        if self.window.channels_last {
            for out in out.chunks_exact_mut(bias.len().max(1)) {
                out.iter_mut().zip(bias).for_each(|(out, bias)| *out = *out + *bias);
            }
        } else {
            for (out, bias) in out.chunks_exact_mut(positions.max(1)).zip(bias.iter().cycle()) {
                out.iter_mut().for_each(|out| *out = *out + *bias);
            }
        }
    }

    #[inline(always)]
    fn depthwise_last<T: Number>(&self, input: &[T], weights: &[T], out: &mut [T]) {
        let channels = self.groups;
        let [deep, rows, columns] = self.window.sides;
        let mut at = 0;
        for d in 0..deep.output {
            for r in 0..rows.output {
                for c in 0..columns.output {
                    let out = &mut out[at..at + channels];
                    at += channels;
                    out.fill(T::default());
                    let mut point = 0;
                    for kd in 0..deep.kernel {
                        for kr in 0..rows.kernel {
                            for kc in 0..columns.kernel {
                                let place = deep
                                    .position(d, kd)
                                    .zip(rows.position(r, kr))
                                    .zip(columns.position(c, kc));
                                if let Some(((d, r), c)) = place {
                                    let from = ((d * rows.input + r) * columns.input + c) * channels;
                                    let input = &input[from..from + channels];
                                    let weights = &weights[point * channels..(point + 1) * channels];
                                    for ((out, x), w) in out.iter_mut().zip(input).zip(weights) {
                                        *out = *out + *x * *w;
                                    }
                                }
                                point += 1;
                            }
                        }
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn depthwise_first<T: Number>(&self, input: &[T], weights: &[T], out: &mut [T]) {
        let [deep, rows, columns] = self.window.sides;
        let points = self.window.kernel_len();
        let (from, to) = (self.window.input_len(), self.window.output_len());
        for channel in 0..self.groups {
            let input = &input[channel * from..(channel + 1) * from];
            let weights = &weights[channel * points..(channel + 1) * points];
            let out = &mut out[channel * to..(channel + 1) * to];
            for (line, out) in out.chunks_exact_mut(columns.output.max(1)).enumerate() {
                let (d, r) = (line / rows.output, line % rows.output);
                out.fill(T::default());
                for kd in 0..deep.kernel {
                    for kr in 0..rows.kernel {
                        let Some((d, r)) = deep.position(d, kd).zip(rows.position(r, kr)) else { continue };
                        let start = (d * rows.input + r) * columns.input;
                        let input = &input[start..start + columns.input];
                        for kc in 0..columns.kernel {
                            let weight = weights[(kd * rows.kernel + kr) * columns.kernel + kc];
                            let inside = columns.inside(kc);
                            if inside.is_empty() {
                                continue;
                            }
                            let first =
                                inside.start * columns.stride + kc * columns.dilation - columns.before;
                            let out = &mut out[inside];
                            if columns.stride == 1 {
                                let input = &input[first..first + out.len()];
                                for (out, x) in out.iter_mut().zip(input) {
                                    *out = *out + *x * weight;
                                }
                            } else {
                                for (out, x) in
                                    out.iter_mut().zip(input[first..].iter().step_by(columns.stride))
                                {
                                    *out = *out + *x * weight;
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn channels_last<T: Number>(
        &self,
        input: &[T],
        panels: &[Panels<T>],
        out: &mut [T],
        memory: &mut Buffers<T>,
    ) {
        let positions = self.window.output_len();
        if self.groups == 1 && self.window.is_point() {
            multiply(input, positions, &panels[0], out);
            return;
        }
        let (in_channels, out_channels) = (self.groups * self.inputs, self.groups * self.outputs);
        let width = self.window.kernel_len() * self.inputs;
        for (group, panels) in panels.iter().enumerate() {
            let Buffers { elements, results, .. } = memory;
            elements.clear();
            elements.reserve(positions * width);
            self.each_position(|place| match place {
                Some(place) => {
                    let start = place * in_channels + group * self.inputs;
                    elements.extend_from_slice(&input[start..start + self.inputs]);
                }
                None => elements.extend(std::iter::repeat_n(T::default(), self.inputs)),
            });
            if self.groups == 1 {
                multiply(elements, positions, panels, out);
                continue;
            }
            results.clear();
            results.resize(positions * self.outputs, T::default());
            multiply(elements, positions, panels, results);
            for (position, results) in results.chunks_exact(self.outputs.max(1)).enumerate() {
                let start = position * out_channels + group * self.outputs;
                out[start..start + self.outputs].copy_from_slice(results);
            }
        }
    }

    /// Calls `visit` for every element of every window: its place in the input, or `None` in the border.
    fn each_position(&self, mut visit: impl FnMut(Option<usize>)) {
        let [deep, rows, columns] = self.window.sides;
        for d in 0..deep.output {
            for r in 0..rows.output {
                for c in 0..columns.output {
                    for kd in 0..deep.kernel {
                        let d = deep.position(d, kd);
                        for kr in 0..rows.kernel {
                            let r = rows.position(r, kr);
                            for kc in 0..columns.kernel {
                                let place = d.zip(r).zip(columns.position(c, kc));
                                visit(place.map(|((d, r), c)| (d * rows.input + r) * columns.input + c));
                            }
                        }
                    }
                }
            }
        }
    }

    fn channels_first<T: Number>(&self, input: &[T], weights: &[T], out: &mut [T], memory: &mut Buffers<T>) {
        let (from, to) = (self.window.input_len(), self.window.output_len());
        let width = self.window.kernel_len() * self.inputs;
        for group in 0..self.groups {
            let input = &input[group * self.inputs * from..(group + 1) * self.inputs * from];
            let out = &mut out[group * self.outputs * to..(group + 1) * self.outputs * to];
            let weights = &weights[group * self.outputs * width..(group + 1) * self.outputs * width];
            if self.window.is_point() {
                memory.panels.pack(input, self.inputs, to, to, 1);
            } else {
                self.lay_out(input, &mut memory.panels);
            }
            multiply(weights, self.outputs, &memory.panels, out);
        }
    }

    /// Lays windows out as columns of panels: a row an element of the window and channel.
    fn lay_out<T: Number>(&self, input: &[T], panels: &mut Panels<T>) {
        let [deep, rows, columns] = self.window.sides;
        let from = self.window.input_len();
        let k = self.window.kernel_len() * self.inputs;
        panels.clear(k, self.window.output_len());
        let mut row = 0;
        for channel in 0..self.inputs {
            let input = &input[channel * from..(channel + 1) * from];
            for kd in 0..deep.kernel {
                for kr in 0..rows.kernel {
                    for kc in 0..columns.kernel {
                        let inside = columns.inside(kc);
                        for line in 0..deep.output * rows.output {
                            let (d, r) = (line / rows.output, line % rows.output);
                            let Some((d, r)) = deep.position(d, kd).zip(rows.position(r, kr)) else {
                                continue;
                            };
                            if inside.is_empty() {
                                continue;
                            }
                            let start = (d * rows.input + r) * columns.input;
                            let first =
                                inside.start * columns.stride + kc * columns.dilation - columns.before;
                            let source = &input[start + first..start + columns.input];
                            let target = line * columns.output + inside.start;
                            panels.fill_row(row, target, inside.len(), source, columns.stride);
                        }
                        row += 1;
                    }
                }
            }
        }
    }
}

impl<T: Number> Panels<T> {
    /// Makes all elements of a `k × n` matrix zero.
    fn clear(&mut self, k: usize, n: usize) {
        self.resize_zeroed(k, n);
    }

    /// Fills `len` columns of a row, from column `first` on, with every `stride`-th element of `source`.
    #[inline]
    fn fill_row(&mut self, row: usize, first: usize, len: usize, source: &[T], stride: usize) {
        let k = self.rows();
        let (mut column, end, mut from) = (first, first + len, 0);
        while column < end {
            let panel = column / PANEL;
            let within = column % PANEL;
            let run = (PANEL - within).min(end - column);
            let target = &mut self.panel_row_mut(panel * k + row)[within..within + run];
            if stride == 1 {
                target.copy_from_slice(&source[from..from + run]);
            } else {
                for (index, target) in target.iter_mut().enumerate() {
                    *target = source[from + index * stride];
                }
            }
            from += run * stride;
            column += run;
        }
    }
}

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
) -> Result<[crate::operators::window::Side; 3], ModelError> {
    use crate::operators::window::Side;
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
