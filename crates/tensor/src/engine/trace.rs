//! A graph followed once with every shape known.
//!
//! The tracer visits nodes in order, as a run would. What depends on constants alone is computed at once; functions,
//! loops and branches are followed into; what remains is a list of steps on buffers of fixed length. So whatever a
//! graph does to shapes is checked, and bounded, before it scores anything.

use std::collections::HashMap;
use std::sync::Arc;

use scorewheel_model::{Limits, ModelError};

use crate::data::Data;
use crate::engine::prune::prune;
use crate::engine::words;
use crate::error::{invalid, too_large, unsupported};
use crate::graph::order::order;
use crate::graph::{Domain, Graph, GraphFile, Library, Name, Node, Resource};
use crate::operators::by_rows::computes_rows;
use crate::operators::context::check_shape;
use crate::operators::registry::builder;
use crate::operators::{Built, Computation, Fusion, Input, Kernel, NodeContext, RowForm, Workspace};
use crate::tensor::{Tensor, TensorType};

/// Most elements that one tensor may have while a row is scored.
const TENSOR_ELEMENTS: usize = 1 << 27;
/// Most steps of a trace; loops and functions are followed into, so that this bounds them too.
const STEPS: usize = 1 << 20;

/// Most nodes that are looked at.
const VISITS: usize = 1 << 22;
/// Functions and subgraphs within one another.
const DEPTH: usize = 64;

/// A value while tracing.
#[derive(Clone, Debug)]
pub(crate) enum Traced {
    /// Known.
    Constant(Arc<Tensor>),
    /// Computed for each row.
    Runtime(Operand),
    /// A variable or a table.
    Resource(Resource),
    /// On the branch that is not taken.
    Dead,
}

/// A buffer, seen with a type and shape.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Operand {
    pub buffer: usize,
    pub tensor_type: TensorType,
    /// Its elements lie with their channels last; the shape says them second all the same.
    pub channels_last: bool,
}

/// What a step reads.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Constant(Arc<Tensor>),
    Operand(Operand),
    Absent,
}

/// One operation of a trace.
pub(crate) struct TracedStep {
    pub operator: Name,
    pub inputs: Vec<Source>,
    pub outputs: Vec<Operand>,
    pub kernel: Kernel,
    pub row_form: Option<RowForm>,
    pub fusion: Option<Fusion>,
    /// Each row of its outputs depends on that row of its inputs alone.
    pub computes_rows: bool,
    /// Picks constants by the indices of its rows: an element a row.
    pub picks_constants: bool,
}

/// Where in a graph's outputs one of a trace stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub output: usize,
    /// The entry, if that output is a sequence.
    pub entry: Option<usize>,
}

/// A graph as steps.
pub(crate) struct Trace {
    pub inputs: Vec<Operand>,
    /// What the graph gives; a sequence gives each of its entries.
    pub outputs: Vec<Traced>,
    /// Of each, which of the graph's outputs it is.
    pub origins: Vec<Origin>,
    pub steps: Vec<TracedStep>,
    /// Number of buffers.
    pub buffers: usize,
    /// Nodes that were computed while tracing.
    pub folded: usize,
}

impl Trace {
    /// The operator that computes a value, seen through changes of shape; `None` for inputs and constants.
    pub fn producer(&self, value: &Traced) -> Option<&str> {
        let Traced::Runtime(operand) = value else { return None };
        let computes = |step: &&TracedStep| step.outputs.iter().any(|output| output.buffer == operand.buffer);
        self.steps.iter().rev().find(computes).map(|step| &*step.operator)
    }
}

