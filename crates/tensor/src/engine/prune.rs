//! Steps whose results nobody reads are left out, as the libraries do.

use crate::engine::trace::{Operand, Source, Traced, TracedStep};

/// Keeps the steps that the outputs depend on.
pub(crate) fn prune(steps: &mut Vec<TracedStep>, outputs: &[Traced], buffers: usize) {
    let mut read = vec![false; buffers];
    for output in outputs {
        if let Traced::Runtime(operand) = output {
            read[operand.buffer] = true;
        }
    }
    let mut needed: Vec<bool> = steps
        .iter()
        .rev()
        .map(|step| {
            let needed = step.outputs.iter().any(|output| read[output.buffer]);
            if needed {
                step.inputs.iter().filter_map(operand_of).for_each(|operand| read[operand.buffer] = true);
            }
            needed
        })
        .collect();
    steps.retain(|_| needed.pop().unwrap_or(true));
}

fn operand_of(source: &Source) -> Option<&Operand> {
    match source {
        Source::Operand(operand) => Some(operand),
        _ => None,
    }
}
