//! Convolutions whose weights are known, and what they take in: factors and summands of channels, bounds.

use std::borrow::Cow;
use std::sync::Arc;

use scorewheel_model::ModelError;
use scorewheel_trees::vectorised;

use super::build::Convolution;
use super::weights::Weights;
use crate::graph::Domain;
use crate::operators::unary::clip;
use crate::operators::{Fusion, Kernel, NodeContext};
use crate::tensor::Tensor;

/// A convolution of f32 with its weights, channels last.
pub(crate) struct FixedConvolution {
    convolution: Convolution,
    /// As the file states them.
    weights: Arc<Tensor>,
    /// By what they are multiplied, one factor a channel, one list after another.
    scales: Vec<Vec<f32>>,
    tensorflow: bool,
    bias: Vec<f32>,
    bounds: Option<(f32, f32)>,
}

impl FixedConvolution {
    /// The convolution of a node; `None` if its weights are computed or its channels do not come last.
    pub fn of(convolution: Convolution, context: &NodeContext<'_>) -> Result<Option<Self>, ModelError> {
        let tensorflow = context.node.domain == Domain::TensorFlow;
        let Some(weights) = &context.input(1)?.constant else { return Ok(None) };
        if !convolution.window.channels_last || weights.data.f32().is_empty() {
            return Ok(None);
        }
        let channels = convolution.groups * convolution.outputs;
        let bias = match context.optional(2).filter(|_| !tensorflow) {
            None => vec![0.0; channels],
            Some(bias) => match &bias.constant {
                Some(bias) => bias.data.f32().to_vec(),
                None => return Ok(None),
            },
        };
        let (weights, scales) = (Arc::clone(weights), Vec::new());
        Ok(Some(Self { convolution, weights, scales, tensorflow, bias, bounds: None }))
    }

    /// Channels of the output.
    pub fn channels(&self) -> usize {
        self.bias.len()
    }

    /// Takes in what follows; false if it cannot.
    pub fn take_in(&mut self, next: &Fusion) -> bool {
        match next {
            Fusion::Clamp { low, high } if self.bounds.is_none() => {
                self.bounds = Some((*low, *high));
                true
            }
            Fusion::Affine { scale, shift } if self.bounds.is_none() => {
                let channels = self.channels();
                if scale.len() != channels || shift.len() != channels {
                    return false;
                }
                self.scales.push(scale.clone());
                for ((bias, scale), shift) in self.bias.iter_mut().zip(scale).zip(shift) {
                    *bias = *bias * scale + shift;
                }
                true
            }
            _ => false,
        }
    }

    /// What computes all of it.
    pub fn into_kernel(self) -> Kernel {
        let Self { convolution, weights, scales, tensorflow, bias, bounds } = self;
        let mut weights = Cow::Borrowed(weights.data.f32());
        let channels = bias.len();
        let of_one = weights.len() / channels.max(1);
        for scale in scales {
            for (at, weight) in weights.to_mut().iter_mut().enumerate() {
                // TensorFlow has the channels of the output last, ONNX first.
                *weight *= scale[if tensorflow { at % channels } else { at / of_one }];
            }
        }
        let weights = Weights::new(&convolution, &weights, tensorflow);
        let (low, high) = bounds.unwrap_or((f32::NEG_INFINITY, f32::INFINITY));
        Box::new(move |inputs, outputs, workspace| {
            let out = outputs[0].f32_mut();
            convolution.run(inputs[0].f32(), &weights, out, &mut workspace.f32);
            vectorised(
                #[inline(always)]
                || {
                    for out in out.chunks_exact_mut(bias.len().max(1)) {
                        for (out, bias) in out.iter_mut().zip(&bias) {
                            *out = clip(*out + bias, low, high);
                        }
                    }
                },
            );
            Ok(())
        })
    }
}