/// Follows the graph of `file` with inputs of these types.
///
/// # Errors
/// Whatever is wrong with the graph, at the node where it shows.
pub(crate) fn trace(file: &GraphFile, inputs: &[TensorType], limits: &Limits) -> Result<Trace, ModelError> {
    let mut tracer = Tracer {
        library: &file.library,
        resources: &file.resources,
        steps: Vec::new(),
        buffers: 0,
        folded: 0,
        visits: 0,
        depth: 0,
        constant_bytes: limits.unpacked_bytes,
        workspace: Workspace::default(),
        lists: Vec::new(),
        listed: 0,
        at_least: HashMap::new(),
    };
    let operands: Vec<Operand> =
        inputs.iter().map(|tensor_type| tracer.new_operand(tensor_type.clone())).collect::<Result<_, _>>()?;
    let mut scope = Scope::default();
    for (input, operand) in file.graph.inputs.iter().zip(&operands) {
        scope.values.insert(input.value.clone(), Traced::Runtime(operand.clone()));
    }
    let mut outputs = Vec::new();
    let mut origins = Vec::new();
    for (index, output) in tracer.graph(&file.graph, scope)?.into_iter().enumerate() {
        let Some(entries) = tracer.entries_of_output(&output) else {
            outputs.push(tracer.channels_second(output)?);
            origins.push(Origin { output: index, entry: None });
            continue;
        };
        for (entry, value) in entries.into_iter().enumerate() {
            outputs.push(tracer.channels_second(value)?);
            origins.push(Origin { output: index, entry: Some(entry) });
        }
    }
    prune(&mut tracer.steps, &outputs, tracer.buffers);
    words::check(&tracer.steps, &outputs)?;
    Ok(Trace {
        inputs: operands,
        outputs,
        origins,
        steps: tracer.steps,
        buffers: tracer.buffers,
        folded: tracer.folded,
    })
}

/// The values that a graph sees: its own, then those of the graph around it.
#[derive(Default)]
pub(crate) struct Scope<'a> {
    pub values: HashMap<Name, Traced>,
    pub parent: Option<&'a Scope<'a>>,
}

impl Scope<'_> {
    fn find(&self, name: &str) -> Option<&Traced> {
        self.values.get(name).or_else(|| self.parent.and_then(|parent| parent.find(name)))
    }
}

/// The error of a node whose operator nothing here computes.
fn not_known(node: &Node) -> ModelError {
    match node.operator.rsplit_once(':').filter(|_| node.domain == Domain::Other) {
        Some((domain, operator)) => unsupported(format!(
            "operator {operator:?} is of the domain {domain:?}; ai.onnx, ai.onnx.ml and the model's own functions \
             are known"
        )),
        None => unsupported(format!("operator {:?} of {} is not supported", &*node.operator, node.domain)),
    }
}

pub(crate) struct Tracer<'a> {
    pub(super) library: &'a Library,
    resources: &'a HashMap<Name, Resource>,
    steps: Vec<TracedStep>,
    buffers: usize,
    folded: usize,
    /// Nodes that were looked at, those of loops and functions each time.
    visits: usize,
    /// Functions and subgraphs around the node that is being followed.
    depth: usize,
    constant_bytes: usize,
    workspace: Workspace,
    /// Every list that was ever made: one that an operator changes is another list.
    pub(super) lists: Vec<Vec<Option<Traced>>>,
    /// Entries of all lists.
    pub(super) listed: usize,
    /// Buffers of a single whole number, and what it is at least.
    pub(super) at_least: HashMap<usize, i64>,
}

