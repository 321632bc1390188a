//! Sequences of ONNX (`SequenceConstruct` and its kin): lists of tensors, followed while tracing. How long one is and
//! which entry is read must follow from constants.

use std::collections::HashMap;
use std::sync::Arc;

use scorewheel_model::ModelError;

use crate::engine::control::{integer, subgraph};
use crate::engine::lists::type_of;
use crate::engine::trace::{Scope, Traced, Tracer};
use crate::error::{invalid, too_large, unsupported};
use crate::graph::{Attribute, Attributes, Domain, Node, Resource};
use crate::operators::context::axis;
use crate::tensor::Tensor;

/// Most parts of one tensor.
const PARTS: usize = 1 << 16;

impl Tracer<'_> {
    /// The outputs of a node that makes, changes or reads a sequence; `None` if it is none.
    pub(super) fn sequence(
        &mut self,
        node: &Node,
        inputs: &[Option<Traced>],
        scope: &Scope<'_>,
    ) -> Result<Option<Vec<Traced>>, ModelError> {
        let given = |index: usize| inputs.get(index).cloned().flatten();
        let operand = |index: usize| given(index).ok_or_else(|| invalid(format!("input {index} is missing")));
        Ok(Some(match &*node.operator {
            "SequenceEmpty" => vec![self.new_sequence(Vec::new())?],
            "SequenceConstruct" => {
                let entries = (0..inputs.len()).map(operand).collect::<Result<_, _>>()?;
                vec![self.new_sequence(entries)?]
            }
            "SequenceInsert" => {
                let mut entries = self.entries(&operand(0)?)?;
                let at = match given(2) {
                    Some(position) => place(&position, entries.len(), entries.len() + 1)?,
                    None => entries.len(),
                };
                entries.insert(at, operand(1)?);
                vec![self.new_sequence(entries)?]
            }
            "SequenceErase" => {
                let mut entries = self.entries(&operand(0)?)?;
                let at = match given(1) {
                    Some(position) => place(&position, entries.len(), entries.len())?,
                    None => entries.len().checked_sub(1).ok_or_else(|| invalid("an empty sequence"))?,
                };
                entries.remove(at);
                vec![self.new_sequence(entries)?]
            }
            "SequenceAt" => {
                let mut entries = self.entries(&operand(0)?)?;
                let at = place(&operand(1)?, entries.len(), entries.len())?;
                vec![entries.swap_remove(at)]
            }
            "SequenceLength" => {
                let length = self.entries(&operand(0)?)?.len() as i64;
                vec![Traced::Constant(Arc::new(Tensor::i64(&[], vec![length])))]
            }
            "SequenceMap" => self.map_sequence(node, inputs, scope)?,
            "SplitToSequence" => {
                let parts = self.parts(node, operand(0)?, given(1))?;
                vec![self.new_sequence(parts)?]
            }
            "ConcatFromSequence" => {
                let entries = self.entries(&operand(0)?)?;
                let joined = node.attributes.integer("axis")?;
                let joined = joined.ok_or_else(|| invalid("the attribute \"axis\" is missing"))?;
                if entries.is_empty() {
                    return Err(invalid("an empty sequence has nothing to join"));
                }
                if node.attributes.flag_or("new_axis", false)? {
                    vec![self.stack(node, entries, joined)?]
                } else {
                    let concat = onnx(node, "Concat", 1, "axis", Attribute::Integer(joined));
                    self.compute(&concat, entries.into_iter().map(Some).collect())?
                }
            }
            "Identity" if matches!(given(0), Some(Traced::Resource(_))) => vec![operand(0)?],
            _ => return Ok(None),
        }))
    }

    fn new_sequence(&mut self, entries: Vec<Traced>) -> Result<Traced, ModelError> {
        // ONNX has no sequences of sequences.
        if entries.iter().any(|entry| type_of(entry).is_none()) {
            return Err(invalid("an entry of a sequence is no tensor"));
        }
        self.new_list(entries.into_iter().map(Some).collect())
    }

    /// The entries of a sequence.
    fn entries(&self, value: &Traced) -> Result<Vec<Traced>, ModelError> {
        let Traced::Resource(Resource::List(index)) = value else {
            return Err(invalid("its input is no sequence"));
        };
        let list = self.lists.get(*index).map(Vec::as_slice).unwrap_or_default();
        Ok(list.iter().flatten().cloned().collect())
    }

    /// The entries of an output that is a sequence; `None` if it is a tensor.
    pub(super) fn entries_of_output(&self, value: &Traced) -> Option<Vec<Traced>> {
        self.entries(value).ok()
    }

    /// `SplitToSequence`: parts of one length, the last possibly shorter, or of the lengths stated.
    fn parts(
        &mut self,
        node: &Node,
        value: Traced,
        split: Option<Traced>,
    ) -> Result<Vec<Traced>, ModelError> {
        let tensor_type = type_of(&value).ok_or_else(|| invalid("its input is no tensor"))?;
        let at = axis(node.attributes.integer_or("axis", 0)?, tensor_type.rank())?;
        let total = tensor_type.shape[at];
        if split.is_none() && !node.attributes.flag_or("keepdims", true)? {
            return self.unstack(node, value, at as i64);
        }
        let stated = match &split {
            None => Tensor::i64(&[], vec![1]),
            Some(Traced::Constant(tensor)) => (**tensor).clone(),
            Some(_) => {
                return Err(unsupported("how to split depends on the record; only constants may say it"));
            }
        };
        let lengths: Vec<i64> = match (stated.shape.as_slice(), stated.data.i64()) {
            ([], [length]) if *length > 0 => {
                let length = *length as usize;
                (0..total).step_by(length).map(|start| length.min(total - start) as i64).collect()
            }
            ([_], lengths) => lengths.to_vec(),
            _ => return Err(invalid("what says how to split is no positive number and no list of lengths")),
        };
        if lengths.len() > PARTS {
            return Err(too_large(format!("a sequence of {} parts", lengths.len())));
        }
        if lengths.is_empty() {
            return Ok(Vec::new());
        }
        let parts = onnx(node, "Split", lengths.len(), "axis", Attribute::Integer(at as i64));
        let lengths = Tensor::i64(&[lengths.len()], lengths);
        self.compute(&parts, vec![Some(value), Some(Traced::Constant(Arc::new(lengths)))])
    }

    /// `SequenceMap`: its body for each entry of the first sequence; other inputs are sequences as long, or tensors.
    fn map_sequence(
        &mut self,
        node: &Node,
        inputs: &[Option<Traced>],
        scope: &Scope<'_>,
    ) -> Result<Vec<Traced>, ModelError> {
        let body = subgraph(node, "body")?;
        let missing = || invalid("an input is missing");
        let inputs: Vec<Traced> = inputs.iter().cloned().collect::<Option<_>>().ok_or_else(missing)?;
        let turns = self.entries(inputs.first().ok_or_else(missing)?)?.len();
        let mut columns = Vec::new();
        for input in inputs {
            columns.push(match self.entries_of_output(&input) {
                Some(entries) if entries.len() == turns => entries,
                Some(entries) => {
                    let lengths = format!("{turns} and {}", entries.len());
                    return Err(invalid(format!("sequences of different lengths: {lengths}")));
                }
                None => vec![input; turns],
            });
        }
        let mut results: Vec<Vec<Traced>> = vec![Vec::new(); body.outputs.len()];
        for turn in 0..turns {
            let given = columns.iter().map(|column| column[turn].clone());
            let values: HashMap<_, _> =
                body.inputs.iter().zip(given).map(|(input, value)| (input.value.clone(), value)).collect();
            let outputs = self.inner(body, Scope { values, parent: Some(scope) })?;
            results.iter_mut().zip(outputs).for_each(|(result, output)| result.push(output));
        }
        results.into_iter().map(|result| self.new_sequence(result)).collect()
    }
}

/// A position counted from the front, given one that may count from the back of `length` entries.
fn place(position: &Traced, length: usize, places: usize) -> Result<usize, ModelError> {
    let position = integer(position).ok_or_else(|| {
        unsupported("a position in a sequence that depends on the record, not on constants")
    })?;
    let from_front = if position < 0 { position.saturating_add(length as i64) } else { position };
    let place = usize::try_from(from_front).ok().filter(|place| *place < places);
    place.ok_or_else(|| invalid(format!("position {position} in a sequence of {length}")))
}

/// A node of ONNX's that stands for what another node does.
fn onnx(node: &Node, operator: &str, outputs: usize, attribute: &str, value: Attribute) -> Node {
    let mut attributes = Attributes::default();
    attributes.push(attribute.into(), value);
    Node {
        name: node.name.clone(),
        domain: Domain::Onnx,
        operator: operator.into(),
        version: 13,
        inputs: Vec::new(),
        outputs: (0..outputs).map(|index| format!("{}:{index}", node.name).into()).collect(),
        attributes,
    }
}
