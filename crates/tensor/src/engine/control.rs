//! What is followed while tracing instead of being computed for each row: functions, branches, loops, variables and
//! tables. How often a loop runs and which way a branch goes must follow from constants; a branch on the record
//! computes both ways and chooses.

use std::collections::HashMap;
use std::sync::Arc;

use scorewheel_model::ModelError;

use crate::data::Data;
use crate::engine::trace::{Scope, Traced, Tracer};
use crate::error::{invalid, unsupported};
use crate::graph::{Attribute, Attributes, Domain, Function, Graph, Name, Node, Resource};
use crate::operators::ml::encoding::table_lookup;
use crate::operators::{Input, NodeContext};
use crate::tensor::Tensor;

/// Most runs of a loop's body.
const TURNS: i64 = 1 << 16;

impl Tracer<'_> {
    /// The outputs of a node that is followed; `None` if it is one to compute.
    pub(super) fn control(
        &mut self,
        node: &Node,
        inputs: &[Option<Traced>],
        scope: &Scope<'_>,
    ) -> Result<Option<Vec<Traced>>, ModelError> {
        let dead = inputs.iter().any(|input| matches!(input, Some(Traced::Dead)));
        if dead && &*node.operator != "Merge" {
            return Ok(Some(vec![Traced::Dead; node.outputs.len()]));
        }
        match node.domain {
            Domain::OnnxMl | Domain::Rewritten | Domain::Other => Ok(None),
            Domain::Function => self.call(&node.operator, &node.attributes, inputs.to_vec()).map(Some),
            Domain::Onnx => match &*node.operator {
                "If" => self.onnx_branch(node, inputs, scope).map(Some),
                "Loop" => self.onnx_loop(node, inputs, scope).map(Some),
                "Scan" => self.onnx_scan(node, inputs, scope).map(Some),
                _ => self.sequence(node, inputs, scope),
            },
            Domain::TensorFlow => self.tensorflow(node, inputs),
        }
    }

    fn tensorflow(
        &mut self,
        node: &Node,
        inputs: &[Option<Traced>],
    ) -> Result<Option<Vec<Traced>>, ModelError> {
        let first = inputs.first().cloned().flatten();
        Ok(Some(match &*node.operator {
            "PartitionedCall" | "StatefulPartitionedCall" => {
                let function = function_name(node, "f")?;
                self.call(&function, &node.attributes, inputs.to_vec())?
            }
            "VarHandleOp" | "HashTableV2" | "HashTable" | "MutableHashTableV2" | "AnonymousHashTable" => {
                vec![self.resource(&node.name)]
            }
            "VariableV2" | "Variable" => match self.resource(&node.name) {
                Traced::Resource(Resource::Variable(tensor)) => vec![Traced::Constant(tensor)],
                _ => return Err(no_content("variable")),
            },
            "ReadVariableOp" => match first {
                Some(Traced::Resource(Resource::Variable(tensor))) => vec![Traced::Constant(tensor)],
                _ => return Err(no_content("variable")),
            },
            "ResourceGather" | "ResourceGatherNd" => match first {
                Some(Traced::Resource(Resource::Variable(tensor))) => {
                    let mut inputs = inputs.to_vec();
                    inputs[0] = Some(Traced::Constant(tensor));
                    self.compute(node, inputs)?
                }
                _ => return Err(no_content("variable")),
            },
            "LookupTableFindV2" | "LookupTableFind" => match first {
                Some(Traced::Resource(Resource::Table(table))) => {
                    let seen: Vec<Option<Input>> = inputs.iter().map(seen).collect();
                    let built = table_lookup(&NodeContext { node, inputs: &seen }, &table)?;
                    // The kernel's only input is the keys.
                    self.take(node, built, inputs[1..2].to_vec(), &seen[1..2])?
                }
                _ => return Err(no_content("lookup table")),
            },
            "Identity" if matches!(first, Some(Traced::Resource(_))) => first.into_iter().collect(),
            "IdentityN" => inputs.iter().flatten().cloned().collect(),
            "If" | "StatelessIf" => {
                let arguments = inputs.get(1..).unwrap_or_default();
                let ways = [function_name(node, "then_branch")?, function_name(node, "else_branch")?];
                match first.as_ref().and_then(flag) {
                    Some(condition) => {
                        self.call(&ways[usize::from(!condition)], &node.attributes, arguments.to_vec())?
                    }
                    None => {
                        let then = self.call(&ways[0], &node.attributes, arguments.to_vec())?;
                        let otherwise = self.call(&ways[1], &node.attributes, arguments.to_vec())?;
                        self.either(node, "SelectV2", first, then, otherwise)?
                    }
                }
            }
            "While" | "StatelessWhile" => {
                let (condition, body) = (function_name(node, "cond")?, function_name(node, "body")?);
                let mut values = inputs.to_vec();
                let mut turns = 0;
                loop {
                    let outcome = self.call(&condition, &node.attributes, values.clone())?;
                    match outcome.first().and_then(flag) {
                        Some(true) if turns < TURNS => turns += 1,
                        Some(true) => return Err(endless()),
                        Some(false) => break,
                        None => return Err(by_record("While")),
                    }
                    let next = self.call(&body, &node.attributes, values)?;
                    values = next.into_iter().map(Some).collect();
                }
                values.into_iter().flatten().collect()
            }
            "Switch" => {
                let condition = inputs.get(1).and_then(Option::as_ref).and_then(flag);
                let condition = condition.ok_or_else(|| by_record("Switch"))?;
                let value = first.ok_or_else(|| invalid("its first input is missing"))?;
                if condition { vec![Traced::Dead, value] } else { vec![value, Traced::Dead] }
            }
            "Merge" => {
                let alive =
                    inputs.iter().flatten().enumerate().find(|(_, value)| !matches!(value, Traced::Dead));
                match alive {
                    Some((index, value)) => {
                        let index = Tensor {
                            element: crate::element::ElementType::I32,
                            shape: vec![],
                            data: Data::I64(vec![index as i64]),
                        };
                        vec![value.clone(), Traced::Constant(Arc::new(index))]
                    }
                    None => vec![Traced::Dead; 2],
                }
            }
            "StringSplitV2" => self.split_into_words(node, inputs)?,
            "StridedSlice" if matches!(first, Some(Traced::Resource(Resource::Columns(_)))) => {
                let Some(Traced::Resource(Resource::Columns(index))) = first else { return Ok(None) };
                self.column(node, index, inputs)?
            }
            "Maximum" | "Minimum" => match self.bounded(node, inputs) {
                Some(known) => known,
                None => {
                    let outputs = self.compute(node, inputs.to_vec())?;
                    self.bound(node, inputs, &outputs);
                    outputs
                }
            },
            operator if self.library.contains_key(operator) => {
                self.call(operator, &node.attributes, inputs.to_vec())?
            }
            _ => return self.list(node, inputs),
        }))
    }

    /// Follows a function of the file.
    fn call(
        &mut self,
        name: &str,
        attributes: &Attributes,
        inputs: Vec<Option<Traced>>,
    ) -> Result<Vec<Traced>, ModelError> {
        let function = self.library.get(name).cloned();
        let function = function.ok_or_else(|| invalid(format!("the file has no function {name:?}")))?;
        let mut scope = Scope::default();
        for (input, value) in function.graph.inputs.iter().zip(inputs) {
            if let Some(value) = value {
                scope.values.insert(input.value.clone(), value);
            }
        }
        match with_attributes(&function, attributes) {
            Some(graph) => self.inner(&graph, scope),
            None => self.inner(&function.graph, scope),
        }
    }

    fn onnx_branch(
        &mut self,
        node: &Node,
        inputs: &[Option<Traced>],
        scope: &Scope<'_>,
    ) -> Result<Vec<Traced>, ModelError> {
        let follow = |tracer: &mut Self, name: &str| -> Result<Vec<Traced>, ModelError> {
            let graph = subgraph(node, name)?;
            tracer.inner(graph, Scope { values: HashMap::new(), parent: Some(scope) })
        };
        let condition = inputs.first().cloned().flatten();
        match condition.as_ref().and_then(flag) {
            Some(true) => follow(self, "then_branch"),
            Some(false) => follow(self, "else_branch"),
            None => {
                let then = follow(self, "then_branch")?;
                let otherwise = follow(self, "else_branch")?;
                self.either(node, "Where", condition, then, otherwise)
            }
        }
    }

    /// Chooses between the outcomes of two branches for each record.
    fn either(
        &mut self,
        node: &Node,
        operator: &str,
        condition: Option<Traced>,
        then: Vec<Traced>,
        otherwise: Vec<Traced>,
    ) -> Result<Vec<Traced>, ModelError> {
        let shape = |value: &Traced| match value {
            Traced::Constant(tensor) => Some(tensor.tensor_type()),
            Traced::Runtime(operand) => Some(operand.tensor_type.clone()),
            Traced::Resource(_) | Traced::Dead => None,
        };
        let mut chosen = Vec::new();
        for (then, otherwise) in then.into_iter().zip(otherwise) {
            if shape(&then).is_none() || shape(&then) != shape(&otherwise) {
                return Err(unsupported("the branches of a condition on the record differ in type or shape"));
            }
            let choice = Node { operator: operator.into(), ..node.clone() };
            let inputs = vec![condition.clone(), Some(then), Some(otherwise)];
            chosen.extend(self.compute(&choice, inputs)?);
        }
        Ok(chosen)
    }

    fn onnx_loop(
        &mut self,
        node: &Node,
        inputs: &[Option<Traced>],
        scope: &Scope<'_>,
    ) -> Result<Vec<Traced>, ModelError> {
        let body = subgraph(node, "body")?;
        let limit = match inputs.first().and_then(Option::as_ref) {
            None => i64::MAX,
            Some(value) => integer(value).ok_or_else(|| by_record("Loop"))?,
        };
        let mut goes_on = match inputs.get(1).and_then(Option::as_ref) {
            None => true,
            Some(value) => flag(value).ok_or_else(|| by_record("Loop"))?,
        };
        let mut carried: Vec<Option<Traced>> = inputs.get(2..).unwrap_or_default().to_vec();
        let kept = carried.len();
        let mut scanned: Vec<Vec<Traced>> = vec![Vec::new(); body.outputs.len().saturating_sub(kept + 1)];
        let mut turn = 0;
        while goes_on && turn < limit {
            if turn >= TURNS {
                return Err(endless());
            }
            let mut values = HashMap::new();
            let counter = Traced::Constant(Arc::new(Tensor::i64(&[], vec![turn])));
            let truth = Tensor {
                element: crate::element::ElementType::Bool,
                shape: vec![],
                data: Data::Bool(vec![true]),
            };
            let fixed = [Some(counter), Some(Traced::Constant(Arc::new(truth)))];
            for (input, value) in body.inputs.iter().zip(fixed.into_iter().chain(carried)) {
                if let Some(value) = value {
                    values.insert(input.value.clone(), value);
                }
            }
            let outputs = self.inner(body, Scope { values, parent: Some(scope) })?;
            let condition = outputs.first().ok_or_else(|| invalid("a Loop's body without a condition"))?;
            goes_on = flag(condition).ok_or_else(|| by_record("Loop"))?;
            let mut rest = outputs.into_iter().skip(1);
            carried = rest.by_ref().take(kept).map(Some).collect();
            for (list, value) in scanned.iter_mut().zip(rest) {
                list.push(value);
            }
            turn += 1;
        }
        let mut outputs: Vec<Traced> = carried.into_iter().flatten().collect();
        for list in scanned {
            outputs.push(self.stack(node, list, 0)?);
        }
        Ok(outputs)
    }

    fn onnx_scan(
        &mut self,
        node: &Node,
        inputs: &[Option<Traced>],
        scope: &Scope<'_>,
    ) -> Result<Vec<Traced>, ModelError> {
        let body = subgraph(node, "body")?;
        // Before version 9 a batch dimension came first.
        let inputs: Vec<Traced> = if node.version < 9 {
            return Err(unsupported("Scan before version 9"));
        } else {
            inputs.iter().flatten().cloned().collect()
        };
        let count = node.attributes.integer("num_scan_inputs")?.unwrap_or(1);
        let count = usize::try_from(count).ok().filter(|count| *count <= inputs.len() && *count > 0);
        let count = count.ok_or_else(|| invalid("num_scan_inputs"))?;
        let kept = inputs.len() - count;
        let list = |name: &str| node.attributes.integers(name).map(|list| list.unwrap_or_default().to_vec());
        let (axes, directions) = (list("scan_input_axes")?, list("scan_input_directions")?);
        let (out_axes, out_directions) = (list("scan_output_axes")?, list("scan_output_directions")?);
        let mut carried: Vec<Traced> = inputs[..kept].to_vec();
        let mut slices: Vec<Vec<Traced>> = Vec::new();
        for (index, value) in inputs[kept..].iter().enumerate() {
            let mut parts = self.unstack(node, value.clone(), axes.get(index).copied().unwrap_or(0))?;
            if directions.get(index) == Some(&1) {
                parts.reverse();
            }
            slices.push(parts);
        }
        let turns = slices.first().map_or(0, Vec::len);
        if slices.iter().any(|parts| parts.len() != turns) {
            return Err(invalid("the inputs that Scan goes over differ in length"));
        }
        let mut scanned: Vec<Vec<Traced>> = vec![Vec::new(); body.outputs.len().saturating_sub(kept)];
        for turn in 0..turns {
            let given = carried.iter().cloned().chain(slices.iter().map(|parts| parts[turn].clone()));
            let values =
                body.inputs.iter().zip(given).map(|(input, value)| (input.value.clone(), value)).collect();
            let outputs = self.inner(body, Scope { values, parent: Some(scope) })?;
            let mut rest = outputs.into_iter();
            carried = rest.by_ref().take(kept).collect();
            for (list, value) in scanned.iter_mut().zip(rest) {
                list.push(value);
            }
        }
        let mut outputs = carried;
        for (index, mut parts) in scanned.into_iter().enumerate() {
            if out_directions.get(index) == Some(&1) {
                parts.reverse();
            }
            outputs.push(self.stack(node, parts, out_axes.get(index).copied().unwrap_or(0))?);
        }
        Ok(outputs)
    }

    /// Values side by side along a new dimension.
    pub(super) fn stack(
        &mut self,
        node: &Node,
        values: Vec<Traced>,
        axis: i64,
    ) -> Result<Traced, ModelError> {
        if values.is_empty() {
            return Err(unsupported("a loop that never runs and whose turns are to be stacked"));
        }
        let mut attributes = Attributes::default();
        attributes.push("axis".into(), Attribute::Integer(axis));
        let pack = TensorflowNode { node, operator: "Pack", attributes };
        let outputs = self.compute(&pack.node(1), values.into_iter().map(Some).collect())?;
        outputs.into_iter().next().ok_or_else(|| invalid("a loop without a result"))
    }

    /// The slices along a dimension.
    pub(super) fn unstack(
        &mut self,
        node: &Node,
        value: Traced,
        axis: i64,
    ) -> Result<Vec<Traced>, ModelError> {
        let shape = match &value {
            Traced::Constant(tensor) => tensor.shape.clone(),
            Traced::Runtime(operand) => operand.tensor_type.shape.clone(),
            Traced::Resource(_) | Traced::Dead => Vec::new(),
        };
        let at = crate::operators::context::axis(axis, shape.len())?;
        if shape[at] as i64 > TURNS {
            return Err(endless());
        }
        let mut attributes = Attributes::default();
        attributes.push("axis".into(), Attribute::Integer(at as i64));
        attributes.push("num".into(), Attribute::Integer(shape[at] as i64));
        let unpack = TensorflowNode { node, operator: "Unpack", attributes };
        self.compute(&unpack.node(shape[at]), vec![Some(value)])
    }
}