impl Tracer<'_> {
    /// Follows a graph within the graph that is being followed.
    pub(super) fn inner(&mut self, graph: &Graph, scope: Scope<'_>) -> Result<Vec<Traced>, ModelError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(too_large(format!("functions and subgraphs are nested more than {DEPTH} deep")));
        }
        let outputs = self.graph(graph, scope);
        self.depth -= 1;
        outputs
    }

    fn graph(&mut self, graph: &Graph, mut scope: Scope<'_>) -> Result<Vec<Traced>, ModelError> {
        for (name, tensor) in &graph.constants {
            scope.values.insert(name.clone(), Traced::Constant(Arc::clone(tensor)));
        }
        for index in order(graph)? {
            let node = &graph.nodes[index];
            let outputs = self
                .node(node, &scope)
                .map_err(|error| if error.path.is_empty() { error.at(node.describe()) } else { error })?;
            for (name, value) in node.outputs.iter().zip(outputs) {
                if !name.is_empty() {
                    scope.values.insert(name.clone(), value);
                }
            }
        }
        graph
            .outputs
            .iter()
            .map(|output| {
                scope.find(&output.value).cloned().ok_or_else(|| {
                    invalid(format!("nothing computes the output {:?}", output.name)).at(&*output.name)
                })
            })
            .collect()
    }

    fn node(&mut self, node: &Node, scope: &Scope<'_>) -> Result<Vec<Traced>, ModelError> {
        self.visits += 1;
        if self.visits > VISITS {
            return Err(too_large(format!("the graph takes more than {VISITS} nodes, loops unrolled")));
        }
        let inputs = node
            .inputs
            .iter()
            .map(|name| {
                if name.is_empty() {
                    return Ok(None);
                }
                let value = scope.find(name).cloned();
                value.map(Some).ok_or_else(|| invalid(format!("nothing computes its input {name:?}")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(outputs) = self.control(node, &inputs, scope)? {
            return Ok(outputs);
        }
        match (&*node.operator, node.domain) {
            ("Const", Domain::TensorFlow) => {
                let tensor = node.attributes.tensor("value")?;
                let tensor = tensor.ok_or_else(|| invalid("a constant without a value"))?;
                Ok(vec![Traced::Constant(Arc::clone(tensor))])
            }
            _ => self.compute(node, inputs),
        }
    }

    /// What a node that makes a variable or table hands on.
    pub(super) fn resource(&self, name: &str) -> Traced {
        Traced::Resource(self.resources.get(name).cloned().unwrap_or(Resource::Empty))
    }

    pub(super) fn compute(
        &mut self,
        node: &Node,
        inputs: Vec<Option<Traced>>,
    ) -> Result<Vec<Traced>, ModelError> {
        if let Some(outputs) = self.with_channels_last(node, &inputs)? {
            return Ok(outputs);
        }
        let inputs = inputs
            .into_iter()
            .map(|input| input.map(|value| self.channels_second(value)).transpose())
            .collect::<Result<_, _>>()?;
        self.compute_as_stated(node, inputs)
    }

    /// Computes a node whose inputs lie as their shapes say.
    pub(super) fn compute_as_stated(
        &mut self,
        node: &Node,
        inputs: Vec<Option<Traced>>,
    ) -> Result<Vec<Traced>, ModelError> {
        let build = builder(node.domain, &node.operator).ok_or_else(|| not_known(node))?;
        let seen: Vec<Option<Input>> = inputs
            .iter()
            .map(|input| match input {
                None => None,
                Some(Traced::Constant(tensor)) => {
                    Some(Input { tensor_type: tensor.tensor_type(), constant: Some(Arc::clone(tensor)) })
                }
                Some(Traced::Runtime(operand)) => {
                    Some(Input { tensor_type: operand.tensor_type.clone(), constant: None })
                }
                Some(Traced::Resource(_) | Traced::Dead) => None,
            })
            .collect();
        let built = build(&NodeContext { node, inputs: &seen })?;
        self.take(node, built, inputs, &seen)
    }

    /// Computes what a builder made of a node, or leaves it as a step.
    pub(super) fn take(
        &mut self,
        node: &Node,
        built: Built,
        inputs: Vec<Option<Traced>>,
        seen: &[Option<Input>],
    ) -> Result<Vec<Traced>, ModelError> {
        match built {
            Built::View(tensor_type) => Ok(vec![match inputs.into_iter().next().flatten() {
                Some(Traced::Runtime(operand)) => Traced::Runtime(Operand { tensor_type, ..operand }),
                Some(Traced::Constant(tensor)) => Traced::Constant(Arc::new(Tensor {
                    element: tensor_type.element,
                    shape: tensor_type.shape,
                    data: tensor.data.clone(),
                })),
                Some(Traced::Resource(_) | Traced::Dead) | None => {
                    return Err(invalid("its first input is missing"));
                }
            }]),
            Built::Known(tensors) => {
                self.take_constants(tensors.iter().map(|tensor| tensor.data.len()))?;
                Ok(tensors.into_iter().map(|tensor| Traced::Constant(Arc::new(tensor))).collect())
            }
            Built::Compute(computation) => {
                for output in &computation.outputs {
                    check_shape(&output.shape)?;
                }
                let known = inputs.iter().all(|input| !matches!(input, Some(Traced::Runtime(_))));
                if known { self.fold(computation, seen) } else { self.emit(node, computation, inputs) }
            }
        }
    }

    /// Computes at once.
    fn fold(
        &mut self,
        computation: Computation,
        inputs: &[Option<Input>],
    ) -> Result<Vec<Traced>, ModelError> {
        self.folded += 1;
        let elements: usize = computation.outputs.iter().map(TensorType::len).fold(0, usize::saturating_add);
        self.constant_bytes =
            elements.checked_mul(8).and_then(|bytes| self.constant_bytes.checked_sub(bytes)).ok_or_else(
                || too_large(format!("constants are larger than the limit: {elements} elements more")),
            )?;
        let absent = Data::default();
        let arguments: Vec<&Data> = inputs
            .iter()
            .map(|input| {
                input
                    .as_ref()
                    .and_then(|input| input.constant.as_ref())
                    .map_or(&absent, |tensor| &tensor.data)
            })
            .collect();
        let mut outputs: Vec<Data> =
            computation.outputs.iter().map(|output| Data::zeros(output.element, output.len())).collect();
        (computation.kernel)(&arguments, &mut outputs, &mut self.workspace)
            .map_err(|code| invalid(format!("it cannot be computed from its constants: {code}")))?;
        Ok(computation
            .outputs
            .into_iter()
            .zip(outputs)
            .map(|(tensor_type, mut data)| {
                crate::engine::program::round(tensor_type.element, &mut data);
                Traced::Constant(Arc::new(Tensor {
                    element: tensor_type.element,
                    shape: tensor_type.shape,
                    data,
                }))
            })
            .collect())
    }

    fn take_constants(&mut self, lengths: impl Iterator<Item = usize>) -> Result<(), ModelError> {
        let elements = lengths.fold(0, usize::saturating_add);
        self.constant_bytes =
            elements.checked_mul(8).and_then(|bytes| self.constant_bytes.checked_sub(bytes)).ok_or_else(
                || too_large(format!("constants are larger than the limit: {elements} elements more")),
            )?;
        Ok(())
    }

    /// Leaves a step to be run for each row.
    fn emit(
        &mut self,
        node: &Node,
        computation: Computation,
        inputs: Vec<Option<Traced>>,
    ) -> Result<Vec<Traced>, ModelError> {
        if self.steps.len() >= STEPS {
            return Err(too_large(format!("scoring a row takes more than {STEPS} steps")));
        }
        let outputs: Vec<Operand> = computation
            .outputs
            .into_iter()
            .map(|tensor_type| self.new_operand(tensor_type))
            .collect::<Result<_, _>>()?;
        let computes_rows = computes_rows(node, &inputs);
        let constant_first = matches!(inputs.first(), Some(Some(Traced::Constant(_))));
        self.steps.push(TracedStep {
            operator: node.operator.clone(),
            computes_rows,
            picks_constants: constant_first && &*node.operator == "ArrayFeatureExtractor",
            inputs: inputs
                .into_iter()
                .map(|input| match input {
                    Some(Traced::Constant(tensor)) => Source::Constant(tensor),
                    Some(Traced::Runtime(operand)) => Source::Operand(operand),
                    Some(Traced::Resource(_) | Traced::Dead) | None => Source::Absent,
                })
                .collect(),
            outputs: outputs.clone(),
            kernel: computation.kernel,
            row_form: computation.row_form,
            fusion: computation.fusion,
        });
        Ok(outputs.into_iter().map(Traced::Runtime).collect())
    }

    fn new_operand(&mut self, tensor_type: TensorType) -> Result<Operand, ModelError> {
        if tensor_type.len() > TENSOR_ELEMENTS {
            return Err(too_large(format!(
                "a tensor of {:?} has more than {TENSOR_ELEMENTS} elements",
                tensor_type.shape
            )));
        }
        self.buffers += 1;
        Ok(Operand { buffer: self.buffers - 1, tensor_type, channels_last: false })
    }
}
