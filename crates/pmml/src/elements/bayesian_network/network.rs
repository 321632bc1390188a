//! The network's structure: names to indices, cases to positions in tables.

use std::collections::HashMap;

use crate::elements::bayesian_network::read::{Case, Document, NodeDocument, NodeValues};
use crate::fault::{Fault, Result};
use crate::reader::element::parse_number;

/// How far the probabilities of a node may be from 1 in all, as written with few digits.
const ROUNDING: f64 = 1e-2;

/// The structure of a network.
pub struct Network<'d, 'a> {
    /// The nodes.
    pub nodes: &'d [NodeDocument<'a>],
    /// By node: the values of a discrete one, in the order in which they are first named.
    pub states: Vec<Vec<&'a str>>,
    /// By node: its discrete parents.
    pub parents: Vec<Vec<usize>>,
}

impl<'d, 'a> Network<'d, 'a> {
    /// Finds the structure.
    pub fn of(document: &'d Document<'a>) -> Result<Self> {
        let nodes = &document.nodes;
        let mut indices = HashMap::new();
        for (index, node) in nodes.iter().enumerate() {
            if indices.insert(node.name, index).is_some() {
                return Err(Fault::invalid(node.offset, format!("two nodes are named {:?}", node.name)));
            }
        }
        let mut network = Self { nodes, states: Vec::new(), parents: Vec::new() };
        for node in nodes {
            network.states.push(states(node));
        }
        for node in nodes {
            let first = match &node.values {
                NodeValues::Discrete(cases) => cases.first().map(|case| &case.parents),
                NodeValues::Continuous(cases) => cases.first().map(|case| &case.parents),
            };
            let mut parents = Vec::new();
            for (name, _) in first.into_iter().flatten() {
                let parent = indices.get(name).copied().filter(|parent| !network.states[*parent].is_empty());
                let Some(parent) = parent else {
                    let message = format!("the parent {name:?} of {:?} is no discrete node", node.name);
                    return Err(Fault::invalid(node.offset, message));
                };
                if parents.contains(&parent) {
                    let message = format!("the parent {name:?} of {:?} stands twice", node.name);
                    return Err(Fault::invalid(node.offset, message));
                }
                parents.push(parent);
            }
            network.parents.push(parents);
        }
        network.refuse_cycles()?;
        Ok(network)
    }

    /// The node of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.name == name)
    }

    fn refuse_cycles(&self) -> Result<()> {
        let mut waiting: Vec<usize> = self.parents.iter().map(Vec::len).collect();
        let mut ready: Vec<usize> = (0..waiting.len()).filter(|node| waiting[*node] == 0).collect();
        let mut done = 0;
        while let Some(node) = ready.pop() {
            done += 1;
            for (child, parents) in self.parents.iter().enumerate() {
                if parents.contains(&node) {
                    waiting[child] -= 1;
                    if waiting[child] == 0 {
                        ready.push(child);
                    }
                }
            }
        }
        match waiting.iter().position(|left| *left > 0) {
            Some(node) if done < self.nodes.len() => {
                let node = &self.nodes[node];
                Err(Fault::invalid(node.offset, format!("the node {:?} is its own ancestor", node.name)))
            }
            _ => Ok(()),
        }
    }

    /// By combination of the parents' values, the last parent's fastest: the case of it. Each has one.
    pub fn cases<'c, T>(&self, node: usize, cases: &'c [Case<'a, T>]) -> Result<Vec<&'c Case<'a, T>>> {
        let parents = &self.parents[node];
        let name = self.nodes[node].name;
        let combinations = parents
            .iter()
            .fold(1, |product: usize, parent| product.saturating_mul(self.states[*parent].len()));
        if cases.len() != combinations {
            let message = format!(
                "the node {name:?} has {} cases for {combinations} combinations of its parents' values",
                cases.len()
            );
            return Err(Fault::invalid(self.nodes[node].offset, message));
        }
        let mut found = vec![None; combinations];
        for case in cases {
            let mut at = 0;
            for parent in parents {
                let given = case.parents.iter().find(|(known, _)| *known == self.nodes[*parent].name);
                let Some((_, value)) = given.filter(|_| case.parents.len() == parents.len()) else {
                    let message = format!("the cases of the node {name:?} are not all of the same parents");
                    return Err(Fault::invalid(case.offset, message));
                };
                let states = &self.states[*parent];
                let Some(state) = states.iter().position(|state| is_same(state, value)) else {
                    let message = format!("the parent {:?} has no value {value:?}", self.nodes[*parent].name);
                    return Err(Fault::invalid(case.offset, message));
                };
                at = at * states.len() + state;
            }
            if parents.is_empty() && !case.parents.is_empty() || found[at].replace(case).is_some() {
                let message = format!("two cases of the node {name:?} are for the same values");
                return Err(Fault::invalid(case.offset, message));
            }
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// The probabilities of a discrete node's values: by combination of its parents' values, its own fastest.
    pub fn probabilities(&self, node: usize) -> Result<Vec<f64>> {
        let NodeValues::Discrete(cases) = &self.nodes[node].values else { return Ok(Vec::new()) };
        let states = &self.states[node];
        let mut table = Vec::new();
        for case in self.cases(node, cases)? {
            let start = table.len();
            table.resize(start + states.len(), 0.0);
            for (value, probability) in &case.items {
                if let Some(state) = states.iter().position(|state| state == value) {
                    table[start + state] = *probability;
                }
            }
            let sum: f64 = table[start..].iter().sum();
            if (sum - 1.0).abs() > ROUNDING {
                let message =
                    format!("the probabilities of {:?} add up to {sum}, not 1", self.nodes[node].name);
                return Err(Fault::invalid(case.offset, message));
            }
        }
        Ok(table)
    }

    /// Nodes that some of `nodes` depend on, themselves included: the discrete ones.
    #[must_use]
    pub fn ancestors(&self, nodes: Vec<usize>) -> Vec<bool> {
        let mut found = vec![false; self.nodes.len()];
        let mut left = nodes;
        while let Some(node) = left.pop() {
            if !std::mem::replace(&mut found[node], true) {
                left.extend(&self.parents[node]);
            }
        }
        found
    }
}

/// The values of a discrete node; none of a continuous one.
fn states<'a>(node: &NodeDocument<'a>) -> Vec<&'a str> {
    let NodeValues::Discrete(cases) = &node.values else { return Vec::new() };
    let mut states: Vec<&'a str> = Vec::new();
    for (value, _) in cases.iter().flat_map(|case| &case.items) {
        if !states.contains(value) {
            states.push(value);
        }
    }
    states
}

/// True if two texts are of one value, as numbers may be written in several ways.
fn is_same(a: &str, b: &str) -> bool {
    a == b || parse_number(a).is_some_and(|number| parse_number(b) == Some(number))
}
