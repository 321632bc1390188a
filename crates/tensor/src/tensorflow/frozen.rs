//! Frozen graphs: a `GraphDef` whose variables are constants.

use std::collections::{HashMap, HashSet};

use scorewheel_model::{Limits, Mapping, ModelError};

use crate::error::{invalid, malformed, unsupported};
use crate::graph::{Attribute, Graph, GraphFile, GraphInput, GraphOutput, Name, Node};
use crate::protobuf::Budget;
use crate::tensorflow::graph_def::{GraphDef, read_graph_def, value_name};

/// Reads a frozen graph. Its inputs are the placeholders that an output needs; its outputs are what no node reads,
/// or the score that the mapping names.
pub(crate) fn read_frozen_graph(
    bytes: &[u8],
    mapping: &Mapping,
    limits: &Limits,
) -> Result<GraphFile, ModelError> {
    let graph = read_graph_def(bytes, &mut Budget::new(limits))?;
    if graph.nodes.is_empty() {
        return Err(malformed("the TensorFlow graph has no nodes"));
    }
    let outputs = outputs_of(&graph.nodes, mapping)?;
    let GraphDef { nodes, library } = graph;
    Ok(GraphFile {
        graph: graph_between(nodes, None, outputs)?,
        library,
        resources: HashMap::new(),
        format: "TensorFlow frozen graph".to_owned(),
        producer: None,
        beyond: None,
    })
}

/// Nodes that end a graph without being what it computes.
const NO_RESULTS: &[&str] = &[
    "Const",
    "Placeholder",
    "PlaceholderWithDefault",
    "NoOp",
    "Assert",
    "Print",
    "PrintV2",
    "SaveV2",
    "VarHandleOp",
    "VariableV2",
    "Variable",
    "HashTableV2",
    "InitializeTableV2",
    "MergeSummary",
    "ScalarSummary",
    "HistogramSummary",
    "Assign",
    "AssignVariableOp",
];

fn outputs_of(nodes: &[Node], mapping: &Mapping) -> Result<Vec<GraphOutput>, ModelError> {
    let read: HashSet<&str> = nodes
        .iter()
        .flat_map(|node| &node.inputs)
        .map(|name| name.split(':').next().unwrap_or(name))
        .collect();
    let ends: Vec<GraphOutput> = nodes
        .iter()
        .filter(|node| !read.contains(&*node.name) && !NO_RESULTS.contains(&&*node.operator))
        .map(|node| GraphOutput { name: node.name.clone(), value: node.name.clone() })
        .collect();
    let Some(score) = &mapping.output.score else {
        return if ends.is_empty() { Err(invalid("the graph computes nothing")) } else { Ok(ends) };
    };
    if ends.iter().any(|output| *output.name == **score) {
        return Ok(ends);
    }
    let (node, index) = match score.rsplit_once(':') {
        Some((node, index)) => (node, index.parse().unwrap_or(usize::MAX)),
        None => (&**score, 0),
    };
    if index == usize::MAX || !nodes.iter().any(|candidate| &*candidate.name == node) {
        let names: Vec<&str> = ends.iter().map(|output| &*output.name).collect();
        return Err(invalid(format!("the mapping names the output {score:?}; the graph ends in {names:?}")));
    }
    Ok(vec![GraphOutput { name: (&**score).into(), value: value_name(node, index) }])
}

/// The part of a graph that computes `outputs`, with every node's outputs named.
///
/// `inputs` are names by which values are fed; without them every placeholder is one.
pub(crate) fn graph_between(
    mut nodes: Vec<Node>,
    inputs: Option<Vec<GraphInput>>,
    outputs: Vec<GraphOutput>,
) -> Result<Graph, ModelError> {
    name_outputs(&mut nodes, &outputs)?;
    let mut graph = Graph { inputs: Vec::new(), outputs, nodes, constants: HashMap::new() };
    match inputs {
        Some(inputs) => {
            let fed: HashSet<Name> = inputs.iter().map(|input| input.value.clone()).collect();
            for node in &mut graph.nodes {
                for output in node.outputs.iter_mut().filter(|output| fed.contains(&**output)) {
                    *output = "".into();
                }
            }
            graph.inputs = inputs;
        }
        None => {
            let needed = crate::graph::order::order(&graph)?;
            for index in &needed {
                let node = &graph.nodes[*index];
                if &*node.operator == "Placeholder" {
                    graph.inputs.push(placeholder(node)?);
                }
            }
            graph.inputs.sort_by_key(|input| {
                graph.nodes.iter().position(|node| node.name == input.name).unwrap_or(usize::MAX)
            });
            graph.nodes.retain(|node| &*node.operator != "Placeholder");
        }
    }
    Ok(graph)
}

fn placeholder(node: &Node) -> Result<GraphInput, ModelError> {
    let element = node.attributes.element("dtype")?;
    if element.is_none() {
        return Err(unsupported("an input that is no tensor").at(node.describe()));
    }
    let shape = match node.attributes.get("shape") {
        // Older graphs write no shape as that of a scalar.
        Some(Attribute::Shape(Some(shape))) if !shape.is_empty() => Some(shape.clone()),
        _ => None,
    };
    Ok(GraphInput { name: node.name.clone(), value: node.name.clone(), element, shape, map: None })
}

/// Names the outputs of every node that something reads; `GraphDef` only has the references.
pub(crate) fn name_outputs(nodes: &mut [Node], outputs: &[GraphOutput]) -> Result<(), ModelError> {
    let mut counts: HashMap<Name, usize> = HashMap::new();
    for name in nodes.iter().flat_map(|node| &node.inputs).chain(outputs.iter().map(|output| &output.value)) {
        let (node, index) = match name.rsplit_once(':') {
            Some((node, index)) => (node, index.parse().unwrap_or(0)),
            None => (&**name, 0),
        };
        if index >= 1 << 16 {
            return Err(invalid(format!("{name:?} names an output out of range")));
        }
        let count = counts.entry(node.into()).or_insert(0);
        *count = (*count).max(index + 1);
    }
    for node in nodes {
        let count = counts.get(&node.name).copied().unwrap_or(0);
        node.outputs = (0..count).map(|index| value_name(&node.name, index)).collect();
    }
    Ok(())
}
