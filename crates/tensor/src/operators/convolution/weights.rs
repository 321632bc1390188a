//! Weights as the kernels take them.

use super::build::Convolution;
use crate::gemm::{Number, Panels};

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
