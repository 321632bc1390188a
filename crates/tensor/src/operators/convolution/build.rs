//! From a node to a convolution with everything about shapes known.

use scorewheel_model::ModelError;

use super::fixed::FixedConvolution;
use super::weights::Weights;
use crate::data::Data;
use crate::element::Storage;
use crate::error::{invalid, too_large};
use crate::gemm::Number;
use crate::graph::Domain;
use crate::operators::context::{check_shape, length};
use crate::operators::window::{Window, space_of, window};
use crate::operators::{Buffers, Built, Computation, Fusion, Kernel, NodeContext, Workspace};
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
    let fusion =
        FixedConvolution::of(convolution, context)?.map(|fixed| Fusion::Convolution(Box::new(fixed)));
    Ok(Built::Compute(Computation { outputs: vec![output], kernel, row_form: None, fusion }))
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
