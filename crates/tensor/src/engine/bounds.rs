//! Numbers that depend on the record and are known all the same: the smaller of 5 and what is at least 5 is 5.
//!
//! Keras says so how many categories it counts: `Minimum(size, Maximum(size, …))`.

use crate::engine::trace::{Traced, Tracer};
use crate::graph::Node;

impl Tracer<'_> {
    /// Follows `Maximum` and `Minimum` of a single whole number and a constant; `None` if it has to be computed.
    pub(super) fn bounded(&mut self, node: &Node, inputs: &[Option<Traced>]) -> Option<Vec<Traced>> {
        let [Some(first), Some(second)] = inputs else { return None };
        if &*node.operator != "Minimum" {
            return None;
        }
        let (most, constant, operand) = constant_and_operand(first, second)?;
        let least = self.at_least.get(&operand)?;
        (*least >= most).then(|| vec![constant])
    }

    /// Remembers what the result of a `Maximum` is at least.
    pub(super) fn bound(&mut self, node: &Node, inputs: &[Option<Traced>], outputs: &[Traced]) {
        let ([Some(first), Some(second)], [Traced::Runtime(result)]) = (inputs, outputs) else { return };
        if &*node.operator != "Maximum" {
            return;
        }
        if let Some((least, _, _)) = constant_and_operand(first, second) {
            self.at_least.insert(result.buffer, least);
        }
    }
}

/// Of a constant and a value of the record, both one whole number without dimensions: the constant, and the value's buffer.
fn constant_and_operand(first: &Traced, second: &Traced) -> Option<(i64, Traced, usize)> {
    let (constant, operand) = match (first, second) {
        (Traced::Constant(_), Traced::Runtime(operand)) => (first, operand),
        (Traced::Runtime(operand), Traced::Constant(_)) => (second, operand),
        _ => return None,
    };
    let Traced::Constant(tensor) = constant else { return None };
    let single = tensor.element.is_integer() && tensor.shape.is_empty();
    if !single || operand.tensor_type != tensor.tensor_type() {
        return None;
    }
    Some((*tensor.data.i64().first()?, constant.clone(), operand.buffer))
}
