//! Convolutions, as matrix products over windows laid out in panels.

use scorewheel_trees::vectorised;
use smallvec::SmallVec;

use super::build::Convolution;
use super::weights::Weights;
use crate::gemm::{Number, PANEL, Panels, multiply};
use crate::operators::Buffers;

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
        // Where the elements of a window that are not in the border start: in the input, and among the weights.
        let mut inside: SmallVec<[(usize, usize); 32]> = SmallVec::new();
        let mut outputs = out.chunks_exact_mut(channels.max(1));
        for d in 0..deep.output {
            for r in 0..rows.output {
                for c in 0..columns.output {
                    inside.clear();
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
                                    inside.push((from, point * channels));
                                }
                                point += 1;
                            }
                        }
                    }
                    let Some(out) = outputs.next() else { return };
                    let mut first = 0;
                    while first + 32 <= channels {
                        some_channels::<T, 32>(input, weights, &inside, first, out);
                        first += 32;
                    }
                    while first + 8 <= channels {
                        some_channels::<T, 8>(input, weights, &inside, first, out);
                        first += 8;
                    }
                    while first < channels {
                        some_channels::<T, 1>(input, weights, &inside, first, out);
                        first += 1;
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
        let out_channels = self.groups * self.outputs;
        let width = self.window.kernel_len() * self.inputs;
        for (group, panels) in panels.iter().enumerate() {
            let Buffers { elements, results, .. } = memory;
            elements.clear();
            elements.reserve(positions * width);
            self.lay_out_last(input, group, elements);
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

    /// Lays windows out one after the other, the channels of each element together.
    fn lay_out_last<T: Number>(&self, input: &[T], group: usize, out: &mut Vec<T>) {
        let [deep, rows, columns] = self.window.sides;
        let channels = self.groups * self.inputs;
        let nothing = |out: &mut Vec<T>, elements: usize| {
            out.extend(std::iter::repeat_n(T::default(), elements * self.inputs));
        };
        for d in 0..deep.output {
            for r in 0..rows.output {
                for c in 0..columns.output {
                    for kd in 0..deep.kernel {
                        for kr in 0..rows.kernel {
                            let Some((d, r)) = deep.position(d, kd).zip(rows.position(r, kr)) else {
                                nothing(out, columns.kernel);
                                continue;
                            };
                            let line = (d * rows.input + r) * columns.input;
                            let ends = (columns.position(c, 0), columns.position(c, columns.kernel - 1));
                            if let ((Some(first), Some(_)), 1, 1) = (ends, columns.dilation, self.groups) {
                                // A line of the window lies in one piece.
                                let start = (line + first) * channels;
                                out.extend_from_slice(&input[start..start + columns.kernel * channels]);
                                continue;
                            }
                            for kc in 0..columns.kernel {
                                match columns.position(c, kc) {
                                    Some(c) => {
                                        let start = (line + c) * channels + group * self.inputs;
                                        out.extend_from_slice(&input[start..start + self.inputs]);
                                    }
                                    None => nothing(out, 1),
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Calls `visit` for every element of every window: its place in the input, or `None` in the border.
    pub(super) fn each_position(&self, mut visit: impl FnMut(Option<usize>)) {
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

/// `N` channels of one position, from `first` on.
#[inline(always)]
fn some_channels<T: Number, const N: usize>(
    input: &[T],
    weights: &[T],
    inside: &[(usize, usize)],
    first: usize,
    out: &mut [T],
) {
    let mut sums = [T::default(); N];
    for (from, weight) in inside {
        let input = &input[from + first..from + first + N];
        let weights = &weights[weight + first..weight + first + N];
        for ((sum, x), w) in sums.iter_mut().zip(input).zip(weights) {
            *sum = x.multiply_add(*w, *sum);
        }
    }
    out[first..first + N].copy_from_slice(&sums);
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