/// A node of TensorFlow's that stands for what another node does.
struct TensorflowNode<'a> {
    node: &'a Node,
    operator: &'a str,
    attributes: Attributes,
}

impl TensorflowNode<'_> {
    fn node(self, outputs: usize) -> Node {
        Node {
            name: self.node.name.clone(),
            domain: Domain::TensorFlow,
            operator: self.operator.into(),
            version: 0,
            inputs: Vec::new(),
            outputs: (0..outputs).map(|index| format!("{}:{index}", self.node.name).into()).collect(),
            attributes: self.attributes,
        }
    }
}

fn seen(value: &Option<Traced>) -> Option<Input> {
    match value {
        Some(Traced::Constant(tensor)) => {
            Some(Input { tensor_type: tensor.tensor_type(), constant: Some(Arc::clone(tensor)) })
        }
        Some(Traced::Runtime(operand)) => {
            Some(Input { tensor_type: operand.tensor_type.clone(), constant: None })
        }
        _ => None,
    }
}

pub(super) fn no_content(what: &str) -> ModelError {
    invalid(format!("the file has no content for this {what}"))
}

fn by_record(what: &str) -> ModelError {
    unsupported(format!("{what} that depends on the record; only constants may steer it"))
}

fn endless() -> ModelError {
    crate::error::too_large(format!("a loop of more than {TURNS} turns"))
}

