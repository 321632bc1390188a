//! The order in which nodes can be computed.

use std::collections::{HashMap, HashSet};

use scorewheel_model::ModelError;

use crate::error::invalid;
use crate::graph::{Graph, Name};

/// Indices of the nodes that the outputs need, each after those that it reads.
///
/// Names that nothing inside defines are left to the caller: they belong to an outer graph, or are missing.
///
/// # Errors
/// A cycle, or a value that two nodes define; the message names a node.
pub(crate) fn order(graph: &Graph) -> Result<Vec<usize>, ModelError> {
    let mut producers: HashMap<&Name, usize> = HashMap::new();
    let inputs: HashSet<&Name> = graph.inputs.iter().map(|input| &input.value).collect();
    for (index, node) in graph.nodes.iter().enumerate() {
        for output in node.outputs.iter().filter(|output| !output.is_empty()) {
            let defined_before = producers.insert(output, index).is_some()
                || graph.constants.contains_key(output)
                || inputs.contains(output);
            if defined_before {
                return Err(invalid(format!("the value {output:?} is defined twice")).at(node.describe()));
            }
        }
    }

    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; graph.nodes.len()];
    let mut order = Vec::new();
    // Nodes, what they read, and how much of that is followed; no recursion, so that depth costs no stack.
    let mut path: Vec<(usize, Vec<&Name>, usize)> = Vec::new();
    for output in &graph.outputs {
        let Some(&root) = producers.get(&output.value) else { continue };
        if marks[root] == Mark::New {
            marks[root] = Mark::Open;
            path.push((root, reads(graph, root), 0));
        }
        while let Some((node, dependencies, position)) = path.last_mut() {
            if let Some(name) = dependencies.get(*position).copied() {
                *position += 1;
                match producers.get(name).map(|producer| (*producer, marks[*producer])) {
                    Some((producer, Mark::New)) => {
                        marks[producer] = Mark::Open;
                        path.push((producer, reads(graph, producer), 0));
                    }
                    Some((producer, Mark::Open)) => {
                        let node = &graph.nodes[producer];
                        return Err(invalid("the graph has a cycle through this node").at(node.describe()));
                    }
                    _ => {}
                }
            } else {
                marks[*node] = Mark::Done;
                order.push(*node);
                path.pop();
            }
        }
    }
    Ok(order)
}

/// The values that a node reads: its inputs, and what its subgraphs take from outside.
pub(crate) fn reads(graph: &Graph, node: usize) -> Vec<&Name> {
    let node = &graph.nodes[node];
    let mut names: Vec<&Name> = node.inputs.iter().filter(|name| !name.is_empty()).collect();
    for (_, attribute) in node.attributes.iter() {
        if let crate::graph::Attribute::Graph(inner) = attribute {
            free_names(inner, &mut names);
        }
    }
    names
}

/// Names that `graph` or its subgraphs mention and may not define themselves.
fn free_names<'a>(graph: &'a Graph, names: &mut Vec<&'a Name>) {
    for node in &graph.nodes {
        names.extend(node.inputs.iter().filter(|name| !name.is_empty()));
        for (_, attribute) in node.attributes.iter() {
            if let crate::graph::Attribute::Graph(inner) = attribute {
                free_names(inner, names);
            }
        }
    }
    names.extend(graph.outputs.iter().map(|output| &output.value));
}
