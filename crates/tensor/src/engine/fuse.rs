//! Convolutions take in what follows them: factors and summands of channels go into their weights, bounds into their
//! last pass, so that a normalised and bounded convolution is one step.

use crate::engine::trace::{Operand, Source, Trace, Traced, TracedStep};
use crate::operators::Fusion;

/// Joins steps.
pub(crate) fn fuse(trace: &mut Trace) {
    let mut readers: Vec<usize> = vec![0; trace.buffers];
    // Of a value that is read once: by which step.
    let mut reader = vec![None; trace.buffers];
    for (index, step) in trace.steps.iter().enumerate() {
        step.inputs.iter().filter_map(operand_of).for_each(|operand| reader[operand.buffer] = Some(index));
    }
    let read = trace.steps.iter().flat_map(|step| &step.inputs).filter_map(operand_of);
    let given = trace.outputs.iter().filter_map(|output| match output {
        Traced::Runtime(operand) => Some(operand),
        _ => None,
    });
    read.chain(given).for_each(|operand| readers[operand.buffer] += 1);
    let mut gone = vec![false; trace.steps.len()];
    for at in 0..trace.steps.len() {
        let Some(Fusion::Convolution(mut fixed)) = trace.steps[at].fusion.take() else { continue };
        let mut result = trace.steps[at].outputs[0].clone();
        let mut taken = false;
        while readers[result.buffer] == 1 {
            let Some(next) = reader[result.buffer] else { break };
            let step = &trace.steps[next];
            let alone = step.outputs.iter().skip(1).all(|output| readers[output.buffer] == 0);
            let fits = alone && fusion_of(step, &result, fixed.channels()).is_some_and(|f| fixed.take_in(&f));
            if !fits {
                break;
            }
            result = step.outputs[0].clone();
            (gone[next], taken) = (true, true);
        }
        if taken {
            let step = &mut trace.steps[at];
            step.outputs = vec![result];
            step.inputs.truncate(1);
            step.kernel = fixed.into_kernel();
        }
    }
    let mut gone = gone.into_iter();
    trace.steps.retain(|_| !gone.next().unwrap_or(false));
}

fn operand_of(source: &Source) -> Option<&Operand> {
    match source {
        Source::Operand(operand) => Some(operand),
        _ => None,
    }
}

/// What a step is to the convolution that gives it `input`.
fn fusion_of(step: &TracedStep, input: &Operand, channels: usize) -> Option<Fusion> {
    let same =
        |source: &Source| operand_of(source).is_some_and(|operand| operand.tensor_type == input.tensor_type);
    if step.outputs[0].tensor_type != input.tensor_type {
        return None;
    }
    match &step.fusion {
        Some(Fusion::Clamp { low, high }) if same(&step.inputs[0]) => {
            return Some(Fusion::Clamp { low: *low, high: *high });
        }
        Some(Fusion::Affine { scale, shift }) if same(&step.inputs[0]) => {
            return Some(Fusion::Affine { scale: scale.clone(), shift: shift.clone() });
        }
        _ => {}
    }
    // A number a channel, or one for all, on either side.
    let constant = match step.inputs.as_slice() {
        [value, Source::Constant(constant)] | [Source::Constant(constant), value] if same(value) => constant,
        _ => return None,
    };
    let (numbers, shape) = (constant.data.f32(), constant.shape.as_slice());
    let of_channels = numbers.len() == 1 || numbers.len() == channels && shape.last() == Some(&channels);
    if !of_channels || numbers.is_empty() {
        return None;
    }
    let numbers = (0..channels).map(|channel| numbers[channel % numbers.len()]).collect();
    match &*step.operator {
        "Mul" => Some(Fusion::Affine { scale: numbers, shift: vec![0.0; channels] }),
        "Add" | "AddV2" | "BiasAdd" => Some(Fusion::Affine { scale: vec![1.0; channels], shift: numbers }),
        _ => None,
    }
}