fn flag(value: &Traced) -> Option<bool> {
    let Traced::Constant(tensor) = value else { return None };
    match &tensor.data {
        Data::Bool(values) => values.first().copied(),
        data => data.to_f64()?.first().map(|value| *value != 0.0),
    }
}

pub(super) fn integer(value: &Traced) -> Option<i64> {
    let Traced::Constant(tensor) = value else { return None };
    tensor.data.i64().first().copied()
}

fn function_name(node: &Node, attribute: &str) -> Result<Name, ModelError> {
    match node.attributes.get(attribute) {
        Some(Attribute::Function(name)) => Ok(name.clone()),
        _ => Err(invalid(format!("attribute {attribute:?} names no function"))),
    }
}

pub(super) fn subgraph<'a>(node: &'a Node, attribute: &str) -> Result<&'a Graph, ModelError> {
    let graph = node.attributes.graph(attribute)?;
    graph.map(|graph| &**graph).ok_or_else(|| invalid(format!("attribute {attribute:?} is missing")))
}

/// The body of a function with the caller's attributes in it; `None` if it takes none.
fn with_attributes(function: &Function, given: &Attributes) -> Option<Graph> {
    let refers = |node: &Node| {
        node.attributes.iter().any(|(_, attribute)| matches!(attribute, Attribute::Reference(_)))
    };
    if !function.graph.nodes.iter().any(refers) {
        return None;
    }
    let mut graph = function.graph.clone();
    for node in &mut graph.nodes {
        let mut attributes = Attributes::default();
        for (name, attribute) in node.attributes.iter() {
            let found = match attribute {
                // One that neither the caller nor the function states is left out.
                Attribute::Reference(source) => {
                    given.get(source).or_else(|| function.default_attributes.get(source))
                }
                attribute => Some(attribute),
            };
            if let Some(found) = found {
                attributes.push(name.clone(), found.clone());
            }
        }
        node.attributes = attributes;
    }
    Some(graph)
}
